/* Matrices turned, four by four in registers. */
#pragma once

#include "vector.h"

typedef float Quad __attribute__((vector_size(16)));
typedef float UnalignedQuad __attribute__((vector_size(16), aligned(4), may_alias));

#if defined(__clang__)
#define SHUFFLE_QUADS(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE_QUADS(a, b, i, j, k, l) __builtin_shuffle(a, b, (int32_t __attribute__((vector_size(16)))){i, j, k, l})
#endif

INLINE Quad load_quad(const float *p) { return *(const UnalignedQuad *)p; }

INLINE void transpose_quads(Quad q[4]) {
  Quad a = SHUFFLE_QUADS(q[0], q[1], 0, 4, 1, 5), b = SHUFFLE_QUADS(q[2], q[3], 0, 4, 1, 5);
  Quad c = SHUFFLE_QUADS(q[0], q[1], 2, 6, 3, 7), d = SHUFFLE_QUADS(q[2], q[3], 2, 6, 3, 7);
  q[0] = SHUFFLE_QUADS(a, b, 0, 1, 4, 5), q[1] = SHUFFLE_QUADS(a, b, 2, 3, 6, 7);
  q[2] = SHUFFLE_QUADS(c, d, 0, 1, 4, 5), q[3] = SHUFFLE_QUADS(c, d, 2, 3, 6, 7);
}

/* to[column][row] = from[row][column] */
static void transpose(const float *from, int64_t from_row, int64_t rows, int64_t columns, float *to, int64_t to_row) {
  int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (int64_t r = 0; r < whole_rows; r += 4)
    for (int64_t c = 0; c < whole_columns; c += 4) {
      Quad q[4];
      UNROLL for (int i = 0; i < 4; i++) q[i] = load_quad(from + (r + i) * from_row + c);
      transpose_quads(q);
      UNROLL for (int i = 0; i < 4; i++) *(UnalignedQuad *)(to + (c + i) * to_row + r) = q[i];
    }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) to[c * to_row + r] = from[r * from_row + c];
}
