/* Each statement of the tree runs once for each point of the loops, and under the tests, around it. */
#include "cost/planned.h"

#include <math.h>

#include "cost/around.h"
#include "cost/work.h"
#include "graph/restrict.h"

typedef struct {
    Counting *c;
    double flops;
    const Product *product; /* whose sizes may differ from one point to the next */
} Planned;

static bool add_product(void *with, int64_t weight) {
    Planned *p = with;
    Whole *w = p->c->whole;
    p->flops += 2.0 * (double)weight * whole_value(w, p->product->m) * whole_value(w, p->product->n) * whole_value(w, p->product->k);
    return true;
}

static void visit_product(Planned *p, const Domain *d, const Product *product) {
    bool *walk = NEW_ARRAY(p->c->g->arena, bool, d->n + 1);
    Expr *sizes[] = {product->m, product->n, product->k};
    for (int k = 0; k < 3; k++) mark_ranges(p->c->g, d, sizes[k], walk);
    p->product = product;
    if (domain_visit(p->c, d, walk, add_product, p) != VISIT_DONE) p->flops = NAN;
}

static void visit(Tree *n, const Visit *v, void *with) {
    Planned *p = with;
    Graph *g = p->c->g;
    if (n->kind != TREE_SET && n->kind != TREE_KERNEL && n->kind != TREE_CALL) return;
    Domain d = domain_as_run(g, v);
    Expr *guard = d.guard;
    d.guard = NULL;
    d = domain_restrict(g, d, guard); /* as bounds, which need no walk */
    if (n->kind == TREE_KERNEL) {
        visit_product(p, &d, &n->as.product);
        return;
    }
    const double once = n->kind == TREE_SET ? statement_flops(g, n->as.set.value, n->as.set.op) : call_flops(p->c, n->as.call.to);
    if (once > 0) p->flops += once * domain_points(p->c, &d).value;
}

double planned_flops(Counting *c, const Function *f) {
    Planned p = {.c = c};
    tree_visit(f->body, visit, &p);
    return p.flops;
}
