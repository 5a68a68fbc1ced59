#pragma once

#include <node_api.h>

/*
 * prepare(pixels, target, sizes, scale, offset, rowRanges, rowWeights, columnRanges, columnWeights): false when there is no
 * memory. Sizes are those of Preparation, in its order. Without ranges it is bilinear.
 */
napi_value prepare(napi_env env, napi_callback_info info);

/*
 * prepareAll(threads, target, sources, preparations): a promise of true, or false when there was no memory. What `prepare` makes of each
 * source, by the arguments from `sizes` on that lie in an array, end to end in the target; a source without an array is floats that are
 * only copied. Until then the arrays must be left alone.
 */
napi_value prepare_all(napi_env env, napi_callback_info info);

/* useLibvips(path): whether JPEG can be read from now on; false where the library is missing or is another one. */
napi_value use_libvips(napi_env env, napi_callback_info info);

/* headOfJpeg(bytes, shrink): the facts of JpegHead in an Int32Array, undefined for what is not read here. */
napi_value head_of_jpeg(napi_env env, napi_callback_info info);

/*
 * takeJpeg(bytes, shrink, grey, target, sizes, scale, offset, …): a promise of true, or false where it cannot be read. The target is for
 * floats, as of `prepare`, whose arguments follow; or for the picture's own bytes. Both sizes are those of the upright picture. `grey`
 * is for its fingerprint, or undefined. Until then the arrays must be left alone.
 */
napi_value take_jpeg(napi_env env, napi_callback_info info);
