/* Edges from the equations. In a body, a read is made under the conditions of the selects and fills above it; operators whose
 * partial is 0 (floor, step, comparisons) pass nothing. */
#include "cost/edges.h"

#include "graph/ops.h"
#include "graph/restrict.h"
#include "plan/call.h"

typedef VEC(uint32_t) Numbers;

typedef struct {
    Counting *c;
    Graph *g;
    const Equation *e;
    ExprList list;
    bool *used;
    Expr **condition; /* NULL: always */
} Body;

static void use(Body *b, const Expr *e, Expr *condition) {
    const uint32_t k = expr_place(&b->list, e);
    b->condition[k] = b->used[k] ? expr_or(b->g, b->condition[k], condition) : condition;
    b->used[k] = true;
}

/* Both branches may be taken where data decide that are not given. */
static Expr *under(Counting *c, Expr *condition, Expr *more, bool holds) {
    Graph *g = c->g;
    if (!more || !whole_knows(c->whole, more)) return condition;
    return expr_and(g, condition, holds ? more : expr_not(g, more));
}

static void use_parts(Body *b, uint32_t k) {
    Graph *g = b->g;
    const Expr *e = b->list.at[k];
    Expr *here = b->condition[k];
    if (e->kind == EXPR_READ && e->fill) {
        Expr *inside = inside_condition(g, e->of.tensor, e->arg, &b->e->domain);
        b->condition[k] = under(b->c, here, inside, true);
        if (inside) use(b, e->fill, under(b->c, here, inside, false));
    }
    if (e->kind == EXPR_OP)
        for (uint32_t a = 0; a < e->n; a++)
            if (op_passes(g, e, a)) use(b, e->arg[a], here);
    if (e->kind == EXPR_SELECT) {
        use(b, e->arg[1], under(b->c, here, e->arg[0], true));
        use(b, e->arg[2], under(b->c, here, e->arg[0], false));
    }
}

static Body body_of(Counting *c, const Equation *e) {
    Graph *g = c->g;
    Expr *root = e->body;
    Body b = {.c = c, .g = g, .e = e, .list = expr_walk(g, &root, 1)};
    b.used = NEW_ARRAY(g->arena, bool, b.list.n + 1);
    b.condition = NEW_ARRAY(g->arena, Expr *, b.list.n + 1);
    if (root->type == TYPE_REAL) use(&b, root, NULL);
    for (uint32_t k = b.list.n; k-- > 0;)
        if (b.used[k]) use_parts(&b, k);
    return b;
}

/* ---- what is on the way -------------------------------------------------------------------------------------------- */
typedef struct {
    Counting *c;
    Graph *g;
    Edges *all;
    VEC(Body) bodies;
    VEC(Edge) edges;
    Numbers *users, *reads; /* by tensor */
} Finder;

static void add_reads(Finder *f, const Equation *e) {
    Body b = body_of(f->c, e);
    bool any = false;
    for (uint32_t k = 0; k < b.list.n; k++) {
        const Expr *x = b.list.at[k];
        if (!b.used[k] || x->kind != EXPR_READ || x->of.tensor->type != TYPE_REAL) continue;
        vec_push(f->g->arena, &f->users[x->of.tensor->number], e->target->number);
        vec_push(f->g->arena, &f->reads[e->target->number], x->of.tensor->number);
        any = true;
    }
    if (any) vec_push(f->g->arena, &f->bodies, b);
}

static bool *reach(Graph *g, Tensor *const *start, uint32_t n, const Numbers *next) {
    bool *seen = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    Numbers work = {0};
    for (uint32_t k = 0; k < n; k++) vec_push(g->arena, &work, start[k]->number);
    while (work.n) {
        const uint32_t t = work.at[--work.n];
        if (seen[t]) continue;
        seen[t] = true;
        for (uint32_t k = 0; k < next[t].n; k++) vec_push(g->arena, &work, next[t].at[k]);
    }
    return seen;
}

/* A call has one domain for all that it reads; an edge of it has the indices of its two ends alone. */
static Domain between(Graph *g, const Domain *all, const Edge *edge) {
    bool *used = NEW_ARRAY(g->arena, bool, all->n + 1);
    for (uint32_t k = 0; k < edge->from->rank; k++) mark_ranges(g, all, edge->from_subs[k], used);
    for (uint32_t k = 0; k < edge->to->rank; k++) mark_ranges(g, all, edge->to_subs[k], used);
    Domain d = domain_copy(g->arena, *all);
    d.n = 0;
    for (uint32_t k = 0; k < all->n; k++)
        if (used[k]) d.range[d.n++] = all->range[k];
    return d;
}

static void add_edges(Finder *f, const Body *b) {
    Graph *g = f->g;
    if (!f->all->active[b->e->target->number]) return;
    for (uint32_t k = 0; k < b->list.n; k++) {
        Expr *x = b->list.at[k];
        if (!b->used[k] || x->kind != EXPR_READ || !f->all->active[x->of.tensor->number]) continue;
        Edge edge = {x->of.tensor, b->e->target, x->arg, b->e->subs, domain_restrict(g, b->e->domain, b->condition[k])};
        if (edge.to->call) edge.domain = between(g, &b->e->domain, &edge);
        vec_push(g->arena, &f->edges, edge);
    }
}

static void list_into(Finder *f) {
    Edges *all = f->all;
    const uint32_t n = f->g->tensors.n;
    Numbers *into = NEW_ARRAY(f->g->arena, Numbers, n + 1);
    all->into = NEW_ARRAY(f->g->arena, uint32_t *, n + 1);
    all->n_into = NEW_ARRAY(f->g->arena, uint32_t, n + 1);
    for (uint32_t k = 0; k < all->n; k++) vec_push(f->g->arena, &into[all->at[k].to->number], k);
    for (uint32_t t = 0; t < n; t++) all->into[t] = into[t].at, all->n_into[t] = into[t].n;
}

/* ---- steps --------------------------------------------------------------------------------------------------------- */
/* Each point of the domain reads an element of its own: bare, distinct indices, and no further ones. */
static bool one_by_one(const Edge *edge) {
    if (edge->domain.n != edge->from->rank) return false;
    for (uint32_t k = 0; k < edge->from->rank; k++) {
        if (edge->from_subs[k]->kind != EXPR_INDEX) return false;
        for (uint32_t j = 0; j < k; j++)
            if (edge->from_subs[j] == edge->from_subs[k]) return false;
    }
    return true;
}

static void find_steps(Finder *f, const bool *ends) {
    Edges *all = f->all;
    uint32_t *uses = NEW_ARRAY(f->g->arena, uint32_t, f->g->tensors.n + 1);
    for (uint32_t k = 0; k < all->n; k++) uses[all->at[k].from->number]++;
    for (uint32_t k = 0; k < all->n; k++) {
        const Tensor *t = all->at[k].from;
        all->step[t->number] = t->role == ROLE_PART && uses[t->number] == 1 && !ends[t->number] && one_by_one(&all->at[k]);
    }
}

/* ---- order ---------------------------------------------------------------------------------------------------------- */
/* Takes away tensors whose edges (into them, or out of them) are all taken away, over and over (Kahn 1962). */
static Numbers peel(Graph *g, const Edges *all, bool *gone, bool backwards) {
    uint32_t *left = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1);
    Numbers *next = NEW_ARRAY(g->arena, Numbers, g->tensors.n + 1), found = {0};
    for (uint32_t k = 0; k < all->n; k++) {
        const Tensor *from = backwards ? all->at[k].to : all->at[k].from, *to = backwards ? all->at[k].from : all->at[k].to;
        if (gone[from->number] || gone[to->number]) continue;
        left[to->number]++;
        vec_push(g->arena, &next[from->number], to->number);
    }
    for (uint32_t t = 0; t < g->tensors.n; t++)
        if (all->active[t] && !gone[t] && left[t] == 0) vec_push(g->arena, &found, t);
    for (uint32_t done = 0; done < found.n; done++) {
        const uint32_t t = found.at[done];
        gone[t] = true;
        for (uint32_t k = 0; k < next[t].n; k++)
            if (--left[next[t].at[k]] == 0) vec_push(g->arena, &found, next[t].at[k]);
    }
    return found;
}

static void order_tensors(Graph *g, Edges *all) {
    bool *gone = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    Numbers first = peel(g, all, gone, false), last = peel(g, all, gone, true);
    all->cyclic = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    all->order = NEW_ARRAY(g->arena, Tensor *, g->tensors.n + 1);
    for (uint32_t k = 0; k < first.n; k++) all->order[all->n_order++] = g->tensors.at[first.at[k]];
    for (uint32_t t = 0; t < g->tensors.n; t++) {
        if (!all->active[t] || gone[t]) continue;
        all->cyclic[t] = true;
        all->order[all->n_order++] = g->tensors.at[t];
    }
    for (uint32_t k = last.n; k-- > 0;) all->order[all->n_order++] = g->tensors.at[last.at[k]];
}

Edges edges_of(Counting *c, const Ends *way) {
    Graph *g = c->g;
    const uint32_t n = g->tensors.n;
    Edges all = {.active = NEW_ARRAY(g->arena, bool, n + 1), .step = NEW_ARRAY(g->arena, bool, n + 1)};
    Finder f = {.c = c, .g = g, .all = &all, .users = NEW_ARRAY(g->arena, Numbers, n + 1), .reads = NEW_ARRAY(g->arena, Numbers, n + 1)};
    for (uint32_t k = 0; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        for (Equation *e = t->pieces; e && t->type == TYPE_REAL; e = e->next) add_reads(&f, e);
        if (t->call) add_reads(&f, call_equation(g, t));
    }
    bool *below = reach(g, way->wrt, way->n_wrt, f.users), *above = reach(g, way->of, way->n_of, f.reads), *ends = NEW_ARRAY(g->arena, bool, n + 1);
    for (uint32_t k = 0; k < n; k++) all.active[k] = below[k] && above[k];
    for (uint32_t k = 0; k < way->n_wrt; k++) ends[way->wrt[k]->number] = true;
    for (uint32_t k = 0; k < way->n_of; k++) ends[way->of[k]->number] = true;
    for (uint32_t k = 0; k < f.bodies.n; k++) add_edges(&f, &f.bodies.at[k]);
    all.at = f.edges.at;
    all.n = f.edges.n;
    list_into(&f);
    find_steps(&f, ends);
    order_tensors(g, &all);
    return all;
}
