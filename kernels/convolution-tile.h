/*
 * The innermost part of a convolution: a tile of sums that stay in registers while the windows' values pass by. A tile
 * is one or two vectors of output channels by two strands of a few pixels each; a strand is a piece of a row, and
 * the second one may lie anywhere: in the next row, in another image, or further along the row.
 * Each value of x is loaded once, into all lanes, and serves all vectors; each vector of weights serves all pixels.
 * A tile of one vector has nothing to share x's values with but its neighbours' windows: where the kernel is three wide and
 * the stride one, the window slides over the strand, and a value that was loaded once serves three pixels. Tiles of colour
 * pictures, the first layer of most networks, slide too: their windows are so short that a loop with bounds known only when it
 * runs, and its addresses, would take a fifth of the time.
 */
#pragma once

#include "convolution.h"

/* Sums, weights and a value of x have to fit into the registers. What is not loaded by an addition needs some more. */
#if MANY_REGISTERS && WIDTH == 4
enum { TILE_SUMS = 28, NARROW_COLUMNS = 7, WIDE_COLUMNS = 6, SLIDING_COLUMNS = 10 };
#elif MANY_REGISTERS
enum { TILE_SUMS = 28, NARROW_COLUMNS = 7, WIDE_COLUMNS = 7, SLIDING_COLUMNS = 12 };
#else
enum { TILE_SUMS = 12, NARROW_COLUMNS = 6, WIDE_COLUMNS = 3, SLIDING_COLUMNS = 0 };
#endif
enum { STRANDS = 2, TILE_VECTORS = 2, SLIDING_WIDTH = 3, COLOURS = 3 };
/* Columns of a colour tile of one vector of channels and of two. */
enum { COLOUR_COLUMNS = SLIDING_COLUMNS, WIDE_COLOUR_COLUMNS = WIDTH == 4 ? 4 : 6 };

/* Whether the windows of a tile slide, and whether x is known to be a colour picture. */
typedef enum { STANDING, SLIDING, SLIDING_OVER_COLOURS } Sliding;

/* What a convolution's windows have in common. */
typedef struct {
  int64_t right;          /* floats from a pixel's window to that of the next one */
  int64_t runs, run;      /* a window is so many runs of so many values; of a sliding one, the first of its three columns */
  const int64_t *offsets; /* of each run from the window's first value */
  int64_t first, skipped; /* values of the panel that come before the first run and behind each: of a window that is cut */
  int64_t activation;
  int64_t y_right; /* floats from a pixel of y to the next one */
  int64_t ahead, ahead_step; /* bytes to the values that the next tile will add, and from one of these to the next */
  bool streamed; /* y is too large to stay in any cache */
} Windows;

typedef struct {
  const float *x; /* the first window */
  int64_t x_down; /* floats to the second strand's first window */
  const float *panel; /* bias [vectors][WIDTH], then the weights of each value of a window */
  float *y;
  int64_t y_down;
  uint8_t *position; /* of pooled tiles: which pixel of each pool won; null in inference */
  int64_t channels;  /* left from y on: the last vector may be cut */
} Tile;

/* Hides from the compiler how a value came to be: it would keep the sum of each two in a register of its own, or in memory. */
#define OPAQUE(value) __asm__("" : "+r"(value))

/* The odd multiples of `right` in bytes. With a shift, which addresses have for nothing, they lead to every column. */
INLINE void odd_multiples(int columns, int64_t right, int64_t *odd) {
  UNROLL for (int i = 0; 2 * i + 1 < columns; i++) {
    odd[i] = right * (2 * i + 1) * (int64_t)sizeof(float);
    OPAQUE(odd[i]);
  }
}

INLINE float at_column(const float *x, int column, const int64_t *odd) {
  if (column == 0) return *x;
  int shift = __builtin_ctz((unsigned)column);
  return *(const float *)((const char *)x + odd[column >> (shift + 1)] * (1 << shift));
}

/* Asks for the line of the cache that `p` lies in, to write there later. */
INLINE void claim(const float *p) {
#if defined(__SSE2__)
  __asm__ volatile("prefetchw %0" : : "m"(*p));
#else
  __builtin_prefetch(p, 1);
#endif
}

INLINE float *pixel_of_y(const Windows *w, const Tile *tile, int columns, int pixel) {
  return tile->y + (pixel < columns ? 0 : tile->y_down) + pixel % columns * w->y_right;
}

/* Storing a tile would wait for memory that nobody has touched for long, while nothing else is left to do. */
INLINE void claim_tile(int vectors, int columns, const Windows *w, const Tile *tile) {
  if (w->streamed) return;
  UNROLL for (int i = 0; i < STRANDS * columns; i++)
    UNROLL for (int v = 0; v < vectors; v++) claim(pixel_of_y(w, tile, columns, i) + v * WIDTH);
}

INLINE void claim_pooled(int vectors, int columns, const Windows *w, const Tile *tile) {
  UNROLL for (int i = 0; i < columns / 2; i++)
    UNROLL for (int v = 0; v < vectors; v++) claim(tile->y + i * w->y_right + v * WIDTH);
}

/* Values of a strand of the next tile that come by while this one's do. */
typedef struct {
  const char *upper, *lower;
} NextTile;

INLINE NextTile ahead_of(const Windows *w, const float *upper, const float *lower) {
  return (NextTile){(const char *)upper + w->ahead, (const char *)lower + w->ahead};
}

/* Few registers mean short tiles, which are bound by the number of instructions: pooled ones go without. */
INLINE void fetch_ahead(bool pooled, const Windows *w, NextTile *ahead) {
  if (pooled && !MANY_REGISTERS) return;
  __builtin_prefetch(ahead->upper);
  __builtin_prefetch(ahead->lower);
  ahead->upper += w->ahead_step;
  ahead->lower += w->ahead_step;
}

#if defined(__wasm__)
/*
 * WebAssembly's loads take an address and a constant: what other targets' addresses have for nothing is an addition for each
 * pixel there. So each address that was added up serves some values in a row; the kernels that matter are three wide, and a
 * run of theirs is so many times three values. The report's second layer in V8 13.6 with relaxed SIMD, two threads of a Sapphire Rapids: 58 ms
 * instead of 88.
 */
enum { TAPS_AT_ONCE = 3 };

INLINE void add_taps(int taps, int vectors, int columns, const float *upper, const float *lower, int32_t right,
                     const float *weight, Vector *sums) {
  Vector weights[TAPS_AT_ONCE * TILE_VECTORS];
  UNROLL for (int i = 0; i < taps * vectors; i++) weights[i] = load(weight + i * WIDTH);
  UNROLL for (int i = 0; i < STRANDS * columns; i++) {
    const float *x = (i < columns ? upper : lower) + i % columns * right;
    OPAQUE(x);
    UNROLL for (int t = 0; t < taps; t++) {
      Vector value = splat(x[t]);
      UNROLL for (int v = 0; v < vectors; v++)
        sums[i * vectors + v] = multiply_add(value, weights[t * vectors + v], sums[i * vectors + v]);
    }
  }
}

INLINE void sum_windows(int vectors, int columns, bool pooled, const Windows *w, const Tile *tile, Vector *sums) {
  (void)pooled;
  const float *weight = tile->panel;
  UNROLL for (int i = 0; i < STRANDS * columns * vectors; i++) sums[i] = load(weight + i % vectors * WIDTH);
  weight += (1 + w->first) * vectors * WIDTH;
  int32_t right = (int32_t)w->right;
  for (int64_t k = 0; k < w->runs; k++, weight += w->skipped * vectors * WIDTH) {
    const float *upper = tile->x + w->offsets[k], *lower = upper + tile->x_down;
    int32_t left = (int32_t)w->run;
    for (; left >= TAPS_AT_ONCE; left -= TAPS_AT_ONCE) {
      add_taps(TAPS_AT_ONCE, vectors, columns, upper, lower, right, weight, sums);
      upper += TAPS_AT_ONCE, lower += TAPS_AT_ONCE, weight += TAPS_AT_ONCE * vectors * WIDTH;
    }
    for (; left > 0; left--, upper++, lower++, weight += vectors * WIDTH)
      add_taps(1, vectors, columns, upper, lower, right, weight, sums);
  }
}
#else

/* sums[strand][column][vector] of plain tiles; `vectors` and `columns` are constants. */
INLINE void sum_windows(int vectors, int columns, bool pooled, const Windows *w, const Tile *tile, Vector *sums) {
  const float *weight = tile->panel;
  UNROLL for (int i = 0; i < STRANDS * columns * vectors; i++) sums[i] = load(weight + i % vectors * WIDTH);
  weight += (1 + w->first) * vectors * WIDTH;
  int64_t odd[NARROW_COLUMNS];
  odd_multiples(columns, w->right, odd);
  for (int64_t k = 0; k < w->runs; k++, weight += w->skipped * vectors * WIDTH) {
    const float *upper = tile->x + w->offsets[k], *lower = upper + tile->x_down;
    const float *end = weight + w->run * vectors * WIDTH;
    NextTile ahead = ahead_of(w, upper, lower);
    for (; weight < end; weight += vectors * WIDTH, upper++, lower++) {
      fetch_ahead(pooled, w, &ahead);
      OPAQUE(upper);
      OPAQUE(lower);
      Vector weights[TILE_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) weights[v] = load(weight + v * WIDTH);
      UNROLL for (int i = 0; i < STRANDS * columns; i++) {
        Vector value = splat(at_column(i < columns ? upper : lower, i % columns, odd));
        UNROLL for (int v = 0; v < vectors; v++)
          sums[i * vectors + v] = multiply_add(value, weights[v], sums[i * vectors + v]);
      }
    }
  }
}

#endif

/* sums[strand][column] of sliding tiles. */
INLINE void sum_sliding(int columns, bool pooled, const Windows *w, const Tile *tile, Vector *sums) {
  const float *weight = tile->panel;
  UNROLL for (int i = 0; i < STRANDS * columns; i++) sums[i] = load(weight);
  weight += WIDTH;
  int64_t odd[SLIDING_COLUMNS + SLIDING_WIDTH];
  odd_multiples(columns + SLIDING_WIDTH - 1, w->right, odd);
  for (int64_t k = 0; k < w->runs; k++) {
    const float *upper = tile->x + w->offsets[k], *lower = upper + tile->x_down;
    const float *end = weight + w->run * SLIDING_WIDTH * WIDTH;
    NextTile ahead = ahead_of(w, upper, lower);
    for (; weight < end; weight += SLIDING_WIDTH * WIDTH, upper++, lower++) {
      fetch_ahead(pooled, w, &ahead);
      OPAQUE(upper);
      OPAQUE(lower);
      Vector weights[SLIDING_WIDTH];
      UNROLL for (int q = 0; q < SLIDING_WIDTH; q++) weights[q] = load(weight + q * WIDTH);
      UNROLL for (int s = 0; s < STRANDS; s++)
        UNROLL for (int column = 0; column < columns + SLIDING_WIDTH - 1; column++) {
          Vector value = splat(at_column(s ? lower : upper, column, odd));
          UNROLL for (int q = 0; q < SLIDING_WIDTH; q++)
            if (column - q >= 0 && column - q < columns)
              sums[s * columns + column - q] = multiply_add(value, weights[q], sums[s * columns + column - q]);
        }
    }
  }
}

/* Asks for the rows of x that the tiles below will begin with: a whole row of tiles ahead, since a row of x is a new page often. */
INLINE void fetch_rows_below(int columns, const Windows *w, const Tile *tile) {
  enum { LINE = 64 };
  const char *below = (const char *)tile->x + w->ahead, *next = below + tile->x_down * (int64_t)sizeof(float);
  UNROLL for (int byte = 0; byte < columns * COLOURS * (int)sizeof(float); byte += LINE) {
    __builtin_prefetch(below + byte);
    __builtin_prefetch(next + byte);
  }
}

/* sums[strand][column][vector] of colour tiles, whose windows slide: all addresses but those of rows are constants. */
INLINE void sum_colours(int vectors, int columns, const Windows *w, const Tile *tile, Vector *sums) {
  const float *weight = tile->panel;
  UNROLL for (int i = 0; i < STRANDS * columns * vectors; i++) sums[i] = load(weight + i % vectors * WIDTH);
  weight += vectors * WIDTH;
  fetch_rows_below(columns, w, tile);
  for (int64_t k = 0; k < w->runs; k++, weight += COLOURS * SLIDING_WIDTH * vectors * WIDTH) {
    const float *upper = tile->x + w->offsets[k], *lower = upper + tile->x_down;
    UNROLL for (int colour = 0; colour < COLOURS; colour++) {
      Vector weights[SLIDING_WIDTH * TILE_VECTORS];
      UNROLL for (int i = 0; i < SLIDING_WIDTH * vectors; i++)
        weights[i] = load(weight + (colour * SLIDING_WIDTH * vectors + i) * WIDTH);
      UNROLL for (int s = 0; s < STRANDS; s++)
        UNROLL for (int column = 0; column < columns + SLIDING_WIDTH - 1; column++) {
          Vector value = splat((s ? lower : upper)[column * COLOURS + colour]);
          UNROLL for (int q = 0; q < SLIDING_WIDTH; q++)
            UNROLL for (int v = 0; v < vectors; v++) {
              int i = (s * columns + column - q) * vectors + v;
              if (column - q >= 0 && column - q < columns) sums[i] = multiply_add(value, weights[q * vectors + v], sums[i]);
            }
        }
    }
  }
}

INLINE void activate_all(int activation, int count, Vector *sums) {
  UNROLL for (int i = 0; i < count; i++) sums[i] = activate(sums[i], activation);
}

/* Asks once for all sums. */
INLINE void activate_tile(int64_t activation, int count, Vector *sums) {
  if (activation == RELU) activate_all(RELU, count, sums);
  else if (activation == RELU6) activate_all(RELU6, count, sums);
}

INLINE void store_tile(int vectors, int columns, bool whole, const Windows *w, const Tile *tile, const Vector *sums) {
  UNROLL for (int i = 0; i < STRANDS * columns; i++)
    UNROLL for (int v = 0; v < vectors; v++)
      store_some(pixel_of_y(w, tile, columns, i) + v * WIDTH, sums[i * vectors + v],
                 whole ? WIDTH : tile->channels - v * WIDTH);
}

INLINE void stream_tile(int vectors, int columns, const Windows *w, const Tile *tile, const Vector *sums) {
  UNROLL for (int i = 0; i < STRANDS * columns; i++)
    UNROLL for (int v = 0; v < vectors; v++) stream(pixel_of_y(w, tile, columns, i) + v * WIDTH, sums[i * vectors + v]);
}

INLINE void finish_tile(int vectors, int columns, const Windows *w, const Tile *tile, Vector *sums) {
  activate_tile(w->activation, STRANDS * columns * vectors, sums);
  if (w->streamed) stream_tile(vectors, columns, w, tile, sums);
  else if (tile->channels >= vectors * WIDTH) store_tile(vectors, columns, true, w, tile, sums);
  else store_tile(vectors, columns, false, w, tile, sums);
}

INLINE Integers place(int number) { return number - (Integers){0}; }

/* 2 x 2 pools of an even number of columns; the strands are the two rows. y and position are pooled and dense. */
INLINE void store_pools(int vectors, int columns, bool whole, bool rectified, const Windows *w, const Tile *tile, const Vector *sums) {
  UNROLL for (int i = 0; i < columns / 2 * vectors; i++) {
    int v = i % vectors, left = i / vectors * 2 * vectors + v, below = left + columns * vectors;
    Integers above, under, winner;
    Vector upper = larger_with(sums[left], place(0), sums[left + vectors], place(1), &above);
    Vector lower = larger_with(sums[below], place(2), sums[below + vectors], place(3), &under);
    Vector best = larger_with(upper, above, lower, under, &winner);
    /* ReLU keeps the order of what it lets pass, so that it may come behind the pool. */
    if (rectified) best = larger_with(splat(0), place(STOPPED), best, winner, &winner);
    int64_t at = i / vectors * w->y_right + v * WIDTH, channels = whole ? WIDTH : tile->channels - v * WIDTH;
    store_some(tile->y + at, best, channels);
    store_some_bytes(tile->position + at, winner, channels);
  }
}

/* The same where nobody asks which pixel won. */
INLINE void store_largest(int vectors, int columns, bool whole, bool rectified, const Windows *w, const Tile *tile, const Vector *sums) {
  UNROLL for (int i = 0; i < columns / 2 * vectors; i++) {
    int v = i % vectors, left = i / vectors * 2 * vectors + v, below = left + columns * vectors;
    Vector upper = larger(sums[left + vectors], sums[left]), lower = larger(sums[below + vectors], sums[below]);
    Vector best = larger(lower, upper);
    if (rectified) best = larger(best, splat(0));
    store_some(tile->y + i / vectors * w->y_right + v * WIDTH, best, whole ? WIDTH : tile->channels - v * WIDTH);
  }
}

INLINE void store_pooled(int vectors, int columns, const Windows *w, const Tile *tile, const Vector *sums) {
  bool whole = tile->channels >= vectors * WIDTH;
  bool rectified = w->activation;
  if (tile->position && whole && rectified) store_pools(vectors, columns, true, true, w, tile, sums);
  else if (tile->position) store_pools(vectors, columns, whole, rectified, w, tile, sums);
  else if (whole && rectified) store_largest(vectors, columns, true, true, w, tile, sums);
  else store_largest(vectors, columns, whole, rectified, w, tile, sums);
}

typedef void (*const TileFunction)(const Windows *w, const Tile *tile);

#define DEFINE_TILE(name, vectors, columns, sum, claim, finish)                                                         \
  static void name##_##vectors##_##columns(const Windows *w, const Tile *tile) {                                       \
    Vector sums[TILE_SUMS];                                                                                            \
    claim(vectors, columns, w, tile);                                                                                  \
    sum;                                                                                                               \
    finish(vectors, columns, w, tile, sums);                                                                           \
  }
#define PLAIN(vectors, columns)                                                                                         \
  DEFINE_TILE(plain, vectors, columns, sum_windows(vectors, columns, false, w, tile, sums), claim_tile, finish_tile)
#define POOLED(vectors, columns)                                                                                        \
  DEFINE_TILE(pooled, vectors, columns, sum_windows(vectors, columns, true, w, tile, sums), claim_pooled, store_pooled)
#define SLIDING(columns)                                                                                                \
  DEFINE_TILE(sliding, 1, columns, sum_sliding(columns, false, w, tile, sums), claim_tile, finish_tile)
#define SLIDING_POOLED(columns)                                                                                         \
  DEFINE_TILE(sliding_pooled, 1, columns, sum_sliding(columns, true, w, tile, sums), claim_pooled, store_pooled)
#define COLOUR(vectors, columns)                                                                                        \
  DEFINE_TILE(colour, vectors, columns, sum_colours(vectors, columns, w, tile, sums), claim_tile, finish_tile)
#define COLOUR_POOLED(vectors, columns)                                                                                 \
  DEFINE_TILE(colour_pooled, vectors, columns, sum_colours(vectors, columns, w, tile, sums), claim_pooled, store_pooled)

/* Tiles by their number of columns, less one; pooled ones by pairs of them, less one. */
PLAIN(1, 1) PLAIN(1, 2) PLAIN(1, 3) PLAIN(1, 4) PLAIN(1, 5) PLAIN(1, 6) PLAIN(2, 1) PLAIN(2, 2) PLAIN(2, 3)
POOLED(1, 2) POOLED(1, 4) POOLED(1, 6) POOLED(2, 2)
#if MANY_REGISTERS
PLAIN(1, 7) PLAIN(2, 4) PLAIN(2, 5) PLAIN(2, 6) PLAIN(2, 7)
POOLED(2, 4) POOLED(2, 6)
SLIDING(1) SLIDING(2) SLIDING(3) SLIDING(4) SLIDING(5) SLIDING(6)
SLIDING(7) SLIDING(8) SLIDING(9) SLIDING(10) SLIDING(11) SLIDING(12)
SLIDING_POOLED(2) SLIDING_POOLED(4) SLIDING_POOLED(6) SLIDING_POOLED(8) SLIDING_POOLED(10) SLIDING_POOLED(12)
COLOUR(1, 1) COLOUR(1, 2) COLOUR(1, 3) COLOUR(1, 4) COLOUR(1, 5) COLOUR(1, 6) COLOUR(1, 7) COLOUR(1, 8) COLOUR(1, 9) COLOUR(1, 10) COLOUR(1, 11) COLOUR(1, 12)
COLOUR(2, 1) COLOUR(2, 2) COLOUR(2, 3) COLOUR(2, 4) COLOUR(2, 5) COLOUR(2, 6)
COLOUR_POOLED(1, 2) COLOUR_POOLED(1, 4) COLOUR_POOLED(1, 6) COLOUR_POOLED(1, 8) COLOUR_POOLED(1, 10) COLOUR_POOLED(1, 12)
COLOUR_POOLED(2, 2) COLOUR_POOLED(2, 4) COLOUR_POOLED(2, 6)
#endif

/* All tiles of one kind, and the columns of the largest. */
typedef struct {
  int64_t columns;
  TileFunction *of;
} Tiles;

#if MANY_REGISTERS
/* The colour tiles for so many vectors of channels. */
static Tiles colour_tiles_for(int64_t vectors, bool pooled) {
  static TileFunction narrow[] = {colour_1_1, colour_1_2, colour_1_3, colour_1_4,  colour_1_5,  colour_1_6,
                                  colour_1_7, colour_1_8, colour_1_9, colour_1_10, colour_1_11, colour_1_12};
  static TileFunction narrow_pooled[] = {colour_pooled_1_2, colour_pooled_1_4,  colour_pooled_1_6,
                                         colour_pooled_1_8, colour_pooled_1_10, colour_pooled_1_12};
  static TileFunction wide[] = {colour_2_1, colour_2_2, colour_2_3, colour_2_4, colour_2_5, colour_2_6};
  static TileFunction wide_pooled[] = {colour_pooled_2_2, colour_pooled_2_4, colour_pooled_2_6};
  if (vectors == 1) return (Tiles){COLOUR_COLUMNS, pooled ? narrow_pooled : narrow};
  return (Tiles){WIDE_COLOUR_COLUMNS, pooled ? wide_pooled : wide};
}
#endif

/* The tiles for so many vectors of channels. */
static Tiles tiles_for(int64_t vectors, Sliding sliding, bool pooled) {
#if MANY_REGISTERS
  if (sliding == SLIDING_OVER_COLOURS) return colour_tiles_for(vectors, pooled);
  static TileFunction narrow[] = {plain_1_1, plain_1_2, plain_1_3, plain_1_4, plain_1_5, plain_1_6, plain_1_7};
  static TileFunction wide[] = {plain_2_1, plain_2_2, plain_2_3, plain_2_4, plain_2_5, plain_2_6, plain_2_7};
  static TileFunction wide_pooled[] = {pooled_2_2, pooled_2_4, pooled_2_6};
  static TileFunction slid[] = {sliding_1_1, sliding_1_2, sliding_1_3, sliding_1_4,  sliding_1_5,  sliding_1_6,
                                sliding_1_7, sliding_1_8, sliding_1_9, sliding_1_10, sliding_1_11, sliding_1_12};
  static TileFunction slid_pooled[] = {sliding_pooled_1_2, sliding_pooled_1_4,  sliding_pooled_1_6,
                                       sliding_pooled_1_8, sliding_pooled_1_10, sliding_pooled_1_12};
  if (sliding) return (Tiles){SLIDING_COLUMNS, pooled ? slid_pooled : slid};
#else
  (void)sliding;
  static TileFunction narrow[] = {plain_1_1, plain_1_2, plain_1_3, plain_1_4, plain_1_5, plain_1_6};
  static TileFunction wide[] = {plain_2_1, plain_2_2, plain_2_3};
  static TileFunction wide_pooled[] = {pooled_2_2};
#endif
  static TileFunction narrow_pooled[] = {pooled_1_2, pooled_1_4, pooled_1_6};
  if (vectors == 1) return (Tiles){NARROW_COLUMNS, pooled ? narrow_pooled : narrow};
  return (Tiles){WIDE_COLUMNS, pooled ? wide_pooled : wide};
}

/* Output channels of a tile, in vectors, where there are enough of them. With few registers two leave no room for pools. */
INLINE int64_t tile_vectors(Sliding sliding, bool pooled) {
  return sliding == SLIDING || (pooled && !MANY_REGISTERS) ? 1 : TILE_VECTORS;
}

/* Sliding pays where a tile has one vector of channels anyway. */
INLINE bool can_slide(int64_t out, int64_t kernel_width, int64_t stride_width) {
  return MANY_REGISTERS && out <= WIDTH && kernel_width == SLIDING_WIDTH && stride_width == 1;
}
