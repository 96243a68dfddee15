/* Long sums in single precision, split so that they stay right.
 *
 *     s = 0;  LOOP i in 0..m { s += v }       ->      s = 0;  lost = 0;
 *                                                     LOOP block in 0..(m + 127)//128 {
 *                                                         part = 0;
 *                                                         LOOP i in 128*block .. min(128*block + 128, m) { part += v }
 *                                                         next = part - lost;  total = s + next;
 *                                                         lost = (total - s) - next;  s = total }
 *
 * A float that has grown to 2^24 times a term no longer feels it: 10^8 equal terms added one by one give a sixth of
 * their sum. Parts are short, and joined with the error of each addition carried on (W. Kahan, Further remarks on
 * reducing truncation errors, CACM 8, 1965). Doubles have room enough. */
#include "graph/ops.h"
#include "plan/fuse.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { PART = 128 }; /* terms added one by one */

typedef VEC(const Tree *) Sets; /* the statements that add, one for each tensor */

typedef struct {
    Function *f;
    Sets sums;   /* into locals */
    Map *summed; /* their tensors */
    Map *others; /* what else is set or read there */
} Look;

static void look_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Look *l = with;
    Graph *g = l->f->graph;
    ExprList all = tree_reads(g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) map_put(l->others, all.at[k]->of.tensor, l);
    if (n->kind != TREE_SET) return;
    Tensor *t = n->as.set.to;
    const Buffer *b = l->f->buffer[t->number];
    bool sum = n->as.set.op == COMBINE_ADD && t->type == TYPE_REAL && b->place == PLACE_LOCAL && !b->wide;
    if (!sum) map_put(l->others, t, l);
    if (sum && !map_get(l->summed, t)) vec_push(g->arena, &l->sums, n);
    if (sum) map_put(l->summed, t, l);
}

/* Sums that the loop's turns add to and nothing inside looks at or starts anew. */
static Sets sums_across(Function *f, Tree *loop) {
    Look l = {.f = f, .summed = map_new(f->graph->arena), .others = map_new(f->graph->arena)};
    Sets across = {0};
    tree_visit(loop->body, look_node, &l);
    for (uint32_t k = 0; k < l.sums.n; k++)
        if (!map_get(l.others, l.sums.at[k]->as.set.to)) vec_push(f->graph->arena, &across, l.sums.at[k]);
    return across;
}

/* Terms that one turn of the loop adds, as far as they are constants; 0 where a loop inside has no constant length. */
static int64_t terms_inside(Graph *g, const Tree *list) {
    int64_t most = 1;
    for (const Tree *n = list; n; n = n->next) {
        if (n->kind != TREE_LOOP) continue;
        const Range *r = &n->as.loop.range;
        Expr *length = r->n_lo == 1 && r->n_hi == 1 ? expr_sub(g, r->hi[0], r->lo[0]) : NULL;
        int64_t inner = terms_inside(g, n->body);
        if (!length || length->kind != EXPR_CONST || inner == 0) return 0;
        if (length->of.integer * inner > most) most = length->of.integer * inner;
    }
    return most;
}

static Expr *read_local(Graph *g, Tensor *t) { return expr_read(g, t, NULL, NULL); }

/* The statements that add part to the sum and carry the error on. */
static void join_part(Function *f, Tree ***at, const Tree *set, Tensor *part, Tensor *lost) {
    Graph *g = f->graph;
    Tensor *t = set->as.set.to, *next = plan_local(f, t, "next"), *total = plan_local(f, t, "total");
    Expr *s = expr_read(g, t, set->as.set.subs, NULL), *sum = read_local(g, total);
    tree_append(at, tree_set(f->graph->arena, next, COMBINE_SET, expr_sub(g, read_local(g, part), read_local(g, lost))));
    tree_append(at, tree_set(f->graph->arena, total, COMBINE_SET, expr_add(g, s, read_local(g, next))));
    tree_append(at, tree_set(f->graph->arena, lost, COMBINE_SET, expr_sub(g, expr_sub(g, sum, s), read_local(g, next))));
    Tree *store = tree_set(f->graph->arena, t, COMBINE_SET, sum);
    store->as.set.subs = set->as.set.subs;
    tree_append(at, store);
}

static void redirect_sums(Tree *n, const Visit *v, void *with) {
    (void)v;
    Map *part = with;
    Tensor *to = n->kind == TREE_SET ? map_get(part, n->as.set.to) : NULL;
    if (to) n->as.set.to = to;
}

/* Each sum gets a part of its own inside `outer`, joined at the end of its turn; in front stand the errors, which start at 0. */
static void sum_in_parts(Function *f, Tree *outer, const Sets *sums, Tree ***front) {
    Graph *g = f->graph;
    Map *part = map_new(g->arena);
    Tensor **lost = NEW_ARRAY(g->arena, Tensor *, sums->n);
    Tree *add = NEW_ARRAY(g->arena, Tree, sums->n); /* as they are before they are redirected to the parts */
    Tree *first = NULL, **inside = &first, *last = NULL, **end = &last;
    for (uint32_t k = 0; k < sums->n; k++) {
        add[k] = *sums->at[k];
        lost[k] = plan_local(f, add[k].as.set.to, "lost");
        Tensor *p = plan_local(f, add[k].as.set.to, "part");
        map_put(part, add[k].as.set.to, p);
        tree_append(front, tree_set(f->graph->arena, lost[k], COMBINE_SET, expr_real(g, 0)));
        tree_append(&inside, tree_set(f->graph->arena, p, COMBINE_SET, expr_real(g, 0)));
    }
    tree_visit(outer->body, redirect_sums, part);
    for (uint32_t k = 0; k < sums->n; k++) join_part(f, &end, &add[k], map_get(part, add[k].as.set.to), lost[k]);
    tree_append(&inside, outer->body);
    tree_append(&inside, last);
    outer->body = first;
}

/* The loop, cut into blocks. */
static Tree *split_loop(Function *f, Tree *loop, const Sets *sums, int64_t turns) {
    Graph *g = f->graph;
    Range *r = &loop->as.loop.range;
    Expr *lo = r->lo[0], *hi = r->hi[0], *size = expr_int(g, turns);
    uint32_t index = graph_add_index(g, name_of(g->names, "block"));
    Tree *outer = tree_new(g->arena, TREE_LOOP, NULL), *first = NULL, **front = &first;
    outer->as.loop.index = index;
    Expr *length = expr_sub(g, hi, lo), *blocks = expr_op2(g, OP_floordiv, expr_add(g, length, expr_int(g, turns - 1)), size);
    outer->as.loop.range = range_make(g, index, expr_int(g, 0), blocks);
    Tree *run = tree_new(g->arena, TREE_LOOP, loop->why);
    run->as = loop->as;
    Expr *begin = expr_add(g, lo, expr_mul(g, size, expr_index(g, index)));
    run->as.loop.within = loop->as.loop.range;
    run->as.loop.range = range_make(g, loop->as.loop.index, begin, expr_op2(g, OP_min, expr_add(g, begin, size), hi));
    run->body = loop->body;
    outer->body = run;
    sum_in_parts(f, outer, sums, &front);
    tree_append(&front, outer);
    return first;
}

/* A block of examples is a part. */
static Tree *split_block(Function *f, Tree *loop, const Sets *sums) {
    Tree *first = NULL, **front = &first;
    loop->next = NULL;
    sum_in_parts(f, loop, sums, &front);
    tree_append(&front, loop);
    return first;
}

/* How many turns make a part; 0 where the loop is short or its turns are themselves long. */
static int64_t turns_of_part(Graph *g, const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    if (!loop->why || loop->as.loop.examples || loop->as.loop.step || loop->as.loop.down || loop->as.loop.in_turn || r->n_lo != 1 || r->n_hi != 1) return 0;
    int64_t inside = terms_inside(g, loop->body);
    if (inside == 0 || inside > PART) return 0;
    Expr *length = expr_sub(g, r->hi[0], r->lo[0]);
    if (length->kind == EXPR_CONST && length->of.integer * inside <= 16 * PART) return 0;
    return PART / inside;
}

static void split_list(Function *f, Tree **at) {
    for (; *at; at = &(*at)->next) {
        if ((*at)->kind != TREE_LOOP) {
            if ((*at)->body) split_list(f, &(*at)->body);
            continue;
        }
        const bool block = (*at)->as.loop.how == LOOP_BLOCK;
        const int64_t turns = turns_of_part(f->graph, *at);
        Sets sums = block || turns ? sums_across(f, *at) : (Sets){0};
        if (sums.n == 0) {
            split_list(f, &(*at)->body);
            continue;
        }
        f->splits_sums = true;
        Tree *next = (*at)->next, *made = block ? split_block(f, *at, &sums) : split_loop(f, *at, &sums, turns);
        *at = made;
        while ((*at)->next) at = &(*at)->next;
        (*at)->next = next;
    }
}

/* Sums over time are not split, for they go on from segment to segment; those into one local are double instead. */
static void widen_list(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP && n->as.loop.in_turn) {
            Sets sums = sums_across(f, n);
            for (uint32_t k = 0; k < sums.n; k++) f->buffer[sums.at[k]->as.set.to->number]->wide = f->widens_sums = true;
        }
        if (n->body) widen_list(f, n->body);
    }
}

void widen_time_sums(Function *f) {
    if (!f->graph->f64) widen_list(f, f->body);
}

void split_long_sums(Function *f) {
    if (!f->graph->f64) split_list(f, &f->body);
}
