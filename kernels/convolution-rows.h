/*
 * Rows of a convolution, one piece at a time: where their windows begin in x, and the tiles that cover them. Where there is padding
 * or a mask, the rows of x under the piece are first copied to scratch.
 */
#pragma once

#include "convolution-tile.h"

/* A window starts at every (stride_height)th row of the padded images; the sizes may be those of a transposed convolution. */
typedef struct {
  const float *x;
  const float *mask_y; /* x is what flows back through the activation that y came out of, where this is not null */
  int64_t activation;
  int64_t height, width, channels;
  int64_t pad_top, pad_left; /* below zero: rows and columns that no window reaches */
  int64_t stride_height, kernel_height;
  int64_t rows;             /* of the convolution, in an image */
  int64_t covered;          /* pixels of a padded row that windows reach */
  bool in_place;            /* all windows lie inside of x */
  int64_t pixel, row;       /* floats from a pixel that is read to the next one, from a row to the next one */
} Images;

enum { ALIASING_BYTES = 4096 }; /* addresses so far apart share their few places in the first cache */

/* Settles where windows are read from. */
INLINE void place_images(Images *images) {
  bool fits = images->pad_top == 0 && images->pad_left == 0 && images->covered <= images->width &&
              (images->rows - 1) * images->stride_height + images->kernel_height <= images->height;
  bool aliases = images->channels * (int64_t)sizeof(float) % ALIASING_BYTES == 0;
  images->in_place = fits && !images->mask_y && !aliases;
  images->pixel = images->channels + (aliases ? WIDTH : 0);
  images->row = (images->in_place ? images->width : images->covered) * images->pixel;
}

/* Floats of scratch for `count` rows of the convolution. */
INLINE int64_t scratch_size(const Images *images, int64_t count) {
  if (images->in_place) return 0;
  int64_t pieces = count / larger_of(1, images->rows) + 2; /* images that they may lie in */
  return (count * images->stride_height + pieces * images->kernel_height) * images->row;
}

INLINE void copy_values(const Images *images, int64_t from, int64_t count, float *to) {
  if (!images->mask_y) {
    memcpy(to, images->x + from, (size_t)count * sizeof(float));
    return;
  }
  const float *x = images->x + from, *y = images->mask_y + from;
  int activation = (int)images->activation;
  int64_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) store(to + i, pass_gradient(load(x + i), load(y + i), activation));
  if (i < count) store_some(to + i, pass_gradient(load_some(x + i, count - i), load_some(y + i, count - i), activation), count - i);
}

/*
 * Row `row` of an image with its padding; zeros where it lies outside. Nothing is asked for there, not even no bytes: where
 * that is past the memory's end, WebAssembly ends the run.
 */
static void copy_row(const Images *images, int64_t image, int64_t row, float *to) {
  int64_t pixel = images->pixel, channels = images->channels;
  int64_t skipped = larger_of(0, -images->pad_left), left = smaller_of(larger_of(0, images->pad_left), images->covered);
  int64_t copied = larger_of(0, smaller_of(images->width - skipped, images->covered - left));
  if (row < 0 || row >= images->height || copied == 0) {
    memset(to, 0, (size_t)images->row * sizeof(float));
    return;
  }
  int64_t from = ((image * images->height + row) * images->width + skipped) * channels;
  memset(to, 0, (size_t)(left * pixel) * sizeof(float));
  to += left * pixel;
  if (pixel == channels) copy_values(images, from, copied * channels, to);
  else
    for (int64_t i = 0; i < copied; i++) copy_values(images, from + i * channels, channels, to + i * pixel);
  memset(to + copied * pixel, 0, (size_t)((images->covered - left - copied) * pixel) * sizeof(float));
}

/* Finds the first window of `count` rows of the convolution, counted over all images from row `first` on. */
static void find_windows(const Images *images, int64_t first, int64_t count, float *scratch, const float **windows) {
  for (int64_t done = 0; done < count;) {
    int64_t image = (first + done) / images->rows, row = (first + done) % images->rows;
    int64_t here = smaller_of(count - done, images->rows - row), top = row * images->stride_height - images->pad_top;
    int64_t height = (here - 1) * images->stride_height + images->kernel_height;
    const float *base = images->x + (image * images->height + top) * images->row;
    if (!images->in_place) {
      for (int64_t i = 0; i < height; i++) copy_row(images, image, top + i, scratch + i * images->row);
      base = scratch;
      scratch += height * images->row;
    }
    for (int64_t i = 0; i < here; i++) windows[done + i] = base + i * images->stride_height * images->row;
    done += here;
  }
}

/* The packed kernel: panels of one or two vectors of output channels, [bias, then each value of a window][vectors][WIDTH]. */
typedef struct {
  Windows windows;
  const float *packed;
  int64_t taps; /* values of a window */
  int64_t out;
  Sliding sliding;
  int64_t vectors; /* of output channels of a panel; the last one may have less */
} Kernels;

INLINE int64_t panel_count(const Kernels *k) { return divide_up(k->out, k->vectors * WIDTH); }

/* Floats of all panels. */
INLINE int64_t packed_size(const Kernels *k) { return divide_up(k->out, WIDTH) * (k->taps + 1) * WIDTH; }

/* Vectors of output channels of a panel. */
INLINE int64_t vectors_of_panel(const Kernels *k, int64_t panel) {
  return smaller_of(k->vectors, divide_up(k->out, WIDTH) - panel * k->vectors);
}

INLINE const float *panel_at(const Kernels *k, int64_t panel) {
  return k->packed + panel * k->vectors * (k->taps + 1) * WIDTH;
}

enum { NEAR_PANELS = 24 << 10 }; /* bytes of panels that stay in the first cache beside what a tile reads of x */

/* Panels that take turns at each tile: those of equal width that stay in the first cache, otherwise one. */
INLINE int64_t panels_in_turn(const Kernels *k, int64_t first, int64_t end) {
  int64_t bytes = (end - first) * k->vectors * (k->taps + 1) * WIDTH * (int64_t)sizeof(float);
  return bytes <= NEAR_PANELS && k->out % (k->vectors * WIDTH) == 0 ? end - first : 1;
}

/* The strands of a pair of rows, `columns` pixels each, as tiles of about the same width, each of them for `panels` panels. */
static void convolve_strands(const Kernels *k, int64_t vectors, int64_t panels, Tile tile, int64_t columns) {
  Tiles tiles = tiles_for(vectors, k->sliding, false);
  int64_t count = divide_up(columns, tiles.columns), lanes = vectors * WIDTH;
  const float *x = tile.x, *panel = tile.panel;
  float *y = tile.y;
  for (int64_t i = 0; i < count; i++) {
    int64_t from = columns * i / count, to = columns * (i + 1) / count;
    tile.x = x + from * k->windows.right;
    for (int64_t j = 0; j < panels; j++) {
      tile.panel = panel + j * lanes * (k->taps + 1);
      tile.y = y + from * k->windows.y_right + j * lanes;
      tiles.of[to - from - 1](&k->windows, &tile);
    }
  }
}

/* Rows of the convolution, some of its panels: `windows` are where their first windows lie, `y` where they go. */
static void convolve_rows(const Kernels *k, int64_t first_panel, int64_t end_panel, const float *const *windows,
                          float *const *y, int64_t rows, int64_t columns) {
  int64_t panels = panels_in_turn(k, first_panel, end_panel);
  for (int64_t panel = first_panel; panel < end_panel; panel += panels) {
    int64_t channel = panel * k->vectors * WIDTH, vectors = vectors_of_panel(k, panel);
    Tile tile = {.panel = panel_at(k, panel), .channels = k->out - channel};
    for (int64_t row = 0; row < rows; row += STRANDS) {
      tile.x = windows[row];
      tile.y = y[row] + channel;
      /* A last single row is cut into halves, which overlap when its columns are odd. */
      int64_t half = divide_up(columns, STRANDS), width = row + 1 < rows ? columns : half;
      tile.x_down = row + 1 < rows ? windows[row + 1] - windows[row] : (columns - half) * k->windows.right;
      tile.y_down = row + 1 < rows ? y[row + 1] - y[row] : (columns - half) * k->windows.y_right;
      convolve_strands(k, vectors, panels, tile, width);
    }
  }
}
