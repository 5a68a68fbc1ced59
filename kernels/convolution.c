/*
 * Convolution forward: conv2d, convBias, convPool.
 *
 * A tile is a few pixels of the convolution by one vector of output channels, kept in registers while the windows' values
 * pass by: each value is broadcast and multiplied by the packed kernel's vector. Pooling happens on rows
 * of the convolution that are still in the cache, or in the registers themselves for the usual 2 x 2 pool.
 */
#include "convolution.h"

enum {
  TILE = 12,                    /* pixels */
  FORWARD_WORK = 4 * 1000 * 1000 /* multiply-adds that a task should have at least */
};

typedef struct {
  Convolution c;
  const float *x;
  const float *packed; /* [blocks][kernel_height * run][WIDTH], then bias [blocks][WIDTH] */
  const float *bias;
  float *y;
  uint8_t *position; /* null when not pooled */
  int64_t blocks;    /* vectors of output channels */
  int64_t bands, band_rows; /* pooled rows of an image, cut */
} Forward;

/* kernel [taps][out] as [blocks][taps][WIDTH], zeros behind the last channel. */
static void pack_kernel(const float *kernel, int64_t taps, int64_t out, float *packed) {
  for (int64_t block = 0; block < out; block += WIDTH)
    for (int64_t tap = 0; tap < taps; tap++, packed += WIDTH)
      store(packed, load_some(kernel + tap * out + block, out - block));
}

/* One tile: `rows` x `columns` pixels (constants) from the window at x on; the results go to `tile`. */
INLINE void convolve_tile(const Forward *f, int rows, int columns, const float *x, int64_t row_stride,
                          const float *kernel, Vector bias, Vector *tile) {
  const Convolution *c = &f->c;
  int64_t right = c->stride_width * c->in, down = c->stride_height * row_stride, run = c->run;
  Vector sums[TILE];
  UNROLL for (int i = 0; i < rows * columns; i++) sums[i] = bias;
  for (int64_t p = 0; p < c->kernel_height; p++, x += row_stride)
    for (int64_t j = 0; j < run; j++, kernel += WIDTH) {
      Vector weights = load(kernel);
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int i = 0; i < columns; i++) {
          Vector *sum = &sums[r * columns + i];
          *sum = multiply_add(splat(x[j + r * down + i * right]), weights, *sum);
        }
    }
  UNROLL for (int i = 0; i < rows * columns; i++) tile[i] = c->relu ? larger(sums[i], splat(0)) : sums[i];
}

/* `columns` (a constant) pixels of a row of the convolution. */
INLINE void convolve_pixels(const Forward *f, int columns, const float *x, int64_t row_stride, const float *kernel,
                            Vector bias, float *line, int64_t line_stride, int64_t channels) {
  Vector tile[TILE];
  convolve_tile(f, 1, columns, x, row_stride, kernel, bias, tile);
  UNROLL for (int i = 0; i < columns; i++) store_some(line + i * line_stride, tile[i], channels);
}

/* A row of the convolution, all its channels, to line [columns][line_stride]. */
static void convolve_row(const Forward *f, Rows rows, float *line, int64_t line_stride) {
  const Convolution *c = &f->c;
  int64_t right = c->stride_width * c->in;
  for (int64_t block = 0; block < f->blocks; block++) {
    const float *kernel = f->packed + block * c->kernel_height * c->run * WIDTH;
    Vector bias = load(f->bias + block * WIDTH);
    float *to = line + block * WIDTH;
    int64_t channels = line_stride - block * WIDTH;
    int64_t column = 0;
#define TILES(n)                                                                                                        \
  for (; column + (n) <= c->columns; column += (n))                                                                    \
    convolve_pixels(f, n, rows.data + column * right, rows.row_stride, kernel, bias, to + column * line_stride,        \
                    line_stride, channels);
    TILES(12) TILES(6) TILES(3) TILES(1)
#undef TILES
  }
}

/* The position that the gradient will flow back to. */
INLINE Integers passing(const Forward *f, Vector best, Integers winner) {
  return f->c.relu ? choose_integers(best > splat(0), winner, STOPPED - (Integers){0}) : winner;
}

/* The largest of each window of `poolHeight` lines, and which one it was. */
static void pool_lines(const Forward *f, const float *lines, int64_t line_stride, float *y, uint8_t *position) {
  const Convolution *c = &f->c;
  for (int64_t column = 0; column < c->pooled_width; column++)
    for (int64_t channel = 0; channel < c->out; channel += WIDTH) {
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
      int64_t channels = smaller_of(WIDTH, c->out - channel);
      store_some(y + column * c->out + channel, best, channels);
      store_some_bytes(position + column * c->out + channel, passing(f, best, winner), channels);
    }
}

/* `columns` (a constant) 2 x 2 pools of one vector of channels, from the registers. */
INLINE void pool_pixels(const Forward *f, int columns, const float *x, int64_t row_stride, const float *kernel,
                        Vector bias, float *y, uint8_t *position, int64_t channels) {
  const Convolution *c = &f->c;
  Vector tile[TILE];
  convolve_tile(f, 2, 2 * columns, x, row_stride, kernel, bias, tile);
  UNROLL for (int i = 0; i < columns; i++) {
    Vector a = tile[2 * i], b = tile[2 * i + 1], d = tile[2 * columns + 2 * i], e = tile[2 * columns + 2 * i + 1];
    Integers right = b > a, lower_right = e > d;
    Vector upper = choose(right, b, a), lower = choose(lower_right, e, d);
    Integers low = lower > upper;
    Integers winner = choose_integers(low, 2 - lower_right, -right);
    Vector best = choose(low, lower, upper);
    store_some(y + i * c->out, best, channels);
    store_some_bytes(position + i * c->out, passing(f, best, winner), channels);
  }
}

/* A pooled row with 2 x 2 pools. */
static void convolve_pool_row(const Forward *f, Rows rows, float *y, uint8_t *position) {
  const Convolution *c = &f->c;
  int64_t right = 2 * c->stride_width * c->in;
  for (int64_t block = 0; block < f->blocks; block++) {
    const float *kernel = f->packed + block * c->kernel_height * c->run * WIDTH;
    Vector bias = load(f->bias + block * WIDTH);
    int64_t first = block * WIDTH, channels = c->out - first;
    int64_t column = 0;
#define TILES(n)                                                                                                        \
  for (; column + (n) <= c->pooled_width; column += (n))                                                               \
    pool_pixels(f, n, rows.data + column * right, rows.row_stride, kernel, bias, y + column * c->out + first,          \
                position + column * c->out + first, channels);
    TILES(3) TILES(2) TILES(1)
#undef TILES
  }
}

static int64_t line_stride_of(const Forward *f) { return f->position ? f->blocks * WIDTH : f->c.out; }

static int64_t lines_size(const Forward *f) {
  return f->position ? f->c.pool_height * f->c.columns * line_stride_of(f) : 0;
}

static void forward_task(void *context, int64_t index, void *scratch) {
  const Forward *f = context;
  const Convolution *c = &f->c;
  int64_t image = index / f->bands, first = index % f->bands * f->band_rows;
  int64_t end = smaller_of(first + f->band_rows, c->pooled_height);
  float *lines = scratch, *padded = lines + lines_size(f);
  int64_t line_stride = line_stride_of(f);
  Rows rows = padded_rows(c, f->x, image, first * c->pool_height, (end - first) * c->pool_height, 0, padded);
  int64_t down = c->stride_height * rows.row_stride;
  for (int64_t row = first; row < end; row++) {
    int64_t to = (image * c->pooled_height + row) * c->pooled_width * c->out;
    if (f->position && c->pool_height == 2 && c->pool_width == 2) {
      convolve_pool_row(f, rows, f->y + to, f->position + to);
      rows.data += 2 * down;
      continue;
    }
    for (int64_t p = 0; p < c->pool_height; p++, rows.data += down)
      convolve_row(f, rows, f->position ? lines + p * c->columns * line_stride : f->y + to, line_stride);
    if (f->position) pool_lines(f, lines, line_stride, f->y + to, f->position + to);
  }
}

/* `bias` may be null. */
static bool run_forward(const Convolution *sizes, const float *x, const float *kernel, const float *bias, float *y,
                        uint8_t *position) {
  Forward f = {.c = *sizes, .x = x, .y = y, .position = position};
  Convolution *c = &f.c;
  finish_convolution(c);
  if (c->batch * c->rows * c->columns * c->out == 0) return true;
  int64_t taps = c->kernel_height * c->run;
  f.blocks = divide_up(c->out, WIDTH);
  float *packed = shared_scratch((size_t)(f.blocks * WIDTH * (taps + 1)) * sizeof(float));
  if (!packed) return false;
  pack_kernel(kernel, taps, c->out, packed);
  float *packed_bias = packed + f.blocks * WIDTH * taps;
  memset(packed_bias, 0, (size_t)(f.blocks * WIDTH) * sizeof(float));
  if (bias) memcpy(packed_bias, bias, (size_t)c->out * sizeof(float));
  f.packed = packed;
  f.bias = packed_bias;

  int64_t row_work = c->pool_height * c->columns * taps * f.blocks * WIDTH;
  f.band_rows = smaller_of(c->pooled_height, divide_up(FORWARD_WORK, larger_of(row_work, 1)));
  f.bands = divide_up(c->pooled_height, f.band_rows);
  int64_t under = (f.band_rows * c->pool_height - 1) * c->stride_height + c->kernel_height;
  int64_t floats = lines_size(&f) + padded_rows_size(c, under);
  return parallel(c->batch * f.bands, (size_t)floats * sizeof(float), forward_task, &f);
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

static bool op_conv2d(const Call *call) {
  Convolution c = forward_sizes(call);
  return run_forward(&c, call->inputs[0].data, call->inputs[1].data, NULL, call->outputs[0].data, NULL);
}

/* Attributes: strides, pads, activation, convHeight, convWidth. */
static bool op_convBias(const Call *call) {
  Convolution c = forward_sizes(call);
  c.relu = call->attributes[4] == 1;
  return run_forward(&c, call->inputs[0].data, call->inputs[1].data, call->inputs[2].data, call->outputs[0].data, NULL);
}

/* Attributes: strides, pads, activation, convHeight, convWidth, poolHeight, poolWidth. */
static bool op_convPool(const Call *call) {
  Convolution c = forward_sizes(call);
  c.relu = call->attributes[4] == 1;
  c.pool_height = (int64_t)call->attributes[7];
  c.pool_width = (int64_t)call->attributes[8];
  return run_forward(&c, call->inputs[0].data, call->inputs[1].data, call->inputs[2].data, call->outputs[0].data,
                     call->outputs[1].data);
}
