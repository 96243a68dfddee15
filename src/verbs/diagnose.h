/* Why a loss is nan: which tensor is the first that is not finite. */
#ifndef BPC_VERBS_DIAGNOSE_H
#define BPC_VERBS_DIAGNOSE_H

#include "eval/eval.h"

/* A tensor with an element that is nan or beyond `largest` (that of the precision in use), all of whose own operands are finite; NULL where there is none. */
const Tensor *first_not_finite(Graph *, Eval *, double largest);

#endif
