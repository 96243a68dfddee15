/* gmm.h - mixtures of Gaussians, by hand: what gmm.c and adbench_gmm.c share, whose parameters lie differently.
 *
 *     s[k] = weight[k] - |Q[k] (x - mu[k])|^2 / 2        of a point x; Q lower triangular
 *
 * Points go through in blocks, transposed, so that they fill the lanes. With r = softmax(s) and z = Q x - Q mu the sums over points
 * that the gradient needs are sum r, R = sum r z and G = sum r z x'; all else follows from them once for all points:
 * dQ = -(G - R mu'), dmu = Q' R. Needs two products of half a square of d a point and component, and those sums another two. */
#include "expert.h"
#include "lanes.h"

enum { LANES = 8, BLOCK = 128, WIDEST = 32, MOST = 32 };
typedef double vector __attribute__((vector_size(64)));

typedef struct {
    int d, K;
    double weight[MOST], Q[MOST][WIDEST][WIDEST], shift[MOST][WIDEST];               /* shift = Q mu */
    double r[MOST], R[MOST][WIDEST], G[MOST][WIDEST][WIDEST];                        /* the sums */
    vector x[WIDEST][BLOCK/LANES], z[WIDEST][BLOCK/LANES], s[MOST][BLOCK/LANES], top[BLOCK/LANES], sum[BLOCK/LANES];
} Mixture;

size_t expert_scratch(const bp_model *model, const int64_t *dims) { (void)model, (void)dims; return sizeof(Mixture); }

static double total(vector v) {
    double sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

/* z = Q x - Q mu for the block: two rows by four vectors of points stay in registers. */
static void whiten(Mixture *g, int k) {
    for (int i = 0; i < g->d; i += 2)
        for (int n = 0; n < BLOCK/LANES; n += 4) {
            vector a[4], b[4];
            for (int u = 0; u < 4; u++) {
                a[u] = (vector){0} - g->shift[k][i];
                b[u] = (vector){0} - g->shift[k][i + 1];
            }
            for (int j = 0; j < i + 2; j++) {
                const double p = g->Q[k][i][j], q = g->Q[k][i + 1][j];               /* above the diagonal 0 */
                for (int u = 0; u < 4; u++) {
                    a[u] += p*g->x[j][n + u];
                    b[u] += q*g->x[j][n + u];
                }
            }
            for (int u = 0; u < 4; u++) {
                g->z[i][n + u] = a[u];
                g->z[i + 1][n + u] = b[u];
            }
        }
}
/* r, R, G of component k over the block, whose z is there and whose responsibilities are in s[k]. */
static void gather(Mixture *g, int k) {
    vector r = {0};
    for (int n = 0; n < BLOCK/LANES; n++) r += g->s[k][n];
    g->r[k] += total(r);
    for (int i = 0; i < g->d; i++) {
        vector sum = {0};
        for (int n = 0; n < BLOCK/LANES; n++) sum += g->z[i][n] *= g->s[k][n];
        g->R[k][i] += total(sum);
    }
    for (int i = 0; i < g->d; i += 2)
        for (int j = 0; j < i + 2; j += 4) {
            vector a[4] = {{0}}, b[4] = {{0}};
            for (int n = 0; n < BLOCK/LANES; n++)
                for (int u = 0; u < 4; u++) {
                    a[u] += g->z[i][n]*g->x[j + u][n];
                    b[u] += g->z[i + 1][n]*g->x[j + u][n];
                }
            for (int u = 0; u < 4; u++) {
                g->G[k][i][j + u] += total(a[u]);
                g->G[k][i + 1][j + u] += total(b[u]);
            }
        }
}

/* The sum of logsumexp(s) over m points x[m, d]; with `learns` the sums above. d is even. */
static double mixture(Mixture *g, const double *x, const double *mu, int64_t m, int learns) {
    const int d = g->d;
    double value = 0;
    for (int k = 0; k < g->K; k++) {
        for (int i = 0; i < d; i++) {
            g->shift[k][i] = 0;
            for (int j = 0; j <= i; j++) g->shift[k][i] += g->Q[k][i][j]*mu[k*d + j];
        }
        g->r[k] = 0;
        memset(g->R[k], 0, sizeof g->R[k]);
        memset(g->G[k], 0, sizeof g->G[k]);
    }
    for (int64_t first = 0; first < m; first += BLOCK, x += BLOCK*d) {
        const int n_points = m - first < BLOCK ? (int)(m - first) : BLOCK;
        if (n_points < BLOCK) memset(g->x, 0, sizeof g->x);
        for (int n = 0; n < n_points; n++)
            for (int i = 0; i < d; i++) ((double *)g->x[i])[n] = x[n*d + i];
        for (int k = 0; k < g->K; k++) {
            whiten(g, k);
            for (int n = 0; n < BLOCK/LANES; n++) {
                vector square = {0};
                for (int i = 0; i < d; i++) square += g->z[i][n]*g->z[i][n];
                g->s[k][n] = g->weight[k] - 0.5*square;
            }
        }
        double *restrict top = (double *)g->top, *restrict sum = (double *)g->sum;
        for (int n = 0; n < BLOCK; n++) { top[n] = ((double *)g->s[0])[n]; sum[n] = 0; }
        for (int k = 1; k < g->K; k++)
            for (int n = 0; n < BLOCK; n++) top[n] = top[n] > ((double *)g->s[k])[n] ? top[n] : ((double *)g->s[k])[n];
        for (int k = 0; k < g->K; k++) {
            double *restrict s = (double *)g->s[k];
            for (int n = 0; n < BLOCK; n++) {
                s[n] = exp_d(s[n] - top[n]);
                sum[n] += s[n];
            }
        }
        for (int n = 0; n < BLOCK; n++) top[n] += log_d(sum[n]);
        for (int n = 0; n < n_points; n++) value += top[n];
        if (!learns) continue;
        for (int n = 0; n < BLOCK; n++) sum[n] = n < n_points ? 1/sum[n] : 0;
        for (int k = 0; k < g->K; k++) {
            for (int n = 0; n < BLOCK/LANES; n++) g->s[k][n] *= g->sum[n];
            whiten(g, k);
            gather(g, k);
        }
    }
    return value;
}

/* dmu = Q' R, of the sum of logsumexp. */
static void by_mu(const Mixture *g, int k, double sign, double *dmu) {
    for (int j = 0; j < g->d; j++) {
        double sum = 0;
        for (int i = j; i < g->d; i++) sum += g->Q[k][i][j]*g->R[k][i];
        dmu[k*g->d + j] = sign*sum;
    }
}
static double by_Q(const Mixture *g, const double *mu, int k, int i, int j) { return g->R[k][i]*mu[k*g->d + j] - g->G[k][i][j]; }

/* logsumexp(alpha) and its weights. */
static double weights_of(const double *alpha, int K, double *softmax) {
    double top = alpha[0], sum = 0;
    for (int k = 1; k < K; k++) top = alpha[k] > top ? alpha[k] : top;
    for (int k = 0; k < K; k++) sum += softmax[k] = exp(alpha[k] - top);
    for (int k = 0; k < K; k++) softmax[k] /= sum;
    return top + log(sum);
}
