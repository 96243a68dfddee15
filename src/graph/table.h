/* What the files of graph/ share and nobody else sees: the hash table of expressions and the operator rows. */
#ifndef BPC_GRAPH_TABLE_H
#define BPC_GRAPH_TABLE_H

#include "graph/ops.h"

typedef struct ExprTable ExprTable;
typedef struct OpTable OpTable;

ExprTable *expr_table_new(Arena *);
OpTable *op_table_new(Graph *);

/* A new or the known node; no folding. */
Expr *expr_intern(Graph *, ExprKind, Type, uint64_t of, Expr *fill, Expr *const *args, uint32_t n);
/* The value of the operator where it is known or where an identity applies, else NULL. */
Expr *expr_fold(Graph *, uint32_t op, Type, Expr *const *args, uint32_t n);

#endif
