/* The Graph as a model file that bpc compiles again. */
#ifndef BPC_GRAPH_MODEL_TEXT_H
#define BPC_GRAPH_MODEL_TEXT_H

#include "graph/graph.h"

/* Prints the equations that `goals` need, with what they read declared. Goals that are no output, loss or metric of
 * the model (gradients) are printed as outputs. Returns NULL, or why the language cannot say it; then nothing is printed. */
const char *graph_print_model(const Graph *, Tensor *const *goals, uint32_t n, Text *);

#endif
