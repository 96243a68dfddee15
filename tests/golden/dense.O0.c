/* Made by bpc from dense.bp; belongs to whoever made it.
 *
 *     bpc dense.bp -O0
 *
 * dense_predict          the outputs, with training = 0
 * dense_gradient         the outputs and the gradient, in one pass
 * dense_forward          the outputs; leaves in the workspace what backward needs
 * dense_backward         the gradient, after forward with the same workspace
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

#include "dense.h"

#include <math.h>

#include "bp_math.h"

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *dense_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void dense_params_bind(dense_params *params, float *block) {
    params->W = block + 0;
    params->b = block + 320;
}

size_t dense_workspace_size(const dense_dims *dims) {
    const int64_t m = dims ? dims->m : 0;
    if (m < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int dense_check(const dense_dims *dims, const dense_inputs *in, const dense_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t m = dims->m;
    if (m < 1) return BP_E_SHAPE;
    if (dense_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->x) return BP_E_NULL;
    if ((uintptr_t)in->x % sizeof(float) != 0) return BP_E_ALIGN;
    if (!in->y) return BP_E_NULL;
    if ((uintptr_t)in->y % sizeof(int32_t) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->W) return BP_E_NULL;
    if ((uintptr_t)params->W % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->b) return BP_E_NULL;
    if ((uintptr_t)params->b % sizeof(float) != 0) return BP_E_ALIGN;
    /* 0 <= y[i] < 10 */
    for (int64_t i = 0; i < m; i++)
        if (!((int64_t)in->y[i] >= 0 && (int64_t)in->y[i] < 10)) return BP_E_RANGE;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int dense_predict(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const s_sum = dense_take(&block, m*10, sizeof(float));
    float *const s = dense_take(&block, m*10, sizeof(float));
    float *const p_lse_max = dense_take(&block, m, sizeof(float));
    float *const p_lse_shift = dense_take(&block, m, sizeof(float));
    float *const p_lse_total = dense_take(&block, m, sizeof(float));
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const p = out->p;

    /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s_sum[10*i + k] = 0.0f;
            for (int64_t j = 0; j < 32; j++) {
                s_sum[10*i + k] += W[32*k + j]*x[32*i + j];
            }
        }
    }
    /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s[10*i + k] = s_sum[10*i + k] + b[k];
        }
    }
    /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_max[i] = -INFINITY;
        for (int64_t k = 0; k < 10; k++) {
            const float v = s[10*i + k];
            if (v > p_lse_max[i] || v != v) p_lse_max[i] = v;
        }
    }
    /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_shift[i] = p_lse_max[i] == INFINITY || p_lse_max[i] == -INFINITY ? 0.0f : p_lse_max[i];
    }
    /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_total[i] = 0.0f;
        for (int64_t k = 0; k < 10; k++) {
            p_lse_total[i] += bp_expf(s[10*i + k] - p_lse_shift[i]);
        }
    }
    /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse[i] = p_lse_shift[i] + bp_logf(p_lse_total[i]);
    }
    if (out->p) {
        /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                p[10*i + k] = bp_expf(s[10*i + k] - p_lse[i]);
            }
        }
    }
    /* L_sum = sum[i](-(s[i,y[i]] - p_lse[i]))    dense.bp:8 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        L_sum += (double)-(s[10*i + (int64_t)y[i]] - p_lse[i]);
    }
    /* L = L_sum/m    dense.bp:8 */
    const float L = (float)L_sum/(float)m;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int dense_gradient(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, dense_grads *grads, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const slot1 = dense_take(&block, m*10, sizeof(float));
    float *const p = out->p ? out->p : slot1;
    float *const s_sum = dense_take(&block, m*10, sizeof(float));
    float *const s = dense_take(&block, m*10, sizeof(float));
    float *const s_bar = dense_take(&block, m*10, sizeof(float));
    float *const p_lse_max = dense_take(&block, m, sizeof(float));
    float *const p_lse_shift = dense_take(&block, m, sizeof(float));
    float *const p_lse_total = dense_take(&block, m, sizeof(float));
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const b_bar = grads->b;
    float *const W_bar = grads->W;

    /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s_sum[10*i + k] = 0.0f;
            for (int64_t j = 0; j < 32; j++) {
                s_sum[10*i + k] += W[32*k + j]*x[32*i + j];
            }
        }
    }
    /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s[10*i + k] = s_sum[10*i + k] + b[k];
        }
    }
    if (grads->W || grads->b) {
        /* s_bar[i,k] = 0    dense.bp:6 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                s_bar[10*i + k] = 0.0f;
            }
        }
        /* s_bar[i,y[i]] += -(1/m)    dense.bp:8 */
        for (int64_t i = 0; i < m; i++) {
            s_bar[10*i + (int64_t)y[i]] += -(1.0f/(float)m);
        }
    }
    /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_max[i] = -INFINITY;
        for (int64_t k = 0; k < 10; k++) {
            const float v = s[10*i + k];
            if (v > p_lse_max[i] || v != v) p_lse_max[i] = v;
        }
    }
    /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_shift[i] = p_lse_max[i] == INFINITY || p_lse_max[i] == -INFINITY ? 0.0f : p_lse_max[i];
    }
    /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_total[i] = 0.0f;
        for (int64_t k = 0; k < 10; k++) {
            p_lse_total[i] += bp_expf(s[10*i + k] - p_lse_shift[i]);
        }
    }
    /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse[i] = p_lse_shift[i] + bp_logf(p_lse_total[i]);
    }
    if (out->p || grads->W || grads->b) {
        /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                p[10*i + k] = bp_expf(s[10*i + k] - p_lse[i]);
            }
        }
    }
    /* L_sum = sum[i](-(s[i,y[i]] - p_lse[i]))    dense.bp:8 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        L_sum += (double)-(s[10*i + (int64_t)y[i]] - p_lse[i]);
    }
    /* L = L_sum/m    dense.bp:8 */
    const float L = (float)L_sum/(float)m;
    if (grads->W || grads->b) {
        /* s_bar[i,k] += if p_lse[i] != -inf then p[i,k]/m else 0    dense.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                s_bar[10*i + k] += p_lse[i] != -INFINITY ? p[10*i + k]/(float)m : 0.0f;
            }
        }
    }
    if (grads->b) {
        /* b_bar[k] = sum[i](s_bar[i,k])    dense.bp:6 */
        for (int64_t k = 0; k < 10; k++) {
            double b_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                b_bar_acc += (double)s_bar[10*i + k];
            }
            b_bar[k] = (float)b_bar_acc;
        }
    }
    if (grads->W) {
        /* W_bar[k,j] = sum[i](s_bar[i,k]*x[i,j])    dense.bp:6 */
        for (int64_t k = 0; k < 10; k++) {
            for (int64_t j = 0; j < 32; j++) {
                double W_bar_acc = 0.0;
                for (int64_t i = 0; i < m; i++) {
                    W_bar_acc += (double)(s_bar[10*i + k]*x[32*i + j]);
                }
                W_bar[32*k + j] = (float)W_bar_acc;
            }
        }
    }
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int dense_forward(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const s_sum = dense_take(&block, m*10, sizeof(float));
    float *const s = dense_take(&block, m*10, sizeof(float));
    float *const p_lse_max = dense_take(&block, m, sizeof(float));
    float *const p_lse_shift = dense_take(&block, m, sizeof(float));
    float *const p_lse_total = dense_take(&block, m, sizeof(float));
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const p = dense_take(&block, m*10, sizeof(float));

    /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s_sum[10*i + k] = 0.0f;
            for (int64_t j = 0; j < 32; j++) {
                s_sum[10*i + k] += W[32*k + j]*x[32*i + j];
            }
        }
    }
    /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            s[10*i + k] = s_sum[10*i + k] + b[k];
        }
    }
    /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_max[i] = -INFINITY;
        for (int64_t k = 0; k < 10; k++) {
            const float v = s[10*i + k];
            if (v > p_lse_max[i] || v != v) p_lse_max[i] = v;
        }
    }
    /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_shift[i] = p_lse_max[i] == INFINITY || p_lse_max[i] == -INFINITY ? 0.0f : p_lse_max[i];
    }
    /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse_total[i] = 0.0f;
        for (int64_t k = 0; k < 10; k++) {
            p_lse_total[i] += bp_expf(s[10*i + k] - p_lse_shift[i]);
        }
    }
    /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        p_lse[i] = p_lse_shift[i] + bp_logf(p_lse_total[i]);
    }
    /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < 10; k++) {
            p[10*i + k] = bp_expf(s[10*i + k] - p_lse[i]);
        }
    }
    /* L_sum = sum[i](-(s[i,y[i]] - p_lse[i]))    dense.bp:8 */
    double L_sum = 0.0;
    for (int64_t i = 0; i < m; i++) {
        L_sum += (double)-(s[10*i + (int64_t)y[i]] - p_lse[i]);
    }
    /* L = L_sum/m    dense.bp:8 */
    const float L = (float)L_sum/(float)m;
    for (int64_t i = 0; out->p && i < m*10; i++) out->p[i] = p[i];
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int dense_backward(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_grads *grads, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    char *block = workspace;
    float *const slot1 = dense_take(&block, m*10, sizeof(float));
    (void)slot1;
    float *const slot2 = dense_take(&block, m*10, sizeof(float));
    (void)slot2;
    float *const slot3 = dense_take(&block, m, sizeof(float));
    (void)slot3;
    float *const slot4 = dense_take(&block, m, sizeof(float));
    (void)slot4;
    float *const slot5 = dense_take(&block, m, sizeof(float));
    (void)slot5;
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const p = dense_take(&block, m*10, sizeof(float));
    float *const s_bar = dense_take(&block, m*10, sizeof(float));
    float *const b_bar = grads->b;
    float *const W_bar = grads->W;

    if (grads->W || grads->b) {
        /* s_bar[i,k] = 0    dense.bp:6 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                s_bar[10*i + k] = 0.0f;
            }
        }
        /* s_bar[i,y[i]] += -(1/m)    dense.bp:8 */
        for (int64_t i = 0; i < m; i++) {
            s_bar[10*i + (int64_t)y[i]] += -(1.0f/(float)m);
        }
        /* s_bar[i,k] += if p_lse[i] != -inf then p[i,k]/m else 0    dense.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < 10; k++) {
                s_bar[10*i + k] += p_lse[i] != -INFINITY ? p[10*i + k]/(float)m : 0.0f;
            }
        }
    }
    if (grads->b) {
        /* b_bar[k] = sum[i](s_bar[i,k])    dense.bp:6 */
        for (int64_t k = 0; k < 10; k++) {
            double b_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                b_bar_acc += (double)s_bar[10*i + k];
            }
            b_bar[k] = (float)b_bar_acc;
        }
    }
    if (grads->W) {
        /* W_bar[k,j] = sum[i](s_bar[i,k]*x[i,j])    dense.bp:6 */
        for (int64_t k = 0; k < 10; k++) {
            for (int64_t j = 0; j < 32; j++) {
                double W_bar_acc = 0.0;
                for (int64_t i = 0; i < m; i++) {
                    W_bar_acc += (double)(s_bar[10*i + k]*x[32*i + j]);
                }
                W_bar[32*k + j] = (float)W_bar_acc;
            }
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const dense_dim_names[] = {"m"};
static const bp_axis dense_axes0[] = {{0, 0}, {-1, 32}};
static const bp_axis dense_axes1[] = {{0, 0}};
static const bp_axis dense_axes2[] = {{-1, 10}, {-1, 32}};
static const bp_axis dense_axes3[] = {{-1, 10}};
static const bp_axis dense_axes4[] = {{0, 0}, {-1, 10}};
static const bp_tensor dense_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 2, dense_axes0, offsetof(dense_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, true, 0, 10, 1, dense_axes1, offsetof(dense_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"W", BP_PARAM, false, INT64_MIN, INT64_MAX, 2, dense_axes2, offsetof(dense_params, W), offsetof(dense_grads, W), 0, {BP_INIT_XAVIER, 0.0, 1.0, 32, 10, NULL}},
    {"b", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, dense_axes3, offsetof(dense_params, b), offsetof(dense_grads, b), 320, {BP_INIT_ZEROS, 0.0, 0.0, 0, 0, NULL}},
    {"p", BP_OUTPUT, false, INT64_MIN, INT64_MAX, 2, dense_axes4, offsetof(dense_outputs, p), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(dense_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int dense_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return dense_predict(dims, in, params, out, workspace);
}
static int dense_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return dense_gradient(dims, in, params, out, grads, workspace);
}
static size_t dense_call_workspace_size(const void *dims) {
    (void)dims;
    return dense_workspace_size(dims);
}
static const bp_model dense_model = {
    .name = "dense",
    .real = BP_F32,
    .n_dims = 1,
    .dims = dense_dim_names,
    .n_tensors = 6,
    .tensors = dense_tensors,
    .param_count = 330,
    .state_count = 0,
    .inputs_size = sizeof(dense_inputs),
    .params_size = sizeof(dense_params),
    .grads_size = sizeof(dense_grads),
    .outputs_size = sizeof(dense_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = dense_call_workspace_size,
    .predict = dense_call_predict,
    .gradient = dense_call_gradient,
};

const bp_model *dense_describe(void) { return &dense_model; }
