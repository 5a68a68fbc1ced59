/*
 * The threads of the pool: who has nothing to do spins for a while, since an operation follows the next and a run often the
 * last, and then sleeps.
 */
#define _GNU_SOURCE /* dladdr, sched_getcpu */
#include "workers.h"

#include <dlfcn.h>
#include <sched.h>
#include <time.h>

/* In nanoseconds. */
enum {
  SPIN_TIME = 200 * 1000, /* without work: longer than JavaScript takes from a run to the next one */
  POLITE_TIME = 20 * 1000 /* after which one that spins lets others have its core */
};

typedef struct {
  _Alignas(ALIGNMENT) pthread_cond_t woken;
  atomic_bool asleep; /* changes under the lock */
  atomic_int spins;   /* on this core, or NOWHERE */
} Worker;

pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static Worker workers[MAX_THREADS];
static int hired = 0;
static struct {
  _Alignas(ALIGNMENT) atomic_uint count; /* on a line of its own: all look at it all the time */
} news;

int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int current_core(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return NOWHERE;
#endif
}

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

bool spin(int64_t since) {
  for (int i = 0; i < 8; i++) pause_briefly();
  int64_t waited = now() - since;
  if (waited > POLITE_TIME) sched_yield();
  return waited < SPIN_TIME;
}

void give_news(void) { atomic_fetch_add(&news.count, 1); }

int count_asleep(int limit) {
  int count = 0;
  for (int i = 0; i < limit; i++) count += atomic_load(&workers[i].asleep);
  return count;
}

static void wake(Worker *worker) {
  pthread_mutex_lock(&pool_lock);
  atomic_store(&worker->asleep, false);
  pthread_cond_signal(&worker->woken);
  pthread_mutex_unlock(&pool_lock);
}

void wake_some(int limit, int64_t most) {
  for (int i = 0; i < limit && most > 0; i++) {
    if (!atomic_load(&workers[i].asleep)) continue;
    wake(&workers[i]);
    most--;
  }
}

bool spins_on(int core) {
  for (int i = 0; i < MAX_THREADS; i++)
    if (atomic_load(&workers[i].spins) == core) return true;
  return false;
}

/* Unless there is news: whoever gives them looks for sleepers after that. */
static void fall_asleep(Worker *worker, unsigned seen) {
  pthread_mutex_lock(&pool_lock);
  atomic_store(&worker->asleep, true);
  if (atomic_load(&news.count) != seen) atomic_store(&worker->asleep, false);
  while (atomic_load(&worker->asleep)) pthread_cond_wait(&worker->woken, &pool_lock);
  pthread_mutex_unlock(&pool_lock);
}

/* Waits for news. False when it has waited for long enough to sleep. */
static bool watch(Worker *worker, unsigned seen, int64_t idle) {
  bool awake = true;
  while (awake && atomic_load_explicit(&news.count, memory_order_relaxed) == seen) {
    int core = current_core();
    atomic_store_explicit(&worker->spins, core, memory_order_relaxed);
    if (!tell_for_other(core)) awake = spin(idle);
  }
  atomic_store_explicit(&worker->spins, NOWHERE, memory_order_relaxed);
  return awake;
}

static void *serve(void *argument) {
  int index = (int)(intptr_t)argument;
  for (int64_t idle = now();;) {
    unsigned seen = atomic_load(&news.count);
    if (drive(index) || help(index)) idle = now();
    if (watch(&workers[index], seen, idle)) continue;
    fall_asleep(&workers[index], seen);
    idle = now();
  }
  return NULL;
}

/* Workers never end, so the library that holds their code must not be unloaded when a JavaScript thread ends. */
static void stay_loaded(void) {
  Dl_info info;
  if (dladdr((void *)(intptr_t)hire, &info) && info.dli_fname) dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

int hire(int wanted) {
  if (hired == 0) stay_loaded();
  while (hired < wanted && hired < MAX_THREADS) {
    pthread_t thread;
    pthread_cond_init(&workers[hired].woken, NULL);
    workers[hired].spins = NOWHERE;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)hired) != 0) return hired; /* one that cannot be had is done without */
    pthread_detach(thread);
    hired++;
  }
  return hired;
}
