/* y[i] = sum[j](W[i,j]*x[j]^2), its tangents along three directions at once against the formula
 * y_dot[i] = sum[j](W_dot[i,j]*x[j]^2 + 2*W[i,j]*x[j]*x_dot[j]). Status 0 where it holds. */
#include <math.h>
#include <stdlib.h>

#include "directions.h"

enum { I = 2, J = 3, K = 3 };

int main(void) {
    double x[J] = {0.5, -1.5, 2}, W[I*J] = {1, -2, 0.5, 0.25, 3, -1}, x_dot[J*K], W_dot[I*J*K], y[I], y_dot[I*K];
    for (int k = 0; k < J*K; k++) x_dot[k] = 0.25*k - 1;
    for (int k = 0; k < I*J*K; k++) W_dot[k] = 2 - 0.125*k;
    const directions_params params = {x, W};
    const directions_tangents tangents = {x_dot, W_dot};
    directions_outputs out = {y};
    directions_jvps jvps = {y_dot};
    void *workspace = aligned_alloc(64, (directions_workspace_size() + 63)/64*64);
    if (directions_jvp(&params, &tangents, &out, &jvps, workspace) != BP_OK) return 1;
    for (int i = 0; i < I; i++)
        for (int k = 0; k < K; k++) {
            double want = 0;
            for (int j = 0; j < J; j++) want += W_dot[(i*J + j)*K + k]*x[j]*x[j] + 2*W[i*J + j]*x[j]*x_dot[j*K + k];
            if (fabs(y_dot[i*K + k] - want) > 1e-12) return 2;
        }
    free(workspace);
    return 0;
}
