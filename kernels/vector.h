/* The vector type that every kernel is written in. It is as wide as the instruction set that the file is compiled for. */
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

typedef float Vector __attribute__((vector_size(4 * WIDTH)));
typedef int32_t Integers __attribute__((vector_size(4 * WIDTH)));
typedef float UnalignedVector __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef uint8_t Bytes __attribute__((vector_size(WIDTH)));

#define INLINE static inline __attribute__((always_inline))
/* For loops whose bounds are constants after inlining: they have to vanish, so that arrays become registers. */
#define UNROLL _Pragma("GCC unroll 32")

INLINE Vector load(const float *p) { return *(const UnalignedVector *)p; }

INLINE void store(float *p, Vector v) { *(UnalignedVector *)p = v; }

INLINE Vector splat(float value) { return value - (Vector){0}; }

/* The first `count` elements, zeros behind them. Reads no further. */
INLINE Vector load_some(const float *p, int64_t count) {
  if (count >= WIDTH) return load(p);
  float lanes[WIDTH] = {0};
  memcpy(lanes, p, (size_t)count * sizeof(float));
  return load(lanes);
}

/* Writes the first `count` lanes only. */
INLINE void store_some(float *p, Vector v, int64_t count) {
  if (count >= WIDTH) {
    store(p, v);
    return;
  }
  float lanes[WIDTH];
  store(lanes, v);
  memcpy(p, lanes, (size_t)count * sizeof(float));
}

/* a where the mask is set (all bits of a lane), otherwise b. */
INLINE Vector choose(Integers mask, Vector a, Vector b) {
  return (Vector)((mask & (Integers)a) | (~mask & (Integers)b));
}

INLINE Integers choose_integers(Integers mask, Integers a, Integers b) { return (mask & a) | (~mask & b); }

/* The larger one; b where they are equal or a is not a number. */
INLINE Vector larger(Vector a, Vector b) { return choose(a > b, a, b); }

INLINE int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

INLINE int64_t divide_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

INLINE int64_t smaller_of(int64_t a, int64_t b) { return a < b ? a : b; }

INLINE int64_t larger_of(int64_t a, int64_t b) { return a > b ? a : b; }
