/* Flops of equations: points of the domain times what the body costs by the operator table, shared parts counted once. */
#ifndef BPC_COST_WORK_H
#define BPC_COST_WORK_H

#include "cost/domain.h"

/* Of everything that the goals need, each tensor computed once. */
Amount work_of(Counting *, Tensor *const *goals, uint32_t n);
/* Of one equation at one point, its combining operator included. */
double equation_flops(Graph *, const Equation *);
/* Of one statement of a plan: the value, and combining it with what is there. */
double statement_flops(Graph *, Expr *value, Combine);
/* Of a factorisation of one matrix, at the sizes. */
double call_flops(Counting *, const Tensor *);

#endif
