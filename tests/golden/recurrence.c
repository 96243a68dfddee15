/* Made by bpc from recurrence.bp; belongs to whoever made it.
 *
 *     bpc recurrence.bp -O2
 *
 * recurrence_predict          the outputs, with training = 0
 * recurrence_gradient         the outputs and the gradient, in one pass
 * recurrence_forward          the outputs; leaves in the workspace what backward needs
 * recurrence_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
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

#include "recurrence.h"

#include <math.h>

#include "bp_math.h"

/* With -fopenmp, long loops are shared out to threads; results do not depend on how many there are. */
#ifdef _OPENMP
#include <omp.h>
enum { RECURRENCE_THREADS = 8 };
#define recurrence_threads() (omp_get_max_threads() < RECURRENCE_THREADS ? omp_get_max_threads() : RECURRENCE_THREADS)
#define recurrence_thread() omp_get_thread_num()
#else
enum { RECURRENCE_THREADS = 1 };
#define recurrence_threads() 1
#define recurrence_thread() 0
#endif

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *recurrence_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void recurrence_params_bind(recurrence_params *params, float *block) {
    params->W = block + 0;
    params->U = block + 6;
    params->v = block + 10;
}

size_t recurrence_workspace_size(const recurrence_dims *dims) {
    const int64_t T = dims ? dims->T : 0;
    if (T < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)T*(double)2 + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int recurrence_check(const recurrence_dims *dims, const recurrence_inputs *in, const recurrence_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t T = dims->T;
    if (T < 1) return BP_E_SHAPE;
    if (recurrence_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->x) return BP_E_NULL;
    if ((uintptr_t)in->x % sizeof(float) != 0) return BP_E_ALIGN;
    if (!in->y) return BP_E_NULL;
    if ((uintptr_t)in->y % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->W) return BP_E_NULL;
    if ((uintptr_t)params->W % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->U) return BP_E_NULL;
    if ((uintptr_t)params->U % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->v) return BP_E_NULL;
    if ((uintptr_t)params->v % sizeof(float) != 0) return BP_E_ALIGN;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int recurrence_predict(const recurrence_dims *dims, const recurrence_inputs *in, const recurrence_params *params, recurrence_outputs *out, void *workspace) {
    const int status = recurrence_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const float *const x = in->x;
    const float y = *in->y;
    const float *const W = params->W;
    const float *const U = params->U;
    const float *const v = params->v;
    char *block = workspace;
    float *const h = recurrence_take(&block, T*2, sizeof(float));
    float *const h_sum = recurrence_take(&block, 2, sizeof(float));
    float *const h_sum2 = recurrence_take(&block, 2, sizeof(float));

    /* h_sum[t,k] = sum[j](W[k,j]*x[t,j])    recurrence.bp:6 */
    for (int64_t t = 0; t < T; t++) {
        for (int64_t k = 0; k < 2; k++) {
            float h_sum_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum_acc)
            for (int64_t j = 0; j < 3; j++) {
                h_sum_acc += W[3*k + j]*x[3*t + j];
            }
            h_sum[k] = h_sum_acc;
            /* h_sum2[t,k] = sum[j](U[k,j]*h[t - 1,j | 0])    recurrence.bp:6 */
            float h_sum2_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum2_acc)
            for (int64_t j = 0; j < 2; j++) {
                h_sum2_acc += U[2*k + j]*(t - 1 >= 0 ? h[2*(t - 1) + j] : 0.0f);
            }
            h_sum2[k] = h_sum2_acc;
        }
        /* h[t,k] = tanh(h_sum[t,k] + h_sum2[t,k])    recurrence.bp:6 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            h[2*t + k] = bp_tanhf(h_sum[k] + h_sum2[k]);
        }
    }
    /* L_sum = sum[k](v[k]*h[T - 1,k])    recurrence.bp:7 */
    float L_sum = 0.0f;
    #pragma omp simd reduction(+: L_sum)
    for (int64_t k = 0; k < 2; k++) {
        L_sum += v[k]*h[2*(T - 1) + k];
    }
    /* L = (L_sum - y)*(L_sum - y)    recurrence.bp:7 */
    const float t1 = L_sum - y;
    const float L = t1*t1;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int recurrence_gradient(const recurrence_dims *dims, const recurrence_inputs *in, const recurrence_params *params, recurrence_outputs *out, recurrence_grads *grads, void *workspace) {
    const int status = recurrence_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const float *const x = in->x;
    const float y = *in->y;
    const float *const W = params->W;
    const float *const U = params->U;
    const float *const v = params->v;
    char *block = workspace;
    float *const h = recurrence_take(&block, T*2, sizeof(float));
    float *const h_sum = recurrence_take(&block, 2, sizeof(float));
    float *const h_sum2 = recurrence_take(&block, 2, sizeof(float));
    float *const h_sum2_bar = recurrence_take(&block, T*2, sizeof(float));
    float *const h_bar = recurrence_take(&block, T*2, sizeof(float));
    float *const v_bar = grads->v;
    float *const U_bar = grads->U;
    float *const W_bar = grads->W;

    float L_sum_bar = 0;
    /* h_sum[t,k] = sum[j](W[k,j]*x[t,j])    recurrence.bp:6 */
    for (int64_t t = 0; t < T; t++) {
        for (int64_t k = 0; k < 2; k++) {
            float h_sum_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum_acc)
            for (int64_t j = 0; j < 3; j++) {
                h_sum_acc += W[3*k + j]*x[3*t + j];
            }
            h_sum[k] = h_sum_acc;
            /* h_sum2[t,k] = sum[j](U[k,j]*h[t - 1,j | 0])    recurrence.bp:6 */
            float h_sum2_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum2_acc)
            for (int64_t j = 0; j < 2; j++) {
                h_sum2_acc += U[2*k + j]*(t - 1 >= 0 ? h[2*(t - 1) + j] : 0.0f);
            }
            h_sum2[k] = h_sum2_acc;
        }
        /* h[t,k] = tanh(h_sum[t,k] + h_sum2[t,k])    recurrence.bp:6 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            h[2*t + k] = bp_tanhf(h_sum[k] + h_sum2[k]);
        }
    }
    /* L_sum = sum[k](v[k]*h[T - 1,k])    recurrence.bp:7 */
    float L_sum = 0.0f;
    #pragma omp simd reduction(+: L_sum)
    for (int64_t k = 0; k < 2; k++) {
        L_sum += v[k]*h[2*(T - 1) + k];
    }
    /* L = (L_sum - y)*(L_sum - y)    recurrence.bp:7 */
    const float t1 = L_sum - y;
    const float L = t1*t1;
    if (grads->W || grads->U || grads->v) {
        /* L_sum_bar = 2*(L_sum - y)    recurrence.bp:7 */
        L_sum_bar = 2.0f*(L_sum - y);
    }
    if (grads->W || grads->U) {
        /* h_bar[t,k] = 0    recurrence.bp:6 */
        #pragma omp parallel for num_threads(recurrence_threads()) if(T > 66667)
        for (int64_t t = 0; t < T; t++) {
            #pragma omp simd
            for (int64_t k = 0; k < 2; k++) {
                h_bar[2*t + k] = 0.0f;
            }
        }
        /* h_bar[T - 1,k] += L_sum_bar*v[k]    recurrence.bp:7 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            h_bar[2*(T - 1) + k] += L_sum_bar*v[k];
        }
        for (int64_t t = T - 1; t >= 0; t--) {
            /* h_bar[t - 1,j] += sum[k](h_sum2_bar[t,k]*U[k,j]), t in 1..T    recurrence.bp:6 */
            if (t + 1 < T) {
                for (int64_t k = 0; k < 2; k++) {
                    const float h_sum2_bar_here = h_sum2_bar[2*(t + 1) + k];
                    #pragma omp simd
                    for (int64_t j = 0; j < 2; j++) {
                        h_bar[2*t + j] += h_sum2_bar_here*U[2*k + j];
                    }
                }
            }
            /* h_sum2_bar[t,k] = h_bar[t,k]*(1 - h[t,k]*h[t,k])    recurrence.bp:6 */
            #pragma omp simd
            for (int64_t k = 0; k < 2; k++) {
                h_sum2_bar[2*t + k] = h_bar[2*t + k]*(1.0f - h[2*t + k]*h[2*t + k]);
            }
        }
    }
    if (grads->v) {
        /* v_bar[k] = L_sum_bar*h[T - 1,k]    recurrence.bp:7 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            v_bar[k] = L_sum_bar*h[2*(T - 1) + k];
        }
    }
    if (grads->U) {
        /* U_bar[k,j] = sum[t](h_sum2_bar[t,k]*h[t - 1,j | 0])    recurrence.bp:6 */
        for (int64_t k = 0; k < 2; k++) {
            #pragma omp simd
            for (int64_t j = 0; j < 2; j++) {
                U_bar[2*k + j] = 0.0f;
            }
            for (int64_t t = T - 1; t >= 0; t--) {
                const float h_sum2_bar_tk = h_sum2_bar[2*t + k];
                #pragma omp simd
                for (int64_t j = 0; j < 2; j++) {
                    U_bar[2*k + j] += h_sum2_bar_tk*(t - 1 >= 0 ? h[2*(t - 1) + j] : 0.0f);
                }
            }
        }
    }
    if (grads->W) {
        /* W_bar[k,j] = sum[t](h_sum2_bar[t,k]*x[t,j])    recurrence.bp:6 */
        for (int64_t k = 0; k < 2; k++) {
            #pragma omp simd
            for (int64_t j = 0; j < 3; j++) {
                W_bar[3*k + j] = 0.0f;
            }
            for (int64_t t = T - 1; t >= 0; t--) {
                const float h_sum2_bar_tk_2 = h_sum2_bar[2*t + k];
                #pragma omp simd
                for (int64_t j = 0; j < 3; j++) {
                    W_bar[3*k + j] += h_sum2_bar_tk_2*x[3*t + j];
                }
            }
        }
    }
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int recurrence_forward(const recurrence_dims *dims, const recurrence_inputs *in, const recurrence_params *params, recurrence_outputs *out, void *workspace) {
    const int status = recurrence_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const float *const x = in->x;
    const float y = *in->y;
    const float *const W = params->W;
    const float *const U = params->U;
    const float *const v = params->v;
    char *block = workspace;
    float *const h = recurrence_take(&block, T*2, sizeof(float));
    float *const h_sum = recurrence_take(&block, 2, sizeof(float));
    float *const h_sum2 = recurrence_take(&block, 2, sizeof(float));
    float *const L_sum = recurrence_take(&block, 1, sizeof(float));

    /* h_sum[t,k] = sum[j](W[k,j]*x[t,j])    recurrence.bp:6 */
    for (int64_t t = 0; t < T; t++) {
        for (int64_t k = 0; k < 2; k++) {
            float h_sum_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum_acc)
            for (int64_t j = 0; j < 3; j++) {
                h_sum_acc += W[3*k + j]*x[3*t + j];
            }
            h_sum[k] = h_sum_acc;
            /* h_sum2[t,k] = sum[j](U[k,j]*h[t - 1,j | 0])    recurrence.bp:6 */
            float h_sum2_acc = 0.0f;
            #pragma omp simd reduction(+: h_sum2_acc)
            for (int64_t j = 0; j < 2; j++) {
                h_sum2_acc += U[2*k + j]*(t - 1 >= 0 ? h[2*(t - 1) + j] : 0.0f);
            }
            h_sum2[k] = h_sum2_acc;
        }
        /* h[t,k] = tanh(h_sum[t,k] + h_sum2[t,k])    recurrence.bp:6 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            h[2*t + k] = bp_tanhf(h_sum[k] + h_sum2[k]);
        }
    }
    /* L_sum = sum[k](v[k]*h[T - 1,k])    recurrence.bp:7 */
    float L_sum_acc = 0.0f;
    #pragma omp simd reduction(+: L_sum_acc)
    for (int64_t k = 0; k < 2; k++) {
        L_sum_acc += v[k]*h[2*(T - 1) + k];
    }
    L_sum[0] = L_sum_acc;
    /* L = (L_sum - y)*(L_sum - y)    recurrence.bp:7 */
    const float t1 = L_sum[0] - y;
    const float L = t1*t1;
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int recurrence_backward(const recurrence_dims *dims, const recurrence_inputs *in, const recurrence_params *params, recurrence_grads *grads, void *workspace) {
    const int status = recurrence_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t T = dims->T;
    (void)T;
    const float *const x = in->x;
    const float y = *in->y;
    const float *const U = params->U;
    const float *const v = params->v;
    char *block = workspace;
    float *const h = recurrence_take(&block, T*2, sizeof(float));
    float *const slot2 = recurrence_take(&block, 2, sizeof(float));
    (void)slot2;
    float *const slot3 = recurrence_take(&block, 2, sizeof(float));
    (void)slot3;
    float *const L_sum = recurrence_take(&block, 1, sizeof(float));
    float *const h_sum2_bar = recurrence_take(&block, T*2, sizeof(float));
    float *const h_bar = recurrence_take(&block, T*2, sizeof(float));
    float *const v_bar = grads->v;
    float *const U_bar = grads->U;
    float *const W_bar = grads->W;

    float L_sum_bar = 0;
    if (grads->W || grads->U || grads->v) {
        /* L_sum_bar = 2*(L_sum - y)    recurrence.bp:7 */
        L_sum_bar = 2.0f*(L_sum[0] - y);
    }
    if (grads->W || grads->U) {
        /* h_bar[t,k] = 0    recurrence.bp:6 */
        #pragma omp parallel for num_threads(recurrence_threads()) if(T > 66667)
        for (int64_t t = 0; t < T; t++) {
            #pragma omp simd
            for (int64_t k = 0; k < 2; k++) {
                h_bar[2*t + k] = 0.0f;
            }
        }
        /* h_bar[T - 1,k] += L_sum_bar*v[k]    recurrence.bp:7 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            h_bar[2*(T - 1) + k] += L_sum_bar*v[k];
        }
        for (int64_t t = T - 1; t >= 0; t--) {
            /* h_bar[t - 1,j] += sum[k](h_sum2_bar[t,k]*U[k,j]), t in 1..T    recurrence.bp:6 */
            if (t + 1 < T) {
                for (int64_t k = 0; k < 2; k++) {
                    const float h_sum2_bar_here = h_sum2_bar[2*(t + 1) + k];
                    #pragma omp simd
                    for (int64_t j = 0; j < 2; j++) {
                        h_bar[2*t + j] += h_sum2_bar_here*U[2*k + j];
                    }
                }
            }
            /* h_sum2_bar[t,k] = h_bar[t,k]*(1 - h[t,k]*h[t,k])    recurrence.bp:6 */
            #pragma omp simd
            for (int64_t k = 0; k < 2; k++) {
                h_sum2_bar[2*t + k] = h_bar[2*t + k]*(1.0f - h[2*t + k]*h[2*t + k]);
            }
        }
    }
    if (grads->v) {
        /* v_bar[k] = L_sum_bar*h[T - 1,k]    recurrence.bp:7 */
        #pragma omp simd
        for (int64_t k = 0; k < 2; k++) {
            v_bar[k] = L_sum_bar*h[2*(T - 1) + k];
        }
    }
    if (grads->U) {
        /* U_bar[k,j] = sum[t](h_sum2_bar[t,k]*h[t - 1,j | 0])    recurrence.bp:6 */
        for (int64_t k = 0; k < 2; k++) {
            #pragma omp simd
            for (int64_t j = 0; j < 2; j++) {
                U_bar[2*k + j] = 0.0f;
            }
            for (int64_t t = T - 1; t >= 0; t--) {
                const float h_sum2_bar_tk = h_sum2_bar[2*t + k];
                #pragma omp simd
                for (int64_t j = 0; j < 2; j++) {
                    U_bar[2*k + j] += h_sum2_bar_tk*(t - 1 >= 0 ? h[2*(t - 1) + j] : 0.0f);
                }
            }
        }
    }
    if (grads->W) {
        /* W_bar[k,j] = sum[t](h_sum2_bar[t,k]*x[t,j])    recurrence.bp:6 */
        for (int64_t k = 0; k < 2; k++) {
            #pragma omp simd
            for (int64_t j = 0; j < 3; j++) {
                W_bar[3*k + j] = 0.0f;
            }
            for (int64_t t = T - 1; t >= 0; t--) {
                const float h_sum2_bar_tk_2 = h_sum2_bar[2*t + k];
                #pragma omp simd
                for (int64_t j = 0; j < 3; j++) {
                    W_bar[3*k + j] += h_sum2_bar_tk_2*x[3*t + j];
                }
            }
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const recurrence_dim_names[] = {"T"};
static const bp_axis recurrence_axes0[] = {{0, 0}, {-1, 3}};
static const bp_axis recurrence_axes2[] = {{-1, 2}, {-1, 3}};
static const bp_axis recurrence_axes3[] = {{-1, 2}, {-1, 2}};
static const bp_axis recurrence_axes4[] = {{-1, 2}};
static const double recurrence_values4[] = {0.5, -0.5};
static const bp_tensor recurrence_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 2, recurrence_axes0, offsetof(recurrence_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(recurrence_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"W", BP_PARAM, false, INT64_MIN, INT64_MAX, 2, recurrence_axes2, offsetof(recurrence_params, W), offsetof(recurrence_grads, W), 0, {BP_INIT_XAVIER, 0.0, 1.0, 3, 2, NULL}},
    {"U", BP_PARAM, false, INT64_MIN, INT64_MAX, 2, recurrence_axes3, offsetof(recurrence_params, U), offsetof(recurrence_grads, U), 6, {BP_INIT_ORTHOGONAL, 0.0, 1.0, 2, 2, NULL}},
    {"v", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, recurrence_axes4, offsetof(recurrence_params, v), offsetof(recurrence_grads, v), 10, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, recurrence_values4}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(recurrence_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int recurrence_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return recurrence_predict(dims, in, params, out, workspace);
}
static int recurrence_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return recurrence_gradient(dims, in, params, out, grads, workspace);
}
static size_t recurrence_call_workspace_size(const void *dims) {
    (void)dims;
    return recurrence_workspace_size(dims);
}
static const bp_model recurrence_model = {
    .name = "recurrence",
    .real = BP_F32,
    .n_dims = 1,
    .dims = recurrence_dim_names,
    .n_tensors = 6,
    .tensors = recurrence_tensors,
    .param_count = 12,
    .state_count = 0,
    .inputs_size = sizeof(recurrence_inputs),
    .params_size = sizeof(recurrence_params),
    .grads_size = sizeof(recurrence_grads),
    .outputs_size = sizeof(recurrence_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = recurrence_call_workspace_size,
    .predict = recurrence_call_predict,
    .gradient = recurrence_call_gradient,
};

const bp_model *recurrence_describe(void) { return &recurrence_model; }
