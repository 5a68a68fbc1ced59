/* Optimizer updates, one pass over all weights. Bound by memory. */
#include "elementwise.h"

/* What an update reads and writes; new values may take the place of old ones. */
typedef struct {
  const float *weights, *gradients, *momentum, *velocity;
  float *to, *to_momentum, *to_velocity;
  float rate, factor, factor2, epsilon;
  bool nesterov;
} Update;

/* `vector` for each vector of a piece, whole ones with a constant length. */
#define EACH_OF_PIECE(vector)                                                                                           \
  int64_t i = piece * PIECE, end = smaller_of(i + PIECE, call->outputs[0].count);                                      \
  for (; i + WIDTH <= end; i += WIDTH) vector(&u, i, WIDTH);                                                           \
  if (i < end) vector(&u, i, end - i)

INLINE void sgd_vector(const Update *u, int64_t i, int64_t lanes) {
  store_some(u->to + i, load_some(u->weights + i, lanes) - u->rate * load_some(u->gradients + i, lanes), lanes);
}

static void sgd_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *settings = call->inputs[2].data;
  const Update u = {.weights = call->inputs[0].data, .gradients = call->inputs[1].data, .to = call->outputs[0].data,
                    .rate = settings[0]};
  EACH_OF_PIECE(sgd_vector);
}

static bool op_sgdUpdate(const Call *call) { return run_elementwise(call, sgd_piece); }

INLINE void momentum_vector(const Update *u, int64_t i, int64_t lanes) {
  Vector step = u->rate * load_some(u->gradients + i, lanes);
  Vector v = u->factor * load_some(u->velocity + i, lanes) - step;
  store_some(u->to_velocity + i, v, lanes);
  store_some(u->to + i, load_some(u->weights + i, lanes) + (u->nesterov ? u->factor * v - step : v), lanes);
}

static void momentum_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *settings = call->inputs[3].data;
  const Update u = {.weights = call->inputs[0].data, .gradients = call->inputs[1].data, .velocity = call->inputs[2].data,
                    .to = call->outputs[0].data, .to_velocity = call->outputs[1].data,
                    .rate = settings[0], .factor = (float)call->attributes[0], .nesterov = call->attributes[1] != 0};
  EACH_OF_PIECE(momentum_vector);
}

static bool op_momentumUpdate(const Call *call) { return run_elementwise(call, momentum_piece); }

INLINE void adam_vector(const Update *u, int64_t i, int64_t lanes) {
  Vector g = load_some(u->gradients + i, lanes), m = load_some(u->momentum + i, lanes), v = load_some(u->velocity + i, lanes);
  m += (g - m) * u->factor;
  v += (g * g - v) * u->factor2;
  store_some(u->to_momentum + i, m, lanes);
  store_some(u->to_velocity + i, v, lanes);
  store_some(u->to + i, load_some(u->weights + i, lanes) - m * u->rate / (square_root(v) + u->epsilon), lanes);
}

static void adam_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *settings = call->inputs[4].data;
  const Update u = {.weights = call->inputs[0].data, .gradients = call->inputs[1].data, .momentum = call->inputs[2].data,
                    .velocity = call->inputs[3].data, .to = call->outputs[0].data, .to_momentum = call->outputs[1].data,
                    .to_velocity = call->outputs[2].data, .rate = settings[0], .factor = (float)(1 - call->attributes[0]),
                    .factor2 = (float)(1 - call->attributes[1]), .epsilon = (float)call->attributes[2]};
  EACH_OF_PIECE(adam_vector);
}

static bool op_adamUpdate(const Call *call) { return run_elementwise(call, adam_piece); }
