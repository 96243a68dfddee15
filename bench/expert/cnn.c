/* The convolutional net by hand: sixteen images at a time, one to a lane, so that every place of every map is one vector and all that
 * is needed on the way back stays in the second level of the cache. Convolution, relu and max-pool are one pass; only what the
 * pools reach is computed: 24x24 of the first convolution's 26x26 places, 10x10 of the second's 11x11. */
#include "expert.h"
#include "lanes.h"

enum { LANES = 16, C1 = 8, C2 = 16, TAPS = 9, IMAGE = 28, N1 = 12, N2 = 5, DENSE = C2*N2*N2, CLASSES = 10 };
typedef float vector __attribute__((vector_size(64)));
typedef int mask __attribute__((vector_size(64)));
#define UNROLL _Pragma("GCC unroll 16")

typedef struct {
    vector x[IMAGE][IMAGE], p1[C1][N1][N1], p2[C2][N2][N2], z[CLASSES];
    mask at1[C1][N1][N1], at2[C2][N2][N2];                   /* which of the four won; -1: none is positive */
    vector g1[C1][2*N1][2*N1], g2[C2][2*N2][2*N2 + 4];       /* error signals; two columns of zeros on either side */
    vector dW1[C1][TAPS], db1[C1], dW2[C2][C1][TAPS], db2[C2], dW3[CLASSES][DENSE], db3[CLASSES];
    float w1[TAPS][C1], w2[C1][TAPS][C2], w2_back[C2][TAPS][C1], w3[DENSE][CLASSES];
} Room;

size_t expert_scratch(const bp_model *model, const int64_t *dims) { (void)model, (void)dims; return sizeof(Room); }

static inline float total(vector v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}
static inline vector choose(mask m, vector a, vector b) { return (vector)(((mask)a & m) | ((mask)b & ~m)); }

/* The weights in the order of reading: what goes to the accumulators is contiguous. */
static void arrange(Room *r, const float *W1, const float *W2, const float *W3) {
    for (int o = 0; o < C1; o++)
        for (int k = 0; k < TAPS; k++) r->w1[k][o] = W1[o*TAPS + k];
    for (int o = 0; o < C2; o++)
        for (int c = 0; c < C1; c++)
            for (int k = 0; k < TAPS; k++) r->w2[c][k][o] = r->w2_back[o][k][c] = W2[(o*C1 + c)*TAPS + k];
    for (int o = 0; o < CLASSES; o++)
        for (int i = 0; i < DENSE; i++) r->w3[i][o] = W3[o*DENSE + i];
}

/* relu and max-pool: value s of the four joins the greatest so far. */
static inline void pool(int s, vector a, vector *top, mask *at) {
    const mask over = a > *top;
    *top = choose(over, a, *top);
    *at = (*at & ~over) | (((mask){0} + s) & over);
}

static void first(Room *r, const float *b) {
    for (int y = 0; y < N1; y++)
        for (int x = 0; x < N1; x++) {
            vector top[C1];
            mask at[C1];
            UNROLL for (int o = 0; o < C1; o++) { top[o] = (vector){0}; at[o] = (mask){0} - 1; }
            for (int s = 0; s < 4; s += 2) {
                vector a[2][C1];
                UNROLL for (int o = 0; o < C1; o++) a[0][o] = a[1][o] = (vector){0} + b[o];
                for (int k = 0; k < TAPS; k++) {
                    const vector *v = &r->x[2*y + s/2 + k/3][2*x + k%3];
                    UNROLL for (int o = 0; o < C1; o++) { a[0][o] += r->w1[k][o]*v[0]; a[1][o] += r->w1[k][o]*v[1]; }
                }
                UNROLL for (int o = 0; o < C1; o++) { pool(s, a[0][o], &top[o], &at[o]); pool(s + 1, a[1][o], &top[o], &at[o]); }
            }
            UNROLL for (int o = 0; o < C1; o++) { r->p1[o][y][x] = top[o]; r->at1[o][y][x] = at[o]; }
        }
}
static void second(Room *r, const float *b) {
    for (int half = 0; half < C2; half += 8)
        for (int y = 0; y < N2; y++)
            for (int x = 0; x < N2; x++) {
                vector top[8];
                mask at[8];
                UNROLL for (int o = 0; o < 8; o++) { top[o] = (vector){0}; at[o] = (mask){0} - 1; }
                for (int s = 0; s < 4; s += 2) {
                    vector a[2][8];
                    UNROLL for (int o = 0; o < 8; o++) a[0][o] = a[1][o] = (vector){0} + b[half + o];
                    for (int c = 0; c < C1; c++)
                        for (int k = 0; k < TAPS; k++) {
                            const vector *v = &r->p1[c][2*y + s/2 + k/3][2*x + k%3];
                            const float *w = r->w2[c][k] + half;
                            UNROLL for (int o = 0; o < 8; o++) { a[0][o] += w[o]*v[0]; a[1][o] += w[o]*v[1]; }
                        }
                    UNROLL for (int o = 0; o < 8; o++) { pool(s, a[0][o], &top[o], &at[o]); pool(s + 1, a[1][o], &top[o], &at[o]); }
                }
                UNROLL for (int o = 0; o < 8; o++) { r->p2[half + o][y][x] = top[o]; r->at2[half + o][y][x] = at[o]; }
            }
}
static void dense(Room *r, const float *b) {
    vector a[CLASSES];
    const vector *p = &r->p2[0][0][0];
    UNROLL for (int o = 0; o < CLASSES; o++) a[o] = (vector){0} + b[o];
    for (int i = 0; i < DENSE; i++)
        UNROLL for (int o = 0; o < CLASSES; o++) a[o] += r->w3[i][o]*p[i];
    UNROLL for (int o = 0; o < CLASSES; o++) r->z[o] = a[o];
}
/* The loss of the n first lanes, and its derivative in place; the other lanes get 0. */
static double cross_entropy(Room *r, const int32_t *y, int n, int64_t m) {
    float *z = (float *)r->z, top[LANES], sum[LANES], log_sum[LANES];
    double loss = 0;
    for (int i = 0; i < LANES; i++) { top[i] = z[i]; sum[i] = 0; }
    for (int o = 1; o < CLASSES; o++)
        for (int i = 0; i < LANES; i++) top[i] = most_f(top[i], z[o*LANES + i]);
    for (int i = 0; i < n; i++) loss += top[i] - z[y[i]*LANES + i];
    for (int o = 0; o < CLASSES; o++)
        for (int i = 0; i < LANES; i++) sum[i] += z[o*LANES + i] = exp_f(z[o*LANES + i] - top[i]);
    for (int i = 0; i < LANES; i++) { log_sum[i] = log_f(sum[i]); sum[i] = i < n ? 1/(sum[i]*(float)m) : 0; }
    for (int i = 0; i < n; i++) loss += log_sum[i];
    for (int o = 0; o < CLASSES; o++)
        for (int i = 0; i < LANES; i++) z[o*LANES + i] *= sum[i];
    for (int i = 0; i < n; i++) z[y[i]*LANES + i] -= 1/(float)m;
    return loss;
}

static void dense_back(Room *r) {
    const vector *p = &r->p2[0][0][0];
    UNROLL for (int o = 0; o < CLASSES; o++) r->db3[o] += r->z[o];
    for (int i = 0; i < DENSE; i++) {
        vector g = {0};
        UNROLL for (int o = 0; o < CLASSES; o++) {
            r->dW3[o][i] += r->z[o]*p[i];
            g += r->w3[i][o]*r->z[o];
        }
        const int c = i/(N2*N2), y = i/N2%N2, x = i%N2;
        for (int s = 0; s < 4; s++) r->g2[c][2*y + s/2][2 + 2*x + s%2] = (vector)((mask)g & (r->at2[c][y][x] == s));
    }
}
static void second_back(Room *r) {
    for (int o = 0; o < C2; o += 2) {
        for (int c = 0; c < C1; c++) {
            vector a[TAPS] = {{0}}, b[TAPS] = {{0}};
            for (int y = 0; y < 2*N2; y++)
                for (int x = 0; x < 2*N2; x++) {
                    const vector g = r->g2[o][y][x + 2], h = r->g2[o + 1][y][x + 2];
                    UNROLL for (int k = 0; k < TAPS; k++) {
                        const vector v = r->p1[c][y + k/3][x + k%3];
                        a[k] += g*v;
                        b[k] += h*v;
                    }
                }
            UNROLL for (int k = 0; k < TAPS; k++) { r->dW2[o][c][k] += a[k]; r->dW2[o + 1][c][k] += b[k]; }
        }
        for (int y = 0; y < 2*N2; y++)
            for (int x = 2; x < 2*N2 + 2; x++) { r->db2[o] += r->g2[o][y][x]; r->db2[o + 1] += r->g2[o + 1][y][x]; }
    }
    for (int y = 0; y < N1; y++)
        for (int x = 0; x < N1; x += 2) {
            vector a[2][C1] = {{{0}}};
            const int low = y >= 2*N2 ? y - 2*N2 + 1 : 0, high = y < 2 ? y : 2;
            for (int o = 0; o < C2; o++)
                for (int k = 3*low; k < 3*high + 3; k++) {
                    const vector *g = &r->g2[o][y - k/3][2 + x - k%3];
                    UNROLL for (int c = 0; c < C1; c++) { a[0][c] += r->w2_back[o][k][c]*g[0]; a[1][c] += r->w2_back[o][k][c]*g[1]; }
                }
            UNROLL for (int c = 0; c < C1; c++)
                for (int e = 0; e < 2; e++)
                    for (int s = 0; s < 4; s++)
                        r->g1[c][2*y + s/2][2*(x + e) + s%2] = (vector)((mask)a[e][c] & (r->at1[c][y][x + e] == s));
        }
}
static void first_back(Room *r) {
    for (int o = 0; o < C1; o += 2) {
        vector a[TAPS] = {{0}}, b[TAPS] = {{0}}, sum_a = {0}, sum_b = {0};
        for (int y = 0; y < 2*N1; y++)
            for (int x = 0; x < 2*N1; x++) {
                const vector g = r->g1[o][y][x], h = r->g1[o + 1][y][x];
                sum_a += g;
                sum_b += h;
                UNROLL for (int k = 0; k < TAPS; k++) { const vector v = r->x[y + k/3][x + k%3]; a[k] += g*v; b[k] += h*v; }
            }
        UNROLL for (int k = 0; k < TAPS; k++) { r->dW1[o][k] += a[k]; r->dW1[o + 1][k] += b[k]; }
        r->db1[o] += sum_a;
        r->db1[o + 1] += sum_b;
    }
}

double expert(const expert_call *c) {
    Room *r = c->scratch;
    const float *image = c->input[0], *W1 = c->params, *b1 = W1 + C1*TAPS, *W2 = b1 + C1, *b2 = W2 + C2*C1*TAPS, *W3 = b2 + C2,
                *b3 = W3 + CLASSES*DENSE;
    const int32_t *y = c->input[1];
    const int64_t m = c->dims[0];
    double loss = 0;
    arrange(r, W1, W2, W3);
    memset(r->dW1, 0, (size_t)((char *)r->w1 - (char *)r->dW1));
    for (int64_t at = 0; at < m; at += LANES) {
        const int n = m - at < LANES ? (int)(m - at) : LANES;
        float *x = (float *)r->x;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < IMAGE*IMAGE; p++) x[p*LANES + i] = image[(at + i)*IMAGE*IMAGE + p];
        first(r, b1);
        second(r, b2);
        dense(r, b3);
        loss += cross_entropy(r, y + at, n, m);
        if (!c->grads) continue;
        dense_back(r);
        second_back(r);
        first_back(r);
    }
    const vector *sum = &r->dW1[0][0];                       /* the sums lie in the order of the parameters */
    if (c->grads)
        for (size_t i = 0; i < c->model->param_count; i++) ((float *)c->grads)[i] = total(sum[i]);
    return loss/(double)m;
}
