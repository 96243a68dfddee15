/* What a planned function moves and keeps. */
#ifndef BPC_COST_TRAFFIC_H
#define BPC_COST_TRAFFIC_H

#include "cost/domain.h"
#include "plan/plan.h"

/* Bytes between memory and processor, when each outermost nest of loops reads what it needs once and writes what it makes
 * once, and nothing stays in the cache from one nest to the next. */
Amount function_bytes(Counting *, const Function *);
Amount function_workspace(Counting *, const Function *);
/* The workspace and all arrays of the caller's that the function touches. */
Amount function_memory(Counting *, const Function *);

#endif
