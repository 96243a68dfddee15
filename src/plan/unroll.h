/* Short loops that decide by their index. */
#ifndef BPC_PLAN_UNROLL_H
#define BPC_PLAN_UNROLL_H

#include "plan/plan.h"

/* Before fuse_loops. */
void unroll_choices(Function *);

#endif
