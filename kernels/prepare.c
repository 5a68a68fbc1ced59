/*
 * Bilinear resizing and scaling of a picture, to the bits of src/data/prepare.ts, which is the definition: each product, sum
 * and difference is rounded by itself, so this file is compiled without fused multiply-adds.
 */
#include "prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void mix_columns(const uint8_t *row, const Place *columns, int64_t width, float *target) {
  for (int64_t x = 0; x < width; x++, target += 3) {
    const uint8_t *left = row + columns[x].lower * 3, *right = row + columns[x].upper * 3;
    for (int c = 0; c < 3; c++) target[c] = (float)left[c] + (float)(right[c] - left[c]) * columns[x].share;
  }
}

static const float *resized_row(Rows *rows, int64_t row) {
  for (int i = 0; i < 2; i++)
    if (rows->kept[i] == row) return rows->rows[i];
  int slot = rows->oldest;
  rows->oldest = 1 - slot;
  rows->kept[slot] = row;
  mix_columns(rows->p->pixels + row * rows->p->width * 3, rows->columns, rows->p->target_width, rows->rows[slot]);
  return rows->rows[slot];
}

static void mix_rows(const float *above, const float *below, float share, const Preparation *p, float *target) {
  for (int64_t i = 0; i < p->target_width * 3; i++) {
    float value = above[i] + (below[i] - above[i]) * share;
    target[i] = value * p->scale + p->offset;
  }
}

static void prepare_rows(const Preparation *p, Place *places, float *room) {
  int64_t length = p->target_width * 3;
  Rows rows = {.p = p, .columns = places + p->target_height, .rows = {room, room + length}, .kept = {-1, -1}};
  find_places(p->height, p->target_height, places);
  find_places(p->width, p->target_width, rows.columns);
  for (int64_t y = 0; y < p->target_height; y++) {
    const float *above = resized_row(&rows, places[y].lower);
    const float *below = resized_row(&rows, places[y].upper);
    mix_rows(above, below, places[y].share, p, p->target + y * length);
  }
}

bool prepare_picture(const Preparation *p) {
  Place *places = malloc((size_t)(p->target_height + p->target_width) * sizeof(Place));
  float *room = malloc((size_t)p->target_width * 6 * sizeof(float));
  bool enough = places && room;
  if (enough) prepare_rows(p, places, room);
  free(places);
  free(room);
  return enough;
}
