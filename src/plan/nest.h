/* From an order of equations to a tree of loops and statements. */
#ifndef BPC_PLAN_NEST_H
#define BPC_PLAN_NEST_H

#include "plan/order.h"

ExprList equation_nodes(Graph *, const Equation *); /* all that an equation reads */

/* The identity of the combining operator, of the tensor's type. */
Expr *combine_identity(Graph *, Combine, Type);
/* All that the equations or the call of a tensor read. */
typedef VEC(Tensor *) Tensors;
Tensors tensor_reads(Graph *, const Tensor *);
/* Sets every element of the tensor to the identity of its operator. */
Equation *identity_equation(Graph *, Tensor *);
/* True where the tensor's elements must be set to the identity before the first piece runs: several pieces, or
 * one that does not visit every element once and for all. False: the one nest starts each element itself. */
bool tensor_needs_init(Graph *, const Tensor *);

/* The nests of the order, in tests of the arrays that they are for. */
Tree *nest_order(Function *, const Order *);
/* The same one by one: the nest of a member of the order; a list to which nests are added, those for the same arrays in one test. */
Tree *nest_member(Function *, const Order *);
typedef struct {
    Tree *first, **end, *test;
    uint64_t wanted;
} NestList;
void nest_add(NestList *, Function *, const Order *, Tree *nest);
void nest_put(NestList *, Function *, uint64_t wanted, Tree *nest); /* the same, for the arrays of these bits */
uint64_t order_wanted(const Order *); /* by which arrays */

Range subst_range(Graph *, Subst *, const Range *); /* a copy under the substitution */
Tree *tree_new(Arena *, TreeKind, const Equation *why);
Tree *tree_test(Arena *, Expr *condition, Tree *body); /* body where the condition holds */
Tree *tree_set(Arena *, Tensor *local, Combine, Expr *value); /* of a scalar, without a comment */
Tree *tree_loop_around(Arena *, const Tree *loop, Tree *body); /* a loop like the other */
void tree_append(Tree ***tail, Tree *); /* *tail points at the `next` (or `body`) to fill */

#endif
