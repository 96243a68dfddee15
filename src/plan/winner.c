/* Winners: a loop that looks for the greatest and a second one that looks where it was are one.
 *
 *     LOOP k { y[i] max= v[i,k] }                                                LOOP k { w[i] = if v[i,k] <= y[i] or y[i] != y[i] then w[i] else k;
 *     LOOP k { IF v[i,k] == y[i] or v[i,k] != v[i,k] { w[i] min= k } }     ->             y[i] max= v[i,k] }
 *
 * where w starts as the first k: of equal ones the first wins, and a nan before all. Only with examples in the lanes: a row of v that
 * lies in lanes itself is faster looked at twice. */
#include "plan/winner.h"

#include "graph/affine.h"
#include "graph/ops.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { MOST_LOOPS = 12 };

typedef struct {
    Graph *g;
    const Tree *loop[MOST_LOOPS]; /* of the nest that looks for the best, outermost first */
    uint32_t n;
    Tree *best;      /* its statement */
    Tree *which;     /* that of the other nest */
    Expr *condition; /* of that, as its only test or in what it sets, */
    Expr *label;     /* and which one it is: both over the first nest's indices */
} Race;

static bool same_bounds(Subst *s, const Range *x, const Range *y) {
    return x->n_lo == 1 && x->n_hi == 1 && y->n_lo == 1 && y->n_hi == 1 && x->lo[0] == subst_apply(s, y->lo[0]) && x->hi[0] == subst_apply(s, y->hi[0]);
}

static bool is_lone(const Tree *set, Combine op) { return !set->next && set->as.set.op == op && !set->as.set.to->pieces->next; }

/* The same loops around one statement each. */
static bool read_race(Race *r, Tree *best, Tree *which) {
    Graph *g = r->g;
    Subst *s = subst_new(g);
    for (; best->kind == TREE_LOOP; best = best->body, which = which->body) {
        if (which->kind != TREE_LOOP || !best->body || !which->body || (r->n > 0 && (best->next || which->next)) || r->n == MOST_LOOPS) return false;
        if (best->as.loop.down || which->as.loop.down || !same_bounds(s, &best->as.loop.range, &which->as.loop.range)) return false;
        subst_index(s, which->as.loop.index, expr_index(g, best->as.loop.index));
        r->loop[r->n++] = best;
    }
    const Expr *test = NULL;
    if (which->kind == TREE_IF && !which->next && which->body) test = which->as.test.condition, which = which->body;
    if (r->n == 0 || !r->loop[r->n - 1]->as.loop.lanes || best->kind != TREE_SET || which->kind != TREE_SET || !best->why || !which->why) return false;
    if ((best->as.set.op != COMBINE_MAX && best->as.set.op != COMBINE_MIN) || !is_lone(best, best->as.set.op) || !is_lone(which, COMBINE_MIN)) return false;
    Expr *value = which->as.set.value;
    if (!test && value->kind == EXPR_SELECT && expr_is_number(value->arg[2], INT32_MAX)) test = value->arg[0], value = value->arg[1];
    if (!test || which->as.set.to->type != TYPE_INT || which->as.set.to->rank != best->as.set.to->rank) return false;
    for (uint32_t k = 0; k < best->as.set.to->rank; k++)
        if (best->as.set.subs[k] != subst_apply(s, which->as.set.subs[k])) return false;
    r->best = best, r->which = which;
    r->condition = subst_apply(s, (Expr *)(uintptr_t)test), r->label = subst_apply(s, value);
    return true;
}

/* Does the second nest look for what equals the best? */
static bool looks_for_best(const Race *r) {
    Graph *g = r->g;
    Expr *v = r->best->as.set.value, *equal = expr_op2(g, OP_eq, v, expr_read(g, r->best->as.set.to, r->best->as.set.subs, NULL));
    return r->condition == (v->type == TYPE_REAL ? expr_or(g, equal, expr_op2(g, OP_ne, v, v)) : equal);
}

static bool is_reduced(const Race *r, uint32_t index) {
    for (uint32_t k = 0; k < r->best->as.set.to->rank; k++)
        if (expr_uses_index(r->g, r->best->as.set.subs[k], index)) return false;
    return true;
}

/* Does the label grow from turn to turn, so that the first is the least? Each loop goes farther than all inside it together. */
static bool label_grows(const Race *r) {
    Affine form;
    int64_t reach = 0;
    uint32_t found = 0;
    if (!affine_of(r->g, r->label, &form)) return false;
    for (uint32_t k = r->n; k-- > 0;) {
        const uint32_t index = r->loop[k]->as.loop.index;
        if (!is_reduced(r, index)) continue;
        const int64_t by = affine_coefficient(&form, expr_index(r->g, index));
        const bool constant = tree_constant(r->loop[k]), last = ++found == form.n;
        if (by <= reach || !(constant || last)) return false;
        if (constant) reach += by * ((int64_t)tree_turns(r->loop[k]) - 1);
    }
    return found == form.n;
}

/* The statement before the nest that starts the tensor with a number. */
static Tree *start_of(Tree *list, const Tree *nest, const Tensor *t) {
    Tree *found = NULL;
    for (Tree *n = list; n && n != nest && !found; n = n->next) {
        if (n->kind == TREE_SET && n->as.set.to == t) return n;
        if (n->body) found = start_of(n->body, NULL, t);
    }
    return found;
}

static Expr *first_label(const Race *r) {
    Subst *s = subst_new(r->g);
    for (uint32_t k = 0; k < r->n; k++)
        if (is_reduced(r, r->loop[k]->as.loop.index)) subst_index(s, r->loop[k]->as.loop.index, r->loop[k]->as.loop.range.lo[0]);
    return subst_apply(s, r->label);
}

/* The two nests in one: the statements side by side, the second's first. */
static void run_together(const Race *r, Tree *start, Tree *nest) {
    Graph *g = r->g;
    Tree *best = r->best, *which = r->which;
    Expr *v = best->as.set.value, *top = expr_read(g, best->as.set.to, best->as.set.subs, NULL), *so_far = expr_read(g, which->as.set.to, best->as.set.subs, NULL);
    Expr *stays = expr_op2(g, best->as.set.op == COMBINE_MAX ? OP_le : OP_ge, v, top);
    if (v->type == TYPE_REAL) stays = expr_or(g, stays, expr_op2(g, OP_ne, top, top));
    nest->next = nest->next->next;
    start->as.set.value = first_label(r);
    Tree *add = tree_new(g->arena, TREE_SET, best->why);
    add->as = best->as;
    best->why = which->why;
    best->as.set = which->as.set;
    best->as.set.op = COMBINE_SET;
    best->as.set.subs = NEW_ARRAY(g->arena, Expr *, add->as.set.to->rank + 1);
    for (uint32_t k = 0; k < add->as.set.to->rank; k++) best->as.set.subs[k] = add->as.set.subs[k];
    best->as.set.value = expr_select(g, stays, so_far, r->label);
    best->next = add;
}

static void find_in_list(Graph *g, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        Race r = {.g = g};
        Tree *start = NULL;
        if (n->next && read_race(&r, n, n->next) && looks_for_best(&r) && label_grows(&r)) start = start_of(list, n, r.which->as.set.to);
        if (start && start->as.set.op == COMBINE_SET && start->as.set.value->kind == EXPR_CONST) run_together(&r, start, n);
        if (n->body) find_in_list(g, n->body);
    }
}

void find_winners(Function *f) { find_in_list(f->graph, f->body); }
