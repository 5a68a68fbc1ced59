/*
 * The kernel gradient of a first layer: few input channels and a small kernel before a 2 x 2 pool. Listing what is not zero
 * costs more there than it saves. Instead all sums of the kernel stay in registers, and each lane, an output channel,
 * picks its own value of x by the position that won there: one permutation of two rows of x for each kernel value.
 * 16 ms instead of 27 ms for the report's first layer (one core of a Zen 4, AVX-512), which is the one set that has the
 * registers and the permutation.
 */
#pragma once

#include "convolution.h"

#if defined(__AVX512F__)

enum { PERMUTED_TAPS = 27 };

/* Whether two rows of x, a vector each, hold all that a pool's windows cover. */
static bool permutation_fits(const Convolution *c) {
  int64_t reach = (c->pool_width - 1) * c->stride_width * c->in + c->run;
  return c->pool_height == 2 && c->pool_width <= 8 && reach <= WIDTH && c->kernel_height == 3 && (c->run == 9 || c->run == 3);
}

/* Where in two rows of x, laid end to end, the window of each position of the pool begins. */
static Integers window_starts(const Convolution *c) {
  int32_t starts[WIDTH] = {0};
  for (int64_t p = 0; p < c->pool_height; p++)
    for (int64_t q = 0; q < c->pool_width; q++)
      starts[p * c->pool_width + q] = (int32_t)(p * WIDTH + q * c->stride_width * c->in);
  Integers result;
  memcpy(&result, starts, sizeof(result));
  return result;
}

/*
 * Adds to sums [3 * run][WIDTH] and to bias what `columns` pooled pixels give; `step` is between their windows, `down`
 * between rows of x, `under` between rows of the convolution; dy, y and position are one vector of channels each.
 */
INLINE void add_permuted(int run, const float *x, int64_t step, int64_t down, int64_t under, int64_t columns,
                         const float *dy, const float *y, const uint8_t *position, int64_t pixel, Integers starts,
                         float *sums, float *bias) {
  Vector acc[PERMUTED_TAPS], bias_sum = splat(0);
  UNROLL for (int i = 0; i < 3 * run; i++) acc[i] = splat(0);
  for (int64_t column = 0; column < columns; column++, x += step, dy += pixel, position += pixel) {
    Vector flow = load(dy);
    if (y) {
      flow = choose(load(y) > splat(0), flow, splat(0));
      y += pixel;
    }
    bias_sum += flow;
    Integers start = (Integers)_mm512_permutexvar_epi32((__m512i)load_bytes(position), (__m512i)starts);
    UNROLL for (int p = 0; p < 3; p++) {
      __m512 upper = (__m512)load(x + p * down), lower = (__m512)load(x + p * down + under);
      UNROLL for (int j = 0; j < run; j++)
        acc[p * run + j] += flow * (Vector)_mm512_permutex2var_ps(upper, (__m512i)(start + j), lower);
    }
  }
  UNROLL for (int i = 0; i < 3 * run; i++) store(sums + i * WIDTH, load(sums + i * WIDTH) + acc[i]);
  store(bias, load(bias) + bias_sum);
}

static void add_permuted_9(const float *x, int64_t step, int64_t down, int64_t under, int64_t columns, const float *dy,
                           const float *y, const uint8_t *position, int64_t pixel, Integers starts, float *sums, float *bias) {
  add_permuted(9, x, step, down, under, columns, dy, y, position, pixel, starts, sums, bias);
}

static void add_permuted_3(const float *x, int64_t step, int64_t down, int64_t under, int64_t columns, const float *dy,
                           const float *y, const uint8_t *position, int64_t pixel, Integers starts, float *sums, float *bias) {
  add_permuted(3, x, step, down, under, columns, dy, y, position, pixel, starts, sums, bias);
}

#endif
