/* Optimizer updates, one pass over all weights. Bound by memory. */
#include <math.h>

#include "elementwise.h"

INLINE Vector square_root(Vector x) {
  float lanes[WIDTH];
  store(lanes, x);
  for (int i = 0; i < WIDTH; i++) lanes[i] = sqrtf(lanes[i]);
  return load(lanes);
}

static void sgd_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *weights = call->inputs[0].data, *gradients = call->inputs[1].data, *settings = call->inputs[2].data;
  float *to = call->outputs[0].data, rate = settings[0];
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i += WIDTH)
    store_some(to + i, load_some(weights + i, end - i) - rate * load_some(gradients + i, end - i), end - i);
}

static bool op_sgdUpdate(const Call *call) { return run_elementwise(call, sgd_piece); }

static void momentum_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *weights = call->inputs[0].data, *gradients = call->inputs[1].data, *velocity = call->inputs[2].data;
  const float *settings = call->inputs[3].data;
  float *to = call->outputs[0].data, *to_velocity = call->outputs[1].data;
  float rate = settings[0], momentum = (float)call->attributes[0];
  bool nesterov = call->attributes[1] != 0;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i += WIDTH) {
    int64_t lanes = end - i;
    Vector step = rate * load_some(gradients + i, lanes);
    Vector v = momentum * load_some(velocity + i, lanes) - step;
    store_some(to_velocity + i, v, lanes);
    store_some(to + i, load_some(weights + i, lanes) + (nesterov ? momentum * v - step : v), lanes);
  }
}

static bool op_momentumUpdate(const Call *call) { return run_elementwise(call, momentum_piece); }

static void adam_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *weights = call->inputs[0].data, *gradients = call->inputs[1].data;
  const float *momentum = call->inputs[2].data, *velocity = call->inputs[3].data, *settings = call->inputs[4].data;
  float *to = call->outputs[0].data, *to_momentum = call->outputs[1].data, *to_velocity = call->outputs[2].data;
  float alpha = settings[0], new1 = (float)(1 - call->attributes[0]), new2 = (float)(1 - call->attributes[1]);
  float epsilon = (float)call->attributes[2];
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i += WIDTH) {
    int64_t lanes = end - i;
    Vector g = load_some(gradients + i, lanes), m = load_some(momentum + i, lanes), v = load_some(velocity + i, lanes);
    m += (g - m) * new1;
    v += (g * g - v) * new2;
    store_some(to_momentum + i, m, lanes);
    store_some(to_velocity + i, v, lanes);
    store_some(to + i, load_some(weights + i, lanes) - m * alpha / (square_root(v) + epsilon), lanes);
  }
}

static bool op_adamUpdate(const Call *call) { return run_elementwise(call, adam_piece); }
