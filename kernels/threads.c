/*
 * The pieces of an operation, shared out between the worker that drives the run and those that help it. One pool for the
 * whole process, however many programs, sessions and JavaScript threads use it; runs.c says who has it.
 *
 * To wake a thread takes the caller some 15 microseconds, and the thread some 50: longer than all operations of a small
 * network. So a run wakes helpers at once only if the last one had much to share; else it first works alone for as long.
 */
#define _POSIX_C_SOURCE 200809L /* posix_memalign */
#include "threads.h"

#include <sched.h>
#include <stdlib.h>

#include "workers.h"

/* In nanoseconds. */
enum {
  ALONE_TIME = 50 * 1000, /* that a run works alone before it wakes helpers */
  MUCH_TIME = 200 * 1000  /* of shared work in a run: the next one wakes helpers at once */
};

typedef struct {
  void *memory;
  size_t bytes;
} Scratch;

/* What belongs to the run under way. */
static int driver; /* the worker that drives it */
static int run_threads = 1;
static Scratch worker_scratch[MAX_THREADS]; /* each worker's own */
static Scratch common_scratch;
static int64_t shared_time; /* of its operations that had work for several threads */
static int64_t alone_time;  /* of those, what was done while a helper slept */
static bool wake_at_once;

static atomic_bool early = true; /* the last run had much to share */

enum { OPEN = 1 << 30 };

/* Pieces side by side. Each worker has its own, or all have one; who is done with his own goes on with what is left of others'. */
typedef struct {
  _Alignas(ALIGNMENT) _Atomic int64_t taken; /* on a line of its own: all may write it */
  int64_t first, count;
} Share;

static Share shares[MAX_THREADS];

typedef enum { TOGETHER, APART, BACKWARDS } Order;

/* The job that workers may join while it is open. Its fields change only while it is closed and nobody is inside. */
static struct {
  int limit; /* of workers: their indices are lower */
  int64_t count;
  int shares;
  bool backwards; /* each share from its end */
  size_t scratch_bytes;
  Task task;
  void *context;
  atomic_bool awaited; /* the driver sleeps until all have left */
  pthread_cond_t left;
  _Alignas(ALIGNMENT) atomic_int state; /* how many helpers are inside, and OPEN; on a line of its own: all write it */
} job = {.left = PTHREAD_COND_INITIALIZER};

void *allocate_aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, ALIGNMENT, bytes) == 0 ? memory : NULL;
}

void free_aligned(void *memory) { free(memory); }

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

static bool is_left(const Share *share) { return atomic_load_explicit(&share->taken, memory_order_relaxed) < share->count; }

static bool take_from(Share *share, void *scratch) {
  if (!is_left(share)) return false;
  int64_t before = atomic_fetch_add_explicit(&share->taken, 1, memory_order_relaxed), last = share->count - 1;
  if (before > last) return false;
  job.task(job.context, share->first + (job.backwards ? last - before : before), scratch);
  return true;
}

static bool take_piece(int worker) {
  for (int i = 0; i < job.shares; i++)
    if (take_from(&shares[(worker + i) % job.shares], worker_scratch[worker].memory)) return true;
  return false;
}

/* Joins the job if it is open. */
bool help(int worker) {
  if (!(atomic_load(&job.state) & OPEN)) return false;
  bool joins = atomic_fetch_add(&job.state, 1) & OPEN && worker < job.limit && grow(&worker_scratch[worker], job.scratch_bytes);
  while (joins && take_piece(worker)) continue;
  if (atomic_fetch_sub(&job.state, 1) == 1 && atomic_load(&job.awaited)) {
    pthread_mutex_lock(&pool_lock);
    pthread_cond_signal(&job.left);
    pthread_mutex_unlock(&pool_lock);
  }
  return joins;
}

static void share_out(int64_t count) {
  for (int i = 0; i < job.shares; i++) {
    atomic_store_explicit(&shares[i].taken, 0, memory_order_relaxed);
    shares[i].first = i * count / job.shares;
    shares[i].count = (i + 1) * count / job.shares - shares[i].first;
  }
}

/* Says whether a helper is left to sleep. */
static bool open_job(int64_t count, Order order, size_t scratch_bytes, Task task, void *context) {
  job.limit = run_threads;
  job.count = count;
  job.shares = order == TOGETHER ? 1 : run_threads;
  job.backwards = order == BACKWARDS;
  job.scratch_bytes = scratch_bytes;
  job.task = task;
  job.context = context;
  share_out(count);
  atomic_fetch_or(&job.state, OPEN);
  give_news();
  bool sleeps = count_asleep(run_threads) > 0;
  if (!sleeps || !wake_at_once) return sleeps;
  wake_some(run_threads, count - 1);
  return false;
}

/* Does pieces until none is left; wakes those who sleep once it has worked without them for long enough, and half is left. */
static void work_along(bool sleeps, int64_t start) {
  int64_t before = alone_time;
#if defined(HELPERS_FIRST) /* a build for tests: the helpers do small jobs too */
  if (sleeps) wake_some(run_threads, run_threads);
  for (int i = 0; i < job.shares; i++)
    while (is_left(&shares[i])) sched_yield();
#endif
  for (int64_t done = 1; take_piece(driver); done++) {
    if (!sleeps) continue;
    alone_time = before + now() - start;
    if (alone_time < ALONE_TIME || 2 * done > job.count) continue;
    wake_some(run_threads, job.count - done);
    alone_time = 0;
    sleeps = false;
  }
}

/* Waits for the helpers that joined; one that has not woken yet finds the job closed. */
static void close_job(void) {
  atomic_fetch_and(&job.state, ~OPEN);
  for (int64_t since = now(); atomic_load(&job.state) > 0;) {
    if (spin(since)) continue;
    pthread_mutex_lock(&pool_lock);
    atomic_store(&job.awaited, true);
    while (atomic_load(&job.state) > 0) pthread_cond_wait(&job.left, &pool_lock);
    atomic_store(&job.awaited, false);
    pthread_mutex_unlock(&pool_lock);
  }
}

static bool share_work(int64_t count, Order order, size_t scratch_bytes, Task task, void *context) {
  Scratch *scratch = &worker_scratch[driver];
  if (!grow(scratch, scratch_bytes)) return false;
  if (count <= 1 || run_threads <= 1) {
    for (int64_t i = 0; i < count; i++) task(context, order == BACKWARDS ? count - 1 - i : i, scratch->memory);
    return true;
  }
  int64_t start = now();
  work_along(open_job(count, order, scratch_bytes, task, context), start);
  close_job();
  shared_time += now() - start;
  return true;
}

bool parallel(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, TOGETHER, scratch_bytes, task, context);
}

bool parallel_apart(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, APART, scratch_bytes, task, context);
}

bool parallel_again(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, BACKWARDS, scratch_bytes, task, context);
}

void take_pool(int worker) { driver = worker; }

bool wakes_early(void) { return atomic_load(&early); }

void begin_run(int threads) {
  run_threads = threads;
  wake_at_once = wakes_early();
  shared_time = alone_time = 0;
}

void end_run(void) { atomic_store(&early, shared_time >= MUCH_TIME); }

void *shared_scratch(size_t bytes) { return grow(&common_scratch, bytes) ? common_scratch.memory : NULL; }
