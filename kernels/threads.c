/*
 * One pool for the whole process, however many programs, sessions and JavaScript threads use it: a run takes it as a
 * whole, so that two of them never fight for the same cores. The thread that asks works along. Helpers spin for a while
 * after a piece of work, since an operation follows the next, and then sleep.
 *
 * To wake a helper takes the caller some 15 microseconds, and the helper some 50: longer than all operations of a small
 * network. So a run wakes them at once only if the last one had much to share; else it first works alone for as long.
 */
#define _GNU_SOURCE /* dladdr */
#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_THREADS = 256, ALIGNMENT = 64 };

/* In nanoseconds. */
enum {
  SPIN_TIME = 200 * 1000, /* of a helper without work: longer than JavaScript takes from a run to the next one */
  POLITE_TIME = 20 * 1000, /* after which one that spins lets others have its core */
  ALONE_TIME = 50 * 1000, /* that a run works alone before it wakes helpers */
  MUCH_TIME = 200 * 1000  /* of shared work in a run: the next one wakes helpers at once */
};

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
static int64_t shared_time = MUCH_TIME; /* of operations in this run that had work for several threads */
static int64_t alone_time;              /* of those, what was done while a helper slept */
static bool wake_at_once;

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
  bool asleep[MAX_THREADS]; /* by helper */
  _Alignas(ALIGNMENT) _Atomic int64_t next; /* on a line of its own: all write it while others look whether a job has come */
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

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* One turn of a loop that waits since then. False when it has waited for long enough to sleep. */
static bool spin(int64_t since) {
  for (int i = 0; i < 8; i++) pause_briefly();
  int64_t waited = now() - since;
  if (waited > POLITE_TIME) sched_yield();
  return waited < SPIN_TIME;
}

static bool take_piece(int worker) {
  int64_t index = atomic_fetch_add_explicit(&job.next, 1, memory_order_relaxed);
  if (index >= job.count) return false;
  job.task(job.context, index, worker_scratch[worker].memory);
  return true;
}

/* Joins the job if it is open and new to this helper; else sleeps if that is wanted. Says whether it joined. */
static bool join(int helper, unsigned long *seen, bool sleepy) {
  pthread_mutex_lock(&job.lock);
  bool joins = job.open && helper < job.limit && atomic_load(&job.generation) != *seen;
  *seen = atomic_load(&job.generation);
  if (joins) {
    atomic_fetch_add(&job.inside, 1);
  } else if (sleepy) {
    job.asleep[helper] = true;
    while (job.asleep[helper]) pthread_cond_wait(&job.opened, &job.lock);
    *seen = 0; /* no generation: the job that it was woken for may be open */
  }
  pthread_mutex_unlock(&job.lock);
  return joins;
}

static void leave(void) {
  pthread_mutex_lock(&job.lock);
  if (atomic_fetch_sub(&job.inside, 1) == 1) pthread_cond_signal(&job.left);
  pthread_mutex_unlock(&job.lock);
}

static void *help(void *argument) {
  int helper = (int)(intptr_t)argument;
  unsigned long seen = 0;
  for (int64_t idle = now();;) {
    bool awake = true;
    while (awake && atomic_load_explicit(&job.generation, memory_order_relaxed) == seen) awake = spin(idle);
    if (join(helper, &seen, !awake || now() - idle > SPIN_TIME)) {
      while (take_piece(helper + 1)) continue;
      leave();
      idle = now();
    } else if (seen == 0) {
      idle = now(); /* it has slept */
    }
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
  wake_at_once = shared_time >= MUCH_TIME;
  shared_time = alone_time = 0;
}

void end_run(void) { pthread_mutex_unlock(&run_lock); }

void *shared_scratch(size_t bytes) { return grow(&common_scratch, bytes) ? common_scratch.memory : NULL; }

/* Under the job's lock. */
static bool someone_sleeps(void) {
  for (int i = 0; i < job.limit; i++)
    if (job.asleep[i]) return true;
  return false;
}

/* Under the job's lock. */
static void wake_helpers(void) {
  for (int i = 0; i < job.limit; i++) job.asleep[i] = false;
  pthread_cond_broadcast(&job.opened);
  alone_time = 0;
}

/* Says whether a helper is left to sleep. */
static bool open_job(int64_t count, Task task, void *context, int limit) {
  pthread_mutex_lock(&job.lock);
  job.task = task;
  job.context = context;
  job.count = count;
  job.limit = limit;
  atomic_store(&job.next, 0);
  job.open = true;
  atomic_fetch_add(&job.generation, 1);
  bool sleeps = someone_sleeps();
  if (sleeps && wake_at_once) {
    wake_helpers();
    sleeps = false;
  }
  pthread_mutex_unlock(&job.lock);
  return sleeps;
}

/* Does pieces until none is left; wakes those who sleep once it has worked without them for long enough, and half is left. */
static void work_along(bool sleeps, int64_t start) {
  int64_t before = alone_time;
#if defined(HELPERS_FIRST) /* a build for tests: the helpers do small jobs too */
  if (sleeps) {
    pthread_mutex_lock(&job.lock);
    wake_helpers();
    pthread_mutex_unlock(&job.lock);
  }
  while (atomic_load(&job.next) < job.count) sched_yield();
#endif
  for (int64_t done = 1; take_piece(0); done++) {
    if (!sleeps) continue;
    alone_time = before + now() - start;
    if (alone_time < ALONE_TIME || 2 * done > job.count) continue;
    pthread_mutex_lock(&job.lock);
    wake_helpers();
    pthread_mutex_unlock(&job.lock);
    sleeps = false;
  }
}

/* Waits for the helpers that joined; one that has not woken yet finds the job closed. */
static void close_job(void) {
  pthread_mutex_lock(&job.lock);
  job.open = false;
  pthread_mutex_unlock(&job.lock);
  if (atomic_load(&job.inside) == 0) return;
  for (int64_t since = now(); atomic_load(&job.inside) > 0 && spin(since);) continue;
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
  int64_t start = now();
  work_along(open_job(count, task, context, threads - 1), start);
  close_job();
  shared_time += now() - start;
  return true;
}
