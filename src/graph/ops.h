/* The operator table (ops.def) and what is made of its rows. Source of the partials: elementary calculus;
 * each is tested against finite differences over its interval. */
#ifndef BPC_GRAPH_OPS_H
#define BPC_GRAPH_OPS_H

#include "graph/graph.h"

typedef enum {
#define OP(name, ...) OP_##name,
#include "graph/ops.def"
#undef OP
    N_OPS /* the file's own operators (`derivative`) follow from here */
} Op;

typedef enum { RULE_REAL, RULE_SAME, RULE_TRUTH, RULE_WHOLE, RULE_HIDDEN_REAL, RULE_HIDDEN_WHOLE, RULE_HIDDEN_DRAW } OpRule;

typedef struct {
    Symbol name;
    uint32_t arity;
    OpRule rule;
    const char *value_text, *partial_text[3];
    double flops;
    const char *latex;
    double from, to;
    const char *singular;
    bool primitive;     /* value only names the operator itself: a function of libbp, or an operator of C */
    Expr *value;        /* over placeholders; NULL where primitive */
    Expr *partial[3];   /* over placeholders a, b, c, y; integer 0 where there is none */
} OpRow;

const OpRow *op_row(Graph *, uint32_t op);
uint32_t op_count(const Graph *);
/* The operator that a model calls by `name`, or UINT32_MAX. Hidden ones and those with a spelling of their own
 * (add, lt, and …) are not found. */
uint32_t op_find(Graph *, Symbol name);
/* Adds an operator of the file's own; expressions are over placeholders. Returns its number. */
uint32_t op_add(Graph *, Symbol name, uint32_t arity, Expr *value, Expr *const *partial);
/* The row's partial by argument k at the node e (an EXPR_OP), with `y` standing for its result. */
Expr *op_partial(Graph *, const Expr *e, uint32_t k, Expr *y);
/* May argument k receive a derivative? Not integers, nor where the partial is the constant 0 (floor, step, comparisons). */
bool op_passes(Graph *, const Expr *, uint32_t k);
/* The row's value expression at the node, or NULL where it is primitive. */
Expr *op_expand(Graph *, const Expr *e);
/* Draws differ in every call: they are no constants, whatever their operands. */
bool op_is_draw(Graph *, uint32_t op);
/* The value of operator `op` on numbers, for folding and for the interpreter. */
double op_value(uint32_t op, const double *arg);
long double op_value_long(uint32_t op, const long double *arg);

#endif
