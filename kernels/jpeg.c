#include "jpeg.h"

#include <stdlib.h>
#include <string.h>

/* Rows are decoded so many at a time: a row of the largest blocks of a JPEG, colours being halved. */
enum { STRIP = 16 };

/* As sharp does it with `failOn: "error"`: cut-short files fail, what every viewer forgives does not. */
static void *load(const Libvips *vips, const uint8_t *bytes, size_t length, int shrink) {
  void *image = NULL;
  if (vips->jpegload_buffer((void *)bytes, length, &image, "access", ACCESS_SEQUENTIAL, "fail_on", FAIL_ON_ERROR, "shrink", shrink,
                            (void *)NULL) != 0) {
    vips->clear_error();
    return NULL;
  }
  return image;
}

static bool is_readable(const Libvips *vips, const void *image) {
  int bands = vips->bands(image), interpretation = vips->interpretation(image);
  if (vips->format(image) != FORMAT_UCHAR) return false;
  return (bands == 3 && interpretation == INTERPRETATION_SRGB) || (bands == 1 && interpretation == INTERPRETATION_GREY);
}

static bool is_progressive(const Libvips *vips, const void *image) {
  int multiscan = 0;
  return vips->has(image, "jpeg-multiscan") && vips->get_int(image, "jpeg-multiscan", &multiscan) == 0 && multiscan != 0;
}

static bool are_colours_halved(const Libvips *vips, const void *image) {
  const char *name;
  return vips->has(image, "jpeg-chroma-subsample") && vips->get_string(image, "jpeg-chroma-subsample", &name) == 0 &&
         strcmp(name, "4:2:0") == 0;
}

bool read_jpeg_head(const Libvips *vips, const uint8_t *bytes, size_t length, int shrink, JpegHead *head) {
  void *image = load(vips, bytes, length, shrink);
  if (!image) return false;
  bool readable = is_readable(vips, image);
  int orientation = vips->orientation(image);
  *head = (JpegHead){
      .height = vips->height(image),
      .width = vips->width(image),
      .bands = vips->bands(image),
      .turned = orientation > 1,
      .sideways = orientation > 4,
      .progressive = is_progressive(vips, image),
      .halved = are_colours_halved(vips, image),
      .profiled = vips->has(image, "icc-profile-data") != 0,
  };
  vips->unref(image);
  return readable;
}

/* ---- rows ---- */

/* Pillow's luma; see src/data/colour.ts. */
static void take_grey(const uint8_t *rgb, int64_t count, uint8_t *grey) {
  for (int64_t i = 0; i < count; i++, rgb += 3)
    grey[i] = (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

static void triple(const uint8_t *grey, int64_t count, uint8_t *rgb) {
  for (int64_t i = 0; i < count; i++, rgb += 3) rgb[0] = rgb[1] = rgb[2] = grey[i];
}

/* Room for `more` rows behind those of the window, after those before `oldest` have left it. */
static bool make_room(JpegRows *jpeg, int64_t more, int64_t oldest) {
  size_t row_bytes = (size_t)(jpeg->width * jpeg->channels);
  int64_t gone = (oldest < jpeg->end ? oldest : jpeg->end) - jpeg->first;
  if (gone > 0) {
    memmove(jpeg->window, jpeg->window + (size_t)gone * row_bytes, (size_t)(jpeg->end - jpeg->first - gone) * row_bytes);
    jpeg->first += gone;
  }
  int64_t needed = jpeg->end - jpeg->first + more;
  if (needed <= jpeg->capacity) return true;
  uint8_t *window = realloc(jpeg->window, (size_t)needed * row_bytes);
  if (!window) return false;
  jpeg->window = window;
  jpeg->capacity = needed;
  return true;
}

static void take_strip(JpegRows *jpeg, const uint8_t *strip, int64_t rows) {
  int64_t count = rows * jpeg->width;
  uint8_t *to = jpeg->window + (jpeg->end - jpeg->first) * jpeg->width * jpeg->channels;
  if (jpeg->bands == jpeg->channels) memcpy(to, strip, (size_t)(count * jpeg->bands));
  else if (jpeg->channels == 1) take_grey(strip, count, to);
  else triple(strip, count, to);
  for (int64_t y = 0; jpeg->fingerprint && y < rows; y++) add_row(jpeg->fingerprint, strip + y * jpeg->width * jpeg->bands);
}

static bool decode_strip(JpegRows *jpeg, int64_t oldest) {
  int64_t rows = jpeg->height - jpeg->end < STRIP ? jpeg->height - jpeg->end : STRIP;
  size_t length = 0;
  if (!make_room(jpeg, rows, oldest)) return false;
  uint8_t *strip = jpeg->vips->fetch(jpeg->region, 0, (int)jpeg->end, (int)jpeg->width, (int)rows, &length);
  bool whole = strip && length == (size_t)(rows * jpeg->width * jpeg->bands);
  if (whole) {
    take_strip(jpeg, strip, rows);
    jpeg->end += rows;
  }
  jpeg->vips->free(strip);
  return whole;
}

static const uint8_t *row_of(PictureRows *rows, int64_t y, int64_t oldest) {
  JpegRows *jpeg = (JpegRows *)rows;
  if (y < jpeg->first || y >= jpeg->height) return NULL;
  while (y >= jpeg->end)
    if (!decode_strip(jpeg, oldest)) return NULL;
  return jpeg->window + (y - jpeg->first) * jpeg->width * jpeg->channels;
}

/* Turning needs all of the picture at once. */
static bool turn_upright(JpegRows *jpeg) {
  void *whole = jpeg->vips->copy_memory(jpeg->image), *upright = NULL;
  if (!whole) return false;
  jpeg->vips->unref(jpeg->image);
  jpeg->image = whole;
  if (jpeg->vips->autorot(whole, &upright, (void *)NULL) != 0) return false;
  jpeg->vips->unref(whole);
  jpeg->image = upright;
  return true;
}

bool open_jpeg(const Libvips *vips, const uint8_t *bytes, size_t length, int shrink, int64_t channels, JpegRows *jpeg) {
  *jpeg = (JpegRows){.rows = {row_of}, .vips = vips, .channels = channels, .image = load(vips, bytes, length, shrink)};
  if (!jpeg->image || !is_readable(vips, jpeg->image)) return false;
  if (vips->orientation(jpeg->image) > 1 && !turn_upright(jpeg)) return false;
  jpeg->region = vips->new_region(jpeg->image);
  jpeg->bands = vips->bands(jpeg->image);
  jpeg->height = vips->height(jpeg->image);
  jpeg->width = vips->width(jpeg->image);
  return jpeg->region != NULL;
}

bool finish_jpeg(JpegRows *jpeg) {
  while (jpeg->end < jpeg->height)
    if (!decode_strip(jpeg, jpeg->end)) return false;
  return true;
}

void close_jpeg(JpegRows *jpeg) {
  if (jpeg->region) jpeg->vips->unref(jpeg->region);
  if (jpeg->image) jpeg->vips->unref(jpeg->image);
  free(jpeg->window);
  jpeg->vips->clear_error();
}
