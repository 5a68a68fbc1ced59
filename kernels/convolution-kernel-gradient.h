/* What the ways to compute the kernel gradient of a pooled convolution share: the partial sums, each over some rows, that are added up at the end. */
#pragma once

#include "convolution-gradient.h"

enum {
  PARTIALS = 64,            /* partial sums of a kernel gradient at most, */
  PARTIAL_BYTES = 16 << 20, /* and together */
  SEGMENT_BYTES = 32 << 10  /* of x under the entries that are gone through for each output channel */
};

typedef struct {
  Upstream u;
  const float *x;
  float *sums;      /* [partials][out][kernel_height][padded_run] */
  float *bias_sums; /* [partials][out] */
  int64_t partials, units_per_partial; /* a unit is a pooled row of an image */
  int64_t groups, group_channels;      /* output channels, cut */
  int64_t segment;                     /* pooled columns gone through at a time */
  float *dkernel, *dbias;
} KernelGradient;
