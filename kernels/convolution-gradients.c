/*
 * Gradients of convolutions, pooled or not.
 *
 * A pool passes its gradient to one of its positions, and ReLU stops it where y is 0: in the report's network nine of
 * ten elements of the convolution's own gradient are zero. So that gradient is never written; the elements that are
 * not zero are listed as (offset, value), and each adds a window of x (kernel gradient) or of the kernel (input
 * gradient), scaled by it, to sums that stay in registers.
 */
#include "convolution-permuted.h"
#include "convolution.h"

enum {
  BLOCK_ROWS = 3,    /* kernel rows whose sums are in registers at a time, */
  BLOCK_VECTORS = 4, /* and vectors of each */
  PARTIALS = 64,     /* partial sums of a kernel gradient at most, */
  PARTIAL_BYTES = 16 << 20, /* and together */
  SEGMENT_BYTES = 32 << 10, /* of x under the entries that are gone through for each output channel: fits the cache */
  INPUT_BAND_ROWS = 32,     /* rows of dx that a task computes at least; fewer would repeat more of the neighbours' work */
  INPUT_WORK = 8 * 1000 * 1000 /* multiply-adds of a task, were no element zero */
};

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
  const float *y; /* null without ReLU */
  const uint8_t *position; /* null when not pooled */
} Upstream;

/* `count` elements of dy from `index` on, zero where ReLU stops them. */
INLINE Vector flowing(const Upstream *u, int64_t index, int64_t count) {
  Vector value = load_some(u->dy + index, count);
  if (!u->y) return value;
  return choose(load_some(u->y + index, count) > splat(0), value, splat(0));
}

/* A function for each size of a block of sums, [rows - 1][vectors - 1]: DEFINE(rows, vectors) makes one named name_rows_vectors. */
#define FOR_EACH_BLOCK(DEFINE)                                                                                          \
  DEFINE(1, 1) DEFINE(1, 2) DEFINE(1, 3) DEFINE(1, 4) DEFINE(2, 1) DEFINE(2, 2) DEFINE(2, 3) DEFINE(2, 4)             \
  DEFINE(3, 1) DEFINE(3, 2) DEFINE(3, 3) DEFINE(3, 4)
#define BLOCK_TABLE(name)                                                                                               \
  {{name##_1_1, name##_1_2, name##_1_3, name##_1_4},                                                                   \
   {name##_2_1, name##_2_2, name##_2_3, name##_2_4},                                                                   \
   {name##_3_1, name##_3_2, name##_3_3, name##_3_4}}

/* ---- with respect to the kernel ---- */

typedef struct {
  Upstream u;
  const float *x;
  float *sums;      /* [partials][out][kernel_height][padded_run] */
  float *bias_sums; /* [partials][out], or null */
  int64_t partials, units_per_partial; /* a unit is a pooled row of an image */
  int64_t groups, group_channels;      /* output channels, cut */
  int64_t segment;                     /* pooled columns gone through at a time */
  float *dkernel, *dbias;
} KernelGradient;

/* `base` is kept in a register: compilers would rather add up each address anew. */
INLINE const float *keep(const float *base) {
  __asm__("" : "+r"(base));
  return base;
}

INLINE void add_windows(int rows, int vectors, float *sums, int64_t sums_stride, const float *x, int64_t row_stride,
                        Entries entries, int64_t count) {
  const int sets = rows * vectors >= 6 ? 1 : 3; /* independent sums enough to hide the latency */
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  const float *base[BLOCK_ROWS];
  UNROLL for (int r = 0; r < rows; r++) base[r] = keep(x + r * row_stride);
  UNROLL for (int s = 0; s < sets; s++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[(s * rows + r) * vectors + v] = s ? splat(0) : load(sums + r * sums_stride + v * WIDTH);
  int64_t e = 0;
  for (; e + sets <= count; e += sets)
    UNROLL for (int s = 0; s < sets; s++)
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          acc[(s * rows + r) * vectors + v] += entries.values[e + s] * load(base[r] + entries.offsets[e + s] + v * WIDTH);
  for (; e < count; e++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] += entries.values[e] * load(base[r] + entries.offsets[e] + v * WIDTH);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector sum = acc[r * vectors + v];
      UNROLL for (int s = 1; s < sets; s++) sum += acc[(s * rows + r) * vectors + v];
      store(sums + r * sums_stride + v * WIDTH, sum);
    }
}

#define DEFINE(rows, vectors)                                                                                           \
  static void add_windows_##rows##_##vectors(float *sums, int64_t sums_stride, const float *x, int64_t row_stride,     \
                                             Entries entries, int64_t count) {                                    \
    add_windows(rows, vectors, sums, sums_stride, x, row_stride, entries, count);                                      \
  }
FOR_EACH_BLOCK(DEFINE)
#undef DEFINE

/* Adds the entries' windows of x to one output channel's sums. */
static void add_entries(const Convolution *c, float *sums, Rows rows, Entries entries, int64_t count) {
  static void (*const add[BLOCK_ROWS][BLOCK_VECTORS])(float *, int64_t, const float *, int64_t, Entries, int64_t) =
      BLOCK_TABLE(add_windows);
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
      add[block_rows - 1][vectors - 1](sums + p * c->padded_run + j, c->padded_run, rows.data + p * rows.row_stride + j,
                                       rows.row_stride, entries, count);
    }
}

/* Lists what flows into pooled columns [first, end) of a row: `segment` places for each of the group's channels. */
static void list_by_channel(const KernelGradient *g, int64_t row_index, int64_t first, int64_t end, int64_t channel,
                            int64_t channels, const int32_t *offsets, Entries entries, int32_t *counts, float *bias) {
  const Convolution *c = &g->u.c;
  for (int64_t o = 0; o < channels; o++) counts[o] = 0;
  int32_t right = (int32_t)(c->pool_width * c->stride_width * c->in);
  for (int64_t column = first; column < end; column++) {
    int64_t index = (row_index * c->pooled_width + column) * c->out + channel;
    int32_t at = (int32_t)column * right;
    for (int64_t block = 0; block < channels; block += WIDTH) {
      int64_t lanes = smaller_of(WIDTH, channels - block);
      Vector flow = flowing(&g->u, index + block, lanes);
      if (bias) store_some(bias + block, load_some(bias + block, lanes) + flow, lanes);
      float values[WIDTH];
      int32_t flows[WIDTH];
      store(values, flow);
      store_integers(flows, flow != splat(0));
      const uint8_t *position = g->u.position ? g->u.position + index + block : NULL;
      for (int64_t i = 0; i < lanes; i++) {
        int64_t place = (block + i) * g->segment + counts[block + i];
        entries.offsets[place] = at + (position ? offsets[position[i]] : 0);
        entries.values[place] = values[i];
        counts[block + i] -= flows[i];
      }
    }
  }
}

#if defined(__AVX512F__)
static bool permutes(const KernelGradient *g) {
  return g->u.position && g->u.c.out % WIDTH == 0 && permutation_fits(&g->u.c);
}

/* As kernel_gradient_task, for a part of the rows of x that is chosen by `permutes`. */
static void permuted_task(void *context, int64_t task, void *scratch) {
  const KernelGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t blocks = c->out / WIDTH, partial = task / blocks, channel = task % blocks * WIDTH;
  Integers starts = window_starts(c);
  int64_t step = c->pool_width * c->stride_width * c->in;
  float sums[(PERMUTED_TAPS + 1) * WIDTH] = {0}, *bias = sums + PERMUTED_TAPS * WIDTH;
  int64_t end = smaller_of((partial + 1) * g->units_per_partial, c->batch * c->pooled_height);
  for (int64_t unit = partial * g->units_per_partial; unit < end; unit++) {
    int64_t image = unit / c->pooled_height, row = unit % c->pooled_height;
    Rows rows = padded_rows(c, g->x, image, row * c->pool_height, c->pool_height, WIDTH, scratch);
    int64_t index = unit * c->pooled_width * c->out + channel;
    (c->run == 9 ? add_permuted_9 : add_permuted_3)(
        rows.data, step, rows.row_stride, c->stride_height * rows.row_stride, c->pooled_width, g->u.dy + index,
        g->u.y ? g->u.y + index : NULL, g->u.position + index, c->out, starts, sums, bias);
  }
  int64_t taps = c->kernel_height * c->padded_run;
  for (int64_t o = 0; o < WIDTH; o++) {
    float *to = g->sums + (partial * c->out + channel + o) * taps;
    memset(to, 0, (size_t)taps * sizeof(float));
    for (int64_t p = 0; p < c->kernel_height; p++)
      for (int64_t j = 0; j < c->run; j++) to[p * c->padded_run + j] = sums[(p * c->run + j) * WIDTH + o];
    if (g->bias_sums) g->bias_sums[partial * c->out + channel + o] = bias[o];
  }
}
#else
static bool permutes(const KernelGradient *g) {
  (void)g;
  return false;
}
#define permuted_task kernel_gradient_task
#endif

static void kernel_gradient_task(void *context, int64_t task, void *scratch) {
  const KernelGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t partial = task / g->groups, channel = task % g->groups * g->group_channels;
  int64_t channels = smaller_of(g->group_channels, c->out - channel);
  if (channels <= 0) return;
  int64_t taps = c->kernel_height * c->padded_run;
  float *sums = g->sums + (partial * c->out + channel) * taps;
  float *bias = g->bias_sums ? g->bias_sums + partial * c->out + channel : NULL;
  memset(sums, 0, (size_t)(channels * taps) * sizeof(float));
  if (bias) memset(bias, 0, (size_t)channels * sizeof(float));

  int64_t places = g->group_channels * g->segment;
  Entries entries = {scratch, (float *)scratch + places};
  int32_t *counts = (int32_t *)scratch + 2 * places;
  float *padded = (float *)scratch + 2 * places + g->group_channels;
  int32_t offsets[256];
  int64_t end = smaller_of((partial + 1) * g->units_per_partial, c->batch * c->pooled_height);
  for (int64_t unit = partial * g->units_per_partial; unit < end; unit++) {
    int64_t image = unit / c->pooled_height, row = unit % c->pooled_height;
    Rows rows = padded_rows(c, g->x, image, row * c->pool_height, c->pool_height, c->padded_run - c->run, padded);
    for (int64_t p = 0; p < c->pool_height; p++)
      for (int64_t q = 0; q < c->pool_width; q++)
        offsets[p * c->pool_width + q] = (int32_t)(p * c->stride_height * rows.row_stride + q * c->stride_width * c->in);
    for (int64_t column = 0; column < c->pooled_width; column += g->segment) {
      int64_t last = smaller_of(column + g->segment, c->pooled_width);
      list_by_channel(g, unit, column, last, channel, channels, offsets, entries, counts, bias);
      for (int64_t o = 0; o < channels; o++)
        add_entries(c, sums + o * taps, rows, entries_from(entries, o * g->segment), counts[o]);
    }
  }
}

/* Adds the partial sums of one vector of output channels, first to last, and writes them as [taps][out]. */
static void sum_partials_task(void *context, int64_t block, void *scratch) {
  const KernelGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t taps = c->kernel_height * c->padded_run, first = block * WIDTH;
  int64_t channels = smaller_of(WIDTH, c->out - first);
  float *totals = scratch;
  memset(totals, 0, (size_t)(channels * taps) * sizeof(float));
  for (int64_t partial = 0; partial < g->partials; partial++) {
    const float *sums = g->sums + (partial * c->out + first) * taps;
    for (int64_t i = 0; i < channels * taps; i += WIDTH) store(totals + i, load(totals + i) + load(sums + i));
  }
  for (int64_t p = 0; p < c->kernel_height; p++)
    for (int64_t j = 0; j < c->run; j++)
      for (int64_t o = 0; o < channels; o++)
        g->dkernel[(p * c->run + j) * c->out + first + o] = totals[o * taps + p * c->padded_run + j];
  if (!g->bias_sums) return;
  for (int64_t o = first; o < first + channels; o++) {
    float total = 0;
    for (int64_t partial = 0; partial < g->partials; partial++) total += g->bias_sums[partial * c->out + o];
    g->dbias[o] = total;
  }
}

static void plan_kernel_gradient(KernelGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t units = c->batch * c->pooled_height;
  int64_t bytes = c->out * c->kernel_height * c->padded_run * (int64_t)sizeof(float);
  int64_t partials = larger_of(1, smaller_of(smaller_of(units, PARTIALS), PARTIAL_BYTES / larger_of(bytes, 1)));
  g->units_per_partial = larger_of(1, divide_up(units, partials));
  g->partials = larger_of(1, divide_up(units, g->units_per_partial));
  g->groups = smaller_of(c->out, divide_up(PARTIALS / 2, g->partials));
  g->group_channels = divide_up(c->out, g->groups);
  int64_t under = ((c->pool_height - 1) * c->stride_height + c->kernel_height) * c->in * c->pool_width * c->stride_width;
  g->segment = larger_of(8, SEGMENT_BYTES / ((int64_t)sizeof(float) * under));
  g->segment = smaller_of(g->segment, larger_of(1, c->pooled_width));
}

/* `dbias` may be null. */
static bool run_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  KernelGradient g = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  plan_kernel_gradient(&g);
  int64_t taps = c->kernel_height * c->padded_run;
  g.sums = shared_scratch((size_t)(g.partials * c->out * (taps + 1)) * sizeof(float));
  if (!g.sums) return false;
  if (dbias) g.bias_sums = g.sums + g.partials * c->out * taps;
  int64_t under = (c->pool_height - 1) * c->stride_height + c->kernel_height;
  size_t bytes = (size_t)(g.group_channels * (1 + 2 * g.segment) + padded_rows_size(c, under) + WIDTH) * sizeof(float);
  bool permuted = permutes(&g);
  int64_t tasks = g.partials * (permuted ? c->out / WIDTH : g.groups);
  return parallel(tasks, bytes, permuted ? permuted_task : kernel_gradient_task, &g) &&
         parallel(divide_up(c->out, WIDTH), (size_t)(WIDTH * taps) * sizeof(float), sum_partials_task, &g);
}

/* ---- with respect to x ---- */

typedef struct {
  Upstream u;
  const float *kernel; /* [out][kernel_height][padded_run] */
  float *dx;
  int64_t bands, band_rows; /* rows of dx, cut */
  int64_t row_stride;       /* of the padded rows that sums are made in */
  int64_t list_stride;      /* places for entries of a position of a pool: out, and a vector for `pick` to write over */
} InputGradient;

INLINE void scatter_block(int rows, int vectors, float *dx, int64_t row_stride, const float *kernel, int64_t kernel_stride,
                          Entries entries, int64_t count) {
  Vector acc[BLOCK_ROWS * BLOCK_VECTORS];
  const float *base[BLOCK_ROWS];
  UNROLL for (int r = 0; r < rows; r++) base[r] = keep(kernel + r * kernel_stride);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] = load(dx + r * row_stride + v * WIDTH);
  for (int64_t e = 0; e < count; e++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] += entries.values[e] * load(base[r] + entries.offsets[e] + v * WIDTH);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) store(dx + r * row_stride + v * WIDTH, acc[r * vectors + v]);
}

#define DEFINE(rows, vectors)                                                                                           \
  static void scatter_block_##rows##_##vectors(float *dx, int64_t row_stride, const float *kernel,                     \
                                               int64_t kernel_stride, Entries entries, int64_t count) {           \
    scatter_block(rows, vectors, dx, row_stride, kernel, kernel_stride, entries, count);                               \
  }
FOR_EACH_BLOCK(DEFINE)
#undef DEFINE

/* Adds the kernels of the entries' channels, scaled, to the window of one pixel of the convolution. */
static void scatter(const InputGradient *g, float *dx, Entries entries, int64_t count) {
  static void (*const add[BLOCK_ROWS][BLOCK_VECTORS])(float *, int64_t, const float *, int64_t, Entries, int64_t) =
      BLOCK_TABLE(scatter_block);
  const Convolution *c = &g->u.c;
  for (int64_t p = 0; p < c->kernel_height; p += BLOCK_ROWS)
    for (int64_t j = 0; j < c->padded_run; j += BLOCK_VECTORS * WIDTH) {
      int64_t block_rows = smaller_of(BLOCK_ROWS, c->kernel_height - p);
      int64_t vectors = smaller_of(BLOCK_VECTORS, (c->padded_run - j) / WIDTH);
      add[block_rows - 1][vectors - 1](dx + p * g->row_stride + j, g->row_stride, g->kernel + p * c->padded_run + j,
                                       c->padded_run, entries, count);
    }
}

/*
 * Lists what flows into one pooled pixel, a list for each position of the pool, `g->list_stride` places apart. Where lanes
 * can be picked in one instruction and pools are small, a vector is gone through once for each position.
 */
static void list_by_position(const InputGradient *g, int64_t index, Entries entries, int32_t *counts) {
  const Convolution *c = &g->u.c;
  int32_t places = (int32_t)(c->pool_height * c->pool_width), taps = (int32_t)(c->kernel_height * c->padded_run);
  for (int32_t place = 0; place < places; place++) counts[place] = 0;
  for (int64_t block = 0; block < c->out; block += WIDTH) {
    int64_t lanes = smaller_of(WIDTH, c->out - block);
    Vector flow = flowing(&g->u, index + block, lanes);
    Integers flows = flow != splat(0), offsets = ((int32_t)block + lane_numbers()) * taps;
    Integers position = {0};
    if (g->u.position) position = load_some_bytes(g->u.position + index + block, lanes);
    if (CAN_PICK && places <= 4) {
      for (int32_t place = 0; place < places; place++) {
        int64_t at = place * g->list_stride + counts[place];
        counts[place] += pick(flows & (position == place), flow, offsets, entries.values + at, entries.offsets + at);
      }
      continue;
    }
    float values[WIDTH];
    int32_t flowing_lanes[WIDTH], positions[WIDTH];
    store(values, flow);
    store_integers(flowing_lanes, flows);
    store_integers(positions, position);
    for (int64_t i = 0; i < lanes; i++) {
      int64_t at = positions[i] * g->list_stride + counts[positions[i]];
      entries.offsets[at] = (int32_t)(block + i) * taps;
      entries.values[at] = values[i];
      counts[positions[i]] -= flowing_lanes[i];
    }
  }
}

/* Pooled rows whose windows reach padded rows [from, to) of x. */
static void rows_that_reach(const Convolution *c, int64_t from, int64_t to, int64_t *first, int64_t *end) {
  int64_t lowest = larger_of(0, divide_up(larger_of(0, from - c->kernel_height + 1), c->stride_height));
  int64_t highest = smaller_of(c->rows - 1, (to - 1) / c->stride_height);
  *first = lowest / c->pool_height;
  *end = highest < lowest ? *first : highest / c->pool_height + 1;
}

static void input_gradient_task(void *context, int64_t task, void *scratch) {
  const InputGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t image = task / g->bands, from = task % g->bands * g->band_rows;
  int64_t to = smaller_of(from + g->band_rows, c->height);
  int64_t first, end;
  rows_that_reach(c, from + c->pad_top, to + c->pad_top, &first, &end);
  int64_t step = c->pool_height * c->stride_height;
  int64_t base = smaller_of(from + c->pad_top, first * step); /* the padded row that the sums begin with */
  int64_t reach = end > first ? (end * c->pool_height - 1) * c->stride_height + c->kernel_height : 0;
  int64_t height = larger_of(to + c->pad_top, reach) - base;

  int64_t places = c->pool_height * c->pool_width * g->list_stride;
  Entries entries = {scratch, (float *)scratch + places};
  float *sums = (float *)scratch + 2 * places;
  memset(sums, 0, (size_t)(height * g->row_stride + c->padded_run) * sizeof(float));
  int32_t counts[256];
  for (int64_t row = first; row < end; row++)
    for (int64_t column = 0; column < c->pooled_width; column++) {
      list_by_position(g, ((image * c->pooled_height + row) * c->pooled_width + column) * c->out, entries, counts);
      float *window = sums + (row * step - base) * g->row_stride + column * c->pool_width * c->stride_width * c->in;
      for (int64_t p = 0, place = 0; p < c->pool_height; p++)
        for (int64_t q = 0; q < c->pool_width; q++, place++)
          if (counts[place])
            scatter(g, window + p * c->stride_height * g->row_stride + q * c->stride_width * c->in,
                    entries_from(entries, place * g->list_stride), counts[place]);
    }
  for (int64_t row = from; row < to; row++)
    memcpy(g->dx + (image * c->height + row) * c->width * c->in,
           sums + (row + c->pad_top - base) * g->row_stride + c->pad_left * c->in,
           (size_t)(c->width * c->in) * sizeof(float));
}

/* kernel [taps][out] as [out][kernel_height][padded_run]. */
static void transpose_kernel(const Convolution *c, const float *kernel, float *transposed) {
  for (int64_t o = 0; o < c->out; o++)
    for (int64_t p = 0; p < c->kernel_height; p++, transposed += c->padded_run)
      for (int64_t j = 0; j < c->padded_run; j++)
        transposed[j] = j < c->run ? kernel[(p * c->run + j) * c->out + o] : 0;
}

static bool run_input_gradient(const Upstream *upstream, const float *kernel, float *dx) {
  InputGradient g = {.u = *upstream, .dx = dx};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  if (c->batch * c->height * c->width * c->in == 0) return true;
  int64_t taps = c->kernel_height * c->padded_run;
  float *transposed = shared_scratch((size_t)(c->out * taps + 1) * sizeof(float));
  if (!transposed) return false;
  transpose_kernel(c, kernel, transposed);
  g.kernel = transposed;

  int64_t work = c->rows * c->columns * c->out * taps / c->height;
  int64_t step = c->pool_height * c->stride_height;
  g.band_rows = larger_of(larger_of(INPUT_BAND_ROWS, 4 * step), divide_up(INPUT_WORK, larger_of(work, 1)));
  g.band_rows = smaller_of(g.band_rows, c->height);
  g.bands = divide_up(c->height, g.band_rows);
  int64_t width = larger_of(columns_covered(c, larger_of(1, c->columns)), c->pad_left + c->width);
  g.row_stride = round_up(width * c->in + c->padded_run - c->run, WIDTH);
  int64_t height = g.band_rows + 2 * (c->kernel_height + step);
  g.list_stride = round_up(c->out, WIDTH) + WIDTH;
  int64_t places = 2 * c->pool_height * c->pool_width * g.list_stride;
  size_t bytes = (size_t)(places + height * g.row_stride + c->padded_run) * sizeof(float);
  return parallel(c->batch * g.bands, bytes, input_gradient_task, &g);
}

/* ---- the operations ---- */

/* Attributes: strides, pads, kernelHeight, kernelWidth. */
static bool op_conv2dKernelGradient(const Call *call) {
  const int64_t *x = call->inputs[0].shape, *dy = call->inputs[1].shape;
  const double *a = call->attributes;
  Upstream u = {.dy = call->inputs[1].data,
                .c = {.batch = x[0], .height = x[1], .width = x[2], .in = x[3],
                      .kernel_height = (int64_t)a[4], .kernel_width = (int64_t)a[5], .out = dy[3],
                      .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                      .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                      .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, NULL);
}

/* Attributes: strides, pads, activation, kernelHeight, kernelWidth[, convHeight, convWidth, poolHeight, poolWidth]. */
static Upstream fused_kernel_gradient(const Call *call) {
  const int64_t *x = call->inputs[0].shape, *dy = call->inputs[1].shape;
  const double *a = call->attributes;
  return (Upstream){.dy = call->inputs[1].data,
                    .y = a[4] == 1 ? call->inputs[2].data : NULL,
                    .c = {.batch = x[0], .height = x[1], .width = x[2], .in = x[3],
                          .kernel_height = (int64_t)a[5], .kernel_width = (int64_t)a[6], .out = dy[3],
                          .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                          .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                          .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
}

static bool op_convBiasKernelGradient(const Call *call) {
  Upstream u = fused_kernel_gradient(call);
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}

static bool op_convPoolKernelGradient(const Call *call) {
  Upstream u = fused_kernel_gradient(call);
  u.position = call->inputs[3].data;
  u.c.pool_height = (int64_t)call->attributes[9];
  u.c.pool_width = (int64_t)call->attributes[10];
  return run_kernel_gradient(&u, call->inputs[0].data, call->outputs[0].data, call->outputs[1].data);
}

static Upstream input_gradient_sizes(const Call *call, const Tensor *kernel) {
  const int64_t *dx = call->outputs[0].shape, *dy = call->inputs[0].shape;
  const double *a = call->attributes;
  return (Upstream){.dy = call->inputs[0].data,
                    .c = {.batch = dx[0], .height = dx[1], .width = dx[2], .in = dx[3],
                          .kernel_height = kernel->shape[0], .kernel_width = kernel->shape[1], .out = kernel->shape[3],
                          .stride_height = (int64_t)a[0], .stride_width = (int64_t)a[1],
                          .pad_top = (int64_t)a[2], .pad_left = (int64_t)a[3],
                          .pool_height = 1, .pool_width = 1, .pooled_height = dy[1], .pooled_width = dy[2]}};
}

/* Attributes: strides, pads, inputHeight, inputWidth. */
static bool op_conv2dInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[1]);
  return run_input_gradient(&u, call->inputs[1].data, call->outputs[0].data);
}

/* Attributes: strides, pads, activation, inputHeight, inputWidth. */
static bool op_convBiasInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[2]);
  if (call->attributes[4] == 1) u.y = call->inputs[1].data;
  return run_input_gradient(&u, call->inputs[2].data, call->outputs[0].data);
}

/* Attributes: strides, pads, activation, inputHeight, inputWidth, convHeight, convWidth, poolHeight, poolWidth. */
static bool op_convPoolInputGradient(const Call *call) {
  Upstream u = input_gradient_sizes(call, &call->inputs[3]);
  if (call->attributes[4] == 1) u.y = call->inputs[1].data;
  u.position = call->inputs[2].data;
  u.c.pool_height = (int64_t)call->attributes[9];
  u.c.pool_width = (int64_t)call->attributes[10];
  return run_input_gradient(&u, call->inputs[3].data, call->outputs[0].data);
}
