/* From an order of equations to a tree of loops and statements. */
#ifndef BPC_PLAN_NEST_H
#define BPC_PLAN_NEST_H

#include "plan/order.h"

ExprList equation_nodes(Graph *, const Equation *); /* all that an equation reads */

/* The identity of the combining operator, of the tensor's type. */
Expr *combine_identity(Graph *, Combine, Type);
/* True where the tensor's elements must be set to the identity before the first piece runs: several pieces, or
 * one that does not visit every element once and for all. False: the one nest starts each element itself. */
bool tensor_needs_init(Graph *, const Tensor *);

/* The nests of the order; `steps_wanted` of each top-level node is in wanted (parallel to the list). */
Tree *nest_order(Function *, const Order *, const PlanOptions *);

Tree *tree_new(Arena *, TreeKind, const Equation *why);
void tree_append(Tree ***tail, Tree *); /* *tail points at the `next` (or `body`) to fill */

#endif
