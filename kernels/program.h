/* A recorded program, as the addon receives it from src/backends/encode.ts, checked and ready to run. */
#pragma once

#include "fovea.h"

/*
 * Regions of memory: the constants, which are the program's own and made of the state alone; then those that the caller gives
 * for each run: the state, the work, the program's inputs.
 */
enum { CONSTANTS, STATE, WORK, FIRST_INPUT };

typedef struct Program Program;

typedef struct {
  const char *name; /* as FOVEA_ISA spells it */
  const char *title;
  const Kernel *kernels;
} InstructionSet;

/* The instruction sets that this processor has, best first; ended by a null name. */
const InstructionSet *instruction_sets(void);

/*
 * Reads a program: for each node the index of its kernel, the numbers of inputs, outputs and attributes; then for each
 * tensor its region, byte offset, data type, rank and shape; then the attributes. `region_bytes` is what each
 * region holds: every tensor has to lie inside. Null with `error` set when the words make no sense or memory lacks.
 */
Program *read_program(const double *words, size_t count, const double *region_bytes, size_t regions,
                      const Kernel *kernels, const char **error);

void free_program(Program *program);

/* Of the regions that the caller gives. */
size_t given_count(const Program *program);
size_t given_bytes(const Program *program, size_t index);

size_t node_count(const Program *program);
/* Seconds that a node has taken over all runs. */
double node_seconds(const Program *program, size_t node);

/*
 * Runs all nodes on up to `threads` threads; where the state has not changed since the last run, without those that write
 * constants. False when scratch memory lacks.
 */
bool run_program(Program *program, int threads, char *const *given, bool state_changed);
/* The same for nodes [first, end): a run may be made in parts, in order, by a thread that has other things to do between. */
bool run_part(Program *program, int threads, char *const *given, bool state_changed, size_t first, size_t end);
