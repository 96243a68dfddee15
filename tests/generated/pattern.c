/* The sparse Jacobian of  y[i] = x[i]^2 + x[i-1|0]*x[i+1|1]  in C: its sizes first, then by rows and by columns, against the
 * formula. Status 0 where all holds. */
#include <stdio.h>
#include <stdlib.h>

#include "band.h"

enum { N = 5 };
static const double x[N] = {0.5, -1.25, 2, 3, -0.75};

/* dy[i]/dx[j] */
static double expected(int64_t i, int64_t j) {
    double left = i > 0 ? x[i - 1] : 0, right = i + 1 < N ? x[i + 1] : 1;
    return j == i ? 2*x[i] : j == i - 1 ? right : j == i + 1 && j < N ? left : 0;
}

static int wrong(const char *what) {
    printf("wrong: %s\n", what);
    return 1;
}

int main(void) {
    const band_dims dims = {N};
    const band_inputs in = {x};
    void *workspace = aligned_alloc(64, (band_workspace_size(&dims) + 63)/64*64);
    for (int by_columns = 0; by_columns < 2; by_columns++) {
        bp_pattern p = {0};
        p.by_columns = by_columns;
        if (band_jacobian_pattern(&dims, &in, &p, workspace) != BP_OK) return wrong("sizes");
        if (p.rows != N || p.columns != N || p.terms < 3*N - 2) return wrong("what the sizes are");
        const size_t terms = (size_t)p.terms;
        p.start = malloc((N + 1)*sizeof *p.start);
        if (band_jacobian_pattern(&dims, &in, &p, workspace) != BP_E_NULL) return wrong("missing arrays go through");
        p.index = malloc(terms*sizeof *p.index), p.place = malloc(terms*sizeof *p.place);
        p.row = malloc(terms*sizeof *p.row), p.column = malloc(terms*sizeof *p.column);
        if (band_jacobian_pattern(&dims, &in, &p, workspace) != BP_OK) return wrong("the pattern");
        if (p.entries != 3*N - 2) return wrong("the number of entries");
        double *values = malloc(terms*sizeof *values), y[N];
        band_outputs out = {y};
        band_jacobians jacobians = {values};
        if (band_jacobian(&dims, &in, &p, &out, &jacobians, workspace) != BP_OK) return wrong("the values");
        for (int64_t k = 0; k < N; k++)
            for (int64_t at = p.start[k]; at < p.start[k + 1]; at++) {
                const int64_t other = p.index[at];
                const double want = by_columns ? expected(other, k) : expected(k, other), off = values[at] - want;
                if (off > 1e-15 || off < -1e-15) return wrong("a value");
                if (at > p.start[k] && p.index[at - 1] >= other) return wrong("the order");
            }
        p.terms--;
        if (band_jacobian(&dims, &in, &p, &out, &jacobians, workspace) != BP_E_SHAPE) return wrong("a pattern of other sizes goes through");
        free(p.start), free(p.index), free(p.place), free(p.row), free(p.column), free(values);
    }
    free(workspace);
    return 0;
}
