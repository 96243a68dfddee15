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

/* ---- signs ---------------------------------------------------------------------------------------------------------- */
typedef enum { SIGN_ANY, SIGN_NONNEGATIVE, SIGN_ABOVE } Sign; /* ABOVE: 0 by a constant, so that no division by it is infinite */
static Sign sign_of(Graph *g, Expr *e, int depth);

/* The least sign of all that the tensor's equations hold; a sum of what is not negative is not negative. */
static Sign sign_of_tensor(Graph *g, const Tensor *t, int depth) {
    if (!t->pieces || t->call || (t->op != COMBINE_SET && t->op != COMBINE_ADD) || (t->op == COMBINE_SET && t->pieces->next)) return SIGN_ANY;
    Sign least = t->op == COMBINE_ADD ? SIGN_NONNEGATIVE : SIGN_ABOVE;
    for (const Equation *e = t->pieces; e; e = e->next) {
        const Sign s = sign_of(g, e->body, depth - 1);
        if (s < least) least = s;
    }
    return least;
}

static Sign sign_of(Graph *g, Expr *e, int depth) {
    if (depth == 0) return SIGN_ANY;
    if (e->kind == EXPR_CONST) {
        const double v = e->type == TYPE_REAL ? e->of.real : (double)e->of.integer;
        return v > 0 ? SIGN_ABOVE : v == 0 ? SIGN_NONNEGATIVE : SIGN_ANY;
    }
    if (e->kind == EXPR_DIM) return SIGN_ABOVE;
    if (e->kind == EXPR_READ) return e->fill ? SIGN_ANY : sign_of_tensor(g, e->of.tensor, depth);
    if (e->kind != EXPR_OP) return SIGN_ANY;
    const Sign a = e->n > 0 ? sign_of(g, e->arg[0], depth - 1) : SIGN_ANY, b = e->n > 1 ? sign_of(g, e->arg[1], depth - 1) : SIGN_ANY;
    switch (e->of.number) {
    case OP_add: return a == SIGN_ANY || b == SIGN_ANY ? SIGN_ANY : a > b ? a : b;
    case OP_mul: return e->arg[0] == e->arg[1] || (a != SIGN_ANY && b != SIGN_ANY) ? (a == SIGN_ABOVE && b == SIGN_ABOVE ? SIGN_ABOVE : SIGN_NONNEGATIVE) : SIGN_ANY;
    case OP_div: return a != SIGN_ANY && b == SIGN_ABOVE ? SIGN_NONNEGATIVE : SIGN_ANY;
    case OP_sqrt: return a;
    case OP_abs: case OP_relu: case OP_sigmoid: case OP_softplus: case OP_exp: return SIGN_NONNEGATIVE;
    default: return SIGN_ANY;
    }
}

/* exp(s[j] - T) where T = logsumexp[j](s[j]) is at most 1: the weights of a softmax. */
static bool is_softmax(const Expr *e) {
    const Expr *d = expr_is_op(e, OP_exp) ? e->arg[0] : NULL;
    if (!d || !expr_is_op(d, OP_sub) || d->arg[1]->kind != EXPR_READ || d->arg[0]->kind != EXPR_READ) return false;
    const Tensor *t = d->arg[1]->of.tensor;
    return t->op == COMBINE_LOGSUMEXP && t->pieces && !t->pieces->next && t->pieces->body->kind == EXPR_READ && t->pieces->body->of.tensor == d->arg[0]->of.tensor;
}

enum { DEEPEST_SIGN = 8 };

/* Is the operator finite because of the signs of its arguments? */
static bool finite_by_sign(Graph *g, const Expr *x) {
    switch (x->of.number) {
    case OP_div: return is_uniform(g, x->arg[1]) || sign_of(g, x->arg[1], DEEPEST_SIGN) == SIGN_ABOVE;
    case OP_sqrt: return sign_of(g, x->arg[0], DEEPEST_SIGN) != SIGN_ANY;
    case OP_log: return sign_of(g, x->arg[0], DEEPEST_SIGN) == SIGN_ABOVE;
    default: return false;
    }
}

/* leaves: may the model's inputs and parameters be taken to be finite? Tensors are as `infinite` says. */
static bool finite_expr(Weaken *w, Expr *e, bool leaves) {
    if (leaves && is_softmax(e)) return true;
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *x = all.at[k];
        if (x->type == TYPE_INT) continue;
        if (x->kind == EXPR_CONST && !isfinite(x->of.real)) return false;
        if (x->kind == EXPR_READ && (!leaves || w->infinite[x->of.tensor->number])) return false;
        if (x->kind == EXPR_OP && !keeps_finite(x->of.number) && !finite_by_sign(w->g, x)) return false;
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

/* Finite whatever it is made of, as long as one of its terms is. */
static bool is_weight(const Tensor *t) { return t->op == COMBINE_SET && t->pieces && !t->pieces->next && is_softmax(t->pieces->body); }

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
            if (!w->infinite[r] && g->tensors.at[r]->type == TYPE_REAL && !is_weight(g->tensors.at[r])) {
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
