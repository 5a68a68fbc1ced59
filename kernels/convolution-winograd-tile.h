/*
 * The arithmetic of Winograd's F(2x2, 3x3): four pixels of a 3x3 convolution of stride one from 16 products a channel instead
 * of 36 (Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural Networks"). A tile is 4 x 4 pixels of x and 2 x 2 of y. With d a
 * tile of x, g the kernel and m the products, summed over the input channels,
 *
 *     m = (G g G') * (B' d B), y = A' m A, all three sums of a few terms with factors of 1, -1 and 1/2.
 *
 * Each of the 16 positions is a matrix product of its own: tiles by input channels, input by output channels.
 */
#pragma once

#include "convolution-tile.h"

enum {
  POSITIONS = 16,
  BIAS_POSITION = 5,     /* the one whose product counts in all four pixels of y, so that a bias may begin its sum */
  WINOGRAD_CHANNELS = 16 /* input channels that lie side by side: with so many tiles one behind the other addresses are constants */
};
#if MANY_REGISTERS
enum { WINOGRAD_TILES = 14 }; /* summed at a time, by two vectors of output channels */
#else
enum { WINOGRAD_TILES = 6 };
#endif

/* ---- B' d B: [channels / 16][position][tile][16] ---- */

INLINE void transform_column(const float *x, int64_t down, int64_t lanes, Vector *to) {
  Vector d[4];
  UNROLL for (int i = 0; i < 4; i++) d[i] = load_some(x + i * down, lanes);
  to[0] = d[0] - d[2], to[1] = d[1] + d[2], to[2] = d[2] - d[1], to[3] = d[1] - d[3];
}

/* The 16 positions of a tile whose columns have been transformed. */
INLINE void store_window(const Vector *a, const Vector *b, const Vector *c, const Vector *d, float *to, int64_t step) {
  UNROLL for (int i = 0; i < 4; i++) {
    float *row = to + 4 * i * step;
    store(row, a[i] - c[i]);
    store(row + step, b[i] + c[i]);
    store(row + 2 * step, c[i] - b[i]);
    store(row + 3 * step, b[i] - d[i]);
  }
}

/* A vector of channels of tiles side by side: of a tile's four columns the next one has two. */
INLINE void transform_row(int64_t lanes, const float *x, int64_t right, int64_t down, int64_t tiles, float *to, int64_t step) {
  Vector a[4], b[4], c[4], d[4];
  transform_column(x, down, lanes, a);
  transform_column(x + right, down, lanes, b);
  for (; tiles > 0; tiles--, to += WINOGRAD_CHANNELS) {
    x += 2 * right;
    transform_column(x, down, lanes, c);
    transform_column(x + right, down, lanes, d);
    store_window(a, b, c, d, to, step);
    UNROLL for (int i = 0; i < 4; i++) a[i] = c[i], b[i] = d[i];
  }
}

/* `step`: floats from a position to the next one; `chunk`: from 16 channels to the next 16. */
static void transform_tiles(const float *x, int64_t right, int64_t down, int64_t channels, int64_t tiles, float *to,
                            int64_t step, int64_t chunk) {
  for (int64_t channel = 0; channel < channels; channel += WIDTH) {
    float *at = to + channel / WINOGRAD_CHANNELS * chunk + channel % WINOGRAD_CHANNELS;
    if (channels - channel >= WIDTH) transform_row(WIDTH, x + channel, right, down, tiles, at, step);
    else transform_row(channels - channel, x + channel, right, down, tiles, at, step);
  }
}

/* ---- the products ---- */

/* Some tiles' products of one position by a panel [channels][vectors][WIDTH]; they go to m [tile][position][vectors][WIDTH]. */
typedef struct {
  const float *x;
  int64_t chunk, channels;
  const float *weight;
  const float *bias; /* null for none */
  float *m;
} PositionProduct;

INLINE void multiply_tiles(int tiles, int vectors, const PositionProduct *p) {
  Vector sums[TILE_SUMS];
  UNROLL for (int i = 0; i < tiles * vectors; i++) sums[i] = p->bias ? load(p->bias + i % vectors * WIDTH) : splat(0);
  const float *weight = p->weight, *x = p->x;
  for (int64_t left = p->channels; left > 0; left -= WINOGRAD_CHANNELS, x += p->chunk - WINOGRAD_CHANNELS) {
    const float *end = weight + smaller_of(left, WINOGRAD_CHANNELS) * vectors * WIDTH;
    for (; weight < end; weight += vectors * WIDTH, x++) {
      Vector weights[TILE_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) weights[v] = load(weight + v * WIDTH);
      UNROLL for (int i = 0; i < tiles; i++) {
        Vector value = splat(x[i * WINOGRAD_CHANNELS]);
        UNROLL for (int v = 0; v < vectors; v++)
          sums[i * vectors + v] = multiply_add(value, weights[v], sums[i * vectors + v]);
      }
    }
  }
  UNROLL for (int i = 0; i < tiles; i++)
    UNROLL for (int v = 0; v < vectors; v++)
      store(p->m + (i * POSITIONS * vectors + v) * WIDTH, sums[i * vectors + v]);
}

typedef void (*const PositionFunction)(const PositionProduct *p);

#define POSITION(vectors, tiles)                                                                                        \
  static void position_##vectors##_##tiles(const PositionProduct *p) { multiply_tiles(tiles, vectors, p); }
#define POSITION_OF(tiles) POSITION(1, tiles) POSITION(2, tiles)
POSITION_OF(1) POSITION_OF(2) POSITION_OF(3) POSITION_OF(4) POSITION_OF(5) POSITION_OF(6)
#if MANY_REGISTERS
POSITION_OF(7) POSITION_OF(8) POSITION_OF(9) POSITION_OF(10) POSITION_OF(11) POSITION_OF(12) POSITION_OF(13) POSITION_OF(14)
#endif

/* The function for so many vectors and tiles. */
static PositionFunction *position_functions(int64_t vectors) {
#if MANY_REGISTERS
  static PositionFunction narrow[] = {position_1_1, position_1_2,  position_1_3,  position_1_4,  position_1_5,
                                      position_1_6, position_1_7,  position_1_8,  position_1_9,  position_1_10,
                                      position_1_11, position_1_12, position_1_13, position_1_14};
  static PositionFunction wide[] = {position_2_1, position_2_2,  position_2_3,  position_2_4,  position_2_5,
                                    position_2_6, position_2_7,  position_2_8,  position_2_9,  position_2_10,
                                    position_2_11, position_2_12, position_2_13, position_2_14};
#else
  static PositionFunction narrow[] = {position_1_1, position_1_2, position_1_3, position_1_4, position_1_5, position_1_6};
  static PositionFunction wide[] = {position_2_1, position_2_2, position_2_3, position_2_4, position_2_5, position_2_6};
#endif
  return vectors == 1 ? narrow : wide;
}

/* ---- A' m A ---- */

/* sums [row][column][vector] of a tile, as finish_tile and store_pooled take them. */
INLINE void sum_positions(int vectors, const float *m, Vector *sums) {
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector upper[4], lower[4];
    UNROLL for (int j = 0; j < 4; j++) {
      Vector p[4];
      UNROLL for (int i = 0; i < 4; i++) p[i] = load(m + ((4 * i + j) * vectors + v) * WIDTH);
      upper[j] = p[0] + p[1] + p[2], lower[j] = p[1] - p[2] - p[3];
    }
    sums[v] = upper[0] + upper[1] + upper[2], sums[vectors + v] = upper[1] - upper[2] - upper[3];
    sums[2 * vectors + v] = lower[0] + lower[1] + lower[2], sums[3 * vectors + v] = lower[1] - lower[2] - lower[3];
  }
}

/* ---- G g G': a panel is bias [vectors][WIDTH], then [position][channel][vectors][WIDTH] ---- */

INLINE void transform_three(Vector a, Vector b, Vector c, Vector *to) {
  Vector outer = 0.5f * (a + c), inner = 0.5f * b;
  to[0] = a, to[1] = outer + inner, to[2] = outer - inner, to[3] = c;
}

/* g [9] of vectors, row by row; its 16 positions. */
INLINE void transform_weights(const Vector *g, Vector *to) {
  Vector columns[3][4];
  UNROLL for (int j = 0; j < 3; j++) transform_three(g[j], g[3 + j], g[6 + j], columns[j]);
  UNROLL for (int i = 0; i < 4; i++) transform_three(columns[0][i], columns[1][i], columns[2][i], to + 4 * i);
}
