/* Where does each index run, and is every read inside. Takes what an equation's lowering collected: indices,
 * written ranges, plain subscripts (rule 2 is applied as they are met), and one obligation for every other read.
 * ranges_settle then applies rule (3) and proves the obligations:
 *
 *     y[i] = sum[p](w[p]*x[i+p])     p in 0..K by w[p];   i + p < N for all p, so i in 0..N-K+1
 *
 * What depends on run-time sizes alone and cannot be decided becomes a Check at entry; domains of constants are
 * enumerated. Conditions of `if` and filters take no part. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

IndexInfo *info_of(C *c, const Expr *index) { return &c->info.at[index->of.number]; }

static Expr *index_add(C *c, IndexInfo info) {
    uint32_t number = graph_add_index(c->g, info.name ? info.name : name_of(c->base->names, "k"));
    while (c->info.n <= number) vec_push(c->arena, &c->info, (IndexInfo){0});
    c->info.at[number] = info;
    return expr_index(c->g, number);
}

Expr *index_new(C *c, Symbol name, Span span) {
    Expr *index = index_add(c, (IndexInfo){.name = name, .span = span, .group = c->group});
    if (c->group) vec_push(c->arena, &c->group->indices, index);
    return index;
}

Expr *axis_new(C *c, Expr *extent) {
    return index_add(c, (IndexInfo){.lo = expr_int(c->g, 0), .hi = extent, .axis = true, .group = c->group});
}

/* ---- bounds ------------------------------------------------------------------------------------------------ */
typedef struct {
    C *c;
    Expr *const *keep; /* indices that are left standing */
    uint32_t n_keep;
    int depth;
    Map *known; /* Expr -> Bounded: shared parts are looked at once */
} Hull;
typedef struct {
    bool known;
    Affine lo, hi;
} Bounded;

static bool hull_of(Hull *h, Expr *e, Affine *lo, Affine *hi);

static bool kept(const Hull *h, const Expr *e) {
    for (uint32_t k = 0; k < h->n_keep; k++)
        if (h->keep[k] == e) return true;
    return false;
}

static bool has_index(C *c, const Hull *h, Expr *e) {
    ExprList all = expr_walk(c->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if ((all.at[k]->kind == EXPR_INDEX && !kept(h, all.at[k])) || all.at[k]->kind == EXPR_READ) return true;
    return false;
}

/* The one of two bounds that is known to be the looser, else an expression of dims. */
static void looser(C *c, const Affine *a, const Affine *b, bool up, Affine *out) {
    Affine d;
    if (affine_add(a, b, -1, &d)) {
        AffineSign s = affine_sign(&d);
        bool a_greater = s == SIGN_POSITIVE || s == SIGN_AT_LEAST_0 || s == SIGN_ZERO, b_greater = s == SIGN_NEGATIVE || s == SIGN_AT_MOST_0;
        if (a_greater || b_greater) {
            *out = a_greater == up ? *a : *b;
            return;
        }
    }
    Expr *e = expr_op2(c->g, up ? OP_max : OP_min, affine_expr(c->g, a), affine_expr(c->g, b));
    if (!affine_of_atoms(c->g, e, out)) *out = *a;
}

static bool is_constant(const Affine *a) { return a->n == 0; }

static bool divide(C *c, const Affine *a, int64_t by, Affine *out) {
    if (is_constant(a)) {
        int64_t q = a->constant / by;
        if (a->constant % by != 0 && a->constant < 0) q--;
        *out = affine_constant(q);
        return true;
    }
    Affine r = *a;
    bool whole = true;
    for (uint32_t k = 0; k < a->n; k++) whole &= a->term[k].by % by == 0;
    if (whole) { /* floor((by*x + k)/by) = x + floor(k/by) */
        for (uint32_t k = 0; k < a->n; k++) r.term[k].by /= by;
        int64_t q = a->constant / by;
        if (a->constant % by != 0 && a->constant < 0) q--;
        r.constant = q;
        *out = r;
        return true;
    }
    return affine_of_atoms(c->g, expr_op2(c->g, OP_floordiv, affine_expr(c->g, a), expr_int(c->g, by)), out);
}

static bool product_hull(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    Affine al, ah, bl, bh;
    if (!hull_of(h, e->arg[0], &al, &ah) || !hull_of(h, e->arg[1], &bl, &bh)) return false;
    if (is_constant(&al) && is_constant(&ah) && is_constant(&bl) && is_constant(&bh)) {
        double corner[4] = {(double)al.constant * (double)bl.constant, (double)al.constant * (double)bh.constant, (double)ah.constant * (double)bl.constant,
                            (double)ah.constant * (double)bh.constant};
        double least = corner[0], most = corner[0];
        for (int k = 1; k < 4; k++) least = fmin(least, corner[k]), most = fmax(most, corner[k]);
        if (least < -1e17 || most > 1e17) return false;
        *lo = affine_constant((int64_t)least), *hi = affine_constant((int64_t)most);
        return true;
    }
    if (!affine_not_negative(&al) || !affine_not_negative(&bl)) return false;
    Graph *g = h->c->g;
    return affine_of_atoms(g, expr_mul(g, affine_expr(g, &al), affine_expr(g, &bl)), lo) && affine_of_atoms(g, expr_mul(g, affine_expr(g, &ah), affine_expr(g, &bh)), hi);
}

static bool op_hull(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    Affine al, ah, bl, bh;
    switch (e->of.number) {
    case OP_floordiv:
        if (e->arg[1]->kind != EXPR_CONST || e->arg[1]->of.integer <= 0 || !hull_of(h, e->arg[0], &al, &ah)) return false;
        return divide(h->c, &al, e->arg[1]->of.integer, lo) && divide(h->c, &ah, e->arg[1]->of.integer, hi);
    case OP_mod:
        if (!hull_of(h, e->arg[1], &bl, &bh)) return false;
        bl.constant -= 1;
        if (!affine_not_negative(&bl)) return false;
        *lo = affine_constant(0), *hi = bh;
        hi->constant -= 1;
        if (hull_of(h, e->arg[0], &al, &ah) && affine_not_negative(&al)) { /* already inside */
            Affine d;
            if (affine_add(&bl, &ah, -1, &d) && affine_not_negative(&d)) *lo = al, *hi = ah;
        }
        return true;
    case OP_max:
    case OP_min:
        if (!hull_of(h, e->arg[0], &al, &ah) || !hull_of(h, e->arg[1], &bl, &bh)) return false;
        looser(h->c, &al, &bl, e->of.number == OP_max, lo);
        looser(h->c, &ah, &bh, e->of.number == OP_max, hi);
        return true;
    case OP_mul: return product_hull(h, e, lo, hi);
    case OP_clamp:
        if (!hull_of(h, e->arg[1], lo, &ah) || !hull_of(h, e->arg[2], &bl, hi)) return false;
        return true;
    case OP_lt: case OP_le: case OP_gt: case OP_ge: case OP_eq: case OP_ne: case OP_and: case OP_or: case OP_not:
        *lo = affine_constant(0), *hi = affine_constant(1);
        return true;
    default: return false;
    }
}

/* Integers that equations define: what the right sides stay inside of, whatever the indices. Looked at once; what needs itself
 * (a recurrence) is not known while it is looked at. */
static bool drafts_hull(Hull *h, Draft *d, Affine *lo, Affine *hi) {
    for (bool first = true; d; d = d->next, first = false) {
        Hull own = {.c = h->c, .depth = h->depth + 1};
        Affine l, u;
        if (!hull_of(&own, d->label ? d->label : d->body, &l, &u)) return false;
        const Affine none = affine_constant(-1);
        if (d->label && !leaves_something(h->c, d->guard, d->n, d->index)) looser(h->c, &l, &none, false, &l);
        if (first) *lo = l, *hi = u;
        else looser(h->c, lo, &l, false, lo), looser(h->c, hi, &u, true, hi);
    }
    return true;
}

static bool written_hull(Hull *h, Tensor *t, Affine *lo, Affine *hi) {
    const Group *g = map_get(h->c->group_of, t);
    Draft *d = map_get(h->c->drafts_of, t);
    if (t->type != TYPE_INT || !d || (g && g->state != GROUP_DONE)) return false;
    if (t->op != COMBINE_SET && t->op != COMBINE_ARGMAX && t->op != COMBINE_ARGMIN) return false;
    Bounded *b = map_get(h->c->bounded, t);
    if (!b) {
        b = NEW(h->c->arena, Bounded);
        map_put(h->c->bounded, t, b);
        b->known = drafts_hull(h, d, &b->lo, &b->hi);
    }
    *lo = b->lo, *hi = b->hi;
    return b->known;
}

static bool read_hull(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    Tensor *t = e->of.tensor;
    if (t->role == ROLE_TRAINING) *lo = affine_constant(0), *hi = affine_constant(1);
    else if (!t->lo && !t->hi) {
        if (!written_hull(h, t, lo, hi)) return false;
    } else if (!t->lo || !t->hi || !affine_of_atoms(h->c->g, t->lo, lo) || !affine_of_atoms(h->c->g, t->hi, hi)) return false;
    else hi->constant -= 1;
    if (e->fill) {
        Affine fl, fh;
        if (!hull_of(h, e->fill, &fl, &fh)) return false;
        looser(h->c, lo, &fl, false, lo);
        looser(h->c, hi, &fh, true, hi);
    }
    return true;
}

static bool fresh_hull(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    if (!has_index(h->c, h, e)) return affine_of_atoms(h->c->g, e, lo) && affine_of_atoms(h->c->g, e, hi); /* of dims alone */
    if (e->kind == EXPR_OP) return op_hull(h, e, lo, hi);
    if (e->kind == EXPR_READ) return read_hull(h, e, lo, hi);
    if (e->kind == EXPR_SELECT) {
        Affine al, ah, bl, bh;
        if (!hull_of(h, e->arg[1], &al, &ah) || !hull_of(h, e->arg[2], &bl, &bh)) return false;
        looser(h->c, &al, &bl, false, lo);
        looser(h->c, &ah, &bh, true, hi);
        return true;
    }
    return false;
}

static bool atom_hull(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    if (!h->known) h->known = map_new(h->c->arena);
    Bounded *b = map_get(h->known, e);
    if (!b) {
        b = NEW(h->c->arena, Bounded);
        b->known = fresh_hull(h, e, &b->lo, &b->hi);
        map_put(h->known, e, b);
    }
    *lo = b->lo, *hi = b->hi;
    return b->known;
}

/* Of indices the innermost (the youngest) first; its range may use older ones. */
static bool substitute_one(Hull *h, Affine *a, bool up, bool *done) {
    Expr *pick = NULL;
    Affine by, other;
    for (uint32_t k = 0; k < a->n; k++) {
        Expr *of = a->term[k].of;
        if (of->kind == EXPR_DIM || kept(h, of) || (of->kind != EXPR_INDEX && !has_index(h->c, h, of))) continue;
        if (!pick || of->kind != EXPR_INDEX || (pick->kind == EXPR_INDEX && of->of.number > pick->of.number)) pick = of;
        if (of->kind != EXPR_INDEX) break;
    }
    *done = !pick;
    if (!pick) return true;
    bool want_high = (affine_coefficient(a, pick) > 0) == up;
    if (pick->kind == EXPR_INDEX) {
        IndexInfo *info = info_of(h->c, pick);
        if (!info->lo || !info->hi || !affine_of_atoms(h->c->g, want_high ? info->hi : info->lo, &by)) return false;
        if (want_high) by.constant -= 1;
    } else if (!(want_high ? atom_hull(h, pick, &other, &by) : atom_hull(h, pick, &by, &other)))
        return false;
    return affine_substitute(a, pick, &by, a);
}

static bool hull_of(Hull *h, Expr *e, Affine *lo, Affine *hi) {
    if (!affine_of_atoms(h->c->g, e, lo)) return false;
    *hi = *lo;
    if (++h->depth > 200) return false;
    bool fine = true;
    for (int up = 0; up < 2 && fine; up++)
        for (bool done = false; fine && !done;) fine = substitute_one(h, up ? hi : lo, up, &done);
    h->depth--;
    return fine;
}

bool bounds_of(C *c, Expr *e, Affine *lo, Affine *hi) {
    Hull h = {.c = c};
    return hull_of(&h, e, lo, hi);
}

bool widen(C *c, Expr *bound, bool up, Expr *const *keep, uint32_t n_keep, Expr **out) {
    Hull h = {.c = c, .keep = keep, .n_keep = n_keep};
    Affine lo, hi;
    if (up) bound = expr_sub(c->g, bound, expr_int(c->g, 1));
    if (!hull_of(&h, bound, &lo, &hi)) return false;
    if (up) hi.constant += 1;
    *out = affine_expr(c->g, up ? &hi : &lo);
    return true;
}

/* ---- rule (2): plain subscripts ------------------------------------------------------------------------------ */
void index_fix(C *c, Expr *index, Expr *extent, Span span, bool self) {
    IndexInfo *info = info_of(c, index);
    if (!extent || self) return;
    if (!info->hi) {
        info->lo = expr_int(c->g, 0), info->hi = extent;
        info->fixed = span;
    } else if (!info->written && !info->axis && info->fixed.file && !same_extent(c, info->hi, extent)) {
        complain(c, span, "the index '%s' runs over %s here and over %s elsewhere", info->name ? info->name : "?", say_expr(c, extent), say_expr(c, info->hi));
        note(c, info->fixed, "here it runs over %s", say_expr(c, info->hi));
        note(c, info->span, "a range of your own settles it: '%s in 0..n'", info->name ? info->name : "i");
    }
}

void oblige(C *c, Expr *sub, Expr *lo, Expr *extent, Tensor *t, uint32_t axis, Span span, bool self) {
    if (!extent) return;
    if (sub->kind == EXPR_CONST && extent->kind == EXPR_CONST && (!lo || lo->kind == EXPR_CONST) && sub->of.integer >= (lo ? lo->of.integer : 0) &&
        sub->of.integer < extent->of.integer)
        return;
    vec_push(c->arena, &c->group->obligations, (Obligation){.sub = sub, .lo = lo ? lo : expr_int(c->g, 0), .extent = extent, .tensor = t, .axis = axis, .span = span, .self = self});
}

/* ---- rule (3): the largest 0..n that keeps affine reads inside ------------------------------------------------- */
static bool limit_from(C *c, const Obligation *o, Expr *index, Expr **limit) {
    Affine a, extent, lo, hi, bound;
    if (o->self || !affine_of_atoms(c->g, o->sub, &a)) return false;
    int64_t by = affine_coefficient(&a, index);
    if (by == 0) return false;
    Affine zero = affine_constant(0), rest;
    if (!affine_substitute(&a, index, &zero, &rest)) return false;
    if (!bounds_of(c, affine_expr(c->g, &rest), &lo, &hi) || !affine_of_atoms(c->g, o->extent, &extent)) return false;
    if (by > 0) { /* by*i + hi <= extent - 1 */
        if (!affine_add(&extent, &hi, -1, &bound)) return false;
        bound.constant -= 1;
    } else { /* by*i + lo >= 0 */
        bound = lo;
        by = -by;
    }
    if (!divide(c, &bound, by, &bound)) return false;
    bound.constant += 1;
    *limit = affine_expr(c->g, &bound);
    return true;
}

static bool uses(C *c, const Obligation *o, Expr *index) { return o->sub == index || expr_uses_index(c->g, o->sub, index->of.number); }

static bool infer(C *c, Group *g, Expr *index) {
    Expr *best = NULL;
    Span by = {0, 0, 0};
    for (uint32_t k = 0; k < g->obligations.n; k++) {
        Obligation *o = &g->obligations.at[k];
        Expr *limit;
        if (!uses(c, o, index) || !limit_from(c, o, index, &limit)) continue;
        Affine x, y;
        if (!best) best = limit;
        else if (affine_of_atoms(c->g, limit, &x) && affine_of_atoms(c->g, best, &y)) {
            looser(c, &x, &y, false, &x);
            best = affine_expr(c->g, &x);
        }
        by = o->span;
    }
    if (!best) return false;
    IndexInfo *info = info_of(c, index);
    info->lo = expr_int(c->g, 0), info->hi = best;
    info->fixed = by;
    Affine a;
    if (affine_of(c->g, best, &a)) {
        a.constant -= 1;
        AffineSign s = affine_sign(&a);
        if (s == SIGN_NEGATIVE) complain(c, info->span, "no range of '%s' keeps its reads inside", info->name ? info->name : "?");
    }
    return true;
}

/* ---- proofs ------------------------------------------------------------------------------------------------------ */
static bool has_ranges(C *c, Expr *e) {
    ExprList all = expr_walk(c->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX && !info_of(c, all.at[k])->hi) return false;
    return true;
}

enum { ENUMERATE = 1 << 20 };
/* All indices below e, ranges included, oldest first. False where there are too many. */
static bool collect(C *c, Expr *e, Expr **index, uint32_t *n) {
    ExprList all = expr_walk(c->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *x = all.at[k];
        if (x->kind == EXPR_DIM) return false;
        if (x->kind != EXPR_INDEX) continue;
        bool seen = false;
        for (uint32_t j = 0; j < *n; j++) seen |= index[j] == x;
        if (seen) continue;
        if (*n == 8) return false;
        index[(*n)++] = x;
        IndexInfo *info = info_of(c, x);
        if (!info->lo || !info->hi || !collect(c, info->lo, index, n) || !collect(c, info->hi, index, n)) return false;
    }
    return true;
}

static const char *subject(const Obligation *o) { return o->tensor ? o->tensor->name : o->name ? o->name : "the array"; }

typedef struct {
    C *c;
    const Obligation *o;
    Expr *index[8];
    double at[8];
    uint32_t n;
    uint64_t points;
    double bad;
    bool failed, found;
} Enumeration;

static void enumerate(Enumeration *e, uint32_t k) {
    double lo, hi;
    if (e->failed || e->found) return;
    if (k == e->n) {
        double sub;
        if (++e->points > ENUMERATE || !number_at(e->c, e->o->sub, e->n, e->index, e->at, &sub) || !number_at(e->c, e->o->lo, e->n, e->index, e->at, &lo) ||
            !number_at(e->c, e->o->extent, e->n, e->index, e->at, &hi))
            e->failed = true;
        else if (sub < lo || sub >= hi) e->found = true, e->bad = sub;
        return;
    }
    IndexInfo *info = info_of(e->c, e->index[k]);
    if (!number_at(e->c, info->lo, k, e->index, e->at, &lo) || !number_at(e->c, info->hi, k, e->index, e->at, &hi)) {
        e->failed = true;
        return;
    }
    for (double i = lo; i < hi && !e->failed && !e->found; i++) {
        e->at[k] = i;
        enumerate(e, k + 1);
    }
}

static bool proved_by_enumeration(C *c, const Obligation *o, double *bad, bool *refuted) {
    Enumeration e = {.c = c, .o = o};
    *refuted = false;
    if (!collect(c, o->sub, e.index, &e.n)) return false;
    for (uint32_t i = 1; i < e.n; i++) /* ranges use older indices */
        for (uint32_t j = i; j > 0 && e.index[j]->of.number < e.index[j - 1]->of.number; j--) {
            Expr *swap = e.index[j];
            e.index[j] = e.index[j - 1], e.index[j - 1] = swap;
        }
    enumerate(&e, 0);
    *bad = e.bad;
    *refuted = e.found;
    return !e.failed && !e.found;
}

static void suggest(C *c, const Obligation *o, Expr *first) {
    const char *name = o->tensor ? o->tensor->name : "x";
    if (o->name) return; /* a stack of layers has no outside */
    ExprList all = expr_walk(c->g, &first, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *x = all.at[k], *limit;
        if (x->kind != EXPR_INDEX || info_of(c, x)->written || info_of(c, x)->axis || !info_of(c, x)->name) continue;
        if (limit_from(c, o, x, &limit) && o->sub != x) {
            Affine a, lo, hi;
            bool starts_late = affine_of_atoms(c->g, o->sub, &a) && bounds_of(c, o->sub, &lo, &hi) && affine_sign(&lo) == SIGN_NEGATIVE && is_constant(&lo);
            if (starts_late && affine_coefficient(&a, x) == 1)
                note(c, o->span, "the range that fits is '%s in %lld..%s'; a read with a value for what is outside is '%s[%s | value]'", info_of(c, x)->name,
                     (long long)-lo.constant, say_expr(c, info_of(c, x)->hi), name, say_expr(c, o->sub));
            else
                note(c, o->span, "the range that fits is '%s in 0..%s'; a read with a value for what is outside is '%s[%s | value]'", info_of(c, x)->name,
                     say_expr(c, limit), name, say_expr(c, o->sub));
            return;
        }
    }
    if (o->self) note(c, o->span, "a bar says what is read before the start: '%s[%s | value]'", name, say_expr(c, o->sub));
    else note(c, o->span, "a bar says what is read outside: '%s[… | value]'", name);
}

static bool has_indices(C *c, Expr *e) {
    ExprList all = expr_walk(c->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX || all.at[k]->kind == EXPR_READ) return true;
    return false;
}

static void refuse(C *c, const Obligation *o, bool known, const Affine *lo, const Affine *hi, bool below, bool above) {
    const char *name = subject(o), *sub = say_expr(c, o->sub);
    if (!known)
        complain(c, o->span, "nothing proves that %s is inside axis %u of '%s', which has size %s", sub, o->axis, name, say_expr(c, o->extent));
    else if (!has_indices(c, o->sub))
        complain(c, o->span, "%s is outside axis %u of '%s', which has size %s", sub, o->axis, name, say_expr(c, o->extent));
    else if (below)
        complain(c, o->span, "%s goes down to %s, and axis %u of '%s' starts at %s", sub, say_expr(c, affine_expr(c->g, lo)), o->axis, name, say_expr(c, o->lo));
    else if (above)
        complain(c, o->span, "%s goes up to %s, and axis %u of '%s' has size %s", sub, say_expr(c, affine_expr(c->g, hi)), o->axis, name, say_expr(c, o->extent));
    else
        complain(c, o->span, "nothing proves that %s is inside axis %u of '%s', which has size %s", sub, o->axis, name, say_expr(c, o->extent));
    if (has_indices(c, o->sub)) suggest(c, o, o->sub);
    else if (o->sub->kind == EXPR_DIM) note(c, o->span, "'%s' is a size here; an index is a name of its own, such as 'i'", say_expr(c, o->sub));
}

static void entry_check(C *c, const Obligation *o, const Affine *d1, const Affine *d2) {
    Expr *zero = expr_int(c->g, 0), *condition = NULL;
    if (!affine_not_negative(d1)) condition = expr_op2(c->g, OP_ge, affine_expr(c->g, d1), zero);
    if (!affine_not_negative(d2)) condition = expr_and(c->g, condition, expr_op2(c->g, OP_ge, affine_expr(c->g, d2), zero));
    Check *check = NEW(c->arena, Check);
    *check = (Check){.condition = condition, .status = CHECK_SHAPE, .span = o->span};
    check->text = say(c, "%s is inside axis %u of %s", say_expr(c, o->sub), o->axis, subject(o));
    vec_push(c->arena, &c->group->items, (Item){.check = check});
}

static void prove(C *c, const Obligation *o) {
    Affine lo, hi, first, extent, d1, d2;
    bool known = bounds_of(c, o->sub, &lo, &hi) && affine_of_atoms(c->g, o->lo, &first) && affine_of_atoms(c->g, o->extent, &extent) &&
                 affine_add(&lo, &first, -1, &d1) && affine_add(&extent, &hi, -1, &d2);
    if (known) {
        d2.constant -= 1;
        if (affine_not_negative(&d1) && affine_not_negative(&d2)) return;
    }
    double bad;
    bool refuted;
    if (proved_by_enumeration(c, o, &bad, &refuted)) return;
    if (refuted && (!known || lo.n || hi.n || expr_reads(c->g, o->sub, NULL))) {
        complain(c, o->span, "%s takes the value %.0f, which is outside axis %u of '%s' of size %s", say_expr(c, o->sub), bad, o->axis, subject(o), say_expr(c, o->extent));
        suggest(c, o, o->sub);
        return;
    }
    if (!known) {
        refuse(c, o, false, NULL, NULL, false, false);
        return;
    }
    AffineSign s1 = affine_sign(&d1), s2 = affine_sign(&d2);
    if (s1 == SIGN_NEGATIVE || s2 == SIGN_NEGATIVE || (is_constant(&d1) && d1.constant < 0)) refuse(c, o, true, &lo, &hi, s1 == SIGN_NEGATIVE, s2 == SIGN_NEGATIVE);
    else entry_check(c, o, &d1, &d2);
}

static bool has_errors(const Group *g) {
    for (uint32_t k = 0; k < g->complaints.n; k++)
        if (!g->complaints.at[k].warning && !g->complaints.at[k].note) return true;
    return false;
}

/* `poisoned`: something that the equation uses is wrong and was said; what is missing may be its fault. */
void ranges_settle(C *c, Group *g, bool poisoned) {
    for (bool progress = true; progress;) {
        progress = false;
        for (uint32_t k = 0; k < g->indices.n; k++)
            if (!info_of(c, g->indices.at[k])->hi && infer(c, g, g->indices.at[k])) progress = true;
    }
    bool wrong = poisoned || has_errors(g);
    for (uint32_t k = 0; k < g->indices.n && !wrong; k++) {
        IndexInfo *info = info_of(c, g->indices.at[k]);
        if (info->hi) continue;
        complain(c, info->span, "nothing says where the index '%s' runs", info->name);
        note(c, info->span, "write its range: '%s in 0..n'", info->name);
    }
    if (wrong || has_errors(g)) {
        g->obligations.n = 0;
        return;
    }
    for (uint32_t k = 0; k < g->obligations.n; k++) {
        Obligation o = g->obligations.at[k];
        if (has_ranges(c, o.sub)) prove(c, &o);
        else if (g->parent && g->parent != c->top) vec_push(c->arena, &g->parent->obligations, o);
    }
    g->obligations.n = 0;
}
