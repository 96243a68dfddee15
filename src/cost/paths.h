/* Counting paths, as formulas and as numbers; structure.c asks for both. */
#ifndef BPC_COST_PATHS_H
#define BPC_COST_PATHS_H

#include "cost/edges.h"

/* A count of any size, as m * 2^e, and exactly where `exact` is there. */
typedef struct {
    mpz_ptr exact; /* or NULL */
    double m;      /* 0, or 0.5 <= m < 1 */
    int64_t e;
} Big;
void big_from_exact(Big *); /* sets m and e */

/* Paths from every element of `wrt` to every element of `of`, and the edges on them. NULL: no formula. */
typedef struct {
    const Poly *paths, *steps;
} PathFormula;
PathFormula path_formula(Counting *, const Edges *, const Ends *);

/* The same as numbers, added to what paths and steps hold. NULL when all went well, else why it did not. Where the exact numbers
 * would grow too long, `exact` is false and only m and e hold. */
const char *path_numbers(Counting *, const Edges *, const Ends *, Big *paths, Big *steps, bool *exact);

#endif
