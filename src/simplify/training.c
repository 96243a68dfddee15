/* training: 1 in training functions, 0 in prediction functions, where it folds away. */
#include "simplify/training.h"

static bool reads_any(Graph *g, const Equation *e, const bool *marked) {
    Expr *roots[2] = {e->body, e->domain.guard};
    ExprList all = expr_walk(g, roots, 2);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && marked[all.at[k]->of.tensor->number]) return true;
    return false;
}

/* Tensors that read `training`, and what reads those. */
static bool *find_affected(Graph *g, bool *any) {
    bool *marked = NEW_ARRAY(g->arena, bool, g->tensors.n + 1), changed = true;
    for (uint32_t k = 0; k < g->tensors.n; k++) *any |= marked[k] = g->tensors.at[k]->role == ROLE_TRAINING;
    while (*any && changed) {
        changed = false;
        for (uint32_t k = 0; k < g->tensors.n; k++) {
            const Tensor *t = g->tensors.at[k];
            for (Equation *e = t->pieces; e && !marked[k]; e = e->next)
                if (reads_any(g, e, marked)) changed = marked[k] = true;
            for (uint32_t a = 0; t->call && a < t->call->n && !marked[k]; a++)
                if (marked[t->call->arg[a]->number]) changed = marked[k] = true;
        }
    }
    return marked;
}

static Expr *training_read(Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->role == ROLE_TRAINING) return expr_read(g, g->tensors.at[k], NULL, NULL);
    return NULL;
}

static Tensor *copy_tensor(Graph *g, const Tensor *t) {
    Tensor *copy = graph_add_tensor(g, name_printf(g->names, "%s_predicted", t->name), t->type, ROLE_PART, t->op, t->rank, t->extent, t->span);
    copy->name = t->name; /* in its functions it stands for the same thing */
    copy->index = t->index;
    copy->of = t->of;
    return copy;
}

static void substitute(Subst *s, const Tensor *from, Tensor *to, Graph *g) {
    for (Equation *e = from->pieces; e; e = e->next) {
        Domain d = domain_copy(g->arena, e->domain);
        d.guard = subst_apply(s, d.guard);
        Equation *made = graph_add_equation(g, to, e->subs, subst_apply(s, e->body), d, e->origin, e->span);
        made->label = subst_apply(s, e->label);
    }
}

/* The same call of the copies of its arguments. */
static void copy_call(Graph *g, const Tensor *from, Tensor *to, Tensor *const *copy) {
    to->call = NEW(g->arena, Call);
    *to->call = *from->call;
    for (uint32_t k = 0; k < to->call->n; k++)
        if (copy[to->call->arg[k]->number]) to->call->arg[k] = copy[to->call->arg[k]->number];
}

Tensor **training_copies(Graph *g, Tensor *const *tensors, uint32_t n) {
    Tensor **result = NEW_ARRAY(g->arena, Tensor *, n + 1);
    for (uint32_t k = 0; k < n; k++) result[k] = tensors[k];
    bool any = false, *affected = find_affected(g, &any);
    if (!any) return result;
    Expr *training = training_read(g);
    Subst *zero = subst_new(g), *one = subst_new(g);
    subst_expr(zero, training, expr_int(g, 0));
    subst_expr(one, training, expr_int(g, 1));
    uint32_t before = g->tensors.n;
    Tensor **copy = NEW_ARRAY(g->arena, Tensor *, before + 1);
    for (uint32_t k = 0; k < before; k++)
        if (affected[k] && g->tensors.at[k]->role != ROLE_TRAINING) {
            copy[k] = copy_tensor(g, g->tensors.at[k]);
            subst_tensor(zero, g->tensors.at[k], copy[k]);
        }
    for (uint32_t k = 0; k < before; k++) {
        if (!copy[k]) continue;
        substitute(zero, g->tensors.at[k], copy[k], g);
        if (g->tensors.at[k]->call) copy_call(g, g->tensors.at[k], copy[k], copy);
        for (Equation *e = g->tensors.at[k]->pieces; e; e = e->next) {
            e->body = subst_apply(one, e->body);
            e->domain.guard = subst_apply(one, e->domain.guard);
            e->label = subst_apply(one, e->label);
        }
    }
    for (uint32_t k = 0; k < n; k++)
        if (copy[tensors[k]->number]) result[k] = copy[tensors[k]->number];
    return result;
}
