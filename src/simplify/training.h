/* The value of `training`. */
#ifndef BPC_SIMPLIFY_TRAINING_H
#define BPC_SIMPLIFY_TRAINING_H

#include "graph/graph.h"

/* Makes training 1 throughout the graph, and returns for each tensor the one that holds what it is with training 0:
 * itself where it does not depend on that, else a copy that goes by the same name. */
Tensor **training_copies(Graph *, Tensor *const *tensors, uint32_t n);

#endif
