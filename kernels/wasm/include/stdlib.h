/* What kernels use of <stdlib.h>; see memory.c. */
#pragma once

#include <stddef.h>

void *calloc(size_t count, size_t bytes);
void free(void *memory);
