/* Threads: which loops are shared out, so that results are the same to the last bit on any number of them.
 *
 *     LOOP i0 in 0..m, by 64 { … w_bar[k] += … }
 *  ->
 *     i_each = max(2048, 64*((m + 511)//512))
 *     LOOP i_from in 0..m, by i_each, on threads {
 *         w_bar_share[k] = 0
 *         LOOP i0 in i_from..i_to, by 64 { … w_bar_share[k] += … }
 *         ONE BY ONE { w_bar[k] += w_bar_share[k] } }
 *
 * Blocks of lanes are handed out in shares, at most THREADS of them and each worth a thread; how many examples a share has follows from
 * the sizes alone. What a share sums is added when those before it have been. Elsewhere a loop is shared out where its turns
 * neither read nor write what others write. What only one turn looks at lies in memory of the thread's own (storage.c). */
#include "plan/parallel.h"

#include <string.h>

#include "graph/ops.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum {
    WORTH = 200000, /* operations that make up for waking a thread and waiting for it */
    FEW_SUMS = 1024, /* elements that each share starts at 0 and adds at its end; more, if they are not many beside */
    MANY_SUMS = 16,  /* … operations of an example, times this */
};

/* ---- what is touched where ------------------------------------------------------------------------------------------ */
typedef struct {
    uint32_t in, all; /* touches in the loop, in the function */
    bool written, read;
    bool differ;      /* the loop's index does not stand bare on one axis in each touch */
    bool used;        /* … or stands in some subscript */
    uint32_t axis;    /* where it stands, + 1 */
    Combine op;       /* of what is written */
} Touch;

typedef struct {
    Function *f;
    Touch *touch; /* by tensor number */
    Expr *index;  /* of the loop */
    bool inside;
    bool refused; /* a call of linear algebra is in it, or a tensor is combined in two ways */
} Look;

static void note_subs(Look *l, Touch *t, const Tensor *tensor, Expr *const *subs) {
    uint32_t axis = 0;
    bool used = false;
    for (uint32_t k = 0; k < tensor->rank; k++) {
        if (subs[k] == l->index) axis = k + 1;
        used |= expr_uses_index(l->f->graph, subs[k], l->index->of.number);
    }
    t->differ |= axis == 0 || (t->in > 1 && t->axis != axis);
    t->used |= used;
    t->axis = axis;
}

static void touch(Look *l, const Tensor *tensor, Expr *const *subs, bool write, Combine op) {
    Touch *t = &l->touch[tensor->number];
    if (!l->inside) {
        t->all++;
        return;
    }
    t->in++;
    l->refused |= write && t->written && t->op != op && op != COMBINE_SET && t->op != COMBINE_SET;
    if (write && (!t->written || t->op == COMBINE_SET)) t->op = op;
    t->written |= write;
    t->read |= !write;
    if (l->index) note_subs(l, t, tensor, subs);
}

static void look_node(Tree *n, const Visit *v, void *with) {
    (void)v;
    Look *l = with;
    Graph *g = l->f->graph;
    const ArenaMark mark = arena_mark(g->lists);
    ExprList all = tree_reads(g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch(l, all.at[k]->of.tensor, all.at[k]->arg, false, COMBINE_SET);
    arena_release(g->lists, mark);
    if (n->kind == TREE_SET) touch(l, n->as.set.to, n->as.set.subs, true, n->as.set.op);
    if (n->kind == TREE_KERNEL) {
        const Product *p = &n->as.product;
        touch(l, p->a, p->a_subs, false, COMBINE_SET);
        touch(l, p->b, p->b_subs, false, COMBINE_SET);
        touch(l, p->c, p->c_subs, true, p->add ? COMBINE_ADD : COMBINE_SET);
    }
    if (n->kind != TREE_CALL) return;
    l->refused = l->refused || l->inside; /* its arrays are counted where it stands: outside */
    if (l->inside) return;
    l->touch[n->as.call.to->number].all++;
    for (uint32_t k = 0; k < n->as.call.to->call->n; k++) l->touch[n->as.call.to->call->arg[k]->number].all++;
}

/* All touches of the function, which do not change while its loops are looked at one after the other. */
static Look look_at_all(Function *f) {
    Look l = {.f = f, .touch = NEW_ARRAY(f->graph->arena, Touch, f->graph->tensors.n + 1)};
    tree_visit(f->body, look_node, &l);
    for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) /* the caller's look at it */
        l.touch[(k < f->n_outputs ? &f->outputs[k] : &f->results[k - f->n_outputs])->tensor->number].all++;
    return l;
}

static void look_inside(Look *l, Tree *loop, Expr *index) {
    for (uint32_t k = 0; k < l->f->graph->tensors.n; k++) l->touch[k] = (Touch){.all = l->touch[k].all};
    l->index = index;
    l->refused = false;
    l->inside = true;
    tree_visit(loop->body, look_node, l);
    l->inside = false;
}

/* ---- how much there is to do ---------------------------------------------------------------------------------------- */
static double product_work(const Product *p) { return usual_length(p->m) * usual_length(p->n) * usual_length(p->k); }

/* Operations, about; of the examples of a block, one counts. */
static double work_of(Function *f, const Tree *list) {
    double sum = 0;
    for (const Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_KERNEL) sum += product_work(&n->as.product);
        else if (n->kind == TREE_SET) sum += 1 + expr_walk(f->graph, &n->as.set.value, 1).n / 2.0;
        else sum += (n->kind != TREE_LOOP || n->as.loop.examples ? 1 : tree_turns(n)) * work_of(f, n->body);
    }
    return sum;
}

/* ---- blocks of lanes ------------------------------------------------------------------------------------------------ */
/* Does a block write it for its own examples alone? */
static bool is_of_examples(const Blocks *b, const Tensor *t) { return t->number < b->n_tensors && b->axis[t->number]; }

typedef VEC(Tensor *) Joins;

/* What the loop over blocks sums for all; false where that is not known to be sums, or too many beside the work on an example. */
static bool find_joins(Look *l, double work, Joins *joins, double *elements) {
    Graph *g = l->f->graph;
    *elements = 0;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Touch *t = &l->touch[k];
        Tensor *tensor = g->tensors.at[k];
        if (!t->written || t->in == t->all || is_of_examples(l->f->blocks, tensor)) continue;
        if (t->read || t->op == COMBINE_SET) return false;
        double size = 1;
        for (uint32_t a = 0; a < tensor->rank; a++) {
            if (tensor->extent[a]->kind != EXPR_CONST) return false;
            size *= (double)tensor->extent[a]->of.integer;
        }
        *elements += size;
        vec_push(g->arena, joins, tensor);
    }
    return *elements <= FEW_SUMS || *elements <= MANY_SUMS * work;
}

static Tensor *add_part(Graph *g, const char *name, const Tensor *like) {
    Tensor *t = graph_add_tensor(g, name, like ? like->type : TYPE_INT, ROLE_PART, like ? like->op : COMBINE_SET, like ? like->rank : 0, like ? like->extent : NULL, (Span){0});
    t->name = name; /* other functions have theirs */
    if (like) t->span = like->span, t->lo = like->lo, t->hi = like->hi;
    return t;
}

static Tree *nest_equation(Function *f, Equation *e, bool init) {
    Step *step = NEW(f->graph->arena, Step);
    *step = (Step){.equation = e, .init = init, .resumed = true};
    return nest_member(f, &(Order){.step = step});
}

/* w_bar[k] += w_bar_share[k] */
static Tree *add_share(Function *f, Tensor *to, const Tensor *share) {
    Graph *g = f->graph;
    Equation *e = identity_equation(g, to);
    e->body = expr_read(g, (Tensor *)(uintptr_t)share, e->subs, NULL);
    return nest_equation(f, e, false);
}

static void redirect(Tree *n, const Visit *v, void *with) {
    (void)v;
    Map *share = with;
    Tensor *to = n->kind == TREE_SET ? map_get(share, n->as.set.to) : n->kind == TREE_KERNEL ? map_get(share, n->as.product.c) : NULL;
    if (to && n->kind == TREE_SET) n->as.set.to = to;
    else if (to) n->as.product.c = to;
}

/* Examples to a share, at least: whole blocks, worth a thread and what is added in the end. */
static int64_t least_share(const Function *f, double work, double elements) {
    const double worth = WORTH > 8 * elements ? WORTH : 8 * elements, block = (double)f->blocks->size;
    return f->blocks->size * (int64_t)(worth / (work * block) + 1);
}

/* The loop over blocks, in shares; its list goes on behind it. */
static Tree *share_blocks(Function *f, Tree *blocks, const Joins *joins, int64_t least) {
    Graph *g = f->graph;
    const char *i = g->indices.at[blocks->as.loop.index].name;
    i = name_printf(g->names, "%.*s", (int)strlen(i) - 1, i); /* of i0 */
    Expr *all = f->blocks->extent, *size = expr_int(g, f->blocks->size), *round = expr_int(g, f->blocks->size * THREADS);
    Tensor *each = add_part(g, name_printf(g->names, "%s_each", i), NULL), *to = add_part(g, name_printf(g->names, "%s_to", i), NULL);
    Expr *from = expr_index(g, graph_add_index(g, name_printf(g->names, "%s_from", i)));
    Tree *first = tree_set(g->arena, each, COMBINE_SET, expr_op2(g, OP_max, expr_int(g, least),
                            expr_mul(g, size, expr_op2(g, OP_floordiv, expr_sub(g, expr_add(g, all, round), expr_int(g, 1)), round))));
    Tree *shares = first->next = tree_new(g->arena, TREE_LOOP, NULL);
    shares->as.loop.index = from->of.number;
    shares->as.loop.range = range_make(g, from->of.number, expr_int(g, 0), all);
    shares->as.loop.how = LOOP_SHARE;
    shares->as.loop.each = each;
    shares->as.loop.threads = true;
    shares->next = blocks->next;
    blocks->next = NULL;
    blocks->as.loop.within = blocks->as.loop.range;
    blocks->as.loop.range = range_make(g, blocks->as.loop.index, from, expr_read(g, to, NULL, NULL));
    Tree *end = blocks->body; /* i1 = min(i0 + 64, m) */
    end->as.set.value = expr_op2(g, OP_min, expr_add(g, expr_index(g, blocks->as.loop.index), size), expr_read(g, to, NULL, NULL));
    Tree **tail = &shares->body;
    tree_append(&tail, tree_set(g->arena, to, COMBINE_SET, expr_op2(g, OP_min, expr_add(g, from, expr_read(g, each, NULL, NULL)), all)));
    Tree *ordered = tree_new(g->arena, TREE_ONE_BY_ONE, NULL), **add = &ordered->body;
    Map *share = map_new(g->arena);
    for (uint32_t k = 0; k < joins->n; k++) {
        Tensor *t = joins->at[k], *part = add_part(g, name_printf(g->names, "%s_share", t->name), t);
        map_put(share, t, part);
        tree_append(&tail, nest_equation(f, identity_equation(g, part), true));
        tree_append(&add, add_share(f, t, part));
    }
    tree_visit(blocks->body, redirect, share);
    tree_append(&tail, blocks);
    tree_append(&tail, ordered);
    return first;
}

static bool share_lanes(Look *l, Tree **at, double work) {
    Joins joins = {0};
    double elements;
    look_inside(l, *at, NULL);
    if (l->refused || work <= 0 || !find_joins(l, work, &joins, &elements)) return false;
    const Expr *all = l->f->blocks->extent;
    const int64_t least = least_share(l->f, work, elements);
    if (all->kind == EXPR_CONST && all->of.integer <= least) return false;
    *at = share_blocks(l->f, *at, &joins, least);
    *l = look_at_all(l->f); /* there are more tensors now */
    return true;
}

/* ---- other loops ------------------------------------------------------------------------------------------------------ */
/* What a turn writes, no other turn looks at. */
static bool is_apart(const Look *l, const Tensor *t) {
    const Touch *x = &l->touch[t->number];
    const bool kept = l->f->kept && t->number < l->f->n_kept && l->f->kept[t->number];
    return !x->written || (x->used ? !x->differ : x->in == x->all && !kept);
}

static bool has_loop(const Tree *list) {
    for (const Tree *n = list; n; n = n->next)
        if (n->kind == TREE_LOOP || n->kind == TREE_KERNEL || (n->body && has_loop(n->body))) return true;
    return false;
}

static bool share_loop(Look *l, Tree *loop, double work) {
    if (!tree_plain(loop) || !has_loop(loop->body) || work <= 0) return false;
    const bool block = loop->as.loop.examples && loop->as.loop.within.n_lo, constant = block || tree_constant(loop);
    if (constant && work * (block ? (double)l->f->blocks->size : tree_turns(loop)) < WORTH) return false;
    look_inside(l, loop, expr_index(l->f->graph, loop->as.loop.index));
    if (l->refused) return false;
    for (uint32_t k = 0; k < l->f->graph->tensors.n; k++)
        if (l->touch[k].in && !is_apart(l, l->f->graph->tensors.at[k])) return false;
    loop->as.loop.threads = true;
    loop->as.loop.worth = constant ? 0 : (int64_t)(WORTH / work + 1);
    return true;
}

/* Rows of C, or columns, for each thread; a product that runs in a loop on threads stays on its own. */
static void share_product(Tree *n, const Visit *v, void *with) {
    (void)with;
    for (; v && v->node; v = v->outer)
        if (v->node->kind == TREE_LOOP && v->node->as.loop.threads) return;
    if (n->kind == TREE_KERNEL) n->as.product.on_threads = !n->as.product.n_over && product_work(&n->as.product) >= WORTH;
}

/* ---- the whole function ----------------------------------------------------------------------------------------------- */
static void share_list(Look *l, Tree **at) {
    for (; *at; at = &(*at)->next) {
        Tree *n = *at;
        const double work = n->kind == TREE_LOOP ? work_of(l->f, n->body) : 0;
        if (n->kind == TREE_LOOP && n->as.loop.how == LOOP_BLOCK && l->f->blocks->lanes && share_lanes(l, at, work)) {
            at = &(*at)->next;
            continue;
        }
        if (n->kind == TREE_LOOP && share_loop(l, n, work)) continue;
        if (n->body) share_list(l, &n->body);
    }
}

void share_work(Function *f) {
    Look l = look_at_all(f);
    share_list(&l, &f->body);
    tree_visit(f->body, share_product, NULL);
}
