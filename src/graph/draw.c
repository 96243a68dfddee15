/* Draws as equations.
 *
 *     eps[i, j] ~ normal(mean, std)     ->     eps[i, j] = mean + std*draw_normal(place, i*n + j)
 *     u[i]      ~ uniform(lo, hi)       ->     u[i] = lo + (hi - lo)*draw_uniform(place, i)
 *     keep[i]   ~ bernoulli(p)          ->     keep[i] = if draw_uniform(place, i) < p then 1 else 0
 *
 * The element is counted in the whole tensor, row by row, so that a draw has one value wherever and in whatever order it
 * is computed. A derivative by what the arguments are made of (never a parameter) is that of these equations. */
#include "graph/ops.h"

static uint32_t draws_before(const Graph *g, const Tensor *t) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < t->number; k++) n += g->tensors.at[k]->role == ROLE_RANDOM;
    return n;
}

static Expr *element_number(Graph *g, const Tensor *t, Expr *const *index) {
    Expr *number = expr_int(g, 0);
    for (uint32_t k = 0; k < t->rank; k++) number = expr_add(g, expr_mul(g, t->extent[k], number), index[k]);
    return number;
}

static Expr *drawn_normal(Graph *g, Expr *draw, Expr *const *arg) { return expr_add(g, arg[0], expr_mul(g, arg[1], draw)); }
static Expr *drawn_uniform(Graph *g, Expr *draw, Expr *const *arg) {
    return expr_add(g, arg[0], expr_mul(g, expr_sub(g, arg[1], arg[0]), draw));
}
static Expr *drawn_bernoulli(Graph *g, Expr *draw, Expr *const *arg) {
    return expr_select(g, expr_op2(g, OP_lt, draw, arg[0]), expr_real(g, 1), expr_real(g, 0));
}

typedef struct {
    Op op;
    Expr *(*make)(Graph *, Expr *draw, Expr *const *arg);
} DrawRow;
static const DrawRow draw_rows[N_INITS] = {
    [INIT_NORMAL] = {OP_draw_normal, drawn_normal}, [INIT_UNIFORM] = {OP_draw_uniform, drawn_uniform}, [INIT_BERNOULLI] = {OP_draw_uniform, drawn_bernoulli}};

void graph_define_draw(Graph *g, Tensor *t) {
    const DrawRow *row = &draw_rows[t->init.kind];
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1), *arg[2];
    Domain d = domain_of_tensor(g, t, index);
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < t->rank; k++)
        if (t->index && t->index[k]) subst_index(s, t->index[k]->of.number, index[k]);
    for (int k = 0; k < 2; k++) arg[k] = subst_apply(s, t->init.arg[k]);
    Expr *draw = expr_op2(g, row->op, expr_int(g, draws_before(g, t)), element_number(g, t, index));
    graph_add_equation(g, t, index, row->make(g, draw, arg), d, NULL, t->span);
}
