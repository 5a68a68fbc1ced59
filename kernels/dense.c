/*
 * Matrix products and biases. One tile serves all three products: some rows of the result by two vectors of its columns
 * stay in registers while the inner axis passes by.
 */
#include "fovea.h"
#include "vector.h"

enum {
  TILE_ROWS = MANY_REGISTERS ? 8 : 4,
  PRODUCT_ROWS = 96, /* of the result, a task */
  PRODUCT_COLUMNS = 256,
  INNER_CHUNK = 256, /* where the result is too small to be shared out, the inner axis is */
  PRODUCT_TASKS = 32,
  CHUNKS = 64,
  CHUNK_BYTES = 64 << 20,
  BIAS_PARTIALS = 64,
  BIAS_ROWS = 64 /* rows summed by a task at least */
};

/* result[m, n] = sum over k of a[m * a_row + k * a_inner] * b[k * b_stride + n] */
typedef struct {
  int64_t rows, columns, inner;
  const float *a;
  int64_t a_row, a_inner;
  const float *b;
  int64_t b_stride;
  float *result; /* [chunks][rows][columns] */
  int64_t row_blocks, column_blocks, chunks, chunk;
} Product;

INLINE void multiply_tile(int rows, int vectors, const float *a, int64_t a_row, int64_t a_inner, const float *b,
                          int64_t b_stride, int64_t inner, float *result, int64_t stride, int64_t columns) {
  Vector sums[TILE_ROWS * 2];
  UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = splat(0);
  for (int64_t k = 0; k < inner; k++, a += a_inner, b += b_stride) {
    Vector w[2];
    UNROLL for (int v = 0; v < vectors; v++) w[v] = load(b + v * WIDTH);
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] += a[r * a_row] * w[v];
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      store_some(result + r * stride + v * WIDTH, sums[r * vectors + v], columns - v * WIDTH);
}

/* All rows of one or two (a constant) vectors of columns. */
INLINE void multiply_strip(int vectors, const float *a, int64_t a_row, int64_t a_inner, const float *b, int64_t b_stride,
                           int64_t rows, int64_t inner, float *result, int64_t stride, int64_t columns) {
  int64_t row = 0;
#define TILES(n)                                                                                                        \
  for (; row + (n) <= rows; row += (n))                                                                                \
    multiply_tile(n, vectors, a + row * a_row, a_row, a_inner, b, b_stride, inner, result + row * stride, stride, columns);
  TILES(TILE_ROWS) TILES(4) TILES(2) TILES(1)
#undef TILES
}

static void product_task(void *context, int64_t index, void *scratch) {
  const Product *g = context;
  int64_t row = index % g->row_blocks * PRODUCT_ROWS;
  int64_t column = index / g->row_blocks % g->column_blocks * PRODUCT_COLUMNS;
  int64_t part = index / (g->row_blocks * g->column_blocks), k = part * g->chunk;
  int64_t rows = smaller_of(PRODUCT_ROWS, g->rows - row), inner = smaller_of(g->chunk, g->inner - k);
  int64_t end = smaller_of(column + PRODUCT_COLUMNS, g->columns);
  const float *a = g->a + row * g->a_row + k * g->a_inner;
  float *result = g->result + (part * g->rows + row) * g->columns;
  for (; column + 2 * WIDTH <= end; column += 2 * WIDTH)
    multiply_strip(2, a, g->a_row, g->a_inner, g->b + k * g->b_stride + column, g->b_stride, rows, inner, result + column,
                   g->columns, 2 * WIDTH);
  for (; column < end; column += WIDTH) {
    const float *b = g->b + k * g->b_stride + column;
    int64_t b_stride = g->b_stride;
    if (end - column < WIDTH) { /* whole vectors would read past the last row */
      float *packed = scratch;
      for (int64_t i = 0; i < inner; i++) store(packed + i * WIDTH, load_some(b + i * b_stride, end - column));
      b = packed;
      b_stride = WIDTH;
    }
    multiply_strip(1, a, g->a_row, g->a_inner, b, b_stride, rows, inner, result + column, g->columns, end - column);
  }
}

typedef struct {
  const float *parts;
  float *total;
  int64_t count, parts_count;
} PartsSum;

enum { SUM_PIECE = 4096 };

/* total = the parts added up, first to last. */
static void sum_parts_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const PartsSum *s = context;
  int64_t end = smaller_of((index + 1) * SUM_PIECE, s->count);
  for (int64_t i = index * SUM_PIECE; i < end; i += WIDTH) {
    int64_t lanes = end - i;
    Vector sum = load_some(s->parts + i, lanes);
    for (int64_t part = 1; part < s->parts_count; part++) sum += load_some(s->parts + part * s->count + i, lanes);
    store_some(s->total + i, sum, lanes);
  }
}

static bool sum_parts(const float *parts, int64_t parts_count, int64_t count, float *total) {
  PartsSum s = {parts, total, count, parts_count};
  return parallel(divide_up(count, SUM_PIECE), 0, sum_parts_task, &s);
}

static bool run_product(Product g, float *result) {
  int64_t size = g.rows * g.columns;
  if (size == 0) return true;
  g.row_blocks = divide_up(g.rows, PRODUCT_ROWS);
  g.column_blocks = divide_up(g.columns, PRODUCT_COLUMNS);
  g.chunks = 1;
  if (g.row_blocks * g.column_blocks < PRODUCT_TASKS) {
    int64_t affordable = CHUNK_BYTES / (size * (int64_t)sizeof(float));
    g.chunks = larger_of(1, smaller_of(smaller_of(CHUNKS, affordable), divide_up(g.inner, INNER_CHUNK)));
  }
  g.chunk = larger_of(1, divide_up(g.inner, g.chunks));
  g.chunks = larger_of(1, divide_up(g.inner, g.chunk));
  g.result = g.chunks == 1 ? result : shared_scratch((size_t)(g.chunks * size) * sizeof(float));
  if (!g.result) return false;
  int64_t tasks = g.row_blocks * g.column_blocks * g.chunks;
  if (!parallel(tasks, (size_t)(g.chunk * WIDTH) * sizeof(float), product_task, &g)) return false;
  return g.chunks == 1 || sum_parts(g.result, g.chunks, size, result);
}

static bool op_matmul(const Call *call) {
  const Tensor *x = &call->inputs[0], *kernel = &call->inputs[1];
  Product g = {.rows = x->shape[0], .columns = kernel->shape[1], .inner = x->shape[1],
               .a = x->data, .a_row = x->shape[1], .a_inner = 1, .b = kernel->data, .b_stride = kernel->shape[1]};
  return run_product(g, call->outputs[0].data);
}

static bool op_matmulKernelGradient(const Call *call) {
  const Tensor *x = &call->inputs[0], *dy = &call->inputs[1];
  Product g = {.rows = x->shape[1], .columns = dy->shape[1], .inner = x->shape[0],
               .a = x->data, .a_row = 1, .a_inner = x->shape[1], .b = dy->data, .b_stride = dy->shape[1]};
  return run_product(g, call->outputs[0].data);
}

typedef struct {
  const float *dy, *kernel;
  float *dx;
  int64_t rows, in, out;
} MatmulInputGradient;

enum { INPUT_CHANNELS = 4 * WIDTH }; /* of dx, a task */

/* kernel [count rows][out] as [out][WIDTH]; lanes from `count` on are zero. */
static void transpose_rows(const float *kernel, int64_t out, int64_t count, float *packed) {
  for (int64_t lane = 0; lane < WIDTH; lane++)
    for (int64_t o = 0; o < out; o++) packed[o * WIDTH + lane] = lane < count ? kernel[lane * out + o] : 0;
}

static void matmul_input_gradient_task(void *context, int64_t index, void *scratch) {
  const MatmulInputGradient *g = context;
  int64_t end = smaller_of((index + 1) * INPUT_CHANNELS, g->in);
  for (int64_t i = index * INPUT_CHANNELS; i < end; i += WIDTH) {
    int64_t count = smaller_of(WIDTH, end - i);
    transpose_rows(g->kernel + i * g->out, g->out, count, scratch);
    multiply_strip(1, g->dy, g->out, 1, scratch, WIDTH, g->rows, g->out, g->dx + i, g->in, count);
  }
}

static bool op_matmulInputGradient(const Call *call) {
  const Tensor *dy = &call->inputs[0], *kernel = &call->inputs[1];
  MatmulInputGradient g = {dy->data, kernel->data, call->outputs[0].data, dy->shape[0], kernel->shape[0], kernel->shape[1]};
  size_t bytes = (size_t)(larger_of(1, g.out) * WIDTH) * sizeof(float);
  return parallel(divide_up(g.in, INPUT_CHANNELS), bytes, matmul_input_gradient_task, &g);
}

typedef struct {
  const float *x, *bias;
  float *y;
  int64_t rows, channels, piece;
} Bias;

static void add_bias_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Bias *g = context;
  int64_t end = smaller_of((index + 1) * g->piece, g->rows);
  for (int64_t row = index * g->piece; row < end; row++)
    for (int64_t i = 0; i < g->channels; i += WIDTH) {
      int64_t lanes = g->channels - i, at = row * g->channels + i;
      store_some(g->y + at, load_some(g->x + at, lanes) + load_some(g->bias + i, lanes), lanes);
    }
}

static bool op_addBias(const Call *call) {
  const Tensor *x = &call->inputs[0];
  Bias g = {.x = x->data, .bias = call->inputs[1].data, .y = call->outputs[0].data, .channels = x->shape[x->rank - 1]};
  if (x->count == 0) return true;
  g.rows = x->count / g.channels;
  g.piece = divide_up(SUM_PIECE, g.channels);
  return parallel(divide_up(g.rows, g.piece), 0, add_bias_task, &g);
}

static void bias_gradient_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Bias *g = context;
  int64_t end = smaller_of((index + 1) * g->piece, g->rows);
  float *sums = g->y + index * g->channels;
  memset(sums, 0, (size_t)g->channels * sizeof(float));
  for (int64_t row = index * g->piece; row < end; row++)
    for (int64_t i = 0; i < g->channels; i += WIDTH) {
      int64_t lanes = g->channels - i;
      store_some(sums + i, load_some(sums + i, lanes) + load_some(g->x + row * g->channels + i, lanes), lanes);
    }
}

static bool op_biasGradient(const Call *call) {
  const Tensor *dy = &call->inputs[0];
  Bias g = {.x = dy->data, .channels = dy->shape[dy->rank - 1]};
  if (g.channels == 0) return true;
  g.rows = dy->count / g.channels;
  g.piece = larger_of(BIAS_ROWS, divide_up(g.rows, BIAS_PARTIALS));
  int64_t partials = larger_of(1, divide_up(g.rows, g.piece));
  g.y = shared_scratch((size_t)(partials * g.channels) * sizeof(float));
  return g.y && parallel(partials, 0, bias_gradient_task, &g) &&
         sum_parts(g.y, partials, g.channels, call->outputs[0].data);
}
