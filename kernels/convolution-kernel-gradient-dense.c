/*
 * The kernel gradient of a convolution that is not pooled: nearly all of dy flows, so every product is computed.
 *
 * The kernel is cut into blocks of input x output channels whose sums stay in the second-level cache, the convolution into
 * boxes of images, rows and columns. For a box, what the block needs of x (with zeros for the padding) and of dy
 * (zero where the activation stops it) is copied side by side: the loops over its pixels meet no edge, no stride that is
 * a power of two, and no memory but the cache.
 */
#include "convolution-gradient.h"
#include "outer-products.h"

enum {
  SUMS_BYTES = 640 << 10, /* of a block of the kernel */
  BOX_BYTES = 512 << 10,  /* of a box's x and dy */
  BOX_PIXELS = 1024,
  BOX_PANEL = 192,     /* whose dy stays in the first-level cache */
  CROWDED = 64,           /* floats from pixel to pixel that lead to few sets of the first-level cache */
  DENSE_TASKS = 32,             /* wanted */
  DENSE_PARTS_BYTES = 8 << 20   /* of the sums over parts of the convolution together */
};

typedef struct {
  int64_t images, rows, columns;
} Extent;

typedef struct {
  Upstream u;
  const float *x;
  float *sums;      /* [parts][taps][out]: dkernel where there is one part */
  float *bias_sums; /* [parts][out], or null */
  int64_t in_block, out_block, in_blocks, out_blocks;
  Extent box, boxes; /* its size; how many there are each way */
  int64_t parts, boxes_per_part;
  float *dkernel, *dbias;
  int64_t step_rows, step_columns; /* of the copy of x, from window to window */
} DenseGradient;

/* What a task works on and with. */
typedef struct {
  const DenseGradient *g;
  int64_t in, ins, out, outs; /* first channels and how many */
  float *sums;                /* [vectors of out, by OUTER_VECTORS][kernel_height][kernel_width * ins][vectors * WIDTH] */
  float *bias;                /* [outs], or null */
  float *x, *dy;              /* copies: [images][rows][columns][pixel_stride], and [as sums][pixels][vectors * WIDTH] */
  int32_t *offsets;
  int64_t pixel_stride;       /* of the copy of x */
  int64_t runs, run;          /* values of a window's row side by side, and how many such runs it has */
} Block;

/* Columns (or rows) of the copy under `count` windows: those that no window covers are left out. */
INLINE int64_t copied_size(int64_t count, int64_t step, int64_t kernel) { return (count - 1) * step + kernel; }

/*
 * Pixels whose distance is a multiple of many cache lines would crowd into few sets of the first-level cache, so they are
 * moved apart; narrow ones are left side by side, where all of a window's row can be cut into tiles at once.
 */
INLINE int64_t pixel_stride_of(int64_t ins) { return ins % CROWDED ? ins : ins + 16; }

/* `count` pixels of a row of x, from `column` on; zeros outside. */
static float *copy_window_pixels(const Block *b, const float *row, int64_t column, int64_t count, float *to) {
  const Convolution *c = &b->g->u.c;
  int64_t stride = b->pixel_stride, left = row ? smaller_of(count, larger_of(0, -column)) : count;
  int64_t inside = larger_of(0, smaller_of(count - left, c->width - column - left));
  memset(to, 0, (size_t)(left * stride) * sizeof(float));
  to += left * stride;
  const float *from = row + (column + left) * c->in + b->in;
  if (stride == c->in)
    memcpy(to, from, (size_t)(inside * stride) * sizeof(float));
  else
    for (int64_t i = 0; i < inside; i++) memcpy(to + i * stride, from + i * c->in, (size_t)b->ins * sizeof(float));
  to += inside * stride;
  int64_t right = count - left - inside;
  memset(to, 0, (size_t)(right * stride) * sizeof(float));
  return to + right * stride;
}

/* A row of x under `columns` windows from `column` on. */
static float *copy_window_row(const Block *b, const float *row, int64_t column, int64_t columns, float *to) {
  const Convolution *c = &b->g->u.c;
  int64_t from = column * c->stride_width - c->pad_left;
  if (b->g->step_columns == c->stride_width) return copy_window_pixels(b, row, from, copied_size(columns, c->stride_width, c->kernel_width), to);
  for (int64_t i = 0; i < columns; i++) to = copy_window_pixels(b, row, from + i * c->stride_width, c->kernel_width, to);
  return to;
}

/* What windows of the box cover, and where in it each begins. */
static void copy_windows(const Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  int64_t rows = copied_size(box.rows, g->step_rows, c->kernel_height);
  int64_t row_stride = copied_size(box.columns, g->step_columns, c->kernel_width) * b->pixel_stride;
  float *to = b->x;
  int32_t *offset = b->offsets;
  for (int64_t image = 0; image < box.images; image++) {
    const float *pixels = g->x + (first.images + image) * c->height * c->width * c->in;
    for (int64_t r = 0; r < rows; r++) {
      int64_t window = smaller_of(r / g->step_rows, box.rows - 1);
      int64_t row = (first.rows + window) * c->stride_height - c->pad_top + r - window * g->step_rows;
      bool inside = row >= 0 && row < c->height;
      to = copy_window_row(b, inside ? pixels + row * c->width * c->in : NULL, first.columns, box.columns, to);
    }
    for (int64_t row = 0; row < box.rows; row++)
      for (int64_t column = 0; column < box.columns; column++)
        *offset++ = (int32_t)((image * rows + row * g->step_rows) * row_stride + column * g->step_columns * b->pixel_stride);
  }
}

/* The box's dy, one column of tiles behind the other; and its sum. */
static void copy_dy(const Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  float *to = b->dy;
  for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
    int64_t channels = smaller_of(OUTER_VECTORS * WIDTH, b->outs - out);
    int64_t vectors = divide_up(channels, WIDTH);
    Vector sums[OUTER_VECTORS];
    for (int64_t v = 0; v < OUTER_VECTORS; v++) sums[v] = splat(0);
    for (int64_t image = 0; image < box.images; image++)
      for (int64_t row = 0; row < box.rows; row++) {
        int64_t index = ((first.images + image) * c->rows + first.rows + row) * c->columns + first.columns;
        index = index * c->out + b->out + out;
        for (int64_t column = 0; column < box.columns; column++, index += c->out, to += vectors * WIDTH)
          for (int64_t v = 0; v < vectors; v++) {
            Vector flow = flowing(&g->u, index + v * WIDTH, channels - v * WIDTH);
            sums[v] += flow;
            store(to + v * WIDTH, flow);
          }
      }
    if (!b->bias) continue;
    for (int64_t v = 0; v < vectors; v++) {
      float *bias = b->bias + out + v * WIDTH;
      store_some(bias, load_some(bias, channels - v * WIDTH) + sums[v], channels - v * WIDTH);
    }
  }
}

/* Adds one panel to one column of tiles. */
static void add_box_panel(const Block *b, Panel panel, int64_t row_stride, int64_t vectors, float *sums) {
  const Convolution *c = &b->g->u.c;
  ProductsFunction *add = vectors == 1 ? add_narrow_tile : add_tile;
  int64_t tiles = divide_up(b->run, vectors == 1 ? OUTER_NARROW_TAPS : OUTER_TAPS);
  for (int64_t p = 0; p < c->kernel_height; p++)
    for (int64_t q = 0; q < b->runs; q++)
      for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t tap = tile * b->run / tiles, taps = (tile + 1) * b->run / tiles - tap;
        Panel shifted = panel;
        shifted.x += p * row_stride + q * b->pixel_stride + tap;
        add[taps - 1](shifted, sums + ((p * b->runs + q) * b->run + tap) * vectors * WIDTH);
      }
}

static void add_box(const Block *b, Extent first, Extent box) {
  const DenseGradient *g = b->g;
  const Convolution *c = &g->u.c;
  copy_windows(b, first, box);
  copy_dy(b, first, box);
  int64_t pixels = box.images * box.rows * box.columns;
  int64_t taps = c->kernel_height * c->kernel_width * b->ins;
  int64_t row_stride = copied_size(box.columns, g->step_columns, c->kernel_width) * b->pixel_stride;
  int64_t panels = divide_up(pixels, BOX_PANEL);
  for (int64_t out = 0; out < b->outs; out += OUTER_VECTORS * WIDTH) {
    int64_t vectors = smaller_of(OUTER_VECTORS, divide_up(b->outs - out, WIDTH));
    for (int64_t i = 0; i < panels; i++) {
      int64_t pixel = i * pixels / panels;
      Panel panel = {.x = b->x, .offsets = b->offsets + pixel, .dy = b->dy + out * pixels + pixel * vectors * WIDTH,
                     .pixels = (i + 1) * pixels / panels - pixel};
      add_box_panel(b, panel, row_stride, vectors, b->sums + out * taps);
    }
  }
}

/* Writes the block's sums where they belong among those of the whole kernel, [taps][out]. */
static void write_block(const Block *b, float *to) {
  const Convolution *c = &b->g->u.c;
  int64_t places = c->kernel_height * c->kernel_width, taps = places * b->ins;
  for (int64_t out = 0; out < b->outs; out += WIDTH) {
    int64_t first = out / (OUTER_VECTORS * WIDTH) * OUTER_VECTORS * WIDTH;
    int64_t vectors = smaller_of(OUTER_VECTORS, divide_up(b->outs - first, WIDTH));
    const float *from = b->sums + first * taps + (out - first);
    for (int64_t place = 0; place < places; place++)
      for (int64_t i = 0; i < b->ins; i++, from += vectors * WIDTH)
        store_some(to + (place * c->in + b->in + i) * c->out + b->out + out, load(from), b->outs - out);
  }
}

static void dense_task(void *context, int64_t task, void *scratch) {
  const DenseGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t blocks = g->in_blocks * g->out_blocks, part = task / blocks, block = task % blocks;
  Block b = {.g = g, .in = block / g->out_blocks * g->in_block, .out = block % g->out_blocks * g->out_block};
  b.ins = smaller_of(g->in_block, c->in - b.in);
  b.outs = smaller_of(g->out_block, c->out - b.out);
  int64_t taps = c->kernel_height * c->kernel_width * b.ins, lanes = round_up(b.outs, WIDTH);
  int64_t pixels = g->box.images * g->box.rows * g->box.columns;
  b.pixel_stride = pixel_stride_of(b.ins);
  b.runs = b.pixel_stride == b.ins ? 1 : c->kernel_width;
  b.run = c->kernel_width / b.runs * b.ins;
  b.sums = scratch;
  b.dy = b.sums + taps * lanes;
  b.x = b.dy + pixels * lanes;
  int64_t x_rows = g->box.images * copied_size(g->box.rows, g->step_rows, c->kernel_height);
  b.offsets = (int32_t *)(b.x + x_rows * copied_size(g->box.columns, g->step_columns, c->kernel_width) * b.pixel_stride);
  if (g->bias_sums && b.in == 0) b.bias = g->bias_sums + part * c->out + b.out;
  memset(b.sums, 0, (size_t)(taps * lanes) * sizeof(float));
  if (b.bias) memset(b.bias, 0, (size_t)b.outs * sizeof(float));
  int64_t count = g->boxes.images * g->boxes.rows * g->boxes.columns;
  int64_t end = smaller_of((part + 1) * g->boxes_per_part, count);
  for (int64_t i = part * g->boxes_per_part; i < end; i++) {
    Extent first = {i / (g->boxes.rows * g->boxes.columns) * g->box.images,
                    i / g->boxes.columns % g->boxes.rows * g->box.rows, i % g->boxes.columns * g->box.columns};
    Extent box = {smaller_of(g->box.images, c->batch - first.images), smaller_of(g->box.rows, c->rows - first.rows),
                  smaller_of(g->box.columns, c->columns - first.columns)};
    add_box(&b, first, box);
  }
  write_block(&b, g->sums + part * c->kernel_height * c->run * c->out);
}

/* Adds up the parts, first to last. */
static void add_parts_task(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const DenseGradient *g = context;
  const Convolution *c = &g->u.c;
  int64_t count = c->kernel_height * c->run * c->out, chunk = round_up(divide_up(count, DENSE_TASKS), WIDTH);
  int64_t end = smaller_of((task + 1) * chunk, count);
  for (int64_t i = task * chunk; i < end; i += WIDTH) {
    Vector sum = splat(0);
    for (int64_t part = 0; part < g->parts; part++) sum += load_some(g->sums + part * count + i, end - i);
    store_some(g->dkernel + i, sum, end - i);
  }
}

static void cut_box(DenseGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t x_floats = g->step_rows * g->step_columns * g->in_block;
  int64_t pixels = smaller_of(BOX_PIXELS, BOX_BYTES / 4 / (x_floats + g->out_block));
  pixels = larger_of(pixels, 1);
  g->box.columns = divide_up(c->columns, divide_up(c->columns, pixels));
  g->box.rows = larger_of(1, smaller_of(c->rows, pixels / g->box.columns));
  g->box.rows = divide_up(c->rows, divide_up(c->rows, g->box.rows));
  g->box.images = larger_of(1, smaller_of(c->batch, pixels / (g->box.columns * g->box.rows)));
  if (g->box.rows < c->rows) g->box.images = 1;
  g->boxes = (Extent){divide_up(c->batch, g->box.images), divide_up(c->rows, g->box.rows),
                      divide_up(c->columns, g->box.columns)};
}

static void cut_kernel(DenseGradient *g) {
  const Convolution *c = &g->u.c;
  int64_t channels = SUMS_BYTES / 4 / (c->kernel_height * c->kernel_width);
  int64_t side = 32;
  while (4 * side * side <= channels) side *= 2;
  g->in_block = smaller_of(c->in, c->out < side ? channels / c->out : side);
  g->out_block = smaller_of(c->out, larger_of(side, channels / g->in_block / 32 * 32));
  g->in_blocks = divide_up(c->in, g->in_block);
  g->out_blocks = divide_up(c->out, g->out_block);
}

/* `dbias` may be null. */
static bool run_dense_kernel_gradient(const Upstream *upstream, const float *x, float *dkernel, float *dbias) {
  DenseGradient g = {.u = *upstream, .x = x, .dkernel = dkernel, .dbias = dbias};
  Convolution *c = &g.u.c;
  finish_convolution(c);
  int64_t count = c->kernel_height * c->run * c->out;
  if (c->batch * c->rows * c->columns == 0 || count == 0) {
    memset(dkernel, 0, (size_t)count * sizeof(float));
    if (dbias) memset(dbias, 0, (size_t)c->out * sizeof(float));
    return true;
  }
  g.step_rows = smaller_of(c->stride_height, c->kernel_height);
  g.step_columns = smaller_of(c->stride_width, c->kernel_width);
  cut_kernel(&g);
  cut_box(&g);
  int64_t boxes = g.boxes.images * g.boxes.rows * g.boxes.columns, blocks = g.in_blocks * g.out_blocks;
  int64_t parts = smaller_of(divide_up(DENSE_TASKS, blocks), larger_of(1, DENSE_PARTS_BYTES / 4 / count));
  g.boxes_per_part = divide_up(boxes, smaller_of(parts, boxes));
  g.parts = divide_up(boxes, g.boxes_per_part);
  g.sums = shared_scratch((size_t)(g.parts * (count + c->out)) * sizeof(float));
  if (!g.sums) return false;
  if (dbias) g.bias_sums = g.sums + g.parts * count;
  if (g.parts == 1) g.sums = dkernel;
  int64_t pixels = g.box.images * g.box.rows * g.box.columns, lanes = round_up(g.out_block, WIDTH);
  int64_t floats = c->kernel_height * c->kernel_width * g.in_block * lanes + pixels * (lanes + 1) +
                   g.box.images * copied_size(g.box.rows, g.step_rows, c->kernel_height) *
                       copied_size(g.box.columns, g.step_columns, c->kernel_width) * pixel_stride_of(g.in_block);
  if (!parallel(g.parts * blocks, (size_t)floats * sizeof(float), dense_task, &g)) return false;
  if (g.parts > 1 && !parallel(DENSE_TASKS, 64, add_parts_task, &g)) return false;
  for (int64_t o = 0; dbias && o < c->out; o++) {
    float total = 0;
    for (int64_t part = 0; part < g.parts; part++) total += g.bias_sums[part * c->out + o];
    dbias[o] = total;
  }
  return true;
}
