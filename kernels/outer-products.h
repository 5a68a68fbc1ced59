/*
 * The innermost loop of dense kernel gradients: over the pixels of a panel, the outer products of some values of each
 * pixel's window with a few vectors of its dy. All sums stay in registers; a window's values are broadcast from where they
 * lie, dy's vectors are loaded once for all of them.
 */
#pragma once

#include "vector.h"

/* A tile of sums is TILE_TAPS x TILE_VECTORS registers: with dy's vectors and a broadcast value, what the machine has. */
#if WIDTH == 16
enum { TILE_TAPS = 14, TILE_VECTORS = 2 };
#elif defined(__aarch64__)
enum { TILE_TAPS = 12, TILE_VECTORS = 2 };
#else
enum { TILE_TAPS = 6, TILE_VECTORS = 2 };
#endif

/* Pixels of the convolution: where in x the window of each begins, and dy [pixels][vectors * WIDTH]. */
typedef struct {
  const float *x;
  const int32_t *offsets;
  const float *dy;
  int64_t pixels;
} Panel;

/* sums [taps][vectors * WIDTH] += the panel's products; taps and vectors are constants. */
INLINE void add_products(int taps, int vectors, Panel panel, float *sums) {
  Vector acc[TILE_TAPS * TILE_VECTORS];
  UNROLL for (int i = 0; i < taps * vectors; i++) acc[i] = splat(0);
  const float *dy = panel.dy;
  for (int64_t pixel = 0; pixel < panel.pixels; pixel++, dy += vectors * WIDTH) {
    const float *window = panel.x + panel.offsets[pixel];
    Vector gradient[TILE_VECTORS];
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

#define DEFINE(taps)                                                                                                    \
  static void add_products_##taps##_1(Panel panel, float *sums) { add_products(taps, 1, panel, sums); }               \
  static void add_products_##taps##_2(Panel panel, float *sums) { add_products(taps, 2, panel, sums); }
#define ENTRY(taps) {add_products_##taps##_1, add_products_##taps##_2}
DEFINE(1) DEFINE(2) DEFINE(3) DEFINE(4) DEFINE(5) DEFINE(6)
#if WIDTH == 16 || defined(__aarch64__)
DEFINE(7) DEFINE(8) DEFINE(9) DEFINE(10) DEFINE(11) DEFINE(12)
#endif
#if WIDTH == 16
DEFINE(13) DEFINE(14)
#endif

/* [taps - 1][vectors - 1] */
static ProductsFunction products_functions[TILE_TAPS][TILE_VECTORS] = {
    ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6),
#if WIDTH == 16 || defined(__aarch64__)
    ENTRY(7), ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12),
#endif
#if WIDTH == 16
    ENTRY(13), ENTRY(14),
#endif
};
#undef ENTRY
#undef DEFINE
