/* Calls (linear algebra) in the plan. */
#ifndef BPC_PLAN_CALL_H
#define BPC_PLAN_CALL_H

#include "plan/plan.h"

/* How many leading axes of the call's tensors count matrices. */
uint32_t call_batch(const Tensor *);
/* An equation that stands for the call where steps are put in order: it has its reads, and its first ranges are the batch. */
Equation *call_equation(Graph *, Tensor *);
/* Adds the tensors that the call works in. */
void call_scratch(Graph *, Tensor *);

#endif
