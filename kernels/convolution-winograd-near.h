/*
 * Winograd's products where a panel's weights stay in the first cache: few channels go in, or few come out. There the products of many
 * tiles, written for all positions before they are added up, would go through the second cache and back for longer than it takes to
 * multiply. Here some tiles' sums become pixels in the registers, a column of positions after the other:
 *
 *     A' of a column of m is [m0 + (m1 + m2), (m1 - m2) - m3],
 *
 * so that the sums of m1 and m2 turn into (m1 + m2) and (m1 - m2), and what is left is added to those. Columns are put together in the same
 * way: the inner two first, the outer ones added to their sum and difference.
 * The report's second layer takes three quarters of the time (one image, two cores of a Sapphire Rapids).
 */
#pragma once

#include "convolution-winograd-tile.h"

enum {
  NEAR = WIDTH == 16,    /* fewer or shorter registers leave too few tiles to share a weight */
  NEAR_TILES = 12,       /* by one vector of output channels; half as many by two */
  NEAR_BYTES = 34 << 10, /* of packed weights */
  NEAR_STEP = NEAR_TILES * WINOGRAD_CHANNELS /* floats from a position of transformed tiles to the next one */
};

typedef struct {
  const float *x; /* transformed tiles */
  int64_t channels;
  const float *panel;
  int64_t step; /* floats from a position of the panel to the next one */
  float *y;     /* [tile][2][2][vectors][WIDTH] */
} NearProduct;

INLINE void add_near_channel(int tiles, int vectors, const float *x, const float *weight, bool minus, Vector *sums) {
  Vector weights[TILE_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) weights[v] = load(weight + v * WIDTH);
  UNROLL for (int i = 0; i < tiles; i++) {
    Vector value = splat(x[i * WINOGRAD_CHANNELS]);
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector *sum = &sums[i * vectors + v];
      *sum = minus ? *sum - value * weights[v] : multiply_add(value, weights[v], *sum);
    }
  }
}

/* A position whose products are added to some tiles' sums, or taken away. */
typedef struct {
  int position;
  bool minus;
  Vector *sums;
} NearSums;

INLINE void add_near(int tiles, int vectors, const NearProduct *p, NearSums one, NearSums other) {
  const float *panel = p->panel + vectors * WIDTH, *weight = panel + one.position * p->step, *second = panel + other.position * p->step;
  const float *x = p->x;
  for (int64_t left = p->channels; left > 0; left -= WINOGRAD_CHANNELS, x += POSITIONS * NEAR_STEP - WINOGRAD_CHANNELS) {
    const float *end = weight + smaller_of(left, WINOGRAD_CHANNELS) * vectors * WIDTH;
    for (; weight < end; weight += vectors * WIDTH, second += vectors * WIDTH, x++) {
      add_near_channel(tiles, vectors, x + one.position * NEAR_STEP, weight, one.minus, one.sums);
      add_near_channel(tiles, vectors, x + other.position * NEAR_STEP, second, other.minus, other.sums);
    }
  }
}

INLINE float *near_pixel(int vectors, const NearProduct *p, int sum, int row, int column) {
  return p->y + ((sum / vectors * 4 + row * 2 + column) * vectors + sum % vectors) * WIDTH;
}

/* A column of positions; `column` is a constant, in the order 1, 2, 0, 3. */
INLINE void multiply_near_column(int tiles, int vectors, int column, const NearProduct *p) {
  enum { SUMS = NEAR_TILES };
  Vector upper[SUMS], lower[SUMS];
  UNROLL for (int i = 0; i < tiles * vectors; i++) {
    upper[i] = 4 + column == BIAS_POSITION ? load(p->panel + i % vectors * WIDTH) : splat(0);
    lower[i] = splat(0);
  }
  add_near(tiles, vectors, p, (NearSums){4 + column, false, upper}, (NearSums){8 + column, false, lower});
  UNROLL for (int i = 0; i < tiles * vectors; i++) {
    Vector sum = upper[i] + lower[i], difference = upper[i] - lower[i];
    upper[i] = sum, lower[i] = difference;
    if (column == 0) {
      upper[i] = load(near_pixel(vectors, p, i, 0, 0)) + sum;
      lower[i] = load(near_pixel(vectors, p, i, 1, 0)) + difference;
    }
    if (column == 3) {
      upper[i] = load(near_pixel(vectors, p, i, 0, 1)) - sum;
      lower[i] = load(near_pixel(vectors, p, i, 1, 1)) - difference;
    }
  }
  add_near(tiles, vectors, p, (NearSums){column, column == 3, upper}, (NearSums){12 + column, column != 3, lower});
  UNROLL for (int i = 0; i < tiles * vectors; i++) {
    float *above = near_pixel(vectors, p, i, 0, column == 3), *below = near_pixel(vectors, p, i, 1, column == 3);
    if (column == 2) {
      Vector first = load(above), second = load(below);
      store(near_pixel(vectors, p, i, 0, 1), first - upper[i]);
      store(near_pixel(vectors, p, i, 1, 1), second - lower[i]);
      upper[i] += first, lower[i] += second;
    }
    store(above, upper[i]);
    store(below, lower[i]);
  }
}

INLINE void multiply_near(int tiles, int vectors, const NearProduct *p) {
  multiply_near_column(tiles, vectors, 1, p);
  multiply_near_column(tiles, vectors, 2, p);
  multiply_near_column(tiles, vectors, 0, p);
  multiply_near_column(tiles, vectors, 3, p);
}

typedef void (*const NearFunction)(const NearProduct *p);

#if WIDTH == 16
#define NEAR_OF(vectors, tiles)                                                                                         \
  static void near_##vectors##_##tiles(const NearProduct *p) { multiply_near(tiles, vectors, p); }
NEAR_OF(1, 1) NEAR_OF(1, 2) NEAR_OF(1, 3) NEAR_OF(1, 4) NEAR_OF(1, 5) NEAR_OF(1, 6)
NEAR_OF(1, 7) NEAR_OF(1, 8) NEAR_OF(1, 9) NEAR_OF(1, 10) NEAR_OF(1, 11) NEAR_OF(1, 12)
NEAR_OF(2, 1) NEAR_OF(2, 2) NEAR_OF(2, 3) NEAR_OF(2, 4) NEAR_OF(2, 5) NEAR_OF(2, 6)
#endif

/* The function for so many vectors and tiles. */
static NearFunction *near_functions(int64_t vectors) {
#if WIDTH == 16
  static NearFunction narrow[] = {near_1_1, near_1_2, near_1_3, near_1_4,  near_1_5,  near_1_6,
                                  near_1_7, near_1_8, near_1_9, near_1_10, near_1_11, near_1_12};
  static NearFunction wide[] = {near_2_1, near_2_2, near_2_3, near_2_4, near_2_5, near_2_6};
  return vectors == 1 ? narrow : wide;
#else
  (void)vectors;
  return NULL;
#endif
}
