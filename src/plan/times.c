/* Steps along time.
 *
 *     h[t] = f(h[t-1], a[t])  up      h_bar[t] = …h_bar[t+1]…  down      a[t] = W @ x[t]      W_bar = sum[t](a_bar[t]*x[t])
 *
 * The loops of a recurrence and of its adjoint give their tensors an axis of time; steps that read or write such tensors at t + c
 * of one index t run along it too, and give the axis to what they define. What touches them in another way finds them whole. */
#include "plan/times.h"

#include <string.h>

#include "graph/affine.h"
#include "plan/nest.h"

typedef struct {
    Graph *g;
    Times *t;
    bool *recurs;     /* by tensor number: a loop along time defines it */
    bool *elsewhere;  /* by tensor number: a loop along something else defines it */
    Expr **fixed;     /* by tensor number: it follows from one fixed time of the sweep forward */
    bool early;       /* what follows from a fixed time is computed in its segment, not after all of them */
} Search;

/* ---- one access ------------------------------------------------------------------------------------------------------------ */
typedef struct {
    Expr *time;     /* an index of the equation, or what a fixed time is */
    int64_t offset; /* the subscript is time + offset */
} Moment;

static bool is_index_of(const Equation *e, const Expr *x) {
    for (uint32_t k = 0; x->kind == EXPR_INDEX && k < e->domain.n; k++)
        if (e->domain.range[k].index == x->of.number) return true;
    return false;
}

/* The subscript as index + constant, or as a fixed time; false: neither. */
static bool moment_of(Graph *g, const Equation *e, Expr *sub, Moment *m) {
    Affine form;
    if (!affine_of(g, sub, &form)) return false;
    *m = (Moment){0};
    for (uint32_t k = 0; k < form.n; k++) {
        if (!is_index_of(e, form.term[k].of)) continue;
        if (m->time || form.n > 1 || form.term[k].by != 1) return false;
        m->time = form.term[k].of;
        m->offset = form.constant;
    }
    if (!m->time) m->time = sub;
    return true;
}

/* ---- one step ---------------------------------------------------------------------------------------------------------------- */
typedef struct {
    Search *s;
    const Equation *e;
    Expr *time;     /* that all accesses share; NULL: none yet */
    bool odd;       /* they do not share one */
    bool left;      /* what it defines has the time */
    int64_t offset; /* of what it defines */
    int64_t first, last, first_signal; /* least and greatest offset of what it reads; least of the error signals */
    bool reads, reads_signal;
} Touch;

static void touch(Touch *t, const Tensor *tensor, Expr *const *subs, bool write) {
    const Times *times = t->s->t;
    const uint32_t axis = times->axis[tensor->number];
    if (!axis || t->odd) return;
    Moment m;
    if (!moment_of(t->s->g, t->e, subs[axis - 1], &m)) {
        t->odd = true;
        return;
    }
    if (!t->time) t->time = m.time;
    if (m.time != t->time) { /* fixed times may differ by a constant */
        Affine a, b, difference;
        t->odd = is_index_of(t->e, m.time) || is_index_of(t->e, t->time) || !affine_of(t->s->g, m.time, &a) || !affine_of(t->s->g, t->time, &b) ||
                 !affine_add(&a, &b, -1, &difference) || difference.n > 0;
        if (t->odd) return;
        m.offset = difference.constant;
    }
    if (write) {
        t->left = true;
        t->offset = m.offset;
        return;
    }
    if (!t->reads || m.offset < t->first) t->first = m.offset;
    if (!t->reads || m.offset > t->last) t->last = m.offset;
    t->reads = true;
    if (!times->signal[tensor->number]) return;
    if (!t->reads_signal || m.offset < t->first_signal) t->first_signal = m.offset;
    t->reads_signal = true;
}

static Touch touch_step(Search *s, const Step *step) {
    Touch t = {.s = s, .e = step->equation};
    touch(&t, t.e->target, t.e->subs, true);
    if (step->init) return t;
    ExprList all = equation_nodes(s->g, t.e);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch(&t, all.at[k]->of.tensor, all.at[k]->arg, false);
    if (step->call) t.odd = true;
    return t;
}

/* The offset by which a step belongs to a segment: that of what it defines; of a sum over time, the latest value that it reads in
 * the sweep forward, the earliest error signal backward. */
static int64_t place_of(const Touch *t, bool signal) {
    if (t->left) return t->offset;
    return signal && t->reads_signal ? t->first_signal : t->last;
}

/* ---- axes ---------------------------------------------------------------------------------------------------------------------- */
static const Step *any_step(const Order *o) {
    while (!o->step) o = o->inside;
    return o->step;
}

static bool goes_with_time(const Search *s, const Order *o) {
    return !o->step && o->down == s->t->signal[any_step(o)->equation->target->number];
}

static Expr *loop_extent(const Order *o) {
    const Tensor *t = any_step(o)->equation->target;
    return t->extent[(uintptr_t)map_get(o->axis, t) - 1];
}

/* False where one of its tensors has another extent. */
static bool take_axes(Search *s, const Order *loop, const Order *list) {
    for (const Order *o = list; o; o = o->next) {
        if (!o->step) {
            if (!take_axes(s, loop, o->inside)) return false;
            continue;
        }
        const Tensor *t = o->step->equation->target;
        const uint32_t axis = (uint32_t)(uintptr_t)map_get(loop->axis, t);
        if (!axis || t->extent[axis - 1] != s->t->extent) return false;
        s->t->axis[t->number] = axis;
        s->recurs[t->number] = true;
    }
    return true;
}

/* Which recurrence is the longest is not known; the first that has an adjoint is taken, or the first where none has, and all others
 * of its extent. */
static bool find_loops(Search *s, const Order *order) {
    for (const Order *o = order; o && !s->t->extent; o = o->next)
        if (goes_with_time(s, o) && o->down) s->t->extent = loop_extent(o);
    for (const Order *o = order; o && !s->t->extent; o = o->next)
        if (goes_with_time(s, o)) s->t->extent = loop_extent(o);
    if (!s->t->extent) return false;
    for (const Order *o = order; o; o = o->next) {
        if (!goes_with_time(s, o) || loop_extent(o) != s->t->extent) continue;
        if (!take_axes(s, o, o->inside)) return false;
    }
    return true;
}

static bool computed(const Tensor *t) { return t->pieces && t->role >= ROLE_WRITTEN && t->role != ROLE_SEED; }

/* Gives the tensor the axis whose subscript is the time of the step. */
static bool give_axis(Search *s, const Equation *e, Expr *time, Tensor *t, Expr *const *subs) {
    if (s->t->axis[t->number] || s->elsewhere[t->number] || !computed(t) || !is_index_of(e, time)) return false;
    for (uint32_t k = 0; k < t->rank; k++) {
        Moment m;
        if (t->extent[k] != s->t->extent || !moment_of(s->g, e, subs[k], &m) || m.time != time) continue;
        s->t->axis[t->number] = k + 1;
        return true;
    }
    return false;
}

static void bar_list(Search *s, const Order *list) {
    for (const Order *o = list; o; o = o->next)
        if (o->step) s->elsewhere[o->step->equation->target->number] = true;
        else bar_list(s, o->inside);
}

static bool spread_step(Search *s, const Step *step) {
    Touch t = touch_step(s, step);
    if (t.odd || !t.time) return false;
    bool any = give_axis(s, step->equation, t.time, step->equation->target, step->equation->subs);
    if (step->init) return any;
    ExprList all = equation_nodes(s->g, step->equation);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) any |= give_axis(s, step->equation, t.time, all.at[k]->of.tensor, all.at[k]->arg);
    return any;
}

static bool spread_list(Search *s, const Order *list) {
    bool any = false;
    for (const Order *o = list; o; o = o->next) any |= o->step ? spread_step(s, o->step) : spread_list(s, o->inside);
    return any;
}

typedef enum { ALONE, ALONG_TIME, ELSEWHERE } Around; /* the loop around a step */

/* Takes the axis from what a step that cannot go along time defines; what that reads is kept whole. False: a recurrence is hit. */
static bool settle_step(Search *s, const Step *step, Around around, bool *any) {
    Touch t = touch_step(s, step);
    if (!t.odd && around != ELSEWHERE) return true;
    const Equation *e = step->equation;
    if (around == ALONG_TIME || s->recurs[e->target->number]) return false;
    if (s->t->axis[e->target->number]) {
        s->t->axis[e->target->number] = 0;
        *any = true;
    }
    ExprList all = equation_nodes(s->g, e);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && s->t->axis[all.at[k]->of.tensor->number]) s->t->whole[all.at[k]->of.tensor->number] = true;
    for (uint32_t k = 0; step->call && k < e->target->call->n; k++) s->t->whole[e->target->call->arg[k]->number] = true;
    return true;
}

static Around around_steps(const Search *s, const Order *loop) {
    return goes_with_time(s, loop) && loop_extent(loop) == s->t->extent ? ALONG_TIME : ELSEWHERE;
}

static bool settle_list(Search *s, const Order *list, Around around, bool *any) {
    for (const Order *o = list; o; o = o->next) {
        if (o->step ? !settle_step(s, o->step, around, any) : !settle_list(s, o->inside, around == ALONE ? around_steps(s, o) : around, any)) return false;
    }
    return true;
}

/* ---- phases ---------------------------------------------------------------------------------------------------------------------- */
/* What follows from the fixed time `at` does not count: it is made in the same segment. */
static void latest_read(Search *s, const Order *o, const uint8_t *made, const Expr *at, int *latest) {
    if (!o->step) {
        for (const Order *i = o->inside; i; i = i->next) latest_read(s, i, made, at, latest);
        return;
    }
    if (o->step->init) return;
    const Tensor *target = o->step->equation->target;
    ExprList all = equation_nodes(s->g, o->step->equation);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && made[all.at[k]->of.tensor->number] > *latest && (!at || s->fixed[all.at[k]->of.tensor->number] != at))
            *latest = made[all.at[k]->of.tensor->number];
    for (uint32_t k = 0; o->step->call && k < target->call->n; k++)
        if (made[target->call->arg[k]->number] > *latest) *latest = made[target->call->arg[k]->number];
}

static void mark_made(const Order *o, uint8_t phase, uint8_t *made) {
    if (!o->step)
        for (const Order *i = o->inside; i; i = i->next) mark_made(i, phase, made);
    else if (made[o->step->equation->target->number] < phase) made[o->step->equation->target->number] = phase;
}

/* The one fixed time that all it reads of the sweep forward follows from; NULL: it reads nothing of it, or other things too. */
static Expr *fixed_time(Search *s, const Order *o, const uint8_t *made) {
    Expr *time = NULL;
    ExprList all = equation_nodes(s->g, o->step->equation);
    if (o->step->init || o->step->call) return NULL;
    for (uint32_t k = 0; k < all.n; k++) {
        const Tensor *r = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
        if (!r || made[r->number] < PHASE_FORWARD) continue;
        if (!s->fixed[r->number] || (time && time != s->fixed[r->number])) return NULL;
        time = s->fixed[r->number];
    }
    return time;
}

/* A step in a segment waits for nothing that all segments make. */
static bool set_phase(Search *s, TimedStep *step, bool timed, int latest) {
    const bool signal = s->t->signal[any_step(step->order)->equation->target->number];
    if (timed) step->phase = signal ? PHASE_BACKWARD : PHASE_FORWARD;
    else step->phase = latest >= PHASE_BACKWARD ? PHASE_AFTER : latest >= PHASE_FORWARD ? PHASE_BETWEEN : PHASE_BEFORE;
    return !timed || latest <= (int)step->phase;
}

/* A step of one fixed time that cannot be in a segment: where it reads the last time after the sweep forward, or the first after
 * the sweep backward, that segment is still there. */
static bool set_rest(Search *s, TimedStep *step, const Touch *t, int latest) {
    Graph *g = s->g;
    if (t->left || !t->time || is_index_of(t->e, t->time) || !t->reads || t->first != t->last) return false;
    Expr *time = expr_add(g, t->time, expr_int(g, t->first));
    step->rests = true;
    step->phase = latest >= PHASE_BACKWARD ? PHASE_AFTER : PHASE_BETWEEN;
    return affine_equal(g, time, step->phase == PHASE_AFTER ? expr_int(g, 0) : expr_sub(g, s->t->extent, expr_int(g, 1)));
}

/* From when on what the step makes can be had: a sum over all segments, or what follows from one time, not in any segment. */
static void make(const TimedStep *step, bool late, uint8_t *made) { mark_made(step->order, (uint8_t)(step->phase + late), made); }

/* ---- what neighbouring segments look at --------------------------------------------------------------------------------------------- */
static void look(Search *s, const Tensor *t, int64_t distance) {
    if (distance < 0 && -distance > s->t->behind[t->number]) s->t->behind[t->number] = -distance;
    if (distance > 0 && distance > s->t->ahead[t->number]) s->t->ahead[t->number] = distance;
}

/* Forward a step looks back at values, backward it looks ahead at error signals, and any way at values. */
static bool look_step(Search *s, const Step *step, bool backward) {
    if (step->init) return true;
    Touch t = touch_step(s, step);
    const Equation *e = step->equation;
    const int64_t place = place_of(&t, backward);
    ExprList all = equation_nodes(s->g, e);
    for (uint32_t k = 0; k < all.n; k++) {
        const Tensor *r = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
        Moment m;
        Affine a, b, difference;
        if (!r || !s->t->axis[r->number] || !moment_of(s->g, e, all.at[k]->arg[s->t->axis[r->number] - 1], &m)) continue;
        if (m.time != t.time && affine_of(s->g, m.time, &a) && affine_of(s->g, t.time, &b) && affine_add(&a, &b, -1, &difference)) m.offset = difference.constant;
        const int64_t distance = m.offset - place;
        if (!backward && distance > 0) return false;
        if (backward && s->t->signal[r->number] && distance < 0) return false;
        look(s, r, distance);
    }
    return true;
}

static bool look_list(Search *s, const Order *o, bool backward) {
    if (o->step) return look_step(s, o->step, backward);
    for (const Order *i = o->inside; i; i = i->next)
        if (!look_list(s, i, backward)) return false;
    return true;
}

static bool stands_left(Graph *g, const Equation *e, const Expr *index) {
    for (uint32_t k = 0; k < e->target->rank; k++)
        if (expr_uses_index(g, e->subs[k], index->of.number)) return true;
    return false;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------------ */
/* The fixed time of the sweep forward that what the step makes follows from; NULL where it is made along time, or of all. */
static Expr *moment_of_step(Search *s, const Order *o, const Touch *t, const uint8_t *made) {
    if (s->t->signal[o->step->equation->target->number] || t->odd) return NULL;
    if (!t->time) return s->early ? fixed_time(s, o, made) : NULL;
    if (t->left || is_index_of(o->step->equation, t->time)) return NULL;
    return expr_add(s->g, t->time, expr_int(s->g, place_of(t, false)));
}

static bool describe_loop(Search *s, TimedStep *to, uint8_t *made) {
    int latest = PHASE_BEFORE;
    latest_read(s, to->order, made, NULL, &latest);
    const bool possible = set_phase(s, to, around_steps(s, to->order) == ALONG_TIME, latest);
    make(to, false, made);
    return possible;
}

static bool describe_step(Search *s, const Order *o, TimedStep *to, uint8_t *made) {
    *to = (TimedStep){.order = o};
    if (!o->step) return describe_loop(s, to, made);
    Touch t = touch_step(s, o->step);
    const Equation *e = o->step->equation;
    const bool timed = t.time && !t.odd;
    Expr *moment = moment_of_step(s, o, &t, made);
    int latest = PHASE_BEFORE;
    latest_read(s, o, made, moment, &latest);
    if (!set_phase(s, to, timed || moment, latest) && !set_rest(s, to, &t, latest)) return false;
    if (moment && !to->rests) s->fixed[e->target->number] = to->time = moment;
    if (timed && !to->rests) {
        const bool along = is_index_of(e, t.time);
        to->time = t.time;
        to->offset = place_of(&t, to->phase == PHASE_BACKWARD);
        to->join = !t.left && along && !stands_left(s->g, e, t.time);
    }
    if (to->join) {
        o->step->in_turn = t.time;
        o->step->back = to->phase == PHASE_BACKWARD;
    }
    const bool spread = to->time && !to->rests && !t.left; /* at one time and for all, or piece by piece into what has no axis of time */
    make(to, to->join || spread, made);
    return true;
}

/* W += sum over time, one of several      ->      W_over = sum over time;  W += W_over */
static void separate_sum(Search *s, Order *o) {
    Graph *g = s->g;
    Step *step = o->step, *add = NEW(g->arena, Step);
    Equation *e = step->equation;
    Tensor *w = e->target;
    Tensor *over = graph_add_tensor(g, name_printf(g->names, "%s_over", w->name), w->type, w->role, COMBINE_ADD, w->rank, w->extent, w->span);
    over->of = w->of;
    over->index = w->index;
    s->t->signal[over->number] = s->t->signal[w->number];
    Step *sum = NEW(g->arena, Step);
    *sum = *step;
    sum->equation = graph_add_equation(g, over, e->subs, e->body, e->domain, e->origin, e->span);
    Expr **index = NEW_ARRAY(g->arena, Expr *, w->rank + 1);
    Equation *total = NEW(g->arena, Equation);
    *total = (Equation){.target = w, .subs = index, .domain = domain_of_tensor(g, over, index), .origin = e->origin, .span = e->span};
    total->body = expr_read(g, over, index, NULL);
    *add = (Step){.equation = total, .wanted = step->wanted};
    Order *last = NEW(g->arena, Order);
    *last = (Order){.step = add, .next = o->next};
    o->step = sum;
    o->next = last;
    if (!tensor_needs_init(g, over)) return;
    Step *init = NEW(g->arena, Step);
    *init = (Step){.equation = identity_equation(g, over), .init = true, .wanted = step->wanted};
    Order *second = NEW(g->arena, Order);
    *second = (Order){.step = sum, .next = last};
    o->step = init;
    o->next = second;
}

/* As many as there can be: a tensor for each step, beside those of the graph. */
static bool separate_sums(Search *s, Order *order) {
    bool any = false;
    uint32_t k = 0;
    for (Order *o = order, *next; o; o = next, k++) {
        next = o->next;
        const Tensor *t = s->t->step[k].join ? o->step->equation->target : NULL;
        if (!t || t->op != COMBINE_ADD || !t->pieces || !t->pieces->next) continue;
        separate_sum(s, o);
        any = true;
    }
    return any;
}

static bool describe_all(Search *s, const Order *order) {
    s->t->n = 0;
    for (const Order *o = order; o; o = o->next) s->t->n++;
    s->t->step = NEW_ARRAY(s->g->arena, TimedStep, s->t->n);
    const uint32_t n_tensors = s->g->tensors.n + s->t->n;
    uint8_t *made = NEW_ARRAY(s->g->arena, uint8_t, n_tensors);
    s->fixed = NEW_ARRAY(s->g->arena, Expr *, n_tensors);
    uint32_t k = 0;
    for (const Order *o = order; o; o = o->next, k++) {
        if (!describe_step(s, o, &s->t->step[k], made)) return false;
        const Phase phase = s->t->step[k].phase;
        if ((phase == PHASE_FORWARD || phase == PHASE_BACKWARD) && !look_list(s, o, phase == PHASE_BACKWARD)) return false;
    }
    return true;
}

static uint32_t count_steps(const Order *list) {
    uint32_t n = 0;
    for (const Order *o = list; o; o = o->next) n += o->step ? 1 : count_steps(o->inside);
    return n;
}

Times *find_times(Graph *g, Order *order, const bool *signal, const bool *goals) {
    const uint32_t known = g->tensors.n, n = known + count_steps(order);
    Times *t = NEW(g->arena, Times);
    *t = (Times){.axis = NEW_ARRAY(g->arena, uint32_t, n), .whole = NEW_ARRAY(g->arena, bool, n), .signal = NEW_ARRAY(g->arena, bool, n),
                 .behind = NEW_ARRAY(g->arena, int64_t, n), .ahead = NEW_ARRAY(g->arena, int64_t, n)};
    memcpy(t->signal, signal, known * sizeof *signal);
    memcpy(t->whole, goals, known * sizeof *goals);
    Search s = {.g = g, .t = t, .recurs = NEW_ARRAY(g->arena, bool, n), .elsewhere = NEW_ARRAY(g->arena, bool, n)};
    if (!find_loops(&s, order)) return NULL;
    for (const Order *o = order; o; o = o->next)
        if (!o->step && !(goes_with_time(&s, o) && loop_extent(o) == t->extent)) bar_list(&s, o->inside);
    while (spread_list(&s, order)) {}
    for (bool any = true; any;) {
        any = false;
        if (!settle_list(&s, order, ALONE, &any)) return NULL;
    }
    if (!describe_all(&s, order)) {
        s.early = true;
        if (!describe_all(&s, order)) return NULL;
    }
    return !separate_sums(&s, order) || describe_all(&s, order) ? t : NULL;
}
