/* Bundle adjustment by Levenberg and Marquardt: J from bpc as a sparse matrix, (J'J + lambda D) step = -J'r by CHOLMOD.
 *
 * The program makes its own problem: cameras on an arc look at a cloud of points, and each sees some of them, up to noise of half a
 * pixel. It starts from cameras and points that are off, and the noise says how small the residuals can become. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <suitesparse/cholmod.h>

#include "ba.h"

enum { CAMERAS = 12, POINTS = 400, OF_CAMERA = 11, UNKNOWNS = CAMERAS*OF_CAMERA + POINTS*3, MOST_SEEN = CAMERAS*POINTS, MOST_STEPS = 40 };
static const double noise = 0.5; /* pixels, of each coordinate of an image */

typedef struct {
    ba_dims dims;
    double x[UNKNOWNS], tried[UNKNOWNS];         /* all cameras, then all points, as the columns of J */
    double weight[MOST_SEEN], feature[2*MOST_SEEN], r[2*MOST_SEEN];
    int32_t of_camera[MOST_SEEN], of_point[MOST_SEEN];
    double scale[UNKNOWNS], step[UNKNOWNS];      /* one by the length of each column of J */
    void *workspace;
    bp_pattern pattern;
    cholmod_sparse *Jt;                          /* J by rows is J' by columns */
    cholmod_factor *factor;
    cholmod_common cholmod;
} Problem;

static void stop(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(2);
}

static void *take(size_t bytes) {
    void *block = aligned_alloc(64, (bytes + 64)/64*64);
    if (!block) stop("out of memory");
    return block;
}

/* ---- the problem ---------------------------------------------------------------------------------------------------------------- */

/* In [0, 1), the same on every machine: the linear congruence of D. E. Knuth's MMIX. */
static double uniform(void) {
    static uint64_t state = 1;
    state = state*6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11)/9007199254740992.0;
}

static double normal(double deviation) {
    const double radius = sqrt(-2*log(1 - uniform())); /* G. E. P. Box and M. E. Muller 1958 */
    return deviation*radius*cos(6.283185307179586*uniform());
}

static ba_inputs inputs(const Problem *p, const double *x) {
    return (ba_inputs){.cams = x, .points = x + CAMERAS*OF_CAMERA, .weight = p->weight, .feature = p->feature,
                       .of_camera = p->of_camera, .of_point = p->of_point};
}

/* Half the sum of squares of the residuals at x, which are left in r. */
static double cost(Problem *p, const double *x) {
    const ba_inputs in = inputs(p, x);
    ba_outputs out = {.r = p->r};
    if (ba_predict(&p->dims, &in, &out, p->workspace) != BP_OK) stop("ba_predict failed");
    double sum = 0;
    for (int64_t k = 0; k < 2*p->dims.p; k++) sum += p->r[k]*p->r[k];
    return sum/2;
}

/* What is true: a camera turned by an angle about the vertical axis stands six away from the cloud, and looks at it. */
static void set_truth(Problem *p) {
    for (int c = 0; c < CAMERAS; c++) {
        const double turn = -1.2 + 2.4*c/(CAMERAS - 1), of[OF_CAMERA] = {0, turn, 0, 6*sin(turn), 0.5*sin(3.0*c), -6*cos(turn), 800, 512, 384, -0.1, 0.02};
        for (int k = 0; k < OF_CAMERA; k++) p->x[c*OF_CAMERA + k] = of[k];
    }
    for (int k = CAMERAS*OF_CAMERA; k < UNKNOWNS; k++) p->x[k] = 3*uniform() - 1.5;
    for (int o = 0; o < MOST_SEEN; o++)
        if (uniform() < 0.6) {
            const int64_t at = p->dims.p++;
            p->of_camera[at] = o/POINTS, p->of_point[at] = o%POINTS, p->weight[at] = 1;
        }
}

/* With no features yet, the residuals are what the cameras see. */
static void see(Problem *p) {
    cost(p, p->x);
    for (int64_t k = 0; k < 2*p->dims.p; k++) p->feature[k] = p->r[k] + normal(noise);
}

/* By how much the start is off: rotation, centre, focal length, principal point, distortion; points by a tenth. */
static void forget(Problem *p) {
    static const double by[OF_CAMERA] = {0.03, 0.03, 0.03, 0.1, 0.1, 0.1, 40, 10, 10, 0.05, 0.02};
    for (int k = 0; k < UNKNOWNS; k++) p->x[k] += normal(k < CAMERAS*OF_CAMERA ? by[k%OF_CAMERA] : 0.1);
}

/* ---- the Jacobian, as a matrix of CHOLMOD ------------------------------------------------------------------------------------------ */
static void make_pattern(Problem *p) {
    bp_pattern *s = &p->pattern;
    const ba_inputs in = inputs(p, p->x);
    if (ba_jacobian_pattern(&p->dims, &in, s, p->workspace) != BP_OK) stop("no pattern"); /* sizes alone */
    const size_t terms = (size_t)s->terms;
    s->start = take((size_t)(s->rows + 1)*sizeof *s->start);
    s->index = take(terms*sizeof *s->index), s->place = take(terms*sizeof *s->place);
    s->row = take(terms*sizeof *s->row), s->column = take(terms*sizeof *s->column);
    if (ba_jacobian_pattern(&p->dims, &in, s, p->workspace) != BP_OK) stop("no pattern");

    cholmod_start(&p->cholmod);
    p->Jt = cholmod_allocate_sparse((size_t)s->columns, (size_t)s->rows, terms, 1, 1, 0, CHOLMOD_REAL, &p->cholmod);
    if (!p->Jt) stop("out of memory");
    for (int64_t k = 0; k <= s->rows; k++) ((int *)p->Jt->p)[k] = (int)s->start[k];
    for (int64_t k = 0; k < s->entries; k++) ((int *)p->Jt->i)[k] = s->index[k];
    p->factor = cholmod_analyze(p->Jt, &p->cholmod); /* of J'J, since Jt is not symmetric */
}

/* Residuals and J at x; J's columns are brought to length 1, which makes Marquardt's D the identity. The step's right side is -J'r. */
static void linearise(Problem *p) {
    const ba_inputs in = inputs(p, p->x);
    ba_outputs out = {.r = p->r};
    double *J = p->Jt->x;
    ba_jacobians jacobians = {.values = J};
    const bp_pattern *s = &p->pattern;
    if (ba_jacobian(&p->dims, &in, s, &out, &jacobians, p->workspace) != BP_OK) stop("ba_jacobian failed");
    for (int k = 0; k < UNKNOWNS; k++) p->scale[k] = p->step[k] = 0;
    for (int64_t k = 0; k < s->entries; k++) p->scale[s->index[k]] += J[k]*J[k];
    for (int k = 0; k < UNKNOWNS; k++) p->scale[k] = p->scale[k] > 0 ? 1/sqrt(p->scale[k]) : 1; /* 0: nobody sees that point */
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t k = s->start[i]; k < s->start[i + 1]; k++) {
            J[k] *= p->scale[s->index[k]];
            p->step[s->index[k]] -= J[k]*p->r[i];
        }
}

/* Where the step (J'J + lambda) leads, in `tried`. */
static void solve(Problem *p, double lambda) {
    double beta[2] = {lambda, 0};
    cholmod_dense b = {.nrow = UNKNOWNS, .ncol = 1, .nzmax = UNKNOWNS, .d = UNKNOWNS, .x = p->step, .xtype = CHOLMOD_REAL, .dtype = CHOLMOD_DOUBLE};
    cholmod_factorize_p(p->Jt, beta, NULL, 0, p->factor, &p->cholmod);
    cholmod_dense *x = cholmod_solve(CHOLMOD_A, p->factor, &b, &p->cholmod);
    if (!x) stop("CHOLMOD failed");
    for (int k = 0; k < UNKNOWNS; k++) p->tried[k] = p->x[k] + p->scale[k]*((const double *)x->x)[k];
    cholmod_free_dense(&x, &p->cholmod);
}

/* Levenberg and Marquardt: the better the last step, the less damping. Returns the cost where it ends. */
static double adjust(Problem *p) {
    double now = cost(p, p->x), lambda = 1e-2;
    printf("step           cost   rms, pixels    lambda\n   0 %14.3f %13.3f\n", now, sqrt(2*now/(double)(2*p->dims.p)));
    linearise(p);
    for (int step = 1; step <= MOST_STEPS; step++) {
        solve(p, lambda);
        const double then = cost(p, p->tried), gain = now - then;
        const int better = gain > 0; /* false for a nan too */
        printf("%4d %14.3f %13.3f %9.0e%s\n", step, then, sqrt(2*then/(double)(2*p->dims.p)), lambda, better ? "" : "   not taken");
        lambda *= better ? 0.1 : 10;
        if (!better && lambda < 1e3) continue;
        for (int k = 0; better && k < UNKNOWNS; k++) p->x[k] = p->tried[k];
        if (better) now = then;
        if (!better || gain < 1e-6*now) break;
        linearise(p);
    }
    return now;
}

int main(void) {
    Problem *p = calloc(1, sizeof *p);
    if (!p) stop("out of memory");
    p->dims.n = CAMERAS, p->dims.m = POINTS;
    set_truth(p);
    p->workspace = take(ba_workspace_size(&p->dims));
    see(p);
    forget(p);
    make_pattern(p);
    const bp_pattern *s = &p->pattern;
    printf("%d cameras, %d points, %lld observations: J is %lld x %lld with %lld entries (%.1f MB; dense it would be %.0f MB)\n", CAMERAS, POINTS,
           (long long)p->dims.p, (long long)s->rows, (long long)s->columns, (long long)s->entries, (double)s->entries*8e-6,
           (double)s->rows*(double)s->columns*8e-6);
    const double end = adjust(p);
    const double free_to_err = 1 - (double)(UNKNOWNS - 7)/(double)s->rows; /* 7: moving, turning and scaling everything changes nothing */
    printf("residuals of %.3f pixels; noise of %.1f leaves %.3f to be expected\n", sqrt(2*end/(double)s->rows), noise, noise*sqrt(free_to_err));

    cholmod_free_factor(&p->factor, &p->cholmod);
    cholmod_free_sparse(&p->Jt, &p->cholmod);
    cholmod_finish(&p->cholmod);
    free(s->start), free(s->index), free(s->place), free(s->row), free(s->column), free(p->workspace), free(p);
    return 0;
}
