/* Which loops are shared out to threads. */
#ifndef BPC_PLAN_PARALLEL_H
#define BPC_PLAN_PARALLEL_H

#include "plan/plan.h"

/* Before place_tensors: loops over blocks of lanes become loops over shares of the examples; other loops whose turns are independent
 * and long enough are marked. */
void share_work(Function *);

#endif
