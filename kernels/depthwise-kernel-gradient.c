/*
 * The kernel gradient of a depthwise convolution with one kernel a channel. All taps of a vector of channels are summed in
 * registers over some rows of dy; where a tap lies outside of x it meets zeros, so that nothing is cut in the inner loop.
 * A task takes a share of the groups of rows, and of the channels where groups are few; its sums are added up in order.
 */
#include "depthwise.h"

enum {
  GROUP_PIXELS = 28, /* of dy at least, whose sum is made in one go, and */
  GROUP_ELEMENTS = 4096, /* where these are more pixels */
  TAP_PARTS = 32,     /* into which the groups are cut at most */
  TAP_CHANNELS = 4 * WIDTH,
  WIDEST_TAPS = MANY_REGISTERS ? 5 : 3 /* rows of taps that registers hold */
};

/* Groups of pixels of one image: some rows, or a part of one. */
typedef struct {
  const Depthwise *g;
  int64_t group_rows, group_columns;
  int64_t across, groups; /* along a row, an image */
  int64_t channel_parts;
  const float *zeros; /* a row of x */
} TapSums;

/* Pixels of dy, and the first row of taps that is summed. */
typedef struct {
  int64_t image, first, end, left, right;
  int64_t tap_row;
} Group;

/* From where to ask ahead, for the vector of channels under way. */
typedef struct {
  const float *x, *dy;
} Ahead;

/* One pixel of dy, where some taps are outside of x. */
INLINE void sum_cut_pixel(int rows, int taps, const TapSums *s, const float *const *x, int64_t left, Vector up, int64_t lanes,
                          Vector *sums) {
  UNROLL for (int q = 0; q < taps; q++) {
    bool there = left + q >= 0 && left + q < s->g->width;
    UNROLL for (int p = 0; p < rows; p++) {
      const float *from = there ? x[p] + (left + q) * s->g->channels : s->zeros;
      sums[p * taps + q] = multiply_add(load_some(from, lanes), up, sums[p * taps + q]);
    }
  }
}

/* `count` (a constant) pixels of dy whose taps lie inside of x. */
INLINE void sum_pixels(int rows, int taps, int step, int count, const float *const *x, int64_t left, const float *dy,
                       int64_t channels, int64_t lanes, Vector *sums) {
  UNROLL for (int j = 0; j < count; j++) {
    Vector up = load_some(dy + j * channels, lanes);
    UNROLL for (int p = 0; p < rows; p++)
      UNROLL for (int q = 0; q < taps; q++) {
        Vector value = load_some(x[p] + left * channels + (j * step + q) * channels, lanes);
        sums[p * taps + q] = multiply_add(value, up, sums[p * taps + q]);
      }
  }
}

/* `rows` by `taps` of the kernel, constants, as is `step`. */
INLINE void sum_taps(int rows, int taps, int step, const TapSums *s, Group group, int64_t c, int64_t lanes, Ahead ahead,
                     float *dkernel) {
  const Depthwise *g = s->g;
  int64_t channels = g->channels, pad = g->pad_left, room = g->width - taps + pad;
  int64_t inside = larger_of(group.left, smaller_of(group.right, divide_up(pad, step)));
  int64_t end = larger_of(inside, smaller_of(group.right, room < 0 ? 0 : room / step + 1));
  int together = rows * taps > 9 ? 1 : 2;
  Vector sums[25];
  UNROLL for (int k = 0; k < rows * taps; k++) sums[k] = splat(0);
  for (int64_t row = group.first; row < group.end; row++) {
    const float *dy = g->dy + ((group.image * g->out_height + row) * g->out_width) * channels + c;
    const float *x[5];
    int64_t top = row * g->stride_height - g->pad_top + group.tap_row, j = group.left;
    UNROLL for (int p = 0; p < rows; p++)
      x[p] = top + p >= 0 && top + p < g->height ? g->x + (group.image * g->height + top + p) * g->width * channels + c
                                                 : s->zeros;
    for (; j < inside; j++) sum_cut_pixel(rows, taps, s, x, j * step - pad, load_some(dy + j * channels, lanes), lanes, sums);
    for (; j + together <= end; j += together) {
      sum_pixels(rows, taps, step, together, x, j * step - pad, dy + j * channels, channels, lanes, sums);
      ahead.x = ask_ahead(ahead.x, together * step * step);
      ahead.dy = ask_ahead(ahead.dy, together);
    }
    for (; j < end; j++) sum_pixels(rows, taps, step, 1, x, j * step - pad, dy + j * channels, channels, lanes, sums);
    for (; j < group.right; j++)
      sum_cut_pixel(rows, taps, s, x, j * step - pad, load_some(dy + j * channels, lanes), lanes, sums);
  }
  UNROLL for (int p = 0; p < rows; p++)
    UNROLL for (int q = 0; q < taps; q++) {
      float *to = dkernel + ((group.tap_row + p) * taps + q) * channels + c;
      store_some(to, load_some(to, lanes) + sums[p * taps + q], lanes);
    }
}

/* A vector of channels, `lanes` of it: a constant for whole ones. */
INLINE void sum_square(int size, int step, const TapSums *s, Group group, int64_t c, int64_t lanes, float *dkernel) {
  const Depthwise *g = s->g;
  int64_t before = c * (group.end - group.first) * (group.right - group.left); /* asked for by the channels before */
  int64_t x_row = (group.end - 1) * step - g->pad_top + size, dy_row = group.image * g->out_height + group.end;
  Ahead ahead = {
      g->x + ((group.image * g->height + x_row) * g->width + group.left * step * step) * g->channels + before * step * step,
      g->dy + (dy_row * g->out_width + group.left) * g->channels + before};
  group.tap_row = 0;
  if (size <= WIDEST_TAPS) sum_taps(size, size, step, s, group, c, lanes, ahead, dkernel);
  else
    for (; group.tap_row < size; group.tap_row++) sum_taps(1, size, step, s, group, c, lanes, ahead, dkernel);
}

INLINE void sum_channels(int size, int step, const TapSums *s, Group group, int64_t first, int64_t end, float *dkernel) {
  int64_t c = first;
  for (; c + WIDTH <= end; c += WIDTH) sum_square(size, step, s, group, c, WIDTH, dkernel);
  if (c < end) sum_square(size, step, s, group, c, end - c, dkernel);
}

static void depthwise_taps_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const TapSums *s = context;
  const Depthwise *g = s->g;
  int64_t part = index / s->channel_parts, all = g->batch * s->groups, size = g->kernel_height * g->kernel_width * g->channels;
  int64_t share = s->channel_parts == 1 ? g->channels : TAP_CHANNELS;
  int64_t first = index % s->channel_parts * share, end = smaller_of(first + share, g->channels);
  float *dkernel = g->to + part * size;
  for (int64_t tap = 0; tap < g->kernel_height * g->kernel_width; tap++)
    memset(dkernel + tap * g->channels + first, 0, (size_t)(end - first) * sizeof(float));
  for (int64_t i = part * all / g->parts; i < (part + 1) * all / g->parts; i++) {
    int64_t row = i % s->groups / s->across * s->group_rows, column = i % s->across * s->group_columns;
    Group group = {i / s->groups, row, smaller_of(row + s->group_rows, g->out_height),
                   column, smaller_of(column + s->group_columns, g->out_width), 0};
    bool three = g->kernel_width == 3, one = g->stride_width == 1;
    if (three && one) sum_channels(3, 1, s, group, first, end, dkernel);
    else if (three) sum_channels(3, 2, s, group, first, end, dkernel);
    else if (one) sum_channels(5, 1, s, group, first, end, dkernel);
    else sum_channels(5, 2, s, group, first, end, dkernel);
  }
}

static bool has_tap_sums(const Depthwise *g) {
  bool square = g->kernel_height == g->kernel_width && (g->kernel_width == 3 || g->kernel_width == 5);
  return g->multiplier == 1 && square && g->stride_width <= 2;
}

static bool depthwise_tap_sums(Depthwise *g, const Tensor *dkernel) {
  int64_t pixels = larger_of(GROUP_PIXELS, GROUP_ELEMENTS / larger_of(1, g->channels));
  int64_t parts = divide_up(larger_of(1, g->out_width), pixels);
  TapSums s = {.g = g, .group_columns = larger_of(1, divide_up(g->out_width, parts))};
  s.group_rows = larger_of(1, pixels / s.group_columns);
  s.across = divide_up(g->out_width, s.group_columns);
  s.groups = divide_up(g->out_height, s.group_rows) * s.across;
  g->parts = larger_of(1, smaller_of(TAP_PARTS, g->batch * s.groups));
  s.channel_parts = g->parts < TAP_PARTS ? divide_up(g->channels, TAP_CHANNELS) : 1;
  int64_t row = g->width * g->channels;
  float *zeros = shared_scratch(float_bytes(g->parts * dkernel->count + row + g->channels));
  if (!zeros) return false;
  memset(zeros, 0, (size_t)row * sizeof(float));
  s.zeros = zeros;
  g->to = zeros + row;
  return parallel(g->parts * s.channel_parts, 0, depthwise_taps_task, &s) &&
         sum_parts(g->to, g->parts, dkernel->count, dkernel->data);
}
