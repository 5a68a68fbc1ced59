/* The kernel as the tiles read it: see Kernels in convolution-rows.h. */
#pragma once

#include "convolution-direct.h"
#include "transpose.h"

enum { TURNED_CHANNELS = 64 }; /* turned at a time: what they go to stays in the first cache meanwhile */

/* The part of a kernel [height][width][in][out] that a convolution or a phase uses, and in which order. */
typedef struct {
  const Kernels *kernels;
  float *packed;
  const float *kernel, *bias; /* bias may be null */
  int64_t kernel_width, in, out;
  int64_t rows, columns;                /* kernel rows and columns used */
  int64_t first_row, row_step;          /* which they are, in the windows' order */
  int64_t first_column, column_step;
  bool transposed; /* windows hold output channels, lanes are input channels */
} Packing;

/* Place in a panel of the value of a window. */
INLINE int64_t tap_place(const Packing *p, int64_t row, int64_t column, int64_t channel, int64_t channels) {
  if (p->kernels->sliding) return (row * channels + channel) * SLIDING_WIDTH + column;
  return (row * p->columns + column) * channels + channel;
}

/* One vector of lanes that are rows of a matrix [lanes][out], turned; zeros where there are less of them. */
static void pack_lanes(const Packing *p, const float *rows, int64_t lanes, float *to, int64_t step) {
  int64_t wide = smaller_of(lanes, WIDTH);
  for (int64_t first = 0; first < p->out; first += TURNED_CHANNELS, to += TURNED_CHANNELS * step) {
    int64_t count = smaller_of(TURNED_CHANNELS, p->out - first);
    if (wide < WIDTH)
      for (int64_t i = 0; i < count; i++) store(to + i * step, splat(0));
    transpose(rows + first, p->out, wide, count, to, step);
  }
}

/* One kernel position: matrix [in][out] to one vector of lanes of the panel, from `lane` on. */
static void pack_position(const Packing *p, const float *matrix, int64_t row, int64_t column, int64_t lane, float *to,
                          int64_t stride) {
  int64_t channels = p->transposed ? p->out : p->in;
  float *values = to + tap_place(p, row, column, 0, channels) * stride;
  int64_t step = (p->kernels->sliding ? SLIDING_WIDTH : 1) * stride;
  if (p->transposed) pack_lanes(p, matrix + lane * p->out, p->in - lane, values, step);
  else
    for (int64_t channel = 0; channel < channels; channel++, values += step)
      store(values, load_some(matrix + channel * p->out + lane, p->out - lane));
}

static void pack_panel(void *context, int64_t panel, void *scratch) {
  (void)scratch;
  const Packing *p = context;
  int64_t vectors = vectors_of_panel(p->kernels, panel), stride = vectors * WIDTH;
  int64_t first = panel * p->kernels->vectors * WIDTH;
  float *to = p->packed + (panel_at(p->kernels, panel) - p->kernels->packed);
  for (int64_t v = 0; v < vectors; v++) {
    int64_t lane = first + v * WIDTH;
    store(to + v * WIDTH, p->bias ? load_some(p->bias + lane, p->kernels->out - lane) : splat(0));
    for (int64_t row = 0; row < p->rows; row++)
      for (int64_t column = 0; column < p->columns; column++) {
        int64_t place = (p->first_row + row * p->row_step) * p->kernel_width + p->first_column + column * p->column_step;
        pack_position(p, p->kernel + place * p->in * p->out, row, column, lane, to + stride + v * WIDTH, stride);
      }
  }
}

/* Fills the memory that `kernels` points to. */
static bool pack_kernel(const Kernels *kernels, Packing packing) {
  packing.kernels = kernels;
  packing.packed = (float *)kernels->packed;
  int64_t panels = panel_count(kernels);
  if (packed_size(kernels) >= 2 * PACK_WORK) return parallel(panels, 0, pack_panel, &packing);
  for (int64_t panel = 0; panel < panels; panel++) pack_panel(&packing, panel, NULL);
  return true;
}

/*
 * How windows of `rows` x `columns` pixels are run through; `offsets` has room for as many. Windows read in place come from far:
 * those of the next tile are fetched while one is summed. Copied ones are near.
 */
static void describe_windows(Kernels *k, const Images *images, int64_t rows, int64_t columns, bool pooled,
                             int64_t *offsets) {
  Windows *w = &k->windows;
  bool joined = !k->sliding && images->pixel == images->channels; /* the pixels of a window's row are one run */
  int64_t parts = k->sliding || joined ? 1 : columns;
  w->runs = columns ? rows * parts : 0;
  w->run = images->channels * (joined ? columns : 1);
  w->offsets = offsets;
  for (int64_t i = 0; i < w->runs; i++) offsets[i] = i / parts * images->row + i % parts * images->pixel;
  if (!images->in_place || !w->run) return;
  if (k->sliding == SLIDING_OVER_COLOURS) {
    w->ahead = rows * images->row * (int64_t)sizeof(float);
    return;
  }
  int64_t next = tiles_for(k->vectors, k->sliding, pooled).columns * w->right;
  w->ahead = (next + (columns - 1) * images->channels) * (int64_t)sizeof(float);
  w->ahead_step = divide_up(next * (int64_t)sizeof(float), w->run);
}
