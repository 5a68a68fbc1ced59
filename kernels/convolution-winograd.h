/*
 * 3x3 convolutions of stride one by Winograd's way: see convolution-winograd-tile.h. A task takes some rows of tiles, a block of
 * them at a time, so that what it makes stays in the caches: the block's transformed tiles, then panel by panel their products, which
 * become y while they are near.
 */
#pragma once

#include "convolution-direct.h"
#include "convolution-winograd-near.h"
#include "transpose.h"

enum {
  WINOGRAD_PANEL = 2,    /* vectors of output channels */
  NEAR_WORK = 500 * 1000, /* multiply-adds of a task whose weights are near: one image gives all threads enough */
  LEAST_PANELS = 2,      /* that a task's tiles are transformed for */
  BLOCK_TILES = 42,      /* of a block at most, a multiple of WINOGRAD_TILES; their products by a panel of 32 are 86 KB */
  BLOCK_BYTES = 1 << 20  /* of its transformed tiles at most: they stay in the second cache while the panels come by */
};

typedef struct {
  Images images; /* its rows and columns are rounded up to whole tiles */
  int64_t batch, in, out;
  int64_t rows, columns; /* of the convolution */
  bool pooled;
  int64_t activation;
  float *y;
  uint8_t *position; /* of the pools, null where nobody asks */
  /* the kernel [3][3][in][out] or, turned round, [3][3][out][in] */
  const float *kernel, *bias;
  bool turned;
  /* how it is cut */
  const float *packed; /* null where a task transforms what it needs of the kernel */
  bool near;           /* the weights stay in the first cache: convolution-winograd-near.h */
  int64_t tiles_across, tile_rows, band_rows, bands; /* rows of tiles */
  int64_t block;                                     /* tiles */
  int64_t panels, group_panels, groups;
  Windows windows;
} Winograd;

static int64_t winograd_vectors(const Winograd *w, int64_t panel) {
  return smaller_of(WINOGRAD_PANEL, divide_up(w->out, WIDTH) - panel * WINOGRAD_PANEL);
}

/* Floats from a position of a panel to the next one: a line of the cache more, lest all lie in one place of it. */
static int64_t position_size(const Winograd *w, int64_t vectors) { return w->in * vectors * WIDTH + WINOGRAD_CHANNELS; }

static int64_t winograd_panel_size(const Winograd *w, int64_t vectors) {
  return vectors * WIDTH + POSITIONS * position_size(w, vectors);
}

/* ---- the kernel ---- */

/*
 * All vectors of a channel at once: the next one's may lie in other pages, and to find those takes longer than to read them. 512 to
 * 512 channels of one picture of 7 x 7: 1.25 ms instead of 1.55 (two cores of a Sapphire Rapids).
 */
static void pack_upright(const Winograd *w, int64_t lane, int64_t vectors, float *to) {
  int64_t step = position_size(w, vectors);
  for (int64_t channel = 0; channel < w->in; channel++)
    for (int64_t v = 0; v < vectors; v++, to += WIDTH) {
      const float *from = w->kernel + channel * w->out + lane + v * WIDTH;
      Vector g[9], u[POSITIONS];
      UNROLL for (int i = 0; i < 9; i++) g[i] = load_some(from + i * w->in * w->out, w->out - lane - v * WIDTH);
      transform_weights(g, u);
      UNROLL for (int i = 0; i < POSITIONS; i++) store(to + i * step, u[i]);
    }
}

/* Here what is summed over lies side by side and what goes into lanes does not: transformed as it lies, then turned. */
static void pack_turned(const Winograd *w, int64_t lane, int64_t vectors, float *to) {
  int64_t step = position_size(w, vectors), lanes = smaller_of(WIDTH, w->out - lane);
  float turned[POSITIONS][WIDTH * WIDTH] __attribute__((aligned(64)));
  memset(turned, 0, sizeof(turned));
  for (int64_t channel = 0; channel < w->in; channel += WIDTH) {
    int64_t count = smaller_of(WIDTH, w->in - channel);
    for (int64_t i = 0; i < lanes; i++) {
      const float *from = w->kernel + (lane + i) * w->in + channel;
      Vector g[9], u[POSITIONS];
      UNROLL for (int j = 0; j < 9; j++) g[8 - j] = load_some(from + j * w->in * w->out, count);
      transform_weights(g, u);
      UNROLL for (int j = 0; j < POSITIONS; j++) store(turned[j] + i * WIDTH, u[j]);
    }
    for (int64_t j = 0; j < POSITIONS; j++)
      transpose(turned[j], WIDTH, WIDTH, count, to + j * step + channel * vectors * WIDTH, vectors * WIDTH);
  }
}

static void pack_winograd_panel(const Winograd *w, int64_t panel, float *to) {
  int64_t vectors = winograd_vectors(w, panel), lane = panel * WINOGRAD_PANEL * WIDTH;
  for (int64_t v = 0; v < vectors; v++) {
    int64_t first = lane + v * WIDTH;
    store(to + v * WIDTH, w->bias ? load_some(w->bias + first, w->out - first) : splat(0));
    if (w->turned) pack_turned(w, first, vectors, to + (vectors + v) * WIDTH);
  }
  if (!w->turned) pack_upright(w, lane, vectors, to + vectors * WIDTH);
}

static void pack_winograd_task(void *context, int64_t panel, void *scratch) {
  (void)scratch;
  const Winograd *w = context;
  pack_winograd_panel(w, panel, (float *)w->packed + panel * winograd_panel_size(w, WINOGRAD_PANEL));
}

/* ---- a block of tiles ---- */

/* Some tiles of a band, counted along its rows. */
typedef struct {
  int64_t first_row; /* of the band, over all images */
  const float *const *windows; /* of each row of pixels of the band */
  int64_t from, count;
} TileBlock;

static void transform_block(const Winograd *w, const TileBlock *block, float *to) {
  int64_t step = w->near ? NEAR_STEP : w->block * WINOGRAD_CHANNELS, chunk = POSITIONS * step;
  for (int64_t done = 0; done < block->count;) {
    int64_t row = (block->from + done) / w->tiles_across, column = (block->from + done) % w->tiles_across;
    int64_t count = smaller_of(block->count - done, w->tiles_across - column);
    transform_tiles(block->windows[2 * row] + 2 * column * w->images.pixel, w->images.pixel, w->images.row, w->in, count,
                    to + done * WINOGRAD_CHANNELS, step, chunk);
    done += count;
  }
}

static void multiply_block(const Winograd *w, int64_t vectors, int64_t count, const float *x, const float *panel, float *m) {
  int64_t step = w->block * WINOGRAD_CHANNELS, groups = divide_up(count, WINOGRAD_TILES);
  PositionFunction *of = position_functions(vectors);
  PositionProduct p = {.chunk = POSITIONS * step, .channels = w->in, .weight = panel + vectors * WIDTH};
  for (int64_t i = 0; i < POSITIONS; i++, p.weight += position_size(w, vectors)) {
    p.bias = i == BIAS_POSITION ? panel : NULL;
    for (int64_t group = 0; group < groups; group++) {
      int64_t from = count * group / groups, to = count * (group + 1) / groups;
      p.x = x + i * step + from * WINOGRAD_CHANNELS;
      p.m = m + (from * POSITIONS + i) * vectors * WIDTH;
      of[to - from - 1](&p);
    }
  }
}

/* A block is a function's worth of tiles. */
static void multiply_near_block(const Winograd *w, int64_t vectors, int64_t count, const float *x, const float *panel, float *y) {
  NearProduct p = {.x = x, .channels = w->in, .panel = panel, .step = position_size(w, vectors), .y = y};
  near_functions(vectors)[count - 1](&p);
}

/* The next tile's four pixels, out of its products or as they are. */
INLINE const float *take_pixels(int vectors, bool near, const float *m, Vector *sums) {
  if (!near) {
    sum_positions(vectors, m, sums);
    return m + POSITIONS * vectors * WIDTH;
  }
  UNROLL for (int i = 0; i < 4 * vectors; i++) sums[i] = load(m + i * WIDTH);
  return m + 4 * vectors * WIDTH;
}

INLINE void finish_pools(int vectors, bool near, const Winograd *w, const TileBlock *block, int64_t channel, const float *m) {
  int64_t at = (block->first_row * w->tiles_across + block->from) * w->out + channel;
  Tile tile = {.channels = w->out - channel, .y = w->y + at, .position = w->position ? w->position + at : NULL};
  for (int64_t i = 0; i < block->count; i++, tile.y += w->out) {
    Vector sums[STRANDS * 2 * TILE_VECTORS];
    m = take_pixels(vectors, near, m, sums);
    store_pooled(vectors, 2, &w->windows, &tile, sums);
    if (tile.position) tile.position += w->out;
  }
}

/* Asks for the lines that a block's pools go to: see claim_tile. */
static void claim_pools(const Winograd *w, const TileBlock *block, int64_t channel, int64_t vectors) {
  float *y = w->y + (block->first_row * w->tiles_across + block->from) * w->out + channel;
  for (int64_t i = 0; i < block->count; i++, y += w->out)
    for (int64_t v = 0; v < vectors; v++) claim(y + v * WIDTH);
}

/* What of a tile lies beyond the last row or column is written like, and over, what does not. */
INLINE void finish_rows(int vectors, bool near, const Winograd *w, const TileBlock *block, int64_t channel, const float *m) {
  int64_t image_rows = divide_up(w->rows, 2);
  for (int64_t i = 0; i < block->count; i++) {
    int64_t row = block->first_row + (block->from + i) / w->tiles_across, column = 2 * ((block->from + i) % w->tiles_across);
    int64_t image = row / image_rows;
    row = 2 * (row % image_rows);
    Vector sums[STRANDS * 2 * TILE_VECTORS];
    m = take_pixels(vectors, near, m, sums);
    Windows windows = w->windows;
    Tile tile = {.channels = w->out - channel, .y_down = w->columns * w->out,
                 .y = w->y + ((image * w->rows + row) * w->columns + column) * w->out + channel};
    if (column + 1 == w->columns) {
      windows.y_right = 0;
      UNROLL for (int v = 0; v < vectors; v++) sums[vectors + v] = sums[v], sums[3 * vectors + v] = sums[2 * vectors + v];
    }
    if (row + 1 == w->rows) {
      tile.y_down = 0;
      UNROLL for (int v = 0; v < 2 * vectors; v++) sums[2 * vectors + v] = sums[v];
    }
    finish_tile(vectors, 2, &windows, &tile, sums);
  }
}

INLINE void finish_tiles(bool near, const Winograd *w, int64_t vectors, const TileBlock *block, int64_t channel, const float *m) {
  if (w->pooled && vectors == 1) finish_pools(1, near, w, block, channel, m);
  else if (w->pooled) finish_pools(2, near, w, block, channel, m);
  else if (vectors == 1) finish_rows(1, near, w, block, channel, m);
  else finish_rows(2, near, w, block, channel, m);
}

static void finish_block(const Winograd *w, int64_t vectors, const TileBlock *block, int64_t channel, const float *m) {
  if (NEAR && w->near) finish_tiles(true, w, vectors, block, channel, m);
  else finish_tiles(false, w, vectors, block, channel, m);
}

static int64_t transformed_size(const Winograd *w) {
  return divide_up(w->in, WINOGRAD_CHANNELS) * (w->near ? POSITIONS * NEAR_STEP : WINOGRAD_CHANNELS * POSITIONS * w->block);
}

static int64_t products_size(const Winograd *w) { return (w->near ? 4 : POSITIONS) * w->block * WINOGRAD_PANEL * WIDTH; }

static void winograd_task(void *context, int64_t index, void *scratch) {
  const Winograd *w = context;
  int64_t first = index / w->groups * w->band_rows, count = smaller_of(w->band_rows, w->tile_rows - first);
  int64_t panel = index % w->groups * w->group_panels, end = smaller_of(panel + w->group_panels, w->panels);
  float *x = scratch, *m = x + transformed_size(w), *weights = m + products_size(w);
  float *copied = weights + (w->packed ? 0 : winograd_panel_size(w, WINOGRAD_PANEL));
  const float *windows[BAND_ROWS];
  find_windows(&w->images, 2 * first, 2 * count, copied, windows);
  int64_t tiles = count * w->tiles_across, blocks = divide_up(tiles, w->block);
  for (int64_t i = 0; i < blocks; i++) {
    int64_t from = tiles * i / blocks, to = tiles * (i + 1) / blocks;
    TileBlock block = {.first_row = first, .windows = windows, .from = from, .count = to - from};
    transform_block(w, &block, x);
    for (int64_t k = panel; k < end; k++) {
      int64_t vectors = winograd_vectors(w, k);
      if (!w->packed) pack_winograd_panel(w, k, weights);
      const float *packed = w->packed ? w->packed + k * winograd_panel_size(w, WINOGRAD_PANEL) : weights;
      if (w->pooled) claim_pools(w, &block, k * WINOGRAD_PANEL * WIDTH, vectors);
      if (NEAR && w->near) multiply_near_block(w, vectors, block.count, x, packed, m);
      else multiply_block(w, vectors, block.count, x, packed, m);
      finish_block(w, vectors, &block, k * WINOGRAD_PANEL * WIDTH, m);
    }
  }
  finish_streams();
}

/* ---- how it is cut ---- */

static bool is_near(const Winograd *w) {
  int64_t panel = POSITIONS * position_size(w, winograd_vectors(w, 0)) * (int64_t)sizeof(float);
  return NEAR && w->panels * panel <= NEAR_BYTES;
}

static void cut_winograd(Winograd *w) {
  w->tiles_across = divide_up(w->columns, 2);
  w->tile_rows = w->batch * divide_up(w->rows, 2);
  w->panels = divide_up(divide_up(w->out, WIDTH), WINOGRAD_PANEL);
  int64_t tile_bytes = POSITIONS * w->in * (int64_t)sizeof(float), work = w->tiles_across * POSITIONS * w->in * w->out;
  int64_t most = larger_of(1, BLOCK_BYTES / (tile_bytes * WINOGRAD_TILES)) * WINOGRAD_TILES;
  most = smaller_of(most, BLOCK_TILES);
  int64_t weights = w->panels * winograd_panel_size(w, WINOGRAD_PANEL) * (int64_t)sizeof(float);
  w->near = is_near(w);
  if (w->near) most = NEAR_TILES / winograd_vectors(w, 0);
  int64_t least = larger_of(w->tile_rows / TASKS, divide_up(w->near ? NEAR_WORK : TASK_WORK, work));
  if (weights > CACHED_PANELS) least = larger_of(least, divide_up(most, w->tiles_across));
  w->band_rows = divide_up(w->tile_rows, divide_up(w->tile_rows, smaller_of(least, BAND_ROWS / 2)));
  w->bands = divide_up(w->tile_rows, w->band_rows);
  w->block = smaller_of(most, w->band_rows * w->tiles_across);
  int64_t groups = smaller_of(divide_up(TASKS, 2 * w->bands), w->band_rows * work / GROUP_WORK);
  if (2 * w->bands >= TASKS) groups = 1;
  w->group_panels = smaller_of(w->panels, larger_of(LEAST_PANELS, divide_up(w->panels, larger_of(1, groups))));
  w->groups = divide_up(w->panels, w->group_panels);
}

static bool run_winograd(Winograd w) {
  w.images.stride_height = 1;
  w.images.kernel_height = 3;
  w.images.rows = round_up(w.rows, 2);
  w.images.covered = round_up(w.columns, 2) + 2;
  place_images(&w.images);
  cut_winograd(&w);
  w.windows = (Windows){.y_right = w.out, .activation = w.activation};
  w.windows.streamed = !w.pooled && w.out % (WINOGRAD_PANEL * WIDTH) == 0 &&
                       should_stream(w.y, w.batch * w.rows * w.columns * w.out, w.out);
  int64_t panel = winograd_panel_size(&w, WINOGRAD_PANEL), floats = transformed_size(&w) + products_size(&w);
  bool once = !w.near && w.bands == 1 && w.block == w.tile_rows * w.tiles_across;
  if (!once) {
    w.packed = shared_scratch(float_bytes(w.panels * panel));
    if (!w.packed || !parallel(w.panels, 0, pack_winograd_task, &w)) return false;
  }
  size_t bytes = float_bytes(floats + (once ? panel : 0) + scratch_size(&w.images, 2 * w.band_rows));
  return (w.near ? parallel_apart : parallel)(w.bands * w.groups, bytes, winograd_task, &w);
}

/*
 * Where it is faster than adding up each window: lanes are full, and the tiles that are not leave enough to be saved. A vector of
 * channels or two bring 1.3 times the speed, more where weights are near, more channels 1.5 to 1.9 (two cores of a Sapphire Rapids, AVX-512; more
 * with narrower vectors).
 */
static bool suits_winograd(const Convolution *c, int64_t rows, int64_t columns) {
  bool is_small = c->kernel_height == 3 && c->kernel_width == 3 && c->stride_height == 1 && c->stride_width == 1;
  bool is_filled = 3 * rows * columns >= 8 * divide_up(rows, 2) * divide_up(columns, 2);
  return is_small && is_filled && c->in >= WINOGRAD_CHANNELS && c->out >= WINOGRAD_CHANNELS;
}
