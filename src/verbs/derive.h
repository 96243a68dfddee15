/* The gradient and tangents: what is wanted becomes further tensors of the graph. */
#ifndef BPC_VERBS_DERIVE_H
#define BPC_VERBS_DERIVE_H

#include "diff/diff.h"
#include "verbs/pipeline.h"

typedef struct {
    TensorList wrt, of;  /* of: the loss or scalar for a gradient, the outputs for tangents */
    Tensor **bars;       /* by wrt: the gradient; NULL: not asked for */
    Tensor **dots;       /* by of: the tangents */
    Tensor **seeds;      /* by wrt: what the tangents start from */
} Derived;

/* The model's own derivative expressions (grad, jacobian …), as equations; and the stable forms that the language promises. Prints what is wrong, returns a status. */
int derive_requests(Model *, const Options *);
/* Gives each stop(…) a tensor of its own; adds them to the list. */
void derive_stopped(Model *, TensorList *);
/* The gradient of `of` with respect to each of wrt, in reverse mode. */
void derive_gradient(Model *, Derived *, Tensor *of);
/* Tangents of d->of in the direction, or several (NULL: one), that the seed tensors hold. */
void derive_tangents(Model *, Derived *, const Directions *);

#endif
