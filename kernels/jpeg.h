#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fingerprint.h"
#include "libvips.h"
#include "picture-rows.h"

/* What the head of a JPEG says. Sizes are those that it has when it is divided by `shrink`, before it is turned upright. */
typedef struct {
  int32_t height, width;
  int32_t bands;          /* 1 or 3 */
  int32_t turned;         /* by EXIF, so that upright it may be another picture */
  int32_t sideways;       /* upright, height and width change places */
  int32_t progressive;    /* all its coefficients are in memory before the first row comes out */
  int32_t halved;         /* its colours are stored at half the size both ways (4:2:0) */
  int32_t profiled;       /* has a colour profile */
} JpegHead;

enum { JPEG_FACTS = sizeof(JpegHead) / sizeof(int32_t) };

/* False for what is not read here: other colours than grey and RGB, and what is damaged. `shrink` is 1, 2, 4 or 8. */
bool read_jpeg_head(const Libvips *vips, const uint8_t *bytes, size_t length, int shrink, JpegHead *head);

/* The rows of a JPEG, upright, as they come out of the decoder: only those still wanted are held. */
typedef struct {
  PictureRows rows;
  int64_t height, width, channels; /* `channels` are what rows are made of: 3, or 1 for grey */
  const Libvips *vips;
  void *image, *region;
  int64_t bands;      /* what the decoder gives */
  uint8_t *window;    /* rows from `first` to `end` */
  int64_t capacity, first, end;
  Fingerprint *fingerprint; /* sees every row, where there is one */
} JpegRows;

/* False when it cannot be read here. What has been opened must be closed. */
bool open_jpeg(const Libvips *vips, const uint8_t *bytes, size_t length, int shrink, int64_t channels, JpegRows *jpeg);

/* Decodes what nobody has asked for, so that damage shows there too; false where it does. */
bool finish_jpeg(JpegRows *jpeg);

void close_jpeg(JpegRows *jpeg);
