/* single: a sum of one term is an assignment, which needs no zero before it.
 *
 *     z_bar[i] += a_bar[i]*w   over all i        ->      z_bar[i] = a_bar[i]*w */
#include "simplify/passes.h"

void pass_single(Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->op != COMBINE_SET && t->op < COMBINE_ARGMAX && plain_definition(g, t)) t->op = COMBINE_SET;
    }
}
