/* From Programs to text: model.c and model.h. Reads what the planner decided and prints it; decides nothing.
 * The output of one input is the same bytes on every run and machine. */
#ifndef BPC_EMIT_EMIT_H
#define BPC_EMIT_EMIT_H

#include "plan/plan.h"

typedef struct {
    Graph *graph;
    const char *prefix;      /* of every symbol */
    const char *header_name; /* what the source includes: "model.h" */
    const char *source_name; /* the model's file, as comments name it: "model.bp" */
    const char *command;     /* the command line that made it */
    bool standalone;         /* needs neither libbp nor its headers */
    bool clones;             /* functions are compiled for several instruction sets, of which one is picked when the code runs */
    bool blas;               /* large matrix products call libbp, which calls CBLAS */
    Function *const *functions;
    uint32_t n_functions;
    Tensor *const *wrt;      /* with respect to what: members of grads, tangents */
    uint32_t n_wrt;
    Map *members;            /* empty: for the names of members, which are the same throughout */
} Emission;

void emit_source(const Emission *, Text *);
void emit_header(const Emission *, Text *);

/* A name as a C identifier: transliterated, never a keyword of C or C++ nor a macro of the headers used. */
const char *c_identifier(Arena *, const char *name);

#endif
