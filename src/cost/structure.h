/* The computational graph of scalars: its size, and how many paths lead through it (the notes' section 1.2 and 2).
 *
 *     z[i,k] = w[k]*x[i] + b[k];  a[i,k] = sigmoid(z[i,k]);  yhat[i] = sum[k](v[k]*a[i,k]) + c;  L = sum[i]((yhat[i] - y[i])^2)
 *
 * A node is an element of a parameter or of a tensor that an equation names; an edge is a read of one element in the equation
 * of another. Paths are counted, never listed: those into an element are the sum of those into what it reads, and elements of
 * a tensor that have equally many are counted once. */
#ifndef BPC_COST_STRUCTURE_H
#define BPC_COST_STRUCTURE_H

#include "cost/domain.h"

/* What is differentiated, and by what: paths lead from wrt to of. */
typedef struct {
    Tensor *const *wrt, *const *of;
    uint32_t n_wrt, n_of;
} Ends;

typedef struct {
    bool known;          /* false: `why` says why not */
    const char *digits;  /* exactly, in decimal; NULL: too long to be worked out, mantissa and exponent tell the size */
    double mantissa;     /* mantissa * 10^exponent */
    int64_t exponent;
    const Poly *formula; /* in the run-time dims, or NULL */
    const char *why;
} PathCount;

typedef struct {
    const Tensor *tensor;
    Amount elements;
    PathCount paths;     /* from all of its elements; not known where there was too much to count */
} Source;

typedef struct {
    Amount nodes, edges; /* on the way from wrt to of */
    bool recurrent;      /* tensors on that way depend on themselves */
    PathCount paths;     /* from every element of wrt to every element of of */
    PathCount steps;     /* edges on all of them together: what the product along each path costs */
    Source *source;      /* by wrt */
    uint32_t n_sources;
} Structure;

Structure structure_of(Counting *, const Ends *);

#endif
