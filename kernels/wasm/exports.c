/* Programs for the host: compiled by its main thread, run by the driver. */
#include <time.h>

#include "../program.h"
#include "wasm.h"

extern KernelTable kernels_wasm;

__attribute__((import_module("host"), import_name("now"))) double host_now(void); /* milliseconds */

int clock_gettime(int clock, struct timespec *time) {
  (void)clock;
  double milliseconds = host_now();
  time->tv_sec = (long long)(milliseconds / 1000);
  time->tv_nsec = (long)((milliseconds - (double)time->tv_sec * 1000) * 1e6);
  return 0;
}

/* Null behind the last one. */
EXPORT(kernel_name) const char *wasm_kernel_name(int index) { return kernels_wasm[index].name; }

/* A program or, with the words for it in `error`, null. */
EXPORT(compile)
Program *wasm_compile(const double *words, int count, const double *region_bytes, int regions, const char **error) {
  return read_program(words, (size_t)count, region_bytes, (size_t)regions, kernels_wasm, error);
}

EXPORT(free_program) void wasm_free_program(Program *program) { free_program(program); }

EXPORT(node_seconds) double wasm_node_seconds(Program *program, int node) { return node_seconds(program, (size_t)node); }

/* Nodes [first, end) of a run; false when scratch memory lacks. */
EXPORT(run) bool wasm_run(Program *program, int threads, char *const *given, bool state_changed, int first, int end) {
  see_growth();
  return run_part(program, threads, given, state_changed, (size_t)first, (size_t)end);
}
