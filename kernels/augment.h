#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Images that are changed in place, one behind the other. */
typedef struct {
  float *images; /* [count][height][width][channels] */
  int64_t count, height, width, channels;
  double least, greatest; /* the range of values */
  const double *changes;  /* for each image: how many, and of each its code and parameters as src/data/augment/ gives them */
  int64_t words;
} Augmentation;

/* Whether `changes` is what it should be; the others may only be called then. */
bool sound_changes(const Augmentation *augmentation);

/* False when there is no memory. */
bool change_images(const Augmentation *augmentation);
