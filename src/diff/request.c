/* Derivative requests in a model (grad, jacobian, hessian, jvp, vjp) become equations, innermost first.
 *
 *     g[n] = grad(L, w)[n]        the call tensor of grad(L, w) becomes   = w_bar[n], with w_bar from reverse mode */
#include "diff/internal.h"

static bool is_request(const Tensor *t) { return t->call && t->call->kind >= CALL_GRAD; }

/* Does the tensor depend, through equations, on a request that is still open? Not beyond the argument that the derivative is by. */
static bool depends_on_request(Graph *g, Tensor *start, const Tensor *by) {
    bool *seen = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    VEC(Tensor *) work = {0};
    vec_push(g->arena, &work, start);
    while (work.n) {
        Tensor *t = work.at[--work.n];
        if (seen[t->number]) continue;
        seen[t->number] = true;
        if (t == by && t->argument) continue;
        if (is_request(t)) return true;
        for (uint32_t k = 0; t->call && k < t->call->n; k++) vec_push(g->arena, &work, t->call->arg[k]);
        for (Equation *e = t->pieces; e; e = e->next) {
            ExprList all = expr_walk(g, &e->body, 1);
            for (uint32_t k = 0; k < all.n; k++)
                if (all.at[k]->kind == EXPR_READ) vec_push(g->arena, &work, all.at[k]->of.tensor);
        }
    }
    return false;
}

static bool is_ready(Graph *g, const Tensor *t) {
    for (uint32_t k = 0; k < t->call->n; k++)
        if (depends_on_request(g, t->call->arg[k], t->call->arg[1])) return false;
    return true;
}

/* The call's tensor is read from `from`, whose axis k stands at place[k] of the call's. */
static void define_as(Graph *g, Tensor *t, Tensor *from, const uint32_t *place) {
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1), **subs = NEW_ARRAY(g->arena, Expr *, from->rank + 1);
    Domain d = domain_of_tensor(g, t, index);
    for (uint32_t k = 0; k < from->rank; k++) subs[k] = index[place ? place[k] : k];
    t->op = COMBINE_SET;
    graph_add_equation(g, t, index, expr_read(g, from, subs, NULL), d, NULL, t->span);
}

static Directions axes_of(Graph *g, const Tensor *t, uint32_t from) {
    Directions d = {.n = t->rank - from, .extent = t->extent + from, .name = NEW_ARRAY(g->arena, Symbol, t->rank + 1)};
    for (uint32_t k = 0; k < d.n; k++) d.name[k] = name_printf(g->names, "d%u", k);
    return d;
}

static double size_of(const Tensor *t) {
    double n = 1;
    for (uint32_t k = 0; k < t->rank; k++) n *= usual_length(t->extent[k]);
    return n;
}

bool forward_is_less(const Tensor *of, const Tensor *wrt) { return size_of(wrt) < size_of(of); }

Tensor *diff_jacobian(Graph *g, Tensor *of, Tensor *wrt, bool forward) {
    Tensor *made, *along = forward ? wrt : of;
    const Directions d = axes_of(g, along, 0), *directions = along->rank ? &d : NULL;
    if (forward) diff_forward(g, &wrt, NULL, 1, &of, 1, directions, &made);
    else diff_reverse(g, &of, NULL, 1, &wrt, 1, directions, &made);
    return made;
}

static void warn_zero(Graph *g, const Tensor *t, const Tensor *result) {
    if (!result->pieces && !result->call)
        diag_warning(g->diag, "zero-derivative", t->call->span, "this derivative is 0: '%s' does not depend on '%s'", t->call->arg[0]->name, t->call->arg[1]->name);
}

/* The diagonal over shared axes: t[s, a, b] = jacobian[s, a, s, b]. */
static void define_diagonal(Graph *g, Tensor *t, Tensor *jacobian, uint32_t shared, uint32_t y_rank) {
    uint32_t *place = NEW_ARRAY(g->arena, uint32_t, jacobian->rank + 1);
    for (uint32_t k = 0; k < jacobian->rank; k++) {
        if (k < y_rank) place[k] = k;
        else if (k < y_rank + shared) place[k] = k - y_rank;
        else place[k] = k - shared;
    }
    define_as(g, t, jacobian, place);
}

/* ---- elements that do not meet -------------------------------------------------------------------------------------------------- */
typedef struct {
    Graph *g;
    const bool *active;
    const Tensor *x;
    uint32_t axis, *tag; /* of x; by tensor number: its axis along which elements stay apart, + 1 */
    VEC(Tensor *) work;
} Apart;

/* Is the index on just one axis of the read, bare? Then its tensor's elements stay apart along that axis. */
static bool tag_read(Apart *p, const Expr *read, Expr *index) {
    Tensor *t = read->of.tensor;
    uint32_t found = 0;
    for (uint32_t k = 0; k < read->n; k++) {
        if (read->arg[k] == index && !found) found = k + 1;
        else if (expr_uses_index(p->g, read->arg[k], index->of.number)) return false;
    }
    if (!found || (t == p->x && found != p->axis + 1)) return false;
    if (p->tag[t->number]) return p->tag[t->number] == found;
    p->tag[t->number] = found;
    vec_push(p->g->arena, &p->work, t);
    return true;
}

/* Does y[s, …] depend on x[s, …] for the same s alone, along this axis of both? */
static bool stays_apart(Graph *g, Tensor *y, Tensor *x, uint32_t axis) {
    Apart p = {.g = g, .active = active_tensors(g, &x, 1, &y, 1), .x = x, .axis = axis, .tag = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1)};
    p.tag[y->number] = axis + 1;
    vec_push(g->arena, &p.work, y);
    while (p.work.n) {
        Tensor *t = p.work.at[--p.work.n];
        if (t == x) continue;
        if (t->call) return false;
        for (Equation *e = t->pieces; e; e = e->next) {
            Expr *index = e->subs[p.tag[t->number] - 1];
            ExprList all = expr_walk(g, &e->body, 1);
            for (uint32_t k = 0; k < all.n; k++) {
                const Expr *r = all.at[k];
                if (r->kind != EXPR_READ || (r->of.tensor != x && !p.active[r->of.tensor->number])) continue;
                if (index->kind != EXPR_INDEX || !tag_read(&p, r, index)) return false;
            }
        }
    }
    return true;
}

/* Where elements stay apart along all shared axes, no direction runs along them: t[s, o, b] = bar[o, s, b]. */
static bool resolve_apart(Graph *g, Tensor *t) {
    Tensor *y = t->call->arg[0], *x = t->call->arg[1], *bar;
    const uint32_t shared = t->call->shared;
    if (shared == 0 || y == x) return false;
    for (uint32_t a = 0; a < shared; a++)
        if (!stays_apart(g, y, x, a)) return false;
    const Directions d = axes_of(g, y, shared);
    diff_reverse(g, &y, NULL, 1, &x, 1, d.n ? &d : NULL, &bar);
    warn_zero(g, t, bar);
    uint32_t *place = NEW_ARRAY(g->arena, uint32_t, bar->rank + 1);
    for (uint32_t k = 0; k < d.n; k++) place[k] = shared + k;
    for (uint32_t k = 0; k < x->rank; k++) place[d.n + k] = k < shared ? k : d.n + k;
    define_as(g, t, bar, place);
    return true;
}

static void resolve_jacobian(Graph *g, Tensor *t) {
    Tensor *y = t->call->arg[0], *x = t->call->arg[1];
    if (resolve_apart(g, t)) return;
    /* Of elements (grad(u[n], x[n])) reverse mode is told to keep the index that both share. */
    Tensor *jacobian = diff_jacobian(g, y, x, t->call->shared == 0 && forward_is_less(y, x));
    warn_zero(g, t, jacobian);
    define_diagonal(g, t, jacobian, t->call->shared, y->rank);
}

/* The axes of y, those it shares with x first; then twice those that x has alone: t[s, o, a, b] = dot[s, o, s, a, s, b], the tangent
 * of the Jacobian. */
static void resolve_hessian(Graph *g, Tensor *t) {
    Tensor *y = t->call->arg[0], *x = t->call->arg[1], *bar = diff_jacobian(g, y, x, false), *dot;
    Directions d = axes_of(g, x, 0);
    diff_forward(g, &x, NULL, 1, &bar, 1, x->rank ? &d : NULL, &dot);
    warn_zero(g, t, bar);
    const uint32_t shared = t->call->shared, alone = x->rank - shared;
    uint32_t *place = NEW_ARRAY(g->arena, uint32_t, dot->rank + 1);
    for (uint32_t k = 0; k < y->rank; k++) place[k] = k;
    for (uint32_t k = 0; k < 2 * x->rank; k++) {
        const uint32_t axis = k % x->rank;
        place[y->rank + k] = axis < shared ? axis : y->rank + k / x->rank * alone + axis - shared;
    }
    define_as(g, t, dot, place);
}

static void resolve_jvp(Graph *g, Tensor *t) {
    Tensor *y = t->call->arg[0], *x = t->call->arg[1], *dot;
    diff_forward(g, &x, &t->call->arg[2], 1, &y, 1, NULL, &dot);
    warn_zero(g, t, dot);
    define_as(g, t, dot, NULL);
}

static void resolve_vjp(Graph *g, Tensor *t) {
    Tensor *y = t->call->arg[0], *x = t->call->arg[1], *bar;
    diff_reverse(g, &y, &t->call->arg[2], 1, &x, 1, NULL, &bar);
    warn_zero(g, t, bar);
    define_as(g, t, bar, NULL);
}

static void resolve(Graph *g, Tensor *t) {
    static void (*const rule[N_CALLS])(Graph *, Tensor *) = {[CALL_GRAD] = resolve_jacobian, [CALL_JACOBIAN] = resolve_jacobian,
                                                            [CALL_HESSIAN] = resolve_hessian, [CALL_JVP] = resolve_jvp, [CALL_VJP] = resolve_vjp};
    rule[t->call->kind](g, t);
    t->call = NULL;
}

void diff_requests(Graph *g) {
    for (bool any = true; any;) {
        any = false;
        Tensor *stuck = NULL;
        for (uint32_t k = 0; k < g->tensors.n; k++) {
            Tensor *t = g->tensors.at[k];
            if (!is_request(t)) continue;
            if (!is_ready(g, t)) stuck = t;
            else resolve(g, t), any = true;
        }
        if (stuck && !any) diag_error(g->diag, stuck->call->span, "this derivative depends on itself");
    }
}
