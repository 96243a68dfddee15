/* contract: a product of many tensors under one sum becomes contractions of a few at a time.
 *
 *     y[i] += A[i,j]*B[j,k]*x[k]   over i, j, k        ->      y_inner[j] += B[j,k]*x[k]    over j, k
 *                                                              y[i]       += A[i,j]*y_inner[j]   over i, j
 *
 * An index that is summed over, that only some of the factors have (or one alone), and that no subscript on the left has
 * (y[tok[i]]), can be summed over before the others come in. Of the indices that gain, the one that leaves the least work goes first; then
 * what is left is looked at again. Run-time dims count as many. Finding the best order is NP-hard (Chi-Chung, Sadayappan and
 * Wenger, On optimizing a class of multi-dimensional loops with reductions, 1997); greedy is what einsum libraries do for
 * more than a few factors. */
#include "simplify/passes.h"

#include "graph/restrict.h"

enum { MOST_FACTORS = 16 };

typedef struct {
    Graph *g;
    Equation *e;
    Expr *factor[MOST_FACTORS];
    uint32_t n;
    bool negative;
} Product;

static bool add_factors(Product *p, Expr *x) {
    if (expr_is_op(x, OP_neg)) {
        p->negative = !p->negative;
        return add_factors(p, x->arg[0]);
    }
    if (expr_is_op(x, OP_mul) && x->type == TYPE_REAL) return add_factors(p, x->arg[0]) && add_factors(p, x->arg[1]);
    if (p->n == MOST_FACTORS || x->type != TYPE_REAL) return false;
    p->factor[p->n++] = x;
    return true;
}

/* Bounds of indices, constants and dims alone, and no condition. */
static bool is_plain(Graph *g, const Domain *d) {
    for (uint32_t k = 0; k < d->n; k++) {
        const Range *r = &d->range[k];
        for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++)
            if (expr_reads(g, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo], NULL)) return false;
    }
    return !d->guard;
}

static double length_of(Graph *g, const Domain *d, const Range *r) {
    Expr *n = index_extent(g, d, r->index);
    return n ? usual_length(n) : USUAL_DIM;
}

/* Which factors have the k-th index of the domain. */
static uint32_t factors_with(const Product *p, uint32_t k) {
    uint32_t set = 0;
    for (uint32_t f = 0; f < p->n; f++)
        if (expr_uses_index(p->g, p->factor[f], p->e->domain.range[k].index)) set |= 1u << f;
    return set;
}

static bool any_has(const Product *p, uint32_t set, uint32_t k) { return (factors_with(p, k) & set) != 0; }

/* Points of the domain over the indices that the factors have (all of them: every set bit). */
static double work_of(const Product *p, uint32_t set, uint32_t without) {
    double work = 1;
    for (uint32_t k = 0; k < p->e->domain.n; k++)
        if (k != without && any_has(p, set, k)) work *= length_of(p->g, &p->e->domain, &p->e->domain.range[k]);
    return work;
}

/* The factors of `set`, summed over the k-th index, as a tensor of their other indices. */
static Expr *sum_first(Product *p, uint32_t set, uint32_t k) {
    Graph *g = p->g;
    const Domain *d = &p->e->domain;
    Expr **subs = NEW_ARRAY(g->arena, Expr *, d->n + 1), **extent = NEW_ARRAY(g->arena, Expr *, d->n + 1), *body = NULL;
    Domain inner = {.n = 0, .range = NEW_ARRAY(g->arena, Range, d->n + 1)};
    uint32_t rank = 0;
    for (uint32_t j = 0; j < d->n; j++) {
        if (j == k || !any_has(p, set, j)) continue;
        subs[rank] = expr_index(g, d->range[j].index);
        extent[rank] = index_extent(g, d, d->range[j].index);
        if (!extent[rank++]) return NULL;
        inner.range[inner.n++] = d->range[j];
    }
    inner.range[inner.n++] = d->range[k];
    for (uint32_t f = 0; f < p->n; f++)
        if (set >> f & 1) body = body ? expr_mul(g, body, p->factor[f]) : p->factor[f];
    const Tensor *t = p->e->target;
    Tensor *part = graph_add_tensor(g, name_printf(g->names, "%s_inner", t->name), TYPE_REAL, t->role == ROLE_WRITTEN ? ROLE_PART : t->role, COMBINE_ADD, rank,
                                    extent, p->e->span);
    part->index = subs;
    part->of = t->of;
    graph_add_equation(g, part, subs, body, inner, p->e->origin, p->e->span);
    return expr_read(g, part, subs, NULL);
}

/* May the k-th index be summed over by itself, among the indices that the factors have? No bound needs it, and those of the
 * indices that come along need no others. */
static bool stands_alone(const Product *p, uint32_t set, uint32_t k) {
    const Domain *d = &p->e->domain;
    for (uint32_t j = 0; j < d->n; j++) {
        if (range_uses_index(p->g, &d->range[j], d->range[k].index)) return false;
        for (uint32_t o = 0; o < d->n; o++)
            if (any_has(p, set, j) && !any_has(p, set, o) && range_uses_index(p->g, &d->range[j], d->range[o].index)) return false;
    }
    return true;
}

/* Does a subscript on the left have the k-th index of the domain, bare or not? */
static bool on_left(const Product *p, uint32_t k) {
    for (uint32_t s = 0; s < p->e->target->rank; s++)
        if (expr_uses_index(p->g, p->e->subs[s], p->e->domain.range[k].index)) return true;
    return false;
}

/* Takes the index that gains most out of the sum; false where none gains. */
static bool take_one(Product *p) {
    Equation *e = p->e;
    const uint32_t all = (1u << p->n) - 1;
    double best = work_of(p, all, UINT32_MAX), now = best;
    uint32_t which = UINT32_MAX;
    for (uint32_t k = 0; k < e->domain.n; k++) {
        uint32_t set = factors_with(p, k);
        if (on_left(p, k) || set == 0 || set == all || !stands_alone(p, set, k)) continue;
        double work = work_of(p, set, UINT32_MAX) + work_of(p, all, k);
        if (work < best && work * 2 <= now) best = work, which = k;
    }
    if (which == UINT32_MAX) return false;
    uint32_t set = factors_with(p, which), n = 0;
    Expr *inner = sum_first(p, set, which);
    if (!inner) return false;
    for (uint32_t f = 0; f < p->n; f++)
        if (!(set >> f & 1)) p->factor[n++] = p->factor[f];
    p->factor[n++] = inner;
    p->n = n;
    for (uint32_t k = which; k + 1 < e->domain.n; k++) e->domain.range[k] = e->domain.range[k + 1];
    e->domain.n--;
    return true;
}

static void contract_equation(Graph *g, Equation *e) {
    Product p = {.g = g, .e = e};
    if (!add_factors(&p, e->body) || p.n < 2 || !is_plain(g, &e->domain)) return;
    bool any = false;
    while (p.n >= 2 && take_one(&p)) any = true;
    if (!any) return;
    e->body = p.factor[0];
    for (uint32_t f = 1; f < p.n; f++) e->body = expr_mul(g, e->body, p.factor[f]);
    if (p.negative) e->body = expr_op1(g, OP_neg, e->body);
}

void pass_contract(Graph *g) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        for (Equation *e = t->pieces; e && t->op == COMBINE_ADD && t->type == TYPE_REAL; e = e->next) contract_equation(g, e);
    }
}
