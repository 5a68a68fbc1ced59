/* What the addon does with pictures. Used by src/platform/node/prepare.ts and jpeg.ts only. */
#define NAPI_VERSION 8
#include "addon-picture.h"

#include <stdlib.h>
#include <string.h>

#include "addon-runs.h"
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

/* sizes, scale, offset, rowRanges, rowWeights, columnRanges, columnWeights: from SIZES on. `values` is the length of the target. */
static bool take_rule(napi_env env, const napi_value *a, size_t values, Preparation *p) {
  const int32_t *s;
  double scale, offset;
  size_t sizes;
  if (!take_array(env, a[SIZES], napi_int32_array, &s, &sizes) || sizes != PREPARE_SIZES ||
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

static bool take_preparation(napi_env env, const napi_value *a, Preparation *p) {
  size_t values;
  return take_array(env, a[TARGET], napi_float32_array, &p->target, &values) && take_rule(env, a, values, p);
}

static bool take_source(napi_env env, napi_value value, const Preparation *p, const uint8_t **pixels) {
  size_t bytes;
  return take_array(env, value, napi_uint8_array, pixels, &bytes) && bytes / (size_t)(p->width * p->channels) >= (size_t)p->height;
}

napi_value prepare(napi_env env, napi_callback_info info) {
  size_t count = 1 + PREPARATION;
  napi_value a[1 + PREPARATION], result;
  Preparation p;
  const uint8_t *pixels;
  if (napi_get_cb_info(env, info, &count, a, NULL, NULL) != napi_ok) return NULL;
  if (!take_preparation(env, a + 1, &p) || !take_source(env, a[0], &p, &pixels))
    return fail(env, "Expected pixels, a target and weights as long as their sizes say");
  DecodedPicture picture = decoded_picture(pixels, p.height, p.width, p.channels);
  p.picture = &picture.rows;
  return napi_get_boolean(env, prepare_picture(&p), &result) == napi_ok ? result : NULL;
}

/* ---- many pictures at once ---- */

typedef struct {
  const void *source; /* floats where there is nothing to prepare any more */
  bool floats, done;
  Preparation preparation;
} Placement;

typedef struct {
  Run run;
  float *target;
  size_t values; /* of each picture */
  uint32_t count;
  Placement *placements;
  const void *arrays[]; /* the sources and the target; behind them the placements */
} Placing;

static void place_one(void *context, int64_t index, void *scratch) {
  (void)scratch;
  Placing *placing = context;
  Placement *one = &placing->placements[index];
  float *target = placing->target + (size_t)index * placing->values;
  Preparation p = one->preparation;
  if (one->floats) {
    memcpy(target, one->source, placing->values * sizeof(float));
    one->done = true;
    return;
  }
  DecodedPicture picture = decoded_picture(one->source, p.height, p.width, p.channels);
  p.picture = &picture.rows;
  p.target = target;
  one->done = prepare_picture(&p);
}

/* On a thread of the pool. */
static void place_all(Posted *posted) {
  Placing *placing = (Placing *)posted;
  begin_run(posted->threads);
  bool done = parallel(placing->count, 0, place_one, placing);
  end_run();
  for (uint32_t i = 0; i < placing->count; i++) done = done && placing->placements[i].done;
  placing->run.done = done;
}

/* Without a preparation the source is floats. */
static bool read_placement(napi_env env, napi_value source, napi_value preparation, size_t values, Placement *one) {
  napi_value a[PREPARATION];
  size_t floats;
  if (!is_given(env, preparation)) {
    one->floats = true;
    return take_array(env, source, napi_float32_array, &one->source, &floats) && floats == values;
  }
  for (uint32_t i = SIZES; i < PREPARATION; i++)
    if (napi_get_element(env, preparation, i - SIZES, &a[i]) != napi_ok) return false;
  return take_rule(env, a, values, &one->preparation) &&
         take_source(env, source, &one->preparation, (const uint8_t **)&one->source);
}

enum { THREADS, ROOM, SOURCES, PREPARATIONS, PLACE_ARGUMENTS };

static bool read_placing(napi_env env, const napi_value *a, Placing *placing) {
  size_t values;
  int32_t threads;
  if (napi_get_value_int32(env, a[THREADS], &threads) != napi_ok ||
      !take_array(env, a[ROOM], napi_float32_array, &placing->target, &values) || values % placing->count)
    return false;
  placing->values = values / placing->count;
  placing->run.posted = (Posted){.threads = threads, .work = place_all};
  for (uint32_t i = 0; i < placing->count; i++) {
    napi_value source, preparation;
    if (napi_get_element(env, a[SOURCES], i, &source) != napi_ok ||
        napi_get_element(env, a[PREPARATIONS], i, &preparation) != napi_ok ||
        !read_placement(env, source, preparation, placing->values, &placing->placements[i]))
      return false;
    placing->arrays[i] = placing->placements[i].source;
  }
  placing->arrays[placing->count] = placing->target;
  return true;
}

static Placing *allocate_placing(uint32_t pictures) {
  size_t arrays = sizeof(Placing) + (pictures + (size_t)1) * sizeof(void *);
  Placing *placing = calloc(1, arrays + pictures * sizeof(Placement));
  if (!placing) return NULL;
  placing->count = pictures;
  placing->placements = (Placement *)((char *)placing + arrays);
  placing->run.arrays = placing->arrays;
  placing->run.count = pictures + (size_t)1;
  return placing;
}

static bool keep(napi_env env, const napi_value *a, napi_value *kept) {
  if (napi_create_array_with_length(env, PLACE_ARGUMENTS, kept) != napi_ok) return false;
  for (uint32_t i = 0; i < PLACE_ARGUMENTS; i++)
    if (napi_set_element(env, *kept, i, a[i]) != napi_ok) return false;
  return true;
}

napi_value prepare_all(napi_env env, napi_callback_info info) {
  size_t count = PLACE_ARGUMENTS;
  uint32_t pictures;
  napi_value a[PLACE_ARGUMENTS], kept, promise;
  if (napi_get_cb_info(env, info, &count, a, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_array_length(env, a[SOURCES], &pictures) != napi_ok || pictures == 0) return fail(env, "Expected pictures");
  Placing *placing = allocate_placing(pictures);
  if (placing && read_placing(env, a, placing) && keep(env, a, &kept) && start_run(env, &placing->run, kept, &promise)) return promise;
  free(placing);
  return fail(env, "Expected pictures, a target and weights as long as their sizes say");
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
