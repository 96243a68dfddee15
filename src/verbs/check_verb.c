/* bpc check: does the gradient hold? Four ways to it - generated code in reverse and in forward mode, the interpreter in
 * both - against finite differences of the interpreter's value in long double, entry by entry.
 *
 *     regression.bp: L = 0.0561677 (m = 3, f32)
 *     parameter  entries   reverse   forward  interpreted  worst entry
 *     w                2   1.1e-09   1.1e-09      2.8e-17  w[0]: -0.0230517 by reverse, -0.0230517 by differences  ok
 *
 * What stop(…) stops is held at the value that it has at the point, as it is by the derivative. Large parameters are sampled,
 * always at the same entries. Where the loss has a kink at the point (left and right
 * differences disagree), the entry is passed over and counted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"
#include "verbs/case.h"
#include "verbs/derive.h"
#include "verbs/execute.h"
#include "verbs/results.h"
#include "verbs/verbs.h"

static const OptionRow check_options[] = {
    {"data", '\0', OPTION_TEXT, offsetof(Options, data), "FILE", "values by name (.json, .npz, .csv); drawn at random where there is none", NULL, 0},
    {"seed", '\0', OPTION_WHOLE, offsetof(Options, seed), "N", "seed of what is drawn (1)", NULL, 0},
    {"samples", '\0', OPTION_WHOLE, offsetof(Options, samples), "N", "entries of a parameter that are looked at (20; 0: all)", NULL, 0},
    {"tolerance", '\0', OPTION_NUMBER, offsetof(Options, tolerance), "T", "greatest relative error (1e-6; f32: 1e-2)", NULL, 0},
    {"interpret", '\0', OPTION_FLAG, offsetof(Options, interpret), NULL, "the interpreter's derivatives alone, no C compiler", NULL, 0},
    {"columns", '\0', OPTION_TEXT, offsetof(Options, columns), "x=0:64,y=64", "which columns of a CSV are which input", NULL, 0},
    OPTIONS_END};
static const OptionRow *const check_tables[] = {check_options, derivative_options, model_options, code_options, NULL};
static const VerbHelp help = {"check", "model.bp...",
                              "Does the gradient hold? Of several models a line each. Compares reverse mode, forward mode and finite differences for each parameter; exit status 1 "
                              "where one is off. Run-time sizes are small primes where neither --data nor -D says them.",
                              check_tables, true};

typedef enum { BY_REVERSE, BY_FORWARD, BY_INTERPRETER, BY_TANGENT, N_METHODS } Method;
static const char *const method_name[N_METHODS] = {"reverse", "forward", "interpreted reverse", "interpreted forward"};

typedef struct {
    Model model, generated; /* the same file twice: the generated one is used up */
    Options *options;
    Case data;
    Derived derived;
    Tensor *loss;
    double value;
    Eval *exact, *plain; /* for differences; for the interpreter's derivatives; both in long double */
    Execution execution;
    Request request;
    bool compiled, f32;
    TensorList stopped;   /* what stop(…) stops */
    long double **stops;  /* its values at the point */
    ResultGroup gradient; /* of the generated reverse mode */
    double **bars;        /* of the interpreter */
} Checker;

typedef struct {
    int64_t checked, kinks;
    double error[N_METHODS];
    bool off, seen[N_METHODS];
    double worst, found, expected; /* the worst relative error, and its values */
    int64_t worst_entry;
    Method worst_method;
} Verdict;

/* ---- finite differences -------------------------------------------------------------------------------------------------- */
static long double loss_at(Checker *c, const Tensor *t, int64_t entry, long double x) {
    long double value = NAN;
    if (eval_set_element(c->exact, t, entry, x) != 0 || eval_get_long(c->exact, c->loss, &value) != 0) return NAN;
    return value;
}

/* The central difference at h, and the one-sided ones. */
static long double central(Checker *c, const Tensor *t, int64_t entry, long double middle, long double h, long double side[2]) {
    const long double x = c->data.values[t->number][entry], up = loss_at(c, t, entry, x + h), down = loss_at(c, t, entry, x - h);
    side[0] = (middle - down) / h, side[1] = (up - middle) / h;
    return (up - down) / (2 * h);
}

/* Central differences at h, h/2 and h/4, extrapolated by pairs (Richardson 1911): the error falls with h^4. Smaller steps are
 * tried while the two extrapolations disagree, as they do where a kink is within h. False where the sides disagree too: a kink
 * at the point. A kink exactly there looks smooth from both sides at once; then the sides do not come closer as h falls. */
static bool difference(Checker *c, const Tensor *t, int64_t entry, double *derivative) {
    const long double x = c->data.values[t->number][entry], middle = loss_at(c, t, entry, x);
    long double h = 1e-3L * (fabsl(x) > 1 ? fabsl(x) : 1), side[2] = {0, 0};
    bool smooth = false, tie = false;
    for (int turn = 0; turn < 4 && !smooth; turn++, h /= 32) {
        const long double wide = central(c, t, entry, middle, h, side), gap = fabsl(side[0] - side[1]), narrow = central(c, t, entry, middle, h / 2, side);
        const long double narrowest = central(c, t, entry, middle, h / 4, side);
        const long double first = (4 * narrow - wide) / 3, second = (4 * narrowest - narrow) / 3;
        *derivative = (double)second;
        tie = fabsl(side[0] - side[1]) > 0.7L * gap && gap > 1e-6L * (fabsl(side[0]) + fabsl(side[1])) + 1e-9L;
        smooth = fabsl(first - second) <= 1e-8L * fabsl(second) + 1e-11L * (1 + fabsl(middle)) || !(second == second);
    }
    loss_at(c, t, entry, x);
    return (smooth && !tie) || fabsl(side[0] - side[1]) <= 1e-2L * (fabsl(side[0]) + fabsl(side[1])) + 1e-9L;
}

/* ---- the methods ----------------------------------------------------------------------------------------------------------- */
static bool by_tangent(Checker *c, uint32_t k, int64_t entry, double *value) {
    const Derived *d = &c->derived;
    if (eval_set_element(c->plain, d->seeds[k], entry, 1) != 0) return false;
    bool good = eval_get(c->plain, d->dots[0], value) == 0;
    eval_set_element(c->plain, d->seeds[k], entry, 0);
    return good;
}

static bool by_forward(Checker *c, uint32_t k, int64_t entry, double *value) {
    const Derived *d = &c->derived;
    double **seeds = NEW_ARRAY(c->generated.base.arena, double *, d->wrt.n + 1);
    for (uint32_t j = 0; j < d->wrt.n; j++) seeds[j] = NEW_ARRAY(c->generated.base.arena, double, (size_t)case_count(&c->data, d->wrt.at[j]) + 1);
    seeds[k][entry] = 1;
    ResultGroup group = {0};
    if (execute_tangents(&c->execution, (const double *const *)seeds, &group) != STATUS_DONE) return false;
    *value = group.results.at[0].values[0];
    return true;
}

static bool by_method(Checker *c, Method method, uint32_t k, int64_t entry, double *value) {
    switch (method) {
    case BY_REVERSE: return c->compiled && (*value = c->gradient.results.at[k].values[entry], true);
    case BY_FORWARD: return c->compiled && by_forward(c, k, entry, value);
    case BY_INTERPRETER: *value = c->bars[k][entry]; return true;
    case BY_TANGENT: return by_tangent(c, k, entry, value);
    default: return false;
    }
}

/* ---- comparing ------------------------------------------------------------------------------------------------------------- */
static double tolerance_of(const Checker *c, Method method) {
    if (c->options->tolerance > 0) return c->options->tolerance;
    return c->f32 && method <= BY_FORWARD ? 1e-2 : 1e-6;
}

/* Errors count relative to the value or, near 0, to the greatest entry of the parameter; below `floor` they are rounding. */
static void compare(Checker *c, Verdict *v, Method method, int64_t entry, double found, double expected, double scale) {
    const double floor = (c->f32 && method <= BY_FORWARD ? 1e-5 : 1e-10) * (1 + fabs(c->value));
    const bool both_nan = isnan(found) && isnan(expected);
    const double error = both_nan ? 0 : fabs(found - expected), size = fmax(fabs(expected), scale);
    const double relative = (isnan(error) ? INFINITY : error) / (size + floor / tolerance_of(c, method));
    v->seen[method] = true;
    if (!(error <= v->error[method])) v->error[method] = error;
    if (relative > tolerance_of(c, method)) v->off = true;
    if (v->worst >= 0 && relative / tolerance_of(c, method) <= v->worst) return;
    v->worst = relative / tolerance_of(c, method);
    v->worst_entry = entry;
    v->worst_method = method;
    v->found = found;
    v->expected = expected;
}

/* The entry that is looked at as number `k` of `samples`: one from each of as many equal parts. */
static int64_t sampled(int64_t count, int64_t samples, int64_t k) {
    if (samples == 0 || count <= samples) return k;
    const int64_t from = (int64_t)((double)count * (double)k / (double)samples), to = (int64_t)((double)count * (double)(k + 1) / (double)samples);
    return from + (int64_t)(hash_mix((uint64_t)k, (uint64_t)count) % (uint64_t)(to > from ? to - from : 1));
}

static bool is_given(const Checker *c, const Tensor *t) { return c->data.values[t->number] && t->role != ROLE_WRITTEN; }

/* What is stopped stays at its values at the point, whatever else moves. */
static int hold_stopped(Checker *c, Eval *e) {
    for (uint32_t k = 0; k < c->stopped.n; k++)
        if (c->stops[k] && eval_set_long(e, c->stopped.at[k], c->stops[k]) != 0) return 1;
    return 0;
}

/* An interpreter in which the intermediate is set to the values it has, so that it alone can be moved. */
static Eval *holding(Checker *c, const Tensor *t) {
    Arena *arena = c->model.base.arena;
    const int64_t n = case_count(&c->data, t);
    long double *values = NEW_ARRAY(arena, long double, (size_t)n + 1);
    c->data.values[t->number] = NEW_ARRAY(arena, double, (size_t)n + 1);
    Eval *e = eval_new(c->model.graph, c->data.dims, true);
    eval_set_training(e, c->options->training == 0 ? 0 : 1);
    eval_set_draws(e, c->data.seed, 0);
    if (eval_get_long(c->exact, t, values) != 0) return e;
    for (uint32_t k = 0; k < c->data.n; k++)
        if (c->data.values[k] && is_given(c, c->model.graph->tensors.at[k])) eval_set(e, c->model.graph->tensors.at[k], c->data.values[k]);
    for (int64_t j = 0; j < n; j++) c->data.values[t->number][j] = (double)values[j];
    eval_set_long(e, t, values);
    hold_stopped(c, e);
    return e;
}

static void check_tensor(Checker *c, uint32_t k, Verdict *v) {
    const Tensor *t = c->derived.wrt.at[k];
    Eval *whole = c->exact;
    const bool held = !is_given(c, t);
    if (held) c->exact = holding(c, t);
    const int64_t count = case_count(&c->data, t), limit = c->options->samples;
    const int64_t n = limit == 0 || count < limit ? count : limit;
    double *expected = NEW_ARRAY(c->model.base.arena, double, (size_t)n + 1), scale = 0;
    bool *usable = NEW_ARRAY(c->model.base.arena, bool, (size_t)n + 1);
    *v = (Verdict){.worst = -1};
    for (int64_t j = 0; j < n; j++) {
        usable[j] = difference(c, t, sampled(count, limit, j), &expected[j]);
        if (usable[j] && isfinite(expected[j])) scale = fmax(scale, fabs(expected[j]));
        v->kinks += !usable[j];
    }
    for (int64_t j = 0; j < n; j++) {
        if (!usable[j]) continue;
        const int64_t entry = sampled(count, limit, j);
        v->checked++;
        for (Method method = 0; method < N_METHODS; method++) {
            double found;
            if (by_method(c, method, k, entry, &found)) compare(c, v, method, entry, found, expected[j], scale);
        }
    }
    if (!held) return;
    eval_free(c->exact);
    c->exact = whole;
}

/* ---- printing ------------------------------------------------------------------------------------------------------------------ */
static void print_head(const Checker *c) {
    const Graph *g = c->model.graph;
    printf("%s: %s = %.6g (", c->model.path, c->loss->name, c->value);
    for (uint32_t k = 0; k < g->dims.n; k++) printf("%s = %lld, ", g->dims.at[k].name, (long long)c->data.dims[k]);
    printf("%s)\n", c->f32 ? "f32" : "f64");
}

static void print_error(const Verdict *v, Method one, Method two) {
    if (!v->seen[one]) printf("  %9s", "-");
    else printf("  %9.1e", two < N_METHODS && v->error[two] > v->error[one] ? v->error[two] : v->error[one]);
}

static void print_entry(const Checker *c, const Tensor *t, int64_t entry) {
    int64_t at[16];
    for (uint32_t k = t->rank; k-- > 0;) {
        int64_t n = whole_at(c->model.graph, c->data.dims, t->extent[k]);
        at[k] = entry % n;
        entry /= n;
    }
    printf("%s", t->name);
    for (uint32_t k = 0; k < t->rank; k++) printf("%s%lld", k ? "," : "[", (long long)at[k]);
    printf("%s", t->rank ? "]" : "");
}

static void print_verdict(const Checker *c, const Tensor *t, const Verdict *v, int width) {
    printf("%-*s  %7lld", width, t->name, (long long)case_count(&c->data, t));
    print_error(v, BY_REVERSE, N_METHODS);
    print_error(v, BY_FORWARD, N_METHODS);
    print_error(v, BY_INTERPRETER, BY_TANGENT);
    printf("  ");
    if (v->checked > 0) {
        print_entry(c, t, v->worst_entry);
        printf(": %.6g by %s, %.6g by differences", v->found, method_name[v->worst_method], v->expected);
    }
    if (v->kinks > 0) printf("%s%lld at a kink", v->checked > 0 ? "; " : "", (long long)v->kinks);
    printf("  %s\n", v->off ? "OFF" : "ok");
}

/* ---- the verb -------------------------------------------------------------------------------------------------------------------- */
static int failed(const Eval *e) {
    fprintf(stderr, "bpc: %s\n", eval_message(e));
    return STATUS_WRONG_MODEL;
}

/* Both interpreters at the case; the loss goes to c->value. */
static int set_up(Checker *c) {
    c->exact = eval_new(c->model.graph, c->data.dims, true);
    c->plain = eval_new(c->model.graph, c->data.dims, true);
    Eval *both[2] = {c->exact, c->plain};
    for (int k = 0; k < 2; k++) {
        eval_set_training(both[k], c->options->training == 0 ? 0 : 1);
        if (!case_set(&c->data, both[k])) return failed(both[k]);
    }
    const char *broken = eval_check(c->plain, NULL);
    if (broken) {
        fprintf(stderr, "bpc: the values break what the model requires: %s\n", broken);
        return STATUS_WRONG_MODEL;
    }
    return eval_get(c->plain, c->loss, &c->value) == 0 ? STATUS_DONE : failed(c->plain);
}

/* The values at the point of what is stopped. */
static int find_stopped(Checker *c) {
    Arena *arena = c->model.base.arena;
    c->stops = NEW_ARRAY(arena, long double *, c->stopped.n + 1);
    for (uint32_t k = 0; k < c->stopped.n; k++) {
        c->stops[k] = NEW_ARRAY(arena, long double, (size_t)case_count(&c->data, c->stopped.at[k]) + 1);
        if (eval_get_long(c->exact, c->stopped.at[k], c->stops[k]) != 0) return failed(c->exact);
    }
    return hold_stopped(c, c->exact) == 0 ? STATUS_DONE : failed(c->exact);
}

static void take_down(Checker *c) {
    eval_free(c->exact);
    eval_free(c->plain);
    c->exact = c->plain = NULL;
}

/* A random point where the loss is a number; --data is taken as it is. */
static int find_point(Checker *c) {
    const Options *o = c->options;
    if (o->data) {
        int status = case_read(&c->data, &c->model, o);
        return status == STATUS_DONE ? set_up(c) : status;
    }
    for (int turn = 0; turn < 2; turn++) {
        int status = case_random(&c->data, &c->model, o, turn == 1);
        if (status == STATUS_DONE) status = set_up(c);
        if (status != STATUS_DONE || isfinite(c->value) || turn == 1) return status;
        take_down(c);
    }
    return STATUS_DONE;
}

static int interpreted(Checker *c) {
    Derived *d = &c->derived;
    vec_push(c->model.base.arena, &d->of, c->loss);
    derive_gradient(&c->model, d, c->loss);
    derive_tangents(&c->model, d, NULL);
    int status = model_report(&c->model, c->options);
    c->bars = NEW_ARRAY(c->model.base.arena, double *, d->wrt.n + 1);
    for (uint32_t k = 0; status == STATUS_DONE && k < d->wrt.n; k++) {
        const int64_t n = case_count(&c->data, d->wrt.at[k]);
        double *zeros = NEW_ARRAY(c->model.base.arena, double, (size_t)n + 1);
        c->bars[k] = NEW_ARRAY(c->model.base.arena, double, (size_t)n + 1);
        if (eval_set(c->plain, d->seeds[k], zeros) != 0) status = failed(c->plain);
    }
    for (uint32_t k = 0; status == STATUS_DONE && k < d->wrt.n; k++)
        if (eval_get(c->plain, d->bars[k], c->bars[k]) != 0) status = failed(c->plain);
    return status;
}

static int generated(Checker *c) {
    Options o = *c->options;
    if (o.interpret) return STATUS_DONE;
    int status = model_open(&c->generated, &o);
    if (status != STATUS_DONE) return status;
    o.of = (StringList){0};
    vec_push(o.arena, &o.of, c->loss->name);
    c->request = (Request){.gradient = true, .tangents = true, .training = 1, .wrt = c->derived.wrt.at, .n_wrt = c->derived.wrt.n, .of = &c->loss, .n_of = 1};
    status = execute_open(&c->execution, &c->generated, &o, &c->data, &c->request);
    ResultGroup values = {0};
    if (status == STATUS_DONE) status = execute_values(&c->execution, &values);
    if (status == STATUS_DONE) status = execute_gradient(&c->execution, &c->gradient);
    c->compiled = status == STATUS_DONE;
    return status;
}

/* Of several models, a line each. */
static void print_summary_head(int width) {
    printf("%-*s  %12s  %10s  %7s  %9s  %9s  %9s\n", width, "model", "loss", "parameters", "entries", "reverse", "forward", "interpret");
}

static int path_width(const Options *o) {
    int width = 5;
    for (uint32_t k = 0; k < o->models.n; k++) width = (int)strlen(o->models.at[k]) > width ? (int)strlen(o->models.at[k]) : width;
    return width;
}

static void join_verdict(Verdict *all, const Verdict *v) {
    all->checked += v->checked;
    all->kinks += v->kinks;
    all->off |= v->off;
    for (Method m = 0; m < N_METHODS; m++) {
        all->seen[m] |= v->seen[m];
        if (v->error[m] > all->error[m]) all->error[m] = v->error[m];
    }
}

static int report_line(Checker *c) {
    Verdict all = {0};
    for (uint32_t k = 0; k < c->derived.wrt.n; k++) {
        Verdict v;
        check_tensor(c, k, &v);
        join_verdict(&all, &v);
    }
    printf("%-*s  %12.6g  %10u  %7lld", path_width(c->options), c->model.path, c->value, c->derived.wrt.n, (long long)all.checked);
    print_error(&all, BY_REVERSE, N_METHODS);
    print_error(&all, BY_FORWARD, N_METHODS);
    print_error(&all, BY_INTERPRETER, BY_TANGENT);
    if (all.kinks > 0) printf("  %lld at a kink", (long long)all.kinks);
    printf("  %s\n", all.off ? "OFF" : "ok");
    fflush(stdout);
    return all.off ? STATUS_WRONG_MODEL : STATUS_DONE;
}

static int report(Checker *c) {
    if (c->options->models.n > 1) return report_line(c);
    const TensorList *wrt = &c->derived.wrt;
    int width = 9, status = STATUS_DONE;
    for (uint32_t k = 0; k < wrt->n; k++) width = (int)strlen(wrt->at[k]->name) > width ? (int)strlen(wrt->at[k]->name) : width;
    print_head(c);
    printf("%-*s  %7s  %9s  %9s  %9s  worst entry\n", width, "parameter", "entries", "reverse", "forward", "interpret");
    for (uint32_t k = 0; k < wrt->n; k++) {
        Verdict v;
        check_tensor(c, k, &v);
        print_verdict(c, wrt->at[k], &v, width);
        if (v.off) status = STATUS_WRONG_MODEL;
    }
    return status;
}

/* Differences by an intermediate move one of its elements and hold the others, which is not the derivative of one that depends on
 * itself: that counts what h[t] does to h[t+1]. */
static bool depends_on_itself(Graph *g, Tensor *t) {
    bool *seen = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    TensorList work = {0};
    vec_push(g->arena, &work, t);
    while (work.n) {
        const Tensor *next = work.at[--work.n];
        for (Equation *e = next->pieces; e; e = e->next) {
            ExprList all = expr_walk(g, &e->body, 1);
            for (uint32_t k = 0; k < all.n; k++) {
                Tensor *read = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
                if (read == t) return true;
                if (read && !seen[read->number]) seen[read->number] = true, vec_push(g->arena, &work, read);
            }
        }
        for (uint32_t k = 0; next->call && k < next->call->n; k++)
            if (!seen[next->call->arg[k]->number]) seen[next->call->arg[k]->number] = true, vec_push(g->arena, &work, next->call->arg[k]);
    }
    return false;
}

static int require_no_recurrence(Checker *c) {
    for (uint32_t k = 0; k < c->derived.wrt.n; k++) {
        Tensor *t = c->derived.wrt.at[k];
        if (!depends_on_itself(c->model.graph, t)) continue;
        fprintf(stderr, "bpc: --wrt: '%s' depends on itself, and finite differences hold all but one of its elements; bpc eval --want gradient has its derivative\n",
                t->name);
        return STATUS_FAILED;
    }
    return STATUS_DONE;
}

static int check(Checker *c) {
    int status = model_open(&c->model, c->options);
    if (status == STATUS_DONE) status = model_wrt(&c->model, c->options, &c->derived.wrt);
    if (status == STATUS_DONE) status = model_of_gradient(&c->model, c->options, &c->loss);
    if (status == STATUS_DONE) status = require_no_recurrence(c);
    if (status != STATUS_DONE) return status;
    c->f32 = !c->model.graph->f64;
    status = derive_requests(&c->model, c->options);
    derive_stopped(&c->model, &c->stopped);
    if (status == STATUS_DONE) status = find_point(c);
    if (status == STATUS_DONE && !isfinite(c->value)) {
        fprintf(stderr, "bpc: %s is %g at %s point; nothing to check\n", c->loss->name, c->value, c->options->data ? "this" : "a random");
        status = STATUS_WRONG_MODEL;
    }
    if (status == STATUS_DONE) status = find_stopped(c);
    if (status == STATUS_DONE) status = interpreted(c);
    if (status == STATUS_DONE) status = generated(c);
    if (status == STATUS_DONE) status = report(c);
    take_down(c);
    return status;
}

static int check_one(Options *o, const char *path) {
    Checker *c = NEW(o->arena, Checker);
    o->model = path;
    c->options = o;
    int status = check(c);
    execute_close(&c->execution);
    if (c->generated.text) model_close(&c->generated);
    model_close(&c->model);
    return status;
}

int verb_check(int argc, char **argv) {
    Base ground = base_new();
    Options options;
    options_init(&options, ground.arena);
    options.samples = 20;
    OptionsOutcome outcome = options_parse(&options, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    uint32_t bad = 0;
    if (outcome == OPTIONS_RUN && options.models.n > 1) print_summary_head(path_width(&options));
    for (uint32_t k = 0; outcome == OPTIONS_RUN && k < options.models.n; k++) {
        const int one = check_one(&options, options.models.at[k]);
        if (one > status) status = one;
        bad += one != STATUS_DONE;
    }
    if (options.models.n > 1) printf("%u models: %u hold, %u do not\n", options.models.n, options.models.n - bad, bad);
    base_free(&ground);
    return status;
}
