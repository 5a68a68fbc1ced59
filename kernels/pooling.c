/*
 * Pooling. Windows are cut to the part that lies inside of x. A task is a band of rows of what is written: forward of y,
 * backward of dx, where each pixel gathers from the windows that hold it. So a single image is shared out too, nothing is
 * written twice, and sums have one order.
 */
#include "fovea.h"
#include "vector.h"

/* `vector` for each vector of a pixel's channels, whole ones with a constant length. */
#define EACH_OF_PIXEL(vector, ...)                                                                                      \
  int64_t c = 0;                                                                                                       \
  for (; c + WIDTH <= g->channels; c += WIDTH) vector(g, c, WIDTH, __VA_ARGS__);                                       \
  if (c < g->channels) vector(g, c, g->channels - c, __VA_ARGS__)

/* `image` is the unpooled side (x, dx), `pooled` the other (y, dy). */
typedef struct {
  int64_t batch, height, width, channels;
  int64_t pooled_height, pooled_width;
  int64_t pool_height, pool_width, stride_height, stride_width, pad_top, pad_left;
  const float *from;
  float *to;
  void *position;
  bool bytes; /* of `position`, otherwise int32 */
  bool streamed;
  int64_t band, bands; /* rows a task, tasks an image */
} Pooling;

enum { BAND_BYTES = 1 << 17, PAGE = 4096 / sizeof(float) };

static void cut_bands(Pooling *g, int64_t rows, int64_t row_elements, int64_t multiple) {
  int64_t fitting = larger_of(1, BAND_BYTES / larger_of(1, row_elements * (int64_t)sizeof(float)));
  g->band = smaller_of(round_up(fitting, multiple), larger_of(1, rows));
  g->bands = divide_up(rows, g->band);
}

static Pooling pooling_of(const Call *call, const Tensor *image, const Tensor *pooled) {
  const double *a = call->attributes;
  return (Pooling){
      .batch = image->shape[0], .height = image->shape[1], .width = image->shape[2], .channels = image->shape[3],
      .pooled_height = pooled->shape[1], .pooled_width = pooled->shape[2],
      .pool_height = (int64_t)a[0], .pool_width = (int64_t)a[1], .stride_height = (int64_t)a[2],
      .stride_width = (int64_t)a[3], .pad_top = (int64_t)a[4], .pad_left = (int64_t)a[5],
      .from = call->inputs[0].data, .to = call->outputs[0].data,
      .streamed = should_stream(call->outputs[0].data, call->outputs[0].count, image->shape[3]),
  };
}

INLINE void put(const Pooling *g, float *to, Vector value, int64_t lanes) {
  if (g->streamed) stream(to, value);
  else store_some(to, value, lanes);
}

/* ---- forward ---- */

/* The part of a window that lies inside of x: `rows` by `columns` pixels from row `top` and column `left` on. */
typedef struct {
  int64_t top, left, rows, columns;
  int32_t first; /* place of the first pixel in the window */
} Window;

static Window window_at(const Pooling *g, int64_t row, int64_t column) {
  int64_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
  int64_t above = larger_of(0, -top), before = larger_of(0, -left);
  return (Window){top + above, left + before, smaller_of(g->pool_height, g->height - top) - above,
                  smaller_of(g->pool_width, g->width - left) - before, (int32_t)(above * g->pool_width + before)};
}

/* The pixel's largest values, and which place they came from: the first of equals. */
INLINE void max_pool_vector(const Pooling *g, int64_t channel, int64_t lanes, const float *x, int64_t rows, int64_t columns,
                            int32_t first, int64_t at) {
  int64_t row_step = g->width * g->channels;
  Vector best = load_some(x + channel, lanes);
  Integers winner = first - (Integers){0};
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      if (i + j == 0) continue;
      Vector value = load_some(x + i * row_step + j * g->channels + channel, lanes);
      Integers place = first + (int32_t)(i * g->pool_width + j) - (Integers){0};
      best = larger_with(best, winner, value, place, &winner);
    }
  put(g, g->to + at + channel, best, lanes);
  if (g->bytes) store_some_bytes((uint8_t *)g->position + at + channel, winner, lanes);
  else memcpy((int32_t *)g->position + at + channel, &winner, (size_t)smaller_of(lanes, WIDTH) * sizeof(int32_t));
}

INLINE void average_pool_vector(const Pooling *g, int64_t channel, int64_t lanes, const float *x, int64_t rows, int64_t columns,
                                int64_t at) {
  Vector sum = splat(0);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) sum += load_some(x + (i * g->width + j) * g->channels + channel, lanes);
  put(g, g->to + at + channel, sum / splat((float)(rows * columns)), lanes);
}

INLINE void max_pool_pixel(const Pooling *g, const float *x, int64_t rows, int64_t columns, int32_t first, int64_t at) {
  EACH_OF_PIXEL(max_pool_vector, x, rows, columns, first, at);
}

INLINE void average_pool_pixel(const Pooling *g, const float *x, int64_t rows, int64_t columns, int64_t at) {
  EACH_OF_PIXEL(average_pool_vector, x, rows, columns, at);
}

typedef enum { MAXIMUM, AVERAGE } PoolKind;

/* The usual sizes as constants, so that their loops vanish. */
INLINE void pool_pixel(PoolKind kind, const Pooling *g, const float *x, Window w, int64_t at) {
#define POOL(rows, columns)                                                                                             \
  kind == MAXIMUM ? max_pool_pixel(g, x, rows, columns, w.first, at) : average_pool_pixel(g, x, rows, columns, at)
  if (w.rows == 2 && w.columns == 2) POOL(2, 2);
  else if (w.rows == 3 && w.columns == 3) POOL(3, 3);
  else POOL(w.rows, w.columns);
#undef POOL
}

/*
 * Asks for what follows the window a page later, on the rows that the windows above have not read: wherever a page ends, the
 * processor would begin anew to see what comes next. Of use only where x comes from memory.
 */
INLINE void ask_for_windows(const Pooling *g, const float *x, Window w) {
  int64_t row_step = g->width * g->channels, row = larger_of(0, g->pool_height - g->stride_height);
  x += PAGE + (w.top * g->width + w.left) * g->channels;
  for (; row < w.rows; row++) ask_ahead(x + row * row_step, divide_up(g->stride_width * g->channels, WIDTH));
}

INLINE void pool_band(PoolKind kind, const Pooling *g, int64_t index) {
  int64_t image = index / g->bands, first = index % g->bands * g->band;
  int64_t end = smaller_of(first + g->band, g->pooled_height);
  const float *x = g->from + image * g->height * g->width * g->channels;
  int64_t at = (image * g->pooled_height + first) * g->pooled_width * g->channels;
  for (int64_t row = first; row < end; row++)
    for (int64_t column = 0; column < g->pooled_width; column++, at += g->channels) {
      Window w = window_at(g, row, column);
      if (g->streamed) ask_for_windows(g, x, w);
      pool_pixel(kind, g, x + (w.top * g->width + w.left) * g->channels, w, at);
    }
  if (g->streamed) finish_streams();
}

static void max_pool_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  pool_band(MAXIMUM, context, index);
}

static void average_pool_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  pool_band(AVERAGE, context, index);
}

static bool op_maxPool2d(const Call *call) {
  Pooling g = pooling_of(call, &call->inputs[0], &call->outputs[0]);
  g.position = call->outputs[1].data;
  g.bytes = call->outputs[1].dtype == UINT8;
  cut_bands(&g, g.pooled_height, g.stride_height * g.width * g.channels, 1);
  return parallel_apart(g.batch * g.bands, 0, max_pool_task, &g);
}

static bool op_averagePool2d(const Call *call) {
  Pooling g = pooling_of(call, &call->inputs[0], &call->outputs[0]);
  cut_bands(&g, g.pooled_height, g.stride_height * g.width * g.channels, 1);
  return parallel_apart(g.batch * g.bands, 0, average_pool_task, &g);
}

/* ---- backward ---- */

/* Windows [first, end) hold a pixel `at` pixels from the first window's start. */
typedef struct {
  int64_t first, end;
} Holders;

static Holders holders_of(int64_t at, int64_t pool, int64_t stride, int64_t windows) {
  int64_t first = at < pool ? 0 : (at - pool) / stride + 1;
  return (Holders){first, smaller_of(at / stride + 1, windows)};
}

/* A pixel of dx, and the first window's dy (and winners) for it; from there windows lie on `rows` and `columns`. */
typedef struct {
  float *dx;
  int64_t at;
  int64_t rows, columns;
  int64_t row, column; /* of the first window */
  int64_t inside_row, inside_column; /* the pixel's place in the first window */
} Pixel;

INLINE void max_pool_gradient_vector(const Pooling *g, int64_t channel, int64_t lanes, const Pixel *p, int64_t rows,
                                     int64_t columns, bool bytes) {
  Vector sum = splat(0);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t at = p->at + (i * g->pooled_width + j) * g->channels + channel;
      int64_t place = (p->inside_row - i * g->stride_height) * g->pool_width + p->inside_column - j * g->stride_width;
      Integers winner = bytes ? load_some_bytes((const uint8_t *)g->position + at, lanes)
                              : (Integers)load_some((const float *)g->position + at, lanes);
      sum = add_where(winner, (int32_t)place, load_some(g->from + at, lanes), sum);
    }
  put(g, p->dx + channel, sum, lanes);
}

INLINE void max_pool_gradient_pixel(const Pooling *g, const Pixel *p, int64_t rows, int64_t columns, bool bytes) {
  EACH_OF_PIXEL(max_pool_gradient_vector, p, rows, columns, bytes);
}

/* One over the number of pixels that each window has along an axis. */
static void find_shares(float *shares, int64_t windows, int64_t pool, int64_t stride, int64_t pad, int64_t side) {
  for (int64_t i = 0; i < windows; i++)
    shares[i] = 1.0f / (float)(smaller_of(i * stride - pad + pool, side) - larger_of(i * stride - pad, 0));
}

/* `shares` of rows, then of columns. */
INLINE void average_pool_gradient_vector(const Pooling *g, int64_t channel, int64_t lanes, const Pixel *p, int64_t rows,
                                         int64_t columns, const float *shares) {
  const float *of_rows = shares + p->row, *of_columns = shares + g->pooled_height + p->column;
  Vector sum = splat(0);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      Vector dy = load_some(g->from + p->at + (i * g->pooled_width + j) * g->channels + channel, lanes);
      sum = multiply_add(splat(of_rows[i] * of_columns[j]), dy, sum);
    }
  put(g, p->dx + channel, sum, lanes);
}

INLINE void average_pool_gradient_pixel(const Pooling *g, const Pixel *p, int64_t rows, int64_t columns, const float *shares) {
  EACH_OF_PIXEL(average_pool_gradient_vector, p, rows, columns, shares);
}

/* The usual sizes as constants here too. Where places take more than a byte, windows are large. */
INLINE void pool_gradient_pixel(PoolKind kind, const Pooling *g, const Pixel *p, const float *shares) {
#define GRADIENT(rows, columns, bytes)                                                                                  \
  kind == MAXIMUM ? max_pool_gradient_pixel(g, p, rows, columns, bytes)                                                \
                  : average_pool_gradient_pixel(g, p, rows, columns, shares)
  if (kind == MAXIMUM && !g->bytes) GRADIENT(larger_of(0, p->rows), larger_of(0, p->columns), false);
  else if (p->rows == 1 && p->columns == 1) GRADIENT(1, 1, true);
  else if (p->rows == 1 && p->columns == 2) GRADIENT(1, 2, true);
  else if (p->rows == 2 && p->columns == 1) GRADIENT(2, 1, true);
  else if (p->rows == 2 && p->columns == 2) GRADIENT(2, 2, true);
  else GRADIENT(larger_of(0, p->rows), larger_of(0, p->columns), true);
#undef GRADIENT
}

INLINE void pool_gradient_band(PoolKind kind, const Pooling *g, int64_t index, const float *shares) {
  int64_t image = index / g->bands, first = index % g->bands * g->band;
  int64_t end = smaller_of(first + g->band, g->height);
  Pixel p = {.dx = g->to + (image * g->height + first) * g->width * g->channels};
  for (int64_t i = first; i < end; i++) {
    Holders down = holders_of(i + g->pad_top, g->pool_height, g->stride_height, g->pooled_height);
    p.row = down.first, p.rows = down.end - down.first;
    p.inside_row = i + g->pad_top - down.first * g->stride_height;
    for (int64_t j = 0; j < g->width; j++, p.dx += g->channels) {
      Holders across = holders_of(j + g->pad_left, g->pool_width, g->stride_width, g->pooled_width);
      p.column = across.first, p.columns = across.end - across.first;
      p.inside_column = j + g->pad_left - across.first * g->stride_width;
      p.at = ((image * g->pooled_height + p.row) * g->pooled_width + p.column) * g->channels;
      pool_gradient_pixel(kind, g, &p, shares);
    }
  }
  if (g->streamed) finish_streams();
}

static void max_pool_gradient_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  pool_gradient_band(MAXIMUM, context, index, NULL);
}

static void average_pool_gradient_task(void *context, int64_t index, void *scratch) {
  const Pooling *g = context;
  float *shares = scratch;
  find_shares(shares, g->pooled_height, g->pool_height, g->stride_height, g->pad_top, g->height);
  find_shares(shares + g->pooled_height, g->pooled_width, g->pool_width, g->stride_width, g->pad_left, g->width);
  pool_gradient_band(AVERAGE, g, index, shares);
}

static bool op_maxPool2dGradient(const Call *call) {
  Pooling g = pooling_of(call, &call->outputs[0], &call->inputs[0]);
  g.position = call->inputs[1].data;
  g.bytes = call->inputs[1].dtype == UINT8;
  cut_bands(&g, g.height, g.width * g.channels, g.stride_height);
  return parallel_apart(g.batch * g.bands, 0, max_pool_gradient_task, &g);
}

static bool op_averagePool2dGradient(const Call *call) {
  Pooling g = pooling_of(call, &call->outputs[0], &call->inputs[0]);
  cut_bands(&g, g.height, g.width * g.channels, g.stride_height);
  size_t bytes = float_bytes(g.pooled_height + g.pooled_width);
  return parallel_apart(g.batch * g.bands, bytes, average_pool_gradient_task, &g);
}
