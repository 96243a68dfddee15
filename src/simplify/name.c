/* name: every costly operator gets a tensor of its own.
 *
 *     y[i] = v*sigmoid(w*x[i])      ->      y_sigmoid[i] = sigmoid(w*x[i]);   y[i] = v*y_sigmoid[i]
 *
 * Names cost nothing, since storage follows loops, and a partial that reads its operator's result then reads that
 * tensor instead of computing it again. What is made of constants and dims alone stays where it is.
 *
 * share: in derivatives what is costly gets one too, so that cse finds the tensor of the model that it is already:
 * the sigmoid in the error signal of a cross-entropy is yhat.
 *
 * split: so does a factor of a summed product that needs fewer indices than the product has.
 *
 *     s[i,k] += W[k,j]*relu(z[i,j])       ->      s_factor[i,j] = relu(z[i,j]);   s[i,k] += W[k,j]*s_factor[i,j]
 *
 * It is computed once for each of its own elements, and what is left is a matrix product. */
#include "simplify/passes.h"

#include "graph/restrict.h"

enum { COSTLY = 4, SHARED = 10 }; /* flops from which a name pays: a division; and in a derivative, an exponential */

static bool is_costly(Graph *g, Expr *e, double least) {
    if (e->kind != EXPR_OP || e->type != TYPE_REAL || op_row(g, e->of.number)->flops < least) return false;
    if (e->of.number == OP_div) return !is_uniform(g, e->arg[1]);
    if (e->of.number == OP_mod || op_is_draw(g, e->of.number)) return false;
    return !is_uniform(g, e);
}

/* Marks the indices of the domain that the expression needs: its own, and those that their ranges are made of. */
static void mark_indices(Graph *g, const Equation *e, Expr *x, bool *needed) {
    for (uint32_t k = e->domain.n; k-- > 0;) {
        const Range *r = &e->domain.range[k];
        needed[k] |= expr_uses_index(g, x, r->index);
        if (!needed[k]) continue;
        for (uint32_t j = 0; j < k; j++)
            for (uint32_t b = 0; b < r->n_lo + r->n_hi; b++)
                needed[j] |= expr_uses_index(g, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo], e->domain.range[j].index);
    }
}

static Expr *make_part(Graph *g, const Equation *e, Expr *x, const char *what) {
    bool *needed = NEW_ARRAY(g->arena, bool, e->domain.n + 1);
    mark_indices(g, e, x, needed);
    Expr **subs = NEW_ARRAY(g->arena, Expr *, e->domain.n + 1), **extent = NEW_ARRAY(g->arena, Expr *, e->domain.n + 1);
    Domain d = {.n = 0, .range = NEW_ARRAY(g->arena, Range, e->domain.n + 1)};
    for (uint32_t k = 0; k < e->domain.n; k++) {
        if (!needed[k]) continue;
        subs[d.n] = expr_index(g, e->domain.range[k].index);
        extent[d.n] = index_extent(g, &e->domain, e->domain.range[k].index);
        if (!extent[d.n]) return x;
        d.range[d.n++] = e->domain.range[k];
    }
    Symbol name = name_printf(g->names, "%s_%s", e->target->name, what);
    Tensor *part = graph_add_tensor(g, name, TYPE_REAL, ROLE_PART, COMBINE_SET, d.n, extent, e->span);
    part->index = subs;
    graph_add_equation(g, part, subs, x, d, NULL, e->span);
    return expr_read(g, part, subs, NULL);
}

static bool is_stopped(Graph *g, Expr *e, double least) {
    (void)g, (void)least;
    return expr_is_op(e, OP_stop) && e->type == TYPE_REAL;
}

typedef bool Wanted(Graph *, Expr *, double least);
static void name_equation(Graph *g, Equation *e, Wanted *wanted, double least) {
    ExprList all = expr_walk(g, &e->body, 1);
    bool any = false;
    for (uint32_t k = 0; k < all.n; k++) any |= wanted(g, all.at[k], least);
    if (!any) return;
    Map *memo = map_new(g->arena);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *x = all.at[k];
        Subst *s = subst_new(g);
        for (uint32_t a = 0; a < x->n; a++) subst_expr(s, x->arg[a], map_get(memo, x->arg[a]));
        if (x->fill) subst_expr(s, x->fill, map_get(memo, x->fill));
        Expr *made = subst_apply(s, x);
        bool root = x == e->body && e->target->op == COMBINE_SET && wanted == is_costly;
        map_put(memo, x, !root && wanted(g, made, least) ? make_part(g, e, made, op_row(g, made->of.number)->name) : made);
    }
    e->body = map_get(memo, e->body);
}

static void name_all(Graph *g, Wanted *wanted, double least) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++)
        for (Equation *e = g->tensors.at[k]->pieces; e; e = e->next)
            if (g->tensors.at[k]->type == TYPE_REAL) name_equation(g, e, wanted, least);
}

void pass_name(Graph *g) { name_all(g, is_costly, COSTLY); }
void pass_share(Graph *g) { name_all(g, is_costly, SHARED); }
void name_stopped(Graph *g) { name_all(g, is_stopped, 0); }

/* Fewer indices than the domain has, those that their ranges need among them. */
static bool needs_fewer(Graph *g, const Equation *e, Expr *x) {
    bool *needed = NEW_ARRAY(g->arena, bool, e->domain.n + 1);
    mark_indices(g, e, x, needed);
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!needed[k]) return true;
    return false;
}

static void split_equation(Graph *g, Equation *e) {
    if (!expr_is_op(e->body, OP_mul) || e->domain.guard || e->domain.n < 2) return;
    Expr *factor[2];
    for (int k = 0; k < 2; k++) {
        Expr *x = factor[k] = e->body->arg[k];
        bool made = x->kind == EXPR_OP || x->kind == EXPR_SELECT;
        if (k == 1 && x == e->body->arg[0]) factor[1] = factor[0]; /* a square */
        else if (made && x->type == TYPE_REAL && !is_uniform(g, x) && needs_fewer(g, e, x)) factor[k] = make_part(g, e, x, "factor");
    }
    e->body = expr_mul(g, factor[0], factor[1]);
}

void pass_split(Graph *g) {
    for (uint32_t k = 0, n = g->tensors.n; k < n; k++) {
        Tensor *t = g->tensors.at[k];
        for (Equation *e = t->pieces; e && t->op == COMBINE_ADD; e = e->next) split_equation(g, e);
    }
}
