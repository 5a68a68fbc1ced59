/* What kernels receive and how they share out their work. The counterpart of src/core/program.ts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_RANK = 8 };

typedef enum { FLOAT32, UINT8, INT32, UINT32 } DType;

/* A row-major array. */
typedef struct {
  void *data;
  DType dtype;
  int32_t rank;
  int64_t shape[MAX_RANK];
  int64_t count; /* elements */
} Tensor;

/* One call of an operation; inputs, outputs and attributes in the order that src/core/operations declares. */
typedef struct {
  const Tensor *inputs;
  const Tensor *outputs;
  const double *attributes;
} Call;

typedef struct {
  const char *name;
  /* False when there was no memory for scratch. */
  bool (*run)(const Call *call);
} Kernel;

/* The kernels compiled for one instruction set, ended by a null name. */
typedef const Kernel KernelTable[];

/* Bytes of so many floats. Where addresses have 32 bits that may be more than there are: then so many that no memory has them. */
static inline size_t float_bytes(int64_t floats) {
  return (uint64_t)floats <= SIZE_MAX / sizeof(float) ? (size_t)floats * sizeof(float) : SIZE_MAX;
}

/* One piece of an operation's work. `scratch` is 64-byte aligned, the executing thread's own, and holds anything. */
typedef void (*Task)(void *context, int64_t index, void *scratch);

/*
 * Calls `task` for each index below `count`, on all threads of the run. How work is cut into tasks may depend on shapes
 * only, never on the number of threads, and no result on which task comes first: same program, same bits.
 * False when there is no memory for the scratch.
 */
bool parallel(int64_t count, size_t scratch_bytes, Task task, void *context);

/*
 * The same for what memory bounds: each thread has pieces that lie side by side, and the same ones in every operation of so many
 * pieces, so that it finds in its own cache what it has written or read before.
 */
bool parallel_apart(int64_t count, size_t scratch_bytes, Task task, void *context);

/* A second pass over those pieces: each thread begins with what it did last, of which most still lies in its cache. */
bool parallel_again(int64_t count, size_t scratch_bytes, Task task, void *context);

/*
 * Memory that stays with the call from run to run, for what a kernel makes of the inputs from `first_input` on, all of them
 * weights that the program only reads: a packed kernel. `filled` says that it still holds what was last made there;
 * otherwise the kernel fills it before it returns. Null where the inputs are not such weights, in a run before which the state has
 * changed, or where there is no memory.
 */
void *kept(const Call *call, int first_input, size_t bytes, bool *filled);

/* Memory shared by all tasks of the call of an operation, 64-byte aligned; anything in it. Null when there is none. */
void *shared_scratch(size_t bytes);
