/*
 * The kernel gradients of conv2d, convBias and convPool. Behind a pool each listed element adds a window of x, scaled by
 * it; without one nearly all of dy flows, and convolution-kernel-gradient-winograd.c or convolution-kernel-gradient-dense.c
 * takes every element.
 */
#include "convolution-kernel-gradient.h"

INLINE void add_windows(int rows, int vectors, float *sums, int64_t sums_stride, const float *x, int64_t row_stride,
                        Entries entries, int64_t count) {
  const int sets = rows * vectors >= 6 ? 1 : 3; /* independent sums enough to hide the latency */
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  const float *base[BLOCK_ROWS];
  UNROLL for (int r = 0; r < rows; r++) base[r] = keep(x + r * row_stride);
  UNROLL for (int s = 0; s < sets; s++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[(s * rows + r) * vectors + v] = s ? splat(0) : load(sums + r * sums_stride + v * WIDTH);
  int64_t e = 0;
  for (; e + sets <= count; e += sets)
    UNROLL for (int s = 0; s < sets; s++)
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          acc[(s * rows + r) * vectors + v] += entries.values[e + s] * load(base[r] + entries.offsets[e + s] + v * WIDTH);
  for (; e < count; e++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] += entries.values[e] * load(base[r] + entries.offsets[e] + v * WIDTH);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector sum = acc[r * vectors + v];
      UNROLL for (int s = 1; s < sets; s++) sum += acc[(s * rows + r) * vectors + v];
      store(sums + r * sums_stride + v * WIDTH, sum);
    }
}

#define DEFINE(rows, vectors)                                                                                           \
  static void add_windows_##rows##_##vectors(float *sums, int64_t sums_stride, const float *x, int64_t row_stride,     \
                                             Entries entries, int64_t count) {                                    \
    add_windows(rows, vectors, sums, sums_stride, x, row_stride, entries, count);                                      \
  }
FOR_EACH_BLOCK(DEFINE)
#undef DEFINE

/* Adds the entries' windows of x to one output channel's sums. */
static void add_entries(const Convolution *c, float *sums, Rows rows, Entries entries, int64_t count) {
  static BlockFunction add[BLOCK_ROWS][BLOCK_VECTORS] = BLOCK_TABLE(add_windows);
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
      add[block_rows - 1][vectors - 1](sums + p * c->padded_run + j, c->padded_run, rows.data + p * rows.row_stride + j,
                                       rows.row_stride, entries, count);
    }
}

/* Lists what flows into pooled columns [first, end) of a row: `segment` places for each of the group's channels. */
static void list_by_channel(const KernelGradient *g, int64_t row_index, int64_t first, int64_t end, int64_t channel,
                            int64_t channels, const int32_t *offsets, Entries entries, int32_t *counts, float *bias) {
  const Convolution *c = &g->u.c;
  for (int64_t o = 0; o < channels; o++) counts[o] = 0;
  int32_t right = (int32_t)(c->pool_width * c->stride_width * c->in);
  for (int64_t column = first; column < end; column++) {
    int64_t index = (row_index * c->pooled_width + column) * c->out + channel;
    int32_t at = (int32_t)column * right;
    for (int64_t block = 0; block < channels; block += WIDTH) {
      int64_t lanes = smaller_of(WIDTH, channels - block);
      Vector flow = flowing(&g->u, index + block, lanes);
      store_some(bias + block, load_some(bias + block, lanes) + flow, lanes);
      float values[WIDTH];
      int32_t flows[WIDTH];
      store(values, flow);
      store_integers(flows, flow != splat(0));
      const uint8_t *position = g->u.position + index + block;
      for (int64_t i = 0; i < lanes; i++) {
        int64_t place = (block + i) * g->segment + counts[block + i];
        entries.offsets[place] = at + offsets[position[i]];
        entries.values[place] = values[i];
        counts[block + i] -= flows[i];
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
  float *bias = g->bias_sums + partial * c->out + channel;
  memset(sums, 0, (size_t)(channels * taps) * sizeof(float));
  memset(bias, 0, (size_t)channels * sizeof(float));

  int64_t places = g->group_channels * g->segment;
  Entries entries = {scratch, (float *)scratch + places};
  int32_t *counts = (int32_t *)scratch + 2 * places;
  float *padded = (float *)scratch + 2 * places + g->group_channels;
  int32_t offsets[STOPPED + 1] = {0};
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
        add_entries(c, sums + o * taps, rows, entries_from(entries, o * g->segment), counts[o]);
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

static bool run_pooled_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  KernelGradient g = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  plan_kernel_gradient(&g);
  int64_t taps = c->kernel_height * c->padded_run;
  g.sums = shared_scratch(float_bytes(g.partials * c->out * (taps + 1)));
  if (!g.sums) return false;
  g.bias_sums = g.sums + g.partials * c->out * taps;
  int64_t under = (c->pool_height - 1) * c->stride_height + c->kernel_height;
  size_t bytes = float_bytes(g.group_channels * (1 + 2 * g.segment) + padded_rows_size(c, under) + WIDTH);
  Task permuted = permuted_kernel_gradient(&g);
  int64_t tasks = g.partials * (permuted ? c->out / WIDTH : g.groups);
  return parallel(tasks, bytes, permuted ? permuted : kernel_gradient_task, &g) &&
         parallel(divide_up(c->out, WIDTH), float_bytes(WIDTH * taps), sum_partials_task, &g);
}

/* `kernel_size` says where among the attributes kernelHeight and kernelWidth are; strides and pads come first. */
static Upstream kernel_gradient_sizes(const Call *call, int kernel_size) {
  const int64_t *x = call->inputs[0].shape, *dy = call->inputs[1].shape;
  const double *a = call->attributes;
  return (Upstream){.dy = call->inputs[1].data,
                    .c = {.batch = x[0], .height = x[1], .width = x[2], .in = x[3], .out = dy[3],
                          .kernel_height = (int64_t)a[kernel_size], .kernel_width = (int64_t)a[kernel_size + 1],
                          .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                          .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                          .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
}

/* `dbias` may be null. */
static bool run_unpooled_kernel_gradient(Upstream *u, const float *x, float *dkernel, float *dbias) {
  finish_convolution(&u->c);
  return (suits_winograd_gradient(&u->c) ? run_winograd_kernel_gradient : run_dense_kernel_gradient)(u, x, dkernel, dbias);
}

/* Attributes: strides, pads, kernelHeight, kernelWidth. */
static bool op_conv2dKernelGradient(const Call *call) {
  Upstream u = kernel_gradient_sizes(call, 4);
  return run_unpooled_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, NULL);
}

/* Attributes: strides, pads, activation, kernelHeight, kernelWidth. */
static bool op_convBiasKernelGradient(const Call *call) {
  Upstream u = kernel_gradient_sizes(call, 5);
  set_activation(&u, call->attributes[4], call->inputs[2].data);
  return run_unpooled_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}

/* Attributes: strides, pads, kernelHeight, kernelWidth, convHeight, convWidth, poolHeight, poolWidth. */
static bool op_convPoolKernelGradient(const Call *call) {
  Upstream u = kernel_gradient_sizes(call, 4);
  u.position = call->inputs[2].data;
  u.c.pool_height = (int64_t)call->attributes[8];
  u.c.pool_width = (int64_t)call->attributes[9];
  return run_pooled_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}
