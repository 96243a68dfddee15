/* Unroll and jam (D. Callahan, S. Carr, K. Kennedy, Improving register allocation for subscripted variables, PLDI 1990): a loop
 * around a loop that sums takes several turns at once, so that what is read and summed stays in registers.
 *
 *     LOOP b in 0..9 { LOOP i { s[i] += v[b]*x[b,i] } }
 *  ->
 *     LOOP b in 0..9, by 3 { LOOP i { s[i] += v[b]*x[b,i] + v[b + 1]*x[b + 1,i] + v[b + 2]*x[b + 2,i] } }
 *
 *     LOOP b { LOOP i { w_bar[b] += z[i]*x[b,i] } }     ->     LOOP b, by 3 { LOOP i { w_bar[b] += …; w_bar[b + 1] += …; w_bar[b + 2] += … } }
 *
 * What starts a sum, before the inner loop, comes along. What is left over when turns are not a multiple goes on one by one. */
#include "plan/jam.h"

#include "graph/ops.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { USUAL_TURNS = 4, MOST_NODES = 24 }; /* of a value */

/* A value of a few sums and products. */
static bool is_short(Graph *g, Expr *value) {
    static const bool cheap[N_OPS] = {[OP_add] = true, [OP_sub] = true, [OP_mul] = true, [OP_neg] = true, [OP_eq] = true, [OP_floordiv] = true, [OP_mod] = true};
    ExprList all = expr_walk(g, &value, 1);
    if (all.n > MOST_NODES) return false;
    for (uint32_t k = 0; k < all.n; k++)
        if ((all.at[k]->kind == EXPR_OP && !cheap[all.at[k]->of.number]) || (all.at[k]->kind == EXPR_READ && all.at[k]->fill)) return false;
    return true;
}

static bool target_uses(Graph *g, const Tree *set, uint32_t index) {
    for (uint32_t k = 0; k < set->as.set.to->rank; k++)
        if (expr_uses_index(g, set->as.set.subs[k], index)) return true;
    return false;
}

/* The loop that ends the body; before it stand only constants that sums start from, one for each turn. NULL: it is not so. */
static const Tree *inner_loop(Graph *g, const Tree *loop) {
    const Tree *n = loop->body;
    for (; n && n->next; n = n->next)
        if (n->kind != TREE_SET || n->as.set.op != COMBINE_SET || n->as.set.value->kind != EXPR_CONST || !target_uses(g, n, loop->as.loop.index)) return NULL;
    return n && n->kind == TREE_LOOP ? n : NULL;
}

static bool is_read(Graph *g, const Tree *list, const Tensor *t) {
    for (const Tree *n = list; n; n = n->next)
        if (expr_reads(g, n->as.set.value, t)) return true;
    return false;
}

/* Does the innermost loop only sum, across the turns of one of the two loops, what none of its sums changes? */
static bool only_sums(Graph *g, const Tree *loop, const Tree *inner) {
    for (const Tree *n = inner->body; n; n = n->next)
        if (n->kind != TREE_SET || n->as.set.op != COMBINE_ADD || n->as.set.to->type != TYPE_REAL || !is_short(g, n->as.set.value)) return false;
    for (const Tree *n = inner->body; n; n = n->next) {
        if (target_uses(g, n, loop->as.loop.index) == target_uses(g, n, inner->as.loop.index)) return false;
        if (is_read(g, inner->body, n->as.set.to)) return false;
    }
    for (const Tree *n = loop->body; n != inner; n = n->next)
        if (is_read(g, inner->body, n->as.set.to)) return false;
    return inner->body != NULL;
}

/* How many turns at once; 0: none. */
static int64_t turns_at_once(Graph *g, const Tree *loop) {
    static const int64_t wanted[] = {4, 5, 3, 2};
    if (!tree_plain(loop) || loop->as.loop.lanes || loop->as.loop.threads) return 0;
    const Tree *inner = inner_loop(g, loop);
    if (!inner || !tree_plain(inner) || inner->as.loop.threads) return 0;
    if (range_uses_index(g, &inner->as.loop.range, loop->as.loop.index) || !only_sums(g, loop, inner)) return 0;
    if (loop->as.loop.examples && loop->as.loop.within.n_lo) return USUAL_TURNS; /* of a block */
    const Expr *lo = loop->as.loop.range.lo[0], *hi = loop->as.loop.range.hi[0];
    if (!tree_constant(loop)) return expr_is_int(lo, 0) && (hi->kind == EXPR_INDEX || hi->kind == EXPR_DIM) ? USUAL_TURNS : 0;
    const int64_t turns = hi->of.integer - lo->of.integer;
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
        if (turns > 0 && turns % wanted[k] == 0) return wanted[k];
    return turns > USUAL_TURNS ? USUAL_TURNS : 0;
}

static Tree *turn_of(Graph *g, const Tree *set, uint32_t index, Expr *at) {
    Subst *s = subst_new(g);
    subst_index(s, index, at);
    Tree *copy = tree_new(g->arena, TREE_SET, set->why);
    copy->as = set->as;
    copy->as.set.value = subst_apply(s, set->as.set.value);
    copy->as.set.subs = NEW_ARRAY(g->arena, Expr *, set->as.set.to->rank + 1);
    for (uint32_t k = 0; k < set->as.set.to->rank; k++) copy->as.set.subs[k] = subst_apply(s, set->as.set.subs[k]);
    return copy;
}

/* The body of the loop for turns at, at + 1, … */
static Tree *turns_together(Graph *g, const Tree *loop, Expr *at, int64_t turns) {
    const uint32_t index = loop->as.loop.index;
    Tree *first = NULL, **end = &first;
    const Tree *inner = loop->body;
    for (; inner->next; inner = inner->next)
        for (int64_t k = 0; k < turns; k++) tree_append(&end, turn_of(g, inner, index, expr_add(g, at, expr_int(g, k))));
    Tree *together = tree_loop_around(g->arena, inner, NULL);
    tree_append(&end, together);
    end = &together->body;
    for (const Tree *set = inner->body; set; set = set->next) {
        const bool apart = target_uses(g, set, index);
        Tree *sum = turn_of(g, set, index, at);
        tree_append(&end, sum);
        for (int64_t k = 1; k < turns; k++) {
            Tree *more = turn_of(g, set, index, expr_add(g, at, expr_int(g, k)));
            if (apart) tree_append(&end, more);
            else sum->as.set.value = expr_add(g, sum->as.set.value, more->as.set.value);
        }
    }
    return first;
}

static void jam(Function *f, Tree *loop, int64_t turns) {
    Graph *g = f->graph;
    Expr *lo = loop->as.loop.range.lo[0], *hi = loop->as.loop.range.hi[0], *length = expr_sub(g, hi, lo);
    if (expr_is_int(length, turns)) { /* the loop has these turns alone */
        Tree *next = loop->next, *list = turns_together(g, loop, lo, turns), *last = list;
        while (last->next) last = last->next;
        last->next = next;
        *loop = *list;
        return;
    }
    Expr *end = expr_add(g, lo, expr_mul(g, expr_int(g, turns), expr_op2(g, OP_floordiv, length, expr_int(g, turns))));
    if (!loop->as.loop.within.n_lo) loop->as.loop.within = loop->as.loop.range;
    if (end != hi) {
        Tree *rest = tree_loop_around(g->arena, loop, loop->body);
        rest->as.loop.range = range_make(g, loop->as.loop.index, end, hi);
        rest->as.loop.rest = turns;
        rest->next = loop->next;
        loop->next = rest;
    }
    Tree *together = turns_together(g, loop, expr_index(g, loop->as.loop.index), turns);
    loop->as.loop.range = range_make(g, loop->as.loop.index, lo, end);
    loop->as.loop.step = turns;
    loop->body = together;
}

/* Not along time: there storage looks at what turns pass on to each other. */
static void jam_list(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP && !n->why && n->as.loop.how == LOOP_SEQUENTIAL) continue;
        const int64_t turns = n->kind == TREE_LOOP ? turns_at_once(f->graph, n) : 0;
        if (turns > 1) {
            jam(f, n, turns);
            if (n->next && n->next->kind == TREE_LOOP && n->next->as.loop.rest) n = n->next;
        } else if (n->body) {
            jam_list(f, n->body);
        }
    }
}

void jam_sums(Function *f) { jam_list(f, f->body); }
