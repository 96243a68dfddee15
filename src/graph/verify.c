/* graph_verify: what always holds of a Graph, checked after every pass in debug and test builds.
 *
 *   subscripts, bounds, guards and labels are integers; a bound uses only dims and indices before it;
 *   a body uses only indices of its domain; a read has as many subscripts as its tensor has axes;
 *   what has equations has neither values nor a call; a target of `=` with constant subscripts is defined once. */
#include "graph/ops.h"

typedef struct {
    Graph *g;
    const char *after;
    bool good;
} Verify;

static void complain(Verify *v, const Equation *e, const char *what) {
    Text text = {0};
    equation_print(v->g, &text, e);
    fprintf(stderr, "bpc: after %s: %s: %s\n", v->after, what, text.at);
    text_free(&text);
    v->good = false;
}

static bool in_domain(const Equation *e, uint32_t index, uint32_t before) {
    for (uint32_t k = 0; k < before; k++)
        if (e->domain.range[k].index == index) return true;
    return false;
}

/* Every index below the expression is one of the first `before` of the domain. */
static void check_scope(Verify *v, const Equation *e, Expr *x, uint32_t before, const char *what) {
    ExprList all = expr_walk(v->g, &x, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *node = all.at[k];
        if (node->kind == EXPR_INDEX && !in_domain(e, node->of.number, before)) complain(v, e, what);
        if (node->kind == EXPR_ARG) complain(v, e, "a placeholder is left");
        if (node->kind != EXPR_READ) continue;
        if (node->n != node->of.tensor->rank) complain(v, e, "a read has the wrong number of subscripts");
        for (uint32_t a = 0; a < node->n; a++)
            if (node->arg[a]->type != TYPE_INT) complain(v, e, "a subscript is not an integer");
    }
}

static void check_equation(Verify *v, const Equation *e) {
    if (!e->body) {
        fprintf(stderr, "bpc: after %s: %s has an equation without a body\n", v->after, e->target->name);
        v->good = false;
        return;
    }
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        if (in_domain(e, r->index, k)) complain(v, e, "an index is in the domain twice");
        for (uint32_t b = 0; b < r->n_lo; b++) check_scope(v, e, r->lo[b], k, "a lower bound uses a later index");
        for (uint32_t b = 0; b < r->n_hi; b++) check_scope(v, e, r->hi[b], k, "an upper bound uses a later index");
        if (r->n_lo == 0 || r->n_hi == 0) complain(v, e, "a range has no bound");
    }
    for (uint32_t k = 0; k < e->target->rank; k++) {
        if (e->subs[k]->type != TYPE_INT) complain(v, e, "a subscript on the left is not an integer");
        check_scope(v, e, e->subs[k], e->domain.n, "a subscript uses an index that is not in the domain");
    }
    check_scope(v, e, e->body, e->domain.n, "the body uses an index that is not in the domain");
    if (e->domain.guard) check_scope(v, e, e->domain.guard, e->domain.n, "the guard uses an index that is not in the domain");
    bool arg = e->target->op == COMBINE_ARGMAX || e->target->op == COMBINE_ARGMIN;
    if (arg != (e->label != NULL)) complain(v, e, "argmax and argmin, and they alone, have a label");
}

bool graph_verify(const Graph *g, const char *after) {
    Verify v = {(Graph *)(uintptr_t)g, after, true};
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        if (t->number != k) {
            fprintf(stderr, "bpc: after %s: %s is not at its place\n", after, t->name);
            v.good = false;
        }
        for (const Equation *e = t->pieces; e; e = e->next) check_equation(&v, e);
    }
    return v.good;
}
