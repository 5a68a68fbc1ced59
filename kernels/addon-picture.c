/* What the addon does with pictures. Used by src/platform/node/prepare.ts and jpeg.ts only. */
#define NAPI_VERSION 8
#include "addon-picture.h"

#include <stdlib.h>
#include <string.h>

#include "jpeg.h"
#include "prepare.h"

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static bool take_array(napi_env env, napi_value value, napi_typedarray_type expected, void *data, size_t *length) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, length, (void **)data, NULL, NULL) == napi_ok && type == expected;
}

static bool is_given(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type != napi_undefined;
}

/* ---- what is to be made of a picture ---- */

enum { TARGET, SIZES, SCALE, OFFSET, ROWS, COLUMNS = ROWS + 2, PREPARATION = COLUMNS + 2, PREPARE_SIZES = 13 };

static bool is_within(Box box, int64_t height, int64_t width) {
  return box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 && box.top + box.height <= height &&
         box.left + box.width <= width;
}

/* Ranges inside the input, and weights for each. */
static bool take_spans(napi_env env, const napi_value *a, int64_t outputs, int64_t inputs, Spans *spans) {
  size_t ranges, weights;
  if (!take_array(env, a[0], napi_int32_array, &spans->ranges, &ranges) ||
      !take_array(env, a[1], napi_float32_array, &spans->weights, &weights) || ranges != (size_t)outputs * 2 ||
      weights % (size_t)outputs)
    return false;
  spans->taps = (int64_t)weights / outputs;
  for (int64_t i = 0; i < outputs; i++) {
    int64_t start = spans->ranges[i * 2], count = spans->ranges[i * 2 + 1];
    if (start < 0 || count < 0 || count > spans->taps || start + count > inputs) return false;
  }
  return true;
}

/* target, sizes, scale, offset, rowRanges, rowWeights, columnRanges, columnWeights */
static bool take_preparation(napi_env env, const napi_value *a, Preparation *p) {
  const int32_t *s;
  double scale, offset;
  size_t values, sizes;
  if (!take_array(env, a[TARGET], napi_float32_array, &p->target, &values) ||
      !take_array(env, a[SIZES], napi_int32_array, &s, &sizes) || sizes != PREPARE_SIZES ||
      napi_get_value_double(env, a[SCALE], &scale) != napi_ok || napi_get_value_double(env, a[OFFSET], &offset) != napi_ok)
    return false;
  p->scale = (float)scale, p->offset = (float)offset;
  p->height = s[0], p->width = s[1], p->channels = s[2], p->target_height = s[3], p->target_width = s[4];
  p->from = (Box){s[5], s[6], s[7], s[8]}, p->to = (Box){s[9], s[10], s[11], s[12]};
  p->weighted = is_given(env, a[ROWS]);
  return (p->channels == 1 || p->channels == 3) && is_within(p->from, p->height, p->width) &&
         is_within(p->to, p->target_height, p->target_width) &&
         values / (size_t)(p->target_width * p->channels) >= (size_t)p->target_height &&
         (!p->weighted || (take_spans(env, a + ROWS, p->to.height, p->from.height, &p->rows) &&
                           take_spans(env, a + COLUMNS, p->to.width, p->from.width, &p->columns)));
}

napi_value prepare(napi_env env, napi_callback_info info) {
  size_t count = 1 + PREPARATION, bytes;
  napi_value a[1 + PREPARATION], result;
  Preparation p;
  const uint8_t *pixels;
  if (napi_get_cb_info(env, info, &count, a, NULL, NULL) != napi_ok) return NULL;
  bool sound = take_array(env, a[0], napi_uint8_array, &pixels, &bytes) && take_preparation(env, a + 1, &p) &&
               bytes / (size_t)(p.width * p.channels) >= (size_t)p.height;
  if (!sound) return fail(env, "Expected pixels, a target and weights as long as their sizes say");
  DecodedPicture picture = decoded_picture(pixels, p.height, p.width, p.channels);
  p.picture = &picture.rows;
  return napi_get_boolean(env, prepare_picture(&p), &result) == napi_ok ? result : NULL;
}

/* ---- JPEG ---- */

napi_value use_libvips(napi_env env, napi_callback_info info) {
  size_t count = 1, length;
  napi_value argument, result;
  char path[4096];
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  bool whole = napi_get_value_string_utf8(env, argument, path, sizeof(path), &length) == napi_ok && length < sizeof(path) - 1;
  return napi_get_boolean(env, whole && open_libvips(path), &result) == napi_ok ? result : NULL;
}

static bool take_file(napi_env env, const napi_value *a, const uint8_t **bytes, size_t *length, int32_t *shrink) {
  return libvips() && take_array(env, a[0], napi_uint8_array, bytes, length) &&
         napi_get_value_int32(env, a[1], shrink) == napi_ok &&
         (*shrink == 1 || *shrink == 2 || *shrink == 4 || *shrink == 8);
}

napi_value head_of_jpeg(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value a[2], buffer, result;
  const uint8_t *bytes;
  int32_t shrink;
  JpegHead head;
  void *data;
  if (napi_get_cb_info(env, info, &count, a, NULL, NULL) != napi_ok) return NULL;
  if (!take_file(env, a, &bytes, &length, &shrink)) return fail(env, "Expected a file's bytes and 1, 2, 4 or 8");
  if (!read_jpeg_head(libvips(), bytes, length, shrink, &head)) return NULL;
  if (napi_create_arraybuffer(env, sizeof(head), &data, &buffer) != napi_ok) return NULL;
  memcpy(data, &head, sizeof(head));
  return napi_create_typedarray(env, napi_int32_array, JPEG_FACTS, buffer, 0, &result) == napi_ok ? result : NULL;
}

enum { BYTES, SHRINK, GREY, TAKEN, TAKE_ARGUMENTS = TAKEN + PREPARATION };

typedef struct {
  const uint8_t *bytes;
  size_t length;
  int32_t shrink;
  uint8_t *pixels, *grey; /* null where they are not asked for */
  Preparation preparation;  /* without `pixels`; its size and channels always */
  bool done;
  napi_async_work work;
  napi_deferred deferred;
  napi_ref kept; /* the arrays: they may not be collected meanwhile */
} Taking;

static bool copy_rows(JpegRows *jpeg, uint8_t *pixels) {
  size_t row_bytes = (size_t)(jpeg->width * jpeg->channels);
  for (int64_t y = 0; y < jpeg->height; y++) {
    const uint8_t *row = jpeg->rows.row(&jpeg->rows, y, y);
    if (!row) return false;
    memcpy(pixels + (size_t)y * row_bytes, row, row_bytes);
  }
  return true;
}

static bool take_rows(Taking *taking, JpegRows *jpeg) {
  Preparation *p = &taking->preparation;
  if (jpeg->height != p->height || jpeg->width != p->width) return false;
  if (taking->grey && !(jpeg->fingerprint = begin_fingerprint(jpeg->height, jpeg->width, jpeg->bands))) return false;
  p->picture = &jpeg->rows;
  bool done = (taking->pixels ? copy_rows(jpeg, taking->pixels) : prepare_picture(p)) && finish_jpeg(jpeg);
  if (jpeg->fingerprint) end_fingerprint(jpeg->fingerprint, taking->grey);
  return done;
}

/* On a thread of Node's pool. */
static void execute(napi_env env, void *data) {
  (void)env;
  Taking *taking = data;
  JpegRows jpeg;
  taking->done = open_jpeg(libvips(), taking->bytes, taking->length, taking->shrink, taking->preparation.channels, &jpeg) &&
                 take_rows(taking, &jpeg);
  close_jpeg(&jpeg);
  libvips()->end_thread(); /* what it keeps for this thread */
}

static void complete(napi_env env, napi_status status, void *data) {
  Taking *taking = data;
  napi_value value;
  if (status == napi_ok && napi_get_boolean(env, taking->done, &value) == napi_ok)
    napi_resolve_deferred(env, taking->deferred, value);
  napi_delete_reference(env, taking->kept);
  napi_delete_async_work(env, taking->work);
  free(taking);
}

/* Into the picture's own bytes: `sizes` are height, width, channels. */
static bool take_pixels(napi_env env, const napi_value *a, Taking *taking) {
  Preparation *p = &taking->preparation;
  size_t bytes, sizes;
  const int32_t *s;
  if (!take_array(env, a[TARGET], napi_uint8_array, &taking->pixels, &bytes) ||
      !take_array(env, a[SIZES], napi_int32_array, &s, &sizes) || sizes != 3)
    return false;
  p->height = s[0], p->width = s[1], p->channels = s[2];
  return p->height > 0 && p->width > 0 && (p->channels == 1 || p->channels == 3) &&
         bytes / (size_t)(p->width * p->channels) >= (size_t)p->height;
}

static bool read_taking(napi_env env, const napi_value *a, Taking *taking) {
  size_t greys;
  if (!take_file(env, a, &taking->bytes, &taking->length, &taking->shrink)) return false;
  if (is_given(env, a[GREY]) &&
      (!take_array(env, a[GREY], napi_uint8_array, &taking->grey, &greys) || greys != GREY_SIDE * GREY_SIDE))
    return false;
  if (take_pixels(env, a + TAKEN, taking)) return true;
  taking->pixels = NULL;
  return take_preparation(env, a + TAKEN, &taking->preparation);
}

static bool start(napi_env env, Taking *taking, const napi_value *a, napi_value *promise) {
  napi_value name, kept;
  if (napi_create_array_with_length(env, TAKE_ARGUMENTS, &kept) != napi_ok) return false;
  for (uint32_t i = 0; i < TAKE_ARGUMENTS; i++)
    if (napi_set_element(env, kept, i, a[i]) != napi_ok) return false;
  return napi_create_reference(env, kept, 1, &taking->kept) == napi_ok &&
         napi_create_string_utf8(env, "fovea.jpeg", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_promise(env, &taking->deferred, promise) == napi_ok &&
         napi_create_async_work(env, NULL, name, execute, complete, taking, &taking->work) == napi_ok &&
         napi_queue_async_work(env, taking->work) == napi_ok;
}

napi_value take_jpeg(napi_env env, napi_callback_info info) {
  size_t count = TAKE_ARGUMENTS;
  napi_value a[TAKE_ARGUMENTS], promise;
  if (napi_get_cb_info(env, info, &count, a, NULL, NULL) != napi_ok) return NULL;
  Taking *taking = calloc(1, sizeof(Taking));
  if (taking && read_taking(env, a, taking) && start(env, taking, a, &promise)) return promise;
  free(taking);
  return fail(env, "Expected a file's bytes, 1, 2, 4 or 8, and a target as long as its sizes say");
}
