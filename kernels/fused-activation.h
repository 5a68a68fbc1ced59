/* What the `activation` attribute of an operation says: see src/core/operations/activation-code.ts. */
#pragma once

#include "vector.h"

enum { NO_ACTIVATION, RELU, RELU6 };

INLINE Vector activate(Vector x, int activation) {
  if (activation == NO_ACTIVATION) return x;
  x = larger(x, splat(0));
  return activation == RELU6 ? choose(x > 6.0f, splat(6), x) : x;
}

/* dy where the activation of x lets it through, otherwise 0. */
INLINE Vector pass_gradient(Vector dy, Vector x, int activation) {
  if (activation == NO_ACTIVATION) return dy;
  dy = choose(x > 0.0f, dy, splat(0));
  return activation == RELU6 ? choose(x < 6.0f, dy, splat(0)) : dy;
}
