/* Where a statement of a plan stands: the loops and tests around it as a domain. */
#ifndef BPC_COST_AROUND_H
#define BPC_COST_AROUND_H

#include "plan/plan.h"
#include "plan/storage.h"

/* As if no loop were cut into blocks: what an index stays within altogether. */
Domain domain_around(Graph *, const Visit *);
/* Just as the loops run. */
Domain domain_as_run(Graph *, const Visit *);

#endif
