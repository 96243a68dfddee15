/* stable: the closed list of section 4 of the language, in forms that neither overflow nor cancel.
 *
 *     log(sigmoid(x))             ->  -softplus(-x)            log(exp(x))           ->  x
 *     log(1 - sigmoid(x))         ->  -softplus(x)             log(1 + exp(x))       ->  softplus(x)
 *     log(sum(exp(s)))            ->  logsumexp(s)             exp(s)/sum(exp(t))    ->  exp(s - logsumexp(t))
 *     log(exp(s)/sum(exp(t)))     ->  s - logsumexp(t)
 *     1/(1 + exp(-x)), exp(x)/(1 + exp(x))             ->  sigmoid(x)
 *     a*log(sigmoid(x)) + (1 - a)*log(1 - sigmoid(x))  ->  a*x - softplus(x)
 *
 * They are recognised through names, subscripts and gathers: a read of a tensor that one equation defines counts as
 * what that equation says there. Runs before differentiation, so that the derivatives are those of the stable forms. */
#include "simplify/passes.h"

typedef struct {
    Graph *g;
    Map *lse; /* Tensor that sums exponentials -> the tensor of its logarithm */
} Stable;

/* What the expression says, seen through names. */
static Expr *look_through(Graph *g, Expr *e) {
    for (int depth = 0; depth < 8 && e->kind == EXPR_READ && !e->fill; depth++) {
        const Tensor *t = e->of.tensor;
        Equation *def = t->op == COMBINE_SET && (t->role == ROLE_WRITTEN || t->role == ROLE_PART) ? plain_definition(g, t) : NULL;
        if (!def || expr_reads(g, def->body, t)) break;
        Subst *s = subst_new(g);
        for (uint32_t k = 0; k < t->rank; k++) subst_expr(s, def->subs[k], e->arg[k]);
        e = subst_apply(s, def->body);
    }
    return e;
}

/* 1 + exp(x), in either order: x; else NULL. */
static Expr *one_plus_exp(Graph *g, Expr *e) {
    e = look_through(g, e);
    for (int k = 0; k < 2 && expr_is_op(e, OP_add); k++) {
        Expr *x = look_through(g, e->arg[1 - k]);
        if (expr_is_number(e->arg[k], 1) && expr_is_op(x, OP_exp)) return x->arg[0];
    }
    return NULL;
}

/* A quotient that is a sigmoid; else itself. */
static Expr *as_sigmoid(Graph *g, Expr *e) {
    Expr *x = expr_is_op(e, OP_div) ? one_plus_exp(g, e->arg[1]) : NULL;
    if (!x) return e;
    if (expr_is_number(e->arg[0], 1)) return expr_op1(g, OP_sigmoid, expr_is_op(x, OP_neg) ? x->arg[0] : expr_op1(g, OP_neg, x));
    Expr *top = look_through(g, e->arg[0]);
    return expr_is_op(top, OP_exp) && top->arg[0] == x ? expr_op1(g, OP_sigmoid, x) : e;
}

static Expr *look(Graph *g, Expr *e) { return as_sigmoid(g, look_through(g, e)); }

static Expr *softplus(Graph *g, Expr *x) { return expr_op1(g, OP_softplus, x); }
static Expr *negative(Graph *g, Expr *x) { return expr_op1(g, OP_neg, x); }

/* The tensor whose elements are the logarithms of those of t, where t sums exponentials; else NULL. */
static Tensor *log_of_sum(Stable *s, Tensor *t) {
    Graph *g = s->g;
    if (t->op != COMBINE_ADD || !t->pieces || t->type != TYPE_REAL) return NULL;
    Tensor *known = map_get(s->lse, t);
    if (known) return known;
    for (Equation *e = t->pieces; e; e = e->next)
        if (!expr_is_op(look(g, e->body), OP_exp)) return NULL;
    Tensor *lse = graph_add_tensor(g, name_printf(g->names, "%s_lse", t->name), TYPE_REAL, ROLE_PART, COMBINE_LOGSUMEXP, t->rank, t->extent, t->span);
    lse->index = t->index;
    for (Equation *e = t->pieces; e; e = e->next) graph_add_equation(g, lse, e->subs, look(g, e->body)->arg[0], e->domain, e->origin, e->span);
    map_put(s->lse, t, lse);
    return lse;
}

/* Follows names down to a read of a sum. */
static Expr *read_of_sum(Graph *g, Expr *e) {
    e = look(g, e);
    return e->kind == EXPR_READ && !e->fill && e->of.tensor->op == COMBINE_ADD ? e : NULL;
}

static Expr *log_of_quotient(Stable *s, Expr *quotient) {
    Graph *g = s->g;
    Expr *top = look(g, quotient->arg[0]), *sum = read_of_sum(g, quotient->arg[1]);
    Tensor *lse = expr_is_op(top, OP_exp) && sum ? log_of_sum(s, sum->of.tensor) : NULL;
    return lse ? expr_sub(g, top->arg[0], expr_read(g, lse, sum->arg, NULL)) : NULL;
}

static Expr *stable_log(Stable *s, Expr *e) {
    Graph *g = s->g;
    Expr *a = look(g, e->arg[0]);
    if (expr_is_op(a, OP_exp)) return a->arg[0];
    if (expr_is_op(a, OP_sigmoid)) return negative(g, softplus(g, negative(g, a->arg[0])));
    if (expr_is_op(a, OP_sub) && expr_is_number(a->arg[0], 1)) {
        Expr *p = look(g, a->arg[1]);
        if (expr_is_op(p, OP_sigmoid)) return negative(g, softplus(g, p->arg[0]));
    }
    Expr *x = one_plus_exp(g, a);
    if (x) return softplus(g, x);
    if (expr_is_op(a, OP_div)) {
        Expr *stable = log_of_quotient(s, a);
        if (stable) return stable;
    }
    Expr *sum = read_of_sum(g, e->arg[0]);
    Tensor *lse = sum ? log_of_sum(s, sum->of.tensor) : NULL;
    return lse ? expr_read(g, lse, sum->arg, NULL) : e;
}

/* ---- the binary cross-entropy ------------------------------------------------------------------------------------- */
/* sign * weight * log(p), where p is sigmoid(x) (`complement`: 1 - sigmoid(x)), after the logarithms became stable. */
typedef struct {
    double sign;
    Expr *weight, *x;
    bool complement;
} LogTerm;

static bool as_log(Graph *g, Expr *e, LogTerm *t) {
    if (!expr_is_op(e, OP_neg) || !expr_is_op(e->arg[0], OP_softplus)) return false;
    Expr *x = e->arg[0]->arg[0];
    t->complement = !expr_is_op(x, OP_neg);
    t->x = t->complement ? x : x->arg[0];
    (void)g;
    return true;
}

static bool as_term(Graph *g, Expr *e, LogTerm *t) {
    t->sign = 1;
    while (expr_is_op(e, OP_neg) && !expr_is_op(e->arg[0], OP_softplus)) {
        t->sign = -t->sign;
        e = e->arg[0];
    }
    if (!expr_is_op(e, OP_mul)) return false;
    for (int k = 0; k < 2; k++)
        if (as_log(g, e->arg[k], t)) {
            t->weight = e->arg[1 - k];
            if (expr_is_op(t->weight, OP_neg)) {
                t->sign = -t->sign;
                t->weight = t->weight->arg[0];
            }
            return true;
        }
    return false;
}

static bool is_complement(const Expr *a, const Expr *b) { /* b == 1 - a */
    return expr_is_op(b, OP_sub) && expr_is_number(b->arg[0], 1) && b->arg[1] == a;
}
static bool is_complement_sum(const Expr *a, const Expr *b) { /* integers: 1 - a is kept as -a + 1 */
    return expr_is_op(b, OP_add) && expr_is_int(b->arg[1], 1) && expr_is_op(b->arg[0], OP_neg) && b->arg[0]->arg[0] == a;
}

static Expr *stable_sum(Graph *g, Expr *e) {
    LogTerm a, b;
    if (!as_term(g, e->arg[0], &a) || !as_term(g, e->arg[1], &b)) return e;
    if (expr_is_op(e, OP_sub)) b.sign = -b.sign;
    if (a.complement) {
        LogTerm swap = a;
        a = b, b = swap;
    }
    if (a.complement || !b.complement || a.x != b.x || a.sign != b.sign) return e;
    if (!is_complement(a.weight, b.weight) && !is_complement_sum(a.weight, b.weight)) return e;
    Expr *stable = expr_sub(g, expr_mul(g, a.weight, a.x), softplus(g, a.x));
    return a.sign < 0 ? negative(g, stable) : stable;
}

static Expr *rule(Graph *g, Expr *e, void *with) {
    Stable *s = with;
    if (expr_is_op(e, OP_log)) return stable_log(s, e);
    if (expr_is_op(e, OP_div)) {
        Expr *log = log_of_quotient(s, e);
        return log ? expr_op1(g, OP_exp, log) : as_sigmoid(g, e);
    }
    if (expr_is_op(e, OP_add) || expr_is_op(e, OP_sub)) return stable_sum(g, e);
    return e;
}

void pass_stable(Graph *g) {
    Stable s = {g, map_new(g->arena)};
    rewrite_graph(rewriter_new(g, rule, &s));
}
