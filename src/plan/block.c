/* The block schedule.
 *
 *     LOOP i { z[i] = … }  LOOP i { L += … }  LOOP i { z_bar[i] = … }  LOOP i { w_bar += z_bar[i]*x[i] }
 *  ->
 *     L = 0;  w_bar = 0
 *     LOOP i0 in 0..m, by 64 { LOOP i in i0..i1 { z[i] = … }  …  LOOP i in i0..i1 { w_bar += z_bar[i]*x[i] } }
 *
 * Examples run along a class of axes: joined wherever one index stands bare on both. It will do if every equation has at most one
 * index of the class and every tensor one axis, so that examples meet only in equations that reduce over them: joins. What
 * needs a join waits for all examples: the phase of an equation counts the joins that come before it.
 *
 * Of a tensor that is touched in one phase alone only a block is kept. */
#include "plan/block.h"

#include <string.h>

#include "graph/ops.h"
#include "plan/call.h"
#include "plan/kernel.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { MANY = 32, MOST_STEPS = 512 }; /* examples, so that blocks pay; equations, so that compilers do not take long over the one loop */

/* ---- classes of axes --------------------------------------------------------------------------------------------------- */
typedef struct {
    Graph *g;
    Steps *steps;
    uint32_t *first;  /* by tensor number: node of its first axis; indices follow behind the last */
    uint32_t *up;     /* by node: union-find */
    bool *bad;        /* by root */
    Expr **extent;    /* by root; NULL: not seen */
    uint32_t *covers; /* by root: steps that have it */
    uint32_t n_nodes;
} Classes;

static uint32_t root_of(Classes *c, uint32_t node) {
    while (c->up[node] != node) node = c->up[node] = c->up[c->up[node]];
    return node;
}
static uint32_t axis_root(Classes *c, const Tensor *t, uint32_t axis) { return root_of(c, c->first[t->number] + axis); }
static uint32_t index_root(Classes *c, uint32_t index) { return root_of(c, c->first[c->g->tensors.n] + index); }

static void join_classes(Classes *c, uint32_t a, uint32_t b) {
    if (a == b) return;
    c->up[b] = a;
    c->bad[a] |= c->bad[b] || (c->extent[a] && c->extent[b] && c->extent[a] != c->extent[b]);
    if (!c->extent[a]) c->extent[a] = c->extent[b];
}

/* An index that computes a subscript may do so only beneath a read of integer data: of those the example has its own. */
static void refuse_indices(Classes *c, const Expr *sub) {
    if (sub->kind == EXPR_INDEX) c->bad[index_root(c, sub->of.number)] = true;
    if (sub->kind == EXPR_READ) return;
    for (uint32_t k = 0; k < sub->n; k++) refuse_indices(c, sub->arg[k]);
}

static void scan_subs(Classes *c, const Tensor *t, Expr *const *subs) {
    for (uint32_t k = 0; k < t->rank; k++) {
        if (subs[k]->kind == EXPR_INDEX) {
            join_classes(c, axis_root(c, t, k), index_root(c, subs[k]->of.number));
            continue;
        }
        c->bad[axis_root(c, t, k)] = true;
        refuse_indices(c, subs[k]);
    }
}

static void scan_range(Classes *c, const Range *r) {
    uint32_t root = index_root(c, r->index);
    bool plain = r->n_lo == 1 && r->n_hi == 1 && expr_is_int(r->lo[0], 0);
    if (!plain || (c->extent[root] && c->extent[root] != r->hi[0])) c->bad[root] = true;
    c->extent[root] = r->hi[0];
}

/* A call wants its matrices whole: examples may only count them. */
static void refuse_matrices(Classes *c, const Tensor *to) {
    const uint32_t n_batch = call_batch(to);
    for (uint32_t k = 0; k <= to->call->n; k++) {
        const Tensor *t = k < to->call->n ? to->call->arg[k] : to;
        for (uint32_t a = n_batch; a < t->rank; a++) c->bad[axis_root(c, t, a)] = true;
    }
}

static void scan_step(Classes *c, const Step *s) {
    const Equation *e = s->equation;
    if (s->call) refuse_matrices(c, e->target);
    for (uint32_t k = 0; k < e->domain.n; k++) scan_range(c, &e->domain.range[k]);
    scan_subs(c, e->target, e->subs);
    ExprList all = equation_nodes(c->g, e);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) scan_subs(c, all.at[k]->of.tensor, all.at[k]->arg);
}

/* Two of one class in an equation or a tensor: examples would meet. */
static void refuse_twins(Classes *c, const uint32_t *root, uint32_t n) {
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t j = 0; j < k; j++)
            if (root[k] == root[j]) c->bad[root[k]] = true;
}

static void refuse_all_twins(Classes *c) {
    Graph *g = c->g;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        uint32_t *root = NEW_ARRAY(g->arena, uint32_t, t->rank + 1);
        for (uint32_t a = 0; a < t->rank; a++) root[a] = axis_root(c, t, a);
        refuse_twins(c, root, t->rank);
    }
    for (uint32_t k = 0; k < c->steps->n; k++) {
        const Domain *d = &c->steps->at[k].equation->domain;
        uint32_t *root = NEW_ARRAY(g->arena, uint32_t, d->n + 1);
        for (uint32_t r = 0; r < d->n; r++) {
            root[r] = index_root(c, d->range[r].index);
            c->covers[root[r]]++;
            if (c->steps->at[k].in_turn == expr_index(g, d->range[r].index)) c->bad[root[r]] = true;
        }
        refuse_twins(c, root, d->n);
    }
}

static Classes find_classes(Graph *g, Steps *steps) {
    Classes c = {.g = g, .steps = steps, .first = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1)};
    for (uint32_t k = 0; k < g->tensors.n; k++) c.first[k + 1] = c.first[k] + g->tensors.at[k]->rank;
    c.n_nodes = c.first[g->tensors.n] + g->indices.n;
    c.up = NEW_ARRAY(g->arena, uint32_t, c.n_nodes + 1);
    c.bad = NEW_ARRAY(g->arena, bool, c.n_nodes + 1);
    c.extent = NEW_ARRAY(g->arena, Expr *, c.n_nodes + 1);
    c.covers = NEW_ARRAY(g->arena, uint32_t, c.n_nodes + 1);
    for (uint32_t k = 0; k < c.n_nodes; k++) c.up[k] = k;
    for (uint32_t k = 0; k < g->tensors.n; k++)
        for (uint32_t a = 0; a < g->tensors.at[k]->rank; a++) {
            c.extent[c.first[k] + a] = g->tensors.at[k]->extent[a];
            c.bad[c.first[k] + a] = g->tensors.at[k]->role == ROLE_PARAM || g->tensors.at[k]->role == ROLE_STATE;
        }
    for (uint32_t k = 0; k < steps->n; k++) scan_step(&c, &steps->at[k]);
    refuse_all_twins(&c);
    return c;
}

/* ---- one class of them ---------------------------------------------------------------------------------------------------- */
static Expr *index_of_class(Classes *c, const Equation *e, uint32_t root) {
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (index_root(c, e->domain.range[k].index) == root) return expr_index(c->g, e->domain.range[k].index);
    return NULL;
}

static uint32_t axis_of_class(Classes *c, const Tensor *t, uint32_t root) {
    for (uint32_t k = 0; k < t->rank; k++)
        if (axis_root(c, t, k) == root) return k + 1;
    return 0;
}

static bool is_join(Classes *c, const Step *s, uint32_t root) {
    return index_of_class(c, s->equation, root) && !axis_of_class(c, s->equation->target, root);
}

/* Phases, to a fixed point: what is read must be there. False: a join waits for itself, or there is none. */
static bool find_phases(Classes *c, uint32_t root, uint32_t *phase) {
    Graph *g = c->g;
    uint32_t *ready = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1);
    bool changed = true, any = false;
    for (uint32_t k = 0; k < c->steps->n; k++) phase[k] = 0;
    while (changed) {
        changed = false;
        for (uint32_t k = 0; k < c->steps->n; k++) {
            const Step *s = &c->steps->at[k];
            ExprList all = equation_nodes(g, s->equation);
            for (uint32_t j = 0; j < all.n; j++)
                if (all.at[j]->kind == EXPR_READ && ready[all.at[j]->of.tensor->number] > phase[k]) phase[k] = ready[all.at[j]->of.tensor->number];
            if (phase[k] > c->steps->n) return false;
            const bool join = is_join(c, s, root);
            any |= join;
            uint32_t *r = &ready[s->equation->target->number];
            if (phase[k] + join <= *r) continue;
            *r = phase[k] + join;
            changed = true;
        }
    }
    return any;
}

static uint32_t most_of(const uint32_t *at, uint32_t n) {
    uint32_t most = 0;
    for (uint32_t k = 0; k < n; k++)
        if (at[k] > most) most = at[k];
    return most;
}

/* A run-time size, or a fixed one that makes more than a block. */
static bool is_many(const Expr *extent) { return extent && (extent->kind == EXPR_DIM || (extent->kind == EXPR_CONST && extent->of.integer >= MANY)); }

/* Of classes that no parameter has an axis of: the one named for batches, else the one of most equations, and of
 * those with fewest phases. The root, or n_nodes. */
static uint32_t choose_class(Classes *c, uint32_t *phase) {
    const Training *training = &c->g->training;
    uint32_t best = c->n_nodes, best_score = 0, best_phases = 0;
    uint32_t *tried = NEW_ARRAY(c->g->arena, uint32_t, c->steps->n + 1);
    for (uint32_t k = 0; k < c->n_nodes; k++) {
        if (root_of(c, k) != k || c->bad[k] || c->covers[k] < 2 || c->covers[k] > MOST_STEPS || !is_many(c->extent[k])) continue;
        const bool named = training->batch_dim != UINT32_MAX && c->extent[k]->kind == EXPR_DIM && c->extent[k]->of.number == training->batch_dim;
        const uint32_t score = c->covers[k] + (named ? c->steps->n : 0);
        if (score < best_score || !find_phases(c, k, tried)) continue;
        const uint32_t phases = most_of(tried, c->steps->n);
        if (score == best_score && phases >= best_phases) continue;
        best = k;
        best_score = score;
        best_phases = phases;
    }
    if (best < c->n_nodes) find_phases(c, best, phase);
    return best;
}

/* ---- steps and tensors of the class ------------------------------------------------------------------------------------------ */
static uint32_t *phases_touching(Graph *g, const Steps *steps) { /* by tensor number: the phase + 1 that alone touches it; 0: several */
    const uint32_t several = UINT32_MAX;
    uint32_t *only = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1);
    for (uint32_t k = 0; k < steps->n; k++) {
        const Step *s = &steps->at[k];
        ExprList all = equation_nodes(g, s->equation);
        for (uint32_t j = 0; j <= all.n; j++) {
            if (j < all.n && all.at[j]->kind != EXPR_READ) continue;
            uint32_t *o = &only[j < all.n ? all.at[j]->of.tensor->number : s->equation->target->number];
            *o = s->example && (*o == 0 || *o == s->phase + 1) ? s->phase + 1 : several;
        }
    }
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (only[k] == several) only[k] = 0;
    return only;
}

static bool stays_whole(const Function *f, const Tensor *t) {
    const Function *tape = f->kept ? f : f->before;
    if (tape && t->number < tape->n_kept && tape->kept[t->number]) return true;
    return t->role == ROLE_INPUT || t->role == ROLE_PARAM || t->role == ROLE_CONST || t->role == ROLE_STATE || t->role == ROLE_SEED;
}

/* A sum over examples goes on from block to block: it is started before the first. */
static void start_joins(Function *f, Classes *c, Steps *steps, uint32_t root, const uint32_t *phase) {
    Graph *g = f->graph;
    Steps all = {0};
    for (uint32_t k = 0; k < steps->n; k++) {
        Step s = steps->at[k];
        Tensor *t = s.equation->target;
        s.phase = phase[k];
        s.example = index_of_class(c, s.equation, root);
        if (!s.init && !s.resumed && s.example && !axis_of_class(c, t, root) && !tensor_needs_init(g, t)) {
            vec_push(g->arena, &all, (Step){.equation = identity_equation(g, t), .init = true, .phase = s.phase, .wanted = s.wanted});
            s.resumed = true;
        }
        vec_push(g->arena, &all, s);
    }
    *steps = all;
}

/* What fills a tensor with its identity comes with the first that adds to it. */
static void start_in_time(Steps *steps, uint32_t n_tensors, Arena *arena) {
    uint32_t *first = NEW_ARRAY(arena, uint32_t, n_tensors + 1);
    for (uint32_t k = 0; k < n_tensors; k++) first[k] = UINT32_MAX;
    for (uint32_t k = 0; k < steps->n; k++) {
        uint32_t *at = &first[steps->at[k].equation->target->number];
        if (!steps->at[k].init && steps->at[k].phase < *at) *at = steps->at[k].phase;
    }
    for (uint32_t k = 0; k < steps->n; k++)
        if (steps->at[k].init && first[steps->at[k].equation->target->number] != UINT32_MAX)
            steps->at[k].phase = first[steps->at[k].equation->target->number];
}

void find_blocks(Function *f, Steps *steps, const bool *goals) {
    Graph *g = f->graph;
    Classes c = find_classes(g, steps);
    uint32_t *phase = NEW_ARRAY(g->arena, uint32_t, steps->n + 1), root = choose_class(&c, phase);
    if (root == c.n_nodes) return;
    Blocks *b = f->blocks = NEW(g->arena, Blocks);
    b->n_tensors = g->tensors.n;
    b->axis = NEW_ARRAY(g->arena, uint32_t, g->tensors.n + 1);
    b->first = NEW_ARRAY(g->arena, Expr *, g->tensors.n + 1);
    for (uint32_t k = 0; k < g->tensors.n; k++) b->axis[k] = axis_of_class(&c, g->tensors.at[k], root);
    start_joins(f, &c, steps, root, phase);
    start_in_time(steps, g->tensors.n, g->arena);
    const uint32_t *only = phases_touching(g, steps), n_phases = most_of(phase, steps->n) + 1;
    Expr **first = NEW_ARRAY(g->arena, Expr *, n_phases);
    const char *name = NULL;
    for (uint32_t k = 0; k < steps->n && !name; k++)
        if (steps->at[k].example) name = g->indices.at[steps->at[k].example->of.number].name;
    for (uint32_t k = 0; k < n_phases; k++) first[k] = expr_index(g, graph_add_index(g, name_printf(g->names, "%s0", name)));
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (only[k] && b->axis[k] && !goals[k] && !stays_whole(f, g->tensors.at[k])) b->first[k] = first[only[k] - 1];
    b->phase_first = first;
    b->extent = c.extent[root];
    b->n_phases = n_phases;
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------ */
/* What of the order runs together: a phase, in it what has no examples before what has. All in a loop of the order wait for each
 * other, so they are of one phase, and have examples or have none. */
static uint32_t key_of(const Order *o) {
    while (!o->step) o = o->inside;
    return 2 * o->step->phase + (o->step->example != NULL);
}

/* What one example needs in the arrays of its block, in elements; run-time sizes count as usual. */
static double elements_of_example(Function *f) {
    double sum = 0;
    for (uint32_t k = 0; k < f->blocks->n_tensors; k++) {
        const Tensor *t = f->graph->tensors.at[k];
        double size = 1;
        for (uint32_t a = 0; a < t->rank; a++)
            if (a + 1 != f->blocks->axis[k]) size *= usual_length(t->extent[a]);
        if (f->blocks->first[k]) sum += size;
    }
    return sum;
}

/* Examples to a block: what they need fits a second cache (half of it at most is kept in the end). Lanes want some vectors; products
 * many rows, unless an example is so large that it has them by itself. */
static int64_t block_size(Function *f) {
    enum { CACHE = 1 << 21, LEAST_LANES = 256, MOST_LANES = 1024, LEAST_ROWS = 128, MOST_ROWS = 256, LARGE = 1 << 16 }; /* of lanes, LARGE: bytes */
    const bool lanes = f->blocks->lanes;
    const int real = f->graph->f64 ? 8 : 4;
    const double bytes = elements_of_example(f) * real;
    const int64_t least = lanes ? LEAST_LANES / real : bytes > LARGE ? 1 : LEAST_ROWS;
    int64_t size = lanes ? MOST_LANES / real : MOST_ROWS;
    while (size > least && bytes * (double)size > CACHE) size /= 2;
    return size;
}

typedef struct {
    Graph *g;
    Expr *first, *end;
} Restrict;

static void restrict_loop(Tree *n, const Visit *v, void *with) {
    (void)v;
    const Restrict *r = with;
    if (n->kind != TREE_LOOP || !n->as.loop.examples) return;
    n->as.loop.within = n->as.loop.range;
    n->as.loop.range = range_make(r->g, n->as.loop.range.index, r->first, r->end);
}

/* LOOP i0 by size { i1 = min(i0 + size, m); … } */
static Tree *block_loop(Function *f, Expr *first, Tree *nests, Tensor *end) {
    Graph *g = f->graph;
    Expr *extent = f->blocks->extent;
    Tree *loop = tree_new(g->arena, TREE_LOOP, NULL), *set = tree_new(g->arena, TREE_SET, NULL);
    loop->as.loop.index = first->of.number;
    loop->as.loop.range = range_make(g, first->of.number, expr_int(g, 0), extent);
    loop->as.loop.how = LOOP_BLOCK;
    loop->as.loop.step = f->blocks->size;
    set->as.set.to = end;
    set->as.set.value = expr_op2(g, OP_min, expr_add(g, first, expr_int(g, f->blocks->size)), extent);
    set->next = nests;
    loop->body = set;
    return loop;
}

static Tree *nests_of_block(Function *f, const Order *order, uint32_t key, uint64_t *wanted) {
    NestList list = {0};
    *wanted = 0;
    for (const Order *o = order; o; o = o->next) {
        if (key_of(o) != key) continue;
        *wanted |= order_wanted(o);
        nest_put(&list, f, f->blocks->lanes ? UINT64_MAX : order_wanted(o), nest_member(f, o));
    }
    return list.first;
}

static Tensor *end_of_block(Function *f, Expr *first) {
    Graph *g = f->graph;
    Symbol index = g->indices.at[first->of.number].name;
    Symbol name = name_printf(g->names, "%.*s1", (int)strlen(index) - 1, index);
    Tensor *t = graph_add_tensor(g, name, TYPE_INT, ROLE_PART, COMBINE_SET, 0, NULL, (Span){0});
    t->name = name; /* other functions have theirs */
    return t;
}

static void nest_phase(Function *f, const Order *order, uint32_t phase, NestList *list) {
    Graph *g = f->graph;
    uint64_t wanted;
    for (const Order *o = order; o; o = o->next)
        if (key_of(o) == 2 * phase) nest_add(list, f, o, nest_member(f, o));
    Tree *nests = nests_of_block(f, order, 2 * phase + 1, &wanted);
    if (!nests) return;
    Expr *first = f->blocks->phase_first[phase];
    Tensor *end = end_of_block(f, first);
    Restrict r = {g, first, expr_read(g, end, NULL, NULL)};
    tree_visit(nests, restrict_loop, &r);
    nest_put(list, f, wanted >> 63 ? UINT64_MAX : wanted, block_loop(f, first, nests, end));
}

static bool has_call(const Order *o) {
    if (o->step) return o->step->call && o->step->example;
    for (const Order *i = o->inside; i; i = i->next)
        if (has_call(i)) return true;
    return false;
}

/* Do products take most of the work? Then examples are their rows. Linear algebra, too, wants each matrix in one piece. */
static bool mostly_products(Function *f, const Order *order) {
    double products = 0, others = 0;
    for (const Order *o = order; o; o = o->next)
        if (has_call(o)) return true;
    for (const Order *o = order; o; o = o->next)
        if (key_of(o) % 2) count_products(f, nest_member(f, o), &products, &others);
    return products >= others;
}

Tree *nest_blocks(Function *f, const Order *order, int64_t size) {
    f->blocks->lanes = !mostly_products(f, order);
    f->blocks->size = size > 0 ? size : block_size(f);
    NestList list = {0};
    for (uint32_t p = 0; p < f->blocks->n_phases; p++) nest_phase(f, order, p, &list);
    return list.first;
}
