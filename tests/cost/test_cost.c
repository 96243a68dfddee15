/* Polynomials and counting by hand: sums of powers, substitution, printing, numbers that no machine word holds, domains. */
#include <check.h>
#include <stdlib.h>

#include "cost/cost.h"
#include "graph/ops.h"

static Base base;
static Graph *g;
static Algebra *a;
static Expr *n, *m, *i, *j;
static void setup(void) {
    base = base_new();
    g = graph_new(&base);
    n = expr_dim(g, graph_add_dim(g, name_of(g->names, "n"), (Span){0}));
    m = expr_dim(g, graph_add_dim(g, name_of(g->names, "m"), (Span){0}));
    i = expr_index(g, graph_add_index(g, name_of(g->names, "i")));
    j = expr_index(g, graph_add_index(g, name_of(g->names, "j")));
    a = algebra_new(g);
}
static void teardown(void) {
    algebra_free(a);
    base_free(&base);
}

static const char *printed(const Poly *p) {
    Text text = {0};
    poly_print(a, p, &text);
    const char *kept = arena_strndup(g->arena, text.at, text.n);
    text_free(&text);
    return kept;
}
static const Poly *of(Expr *e) { return poly_of(a, e); }
static Expr *whole(int64_t k) { return expr_int(g, k); }

START_TEST(polynomials_print_as_one_writes_them)
{
    ck_assert_str_eq(printed(of(expr_sub(g, expr_mul(g, n, n), expr_mul(g, whole(3), m)))), "n^2 - 3*m");
    ck_assert_str_eq(printed(of(whole(-7))), "-7");
    ck_assert_str_eq(printed(poly_sub(a, of(n), of(n))), "0");
    ck_assert_str_eq(printed(poly_mul(a, of(m), of(n))), "n*m"); /* as declared */
    ck_assert_str_eq(printed(poly_scale(a, of(expr_add(g, n, whole(1))), 1, 2)), "(n + 1)/2");
    ck_assert_str_eq(printed(poly_scale(a, of(n), 3, 4)), "3*n/4");
    ck_assert_str_eq(printed(of(expr_op2(g, OP_floordiv, n, whole(2)))), "(n//2)");
    ck_assert_ptr_null(of(expr_op2(g, OP_floordiv, i, whole(2)))); /* not of dims */
}
END_TEST

START_TEST(products_and_powers)
{
    const Poly *sum = of(expr_add(g, n, m)), *cube = poly_mul(a, sum, poly_mul(a, sum, sum));
    ck_assert_str_eq(printed(cube), "n^3 + 3*n^2*m + 3*n*m^2 + m^3");
    ck_assert(poly_equal(poly_substitute(a, cube, m, of(n)), poly_scale(a, poly_mul(a, of(n), poly_mul(a, of(n), of(n))), 8, 1)));
    ck_assert(poly_is_constant(poly_substitute(a, of(n), n, of(whole(3)))));
}
END_TEST

START_TEST(sums_of_powers)
{
    const Poly *power = of(whole(1));
    for (int p = 0; p < 8; p++) { /* sum of i^p over 3 .. n */
        const Poly *sum = poly_sum(a, power, i, of(whole(3)), of(n));
        for (int64_t size = 3; size < 20; size++) {
            double expected = 0;
            for (int64_t k = 3; k < size; k++) {
                double term = 1;
                for (int t = 0; t < p; t++) term *= (double)k;
                expected += term;
            }
            mpq_t value;
            mpq_init(value);
            ck_assert(poly_value(a, sum, &size, value));
            ck_assert(mpq_get_d(value) == expected);
            mpq_clear(value);
        }
        power = poly_mul(a, power, of(i));
    }
    ck_assert_str_eq(printed(poly_sum(a, of(i), i, of(whole(0)), of(n))), "(n^2 - n)/2");
}
END_TEST

START_TEST(numbers_of_any_size)
{
    const Poly *p = of(whole(INT64_MAX / 16));
    for (int k = 0; k < 4; k++) p = poly_mul(a, p, p);
    mpq_t value;
    mpq_init(value);
    ck_assert(poly_value(a, p, NULL, value));
    ck_assert_int_eq(mpz_sizeinbase(mpq_numref(value), 2), 59 * 16); /* (2^59 - 1)^16 */
    mpq_clear(value);
    ck_assert_str_eq(printed(of(whole(INT64_C(123456789012345678)))), "123456789012345678");
}
END_TEST

static Domain domain_of(uint32_t n_ranges, Expr *guard) {
    Domain d = {.n = n_ranges, .range = NEW_ARRAY(g->arena, Range, 2), .guard = guard};
    d.range[0] = range_make(g, i->of.number, whole(0), n);
    d.range[1] = range_make(g, j->of.number, whole(0), expr_add(g, i, whole(1)));
    return d;
}

START_TEST(points_of_domains)
{
    const int64_t sizes[] = {10, 1};
    Counting *c = counting_new(g, sizes, NULL);
    Domain triangle = domain_of(2, NULL);
    Amount points = domain_points(c, &triangle);
    ck_assert(points.value == 55 && !points.at_most);
    ck_assert_str_eq(printed(points.formula), "(n^2 + n)/2");
    Domain off = domain_of(2, expr_op2(g, OP_ne, i, j));
    ck_assert_str_eq(printed(domain_points(c, &off).formula), "(n^2 - n)/2");
    Domain on = domain_of(2, expr_op2(g, OP_eq, i, j));
    ck_assert_str_eq(printed(domain_points(c, &on).formula), "n");
    Domain even = domain_of(1, expr_op2(g, OP_eq, expr_op2(g, OP_mod, i, whole(2)), whole(0)));
    points = domain_points(c, &even);
    ck_assert(points.value == 5);
    ck_assert_str_eq(printed(points.formula), "((n - 1)//2) + 1");
    for (int64_t from = 0; from < 9; from++) /* every third of a range that starts anywhere */
        for (int64_t rest = 0; rest < 3; rest++) {
            Domain third = domain_of(1, expr_op2(g, OP_eq, expr_op2(g, OP_mod, i, whole(3)), whole(rest)));
            third.range[0].lo[0] = whole(from);
            int64_t expected = 0;
            for (int64_t k = from; k < 10; k++) expected += k % 3 == rest;
            points = domain_points(c, &third);
            ck_assert(points.value == (double)expected && points.formula);
        }
    Domain thousandth = domain_of(1, expr_op2(g, OP_eq, expr_op2(g, OP_mod, i, whole(1000)), whole(999)));
    thousandth.range[0].hi[0] = expr_mul(g, whole(1000), n);
    ck_assert_str_eq(printed(domain_points(c, &thousandth).formula), "n");
    Domain within = domain_of(2, expr_op2(g, OP_eq, expr_op2(g, OP_mod, i, whole(2)), whole(0)));
    points = domain_points(c, &within); /* j hangs on i: no formula */
    ck_assert(points.value == 1 + 3 + 5 + 7 + 9);
    ck_assert_ptr_null(points.formula);
    even.range[0].lo[0] = whole(20); /* a range that runs backwards is empty */
    even.guard = NULL;
    ck_assert(domain_points(c, &even).value == 0);
    counting_free(c);
}
END_TEST

static bool count(void *with, int64_t weight) {
    *(int64_t *)with += weight;
    return true;
}

START_TEST(visits_weigh_what_they_do_not_walk)
{
    const int64_t sizes[] = {6, 1};
    Counting *c = counting_new(g, sizes, NULL);
    Domain triangle = domain_of(2, NULL);
    int64_t n_points = 0, budget = c->budget;
    ck_assert_int_eq(domain_visit(c, &triangle, NULL, count, &n_points), VISIT_DONE);
    ck_assert_int_eq(n_points, 21);
    ck_assert_int_le(budget - c->budget, 12); /* i alone is walked */
    const bool walk[2] = {true, true};
    const int64_t fixed[2] = {4, NOT_FIXED};
    n_points = 0;
    ck_assert_int_eq(domain_visit_fixed(c, &triangle, walk, fixed, count, &n_points), VISIT_DONE);
    ck_assert_int_eq(n_points, 5);
    c->budget = 3;
    ck_assert_int_eq(domain_visit(c, &triangle, walk, count, &n_points), VISIT_MANY);
    counting_free(c);
}
END_TEST

int main(void) {
    Suite *s = suite_create("cost");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, polynomials_print_as_one_writes_them);
    tcase_add_test(t, products_and_powers);
    tcase_add_test(t, sums_of_powers);
    tcase_add_test(t, numbers_of_any_size);
    tcase_add_test(t, points_of_domains);
    tcase_add_test(t, visits_weigh_what_they_do_not_walk);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
