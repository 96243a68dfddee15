/* Paths as numbers: dynamic programming over elements, of which those that have equally many paths are one.
 *
 * An axis of a tensor counts only where the number can differ along it: it is bound to an index that a bound, a guard or a
 * boundary value names, or that subscripts such an axis of what is read. For h[t,k] = tanh(sum[j](U[k,j]*h[t-1,j | h0[j]]))
 * that is t alone: T numbers, whatever the width. Tensors that read each other in a recurrence are counted element by element
 * on demand, with a stack of our own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost/paths.h"
#include "graph/affine.h"

enum { MOST_ELEMENTS = 1 << 22, MOST_EXACT = 1 << 20 };
#define MOST_BITS INT64_C(2000000000)  /* of all exact numbers together */
#define MOST_LIMBS INT64_C(2000000000) /* that may be added up */

/* ---- numbers ------------------------------------------------------------------------------------------------------- */
void big_from_exact(Big *b) {
    long e;
    b->m = mpz_get_d_2exp(&e, b->exact);
    b->e = e;
}

static void add_rough(Big *to, const Big *from, double times) {
    int shift;
    if (from->m == 0 || times == 0) return;
    const double m = frexp(from->m * times, &shift);
    const int64_t e = from->e + shift;
    if (to->m == 0) {
        to->m = m, to->e = e;
        return;
    }
    const int64_t top = to->e > e ? to->e : e;
    const double sum = (top - to->e > 1000 ? 0 : ldexp(to->m, (int)(to->e - top))) + (top - e > 1000 ? 0 : ldexp(m, (int)(e - top)));
    to->m = frexp(sum, &shift);
    to->e = top + shift;
}

/* ---- what is counted ------------------------------------------------------------------------------------------------- */
typedef struct {
    bool *vary;        /* by axis */
    int64_t *extent;
    int64_t n;         /* elements that count */
    Big *paths, *steps;
    bool *done;
} Counts;

typedef struct {
    Domain domain;     /* without what data decide, where these are not known */
    bool *walk;        /* ranges to be walked */
    int64_t *fixed;    /* ranges of the left side along which counts are equal: at 0; the others are NOT_FIXED */
    bool pinned;       /* data choose among points that do not count alike */
} Plan;

typedef struct {
    int64_t tensor, element;
} Demand;

typedef struct {
    Counting *c;
    const Edges *edges;
    const bool *source;
    Counts *at;        /* by tensor */
    Plan *plan;        /* by edge */
    bool exact;
    __mpz_struct *number; /* all exact numbers */
    size_t n_numbers;
    int64_t bits, limbs;
    const char *why;   /* what went wrong */
    VEC(Demand) stack;
    /* the edge that is walked */
    const Edge *edge;
    int64_t wanted;    /* the element of edge->to that is being counted; -1: all of them */
    bool missing;
} Paths;

static const char by_data[] = "the data decide: --data FILE gives them";
static const char too_many[] = "there are too many elements to count one by one; smaller sizes can be counted (-D)";

/* ---- along which axes counts differ ---------------------------------------------------------------------------------- */
static void mark_walk(Paths *p, const Edge *edge, const Domain *d, bool *walk) {
    Graph *g = p->c->g;
    domain_walks(g, d, walk);
    for (uint32_t k = 0; k < edge->from->rank; k++)
        if (p->at[edge->from->number].vary[k]) mark_ranges(g, d, edge->from_subs[k], walk);
}

static uint32_t range_of(const Domain *d, const Expr *sub) {
    for (uint32_t r = 0; sub->kind == EXPR_INDEX && r < d->n; r++)
        if (d->range[r].index == sub->of.number) return r;
    return UINT32_MAX;
}

static bool is_even(Paths *p, const Edge *edge, uint32_t k, const bool *walk) {
    const Domain *d = &edge->domain;
    const uint32_t r = range_of(d, edge->to_subs[k]);
    if (r == UINT32_MAX || walk[r]) return false;
    for (uint32_t j = 0; j < edge->to->rank; j++)
        if (j != k && edge->to_subs[j] == edge->to_subs[k]) return false;
    const Range *range = &d->range[r];
    return range->n_lo == 1 && range->n_hi == 1 && expr_is_int(range->lo[0], 0) && affine_equal(p->c->g, range->hi[0], edge->to->extent[k]);
}

static bool vary_edge(Paths *p, const Edge *edge) {
    bool *walk = NEW_ARRAY(p->c->g->arena, bool, edge->domain.n + 1), changed = false;
    bool *vary = p->at[edge->to->number].vary;
    mark_walk(p, edge, &edge->domain, walk);
    for (uint32_t k = 0; k < edge->to->rank; k++)
        if (!vary[k] && !is_even(p, edge, k, walk)) changed = vary[k] = true;
    return changed;
}

static void find_varying(Paths *p) {
    const Edges *edges = p->edges;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < edges->n_order; k++)
            for (uint32_t j = 0; j < edges->n_into[edges->order[k]->number]; j++)
                changed |= vary_edge(p, &edges->at[edges->into[edges->order[k]->number][j]]);
    }
}

/* ---- setting up ------------------------------------------------------------------------------------------------------ */
static bool domain_is_known(const Counting *c, const Domain *d) {
    for (uint32_t k = 0; k < d->n; k++)
        for (uint32_t b = 0; b < d->range[k].n_lo + d->range[k].n_hi; b++)
            if (!whole_knows(c->whole, b < d->range[k].n_lo ? d->range[k].lo[b] : d->range[k].hi[b - d->range[k].n_lo])) return false;
    return whole_knows(c->whole, d->guard);
}

static void plan_edge(Paths *p, uint32_t number) {
    Graph *g = p->c->g;
    const Edge *edge = &p->edges->at[number];
    Plan *plan = &p->plan[number];
    bool at_most = false, known = domain_is_known(p->c, &edge->domain);
    plan->domain = known ? edge->domain : domain_structure(g, &edge->domain, &at_most);
    plan->walk = NEW_ARRAY(g->arena, bool, edge->domain.n + 1);
    mark_walk(p, edge, &plan->domain, plan->walk);
    plan->fixed = NEW_ARRAY(g->arena, int64_t, edge->domain.n + 1);
    for (uint32_t k = 0; k < edge->domain.n; k++) plan->fixed[k] = NOT_FIXED;
    for (uint32_t k = 0; k < edge->to->rank; k++) {
        if (p->at[edge->to->number].vary[k]) mark_ranges(g, &plan->domain, edge->to_subs[k], plan->walk);
        else plan->fixed[range_of(&edge->domain, edge->to_subs[k])] = 0;
    }
    for (uint32_t k = 0; !known && k < edge->domain.n; k++)
        plan->pinned |= plan->walk[k] && plan->domain.range[k].hi[0] != edge->domain.range[k].hi[0];
    plan->pinned |= at_most;
}

/* How many elements count, of all tensors; MOST_ELEMENTS + 1: more than are counted. */
static int64_t count_elements(Paths *p) {
    int64_t total = 0;
    for (uint32_t k = 0; k < p->edges->n_order; k++) {
        const Tensor *t = p->edges->order[k];
        Counts *c = &p->at[t->number];
        c->n = 1;
        for (uint32_t a = 0; a < t->rank; a++) {
            c->extent[a] = (int64_t)whole_value(p->c->whole, t->extent[a]);
            if (!c->vary[a]) continue;
            if (c->extent[a] > 0 && c->n > MOST_ELEMENTS / c->extent[a]) return MOST_ELEMENTS + 1;
            c->n *= c->extent[a];
        }
        total += c->n;
        if (total > MOST_ELEMENTS) return MOST_ELEMENTS + 1;
    }
    return total;
}

static Big *bigs_new(Paths *p, int64_t n) {
    Big *list = NEW_ARRAY(p->c->g->arena, Big, (size_t)n + 1);
    for (int64_t e = 0; p->exact && e < n; e++) {
        list[e].exact = &p->number[p->n_numbers++];
        mpz_init(list[e].exact);
    }
    return list;
}

static bool set_up(Paths *p) {
    Arena *arena = p->c->g->arena;
    const int64_t total = count_elements(p);
    if (total > MOST_ELEMENTS) return false;
    p->exact = total <= MOST_EXACT;
    if (p->exact) p->number = NEW_ARRAY(arena, __mpz_struct, 2 * (size_t)total + 1);
    for (uint32_t k = 0; k < p->edges->n_order; k++) {
        Counts *c = &p->at[p->edges->order[k]->number];
        c->paths = bigs_new(p, c->n);
        c->steps = bigs_new(p, c->n);
        c->done = NEW_ARRAY(arena, bool, (size_t)c->n + 1);
    }
    for (uint32_t k = 0; k < p->edges->n; k++) plan_edge(p, k);
    return true;
}

static void take_down(Paths *p) {
    for (size_t k = 0; k < p->n_numbers; k++) mpz_clear(&p->number[k]);
}

/* ---- walking an edge --------------------------------------------------------------------------------------------------- */
/* The element that counts; -1: outside, -2: the data decide. */
static int64_t element_of(Paths *p, const Tensor *t, Expr *const *subs) {
    const Counts *c = &p->at[t->number];
    int64_t at = 0;
    for (uint32_t k = 0; k < t->rank; k++) {
        if (!c->vary[k]) continue;
        const double sub = whole_value(p->c->whole, subs[k]);
        if (sub != sub) return -2;
        if (sub < 0 || sub >= (double)c->extent[k]) return -1;
        at = at * c->extent[k] + (int64_t)sub;
    }
    return at;
}

static void add_big(Paths *p, Big *to, const Big *from, int64_t times) {
    add_rough(to, from, (double)times);
    if (!p->exact) return;
    p->limbs += (int64_t)mpz_size(from->exact) + 1;
    mpz_addmul_ui(to->exact, from->exact, (unsigned long)times);
}

static bool walk_point(void *with, int64_t weight) {
    Paths *p = with;
    const Edge *edge = p->edge;
    const int64_t to = element_of(p, edge->to, edge->to_subs), from = element_of(p, edge->from, edge->from_subs);
    if (to == -2 || from == -2) return p->why = by_data, false;
    if (to < 0 || from < 0 || (p->wanted >= 0 && to != p->wanted)) return true;
    Counts *target = &p->at[edge->to->number], *read = &p->at[edge->from->number];
    if (p->wanted >= 0 && p->edges->cyclic[edge->from->number] && !read->done[from]) {
        vec_push(p->c->g->arena, &p->stack, (Demand){edge->from->number, from});
        p->missing = true;
        return true;
    }
    add_big(p, &target->paths[to], &read->paths[from], weight);
    add_big(p, &target->steps[to], &read->steps[from], weight);
    if (!p->edges->step[edge->from->number]) add_big(p, &target->steps[to], &read->paths[from], weight);
    return p->exact ? p->limbs < MOST_LIMBS : true;
}

static bool walk_edge(Paths *p, uint32_t number, const int64_t *fixed) {
    const Plan *plan = &p->plan[number];
    p->edge = &p->edges->at[number];
    if (plan->pinned) return p->why = by_data, false;
    const VisitOutcome outcome = domain_visit_fixed(p->c, &plan->domain, plan->walk, fixed, walk_point, p);
    if (outcome == VISIT_DATA) p->why = by_data;
    if (outcome == VISIT_MANY) p->why = too_many;
    return outcome == VISIT_DONE;
}

/* ---- counting ------------------------------------------------------------------------------------------------------------ */
static void start_element(Paths *p, const Tensor *t, int64_t e) {
    Counts *c = &p->at[t->number];
    const bool one = p->source[t->number];
    c->paths[e].m = one ? 0.5 : 0, c->paths[e].e = one;
    c->steps[e].m = 0, c->steps[e].e = 0;
    if (!p->exact) return;
    mpz_set_ui(c->paths[e].exact, one);
    mpz_set_ui(c->steps[e].exact, 0);
}

static void count_bits(Paths *p, const Counts *c, int64_t e) {
    if (p->exact) p->bits += (int64_t)(mpz_size(c->paths[e].exact) + mpz_size(c->steps[e].exact)) * 64;
}

static bool count_whole(Paths *p, const Tensor *t) {
    Counts *c = &p->at[t->number];
    p->wanted = -1;
    for (int64_t e = 0; e < c->n; e++) start_element(p, t, e);
    for (uint32_t k = 0; k < p->edges->n_into[t->number]; k++)
        if (!walk_edge(p, p->edges->into[t->number][k], p->plan[p->edges->into[t->number][k]].fixed)) return false;
    for (int64_t e = 0; e < c->n; e++) count_bits(p, c, e);
    return true;
}

/* The value that each bare subscript on the left has at the element. */
static void fix_left(Paths *p, uint32_t number, int64_t element, int64_t *fixed) {
    const Edge *edge = &p->edges->at[number];
    const Counts *c = &p->at[edge->to->number];
    memcpy(fixed, p->plan[number].fixed, edge->domain.n * sizeof *fixed);
    for (uint32_t k = edge->to->rank; k-- > 0;) {
        if (!c->vary[k]) continue;
        const uint32_t r = range_of(&edge->domain, edge->to_subs[k]);
        if (r != UINT32_MAX) fixed[r] = element % c->extent[k];
        element /= c->extent[k];
    }
}

/* False where something that it reads has to come first, or where counting ended. */
static bool count_element(Paths *p, const Tensor *t, int64_t e) {
    start_element(p, t, e);
    p->missing = false;
    for (uint32_t k = 0; k < p->edges->n_into[t->number]; k++) {
        const uint32_t number = p->edges->into[t->number][k];
        int64_t fixed[64];
        if (p->edges->at[number].domain.n > 64) return p->why = too_many, false;
        p->wanted = e;
        fix_left(p, number, e, fixed);
        if (!walk_edge(p, number, fixed)) return false;
    }
    return !p->missing;
}

static bool count_on_demand(Paths *p, const Tensor *t) {
    for (int64_t e = 0; e < p->at[t->number].n; e++) {
        p->stack.n = 0;
        vec_push(p->c->g->arena, &p->stack, (Demand){t->number, e});
        while (p->stack.n > 0) {
            const Demand top = p->stack.at[p->stack.n - 1];
            Counts *c = &p->at[top.tensor];
            if (c->done[top.element]) {
                p->stack.n--;
                continue;
            }
            if (p->c->budget-- <= 0) return p->why = too_many, false;
            if (!count_element(p, p->c->g->tensors.at[top.tensor], top.element)) {
                if (p->missing && !p->why && p->limbs < MOST_LIMBS) continue;
                return false;
            }
            c->done[top.element] = true;
            count_bits(p, c, top.element);
            if (p->exact && p->bits > MOST_BITS) return false;
        }
    }
    return true;
}

static bool count_all(Paths *p) {
    for (uint32_t k = 0; k < p->edges->n_order; k++) {
        const Tensor *t = p->edges->order[k];
        if (!(p->edges->cyclic[t->number] ? count_on_demand(p, t) : count_whole(p, t))) return false;
    }
    return true;
}

/* Each element that counts stands for as many as the even axes have. */
static void sum_up(Paths *p, const Ends *ends, Big *paths, Big *steps) {
    for (uint32_t k = 0; k < ends->n_of; k++) {
        const Tensor *of = ends->of[k];
        const Counts *c = &p->at[of->number];
        int64_t times = 1;
        if (!p->edges->active[of->number]) continue;
        for (uint32_t a = 0; a < of->rank; a++)
            if (!c->vary[a]) times *= c->extent[a];
        for (int64_t e = 0; e < c->n; e++) {
            add_big(p, paths, &c->paths[e], times);
            add_big(p, steps, &c->steps[e], times);
        }
    }
}

const char *path_numbers(Counting *c, const Edges *edges, const Ends *ends, Big *paths, Big *steps, bool *exact) {
    Graph *g = c->g;
    bool *source = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    for (uint32_t k = 0; k < ends->n_wrt; k++) source[ends->wrt[k]->number] = true;
    Paths p = {.c = c, .edges = edges, .source = source};
    p.at = NEW_ARRAY(g->arena, Counts, g->tensors.n + 1);
    p.plan = NEW_ARRAY(g->arena, Plan, edges->n + 1);
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        p.at[k].vary = NEW_ARRAY(g->arena, bool, g->tensors.at[k]->rank + 1);
        p.at[k].extent = NEW_ARRAY(g->arena, int64_t, g->tensors.at[k]->rank + 1);
    }
    find_varying(&p);
    if (!set_up(&p)) p.why = too_many;
    else if (!count_all(&p) && !p.why) { /* the exact numbers have grown too long: their sizes alone */
        p.exact = false;
        for (uint32_t k = 0; k < edges->n_order; k++) {
            Counts *counts = &p.at[edges->order[k]->number];
            memset(counts->done, 0, (size_t)counts->n * sizeof *counts->done);
        }
        count_all(&p);
    }
    if (!p.why) sum_up(&p, ends, paths, steps);
    *exact = p.exact;
    take_down(&p);
    return p.why;
}
