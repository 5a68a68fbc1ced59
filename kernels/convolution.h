/*
 * Convolution, alone or with bias, ReLU and max pooling, as one set of sizes. An unpooled convolution is one whose pools
 * are 1 x 1. Images are [height, width, channels]: the kernelWidth * in values of a window's row lie side by side, so
 * a window is kernelHeight runs of `run` values, whatever its size and channels.
 */
#pragma once

#include "fovea.h"
#include "fused-activation.h"
#include "vector.h"

/* The position of a pool whose largest value ReLU has cut off: nothing flows back. */
enum { STOPPED = 255 };

typedef struct {
  int64_t batch, height, width, in; /* of x */
  int64_t kernel_height, kernel_width, out;
  int64_t stride_height, stride_width, pad_top, pad_left;
  int64_t pool_height, pool_width;
  int64_t pooled_height, pooled_width; /* of y */
  int64_t rows, columns;               /* of the convolution that the pools cover */
  int64_t run, padded_run;             /* kernel_width * in, and that rounded up to whole vectors */
  int64_t activation;
} Convolution;

/* Columns of x, padding included, that the windows of a row of the convolution cover. */
INLINE int64_t columns_covered(const Convolution *c, int64_t columns) {
  return (columns - 1) * c->stride_width + c->kernel_width;
}

INLINE void finish_convolution(Convolution *c) {
  c->rows = c->pooled_height * c->pool_height;
  c->columns = c->pooled_width * c->pool_width;
  c->run = c->kernel_width * c->in;
  c->padded_run = round_up(c->run, WIDTH);
}

/* Rows of x with zeros for the padding. */
typedef struct {
  const float *data; /* first row, first column (of the padding, where there is one) */
  int64_t row_stride;
} Rows;

/* Floats of scratch that `padded_rows` may need. */
INLINE int64_t padded_rows_size(const Convolution *c, int64_t rows) {
  return rows * columns_covered(c, c->columns) * c->in + c->padded_run;
}

/*
 * The rows of an image that are under rows [first, first + count) of the convolution: in place where that reads
 * nothing outside of x, with up to `overrun` floats read behind a window; otherwise copied to scratch.
 */
static Rows padded_rows(const Convolution *c, const float *x, int64_t image, int64_t first, int64_t count,
                        int64_t overrun, float *scratch) {
  int64_t top = first * c->stride_height - c->pad_top;
  int64_t height = (count - 1) * c->stride_height + c->kernel_height;
  int64_t covered = columns_covered(c, c->columns);
  const float *pixels = x + image * c->height * c->width * c->in;
  int64_t end = ((top + height - 1) * c->width + covered) * c->in + overrun;
  bool inside = top >= 0 && top + height <= c->height && c->pad_left == 0 && covered <= c->width;
  if (inside && image * c->height * c->width * c->in + end <= c->batch * c->height * c->width * c->in)
    return (Rows){pixels + top * c->width * c->in, c->width * c->in};

  int64_t row_stride = covered * c->in;
  int64_t left = smaller_of(c->pad_left, covered);
  int64_t copied = larger_of(0, smaller_of(c->width, covered - left));
  for (int64_t row = 0; row < height; row++) {
    float *to = scratch + row * row_stride;
    int64_t from = top + row;
    if (from < 0 || from >= c->height) {
      memset(to, 0, (size_t)row_stride * sizeof(float));
      continue;
    }
    memset(to, 0, (size_t)(left * c->in) * sizeof(float));
    memcpy(to + left * c->in, pixels + from * c->width * c->in, (size_t)(copied * c->in) * sizeof(float));
    memset(to + (left + copied) * c->in, 0, (size_t)((covered - left - copied) * c->in) * sizeof(float));
  }
  memset(scratch + height * row_stride, 0, (size_t)overrun * sizeof(float));
  return (Rows){scratch, row_stride};
}
