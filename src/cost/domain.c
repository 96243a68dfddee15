/* Counting points. The formula comes first: sums of polynomials over ranges with one bound on each side, innermost first,
 * wherever no range can run backwards at the sizes at hand. Then walking, over the indices that matter alone:
 *
 *     over i in 0..m, j in 0..min(i + 1, 4), k in 0..n        walks i, and counts n * sum of min(i + 1, 4)
 */
#include "cost/domain.h"

#include <math.h>
#include <string.h>

#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/restrict.h"

enum { BUDGET = 60000000 };

Counting *counting_new(Graph *g, const int64_t *sizes, double *const *data) {
    Counting *c = NEW(g->arena, Counting);
    *c = (Counting){.g = g, .algebra = algebra_new(g), .sizes = sizes, .data = data, .whole = whole_new(g, sizes, data), .budget = BUDGET};
    return c;
}
void counting_refill(Counting *c) { c->budget = BUDGET; }
void counting_free(Counting *c) {
    if (c) algebra_free(c->algebra);
}

/* ---- amounts ------------------------------------------------------------------------------------------------------- */
Amount amount_of(Counting *c, const Poly *p) {
    Amount a = {.value = NAN, .formula = p};
    mpq_t value;
    mpq_init(value);
    if (poly_value(c->algebra, p, c->sizes, value)) a.value = mpq_get_d(value);
    mpq_clear(value);
    return a;
}
Amount amount_whole(Counting *c, int64_t n) { return (Amount){.value = (double)n, .formula = poly_whole(c->algebra, n)}; }
Amount amount_add(Counting *c, Amount a, Amount b) {
    return (Amount){a.value + b.value, poly_add(c->algebra, a.formula, b.formula), a.at_most || b.at_most};
}
Amount amount_mul(Counting *c, Amount a, Amount b) {
    return (Amount){a.value * b.value, poly_mul(c->algebra, a.formula, b.formula), a.at_most || b.at_most};
}
Amount amount_times(Counting *c, Amount a, double by) {
    return (Amount){a.value * by, poly_mul(c->algebra, a.formula, poly_number(c->algebra, by)), a.at_most};
}
Amount amount_scale(Counting *c, Amount a, unsigned long up, unsigned long down) {
    return (Amount){a.value * (double)up / (double)down, poly_scale(c->algebra, a.formula, up, down), a.at_most};
}
Amount expr_amount(Counting *c, Expr *e) {
    const Poly *p = poly_of(c->algebra, e);
    return p ? amount_of(c, p) : (Amount){.value = whole_value(c->whole, e)};
}
Amount tensor_elements(Counting *c, const Tensor *t) {
    Amount n = amount_whole(c, 1);
    for (uint32_t k = 0; k < t->rank; k++) n = amount_mul(c, n, expr_amount(c, t->extent[k]));
    return n;
}

/* ---- what expressions name ----------------------------------------------------------------------------------------- */
void mark_ranges(Graph *g, const Domain *d, Expr *e, bool *used) {
    if (!e) return;
    ExprList all = expr_walk(g, &e, 1);
    for (uint32_t x = 0; x < all.n; x++)
        for (uint32_t k = 0; all.at[x]->kind == EXPR_INDEX && k < d->n; k++)
            if (d->range[k].index == all.at[x]->of.number) used[k] = true;
}

bool reads_data(Graph *g, Expr *e) {
    if (!e) return false;
    ExprList all = expr_walk(g, &e, 1);
    for (uint32_t x = 0; x < all.n; x++) {
        if (all.at[x]->kind == EXPR_READ && all.at[x]->of.tensor->role != ROLE_CONST) return true;
        if (all.at[x]->kind == EXPR_OP && op_is_draw(g, all.at[x]->of.number)) return true;
    }
    return false;
}

static Expr *bound_at(const Range *r, uint32_t k) { return k < r->n_lo ? r->lo[k] : r->hi[k - r->n_lo]; }

void domain_walks(Graph *g, const Domain *d, bool *used) {
    for (uint32_t k = 0; k < d->n; k++)
        for (uint32_t b = 0; b < d->range[k].n_lo + d->range[k].n_hi; b++) mark_ranges(g, d, bound_at(&d->range[k], b), used);
    mark_ranges(g, d, d->guard, used);
}

/* ---- formulas ------------------------------------------------------------------------------------------------------ */
/* Is the range never turned around, anywhere in the domain, at the sizes? */
static bool runs_forward(Counting *c, const Domain *d, const Range *r) {
    Affine lo, hi, length, least, most;
    if (!affine_of_atoms(c->g, r->lo[0], &lo) || !affine_of_atoms(c->g, r->hi[0], &hi) || !affine_add(&hi, &lo, -1, &length)) return false;
    if (!affine_bounds(c->g, &length, d, &least, &most)) return false;
    const double value = whole_value(c->whole, affine_expr(c->g, &least));
    return value >= 0;
}

/* The place in the domain of the last index that a == b names, where it has coefficient 1 or -1, and what it then is. */
static bool solve_equal(Counting *c, const Domain *d, const Expr *condition, uint32_t *place, Expr **value) {
    Affine a, b, form, self, rest;
    if (condition->arg[0]->type != TYPE_INT || condition->arg[1]->type != TYPE_INT) return false;
    if (!affine_of(c->g, condition->arg[0], &a) || !affine_of(c->g, condition->arg[1], &b) || !affine_add(&a, &b, -1, &form)) return false;
    for (uint32_t k = d->n; k-- > 0;) {
        Expr *index = expr_index(c->g, d->range[k].index);
        const int64_t by = affine_coefficient(&form, index);
        if (by == 0) continue;
        const Affine zero = affine_constant(0);
        if ((by != 1 && by != -1) || !affine_of(c->g, index, &self)) return false;
        if (!affine_add(&form, &self, -by, &rest) || !affine_add(&zero, &rest, -by, &rest)) return false;
        *place = k;
        *value = affine_expr(c->g, &rest);
        return true;
    }
    return false;
}

/* The points where a == b: the range of one index is the one value that it then has, where that is within its bounds. */
static const Poly *sum_where_equal(Counting *c, const Domain *d, const Expr *condition, const bool *keep, const Poly *body) {
    Graph *g = c->g;
    uint32_t k;
    Expr *value, *inside = NULL;
    if (!solve_equal(c, d, condition, &k, &value) || (keep && keep[k])) return NULL;
    for (uint32_t b = 0; b < d->range[k].n_lo; b++) inside = expr_and(g, inside, expr_op2(g, OP_ge, value, d->range[k].lo[b]));
    for (uint32_t b = 0; b < d->range[k].n_hi; b++) inside = expr_and(g, inside, expr_op2(g, OP_lt, value, d->range[k].hi[b]));
    Domain one = domain_copy(g->arena, *d);
    one.range[k] = range_make(g, d->range[k].index, value, expr_add(g, value, expr_int(g, 1)));
    one = domain_restrict(g, one, inside);
    return domain_sum(c, &one, keep, body);
}

static int64_t floor_of(int64_t a, int64_t by) { return a / by - (a % by < 0); }

/* floor((bound - 1 - rest)/by), the terms that `by` divides taken out; NULL where it is not of dims. */
static const Poly *quotient(Counting *c, Expr *bound, int64_t rest, int64_t by) {
    Affine form;
    bool divides = affine_of(c->g, bound, &form);
    for (uint32_t k = 0; divides && k < form.n; k++) divides = form.term[k].by % by == 0;
    Expr *top = expr_sub(c->g, bound, expr_int(c->g, 1 + rest));
    if (!divides) return poly_of(c->algebra, expr_op2(c->g, OP_floordiv, top, expr_int(c->g, by)));
    form.constant = floor_of(form.constant - 1 - rest, by);
    for (uint32_t k = 0; k < form.n; k++) form.term[k].by /= by;
    return poly_of(c->algebra, affine_expr(c->g, &form));
}

/* Every by-th index, where nothing else depends on which. */
static const Poly *sum_every(Counting *c, const Domain *d, const Expr *mod, int64_t rest, const bool *keep, const Poly *body) {
    const Expr *index = mod->arg[0];
    const int64_t by = mod->arg[1]->of.integer;
    bool *named = NEW_ARRAY(c->g->arena, bool, d->n + 1);
    Domain bare = *d;
    bare.range = NEW_ARRAY(c->g->arena, Range, d->n + 1);
    bare.n = 0;
    domain_walks(c->g, d, named);
    const Range *range = NULL;
    for (uint32_t k = 0; k < d->n; k++) {
        if (d->range[k].index == index->of.number && !named[k] && !(keep && keep[k])) range = &d->range[k];
        else bare.range[bare.n++] = d->range[k];
    }
    if (!range || keep || range->n_lo != 1 || range->n_hi != 1 || !runs_forward(c, d, range) || poly_uses(body, index)) return NULL;
    const Poly *count = poly_sub(c->algebra, quotient(c, range->hi[0], rest, by), quotient(c, range->lo[0], rest, by));
    return poly_mul(c->algebra, count, domain_sum(c, &bare, NULL, body));
}

/* i % 3 == 1 */
static bool is_every(const Expr *e) {
    if (!expr_is_op(e, OP_eq) || !expr_is_op(e->arg[0], OP_mod) || e->arg[1]->kind != EXPR_CONST || e->arg[1]->type != TYPE_INT) return false;
    const Expr *mod = e->arg[0], *by = mod->arg[1];
    const int64_t rest = e->arg[1]->of.integer;
    return mod->arg[0]->kind == EXPR_INDEX && by->kind == EXPR_CONST && by->type == TYPE_INT && by->of.integer > 0 && rest >= 0 && rest < by->of.integer;
}

/* Guards that compare for equality or for difference are solved: where a != b is everywhere but where a == b. */
static const Poly *sum_guarded(Counting *c, const Domain *d, const bool *keep, const Poly *body) {
    Expr *guard = d->guard, *rest = NULL;
    while (expr_is_op(guard, OP_and)) rest = expr_and(c->g, rest, guard->arg[1]), guard = guard->arg[0];
    const bool equal = expr_is_op(guard, OP_eq), differ = expr_is_op(guard, OP_ne);
    if (!equal && !differ) return NULL;
    Domain without = *d;
    without.guard = rest;
    if (is_every(guard)) return sum_every(c, &without, guard->arg[0], guard->arg[1]->of.integer, keep, body);
    const Poly *where = sum_where_equal(c, &without, guard, keep, body);
    return equal || !where ? where : poly_sub(c->algebra, domain_sum(c, &without, keep, body), where);
}

const Poly *domain_sum(Counting *c, const Domain *d, const bool *keep, const Poly *body) {
    const Poly *sum = body ? body : poly_whole(c->algebra, 1);
    if (d->guard) return sum_guarded(c, d, keep, sum);
    bool *used = NEW_ARRAY(c->g->arena, bool, d->n + 1);
    for (uint32_t k = d->n; k-- > 0 && sum;) {
        const Range *r = &d->range[k];
        if (keep && keep[k]) { /* what is summed over must not bound what stays */
            for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++) mark_ranges(c->g, d, bound_at(r, b), used);
            continue;
        }
        if (r->n_lo != 1 || r->n_hi != 1 || !runs_forward(c, d, r)) return NULL;
        const Poly *lo = poly_of(c->algebra, r->lo[0]), *hi = poly_of(c->algebra, r->hi[0]);
        sum = poly_sum(c->algebra, sum, expr_index(c->g, r->index), lo, hi);
    }
    for (uint32_t k = 0; keep && k < d->n; k++)
        if (used[k] && !keep[k]) return NULL;
    return sum;
}

/* ---- walking ------------------------------------------------------------------------------------------------------- */
typedef struct {
    Counting *c;
    const Domain *d;
    const bool *walk;
    const int64_t *fixed;
    PointVisit *visit;
    void *with;
} Walk;

static bool range_at(Walk *w, const Range *r, int64_t *lo, int64_t *hi) {
    double low = -INFINITY, high = INFINITY;
    for (uint32_t k = 0; k < r->n_lo + r->n_hi; k++) {
        const double x = whole_value(w->c->whole, bound_at(r, k));
        if (x != x) return false;
        if (k < r->n_lo) low = x > low ? x : low;
        else high = x < high ? x : high;
    }
    *lo = (int64_t)low, *hi = (int64_t)high;
    return true;
}

static VisitOutcome visit_point(Walk *w, int64_t weight) {
    if (w->c->budget-- <= 0) return VISIT_MANY;
    const double holds = w->d->guard ? whole_value(w->c->whole, w->d->guard) : 1;
    if (holds != holds) return VISIT_DATA;
    return holds == 0 || w->visit(w->with, weight) ? VISIT_DONE : VISIT_STOPPED;
}

static VisitOutcome walk_from(Walk *w, uint32_t k, int64_t weight) {
    if (k == w->d->n) return visit_point(w, weight);
    const Range *r = &w->d->range[k];
    int64_t lo, hi;
    if (!range_at(w, r, &lo, &hi)) return VISIT_DATA;
    if (w->fixed && w->fixed[k] != NOT_FIXED) lo = w->fixed[k] < lo ? hi : w->fixed[k], hi = lo < hi ? lo + 1 : hi;
    if (hi <= lo) return VISIT_DONE;
    if (!w->walk[k] && !(w->fixed && w->fixed[k] != NOT_FIXED))
        return weight > INT64_MAX / (hi - lo) ? VISIT_MANY : walk_from(w, k + 1, weight * (hi - lo));
    VisitOutcome outcome = VISIT_DONE;
    for (int64_t i = lo; i < hi && outcome == VISIT_DONE; i++) {
        whole_set_index(w->c->whole, r->index, i);
        outcome = walk_from(w, k + 1, weight);
        if (w->c->budget-- <= 0) return VISIT_MANY;
    }
    return outcome;
}

VisitOutcome domain_visit_fixed(Counting *c, const Domain *d, const bool *walk, const int64_t *fixed, PointVisit *visit, void *with) {
    Walk w = {c, d, walk, fixed, visit, with};
    return walk_from(&w, 0, 1);
}

VisitOutcome domain_visit(Counting *c, const Domain *d, const bool *walk, PointVisit *visit, void *with) {
    bool *all = NEW_ARRAY(c->g->arena, bool, d->n + 1);
    if (walk) memcpy(all, walk, d->n * sizeof *all);
    domain_walks(c->g, d, all);
    return domain_visit_fixed(c, d, all, NULL, visit, with);
}

/* ---- what data decide ---------------------------------------------------------------------------------------------- */
/* `index == data`: the index has one value. A place in reading order fixes all indices that it is made of. */
static bool pin_by(Graph *g, Domain *d, Expr *place, Expr *data) {
    if (reads_data(g, place) || !reads_data(g, data)) return false;
    bool *named = NEW_ARRAY(g->arena, bool, d->n + 1), *there = NEW_ARRAY(g->arena, bool, d->n + 1), *bounds = NEW_ARRAY(g->arena, bool, d->n + 1);
    mark_ranges(g, d, place, named);
    mark_ranges(g, d, data, there);
    Domain bare = *d;
    bare.guard = NULL;
    domain_walks(g, &bare, bounds);
    bool any = false;
    for (uint32_t k = 0; k < d->n; k++) {
        if (!named[k] || there[k] || bounds[k]) continue;
        Range *r = &d->range[k];
        *r = range_make(g, r->index, r->lo[0], expr_add(g, r->lo[0], expr_int(g, 1)));
        any = true;
    }
    return any;
}

static Expr *structure_guard(Graph *g, Domain *d, Expr *guard, bool *at_most) {
    if (!guard) return NULL;
    if (expr_is_op(guard, OP_and)) {
        Expr *left = structure_guard(g, d, guard->arg[0], at_most);
        return expr_and(g, left, structure_guard(g, d, guard->arg[1], at_most));
    }
    if (!reads_data(g, guard)) return guard;
    const bool equal = expr_is_op(guard, OP_eq) && guard->arg[0]->type == TYPE_INT && guard->arg[1]->type == TYPE_INT;
    if (!equal || !(pin_by(g, d, guard->arg[0], guard->arg[1]) || pin_by(g, d, guard->arg[1], guard->arg[0]))) *at_most = true;
    return NULL;
}

Domain domain_structure(Graph *g, const Domain *domain, bool *at_most) {
    Domain d = domain_copy(g->arena, *domain);
    for (uint32_t k = 0; k < d.n; k++) {
        Range *r = &d.range[k];
        bool data = false;
        for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++) data |= reads_data(g, bound_at(r, b));
        if (!data) continue;
        Expr *extent = index_extent(g, domain, r->index);
        *at_most = true;
        *r = range_make(g, r->index, expr_int(g, 0), extent ? extent : r->hi[0]);
    }
    d.guard = structure_guard(g, &d, d.guard, at_most);
    return d;
}

static bool add_weight(void *with, int64_t weight) {
    *(double *)with += (double)weight;
    return true;
}

Amount domain_points(Counting *c, const Domain *domain) {
    double n = 0;
    if (c->data && domain_visit(c, domain, NULL, add_weight, &n) == VISIT_DONE) {
        bool at_most = false;
        Domain d = domain_structure(c->g, domain, &at_most);
        const Poly *p = domain_sum(c, &d, NULL, NULL);
        return (Amount){.value = n, .formula = p && !at_most && amount_of(c, p).value == n ? p : NULL};
    }
    Amount a = {.value = NAN};
    Domain d = domain_structure(c->g, domain, &a.at_most);
    a.formula = domain_sum(c, &d, NULL, NULL);
    if (a.formula) {
        a.value = amount_of(c, a.formula).value;
        return a;
    }
    n = 0;
    if (domain_visit(c, &d, NULL, add_weight, &n) == VISIT_DONE) return (Amount){.value = n, .at_most = a.at_most};
    a = (Amount){.value = 1, .at_most = true};
    for (uint32_t k = 0; k < d.n; k++) {
        Expr *extent = index_extent(c->g, &d, d.range[k].index);
        a.value *= extent ? whole_value(c->whole, extent) : NAN;
    }
    return a;
}
