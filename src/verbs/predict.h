/* What every mode of differentiation costs on paper: derived, simplified and planned as bpc compile does it, then counted.
 *
 *     Prediction p;
 *     int status = predict(&p, &options, dims);        dims: by run-time dim of the model, or NULL: USUAL_SIZE each
 *     p.row[COST_REVERSE].flops.value / p.row[COST_VALUE].flops.value
 *     predict_close(&p);
 *
 * options: model, -D, -O, --of, --wrt, --directions. */
#ifndef BPC_VERBS_PREDICT_H
#define BPC_VERBS_PREDICT_H

#include "cost/cost.h"
#include "verbs/pipeline.h"

enum { USUAL_SIZE = 64, USUAL_DIRECTIONS = 8 };

typedef enum {
    COST_VALUE,      /* all outputs (predict) */
    COST_JVP,        /* outputs and their tangents in one direction */
    COST_DIRECTIONS, /* … in `directions` of them at once */
    COST_FORWARD,    /* the derivative by every element of --wrt in forward mode, one jvp after the other */
    COST_REVERSE,    /* outputs and the gradient; of several outputs, the product with one cotangent (vjp) */
    COST_BACKWARD,   /* the derivative of every element of --of in reverse mode, one vjp after the other; of one: as REVERSE */
    COST_HVP,        /* outputs and the Hessian times one direction; only of a scalar */
    N_COSTS
} CostMode;
extern const char *const cost_name[N_COSTS]; /* "value", "jvp", … */

typedef struct {
    bool known;      /* false: the model has no such derivative */
    Amount flops, bytes;
    Amount workspace; /* what the function is given to work in */
    Amount memory;   /* that, and every array of the caller's it touches */
    const Function *function; /* as planned; NULL: several calls of another row's */
} CostRow;

/* What --checkpoint does to the gradient: what is kept, and what that costs, at the sizes. */
typedef struct {
    const char *how;             /* "none", "sqrt", "16", "least" (as little memory as can be) */
    double segments, steps;      /* of the recurrence, and steps in each of them; none: 1 segment */
    double flops, workspace;     /* bytes */
} CheckpointRow;
typedef VEC(CheckpointRow) CheckpointRows;

typedef struct {
    Model model;
    Tensor **bars;    /* the gradient, by wrt */
    Counting *counting;
    int64_t *sizes;   /* by run-time dim */
    TensorList wrt, of;
    Amount inputs, outputs; /* elements of wrt, of of */
    int64_t directions;
    CostRow row[N_COSTS];
} Prediction;

/* Prints what is wrong; returns a status. Close it in any case. */
int predict(Prediction *, const Options *, const int64_t *dims);
/* After predict. No rows where the gradient has no recurrence that can be cut. */
void predict_checkpoints(Prediction *, const Options *, CheckpointRows *);
void predict_close(Prediction *);
/* Inputs for each output below which forward mode costs less than reverse mode: COST_JVP: one direction after the other;
 * COST_DIRECTIONS: so many at once. */
double crossover(const Prediction *, CostMode forward);
/* The loss, or what --of names; of a model without a loss, every real output. Prints what is wrong, returns a status. */
int model_of(Model *, const Options *, TensorList *);

#endif
