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

/* Fifty numbers as four vectors: the last overlaps the third, and counts in its last two lanes alone. */
static inline vector last(const float *x) {
    const lane_numbers mask = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};
    return (vector)((lane_numbers)at(x + N - 16) & mask);
}

double expert(const expert_call *c) {
    const float *x = c->input[0], *y = c->input[1], *w = c->params, bias = w[N];
    const int64_t m = c->dims[0];
    const vector w0 = at(w), w1 = at(w + 16), w2 = at(w + 32), w3 = last(w);
    vector g[2][4] = {{{0}}};                                /* two sums of each, in turn: half as long a chain */
    float g_bias = 0, z[BLOCK];
    double loss = 0;
    for (int64_t first = 0; first < m; first += BLOCK, x += BLOCK*N, y += BLOCK) {
        const int n = m - first < BLOCK ? (int)(m - first) : BLOCK;
        for (int i = 0; i < n; i++) {
            const float *v = x + i*N;
            z[i] = across(at(v)*w0 + at(v + 16)*w1 + (at(v + 32)*w2 + at(v + N - 16)*w3)) + bias;
        }
        float sum = 0, sum_bias = 0, product = 1;            /* the sum of 64 log(1 + e), 1 + e <= 2, is the log of a product */
        #pragma omp simd reduction(+: sum, sum_bias) reduction(*: product)
        for (int i = 0; i < n; i++) {
            const float e = exp_f(-fabsf(z[i])), p = 1/(1 + e);
            product *= 1 + e;
            sum += most_f(z[i], 0) - z[i]*y[i];
            z[i] = (z[i] > 0 ? p : 1 - p) - y[i];
            sum_bias += z[i];
        }
        loss += sum + log_f(product);
        g_bias += sum_bias;
        if (!c->grads) continue;
        if (n % 2) z[n] = 0;
        for (int i = 0; i < n; i += 2)
            for (int k = 0; k < 2; k++) {
                const float *v = x + (i + k < n ? i + k : i)*N;
                g[k][0] += z[i + k]*at(v);
                g[k][1] += z[i + k]*at(v + 16);
                g[k][2] += z[i + k]*at(v + 32);
                g[k][3] += z[i + k]*at(v + N - 16);
            }
    }
    if (c->grads) {
        float *to = c->grads;
        for (int j = 0; j < N; j++) {
            const int k = j < 48 ? j/16 : 3, lane = j < 48 ? j%16 : j - (N - 16);
            to[j] = (g[0][k][lane] + g[1][k][lane])/(float)m;
        }
        to[N] = g_bias/(float)m;
    }
    return loss/(double)m;
}
