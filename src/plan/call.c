/* Calls in the plan: a factorisation is a step like any equation, whose "equation" says what it reads and writes.
 *
 *     X[b] = solve(A[b], B[b])     X[b,i,k] = A[b,j,l] + B[b,p,q]   over all of b, i, k, j, l, p, q
 *
 * So the order sees that one matrix of the batch needs the whole matrices at its place of the batch, and no others: in a
 * recurrence along b the call runs inside its loop. */
#include "plan/call.h"

uint32_t call_batch(const Tensor *t) { return t->call->arg[0]->rank - 2; }

/* Subscripts of a tensor of the call: the batch's indices, and fresh ones, which are added to the domain. */
static Expr **whole_at(Graph *g, const Tensor *t, uint32_t n_batch, Domain *d) {
    static const char *const letters[] = {"i", "j", "k", "l"};
    Expr **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) {
        if (k >= n_batch) {
            uint32_t index = graph_add_index(g, name_of(g->names, letters[(k - n_batch) % 4]));
            d->range[d->n++] = range_make(g, index, expr_int(g, 0), t->extent[k]);
        }
        subs[k] = expr_index(g, d->range[k < n_batch ? k : d->n - 1].index);
    }
    return subs;
}

Equation *call_equation(Graph *g, Tensor *t) {
    const Call *call = t->call;
    const uint32_t n_batch = call_batch(t);
    uint32_t most = n_batch + t->rank;
    for (uint32_t k = 0; k < call->n; k++) most += call->arg[k]->rank;
    Equation *e = NEW(g->arena, Equation);
    *e = (Equation){.target = t, .domain = {.range = NEW_ARRAY(g->arena, Range, most + 1)}, .origin = e, .span = t->span};
    for (uint32_t k = 0; k < n_batch; k++) {
        Symbol name = t->index && t->index[k] && t->index[k]->kind == EXPR_INDEX ? g->indices.at[t->index[k]->of.number].name : name_of(g->names, "n");
        e->domain.range[e->domain.n++] = range_make(g, graph_add_index(g, name), expr_int(g, 0), call->arg[0]->extent[k]);
    }
    e->subs = whole_at(g, t, n_batch, &e->domain);
    for (uint32_t k = 0; k < call->n; k++) {
        Expr *read = expr_read(g, call->arg[k], whole_at(g, call->arg[k], n_batch, &e->domain), NULL);
        e->body = e->body ? expr_add(g, e->body, read) : read;
    }
    return e;
}

/* What a factorisation overwrites lies in the workspace: a copy of the matrix, and the exchanges of rows; of rows and columns
 * for cofactors. */
void call_scratch(Graph *g, Tensor *t) {
    Expr *n = t->call->arg[0]->extent[t->call->arg[0]->rank - 1], *extent[2] = {n, n};
    if (t->call->kind == CALL_COFACTOR) extent[1] = expr_mul(g, expr_int(g, 2), n);
    if (t->call->kind == CALL_CHOLESKY || t->call->scratch[0]) return;
    for (uint32_t k = 0; k < 2; k++) {
        Symbol name = name_printf(g->names, k ? "%s_rows" : "%s_factors", t->name);
        t->call->scratch[k] = graph_add_tensor(g, name, k ? TYPE_INT : TYPE_REAL, ROLE_PART, COMBINE_SET, 2 - k, extent + k, t->span);
    }
}
