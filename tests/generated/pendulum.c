/* The gradient through a million steps: prints the bytes of the workspace, then the gradient, exactly. */
#include <stdio.h>
#include <stdlib.h>

#include "pendulum.h"

enum { STEPS = 1000000 };

int main(void) {
    const pendulum_dims dims = {STEPS};
    double *noise = malloc(STEPS*sizeof *noise), k = 0.5, c = 0.1, g = 0.3, by_k, by_c, by_g;
    for (int t = 0; t < STEPS; t++) noise[t] = (double)(t*7919L%1000)/1000.0 - 0.5;
    const pendulum_inputs in = {noise};
    const pendulum_params params = {&k, &c, &g};
    pendulum_outputs out;
    pendulum_grads grads = {&by_k, &by_c, &by_g};
    const size_t bytes = pendulum_workspace_size(&dims);
    void *workspace = aligned_alloc(64, (bytes + 63)/64*64);
    if (pendulum_gradient(&dims, &in, &params, &out, &grads, workspace) != BP_OK) return 1;
    printf("%zu\n%a %a %a %a\n", bytes, out.L, by_k, by_c, by_g);
    free(workspace);
    free(noise);
    return 0;
}
