/*
 * A convolution or a transposed one, cut into tasks. A transposed convolution of stride s is s x s convolutions of stride one,
 * its phases: each makes every s-th row and column of y, with the part of the kernel that reaches them.
 */
#pragma once

#include "convolution-rows.h"

enum {
  BAND_ROWS = 64,             /* rows of a task at most, */
  BAND_X_BYTES = 512 << 10,     /* and of x under them: they stay in the second cache while panel after panel comes by */
  LARGE_BAND_X_BYTES = 1 << 20, /* where panels come from the third cache each time: fewer, longer bands */
  LARGE_PANELS = 4 << 20,
  PANEL_PIXELS = 224,         /* pixels that a panel should serve before the next one, where not all panels stay in that cache */
  CACHED_PANELS = 1 << 20,    /* bytes of panels that do */
  TASKS = 64,                /* tasks wanted, as long as each has */
  TASK_WORK = 4 * 1000 * 1000, /* multiply-adds */
  GROUP_WORK = 1000 * 1000,    /* and in cutting by panels, where rows are few */
  PACK_WORK = 64 << 10,        /* floats of packed kernel that a task writes */
  CACHE_LINE = 64
};

/* One convolution of stride one or, as the only phase, of any stride. Rows and columns count from the band's first ones. */
typedef struct {
  Kernels kernels;
  int64_t window;            /* floats from the band's window to the phase's */
  int64_t first, end;        /* rows of the convolution, in an image, that it makes */
  int64_t y_row, row_step;   /* row of y that the first row makes, and from one to the next */
  int64_t y_column, columns; /* first column of y, and how many */
} Phase;

typedef struct {
  Images images;
  int64_t batch;
  float *y; /* [batch][y_height][y_width][out] */
  int64_t y_height, y_width;
  Phase *phases;
  int64_t phase_count;
} Direct;

/* How the work is cut: rows of all images, and panels. */
typedef struct {
  int64_t rows, band_rows, bands;
  int64_t panels, group_panels, groups;
} Cut;

/* So many bands or a few more: of few, the last ones would leave some of 2 or 4 threads without work. */
INLINE int64_t even_share(int64_t bands) { return bands < TASKS / 2 ? round_up(bands, bands > 4 ? 8 : bands > 1 ? 2 : 1) : bands; }

/* `work`: multiply-adds of a row. A band is a multiple of `unit` rows. */
static Cut cut_rows(const Images *images, const Kernels *k, int64_t batch, int64_t columns, int64_t work, int64_t unit) {
  int64_t rows = batch * images->rows, bytes = images->stride_height * images->row * (int64_t)sizeof(float);
  int64_t least = larger_of(rows / TASKS, divide_up(TASK_WORK, larger_of(work, 1)));
  if (packed_size(k) * (int64_t)sizeof(float) > CACHED_PANELS) least = larger_of(least, divide_up(PANEL_PIXELS, columns));
  int64_t held = packed_size(k) * (int64_t)sizeof(float) > LARGE_PANELS ? LARGE_BAND_X_BYTES : BAND_X_BYTES;
  int64_t most = smaller_of(BAND_ROWS, larger_of(unit, held / larger_of(bytes, 1)));
  int64_t band = larger_of(unit, round_up(smaller_of(least, most), unit));
  band = round_up(divide_up(rows, even_share(divide_up(rows, band))), unit);
  Cut cut = {.rows = rows, .band_rows = band, .bands = divide_up(rows, band), .panels = panel_count(k)};
  int64_t groups = smaller_of(divide_up(TASKS, 2 * cut.bands), band * work / GROUP_WORK);
  if (2 * cut.bands >= TASKS) groups = 1;
  cut.group_panels = divide_up(cut.panels, larger_of(1, smaller_of(groups, cut.panels)));
  cut.groups = divide_up(cut.panels, cut.group_panels);
  return cut;
}

typedef struct {
  const Direct *d;
  Cut cut;
} DirectTasks;

/* The rows of a band that a phase has in y. */
static void convolve_phase(const Direct *d, const Phase *phase, const float *const *windows, int64_t first, int64_t count,
                           int64_t first_panel, int64_t end_panel) {
  const float *x[BAND_ROWS];
  float *y[BAND_ROWS];
  int64_t rows = 0, out = phase->kernels.out;
  for (int64_t i = 0; i < count; i++) {
    int64_t image = (first + i) / d->images.rows, made = (first + i) % d->images.rows;
    int64_t row = phase->y_row + made * phase->row_step;
    if (made < phase->first || made >= phase->end || row < 0 || row >= d->y_height) continue;
    x[rows] = windows[i] + phase->window;
    y[rows++] = d->y + ((image * d->y_height + row) * d->y_width + phase->y_column) * out;
  }
  convolve_rows(&phase->kernels, first_panel, end_panel, x, y, rows, phase->columns);
}

static void direct_task(void *context, int64_t index, void *scratch) {
  const DirectTasks *tasks = context;
  const Direct *d = tasks->d;
  const Cut *cut = &tasks->cut;
  int64_t first = index / cut->groups * cut->band_rows, count = smaller_of(cut->band_rows, cut->rows - first);
  int64_t panel = index % cut->groups * cut->group_panels, end = smaller_of(panel + cut->group_panels, cut->panels);
  const float *windows[BAND_ROWS];
  find_windows(&d->images, first, count, scratch, windows);
  for (int64_t i = 0; i < d->phase_count; i++) convolve_phase(d, &d->phases[i], windows, first, count, panel, end);
  finish_streams();
}

/* Whether y is streamed; the pixels of a tile have to be whole lines of the cache. */
static bool streams(const Direct *d, const Kernels *k) {
  int64_t panel = k->vectors * WIDTH;
  return panel * (int64_t)sizeof(float) >= CACHE_LINE && k->out % panel == 0 &&
         should_stream(d->y, d->batch * d->y_height * d->y_width * k->out, k->out);
}

static bool run_direct(const Direct *d) {
  int64_t work = 0, columns = 1;
  for (int64_t i = 0; i < d->phase_count; i++) {
    Phase *phase = &d->phases[i];
    phase->kernels.windows.streamed = streams(d, &phase->kernels);
    work += phase->columns * phase->kernels.taps * phase->kernels.out * (phase->end - phase->first) / larger_of(1, d->images.rows);
    columns = larger_of(columns, phase->columns);
  }
  DirectTasks tasks = {d, cut_rows(&d->images, &d->phases[0].kernels, d->batch, columns, work, STRANDS)};
  size_t bytes = float_bytes(scratch_size(&d->images, tasks.cut.band_rows));
  return parallel(tasks.cut.bands * tasks.cut.groups, bytes, direct_task, &tasks);
}
