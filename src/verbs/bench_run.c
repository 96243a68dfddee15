/* One set of sizes: the model is opened, its derivatives are generated and built for this machine, given data or random ones are
 * bound to them, and all modes are measured in turns, so that whatever else the machine does falls on all of them alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bp_random.h"
#include "verbs/bench_time.h"
#include "verbs/derive.h"
#include "verbs/verbs.h"

enum { MOST_INTERPRETED = 5000000 /* flops */ };

typedef struct {
    Bench *bench;
    const Options *options;
    BenchPoint *point;
    Model model, generated; /* the generated one is used up */
    TensorList of, wrt;
    BenchCase how;
    Case data;
    Request request;
    Wanted wanted[1];
    Execution execution;
    Model several;          /* … with k directions at once */
    Request several_request;
    Execution several_execution;
    Prediction prediction;
    BenchPaths *paths;
    Runner *runner[N_BENCHES];
    uint32_t n;
    void **tangents, **cotangents, **grads, **dots; /* directions of the comparison, and what comes of them */
    void **several_dots;
    ResultGroup values;
} Run;

static bool wanted(const Run *r, BenchMode mode) { return r->point->result[mode].wanted; }

/* ---- what is measured ------------------------------------------------------------------------------------------------ */
int bench_tensors(Model *m, const Options *o, TensorList *of, TensorList *wrt) {
    int status = model_wrt(m, o, wrt);
    if (status != STATUS_DONE) return status;
    if (o->of.n > 0 || !m->graph->loss) return model_of_tangents(m, o, of);
    vec_push(m->base.arena, of, m->graph->loss);
    return STATUS_DONE;
}

int bench_case(Case *c, Model *m, const Options *o, const BenchCase *how) {
    return o->data ? case_read(c, m, o) : case_random_at(c, m, o, how->dims, how->positive);
}

static int64_t elements(const Run *r, const TensorList *list) {
    int64_t n = 0;
    for (uint32_t k = 0; k < list->n; k++) n += case_count(&r->data, list->at[k]);
    return n;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------------ */
static void print_bytes(Text *out, double bytes) { decimal_print(out, decimal_of(bytes, 3), "B"); }

/* All that the model touches in any mode, more than once over: drawn as doubles, held in the model's precision. */
static int memory_suffices(const Run *r) {
    double most = 0;
    for (CostMode k = 0; k < N_COSTS; k++)
        if (r->prediction.row[k].known) most = fmax(most, r->prediction.row[k].memory.value);
    const double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (!(3 * most > there)) return STATUS_DONE;
    Text text = {0};
    print_bytes(&text, 3 * most);
    text_add(&text, ", and this machine has ");
    print_bytes(&text, there);
    fprintf(stderr, "bpc: sizes too large to run: arrays and workspace take %s (smaller ones with -D or --data)\n", text.at);
    text_free(&text);
    return STATUS_WRONG_MODEL;
}

static int choose_sizes(Run *r, double at) {
    const Graph *g = r->model.graph;
    int64_t *dims = NEW_ARRAY(r->model.base.arena, int64_t, g->dims.n + 1);
    for (uint32_t k = 0; k < g->dims.n; k++) {
        const bool swept = r->bench->sweep && strcmp(g->dims.at[k].name, r->bench->sweep) == 0;
        if (swept && r->options->data) {
            fprintf(stderr, "bpc: --sweep: the size '%s' is that of the data; sweep over it without --data\n", r->bench->sweep);
            return STATUS_FAILED;
        }
        dims[k] = swept ? (int64_t)at : USUAL_SIZE;
    }
    r->how.dims = dims;
    return STATUS_DONE;
}

static const char *sizes_text(const Run *r) {
    const Graph *g = r->model.graph;
    Text text = {0};
    text_add(&text, "%s", "");
    for (uint32_t k = 0; k < g->dims.n; k++) text_add(&text, "%s = %lld, ", g->dims.at[k].name, (long long)r->data.dims[k]);
    const char *kept = arena_printf(r->bench->arena, "%s", text.at);
    text_free(&text);
    return kept;
}

/* ---- generated code ----------------------------------------------------------------------------------------------------- */
/* One emission has every function that any mode calls. */
static int generate(Run *r) {
    Options o = *r->options;
    const bool scalar = r->point->scalar;
    o.directions = 0;
    o.of = (StringList){0};
    for (uint32_t k = 0; k < r->of.n; k++) vec_push(o.arena, &o.of, r->of.at[k]->name);
    const Want want = scalar ? WANT_HVP : WANT_VJP;
    const bool other = scalar ? wanted(r, BENCH_HVP) : true;
    r->wanted[0] = (Wanted){.row = &want_rows[want]};
    r->request = (Request){.gradient = scalar, .tangents = true, .training = 1, .wrt = r->wrt.at, .n_wrt = r->wrt.n, .of = r->of.at, .n_of = r->of.n,
                           .wanted = r->wanted, .n_wanted = other, .fast = true};
    int status = model_open(&r->generated, &o);
    return status == STATUS_DONE ? execute_open(&r->execution, &r->generated, &o, &r->data, &r->request) : status;
}

/* jvp along several directions is a function of the same name, so it is built apart. */
static int generate_several(Run *r) {
    Options o = *r->options;
    o.directions = r->bench->directions;
    r->several_request = (Request){.tangents = true, .wrt = r->wrt.at, .n_wrt = r->wrt.n, .of = r->of.at, .n_of = r->of.n, .fast = true};
    int status = model_open(&r->several, &o);
    return status == STATUS_DONE ? execute_open(&r->several_execution, &r->several, &o, &r->data, &r->several_request) : status;
}

static void close_model(Execution *x, Model *m) {
    execute_close(x);
    if (m->base.arena) model_close(m);
}

static double **drawn(const Run *r, const TensorList *list, uint64_t stream) {
    Arena *arena = r->model.base.arena;
    double **values = NEW_ARRAY(arena, double *, list->n + 1);
    for (uint32_t k = 0; k < list->n; k++) {
        const int64_t n = case_count(&r->data, list->at[k]);
        values[k] = NEW_ARRAY(arena, double, (size_t)n + 1);
        for (int64_t j = 0; j < n; j++) values[k][j] = bp_normal(r->data.seed, stream, list->at[k]->number, (uint64_t)j, 0, 1);
    }
    return values;
}

static int call_once(const BoundCall *call, const Run *r) {
    const int status = bound_call(call);
    if (status == BP_OK) return STATUS_DONE;
    const bool random = status == BP_E_RANGE && !r->options->data;
    fprintf(stderr, "bpc: %s: %s%s\n", r->model.path, bp_status_text(status), random ? "; random data do not fit this model: --data FILE gives others" : "");
    return STATUS_WRONG_MODEL;
}

static int64_t result_count(const Result *result) {
    int64_t n = 1;
    for (uint32_t a = 0; a < result->rank; a++) n *= result->extent[a];
    return n;
}

/* What the value function gives. Is every number finite? Others are no slower, but their derivatives say nothing. */
static int find_values(Run *r, bool *finite) {
    BoundCall value;
    r->values = (ResultGroup){0};
    int status = execute_bind(&r->execution, "predict", NULL, NULL, &value);
    if (status == STATUS_DONE) status = call_once(&value, r);
    if (status == STATUS_DONE) status = execute_outputs(&r->execution, &r->values);
    *finite = true;
    for (uint32_t k = 0; status == STATUS_DONE && k < r->values.results.n; k++) {
        const Result *result = &r->values.results.at[k];
        for (int64_t j = 0; j < result_count(result); j++) *finite &= isfinite(result->values[j]) != 0;
    }
    return status;
}

/* Random inputs that leave the model's domain (the logarithm of a negative number) are drawn again, positive. */
static int find_case(Run *r) {
    for (int turn = 0;; turn++) {
        r->how.positive = turn == 1;
        bool finite = true;
        int status = r->options->data ? STATUS_DONE : bench_case(&r->data, &r->model, r->options, &r->how); /* data are read already */
        if (status == STATUS_DONE) status = generate(r);
        if (status == STATUS_DONE && wanted(r, BENCH_K_FORWARD)) status = generate_several(r);
        if (status == STATUS_DONE) status = find_values(r, &finite);
        if (status != STATUS_DONE || finite || turn == 1 || r->options->data) return status;
        close_model(&r->execution, &r->generated);
        close_model(&r->several_execution, &r->several);
    }
}

/* ---- modes ------------------------------------------------------------------------------------------------------------- */
static Runner *add_runner(Run *r, BenchMode mode) {
    Runner *runner = NEW(r->model.base.arena, Runner);
    runner->mode = mode;
    r->runner[r->n++] = runner;
    return runner;
}

static int add_call(Run *r, Execution *x, BenchMode mode, const char *name, void *seeds, void *results) {
    if (!wanted(r, mode)) return STATUS_DONE;
    r->point->result[mode].calls = 1;
    return execute_bind(x, name, seeds, results, &add_runner(r, mode)->call);
}

/* A call for each element of `over`, or for each block of `lanes` of them. */
static int add_loop(Run *r, Execution *x, BenchMode mode, const char *name, const TensorList *over, int64_t lanes, void *results) {
    if (!wanted(r, mode)) return STATUS_DONE;
    Units *units = units_new(r->model.base.arena, x, over, lanes);
    int status = add_call(r, x, mode, name, units_array(units), results);
    if (status != STATUS_DONE) return status;
    r->runner[r->n - 1]->units = units;
    r->point->result[mode].calls = ceil((double)elements(r, over) / (double)lanes);
    return STATUS_DONE;
}

static int add_several(Run *r) {
    Execution *x = &r->several_execution;
    const int64_t k = r->bench->directions;
    if (!wanted(r, BENCH_K_FORWARD)) return STATUS_DONE;
    r->several_dots = execute_arrays(x, r->of.at, r->of.n, k, NULL);
    return add_loop(r, x, BENCH_K_FORWARD, "jvp", &r->wrt, k, r->several_dots);
}

static int add_modes(Run *r) {
    Execution *x = &r->execution;
    const bool scalar = r->point->scalar;
    r->tangents = execute_arrays(x, r->wrt.at, r->wrt.n, 1, (const double *const *)drawn(r, &r->wrt, 3));
    r->cotangents = execute_arrays(x, r->of.at, r->of.n, 1, (const double *const *)drawn(r, &r->of, 4));
    r->grads = execute_arrays(x, r->wrt.at, r->wrt.n, 1, NULL);
    r->dots = execute_arrays(x, r->of.at, r->of.n, 1, NULL);
    void **grads = execute_arrays(x, r->wrt.at, r->wrt.n, 1, NULL), **dots = execute_arrays(x, r->of.at, r->of.n, 1, NULL);
    int status = add_call(r, x, BENCH_VALUE, "predict", NULL, NULL);
    if (status == STATUS_DONE) status = add_call(r, x, BENCH_REVERSE, scalar ? "gradient" : "vjp", scalar ? NULL : r->cotangents, r->grads);
    if (status == STATUS_DONE) status = add_loop(r, x, BENCH_BACKWARD, "vjp", &r->of, 1, grads);
    if (status == STATUS_DONE) status = add_call(r, x, BENCH_HVP, "hvp", r->tangents, grads);
    if (status == STATUS_DONE) status = add_call(r, x, BENCH_JVP, "jvp", r->tangents, r->dots);
    if (status == STATUS_DONE) status = add_loop(r, x, BENCH_FORWARD, "jvp", &r->wrt, 1, dots);
    return status == STATUS_DONE ? add_several(r) : status;
}

/* The baseline is left out, with a note, where there are too many paths. */
static void add_paths(Run *r) {
    BenchResult *result = &r->point->result[BENCH_PATHS];
    double steps = NAN;
    if (!result->wanted) return;
    bench_progress(r->bench, "%scounting paths", r->point->sizes);
    r->paths = bench_paths_new(r->bench->arena, r->options, &r->how, &result->note, &r->point->paths, &steps);
    if (!r->paths) return;
    Runner *runner = add_runner(r, BENCH_PATHS);
    runner->paths = r->paths;
    result->calls = 1;
    result->flops = 2 * steps;
    result->predicted = 2 * steps * pace_waiting(r->bench->pace); /* each sum waits for what comes back */
}

/* ---- do they agree? ------------------------------------------------------------------------------------------------------- */
typedef struct { double sum, size; } Dot;

/* <a, b>, and the sum of the magnitudes in it. `a` NULL: ones. */
static Dot dot(const Run *r, const TensorList *list, void *const *a, void *const *b) {
    Dot d = {0, 0};
    for (uint32_t k = 0; k < list->n; k++) {
        const int64_t n = case_count(&r->data, list->at[k]);
        for (int64_t j = 0; j < n; j++) {
            const double term = (a ? execute_fetch(&r->execution, a[k], j) : 1) * execute_fetch(&r->execution, b[k], j);
            d.sum += term;
            d.size += fabs(term);
        }
    }
    return d;
}

static void note_difference(Run *r, double off) {
    if (!(off <= r->point->disagreement)) r->point->disagreement = off;
}

static void compare(Run *r, Dot a, Dot b) {
    const double size = fmax(a.size, b.size);
    note_difference(r, size > 0 ? fabs(a.sum - b.sum) / size : 0);
}

/* The greatest difference of an output from the interpreter's, by the size of the output. */
static void compare_output(Run *r, const Result *found, const double *expected) {
    double size = 0, off = 0;
    for (int64_t j = 0; j < result_count(found); j++) {
        if (!isfinite(found->values[j]) && !isfinite(expected[j])) continue;
        size = fmax(size, fabs(expected[j]));
        off = fmax(off, fabs(found->values[j] - expected[j]));
    }
    if (!found->integer && size > 0) note_difference(r, off / size);
}

/* Code for this machine is built with all that the compiler can do; the interpreter shows whether it still computes the model.
 * Large models are not asked for: the interpreter is slow. */
static void compare_values(Run *r) {
    if (!(r->prediction.row[COST_VALUE].flops.value < MOST_INTERPRETED)) return;
    Model m;
    Case data;
    Eval *e = NULL;
    bool good = model_open(&m, r->options) == STATUS_DONE && derive_requests(&m, r->options) == STATUS_DONE &&
                bench_case(&data, &m, r->options, &r->how) == STATUS_DONE;
    if (good) e = eval_new(m.graph, data.dims, false);
    if (e) eval_set_training(e, 0);
    good = e && case_set(&data, e);
    for (uint32_t k = 0; good && k < r->values.results.n; k++) {
        const Result *found = &r->values.results.at[k];
        const Tensor *t = graph_find(m.graph, name_of(m.base.names, found->name));
        double *expected = NEW_ARRAY(m.base.arena, double, (size_t)result_count(found) + 1);
        if (t && eval_get(e, t, expected) == 0) compare_output(r, found, expected);
    }
    eval_free(e);
    model_close(&m);
}

static Dot dot_paths(const Run *r) {
    const double *sums = bench_paths_sums(r->paths);
    Dot d = {0, 0};
    for (uint32_t k = 0; k < r->wrt.n; k++) {
        const int64_t n = case_count(&r->data, r->wrt.at[k]);
        for (int64_t j = 0; j < n; j++) {
            const double term = *sums++ * execute_fetch(&r->execution, r->tangents[k], j);
            d.sum += term;
            d.size += fabs(term);
        }
    }
    return d;
}

/* The last direction of several, which is t: the others are 0. */
static int compare_several(Run *r) {
    const Execution *x = &r->several_execution;
    const int64_t k = r->bench->directions;
    void **seeds = execute_arrays(&r->several_execution, r->wrt.at, r->wrt.n, k, NULL), **last = execute_arrays(&r->several_execution, r->of.at, r->of.n, 1, NULL);
    BoundCall call;
    for (uint32_t t = 0; t < r->wrt.n; t++) {
        const int64_t n = case_count(&r->data, r->wrt.at[t]);
        for (int64_t j = 0; j < n; j++) execute_store(x, seeds[t], j * k + k - 1, execute_fetch(x, r->tangents[t], j));
    }
    int status = execute_bind(&r->several_execution, "jvp", seeds, r->several_dots, &call);
    if (status == STATUS_DONE) status = call_once(&call, r);
    for (uint32_t t = 0; status == STATUS_DONE && t < r->of.n; t++) {
        const int64_t n = case_count(&r->data, r->of.at[t]);
        for (int64_t j = 0; j < n; j++) execute_store(x, last[t], j, execute_fetch(x, r->several_dots[t], j * k + k - 1));
    }
    if (status == STATUS_DONE) compare(r, dot(r, &r->of, r->cotangents, r->dots), dot(r, &r->of, r->cotangents, last));
    return status;
}

/* <v, J t> by forward mode is <J' v, t> by reverse mode, and with ones for v the sum over all paths. Calls every function
 * once, which warms it up. */
static int compare_modes(Run *r) {
    for (uint32_t k = 0; k < r->n; k++) {
        Runner *runner = r->runner[k];
        if (runner->paths) bench_paths_walk(runner->paths);
        else if (runner->units) continue;
        else if (call_once(&runner->call, r) != STATUS_DONE) return STATUS_WRONG_MODEL;
    }
    r->point->disagreement = 0;
    compare_values(r);
    if (!wanted(r, BENCH_JVP)) return STATUS_DONE;
    if (wanted(r, BENCH_REVERSE))
        compare(r, dot(r, &r->of, r->point->scalar ? NULL : r->cotangents, r->dots), dot(r, &r->wrt, r->tangents, r->grads));
    if (r->paths) compare(r, dot(r, &r->of, NULL, r->dots), dot_paths(r));
    return wanted(r, BENCH_K_FORWARD) ? compare_several(r) : STATUS_DONE;
}

/* ---- on paper ----------------------------------------------------------------------------------------------------------------- */
/* The longer of computing and moving, for one call of the function; then as often as it is called. */
static void predict_result(const Run *r, const CostRow *once, BenchResult *result) {
    const Bench *b = r->bench;
    if (!once->known) return;
    const double moving = once->bytes.value / machine_bandwidth(&b->machine, once->memory.value);
    const double computing = fmax(once->flops.value / b->machine.flops, pace_seconds(b->pace, r->prediction.counting, once->function));
    result->flops = result->calls * once->flops.value;
    result->bytes = result->calls * once->bytes.value;
    result->memory = once->memory.value;
    result->predicted = result->calls * fmax(computing, moving);
}

static void predict_results(Run *r) {
    static const CostMode once[N_BENCHES] = {COST_VALUE, COST_REVERSE, COST_REVERSE, COST_HVP, COST_JVP, COST_JVP, COST_DIRECTIONS, N_COSTS};
    for (BenchMode mode = 0; mode < N_BENCHES; mode++)
        if (once[mode] != N_COSTS) predict_result(r, &r->prediction.row[once[mode]], &r->point->result[mode]);
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------- */
static void begin_point(Run *r) {
    BenchPoint *p = r->point;
    const bool scalar = r->of.n == 1 && r->of.at[0]->rank == 0;
    *p = (BenchPoint){.at = p->at, .scalar = scalar, .paths = NAN, .disagreement = NAN, .sizes = ""};
    for (BenchMode mode = 0; mode < N_BENCHES; mode++) {
        const StringList *modes = &r->options->modes;
        const bool there = mode == BENCH_BACKWARD ? !scalar : mode == BENCH_HVP ? scalar : true;
        p->result[mode] = (BenchResult){.wanted = there && (modes->n == 0 || mode == BENCH_VALUE || option_in(modes, bench_name[mode])),
                                        .flops = NAN, .bytes = NAN, .memory = NAN, .predicted = NAN};
    }
}

static const char *names_of(Arena *arena, const TensorList *list) {
    const char *text = list->at[0]->name;
    if (list->n > 4) return arena_printf(arena, "%u tensors", list->n);
    for (uint32_t k = 1; k < list->n; k++) text = arena_printf(arena, "%s, %s", text, list->at[k]->name);
    return arena_printf(arena, "%s", text);
}

static int prepare(Run *r, double at) {
    Bench *b = r->bench;
    Options seen = *r->options;
    seen.quiet = b->points.n > 0; /* warnings once */
    int status = model_open(&r->model, &seen);
    if (status == STATUS_DONE) status = bench_tensors(&r->model, r->options, &r->of, &r->wrt);
    if (status == STATUS_DONE) status = choose_sizes(r, at);
    if (status != STATUS_DONE) return status;
    b->f64 = r->model.graph->f64;
    b->of = names_of(b->arena, &r->of);
    b->wrt = names_of(b->arena, &r->wrt);
    begin_point(r);
    if (r->options->data) {
        status = bench_case(&r->data, &r->model, r->options, &r->how);
        r->how.dims = r->data.dims;
    }
    if (status == STATUS_DONE && b->machine.flops == 0) {
        bench_progress(b, "measuring this machine");
        status = machine_measure(&b->machine, b->arena, b->f64);
        b->pace = status == STATUS_DONE ? pace_new(b->arena, r->options, b->f64, b->machine.flops) : NULL;
        if (!b->pace) status = STATUS_FAILED;
    }
    if (status != STATUS_DONE) return status;
    bench_progress(b, "generating");
    status = predict(&r->prediction, r->options, r->how.dims);
    if (status == STATUS_DONE) status = memory_suffices(r);
    if (status == STATUS_DONE) status = find_case(r);
    if (status != STATUS_DONE) return status;
    r->point->sizes = sizes_text(r);
    r->point->inputs = (double)elements(r, &r->wrt);
    r->point->outputs = (double)elements(r, &r->of);
    return STATUS_DONE;
}

int bench_run(Bench *b, const Options *o, double at, BenchPoint *point) {
    Run *r = NEW(b->arena, Run);
    Options quiet = *o;
    quiet.quiet = 1;
    *r = (Run){.bench = b, .options = &quiet, .point = point};
    point->at = at;
    int status = prepare(r, at);
    if (status == STATUS_DONE) status = add_modes(r);
    if (status == STATUS_DONE) add_paths(r);
    if (status == STATUS_DONE) status = compare_modes(r);
    if (status == STATUS_DONE) {
        predict_results(r);
        time_runners(r->bench, r->point, r->runner, r->n);
    }
    bench_paths_free(r->paths);
    predict_close(&r->prediction);
    close_model(&r->execution, &r->generated);
    close_model(&r->several_execution, &r->several);
    if (r->model.base.arena) model_close(&r->model);
    return status;
}
