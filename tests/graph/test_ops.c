/* One test walks every row of the operator table.
 *
 *   value        in double against long double, and against libm where libm has the operator
 *   partials     against central differences of the value in long double, Richardson-extrapolated, over the row's interval
 *   second ones  the partials are expressions: their own derivatives by the rules of diff against differences of them
 *   singular     the values and derivatives that the last column publishes */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff/internal.h"
#include "graph/ops.h"

static Base base;
static Graph *g;
static void setup(void) {
    base = base_new();
    g = graph_new(&base);
}
static void teardown(void) { base_free(&base); }

/* An expression over placeholders, evaluated in long double. */
static long double value_at(Expr *e, const long double *arg) {
    long double v[3];
    switch (e->kind) {
    case EXPR_CONST: return e->type == TYPE_INT ? (long double)e->of.integer : (long double)e->of.real;
    case EXPR_ARG: return arg[e->of.number];
    case EXPR_SELECT: return value_at(e->arg[0], arg) != 0 ? value_at(e->arg[1], arg) : value_at(e->arg[2], arg);
    case EXPR_OP:
        for (uint32_t k = 0; k < e->n; k++) v[k] = value_at(e->arg[k], arg);
        return op_value_long(e->of.number, v);
    default: ck_abort_msg("an expression of a row reads a tensor");
    }
}

static long double row_value(uint32_t op, const long double *arg) { return op_value_long(op, arg); }

static long double partial_at(uint32_t op, uint32_t k, const long double *arg) {
    long double all[4] = {arg[0], arg[1], arg[2], row_value(op, arg)};
    return value_at(op_row(g, op)->partial[k], all);
}

typedef long double Function(uint32_t op, uint32_t k, const long double *arg);

/* Central differences, extrapolated once: the error is of order h^4. */
static long double difference(Function *f, uint32_t op, uint32_t k, const long double *arg, uint32_t by) {
    long double h = 1e-4L, d[2];
    for (int turn = 0; turn < 2; turn++) {
        long double up[3] = {arg[0], arg[1], arg[2]}, down[3] = {arg[0], arg[1], arg[2]};
        up[by] += h;
        down[by] -= h;
        d[turn] = (f(op, k, up) - f(op, k, down)) / (2 * h);
        h /= 2;
    }
    return (4 * d[1] - d[0]) / 3;
}
static long double value_function(uint32_t op, uint32_t k, const long double *arg) {
    (void)k;
    return row_value(op, arg);
}

static void draw_arguments(const OpRow *row, unsigned *state, long double *arg) {
    for (int k = 0; k < 3; k++) {
        *state = *state * 1103515245u + 12345u;
        arg[k] = row->from + (row->to - row->from) * (long double)((*state >> 8) & 0xffff) / 65536.0L;
    }
    if (row->rule == RULE_WHOLE) arg[0] = floorl(arg[0]), arg[1] = floorl(arg[1]);
    if (row->name == name_of(g->names, "polygamma")) arg[0] = floorl(arg[0]);
}

/* Within the step of a kink or a jump a difference says nothing. */
static bool near_kink(uint32_t op, const long double *arg) {
    const long double near = 1e-3L;
    for (uint32_t k = 0; k < op_row(g, op)->arity; k++) {
        if (fabsl(arg[k] - roundl(arg[k])) < near || fabsl(arg[k] - roundl(arg[k] * 2) / 2) < near) return true;
        for (uint32_t j = 0; j < k; j++)
            if (fabsl(arg[k] - arg[j]) < near) return true;
    }
    if (op == OP_mod) return fabsl(arg[0] / arg[1] - roundl(arg[0] / arg[1])) < near;
    return false;
}

static bool differentiable(uint32_t op, uint32_t by) {
    const OpRow *row = op_row(g, op);
    if (row->rule == RULE_TRUTH || row->rule == RULE_WHOLE || op == OP_stop) return false;
    return !(op == OP_polygamma && by == 0);
}

START_TEST(partials_are_those_of_the_value)
{
    uint32_t op = (uint32_t)_i;
    const OpRow *row = op_row(g, op);
    unsigned state = op + 1;
    for (int turn = 0; turn < 200; turn++) {
        long double arg[3];
        draw_arguments(row, &state, arg);
        if (near_kink(op, arg)) continue;
        for (uint32_t k = 0; k < row->arity; k++) {
            if (!differentiable(op, k)) continue;
            long double told = partial_at(op, k, arg), found = difference(value_function, op, k, arg, k);
            ck_assert_msg(fabsl(told - found) <= 1e-8L * (1 + fabsl(found)), "%s: partial %u at (%Lg, %Lg, %Lg) is %.12Lg, differences say %.12Lg",
                          row->name, k, arg[0], arg[1], arg[2], told, found);
        }
    }
}
END_TEST

/* The partial as a body of a small model, differentiated by diff, against differences of the partial. */
START_TEST(second_partials_follow)
{
    uint32_t op = (uint32_t)_i;
    const OpRow *row = op_row(g, op);
    if (op == OP_polygamma || row->rule == RULE_TRUTH || row->rule == RULE_WHOLE) return;
    Tensor *in[3];
    Expr *read[4];
    for (uint32_t k = 0; k < 3; k++) {
        in[k] = graph_add_tensor(g, name_of(g->names, "in"), TYPE_REAL, ROLE_INPUT, COMBINE_SET, 0, NULL, (Span){0});
        read[k] = expr_read(g, in[k], NULL, NULL);
    }
    Expr *node = expr_op(g, op, read, row->arity);
    if (node->kind != EXPR_OP) return;
    for (uint32_t k = 0; k < row->arity; k++) {
        Tensor *p = graph_add_tensor(g, name_of(g->names, "p"), TYPE_REAL, ROLE_WRITTEN, COMBINE_ADD, 0, NULL, (Span){0});
        Equation *e = graph_add_equation(g, p, NULL, op_partial(g, node, k, node), (Domain){0}, NULL, (Span){0});
        bool *active = NEW_ARRAY(g->arena, bool, g->tensors.n);
        for (int j = 0; j < 3; j++) active[in[j]->number] = true;
        Contributions all = body_adjoints(g, e, expr_real(g, 1), active);
        unsigned state = op + 7;
        for (int turn = 0; turn < 40; turn++) {
            long double arg[3], sum[3] = {0, 0, 0};
            draw_arguments(row, &state, arg);
            if (near_kink(op, arg)) continue;
            Subst *s = subst_new(g);
            for (uint32_t j = 0; j < 3; j++) subst_expr(s, read[j], expr_arg(g, j));
            for (uint32_t c = 0; c < all.n; c++)
                for (int j = 0; j < 3; j++)
                    if (all.at[c].read->of.tensor == in[j] && (!all.at[c].condition || value_at(subst_apply(s, all.at[c].condition), arg) != 0))
                        sum[j] += value_at(subst_apply(s, all.at[c].value), arg);
            for (uint32_t j = 0; j < row->arity; j++) {
                if (!differentiable(op, j)) continue;
                long double found = difference(partial_at, op, k, arg, j);
                ck_assert_msg(fabsl(sum[j] - found) <= 1e-7L * (1 + fabsl(found)), "%s: partial %u by %u at (%Lg, %Lg) is %.12Lg, differences say %.12Lg",
                              row->name, k, j, arg[0], arg[1], sum[j], found);
            }
        }
    }
}
END_TEST

START_TEST(double_agrees_with_long_double)
{
    uint32_t op = (uint32_t)_i;
    unsigned state = op + 3;
    for (int turn = 0; turn < 200; turn++) {
        long double arg[3];
        draw_arguments(op_row(g, op), &state, arg);
        const double narrow[3] = {(double)arg[0], (double)arg[1], (double)arg[2]};
        const long double wide[3] = {narrow[0], narrow[1], narrow[2]};
        double got = op_value(op, narrow);
        long double want = row_value(op, wide);
        ck_assert_msg(fabsl((long double)got - want) <= 1e-14L * (1 + fabsl(want)) , "%s(%g, %g): %.17g, not %.17Lg", op_row(g, op)->name, narrow[0], narrow[1], got, want);
    }
}
END_TEST

/* ---- values from tables and from libm ---- */
typedef struct { Op op; double a, b, c, value; } Known;
static const Known known[] = {
    {OP_sigmoid, 0, 0, 0, 0.5}, {OP_sigmoid, -800, 0, 0, 0}, {OP_sigmoid, 800, 0, 0, 1}, {OP_softplus, 0, 0, 0, 0.69314718055994530942},
    {OP_softplus, 1000, 0, 0, 1000}, {OP_softplus, -1000, 0, 0, 0}, {OP_erf, 0.5, 0, 0, 0.52049987781304653768}, {OP_gelu, 1, 0, 0, 0.84134474606854292578},
    {OP_silu, 1, 0, 0, 0.73105857863000487925}, {OP_relu, -2, 0, 0, 0}, {OP_relu, 2, 0, 0, 2}, {OP_leaky_relu, -2, 0.01, 0, -0.02}, {OP_elu, -1, 1, 0, -0.63212055882855767840},
    {OP_digamma, 1, 0, 0, -0.57721566490153286061}, {OP_digamma, 0.5, 0, 0, -1.96351002602142347944}, {OP_polygamma, 1, 1, 0, 1.64493406684822643647},
    {OP_lgamma, 0.5, 0, 0, 0.57236494292470008707}, {OP_mod, -3, 5, 0, 2}, {OP_mod, 3, -5, 0, -2}, {OP_floordiv, -7, 2, 0, -4}, {OP_round, 2.5, 0, 0, 2},
    {OP_round, 3.5, 0, 0, 4}, {OP_clamp, 5, 0, 1, 1}, {OP_clamp, -5, 0, 1, 0}, {OP_sign, -3, 0, 0, -1}, {OP_atan2, 1, -1, 0, 2.35619449019234492885},
    {OP_pow, 0, 0, 0, 1}, {OP_pow, 2, -1, 0, 0.5}, {OP_length, 4, 0, 0, 2}, {OP_smul, 0, INFINITY, 0, 0}, {OP_step, 0, 0, 0, 0}, {OP_step, 1e-9, 0, 0, 1},
};
START_TEST(known_values)
{
    const Known *k = &known[_i];
    double arg[3] = {k->a, k->b, k->c};
    ck_assert_msg(fabs(op_value(k->op, arg) - k->value) <= 4e-16 * (1 + fabs(k->value)), "%s(%g, %g) is %.17g, not %.17g", op_row(g, k->op)->name, k->a, k->b,
                  op_value(k->op, arg), k->value);
}
END_TEST

/* ---- what holds at singular points: value and derivative by a ---- */
typedef struct { Op op; double a, b, value, by_a; } Singular;
static const Singular singular[] = {
    {OP_relu, 0, 0, 0, 0}, {OP_abs, 0, 0, 0, 0}, {OP_length, 0, 0, 0, 0}, {OP_sign, 0, 0, 0, 0}, {OP_step, 0, 0, 0, 0},
    {OP_sqrt, 0, 0, 0, INFINITY}, {OP_log, 0, 0, -INFINITY, INFINITY}, {OP_log, -1, 0, NAN, -1}, {OP_log1p, -1, 0, -INFINITY, INFINITY},
    {OP_max, 1, 1, 1, 1}, {OP_min, 1, 1, 1, 1}, {OP_max, NAN, 1, NAN, 1}, {OP_max, 1, NAN, NAN, 0}, {OP_min, 1, NAN, NAN, 0},
    {OP_leaky_relu, 0, 0.1, 0, 0.1}, {OP_elu, 0, 2, 0, 2}, {OP_tanh, INFINITY, 0, 1, 0}, {OP_sigmoid, -INFINITY, 0, 0, 0}, {OP_erf, INFINITY, 0, 1, 0},
    {OP_atan, INFINITY, 0, 1.57079632679489661923, 0}, {OP_atan2, 0, 0, 0, 0}, {OP_pow, 0, 0, 1, 0}, {OP_pow, 0, 1, 0, 1}, {OP_pow, 0, 2, 0, 0},
    {OP_asin, 1, 0, 1.57079632679489661923, INFINITY}, {OP_acos, 1, 0, 0, -INFINITY}, {OP_exp, -INFINITY, 0, 0, 0}, {OP_softplus, INFINITY, 0, INFINITY, 1},
    {OP_smul, 0, NAN, 0, NAN}, {OP_floor, 2, 0, 2, 0}, {OP_relu, NAN, 0, NAN, 0}, {OP_div, 1, 0, INFINITY, INFINITY},
};
static bool same(long double got, double want) { return isnan(want) ? isnan(got) : isinf(want) ? got == (long double)want : fabsl(got - want) < 1e-15L; }
START_TEST(singular_points)
{
    const Singular *s = &singular[_i];
    const long double arg[3] = {s->a, s->b, 0};
    ck_assert_msg(same(row_value(s->op, arg), s->value), "%s(%g, %g) is %Lg, not %g", op_row(g, s->op)->name, s->a, s->b, row_value(s->op, arg), s->value);
    ck_assert_msg(same(partial_at(s->op, 0, arg), s->by_a), "%s'(%g, %g) is %Lg, not %g", op_row(g, s->op)->name, s->a, s->b, partial_at(s->op, 0, arg), s->by_a);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("operators");
    TCase *c = tcase_create("rows");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, partials_are_those_of_the_value, 0, N_OPS);
    tcase_add_loop_test(c, second_partials_follow, 0, N_OPS);
    tcase_add_loop_test(c, double_agrees_with_long_double, 0, N_OPS);
    tcase_add_loop_test(c, known_values, 0, (int)(sizeof known / sizeof *known));
    tcase_add_loop_test(c, singular_points, 0, (int)(sizeof singular / sizeof *singular));
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
