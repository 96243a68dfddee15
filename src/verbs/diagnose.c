/* The interpreter computes tensor by tensor; the first bad one is a bad one that reads no other bad one.
 *
 * Example: with w = 1e200, z = w*x is finite in double, L = z*z is not: the answer is L. */
#include "verbs/diagnose.h"

#include <math.h>
#include <stdlib.h>

static bool is_bad(Eval *e, const Tensor *t, double largest) {
    const int64_t n = eval_count(e, t);
    double *values = n < 0 ? NULL : malloc(array_bytes((size_t)n + 1, sizeof *values));
    bool bad = false;
    if (values && eval_get(e, t, values) == 0)
        for (int64_t k = 0; k < n && !bad; k++) bad = !(fabs(values[k]) <= largest);
    free(values);
    return bad;
}

static bool reads_bad(Graph *g, const Tensor *t, const bool *bad) {
    for (const Equation *piece = t->pieces; piece; piece = piece->next) {
        Expr *body = piece->body;
        ExprList all = expr_walk(g, &body, 1);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_READ && all.at[k]->of.tensor != t && bad[all.at[k]->of.tensor->number]) return true;
    }
    return false;
}

const Tensor *first_not_finite(Graph *g, Eval *e, double largest) {
    const uint32_t n = g->tensors.n;
    bool *bad = NEW_ARRAY(g->arena, bool, n + 1);
    for (uint32_t k = 0; k < n; k++) bad[k] = g->tensors.at[k]->type == TYPE_REAL && is_bad(e, g->tensors.at[k], largest);
    for (uint32_t k = 0; k < n; k++)
        if (bad[k] && !reads_bad(g, g->tensors.at[k], bad)) return g->tensors.at[k];
    return NULL;
}
