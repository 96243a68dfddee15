/* Choices: a loop of a few turns that decides by its index is written out, so that nothing is left to decide.
 *
 *     LOOP k in 0..3 { LOOP o { c[o,k] = if k == 0 then a[o] else if k == 1 then b[o] else 0 } }
 *  ->
 *     LOOP o { c[o,0] = a[o] }  LOOP o { c[o,1] = b[o] }  LOOP o { c[o,2] = 0 }
 *
 * What adds nothing is left out. Cross products and their derivatives are such loops: a third of their turns' terms or less is ever taken. */
#include "plan/unroll.h"

#include "graph/ops.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { MOST_TURNS = 4, MOST_STATEMENTS = 64 };

typedef struct {
    Graph *g;
    uint32_t index;
    bool decides, strange; /* strange: a node that is not copied */
    uint32_t statements;
} Look;

/* A comparison of the index with constants. */
static bool is_choice(Graph *g, Expr *e, uint32_t index) {
    if (e->kind != EXPR_OP || e->n != 2 || e->of.number < OP_lt || e->of.number > OP_ne || !expr_uses_index(g, e, index)) return false;
    ExprList all = expr_walk(g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ || all.at[k]->kind == EXPR_DIM || (all.at[k]->kind == EXPR_INDEX && all.at[k]->of.number != index)) return false;
    return true;
}

static void look_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Look *l = with;
    l->statements += n->kind == TREE_SET;
    l->strange |= n->kind == TREE_KERNEL || n->kind == TREE_CALL || n->kind == TREE_ONE_BY_ONE || (n->kind == TREE_IF && !n->as.test.condition);
    if (l->decides) return;
    ExprList all = tree_reads(l->g, n);
    for (uint32_t k = 0; k < all.n && !l->decides; k++) l->decides = is_choice(l->g, all.at[k], l->index);
}

static bool is_worth_it(Graph *g, const Tree *loop) {
    if (!tree_plain(loop) || !tree_constant(loop) || loop->as.loop.examples) return false;
    const double turns = tree_turns(loop);
    if (turns < 1 || turns > MOST_TURNS) return false;
    Look l = {.g = g, .index = loop->as.loop.index};
    tree_visit(loop->body, look_node, &l);
    return l.decides && !l.strange && l.statements * turns <= MOST_STATEMENTS;
}

/* The list at one value of the index, without what does nothing. */
static Tree *list_at(Graph *g, Subst *s, const Tree *list) {
    Tree *first = NULL, **end = &first;
    for (const Tree *n = list; n; n = n->next) {
        Tree *copy = tree_new(g->arena, n->kind, n->why);
        copy->as = n->as;
        if (n->kind == TREE_SET) {
            copy->as.set.value = subst_apply(s, n->as.set.value);
            copy->as.set.subs = NEW_ARRAY(g->arena, Expr *, n->as.set.to->rank + 1);
            for (uint32_t k = 0; k < n->as.set.to->rank; k++) copy->as.set.subs[k] = subst_apply(s, n->as.set.subs[k]);
            if (n->as.set.op == COMBINE_ADD && expr_is_number(copy->as.set.value, 0)) continue;
        } else {
            copy->body = list_at(g, s, n->body);
            if (!copy->body) continue;
        }
        if (n->kind == TREE_LOOP) {
            copy->as.loop.range = subst_range(g, s, &n->as.loop.range);
            copy->as.loop.within = subst_range(g, s, &n->as.loop.within);
        } else if (n->kind == TREE_IF) {
            copy->as.test.condition = subst_apply(s, n->as.test.condition);
            const Expr *known = copy->as.test.condition;
            if (known->kind == EXPR_CONST && expr_is_number(known, 0)) continue;
            if (known->kind == EXPR_CONST) copy = copy->body;
        }
        tree_append(&end, copy);
    }
    return first;
}

static void unroll_list(Graph *g, Tree **at) {
    while (*at) {
        Tree *n = *at;
        if (n->kind != TREE_LOOP || !is_worth_it(g, n)) {
            if (n->body) unroll_list(g, &n->body);
            at = &n->next;
            continue;
        }
        const Range *r = &n->as.loop.range;
        Tree *turns = NULL, **end = &turns;
        for (int64_t k = r->lo[0]->of.integer; k < r->hi[0]->of.integer; k++) {
            Subst *s = subst_new(g);
            subst_index(s, r->index, expr_int(g, k));
            tree_append(&end, list_at(g, s, n->body));
        }
        tree_append(&end, n->next);
        *at = turns; /* what is inside is looked at next */
    }
}

void unroll_choices(Function *f) { unroll_list(f->graph, &f->body); }
