/* How much a combined tensor changes with one of the values it combines.
 *
 *     =, +=          1
 *     logsumexp=     exp(body - T[o]), 0 where T[o] is -inf
 *     max=, min=     1 at the winner, the first in reading order: T_win[o] argmax= body, an integer tensor
 *     *=             the product of the others: exclusive prefix times exclusive suffix. Dividing T by the body
 *                    fails at 0, and counting zeros gives wrong second derivatives (architecture.md) */
#include <math.h>

#include "diff/internal.h"
#include "graph/affine.h"

struct Weights {
    Graph *g;
    Map *winner;    /* Tensor -> Tensor */
    Map *exclusive; /* Equation -> Expr */
};

Weights *weights_new(Graph *g) {
    Weights *w = NEW(g->arena, Weights);
    w->g = g;
    w->winner = map_new(g->arena);
    w->exclusive = map_new(g->arena);
    return w;
}

/* Where the point stands in reading order of the reduced indices; pieces are told apart. */
static Expr *place_in_reading_order(Graph *g, const Equation *e) {
    Expr *place = NULL;
    for (uint32_t k = 0; k < e->domain.n; k++) {
        uint32_t index = e->domain.range[k].index;
        if (equation_has_left(e, index)) continue;
        Expr *i = expr_index(g, index), *bound = index_extent(g, &e->domain, index);
        place = !place ? i : expr_add(g, expr_mul(g, place, bound ? bound : expr_int(g, 1 << 20)), i);
    }
    return place ? place : expr_int(g, 0);
}

static Tensor *winner_of(Weights *w, Tensor *t) {
    Graph *g = w->g;
    Tensor *winner = map_get(w->winner, t);
    if (winner) return winner;
    winner = graph_add_tensor(g, name_printf(g->names, "%s_win", t->name), TYPE_INT, ROLE_WINNER,
                              t->op == COMBINE_MAX ? COMBINE_ARGMAX : COMBINE_ARGMIN, t->rank, t->extent, t->span);
    winner->of = t;
    winner->index = t->index;
    for (Equation *e = t->pieces; e; e = e->next) {
        Equation *made = graph_add_equation(g, winner, e->subs, e->body, e->domain, e->origin, e->span);
        made->label = place_in_reading_order(g, e);
    }
    map_put(w->winner, t, winner);
    return winner;
}

/* ---- products ----------------------------------------------------------------------------------------- */
/* The one reduced index of a product, as split_products leaves it; NULL where there is none. */
static const Range *reduced_range(const Equation *e) {
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!equation_has_left(e, e->domain.range[k].index)) return &e->domain.range[k];
    return NULL;
}

static Expr *bound_of(Graph *g, const Range *r, bool upper) {
    Expr *b = upper ? r->hi[0] : r->lo[0];
    for (uint32_t k = 1; k < (upper ? r->n_hi : r->n_lo); k++) b = expr_op2(g, upper ? OP_min : OP_max, b, (upper ? r->hi : r->lo)[k]);
    return b;
}

/* Where the range is not the whole axis (a triangle), the elements outside it are 1: a neighbour may look at them. */
static void define_outside(Graph *g, Tensor *scan, const Equation *e, const Range *r, Expr *const *subs, Domain whole) {
    Expr *from[2] = {expr_int(g, 0), bound_of(g, r, true)}, *to[2] = {bound_of(g, r, false), scan->extent[scan->rank - 1]};
    for (int side = 0; side < 2; side++) {
        if (from[side] == to[side] || affine_equal(g, from[side], to[side])) continue;
        Domain outside = domain_copy(g->arena, whole);
        for (uint32_t k = 0; k < outside.n; k++)
            if (outside.range[k].index == r->index) outside.range[k] = range_make(g, r->index, from[side], to[side]);
        graph_add_equation(g, scan, subs, expr_real(g, 1), outside, e->origin, e->span);
    }
}

/* One side of the scan: the product of the bodies before (step -1) or after (step +1) the index.
 *     pre[o, r] = pre[o, r-1 | 1] * body(r-1)     where lo < r, else 1 */
static Expr *exclusive_scan(Weights *w, const Equation *e, const Range *r, int step) {
    Graph *g = w->g;
    Tensor *t = e->target;
    Expr **extent = NEW_ARRAY(g->arena, Expr *, t->rank + 1), **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) extent[k] = t->extent[k], subs[k] = e->subs[k];
    Expr *i = expr_index(g, r->index), *bound = index_extent(g, &e->domain, r->index), *one = expr_real(g, 1);
    extent[t->rank] = bound ? bound : bound_of(g, r, true);
    subs[t->rank] = i;
    Tensor *scan = graph_add_tensor(g, name_printf(g->names, "%s_%s", t->name, step < 0 ? "before" : "after"), TYPE_REAL, ROLE_PART,
                                    COMBINE_SET, t->rank + 1, extent, e->span);
    Expr *next = expr_add(g, i, expr_int(g, step)), *lo = bound_of(g, r, false), *hi = bound_of(g, r, true);
    Expr *inside = step < 0 ? expr_op2(g, OP_gt, i, lo) : expr_op2(g, OP_lt, next, hi);
    /* the neighbour, kept inside the range, so that no read of it ever falls outside */
    Expr *clipped = step < 0 ? expr_op2(g, OP_max, next, lo) : expr_op2(g, OP_min, next, expr_sub(g, hi, expr_int(g, 1)));
    Subst *s = subst_new(g);
    subst_index(s, r->index, clipped);
    Expr *body = subst_apply(s, e->body), *guard = subst_apply(s, e->domain.guard);
    Expr **at = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) at[k] = e->subs[k];
    at[t->rank] = next;
    Expr *product = expr_mul(g, expr_read(g, scan, at, one), expr_select(g, guard, body, one));
    Domain whole = e->domain;
    whole.guard = NULL;
    graph_add_equation(g, scan, subs, expr_select(g, inside, product, one), whole, e->origin, e->span);
    define_outside(g, scan, e, r, subs, whole);
    return expr_read(g, scan, subs, NULL);
}

static Expr *product_of_others(Weights *w, const Equation *e) {
    Expr *known = map_get(w->exclusive, e);
    if (known) return known;
    const Range *r = reduced_range(e);
    Expr *others = r ? expr_mul(w->g, exclusive_scan(w, e, r, -1), exclusive_scan(w, e, r, 1)) : expr_real(w->g, 1);
    map_put(w->exclusive, e, others);
    return others;
}

/* T[o] *= body over r, s   ->   T_rows[o, r] *= body over s;   T[o] *= T_rows[o, r] over r */
static void split_product(Graph *g, Tensor *t, Equation *e) {
    for (;;) {
        uint32_t outer[2], n = 0;
        for (uint32_t k = 0; k < e->domain.n && n < 2; k++)
            if (!equation_has_left(e, e->domain.range[k].index)) outer[n++] = k;
        if (n < 2) return;
        uint32_t index = e->domain.range[outer[0]].index;
        Expr **extent = NEW_ARRAY(g->arena, Expr *, t->rank + 1), **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
        for (uint32_t k = 0; k < t->rank; k++) extent[k] = t->extent[k], subs[k] = e->subs[k];
        Expr *bound = index_extent(g, &e->domain, index);
        extent[t->rank] = bound ? bound : bound_of(g, &e->domain.range[outer[0]], true);
        subs[t->rank] = expr_index(g, index);
        Tensor *rows = graph_add_tensor(g, name_printf(g->names, "%s_rows", t->name), TYPE_REAL, ROLE_PART, COMBINE_MUL, t->rank + 1, extent, e->span);
        graph_add_equation(g, rows, subs, e->body, e->domain, e->origin, e->span);
        Domain rest = domain_copy(g->arena, e->domain);
        rest.n = 0;
        for (uint32_t k = 0; k < e->domain.n; k++)
            if (equation_has_left(e, e->domain.range[k].index) || k == outer[0]) rest.range[rest.n++] = e->domain.range[k];
        rest.guard = NULL;
        e->domain = rest;
        e->body = expr_read(g, rows, subs, NULL);
        t = rows;
        e = rows->pieces;
    }
}

void split_products(Graph *g, const bool *active) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->op == COMBINE_MUL && active[k])
            for (Equation *e = t->pieces; e; e = e->next) split_product(g, t, e);
    }
}

/* ---- all of them -------------------------------------------------------------------------------------- */
static Weight weight_logsumexp(Weights *w, const Equation *e) {
    Graph *g = w->g;
    Expr *t = expr_read(g, e->target, e->subs, NULL);
    return (Weight){expr_select(g, expr_op2(g, OP_ne, t, expr_real(g, -INFINITY)), expr_op1(g, OP_exp, expr_sub(g, e->body, t)), expr_real(g, 0)), NULL};
}
static Weight weight_winner(Weights *w, const Equation *e) {
    Graph *g = w->g;
    Expr *winner = expr_read(g, winner_of(w, e->target), e->subs, NULL);
    return (Weight){NULL, expr_op2(g, OP_eq, place_in_reading_order(g, e), winner)};
}
static Weight weight_product(Weights *w, const Equation *e) { return (Weight){product_of_others(w, e), NULL}; }

Weight weight_of(Weights *w, const Equation *e) {
    static Weight (*const weight[N_COMBINES])(Weights *, const Equation *) = {
        [COMBINE_LOGSUMEXP] = weight_logsumexp, [COMBINE_MAX] = weight_winner, [COMBINE_MIN] = weight_winner, [COMBINE_MUL] = weight_product};
    return weight[e->target->op] ? weight[e->target->op](w, e) : (Weight){NULL, NULL};
}
