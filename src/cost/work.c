/* Flops; work.h says of what. Integer arithmetic of subscripts is not counted, comparing reals is. An operator counts what its
 * row of the operator table says, one of the file's own what its expression costs. Factorisations count the leading terms of
 * Golub and Van Loan, Matrix Computations, 4th edition (2013), chapters 3 and 4. */
#include "cost/work.h"

#include "graph/ops.h"
#include "graph/rewrite.h"

static bool touches_reals(const Expr *e) {
    for (uint32_t k = 0; k < e->n; k++)
        if (e->arg[k]->type == TYPE_REAL) return true;
    return e->type == TYPE_REAL;
}

static double expression_flops(Graph *g, Expr *body, int depth);

static double op_flops(Graph *g, const Expr *e, int depth) {
    const OpRow *row = op_row(g, e->of.number);
    if (e->of.number >= N_OPS && row->value && depth < 8) return expression_flops(g, row->value, depth + 1);
    return row->flops;
}

static double expression_flops(Graph *g, Expr *body, int depth) {
    ExprList all = expr_walk(g, &body, 1);
    double sum = 0;
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_OP && touches_reals(all.at[k]) && !is_uniform(g, all.at[k])) sum += op_flops(g, all.at[k], depth);
    return sum;
}

static bool reduces(const Equation *e) {
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!equation_has_left(e, e->domain.range[k].index)) return true;
    return e->target->pieces != e || e->next != NULL;
}

static const double combine[N_COMBINES] = {[COMBINE_ADD] = 1, [COMBINE_MUL] = 1, [COMBINE_MAX] = 1, [COMBINE_MIN] = 1,
                                           [COMBINE_LOGSUMEXP] = 22, [COMBINE_ARGMAX] = 1, [COMBINE_ARGMIN] = 1};

double equation_flops(Graph *g, const Equation *e) {
    const bool real = e->target->type == TYPE_REAL || e->body->type == TYPE_REAL;
    return expression_flops(g, e->body, 0) + (real && reduces(e) ? combine[e->target->op] : 0);
}

double statement_flops(Graph *g, Expr *value, Combine op) { return expression_flops(g, value, 0) + (value->type == TYPE_REAL ? combine[op] : 0); }

/* ---- factorisations ------------------------------------------------------------------------------------------------ */
static Amount matrix_work(Counting *c, const Tensor *t) {
    const Call *call = t->call;
    const Tensor *a = call->arg[0];
    Amount n = expr_amount(c, a->extent[a->rank - 1]), square = amount_mul(c, n, n), cube = amount_mul(c, square, n);
    static const unsigned long thirds[N_CALLS] = {[CALL_SOLVE] = 2, [CALL_INV] = 6, [CALL_DET] = 2, [CALL_LOGDET] = 2, [CALL_CHOLESKY] = 1, [CALL_COFACTOR] = 6};
    Amount one = amount_scale(c, cube, thirds[call->kind], 3);
    if (call->kind == CALL_SOLVE) {
        Amount columns = call->arg[1]->rank == a->rank ? expr_amount(c, call->arg[1]->extent[a->rank - 1]) : amount_whole(c, 1);
        one = amount_add(c, one, amount_scale(c, amount_mul(c, square, columns), 2, 1));
    }
    return one;
}

static Amount call_work(Counting *c, const Tensor *t) {
    const Tensor *a = t->call->arg[0];
    Amount all = matrix_work(c, t);
    for (uint32_t k = 0; k + 2 < a->rank; k++) all = amount_mul(c, all, expr_amount(c, a->extent[k])); /* the batch */
    return all;
}

double call_flops(Counting *c, const Tensor *t) { return matrix_work(c, t).value; }

/* ---- everything that is needed ------------------------------------------------------------------------------------- */
typedef struct {
    Counting *c;
    bool *seen;
    VEC(Tensor *) work;
} Need;

static void need(Need *n, Tensor *t) {
    if (n->seen[t->number]) return;
    n->seen[t->number] = true;
    vec_push(n->c->g->arena, &n->work, t);
}

static void need_of_equation(Need *n, const Equation *e) {
    Graph *g = n->c->g;
    VEC(Expr *) roots = {0};
    vec_push(g->arena, &roots, e->body);
    vec_push(g->arena, &roots, e->label);
    vec_push(g->arena, &roots, e->domain.guard);
    for (uint32_t k = 0; k < e->target->rank; k++) vec_push(g->arena, &roots, e->subs[k]);
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++) vec_push(g->arena, &roots, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo]);
    }
    ExprList all = expr_walk(g, roots.at, roots.n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) need(n, all.at[k]->of.tensor);
}

Amount work_of(Counting *c, Tensor *const *goals, uint32_t n_goals) {
    Need n = {.c = c, .seen = NEW_ARRAY(c->g->arena, bool, c->g->tensors.n + 1)};
    Amount sum = amount_whole(c, 0);
    for (uint32_t k = 0; k < n_goals; k++) need(&n, goals[k]);
    while (n.work.n) {
        Tensor *t = n.work.at[--n.work.n];
        for (Equation *e = t->pieces; e; e = e->next) {
            need_of_equation(&n, e);
            const double flops = equation_flops(c->g, e);
            if (flops > 0) sum = amount_add(c, sum, amount_times(c, domain_points(c, &e->domain), flops));
        }
        if (!t->call) continue;
        for (uint32_t k = 0; k < t->call->n; k++) need(&n, t->call->arg[k]);
        sum = amount_add(c, sum, call_work(c, t));
    }
    return sum;
}
