/* Flops of a function as it is planned: what is computed again counts again. */
#ifndef BPC_COST_PLANNED_H
#define BPC_COST_PLANNED_H

#include "cost/domain.h"
#include "plan/plan.h"

/* At the sizes of the Counting; bookkeeping of long sums is in it. */
double planned_flops(Counting *, const Function *);

#endif
