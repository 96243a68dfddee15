/* Paths as formulas: the count of a tensor is a polynomial in the dims and in the tensor's own indices.
 *
 *     s[i] = sum[j in 0..i+1](w[j])        w: 1        s[i]: i + 1
 *     L    = sum[i in 0..m](s[i])                      L: (m^2 + m)/2
 *
 * There is none through recurrences, boundary values and data. */
#include <string.h>

#include "cost/paths.h"
#include "graph/affine.h"

typedef struct {
    Counting *c;
    const Edges *edges;
    const bool *source;
    Expr ***axis;        /* by tensor: the index that stands for each axis */
    PathFormula *at;     /* by tensor */
} Formulas;

static Expr **axes_of(Formulas *f, const Tensor *t) {
    Graph *g = f->c->g;
    if (f->axis[t->number]) return f->axis[t->number];
    Expr **axis = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) axis[k] = expr_index(g, graph_add_index(g, name_of(g->names, "axis")));
    return f->axis[t->number] = axis;
}

/* Does the range go as far as the one equation of the tensor? Nothing else is ever read of it. */
static bool all_that_is_read(const Tensor *t, const Range *r) {
    if ((t->role != ROLE_WRITTEN && t->role != ROLE_PART) || !t->pieces || t->pieces->next) return false;
    for (uint32_t k = 0; k < t->pieces->domain.n; k++) {
        const Range *whole = &t->pieces->domain.range[k];
        if (whole->index != r->index) continue;
        const bool single = whole->n_lo == 1 && r->n_lo == 1 && whole->n_hi == 1 && r->n_hi == 1;
        return single && whole->lo[0] == r->lo[0] && whole->hi[0] == r->hi[0];
    }
    return false;
}

/* The range of the domain that the k-th subscript on the left runs over, from one end of what is read of the axis to the other;
 * UINT32_MAX: there is none. */
static uint32_t left_range(Graph *g, const Edge *edge, uint32_t k) {
    const Expr *sub = edge->to_subs[k];
    for (uint32_t j = 0; j < k; j++)
        if (edge->to_subs[j] == sub) return UINT32_MAX;
    for (uint32_t r = 0; sub->kind == EXPR_INDEX && r < edge->domain.n; r++) {
        const Range *range = &edge->domain.range[r];
        if (range->index != sub->of.number) continue;
        const bool whole = range->n_lo == 1 && range->n_hi == 1 && expr_is_int(range->lo[0], 0) && affine_equal(g, range->hi[0], edge->to->extent[k]);
        return whole || all_that_is_read(edge->to, range) ? r : UINT32_MAX;
    }
    return UINT32_MAX;
}

/* The count of what is read, in the indices of the equation. */
static const Poly *at_read(Formulas *f, const Edge *edge, const Poly *p) {
    Expr **axis = axes_of(f, edge->from);
    for (uint32_t k = 0; k < edge->from->rank && p; k++)
        if (poly_uses(p, axis[k])) p = poly_substitute(f->c->algebra, p, axis[k], poly_of(f->c->algebra, edge->from_subs[k]));
    return p;
}

/* Where data filter, the count must not depend on what they choose. */
static bool without_data(Formulas *f, const Edge *edge, const bool *keep, const Poly *p, Domain *d) {
    bool at_most = false;
    *d = domain_structure(f->c->g, &edge->domain, &at_most);
    for (uint32_t k = 0; k < d->n; k++) {
        const bool pinned = d->range[k].hi[0] != edge->domain.range[k].hi[0];
        if (pinned && (keep[k] || poly_uses(p, expr_index(f->c->g, d->range[k].index)))) return false;
    }
    return !at_most;
}

static const Poly *summed(Formulas *f, const Edge *edge, const Poly *p) {
    Graph *g = f->c->g;
    bool *keep = NEW_ARRAY(g->arena, bool, edge->domain.n + 1);
    for (uint32_t k = 0; k < edge->to->rank; k++) {
        const uint32_t r = left_range(g, edge, k);
        if (r == UINT32_MAX) return NULL;
        keep[r] = true;
    }
    Domain d;
    p = at_read(f, edge, p);
    if (!p || !without_data(f, edge, keep, p, &d)) return NULL;
    p = domain_sum(f->c, &d, keep, p);
    Expr **axis = axes_of(f, edge->to);
    for (uint32_t k = 0; k < edge->to->rank && p; k++)
        if (poly_uses(p, edge->to_subs[k])) p = poly_substitute(f->c->algebra, p, edge->to_subs[k], poly_of(f->c->algebra, axis[k]));
    return p;
}

static void count_tensor(Formulas *f, const Tensor *t) {
    Algebra *a = f->c->algebra;
    PathFormula sum = {poly_whole(a, f->source[t->number]), poly_whole(a, 0)};
    for (uint32_t k = 0; k < f->edges->n_into[t->number]; k++) {
        const Edge *edge = &f->edges->at[f->edges->into[t->number][k]];
        const PathFormula *from = &f->at[edge->from->number];
        const Poly *along = f->edges->step[edge->from->number] ? from->steps : poly_add(a, from->steps, from->paths);
        if (from->paths && from->paths->n == 0) continue;
        sum.paths = poly_add(a, sum.paths, from->paths ? summed(f, edge, from->paths) : NULL);
        sum.steps = poly_add(a, sum.steps, along && sum.paths ? summed(f, edge, along) : NULL);
    }
    f->at[t->number] = sum;
}

static const Poly *over_tensor(Formulas *f, Tensor *t, const Poly *p) {
    Expr **index = NEW_ARRAY(f->c->g->arena, Expr *, t->rank + 1), **axis = axes_of(f, t);
    Domain d = domain_of_tensor(f->c->g, t, index);
    for (uint32_t k = 0; k < t->rank; k++) p = poly_substitute(f->c->algebra, p, axis[k], poly_of(f->c->algebra, index[k]));
    return p ? domain_sum(f->c, &d, NULL, p) : NULL;
}

PathFormula path_formula(Counting *c, const Edges *edges, const Ends *ends) {
    Graph *g = c->g;
    bool *source = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    for (uint32_t k = 0; k < ends->n_wrt; k++) source[ends->wrt[k]->number] = true;
    Formulas f = {.c = c, .edges = edges, .source = source, .axis = NEW_ARRAY(g->arena, Expr **, g->tensors.n + 1)};
    f.at = NEW_ARRAY(g->arena, PathFormula, g->tensors.n + 1);
    for (uint32_t k = 0; k < edges->n_order; k++)
        if (!edges->cyclic[edges->order[k]->number]) count_tensor(&f, edges->order[k]);
    PathFormula sum = {poly_whole(c->algebra, 0), poly_whole(c->algebra, 0)};
    for (uint32_t k = 0; k < ends->n_of; k++) {
        Tensor *of = ends->of[k];
        if (!edges->active[of->number]) continue;
        sum.paths = poly_add(c->algebra, sum.paths, over_tensor(&f, of, f.at[of->number].paths));
        sum.steps = poly_add(c->algebra, sum.steps, over_tensor(&f, of, f.at[of->number].steps));
    }
    return sum;
}
