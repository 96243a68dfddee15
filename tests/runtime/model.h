/* A model written by hand as bpc would write it, for the tests of data, weights and training.
 *
 *   dim n;  input x[n, 3];  input k[n] in 0..4;  input y[n]
 *   param W[3] ~ normal(0, 1);  param b = 0.5;  state mu = 0
 *   yhat[i] = (x[i] + 0.01 eps[i]) @ W + b + 0*k[i]        eps ~ normal(0, 1), in training only
 *   loss L = mean((yhat - y)^2);  metric mae = mean(|yhat - y|);  update mu = 0.9 mu + 0.1 mean(yhat) */
#ifndef BP_TEST_MODEL_H
#define BP_TEST_MODEL_H

#include "bp.h"

typedef struct {
    int64_t n;
} toy_dims;
typedef struct {
    const double *x;
    const int32_t *k;
    const double *y;
    uint64_t seed, call;
} toy_inputs;
typedef struct {
    double *W, *b;
} toy_params;
typedef struct {
    double *W, *b;
} toy_grads;
typedef struct {
    double *mu;
} toy_state;
typedef struct {
    double *yhat, L, mae;
} toy_outputs;

extern const bp_model toy;       /* trains in batches of 4 with adam, seed 7 */
extern const bp_model toy_blind; /* the same without a loss */

#endif
