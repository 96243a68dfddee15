/* inline: what reads a copy or a constant reads through it.
 *
 *     L_bar = 1;  L_sum_bar = L_bar*c        ->      L_sum_bar = c
 *     s_bar[i] = y_bar[i];  … s_bar[n] …     ->      … y_bar[n] … */
#include "simplify/passes.h"

/* What a read of the tensor at these subscripts stands for, or NULL. */
static Expr *read_through(Graph *g, const Expr *read) {
    const Tensor *t = read->of.tensor;
    if (t->op != COMBINE_SET || t->role == ROLE_SEED) return NULL;
    Equation *e = plain_definition(g, t);
    if (!e || e->body->type != t->type) return NULL;
    bool copy = e->body->kind == EXPR_READ && !e->body->fill && e->body->of.tensor != t, uniform = is_uniform(g, e->body);
    if (!copy && !(uniform && !read->fill)) return NULL;
    if (read->fill) { /* only a tensor of the same shape is outside at the same places */
        if (e->body->n != read->n) return NULL;
        for (uint32_t k = 0; k < read->n; k++)
            if (e->body->arg[k] != e->subs[k] || e->body->of.tensor->extent[k] != t->extent[k]) return NULL;
        return expr_read(g, e->body->of.tensor, read->arg, read->fill);
    }
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < t->rank; k++) subst_expr(s, e->subs[k], read->arg[k]);
    return subst_apply(s, e->body);
}

static Expr *rule(Graph *g, Expr *e, void *with) {
    Expr *through = e->kind == EXPR_READ ? read_through(g, e) : NULL;
    if (through) *(bool *)with = true;
    return through ? through : e;
}

/* What was read through may have made other definitions constant; chains are short, and each turn shortens them. */
void pass_inline(Graph *g) {
    bool any = true;
    for (int turn = 0; any && turn < 8; turn++) {
        any = false;
        rewrite_graph(rewriter_new(g, rule, &any));
        if (any) pass_algebra(g);
    }
}
