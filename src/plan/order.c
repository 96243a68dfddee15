/* Order: Allen and Kennedy's algorithm on equations (not on tensors).
 *
 *   1. an edge runs from the writer of an element to its reader, where what they touch may overlap;
 *   2. strongly connected components, producers first, in source order where the edges allow;
 *   3. a component with edges of its own becomes a loop along one axis of each of its tensors, such that the
 *      distance (time of the reader minus time of what it reads) of every edge has one sign;
 *   4. edges whose distance is not 0 are carried by that loop; the component is ordered again without them.
 *
 * Among legal loops the one that leaves the least work inside sequential loops is taken. That alone hoists W@x
 * out of a recurrence and leaves its weight gradient one product over all steps. Adjoints run down by themselves.
 * Source: J. R. Allen and K. Kennedy, Automatic translation of Fortran programs to vector form, TOPLAS 9 (1987). */
#include "plan/order.h"

#include <stdlib.h>
#include <string.h>

#include "graph/affine.h"
#include "graph/ops.h"

typedef struct {
    uint32_t from, to; /* numbers of steps */
    Expr *read;        /* NULL: identity first, then what is combined */
    bool carried;
} Edge;

typedef VEC(Edge) Edges;
typedef VEC(uint32_t) Numbers;

typedef struct {
    Graph *g;
    Step *step;
    uint32_t n;
    Edges edges;
} Problem;

/* ---- edges -------------------------------------------------------------------------------------------- */
static bool bounds_of(Graph *g, Expr *e, const Domain *d, Affine *lo, Affine *hi) {
    Affine form;
    return affine_of(g, e, &form) && affine_bounds(g, &form, d, lo, hi);
}

static bool surely_below(const Affine *a, const Affine *b) { /* a < b for all dims */
    Affine difference;
    return affine_add(b, a, -1, &difference) && affine_sign(&difference) == SIGN_POSITIVE;
}

/* May the writer touch an element that the reader reads? Interval test, an axis at a time. */
static bool overlap(Graph *g, const Equation *writer, Expr *read, const Equation *reader) {
    for (uint32_t k = 0; k < read->n; k++) {
        Expr *w = writer->subs[k], *r = read->arg[k];
        if (w->kind == EXPR_CONST && r->kind == EXPR_CONST) {
            if (w != r) return false;
            continue;
        }
        if (w->kind == EXPR_INDEX && r->kind == EXPR_INDEX) continue; /* the usual case; ranges that differ are rare */
        Affine wlo, whi, rlo, rhi;
        if (!bounds_of(g, w, &writer->domain, &wlo, &whi) || !bounds_of(g, r, &reader->domain, &rlo, &rhi)) continue;
        if (surely_below(&whi, &rlo) || surely_below(&rhi, &wlo)) return false;
    }
    return true;
}

/* All that an equation reads: body, guard, subscripts, bounds. */
ExprList equation_nodes(Graph *g, const Equation *e) {
    VEC(Expr *) roots = {0};
    vec_push(g->lists, &roots, e->body);
    vec_push(g->lists, &roots, e->domain.guard);
    vec_push(g->lists, &roots, e->label);
    for (uint32_t k = 0; k < e->target->rank; k++) vec_push(g->lists, &roots, e->subs[k]);
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        for (uint32_t b = 0; b < r->n_lo; b++) vec_push(g->lists, &roots, r->lo[b]);
        for (uint32_t b = 0; b < r->n_hi; b++) vec_push(g->lists, &roots, r->hi[b]);
    }
    return expr_walk(g, roots.at, roots.n);
}

/* The steps that write a tensor. Those at constants on the `axes` of the first such one are found by these constants, so that a
 * tensor of ten thousand elements, each written and read alone, has as many edges and not the square. */
typedef struct {
    Numbers all, others; /* others: not at constants there */
    uint64_t axes;       /* a bit each; 0: all are others */
    Map *at;             /* hash of the constants -> Numbers */
} Writers;

static uint64_t constant_axes(Expr *const *subs, uint32_t n) {
    uint64_t axes = 0;
    for (uint32_t k = 0; k < n && k < 64; k++) axes |= (uint64_t)(subs[k]->kind == EXPR_CONST) << k;
    return axes;
}

static const void *constants_key(Expr *const *subs, uint32_t n, uint64_t axes) {
    uint64_t hash = 0;
    for (uint32_t k = 0; k < n && k < 64; k++)
        if (axes >> k & 1) hash = hash_mix(hash, subs[k]->id);
    return (const void *)(uintptr_t)(hash | 1);
}

static void add_writer(Arena *arena, Writers *w, uint32_t step, const Step *s) {
    vec_push(arena, &w->all, step);
    Expr *const *subs = s->equation->subs;
    const uint32_t rank = s->equation->target->rank;
    const uint64_t axes = s->init || s->call ? 0 : constant_axes(subs, rank);
    if (!w->axes) w->axes = axes;
    if (!w->axes || (axes & w->axes) != w->axes) {
        vec_push(arena, &w->others, step);
        return;
    }
    if (!w->at) w->at = map_new(arena);
    const void *key = constants_key(subs, rank, w->axes);
    Numbers *there = map_get(w->at, key);
    if (!there) map_put(w->at, key, there = NEW(arena, Numbers));
    vec_push(arena, there, step);
}

static void add_edges(Problem *p, const Numbers *from, uint32_t to, Expr *read) {
    for (uint32_t k = 0; from && k < from->n; k++) {
        const Step *writer = &p->step[from->at[k]];
        if (writer->init || overlap(p->g, writer->equation, read, p->step[to].equation))
            vec_push(p->g->stage, &p->edges, (Edge){from->at[k], to, read, false});
    }
}

static void add_read(Problem *p, const Writers *w, uint32_t to, Expr *read) {
    if (!w->axes || (constant_axes(read->arg, read->n) & w->axes) != w->axes) {
        add_edges(p, &w->all, to, read);
        return;
    }
    add_edges(p, &w->others, to, read);
    add_edges(p, map_get(w->at, constants_key(read->arg, read->n, w->axes)), to, read);
}

static void find_edges(Problem *p) {
    Graph *g = p->g;
    Writers *writers = NEW_ARRAY(g->stage, Writers, g->tensors.n);
    for (uint32_t k = 0; k < p->n; k++) add_writer(g->stage, &writers[p->step[k].equation->target->number], k, &p->step[k]);
    for (uint32_t k = 0; k < p->n; k++) {
        Step *s = &p->step[k];
        Numbers *same = &writers[s->equation->target->number].all;
        if (s->init)
            for (uint32_t j = 0; j < same->n; j++)
                if (!p->step[same->at[j]].init) vec_push(g->stage, &p->edges, (Edge){k, same->at[j], NULL, false});
        if (s->init) continue;
        const ArenaMark mark = arena_mark(g->lists);
        ExprList all = equation_nodes(g, s->equation);
        for (uint32_t e = 0; e < all.n; e++) {
            if (all.at[e]->kind == EXPR_READ) add_read(p, &writers[all.at[e]->of.tensor->number], k, all.at[e]);
        }
        arena_release(g->lists, mark);
    }
}

/* ---- components ------------------------------------------------------------------------------------------ */
typedef struct {
    Numbers *next;  /* by step: steps that come after it */
    uint32_t *low, *found, *component;
    bool *open;
    Numbers stack;
    uint32_t clock, n_components;
} Tarjan;

typedef struct { uint32_t step, at; } Frame;

/* R. Tarjan, Depth-first search and linear graph algorithms (1972), with a stack of our own. */
static void connect(Arena *arena, Tarjan *t, uint32_t root) {
    VEC(Frame) frames = {0};
    vec_push(arena, &frames, (Frame){root, 0});
    while (frames.n) {
        Frame *f = &frames.at[frames.n - 1];
        uint32_t v = f->step;
        if (f->at == 0) {
            t->found[v] = t->low[v] = ++t->clock;
            t->open[v] = true;
            vec_push(arena, &t->stack, v);
        }
        if (f->at < t->next[v].n) {
            uint32_t w = t->next[v].at[f->at++];
            if (f->at == 0) continue;
            if (!t->found[w]) vec_push(arena, &frames, (Frame){w, 0});
            else if (t->open[w] && t->found[w] < t->low[v]) t->low[v] = t->found[w];
            continue;
        }
        frames.n--;
        if (frames.n && t->low[v] < t->low[frames.at[frames.n - 1].step]) t->low[frames.at[frames.n - 1].step] = t->low[v];
        if (t->low[v] != t->found[v]) continue;
        uint32_t w;
        do {
            w = t->stack.at[--t->stack.n];
            t->open[w] = false;
            t->component[w] = t->n_components;
        } while (w != v);
        t->n_components++;
    }
}

/* The members of each component, and the components in an order that keeps to the source where it can. */
typedef struct {
    Numbers *member;
    uint32_t *sequence;
    uint32_t n;
} Components;

/* A heap of components by the smallest member, so that what is ready runs in source order. */
static void heap_push(Arena *arena, Numbers *heap, const Numbers *member, uint32_t c) {
    vec_push(arena, heap, c);
    for (uint32_t k = heap->n - 1; k > 0 && member[heap->at[(k - 1) / 2]].at[0] > member[heap->at[k]].at[0]; k = (k - 1) / 2) {
        uint32_t swap = heap->at[k];
        heap->at[k] = heap->at[(k - 1) / 2];
        heap->at[(k - 1) / 2] = swap;
    }
}
static uint32_t heap_pop(Numbers *heap, const Numbers *member) {
    uint32_t top = heap->at[0];
    heap->at[0] = heap->at[--heap->n];
    for (uint32_t k = 0;;) {
        uint32_t least = k;
        for (uint32_t c = 2 * k + 1; c <= 2 * k + 2; c++)
            if (c < heap->n && member[heap->at[c]].at[0] < member[heap->at[least]].at[0]) least = c;
        if (least == k) return top;
        uint32_t swap = heap->at[k];
        heap->at[k] = heap->at[least];
        heap->at[least] = swap;
        k = least;
    }
}

static Components sort_components(Problem *p, const Numbers *subset, const bool *in_subset) {
    Arena *arena = p->g->stage;
    Tarjan t = {.next = NEW_ARRAY(arena, Numbers, p->n)};
    t.low = NEW_ARRAY(arena, uint32_t, p->n);
    t.found = NEW_ARRAY(arena, uint32_t, p->n);
    t.component = NEW_ARRAY(arena, uint32_t, p->n);
    t.open = NEW_ARRAY(arena, bool, p->n);
    for (uint32_t k = 0; k < p->edges.n; k++) {
        Edge *e = &p->edges.at[k];
        if (!e->carried && in_subset[e->from] && in_subset[e->to]) vec_push(arena, &t.next[e->from], e->to);
    }
    for (uint32_t k = 0; k < subset->n; k++)
        if (!t.found[subset->at[k]]) connect(arena, &t, subset->at[k]);
    Components c = {.member = NEW_ARRAY(arena, Numbers, t.n_components), .sequence = NEW_ARRAY(arena, uint32_t, t.n_components)};
    for (uint32_t k = 0; k < subset->n; k++) vec_push(arena, &c.member[t.component[subset->at[k]]], subset->at[k]);
    uint32_t *waits = NEW_ARRAY(arena, uint32_t, t.n_components);
    for (uint32_t k = 0; k < subset->n; k++)
        for (uint32_t j = 0; j < t.next[subset->at[k]].n; j++) {
            uint32_t a = t.component[subset->at[k]], b = t.component[t.next[subset->at[k]].at[j]];
            if (a != b) waits[b]++;
        }
    Numbers heap = {0};
    for (uint32_t k = 0; k < t.n_components; k++)
        if (!waits[k]) heap_push(arena, &heap, c.member, k);
    while (heap.n) {
        uint32_t a = heap_pop(&heap, c.member);
        c.sequence[c.n++] = a;
        for (uint32_t k = 0; k < c.member[a].n; k++) {
            Numbers *next = &t.next[c.member[a].at[k]];
            for (uint32_t j = 0; j < next->n; j++) {
                uint32_t b = t.component[next->at[j]];
                if (b != a && --waits[b] == 0) heap_push(arena, &heap, c.member, b);
            }
        }
    }
    return c;
}

/* ---- loops along an axis ------------------------------------------------------------------------------------ */
typedef enum { DISTANCE_NEGATIVE, DISTANCE_ZERO, DISTANCE_POSITIVE, DISTANCE_UNKNOWN } Distance;

static Distance by_data(Expr *time, Expr *read) {
    if (read->kind == EXPR_READ && read->n == 1 && read->arg[0] == time)
        return read->of.tensor->below ? DISTANCE_POSITIVE : read->of.tensor->above ? DISTANCE_NEGATIVE : DISTANCE_UNKNOWN;
    return DISTANCE_UNKNOWN;
}

/* The sign of time - read over the reader's domain. */
static Distance distance(Graph *g, Expr *time, Expr *read, const Domain *d) {
    Distance data = by_data(time, read);
    if (data != DISTANCE_UNKNOWN) return data;
    data = by_data(read, time);
    if (data != DISTANCE_UNKNOWN) return data == DISTANCE_POSITIVE ? DISTANCE_NEGATIVE : DISTANCE_POSITIVE;
    if (time == read) return DISTANCE_ZERO;
    Affine a, b, form, lo, hi;
    if (!affine_of(g, time, &a) || !affine_of(g, read, &b) || !affine_add(&a, &b, -1, &form)) return DISTANCE_UNKNOWN;
    if (!affine_bounds(g, &form, d, &lo, &hi)) return DISTANCE_UNKNOWN;
    AffineSign low = affine_sign(&lo), high = affine_sign(&hi);
    if (low == SIGN_POSITIVE) return DISTANCE_POSITIVE;
    if (high == SIGN_NEGATIVE) return DISTANCE_NEGATIVE;
    if (low == SIGN_ZERO && high == SIGN_ZERO) return DISTANCE_ZERO;
    return DISTANCE_UNKNOWN;
}

typedef struct {
    Problem *p;
    const Numbers *member;
    Numbers inner;           /* numbers of edges inside the component */
    VEC(Tensor *) tensors;   /* its tensors */
    uint32_t *axis;          /* by tensor number: axis + 1, or 0 */
    uint32_t depth, tries;
    Order *best;
    double best_cost;
} Search;

static Order *order_subset(Problem *, const Numbers *, uint32_t depth);

static Distance edge_distance(Search *s, const Edge *e) {
    const Equation *reader = s->p->step[e->to].equation, *writer = s->p->step[e->from].equation;
    Expr *time = reader->subs[s->axis[reader->target->number] - 1];
    return distance(s->p->g, time, e->read->arg[s->axis[writer->target->number] - 1], &reader->domain);
}

/* Work inside sequential loops: what a loop encloses counts four times. */
static double work_inside(const Order *o, double each) {
    double sum = 0;
    for (; o; o = o->next) sum += o->step ? each * (1 + o->step->equation->domain.n) : work_inside(o->inside, each * 4);
    return sum;
}

static void try_loop(Search *s) {
    bool up = false, down = false;
    Graph *g = s->p->g;
    for (uint32_t k = 0; k < s->inner.n; k++) {
        Distance d = edge_distance(s, &s->p->edges.at[s->inner.at[k]]);
        if (d == DISTANCE_UNKNOWN) return;
        up |= d == DISTANCE_POSITIVE;
        down |= d == DISTANCE_NEGATIVE;
    }
    if (up == down) return;
    Order *loop = NEW(g->arena, Order);
    loop->down = down;
    loop->axis = map_new(g->arena);
    for (uint32_t k = 0; k < s->tensors.n; k++) map_put(loop->axis, s->tensors.at[k], (void *)(uintptr_t)s->axis[s->tensors.at[k]->number]);
    Numbers carried = {0};
    for (uint32_t k = 0; k < s->inner.n; k++) {
        Edge *e = &s->p->edges.at[s->inner.at[k]];
        if (edge_distance(s, e) == DISTANCE_ZERO) continue;
        e->carried = true;
        vec_push(g->stage, &carried, s->inner.at[k]);
    }
    uint32_t *kept = s->axis;
    loop->inside = order_subset(s->p, s->member, s->depth + 1);
    s->axis = kept;
    for (uint32_t k = 0; k < carried.n; k++) s->p->edges.at[carried.at[k]].carried = false;
    if (!loop->inside) return;
    double cost = work_inside(loop->inside, 1);
    if (s->best && cost >= s->best_cost) return;
    s->best = loop;
    s->best_cost = cost;
}

/* Gives each tensor an axis, following the edges from those that have one. */
static void search_axes(Search *s) {
    if (++s->tries > 4096) return;
    for (uint32_t k = 0; k < s->inner.n; k++) {
        Edge *e = &s->p->edges.at[s->inner.at[k]];
        Tensor *a = s->p->step[e->from].equation->target, *b = s->p->step[e->to].equation->target;
        if ((s->axis[a->number] == 0) == (s->axis[b->number] == 0)) continue;
        Tensor *open = s->axis[a->number] ? b : a;
        for (uint32_t axis = 1; axis <= open->rank; axis++) {
            s->axis[open->number] = axis;
            if (edge_distance(s, e) != DISTANCE_UNKNOWN) search_axes(s);
        }
        s->axis[open->number] = 0;
        return;
    }
    try_loop(s);
}

static void report_cycle(Search *s) {
    Graph *g = s->p->g;
    Text path = {0};
    Tensor *t = s->tensors.at[0];
    text_add(&path, "%s", t->name);
    for (uint32_t k = 1; k < s->tensors.n && k < 8; k++) text_add(&path, " -> %s", s->tensors.at[k]->name);
    text_add(&path, " -> %s", t->name);
    diag_error(g->diag, t->span, "no order of evaluation: %s", path.at);
    text_free(&path);
}

static Order *order_cycle(Problem *p, const Numbers *member, uint32_t depth) {
    Graph *g = p->g;
    Search s = {.p = p, .member = member, .depth = depth, .axis = NEW_ARRAY(g->stage, uint32_t, g->tensors.n)};
    bool *inside = NEW_ARRAY(g->stage, bool, p->n), *seen = NEW_ARRAY(g->stage, bool, g->tensors.n);
    for (uint32_t k = 0; k < member->n; k++) {
        inside[member->at[k]] = true;
        Tensor *t = p->step[member->at[k]].equation->target;
        if (!seen[t->number]) vec_push(g->stage, &s.tensors, t);
        seen[t->number] = true;
    }
    for (uint32_t k = 0; k < p->edges.n; k++) {
        Edge *e = &p->edges.at[k];
        if (!e->carried && e->read && inside[e->from] && inside[e->to]) vec_push(g->stage, &s.inner, k);
    }
    Tensor *first = s.tensors.at[0];
    for (uint32_t axis = 1; axis <= first->rank; axis++) {
        s.axis[first->number] = axis;
        search_axes(&s);
    }
    if (!s.best && depth == 0) report_cycle(&s);
    return s.best;
}


static Order *order_subset(Problem *p, const Numbers *subset, uint32_t depth) {
    bool *in = NEW_ARRAY(p->g->stage, bool, p->n), *self = NEW_ARRAY(p->g->stage, bool, p->n);
    for (uint32_t k = 0; k < subset->n; k++) in[subset->at[k]] = true;
    for (uint32_t k = 0; k < p->edges.n; k++)
        if (!p->edges.at[k].carried && p->edges.at[k].from == p->edges.at[k].to) self[p->edges.at[k].from] = true;
    Components c = sort_components(p, subset, in);
    Order *first = NULL, **last = &first;
    for (uint32_t k = 0; k < c.n; k++) {
        const Numbers *member = &c.member[c.sequence[k]];
        Order *o;
        if (member->n > 1 || self[member->at[0]]) o = order_cycle(p, member, depth);
        else {
            o = NEW(p->g->arena, Order);
            o->step = &p->step[member->at[0]];
        }
        if (!o) return NULL;
        *last = o;
        last = &o->next;
    }
    return first;
}

Order *order_steps(Graph *g, Step *steps, uint32_t n) {
    const ArenaMark mark = arena_mark(g->stage);
    Problem p = {.g = g, .step = steps, .n = n};
    Numbers all = {0};
    for (uint32_t k = 0; k < n; k++) vec_push(g->stage, &all, k);
    find_edges(&p);
    Order *order = order_subset(&p, &all, 0);
    arena_release(g->stage, mark);
    return order;
}
