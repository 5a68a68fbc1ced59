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
