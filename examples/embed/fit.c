/* Somebody else's program: fits Newton's law of cooling to readings, with its own optimiser and a generated gradient.
 *
 * Everything that comes from bpc is cooling.c and cooling.h. The program owns all memory: bpc's code allocates nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cooling.h"

enum { READINGS = 8, STEPS = 300, PARAMS = COOLING_PARAM_COUNT };

static const double minutes[READINGS] = {0, 5, 10, 15, 20, 30, 45, 60};
static const double degrees[READINGS] = {82.3, 68.5, 58.2, 49.7, 43.6, 34.6, 27.1, 23.4};

/* Rprop (Riedmiller and Braun 1993): each parameter has a step of its own, which grows while the sign of its gradient
 * stays and halves when it turns. */
static void move(double *param, double *step, double *before, double gradient) {
    *step *= gradient * *before >= 0 ? 1.2 : 0.5;
    *before = gradient;
    *param -= gradient > 0 ? *step : gradient < 0 ? -*step : 0;
}

int main(void) {
    const cooling_dims dims = {.m = READINGS};
    const cooling_inputs in = {.t = minutes, .reading = degrees};
    double block[PARAMS] = {20, 70, 0.05}, gradient[PARAMS], step[PARAMS] = {1, 1, 0.005}, before[PARAMS] = {0};
    cooling_params params;
    cooling_params_bind(&params, block);
    cooling_grads grads = {.room = &gradient[0], .start = &gradient[1], .rate = &gradient[2]};
    cooling_outputs out = {0}; /* T stays null: it is not stored */

    const size_t bytes = cooling_workspace_size(&dims);
    void *workspace = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (!workspace) return 2;
    for (int k = 0; k < STEPS; k++) {
        const int status = cooling_gradient(&dims, &in, &params, &out, &grads, workspace);
        if (status != 0) {
            fprintf(stderr, "cooling_gradient: status %d\n", status);
            free(workspace);
            return 2;
        }
        for (int p = 0; p < PARAMS; p++) move(&block[p], &step[p], &before[p], gradient[p]);
    }
    printf("room %.1f, start %.1f, rate %.4f per minute; root mean square error %.2f degrees\n", block[0], block[1], block[2], sqrt(out.L));
    free(workspace);
    return 0;
}
