/* The LSTM by hand. Everything is held [units, sequences] a step, so no product transposes weights and the cell is one pass over
 * lanes; what the gradient needs of each step stays, and weights' gradients add up a step at a time. */
#include "expert.h"
#include "lanes.h"
#include "tile.h"

enum { T = 32, D = 32, H = 64, G = 4*H };
typedef struct { float *x, *a, *c, *h, *t, *dh, *dc, *rows; } Room;

static Room room_of(float *at, long m) {
    Room r;
    r.x = at; at += T*D*m;                               /* [T, D, m] */
    r.a = at; at += T*G*m;                               /* [T, G, m]: gates, and then their derivatives */
    r.c = at; at += (T + 1)*H*m;                         /* [T + 1, H, m]: cells, from that before the first step */
    r.h = at; at += (T + 1)*H*m;
    r.t = at; at += T*H*m;                               /* tanh(c) */
    r.dh = at; at += H*m;
    r.dc = at; at += H*m;
    r.rows = at;                                         /* [m, H] */
    return r;
}
size_t expert_scratch(const bp_model *model, const int64_t *dims) {
    (void)model;
    return sizeof(float)*(size_t)dims[0]*(T*D + T*G + 2*(T + 1)*H + T*H + 3*H);
}

static void forward(const Room *r, const float *x, const float *W, const float *U, const float *b, int m) {
    const long cell = (long)H*m;
    memset(r->c, 0, sizeof(float)*(size_t)cell);
    memset(r->h, 0, sizeof(float)*(size_t)cell);
    for (int t = 0; t < T; t++) {
        float *restrict a = r->a + t*G*(long)m;
        transpose(m, D, x + t*D*(long)m, r->x + t*D*(long)m);
        for (int j = 0; j < G; j++)
            for (int i = 0; i < m; i++) a[(long)j*m + i] = b[j];
        product(G, m, D, W, D, 1, r->x + t*D*(long)m, m, a, m, 1);
        if (t) product(G, m, H, U, H, 1, r->h + t*cell, m, a, m, 1);
        const float *restrict before = r->c + t*cell;
        float *restrict c = r->c + (t + 1)*cell, *restrict h = r->h + (t + 1)*cell, *restrict q = r->t + t*cell;
        #pragma omp simd
        for (long i = 0; i < cell; i++) {
            const float in = sigmoid_f(a[i]), forget = sigmoid_f(a[cell + i]), change = tanh_f(a[2*cell + i]), out = sigmoid_f(a[3*cell + i]);
            a[i] = in; a[cell + i] = forget; a[2*cell + i] = change; a[3*cell + i] = out;
            c[i] = forget*before[i] + in*change;
            q[i] = tanh_f(c[i]);
            h[i] = out*q[i];
        }
    }
}

static void backward(const Room *r, const float *x, const float *U, float *dW, float *dU, float *db, int m) {
    const long cell = (long)H*m;
    memset(dW, 0, sizeof(float)*G*D);
    memset(dU, 0, sizeof(float)*G*H);
    memset(db, 0, sizeof(float)*G);
    memset(r->dc, 0, sizeof(float)*(size_t)cell);
    for (int t = T - 1; t >= 0; t--) {
        float *restrict a = r->a + t*G*(long)m, *restrict dc = r->dc;
        const float *restrict before = r->c + t*cell, *restrict q = r->t + t*cell, *restrict dh = r->dh;
        #pragma omp simd
        for (long i = 0; i < cell; i++) {
            const float in = a[i], forget = a[cell + i], change = a[2*cell + i], out = a[3*cell + i];
            const float s = dc[i] + dh[i]*out*(1 - q[i]*q[i]);
            a[i] = s*change*in*(1 - in);
            a[cell + i] = s*before[i]*forget*(1 - forget);
            a[2*cell + i] = s*in*(1 - change*change);
            a[3*cell + i] = dh[i]*q[i]*out*(1 - out);
            dc[i] = s*forget;
        }
        for (int j = 0; j < G; j++) {
            float sum = 0;
            #pragma omp simd reduction(+: sum)
            for (int i = 0; i < m; i++) sum += a[(long)j*m + i];
            db[j] += sum;
        }
        product(G, D, m, a, m, 1, x + t*D*(long)m, D, dW, D, 1);
        if (!t) break;
        transpose(H, m, r->h + t*cell, r->rows);
        product(G, H, m, a, m, 1, r->rows, H, dU, H, 1);
        product(H, m, G, U, 1, H, a, m, r->dh, m, 0);
    }
}

double expert(const expert_call *c) {
    const int m = (int)c->dims[0];
    const Room r = room_of(c->scratch, m);
    const float *x = c->input[0], *y = c->input[1], *W = c->params, *U = W + G*D, *b = U + G*H, *h = r.h + T*(long)H*m;
    forward(&r, x, W, U, b, m);
    const float scale = 2/((float)m*H);
    float loss = 0;
    for (int j = 0; j < H; j++)
        for (int i = 0; i < m; i++) {
            const float off = h[j*(long)m + i] - y[i*H + j];
            loss += off*off;
            r.dh[j*(long)m + i] = scale*off;
        }
    float *dW = c->grads;
    if (dW) backward(&r, x, U, dW, dW + G*D, dW + G*D + G*H, m);
    return loss/((double)m*H);
}
