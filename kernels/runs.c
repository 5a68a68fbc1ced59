/*
 * Runs on their way through the pool. The first of its workers that sees one drives it, so that it begins on a core that is
 * awake: had it a thread of its own, the system would often put that beside a helper and leave a core idle for milliseconds.
 * One run at a time has all the workers, so that two never fight for the same cores.
 */
#include <sched.h>

#include "workers.h"

enum { TELL_TIME = 5 * 1000 /* nanoseconds that another worker has to begin to tell of a run's end */ };

/* Those that wait, in their order, and the one under way. All under the lock. */
static struct {
  Posted *first, **end;
  atomic_int waiting; /* how many; a look at it needs no lock */
  bool busy;
  const void *owner; /* of the one under way */
  int untold;        /* that are done, and their owners may not know it yet */
  pthread_cond_t told;
} runs = {.end = &runs.first, .told = PTHREAD_COND_INITIALIZER};

/* One that is done, left for a worker on that core to tell of. */
static struct {
  _Alignas(ALIGNMENT) _Atomic(Posted *) run;
  atomic_int core;
} finished = {.core = NOWHERE};

/* Tells the workers of a run that waits. One of them is enough to begin it. */
static void announce(int threads) {
  give_news();
  if (wakes_early()) wake_some(threads, threads);
  else if (count_asleep(threads) == threads) wake_some(threads, 1);
}

bool post_run(Posted *run) {
  pthread_mutex_lock(&pool_lock);
  int workers = hire(run->threads < 1 ? 1 : run->threads), threads = run->threads < workers ? run->threads : workers;
  bool possible = workers > 0, idle = !runs.busy;
  if (possible) {
    run->threads = threads;
    run->core = current_core();
    run->next = NULL;
    *runs.end = run;
    runs.end = &run->next;
    atomic_fetch_add(&runs.waiting, 1);
  }
  pthread_mutex_unlock(&pool_lock);
  if (possible && idle) announce(threads);
  return possible;
}

/* The next run, if this worker may drive it and no other is under way. */
static Posted *take_run(int worker) {
  if (atomic_load(&runs.waiting) == 0) return NULL;
  pthread_mutex_lock(&pool_lock);
  Posted *run = runs.busy || !runs.first || worker >= runs.first->threads ? NULL : runs.first;
  if (run) {
    runs.first = run->next;
    if (!runs.first) runs.end = &runs.first;
    atomic_fetch_sub(&runs.waiting, 1);
    runs.busy = true;
    runs.owner = run->owner;
  }
  pthread_mutex_unlock(&pool_lock);
  return run;
}

static void tell(Posted *run) {
  run->done(run);
  pthread_mutex_lock(&pool_lock);
  runs.untold--;
  pthread_cond_broadcast(&runs.told);
  pthread_mutex_unlock(&pool_lock);
  sched_yield(); /* whoever has been told may want this core */
}

/*
 * To wake a thread on another core takes tens of microseconds in a virtual machine, on one's own two or three. So a worker
 * that spins where the run was posted is left to tell of its end, if it is quick.
 */
static bool leave_to_other(Posted *run) {
  int core = run->core;
  Posted *none = NULL;
  if (core == NOWHERE || core == current_core() || !spins_on(core)) return false;
  if (!atomic_compare_exchange_strong(&finished.run, &none, run)) return false;
  atomic_store(&finished.core, core);
  for (int64_t since = now(); atomic_load(&finished.run) == run && now() - since < TELL_TIME;) continue;
  return !atomic_compare_exchange_strong(&finished.run, &run, NULL);
}

bool tell_for_other(int core) {
  if (core == NOWHERE || atomic_load_explicit(&finished.core, memory_order_relaxed) != core) return false;
  Posted *run = atomic_exchange(&finished.run, NULL);
  if (run) tell(run);
  return run != NULL;
}

bool drive(int worker) {
  Posted *run = take_run(worker);
  if (!run) return false;
  take_pool(worker);
  run->work(run);
  pthread_mutex_lock(&pool_lock);
  runs.busy = false;
  runs.owner = NULL;
  runs.untold++;
  int next = runs.first ? runs.first->threads : 0;
  pthread_mutex_unlock(&pool_lock);
  if (next > 0) announce(next);
  if (!leave_to_other(run)) tell(run);
  return true;
}

void withdraw_runs(const void *owner, void (*drop)(Posted *run)) {
  pthread_mutex_lock(&pool_lock);
  Posted **place = &runs.first;
  for (Posted *run; (run = *place);) {
    if (run->owner != owner) {
      place = &run->next;
      continue;
    }
    *place = run->next;
    atomic_fetch_sub(&runs.waiting, 1);
    drop(run);
  }
  runs.end = place;
  while (runs.owner == owner || runs.untold > 0) pthread_cond_wait(&runs.told, &pool_lock);
  pthread_mutex_unlock(&pool_lock);
}
