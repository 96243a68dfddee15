/* Nodes, edges and paths of one model; structure.h says what they are. */
#include "cost/structure.h"

#include <math.h>
#include <stdlib.h>

#include "cost/edges.h"
#include "cost/paths.h"

enum { MOST_SOURCES = 64, MOST_SOURCE_EDGES = 20000, MOST_DIGITS = 1000000 };

/* Elements that its equations define: those of a triangle are half of the square that it is stored in. */
static Amount defined_elements(Counting *c, const Tensor *t) {
    Amount sum = amount_whole(c, 0);
    if (!t->pieces || (t->pieces->next && t->op != COMBINE_SET)) return tensor_elements(c, t);
    for (const Equation *e = t->pieces; e; e = e->next) {
        Domain left = domain_copy(c->g->arena, e->domain);
        left.n = 0;
        for (uint32_t k = 0; k < e->domain.n; k++)
            if (equation_has_left(e, e->domain.range[k].index)) left.range[left.n++] = e->domain.range[k];
        if (left.n < e->domain.n) left.guard = NULL; /* what it filters is summed over */
        sum = amount_add(c, sum, domain_points(c, &left));
    }
    return sum.value == sum.value ? sum : tensor_elements(c, t);
}

static Amount count_nodes(Counting *c, const Edges *edges) {
    Amount sum = amount_whole(c, 0);
    for (uint32_t k = 0; k < c->g->tensors.n; k++)
        if (edges->active[k] && !edges->step[k]) sum = amount_add(c, sum, defined_elements(c, c->g->tensors.at[k]));
    return sum;
}

static Amount count_edges(Counting *c, const Edges *edges) {
    Amount sum = amount_whole(c, 0);
    for (uint32_t k = 0; k < edges->n; k++)
        if (!edges->step[edges->at[k].from->number]) sum = amount_add(c, sum, domain_points(c, &edges->at[k].domain));
    return sum;
}

/* ---- paths --------------------------------------------------------------------------------------------------------- */
static PathCount path_count(Counting *c, const Big *b, bool exact, const Poly *formula) {
    PathCount count = {.known = true, .formula = formula};
    if (b->m != 0) {
        const double log = log10(b->m) + (double)b->e * log10(2);
        count.exponent = (int64_t)floor(log);
        count.mantissa = pow(10, log - floor(log));
    }
    if (!exact || b->e > 3 * MOST_DIGITS) return count;
    char *digits = mpz_get_str(NULL, 10, b->exact);
    count.digits = arena_printf(c->g->arena, "%s", digits);
    free(digits);
    return count;
}

/* The formula's value: a whole number. */
static bool formula_number(Counting *c, const Poly *p, Big *out) {
    mpq_t value;
    mpq_init(value);
    const bool good = p && poly_value(c->algebra, p, c->sizes, value) && mpz_cmp_ui(mpq_denref(value), 1) == 0;
    if (good) {
        mpz_set(out->exact, mpq_numref(value));
        big_from_exact(out);
    }
    mpq_clear(value);
    return good;
}

static void count_paths(Counting *c, const Edges *edges, const Ends *ends, PathCount *paths, PathCount *steps) {
    mpz_t exact_total, exact_along;
    mpz_init(exact_total);
    mpz_init(exact_along);
    Big total = {.exact = exact_total}, along = {.exact = exact_along};
    PathFormula formula = path_formula(c, edges, ends);
    bool exact = true;
    const char *why = NULL;
    if (!formula_number(c, formula.paths, &total) || !formula_number(c, formula.steps, &along)) {
        mpz_set_ui(total.exact, 0);
        mpz_set_ui(along.exact, 0);
        big_from_exact(&total);
        big_from_exact(&along);
        why = path_numbers(c, edges, ends, &total, &along, &exact);
    }
    *paths = why ? (PathCount){.why = why} : path_count(c, &total, exact, formula.paths);
    *steps = why ? (PathCount){.why = why} : path_count(c, &along, exact, formula.steps);
    mpz_clear(exact_total);
    mpz_clear(exact_along);
}

static void count_sources(Counting *c, const Edges *edges, const Ends *ends, Structure *s) {
    const bool few = s->n_sources <= MOST_SOURCES && (uint64_t)s->n_sources * edges->n <= MOST_SOURCE_EDGES;
    for (uint32_t k = 0; k < s->n_sources; k++) {
        PathCount steps;
        s->source[k] = (Source){.tensor = ends->wrt[k], .elements = tensor_elements(c, ends->wrt[k])};
        const Ends one = {&ends->wrt[k], ends->of, 1, ends->n_of};
        if (few && s->paths.known) count_paths(c, edges, &one, &s->source[k].paths, &steps);
    }
}

Structure structure_of(Counting *c, const Ends *ends) {
    Edges edges = edges_of(c, ends);
    Structure s = {.source = NEW_ARRAY(c->g->arena, Source, ends->n_wrt + 1), .n_sources = ends->n_wrt};
    s.nodes = count_nodes(c, &edges);
    s.edges = count_edges(c, &edges);
    for (uint32_t k = 0; k < edges.n_order; k++) s.recurrent |= edges.cyclic[edges.order[k]->number];
    count_paths(c, &edges, ends, &s.paths, &s.steps);
    count_sources(c, &edges, ends, &s);
    return s;
}
