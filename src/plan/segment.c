/* Checkpointing: a recurrence of T steps and its adjoint in segments of S.
 *
 *     LOOP segment up {   keep the values that the segment starts from
 *                         LOOP t in segment { h[t] = f(h[t-1]) } }
 *     LOOP segment down { LOOP t in segment { h[t] = f(h[t-1]) }      from what was kept; the last segment is still there
 *                         LOOP t in segment, down { h_bar[t] = … }
 *                         W_bar += sum[t in segment](…) }
 *
 * What lies along time holds one segment, and as many times before and after it as its neighbours look at. With S the square root
 * of T that is O(sqrt(T)) of memory for one more evaluation. Source: A. Griewank, Achieving logarithmic growth of temporal and
 * spatial complexity in reverse automatic differentiation, Optimization Methods and Software 1 (1992), there with further levels. */
#include "plan/segment.h"

#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/restrict.h"
#include "graph/rewrite.h"
#include "plan/nest.h"

typedef struct {
    Function *f;
    Graph *g;
    const Times *t;
    Expr *length, *count; /* steps of a segment, segments */
    Domain around;        /* the loops around the node at hand */
    Expr *number;         /* the segment's, an index */
    Expr *first, *end;    /* times of the segment: number*length .. (number + 1)*length */
    Tensor **part;        /* by tensor number: holds a segment of it; or NULL */
    Tensor **kept;        /* by tensor number: what each segment starts from; or NULL */
    bool *again;          /* by tensor number: computed again on the way back */
    uint32_t n;
} Cut;

/* ---- sizes -------------------------------------------------------------------------------------------------------------- */
static Expr *rounded_up(Graph *g, Expr *a, Expr *b) { /* ceil(a/b) */
    return expr_op2(g, OP_floordiv, expr_add(g, a, expr_sub(g, b, expr_int(g, 1))), b);
}

/* Bytes of one time of the tensors that are, or are not, what a segment starts from. */
static Expr *bytes_of_a_step(const Cut *c, bool kept) {
    Graph *g = c->g;
    Expr *bytes = expr_int(g, 0);
    for (uint32_t k = 0; k < c->n; k++) {
        if (kept ? !c->kept[k] : !c->part[k]) continue;
        const Tensor *t = g->tensors.at[k];
        Expr *size = expr_int(g, t->type == TYPE_INT || !g->f64 ? 4 : 8);
        for (uint32_t a = 0; a < t->rank; a++)
            if (a + 1 != c->t->axis[k]) size = expr_mul(g, size, t->extent[a]);
        bytes = expr_add(g, bytes, kept ? expr_mul(g, size, expr_int(g, c->t->behind[k])) : size);
    }
    return bytes;
}

/* With n segments of T/n steps, n*(bytes kept) + T/n*(bytes of a step) is least where n = sqrt(T*step/kept). */
static Expr *length_within(const Cut *c, int64_t memory) {
    Graph *g = c->g;
    Expr *step = bytes_of_a_step(c, false), *kept = bytes_of_a_step(c, true), *steps = c->t->extent;
    Expr *ratio = expr_is_int(kept, 0) ? steps : expr_op2(g, OP_floordiv, expr_mul(g, steps, kept), step);
    Expr *best = expr_op2(g, OP_max, expr_op1(g, OP_isqrt, ratio), expr_int(g, 1));
    Expr *fits = expr_op2(g, OP_le, expr_mul(g, steps, step), expr_int(g, memory));
    return expr_select(g, fits, steps, expr_op2(g, OP_min, best, steps));
}

static Expr *segment_length(const Cut *c, const PlanOptions *o) {
    Graph *g = c->g;
    Expr *steps = c->t->extent, *length;
    int64_t least = 1;
    if (o->checkpoint == CHECKPOINT_MEMORY) length = length_within(c, o->memory);
    else if (o->checkpoint == CHECKPOINT_COUNT) length = rounded_up(g, steps, expr_int(g, o->checkpoints + 1));
    else length = expr_op1(g, OP_isqrt, steps);
    for (uint32_t k = 0; k < c->n; k++) {
        if (c->t->behind[k] > least) least = c->t->behind[k];
        if (c->t->ahead[k] > least) least = c->t->ahead[k];
    }
    return least > 1 ? expr_op2(g, OP_max, length, expr_int(g, least)) : length;
}

/* ---- what holds a segment ------------------------------------------------------------------------------------------------- */
static bool is_cut(const Times *t, uint32_t k) { return t->axis[k] && !t->whole[k]; }

static Tensor *like(Graph *g, const Tensor *t, const char *suffix, uint32_t rank, Expr *const *extent) {
    Tensor *made = graph_add_tensor(g, name_printf(g->names, "%s_%s", t->name, suffix), t->type, t->role, t->op, rank, extent, t->span);
    made->of = t->of;
    return made;
}

static Tensor *part_of(const Cut *c, const Tensor *t) {
    Graph *g = c->g;
    const uint32_t axis = c->t->axis[t->number] - 1;
    Expr **extent = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t a = 0; a < t->rank; a++) extent[a] = t->extent[a];
    extent[axis] = expr_add(g, c->length, expr_int(g, c->t->behind[t->number] + c->t->ahead[t->number]));
    return like(g, t, "segment", t->rank, extent);
}

/* kept[segment, time, …] */
static Tensor *kept_of(const Cut *c, const Tensor *t) {
    Graph *g = c->g;
    const uint32_t axis = c->t->axis[t->number] - 1;
    Expr **extent = NEW_ARRAY(g->arena, Expr *, t->rank + 2);
    extent[0] = c->count;
    for (uint32_t a = 0; a < t->rank; a++) extent[a + 1] = a == axis ? expr_int(g, c->t->behind[t->number]) : t->extent[a];
    return like(g, t, "kept", t->rank + 1, extent);
}

/* T[…, t, …] in the segment: the first time that it holds is first - behind. */
static Expr **part_subs(const Cut *c, const Tensor *t, Expr *const *subs) {
    Graph *g = c->g;
    const uint32_t axis = c->t->axis[t->number] - 1;
    Expr **out = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    for (uint32_t a = 0; a < t->rank; a++) out[a] = subs[a];
    Affine form;
    Expr *place = expr_add(g, expr_sub(g, subs[axis], c->first), expr_int(g, c->t->behind[t->number]));
    out[axis] = affine_of_atoms(g, place, &form) ? affine_expr(g, &form) : place;
    return out;
}

/* ---- computed again ---------------------------------------------------------------------------------------------------------- */
typedef VEC(const Step *) Steps;

static void add_steps(Arena *arena, const Order *o, Steps *list) {
    if (o->step) vec_push(arena, list, o->step);
    else
        for (const Order *i = o->inside; i; i = i->next) add_steps(arena, i, list);
}

static bool makes_again(const Cut *c, const TimedStep *step) {
    Steps steps = {0};
    add_steps(c->g->arena, step->order, &steps);
    for (uint32_t k = 0; k < steps.n; k++)
        if (c->again[steps.at[k]->equation->target->number]) return true;
    return false;
}

static bool mark_reads(Cut *c, const TimedStep *step) {
    bool any = false;
    Steps steps = {0};
    add_steps(c->g->arena, step->order, &steps);
    for (uint32_t s = 0; s < steps.n; s++) {
        if (steps.at[s]->init) continue;
        ExprList all = equation_nodes(c->g, steps.at[s]->equation);
        for (uint32_t k = 0; k < all.n; k++) {
            const Tensor *r = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
            if (!r || r->number >= c->n || c->again[r->number] || !is_cut(c->t, r->number) || c->t->signal[r->number]) continue;
            any = c->again[r->number] = true;
        }
    }
    return any;
}

/* A loop is run again as a whole, so what it defines starts again too. */
static bool mark_targets(Cut *c, const TimedStep *step) {
    bool any = false;
    Steps steps = {0};
    add_steps(c->g->arena, step->order, &steps);
    for (uint32_t k = 0; k < steps.n; k++) {
        const Tensor *t = steps.at[k]->equation->target;
        any |= !c->again[t->number];
        c->again[t->number] = true;
    }
    return any;
}

/* What the way back reads of the way forward, and what that is made of. */
static void find_again(Cut *c) {
    for (bool any = true; any;) {
        any = false;
        for (uint32_t k = 0; k < c->t->n; k++) {
            const TimedStep *step = &c->t->step[k];
            const bool again = step->phase == PHASE_FORWARD && makes_again(c, step);
            if (again) any |= mark_targets(c, step);
            if (again || step->phase == PHASE_BACKWARD || (step->rests && step->phase == PHASE_AFTER)) any |= mark_reads(c, step);
        }
    }
}

/* ---- parts in place of tensors ---------------------------------------------------------------------------------------------------------- */
static Expr *read_part(Graph *g, Expr *e, void *with) {
    const Cut *c = with;
    if (e->kind != EXPR_READ || e->of.tensor->number >= c->n || !c->part[e->of.tensor->number]) return e;
    Tensor *t = e->of.tensor;
    Expr *read = expr_read(g, c->part[t->number], part_subs(c, t, e->arg), NULL);
    if (!e->fill) return read;
    Expr *inside = inside_condition(g, t, e->arg, &c->around);
    return inside ? expr_select(g, inside, read, e->fill) : read;
}

/* What is known of a loop's index: its range before it was narrowed. */
static Domain inside_loop(const Cut *c, const Tree *loop) {
    Domain d = {.n = c->around.n + 1, .range = NEW_ARRAY(c->g->arena, Range, c->around.n + 1)};
    for (uint32_t k = 0; k < c->around.n; k++) d.range[k] = c->around.range[k];
    d.range[c->around.n] = loop->as.loop.within.n_lo ? loop->as.loop.within : loop->as.loop.range;
    return d;
}

static void use_parts(Cut *c, Rewriter *r, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_SET) {
            Tensor *t = n->as.set.to;
            Expr **subs = NEW_ARRAY(c->g->arena, Expr *, t->rank + 1);
            for (uint32_t k = 0; k < t->rank; k++) subs[k] = rewrite(r, n->as.set.subs[k]);
            n->as.set.value = rewrite(r, n->as.set.value);
            n->as.set.subs = t->number < c->n && c->part[t->number] ? part_subs(c, t, subs) : subs;
            if (t->number < c->n && c->part[t->number]) n->as.set.to = c->part[t->number];
        } else if (n->kind == TREE_IF && n->as.test.condition) {
            n->as.test.condition = rewrite(r, n->as.test.condition);
        } else if (n->kind == TREE_LOOP) {
            Range *range = &n->as.loop.range;
            for (uint32_t b = 0; b < range->n_lo; b++) range->lo[b] = rewrite(r, range->lo[b]);
            for (uint32_t b = 0; b < range->n_hi; b++) range->hi[b] = rewrite(r, range->hi[b]);
        }
        const Domain outside = c->around;
        if (n->kind == TREE_LOOP) c->around = inside_loop(c, n);
        if (n->body) use_parts(c, r, n->body);
        c->around = outside;
    }
}

/* Of a step outside the segments: the segment is the one at which the sweep before it ended. */
static void use_parts_at_rest(const Cut *c, Tree *nest, Phase phase) {
    Graph *g = c->g;
    Cut there = *c;
    there.number = phase == PHASE_AFTER ? expr_int(g, 0) : expr_sub(g, c->count, expr_int(g, 1));
    there.first = expr_mul(g, there.number, c->length);
    use_parts(&there, rewriter_new(g, read_part, &there), nest);
}

/* ---- steps in a segment --------------------------------------------------------------------------------------------------------- */
/* To the times first .. end, which the index is `offset` before. */
static void narrow(const Cut *c, Range *r, int64_t offset) {
    Graph *g = c->g;
    Expr *from = expr_sub(g, c->first, expr_int(g, offset)), *to = expr_sub(g, c->end, expr_int(g, offset));
    const bool at_start = r->n_lo == 1 && expr_is_int(r->lo[0], 0) && offset <= 0; /* then from is no less */
    Expr *lo = r->lo[0], *hi = r->hi[0];
    for (uint32_t b = 1; b < r->n_lo; b++) lo = expr_op2(g, OP_max, lo, r->lo[b]);
    for (uint32_t b = 1; b < r->n_hi; b++) hi = expr_op2(g, OP_min, hi, r->hi[b]);
    Expr *begin = at_start ? from : expr_op2(g, OP_max, lo, from), *end = expr_op2(g, OP_min, hi, to);
    if (offset != 0) { /* what lies before the first time or behind the last, and reads its fill, is in the first or last segment */
        begin = expr_select(g, expr_op2(g, OP_gt, c->number, expr_int(g, 0)), begin, lo);
        end = expr_select(g, expr_op2(g, OP_lt, expr_add(g, c->number, expr_int(g, 1)), c->count), end, hi);
    }
    *r = range_make(g, r->index, begin, end);
}

/* The step over the times of the segment alone. */
static Order *narrowed(const Cut *c, const TimedStep *step) {
    Graph *g = c->g;
    Order *o = NEW(g->arena, Order);
    Step *s = NEW(g->arena, Step);
    Equation *e = NEW(g->arena, Equation);
    *o = *step->order;
    *s = *step->order->step;
    *e = *s->equation;
    o->next = NULL;
    o->step = s;
    s->equation = e;
    s->resumed = step->join;
    e->domain = domain_copy(g->arena, e->domain);
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (expr_index(g, e->domain.range[k].index) == step->time)
            narrow(c, &e->domain.range[k], step->offset);
    return o;
}

static bool has_index(const TimedStep *step) { return step->time->kind == EXPR_INDEX; }

static Tree *test_around(Graph *g, Expr *condition, Tree *body) {
    Tree *test = tree_new(g->arena, TREE_IF, NULL);
    test->as.test.condition = condition;
    test->body = body;
    return test;
}

static bool is_plain_range(Graph *g, const Range *r) {
    for (uint32_t b = 0; b < r->n_lo; b++)
        if (!is_uniform(g, r->lo[b])) return false;
    for (uint32_t b = 0; b < r->n_hi; b++)
        if (!is_uniform(g, r->hi[b])) return false;
    return true;
}

static const Range *range_of_time(const Cut *c, const TimedStep *step) {
    const Domain *d = &step->order->step->equation->domain;
    for (uint32_t k = 0; k < d->n; k++)
        if (expr_index(c->g, d->range[k].index) == step->time && is_plain_range(c->g, &d->range[k])) return &d->range[k];
    return NULL;
}

/* Tells the nest of a narrowed step which equation it is of, and the loop what its index is known to stay in. */
static void remember_step(const Cut *c, Tree *nest, const TimedStep *step, const Range *whole) {
    for (Tree *n = nest; n; n = n->next) {
        if (n->why) n->why = step->order->step->equation;
        if (whole && n->kind == TREE_LOOP && range_uses_index(c->g, &n->as.loop.range, c->number->of.number) && !n->as.loop.within.n_lo) {
            n->as.loop.within = *whole;
            n->as.loop.within.index = n->as.loop.index;
        }
        if (n->body) remember_step(c, n->body, step, whole);
    }
}

static Tree *nest_in_segment(const Cut *c, const TimedStep *step) {
    Graph *g = c->g;
    if (!step->time) { /* a loop along time */
        Tree *loop = nest_member(c->f, step->order);
        loop->as.loop.within = loop->as.loop.range;
        narrow(c, &loop->as.loop.range, 0);
        return loop;
    }
    if (has_index(step)) {
        Tree *nest = nest_member(c->f, narrowed(c, step));
        remember_step(c, nest, step, range_of_time(c, step));
        return nest;
    }
    Expr *time = expr_add(g, step->time, expr_int(g, step->offset));
    return test_around(g, expr_and(g, expr_op2(g, OP_le, c->first, time), expr_op2(g, OP_lt, time, c->end)), nest_member(c->f, step->order));
}

static void add_phase(const Cut *c, NestList *list, Phase phase, bool again) {
    for (uint32_t k = 0; k < c->t->n; k++) {
        const TimedStep *step = &c->t->step[k];
        if (step->phase != phase || (again && !makes_again(c, step))) continue;
        const bool inside = phase == PHASE_FORWARD || phase == PHASE_BACKWARD;
        Tree *nest = inside ? nest_in_segment(c, step) : nest_member(c->f, step->order);
        if (step->rests) use_parts_at_rest(c, nest, phase);
        nest_add(list, c->f, step->order, nest);
    }
}

/* Sums over all segments start before the first of the sweep. */
static void start_sums(const Cut *c, NestList *list, Phase phase) {
    Graph *g = c->g;
    for (uint32_t k = 0; k < c->t->n; k++) {
        const TimedStep *step = &c->t->step[k];
        Tensor *t = step->order->step ? step->order->step->equation->target : NULL;
        if (step->phase != phase || !step->join || t->op == COMBINE_SET || tensor_needs_init(g, t)) continue;
        Order *o = NEW(g->arena, Order);
        Step *s = NEW(g->arena, Step);
        *s = (Step){.equation = identity_equation(g, t), .init = true, .wanted = step->order->step->wanted};
        o->step = s;
        nest_add(list, c->f, o, nest_member(c->f, o));
    }
}

/* ---- between segments ---------------------------------------------------------------------------------------------------------------- */
/* to[…, to_time + l, …] = from[…, from_time + l, …] for l in 0..n, where either may be of what segments start from. */
typedef struct {
    Tensor *tensor; /* whose axes are meant */
    Tensor *to, *from;
    Expr *to_time, *from_time; /* places on the axis of time of a part; NULL: of what is kept */
    int64_t n;
} Move;

static Expr **move_subs(const Cut *c, const Move *m, const Tensor *side, Expr *time, Expr *const *index) {
    Graph *g = c->g;
    const uint32_t axis = c->t->axis[m->tensor->number] - 1, first = time ? 0 : 1;
    Expr **subs = NEW_ARRAY(g->arena, Expr *, side->rank + 1);
    if (!time) subs[0] = c->number;
    for (uint32_t a = 0; a < m->tensor->rank; a++) subs[first + a] = a == axis && time ? expr_add(g, index[a], time) : index[a];
    return subs;
}

static Tree *move(const Cut *c, const Move *m) {
    Graph *g = c->g;
    const Tensor *t = m->tensor;
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(g, t, index);
    d.range[c->t->axis[t->number] - 1].hi[0] = expr_int(g, m->n);
    Equation *e = NEW(g->arena, Equation); /* for the comment */
    *e = (Equation){.target = m->to, .subs = move_subs(c, m, m->to, m->to_time, index), .domain = d, .origin = e, .span = t->span};
    e->body = expr_read(g, m->from, move_subs(c, m, m->from, m->from_time, index), NULL);
    Tree *root = NULL, **at = &root;
    for (uint32_t k = 0; k < d.n; k++) {
        *at = tree_new(g->arena, TREE_LOOP, e);
        (*at)->as.loop.index = d.range[k].index;
        (*at)->as.loop.range = d.range[k];
        at = &(*at)->body;
    }
    *at = tree_new(g->arena, TREE_SET, e);
    (*at)->as.set.to = m->to;
    (*at)->as.set.op = COMBINE_SET;
    (*at)->as.set.subs = e->subs;
    (*at)->as.set.value = e->body;
    return root;
}

typedef enum { CARRY_ON, KEEP, TAKE_BACK, CARRY_BACK } MoveKind;

/* CARRY_ON: the last times of the segment before become the first;  KEEP, TAKE_BACK: the first times to and from what is kept;
 * CARRY_BACK: the first times of the segment after become those ahead of this one. */
static Tree *moves(const Cut *c, MoveKind kind) {
    Graph *g = c->g;
    Tree *first = NULL, **tail = &first;
    for (uint32_t k = 0; k < c->n; k++) {
        Tensor *t = g->tensors.at[k], *part = c->part[k], *kept = c->kept[k];
        const int64_t behind = part ? c->t->behind[k] : 0, ahead = part ? c->t->ahead[k] : 0;
        Expr *zero = expr_int(g, 0), *start = expr_int(g, behind), *end = part ? expr_add(g, c->length, start) : NULL;
        const Move all[] = {[CARRY_ON] = {t, part, part, zero, c->length, c->t->signal[k] ? 0 : behind},
                            [KEEP] = {t, kept, part, NULL, zero, kept ? behind : 0},
                            [TAKE_BACK] = {t, part, kept, zero, NULL, kept ? behind : 0},
                            [CARRY_BACK] = {t, part, part, end, start, ahead}};
        if (all[kind].n > 0) tree_append(&tail, move(c, &all[kind]));
    }
    return first;
}

/* ---- the sweeps --------------------------------------------------------------------------------------------------------------------------- */
static Tree *sweep(const Cut *c, bool down, Tree *body) {
    Graph *g = c->g;
    Tree *loop = tree_new(g->arena, TREE_LOOP, NULL);
    loop->as.loop.index = c->number->of.number;
    loop->as.loop.range = range_make(g, loop->as.loop.index, expr_int(g, 0), c->count);
    loop->as.loop.down = down;
    loop->body = body;
    return loop;
}

static Tree *joined(Tree *a, Tree *b) {
    if (!a) return b;
    Tree **tail = &a;
    while (*tail) tail = &(*tail)->next;
    *tail = b;
    return a;
}

static Tree *when(Graph *g, Expr *condition, Tree *body) { return body ? test_around(g, condition, body) : NULL; }

static Tree *sweep_forward(Cut *c, Rewriter *r) {
    Graph *g = c->g;
    NestList steps = {0};
    add_phase(c, &steps, PHASE_FORWARD, false);
    use_parts(c, r, steps.first);
    Tree *carried = joined(moves(c, CARRY_ON), moves(c, KEEP));
    return sweep(c, false, joined(when(g, expr_op2(g, OP_gt, c->number, expr_int(g, 0)), carried), steps.first));
}

static Tree *sweep_backward(Cut *c, Rewriter *r) {
    Graph *g = c->g;
    NestList again = {0}, steps = {0};
    add_phase(c, &again, PHASE_FORWARD, true);
    add_phase(c, &steps, PHASE_BACKWARD, false);
    use_parts(c, r, again.first);
    use_parts(c, r, steps.first);
    Tree *back = when(g, expr_op2(g, OP_gt, c->number, expr_int(g, 0)), moves(c, TAKE_BACK));
    Tree *before_last = joined(joined(moves(c, CARRY_BACK), back), again.first);
    Expr *is_before_last = expr_op2(g, OP_lt, expr_add(g, c->number, expr_int(g, 1)), c->count);
    return sweep(c, true, joined(when(g, is_before_last, before_last), steps.first));
}

static void prepare(Cut *c, const PlanOptions *o) {
    Graph *g = c->g;
    c->number = expr_index(g, graph_add_index(g, name_of(g->names, "segment")));
    c->again = NEW_ARRAY(g->arena, bool, c->n);
    c->part = NEW_ARRAY(g->arena, Tensor *, c->n);
    c->kept = NEW_ARRAY(g->arena, Tensor *, c->n);
    find_again(c);
    for (uint32_t k = 0; k < c->n; k++) { /* which; their sizes follow once the length is known */
        c->part[k] = is_cut(c->t, k) ? g->tensors.at[k] : NULL;
        c->kept[k] = c->part[k] && c->again[k] && c->t->behind[k] > 0 ? g->tensors.at[k] : NULL;
    }
    c->length = segment_length(c, o);
    c->count = rounded_up(g, c->t->extent, c->length);
    c->f->along = expr_add(g, expr_mul(g, c->length, bytes_of_a_step(c, false)), expr_mul(g, c->count, bytes_of_a_step(c, true)));
    c->f->steps = c->length;
    c->f->segments = c->count;
    c->first = expr_mul(g, c->number, c->length);
    c->end = expr_add(g, c->first, c->length);
    for (uint32_t k = 0; k < c->n; k++) {
        if (c->kept[k]) c->kept[k] = kept_of(c, g->tensors.at[k]);
        if (c->part[k]) c->part[k] = part_of(c, g->tensors.at[k]);
    }
}

static bool any_phase(const Times *t, Phase phase) {
    for (uint32_t k = 0; k < t->n; k++)
        if (t->step[k].phase == phase) return true;
    return false;
}

Tree *nest_segments(Function *f, const Times *t, const PlanOptions *o) {
    Cut c = {.f = f, .g = f->graph, .t = t, .n = f->graph->tensors.n};
    prepare(&c, o);
    Rewriter *r = rewriter_new(c.g, read_part, &c);
    NestList before = {0}, between = {0}, after = {0};
    add_phase(&c, &before, PHASE_BEFORE, false);
    start_sums(&c, &before, PHASE_FORWARD);
    add_phase(&c, &between, PHASE_BETWEEN, false);
    start_sums(&c, &between, PHASE_BACKWARD);
    add_phase(&c, &after, PHASE_AFTER, false);
    Tree *there = sweep_forward(&c, r), *back = any_phase(t, PHASE_BACKWARD) ? sweep_backward(&c, r) : NULL;
    return joined(before.first, joined(there, joined(between.first, joined(back, after.first))));
}
