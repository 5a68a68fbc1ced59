/* augment(…) of the addon: changes to images as work of Node's own threads. Used by src/platform/node/augment.ts only. */
#define NAPI_VERSION 8
#include "addon-augment.h"

#include <stdlib.h>

#include "augment.h"

typedef struct {
  Augmentation augmentation;
  bool done;
  napi_async_work work;
  napi_deferred deferred;
  napi_ref kept; /* the arrays: they may not be collected meanwhile */
} Work;

static void execute(napi_env env, void *data) {
  (void)env;
  Work *work = data;
  work->done = change_images(&work->augmentation);
}

static void complete(napi_env env, napi_status status, void *data) {
  Work *work = data;
  napi_value value;
  if (status == napi_ok && napi_get_boolean(env, work->done, &value) == napi_ok)
    napi_resolve_deferred(env, work->deferred, value);
  napi_delete_reference(env, work->kept);
  napi_delete_async_work(env, work->work);
  free(work);
}

static bool take_array(napi_env env, napi_value value, napi_typedarray_type expected, void **data, size_t *length) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == expected;
}

/* images, height, width, channels, least, greatest, changes; the number of images follows from the length. */
static bool read_arguments(napi_env env, napi_value *given, Augmentation *a) {
  size_t values, words;
  void *images, *changes;
  bool read = take_array(env, given[0], napi_float32_array, &images, &values) &&
              napi_get_value_int64(env, given[1], &a->height) == napi_ok && napi_get_value_int64(env, given[2], &a->width) == napi_ok &&
              napi_get_value_int64(env, given[3], &a->channels) == napi_ok && napi_get_value_double(env, given[4], &a->least) == napi_ok &&
              napi_get_value_double(env, given[5], &a->greatest) == napi_ok &&
              take_array(env, given[6], napi_float64_array, &changes, &words);
  const int64_t most = 1 << 20;
  if (!read || a->height < 1 || a->width < 1 || a->channels < 1 || a->height > most || a->width > most || a->channels > most) return false;
  int64_t length = a->height * a->width;
  if (length > INT64_MAX / 8 / a->channels) return false;
  length *= a->channels;
  a->images = images;
  a->count = (int64_t)values / length;
  a->changes = changes;
  a->words = (int64_t)words;
  return a->count * length == (int64_t)values && sound_changes(a);
}

static bool start(napi_env env, Work *work, napi_value *given, napi_value *promise) {
  napi_value name, kept;
  return napi_create_array_with_length(env, 2, &kept) == napi_ok && napi_set_element(env, kept, 0, given[0]) == napi_ok &&
         napi_set_element(env, kept, 1, given[6]) == napi_ok && napi_create_reference(env, kept, 1, &work->kept) == napi_ok &&
         napi_create_string_utf8(env, "fovea.augment", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_promise(env, &work->deferred, promise) == napi_ok &&
         napi_create_async_work(env, NULL, name, execute, complete, work, &work->work) == napi_ok &&
         napi_queue_async_work(env, work->work) == napi_ok;
}

napi_value augment(napi_env env, napi_callback_info info) {
  size_t count = 7;
  napi_value given[7], promise;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return NULL;
  Work *work = calloc(1, sizeof(Work));
  if (work && count == 7 && read_arguments(env, given, &work->augmentation) && start(env, work, given, &promise)) return promise;
  free(work);
  napi_throw_error(env, NULL, "Expected images as long as their sizes say, and changes of known codes for each");
  return NULL;
}
