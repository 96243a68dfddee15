/* The block schedule: examples in blocks, forward and backward together, so that data are read once and the tape has the size of a
 * block. */
#ifndef BPC_PLAN_BLOCK_H
#define BPC_PLAN_BLOCK_H

#include "plan/order.h"

typedef VEC(Step) Steps;

/* Finds the axis that examples run along and sets f->blocks, and in each step its index and phase. Sums over examples get a step
 * of their own that starts them. Leaves all as it was where there is no such axis. `goals`: by tensor number, what the caller gets. */
void find_blocks(Function *, Steps *, const bool *goals);
/* The nests of the order: phase by phase what has no examples, then the loop over blocks. `size`: examples to a block; -1: by what
 * they need. */
Tree *nest_blocks(Function *, const Order *, int64_t size);
/* In blocks whose examples are lanes: before find_kernels, arrays of the caller that lanes would jump through are copied, a block at
 * a time; after it, loops over examples go innermost. */
void pack_lanes(Function *);
void arrange_lanes(Function *);

#endif
