/* The Node-API side: programs in, promises out. Used by src/backends/native/native.ts only, which says what goes wrong. */
#define _DEFAULT_SOURCE /* madvise */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "addon-augment.h"
#include "addon-picture.h"
#include "addon-runs.h"
#include "program.h"

enum { HUGE_PAGE = 2 << 20 };

/* Our own mistakes in calling Node-API would show here; there is nothing sensible to do but to say where. */
#define CHECK(call)                                                                                                     \
  do {                                                                                                                 \
    if ((call) != napi_ok) {                                                                                           \
      napi_throw_error(env, NULL, "the native addon failed at: " #call);                                               \
      return NULL;                                                                                                     \
    }                                                                                                                  \
  } while (0)

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* ---- memory ---- */

typedef struct {
  void *mapped; /* null when it came from allocate_aligned */
  size_t bytes;
  Instance *instance;
} Block;

/* Large blocks are mapped: zero without being touched, and on huge pages where the system has them. */
static char *map_block(size_t bytes, Block *block) {
  size_t mapped = bytes + HUGE_PAGE;
  char *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  block->mapped = memory;
  block->bytes = mapped;
  char *data = memory + (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
#if defined(MADV_HUGEPAGE)
  madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return data;
}

static char *allocate_block(size_t bytes, Block *block) {
  if (bytes >= 2 * HUGE_PAGE) return map_block(bytes, block);
  char *data = allocate_aligned(bytes ? bytes : 1);
  if (data) memset(data, 0, bytes);
  block->mapped = NULL;
  block->bytes = bytes;
  return data;
}

static void release(napi_env env, void *data, void *hint) {
  Block *block = hint;
  int64_t unused;
  stop_runs_with(block->instance, data);
  let_go(block->instance);
  napi_adjust_external_memory(env, -(int64_t)block->bytes, &unused);
  if (block->mapped) munmap(block->mapped, block->bytes);
  else free_aligned(data);
  free(block);
}

/* allocate(bytes): zeroed, 64-byte aligned ArrayBuffer, or undefined when there is no memory. */
static napi_value allocate(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result = NULL;
  double bytes;
  int64_t unused;
  CHECK(napi_get_cb_info(env, info, &count, &argument, NULL, NULL));
  CHECK(napi_get_value_double(env, argument, &bytes));
  Block *block = calloc(1, sizeof(Block));
  char *data = block && bytes < 9007199254740991.0 ? allocate_block((size_t)bytes, block) : NULL;
  if (!data) {
    free(block);
    return NULL;
  }
  napi_status status = napi_create_external_arraybuffer(env, data, (size_t)bytes, release, block, &result);
  if (status == napi_ok) {
    block->instance = hold_instance(env);
    napi_adjust_external_memory(env, (int64_t)block->bytes, &unused);
    return result;
  }
  /* A host that forbids external buffers gives memory of its own; kernels need no alignment. */
  if (block->mapped) munmap(block->mapped, block->bytes);
  else free_aligned(data);
  free(block);
  CHECK(napi_create_arraybuffer(env, (size_t)bytes, (void **)&data, &result));
  return result;
}

/* discard(buffer): the memory of its whole pages goes back at once, whoever has allocated them; the buffer must not be read again. */
static napi_value discard(napi_env env, napi_callback_info info) {
  size_t count = 1, bytes;
  napi_value argument;
  char *data;
  CHECK(napi_get_cb_info(env, info, &count, &argument, NULL, NULL));
  CHECK(napi_get_arraybuffer_info(env, argument, (void **)&data, &bytes));
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)data + page - 1) / page * page;
  uintptr_t to = ((uintptr_t)data + bytes) / page * page;
  if (to > from) madvise((void *)from, to - from, MADV_DONTNEED);
  return NULL;
}

/* trim(): gives back what has been freed and lies between what has not. */
static napi_value trim(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  return NULL;
}

/*
 * shareMemory(): all threads from now on take memory from one place. glibc gives each of them an own one, where what one has freed is of
 * no use to the others.
 */
static napi_value share_memory(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
#endif
  return NULL;
}

/* ---- programs ---- */

static void finalize_program(napi_env env, void *program, void *hint) {
  (void)env;
  (void)hint;
  free_program(program);
}

static bool float64_array(napi_env env, napi_value value, double **data, size_t *length) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, length, (void **)data, NULL, NULL) == napi_ok &&
         type == napi_float64_array;
}

/* The instruction set of that index, or null. */
static const InstructionSet *set_of(napi_env env, napi_value value) {
  uint32_t index;
  if (napi_get_value_uint32(env, value, &index) != napi_ok) return NULL;
  const InstructionSet *set = instruction_sets();
  for (; set->name; set++)
    if (index-- == 0) return set;
  return NULL;
}

/* compile(words: Float64Array, regionBytes: Float64Array, instructionSet: index): a program. */
static napi_value compile(napi_env env, napi_callback_info info) {
  size_t count = 3, words_count, regions;
  napi_value arguments[3], result;
  double *words, *bytes;
  CHECK(napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
  const InstructionSet *set = set_of(env, arguments[2]);
  if (!set || !float64_array(env, arguments[0], &words, &words_count) || !float64_array(env, arguments[1], &bytes, &regions))
    return fail(env, "Expected two Float64Arrays and the index of an instruction set");
  const char *error = NULL;
  Program *program = read_program(words, words_count, bytes, regions, set->kernels, &error);
  if (!program) return fail(env, error);
  CHECK(napi_create_external(env, program, finalize_program, NULL, &result));
  return result;
}

/* seconds(program): Float64Array with the time that each node has taken so far. */
static napi_value seconds(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, buffer, result;
  Program *program;
  double *data;
  CHECK(napi_get_cb_info(env, info, &count, &argument, NULL, NULL));
  CHECK(napi_get_value_external(env, argument, (void **)&program));
  CHECK(napi_create_arraybuffer(env, node_count(program) * sizeof(double), (void **)&data, &buffer));
  for (size_t i = 0; i < node_count(program); i++) data[i] = node_seconds(program, i);
  CHECK(napi_create_typedarray(env, napi_float64_array, node_count(program), buffer, 0, &result));
  return result;
}

/* ---- runs ---- */

typedef struct {
  Run run;
  Program *program;
  bool state_changed;
  char *regions[];
} ProgramRun;

/* On a thread of the pool. */
static void execute(Posted *posted) {
  ProgramRun *run = (ProgramRun *)posted;
  run->run.done = run_program(run->program, posted->threads, run->regions, run->state_changed);
}

static bool region_data(napi_env env, napi_value value, char **data, size_t *bytes) {
  static const size_t element[] = {[napi_uint8_array] = 1, [napi_float32_array] = 4, [napi_int32_array] = 4, [napi_uint32_array] = 4};
  bool is_buffer;
  if (napi_is_arraybuffer(env, value, &is_buffer) != napi_ok) return false;
  if (is_buffer) return napi_get_arraybuffer_info(env, value, (void **)data, bytes) == napi_ok;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, bytes, (void **)data, NULL, NULL) != napi_ok) return false;
  if (type >= sizeof(element) / sizeof(*element) || !element[type]) return false;
  *bytes *= element[type];
  return true;
}

/* Finds the memory of each region; false when one is missing or smaller than the program needs. */
static bool find_regions(napi_env env, napi_value array, ProgramRun *run) {
  for (uint32_t i = 0; i < given_count(run->program); i++) {
    napi_value region;
    size_t bytes;
    if (napi_get_element(env, array, i, &region) != napi_ok || !region_data(env, region, &run->regions[i], &bytes)) return false;
    if (bytes < given_bytes(run->program, i)) return false;
  }
  return true;
}

/* Neither the program nor its regions may be collected meanwhile. */
static bool keep(napi_env env, napi_value program, napi_value regions, napi_value *kept) {
  return napi_create_array_with_length(env, 2, kept) == napi_ok && napi_set_element(env, *kept, 0, program) == napi_ok &&
         napi_set_element(env, *kept, 1, regions) == napi_ok;
}

/*
 * run(program, threads, regions, stateChanged): a promise of true, or false when scratch memory lacked. `regions` holds
 * the state, the work and the inputs, and must not change until then.
 */
static napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4], kept, promise;
  Program *program;
  uint32_t threads;
  bool state_changed;
  CHECK(napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
  CHECK(napi_get_value_external(env, arguments[0], (void **)&program));
  CHECK(napi_get_value_uint32(env, arguments[1], &threads));
  CHECK(napi_get_value_bool(env, arguments[3], &state_changed));
  ProgramRun *run = calloc(1, sizeof(ProgramRun) + given_count(program) * sizeof(char *));
  if (!run) return fail(env, "no memory for a run");
  run->run.posted = (Posted){.threads = (int)threads, .work = execute};
  run->run.arrays = (const void **)run->regions;
  run->run.count = given_count(program);
  run->program = program;
  run->state_changed = state_changed;
  if (!find_regions(env, arguments[2], run)) {
    free(run);
    return fail(env, "Expected an array for each region of the program, as long as it needs");
  }
  if (keep(env, arguments[0], arguments[2], &kept) && start_run(env, &run->run, kept, &promise)) return promise;
  free(run);
  return fail(env, "the run could not be queued");
}

/* ---- the module ---- */

static bool set_text(napi_env env, napi_value object, const char *key, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
         napi_set_named_property(env, object, key, value) == napi_ok;
}

/* [{ name, title }] */
static napi_value list_instruction_sets(napi_env env) {
  napi_value list, entry;
  CHECK(napi_create_array(env, &list));
  const InstructionSet *set = instruction_sets();
  for (uint32_t i = 0; set[i].name; i++) {
    CHECK(napi_create_object(env, &entry));
    if (!set_text(env, entry, "name", set[i].name) || !set_text(env, entry, "title", set[i].title)) return NULL;
    CHECK(napi_set_element(env, list, i, entry));
  }
  return list;
}

static napi_value list_kernels(napi_env env) {
  napi_value list, name;
  CHECK(napi_create_array(env, &list));
  const Kernel *kernels = instruction_sets()->kernels;
  for (uint32_t i = 0; kernels[i].name; i++) {
    CHECK(napi_create_string_utf8(env, kernels[i].name, NAPI_AUTO_LENGTH, &name));
    CHECK(napi_set_element(env, list, i, name));
  }
  return list;
}

/*
 * By itself glibc keeps up to 64 MB of what has been freed for each thread that decodes pictures: training peaked 120 MB higher. All
 * mapped and given back at once, a first pass over 222 photos spends a third more time in the kernel than with one heap that keeps 1 MB.
 */
static void keep_freed_memory_small(void) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}

NAPI_MODULE_INIT() {
  keep_freed_memory_small();
  if (!create_instance(env)) return fail(env, "the native addon could not be set up");
  napi_property_descriptor properties[] = {
      {"allocate", NULL, allocate, NULL, NULL, NULL, napi_enumerable, NULL},
      {"discard", NULL, discard, NULL, NULL, NULL, napi_enumerable, NULL},
      {"shareMemory", NULL, share_memory, NULL, NULL, NULL, napi_enumerable, NULL},
      {"trim", NULL, trim, NULL, NULL, NULL, napi_enumerable, NULL},
      {"compile", NULL, compile, NULL, NULL, NULL, napi_enumerable, NULL},
      {"augment", NULL, augment, NULL, NULL, NULL, napi_enumerable, NULL},
      {"prepareAll", NULL, prepare_all, NULL, NULL, NULL, napi_enumerable, NULL},
      {"prepare", NULL, prepare, NULL, NULL, NULL, napi_enumerable, NULL},
      {"useLibvips", NULL, use_libvips, NULL, NULL, NULL, napi_enumerable, NULL},
      {"headOfJpeg", NULL, head_of_jpeg, NULL, NULL, NULL, napi_enumerable, NULL},
      {"takeJpeg", NULL, take_jpeg, NULL, NULL, NULL, napi_enumerable, NULL},
      {"run", NULL, run, NULL, NULL, NULL, napi_enumerable, NULL},
      {"seconds", NULL, seconds, NULL, NULL, NULL, napi_enumerable, NULL},
      {"kernels", NULL, NULL, NULL, NULL, list_kernels(env), napi_enumerable, NULL},
      {"instructionSets", NULL, NULL, NULL, NULL, list_instruction_sets(env), napi_enumerable, NULL},
  };
  CHECK(napi_define_properties(env, exports, sizeof(properties) / sizeof(*properties), properties));
  return exports;
}
