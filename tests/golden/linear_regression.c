/* Made by bpc from linear_regression.bp; belongs to whoever made it.
 *
 *     bpc linear_regression.bp -O2
 *
 * linear_regression_predict          the outputs, with training = 0
 * linear_regression_gradient         the outputs and the gradient, in one pass
 * linear_regression_forward          the outputs; leaves in the workspace what backward needs
 * linear_regression_backward         the gradient, after forward with the same workspace
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

#include "linear_regression.h"

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
enum { LINEAR_REGRESSION_THREADS = 8 };
#define linear_regression_threads() (omp_get_max_threads() < LINEAR_REGRESSION_THREADS ? omp_get_max_threads() : LINEAR_REGRESSION_THREADS)
#define linear_regression_thread() omp_get_thread_num()
#else
enum { LINEAR_REGRESSION_THREADS = 1 };
#define linear_regression_threads() 1
#define linear_regression_thread() 0
#endif

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
    bytes += (double)sizeof(float)*(double)256*(double)LINEAR_REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)LINEAR_REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)LINEAR_REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)4*(double)LINEAR_REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)LINEAR_REGRESSION_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)LINEAR_REGRESSION_THREADS + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)4*(double)LINEAR_REGRESSION_THREADS + 64.0;
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
    float *const p_sum_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*256, sizeof(float));

    /* L_sum = 0    linear_regression.bp:7 */
    float L_sum = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 7936 ? 7936 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(linear_regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = linear_regression_thread();
        float *const p_sum = p_sum_all + thread*256;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    linear_regression.bp:7 */
        float L_sum_share = 0.0f;
        float L_sum_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
            const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
            BP_IN_TURN
            for (int64_t i = i0; i < i_end; i += 4) {
                p_sum[i - i0] = 0.0f;
                p_sum[i - i0 + 1] = 0.0f;
                p_sum[i - i0 + 2] = 0.0f;
                p_sum[i - i0 + 3] = 0.0f;
                float p_sum_acc = 0.0f;
                float p_sum_acc_2 = 0.0f;
                float p_sum_acc_3 = 0.0f;
                float p_sum_acc_4 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc, p_sum_acc_2, p_sum_acc_3, p_sum_acc_4)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc += w[k]*x[4*i + k];
                    p_sum_acc_2 += w[k]*x[4*(i + 1) + k];
                    p_sum_acc_3 += w[k]*x[4*(i + 2) + k];
                    p_sum_acc_4 += w[k]*x[4*(i + 3) + k];
                }
                p_sum[i - i0 + 3] += p_sum_acc_4;
                p_sum[i - i0 + 2] += p_sum_acc_3;
                p_sum[i - i0 + 1] += p_sum_acc_2;
                p_sum[i - i0] += p_sum_acc;
            }
            const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin; i < i1; i++) {
                float p_sum_acc_5 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc_5)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc_5 += w[k]*x[4*i + k];
                }
                p_sum[i - i0] = p_sum_acc_5;
            }
            /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
            #pragma omp simd reduction(+: L_sum_share_part)
            for (int64_t i = i0; i < i1; i++) {
                p[i] = p_sum[i - i0] + b;
                /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
                const float t1 = p[i] - y[i];
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
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = L_sum/(float)m;
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
    float *const slot2 = linear_regression_take(&block, 1, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot2;
    float *const slot3 = linear_regression_take(&block, 4, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot3;
    float *const p_sum_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*256, sizeof(float));
    float *const p_bar_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*256, sizeof(float));
    float *const w_bar_share_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*4, sizeof(float));

    /* L_sum = 0    linear_regression.bp:7 */
    float L_sum = 0.0f;
    if (grads->b) {
        /* b_bar = 0    linear_regression.bp:4 */
        b_bar[0] = 0.0f;
    }
    if (grads->w) {
        /* w_bar[i] = 0    linear_regression.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 4; i++) {
            w_bar[i] = 0.0f;
        }
    }
    const int64_t i_each = 256*((m + 2047)/2048) <= 4352 ? 4352 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(linear_regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = linear_regression_thread();
        float *const p_sum = p_sum_all + thread*256;
        float *const p_bar = p_bar_all + thread*256;
        float *const w_bar_share = w_bar_share_all + thread*4;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    linear_regression.bp:7 */
        float L_sum_share = 0.0f;
        /* b_bar_share = 0    linear_regression.bp:4 */
        float b_bar_share = 0.0f;
        /* w_bar_share[i] = 0    linear_regression.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 4; i++) {
            w_bar_share[i] = 0.0f;
        }
        float L_sum_share_lost = 0.0f;
        float b_bar_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            float b_bar_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
            const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
            BP_IN_TURN
            for (int64_t i = i0; i < i_end; i += 4) {
                p_sum[i - i0] = 0.0f;
                p_sum[i - i0 + 1] = 0.0f;
                p_sum[i - i0 + 2] = 0.0f;
                p_sum[i - i0 + 3] = 0.0f;
                float p_sum_acc = 0.0f;
                float p_sum_acc_2 = 0.0f;
                float p_sum_acc_3 = 0.0f;
                float p_sum_acc_4 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc, p_sum_acc_2, p_sum_acc_3, p_sum_acc_4)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc += w[k]*x[4*i + k];
                    p_sum_acc_2 += w[k]*x[4*(i + 1) + k];
                    p_sum_acc_3 += w[k]*x[4*(i + 2) + k];
                    p_sum_acc_4 += w[k]*x[4*(i + 3) + k];
                }
                p_sum[i - i0 + 3] += p_sum_acc_4;
                p_sum[i - i0 + 2] += p_sum_acc_3;
                p_sum[i - i0 + 1] += p_sum_acc_2;
                p_sum[i - i0] += p_sum_acc;
            }
            const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin; i < i1; i++) {
                float p_sum_acc_5 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc_5)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc_5 += w[k]*x[4*i + k];
                }
                p_sum[i - i0] = p_sum_acc_5;
            }
            /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
            #pragma omp simd reduction(+: L_sum_share_part, b_bar_share_part)
            for (int64_t i = i0; i < i1; i++) {
                p[i] = p_sum[i - i0] + b;
                /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
                const float t1 = p[i] - y[i];
                L_sum_share_part += t1*t1;
                /* p_bar[i] = 2/m*(p[i] - y[i])    linear_regression.bp:7 */
                p_bar[i - i0] = 2.0f/(float)m*(p[i] - y[i]);
                /* b_bar = sum[i](p_bar[i])    linear_regression.bp:6 */
                b_bar_share_part += p_bar[i - i0];
            }
            /* w_bar[k] = sum[i](p_bar[i]*x[i,k])    linear_regression.bp:6 */
            const int64_t i_end_2 = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i0; i < i_end_2; i += 4) {
                const float p_bar_i = p_bar[i - i0];
                const float p_bar_here = p_bar[i - i0 + 1];
                const float p_bar_here_2 = p_bar[i - i0 + 2];
                const float p_bar_here_3 = p_bar[i - i0 + 3];
                #pragma omp simd
                for (int64_t k = 0; k < 4; k++) {
                    w_bar_share[k] += p_bar_i*x[4*i + k] + p_bar_here*x[4*(i + 1) + k] + p_bar_here_2*x[4*(i + 2) + k] + p_bar_here_3*x[4*(i + 3) + k];
                }
            }
            const int64_t i_begin_2 = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin_2; i < i1; i++) {
                const float p_bar_i_2 = p_bar[i - i0];
                #pragma omp simd
                for (int64_t k = 0; k < 4; k++) {
                    w_bar_share[k] += p_bar_i_2*x[4*i + k];
                }
            }
            const float L_sum_share_next = L_sum_share_part - L_sum_share_lost;
            const float L_sum_share_total = L_sum_share + L_sum_share_next;
            L_sum_share_lost = L_sum_share_total - L_sum_share - L_sum_share_next;
            L_sum_share = L_sum_share_total;
            const float b_bar_share_next = b_bar_share_part - b_bar_share_lost;
            const float b_bar_share_total = b_bar_share + b_bar_share_next;
            b_bar_share_lost = b_bar_share_total - b_bar_share - b_bar_share_next;
            b_bar_share = b_bar_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L_sum += L_sum_share;
            b_bar[0] += b_bar_share;
            #pragma omp simd
            for (int64_t i = 0; i < 4; i++) {
                w_bar[i] += w_bar_share[i];
            }
        }
    }
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = L_sum/(float)m;
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
    float *const p = linear_regression_take(&block, m, sizeof(float));
    float *const p_sum_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*256, sizeof(float));

    /* L_sum = 0    linear_regression.bp:7 */
    float L_sum = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 7936 ? 7936 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(linear_regression_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = linear_regression_thread();
        float *const p_sum = p_sum_all + thread*256;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_sum_share = 0    linear_regression.bp:7 */
        float L_sum_share = 0.0f;
        float L_sum_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_sum_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            /* p_sum[i] = sum[k](w[k]*x[i,k])    linear_regression.bp:6 */
            const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
            BP_IN_TURN
            for (int64_t i = i0; i < i_end; i += 4) {
                p_sum[i - i0] = 0.0f;
                p_sum[i - i0 + 1] = 0.0f;
                p_sum[i - i0 + 2] = 0.0f;
                p_sum[i - i0 + 3] = 0.0f;
                float p_sum_acc = 0.0f;
                float p_sum_acc_2 = 0.0f;
                float p_sum_acc_3 = 0.0f;
                float p_sum_acc_4 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc, p_sum_acc_2, p_sum_acc_3, p_sum_acc_4)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc += w[k]*x[4*i + k];
                    p_sum_acc_2 += w[k]*x[4*(i + 1) + k];
                    p_sum_acc_3 += w[k]*x[4*(i + 2) + k];
                    p_sum_acc_4 += w[k]*x[4*(i + 3) + k];
                }
                p_sum[i - i0 + 3] += p_sum_acc_4;
                p_sum[i - i0 + 2] += p_sum_acc_3;
                p_sum[i - i0 + 1] += p_sum_acc_2;
                p_sum[i - i0] += p_sum_acc;
            }
            const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin; i < i1; i++) {
                float p_sum_acc_5 = 0.0f;
                #pragma omp simd reduction(+: p_sum_acc_5)
                for (int64_t k = 0; k < 4; k++) {
                    p_sum_acc_5 += w[k]*x[4*i + k];
                }
                p_sum[i - i0] = p_sum_acc_5;
            }
            /* p[i] = p_sum[i] + b    linear_regression.bp:6 */
            #pragma omp simd reduction(+: L_sum_share_part)
            for (int64_t i = i0; i < i1; i++) {
                p[i] = p_sum[i - i0] + b;
                /* L_sum = sum[i]((p[i] - y[i])*(p[i] - y[i]))    linear_regression.bp:7 */
                const float t1 = p[i] - y[i];
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
    /* L = L_sum/m    linear_regression.bp:7 */
    const float L = L_sum/(float)m;
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
    float *const p = linear_regression_take(&block, m, sizeof(float));
    float *const p_bar_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*256, sizeof(float));
    float *const slot3 = linear_regression_take(&block, 1, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot3;
    float *const slot4 = linear_regression_take(&block, 4, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot4;
    float *const w_bar_share_all = linear_regression_take(&block, LINEAR_REGRESSION_THREADS*4, sizeof(float));

    if (grads->b) {
        /* b_bar = 0    linear_regression.bp:4 */
        b_bar[0] = 0.0f;
    }
    if (grads->w) {
        /* w_bar[i] = 0    linear_regression.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 4; i++) {
            w_bar[i] = 0.0f;
        }
    }
    if (grads->w || grads->b) {
        const int64_t i_each = 256*((m + 2047)/2048) <= 8192 ? 8192 : 256*((m + 2047)/2048);
        #pragma omp parallel for ordered schedule(static, 1) num_threads(linear_regression_threads()) if(m > i_each)
        for (int64_t i_from = 0; i_from < m; i_from += i_each) {
            const int64_t thread = linear_regression_thread();
            float *const p_bar = p_bar_all + thread*256;
            float *const w_bar_share = w_bar_share_all + thread*4;
            const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
            /* b_bar_share = 0    linear_regression.bp:4 */
            float b_bar_share = 0.0f;
            /* w_bar_share[i] = 0    linear_regression.bp:4 */
            #pragma omp simd
            for (int64_t i = 0; i < 4; i++) {
                w_bar_share[i] = 0.0f;
            }
            float b_bar_share_lost = 0.0f;
            for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
                float b_bar_share_part = 0.0f;
                const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
                /* p_bar[i] = 2/m*(p[i] - y[i])    linear_regression.bp:7 */
                #pragma omp simd reduction(+: b_bar_share_part)
                for (int64_t i = i0; i < i1; i++) {
                    p_bar[i - i0] = 2.0f/(float)m*(p[i] - y[i]);
                    /* b_bar = sum[i](p_bar[i])    linear_regression.bp:6 */
                    b_bar_share_part += p_bar[i - i0];
                }
                /* w_bar[k] = sum[i](p_bar[i]*x[i,k])    linear_regression.bp:6 */
                const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i0; i < i_end; i += 4) {
                    const float p_bar_i = p_bar[i - i0];
                    const float p_bar_here = p_bar[i - i0 + 1];
                    const float p_bar_here_2 = p_bar[i - i0 + 2];
                    const float p_bar_here_3 = p_bar[i - i0 + 3];
                    #pragma omp simd
                    for (int64_t k = 0; k < 4; k++) {
                        w_bar_share[k] += p_bar_i*x[4*i + k] + p_bar_here*x[4*(i + 1) + k] + p_bar_here_2*x[4*(i + 2) + k] + p_bar_here_3*x[4*(i + 3) + k];
                    }
                }
                const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i_begin; i < i1; i++) {
                    const float p_bar_i_2 = p_bar[i - i0];
                    #pragma omp simd
                    for (int64_t k = 0; k < 4; k++) {
                        w_bar_share[k] += p_bar_i_2*x[4*i + k];
                    }
                }
                const float b_bar_share_next = b_bar_share_part - b_bar_share_lost;
                const float b_bar_share_total = b_bar_share + b_bar_share_next;
                b_bar_share_lost = b_bar_share_total - b_bar_share - b_bar_share_next;
                b_bar_share = b_bar_share_total;
            }
            #pragma omp ordered
            { /* what the share sums, behind those before it */
                b_bar[0] += b_bar_share;
                #pragma omp simd
                for (int64_t i = 0; i < 4; i++) {
                    w_bar[i] += w_bar_share[i];
                }
            }
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
