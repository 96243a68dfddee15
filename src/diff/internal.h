/* What reverse.c and forward.c share. */
#ifndef BPC_DIFF_INTERNAL_H
#define BPC_DIFF_INTERNAL_H

#include "diff/diff.h"
#include "graph/ops.h"
#include "graph/restrict.h"

/* Tensors that depend on one of `from` and that one of `to` depends on, by tensor number: real ones alone. */
bool *active_tensors(Graph *, Tensor *const *from, uint32_t n_from, Tensor *const *to, uint32_t n_to);

/* What one read of a body receives: the adjoint `value`, under `condition` (NULL: always). */
typedef struct {
    Expr *read, *condition, *value;
} Contribution;
typedef VEC(Contribution) Contributions;
/* Adjoints of the active reads of the equation's body, whose own adjoint is `seed`. */
Contributions body_adjoints(Graph *, const Equation *, Expr *seed, const bool *active);
/* The tangent of the equation's body: dot[n] is the tangent of tensor n or NULL, read with `direction` after its subscripts.
 * NULL when it is 0. */
Expr *body_tangent(Graph *, const Equation *, Tensor *const *dot, Expr *const *direction, uint32_t n_direction);

/* How much T[o] changes with the body at a point: `factor` (NULL: 1) where `condition` (NULL: always) holds. */
typedef struct {
    Expr *factor, *condition;
} Weight;
typedef struct Weights Weights; /* what was made once a tensor: winners, exclusive products */
Weights *weights_new(Graph *);
Weight weight_of(Weights *, const Equation *);
/* Rewrites every active product over several indices into products over one, for weight_of. */
void split_products(Graph *, const bool *active);

/* The domain with fresh indices for the directions, which `index` receives, in front of the others or behind them. */
Domain with_directions(Graph *, const Directions *, Domain, bool behind, Expr **index);

/* Tensors defined by a call (linear algebra): adjoints of its arguments; its tangent. Tensors by number. */
void call_reverse(Graph *, Tensor *, Tensor *const *bar, const bool *active, const Directions *);
void call_forward(Graph *, Tensor *, Tensor *const *dot, const bool *active, const Directions *);

Expr *strong_mul(Graph *, Expr *a, Expr *b); /* 0 where a is 0; either may be NULL: 1 */

#endif
