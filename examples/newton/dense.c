/* Newton's method with a small dense Hessian: the most likely curve of damage by temperature for 23 launches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "launches.h"

enum { LAUNCHES = 23, N = LAUNCHES_PARAM_COUNT, MOST = 20 };

/* Temperature at launch, and whether an O-ring was damaged: the space shuttle's flights before Challenger's last (Report of the
 * Presidential Commission, 1986; S. R. Dalal, E. B. Fowlkes and B. Hoadley, J. Am. Stat. Assoc. 84 (1989)). */
static const double temperature[LAUNCHES] = {66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58};
static const double damaged[LAUNCHES] = {0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1};

/* x = A^-1 b by Cholesky's factorisation; A is overwritten. Returns whether it was positive definite. */
static int solve(double A[N][N], const double b[N], double x[N]) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j <= i; j++) {
            for (int k = 0; k < j; k++) A[i][j] -= A[i][k]*A[j][k];
            if (i == j && !(A[i][i] > 0)) return 0;
            A[i][j] = i == j ? sqrt(A[i][i]) : A[i][j]/A[j][j];
        }
        x[i] = b[i];
        for (int k = 0; k < i; k++) x[i] -= A[i][k]*x[k];
        x[i] /= A[i][i];
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int k = i + 1; k < N; k++) x[i] -= A[k][i]*x[k];
        x[i] /= A[i][i];
    }
    return 1;
}

static double norm(const double v[N]) {
    double sum = 0;
    for (int k = 0; k < N; k++) sum += v[k]*v[k];
    return sqrt(sum);
}

int main(void) {
    const launches_dims dims = {.m = LAUNCHES};
    const launches_inputs in = {.temperature = temperature, .damaged = damaged};
    double w[N] = {0}, gradient[N], H[N][N], step[N], before = 0;
    launches_params params;
    launches_params_bind(&params, w);
    launches_outputs out;
    launches_grads grads = {.w = gradient};
    launches_hessians hessians = {.w_w = &H[0][0]};
    void *workspace = aligned_alloc(64, (launches_workspace_size(&dims) + 63)/64*64);
    if (!workspace) return 2;

    printf("step           loss   norm of gradient    length of step   by the last one squared\n");
    for (int k = 0; k < MOST; k++) {
        if (launches_gradient(&dims, &in, &params, &out, &grads, workspace) != BP_OK) return 2;
        if (launches_hessian(&dims, &in, &params, &out, &hessians, workspace) != BP_OK) return 2;
        if (!solve(H, gradient, step)) return 1;
        for (int i = 0; i < N; i++) w[i] -= step[i];
        printf("%4d %14.9f %18.3e %17.3e", k, out.L, norm(gradient), norm(step));
        if (k > 0) printf("%26.3f", norm(step)/(before*before));
        printf("\n");
        before = norm(step);
        if (before < 1e-8) break;
    }
    printf("log odds of damage: %.4f %+.4f per degree; at 31 degrees, Challenger's last launch: %.2f\n", w[0] - 70*w[1], w[1],
           1/(1 + exp(-w[0] - w[1]*(31 - 70))));
    free(workspace);
    return 0;
}
