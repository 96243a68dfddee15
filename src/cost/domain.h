/* How many points a domain has: as a formula in the run-time dims where there is one, and as a number at given sizes. */
#ifndef BPC_COST_DOMAIN_H
#define BPC_COST_DOMAIN_H

#include "cost/polynomial.h"
#include "cost/whole.h"

/* A size or a cost. */
typedef struct {
    double value;        /* at the sizes of the Counting; NaN: not known */
    const Poly *formula; /* NULL: no polynomial */
    bool at_most;        /* the data decide, and this is what it can be at most */
} Amount;

typedef struct {
    Graph *g;
    Algebra *algebra;
    const int64_t *sizes;  /* by run-time dim */
    double *const *data;   /* by tensor number: inputs; NULL: not known */
    Whole *whole;
    int64_t budget;        /* points that may still be visited one by one */
} Counting;
void counting_refill(Counting *); /* the budget */
Counting *counting_new(Graph *, const int64_t *sizes, double *const *data);
void counting_free(Counting *);

Amount amount_of(Counting *, const Poly *);
Amount amount_whole(Counting *, int64_t);
Amount amount_add(Counting *, Amount, Amount);
Amount amount_mul(Counting *, Amount, Amount);
Amount amount_times(Counting *, Amount, double);
Amount amount_scale(Counting *, Amount, unsigned long up, unsigned long down);
Amount expr_amount(Counting *, Expr *);               /* of an integer expression */
Amount tensor_elements(Counting *, const Tensor *);

Amount domain_points(Counting *, const Domain *);
/* sum over the ranges with keep[k] false of body (NULL: 1), as a formula of the other indices and dims; NULL where there is
 * none that holds at the sizes: ranges with several bounds, data, a guard. */
const Poly *domain_sum(Counting *, const Domain *, const bool *keep, const Poly *body);

/* Visits the points one by one. Ranges with walk[k] false count as a weight, unless bounds or the guard name them; walk NULL:
 * those alone are walked. */
typedef enum { VISIT_DONE, VISIT_STOPPED, VISIT_DATA, VISIT_MANY } VisitOutcome; /* DATA: not known; MANY: beyond the budget */
typedef bool PointVisit(void *with, int64_t weight);
VisitOutcome domain_visit(Counting *, const Domain *, const bool *walk, PointVisit *, void *with);
/* The same, for those who ask often: walk[k] is set where bounds and the guard need it (domain_walks sets it), and fixed[k] other
 * than NOT_FIXED is the one value that the range has, where that is within its bounds. */
#define NOT_FIXED INT64_MIN
VisitOutcome domain_visit_fixed(Counting *, const Domain *, const bool *walk, const int64_t *fixed, PointVisit *, void *with);
void domain_walks(Graph *, const Domain *, bool *walk);

/* Sets used[k] for ranges of the domain whose index the expression names. */
void mark_ranges(Graph *, const Domain *, Expr *, bool *used);
/* The domain without what data decide: at most these points, and `at_most` is set where it is not known to be exact. */
Domain domain_structure(Graph *, const Domain *, bool *at_most);
bool reads_data(Graph *, Expr *); /* anything but constants */

#endif
