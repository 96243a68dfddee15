/* Derivatives beside the gradient and jvp: what each is of, what it needs, and its equations. One row a kind. */
#ifndef BPC_VERBS_WANTED_H
#define BPC_VERBS_WANTED_H

#include "plan/plan.h"
#include "verbs/matrix.h"
#include "verbs/pipeline.h"

typedef enum { WANT_VJP, WANT_JACOBIAN, WANT_HVP, WANT_HESSIAN, N_WANTS } Want;
typedef enum { SEEDS_NONE, SEEDS_TANGENTS, SEEDS_COTANGENTS } SeedKind;

typedef struct {
    const char *name;      /* of --want, of the function, of the member of eval's result */
    FunctionKind kind, sparse, pattern; /* sparse, pattern: of those that come in pairs */
    SeedKind seeds;
    bool of_scalar;        /* of the loss, or the one scalar that --of names; else of each of --of */
    bool pairs;            /* a result for each pair (jacobian: of and wrt; hessian: wrt and wrt), with the axes of both */
} WantRow;
extern const WantRow want_rows[N_WANTS];

typedef struct {
    const WantRow *row;
    Tensor *scalar;        /* where of_scalar */
    TensorList of, wrt;
    TensorList seed_of;    /* whose tangents or cotangents the caller supplies */
    TensorList first, second; /* by result: whose derivative it is; second only of pairs */
    Tensor **seed, **result;  /* made by wanted_derive */
    const char **note;        /* by result: which mode computes it, and why; or NULL */
    Matrix *matrix;           /* --sparse: made by wanted_derive in place of the results */
} Wanted;

/* Is `name` something that --want knows? Prints what it knows where not. */
bool want_is_known(const char *name);
/* The kinds that the options ask for, resolved; prints what is wrong, returns a status. */
int wanted_resolve(Model *, const Options *, Wanted list[N_WANTS], uint32_t *n);
/* Adds the equations to the graph. --mode forces forward or reverse where both can do it; --sparse makes one matrix of all
 * pairs. Prints why that cannot be; returns a status. */
int wanted_derive(Model *, Wanted *, const Options *);

#endif
