/* Losses and their gradients: a handful of numbers a batch, so plain loops in double. Formulas in src/core/operations/losses.ts. */
#include <math.h>

#include "fovea.h"

/* Keras's epsilon as float32: probabilities are kept this far from 0 and 1. */
static const float LOWEST = 1e-7f, HIGHEST = 1 - 1e-7f;

static double clip(double p) { return p < LOWEST ? LOWEST : p > HIGHEST ? HIGHEST : p; }

static bool clipped(double p) { return p < LOWEST || p > HIGHEST; }

static bool op_sigmoidCrossEntropy(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  int64_t count = call->inputs[0].count;
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    double z = x[i];
    sum += (z > 0 ? z : 0) - z * labels[i] + log1p(exp(-fabs(z)));
  }
  *(float *)call->outputs[0].data = (float)(sum / (double)count);
  return true;
}

static bool op_sigmoidCrossEntropyGradient(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  float *dx = call->outputs[0].data;
  int64_t count = call->inputs[0].count;
  for (int64_t i = 0; i < count; i++) dx[i] = (float)((1 / (1 + exp(-(double)x[i])) - labels[i]) / (double)count);
  return true;
}

static bool op_binaryCrossEntropy(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  int64_t count = call->inputs[0].count;
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    double p = clip(x[i]);
    sum -= labels[i] * log(p) + (1 - (double)labels[i]) * log(1 - p);
  }
  *(float *)call->outputs[0].data = (float)(sum / (double)count);
  return true;
}

static bool op_binaryCrossEntropyGradient(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  float *dx = call->outputs[0].data;
  int64_t count = call->inputs[0].count;
  for (int64_t i = 0; i < count; i++) {
    double p = x[i], label = labels[i];
    dx[i] = clipped(p) ? 0 : (float)(((1 - label) / (1 - p) - label / p) / (double)count);
  }
  return true;
}

/* The log of the sum of e^x. */
static double log_sum(const float *x, int64_t classes) {
  double highest = x[0], sum = 0;
  for (int64_t i = 1; i < classes; i++) highest = x[i] > highest ? x[i] : highest;
  for (int64_t i = 0; i < classes; i++) sum += exp(x[i] - highest);
  return highest + log(sum);
}

static double total_of(const float *values, int64_t count) {
  double total = 0;
  for (int64_t i = 0; i < count; i++) total += values[i];
  return total;
}

static bool op_softmaxCrossEntropy(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  int64_t rows = call->inputs[0].shape[0], classes = rows ? call->inputs[0].count / rows : 0;
  double sum = 0;
  for (int64_t row = 0; row < rows; row++, x += classes, labels += classes) {
    double whole = log_sum(x, classes);
    for (int64_t i = 0; i < classes; i++)
      if (labels[i] != 0) sum += labels[i] * (whole - x[i]);
  }
  *(float *)call->outputs[0].data = (float)(sum / (double)rows);
  return true;
}

static bool op_softmaxCrossEntropyGradient(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  float *dx = call->outputs[0].data;
  int64_t rows = call->inputs[0].shape[0], classes = rows ? call->inputs[0].count / rows : 0;
  for (int64_t row = 0; row < rows; row++, x += classes, labels += classes, dx += classes) {
    double whole = log_sum(x, classes), total = total_of(labels, classes);
    for (int64_t i = 0; i < classes; i++) dx[i] = (float)((exp(x[i] - whole) * total - labels[i]) / (double)rows);
  }
  return true;
}

static bool op_categoricalCrossEntropy(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  int64_t rows = call->inputs[0].shape[0], classes = rows ? call->inputs[0].count / rows : 0;
  double sum = 0;
  for (int64_t row = 0; row < rows; row++, x += classes, labels += classes) {
    double total = total_of(x, classes);
    for (int64_t i = 0; i < classes; i++) sum -= labels[i] * log(clip(x[i] / total));
  }
  *(float *)call->outputs[0].data = (float)(sum / (double)rows);
  return true;
}

/* With p = x / total: a label whose p is clipped gives no gradient; the others pull on x and, through the total, on all. */
static bool op_categoricalCrossEntropyGradient(const Call *call) {
  const float *x = call->inputs[0].data, *labels = call->inputs[1].data;
  float *dx = call->outputs[0].data;
  int64_t rows = call->inputs[0].shape[0], classes = rows ? call->inputs[0].count / rows : 0;
  for (int64_t row = 0; row < rows; row++, x += classes, labels += classes, dx += classes) {
    double total = total_of(x, classes), live = 0;
    for (int64_t i = 0; i < classes; i++) live += clipped(x[i] / total) ? 0 : labels[i];
    for (int64_t i = 0; i < classes; i++) {
      double pull = labels[i] == 0 || clipped(x[i] / total) ? 0 : labels[i] / (double)x[i];
      dx[i] = (float)((live / total - pull) / (double)rows);
    }
  }
  return true;
}
