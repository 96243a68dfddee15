/* Nests that are matrix products become one node, a KERNEL. */
#ifndef BPC_PLAN_KERNEL_H
#define BPC_PLAN_KERNEL_H

#include "plan/plan.h"

void find_kernels(Function *);
/* Adds up how often the statements of the nests run, those that would become products apart. */
void count_products(Function *, Tree *nests, double *products, double *others);

#endif
