/* The reference interpreter: numbers from a Graph, straight from its definition. The oracle that generated code
 * is checked against, so it shares nothing with planning and emitting, and prefers plain over fast.
 *
 * An Eval holds one Graph at one set of run-time sizes, in double or long double. Tensors are computed when they
 * are asked for, whole, and kept until something is set. Functions that can fail return 0, or 1 with a sentence
 * in eval_message(): a read outside a tensor, an element defined twice, a cycle of elements, sizes too large.
 *
 *     Eval *e = eval_new(graph, dims, true);
 *     eval_set(e, x, values);   …every input, parameter, state and seed that is needed
 *     if (eval_get(e, graph->loss, &L) != 0) puts(eval_message(e));
 */
#ifndef BPC_EVAL_H
#define BPC_EVAL_H

#include "graph/graph.h"

typedef struct Eval Eval;

/* `dims`: one per graph->dims. The Graph may grow afterwards, but tensors already asked for must not change. */
Eval *eval_new(Graph *, const int64_t *dims, bool long_double);
void eval_free(Eval *);
const char *eval_message(const Eval *);

/* Extents and number of elements under the run-time sizes; -1 where they overflow or are negative. */
int64_t eval_extent(Eval *, const Tensor *, uint32_t axis);
int64_t eval_count(Eval *, const Tensor *);

/* Inputs, parameters, states, draws and seeds; all elements, in reading order. Parameters and states that are never
 * set hold their INIT_VALUE, ZEROS, ONES or IDENTITY; what is set for a computed tensor is kept in place of it. */
int eval_set(Eval *, const Tensor *, const double *values);
int eval_set_long(Eval *, const Tensor *, const long double *values);
/* One element, of a tensor that was set before. */
int eval_set_element(Eval *, const Tensor *, int64_t element, long double value);
void eval_set_training(Eval *, int training);
/* What draws are made of (bp_random.h), beside their place in the model and their element; seed 1 and call 0 until then. */
void eval_set_draws(Eval *, uint64_t seed, uint64_t call);

/* All elements, in reading order. Elements that no equation defines are nan. */
int eval_get(Eval *, const Tensor *, double *values);
int eval_get_long(Eval *, const Tensor *, long double *values);

/* Checks of the Graph under what is set: NULL where all hold, else the text of the first that fails, its place in
 * *which (may be NULL). */
const char *eval_check(Eval *, uint32_t *which);

#endif
