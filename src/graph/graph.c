/* Building a Graph: dims, indices, tensors, equations, checks. See graph.h for what each means. */
#include "graph/graph.h"

#include <string.h>

#include "graph/table.h"

const char *const combine_spelling[N_COMBINES] = {"=", "+=", "*=", "max=", "min=", "logsumexp=", "argmax=", "argmin=", "or=", "and="};
const char *const init_spelling[N_INITS] = {"=", "zeros", "ones", "identity", "normal", "uniform", "xavier", "xavier_normal",
                                            "he", "he_uniform", "lecun", "orthogonal", "bernoulli"};

Graph *graph_new(Base *base) {
    Graph *g = NEW(base->arena, Graph);
    g->arena = base->arena;
    g->stage = base->stage;
    g->lists = base->lists;
    g->names = base->names;
    g->diag = base->diag;
    g->table = expr_table_new(g->arena);
    g->tensor_by_name = map_new(g->arena);
    g->training.batch = g->training.epochs = g->training.seed = -1;
    g->training.batch_dim = UINT32_MAX;
    op_table_new(g);
    return g;
}

uint32_t graph_add_dim(Graph *g, Symbol name, Span span) {
    vec_push(g->arena, &g->dims, (Dim){name, span});
    return g->dims.n - 1;
}

uint32_t graph_add_index(Graph *g, Symbol name) {
    vec_push(g->arena, &g->indices, (Index){name});
    return g->indices.n - 1;
}

/* z_sum, z_sum2, z_sum3, …: the counter of each stem is kept under a key of its own. */
static Symbol free_name(Graph *g, Symbol name) {
    if (!map_get(g->tensor_by_name, name)) return name;
    Symbol counter = name_printf(g->names, "#%s", name);
    uintptr_t n = (uintptr_t)map_get(g->tensor_by_name, counter);
    if (n < 2) n = 2;
    Symbol made;
    do made = name_printf(g->names, "%s%u", name, (unsigned)n++);
    while (map_get(g->tensor_by_name, made));
    map_put(g->tensor_by_name, counter, (void *)n);
    return made;
}

Tensor *graph_add_tensor(Graph *g, Symbol name, Type type, Role role, Combine op, uint32_t rank, Expr *const *extent, Span span) {
    Tensor *t = NEW(g->arena, Tensor);
    t->name = free_name(g, name);
    t->type = type;
    t->role = role;
    t->op = op;
    t->rank = rank;
    t->number = g->tensors.n;
    t->extent = NEW_ARRAY(g->arena, Expr *, rank ? rank : 1);
    if (rank) memcpy(t->extent, extent, rank * sizeof *extent);
    t->span = span;
    vec_push(g->arena, &g->tensors, t);
    map_put(g->tensor_by_name, t->name, t);
    return t;
}

Tensor *graph_find(const Graph *g, Symbol name) { return map_get(g->tensor_by_name, name); }

static Expr **copy_exprs(Arena *arena, Expr *const *from, uint32_t n) {
    Expr **to = NEW_ARRAY(arena, Expr *, n ? n : 1);
    if (n) memcpy(to, from, n * sizeof *from);
    return to;
}

Domain domain_copy(Arena *arena, Domain d) {
    Domain copy = {.n = d.n, .range = NEW_ARRAY(arena, Range, d.n ? d.n : 1), .guard = d.guard};
    for (uint32_t k = 0; k < d.n; k++) {
        copy.range[k] = d.range[k];
        copy.range[k].lo = copy_exprs(arena, d.range[k].lo, d.range[k].n_lo);
        copy.range[k].hi = copy_exprs(arena, d.range[k].hi, d.range[k].n_hi);
    }
    return copy;
}

Equation *graph_add_equation(Graph *g, Tensor *t, Expr *const *subs, Expr *body, Domain domain, Equation *origin, Span span) {
    Equation *e = NEW(g->arena, Equation);
    e->target = t;
    e->subs = copy_exprs(g->arena, subs, t->rank);
    e->body = body;
    e->domain = domain_copy(g->arena, domain);
    e->origin = origin ? origin : e;
    e->span = span;
    if (t->last_piece) t->last_piece->next = e;
    else t->pieces = e;
    t->last_piece = e;
    return e;
}

bool equation_has_left(const Equation *e, uint32_t index) {
    for (uint32_t k = 0; k < e->target->rank; k++)
        if (e->subs[k]->kind == EXPR_INDEX && e->subs[k]->of.number == index) return true;
    return false;
}

void graph_add_check(Graph *g, Check check) {
    check.domain = domain_copy(g->arena, check.domain);
    vec_push(g->arena, &g->checks, check);
}

bool range_uses_index(Graph *g, const Range *r, uint32_t index) {
    for (uint32_t b = 0; b < r->n_lo; b++)
        if (expr_uses_index(g, r->lo[b], index)) return true;
    for (uint32_t b = 0; b < r->n_hi; b++)
        if (expr_uses_index(g, r->hi[b], index)) return true;
    return false;
}

Range range_make(Graph *g, uint32_t index, Expr *lo, Expr *hi) {
    return (Range){.index = index, .n_lo = 1, .n_hi = 1, .lo = copy_exprs(g->arena, &lo, 1), .hi = copy_exprs(g->arena, &hi, 1)};
}

Domain domain_of_tensor(Graph *g, const Tensor *t, Expr **index) {
    static const char *const letters[] = {"i", "j", "k", "l", "n", "p", "q", "r"};
    Domain d = {.n = t->rank, .range = NEW_ARRAY(g->arena, Range, t->rank ? t->rank : 1)};
    for (uint32_t k = 0; k < t->rank; k++) {
        Symbol name = t->index && t->index[k] ? g->indices.at[t->index[k]->of.number].name
                      : k < 8                 ? name_of(g->names, letters[k])
                                              : name_printf(g->names, "i%u", (unsigned)k);
        uint32_t i = graph_add_index(g, name);
        index[k] = expr_index(g, i);
        d.range[k] = range_make(g, i, expr_int(g, 0), t->extent[k]);
    }
    return d;
}
