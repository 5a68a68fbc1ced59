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
  NORM_PARTS = 64, /* into which the rows are cut at most */
  NORM_ROWS = 64   /* rows of a part at least, and those whose sum is made in one go: short sums keep their digits */
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
  float *sums;               /* [parts][channels], or two of them */
} Norm;

static Norm norm_sizes(const Call *call, const Tensor *x) {
  int64_t channels = x->shape[x->rank - 1], rows = channels ? x->count / channels : 0;
  int64_t parts = larger_of(1, smaller_of(NORM_PARTS, rows / NORM_ROWS));
  return (Norm){.rows = rows, .channels = channels, .parts = parts, .x = x->data, .y = call->outputs[0].data};
}

INLINE int64_t first_row(const Norm *g, int64_t part) { return part * g->rows / g->parts; }

INLINE Vector centred(const Norm *g, int64_t at, int64_t c, int64_t lanes) {
  Vector d = load_some(g->x + at, lanes) - load_some(g->shift + c, lanes);
  return g->centre ? d - load_some(g->centre + c, lanes) : d;
}

/* The sum of what is centred, or of its squares. */
INLINE void sum_part(const Norm *g, int64_t part, bool squares) {
  float *sums = g->sums + part * g->channels;
  for (int64_t c = 0; c < g->channels; c += WIDTH) {
    int64_t lanes = g->channels - c;
    Vector total = splat(0);
    for (int64_t row = first_row(g, part), end = first_row(g, part + 1); row < end;) {
      Vector sum = splat(0);
      for (int64_t stop = smaller_of(row + NORM_ROWS, end); row < stop; row++) {
        Vector d = centred(g, row * g->channels + c, c, lanes);
        sum = squares ? multiply_add(d, d, sum) : sum + d;
      }
      total += sum;
    }
    store_some(sums + c, total, lanes);
  }
}

static void sum_values_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  sum_part(context, part, false);
}

static void sum_squares_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  sum_part(context, part, true);
}

/* The parts' sums, `stride` apart, added up for one channel. */
static double add_parts(const Norm *g, int64_t c, int64_t stride) {
  double sum = 0;
  for (int64_t part = 0; part < g->parts; part++) sum += (double)g->sums[part * stride + c];
  return sum;
}

static void normalize_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm *g = context;
  for (int64_t row = first_row(g, part); row < first_row(g, part + 1); row++)
    for (int64_t c = 0; c < g->channels; c += WIDTH) {
      int64_t lanes = g->channels - c, at = row * g->channels + c;
      Vector y = multiply_add(centred(g, at, c, lanes), load_some(g->scale + c, lanes), load_some(g->beta + c, lanes));
      store_some(g->y + at, activate(y, g->activation), lanes);
    }
}

static bool op_batchNorm(const Call *call) {
  Norm g = norm_sizes(call, &call->inputs[0]);
  const float *gamma = call->inputs[1].data;
  float *mean = call->outputs[1].data, *variance = call->outputs[2].data;
  if (g.rows == 0) return true;
  float *centre = shared_scratch((size_t)((g.parts + 2) * g.channels) * sizeof(float));
  if (!centre) return false;
  float *scale = centre + g.channels;
  g.sums = scale + g.channels;
  g.shift = g.x;
  g.beta = call->inputs[2].data;
  g.activation = (int)call->attributes[1];
  if (!parallel(g.parts, 0, sum_values_task, &g)) return false;
  for (int64_t c = 0; c < g.channels; c++) {
    centre[c] = (float)(add_parts(&g, c, g.channels) / (double)g.rows);
    mean[c] = g.shift[c] + centre[c];
  }
  g.centre = centre;
  if (!parallel(g.parts, 0, sum_squares_task, &g)) return false;
  for (int64_t c = 0; c < g.channels; c++) {
    double spread = add_parts(&g, c, g.channels) / (double)g.rows;
    variance[c] = (float)spread;
    scale[c] = (float)((double)gamma[c] / sqrt(spread + call->attributes[0]));
  }
  g.scale = scale;
  return parallel(g.parts, 0, normalize_task, &g);
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
INLINE Vector passed_gradient(const Norm *g, int64_t at, int64_t c, int64_t lanes, Vector *d) {
  *d = centred(g, at, c, lanes);
  Vector argument = multiply_add(*d, load_some(g->scale + c, lanes), load_some(g->beta + c, lanes));
  return pass_gradient(load_some(g->dy + at, lanes), argument, g->activation);
}

static void parameter_gradient_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm *g = context;
  float *gammas = g->sums + part * 2 * g->channels, *betas = gammas + g->channels;
  for (int64_t c = 0; c < g->channels; c += WIDTH) {
    int64_t lanes = g->channels - c;
    Vector gamma_total = splat(0), beta_total = splat(0);
    for (int64_t row = first_row(g, part), end = first_row(g, part + 1); row < end;) {
      Vector gamma_sum = splat(0), beta_sum = splat(0);
      for (int64_t stop = smaller_of(row + NORM_ROWS, end); row < stop; row++) {
        Vector d, passed = passed_gradient(g, row * g->channels + c, c, lanes, &d);
        gamma_sum = multiply_add(passed, d, gamma_sum);
        beta_sum += passed;
      }
      gamma_total += gamma_sum;
      beta_total += beta_sum;
    }
    store_some(gammas + c, gamma_total, lanes);
    store_some(betas + c, beta_total, lanes);
  }
}

static bool op_batchNormParameterGradient(const Call *call) {
  const Tensor *x = &call->inputs[0];
  Norm sizes = norm_sizes(call, x);
  float *inverse = shared_scratch((size_t)((2 * sizes.parts + 2) * sizes.channels + 1) * sizeof(float));
  if (!inverse) return false;
  Norm g = gradient_sizes(call, inverse, inverse + sizes.channels);
  g.sums = inverse + 2 * g.channels;
  if (!parallel(g.parts, 0, parameter_gradient_task, &g)) return false;
  float *dgamma = call->outputs[0].data, *dbeta = call->outputs[1].data;
  for (int64_t c = 0; c < g.channels; c++) {
    dgamma[c] = (float)(add_parts(&g, c, 2 * g.channels) * (double)inverse[c]);
    dbeta[c] = (float)add_parts(&g, c + g.channels, 2 * g.channels);
  }
  return true;
}

static void input_gradient_part_task(void *context, int64_t part, void *scratch) {
  (void)scratch;
  const Norm *g = context;
  for (int64_t row = first_row(g, part); row < first_row(g, part + 1); row++)
    for (int64_t c = 0; c < g->channels; c += WIDTH) {
      int64_t lanes = g->channels - c, at = row * g->channels + c;
      Vector d, passed = passed_gradient(g, at, c, lanes, &d);
      Vector dx = load_some(g->slope + c, lanes) * passed - load_some(g->flat + c, lanes);
      store_some(g->y + at, multiply_add(d, load_some(g->tilt + c, lanes), dx), lanes);
    }
}

static bool op_batchNormInputGradient(const Call *call) {
  const float *dgamma = call->inputs[6].data, *dbeta = call->inputs[7].data;
  int64_t channels = call->inputs[2].count;
  float *inverse = shared_scratch((size_t)(4 * channels + 1) * sizeof(float));
  if (!inverse) return false;
  float *flat = inverse + 2 * channels, *tilt = inverse + 3 * channels;
  Norm g = gradient_sizes(call, inverse, inverse + channels);
  for (int64_t c = 0; c < channels; c++) {
    flat[c] = (float)((double)g.slope[c] * (double)dbeta[c] / (double)g.rows);
    tilt[c] = (float)(-(double)g.slope[c] * (double)inverse[c] * (double)dgamma[c] / (double)g.rows);
  }
  g.flat = flat;
  g.tilt = tilt;
  return parallel(g.parts, 0, input_gradient_part_task, &g);
}

/* ---- inference ---- */

static bool op_scaleShift(const Call *call) {
  Norm g = norm_sizes(call, &call->inputs[0]);
  float *zeros = shared_scratch((size_t)(g.channels + 1) * sizeof(float));
  if (!zeros) return false;
  memset(zeros, 0, (size_t)g.channels * sizeof(float));
  g.shift = zeros;
  g.scale = call->inputs[1].data;
  g.beta = call->inputs[2].data;
  g.activation = (int)call->attributes[0];
  return parallel(g.parts, 0, normalize_task, &g);
}

/* Once for all images: it need not be fast. */
static bool op_foldBatchNorm(const Call *call) {
  const float *kernel = call->inputs[0].data, *bias = call->inputs[1].data, *gamma = call->inputs[2].data;
  const float *beta = call->inputs[3].data, *mean = call->inputs[4].data, *variance = call->inputs[5].data;
  float *folded = call->outputs[0].data, *folded_bias = call->outputs[1].data;
  int64_t channels = call->inputs[2].count;
  float *scale = shared_scratch((size_t)(channels + 1) * sizeof(float));
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
