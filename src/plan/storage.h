/* Where tensors live. */
#ifndef BPC_PLAN_STORAGE_H
#define BPC_PLAN_STORAGE_H

#include "plan/plan.h"

/* Fills buffer, slots and what goes with them from the tree of loops. */
void place_tensors(Function *, const PlanOptions *);

/* Calls `visit` for each node of the list and below, in order, with the loops and tests around it. */
typedef struct Visit Visit;
struct Visit {
    const Visit *outer;
    Node *node; /* the enclosing LOOP or IF; NULL at the top */
    uint32_t top; /* number of the outermost statement */
};
void tree_visit(Node *list, void (*visit)(Node *, const Visit *, void *), void *with);
/* The expressions a node itself reads (not those below it). */
ExprList node_reads(Graph *, const Node *);

#endif
