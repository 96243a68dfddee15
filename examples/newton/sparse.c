/* Newton's method with a sparse Hessian: the soap film under a rim, whose Hessian has seven entries a row; CHOLMOD solves.
 *
 * The rim is that of Scherk's surface z = log(cos x/cos y), which is itself a film: so the exact heights are known, and the error of
 * the grid, O(h^2), is seen to fall by four where h is halved. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <suitesparse/cholmod.h>

#include "film.h"

enum { MOST = 50 };
static const double side = 1.2; /* the square reaches from -side to side */

typedef struct {
    film_dims dims;
    size_t points;                            /* n*n */
    double h, *rim, *u, *tried, *gradient;    /* width of a cell; heights: rim and exact ones, at hand, after a step */
    void *workspace;
    bp_pattern pattern;
    cholmod_sparse *H;
    cholmod_factor *factor;
    cholmod_common cholmod;
} Film;

static void *take(size_t bytes) {
    void *block = aligned_alloc(64, (bytes + 64)/64*64);
    if (!block) fputs("out of memory\n", stderr), exit(2);
    return block;
}

static void must(int status) {
    if (status != BP_OK) fprintf(stderr, "status %d\n", status), exit(2);
}

static film_inputs inputs(const Film *f, const double *u) { return (film_inputs){.u = u, .rim = f->rim, .h = &f->h}; }

static double area(const Film *f, const double *u) {
    const film_inputs in = inputs(f, u);
    film_outputs out;
    must(film_predict(&f->dims, &in, &out, f->workspace));
    return out.area;
}

/* ---- the pattern, once: what CHOLMOD calls columns is what bpc makes with by_columns; its indices are int ---------------------- */
static void make_pattern(Film *f) {
    bp_pattern *p = &f->pattern;
    const film_inputs in = inputs(f, f->u);
    p->by_columns = 1;
    must(film_hessian_pattern(&f->dims, &in, p, f->workspace)); /* sizes alone */
    const size_t terms = (size_t)p->terms;
    p->start = take((size_t)(p->columns + 1)*sizeof *p->start);
    p->index = take(terms*sizeof *p->index), p->place = take(terms*sizeof *p->place);
    p->row = take(terms*sizeof *p->row), p->column = take(terms*sizeof *p->column);
    must(film_hessian_pattern(&f->dims, &in, p, f->workspace));

    cholmod_start(&f->cholmod);
    f->cholmod.print = 0; /* whether a matrix is positive definite is asked, not printed */
    f->H = cholmod_allocate_sparse((size_t)p->rows, (size_t)p->columns, terms, 1, 1, 1, CHOLMOD_REAL, &f->cholmod); /* 1: upper triangle */
    if (!f->H) fputs("out of memory\n", stderr), exit(2);
    for (int64_t k = 0; k <= p->columns; k++) ((int *)f->H->p)[k] = (int)p->start[k];
    for (int64_t k = 0; k < p->entries; k++) ((int *)f->H->i)[k] = p->index[k];
    f->factor = cholmod_analyze(f->H, &f->cholmod);
}

static Film make_film(int64_t n) {
    Film f = {.dims = {.n = n}, .points = (size_t)(n*n), .h = 2*side/(double)(n + 1)};
    f.rim = take((size_t)((n + 2)*(n + 2))*sizeof *f.rim);
    f.u = take(f.points*sizeof *f.u), f.tried = take(f.points*sizeof *f.tried), f.gradient = take(f.points*sizeof *f.gradient);
    for (int64_t i = 0; i < n + 2; i++)
        for (int64_t j = 0; j < n + 2; j++) f.rim[i*(n + 2) + j] = log(cos(-side + (double)i*f.h)/cos(-side + (double)j*f.h));
    for (size_t k = 0; k < f.points; k++) f.u[k] = 0;
    f.workspace = take(film_workspace_size(&f.dims));
    make_pattern(&f);
    return f;
}

static void free_film(Film *f) {
    bp_pattern *p = &f->pattern;
    cholmod_free_factor(&f->factor, &f->cholmod);
    cholmod_free_sparse(&f->H, &f->cholmod);
    cholmod_finish(&f->cholmod);
    free(p->start), free(p->index), free(p->place), free(p->row), free(p->column);
    free(f->rim), free(f->u), free(f->tried), free(f->gradient), free(f->workspace);
}

/* ---- one step ----------------------------------------------------------------------------------------------------------------- */
typedef struct { double area, gradient, length, taken; } Step; /* of which largest entries; taken: 1, or what of the step made the area less */

static double largest(const double *v, size_t n) {
    double most = 0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(v[k]));
    return most;
}

static Step newton_step(Film *f) {
    const film_inputs in = inputs(f, f->u);
    film_outputs out;
    film_grads grads = {.u = f->gradient};
    film_hessians hessians = {.values = f->H->x}; /* straight into CHOLMOD's matrix */
    must(film_gradient(&f->dims, &in, &out, &grads, f->workspace));
    must(film_hessian(&f->dims, &in, &f->pattern, &out, &hessians, f->workspace));
    cholmod_factorize(f->H, f->factor, &f->cholmod);
    cholmod_dense b = {.nrow = f->points, .ncol = 1, .nzmax = f->points, .d = f->points, .x = f->gradient, .xtype = CHOLMOD_REAL, .dtype = CHOLMOD_DOUBLE};
    cholmod_dense *x = cholmod_solve(CHOLMOD_A, f->factor, &b, &f->cholmod);
    if (!x) fputs("CHOLMOD failed\n", stderr), exit(2);
    const double *step = x->x;
    Step s = {.area = out.area, .gradient = largest(f->gradient, f->points), .length = largest(step, f->points), .taken = 2};
    double gained; /* far away a whole step may be too long: half of it, and so on, until the area falls */
    do {
        s.taken /= 2;
        for (size_t k = 0; k < f->points; k++) f->tried[k] = f->u[k] - s.taken*step[k];
        gained = out.area - area(f, f->tried);
    } while (gained < 0 && s.length > 1e-6 && s.taken > 1e-6);
    for (size_t k = 0; k < f->points; k++) f->u[k] = f->tried[k];
    cholmod_free_dense(&x, &f->cholmod);
    return s;
}

/* The greatest distance of a height from the exact one. */
static double error(const Film *f) {
    const int64_t n = f->dims.n;
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) most = fmax(most, fabs(f->u[i*n + j] - f->rim[(i + 1)*(n + 2) + j + 1]));
    return most;
}

int main(void) {
    static const int64_t sizes[] = {49, 99};
    for (size_t k = 0; k < sizeof sizes/sizeof *sizes; k++) {
        Film f = make_film(sizes[k]);
        printf("%zu heights; the Hessian has %lld entries of %lld\n", f.points, (long long)f.pattern.entries, (long long)(f.pattern.rows*f.pattern.columns));
        printf("step         area   gradient, most   step, most   of it taken\n");
        for (int step = 0; step < MOST; step++) {
            const Step s = newton_step(&f);
            printf("%4d %12.8f %16.3e %12.3e %13.3g\n", step, s.area, s.gradient, s.length, s.taken);
            if (s.length < 1e-9) break;
        }
        printf("farthest from Scherk's surface: %.3e\n", error(&f));
        free_film(&f);
    }
    return 0;
}
