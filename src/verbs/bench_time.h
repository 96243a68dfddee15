/* Timing what bench_run.c made ready: all modes in turns. */
#ifndef BPC_VERBS_BENCH_TIME_H
#define BPC_VERBS_BENCH_TIME_H

#include "verbs/bench.h"
#include "verbs/execute.h"

/* Unit directions, `lanes` at once and block after block, in arrays that are 0 elsewhere. */
typedef struct Units Units;
Units *units_new(Arena *, Execution *, const TensorList *of, int64_t lanes);
void *units_array(const Units *); /* one pointer a tensor; lanes are the last axis */

/* What one mode calls. */
typedef struct {
    BenchMode mode;
    BoundCall call;
    Units *units;      /* the next block before each call; or NULL */
    BenchPaths *paths; /* walked instead of a call; or NULL */
    int64_t inner;     /* calls in a sample */
    VEC(double) samples; /* seconds of a call */
} Runner;

/* Takes samples of all runners in turns, as the options say, and writes median, quartiles and numbers to the point's results. */
void time_runners(Bench *, BenchPoint *, Runner **, uint32_t n);

#endif
