/* Counting paths, as formulas and as numbers; structure.c asks for both. */
#ifndef BPC_COST_PATHS_H
#define BPC_COST_PATHS_H

#include "cost/edges.h"

/* A count of any size: exactly, and always as m * 2^e. */
typedef struct {
    mpz_t exact;
    double m; /* 0, or 0.5 <= m < 1 */
    int64_t e;
} Big;
void big_init(Big *);
void big_clear(Big *);
void big_set_exact(Big *); /* m and e from exact */

/* Paths from every element of `wrt` to every element of `of`, and the edges on them. NULL: no formula. */
typedef struct {
    const Poly *paths, *steps;
} PathFormula;
PathFormula path_formula(Counting *, const Edges *, Tensor *const *wrt, uint32_t n_wrt, Tensor *const *of, uint32_t n_of);

/* The same as numbers. NULL when all went well, else why it did not. `exact` tells whether the exact parts hold. */
const char *path_numbers(Counting *, const Edges *, Tensor *const *wrt, uint32_t n_wrt, Tensor *const *of, uint32_t n_of, Big *paths, Big *steps, bool *exact);

#endif
