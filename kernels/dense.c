/* Dense layers: which way of multiplying suits the sizes, and biases. */
#include "product.c"
#include "product-thin.c"

enum {
  BIAS_PARTIALS = 64,
  BIAS_PIECE = 4096,
  BIAS_ROWS = 64 /* rows summed by a task at least */
};

static bool op_matmul(const Call *call) {
  const Tensor *x = &call->inputs[0], *kernel = &call->inputs[1];
  int64_t in = x->shape[1], out = kernel->shape[1];
  Product g = {.rows = x->shape[0], .columns = out, .inner = in, .a = x->data, .a_row = in, .a_inner = 1,
               .b = kernel->data, .b_inner = out, .b_column = 1, .result_row = out, .result_column = 1};
  if (g.rows > THIN_ROWS && g.rows <= FEW_ROWS)
    return run_few_rows(few_rows_of(x->data, kernel->data, g.rows, out, in), call->outputs[0].data);
  return g.rows <= THIN_ROWS ? thin_product(g, call->outputs[0].data) : run_product(g, call->outputs[0].data);
}

static bool op_matmulKernelGradient(const Call *call) {
  const Tensor *x = &call->inputs[0], *dy = &call->inputs[1];
  int64_t in = x->shape[1], out = dy->shape[1], rows = x->shape[0];
  if (rows <= THIN_ROWS)
    return thin_kernel_gradient((ThinGradient){.x = x->data, .dy = dy->data, .to = call->outputs[0].data, .rows = rows, .in = in, .out = out});
  Product g = {.rows = in, .columns = out, .inner = rows, .a = x->data, .a_row = 1, .a_inner = in,
               .b = dy->data, .b_inner = out, .b_column = 1, .result_row = out, .result_column = 1};
  return run_product(g, call->outputs[0].data);
}

/* dx turned by a quarter is kernel * dy turned by a quarter: then the kernel, the largest of them, is read as it lies. */
static bool op_matmulInputGradient(const Call *call) {
  const Tensor *dy = &call->inputs[0], *kernel = &call->inputs[1];
  int64_t in = kernel->shape[0], out = kernel->shape[1], rows = dy->shape[0];
  if (rows <= THIN_ROWS)
    return thin_input_gradient((ThinGradient){.dy = dy->data, .kernel = kernel->data, .to = call->outputs[0].data, .rows = rows, .in = in, .out = out});
  Product g = {.rows = in, .columns = rows, .inner = out, .a = kernel->data, .a_row = out, .a_inner = 1,
               .b = dy->data, .b_inner = 1, .b_column = out, .result_row = 1, .result_column = in};
  return run_product(g, call->outputs[0].data);
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
  g.piece = divide_up(BIAS_PIECE, g.channels);
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
  g.y = shared_scratch(float_bytes(partials * g.channels));
  return g.y && parallel(partials, 0, bias_gradient_task, &g) &&
         sum_parts(g.y, partials, g.channels, call->outputs[0].data);
}
