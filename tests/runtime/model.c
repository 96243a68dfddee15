#include "model.h"

#include <math.h>

#include "bp_random.h"

static size_t workspace_size(const void *dims) { return (size_t)((const toy_dims *)dims)->n * sizeof(double); }

/* Residuals into the workspace, outputs; yhat where it is wanted. */
static int forward(const toy_dims *d, const toy_inputs *in, const toy_params *p, toy_outputs *out, double *r, double noise) {
    if ((uintptr_t)r % 64) return BP_E_ALIGN;
    for (int64_t i = 0; i < d->n; i++)
        if (in->k[i] < 0 || in->k[i] >= 4) return BP_E_RANGE;
    out->L = out->mae = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const double e = noise * bp_normal(in->seed, in->call, 0, (uint64_t)i, 0, 1);
        r[i] = p->b[0] - in->y[i];
        for (int j = 0; j < 3; j++) r[i] += (in->x[3 * i + j] + e) * p->W[j];
        if (out->yhat) out->yhat[i] = r[i] + in->y[i];
        out->L += r[i] * r[i] / (double)d->n;
        out->mae += fabs(r[i]) / (double)d->n;
    }
    return BP_OK;
}

static int predict(const void *dims, const void *inputs, const void *params, const void *state, void *outputs, void *workspace) {
    (void)state;
    return forward(dims, inputs, params, outputs, workspace, 0.0);
}

static int gradient(const void *dims, const void *inputs, const void *params, const void *state, void *outputs, void *grads,
                    void *workspace) {
    const toy_dims *d = dims;
    const toy_inputs *in = inputs;
    toy_grads *g = grads;
    double *r = workspace;
    (void)state;
    const int status = forward(dims, inputs, params, outputs, workspace, 0.01);
    if (status) return status;
    for (int j = 0; j < 3 && g->W; j++) g->W[j] = 0;
    if (g->b) g->b[0] = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const double e = 0.01 * bp_normal(in->seed, in->call, 0, (uint64_t)i, 0, 1);
        for (int j = 0; j < 3 && g->W; j++) g->W[j] += 2 * r[i] * (in->x[3 * i + j] + e) / (double)d->n;
        if (g->b) g->b[0] += 2 * r[i] / (double)d->n;
    }
    return BP_OK;
}

static int update(const void *dims, const void *inputs, const void *params, void *state, void *workspace) {
    const toy_dims *d = dims;
    toy_outputs out = {0};
    double mean = 0;
    const int status = forward(dims, inputs, params, &out, workspace, 0.01);
    for (int64_t i = 0; i < d->n && !status; i++)
        mean += (((double *)workspace)[i] + ((const toy_inputs *)inputs)->y[i]) / (double)d->n;
    double *mu = ((toy_state *)state)->mu;
    mu[0] = 0.9 * mu[0] + 0.1 * mean;
    return status;
}

static const char *first_nan(const void *dims, const void *inputs, const void *params, const void *state, void *workspace) {
    const toy_dims *d = dims;
    const toy_inputs *in = inputs;
    const toy_params *p = params;
    (void)state, (void)workspace;
    for (int64_t i = 0; i < 3 * d->n; i++)
        if (!isfinite(in->x[i])) return "x";
    for (int j = 0; j < 3; j++)
        if (!isfinite(p->W[j])) return "W";
    return "yhat";
}

static const char *const dims[] = {"n"};
static const bp_axis axis_n[] = {{0, 0}}, axis_n3[] = {{0, 0}, {-1, 3}}, axis_3[] = {{-1, 3}};
static const char *const options[] = {"lr"};
static const double values[] = {0.05};

static const bp_tensor tensors[] = {
    {.name = "x", .role = BP_INPUT, .rank = 2, .axis = axis_n3, .offset = offsetof(toy_inputs, x), .grad_offset = (size_t)-1},
    {.name = "k",
     .role = BP_INPUT,
     .integer = true,
     .lo = 0,
     .hi = 4,
     .rank = 1,
     .axis = axis_n,
     .offset = offsetof(toy_inputs, k),
     .grad_offset = (size_t)-1},
    {.name = "y", .role = BP_INPUT, .rank = 1, .axis = axis_n, .offset = offsetof(toy_inputs, y), .grad_offset = (size_t)-1},
    {.name = "W",
     .role = BP_PARAM,
     .rank = 1,
     .axis = axis_3,
     .offset = offsetof(toy_params, W),
     .grad_offset = offsetof(toy_grads, W),
     .block_offset = 0,
     .init = {BP_INIT_NORMAL, 0, 1, 0, 0, NULL}},
    {.name = "b",
     .role = BP_PARAM,
     .rank = 0,
     .offset = offsetof(toy_params, b),
     .grad_offset = offsetof(toy_grads, b),
     .block_offset = 3,
     .init = {BP_INIT_VALUES, 0.5, 0, 0, 0, NULL}},
    {.name = "mu",
     .role = BP_STATE,
     .rank = 0,
     .offset = offsetof(toy_state, mu),
     .grad_offset = (size_t)-1,
     .block_offset = 0,
     .init = {BP_INIT_ZEROS, 0, 0, 0, 0, NULL}},
    {.name = "yhat",
     .role = BP_OUTPUT,
     .rank = 1,
     .axis = axis_n,
     .offset = offsetof(toy_outputs, yhat),
     .grad_offset = (size_t)-1},
    {.name = "L", .role = BP_LOSS, .rank = 0, .offset = offsetof(toy_outputs, L), .grad_offset = (size_t)-1},
    {.name = "mae", .role = BP_METRIC, .rank = 0, .offset = offsetof(toy_outputs, mae), .grad_offset = (size_t)-1},
};

#define TOY(gradient_function)                                                                                                   \
    {                                                                                                                            \
        .name = "toy", .real = BP_F64, .n_dims = 1, .dims = dims, .n_tensors = sizeof tensors / sizeof *tensors,                 \
        .tensors = tensors, .param_count = 4, .state_count = 1, .inputs_size = sizeof(toy_inputs),                               \
        .params_size = sizeof(toy_params), .grads_size = sizeof(toy_grads), .outputs_size = sizeof(toy_outputs),                 \
        .state_size = sizeof(toy_state), .seed_offset = offsetof(toy_inputs, seed), .call_offset = offsetof(toy_inputs, call),   \
        .training = {"adam", 1, options, values, NULL, (double)NAN, (double)NAN, 4, 0, 7, 0}, .workspace_size = workspace_size,  \
        .predict = predict, .gradient = gradient_function, .update = update, .first_nan = first_nan,                             \
    }

const bp_model toy = TOY(gradient);
const bp_model toy_blind = TOY(NULL);
