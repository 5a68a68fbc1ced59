#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { GREY_SIDE = 32 };

/* A fingerprint in the making: the picture is shown to it row by row, from the top. See src/data/duplicates/fingerprint.ts. */
typedef struct Fingerprint Fingerprint;

/* Of a picture of this size, of one or three channels; null when there is no memory. */
Fingerprint *begin_fingerprint(int64_t height, int64_t width, int64_t channels);

/* The next row, [width][channels] bytes. */
void add_row(Fingerprint *fingerprint, const uint8_t *row);

/* Writes GREY_SIDE * GREY_SIDE bytes when all rows have been added, and frees it. */
void end_fingerprint(Fingerprint *fingerprint, uint8_t *grey);
