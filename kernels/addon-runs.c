/* For each JavaScript thread what it has given to the pool, and how it is told that it is done. */
#include "addon-runs.h"

#include <stdlib.h>

struct Instance {
  napi_threadsafe_function completed; /* wakes that thread with a run that is done */
  Run *outstanding;                   /* runs that keep its event loop going */
  int holders;                        /* runs, blocks of memory, and the function above */
};

Instance *hold_instance(napi_env env) {
  Instance *instance = NULL;
  if (napi_get_instance_data(env, (void **)&instance) == napi_ok && instance) instance->holders++;
  return instance;
}

void let_go(Instance *instance) {
  if (--instance->holders == 0) free(instance);
}

static void enlist(Instance *instance, Run *run) {
  run->place = &instance->outstanding;
  run->next = instance->outstanding;
  if (run->next) run->next->place = &run->next;
  instance->outstanding = run;
  instance->holders++;
}

static void strike_off(Instance *instance, Run *run) {
  *run->place = run->next;
  if (run->next) run->next->place = run->place;
  free(run);
  let_go(instance);
}

static void drop(Posted *posted) { strike_off((Instance *)posted->owner, (Run *)posted); }

/* When the JavaScript thread ends: what its runs read and write goes with it. */
static void stop_runs(void *instance) { withdraw_runs(instance, drop); }

static bool is_read_or_written(const Instance *instance, const void *data) {
  for (const Run *run = instance->outstanding; run; run = run->next)
    for (size_t i = 0; i < run->count; i++)
      if (run->arrays[i] == data) return true;
  return false;
}

void stop_runs_with(Instance *instance, const void *data) {
  if (is_read_or_written(instance, data)) stop_runs(instance);
}

static void tell(Posted *run) {
  const Instance *instance = run->owner;
  napi_call_threadsafe_function(instance->completed, run, napi_tsfn_nonblocking);
}

/* On the JavaScript thread; without an environment where that has ended. */
static void complete(napi_env env, napi_value function, void *context, void *data) {
  (void)function;
  Instance *instance = context;
  Run *run = data;
  napi_value value;
  if (env) {
    if (napi_get_boolean(env, run->done, &value) == napi_ok) napi_resolve_deferred(env, run->deferred, value);
    napi_delete_reference(env, run->kept);
    if (instance->outstanding == run && !run->next) napi_unref_threadsafe_function(env, instance->completed);
  }
  strike_off(instance, run);
}

static void release_instance(napi_env env, void *instance, void *hint) {
  (void)env;
  (void)hint;
  let_go(instance);
}

bool create_instance(napi_env env) {
  Instance *instance = calloc(1, sizeof(Instance));
  napi_value name;
  if (instance) instance->holders = 1;
  return instance && napi_create_string_utf8(env, "fovea.run", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, instance, release_instance, instance, complete,
                                         &instance->completed) == napi_ok &&
         napi_unref_threadsafe_function(env, instance->completed) == napi_ok &&
         napi_set_instance_data(env, instance, NULL, NULL) == napi_ok &&
         napi_add_env_cleanup_hook(env, stop_runs, instance) == napi_ok;
}

bool start_run(napi_env env, Run *run, napi_value kept, napi_value *promise) {
  Instance *instance;
  bool ready = napi_get_instance_data(env, (void **)&instance) == napi_ok &&
               napi_create_reference(env, kept, 1, &run->kept) == napi_ok &&
               napi_create_promise(env, &run->deferred, promise) == napi_ok;
  if (!ready) return false;
  run->posted.owner = instance;
  run->posted.done = tell;
  if (!post_run(&run->posted)) return false;
  if (!instance->outstanding) napi_ref_threadsafe_function(env, instance->completed);
  enlist(instance, run);
  return true;
}
