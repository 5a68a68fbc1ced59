/*
 * Matrix products. A tile of some rows of the result by two vectors of its columns stays in registers while the inner axis
 * passes by. `b` is packed into panels as wide as a tile, so that it is read in the order that it lies in memory, once for a
 * block of rows; a small one once for all of them. Where blocks of the result are few, the inner axis is shared out too and the
 * parts are added up in order.
 */
#include "fovea.h"
#include "transpose.h"

enum {
  PRODUCT_TILE = WIDTH == 16 ? 14 : MANY_REGISTERS ? 12 : 6,
  PRODUCT_PANEL = 2 * WIDTH,
  PRODUCT_ROWS = 192 / PRODUCT_TILE * PRODUCT_TILE, /* of the result, a task at most */
  PRODUCT_COLUMNS = 256,
  PRODUCT_INNER = 256,   /* packed at a time */
  PRODUCT_TASKS = 24,    /* fewer blocks than these are cut along the inner axis */
  PRODUCT_SHARED_BYTES = 512 << 10, /* of b, which then stays in the second cache: up to that it is packed once for all tasks */
  PRODUCT_SHARED_INNER = 1024,      /* passed by at a time */
  PRODUCT_SHARED_COLUMNS = 1024,    /* a task, so that the result is written from front to back, which is twice as fast */
  PRODUCT_SHARED_TASKS = 32,        /* wanted */
  PRODUCT_LINE = 64 / sizeof(float),
  LEAST_INNER = 128,     /* of a part */
  PARTS_BYTES = 64 << 20,
  FEW_ROWS = 64 /* of the result, for which b is not packed before it is used: product-few-rows.c */
};

/* result(m, n) = sum over k of a(m, k) * b(k, n), each at its own steps; one of each pair of steps is 1. */
typedef struct {
  int64_t rows, columns, inner;
  const float *a;
  int64_t a_row, a_inner;
  const float *b;
  int64_t b_inner, b_column;
  float *result;
  int64_t result_row, result_column;
  int64_t row_blocks, column_blocks, block_rows, block_columns;
  int64_t parts, part; /* inner elements a part */
  int64_t tiles;       /* floats that packed tiles take in scratch */
  int64_t size;        /* of the result: the step from part to part */
  float *panels;       /* all of b, packed, [columns / PRODUCT_PANEL][inner][PRODUCT_PANEL]; null where tasks pack what they need */
} Product;

/* ---- packing ---- */

/* b(k, n) of `inner` by `columns` as panels [inner][PRODUCT_PANEL], `step` from one to the next; zeros behind the last column. */
static void pack_product_panels(const Product *g, const float *b, int64_t inner, int64_t columns, float *panels, int64_t step) {
  for (int64_t n = 0; g->b_column != 1 && n < columns; n += PRODUCT_PANEL, panels += step) {
    int64_t lanes = smaller_of(PRODUCT_PANEL, columns - n);
    if (lanes < PRODUCT_PANEL) memset(panels, 0, (size_t)(inner * PRODUCT_PANEL) * sizeof(float));
    transpose(b + n * g->b_column, g->b_column, lanes, inner, panels, PRODUCT_PANEL);
  }
  for (int64_t k = 0; g->b_column == 1 && k < inner; k++)
    for (int64_t n = 0; n < columns; n += WIDTH)
      store(panels + n / PRODUCT_PANEL * step + k * PRODUCT_PANEL + n % PRODUCT_PANEL, load_some(b + k * g->b_inner + n, columns - n));
}

static void pack_shared_task(void *context, int64_t index, void *scratch) {
  (void)scratch;
  const Product *g = context;
  int64_t count = divide_up(g->columns, PRODUCT_PANEL), n = index % count * PRODUCT_PANEL, k = index / count * PRODUCT_INNER;
  pack_product_panels(g, g->b + k * g->b_inner + n * g->b_column, smaller_of(PRODUCT_INNER, g->inner - k),
                      smaller_of(PRODUCT_PANEL, g->columns - n), g->panels + n * g->inner + k * PRODUCT_PANEL, 0);
}

static bool pack_shared(Product *g) {
  return parallel_apart(divide_up(g->columns, PRODUCT_PANEL) * divide_up(g->inner, PRODUCT_INNER), 0, pack_shared_task, g);
}

/* a(m, k) of a tile whose rows lie side by side, as [inner][PRODUCT_TILE]. */
static void pack_product_tile(const float *a, int64_t a_inner, int64_t rows, int64_t inner, float *tile) {
  for (int64_t k = 0; k < inner; k++, a += a_inner, tile += PRODUCT_TILE) {
    if (rows == PRODUCT_TILE) memcpy(tile, a, PRODUCT_TILE * sizeof(float));
    else memcpy(tile, a, (size_t)rows * sizeof(float));
  }
}

/* ---- a tile ---- */

/* A tile of rows by one panel, or by several of them, one behind the other. */
typedef struct {
  const float *a;
  int64_t a_row; /* of an a that is not packed */
  const float *panel;
  int64_t panel_step, panels;
  int64_t inner;
  const char *ahead; /* fetched meanwhile, for later, */
  int64_t ahead_step; /* so many bytes further with each inner element */
  bool first; /* what the result held before does not count */
  float *result;
  int64_t stride, lanes; /* of its last vector */
} ProductTile;

/* result = or += a * panel; `rows`, `vectors` and `packed` are constants. */
INLINE void product_tile(int rows, int vectors, bool packed, const ProductTile *t) {
  const float *first_panel = t->panel;
  float *result = t->result;
  for (int64_t panels = t->panels; panels > 0; panels--, first_panel += t->panel_step, result += PRODUCT_PANEL) {
    Vector sums[PRODUCT_TILE * 2];
    UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = splat(0);
    if (!t->first)
      UNROLL for (int i = 0; i < rows * vectors; i++)
        sums[i] = load_some(result + i / vectors * t->stride + i % vectors * WIDTH, i % vectors == vectors - 1 ? t->lanes : WIDTH);
    const float *a = t->a, *panel = first_panel;
    const char *ahead = t->ahead;
    for (int64_t k = 0; k < t->inner; k++, a += packed ? PRODUCT_TILE : 1, panel += PRODUCT_PANEL) {
      __builtin_prefetch(ahead, 0, 2);
      ahead += t->ahead_step;
      Vector w[2];
      UNROLL for (int v = 0; v < vectors; v++) w[v] = load(panel + v * WIDTH);
      UNROLL for (int r = 0; r < rows; r++) {
        Vector value = splat(a[packed ? r : r * t->a_row]);
        UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] = multiply_add(value, w[v], sums[r * vectors + v]);
      }
    }
    if (t->lanes == WIDTH) {
      UNROLL for (int i = 0; i < rows * vectors; i++) store(result + i / vectors * t->stride + i % vectors * WIDTH, sums[i]);
      continue;
    }
    UNROLL for (int i = 0; i < rows * vectors; i++)
      store_some(result + i / vectors * t->stride + i % vectors * WIDTH, sums[i], i % vectors == vectors - 1 ? t->lanes : WIDTH);
  }
}

typedef void (*const ProductFunction)(const ProductTile *t);

#define TILE(rows)                                                                                                      \
  static void product_narrow_##rows(const ProductTile *t) { product_tile(rows, 1, false, t); }                         \
  static void product_wide_##rows(const ProductTile *t) { product_tile(rows, 2, false, t); }                           \
  static void product_narrow_packed_##rows(const ProductTile *t) { product_tile(rows, 1, true, t); }                   \
  static void product_wide_packed_##rows(const ProductTile *t) { product_tile(rows, 2, true, t); }
#define SIX(name) name##1, name##2, name##3, name##4, name##5, name##6
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if MANY_REGISTERS
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#define TWELVE(name) SIX(name), name##7, name##8, name##9, name##10, name##11, name##12
#endif
#if WIDTH == 16
TILE(13) TILE(14)
#define EACH_TILE(name) {TWELVE(name), name##13, name##14}
#elif MANY_REGISTERS
#define EACH_TILE(name) {TWELVE(name)}
#else
#define EACH_TILE(name) {SIX(name)}
#endif

/* By whether a is packed, vectors less one and rows less one. */
static ProductFunction product_tiles[2][2][PRODUCT_TILE] = {{EACH_TILE(product_narrow_), EACH_TILE(product_wide_)},
                                                            {EACH_TILE(product_narrow_packed_), EACH_TILE(product_wide_packed_)}};
#undef TILE
#undef SIX
#undef TWELVE
#undef EACH_TILE

/* ---- a block ---- */

/* Rows and columns of a block, and where its result is made: as it is, or in scratch when it has to be turned. */
typedef struct {
  int64_t rows, columns;
  float *result;
  int64_t stride;
} ProductBlock;

/*
 * Adds `inner` products to each result of a block. Tiles of rows, all of about the same size, are packed by the first panel, and what the
 * next one reads of a is fetched meanwhile. Where the panels are small they pass by a tile one after the other, and the result is written in
 * the order that it lies in.
 */
static void product_panels(const Product *g, const ProductBlock *block, const float *a, const float *panels, int64_t panel_step,
                           int64_t inner, bool first, float *packed) {
  int64_t tiles = divide_up(block->rows, PRODUCT_TILE);
  bool packs = g->a_row == 1 && g->a_inner != 1;
  bool rows_outside = g->panels || inner * block->columns * (int64_t)sizeof(float) <= 32 << 10;
  int64_t whole = rows_outside ? larger_of(1, block->columns / PRODUCT_PANEL) : 1;
  for (int64_t n = 0; n < block->columns; n += whole * PRODUCT_PANEL, whole = 1)
    for (int64_t tile = 0, row = 0; tile < tiles; tile++) {
      int64_t next = block->rows * (tile + 1) / tiles, rows = next - row;
      int64_t columns = smaller_of(block->columns - n, whole * PRODUCT_PANEL), vectors = columns > WIDTH ? 2 : 1;
      const float *tile_a = a + row * g->a_row, *next_a = a + next * g->a_row;
      float *packed_tile = packed + tile * PRODUCT_TILE * inner;
      if (packs && n == 0) pack_product_tile(tile_a, g->a_inner, rows, inner, packed_tile);
      ProductTile t = {.a = packs ? packed_tile : tile_a, .a_row = g->a_row, .panel = panels + n / PRODUCT_PANEL * panel_step,
                       .panel_step = panel_step, .panels = whole, .inner = inner, .first = first,
                       .result = block->result + row * block->stride + n, .stride = block->stride,
                       .lanes = smaller_of(WIDTH, columns - (vectors - 1) * WIDTH)};
      t.ahead = (const char *)t.panel;
      if (n == 0 && packs) t.ahead = (const char *)(next_a + PRODUCT_TILE - 1), t.ahead_step = g->a_inner * (int64_t)sizeof(float);
      else if (n == 0 && g->a_row == inner) t.ahead = (const char *)next_a, t.ahead_step = rows * (int64_t)sizeof(float);
      product_tiles[packs][vectors - 1][rows - 1](&t);
      row = next;
    }
}

static void product_task(void *context, int64_t index, void *scratch) {
  const Product *g = context;
  int64_t blocks = g->row_blocks * g->column_blocks, row = index % g->row_blocks * g->block_rows;
  int64_t column = index / g->row_blocks % g->column_blocks * g->block_columns;
  int64_t part = index / blocks, end = smaller_of((part + 1) * g->part, g->inner);
  ProductBlock block = {smaller_of(g->block_rows, g->rows - row), smaller_of(g->block_columns, g->columns - column), NULL, 0};
  float *panels = scratch, *tiles = panels + (g->panels ? 0 : PRODUCT_INNER * PRODUCT_COLUMNS), *turned = tiles + g->tiles;
  float *result = g->result + part * g->size + row * g->result_row + column * g->result_column;
  bool direct = g->result_column == 1;
  block.result = direct ? result : turned;
  block.stride = direct ? g->result_row : round_up(block.columns, WIDTH);
  int64_t most = g->panels ? PRODUCT_SHARED_INNER : PRODUCT_INNER;
  for (int64_t first = part * g->part, k = first; k < end || k == first; k += most) {
    int64_t inner = smaller_of(most, end - k);
    const float *a = g->a + row * g->a_row + k * g->a_inner;
    if (!g->panels) pack_product_panels(g, g->b + k * g->b_inner + column * g->b_column, inner, block.columns, panels, inner * PRODUCT_PANEL);
    const float *from = g->panels ? g->panels + column * g->inner + k * PRODUCT_PANEL : panels;
    product_panels(g, &block, a, from, (g->panels ? g->inner : inner) * PRODUCT_PANEL, inner, k == first, tiles);
  }
  if (!direct) transpose(turned, block.stride, block.rows, block.columns, result, g->result_column);
}

/* Cuts the inner axis where there are few blocks; `blocks` of the result. */
static void cut_inner(Product *g, int64_t blocks, int64_t least) {
  int64_t affordable = PARTS_BYTES / (g->size * (int64_t)sizeof(float));
  int64_t parts = smaller_of(smaller_of(divide_up(PRODUCT_TASKS, blocks), affordable), divide_up(g->inner, least));
  g->part = larger_of(1, divide_up(g->inner, larger_of(1, parts)));
  g->parts = larger_of(1, divide_up(g->inner, g->part));
}

/* Where parts are made before they are added up to `result`, and room for `more` floats behind them. */
static bool begin_parts(Product *g, float *result, int64_t more) {
  int64_t floats = g->parts == 1 ? 0 : round_up(g->parts * g->size, WIDTH);
  float *room = floats + more > 0 ? shared_scratch(float_bytes(floats + more)) : NULL;
  g->result = g->parts == 1 ? result : room;
  if (more) g->panels = room ? room + floats : NULL;
  return room || floats + more == 0;
}

static void cut_product(Product *g, bool shared) {
  int64_t multiple = g->result_column == 1 ? PRODUCT_TILE : PRODUCT_LINE; /* a turned block is written in whole lines */
  g->block_rows = shared ? round_up(divide_up(g->rows, PRODUCT_SHARED_TASKS), multiple) : PRODUCT_ROWS;
  g->block_rows = smaller_of(g->block_rows, PRODUCT_ROWS / multiple * multiple);
  g->row_blocks = divide_up(g->rows, g->block_rows);
  g->block_columns = shared && g->result_column == 1 ? PRODUCT_SHARED_COLUMNS : PRODUCT_COLUMNS;
  g->column_blocks = divide_up(g->columns, g->block_columns);
  cut_inner(g, g->row_blocks * g->column_blocks, LEAST_INNER);
}

static bool run_product(Product g, float *result) {
  g.size = g.rows * g.columns;
  if (g.size == 0) return true;
  int64_t packed = divide_up(g.columns, PRODUCT_PANEL) * PRODUCT_PANEL * g.inner;
  bool shared = packed * (int64_t)sizeof(float) <= PRODUCT_SHARED_BYTES;
  cut_product(&g, shared);
  if (!begin_parts(&g, result, shared ? packed : 0)) return false;
  if (g.panels && !pack_shared(&g)) return false;
  g.tiles = PRODUCT_ROWS * (g.panels ? smaller_of(g.inner, PRODUCT_SHARED_INNER) : PRODUCT_INNER);
  int64_t turned = g.result_column == 1 ? 0 : g.block_rows * PRODUCT_COLUMNS;
  int64_t floats = (g.panels ? 0 : PRODUCT_INNER * PRODUCT_COLUMNS) + g.tiles + turned;
  if (!parallel_apart(g.row_blocks * g.column_blocks * g.parts, float_bytes(floats), product_task, &g)) return false;
  return g.parts == 1 || sum_parts(g.result, g.parts, g.size, result);
}
