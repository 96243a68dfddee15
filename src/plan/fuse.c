/* Fusion: nests share their outer loops where that is legal.
 *
 *     LOOP i { z[i] = … }  LOOP j { a[j] = f(z[j]) }      ->      LOOP i { z[i] = …; a[i] = f(z[i]) }
 *
 * Two loops of one range may become one if every tensor that one writes and the other touches has, in all its
 * touches, the loop's own index on one axis: then what one turn needs, the same turn made. A nest may move up past
 * statements that it shares no written tensor with. */
#include "plan/fuse.h"

#include <stdlib.h>

#include "graph/affine.h"
#include "plan/call.h"
#include "plan/storage.h"

enum {
    WINDOW = 12,  /* how far up a nest looks for a loop to join */
    LARGEST = 128 /* statements of a loop that others join: more than that no compiler keeps in registers, and its time grows faster */
};

typedef struct {
    Tensor *tensor;
    Expr *const *subs;
    bool write, adds; /* adds: += in a blocked function, where the order of sums is free */
} Touch;
typedef VEC(Touch) Touches;

typedef struct {
    const Function *f;
    Touches *out;
} Collect;

static void collect_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Collect *c = with;
    Graph *g = c->f->graph;
    const ArenaMark mark = arena_mark(g->lists);
    ExprList all = tree_reads(g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) vec_push(g->stage, c->out, (Touch){all.at[k]->of.tensor, all.at[k]->arg, false, false});
    arena_release(g->lists, mark);
    if (n->kind == TREE_SET) vec_push(g->stage, c->out, (Touch){n->as.set.to, n->as.set.subs, true, c->f->blocks && n->as.set.op == COMBINE_ADD});
    if (n->kind == TREE_CALL) {
        Tensor *to = n->as.call.to;
        const uint32_t n_batch = call_batch(to);
        for (uint32_t k = 0; k <= to->call->n; k++) {
            Tensor *t = k < to->call->n ? to->call->arg[k] : to;
            Expr **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
            for (uint32_t a = 0; a < t->rank; a++) subs[a] = a < n_batch ? n->as.call.subs[a] : expr_int(g, 0);
            vec_push(g->stage, c->out, (Touch){t, subs, t == to, false});
        }
    }
    if (n->kind == TREE_KERNEL) {
        vec_push(g->stage, c->out, (Touch){n->as.product.a, NULL, false, false});
        vec_push(g->stage, c->out, (Touch){n->as.product.b, NULL, false, false});
        vec_push(g->stage, c->out, (Touch){n->as.product.c, NULL, true, false});
    }
}

static Touches touches_of(const Function *f, Tree *list) {
    Touches t = {0};
    Collect c = {f, &t};
    tree_visit(list, collect_node, &c);
    return t;
}

/* The touches of a nest by tensor, each read once: what is fused reads the same elements many times. */
typedef struct { Touches reads, writes; } Touched;
typedef struct {
    Map *touched; /* Tensor -> Touched */
    Map *read;    /* the subscripts of reads that are there */
} Footprint;

static void add_touches(Graph *g, Footprint *f, const Touches *touches) {
    for (uint32_t k = 0; k < touches->n; k++) {
        const Touch *x = &touches->at[k];
        Touched *t = map_get(f->touched, x->tensor);
        if (!t) map_put(f->touched, x->tensor, t = NEW(g->stage, Touched));
        if (x->write) vec_push(g->stage, &t->writes, *x);
        else if (!x->subs || !map_get(f->read, x->subs)) vec_push(g->stage, &t->reads, *x);
        if (!x->write && x->subs) map_put(f->read, x->subs, f);
    }
}

static Footprint footprint_of(const Function *f, Tree *n) {
    Graph *g = f->graph;
    Footprint print = {map_new(g->stage), map_new(g->stage)};
    Touches touches = touches_of(f, n);
    add_touches(g, &print, &touches);
    return print;
}

static bool same_turn(const Touch *x, Expr *a, const Touch *y, Expr *b) {
    if (!x->subs || !y->subs) return false;
    for (uint32_t k = 0; k < x->tensor->rank; k++)
        if (x->subs[k] == a && y->subs[k] == b) return true;
    return false;
}

static bool in_same_turns(const Touches *a, Expr *index_a, const Touch *y, Expr *index_b) {
    for (uint32_t k = 0; k < a->n; k++)
        if (!(a->at[k].adds && y->adds) && (!index_a || !same_turn(&a->at[k], index_a, y, index_b))) return false;
    return true;
}

/* May B's statements run before or among those of A? With indices: turn by turn; without: not at all together. */
static bool compatible(const Footprint *a, Expr *index_a, const Touches *b, Expr *index_b) {
    for (uint32_t k = 0; k < b->n; k++) {
        const Touch *y = &b->at[k];
        const Touched *x = map_get(a->touched, y->tensor);
        if (!x) continue;
        if (y->write && !in_same_turns(&x->reads, index_a, y, index_b)) return false;
        if (y->write && y->tensor->op == COMBINE_SET) continue; /* its pieces are disjoint */
        if (!in_same_turns(&x->writes, index_a, y, index_b)) return false;
    }
    return true;
}

static bool same_bounds(Graph *g, Expr *const *a, uint32_t n, Expr *const *b, uint32_t m) {
    if (n != m) return false;
    for (uint32_t k = 0; k < n; k++)
        if (a[k] != b[k] && !affine_equal(g, a[k], b[k])) return false;
    return true;
}
static bool same_loop(Graph *g, const Tree *a, const Tree *b) {
    const Range *x = &a->as.loop.range, *y = &b->as.loop.range;
    if (a->as.loop.how == LOOP_BLOCK || b->as.loop.how == LOOP_BLOCK) return false;
    return a->as.loop.down == b->as.loop.down && same_bounds(g, x->lo, x->n_lo, y->lo, y->n_lo) && same_bounds(g, x->hi, x->n_hi, y->hi, y->n_hi);
}

/* ---- renaming an index below a node -------------------------------------------------------------------------- */
static void subst_list(Subst *s, Expr **at, uint32_t n) {
    for (uint32_t k = 0; k < n; k++) at[k] = subst_apply(s, at[k]);
}
static void rename_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Subst *s = with;
    if (n->kind == TREE_SET) {
        subst_list(s, n->as.set.subs, n->as.set.to->rank);
        n->as.set.value = subst_apply(s, n->as.set.value);
    } else if (n->kind == TREE_IF) {
        n->as.test.condition = subst_apply(s, n->as.test.condition);
    } else if (n->kind == TREE_LOOP) {
        subst_list(s, n->as.loop.range.lo, n->as.loop.range.n_lo);
        subst_list(s, n->as.loop.range.hi, n->as.loop.range.n_hi);
    } else if (n->kind == TREE_CALL) {
        subst_list(s, n->as.call.subs, call_batch(n->as.call.to));
    } else if (n->kind == TREE_KERNEL) {
        subst_list(s, n->as.product.a_subs, n->as.product.a->rank);
        subst_list(s, n->as.product.b_subs, n->as.product.b->rank);
        subst_list(s, n->as.product.c_subs, n->as.product.c->rank);
    }
}

/* ---- one list of statements ------------------------------------------------------------------------------------ */
typedef struct {
    Tree *node, **end; /* end: of its body */
    Footprint *touches; /* NULL: nobody has asked yet */
    uint32_t size; /* statements of its body */
    bool kernel;
} Entry;
typedef VEC(Entry) Entries;

static bool has_kernel(Tree *n) {
    for (Tree *k = n->body; k; k = k->next)
        if (k->kind == TREE_KERNEL || (k->body && has_kernel(k))) return true;
    return false;
}

static const Footprint *footprint(const Function *f, Entry *e) {
    if (!e->touches) {
        e->touches = NEW(f->graph->stage, Footprint);
        *e->touches = footprint_of(f, e->node);
    }
    return e->touches;
}

static void find_end(Entry *e) {
    for (; *e->end; e->end = &(*e->end)->next) e->size++;
}

static void append_body(const Function *f, Entry *e, Tree *n) {
    Graph *g = f->graph;
    Subst *s = subst_new(g);
    subst_index(s, n->as.loop.index, expr_index(g, e->node->as.loop.index));
    tree_visit(n->body, rename_node, s);
    Touches more = touches_of(f, n->body);
    add_touches(g, e->touches, &more);
    *e->end = n->body;
    find_end(e);
    e->node->as.loop.in_turn |= n->as.loop.in_turn;
}

static bool has_loop(const Tree *n) {
    for (const Tree *k = n->body; k; k = k->next)
        if (k->kind == TREE_LOOP || (k->body && has_loop(k))) return true;
    return false;
}

/* Over the examples of a block statements run in lanes while they stay by themselves. */
static bool keeps_lanes(const Tree *a, const Tree *b) {
    return !(a->as.loop.examples && b->as.loop.examples) || has_loop(a) == has_loop(b);
}

/* Puts the nest into an earlier loop of the list; false where none fits. */
static bool join_loop(const Function *f, Entries *list, Tree *n) {
    Graph *g = f->graph;
    if (n->kind != TREE_LOOP || has_kernel(n)) return false;
    Expr *index = expr_index(g, n->as.loop.index);
    const Touches touches = touches_of(f, n);
    for (uint32_t k = list->n; k-- > 0 && list->n - k <= WINDOW;) {
        Entry *e = &list->at[k];
        const Footprint *there = footprint(f, e);
        if (e->node->kind == TREE_LOOP && !e->kernel && e->size < LARGEST && same_loop(g, e->node, n) && keeps_lanes(e->node, n) &&
            compatible(there, expr_index(g, e->node->as.loop.index), &touches, index)) {
            append_body(f, e, n);
            return true;
        }
        if (!compatible(there, NULL, &touches, NULL)) return false;
    }
    return false;
}

static void fuse_list(const Function *f, Tree **list) {
    Entries entries = {0};
    for (Tree *n = *list, *next; n; n = next) {
        next = n->next;
        n->next = NULL;
        if (join_loop(f, &entries, n)) continue;
        Entry e = {.node = n, .end = &n->body, .kernel = has_kernel(n)};
        find_end(&e);
        vec_push(f->graph->stage, &entries, e);
    }
    Tree **tail = list;
    *tail = NULL;
    for (uint32_t k = 0; k < entries.n; k++) {
        *tail = entries.at[k].node;
        tail = &entries.at[k].node->next;
        if (entries.at[k].node->body) fuse_list(f, &entries.at[k].node->body);
    }
    *tail = NULL;
}

void fuse_loops(Function *f) {
    const ArenaMark mark = arena_mark(f->graph->stage);
    fuse_list(f, &f->body);
    arena_release(f->graph->stage, mark);
}
