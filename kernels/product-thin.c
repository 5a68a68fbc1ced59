/*
 * Products of a few rows (one image, mostly), which are bound by reading or writing the kernel: it is taken as it lies in
 * memory, once.
 */
#include "fovea.h"
#include "vector.h"

enum {
  THIN_ROWS = 2,    /* up to which these are the faster ways */
  THIN_VECTORS = MANY_REGISTERS ? 16 : 8, /* of columns a strip, kept in registers for one row */
  THIN_AHEAD = 4,   /* rows of the kernel */
  THIN_LEAST = 64,
  THIN_KERNEL_ROWS = 64 /* a task */
};

/* y of one row for `vectors` (a constant) vectors of columns, the last one cut. */
INLINE void thin_strip(int vectors, const float *x, const float *kernel, int64_t columns, int64_t inner, int64_t lanes, float *y) {
  Vector sums[THIN_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) sums[v] = splat(0);
  for (int64_t k = 0; k < inner; k++, kernel += columns) {
    Vector value = splat(x[k]);
    UNROLL for (int v = 0; v < vectors; v++) {
      if (v * WIDTH % 16 == 0) __builtin_prefetch(kernel + THIN_AHEAD * columns + v * WIDTH, 0, 3);
      Vector w = v == vectors - 1 ? load_some(kernel + v * WIDTH, lanes) : load(kernel + v * WIDTH);
      sums[v] = multiply_add(value, w, sums[v]);
    }
  }
  UNROLL for (int v = 0; v < vectors - 1; v++) store(y + v * WIDTH, sums[v]);
  store_some(y + (vectors - 1) * WIDTH, sums[vectors - 1], lanes);
}

static void thin_product_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Product *g = context;
  int64_t part = index / g->column_blocks, k = part * g->part, inner = smaller_of(g->part, g->inner - k);
  int64_t first = index % g->column_blocks * THIN_VECTORS * WIDTH, end = smaller_of(first + THIN_VECTORS * WIDTH, g->columns);
  for (int64_t row = 0; row < g->rows; row++)
    for (int64_t n = first; n < end;) {
      const float *x = g->a + row * g->inner + k, *kernel = g->b + k * g->columns + n;
      float *y = g->result + part * g->size + row * g->columns + n;
      int64_t left = end - n;
      if (left >= THIN_VECTORS * WIDTH) {
        thin_strip(THIN_VECTORS, x, kernel, g->columns, inner, WIDTH, y);
        n += THIN_VECTORS * WIDTH;
      } else if (left >= 4 * WIDTH) {
        thin_strip(4, x, kernel, g->columns, inner, WIDTH, y);
        n += 4 * WIDTH;
      } else {
        thin_strip(1, x, kernel, g->columns, inner, smaller_of(left, WIDTH), y);
        n += WIDTH;
      }
    }
}

static bool thin_product(Product g, float *result) {
  g.size = g.rows * g.columns;
  if (g.size == 0) return true;
  g.column_blocks = divide_up(g.columns, THIN_VECTORS * WIDTH);
  cut_inner(&g, g.column_blocks, THIN_LEAST);
  return begin_parts(&g, result) && parallel(g.column_blocks * g.parts, 0, thin_product_task, &g) &&
         (g.parts == 1 || sum_parts(g.result, g.parts, g.size, result));
}

typedef struct {
  const float *x, *dy, *kernel;
  float *to;
  int64_t rows, in, out;
} ThinGradient;

/* The sum of a vector's lanes, in quads. */
INLINE Quad quad_of(Vector v) {
  float lanes[WIDTH];
  store(lanes, v);
  Quad sum = load_quad(lanes);
  for (int i = 4; i < WIDTH; i += 4) sum += load_quad(lanes + i);
  return sum;
}

/* dx of one row for four rows of the kernel: their products with dy. */
INLINE Quad four_products(const float *dy, const float *kernel, int64_t out, int64_t row) {
  Vector sums[4] = {splat(0), splat(0), splat(0), splat(0)};
  int64_t o = 0;
  for (; o + WIDTH <= out; o += WIDTH)
    UNROLL for (int r = 0; r < 4; r++) sums[r] = multiply_add(load(dy + o), load(kernel + r * row + o), sums[r]);
  if (o < out)
    UNROLL for (int r = 0; r < 4; r++)
      sums[r] = multiply_add(load_some(dy + o, out - o), load_some(kernel + r * row + o, out - o), sums[r]);
  Quad q[4];
  UNROLL for (int r = 0; r < 4; r++) q[r] = quad_of(sums[r]);
  transpose_quads(q);
  return (q[0] + q[1]) + (q[2] + q[3]);
}

static void thin_input_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const ThinGradient *g = context;
  int64_t end = smaller_of((index + 1) * THIN_KERNEL_ROWS, g->in);
  for (int64_t i = index * THIN_KERNEL_ROWS; i < end; i += 4)
    for (int64_t row = 0; row < g->rows; row++) {
      int64_t count = smaller_of(4, end - i);
      Quad sums = four_products(g->dy + row * g->out, g->kernel + i * g->out, g->out, count < 4 ? 0 : g->out);
      if (count == 4) *(UnalignedQuad *)(g->to + row * g->in + i) = sums;
      else
        for (int64_t r = 0; r < count; r++)
          g->to[row * g->in + i + r] = four_products(g->dy + row * g->out, g->kernel + (i + r) * g->out, g->out, 0)[0];
    }
}

static bool thin_input_gradient(ThinGradient g) {
  return parallel(divide_up(g.in, THIN_KERNEL_ROWS), 0, thin_input_task, &g);
}

static void thin_kernel_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const ThinGradient *g = context;
  int64_t end = smaller_of((index + 1) * THIN_KERNEL_ROWS, g->in);
  for (int64_t i = index * THIN_KERNEL_ROWS; i < end; i++)
    for (int64_t o = 0; o < g->out; o += WIDTH) {
      Vector sum = splat(0);
      for (int64_t row = 0; row < g->rows; row++)
        sum = multiply_add(splat(g->x[row * g->in + i]), load_some(g->dy + row * g->out + o, g->out - o), sum);
      store_some(g->to + i * g->out + o, sum, g->out - o);
    }
}

static bool thin_kernel_gradient(ThinGradient g) {
  return parallel(divide_up(g.in, THIN_KERNEL_ROWS), 0, thin_kernel_task, &g);
}
