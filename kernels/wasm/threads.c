/*
 * Threads over one shared memory. The host starts them: one runs programs, the driver, and the others help it with the pieces
 * of each operation. Helpers spin for some microseconds after a piece, since an operation follows the next, and then sleep.
 * Without shared memory there is the driver alone, and nothing here waits.
 */
#include "../threads.h"

#include <stdatomic.h>

#include "wasm.h"

enum { MAX_THREADS = 256, SPINS = 20000 };
enum { OPEN = 1 << 30 };

typedef struct {
  void *memory;
  size_t bytes;
} Scratch;

static int run_threads = 1;
static Scratch worker_scratch[MAX_THREADS];
static Scratch common_scratch;

/* The job that helpers may join while it is open. Its fields change only while it is closed and nobody is inside. */
static struct {
  atomic_int generation;
  atomic_int state; /* how many helpers are inside, and OPEN */
  int limit;        /* helpers allowed */
  Task task;
  void *context;
  int64_t count;
  bool backwards;
  _Atomic int64_t next;
} job;

static void wait_while(atomic_int *place, int value) {
  for (int i = 0; i < SPINS; i++)
    if (atomic_load_explicit(place, memory_order_relaxed) != value) return;
  __builtin_wasm_memory_atomic_wait32((int *)place, value, -1);
}

static void wake(atomic_int *place) { __builtin_wasm_memory_atomic_notify((int *)place, UINT32_MAX); }

/* What was given back is forgotten first, as the host may end a thread in between. */
static bool grow(Scratch *scratch, size_t bytes) {
  if (scratch->bytes >= bytes) return true;
  void *before = scratch->memory;
  *scratch = (Scratch){0};
  free_aligned(before);
  scratch->memory = allocate_aligned(bytes);
  scratch->bytes = scratch->memory ? bytes : 0;
  return scratch->memory != NULL;
}

static void work(int worker) {
  for (;;) {
    int64_t index = atomic_fetch_add_explicit(&job.next, 1, memory_order_relaxed);
    if (index >= job.count) return;
    job.task(job.context, job.backwards ? job.count - 1 - index : index, worker_scratch[worker].memory);
  }
}

/* What a helper does all its life; it ends with the host's thread. */
EXPORT(help) void wasm_help(int helper) {
  int seen = 0;
  for (;;) {
    wait_while(&job.generation, seen);
    seen = atomic_load(&job.generation);
    int before = atomic_fetch_add(&job.state, 1);
    if (before & OPEN && helper < job.limit) {
      see_growth();
      work(helper + 1);
    }
    if (atomic_fetch_sub(&job.state, 1) == 1) wake(&job.state);
  }
}

void begin_run(int threads) { run_threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads; }

void end_run(void) {}

void *shared_scratch(size_t bytes) { return grow(&common_scratch, bytes) ? common_scratch.memory : NULL; }

static void open_job(int64_t count, bool backwards, Task task, void *context, int limit) {
  job.task = task;
  job.context = context;
  job.count = count;
  job.backwards = backwards;
  job.limit = limit;
  atomic_store(&job.next, 0);
  atomic_fetch_or(&job.state, OPEN);
  atomic_fetch_add(&job.generation, 1);
  wake(&job.generation);
}

/* Waits for the helpers that joined; one that has not woken yet finds the job closed. */
static void close_job(void) {
  atomic_fetch_and(&job.state, ~OPEN);
  for (int inside; (inside = atomic_load(&job.state)) != 0;) wait_while(&job.state, inside);
}

static bool share_work(int64_t count, bool backwards, size_t scratch_bytes, Task task, void *context) {
  int threads = count < run_threads ? (int)count : run_threads;
  for (int i = 0; i < threads; i++)
    if (!grow(&worker_scratch[i], scratch_bytes)) return false;
  if (threads <= 1) {
    for (int64_t i = 0; i < count; i++) task(context, backwards ? count - 1 - i : i, worker_scratch[0].memory);
    return true;
  }
  open_job(count, backwards, task, context, threads - 1);
  work(0);
  close_job();
  return true;
}

bool parallel(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, false, scratch_bytes, task, context);
}

/* Which thread's cache has what is not known to WebAssembly: all take turns. */
bool parallel_apart(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, false, scratch_bytes, task, context);
}

bool parallel_again(int64_t count, size_t scratch_bytes, Task task, void *context) {
  return share_work(count, true, scratch_bytes, task, context);
}
