/* Made by bpc from gather.bp; belongs to whoever made it.
 *
 *     bpc gather.bp -O0
 *
 * gather_predict          the outputs, with training = 0
 * gather_gradient         the outputs and the gradient, in one pass
 * gather_forward          the outputs; leaves in the workspace what backward needs
 * gather_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
 * Long sums are added in double.
 * Sizes known when the code runs: T.
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

#include "gather.h"

#include <math.h>

#include "bp_math.h"

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *gather_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void gather_params_bind(gather_params *params, float *block) {
    params->E = block + 0;
    params->w = block + 18;
}

size_t gather_workspace_size(const gather_dims *dims) {
    const int64_t T = dims ? dims->T : 0;
    if (T < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int gather_check(const gather_dims *dims, const gather_inputs *in, const gather_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t T = dims->T;
    if (T < 1) return BP_E_SHAPE;
    if (gather_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->tok) return BP_E_NULL;
    if ((uintptr_t)in->tok % sizeof(int32_t) != 0) return BP_E_ALIGN;
    if (!in->y) return BP_E_NULL;
    if ((uintptr_t)in->y % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->E) return BP_E_NULL;
    if ((uintptr_t)params->E % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->w) return BP_E_NULL;
    if ((uintptr_t)params->w % sizeof(float) != 0) return BP_E_ALIGN;
    /* 0 <= tok[i] < 6 */
    for (int64_t i = 0; i < T; i++)
        if (!((int64_t)in->tok[i] >= 0 && (int64_t)in->tok[i] < 6)) return BP_E_RANGE;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int gather_predict(const gather_dims *dims, const gather_inputs *in, const gather_params *params, gather_outputs *out, void *workspace) {
    const int status = gather_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const int32_t *const tok = in->tok;
    const float y = *in->y;
    const float *const E = params->E;
    const float *const w = params->w;
    char *block = workspace;
    float *const m_sum = gather_take(&block, 3, sizeof(float));
    float *const m = gather_take(&block, 3, sizeof(float));

    /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        double m_sum_acc = 0.0;
        for (int64_t t = 0; t < T; t++) {
            m_sum_acc += (double)E[3*(int64_t)tok[t] + k];
        }
        m_sum[k] = (float)m_sum_acc;
    }
    /* m[k] = m_sum[k]/T    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        m[k] = m_sum[k]/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    float L_sum = 0.0f;
    for (int64_t k = 0; k < 3; k++) {
        L_sum += w[k]*m[k];
    }
    /* L = (L_sum - y)*(L_sum - y)    gather.bp:8 */
    const float t1 = L_sum - y;
    const float L = t1*t1;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int gather_gradient(const gather_dims *dims, const gather_inputs *in, const gather_params *params, gather_outputs *out, gather_grads *grads, void *workspace) {
    const int status = gather_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const int32_t *const tok = in->tok;
    const float y = *in->y;
    const float *const E = params->E;
    const float *const w = params->w;
    char *block = workspace;
    float *const m_sum = gather_take(&block, 3, sizeof(float));
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const m_sum_bar = gather_take(&block, 3, sizeof(float));
    float *const m_bar = gather_take(&block, 3, sizeof(float));
    float *const w_bar = grads->w;
    float *const E_bar = grads->E;

    float L_sum_bar = 0;
    /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        double m_sum_acc = 0.0;
        for (int64_t t = 0; t < T; t++) {
            m_sum_acc += (double)E[3*(int64_t)tok[t] + k];
        }
        m_sum[k] = (float)m_sum_acc;
    }
    /* m[k] = m_sum[k]/T    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        m[k] = m_sum[k]/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    float L_sum = 0.0f;
    for (int64_t k = 0; k < 3; k++) {
        L_sum += w[k]*m[k];
    }
    /* L = (L_sum - y)*(L_sum - y)    gather.bp:8 */
    const float t1 = L_sum - y;
    const float L = t1*t1;
    if (grads->E || grads->w) {
        /* L_sum_bar = 2*(L_sum - y)    gather.bp:8 */
        L_sum_bar = 2.0f*(L_sum - y);
    }
    if (grads->E) {
        /* m_bar[k] = L_sum_bar*w[k]    gather.bp:8 */
        for (int64_t k = 0; k < 3; k++) {
            m_bar[k] = L_sum_bar*w[k];
        }
        /* m_sum_bar[k] = m_bar[k]/T    gather.bp:7 */
        for (int64_t k = 0; k < 3; k++) {
            m_sum_bar[k] = m_bar[k]/(float)T;
        }
    }
    if (grads->w) {
        /* w_bar[k] = L_sum_bar*m[k]    gather.bp:8 */
        for (int64_t k = 0; k < 3; k++) {
            w_bar[k] = L_sum_bar*m[k];
        }
    }
    if (grads->E) {
        /* E_bar[i,j] = 0    gather.bp:5 */
        for (int64_t i = 0; i < 6; i++) {
            for (int64_t j = 0; j < 3; j++) {
                E_bar[3*i + j] = 0.0f;
            }
        }
        /* E_bar[tok[t],k] += m_sum_bar[k], t in 0..T    gather.bp:7 */
        for (int64_t k = 0; k < 3; k++) {
            for (int64_t t = 0; t < T; t++) {
                E_bar[3*(int64_t)tok[t] + k] += m_sum_bar[k];
            }
        }
    }
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int gather_forward(const gather_dims *dims, const gather_inputs *in, const gather_params *params, gather_outputs *out, void *workspace) {
    const int status = gather_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const int32_t *const tok = in->tok;
    const float y = *in->y;
    const float *const E = params->E;
    const float *const w = params->w;
    char *block = workspace;
    float *const m_sum = gather_take(&block, 3, sizeof(float));
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const L_sum = gather_take(&block, 1, sizeof(float));

    /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        double m_sum_acc = 0.0;
        for (int64_t t = 0; t < T; t++) {
            m_sum_acc += (double)E[3*(int64_t)tok[t] + k];
        }
        m_sum[k] = (float)m_sum_acc;
    }
    /* m[k] = m_sum[k]/T    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        m[k] = m_sum[k]/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    L_sum[0] = 0.0f;
    for (int64_t k = 0; k < 3; k++) {
        L_sum[0] += w[k]*m[k];
    }
    /* L = (L_sum - y)*(L_sum - y)    gather.bp:8 */
    const float t1 = L_sum[0] - y;
    const float L = t1*t1;
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int gather_backward(const gather_dims *dims, const gather_inputs *in, const gather_params *params, gather_grads *grads, void *workspace) {
    const int status = gather_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const int32_t *const tok = in->tok;
    const float y = *in->y;
    const float *const w = params->w;
    char *block = workspace;
    float *const slot1 = gather_take(&block, 3, sizeof(float));
    (void)slot1;
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const L_sum = gather_take(&block, 1, sizeof(float));
    float *const m_sum_bar = gather_take(&block, 3, sizeof(float));
    float *const m_bar = gather_take(&block, 3, sizeof(float));
    float *const w_bar = grads->w;
    float *const E_bar = grads->E;

    float L_sum_bar = 0;
    if (grads->E || grads->w) {
        /* L_sum_bar = 2*(L_sum - y)    gather.bp:8 */
        L_sum_bar = 2.0f*(L_sum[0] - y);
    }
    if (grads->E) {
        /* m_bar[k] = L_sum_bar*w[k]    gather.bp:8 */
        for (int64_t k = 0; k < 3; k++) {
            m_bar[k] = L_sum_bar*w[k];
        }
        /* m_sum_bar[k] = m_bar[k]/T    gather.bp:7 */
        for (int64_t k = 0; k < 3; k++) {
            m_sum_bar[k] = m_bar[k]/(float)T;
        }
    }
    if (grads->w) {
        /* w_bar[k] = L_sum_bar*m[k]    gather.bp:8 */
        for (int64_t k = 0; k < 3; k++) {
            w_bar[k] = L_sum_bar*m[k];
        }
    }
    if (grads->E) {
        /* E_bar[i,j] = 0    gather.bp:5 */
        for (int64_t i = 0; i < 6; i++) {
            for (int64_t j = 0; j < 3; j++) {
                E_bar[3*i + j] = 0.0f;
            }
        }
        /* E_bar[tok[t],k] += m_sum_bar[k], t in 0..T    gather.bp:7 */
        for (int64_t k = 0; k < 3; k++) {
            for (int64_t t = 0; t < T; t++) {
                E_bar[3*(int64_t)tok[t] + k] += m_sum_bar[k];
            }
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const gather_dim_names[] = {"T"};
static const bp_axis gather_axes0[] = {{0, 0}};
static const bp_axis gather_axes2[] = {{-1, 6}, {-1, 3}};
static const bp_axis gather_axes3[] = {{-1, 3}};
static const bp_tensor gather_tensors[] = {
    {"tok", BP_INPUT, true, 0, 6, 1, gather_axes0, offsetof(gather_inputs, tok), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(gather_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"E", BP_PARAM, false, INT64_MIN, INT64_MAX, 2, gather_axes2, offsetof(gather_params, E), offsetof(gather_grads, E), 0, {BP_INIT_NORMAL, 0.0, 1.0, 3, 6, NULL}},
    {"w", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, gather_axes3, offsetof(gather_params, w), offsetof(gather_grads, w), 18, {BP_INIT_NORMAL, 0.0, 1.0, 3, 3, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(gather_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int gather_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return gather_predict(dims, in, params, out, workspace);
}
static int gather_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return gather_gradient(dims, in, params, out, grads, workspace);
}
static size_t gather_call_workspace_size(const void *dims) {
    (void)dims;
    return gather_workspace_size(dims);
}
static const bp_model gather_model = {
    .name = "gather",
    .real = BP_F32,
    .n_dims = 1,
    .dims = gather_dim_names,
    .n_tensors = 5,
    .tensors = gather_tensors,
    .param_count = 21,
    .state_count = 0,
    .inputs_size = sizeof(gather_inputs),
    .params_size = sizeof(gather_params),
    .grads_size = sizeof(gather_grads),
    .outputs_size = sizeof(gather_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = gather_call_workspace_size,
    .predict = gather_call_predict,
    .gradient = gather_call_gradient,
};

const bp_model *gather_describe(void) { return &gather_model; }
