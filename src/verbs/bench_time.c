/* A sample is as many calls as make it long enough for the clock; nothing is subtracted from it. Of a mode that calls its
 * function once for each direction, a sample holds as many of these calls as fit, one direction after another, and the time of all
 * is in proportion. Samples are short: where others run on the same processor, most of them fall between two turns of those. */
#include "verbs/bench_time.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_ROUNDS = 3, ROUNDS_AIMED_AT = 100 };
static const double shortest_sample = 20e-6, longest_sample = 1e-3;

/* ---- unit directions ------------------------------------------------------------------------------------------------- */
typedef struct {
    uint32_t tensor;
    int64_t element;
} Spot;

struct Units {
    const Execution *execution;
    void **array;
    const TensorList *of;
    int64_t *count, lanes;
    bool begun;
    Spot at; /* of the first lane */
};

Units *units_new(Arena *arena, Execution *x, const TensorList *of, int64_t lanes) {
    Units *u = NEW(arena, Units);
    *u = (Units){.execution = x, .of = of, .lanes = lanes, .count = NEW_ARRAY(arena, int64_t, of->n + 1)};
    for (uint32_t k = 0; k < of->n; k++) u->count[k] = case_count(x->data, of->at[k]);
    u->array = execute_arrays(x, of->at, of->n, lanes, NULL);
    return u;
}

void *units_array(const Units *u) { return u->array; }

/* Past the last element there is tensor of->n. */
static void skip_empty(const Units *u, Spot *s) {
    while (s->tensor < u->of->n && s->element >= u->count[s->tensor]) *s = (Spot){s->tensor + 1, 0};
}

/* One direction a lane, from this spot on; returns the spot after them. */
static Spot set_block(const Units *u, Spot from, double value) {
    for (int64_t lane = 0; lane < u->lanes && from.tensor < u->of->n; lane++) {
        execute_store(u->execution, u->array[from.tensor], from.element * u->lanes + lane, value);
        from.element++;
        skip_empty(u, &from);
    }
    return from;
}

static void next_block(Units *u) {
    const Spot after = u->begun ? set_block(u, u->at, 0) : (Spot){u->of->n, 0};
    u->at = after.tensor < u->of->n ? after : (Spot){0, 0};
    u->begun = true;
    skip_empty(u, &u->at);
    set_block(u, u->at, 1);
}

/* ---- samples ---------------------------------------------------------------------------------------------------------- */
/* Seconds of so many calls. The statuses were looked at before. */
static double time_calls(const Runner *runner, int64_t n) {
    const double begin = clock_seconds();
    for (int64_t k = 0; k < n; k++) {
        if (runner->units) next_block(runner->units);
        if (runner->paths) bench_paths_walk(runner->paths);
        else bound_call(&runner->call);
    }
    return clock_seconds() - begin;
}

/* How many calls make a sample of about this length. */
static void calibrate(Runner *runner, double seconds) {
    int64_t n = 1;
    for (double took = 0; !bench_stopped(); n = took > 0 ? (int64_t)fmin(16.0 * (double)n, ceil((double)n * seconds / took)) : 16 * n) {
        took = time_calls(runner, n);
        if (took >= seconds / 2) break;
    }
    runner->inner = n;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, uint32_t n, double q) {
    const double at = q * (n - 1);
    const uint32_t low = (uint32_t)at;
    return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[n - 1];
}

static void summarise(BenchResult *result, const Runner *runner) {
    const uint32_t n = runner->samples.n;
    if (n == 0) return;
    qsort(runner->samples.at, n, sizeof *runner->samples.at, ascending);
    result->samples = n;
    result->timed = (double)runner->inner;
    result->median = result->calls * quantile(runner->samples.at, n, 0.5);
    result->low = result->calls * quantile(runner->samples.at, n, 0.25);
    result->high = result->calls * quantile(runner->samples.at, n, 0.75);
}

static bool another_round(const Options *o, uint32_t round, double elapsed) {
    if (bench_stopped()) return false;
    return o->repetitions > 0 ? round < o->repetitions : round < LEAST_ROUNDS || elapsed < o->seconds;
}

void time_runners(Bench *b, BenchPoint *p, Runner **runner, uint32_t n) {
    const Options *o = b->options;
    const double sample = fmin(fmax(o->seconds / ((n + 1) * ROUNDS_AIMED_AT), shortest_sample), longest_sample);
    for (uint32_t k = 0; k < n; k++) {
        bench_progress(b, "%s%s", p->sizes, bench_name[runner[k]->mode]);
        calibrate(runner[k], sample);
    }
    const double begin = clock_seconds();
    for (uint32_t round = 0; another_round(o, round, clock_seconds() - begin); round++) {
        bench_progress(b, "%sround %u, %.1f of %.1f s", p->sizes, round + 1, clock_seconds() - begin, o->seconds);
        for (uint32_t k = 0; k < n && !bench_stopped(); k++)
            vec_push(b->arena, &runner[k]->samples, time_calls(runner[k], runner[k]->inner) / (double)runner[k]->inner);
    }
    for (uint32_t k = 0; k < n; k++) summarise(&p->result[runner[k]->mode], runner[k]);
}
