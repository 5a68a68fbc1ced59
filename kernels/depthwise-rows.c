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
  PAIRED_COLUMNS = 5, /* of each of a pair of rows */
  WIDEST_ROW = 5,  /* taps of a row of the kernel, at most, that stay in registers */
  DEPTHWISE_BAND_BYTES = 1 << 19,
  /* read again at once, 26 MB are made and read in mostly 0.8 to 0.92 of the time if streamed, 13 MB take up to half as long again */
  DEPTHWISE_STREAM_BYTES = 16 << 20,
  DEPTHWISE_TASKS = 16 /* that an operation has at least, where it has as many rows */
};

/*
 * to[t * to_step] = activation(bias + sum over i, b of from[i * from_row + (t * step + b) * channels] * weights[...])
 * for the rows i of the source from `first` to `end`; the others lie outside. Of a pair of rows the second one meets the source a
 * row later, and what both are made of is loaded once for both. Short rows have a tile of more pixels instead.
 */
typedef struct {
  const float *from, *weights, *bias; /* bias may be null */
  int64_t from_row, weights_row, weights_tap;
  int64_t rows, first, end; /* rows of taps, and the rows of the source that exist */
  bool paired;
  const float *ahead; /* what the next row will need that this one does not, `ahead_rows` of the source */
  int64_t ahead_rows;
  int64_t channels;
  float *to, *to_second;
  int64_t to_step;
  int activation;
  bool streamed;
} DepthwiseRow;

/* Columns of the source that exist, counted from a tile's first one. */
typedef struct {
  int64_t first, end;
} Existing;

/* Constants of a tile: so many pixels of the result a row; of a `cut` one some columns of the source lie outside and are zeros. */
typedef struct {
  int columns, taps, step;
  bool cut, paired;
} Shape;

INLINE void load_weights(Shape s, const DepthwiseRow *g, const float *w, int64_t lanes, Vector *weights) {
  UNROLL for (int b = 0; b < s.taps; b++) weights[b] = load_some(w + b * g->weights_tap, lanes);
}

/* What a row of the source adds to the first row of sums, to the second, or to both. */
INLINE void add_row(Shape s, bool first, bool second, Existing there, const DepthwiseRow *g, const float *x, const float *w,
                    int64_t lanes, Vector *sums) {
  Vector weights[2][WIDEST_ROW];
  if (first) load_weights(s, g, w, lanes, weights[0]);
  if (second) load_weights(s, g, w - g->weights_row, lanes, weights[1]);
  UNROLL for (int column = 0; column < (s.columns - 1) * s.step + s.taps; column++) {
    Vector value = splat(0);
    if (!s.cut || (column >= there.first && column < there.end)) value = load_some(x + column * g->channels, lanes);
    UNROLL for (int t = 0; t < s.columns; t++) {
      int tap = column - t * s.step;
      if (tap < 0 || tap >= s.taps) continue;
      if (first) sums[t] = multiply_add(value, weights[0][tap], sums[t]);
      if (second) sums[s.columns + t] = multiply_add(value, weights[1][tap], sums[s.columns + t]);
    }
  }
}

/* `from` and `at` are those of the first column, `at` counted in floats of the row that is written. */
INLINE void depthwise_vector(Shape s, Existing there, const DepthwiseRow *g, const float *from, int64_t at, int64_t c,
                             int64_t lanes) {
  if (s.columns > 1) {
    int64_t vectors = s.columns * s.step * g->ahead_rows;
    ask_ahead(g->ahead + (from - g->from) * g->ahead_rows + c / WIDTH * vectors * WIDTH, vectors);
  }
  Vector sums[2 * PAIRED_COLUMNS], bias = g->bias ? load_some(g->bias + c, lanes) : splat(0);
  int rows = s.paired ? 2 : 1;
  UNROLL for (int t = 0; t < s.columns * rows; t++) sums[t] = bias;
  int64_t i = larger_of(0, g->first);
  const float *x = from + i * g->from_row + c, *w = g->weights + i * g->weights_row + c;
  if (s.paired)
    for (; i < smaller_of(1, g->end); i++, x += g->from_row, w += g->weights_row) add_row(s, true, false, there, g, x, w, lanes, sums);
  for (; i < smaller_of(g->rows, g->end); i++, x += g->from_row, w += g->weights_row)
    add_row(s, true, s.paired, there, g, x, w, lanes, sums);
  if (s.paired)
    for (; i < smaller_of(g->rows + 1, g->end); i++, x += g->from_row, w += g->weights_row)
      add_row(s, false, true, there, g, x, w, lanes, sums);
  UNROLL for (int row = 0; row < rows; row++)
    UNROLL for (int t = 0; t < s.columns; t++) {
      Vector y = activate(sums[row * s.columns + t], g->activation);
      float *to = (row ? g->to_second : g->to) + at + t * g->to_step + c;
      if (g->streamed) stream(to, y);
      else store_some(to, y, lanes);
    }
}

/* All channels, in whole vectors (their length a constant) and what is left. */
INLINE void depthwise_tile(Shape s, Existing there, const DepthwiseRow *g, const float *from, int64_t at) {
  int64_t c = 0;
  for (; c + WIDTH <= g->channels; c += WIDTH) depthwise_vector(s, there, g, from, at, c, WIDTH);
  if (c < g->channels) depthwise_vector(s, there, g, from, at, c, g->channels - c);
}

/* Result t meets the source's columns from start + t * step on, of which `width` exist; `taps`, `step` and `paired` are constants. */
INLINE void depthwise_tiles(int taps, int step, bool paired, const DepthwiseRow *g, int64_t start, int64_t width, int64_t count) {
  const float *from = g->from + start * g->channels;
  bool is_short = count <= SHORT_ROW;
  for (int64_t done = 0; done < count;) {
    int64_t left = count - done, most = paired ? PAIRED_COLUMNS : is_short && left >= ROW_COLUMNS ? ROW_COLUMNS : FEWER_COLUMNS;
    int columns = left >= most ? (int)most : left >= 2 ? 2 : 1;
    Existing there = {-start, width - start};
    bool cut = there.first > 0 || there.end < (columns - 1) * step + taps;
#define TILE(n)                                                                                                         \
  if (cut) depthwise_tile((Shape){n, taps, step, true, paired}, there, g, from, done * g->to_step);                    \
  else depthwise_tile((Shape){n, taps, step, false, paired}, there, g, from, done * g->to_step)
    if (paired && columns == PAIRED_COLUMNS) {
      TILE(PAIRED_COLUMNS);
    } else if (!paired && columns == ROW_COLUMNS) {
      TILE(ROW_COLUMNS);
    } else if (!paired && columns == FEWER_COLUMNS) {
      TILE(FEWER_COLUMNS);
    } else if (columns == 2) {
      TILE(2);
    } else {
      TILE(1);
    }
#undef TILE
    done += columns, start += columns * step;
    from += columns * step * g->channels;
  }
}

/* Any taps and step. */
static void depthwise_any_row(const DepthwiseRow *g, int64_t taps, int64_t step, int64_t start, int64_t width, int64_t count) {
  for (int64_t t = 0; t < count; t++) {
    int64_t left = start + t * step, first = larger_of(0, -left), end = smaller_of(taps, width - left);
    for (int64_t c = 0; c < g->channels; c += WIDTH) {
      int64_t lanes = g->channels - c;
      Vector sum = g->bias ? load_some(g->bias + c, lanes) : splat(0);
      for (int64_t i = larger_of(0, g->first); i < smaller_of(g->rows, g->end); i++)
        for (int64_t b = first; b < end; b++)
          sum = multiply_add(load_some(g->from + i * g->from_row + (left + b) * g->channels + c, lanes),
                             load_some(g->weights + i * g->weights_row + b * g->weights_tap + c, lanes), sum);
      sum = activate(sum, g->activation);
      if (g->streamed) stream(g->to + t * g->to_step + c, sum);
      else store_some(g->to + t * g->to_step + c, sum, lanes);
    }
  }
}

/* Whether rows of the result, `width` pixels each, are made in pairs. */
static bool makes_pairs(const Depthwise *g, int64_t width) {
  bool square = g->kernel_height == g->kernel_width && g->kernel_width == 3;
  return MANY_REGISTERS && square && g->stride_height == 1 && g->stride_width == 1 && width > SHORT_ROW;
}

static void depthwise_row(const DepthwiseRow *g, int64_t taps, int64_t step, int64_t start, int64_t width, int64_t count) {
#define TILES(n, by)                                                                                                    \
  if (taps == n && step == by) depthwise_tiles(n, by, false, g, start, width, count);                                  \
  else
#define PAIRS(n)                                                                                                        \
  if (g->paired && taps == n) depthwise_tiles(n, 1, true, g, start, width, count);                                     \
  else
#if MANY_REGISTERS
  PAIRS(3)
#endif
  TILES(3, 1) TILES(3, 2) TILES(5, 1) TILES(5, 2) TILES(2, 1) TILES(1, 1) depthwise_any_row(g, taps, step, start, width, count);
#undef PAIRS
#undef TILES
}

/* ---- bands of rows ---- */

/* Of an even number of rows, since those are made in pairs. */
static void cut_depthwise_bands(Depthwise *g, int64_t rows, int64_t width) {
  int64_t fitting = DEPTHWISE_BAND_BYTES / larger_of(1, width * g->channels * (int64_t)sizeof(float));
  int64_t shared = divide_up(rows * g->batch, DEPTHWISE_TASKS);
  g->band = smaller_of(round_up(larger_of(1, smaller_of(fitting, shared)), 2), rows);
  g->bands = divide_up(rows, g->band);
}

static void depthwise_forward_band(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->bands, first = index % g->bands * g->band, end = smaller_of(first + g->band, g->out_height);
  int64_t out_row = g->out_width * g->channels, stride = g->stride_height;
  const float *x = g->x + image * g->height * g->width * g->channels;
  DepthwiseRow r = {.bias = g->bias, .from_row = g->width * g->channels, .weights = g->kernel,
                    .weights_row = g->kernel_width * g->channels, .weights_tap = g->channels, .channels = g->channels,
                    .to_step = g->channels, .activation = g->activation, .streamed = g->streamed};
  for (int64_t row = first, done; row < end; row += done) {
    r.paired = row + 1 < end && makes_pairs(g, g->out_width);
    done = r.paired ? 2 : 1;
    int64_t top = row * stride - g->pad_top, bottom = top + g->kernel_height + (done - 1) * stride;
    r.from = x + top * r.from_row;
    r.first = -top;
    r.end = g->height - top;
    r.rows = g->kernel_height;
    r.to = g->to + (image * g->out_height + row) * out_row;
    r.to_second = r.to + out_row;
    r.ahead = x + bottom * r.from_row;
    r.ahead_rows = done * stride;
    depthwise_row(&r, g->kernel_width, g->stride_width, -g->pad_left, g->width, g->out_width);
  }
  if (g->streamed) finish_streams();
}

/* Sooner than elsewhere: rows that are made side by side wait for more lines than the processor fetches at a time. */
static bool streams_result(const Depthwise *g, const Tensor *result) {
  bool large = result->count * (int64_t)sizeof(float) >= DEPTHWISE_STREAM_BYTES;
  return large && g->channels % WIDTH == 0 && (uintptr_t)g->to % sizeof(Vector) == 0;
}

static bool depthwise_forward_rows(Depthwise *g, const Tensor *y) {
  g->streamed = streams_result(g, y);
  if (has_strips(g, g->out_width)) return forward_strips(g);
  cut_depthwise_bands(g, g->out_height, g->out_width);
  return parallel_apart(g->batch * g->bands, 0, depthwise_forward_band, g);
}

/* The columns of a row of dx whose taps are `residue`, residue + stride, … . */
static void depthwise_input_columns(const Depthwise *g, DepthwiseRow r, int64_t residue) {
  int64_t stride = g->stride_width, first = (residue - g->pad_left % stride + stride) % stride;
  if (first >= g->width) return;
  int64_t taps = residue < g->kernel_width ? (g->kernel_width - residue - 1) / stride + 1 : 0;
  r.weights += (residue + (taps - 1) * stride) * g->channels; /* dy's columns go up where the kernel's go down */
  r.weights_tap = -stride * g->channels;
  r.to += first * g->channels;
  if (r.paired) r.to_second += first * g->channels;
  int64_t meets = (first + g->pad_left - residue) / stride; /* the column of dy at the first tap */
  depthwise_row(&r, taps, 1, meets - (taps - 1), g->out_width, (g->width - first - 1) / stride + 1);
}

/* dy's rows go up where the kernel's go down. Of a pair the lower row comes first, since it begins with the lower row of dy. */
static void depthwise_input_band(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Depthwise *g = context;
  int64_t image = index / g->bands, first = index % g->bands * g->band, end = smaller_of(first + g->band, g->height);
  int64_t stride = g->stride_height, dy_row = g->out_width * g->channels, kernel_row = g->kernel_width * g->channels;
  int64_t dx_row = g->width * g->channels;
  DepthwiseRow r = {.from_row = -dy_row, .weights_row = stride * kernel_row, .channels = g->channels,
                    .to_step = g->stride_width * g->channels, .streamed = g->streamed};
  for (int64_t row = first, done; row < end; row += done) {
    r.paired = row + 1 < end && makes_pairs(g, g->width);
    done = r.paired ? 2 : 1;
    int64_t at = row + done - 1 + g->pad_top, tap = at % stride, last = at / stride; /* the row of dy at the first tap */
    r.from = g->dy + (image * g->out_height + last) * dy_row;
    r.weights = g->kernel + tap * kernel_row;
    r.rows = tap < g->kernel_height ? (g->kernel_height - 1 - tap) / stride + 1 : 0;
    r.first = last - g->out_height + 1;
    r.end = last + 1;
    r.to = g->to + (image * g->height + row + done - 1) * dx_row;
    r.to_second = r.to - dx_row;
    r.ahead = r.from + dy_row;
    r.ahead_rows = done;
    for (int64_t residue = 0; residue < g->stride_width; residue++, r.ahead_rows = 0) depthwise_input_columns(g, r, residue);
  }
  if (g->streamed) finish_streams();
}

static bool depthwise_input_rows(Depthwise *g, const Tensor *dx) {
  g->streamed = streams_result(g, dx);
  if (g->stride_width == 1 && has_strips(g, g->width)) return input_gradient_strips(g);
  cut_depthwise_bands(g, g->height, g->width);
  return parallel_apart(g->batch * g->bands, 0, depthwise_input_band, g);
}
