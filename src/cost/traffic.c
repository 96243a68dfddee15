/* Bytes and memory, read off the tree of loops and the places that the planner gave; traffic.h says what is counted. */
#include "cost/traffic.h"

#include "cost/around.h"

static double bytes_of(const Graph *g, Type type) { return type == TYPE_INT ? 4 : g->f64 ? 8 : 4; }

/* ---- traffic ------------------------------------------------------------------------------------------------------- */
typedef struct {
    Counting *c;
    const Function *f;
    uint32_t *read_in, *written_in; /* by tensor: the outermost statement that met it last, plus one */
    Amount bytes;
} Traffic;

static Amount kept_bytes(Counting *c, const Buffer *b) {
    Amount n = amount_whole(c, 1);
    for (uint32_t k = 0; k < b->tensor->rank; k++)
        if (b->kept[k]) n = amount_mul(c, n, expr_amount(c, b->tensor->extent[k]));
    return amount_times(c, n, bytes_of(c->g, b->tensor->type));
}

/* A gather moves at most as many elements as it is asked for. */
static Amount asked_for(Counting *c, const Visit *v, const Tensor *t) {
    Domain d = domain_around(c->g, v);
    return amount_times(c, domain_points(c, &d), bytes_of(c->g, t->type));
}

static bool by_data(Graph *g, Expr *const *subs, uint32_t n) {
    for (uint32_t k = 0; k < n; k++)
        if (reads_data(g, subs[k])) return true;
    return false;
}

static void touch(Traffic *t, const Tensor *tensor, Expr *const *subs, const Visit *v, uint32_t *met) {
    const Buffer *b = t->f->buffer[tensor->number];
    if (!b || b->place == PLACE_LOCAL || met[tensor->number] == v->top + 1) return;
    met[tensor->number] = v->top + 1;
    Amount all = kept_bytes(t->c, b);
    if (subs && by_data(t->c->g, subs, tensor->rank)) {
        Amount asked = asked_for(t->c, v, tensor);
        if (asked.value < all.value) all = asked;
    }
    t->bytes = amount_add(t->c, t->bytes, all);
}

static void visit(Tree *n, const Visit *v, void *with) {
    Traffic *t = with;
    ExprList all = tree_reads(t->c->g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch(t, all.at[k]->of.tensor, all.at[k]->arg, v, t->read_in);
    if (n->kind == TREE_SET) touch(t, n->as.set.to, n->as.set.subs, v, t->written_in);
    if (n->kind == TREE_KERNEL) {
        touch(t, n->as.product.a, NULL, v, t->read_in);
        touch(t, n->as.product.b, NULL, v, t->read_in);
        touch(t, n->as.product.c, NULL, v, t->written_in);
    }
    if (n->kind == TREE_CALL) {
        for (uint32_t k = 0; k < n->as.call.to->call->n; k++) touch(t, n->as.call.to->call->arg[k], NULL, v, t->read_in);
        touch(t, n->as.call.to, NULL, v, t->written_in);
    }
}

Amount function_bytes(Counting *c, const Function *f) {
    Traffic t = {.c = c, .f = f, .bytes = amount_whole(c, 0)};
    t.read_in = NEW_ARRAY(c->g->arena, uint32_t, c->g->tensors.n + 1);
    t.written_in = NEW_ARRAY(c->g->arena, uint32_t, c->g->tensors.n + 1);
    tree_visit(f->body, visit, &t);
    return t.bytes;
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */
Amount function_workspace(Counting *c, const Function *f) {
    Amount sum = amount_whole(c, 0);
    for (uint32_t k = 0; k < f->n_slots; k++) {
        Amount n = amount_whole(c, 1);
        for (Expr **factor = f->slot_size[k]; *factor; factor++) n = amount_mul(c, n, expr_amount(c, *factor));
        sum = amount_add(c, sum, amount_times(c, n, bytes_of(c->g, f->slot_type[k])));
    }
    return sum;
}

Amount function_memory(Counting *c, const Function *f) {
    Amount sum = function_workspace(c, f);
    for (uint32_t k = 0; k < f->n_tensors; k++)
        if (f->buffer[k] && (f->buffer[k]->place == PLACE_USER || f->buffer[k]->place == PLACE_CONST)) {
            Amount bytes = amount_times(c, tensor_elements(c, f->buffer[k]->tensor), bytes_of(c->g, f->buffer[k]->tensor->type));
            sum = amount_add(c, sum, bytes);
        }
    return sum;
}
