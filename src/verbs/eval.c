/* bpc eval: outputs, and with --want derivatives, of a model at the values of a data file, as JSON.
 *
 * The default compiles the model and calls it; --interpret computes straight from the equations. */
#include "eval/eval.h"

#include <string.h>
#include <unistd.h>

#include "simplify/simplify.h"
#include "verbs/case.h"
#include "bp_sparse.h"
#include "verbs/derive.h"
#include "verbs/execute.h"
#include "verbs/results.h"
#include "verbs/verbs.h"
#include "verbs/wanted.h"

static const OptionRow eval_options[] = {
    {"data", '\0', OPTION_TEXT, offsetof(Options, data), "FILE", "values by name: .json, .npz, .csv; - is standard input", NULL, 0},
    {"seed-data", '\0', OPTION_TEXT, offsetof(Options, seed_data), "FILE", "jvp, hvp: the tangents by name; vjp: the cotangents; what is missing is 0", NULL, 0},
    {"interpret", '\0', OPTION_FLAG, offsetof(Options, interpret), NULL, "use the reference interpreter, no C compiler", NULL, 0},
    {"training", '\0', OPTION_CHOICE, offsetof(Options, training), "0|1", "the value of `training` (1 where a derivative is asked for)", "0|1", 0},
    {"seed", '\0', OPTION_WHOLE, offsetof(Options, seed), "N", "seed of initial values and draws (1)", NULL, 0},
    {"columns", '\0', OPTION_TEXT, offsetof(Options, columns), "x=0:64,y=64", "which columns of a CSV are which input", NULL, 0},
    OPTIONS_END};
static const OptionRow *const eval_tables[] = {eval_options, derivative_options, model_options, code_options, NULL};
static const VerbHelp help = {"eval", "model.bp --data FILE",
                              "Compute outputs, and with --want derivatives, as one JSON object: every loss, metric and output by name, then one "
                              "member for each thing wanted.",
                              eval_tables, false};

typedef struct {
    Model model;
    Options *options;
    Case data;
    Derived derived;
    Tensor *of; /* of the gradient */
    double **seeds;
    bool gradient, tangents;
    bool by_tangents; /* --mode forward: the gradient is put together from tangents along unit directions */
    int training;
    Wanted wanted[N_WANTS];
    double **wanted_seeds[N_WANTS];
    uint32_t n_wanted;
    ResultGroup group[3 + N_WANTS];
    uint32_t n_groups;
} Evaluation;

static bool holds(const TensorList *list, const Tensor *t) {
    for (uint32_t k = 0; k < list->n; k++)
        if (list->at[k] == t) return true;
    return false;
}

static bool derives(const Evaluation *e) { return e->gradient || e->tangents || e->n_wanted > 0; }

/* What is wanted, and whether it exists. */
static int resolve(Evaluation *e) {
    const Options *o = e->options;
    e->gradient = wants(o, "gradient");
    e->tangents = wants(o, "jvp");
    int status = wanted_resolve(&e->model, o, e->wanted, &e->n_wanted);
    if (status != STATUS_DONE) return status;
    e->training = o->training >= 0 ? (int)o->training : derives(e);
    status = e->gradient || e->tangents ? model_wrt(&e->model, o, &e->derived.wrt) : STATUS_DONE;
    if (status == STATUS_DONE && e->gradient) status = model_of_gradient(&e->model, o, &e->of);
    if (status == STATUS_DONE && e->tangents) status = model_of_tangents(&e->model, o, &e->derived.of);
    e->by_tangents = e->gradient && o->mode == MODE_FORWARD;
    if (status == STATUS_DONE && e->by_tangents && !holds(&e->derived.of, e->of)) vec_push(e->model.base.arena, &e->derived.of, e->of);
    return status;
}

/* A dense matrix that the machine cannot hold is not begun. */
static int check_size(const Evaluation *e, const Wanted *w) {
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    for (uint32_t k = 0; w->row->pairs && !e->options->sparse && k < w->first.n; k++) {
        const Tensor *of = w->first.at[k], *wrt = w->second.at[k];
        const double bytes = 8 * (double)case_count(&e->data, of) * (double)case_count(&e->data, wrt);
        if (bytes <= memory) continue;
        fprintf(stderr, "bpc: the %s of '%s' by '%s' takes %.1f GB, more than this machine has; --sparse stores what is not zero, and %s\n", w->row->name,
                of->name, wrt->name, bytes * 1e-9, w->row->of_scalar ? "--want hvp is its product with a direction" : "--want jvp and vjp are products with it");
        return STATUS_WRONG_MODEL;
    }
    return STATUS_DONE;
}

static int read_values(Evaluation *e) {
    int status = case_read(&e->data, &e->model, e->options);
    for (uint32_t k = 0; status == STATUS_DONE && k < e->n_wanted; k++) status = check_size(e, &e->wanted[k]);
    for (uint32_t k = 0; status == STATUS_DONE && k < e->n_wanted; k++) {
        const Wanted *w = &e->wanted[k];
        e->wanted_seeds[k] = NEW_ARRAY(e->model.base.arena, double *, w->seed_of.n + 1);
        if (w->seed_of.n) status = read_seeds(&e->model, &e->data, e->options->seed_data, w->seed_of.at, w->seed_of.n, e->wanted_seeds[k]);
    }
    if (status != STATUS_DONE || !e->tangents) return status;
    const Derived *d = &e->derived;
    e->seeds = NEW_ARRAY(e->model.base.arena, double *, d->wrt.n + 1);
    return read_seeds(&e->model, &e->data, e->options->seed_data, d->wrt.at, d->wrt.n, e->seeds);
}

/* ---- the gradient in forward mode ------------------------------------------------------------------------------------------- */
/* Tangents of derived.of along `seeds`, in its order. */
typedef int TangentFunction(void *context, const double *const *seeds, ResultGroup *out);

/* One tangent for each element: d(of)/d(element) is the tangent of `of` along that unit direction. */
static int gradient_by_tangents(Evaluation *e, TangentFunction *tangents, void *context, ResultGroup *group) {
    const Derived *d = &e->derived;
    Arena *arena = e->model.base.arena;
    double **seeds = NEW_ARRAY(arena, double *, d->wrt.n + 1);
    for (uint32_t k = 0; k < d->wrt.n; k++) seeds[k] = NEW_ARRAY(arena, double, (size_t)case_count(&e->data, d->wrt.at[k]) + 1);
    uint32_t place = 0;
    while (d->of.at[place] != e->of) place++;
    for (uint32_t k = 0; k < d->wrt.n; k++) {
        const Tensor *t = d->wrt.at[k];
        const int64_t n = case_count(&e->data, t);
        double *values = NEW_ARRAY(arena, double, (size_t)n + 1);
        Result r = {.name = t->name, .rank = t->rank, .values = values};
        for (uint32_t axis = 0; axis < t->rank; axis++) r.extent[axis] = whole_at(e->model.graph, e->data.dims, t->extent[axis]);
        for (int64_t j = 0; j < n; j++) {
            ResultGroup out = {0};
            seeds[k][j] = 1;
            int status = tangents(context, (const double *const *)seeds, &out);
            seeds[k][j] = 0;
            if (status != STATUS_DONE) return status;
            values[j] = out.results.at[place].values[0];
            r.single = out.results.at[place].single;
        }
        vec_push(arena, &group->results, r);
    }
    return STATUS_DONE;
}

/* ---- interpreted ------------------------------------------------------------------------------------------------------ */
static int eval_failed(const Eval *e) {
    fprintf(stderr, "bpc: %s\n", eval_message(e));
    return STATUS_WRONG_MODEL;
}

/* Integers are 32 bits wide where the caller gets them; beyond is the nearest. */
static double as_stored(double x) { return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x; }

/* One tensor under the name of what it is the derivative of. */
static int add_result(Evaluation *e, Eval *eval, ResultGroup *group, const Tensor *t, const char *name) {
    Arena *arena = e->model.base.arena;
    int64_t n = eval_count(eval, t);
    Result r = {.name = name, .rank = t->rank, .integer = t->type == TYPE_INT};
    double *values = n < 0 ? NULL : NEW_ARRAY(arena, double, (size_t)n + 1);
    if (!values || t->rank > 16 || eval_get(eval, t, values) != 0) return eval_failed(eval);
    for (uint32_t k = 0; k < t->rank; k++) r.extent[k] = eval_extent(eval, t, k);
    for (int64_t k = 0; k < n && r.integer; k++) values[k] = as_stored(values[k]);
    r.values = values;
    vec_push(arena, &group->results, r);
    return STATUS_DONE;
}

static ResultGroup *new_group(Evaluation *e, const char *name) {
    ResultGroup *group = &e->group[e->n_groups++];
    group->name = name;
    return group;
}

typedef struct {
    Evaluation *e;
    Eval *eval;
} Interpreted;

static int interpreted_tangents(void *context, const double *const *seeds, ResultGroup *out) {
    const Interpreted *i = context;
    const Derived *d = &i->e->derived;
    for (uint32_t k = 0; k < d->wrt.n; k++)
        if (eval_set(i->eval, d->seeds[k], seeds[k]) != 0) return eval_failed(i->eval);
    int status = STATUS_DONE;
    for (uint32_t k = 0; status == STATUS_DONE && k < d->of.n; k++) status = add_result(i->e, i->eval, out, d->dots[k], d->of.at[k]->name);
    return status;
}

static int interpreted_places(Interpreted *i, const Tensor *t, int32_t *places, int64_t n) {
    double *values = NEW_ARRAY(i->e->model.base.arena, double, (size_t)n + 1);
    if (eval_get(i->eval, t, values) != 0) return eval_failed(i->eval);
    for (int64_t k = 0; k < n; k++) places[k] = (int32_t)values[k];
    return STATUS_DONE;
}

/* The terms' rows and columns, sorted as the generated code does; then the values that go there. */
static int interpreted_matrix(Interpreted *i, const Matrix *m, ResultGroup *group) {
    Graph *g = i->e->model.graph;
    Arena *arena = i->e->model.base.arena;
    const int64_t *dims = i->e->data.dims;
    bp_pattern p = {.rows = whole_at(g, dims, m->rows), .columns = whole_at(g, dims, m->columns), .terms = whole_at(g, dims, m->terms)};
    pattern_allocate(arena, &p);
    int status = interpreted_places(i, m->row, p.row, p.terms);
    if (status == STATUS_DONE) status = interpreted_places(i, m->column, p.column, p.terms);
    if (status != STATUS_DONE) return status;
    bp_pattern_sort(&p);
    double *place = NEW_ARRAY(arena, double, (size_t)p.terms + 1), *values = NEW_ARRAY(arena, double, (size_t)p.terms + 1);
    for (int64_t k = 0; k < p.terms; k++) place[k] = p.place[k];
    if (eval_set(i->eval, m->place, place) != 0 || eval_get(i->eval, m->values, values) != 0) return eval_failed(i->eval);
    pattern_results(arena, group, &p, values, false);
    return STATUS_DONE;
}

static int interpreted_wanted(Interpreted *i, uint32_t k) {
    const Wanted *w = &i->e->wanted[k];
    ResultGroup *group = new_group(i->e, w->row->name);
    if (w->matrix) return interpreted_matrix(i, w->matrix, group);
    for (uint32_t s = 0; s < w->seed_of.n; s++)
        if (eval_set(i->eval, w->seed[s], i->e->wanted_seeds[k][s]) != 0) return eval_failed(i->eval);
    for (uint32_t r = 0; r < w->first.n; r++) {
        int status = add_result(i->e, i->eval, group, w->result[r], w->first.at[r]->name);
        if (status != STATUS_DONE) return status;
        if (w->row->pairs) group->results.at[r].inner = w->second.at[r]->name;
    }
    return STATUS_DONE;
}

static int compiled_tangents(void *context, const double *const *seeds, ResultGroup *out) { return execute_tangents(context, seeds, out); }

static int collect(Evaluation *e, Eval *eval) {
    const Graph *g = e->model.graph;
    const Derived *d = &e->derived;
    int status = STATUS_DONE;
    ResultGroup *group = new_group(e, NULL);
    for (uint32_t k = 0; status == STATUS_DONE && k < g->outputs.n; k++)
        status = add_result(e, eval, group, g->outputs.at[k], g->outputs.at[k]->name);
    Interpreted interpreted = {e, eval};
    if (e->gradient) group = new_group(e, "gradient");
    if (status == STATUS_DONE && e->by_tangents) status = gradient_by_tangents(e, interpreted_tangents, &interpreted, group);
    for (uint32_t k = 0; status == STATUS_DONE && e->gradient && !e->by_tangents && k < d->wrt.n; k++)
        status = add_result(e, eval, group, d->bars[k], d->wrt.at[k]->name);
    if (status == STATUS_DONE && e->tangents) status = interpreted_tangents(&interpreted, (const double *const *)e->seeds, new_group(e, "jvp"));
    for (uint32_t k = 0; status == STATUS_DONE && k < e->n_wanted; k++) status = interpreted_wanted(&interpreted, k);
    return status;
}

static int interpret(Evaluation *e) {
    simplify_stable(e->model.graph); /* before anything is differentiated, as the compiler does */
    int status = derive_requests(&e->model, e->options);
    if (status != STATUS_DONE) return status;
    if (e->gradient && !e->by_tangents) derive_gradient(&e->model, &e->derived, e->of);
    if (e->tangents || e->by_tangents) derive_tangents(&e->model, &e->derived, NULL);
    for (uint32_t k = 0; status == STATUS_DONE && k < e->n_wanted; k++) status = wanted_derive(&e->model, &e->wanted[k], e->options);
    if (status != STATUS_DONE) return status;
    status = model_report(&e->model, e->options);
    if (status != STATUS_DONE) return status;
    Eval *eval = eval_new(e->model.graph, e->data.dims, false);
    eval_set_training(eval, e->training);
    status = case_set(&e->data, eval) ? STATUS_DONE : eval_failed(eval);
    const char *broken = status == STATUS_DONE ? eval_check(eval, NULL) : NULL;
    if (broken) {
        fprintf(stderr, "bpc: the data break what the model requires: %s\n", broken);
        status = STATUS_WRONG_MODEL;
    }
    if (status == STATUS_DONE) status = collect(e, eval);
    eval_free(eval);
    return status;
}

/* ---- compiled ---------------------------------------------------------------------------------------------------------- */
static int compiled(Evaluation *e) {
    Execution x;
    const Derived *d = &e->derived;
    Request request = {.gradient = e->gradient && !e->by_tangents, .tangents = e->tangents || e->by_tangents, .training = e->training, .of_gradient = e->of,
                       .wrt = d->wrt.at, .n_wrt = d->wrt.n, .of = d->of.at, .n_of = d->of.n, .wanted = e->wanted, .n_wanted = e->n_wanted};
    int status = execute_open(&x, &e->model, e->options, &e->data, &request);
    if (status == STATUS_DONE) status = execute_values(&x, new_group(e, NULL));
    if (status == STATUS_DONE && e->by_tangents) status = gradient_by_tangents(e, compiled_tangents, &x, new_group(e, "gradient"));
    else if (status == STATUS_DONE && e->gradient) status = execute_gradient(&x, new_group(e, "gradient"));
    if (status == STATUS_DONE && e->tangents) status = execute_tangents(&x, (const double *const *)e->seeds, new_group(e, "jvp"));
    for (uint32_t k = 0; status == STATUS_DONE && k < e->n_wanted; k++)
        status = execute_wanted(&x, &e->wanted[k], (const double *const *)e->wanted_seeds[k], new_group(e, e->wanted[k].row->name));
    execute_close(&x);
    return status;
}

int verb_eval(int argc, char **argv) {
    Base ground = base_new();
    Options options;
    Evaluation e = {.options = &options};
    options_init(&options, ground.arena);
    OptionsOutcome outcome = options_parse(&options, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN) {
        Text text = {0};
        status = model_open(&e.model, &options);
        if (status == STATUS_DONE) status = resolve(&e);
        if (status == STATUS_DONE) status = read_values(&e);
        /* Generated derivative functions are training functions, and prediction is not; for what is neither, the interpreter. */
        const bool by_hand = options.interpret || derives(&e) != (e.training != 0);
        if (status == STATUS_DONE) status = by_hand ? interpret(&e) : compiled(&e);
        if (status == STATUS_DONE) {
            groups_print(&text, e.group, e.n_groups);
            fwrite(text.at, 1, text.n, stdout);
        }
        text_free(&text);
        model_close(&e.model);
    }
    base_free(&ground);
    return status;
}
