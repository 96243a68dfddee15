/* ADBench's GMM objective, a loop an equation. */
#include "expert.h"
#include <math.h>

double plain(const expert_call *c) {
    const bp_tensor *mu_is = bp_find(c->model, "mu");
    const int K = (int)mu_is->axis[0].size, d = (int)mu_is->axis[1].size, row = d*(d + 1)/2;
    const double *x = c->input[0], *alpha = c->params, *mu = alpha + K, *icf = mu + K*d, pi = 3.14159265358979323846;
    double value = -(double)c->dims[0]*d/2*log(2*pi), s[64], diagonal[64*64], off[64], weight[64];
    for (int k = 0; k < K; k++) {
        weight[k] = alpha[k];
        for (int i = 0; i < d; i++) {
            weight[k] += icf[k*row + i];
            diagonal[k*d + i] = exp(icf[k*row + i]);
            value += 0.5*diagonal[k*d + i]*diagonal[k*d + i];
        }
        for (int i = d; i < row; i++) value += 0.5*icf[k*row + i]*icf[k*row + i];
    }
    for (int64_t n = 0; n < c->dims[0]; n++, x += d) {
        double top = -INFINITY, sum = 0;
        for (int k = 0; k < K; k++) {
            const double *l = icf + k*row + d;
            double y[64], square = 0;
            for (int i = 0; i < d; i++) off[i] = x[i] - mu[k*d + i];
            for (int i = 0; i < d; i++) y[i] = diagonal[k*d + i]*off[i];
            for (int j = 0; j < d; j++)
                for (int i = j + 1; i < d; i++) y[i] += *l++*off[j];
            for (int i = 0; i < d; i++) square += y[i]*y[i];
            s[k] = weight[k] - 0.5*square;
            top = s[k] > top ? s[k] : top;
        }
        for (int k = 0; k < K; k++) sum += exp(s[k] - top);
        value += top + log(sum);
    }
    double top = -INFINITY, sum = 0, lgamma_d = d*(d - 1)/4.0*log(pi);
    for (int k = 0; k < K; k++) top = alpha[k] > top ? alpha[k] : top;
    for (int k = 0; k < K; k++) sum += exp(alpha[k] - top);
    for (int j = 0; j < d; j++) lgamma_d += lgamma((d + 1 - j)/2.0);
    return value - (double)c->dims[0]*(top + log(sum)) - K*(-(d + 1)*d*0.5*log(2) - lgamma_d);
}
