/* Interchange: a sum whose innermost loop jumps through memory is run along the last axis of what it defines.
 *
 *     LOOP d { SET y[k,d] = 0                        LOOP d { SET y[k,d] = 0 }
 *              LOOP j { y[k,d] += W[k,j]*x[j,d] } }      ->      LOOP j { LOOP d { SET y[k,d] += W[k,j]*x[j,d] } }
 *
 * Each element still adds its terms in the same order, so every bit stays. Long sums of floats keep their loop innermost, where
 * they are split (sums.c). */
#include "graph/affine.h"
#include "plan/fuse.h"
#include "plan/nest.h"

enum { LONGEST_FLOAT_SUM = 2048, MOST_LOOPS = 8 };

/* Reads of the value that take steps of one (or none) along the index, and those that jump. */
static void count_steps(Graph *g, Expr *value, uint32_t index, int *along, int *across) {
    ExprList all = expr_walk(g, &value, 1);
    Expr *i = expr_index(g, index);
    *along = *across = 0;
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *e = all.at[k];
        if (e->kind != EXPR_READ) continue;
        for (uint32_t a = 0; a < e->n; a++) {
            Affine form;
            if (!expr_uses_index(g, e->arg[a], index)) continue;
            const bool by_one = a + 1 == e->n && affine_of(g, e->arg[a], &form) && affine_coefficient(&form, i) == 1;
            *(by_one ? along : across) += 1;
        }
    }
}

static int64_t constant_length(Graph *g, const Range *r) {
    Expr *length = r->n_lo == 1 && r->n_hi == 1 ? expr_sub(g, r->hi[0], r->lo[0]) : NULL;
    return length && length->kind == EXPR_CONST ? length->of.integer : 0;
}

/* The sum below the statement that starts it: its loops, outermost first, and the statement that adds. */
typedef struct {
    Tree *loop[MOST_LOOPS], *set;
    uint32_t n;
} Sum;

static bool read_sum(Tree *t, Sum *s) {
    for (; t && t->kind == TREE_LOOP && !t->next && s->n < MOST_LOOPS; t = t->body) s->loop[s->n++] = t;
    s->set = t;
    return s->n > 0 && t && t->kind == TREE_SET && !t->next;
}

static bool same_element(const Tree *a, const Tree *b) {
    if (a->as.set.to != b->as.set.to) return false;
    for (uint32_t k = 0; k < a->as.set.to->rank; k++)
        if (a->as.set.subs[k] != b->as.set.subs[k]) return false;
    return true;
}

static bool may_move(Graph *g, const Tree *outer, const Sum *s) {
    const uint32_t index = outer->as.loop.index;
    int64_t terms = 1;
    bool in_turn = false;
    for (uint32_t k = 0; k < s->n; k++) {
        const Range *r = &s->loop[k]->as.loop.range;
        if (range_uses_index(g, r, index) || s->loop[k]->as.loop.lanes) return false;
        in_turn |= s->loop[k]->as.loop.in_turn; /* those are not split */
        if (!s->loop[k]->as.loop.examples) terms *= constant_length(g, r); /* of those there are few in a block */
    }
    return g->f64 || in_turn || (terms > 0 && terms <= LONGEST_FLOAT_SUM);
}

static bool pays(Graph *g, const Tree *outer, const Sum *s) {
    const Tensor *to = s->set->as.set.to;
    int along, across, inner_along, inner_across;
    if (to->rank == 0 || s->set->as.set.subs[to->rank - 1] != expr_index(g, outer->as.loop.index)) return false;
    count_steps(g, s->set->as.set.value, outer->as.loop.index, &along, &across);
    count_steps(g, s->set->as.set.value, s->loop[s->n - 1]->as.loop.index, &inner_along, &inner_across);
    return along > 0 && across == 0 && inner_across > 0;
}

/* Where the sum goes on with what is there, its outermost loop takes the place of the outer one. */
static void interchange(Graph *g, Tree *outer) {
    Tree *start = outer->body && outer->body->kind == TREE_SET ? outer->body : NULL, *sum = start ? start->next : outer->body;
    Sum s = {0};
    if (outer->as.loop.down || !read_sum(sum, &s) || s.set->as.set.op == COMBINE_SET) return;
    if (start && (start->as.set.op != COMBINE_SET || !same_element(start, s.set))) return;
    if (!may_move(g, outer, &s) || !pays(g, outer, &s)) return;
    s.loop[s.n - 1]->body = tree_loop_around(g->arena, outer, s.set);
    if (start) {
        start->next = NULL;
        sum->next = outer->next;
        outer->next = sum;
    } else {
        Tree *next = outer->next;
        *outer = *sum;
        outer->next = next;
    }
}

static void interchange_list(Graph *g, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP) interchange(g, n);
        if (n->body) interchange_list(g, n->body);
    }
}

void interchange_sums(Function *f) { interchange_list(f->graph, f->body); }
