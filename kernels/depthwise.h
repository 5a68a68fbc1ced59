/* What the files of the depthwise convolution share. */
#pragma once

#include "fovea.h"
#include "fused-activation.h"
#include "vector.h"

typedef struct {
  int64_t batch, height, width, channels; /* of x */
  int64_t multiplier, out;                /* out = channels * multiplier */
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width, pad_top, pad_left;
  int64_t out_height, out_width;
  int activation;
  const float *x, *kernel, *bias, *dy; /* bias may be null */
  float *to;
  int64_t parts;
  int64_t band, bands; /* rows of what is written a task, tasks an image */
  bool streamed;
} Depthwise;

/*
 * What will be read next is asked for in the order that it lies in memory, a little with each vector of channels: reading a
 * vector of each of some pixels is no order that a processor would foresee. Asking past the end does no harm.
 */
INLINE const float *ask_ahead(const float *ahead, int64_t vectors) {
  enum { LINE = 64 / sizeof(float) };
  for (int64_t i = 0; i < vectors * WIDTH; i += LINE) __builtin_prefetch(ahead + i, 0, 2);
  return ahead + vectors * WIDTH;
}
