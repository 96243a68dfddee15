/* The negative log-likelihood of a mixture of 25 Gaussians in 10 dimensions, by hand. */
#include "gmm.h"

enum { D = 10, K = 25, BELOW = D*(D - 1)/2 };

double expert(const expert_call *c) {
    Mixture *g = c->scratch;
    const double *alpha = c->params, *mu = alpha + K, *q = mu + K*D, *l = q + K*D, m = (double)c->dims[0];
    double softmax[K];
    const double norm = weights_of(alpha, K, softmax);
    g->d = D;
    g->K = K;
    for (int k = 0; k < K; k++) {
        g->weight[k] = alpha[k];
        for (int i = 0; i < D; i++) {
            g->weight[k] += q[k*D + i];
            g->Q[k][i][i] = exp(q[k*D + i]);
            for (int j = 0; j < i; j++) g->Q[k][i][j] = l[k*BELOW + i*(i - 1)/2 + j];
        }
    }
    const double value = m*norm - mixture(g, c->input[0], mu, c->dims[0], c->grads != NULL);
    if (!c->grads) return value;
    double *d_alpha = c->grads, *d_mu = d_alpha + K, *dq = d_mu + K*D, *dl = dq + K*D;
    for (int k = 0; k < K; k++) {
        d_alpha[k] = m*softmax[k] - g->r[k];
        by_mu(g, k, -1, d_mu);
        for (int i = 0; i < D; i++) {
            dq[k*D + i] = -g->r[k] - by_Q(g, mu, k, i, i)*g->Q[k][i][i];
            for (int j = 0; j < i; j++) dl[k*BELOW + i*(i - 1)/2 + j] = -by_Q(g, mu, k, i, j);
        }
    }
    return value;
}
