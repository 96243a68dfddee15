/* Loops around loops that sum take several turns at once. */
#ifndef BPC_PLAN_JAM_H
#define BPC_PLAN_JAM_H

#include "plan/plan.h"

/* Behind all that looks for patterns in loops, before place_tensors. */
void jam_sums(Function *);

#endif
