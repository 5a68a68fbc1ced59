/*
 * The input gradients of conv2d and convBias: a transposed convolution of dy. A row h of dx takes from kernel row p where
 * h + padTop = i * stride + p, so the rows with the same remainder a = (h + padTop) % stride, t = (h + padTop) / stride, are
 * a convolution of stride one over dy with the kernel's rows a, a + stride, … turned round; columns likewise.
 */
#include "convolution-gradient.h"
#include "convolution-packing.h"
#include "convolution-winograd.h"

/* One axis of it. */
typedef struct {
  int64_t size, kernel, stride, pad; /* size: of dx */
  int64_t first, count; /* values of t that dx has */
  int64_t taps;         /* of the phase that has most */
} Axis;

static Axis axis_of(int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  int64_t first = pad / stride;
  return (Axis){size, kernel, stride, pad, first, (size - 1 + pad) / stride - first + 1, divide_up(kernel, stride)};
}

/* Kernel rows of phase a. */
INLINE int64_t phase_taps(const Axis *axis, int64_t a) { return larger_of(0, divide_up(axis->kernel - a, axis->stride)); }

/* Where in dx the first t of phase a lies; below zero when dx begins later. */
INLINE int64_t phase_start(const Axis *axis, int64_t a) { return axis->first * axis->stride + a - axis->pad; }

static Images upstream_images(const Upstream *u, const Axis *height, const Axis *width) {
  const Convolution *c = &u->c;
  Images images = {.x = u->dy, .mask_y = u->y, .activation = c->activation,
                   .height = c->pooled_height, .width = c->pooled_width, .channels = c->out,
                   .pad_top = height->taps - 1 - height->first, .pad_left = width->taps - 1 - width->first,
                   .stride_height = 1, .kernel_height = height->taps, .rows = height->count,
                   .covered = width->count + width->taps - 1};
  place_images(&images);
  return images;
}

/* Phase (a, b) without its packed kernel; `offsets` has room for a run of each of its taps. */
static Phase phase_of(const Convolution *c, const Images *images, const Axis *height, const Axis *width, int64_t a,
                      int64_t b, int64_t *offsets) {
  int64_t rows = phase_taps(height, a), columns = phase_taps(width, b), start = phase_start(width, b);
  int64_t skipped = start < 0; /* the first t lies before dx */
  int64_t first = start + skipped * c->stride_width;
  bool sliding = can_slide(c->in, columns, 1);
  Phase phase = {.kernels = {.taps = rows * columns * c->out, .out = c->in, .sliding = sliding,
                             .vectors = tile_vectors(sliding, false)},
                 .window = (height->taps - rows) * images->row + (width->taps - columns + skipped) * images->pixel,
                 .end = images->rows, .y_row = phase_start(height, a), .row_step = c->stride_height, .y_column = first,
                 .columns = first < c->width ? (c->width - 1 - first) / c->stride_width + 1 : 0};
  phase.kernels.windows = (Windows){.right = images->pixel, .y_right = c->stride_width * c->in};
  describe_windows(&phase.kernels, images, rows, columns, false, offsets);
  return phase;
}

static Packing phase_packing(const Convolution *c, const float *kernel, int64_t rows, int64_t columns, int64_t a, int64_t b) {
  return (Packing){.kernel = kernel, .kernel_width = c->kernel_width, .in = c->in, .out = c->out, .rows = rows, .columns = columns,
                   .first_row = a + (rows - 1) * c->stride_height, .row_step = -c->stride_height,
                   .first_column = b + (columns - 1) * c->stride_width, .column_step = -c->stride_width, .transposed = true};
}

/* With stride one it is a convolution of dy with the kernel turned round. */
static Winograd turned_convolution(const Upstream *u, const float *kernel, float *dx) {
  const Convolution *c = &u->c;
  Images images = {.x = u->dy, .mask_y = u->y, .activation = c->activation, .height = c->pooled_height, .width = c->pooled_width,
                   .channels = c->out, .pad_top = 2 - c->pad_top, .pad_left = 2 - c->pad_left};
  return (Winograd){.images = images, .batch = c->batch, .in = c->out, .out = c->in, .rows = c->height, .columns = c->width,
                    .y = dx, .kernel = kernel, .turned = true};
}

static bool run_input_gradient(const Upstream *u, const float *kernel, float *dx) {
  const Convolution *c = &u->c;
  if (c->batch * c->height * c->width * c->in == 0) return true;
  if (has_few_channels(c)) return run_few_channels(u, kernel, dx);
  if (suits_winograd(c, c->height, c->width)) return run_winograd(turned_convolution(u, kernel, dx));
  Axis height = axis_of(c->height, c->kernel_height, c->stride_height, c->pad_top);
  Axis width = axis_of(c->width, c->kernel_width, c->stride_width, c->pad_left);
  Images images = upstream_images(u, &height, &width);
  int64_t count = c->stride_height * c->stride_width, places = c->kernel_height * c->kernel_width;
  int64_t floats = divide_up(c->in, WIDTH) * WIDTH * (places * c->out + count);
  int64_t head = round_up(count * (int64_t)sizeof(Phase) + places * (int64_t)sizeof(int64_t), 64);
  char *memory = shared_scratch(float_bytes(head / (int64_t)sizeof(float) + floats));
  if (!memory) return false;
  Phase *phases = (Phase *)memory;
  int64_t *offsets = (int64_t *)(phases + count);
  float *packed = (float *)(memory + head);
  for (int64_t i = 0; i < count; i++) {
    int64_t a = i / c->stride_width, b = i % c->stride_width, rows = phase_taps(&height, a), columns = phase_taps(&width, b);
    phases[i] = phase_of(c, &images, &height, &width, a, b, offsets);
    phases[i].kernels.packed = packed;
    if (!pack_kernel(&phases[i].kernels, phase_packing(c, kernel, rows, columns, a, b))) return false;
    packed += packed_size(&phases[i].kernels);
    offsets += rows * columns;
  }
  return run_direct(&(Direct){.images = images, .batch = c->batch, .y = dx, .y_height = c->height, .y_width = c->width,
                              .phases = phases, .phase_count = count});
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
  u.c.activation = (int64_t)call->attributes[4];
  if (u.c.activation) u.y = call->inputs[1].data;
  return run_input_gradient(&u, call->inputs[2].data, call->outputs[0].data);
}
