/* Forward mode: tangents.
 *
 *     T[o] op= body over D     ->     T_dot[o] += weight * sum over reads of d(body)/d(R[s]) * R_dot[s]    over D
 *
 * Where T has one plain piece its tangent has one too, and is defined by `=`. */
#include "diff/internal.h"

typedef struct {
    Graph *g;
    const Directions *dir;
    bool *active;
    Tensor **dot; /* by tensor number; NULL: 0 */
    Weights *weights;
} Forward;

static void forward_equation(Forward *f, Equation *e) {
    Graph *g = f->g;
    uint32_t n = f->dir ? f->dir->n : 0;
    Tensor *dot = f->dot[e->target->number];
    Expr **direction = NEW_ARRAY(g->arena, Expr *, n + 1), **subs = NEW_ARRAY(g->arena, Expr *, dot->rank + 1);
    Domain d = with_directions(g, f->dir, e->domain, true, direction);
    Expr *tangent = body_tangent(g, e, f->dot, direction, n);
    if (!tangent) return;
    Weight w = weight_of(f->weights, e);
    const uint32_t rank = e->target->rank;
    for (uint32_t k = 0; k < dot->rank; k++) subs[k] = k < rank ? e->subs[k] : direction[k - rank];
    graph_add_equation(g, dot, subs, strong_mul(g, tangent, w.factor), domain_restrict(g, d, w.condition), e->origin, e->span);
}

/* Do the tensor's own equations bring a tangent: it depends on another that we differentiate by, or on itself? Not an argument of
 * a def, whose derivative goes through the def alone. */
static bool flows_in(const Forward *f, const Tensor *t) {
    if (t->argument) return false;
    for (Equation *e = t->pieces; e; e = e->next) {
        ExprList all = expr_walk(f->g, &e->body, 1);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_READ && f->active[all.at[k]->of.tensor->number]) return true;
    }
    for (uint32_t k = 0; t->call && k < t->call->n; k++)
        if (f->active[t->call->arg[k]->number]) return true;
    return false;
}

/* wrt_dot[s, d] = seed[s, d], or 1 at d == s; and what the tensor's own equations bring, where something flows into it: as its adjoint
 * counts what it does to itself, h[t] to h[t+1]. */
static void seed_tangent(Forward *f, Tensor *wrt, Tensor *seed, bool flows) {
    Graph *g = f->g;
    if (seed && !flows) {
        f->dot[wrt->number] = seed;
        return;
    }
    Tensor *dot = derivative_tensor(g, wrt, "dot", ROLE_TANGENT, COMBINE_ADD, f->dir);
    f->dot[wrt->number] = dot;
    if (seed) {
        Expr **all = NEW_ARRAY(g->arena, Expr *, dot->rank + 1);
        Domain whole = domain_of_tensor(g, dot, all);
        graph_add_equation(g, dot, all, expr_read(g, seed, all, NULL), whole, NULL, wrt->span);
        return;
    }
    Expr **index = NEW_ARRAY(g->arena, Expr *, dot->rank + wrt->rank + 1);
    Domain d = domain_of_tensor(g, wrt, index);
    for (uint32_t k = 0; k < wrt->rank; k++) index[wrt->rank + k] = index[k];
    graph_add_equation(g, dot, index, expr_real(g, 1), d, NULL, wrt->span);
}

void diff_forward(Graph *g, Tensor *const *wrt, Tensor *const *seed, uint32_t n_wrt, Tensor *const *of, uint32_t n_of,
                  const Directions *dir, Tensor **dots) {
    Forward f = {.g = g, .dir = dir};
    f.active = active_tensors(g, wrt, n_wrt, of, n_of);
    uint32_t before = g->tensors.n;
    split_products(g, f.active);
    if (g->tensors.n != before) f.active = active_tensors(g, wrt, n_wrt, of, n_of);
    uint32_t n = g->tensors.n;
    f.weights = weights_new(g);
    f.dot = NEW_ARRAY(g->arena, Tensor *, n);
    bool *given = NEW_ARRAY(g->arena, bool, n);
    for (uint32_t k = 0; k < n_wrt; k++) {
        const bool flows = f.active[wrt[k]->number] && flows_in(&f, wrt[k]);
        if (f.active[wrt[k]->number]) seed_tangent(&f, wrt[k], seed ? seed[k] : NULL, flows);
        given[wrt[k]->number] = !flows;
    }
    for (uint32_t k = 0; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        if (!f.active[k] || f.dot[k]) continue;
        Combine op = t->op == COMBINE_SET && t->pieces && !t->pieces->next ? COMBINE_SET : COMBINE_ADD;
        f.dot[k] = derivative_tensor(g, t, "dot", ROLE_TANGENT, op, dir);
    }
    for (uint32_t k = 0; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        if (!f.active[k] || given[k]) continue;
        for (Equation *e = t->pieces; e; e = e->next) forward_equation(&f, e);
        if (t->call) call_forward(g, t, f.dot, f.active, dir);
        if (!f.dot[k]->pieces && !f.dot[k]->call) f.dot[k]->op = COMBINE_ADD; /* nothing reached it: 0 */
    }
    for (uint32_t k = 0; k < n_of; k++) {
        dots[k] = f.dot[of[k]->number];
        if (!dots[k]) dots[k] = derivative_tensor(g, of[k], "dot", ROLE_TANGENT, COMBINE_ADD, dir);
    }
}
