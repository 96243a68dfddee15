/* Asks for derivatives as equations. */
#include "verbs/derive.h"

#include "diff/diff.h"
#include "simplify/passes.h"

int derive_requests(Model *m, const Options *o) {
    pass_stable(m->graph);
    diff_requests(m->graph);
    return model_report(m, o);
}

void derive_stopped(Model *m, TensorList *out) {
    Graph *g = m->graph;
    uint32_t k = g->tensors.n;
    name_stopped(g);
    for (; k < g->tensors.n; k++) vec_push(m->base.arena, out, g->tensors.at[k]);
}

void derive_gradient(Model *m, Derived *d, Tensor *of) {
    Tensor *seed = NULL;
    d->bars = NEW_ARRAY(m->base.arena, Tensor *, d->wrt.n + 1);
    diff_reverse(m->graph, &of, &seed, 1, d->wrt.at, d->wrt.n, NULL, d->bars);
}

void derive_tangents(Model *m, Derived *d) {
    Graph *g = m->graph;
    d->seeds = NEW_ARRAY(m->base.arena, Tensor *, d->wrt.n + 1);
    d->dots = NEW_ARRAY(m->base.arena, Tensor *, d->of.n + 1);
    for (uint32_t k = 0; k < d->wrt.n; k++) {
        Tensor *t = d->wrt.at[k];
        Symbol name = name_printf(g->names, "%s_seed", t->name);
        d->seeds[k] = graph_add_tensor(g, name, TYPE_REAL, ROLE_SEED, COMBINE_SET, t->rank, t->extent, t->span);
    }
    diff_forward(g, d->wrt.at, d->seeds, d->wrt.n, d->of.at, d->of.n, NULL, d->dots);
}
