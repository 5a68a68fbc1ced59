/*
 * The innermost loop of dense kernel gradients: over the pixels of a panel, the outer products of some values of each
 * pixel's window with a few vectors of its dy. All sums stay in registers; a window's values are broadcast from where they
 * lie, dy's vectors are loaded once for all of them.
 */
#pragma once

#include "vector.h"

/*
 * A tile's sums fill the registers that dy's vectors and a broadcast value leave: OUTER_TAPS x OUTER_VECTORS, or OUTER_NARROW_TAPS
 * of one vector, enough of them to hide the latency of a multiply-add.
 */
#if WIDTH == 16
enum { OUTER_TAPS = 14, OUTER_NARROW_TAPS = 24 };
#elif defined(__aarch64__)
enum { OUTER_TAPS = 12, OUTER_NARROW_TAPS = 24 };
#else
enum { OUTER_TAPS = 6, OUTER_NARROW_TAPS = 12 };
#endif
enum { OUTER_VECTORS = 2, OUTER_SUMS = OUTER_TAPS * OUTER_VECTORS };

/* Pixels of the convolution: where in x the window of each begins, and its dy. */
typedef struct {
  const float *x;
  const int32_t *offsets;
  const float *dy;
  int64_t dy_stride, pixels;
  const char *ahead; /* fetched meanwhile, for later, */
  int64_t ahead_step; /* so many bytes further at each pixel */
} Panel;

/* sums [taps][vectors * WIDTH] += the panel's products; taps and vectors are constants. */
INLINE void add_products(int taps, int vectors, Panel panel, float *sums) {
  Vector acc[OUTER_SUMS];
  UNROLL for (int i = 0; i < taps * vectors; i++) acc[i] = splat(0);
  const float *dy = panel.dy;
  for (int64_t pixel = 0; pixel < panel.pixels; pixel++, dy += panel.dy_stride) {
    const float *window = panel.x + panel.offsets[pixel];
    __builtin_prefetch(panel.ahead, 0, 2);
    panel.ahead += panel.ahead_step;
    Vector gradient[OUTER_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) gradient[v] = load(dy + v * WIDTH);
    UNROLL for (int tap = 0; tap < taps; tap++) {
      Vector value = splat(window[tap]);
      UNROLL for (int v = 0; v < vectors; v++)
        acc[tap * vectors + v] = multiply_add(value, gradient[v], acc[tap * vectors + v]);
    }
  }
  UNROLL for (int i = 0; i < taps * vectors; i++) store(sums + i * WIDTH, load(sums + i * WIDTH) + acc[i]);
}

typedef void (*const ProductsFunction)(Panel panel, float *sums);

#define DEFINE(taps, vectors)                                                                                           \
  static void add_products_##taps##_##vectors(Panel panel, float *sums) { add_products(taps, vectors, panel, sums); }
#define ENTRY(taps, vectors) add_products_##taps##_##vectors,
#define FIRST_SIX(DO, v) DO(1, v) DO(2, v) DO(3, v) DO(4, v) DO(5, v) DO(6, v)
#define SECOND_SIX(DO, v) DO(7, v) DO(8, v) DO(9, v) DO(10, v) DO(11, v) DO(12, v)
#define THIRD_AND_FOURTH_SIX(DO, v)                                                                                     \
  DO(13, v) DO(14, v) DO(15, v) DO(16, v) DO(17, v) DO(18, v) DO(19, v) DO(20, v) DO(21, v) DO(22, v) DO(23, v) DO(24, v)
#if WIDTH == 16
#define EACH_TILE(DO) FIRST_SIX(DO, 2) SECOND_SIX(DO, 2) DO(13, 2) DO(14, 2)
#define EACH_NARROW_TILE(DO) FIRST_SIX(DO, 1) SECOND_SIX(DO, 1) THIRD_AND_FOURTH_SIX(DO, 1)
#elif defined(__aarch64__)
#define EACH_TILE(DO) FIRST_SIX(DO, 2) SECOND_SIX(DO, 2)
#define EACH_NARROW_TILE(DO) FIRST_SIX(DO, 1) SECOND_SIX(DO, 1) THIRD_AND_FOURTH_SIX(DO, 1)
#else
#define EACH_TILE(DO) FIRST_SIX(DO, 2)
#define EACH_NARROW_TILE(DO) FIRST_SIX(DO, 1) SECOND_SIX(DO, 1)
#endif

EACH_TILE(DEFINE)
EACH_NARROW_TILE(DEFINE)

/* By the number of taps, from 1 on. */
static ProductsFunction add_tile[OUTER_TAPS] = {EACH_TILE(ENTRY)};
static ProductsFunction add_narrow_tile[OUTER_NARROW_TAPS] = {EACH_NARROW_TILE(ENTRY)};

#undef EACH_NARROW_TILE
#undef EACH_TILE
#undef THIRD_AND_FOURTH_SIX
#undef SECOND_SIX
#undef FIRST_SIX
#undef ENTRY
#undef DEFINE
