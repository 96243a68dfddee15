/* Asks for derivatives as equations. */
#include "verbs/derive.h"

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

void derive_tangents(Model *m, Derived *d, const Directions *directions) {
    Graph *g = m->graph;
    d->seeds = NEW_ARRAY(m->base.arena, Tensor *, d->wrt.n + 1);
    d->dots = NEW_ARRAY(m->base.arena, Tensor *, d->of.n + 1);
    for (uint32_t k = 0; k < d->wrt.n; k++) d->seeds[k] = derivative_tensor(g, d->wrt.at[k], "dot", ROLE_SEED, COMBINE_SET, directions);
    diff_forward(g, d->wrt.at, d->seeds, d->wrt.n, d->of.at, d->of.n, directions, d->dots);
}
