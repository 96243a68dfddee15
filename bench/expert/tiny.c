/* 1-2-1 sigmoids, by hand: one pass, all seven derivatives in registers, examples in the lanes. */
#include "expert.h"
#include "lanes.h"

size_t expert_scratch(const bp_model *model, const int64_t *dims) { (void)model, (void)dims; return 64; }

double expert(const expert_call *c) {
    const float *restrict x = c->input[0], *restrict y = c->input[1], *w = c->params;
    const int64_t m = c->dims[0];
    const float w0 = w[0], w1 = w[1], b0 = w[2], b1 = w[3], v0 = w[4], v1 = w[5], c0 = w[6];
    float loss = 0, g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0;
    if (!c->grads) {
        #pragma omp simd reduction(+: loss)
        for (int64_t i = 0; i < m; i++) {
            const float p = sigmoid_f(v0*sigmoid_f(w0*x[i] + b0) + v1*sigmoid_f(w1*x[i] + b1) + c0), r = p - y[i];
            loss += r*r;
        }
        return loss/(float)m;
    }
    #pragma omp simd reduction(+: loss, g0, g1, g2, g3, g4, g5, g6)
    for (int64_t i = 0; i < m; i++) {
        const float a0 = sigmoid_f(w0*x[i] + b0), a1 = sigmoid_f(w1*x[i] + b1), p = sigmoid_f(v0*a0 + v1*a1 + c0), r = p - y[i];
        const float z = 2*r*p*(1 - p), z0 = z*v0*a0*(1 - a0), z1 = z*v1*a1*(1 - a1);
        loss += r*r;
        g0 += z0*x[i]; g1 += z1*x[i]; g2 += z0; g3 += z1; g4 += z*a0; g5 += z*a1; g6 += z;
    }
    const float g[7] = {g0, g1, g2, g3, g4, g5, g6};
    for (int k = 0; k < 7; k++) ((float *)c->grads)[k] = g[k]/(float)m;
    return loss/(float)m;
}
