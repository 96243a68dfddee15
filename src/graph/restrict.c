/* Narrowing a domain by a condition.
 *
 *     over t in 0..T   where t - 1 >= 0 and x[t] > 0     ->     over t in 1..T   where x[t] > 0
 *
 * A conjunct that compares affine forms becomes a bound of the last index that it names, where that index has
 * coefficient 1 or -1; everything else joins the guard. Bounds that another bound implies are left out. */
#include <string.h>

#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/restrict.h"

/* condition as form >= 0; false where it is not such a comparison of integers */
static bool as_form(Graph *g, Expr *c, bool negated, Affine *form) {
    if (expr_is_op(c, OP_not)) return as_form(g, c->arg[0], !negated, form);
    if (c->kind != EXPR_OP || c->n != 2 || c->arg[0]->type != TYPE_INT || c->arg[1]->type != TYPE_INT) return false;
    Affine a, b;
    if (!affine_of(g, c->arg[0], &a) || !affine_of(g, c->arg[1], &b)) return false;
    uint32_t op = c->of.number;
    if (negated) {
        static const struct { Op from, to; } opposite[] = {{OP_lt, OP_ge}, {OP_le, OP_gt}, {OP_gt, OP_le}, {OP_ge, OP_lt}};
        uint32_t found = N_OPS;
        for (size_t k = 0; k < 4; k++)
            if (opposite[k].from == op) found = opposite[k].to;
        op = found;
    }
    Affine *big = op == OP_lt || op == OP_le ? &b : &a, *small = big == &a ? &b : &a;
    if (op != OP_lt && op != OP_le && op != OP_gt && op != OP_ge) return false;
    if (!affine_add(big, small, -1, form)) return false;
    if (op == OP_lt || op == OP_gt) form->constant -= 1;
    return true;
}

static bool always(Graph *g, const Affine *form, const Domain *d) {
    Affine lo, hi;
    return affine_bounds(g, form, d, &lo, &hi) && affine_not_negative(&lo);
}

/* Keeps the tighter of two bounds where it is known which. */
static void add_bound(Graph *g, const Domain *d, Expr ***bounds, uint32_t *n, Expr *bound, bool lower) {
    for (uint32_t k = 0; k < *n; k++) {
        Affine old, new, difference;
        if (!affine_of(g, (*bounds)[k], &old) || !affine_of(g, bound, &new)) continue;
        if (!affine_add(lower ? &old : &new, lower ? &new : &old, -1, &difference)) continue;
        if (always(g, &difference, d)) return; /* the old one is as tight */
        for (uint32_t t = 0; t < difference.n; t++) difference.term[t].by = -difference.term[t].by;
        difference.constant = -difference.constant;
        if (always(g, &difference, d)) {
            (*bounds)[k] = bound;
            return;
        }
    }
    Expr **more = NEW_ARRAY(g->arena, Expr *, *n + 1);
    memcpy(more, *bounds, *n * sizeof *more);
    more[(*n)++] = bound;
    *bounds = more;
}

/* form >= 0 as a bound of the last index it names. */
static bool add_form(Graph *g, Domain *d, const Affine *form) {
    for (uint32_t k = d->n; k-- > 0;) {
        Expr *index = expr_index(g, d->range[k].index);
        int64_t by = affine_coefficient(form, index);
        if (by == 0) continue;
        if (by != 1 && by != -1) return false;
        Affine self, rest;
        if (!affine_of(g, index, &self) || !affine_add(form, &self, -by, &rest)) return false;
        Range *r = &d->range[k];
        if (by == 1) { /* index >= -rest */
            for (uint32_t t = 0; t < rest.n; t++) rest.term[t].by = -rest.term[t].by;
            rest.constant = -rest.constant;
            add_bound(g, d, &r->lo, &r->n_lo, affine_expr(g, &rest), true);
        } else { /* index <= rest */
            rest.constant += 1;
            add_bound(g, d, &r->hi, &r->n_hi, affine_expr(g, &rest), false);
        }
        return true;
    }
    return false;
}

static void add_condition(Graph *g, Domain *d, Expr *c) {
    if (!c || expr_is_int(c, 1)) return;
    if (expr_is_op(c, OP_and)) {
        add_condition(g, d, c->arg[0]);
        add_condition(g, d, c->arg[1]);
        return;
    }
    Affine form;
    if (as_form(g, c, false, &form)) {
        if (always(g, &form, d)) return;
        if (add_form(g, d, &form)) return;
    }
    d->guard = expr_and(g, d->guard, c);
}

Domain domain_restrict(Graph *g, Domain domain, Expr *condition) {
    Domain d = domain_copy(g->arena, domain);
    add_condition(g, &d, condition);
    return d;
}

Expr *condition_left(Graph *g, Expr *c, const Domain *d) {
    if (!c || expr_is_int(c, 1)) return NULL;
    if (expr_is_op(c, OP_and)) return expr_and(g, condition_left(g, c->arg[0], d), condition_left(g, c->arg[1], d));
    Affine form;
    return as_form(g, c, false, &form) && always(g, &form, d) ? NULL : c;
}

Expr *inside_condition(Graph *g, const Tensor *t, Expr *const *subs, const Domain *domain) {
    Expr *all = NULL;
    for (uint32_t k = 0; k < t->rank; k++) {
        all = expr_and(g, all, condition_left(g, expr_op2(g, OP_ge, subs[k], expr_int(g, 0)), domain));
        all = expr_and(g, all, condition_left(g, expr_op2(g, OP_lt, subs[k], t->extent[k]), domain));
    }
    return all;
}
