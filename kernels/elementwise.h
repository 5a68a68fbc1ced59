/* How an operation that works element by element is shared out: pieces of one length, vectors within, a part at the end. */
#pragma once

#include "fovea.h"
#include "vector.h"

enum { PIECE = 16384 };

INLINE bool run_elementwise(const Call *call, Task task) {
  return parallel(divide_up(call->outputs[0].count, PIECE), 0, task, (void *)call);
}

/* y = f(x, a), `a` being the operation's first attribute. */
INLINE void map_one(const Call *call, int64_t piece, Vector (*f)(Vector, float), float a) {
  const float *x = call->inputs[0].data;
  float *y = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count), i = piece * PIECE;
  for (; i + WIDTH <= end; i += WIDTH) store(y + i, f(load(x + i), a));
  if (i < end) store_some(y + i, f(load_some(x + i, end - i), a), end - i);
}

/* y = f(u, v, a). */
INLINE void map_two(const Call *call, int64_t piece, Vector (*f)(Vector, Vector, float), float a) {
  const float *u = call->inputs[0].data, *v = call->inputs[1].data;
  float *y = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count), i = piece * PIECE;
  for (; i + WIDTH <= end; i += WIDTH) store(y + i, f(load(u + i), load(v + i), a));
  if (i < end) store_some(y + i, f(load_some(u + i, end - i), load_some(v + i, end - i), a), end - i);
}

#define DEFINE_ELEMENTWISE(operation, map, function, attribute)                                                         \
  static void operation##_piece(void *context, int64_t piece, void *scratch) {                                         \
    (void)scratch;                                                                                                     \
    const Call *call = context;                                                                                        \
    map(call, piece, function, attribute);                                                                             \
  }                                                                                                                    \
  static bool op_##operation(const Call *call) { return run_elementwise(call, operation##_piece); }
