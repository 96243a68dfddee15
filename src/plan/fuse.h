/* Sharing loops, and telling which of them run in vector lanes. */
#ifndef BPC_PLAN_FUSE_H
#define BPC_PLAN_FUSE_H

#include "plan/plan.h"

/* Sums whose innermost loop jumps through memory run along the last axis of what they define; before fuse_loops. */
void interchange_sums(Function *);
/* Nests of equal range become one loop where every dependence between them stays inside one turn. */
void fuse_loops(Function *);
/* What is set to 0 and added to at once is set. Not where a recurrence may be cut: 0 + -0 is 0. */
void use_lone_terms(Function *);
/* After place_tensors, in this order. Sums over time into one local are double at every level. Sums that loops leave in one place get a local scalar; long sums in single
 * precision are split; innermost loops whose turns are independent, but for sums into locals, are marked LOOP_SIMD. */
void widen_time_sums(Function *);
void use_local_sums(Function *);
/* Instead, where code is literal: a local of type double for the long sums of a file in single precision. */
void use_wide_sums(Function *);
void split_long_sums(Function *);
void mark_loops(Function *);
/* Marks the loops whose turns read again what they wrote, which clang before 17 may get wrong; at every level. */
void mark_rereads(Function *);

/* A new local scalar of the function, named <like>_<suffix>. */
Tensor *plan_local(Function *, const Tensor *like, const char *suffix);

#endif
