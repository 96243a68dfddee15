/* lanes.h - exp, log, tanh and sigmoid without branches, so that a loop over them becomes vector code.
 *
 * exp(x) = 2^n exp(r), |r| <= log(2)/2, by its series; log(x) = n log 2 + 2 artanh((f - 1)/(f + 1)), f in [0.7, 1.42), by its. */
#ifndef LANES_H
#define LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float least_f(float a, float b) { return a < b ? a : b; }
static inline float most_f(float a, float b) { return a > b ? a : b; }

static inline float exp_f(float x) {
    x = most_f(least_f(x, 88), -87);
    const float shift = 12582912.0f;                         /* 1.5*2^23: adding it rounds to a whole number */
    const float n = (x*1.44269504f + shift) - shift;
    const float r = (x - n*0.693359375f) - n*-2.12194440e-4f;
    float p = 1.0f/5040;
    p = p*r + 1.0f/720; p = p*r + 1.0f/120; p = p*r + 1.0f/24; p = p*r + 1.0f/6; p = p*r + 0.5f; p = p*r + 1; p = p*r + 1;
    const int32_t bits = ((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, 4);
    return p*power;
}
static inline float log_f(float x) {                         /* of x > 0, not subnormal */
    int32_t bits;
    memcpy(&bits, &x, 4);
    const int32_t n = (bits - 0x3f3504f3) >> 23;             /* 0x3f3504f3: sqrt(1/2) */
    bits -= n << 23;
    float f;
    memcpy(&f, &bits, 4);
    const float s = (f - 1)/(f + 1), q = s*s;
    return (float)n*0.69314718f + 2*s*(1 + q*(1.0f/3 + q*(1.0f/5 + q*(1.0f/7 + q/9))));
}
static inline float sigmoid_f(float x) { return 1/(1 + exp_f(-x)); }
static inline float tanh_f(float x) { return 1 - 2/(1 + exp_f(2*x)); }

/* erf(x) where e = exp(-x^2), within 1.5e-7 (Abramowitz and Stegun 7.1.26). */
static inline float erf_f(float x, float e) {
    const float t = 1/(1 + 0.3275911f*fabsf(x));
    const float y = 1 - t*(0.254829592f + t*(-0.284496736f + t*(1.421413741f + t*(-1.453152027f + t*1.061405429f))))*e;
    return x < 0 ? -y : y;
}

static inline double exp_d(double x) {
    x = x < 700 ? x : 700;
    x = x > -700 ? x : -700;
    const double shift = 6755399441055744.0;                 /* 1.5*2^52 */
    const double moved = x*1.4426950408889634 + shift, n = moved - shift;
    const double r = (x - n*6.93145751953125e-1) - n*1.42860682030941723212e-6;
    double p = 1/6227020800.0;
    p = p*r + 1/479001600.0; p = p*r + 1/39916800.0; p = p*r + 1/3628800.0; p = p*r + 1/362880.0; p = p*r + 1/40320.0;
    p = p*r + 1/5040.0; p = p*r + 1/720.0; p = p*r + 1/120.0; p = p*r + 1/24.0; p = p*r + 1/6.0; p = p*r + 0.5;
    p = p*r + 1; p = p*r + 1;
    int64_t bits;
    memcpy(&bits, &moved, 8);
    bits = (bits + 1023) << 52;                              /* n is in the last bits of `moved` */
    double power;
    memcpy(&power, &bits, 8);
    return p*power;
}
static inline double log_d(double x) {
    int64_t bits;
    memcpy(&bits, &x, 8);
    const int64_t n = (bits - 0x3fe6a09e667f3bcd) >> 52;
    bits -= n*((int64_t)1 << 52);
    double f;
    memcpy(&f, &bits, 8);
    const double s = (f - 1)/(f + 1), q = s*s;
    double p = 1/21.0;
    p = p*q + 1/19.0; p = p*q + 1/17.0; p = p*q + 1/15.0; p = p*q + 1/13.0; p = p*q + 1/11.0; p = p*q + 1/9.0; p = p*q + 1/7.0;
    p = p*q + 1/5.0; p = p*q + 1/3.0;
    return (double)n*0.69314718055994530942 + 2*s*(1 + q*p);
}
static inline double sigmoid_d(double x) { return 1/(1 + exp_d(-x)); }
static inline double tanh_d(double x) { return 1 - 2/(1 + exp_d(2*x)); }

#endif
