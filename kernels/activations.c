/* Activations and their gradients, dx = dy * f'(·). Formulas in src/core/operations/activations.ts. */
#include "elementwise.h"
#include "functions.h"

#define SELU_ALPHA 1.6732632423543772f
#define SELU_SCALE 1.0507009873554805f

/* f for an activation without attributes, and with one. `from` is what its gradient takes: x or y. */
#define ACTIVATION(name, forward, slope)                                                                                \
  INLINE Vector name##_of(Vector x, float a) { (void)a; return forward; }                                              \
  INLINE Vector name##_back(Vector dy, Vector from, float a) { (void)a; return dy * (slope); }                         \
  DEFINE_ELEMENTWISE(name, map_one, name##_of, 0)                                                                      \
  DEFINE_ELEMENTWISE(name##Gradient, map_two, name##_back, 0)
#define ACTIVATION_WITH(name, forward, slope)                                                                           \
  INLINE Vector name##_of(Vector x, float a) { return forward; }                                                       \
  INLINE Vector name##_back(Vector dy, Vector from, float a) { return dy * (slope); }                                  \
  DEFINE_ELEMENTWISE(name, map_one, name##_of, (float)call->attributes[0])                                             \
  DEFINE_ELEMENTWISE(name##Gradient, map_two, name##_back, (float)call->attributes[0])

INLINE Vector one_where(Integers mask) { return choose(mask, splat(1), splat(0)); }

/* e^x - 1 for x up to 0: tanh is accurate near 0 where the difference is not. */
INLINE Vector expm1_negative(Vector x) {
  Vector t = tanh_vector(x * 0.5f);
  return choose(x > -1.0f, 2.0f * t / (1.0f - t), exp_vector(x) - 1.0f);
}

INLINE Vector elu_value(Vector x, float alpha) { return choose(x > 0, x, alpha * expm1_negative(choose(x > 0, splat(0), x))); }

INLINE Vector elu_slope(Vector x, float alpha) { return choose(x > 0, splat(1), alpha * exp_vector(x)); }

INLINE Vector softplus_value(Vector x) { return choose(x < 0, splat(0), x) + log1p_vector(exp_vector(-absolute(x))); }

INLINE Vector silu_slope(Vector x) {
  Vector s = sigmoid_vector(x);
  return s + x * s * (1.0f - s);
}

/* The normal distribution's Φ. */
INLINE Vector normal_cdf(Vector x) { return 0.5f * erfc_vector(x * -0.70710678118654752f); }

INLINE Vector gelu_slope(Vector x) { return normal_cdf(x) + x * exp_vector(-0.5f * x * x) * 0.39894228040143268f; }

/* (1 + tanh(u)) / 2 = sigmoid(2u), which keeps its digits where tanh is near -1. */
INLINE Vector gelu_gate(Vector x) { return sigmoid_vector(1.5957691216057308f * (x + 0.044715f * x * x * x)); }

INLINE Vector gelu_approximate_slope(Vector x) {
  Vector s = gelu_gate(x);
  return s + x * s * (1.0f - s) * 1.5957691216057308f * (1.0f + 0.134145f * x * x);
}

INLINE Vector hard_sigmoid_value(Vector x) {
  Vector y = x * (1.0f / 6.0f) + 0.5f;
  y = choose(y < 0, splat(0), y);
  return choose(y > 1, splat(1), y);
}

/* tanh(softplus(x)) = q / (q + 2) with q = e^x (e^x + 2). Beyond 20 it is 1. */
INLINE Vector mish_q(Vector x) {
  Vector e = exp_vector(choose(x > 20, splat(20), x));
  return e * (e + 2.0f);
}

INLINE Vector mish_value(Vector x) {
  Vector q = mish_q(x);
  return x * (q / (q + 2.0f));
}

INLINE Vector mish_slope(Vector x) {
  Vector q = mish_q(x), r = q + 2.0f;
  return q / r + x * sigmoid_vector(x) * (4.0f * (q + 1.0f) / (r * r));
}

INLINE Vector softsign_slope(Vector x) {
  Vector d = 1.0f + absolute(x);
  return 1.0f / (d * d);
}

ACTIVATION(relu, choose(x > 0, x, splat(0)), one_where(from > 0))
ACTIVATION(relu6, choose(x < 0, splat(0), choose(x > 6, splat(6), x)), one_where((from > 0) & (from < 6)))
ACTIVATION_WITH(leakyRelu, choose(x > 0, x, a * x), choose(from > 0, splat(1), splat(a)))
ACTIVATION_WITH(elu, elu_value(x, a), elu_slope(from, a))
/* At 0 the slope is the scale alone, as in TensorFlow. */
ACTIVATION(selu, SELU_SCALE * elu_value(x, SELU_ALPHA), SELU_SCALE * choose(from < 0, elu_slope(from, SELU_ALPHA), splat(1)))
ACTIVATION(sigmoid, sigmoid_vector(x), from * (1.0f - from))
ACTIVATION(tanh, tanh_vector(x), 1.0f - from * from)
ACTIVATION(exponential, exp_vector(x), from)
ACTIVATION(softplus, softplus_value(x), sigmoid_vector(from))
ACTIVATION(softsign, x / (1.0f + absolute(x)), softsign_slope(from))
ACTIVATION(silu, x * sigmoid_vector(x), silu_slope(from))
ACTIVATION(gelu, x * normal_cdf(x), gelu_slope(from))
ACTIVATION(geluApproximate, x * gelu_gate(x), gelu_approximate_slope(from))
ACTIVATION(hardSigmoid, hard_sigmoid_value(x), choose((from > -3) & (from < 3), splat(1.0f / 6.0f), splat(0)))
ACTIVATION(mish, mish_value(x), mish_slope(from))

static void bounded_relu_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const double *a = call->attributes;
  float slope = (float)a[0], threshold = (float)a[1], maximum = (float)a[2];
  const float *x = call->inputs[0].data;
  float *y = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i++)
    y[i] = x[i] > threshold ? (x[i] < maximum ? x[i] : maximum) : slope * (x[i] - threshold);
}

static void bounded_relu_gradient_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const double *a = call->attributes;
  float slope = (float)a[0], threshold = (float)a[1], maximum = (float)a[2];
  const float *dy = call->inputs[0].data, *x = call->inputs[1].data;
  float *dx = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i++)
    dx[i] = x[i] > threshold ? (x[i] <= maximum ? dy[i] : 0) : slope * dy[i];
}

static bool op_boundedRelu(const Call *call) { return run_elementwise(call, bounded_relu_piece); }
static bool op_boundedReluGradient(const Call *call) { return run_elementwise(call, bounded_relu_gradient_piece); }

enum { SOFTMAX_PIECE = 1024 }; /* elements: some hundred nanoseconds */

/* Rows of softmax that a task takes. */
static int64_t softmax_rows(int64_t classes) { return divide_up(SOFTMAX_PIECE, larger_of(1, classes)); }

/* The first `count` lanes, and `other` behind them. */
INLINE Vector only(Vector v, int64_t count, Vector other) {
  return count >= WIDTH ? v : choose(lane_numbers() < (int32_t)count, v, other);
}

/* The sum of the lanes, by halves. */
INLINE float sum_lanes(Vector v) {
  float lanes[WIDTH];
  store(lanes, v);
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}

INLINE float largest_lane(Vector v) {
  float lanes[WIDTH];
  store(lanes, v);
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  return lanes[0];
}

static void softmax_row(const float *from, int64_t classes, float *to) {
  int64_t whole = classes - classes % WIDTH, rest = classes - whole, i = 0;
  Vector highest = splat(from[0]), sum = splat(0);
  for (; i < whole; i += WIDTH) highest = larger(load(from + i), highest);
  if (rest) highest = larger(only(load_some(from + whole, rest), rest, highest), highest);
  highest = splat(largest_lane(highest));
  for (i = 0; i < whole; i += WIDTH) {
    Vector e = exp_vector(load(from + i) - highest);
    sum += e;
    store(to + i, e);
  }
  if (rest) {
    Vector e = exp_vector(load_some(from + whole, rest) - highest);
    sum += only(e, rest, splat(0));
    store_some(to + whole, e, rest);
  }
  sum = splat(1.0f / sum_lanes(sum));
  for (i = 0; i < whole; i += WIDTH) store(to + i, load(to + i) * sum);
  if (rest) store_some(to + whole, load_some(to + whole, rest) * sum, rest);
}

static void softmax_task(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Tensor *x = &((const Call *)context)->inputs[0];
  int64_t classes = x->shape[x->rank - 1], rows = softmax_rows(classes);
  int64_t end = smaller_of((piece + 1) * rows * classes, x->count);
  for (int64_t row = piece * rows * classes; row < end; row += classes)
    softmax_row((const float *)x->data + row, classes, (float *)((const Call *)context)->outputs[0].data + row);
}

static bool op_softmax(const Call *call) {
  const Tensor *x = &call->inputs[0];
  int64_t classes = x->shape[x->rank - 1];
  return parallel_apart(divide_up(x->count, softmax_rows(classes) * larger_of(1, classes)), 0, softmax_task, (void *)call);
}

/* dx = y * (dy - sum of dy * y) */
static void softmax_gradient_task(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Tensor *dy = &((const Call *)context)->inputs[0];
  int64_t classes = dy->shape[dy->rank - 1], rows = softmax_rows(classes);
  int64_t end = smaller_of((piece + 1) * rows * classes, dy->count);
  for (int64_t row = piece * rows * classes; row < end; row += classes) {
    const float *up = (const float *)dy->data + row, *y = (const float *)((const Call *)context)->inputs[1].data + row;
    float *to = (float *)((const Call *)context)->outputs[0].data + row;
    Vector sum = splat(0); /* zeros behind the last class add nothing */
    for (int64_t i = 0; i < classes; i += WIDTH)
      sum = multiply_add(load_some(up + i, classes - i), load_some(y + i, classes - i), sum);
    sum = splat(sum_lanes(sum));
    for (int64_t i = 0; i < classes; i += WIDTH)
      store_some(to + i, load_some(y + i, classes - i) * (load_some(up + i, classes - i) - sum), classes - i);
  }
}

static bool op_softmaxGradient(const Call *call) {
  const Tensor *dy = &call->inputs[0];
  int64_t classes = dy->shape[dy->rank - 1];
  return parallel_apart(divide_up(dy->count, softmax_rows(classes) * larger_of(1, classes)), 0, softmax_gradient_task, (void *)call);
}
