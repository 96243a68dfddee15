/* Which tensors need which, and in what order whole tensors can be computed. */
#ifndef BPC_EVAL_COMPONENTS_H
#define BPC_EVAL_COMPONENTS_H

#include "graph/graph.h"

typedef struct {
    Tensor **needs; /* what the tensor's definition reads, each once */
    uint32_t n;
    uint32_t component; /* strongly connected component; those a tensor needs have smaller or equal numbers */
    bool cyclic;        /* it needs itself, directly or through others of its component */
} TensorNode;

typedef struct {
    TensorNode *at; /* by tensor number */
    uint32_t n, n_components;
    Tensor **order; /* needs first, but for cycles */
} Components;

Components components_find(Graph *);

#endif
