/*
 * The kernel gradient of a convolution that is not pooled: nearly all of dy flows, so every product is computed.
 *
 * The kernel is cut into blocks of input x output channels whose sums stay in the second-level cache, the convolution into
 * boxes that are read from there, and into parts, with sums of their own, where there are fewer blocks than tasks.
 */
#include "convolution-kernel-gradient-box.h"

enum {
  DENSE_BLOCK_BYTES = 640 << 10, /* of the sums of a block of the kernel */
  DENSE_BOX_BYTES = 256 << 10,   /* of a box's x and dy, */
  DENSE_BOX_PIXELS = 1024,       /* at most, */
  DENSE_FEWEST_PIXELS = 192,     /* and at least, since sums are read and written once a box */
  DENSE_PANEL = 192,             /* pixels whose dy stays in the first-level cache */
  DENSE_TASKS = 32,              /* wanted */
  DENSE_FEWEST_TASKS = 8,        /* even where their sums take more than */
  DENSE_PARTS_BYTES = 4 << 20,   /* of all parts' sums */
  DENSE_FEW_TAPS = 128           /* up to which dy's channels are not worth copying side by side */
};

/* Adds one panel to one column of tiles; `done` counts the box's tiles. */
static void add_panel(const Block *b, Panel panel, int64_t vectors, float *sums, int64_t *done) {
  ProductsFunction *add = vectors == 1 ? add_narrow_tile : add_tile;
  int64_t tiles = divide_up(b->run, vectors == 1 ? OUTER_NARROW_TAPS : OUTER_TAPS);
  for (int64_t p = 0; p < b->g->u.c.kernel_height; p++)
    for (int64_t q = 0; q < b->runs; q++)
      for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t tap = tile * b->run / tiles, taps = (tile + 1) * b->run / tiles - tap;
        Panel shifted = panel;
        shifted.x += p * b->row_stride + q * b->pixel_stride + tap;
        fetch_share(b, (*done)++, &shifted);
        add[taps - 1](shifted, sums + ((p * b->runs + q) * b->run + tap) * vectors * WIDTH);
      }
}

/* Tiles that a box is gone through with. */
static int64_t count_tiles(const Block *b, int64_t panels) {
  int64_t whole = OUTER_VECTORS * WIDTH, rest = b->outs % whole;
  int64_t wide = divide_up(b->run, OUTER_TAPS), narrow = divide_up(b->run, OUTER_NARROW_TAPS);
  int64_t tiles = b->outs / whole * wide + (rest == 0 ? 0 : rest > WIDTH ? wide : narrow);
  return panels * b->g->u.c.kernel_height * b->runs * tiles;
}

static void add_box(Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  take_windows(b, first, box);
  take_dy(b, first, box);
  int64_t pixels = box.images * box.rows * box.columns, taps = c->kernel_height * c->kernel_width * b->ins;
  int64_t panels = divide_up(pixels, DENSE_PANEL), done = 0;
  b->tiles = count_tiles(b, panels);
  for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
    int64_t vectors = smaller_of(OUTER_VECTORS, divide_up(b->outs - out, WIDTH));
    const float *dy = b->dy + (g->dy_in_place ? out : out * pixels);
    int64_t dy_stride = g->dy_in_place ? c->out : vectors * WIDTH;
    for (int64_t i = 0; i < panels; i++) {
      int64_t pixel = i * pixels / panels;
      Panel panel = {.x = b->x, .offsets = b->offsets + pixel, .dy = dy + pixel * dy_stride, .dy_stride = dy_stride,
                     .pixels = (i + 1) * pixels / panels - pixel};
      add_panel(b, panel, vectors, b->sums + out * taps, &done);
    }
  }
}

/*
 * Writes the block's sums where they belong among those of the whole kernel, [taps][out]: row by row of the kernel, whose
 * channels lie side by side there.
 */
static void write_block(const Block *b, float *to) {
  const Convolution *c = &b->g->u.c;
  int64_t taps = c->kernel_height * c->kernel_width * b->ins;
  for (int64_t tap = 0; tap < taps; tap++) {
    float *row = to + (tap / b->ins * c->in + b->in + tap % b->ins) * c->out + b->out;
    for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
      int64_t channels = smaller_of(OUTER_VECTORS * WIDTH, b->outs - out);
      const float *from = b->sums + out * taps + tap * round_up(channels, WIDTH);
      for (int64_t v = 0; v < channels; v += WIDTH) store_some(row + out + v, load(from + v), channels - v);
    }
  }
}

/* The block of that number, its memory laid out in `scratch`. */
static Block start_block(const DenseGradient *g, int64_t block, float *scratch) {
  const Convolution *c = &g->u.c;
  Block b = {.g = g, .in = block / g->out_blocks * g->in_block, .out = block % g->out_blocks * g->out_block};
  b.ins = smaller_of(g->in_block, c->in - b.in);
  b.outs = smaller_of(g->out_block, c->out - b.out);
  b.pixel_stride = g->x_in_place ? b.ins : pixel_stride_of(b.ins);
  b.runs = b.pixel_stride == b.ins ? 1 : c->kernel_width;
  b.run = c->kernel_width / b.runs * b.ins;
  int64_t taps = c->kernel_height * c->kernel_width * b.ins, lanes = round_up(b.outs, WIDTH);
  int64_t pixels = g->box.images * g->box.rows * g->box.columns;
  b.sums = scratch;
  b.dy_copy = b.sums + taps * lanes;
  b.offsets = (int32_t *)(b.dy_copy + pixels * lanes);
  b.x_copy = (float *)b.offsets + round_up(pixels, 16);
  memset(b.sums, 0, (size_t)(taps * lanes) * sizeof(float));
  return b;
}

/* Floats that it needs at most. */
static int64_t block_floats(const DenseGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t taps = c->kernel_height * c->kernel_width * g->in_block, lanes = round_up(g->out_block, WIDTH);
  int64_t pixels = g->box.images * g->box.rows * g->box.columns;
  int64_t x_pixels = g->box.images * copied_size(g->box.rows, g->step_rows, c->kernel_height) *
                     copied_size(g->box.columns, g->step_columns, c->kernel_width);
  return (taps + pixels) * lanes + round_up(pixels, 16) + x_pixels * pixel_stride_of(g->in_block);
}

static Extent first_of_box(const DenseGradient *g, int64_t index) {
  const Extent *boxes = &g->boxes;
  return (Extent){index / (boxes->rows * boxes->columns) * g->box.images,
                  index / boxes->columns % boxes->rows * g->box.rows, index % boxes->columns * g->box.columns};
}

/* The box that begins there: smaller at the ends. */
static Extent box_at(const DenseGradient *g, Extent first) {
  const Convolution *c = &g->u.c;
  return (Extent){smaller_of(g->box.images, c->batch - first.images), smaller_of(g->box.rows, c->rows - first.rows),
                  smaller_of(g->box.columns, c->columns - first.columns)};
}

static void dense_task(void *context, int64_t task, void *scratch) {
  const DenseGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t blocks = g->in_blocks * g->out_blocks, part = task / blocks;
  Block b = start_block(g, task % blocks, scratch);
  if (g->bias_sums && b.in == 0) b.bias = g->bias_sums + part * c->out + b.out;
  if (b.bias) memset(b.bias, 0, (size_t)b.outs * sizeof(float));
  int64_t end = smaller_of((part + 1) * g->boxes_per_part, g->boxes.images * g->boxes.rows * g->boxes.columns);
  for (int64_t i = part * g->boxes_per_part; i < end; i++) {
    Extent first = first_of_box(g, i), next = first_of_box(g, smaller_of(i + 1, end - 1));
    plan_ahead(&b, next, box_at(g, next));
    add_box(&b, first, box_at(g, first));
  }
  write_block(&b, g->sums + part * c->kernel_height * c->run * c->out);
}

/* Adds up the parts, first to last. */
static void add_parts_task(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const DenseGradient *g = context;
  int64_t count = g->u.c.kernel_height * g->u.c.run * g->u.c.out, chunk = round_up(divide_up(count, DENSE_TASKS), WIDTH);
  int64_t end = smaller_of((task + 1) * chunk, count);
  for (int64_t i = task * chunk; i < end; i += WIDTH) {
    Vector sum = splat(0);
    for (int64_t part = 0; part < g->parts; part++) sum += load_some(g->sums + part * count + i, end - i);
    store_some(g->dkernel + i, sum, end - i);
  }
}

static void add_bias_parts(const DenseGradient *g) {
  int64_t out = g->u.c.out;
  for (int64_t o = 0; o < out; o++) {
    float total = 0;
    for (int64_t part = 0; part < g->parts; part++) total += g->bias_sums[part * out + o];
    g->dbias[o] = total;
  }
}

/* `count` channels cut into equal blocks of up to `most`, whole columns of tiles. */
INLINE int64_t block_size(int64_t count, int64_t most) {
  int64_t blocks = divide_up(count, most);
  return smaller_of(count, round_up(divide_up(count, blocks), OUTER_VECTORS * WIDTH));
}

/* Into blocks of up to so many channels. */
static void cut_channels(DenseGradient *g, int64_t most_in, int64_t most_out) {
  const Convolution *c = &g->u.c;
  g->in_block = block_size(c->in, most_in);
  g->out_block = block_size(c->out, most_out);
  g->in_blocks = divide_up(c->in, g->in_block);
  g->out_blocks = divide_up(c->out, g->out_block);
}

static void cut_kernel(DenseGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t pairs = DENSE_BLOCK_BYTES / 4 / (c->kernel_height * c->kernel_width), side = 32;
  while (4 * side * side <= pairs) side *= 2;
  int64_t most_in = c->out < side ? pairs / c->out : side;
  cut_channels(g, most_in, larger_of(side, pairs / block_size(c->in, most_in)));
}

static void cut_convolution(DenseGradient *g) {
  const Convolution *c = &g->u.c;
  g->step_rows = smaller_of(c->stride_height, c->kernel_height);
  g->step_columns = smaller_of(c->stride_width, c->kernel_width);
  int64_t floats = g->step_rows * g->step_columns * g->in_block + g->out_block;
  int64_t pixels = larger_of(DENSE_FEWEST_PIXELS, smaller_of(DENSE_BOX_PIXELS, DENSE_BOX_BYTES / 4 / floats));
  Extent box = {.columns = divide_up(c->columns, divide_up(c->columns, pixels))};
  box.rows = larger_of(1, smaller_of(c->rows, pixels / box.columns));
  box.rows = divide_up(c->rows, divide_up(c->rows, box.rows));
  box.images = box.rows < c->rows ? 1 : larger_of(1, smaller_of(c->batch, pixels / (box.columns * box.rows)));
  g->box = box;
  g->boxes = (Extent){divide_up(c->batch, box.images), divide_up(c->rows, box.rows), divide_up(c->columns, box.columns)};
}

static void choose_places(DenseGradient *g) {
  const Convolution *c = &g->u.c;
  bool padded = c->pad_top > 0 || c->pad_left > 0 || (c->rows - 1) * c->stride_height + c->kernel_height > c->height ||
                columns_covered(c, c->columns) > c->width;
  g->x_in_place = !padded && g->in_blocks == 1 && (c->in <= CROWDED || c->in % CROWDED != 0);
  bool lined_up = g->box.columns == c->columns || g->box.rows == 1;
  bool pays = c->out <= OUTER_VECTORS * WIDTH || c->kernel_height * c->run <= DENSE_FEW_TAPS;
  g->dy_in_place = !g->u.y && lined_up && pays && g->out_blocks == 1 && c->out % WIDTH == 0;
}

/* Parts that the tasks call for, as many as are not too many bytes. */
static int64_t parts_wanted(const DenseGradient *g) {
  int64_t blocks = g->in_blocks * g->out_blocks, count = g->u.c.kernel_height * g->u.c.run * g->u.c.out;
  int64_t affordable = larger_of(divide_up(DENSE_FEWEST_TASKS, blocks), DENSE_PARTS_BYTES / 4 / count);
  return smaller_of(divide_up(DENSE_TASKS, blocks), affordable);
}

/* Memory for the sums of so many parts; false where there is none. */
static bool take_parts(DenseGradient *g, int64_t parts) {
  int64_t count = g->u.c.kernel_height * g->u.c.run * g->u.c.out;
  g->parts = parts;
  g->sums = shared_scratch(float_bytes(parts * (count + g->u.c.out)));
  if (!g->sums) return false;
  if (g->dbias) g->bias_sums = g->sums + parts * count;
  if (parts == 1) g->sums = g->dkernel;
  return true;
}

static bool finish_parts(DenseGradient *g) {
  if (g->parts > 1 && !parallel(DENSE_TASKS, 0, add_parts_task, g)) return false;
  if (g->dbias) add_bias_parts(g);
  return true;
}

/* `dbias` may be null. */
static bool run_dense_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  DenseGradient g = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias};
  const Convolution *c = &g.u.c;
  int64_t count = c->kernel_height * c->run * c->out;
  if (c->batch * c->rows * c->columns * count == 0) {
    memset(dkernel, 0, (size_t)count * sizeof(float));
    if (dbias) memset(dbias, 0, (size_t)c->out * sizeof(float));
    return true;
  }
  cut_kernel(&g);
  cut_convolution(&g);
  choose_places(&g);
  int64_t boxes = g.boxes.images * g.boxes.rows * g.boxes.columns;
  g.boxes_per_part = divide_up(boxes, smaller_of(parts_wanted(&g), boxes));
  if (!take_parts(&g, divide_up(boxes, g.boxes_per_part))) return false;
  int64_t tasks = g.parts * g.in_blocks * g.out_blocks;
  return parallel(tasks, float_bytes(block_floats(&g)), dense_task, &g) && finish_parts(&g);
}
