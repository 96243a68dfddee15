/* For printers of other folders: a number as short as it reads back, and the state of one printing. */
#ifndef BPC_GRAPH_PRINT_H
#define BPC_GRAPH_PRINT_H

#include "graph/graph.h"

typedef struct {
    Graph *g;
    Text *out;
    Map *named; /* Expr -> name it goes by, or NULL */
} Printer;

void number_print(Text *, double);

#endif
