/* --emit bp: a Graph as a model file, which bpc compiles again. */
#ifndef BPC_VERBS_BP_TEXT_H
#define BPC_VERBS_BP_TEXT_H

#include "graph/graph.h"

/* Prints what the goals need; goals that are no outputs of the model yet become outputs. False where something has no
 * spelling in the language; *reason says what. */
bool bp_print(Graph *, Tensor *const *goals, uint32_t n, Text *out, const char **reason);

#endif
