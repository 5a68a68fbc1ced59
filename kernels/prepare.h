#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t top, left, height, width;
} Box;

/* Along one axis, for each output: the first input, how many, and their weights, `taps` apart. See src/data/spans.ts. */
typedef struct {
  int64_t taps;
  const int32_t *ranges;
  const float *weights;
} Spans;

/* From part of a decoded picture, [height][width][channels] bytes, to part of what a model takes. */
typedef struct {
  const uint8_t *pixels;
  int64_t height, width, channels; /* 1 or 3 channels */
  float *target;                   /* [target_height][target_width][channels] */
  int64_t target_height, target_width;
  Box from, to;
  bool weighted; /* by `rows` and `columns`; otherwise bilinear between two neighbours */
  Spans rows, columns;
  float scale, offset;
} Preparation;

/* False when there is no memory. */
bool prepare_picture(const Preparation *preparation);
