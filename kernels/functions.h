/*
 * exp, log(1 + x), tanh and erfc on vectors, to 2 units in the last place (erfc to 9, between 0.5 and 1, where it is a
 * difference); coefficients as in Cephes (Moshier 1989),
 * made for float32.
 */
#pragma once

#include "vector.h"

/* Nearest integer, for |x| below 2^22: adding 1.5 * 2^23 leaves no room for a fraction. */
INLINE Vector round_vector(Vector x) {
  const float shift = 12582912.0f;
  Vector shifted = x + shift;
  OPAQUE_VECTOR(shifted);
  return shifted - shift;
}

/* 2^n for whole n from -126 to 127. */
INLINE Vector power_of_two(Integers n) { return (Vector)((n + 127) << 23); }

/* p * 2^n for whole n from -150 to 128, rounded once. Where n is not a number, p is not either. */
INLINE Vector scale_by_power(Vector p, Vector n) {
#if WIDTH == 16
  return (Vector)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
  Integers whole = truncate_vector(choose(n == n, n, splat(0)));
  Integers half = whole >> 1; /* in two steps, since 2^128 and 2^-149 are no normal float32 */
  return p * power_of_two(half) * power_of_two(whole - half);
#endif
}

/* e^x; what is too small for a float32 becomes 0 through its denormals, what is too large infinity. */
INLINE Vector exp_vector(Vector x) {
  x = larger(splat(-104.0f), x);
  x = choose(x > 89.0f, splat(89.0f), x);
  Vector n = round_vector(x * 1.44269504088896341f);
  Vector r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return scale_by_power(p * r * r + r + 1.0f, n);
}

/* log(1 + x) for x from 0 to 1. */
INLINE Vector log1p_vector(Vector x) {
  Vector u = x + 1.0f;
  OPAQUE_VECTOR(u);
  Vector lost = x - (u - 1.0f); /* what the sum rounded away */
  Integers high = u > 1.41421356f;
  Vector m = choose(high, u * 0.5f, u) - 1.0f;
  Vector e = choose(high, splat(1.0f), splat(0));
  Vector p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  Vector square = m * m;
  Vector y = p * m * square + e * -2.12194440e-4f - 0.5f * square + lost / u;
  return m + y + e * 0.693359375f;
}

INLINE Vector absolute(Vector x) { return (Vector)((Integers)x & 0x7fffffff); }

INLINE Vector with_sign_of(Vector magnitude, Vector x) {
  return (Vector)((Integers)magnitude | ((Integers)x & (int32_t)0x80000000));
}

INLINE Vector tanh_vector(Vector x) {
  Vector a = absolute(x);
  Vector z = x * x;
  Vector p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  p = p * z * x + x;
  Vector large = 1.0f - 2.0f / (exp_vector(a + a) + 1.0f);
  return choose(a > 0.625f, with_sign_of(large, x), p);
}

INLINE Vector sigmoid_vector(Vector x) { return 1.0f / (1.0f + exp_vector(-x)); }

/* The polynomial with these coefficients, the highest power first. */
#define POLYNOMIAL(x, ...)                                                                                              \
  polynomial(x, (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float))

INLINE Vector polynomial(Vector x, const float *coefficients, unsigned long count) {
  Vector p = splat(coefficients[0]);
  for (unsigned long i = 1; i < count; i++) p = multiply_add(p, x, splat(coefficients[i]));
  return p;
}

/* 1 - erf(x), which keeps its digits where that is small: its square is split, so that e^-x² does too. */
INLINE Vector erfc_vector(Vector x) {
  Vector a = absolute(x), z = x * x;
  a = choose(a > 11.0f, splat(11), a); /* beyond, it is 0 or 2 */
  Vector near = 1.0f - x * POLYNOMIAL(z, 7.853861353153693e-5f, -8.010193625184903e-4f, 5.188327685732524e-3f,
                                      -2.685381193529856e-2f, 1.128358514861418e-1f, -3.761262582423300e-1f,
                                      1.128379165726710f);
  Vector high = (Vector)((Integers)a & (int32_t)0xfffff000);
  Vector e = exp_vector(-high * high) * exp_vector((high - a) * (high + a)), q = 1.0f / a, y = q * q;
  Vector middle = POLYNOMIAL(y, 2.326819970068386e-2f, -1.387039388740657e-1f, 3.687424674597105e-1f,
                             -5.824733027278666e-1f, 6.210004621745983e-1f, -4.944515323274145e-1f,
                             3.404879937665872e-1f, -2.741127028184656e-1f, 5.638259427386472e-1f);
  Vector outer = POLYNOMIAL(y, -1.047766399936249e+1f, 1.297719955372516e+1f, -7.495518717768503f, 2.921019019210786f,
                            -1.015265279202700f, 4.218463358204948e-1f, -2.820767439740514e-1f, 5.641895067754075e-1f);
  Vector far = e * q * choose(a < 2.0f, middle, outer);
  far = choose(x < 0, 2.0f - far, far);
  return choose(a < 1.0f, near, far);
}
