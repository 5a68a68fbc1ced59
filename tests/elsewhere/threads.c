/*
 * Several threads use the pool of kernels/threads.c at once, with pauses in which its helpers fall asleep, and check
 * that each piece of each job is done once. Made for the thread sanitizer, which sees what a right result may hide.
 */
#include "../../kernels/threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 3, ROUNDS = 150, JOBS = 12, PIECES = 40, SCRATCH = 256 };

typedef struct {
  int done[PIECES]; /* how often each piece was */
  int work;
} Job;

static void do_piece(void *context, int64_t index, void *scratch) {
  Job *job = context;
  memset(scratch, (int)index, SCRATCH);
  for (volatile int i = 0; i < job->work; i++) continue;
  const char *bytes = scratch;
  if (bytes[SCRATCH - 1] == (char)index) job->done[index]++;
}

static void check(const Job *job, int64_t count) {
  for (int64_t i = 0; i < PIECES; i++)
    if (job->done[i] != (i < count)) {
      fprintf(stderr, "Expected piece %d of %d to be done once, found %d times\n", (int)i, (int)count, job->done[i]);
      exit(1);
    }
}

static void *use(void *argument) {
  static const int threads[] = {1, 2, 3, 8};
  unsigned random = 12345u + (unsigned)(size_t)argument;
  for (int round = 0; round < ROUNDS; round++) {
    begin_run(threads[(random >> 8) % 4]);
    for (int i = 0; i < JOBS; i++) {
      random = random * 1664525u + 1013904223u;
      Job job = {.work = 1 << (random >> 16) % 15};
      int64_t count = (random >> 8) % (PIECES + 1);
      if (!parallel(count, SCRATCH, do_piece, &job)) exit(1);
      check(&job, count);
    }
    end_run();
    if (round % 10 == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return NULL;
}

int main(void) {
  pthread_t users[USERS];
  for (size_t i = 0; i < USERS; i++)
    if (pthread_create(&users[i], NULL, use, (void *)i) != 0) return 1;
  for (size_t i = 0; i < USERS; i++) pthread_join(users[i], NULL);
  puts("Each piece was done once");
  return 0;
}
