/* bp_train.c - the training loop.
 *
 * Takes a model's description, data that fit it, and options; changes the parameter and state blocks.  The order of the
 * examples comes from bp_shuffle(seed, epoch), draws from (seed, step), so that a position (bp_position) and the blocks
 * are all there is to a run: saving them and going on is the same as not stopping.
 *
 * A step: gather the batch, gradient, check that it is finite, update the states (they read the parameters that the
 * gradient read), clip, optimiser. */
#define _POSIX_C_SOURCE 200809L
#include "bp_train.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch.h"
#include "bp_optimizer.h"
#include "bp_random.h"
#include "bp_weights.h"

enum { PLACE_ORDER = 0xF001, PLACE_SPLIT = 0xF002 }; /* beyond the places that models use */

typedef struct {
    const bp_model *model;
    const bp_train_options *options;
    bp_error *error;
    bp_schedule schedule;
    bp_optimizer *optimizer;
    bp_batch batch, valid_batch;
    void *grads, *grad_block;
    int64_t *train_set, *valid_set, *order;      /* numbers of examples; the order of this epoch */
    int64_t n_train, n_valid, batch_size, steps; /* steps an epoch */
    uint32_t n_values;
    const bp_tensor *value[BP_VALUES_MAX + 1];
    const char *name[BP_VALUES_MAX + 1];
    double train_mean[BP_VALUES_MAX + 1], valid_mean[BP_VALUES_MAX + 1];
    bp_position at;
    double began, rate, norm; /* seconds; of the last step */
    int64_t examples;         /* taken since `began` */
    bool validated;           /* valid_mean holds something */
    FILE *log;
} run;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- options --------------------------------------------------------------------------------------------------- */

void bp_train_defaults(bp_train_options *o, const bp_model *model) {
    const bp_training *t = &model->training;
    *o = (bp_train_options){
        .epochs = t->epochs > 0 ? t->epochs : 10,
        .batch = t->batch > 0 ? t->batch : 32,
        .seed = t->seed >= 0 ? (uint64_t)t->seed : 1,
        .clip_norm = t->clip,
        .schedule = t->schedule,
    };
}

uint32_t bp_value_count(const bp_model *model, const bp_tensor **tensor) {
    static const bp_role roles[] = {BP_LOSS, BP_METRIC};
    uint32_t n = 0;
    for (int r = 0; r < 2; r++)
        for (uint32_t i = 0; i < model->n_tensors && n < BP_VALUES_MAX; i++)
            if (model->tensors[i].role == roles[r] && model->tensors[i].rank == 0) {
                if (tensor) tensor[n] = &model->tensors[i];
                n++;
            }
    return n;
}

static int make_optimizer(run *r) {
    const bp_training *t = &r->model->training;
    if (r->options->optimizer)
        return bp_optimizer_new(&r->optimizer, r->options->optimizer, r->model->real, r->model->param_count, r->error);
    return bp_optimizer_from(&r->optimizer, t->optimizer ? t->optimizer : "sgd", t->optimizer ? t->n_options : 0, t->option,
                             t->value, r->model->real, r->model->param_count, r->error);
}

static int make_schedule(run *r) {
    const char *text = r->options->schedule ? r->options->schedule : r->model->training.schedule;
    const int status = bp_schedule_parse(&r->schedule, text, r->error);
    if (!status && text == r->model->training.schedule && r->model->training.warmup > 0 && !(r->schedule.warmup > 0))
        r->schedule.warmup = r->model->training.warmup;
    return status;
}

static int check_options(const run *r) {
    const bp_train_options *o = r->options;
    if (!r->model->gradient)
        return bp_fail(r->error, BP_E_UNSUPPORTED, "the model %s has no loss, so there is nothing to train", r->model->name);
    if (!o->data || (!o->params && r->model->param_count) || (!o->state && r->model->state_count))
        return bp_fail(r->error, BP_E_NULL, "training needs data, parameters and states");
    if (!(o->split >= 0.0 && o->split < 1.0))
        return bp_fail(r->error, BP_E_VALUE, "split = %g must be at least 0 and below 1", o->split);
    if (o->epochs < 1 || o->batch < 1)
        return bp_fail(r->error, BP_E_VALUE, "epochs = %" PRId64 " and batch = %" PRId64 " must be positive", o->epochs,
                       o->batch);
    if (o->data->examples < 1) return bp_fail(r->error, BP_E_SHAPE, "there are no examples to train on");
    return BP_OK;
}

/* ---- opening and closing a run --------------------------------------------------------------------------------- */

/* Which examples are held out: the last of an order by the seed; both sets are then taken in rising order. */
static int split_examples(run *r) {
    const int64_t n = r->options->data->examples;
    const bool one = r->options->data->batch_dim < 0; /* no batch dim: the whole is one example */
    int64_t held = r->options->valid || one ? 0 : (int64_t)floor((double)n * r->options->split);
    if (r->options->split > 0.0 && !r->options->valid && held == 0)
        return bp_fail(r->error, BP_E_VALUE, "split = %g of %" PRId64 " examples holds none out", r->options->split, n);
    r->train_set = malloc((size_t)n * sizeof(int64_t));
    r->valid_set = malloc((size_t)(held ? held : 1) * sizeof(int64_t));
    r->order = malloc((size_t)n * sizeof(int64_t));
    bool *out = calloc((size_t)n, sizeof *out);
    if (r->train_set && r->valid_set && r->order && out) {
        bp_shuffle(r->options->seed, 0, PLACE_SPLIT, r->order, n);
        for (int64_t i = n - held; i < n; i++) out[r->order[i]] = true;
        for (int64_t i = 0; i < n; i++) *(out[i] ? &r->valid_set[r->n_valid++] : &r->train_set[r->n_train++]) = i;
    }
    free(out);
    if (r->n_train == 0) return bp_fail(r->error, BP_E_MEMORY, "out of memory for %" PRId64 " examples", n);
    r->batch_size = one || r->options->batch > r->n_train ? r->n_train : r->options->batch;
    r->steps = (r->n_train + r->batch_size - 1) / r->batch_size;
    return BP_OK;
}

static int open_batches(run *r) {
    const bp_train_options *o = r->options;
    int status = bp_batch_open(&r->batch, r->model, o->data, r->batch_size, o->params, o->state, r->error);
    if (!status && o->valid)
        status = bp_batch_open(&r->valid_batch, r->model, o->valid, r->batch_size, o->params, o->state, r->error);
    if (status) return status;
    r->grads = calloc(1, r->model->grads_size + 1);
    r->grad_block = calloc(r->model->param_count + 1, (size_t)r->model->real);
    if (!r->grads || !r->grad_block) return bp_fail(r->error, BP_E_MEMORY, "out of memory for the gradient");
    bp_bind_grads(r->model, r->grads, r->grad_block);
    return BP_OK;
}

static int resume(run *r) {
    const bp_train_options *o = r->options;
    r->at = (bp_position){.seed = o->seed, .batch = r->batch_size, .epochs = o->epochs, .n_sums = r->n_values + 1};
    if (!o->resume) return BP_OK;
    bp_position p;
    const int status = bp_checkpoint_load(r->model, o->params, o->state, r->optimizer, &p, o->resume, r->error);
    if (status) return status;
    if (p.seed != o->seed || p.batch != r->batch_size || p.n_sums != r->n_values + 1 || p.step_in_epoch >= r->steps ||
        p.epoch < 0)
        return bp_fail(r->error, BP_E_VALUE,
                       "%s: is of a run with seed %" PRIu64 " and batch %" PRId64 ", not %" PRIu64 " and %" PRId64, o->resume,
                       p.seed, p.batch, o->seed, r->batch_size);
    p.epochs = o->epochs;
    r->at = p;
    return BP_OK;
}

static int open_log(run *r) {
    if (!r->options->log) return BP_OK;
    r->log = fopen(r->options->log, r->options->resume ? "a" : "w");
    if (!r->log) return bp_fail(r->error, BP_E_IO, "%s: cannot open: %s", r->options->log, strerror(errno));
    if (r->options->resume && fseek(r->log, 0, SEEK_END) == 0 && ftell(r->log) > 0) return BP_OK;
    const bool valid = r->n_valid || r->options->valid;
    fputs("epoch", r->log);
    for (uint32_t i = 0; i < r->n_values; i++) fprintf(r->log, ",%s", r->name[i]);
    for (uint32_t i = 0; i < r->n_values && valid; i++) fprintf(r->log, ",valid_%s", r->name[i]);
    fputs(",rate,seconds,examples_per_second\n", r->log);
    return BP_OK;
}

static int open_run(run *r) {
    int status = check_options(r);
    r->n_values = bp_value_count(r->model, r->value);
    for (uint32_t i = 0; i < r->n_values; i++) r->name[i] = r->value[i]->name;
    if (!status) status = make_schedule(r);
    if (!status) status = make_optimizer(r);
    if (!status) status = split_examples(r);
    if (!status) status = open_batches(r);
    if (!status) status = resume(r);
    if (!status) status = open_log(r);
    r->began = seconds();
    return status;
}

static int close_run(run *r, int status) {
    if (r->log && fclose(r->log) != 0 && !status)
        status = bp_fail(r->error, BP_E_IO, "%s: cannot write: %s", r->options->log, strerror(errno));
    bp_optimizer_free(r->optimizer);
    bp_batch_close(&r->batch);
    bp_batch_close(&r->valid_batch);
    free(r->grads);
    free(r->grad_block);
    free(r->train_set);
    free(r->valid_set);
    free(r->order);
    return status;
}

/* ---- a step ---------------------------------------------------------------------------------------------------- */

static int model_failed(const run *r, int status, const char *function) {
    return bp_fail(r->error, status, "%s_%s: %s (epoch %" PRId64 ", step %" PRId64 ")", r->model->name, function,
                   bp_status_text(status), r->at.epoch + 1, r->at.step_in_epoch + 1);
}

/* The loss or its gradient is not finite: say since which tensor. */
static int not_finite(const run *r, const bp_batch *b, const char *what, double value) {
    const char *first = r->model->first_nan ? r->model->first_nan(b->dims, b->inputs, b->params, b->state, b->workspace) : NULL;
    return bp_fail(r->error, BP_E_NAN, "epoch %" PRId64 ", step %" PRId64 ": the %s is %s%s%s%s", r->at.epoch + 1,
                   r->at.step_in_epoch + 1, what, isnan(value) ? "nan" : "infinite",
                   first ? "; the first tensor that is not finite is '" : "", first ? first : "", first ? "'" : "");
}

/* The norm of the gradient, clipped by norm and by value as asked for. */
static double clip(const run *r) {
    const bp_train_options *o = r->options;
    const double limit = o->clip_norm > 0.0 ? o->clip_norm : (double)INFINITY;
    const double norm = bp_clip_norm(r->model->real, r->grad_block, r->model->param_count, limit);
    if (o->clip_value > 0.0) bp_clip_value(r->model->real, r->grad_block, r->model->param_count, o->clip_value);
    return norm;
}

static int take_step(run *r) {
    bp_batch *b = &r->batch;
    const int64_t first = r->at.step_in_epoch * r->batch_size, rest = r->n_train - first;
    const int64_t n = rest < r->batch_size ? rest : r->batch_size;
    int status = bp_batch_take(b, r->options->data->batch_dim >= 0 ? r->order + first : NULL, n, r->error);
    if (status) return status;
    bp_batch_draws(b, r->options->seed, (uint64_t)r->at.step + 1);
    status = r->model->gradient(b->dims, b->inputs, b->params, b->state, b->outputs, r->grads, b->workspace);
    if (status) return model_failed(r, status, "gradient");
    const double loss = bp_scalar_output(r->model, b->outputs, r->value[0]);
    if (!isfinite(loss)) return not_finite(r, b, "loss", loss);
    r->norm = clip(r);
    if (!isfinite(r->norm)) return not_finite(r, b, "gradient", r->norm);
    if (r->model->update) status = r->model->update(b->dims, b->inputs, b->params, b->state, b->workspace);
    if (status) return model_failed(r, status, "update");
    const double factor = bp_schedule_factor(&r->schedule, r->at.step, r->options->epochs * r->steps, r->steps);
    r->rate = factor * bp_optimizer_option(r->optimizer, "lr");
    bp_optimizer_step(r->optimizer, r->options->params, r->grad_block, factor);
    for (uint32_t i = 0; i < r->n_values; i++) r->at.sum[i] += (double)n * bp_scalar_output(r->model, b->outputs, r->value[i]);
    r->at.sum[r->n_values] += (double)n;
    r->at.step++;
    r->at.step_in_epoch++;
    r->examples += n;
    return BP_OK;
}

/* ---- values over a set ----------------------------------------------------------------------------------------- */

/* Means over the examples set[0 … n-1] by predict, `size` at a time. */
static int mean_values(const bp_model *model, bp_batch *b, const int64_t *set, int64_t n, int64_t size, uint64_t seed,
                       double *mean, bp_error *error) {
    const bp_tensor *value[BP_VALUES_MAX + 1];
    const uint32_t n_values = bp_value_count(model, value);
    double sum[BP_VALUES_MAX + 1] = {0};
    for (int64_t first = 0; first < n; first += size) {
        const int64_t some = n - first < size ? n - first : size;
        int status = bp_batch_take(b, b->data->batch_dim >= 0 ? set + first : NULL, some, error);
        if (status) return status;
        bp_batch_draws(b, seed, 0);
        status = model->predict(b->dims, b->inputs, b->params, b->state, b->outputs, b->workspace);
        if (status) return bp_fail(error, status, "%s_predict: %s", model->name, bp_status_text(status));
        for (uint32_t i = 0; i < n_values; i++) sum[i] += (double)some * bp_scalar_output(model, b->outputs, value[i]);
    }
    for (uint32_t i = 0; i < n_values; i++) mean[i] = sum[i] / (double)n;
    return BP_OK;
}

int bp_evaluate(const bp_model *model, const bp_data *data, int64_t batch, const void *params, const void *state, uint64_t seed,
                double *value, bp_error *error) {
    bp_batch b;
    const int64_t n = data->examples, size = batch > 0 && batch < n && data->batch_dim >= 0 ? batch : n > 0 ? n : 1;
    int64_t *set = malloc((size_t)(n > 0 ? n : 1) * sizeof *set);
    if (!set) return bp_fail(error, BP_E_MEMORY, "out of memory");
    for (int64_t i = 0; i < n; i++) set[i] = i;
    int status = bp_batch_open(&b, model, data, size, (void *)(uintptr_t)params, (void *)(uintptr_t)state, error);
    if (!status) status = mean_values(model, &b, set, n, size, seed, value, error);
    bp_batch_close(&b);
    free(set);
    return status;
}

static int validate(run *r) {
    if (r->options->valid) {
        const int64_t n = r->options->valid->examples;
        int64_t *set = malloc((size_t)(n > 0 ? n : 1) * sizeof *set);
        if (!set) return bp_fail(r->error, BP_E_MEMORY, "out of memory");
        for (int64_t i = 0; i < n; i++) set[i] = i;
        const int status =
            mean_values(r->model, &r->valid_batch, set, n, r->batch_size, r->options->seed, r->valid_mean, r->error);
        free(set);
        return status;
    }
    return r->n_valid ? mean_values(r->model, &r->batch, r->valid_set, r->n_valid, r->batch_size, r->options->seed, r->valid_mean,
                                    r->error)
                      : BP_OK;
}

/* ---- an epoch, and the run ------------------------------------------------------------------------------------- */

static void report(run *r, bool complete) {
    const double passed = seconds() - r->began, count = r->at.sum[r->n_values];
    const int64_t left = (r->options->epochs - r->at.epoch - (complete ? 1 : 0)) * r->n_train - (complete ? 0 : (int64_t)count);
    for (uint32_t i = 0; i < r->n_values; i++) r->train_mean[i] = count > 0.0 ? r->at.sum[i] / count : (double)NAN;
    const double speed = passed > 0.0 ? (double)r->examples / passed : 0.0;
    r->validated = r->validated || (complete && (r->n_valid || r->options->valid));
    const bp_progress_info info = {
        .model = r->model,
        .epoch = r->at.epoch + 1,
        .epochs = r->options->epochs,
        .step = r->at.step_in_epoch,
        .steps = r->steps,
        .complete = complete,
        .n_values = r->n_values,
        .name = r->name,
        .train = r->train_mean,
        .valid = r->validated ? r->valid_mean : NULL,
        .rate = r->rate,
        .gradient_norm = r->norm,
        .examples_per_second = speed,
        .seconds = passed,
        .seconds_left = speed > 0.0 ? (double)left / speed : 0.0,
    };
    if (r->options->progress) r->options->progress(&info, r->options->user);
    if (!complete || !r->log) return;
    fprintf(r->log, "%" PRId64, info.epoch);
    for (uint32_t i = 0; i < r->n_values; i++) fprintf(r->log, ",%.9g", info.train[i]);
    for (uint32_t i = 0; i < r->n_values && info.valid; i++) fprintf(r->log, ",%.9g", info.valid[i]);
    fprintf(r->log, ",%.9g,%.3f,%.1f\n", r->rate, passed, speed);
    fflush(r->log);
}

static int save(run *r) {
    const bp_train_options *o = r->options;
    return o->checkpoint ? bp_checkpoint_save(r->model, o->params, o->state, r->optimizer, &r->at, o->checkpoint, r->error)
                         : BP_OK;
}

static int interrupted(run *r) {
    const int status = save(r);
    if (status) return status;
    return bp_fail(r->error, BP_E_INTERRUPTED,
                   "stopped in epoch %" PRId64 " of %" PRId64 ", after %" PRId64 " of %" PRId64 " steps", r->at.epoch + 1,
                   r->options->epochs, r->at.step_in_epoch, r->steps);
}

static int run_epoch(run *r) {
    const bp_train_options *o = r->options;
    /* One batch of everything keeps the order of the file: it may mean something, along the time of a recurrence. */
    if (r->steps > 1) bp_shuffle(o->seed, (uint64_t)r->at.epoch + 1, PLACE_ORDER, r->order, r->n_train);
    for (int64_t i = 0; i < r->n_train; i++) r->order[i] = r->train_set[r->steps > 1 ? r->order[i] : i];
    while (r->at.step_in_epoch < r->steps) {
        if (o->stop && *o->stop) return interrupted(r);
        int status = take_step(r);
        if (status) return status;
        if (r->at.step_in_epoch < r->steps) report(r, false);
    }
    const int status = validate(r);
    if (status) return status;
    report(r, true);
    r->at.epoch++;
    r->at.step_in_epoch = 0;
    memset(r->at.sum, 0, sizeof r->at.sum);
    return o->checkpoint_every > 0 && r->at.epoch % o->checkpoint_every == 0 && r->at.epoch < o->epochs ? save(r) : BP_OK;
}

int bp_train(const bp_model *model, const bp_train_options *options, bp_error *error) {
    run r = {.model = model, .options = options, .error = error};
    if (!model || !options) return bp_fail(error, BP_E_NULL, "training needs a model and options");
    int status = open_run(&r);
    while (!status && r.at.epoch < options->epochs) status = run_epoch(&r);
    if (!status) status = save(&r);
    return close_run(&r, status);
}
