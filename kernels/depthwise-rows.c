/*
 * Depthwise convolution with one kernel a channel, which is nearly all there are. A row of the result is a correlation of
 * a few rows of the source, whether forward (steps of the stride over x) or for dx (for each residue of the stride those
 * taps of the kernel that meet it, over dy), so that one function serves both. Some pixels of one vector of channels are in
 * registers at a time; the kernel is read once for them.
 */
#include "depthwise.h"

enum {
  ROW_COLUMNS = 7,   /* pixels of the result at a time */
  FEWER_COLUMNS = 4, /* where less are left; and in long rows, which come from memory, in fewer streams then */
  SHORT_ROW = 28,
  WIDEST_ROW = 5,  /* taps of a row of the kernel, at most, that stay in registers */
  DEPTHWISE_BAND_BYTES = 1 << 19,
  DEPTHWISE_TASKS = 16 /* that an operation has at least, where it has as many rows */
};

/* to[t * to_step] = activation(bias + sum over i, b of from[i * from_row + (t * step + b) * channels] * weights[...]) */
typedef struct {
  const float *from, *weights, *bias; /* bias may be null */
  int64_t from_row, weights_row, weights_tap;
  int64_t rows; /* of taps; none gives the bias alone */
  const float *ahead; /* what the next row will need that this one does not, `ahead_rows` of the source */
  int64_t ahead_rows;
  int64_t channels;
  float *to;
  int64_t to_step;
  int activation;
  bool streamed;
} DepthwiseRow;

/* Columns of the source that exist, counted from a tile's first one. */
typedef struct {
  int64_t first, end;
} Existing;

/*
 * `columns`, `step` and `taps` are constants; `from` and `to` are those of the first column. Each value of the source is loaded
 * once for all results that it serves. Of a `cut` tile some columns of the source lie outside: they are zeros.
 */
INLINE void depthwise_vector(int columns, int taps, int step, bool cut, Existing there, const DepthwiseRow *g, const float *from,
                             float *to, int64_t c, int64_t lanes) {
  if (columns > 1) {
    int64_t vectors = columns * step * g->ahead_rows;
    ask_ahead(g->ahead + (from - g->from) * g->ahead_rows + c / WIDTH * vectors * WIDTH, vectors);
  }
  Vector sums[ROW_COLUMNS], bias = g->bias ? load_some(g->bias + c, lanes) : splat(0);
  UNROLL for (int t = 0; t < columns; t++) sums[t] = bias;
  for (int64_t i = 0; i < g->rows; i++) {
    const float *x = from + i * g->from_row + c, *w = g->weights + i * g->weights_row + c;
    Vector weights[WIDEST_ROW];
    UNROLL for (int b = 0; b < taps; b++) weights[b] = load_some(w + b * g->weights_tap, lanes);
    UNROLL for (int column = 0; column < (columns - 1) * step + taps; column++) {
      Vector value = splat(0);
      if (!cut || (column >= there.first && column < there.end)) value = load_some(x + column * g->channels, lanes);
      UNROLL for (int t = 0; t < columns; t++)
        if (column - t * step >= 0 && column - t * step < taps)
          sums[t] = multiply_add(value, weights[column - t * step], sums[t]);
    }
  }
  UNROLL for (int t = 0; t < columns; t++) {
    Vector y = activate(sums[t], g->activation);
    if (g->streamed) stream(to + t * g->to_step + c, y);
    else store_some(to + t * g->to_step + c, y, lanes);
  }
}

/* All channels, in whole vectors (their length a constant) and what is left. */
INLINE void depthwise_tile(int columns, int taps, int step, bool cut, Existing there, const DepthwiseRow *g, const float *from,
                           float *to) {
  int64_t c = 0;
  for (; c + WIDTH <= g->channels; c += WIDTH) depthwise_vector(columns, taps, step, cut, there, g, from, to, c, WIDTH);
  if (c < g->channels) depthwise_vector(columns, taps, step, cut, there, g, from, to, c, g->channels - c);
}

/* Result t meets the source's columns from start + t * step on, of which `width` exist; `taps` and `step` are constants. */
INLINE void depthwise_tiles(int taps, int step, const DepthwiseRow *g, int64_t start, int64_t width, int64_t count) {
  const float *from = g->from + start * g->channels;
  float *to = g->to;
  bool is_short = count <= SHORT_ROW;
  for (int64_t done = 0; done < count;) {
    int columns = is_short && count - done >= ROW_COLUMNS ? ROW_COLUMNS : count - done >= FEWER_COLUMNS ? FEWER_COLUMNS : count - done >= 2 ? 2 : 1;
    Existing there = {-start, width - start};
    bool cut = there.first > 0 || there.end < (columns - 1) * step + taps;
#define TILE(n)                                                                                                         \
  if (cut) depthwise_tile(n, taps, step, true, there, g, from, to);                                                    \
  else depthwise_tile(n, taps, step, false, there, g, from, to)
    if (columns == ROW_COLUMNS) {
      TILE(ROW_COLUMNS);
    } else if (columns == FEWER_COLUMNS) {
      TILE(FEWER_COLUMNS);
    } else if (columns == 2) {
      TILE(2);
    } else {
      TILE(1);
    }
#undef TILE
    done += columns, start += columns * step;
    from += columns * step * g->channels, to += columns * g->to_step;
  }
}

/* Any taps and step. */
static void depthwise_any_row(const DepthwiseRow *g, int64_t taps, int64_t step, int64_t start, int64_t width, int64_t count) {
  for (int64_t t = 0; t < count; t++) {
    int64_t left = start + t * step, first = larger_of(0, -left), end = smaller_of(taps, width - left);
    for (int64_t c = 0; c < g->channels; c += WIDTH) {
      int64_t lanes = g->channels - c;
      Vector sum = g->bias ? load_some(g->bias + c, lanes) : splat(0);
      for (int64_t i = 0; i < g->rows; i++)
        for (int64_t b = first; b < end; b++)
          sum = multiply_add(load_some(g->from + i * g->from_row + (left + b) * g->channels + c, lanes),
                             load_some(g->weights + i * g->weights_row + b * g->weights_tap + c, lanes), sum);
      sum = activate(sum, g->activation);
      if (g->streamed) stream(g->to + t * g->to_step + c, sum);
      else store_some(g->to + t * g->to_step + c, sum, lanes);
    }
  }
}

static void depthwise_row(const DepthwiseRow *g, int64_t taps, int64_t step, int64_t start, int64_t width, int64_t count) {
#define TILES(n, by)                                                                                                    \
  if (taps == n && step == by) depthwise_tiles(n, by, g, start, width, count);                                         \
  else
  TILES(3, 1) TILES(3, 2) TILES(5, 1) TILES(5, 2) TILES(2, 1) TILES(1, 1) depthwise_any_row(g, taps, step, start, width, count);
#undef TILES
}

/* ---- bands of rows ---- */

static void cut_depthwise_bands(Depthwise *g, int64_t rows, int64_t width) {
  int64_t fitting = DEPTHWISE_BAND_BYTES / larger_of(1, width * g->channels * (int64_t)sizeof(float));
  int64_t shared = divide_up(rows * g->batch, DEPTHWISE_TASKS);
  g->band = larger_of(1, smaller_of(smaller_of(fitting, shared), rows));
  g->bands = divide_up(rows, g->band);
}

static void depthwise_forward_band(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->bands, first = index % g->bands * g->band, end = smaller_of(first + g->band, g->out_height);
  const float *x = g->x + image * g->height * g->width * g->channels;
  DepthwiseRow r = {.bias = g->bias, .from_row = g->width * g->channels, .weights_row = g->kernel_width * g->channels,
                    .weights_tap = g->channels, .channels = g->channels, .to_step = g->channels,
                    .activation = g->activation, .streamed = g->streamed};
  for (int64_t row = first; row < end; row++) {
    int64_t top = row * g->stride_height - g->pad_top, above = smaller_of(g->kernel_height, larger_of(0, -top));
    r.rows = larger_of(0, smaller_of(g->kernel_height, g->height - top) - above);
    r.from = x + (top + above) * r.from_row;
    r.weights = g->kernel + above * r.weights_row;
    r.to = g->to + (image * g->out_height + row) * g->out_width * g->channels;
    r.ahead = x + (top + g->kernel_height) * r.from_row;
    r.ahead_rows = g->stride_height;
    depthwise_row(&r, g->kernel_width, g->stride_width, -g->pad_left, g->width, g->out_width);
  }
  if (g->streamed) finish_streams();
}

static bool depthwise_forward_rows(Depthwise *g, const Tensor *y) {
  g->streamed = should_stream(g->to, y->count, g->channels);
  cut_depthwise_bands(g, g->out_height, g->out_width);
  return parallel(g->batch * g->bands, 0, depthwise_forward_band, g);
}

/* The columns of a row of dx whose taps are `residue`, residue + stride, … . */
static void depthwise_input_columns(const Depthwise *g, DepthwiseRow r, int64_t residue, float *dx) {
  int64_t stride = g->stride_width, first = (residue - g->pad_left % stride + stride) % stride;
  if (first >= g->width) return;
  int64_t taps = residue < g->kernel_width ? (g->kernel_width - residue - 1) / stride + 1 : 0;
  r.weights += (residue + (taps - 1) * stride) * g->channels; /* dy's columns go up where the kernel's go down */
  r.weights_tap = -stride * g->channels;
  r.to = dx + first * g->channels;
  int64_t meets = (first + g->pad_left - residue) / stride; /* the column of dy at the first tap */
  depthwise_row(&r, taps, 1, meets - (taps - 1), g->out_width, (g->width - first - 1) / stride + 1);
}

static void depthwise_input_band(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->bands, first = index % g->bands * g->band, end = smaller_of(first + g->band, g->height);
  int64_t stride = g->stride_height, dy_row = g->out_width * g->channels, kernel_row = g->kernel_width * g->channels;
  DepthwiseRow r = {.from_row = -dy_row, .weights_row = stride * kernel_row, .channels = g->channels,
                    .to_step = g->stride_width * g->channels, .streamed = g->streamed};
  for (int64_t i = first; i < end; i++) {
    int64_t at = i + g->pad_top, lowest = larger_of(0, at - (g->out_height - 1) * stride);
    int64_t tap = lowest + ((at - lowest) % stride + stride) % stride, last = smaller_of(g->kernel_height - 1, at);
    r.rows = tap > last ? 0 : (last - tap) / stride + 1;
    r.from = g->dy + (image * g->out_height + (at - tap) / stride) * dy_row;
    r.weights = g->kernel + tap * kernel_row;
    r.ahead = r.from + dy_row;
    r.ahead_rows = 1;
    float *dx = g->to + (image * g->height + i) * g->width * g->channels;
    for (int64_t residue = 0; residue < g->stride_width; residue++, r.ahead_rows = 0)
      depthwise_input_columns(g, r, residue, dx);
  }
  if (g->streamed) finish_streams();
}

static bool depthwise_input_rows(Depthwise *g, const Tensor *dx) {
  g->streamed = should_stream(g->to, dx->count, g->channels);
  cut_depthwise_bands(g, g->height, g->width);
  return parallel(g->batch * g->bands, 0, depthwise_input_band, g);
}
