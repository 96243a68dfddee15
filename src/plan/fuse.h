/* Sharing loops, and telling which of them run in vector lanes. */
#ifndef BPC_PLAN_FUSE_H
#define BPC_PLAN_FUSE_H

#include "plan/plan.h"

/* Nests of equal range become one loop where every dependence between them stays inside one turn. */
void fuse_loops(Function *);
/* Sums that an inner loop leaves in one place get a local scalar; innermost loops whose turns are independent, but
 * for such sums, are marked LOOP_SIMD. After place_tensors. */
void vectorise_loops(Function *);

#endif
