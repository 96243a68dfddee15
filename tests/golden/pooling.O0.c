/* Made by bpc from pooling.bp; belongs to whoever made it.
 *
 *     bpc pooling.bp -O0
 *
 * pooling_predict          the outputs, with training = 0
 * pooling_gradient         the outputs and the gradient, in one pass
 * pooling_forward          the outputs; leaves in the workspace what backward needs
 * pooling_backward         the gradient, after forward with the same workspace
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

#include "pooling.h"

#include <math.h>

#include "bp_math.h"

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *pooling_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void pooling_params_bind(pooling_params *params, float *block) {
    params->w = block + 0;
    params->b = block + 3;
}

size_t pooling_workspace_size(const pooling_dims *dims) {
    const int64_t m = dims ? dims->m : 0;
    if (m < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(int32_t)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(int32_t)*(double)m*(double)4 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(int32_t)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int pooling_check(const pooling_dims *dims, const pooling_inputs *in, const pooling_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t m = dims->m;
    if (m < 1) return BP_E_SHAPE;
    if (pooling_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->x) return BP_E_NULL;
    if ((uintptr_t)in->x % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->w) return BP_E_NULL;
    if ((uintptr_t)params->w % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->b) return BP_E_NULL;
    if ((uintptr_t)params->b % sizeof(float) != 0) return BP_E_ALIGN;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int pooling_predict(const pooling_dims *dims, const pooling_inputs *in, const pooling_params *params, pooling_outputs *out, void *workspace) {
    const int status = pooling_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const z_sum = pooling_take(&block, m*8, sizeof(float));
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const a = pooling_take(&block, m*8, sizeof(float));
    float *const q = pooling_take(&block, m*4, sizeof(float));

    /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z_sum[8*i + u] = 0.0f;
            for (int64_t p = 0; p < 3; p++) {
                z_sum[8*i + u] += w[p]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x[8*i + u + p - 1] : 0.0f);
            }
        }
    }
    /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z[8*i + u] = z_sum[8*i + u] + b;
        }
    }
    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            a[8*i + u] = z[8*i + u] < 0.0f ? 0.0f : z[8*i + u];
        }
    }
    /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            q[4*i + u] = -INFINITY;
            for (int64_t p = 0; p < 2; p++) {
                const float v = a[8*i + 2*u + p];
                if (v > q[4*i + u] || v != v) q[4*i + u] = v;
            }
        }
    }
    /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
    double L = 0.0;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            L += (double)(q[4*i + u]*q[4*i + u]);
        }
    }
    out->L = (float)L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int pooling_gradient(const pooling_dims *dims, const pooling_inputs *in, const pooling_params *params, pooling_outputs *out, pooling_grads *grads, void *workspace) {
    const int status = pooling_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const z_sum = pooling_take(&block, m*8, sizeof(float));
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const a = pooling_take(&block, m*8, sizeof(float));
    float *const q = pooling_take(&block, m*4, sizeof(float));
    int32_t *const q_win = pooling_take(&block, m*4, sizeof(int32_t));
    float *const q_bar = pooling_take(&block, m*4, sizeof(float));
    float *const a_bar = pooling_take(&block, m*8, sizeof(float));
    float *const z_bar = pooling_take(&block, m*8, sizeof(float));
    float *const b_bar = grads->b;
    float *const w_bar = grads->w;

    /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z_sum[8*i + u] = 0.0f;
            for (int64_t p = 0; p < 3; p++) {
                z_sum[8*i + u] += w[p]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x[8*i + u + p - 1] : 0.0f);
            }
        }
    }
    /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z[8*i + u] = z_sum[8*i + u] + b;
        }
    }
    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            a[8*i + u] = z[8*i + u] < 0.0f ? 0.0f : z[8*i + u];
        }
    }
    /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            q[4*i + u] = -INFINITY;
            for (int64_t p = 0; p < 2; p++) {
                const float v = a[8*i + 2*u + p];
                if (v > q[4*i + u] || v != v) q[4*i + u] = v;
            }
        }
    }
    if (grads->w || grads->b) {
        /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 4; u++) {
                q_win[4*i + u] = (int32_t)(2147483647);
                for (int64_t p = 0; p < 2; p++) {
                    if (a[8*i + 2*u + p] == q[4*i + u] || a[8*i + 2*u + p] != a[8*i + 2*u + p]) {
                        const int64_t v_2 = p;
                        if (v_2 < q_win[4*i + u]) q_win[4*i + u] = (int32_t)v_2;
                    }
                }
            }
        }
    }
    /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
    double L = 0.0;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            L += (double)(q[4*i + u]*q[4*i + u]);
        }
    }
    if (grads->w || grads->b) {
        /* q_bar[i,u] = 2*q[i,u]    pooling.bp:9 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 4; u++) {
                q_bar[4*i + u] = 2.0f*q[4*i + u];
            }
        }
        /* a_bar[i,2*u + p] += q_bar[i,u], u in 0..4, p in 0..2 where p == q_win[i,u]    pooling.bp:8 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 4; u++) {
                for (int64_t p = 0; p < 2; p++) {
                    a_bar[8*i + 2*u + p] = 0.0f;
                    if (p == (int64_t)q_win[4*i + u]) {
                        a_bar[8*i + 2*u + p] += q_bar[4*i + u];
                    }
                }
            }
        }
        /* z_bar[i,u] = if z[i,u] > 0 then a_bar[i,u] else 0    pooling.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 8; u++) {
                z_bar[8*i + u] = z[8*i + u] > 0.0f ? a_bar[8*i + u] : 0.0f;
            }
        }
    }
    if (grads->b) {
        /* b_bar = sum[i,u](z_bar[i,u])    pooling.bp:6 */
        double b_bar_acc = 0.0;
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 8; u++) {
                b_bar_acc += (double)z_bar[8*i + u];
            }
        }
        b_bar[0] = (float)b_bar_acc;
    }
    if (grads->w) {
        /* w_bar[p] = sum[i,u](z_bar[i,u]*x[i,u + p - 1 | 0])    pooling.bp:6 */
        for (int64_t p = 0; p < 3; p++) {
            double w_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                for (int64_t u = 0; u < 8; u++) {
                    w_bar_acc += (double)(z_bar[8*i + u]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x[8*i + u + p - 1] : 0.0f));
                }
            }
            w_bar[p] = (float)w_bar_acc;
        }
    }
    out->L = (float)L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int pooling_forward(const pooling_dims *dims, const pooling_inputs *in, const pooling_params *params, pooling_outputs *out, void *workspace) {
    const int status = pooling_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const w = params->w;
    const float b = *params->b;
    char *block = workspace;
    float *const z_sum = pooling_take(&block, m*8, sizeof(float));
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const a = pooling_take(&block, m*8, sizeof(float));
    float *const q = pooling_take(&block, m*4, sizeof(float));
    int32_t *const q_win = pooling_take(&block, m*4, sizeof(int32_t));

    /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z_sum[8*i + u] = 0.0f;
            for (int64_t p = 0; p < 3; p++) {
                z_sum[8*i + u] += w[p]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x[8*i + u + p - 1] : 0.0f);
            }
        }
    }
    /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            z[8*i + u] = z_sum[8*i + u] + b;
        }
    }
    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 8; u++) {
            a[8*i + u] = z[8*i + u] < 0.0f ? 0.0f : z[8*i + u];
        }
    }
    /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            q[4*i + u] = -INFINITY;
            for (int64_t p = 0; p < 2; p++) {
                const float v = a[8*i + 2*u + p];
                if (v > q[4*i + u] || v != v) q[4*i + u] = v;
            }
        }
    }
    /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            q_win[4*i + u] = (int32_t)(2147483647);
            for (int64_t p = 0; p < 2; p++) {
                if (a[8*i + 2*u + p] == q[4*i + u] || a[8*i + 2*u + p] != a[8*i + 2*u + p]) {
                    const int64_t v_2 = p;
                    if (v_2 < q_win[4*i + u]) q_win[4*i + u] = (int32_t)v_2;
                }
            }
        }
    }
    /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
    double L = 0.0;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t u = 0; u < 4; u++) {
            L += (double)(q[4*i + u]*q[4*i + u]);
        }
    }
    out->L = (float)L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int pooling_backward(const pooling_dims *dims, const pooling_inputs *in, const pooling_params *params, pooling_grads *grads, void *workspace) {
    const int status = pooling_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    char *block = workspace;
    float *const slot1 = pooling_take(&block, m*8, sizeof(float));
    (void)slot1;
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const slot3 = pooling_take(&block, m*8, sizeof(float));
    (void)slot3;
    float *const q = pooling_take(&block, m*4, sizeof(float));
    int32_t *const q_win = pooling_take(&block, m*4, sizeof(int32_t));
    float *const q_bar = pooling_take(&block, m*4, sizeof(float));
    float *const a_bar = pooling_take(&block, m*8, sizeof(float));
    float *const z_bar = pooling_take(&block, m*8, sizeof(float));
    float *const b_bar = grads->b;
    float *const w_bar = grads->w;

    if (grads->w || grads->b) {
        /* q_bar[i,u] = 2*q[i,u]    pooling.bp:9 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 4; u++) {
                q_bar[4*i + u] = 2.0f*q[4*i + u];
            }
        }
        /* a_bar[i,2*u + p] += q_bar[i,u], u in 0..4, p in 0..2 where p == q_win[i,u]    pooling.bp:8 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 4; u++) {
                for (int64_t p = 0; p < 2; p++) {
                    a_bar[8*i + 2*u + p] = 0.0f;
                    if (p == (int64_t)q_win[4*i + u]) {
                        a_bar[8*i + 2*u + p] += q_bar[4*i + u];
                    }
                }
            }
        }
        /* z_bar[i,u] = if z[i,u] > 0 then a_bar[i,u] else 0    pooling.bp:7 */
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 8; u++) {
                z_bar[8*i + u] = z[8*i + u] > 0.0f ? a_bar[8*i + u] : 0.0f;
            }
        }
    }
    if (grads->b) {
        /* b_bar = sum[i,u](z_bar[i,u])    pooling.bp:6 */
        double b_bar_acc = 0.0;
        for (int64_t i = 0; i < m; i++) {
            for (int64_t u = 0; u < 8; u++) {
                b_bar_acc += (double)z_bar[8*i + u];
            }
        }
        b_bar[0] = (float)b_bar_acc;
    }
    if (grads->w) {
        /* w_bar[p] = sum[i,u](z_bar[i,u]*x[i,u + p - 1 | 0])    pooling.bp:6 */
        for (int64_t p = 0; p < 3; p++) {
            double w_bar_acc = 0.0;
            for (int64_t i = 0; i < m; i++) {
                for (int64_t u = 0; u < 8; u++) {
                    w_bar_acc += (double)(z_bar[8*i + u]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x[8*i + u + p - 1] : 0.0f));
                }
            }
            w_bar[p] = (float)w_bar_acc;
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const pooling_dim_names[] = {"m"};
static const bp_axis pooling_axes0[] = {{0, 0}, {-1, 8}};
static const bp_axis pooling_axes1[] = {{-1, 3}};
static const double pooling_values1[] = {0.2, -0.4, 0.1};
static const bp_tensor pooling_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 2, pooling_axes0, offsetof(pooling_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"w", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, pooling_axes1, offsetof(pooling_params, w), offsetof(pooling_grads, w), 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, pooling_values1}},
    {"b", BP_PARAM, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(pooling_params, b), offsetof(pooling_grads, b), 3, {BP_INIT_VALUES, 0.1, 0.0, 0, 0, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(pooling_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int pooling_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return pooling_predict(dims, in, params, out, workspace);
}
static int pooling_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return pooling_gradient(dims, in, params, out, grads, workspace);
}
static size_t pooling_call_workspace_size(const void *dims) {
    (void)dims;
    return pooling_workspace_size(dims);
}
static const bp_model pooling_model = {
    .name = "pooling",
    .real = BP_F32,
    .n_dims = 1,
    .dims = pooling_dim_names,
    .n_tensors = 4,
    .tensors = pooling_tensors,
    .param_count = 4,
    .state_count = 0,
    .inputs_size = sizeof(pooling_inputs),
    .params_size = sizeof(pooling_params),
    .grads_size = sizeof(pooling_grads),
    .outputs_size = sizeof(pooling_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = pooling_call_workspace_size,
    .predict = pooling_call_predict,
    .gradient = pooling_call_gradient,
};

const bp_model *pooling_describe(void) { return &pooling_model; }
