/*
 * A box of a convolution, images x rows x columns, as the dense kernel gradient reads it: what a block of input channels
 * needs of x (with zeros for the padding) and a block of output channels of dy (zero where the activation stops it), side by
 * side. The loops over its pixels then meet no edge, no stride that crowds into few sets of the cache, and no memory but the
 * cache: what the next box is copied from is fetched meanwhile.
 */
#pragma once

#include "convolution-gradient.h"
#include "outer-products.h"

/* Floats from pixel to pixel that lead to few sets of the first-level cache, with their multiples. */
enum { CROWDED = 64 };

typedef struct {
  int64_t images, rows, columns;
} Extent;

typedef struct {
  Upstream u;
  const float *x;
  float *sums;      /* [parts][taps][out]: dkernel where there is one part */
  float *bias_sums; /* [parts][out], or null */
  int64_t in_block, out_block, in_blocks, out_blocks;
  Extent box, boxes; /* its size; how many there are each way */
  int64_t parts, boxes_per_part;
  float *dkernel, *dbias;
  int64_t step_rows, step_columns; /* of the copy of x, from window to window */
  bool x_in_place, dy_in_place;    /* read where it lies, not copied */
} DenseGradient;

typedef struct {
  const char *from, *end;
} Span;

/* What a task works on and with. */
typedef struct {
  const DenseGradient *g;
  int64_t in, ins, out, outs; /* first channels and how many */
  int64_t pixel_stride;       /* of x as the tiles read it */
  int64_t runs, run;          /* values of a window's row side by side, and how many such runs it has */
  float *sums;                /* [vectors of out, by OUTER_VECTORS][kernel_height][kernel_width * ins][vectors * WIDTH] */
  float *bias;                /* [outs], or null */
  float *x_copy;              /* [images][rows][columns][pixel_stride] */
  float *dy_copy;             /* [vectors of out, by OUTER_VECTORS][pixels][vectors * WIDTH] */
  int32_t *offsets;           /* of each pixel's window */
  const float *x, *dy;        /* the box's, copied or in place */
  int64_t row_stride;         /* of x */
  Span ahead[3];              /* of x, dy and y, for the next box */
  int64_t ahead_bytes, tiles; /* together, and by how many tiles of this box they are fetched */
} Block;

/* Columns (or rows) of the copy under `count` windows: those that no window covers are left out. */
INLINE int64_t copied_size(int64_t count, int64_t step, int64_t kernel) { return (count - 1) * step + kernel; }

/* Crowded pixels are moved apart; others stay side by side, where all of a window's row can be cut into tiles at once. */
INLINE int64_t pixel_stride_of(int64_t ins) { return ins % CROWDED ? ins : ins + 16; }

/* The box's first pixel among those of the convolution. */
INLINE int64_t first_pixel(const Convolution *c, Extent first) {
  return (first.images * c->rows + first.rows) * c->columns + first.columns;
}

/* `count` pixels of a row of x (or null: of the padding), from `column` on; zeros outside. */
static float *copy_window_pixels(const Block *b, const float *row, int64_t column, int64_t count, float *to) {
  const Convolution *c = &b->g->u.c;
  int64_t stride = b->pixel_stride, left = row ? smaller_of(count, larger_of(0, -column)) : count;
  int64_t inside = larger_of(0, smaller_of(count - left, c->width - column - left));
  memset(to, 0, (size_t)(left * stride) * sizeof(float));
  to += left * stride;
  if (inside > 0) {
    const float *from = row + (column + left) * c->in + b->in;
    if (stride == c->in)
      memcpy(to, from, (size_t)(inside * stride) * sizeof(float));
    else
      for (int64_t i = 0; i < inside; i++) memcpy(to + i * stride, from + i * c->in, (size_t)b->ins * sizeof(float));
  }
  to += inside * stride;
  int64_t right = count - left - inside;
  memset(to, 0, (size_t)(right * stride) * sizeof(float));
  return to + right * stride;
}

/* A row of x under `columns` windows from `column` on. */
static float *copy_window_row(const Block *b, const float *row, int64_t column, int64_t columns, float *to) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  int64_t from = column * c->stride_width - c->pad_left;
  if (g->step_columns == c->stride_width)
    return copy_window_pixels(b, row, from, copied_size(columns, g->step_columns, c->kernel_width), to);
  for (int64_t i = 0; i < columns; i++) to = copy_window_pixels(b, row, from + i * c->stride_width, c->kernel_width, to);
  return to;
}

static void list_windows(const Block *b, Extent box, int64_t image_stride, int64_t row_step, int64_t column_step) {
  int32_t *offset = b->offsets;
  for (int64_t image = 0; image < box.images; image++)
    for (int64_t row = 0; row < box.rows; row++)
      for (int64_t column = 0; column < box.columns; column++)
        *offset++ = (int32_t)(image * image_stride + row * row_step + column * column_step);
}

/* What windows of the box cover, and where in it each begins. */
static void take_windows(Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  if (g->x_in_place) {
    b->row_stride = c->width * c->in;
    b->x = g->x + (first.images * c->height + first.rows * c->stride_height) * b->row_stride +
           first.columns * c->stride_width * c->in;
    list_windows(b, box, c->height * b->row_stride, c->stride_height * b->row_stride, c->stride_width * c->in);
    return;
  }
  int64_t rows = copied_size(box.rows, g->step_rows, c->kernel_height);
  b->row_stride = copied_size(box.columns, g->step_columns, c->kernel_width) * b->pixel_stride;
  b->x = b->x_copy;
  float *to = b->x_copy;
  for (int64_t image = 0; image < box.images; image++) {
    const float *pixels = g->x + (first.images + image) * c->height * c->width * c->in;
    for (int64_t r = 0; r < rows; r++) {
      int64_t window = smaller_of(r / g->step_rows, box.rows - 1);
      int64_t row = (first.rows + window) * c->stride_height - c->pad_top + r - window * g->step_rows;
      bool inside = row >= 0 && row < c->height;
      to = copy_window_row(b, inside ? pixels + row * c->width * c->in : NULL, first.columns, box.columns, to);
    }
  }
  list_windows(b, box, rows * b->row_stride, g->step_rows * b->row_stride, g->step_columns * b->pixel_stride);
}

/* dy of `pixels` pixels side by side, `vectors` (a constant) whole vectors of each, to `to` or nowhere; adds it to `sums`. */
INLINE void take_whole(const Upstream *u, int vectors, bool masked, int64_t index, int64_t pixels, float *to, Vector *sums) {
  Vector totals[OUTER_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) totals[v] = sums[v];
  for (int64_t pixel = 0; pixel < pixels; pixel++, index += u->c.out)
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector flow = masked ? flowing(u, index + v * WIDTH, WIDTH) : load(u->dy + index + v * WIDTH);
      totals[v] += flow;
      if (to) store(to + (pixel * vectors + v) * WIDTH, flow);
    }
  UNROLL for (int v = 0; v < vectors; v++) sums[v] = totals[v];
}

/* The same of any number of channels. */
static void take_channels(const Upstream *u, int64_t channels, int64_t index, int64_t pixels, float *to, Vector *sums) {
  if (channels == 2 * WIDTH)
    u->y ? take_whole(u, 2, true, index, pixels, to, sums) : take_whole(u, 2, false, index, pixels, to, sums);
  else if (channels == WIDTH)
    u->y ? take_whole(u, 1, true, index, pixels, to, sums) : take_whole(u, 1, false, index, pixels, to, sums);
  else
    for (int64_t pixel = 0; pixel < pixels; pixel++, index += u->c.out)
      for (int64_t v = 0; v * WIDTH < channels; v++, to += WIDTH) {
        Vector flow = flowing(u, index + v * WIDTH, channels - v * WIDTH);
        sums[v] += flow;
        store(to, flow);
      }
}

/* The box's dy, one column of tiles behind the other, or in place; and its sum. */
static void take_dy(Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  b->dy = g->dy_in_place ? g->u.dy + first_pixel(c, first) * c->out + b->out : b->dy_copy;
  if (g->dy_in_place && !b->bias) return;
  int64_t rows = box.rows, columns = box.columns;
  if (columns == c->columns) columns *= rows, rows = 1;
  float *to = b->dy_copy;
  for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
    int64_t channels = smaller_of(OUTER_VECTORS * WIDTH, b->outs - out), lanes = round_up(channels, WIDTH);
    Vector sums[OUTER_VECTORS];
    for (int64_t v = 0; v < OUTER_VECTORS; v++) sums[v] = splat(0);
    for (int64_t image = 0; image < box.images; image++)
      for (int64_t row = 0; row < rows; row++, to += columns * lanes) {
        Extent at = {first.images + image, first.rows + row, first.columns};
        take_channels(&g->u, channels, first_pixel(c, at) * c->out + b->out + out, columns, g->dy_in_place ? NULL : to, sums);
      }
    for (int64_t v = 0; b->bias && v * WIDTH < channels; v++) {
      float *bias = b->bias + out + v * WIDTH;
      store_some(bias, load_some(bias, channels - v * WIDTH) + sums[v], channels - v * WIDTH);
    }
  }
}

INLINE Span span_of(const float *from, int64_t count) {
  return (Span){(const char *)from, (const char *)(from + larger_of(0, count))};
}

/* Plans to fetch what the next box is taken from; where a block needs but some channels it is left to the processor. */
static void plan_ahead(Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  int64_t index = first_pixel(c, first) * c->out;
  Extent last = {first.images + box.images - 1, first.rows + box.rows - 1, first.columns + box.columns};
  int64_t count = b->outs == c->out ? first_pixel(c, last) * c->out - index : 0;
  b->ahead[0] = span_of(g->u.dy + index, count);
  b->ahead[1] = g->u.y ? span_of(g->u.y + index, count) : b->ahead[0];
  if (!g->u.y) b->ahead[1].end = b->ahead[1].from;
  int64_t top = larger_of(0, first.rows * c->stride_height - c->pad_top);
  int64_t bottom = smaller_of(c->height, last.rows * c->stride_height - c->pad_top + c->kernel_height);
  bool whole = b->ins == c->in && g->step_columns == c->stride_width;
  int64_t rows = whole ? (box.images - 1) * c->height + bottom - top : 0;
  b->ahead[2] = span_of(g->x + (first.images * c->height + top) * c->width * c->in, rows * c->width * c->in);
  b->ahead_bytes = 0;
  for (int i = 0; i < 3; i++) b->ahead_bytes += b->ahead[i].end - b->ahead[i].from;
}

/* Has the panel of the tile of that number fetch its share. */
static void fetch_share(const Block *b, int64_t tile, Panel *panel) {
  int64_t share = b->ahead_bytes / b->tiles, at = tile * share;
  const Span *span = b->ahead;
  for (; span < b->ahead + 2 && at >= span->end - span->from; span++) at -= span->end - span->from;
  panel->ahead = span->from + at;
  panel->ahead_step = divide_up(share, panel->pixels);
}
