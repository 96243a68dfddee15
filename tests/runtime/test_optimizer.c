/* Optimisers against steps worked out by hand, schedules at their corners, clipping, and what wrong texts get. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bp_optimizer.h"
#include "tests.h"

/* Two steps on p = 1 with gradients 0.5, then -1, lr = 0.1; the values are those of the formulas in
 * optimizer_updates.inc, evaluated by hand with 10 digits:
 *   sgd        1 - 0.05 = 0.95;                  0.95 + 0.1 = 1.05
 *   momentum   v = 0.5: 0.95;                    v = 0.45 - 1 = -0.55: 1.005
 *   nesterov   d + 0.9 v = 0.95: 0.905;          v = -0.55, -1 - 0.495 = -1.495: 1.0545
 *   rmsprop    s = 0.0025, 0.5/0.05 = 10: 0;     s = 0.002475 + 0.01 = 0.012475, -1/0.1116915 = -8.953231
 *   adagrad    0.5/0.5 = 1: 0.9;                 s = 1.25, -1/1.118034 = -0.894427: 0.9894427
 *   adam       m'/sqrt(v') = 1: 0.9;             m' = (0.045 - 0.1)/0.19 = -0.2894737,
 *                                                v' = (0.00024975 + 0.001)/0.001999 = 0.6251876: ratio -0.3661032
 *   adamw      wd 0.01: 0.999 - 0.1 = 0.899;     0.899 (1 - 0.001) + 0.0366103 = 0.9347113 */
static const struct {
    const char *text;
    double first, second;
} steps[] = {
    {"sgd(lr=0.1)", 0.95, 1.05},
    {"sgd(lr=0.1, weight_decay=0.2)", 0.93, 0.93 - 0.1 * (-1 + 0.2 * 0.93)},
    {"momentum(lr=0.1)", 0.95, 1.005},
    {"momentum(lr=0.1,momentum=0)", 0.95, 1.05},
    {"nesterov(lr=0.1)", 0.905, 1.0545},
    {"rmsprop(lr=0.1, eps=0)", 0.0, 0.8953230},
    {"adagrad(lr=0.1)", 0.9, 0.9894427},
    {"adam(lr=0.1)", 0.9, 0.9366103},
    {"adamw(lr=0.1)", 0.899, 0.9347113},
    {"lbfgs(lr=0.1)", 0.95, 0.95 + 0.1 * (-0.05 / -1.5)}, /* the secant: step -g s/y = 1/30 */
};

START_TEST(by_hand) {
    bp_optimizer *o;
    bp_error error;
    double p = 1, g = 0.5;
    ck_assert_int_eq(bp_optimizer_new(&o, steps[_i].text, BP_F64, 1, &error), BP_OK);
    bp_optimizer_step(o, &p, &g, 1);
    ck_assert_double_eq_tol(p, steps[_i].first, 3e-7);
    g = -1;
    bp_optimizer_step(o, &p, &g, 1);
    ck_assert_double_eq_tol(p, steps[_i].second, 3e-7);
    ck_assert_int_eq(bp_optimizer_count(o), 2);
    bp_optimizer_free(o);
}
END_TEST

START_TEST(by_hand_single) {
    bp_optimizer *o;
    float p[3] = {1, 1, 1}, g[3] = {0.5f, 0, 0.5f};
    ck_assert_int_eq(bp_optimizer_new(&o, steps[_i].text, BP_F32, 3, NULL), BP_OK);
    if (strncmp(steps[_i].text, "lbfgs", 5) != 0) { /* the only one that looks at all elements at once */
        bp_optimizer_step(o, p, g, 1);
        ck_assert_double_eq_tol((double)p[0], steps[_i].first, 2e-6);
        g[0] = -1;
        bp_optimizer_step(o, p, g, 1);
        ck_assert_double_eq_tol((double)p[0], steps[_i].second, 2e-6);
    }
    bp_optimizer_free(o);
}
END_TEST

/* Every one of them goes downhill on f(x, y) = (x - 1)^2 + 10 (y + 2)^2. */
START_TEST(quadratic_bowl) {
    static const char *const text[] = {"sgd(lr=0.04)",
                                       "momentum(lr=0.01)",
                                       "nesterov(lr=0.01)",
                                       "rmsprop(lr=0.01)",
                                       "adagrad(lr=1)",
                                       "adam(lr=0.1)",
                                       "adamw(lr=0.1, weight_decay=0)",
                                       "lbfgs(lr=1)"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        bp_optimizer *o;
        double p[2] = {5, 5};
        ck_assert_int_eq(bp_optimizer_new(&o, text[i], BP_F64, 2, NULL), BP_OK);
        for (int step = 0; step < 1000; step++) {
            double g[2] = {2 * (p[0] - 1), 20 * (p[1] + 2)};
            bp_optimizer_step(o, p, g, 1);
        }
        ck_assert_msg(fabs(p[0] - 1) < 0.02 && fabs(p[1] + 2) < 0.02, "%s ends at %g, %g", text[i], p[0], p[1]);
        bp_optimizer_free(o);
    }
}
END_TEST

static const struct {
    const char *text;
    int status;
    const char *message;
} wrong[] = {
    {"adm", BP_E_NAME, "unknown optimizer 'adm'; did you mean 'adam'?"},
    {"foo", BP_E_NAME, "unknown optimizer 'foo'; there are sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw, lbfgs"},
    {"adam(beta=0.9)", BP_E_NAME, "adam has no option 'beta'; did you mean 'beta1'?"},
    {"sgd(gamma=1)", BP_E_NAME, "sgd has no option 'gamma'; it has lr, weight_decay"},
    {"adam(lr=-1)", BP_E_VALUE, "adam: lr = -1 must be finite and not below 0"},
    {"adam(beta1=1)", BP_E_VALUE, "adam: beta1 = 1 must be at least 0 and below 1"},
    {"adam(lr=nan)", BP_E_VALUE, "adam: lr = nan must be finite and not below 0"},
    {"adam(lr 1)", BP_E_FORMAT, "'adam(lr 1)': expected '=' at character 9"},
    {"adam(lr=x)", BP_E_FORMAT, "'adam(lr=x)': expected a number at character 9"},
    {"adam(lr=1", BP_E_FORMAT, "'adam(lr=1': expected ',' or ')' at character 10"},
    {"adam(lr=1) x", BP_E_FORMAT, "'adam(lr=1) x': expected the end at character 12"},
    {"", BP_E_FORMAT, "'': expected a name at character 1"},
    {"adam[lr]", BP_E_FORMAT, "'adam[lr]': expected '(' at character 5"},
};

START_TEST(wrong_texts) {
    bp_optimizer *o;
    bp_error error;
    ck_assert_int_eq(bp_optimizer_new(&o, wrong[_i].text, BP_F64, 1, &error), wrong[_i].status);
    ck_assert_str_eq(error.text, wrong[_i].message);
    ck_assert_ptr_null(o);
}
END_TEST

START_TEST(options_and_help) {
    bp_optimizer *o;
    char text[200];
    size_t n = 0;
    ck_assert_int_eq(bp_optimizer_new(&o, " adam ( lr = 1e-2 , eps=1e-6 ) ", BP_F32, 1, NULL), BP_OK);
    ck_assert_double_eq(bp_optimizer_option(o, "lr"), 1e-2);
    ck_assert_double_eq(bp_optimizer_option(o, "eps"), 1e-6);
    ck_assert_double_eq(bp_optimizer_option(o, "beta2"), 0.999);
    ck_assert(isnan(bp_optimizer_option(o, "rho")));
    ck_assert_uint_eq(bp_optimizer_slots(o), 2);
    bp_optimizer_free(o);
    while (bp_optimizer_help(n, text, sizeof text)) n++;
    ck_assert_uint_eq(n, 8);
    bp_optimizer_help(0, text, sizeof text);
    ck_assert_str_eq(text, "sgd(lr=0.01, weight_decay=0)  gradient descent");
}
END_TEST

static double factor(const char *text, int64_t step) {
    bp_schedule s;
    bp_error error;
    ck_assert_msg(bp_schedule_parse(&s, text, &error) == BP_OK, "%s", error.text);
    return bp_schedule_factor(&s, step, 100, 10);
}

START_TEST(schedules) {
    ck_assert_double_eq(factor(NULL, 50), 1);
    ck_assert_double_eq(factor("constant(warmup=4)", 0), 0.25);
    ck_assert_double_eq(factor("constant(warmup=4)", 3), 1);
    ck_assert_double_eq(factor("cosine", 0), 1);
    ck_assert_double_eq_tol(factor("cosine", 50), 0.5, 1e-15);
    ck_assert_double_eq_tol(factor("cosine", 100), 0, 1e-15);
    ck_assert_double_eq_tol(factor("cosine(warmup=20, end=0.1)", 60), 0.55, 1e-15);
    ck_assert_double_eq_tol(factor("linear", 25), 0.75, 1e-15);
    ck_assert_double_eq_tol(factor("linear(end=0.5)", 100), 0.5, 1e-15);
    ck_assert_double_eq(factor("step(every=2, rate=0.5)", 19), 1);
    ck_assert_double_eq(factor("step(every=2, rate=0.5)", 20), 0.5);
    ck_assert_double_eq(factor("step(every=2, rate=0.5)", 40), 0.25);
    ck_assert_double_eq_tol(factor("exponential(rate=0.5)", 20), 0.25, 1e-15);
}
END_TEST

START_TEST(wrong_schedules) {
    bp_schedule s;
    bp_error error;
    ck_assert_int_eq(bp_schedule_parse(&s, "cosin", &error), BP_E_NAME);
    ck_assert_str_eq(error.text, "unknown schedule 'cosin'; did you mean 'cosine'?");
    ck_assert_int_eq(bp_schedule_parse(&s, "cosine(rate=1)", &error), BP_E_NAME);
    ck_assert_str_eq(error.text, "schedule cosine has no option 'rate'; it has end warmup");
    ck_assert_int_eq(bp_schedule_parse(&s, "step(every=0)", &error), BP_E_VALUE);
    ck_assert_str_eq(error.text, "schedule step: every = 0 must be positive");
    ck_assert_int_eq(bp_schedule_parse(&s, "linear(warmup=-2)", &error), BP_E_VALUE);
    ck_assert_str_eq(error.text, "schedule linear: warmup = -2 must be finite and not negative");
}
END_TEST

START_TEST(clipping) {
    double g[2] = {3, -4};
    float f[11] = {3, -4};
    ck_assert_double_eq(bp_clip_norm(BP_F64, g, 2, 10), 5);
    ck_assert(g[0] == 3 && g[1] == -4);
    ck_assert_double_eq(bp_clip_norm(BP_F64, g, 2, 1), 5);
    ck_assert_double_eq_tol(g[0], 0.6, 1e-15);
    ck_assert_double_eq_tol(g[1], -0.8, 1e-15);
    f[10] = 12;
    ck_assert_double_eq(bp_clip_norm(BP_F32, f, 11, 6.5), 13);
    ck_assert(f[0] == 1.5f && f[1] == -2 && f[10] == 6);
    bp_clip_value(BP_F32, f, 11, 1.75);
    ck_assert(f[0] == 1.5f && f[1] == -1.75f && f[10] == 1.75f);
    g[0] = (double)NAN;
    bp_clip_value(BP_F64, g, 2, 0.5);
    ck_assert(isnan(g[0]) && g[1] == -0.5);
}
END_TEST

Suite *suite_optimizer(void) {
    Suite *suite = suite_create("optimizer");
    TCase *tests = tcase_create("steps");
    tcase_add_loop_test(tests, by_hand, 0, sizeof steps / sizeof *steps);
    tcase_add_loop_test(tests, by_hand_single, 0, sizeof steps / sizeof *steps);
    tcase_add_test(tests, quadratic_bowl);
    tcase_add_loop_test(tests, wrong_texts, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, options_and_help);
    tcase_add_test(tests, schedules);
    tcase_add_test(tests, wrong_schedules);
    tcase_add_test(tests, clipping);
    suite_add_tcase(suite, tests);
    return suite;
}
