/* The vector type that every kernel is written in. It is as wide as the instruction set that the file is compiled for. */
#pragma once

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

/* There are 32 vector registers then, and 16 otherwise. */
#if WIDTH == 16 || defined(__aarch64__)
#define MANY_REGISTERS 1
#else
#define MANY_REGISTERS 0
#endif

typedef float Vector __attribute__((vector_size(4 * WIDTH)));
typedef int32_t Integers __attribute__((vector_size(4 * WIDTH)));
typedef float UnalignedVector __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef uint8_t UnalignedBytes __attribute__((vector_size(WIDTH), aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))
/* For loops whose bounds are constants after inlining: they have to vanish, so that arrays become registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

INLINE Vector load(const float *p) { return *(const UnalignedVector *)p; }

INLINE void store(float *p, Vector v) { *(UnalignedVector *)p = v; }

INLINE Vector splat(float value) { return value - (Vector){0}; }

/* x * y + sum, rounded once where the target has such an instruction. */
INLINE Vector multiply_add(Vector x, Vector y, Vector sum) {
#if defined(__wasm_relaxed_simd__)
  return (Vector)__builtin_wasm_relaxed_madd_f32x4(x, y, sum);
#else
  return x * y + sum;
#endif
}

INLINE Vector square_root(Vector x) {
#if WIDTH == 16
  return (Vector)_mm512_sqrt_ps((__m512)x);
#elif WIDTH == 8
  return (Vector)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (Vector)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (Vector)vsqrtq_f32((float32x4_t)x);
#elif defined(__wasm_simd128__)
  return (Vector)__builtin_wasm_sqrt_f32x4(x);
#else
  for (int i = 0; i < WIDTH; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

/* 0, 1, 2 … */
INLINE Integers lane_numbers(void) {
#if WIDTH == 16
  return (Integers){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif WIDTH == 8
  return (Integers){0, 1, 2, 3, 4, 5, 6, 7};
#else
  return (Integers){0, 1, 2, 3};
#endif
}

/* The address sanitizer does not see what masked instructions touch, so that it gets the copies. */
#if defined(__SANITIZE_ADDRESS__)
#define MASKED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MASKED 0
#endif
#endif
#if !defined(MASKED)
#define MASKED (WIDTH > 4)
#endif

/* The first `count` elements, zeros behind them. Reads no further. */
INLINE Vector load_some(const float *p, int64_t count) {
  if (count >= WIDTH) return load(p);
#if MASKED && WIDTH == 16
  return (Vector)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif MASKED && WIDTH == 8
  return (Vector)_mm256_maskload_ps(p, (__m256i)(lane_numbers() < (int32_t)count));
#elif WIDTH == 4
  /* no call, which would leave no register as it was */
  return (Vector){count > 0 ? p[0] : 0, count > 1 ? p[1] : 0, count > 2 ? p[2] : 0, 0};
#else
  float lanes[WIDTH] = {0};
  memcpy(lanes, p, (size_t)count * sizeof(float));
  return load(lanes);
#endif
}

/* Writes the first `count` lanes only. */
INLINE void store_some(float *p, Vector v, int64_t count) {
  if (count >= WIDTH) {
    store(p, v);
    return;
  }
#if MASKED && WIDTH == 16
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif MASKED && WIDTH == 8
  _mm256_maskstore_ps(p, (__m256i)(lane_numbers() < (int32_t)count), (__m256)v);
#elif WIDTH == 4
  if (count > 0) p[0] = v[0];
  if (count > 1) p[1] = v[1];
  if (count > 2) p[2] = v[2];
#else
  float lanes[WIDTH];
  store(lanes, v);
  memcpy(p, lanes, (size_t)count * sizeof(float));
#endif
}

/*
 * Writes past the caches where the target can: for a result so large that none of it would still lie there when it is
 * read. `p` is aligned to the vector. A task ends its use of it with `finish_streams`.
 */
INLINE void stream(float *p, Vector v) {
#if WIDTH == 16
  _mm512_stream_ps(p, (__m512)v);
#elif WIDTH == 8
  _mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE2__)
  _mm_stream_ps(p, (__m128)v);
#else
  store(p, v);
#endif
}

/* Makes what was streamed visible to other threads before anything that follows. */
INLINE void finish_streams(void) {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/*
 * What will be read next is asked for in the order that it lies in memory, a little with each vector of channels: reading a
 * vector of each of some pixels is no order that a processor would foresee. Asking past the end does no harm.
 */
INLINE const float *ask_ahead(const float *ahead, int64_t vectors) {
  enum { LINE = 64 / sizeof(float) };
  for (int64_t i = 0; i < vectors * WIDTH; i += LINE) __builtin_prefetch(ahead + i, 0, 2);
  return ahead + vectors * WIDTH;
}

#if defined(__SSE2__)
enum { CAN_STREAM = 1 };
#else
enum { CAN_STREAM = 0 };
#endif

enum { STREAM_BYTES = 24 << 20 };

/* Whether a result of whole vectors should be streamed. Where it lies changes how fast it is written, not what. */
INLINE int should_stream(const float *p, int64_t count, int64_t row) {
  return CAN_STREAM && count * (int64_t)sizeof(float) >= STREAM_BYTES && row % WIDTH == 0 && (uintptr_t)p % sizeof(Vector) == 0;
}

/* Hides from the compiler how a value came to be, so that it does not take sums apart again. */
#if defined(__AVX512F__)
#define OPAQUE_VECTOR(v) __asm__("" : "+v"(v))
#elif defined(__SSE2__)
#define OPAQUE_VECTOR(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__)
#define OPAQUE_VECTOR(v) __asm__("" : "+w"(v))
#else
#define OPAQUE_VECTOR(v) __asm__("" : "+m"(v))
#endif

/* The same of an address, so that what lies there is not taken into registers before a loop. */
#define OPAQUE_POINTER(p) __asm__("" : "+r"(p))

INLINE void store_integers(int32_t *p, Integers v) { memcpy(p, &v, sizeof(v)); }

/* GCC takes `__builtin_convertvector` apart element by element, hence the instructions themselves where they are known. */
INLINE Integers load_bytes(const uint8_t *p) {
#if defined(__AVX512F__)
  return (Integers)_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p));
#elif defined(__AVX2__)
  return (Integers)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p));
#elif defined(__aarch64__)
  uint32_t bytes;
  memcpy(&bytes, p, sizeof(bytes));
  return (Integers)vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bytes))));
#else
  return __builtin_convertvector(*(const UnalignedBytes *)p, Integers);
#endif
}

/* Towards zero. What no integer holds becomes any. */
INLINE Integers truncate_vector(Vector v) {
#if defined(__AVX512F__)
  return (Integers)_mm512_cvttps_epi32((__m512)v);
#elif defined(__AVX2__)
  return (Integers)_mm256_cvttps_epi32((__m256)v);
#elif defined(__SSE2__)
  return (Integers)_mm_cvttps_epi32((__m128)v);
#elif defined(__aarch64__)
  return (Integers)vcvtq_s32_f32((float32x4_t)v);
#else
  return __builtin_convertvector(v, Integers);
#endif
}

/* Lanes from 0 to 255. */
INLINE void store_bytes(uint8_t *p, Integers v) {
#if defined(__AVX512F__)
  _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8((__m512i)v));
#elif defined(__AVX2__)
  __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
  _mm_storel_epi64((void *)p, _mm_packus_epi16(halves, halves));
#elif defined(__SSE2__)
  __m128i halves = _mm_packs_epi32((__m128i)v, (__m128i)v);
  int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves));
  memcpy(p, &bytes, sizeof(bytes));
#elif defined(__aarch64__)
  uint16x4_t halves = vmovn_u32((uint32x4_t)v);
  uint32_t bytes = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(halves, halves))), 0);
  memcpy(p, &bytes, sizeof(bytes));
#else
  *(UnalignedBytes *)p = __builtin_convertvector(v, UnalignedBytes);
#endif
}

INLINE void store_some_bytes(uint8_t *p, Integers v, int64_t count) {
  if (count >= WIDTH) {
    store_bytes(p, v);
    return;
  }
  uint8_t lanes[WIDTH];
  store_bytes(lanes, v);
  memcpy(p, lanes, (size_t)count);
}

/* The first `count` bytes, zeros behind them. */
INLINE Integers load_some_bytes(const uint8_t *p, int64_t count) {
  if (count >= WIDTH) return load_bytes(p);
  uint8_t lanes[WIDTH] = {0};
  memcpy(lanes, p, (size_t)count);
  return load_bytes(lanes);
}

/* a where the mask is set (all bits of a lane), otherwise b. */
INLINE Vector choose(Integers mask, Vector a, Vector b) {
#if WIDTH == 16
  return (Vector)_mm512_ternarylogic_epi32((__m512i)mask, (__m512i)a, (__m512i)b, 0xca);
#elif WIDTH == 8
  return (Vector)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
  return (Vector)((mask & (Integers)a) | (~mask & (Integers)b));
#endif
}

INLINE Integers choose_integers(Integers mask, Integers a, Integers b) { return (mask & a) | (~mask & b); }

/* The larger one; b where they are equal or a is not a number. */
INLINE Vector larger(Vector a, Vector b) {
#if WIDTH == 16
  return (Vector)_mm512_max_ps((__m512)a, (__m512)b);
#elif WIDTH == 8
  return (Vector)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vector)_mm_max_ps((__m128)a, (__m128)b);
#else
  return choose(a > b, a, b);
#endif
}

/* The larger one, and the number that goes with it to `number`; a and its number where b is not larger. */
INLINE Vector larger_with(Vector a, Integers number_a, Vector b, Integers number_b, Integers *number) {
#if WIDTH == 16
  __mmask16 second = _mm512_cmp_ps_mask((__m512)b, (__m512)a, _CMP_GT_OQ);
  *number = (Integers)_mm512_mask_mov_epi32((__m512i)number_a, second, (__m512i)number_b);
  return (Vector)_mm512_mask_mov_ps((__m512)a, second, (__m512)b);
#else
  Integers second = b > a;
  *number = choose_integers(second, number_b, number_a);
  return choose(second, b, a);
#endif
}

/* sum, and the value added to it where the number is this one. */
INLINE Vector add_where(Integers number, int32_t wanted, Vector value, Vector sum) {
#if WIDTH == 16
  __mmask16 equal = _mm512_cmpeq_epi32_mask((__m512i)number, _mm512_set1_epi32(wanted));
  return (Vector)_mm512_mask_add_ps((__m512)sum, equal, (__m512)sum, (__m512)value);
#else
  return sum + choose(number == wanted, value, splat(0));
#endif
}

#if defined(__AVX512F__)
enum { CAN_PICK = 1 };

/* Writes the lanes where the mask is set, one behind the other, and whole vectors in all; says how many those were. */
INLINE int32_t pick(Integers mask, Vector values, Integers offsets, float *to_values, int32_t *to_offsets) {
  __mmask16 bits = _mm512_movepi32_mask((__m512i)mask);
  _mm512_storeu_ps(to_values, _mm512_maskz_compress_ps(bits, (__m512)values));
  _mm512_storeu_si512(to_offsets, _mm512_maskz_compress_epi32(bits, (__m512i)offsets));
  return __builtin_popcount(bits);
}
#else
enum { CAN_PICK = 0 };

INLINE int32_t pick(Integers mask, Vector values, Integers offsets, float *to_values, int32_t *to_offsets) {
  (void)mask, (void)values, (void)offsets, (void)to_values, (void)to_offsets;
  return 0;
}
#endif

INLINE int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

INLINE int64_t divide_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

INLINE int64_t smaller_of(int64_t a, int64_t b) { return a < b ? a : b; }

INLINE int64_t larger_of(int64_t a, int64_t b) { return a > b ? a : b; }
