/* net.h - layers of W x + b with an activation between them: what small.c, mlp.c and deep.c share.
 *
 * Takes ACTIVATION(z), SLOPE(a) (its derivative by its value) and CROSS_ENTROPY (else the mean squared error). Activations are held
 * [units, examples]: then neither direction has to transpose the weights, which are larger than they. Below four examples
 * they are held [examples, units], and every row of weights is read once for all of them. */
#include "expert.h"
#include "lanes.h"
#include "tile.h"

enum { LAYERS = 32, FEW = 4 };
typedef struct {
    int n, k;                                                /* from n to k units */
    const float *W, *b;
    float *dW, *db;
    const float *x;                                          /* what it reads */
    float *a;                                                /* what it makes */
} Layer;
typedef struct { int m, n_layers, widest; Layer layer[LAYERS]; } Net;

/* The layers follow from the shapes of the parameters: pairs of W[k, n], b[k], or W[layers, k, n], b[layers, k]. */
static Net net_of(const bp_model *model, const int64_t *dims, const float *params, float *grads) {
    Net net = {(int)dims[0], 0, 0, {{0}}};
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        const bp_tensor *t = &model->tensors[i];
        if (t->role != BP_PARAM || t->rank < (model->tensors[i + 1].rank == 2 ? 3u : 2u)) continue;
        const bp_tensor *b = t + 1;
        const int layers = t->rank == 3 ? (int)t->axis[0].size : 1;
        const int k = (int)t->axis[t->rank - 2].size, n = (int)t->axis[t->rank - 1].size;
        if (b->rank + 1 != t->rank) continue;
        for (int l = 0; l < layers; l++) {
            const size_t w_at = t->block_offset + (size_t)l*k*n, b_at = b->block_offset + (size_t)l*k;
            net.layer[net.n_layers++] = (Layer){n, k, params + w_at, params + b_at, grads ? grads + w_at : 0, grads ? grads + b_at : 0, 0, 0};
        }
        if (n > net.widest) net.widest = n;
        if (k > net.widest) net.widest = k;
    }
    return net;
}

size_t expert_scratch(const bp_model *model, const int64_t *dims) {
    const Net net = net_of(model, dims, 0, 0);
    return sizeof(float)*(size_t)(net.n_layers + 5)*net.widest*(net.m + LANES);
}

/* The loss of the scores z[i*row + j*column], and its derivative in place. */
static double loss_of(int m, int k, float *restrict z, int row, int column, const void *wanted) {
    double loss = 0;
#ifdef CROSS_ENTROPY
    const int32_t *y = wanted;
    float top[LANES], sum[LANES];
    for (int i0 = 0; i0 < m; i0 += LANES) {
        const int w = m - i0 < LANES ? m - i0 : LANES;
        float *at = z + (long)i0*row;
        for (int i = 0; i < w; i++) { top[i] = at[i*row]; sum[i] = 0; }
        for (int j = 1; j < k; j++)
            for (int i = 0; i < w; i++) top[i] = most_f(top[i], at[i*row + j*column]);
        for (int i = 0; i < w; i++) loss -= at[i*row + y[i0 + i]*column] - top[i];
        for (int j = 0; j < k; j++)
            for (int i = 0; i < w; i++) sum[i] += at[i*row + j*column] = exp_f(at[i*row + j*column] - top[i]);
        for (int i = 0; i < w; i++) { top[i] = log_f(sum[i]); sum[i] = 1/(sum[i]*(float)m); }
        for (int i = 0; i < w; i++) loss += top[i];
        for (int j = 0; j < k; j++)
            for (int i = 0; i < w; i++) at[i*row + j*column] *= sum[i];
        for (int i = 0; i < w; i++) at[i*row + y[i0 + i]*column] -= 1/(float)m;
    }
    return loss/m;
#else
    const float *y = wanted, scale = 2/((float)m*(float)k);
    for (int j = 0; j < k; j++) {
        float sum = 0;
        for (int i = 0; i < m; i++) {
            const float r = z[(long)i*row + j*column] - y[(long)i*k + j];
            sum += r*r;
            z[(long)i*row + j*column] = scale*r;
        }
        loss += sum;
    }
    return loss/((double)m*k);
#endif
}

static double many(const expert_call *c) {
    Net net = net_of(c->model, c->dims, c->params, c->grads);
    const int m = net.m, last = net.n_layers - 1;
    const size_t size = (size_t)net.widest*(m + LANES);
    float *room = c->scratch, *d = room + size, *d_next = d + size, *x = d_next + size, *rows = room;
    transpose(m, net.layer[0].n, c->input[0], x);
    for (int l = 0; l <= last; l++) {
        Layer *f = &net.layer[l];
        f->x = l ? f[-1].a : x;
        f->a = x + (l + 1)*size;
        product(f->k, m, f->n, f->W, f->n, 1, f->x, m, f->a, m, 0);
        for (int j = 0; j < f->k; j++) {
            float *restrict a = f->a + (long)j*m;
            const float b = f->b[j];
            if (l < last) for (int i = 0; i < m; i++) a[i] = ACTIVATION(a[i] + b);
            else for (int i = 0; i < m; i++) a[i] += b;
        }
    }
    const double loss = loss_of(m, net.layer[last].k, net.layer[last].a, 1, m, c->input[1]);
    if (!c->grads) return loss;
    float *z = net.layer[last].a;
    for (int l = last; l >= 0; l--) {
        const Layer *f = &net.layer[l];
        for (int j = 0; j < f->k; j++) {
            float sum = 0;
            #pragma omp simd reduction(+: sum)
            for (int i = 0; i < m; i++) sum += z[(long)j*m + i];
            f->db[j] = sum;
        }
        if (l) transpose(f->n, m, f->x, rows);
        product(f->k, f->n, m, z, m, 1, l ? rows : c->input[0], f->n, f->dW, f->n, 0);
        if (!l) break;
        product(f->n, m, f->k, f->W, 1, f->n, z, m, d, m, 0);
        const float *restrict a = f->x;
        for (long i = 0; i < (long)f->n*m; i++) d[i] *= SLOPE(a[i]);
        z = d;
        d = d_next;
        d_next = z;
    }
    return loss;
}

static double few(const expert_call *c) {
    Net net = net_of(c->model, c->dims, c->params, c->grads);
    const int m = net.m, last = net.n_layers - 1;
    const size_t size = (size_t)net.widest*(m + LANES);
    float *d = c->scratch, *d_next = d + size, *room = d_next + size;
    for (int l = 0; l <= last; l++) {
        Layer *f = &net.layer[l];
        f->x = l ? f[-1].a : c->input[0];
        f->a = room + l*size;
        for (int j = 0; j < f->k; j++)
            for (int i = 0; i < m; i++) {
                const float *w = f->W + (long)j*f->n, *x = f->x + (long)i*f->n;
                float sum = f->b[j];
                #pragma omp simd reduction(+: sum)
                for (int k = 0; k < f->n; k++) sum += w[k]*x[k];
                f->a[(long)i*f->k + j] = sum;
            }
        if (l < last) for (long i = 0; i < (long)m*f->k; i++) f->a[i] = ACTIVATION(f->a[i]);
    }
    const double loss = loss_of(m, net.layer[last].k, net.layer[last].a, net.layer[last].k, 1, c->input[1]);
    if (!c->grads) return loss;
    float *z = net.layer[last].a;
    for (int l = last; l >= 0; l--) {
        const Layer *f = &net.layer[l];
        if (l) memset(d, 0, sizeof(float)*(size_t)m*f->n);
        for (int j = 0; j < f->k; j++) {
            float *restrict dw = f->dW + (long)j*f->n, sum = 0;
            const float *restrict w = f->W + (long)j*f->n;
            for (int i = 0; i < m; i++) {
                const float s = z[(long)i*f->k + j], *restrict x = f->x + (long)i*f->n;
                sum += s;
                if (i) for (int k = 0; k < f->n; k++) dw[k] += s*x[k];
                else for (int k = 0; k < f->n; k++) dw[k] = s*x[k];
                float *restrict to = d + (long)i*f->n;
                if (l) for (int k = 0; k < f->n; k++) to[k] += s*w[k];
            }
            f->db[j] = sum;
        }
        if (l) for (long i = 0; i < (long)m*f->n; i++) d[i] *= SLOPE(f->x[i]);
        z = d;
        d = d_next;
        d_next = z;
    }
    return loss;
}

double expert(const expert_call *c) { return c->dims[0] < FEW ? few(c) : many(c); }
