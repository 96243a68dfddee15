/* Made by bpc from regression.bp; belongs to whoever made it.
 *
 *     bpc regression.bp -O2
 *
 * regression_predict          the outputs, with training = 0
 * regression_gradient         the outputs and the gradient, in one pass
 * regression_forward          the outputs; leaves in the workspace what backward needs
 * regression_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
 * Long sums are added in parts (x_part), and what is lost in joining them is carried on (x_lost).
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

#include "regression.h"

#include <math.h>

#include "bp_math.h"

/* A loop whose turns read again what they wrote: not for the vectoriser of clang before 17 (LLVM's issue 63602). */
#if defined(__clang__) && __clang_major__ < 17
#define BP_IN_TURN _Pragma("clang loop vectorize(disable)")
#else
#define BP_IN_TURN
#endif

/* With -fopenmp, long loops are shared out to threads; results do not depend on how many there are. */
#ifdef _OPENMP
#include <omp.h>
enum { REGRESSION_THREADS = 8 };
#define regression_threads() (omp_get_max_threads() < REGRESSION_THREADS ? omp_get_max_threads() : REGRESSION_THREADS)
#define regression_thread() omp_get_thread_num()
#else
enum { REGRESSION_THREADS = 1 };
#define regression_threads() 1
#define regression_thread() 0
#endif

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *regression_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

void regression_params_bind(regression_params *params, float *block) {
    params->w = block + 0;
    params->b = block + 2;
    params->v = block + 4;
    params->c = block + 6;
}

size_t regression_workspace_size(const regression_dims *dims) {
    const int64_t m = dims ? dims->m : 0;
    if (m < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)2 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)2*(double)REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int regression_check(const regression_dims *dims, const regression_inputs *in, const regression_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t m = dims->m;
    if (m < 1) return BP_E_SHAPE;
    if (regression_workspace_size(dims) == 0) return BP_E_MEMORY;
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
    if (!params->v) return BP_E_NULL;
    if ((uintptr_t)params->v % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->c) return BP_E_NULL;
    if ((uintptr_t)params->c % sizeof(float) != 0) return BP_E_ALIGN;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int regression_predict(const regression_dims *dims, const regression_inputs *in, const regression_params *params, regression_outputs *out, void *workspace) {
    const int status = regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float *const b = params->b;
    const float *const v = params->v;
    const float c = *params->c;
    char *block = workspace;
    float *const slot1 = regression_take(&block, m, sizeof(float));
    float *const yhat = out->yhat ? out->yhat : slot1;
    float *const a_all = regression_take(&block, REGRESSION_THREADS*256*2, sizeof(float));
    float *const yhat_sum_all = regression_take(&block, REGRESSION_THREADS*256, sizeof(float));

    /* L_sum = 0    regression.bp:11 */
    float L_sum = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 6144 ? 6144 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = regression_thread();
        float *const a = a_all + thread*256*2;
        float *const yhat_sum = yhat_sum_all + thread*256;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    regression.bp:11 */
        float L_sum_share = 0.0f;
        float L_sum_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* z[i,k] = w[k]*x[i] + b[k]    regression.bp:8 */
            for (int64_t k = 0; k < 2; k++) {
                const float w_k = w[k];
                const float b_k = b[k];
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    const float z = w_k*x[i] + b_k;
                    /* a[i,k] = sigmoid(z[i,k])    regression.bp:9 */
                    a[256*k + (i - i0)] = bp_sigmoidf(z);
                }
            }
            /* yhat_sum[i] = sum[k](v[k]*a[i,k])    regression.bp:10 */
            #pragma omp simd
            for (int64_t i = i0; i < i1; i++) {
                yhat_sum[i - i0] = 0.0f;
            }
            const float v_0 = v[0];
            const float v_1 = v[1];
            #pragma omp simd
            for (int64_t i = i0; i < i1; i++) {
                yhat_sum[i - i0] += v_0*a[i - i0] + v_1*a[i - i0 + 256];
            }
            /* yhat[i] = yhat_sum[i] + c    regression.bp:10 */
            #pragma omp simd reduction(+: L_sum_share_part)
            for (int64_t i = i0; i < i1; i++) {
                yhat[i] = yhat_sum[i - i0] + c;
                /* L_sum = sum[i]((yhat[i] - y[i])*(yhat[i] - y[i]))    regression.bp:11 */
                const float t1 = yhat[i] - y[i];
                L_sum_share_part += t1*t1;
            }
            const float L_sum_share_next = L_sum_share_part - L_sum_share_lost;
            const float L_sum_share_total = L_sum_share + L_sum_share_next;
            L_sum_share_lost = L_sum_share_total - L_sum_share - L_sum_share_next;
            L_sum_share = L_sum_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L_sum += L_sum_share;
        }
    }
    /* L = 0.5/m*L_sum    regression.bp:11 */
    const float L = 0.5f/(float)m*L_sum;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int regression_gradient(const regression_dims *dims, const regression_inputs *in, const regression_params *params, regression_outputs *out, regression_grads *grads, void *workspace) {
    const int status = regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float *const b = params->b;
    const float *const v = params->v;
    const float c = *params->c;
    char *block = workspace;
    float *const slot1 = regression_take(&block, m, sizeof(float));
    float *const yhat = out->yhat ? out->yhat : slot1;
    float *const slot2 = regression_take(&block, 1, sizeof(float));
    float *const c_bar = grads->c ? grads->c : slot2;
    float *const slot3 = regression_take(&block, 2, sizeof(float));
    float *const v_bar = grads->v ? grads->v : slot3;
    float *const slot4 = regression_take(&block, 2, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot4;
    float *const slot5 = regression_take(&block, 2, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot5;
    float *const a_all = regression_take(&block, REGRESSION_THREADS*256*2, sizeof(float));
    float *const yhat_sum_all = regression_take(&block, REGRESSION_THREADS*256, sizeof(float));
    float *const yhat_bar_all = regression_take(&block, REGRESSION_THREADS*256, sizeof(float));
    float *const v_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));
    float *const b_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));
    float *const w_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));

    /* L_sum = 0    regression.bp:11 */
    float L_sum = 0.0f;
    if (grads->c) {
        /* c_bar = 0    regression.bp:6 */
        c_bar[0] = 0.0f;
    }
    if (grads->v) {
        /* v_bar[i] = 0    regression.bp:6 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            v_bar[i] = 0.0f;
        }
    }
    if (grads->b) {
        /* b_bar[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            b_bar[i] = 0.0f;
        }
    }
    if (grads->w) {
        /* w_bar[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            w_bar[i] = 0.0f;
        }
    }
    const int64_t i_each = 256*((m + 2047)/2048) <= 2816 ? 2816 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = regression_thread();
        float *const a = a_all + thread*256*2;
        float *const yhat_sum = yhat_sum_all + thread*256;
        float *const yhat_bar = yhat_bar_all + thread*256;
        float *const v_bar_share = v_bar_share_all + thread*2;
        float *const b_bar_share = b_bar_share_all + thread*2;
        float *const w_bar_share = w_bar_share_all + thread*2;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    regression.bp:11 */
        float L_sum_share = 0.0f;
        /* c_bar_share = 0    regression.bp:6 */
        float c_bar_share = 0.0f;
        /* v_bar_share[i] = 0    regression.bp:6 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            v_bar_share[i] = 0.0f;
        }
        /* b_bar_share[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            b_bar_share[i] = 0.0f;
        }
        /* w_bar_share[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            w_bar_share[i] = 0.0f;
        }
        float L_sum_share_lost = 0.0f;
        float c_bar_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            float c_bar_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* z[i,k] = w[k]*x[i] + b[k]    regression.bp:8 */
            for (int64_t k = 0; k < 2; k++) {
                const float w_k = w[k];
                const float b_k = b[k];
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    const float z = w_k*x[i] + b_k;
                    /* a[i,k] = sigmoid(z[i,k])    regression.bp:9 */
                    a[256*k + (i - i0)] = bp_sigmoidf(z);
                }
            }
            /* yhat_sum[i] = sum[k](v[k]*a[i,k])    regression.bp:10 */
            #pragma omp simd
            for (int64_t i = i0; i < i1; i++) {
                yhat_sum[i - i0] = 0.0f;
            }
            const float v_0 = v[0];
            const float v_1 = v[1];
            #pragma omp simd
            for (int64_t i = i0; i < i1; i++) {
                yhat_sum[i - i0] += v_0*a[i - i0] + v_1*a[i - i0 + 256];
            }
            /* yhat[i] = yhat_sum[i] + c    regression.bp:10 */
            #pragma omp simd reduction(+: L_sum_share_part, c_bar_share_part)
            for (int64_t i = i0; i < i1; i++) {
                yhat[i] = yhat_sum[i - i0] + c;
                /* L_sum = sum[i]((yhat[i] - y[i])*(yhat[i] - y[i]))    regression.bp:11 */
                const float t1 = yhat[i] - y[i];
                L_sum_share_part += t1*t1;
                /* yhat_bar[i] = (yhat[i] - y[i])/m    regression.bp:11 */
                yhat_bar[i - i0] = (yhat[i] - y[i])/(float)m;
                /* c_bar = sum[i](yhat_bar[i])    regression.bp:10 */
                c_bar_share_part += yhat_bar[i - i0];
            }
            /* a_bar[i,k] = yhat_bar[i]*v[k]    regression.bp:10 */
            for (int64_t k = 0; k < 2; k++) {
                float v_bar_share_acc = 0.0f;
                float b_bar_share_acc = 0.0f;
                float w_bar_share_acc = 0.0f;
                #pragma omp simd reduction(+: v_bar_share_acc, b_bar_share_acc, w_bar_share_acc)
                for (int64_t i = i0; i < i1; i++) {
                    const float a_bar = yhat_bar[i - i0]*v[k];
                    /* z_bar[i,k] = a_bar[i,k]*(a[i,k]*(1 - a[i,k]))    regression.bp:9 */
                    const float z_bar = a_bar*(a[256*k + (i - i0)]*(1.0f - a[256*k + (i - i0)]));
                    /* v_bar[k] = sum[i](yhat_bar[i]*a[i,k])    regression.bp:10 */
                    v_bar_share_acc += yhat_bar[i - i0]*a[256*k + (i - i0)];
                    /* b_bar[k] = sum[i](z_bar[i,k])    regression.bp:8 */
                    b_bar_share_acc += z_bar;
                    /* w_bar[k] = sum[i](z_bar[i,k]*x[i])    regression.bp:8 */
                    w_bar_share_acc += z_bar*x[i];
                }
                w_bar_share[k] += w_bar_share_acc;
                /* b_bar[k] = sum[i](z_bar[i,k])    regression.bp:8 */
                b_bar_share[k] += b_bar_share_acc;
                /* v_bar[k] = sum[i](yhat_bar[i]*a[i,k])    regression.bp:10 */
                v_bar_share[k] += v_bar_share_acc;
            }
            const float L_sum_share_next = L_sum_share_part - L_sum_share_lost;
            const float L_sum_share_total = L_sum_share + L_sum_share_next;
            L_sum_share_lost = L_sum_share_total - L_sum_share - L_sum_share_next;
            L_sum_share = L_sum_share_total;
            const float c_bar_share_next = c_bar_share_part - c_bar_share_lost;
            const float c_bar_share_total = c_bar_share + c_bar_share_next;
            c_bar_share_lost = c_bar_share_total - c_bar_share - c_bar_share_next;
            c_bar_share = c_bar_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L_sum += L_sum_share;
            c_bar[0] += c_bar_share;
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                v_bar[i] += v_bar_share[i];
            }
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                b_bar[i] += b_bar_share[i];
            }
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                w_bar[i] += w_bar_share[i];
            }
        }
    }
    /* L = 0.5/m*L_sum    regression.bp:11 */
    const float L = 0.5f/(float)m*L_sum;
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int regression_forward(const regression_dims *dims, const regression_inputs *in, const regression_params *params, regression_outputs *out, void *workspace) {
    const int status = regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const w = params->w;
    const float *const b = params->b;
    const float *const v = params->v;
    const float c = *params->c;
    char *block = workspace;
    float *const a = regression_take(&block, m*2, sizeof(float));
    float *const yhat = regression_take(&block, m, sizeof(float));
    float *const yhat_sum_all = regression_take(&block, REGRESSION_THREADS*256, sizeof(float));

    /* L_sum = 0    regression.bp:11 */
    float L_sum = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 6144 ? 6144 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = regression_thread();
        float *const yhat_sum = yhat_sum_all + thread*256;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    regression.bp:11 */
        float L_sum_share = 0.0f;
        float L_sum_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* z[i,k] = w[k]*x[i] + b[k]    regression.bp:8 */
            for (int64_t k = 0; k < 2; k++) {
                const float w_k = w[k];
                const float b_k = b[k];
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    const float z = w_k*x[i] + b_k;
                    /* a[i,k] = sigmoid(z[i,k])    regression.bp:9 */
                    a[2*i + k] = bp_sigmoidf(z);
                }
            }
            /* yhat_sum[i] = sum[k](v[k]*a[i,k])    regression.bp:10 */
            const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
            BP_IN_TURN
            for (int64_t i = i0; i < i_end; i += 4) {
                yhat_sum[i - i0] = 0.0f;
                yhat_sum[i - i0 + 1] = 0.0f;
                yhat_sum[i - i0 + 2] = 0.0f;
                yhat_sum[i - i0 + 3] = 0.0f;
                float yhat_sum_acc = 0.0f;
                float yhat_sum_acc_2 = 0.0f;
                float yhat_sum_acc_3 = 0.0f;
                float yhat_sum_acc_4 = 0.0f;
                #pragma omp simd reduction(+: yhat_sum_acc, yhat_sum_acc_2, yhat_sum_acc_3, yhat_sum_acc_4)
                for (int64_t k = 0; k < 2; k++) {
                    yhat_sum_acc += v[k]*a[2*i + k];
                    yhat_sum_acc_2 += v[k]*a[2*(i + 1) + k];
                    yhat_sum_acc_3 += v[k]*a[2*(i + 2) + k];
                    yhat_sum_acc_4 += v[k]*a[2*(i + 3) + k];
                }
                yhat_sum[i - i0 + 3] += yhat_sum_acc_4;
                yhat_sum[i - i0 + 2] += yhat_sum_acc_3;
                yhat_sum[i - i0 + 1] += yhat_sum_acc_2;
                yhat_sum[i - i0] += yhat_sum_acc;
            }
            const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin; i < i1; i++) {
                float yhat_sum_acc_5 = 0.0f;
                #pragma omp simd reduction(+: yhat_sum_acc_5)
                for (int64_t k = 0; k < 2; k++) {
                    yhat_sum_acc_5 += v[k]*a[2*i + k];
                }
                yhat_sum[i - i0] = yhat_sum_acc_5;
            }
            /* yhat[i] = yhat_sum[i] + c    regression.bp:10 */
            #pragma omp simd reduction(+: L_sum_share_part)
            for (int64_t i = i0; i < i1; i++) {
                yhat[i] = yhat_sum[i - i0] + c;
                /* L_sum = sum[i]((yhat[i] - y[i])*(yhat[i] - y[i]))    regression.bp:11 */
                const float t1 = yhat[i] - y[i];
                L_sum_share_part += t1*t1;
            }
            const float L_sum_share_next = L_sum_share_part - L_sum_share_lost;
            const float L_sum_share_total = L_sum_share + L_sum_share_next;
            L_sum_share_lost = L_sum_share_total - L_sum_share - L_sum_share_next;
            L_sum_share = L_sum_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L_sum += L_sum_share;
        }
    }
    /* L = 0.5/m*L_sum    regression.bp:11 */
    const float L = 0.5f/(float)m*L_sum;
    for (int64_t i = 0; out->yhat && i < m; i++) out->yhat[i] = yhat[i];
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int regression_backward(const regression_dims *dims, const regression_inputs *in, const regression_params *params, regression_grads *grads, void *workspace) {
    const int status = regression_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const float *const y = in->y;
    const float *const v = params->v;
    char *block = workspace;
    float *const a = regression_take(&block, m*2, sizeof(float));
    float *const yhat = regression_take(&block, m, sizeof(float));
    float *const yhat_bar_all = regression_take(&block, REGRESSION_THREADS*256, sizeof(float));
    float *const slot4 = regression_take(&block, 1, sizeof(float));
    float *const c_bar = grads->c ? grads->c : slot4;
    float *const slot5 = regression_take(&block, 2, sizeof(float));
    float *const v_bar = grads->v ? grads->v : slot5;
    float *const slot6 = regression_take(&block, 2, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot6;
    float *const slot7 = regression_take(&block, 2, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot7;
    float *const a_block_all = regression_take(&block, REGRESSION_THREADS*256*2, sizeof(float));
    float *const v_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));
    float *const b_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));
    float *const w_bar_share_all = regression_take(&block, REGRESSION_THREADS*2, sizeof(float));

    if (grads->c) {
        /* c_bar = 0    regression.bp:6 */
        c_bar[0] = 0.0f;
    }
    if (grads->v) {
        /* v_bar[i] = 0    regression.bp:6 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            v_bar[i] = 0.0f;
        }
    }
    if (grads->b) {
        /* b_bar[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            b_bar[i] = 0.0f;
        }
    }
    if (grads->w) {
        /* w_bar[i] = 0    regression.bp:5 */
        #pragma omp simd
        for (int64_t i = 0; i < 2; i++) {
            w_bar[i] = 0.0f;
        }
    }
    if (grads->w || grads->b || grads->v || grads->c) {
        const int64_t i_each = 256*((m + 2047)/2048) <= 4096 ? 4096 : 256*((m + 2047)/2048);
        #pragma omp parallel for ordered schedule(static, 1) num_threads(regression_threads()) if(m > i_each)
        for (int64_t i_from = 0; i_from < m; i_from += i_each) {
            const int64_t thread = regression_thread();
            float *const yhat_bar = yhat_bar_all + thread*256;
            float *const a_block = a_block_all + thread*256*2;
            float *const v_bar_share = v_bar_share_all + thread*2;
            float *const b_bar_share = b_bar_share_all + thread*2;
            float *const w_bar_share = w_bar_share_all + thread*2;
            const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
            /* c_bar_share = 0    regression.bp:6 */
            float c_bar_share = 0.0f;
            /* v_bar_share[i] = 0    regression.bp:6 */
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                v_bar_share[i] = 0.0f;
            }
            /* b_bar_share[i] = 0    regression.bp:5 */
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                b_bar_share[i] = 0.0f;
            }
            /* w_bar_share[i] = 0    regression.bp:5 */
            #pragma omp simd
            for (int64_t i = 0; i < 2; i++) {
                w_bar_share[i] = 0.0f;
            }
            float c_bar_share_lost = 0.0f;
            for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
                float c_bar_share_part = 0.0f;
                const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
                for (int64_t k = 0; k < 2; k++) {
                    for (int64_t i = i0; i < i1; i++) {
                        a_block[256*k + (i - i0)] = a[2*i + k];
                    }
                }
                /* yhat_bar[i] = (yhat[i] - y[i])/m    regression.bp:11 */
                #pragma omp simd reduction(+: c_bar_share_part)
                for (int64_t i = i0; i < i1; i++) {
                    yhat_bar[i - i0] = (yhat[i] - y[i])/(float)m;
                    /* c_bar = sum[i](yhat_bar[i])    regression.bp:10 */
                    c_bar_share_part += yhat_bar[i - i0];
                }
                /* a_bar[i,k] = yhat_bar[i]*v[k]    regression.bp:10 */
                for (int64_t k = 0; k < 2; k++) {
                    float b_bar_share_acc = 0.0f;
                    float w_bar_share_acc = 0.0f;
                    #pragma omp simd reduction(+: b_bar_share_acc, w_bar_share_acc)
                    for (int64_t i = i0; i < i1; i++) {
                        const float a_bar = yhat_bar[i - i0]*v[k];
                        /* z_bar[i,k] = a_bar[i,k]*(a[i,k]*(1 - a[i,k]))    regression.bp:9 */
                        const float z_bar = a_bar*(a_block[256*k + (i - i0)]*(1.0f - a_block[256*k + (i - i0)]));
                        /* b_bar[k] = sum[i](z_bar[i,k])    regression.bp:8 */
                        b_bar_share_acc += z_bar;
                        /* w_bar[k] = sum[i](z_bar[i,k]*x[i])    regression.bp:8 */
                        w_bar_share_acc += z_bar*x[i];
                    }
                    w_bar_share[k] += w_bar_share_acc;
                    /* b_bar[k] = sum[i](z_bar[i,k])    regression.bp:8 */
                    b_bar_share[k] += b_bar_share_acc;
                }
                /* v_bar[k] = sum[i](yhat_bar[i]*a[i,k])    regression.bp:10 */
                const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i0; i < i_end; i += 4) {
                    const float yhat_bar_i = yhat_bar[i - i0];
                    const float yhat_bar_here = yhat_bar[i - i0 + 1];
                    const float yhat_bar_here_2 = yhat_bar[i - i0 + 2];
                    const float yhat_bar_here_3 = yhat_bar[i - i0 + 3];
                    #pragma omp simd
                    for (int64_t k = 0; k < 2; k++) {
                        v_bar_share[k] += yhat_bar_i*a[2*i + k] + yhat_bar_here*a[2*(i + 1) + k] + yhat_bar_here_2*a[2*(i + 2) + k] + yhat_bar_here_3*a[2*(i + 3) + k];
                    }
                }
                const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i_begin; i < i1; i++) {
                    const float yhat_bar_i_2 = yhat_bar[i - i0];
                    #pragma omp simd
                    for (int64_t k = 0; k < 2; k++) {
                        v_bar_share[k] += yhat_bar_i_2*a[2*i + k];
                    }
                }
                const float c_bar_share_next = c_bar_share_part - c_bar_share_lost;
                const float c_bar_share_total = c_bar_share + c_bar_share_next;
                c_bar_share_lost = c_bar_share_total - c_bar_share - c_bar_share_next;
                c_bar_share = c_bar_share_total;
            }
            #pragma omp ordered
            { /* what the share sums, behind those before it */
                c_bar[0] += c_bar_share;
                #pragma omp simd
                for (int64_t i = 0; i < 2; i++) {
                    v_bar[i] += v_bar_share[i];
                }
                #pragma omp simd
                for (int64_t i = 0; i < 2; i++) {
                    b_bar[i] += b_bar_share[i];
                }
                #pragma omp simd
                for (int64_t i = 0; i < 2; i++) {
                    w_bar[i] += w_bar_share[i];
                }
            }
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const regression_dim_names[] = {"m"};
static const bp_axis regression_axes0[] = {{0, 0}};
static const bp_axis regression_axes1[] = {{0, 0}};
static const bp_axis regression_axes2[] = {{-1, 2}};
static const bp_axis regression_axes3[] = {{-1, 2}};
static const bp_axis regression_axes4[] = {{-1, 2}};
static const bp_axis regression_axes6[] = {{0, 0}};
static const double regression_values2[] = {0.5, -0.3};
static const double regression_values3[] = {0.1, -0.2};
static const double regression_values4[] = {0.8, -0.6};
static const bp_tensor regression_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 1, regression_axes0, offsetof(regression_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, false, INT64_MIN, INT64_MAX, 1, regression_axes1, offsetof(regression_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"w", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, regression_axes2, offsetof(regression_params, w), offsetof(regression_grads, w), 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, regression_values2}},
    {"b", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, regression_axes3, offsetof(regression_params, b), offsetof(regression_grads, b), 2, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, regression_values3}},
    {"v", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, regression_axes4, offsetof(regression_params, v), offsetof(regression_grads, v), 4, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, regression_values4}},
    {"c", BP_PARAM, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(regression_params, c), offsetof(regression_grads, c), 6, {BP_INIT_VALUES, 0.2, 0.0, 0, 0, NULL}},
    {"yhat", BP_OUTPUT, false, INT64_MIN, INT64_MAX, 1, regression_axes6, offsetof(regression_outputs, yhat), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(regression_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int regression_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return regression_predict(dims, in, params, out, workspace);
}
static int regression_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return regression_gradient(dims, in, params, out, grads, workspace);
}
static size_t regression_call_workspace_size(const void *dims) {
    (void)dims;
    return regression_workspace_size(dims);
}
static const bp_model regression_model = {
    .name = "regression",
    .real = BP_F32,
    .n_dims = 1,
    .dims = regression_dim_names,
    .n_tensors = 8,
    .tensors = regression_tensors,
    .param_count = 7,
    .state_count = 0,
    .inputs_size = sizeof(regression_inputs),
    .params_size = sizeof(regression_params),
    .grads_size = sizeof(regression_grads),
    .outputs_size = sizeof(regression_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = regression_call_workspace_size,
    .predict = regression_call_predict,
    .gradient = regression_call_gradient,
};

const bp_model *regression_describe(void) { return &regression_model; }
