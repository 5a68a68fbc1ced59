/* Between the parts of the pool: workers.c, runs.c and threads.c. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "threads.h"

enum { MAX_THREADS = 256, ALIGNMENT = 64, NOWHERE = -1 };

/* Of all that several threads change and no atomic is. */
extern pthread_mutex_t pool_lock;

/* In nanoseconds, from anywhere. */
int64_t now(void);

/* The core that the thread runs on just now, or NOWHERE where the system does not say. */
int current_core(void);

/* One turn of a loop that waits since then. False when it has waited for long enough to sleep. */
bool spin(int64_t since);

/* Starts the workers that are missing; says how many there are then. Under the lock. */
int hire(int wanted);

/* To be called when a run waits or a job is open: workers that spin will look at once. */
void give_news(void);

/* Of the first `limit` workers. After the news: who is counted as awake has heard them. */
int count_asleep(int limit);
void wake_some(int limit, int64_t most);

bool spins_on(int core);

/* threads.c: the worker drives a run from now on. */
void take_pool(int worker);
/* threads.c: whether the last run had so much to share that the next had better find all workers awake. */
bool wakes_early(void);

/* ---- what workers do; each says whether there was something to do ---- */

/* runs.c: drives the next run. */
bool drive(int worker);
/* runs.c: tells of a run that is done and was posted on this core. */
bool tell_for_other(int core);
/* threads.c: does pieces of the open job. */
bool help(int worker);
