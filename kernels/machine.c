/* What the machine's limits are measured with. */
#include "elementwise.h"

/* As many chains as hide the time that a multiply-add takes, and fit into registers beside factor and term. */
#if defined(__aarch64__)
enum { CHAINS = 24 };
#else
enum { CHAINS = 12 };
#endif

enum { CHAIN_LANES = 192 };
_Static_assert(CHAIN_LANES % (CHAINS * WIDTH) == 0, "a row is made of whole sets of chains");

static void chain_row(void *context, int64_t row, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *x = (const float *)call->inputs[0].data + row * CHAIN_LANES;
  float *y = (float *)call->outputs[0].data + row * CHAIN_LANES;
  int64_t repeats = (int64_t)call->attributes[0];
  Vector factor = splat((float)call->attributes[1]), term = splat((float)call->attributes[2]);
  for (int first = 0; first < CHAIN_LANES; first += CHAINS * WIDTH) {
    Vector chain[CHAINS];
    UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = load(x + first + i * WIDTH);
    for (int64_t repeat = 0; repeat < repeats; repeat++)
      UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = multiply_add(chain[i], factor, term);
    UNROLL for (int i = 0; i < CHAINS; i++) store(y + first + i * WIDTH, chain[i]);
  }
}

static bool op_multiplyAddChains(const Call *call) {
  return parallel(call->outputs[0].count / CHAIN_LANES, 0, chain_row, (void *)call);
}

static void triad_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *a = call->inputs[0].data, *b = call->inputs[1].data;
  float *y = call->outputs[0].data;
  Vector factor = splat((float)call->attributes[0]);
  bool streams = call->attributes[1] != 0 && (uintptr_t)y % sizeof(Vector) == 0;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count), i = piece * PIECE;
  if (streams) {
    for (; i + WIDTH <= end; i += WIDTH) stream(y + i, multiply_add(factor, load(b + i), load(a + i)));
    finish_streams();
  }
  for (; i < end; i += WIDTH)
    store_some(y + i, multiply_add(factor, load_some(b + i, end - i), load_some(a + i, end - i)), end - i);
}

static bool op_triad(const Call *call) { return run_elementwise(call, triad_piece); }
