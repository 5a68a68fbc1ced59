/* What puts channels side by side, takes some of them out, and scales them. A task is a piece of the rows, which are pixels. */
#include "elementwise.h"

/* Rows that a task takes. */
static int64_t channel_rows(int64_t channels) { return larger_of(1, PIECE / larger_of(1, channels)); }

INLINE int64_t last_side(const Tensor *tensor) { return tensor->shape[tensor->rank - 1]; }

/* `count` floats; a call of memcpy costs more than a few of them. */
INLINE void copy_floats(float *to, const float *from, int64_t count) {
  int64_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) store(to + i, load(from + i));
  if (i < count) store_some(to + i, load_some(from + i, count - i), count - i);
}

static void concatenate_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const Tensor *y = &call->outputs[0];
  int64_t left = last_side(&call->inputs[0]), right = last_side(&call->inputs[1]), channels = left + right;
  int64_t rows = channel_rows(channels), end = smaller_of((piece + 1) * rows, y->count / larger_of(1, channels));
  const float *a = call->inputs[0].data, *b = call->inputs[1].data;
  for (int64_t row = piece * rows; row < end; row++) {
    float *to = (float *)y->data + row * channels;
    copy_floats(to, a + row * left, left);
    copy_floats(to + left, b + row * right, right);
  }
}

static void slice_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const Tensor *y = &call->outputs[0];
  int64_t channels = last_side(&call->inputs[0]), count = last_side(y), rows = channel_rows(count);
  int64_t end = smaller_of((piece + 1) * rows, y->count / larger_of(1, count));
  const float *x = (const float *)call->inputs[0].data + (int64_t)call->attributes[0];
  for (int64_t row = piece * rows; row < end; row++)
    copy_floats((float *)y->data + row * count, x + row * channels, count);
}

static void scale_channels_piece(void *context, int64_t piece, void *scratch) {
  (void)scratch;
  const Call *call = context;
  const Tensor *x = &call->inputs[0];
  int64_t channels = x->shape[3], pixels = x->shape[1] * x->shape[2], rows = channel_rows(channels);
  int64_t end = smaller_of((piece + 1) * rows, x->shape[0] * pixels);
  for (int64_t row = piece * rows; row < end; row++) {
    const float *from = (const float *)x->data + row * channels;
    const float *scale = (const float *)call->inputs[1].data + row / pixels * channels;
    float *to = (float *)call->outputs[0].data + row * channels;
    for (int64_t c = 0; c < channels; c += WIDTH) {
      int64_t lanes = channels - c;
      store_some(to + c, load_some(from + c, lanes) * load_some(scale + c, lanes), lanes);
    }
  }
}

static bool run_rows(const Call *call, Task task) {
  int64_t channels = larger_of(1, last_side(&call->outputs[0]));
  return parallel(divide_up(call->outputs[0].count / channels, channel_rows(channels)), 0, task, (void *)call);
}

static bool op_concatenate(const Call *call) { return run_rows(call, concatenate_piece); }
static bool op_sliceChannels(const Call *call) { return run_rows(call, slice_piece); }
static bool op_scaleChannels(const Call *call) { return run_rows(call, scale_channels_piece); }
