/* The interpreter's interface: picks the precision, moves numbers in and out. */
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>

#include "eval/machine.h"

struct Eval {
    Graph *g;
    const MachineApi *api;
    Machine *machine;
    int64_t *dims;
    char message[MESSAGE_ROOM];
};

Eval *eval_new(Graph *g, const int64_t *dims, bool long_double) {
    Eval *e = NEW(g->arena, Eval);
    e->g = g;
    e->api = long_double ? &machine_long : &machine_double;
    e->dims = NEW_ARRAY(g->arena, int64_t, g->dims.n + 1);
    if (g->dims.n) memcpy(e->dims, dims, g->dims.n * sizeof *dims);
    e->machine = e->api->make(g, e->dims, e->message);
    return e;
}

void eval_free(Eval *e) {
    if (e) e->api->free(e->machine);
}

const char *eval_message(const Eval *e) { return e->message; }
int64_t eval_extent(Eval *e, const Tensor *t, uint32_t axis) { return e->api->extent(e->machine, t, axis); }
int64_t eval_count(Eval *e, const Tensor *t) { return e->api->count(e->machine, t); }

int eval_set(Eval *e, const Tensor *t, const double *values) {
    e->api->forget(e->machine);
    if (!e->api->set(e->machine, t)) return 1;
    const int64_t n = eval_count(e, t);
    for (int64_t k = 0; k < n; k++) e->api->put(e->machine, t, k, (long double)values[k]);
    return 0;
}

int eval_set_long(Eval *e, const Tensor *t, const long double *values) {
    e->api->forget(e->machine);
    if (!e->api->set(e->machine, t)) return 1;
    const int64_t n = eval_count(e, t);
    for (int64_t k = 0; k < n; k++) e->api->put(e->machine, t, k, values[k]);
    return 0;
}

int eval_set_element(Eval *e, const Tensor *t, int64_t element, long double value) {
    e->api->forget(e->machine);
    if (!e->api->is_set(e->machine, t) || element < 0 || element >= eval_count(e, t)) {
        snprintf(e->message, sizeof e->message, "'%s' has no element %lld that was set", t->name, (long long)element);
        return 1;
    }
    e->api->put(e->machine, t, element, value);
    return 0;
}

void eval_set_training(Eval *e, int training) {
    for (uint32_t k = 0; k < e->g->tensors.n; k++) {
        const Tensor *t = e->g->tensors.at[k];
        const double value = training;
        if (t->role == ROLE_TRAINING) eval_set(e, t, &value);
    }
}

void eval_set_draws(Eval *e, uint64_t seed, uint64_t call) {
    e->api->forget(e->machine);
    e->api->draws(e->machine, seed, call);
}

int eval_get_long(Eval *e, const Tensor *t, long double *values) {
    if (!e->api->compute(e->machine, t)) return 1;
    const int64_t n = eval_count(e, t);
    for (int64_t k = 0; k < n; k++) values[k] = e->api->take(e->machine, t, k);
    return 0;
}

int eval_get(Eval *e, const Tensor *t, double *values) {
    if (!e->api->compute(e->machine, t)) return 1;
    const int64_t n = eval_count(e, t);
    for (int64_t k = 0; k < n; k++) values[k] = (double)e->api->take(e->machine, t, k);
    return 0;
}

/* Everything that the check reads is computed first. */
static bool compute_reads(Eval *e, const Check *check) {
    VEC(Expr *) roots = {0};
    for (uint32_t k = 0; k < check->domain.n; k++) {
        const Range *range = &check->domain.range[k];
        for (uint32_t j = 0; j < range->n_lo; j++) vec_push(e->g->arena, &roots, range->lo[j]);
        for (uint32_t j = 0; j < range->n_hi; j++) vec_push(e->g->arena, &roots, range->hi[j]);
    }
    vec_push(e->g->arena, &roots, check->domain.guard);
    vec_push(e->g->arena, &roots, check->condition);
    ExprList all = expr_walk(e->g, roots.at, roots.n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && !e->api->compute(e->machine, all.at[k]->of.tensor)) return false;
    return true;
}

const char *eval_check(Eval *e, uint32_t *which) {
    for (uint32_t k = 0; k < e->g->checks.n; k++) {
        const Check *check = &e->g->checks.at[k];
        bool holds;
        if (which) *which = k;
        if (!compute_reads(e, check) || !e->api->check(e->machine, check, &holds)) return eval_message(e);
        if (!holds) return check->text;
    }
    return NULL;
}
