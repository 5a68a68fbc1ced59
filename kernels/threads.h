/* The process's one thread pool. See `parallel` in fovea.h. */
#pragma once

#include "fovea.h"

/* Takes the pool for one run on up to `threads` threads, the caller's included; waits while another run has it. */
void begin_run(int threads);

void end_run(void);

/* 64-byte aligned memory and its counterpart; null when there is none. */
void *allocate_aligned(size_t bytes);
void free_aligned(void *memory);
