/* single: a sum of one term is an assignment, which needs no zero before it.
 *
 *     z_bar[i] += a_bar[i]*w   over all i                          ->      z_bar[i] = a_bar[i]*w
 *     s_bar[i] += p[i]/m;  s_bar[i] += -y[i]/m   over all i        ->      s_bar[i] = p[i]/m + -y[i]/m
 *
 * Terms that are defined alike over the whole tensor are one term first. */
#include "simplify/passes.h"

/* Both define every element by bare indices: the second's body in the indices of the first. */
static Expr *in_indices_of(Graph *g, const Equation *first, const Equation *second) {
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < first->target->rank; k++) subst_expr(s, second->subs[k], first->subs[k]);
    return subst_apply(s, second->body);
}

enum { MOST_TERMS = 8 }; /* a statement that a reader can take in */

static void join_terms(Graph *g, Tensor *t) {
    uint32_t n = 0;
    for (const Equation *e = t->pieces; e; e = e->next) n++;
    if (n > MOST_TERMS) return;
    Equation *first = NULL, **at = &t->pieces;
    while (*at) {
        Equation *e = *at;
        if (!covers_tensor(g, e)) {
            at = &e->next;
        } else if (!first) {
            first = e;
            at = &e->next;
        } else {
            first->body = expr_add(g, first->body, in_indices_of(g, first, e));
            *at = e->next;
        }
    }
    t->last_piece = NULL;
    for (Equation *e = t->pieces; e; e = e->next) t->last_piece = e;
}

void pass_single(Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->op == COMBINE_ADD && t->type == TYPE_REAL && t->pieces && t->pieces->next) join_terms(g, t);
        if (t->op != COMBINE_SET && t->op < COMBINE_ARGMAX && plain_definition(g, t)) t->op = COMBINE_SET;
    }
}
