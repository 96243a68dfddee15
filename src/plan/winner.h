/* The greatest and which one it is, in one pass. */
#ifndef BPC_PLAN_WINNER_H
#define BPC_PLAN_WINNER_H

#include "plan/plan.h"

/* Behind fuse_loops. */
void find_winners(Function *);

#endif
