/* bpc bench: what the modes of differentiation cost on this machine. What its files share:
 *
 *     bench.c        the verb: one measurement, or a sweep over sizes
 *     bench_run.c    one set of sizes: generates, builds, compares every mode
 *     bench_time.c   samples of every mode, in turns
 *     bench_paths.c  the baseline that sums every path
 *     bench_text.c   tables, JSON and the plot
 *     machine.c      the peak of the machine
 *     pace.c         how fast it runs what bpc writes; pace_function.c: and so, how long a function takes */
#ifndef BPC_VERBS_BENCH_H
#define BPC_VERBS_BENCH_H

#include "base/decimal.h"
#include "verbs/case.h"
#include "verbs/machine.h"
#include "verbs/pace.h"
#include "verbs/predict.h"

typedef enum { BENCH_VALUE, BENCH_REVERSE, BENCH_BACKWARD, BENCH_HVP, BENCH_JVP, BENCH_FORWARD, BENCH_K_FORWARD, BENCH_PATHS, N_BENCHES } BenchMode;
extern const char *const bench_name[N_BENCHES]; /* of --modes and JSON: "value", "reverse", … */

typedef struct {
    bool wanted;             /* by --modes, and the model has it */
    uint32_t samples;        /* 0: not measured */
    double median, low, high; /* seconds for the whole, and the quartiles of the samples */
    double calls;            /* of the generated function that the whole takes: forward mode one for each parameter */
    double timed;            /* calls in a sample: where they are fewer than `calls`, the time is scaled */
    double flops, bytes, memory; /* on paper (predict.h); NaN: not known */
    double predicted;        /* seconds: the longer of computing, at the pace of generated code, and moving, at the bandwidth of that much memory */
    const char *note;        /* why there is no measurement, or NULL */
} BenchResult;

typedef struct {
    double at;                /* of what is swept over */
    double inputs, outputs;   /* elements of wrt, of of */
    bool scalar;              /* `of` is one number */
    double paths;             /* from wrt to of; NaN: not counted */
    double disagreement;      /* greatest relative difference between modes, and from the interpreter; NaN: not compared */
    const char *sizes;        /* "m = 64, " of the run-time dims */
    BenchResult result[N_BENCHES];
} BenchPoint;

typedef struct {
    Arena *arena;
    const Options *options;
    const char *of, *wrt;     /* as the head names them */
    bool f64;
    int64_t directions;       /* of BENCH_K_FORWARD */
    Machine machine;
    Pace *pace;
    const char *sweep;        /* the name, or NULL */
    bool sweep_is_dim;
    VEC(double) values;       /* of it; one nan without a sweep */
    VEC(BenchPoint) points;
    bool interrupted;
} Bench;

/* bench.c: has the user pressed Ctrl-C? And what is going on, for the terminal's live line. */
bool bench_stopped(void);
void bench_progress(const Bench *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Measures at the options, which have the swept value among their -D, or at this value of a run-time dim. What is interrupted
 * keeps what it has. Prints what is wrong; returns a status. */
int bench_run(Bench *, const Options *, double at, BenchPoint *);

/* How a case is made, so that several instances of the model get equal ones. */
typedef struct {
    const int64_t *dims; /* by run-time dim; where there is --data, that says them */
    bool positive;       /* inputs drawn between 0.5 and 1.5 */
} BenchCase;
int bench_case(Case *, Model *, const Options *, const BenchCase *);
/* What is differentiated: the loss, else what --of names, else every real output; and by what. */
int bench_tensors(Model *, const Options *, TensorList *of, TensorList *wrt);

/* The baseline. Edges are the partials of each scalar by those that its equation reads, from the interpreter. */
typedef struct BenchPaths BenchPaths;
/* NULL with a reason where the model has no such graph or it is too large. `paths` and `steps` receive their number and that of
 * the edges of their tree; NaN where they were not counted. */
BenchPaths *bench_paths_new(Arena *, const Options *, const BenchCase *, const char **reason, double *paths, double *steps);
/* Sums every path once. */
void bench_paths_walk(const BenchPaths *);
/* By element of wrt, the sum over all paths to all outputs. */
const double *bench_paths_sums(const BenchPaths *);
void bench_paths_free(BenchPaths *);

/* bench_text.c */
void bench_print_head(const Bench *);
void bench_print_point(const Bench *, const BenchPoint *);
void bench_print_crossing(const Bench *);
void bench_print_json(const Bench *);
int bench_plot(const Bench *, const char *path);
/* Where two modes take equally long, between the points of the sweep, by straight lines between logarithms; NaN: nowhere. */
double bench_crossing(const Bench *, BenchMode, BenchMode);

#endif
