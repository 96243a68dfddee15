/* delta: a sum over an index that a condition fixes needs no sum.
 *
 *     s[i] += if k == y[i] then o[i,k] else 0  over i, k        ->     s[i] += o[i, y[i]]      over i
 *     y[v] += g[e]   over v, e where dst[e] == v                ->     y[dst[e]] += g[e]       over e
 *
 * The second is a scatter, which the language writes as a filtered sum (a segment sum): one pass over e. The index is
 * solved for where the condition has it with coefficient 1 or -1 and what it equals lies in its range; what cannot be
 * proved of that stays as a condition. */
#include "simplify/passes.h"

#include "graph/affine.h"
#include "graph/restrict.h"

/* Moves the condition of `if c then v else 0` from the body of a sum into its guard. */
static void lift_condition(Graph *g, Equation *e) {
    while (e->body->kind == EXPR_SELECT && expr_is_number(e->body->arg[2], 0) && e->body->type == TYPE_REAL) {
        e->domain.guard = expr_and(g, e->domain.guard, e->body->arg[0]);
        e->body = e->body->arg[1];
        if (e->body->type == TYPE_INT) e->body = e->body->kind == EXPR_CONST ? expr_real(g, (double)e->body->of.integer) : e->body;
    }
}

/* Is there an equality of integers among the conjuncts that the body's select (or the guard) has? */
static bool has_equality(const Expr *c) {
    if (!c) return false;
    if (expr_is_op(c, OP_and)) return has_equality(c->arg[0]) || has_equality(c->arg[1]);
    return expr_is_op(c, OP_eq) && c->arg[0]->type == TYPE_INT && c->arg[1]->type == TYPE_INT;
}

/* `side` has the index alone with coefficient 1 or -1: index == result. */
static Expr *solve(Graph *g, Expr *left, Expr *right, uint32_t index) {
    Affine a, b, form, self, rest;
    Expr *i = expr_index(g, index);
    if (!affine_of_atoms(g, left, &a) || !affine_of_atoms(g, right, &b) || !affine_add(&a, &b, -1, &form)) return NULL;
    int64_t by = affine_coefficient(&form, i);
    if (by != 1 && by != -1) return NULL;
    if (!affine_of(g, i, &self) || !affine_add(&form, &self, -by, &rest)) return NULL;
    if (by == 1) {
        for (uint32_t k = 0; k < rest.n; k++) rest.term[k].by = -rest.term[k].by;
        rest.constant = -rest.constant;
    }
    Expr *value = affine_expr(g, &rest);
    return expr_uses_index(g, value, index) ? NULL : value;
}

/* Integer data are known to lie in their declared range. */
static bool data_inside(Graph *g, Expr *value, const Range *r) {
    if (value->kind != EXPR_READ || value->fill || !value->of.tensor->lo || !value->of.tensor->hi) return false;
    if (r->n_lo != 1 || r->n_hi != 1) return false;
    Affine lo, hi, from, to, below, above;
    if (!affine_of(g, value->of.tensor->lo, &lo) || !affine_of(g, value->of.tensor->hi, &hi) || !affine_of(g, r->lo[0], &from) ||
        !affine_of(g, r->hi[0], &to))
        return false;
    return affine_add(&lo, &from, -1, &below) && affine_not_negative(&below) && affine_add(&to, &hi, -1, &above) && affine_not_negative(&above);
}

static Expr *without(Graph *g, Expr *c, const Expr *conjunct) {
    if (c == conjunct) return NULL;
    return c && expr_is_op(c, OP_and) ? expr_and(g, without(g, c->arg[0], conjunct), without(g, c->arg[1], conjunct)) : c;
}

/* Puts `value` for the index everywhere and takes it out of the domain. */
static void eliminate(Graph *g, Equation *e, uint32_t at, Expr *value, Expr *guard) {
    Range solved = e->domain.range[at];
    Subst *s = subst_new(g);
    subst_index(s, solved.index, value);
    Domain d = {.n = 0, .range = NEW_ARRAY(g->arena, Range, e->domain.n), .guard = NULL};
    for (uint32_t k = 0; k < e->domain.n; k++) {
        if (k == at) continue;
        Domain one = {.n = 1, .range = &e->domain.range[k]};
        Range r = domain_copy(g->arena, one).range[0];
        for (uint32_t b = 0; b < r.n_lo; b++) r.lo[b] = subst_apply(s, r.lo[b]);
        for (uint32_t b = 0; b < r.n_hi; b++) r.hi[b] = subst_apply(s, r.hi[b]);
        d.range[d.n++] = r;
    }
    Expr *rest = subst_apply(s, guard);
    if (!data_inside(g, value, &solved)) {
        for (uint32_t b = 0; b < solved.n_lo; b++) rest = expr_and(g, rest, expr_op2(g, OP_ge, value, solved.lo[b]));
        for (uint32_t b = 0; b < solved.n_hi; b++) rest = expr_and(g, rest, expr_op2(g, OP_lt, value, solved.hi[b]));
    }
    for (uint32_t k = 0; k < e->target->rank; k++) e->subs[k] = subst_apply(s, e->subs[k]);
    e->body = subst_apply(s, e->body);
    e->domain = domain_restrict(g, d, rest);
}

/* Ranges of other indices must not need an index that comes later once this one is gone. */
static bool may_eliminate(Graph *g, const Equation *e, uint32_t at, Expr *value) {
    for (uint32_t k = at + 1; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++)
            if (expr_uses_index(g, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo], e->domain.range[at].index))
                for (uint32_t j = k; j < e->domain.n; j++)
                    if (expr_uses_index(g, value, e->domain.range[j].index)) return false;
    }
    return true;
}

/* A scatter by data among a few places stays a choice at each of them: h_bar[2*s + l] += if win[s] == l then … for l in 0..2
 * runs in vector lanes, and h_bar[2*s + win[s]] does not. */
static bool is_choice_of_few(Graph *g, const Equation *e, uint32_t at, Expr *value) {
    enum { FEW = 4 };
    const Range *r = &e->domain.range[at];
    if (!expr_reads(g, value, NULL) || r->n_lo != 1 || r->n_hi != 1 || r->lo[0]->kind != EXPR_CONST || r->hi[0]->kind != EXPR_CONST) return false;
    if (r->hi[0]->of.integer - r->lo[0]->of.integer > FEW) return false;
    for (uint32_t k = 0; k < e->target->rank; k++)
        if (expr_uses_index(g, e->subs[k], r->index)) return true;
    return false;
}

static bool try_equality(Graph *g, Equation *e, Expr *c) {
    for (uint32_t k = e->domain.n; k-- > 0;) {
        Expr *value = solve(g, c->arg[0], c->arg[1], e->domain.range[k].index);
        if (!value || !may_eliminate(g, e, k, value) || is_choice_of_few(g, e, k, value)) continue;
        eliminate(g, e, k, value, without(g, e->domain.guard, c));
        return true;
    }
    return false;
}

static bool try_guard(Graph *g, Equation *e, Expr *c) {
    if (!c) return false;
    if (expr_is_op(c, OP_and)) return try_guard(g, e, c->arg[0]) || try_guard(g, e, c->arg[1]);
    return has_equality(c) && try_equality(g, e, c);
}

void pass_delta(Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->op != COMBINE_ADD) continue;
        for (Equation *e = t->pieces; e; e = e->next) {
            if (e->body->kind == EXPR_SELECT && has_equality(e->body->arg[0])) lift_condition(g, e);
            while (try_guard(g, e, e->domain.guard)) continue;
        }
    }
}
