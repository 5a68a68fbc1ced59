/* What kernels use of <math.h>: instructions, and functions that the host lends (src/backends/wasm/host-functions.ts). */
#pragma once

#define HOST(name) __attribute__((import_module("host"), import_name(#name)))

#define fabs __builtin_fabs
#define fabsf __builtin_fabsf
#define sqrt __builtin_sqrt
#define sqrtf __builtin_sqrtf

/* By names of their own: the compiler would take `exp` for its library's and lose whose it is. */
HOST(exp) double host_exp(double x);
HOST(log) double host_log(double x);
HOST(log1p) double host_log1p(double x);
#define exp host_exp
#define log host_log
#define log1p host_log1p
