/* Nests that are matrix products become one node, a KERNEL. */
#ifndef BPC_PLAN_KERNEL_H
#define BPC_PLAN_KERNEL_H

#include "plan/plan.h"

void find_kernels(Function *);

#endif
