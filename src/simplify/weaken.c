/* weaken: a strong product becomes plain where that says the same.
 *
 *     smul(z_bar[i], w)      ->      z_bar[i]*w
 *
 * 0*b is 0 for every finite b, so the product may be plain where b cannot be infinite or nan while the model's inputs and
 * parameters are finite. Where the model itself masks (a select, a filter), an adjoint is 0 just where the value may be
 * anything: there b must be finite whatever the inputs are. Overflow of finite sums is not considered. */
#include <math.h>

#include "simplify/passes.h"

typedef VEC(uint32_t) Numbers;

typedef struct {
    Graph *g;
    bool *infinite; /* by tensor: may hold an infinity or a nan though the leaves do not */
    bool *masked;   /* by tensor: read under a condition, itself or what follows from it */
    Numbers *reads, *readers; /* by tensor: real tensors that its equations read; that read it */
} Weaken;

/* Operators that are finite wherever their arguments are. */
static bool keeps_finite(uint32_t op) {
    static const bool keeps[N_OPS] = {
        [OP_neg] = true, [OP_add] = true, [OP_sub] = true, [OP_mul] = true, [OP_smul] = true, [OP_min] = true, [OP_max] = true,
        [OP_sin] = true, [OP_cos] = true, [OP_tanh] = true, [OP_sigmoid] = true, [OP_relu] = true, [OP_leaky_relu] = true, [OP_erf] = true,
        [OP_abs] = true, [OP_sign] = true, [OP_floor] = true, [OP_ceil] = true, [OP_round] = true, [OP_clamp] = true, [OP_step] = true,
        [OP_stop] = true, [OP_atan] = true, [OP_softplus] = true, [OP_silu] = true, [OP_gelu] = true, [OP_lt] = true, [OP_le] = true,
        [OP_gt] = true, [OP_ge] = true, [OP_eq] = true, [OP_ne] = true, [OP_and] = true, [OP_or] = true, [OP_not] = true,
        [OP_draw_normal] = true, [OP_draw_uniform] = true,
    };
    return op < N_OPS && keeps[op];
}

/* leaves: may the model's inputs and parameters be taken to be finite? Tensors are as `infinite` says. */
static bool finite_expr(Weaken *w, Expr *e, bool leaves) {
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *x = all.at[k];
        if (x->type == TYPE_INT) continue;
        if (x->kind == EXPR_CONST && !isfinite(x->of.real)) return false;
        if (x->kind == EXPR_READ && (!leaves || w->infinite[x->of.tensor->number])) return false;
        if (x->kind == EXPR_OP && x->of.number == OP_div && is_uniform(w->g, x->arg[1])) continue;
        if (x->kind == EXPR_OP && !keeps_finite(x->of.number)) return false;
    }
    return true;
}

static bool is_leaf(const Tensor *t) { return t->role <= ROLE_STATE || t->role == ROLE_SEED || t->role == ROLE_TRAINING; }

/* May the tensor be infinite by an equation of its own, whatever it reads? */
static bool makes_infinite(Weaken *w, const Tensor *t) {
    if (t->type == TYPE_INT || is_leaf(t)) return false;
    if (t->call || (t->op != COMBINE_SET && t->op != COMBINE_ADD)) return true;
    for (const Equation *e = t->pieces; e; e = e->next)
        if (!finite_expr(w, e->body, true)) return true;
    return false;
}

static bool has_mask(Graph *g, const Equation *e) {
    if (e->domain.guard) return true;
    ExprList all = expr_walk(g, (Expr *const *)&e->body, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_SELECT && all.at[k]->type == TYPE_REAL) return true;
    return false;
}

static void add_read(Weaken *w, const Tensor *t, const Tensor *r) {
    if (r->type != TYPE_REAL) return;
    vec_push(w->g->arena, &w->reads[t->number], r->number);
    vec_push(w->g->arena, &w->readers[r->number], t->number);
}

static void find_reads(Weaken *w, Tensor *t) {
    for (uint32_t k = 0; t->call && k < t->call->n; k++) add_read(w, t, t->call->arg[k]);
    for (Equation *e = t->pieces; e; e = e->next) {
        ExprList all = expr_walk(w->g, &e->body, 1);
        for (uint32_t k = 0; k < all.n; k++) {
            if (all.at[k]->kind == EXPR_READ) add_read(w, t, all.at[k]->of.tensor);
        }
    }
}

/* What a masked equation of the model reads, and what that is made of, inputs and parameters among them. */
static void find_masked(Weaken *w) {
    Graph *g = w->g;
    Numbers work = {0};
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        bool model = t->role == ROLE_WRITTEN || t->role == ROLE_PART, mask = false;
        for (Equation *e = t->pieces; e && model; e = e->next) mask |= has_mask(g, e);
        if (mask) vec_push(g->arena, &work, k);
    }
    while (work.n) {
        uint32_t t = work.at[--work.n];
        for (uint32_t k = 0; k < w->reads[t].n; k++) {
            uint32_t r = w->reads[t].at[k];
            if (!w->masked[r]) vec_push(g->arena, &work, r);
            w->masked[r] = true;
        }
    }
}

static void find_infinite(Weaken *w) {
    Graph *g = w->g;
    Numbers work = {0};
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (makes_infinite(w, g->tensors.at[k])) vec_push(g->arena, &work, k);
    for (uint32_t k = 0; k < work.n; k++) w->infinite[work.at[k]] = true;
    while (work.n) {
        uint32_t t = work.at[--work.n];
        for (uint32_t k = 0; k < w->readers[t].n; k++) {
            uint32_t r = w->readers[t].at[k];
            if (!w->infinite[r] && g->tensors.at[r]->type == TYPE_REAL) {
                w->infinite[r] = true;
                vec_push(g->arena, &work, r);
            }
        }
    }
}

/* Is an adjoint or tangent in the expression 0 where the model masked something? */
static bool is_masked(Weaken *w, Expr *a) {
    ExprList all = expr_walk(w->g, &a, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind == EXPR_SELECT) return true;
        const Tensor *t = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
        while (t && t->of) t = t->of;
        if (t && w->masked[t->number]) return true;
    }
    return false;
}

static Expr *rule(Graph *g, Expr *e, void *with) {
    if (!expr_is_op(e, OP_smul)) return e;
    Weaken *w = with;
    bool plain = finite_expr(w, e->arg[1], !is_masked(w, e->arg[0]));
    return plain ? expr_mul(g, e->arg[0], e->arg[1]) : e;
}

void pass_weaken(Graph *g) {
    Weaken w = {.g = g};
    w.infinite = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    w.masked = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    w.reads = NEW_ARRAY(g->arena, Numbers, g->tensors.n + 1);
    w.readers = NEW_ARRAY(g->arena, Numbers, g->tensors.n + 1);
    for (uint32_t k = 0; k < g->tensors.n; k++) find_reads(&w, g->tensors.at[k]);
    find_infinite(&w);
    find_masked(&w);
    rewrite_graph(rewriter_new(g, rule, &w));
}
