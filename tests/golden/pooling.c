/* Made by bpc from pooling.bp; belongs to whoever made it.
 *
 *     bpc pooling.bp -O2
 *
 * pooling_predict          the outputs, with training = 0
 * pooling_gradient         the outputs and the gradient, in one pass
 * pooling_forward          the outputs; leaves in the workspace what backward needs
 * pooling_backward         the gradient, after forward with the same workspace
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

#include "pooling.h"

#include <math.h>

#include "bp_math.h"

/* With -fopenmp, long loops are shared out to threads; results do not depend on how many there are. */
#ifdef _OPENMP
#include <omp.h>
enum { POOLING_THREADS = 8 };
#define pooling_threads() (omp_get_max_threads() < POOLING_THREADS ? omp_get_max_threads() : POOLING_THREADS)
#define pooling_thread() omp_get_thread_num()
#else
enum { POOLING_THREADS = 1 };
#define pooling_threads() 1
#define pooling_thread() 0
#endif

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
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(int32_t)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)3*(double)POOLING_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(int32_t)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)m*(double)8 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(int32_t)*(double)m*(double)4 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)8*(double)POOLING_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)3*(double)POOLING_THREADS + 64.0;
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
    float *const a_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const q_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    float *const z_sum_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    float *const x_block_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));

    /* L = 0    pooling.bp:9 */
    float L = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 768 ? 768 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(pooling_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = pooling_thread();
        float *const a = a_all + thread*256*8;
        float *const q = q_all + thread*256;
        float *const z_sum = z_sum_all + thread*256;
        float *const x_block = x_block_all + thread*256*8;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_share = 0    pooling.bp:9 */
        float L_share = 0.0f;
        float L_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            for (int64_t j = 0; j < 8; j++) {
                for (int64_t i = i0; i < i1; i++) {
                    x_block[256*j + (i - i0)] = x[8*i + j];
                }
            }
            /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
            for (int64_t u = 0; u < 8; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    z_sum[i - i0] = 0.0f;
                }
                for (int64_t p = 0; p < 3; p++) {
                    const float w_p = w[p];
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        z_sum[i - i0] += w_p*(u + p - 1 >= 0 && u + p - 1 < 8 ? x_block[256*(u + p - 1) + (i - i0)] : 0.0f);
                    }
                }
                /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    const float z = z_sum[i - i0] + b;
                    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
                    a[256*u + (i - i0)] = bp_selectf(z < 0.0f, 0.0f, z);
                }
            }
            /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
            for (int64_t u = 0; u < 4; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    q[i - i0] = -INFINITY;
                }
                for (int64_t p = 0; p < 2; p++) {
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        const float v = a[256*(2*u + p) + (i - i0)];
                        if (v > q[i - i0] || v != v) q[i - i0] = v;
                    }
                }
                /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
                #pragma omp simd reduction(+: L_share_part)
                for (int64_t i = i0; i < i1; i++) {
                    L_share_part += q[i - i0]*q[i - i0];
                }
            }
            const float L_share_next = L_share_part - L_share_lost;
            const float L_share_total = L_share + L_share_next;
            L_share_lost = L_share_total - L_share - L_share_next;
            L_share = L_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L += L_share;
        }
    }
    out->L = L;
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
    float *const slot1 = pooling_take(&block, 1, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot1;
    float *const slot2 = pooling_take(&block, 3, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot2;
    float *const z_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const a_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const q_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    float *const z_sum_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    float *const q_bar_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    float *const a_bar_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const z_bar_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    int32_t *const q_win_all = pooling_take(&block, POOLING_THREADS*256, sizeof(int32_t));
    float *const x_block_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const w_bar_share_all = pooling_take(&block, POOLING_THREADS*3, sizeof(float));

    /* L = 0    pooling.bp:9 */
    float L = 0.0f;
    if (grads->b) {
        /* b_bar = 0    pooling.bp:4 */
        b_bar[0] = 0.0f;
    }
    if (grads->w) {
        /* w_bar[i] = 0    pooling.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 3; i++) {
            w_bar[i] = 0.0f;
        }
    }
    const int64_t i_each = 256*((m + 2047)/2048) <= 512 ? 512 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(pooling_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = pooling_thread();
        float *const z = z_all + thread*256*8;
        float *const a = a_all + thread*256*8;
        float *const q = q_all + thread*256;
        float *const z_sum = z_sum_all + thread*256;
        float *const q_bar = q_bar_all + thread*256;
        float *const a_bar = a_bar_all + thread*256*8;
        float *const z_bar = z_bar_all + thread*256*8;
        int32_t *const q_win = q_win_all + thread*256;
        float *const x_block = x_block_all + thread*256*8;
        float *const w_bar_share = w_bar_share_all + thread*3;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_share = 0    pooling.bp:9 */
        float L_share = 0.0f;
        /* b_bar_share = 0    pooling.bp:4 */
        float b_bar_share = 0.0f;
        /* w_bar_share[i] = 0    pooling.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 3; i++) {
            w_bar_share[i] = 0.0f;
        }
        float L_share_lost = 0.0f;
        float b_bar_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_share_part = 0.0f;
            float b_bar_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            for (int64_t j = 0; j < 8; j++) {
                for (int64_t i = i0; i < i1; i++) {
                    x_block[256*j + (i - i0)] = x[8*i + j];
                }
            }
            /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
            for (int64_t u = 0; u < 8; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    z_sum[i - i0] = 0.0f;
                }
                for (int64_t p = 0; p < 3; p++) {
                    const float w_p = w[p];
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        z_sum[i - i0] += w_p*(u + p - 1 >= 0 && u + p - 1 < 8 ? x_block[256*(u + p - 1) + (i - i0)] : 0.0f);
                    }
                }
                /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    z[256*u + (i - i0)] = z_sum[i - i0] + b;
                    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
                    a[256*u + (i - i0)] = bp_selectf(z[256*u + (i - i0)] < 0.0f, 0.0f, z[256*u + (i - i0)]);
                }
            }
            /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
            for (int64_t u = 0; u < 4; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    q[i - i0] = -INFINITY;
                    /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
                    q_win[i - i0] = (int32_t)(0);
                }
                /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
                for (int64_t p = 0; p < 2; p++) {
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
                        q_win[i - i0] = (int32_t)(a[256*(2*u + p) + (i - i0)] <= q[i - i0] || q[i - i0] != q[i - i0] ? (int64_t)q_win[i - i0] : p);
                        /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
                        const float v = a[256*(2*u + p) + (i - i0)];
                        if (v > q[i - i0] || v != v) q[i - i0] = v;
                    }
                }
                /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
                #pragma omp simd reduction(+: L_share_part)
                for (int64_t i = i0; i < i1; i++) {
                    L_share_part += q[i - i0]*q[i - i0];
                    /* q_bar[i,u] = 2*q[i,u]    pooling.bp:9 */
                    q_bar[i - i0] = 2.0f*q[i - i0];
                }
                /* a_bar[i,2*u + p] += q_bar[i,u], u in 0..4, p in 0..2 where p == q_win[i,u]    pooling.bp:8 */
                for (int64_t p = 0; p < 2; p++) {
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        a_bar[256*(2*u + p) + (i - i0)] = bp_selectf(p == (int64_t)q_win[i - i0], q_bar[i - i0], 0.0f);
                    }
                }
            }
            /* z_bar[i,u] = if z[i,u] > 0 then a_bar[i,u] else 0    pooling.bp:7 */
            for (int64_t u = 0; u < 8; u++) {
                #pragma omp simd reduction(+: b_bar_share_part)
                for (int64_t i = i0; i < i1; i++) {
                    z_bar[256*u + (i - i0)] = bp_selectf(z[256*u + (i - i0)] > 0.0f, a_bar[256*u + (i - i0)], 0.0f);
                    /* b_bar = sum[i,u](z_bar[i,u])    pooling.bp:6 */
                    b_bar_share_part += z_bar[256*u + (i - i0)];
                }
            }
            /* w_bar[p] = sum[i,u](z_bar[i,u]*x[i,u + p - 1 | 0])    pooling.bp:6 */
            for (int64_t p = 0; p < 3; p++) {
                float w_bar_share_acc = 0.0f;
                for (int64_t u = 0; u < 8; u++) {
                    #pragma omp simd reduction(+: w_bar_share_acc)
                    for (int64_t i = i0; i < i1; i++) {
                        w_bar_share_acc += z_bar[256*u + (i - i0)]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x_block[256*(u + p - 1) + (i - i0)] : 0.0f);
                    }
                }
                w_bar_share[p] += w_bar_share_acc;
            }
            const float L_share_next = L_share_part - L_share_lost;
            const float L_share_total = L_share + L_share_next;
            L_share_lost = L_share_total - L_share - L_share_next;
            L_share = L_share_total;
            const float b_bar_share_next = b_bar_share_part - b_bar_share_lost;
            const float b_bar_share_total = b_bar_share + b_bar_share_next;
            b_bar_share_lost = b_bar_share_total - b_bar_share - b_bar_share_next;
            b_bar_share = b_bar_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L += L_share;
            b_bar[0] += b_bar_share;
            #pragma omp simd
            for (int64_t i = 0; i < 3; i++) {
                w_bar[i] += w_bar_share[i];
            }
        }
    }
    out->L = L;
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
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const a_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const q = pooling_take(&block, m*4, sizeof(float));
    float *const z_sum_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    int32_t *const q_win = pooling_take(&block, m*4, sizeof(int32_t));
    float *const x_block_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));

    /* L = 0    pooling.bp:9 */
    float L = 0.0f;
    const int64_t i_each = 256*((m + 2047)/2048) <= 768 ? 768 : 256*((m + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(pooling_threads()) if(m > i_each)
    for (int64_t i_from = 0; i_from < m; i_from += i_each) {
        const int64_t thread = pooling_thread();
        float *const a = a_all + thread*256*8;
        float *const z_sum = z_sum_all + thread*256;
        float *const x_block = x_block_all + thread*256*8;
        const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
        /* L_share = 0    pooling.bp:9 */
        float L_share = 0.0f;
        float L_share_lost = 0.0f;
        for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
            float L_share_part = 0.0f;
            const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
            for (int64_t j = 0; j < 8; j++) {
                for (int64_t i = i0; i < i1; i++) {
                    x_block[256*j + (i - i0)] = x[8*i + j];
                }
            }
            /* z_sum[i,u] = sum[p](w[p]*x[i,u + p - 1 | 0])    pooling.bp:6 */
            for (int64_t u = 0; u < 8; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    z_sum[i - i0] = 0.0f;
                }
                for (int64_t p = 0; p < 3; p++) {
                    const float w_p = w[p];
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        z_sum[i - i0] += w_p*(u + p - 1 >= 0 && u + p - 1 < 8 ? x_block[256*(u + p - 1) + (i - i0)] : 0.0f);
                    }
                }
                /* z[i,u] = z_sum[i,u] + b    pooling.bp:6 */
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    z[8*i + u] = z_sum[i - i0] + b;
                    /* a[i,u] = relu(z[i,u])    pooling.bp:7 */
                    a[256*u + (i - i0)] = bp_selectf(z[8*i + u] < 0.0f, 0.0f, z[8*i + u]);
                }
            }
            /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
            for (int64_t u = 0; u < 4; u++) {
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    q[4*i + u] = -INFINITY;
                    /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
                    q_win[4*i + u] = (int32_t)(0);
                }
                /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
                for (int64_t p = 0; p < 2; p++) {
                    #pragma omp simd
                    for (int64_t i = i0; i < i1; i++) {
                        /* q_win[i,u] = min[p where a[i,2*u + p] == q[i,u] or a[i,2*u + p] != a[i,2*u + p]](p)    pooling.bp:8 */
                        q_win[4*i + u] = (int32_t)(a[256*(2*u + p) + (i - i0)] <= q[4*i + u] || q[4*i + u] != q[4*i + u] ? (int64_t)q_win[4*i + u] : p);
                        /* q[i,u] = max[p](a[i,2*u + p])    pooling.bp:8 */
                        const float v = a[256*(2*u + p) + (i - i0)];
                        if (v > q[4*i + u] || v != v) q[4*i + u] = v;
                    }
                }
            }
            /* L = sum[i,u](q[i,u]*q[i,u])    pooling.bp:9 */
            for (int64_t i = i0; i < i1; i++) {
                #pragma omp simd reduction(+: L_share_part)
                for (int64_t u = 0; u < 4; u++) {
                    L_share_part += q[4*i + u]*q[4*i + u];
                }
            }
            const float L_share_next = L_share_part - L_share_lost;
            const float L_share_total = L_share + L_share_next;
            L_share_lost = L_share_total - L_share - L_share_next;
            L_share = L_share_total;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            L += L_share;
        }
    }
    out->L = L;
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
    float *const z = pooling_take(&block, m*8, sizeof(float));
    float *const a_bar_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const q = pooling_take(&block, m*4, sizeof(float));
    float *const q_bar_all = pooling_take(&block, POOLING_THREADS*256, sizeof(float));
    int32_t *const q_win = pooling_take(&block, m*4, sizeof(int32_t));
    float *const z_bar_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const slot7 = pooling_take(&block, 1, sizeof(float));
    float *const b_bar = grads->b ? grads->b : slot7;
    float *const slot8 = pooling_take(&block, 3, sizeof(float));
    float *const w_bar = grads->w ? grads->w : slot8;
    float *const x_block_all = pooling_take(&block, POOLING_THREADS*256*8, sizeof(float));
    float *const w_bar_share_all = pooling_take(&block, POOLING_THREADS*3, sizeof(float));

    if (grads->b) {
        /* b_bar = 0    pooling.bp:4 */
        b_bar[0] = 0.0f;
    }
    if (grads->w) {
        /* w_bar[i] = 0    pooling.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 3; i++) {
            w_bar[i] = 0.0f;
        }
    }
    if (grads->w || grads->b) {
        const int64_t i_each = 256*((m + 2047)/2048) <= 768 ? 768 : 256*((m + 2047)/2048);
        #pragma omp parallel for ordered schedule(static, 1) num_threads(pooling_threads()) if(m > i_each)
        for (int64_t i_from = 0; i_from < m; i_from += i_each) {
            const int64_t thread = pooling_thread();
            float *const q_bar = q_bar_all + thread*256;
            float *const a_bar = a_bar_all + thread*256*8;
            float *const z_bar = z_bar_all + thread*256*8;
            float *const x_block = x_block_all + thread*256*8;
            float *const w_bar_share = w_bar_share_all + thread*3;
            const int64_t i_to = m >= i_from + i_each ? i_from + i_each : m;
            /* b_bar_share = 0    pooling.bp:4 */
            float b_bar_share = 0.0f;
            /* w_bar_share[i] = 0    pooling.bp:4 */
            #pragma omp simd
            for (int64_t i = 0; i < 3; i++) {
                w_bar_share[i] = 0.0f;
            }
            float b_bar_share_lost = 0.0f;
            for (int64_t i0 = i_from; i0 < i_to; i0 += 256) {
                float b_bar_share_part = 0.0f;
                const int64_t i1 = i_to >= i0 + 256 ? i0 + 256 : i_to;
                for (int64_t u = 0; u < 4; u++) {
                    for (int64_t i = i0; i < i1; i++) {
                        const float q_block = q[4*i + u];
                        /* q_bar[i,u] = 2*q[i,u]    pooling.bp:9 */
                        q_bar[i - i0] = 2.0f*q_block;
                    }
                    /* a_bar[i,2*u + p] += q_bar[i,u], u in 0..4, p in 0..2 where p == q_win[i,u]    pooling.bp:8 */
                    for (int64_t p = 0; p < 2; p++) {
                        #pragma omp simd
                        for (int64_t i = i0; i < i1; i++) {
                            a_bar[256*(2*u + p) + (i - i0)] = bp_selectf(p == (int64_t)q_win[4*i + u], q_bar[i - i0], 0.0f);
                        }
                    }
                }
                for (int64_t u = 0; u < 8; u++) {
                    for (int64_t i = i0; i < i1; i++) {
                        const float z_block = z[8*i + u];
                        x_block[256*u + (i - i0)] = x[8*i + u];
                        /* z_bar[i,u] = if z[i,u] > 0 then a_bar[i,u] else 0    pooling.bp:7 */
                        z_bar[256*u + (i - i0)] = z_block > 0.0f ? a_bar[256*u + (i - i0)] : 0.0f;
                        /* b_bar = sum[i,u](z_bar[i,u])    pooling.bp:6 */
                        b_bar_share_part += z_bar[256*u + (i - i0)];
                    }
                }
                /* w_bar[p] = sum[i,u](z_bar[i,u]*x[i,u + p - 1 | 0])    pooling.bp:6 */
                for (int64_t p = 0; p < 3; p++) {
                    float w_bar_share_acc = 0.0f;
                    for (int64_t u = 0; u < 8; u++) {
                        #pragma omp simd reduction(+: w_bar_share_acc)
                        for (int64_t i = i0; i < i1; i++) {
                            w_bar_share_acc += z_bar[256*u + (i - i0)]*(u + p - 1 >= 0 && u + p - 1 < 8 ? x_block[256*(u + p - 1) + (i - i0)] : 0.0f);
                        }
                    }
                    w_bar_share[p] += w_bar_share_acc;
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
                for (int64_t i = 0; i < 3; i++) {
                    w_bar[i] += w_bar_share[i];
                }
            }
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
