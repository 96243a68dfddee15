/* Rewriting expressions by a rule, and what rewriters ask of a Graph. */
#ifndef BPC_GRAPH_REWRITE_H
#define BPC_GRAPH_REWRITE_H

#include "graph/graph.h"

/* A rule gets a node whose arguments are rewritten already, and returns what it becomes, or the node itself. */
typedef Expr *Rule(Graph *, Expr *, void *with);
typedef struct Rewriter Rewriter;
Rewriter *rewriter_new(Graph *, Rule *, void *with); /* remembers what it rewrote, in g->stage */
Expr *rewrite(Rewriter *, Expr *);
/* Bodies, guards and labels of every equation. */
void rewrite_graph(Rewriter *);

bool is_uniform(Graph *, Expr *); /* made of constants and dims alone */
/* Does the equation define every element of its tensor once, by bare, distinct indices over the whole extents, without a
 * guard or a further index? */
bool covers_tensor(Graph *, const Equation *);
/* The tensor's one equation where that defines every element once by bare, distinct indices over the whole extents,
 * without a guard or further index; else NULL. */
Equation *plain_definition(Graph *, const Tensor *);

#endif
