/*
 * The fingerprint of a picture, to the bits of src/data/duplicates/fingerprint.ts and src/data/reduce.ts, which are the definition: in
 * float64 where JavaScript computes so, rounded to float32 where an array holds that, and without fused multiply-adds.
 */
#include "fingerprint.h"

#include <math.h>
#include <stdlib.h>

enum { ENOUGH_PIXELS = 256 };

/* What one value takes of a row or a column: `weights` of the `count` pixels from `first` on. */
typedef struct {
  int64_t first, count;
  double *weights;
} Span;

typedef struct {
  Span spans[GREY_SIDE];
  double *weights; /* of all spans, one behind the other */
} Axis;

struct Fingerprint {
  int64_t channels, step, width, height; /* of the thinned picture, which has every `step`th pixel of every `step`th row */
  int64_t row;                           /* of the picture, the next */
  Axis rows, columns;
  float sums[GREY_SIDE][GREY_SIDE * 3];
};

static void area_under(int64_t index, int64_t from, Span *span) {
  double begin = (double)(index * from) / GREY_SIDE, end = (double)((index + 1) * from) / GREY_SIDE;
  span->first = (int64_t)floor(begin);
  int64_t last = (int64_t)fmin((double)from, ceil(end - 1e-9));
  span->count = last - span->first;
  for (int64_t i = 0; i < span->count; i++) {
    double pixel = (double)(span->first + i);
    span->weights[i] = (fmin(end, pixel + 1) - fmax(begin, pixel)) / (end - begin);
  }
}

static void between(int64_t index, int64_t from, Span *span) {
  double centre = fmin((double)(from - 1), fmax(0, ((double)index + 0.5) * (double)from / GREY_SIDE - 0.5));
  span->first = (int64_t)fmin(floor(centre), fmax(0, (double)(from - 2)));
  span->count = from == 1 ? 1 : 2;
  double share = centre - (double)span->first;
  span->weights[0] = from == 1 ? 1 : 1 - share;
  if (from > 1) span->weights[1] = share;
}

static bool find_spans(int64_t from, Axis *axis) {
  axis->weights = malloc((size_t)(from + 3 * GREY_SIDE) * sizeof(double)); /* neighbours share a pixel at each end */
  if (!axis->weights) return false;
  double *weights = axis->weights;
  for (int64_t i = 0; i < GREY_SIDE; i++) {
    axis->spans[i].weights = weights;
    if (from >= GREY_SIDE) area_under(i, from, &axis->spans[i]);
    else between(i, from, &axis->spans[i]);
    weights += axis->spans[i].count;
  }
  return true;
}

static void drop(Fingerprint *f) {
  free(f->rows.weights);
  free(f->columns.weights);
  free(f);
}

Fingerprint *begin_fingerprint(int64_t height, int64_t width, int64_t channels) {
  Fingerprint *f = calloc(1, sizeof(Fingerprint));
  if (!f) return NULL;
  int64_t step = (height < width ? height : width) / ENOUGH_PIXELS;
  f->channels = channels;
  f->step = step < 2 ? 1 : step;
  f->height = height / f->step;
  f->width = width / f->step;
  if (find_spans(f->height, &f->rows) && find_spans(f->width, &f->columns)) return f;
  drop(f);
  return NULL;
}

static inline void reduce_row(const Fingerprint *f, const uint8_t *row, int64_t channels, float *reduced) {
  int64_t stride = f->step * channels;
  for (int64_t x = 0; x < GREY_SIDE; x++) {
    const Span *span = &f->columns.spans[x];
    const uint8_t *pixel = row + span->first * stride;
    double sums[3] = {0, 0, 0};
    for (int64_t i = 0; i < span->count; i++, pixel += stride)
      for (int64_t c = 0; c < channels; c++) sums[c] += span->weights[i] * pixel[c];
    for (int64_t c = 0; c < 3; c++) reduced[x * 3 + c] = (float)sums[channels == 3 ? c : 0];
  }
}

void add_row(Fingerprint *f, const uint8_t *row) {
  int64_t y = f->row++;
  if (y % f->step != 0 || y / f->step >= f->height) return;
  y /= f->step;
  float reduced[GREY_SIDE * 3];
  if (f->channels == 3) reduce_row(f, row, 3, reduced);
  else reduce_row(f, row, 1, reduced);
  for (int64_t i = 0; i < GREY_SIDE; i++) {
    const Span *span = &f->rows.spans[i];
    if (y < span->first || y >= span->first + span->count) continue;
    double weight = span->weights[y - span->first];
    for (int64_t j = 0; j < GREY_SIDE * 3; j++) f->sums[i][j] = (float)(f->sums[i][j] + weight * reduced[j]);
  }
}

void end_fingerprint(Fingerprint *f, uint8_t *grey) {
  for (int64_t i = 0; i < GREY_SIDE * GREY_SIDE; i++) {
    const float *pixel = f->sums[0] + i * 3;
    double luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    grey[i] = (uint8_t)floor(luma + 0.5);
  }
  drop(f);
}
