/* optimizer.h - private: what an update function sees. */
#ifndef BP_OPTIMIZER_PRIVATE_H
#define BP_OPTIMIZER_PRIVATE_H

#include "bp_optimizer.h"

enum { BP_OPTION_MAX = 6, BP_LBFGS_MAX = 32 };

/* The optimiser's options in the order of its row, in double; `rate` is lr times the schedule's factor. */
typedef struct {
    double option[BP_OPTION_MAX], rate;
    int64_t count;            /* of this step, from 1 */
    size_t n;
    uint32_t slots;
} bp_step;

/* params, grads: n reals; memory: slots * n reals, zero before the first step. */
typedef void bp_update_f32(const bp_step *step, float *params, float *grads, float *memory);
typedef void bp_update_f64(const bp_step *step, double *params, double *grads, double *memory);

#endif
