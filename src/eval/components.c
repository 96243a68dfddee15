/* Strongly connected components of the graph of tensors (Tarjan 1972), without recursion: a model may be a chain
 * of a hundred thousand scalars.
 *
 * Takes a Graph; returns, by tensor number, what each definition reads and its component. What is supplied from
 * outside (inputs, parameters) needs nothing but its extents, which are no reads. */
#include "eval/components.h"

typedef VEC(Expr *) Exprs;

static void add_domain(Arena *arena, Exprs *list, const Domain *domain) {
    for (uint32_t k = 0; k < domain->n; k++) {
        const Range *range = &domain->range[k];
        for (uint32_t j = 0; j < range->n_lo; j++) vec_push(arena, list, range->lo[j]);
        for (uint32_t j = 0; j < range->n_hi; j++) vec_push(arena, list, range->hi[j]);
    }
    vec_push(arena, list, domain->guard);
}

static Exprs expressions_of(Arena *arena, const Tensor *t) {
    Exprs list = {0};
    for (const Equation *piece = t->pieces; piece; piece = piece->next) {
        add_domain(arena, &list, &piece->domain);
        for (uint32_t k = 0; k < t->rank; k++) vec_push(arena, &list, piece->subs[k]);
        vec_push(arena, &list, piece->body);
        vec_push(arena, &list, piece->label);
    }
    return list;
}

/* `mark[number]` holds the tensor that met it last, plus one. */
static void find_needs(Graph *g, TensorNode *node, const Tensor *t, uint32_t *mark) {
    Exprs list = expressions_of(g->arena, t);
    VEC(Tensor *) needs = {0};
    ExprList all = expr_walk(g, list.at, list.n);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind != EXPR_READ || mark[all.at[k]->of.tensor->number] == t->number + 1) continue;
        mark[all.at[k]->of.tensor->number] = t->number + 1;
        vec_push(g->arena, &needs, all.at[k]->of.tensor);
    }
    for (uint32_t k = 0; t->call && k < t->call->n; k++) vec_push(g->arena, &needs, t->call->arg[k]);
    node->needs = needs.at;
    node->n = needs.n;
}

typedef struct {
    uint32_t tensor, next; /* the next of its needs to look at */
} Visit;

typedef struct {
    Graph *g;
    Components *all;
    uint32_t *entered, *low, *stack, n_stack, clock; /* entered: 0 not yet */
    bool *on_stack;
    Visit *visit;
    uint32_t n_visits, n_order;
} Tarjan;

static void enter(Tarjan *t, uint32_t tensor) {
    t->entered[tensor] = t->low[tensor] = ++t->clock;
    t->stack[t->n_stack++] = tensor;
    t->on_stack[tensor] = true;
    t->visit[t->n_visits++] = (Visit){tensor, 0};
}

/* The tensor is the root of a component: all above it on the stack belong to it. */
static void close_component(Tarjan *t, uint32_t root) {
    uint32_t member, size = 0;
    do {
        member = t->stack[--t->n_stack];
        t->on_stack[member] = false;
        t->all->at[member].component = t->all->n_components;
        t->all->order[t->n_order++] = t->g->tensors.at[member];
        size++;
    } while (member != root);
    for (uint32_t k = t->n_order - size; size > 1 && k < t->n_order; k++) t->all->at[t->all->order[k]->number].cyclic = true;
    t->all->n_components++;
}

static void leave(Tarjan *t, uint32_t tensor) {
    t->n_visits--;
    if (t->low[tensor] == t->entered[tensor]) close_component(t, tensor);
    if (t->n_visits == 0) return;
    uint32_t below = t->visit[t->n_visits - 1].tensor;
    if (t->low[tensor] < t->low[below]) t->low[below] = t->low[tensor];
}

static void search(Tarjan *t, uint32_t start) {
    enter(t, start);
    while (t->n_visits > 0) {
        Visit *visit = &t->visit[t->n_visits - 1];
        TensorNode *node = &t->all->at[visit->tensor];
        if (visit->next == node->n) {
            leave(t, visit->tensor);
            continue;
        }
        uint32_t need = node->needs[visit->next++]->number;
        if (need == visit->tensor) node->cyclic = true;
        if (t->entered[need] == 0)
            enter(t, need);
        else if (t->on_stack[need] && t->entered[need] < t->low[visit->tensor])
            t->low[visit->tensor] = t->entered[need];
    }
}

Components components_find(Graph *g) {
    uint32_t n = g->tensors.n;
    Arena *arena = g->arena;
    Components all = {.at = NEW_ARRAY(arena, TensorNode, n + 1), .n = n, .order = NEW_ARRAY(arena, Tensor *, n + 1)};
    uint32_t *mark = NEW_ARRAY(arena, uint32_t, n + 1);
    for (uint32_t k = 0; k < n; k++) find_needs(g, &all.at[k], g->tensors.at[k], mark);
    Tarjan t = {.g = g,
                .all = &all,
                .entered = NEW_ARRAY(arena, uint32_t, n + 1),
                .low = NEW_ARRAY(arena, uint32_t, n + 1),
                .stack = NEW_ARRAY(arena, uint32_t, n + 1),
                .on_stack = NEW_ARRAY(arena, bool, n + 1),
                .visit = NEW_ARRAY(arena, Visit, n + 1)};
    for (uint32_t k = 0; k < n; k++)
        if (t.entered[k] == 0) search(&t, k);
    return all;
}
