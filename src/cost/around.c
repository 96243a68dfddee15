/* A loop that is cut into blocks is two: the outer one counts blocks, and the inner one knows what its index stays within. */
#include "cost/around.h"

/* Is the loop there only to cut one inside it into blocks? */
static bool cuts(Graph *g, const Tree *loop, const Visit *v) {
    for (const Visit *at = v; at && at->node && at->node != loop; at = at->outer) {
        if (at->node->kind != TREE_LOOP || at->node->as.loop.within.n_lo == 0) continue;
        if (expr_uses_index(g, at->node->as.loop.range.lo[0], loop->as.loop.index)) return true;
    }
    return false;
}

static Domain around(Graph *g, const Visit *v, bool whole) {
    VEC(Range) inside = {0};
    Domain d = {.n = 0};
    for (const Visit *at = v; at && at->node; at = at->outer) {
        const Tree *n = at->node;
        if (n->kind == TREE_IF && n->as.test.condition) d.guard = expr_and(g, d.guard, n->as.test.condition);
        if (n->kind != TREE_LOOP || (whole && cuts(g, n, v))) continue;
        vec_push(g->arena, &inside, whole && n->as.loop.within.n_lo ? n->as.loop.within : n->as.loop.range);
    }
    d.n = inside.n;
    d.range = NEW_ARRAY(g->arena, Range, inside.n + 1);
    for (uint32_t k = 0; k < d.n; k++) d.range[k] = inside.at[d.n - 1 - k];
    return d;
}

Domain domain_around(Graph *g, const Visit *v) { return around(g, v, true); }
Domain domain_as_run(Graph *g, const Visit *v) { return around(g, v, false); }
