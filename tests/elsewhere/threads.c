/*
 * Several threads use the pool of kernels/threads.c at once, with pauses in which its workers fall asleep, and check that
 * each piece of each job is done once, that each run is told of once, and that none goes on when it has been withdrawn.
 * Made for the thread sanitizer, which sees what a right result may hide.
 */
#include "../../kernels/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 3, ROUNDS = 150, JOBS = 12, PIECES = 40, SCRATCH = 256, LEFT = 5 };

typedef struct {
  int done[PIECES]; /* how often each piece was */
  int work;
} Job;

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t told;
  int runs_told;
  atomic_int dropped, worked;
  unsigned random;
} User;

typedef struct {
  Posted posted;
  User *user;
  unsigned random;
} Run;

static void fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(1);
}

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

static unsigned next_random(unsigned *state) { return *state = *state * 1664525u + 1013904223u; }

static bool (*const ways[])(int64_t, size_t, Task, void *) = {parallel, parallel_apart, parallel_again};

static void work(Posted *posted) {
  Run *run = (Run *)posted;
  begin_run(posted->threads);
  for (int i = 0; i < JOBS; i++) {
    unsigned random = next_random(&run->random);
    Job job = {.work = 1 << (random >> 16) % 15};
    int64_t count = (random >> 8) % (PIECES + 1);
    if (!ways[(random >> 20) % 3](count, SCRATCH, do_piece, &job)) fail("Expected memory for scratch");
    check(&job, count);
  }
  end_run();
  atomic_fetch_add(&run->user->worked, 1);
}

static void done(Posted *posted) {
  User *user = ((Run *)posted)->user;
  free(posted);
  pthread_mutex_lock(&user->lock);
  user->runs_told++;
  pthread_cond_signal(&user->told);
  pthread_mutex_unlock(&user->lock);
}

static void drop(Posted *posted) {
  atomic_fetch_add(&((Run *)posted)->user->dropped, 1);
  free(posted);
}

static void post(User *user) {
  static const int threads[] = {1, 2, 3, 8};
  Run *run = calloc(1, sizeof(Run));
  run->user = user;
  run->random = next_random(&user->random);
  run->posted = (Posted){.threads = threads[(run->random >> 8) % 4], .work = work, .done = done, .owner = user};
  if (!post_run(&run->posted)) fail("Expected a thread");
}

static void await_runs(User *user, int count) {
  pthread_mutex_lock(&user->lock);
  while (user->runs_told < count) pthread_cond_wait(&user->told, &user->lock);
  pthread_mutex_unlock(&user->lock);
}

static void *use(void *argument) {
  User *user = argument;
  for (int round = 0; round < ROUNDS; round++) {
    post(user);
    await_runs(user, round + 1);
    if (round % 10 == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  for (int i = 0; i < LEFT; i++) post(user);
  withdraw_runs(user, drop);
  if (user->worked + user->dropped != ROUNDS + LEFT || user->runs_told != user->worked) fail("Expected each run to end or to be dropped");
  return NULL;
}

int main(void) {
  pthread_t threads[USERS];
  static User users[USERS];
  for (size_t i = 0; i < USERS; i++) {
    users[i] = (User){.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER, .random = 12345u + (unsigned)i};
    if (pthread_create(&threads[i], NULL, use, &users[i]) != 0) return 1;
  }
  for (size_t i = 0; i < USERS; i++) pthread_join(threads[i], NULL);
  puts("Each piece was done once");
  return 0;
}
