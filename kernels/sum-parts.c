/* Adding up what tasks have made apart. */
#include "fovea.h"
#include "vector.h"

typedef struct {
  const float *parts;
  float *total;
  int64_t count, parts_count;
} PartsSum;

enum { SUM_PIECE = 4096 };

/* total = the parts added up, first to last. */
static void sum_parts_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const PartsSum *s = context;
  int64_t end = smaller_of((index + 1) * SUM_PIECE, s->count);
  for (int64_t i = index * SUM_PIECE; i < end; i += WIDTH) {
    int64_t lanes = end - i;
    Vector sum = load_some(s->parts + i, lanes);
    for (int64_t part = 1; part < s->parts_count; part++) sum += load_some(s->parts + part * s->count + i, lanes);
    store_some(s->total + i, sum, lanes);
  }
}

static bool sum_parts(const float *parts, int64_t parts_count, int64_t count, float *total) {
  PartsSum s = {parts, total, count, parts_count};
  return parallel(divide_up(count, SUM_PIECE), 0, sum_parts_task, &s);
}
