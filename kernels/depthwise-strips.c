/*
 * Depthwise convolution along strips of a few rows of the result: each pixel of the source is loaded once for all pixels of the
 * strip that it serves, whose sums are in registers and move on by a column with each step. For windows of 5x5, of both strides,
 * and 3x3 on short rows, forward and, at stride one, for dx (the kernel turned, over dy). 256 channels at 28 pixels, 5x5, batch
 * 32: 1.5 ms in place of 2.5 (two cores of a Sapphire Rapids).
 */
#include "depthwise.h"

enum {
  STRIP_ROWS = 4,
  STRIP_GROUPS = 8, /* of pictures, where there are so many: what comes first in a task was not asked for ahead; otherwise */
  STRIP_TASKS = 16, /* of rows */
  STRIP_TAPS = 5,   /* a row of the kernel, at most */
  STRIP_SOURCES = (STRIP_ROWS - 1) * 2 + STRIP_TAPS, /* rows, at most */
  SHORT_ROW = 28    /* pixels; longer ones of 3x3 windows go in pairs: depthwise-rows.c */
};

/* result[row][column] = activation(bias + sum over p, q of from[row * step + p - pad_top][column * step + q - pad_left] * weights[...]) */
typedef struct {
  const float *from, *weights, *bias; /* bias may be null */
  int64_t taps, step;
  int64_t height, width, channels; /* of a picture of the source */
  int64_t weights_row, weights_tap;
  int64_t pad_top, pad_left;
  float *to;
  int64_t to_height, to_width;
  int activation;
  bool streamed;
  int64_t batch, pictures; /* in all, a task */
  int64_t band, bands;     /* rows a task, tasks a picture */
} Strips;

/* Rows of the result from `row` on. */
typedef struct {
  const float *from; /* the picture's */
  float *to;
  int64_t row;
  int64_t first, end; /* rows of the source that exist, counted from the strip's first one */
} Strip;

/* Constants of a strip: rows of the result, taps of a row of the kernel; whether rows of the source lie outside, as zeros. */
typedef struct {
  int rows, taps, step;
  bool cut;
} StripShape;

/* The columns of the result under way. */
INLINE int slots_of(StripShape s) { return (s.taps + s.step - 1) / s.step; }

/* Where rows of the source lie outside: at stride one a branch is cheaper than adding zeros, at stride two it is not. */
INLINE void add_cut_column(StripShape s, const Strips *g, const Strip *strip, const float *from, const float *weights, int64_t lanes,
                           Vector *sums) {
  UNROLL for (int row = 0; row < s.rows - 1 + s.taps; row++) {
    if (row < strip->first || row >= strip->end) continue;
    Vector x = load_some(from + row * g->width * g->channels, lanes);
    UNROLL for (int q = 0; q < s.taps; q++)
      UNROLL for (int t = 0; t < s.rows; t++)
        if (row >= t && row - t < s.taps)
          sums[q * s.rows + t] = multiply_add(x, load(weights + ((row - t) * s.taps + q) * WIDTH), sums[q * s.rows + t]);
  }
}

/* What a column of the source adds to the sums; `phase` is its place in a step. */
INLINE void add_column(StripShape s, int phase, const Strips *g, const Strip *strip, const float *from, const float *weights,
                       int64_t lanes, Vector *sums) {
  Vector x[STRIP_SOURCES];
  UNROLL for (int row = 0; row < (s.rows - 1) * s.step + s.taps; row++) {
    bool there = !s.cut || (row >= strip->first && row < strip->end);
    x[row] = there ? load_some(from + row * g->width * g->channels, lanes) : splat(0);
  }
  UNROLL for (int p = 0; p < s.taps; p++)
    UNROLL for (int slot = 0; slot < slots_of(s); slot++) {
      int q = phase + slot * s.step;
      if (q >= s.taps) continue;
      Vector weight = load(weights + (p * s.taps + q) * WIDTH);
      UNROLL for (int t = 0; t < s.rows; t++)
        sums[slot * s.rows + t] = multiply_add(x[t * s.step + p], weight, sums[slot * s.rows + t]);
    }
}

/* `weights` lie packed, since those of many channels would fall into few sets of the cache. */
INLINE const float *strip_vector(StripShape s, const Strips *g, const Strip *strip, const float *weights, int64_t c, int64_t lanes,
                                 const float *ahead) {
  int slots = slots_of(s);
  Vector sums[STRIP_TAPS * STRIP_ROWS], bias = g->bias ? load_some(g->bias + c, lanes) : splat(0);
  UNROLL for (int k = 0; k < slots * s.rows; k++) sums[k] = bias;
  const float *from = strip->from + ((strip->row * s.step - g->pad_top) * g->width - g->pad_left) * g->channels + c;
  float *to = strip->to + (strip->row * g->to_width - slots + 1) * g->channels + c;
  for (int64_t step = 0; step < g->to_width + slots - 1; step++, from += s.step * g->channels, to += g->channels) {
    int64_t left = step * s.step - g->pad_left;
    if (s.taps > 3) OPAQUE_POINTER(weights); /* 25 of them do not stay in registers */
    if (ahead && step < g->to_width) ahead = ask_ahead(ahead, s.rows * s.step * s.step);
    UNROLL for (int phase = 0; phase < s.step; phase++) {
      if (left + phase < 0 || left + phase >= g->width) continue;
      if (s.cut && s.step == 1) add_cut_column(s, g, strip, from, weights, lanes, sums);
      else add_column(s, phase, g, strip, from + phase * g->channels, weights, lanes, sums);
    }
    if (step >= slots - 1)
      UNROLL for (int t = 0; t < s.rows; t++) {
        Vector y = activate(sums[(slots - 1) * s.rows + t], g->activation);
        float *at = to + t * g->to_width * g->channels;
        if (g->streamed) stream(at, y);
        else store_some(at, y, lanes);
      }
    UNROLL for (int k = slots * s.rows - 1; k >= s.rows; k--) sums[k] = sums[k - s.rows];
    UNROLL for (int t = 0; t < s.rows; t++) sums[t] = bias;
  }
  return ahead;
}

INLINE const float *pack_weights(int taps, const Strips *g, int64_t c, int64_t lanes, float *packed) {
  UNROLL for (int p = 0; p < taps; p++)
    UNROLL for (int q = 0; q < taps; q++)
      store(packed + (p * taps + q) * WIDTH, load_some(g->weights + p * g->weights_row + q * g->weights_tap + c, lanes));
  return packed;
}

/* `rows`, `taps` and `step` are constants. */
INLINE void strip_channels(int rows, int taps, int step, const Strips *g, Strip *strip, const float *ahead) {
  _Alignas(64) float packed[STRIP_TAPS * STRIP_TAPS * WIDTH];
  int64_t top = strip->row * step - g->pad_top, c = 0;
  strip->first = -top;
  strip->end = g->height - top;
  bool cut = top < 0 || strip->end < (rows - 1) * step + taps;
  for (; c + WIDTH <= g->channels; c += WIDTH) {
    const float *weights = pack_weights(taps, g, c, WIDTH, packed);
    if (cut) ahead = strip_vector((StripShape){rows, taps, step, true}, g, strip, weights, c, WIDTH, ahead);
    else ahead = strip_vector((StripShape){rows, taps, step, false}, g, strip, weights, c, WIDTH, ahead);
  }
  if (c == g->channels) return;
  const float *weights = pack_weights(taps, g, c, g->channels - c, packed);
  strip_vector((StripShape){rows, taps, step, true}, g, strip, weights, c, g->channels - c, ahead);
}

/* The next strip's rows, with `left` of them in the band. No strip of one row, where it can be helped. */
INLINE int64_t strip_rows(int64_t left) { return left == 5 || left == 6 ? 3 : smaller_of(left, STRIP_ROWS); }

INLINE void strip_band(int taps, int step, const Strips *g, Strip *strip, int64_t row_end, bool goes_on) {
  while (strip->row < row_end) {
    int64_t rows = strip_rows(row_end - strip->row), next = strip->row + rows;
    const float *ahead = strip->from + (next * step - g->pad_top + taps - step) * g->width * g->channels;
    if (next == row_end && !goes_on) ahead = NULL; /* that is another task's */
    if (rows == 4) strip_channels(4, taps, step, g, strip, ahead);
    else if (rows == 3) strip_channels(3, taps, step, g, strip, ahead);
    else if (rows == 2) strip_channels(2, taps, step, g, strip, ahead);
    else strip_channels(1, taps, step, g, strip, ahead);
    strip->row = next;
  }
}

static void strips_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Strips *g = context;
  int64_t row = index % g->bands * g->band, row_end = smaller_of(row + g->band, g->to_height);
  int64_t picture = index / g->bands * g->pictures, last = smaller_of(picture + g->pictures, g->batch) - 1;
  for (; picture <= last; picture++) {
    Strip strip = {.from = g->from + picture * g->height * g->width * g->channels,
                   .to = g->to + picture * g->to_height * g->to_width * g->channels, .row = row};
    bool goes_on = g->bands == 1 && picture < last;
    if (g->taps == 3) strip_band(3, 1, g, &strip, row_end, goes_on);
    else if (g->step == 1) strip_band(5, 1, g, &strip, row_end, goes_on);
    else strip_band(5, 2, g, &strip, row_end, goes_on);
  }
  if (g->streamed) finish_streams();
}

/* Whole pictures where there are many, otherwise some of their rows. */
static bool run_strips(Strips *g) {
  g->pictures = larger_of(1, g->batch / STRIP_GROUPS);
  int64_t groups = divide_up(g->batch, g->pictures), rows = g->to_height <= STRIP_ROWS ? 2 : STRIP_ROWS;
  g->band = groups < STRIP_GROUPS ? round_up(divide_up(g->to_height * groups, STRIP_TASKS), rows) : g->to_height;
  g->bands = divide_up(g->to_height, larger_of(1, g->band));
  return parallel_apart(groups * g->bands, 0, strips_task, g);
}

/* Where the result has rows of `width` pixels. */
static bool has_strips(const Depthwise *g, int64_t width) {
  bool square = g->kernel_height == g->kernel_width && g->stride_height == g->stride_width;
  bool five = g->kernel_width == 5 && g->stride_width <= 2;
  bool three = g->kernel_width == 3 && g->stride_width == 1 && width <= SHORT_ROW;
  return MANY_REGISTERS && g->multiplier == 1 && square && (three || five);
}

static bool forward_strips(const Depthwise *g) {
  Strips s = {.from = g->x, .weights = g->kernel, .bias = g->bias, .taps = g->kernel_width, .step = g->stride_width,
              .height = g->height, .width = g->width, .channels = g->channels, .weights_row = g->kernel_width * g->channels,
              .weights_tap = g->channels, .pad_top = g->pad_top, .pad_left = g->pad_left, .to = g->to,
              .to_height = g->out_height, .to_width = g->out_width, .activation = g->activation, .streamed = g->streamed,
              .batch = g->batch};
  return run_strips(&s);
}

static bool input_gradient_strips(const Depthwise *g) {
  int64_t taps = g->kernel_width;
  Strips s = {.from = g->dy, .weights = g->kernel + (taps * taps - 1) * g->channels, .taps = taps, .step = 1,
              .height = g->out_height, .width = g->out_width, .channels = g->channels, .weights_row = -taps * g->channels,
              .weights_tap = -g->channels, .pad_top = taps - 1 - g->pad_top, .pad_left = taps - 1 - g->pad_left, .to = g->to,
              .to_height = g->height, .to_width = g->width, .streamed = g->streamed, .batch = g->batch};
  return run_strips(&s);
}
