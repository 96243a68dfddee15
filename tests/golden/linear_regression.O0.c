/* Made by bpc from linear_regression.bp; belongs to whoever made it.
 *
 *     bpc linear_regression.bp -O0
 *
 * linear_regression_predict          the outputs, with training = 0
 * linear_regression_gradient         the outputs and the gradient, in one pass
 * linear_regression_forward          the outputs; leaves in the workspace what backward needs
 * linear_regression_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
 * Long sums are added in double.
 * Sizes known when the code runs: m.
 */
/* `omp simd` lets the compiler reorder sums; without -fopenmp-simd it is inert. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wsource-uses-openmp"
#pragma clang diagnostic ignored "-Wpass-failed"
#elif defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC optimize("no-trapping-math") /* nobody looks at the exceptions of lanes that are not taken */
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512") /* for some processors gcc would use half of the vectors */
#endif

#include "linear_regression.h"

#include <math.h>

#include "bp_math.h"

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *linear_regression_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void linear_regression_params_bind(linear_regression_params *params, float *block) {
    params->w = block + 0;
    params->b = block + 4;
}

size_t linear_regression_workspace_size(const linear_regression_dims *dims) {
    const int64_t m = dims ? dims->m : 0;
    if (m < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int linear_regression_check(const linear_regression_dims *dims, const linear_regression_inputs *in, const linear_regression_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t m = dims->m;
    if (m < 1) return BP_E_SHAPE;
    if (linear_regression_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->x) return BP_E_NULL;
    if ((uintptr_t)in->x % sizeof(float) != 0) return BP_E_ALIGN;
    if (!in->y) return BP_E_NULL;
    if ((uintptr_t)in->y % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->w) return BP_E_NULL;
    if ((uintptr_t)params->w % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->b) return BP_E_NULL;
    if ((uintptr_t)params->b % sizeof(float) != 0) return BP_E_ALIGN;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int linear_regression_predict(const linear_regression_dims *dims, const linear_regression_inputs *in, const linear_regression_params *params, linear_regression_outputs *out, void *workspace) {
    const int status = linear_regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const slot1 = linear_regression_take(&block, m, sizeof(float));
    float *const p = out->p ? out->p : slot1;
    float *const p_sum = linear_regression_take(&block, m, sizeof(float));

    /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p_sum[i] = 0.0f;
        for (int64_t k = 0; k < 4; k++) {
            p_sum[i] += w[k]*x[4*i + k];
        }
    }
    /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p[i] = p_sum[i] + b;
    }
    /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        const float t1 = p[i] - y[i];
        L_sum += (double)(t1*t1);
    }
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = (float)L_sum/(float)m;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int linear_regression_gradient(const linear_regression_dims *dims, const linear_regression_inputs *in, const linear_regression_params *params, linear_regression_outputs *out, linear_regression_grads *grads, void *workspace) {
    const int status = linear_regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const slot1 = linear_regression_take(&block, m, sizeof(float));
    float *const p = out->p ? out->p : slot1;
    float *const p_sum = linear_regression_take(&block, m, sizeof(float));
    float *const p_bar = linear_regression_take(&block, m, sizeof(float));
    float *const b_bar = grads->b;
    float *const w_bar = grads->w;

    /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p_sum[i] = 0.0f;
        for (int64_t k = 0; k < 4; k++) {
            p_sum[i] += w[k]*x[4*i + k];
        }
    }
    /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p[i] = p_sum[i] + b;
    }
    /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        const float t1 = p[i] - y[i];
        L_sum += (double)(t1*t1);
    }
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = (float)L_sum/(float)m;
    if (grads->w || grads->b) {
        /* p_bar[i] = 2/m*(p[i] - y[i])    linear_regression.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            p_bar[i] = 2.0f/(float)m*(p[i] - y[i]);
        }
    }
    if (grads->b) {
        /* b_bar = sum[i](p_bar[i])    linear_regression.bp:6 */
        double b_bar_acc = 0.0;
        for (int64_t i = 0; i < m; i++) {
            b_bar_acc += (double)p_bar[i];
        }
        b_bar[0] = (float)b_bar_acc;
    }
    if (grads->w) {
        /* w_bar[k] = sum[i](p_bar[i]*x[i,k])    linear_regression.bp:6 */
        for (int64_t k = 0; k < 4; k++) {
            double w_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                w_bar_acc += (double)(p_bar[i]*x[4*i + k]);
            }
            w_bar[k] = (float)w_bar_acc;
        }
    }
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int linear_regression_forward(const linear_regression_dims *dims, const linear_regression_inputs *in, const linear_regression_params *params, linear_regression_outputs *out, void *workspace) {
    const int status = linear_regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const p_sum = linear_regression_take(&block, m, sizeof(float));
    float *const p = linear_regression_take(&block, m, sizeof(float));

    /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p_sum[i] = 0.0f;
        for (int64_t k = 0; k < 4; k++) {
            p_sum[i] += w[k]*x[4*i + k];
        }
    }
    /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        p[i] = p_sum[i] + b;
    }
    /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        const float t1 = p[i] - y[i];
        L_sum += (double)(t1*t1);
    }
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = (float)L_sum/(float)m;
    for (int64_t i = 0; out->p && i < m; i++) out->p[i] = p[i];
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int linear_regression_backward(const linear_regression_dims *dims, const linear_regression_inputs *in, const linear_regression_params *params, linear_regression_grads *grads, void *workspace) {
    const int status = linear_regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    char *block = workspace;
    float *const slot1 = linear_regression_take(&block, m, sizeof(float));
    (void)slot1;
    float *const p = linear_regression_take(&block, m, sizeof(float));
    float *const p_bar = linear_regression_take(&block, m, sizeof(float));
    float *const b_bar = grads->b;
    float *const w_bar = grads->w;

    if (grads->w || grads->b) {
        /* p_bar[i] = 2/m*(p[i] - y[i])    linear_regression.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            p_bar[i] = 2.0f/(float)m*(p[i] - y[i]);
        }
    }
    if (grads->b) {
        /* b_bar = sum[i](p_bar[i])    linear_regression.bp:6 */
        double b_bar_acc = 0.0;
        for (int64_t i = 0; i < m; i++) {
            b_bar_acc += (double)p_bar[i];
        }
        b_bar[0] = (float)b_bar_acc;
    }
    if (grads->w) {
        /* w_bar[k] = sum[i](p_bar[i]*x[i,k])    linear_regression.bp:6 */
        for (int64_t k = 0; k < 4; k++) {
            double w_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                w_bar_acc += (double)(p_bar[i]*x[4*i + k]);
            }
            w_bar[k] = (float)w_bar_acc;
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const linear_regression_dim_names[] = {"m"};
static const bp_axis linear_regression_axes0[] = {{0, 0}, {-1, 4}};
static const bp_axis linear_regression_axes1[] = {{0, 0}};
static const bp_axis linear_regression_axes2[] = {{-1, 4}};
static const bp_axis linear_regression_axes4[] = {{0, 0}};
static const bp_tensor linear_regression_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 2, linear_regression_axes0, offsetof(linear_regression_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, false, INT64_MIN, INT64_MAX, 1, linear_regression_axes1, offsetof(linear_regression_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"w", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, linear_regression_axes2, offsetof(linear_regression_params, w), offsetof(linear_regression_grads, w), 0, {BP_INIT_NORMAL, 0.0, 0.5, 4, 4, NULL}},
    {"b", BP_PARAM, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(linear_regression_params, b), offsetof(linear_regression_grads, b), 4, {BP_INIT_VALUES, 0.1, 0.0, 0, 0, NULL}},
    {"p", BP_OUTPUT, false, INT64_MIN, INT64_MAX, 1, linear_regression_axes4, offsetof(linear_regression_outputs, p), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(linear_regression_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int linear_regression_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return linear_regression_predict(dims, in, params, out, workspace);
}
static int linear_regression_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return linear_regression_gradient(dims, in, params, out, grads, workspace);
}
static size_t linear_regression_call_workspace_size(const void *dims) {
    (void)dims;
    return linear_regression_workspace_size(dims);
}
static const bp_model linear_regression_model = {
    .name = "linear_regression",
    .real = BP_F32,
    .n_dims = 1,
    .dims = linear_regression_dim_names,
    .n_tensors = 6,
    .tensors = linear_regression_tensors,
    .param_count = 5,
    .state_count = 0,
    .inputs_size = sizeof(linear_regression_inputs),
    .params_size = sizeof(linear_regression_params),
    .grads_size = sizeof(linear_regression_grads),
    .outputs_size = sizeof(linear_regression_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = linear_regression_call_workspace_size,
    .predict = linear_regression_call_predict,
    .gradient = linear_regression_call_gradient,
};

const bp_model *linear_regression_describe(void) { return &linear_regression_model; }
