/* The operators on numbers: the value texts of ops.def, compiled by the C compiler, in double and in long double.
 *
 * The texts are generic over the type through tgmath.h; what C's library lacks is below, as textbooks have it. */
#include <iso646.h>
#include <tgmath.h>

#include "graph/ops.h"

#define where(c, p, q) ((c) ? (p) : (q))
#define floordiv(p, q) floor((p) / (q))
#define mod(p, q) ((p) - (q) * floor((p) / (q)))
#define isqrt(x) floor(sqrt(x))
#undef round
#define round(x) rint(x) /* halves to even */
#define sigmoid(x) where((x) >= 0, 1 / (1 + exp(-(x))), exp(x) / (1 + exp(x)))
#define softplus(x) (where((x) > 0, (x), 0 * (x)) + log1p(exp(-fabs(x))))

/* psi^(n)(x): recurrence up to where the asymptotic series holds (Abramowitz & Stegun 6.4.6, 6.4.11). */
static long double polygamma_long(long double order, long double x) {
    static const long double bernoulli[] = {1.0L / 6, -1.0L / 30, 1.0L / 42, -1.0L / 30, 5.0L / 66, -691.0L / 2730, 7.0L / 6,
                                            -3617.0L / 510, 43867.0L / 798, -174611.0L / 330};
    int n = (int)order;
    if (x != x || (x <= 0 && x == floorl(x))) return NAN;
    long double factorial = tgammal((long double)n + 1), sign = n % 2 ? 1 : -1, sum = 0;
    if (x < 0 && n == 0) return polygamma_long(0, 1 - x) - 3.14159265358979323846264338327950288L / tanl(3.14159265358979323846264338327950288L * x);
    while (x < 25) {
        sum += n == 0 ? -1 / x : sign * factorial / powl(x, n + 1);
        x += 1;
    }
    if (n == 0) {
        long double series = logl(x) - 1 / (2 * x), p = 1;
        for (int k = 0; k < 10; k++) p *= x * x, series -= bernoulli[k] / (2 * (k + 1) * p);
        return sum + series;
    }
    long double series = tgammal(n) / powl(x, n) + factorial / (2 * powl(x, n + 1));
    for (int k = 0; k < 10; k++)
        series += bernoulli[k] * tgammal(2 * (k + 1) + n) / (tgammal(2 * (k + 1) + 1) * powl(x, 2 * (k + 1) + n));
    return sum + sign * series;
}
#define polygamma(n, x) polygamma_long((n), (x))
#define draw_normal(place, index) (0 * ((place) + (index)))
#define draw_uniform(place, index) (0.5L + 0 * ((place) + (index)))

#define OP(name, n, rule, value, ...)                                                  \
    static double value_##name(const double *arg) {                                    \
        const double a = arg[0], b = n > 1 ? arg[1] : 0, c = n > 2 ? arg[2] : 0;        \
        (void)a, (void)b, (void)c;                                                      \
        return (double)(value);                                                         \
    }                                                                                   \
    static long double long_##name(const long double *arg) {                            \
        const long double a = arg[0], b = n > 1 ? arg[1] : 0, c = n > 2 ? arg[2] : 0;    \
        (void)a, (void)b, (void)c;                                                      \
        return (long double)(value);                                                    \
    }
#include "graph/ops.def"
#undef OP

double op_value(uint32_t op, const double *arg) {
    static double (*const value[N_OPS])(const double *) = {
#define OP(name, ...) value_##name,
#include "graph/ops.def"
#undef OP
    };
    return value[op](arg);
}

long double op_value_long(uint32_t op, const long double *arg) {
    static long double (*const value[N_OPS])(const long double *) = {
#define OP(name, ...) long_##name,
#include "graph/ops.def"
#undef OP
    };
    return value[op](arg);
}
