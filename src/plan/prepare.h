/* Before functions are planned: what no single statement computes becomes equations that do. Every value stays. */
#ifndef BPC_PLAN_PREPARE_H
#define BPC_PLAN_PREPARE_H

#include "graph/graph.h"

void plan_prepare(Graph *);

#endif
