/*
 * One pool for the whole process, however many programs, sessions and JavaScript threads use it: a run takes it as a
 * whole, so that two of them never fight for the same cores. The thread that asks works along; helpers spin for some
 * microseconds after a task, since an operation follows the next, and then sleep.
 */
#define _GNU_SOURCE /* dladdr */
#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_THREADS = 256, SPINS = 2000, ALIGNMENT = 64 };

typedef struct {
  void *memory;
  size_t bytes;
} Scratch;

static pthread_mutex_t run_lock = PTHREAD_MUTEX_INITIALIZER;

/* What follows belongs to the run that holds run_lock. */
static int run_threads = 1;
static int helpers = 0;
static Scratch worker_scratch[MAX_THREADS];
static Scratch common_scratch;

/* The job that helpers may join while it is open. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t opened;
  pthread_cond_t left;
  atomic_ulong generation;
  atomic_int inside; /* helpers at work */
  bool open;
  int limit; /* helpers allowed */
  Task task;
  void *context;
  int64_t count;
  _Atomic int64_t next;
} job = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};

void *allocate_aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, ALIGNMENT, bytes) == 0 ? memory : NULL;
}

void free_aligned(void *memory) { free(memory); }

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static bool grow(Scratch *scratch, size_t bytes) {
#if defined(__SANITIZE_ADDRESS__) /* which sees what lies behind the block only */
  bool enough = scratch->bytes == bytes;
#else
  bool enough = scratch->bytes >= bytes;
#endif
  if (enough) return true;
  free_aligned(scratch->memory);
  scratch->memory = allocate_aligned(bytes);
  scratch->bytes = scratch->memory ? bytes : 0;
  return scratch->memory != NULL;
}

static void work(int worker) {
  for (;;) {
    int64_t index = atomic_fetch_add_explicit(&job.next, 1, memory_order_relaxed);
    if (index >= job.count) return;
    job.task(job.context, index, worker_scratch[worker].memory);
  }
}

static void *help(void *argument) {
  int helper = (int)(intptr_t)argument;
  unsigned long seen = 0;
  for (;;) {
    for (int i = 0; i < SPINS && atomic_load_explicit(&job.generation, memory_order_relaxed) == seen; i++) pause_briefly();
    pthread_mutex_lock(&job.lock);
    while (!job.open || atomic_load(&job.generation) == seen || helper >= job.limit) pthread_cond_wait(&job.opened, &job.lock);
    seen = atomic_load(&job.generation);
    atomic_fetch_add(&job.inside, 1);
    pthread_mutex_unlock(&job.lock);

    work(helper + 1);

    pthread_mutex_lock(&job.lock);
    if (atomic_fetch_sub(&job.inside, 1) == 1) pthread_cond_signal(&job.left);
    pthread_mutex_unlock(&job.lock);
  }
  return NULL;
}

/* Helpers never end, so the library that holds their code must not be unloaded when a JavaScript thread ends. */
static void stay_loaded(void) {
  Dl_info info;
  if (dladdr((void *)(intptr_t)begin_run, &info) && info.dli_fname) dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

/* Starts the helpers that are missing; a thread that cannot be had is done without. */
static void hire(int wanted) {
  if (helpers == 0 && wanted > 0) stay_loaded();
  while (helpers < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, help, (void *)(intptr_t)helpers) != 0) return;
    pthread_detach(thread);
    helpers++;
  }
}

void begin_run(int threads) {
  pthread_mutex_lock(&run_lock);
  run_threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
  hire(run_threads - 1);
  if (run_threads > helpers + 1) run_threads = helpers + 1;
}

void end_run(void) { pthread_mutex_unlock(&run_lock); }

void *shared_scratch(size_t bytes) { return grow(&common_scratch, bytes) ? common_scratch.memory : NULL; }

static void open_job(int64_t count, Task task, void *context, int limit) {
  pthread_mutex_lock(&job.lock);
  job.task = task;
  job.context = context;
  job.count = count;
  job.limit = limit;
  atomic_store(&job.next, 0);
  job.open = true;
  atomic_fetch_add(&job.generation, 1);
  pthread_cond_broadcast(&job.opened);
  pthread_mutex_unlock(&job.lock);
}

/* Waits for the helpers that joined; one that has not woken yet finds the job closed. */
static void close_job(void) {
  pthread_mutex_lock(&job.lock);
  job.open = false;
  pthread_mutex_unlock(&job.lock);
  for (int i = 0; i < SPINS && atomic_load(&job.inside) > 0; i++) pause_briefly();
  pthread_mutex_lock(&job.lock);
  while (atomic_load(&job.inside) > 0) pthread_cond_wait(&job.left, &job.lock);
  pthread_mutex_unlock(&job.lock);
}

bool parallel(int64_t count, size_t scratch_bytes, Task task, void *context) {
  int threads = count < run_threads ? (int)count : run_threads;
  for (int i = 0; i < threads; i++)
    if (!grow(&worker_scratch[i], scratch_bytes)) return false;
  if (threads <= 1) {
    for (int64_t index = 0; index < count; index++) task(context, index, worker_scratch[0].memory);
    return true;
  }
  open_job(count, task, context, threads - 1);
  work(0);
  close_job();
  return true;
}
