/* cse: tensors that are defined alike are one tensor.
 *
 * Two equations that differ only in the names of their indices are equal: indices are put in canonical form (the k-th of
 * the domain is the k-th of a common list) and then equal expressions are equal pointers. Tensors are looked at in order,
 * so that what becomes equal through an earlier merge is found in the same run. */
#include <string.h>

#include "simplify/passes.h"

typedef struct {
    Graph *g;
    VEC(uint32_t) common; /* the canonical indices */
    Map *by_hash;         /* hash of a definition -> Chain */
    Subst *merged;        /* read of a tensor -> read of its twin */
    Map *twin;            /* Tensor -> its twin, which has none itself */
    bool any;
} Merge;

typedef struct Chain Chain;
struct Chain {
    Tensor *tensor;
    Equation *canonical; /* its pieces in canonical form */
    Chain *next;
};

static Expr *canonical_index(Merge *m, uint32_t k) {
    while (m->common.n <= k) {
        uint32_t index = graph_add_index(m->g, name_printf(m->g->names, "c%u", m->common.n));
        vec_push(m->g->arena, &m->common, index);
    }
    return expr_index(m->g, m->common.at[k]);
}

static Equation *canonical_piece(Merge *m, const Equation *e) {
    Graph *g = m->g;
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < e->domain.n; k++) subst_index(s, e->domain.range[k].index, canonical_index(m, k));
    Equation *c = NEW(g->stage, Equation);
    c->target = e->target;
    c->subs = NEW_ARRAY(g->stage, Expr *, e->target->rank + 1);
    for (uint32_t k = 0; k < e->target->rank; k++) c->subs[k] = subst_apply(s, e->subs[k]);
    c->body = subst_apply(s, e->body);
    c->label = subst_apply(s, e->label);
    c->domain = domain_copy(g->stage, e->domain);
    c->domain.guard = subst_apply(s, e->domain.guard);
    for (uint32_t k = 0; k < c->domain.n; k++) {
        Range *r = &c->domain.range[k];
        r->index = m->common.at[k];
        for (uint32_t b = 0; b < r->n_lo; b++) r->lo[b] = subst_apply(s, r->lo[b]);
        for (uint32_t b = 0; b < r->n_hi; b++) r->hi[b] = subst_apply(s, r->hi[b]);
    }
    return c;
}

static uint64_t add_exprs(uint64_t h, Expr *const *e, uint32_t n) {
    for (uint32_t k = 0; k < n; k++) h = hash_mix(h, e[k]->id);
    return h;
}

static uint64_t hash_tensor(const Tensor *t, const Equation *c) {
    uint64_t h = hash_mix(t->op, t->rank * 2 + (uint64_t)t->type);
    h = add_exprs(h, t->extent, t->rank);
    for (uint32_t k = 0; t->call && k < t->call->n; k++) h = hash_mix(h, t->call->arg[k]->number + 1u);
    for (; c; c = c->next) {
        h = hash_mix(add_exprs(h, c->subs, t->rank), c->body->id);
        h = hash_mix(h, c->domain.guard ? c->domain.guard->id + 1u : 0u);
        h = hash_mix(h, c->label ? c->label->id + 1u : 0u);
        for (uint32_t k = 0; k < c->domain.n; k++)
            h = add_exprs(add_exprs(h, c->domain.range[k].lo, c->domain.range[k].n_lo), c->domain.range[k].hi, c->domain.range[k].n_hi);
    }
    return h;
}

static bool same_exprs(Expr *const *a, uint32_t n, Expr *const *b, uint32_t m) { return n == m && (n == 0 || memcmp(a, b, n * sizeof *a) == 0); }

static bool same_piece(const Equation *a, const Equation *b) {
    if (a->body != b->body || a->label != b->label || a->domain.guard != b->domain.guard || a->domain.n != b->domain.n) return false;
    if (!same_exprs(a->subs, a->target->rank, b->subs, b->target->rank)) return false;
    for (uint32_t k = 0; k < a->domain.n; k++) {
        const Range *x = &a->domain.range[k], *y = &b->domain.range[k];
        if (!same_exprs(x->lo, x->n_lo, y->lo, y->n_lo) || !same_exprs(x->hi, x->n_hi, y->hi, y->n_hi)) return false;
    }
    return true;
}

/* What the call reads, where that was merged, is its twin. */
static void redirect_call(Merge *m, Call *c) {
    for (uint32_t k = 0; k < c->n; k++) {
        Tensor *twin = map_get(m->twin, c->arg[k]);
        if (twin) c->arg[k] = twin;
    }
}

static bool same_call(const Tensor *a, const Tensor *b) {
    if (!a->call || !b->call) return a->call == b->call;
    if (a->call->kind != b->call->kind || a->call->n != b->call->n) return false;
    for (uint32_t k = 0; k < a->call->n; k++)
        if (a->call->arg[k] != b->call->arg[k]) return false;
    return true;
}

static bool same_tensor(const Chain *a, const Chain *b) {
    if (!same_call(a->tensor, b->tensor)) return false;
    if (a->tensor->op != b->tensor->op || a->tensor->type != b->tensor->type) return false;
    if (!same_exprs(a->tensor->extent, a->tensor->rank, b->tensor->extent, b->tensor->rank)) return false;
    const Equation *x = a->canonical, *y = b->canonical;
    for (; x && y && same_piece(x, y); x = x->next) y = y->next;
    return !x && !y;
}

/* Reads of what was merged so far are redirected first. */
static void redirect(Merge *m, Tensor *t) {
    for (Equation *e = t->pieces; e && m->any; e = e->next) {
        e->body = subst_apply(m->merged, e->body);
        e->domain.guard = subst_apply(m->merged, e->domain.guard);
        for (uint32_t k = 0; k < t->rank; k++) e->subs[k] = subst_apply(m->merged, e->subs[k]);
    }
}

static void look_up(Merge *m, Tensor *t) {
    Chain *entry = NEW(m->g->stage, Chain);
    entry->tensor = t;
    Equation **tail = &entry->canonical;
    for (Equation *e = t->pieces; e; e = e->next) {
        *tail = canonical_piece(m, e);
        tail = &(*tail)->next;
    }
    uint64_t h = hash_tensor(t, entry->canonical);
    Chain *first = map_get(m->by_hash, KEY(h >> 1));
    for (Chain *c = first; c; c = c->next)
        if (same_tensor(c, entry)) {
            subst_tensor(m->merged, t, c->tensor);
            map_put(m->twin, t, c->tensor);
            m->any = true;
            return;
        }
    entry->next = first;
    map_put(m->by_hash, KEY(h >> 1), entry);
}

static Merge merge_new(Graph *g) { return (Merge){.g = g, .by_hash = map_new(g->stage), .twin = map_new(g->stage), .merged = subst_new(g)}; }

void pass_cse(Graph *g) {
    Merge m = merge_new(g);
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        redirect(&m, t);
        if (t->call) redirect_call(&m, t->call);
        if (t->pieces || t->call) look_up(&m, t);
    }
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->call) redirect_call(&m, g->tensors.at[k]->call);
    for (uint32_t k = 0; k < g->tensors.n; k++) redirect(&m, g->tensors.at[k]); /* readers that stood before */
}
