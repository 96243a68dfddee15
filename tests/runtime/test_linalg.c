/* Factorisations, by the loops of bp_linalg.h and by LAPACK, in both precisions: what they solve is put back into the
 * equations; determinants against products of known factors; what has no factorisation says so. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bp_linalg.h"
#include "tests.h"

enum { MOST = 80, COLUMNS = 5 };
typedef struct { double a[MOST * MOST], b[MOST * MOST], x[MOST * MOST], factors[MOST * MOST]; } Room;
typedef struct { float a[MOST * MOST], b[MOST * MOST], x[MOST * MOST], factors[MOST * MOST]; } RoomF;
static Room d;
static RoomF f;
static int32_t row[2 * MOST];

/* By way: 0, 1 in double, loops and libbp; 2, 3 in float. Results come back in d.x. */
enum { WAYS = 4 };
static double tolerance(int way) { return way < 2 ? 1e-11 : 2e-3; }

static void narrow(void) {
    for (int k = 0; k < MOST * MOST; k++) f.a[k] = (float)d.a[k], f.b[k] = (float)d.b[k];
}
static void widen(int way, int n) {
    for (int k = 0; way >= 2 && k < n; k++) d.x[k] = (double)f.x[k];
}

static int solve(int way, int n, int m) {
    narrow();
    const int status = way == 0   ? bp_solve(n, m, d.a, d.b, d.x, d.factors, row)
                       : way == 1 ? bp_solve_f64(n, m, d.a, d.b, d.x, d.factors, row)
                       : way == 2 ? bp_solvef(n, m, f.a, f.b, f.x, f.factors, row)
                                  : bp_solve_f32(n, m, f.a, f.b, f.x, f.factors, row);
    widen(way, n * m);
    return status;
}
static int inverse(int way, int n) {
    narrow();
    const int status = way == 0   ? bp_inv(n, d.a, d.x, d.factors, row)
                       : way == 1 ? bp_inv_f64(n, d.a, d.x, d.factors, row)
                       : way == 2 ? bp_invf(n, f.a, f.x, f.factors, row)
                                  : bp_inv_f32(n, f.a, f.x, f.factors, row);
    widen(way, n * n);
    return status;
}
static double determinant(int way, int n) {
    narrow();
    if (way == 0) bp_det(n, d.a, d.x, d.factors, row);
    if (way == 1) bp_det_f64(n, d.a, d.x, d.factors, row);
    if (way == 2) bp_detf(n, f.a, f.x, f.factors, row);
    if (way == 3) bp_det_f32(n, f.a, f.x, f.factors, row);
    widen(way, 1);
    return d.x[0];
}
static void cofactors(int way, int n) {
    narrow();
    if (way == 0) bp_cofactor(n, d.a, d.x, d.factors, row);
    if (way == 1) bp_cofactor_f64(n, d.a, d.x, d.factors, row);
    if (way == 2) bp_cofactorf(n, f.a, f.x, f.factors, row);
    if (way == 3) bp_cofactor_f32(n, f.a, f.x, f.factors, row);
    widen(way, n * n);
}
static int logarithm(int way, int n) {
    narrow();
    const int status = way == 0   ? bp_logdet(n, d.a, d.x, d.factors, row)
                       : way == 1 ? bp_logdet_f64(n, d.a, d.x, d.factors, row)
                       : way == 2 ? bp_logdetf(n, f.a, f.x, f.factors, row)
                                  : bp_logdet_f32(n, f.a, f.x, f.factors, row);
    widen(way, 1);
    return status;
}
static int root(int way, int n) {
    narrow();
    const int status = way == 0   ? bp_cholesky(n, d.a, d.x)
                       : way == 1 ? bp_cholesky_f64(n, d.a, d.x)
                       : way == 2 ? bp_choleskyf(n, f.a, f.x)
                                  : bp_cholesky_f32(n, f.a, f.x);
    widen(way, n * n);
    return status;
}

static double draw(void) { return (double)(rand() % 2001 - 1000) / 1000; }

/* A matrix whose largest entries are off the diagonal, so that rows must change places. */
static void draw_matrix(int n) {
    for (int k = 0; k < n * n; k++) d.a[k] = draw();
    for (int i = 0; i < n; i++) d.a[i * n + (i + 1) % n] += 3 + n / 8.0;
    for (int k = 0; k < n * COLUMNS; k++) d.b[k] = draw();
}

static const int sizes[] = {1, 2, 3, 7, 31, 32, 33, 64, 80};
#define EACH_SIZE for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)

START_TEST(solutions_solve) {
    EACH_SIZE for (int m = 1; m <= COLUMNS; m += COLUMNS - 1) {
        const int n = sizes[s];
        draw_matrix(n);
        ck_assert_int_eq(solve(_i, n, m), 0);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < m; j++) {
                double sum = -d.b[i * m + j];
                for (int k = 0; k < n; k++) sum += d.a[i * n + k] * d.x[k * m + j];
                ck_assert_msg(fabs(sum) < tolerance(_i), "way %d, n = %d, m = %d: [%d, %d] is off by %g", _i, n, m, i, j, sum);
            }
    }
}
END_TEST

START_TEST(inverses_invert) {
    EACH_SIZE {
        const int n = sizes[s];
        draw_matrix(n);
        ck_assert_int_eq(inverse(_i, n), 0);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = i == j ? -1 : 0;
                for (int k = 0; k < n; k++) sum += d.a[i * n + k] * d.x[k * n + j];
                ck_assert_msg(fabs(sum) < tolerance(_i), "way %d, n = %d: [%d, %d] is off by %g", _i, n, i, j, sum);
            }
    }
}
END_TEST

/* Lower times upper triangle, rows in another order: the determinant is known, its sign too. */
START_TEST(determinants) {
    EACH_SIZE {
        const int n = sizes[s];
        static double lower[MOST * MOST], upper[MOST * MOST];
        double expected = (n - 1) % 2 ? -1 : 1; /* of turning the rows by one place */
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                lower[i * n + j] = i == j ? 1 : j < i ? draw() / n : 0;
                upper[i * n + j] = i == j ? 1 + draw() / 4 : j > i ? draw() / n : 0;
                if (i == j && i % 3 == 1) upper[i * n + j] = -upper[i * n + j];
                if (i == j) expected *= upper[i * n + j];
            }
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++) sum += lower[i * n + k] * upper[k * n + j];
                d.a[(i + 1) % n * n + j] = sum;
            }
        const double found = determinant(_i, n);
        ck_assert_msg(fabs(found - expected) < tolerance(_i) * (fabs(expected) + 1e-6), "way %d, n = %d: %g, not %g", _i, n, found, expected);
        ck_assert_int_eq(logarithm(_i, n), 0);
        ck_assert_double_eq_tol(d.x[0], log(fabs(expected)), tolerance(_i) * (1 + n));
    }
}
END_TEST

/* By the definition: what is left without the row and the column. Of regular matrices, of those in which one row is twice
 * another, and of those in which two are, whose cofactors are all 0; the largest a matrix has are near 1. */
START_TEST(cofactors_by_minors) {
    EACH_SIZE for (int lost = 0; lost <= 2; lost++) {
        const int n = sizes[s];
        static double whole[MOST * MOST], found[MOST * MOST];
        if (n <= lost) continue;
        draw_matrix(n);
        for (int k = 0; k < n * n; k++) d.a[k] /= 3 + n / 8.0;
        for (int k = 0; k < lost; k++)
            for (int j = 0; j < n; j++) d.a[(n - 1 - k) * n + j] = 2 * d.a[j];
        memcpy(whole, d.a, sizeof whole);
        cofactors(_i, n);
        memcpy(found, d.x, sizeof found);
        double size = 0;
        for (int k = 0; k < n * n; k++) size = fmax(size, fabs(found[k]));
        for (int turn = 0; turn < 12; turn++) {
            const int i = turn < 4 ? (turn % 2 ? 0 : n - 1) : rand() % n, j = turn < 4 ? (turn / 2 ? 0 : n - 1) : rand() % n;
            int at = 0;
            for (int k = 0; k < n * n; k++)
                if (k / n != i && k % n != j) d.a[at++] = whole[k];
            const double minor = n == 1 ? 1 : determinant(0, n - 1), expected = (i + j) % 2 ? -minor : minor;
            const double scale = lost < 2 ? size + 1e-6 : 1; /* where all are 0, rounding is all there is to see */
            ck_assert_msg(fabs(found[i * n + j] - expected) <= tolerance(_i) * scale, "way %d, n = %d, %d rows lost: [%d, %d] is %g, not %g", _i, n, lost,
                          i, j, found[i * n + j], expected);
        }
        ck_assert(lost < 2 || size <= tolerance(_i));
    }
}
END_TEST

/* What stands above the diagonal is not read. */
START_TEST(roots_squared) {
    EACH_SIZE {
        const int n = sizes[s];
        static double whole[MOST * MOST];
        draw_matrix(n);
        memcpy(d.b, d.a, sizeof d.b);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = i == j ? 1 : 0;
                for (int k = 0; k < n; k++) sum += d.b[i * n + k] * d.b[j * n + k] / n;
                whole[i * n + j] = sum;
                d.a[i * n + j] = j <= i ? sum : (double)NAN;
            }
        ck_assert_int_eq(root(_i, n), 0);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = -whole[i * n + j];
                for (int k = 0; k < n; k++) sum += d.x[i * n + k] * d.x[j * n + k];
                ck_assert_msg(fabs(sum) < tolerance(_i), "way %d, n = %d: [%d, %d] is off by %g", _i, n, i, j, sum);
                ck_assert(j <= i || d.x[i * n + j] == 0);
            }
    }
}
END_TEST

START_TEST(what_does_not_exist) {
    EACH_SIZE {
        const int n = sizes[s];
        draw_matrix(n);
        for (int j = 0; j < n; j++) d.a[(n - 1) * n + j] = n == 1 ? 0 : 2 * d.a[j]; /* exactly singular */
        if (n <= 2) { /* beyond, rounding leaves a pivot that is not quite 0 */
            ck_assert_int_ne(solve(_i, n, 1), 0);
            ck_assert_int_ne(inverse(_i, n), 0);
            ck_assert_int_ne(logarithm(_i, n), 0);
            ck_assert_double_eq(determinant(_i, n), 0);
        }
        for (int k = 0; k < n * n; k++) d.a[k] = k % (n + 1) == 0 ? 1 : 0;
        d.a[(n - 1) * n + n - 1] = 0;
        ck_assert_int_ne(solve(_i, n, 1), 0);
        ck_assert_int_ne(inverse(_i, n), 0);
        ck_assert_int_ne(logarithm(_i, n), 0);
        ck_assert_int_ne(root(_i, n), 0);
        ck_assert_double_eq(determinant(_i, n), 0);
        d.a[(n - 1) * n + n - 1] = -1;
        ck_assert_int_ne(root(_i, n), 0);
        d.a[(n - 1) * n + n - 1] = (double)NAN;
        ck_assert_int_ne(solve(_i, n, 1), 0);
        ck_assert_int_ne(root(_i, n), 0);
        ck_assert(isnan(determinant(_i, n)));
    }
}
END_TEST

Suite *suite_linalg(void) {
    Suite *suite = suite_create("linalg");
    TCase *tests = tcase_create("factorisations");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, solutions_solve, 0, WAYS);
    tcase_add_loop_test(tests, inverses_invert, 0, WAYS);
    tcase_add_loop_test(tests, determinants, 0, WAYS);
    tcase_add_loop_test(tests, cofactors_by_minors, 0, WAYS);
    tcase_add_loop_test(tests, roots_squared, 0, WAYS);
    tcase_add_loop_test(tests, what_does_not_exist, 0, WAYS);
    suite_add_tcase(suite, tests);
    return suite;
}
