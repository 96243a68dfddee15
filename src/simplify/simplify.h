/* Simplification: passes over the Graph that leave every value as it was, within rounding.
 *
 * A pass is a row of passes.def: its name, what it does, its function, from which level it runs and whether it must
 * come before differentiation. Each is tested to change no value on the whole corpus. */
#ifndef BPC_SIMPLIFY_SIMPLIFY_H
#define BPC_SIMPLIFY_SIMPLIFY_H

#include "graph/graph.h"

typedef enum { STAGE_MODEL, STAGE_DERIVATIVE } SimplifyStage; /* before and after diff */

typedef struct {
    int level;              /* 0: what readers expect and safety demands; 1, 2: all */
    const char *without;    /* name of a pass to leave out, for tests; or NULL */
    const char *dump_after; /* name of a pass after which the graph is printed to stderr; or NULL */
} SimplifyOptions;

/* Runs the passes of the stage, in order. False where graph_verify failed (debug and test builds). */
bool simplify(Graph *, SimplifyStage, const SimplifyOptions *);
bool simplify_knows(const char *pass);
/* The one pass that numbers staying finite rests on, for those who run no others: the interpreter of bpc eval. */
void simplify_stable(Graph *);

#endif
