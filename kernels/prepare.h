#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "picture-rows.h"

typedef struct {
  int64_t top, left, height, width;
} Box;

/* Along one axis, for each output: the first input, how many, and their weights, `taps` apart. See src/data/spans.ts. */
typedef struct {
  int64_t taps;
  const int32_t *ranges;
  const float *weights;
} Spans;

/* From part of a picture to part of what a model takes. */
typedef struct {
  PictureRows *picture;
  int64_t height, width, channels; /* 1 or 3 channels */
  float *target;                   /* [target_height][target_width][channels] */
  int64_t target_height, target_width;
  Box from, to;
  bool weighted; /* by `rows` and `columns`; otherwise bilinear between two neighbours */
  Spans rows, columns;
  float scale, offset;
} Preparation;

/* A picture that lies in memory. */
typedef struct {
  PictureRows rows;
  const uint8_t *pixels;
  int64_t height, row_bytes;
} DecodedPicture;

DecodedPicture decoded_picture(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels);

/* False when there is no memory, or a row of the picture is missing. */
bool prepare_picture(const Preparation *preparation);
