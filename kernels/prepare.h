#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From a decoded picture, [height][width][3] bytes, to what a model takes; false when there is no memory. */
typedef struct {
  const uint8_t *pixels;
  int64_t height, width;
  float *target; /* [target_height][target_width][3] */
  int64_t target_height, target_width;
  float scale, offset;
} Preparation;

bool prepare_picture(const Preparation *preparation);
