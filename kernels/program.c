#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "program.h"

#include <stdlib.h>
#include <time.h>

#include "threads.h"

/* Up to here a double counts whole numbers. */
static const int64_t MOST = 9007199254740991;

typedef struct {
  size_t region, offset; /* bytes */
} Place;

typedef struct {
  const Kernel *kernel;
  Call call;
  double seconds;
  bool constant; /* writes constants only */
  void *kept;    /* see `kept` */
  size_t kept_bytes;
} Node;

struct Program {
  size_t nodes, tensors, regions;
  Node *node;
  Tensor *tensor;
  Place *place; /* of each tensor */
  double *attribute;
  size_t *region_bytes;
  char *constants;
  bool settled; /* the constants are those of the state of the last run */
  bool skipping; /* the run under way leaves them as they are */
  bool training; /* the program writes the state */
};

/* What the run that holds the thread pool is at. */
static struct {
  const Program *program;
  Node *node;
} running;

/* What is left of the words. */
typedef struct {
  const double *next, *end;
  bool broken;
} Words;

static double take(Words *words) {
  if (words->next < words->end) return *words->next++;
  words->broken = true;
  return 0;
}

static size_t take_size(Words *words) {
  double value = take(words);
  if (!(value >= 0 && value <= (double)MOST)) words->broken = true;
  return words->broken ? 0 : (size_t)value;
}

static size_t element_bytes(DType dtype) { return dtype == UINT8 ? 1 : 4; }

static void read_tensor(Words *words, Program *program) {
  Tensor *tensor = &program->tensor[program->tensors];
  Place *place = &program->place[program->tensors++];
  *place = (Place){take_size(words), take_size(words)};
  size_t dtype = take_size(words), rank = take_size(words);
  if (place->region >= program->regions || dtype > UINT32 || rank > MAX_RANK) words->broken = true;
  if (words->broken) return;
  *tensor = (Tensor){.dtype = (DType)dtype, .rank = (int32_t)rank, .count = 1};
  for (size_t i = 0; i < rank; i++) {
    int64_t length = tensor->shape[i] = (int64_t)take_size(words);
    if (length && tensor->count > MOST / length) words->broken = true;
    else tensor->count *= length;
  }
  uint64_t bytes = (uint64_t)tensor->count * element_bytes(tensor->dtype) + place->offset;
  if (bytes > program->region_bytes[place->region]) words->broken = true;
}

static void read_node(Words *words, Program *program, const Kernel *kernels, size_t known, double **attribute) {
  Node *node = &program->node[program->nodes];
  size_t kernel = take_size(words), inputs = take_size(words), outputs = take_size(words), attributes = take_size(words);
  if (kernel >= known || inputs + outputs + attributes > (size_t)(words->end - words->next)) words->broken = true;
  if (words->broken) return;
  program->nodes++;
  node->kernel = &kernels[kernel];
  node->call.inputs = &program->tensor[program->tensors];
  node->call.outputs = node->call.inputs + inputs;
  node->call.attributes = *attribute;
  for (size_t i = 0; i < inputs + outputs && !words->broken; i++) read_tensor(words, program);
  for (size_t i = 0; i < attributes; i++) *(*attribute)++ = take(words);
  if (words->broken) return;
  node->constant = outputs > 0;
  for (size_t i = 1; i <= outputs; i++) {
    size_t region = program->place[program->tensors - i].region;
    node->constant &= region == CONSTANTS;
    program->training |= region == STATE;
  }
}

static size_t kernel_count(const Kernel *kernels) {
  size_t count = 0;
  while (kernels[count].name) count++;
  return count;
}

/* Room for as many nodes, tensors and attributes as `count` words can describe. */
static Program *allocate_program(size_t count, size_t regions) {
  Program *program = calloc(1, sizeof(Program));
  if (!program) return NULL;
  program->regions = regions;
  program->node = calloc(count / 4 + 1, sizeof(Node));
  program->tensor = calloc(count / 4 + 1, sizeof(Tensor));
  program->place = calloc(count / 4 + 1, sizeof(Place));
  program->attribute = calloc(count + 1, sizeof(double));
  program->region_bytes = calloc(regions + 1, sizeof(size_t));
  if (program->node && program->tensor && program->place && program->attribute && program->region_bytes) return program;
  free_program(program);
  return NULL;
}

static bool take_regions(Program *program, const double *region_bytes) {
  for (size_t i = 0; i < program->regions; i++) {
    if (region_bytes[i] >= (double)SIZE_MAX) return false; /* where addresses have 32 bits */
    program->region_bytes[i] = (size_t)region_bytes[i];
  }
  program->constants = program->regions < FIRST_INPUT ? NULL : allocate_aligned(program->region_bytes[CONSTANTS] + 1);
  return program->constants != NULL;
}

Program *read_program(const double *words, size_t count, const double *region_bytes, size_t regions,
                      const Kernel *kernels, const char **error) {
  Program *program = allocate_program(count, regions);
  if (!program || !take_regions(program, region_bytes)) {
    if (program) free_program(program);
    *error = "no memory for the program";
    return NULL;
  }
  Words left = {words, words + count, false};
  double *attribute = program->attribute;
  size_t known = kernel_count(kernels);
  while (left.next < left.end && !left.broken) read_node(&left, program, kernels, known, &attribute);
  if (!left.broken) return program;
  *error = "the program names an unknown kernel, a tensor outside of its region, or ends too soon";
  free_program(program);
  return NULL;
}

void free_program(Program *program) {
  for (size_t i = 0; program->node && i < program->nodes; i++) free_aligned(program->node[i].kept);
  free(program->node);
  free(program->tensor);
  free(program->place);
  free(program->attribute);
  free(program->region_bytes);
  free_aligned(program->constants);
  free(program);
}

size_t given_count(const Program *program) { return program->regions - STATE; }

size_t given_bytes(const Program *program, size_t index) { return program->region_bytes[STATE + index]; }

size_t node_count(const Program *program) { return program->nodes; }

double node_seconds(const Program *program, size_t node) { return program->node[node].seconds; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Whether a tensor's values change from run to run only when the caller says that the state has. */
static bool is_weight(const Program *program, const Tensor *tensor) {
  size_t region = program->place[tensor - program->tensor].region;
  return !program->training && (region == STATE || region == CONSTANTS);
}

void *kept(const Call *call, int first_input, size_t bytes, bool *filled) {
  Node *node = running.node;
  for (const Tensor *input = call->inputs + first_input; input < call->outputs; input++)
    if (!is_weight(running.program, input)) return NULL;
  *filled = running.program->skipping && node->kept_bytes == bytes;
  if (*filled) return node->kept;
  void *before = node->kept;
  node->kept = NULL; /* also where the host ends this thread in what follows */
  node->kept_bytes = 0;
  free_aligned(before);
  node->kept = running.program->skipping ? allocate_aligned(bytes) : NULL; /* a state that has just changed may change again */
  node->kept_bytes = node->kept ? bytes : 0;
  return node->kept;
}

static void find_tensors(Program *program, char *const *given) {
  for (size_t i = 0; i < program->tensors; i++) {
    Place place = program->place[i];
    program->tensor[i].data = (place.region == CONSTANTS ? program->constants : given[place.region - STATE]) + place.offset;
  }
}

bool run_part(Program *program, int threads, char *const *given, bool state_changed, size_t first, size_t end) {
  begin_run(threads);
  find_tensors(program, given);
  if (first == 0) program->skipping = program->settled && !state_changed;
  program->settled = false; /* unless all goes well */
  bool done = true;
  double start = now();
  for (size_t i = first; i < end && done; i++) {
    Node *node = &program->node[i];
    if (program->skipping && node->constant) continue;
    running.program = program;
    running.node = node;
    done = node->kernel->run(&node->call);
    double finish = now();
    node->seconds += finish - start;
    start = finish;
  }
  program->settled = done && end == program->nodes;
  end_run();
  return done;
}

bool run_program(Program *program, int threads, char *const *given, bool state_changed) {
  return run_part(program, threads, given, state_changed, 0, program->nodes);
}
