/* Affine forms: what is known about an integer expression without running it.
 *
 *     constant + sum of by[k]*of[k]        of[k]: an index, a run-time dim, or a product of dims
 *
 * Bounds over a domain come from substituting the bounds of its indices, innermost first, by the sign of the
 * coefficient; they are exact when each index has one bound on each side. Example: 2*i + p over i in 0..m,
 * p in 0..3 lies in 0 .. 2*m. Not done: Fourier-Motzkin, anything about parity. */
#ifndef BPC_GRAPH_AFFINE_H
#define BPC_GRAPH_AFFINE_H

#include "graph/graph.h"

enum { AFFINE_TERMS = 14 };
typedef struct {
    Expr *of;
    int64_t by; /* never 0 */
} AffineTerm;
typedef struct {
    int64_t constant;
    uint32_t n;
    AffineTerm term[AFFINE_TERMS]; /* in order of `of->id` */
} Affine;

/* Each returns false where the form does not exist (not affine, too many terms, overflow). */
bool affine_of(Graph *, Expr *, Affine *);
bool affine_of_atoms(Graph *, Expr *, Affine *); /* what is not affine becomes a term of its own */
bool affine_add(const Affine *, const Affine *, int64_t times, Affine *sum); /* a + times*b; sum may be a or b */
bool affine_substitute(const Affine *, const Expr *of, const Affine *by, Affine *result);
int64_t affine_coefficient(const Affine *, const Expr *of);
static inline Affine affine_constant(int64_t c) { Affine a = {.constant = c, .n = 0}; return a; }
Expr *affine_expr(Graph *, const Affine *);

/* The least and the greatest value over the domain (inclusive), as forms over dims alone. Indices that the domain
 * does not have are left standing. */
bool affine_bounds(Graph *, const Affine *, const Domain *, Affine *lo, Affine *hi);

/* What is known for all dims >= 1. */
typedef enum { SIGN_UNKNOWN, SIGN_NEGATIVE, SIGN_ZERO, SIGN_POSITIVE, SIGN_AT_LEAST_0, SIGN_AT_MOST_0 } AffineSign;
AffineSign affine_sign(const Affine *);
static inline bool affine_not_negative(const Affine *a)
{
    AffineSign s = affine_sign(a);
    return s == SIGN_ZERO || s == SIGN_POSITIVE || s == SIGN_AT_LEAST_0;
}
/* a and b are equal for all dims. */
bool affine_equal(Graph *, Expr *a, Expr *b);

/* Subscripts with their extents, as the digits of a number. Those of one integer are put together: j//25, j//5 % 5, j % 5 of extents
 * 16, 5, 5 are j of 400. Returns how many are left. */
typedef struct { Expr *sub, *extent; } Digit;
uint32_t join_digits(Graph *, Digit *, uint32_t n);

#endif
