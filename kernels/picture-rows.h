#pragma once

#include <stdint.h>

/* A picture that is read from the top down, as [height][width][channels] bytes. */
typedef struct PictureRows PictureRows;
struct PictureRows {
  /* Row y; none before `oldest`, which only grows, is asked for again. Null where there is none. */
  const uint8_t *(*row)(PictureRows *rows, int64_t y, int64_t oldest);
};
