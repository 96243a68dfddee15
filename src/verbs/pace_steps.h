/* What pace.c measures and pace_function.c adds up. */
#ifndef BPC_VERBS_PACE_STEPS_H
#define BPC_VERBS_PACE_STEPS_H

#include "graph/ops.h"
#include "verbs/pace.h"

typedef struct {
    bool known;
    double vector, scalar; /* seconds an element, in loops of independent turns */
    double latency;        /* … where each waits for the one before */
} OpPace;

struct Pace {
    Arena *arena;
    Model model; /* of a matrix product; its graph has the operator table */
    bool f64;
    double peak;                      /* flops a second, for what a BLAS does */
    double step_vector, step_scalar;  /* seconds of an arithmetic operation, a comparison, a choice, a read or a write in order */
    double scattered;                 /* … of a read or write that is not in order, in a vectorised loop */
    double waiting;                   /* … of an operation that waits for the one before */
    double start, start_sum;          /* … of entering a vectorised loop, and one that sums */
    double product[3];                /* … of packing an element, a step of 4 x 16 multiply-adds, storing 4 x 16 */
    double factorise_call, factorise_cube; /* … of a factorisation: to be called, and by the cube of its order */
    OpPace op[N_OPS];
    void *x, *y;
    int32_t *place; /* the identity, which the compiler does not know */
};

/* Measured when first asked for. */
OpPace op_pace(Pace *, uint32_t op);
/* Packed elements, steps and stores of a product of m x k and k x n, by the static function of generated code. */
void product_parts(double m, double n, double k, double part[3]);

#endif
