#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The few functions of libvips that pictures are read with, found in the very library that sharp has brought and set up: its
 * C interface, which has kept since version 8.0. Images and regions are objects of GLib.
 * https://www.libvips.org/API/8.17/
 */
typedef struct {
  int (*version)(int which);
  int (*jpegload_buffer)(void *bytes, size_t length, void **image, ...);
  int (*autorot)(void *image, void **upright, ...);
  void *(*copy_memory)(void *image);
  int (*width)(const void *image);
  int (*height)(const void *image);
  int (*bands)(const void *image);
  int (*format)(const void *image);
  int (*interpretation)(const void *image);
  int (*orientation)(void *image);
  size_t (*has)(const void *image, const char *name);
  int (*get_int)(const void *image, const char *name, int *value);
  int (*get_string)(const void *image, const char *name, const char **value);
  void *(*new_region)(void *image);
  unsigned char *(*fetch)(void *region, int left, int top, int width, int height, size_t *length);
  void (*unref)(void *object);
  void (*free)(void *memory);
  void (*clear_error)(void);
  void (*end_thread)(void);
} Libvips;

/* VipsFormat, VipsInterpretation, VipsAccess, VipsFailOn */
enum { FORMAT_UCHAR = 0, INTERPRETATION_GREY = 1, INTERPRETATION_SRGB = 22, ACCESS_SEQUENTIAL = 1, FAIL_ON_ERROR = 2 };

/* Finds them in the library at a path; false where that is not loaded, or is another one. */
bool open_libvips(const char *path);

/* Null until it has been opened. */
const Libvips *libvips(void);
