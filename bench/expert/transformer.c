/* A block of a transformer by hand, a sequence at a time: all of it fits the second level of the cache. Everything is held [features,
 * steps], so weights are never transposed, and norms and softmaxes go along the lanes. */
#include "expert.h"
#include "lanes.h"
#include "tile.h"

enum { T = 64, D = 64, H = 4, K = D/H, F = 256 };
typedef float Steps[T];                                      /* one feature at every step */

/* The parameters in the order of the model; gradients alike. */
typedef struct {
    float g1[D], b1[D], Wq[D][D], bq[D], Wk[D][D], bk[D], Wv[D][D], bv[D], Wo[D][D], bo[D], g2[D], b2[D], W1[F][D], c1[F], W2[D][F], c2[D];
} Weights;

typedef struct {
    Steps x[D], hat1[D], n[D], q[D], k[D], v[D], w[H][T], o[D], z[D], hat2[D], r[D], f[F], a[F], slope[F], p[D];  /* w[h][u][t]: of step t for u */
    Steps dp[D], da[F], dr[D], dout[D], dw[T], dq[D], dk[D], dv[D], dn[D];
    float scale1[T], scale2[T], rows[F*T];
} Room;

size_t expert_scratch(const bp_model *model, const int64_t *dims) { (void)model, (void)dims; return sizeof(Room); }

static void norm(Steps *x, const float *g, const float *b, Steps *hat, float *restrict scale, Steps *y) {
    float mean[T] = {0}, square[T] = {0};
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) mean[t] += x[d][t]*(1.0f/D);
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) square[t] += (x[d][t] - mean[t])*(x[d][t] - mean[t]);
    for (int t = 0; t < T; t++) scale[t] = 1/sqrtf(square[t]*(1.0f/D) + 1e-5f);
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) {
            hat[d][t] = (x[d][t] - mean[t])*scale[t];
            y[d][t] = g[d]*hat[d][t] + b[d];
        }
}
/* y = W x + b, from n to k features. */
static void dense(int k, int n, const float *W, const float *b, const Steps *x, Steps *y) {
    for (int j = 0; j < k; j++)
        for (int t = 0; t < T; t++) y[j][t] = b[j];
    product(k, T, n, W, n, 1, &x[0][0], T, &y[0][0], T, 1);
}
/* w[u][t] of head h: the softmax of q[t]·k[u]/sqrt(K) over u <= t. Sixteen steps u at a time are without the steps t before them. */
static void attend(Room *r, int h) {
    const float scale = 1/sqrtf(K);
    float top[T], sum[T] = {0};
    Steps *w = r->w[h];
    for (int t = 0; t < T; t++) top[t] = -INFINITY;
    for (int u = 0; u < T; u += LANES)
        product(LANES, T - u, K, &r->k[h*K][u], 1, T, &r->q[h*K][u], T, &w[u][u], T, 0);
    for (int u = 0; u < T; u++) {
        for (int t = u; t < T && t % LANES; t++) { w[u][t] *= scale; top[t] = most_f(top[t], w[u][t]); }
        for (int t = (u + LANES - 1)/LANES*LANES; t < T; t++) { w[u][t] *= scale; top[t] = most_f(top[t], w[u][t]); }
    }
    for (int u = 0; u < T; u++) {
        const int block = u/LANES*LANES;
        for (int t = 0; t < block; t++) w[u][t] = 0;
        for (int t = block; t < T; t++) {
            const float e = exp_f(least_f(w[u][t] - top[t], 0));
            w[u][t] = u <= t ? e : 0;
            sum[t] += w[u][t];
        }
    }
    for (int t = 0; t < T; t++) sum[t] = 1/sum[t];
    for (int u = 0; u < T; u++)
        for (int t = u/LANES*LANES; t < T; t++) w[u][t] *= sum[t];
    product(K, T, T, r->v[h*K], T, 1, &w[0][0], T, r->o[h*K], T, 0);
}
/* gelu(x) = x Phi(x) and its derivative Phi(x) + x phi(x). */
static void gelu(Room *r) {
    for (int j = 0; j < F; j++)
        for (int t = 0; t < T; t++) {
            const float x = r->f[j][t], e = exp_f(-0.5f*x*x), Phi = 0.5f + 0.5f*erf_f(x*0.70710678f, e);
            r->a[j][t] = x*Phi;
            r->slope[j][t] = Phi + x*e*0.39894228f;
        }
}
static void forward(Room *r, const Weights *W, const float *x) {
    transpose(T, D, x, r->x[0]);
    norm(r->x, W->g1, W->b1, r->hat1, r->scale1, r->n);
    dense(D, D, W->Wq[0], W->bq, r->n, r->q);
    dense(D, D, W->Wk[0], W->bk, r->n, r->k);
    dense(D, D, W->Wv[0], W->bv, r->n, r->v);
    for (int h = 0; h < H; h++) attend(r, h);
    dense(D, D, W->Wo[0], W->bo, r->o, r->z);
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) r->z[d][t] += r->x[d][t];
    norm(r->z, W->g2, W->b2, r->hat2, r->scale2, r->r);
    dense(F, D, W->W1[0], W->c1, r->r, r->f);
    gelu(r);
    dense(D, F, W->W2[0], W->c2, r->a, r->p);
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) r->p[d][t] += r->z[d][t];
}

/* Of y = W x + b: dW += dy x', db += the sums of dy. */
static void by_weights(Room *r, int k, int n, const Steps *dy, const Steps *x, float *dW, float *db) {
    transpose(n, T, &x[0][0], r->rows);
    product(k, n, T, &dy[0][0], T, 1, r->rows, n, dW, n, 1);
    for (int j = 0; j < k; j++) {
        float sum = 0;
        #pragma omp simd reduction(+: sum)
        for (int t = 0; t < T; t++) sum += dy[j][t];
        db[j] += sum;
    }
}
/* Of y = g hat + b: the sums that dg and db need. */
static void norm_weights(const Steps *dy, const Steps *hat, float *dg, float *db) {
    for (int d = 0; d < D; d++) {
        float sum = 0, with = 0;
        #pragma omp simd reduction(+: sum, with)
        for (int t = 0; t < T; t++) { sum += dy[d][t]; with += dy[d][t]*hat[d][t]; }
        db[d] += sum;
        dg[d] += with;
    }
}
/* dx += scale (g dy - mean(g dy) - hat mean(g dy hat)) */
static void norm_back(const Steps *dy, const float *g, const Steps *hat, const float *scale, Steps *dx) {
    float mean[T] = {0}, with[T] = {0};
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) { mean[t] += g[d]*dy[d][t]*(1.0f/D); with[t] += g[d]*dy[d][t]*hat[d][t]*(1.0f/D); }
    for (int d = 0; d < D; d++)
        for (int t = 0; t < T; t++) dx[d][t] += scale[t]*(g[d]*dy[d][t] - mean[t] - hat[d][t]*with[t]);
}
static void attend_back(Room *r, int h) {
    const float scale = 1/sqrtf(K);
    float sum[T] = {0};
    Steps *w = r->w[h];
    transpose(T, T, w[0], r->rows);
    product(K, T, T, r->dout[h*K], T, 1, r->rows, T, r->dv[h*K], T, 0);
    product(T, T, K, r->v[h*K], 1, T, r->dout[h*K], T, r->dw[0], T, 0);
    for (int u = 0; u < T; u++)
        for (int t = 0; t < T; t++) sum[t] += w[u][t]*r->dw[u][t];
    for (int u = 0; u < T; u++)
        for (int t = 0; t < T; t++) r->dw[u][t] = scale*w[u][t]*(r->dw[u][t] - sum[t]);
    product(K, T, T, r->k[h*K], T, 1, r->dw[0], T, r->dq[h*K], T, 0);
    transpose(T, T, r->dw[0], r->rows);
    product(K, T, T, r->q[h*K], T, 1, r->rows, T, r->dk[h*K], T, 0);
}
static void backward(Room *r, const Weights *W, Weights *d) {
    by_weights(r, D, F, r->dp, r->a, d->W2[0], d->c2);
    product(F, T, D, W->W2[0], 1, F, r->dp[0], T, r->da[0], T, 0);
    for (int j = 0; j < F; j++)
        for (int t = 0; t < T; t++) r->da[j][t] *= r->slope[j][t];
    by_weights(r, F, D, r->da, r->r, d->W1[0], d->c1);
    product(D, T, F, W->W1[0], 1, D, r->da[0], T, r->dr[0], T, 0);
    norm_weights(r->dr, r->hat2, d->g2, d->b2);
    norm_back(r->dr, W->g2, r->hat2, r->scale2, r->dp);      /* from here on dp is the error signal of z */
    by_weights(r, D, D, r->dp, r->o, d->Wo[0], d->bo);
    product(D, T, D, W->Wo[0], 1, D, r->dp[0], T, r->dout[0], T, 0);
    for (int h = 0; h < H; h++) attend_back(r, h);
    by_weights(r, D, D, r->dq, r->n, d->Wq[0], d->bq);
    by_weights(r, D, D, r->dk, r->n, d->Wk[0], d->bk);
    by_weights(r, D, D, r->dv, r->n, d->Wv[0], d->bv);
    product(D, T, D, W->Wq[0], 1, D, r->dq[0], T, r->dn[0], T, 0);
    product(D, T, D, W->Wk[0], 1, D, r->dk[0], T, r->dn[0], T, 1);
    product(D, T, D, W->Wv[0], 1, D, r->dv[0], T, r->dn[0], T, 1);
    norm_weights(r->dn, r->hat1, d->g1, d->b1);
}

double expert(const expert_call *c) {
    Room *r = c->scratch;
    const int64_t m = c->dims[0];
    const float *x = c->input[0], *y = c->input[1], scale = 2/((float)m*T*D);
    double loss = 0;
    if (c->grads) memset(c->grads, 0, sizeof(Weights));
    for (int64_t i = 0; i < m; i++) {
        forward(r, c->params, x + i*T*D);
        transpose(T, D, y + i*T*D, r->dp[0]);
        float sum = 0;
        for (int d = 0; d < D; d++) {
            #pragma omp simd reduction(+: sum)
            for (int t = 0; t < T; t++) {
                const float off = r->p[d][t] - r->dp[d][t];
                sum += off*off;
                r->dp[d][t] = scale*off;
            }
        }
        loss += sum;
        if (c->grads) backward(r, c->params, c->grads);
    }
    return loss/((double)m*T*D);
}
