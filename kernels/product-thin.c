/*
 * Products of a few rows (one image, mostly), which are bound by reading or writing the kernel: it is taken as it lies in
 * memory, once.
 */
#include "fovea.h"
#include "vector.h"

#include <string.h>

enum {
  THIN_ROWS = 2,       /* up to which these are the faster ways */
  THIN_TAKEN = 4,      /* rows of the kernel at a time */
  THIN_COLUMNS = 4096, /* a task, whose sums stay in the first cache */
  THIN_LEAST = 64,
  THIN_KERNEL_ROWS = 64 /* a task */
};

/*
 * y[rows][columns] += x[rows][taken] * kernel[taken][columns]; `rows` and `taken` are constants. Sums in registers, a strip of columns
 * after the other, would spare loads of y, but the processor fetches ahead only what is read from front to back: 1,280 rows of 1,000 took
 * 0.115 ms by strips of 256 columns, and 0.057 so (two cores of a Sapphire Rapids); 14,400 rows of 256 took 0.19 either way.
 */
INLINE void add_thin(int rows, int taken, const Product *g, const float *x, const float *kernel, int64_t columns, float *y) {
  Vector values[THIN_ROWS * THIN_TAKEN];
  UNROLL for (int i = 0; i < rows * taken; i++) values[i] = splat(x[i / taken * g->inner + i % taken]);
  for (int64_t n = 0; n < columns; n += WIDTH) {
    int64_t lanes = columns - n;
    Vector w[THIN_TAKEN];
    UNROLL for (int k = 0; k < taken; k++) w[k] = load_some(kernel + k * g->columns + n, lanes);
    UNROLL for (int row = 0; row < rows; row++) {
      Vector sum = load_some(y + row * g->columns + n, lanes);
      UNROLL for (int k = 0; k < taken; k++) sum = multiply_add(values[row * taken + k], w[k], sum);
      store_some(y + row * g->columns + n, sum, lanes);
    }
  }
}

static void thin_product_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Product *g = context;
  int64_t part = index / g->column_blocks, k = part * g->part, end = smaller_of(k + g->part, g->inner);
  int64_t first = index % g->column_blocks * THIN_COLUMNS, columns = smaller_of(THIN_COLUMNS, g->columns - first);
  float *y = g->result + part * g->size + first;
  for (int64_t row = 0; row < g->rows; row++) memset(y + row * g->columns, 0, (size_t)columns * sizeof(float));
  while (k < end) {
    const float *x = g->a + k, *kernel = g->b + k * g->columns + first;
    bool several = k + THIN_TAKEN <= end;
    if (several && g->rows == 1) add_thin(1, THIN_TAKEN, g, x, kernel, columns, y);
    else if (several) add_thin(2, THIN_TAKEN, g, x, kernel, columns, y);
    else if (g->rows == 1) add_thin(1, 1, g, x, kernel, columns, y);
    else add_thin(2, 1, g, x, kernel, columns, y);
    k += several ? THIN_TAKEN : 1;
  }
}

static bool thin_product(Product g, float *result) {
  g.size = g.rows * g.columns;
  if (g.size == 0) return true;
  g.column_blocks = divide_up(g.columns, THIN_COLUMNS);
  cut_inner(&g, g.column_blocks, THIN_LEAST);
  return begin_parts(&g, result, 0) && parallel_apart(g.column_blocks * g.parts, 0, thin_product_task, &g) &&
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
