/* Calling generated code on a Case: allocates the structs of the generated header by the description, calls, and reads
 * results back as doubles. */
#ifndef BPC_VERBS_EXECUTE_H
#define BPC_VERBS_EXECUTE_H

#include "verbs/case.h"
#include "verbs/native.h"
#include "verbs/results.h"
#include "verbs/wanted.h"

typedef struct {
    bool gradient, tangents;
    int training;        /* of the values: 0 calls predict, 1 forward */
    Tensor *of_gradient; /* NULL: the loss */
    Tensor *const *wrt;
    uint32_t n_wrt;
    Tensor *const *of; /* of tangents */
    uint32_t n_of;
    const Wanted *wanted; /* further kinds of derivatives */
    uint32_t n_wanted;
    bool fast; /* for measuring: all that the C compiler can do for this machine; else what is built quickly */
} Request;

typedef struct {
    Model *model;
    const Case *data;
    const Request *request;
    Native native;
    bool sparse;   /* Jacobian and Hessian are matrices */
    int64_t *dims;
    void *inputs, *params, *state, *outputs, *grads, *workspace; /* workspace is malloc'd, the rest is in the arena */
} Execution;

/* Generates, builds, allocates. Prints what is wrong; returns a status. */
int execute_open(Execution *, Model *, const Options *, const Case *, const Request *);
/* Each adds what it computes to a group. */
int execute_values(Execution *, ResultGroup *);
int execute_outputs(Execution *, ResultGroup *); /* those of the last call */
int execute_gradient(Execution *, ResultGroup *);
/* `seeds`: the tangent of each wrt, all elements. */
int execute_tangents(Execution *, const double *const *seeds, ResultGroup *);
/* `seeds`: of each of wanted->seed_of. */
int execute_wanted(Execution *, const Wanted *, const double *const *seeds, ResultGroup *);
void execute_close(Execution *);

/* A generated function with its arguments, for who calls it many times. */
typedef struct {
    NativeFunction *function;
    void *argument[8];
    int n;
} BoundCall;
/* PREFIX_name with arrays of seeds (NULL: it has none) and of results (NULL: it has none), one pointer a tensor. Prints where
 * there is no such function; returns a status. */
int execute_bind(Execution *, const char *name, void *seeds, void *results, BoundCall *);
/* One pointer a tensor, each to room for its elements times `times`, filled with `values` (NULL: zeros). */
void **execute_arrays(Execution *, Tensor *const *, uint32_t n, int64_t times, const double *const *values);
void execute_store(const Execution *, void *array, int64_t element, double value);
double execute_fetch(const Execution *, const void *array, int64_t element);
int bound_call(const BoundCall *); /* a bp_status */

#endif
