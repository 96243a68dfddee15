/* Blocks whose examples lie side by side: loops over them go innermost, into vector lanes.
 *
 *     LOOP i in i0..i1 { LOOP k { a[i,k] = … } }      ->      LOOP k { LOOP i in i0..i1 { a[i,k] = … } }
 *
 * Of what only a block is kept, examples are the last axis (storage_axis). Arrays that are kept whole, such as the caller's, have them
 * elsewhere: a copy of the block is made of those that lanes would jump through. */
#include <string.h>

#include "graph/ops.h"
#include "plan/block.h"
#include "plan/nest.h"
#include "plan/storage.h"

/* ---- examples as lanes ------------------------------------------------------------------------------------------------------------ */
/* Do the bounds or the condition of the node change with the example? Then it stays inside. */
static bool depends(Graph *g, const Tree *n, uint32_t index) {
    if (n->kind != TREE_LOOP && n->kind != TREE_IF) return true;
    ExprList all = tree_reads(g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k] == expr_index(g, index)) return true;
    return false;
}

/* A condition on what is added or chosen from becomes a choice of what to add: lanes have no branches. */
static Tree *without_tests(Graph *g, Tree *n) {
    Tree *set = n->kind == TREE_IF ? n->body : NULL;
    if (!set || set->next || set->kind != TREE_SET || !n->as.test.condition) return n;
    const Combine op = set->as.set.op;
    if (op != COMBINE_ADD && op != COMBINE_MAX && op != COMBINE_MIN) return n;
    const Type type = set->as.set.to->type;
    Expr *none = op != COMBINE_ADD ? combine_identity(g, op, type) : type == TYPE_INT ? expr_int(g, 0) : expr_real(g, 0);
    set->as.set.value = expr_select(g, n->as.test.condition, set->as.set.value, none);
    set->next = n->next;
    return set;
}

/* The list with the loop put around each run of statements, inside the loops that it can go into. */
static Tree *sink(Graph *g, const Tree *loop, Tree *list) {
    Tree *first = NULL, **end = &first;
    Tree *open = NULL, **open_end = NULL; /* a run of statements */
    for (Tree *n = list, *next; n; n = next) {
        next = n->next;
        n->next = NULL;
        if (depends(g, n, loop->as.loop.index)) {
            n = without_tests(g, n);
            if (!open) {
                *end = open = tree_loop_around(g->arena, loop, NULL);
                open->as.loop.lanes = true;
                open_end = &open->body;
                end = &open->next;
            }
            *open_end = n;
            open_end = &n->next;
            continue;
        }
        open = NULL;
        n->body = sink(g, loop, n->body);
        *end = n;
        end = &n->next;
    }
    return first;
}

static void sink_nest(Graph *g, Tree **at) {
    Tree *n = *at;
    if (n->kind == TREE_LOOP && n->as.loop.examples) {
        Tree *next = n->next, *sunk = sink(g, n, n->body);
        *at = sunk;
        while (sunk->next) sunk = sunk->next;
        sunk->next = next;
        return;
    }
    for (Tree **inside = &n->body; *inside; inside = &(*inside)->next) sink_nest(g, inside);
}

/* ---- whole arrays that lanes would jump through ---------------------------------------------------------------------------------- */
/* A read of a tensor that is kept whole, whose examples do not lie side by side. */
static bool jumps(const Function *f, const Expr *e) {
    const Blocks *b = f->blocks;
    if (e->kind != EXPR_READ || e->of.tensor->number >= b->n_tensors) return false;
    const uint32_t k = e->of.tensor->number, axis = b->axis[k];
    return axis && !b->first[k] && axis != e->n;
}

typedef struct {
    Function *f;
    VEC(const Expr *) jumping; /* reads */
    VEC(uint32_t) inner;       /* last subscripts of what only a block is kept of */
    bool again;                /* an element is read in several turns */
} Look;

static bool read_again(Graph *g, const Expr *read, const Visit *v) {
    for (; v && v->node; v = v->outer) {
        if (v->node->kind != TREE_LOOP || v->node->as.loop.how == LOOP_BLOCK) continue;
        bool used = false;
        for (uint32_t k = 0; k < read->n; k++) used |= expr_uses_index(g, read->arg[k], v->node->as.loop.index);
        if (!used) return true;
    }
    return false;
}

static void note_inner(Look *l, const Tensor *t, Expr *const *subs) {
    const Blocks *b = l->f->blocks;
    if (t->number >= b->n_tensors || !b->first[t->number]) return;
    for (uint32_t k = 0; k < t->rank; k++)
        if (subs[k]->kind == EXPR_INDEX) vec_push(l->f->graph->arena, &l->inner, subs[k]->of.number);
}

static void look_node(Tree *n, const Visit *v, void *with) {
    Look *l = with;
    Graph *g = l->f->graph;
    if (n->kind != TREE_SET) return;
    ExprList all = tree_reads(g, n);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind != EXPR_READ) continue;
        note_inner(l, all.at[k]->of.tensor, all.at[k]->arg);
        if (!jumps(l->f, all.at[k])) continue;
        vec_push(g->arena, &l->jumping, all.at[k]);
        l->again |= read_again(g, all.at[k], v);
    }
    note_inner(l, n->as.set.to, n->as.set.subs);
}

/* Rows of whole arrays that are read once run along the row, where nothing else of the nest goes along it:
 * z[i] = sum[j](x[i,j]*w[j]). */
static bool runs_along_rows(Function *f, Tree *nest) {
    Look l = {.f = f};
    Tree *next = nest->next;
    nest->next = NULL;
    tree_visit(nest, look_node, &l);
    nest->next = next;
    if (l.jumping.n == 0 || l.again) return false;
    for (uint32_t k = 0; k < l.jumping.n; k++) {
        const Expr *last = l.jumping.at[k]->arg[l.jumping.at[k]->n - 1];
        if (last->kind != EXPR_INDEX) return false;
        for (uint32_t j = 0; j < l.inner.n; j++)
            if (l.inner.at[j] == last->of.number) return false;
    }
    return true;
}

typedef struct {
    Function *f;
    const Tree *block;
    Map *packed;  /* Tensor -> its copy of the block */
    Map *written; /* in this block: those are not packed */
    Subst *subst;
    Tree *packs, **end;
} Pack;

static void register_block(Function *f, const Tensor *t, uint32_t axis, Expr *first) {
    Graph *g = f->graph;
    Blocks *b = f->blocks;
    uint32_t *axes = NEW_ARRAY(g->arena, uint32_t, t->number + 1);
    Expr **firsts = NEW_ARRAY(g->arena, Expr *, t->number + 1);
    memcpy(axes, b->axis, b->n_tensors * sizeof *axes);
    memcpy(firsts, b->first, b->n_tensors * sizeof *firsts);
    b->axis = axes;
    b->first = firsts;
    b->n_tensors = t->number + 1;
    axes[t->number] = axis;
    firsts[t->number] = first;
}

/* x_block[i,j] = x[i,j], i innermost */
static void pack(Pack *p, Tensor *t) {
    Graph *g = p->f->graph;
    const uint32_t axis = p->f->blocks->axis[t->number];
    Expr *first = expr_index(g, p->block->as.loop.index), *end = expr_read(g, p->block->body->as.set.to, NULL, NULL);
    Tensor *copy = graph_add_tensor(g, name_printf(g->names, "%s_block", t->name), t->type, ROLE_PART, COMBINE_SET, t->rank, t->extent, t->span);
    copy->name = name_printf(g->names, "%s_block", t->name);
    copy->lo = t->lo, copy->hi = t->hi;
    register_block(p->f, copy, axis, first);
    Tree *set = tree_new(g->arena, TREE_SET, NULL), *nest = set;
    set->as.set.to = copy;
    set->as.set.subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(g, t, set->as.set.subs);
    set->as.set.value = expr_read(g, t, set->as.set.subs, NULL);
    for (uint32_t k = 0; k <= d.n; k++) { /* innermost first: examples, then from the last axis to the first */
        const uint32_t a = k == 0 ? axis - 1 : d.n - k;
        if (k > 0 && a == axis - 1) continue;
        Tree *loop = tree_new(g->arena, TREE_LOOP, NULL);
        loop->as.loop.index = d.range[a].index;
        loop->as.loop.range = d.range[a];
        loop->body = nest;
        nest = loop;
        if (k > 0) continue;
        loop->as.loop.examples = loop->as.loop.lanes = true;
        loop->as.loop.within = d.range[a];
        loop->as.loop.range = range_make(g, d.range[a].index, first, end);
    }
    tree_append(&p->end, nest);
    map_put(p->packed, t, copy);
    subst_tensor(p->subst, t, copy);
}

static void note_written(Tree *n, const Visit *v, void *with) {
    (void)v;
    Pack *p = with;
    if (n->kind == TREE_SET) map_put(p->written, n->as.set.to, n);
    if (n->kind == TREE_KERNEL) map_put(p->written, n->as.product.c, n);
    if (n->kind == TREE_CALL) map_put(p->written, n->as.call.to, n);
}

static void pack_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Pack *p = with;
    if (n->kind != TREE_SET) return;
    ExprList all = tree_reads(p->f->graph, n);
    for (uint32_t k = 0; k < all.n; k++) {
        if (!jumps(p->f, all.at[k]) || map_get(p->written, all.at[k]->of.tensor)) continue;
        if (!map_get(p->packed, all.at[k]->of.tensor)) pack(p, all.at[k]->of.tensor);
    }
    n->as.set.value = subst_apply(p->subst, n->as.set.value);
    for (uint32_t k = 0; k < n->as.set.to->rank; k++) n->as.set.subs[k] = subst_apply(p->subst, n->as.set.subs[k]);
}

static bool is_nest(const Tree *n) { return n->kind == TREE_LOOP && n->why; }

static void pack_list(Pack *p, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (!is_nest(n)) {
            if (n->body) pack_list(p, n->body);
            continue;
        }
        Tree *next = n->next;
        n->next = NULL;
        if (!runs_along_rows(p->f, n)) tree_visit(n, pack_node, p);
        n->next = next;
    }
}

/* Copies of what lanes would jump through, examples side by side, made once a block. */
static void pack_block(Function *f, Tree *block) {
    Graph *g = f->graph;
    Pack p = {.f = f, .block = block, .packed = map_new(g->arena), .written = map_new(g->arena), .subst = subst_new(g)};
    p.end = &p.packs;
    Tree *set = block->body;
    tree_visit(set->next, note_written, &p);
    pack_list(&p, set->next);
    if (!p.packs) return;
    *p.end = set->next;
    set->next = p.packs;
}

static void pack_blocks(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP && n->as.loop.how == LOOP_BLOCK) pack_block(f, n);
        else if (n->kind == TREE_IF) pack_blocks(f, n->body);
    }
}

void pack_lanes(Function *f) {
    if (f->blocks && f->blocks->lanes) pack_blocks(f, f->body);
}

static void arrange_list(Function *f, Tree **at) {
    for (; *at; at = &(*at)->next) {
        Tree *n = *at;
        if (n->kind == TREE_IF || (n->kind == TREE_LOOP && !n->why)) {
            arrange_list(f, &n->body);
        } else if (is_nest(n) && !runs_along_rows(f, n)) {
            Tree *next = n->next;
            n->next = NULL;
            sink_nest(f->graph, at);
            while ((*at)->next) at = &(*at)->next;
            (*at)->next = next;
        }
    }
}

void arrange_lanes(Function *f) {
    if (f->blocks && f->blocks->lanes) arrange_list(f, &f->body);
}
