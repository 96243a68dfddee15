/* Reverse mode: adjoints.
 *
 *     T[o] op= body over D     and a read R[s] in body     ->     R_bar[s] += T_bar[o] * weight * d(body)/d(R[s])   over D
 *
 * Example: L_sum += (yhat[i] - y[i])^2 over i in 0..m gives yhat_bar[i] += L_sum_bar * 2*(yhat[i] - y[i]) over i. */
#include "diff/internal.h"

typedef struct {
    Graph *g;
    const Directions *dir;
    bool *active;
    Tensor **bar; /* by tensor number */
    Weights *weights;
} Reverse;

Domain with_directions(Graph *g, const Directions *dir, Domain d, bool behind, Expr **index) {
    if (!dir || dir->n == 0) return d;
    Domain all = {.n = dir->n + d.n, .range = NEW_ARRAY(g->arena, Range, dir->n + d.n), .guard = d.guard};
    const uint32_t first = behind ? d.n : 0, others = behind ? 0 : dir->n;
    for (uint32_t k = 0; k < dir->n; k++) {
        uint32_t i = graph_add_index(g, dir->name[k]);
        index[k] = expr_index(g, i);
        all.range[first + k] = range_make(g, i, expr_int(g, 0), dir->extent[k]);
    }
    for (uint32_t k = 0; k < d.n; k++) all.range[others + k] = d.range[k];
    return all;
}

Tensor *derivative_tensor(Graph *g, Tensor *t, const char *suffix, Role role, Combine op, const Directions *dir) {
    uint32_t n = dir ? dir->n : 0;
    const uint32_t first = role == ROLE_ADJOINT ? 0 : t->rank, others = role == ROLE_ADJOINT ? n : 0;
    Expr **extent = NEW_ARRAY(g->arena, Expr *, n + t->rank + 1);
    for (uint32_t k = 0; k < n; k++) extent[first + k] = dir->extent[k];
    for (uint32_t k = 0; k < t->rank; k++) extent[others + k] = t->extent[k];
    Tensor *made = graph_add_tensor(g, name_printf(g->names, "%s_%s", t->name, suffix), TYPE_REAL, role, op, n + t->rank, extent, t->span);
    made->of = t;
    if (n == 0) made->index = t->index;
    return made;
}

static Expr *read_with(Graph *g, Tensor *t, Expr *const *direction, uint32_t n, Expr *const *subs, uint32_t n_subs) {
    Expr **all = NEW_ARRAY(g->arena, Expr *, n + n_subs + 1);
    for (uint32_t k = 0; k < n; k++) all[k] = direction[k];
    for (uint32_t k = 0; k < n_subs; k++) all[n + k] = subs[k];
    return expr_read(g, t, all, NULL);
}

static void add_to(Graph *g, Tensor *t, Expr *const *direction, uint32_t n, Expr *const *subs, Expr *value, Domain d, const Equation *from) {
    Expr **all = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < n; k++) all[k] = direction[k];
    for (uint32_t k = n; k < t->rank; k++) all[k] = subs[k - n];
    graph_add_equation(g, t, all, value, d, from->origin, from->span);
}

static void reverse_equation(Reverse *r, Equation *e) {
    Graph *g = r->g;
    uint32_t n = r->dir ? r->dir->n : 0;
    Expr **direction = NEW_ARRAY(g->arena, Expr *, n + 1);
    Weight w = weight_of(r->weights, e);
    Domain d = with_directions(g, r->dir, e->domain, false, direction);
    Expr *seed = strong_mul(g, read_with(g, r->bar[e->target->number], direction, n, e->subs, e->target->rank), w.factor);
    Contributions all = body_adjoints(g, e, seed, r->active);
    for (uint32_t k = 0; k < all.n; k++) {
        Contribution *c = &all.at[k];
        if (expr_is_number(c->value, 0)) continue;
        Domain where = domain_restrict(g, d, expr_and(g, w.condition, c->condition));
        add_to(g, r->bar[c->read->of.tensor->number], direction, n, c->read->arg, c->value, where, e);
    }
}

/* of_bar[d, s] += seed[d, s], or 1 at d == s. */
static void add_seed(Reverse *r, Tensor *of, Tensor *seed) {
    Graph *g = r->g;
    Tensor *bar = r->bar[of->number];
    uint32_t n = r->dir ? r->dir->n : 0;
    Expr **index = NEW_ARRAY(g->arena, Expr *, bar->rank + n + 1);
    if (seed) {
        Domain d = domain_of_tensor(g, bar, index);
        graph_add_equation(g, bar, index, expr_read(g, seed, index, NULL), d, NULL, of->span);
        return;
    }
    Domain d = domain_of_tensor(g, of, index);
    for (uint32_t k = of->rank; k-- > 0;) index[n + k] = index[k];                /* behind the directions, which are */
    for (uint32_t k = 0; k < n; k++) index[k] = index[n + of->rank - n + k];      /* the last axes of `of` itself */
    graph_add_equation(g, bar, index, expr_real(g, 1), d, NULL, of->span);
}

void diff_reverse(Graph *g, Tensor *const *of, Tensor *const *seed, uint32_t n_of, Tensor *const *wrt, uint32_t n_wrt,
                  const Directions *dir, Tensor **bars) {
    Reverse r = {.g = g, .dir = dir};
    r.active = active_tensors(g, wrt, n_wrt, of, n_of);
    uint32_t before = g->tensors.n;
    split_products(g, r.active);
    if (g->tensors.n != before) r.active = active_tensors(g, wrt, n_wrt, of, n_of);
    uint32_t n = g->tensors.n;
    r.weights = weights_new(g);
    r.bar = NEW_ARRAY(g->arena, Tensor *, n);
    for (uint32_t k = n; k-- > 0;) { /* the loss first, as error signals run */
        Tensor *t = g->tensors.at[k];
        bool wanted = r.active[k];
        for (uint32_t j = 0; j < n_wrt; j++) wanted |= wrt[j] == t;
        if (wanted) r.bar[k] = derivative_tensor(g, t, "bar", ROLE_ADJOINT, COMBINE_ADD, dir);
    }
    for (uint32_t k = 0; k < n_of; k++)
        if (r.active[of[k]->number]) add_seed(&r, of[k], seed ? seed[k] : NULL);
    for (uint32_t k = n; k-- > 0;) {
        Tensor *t = g->tensors.at[k];
        if (!r.active[k]) continue;
        for (Equation *e = t->pieces; e; e = e->next) reverse_equation(&r, e);
        if (t->call) call_reverse(g, t, r.bar, r.active, dir);
    }
    for (uint32_t k = 0; k < n_wrt; k++) bars[k] = r.bar[wrt[k]->number];
}
