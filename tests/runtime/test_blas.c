/* Matrix products, plain and by CBLAS, against the three loops of the definition. */
#include <math.h>
#include <stdlib.h>

#include "bp_blas.h"
#include "tests.h"

enum { MOST = 150 };

static double a[MOST * MOST], b[MOST * MOST], c0[MOST * MOST], c1[MOST * MOST];
static float af[MOST * MOST], bf[MOST * MOST], cf[MOST * MOST];

static void draw(double *x, float *f) {
    for (int i = 0; i < MOST * MOST; i++) f[i] = (float)(x[i] = (double)(rand() % 17 - 8) / 4); /* exact in float */
}

static void definition(bool ta, bool tb, int m, int n, int k, double alpha, double beta, const double *c, double *out) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += (ta ? a[p * MOST + i] : a[i * MOST + p]) * (tb ? b[j * MOST + p] : b[p * MOST + j]);
            out[i * MOST + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * MOST + j]);
        }
}

/* All values are multiples of 1/16 and small, so every order of summing gives the same result, exactly. */
static void check_size(int m, int n, int k, bool ta, bool tb, double alpha, double beta) {
    static double expected[MOST * MOST];
    definition(ta, tb, m, n, k, alpha, beta, c0, expected);
    for (int way = 0; way < 4; way++) {
        for (int i = 0; i < MOST * MOST; i++) cf[i] = (float)(c1[i] = c0[i]);
        if (way == 0) bp_gemm_plain_f64(ta, tb, m, n, k, alpha, a, MOST, b, MOST, beta, c1, MOST);
        if (way == 1) bp_gemm_f64(ta, tb, m, n, k, alpha, a, MOST, b, MOST, beta, c1, MOST);
        if (way == 2) bp_gemm_plain_f32(ta, tb, m, n, k, (float)alpha, af, MOST, bf, MOST, (float)beta, cf, MOST);
        if (way == 3) bp_gemm_f32(ta, tb, m, n, k, (float)alpha, af, MOST, bf, MOST, (float)beta, cf, MOST);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                const double got = way < 2 ? c1[i * MOST + j] : (double)cf[i * MOST + j];
                ck_assert_msg(got == expected[i * MOST + j], "way %d, %d x %d x %d: [%d, %d] is %g, not %g", way, m, n, k, i, j,
                              got, expected[i * MOST + j]);
            }
        for (int j = n; j < MOST && m < MOST; j++) ck_assert(way < 2 ? c1[j] == c0[j] : (double)cf[j] == c0[j]);
    }
}

START_TEST(products) {
    static const int size[][3] = {{1, 1, 1},   {3, 5, 7}, {64, 64, 128}, {65, 63, 129}, {150, 150, 150},
                                  {2, 130, 1}, {0, 3, 3}, {3, 0, 3},     {3, 3, 0}};
    draw(a, af);
    draw(b, bf);
    draw(c0, cf);
    for (size_t s = 0; s < sizeof size / sizeof *size; s++)
        for (int flags = 0; flags < 4; flags++) {
            check_size(size[s][0], size[s][1], size[s][2], flags & 1, flags & 2, 1, 0);
            check_size(size[s][0], size[s][1], size[s][2], flags & 1, flags & 2, 0.5, 1);
            check_size(size[s][0], size[s][1], size[s][2], flags & 1, flags & 2, -2, 0.25);
        }
}
END_TEST

/* With beta = 0 what C held does not matter. */
START_TEST(result_not_read) {
    double x = 2, y = 3, z = (double)NAN;
    bp_gemm_plain_f64(false, false, 1, 1, 1, 1, &x, 1, &y, 1, 0, &z, 1);
    ck_assert_double_eq(z, 6);
    z = (double)NAN;
    bp_gemm_f64(false, false, 1, 1, 1, 1, &x, 1, &y, 1, 0, &z, 1);
    ck_assert_double_eq(z, 6);
}
END_TEST

Suite *suite_blas(void) {
    Suite *suite = suite_create("blas");
    TCase *tests = tcase_create("gemm");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, products);
    tcase_add_test(tests, result_not_read);
    suite_add_tcase(suite, tests);
    return suite;
}
