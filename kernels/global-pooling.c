/* The mean over height and width. A task is an image, or a part of the channels of one where images are few. */
#include "fovea.h"
#include "vector.h"

enum {
  MEAN_ROWS = 64,   /* pixels whose sum is made in one go: sums of sums keep their digits */
  MEAN_TOGETHER = 4, /* pixels that are read side by side */
  FEW_IMAGES = 8,
  MEAN_CHANNELS = 256 /* a task, where images are few */
};

typedef struct {
  int64_t images, pixels, channels;
  int64_t part, parts; /* channels a task, tasks an image */
  const float *from;
  float *to;
  bool streamed;
} GlobalPooling;

static GlobalPooling global_pooling_of(const Tensor *image) {
  GlobalPooling g = {.images = image->shape[0], .pixels = image->shape[1] * image->shape[2], .channels = image->shape[3]};
  g.part = g.images < FEW_IMAGES ? MEAN_CHANNELS : larger_of(1, g.channels);
  g.parts = divide_up(g.channels, g.part);
  return g;
}

/* sums += `count` (a constant) pixels of x. */
INLINE void add_pixels(int count, float *sums, const float *x, int64_t pixel_step, int64_t channels) {
  for (int64_t c = 0; c < channels; c += WIDTH) {
    int64_t lanes = channels - c;
    Vector sum = load_some(x + c, lanes);
    UNROLL for (int i = 1; i < count; i++) sum += load_some(x + i * pixel_step + c, lanes);
    store(sums + c, load(sums + c) + sum);
  }
}

static void global_average_task(void *context, int64_t index, void *scratch) {
  const GlobalPooling *g = context;
  int64_t image = index / g->parts, channel = index % g->parts * g->part;
  int64_t channels = smaller_of(g->part, g->channels - channel), whole = round_up(channels, WIDTH);
  const float *x = g->from + image * g->pixels * g->channels + channel;
  float *sums = scratch, *totals = sums + whole, *y = g->to + image * g->channels + channel;
  memset(totals, 0, (size_t)whole * sizeof(float));
  for (int64_t first = 0; first < g->pixels; first += MEAN_ROWS) {
    memset(sums, 0, (size_t)whole * sizeof(float));
    int64_t end = smaller_of(first + MEAN_ROWS, g->pixels), pixel = first;
    for (; pixel + MEAN_TOGETHER <= end; pixel += MEAN_TOGETHER)
      add_pixels(MEAN_TOGETHER, sums, x + pixel * g->channels, g->channels, channels);
    for (; pixel < end; pixel++) add_pixels(1, sums, x + pixel * g->channels, g->channels, channels);
    for (int64_t c = 0; c < whole; c += WIDTH) store(totals + c, load(totals + c) + load(sums + c));
  }
  for (int64_t c = 0; c < channels; c += WIDTH) store_some(y + c, load(totals + c) / (float)g->pixels, channels - c);
}

static bool op_globalAveragePool2d(const Call *call) {
  GlobalPooling g = global_pooling_of(&call->inputs[0]);
  g.from = call->inputs[0].data, g.to = call->outputs[0].data;
  size_t bytes = float_bytes(2 * round_up(smaller_of(g.part, g.channels), WIDTH));
  return parallel_apart(g.images * g.parts, bytes, global_average_task, &g);
}

static void global_average_gradient_task(void *context, int64_t index, void *scratch) {
  const GlobalPooling *g = context;
  int64_t image = index / g->parts, channel = index % g->parts * g->part;
  int64_t channels = smaller_of(g->part, g->channels - channel);
  const float *dy = g->from + image * g->channels + channel;
  float *shares = scratch, *dx = g->to + image * g->pixels * g->channels + channel;
  for (int64_t c = 0; c < channels; c += WIDTH) store(shares + c, load_some(dy + c, channels - c) / (float)g->pixels);
  for (int64_t pixel = 0; pixel < g->pixels; pixel++, dx += g->channels)
    for (int64_t c = 0; c < channels; c += WIDTH) {
      if (g->streamed) stream(dx + c, load(shares + c));
      else store_some(dx + c, load(shares + c), channels - c);
    }
  if (g->streamed) finish_streams();
}

static bool op_globalAveragePool2dGradient(const Call *call) {
  const Tensor *dx = &call->outputs[0];
  GlobalPooling g = global_pooling_of(dx);
  g.from = call->inputs[0].data, g.to = dx->data;
  g.streamed = should_stream(dx->data, dx->count, g.channels);
  size_t bytes = float_bytes(round_up(smaller_of(g.part, g.channels), WIDTH));
  return parallel_apart(g.images * g.parts, bytes, global_average_gradient_task, &g);
}
