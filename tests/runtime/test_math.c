/* The elementary functions against MPFR: every function in both precisions, over its whole domain.
 *
 * A row of the table gives a function, MPFR's, and where its values are interesting; the points are drawn uniformly
 * from there, uniformly over the bits (all exponents, subnormals, infinities, nan), and a list of special values.  The
 * error is counted in units in the last place of the true result. */
#undef __NO_MATH_ERRNO__ /* test the square root that does not use the C library's */
#include "bp_math.h"
#include "tests.h"

#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <mpfr.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 40000, PRECISION = 140 };

typedef int mpfr_one(mpfr_t, const mpfr_t, mpfr_rnd_t);
typedef int mpfr_two(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t);

typedef struct {
    const char *name;
    double (*f64)(double);
    float (*f32)(float);
    mpfr_one *truth;
    double lo, hi;         /* where it is interesting */
    double from, to;       /* where it is defined to the full precision; points beyond are left out */
    double ulps64, ulps32; /* the bounds promised */
} one_row;

typedef struct {
    const char *name;
    double (*f64)(double, double);
    float (*f32)(float, float);
    mpfr_two *truth;
    double lo_a, hi_a, lo_b, hi_b;
    double ulps64, ulps32;
} two_row;

/* xorshift64*, for points only; not the generator under test. */
static uint64_t next_bits(uint64_t *s) {
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 2685821657736338717u;
}

static double next_uniform(uint64_t *s) { return (double)(next_bits(s) >> 11) * 0x1p-53; }

static int mpfr_sigmoid(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    mpfr_neg(y, x, rnd);
    mpfr_exp(y, y, rnd);
    mpfr_add_ui(y, y, 1, rnd);
    return mpfr_ui_div(y, 1, y, rnd);
}

static int mpfr_softplus(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    mpfr_exp(y, x, rnd);
    return mpfr_log1p(y, y, rnd);
}

static int mpfr_to_floor(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    (void)rnd;
    return mpfr_floor(y, x);
}
static int mpfr_to_ceil(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    (void)rnd;
    return mpfr_ceil(y, x);
}
static int mpfr_to_round(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    (void)rnd;
    return mpfr_roundeven(y, x);
}

static int mpfr_lgamma_abs(mpfr_t y, const mpfr_t x, mpfr_rnd_t rnd) {
    int sign;
    return mpfr_lgamma(y, &sign, x, rnd);
}

/* The remainder of floor division, exact before rounding: fmod moved to the side of the divisor. */
static int mpfr_floor_mod(mpfr_t y, const mpfr_t a, const mpfr_t b, mpfr_rnd_t rnd) {
    mpfr_fmod(y, a, b, rnd);
    if (mpfr_zero_p(y)) return mpfr_setsign(y, y, mpfr_signbit(b), rnd);
    return !mpfr_nan_p(y) && mpfr_signbit(y) != mpfr_signbit(b) ? mpfr_add(y, y, b, rnd) : 0;
}

static const one_row ones[] = {
    {"exp", bp_exp, bp_expf, mpfr_exp, -750, 720, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"expm1", bp_expm1, bp_expm1f, mpfr_expm1, -5, 5, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"log", bp_log, bp_logf, mpfr_log, 0, 3, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"log1p", bp_log1p, bp_log1pf, mpfr_log1p, -1, 3, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"sqrt", bp_sqrt, bp_sqrtf, mpfr_sqrt, 0, 10, -HUGE_VAL, HUGE_VAL, 0.501, 0.501},
    {"sin", bp_sin, bp_sinf, mpfr_sin, -10, 10, -0x1p30, 0x1p30, 2, 3},
    {"cos", bp_cos, bp_cosf, mpfr_cos, -10, 10, -0x1p30, 0x1p30, 2, 3},
    {"tan", bp_tan, bp_tanf, mpfr_tan, -10, 10, -0x1p30, 0x1p30, 2, 3},
    {"sin (wide)", bp_sin, bp_sinf, mpfr_sin, -1e5, 1e5, -0x1p30, 0x1p30, 2, 3},
    {"cos (wide)", bp_cos, bp_cosf, mpfr_cos, -1e5, 1e5, -0x1p30, 0x1p30, 2, 3},
    {"tan (widest)", bp_tan, bp_tanf, mpfr_tan, -0x1p30, 0x1p30, -0x1p30, 0x1p30, 2, 3},
    {"sin_huge", bp_sin_huge, bp_sin_hugef, mpfr_sin, -1e12, 1e12, -1e40, 1e40, 2, 3},
    {"cos_huge", bp_cos_huge, bp_cos_hugef, mpfr_cos, -1e12, 1e12, -1e40, 1e40, 2, 3},
    {"tan_huge", bp_tan_huge, bp_tan_hugef, mpfr_tan, -1e12, 1e12, -1e40, 1e40, 2, 3},
    {"asin", bp_asin, bp_asinf, mpfr_asin, -1, 1, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"acos", bp_acos, bp_acosf, mpfr_acos, -1, 1, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"atan", bp_atan, bp_atanf, mpfr_atan, -4, 4, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"sinh", bp_sinh, bp_sinhf, mpfr_sinh, -5, 5, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"cosh", bp_cosh, bp_coshf, mpfr_cosh, -5, 5, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"sinh (wide)", bp_sinh, bp_sinhf, mpfr_sinh, -715, 715, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"cosh (wide)", bp_cosh, bp_coshf, mpfr_cosh, -92, 92, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"tanh", bp_tanh, bp_tanhf, mpfr_tanh, -5, 5, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"sigmoid", bp_sigmoid, bp_sigmoidf, mpfr_sigmoid, -20, 20, -1e4, 1e4, 2, 3},
    {"sigmoid (wide)", bp_sigmoid, bp_sigmoidf, mpfr_sigmoid, -750, 110, -1e4, 1e4, 2, 3},
    {"softplus", bp_softplus, bp_softplusf, mpfr_softplus, -20, 20, -1e4, 1e4, 2, 3},
    {"softplus (wide)", bp_softplus, bp_softplusf, mpfr_softplus, -750, 110, -1e4, 1e4, 2, 3},
    {"erf", bp_erf, bp_erff, mpfr_erf, -7, 7, -HUGE_VAL, HUGE_VAL, 2, 3},
    {"floor", bp_floor, bp_floorf, mpfr_to_floor, -10, 10, -HUGE_VAL, HUGE_VAL, 0, 0},
    {"ceil", bp_ceil, bp_ceilf, mpfr_to_ceil, -10, 10, -HUGE_VAL, HUGE_VAL, 0, 0},
    {"round", bp_round, bp_roundf, mpfr_to_round, -10, 10, -HUGE_VAL, HUGE_VAL, 0, 0},
    {"lgamma", bp_lgamma, bp_lgammaf, mpfr_lgamma_abs, 0, 20, 0, HUGE_VAL, 2, 3},
    {"digamma", bp_digamma, bp_digammaf, mpfr_digamma, 0, 20, 0x1p-1074, 1e300, 2, 3},
};

static const two_row twos[] = {
    {"pow", bp_pow, bp_powf, mpfr_pow, 0, 4, -30, 30, 2, 3},
    {"pow (near 1)", bp_pow, bp_powf, mpfr_pow, 0.99, 1.01, -1e5, 1e5, 2, 3},
    {"pow (wide)", bp_pow, bp_powf, mpfr_pow, 0, 1e30, -12, 12, 2, 3},
    {"atan2", bp_atan2, bp_atan2f, mpfr_atan2, -3, 3, -3, 3, 2, 3},
    {"fmod", bp_fmod, bp_fmodf, mpfr_floor_mod, -30, 30, -7, 7, 0.501, 0.501},
};

static const double specials[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    1.5,
    2.5,
    -2.5,
    3.0,
    -3.0,
    0x1p-1074,
    -0x1p-1074,
    0x1p-1022,
    0x1.fffffffffffffp-1023,
    DBL_MAX,
    -DBL_MAX,
    (double)FLT_MAX,
    -(double)FLT_MAX,
    (double)FLT_MIN,
    0x1p-149,
    0x1.fffffcp-127,
    DBL_EPSILON,
    1 + DBL_EPSILON,
    1 - DBL_EPSILON / 2,
    1 + 0x1p-23,
    1 - 0x1p-24,
    0x1p52,
    0x1p53,
    -0x1p52 + 0.5,
    0x1p23,
    8388607.5,
    16777217.0,
    709.782712893384,
    709.7827128933841,
    -745.1332191019411,
    -745.1332191019412,
    -708.3964185322641,
    88.72283172607422,
    88.72283935546875,
    -103.97207641601562,
    -87.33654,
    0.4142135623730951,
    -0.2928932188134524,
    1.4142135623730951,
    0.7071067811865476,
    0.625,
    0.4375,
    0.6875,
    1.1875,
    2.4375,
    1.5707963267948966,
    3.141592653589793,
    0.7853981633974483,
    2.356194490192345,
    6.283185307179586,
    100000.0,
    10000.0,
    1.5707963705062866,
    3.1415927410125732,
    710.4758600739439,
    89.41598,
    1.4616321449683622,
    5.9,
    4.0,
    20.0,
    1e10,
    1e300,
    -1e300,
    1e-300,
    1e-8,
    1e-9,
    1e-4,
    1e-17,
    (double)INFINITY,
    -(double)INFINITY,
    (double)NAN,
};
enum { SPECIALS = sizeof specials / sizeof *specials };

/* Point number i of a function: specials, then bits, then the interval. */
static double point(int i, double lo, double hi, bool single, uint64_t *seed) {
    if (i < SPECIALS) return single ? (double)(float)specials[i] : specials[i];
    if (i % 4 != 0) {
        const double x = lo + (hi - lo) * next_uniform(seed);
        return single ? (double)(float)x : x;
    }
    return single ? (double)bp_from_bitsf((uint32_t)next_bits(seed)) : bp_from_bits(next_bits(seed));
}

/* How far `got` is from the truth, in units in the last place of the truth; infinity where it is of another kind
 * (nan, overflow, or a zero of the other sign where the truth is an exact zero). */
static double ulps(double got, mpfr_t truth, bool single) {
    const int digits = single ? FLT_MANT_DIG : DBL_MANT_DIG, least = single ? FLT_MIN_EXP : DBL_MIN_EXP;
    if (mpfr_nan_p(truth) || isnan(got)) return mpfr_nan_p(truth) && isnan(got) ? 0.0 : (double)INFINITY;
    const double near = single ? (double)mpfr_get_flt(truth, MPFR_RNDN) : mpfr_get_d(truth, MPFR_RNDN);
    if (isinf(near) || isinf(got)) {
        if (got == near) return 0.0;
        return isinf(got) && !mpfr_inf_p(truth) && fabs(near) == (single ? (double)FLT_MAX : DBL_MAX) ? 1.0 : (double)INFINITY;
    }
    if (mpfr_zero_p(truth)) return got == 0.0 && !signbit(got) == !mpfr_signbit(truth) ? 0.0 : (double)INFINITY;
    long exponent = (long)mpfr_get_exp(truth);
    if (exponent < least) exponent = least;
    mpfr_t error;
    mpfr_init2(error, PRECISION);
    mpfr_sub_d(error, truth, got, MPFR_RNDN);
    mpfr_abs(error, error, MPFR_RNDN);
    mpfr_mul_2si(error, error, digits - exponent, MPFR_RNDN);
    const double result = mpfr_get_d(error, MPFR_RNDN);
    mpfr_clear(error);
    return result;
}

static void check_one(const one_row *row, bool single) {
    mpfr_t x, y;
    mpfr_inits2(PRECISION, x, y, (mpfr_ptr)0);
    uint64_t seed = 88172645463325252u;
    double worst = 0.0, where = 0.0;
    for (int i = 0; i < POINTS; i++) {
        const double a = point(i, row->lo, row->hi, single, &seed);
        if (a < row->from || a > row->to) continue;
        const double got = single ? (double)row->f32((float)a) : row->f64(a);
        mpfr_set_d(x, a, MPFR_RNDN);
        row->truth(y, x, MPFR_RNDN);
        const double error = ulps(got, y, single);
        if (error > worst) worst = error, where = a;
    }
    printf("%-16s %s  max %6.3f ulp at %.17g\n", row->name, single ? "f32" : "f64", worst, where);
    mpfr_clears(x, y, (mpfr_ptr)0);
    ck_assert_msg(worst <= (single ? row->ulps32 : row->ulps64), "%s: %g ulp at %.17g", row->name, worst, where);
}

static void check_two(const two_row *row, bool single) {
    mpfr_t x, y, z;
    mpfr_inits2(PRECISION, x, y, z, (mpfr_ptr)0);
    uint64_t seed = 1181783497276652981u;
    double worst = 0.0, where_a = 0.0, where_b = 0.0;
    for (int i = 0; i < POINTS + SPECIALS * SPECIALS; i++) {
        const bool special = i < SPECIALS * SPECIALS;
        const double a = special ? point(i / SPECIALS, 0, 0, single, &seed) : point(i, row->lo_a, row->hi_a, single, &seed);
        const double b = special ? point(i % SPECIALS, 0, 0, single, &seed) : point(i, row->lo_b, row->hi_b, single, &seed);
        if (row->truth == mpfr_floor_mod && (isinf(b) || !(fabs(a / b) < (single ? 0x1p29 : 0x1p52)))) continue;
        const double got = single ? (double)row->f32((float)a, (float)b) : row->f64(a, b);
        mpfr_set_d(x, a, MPFR_RNDN);
        mpfr_set_d(y, b, MPFR_RNDN);
        row->truth(z, x, y, MPFR_RNDN);
        const double error = ulps(got, z, single);
        if (error > worst) worst = error, where_a = a, where_b = b;
    }
    printf("%-16s %s  max %6.3f ulp at %.17g, %.17g\n", row->name, single ? "f32" : "f64", worst, where_a, where_b);
    mpfr_clears(x, y, z, (mpfr_ptr)0);
    ck_assert_msg(worst <= (single ? row->ulps32 : row->ulps64), "%s: %g ulp at %.17g, %.17g", row->name, worst, where_a,
                  where_b);
}

START_TEST(one_argument) {
    check_one(&ones[_i], false);
    check_one(&ones[_i], true);
}
END_TEST

START_TEST(two_arguments) {
    check_two(&twos[_i], false);
    check_two(&twos[_i], true);
}
END_TEST

/* Beyond what they can reduce, sin, cos and tan say so. */
START_TEST(too_many_turns) {
    ck_assert(isnan(bp_sin(1.1e9)) && isnan(bp_cos(-1e300)) && isnan(bp_tan((double)INFINITY)));
    ck_assert(isnan(bp_sinf(1.1e9f)) && isnan(bp_cosf(-1e30f)) && isnan(bp_tanf((float)INFINITY)));
}
END_TEST

START_TEST(whole_numbers) {
    ck_assert_int_eq(bp_floordiv(7, 2), 3);
    ck_assert_int_eq(bp_floordiv(-7, 2), -4);
    ck_assert_int_eq(bp_floordiv(7, -2), -4);
    ck_assert_int_eq(bp_floordiv(-8, 2), -4);
    ck_assert_int_eq(bp_mod(-7, 2), 1);
    ck_assert_int_eq(bp_mod(7, -2), -1);
    ck_assert_int_eq(bp_mod(-8, 2), 0);
    ck_assert_int_eq(bp_mod(8, 3), 2);
    ck_assert_int_eq(bp_ipow(3, 4), 81);
    ck_assert_int_eq(bp_ipow(-2, 3), -8);
    ck_assert_int_eq(bp_ipow(5, 0), 1);
    ck_assert_int_eq(bp_ipow(2, -1), 0);
    ck_assert_int_eq(bp_ipow(-1, -3), -1);
    ck_assert_double_eq(bp_powi(1.5, 3), 3.375);
    ck_assert_double_eq(bp_powi(2.0, -2), 0.25);
}
END_TEST

/* Integer squares have exact roots; those of squares of floats too. */
/* What underflows is a hundred times as slow on many processors; softmax takes exp of -inf wherever something is masked. */
START_TEST(exp_of_nothing_does_not_underflow) {
    static const volatile double far[] = {-HUGE_VAL, -1e300, -1e5, -750};
    feclearexcept(FE_UNDERFLOW);
    for (int k = 0; k < 4; k++) {
        const volatile double wide = bp_exp(far[k]);
        const volatile float narrow = bp_expf((float)(k == 1 ? -1e30 : far[k]));
        ck_assert(wide == 0 && narrow == 0);
    }
    ck_assert(!fetestexcept(FE_UNDERFLOW));
}
END_TEST

START_TEST(perfect_squares) {
    for (int i = 0; i < 100000; i++) ck_assert_double_eq(bp_sqrt((double)i * i), i);
    for (int i = 0; i < 4096; i++) ck_assert(bp_sqrtf((float)(i * i)) == (float)i);
}
END_TEST

/* psi_n(1) = (-1)^(n+1) n! zeta(n+1), psi_1(1/2) = pi^2/2 (Abramowitz and Stegun 6.4.2, 6.4.4), and the recurrence. */
START_TEST(polygamma_values) {
    ck_assert_double_eq_tol(bp_polygamma(0, 1), -0.57721566490153286061, 1e-15);
    ck_assert_double_eq_tol(bp_polygamma(1, 1), 1.6449340668482264365, 1e-14);
    ck_assert_double_eq_tol(bp_polygamma(2, 1), -2 * 1.2020569031595942854, 1e-14);
    ck_assert_double_eq_tol(bp_polygamma(3, 1), 6 * 1.0823232337111381915, 1e-13);
    ck_assert_double_eq_tol(bp_polygamma(1, 0.5), 4.9348022005446793094, 1e-14);
    ck_assert_double_eq_tol(bp_polygamma(1, 50.25) - bp_polygamma(1, 51.25), 1 / (50.25 * 50.25), 1e-16);
    ck_assert(isnan(bp_polygamma(1.5, 1)) && isnan(bp_polygamma(0, 0)) && isnan(bp_digamma(-3)));
    ck_assert_double_eq_tol(bp_digamma(-0.5), 0.03648997397857652, 1e-15); /* psi(1/2) + 2 */
}
END_TEST

#ifndef FUSED
#define FUSED 0
#endif

#if FUSED /* compiled a second time, with fused multiply-adds wherever the compiler likes */
Suite *suite_math_fused(void) {
#else
Suite *suite_math(void) {
#endif
    Suite *suite = suite_create(FUSED ? "math, fused" : "math");
    TCase *tests = tcase_create("functions");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, one_argument, 0, sizeof ones / sizeof *ones);
    tcase_add_loop_test(tests, two_arguments, 0, sizeof twos / sizeof *twos);
    tcase_add_test(tests, too_many_turns);
    tcase_add_test(tests, whole_numbers);
    tcase_add_test(tests, exp_of_nothing_does_not_underflow);
    tcase_add_test(tests, perfect_squares);
    tcase_add_test(tests, polygamma_values);
    suite_add_tcase(suite, tests);
    return suite;
}
