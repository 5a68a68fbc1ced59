/* How an operation that works element by element is shared out: pieces of one length, vectors within, a part at the end. */
#pragma once

#include "fovea.h"
#include "vector.h"

enum {
  PIECE = 16384,
  VECTORS_TOGETHER = WIDTH == 16 ? 4 : 1 /* as many as hide what the loop itself takes where a vector is a line */
};

INLINE bool run_elementwise(const Call *call, Task task) {
  return parallel_apart(divide_up(call->outputs[0].count, PIECE), 0, task, (void *)call);
}

/* A piece of y. vector(i, lanes) is the vector from its element i on, with a constant number of lanes where it is whole. */
#define WRITE_PIECE(call, piece, y, vector)                                                                             \
  do {                                                                                                                 \
    int64_t end = smaller_of(((piece) + 1) * PIECE, (call)->outputs[0].count), i = (piece) * PIECE;                    \
    if (should_stream(y, (call)->outputs[0].count, WIDTH)) {                                                           \
      for (; i + WIDTH <= end; i += WIDTH) stream((y) + i, vector(i, WIDTH));                                          \
      finish_streams();                                                                                                \
    }                                                                                                                  \
    for (; i + VECTORS_TOGETHER * WIDTH <= end; i += VECTORS_TOGETHER * WIDTH)                                         \
      UNROLL for (int j = 0; j < VECTORS_TOGETHER; j++) store((y) + i + j * WIDTH, vector(i + j * WIDTH, WIDTH));      \
    for (; i < end; i += WIDTH) store_some((y) + i, vector(i, end - i), end - i);                                      \
  } while (0)

/* y = f(x, a), `a` being the operation's first attribute. */
INLINE void map_one(const Call *call, int64_t piece, Vector (*f)(Vector, float), float a) {
  const float *x = call->inputs[0].data;
  float *y = call->outputs[0].data;
#define OF_ONE(i, lanes) f(load_some(x + (i), lanes), a)
  WRITE_PIECE(call, piece, y, OF_ONE);
#undef OF_ONE
}

/* y = f(u, v, a). */
INLINE void map_two(const Call *call, int64_t piece, Vector (*f)(Vector, Vector, float), float a) {
  const float *u = call->inputs[0].data, *v = call->inputs[1].data;
  float *y = call->outputs[0].data;
#define OF_TWO(i, lanes) f(load_some(u + (i), lanes), load_some(v + (i), lanes), a)
  WRITE_PIECE(call, piece, y, OF_TWO);
#undef OF_TWO
}

#define DEFINE_ELEMENTWISE(operation, map, function, attribute)                                                         \
  static void operation##_piece(void *context, int64_t piece, void *scratch) {                                         \
    (void)scratch;                                                                                                     \
    const Call *call = context;                                                                                        \
    map(call, piece, function, attribute);                                                                             \
  }                                                                                                                    \
  static bool op_##operation(const Call *call) { return run_elementwise(call, operation##_piece); }
