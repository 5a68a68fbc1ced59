/*
 * Batch normalisation. x is rows of channels; sums over rows are made in parts, cut by the shape, and added up in order.
 * Everything is measured from the first row, so that a mean far from 0 costs no digits.
 */
#include <math.h>

#include "elementwise.h"
#include "fovea.h"
#include "fused-activation.h"
#include "vector.h"

enum {
  NORM_PARTS = 64,           /* into which the rows are cut at most */
  NORM_ROWS = 64,            /* rows of a part at least */
  NORM_PIECE = (16 << 10) / sizeof(float), /* elements that the first cache holds while they are read twice */
  NORM_VECTORS = 4           /* of channels whose sums are in registers */
};

typedef struct {
  int64_t rows, channels, parts;
  int activation;
  const float *x, *dy;
  const float *shift;        /* subtracted from x first; [channels], as all that follow */
  const float *centre;       /* then this; may be null */
  const float *scale, *beta; /* of what is left */
  const float *slope, *flat; /* of the input gradient: dx = slope * passed - flat - tilt * normalized */
  const float *tilt;
  float *y;
  float *sums;               /* [parts][2][channels] */
  bool streamed;
} Norm;

static Norm norm_sizes(const Call *call, const Tensor *x) {
  int64_t channels = x->shape[x->rank - 1], rows = channels ? x->count / channels : 0;
  int64_t parts = larger_of(1, smaller_of(NORM_PARTS, rows / NORM_ROWS));
  return (Norm){.rows = rows, .channels = channels, .parts = parts, .x = x->data, .y = call->outputs[0].data,
                .streamed = should_stream(call->outputs[0].data, x->count, channels)};
}

INLINE int64_t first_row(const Norm *g, int64_t part) { return part * g->rows / g->parts; }

INLINE Vector centred(const Norm *g, int64_t at, int64_t c, int64_t lanes) {
  Vector d = load_some(g->x + at, lanes) - load_some(g->shift + c, lanes);
  return g->centre ? d - load_some(g->centre + c, lanes) : d;
}

/* ---- mean and variance ---- */

/* Rows [row, end) of a part, `before` of which have been summed up. */
typedef struct {
  int64_t row, end, before;
} NormPiece;

/*
 * The mean of a piece and the squares about it, joined to those of the rows before it (Chan et al. 1983), for `vectors` (a
 * constant) vectors of channels. The second time the piece is read from the cache, and what follows it is asked for.
 */
INLINE const float *piece_moments(int vectors, const Norm *g, NormPiece p, int64_t c, int64_t lanes, float *means, float *squares,
                                  const float *ahead) {
  Vector shift[NORM_VECTORS], mean[NORM_VECTORS], spread[NORM_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) {
    shift[v] = load_some(g->shift + c + v * WIDTH, lanes);
    mean[v] = spread[v] = splat(0);
  }
  const float *x = g->x + c;
  for (int64_t row = p.row; row < p.end; row++)
    UNROLL for (int v = 0; v < vectors; v++) mean[v] += load_some(x + row * g->channels + v * WIDTH, lanes) - shift[v];
  UNROLL for (int v = 0; v < vectors; v++) mean[v] *= splat(1.0f / (float)(p.end - p.row));
  for (int64_t row = p.row; row < p.end; row++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector d = load_some(x + row * g->channels + v * WIDTH, lanes) - shift[v] - mean[v];
      spread[v] = multiply_add(d, d, spread[v]);
    }
    ahead = ask_ahead(ahead, vectors);
  }
  float all = (float)(p.before + p.end - p.row), share = (float)(p.end - p.row) / all, weight = (float)p.before * share;
  UNROLL for (int v = 0; v < vectors; v++) {
    float *to_mean = means + c + v * WIDTH, *to_squares = squares + c + v * WIDTH;
    Vector old = load_some(to_mean, lanes), delta = mean[v] - old;
    store_some(to_squares, load_some(to_squares, lanes) + multiply_add(delta * delta, splat(weight), spread[v]), lanes);
    store_some(to_mean, multiply_add(delta, splat(share), old), lanes);
  }
  return ahead;
}

static int64_t norm_piece_rows(const Norm *g) { return larger_of(4, NORM_PIECE / larger_of(1, g->channels)); }

/* means [channels], from the shift on, and the squares about them, of a part. */
static void moments_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm *g = context;
  float *means = g->sums + part * 2 * g->channels, *squares = means + g->channels;
  memset(means, 0, (size_t)(2 * g->channels) * sizeof(float));
  int64_t first = first_row(g, part), end = first_row(g, part + 1), rows = norm_piece_rows(g);
  for (int64_t row = first; row < end; row += rows) {
    NormPiece p = {row, smaller_of(row + rows, end), row - first};
    const float *ahead = g->x + p.end * g->channels;
    int64_t c = 0;
    for (; c + NORM_VECTORS * WIDTH <= g->channels; c += NORM_VECTORS * WIDTH)
      ahead = piece_moments(NORM_VECTORS, g, p, c, WIDTH, means, squares, ahead);
    for (; c + WIDTH <= g->channels; c += WIDTH) ahead = piece_moments(1, g, p, c, WIDTH, means, squares, ahead);
    if (c < g->channels) piece_moments(1, g, p, c, g->channels - c, means, squares, ahead);
  }
}

/* The same of all parts, joined in order: means [channels], squares [channels]. */
static void join_moments(const Norm *g, double *means) {
  double before = 0, *squares = means + g->channels;
  memset(means, 0, (size_t)(2 * g->channels) * sizeof(double));
  for (int64_t part = 0; part < g->parts; part++) {
    double rows = (double)(first_row(g, part + 1) - first_row(g, part)), share = rows / (before + rows), weight = before * share;
    const float *own = g->sums + part * 2 * g->channels;
    for (int64_t c = 0; c < g->channels; c++) {
      double delta = (double)own[c] - means[c];
      squares[c] += (double)own[g->channels + c] + delta * delta * weight;
      means[c] += delta * share;
    }
    before += rows;
  }
}

/* The parts' two sums [channels] added up. */
static void add_parts(const Norm *g, double *totals) {
  memset(totals, 0, (size_t)(2 * g->channels) * sizeof(double));
  for (int64_t part = 0; part < g->parts; part++)
    for (int64_t i = 0; i < 2 * g->channels; i++) totals[i] += (double)g->sums[part * 2 * g->channels + i];
}

INLINE void put_norm(const Norm *g, int64_t at, Vector value, int64_t lanes) {
  if (g->streamed) stream(g->y + at, value);
  else store_some(g->y + at, value, lanes);
}

INLINE void normalize_vector(const Norm *g, int64_t at, int64_t c, int64_t lanes, int activation) {
  Vector y = multiply_add(centred(g, at, c, lanes), load_some(g->scale + c, lanes), load_some(g->beta + c, lanes));
  put_norm(g, at, activate(y, activation), lanes);
}

/* `vector` for each vector of the rows of a part, whole ones with a constant length. */
#define EACH_VECTOR(g, part, vector)                                                                                      for (int64_t row = first_row(g, part), end = first_row(g, (part) + 1); row < end; row++) {                               int64_t at = row * (g)->channels, c = 0;                                                                               for (; c + WIDTH <= (g)->channels; c += WIDTH) vector(g, at + c, c, WIDTH, activation);                                if (c < (g)->channels) vector(g, at + c, c, (g)->channels - c, activation);                                          }

INLINE void normalize_part(const Norm *g, int64_t part, int activation) { EACH_VECTOR(g, part, normalize_vector) }

static void normalize_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm g = *(const Norm *)context; /* a copy: y might be anything, the sizes for instance */
  if (g.activation == NO_ACTIVATION) normalize_part(&g, part, NO_ACTIVATION);
  else if (g.activation == RELU) normalize_part(&g, part, RELU);
  else normalize_part(&g, part, RELU6);
  if (g.streamed) finish_streams();
}

static bool op_batchNorm(const Call *call) {
  Norm g = norm_sizes(call, &call->inputs[0]);
  const float *gamma = call->inputs[1].data;
  float *mean = call->outputs[1].data, *variance = call->outputs[2].data;
  if (g.rows == 0) return true;
  double *joined = shared_scratch(float_bytes((2 * g.parts + 6) * g.channels));
  if (!joined) return false;
  float *centre = (float *)(joined + 2 * g.channels), *scale = centre + g.channels;
  g.sums = scale + g.channels;
  g.shift = g.x;
  g.beta = call->inputs[2].data;
  g.activation = (int)call->attributes[1];
  if (!parallel_apart(g.parts, 0, moments_task, &g)) return false;
  join_moments(&g, joined);
  for (int64_t c = 0; c < g.channels; c++) {
    double spread = joined[g.channels + c] / (double)g.rows;
    centre[c] = (float)joined[c];
    mean[c] = (float)((double)g.shift[c] + joined[c]);
    variance[c] = (float)spread;
    scale[c] = (float)((double)gamma[c] / sqrt(spread + call->attributes[0]));
  }
  g.centre = centre;
  g.scale = scale;
  return parallel_again(g.parts, 0, normalize_task, &g);
}

/* Inputs of both gradients: x, dy, gamma, beta, mean, variance. `inverse` [channels] becomes 1 / deviation. */
static Norm gradient_sizes(const Call *call, float *inverse, float *gamma_inverse) {
  Norm g = norm_sizes(call, &call->inputs[0]);
  const float *gamma = call->inputs[2].data, *variance = call->inputs[5].data;
  g.dy = call->inputs[1].data;
  g.beta = call->inputs[3].data;
  g.shift = call->inputs[4].data;
  g.activation = (int)call->attributes[1];
  for (int64_t c = 0; c < g.channels; c++) {
    double one = 1 / sqrt((double)variance[c] + call->attributes[0]);
    inverse[c] = (float)one;
    gamma_inverse[c] = (float)((double)gamma[c] * one);
  }
  g.scale = gamma_inverse;
  g.slope = gamma_inverse;
  return g;
}

/* dy that the activation lets through, for a vector of channels, and what it is of x - mean. */
INLINE Vector passed_gradient(const Norm *g, int64_t at, int64_t c, int64_t lanes, int activation, Vector *d) {
  *d = centred(g, at, c, lanes);
  Vector argument = multiply_add(*d, load_some(g->scale + c, lanes), load_some(g->beta + c, lanes));
  return pass_gradient(load_some(g->dy + at, lanes), argument, activation);
}

/* Adds up a piece of a part; asks for what follows it, `asked` vectors having been asked for. */
INLINE void piece_gradients(int vectors, const Norm *g, NormPiece p, int64_t c, int64_t lanes, int activation, float *gammas,
                            float *betas, int64_t asked) {
  Vector gamma_sum[NORM_VECTORS], beta_sum[NORM_VECTORS];
  const float *ahead_x = g->x + p.end * g->channels + asked * WIDTH, *ahead_dy = g->dy + p.end * g->channels + asked * WIDTH;
  UNROLL for (int v = 0; v < vectors; v++) gamma_sum[v] = beta_sum[v] = splat(0);
  for (int64_t row = p.row; row < p.end; row++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      int64_t channel = c + v * WIDTH;
      Vector d, passed = passed_gradient(g, row * g->channels + channel, channel, lanes, activation, &d);
      gamma_sum[v] = multiply_add(passed, d, gamma_sum[v]);
      beta_sum[v] += passed;
    }
    ahead_x = ask_ahead(ahead_x, vectors);
    ahead_dy = ask_ahead(ahead_dy, vectors);
  }
  UNROLL for (int v = 0; v < vectors; v++) {
    float *to_gamma = gammas + c + v * WIDTH, *to_beta = betas + c + v * WIDTH;
    store_some(to_gamma, load_some(to_gamma, lanes) + gamma_sum[v], lanes);
    store_some(to_beta, load_some(to_beta, lanes) + beta_sum[v], lanes);
  }
}

INLINE void part_gradients(const Norm *g, int64_t part, int activation) {
  float *gammas = g->sums + part * 2 * g->channels, *betas = gammas + g->channels;
  memset(gammas, 0, (size_t)(2 * g->channels) * sizeof(float));
  int64_t first = first_row(g, part), end = first_row(g, part + 1), rows = norm_piece_rows(g) / 2;
  for (int64_t row = first; row < end; row += rows) {
    NormPiece p = {row, smaller_of(row + rows, end), row - first};
    int64_t c = 0, count = p.end - p.row;
    for (; c + NORM_VECTORS * WIDTH <= g->channels; c += NORM_VECTORS * WIDTH)
      piece_gradients(NORM_VECTORS, g, p, c, WIDTH, activation, gammas, betas, c / WIDTH * count);
    for (; c + WIDTH <= g->channels; c += WIDTH)
      piece_gradients(1, g, p, c, WIDTH, activation, gammas, betas, c / WIDTH * count);
    if (c < g->channels) piece_gradients(1, g, p, c, g->channels - c, activation, gammas, betas, c / WIDTH * count);
  }
}

static void parameter_gradient_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm g = *(const Norm *)context;
  if (g.activation == NO_ACTIVATION) part_gradients(&g, part, NO_ACTIVATION);
  else if (g.activation == RELU) part_gradients(&g, part, RELU);
  else part_gradients(&g, part, RELU6);
}

static bool op_batchNormParameterGradient(const Call *call) {
  const Tensor *x = &call->inputs[0];
  Norm sizes = norm_sizes(call, x);
  double *totals = shared_scratch(float_bytes((2 * sizes.parts + 6) * sizes.channels + 1));
  if (!totals) return false;
  float *inverse = (float *)(totals + 2 * sizes.channels);
  Norm g = gradient_sizes(call, inverse, inverse + sizes.channels);
  g.sums = inverse + 2 * g.channels;
  if (!parallel_apart(g.parts, 0, parameter_gradient_task, &g)) return false;
  float *dgamma = call->outputs[0].data, *dbeta = call->outputs[1].data;
  add_parts(&g, totals);
  for (int64_t c = 0; c < g.channels; c++) {
    dgamma[c] = (float)(totals[c] * (double)inverse[c]);
    dbeta[c] = (float)totals[g.channels + c];
  }
  return true;
}

INLINE void input_gradient_vector(const Norm *g, int64_t at, int64_t c, int64_t lanes, int activation) {
  Vector d, passed = passed_gradient(g, at, c, lanes, activation, &d);
  Vector dx = load_some(g->slope + c, lanes) * passed - load_some(g->flat + c, lanes);
  put_norm(g, at, multiply_add(d, load_some(g->tilt + c, lanes), dx), lanes);
}

INLINE void input_gradient_part(const Norm *g, int64_t part, int activation) { EACH_VECTOR(g, part, input_gradient_vector) }

static void input_gradient_part_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm g = *(const Norm *)context;
  if (g.activation == NO_ACTIVATION) input_gradient_part(&g, part, NO_ACTIVATION);
  else if (g.activation == RELU) input_gradient_part(&g, part, RELU);
  else input_gradient_part(&g, part, RELU6);
  if (g.streamed) finish_streams();
}

static bool op_batchNormInputGradient(const Call *call) {
  const float *dgamma = call->inputs[6].data, *dbeta = call->inputs[7].data;
  int64_t channels = call->inputs[2].count;
  float *inverse = shared_scratch(float_bytes(4 * channels + 1));
  if (!inverse) return false;
  float *flat = inverse + 2 * channels, *tilt = inverse + 3 * channels;
  Norm g = gradient_sizes(call, inverse, inverse + channels);
  for (int64_t c = 0; c < channels; c++) {
    flat[c] = (float)((double)g.slope[c] * (double)dbeta[c] / (double)g.rows);
    tilt[c] = (float)(-(double)g.slope[c] * (double)inverse[c] * (double)dgamma[c] / (double)g.rows);
  }
  g.flat = flat;
  g.tilt = tilt;
  return parallel_again(g.parts, 0, input_gradient_part_task, &g);
}

/* ---- inference ---- */

static bool op_scaleShift(const Call *call) {
  Norm g = norm_sizes(call, &call->inputs[0]);
  float *zeros = shared_scratch(float_bytes(g.channels + 1));
  if (!zeros) return false;
  memset(zeros, 0, (size_t)g.channels * sizeof(float));
  g.shift = zeros;
  g.scale = call->inputs[1].data;
  g.beta = call->inputs[2].data;
  g.activation = (int)call->attributes[0];
  return parallel_apart(g.parts, 0, normalize_task, &g);
}

/* Once for all images: it need not be fast. */
static bool op_foldBatchNorm(const Call *call) {
  const float *kernel = call->inputs[0].data, *bias = call->inputs[1].data, *gamma = call->inputs[2].data;
  const float *beta = call->inputs[3].data, *mean = call->inputs[4].data, *variance = call->inputs[5].data;
  float *folded = call->outputs[0].data, *folded_bias = call->outputs[1].data;
  int64_t channels = call->inputs[2].count;
  float *scale = shared_scratch(float_bytes(channels + 1));
  if (!scale) return false;
  for (int64_t c = 0; c < channels; c++) {
    scale[c] = (float)((double)gamma[c] / sqrt((double)variance[c] + call->attributes[0]));
    folded_bias[c] = (bias[c] - mean[c]) * scale[c] + beta[c];
  }
  for (int64_t i = 0, c = 0; i < call->inputs[0].count; i++, c = c + 1 < channels ? c + 1 : 0) folded[i] = kernel[i] * scale[c];
  return true;
}

static void moving_average_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  float old = (float)call->attributes[0], new = (float)(1 - call->attributes[0]);
  const float *moving = call->inputs[0].data, *value = call->inputs[1].data;
  float *updated = call->outputs[0].data;
  int64_t end = smaller_of((piece + 1) * PIECE, call->outputs[0].count);
  for (int64_t i = piece * PIECE; i < end; i++) updated[i] = moving[i] * old + value[i] * new;
}

static bool op_movingAverage(const Call *call) { return run_elementwise(call, moving_average_piece); }
