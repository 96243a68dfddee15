/* Do the equations of one tensor define each element once, and is all that is read defined. Takes the drafts that
 * stand. Each piece is a box of ranges; two boxes are disjoint when along some axis one ends before the other
 * begins, and disjoint boxes cover the tensor when their sizes add up to its size:
 *
 *     h[0] = …, h[t in 1..T] = …       1 + (T - 1) = T
 *
 * Where sizes cannot be added, as of triangles, pieces of one range along an axis are taken together, and the ranges must follow
 * each other:
 *
 *     A[i, j in 0..i+1] = …, A[i, j in i+1..n] = …       all of i; then, for each i, from 0 to i + 1 and on to n
 *
 * A tensor may start late (h[t in 1..T] alone); then its reads must. */
#include "check/internal.h"

typedef struct {
    Draft *draft;
    Expr *lo[MAX_RANK], *hi[MAX_RANK];
} Box;

static Box box_of(C *c, Group *g, Draft *d) {
    Box b = {.draft = d};
    for (uint32_t k = 0; k < g->rank; k++) {
        Expr *sub = d->subs[g->n_prefix + k];
        if (sub->kind == EXPR_INDEX) b.lo[k] = info_of(c, sub)->lo, b.hi[k] = info_of(c, sub)->hi;
        else b.lo[k] = sub, b.hi[k] = expr_add(c->g, sub, expr_int(c->g, 1));
    }
    return b;
}

static bool not_after(C *c, Expr *end, Expr *begin) {
    Affine lo, hi;
    return bounds_of(c, expr_sub(c->g, begin, end), &lo, &hi) && affine_not_negative(&lo);
}

/* The bounds of b in terms of the indices of a, where both name the same axis. */
static Expr *in_terms_of(C *c, Group *g, const Box *a, const Box *b, Expr *bound) {
    for (uint32_t k = 0; k < g->rank; k++) {
        Expr *x = a->draft->subs[g->n_prefix + k], *y = b->draft->subs[g->n_prefix + k];
        if (x->kind == EXPR_INDEX && y->kind == EXPR_INDEX) bound = replace(c, bound, 1, &y, &x);
    }
    return bound;
}

static bool disjoint(C *c, Group *g, const Box *a, const Box *b) {
    for (uint32_t k = 0; k < g->rank; k++) {
        if (not_after(c, a->hi[k], in_terms_of(c, g, a, b, b->lo[k]))) return true;
        if (not_after(c, in_terms_of(c, g, a, b, b->hi[k]), a->lo[k])) return true;
    }
    return false;
}

/* Pieces that are disjoint where run-time sizes are large enough, as d[0] and d[n-1] are from n = 2 on: checked at entry. */
static bool at_entry(C *c, Expr *end, Expr *begin, Span span, const char *text) {
    Affine lo, hi;
    if (!bounds_of(c, expr_sub(c->g, begin, end), &lo, &hi) || !lo.n) return false;
    for (uint32_t t = 0; t < lo.n; t++)
        if (lo.term[t].of->kind != EXPR_DIM || lo.term[t].by < 0) return false;
    Check *check = NEW(c->arena, Check);
    *check = (Check){.condition = expr_op2(c->g, OP_ge, affine_expr(c->g, &lo), expr_int(c->g, 0)), .status = CHECK_SHAPE, .span = span, .text = text};
    vec_push(c->arena, &c->top->items, (Item){.check = check});
    return true;
}

static bool disjoint_at_entry(C *c, Group *g, const Box *a, const Box *b) {
    const char *text = say(c, "the equations of %s do not overlap", g->name);
    for (uint32_t k = 0; k < g->rank; k++)
        if (at_entry(c, a->hi[k], in_terms_of(c, g, a, b, b->lo[k]), b->draft->span, text) ||
            at_entry(c, in_terms_of(c, g, a, b, b->hi[k]), a->lo[k], b->draft->span, text))
            return true;
    return false;
}

/* That each piece is inside the tensor, where the sizes decide. */
static void inside_check(C *c, Group *g, const Box *b) {
    const char *text = say(c, "the equations of %s are inside it", g->name);
    for (uint32_t k = 0; k < g->rank; k++) {
        if (g->extent[k] && !not_after(c, b->hi[k], g->extent[k])) at_entry(c, b->hi[k], g->extent[k], b->draft->span, text);
        if (g->from[k] && !not_after(c, g->from[k], b->lo[k])) at_entry(c, g->from[k], b->lo[k], b->draft->span, text);
    }
}

/* Many pieces with constant subscripts: equal ones are found by hashing, the rest is compared two by two. */
static uint64_t key_of(const Box *b, uint32_t rank, bool *constant) {
    uint64_t key = 14695981039346656037u;
    *constant = true;
    for (uint32_t k = 0; k < rank; k++) {
        if (b->lo[k]->kind != EXPR_CONST || b->hi[k]->kind != EXPR_CONST || b->hi[k]->of.integer != b->lo[k]->of.integer + 1) *constant = false;
        key = hash_mix(key, (uint64_t)(uintptr_t)b->lo[k]);
    }
    return key;
}

static void overlap(C *c, Group *g, const Box *a, const Box *b) {
    Group *saved = c->group;
    c->group = c->top;
    complain(c, b->draft->span, "this equation of '%s' overlaps another", g->name);
    note(c, a->draft->span, "the other is here");
    c->group = saved;
}

static bool overlaps(C *c, Group *g, Box *box, uint32_t n) {
    Map *points = map_new(c->arena);
    VEC(Box *) rest = {0};
    for (uint32_t k = 0; k < n; k++) {
        bool constant;
        uint64_t key = key_of(&box[k], g->rank, &constant);
        if (!constant) {
            vec_push(c->arena, &rest, &box[k]);
            continue;
        }
        Box *other = map_get(points, KEY(key));
        if (other) {
            overlap(c, g, other, &box[k]);
            return true;
        }
        map_put(points, KEY(key), &box[k]);
    }
    if (rest.n > 2000) return false;
    for (uint32_t i = 0; i < rest.n; i++)
        for (uint32_t k = 0; k < n && (n < 4000 || k < 64); k++)
            if (&box[k] != rest.at[i] && !disjoint(c, g, rest.at[i], &box[k]) && !disjoint_at_entry(c, g, rest.at[i], &box[k])) {
                overlap(c, g, &box[k] < rest.at[i] ? &box[k] : rest.at[i], &box[k] < rest.at[i] ? rest.at[i] : &box[k]);
                return true;
            }
    return false;
}

/* The sizes of the boxes add up to that of the tensor, from `from` on. False also where that cannot be seen. */
static bool covered(C *c, Group *g, const Box *box, uint32_t n, bool *known) {
    Affine total = affine_constant(0), whole;
    Expr *size = expr_int(c->g, 1);
    *known = false;
    for (uint32_t k = 0; k < g->rank; k++) size = expr_mul(c->g, size, expr_sub(c->g, g->extent[k], g->from[k] ? g->from[k] : expr_int(c->g, 0)));
    if (!affine_of(c->g, size, &whole)) return true;
    for (uint32_t p = 0; p < n; p++) {
        Expr *volume = expr_int(c->g, 1);
        Affine v;
        for (uint32_t k = 0; k < g->rank; k++) volume = expr_mul(c->g, volume, expr_sub(c->g, box[p].hi[k], box[p].lo[k]));
        if (!affine_of(c->g, volume, &v)) return true;
        for (uint32_t t = 0; t < v.n; t++)
            if (v.term[t].of->kind == EXPR_INDEX || expr_is_op(v.term[t].of, OP_max)) return true; /* a triangle */
        if (!affine_add(&total, &v, 1, &total)) return true;
    }
    *known = true;
    return affine_add(&whole, &total, -1, &whole) && whole.n == 0 && whole.constant == 0;
}

static bool same_bound(C *c, Expr *a, Expr *b) { return a == b || affine_equal(c->g, a, b); }

/* Bounds along the axis that hang on no axis but those done. */
static bool hangs_on_done(C *c, Group *g, const Box *b, uint32_t axis, uint32_t done) {
    for (uint32_t k = 0; k < g->rank; k++) {
        const Expr *index = b->draft->subs[g->n_prefix + k];
        if (done >> k & 1 || index->kind != EXPR_INDEX) continue;
        if (expr_uses_index(c->g, b->lo[axis], index->of.number) || expr_uses_index(c->g, b->hi[axis], index->of.number)) return false;
    }
    return true;
}

/* Ranges that follow each other reach the greatest of their ends. */
static bool reached(C *c, Expr *extent, Expr *const *end, uint32_t n) {
    if (expr_is_op(extent, OP_max)) return reached(c, extent->arg[0], end, n) && reached(c, extent->arg[1], end, n);
    for (uint32_t k = 0; k < n; k++)
        if (same_bound(c, extent, end[k])) return true;
    return false;
}

static bool tiled(C *c, Group *g, const Box *const *box, uint32_t n, uint32_t done);

/* Along the axis, from one end to the other: each time those that begin where the last ones end, of one range, and they must
 * fill the axes that are not done. */
static bool tiled_along(C *c, Group *g, const Box *const *box, uint32_t n, uint32_t done, uint32_t axis) {
    Expr *at = g->from[axis] ? g->from[axis] : expr_int(c->g, 0);
    const Box **class = NEW_ARRAY(c->arena, const Box *, n);
    Expr **ends = NEW_ARRAY(c->arena, Expr *, n + 1);
    uint32_t used = 0, n_ends = 0;
    for (uint32_t k = 0; k < n; k++)
        if (!hangs_on_done(c, g, box[k], axis, done)) return false;
    while (used < n) {
        uint32_t m = 0;
        Expr *end = NULL;
        for (uint32_t k = 0; k < n; k++) {
            Expr *lo = in_terms_of(c, g, box[0], box[k], box[k]->lo[axis]), *hi = in_terms_of(c, g, box[0], box[k], box[k]->hi[axis]);
            if (!same_bound(c, lo, at) || same_bound(c, lo, hi)) continue;
            if (end && !same_bound(c, hi, end)) return false;
            end = hi;
            class[m++] = box[k];
        }
        if (m == 0 || !tiled(c, g, class, m, done | 1u << axis)) return false;
        used += m;
        at = ends[n_ends++] = end;
    }
    return g->extent[axis] && reached(c, g->extent[axis], ends, n_ends);
}

static bool tiled(C *c, Group *g, const Box *const *box, uint32_t n, uint32_t done) {
    if (done == (1u << g->rank) - 1) return n == 1;
    for (uint32_t axis = 0; axis < g->rank; axis++)
        if (!(done >> axis & 1) && tiled_along(c, g, box, n, done, axis)) return true;
    return false;
}

enum { MOST_TILES = 64 };
static bool is_tiled(C *c, Group *g, const Box *box, uint32_t n) {
    const Box **all = NEW_ARRAY(c->arena, const Box *, n);
    for (uint32_t k = 0; k < n; k++) all[k] = &box[k];
    return n <= MOST_TILES && tiled(c, g, all, n, 0);
}

/* The points of a box whose bounds use its other indices, counted; constants only. */
static bool count_points(C *c, Group *g, const Box *b, uint32_t k, Expr **index, double *where, double *points) {
    double lo, hi;
    if (k == g->rank) return ++*points < (double)(1 << 20);
    if (!number_at(c, b->lo[k], k, index, where, &lo) || !number_at(c, b->hi[k], k, index, where, &hi)) return false;
    index[k] = b->draft->subs[g->n_prefix + k];
    for (where[k] = lo; where[k] < hi; where[k]++)
        if (!count_points(c, g, b, k + 1, index, where, points)) return false;
    return true;
}

static bool counted(C *c, Group *g, const Box *box, uint32_t n, bool *complete) {
    int64_t size;
    double points = 0, where[MAX_RANK];
    Expr *index[MAX_RANK];
    if (!size_of(c, g->extent, g->rank, &size) || size > 1 << 20) return false;
    for (uint32_t p = 0; p < n; p++)
        if (!count_points(c, g, &box[p], 0, index, where, &points)) return false;
    *complete = points == (double)size;
    return true;
}

static bool is_triangle(C *c, Group *g, const Box *b) {
    for (uint32_t k = 0; k < g->rank; k++) {
        Expr *bounds[2] = {b->lo[k], b->hi[k]};
        ExprList all = expr_walk(c->g, bounds, 2);
        for (uint32_t e = 0; e < all.n; e++)
            if (all.at[e]->kind == EXPR_INDEX) return true;
    }
    return false;
}

static bool starts_late(const Group *g) {
    for (uint32_t k = 0; k < g->rank; k++)
        if (g->from[k] && !expr_is_int(g->from[k], 0)) return true;
    return false;
}

static void group_check(C *c, Group *g) {
    VEC(Draft *) drafts = {0};
    for (Draft *d = map_get(c->drafts_of, g->tensor); d; d = d->next) vec_push(c->arena, &drafts, d);
    Box *box = NEW_ARRAY(c->arena, Box, drafts.n);
    for (uint32_t k = 0; k < drafts.n; k++) box[k] = box_of(c, g, drafts.at[drafts.n - 1 - k]);
    if (drafts.n > 1 && overlaps(c, g, box, drafts.n)) return;
    for (uint32_t k = 0; drafts.n > 1 && k < drafts.n; k++) inside_check(c, g, &box[k]);
    bool known;
    bool complete;
    if (drafts.n == 1 && is_triangle(c, g, &box[0])) {
        map_put(c->triangles, g->tensor, drafts.at[0]);
        if (g->marks & (MARK_OUTPUT | MARK_LOSS | MARK_METRIC)) complain(c, g->span, "an output must be complete, and no equation defines all of '%s'", g->name);
    } else if (drafts.n && counted(c, g, box, drafts.n, &complete) && !starts_late(g)) {
        if (!complete) complain(c, g->span, "the equations of '%s' leave some of its %s elements undefined", g->name, say_extents(c, g->extent, g->rank));
    } else if (drafts.n && !covered(c, g, box, drafts.n, &known)) {
        complain(c, g->span, "the equations of '%s' leave some of its %s elements undefined", g->name, say_extents(c, g->extent, g->rank));
    } else if (drafts.n > 1 && !known && !is_tiled(c, g, box, drafts.n)) {
        map_put(c->triangles, g->tensor, drafts.at[0]);
        if (g->marks & (MARK_OUTPUT | MARK_LOSS | MARK_METRIC)) {
            complain(c, g->span, "an output must be complete, and it cannot be seen that the equations of '%s' define all of it", g->name);
            note(c, g->span, "they do where those of one range along an axis fill the others, and the ranges follow each other");
        }
    } else if (starts_late(g) && (g->marks & (MARK_OUTPUT | MARK_LOSS | MARK_METRIC)))
        complain(c, g->span, "an output must be complete, and no equation defines the start of '%s'", g->name);
}

/* Reads of a tensor that starts late, wherever they are. */
static bool inside_triangle(C *c, Group *g, Draft *piece, Expr *read) {
    for (uint32_t k = 0; k < g->rank; k++) {
        Expr *own = piece->subs[g->n_prefix + k], *sub = read->arg[g->n_prefix + k];
        if (own->kind != EXPR_INDEX) continue;
        Expr *lo = info_of(c, own)->lo, *hi = info_of(c, own)->hi;
        lo = replace(c, lo, g->rank, piece->subs + g->n_prefix, read->arg + g->n_prefix);
        hi = replace(c, hi, g->rank, piece->subs + g->n_prefix, read->arg + g->n_prefix);
        if (!not_after(c, lo, sub) || !not_after(c, expr_add(c->g, sub, expr_int(c->g, 1)), hi)) return false;
    }
    return true;
}

static void reads_check(C *c, Draft *d) {
    Expr *roots[3] = {d->body, d->label, d->guard};
    ExprList all = expr_walk(c->g, roots, 3);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *e = all.at[k];
        Group *g = e->kind == EXPR_READ ? map_get(c->group_of, e->of.tensor) : NULL;
        Draft *triangle = g && g->tensor == e->of.tensor ? map_get(c->triangles, g->tensor) : NULL;
        bool inside = !triangle;
        for (Draft *piece = triangle; piece && !inside; piece = piece->next) inside = inside_triangle(c, g, piece, e);
        if (!inside) {
            complain(c, d->span, "this may read elements of '%s' that no equation defines", g->name);
            note(c, g->span, "'%s' is defined here", g->name);
            return;
        }
        if (!g || !g->from || g->tensor != e->of.tensor || !starts_late(g)) continue;
        for (uint32_t a = 0; a < g->rank; a++) {
            Affine lo, hi, from;
            if (!g->from[a] || expr_is_int(g->from[a], 0)) continue;
            if (bounds_of(c, e->arg[g->n_prefix + a], &lo, &hi) && affine_of(c->g, g->from[a], &from) && affine_add(&lo, &from, -1, &lo) && affine_not_negative(&lo)) continue;
            complain(c, d->span, "this reads elements of '%s' that no equation defines: its axis %u starts at %s", g->name, a, say_expr(c, g->from[a]));
            note(c, g->span, "'%s' is defined here", g->name);
            return;
        }
    }
}

/* A draw is a function of seed, call and index: its arguments may not depend on what is learnt. */
static void draw_check(C *c, Tensor *draw) {
    VEC(Expr *) open = {0};
    Map *seen = map_new(c->arena);
    for (int k = 0; k < 2; k++)
        if (draw->init.arg[k]) vec_push(c->arena, &open, draw->init.arg[k]);
    while (open.n) {
        Expr *root = open.at[--open.n];
        ExprList all = expr_walk(c->g, &root, 1);
        for (uint32_t k = 0; k < all.n; k++) {
            Tensor *t = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
            if (!t || map_get(seen, t)) continue;
            map_put(seen, t, t);
            if (t->role == ROLE_PARAM) {
                complain(c, draw->span, "the draw '%s' depends on the param '%s'", draw->name, t->name);
                note(c, draw->span, "draw from a fixed distribution and shift and scale the draw: mu + sigma*eps");
                return;
            }
            for (Draft *d = map_get(c->drafts_of, t); d; d = d->next) vec_push(c->arena, &open, d->body);
            for (uint32_t a = 0; t->call && a < t->call->n; a++)
                for (Draft *d = map_get(c->drafts_of, t->call->arg[a]); d; d = d->next) vec_push(c->arena, &open, d->body);
        }
    }
}

static void walk(C *c, Group *g, Map *seen, bool reads) {
    if (map_get(seen, g) || g->poisoned) return;
    map_put(seen, g, g);
    if (!reads && g->tensor && g->state == GROUP_DONE && !g->update_of) group_check(c, g);
    for (uint32_t k = 0; k < g->items.n; k++) {
        if (g->items.at[k].group) walk(c, g->items.at[k].group, seen, reads);
        if (!reads) continue;
        if (g->items.at[k].tensor && g->items.at[k].tensor->role == ROLE_RANDOM) draw_check(c, g->items.at[k].tensor);
        if (g->items.at[k].draft) reads_check(c, g->items.at[k].draft);
    }
}

void coverage_check(C *c) {
    c->triangles = map_new(c->arena);
    for (int reads = 0; reads < 2; reads++) {
        Map *seen = map_new(c->arena);
        walk(c, c->top, seen, reads);
        for (uint32_t k = 0; k < c->file->names.n; k++)
            if (c->file->names.at[k]->kind == BIND_GROUP) walk(c, c->file->names.at[k]->group, seen, reads);
    }
}
