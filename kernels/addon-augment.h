#pragma once

#include <node_api.h>

/*
 * augment(images, height, width, channels, least, greatest, changes): a promise of true, or false when there was no memory. The images
 * are changed in place and must be left alone until then.
 */
napi_value augment(napi_env env, napi_callback_info info);
