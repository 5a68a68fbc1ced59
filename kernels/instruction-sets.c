/* Which of the compiled kernels this processor can run. */
#include <pthread.h>

#include "program.h"

extern KernelTable kernels_baseline;
#if defined(__x86_64__)
extern KernelTable kernels_avx2, kernels_avx512;
#endif

static InstructionSet found[4];

static void find(void) {
  int count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma"))
    found[count++] = (InstructionSet){"avx512", "AVX-512", kernels_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found[count++] = (InstructionSet){"avx2", "AVX2", kernels_avx2};
  found[count] = (InstructionSet){"sse2", "SSE2", kernels_baseline};
#elif defined(__aarch64__)
  found[count] = (InstructionSet){"neon", "NEON", kernels_baseline};
#else
  found[count] = (InstructionSet){"baseline", "128-bit vectors", kernels_baseline};
#endif
}

const InstructionSet *instruction_sets(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find);
  return found;
}
