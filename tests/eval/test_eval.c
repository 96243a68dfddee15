/* The interpreter on graphs built by hand: combining operators, laziness, recurrences, and what it refuses. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "eval/eval.h"
#include "graph/ops.h"

static Base base;
static Graph *g;

static void setup(void) {
    base = base_new();
    g = graph_new(&base);
}
static void teardown(void) { base_free(&base); }

static Tensor *tensor(const char *name, Type type, Role role, Combine op, uint32_t rank, Expr *n0, Expr *n1) {
    Expr *extent[2] = {n0, n1};
    return graph_add_tensor(g, name_of(g->names, name), type, role, op, rank, extent, (Span){0});
}
static Domain over(uint32_t n, Range *range) { return (Domain){.n = n, .range = range}; }
static Expr *read1(Tensor *t, Expr *a, Expr *fill) { return expr_read(g, t, &a, fill); }
static Expr *read2(Tensor *t, Expr *a, Expr *b, Expr *fill) {
    Expr *subs[2] = {a, b};
    return expr_read(g, t, subs, fill);
}

/* c[i]  op=  x[i,j] over both; row 2 of x is empty for the guard j < i... */
static void combine_rows(Combine op, Type type, double *out) {
    static const double x[3][3] = {{1, 5, 5}, {2, NAN, 7}, {-1, -2, -3}};
    Expr *three = expr_int(g, 3), *i, *j;
    uint32_t a = graph_add_index(g, name_of(g->names, "i")), b = graph_add_index(g, name_of(g->names, "j"));
    i = expr_index(g, a), j = expr_index(g, b);
    Tensor *in = tensor("x", TYPE_REAL, ROLE_INPUT, COMBINE_SET, 2, three, three);
    Tensor *c = tensor("c", type, ROLE_WRITTEN, op, 1, three, NULL);
    Range ranges[2] = {range_make(g, a, expr_int(g, 0), three), range_make(g, b, expr_int(g, 0), three)};
    Domain d = over(2, ranges);
    d.guard = expr_op2(g, OP_lt, i, expr_int(g, 2));
    Equation *e = graph_add_equation(g, c, &i, read2(in, i, j, NULL), d, NULL, (Span){0});
    e->label = j;
    Eval *eval = eval_new(g, NULL, false);
    ck_assert_int_eq(eval_set(eval, in, &x[0][0]), 0);
    ck_assert_int_eq(eval_get(eval, c, out), 0);
    eval_free(eval);
}

START_TEST(combining) {
    double v[3];
    combine_rows(COMBINE_ADD, TYPE_REAL, v);
    ck_assert(v[0] == 11 && isnan(v[1]) && v[2] == 0);
    combine_rows(COMBINE_MUL, TYPE_REAL, v);
    ck_assert(v[0] == 25 && v[2] == 1);
    combine_rows(COMBINE_MAX, TYPE_REAL, v);
    ck_assert(v[0] == 5 && isnan(v[1]) && v[2] == -INFINITY);
    combine_rows(COMBINE_MIN, TYPE_REAL, v);
    ck_assert(v[0] == 1 && isnan(v[1]) && v[2] == INFINITY);
    combine_rows(COMBINE_LOGSUMEXP, TYPE_REAL, v);
    ck_assert(fabs(v[0] - log(exp(1) + 2 * exp(5))) < 1e-14 && isnan(v[1]) && v[2] == -INFINITY);
    combine_rows(COMBINE_ARGMAX, TYPE_INT, v);
    ck_assert(v[0] == 1 && v[1] == 1); /* the first of the ties; a nan wins */
    combine_rows(COMBINE_AND, TYPE_INT, v);
    ck_assert(v[0] == 1 && v[2] == 1);
    combine_rows(COMBINE_OR, TYPE_INT, v);
    ck_assert(v[0] == 1 && v[2] == 0);
}
END_TEST

/* The sum of 1, 1e-20 and -1 is 1e-20 when rounding is compensated. */
START_TEST(sums_are_compensated) {
    static const double x[4] = {1, 1e-20, -1, 0};
    Expr *four = expr_int(g, 4), *i;
    uint32_t a = graph_add_index(g, name_of(g->names, "i"));
    i = expr_index(g, a);
    Tensor *in = tensor("x", TYPE_REAL, ROLE_INPUT, COMBINE_SET, 1, four, NULL);
    Tensor *s = tensor("s", TYPE_REAL, ROLE_WRITTEN, COMBINE_ADD, 0, NULL, NULL);
    Range r = range_make(g, a, expr_int(g, 0), four);
    graph_add_equation(g, s, NULL, read1(in, i, NULL), over(1, &r), NULL, (Span){0});
    Eval *e = eval_new(g, NULL, true);
    eval_set(e, in, x);
    double v;
    ck_assert_int_eq(eval_get(e, s, &v), 0);
    ck_assert(v == 1e-20);
    eval_free(e);
}
END_TEST

/* h[t] = 0.5*h[t-step | 1] + 1 over a million elements, upwards and downwards. */
static void long_recurrence(int step) {
    Symbol n_name = name_of(g->names, "n");
    uint32_t dim = graph_add_dim(g, n_name, (Span){0}), a = graph_add_index(g, name_of(g->names, "t"));
    Expr *n = expr_dim(g, dim), *t = expr_index(g, a);
    Tensor *h = tensor("h", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, n, NULL);
    Range r = range_make(g, a, expr_int(g, 0), n);
    Expr *before = read1(h, expr_sub(g, t, expr_int(g, step)), expr_int(g, 1));
    Expr *body = expr_add(g, expr_mul(g, expr_real(g, 0.5), before), expr_int(g, 1));
    graph_add_equation(g, h, &t, body, over(1, &r), NULL, (Span){0});
    const int64_t size = 1000000;
    Eval *e = eval_new(g, &size, false);
    double *v = malloc((size_t)size * sizeof *v);
    ck_assert_msg(eval_get(e, h, v) == 0, "%s", eval_message(e));
    int64_t first = step > 0 ? 0 : size - 1, second = step > 0 ? 1 : size - 2;
    ck_assert(v[first] == 1.5 && v[second] == 1.75 && v[size / 2] == 2);
    free(v);
    eval_free(e);
}
START_TEST(recurrence_up) { long_recurrence(1); }
END_TEST
START_TEST(recurrence_down) { long_recurrence(-1); }
END_TEST

/* D[i,j] = D[i-1,j | j] + D[i,j-1 | i]: two axes; and two pieces with constant subscripts. */
START_TEST(recurrence_over_two_axes) {
    Expr *five = expr_int(g, 5), *one = expr_int(g, 1);
    uint32_t a = graph_add_index(g, name_of(g->names, "i")), b = graph_add_index(g, name_of(g->names, "j"));
    Expr *i = expr_index(g, a), *j = expr_index(g, b), *subs[2] = {i, j};
    Tensor *d = tensor("D", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 2, five, five);
    Range ranges[2] = {range_make(g, a, expr_int(g, 0), five), range_make(g, b, expr_int(g, 0), five)};
    Expr *body = expr_add(g, read2(d, expr_sub(g, i, one), j, one), read2(d, i, expr_sub(g, j, one), expr_int(g, 0)));
    graph_add_equation(g, d, subs, body, over(2, ranges), NULL, (Span){0});
    Eval *e = eval_new(g, NULL, false);
    double v[25];
    ck_assert_msg(eval_get(e, d, v) == 0, "%s", eval_message(e));
    ck_assert(v[24] == 126 && v[0] == 1 && v[4] == 5);
    eval_free(e);
}
END_TEST

/* h[t+1] = h[t] + 1, h[0] = 7: the subscript is solved; and s[t] = select(t < 3, s[t+1], 1) reads only the branch taken. */
START_TEST(solved_subscripts_and_lazy_branches) {
    Expr *five = expr_int(g, 5), *one = expr_int(g, 1), *zero = expr_int(g, 0);
    uint32_t a = graph_add_index(g, name_of(g->names, "t"));
    Expr *t = expr_index(g, a), *next = expr_add(g, t, one);
    Tensor *h = tensor("h", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, five, NULL);
    Range r = range_make(g, a, zero, expr_int(g, 4));
    graph_add_equation(g, h, &next, expr_add(g, read1(h, t, NULL), one), over(1, &r), NULL, (Span){0});
    graph_add_equation(g, h, &zero, expr_int(g, 7), over(0, NULL), NULL, (Span){0});
    Tensor *s = tensor("s", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, five, NULL);
    Range whole = range_make(g, a, zero, five);
    Expr *ahead = read1(s, next, NULL); /* outside at t = 4: only the condition keeps it from being read */
    Expr *c = expr_op2(g, OP_lt, t, expr_int(g, 4));
    Expr *twice = expr_add(g, expr_select(g, c, ahead, expr_real(g, 1)), expr_select(g, c, expr_mul(g, ahead, expr_real(g, 2)), zero));
    graph_add_equation(g, s, &t, twice, over(1, &whole), NULL, (Span){0});
    Eval *e = eval_new(g, NULL, false);
    double v[5];
    ck_assert_msg(eval_get(e, h, v) == 0, "%s", eval_message(e));
    ck_assert(v[0] == 7 && v[4] == 11);
    ck_assert_msg(eval_get(e, s, v) == 0, "%s", eval_message(e));
    ck_assert(v[4] == 1 && v[3] == 3 && v[0] == 81);
    eval_free(e);
}
END_TEST

START_TEST(what_it_refuses) {
    Expr *five = expr_int(g, 5), *zero = expr_int(g, 0), *one = expr_int(g, 1);
    uint32_t a = graph_add_index(g, name_of(g->names, "t"));
    Expr *t = expr_index(g, a);
    Range whole = range_make(g, a, zero, five);
    Tensor *cycle = tensor("cycle", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, five, NULL);
    graph_add_equation(g, cycle, &t, read1(cycle, t, NULL), over(1, &whole), NULL, (Span){0});
    Tensor *twice = tensor("twice", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, five, NULL);
    graph_add_equation(g, twice, &zero, one, over(1, &whole), NULL, (Span){0});
    Tensor *x = tensor("x", TYPE_REAL, ROLE_INPUT, COMBINE_SET, 1, five, NULL);
    Tensor *outside = tensor("outside", TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 1, five, NULL);
    graph_add_equation(g, outside, &t, read1(x, expr_add(g, t, one), NULL), over(1, &whole), NULL, (Span){0});
    Eval *e = eval_new(g, NULL, false);
    double v[5] = {0};
    ck_assert_int_eq(eval_get(e, cycle, v), 1);
    ck_assert_str_eq(eval_message(e), "an element of 'cycle' depends on itself");
    eval_set(e, x, v);
    ck_assert_int_eq(eval_get(e, twice, v), 1);
    ck_assert_str_eq(eval_message(e), "an element of 'twice' is defined twice");
    eval_set(e, x, v);
    ck_assert_int_eq(eval_get(e, outside, v), 1);
    ck_assert_str_eq(eval_message(e), "'x[5]' is read outside of its range");
    eval_free(e);
}
END_TEST

int main(void) {
    Suite *s = suite_create("eval");
    TCase *c = tcase_create("eval");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, combining);
    tcase_add_test(c, sums_are_compensated);
    tcase_add_test(c, recurrence_up);
    tcase_add_test(c, recurrence_down);
    tcase_add_test(c, recurrence_over_two_axes);
    tcase_add_test(c, solved_subscripts_and_lazy_branches);
    tcase_add_test(c, what_it_refuses);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
