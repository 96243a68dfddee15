/* The Graph by hand: hash-consing, folding, walking, substitution, narrowing of domains, and the passes' identities. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/ops.h"
#include "graph/restrict.h"
#include "simplify/passes.h"

static Base base;
static Graph *g;
static Expr *x, *y, *i, *n;
static void setup(void) {
    base = base_new();
    g = graph_new(&base);
    Tensor *t[2];
    for (int k = 0; k < 2; k++) t[k] = graph_add_tensor(g, name_of(g->names, k ? "y" : "x"), TYPE_REAL, ROLE_PARAM, COMBINE_SET, 0, NULL, (Span){0});
    x = expr_read(g, t[0], NULL, NULL);
    y = expr_read(g, t[1], NULL, NULL);
    i = expr_index(g, graph_add_index(g, name_of(g->names, "i")));
    n = expr_dim(g, graph_add_dim(g, name_of(g->names, "n"), (Span){0}));
}
static void teardown(void) { base_free(&base); }

static const char *printed(Expr *e) {
    Text text = {0};
    expr_print(g, &text, e);
    const char *kept = arena_strndup(g->arena, text.at, text.n);
    text_free(&text);
    return kept;
}

START_TEST(equal_expressions_are_one_pointer)
{
    ck_assert_ptr_eq(expr_add(g, expr_mul(g, x, y), x), expr_add(g, expr_mul(g, x, y), x));
    ck_assert_ptr_ne(expr_sub(g, x, y), expr_sub(g, y, x));
}
END_TEST

START_TEST(integer_sums_are_canonical)
{
    Expr *one = expr_int(g, 1);
    ck_assert_ptr_eq(expr_sub(g, expr_add(g, i, one), one), i);
    ck_assert_ptr_eq(expr_add(g, one, i), expr_add(g, i, one));
    ck_assert_ptr_eq(expr_sub(g, expr_add(g, i, n), n), i);
    ck_assert_str_eq(printed(expr_sub(g, i, expr_int(g, 3))), "i - 3");
    ck_assert(expr_is_int(expr_op2(g, OP_floordiv, expr_int(g, -7), expr_int(g, 2)), -4));
    ck_assert(expr_is_int(expr_op2(g, OP_mod, expr_int(g, -7), expr_int(g, 2)), 1));
    Expr *large = expr_int(g, INT64_MAX);
    ck_assert_int_eq(expr_add(g, large, one)->kind, EXPR_OP); /* does not overflow */
}
END_TEST

START_TEST(strong_products_stay_strong)
{
    ck_assert(expr_is_number(expr_op2(g, OP_smul, expr_real(g, 0), y), 0));
    ck_assert_int_eq(expr_op2(g, OP_smul, x, y)->of.number, OP_smul);
    ck_assert_int_eq(expr_op2(g, OP_smul, x, expr_real(g, INFINITY))->of.number, OP_smul);
    ck_assert_int_eq(expr_op2(g, OP_smul, x, expr_real(g, 2))->of.number, OP_mul);
}
END_TEST

START_TEST(a_chain_of_a_hundred_thousand_terms)
{
    Expr *e = x;
    for (int k = 0; k < 100000; k++) e = expr_add(g, e, k % 2 ? x : y);
    ck_assert_uint_eq(expr_walk(g, &e, 1).n, 100002);
    Subst *s = subst_new(g);
    subst_expr(s, y, x);
    ck_assert_uint_eq(expr_walk(g, (Expr *[]){subst_apply(s, e)}, 1).n, 100001);
}
END_TEST

START_TEST(a_shared_expression_prints_in_bounds)
{
    Expr *e = x;
    for (int k = 0; k < 60; k++) e = expr_mul(g, e, e); /* 2^60 leaves as a tree */
    ck_assert_uint_lt(strlen(printed(e)), 4000);
}
END_TEST

START_TEST(conditions_become_bounds)
{
    Domain d = {.n = 1, .range = NEW(g->arena, Range)};
    d.range[0] = range_make(g, i->of.number, expr_int(g, 0), n);
    Domain narrow = domain_restrict(g, d, expr_op2(g, OP_ge, expr_sub(g, i, expr_int(g, 1)), expr_int(g, 0)));
    ck_assert_ptr_null(narrow.guard);
    ck_assert(expr_is_int(narrow.range[0].lo[0], 1));
    ck_assert_uint_eq(narrow.range[0].n_lo, 1); /* the old bound is implied */
    Domain same = domain_restrict(g, d, expr_op2(g, OP_lt, expr_sub(g, i, expr_int(g, 1)), n));
    ck_assert_uint_eq(same.range[0].n_hi, 1); /* i - 1 < n says nothing new */
    Domain guarded = domain_restrict(g, d, expr_op2(g, OP_gt, x, expr_real(g, 0)));
    ck_assert_ptr_nonnull(guarded.guard);
}
END_TEST

/* ---- the passes' identities ---- */
static Expr *after_algebra(Expr *e) {
    Tensor *t = graph_add_tensor(g, name_of(g->names, "t"), TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 0, NULL, (Span){0});
    Equation *q = graph_add_equation(g, t, NULL, e, (Domain){0}, NULL, (Span){0});
    pass_algebra(g);
    return q->body;
}

START_TEST(algebra_collects)
{
    Expr *two = expr_real(g, 2), *half_m = expr_op2(g, OP_div, expr_real(g, 1), expr_mul(g, two, n));
    ck_assert_str_eq(printed(after_algebra(expr_mul(g, two, expr_mul(g, half_m, x)))), "x/n");
    ck_assert_str_eq(printed(after_algebra(expr_add(g, x, x))), "2*x");
    ck_assert_str_eq(printed(after_algebra(expr_add(g, x, expr_op1(g, OP_neg, y)))), "x - y");
    ck_assert_str_eq(printed(after_algebra(expr_mul(g, expr_op1(g, OP_neg, x), y))), "-(x*y)");
    Expr *mask = expr_select(g, expr_op2(g, OP_gt, y, expr_real(g, 0)), expr_int(g, 1), expr_int(g, 0));
    ck_assert_str_eq(printed(after_algebra(expr_op2(g, OP_smul, x, mask))), "if y > 0 then x else 0");
}
END_TEST

START_TEST(stable_forms)
{
    Expr *sigmoid = expr_op1(g, OP_sigmoid, x), *one = expr_real(g, 1);
    Tensor *t = graph_add_tensor(g, name_of(g->names, "loss"), TYPE_REAL, ROLE_WRITTEN, COMBINE_SET, 0, NULL, (Span){0});
    Expr *log_p = expr_op1(g, OP_log, sigmoid), *log_q = expr_op1(g, OP_log, expr_sub(g, one, sigmoid));
    Equation *q = graph_add_equation(g, t, NULL, expr_add(g, expr_mul(g, y, log_p), expr_mul(g, expr_sub(g, one, y), log_q)), (Domain){0}, NULL, (Span){0});
    pass_stable(g);
    ck_assert_str_eq(printed(q->body), "y*x - softplus(x)");
}
END_TEST

/* y[i] += A[i,j]*B[j,k]*v[k] over i, j, k: the sum over k is taken out, into a tensor of j alone. */
START_TEST(products_are_contracted)
{
    Expr *n8 = expr_int(g, 8), *extents[2] = {n8, n8}, *index[3];
    Domain d = {.n = 3, .range = NEW_ARRAY(g->arena, Range, 3)};
    for (uint32_t k = 0; k < 3; k++) {
        index[k] = expr_index(g, graph_add_index(g, name_printf(g->names, "i%u", k)));
        d.range[k] = range_make(g, index[k]->of.number, expr_int(g, 0), n8);
    }
    Expr *factor[3];
    for (uint32_t k = 0; k < 3; k++) {
        Tensor *t = graph_add_tensor(g, name_of(g->names, "factor"), TYPE_REAL, ROLE_PARAM, COMBINE_SET, k < 2 ? 2 : 1, extents, (Span){0});
        factor[k] = expr_read(g, t, index + k, NULL);
    }
    Tensor *y = graph_add_tensor(g, name_of(g->names, "y"), TYPE_REAL, ROLE_WRITTEN, COMBINE_ADD, 1, extents, (Span){0});
    Equation *e = graph_add_equation(g, y, index, expr_mul(g, expr_mul(g, factor[0], factor[1]), factor[2]), d, NULL, (Span){0});
    pass_contract(g);
    Tensor *inner = graph_find(g, name_printf(g->names, "%s_inner", y->name));
    ck_assert_ptr_nonnull(inner);
    ck_assert_uint_eq(inner->rank, 1);
    ck_assert_uint_eq(inner->pieces->domain.n, 2);
    ck_assert_uint_eq(e->domain.n, 2);
    ck_assert(graph_verify(g, "contract"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("graph");
    TCase *c = tcase_create("graph");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, equal_expressions_are_one_pointer);
    tcase_add_test(c, integer_sums_are_canonical);
    tcase_add_test(c, strong_products_stay_strong);
    tcase_add_test(c, a_chain_of_a_hundred_thousand_terms);
    tcase_add_test(c, a_shared_expression_prints_in_bounds);
    tcase_add_test(c, conditions_become_bounds);
    tcase_add_test(c, algebra_collects);
    tcase_add_test(c, stable_forms);
    tcase_add_test(c, products_are_contracted);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
