/* A sparse Jacobian or Hessian as one matrix: rows are the elements of all of `of`, one after another in reading order, columns
 * those of all of `wrt`. Its terms are numbered; the pattern says at which entry each is added. */
#ifndef BPC_VERBS_MATRIX_H
#define BPC_VERBS_MATRIX_H

#include "bp.h"
#include "plan/plan.h"
#include "verbs/pipeline.h"
#include "verbs/results.h"

typedef struct {
    Expr *rows, *columns, *terms; /* how many, of dims */
    Tensor *place;                /* [terms] supplied by the caller: the entry that each term is added to */
    Tensor *values;               /* [terms], of which the first entries are the matrix */
    Tensor *row, *column;         /* [terms] of each term, counted from 0; -1: the term does not exist at these sizes */
} Matrix;

/* Adds the equations to the graph. With `symmetric`, of and wrt are the gradient and what it is by: what is on one side of the
 * diagonal of blocks is computed once and stored twice. Returns why it cannot be done (in words that follow "because"), or NULL. */
const char *matrix_derive(Graph *, const TensorList *of, const TensorList *wrt, bool symmetric, Matrix *);

/* Arrays for a pattern whose sizes are set. */
void pattern_allocate(Arena *, bp_pattern *);
/* Adds rows, columns, start, index and values to a group of results. */
void pattern_results(Arena *, ResultGroup *, const bp_pattern *, const double *values, bool single);

#endif
