/* Long functions in parts. */
#ifndef BPC_PLAN_CUT_H
#define BPC_PLAN_CUT_H

#include "plan/plan.h"

/* Sets f->part where the function has more statements than a C compiler likes to see in one. */
void cut_function(Function *f);

#endif
