/* Sums, products, scaling and dropout. */
#include "elementwise.h"

INLINE Vector add_of(Vector a, Vector b, float unused) {
  (void)unused;
  return a + b;
}

INLINE Vector multiply_of(Vector a, Vector b, float unused) {
  (void)unused;
  return a * b;
}

DEFINE_ELEMENTWISE(add, map_two, add_of, 0)
DEFINE_ELEMENTWISE(multiply, map_two, multiply_of, 0)

static void fill_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  float *y = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i++) y[i] = (float)call->attributes[0];
}

static bool op_fill(const Call *call) { return run_elementwise(call, fill_piece); }

static void rescale_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const Tensor *x = &call->inputs[0];
  float scale = (float)call->attributes[0], offset = (float)call->attributes[1];
  float *y = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, x->count);
  if (x->dtype == UINT8) {
    const uint8_t *bytes = x->data;
    for (int64_t i = piece * PIECE; i < end; i++) y[i] = (float)bytes[i] * scale + offset;
  } else {
    const float *floats = x->data;
    for (int64_t i = piece * PIECE; i < end; i++) y[i] = floats[i] * scale + offset;
  }
}

static bool op_rescale(const Call *call) { return run_elementwise(call, rescale_piece); }

enum { LANES = 16 }; /* counters at a time, a number that suits every vector */

/* Words [4][LANES] of Philox4x32-10 (Salmon et al. 2011) for counters [first + lane, c1, c2, c3]. */
static void philox(uint32_t first, const uint32_t counter[3], const uint32_t key[2], uint32_t words[4][LANES]) {
  for (int i = 0; i < LANES; i++) {
    words[0][i] = first + (uint32_t)i;
    for (int w = 0; w < 3; w++) words[w + 1][i] = counter[w];
  }
  uint32_t key0 = key[0], key1 = key[1];
  for (int round = 0; round < 10; round++, key0 += 0x9e3779b9u, key1 += 0xbb67ae85u)
    for (int i = 0; i < LANES; i++) {
      uint64_t a = (uint64_t)words[0][i] * 0xd2511f53u, b = (uint64_t)words[2][i] * 0xcd9e8d57u;
      words[0][i] = (uint32_t)(b >> 32) ^ words[1][i] ^ key0;
      words[2][i] = (uint32_t)(a >> 32) ^ words[3][i] ^ key1;
      words[1][i] = (uint32_t)b;
      words[3][i] = (uint32_t)a;
    }
}

static void dropout_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const float *x = call->inputs[0].data;
  const uint32_t *random = call->inputs[1].data;
  float *y = call->outputs[0].data;
  double rate = call->attributes[0];
  uint32_t counter[3] = {(uint32_t)call->attributes[1], random[2], random[3]};
  float scale = rate < 1 ? (float)(1 / (1 - rate)) : 0;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  uint32_t words[4][LANES];
  for (int64_t i = piece * PIECE; i < end; i += 4 * LANES) {
    philox((uint32_t)(i / 4), counter, random, words);
    int64_t count = smaller_of(4 * LANES, end - i);
    for (int64_t j = 0; j < count; j++) y[i + j] = words[j % 4][j / 4] * 0x1p-32 >= rate ? x[i + j] * scale : 0;
  }
}

static bool op_dropout(const Call *call) { return run_elementwise(call, dropout_piece); }
