/* What kernels use of <time.h>. */
#pragma once

struct timespec {
  long long tv_sec;
  long tv_nsec;
};

enum { CLOCK_MONOTONIC };

int clock_gettime(int clock, struct timespec *time);
