#!/usr/bin/env python3
"""The coefficients of bp_math.h: near-minimax polynomials, by interpolation in Chebyshev points at 60 digits.

Run it (it needs mpmath) to print every table again with its largest weighted error; nothing at build time needs it.
Each row: name, the function approximated (smooth on the interval), the interval, the degree, the weight of an error."""
from mpmath import mp, mpf, mpc, exp, log, sin, cos, tan, tanh, sinh, atan, asin, erf, erfc, digamma, sqrt, pi, taylor
import struct
import sys

mp.dps = 60


def interpolate(f, lo, hi, degree, crowd):
    """Coefficients, constant first, of the polynomial through the Chebyshev points of [lo, hi]; crowd > 1 draws the
    points towards lo, for weights that fall off towards hi."""
    n = degree + 1
    x = [lo + (hi - lo) * (mpf(0.5) + cos((2 * k + 1) * pi / (2 * n)) / 2)**crowd for k in range(n)]
    d = [f(v) for v in x]
    for j in range(1, n):                                   # divided differences
        for i in range(n - 1, j - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (x[i] - x[i - j])
    c = [d[-1]]
    for i in range(n - 2, -1, -1):                          # Newton form to powers
        c = [(c[j - 1] if j else 0) - x[i] * (c[j] if j < len(c) else 0) for j in range(len(c) + 1)]
        c[0] += d[i]
    return c


def rounded(v, single):
    return struct.unpack('f', struct.pack('f', float(v)))[0] if single else float(v)


def odd(f, z):      # (f(x) - x) / x^3 by z = x^2
    x = sqrt(z)
    return (f(x) - x) / (x * z)


def near_zero(g):   # g has a removable singularity at 0: evaluate it a little off
    return lambda v: g(v if abs(v) > mpf(10) ** -14 else mpf(10) ** -14)


LOG2 = log(mpf(2))
Q = pi / 4
ROOT = mpf('1.461632144968362341262659542325721328468196204006446351295988409')   # of digamma
ROWS = [
    ('exp', near_zero(lambda r: (exp(r) - 1 - r) / r**2), -LOG2 / 2, LOG2 / 2, 9, 4, lambda r: r**2),
    ('log', lambda s2: ((lambda s: (log((1 + s) / (1 - s)) / s - 2) / s2)(sqrt(s2))), mpf(0), mpf('0.02945'), 6, 2,
     lambda s2: s2),
    ('log_rest', lambda z: ((lambda s: ((log((1 + s) / (1 - s)) / s - 2) / z - mpf(2) / 3) / z)(sqrt(z))), mpf(0),
     mpf('0.02945'), 6, None, lambda z: z * z),
    ('log1', near_zero(lambda f: (log(1 + f) - f + f * f / 2) / f**3), sqrt(mpf('0.5')) - 1, sqrt(mpf(2)) - 1, None, 9,
     lambda f: abs(f**3 / log(1 + f))),
    ('sin', lambda z: odd(sin, z), mpf(0), Q**2, 6, 3, lambda z: z),
    ('cos', lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(0), Q**2, 6, 3, lambda z: z * z),
    ('tan', lambda z: odd(tan, z), mpf(0), Q**2, 14, 6, lambda z: z),
    ('tan_short', lambda z: odd(tan, z), mpf(0), Q**2, 8, None, lambda z: z),
    ('tanh', lambda z: odd(tanh, z), mpf(0), mpf('0.625')**2, 11, 5, lambda z: z),
    ('sinh', lambda z: odd(sinh, z), mpf(0), mpf(1), 7, 3, lambda z: z),
    ('atan', lambda z: odd(atan, z), mpf(0), mpf('0.1915'), 11, 5, lambda z: z),
    ('asin', lambda z: odd(asin, z), mpf(0), mpf('0.25'), 13, 5, lambda z: z),
    ('erf', lambda z: erf(sqrt(z)) / sqrt(z) - 1, mpf(0), mpf(1), 13, 6, lambda z: 1),
    ('erfc', lambda t: -log(erfc(1 + t)), mpf(0), mpf(5), 22, 10, lambda t: erfc(1 + t)),
    ('digamma', lambda t: digamma(t + 1.5) / (t + 1.5 - ROOT), mpf('-0.5'), mpf('0.76'), 26, None, lambda t: 1),
]
CROWD = {'erfc': 1.5}


def main():
    for name, f, lo, hi, deg64, deg32, weight in ROWS:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        e = (hi - lo) * mpf(10) ** -15
        g = lambda v: f(min(max(v, lo + e), hi))
        for single, degree in ((False, deg64), (True, deg32)):
            if degree is None:
                continue
            c = [rounded(v, single) for v in interpolate(g, lo, hi, degree, mpf(CROWD.get(name, 1)))]
            worst = max(abs(sum(mpf(ck) * v**k for k, ck in enumerate(c)) - g(v)) * weight(v)
                        for v in (lo + (hi - lo) * (i + mpf('0.5')) / 400 for i in range(400)))
            print(f'/* {name}, {"f32" if single else "f64"}, error {mp.nstr(worst, 3)} = 2^{mp.nstr(log(worst, 2), 4)} */')
            for k, v in enumerate(c):
                print(f'  {v!r}' if not single else f'  {v:.9g}f')


main()
