/* bp_math.h - the elementary functions that generated loops call, in double (bp_NAME) and float (bp_NAMEf).
 *
 * All are static inline.  Those before the section `bp_floordiv` are branch-free: arithmetic, selects between values
 * that are computed anyway, and integer operations on the bits, so that gcc and clang vectorise a loop of them under
 * `#pragma omp simd` at -O3.  They read no table, call no library function and need no fused multiply-add, whose use
 * by the compiler (-mfma, -ffp-contract=fast) changes no more than the last bit.  -ffast-math breaks them: they depend
 * on the order of additions and on nan.
 *
 * Largest errors, in units of the last place of the true result, are measured by tests/runtime/test_math.c against
 * MPFR over all exponents, subnormal arguments and the special values: at most 2 in double and 3 in float.
 * Exceptions: sin, cos, tan reduce their argument with no more than 2^30 quarter turns; beyond |x| = 2^30
 * (1,073,741,824) they are nan, and bp_sin_huge and its like, which call the C library, are there for such arguments.
 * lgamma is the C library's, in long double.  digamma and polygamma lose relative (not absolute) precision next to their zeros below 0.
 *
 * The polynomials are near-minimax, made by coefficients.py.  Methods are those of the literature: reduction by
 * Cody and Waite (Software Manual for the Elementary Functions, 1980), error-free sums and products by Dekker and Knuth,
 * as in Muller et al., Handbook of Floating-Point Arithmetic.
 *
 * The file is cut into sections, each a function that names the sections it needs, in an order in which everything comes
 * before its use; `bpc --standalone` copies what a model needs into its C. */
#ifndef BP_MATH_H
#define BP_MATH_H

/*@ prologue: */
#include <math.h>
#include <stdint.h>
#include <string.h>

/* 1.5 * 2^52 and 1.5 * 2^23: adding one rounds to a whole number, which then sits in the low bits of the sum. */
#define BP_SHIFT 6755399441055744.0
#define BP_SHIFTF 12582912.0f

/*@ bp_bits: */
/* The bits of a double as a number. */
static inline uint64_t bp_bits(double x) {
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/*@ bp_from_bits: */
static inline double bp_from_bits(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/*@ bp_bitsf: */
static inline uint32_t bp_bitsf(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/*@ bp_from_bitsf: */
static inline float bp_from_bitsf(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/*@ bp_abs: bp_bits bp_from_bits */
static inline double bp_abs(double x) { return bp_from_bits(bp_bits(x) & 0x7fffffffffffffffu); }

/*@ bp_absf: bp_bitsf bp_from_bitsf */
static inline float bp_absf(float x) { return bp_from_bitsf(bp_bitsf(x) & 0x7fffffffu); }

/*@ bp_with_sign: bp_bits bp_from_bits */
/* |x| with the sign of s. */
static inline double bp_with_sign(double x, double s) {
    return bp_from_bits((bp_bits(x) & 0x7fffffffffffffffu) | (bp_bits(s) & 0x8000000000000000u));
}

/*@ bp_with_signf: bp_bitsf bp_from_bitsf */
static inline float bp_with_signf(float x, float s) {
    return bp_from_bitsf((bp_bitsf(x) & 0x7fffffffu) | (bp_bitsf(s) & 0x80000000u));
}

/*@ bp_select: bp_bits bp_from_bits */
/* c ? a : b, where c is 0 or 1, on the bits: compilers may turn a conditional expression back into a branch that
 * computes only one side, and then do not vectorise it. */
static inline double bp_select(int c, double a, double b) {
    const uint64_t mask = (uint64_t)0 - (uint64_t)c;
    return bp_from_bits((bp_bits(a) & mask) | (bp_bits(b) & ~mask));
}

/*@ bp_selectf: bp_bitsf bp_from_bitsf */
static inline float bp_selectf(int c, float a, float b) {
    const uint32_t mask = (uint32_t)0 - (uint32_t)c;
    return bp_from_bitsf((bp_bitsf(a) & mask) | (bp_bitsf(b) & ~mask));
}

/*@ bp_clamp: bp_select */
/* x within [lo, hi]; nan stays nan. */
static inline double bp_clamp(double x, double lo, double hi) { return bp_select(x > hi, hi, bp_select(x < lo, lo, x)); }

/*@ bp_clampf: bp_selectf */
static inline float bp_clampf(float x, float lo, float hi) { return bp_selectf(x > hi, hi, bp_selectf(x < lo, lo, x)); }

/*@ bp_pow2: bp_bits bp_from_bits */
/* 2^k for a whole k in [-1022, 1023]. */
static inline double bp_pow2(double k) { return bp_from_bits(bp_bits(k + (BP_SHIFT + 1023.0)) << 52); }

/*@ bp_pow2f: bp_bitsf bp_from_bitsf */
/* 2^k for a whole k in [-126, 127]. */
static inline float bp_pow2f(float k) { return bp_from_bitsf(bp_bitsf(k + (BP_SHIFTF + 127.0f)) << 23); }

/*@ bp_scale: bp_pow2 */
/* x * 2^k for a whole k in [-2044, 2046], in two steps so that neither factor over- or underflows by itself; the first
 * product is exact as long as x is about 1, so that a subnormal result is rounded once. */
static inline double bp_scale(double x, double k) {
    const double half = (k * 0.5 + BP_SHIFT) - BP_SHIFT;
    return x * bp_pow2(half) * bp_pow2(k - half);
}

/*@ bp_scalef: bp_pow2f */
static inline float bp_scalef(float x, float k) {
    const float half = (k * 0.5f + BP_SHIFTF) - BP_SHIFTF;
    return x * bp_pow2f(half) * bp_pow2f(k - half);
}

/*@ bp_nearest: bp_abs bp_with_sign bp_select */
/* The nearest whole number, halves to even. */
static inline double bp_nearest(double x) {
    const double a = bp_abs(x);
    const double t = (a + 4503599627370496.0) - 4503599627370496.0;
    return bp_select(a < 4503599627370496.0, bp_with_sign(t, x), x);
}

/*@ bp_nearestf: bp_absf bp_with_signf bp_selectf */
static inline float bp_nearestf(float x) {
    const float a = bp_absf(x);
    const float t = (a + 8388608.0f) - 8388608.0f;
    return bp_selectf(a < 8388608.0f, bp_with_signf(t, x), x);
}

/*@ bp_round: bp_nearest */
static inline double bp_round(double x) { return bp_nearest(x); }

/*@ bp_roundf: bp_nearestf */
static inline float bp_roundf(float x) { return bp_nearestf(x); }

/*@ bp_floor: bp_with_sign bp_select bp_nearest */
static inline double bp_floor(double x) {
    const double t = bp_nearest(x);
    return bp_with_sign(t - bp_select(t > x, 1.0, 0.0), x);
}

/*@ bp_floorf: bp_with_signf bp_selectf bp_nearestf */
static inline float bp_floorf(float x) {
    const float t = bp_nearestf(x);
    return bp_with_signf(t - bp_selectf(t > x, 1.0f, 0.0f), x);
}

/*@ bp_ceil: bp_with_sign bp_select bp_nearest */
static inline double bp_ceil(double x) {
    const double t = bp_nearest(x);
    return bp_with_sign(t + bp_select(t < x, 1.0, 0.0), x);
}

/*@ bp_ceilf: bp_with_signf bp_selectf bp_nearestf */
static inline float bp_ceilf(float x) {
    const float t = bp_nearestf(x);
    return bp_with_signf(t + bp_selectf(t < x, 1.0f, 0.0f), x);
}

/*@ bp_sum2: */
/* a + b = *sum + *error exactly (Knuth). */
static inline void bp_sum2(double a, double b, double *sum, double *error) {
    const double s = a + b, bb = s - a;
    *error = (a - (s - bb)) + (b - bb);
    *sum = s;
}

/*@ bp_top: bp_bits bp_from_bits */
/* x cut to its leading 26 bits, so that the product of two of them is exact. */
static inline double bp_top(double x) { return bp_from_bits(bp_bits(x) & 0xfffffffff8000000u); }

/*@ bp_product2: bp_top */
/* a * b = *product + *error exactly but for underflow (Dekker).  Adding 0 makes the product a sum: else a compiler that
 * fuses could take the unrounded a * b where *product is used, which then does not go with *error. */
static inline void bp_product2(double a, double b, double *product, double *error) {
    const double p = a * b + 0.0, ah = bp_top(a), al = a - ah, bh = bp_top(b), bl = b - bh;
    *error = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
    *product = p;
}

/*@ bp_sqrt: bp_bits bp_from_bits bp_select bp_product2 */
/* Square root.  Where the C library's may set errno, compilers cannot vectorise it; then we compute it: an estimate of
 * 1/sqrt(x) from the bits, four Newton steps  r <- r*(3 - x*r*r)/2,  and a last one on the exact residual x - s*s.
 * Perfect squares come out exactly.  Arguments are scaled by 2^108 when small and 2^-54 when large, so that the
 * residual neither underflows nor overflows. */
static inline double bp_sqrt(double x) {
#ifdef __NO_MATH_ERRNO__
    return sqrt(x);
#else
    const int small = x<1.0e-250, large = x> 1.0e250;
    const double a = x * bp_select(small, 324518553658426726783156020576256.0, bp_select(large, 5.5511151231257827e-17, 1.0));
    double r = bp_from_bits(0x5fe6eb50c7b537a9u - (bp_bits(a) >> 1)), s, p, e;
    r = r * (1.5 - 0.5 * a * r * r);
    r = r * (1.5 - 0.5 * a * r * r);
    r = r * (1.5 - 0.5 * a * r * r);
    r = r * (1.5 - 0.5 * a * r * r);
    s = a * r;
    bp_product2(s, s, &p, &e);
    s = s + 0.5 * r * ((a - p) - e);
    s = s * bp_select(small, 5.5511151231257827e-17, bp_select(large, 134217728.0, 1.0));
    s = bp_select((x > 0.0) & (x <= 1.7976931348623157e308), s, x); /* 0, -0, inf and nan are their own roots */
    return bp_select(x < 0.0, bp_from_bits(0x7ff8000000000000u), s);
#endif
}

/*@ bp_sqrtf: bp_bits bp_from_bits bp_from_bitsf bp_selectf */
/* In double precision there is room enough for two Newton steps and a residual; the result is correctly rounded. */
static inline float bp_sqrtf(float x) {
#ifdef __NO_MATH_ERRNO__
    return sqrtf(x);
#else
    const double a = (double)x;
    double r = bp_from_bits(0x5fe6eb50c7b537a9u - (bp_bits(a) >> 1)), s;
    float y;
    r = r * (1.5 - 0.5 * a * r * r);
    r = r * (1.5 - 0.5 * a * r * r);
    r = r * (1.5 - 0.5 * a * r * r);
    s = a * r;
    s = s + 0.5 * r * (a - s * s);
    y = bp_selectf((x > 0.0f) & (x <= 3.402823466e38f), (float)s, x);
    return bp_selectf(x < 0.0f, bp_from_bitsf(0x7fc00000u), y);
#endif
}

/*@ bp_exp_scaled: bp_clamp bp_scale */
/* e^(x + c) * 2^shift for a small correction c.  x = k ln2 + r, |r| <= ln2/2, e^r = 1 + r + r^2 P(r).
 * Arguments are clamped to where the result is 0 or infinity anyway; nan passes through both clamps. */
static inline double bp_exp_scaled(double x, double c, double shift) {
    x = bp_clamp(x, -748.0, 712.0);
    const double k = (x * 1.4426950408889634 + BP_SHIFT) - BP_SHIFT;
    const double hi = x - k * 0.6931471803691238, lo = k * 1.9082149292705877e-10, first = hi - lo;
    const double rest = c + ((hi - first) - lo), r = first + rest;
    c = (first - r) + rest; /* what r was rounded by */
    double p = 2.5100375832561234e-08;
    p = p * r + 2.7620075879983367e-07;
    p = p * r + 2.7557268480310024e-06;
    p = p * r + 2.4801521322368692e-05;
    p = p * r + 0.00019841269863040545;
    p = p * r + 0.0013888888917196719;
    p = p * r + 0.008333333333330065;
    p = p * r + 0.041666666666624164;
    p = p * r + 0.16666666666666669;
    p = p * r + 0.5000000000000001;
    return bp_scale(1.0 + (r + (c + r * r * p)), k + shift);
}

/*@ bp_exp: bp_exp_scaled bp_select */
/* Where the result is 0 it is not computed: processors take a hundred cycles over what underflows, and softmax has it often. */
static inline double bp_exp(double x) {
    const int none = x < -746.0;
    return bp_select(none, 0.0, bp_exp_scaled(bp_select(none, 0.0, x), 0.0, 0.0));
}

/*@ bp_exp_scaledf: bp_clampf bp_scalef */
static inline float bp_exp_scaledf(float x, float shift) {
    x = bp_clampf(x, -106.0f, 91.0f);
    const float k = (x * 1.44269504f + BP_SHIFTF) - BP_SHIFTF;
    const float r = (x - k * 0.693145752f) - k * 1.42860677e-06f;
    float p = 0.00139261759f;
    p = p * r + 0.00836317334f;
    p = p * r + 0.0416665561f;
    p = p * r + 0.166665778f;
    p = p * r + 0.5f;
    return bp_scalef(1.0f + (r + r * r * p), k + shift);
}

/*@ bp_expf: bp_exp_scaledf bp_selectf */
static inline float bp_expf(float x) {
    const int none = x < -104.0f;
    return bp_selectf(none, 0.0f, bp_exp_scaledf(bp_selectf(none, 0.0f, x), 0.0f));
}

/*@ bp_expm1: bp_abs bp_select bp_clamp bp_pow2 */
/* e^x - 1 = 2^k (e^r - 1) + (2^k - 1), computed at half its size so that 2^k stays finite. */
static inline double bp_expm1(double x) {
    const double a = bp_clamp(x, -60.0, 709.9); /* 709.9 overflows by itself */
    const double k = (a * 1.4426950408889634 + BP_SHIFT) - BP_SHIFT;
    const double hi = a - k * 0.6931471803691238, lo = k * 1.9082149292705877e-10, r = hi - lo;
    const double c = (hi - r) - lo; /* what r was rounded by */
    double p = 2.5100375832561234e-08;
    p = p * r + 2.7620075879983367e-07;
    p = p * r + 2.7557268480310024e-06;
    p = p * r + 2.4801521322368692e-05;
    p = p * r + 0.00019841269863040545;
    p = p * r + 0.0013888888917196719;
    p = p * r + 0.008333333333330065;
    p = p * r + 0.041666666666624164;
    p = p * r + 0.16666666666666669;
    p = p * r + 0.5000000000000001;
    const double s = bp_pow2(k - 1.0);
    const double y = 2.0 * ((s - 0.5) + s * (r + (c + r * r * p)));
    return bp_select(bp_abs(x) < 1e-17, x, y);
}

/*@ bp_expm1f: bp_absf bp_selectf bp_clampf bp_pow2f */
static inline float bp_expm1f(float x) {
    const float a = bp_clampf(x, -30.0f, 88.8f);
    const float k = (a * 1.44269504f + BP_SHIFTF) - BP_SHIFTF;
    const float hi = a - k * 0.693145752f, lo = k * 1.42860677e-06f, r = hi - lo;
    const float c = (hi - r) - lo;
    float p = 0.00139261759f;
    p = p * r + 0.00836317334f;
    p = p * r + 0.0416665561f;
    p = p * r + 0.166665778f;
    p = p * r + 0.5f;
    const float s = bp_pow2f(k - 1.0f);
    const float y = 2.0f * ((s - 0.5f) + s * (r + (c + r * r * p)));
    return bp_selectf(bp_absf(x) < 1e-9f, x, y);
}

/*@ bp_log_split: bp_bits bp_from_bits */
/* A positive finite normal x as 2^k * m with m in [sqrt(1/2), sqrt(2)); returns m. */
static inline double bp_log_split(double x, double *k) {
    const uint64_t u = bp_bits(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
    *k = bp_from_bits((u >> 52) | 0x4330000000000000u) - (4503599627370496.0 + 1023.0);
    return bp_from_bits((u & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
}

/*@ bp_log_sum: */
/* k ln2 + log(1 + f) + c for f in [sqrt(1/2) - 1, sqrt(2) - 1]: with s = f/(2 + f), log(1 + f) = 2s + s L(s^2)
 *   = f - (f^2/2 - s (f^2/2 + L)), which has no rounding in its largest term. */
static inline double bp_log_sum(double k, double f, double c) {
    const double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    double p = 0.1461703754879165;
    p = p * z + 0.1533167403016786;
    p = p * z + 0.18182890556695602;
    p = p * z + 0.2222221111514416;
    p = p * z + 0.2857142862609589;
    p = p * z + 0.3999999999989924;
    p = p * z + 0.666666666666667;
    return k * 0.6931471803691238 + (f - (h - (s * (h + z * p) + (k * 1.9082149292705877e-10 + c))));
}

/*@ bp_log: bp_from_bits bp_select bp_log_split bp_log_sum */
static inline double bp_log(double x) {
    const int tiny = x < 2.2250738585072014e-308; /* subnormal: scale by 2^54 */
    double k;
    const double m = bp_log_split(x * bp_select(tiny, 18014398509481984.0, 1.0), &k);
    double y = bp_log_sum(k - bp_select(tiny, 54.0, 0.0), m - 1.0, 0.0);
    y = bp_select(x <= 1.7976931348623157e308, y, x); /* inf and nan */
    y = bp_select(x == 0.0, -(double)INFINITY, y);
    return bp_select(x < 0.0, bp_from_bits(0x7ff8000000000000u), y);
}

/*@ bp_log_splitf: bp_bitsf bp_from_bitsf */
static inline float bp_log_splitf(float x, float *k) {
    const uint32_t u = bp_bitsf(x) + (0x3f800000u - 0x3f3504f3u);
    *k = (float)((int32_t)(u >> 23) - 127);
    return bp_from_bitsf((u & 0x007fffffu) + 0x3f3504f3u);
}

/*@ bp_log_sumf: */
static inline float bp_log_sumf(float k, float f, float c) {
    const float z = f * f;
    float p = -0.0620150007f;
    p = p * f + 0.105308644f;
    p = p * f - 0.10646192f;
    p = p * f + 0.110377833f;
    p = p * f - 0.124507435f;
    p = p * f + 0.142865241f;
    p = p * f - 0.166680008f;
    p = p * f + 0.200000107f;
    p = p * f - 0.249999896f;
    p = p * f + 0.333333343f;
    return k * 0.693145752f + (f - (0.5f * z - (f * z * p + (k * 1.42860677e-06f + c))));
}

/*@ bp_logf: bp_from_bitsf bp_selectf bp_log_splitf bp_log_sumf */
static inline float bp_logf(float x) {
    const int tiny = x < 1.17549435e-38f;
    float k;
    const float m = bp_log_splitf(x * bp_selectf(tiny, 33554432.0f, 1.0f), &k);
    float y = bp_log_sumf(k - bp_selectf(tiny, 25.0f, 0.0f), m - 1.0f, 0.0f);
    y = bp_selectf(x <= 3.402823466e38f, y, x);
    y = bp_selectf(x == 0.0f, -(float)INFINITY, y);
    return bp_selectf(x < 0.0f, bp_from_bitsf(0x7fc00000u), y);
}

/*@ bp_log1p: bp_from_bits bp_abs bp_select bp_log_split bp_log_sum */
/* log(u) with u = 1 + x rounded, corrected by what the sum lost, relative to u. Near 0 u is not formed at all. */
static inline double bp_log1p(double x) {
    const double u = 1.0 + x;
    double k;
    const double m = bp_log_split(u, &k);
    const double lost = bp_select(x > 1.0, 1.0 - (u - x), x - (u - 1.0));
    const int near = (x > -0.29289) & (x < 0.41421);
    double y = bp_log_sum(bp_select(near, 0.0, k), bp_select(near, x, m - 1.0), bp_select(near, 0.0, lost / u));
    y = bp_select(x <= 1.7976931348623157e308, y, x);
    y = bp_select(bp_abs(x) < 1e-17, x, y);
    y = bp_select(x == -1.0, -(double)INFINITY, y);
    return bp_select(x < -1.0, bp_from_bits(0x7ff8000000000000u), y);
}

/*@ bp_log1pf: bp_from_bitsf bp_absf bp_selectf bp_log_splitf bp_log_sumf */
static inline float bp_log1pf(float x) {
    const float u = 1.0f + x;
    float k;
    const float m = bp_log_splitf(u, &k);
    const float lost = bp_selectf(x > 1.0f, 1.0f - (u - x), x - (u - 1.0f));
    const int near = (x > -0.29289f) & (x < 0.41421f);
    float y = bp_log_sumf(bp_selectf(near, 0.0f, k), bp_selectf(near, x, m - 1.0f), bp_selectf(near, 0.0f, lost / u));
    y = bp_selectf(x <= 3.402823466e38f, y, x);
    y = bp_selectf(bp_absf(x) < 1e-9f, x, y);
    y = bp_selectf(x == -1.0f, -(float)INFINITY, y);
    return bp_selectf(x < -1.0f, bp_from_bitsf(0x7fc00000u), y);
}

/*@ bp_quarter_turns: bp_bits bp_sum2 */
/* x = n pi/2 + r + *c with |r| <= pi/4, for |x| <= 2^30; returns r and the low bits of n.  pi/2 is cut into pieces of
 * 23 bits, whose products with n are exact; the first two differences are exact too, since they cancel. */
static inline double bp_quarter_turns(double x, double *c, uint64_t *n) {
    const double shifted = x * 0.6366197723675814 + BP_SHIFT, k = shifted - BP_SHIFT;
    double r1, r2, e1, e2;
    bp_sum2((x - k * 1.570796251296997) - k * 7.549789415861596e-08, -(k * 5.390302529957765e-15), &r1, &e1);
    bp_sum2(r1, -(k * 3.2820031633724233e-22), &r2, &e2);
    const double tail = (e1 + e2) - k * 3.7950107727212256e-29, r = r2 + tail;
    *c = (r2 - r) + tail;
    *n = bp_bits(shifted);
    return r;
}

/*@ bp_sin_small: */
/* sin(r + c), |r| <= pi/4. */
static inline double bp_sin_small(double r, double c) {
    const double z = r * r;
    double p = -7.586697117706918e-13;
    p = p * z + 1.6058531618986147e-10;
    p = p * z - 2.5052106232447578e-08;
    p = p * z + 2.7557319219339167e-06;
    p = p * z - 0.00019841269841265065;
    p = p * z + 0.008333333333333331;
    p = p * z - 0.16666666666666666;
    return r + (r * z * p + (1.0 - 0.5 * z) * c);
}

/*@ bp_cos_small: */
/* cos(r + c), |r| <= pi/4: 1 - z/2 is rounded, and corrected by what it lost. */
static inline double bp_cos_small(double r, double c) {
    const double z = r * r, h = 0.5 * z, w = 1.0 - h;
    double p = 4.7458719020432915e-14;
    p = p * z - 1.1470460887609959e-11;
    p = p * z + 2.087675579108042e-09;
    p = p * z - 2.7557319221402824e-07;
    p = p * z + 2.4801587301584645e-05;
    p = p * z - 0.0013888888888888887;
    p = p * z + 0.041666666666666664;
    return w + (((1.0 - w) - h) + (z * z * p - r * c));
}

/*@ bp_sin: bp_bits bp_from_bits bp_abs bp_select bp_quarter_turns bp_sin_small bp_cos_small */
static inline double bp_sin(double x) {
    double c;
    uint64_t n;
    const double r = bp_quarter_turns(x, &c, &n);
    const double y = bp_select((int)(n & 1u), bp_cos_small(r, c), bp_sin_small(r, c));
    const double signed_y = bp_from_bits(bp_bits(y) ^ ((n & 2u) << 62));
    const double near = bp_select(bp_abs(x) < 1e-8, x, signed_y); /* keeps -0 */
    return bp_select(bp_abs(x) <= 1073741824.0, near, bp_from_bits(0x7ff8000000000000u));
}

/*@ bp_cos: bp_bits bp_from_bits bp_abs bp_select bp_quarter_turns bp_sin_small bp_cos_small */
static inline double bp_cos(double x) {
    double c;
    uint64_t n;
    const double r = bp_quarter_turns(x, &c, &n);
    const double y = bp_select((int)(n & 1u), bp_sin_small(r, c), bp_cos_small(r, c));
    const double signed_y = bp_from_bits(bp_bits(y) ^ (((n + 1u) & 2u) << 62));
    return bp_select(bp_abs(x) <= 1073741824.0, signed_y, bp_from_bits(0x7ff8000000000000u));
}

/*@ bp_tan: bp_from_bits bp_abs bp_select bp_top bp_quarter_turns */
/* t = tan(r), and -1/t in odd quarter turns: the reciprocal of t = hi + lo by one step on the exact residual. */
static inline double bp_tan(double x) {
    double c;
    uint64_t n;
    const double r = bp_quarter_turns(x, &c, &n), z = r * r;
    double p = 8.48334725267473e-06;
    p = p * z - 1.83153428020867e-05;
    p = p * z + 3.651618193613342e-05;
    p = p * z - 1.1013613221811344e-05;
    p = p * z + 5.558784710570148e-05;
    p = p * z + 8.998520298342289e-05;
    p = p * z + 0.000241226353512688;
    p = p * z + 0.0005895756061544555;
    p = p * z + 0.0014559027390503058;
    p = p * z + 0.0035921209805615966;
    p = p * z + 0.008863236003485818;
    p = p * z + 0.02186948851707438;
    p = p * z + 0.05396825396865546;
    p = p * z + 0.13333333333333;
    p = p * z + 0.3333333333333333;
    const double rest = r * z * p + c * (1.0 + z), t = r + rest;
    const double hi = bp_top(t), lo = (r - hi) + rest;
    const double q = -1.0 / t, qh = bp_top(q);
    const double cot = qh + q * ((1.0 + qh * hi) + qh * lo);
    const double y = bp_select((int)(n & 1u), cot, t);
    const double near = bp_select(bp_abs(x) < 1e-8, x, y);
    return bp_select(bp_abs(x) <= 1073741824.0, near, bp_from_bits(0x7ff8000000000000u));
}

/*@ bp_quarter_turnsf: bp_bits */
/* The same for float, in double precision, where three pieces of pi/2 are enough. */
static inline double bp_quarter_turnsf(float x, uint32_t *n) {
    const double shifted = (double)x * 0.6366197723675814 + BP_SHIFT, k = shifted - BP_SHIFT;
    *n = (uint32_t)bp_bits(shifted);
    return (((double)x - k * 1.570796251296997) - k * 7.549789415861596e-08) - k * 5.3903028581581e-15;
}

/*@ bp_sin_smallf: */
static inline float bp_sin_smallf(float r) {
    const float z = r * r;
    float p = 2.72499256e-06f;
    p = p * z - 0.00019840087f;
    p = p * z + 0.00833333191f;
    p = p * z - 0.166666672f;
    return r + r * z * p;
}

/*@ bp_cos_smallf: */
static inline float bp_cos_smallf(float r) {
    const float z = r * r;
    float p = -2.7300959e-07f;
    p = p * z + 2.48005999e-05f;
    p = p * z - 0.00138888881f;
    p = p * z + 0.0416666679f;
    return (1.0f - 0.5f * z) + z * z * p;
}

/*@ bp_sinf: bp_bitsf bp_from_bitsf bp_absf bp_selectf bp_quarter_turnsf bp_sin_smallf bp_cos_smallf */
static inline float bp_sinf(float x) {
    uint32_t n;
    const float r = (float)bp_quarter_turnsf(x, &n);
    const float y = bp_selectf((int)(n & 1u), bp_cos_smallf(r), bp_sin_smallf(r));
    const float signed_y = bp_from_bitsf(bp_bitsf(y) ^ ((n & 2u) << 30));
    const float near = bp_selectf(bp_absf(x) < 1e-4f, x, signed_y);
    return bp_selectf(bp_absf(x) <= 1073741824.0f, near, bp_from_bitsf(0x7fc00000u));
}

/*@ bp_cosf: bp_bitsf bp_from_bitsf bp_absf bp_selectf bp_quarter_turnsf bp_sin_smallf bp_cos_smallf */
static inline float bp_cosf(float x) {
    uint32_t n;
    const float r = (float)bp_quarter_turnsf(x, &n);
    const float y = bp_selectf((int)(n & 1u), bp_sin_smallf(r), bp_cos_smallf(r));
    const float signed_y = bp_from_bitsf(bp_bitsf(y) ^ (((n + 1u) & 2u) << 30));
    return bp_selectf(bp_absf(x) <= 1073741824.0f, signed_y, bp_from_bitsf(0x7fc00000u));
}

/*@ bp_tanf: bp_from_bitsf bp_absf bp_select bp_selectf bp_quarter_turnsf */
static inline float bp_tanf(float x) {
    uint32_t n;
    const double r = bp_quarter_turnsf(x, &n), z = r * r;
    double p = 0.0008330219466512354;
    p = p * z - 0.0002569249069286023;
    p = p * z + 0.0020404841145469175;
    p = p * z + 0.0033666459686964192;
    p = p * z + 0.008913217834869683;
    p = p * z + 0.021863346763201726;
    p = p * z + 0.05396862856540967;
    p = p * z + 0.13333332459981664;
    p = p * z + 0.3333333333666395;
    const double t = r + r * z * p;
    const int odd = (int)(n & 1u);
    const float y = (float)(bp_select(odd, -1.0, t) / bp_select(odd, t, 1.0));
    const float near = bp_selectf(bp_absf(x) < 1e-4f, x, y);
    return bp_selectf(bp_absf(x) <= 1073741824.0f, near, bp_from_bitsf(0x7fc00000u));
}

/*@ bp_asin_rest: */
/* (asin(x) - x)/x by z = x^2 <= 1/4. */
static inline double bp_asin_rest(double z) {
    double p = 0.02961201126495512;
    p = p * z - 0.01924167174674304;
    p = p * z + 0.019554513336123378;
    p = p * z + 0.0030448799094556773;
    p = p * z + 0.009319560794767446;
    p = p * z + 0.009621842970100282;
    p = p * z + 0.011566459612121669;
    p = p * z + 0.01396378001220357;
    p = p * z + 0.017352816540325496;
    p = p * z + 0.02237215744350722;
    p = p * z + 0.03038194447553234;
    p = p * z + 0.044642857142551895;
    p = p * z + 0.07500000000000118;
    p = p * z + 0.16666666666666666;
    return z * p;
}

/*@ bp_asin_half: bp_abs bp_select bp_top bp_sqrt bp_asin_rest */
/* For |x| >= 1/2: (pi/2 - asin|x|)/2 = asin(s), s = sqrt((1 - |x|)/2); returns its large part, *low the rest.
 * s is cut to its top bits, and the residual z - top^2 gives what was cut. */
static inline double bp_asin_half(double x, double *low) {
    const double z = (1.0 - bp_abs(x)) * 0.5, s = bp_sqrt(z), top = bp_top(s);
    const double cut = bp_select(s > 0.0, (z - top * top) / (s + top), 0.0);
    *low = cut + s * bp_asin_rest(z);
    return top;
}

/*@ bp_asin: bp_from_bits bp_abs bp_with_sign bp_select bp_clamp bp_asin_rest bp_asin_half */
static inline double bp_asin(double x) {
    const double a = bp_abs(x);
    double low;
    const double top = bp_asin_half(bp_clamp(a, 0.0, 1.0), &low);
    const double large = 0.7853981633974483 - ((2.0 * low - 6.123233995736766e-17) - (0.7853981633974483 - 2.0 * top));
    const double y = bp_select(a < 0.5, a + a * bp_asin_rest(a * a), large);
    const double inside = bp_with_sign(y, x);
    return bp_select(a <= 1.0, bp_select(a < 1e-8, x, inside), bp_from_bits(0x7ff8000000000000u));
}

/*@ bp_acos: bp_from_bits bp_abs bp_select bp_clamp bp_asin_rest bp_asin_half */
static inline double bp_acos(double x) {
    const double a = bp_abs(x);
    double low;
    const double top = bp_asin_half(bp_clamp(a, 0.0, 1.0), &low);
    const double middle = 1.5707963267948966 - (x - (6.123233995736766e-17 - x * bp_asin_rest(x * x)));
    const double up = 2.0 * (top + low), down = 3.141592653589793 - 2.0 * (top + (low - 6.123233995736766e-17));
    const double y = bp_select(a < 0.5, middle, bp_select(x > 0.0, up, down));
    return bp_select(a <= 1.0, y, bp_from_bits(0x7ff8000000000000u));
}

/*@ bp_asin_restf: */
static inline float bp_asin_restf(float z) {
    float p = 0.0336908475f;
    p = p * z + 0.0171492379f;
    p = p * z + 0.0311006624f;
    p = p * z + 0.0445994027f;
    p = p * z + 0.0750009418f;
    p = p * z + 0.166666657f;
    return z * p;
}

/*@ bp_asinf: bp_from_bitsf bp_absf bp_with_signf bp_selectf bp_clampf bp_sqrtf bp_asin_restf */
static inline float bp_asinf(float x) {
    const float a = bp_absf(x), z = (1.0f - bp_clampf(a, 0.0f, 1.0f)) * 0.5f, s = bp_sqrtf(z);
    const float large = 1.57079637f - (2.0f * (s + s * bp_asin_restf(z)) + 4.37113883e-08f);
    const float y = bp_with_signf(bp_selectf(a < 0.5f, a + a * bp_asin_restf(a * a), large), x);
    return bp_selectf(a <= 1.0f, bp_selectf(a < 1e-4f, x, y), bp_from_bitsf(0x7fc00000u));
}

/*@ bp_acosf: bp_from_bitsf bp_absf bp_selectf bp_clampf bp_sqrtf bp_asin_restf */
static inline float bp_acosf(float x) {
    const float a = bp_absf(x), z = (1.0f - bp_clampf(a, 0.0f, 1.0f)) * 0.5f, s = bp_sqrtf(z);
    const float up = 2.0f * (s + s * bp_asin_restf(z));
    const float middle = 1.57079637f - (x + (x * bp_asin_restf(x * x) + 4.37113883e-08f));
    const float y = bp_selectf(a < 0.5f, middle, bp_selectf(x > 0.0f, up, 3.14159274f - (up + 8.74227766e-08f)));
    return bp_selectf(a <= 1.0f, y, bp_from_bitsf(0x7fc00000u));
}

/*@ bp_atan_positive: bp_select */
/* atan(num/den) for num >= 0, den > 0, neither huge nor tiny against 1: the angle less that of slope b,
 * t = (num - b den)/(den + b num), where b is the one of 0, 1/2, 1, 3/2, infinity that makes |t| <= 7/16. */
static inline double bp_atan_positive(double num, double den) {
    const int b1 = num >= 0.4375 * den, b2 = num >= 0.6875 * den, b3 = num >= 1.1875 * den, b4 = num >= 2.4375 * den;
    const double b = bp_select(b3, 1.5, bp_select(b2, 1.0, bp_select(b1, 0.5, 0.0)));
    const double hi =
        bp_select(b4, 1.5707963267948966,
                  bp_select(b3, 0.982793723247329, bp_select(b2, 0.7853981633974483, bp_select(b1, 0.4636476090008061, 0.0))));
    const double lo = bp_select(
        b4, 6.123233995736766e-17,
        bp_select(b3, 1.3903311031230998e-17, bp_select(b2, 3.061616997868383e-17, bp_select(b1, 2.2698777452961687e-17, 0.0))));
    const double t = bp_select(b4, -den, num - b * den) / bp_select(b4, num, den + b * num), z = t * t;
    double p = 0.01476642155379467;
    p = p * z - 0.033121323310643644;
    p = p * z + 0.044919637149159995;
    p = p * z - 0.05216607416783708;
    p = p * z + 0.0587693549653035;
    p = p * z - 0.06666240859375808;
    p = p * z + 0.0769228548876496;
    p = p * z - 0.09090908353049669;
    p = p * z + 0.11111111096587765;
    p = p * z - 0.1428571428556615;
    p = p * z + 0.19999999999999407;
    p = p * z - 0.3333333333333333;
    return hi + (t + (t * z * p + lo));
}

/*@ bp_atan: bp_abs bp_with_sign bp_select bp_clamp bp_atan_positive */
static inline double bp_atan(double x) {
    const double a = bp_abs(x);
    const double y = bp_select(a < 1e18, bp_atan_positive(bp_clamp(a, 0.0, 1e18), 1.0), bp_select(a == a, 1.5707963267948966, a));
    return bp_select(a < 1e-8, x, bp_with_sign(y, x));
}

/*@ bp_atan2: bp_bits bp_abs bp_with_sign bp_select bp_product2 bp_atan_positive */
/* The angle of (x, y).  q = smaller/larger of |x|, |y| and its rounding error give atan; octant and signs follow. */
static inline double bp_atan2(double y, double x) {
    const double ax = bp_abs(x), ay = bp_abs(y);
    const int swap = ay > ax, left = (int)(bp_bits(x) >> 63);
    const int both = (ax == ay) & ((ax == 0.0) | (ax > 1.7976931348623157e308)); /* 0/0: angle 0; inf/inf: 1 */
    const double num = bp_select(swap, ax, ay), den = bp_select(swap, ay, ax);
    const double scale = bp_select(den > 1e280, 9.5367431640625e-07, bp_select(den < 1e-280, 1.8014398509481984e16, 1.0));
    const double n = num * scale, d = den * scale, q0 = n / d;
    const double q = bp_select(both, bp_select(ax == 0.0, 0.0, 1.0), q0);
    double p, e;
    bp_product2(q, d, &p, &e);
    const double fix = ((n - p) - e) / d; /* n/d - q */
    const double keep = bp_select((q > 1e-200) & !both & (den <= 1.7976931348623157e308), fix / (1.0 + q * q), 0.0);
    const double angle = bp_select(q < 1e-8, q, bp_atan_positive(q, 1.0) + keep);
    const double first = bp_select(swap, 1.5707963267948966 - (angle - 6.123233995736766e-17), angle);
    const double whole = bp_select(left, 3.141592653589793 - (first - 1.2246467991473532e-16), first);
    return bp_select((x == x) & (y == y), bp_with_sign(whole, y), x + y);
}

/*@ bp_atan_positivef: bp_selectf */
static inline float bp_atan_positivef(float num, float den) {
    const int b1 = num >= 0.4375f * den, b2 = num >= 0.6875f * den, b3 = num >= 1.1875f * den, b4 = num >= 2.4375f * den;
    const float b = bp_selectf(b3, 1.5f, bp_selectf(b2, 1.0f, bp_selectf(b1, 0.5f, 0.0f)));
    const float hi = bp_selectf(b4, 1.57079637f,
                                bp_selectf(b3, 0.982793748f, bp_selectf(b2, 0.785398185f, bp_selectf(b1, 0.463647604f, 0.0f))));
    const float t = bp_selectf(b4, -den, num - b * den) / bp_selectf(b4, num, den + b * num), z = t * t;
    float p = 0.0482126623f;
    p = p * z - 0.0853167921f;
    p = p * z + 0.110581607f;
    p = p * z - 0.142833963f;
    p = p * z + 0.19999963f;
    p = p * z - 0.333333343f;
    return hi + (t + t * z * p);
}

/*@ bp_atanf: bp_absf bp_with_signf bp_selectf bp_clampf bp_atan_positivef */
static inline float bp_atanf(float x) {
    const float a = bp_absf(x);
    const float y = bp_selectf(a < 1e9f, bp_atan_positivef(bp_clampf(a, 0.0f, 1e9f), 1.0f), bp_selectf(a == a, 1.57079637f, a));
    return bp_selectf(a < 1e-4f, x, bp_with_signf(y, x));
}

/*@ bp_atan2f: bp_bitsf bp_abs bp_with_sign bp_select bp_clamp bp_atan_positive */
/* In double precision: a quotient of floats is exact enough there, and cannot over- or underflow. */
static inline float bp_atan2f(float yf, float xf) {
    const double x = (double)xf, y = (double)yf, ax = bp_abs(x), ay = bp_abs(y);
    const int swap = ay > ax, left = (int)(bp_bitsf(xf) >> 31), zero = (ax == 0.0) & (ay == 0.0);
    const double huge = 1e100; /* stands for infinity: inf/inf is 1 */
    const double bx = bp_clamp(ax, 0.0, huge), by = bp_clamp(ay, 0.0, huge);
    const double q = bp_select(swap, bx, by) / bp_select(zero, 1.0, bp_select(swap, by, bx));
    const double angle = bp_select(q < 1e-8, q, bp_atan_positive(q, 1.0));
    const double first = bp_select(swap, 1.5707963267948966 - angle, angle);
    const double whole = bp_select(left, 3.141592653589793 - first, first);
    return (float)bp_select((x == x) & (y == y), bp_with_sign(whole, y), x + y);
}

/*@ bp_sinh: bp_abs bp_with_sign bp_select bp_clamp bp_exp_scaled */
/* With h = e^|x|/2: sinh = h - 1/(4h); below 1 an odd polynomial. */
static inline double bp_sinh(double x) {
    const double a = bp_abs(x), h = bp_exp_scaled(a, 0.0, -1.0), b = bp_clamp(a, 0.0, 1.0), z = b * b;
    double p = 2.8445264169895285e-15;
    p = p * z + 7.646625361656657e-13;
    p = p * z + 1.6059048396350562e-10;
    p = p * z + 2.505210836405804e-08;
    p = p * z + 2.755731922404034e-06;
    p = p * z + 0.00019841269841269773;
    p = p * z + 0.008333333333333333;
    p = p * z + 0.16666666666666666;
    const double y = bp_select(a < 1.0, a + a * z * p, h - 0.25 / h);
    return bp_select(a < 1e-8, x, bp_with_sign(y, x));
}

/*@ bp_cosh: bp_abs bp_exp_scaled */
static inline double bp_cosh(double x) {
    const double h = bp_exp_scaled(bp_abs(x), 0.0, -1.0);
    return h + 0.25 / h;
}

/*@ bp_sinhf: bp_absf bp_with_signf bp_selectf bp_clampf bp_exp_scaledf */
static inline float bp_sinhf(float x) {
    const float a = bp_absf(x), h = bp_exp_scaledf(a, -1.0f), b = bp_clampf(a, 0.0f, 1.0f), z = b * b;
    float p = 2.80628024e-06f;
    p = p * z + 0.000198381022f;
    p = p * z + 0.00833333936f;
    p = p * z + 0.166666672f;
    const float y = bp_selectf(a < 1.0f, a + a * z * p, h - 0.25f / h);
    return bp_selectf(a < 1e-4f, x, bp_with_signf(y, x));
}

/*@ bp_coshf: bp_absf bp_exp_scaledf */
static inline float bp_coshf(float x) {
    const float h = bp_exp_scaledf(bp_absf(x), -1.0f);
    return h + 0.25f / h;
}

/*@ bp_tanh: bp_abs bp_with_sign bp_select bp_clamp bp_exp_scaled */
/* 1 - 2/(e^2|x| + 1); below 0.625, where that cancels, an odd polynomial. */
static inline double bp_tanh(double x) {
    const double a = bp_abs(x), b = bp_clamp(a, 0.0, 20.0), s = bp_clamp(a, 0.0, 0.625), z = s * s;
    double p = 6.485163482793113e-06;
    p = p * z - 3.12011014257974e-05;
    p = p * z + 9.257116129556769e-05;
    p = p * z - 0.0002375906496055562;
    p = p * z + 0.0005896606577757043;
    p = p * z - 0.0014557754120478055;
    p = p * z + 0.0035921217511549622;
    p = p * z - 0.008863235103240878;
    p = p * z + 0.021869488519008305;
    p = p * z - 0.05396825396789699;
    p = p * z + 0.13333333333333042;
    p = p * z - 0.3333333333333333;
    const double y = bp_select(a < 0.625, a + a * z * p, 1.0 - 2.0 / (bp_exp_scaled(2.0 * b, 0.0, 0.0) + 1.0));
    return bp_select(a < 1e-9, x, bp_with_sign(y, x));
}

/*@ bp_tanhf: bp_absf bp_with_signf bp_selectf bp_clampf bp_exp_scaledf */
static inline float bp_tanhf(float x) {
    const float a = bp_absf(x), b = bp_clampf(a, 0.0f, 10.0f), s = bp_clampf(a, 0.0f, 0.625f), z = s * s;
    float p = 0.00229274482f;
    p = p * z - 0.00834394526f;
    p = p * z + 0.0217689183f;
    p = p * z - 0.0539592579f;
    p = p * z + 0.133333042f;
    p = p * z - 0.333333343f;
    const float y = bp_selectf(a < 0.625f, a + a * z * p, 1.0f - 2.0f / (bp_exp_scaledf(2.0f * b, 0.0f) + 1.0f));
    return bp_selectf(a < 1e-5f, x, bp_with_signf(y, x));
}

/*@ bp_sigmoid: bp_abs bp_select bp_exp_scaled */
/* 1/(1 + e^-x), by e^-|x| so that small values keep their digits: e^x/(1 + e^x) for x < 0.  What the divisor d = 1 + e
 * was rounded by, relative to d, corrects the quotient; 1/d in that is near enough as a straight line. */
static inline double bp_sigmoid(double x) {
    const double e = bp_exp_scaled(-bp_abs(x), 0.0, 0.0), d = 1.0 + e, lost = e - (d - 1.0);
    const double q = bp_select(x < 0.0, e, 1.0) / d;
    return q - q * (lost * (0.957 - 0.457 * e));
}

/*@ bp_sigmoidf: bp_absf bp_selectf bp_exp_scaledf */
static inline float bp_sigmoidf(float x) {
    const float e = bp_exp_scaledf(-bp_absf(x), 0.0f);
    return bp_selectf(x < 0.0f, e, 1.0f) / (1.0f + e);
}

/*@ bp_softplus: bp_abs bp_select bp_exp_scaled bp_log1p */
/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
static inline double bp_softplus(double x) { return bp_select(x < 0.0, 0.0, x) + bp_log1p(bp_exp_scaled(-bp_abs(x), 0.0, 0.0)); }

/*@ bp_softplusf: bp_absf bp_selectf bp_exp_scaledf bp_log1pf */
static inline float bp_softplusf(float x) { return bp_selectf(x < 0.0f, 0.0f, x) + bp_log1pf(bp_exp_scaledf(-bp_absf(x), 0.0f)); }

/*@ bp_erf: bp_abs bp_with_sign bp_select bp_clamp bp_exp_scaled */
/* Below 1: x + x E(x^2).  From 1 on: 1 - e^-P(|x| - 1), where P is -log erfc; beyond 6 that is 1. */
static inline double bp_erf(double x) {
    const double a = bp_abs(x), b = bp_clamp(a, 0.0, 1.0), z = b * b, t = bp_clamp(a - 1.0, 0.0, 5.0);
    double small = -4.230945824295338e-12;
    small = small * z + 8.709045129053106e-11;
    small = small * z - 1.216456005728345e-09;
    small = small * z + 1.4792401209404813e-08;
    small = small * z - 1.6364642158167616e-07;
    small = small * z + 1.6462045441468418e-06;
    small = small * z - 1.4925647567519332e-05;
    small = small * z + 0.00012055332902888736;
    small = small * z - 0.000854832702193483;
    small = small * z + 0.0052239776254232985;
    small = small * z - 0.02686617064512984;
    small = small * z + 0.1128379167095512;
    small = small * z - 0.37612638903183754;
    small = small * z + 0.1283791670955126;
    double p = -9.218577412705378e-17;
    p = p * t + 4.985450556707341e-15;
    p = p * t - 1.2673056776511537e-13;
    p = p * t + 2.015176873159216e-12;
    p = p * t - 2.2499318154949537e-11;
    p = p * t + 1.8753578273599805e-10;
    p = p * t - 1.208985041170892e-09;
    p = p * t + 6.134607346296377e-09;
    p = p * t - 2.4431721236994118e-08;
    p = p * t + 7.303886049527793e-08;
    p = p * t - 1.3291075538777394e-07;
    p = p * t - 9.730957628693275e-08;
    p = p * t + 2.0149456131245424e-06;
    p = p * t - 9.57546399843005e-06;
    p = p * t + 2.7140432110223983e-05;
    p = p * t - 2.6270202671104357e-05;
    p = p * t - 0.00023732473663445002;
    p = p * t + 0.001977903024315445;
    p = p * t - 0.010033825434513687;
    p = p * t + 0.04156109804653185;
    p = p * t + 0.8431072563584853;
    p = p * t + 2.6389675142347913;
    p = p * t + 1.8496055099332482;
    const double y = bp_select(a < 1.0, a + a * small, 1.0 - bp_exp_scaled(-p, 0.0, 0.0));
    return bp_select(a == a, bp_with_sign(y, x), x);
}

/*@ bp_erff: bp_absf bp_with_signf bp_selectf bp_clampf bp_exp_scaledf */
static inline float bp_erff(float x) {
    const float a = bp_absf(x), b = bp_clampf(a, 0.0f, 1.0f), z = b * b, t = bp_clampf(a - 1.0f, 0.0f, 3.0f);
    float small = 7.87587487e-05f;
    small = small * z - 0.00080168643f;
    small = small * z + 0.00518908724f;
    small = small * z - 0.0268542115f;
    small = small * z + 0.112835944f;
    small = small * z - 0.37612626f;
    small = small * z + 0.128379166f;
    float p = 1.50840607e-09f;
    p = p * t + 5.92417955e-08f;
    p = p * t - 2.48452352e-06f;
    p = p * t + 3.72458708e-05f;
    p = p * t - 0.000330873299f;
    p = p * t + 0.00206792122f;
    p = p * t - 0.0100860242f;
    p = p * t + 0.0415771306f;
    p = p * t + 0.843105197f;
    p = p * t + 2.63896751f;
    p = p * t + 1.84960556f;
    const float y = bp_selectf(a < 1.0f, a + a * small, 1.0f - bp_exp_scaledf(-p, 0.0f));
    return bp_selectf(a == a, bp_with_signf(y, x), x);
}

/*@ bp_log_pair: bp_select bp_sum2 bp_product2 bp_log_split */
/* log(x) for a positive finite x as *hi + *lo, about 2^-64 relative.  x = 2^k m, s = (m - 1)/(m + 1) with its rounding
 * error, log(m) = 2 s + s z (2/3 + z Q(z)), z = s^2, the products by s carried to twice the precision. */
static inline void bp_log_pair(double x, double *hi, double *lo) {
    const int tiny = x < 2.2250738585072014e-308;
    double k, den, den_lo, p, e, z, z_lo, w, w_lo, t, t_lo, sum, err;
    const double m = bp_log_split(x * bp_select(tiny, 18014398509481984.0, 1.0), &k), f = m - 1.0;
    k = k - bp_select(tiny, 54.0, 0.0);
    bp_sum2(m, 1.0, &den, &den_lo);
    const double s = f / den;
    bp_product2(s, den, &p, &e);
    const double s_lo = (((f - p) - e) - s * den_lo) / den;
    bp_product2(s, s, &z, &z_lo);
    z_lo = z_lo + 2.0 * s * s_lo;
    double q = 0.1291402271694836;
    q = q * z + 0.13285924657242199;
    q = q * z + 0.15385575782820043;
    q = q * z + 0.18181808234003144;
    q = q * z + 0.22222222271185313;
    q = q * z + 0.28571428571338325;
    q = q * z + 0.40000000000000024;
    bp_sum2(0.6666666666666666, z * q, &w, &w_lo);
    w_lo = w_lo + 3.700743415417188e-17 + z_lo * 0.4;
    bp_product2(z, w, &t, &t_lo);
    t_lo = t_lo + (z * w_lo + z_lo * w); /* t = z (2/3 + z Q) */
    bp_product2(s, t, &p, &e);
    e = e + (s * t_lo + s_lo * t); /* p = s t */
    bp_sum2(2.0 * s, p, &sum, &err);
    e = err + (e + 2.0 * s_lo);
    bp_sum2(k * 0.6931471803691238, sum, &p, &err);
    bp_sum2(p, err + (e + k * 1.9082149292705877e-10), hi, lo);
}

/*@ bp_pow: bp_bits bp_from_bits bp_abs bp_select bp_nearest bp_product2 bp_exp_scaled bp_log_pair */
/* x^y = e^(y log|x|), the exponent carried to twice the precision; the cases of C's Annex F. */
static inline double bp_pow(double x, double y) {
    const double a = bp_abs(x), b = bp_abs(y), max = 1.7976931348623157e308;
    const int ordinary = (a > 0.0) & (a <= max);
    double hi, lo, p, e;
    bp_log_pair(bp_select(ordinary, a, 1.0), &hi, &lo);
    const double yc = bp_select(b > 1e25, bp_select(y > 0.0, 1e25, -1e25), y); /* far beyond over- and underflow */
    bp_product2(yc, hi, &p, &e);
    e = bp_select(bp_abs(p) < 1000.0, e + yc * lo, 0.0);
    double r = bp_exp_scaled(p, e, 0.0);
    const int whole = bp_nearest(y) == y, odd = whole & (b < 9007199254740992.0) & (bp_nearest(y * 0.5) != y * 0.5);
    r = bp_select(a == 0.0, bp_select(y < 0.0, (double)INFINITY, 0.0), r);
    r = bp_select(a > max, bp_select(y < 0.0, 0.0, (double)INFINITY), r);
    const uint64_t sign = (bp_bits(x) >> 63) & (uint64_t)odd;
    r = bp_from_bits(bp_bits(r) | (sign << 63));
    r = bp_select((x < 0.0) & (a <= max) & !whole, bp_from_bits(0x7ff8000000000000u), r);
    r = bp_select((x != x) | (y != y), x + y, r);
    return bp_select((x == 1.0) | (y == 0.0) | ((x == -1.0) & (b > max)), 1.0, r);
}

/*@ bp_powf: bp_bits bp_from_bits bp_abs bp_select bp_nearest bp_exp bp_log */
/* In double precision, where log and exp of the plain kind are exact enough. */
static inline float bp_powf(float xf, float yf) {
    const double x = (double)xf, y = (double)yf, a = bp_abs(x), b = bp_abs(y);
    const int whole = bp_nearest(y) == y, odd = whole & (b < 16777216.0) & (bp_nearest(y * 0.5) != y * 0.5);
    double r = bp_exp(y * bp_log(a));
    const uint64_t sign = (bp_bits(x) >> 63) & (uint64_t)odd;
    r = bp_from_bits(bp_bits(r) | (sign << 63));
    r = bp_select((x < 0.0) & (a <= 3.5e38) & !whole, bp_from_bits(0x7ff8000000000000u), r);
    r = bp_select((x != x) | (y != y), x + y, r);
    return (float)bp_select((x == 1.0) | (y == 0.0) | ((x == -1.0) & (b > 3.5e38)), 1.0, r);
}

/*@ bp_square: */
static inline double bp_square(double x) { return x * x; }

/*@ bp_squaref: */
static inline float bp_squaref(float x) { return x * x; }

/*@ bp_fmod: bp_abs bp_with_sign bp_select bp_floor bp_product2 */
/* The remainder of floor division of reals, with the sign of the divisor (NumPy's mod; the C library's fmod is another
 * one), for |a/b| < 2^53, where the quotient is a whole double.  It may be one too large; the exact
 * remainder tells.  A tiny negative a gives b itself, to which the result is rounded. */
static inline double bp_fmod(double a, double b) {
    const double max = 1.7976931348623157e308, down = bp_select(bp_abs(a) > 1e300, 0.25, 1.0);
    double p, e, r;
    a = a * down; /* so that q b does not overflow */
    b = b * down;
    const double q = bp_floor(a / b);
    bp_product2(q, b, &p, &e);
    r = (a - p) - e;
    r = r + bp_select(((b > 0.0) & (r < 0.0)) | ((b < 0.0) & (r > 0.0)), b, 0.0);
    const int finite = bp_abs(a) <= max, infinite = bp_abs(b) > max;
    r = bp_select(finite & infinite, bp_select((a < 0.0) == (b < 0.0), a, b), r);
    return bp_select((r == 0.0) | ((a == 0.0) & (b != 0.0)), bp_with_sign(0.0, b), r / down);
}

/*@ bp_fmodf: bp_fmod */
static inline float bp_fmodf(float a, float b) { return (float)bp_fmod((double)a, (double)b); }

/*@ bp_floordiv: */
/* Floor division of integers: -7 // 2 = -4.  The divisor is not 0. */
static inline int64_t bp_floordiv(int64_t a, int64_t b) {
    const int64_t q = a / b, r = a % b;
    return q - ((r != 0) & ((r < 0) != (b < 0)));
}

/*@ bp_mod: */
/* What floor division leaves; it has the sign of the divisor: -7 % 2 = 1. */
static inline int64_t bp_mod(int64_t a, int64_t b) {
    const int64_t r = a % b;
    return r + (((r != 0) & ((r < 0) != (b < 0))) ? b : 0);
}

/*@ bp_isqrt: */
/* The square root of a whole number, rounded down; 0 of negative ones.  Exact: the guess is corrected. */
static inline int64_t bp_isqrt(int64_t a) {
    if (a <= 0) return 0;
    int64_t root = (int64_t)sqrt((double)a);
    while (root > a / root) root--;
    while (root + 1 <= a / (root + 1)) root++;
    return root;
}

/*@ bp_narrow: */
/* As 32 bits hold it: what lies beyond is the nearest that does not. */
static inline int32_t bp_narrow(int64_t x) { return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x; }

/*@ bp_ipow: */
/* a^n of integers, n >= 0, modulo 2^64; 0 for n < 0 unless a is 1 or -1 (the quotient 1/a^|n| rounded towards 0). */
static inline int64_t bp_ipow(int64_t a, int64_t n) {
    uint64_t y = 1, p = (uint64_t)a;
    if (n < 0) return a == 1 ? 1 : a == -1 ? (n % 2 ? -1 : 1) : 0;
    for (; n > 0; n >>= 1, p *= p)
        if (n & 1) y *= p;
    return (int64_t)y;
}

/*@ bp_powi: */
/* x^n for a whole n by repeated squaring; its error grows with log2|n|, so small n only. */
static inline double bp_powi(double x, int64_t n) {
    uint64_t m = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
    double y = 1.0;
    for (; m > 0; m >>= 1, x *= x)
        if (m & 1u) y *= x;
    return n < 0 ? 1.0 / y : y;
}

/*@ bp_powif: bp_powi */
static inline float bp_powif(float x, int64_t n) { return (float)bp_powi((double)x, n); }

/*@ bp_sin_huge: bp_sin */
/* sin, cos, tan for arguments of any size: not branch-free. */
static inline double bp_sin_huge(double x) { return fabs(x) <= 1073741824.0 ? bp_sin(x) : sin(x); }

/*@ bp_cos_huge: bp_cos */
static inline double bp_cos_huge(double x) { return fabs(x) <= 1073741824.0 ? bp_cos(x) : cos(x); }

/*@ bp_tan_huge: bp_tan */
static inline double bp_tan_huge(double x) { return fabs(x) <= 1073741824.0 ? bp_tan(x) : tan(x); }

/*@ bp_sin_hugef: bp_sinf */
static inline float bp_sin_hugef(float x) { return fabsf(x) <= 1073741824.0f ? bp_sinf(x) : (float)sin((double)x); }

/*@ bp_cos_hugef: bp_cosf */
static inline float bp_cos_hugef(float x) { return fabsf(x) <= 1073741824.0f ? bp_cosf(x) : (float)cos((double)x); }

/*@ bp_tan_hugef: bp_tanf */
static inline float bp_tan_hugef(float x) { return fabsf(x) <= 1073741824.0f ? bp_tanf(x) : (float)tan((double)x); }

/*@ bp_lgamma: */
/* log|gamma(x)|, the C library's; in long double, where that is longer, for its double one is more than 2 ulp off. */
static inline double bp_lgamma(double x) { return (double)lgammal((long double)x); }

/*@ bp_lgammaf: */
static inline float bp_lgammaf(float x) { return (float)lgamma((double)x); }

/*@ bp_digamma_near: */
/* psi(x + whole) for x + whole in [1, 2.25], so that no digit of a small x is lost: (x - root) P(x - 3/2), the root of psi
 * and the first coefficient to twice the precision. */
static inline double bp_digamma_near(double x, double whole) {
    const double t = x - (1.5 - whole);
    double p = 3.7222692111577897e-06;
    p = p * t - 1.864857151489658e-05;
    p = p * t + 4.0080764249318624e-05;
    p = p * t - 5.163156165791856e-05;
    p = p * t + 5.74198670464173e-05;
    p = p * t - 8.239977147509998e-05;
    p = p * t + 0.00013537867399651077;
    p = p * t - 0.00020906748785024556;
    p = p * t + 0.0003101501316383853;
    p = p * t - 0.0004623181905813202;
    p = p * t + 0.0006939827641748601;
    p = p * t - 0.0010418352827475813;
    p = p * t + 0.0015629318456729798;
    p = p * t - 0.0023447030605570863;
    p = p * t + 0.003518147228670695;
    p = p * t - 0.00528001332356942;
    p = p * t + 0.007927019411926532;
    p = p * t - 0.011908215426503024;
    p = p * t + 0.017907248400025538;
    p = p * t - 0.02697579683524322;
    p = p * t + 0.040760833939371736;
    p = p * t - 0.0619221332718404;
    p = p * t + 0.09498872445289949;
    p = p * t - 0.14840492305391587;
    p = p * t + 0.240542484240787;
    p = p * t - 0.4236274212814605;
    p = (p * t + 4.3219528174321785e-17) + 0.9510558760318328;
    return (x - (1.4616321449683622 - whole)) * p - 9.549995429965697e-17 * p;
}

/*@ bp_digamma_positive: bp_sum2 bp_product2 bp_log bp_digamma_near */
/* psi(x) for x > 0.  On [1, 2.25] psi(x) = (x - root) P(x - 3/2), and by psi(x + 1) = psi(x) + 1/x up to 8; beyond, up to
 * x >= 10 by the same recurrence, its sums compensated, and there the asymptotic series
 *   log x - 1/(2x) - sum B_2k / (2k x^2k)   (Abramowitz and Stegun 6.3.18). */
static inline double bp_digamma_positive(double x) {
    double sum = 0.0, rest = 0.0, p, e;
    if (x < 1.0) {
        const double q = 1.0 / x;
        bp_product2(q, x, &p, &e); /* what 1/x was rounded by */
        return (bp_digamma_near(x, 1.0) - (x > 1e-3 ? ((1.0 - p) - e) * q : 0.0)) - q;
    }
    if (x < 8.0) {
        for (; x > 2.25; x -= 1.0) {
            bp_sum2(sum, 1.0 / (x - 1.0), &sum, &e);
            rest += e;
        }
        return sum + (rest + bp_digamma_near(x, 0.0));
    }
    for (; x < 10.0; x += 1.0) {
        bp_sum2(sum, -1.0 / x, &sum, &e);
        rest += e;
    }
    const double z = 1.0 / (x * x);
    const double series =
        z *
        (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12)))))));
    bp_sum2(sum, bp_log(x), &sum, &e);
    return sum + (e + rest - (0.5 / x + series));
}

/*@ bp_digamma: bp_floor bp_tan bp_digamma_positive */
/* psi(x), nan at 0, -1, -2, …; below 0 by reflection: psi(1 - x) - pi/tan(pi x). */
static inline double bp_digamma(double x) {
    if (x > 0.0) return x > 1.7976931348623157e308 ? x : bp_digamma_positive(x);
    if (!(x < 0.0) || bp_floor(x) == x) return (double)NAN;
    const double fraction = x - bp_floor(x);
    return bp_digamma_positive(1.0 - x) - 3.141592653589793 / bp_tan(3.141592653589793 * fraction);
}

/*@ bp_digammaf: bp_digamma */
static inline float bp_digammaf(float x) { return (float)bp_digamma((double)x); }

/*@ bp_polygamma: bp_powi bp_digamma */
/* The n-th derivative of digamma at x, n = 0, 1, 2, … (nan for other n, at poles, and below 0 for n > 0).  By
 *   psi_n(x) = (-1)^(n+1) n! sum_k (x + k)^-(n+1),
 * added up to x + k >= 10 + n and finished by the Euler-Maclaurin series (Abramowitz and Stegun 6.4.11). */
static inline double bp_polygamma(double n, double x) {
    static const double bernoulli[8] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
    if (n == 0.0) return bp_digamma(x);
    if (!(n > 0.0) || n > 170.0 || n != (double)(int)n || !(x > 0.0)) return (double)NAN;
    const int m = (int)n;
    double factorial = 1.0, sum = 0.0, y = x;
    for (int i = 2; i <= m; i++) factorial *= i;
    for (; y < 10.0 + n; y += 1.0) sum += bp_powi(y, -(int64_t)m - 1);
    const double z = 1.0 / (y * y);
    double power = 0.5 * (n + 1.0) * z, tail = 1.0 / n + 0.5 / y; /* (m+1)…(m+2k-1)/(2k)! y^-2k */
    for (int k = 1; k <= 8; k++) {
        tail += bernoulli[k - 1] * power;
        power *= (n + 2.0 * k) * (n + 2.0 * k + 1.0) / ((2.0 * k + 1.0) * (2.0 * k + 2.0)) * z;
    }
    sum += bp_powi(y, -(int64_t)m) * tail;
    return (m % 2 ? factorial : -factorial) * sum;
}

/*@ bp_polygammaf: bp_polygamma */
static inline float bp_polygammaf(float n, float x) { return (float)bp_polygamma((double)n, (double)x); }

/*@ end: */
#endif
