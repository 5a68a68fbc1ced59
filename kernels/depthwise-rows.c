/*
 * Depthwise convolution with one kernel a channel, which is nearly all there are. A row of the result is a correlation of
 * a few rows of the source, whether forward (steps of the stride over x) or for dx (for each residue of the stride those
 * taps of the kernel that meet it, over dy), so that one function serves both. Some pixels of one vector of channels are in
 * registers at a time; the kernel is read once for them.
 */
#include "depthwise.h"

enum {
  ROW_COLUMNS = 4, /* pixels of the result at a time */
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

/* `columns`, `step` and mostly `taps` are constants; `from`, `weights` and `to` those of the first column and tap. */
INLINE void depthwise_vector(int columns, int64_t taps, int step, const DepthwiseRow *g, const float *from,
                             const float *weights, float *to, int64_t c, int64_t lanes) {
  if (columns > 1) {
    int64_t vectors = columns * step * g->ahead_rows;
    ask_ahead(g->ahead + (from - g->from) * g->ahead_rows + c / WIDTH * vectors * WIDTH, vectors);
  }
  Vector sums[ROW_COLUMNS], bias = g->bias ? load_some(g->bias + c, lanes) : splat(0);
  UNROLL for (int t = 0; t < columns; t++) sums[t] = bias;
  for (int64_t i = 0; i < g->rows; i++) {
    const float *x = from + i * g->from_row + c, *w = weights + i * g->weights_row + c;
    for (int64_t b = 0; b < taps; b++) {
      Vector weight = load_some(w + b * g->weights_tap, lanes);
      UNROLL for (int t = 0; t < columns; t++)
        sums[t] = multiply_add(load_some(x + (t * step + b) * g->channels, lanes), weight, sums[t]);
    }
  }
  UNROLL for (int t = 0; t < columns; t++) {
    Vector y = activate(sums[t], g->activation);
    if (g->streamed) stream(to + t * g->to_step + c, y);
    else store_some(to + t * g->to_step + c, y, lanes);
  }
}

/* All channels, in whole vectors (their length a constant) and what is left. */
INLINE void depthwise_tile(int columns, int64_t taps, int step, const DepthwiseRow *g, const float *from,
                           const float *weights, float *to) {
  int64_t c = 0;
  for (; c + WIDTH <= g->channels; c += WIDTH) depthwise_vector(columns, taps, step, g, from, weights, to, c, WIDTH);
  if (c < g->channels) depthwise_vector(columns, taps, step, g, from, weights, to, c, g->channels - c);
}

/* Results whose taps all lie inside of the source, from `from` on. */
INLINE void depthwise_inside(int64_t taps, int step, const DepthwiseRow *g, const float *from, float *to, int64_t count) {
  for (; count >= ROW_COLUMNS; count -= ROW_COLUMNS, from += ROW_COLUMNS * step * g->channels, to += ROW_COLUMNS * g->to_step)
    depthwise_tile(ROW_COLUMNS, taps, step, g, from, g->weights, to);
  if (count >= 2) {
    depthwise_tile(2, taps, step, g, from, g->weights, to);
    count -= 2, from += 2 * step * g->channels, to += 2 * g->to_step;
  }
  if (count) depthwise_tile(1, taps, step, g, from, g->weights, to);
}

/* Result t meets the source's columns from start + t * step on, of which `width` exist. */
static void depthwise_row(const DepthwiseRow *g, int64_t taps, int64_t step, int64_t start, int64_t width, int64_t count) {
  int64_t first = smaller_of(count, start < 0 ? divide_up(-start, step) : 0);
  int64_t room = width - taps - start;
  int64_t end = larger_of(first, smaller_of(count, room < 0 ? 0 : room / step + 1));
  const float *from = g->from + (start + first * step) * g->channels;
  float *to = g->to + first * g->to_step;
#define INSIDE(n, by)                                                                                                   \
  if (taps == n && step == by) depthwise_inside(n, by, g, from, to, end - first);                                      \
  else
  INSIDE(3, 1) INSIDE(3, 2) INSIDE(5, 1) INSIDE(5, 2) INSIDE(2, 1) INSIDE(1, 1) for (int64_t t = first; t < end; t++)
    depthwise_tile(1, taps, 1, g, from + (t - first) * step * g->channels, g->weights, g->to + t * g->to_step);
#undef INSIDE
  for (int64_t t = 0; t < count; t = t + 1 == first ? end : t + 1) {
    if (t == first && first < end) t = end;
    if (t >= count) break;
    int64_t left = start + t * step, before = smaller_of(taps, larger_of(0, -left));
    int64_t inside = larger_of(0, smaller_of(taps, width - left) - before);
    depthwise_tile(1, inside, 1, g, g->from + (left + before) * g->channels, g->weights + before * g->weights_tap,
                   g->to + t * g->to_step);
  }
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
