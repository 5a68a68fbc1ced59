/*
 * Kernel gradients of 3x3 convolutions of stride one by Winograd's way: nine sums from 16 products for each 2 x 2 pixels of dy instead
 * of 36. It is what convolution-winograd-tile.h computes turned round, with the same matrices: with d a tile of x, 4 x 4 pixels, and e
 * the tile of dy, 2 x 2, whose windows it holds,
 *
 *     dg = G' (sum over tiles of (B' d B) * (A e A')) G
 *
 * Each of the 16 positions is a matrix product of its own, input channels by tiles by output channels. The kernel is cut into blocks
 * of input x output channels whose sums stay in the second-level cache beside some tiles, transformed; the tiles into parts, with sums
 * of their own, where there are fewer blocks than tasks. Read after convolution-kernel-gradient-dense.c.
 */
#include "convolution-winograd.h"

enum {
  GRADIENT_INS = 64,   /* input channels of a block, */
  GRADIENT_OUTS = 128, /* output channels */
  GRADIENT_TILES = 64, /* and tiles at a time, at most: 1.3 MB together */
  PART_TILES = 32      /* of a part at least */
};

typedef struct {
  DenseGradient d; /* but for its boxes */
  int64_t tiles_across, tiles_down, tiles, block_tiles;
} WinogradGradient;

/* Pixels that the next tiles are made of: the block's channels of each take some lines of the cache. */
typedef struct {
  const char *from;
  int64_t step, lines, pixels; /* step: bytes from pixel to pixel */
} Pixels;

/* What a task works on and with. */
typedef struct {
  const WinogradGradient *g;
  int64_t in, ins, out, outs;        /* first channels and how many */
  int64_t x_stride;                  /* floats from tile to tile */
  int64_t x_step, e_step, sums_step; /* floats from position to position */
  float *sums;                       /* [position][vectors of out, by OUTER_VECTORS][ins][vectors * WIDTH] */
  float *bias;                       /* [outs], or null */
  float *x;                          /* [position][tile][x_stride] */
  float *e;                          /* [position][vectors of out, by OUTER_VECTORS][tile][vectors * WIDTH] */
  float *window;                     /* 4 x 4 pixels */
  int32_t *offsets;                  /* of each tile in x */
  Pixels ahead[3];                   /* of x, dy and y */
} GradientBlock;

/* Where a tile lies: its image, and the first row and column of the convolution. */
typedef struct {
  int64_t image, row, column;
} TilePlace;

INLINE TilePlace place_of(const WinogradGradient *g, int64_t tile) {
  int64_t row = tile / g->tiles_across;
  return (TilePlace){row / g->tiles_down, row % g->tiles_down * 2, tile % g->tiles_across * 2};
}

/* ---- B' d B ---- */

INLINE void transform_window(const float *x, int64_t right, int64_t down, int64_t lanes, float *to, int64_t step) {
  Vector a[4], b[4], c[4], d[4];
  transform_column(x, down, lanes, a);
  transform_column(x + right, down, lanes, b);
  transform_column(x + 2 * right, down, lanes, c);
  transform_column(x + 3 * right, down, lanes, d);
  store_window(a, b, c, d, to, step);
}

/* A window at the edge: zeros outside. */
static void copy_edge(const GradientBlock *b, const float *image, int64_t row, int64_t column) {
  const Convolution *c = &b->g->d.u.c;
  for (int64_t i = 0; i < POSITIONS; i++) {
    int64_t y = row + i / 4, x = column + i % 4;
    float *to = b->window + i * b->ins;
    bool inside = y >= 0 && y < c->height && x >= 0 && x < c->width;
    if (inside) memcpy(to, image + (y * c->width + x) * c->in, (size_t)b->ins * sizeof(float));
    else memset(to, 0, (size_t)b->ins * sizeof(float));
  }
}

static void transform_x(const GradientBlock *b, TilePlace place, float *to) {
  const Convolution *c = &b->g->d.u.c;
  const float *image = b->g->d.x + place.image * c->height * c->width * c->in + b->in;
  int64_t row = place.row - c->pad_top, column = place.column - c->pad_left;
  int64_t right = c->in, down = c->width * c->in, channel = 0;
  const float *x = image + row * down + column * right;
  if (row < 0 || column < 0 || row + 4 > c->height || column + 4 > c->width) {
    copy_edge(b, image, row, column);
    x = b->window, right = b->ins, down = 4 * b->ins;
  }
  for (; channel + WIDTH <= b->ins; channel += WIDTH) transform_window(x + channel, right, down, WIDTH, to + channel, b->x_step);
  if (channel < b->ins) transform_window(x + channel, right, down, b->ins - channel, to + channel, b->x_step);
}

/* ---- A e A' ---- */

INLINE void spread_two(Vector a, Vector b, Vector *to) { to[0] = a, to[1] = a + b, to[2] = a - b, to[3] = -b; }

/* A tile whose second column or row there is not (`right` or `down` is zero) has zeros there. Gives the sum of its pixels. */
INLINE Vector transform_flow(const Upstream *u, bool masked, int64_t index, int64_t right, int64_t down, int64_t lanes, float *to,
                             int64_t step) {
  Vector e[4], left[4], other[4];
  UNROLL for (int i = 0; i < 4; i++) {
    int64_t at = index + i % 2 * right + i / 2 * down;
    bool outside = (i % 2 && !right) || (i / 2 && !down);
    e[i] = outside ? splat(0) : masked ? flowing(u, at, lanes) : load_some(u->dy + at, lanes);
  }
  spread_two(e[0], e[2], left);
  spread_two(e[1], e[3], other);
  UNROLL for (int i = 0; i < 4; i++) {
    Vector row[4];
    spread_two(left[i], other[i], row);
    UNROLL for (int j = 0; j < 4; j++) store(to + (4 * i + j) * step, row[j]);
  }
  return left[1] + other[1];
}

/* The tile is number `number` of `tiles`. */
static void transform_dy(const GradientBlock *b, TilePlace place, int64_t number, int64_t tiles) {
  const Upstream *u = &b->g->d.u;
  const Convolution *c = &u->c;
  int64_t index = ((place.image * c->rows + place.row) * c->columns + place.column) * c->out + b->out;
  int64_t right = place.column + 1 < c->columns ? c->out : 0, down = place.row + 1 < c->rows ? c->columns * c->out : 0;
  for (int64_t out = 0; out < b->outs; out += WIDTH, index += WIDTH) {
    int64_t first = out / (OUTER_VECTORS * WIDTH) * OUTER_VECTORS * WIDTH, some = b->outs - out;
    int64_t lanes = smaller_of(OUTER_VECTORS * WIDTH, round_up(b->outs - first, WIDTH));
    float *to = b->e + first * tiles + number * lanes + out - first;
    Vector sum;
    if (!u->y && some >= WIDTH) sum = transform_flow(u, false, index, right, down, WIDTH, to, b->e_step);
    else sum = transform_flow(u, true, index, right, down, some, to, b->e_step);
    if (b->bias) store_some(b->bias + out, load_some(b->bias + out, some) + sum, some);
  }
}

/* ---- the products ---- */

/* What the `tiles` from the first to the last of a block are made of; some rows more where they are part of a row. */
static void plan_pixels(GradientBlock *b, int64_t first, int64_t tiles) {
  const DenseGradient *d = &b->g->d;
  const Convolution *c = &d->u.c;
  TilePlace from = place_of(b->g, first), to = place_of(b->g, first + tiles - 1);
  int64_t x_row = from.image * c->height + from.row, x_rows = to.image * c->height + to.row + 2 - x_row;
  int64_t row = from.image * c->rows + from.row, rows = to.image * c->rows + to.row + 2 - row;
  Pixels dy = {.step = c->out * (int64_t)sizeof(float), .lines = divide_up(b->outs * (int64_t)sizeof(float), CACHE_LINE),
               .pixels = rows * c->columns, .from = (const char *)(d->u.dy + row * c->columns * c->out + b->out)};
  b->ahead[0] = (Pixels){.step = c->in * (int64_t)sizeof(float), .lines = divide_up(b->ins * (int64_t)sizeof(float), CACHE_LINE),
                         .pixels = x_rows * c->width, .from = (const char *)(d->x + x_row * c->width * c->in + b->in)};
  b->ahead[1] = b->ahead[2] = dy;
  if (d->u.y) b->ahead[2].from = (const char *)(d->u.y + row * c->columns * c->out + b->out);
  else b->ahead[2].pixels = 0;
}

/* Has a tile of sums, the one of that number, fetch a line of as many pixels of the next block as it goes through tiles. */
static void fetch_pixels(const GradientBlock *b, int64_t number, Panel *panel) {
  panel->ahead = (const char *)panel->x;
  panel->ahead_step = 0;
  for (int64_t i = 0; i < 3; i++) {
    const Pixels *p = b->ahead + i;
    int64_t count = divide_up(p->pixels, panel->pixels) * p->lines;
    if (number < count) {
      panel->ahead = p->from + number / p->lines * panel->pixels * p->step + number % p->lines * CACHE_LINE;
      panel->ahead_step = p->step;
      return;
    }
    number -= count;
  }
}

static void multiply_positions(const GradientBlock *b, int64_t tiles) {
  int64_t done = 0;
  for (int64_t p = 0; p < POSITIONS; p++)
    for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
      int64_t vectors = smaller_of(OUTER_VECTORS, divide_up(b->outs - out, WIDTH));
      ProductsFunction *add = vectors == 1 ? add_narrow_tile : add_tile;
      int64_t cuts = divide_up(b->ins, vectors == 1 ? OUTER_NARROW_TAPS : OUTER_TAPS);
      float *sums = b->sums + p * b->sums_step + out * b->ins;
      Panel panel = {.offsets = b->offsets, .dy = b->e + p * b->e_step + out * tiles, .dy_stride = vectors * WIDTH, .pixels = tiles};
      for (int64_t i = 0; i < cuts; i++) {
        int64_t first = i * b->ins / cuts, end = (i + 1) * b->ins / cuts;
        panel.x = b->x + p * b->x_step + first;
        fetch_pixels(b, done++, &panel);
        add[end - first - 1](panel, sums + first * vectors * WIDTH);
      }
    }
}

/* ---- G' m G ---- */

INLINE void gather_three(const Vector *m, int step, Vector *to) {
  Vector outer = 0.5f * (m[step] + m[2 * step]), inner = 0.5f * (m[step] - m[2 * step]);
  to[0] = m[0] + outer, to[1] = inner, to[2] = outer + m[3 * step];
}

/* Vector `out` of input channel `in`, to its places in [3][3][in][out]. */
INLINE void write_taps(const GradientBlock *b, int64_t in, int64_t out, float *to) {
  const Convolution *c = &b->g->d.u.c;
  int64_t first = out / (OUTER_VECTORS * WIDTH) * OUTER_VECTORS * WIDTH;
  int64_t lanes = smaller_of(OUTER_VECTORS * WIDTH, round_up(b->outs - first, WIDTH));
  const float *from = b->sums + first * b->ins + in * lanes + out - first;
  Vector m[POSITIONS], columns[4][3];
  UNROLL for (int p = 0; p < POSITIONS; p++) m[p] = load(from + p * b->sums_step);
  UNROLL for (int j = 0; j < 4; j++) gather_three(m + j, 4, columns[j]);
  UNROLL for (int r = 0; r < 3; r++) {
    Vector row[4] = {columns[0][r], columns[1][r], columns[2][r], columns[3][r]}, taps[3];
    gather_three(row, 1, taps);
    UNROLL for (int s = 0; s < 3; s++)
      store_some(to + ((3 * r + s) * c->in + b->in + in) * c->out + b->out + out, taps[s], b->outs - out);
  }
}

/* ---- a block ---- */

/* The block of that number. */
static GradientBlock place_block(const WinogradGradient *g, int64_t number) {
  const DenseGradient *d = &g->d;
  const Convolution *c = &d->u.c;
  GradientBlock b = {.g = g, .in = number / d->out_blocks * d->in_block, .out = number % d->out_blocks * d->out_block};
  b.ins = smaller_of(d->in_block, c->in - b.in);
  b.outs = smaller_of(d->out_block, c->out - b.out);
  int64_t lanes = round_up(b.outs, WIDTH);
  b.x_stride = pixel_stride_of(round_up(b.ins, WIDTH));
  b.x_step = g->block_tiles * b.x_stride + 16; /* lest all positions lie in one place of the cache */
  b.e_step = g->block_tiles * lanes + 16;
  b.sums_step = b.ins * lanes + 16;
  return b;
}

/* Floats that it needs. */
static int64_t winograd_block_floats(const GradientBlock *b) {
  return POSITIONS * (b->sums_step + b->x_step + b->e_step + b->ins) + b->g->block_tiles;
}

static void lay_out(GradientBlock *b, float *scratch) {
  b->sums = scratch;
  b->x = b->sums + POSITIONS * b->sums_step;
  b->e = b->x + POSITIONS * b->x_step;
  b->window = b->e + POSITIONS * b->e_step;
  b->offsets = (int32_t *)(b->window + POSITIONS * b->ins);
  memset(b->sums, 0, (size_t)(POSITIONS * b->sums_step) * sizeof(float));
  for (int64_t i = 0; i < b->g->block_tiles; i++) b->offsets[i] = (int32_t)(i * b->x_stride);
}

static void winograd_gradient_task(void *context, int64_t task, void *scratch) {
  const WinogradGradient *g = context;
  const DenseGradient *d = &g->d;
  const Convolution *c = &d->u.c;
  int64_t blocks = d->in_blocks * d->out_blocks, part = task / blocks;
  GradientBlock b = place_block(g, task % blocks);
  lay_out(&b, scratch);
  if (d->bias_sums && b.in == 0) b.bias = d->bias_sums + part * c->out + b.out;
  if (b.bias) memset(b.bias, 0, (size_t)b.outs * sizeof(float));
  int64_t first = g->tiles * part / d->parts, count = g->tiles * (part + 1) / d->parts - first;
  int64_t cuts = divide_up(count, g->block_tiles);
  for (int64_t i = 0; i < cuts; i++) {
    int64_t from = first + count * i / cuts, end = first + count * (i + 1) / cuts, next = first + count * (i + 2) / cuts;
    for (int64_t t = from; t < end; t++) transform_x(&b, place_of(g, t), b.x + (t - from) * b.x_stride);
    for (int64_t t = from; t < end; t++) transform_dy(&b, place_of(g, t), t - from, end - from);
    if (i + 1 < cuts) plan_pixels(&b, end, next - end);
    multiply_positions(&b, end - from);
  }
  float *to = d->sums + part * c->kernel_height * c->run * c->out;
  for (int64_t in = 0; in < b.ins; in++)
    for (int64_t out = 0; out < b.outs; out += WIDTH) write_taps(&b, in, out, to);
}

/*
 * One vector by one of channels is not worth the transforms: 1.0 times the speed, and 0.8 at 7 x 7; two have 1.15, 64 by 64 to
 * 256 by 256 1.6 to 1.9 (two cores of a Sapphire Rapids, AVX-512; AVX2 and SSE2 1.6 to 2.5).
 */
static bool suits_winograd_gradient(const Convolution *c) {
  bool pays = c->in * c->out >= 2 * WIDTH * WIDTH && c->batch * c->rows * c->columns > 0;
  return pays && suits_winograd(c, c->rows, c->columns);
}

/* `dbias` may be null. */
static bool run_winograd_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  WinogradGradient g = {.d = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias}};
  DenseGradient *d = &g.d;
  const Convolution *c = &d->u.c;
  cut_channels(d, GRADIENT_INS, GRADIENT_OUTS);
  g.tiles_across = divide_up(c->columns, 2);
  g.tiles_down = divide_up(c->rows, 2);
  g.tiles = c->batch * g.tiles_down * g.tiles_across;
  int64_t parts = smaller_of(parts_wanted(d), divide_up(g.tiles, PART_TILES));
  g.block_tiles = smaller_of(GRADIENT_TILES, divide_up(g.tiles, parts));
  if (!take_parts(d, parts)) return false;
  GradientBlock largest = place_block(&g, 0);
  return parallel(parts * d->in_blocks * d->out_blocks, float_bytes(winograd_block_floats(&largest)), winograd_gradient_task, &g) &&
         finish_parts(d);
}
