/* Nests: each step of the order becomes loops around one statement.
 *
 *     s[i] += v[k]*a[i,k]  over i, k        LOOP i
 *                                             SET s[i] = 0
 *                                             LOOP k
 *                                               SET s[i] += v[k]*a[i,k]
 *
 * Indices on the left come outermost, reduced ones inside. Inside a loop along an axis (a recurrence) an equation
 * runs when its left side is due (its index on that axis is solved for), or, where that is integer data, when
 * its read is: `X_bar[parent[b]] += …X_bar[b]` runs at b. */
#include "plan/nest.h"

#include <math.h>

#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/restrict.h"
#include "plan/call.h"

Tree *tree_new(Arena *arena, TreeKind kind, const Equation *why) {
    Tree *n = NEW(arena, Tree);
    n->kind = kind;
    n->why = why;
    return n;
}

Tree *tree_test(Arena *arena, Expr *condition, Tree *body) {
    Tree *test = tree_new(arena, TREE_IF, body->why);
    test->as.test.condition = condition;
    test->body = body;
    return test;
}

Tree *tree_set(Arena *arena, Tensor *local, Combine op, Expr *value) {
    Tree *set = tree_new(arena, TREE_SET, NULL);
    set->as.set.to = local;
    set->as.set.op = op;
    set->as.set.value = value;
    return set;
}

Tree *tree_loop_around(Arena *arena, const Tree *loop, Tree *body) {
    Tree *n = NEW(arena, Tree);
    *n = *loop;
    n->next = NULL;
    n->body = body;
    return n;
}

void tree_append(Tree ***tail, Tree *n) {
    **tail = n;
    while (n && n->next) n = n->next;
    if (n) *tail = &n->next;
}

Expr *combine_identity(Graph *g, Combine op, Type type) {
    double least = type == TYPE_INT ? -2147483648.0 : -INFINITY, greatest = type == TYPE_INT ? 2147483647.0 : INFINITY;
    const double identity[N_COMBINES] = {[COMBINE_SET] = type == TYPE_INT ? 0 : NAN, [COMBINE_MUL] = 1, [COMBINE_MAX] = least,
                                         [COMBINE_MIN] = greatest, [COMBINE_LOGSUMEXP] = least, [COMBINE_AND] = 1};
    return type == TYPE_INT ? expr_int(g, (int64_t)identity[op]) : expr_real(g, identity[op]);
}

static const Range *range_of(const Equation *e, const Expr *sub) {
    if (sub->kind != EXPR_INDEX) return NULL;
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (e->domain.range[k].index == sub->of.number) return &e->domain.range[k];
    return NULL;
}

/* Is the index on the left: alone, or where `digits` within a subscript as well? */
static bool is_left(Graph *g, const Equation *e, uint32_t index, bool digits) {
    bool within = equation_has_left(e, index);
    for (uint32_t k = 0; k < e->target->rank && digits && !within; k++) within = expr_uses_index(g, e->subs[k], index);
    return within;
}

/* May all indices of the left stand outside the reduced ones? */
static bool left_first(Graph *g, const Equation *e, bool digits) {
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        if (!is_left(g, e, r->index, digits)) continue;
        for (uint32_t j = 0; j < k; j++) {
            uint32_t earlier = e->domain.range[j].index;
            if (is_left(g, e, earlier, digits)) continue;
            if (range_uses_index(g, r, earlier)) return false;
        }
    }
    return true;
}

/* Does the subscript go once through 0..extent? An index does, and indices as the digits of a number: 6*i + 2*j + k, j in 0..3, k in 0..2. */
static bool goes_through(Graph *g, const Equation *e, const Digit *axis) {
    Affine form;
    if (!affine_of(g, axis->sub, &form) || form.constant != 0) return false;
    Expr *reached = expr_int(g, 1);
    for (uint32_t n = 0; n < form.n; n++) {
        const Range *r = NULL;
        for (uint32_t k = 0; k < form.n && !r; k++)
            if (expr_is_int(reached, form.term[k].by)) r = range_of(e, form.term[k].of);
        if (!r || r->n_lo != 1 || r->n_hi != 1 || !expr_is_int(r->lo[0], 0)) return false;
        reached = expr_mul(g, reached, r->hi[0]);
    }
    return affine_equal(g, reached, axis->extent);
}

/* Is the tensor computed from elements of its own? Then a loop along an axis decides when each is due. */
static bool is_recurrence(Graph *g, const Tensor *t) {
    Map *seen = map_new(g->stage);
    VEC(const Tensor *) work = {0};
    vec_push(g->stage, &work, t);
    while (work.n) {
        const Tensor *next = work.at[--work.n];
        const Tensors reads = tensor_reads(g, next);
        for (uint32_t k = 0; k < reads.n; k++) {
            if (reads.at[k] == t) return true;
            if (map_get(seen, reads.at[k])) continue;
            map_put(seen, reads.at[k], seen);
            vec_push(g->stage, &work, reads.at[k]);
        }
    }
    return false;
}

/* The left side names each element of the tensor once. */
static bool covers_target(Graph *g, const Equation *e) {
    const Tensor *t = e->target;
    Digit *axis = NEW_ARRAY(g->stage, Digit, t->rank + 1);
    bool bare = true;
    for (uint32_t k = 0; k < t->rank; k++) {
        axis[k] = (Digit){e->subs[k], t->extent[k]};
        bare &= e->subs[k]->kind == EXPR_INDEX;
    }
    const uint32_t n = join_digits(g, axis, t->rank);
    for (uint32_t k = 0; k < n; k++) {
        if (!goes_through(g, e, &axis[k])) return false;
        for (uint32_t r = 0; r < e->domain.n; r++)
            for (uint32_t j = 0; j < k; j++)
                if (expr_uses_index(g, axis[j].sub, e->domain.range[r].index) && expr_uses_index(g, axis[k].sub, e->domain.range[r].index)) return false;
    }
    return bare || !is_recurrence(g, t);
}

bool tensor_needs_init(Graph *g, const Tensor *t) {
    if (t->op == COMBINE_SET) return false;
    const Equation *e = t->pieces;
    return !e || e->next || !left_first(g, e, true) || !covers_target(g, e);
}

Equation *identity_equation(Graph *g, Tensor *t) {
    Equation *e = NEW(g->arena, Equation);
    e->target = t;
    e->subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    e->domain = domain_of_tensor(g, t, e->subs);
    e->body = combine_identity(g, t->op, t->type);
    e->origin = t->pieces ? t->pieces->origin : e;
    e->span = t->span;
    return e;
}

/* ---- the loops that an order put around a step -------------------------------------------------------------- */
typedef struct {
    const Order *order;
    Expr *time; /* the loop's index */
    Range range;
} Enclosing;

typedef struct {
    Function *f;
    Graph *g;
    VEC(Enclosing) loops;
} Build;

typedef struct {
    Build *build;
    const Step *step;
    Subst *subst;       /* indices solved for */
    Map *solved;        /* index -> something */
    Expr *condition;    /* on the enclosing loops alone */
    Expr *late;         /* on further indices too */
    bool starts;        /* the nest sets each element to the identity itself */
} Nesting;

/* The index of the equation's domain that x is solved for: coefficient 1 or -1, not solved yet; the last such. */
static const Range *solvable(Nesting *n, Expr *x, Affine *form, int64_t *by) {
    Graph *g = n->build->g;
    const Equation *e = n->step->equation;
    if (!affine_of(g, x, form)) return NULL;
    for (uint32_t k = e->domain.n; k-- > 0;) {
        const Range *r = &e->domain.range[k];
        *by = affine_coefficient(form, expr_index(g, r->index));
        if ((*by == 1 || *by == -1) && !map_get(n->solved, KEY(r->index))) return r;
    }
    return NULL;
}

/* Where the left side does not tell the time (it is data), the read of the loop's own tensors does. */
static Expr *time_of_read(Nesting *n, const Enclosing *loop) {
    ExprList all = equation_nodes(n->build->g, n->step->equation);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *e = all.at[k];
        uintptr_t axis = e->kind == EXPR_READ ? (uintptr_t)map_get(loop->order->axis, e->of.tensor) : 0;
        if (axis && range_of(n->step->equation, e->arg[axis - 1])) return e->arg[axis - 1];
    }
    return NULL;
}

/* A condition that uses an index whose loop is still to be opened has to wait. */
static void require(Nesting *n, Expr *condition) {
    Graph *g = n->build->g;
    const Equation *e = n->step->equation;
    bool late = false;
    for (uint32_t k = 0; k < e->domain.n; k++) {
        uint32_t index = e->domain.range[k].index;
        late |= !map_get(n->solved, KEY(index)) && expr_uses_index(g, condition, index);
    }
    Expr **to = late ? &n->late : &n->condition;
    *to = expr_and(g, *to, condition);
}

static void solve_for(Nesting *n, const Enclosing *loop) {
    Graph *g = n->build->g;
    const Equation *e = n->step->equation;
    Expr *x = e->subs[(uintptr_t)map_get(loop->order->axis, e->target) - 1];
    Affine form, self, rest;
    int64_t by;
    const Range *r = solvable(n, x, &form, &by);
    if (!r && !affine_of(g, x, &form)) {
        Expr *read = time_of_read(n, loop);
        if (read) r = solvable(n, read, &form, &by);
    }
    if (!r) {
        require(n, expr_op2(g, OP_eq, loop->time, x));
        return;
    }
    /* x = by*index + rest = time   ->   index = by*(time - rest) */
    affine_of(g, expr_index(g, r->index), &self);
    affine_add(&form, &self, -by, &rest);
    Expr *offset = affine_expr(g, &rest), *index = by == 1 ? expr_sub(g, loop->time, offset) : expr_sub(g, offset, loop->time);
    subst_index(n->subst, r->index, index);
    map_put(n->solved, KEY(r->index), n);
    for (uint32_t b = 0; b < r->n_lo; b++) require(n, expr_op2(g, OP_ge, index, r->lo[b]));
    for (uint32_t b = 0; b < r->n_hi; b++) require(n, expr_op2(g, OP_lt, index, r->hi[b]));
}

static Domain enclosing_domain(Build *b) {
    Domain d = {.n = b->loops.n, .range = NEW_ARRAY(b->g->stage, Range, b->loops.n + 1)};
    for (uint32_t k = 0; k < b->loops.n; k++) d.range[k] = b->loops.at[k].range;
    return d;
}

/* ---- one step ------------------------------------------------------------------------------------------------- */
Range subst_range(Graph *g, Subst *s, const Range *r) {
    Domain one = {.n = 1, .range = (Range *)(uintptr_t)r};
    Range copy = domain_copy(g->arena, one).range[0];
    for (uint32_t k = 0; k < copy.n_lo; k++) copy.lo[k] = subst_apply(s, copy.lo[k]);
    for (uint32_t k = 0; k < copy.n_hi; k++) copy.hi[k] = subst_apply(s, copy.hi[k]);
    return copy;
}

static Tree *loop_node(Graph *g, Range range, const Equation *why) {
    Tree *n = tree_new(g->arena, TREE_LOOP, why);
    n->as.loop.index = range.index;
    n->as.loop.range = range;
    return n;
}

static Tree *set_node(Nesting *n, Combine op, Expr *value) {
    const Equation *e = n->step->equation;
    Graph *g = n->build->g;
    Tree *set = tree_new(g->arena, TREE_SET, e);
    set->as.set.to = e->target;
    set->as.set.op = op;
    set->as.set.subs = NEW_ARRAY(g->arena, Expr *, e->target->rank + 1);
    for (uint32_t k = 0; k < e->target->rank; k++) set->as.set.subs[k] = subst_apply(n->subst, e->subs[k]);
    set->as.set.value = subst_apply(n->subst, value);
    return set;
}

/* A loop over the k-th index of the domain, under an index of its own: nests of one origin share the indices of their
 * equations, and would catch each other's once they are fused. */
static Tree *loop_over(Nesting *n, uint32_t k) {
    Graph *g = n->build->g;
    const Range *r = &n->step->equation->domain.range[k];
    uint32_t fresh = graph_add_index(g, g->indices.at[r->index].name);
    Range range = subst_range(g, n->subst, r);
    range.index = fresh;
    subst_index(n->subst, r->index, expr_index(g, fresh));
    Tree *loop = loop_node(g, range, n->step->equation);
    loop->as.loop.in_turn = n->step->in_turn == expr_index(g, r->index);
    loop->as.loop.down = loop->as.loop.in_turn && n->step->back;
    loop->as.loop.examples = n->step->example == expr_index(g, r->index);
    return loop;
}

/* Time comes first: what other indices sum at one time is added as a whole. */
static Tree **open_time(Nesting *n, Tree **at) {
    Graph *g = n->build->g;
    const Equation *e = n->step->equation;
    for (uint32_t k = 0; k < e->domain.n && n->step->in_turn; k++) {
        const Range *r = &e->domain.range[k];
        bool alone = expr_index(g, r->index) == n->step->in_turn && !map_get(n->solved, KEY(r->index));
        for (uint32_t j = 0; j < k; j++) alone &= equation_has_left(e, e->domain.range[j].index) || !range_uses_index(g, r, e->domain.range[j].index);
        if (!alone) continue;
        *at = loop_over(n, k);
        at = &(*at)->body;
        map_put(n->solved, KEY(r->index), n);
    }
    return at;
}

/* Wraps the statement in loops over the indices that are still open, on the left or reduced. */
static Tree **open_loops(Nesting *n, Tree **at, bool left) {
    const Equation *e = n->step->equation;
    if (!left) at = open_time(n, at);
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        if (map_get(n->solved, KEY(r->index)) || is_left(n->build->g, e, r->index, n->starts) != left) continue;
        *at = loop_over(n, k);
        at = &(*at)->body;
    }
    return at;
}

static Tree **open_test(Graph *g, Tree **at, Expr *condition, const Equation *why) {
    if (!condition) return at;
    *at = tree_new(g->arena, TREE_IF, why);
    (*at)->as.test.condition = condition;
    return &(*at)->body;
}

/* Loops over the batch that is still open, around the call. */
static void nest_call(Nesting *n, Tree **at) {
    Graph *g = n->build->g;
    const Equation *e = n->step->equation;
    const uint32_t n_batch = call_batch(e->target);
    for (uint32_t k = 0; k < n_batch; k++) {
        if (map_get(n->solved, KEY(e->domain.range[k].index))) continue;
        *at = loop_over(n, k);
        at = &(*at)->body;
    }
    at = open_test(g, at, subst_apply(n->subst, n->late), e);
    *at = tree_new(g->arena, TREE_CALL, e);
    (*at)->as.call.to = e->target;
    (*at)->as.call.subs = NEW_ARRAY(g->arena, Expr *, n_batch + 1);
    for (uint32_t k = 0; k < n_batch; k++) (*at)->as.call.subs[k] = subst_apply(n->subst, expr_index(g, e->domain.range[k].index));
}

static Tree *nest_step(Build *b, const Step *step) {
    Graph *g = b->g;
    const Equation *e = step->equation;
    Nesting n = {.build = b, .step = step, .subst = subst_new(g), .solved = map_new(g->stage)};
    for (uint32_t k = 0; k < b->loops.n; k++)
        if (map_get(b->loops.at[k].order->axis, e->target)) solve_for(&n, &b->loops.at[k]);
    Domain around = enclosing_domain(b);
    Expr *condition = condition_left(g, subst_apply(n.subst, n.condition), &around);
    Tree *root = NULL, **at = open_test(g, &root, condition, e);
    if (step->call) {
        nest_call(&n, at);
        return root;
    }
    n.starts = e->target->op != COMBINE_SET && !step->init && !step->resumed && !tensor_needs_init(g, e->target);
    const bool sorted = left_first(g, e, n.starts);
    if (sorted) at = open_loops(&n, at, true);
    if (n.starts) {
        *at = set_node(&n, COMBINE_SET, combine_identity(g, e->target->op, e->target->type));
        at = &(*at)->next;
    }
    if (sorted) at = open_loops(&n, at, false);
    else
        for (uint32_t k = 0; k < e->domain.n; k++) {
            if (map_get(n.solved, KEY(e->domain.range[k].index))) continue;
            *at = loop_over(&n, k);
            at = &(*at)->body;
        }
    at = open_test(g, at, expr_and(g, subst_apply(n.subst, n.late), subst_apply(n.subst, e->domain.guard)), e);
    *at = set_node(&n, step->init ? COMBINE_SET : e->target->op, e->body);
    return root;
}

/* ---- loops along an axis --------------------------------------------------------------------------------------- */
static Tree *nest_list(Build *, const Order *);

static const Step *first_step(const Order *o) {
    while (!o->step) o = o->inside;
    return o->step;
}

/* The greater (less) of two bounds: one of them where it is known which, or where it is in the other already. */
static Expr *extreme(Graph *g, Expr *a, Expr *b, bool greater) {
    Op op = greater ? OP_max : OP_min;
    Affine x, y, difference;
    for (Expr *e = a;; e = e->arg[0]) {
        Expr *one = expr_is_op(e, op) ? e->arg[1] : e;
        if (affine_of(g, one, &x) && affine_of(g, b, &y) && affine_add(greater ? &x : &y, greater ? &y : &x, -1, &difference) &&
            affine_not_negative(&difference))
            return a;
        if (!expr_is_op(e, op)) break;
    }
    if (affine_of(g, a, &x) && affine_of(g, b, &y) && affine_add(greater ? &y : &x, greater ? &x : &y, -1, &difference) &&
        affine_not_negative(&difference))
        return b;
    return expr_op2(g, op, a, b);
}

/* Joins the times at which the steps of the loop are due into one range. */
static void join_times(Build *b, const Order *list, const Order *loop, Expr **lo, Expr **hi) {
    Graph *g = b->g;
    for (const Order *o = list; o; o = o->next) {
        if (!o->step) {
            join_times(b, o->inside, loop, lo, hi);
            continue;
        }
        const Equation *e = o->step->equation;
        uintptr_t axis = (uintptr_t)map_get(loop->axis, e->target);
        Affine form, least, most;
        Expr *from = expr_int(g, 0), *to = e->target->extent[axis - 1];
        if (affine_of(g, e->subs[axis - 1], &form) && affine_bounds(g, &form, &e->domain, &least, &most)) {
            from = affine_expr(g, &least);
            to = expr_add(g, affine_expr(g, &most), expr_int(g, 1));
        }
        *lo = !*lo ? from : extreme(g, *lo, from, false);
        *hi = !*hi ? to : extreme(g, *hi, to, true);
    }
}

static Symbol time_name(Build *b, const Order *loop) {
    const Step *s = first_step(loop->inside);
    Expr *x = s->equation->subs[(uintptr_t)map_get(loop->axis, s->equation->target) - 1];
    ExprList all = expr_walk(b->g, &x, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX) return b->g->indices.at[all.at[k]->of.number].name;
    return name_of(b->g->names, "t");
}

static Tree *nest_loop(Build *b, const Order *o) {
    Graph *g = b->g;
    Expr *lo = NULL, *hi = NULL;
    join_times(b, o->inside, o, &lo, &hi);
    uint32_t index = graph_add_index(g, time_name(b, o));
    Tree *loop = loop_node(g, range_make(g, index, lo, hi), NULL);
    loop->as.loop.down = o->down;
    vec_push(g->arena, &b->loops, (Enclosing){o, expr_index(g, index), loop->as.loop.range});
    loop->body = nest_list(b, o->inside);
    b->loops.n--;
    return loop;
}

static Tree *nest_list(Build *b, const Order *list) {
    Tree *first = NULL, **tail = &first;
    for (const Order *o = list; o; o = o->next) tree_append(&tail, o->step ? nest_step(b, o->step) : nest_loop(b, o));
    return first;
}

/* ---- what only some goals need ------------------------------------------------------------------------------------ */
uint64_t order_wanted(const Order *o) {
    if (o->step) return o->step->wanted;
    uint64_t all = 0;
    for (const Order *i = o->inside; i; i = i->next) all |= order_wanted(i);
    return all;
}

static void wanted_arrays(Function *f, uint64_t wanted, Tree *test) {
    VEC(const Goal *) list = {0};
    for (uint32_t k = 0; k < f->n_outputs + f->n_results && k < 63; k++)
        if (wanted >> k & 1) vec_push(f->graph->arena, &list, k < f->n_outputs ? &f->outputs[k] : &f->results[k - f->n_outputs]);
    test->as.test.wanted = list.at;
    test->as.test.n_wanted = list.n;
}

Tree *nest_member(Function *f, const Order *o) {
    Build b = {.f = f, .g = f->graph};
    return o->step ? nest_step(&b, o->step) : nest_loop(&b, o);
}

void nest_put(NestList *list, Function *f, uint64_t wanted, Tree *nest) {
    if (!list->end || list->wanted != wanted) {
        if (!list->end) list->end = &list->first;
        else if (list->test) list->end = &list->test->next;
        list->wanted = wanted;
        list->test = NULL;
        if (!(wanted >> 63)) {
            list->test = *list->end = tree_new(f->graph->arena, TREE_IF, NULL);
            wanted_arrays(f, wanted, list->test);
            list->end = &list->test->body;
        }
    }
    tree_append(&list->end, nest);
}

void nest_add(NestList *list, Function *f, const Order *o, Tree *nest) { nest_put(list, f, order_wanted(o), nest); }

Tree *nest_order(Function *f, const Order *order) {
    NestList list = {0};
    for (const Order *o = order; o; o = o->next) nest_add(&list, f, o, nest_member(f, o));
    return list.first;
}
