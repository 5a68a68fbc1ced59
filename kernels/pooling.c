/* Pooling. Windows are cut to the part that lies inside of x. Forward, a task is a row of y; backward, an image. */
#include "fovea.h"
#include "vector.h"

/* `image` is the unpooled side (x, dx), `pooled` the other (y, dy). */
typedef struct {
  int64_t batch, height, width, channels;
  int64_t pooled_height, pooled_width;
  int64_t pool_height, pool_width, stride_height, stride_width, pad_top, pad_left;
  const float *from;
  float *to;
  int32_t *position;
} Pooling;

static Pooling pooling_of(const Call *call, const Tensor *image, const Tensor *pooled) {
  const double *a = call->attributes;
  return (Pooling){
      .batch = image->shape[0], .height = image->shape[1], .width = image->shape[2], .channels = image->shape[3],
      .pooled_height = pooled->shape[1], .pooled_width = pooled->shape[2],
      .pool_height = (int64_t)a[0], .pool_width = (int64_t)a[1], .stride_height = (int64_t)a[2],
      .stride_width = (int64_t)a[3], .pad_top = (int64_t)a[4], .pad_left = (int64_t)a[5],
      .from = call->inputs[0].data, .to = call->outputs[0].data,
  };
}

/* The part of a window that lies inside of x: rows [top, bottom), columns [left, right). */
typedef struct {
  int64_t top, bottom, left, right;
} Window;

static Window window_at(const Pooling *g, int64_t row, int64_t column) {
  int64_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
  return (Window){larger_of(top, 0), smaller_of(top + g->pool_height, g->height), larger_of(left, 0),
                  smaller_of(left + g->pool_width, g->width)};
}

static void max_pool_pixel(const Pooling *g, const float *x, int64_t row, int64_t column, float *y, int32_t *position) {
  Window window = window_at(g, row, column);
  int64_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
  for (int64_t channel = 0; channel < g->channels; channel += WIDTH) {
    int64_t lanes = smaller_of(WIDTH, g->channels - channel);
    Vector best = splat(0);
    Integers winner = {0};
    bool first = true;
    for (int64_t i = window.top; i < window.bottom; i++)
      for (int64_t j = window.left; j < window.right; j++, first = false) {
        Vector value = load_some(x + (i * g->width + j) * g->channels + channel, lanes);
        Integers wins = first ? (Integers){0} == 0 : value > best;
        best = choose(wins, value, best);
        int32_t place = (int32_t)((i - top) * g->pool_width + j - left);
        winner = choose_integers(wins, place - (Integers){0}, winner);
      }
    store_some(y + channel, best, lanes);
    memcpy(position + channel, &winner, (size_t)lanes * sizeof(int32_t));
  }
}

static void max_pool_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Pooling *g = context;
  int64_t image = index / g->pooled_height, row = index % g->pooled_height;
  const float *x = g->from + image * g->height * g->width * g->channels;
  for (int64_t column = 0; column < g->pooled_width; column++) {
    int64_t at = (index * g->pooled_width + column) * g->channels;
    max_pool_pixel(g, x, row, column, g->to + at, g->position + at);
  }
}

static bool op_maxPool2d(const Call *call) {
  Pooling g = pooling_of(call, &call->inputs[0], &call->outputs[0]);
  g.position = call->outputs[1].data;
  return parallel(g.batch * g.pooled_height, 0, max_pool_task, &g);
}

static void max_pool_gradient_task(void *context, int64_t image, void *scratch) {
  const Pooling *g = context;
  int64_t *offsets = scratch; /* from a window's first pixel to the pixel of each position */
  for (int64_t place = 0; place < g->pool_height * g->pool_width; place++)
    offsets[place] = (place / g->pool_width * g->width + place % g->pool_width) * g->channels;
  float *dx = g->to + image * g->height * g->width * g->channels;
  memset(dx, 0, (size_t)(g->height * g->width * g->channels) * sizeof(float));
  int64_t at = image * g->pooled_height * g->pooled_width * g->channels;
  for (int64_t row = 0; row < g->pooled_height; row++)
    for (int64_t column = 0; column < g->pooled_width; column++) {
      int64_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
      int64_t window = (top * g->width + left) * g->channels; /* before dx where the window is padded */
      for (int64_t channel = 0; channel < g->channels; channel++, at++)
        dx[window + offsets[g->position[at]] + channel] += g->from[at];
    }
}

static bool op_maxPool2dGradient(const Call *call) {
  Pooling g = pooling_of(call, &call->outputs[0], &call->inputs[0]);
  g.position = call->inputs[1].data;
  size_t bytes = (size_t)(g.pool_height * g.pool_width) * sizeof(int64_t);
  return parallel(g.batch, bytes, max_pool_gradient_task, &g);
}

static void average_pool_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Pooling *g = context;
  int64_t image = index / g->pooled_height, row = index % g->pooled_height;
  const float *x = g->from + image * g->height * g->width * g->channels;
  for (int64_t column = 0; column < g->pooled_width; column++) {
    Window window = window_at(g, row, column);
    float count = (float)((window.bottom - window.top) * (window.right - window.left));
    float *y = g->to + (index * g->pooled_width + column) * g->channels;
    for (int64_t channel = 0; channel < g->channels; channel += WIDTH) {
      int64_t lanes = g->channels - channel;
      Vector sum = splat(0);
      for (int64_t i = window.top; i < window.bottom; i++)
        for (int64_t j = window.left; j < window.right; j++)
          sum += load_some(x + (i * g->width + j) * g->channels + channel, lanes);
      store_some(y + channel, sum / count, lanes);
    }
  }
}

static bool op_averagePool2d(const Call *call) {
  Pooling g = pooling_of(call, &call->inputs[0], &call->outputs[0]);
  return parallel(g.batch * g.pooled_height, 0, average_pool_task, &g);
}

static void average_pool_gradient_task(void *context, int64_t image, void *scratch) {
  (void)scratch;
  const Pooling *g = context;
  float *dx = g->to + image * g->height * g->width * g->channels;
  memset(dx, 0, (size_t)(g->height * g->width * g->channels) * sizeof(float));
  const float *dy = g->from + image * g->pooled_height * g->pooled_width * g->channels;
  for (int64_t row = 0; row < g->pooled_height; row++)
    for (int64_t column = 0; column < g->pooled_width; column++, dy += g->channels) {
      Window window = window_at(g, row, column);
      float count = (float)((window.bottom - window.top) * (window.right - window.left));
      for (int64_t i = window.top; i < window.bottom; i++)
        for (int64_t j = window.left; j < window.right; j++) {
          float *to = dx + (i * g->width + j) * g->channels;
          for (int64_t channel = 0; channel < g->channels; channel++) to[channel] += dy[channel] / count;
        }
    }
}

static bool op_averagePool2dGradient(const Call *call) {
  Pooling g = pooling_of(call, &call->outputs[0], &call->inputs[0]);
  return parallel(g.batch, 0, average_pool_gradient_task, &g);
}

enum { MEAN_ROWS = 64 }; /* pixels whose sum is made in one go: pairwise sums keep their digits */

static void global_average_task(void *context, int64_t image, void *scratch) {
  const Pooling *g = context;
  int64_t pixels = g->height * g->width;
  const float *x = g->from + image * pixels * g->channels;
  float *sums = scratch, *y = g->to + image * g->channels;
  memset(y, 0, (size_t)g->channels * sizeof(float));
  for (int64_t first = 0; first < pixels; first += MEAN_ROWS) {
    memset(sums, 0, (size_t)g->channels * sizeof(float));
    int64_t end = smaller_of(first + MEAN_ROWS, pixels);
    for (int64_t pixel = first; pixel < end; pixel++)
      for (int64_t c = 0; c < g->channels; c++) sums[c] += x[pixel * g->channels + c];
    for (int64_t c = 0; c < g->channels; c++) y[c] += sums[c];
  }
  for (int64_t c = 0; c < g->channels; c++) y[c] /= (float)pixels;
}

static bool op_globalAveragePool2d(const Call *call) {
  const Tensor *x = &call->inputs[0];
  Pooling g = {.batch = x->shape[0], .height = x->shape[1], .width = x->shape[2], .channels = x->shape[3],
               .from = x->data, .to = call->outputs[0].data};
  return parallel(g.batch, (size_t)g.channels * sizeof(float), global_average_task, &g);
}

static void global_average_gradient_task(void *context, int64_t image, void *scratch) {
  (void)scratch;
  const Pooling *g = context;
  int64_t pixels = g->height * g->width;
  const float *dy = g->from + image * g->channels;
  float *dx = g->to + image * pixels * g->channels;
  for (int64_t pixel = 0; pixel < pixels; pixel++)
    for (int64_t c = 0; c < g->channels; c++) dx[pixel * g->channels + c] = dy[c] / (float)pixels;
}

static bool op_globalAveragePool2dGradient(const Call *call) {
  const Tensor *dx = &call->outputs[0];
  Pooling g = {.batch = dx->shape[0], .height = dx->shape[1], .width = dx->shape[2], .channels = dx->shape[3],
               .from = call->inputs[0].data, .to = dx->data};
  return parallel(g.batch, 0, global_average_gradient_task, &g);
}
