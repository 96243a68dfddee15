/* factor: what does not depend on the summed indices is taken out of the sum.
 *
 *     W_bar[k,j] += 1/m*(d[i,k]*x[i,j])   over k, j, i      ->     W_bar_total[k,j] += d[i,k]*x[i,j];
 *                                                                  W_bar[k,j] = 1/m*W_bar_total[k,j]
 *
 * Signs, uniform factors, and factors that read only what the left side indexes. What is left is a product of two
 * reads more often, which is what a matrix kernel wants. */
#include "simplify/passes.h"

static bool depends(Graph *g, const Equation *e, Expr *x) {
    ExprList all = expr_walk(g, &x, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX && !equation_has_left(e, all.at[k]->of.number)) return true;
    return false;
}

/* Splits x into outer * inner; outer NULL: 1. Strong products keep what they are strong in. */
static void split(Graph *g, const Equation *e, Expr *x, Expr **outer, Expr **inner) {
    *outer = NULL;
    *inner = x;
    if (expr_is_op(x, OP_neg)) {
        split(g, e, x->arg[0], outer, inner);
        *outer = *outer ? expr_op1(g, OP_neg, *outer) : expr_real(g, -1);
    } else if (expr_is_op(x, OP_mul)) {
        for (int k = 0; k < 2; k++) {
            if (depends(g, e, x->arg[k]) || x->arg[k]->type != TYPE_REAL) continue;
            split(g, e, x->arg[1 - k], outer, inner);
            *outer = *outer ? expr_mul(g, x->arg[k], *outer) : x->arg[k];
            return;
        }
    } else if (expr_is_op(x, OP_div) && !depends(g, e, x->arg[1])) {
        split(g, e, x->arg[0], outer, inner);
        *outer = expr_op2(g, OP_div, *outer ? *outer : expr_real(g, 1), x->arg[1]);
    }
}

static bool reduces(const Equation *e) {
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!equation_has_left(e, e->domain.range[k].index)) return true;
    return false;
}

/* The left side is bare, distinct indices, so that the total can be read back by them. */
static bool bare_left(const Equation *e) {
    for (uint32_t k = 0; k < e->target->rank; k++) {
        if (e->subs[k]->kind != EXPR_INDEX) return false;
        for (uint32_t j = 0; j < k; j++)
            if (e->subs[j] == e->subs[k]) return false;
    }
    return true;
}

static void factor_equation(Graph *g, Tensor *t, Equation *e) {
    if (!reduces(e) || !bare_left(e)) return;
    Expr *outer, *inner;
    split(g, e, e->body, &outer, &inner);
    if (!outer || inner->kind == EXPR_CONST) return;
    Tensor *total = graph_add_tensor(g, name_printf(g->names, "%s_total", t->name), TYPE_REAL, t->role, COMBINE_ADD, t->rank, t->extent, e->span);
    total->index = t->index;
    total->of = t->of;
    graph_add_equation(g, total, e->subs, inner, e->domain, e->origin, e->span);
    Domain left = {.n = 0, .range = NEW_ARRAY(g->arena, Range, e->domain.n)};
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (equation_has_left(e, e->domain.range[k].index)) left.range[left.n++] = e->domain.range[k];
    e->domain = left;
    e->body = expr_mul(g, outer, expr_read(g, total, e->subs, NULL));
}

/* Ranges of left indices must not use reduced ones. */
static bool left_stands_alone(Graph *g, const Equation *e) {
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        if (!equation_has_left(e, r->index)) continue;
        for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++)
            if (depends(g, e, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo])) return false;
    }
    return true;
}

void pass_factor(Graph *g) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->op == COMBINE_ADD && t->type == TYPE_REAL && t->pieces && !t->pieces->next && left_stands_alone(g, t->pieces)) {
            factor_equation(g, t, t->pieces);
            if (plain_definition(g, t)) t->op = COMBINE_SET;
        }
    }
}
