/* bpc train: generates, compiles, trains in this process, and writes the weights.
 *
 * Progress goes to standard error, the result - loss and metrics at the end - to standard output. Ctrl-C finishes the step,
 * saves where the run stands and says how to go on; the resumed run is equal, bit for bit, to one that was never stopped. */
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bp_data.h"
#include "bp_init.h"
#include "bp_train.h"
#include "bp_weights.h"
#include "verbs/case.h"
#include "verbs/curves.h"
#include "verbs/derive.h"
#include "verbs/diagnose.h"
#include "verbs/native.h"
#include "verbs/verbs.h"

#define AT(member) offsetof(Options, member)
static const OptionRow train_options[] = {
    {"data", '\0', OPTION_TEXT, AT(data), "FILE", "examples: CSV, NPZ, IDX or JSON, perhaps gzipped", NULL, 0},
    {"columns", '\0', OPTION_TEXT, AT(columns), "x=0:64,y=64", "which columns of a CSV are which input (its header line, else declaration order)", NULL, 0},
    {"valid", '\0', OPTION_TEXT, AT(valid), "FILE", "held-out examples", NULL, 0},
    {"split", '\0', OPTION_NUMBER, AT(split), "PART", "hold out this part of the data, such as 0.2", NULL, 0},
    {"output", 'o', OPTION_TEXT, AT(output), "FILE", "write the weights to FILE (.safetensors or .npz)", NULL, 0},
    {"epochs", '\0', OPTION_WHOLE, AT(epochs), "N", "times through the data (train { epochs }, else 10)", NULL, 1},
    {"batch", '\0', OPTION_WHOLE, AT(batch), "N", "examples a step (train { batch }, else 32)", NULL, 1},
    {"optimizer", '\0', OPTION_TEXT, AT(optimizer), "TEXT", "such as 'adam(lr=1e-3)' (train { optimizer }, else sgd)", NULL, 0},
    {"lr", '\0', OPTION_NUMBER, AT(rate), "RATE", "the optimizer's step size", NULL, 0},
    {"schedule", '\0', OPTION_TEXT, AT(schedule), "TEXT", "such as 'cosine(warmup=100)'", NULL, 0},
    {"clip", '\0', OPTION_NUMBER, AT(clip), "NORM", "shorten gradients to this norm", NULL, 0},
    {"seed", '\0', OPTION_WHOLE, AT(seed), "N", "of initial values, order and split (train { seed }, else 1)", NULL, 0},
    {"threads", '\0', OPTION_WHOLE, AT(n_threads), "N", "threads that long loops are shared out to, by OpenMP (1)", NULL, 1},
    {"init", '\0', OPTION_TEXT, AT(init), "FILE", "begin with the weights of FILE", NULL, 0},
    {"checkpoint-every", '\0', OPTION_WHOLE, AT(checkpoint_every), "N", "save the run's position every N epochs", NULL, 1},
    {"checkpoint-file", '\0', OPTION_TEXT, AT(checkpoint_file), "FILE", "where to (MODEL.checkpoint)", NULL, 0},
    {"resume", '\0', OPTION_TEXT, AT(resume), "FILE", "go on from a saved position", NULL, 0},
    {"log", '\0', OPTION_TEXT, AT(log), "FILE", "a CSV with a line an epoch", NULL, 0},
    {"plot", '\0', OPTION_TEXT, AT(plot), "FILE", "the curves of loss and metrics by epoch, as SVG", NULL, 0},
    OPTIONS_END};
static const OptionRow *const train_tables[] = {train_options, model_options, code_options, NULL};
static const VerbHelp help = {"train", "model.bp --data FILE",
                              "Generate, compile and train. What the model's train { } says is used where no option says otherwise.", train_tables, false};

typedef struct {
    Model model;
    Options *options;
    Native native;
    bp_data *data, *valid;
    void *params, *state;
    const char *checkpoint;
    bp_train_options run;
    bp_printer printer;
    Curves curves;
    double train_value[BP_VALUES_MAX + 1], valid_value[BP_VALUES_MAX + 1];
    bool has_valid;
    int64_t epoch;
} Trainer;

static volatile sig_atomic_t stop;
static void on_interrupt(int signal_number) {
    (void)signal_number;
    stop = 1;
}

static void catch_interrupts(void) {
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int failed(const bp_error *error, int status) {
    fprintf(stderr, "bpc: %s\n", error->text[0] ? error->text : bp_status_text(status));
    return status == BP_E_IO || status == BP_E_MEMORY || status == BP_E_INTERRUPTED ? STATUS_FAILED : STATUS_WRONG_MODEL;
}

/* ---- what to train with ------------------------------------------------------------------------------------------------ */
static bool has_inputs(const bp_model *model) {
    for (uint32_t k = 0; k < model->n_tensors; k++)
        if (model->tensors[k].role == BP_INPUT) return true;
    return false;
}

static int read_data(const Trainer *t, const char *path, bp_data **out) {
    const bp_model *model = t->native.model;
    bp_data_options options = {.columns = t->options->columns, .batch_dim = model->training.batch_dim};
    bp_error error = {""};
    int status;
    if (path) status = bp_data_read(out, model, path, &options, &error);
    else if (!has_inputs(model)) status = bp_data_parse(out, model, "no data", "{}", 2, &options, &error);
    else {
        fprintf(stderr, "bpc: --data FILE says what to train on\n");
        return STATUS_FAILED;
    }
    return status == BP_OK ? STATUS_DONE : failed(&error, status);
}

static int make_params(Trainer *t, uint64_t seed) {
    const bp_model *model = t->native.model;
    bp_error error = {""};
    t->params = calloc(model->param_count + 1, (size_t)model->real);
    t->state = calloc(model->state_count + 1, (size_t)model->real);
    int status = t->params && t->state ? bp_init_params(model, t->params, seed) : BP_E_MEMORY;
    if (status == BP_OK) status = bp_init_state(model, t->state, seed);
    if (status == BP_OK && t->options->init) status = bp_weights_load(model, t->params, model->state_count ? t->state : NULL, t->options->init, &error);
    return status == BP_OK ? STATUS_DONE : failed(&error, status);
}

/* The optimiser's text with another step size: what --optimizer or the model says, or plain sgd. */
static const char *with_rate(Trainer *t, double rate) {
    Arena *arena = t->model.base.arena;
    const bp_training *training = &t->native.model->training;
    const char *text = t->options->optimizer, *open = text ? strchr(text, '(') : NULL;
    if (text && !open) return arena_printf(arena, "%s(lr=%.17g)", text, rate);
    if (text) return arena_printf(arena, "%.*s(lr=%.17g, %s", (int)(open - text), text, rate, open + 1);
    const char *list = arena_printf(arena, "%s(lr=%.17g", training->optimizer ? training->optimizer : "sgd", rate);
    for (uint32_t k = 0; k < training->n_options; k++)
        if (strcmp(training->option[k], "lr") != 0) list = arena_printf(arena, "%s, %s=%.17g", list, training->option[k], training->value[k]);
    return arena_printf(arena, "%s)", list);
}

static void keep_values(const bp_progress_info *info, void *user) {
    Trainer *t = user;
    t->epoch = info->epoch;
    t->has_valid = info->valid != NULL;
    for (uint32_t k = 0; info->complete && k < info->n_values; k++) {
        t->train_value[k] = info->train[k];
        if (info->valid) t->valid_value[k] = info->valid[k];
    }
    if (info->complete && t->options->plot) curves_add(&t->curves, info);
    bp_progress(info, &t->printer);
}

static void set_run(Trainer *t) {
    const Options *o = t->options;
    bp_train_options *run = &t->run;
    run->data = t->data;
    run->valid = t->valid;
    if (!isnan(o->split)) run->split = o->split;
    if (o->epochs > 0) run->epochs = o->epochs;
    if (o->batch > 0) run->batch = o->batch;
    if (o->optimizer) run->optimizer = o->optimizer;
    if (!isnan(o->rate)) run->optimizer = with_rate(t, o->rate);
    if (o->schedule) run->schedule = o->schedule;
    if (!isnan(o->clip)) run->clip_norm = o->clip;
    run->params = t->params;
    run->state = t->native.model->state_count ? t->state : NULL;
    run->checkpoint = t->checkpoint;
    run->checkpoint_every = o->checkpoint_every > 0 ? o->checkpoint_every : 0;
    run->resume = o->resume;
    run->log = o->log;
    run->stop = &stop;
    run->progress = keep_values;
    run->user = t;
    t->curves.arena = t->model.base.arena;
    t->printer = (bp_printer){.to = stderr, .live = isatty(STDERR_FILENO) != 0};
}

/* ---- before and after ------------------------------------------------------------------------------------------------------ */
static void print_values(const Trainer *t, const double *values, const char *on) {
    const bp_tensor *tensor[BP_VALUES_MAX + 1];
    uint32_t n = bp_value_count(t->native.model, tensor);
    printf("%s:", on);
    for (uint32_t k = 0; k < n; k++) printf("%s %s %.6g", k ? "," : "", tensor[k]->name, values[k]);
    printf("\n");
}

/* The words of the call that go on from here. */
static void print_resume(const Trainer *t) {
    const Options *o = t->options;
    fprintf(stderr, "bpc: stopped in epoch %lld; saved %s. Go on with\n  bpc train %s", (long long)t->epoch, t->checkpoint, o->model);
    if (o->data) fprintf(stderr, " --data %s", o->data);
    if (o->valid) fprintf(stderr, " --valid %s", o->valid);
    if (!isnan(o->split)) fprintf(stderr, " --split %g", o->split);
    if (o->columns) fprintf(stderr, " --columns %s", o->columns);
    if (t->run.optimizer) fprintf(stderr, " --optimizer '%s'", t->run.optimizer);
    if (o->epochs > 0) fprintf(stderr, " --epochs %lld", (long long)o->epochs);
    if (o->batch > 0) fprintf(stderr, " --batch %lld", (long long)o->batch);
    if (o->seed >= 0) fprintf(stderr, " --seed %lld", (long long)o->seed);
    if (o->schedule) fprintf(stderr, " --schedule '%s'", o->schedule);
    if (!isnan(o->clip)) fprintf(stderr, " --clip %g", o->clip);
    fprintf(stderr, " --resume %s", t->checkpoint);
    if (o->output) fprintf(stderr, " -o %s", o->output);
    fprintf(stderr, "\n");
}

static int finish(Trainer *t) {
    const Options *o = t->options;
    bp_error error = {""};
    int status = o->output ? bp_weights_save(t->native.model, t->params, t->run.state, o->output, &error) : BP_OK;
    if (status != BP_OK) return failed(&error, status);
    if (o->checkpoint_every <= 0) unlink(t->checkpoint);
    print_values(t, t->train_value, "training data");
    if (t->has_valid) print_values(t, t->valid_value, "held-out data");
    if (o->output) fprintf(stderr, "bpc: wrote %s\n", o->output);
    return STATUS_DONE;
}

/* ---- a loss that is nan ---------------------------------------------------------------------------------------------------------- */
enum { MOST_EXAMPLES = 4096 };

static const Tensor *named(const Graph *g, const char *name) { return graph_find(g, name_of(g->names, name)); }

static double real_at(const bp_model *model, bool integer, const void *values, int64_t k) {
    if (integer) return ((const int32_t *)values)[k];
    return model->real == BP_F32 ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

/* The first examples of one input, as doubles. */
static void give_input(const Trainer *t, Eval *e, const Graph *g, const bp_array *a, int64_t examples) {
    const bp_model *model = t->native.model;
    const int32_t axis = bp_batch_axis(a->tensor, t->data->batch_dim);
    const int64_t n = axis < 0 ? a->count : a->count / t->data->examples * examples;
    void *part = malloc(((size_t)n + 1) * sizeof(double));
    double *values = malloc(((size_t)n + 1) * sizeof(double));
    int64_t *order = malloc(((size_t)examples + 1) * sizeof(int64_t));
    for (int64_t k = 0; order && k < examples; k++) order[k] = k;
    if (part && values && order) {
        if (axis >= 0) bp_gather(model, a, axis, order, examples, part);
        for (int64_t k = 0; k < n; k++) values[k] = real_at(model, a->tensor->integer, axis < 0 ? a->values : part, k);
        eval_set(e, named(g, a->tensor->name), values);
    }
    free(part);
    free(values);
    free(order);
}

static void give_block(const Trainer *t, Eval *e, const Graph *g, const bp_tensor *tensor) {
    const bp_model *model = t->native.model;
    const char *block = tensor->role == BP_PARAM ? t->params : t->state;
    const int64_t n = bp_element_count(model, NULL, tensor);
    double *values = malloc(((size_t)n + 1) * sizeof(double));
    for (int64_t k = 0; values && k < n; k++) values[k] = real_at(model, false, block + tensor->block_offset * (size_t)model->real, k);
    if (values) eval_set(e, named(g, tensor->name), values);
    free(values);
}

/* Interprets the model at the parameters of before the bad step and names the first tensor that is not finite. */
static void explain_nan(Trainer *t) {
    const bp_model *model = t->native.model;
    Model fresh; /* that of the training is used up */
    if (model_open(&fresh, t->options) != STATUS_DONE || derive_requests(&fresh, t->options) != STATUS_DONE) return;
    const Graph *g = fresh.graph;
    const int64_t examples = t->data->examples < MOST_EXAMPLES ? t->data->examples : MOST_EXAMPLES;
    int64_t *dims = NEW_ARRAY(fresh.base.arena, int64_t, g->dims.n + 1);
    for (uint32_t k = 0; k < g->dims.n; k++) dims[k] = (int32_t)k == t->data->batch_dim ? examples : t->data->dims[k];
    Eval *e = eval_new(fresh.graph, dims, false);
    eval_set_training(e, 1);
    eval_set_draws(e, t->run.seed, 1);
    for (uint32_t k = 0; k < t->data->n; k++)
        if (t->data->array[k].values && t->data->array[k].tensor->role == BP_INPUT) give_input(t, e, g, &t->data->array[k], examples);
    for (uint32_t k = 0; k < model->n_tensors; k++)
        if (model->tensors[k].role == BP_PARAM || model->tensors[k].role == BP_STATE) give_block(t, e, g, &model->tensors[k]);
    const Tensor *bad = first_not_finite(fresh.graph, e, model->real == BP_F32 ? FLT_MAX : DBL_MAX);
    if (bad) diag_error(fresh.base.diag, bad->span, "'%s' is the first that is not finite", bad->name);
    model_report(&fresh, t->options);
    eval_free(e);
    model_close(&fresh);
}

static int run_training(Trainer *t) {
    bp_error error = {""};
    catch_interrupts();
    int status = bp_train(t->native.model, &t->run, &error);
    if (t->printer.live) fprintf(stderr, "\n");
    const Options *o = t->options;
    int drawn = o->plot && t->curves.n ? curves_write(&t->curves, t->model.path, o->plot) : STATUS_DONE;
    if (status == BP_OK) {
        status = finish(t);
        return status == STATUS_DONE ? drawn : status;
    }
    if (status != BP_E_INTERRUPTED) {
        failed(&error, status);
        if (status == BP_E_NAN && !t->native.model->first_nan) explain_nan(t);
        return status == BP_E_IO || status == BP_E_MEMORY ? STATUS_FAILED : STATUS_WRONG_MODEL;
    }
    print_resume(t);
    return STATUS_FAILED;
}

static int train(Trainer *t) {
    const Options *o = t->options;
    const char *const flags[] = {"-O3", "-march=native", o->n_threads > 1 ? "-fopenmp" : "-fopenmp-simd", "-w"};
    char threads[32];
    snprintf(threads, sizeof threads, "%lld", (long long)o->n_threads);
    if (o->n_threads > 1) setenv("OMP_NUM_THREADS", threads, 1); /* read when the code is loaded */
    int status = model_open(&t->model, o);
    if (status == STATUS_DONE && !t->model.graph->loss) {
        fprintf(stderr, "bpc: %s has no loss to train by\n", t->model.path);
        status = STATUS_WRONG_MODEL;
    }
    Arena *arena = t->model.base.arena;
    if (status == STATUS_DONE) status = can_write(arena, o->output);
    t->checkpoint = o->checkpoint_file ? o->checkpoint_file : arena_printf(arena, "%s.checkpoint", o->output ? o->output : symbol_prefix(arena, o));
    if (status == STATUS_DONE) status = can_write(arena, t->checkpoint);
    if (status == STATUS_DONE) status = can_write(arena, o->log);
    if (status == STATUS_DONE) status = can_write(arena, o->plot);
    if (status == STATUS_DONE) status = native_open(&t->native, &t->model, o, flags, sizeof flags / sizeof *flags);
    if (status != STATUS_DONE) return status;
    bp_train_defaults(&t->run, t->native.model);
    if (o->seed >= 0) t->run.seed = (uint64_t)o->seed;
    status = read_data(t, o->data, &t->data);
    if (status == STATUS_DONE && o->valid) status = read_data(t, o->valid, &t->valid);
    if (status == STATUS_DONE) status = make_params(t, t->run.seed);
    if (status != STATUS_DONE) return status;
    set_run(t);
    return run_training(t);
}

int verb_train(int argc, char **argv) {
    Base ground = base_new();
    Options options;
    options_init(&options, ground.arena);
    OptionsOutcome outcome = options_parse(&options, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN) {
        Trainer *t = NEW(ground.arena, Trainer);
        t->options = &options;
        status = train(t);
        bp_data_free(t->data);
        bp_data_free(t->valid);
        free(t->params);
        free(t->state);
        native_close(&t->native);
        model_close(&t->model);
    }
    base_free(&ground);
    return status;
}
