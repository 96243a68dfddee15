/* How far an index runs, whatever the others are: the extent of an axis that it would need.
 *
 *     sum[j in 0..i + 1], i in 0..n                        j runs below n
 *     sum[k in 0..label[i] + 1], label in 0..10            k runs below 10, by the declared range of the data */
#include "graph/affine.h"
#include "graph/restrict.h"

/* What a read of integer data is at most (or at least), by the declared range. */
static bool known_bound(Graph *g, const Expr *read, bool greatest, Affine *out) {
    const Tensor *t = read->of.tensor;
    Affine fill, difference;
    if (read->kind != EXPR_READ || !t->lo || !t->hi || !affine_of(g, greatest ? t->hi : t->lo, out)) return false;
    out->constant -= greatest;
    if (!read->fill) return true;
    if (!affine_of(g, read->fill, &fill) || !affine_add(&fill, out, -1, &difference)) return false;
    AffineSign s = affine_sign(&difference);
    if (s == SIGN_UNKNOWN) return false;
    const bool above = s == SIGN_POSITIVE || s == SIGN_AT_LEAST_0;
    if (above == greatest) *out = fill;
    return true;
}

/* sum[k in 0..label[i] + 1], where label is in 0..10: the bound is at most 10. */
static Expr *bound_without_reads(Graph *g, Expr *bound, bool greatest) {
    Affine a, known;
    if (!affine_of_atoms(g, bound, &a)) return bound;
    for (uint32_t k = 0; k < a.n;) {
        Expr *of = a.term[k].of;
        if (!known_bound(g, of, (a.term[k].by > 0) == greatest, &known)) k++;
        else if (affine_substitute(&a, of, &known, &a)) k = 0;
        else return bound;
    }
    return affine_expr(g, &a);
}

static Domain domain_without_reads(Graph *g, const Domain *domain) {
    Domain d = domain_copy(g->arena, *domain);
    for (uint32_t k = 0; k < d.n; k++) {
        Range *r = &d.range[k];
        Expr **lo = NEW_ARRAY(g->arena, Expr *, r->n_lo), **hi = NEW_ARRAY(g->arena, Expr *, r->n_hi);
        for (uint32_t j = 0; j < r->n_lo; j++) lo[j] = bound_without_reads(g, r->lo[j], false);
        for (uint32_t j = 0; j < r->n_hi; j++) hi[j] = bound_without_reads(g, r->hi[j], true);
        r->lo = lo;
        r->hi = hi;
    }
    return d;
}

Expr *index_extent(Graph *g, const Domain *domain, uint32_t index) {
    Affine form, lo, hi;
    Domain d = domain_without_reads(g, domain);
    if (!affine_of(g, expr_index(g, index), &form) || !affine_bounds(g, &form, &d, &lo, &hi)) return NULL;
    hi.constant += 1;
    return affine_expr(g, &hi);
}
