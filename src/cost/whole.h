/* Integer expressions as numbers, at given sizes, indices and (where there are any) data. */
#ifndef BPC_COST_WHOLE_H
#define BPC_COST_WHOLE_H

#include "graph/graph.h"

typedef struct Whole Whole;
/* sizes: by dim. data: values by tensor number, or NULL, and NULL for a tensor whose values are not known. */
Whole *whole_new(Graph *, const int64_t *sizes, double *const *data);
void whole_set_index(Whole *, uint32_t index, int64_t value);
/* NaN where the data decide and are not known, or where a read falls outside. */
double whole_value(Whole *, Expr *);
/* Does the expression read nothing but constants and data that are given? */
bool whole_knows(const Whole *, Expr *);
/* The element that subscripts name, in reading order; -1: outside, -2: not known. */
int64_t whole_element(Whole *, const Tensor *, Expr *const *subs);

#endif
