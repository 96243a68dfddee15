/* Where tensors live. */
#ifndef BPC_PLAN_STORAGE_H
#define BPC_PLAN_STORAGE_H

#include "plan/plan.h"

/* Fills buffer, slots and what goes with them from the tree of loops. */
void place_tensors(Function *, const PlanOptions *);

/* The axis that stands at this place in memory, outermost first; and what is kept of an axis. */
uint32_t storage_axis(const Function *, const Tensor *, uint32_t place);
Expr *storage_extent(const Function *, const Tensor *, uint32_t axis);
/* The first example of the block, for tensors of which only a block is kept along this axis; else NULL. */
Expr *storage_first(const Function *, const Tensor *, uint32_t axis);

/* Calls `visit` for each node of the list and below, in order, with the loops and tests around it. */
typedef struct Visit Visit;
struct Visit {
    const Visit *outer;
    Tree *node; /* the enclosing LOOP or IF; NULL at the top */
    uint32_t top; /* number of the outermost statement */
};
void tree_visit(Tree *list, void (*visit)(Tree *, const Visit *, void *), void *with);
/* Is the tensor set in the list or below? */
bool tree_sets(const Tree *list, const Tensor *);
/* Are both bounds constants? */
bool tree_constant(const Tree *loop);
/* A loop of an equation over one bound each, whose turns may come in any order. Time has no equation of its own. */
bool tree_plain(const Tree *loop);
/* Turns of a loop; where that is not known, as many as usual. */
double tree_turns(const Tree *loop);
/* The expressions a node itself reads (not those below it). */
ExprList tree_reads(Graph *, const Tree *);

#endif
