/*
 * Matrix products. A tile of some rows of the result by two vectors of its columns stays in registers while the inner axis
 * passes by. `b` is packed into panels as wide as a tile, so that it is read in the order that it lies in memory, once for a
 * block of rows. Where blocks of the result are few, the inner axis is shared out too and the parts are added up in order.
 */
#include "fovea.h"
#include "transpose.h"

enum {
  PRODUCT_TILE = MANY_REGISTERS ? 8 : 6,
  PRODUCT_PANEL = 2 * WIDTH,
  PRODUCT_ROWS = 192,    /* of the result, a task; a multiple of each PRODUCT_TILE */
  PRODUCT_COLUMNS = 256,
  PRODUCT_INNER = 256,   /* packed at a time */
  PRODUCT_INNER_AS_IT_LIES = 128, /* of b, where it is not packed: the first that a task reads have not been fetched */
  PRODUCT_TASKS = 24,  /* fewer blocks than these are cut along the inner axis */
  LEAST_INNER = 128,   /* of such a part */
  PARTS_BYTES = 64 << 20,
  FEW_ROWS = 64 /* for so few tiles packing does not pay, where whole rows of b are read */
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
  int64_t row_blocks, column_blocks, parts, part; /* inner elements a part */
  int64_t size;                                   /* of the result: the step from part to part */
} Product;

/* ---- packing ---- */

/* b(k, n) of `inner` by `columns` as panels [inner][PRODUCT_PANEL], zeros behind the last column. */
static void pack_product_panels(const Product *g, const float *b, int64_t inner, int64_t columns, float *panels) {
  for (int64_t n = 0; n < columns; n += PRODUCT_PANEL, panels += inner * PRODUCT_PANEL) {
    int64_t lanes = smaller_of(PRODUCT_PANEL, columns - n);
    if (lanes < PRODUCT_PANEL) memset(panels, 0, (size_t)(inner * PRODUCT_PANEL) * sizeof(float));
    if (g->b_column != 1) transpose(b + n * g->b_column, g->b_column, lanes, inner, panels, PRODUCT_PANEL);
  }
  if (g->b_column != 1) return;
  panels -= divide_up(columns, PRODUCT_PANEL) * inner * PRODUCT_PANEL;
  for (int64_t k = 0; k < inner; k++)
    for (int64_t n = 0; n < columns; n += WIDTH) {
      float *to = panels + n / PRODUCT_PANEL * inner * PRODUCT_PANEL + k * PRODUCT_PANEL + n % PRODUCT_PANEL;
      store(to, load_some(b + k * g->b_inner + n, columns - n));
    }
}

/* a(m, k) whose rows lie side by side, as tiles [inner][PRODUCT_TILE]. */
static void pack_product_tiles(const Product *g, const float *a, int64_t rows, int64_t inner, float *tiles) {
  for (int64_t k = 0; k < inner; k++)
    for (int64_t m = 0; m < rows; m += PRODUCT_TILE) {
      float *to = tiles + m * inner + k * PRODUCT_TILE;
      const float *from = a + k * g->a_inner + m;
      if (rows - m >= PRODUCT_TILE) memcpy(to, from, PRODUCT_TILE * sizeof(float));
      else memcpy(to, from, (size_t)(rows - m) * sizeof(float));
    }
}

/* ---- a block ---- */

/* What a tile fetches while it is summed, for later: `step` bytes further with each inner element. Nothing where it is null. */
typedef struct {
  const char *from;
  int64_t step;
} ProductAhead;

/* Where a tile goes: the last of its vectors may be cut. */
typedef struct {
  float *at;
  int64_t stride, lanes;
} ProductResult;

/* result (`rows` of them, a constant) = or += a * panel; a(r, k) lies at r * a_row + k * a_inner. */
INLINE void product_tile(int rows, int vectors, bool first, bool fetches, const float *a, int64_t a_row, int64_t a_inner,
                          const float *panel, int64_t panel_step, int64_t inner, ProductAhead ahead, ProductResult result) {
  Vector sums[PRODUCT_TILE * 2];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) {
      float *to = result.at + r * result.stride + v * WIDTH;
      sums[r * vectors + v] = first ? splat(0) : load_some(to, v == vectors - 1 ? result.lanes : WIDTH);
    }
  for (int64_t k = 0; k < inner; k++, a += a_inner, panel += panel_step) {
    if (fetches) {
      __builtin_prefetch(ahead.from, 0, 2);
      ahead.from += ahead.step;
    }
    Vector w[2];
    UNROLL for (int v = 0; v < vectors; v++) w[v] = load(panel + v * WIDTH);
    UNROLL for (int r = 0; r < rows; r++) {
      Vector value = splat(a[r * a_row]);
      UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] = multiply_add(value, w[v], sums[r * vectors + v]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      store_some(result.at + r * result.stride + v * WIDTH, sums[r * vectors + v], v == vectors - 1 ? result.lanes : WIDTH);
}

/* As many rows as there are, up to a tile. */
INLINE void product_rows(int64_t rows, int vectors, bool first, const float *a, int64_t a_row, int64_t a_inner,
                          const float *panel, int64_t panel_step, int64_t inner, ProductAhead ahead, ProductResult result) {
  if (rows >= PRODUCT_TILE) {
    if (panel_step == PRODUCT_PANEL && !ahead.from)
      product_tile(PRODUCT_TILE, vectors, first, false, a, a_row, a_inner, panel, PRODUCT_PANEL, inner, ahead, result);
    else product_tile(PRODUCT_TILE, vectors, first, true, a, a_row, a_inner, panel, panel_step, inner, ahead, result);
    return;
  }
  for (; rows > 0; rows--, a += a_row, result.at += result.stride)
    if (rows >= 4) {
      product_tile(4, vectors, first, false, a, a_row, a_inner, panel, panel_step, inner, ahead, result);
      rows -= 3, a += 3 * a_row, result.at += 3 * result.stride;
    } else {
      product_tile(1, vectors, first, false, a, a_row, a_inner, panel, panel_step, inner, ahead, result);
    }
}

/* Rows and columns of a block, and where its result is made: as it is, or in scratch when it has to be cut or turned. */
typedef struct {
  int64_t rows, columns;
  float *result;
  int64_t stride;
} ProductBlock;

/* What tiles fetch meanwhile, in the order that it lies in: each starts so many bytes behind the last one. */
typedef struct {
  ProductAhead first;
  int64_t by_number, by_tile; /* bytes from tile to tile, from the rows of one to the next */
} ProductPlan;

/* `b_next`, or null: as much of b as the block reads, where it is read as it lies. A large a that is read as it lies is fetched tile by tile. */
static ProductPlan plan_product(const ProductBlock *block, const float *next_a, int64_t tile_step, int64_t inner, const float *b_next) {
  enum { FLOAT_BYTES = sizeof(float) };
  int64_t tiles = divide_up(block->rows, PRODUCT_TILE), count = divide_up(block->columns, PRODUCT_PANEL);
  int64_t share = divide_up(inner * block->columns * FLOAT_BYTES, tiles * count), steps = larger_of(1, inner);
  if (b_next) return (ProductPlan){{(const char *)b_next, divide_up(share, steps)}, share, 0};
  int64_t tile_bytes = tile_step * FLOAT_BYTES;
  return (ProductPlan){{(const char *)next_a, divide_up(tile_bytes, steps)}, 0, next_a ? tile_bytes : 0};
}

static void product_panels(const ProductBlock *block, bool first, const float *a, int64_t a_row, int64_t a_inner,
                            int64_t tile_step, const float *panels, int64_t panel_step, int64_t inner, ProductPlan plan) {
  int64_t tiles = divide_up(block->rows, PRODUCT_TILE), count = divide_up(block->columns, PRODUCT_PANEL);
  bool rows_outside = inner * block->columns * (int64_t)sizeof(float) <= 32 << 10; /* then all panels lie in the first cache */
  for (int64_t i = 0, tile = 0, panel = 0; i < tiles * count; i++) {
    int64_t rows = block->rows - tile * PRODUCT_TILE;
    const float *from = panels + panel * PRODUCT_PANEL * (panel_step == PRODUCT_PANEL ? inner : 1), *tile_a = a + tile * tile_step;
    ProductAhead ahead = {plan.first.from + i * plan.by_number + tile * plan.by_tile, plan.first.step};
    int64_t columns = block->columns - panel * PRODUCT_PANEL;
    ProductResult to = {block->result + tile * PRODUCT_TILE * block->stride + panel * PRODUCT_PANEL, block->stride,
                        smaller_of(WIDTH, columns > WIDTH ? columns - WIDTH : columns)};
    if (columns > WIDTH) product_rows(rows, 2, first, tile_a, a_row, a_inner, from, panel_step, inner, ahead, to);
    else product_rows(rows, 1, first, tile_a, a_row, a_inner, from, panel_step, inner, ahead, to);
    if (rows_outside) panel = panel + 1 < count ? panel + 1 : 0, tile += panel == 0;
    else tile = tile + 1 < tiles ? tile + 1 : 0, panel += tile == 0;
  }
}

static void product_task(void *context, int64_t index, void *scratch) {
  const Product *g = context;
  int64_t row = index % g->row_blocks * PRODUCT_ROWS, column = index / g->row_blocks % g->column_blocks * PRODUCT_COLUMNS;
  int64_t part = index / (g->row_blocks * g->column_blocks), end = smaller_of((part + 1) * g->part, g->inner);
  ProductBlock block = {smaller_of(PRODUCT_ROWS, g->rows - row), smaller_of(PRODUCT_COLUMNS, g->columns - column), NULL, 0};
  float *panels = scratch, *tiles = panels + PRODUCT_INNER * PRODUCT_COLUMNS, *turned = tiles + PRODUCT_INNER * PRODUCT_ROWS;
  float *result = g->result + part * g->size + row * g->result_row + column * g->result_column;
  bool direct = g->result_column == 1;
  block.result = direct ? result : turned;
  block.stride = direct ? g->result_row : round_up(block.columns, WIDTH);
  bool as_it_lies = g->b_column == 1 && block.rows <= FEW_ROWS && block.columns % WIDTH == 0 &&
                    g->b_inner == block.columns && g->b_inner != PRODUCT_PANEL;
  int64_t most = as_it_lies ? PRODUCT_INNER_AS_IT_LIES : PRODUCT_INNER;
  bool packed = g->a_row == 1 && g->a_inner != 1;
  for (int64_t first = part * g->part, k = first; k < end || k == first; k += most) {
    int64_t inner = smaller_of(most, end - k);
    const float *a = g->a + row * g->a_row + k * g->a_inner;
    const float *b = g->b + k * g->b_inner + column * g->b_column;
    if (!as_it_lies) pack_product_panels(g, b, inner, block.columns, panels);
    if (!as_it_lies) b = panels;
    int64_t b_step = as_it_lies ? g->b_inner : PRODUCT_PANEL;
    if (packed) pack_product_tiles(g, a, block.rows, inner, tiles);
    const float *tile_a = packed ? tiles : a, *b_next = as_it_lies ? b + inner * g->b_inner : NULL;
    int64_t a_row = packed ? 1 : g->a_row, a_inner = packed ? PRODUCT_TILE : g->a_inner;
    int64_t tile_step = PRODUCT_TILE * (packed ? inner : g->a_row);
    const float *next_a = !packed && g->rows > FEW_ROWS ? a + tile_step : NULL;
    ProductPlan plan = plan_product(&block, next_a, tile_step, inner, b_next);
    product_panels(&block, k == first, tile_a, a_row, a_inner, tile_step, b, b_step, inner, plan);
  }
  if (direct) return;
  transpose(turned, block.stride, block.rows, block.columns, result, g->result_column);
}

/* Cuts the inner axis where there are few blocks; `blocks` of the result. */
static void cut_inner(Product *g, int64_t blocks, int64_t least) {
  int64_t affordable = PARTS_BYTES / (g->size * (int64_t)sizeof(float));
  int64_t parts = smaller_of(smaller_of(divide_up(PRODUCT_TASKS, blocks), affordable), divide_up(g->inner, least));
  g->part = larger_of(1, divide_up(g->inner, larger_of(1, parts)));
  g->parts = larger_of(1, divide_up(g->inner, g->part));
}

/* Where parts are made before they are added up to `result`. */
static bool begin_parts(Product *g, float *result) {
  g->result = g->parts == 1 ? result : shared_scratch(float_bytes(g->parts * g->size));
  return g->result != NULL;
}

static bool run_product(Product g, float *result) {
  g.size = g.rows * g.columns;
  if (g.size == 0) return true;
  g.row_blocks = divide_up(g.rows, PRODUCT_ROWS);
  g.column_blocks = divide_up(g.columns, PRODUCT_COLUMNS);
  cut_inner(&g, g.row_blocks * g.column_blocks, LEAST_INNER);
  if (!begin_parts(&g, result)) return false;
  size_t floats = PRODUCT_INNER * (PRODUCT_COLUMNS + PRODUCT_ROWS) + PRODUCT_ROWS * PRODUCT_COLUMNS;
  if (!parallel(g.row_blocks * g.column_blocks * g.parts, floats * sizeof(float), product_task, &g)) return false;
  return g.parts == 1 || sum_parts(g.result, g.parts, g.size, result);
}
