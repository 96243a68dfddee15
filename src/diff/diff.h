/* Differentiation: equations in, equations out.
 *
 * For an active equation `T[o] += body` over D, with T_bar the adjoint (the notes' error signal) and T_dot the
 * tangent of T:
 *
 *     reverse, for each read R[s]:   R_bar[s] += T_bar[o] * d(body)/d(R[s])                       over D
 *     forward:                       T_dot[o] += sum over reads of d(body)/d(R[s]) * R_dot[s]     over D
 *
 * No order is imposed: the planner finds that error signals must be computed from the loss backwards.
 * Both use the same partials (partial.c) and the same weights of combining operators (weight.c). */
#ifndef BPC_DIFF_DIFF_H
#define BPC_DIFF_DIFF_H

#include "graph/graph.h"

/* Further axes of every derivative, one for each direction that is followed at once (Jacobians): the first axes of adjoints, so
 * that d y/d x has the axes of y and then those of x; for the same reason the last of tangents, where they fill vector lanes. */
typedef struct {
    uint32_t n;
    Expr **extent;
    Symbol *name; /* of the index that runs over it */
} Directions;

/* A tensor of the shape of t, named <t>_<suffix>; the directions (NULL: none) are the first axes of an adjoint, else the last. */
Tensor *derivative_tensor(Graph *, Tensor *t, const char *suffix, Role, Combine, const Directions *);

/* Adjoints. seed[k] is the cotangent of of[k] (directions, then its shape), or NULL: the identity
 * over the directions, which are the last axes of it, and 1 over the others. bars[k] receives the adjoint of wrt[k]: a tensor of the shape of
 * wrt[k], directions first, which holds 0 where nothing depends on it (then it has no equation). */
void diff_reverse(Graph *, Tensor *const *of, Tensor *const *seed, uint32_t n_of, Tensor *const *wrt, uint32_t n_wrt,
                  const Directions *, Tensor **bars);

/* Tangents. seed[k] is the tangent of wrt[k] (its shape, then directions), or NULL: the identity over the directions.
 * dots[k] receives the tangent of of[k]. */
void diff_forward(Graph *, Tensor *const *wrt, Tensor *const *seed, uint32_t n_wrt, Tensor *const *of, uint32_t n_of,
                  const Directions *, Tensor **dots);

/* d of/d wrt, with the axes of `of` and then those of wrt: by reverse mode with a direction for each element of `of`, or by forward
 * mode with one for each of wrt. */
Tensor *diff_jacobian(Graph *, Tensor *of, Tensor *wrt, bool forward);
/* Forward mode follows fewer directions than reverse mode would; run-time dims count as USUAL_DIM. */
bool forward_is_less(const Tensor *of, const Tensor *wrt);

/* Replaces derivative requests (grad, jacobian, hessian, jvp, vjp calls) by equations, innermost first.
 * Reports requests that depend on themselves, and warns of those that are 0 because nothing depends. */
void diff_requests(Graph *);

#endif
