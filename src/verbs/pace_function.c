/* The walk over a planned function that adds up measured steps.
 *
 *     vectorised loop     start + elements * sum of its steps; what does not fill a vector runs scalar, and all of it where an
 *                         operator is a call that cannot be vectorised
 *     other loop          turns * (sum of the scalar steps of its statements + one for the loop)
 *     recurrence          from turn to turn at least the latencies of the operators on the way from the old value to the new
 *     matrix product      packing, multiplying and storing (product_parts); in a BLAS, most of the peak
 *
 * What does not change from one turn to the next counts nothing: compilers take it out of the loop. Not seen are branches that
 * the processor guesses wrong, and short loops that compilers write out and vectorise across. */
#include <math.h>

#include "graph/affine.h"
#include "graph/rewrite.h"
#include "plan/storage.h"
#include "verbs/pace_steps.h"

enum {
    OVERLAPPED = 32,     /* turns of a chain that processors overlap with the next chain */
    VECTOR_BYTES = 32,   /* below so many a loop's rest is not vectorised */
    BLAS_AREA = 1 << 22, /* k*n from which emit calls a BLAS (src/emit/product.c) */
    MOST_STATEMENTS = 64 /* of a recurrence, that are looked at */
};
static const double call_seconds = 2e-9, of_peak = 0.8; /* a call with its checks at entry; what a BLAS reaches */

typedef struct {
    Pace *pace;
    Counting *counting;
    const Function *f;
    Graph *g;
    Rewriter *expander;
    Domain around; /* the loops that are open */
    const Tree *loop; /* the innermost of them */
    double turns;     /* of it, each time it is entered */
    double examples;  /* to a block, on average; 0 outside blocks */
} Walk;

typedef struct {
    double vector, scalar;
    bool breaks; /* keeps its loop from being vectorised: a call */
} Cost;

static void add_cost(Cost *sum, Cost more) {
    sum->vector += more.vector;
    sum->scalar += more.scalar;
    sum->breaks |= more.breaks;
}

static Expr *written_out(Graph *g, Expr *e, void *with) {
    (void)with;
    Expr *written = e->kind == EXPR_OP ? op_expand(g, e) : NULL;
    return written ? written : e;
}

/* One element further in memory at every turn, or the same one. */
static bool is_in_order(const Walk *w, const Tensor *t, Expr *const *subs) {
    const Expr *index = w->loop ? expr_index(w->g, w->loop->as.loop.index) : NULL;
    const Buffer *b = w->f->buffer[t->number];
    uint32_t last = t->rank;
    if (!index || !b || b->place == PLACE_LOCAL) return true;
    for (uint32_t k = 0; k < t->rank; k++)
        if (b->kept[k]) last = k;
    for (uint32_t k = 0; k < t->rank; k++) {
        Affine form;
        if (!b->kept[k] || !expr_uses_index(w->g, subs[k], w->loop->as.loop.index)) continue;
        if (k != last || !affine_of_atoms(w->g, subs[k], &form) || affine_coefficient(&form, index) != 1) return false;
    }
    return true;
}

static bool touches_reals(const Expr *e) {
    for (uint32_t k = 0; k < e->n; k++)
        if (e->arg[k]->type == TYPE_REAL) return true;
    return e->type == TYPE_REAL;
}

static Cost node_cost(Walk *w, const Expr *e) {
    const Pace *p = w->pace;
    const Cost step = {p->step_vector, p->step_scalar, false}, scattered = {p->scattered, p->step_scalar, false}, none = {0};
    switch (e->kind) {
    case EXPR_READ: {
        const Buffer *b = w->f->buffer[e->of.tensor->number];
        Cost c = !b || b->place == PLACE_LOCAL ? none : is_in_order(w, e->of.tensor, e->arg) ? step : scattered;
        if (e->fill) c.vector += 2 * step.vector, c.scalar += 2 * step.scalar; /* is it inside? */
        return c;
    }
    case EXPR_SELECT: return step;
    case EXPR_OP: {
        if (!touches_reals(e)) return none;
        const OpPace o = op_pace(w->pace, e->of.number);
        return (Cost){o.vector, o.scalar, o.vector > 0.6 * o.scalar};
    }
    default: return none;
    }
}

/* Does the node change from one turn of the innermost loop to the next? `changes` has its operands. */
static bool changes_with(const Walk *w, const Expr *e, const ExprList *all, const bool *changes) {
    if (!w->loop) return true;
    if (e->kind == EXPR_INDEX) return e->of.number == w->loop->as.loop.index;
    if (e->kind == EXPR_READ && tree_sets(w->loop->body, e->of.tensor)) return true;
    for (uint32_t k = 0; k < e->n + (e->fill != NULL); k++) {
        const Expr *arg = k < e->n ? e->arg[k] : e->fill;
        for (uint32_t j = 0; j < all->n; j++)
            if (all->at[j] == arg && changes[j]) return true;
    }
    return false;
}

static Cost value_cost(Walk *w, Expr *value) {
    value = rewrite(w->expander, value);
    const ExprList all = expr_walk(w->g, &value, 1);
    bool *changes = NEW_ARRAY(w->g->arena, bool, all.n + 1);
    Cost sum = {0};
    for (uint32_t k = 0; k < all.n; k++) {
        changes[k] = changes_with(w, all.at[k], &all, changes);
        if (changes[k]) add_cost(&sum, node_cost(w, all.at[k]));
    }
    return sum;
}

/* The value, the combining and the store. */
static Cost set_cost(Walk *w, const Tree *set) {
    const Pace *p = w->pace;
    Cost c = value_cost(w, set->as.set.value);
    const Buffer *b = w->f->buffer[set->as.set.to->number];
    const bool local = !b || b->place == PLACE_LOCAL, ordered = is_in_order(w, set->as.set.to, set->as.set.subs);
    const bool combines = set->as.set.op != COMBINE_SET;
    if (combines) c.vector += p->step_vector, c.scalar += p->step_scalar;
    if (!local) c.vector += ordered ? p->step_vector : p->scattered, c.scalar += p->step_scalar;
    return c;
}

/* ---- the walk ------------------------------------------------------------------------------------------------------------------------ */
static double points(Walk *w) {
    const double n = domain_points(w->counting, &w->around).value;
    return n == n ? n : pow(64, w->around.n);
}

static double amount(Walk *w, Expr *e) {
    const double n = expr_amount(w->counting, e).value;
    return n == n ? n : w->examples > 0 ? w->examples : 64;
}

/* Of a loop that takes several turns at once, how many it has then; of what it leaves over, these; on average. */
static double turns_at_once(Walk *w, const Tree *loop) {
    const double around = w->around.n ? points(w) : 1;
    w->around.range[w->around.n++] = loop->as.loop.within;
    const double single = loop->as.loop.examples ? w->examples : points(w) / around, at_once = (double)(loop->as.loop.rest ? loop->as.loop.rest : loop->as.loop.step), whole = floor(single / at_once);
    w->around.n--;
    return loop->as.loop.rest ? single - whole * at_once : whole;
}

/* A number of turns, as a range: blocks, and the examples of one, have bounds that are known when the code runs. */
static Range counted_range(Walk *w, const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    double turns = w->examples;
    if (loop->as.loop.how == LOOP_SHARE) {
        turns = 1; /* on one thread all examples go through the blocks inside */
    } else if (loop->as.loop.how == LOOP_SEQUENTIAL && (loop->as.loop.step || loop->as.loop.rest)) {
        turns = turns_at_once(w, loop);
    } else if (loop->as.loop.how == LOOP_BLOCK) {
        const double all = amount(w, loop->as.loop.within.n_lo ? loop->as.loop.within.hi[0] : r->hi[0]);
        turns = ceil(all / (double)loop->as.loop.step);
        w->examples = all / turns;
    } else if (!loop->as.loop.examples || w->examples == 0) {
        return *r;
    }
    return range_make(w->g, r->index, expr_int(w->g, 0), expr_int(w->g, (int64_t)fmax(1, round(turns))));
}

static double list_seconds(Walk *w, const Tree *list, double times);

static double simd_seconds(Walk *w, const Tree *loop, double turns) {
    const Pace *p = w->pace;
    const double lanes = (double)VECTOR_BYTES / (p->f64 ? 8 : 4), full = floor(turns / lanes) * lanes;
    Cost sum = {0};
    for (const Tree *n = loop->body; n; n = n->next)
        if (n->kind == TREE_SET) add_cost(&sum, set_cost(w, n));
    if (sum.breaks) return turns * (sum.scalar + p->step_scalar);
    const double start = full > 0 ? loop->as.loop.n_sums > 0 ? p->start_sum : p->start : 0;
    return start + full * fmin(sum.vector, sum.scalar) + (turns - full) * sum.scalar;
}

/* ---- chains: turns that wait for the turn before -------------------------------------------------------------------------------- */
static bool same_subs(const Tree *set, Expr *const *subs) {
    for (uint32_t k = 0; k < set->as.set.to->rank; k++)
        if (set->as.set.subs[k] != subs[k]) return false;
    return true;
}

/* The statement among the loop's own that sets the tensor. */
static const Tree *setter(const Tree *loop, const Tensor *t) {
    for (const Tree *n = loop->body; n; n = n->next)
        if (n->kind == TREE_SET && n->as.set.to == t) return n;
    return NULL;
}

/* When the value is there, counted from when the turn before was done; -1: it does not wait for that. `ready`: of the
 * statements before, in their order. */
static double value_latency(Walk *w, const Tree *loop, Expr *value, const double *ready) {
    const Pace *p = w->pace;
    value = rewrite(w->expander, value);
    const ExprList all = expr_walk(w->g, &value, 1);
    double *at = NEW_ARRAY(w->g->arena, double, all.n + 1);
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *e = all.at[k];
        at[k] = -1;
        for (uint32_t a = 0; a < e->n; a++)
            for (uint32_t j = 0; j < k; j++)
                if (all.at[j] == e->arg[a] && at[j] > at[k]) at[k] = at[j];
        if (e->kind == EXPR_READ) {
            const Tree *set = setter(loop, e->of.tensor);
            uint32_t number = 0;
            for (const Tree *n = loop->body; set && n != set; n = n->next) number++;
            const bool local = w->f->buffer[e->of.tensor->number] && w->f->buffer[e->of.tensor->number]->place == PLACE_LOCAL;
            if (set && same_subs(set, e->arg)) at[k] = ready[number];
            else if (set) at[k] = local ? 0 : 2 * p->waiting; /* through memory */
        } else if (at[k] >= 0 && (e->kind == EXPR_OP || e->kind == EXPR_SELECT))
            at[k] += e->kind == EXPR_OP ? op_pace(w->pace, e->of.number).latency : p->waiting;
    }
    return at[all.n - 1];
}

/* Seconds from turn to turn that no overlap can hide; 0 where turns do not wait. */
static double chain_seconds(Walk *w, const Tree *loop, double turns) {
    double ready[MOST_STATEMENTS], most = 0;
    uint32_t k = 0;
    if (turns <= OVERLAPPED) return 0;
    for (const Tree *n = loop->body; n && k < MOST_STATEMENTS; n = n->next, k++) {
        ready[k] = n->kind == TREE_SET ? value_latency(w, loop, n->as.set.value, ready) : -1;
        if (n->kind != TREE_SET) continue;
        bool moves = false;
        for (uint32_t a = 0; a < n->as.set.to->rank; a++) moves |= expr_uses_index(w->g, n->as.set.subs[a], loop->as.loop.index);
        if (n->as.set.op != COMBINE_SET && !moves) ready[k] = fmax(ready[k], 0) + w->pace->waiting;
        most = fmax(most, ready[k]);
    }
    return most;
}

static double loop_seconds(Walk *w, const Tree *loop, double times) {
    const Tree *outer = w->loop;
    const double outer_turns = w->turns, outer_examples = w->examples;
    if (times <= 0) return 0;
    w->around.range[w->around.n++] = counted_range(w, loop);
    w->loop = loop;
    const double all = points(w);
    w->turns = all / times;
    double seconds = loop->as.loop.how == LOOP_SIMD ? times * simd_seconds(w, loop, all / times) : all * w->pace->step_scalar + list_seconds(w, loop->body, all);
    if (loop->as.loop.how != LOOP_SIMD) seconds = fmax(seconds, all * chain_seconds(w, loop, all / times));
    w->loop = outer;
    w->turns = outer_turns;
    w->examples = outer_examples;
    w->around.n--;
    return seconds;
}

static bool is_constant(const Expr *e) { return e->kind == EXPR_CONST; }

static double product_seconds(Walk *w, const Product *product) {
    const double m = amount(w, product->m), n = amount(w, product->n), k = amount(w, product->k);
    double part[3], sum = 0;
    if (is_constant(product->k) && is_constant(product->n) && k * n >= BLAS_AREA) return 2 * m * n * k / (of_peak * w->pace->peak);
    product_parts(m, n, k, part);
    for (int j = 0; j < 3; j++) sum += part[j] * w->pace->product[j];
    return sum;
}

/* Of one matrix. */
static double factorisation_seconds(Walk *w, const Tree *call) {
    const Tensor *a = call->as.call.to->call->arg[0];
    const double n = amount(w, a->extent[a->rank - 1]);
    return w->pace->factorise_call + n * n * n * w->pace->factorise_cube;
}

/* How many of the blocks have all their examples; -1: that is not what the condition asks. */
static double whole_blocks(const Walk *w, const Expr *condition) {
    const Blocks *b = w->f->blocks;
    const bool rest = expr_is_op(condition, OP_not);
    const Expr *e = rest ? condition->arg[0] : condition;
    if (!b || !expr_is_op(e, OP_eq) || !expr_is_int(e->arg[1], b->size)) return -1;
    const double whole = w->examples >= (double)b->size ? 1 : w->examples > (double)b->size / 2 ? w->examples / (double)b->size : 0;
    return rest ? 1 - whole : whole;
}

/* `i == index[j]` holds in one turn of a loop; of other conditions nothing is known. */
static double if_seconds(Walk *w, const Tree *test, double times) {
    Expr *condition = test->as.test.condition;
    if (!condition) return list_seconds(w, test->body, times); /* an array that is wanted */
    const double whole = whole_blocks(w, condition);
    if (whole >= 0) return list_seconds(w, test->body, times * whole);
    const bool picks = expr_is_op(condition, OP_eq) && w->loop && w->turns > 1;
    return times * value_cost(w, condition).scalar + list_seconds(w, test->body, picks ? times / w->turns : times);
}

static double node_seconds(Walk *w, const Tree *n, double times) {
    switch (n->kind) {
    case TREE_LOOP: return loop_seconds(w, n, times);
    case TREE_IF: return if_seconds(w, n, times);
    case TREE_SET: return times * set_cost(w, n).scalar;
    case TREE_KERNEL: return times * product_seconds(w, &n->as.product);
    case TREE_CALL: return times * factorisation_seconds(w, n);
    case TREE_ONE_BY_ONE: return list_seconds(w, n->body, times);
    }
    return 0;
}

static double list_seconds(Walk *w, const Tree *list, double times) {
    double sum = 0;
    for (const Tree *n = list; n; n = n->next) sum += node_seconds(w, n, times);
    return sum;
}

static uint32_t depth_of(const Tree *list) {
    uint32_t most = 0;
    for (const Tree *n = list; n; n = n->next) {
        const uint32_t depth = depth_of(n->body) + (n->kind == TREE_LOOP);
        if (depth > most) most = depth;
    }
    return most;
}

double pace_seconds(Pace *p, Counting *c, const Function *f) {
    Graph *g = f->graph;
    Walk w = {.pace = p, .counting = c, .f = f, .g = g, .expander = rewriter_new(g, written_out, NULL)};
    w.around.range = NEW_ARRAY(g->arena, Range, depth_of(f->body) + 1);
    return call_seconds + list_seconds(&w, f->body, 1);
}
