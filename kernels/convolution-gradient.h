/*
 * What the gradients of a convolution share, those of pooled ones above all.
 *
 * A pool passes its gradient to one of its positions, and ReLU may stop it: in the report's network nine of
 * ten elements of the convolution's own gradient are zero. So that gradient is never written; the elements that are
 * not zero are listed as (offset, value), and each adds a window of x (kernel gradient) or of the kernel (input
 * gradient), scaled by it, to sums that stay in registers.
 */
#pragma once

#include "convolution.h"

/* Kernel rows whose sums are in registers at a time, and vectors of each. */
enum { BLOCK_ROWS = 3, BLOCK_VECTORS = 4 };

/* Elements of the convolution's gradient that are not zero; an offset leads to what the value scales. */
typedef struct {
  int32_t *offsets;
  float *values;
} Entries;

INLINE Entries entries_from(Entries entries, int64_t index) {
  return (Entries){entries.offsets + index, entries.values + index};
}

typedef struct {
  Convolution c;
  const float *dy;
  const float *y;          /* of a convolution with ReLU or ReLU6 that is not pooled, otherwise null */
  float ceiling;           /* 6 for ReLU6, otherwise 0 */
  const uint8_t *position; /* null when not pooled */
} Upstream;

/* `count` elements of dy from `index` on, zero where ReLU stops them. */
INLINE Vector flowing(const Upstream *u, int64_t index, int64_t count) {
  Vector value = load_some(u->dy + index, count);
  if (u->position) return choose(load_some_bytes(u->position + index, count) != STOPPED, value, splat(0));
  if (!u->y) return value;
  Vector y = load_some(u->y + index, count);
  Integers flows = y > splat(0);
  if (u->ceiling) flows &= y < splat(u->ceiling);
  return choose(flows, value, splat(0));
}

/* Lets the gradient through where the activation of a convolution that is not pooled does. */
INLINE void set_activation(Upstream *u, double activation, const float *y) {
  if (activation) u->y = y;
  if (activation == 2) u->ceiling = 6;
}

/* A function for each size of a block of sums, [rows - 1][vectors - 1]: DEFINE(rows, vectors) makes one named name_rows_vectors. */
#define FOR_EACH_BLOCK(DEFINE)                                                                                          \
  DEFINE(1, 1) DEFINE(1, 2) DEFINE(1, 3) DEFINE(1, 4) DEFINE(2, 1) DEFINE(2, 2) DEFINE(2, 3) DEFINE(2, 4)             \
  DEFINE(3, 1) DEFINE(3, 2) DEFINE(3, 3) DEFINE(3, 4)
#define BLOCK_TABLE(name)                                                                                               \
  {{name##_1_1, name##_1_2, name##_1_3, name##_1_4},                                                                   \
   {name##_2_1, name##_2_2, name##_2_3, name##_2_4},                                                                   \
   {name##_3_1, name##_3_2, name##_3_3, name##_3_4}}

/* `base` is kept in a register: compilers would rather add up each address anew. */
INLINE const float *keep(const float *base) {
  __asm__("" : "+r"(base));
  return base;
}

/* A function that goes through the entries of one block of sums; see BLOCK_TABLE. */
typedef void (*const BlockFunction)(float *sums, int64_t sums_stride, const float *from, int64_t from_stride,
                                    Entries entries, int64_t count);
