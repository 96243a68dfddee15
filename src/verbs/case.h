/* A Case: a model at one set of sizes and values. Read from a data file, or drawn at random. */
#ifndef BPC_VERBS_CASE_H
#define BPC_VERBS_CASE_H

#include "bp.h"
#include "eval/eval.h"
#include "verbs/pipeline.h"

typedef struct {
    Graph *graph;
    const bp_model *described; /* the runtime's view of the graph: no functions */
    int64_t *dims;             /* one per graph->dims */
    double **values;           /* by tensor number: inputs, params, states; NULL: not given */
    uint32_t n;                /* tensors when the case was made */
    uint64_t seed;             /* of initial values and draws; the call that is computed has the number 0 */
} Case;

/* The runtime's description of the graph: tensors, shapes, initial values. It has no functions. */
const bp_model *describe_graph(Model *, const char *name);
/* The same with `tensors` as its inputs, by which tangents are read. */
const bp_model *describe_as_inputs(Model *, Tensor *const *tensors, uint32_t n);
/* An integer expression of dims and constants under these sizes. */
int64_t whole_at(Graph *, const int64_t *dims, Expr *);

/* Values from --data, initial values (--seed, 1) for what it does not give. Prints what is wrong; returns a status. */
int case_read(Case *, Model *, const Options *);
/* Small prime sizes, normal inputs, integers within their ranges, parameters near their initial values; `positive`
 * draws inputs between 0.5 and 1.5. */
int case_random(Case *, Model *, const Options *, bool positive);
/* The same at these run-time sizes, one per graph->dims. */
int case_random_at(Case *, Model *, const Options *, const int64_t *dims, bool positive);
/* Tangents by name into values of the seed tensors; what is missing is 0. */
int read_seeds(Model *, const Case *, const char *path, Tensor *const *of, uint32_t n, double **values);
/* Everything that is given goes into the interpreter. */
bool case_set(const Case *, Eval *);
int64_t case_count(const Case *, const Tensor *);

#endif
