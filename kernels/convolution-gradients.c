/*
 * Gradients of convolutions, pooled or not.
 *
 * A pool passes its gradient to one of its positions, and ReLU stops it where y is 0: in the report's network nine of
 * ten elements of the convolution's own gradient are zero. So that gradient is never written; the elements that are
 * not zero are listed as (offset, value), and each adds a window of x (kernel gradient) or of the kernel (input
 * gradient), scaled by it, to sums that stay in registers.
 */
#include "convolution.h"

enum {
  BLOCK_ROWS = 3,    /* kernel rows whose sums are in registers at a time, */
  BLOCK_VECTORS = 4, /* and vectors of each */
  PARTIALS = 64,     /* partial sums of a kernel gradient at most, */
  PARTIAL_BYTES = 16 << 20, /* and together */
  SEGMENT_BYTES = 16 << 10, /* of x under the entries that are gone through for each output channel: fits the cache */
  INPUT_BAND_ROWS = 32,     /* rows of dx that a task computes at least; fewer would repeat more of the neighbours' work */
  INPUT_WORK = 8 * 1000 * 1000 /* multiply-adds of a task, were no element zero */
};

/* An element of the convolution's gradient that is not zero; the offset leads to what it scales. */
typedef struct {
  int32_t offset;
  float value;
} Entry;

typedef struct {
  Convolution c;
  const float *dy;
  const float *y; /* null without ReLU */
  const uint8_t *position; /* null when not pooled */
} Upstream;

/* `count` elements of dy from `index` on, zero where ReLU stops them. */
INLINE Vector flowing(const Upstream *u, int64_t index, int64_t count) {
  Vector value = load_some(u->dy + index, count);
  if (!u->y) return value;
  return choose(load_some(u->y + index, count) > splat(0), value, splat(0));
}

/* Calls CASE(rows, vectors) with constants for the block of sums that comes next. */
#define SWITCH_BLOCK(rows, vectors)                                                                                     \
  switch ((rows) * 8 + (vectors)) {                                                                                     \
    CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(2, 1) CASE(2, 2) CASE(2, 3) CASE(2, 4)                             \
    CASE(3, 1) CASE(3, 2) CASE(3, 3) CASE(3, 4)                                                                         \
  }

/* ---- with respect to the kernel ---- */

typedef struct {
  Upstream u;
  const float *x;
  float *sums;      /* [partials][out][kernel_height][padded_run] */
  float *bias_sums; /* [partials][out], or null */
  int64_t partials, units_per_partial; /* a unit is a pooled row of an image */
  int64_t groups, group_channels;      /* output channels, cut */
  int64_t segment;                     /* pooled columns gone through at a time */
  float *dkernel, *dbias;
} KernelGradient;

INLINE void add_windows(int rows, int vectors, float *sums, int64_t sums_stride, const float *x, int64_t row_stride,
                        const Entry *entries, int64_t count) {
  const int sets = rows * vectors >= 6 ? 1 : 3; /* independent sums enough to hide the latency */
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  UNROLL for (int s = 0; s < sets; s++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[(s * rows + r) * vectors + v] = s ? splat(0) : load(sums + r * sums_stride + v * WIDTH);
  int64_t e = 0;
  for (; e + sets <= count; e += sets)
    UNROLL for (int s = 0; s < sets; s++) {
      const float *window = x + entries[e + s].offset;
      float value = entries[e + s].value;
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          acc[(s * rows + r) * vectors + v] += value * load(window + r * row_stride + v * WIDTH);
    }
  for (; e < count; e++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] += entries[e].value * load(x + entries[e].offset + r * row_stride + v * WIDTH);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector sum = acc[r * vectors + v];
      UNROLL for (int s = 1; s < sets; s++) sum += acc[(s * rows + r) * vectors + v];
      store(sums + r * sums_stride + v * WIDTH, sum);
    }
}

/* Adds the entries' windows of x to one output channel's sums. */
static void add_entries(const Convolution *c, float *sums, Rows rows, const Entry *entries, int64_t count) {
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      float *to = sums + p * c->padded_run + j;
      const float *from = rows.data + p * rows.row_stride + j;
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
#define CASE(r, v)                                                                                                      \
  case (r) * 8 + (v): add_windows(r, v, to, c->padded_run, from, rows.row_stride, entries, count); break;
      SWITCH_BLOCK(block_rows, vectors)
#undef CASE
    }
}

/* Lists what flows into pooled columns [first, end) of a row, a list for each of the group's channels. */
static void list_by_channel(const KernelGradient *g, int64_t row_index, int64_t first, int64_t end, int64_t channel,
                            int64_t channels, const int32_t *offsets, Entry *entries, int64_t *counts, float *bias) {
  const Convolution *c = &g->u.c;
  memset(counts, 0, (size_t)channels * sizeof(*counts));
  int32_t right = (int32_t)(c->pool_width * c->stride_width * c->in);
  for (int64_t column = first; column < end; column++) {
    int64_t index = (row_index * c->pooled_width + column) * c->out + channel;
    int32_t at = (int32_t)column * right;
    for (int64_t block = 0; block < channels; block += WIDTH) {
      int64_t lanes = smaller_of(WIDTH, channels - block);
      Vector flow = flowing(&g->u, index + block, lanes);
      if (bias) store_some(bias + block, load_some(bias + block, lanes) + flow, lanes);
      float values[WIDTH];
      store(values, flow);
      for (int64_t i = 0; i < lanes; i++) {
        int64_t o = block + i;
        int32_t offset = at + (g->u.position ? offsets[g->u.position[index + o]] : 0);
        entries[o * g->segment + counts[o]] = (Entry){offset, values[i]};
        counts[o] += values[i] != 0;
      }
    }
  }
}

static void kernel_gradient_task(void *context, int64_t task, void *scratch) {
  const KernelGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t partial = task / g->groups, channel = task % g->groups * g->group_channels;
  int64_t channels = smaller_of(g->group_channels, c->out - channel);
  if (channels <= 0) return;
  int64_t taps = c->kernel_height * c->padded_run;
  float *sums = g->sums + (partial * c->out + channel) * taps;
  float *bias = g->bias_sums ? g->bias_sums + partial * c->out + channel : NULL;
  memset(sums, 0, (size_t)(channels * taps) * sizeof(float));
  if (bias) memset(bias, 0, (size_t)channels * sizeof(float));

  int64_t *counts = scratch;
  Entry *entries = (Entry *)(counts + g->group_channels);
  float *padded = (float *)(entries + g->group_channels * g->segment);
  int32_t offsets[256];
  int64_t end = smaller_of((partial + 1) * g->units_per_partial, c->batch * c->pooled_height);
  for (int64_t unit = partial * g->units_per_partial; unit < end; unit++) {
    int64_t image = unit / c->pooled_height, row = unit % c->pooled_height;
    Rows rows = padded_rows(c, g->x, image, row * c->pool_height, c->pool_height, c->padded_run - c->run, padded);
    for (int64_t p = 0; p < c->pool_height; p++)
      for (int64_t q = 0; q < c->pool_width; q++)
        offsets[p * c->pool_width + q] = (int32_t)(p * c->stride_height * rows.row_stride + q * c->stride_width * c->in);
    for (int64_t column = 0; column < c->pooled_width; column += g->segment) {
      int64_t last = smaller_of(column + g->segment, c->pooled_width);
      list_by_channel(g, unit, column, last, channel, channels, offsets, entries, counts, bias);
      for (int64_t o = 0; o < channels; o++)
        add_entries(c, sums + o * taps, rows, entries + o * g->segment, counts[o]);
    }
  }
}

/* Adds the partial sums of one vector of output channels, first to last, and writes them as [taps][out]. */
static void sum_partials_task(void *context, int64_t block, void *scratch) {
  const KernelGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t taps = c->kernel_height * c->padded_run, first = block * WIDTH;
  int64_t channels = smaller_of(WIDTH, c->out - first);
  float *totals = scratch;
  memset(totals, 0, (size_t)(channels * taps) * sizeof(float));
  for (int64_t partial = 0; partial < g->partials; partial++) {
    const float *sums = g->sums + (partial * c->out + first) * taps;
    for (int64_t i = 0; i < channels * taps; i += WIDTH) store(totals + i, load(totals + i) + load(sums + i));
  }
  for (int64_t p = 0; p < c->kernel_height; p++)
    for (int64_t j = 0; j < c->run; j++)
      for (int64_t o = 0; o < channels; o++)
        g->dkernel[(p * c->run + j) * c->out + first + o] = totals[o * taps + p * c->padded_run + j];
  if (!g->bias_sums) return;
  for (int64_t o = first; o < first + channels; o++) {
    float total = 0;
    for (int64_t partial = 0; partial < g->partials; partial++) total += g->bias_sums[partial * c->out + o];
    g->dbias[o] = total;
  }
}

static void plan_kernel_gradient(KernelGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t units = c->batch * c->pooled_height;
  int64_t bytes = c->out * c->kernel_height * c->padded_run * (int64_t)sizeof(float);
  int64_t partials = larger_of(1, smaller_of(smaller_of(units, PARTIALS), PARTIAL_BYTES / larger_of(bytes, 1)));
  g->units_per_partial = larger_of(1, divide_up(units, partials));
  g->partials = larger_of(1, divide_up(units, g->units_per_partial));
  g->groups = smaller_of(c->out, divide_up(PARTIALS / 2, g->partials));
  g->group_channels = divide_up(c->out, g->groups);
  int64_t under = ((c->pool_height - 1) * c->stride_height + c->kernel_height) * c->in * c->pool_width * c->stride_width;
  g->segment = larger_of(8, SEGMENT_BYTES / ((int64_t)sizeof(float) * under));
  g->segment = smaller_of(g->segment, larger_of(1, c->pooled_width));
}

/* `dbias` may be null. */
static bool run_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  KernelGradient g = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  plan_kernel_gradient(&g);
  int64_t taps = c->kernel_height * c->padded_run;
  g.sums = shared_scratch((size_t)(g.partials * c->out * (taps + 1)) * sizeof(float));
  if (!g.sums) return false;
  if (dbias) g.bias_sums = g.sums + g.partials * c->out * taps;
  int64_t under = (c->pool_height - 1) * c->stride_height + c->kernel_height;
  size_t bytes = (size_t)g.group_channels * (sizeof(int64_t) + (size_t)g.segment * sizeof(Entry)) +
                 (size_t)padded_rows_size(c, under) * sizeof(float);
  return parallel(g.partials * g.groups, bytes, kernel_gradient_task, &g) &&
         parallel(divide_up(c->out, WIDTH), (size_t)(WIDTH * taps) * sizeof(float), sum_partials_task, &g);
}

/* ---- with respect to x ---- */

typedef struct {
  Upstream u;
  const float *kernel; /* [out][kernel_height][padded_run] */
  float *dx;
  int64_t bands, band_rows; /* rows of dx, cut */
  int64_t row_stride;       /* of the padded rows that sums are made in */
} InputGradient;

INLINE void scatter_block(int rows, int vectors, float *dx, int64_t row_stride, const float *kernel, int64_t kernel_stride,
                          const Entry *entries, int64_t count) {
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] = load(dx + r * row_stride + v * WIDTH);
  for (int64_t e = 0; e < count; e++) {
    const float *weights = kernel + entries[e].offset;
    float value = entries[e].value;
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] += value * load(weights + r * kernel_stride + v * WIDTH);
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) store(dx + r * row_stride + v * WIDTH, acc[r * vectors + v]);
}

/* Adds the kernels of the entries' channels, scaled, to the window of one pixel of the convolution. */
static void scatter(const InputGradient *g, float *dx, const Entry *entries, int64_t count) {
  const Convolution *c = &g->u.c;
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      float *to = dx + p * g->row_stride + j;
      const float *from = g->kernel + p * c->padded_run + j;
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
#define CASE(r, v)                                                                                                      \
  case (r) * 8 + (v): scatter_block(r, v, to, g->row_stride, from, c->padded_run, entries, count); break;
      SWITCH_BLOCK(block_rows, vectors)
#undef CASE
    }
}

/* Lists what flows into one pooled pixel, a list of `out` places for each position of the pool. */
static void list_by_position(const InputGradient *g, int64_t index, Entry *entries, int32_t *counts) {
  const Convolution *c = &g->u.c;
  int64_t taps = c->kernel_height * c->padded_run;
  memset(counts, 0, (size_t)(c->pool_height * c->pool_width) * sizeof(*counts));
  for (int64_t block = 0; block < c->out; block += WIDTH) {
    int64_t lanes = smaller_of(WIDTH, c->out - block);
    float values[WIDTH];
    store(values, flowing(&g->u, index + block, lanes));
    for (int64_t i = 0; i < lanes; i++) {
      int64_t o = block + i, position = g->u.position ? g->u.position[index + o] : 0;
      entries[position * c->out + counts[position]] = (Entry){(int32_t)(o * taps), values[i]};
      counts[position] += values[i] != 0;
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

static void input_gradient_task(void *context, int64_t task, void *scratch) {
  const InputGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t image = task / g->bands, from = task % g->bands * g->band_rows;
  int64_t to = smaller_of(from + g->band_rows, c->height);
  int64_t first, end;
  rows_that_reach(c, from + c->pad_top, to + c->pad_top, &first, &end);
  int64_t step = c->pool_height * c->stride_height;
  int64_t base = smaller_of(from + c->pad_top, first * step); /* the padded row that the sums begin with */
  int64_t reach = end > first ? (end * c->pool_height - 1) * c->stride_height + c->kernel_height : 0;
  int64_t height = larger_of(to + c->pad_top, reach) - base;

  Entry *entries = scratch;
  float *sums = (float *)(entries + round_up(c->pool_height * c->pool_width * c->out, 8));
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
                    entries + place * c->out, counts[place]);
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

static bool run_input_gradient(const Upstream *upstream, const float *kernel, float *dx) {
  InputGradient g = {.u = *upstream, .dx = dx};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  if (c->batch * c->height * c->width * c->in == 0) return true;
  int64_t taps = c->kernel_height * c->padded_run;
  float *transposed = shared_scratch((size_t)(c->out * taps + 1) * sizeof(float));
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
  size_t bytes = (size_t)round_up(c->pool_height * c->pool_width * c->out, 8) * sizeof(Entry) +
                 (size_t)(height * g.row_stride + c->padded_run) * sizeof(float);
  return parallel(c->batch * g.bands, bytes, input_gradient_task, &g);
}

/* ---- the operations ---- */

/* Attributes: strides, pads, kernelHeight, kernelWidth. */
static bool op_conv2dKernelGradient(const Call *call) {
  const int64_t *x = call->inputs[0].shape, *dy = call->inputs[1].shape;
  const double *a = call->attributes;
  Upstream u = {.dy = call->inputs[1].data,
                .c = {.batch = x[0], .height = x[1], .width = x[2], .in = x[3],
                      .kernel_height = (int64_t)a[4], .kernel_width = (int64_t)a[5], .out = dy[3],
                      .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                      .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                      .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, NULL);
}

/* Attributes: strides, pads, activation, kernelHeight, kernelWidth[, convHeight, convWidth, poolHeight, poolWidth]. */
static Upstream fused_kernel_gradient(const Call *call) {
  const int64_t *x = call->inputs[0].shape, *dy = call->inputs[1].shape;
  const double *a = call->attributes;
  return (Upstream){.dy = call->inputs[1].data,
                    .y = a[4] == 1 ? call->inputs[2].data : NULL,
                    .c = {.batch = x[0], .height = x[1], .width = x[2], .in = x[3],
                          .kernel_height = (int64_t)a[5], .kernel_width = (int64_t)a[6], .out = dy[3],
                          .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                          .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                          .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
}

static bool op_convBiasKernelGradient(const Call *call) {
  Upstream u = fused_kernel_gradient(call);
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}

static bool op_convPoolKernelGradient(const Call *call) {
  Upstream u = fused_kernel_gradient(call);
  u.position = call->inputs[3].data;
  u.c.pool_height = (int64_t)call->attributes[9];
  u.c.pool_width = (int64_t)call->attributes[10];
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}

static Upstream input_gradient_sizes(const Call *call, const Tensor *kernel) {
  const int64_t *dx = call->outputs[0].shape, *dy = call->inputs[0].shape;
  const double *a = call->attributes;
  return (Upstream){.dy = call->inputs[0].data,
                    .c = {.batch = dx[0], .height = dx[1], .width = dx[2], .in = dx[3],
                          .kernel_height = kernel->shape[0], .kernel_width = kernel->shape[1], .out = kernel->shape[3],
                          .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                          .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                          .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
}

/* Attributes: strides, pads, inputHeight, inputWidth. */
static bool op_conv2dInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[1]);
  return run_input_gradient(&u, call->inputs[1].data, call->outputs[0].data);
}

/* Attributes: strides, pads, activation, inputHeight, inputWidth. */
static bool op_convBiasInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[2]);
  if (call->attributes[4] == 1) u.y = call->inputs[1].data;
  return run_input_gradient(&u, call->inputs[2].data, call->outputs[0].data);
}

/* Attributes: strides, pads, activation, inputHeight, inputWidth, convHeight, convWidth, poolHeight, poolWidth. */
static bool op_convPoolInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[3]);
  if (call->attributes[4] == 1) u.y = call->inputs[1].data;
  u.position = call->inputs[2].data;
  u.c.pool_height = (int64_t)call->attributes[9];
  u.c.pool_width = (int64_t)call->attributes[10];
  return run_input_gradient(&u, call->inputs[3].data, call->outputs[0].data);
}
