/* What the host calls, src/backends/wasm/kernels.ts. */
#pragma once

#define EXPORT(name) __attribute__((export_name(#name)))
