/* The process's one thread pool. See `parallel` in fovea.h. */
#pragma once

#include "fovea.h"

/* Work for the pool as a whole. */
typedef struct Posted Posted;
struct Posted {
  int threads; /* that may work at it */
  void (*work)(Posted *run);
  void (*done)(Posted *run); /* from here on the memory is the caller's again */
  const void *owner;
  /* the pool's: */
  int core; /* that it was posted on */
  Posted *next;
};

/* Has the run's work done on one of the pool's threads, one run after the other; false when not even one thread can be had. */
bool post_run(Posted *run);

/* Hands the owner's runs that have not begun to `drop`, and waits for the one that has. */
void withdraw_runs(const void *owner, void (*drop)(Posted *run));

/* What follows concerns the run under way. It uses up to `threads` threads, the caller's included. */
void begin_run(int threads);

void end_run(void);

/* 64-byte aligned memory and its counterpart; null when there is none. */
void *allocate_aligned(size_t bytes);
void free_aligned(void *memory);
