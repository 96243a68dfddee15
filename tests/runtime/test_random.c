/* Random numbers against the published vectors of Random123 (kat_vectors: philox 4x32-10), draws and initial values by
 * their statistics. */
#include <math.h>
#include <stdlib.h>

#include "bp_init.h"
#include "bp_random.h"
#include "tests.h"

START_TEST(known_answers) {
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } row[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
         {0xa4093822u, 0x299f31d0u},
         {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint32_t c[4];
        for (int k = 0; k < 4; k++) c[k] = row[i].counter[k];
        bp_philox(c, row[i].key[0], row[i].key[1]);
        for (int k = 0; k < 4; k++) ck_assert_uint_eq(c[k], row[i].answer[k]);
    }
}
END_TEST

/* Mean, variance, skewness and kurtosis within five standard errors of those of the distribution. */
static void check_moments(const char *name, const double *x, int n, double mean, double variance, double kurtosis) {
    double m = 0, v = 0, k = 0;
    for (int i = 0; i < n; i++) m += x[i] / n;
    for (int i = 0; i < n; i++) v += (x[i] - m) * (x[i] - m) / n;
    for (int i = 0; i < n; i++) k += pow(x[i] - m, 4) / (v * v) / n;
    ck_assert_msg(fabs(m - mean) < 5 * sqrt(variance / n), "%s: mean %g", name, m);
    ck_assert_msg(fabs(v / variance - 1) < 5 * sqrt((kurtosis - 1) / n), "%s: variance %g", name, v);
    ck_assert_msg(fabs(k - kurtosis) < 5 * sqrt(100.0 / n), "%s: kurtosis %g", name, k);
}

enum { N = 200000 };

START_TEST(distributions) {
    double *x = malloc(N * sizeof *x);
    for (int i = 0; i < N; i++) x[i] = bp_uniform(1, 2, 3, (uint64_t)i, -1, 3);
    check_moments("uniform", x, N, 1, 16.0 / 12, 1.8);
    for (int i = 0; i < N; i++) x[i] = (double)bp_uniformf(1, 2, 3, (uint64_t)i, -1, 3);
    check_moments("uniformf", x, N, 1, 16.0 / 12, 1.8);
    for (int i = 0; i < N; i++) x[i] = bp_normal(1, 2, 4, (uint64_t)i, 2, 3);
    check_moments("normal", x, N, 2, 9, 3);
    for (int i = 0; i < N; i++) x[i] = (double)bp_normalf(1, 2, 4, (uint64_t)i, 2, 3);
    check_moments("normalf", x, N, 2, 9, 3);
    double ones = 0;
    for (int i = 0; i < N; i++)
        ones += bp_bernoulli(1, 2, 5, (uint64_t)i, 0.3) + (double)bp_bernoullif(2, 2, 5, (uint64_t)i, 0.3f);
    ck_assert_double_eq_tol(ones / (2 * N), 0.3, 5 * sqrt(0.21 / (2 * N)));
    free(x);
}
END_TEST

/* Draws differ where any one part of the counter does, and uniform ones never reach their ends. */
START_TEST(counters) {
    const double one = bp_uniform(1, 1, 1, 1, 0, 1);
    ck_assert(one == bp_uniform(1, 1, 1, 1, 0, 1));
    ck_assert(one != bp_uniform(2, 1, 1, 1, 0, 1) && one != bp_uniform(1, 2, 1, 1, 0, 1));
    ck_assert(one != bp_uniform(1, 1, 2, 1, 0, 1) && one != bp_uniform(1, 1, 1, 2, 0, 1));
    ck_assert(one != bp_uniform((uint64_t)1 << 32, 1, 1, 1, 0, 1) && one != bp_uniform(1, 1 + ((uint64_t)1 << 32), 1, 1, 0, 1));
    ck_assert(bp_unit(0, 0) > 0 && bp_unit(~0u, ~0u) < 1 && bp_unitf(0) > 0 && bp_unitf(~0u) < 1);
}
END_TEST

START_TEST(shuffles) {
    int64_t order[1000], again[1000], other[1000];
    bool seen[1000] = {false};
    int fixed = 0, same = 0;
    bp_shuffle(5, 1, 2, order, 1000);
    bp_shuffle(5, 1, 2, again, 1000);
    bp_shuffle(5, 2, 2, other, 1000);
    for (int i = 0; i < 1000; i++) {
        ck_assert(order[i] >= 0 && order[i] < 1000 && !seen[order[i]]);
        seen[order[i]] = true;
        ck_assert(order[i] == again[i]);
        fixed += order[i] == i;
        same += order[i] == other[i];
    }
    ck_assert_int_lt(fixed, 10); /* Poisson of mean 1 */
    ck_assert_int_lt(same, 10);
}
END_TEST

/* A model of one parameter of 40 x 60 with this distribution, and its values. */
static void initial(bp_init init, bp_real real, int64_t rows, int64_t columns, double *out) {
    const bp_axis axis[] = {{-1, rows}, {-1, columns}};
    const bp_tensor t = {.name = "W", .role = BP_PARAM, .rank = 2, .axis = axis, .init = init};
    const bp_model m = {.name = "m", .real = real, .n_tensors = 1, .tensors = &t, .param_count = (size_t)(rows * columns)};
    float *single = malloc((size_t)(rows * columns) * sizeof *single);
    ck_assert_int_eq(bp_init_params(&m, real == BP_F32 ? (void *)single : out, 3), BP_OK);
    for (int64_t i = 0; i < rows * columns && real == BP_F32; i++) out[i] = (double)single[i];
    free(single);
}

START_TEST(initial_statistics) {
    static const struct {
        bp_init_kind kind;
        double a, b, mean, variance, kurtosis;
    } row[] = {
        {BP_INIT_NORMAL, 1, 2, 1, 4, 3},           {BP_INIT_UNIFORM, -1, 2, 0.5, 0.75, 1.8},
        {BP_INIT_XAVIER, 0, 0, 0, 2.0 / 100, 1.8}, {BP_INIT_XAVIER_NORMAL, 0, 0, 0, 2.0 / 100, 3},
        {BP_INIT_HE, 0, 0, 0, 2.0 / 60, 3},        {BP_INIT_HE_UNIFORM, 0, 0, 0, 2.0 / 60, 1.8},
        {BP_INIT_LECUN, 0, 0, 0, 1.0 / 60, 3},
    };
    double x[400 * 60];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (int real = 4; real <= 8; real += 4) {
            initial((bp_init){row[i].kind, row[i].a, row[i].b, 60, 40, NULL}, (bp_real)real, 400, 60, x);
            check_moments("initial", x, 400 * 60, row[i].mean, row[i].variance, row[i].kurtosis);
        }
}
END_TEST

START_TEST(initial_constants) {
    const double given[] = {1, 2, 3, 4, 5, 6};
    double x[6];
    initial((bp_init){BP_INIT_VALUES, 0, 0, 0, 0, given}, BP_F64, 2, 3, x);
    for (int i = 0; i < 6; i++) ck_assert_double_eq(x[i], given[i]);
    initial((bp_init){BP_INIT_VALUES, 2.5, 0, 0, 0, NULL}, BP_F32, 2, 3, x);
    for (int i = 0; i < 6; i++) ck_assert_double_eq(x[i], 2.5);
    initial((bp_init){BP_INIT_ONES, 0, 0, 0, 0, NULL}, BP_F32, 2, 3, x);
    for (int i = 0; i < 6; i++) ck_assert_double_eq(x[i], 1);
    initial((bp_init){BP_INIT_IDENTITY, 0, 0, 0, 0, NULL}, BP_F64, 2, 3, x);
    for (int i = 0; i < 6; i++) ck_assert_double_eq(x[i], i == 0 || i == 4);
}
END_TEST

static void check_orthogonal(int64_t rows, int64_t columns) {
    double x[60 * 60];
    initial((bp_init){BP_INIT_ORTHOGONAL, 0, 0, 0, 0, NULL}, BP_F64, rows, columns, x);
    const int64_t n = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < length; k++)
                sum += rows <= columns ? x[i * columns + k] * x[j * columns + k] : x[k * columns + i] * x[k * columns + j];
            ck_assert_double_eq_tol(sum, i == j, 1e-14);
        }
}

START_TEST(orthogonal) {
    check_orthogonal(40, 60);
    check_orthogonal(60, 40);
    check_orthogonal(50, 50);
    check_orthogonal(1, 7);
}
END_TEST

START_TEST(bad_fan) {
    const bp_axis axis[] = {{-1, 2}};
    const bp_tensor t = {.name = "W", .role = BP_PARAM, .rank = 1, .axis = axis, .init = {BP_INIT_HE, 0, 0, 0, 0, NULL}};
    const bp_model m = {.name = "m", .real = BP_F64, .n_tensors = 1, .tensors = &t, .param_count = 2};
    double x[2];
    ck_assert_int_eq(bp_init_params(&m, x, 3), BP_E_VALUE);
    ck_assert_int_eq(bp_init_params(&m, NULL, 3), BP_E_NULL);
}
END_TEST

Suite *suite_random(void) {
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("draws");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, known_answers);
    tcase_add_test(tests, distributions);
    tcase_add_test(tests, counters);
    tcase_add_test(tests, shuffles);
    tcase_add_test(tests, initial_statistics);
    tcase_add_test(tests, initial_constants);
    tcase_add_test(tests, orthogonal);
    tcase_add_test(tests, bad_fan);
    suite_add_tcase(suite, tests);
    return suite;
}
