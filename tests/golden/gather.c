/* Made by bpc from gather.bp; belongs to whoever made it.
 *
 *     bpc gather.bp -O2
 *
 * gather_predict          the outputs, with training = 0
 * gather_gradient         the outputs and the gradient, in one pass
 * gather_forward          the outputs; leaves in the workspace what backward needs
 * gather_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
 * Long sums are added in parts (x_part), and what is lost in joining them is carried on (x_lost).
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

/* With -fopenmp, long loops are shared out to threads; results do not depend on how many there are. */
#ifdef _OPENMP
#include <omp.h>
enum { GATHER_THREADS = 8 };
#define gather_threads() (omp_get_max_threads() < GATHER_THREADS ? omp_get_max_threads() : GATHER_THREADS)
#define gather_thread() omp_get_thread_num()
#else
enum { GATHER_THREADS = 1 };
#define gather_threads() 1
#define gather_thread() 0
#endif

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
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)6*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)3*(double)GATHER_THREADS + 64.0;
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float)*(double)6*(double)3*(double)GATHER_THREADS + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)3 + 64.0;
    bytes += (double)sizeof(float) + 64.0;
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
    float *const m = gather_take(&block, 3, sizeof(float));

    /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        float m_sum = 0.0f;
        float m_sum_lost = 0.0f;
        const int64_t block_2_end = (T + 127)/128;
        for (int64_t block_2 = 0; block_2 < block_2_end; block_2++) {
            float m_sum_part = 0.0f;
            const int64_t t_end = T >= 128*block_2 + 128 ? 128*block_2 + 128 : T;
            #pragma omp simd reduction(+: m_sum_part)
            for (int64_t t = 128*block_2; t < t_end; t++) {
                m_sum_part += E[3*(int64_t)tok[t] + k];
            }
            const float m_sum_next = m_sum_part - m_sum_lost;
            const float m_sum_total = m_sum + m_sum_next;
            m_sum_lost = m_sum_total - m_sum - m_sum_next;
            m_sum = m_sum_total;
        }
        /* m[k] = m_sum[k]/T    gather.bp:7 */
        m[k] = m_sum/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    float L_sum = 0.0f;
    #pragma omp simd reduction(+: L_sum)
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
    float *const slot1 = gather_take(&block, 3, sizeof(float));
    float *const m_sum = slot1;
    float *const m_sum_bar = slot1;
    float *const slot2 = gather_take(&block, 6*3, sizeof(float));
    float *const E_bar = grads->E ? grads->E : slot2;
    float *const m_sum_share_all = gather_take(&block, GATHER_THREADS*3, sizeof(float));
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const E_bar_share_all = gather_take(&block, GATHER_THREADS*6*3, sizeof(float));
    float *const w_bar = grads->w;

    float L_sum_bar = 0;
    /* m_sum[k] = 0    gather.bp:7 */
    #pragma omp simd
    for (int64_t k = 0; k < 3; k++) {
        m_sum[k] = 0.0f;
    }
    const int64_t t_each = 256*((T + 2047)/2048) <= 16128 ? 16128 : 256*((T + 2047)/2048);
    #pragma omp parallel for ordered schedule(static, 1) num_threads(gather_threads()) if(T > t_each)
    for (int64_t t_from = 0; t_from < T; t_from += t_each) {
        const int64_t thread = gather_thread();
        float *const m_sum_share = m_sum_share_all + thread*3;
        const int64_t t_to = T >= t_from + t_each ? t_from + t_each : T;
        /* m_sum_share[i] = 0    gather.bp:7 */
        #pragma omp simd
        for (int64_t i = 0; i < 3; i++) {
            m_sum_share[i] = 0.0f;
        }
        for (int64_t t0 = t_from; t0 < t_to; t0 += 256) {
            const int64_t t1 = t_to >= t0 + 256 ? t0 + 256 : t_to;
            /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
            float m_sum_share_acc = 0.0f;
            float m_sum_share_acc_2 = 0.0f;
            float m_sum_share_acc_3 = 0.0f;
            #pragma omp simd reduction(+: m_sum_share_acc, m_sum_share_acc_2, m_sum_share_acc_3)
            for (int64_t t = t0; t < t1; t++) {
                m_sum_share_acc += E[3*(int64_t)tok[t]];
                m_sum_share_acc_2 += E[3*(int64_t)tok[t] + 1];
                m_sum_share_acc_3 += E[3*(int64_t)tok[t] + 2];
            }
            m_sum_share[2] += m_sum_share_acc_3;
            m_sum_share[1] += m_sum_share_acc_2;
            m_sum_share[0] += m_sum_share_acc;
        }
        #pragma omp ordered
        { /* what the share sums, behind those before it */
            #pragma omp simd
            for (int64_t k = 0; k < 3; k++) {
                m_sum[k] += m_sum_share[k];
            }
        }
    }
    /* m[k] = m_sum[k]/T    gather.bp:7 */
    #pragma omp simd
    for (int64_t k = 0; k < 3; k++) {
        m[k] = m_sum[k]/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    float L_sum = 0.0f;
    #pragma omp simd reduction(+: L_sum)
    for (int64_t k = 0; k < 3; k++) {
        L_sum += w[k]*m[k];
    }
    /* L = (L_sum - y)*(L_sum - y)    gather.bp:8 */
    const float t1_3 = L_sum - y;
    const float L = t1_3*t1_3;
    if (grads->E || grads->w) {
        /* L_sum_bar = 2*(L_sum - y)    gather.bp:8 */
        L_sum_bar = 2.0f*(L_sum - y);
    }
    if (grads->E) {
        /* m_bar[k] = L_sum_bar*w[k]    gather.bp:8 */
        #pragma omp simd
        for (int64_t k = 0; k < 3; k++) {
            const float m_bar = L_sum_bar*w[k];
            /* m_sum_bar[k] = m_bar[k]/T    gather.bp:7 */
            m_sum_bar[k] = m_bar/(float)T;
        }
    }
    if (grads->w) {
        /* w_bar[k] = L_sum_bar*m[k]    gather.bp:8 */
        #pragma omp simd
        for (int64_t k = 0; k < 3; k++) {
            w_bar[k] = L_sum_bar*m[k];
        }
    }
    if (grads->E) {
        /* E_bar[i,j] = 0    gather.bp:5 */
        for (int64_t i = 0; i < 6; i++) {
            #pragma omp simd
            for (int64_t j = 0; j < 3; j++) {
                E_bar[3*i + j] = 0.0f;
            }
        }
        const int64_t t_each_2 = 256*((T + 2047)/2048) <= 21248 ? 21248 : 256*((T + 2047)/2048);
        #pragma omp parallel for ordered schedule(static, 1) num_threads(gather_threads()) if(T > t_each_2)
        for (int64_t t_from = 0; t_from < T; t_from += t_each_2) {
            const int64_t thread = gather_thread();
            float *const E_bar_share = E_bar_share_all + thread*6*3;
            const int64_t t_to_2 = T >= t_from + t_each_2 ? t_from + t_each_2 : T;
            /* E_bar_share[i,j] = 0    gather.bp:5 */
            for (int64_t i = 0; i < 6; i++) {
                #pragma omp simd
                for (int64_t j = 0; j < 3; j++) {
                    E_bar_share[3*i + j] = 0.0f;
                }
            }
            for (int64_t t0 = t_from; t0 < t_to_2; t0 += 256) {
                const int64_t t1_2 = t_to_2 >= t0 + 256 ? t0 + 256 : t_to_2;
                /* E_bar[tok[t],k] += m_sum_bar[k], t in 0..T    gather.bp:7 */
                for (int64_t k = 0; k < 3; k++) {
                    for (int64_t t = t0; t < t1_2; t++) {
                        E_bar_share[3*(int64_t)tok[t] + k] += m_sum_bar[k];
                    }
                }
            }
            #pragma omp ordered
            { /* what the share sums, behind those before it */
                for (int64_t i = 0; i < 6; i++) {
                    #pragma omp simd
                    for (int64_t j = 0; j < 3; j++) {
                        E_bar[3*i + j] += E_bar_share[3*i + j];
                    }
                }
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
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const L_sum = gather_take(&block, 1, sizeof(float));

    /* m_sum[k] = sum[t](E[tok[t],k])    gather.bp:7 */
    for (int64_t k = 0; k < 3; k++) {
        float m_sum = 0.0f;
        float m_sum_lost = 0.0f;
        const int64_t block_2_end = (T + 127)/128;
        for (int64_t block_2 = 0; block_2 < block_2_end; block_2++) {
            float m_sum_part = 0.0f;
            const int64_t t_end = T >= 128*block_2 + 128 ? 128*block_2 + 128 : T;
            #pragma omp simd reduction(+: m_sum_part)
            for (int64_t t = 128*block_2; t < t_end; t++) {
                m_sum_part += E[3*(int64_t)tok[t] + k];
            }
            const float m_sum_next = m_sum_part - m_sum_lost;
            const float m_sum_total = m_sum + m_sum_next;
            m_sum_lost = m_sum_total - m_sum - m_sum_next;
            m_sum = m_sum_total;
        }
        /* m[k] = m_sum[k]/T    gather.bp:7 */
        m[k] = m_sum/(float)T;
    }
    /* L_sum = sum[k](w[k]*m[k])    gather.bp:8 */
    float L_sum_acc = 0.0f;
    #pragma omp simd reduction(+: L_sum_acc)
    for (int64_t k = 0; k < 3; k++) {
        L_sum_acc += w[k]*m[k];
    }
    L_sum[0] = L_sum_acc;
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
    float *const m = gather_take(&block, 3, sizeof(float));
    float *const L_sum = gather_take(&block, 1, sizeof(float));
    float *const m_sum_bar = gather_take(&block, 3, sizeof(float));
    float *const w_bar = grads->w;
    float *const E_bar = grads->E;

    float L_sum_bar = 0;
    if (grads->E || grads->w) {
        /* L_sum_bar = 2*(L_sum - y)    gather.bp:8 */
        L_sum_bar = 2.0f*(L_sum[0] - y);
    }
    if (grads->E) {
        /* m_bar[k] = L_sum_bar*w[k]    gather.bp:8 */
        #pragma omp simd
        for (int64_t k = 0; k < 3; k++) {
            const float m_bar = L_sum_bar*w[k];
            /* m_sum_bar[k] = m_bar[k]/T    gather.bp:7 */
            m_sum_bar[k] = m_bar/(float)T;
        }
    }
    if (grads->w) {
        /* w_bar[k] = L_sum_bar*m[k]    gather.bp:8 */
        #pragma omp simd
        for (int64_t k = 0; k < 3; k++) {
            w_bar[k] = L_sum_bar*m[k];
        }
    }
    if (grads->E) {
        /* E_bar[i,j] = 0    gather.bp:5 */
        for (int64_t i = 0; i < 6; i++) {
            #pragma omp simd
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
