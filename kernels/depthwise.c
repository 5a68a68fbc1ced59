/*
 * Depthwise convolution: each channel of x with `multiplier` kernels of its own. Taps are cut to those inside of x. What is
 * here suits every size; one kernel a channel has faster ways in the files before this one.
 */
#include "depthwise.h"

enum { DEPTHWISE_PARTS = 64 }; /* into which the kernel gradient's rows are cut at most */

static Depthwise depthwise_sizes(const Call *call, const Tensor *x, const Tensor *kernel, const Tensor *y) {
  const double *a = call->attributes;
  return (Depthwise){
      .batch = x->shape[0], .height = x->shape[1], .width = x->shape[2], .channels = x->shape[3],
      .multiplier = kernel->shape[3], .out = y->shape[3],
      .kernel_height = kernel->shape[0], .kernel_width = kernel->shape[1],
      .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1], .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
      .out_height = y->shape[1], .out_width = y->shape[2],
      .x = x->data, .kernel = kernel->data, .dy = y->data, .to = call->outputs[0].data,
  };
}

/* Output channels [first, first + lanes) take these values of a pixel of x. */
INLINE Vector inputs_of(const Depthwise *g, const float *x, int64_t first, int64_t lanes) {
  if (g->multiplier == 1) return load_some(x + first, lanes);
  float values[WIDTH] = {0};
  for (int64_t i = 0; i < smaller_of(lanes, WIDTH); i++) values[i] = x[(first + i) / g->multiplier];
  return load(values);
}

static void depthwise_pixel(const Depthwise *g, const float *x, int64_t top, int64_t left, float *y) {
  for (int64_t first = 0; first < g->out; first += WIDTH) {
    int64_t lanes = g->out - first;
    Vector sum = g->bias ? load_some(g->bias + first, lanes) : splat(0);
    for (int64_t p = larger_of(0, -top); p < smaller_of(g->kernel_height, g->height - top); p++)
      for (int64_t q = larger_of(0, -left); q < smaller_of(g->kernel_width, g->width - left); q++) {
        const float *pixel = x + ((top + p) * g->width + left + q) * g->channels;
        const float *weights = g->kernel + (p * g->kernel_width + q) * g->out + first;
        sum = multiply_add(inputs_of(g, pixel, first, lanes), load_some(weights, lanes), sum);
      }
    store_some(y + first, activate(sum, g->activation), lanes);
  }
}

static void depthwise_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->out_height, top = index % g->out_height * g->stride_height - g->pad_top;
  const float *x = g->x + image * g->height * g->width * g->channels;
  for (int64_t column = 0; column < g->out_width; column++)
    depthwise_pixel(g, x, top, column * g->stride_width - g->pad_left, g->to + (index * g->out_width + column) * g->out);
}

static bool op_depthwiseConv2d(const Call *call) {
  Depthwise g = depthwise_sizes(call, &call->inputs[0], &call->inputs[1], &call->outputs[0]);
  if (g.multiplier == 1) return depthwise_forward_rows(&g, &call->outputs[0]);
  return parallel(g.batch * g.out_height, 0, depthwise_task, &g);
}

static bool op_depthwiseBias(const Call *call) {
  Depthwise g = depthwise_sizes(call, &call->inputs[0], &call->inputs[1], &call->outputs[0]);
  g.bias = call->inputs[2].data;
  g.activation = (int)call->attributes[4];
  if (g.multiplier == 1) return depthwise_forward_rows(&g, &call->outputs[0]);
  return parallel(g.batch * g.out_height, 0, depthwise_task, &g);
}

/* The output that meets an input at this tap of the kernel, or -1. */
INLINE int64_t output_at(int64_t input, int64_t pad, int64_t tap, int64_t stride, int64_t size) {
  int64_t from = input + pad - tap;
  return from >= 0 && from % stride == 0 && from / stride < size ? from / stride : -1;
}

static void depthwise_input_pixel(const Depthwise *g, const float *dy, int64_t row, int64_t column, float *dx) {
  memset(dx, 0, (size_t)g->channels * sizeof(float));
  for (int64_t p = 0; p < g->kernel_height; p++) {
    int64_t i = output_at(row, g->pad_top, p, g->stride_height, g->out_height);
    if (i < 0) continue;
    for (int64_t q = 0; q < g->kernel_width; q++) {
      int64_t j = output_at(column, g->pad_left, q, g->stride_width, g->out_width);
      if (j < 0) continue;
      const float *from = dy + (i * g->out_width + j) * g->out;
      const float *weights = g->kernel + (p * g->kernel_width + q) * g->out;
      for (int64_t o = 0; o < g->out; o++) dx[o / g->multiplier] += from[o] * weights[o];
    }
  }
}

static void depthwise_input_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->height, row = index % g->height;
  const float *dy = g->dy + image * g->out_height * g->out_width * g->out;
  for (int64_t column = 0; column < g->width; column++)
    depthwise_input_pixel(g, dy, row, column, g->to + (index * g->width + column) * g->channels);
}

static bool op_depthwiseConv2dInputGradient(const Call *call) {
  Depthwise g = depthwise_sizes(call, &call->outputs[0], &call->inputs[1], &call->inputs[0]);
  if (g.multiplier == 1) return depthwise_input_rows(&g, &call->outputs[0]);
  return parallel(g.batch * g.height, 0, depthwise_input_task, &g);
}

/* What a row of dy adds to the gradient. */
static void depthwise_kernel_row(const Depthwise *g, int64_t index, float *dkernel) {
  int64_t image = index / g->out_height, top = index % g->out_height * g->stride_height - g->pad_top;
  const float *x = g->x + image * g->height * g->width * g->channels;
  const float *dy = g->dy + index * g->out_width * g->out;
  for (int64_t column = 0; column < g->out_width; column++, dy += g->out) {
    int64_t left = column * g->stride_width - g->pad_left;
    for (int64_t p = larger_of(0, -top); p < smaller_of(g->kernel_height, g->height - top); p++)
      for (int64_t q = larger_of(0, -left); q < smaller_of(g->kernel_width, g->width - left); q++) {
        const float *pixel = x + ((top + p) * g->width + left + q) * g->channels;
        float *to = dkernel + (p * g->kernel_width + q) * g->out;
        for (int64_t first = 0; first < g->out; first += WIDTH) {
          int64_t lanes = g->out - first;
          Vector sum = load_some(to + first, lanes);
          store_some(to + first, multiply_add(inputs_of(g, pixel, first, lanes), load_some(dy + first, lanes), sum), lanes);
        }
      }
  }
}

static void depthwise_kernel_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t rows = g->batch * g->out_height, size = g->kernel_height * g->kernel_width * g->out;
  float *dkernel = g->to + part * size;
  memset(dkernel, 0, (size_t)size * sizeof(float));
  for (int64_t row = part * rows / g->parts; row < (part + 1) * rows / g->parts; row++) depthwise_kernel_row(g, row, dkernel);
}

static bool op_depthwiseConv2dKernelGradient(const Call *call) {
  Depthwise g = depthwise_sizes(call, &call->inputs[0], &call->outputs[0], &call->inputs[1]);
  int64_t size = call->outputs[0].count;
  if (size == 0) return true;
  if (has_tap_sums(&g)) return depthwise_tap_sums(&g, &call->outputs[0]);
  g.parts = larger_of(1, smaller_of(DEPTHWISE_PARTS, g.batch * g.out_height));
  g.to = shared_scratch(float_bytes(g.parts * size));
  return g.to && parallel(g.parts, 0, depthwise_kernel_task, &g) && sum_parts(g.to, g.parts, size, call->outputs[0].data);
}
