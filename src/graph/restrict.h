/* Conditions and domains. */
#ifndef BPC_GRAPH_RESTRICT_H
#define BPC_GRAPH_RESTRICT_H

#include "graph/graph.h"

/* The domain's points where `condition` holds (NULL: all of them): as bounds where it can be, else in the guard. */
Domain domain_restrict(Graph *, Domain, Expr *condition);
/* The condition that subscripts fall inside the tensor; NULL where that is so all over the domain. */
Expr *inside_condition(Graph *, const Tensor *, Expr *const *subs, const Domain *);

/* What is left of a condition once its conjuncts that hold all over the domain are gone; NULL: nothing. */
Expr *condition_left(Graph *, Expr *condition, const Domain *);

/* One more than the greatest value of the index, of dims alone: the extent that an axis for it needs. NULL: not known. */
Expr *index_extent(Graph *, const Domain *, uint32_t index);

#endif
