/*
 * Convolution forward: conv2d, convBias, convPool. Pooling happens on sums that are still in the registers for the usual
 * 2 x 2 pool, otherwise on rows of the convolution that are still in the cache.
 */
#include "convolution-edges.h"
#include "convolution-packing.h"
#include "convolution-winograd.h"

enum {
  KEPT_PIXELS = 8192,
  FEW_PIXELS = 64, FEW_PIXELS_WEIGHTS = 64 << 10,
  MORE_PIXELS = 512, MORE_PIXELS_WEIGHTS = 1 << 20
};

typedef struct {
  Convolution c;
  Images images;
  Kernels kernels;
  float *y;
  uint8_t *position; /* null in inference */
  Cut cut;
} PooledForward;

INLINE bool pools_are_tiles(const Convolution *c) { return c->pool_height == 2 && c->pool_width == 2; }

/* Pooled rows with 2 x 2 pools; a tile's strands are the two rows. */
static void pool_rows(const PooledForward *f, int64_t first_panel, int64_t end_panel, const float *const *windows,
                      int64_t to, int64_t rows) {
  const Kernels *k = &f->kernels;
  for (int64_t panel = first_panel; panel < end_panel; panel++) {
    int64_t channel = panel * k->vectors * WIDTH, vectors = vectors_of_panel(k, panel);
    Tiles tiles = tiles_for(vectors, k->sliding, true);
    int64_t count = divide_up(f->c.pooled_width, tiles.columns / 2);
    Tile tile = {.panel = panel_at(k, panel), .channels = k->out - channel};
    for (int64_t row = 0; row < rows; row++) {
      int64_t at = to + row * f->c.pooled_width * k->out + channel;
      tile.x_down = windows[2 * row + 1] - windows[2 * row];
      for (int64_t i = 0; i < count; i++) {
        int64_t from = f->c.pooled_width * i / count, end = f->c.pooled_width * (i + 1) / count;
        tile.x = windows[2 * row] + 2 * from * k->windows.right;
        tile.y = f->y + at + from * k->out;
        if (f->position) tile.position = f->position + at + from * k->out;
        tiles.of[end - from - 1](&k->windows, &tile);
      }
    }
  }
}

static int64_t line_stride_of(const PooledForward *f) { return round_up(f->c.out, WIDTH); }

static int64_t lines_size(const PooledForward *f) {
  return pools_are_tiles(&f->c) ? 0 : f->c.pool_height * f->c.columns * line_stride_of(f);
}

/* Some channels of the largest of each window of `poolHeight` lines, and which one it was. */
static void pool_lines(const PooledForward *f, const float *lines, int64_t first, int64_t end, int64_t to) {
  const Convolution *c = &f->c;
  int64_t line_stride = line_stride_of(f);
  for (int64_t column = 0; column < c->pooled_width; column++, to += c->out)
    for (int64_t channel = first; channel < end; channel += WIDTH) {
      const float *window = lines + column * c->pool_width * line_stride + channel;
      Vector best = load(window);
      Integers winner = {0};
      for (int64_t p = 0, place = 0; p < c->pool_height; p++)
        for (int64_t q = 0; q < c->pool_width; q++, place++) {
          Vector value = load(window + (p * c->columns + q) * line_stride);
          Integers wins = value > best;
          best = choose(wins, value, best);
          winner = choose_integers(wins, (int32_t)place - (Integers){0}, winner);
        }
      if (c->activation) winner = choose_integers(best > splat(0), winner, STOPPED - (Integers){0});
      store_some(f->y + to + channel, best, end - channel);
      if (f->position) store_some_bytes(f->position + to + channel, winner, end - channel);
    }
}

static void pooled_task(void *context, int64_t index, void *scratch) {
  const PooledForward *f = context;
  const Convolution *c = &f->c;
  const Cut *cut = &f->cut;
  int64_t first = index / cut->groups * cut->band_rows, count = smaller_of(cut->band_rows, cut->rows - first);
  int64_t panel = index % cut->groups * cut->group_panels, end = smaller_of(panel + cut->group_panels, cut->panels);
  int64_t pooled = count / c->pool_height, to = first / c->pool_height * c->pooled_width * c->out;
  float *lines = scratch, *line[STOPPED];
  const float *windows[BAND_ROWS + STOPPED];
  find_windows(&f->images, first, count, lines + lines_size(f), windows);
  if (pools_are_tiles(c)) {
    pool_rows(f, panel, end, windows, to, pooled);
    return;
  }
  int64_t lanes = f->kernels.vectors * WIDTH;
  for (int64_t p = 0; p < c->pool_height; p++) line[p] = lines + p * c->columns * line_stride_of(f);
  for (int64_t row = 0; row < pooled; row++, to += c->pooled_width * c->out) {
    convolve_rows(&f->kernels, panel, end, windows + row * c->pool_height, line, c->pool_height, c->columns);
    pool_lines(f, lines, panel * lanes, smaller_of(end * lanes, c->out), to);
  }
}

static bool run_pooled(PooledForward *f) {
  const Convolution *c = &f->c;
  f->kernels.windows.y_right = pools_are_tiles(c) ? c->out : line_stride_of(f);
  int64_t work = c->columns * f->kernels.taps * c->out;
  f->cut = cut_rows(&f->images, &f->kernels, c->batch, c->columns, work, c->pool_height);
  size_t bytes = float_bytes(scratch_size(&f->images, f->cut.band_rows) + lines_size(f));
  return parallel_apart(f->cut.bands * f->cut.groups, bytes, pooled_task, f);
}

/* A convolution of one pixel a window has no rows: narrow ones are seen as one row, so that tiles are full. */
static void join_rows(Convolution *c) {
  bool alone = c->kernel_height == 1 && c->kernel_width == 1 && c->stride_height == 1 && c->stride_width == 1 &&
               c->pad_top == 0 && c->pad_left == 0 && c->pool_height == 1 && c->pool_width == 1;
  if (!alone || c->pooled_height != c->height || c->pooled_width != c->width || c->width % WIDE_COLUMNS == 0) return;
  c->width = c->pooled_width = c->height * c->width;
  c->height = c->pooled_height = 1;
}

static Sliding sliding_of(const Convolution *c) {
  if (MANY_REGISTERS && c->in == COLOURS && c->kernel_width == SLIDING_WIDTH && c->stride_width == 1) return SLIDING_OVER_COLOURS;
  return can_slide(c->out, c->kernel_width, c->stride_width) ? SLIDING : STANDING;
}

static Images images_of(const Convolution *c, const float *x) {
  Images images = {.x = x, .height = c->height, .width = c->width, .channels = c->in, .pad_top = c->pad_top,
                   .pad_left = c->pad_left, .stride_height = c->stride_height, .kernel_height = c->kernel_height,
                   .rows = c->rows, .covered = columns_covered(c, c->columns)};
  place_images(&images);
  return images;
}

/*
 * Memory for the packed kernel and what goes with it. Where pixels are few packing takes a good part of the time, so that weights
 * that stay the same stay packed; where they are many the memory is not worth it.
 */
static void *packed_memory(const Call *call, const Convolution *c, size_t bytes, bool *filled) {
  *filled = false;
  void *memory = c->batch * c->rows * c->columns < KEPT_PIXELS ? kept(call, 1, bytes, filled) : NULL;
  return memory ? memory : shared_scratch(bytes);
}

static Winograd winograd_of(const Convolution *c, const float *x, const float *kernel, const float *bias, float *y) {
  return (Winograd){.images = {.x = x, .height = c->height, .width = c->width, .channels = c->in, .pad_top = c->pad_top,
                               .pad_left = c->pad_left},
                    .batch = c->batch, .in = c->in, .out = c->out, .rows = c->rows, .columns = c->columns,
                    .activation = c->activation, .y = y, .kernel = kernel, .bias = bias};
}

/* Whether the weights are so much more than the pictures that packing them would not pay. */
static bool has_few_pixels(const Convolution *c) {
  int64_t pixels = c->batch * c->rows * c->columns, weights = c->kernel_height * c->run * c->out;
  return (pixels <= FEW_PIXELS && weights >= FEW_PIXELS_WEIGHTS) || (pixels <= MORE_PIXELS && weights >= MORE_PIXELS_WEIGHTS);
}

/* Inputs: x, kernel and, unless it is conv2d, bias; outputs: y and, when it pools for a gradient, position. */
static bool run_forward(const Call *call, Convolution c, const float *bias, bool pooled, uint8_t *position) {
  const float *x = call->inputs[0].data, *kernel = call->inputs[1].data;
  float *y = call->outputs[0].data;
  join_rows(&c);
  finish_convolution(&c);
  if (c.batch * c.rows * c.columns * c.out == 0) return true;
  if (!pooled && has_few_pixels(&c)) return run_few_rows(few_windows(&c, x, kernel, bias), y);
  if (suits_winograd(&c, c.rows, c.columns) && (!pooled || pools_are_tiles(&c))) {
    Winograd w = winograd_of(&c, x, kernel, bias, y);
    w.pooled = pooled;
    w.position = position;
    return run_winograd(w);
  }
  Images images = images_of(&c, x);
  bool pooled_tiles = pooled && pools_are_tiles(&c), filled;
  Sliding sliding = sliding_of(&c);
  Edges edges = pooled || sliding ? (Edges){0} : edges_of(&c, &images);
  Kernels kernels = {.taps = c.kernel_height * c.run, .out = c.out, .sliding = sliding,
                     .vectors = tile_vectors(sliding, pooled_tiles)};
  int64_t places = round_up(c.kernel_height * c.kernel_width, 8);
  size_t bytes = float_bytes(2 * places + packed_size(&kernels));
  int64_t *offsets = packed_memory(call, &c, bytes, &filled);
  if (!offsets) return false;
  kernels.packed = (float *)(offsets + places);
  kernels.windows = (Windows){.right = c.stride_width * images.pixel, .activation = c.activation, .y_right = c.out};
  describe_windows(&kernels, &images, c.kernel_height, c.kernel_width, pooled_tiles, offsets);
  Packing packing = {.kernel = kernel, .bias = bias, .kernel_width = c.kernel_width, .in = c.in, .out = c.out,
                     .rows = c.kernel_height, .columns = c.kernel_width, .row_step = 1, .column_step = 1};
  if (!filled && !pack_kernel(&kernels, packing)) return false;
  if (pooled)
    return run_pooled(&(PooledForward){.c = c, .images = images, .kernels = kernels, .y = y, .position = position});
  Phase phases[MOST_SPANS * MOST_SPANS] = {{.kernels = kernels, .end = c.rows, .row_step = 1, .columns = c.columns}};
  int64_t count = edges.rows ? cut_by_edges(&c, &images, &edges, phases) : 1;
  return run_direct(&(Direct){.images = images, .batch = c.batch, .y = y, .y_height = c.rows, .y_width = c.columns,
                              .phases = phases, .phase_count = count});
}

static Convolution forward_sizes(const Call *call) {
  const int64_t *x = call->inputs[0].shape, *kernel = call->inputs[1].shape, *y = call->outputs[0].shape;
  const double *a = call->attributes;
  return (Convolution){
      .batch = x[0], .height = x[1], .width = x[2], .in = x[3],
      .kernel_height = kernel[0], .kernel_width = kernel[1], .out = kernel[3],
      .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1], .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
      .pool_height = 1, .pool_width = 1, .pooled_height = y[1], .pooled_width = y[2],
  };
}

static bool op_conv2d(const Call *call) { return run_forward(call, forward_sizes(call), NULL, false, NULL); }

/* Attributes: strides, pads, activation, convHeight, convWidth. */
static bool op_convBias(const Call *call) {
  Convolution c = forward_sizes(call);
  c.activation = (int64_t)call->attributes[4];
  return run_forward(call, c, call->inputs[2].data, false, NULL);
}

/* Attributes: strides, pads, activation, convHeight, convWidth, poolHeight, poolWidth. */
static bool run_conv_pool(const Call *call, uint8_t *position) {
  Convolution c = forward_sizes(call);
  c.activation = (int64_t)call->attributes[4];
  c.pool_height = (int64_t)call->attributes[7];
  c.pool_width = (int64_t)call->attributes[8];
  return run_forward(call, c, call->inputs[2].data, true, position);
}

static bool op_convPool(const Call *call) { return run_conv_pool(call, call->outputs[1].data); }

static bool op_convPoolInference(const Call *call) { return run_conv_pool(call, NULL); }
