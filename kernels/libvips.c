#define _DEFAULT_SOURCE /* RTLD_NOLOAD */
#include "libvips.h"

#include <dlfcn.h>
#include <string.h>

static Libvips found;
static bool ready;

/* In the order of the structure. */
static const char *const names[] = {
    "vips_version",
    "vips_jpegload_buffer",
    "vips_autorot",
    "vips_image_copy_memory",
    "vips_image_get_width",
    "vips_image_get_height",
    "vips_image_get_bands",
    "vips_image_get_format",
    "vips_image_get_interpretation",
    "vips_image_get_orientation",
    "vips_image_get_typeof",
    "vips_image_get_int",
    "vips_image_get_string",
    "vips_region_new",
    "vips_region_fetch",
    "g_object_unref",
    "g_free",
    "vips_error_clear",
    "vips_thread_shutdown",
};

enum { COUNT = sizeof(names) / sizeof(*names), VERSION = 8 };

_Static_assert(sizeof(Libvips) == COUNT * sizeof(void *), "a name for each function");

bool open_libvips(const char *path) {
  if (ready) return true;
  /* only where sharp has loaded that very file: a second copy would be one that nobody has set up */
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  if (!library) return false;
  void *functions[COUNT];
  for (size_t i = 0; i < COUNT; i++)
    if (!(functions[i] = dlsym(library, names[i]))) return false;
  memcpy(&found, functions, sizeof(found));
  return ready = found.version(0) == VERSION;
}

const Libvips *libvips(void) { return ready ? &found : NULL; }
