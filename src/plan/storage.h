/* Where tensors live. */
#ifndef BPC_PLAN_STORAGE_H
#define BPC_PLAN_STORAGE_H

#include "graph/affine.h"
#include "plan/plan.h"

/* Fills buffer, slots and what goes with them from the tree of loops. */
void place_tensors(Function *, const PlanOptions *);

/* What is kept of an axis. */
Expr *storage_extent(const Function *, const Tensor *, uint32_t axis);
/* Where an element lies: subscript and extent of what is kept, outermost first; the element is (sub[0]*extent[1] + sub[1])*extent[2] + ...
 * Of an axis of which a block is kept, subscripts count from its first example. Digits of one index are joined. `kept` by axis, or NULL: all. Returns how many. */
uint32_t storage_places(const Function *, const Tensor *, Expr *const *subs, const bool *kept, Digit *places);

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
/* How the loop's own statements combine into the tensor. */
Combine tree_combines(const Tree *loop, const Tensor *);
/* Are both bounds constants? */
bool tree_constant(const Tree *loop);
/* A loop of an equation over one bound each, whose turns may come in any order. Time has no equation of its own. */
bool tree_plain(const Tree *loop);
/* Turns of a loop; where that is not known, as many as usual. */
double tree_turns(const Tree *loop);
/* The expressions a node itself reads (not those below it). */
ExprList tree_reads(Graph *, const Tree *);

#endif
