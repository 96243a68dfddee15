/* The computational graph of scalars, tensor by tensor: an edge of tensors is a read in an equation, and stands for an edge of
 * scalars at each point of its domain.
 *
 *     z[i,k] = w[k]*x[i] + b[k]  over i in 0..m, k in 0..2      w -> z and b -> z, each 2*m edges of scalars */
#ifndef BPC_COST_EDGES_H
#define BPC_COST_EDGES_H

#include "cost/structure.h"

typedef struct {
    Tensor *from, *to;
    Expr *const *from_subs, *const *to_subs;
    Domain domain; /* where the read is made: of the equation, restricted to where a fill or a branch takes it */
} Edge;

typedef struct {
    Edge *at;
    uint32_t n;
    uint32_t **into;   /* by tensor number: the edges that enter it */
    uint32_t *n_into;
    bool *active;      /* by tensor number: on a way from wrt to of */
    bool *step;        /* by tensor number: a sum or sub-expression without a name that one equation reads once, element by
                          element: it belongs to that equation's node, and its read is no edge */
    Tensor **order;    /* active tensors, each after those it reads, but for cycles */
    uint32_t n_order;
    bool *cyclic;      /* by tensor number: on or between cycles; these stand together in the order */
} Edges;

/* Edges of the tensors on the way from wrt to of. A branch or a fill that data decide may be taken, and its reads are edges, unless
 * the data are given. */
Edges edges_of(Counting *, const Ends *);

#endif
