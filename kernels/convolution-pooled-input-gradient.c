/* The input gradient of convPool: each listed element adds the kernel's window, scaled by it. */
#include "convolution-gradient.h"

enum {
  INPUT_BAND_ROWS = 32,        /* rows of dx that a task computes at least; fewer would repeat more of the neighbours' work */
  INPUT_WORK = 8 * 1000 * 1000 /* multiply-adds of a task, were no element zero */
};

typedef struct {
  Upstream u;
  const float *kernel; /* [out][kernel_height][padded_run] */
  float *dx;
  int64_t bands, band_rows; /* rows of dx, cut */
  int64_t row_stride;       /* of the padded rows that sums are made in */
  int64_t list_stride;      /* places for entries of a position of a pool: out, and a vector for `pick` to write over */
} PooledInputGradient;

INLINE void scatter_block(int rows, int vectors, float *dx, int64_t row_stride, const float *kernel, int64_t kernel_stride,
                          Entries entries, int64_t count) {
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  const float *base[BLOCK_ROWS];
  UNROLL for (int r = 0; r < rows; r++) base[r] = keep(kernel + r * kernel_stride);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] = load(dx + r * row_stride + v * WIDTH);
  for (int64_t e = 0; e < count; e++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] += entries.values[e] * load(base[r] + entries.offsets[e] + v * WIDTH);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) store(dx + r * row_stride + v * WIDTH, acc[r * vectors + v]);
}

#define DEFINE(rows, vectors)                                                                                           \
  static void scatter_block_##rows##_##vectors(float *dx, int64_t row_stride, const float *kernel,                     \
                                               int64_t kernel_stride, Entries entries, int64_t count) {           \
    scatter_block(rows, vectors, dx, row_stride, kernel, kernel_stride, entries, count);                               \
  }
FOR_EACH_BLOCK(DEFINE)
#undef DEFINE

/* Adds the kernels of the entries' channels, scaled, to the window of one pixel of the convolution. */
static void scatter(const PooledInputGradient *g, float *dx, Entries entries, int64_t count) {
  static BlockFunction add[BLOCK_ROWS][BLOCK_VECTORS] = BLOCK_TABLE(scatter_block);
  const Convolution *c = &g->u.c;
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
      add[block_rows - 1][vectors - 1](dx + p * g->row_stride + j, g->row_stride, g->kernel + p * c->padded_run + j,
                                       c->padded_run, entries, count);
    }
}

/*
 * Lists what flows into one pooled pixel, a list for each position of the pool, `g->list_stride` places apart. Where lanes
 * can be picked in one instruction and pools are small, a vector is gone through once for each position.
 */
static void list_by_position(const PooledInputGradient *g, int64_t index, Entries entries, int32_t *counts) {
  const Convolution *c = &g->u.c;
  int32_t places = (int32_t)(c->pool_height * c->pool_width), taps = (int32_t)(c->kernel_height * c->padded_run);
  for (int32_t place = 0; place < places; place++) counts[place] = 0;
  for (int64_t block = 0; block < c->out; block += WIDTH) {
    int64_t lanes = smaller_of(WIDTH, c->out - block);
    Vector flow = flowing(&g->u, index + block, lanes);
    Integers flows = flow != splat(0), offsets = ((int32_t)block + lane_numbers()) * taps;
    Integers position = load_some_bytes(g->u.position + index + block, lanes);
    if (CAN_PICK && places <= 4) {
      for (int32_t place = 0; place < places; place++) {
        int64_t at = place * g->list_stride + counts[place];
        counts[place] += pick(flows & (position == place), flow, offsets, entries.values + at, entries.offsets + at);
      }
      continue;
    }
    float values[WIDTH];
    int32_t flowing_lanes[WIDTH], positions[WIDTH];
    store(values, flow);
    store_integers(flowing_lanes, flows);
    store_integers(positions, flows & position); /* what is stopped has no list */
    for (int64_t i = 0; i < lanes; i++) {
      int64_t at = positions[i] * g->list_stride + counts[positions[i]];
      entries.offsets[at] = (int32_t)(block + i) * taps;
      entries.values[at] = values[i];
      counts[positions[i]] -= flowing_lanes[i];
    }
  }
}

/* Pooled rows whose windows reach padded rows [from, to) of x. */
static void rows_that_reach(const Convolution *c, int64_t from, int64_t to, int64_t *first, int64_t *end) {
  int64_t lowest = larger_of(0, divide_up(larger_of(0, from - c->kernel_height + 1), c->stride_height));
  int64_t highest = smaller_of(c->rows - 1, (to - 1) / c->stride_height);
  *first = lowest / c->pool_height;
  *end = highest < lowest ? *first : highest / c->pool_height + 1;
}

static void pooled_input_gradient_task(void *context, int64_t task, void *scratch) {
  const PooledInputGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t image = task / g->bands, from = task % g->bands * g->band_rows;
  int64_t to = smaller_of(from + g->band_rows, c->height);
  int64_t first, end;
  rows_that_reach(c, from + c->pad_top, to + c->pad_top, &first, &end);
  int64_t step = c->pool_height * c->stride_height;
  int64_t base = smaller_of(from + c->pad_top, first * step); /* the padded row that the sums begin with */
  int64_t reach = end > first ? (end * c->pool_height - 1) * c->stride_height + c->kernel_height : 0;
  int64_t height = larger_of(to + c->pad_top, reach) - base;

  int64_t places = c->pool_height * c->pool_width * g->list_stride;
  Entries entries = {scratch, (float *)scratch + places};
  float *sums = (float *)scratch + 2 * places;
  memset(sums, 0, (size_t)(height * g->row_stride + c->padded_run) * sizeof(float));
  int32_t counts[256];
  for (int64_t row = first; row < end; row++)
    for (int64_t column = 0; column < c->pooled_width; column++) {
      list_by_position(g, ((image * c->pooled_height + row) * c->pooled_width + column) * c->out, entries, counts);
      float *window = sums + (row * step - base) * g->row_stride + column * c->pool_width * c->stride_width * c->in;
      for (int64_t p = 0, place = 0; p < c->pool_height; p++)
        for (int64_t q = 0; q < c->pool_width; q++, place++)
          if (counts[place])
            scatter(g, window + p * c->stride_height * g->row_stride + q * c->stride_width * c->in,
                    entries_from(entries, place * g->list_stride), counts[place]);
    }
  for (int64_t row = from; row < to; row++)
    memcpy(g->dx + (image * c->height + row) * c->width * c->in,
           sums + (row + c->pad_top - base) * g->row_stride + c->pad_left * c->in,
           (size_t)(c->width * c->in) * sizeof(float));
}

/* kernel [taps][out] as [out][kernel_height][padded_run]. */
static void transpose_kernel(const Convolution *c, const float *kernel, float *transposed) {
  for (int64_t o = 0; o < c->out; o++)
    for (int64_t p = 0; p < c->kernel_height; p++, transposed += c->padded_run)
      for (int64_t j = 0; j < c->padded_run; j++)
        transposed[j] = j < c->run ? kernel[(p * c->run + j) * c->out + o] : 0;
}

static bool run_pooled_input_gradient(const Upstream *upstream, const float *kernel, float *dx) {
  PooledInputGradient g = {.u = *upstream, .dx = dx};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  if (c->batch * c->height * c->width * c->in == 0) return true;
  int64_t taps = c->kernel_height * c->padded_run;
  float *transposed = shared_scratch(float_bytes(c->out * taps + 1));
  if (!transposed) return false;
  transpose_kernel(c, kernel, transposed);
  g.kernel = transposed;

  int64_t work = c->rows * c->columns * c->out * taps / c->height;
  int64_t step = c->pool_height * c->stride_height;
  g.band_rows = larger_of(larger_of(INPUT_BAND_ROWS, 4 * step), divide_up(INPUT_WORK, larger_of(work, 1)));
  g.band_rows = smaller_of(g.band_rows, c->height);
  g.bands = divide_up(c->height, g.band_rows);
  int64_t width = larger_of(columns_covered(c, larger_of(1, c->columns)), c->pad_left + c->width);
  g.row_stride = round_up(width * c->in + c->padded_run - c->run, WIDTH);
  int64_t height = g.band_rows + 2 * (c->kernel_height + step);
  g.list_stride = round_up(c->out, WIDTH) + WIDTH;
  int64_t places = 2 * c->pool_height * c->pool_width * g.list_stride;
  size_t bytes = float_bytes(places + height * g.row_stride + c->padded_run);
  return parallel(c->batch * g.bands, bytes, pooled_input_gradient_task, &g);
}

/* Attributes: strides, pads, inputHeight, inputWidth, convHeight, convWidth, poolHeight, poolWidth. */
static bool op_convPoolInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[2]);
  u.position = call->inputs[1].data;
  u.c.pool_height = (int64_t)call->attributes[8];
  u.c.pool_width = (int64_t)call->attributes[9];
  return run_pooled_input_gradient(&u, call->inputs[2].data, call->outputs[0].data);
}
