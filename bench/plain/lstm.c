/* ADBench's LSTM objective, a loop an equation. */
#include "expert.h"
#include <math.h>

static double sigmoid(double x) { return 1/(1 + exp(-x)); }

double plain(const expert_call *c) {
    const bp_tensor *main_is = bp_find(c->model, "main");
    const int l = (int)main_is->axis[0].size, b = (int)main_is->axis[3].size;
    const double *sequence = c->input[0], *state = c->input[1], *p = c->params, *extra = p + l*8*b;
    double hidden[8][64], cell[8][64], loss = 0;
    for (int j = 0; j < l; j++)
        for (int k = 0; k < b; k++) {
            hidden[j][k] = state[(2*j + 0)*b + k];
            cell[j][k] = state[(2*j + 1)*b + k];
        }
    for (int64_t t = 0; t < c->dims[0] - 1; t++) {
        double u[64], sum = 2;
        for (int k = 0; k < b; k++) u[k] = sequence[t*b + k]*extra[k];
        for (int j = 0; j < l; j++) {
            const double *w = p + j*8*b, *bias = w + 4*b;
            for (int k = 0; k < b; k++) {
                const double forget = sigmoid(u[k]*w[k] + bias[k]), in = sigmoid(hidden[j][k]*w[b + k] + bias[b + k]),
                             out = sigmoid(u[k]*w[2*b + k] + bias[2*b + k]), change = tanh(hidden[j][k]*w[3*b + k] + bias[3*b + k]);
                cell[j][k] = cell[j][k]*forget + in*change;
                u[k] = hidden[j][k] = out*tanh(cell[j][k]);
            }
        }
        for (int k = 0; k < b; k++) {
            u[k] = u[k]*extra[b + k] + extra[2*b + k];
            sum += exp(u[k]);
        }
        const double total = log(sum);
        for (int k = 0; k < b; k++) loss += sequence[(t + 1)*b + k]*(u[k] - total);
    }
    return -loss/((double)(c->dims[0] - 1)*b);
}
