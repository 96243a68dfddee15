/* Planning a function: which equations its goals need, in which order, in which loops, and where tensors live.
 *
 *     goals ─ need ─▶ steps ─ order ─▶ Order ─ nest ─▶ tree of loops ─ storage ─▶ Function
 */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "plan/block.h"
#include "plan/call.h"
#include "plan/cut.h"
#include "plan/fuse.h"
#include "plan/jam.h"
#include "plan/kernel.h"
#include "plan/nest.h"
#include "plan/parallel.h"
#include "plan/segment.h"
#include "plan/storage.h"
#include "plan/unroll.h"
#include "plan/winner.h"

enum { ALWAYS = 63 }; /* the bit of what is needed whatever arrays the caller gave */

typedef struct {
    Graph *g;
    uint64_t *wanted; /* by tensor number */
    bool *given;      /* computed before, or supplied */
    uint32_t n_tensors; /* the planner's own come after */
    VEC(Tensor *) work;
} Need;

static void need(Need *n, Tensor *t, uint64_t by) {
    if (by >> ALWAYS) by = UINT64_MAX; /* what is always needed need not be looked at once more for each goal */
    if (n->given[t->number] || (n->wanted[t->number] | by) == n->wanted[t->number]) return;
    n->wanted[t->number] |= by;
    vec_push(n->g->stage, &n->work, t);
}

static void spread(Need *n) {
    while (n->work.n) {
        Tensor *t = n->work.at[--n->work.n];
        uint64_t by = n->wanted[t->number];
        const ArenaMark mark = arena_mark(n->g->lists);
        for (Equation *e = t->pieces; e; e = e->next) {
            ExprList all = equation_nodes(n->g, e);
            for (uint32_t k = 0; k < all.n; k++)
                if (all.at[k]->kind == EXPR_READ) need(n, all.at[k]->of.tensor, by);
        }
        if (t->call)
            for (uint32_t k = 0; k < t->call->n; k++) need(n, t->call->arg[k], by);
        arena_release(n->g->lists, mark);
    }
}

static uint64_t goal_bit(const Function *f, uint32_t k) {
    bool whole = f->kind == FUNCTION_UPDATE || f->kind == FUNCTION_JACOBIAN_PATTERN || f->kind == FUNCTION_HESSIAN_PATTERN;
    bool nullable = k >= f->n_outputs ? !whole : f->outputs[k].tensor->rank > 0;
    return UINT64_C(1) << (nullable && k < ALWAYS ? k : ALWAYS);
}

static Need need_goals(Function *f, const bool *given) {
    Graph *g = f->graph;
    Need n = {.g = g, .n_tensors = g->tensors.n, .wanted = NEW_ARRAY(g->stage, uint64_t, g->tensors.n + 1), .given = NEW_ARRAY(g->stage, bool, g->tensors.n + 1)};
    if (given) memcpy(n.given, given, g->tensors.n * sizeof *given);
    for (uint32_t pass = 0; pass < 2; pass++) { /* first what is always needed */
        for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) {
            Tensor *t = k < f->n_outputs ? f->outputs[k].tensor : f->results[k - f->n_outputs].tensor;
            if (goal_bit(f, k) >> ALWAYS == 1 - pass) need(&n, t, goal_bit(f, k));
        }
        spread(&n);
    }
    return n;
}

/* A tensor without equations and without a caller who supplies it holds its operator's identity. */
static bool is_computed(const Tensor *t) {
    return t->role != ROLE_INPUT && t->role != ROLE_PARAM && t->role != ROLE_CONST && t->role != ROLE_STATE && t->role != ROLE_SEED &&
           t->role != ROLE_TRAINING;
}

static void add_steps(Graph *g, Steps *steps, Tensor *t, uint64_t wanted) {
    if (t->call) {
        vec_push(g->stage, steps, (Step){.equation = call_equation(g, t), .call = true, .wanted = wanted});
        return;
    }
    if (tensor_needs_init(g, t) || !t->pieces) vec_push(g->stage, steps, (Step){.equation = identity_equation(g, t), .init = true, .wanted = wanted});
    for (Equation *e = t->pieces; e; e = e->next) vec_push(g->stage, steps, (Step){.equation = e, .wanted = wanted});
}

/* Those of all that is needed: which one was the greatest right behind the greatest. */
static Steps all_steps(const Need *n) {
    Graph *g = n->g;
    Steps steps = {0};
    Tensor **winner = NEW_ARRAY(g->stage, Tensor *, n->n_tensors + 1);
    for (uint32_t k = 0; k < n->n_tensors; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->role == ROLE_WINNER && t->of && t->of->number < k && n->wanted[t->of->number]) winner[t->of->number] = t;
    }
    for (uint32_t k = 0; k < n->n_tensors; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->role == ROLE_WINNER && t->of && winner[t->of->number] == t) continue;
        for (; t; t = t->number == k ? winner[k] : NULL)
            if (n->wanted[t->number] && is_computed(t)) add_steps(g, &steps, t, n->wanted[t->number] >> ALWAYS ? UINT64_C(1) << ALWAYS : n->wanted[t->number]);
    }
    return steps;
}

Tensors tensor_reads(Graph *g, const Tensor *t) {
    Tensors list = {0};
    for (const Equation *e = t->pieces; e; e = e->next) {
        ExprList nodes = equation_nodes(g, e);
        for (uint32_t k = 0; k < nodes.n; k++)
            if (nodes.at[k]->kind == EXPR_READ) vec_push(g->stage, &list, nodes.at[k]->of.tensor);
    }
    for (uint32_t k = 0; t->call && k < t->call->n; k++) vec_push(g->stage, &list, t->call->arg[k]);
    return list;
}

/* Which tensors follow from an error signal: adjoints, and what reads them. */
static bool *signal_tensors(Graph *g) {
    bool *signal = NEW_ARRAY(g->arena, bool, g->tensors.n + 1), changed = true;
    for (uint32_t k = 0; k < g->tensors.n; k++) signal[k] = g->tensors.at[k]->role == ROLE_ADJOINT;
    while (changed) {
        changed = false;
        for (uint32_t k = 0; k < g->tensors.n; k++) {
            if (signal[k]) continue;
            Tensors reads = tensor_reads(g, g->tensors.at[k]);
            for (uint32_t j = 0; j < reads.n && !signal[k]; j++)
                if (signal[reads.at[j]->number]) changed = signal[k] = true;
        }
    }
    return signal;
}

static bool *goal_tensors(const Function *f) {
    bool *goal = NEW_ARRAY(f->graph->arena, bool, f->graph->tensors.n + 1);
    for (uint32_t k = 0; k < f->n_outputs; k++) goal[f->outputs[k].tensor->number] = true;
    for (uint32_t k = 0; k < f->n_results; k++) goal[f->results[k].tensor->number] = true;
    return goal;
}

static bool has_loop(const Order *order) {
    for (const Order *o = order; o; o = o->next)
        if (!o->step) return true;
    return false;
}

static bool plan_steps(Function *f, const Need *n, const PlanOptions *options) {
    Graph *g = f->graph;
    Steps steps = all_steps(n);
    if (steps.n == 0) return true;
    const bool cut = options->checkpoint != CHECKPOINT_NONE && !f->before && !f->kept;
    Order *order = order_steps(g, steps.at, steps.n);
    if (!order) return false;
    const bool *goals = goal_tensors(f);
    const Times *times = has_loop(order) ? find_times(g, order, signal_tensors(g), goals) : NULL;
    if (!times && options->level >= 2 && options->block != 0) { /* what may be cut along time adds up in the order of time alone */
        find_blocks(f, &steps, goals);
        if (f->blocks) order = order_steps(g, steps.at, steps.n);
    }
    if (cut && times) f->body = nest_segments(f, times, options);
    else f->body = f->blocks ? nest_blocks(f, order, options->block) : nest_order(f, order);
    if (options->level >= 2) {
        pack_lanes(f);
        find_kernels(f);
        arrange_lanes(f);
        interchange_sums(f);
        if (!times) unroll_choices(f);
        fuse_loops(f);
        find_winners(f);
        if (!times) use_lone_terms(f);
        if (options->threads) share_work(f);
        if (!times) jam_sums(f); /* nor in another order when it is not cut */
    }
    return true;
}

static void place_all(Function *f, const PlanOptions *options) {
    place_tensors(f, options);
    widen_time_sums(f);
    if (options->level >= 1) {
        use_local_sums(f);
        split_long_sums(f);
        mark_loops(f);
    } else if (!f->graph->f64) {
        use_wide_sums(f);
    }
    mark_rereads(f);
    cut_function(f);
}

static bool plan_one(Function *f, const PlanOptions *options) {
    Need n = need_goals(f, NULL);
    if (!plan_steps(f, &n, options)) return false;
    place_all(f, options);
    return true;
}

bool plan_function(Function *f, const PlanOptions *options) {
    const ArenaMark mark = arena_mark(f->graph->stage), lists = arena_mark(f->graph->lists);
    const bool planned = plan_one(f, options);
    arena_release(f->graph->stage, mark);
    arena_release(f->graph->lists, lists);
    return planned;
}

/* What the error signals read of what does not follow from them: the tape. */
static bool *tape_tensors(Graph *g, const Need *all, const bool *signal) {
    bool *tape = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        if (!all->wanted[k] || !signal[k]) continue;
        Tensors reads = tensor_reads(g, g->tensors.at[k]);
        for (uint32_t j = 0; j < reads.n; j++)
            if (!signal[reads.at[j]->number] && is_computed(reads.at[j])) tape[reads.at[j]->number] = true;
    }
    return tape;
}

static bool plan_both(Function *forward, Function *backward, const PlanOptions *options) {
    Graph *g = forward->graph;
    Need all = need_goals(backward, NULL), out = need_goals(forward, NULL);
    bool *signal = signal_tensors(g), *tape = tape_tensors(g, &all, signal);
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (tape[k]) need(&out, g->tensors.at[k], UINT64_C(1) << ALWAYS);
    spread(&out);
    Need back = need_goals(backward, tape);
    forward->kept = tape;
    forward->n_kept = g->tensors.n;
    backward->before = forward;
    if (!plan_steps(forward, &out, options) || !plan_steps(backward, &back, options)) return false;
    place_all(forward, options);
    place_all(backward, options);
    return true;
}

bool plan_pair(Function *forward, Function *backward, const PlanOptions *options) {
    const ArenaMark mark = arena_mark(forward->graph->stage), lists = arena_mark(forward->graph->lists);
    const bool planned = plan_both(forward, backward, options);
    arena_release(forward->graph->stage, mark);
    arena_release(forward->graph->lists, lists);
    return planned;
}
