/* Logistic regression on 50 features, by hand: a block of examples is read from memory once, and again from the cache for the gradient. */
#include "expert.h"
#include "lanes.h"

enum { N = 50, BLOCK = 64 };
typedef float vector __attribute__((vector_size(64), aligned(4)));
typedef int lane_numbers __attribute__((vector_size(64)));

size_t expert_scratch(const bp_model *model, const int64_t *dims) { (void)model, (void)dims; return 64; }

/* The sum of the lanes, by halves. */
static inline float across(vector v) {
    v += __builtin_shuffle(v, (lane_numbers){8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7});
    v += __builtin_shuffle(v, (lane_numbers){4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11});
    v += __builtin_shuffle(v, (lane_numbers){2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13});
    return v[0] + v[1];
}
static inline vector at(const float *x) { return *(const vector *)x; }

double expert(const expert_call *c) {
    const float *x = c->input[0], *y = c->input[1], *w = c->params, bias = w[N];
    const int64_t m = c->dims[0];
    vector g0 = {0}, g1 = g0, g2 = g0;
    const vector w0 = at(w), w1 = at(w + 16), w2 = at(w + 32);
    float g48 = 0, g49 = 0, g_bias = 0, z[BLOCK];
    double loss = 0;
    for (int64_t first = 0; first < m; first += BLOCK, x += BLOCK*N, y += BLOCK) {
        const int n = m - first < BLOCK ? (int)(m - first) : BLOCK;
        float sum = 0;
        for (int i = 0; i < n; i++) {
            const float *v = x + i*N;
            z[i] = across(at(v)*w0 + at(v + 16)*w1 + at(v + 32)*w2) + v[48]*w[48] + v[49]*w[49] + bias;
        }
        #pragma omp simd reduction(+: sum)
        for (int i = 0; i < n; i++) {
            const float e = exp_f(-fabsf(z[i])), p = 1/(1 + e);
            sum += most_f(z[i], 0) - z[i]*y[i] + log_f(1 + e);
            z[i] = (z[i] > 0 ? p : 1 - p) - y[i];
        }
        loss += sum;
        if (c->grads)
            for (int i = 0; i < n; i++) {
                const float *v = x + i*N;
                g0 += z[i]*at(v); g1 += z[i]*at(v + 16); g2 += z[i]*at(v + 32);
                g48 += z[i]*v[48]; g49 += z[i]*v[49]; g_bias += z[i];
            }
    }
    if (c->grads) {
        float *g = c->grads;
        for (int j = 0; j < 16; j++) { g[j] = g0[j]/(float)m; g[16 + j] = g1[j]/(float)m; g[32 + j] = g2[j]/(float)m; }
        g[48] = g48/(float)m; g[49] = g49/(float)m; g[N] = g_bias/(float)m;
    }
    return loss/(double)m;
}
