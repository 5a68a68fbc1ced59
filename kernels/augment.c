/*
 * What augmentation does to images, to the bits of src/data/augment/, which is the definition: the same order, and each
 * operation rounded by itself, so this file is compiled without fused multiply-adds.
 */
#include "augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of each change, as its file in src/data/augment/ lists them. */
enum { FLIP, AFFINE, BRIGHTNESS, CONTRAST, CODES };
static const int parameter_count[CODES] = {[FLIP] = 2, [AFFINE] = 6, [BRIGHTNESS] = 1, [CONTRAST] = 1};

typedef void Change(const Augmentation *a, const double *parameters, const float *image, float *target);

static inline double clip(double value, double least, double greatest) {
  return value < least ? least : value > greatest ? greatest : value;
}

static void mirror_row(const float *row, int64_t width, int64_t channels, float *target) {
  for (int64_t x = 0; x < width; x++)
    for (int64_t c = 0; c < channels; c++) target[x * channels + c] = row[(width - 1 - x) * channels + c];
}

/* mirrored, upside down */
static void flip(const Augmentation *a, const double *parameters, const float *image, float *target) {
  int64_t length = a->width * a->channels;
  for (int64_t y = 0; y < a->height; y++) {
    const float *row = image + (parameters[1] != 0 ? a->height - 1 - y : y) * length;
    if (parameters[0] == 0) memcpy(target + y * length, row, (size_t)length * sizeof(float));
    else if (a->channels == 3) mirror_row(row, a->width, 3, target + y * length); /* of a known length, unrolled */
    else mirror_row(row, a->width, a->channels, target + y * length);
  }
}

static double reflect(double coordinate, int64_t length) {
  if (coordinate >= 0 && coordinate <= (double)(length - 1)) return coordinate;
  if (length == 1) return 0;
  double period = 2.0 * (double)length, shifted = coordinate < 0 ? -coordinate - 1 : coordinate;
  double in_period = fmod(fmod(shifted, period) + period, period);
  double mirrored = in_period >= (double)length ? period - in_period - 1 : in_period;
  return clip(mirrored, 0, (double)(length - 1));
}

static inline void sample(const float *image, int64_t width, int64_t channels, double x, double y, float *target) {
  int64_t left = (int64_t)x, top = (int64_t)y; /* neither is negative */
  double right = x - (double)left, bottom = y - (double)top;
  const float *from = image + (top * width + left) * channels;
  int64_t beside = right > 0 ? channels : 0, below = bottom > 0 ? width * channels : 0;
  for (int64_t c = 0; c < channels; c++) {
    double above = from[c] * (1 - right) + from[c + beside] * right;
    double under = from[c + below] * (1 - right) + from[c + below + beside] * right;
    target[c] = (float)(above * (1 - bottom) + under * bottom);
  }
}

/* a0, a1, a2, b0, b1, b2 */
static void affine(const Augmentation *a, const double *m, const float *image, float *target) {
  for (int64_t row = 0; row < a->height; row++) {
    for (int64_t column = 0; column < a->width; column++, target += a->channels) {
      double x = reflect(m[0] * (double)column + m[1] * (double)row + m[2], a->width);
      double y = reflect(m[3] * (double)column + m[4] * (double)row + m[5], a->height);
      if (a->channels == 3) sample(image, a->width, 3, x, y, target);
      else sample(image, a->width, a->channels, x, y, target);
    }
  }
}

/* delta */
static void brightness(const Augmentation *a, const double *parameters, const float *restrict image, float *restrict target) {
  int64_t length = a->height * a->width * a->channels;
  float delta = (float)parameters[0], least = (float)a->least, greatest = (float)a->greatest;
  for (int64_t i = 0; i < length; i++) {
    float value = image[i] + delta;
    target[i] = value < least ? least : value > greatest ? greatest : value;
  }
}

/* Up to three channels of each pixel. */
static void stretch(const Augmentation *a, const float *restrict image, float *restrict target, int count, float factor, const float *shifts) {
  float least = (float)a->least, greatest = (float)a->greatest, all[48];
  int64_t length = a->height * a->width * a->channels, i = 0;
  if (a->channels == 3) { /* 16 pixels at a time, whose shifts repeat */
    for (int lane = 0; lane < 48; lane++) all[lane] = shifts[lane % 3];
    for (; i + 48 <= length; i += 48)
      for (int lane = 0; lane < 48; lane++) {
        float value = image[i + lane] * factor + all[lane];
        target[i + lane] = value < least ? least : value > greatest ? greatest : value;
      }
  }
  for (; i < length; i += a->channels)
    for (int c = 0; c < count; c++) {
      float value = image[i + c] * factor + shifts[c];
      target[i + c] = value < least ? least : value > greatest ? greatest : value;
    }
}

/* factor */
static void contrast(const Augmentation *a, const double *parameters, const float *restrict image, float *restrict target) {
  int64_t channels = a->channels, pixels = a->height * a->width;
  float factor = (float)parameters[0];
  for (int64_t first = 0; first < channels; first += 3) { /* of three channels at once, as one sum waits for itself */
    int count = channels - first < 3 ? (int)(channels - first) : 3;
    double sums[3] = {0, 0, 0};
    if (count == 3)
      for (int64_t i = first; i < pixels * channels; i += channels)
        for (int c = 0; c < 3; c++) sums[c] += image[i + c];
    else
      for (int64_t i = first; i < pixels * channels; i += channels)
        for (int c = 0; c < count; c++) sums[c] += image[i + c];
    float shifts[3];
    for (int c = 0; c < count; c++) {
      double mean = sums[c] / (double)pixels;
      shifts[c] = (float)(mean - mean * factor);
    }
    stretch(a, image + first, target + first, count, factor, shifts);
  }
}

static Change *const changes[CODES] = {[FLIP] = flip, [AFFINE] = affine, [BRIGHTNESS] = brightness, [CONTRAST] = contrast};

bool sound_changes(const Augmentation *a) {
  int64_t word = 0;
  for (int64_t image = 0; image < a->count; image++) {
    if (word >= a->words) return false;
    for (double left = a->changes[word++]; left > 0; left--) {
      if (word >= a->words) return false;
      double code = a->changes[word++];
      if (!(code >= 0 && code < (double)CODES)) return false;
      word += parameter_count[(int)code];
    }
  }
  return word == a->words;
}

bool change_images(const Augmentation *a) {
  size_t length = (size_t)(a->height * a->width * a->channels);
  float *spare = malloc(length * sizeof(float));
  if (!spare) return false;
  const double *word = a->changes;
  for (int64_t row = 0; row < a->count; row++) {
    float *image = a->images + (size_t)row * length, *from = image, *to = spare;
    for (double left = *word++; left > 0; left--) {
      int code = (int)*word++;
      changes[code](a, word, from, to);
      word += parameter_count[code];
      float *written = to;
      to = from;
      from = written;
    }
    if (from != image) memcpy(image, from, length * sizeof(float));
  }
  free(spare);
  return true;
}
