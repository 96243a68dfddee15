/* One function a pass, one file each. */
#ifndef BPC_SIMPLIFY_PASSES_H
#define BPC_SIMPLIFY_PASSES_H

#include "graph/graph.h"
#include "graph/ops.h"
#include "graph/rewrite.h"

void pass_stable(Graph *), pass_algebra(Graph *), pass_name(Graph *), pass_delta(Graph *), pass_weaken(Graph *), pass_single(Graph *),
    pass_inline(Graph *), pass_cse(Graph *), pass_factor(Graph *), pass_split(Graph *), pass_share(Graph *), pass_contract(Graph *);
/* Not a pass: every stop(…) gets a tensor of its own, <target>_stop, so that what it stops can be held by finite differences. */
void name_stopped(Graph *);

#endif
