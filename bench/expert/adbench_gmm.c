/* ADBench's GMM, by hand: below the diagonal the factors lie column by column, and there is a Wishart prior. gamma is 1 and the
 * degrees of freedom beyond d + 1 are 0, as in ADBench's files. */
#include "gmm.h"

static int place(int d, int i, int j) { return i == j ? i : d + j*(2*d - j - 1)/2 + i - j - 1; }

double expert(const expert_call *c) {
    Mixture *g = c->scratch;
    const bp_tensor *mu_is = bp_find(c->model, "mu");
    const int K = (int)mu_is->axis[0].size, d = (int)mu_is->axis[1].size, row = d*(d + 1)/2;
    const double *alpha = c->params, *mu = alpha + K, *icf = mu + K*d, n = (double)c->dims[0], pi = 3.14159265358979323846;
    double softmax[MOST], prior = 0;
    const double norm = weights_of(alpha, K, softmax);
    g->d = d;
    g->K = K;
    for (int k = 0; k < K; k++) {
        g->weight[k] = alpha[k];
        for (int i = 0; i < d; i++) g->weight[k] += icf[k*row + i];
        for (int i = 0; i < d; i++)
            for (int j = 0; j <= i; j++) {
                const double q = icf[k*row + place(d, i, j)];
                g->Q[k][i][j] = i == j ? exp(q) : q;
                prior += 0.5*g->Q[k][i][j]*g->Q[k][i][j];
            }
    }
    double lgamma_d = d*(d - 1)/4.0*log(pi);
    for (int j = 0; j < d; j++) lgamma_d += lgamma((d + 1 - j)/2.0);
    const double C = -(d + 1)*d*0.5*log(2) - lgamma_d;
    const double value = -n*d/2*log(2*pi) + mixture(g, c->input[0], mu, c->dims[0], c->grads != NULL) - n*norm + prior - K*C;
    if (!c->grads) return value;
    double *d_alpha = c->grads, *d_mu = d_alpha + K, *d_icf = d_mu + K*d;
    for (int k = 0; k < K; k++) {
        d_alpha[k] = g->r[k] - n*softmax[k];
        by_mu(g, k, 1, d_mu);
        for (int i = 0; i < d; i++)
            for (int j = 0; j <= i; j++) {
                const double slope = by_Q(g, mu, k, i, j) + g->Q[k][i][j];           /* of the prior: Q itself */
                d_icf[k*row + place(d, i, j)] = i == j ? slope*g->Q[k][i][i] + g->r[k] : slope;
            }
    }
    return value;
}
