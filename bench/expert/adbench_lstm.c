/* ADBench's LSTM by hand: the 14 characters are the lanes of two vectors of eight, filled up with zeros; steps and layers go one after
 * the other, as each needs the one before, and what the gradient needs of them stays. */
#include "expert.h"
#include "lanes.h"

enum { WIDE = 16, LAYERS = 8, GATES = 4 };
enum { FORGET, IN, OUT, CHANGE };
typedef double Units[WIDE] __attribute__((aligned(64)));
typedef struct { Units gate[GATES], u, old_hidden, old_cell, q, hidden; } Cell;      /* q = tanh(cell) */
typedef struct {
    Units weight[LAYERS][GATES], bias[LAYERS][GATES], extra[3];
    Units d_weight[LAYERS][GATES], d_bias[LAYERS][GATES], d_extra[3], hidden[LAYERS], cell[LAYERS];
} Room;

static int layers_of(const bp_model *model) { return (int)bp_find(model, "main")->axis[0].size; }
static int width_of(const bp_model *model) { return (int)bp_find(model, "main")->axis[3].size; }

size_t expert_scratch(const bp_model *model, const int64_t *dims) {
    return sizeof(Room) + (size_t)dims[0]*((size_t)layers_of(model)*sizeof(Cell) + 2*sizeof(Units));
}

#define EACH for (int k = 0; k < WIDE; k++)

static void step(Cell *restrict s, const Units *restrict w, const Units *restrict b, const double *restrict u, double *restrict hidden,
                 double *restrict cell) {
    #pragma omp simd
    EACH {
        const double forget = sigmoid_d(u[k]*w[FORGET][k] + b[FORGET][k]), in = sigmoid_d(hidden[k]*w[IN][k] + b[IN][k]),
                     out = sigmoid_d(u[k]*w[OUT][k] + b[OUT][k]), change = tanh_d(hidden[k]*w[CHANGE][k] + b[CHANGE][k]);
        s->gate[FORGET][k] = forget; s->gate[IN][k] = in; s->gate[OUT][k] = out; s->gate[CHANGE][k] = change;
        s->u[k] = u[k];
        s->old_hidden[k] = hidden[k];
        s->old_cell[k] = cell[k];
        cell[k] = cell[k]*forget + in*change;
        s->q[k] = tanh_d(cell[k]);
        s->hidden[k] = hidden[k] = out*s->q[k];
    }
}
/* dh and dc of this layer become those of the step before; du is what goes to the layer below. */
static void step_back(const Cell *restrict s, const Units *restrict w, Units *restrict dw, Units *restrict db, double *restrict dh,
                      double *restrict dc, double *restrict du) {
    #pragma omp simd
    EACH {
        const double forget = s->gate[FORGET][k], in = s->gate[IN][k], out = s->gate[OUT][k], change = s->gate[CHANGE][k];
        const double d_cell = dc[k] + dh[k]*out*(1 - s->q[k]*s->q[k]);
        const double d_out = dh[k]*s->q[k]*out*(1 - out), d_forget = d_cell*s->old_cell[k]*forget*(1 - forget),
                     d_in = d_cell*change*in*(1 - in), d_change = d_cell*in*(1 - change*change);
        dw[FORGET][k] += d_forget*s->u[k]; dw[OUT][k] += d_out*s->u[k];
        dw[IN][k] += d_in*s->old_hidden[k]; dw[CHANGE][k] += d_change*s->old_hidden[k];
        db[FORGET][k] += d_forget; db[IN][k] += d_in; db[OUT][k] += d_out; db[CHANGE][k] += d_change;
        du[k] = d_forget*w[FORGET][k] + d_out*w[OUT][k];
        dh[k] = d_in*w[IN][k] + d_change*w[CHANGE][k];
        dc[k] = d_cell*forget;
    }
}

double expert(const expert_call *c) {
    const int l = layers_of(c->model), b = width_of(c->model);
    const int64_t steps = c->dims[0] - 1;
    const double *sequence = c->input[0], *state = c->input[1], *main_of = c->params, *extra = main_of + l*2*GATES*b;
    Room *r = c->scratch;
    Units *y_exp = (Units *)(r + 1), *dy = y_exp + c->dims[0];
    Cell *tape = (Cell *)(dy + c->dims[0]);
    memset(r, 0, sizeof *r);
    for (int j = 0; j < l; j++)
        for (int k = 0; k < b; k++) {
            for (int g = 0; g < GATES; g++) {
                r->weight[j][g][k] = main_of[((j*2 + 0)*GATES + g)*b + k];
                r->bias[j][g][k] = main_of[((j*2 + 1)*GATES + g)*b + k];
            }
            r->hidden[j][k] = state[(j*2 + 0)*b + k];
            r->cell[j][k] = state[(j*2 + 1)*b + k];
        }
    for (int e = 0; e < 3; e++) memcpy(r->extra[e], extra + e*b, (size_t)b*sizeof(double));

    const double scale = -1/((double)steps*b);
    double loss = 0;
    for (int64_t t = 0; t < steps; t++) {
        Units u = {0};
        for (int k = 0; k < b; k++) u[k] = sequence[t*b + k]*extra[k];
        for (int j = 0; j < l; j++) {
            step(&tape[t*l + j], r->weight[j], r->bias[j], u, r->hidden[j], r->cell[j]);
            memcpy(u, r->hidden[j], sizeof u);
        }
        Units y;
        double sum = 2, seen = 0, product = 0;
        EACH { y[k] = u[k]*r->extra[1][k] + r->extra[2][k]; y_exp[t][k] = exp_d(y[k]); }
        for (int k = 0; k < b; k++) {
            const double s = sequence[(t + 1)*b + k];
            sum += y_exp[t][k];
            seen += s;
            product += s*y[k];
        }
        loss += product - seen*log(sum);
        for (int k = 0; k < b; k++) dy[t][k] = scale*(sequence[(t + 1)*b + k] - seen*y_exp[t][k]/sum);
    }
    if (!c->grads) return scale*loss;
    memset(r->hidden, 0, sizeof r->hidden);                  /* from here on the error signals of hidden and cell */
    memset(r->cell, 0, sizeof r->cell);
    for (int64_t t = steps - 1; t >= 0; t--) {
        Units du = {0};
        for (int k = 0; k < b; k++) {
            r->d_extra[1][k] += dy[t][k]*tape[t*l + l - 1].hidden[k];
            r->d_extra[2][k] += dy[t][k];
            du[k] = dy[t][k]*extra[b + k];
        }
        for (int j = l - 1; j >= 0; j--) {
            EACH r->hidden[j][k] += du[k];
            step_back(&tape[t*l + j], r->weight[j], r->d_weight[j], r->d_bias[j], r->hidden[j], r->cell[j], du);
        }
        for (int k = 0; k < b; k++) r->d_extra[0][k] += du[k]*sequence[t*b + k];
    }
    double *d_main = c->grads, *d_extra = d_main + l*2*GATES*b;
    for (int j = 0; j < l; j++)
        for (int g = 0; g < GATES; g++)
            for (int k = 0; k < b; k++) {
                d_main[((j*2 + 0)*GATES + g)*b + k] = r->d_weight[j][g][k];
                d_main[((j*2 + 1)*GATES + g)*b + k] = r->d_bias[j][g][k];
            }
    for (int e = 0; e < 3; e++) memcpy(d_extra + e*b, r->d_extra[e], (size_t)b*sizeof(double));
    return scale*loss;
}
