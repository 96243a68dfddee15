/* Sparse derivatives: what is not zero in d of/d wrt, by structure.
 *
 *     y[i] = f(x[i-1], x[i+1])        y_x[i, i-1] = …  over i in 1..n,    y_x[i, i+1] = …  over i in 0..n-1
 *     r[o] = f(cam[seen[o]])          r_cam[o, seen[o]] = …               a gather: one block an observation
 *
 * A dense matrix is never formed, and nothing is followed in directions in which it is zero. */
#ifndef BPC_DIFF_SPARSE_H
#define BPC_DIFF_SPARSE_H

#include "graph/graph.h"

/* The matrix has value(u) at (row(u), column(u)) for each point u of the domain. Where several terms meet they add. */
typedef struct {
    Domain domain;
    Expr **extent;        /* of each index of the domain: its values lie in 0 .. extent, which is made of dims */
    Expr **row, **column; /* integer expressions over the domain: subscripts of `of` and of `wrt` */
    Expr *value;
} SparseTerm;
typedef VEC(SparseTerm) SparseTerms;

/* Adds the equations to the graph, and to the list the terms of d of/d wrt. NULL where that can be done; else why it cannot,
 * in words that follow "because": a recurrence or a call on the way, or subscripts that cannot be turned around. */
const char *diff_sparse(Graph *, Tensor *of, Tensor *wrt, SparseTerms *);

#endif
