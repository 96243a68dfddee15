/* Exact sizes as formulas: polynomials in the run-time dims, with rational coefficients.
 *
 *     sum[i in 0..m](sum[j in 0..i+1](1))     ->      (m^2 + m)/2
 *
 * What is multiplied are dims, indices, and integer expressions of dims that are no polynomials ((m - 3)//2 + 1). Numbers
 * are GMP's, of any size. Polynomials are immutable; terms are in one order, so that equal ones are equal term by term.
 * Every function takes NULL for a polynomial that does not exist and then returns NULL. */
#ifndef BPC_COST_POLYNOMIAL_H
#define BPC_COST_POLYNOMIAL_H

#include <gmp.h>

#include "graph/graph.h"

typedef struct {
    Expr *of;
    uint32_t power; /* at least 1 */
} Factor;
typedef struct {
    mpq_t by;
    uint32_t n;
    Factor *factor; /* dims as they are declared, then the others */
} Monomial;
typedef struct {
    uint32_t n;
    Monomial *term; /* highest degree first; none: 0 */
} Poly;

/* The ground that polynomials stand on: their graph, the sizes at which they are evaluated, the numbers to give back. */
typedef struct Algebra Algebra;
Algebra *algebra_new(Graph *);
void algebra_free(Algebra *); /* the numbers; the rest is the graph's arena's */

const Poly *poly_whole(Algebra *, int64_t);
const Poly *poly_number(Algebra *, double); /* exactly */
const Poly *poly_of(Algebra *, Expr *);     /* an integer expression without reads; NULL where it is no polynomial */
const Poly *poly_add(Algebra *, const Poly *, const Poly *);
const Poly *poly_sub(Algebra *, const Poly *, const Poly *);
const Poly *poly_mul(Algebra *, const Poly *, const Poly *);
const Poly *poly_scale(Algebra *, const Poly *, unsigned long up, unsigned long down); /* times up/down */
const Poly *poly_substitute(Algebra *, const Poly *, const Expr *of, const Poly *by);
/* sum[of in lo..hi](p), for hi >= lo: by the sums of powers (Faulhaber 1631). */
const Poly *poly_sum(Algebra *, const Poly *p, Expr *of, const Poly *lo, const Poly *hi);
/* The same polynomial over another graph with the same run-time dims. */
const Poly *poly_copy(Algebra *, const Poly *);
bool poly_equal(const Poly *, const Poly *);
bool poly_uses(const Poly *, const Expr *of);
bool poly_is_constant(const Poly *);

/* Its value at sizes[k] for dim k; false where one of its expressions has none (an index that was left standing). */
bool poly_value(Algebra *, const Poly *, const int64_t *sizes, mpq_t value);
/* 27*m + 5; (m^2 + m)/2 */
void poly_print(Algebra *, const Poly *, Text *);

#endif
