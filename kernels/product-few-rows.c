/*
 * y = activation(bias + a * b) where b, the weights, is larger than all else: a dense layer on a batch, a convolution of few pixels.
 * To pack all of b first would mean to read it, write it and read it once more. Here a task packs what it needs of b by the way: the
 * first tile of rows of y takes b as it lies and leaves a panel of it side by side, in the first cache, for the tiles that follow, and
 * what the next panel is made of is fetched meanwhile. a may be the windows of a convolution, which are laid out as rows as they are
 * needed. A 3x3 convolution of 512 to 512 channels at 7 pixels, stride 2, one picture: 0.39 ms in place of 1.56; 1024 to 1024 by 1x1: 0.41
 * in place of 1.09; a dense layer of 1,280 to 1,000, 32 rows: 0.39 in place of 0.44 (two cores of a Sapphire Rapids).
 */
#include "convolution.h"

enum {
  FEW_TILE = MANY_REGISTERS ? 14 : 6, /* rows of y in registers, */
  FEW_PANEL = 2 * WIDTH,             /* and columns */
  FEW_INNER = 128,                   /* rows of b that are packed at a time */
  FEW_STEP = FEW_INNER + 16,         /* from a row of a in scratch to the next, so that those of a tile lie in places of their own */
  FEW_BLOCK_ROWS = 96,               /* a task */
  FEW_COLUMNS = 128,                 /* a task, at least, */
  FEW_MATRIX_COLUMNS = 256,          /* and of a matrix product, whose rows are read from front to back */
  FEW_TASKS = 16,                    /* wanted: fewer are cut along the inner axis, */
  FEW_LEAST_INNER = 256,             /* but not below this */
  FEW_LONG = 240,                    /* columns of a task, from which rows of b are fetched as such */
  LINE_FLOATS = 16
};

typedef struct {
  int64_t rows, columns, inner; /* y is [rows][columns], b [inner][columns] */
  Convolution windows; /* whose windows are the rows of a; a matrix is one of 1 x 1 windows */
  const float *x, *b, *bias; /* bias may be null */
  int64_t activation;
  int64_t least_columns; /* a task */
  float *y; /* of the parts, one behind the other, or of all */
  int64_t row_blocks, column_blocks, block_columns;
  int64_t parts, part; /* and inner elements of one */
} FewRows;

/* ---- a ---- */

/* Values [first, end) of a row of the window that begins at `start` in a row of x; zeros where they lie outside of that. */
static void take_window_row(const float *x, int64_t width, int64_t start, int64_t first, int64_t end, float *to) {
  int64_t from = smaller_of(end, larger_of(first, -start)), until = larger_of(from, smaller_of(end, width - start));
  if (from > first) memset(to, 0, (size_t)(from - first) * sizeof(float));
  if (until > from) memcpy(to + from - first, x + start + from, (size_t)(until - from) * sizeof(float));
  if (end > until) memset(to + until - first, 0, (size_t)(end - until) * sizeof(float));
}

/* Rows of a, elements [k, k + inner) of each. */
static void take_rows(const FewRows *g, int64_t row, int64_t rows, int64_t k, int64_t inner, float *to) {
  const Convolution *c = &g->windows;
  int64_t p = k / c->run, first = k % c->run, width = c->width * c->in;
  int64_t image = row / (c->rows * c->columns), y = row / c->columns % c->rows, column = row % c->columns;
  for (int64_t r = 0; r < rows; r++) {
    int64_t top = y * c->stride_height - c->pad_top, start = (column * c->stride_width - c->pad_left) * c->in;
    for (int64_t done = 0, at = first, i = top + p; done < inner; i++, at = 0) {
      int64_t end = smaller_of(c->run, at + inner - done);
      bool inside = i >= 0 && i < c->height;
      take_window_row(g->x + (image * c->height + (inside ? i : 0)) * width, inside ? width : 0, inside ? start : 0, at, end, to + done);
      done += end - at;
    }
    to += FEW_STEP;
    if (++column == c->columns) column = 0, y++;
    if (y == c->rows) y = 0, image++;
  }
}

/* ---- a tile ---- */

typedef struct {
  const float *a;
  const float *b; /* as it lies; null where the panel has been packed */
  int64_t b_step;
  float *panel; /* [inner][vectors][WIDTH] */
  int64_t inner;
  const float *ahead; /* fetched meanwhile; what is `ahead_too` floats further is fetched with it */
  int64_t ahead_too, ahead_step;
  int64_t run, jump; /* after so many steps, floats to where the next of them begin */
  const float *bias; /* of the panel's columns, where sums begin; null where they go on */
  int64_t activation;
  float *y;
  int64_t y_row, lanes; /* columns of the last vector */
} FewTile;

/* `rows`, `vectors` and what it does besides are constants. */
INLINE void few_tile(int rows, int vectors, bool packs, bool fetches, const FewTile *t) {
  Vector sums[FEW_TILE * 2];
  UNROLL for (int i = 0; i < rows * vectors; i++) {
    int64_t at = i % vectors * WIDTH, lanes = i % vectors == vectors - 1 ? t->lanes : WIDTH;
    sums[i] = t->bias ? load(t->bias + at) : load_some(t->y + i / vectors * t->y_row + at, lanes);
  }
  const float *a = t->a, *b = t->b, *ahead = t->ahead;
  float *panel = t->panel;
  for (int64_t k = 0, end = 0; k < t->inner; k++, a++, panel += vectors * WIDTH) {
    if (fetches && k == end) {
      if (k > 0) ahead += t->jump;
      end += t->run;
    }
    if (fetches) __builtin_prefetch(ahead, 0, 2);
    if (fetches && packs) __builtin_prefetch(ahead + t->ahead_too, 0, 2);
    if (fetches) ahead += t->ahead_step;
    Vector w[2];
    UNROLL for (int v = 0; v < vectors; v++) {
      w[v] = load(packs ? b + v * WIDTH : panel + v * WIDTH);
      if (packs) store(panel + v * WIDTH, w[v]);
    }
    if (packs) b += t->b_step;
    UNROLL for (int r = 0; r < rows; r++) {
      Vector value = splat(a[r * FEW_STEP]);
      UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] = multiply_add(value, w[v], sums[r * vectors + v]);
    }
  }
  UNROLL for (int i = 0; i < rows * vectors; i++) {
    int64_t lanes = i % vectors == vectors - 1 ? t->lanes : WIDTH;
    store_some(t->y + i / vectors * t->y_row + i % vectors * WIDTH, activate(sums[i], (int)t->activation), lanes);
  }
}

typedef void (*const FewFunction)(const FewTile *t);

#define FEW(rows)                                                                                                       \
  static void few_narrow_##rows(const FewTile *t) { few_tile(rows, 1, false, false, t); }                              \
  static void few_wide_##rows(const FewTile *t) { few_tile(rows, 2, false, false, t); }                                \
  static void few_fetching_##rows(const FewTile *t) { few_tile(rows, 2, false, true, t); }                             \
  static void few_packing_##rows(const FewTile *t) { few_tile(rows, 2, true, true, t); }
FEW(1) FEW(2) FEW(3) FEW(4) FEW(5) FEW(6)
#if MANY_REGISTERS
FEW(7) FEW(8) FEW(9) FEW(10) FEW(11) FEW(12) FEW(13) FEW(14)
#define EACH_FEW(name)                                                                                                  \
  {name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8, name##9, name##10, name##11, name##12, name##13, name##14}
#else
#define EACH_FEW(name) {name##1, name##2, name##3, name##4, name##5, name##6}
#endif

/* By the number of rows, less one. */
static FewFunction few_narrow[] = EACH_FEW(few_narrow_);
static FewFunction few_wide[] = EACH_FEW(few_wide_);
static FewFunction few_fetching[] = EACH_FEW(few_fetching_);
static FewFunction few_packing[] = EACH_FEW(few_packing_);
#undef EACH_FEW
#undef FEW

/* ---- a task ---- */

/* A panel whose last vector is cut. */
static void pack_cut_panel(const FewTile *t, int64_t vectors) {
  for (int64_t k = 0; k < t->inner; k++)
    for (int64_t v = 0; v < vectors; v++)
      store(t->panel + (k * vectors + v) * WIDTH, load_some(t->b + k * t->b_step + v * WIDTH, v == vectors - 1 ? t->lanes : WIDTH));
}

/*
 * What tiles fetch of b. Rows that are long enough to be worth it are fetched from front to back, for the next FEW_INNER of them, which
 * the processor fetches ahead of by itself: a dense layer of 1,280 to 1,000, 32 rows, takes 0.38 ms in place of 0.40.
 */
typedef struct {
  const float *next;
  int64_t run;  /* lines of a row, */
  int64_t rows; /* and rows a tile and panel; none where a line of each row of the next panel is fetched instead */
} FewPlan;

static FewPlan plan_few(const float *next_rows, const float *next_panel, int64_t rows, int64_t columns) {
  int64_t tiles = divide_up(rows, FEW_TILE), run = divide_up(columns, LINE_FLOATS) + 1, fetched = FEW_INNER / run;
  if (columns < FEW_LONG || tiles * divide_up(columns, FEW_PANEL) * fetched < FEW_INNER) return (FewPlan){next_panel, 0, 0};
  return (FewPlan){next_rows, run, fetched};
}

/* All rows of a block by one panel: tiles of about the same size. `number` counts the panels of the block. */
static void few_panel(FewTile t, int64_t rows, int64_t columns, int64_t number, FewPlan plan) {
  int64_t vectors = columns > WIDTH ? 2 : 1, tiles = divide_up(rows, FEW_TILE);
  t.lanes = columns - (vectors - 1) * WIDTH;
  bool whole = columns == FEW_PANEL;
  if (!whole) pack_cut_panel(&t, vectors);
  t.ahead_too = tiles == 1 && FEW_PANEL > LINE_FLOATS ? LINE_FLOATS : 0;
  t.ahead_step = plan.rows ? LINE_FLOATS : t.b_step;
  t.run = plan.rows ? plan.run : FEW_INNER;
  t.jump = t.b_step - t.run * LINE_FLOATS;
  const float *a = t.a;
  float *y = t.y;
  for (int64_t i = 0; i < tiles; i++) {
    int64_t from = rows * i / tiles, end = rows * (i + 1) / tiles;
    t.a = a + from * FEW_STEP;
    t.y = y + from * t.y_row;
    t.ahead = plan.rows ? plan.next + (number * tiles + i) * plan.rows * t.b_step : plan.next + i * LINE_FLOATS;
    bool fetches = plan.rows ? (number * tiles + i) * plan.rows < FEW_INNER : i * LINE_FLOATS < FEW_PANEL;
    FewFunction *of = i == 0 && whole ? few_packing : vectors == 1 ? few_narrow : fetches ? few_fetching : few_wide;
    of[end - from - 1](&t);
  }
}

static void few_rows_task(void *context, int64_t index, void *scratch) {
  const FewRows *g = context;
  int64_t row_block = index % g->row_blocks, part = index / g->row_blocks % g->parts;
  int64_t row = g->rows * row_block / g->row_blocks, rows = g->rows * (row_block + 1) / g->row_blocks - row;
  int64_t first = index / (g->row_blocks * g->parts) * g->block_columns, last = smaller_of(first + g->block_columns, g->columns);
  int64_t end = smaller_of((part + 1) * g->part, g->inner);
  float *a = scratch, *panel = a + FEW_BLOCK_ROWS * FEW_STEP, *bias = panel + FEW_INNER * FEW_PANEL;
  float *y = g->y + (part * g->rows + row) * g->columns;
  for (int64_t k = part * g->part; k < end; k += FEW_INNER) {
    int64_t inner = smaller_of(FEW_INNER, end - k);
    bool begins = k == part * g->part, ends = k + inner == end;
    take_rows(g, row, rows, k, inner, a);
    FewTile t = {.a = a, .b_step = g->columns, .panel = panel, .inner = inner, .y_row = g->columns, .bias = begins ? bias : NULL,
                 .activation = ends && g->parts == 1 ? g->activation : NO_ACTIVATION};
    for (int64_t n = first; n < last; n += FEW_PANEL) {
      int64_t columns = smaller_of(FEW_PANEL, last - n);
      for (int64_t v = 0; begins && v < columns; v += WIDTH)
        store(bias + v, g->bias && part == 0 ? load_some(g->bias + n + v, columns - v) : splat(0));
      t.b = g->b + k * g->columns + n;
      t.y = y + n;
      const float *next_rows = g->b + (k + inner) * g->columns + first;
      FewPlan plan = plan_few(next_rows, n + FEW_PANEL < last ? t.b + FEW_PANEL : next_rows, rows, last - first);
      few_panel(t, rows, columns, (n - first) / FEW_PANEL, plan);
    }
  }
}

typedef struct {
  const FewRows *g;
  float *y;
} FewSum;

/* The parts of a row of y added up, first to last. */
static void few_sum_task(void *context, int64_t row, void *scratch) {
  (void)scratch;
  const FewSum *s = context;
  const FewRows *g = s->g;
  for (int64_t n = 0; n < g->columns; n += WIDTH) {
    int64_t lanes = g->columns - n, at = row * g->columns + n;
    Vector sum = load_some(g->y + at, lanes);
    for (int64_t part = 1; part < g->parts; part++) sum += load_some(g->y + part * g->rows * g->columns + at, lanes);
    store_some(s->y + at, activate(sum, (int)g->activation), lanes);
  }
}

/* Tasks have some columns each; where there are too few of those, parts of the inner axis, which are added up. */
static void cut_few_rows(FewRows *g) {
  g->row_blocks = divide_up(g->rows, FEW_BLOCK_ROWS);
  int64_t blocks = smaller_of(divide_up(g->columns, g->least_columns), divide_up(FEW_TASKS, g->row_blocks));
  g->block_columns = round_up(divide_up(g->columns, blocks), FEW_PANEL);
  g->column_blocks = divide_up(g->columns, g->block_columns);
  int64_t parts = smaller_of(divide_up(FEW_TASKS, g->column_blocks * g->row_blocks), divide_up(g->inner, FEW_LEAST_INNER));
  g->part = divide_up(g->inner, larger_of(1, parts));
  g->parts = divide_up(g->inner, g->part);
}

static bool run_few_rows(FewRows g, float *y) {
  if (g.rows * g.columns == 0) return true;
  cut_few_rows(&g);
  g.y = g.parts == 1 ? y : shared_scratch(float_bytes(g.parts * g.rows * g.columns));
  if (!g.y) return false;
  int64_t floats = FEW_BLOCK_ROWS * FEW_STEP + FEW_INNER * FEW_PANEL + FEW_PANEL;
  if (!parallel(g.row_blocks * g.column_blocks * g.parts, float_bytes(floats), few_rows_task, &g)) return false;
  return g.parts == 1 || parallel(g.rows, 0, few_sum_task, &(FewSum){&g, y});
}

/* A convolution whose weights [windows][out] are the matrix b. */
static FewRows few_windows(const Convolution *c, const float *x, const float *kernel, const float *bias) {
  return (FewRows){.rows = c->batch * c->rows * c->columns, .columns = c->out, .inner = c->kernel_height * c->run, .windows = *c,
                   .x = x, .b = kernel, .least_columns = FEW_COLUMNS, .bias = bias, .activation = c->activation};
}

/* A product of matrices, a [rows][inner]. */
static FewRows few_rows_of(const float *a, const float *b, int64_t rows, int64_t columns, int64_t inner) {
  Convolution c = {.batch = rows, .height = 1, .width = 1, .in = inner, .kernel_height = 1, .kernel_width = 1, .out = columns,
                   .stride_height = 1, .stride_width = 1, .pool_height = 1, .pool_width = 1, .pooled_height = 1, .pooled_width = 1};
  finish_convolution(&c);
  FewRows g = few_windows(&c, a, b, NULL);
  g.least_columns = FEW_MATRIX_COLUMNS;
  return g;
}
