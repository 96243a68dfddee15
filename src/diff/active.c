/* Which tensors take part: those that depend on what we differentiate by, and that the result depends on. */
#include "diff/internal.h"

typedef VEC(uint32_t) Numbers;

typedef struct {
    Graph *g;
    Numbers *users; /* by tensor: the tensors whose equations read it as a real value */
    Numbers *reads;
    uint32_t n;
} Flow;

static void add_edge(Flow *f, const Tensor *from, const Tensor *to) {
    if (from->type != TYPE_REAL) return;
    Numbers *users = &f->users[from->number];
    if (users->n && users->at[users->n - 1] == to->number) return;
    vec_push(f->g->arena, users, to->number);
    vec_push(f->g->arena, &f->reads[to->number], from->number);
}

static void add_tensor(Flow *f, Tensor *t) {
    if (t->type != TYPE_REAL) return;
    for (Equation *e = t->pieces; e; e = e->next) {
        ExprList all = expr_walk(f->g, &e->body, 1);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_READ) add_edge(f, all.at[k]->of.tensor, t);
    }
    if (t->call)
        for (uint32_t k = 0; k < t->call->n; k++) add_edge(f, t->call->arg[k], t);
}

/* `stop`: arguments of defs that are not passed. */
static bool *reach(Flow *f, Tensor *const *start, uint32_t n, Numbers *next, Tensor *const *stop, uint32_t n_stop) {
    bool *ends = NEW_ARRAY(f->g->arena, bool, f->n ? f->n : 1);
    for (uint32_t k = 0; k < n_stop; k++) ends[stop[k]->number] = stop[k]->argument;
    bool *seen = NEW_ARRAY(f->g->arena, bool, f->n ? f->n : 1);
    Numbers work = {0};
    for (uint32_t k = 0; k < n; k++) vec_push(f->g->arena, &work, start[k]->number);
    while (work.n) {
        uint32_t t = work.at[--work.n];
        if (seen[t]) continue;
        seen[t] = true;
        for (uint32_t k = 0; !ends[t] && k < next[t].n; k++) vec_push(f->g->arena, &work, next[t].at[k]);
    }
    return seen;
}

bool *active_tensors(Graph *g, Tensor *const *from, uint32_t n_from, Tensor *const *to, uint32_t n_to) {
    Flow f = {.g = g, .n = g->tensors.n};
    f.users = NEW_ARRAY(g->arena, Numbers, f.n);
    f.reads = NEW_ARRAY(g->arena, Numbers, f.n);
    for (uint32_t k = 0; k < f.n; k++) add_tensor(&f, g->tensors.at[k]);
    bool *below = reach(&f, from, n_from, f.users, NULL, 0), *above = reach(&f, to, n_to, f.reads, from, n_from);
    for (uint32_t k = 0; k < f.n; k++) below[k] = below[k] && above[k] && g->tensors.at[k]->type == TYPE_REAL;
    return below;
}
