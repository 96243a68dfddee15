/* Fits an oscillator to 1,000 readings taken over 1,000,000 steps, through the gradient of the whole run.
 *
 *     fit          prints the bytes of the workspace, then loss and gradient where it starts, exactly
 *     fit steps    follows the gradient, by the method of Broyden, Fletcher, Goldfarb and Shanno (1970)
 *
 * run.sh builds it with three versions of the same generated functions; what they compute is equal bit by bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "oscillator.h"

enum { READINGS = 1000, EVERY = 1000, N = OSCILLATOR_PARAM_COUNT, MOST = 30 };
static const double truth[N] = {2, 0.3, 0.8}; /* spring, damping, stiffening */

typedef struct {
    oscillator_dims dims;
    double reading[READINGS];
    void *workspace;
} Fit;

/* What a laboratory would measure: the same oscillator, in a plain loop of its own. */
static void measure(double reading[READINGS]) {
    const double dt = 0.01;
    double x = 0, v = 0;
    for (int t = 0; t < READINGS*EVERY; t++) {
        v += dt*(cos(0.9*dt*t) + cos(0.37*dt*t) - truth[1]*v - truth[0]*x - truth[2]*x*x*x);
        x += dt*v;
        if ((t + 1)%EVERY == 0) reading[t/EVERY] = x;
    }
}

/* The loss at `at`, and its gradient. */
static double gradient(const Fit *f, double at[N], double by[N]) {
    const oscillator_inputs in = {.reading = f->reading};
    oscillator_params params;
    oscillator_params_bind(&params, at);
    oscillator_grads grads = {.spring = &by[0], .damping = &by[1], .stiffening = &by[2]};
    oscillator_outputs out;
    if (oscillator_gradient(&f->dims, &in, &params, &out, &grads, f->workspace) != BP_OK) exit(2);
    return out.L;
}

static double dot(const double a[N], const double b[N]) {
    double sum = 0;
    for (int k = 0; k < N; k++) sum += a[k]*b[k];
    return sum;
}

/* H: what is known of the inverse Hessian, after a step s over which the gradient changed by y. */
static void learn(double H[N][N], const double s[N], const double y[N]) {
    double Hy[N];
    for (int i = 0; i < N; i++) Hy[i] = dot(H[i], y);
    const double sy = dot(s, y), more = (1 + dot(y, Hy)/sy)/sy;
    if (!(sy > 0)) return;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) H[i][j] += more*s[i]*s[j] - (Hy[i]*s[j] + s[i]*Hy[j])/sy;
}

static void descend(const Fit *f, double at[N]) {
    double by[N], H[N][N] = {{0}}, loss = gradient(f, at, by);
    for (int k = 0; k < N; k++) H[k][k] = 0.1/sqrt(dot(by, by)); /* the first step is 0.1 long */
    printf("gradients         loss     spring    damping  stiffening\n%9d %12.3e %10.6f %10.6f %11.6f\n", 1, loss, at[0], at[1], at[2]);
    for (int used = 1; used < MOST && loss > 1e-12;) {
        double s[N], y[N], next[N], then, length = 1;
        do { /* a step that leads uphill is halved, and halved again */
            for (int k = 0; k < N; k++) s[k] = -length*dot(H[k], by), next[k] = at[k] + s[k];
            then = gradient(f, next, y);
            used++, length /= 2;
        } while (!(then < loss) && used < MOST);
        if (!(then < loss)) return;
        for (int k = 0; k < N; k++) {
            const double before = by[k];
            at[k] = next[k], by[k] = y[k], y[k] -= before;
        }
        loss = then;
        learn(H, s, y);
        printf("%9d %12.3e %10.6f %10.6f %11.6f\n", used, loss, at[0], at[1], at[2]);
    }
}

int main(int argc, char **argv) {
    (void)argv;
    Fit *f = calloc(1, sizeof *f);
    if (!f) return 2;
    f->dims.n = READINGS;
    measure(f->reading);
    const size_t bytes = oscillator_workspace_size(&f->dims);
    f->workspace = aligned_alloc(64, (bytes + 63)/64*64);
    if (!f->workspace) return 2;
    double at[N] = {1, 0.4, 0.5}, by[N];
    if (argc > 1) descend(f, at);
    else {
        const double loss = gradient(f, at, by);
        printf("%zu\n%a %a %a %a\n", bytes, loss, by[0], by[1], by[2]);
    }
    free(f->workspace), free(f);
    return 0;
}
