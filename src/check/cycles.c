/* Is there an order in which every recurrence can be computed. Takes the drafts that stand; for each cyclic component
 * of their tensors it looks for one axis of each tensor along which all reads inside the component lie on one side:
 *
 *     h[t,k] = … z[t,k] …,  z[t,k] = … h[t-1,j] …      axis t of both: distances 0 and 1, an ascending loop
 *
 * Reads at a distance other than 0 are then carried by that loop and fall away; what is left is looked at again,
 * which covers lexicographic recurrences over several axes. The lag may go through data that is below (or above) its
 * index: constants are looked at here, inputs get a Check at entry. This is the planner's algorithm (planning.md), run
 * early, so that the message can name the source. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

typedef struct {
    uint32_t from, to; /* nodes: `to` is written by the draft, `from` is read */
    Draft *draft;
    Expr *read;
} Edge;

typedef struct {
    C *c;
    VEC(Tensor *) node;
    VEC(Edge) edge;
    Map *number; /* Tensor -> KEY */
} Net;

typedef VEC(uint32_t) Numbers;

/* ---- the net ----------------------------------------------------------------------------------------------- */
typedef VEC(Draft *) Drafts;

static void gather(C *c, Group *g, Map *seen, Drafts *all) {
    if (map_get(seen, g)) return;
    map_put(seen, g, g);
    for (uint32_t k = 0; k < g->items.n; k++) {
        if (g->items.at[k].group) gather(c, g->items.at[k].group, seen, all);
        if (g->items.at[k].draft) vec_push(c->arena, all, g->items.at[k].draft);
    }
}

static uint32_t node_of(Net *net, Tensor *t, bool add) {
    uintptr_t n = (uintptr_t)map_get(net->number, t);
    if (n) return (uint32_t)n - 1;
    if (!add) return UINT32_MAX;
    vec_push(net->c->arena, &net->node, t);
    map_put(net->number, t, (void *)(uintptr_t)net->node.n);
    return net->node.n - 1;
}

static void add_edges(Net *net, Draft *d) {
    Expr **roots = NEW_ARRAY(net->c->arena, Expr *, 3 + 2 * d->n);
    uint32_t n = 0, to = node_of(net, d->tensor, true);
    roots[n++] = d->body, roots[n++] = d->guard, roots[n++] = d->label;
    for (uint32_t k = 0; k < d->n; k++) {
        IndexInfo *info = info_of(net->c, d->index[k]);
        if (info->axis) continue;
        roots[n++] = info->lo, roots[n++] = info->hi;
    }
    ExprList all = expr_walk(net->c->g, roots, n);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind != EXPR_READ) continue;
        uint32_t from = node_of(net, all.at[k]->of.tensor, false);
        if (from != UINT32_MAX) vec_push(net->c->arena, &net->edge, (Edge){from, to, d, all.at[k]});
    }
}

/* ---- strong components, without recursion ------------------------------------------------------------------------ */
typedef struct {
    Net *net;
    Numbers *out;       /* edges by `to`: what a node reads */
    uint32_t *index, *low, *component;
    bool *open;
    Numbers stack;
    uint32_t counter, n_components;
} Tarjan;

typedef struct { uint32_t node, next; } Frame;

static void component_from(Tarjan *t, uint32_t root) {
    VEC(Frame) frames = {0};
    Arena *arena = t->net->c->arena;
    vec_push(arena, &frames, (Frame){root, 0});
    while (frames.n) {
        Frame *f = &frames.at[frames.n - 1];
        uint32_t v = f->node;
        if (!t->index[v]) {
            t->index[v] = t->low[v] = ++t->counter;
            t->open[v] = true;
            vec_push(arena, &t->stack, v);
        }
        if (f->next < t->out[v].n) {
            uint32_t w = t->net->edge.at[t->out[v].at[f->next++]].from;
            if (!t->index[w]) vec_push(arena, &frames, (Frame){w, 0});
            else if (t->open[w] && t->index[w] < t->low[v]) t->low[v] = t->index[w];
            continue;
        }
        if (t->low[v] == t->index[v]) {
            uint32_t w;
            do {
                w = t->stack.at[--t->stack.n];
                t->open[w] = false;
                t->component[w] = t->n_components;
            } while (w != v);
            t->n_components++;
        }
        frames.n--;
        if (frames.n) {
            uint32_t up = frames.at[frames.n - 1].node;
            if (t->low[v] < t->low[up]) t->low[up] = t->low[v];
        }
    }
}

/* Numbers the component of each node; considers the given edges alone. */
static uint32_t components(Net *net, const Numbers *edges, const Numbers *nodes, uint32_t *component) {
    Arena *arena = net->c->arena;
    uint32_t n = net->node.n;
    Tarjan t = {.net = net, .component = component};
    t.out = NEW_ARRAY(arena, Numbers, n), t.index = NEW_ARRAY(arena, uint32_t, n), t.low = NEW_ARRAY(arena, uint32_t, n), t.open = NEW_ARRAY(arena, bool, n);
    for (uint32_t k = 0; k < edges->n; k++) vec_push(arena, &t.out[net->edge.at[edges->at[k]].to], edges->at[k]);
    for (uint32_t k = 0; k < nodes->n; k++)
        if (!t.index[nodes->at[k]]) component_from(&t, nodes->at[k]);
    return t.n_components;
}

/* ---- distances ------------------------------------------------------------------------------------------------------ */
typedef enum { APART_UNKNOWN, APART_ZERO, APART_AHEAD, APART_BEHIND, APART_NOT_BEHIND, APART_NOT_AHEAD } Apart;

/* Index data that is below its index: of constants it is seen, of inputs it is demanded (and remembered). */
static bool data_lies(C *c, Expr *read, Expr *index, bool below) {
    Tensor *t = read->of.tensor;
    if (read->kind != EXPR_READ || read->fill || read->n == 0 || read->arg[0] != index || t->type != TYPE_INT) return false;
    if (below ? t->below : t->above) return true;
    if (t->role == ROLE_CONST && t->values) {
        int64_t n, rows;
        if (!size_of(c, t->extent, t->rank, &n) || !size_of(c, t->extent, 1, &rows)) return false;
        for (int64_t k = 0; k < n; k++) {
            int64_t row = k / (n / rows);
            if (below ? t->values[k] >= (double)row : t->values[k] <= (double)row) return false;
        }
        return true;
    }
    return t->role == ROLE_INPUT;
}

/* Where what is read stands from what is written, along one axis of each: written - read. */
static Apart apart(C *c, Expr *written, Expr *read, bool below) {
    Affine a, b, d, lo, hi;
    if (!affine_of_atoms(c->g, written, &a) || !affine_of_atoms(c->g, read, &b)) return APART_UNKNOWN;
    if (written->kind == EXPR_INDEX && read->kind == EXPR_READ) {
        if (data_lies(c, read, written, below)) return below ? APART_AHEAD : APART_BEHIND;
        return APART_UNKNOWN;
    }
    if (!affine_add(&a, &b, -1, &d)) return APART_UNKNOWN;
    if (d.n == 0) return d.constant == 0 ? APART_ZERO : d.constant > 0 ? APART_AHEAD : APART_BEHIND;
    if (!bounds_of(c, affine_expr(c->g, &d), &lo, &hi)) return APART_UNKNOWN;
    AffineSign least = affine_sign(&lo), most = affine_sign(&hi);
    if (least == SIGN_POSITIVE) return APART_AHEAD;
    if (most == SIGN_NEGATIVE) return APART_BEHIND;
    if (affine_not_negative(&lo)) return APART_NOT_BEHIND;
    if (most == SIGN_ZERO || most == SIGN_AT_MOST_0) return APART_NOT_AHEAD;
    return APART_UNKNOWN;
}

/* ---- one axis for each tensor of a component --------------------------------------------------------------------------- */
typedef struct {
    Net *net;
    const Numbers *edges;
    int *axis; /* by node; -1: none yet */
    bool below;
    int sign;  /* of the distances: +1 ascending, -1 descending, 0 not known yet */
} Assignment;

static bool same_line(C *c, Expr *written, Expr *read, bool below) {
    Affine a, b;
    if (written->kind != EXPR_INDEX) return false;
    if (read->kind == EXPR_READ) return data_lies(c, read, written, below);
    return affine_of_atoms(c->g, written, &a) && affine_of_atoms(c->g, read, &b) && affine_add(&a, &b, -1, &a) && affine_coefficient(&a, written) == 0 &&
           affine_coefficient(&b, written) == 1;
}

static bool propagate(Assignment *s) {
    C *c = s->net->c;
    for (bool progress = true; progress;) {
        progress = false;
        for (uint32_t k = 0; k < s->edges->n; k++) {
            Edge *e = &s->net->edge.at[s->edges->at[k]];
            int to = s->axis[e->to], from = s->axis[e->from];
            if (to >= 0 && from < 0) {
                for (uint32_t b = 0; b < e->read->n && s->axis[e->from] < 0; b++)
                    if (same_line(c, e->draft->subs[to], e->read->arg[b], s->below)) s->axis[e->from] = (int)b;
                progress |= s->axis[e->from] >= 0;
            } else if (from >= 0 && to < 0) {
                for (uint32_t a = 0; a < e->draft->tensor->rank && s->axis[e->to] < 0; a++)
                    if (same_line(c, e->draft->subs[a], e->read->arg[from], s->below)) s->axis[e->to] = (int)a;
                progress |= s->axis[e->to] >= 0;
            }
        }
    }
    for (uint32_t k = 0; k < s->edges->n; k++) {
        Edge *e = &s->net->edge.at[s->edges->at[k]];
        if (s->axis[e->to] < 0 || s->axis[e->from] < 0) return false;
    }
    return true;
}

/* All distances on one side; the carried edges fall away, the rest is returned. */
static bool one_sided(Assignment *s, Numbers *rest) {
    C *c = s->net->c;
    bool ahead = false, behind = false;
    rest->n = 0;
    for (uint32_t k = 0; k < s->edges->n; k++) {
        Edge *e = &s->net->edge.at[s->edges->at[k]];
        Apart d = apart(c, e->draft->subs[s->axis[e->to]], e->read->arg[s->axis[e->from]], s->below);
        if (d == APART_UNKNOWN) return false;
        ahead |= d == APART_AHEAD || d == APART_NOT_BEHIND;
        behind |= d == APART_BEHIND || d == APART_NOT_AHEAD;
        if (d != APART_AHEAD && d != APART_BEHIND) vec_push(c->arena, rest, s->edges->at[k]);
    }
    return ahead != behind && rest->n < s->edges->n;
}

/* What was supposed of index data is recorded, and checked at entry. */
static void demand(Assignment *s) {
    C *c = s->net->c;
    for (uint32_t k = 0; k < s->edges->n; k++) {
        Edge *e = &s->net->edge.at[s->edges->at[k]];
        Expr *read = e->read->arg[s->axis[e->from]];
        if (read->kind != EXPR_READ) continue;
        Tensor *t = read->of.tensor;
        bool known = s->below ? t->below : t->above;
        if (s->below) t->below = true;
        else t->above = true;
        if (known || t->role != ROLE_INPUT) continue;
        Check *check = NEW(c->arena, Check);
        *check = (Check){.status = CHECK_RANGE, .span = e->draft->span};
        check->condition = expr_read(c->g, t, read->arg, NULL); /* finish.c makes the domain and the comparison */
        vec_push(c->arena, &c->data_checks, check);
    }
}

static bool orderable(Net *net, const Numbers *nodes, const Numbers *edges, int depth);

static bool component_orderable(Net *net, const Numbers *nodes, const Numbers *edges, int depth) {
    Tensor *first = net->node.at[nodes->at[0]];
    for (int below = 1; below >= 0; below--)
        for (uint32_t a = 0; a < first->rank; a++) {
            Assignment s = {.net = net, .edges = edges, .below = below};
            Numbers rest = {0};
            s.axis = NEW_ARRAY(net->c->arena, int, net->node.n);
            for (uint32_t k = 0; k < net->node.n; k++) s.axis[k] = -1;
            s.axis[nodes->at[0]] = (int)a;
            if (!propagate(&s) || !one_sided(&s, &rest) || !orderable(net, nodes, &rest, depth + 1)) continue;
            demand(&s);
            return true;
        }
    return false;
}

/* The cycle, as names: z -> a -> z. */
static const char *cycle_text(Net *net, const Numbers *nodes, const Numbers *edges, Span *span) {
    Arena *arena = net->c->arena;
    uint32_t n = net->node.n, start = nodes->at[0];
    uint32_t *via = NEW_ARRAY(arena, uint32_t, n);
    Numbers queue = {0};
    /* breadth first from what start reads, back to start */
    for (uint32_t k = 0; k < nodes->n; k++)
        if (net->node.at[nodes->at[k]]->role == ROLE_WRITTEN) {
            start = nodes->at[k];
            break;
        }
    vec_push(arena, &queue, start);
    bool closed = false;
    for (uint32_t q = 0; q < queue.n && !closed; q++)
        for (uint32_t k = 0; k < edges->n && !closed; k++) {
            Edge *e = &net->edge.at[edges->at[k]];
            if (e->to != queue.at[q]) continue;
            if (e->from == start) via[start] = queue.at[q] + 1, closed = true;
            else if (!via[e->from]) via[e->from] = queue.at[q] + 1, vec_push(arena, &queue, e->from);
        }
    /* via[x] reads x: walk back from start */
    Text text = {NULL, 0, 0};
    Numbers path = {0};
    for (uint32_t x = start; closed;) {
        x = via[x] - 1;
        vec_push(arena, &path, x);
        if (x == start) break;
    }
    text_add(&text, "%s", (const char *)map_get(net->c->wanted, net->node.at[start]));
    Symbol last = map_get(net->c->wanted, net->node.at[start]);
    for (uint32_t k = path.n; k-- > 0;) {
        Tensor *t = net->node.at[path.at[k]];
        Symbol name = map_get(net->c->wanted, t);
        if (k == path.n - 1 || (t->role != ROLE_WRITTEN && !map_get(net->c->group_of, t)) || (name == last && k)) continue;
        text_add(&text, " -> %s", name);
        last = name;
    }
    text_add(&text, " -> %s", (const char *)map_get(net->c->wanted, net->node.at[start]));
    *span = net->node.at[start]->span;
    const char *kept = arena_strndup(arena, text.at, text.n);
    text_free(&text);
    return kept;
}

static bool orderable(Net *net, const Numbers *nodes, const Numbers *edges, int depth) {
    Arena *arena = net->c->arena;
    uint32_t *component = NEW_ARRAY(arena, uint32_t, net->node.n);
    uint32_t n = components(net, edges, nodes, component);
    Numbers *inner_nodes = NEW_ARRAY(arena, Numbers, n), *inner_edges = NEW_ARRAY(arena, Numbers, n);
    for (uint32_t k = 0; k < nodes->n; k++) vec_push(arena, &inner_nodes[component[nodes->at[k]]], nodes->at[k]);
    for (uint32_t k = 0; k < edges->n; k++) {
        Edge *e = &net->edge.at[edges->at[k]];
        if (component[e->from] == component[e->to]) vec_push(arena, &inner_edges[component[e->to]], edges->at[k]);
    }
    bool good = true;
    for (uint32_t k = 0; k < n; k++) {
        if (inner_edges[k].n == 0) continue;
        if (depth < 20 && component_orderable(net, &inner_nodes[k], &inner_edges[k], depth)) continue;
        good = false;
        if (depth) break;
        Span span;
        const char *text = cycle_text(net, &inner_nodes[k], &inner_edges[k], &span);
        complain(net->c, span, "these equations go in a circle: %s", text);
        note(net->c, span, "a recurrence reads its own tensor at a constant lag along one axis, always to the same side: h[t-1 | …]");
    }
    return good;
}

void cycles_check(C *c) {
    Net net = {.c = c, .number = map_new(c->arena)};
    Drafts all = {0};
    Map *seen = map_new(c->arena);
    Numbers nodes = {0}, edges = {0};
    gather(c, c->top, seen, &all);
    for (uint32_t k = 0; k < c->file->names.n; k++)
        if (c->file->names.at[k]->kind == BIND_GROUP) gather(c, c->file->names.at[k]->group, seen, &all);
    for (uint32_t k = 0; k < all.n; k++) node_of(&net, all.at[k]->tensor, true);
    for (uint32_t k = 0; k < all.n; k++) add_edges(&net, all.at[k]);
    for (uint32_t k = 0; k < net.node.n; k++) vec_push(c->arena, &nodes, k);
    for (uint32_t k = 0; k < net.edge.n; k++) vec_push(c->arena, &edges, k);
    orderable(&net, &nodes, &edges, 0);
}
