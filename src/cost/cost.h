/* What a model costs on paper, from the Graph alone: how many points its domains have, how many flops its equations take, how
 * many paths lead from the parameters to the loss, and what a planned function moves and keeps.
 *
 *     Counting *c = counting_new(graph, sizes, NULL);
 *     Amount flops = work_of(c, &graph->loss, 1);         flops.value at the sizes, flops.formula in the run-time dims
 *
 * verbs/predict.h strings these together for every mode of differentiation. */
#ifndef BPC_COST_COST_H
#define BPC_COST_COST_H

#include "cost/domain.h"
#include "cost/planned.h"
#include "cost/structure.h"
#include "cost/traffic.h"
#include "cost/work.h"

#endif
