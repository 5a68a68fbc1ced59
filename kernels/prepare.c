/*
 * Resizing and scaling of a picture, to the bits of src/data/prepare.ts, which is the definition: each product, sum
 * and difference is rounded by itself, so this file is compiled without fused multiply-adds.
 */
#include "prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *decoded_row(PictureRows *rows, int64_t y, int64_t oldest) {
  const DecodedPicture *picture = (const DecodedPicture *)rows;
  (void)oldest;
  return y < picture->height ? picture->pixels + y * picture->row_bytes : NULL;
}

DecodedPicture decoded_picture(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels) {
  return (DecodedPicture){{decoded_row}, pixels, height, width * channels};
}

static const uint8_t *source_row(const Preparation *p, int64_t row, int64_t oldest) {
  const uint8_t *pixels = p->picture->row(p->picture, p->from.top + row, p->from.top + oldest);
  return pixels ? pixels + p->from.left * p->channels : NULL;
}

static float *target_row(const Preparation *p, int64_t row) {
  return p->target + ((p->to.top + row) * p->target_width + p->to.left) * p->channels;
}

/* ---- between two neighbours ---- */

/* For each output position: the two input positions that it lies between, and the share of the upper one. */
typedef struct {
  int32_t lower, upper;
  float share;
} Place;

typedef struct {
  const Preparation *p;
  Place *columns;
  float *rows[2]; /* rows of the picture at the new width; the last two are kept, as enlarging asks for them again */
  int64_t kept[2];
  int oldest;
} Rows;

static void find_places(int64_t input, int64_t output, Place *places) {
  float scale = (float)input / (float)output;
  for (int64_t i = 0; i < output; i++) {
    float position = ((float)i + 0.5f) * scale - 0.5f, floor = floorf(position), ceiling = ceilf(position);
    places[i].lower = floor < 0 ? 0 : (int32_t)floor;
    places[i].upper = ceiling > (float)(input - 1) ? (int32_t)(input - 1) : (int32_t)ceiling;
    places[i].share = position - floor;
  }
}

static inline void mix_columns(const uint8_t *row, const Place *columns, int64_t width, int channels, float *target) {
  for (int64_t x = 0; x < width; x++, target += channels) {
    const uint8_t *left = row + columns[x].lower * channels, *right = row + columns[x].upper * channels;
    for (int c = 0; c < channels; c++) target[c] = (float)left[c] + (float)(right[c] - left[c]) * columns[x].share;
  }
}

static const float *resized_row(Rows *rows, int64_t row) {
  const Preparation *p = rows->p;
  for (int i = 0; i < 2; i++)
    if (rows->kept[i] == row) return rows->rows[i];
  const uint8_t *source = source_row(p, row, row);
  if (!source) return NULL;
  int slot = rows->oldest;
  rows->oldest = 1 - slot;
  rows->kept[slot] = row;
  if (p->channels == 3) mix_columns(source, rows->columns, p->to.width, 3, rows->rows[slot]);
  else mix_columns(source, rows->columns, p->to.width, 1, rows->rows[slot]);
  return rows->rows[slot];
}

static void mix_rows(const float *above, const float *below, float share, const Preparation *p, float *target) {
  for (int64_t i = 0; i < p->to.width * p->channels; i++) {
    float value = above[i] + (below[i] - above[i]) * share;
    target[i] = value * p->scale + p->offset;
  }
}

static bool mix_picture(const Preparation *p, Place *places, float *room) {
  int64_t length = p->to.width * p->channels;
  Rows rows = {.p = p, .columns = places + p->to.height, .rows = {room, room + length}, .kept = {-1, -1}};
  find_places(p->from.height, p->to.height, places);
  find_places(p->from.width, p->to.width, rows.columns);
  for (int64_t y = 0; y < p->to.height; y++) {
    const float *above = resized_row(&rows, places[y].lower);
    const float *below = resized_row(&rows, places[y].upper);
    if (!above || !below) return false;
    mix_rows(above, below, places[y].share, p, target_row(p, y));
  }
  return true;
}

/* ---- by weights ---- */

/* One row of the new height, at the old width. */
static bool weigh_rows(const Preparation *p, int64_t y, float *tall) {
  int64_t length = p->from.width * p->channels, start = p->rows.ranges[y * 2];
  memset(tall, 0, (size_t)length * sizeof(float));
  for (int32_t k = 0; k < p->rows.ranges[y * 2 + 1]; k++) {
    const uint8_t *row = source_row(p, start + k, start);
    float weight = p->rows.weights[y * p->rows.taps + k];
    if (!row) return false;
    for (int64_t i = 0; i < length; i++) tall[i] += weight * (float)row[i];
  }
  return true;
}

static inline void weigh_columns(const Preparation *p, const float *tall, int channels, float *target) {
  const Spans *spans = &p->columns;
  for (int64_t x = 0; x < p->to.width; x++, target += channels) {
    const float *from = tall + spans->ranges[x * 2] * channels, *weights = spans->weights + x * spans->taps;
    float sums[3] = {0, 0, 0};
    for (int32_t k = 0; k < spans->ranges[x * 2 + 1]; k++, from += channels)
      for (int c = 0; c < channels; c++) sums[c] += weights[k] * from[c];
    for (int c = 0; c < channels; c++) target[c] = sums[c] * p->scale + p->offset;
  }
}

static bool weigh_picture(const Preparation *p, float *tall) {
  for (int64_t y = 0; y < p->to.height; y++) {
    if (!weigh_rows(p, y, tall)) return false;
    if (p->channels == 3) weigh_columns(p, tall, 3, target_row(p, y));
    else weigh_columns(p, tall, 1, target_row(p, y));
  }
  return true;
}

/* What the picture does not reach is black. */
static void fill_target(const Preparation *p) {
  float black = 0 * p->scale + p->offset;
  for (int64_t i = 0; i < p->target_height * p->target_width * p->channels; i++) p->target[i] = black;
}

bool prepare_picture(const Preparation *p) {
  Place *places = malloc((size_t)(p->to.height + p->to.width) * sizeof(Place));
  size_t width = (size_t)(p->weighted ? p->from.width : 2 * p->to.width);
  float *room = malloc(width * (size_t)p->channels * sizeof(float));
  bool done = places && room;
  if (done && (p->to.height < p->target_height || p->to.width < p->target_width)) fill_target(p);
  if (done) done = p->weighted ? weigh_picture(p, room) : mix_picture(p, places, room);
  free(places);
  free(room);
  return done;
}
