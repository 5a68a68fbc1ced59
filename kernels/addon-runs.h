/* Work for the pool, as promises. */
#pragma once

#define NAPI_VERSION 8
#include <node_api.h>

#include "threads.h"

/* What the caller allocates begins with it, and is freed with `free` when the work is done or has been dropped. */
typedef struct Run Run;
struct Run {
  Posted posted; /* the caller gives `threads` and `work`, which says whether it is `done` */
  bool done;
  /* what it reads and writes: where each of the arrays begins */
  const void **arrays;
  size_t count;
  /* of addon-runs.c: */
  Run *next, **place; /* among those outstanding */
  napi_deferred deferred;
  napi_ref kept;
};

/* What each JavaScript thread that loads the addon has of it. */
typedef struct Instance Instance;

/* Once for each. */
bool create_instance(napi_env env);

/* For blocks of memory, which may outlive the thread; null where there is none. Who holds one lets go of it. */
Instance *hold_instance(napi_env env);
void let_go(Instance *instance);

/*
 * Before memory is given back. Nothing that a run uses is collected: where it is given back, the JavaScript thread ends, and Node frees
 * memory before it calls the hooks.
 */
void stop_runs_with(Instance *instance, const void *data);

/* A promise of `done`. Until then `kept`, with all that the run reads or writes, is not collected, and must not change. */
bool start_run(napi_env env, Run *run, napi_value kept, napi_value *promise);
