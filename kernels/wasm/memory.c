/*
 * The one linear memory, handed out in blocks: state, work and inputs for JavaScript, scratch and programs for the kernels.
 * Any thread may ask, the page's main thread too, which must not sleep: hence a spin lock around a few steps of a list.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../threads.h"
#include "wasm.h"

enum { UNIT = 64, PAGE = 65536 }; /* bytes: an alignment, a header, and what sizes are rounded up to */

/* Stands before each block; free ones are a list by address. */
typedef struct Block {
  uint64_t bytes; /* header included */
  struct Block *next;
} Block;

extern char __heap_base;

static atomic_flag busy = ATOMIC_FLAG_INIT;
static Block *free_blocks;
static uint64_t top; /* end of the highest block so far: from there on memory is zero */

static _Atomic uint32_t pages;  /* that the memory has been grown to */

void see_growth(void) {
  if (__builtin_wasm_memory_size(0) < atomic_load(&pages)) __builtin_wasm_memory_grow(0, 0);
}

static void lock(void) {
  while (atomic_flag_test_and_set(&busy)) {}
  see_growth();
}

static void unlock(void) { atomic_flag_clear(&busy); }

/* After the host has ended its workers, one of which may have held it. No loop is left, and so none ended, with the list half changed. */
EXPORT(unlock) void wasm_unlock(void) { unlock(); }

static Block *first_fit(uint64_t bytes) {
  for (Block **at = &free_blocks; *at; at = &(*at)->next) {
    Block *block = *at;
    if (block->bytes < bytes) continue;
    if (block->bytes - bytes <= UNIT) {
      *at = block->next;
      return block;
    }
    Block *rest = (Block *)((char *)block + bytes);
    *rest = (Block){block->bytes - bytes, block->next};
    block->bytes = bytes;
    *at = rest;
    return block;
  }
  return NULL;
}

/* A block behind the others, of pages that the memory may first have to grow by. */
static Block *extend(uint64_t bytes) {
  if (top == 0) top = ((uintptr_t)&__heap_base + UNIT - 1) / UNIT * UNIT;
  uint64_t size = (uint64_t)__builtin_wasm_memory_size(0) * PAGE, end = top + bytes;
  if (end > (uint64_t)UINT32_MAX) return NULL;
  if (end > size && __builtin_wasm_memory_grow(0, (end - size + PAGE - 1) / PAGE) == SIZE_MAX) return NULL;
  atomic_store(&pages, (uint32_t)__builtin_wasm_memory_size(0));
  Block *block = (Block *)(uintptr_t)top;
  block->bytes = bytes;
  top = end;
  return block;
}

/* Null when there is no memory. */
static void *take(uint64_t bytes, bool zeroed) {
  bytes = (bytes + 2 * UNIT - 1) / UNIT * UNIT;
  lock();
  Block *block = first_fit(bytes);
  bool used = block != NULL;
  if (!used) block = extend(bytes);
  unlock();
  if (!block) return NULL;
  char *data = (char *)block + UNIT;
  if (used && zeroed) memset(data, 0, (size_t)block->bytes - UNIT);
  return data;
}

static bool touch(const Block *a, const Block *b) { return a && b && (const char *)a + a->bytes == (const char *)b; }

static void join(Block *block) {
  block->bytes += block->next->bytes;
  block->next = block->next->next;
}

static void give_back(void *data) {
  Block *block = (Block *)((char *)data - UNIT), *before = NULL;
  lock();
  for (Block *next = free_blocks; next && next < block; next = next->next) before = next;
  Block **at = before ? &before->next : &free_blocks;
  block->next = *at;
  *at = block;
  if (touch(block, block->next)) join(block);
  if (touch(before, block)) join(before);
  unlock();
}

void *allocate_aligned(size_t bytes) { return take(bytes, false); }

void free_aligned(void *memory) {
  if (memory) give_back(memory);
}

void *calloc(size_t count, size_t bytes) { return take((uint64_t)count * bytes, true); }

void free(void *memory) { free_aligned(memory); }

/* Zeroed; `bytes` may be more than there can ever be. */
EXPORT(allocate) void *wasm_allocate(double bytes) { return bytes < UINT32_MAX ? take((uint64_t)bytes, true) : NULL; }

EXPORT(release) void wasm_release(void *memory) { free_aligned(memory); }
