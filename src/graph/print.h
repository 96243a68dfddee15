/* For printers of other folders: a number as short as it reads back, and the state of one printing. */
#ifndef BPC_GRAPH_PRINT_H
#define BPC_GRAPH_PRINT_H

#include "graph/graph.h"

typedef struct {
    Graph *g;
    Text *out;
    Map *named;   /* Expr -> name it goes by, or NULL */
    Map *tensors; /* Tensor -> name it goes by where that is not its own, or NULL: the text is to be compiled again */
} Printer;

/* As expr_print, with other names for tensors, every shared part written out, and in operators that a model may call. */
void expr_print_named(const Graph *, Text *, Expr *, Map *tensors);

void number_print(Text *, double);

#endif
