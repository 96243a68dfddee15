/* algebra: constants, dims and signs are collected; what is left prints as one would write it.
 *
 *     2*(1/(2*m)*x)  ->  x/m         x + x  ->  2*x         a + -b  ->  a - b         -a*b  ->  -(a*b)
 *     smul(A, if c then p else 0)  ->  if c then smul(A, p) else 0
 *
 * A uniform factor (made of constants and dims) is kept as number * dims / dims, at the front of its product. Data
 * are not reordered, so sums and products round as they were written. */
#include <math.h>
#include <string.h>

#include "simplify/passes.h"

enum { MOST_FACTORS = 16 };

/* number * over[0]*over[1]… / (under[0]*…) */
typedef struct {
    double number;
    Expr *over[MOST_FACTORS], *under[MOST_FACTORS];
    uint32_t n_over, n_under;
    bool fits;
} Factor;

static void add_factor(Graph *, Factor *, Expr *, bool under);

static void add_atom(Factor *f, Expr *e, bool under) {
    Expr **mine = under ? f->under : f->over, **other = under ? f->over : f->under;
    uint32_t *n = under ? &f->n_under : &f->n_over, *m = under ? &f->n_over : &f->n_under;
    for (uint32_t k = 0; k < *m; k++)
        if (other[k] == e) {
            other[k] = other[--*m];
            return;
        }
    if (*n == MOST_FACTORS) {
        f->fits = false;
        return;
    }
    uint32_t at = (*n)++;
    for (; at > 0 && mine[at - 1]->id > e->id; at--) mine[at] = mine[at - 1];
    mine[at] = e;
}

static void add_factor(Graph *g, Factor *f, Expr *e, bool under) {
    if (e->kind == EXPR_CONST) {
        double v = e->type == TYPE_INT ? (double)e->of.integer : e->of.real;
        if (v == 0 || !isfinite(v)) f->fits = false;
        f->number = under ? f->number / v : f->number * v;
    } else if (expr_is_op(e, OP_mul)) {
        add_factor(g, f, e->arg[0], under);
        add_factor(g, f, e->arg[1], under);
    } else if (expr_is_op(e, OP_div)) {
        add_factor(g, f, e->arg[0], under);
        add_factor(g, f, e->arg[1], !under);
    } else if (expr_is_op(e, OP_neg)) {
        f->number = -f->number;
        add_factor(g, f, e->arg[0], under);
    } else {
        add_atom(f, e, under);
    }
}

static Expr *product_of(Graph *g, Expr *const *atom, uint32_t n) {
    Expr *e = NULL;
    for (uint32_t k = 0; k < n; k++) e = e ? expr_mul(g, e, atom[k]) : atom[k];
    return e;
}

/* number*over/under as an expression; NULL for 1. */
static Expr *factor_expr(Graph *g, const Factor *f) {
    Expr *over = product_of(g, f->over, f->n_over), *under = product_of(g, f->under, f->n_under);
    Expr *number = expr_real(g, f->number);
    if (!over && !under) return f->number == 1 ? NULL : number;
    Expr *top = !over ? number : f->number == 1 ? over : expr_mul(g, number, over);
    return under ? expr_op2(g, OP_div, top, under) : top;
}

/* e as uniform * rest; the rest is NULL where all is uniform. */
static Expr *split_uniform(Graph *g, Expr *e, Factor *f) {
    if (is_uniform(g, e)) {
        add_factor(g, f, e, false);
        return NULL;
    }
    if (expr_is_op(e, OP_mul) && is_uniform(g, e->arg[0])) {
        add_factor(g, f, e->arg[0], false);
        return split_uniform(g, e->arg[1], f);
    }
    if (expr_is_op(e, OP_div) && is_uniform(g, e->arg[1])) {
        add_factor(g, f, e->arg[1], true);
        return split_uniform(g, e->arg[0], f);
    }
    if (expr_is_op(e, OP_neg)) {
        f->number = -f->number;
        return split_uniform(g, e->arg[0], f);
    }
    return e;
}

/* uniform * rest, as one writes it: x/m, -x, 2*x, 3/m*x */
static Expr *join_uniform(Graph *g, Factor *f, Expr *rest) {
    bool minus = f->number < 0;
    if (minus) f->number = -f->number;
    Expr *e;
    if (f->number == 1 && f->n_over == 0 && f->n_under > 0) e = expr_op2(g, OP_div, rest, product_of(g, f->under, f->n_under));
    else {
        Expr *factor = factor_expr(g, f);
        e = factor ? expr_mul(g, factor, rest) : rest;
    }
    return minus ? expr_op1(g, OP_neg, e) : e;
}

static Expr *collect_product(Graph *g, Expr *e) {
    if (e->type != TYPE_REAL) return e;
    Factor f = {.number = 1, .fits = true};
    Expr *a = split_uniform(g, e->arg[0], &f), *b;
    if (expr_is_op(e, OP_div)) {
        Factor under = {.number = 1, .fits = true};
        b = split_uniform(g, e->arg[1], &under);
        if (!under.fits) return e;
        add_factor(g, &f, expr_real(g, under.number), true);
        for (uint32_t k = 0; k < under.n_over; k++) add_atom(&f, under.over[k], true);
        for (uint32_t k = 0; k < under.n_under; k++) add_atom(&f, under.under[k], false);
    } else {
        b = split_uniform(g, e->arg[1], &f);
    }
    if (!f.fits) return e;
    if (!a && !b) {
        Expr *u = factor_expr(g, &f);
        return u ? u : expr_real(g, 1);
    }
    Expr *rest;
    if (expr_is_op(e, OP_div)) rest = !b ? a : expr_op2(g, OP_div, a ? a : expr_real(g, 1), b);
    else rest = !a ? b : !b ? a : expr_op2(g, e->of.number, a, b);
    if (expr_is_op(e, OP_div) && !a && b) { /* c/x stays as it is written */
        Expr *top = factor_expr(g, &f);
        return expr_op2(g, OP_div, top ? top : expr_real(g, 1), b);
    }
    if (rest->type != TYPE_REAL) return e;
    return join_uniform(g, &f, rest);
}

/* a*(1/b) -> a/b */
static Expr *product_with_inverse(Graph *g, Expr *e) {
    for (int k = 0; k < 2; k++)
        if (expr_is_op(e->arg[k], OP_div) && expr_is_number(e->arg[k]->arg[0], 1) && e->arg[1 - k]->type == TYPE_REAL)
            return expr_op2(g, OP_div, e->arg[1 - k], e->arg[k]->arg[1]);
    return e;
}

static Expr *strong_select(Graph *g, Expr *e) {
    Expr *zero = expr_real(g, 0);
    for (int k = 0; k < 2; k++) {
        Expr *s = e->arg[k], *other = e->arg[1 - k];
        if (s->kind != EXPR_SELECT) continue;
        bool yes = expr_is_number(s->arg[1], 0), no = expr_is_number(s->arg[2], 0);
        if (!yes && !no) continue;
        Expr *live = yes ? s->arg[2] : s->arg[1];
        Expr *product = k ? expr_op2(g, OP_smul, other, live) : expr_op2(g, OP_smul, live, other);
        return yes ? expr_select(g, s->arg[0], zero, product) : expr_select(g, s->arg[0], product, zero);
    }
    return e;
}

static bool same_factor(const Factor *a, const Factor *b) {
    if (fabs(a->number) != fabs(b->number) || a->n_over != b->n_over || a->n_under != b->n_under) return false;
    return memcmp(a->over, b->over, a->n_over * sizeof *a->over) == 0 && memcmp(a->under, b->under, a->n_under * sizeof *a->under) == 0;
}

/* u*a + u*b -> u*(a + b)      for a uniform u other than 1 */
static Expr *common_factor(Graph *g, Expr *e) {
    Factor u = {.number = 1, .fits = true}, v = {.number = 1, .fits = true};
    Expr *a = split_uniform(g, e->arg[0], &u), *b = split_uniform(g, e->arg[1], &v);
    if (!a || !b || !u.fits || !v.fits || !same_factor(&u, &v) || (fabs(u.number) == 1 && u.n_over + u.n_under == 0)) return e;
    if (expr_is_op(e, OP_sub)) v.number = -v.number;
    Expr *sum;
    if (u.number > 0 || v.number < 0) {
        if (v.number < 0 && u.number < 0) sum = expr_add(g, a, b);
        else sum = v.number < 0 ? expr_sub(g, a, b) : expr_add(g, a, b);
    } else {
        sum = expr_sub(g, b, a);
        u.number = -u.number;
    }
    return sum->type == TYPE_REAL ? join_uniform(g, &u, sum) : e;
}

static Expr *collect_sum(Graph *g, Expr *e) {
    Expr *a = e->arg[0], *b = e->arg[1];
    bool plus = expr_is_op(e, OP_add);
    if (e->type != TYPE_REAL) return e;
    if (plus && a == b) return expr_mul(g, expr_real(g, 2), a);
    if (expr_is_op(b, OP_neg)) return plus ? expr_sub(g, a, b->arg[0]) : expr_add(g, a, b->arg[0]);
    if (plus && expr_is_op(a, OP_neg)) return expr_sub(g, b, a->arg[0]);
    return common_factor(g, e);
}

static Expr *plain_power(Graph *g, Expr *e) {
    Expr *a = e->arg[0], *b = e->arg[1];
    if (a->type != TYPE_REAL) return e;
    if (expr_is_number(b, 3)) return expr_mul(g, expr_mul(g, a, a), a);
    if (expr_is_number(b, 0.5)) return expr_op1(g, OP_sqrt, a);
    if (expr_is_number(b, -1)) return expr_op2(g, OP_div, expr_real(g, 1), a);
    if (expr_is_number(b, -0.5)) return expr_op2(g, OP_div, expr_real(g, 1), expr_op1(g, OP_sqrt, a));
    return e;
}

static Expr *rule(Graph *g, Expr *e, void *with) {
    (void)with;
    if (e->kind != EXPR_OP) return e;
    switch (e->of.number) {
    case OP_add:
    case OP_sub: return collect_sum(g, e);
    case OP_mul: {
        Expr *x = product_with_inverse(g, e);
        return x != e ? x : collect_product(g, e);
    }
    case OP_smul: {
        Expr *x = strong_select(g, e);
        return x != e ? x : collect_product(g, e);
    }
    case OP_div: return collect_product(g, e);
    case OP_pow: return plain_power(g, e);
    default: return e;
    }
}

void pass_algebra(Graph *g) { rewrite_graph(rewriter_new(g, rule, NULL)); }
