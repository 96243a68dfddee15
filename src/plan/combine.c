/* Combining operators that no single statement computes, as equations of ones that do.
 *
 *     T logsumexp= s     ->   T_max max= s;   T_shift = if T_max is infinite then 0 else T_max;
 *                             T_total += exp(s - T_shift);   T = T_shift + log(T_total)
 *     T argmax= s: k     ->   T_best max= s;  T min= k   where s == T_best or s != s      (a nan is the greatest)
 *                             and where that may be of nothing, T_first min= k;  T = if T_first is none then -1 else T_first
 *
 * After logsumexp of all -inf: the shift is 0, the total 0, and the result log(0) = -inf, as it must be. */
#include <math.h>

#include "graph/ops.h"
#include "graph/restrict.h"
#include "plan/call.h"
#include "plan/nest.h"
#include "plan/prepare.h"

static Tensor *like(Graph *g, const Tensor *t, const char *suffix, Type type, Combine op) {
    Tensor *made = graph_add_tensor(g, name_printf(g->names, "%s_%s", t->name, suffix), type, ROLE_PART, op, t->rank, t->extent, t->span);
    made->index = t->index;
    return made;
}

static void copy_pieces(Graph *g, const Tensor *from, Tensor *to) {
    for (Equation *e = from->pieces; e; e = e->next) graph_add_equation(g, to, e->subs, e->body, e->domain, e->origin, e->span);
}

/* One equation over the whole tensor, of what `make` says of its element. */
static void define_whole(Graph *g, Tensor *t, Expr *(*make)(Graph *, Tensor *const *, Expr *const *), Tensor *const *parts, const Equation *from) {
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(g, t, index);
    graph_add_equation(g, t, index, make(g, parts, index), d, from->origin, from->span);
}

static Expr *make_shift(Graph *g, Tensor *const *part, Expr *const *index) {
    Expr *max = expr_read(g, part[0], index, NULL);
    Expr *infinite = expr_or(g, expr_op2(g, OP_eq, max, expr_real(g, INFINITY)), expr_op2(g, OP_eq, max, expr_real(g, -INFINITY)));
    return expr_select(g, infinite, expr_real(g, 0), max);
}
static Expr *make_total(Graph *g, Tensor *const *part, Expr *const *index) {
    return expr_add(g, expr_read(g, part[1], index, NULL), expr_op1(g, OP_log, expr_read(g, part[2], index, NULL)));
}

static void expand_logsumexp(Graph *g, Tensor *t) {
    Tensor *part[3] = {like(g, t, "max", TYPE_REAL, COMBINE_MAX), like(g, t, "shift", TYPE_REAL, COMBINE_SET), like(g, t, "total", TYPE_REAL, COMBINE_ADD)};
    Equation *pieces = t->pieces;
    copy_pieces(g, t, part[0]);
    define_whole(g, part[1], make_shift, part, pieces);
    for (Equation *e = pieces; e; e = e->next) {
        Expr *body = expr_op1(g, OP_exp, expr_sub(g, e->body, expr_read(g, part[1], e->subs, NULL)));
        graph_add_equation(g, part[2], e->subs, body, e->domain, e->origin, e->span);
    }
    t->pieces = t->last_piece = NULL;
    t->op = COMBINE_SET;
    define_whole(g, t, make_total, part, pieces);
}

/* A tensor that already holds the best of just these bodies. */
static Tensor *known_best(const Tensor *t) {
    return t->of && t->of->op == (t->op == COMBINE_ARGMAX ? COMBINE_MAX : COMBINE_MIN) && t->role == ROLE_WINNER ? t->of : NULL;
}

/* Do ranges alone say that each element has something to choose from? */
static bool is_of_something(Graph *g, const Tensor *t) {
    for (const Equation *e = t->pieces; e; e = e->next) {
        if (e->domain.guard) return false;
        for (uint32_t k = 0; k < e->domain.n; k++) {
            const Range *r = &e->domain.range[k];
            for (uint32_t b = 0; b < r->n_lo * r->n_hi; b++)
                if (condition_left(g, expr_op2(g, OP_lt, r->lo[b / r->n_hi], r->hi[b % r->n_hi]), &e->domain)) return false;
        }
    }
    return true;
}

/* Of nothing the least label is the greatest integer: t[i] = if first[i] is that then -1 else first[i]. */
static Expr *make_found(Graph *g, Tensor *const *part, Expr *const *index) {
    Expr *first = expr_read(g, part[0], index, NULL);
    return expr_select(g, expr_op2(g, OP_eq, first, combine_identity(g, COMBINE_MIN, TYPE_INT)), expr_int(g, -1), first);
}

static void expand_argbest(Graph *g, Tensor *t) {
    const bool sure = t->role == ROLE_WINNER || is_of_something(g, t); /* readers of a winner look whether there is one */
    Tensor *best = known_best(t);
    if (!best) {
        best = like(g, t, "best", TYPE_REAL, t->op == COMBINE_ARGMAX ? COMBINE_MAX : COMBINE_MIN);
        if (t->pieces && t->pieces->body->type == TYPE_INT) best->type = TYPE_INT;
        copy_pieces(g, t, best);
    }
    for (Equation *e = t->pieces; e; e = e->next) {
        Expr *is_best = expr_op2(g, OP_eq, e->body, expr_read(g, best, e->subs, NULL));
        if (e->body->type == TYPE_REAL) is_best = expr_or(g, is_best, expr_op2(g, OP_ne, e->body, e->body));
        e->domain.guard = expr_and(g, e->domain.guard, is_best);
        e->body = e->label;
        e->label = NULL;
    }
    t->op = COMBINE_MIN;
    if (sure) return;
    Tensor *first = like(g, t, "first", TYPE_INT, COMBINE_MIN);
    Equation *pieces = t->pieces;
    copy_pieces(g, t, first);
    t->pieces = t->last_piece = NULL;
    t->op = COMBINE_SET;
    define_whole(g, t, make_found, &first, pieces);
}

void plan_prepare(Graph *g) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->call) call_scratch(g, t);
        if (t->op == COMBINE_LOGSUMEXP && t->pieces) expand_logsumexp(g, t);
        if ((t->op == COMBINE_ARGMAX || t->op == COMBINE_ARGMIN) && t->pieces) expand_argbest(g, t);
    }
}
