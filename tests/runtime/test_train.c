/* The training loop on a model written by hand: it learns, it is a pure function of its options, a resumed run equals an
 * unbroken one bit for bit, it stops as asked, and says what turned nan. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bp_check.h"
#include "bp_init.h"
#include "bp_train.h"
#include "bp_weights.h"
#include "model.h"
#include "tests.h"

enum { EXAMPLES = 22 };

/* y = 1 - x0 + 2 x1 - 3 x2 on points of a small lattice. */
static bp_data *make_data(int examples) {
    char text[4096] = "";
    for (int i = 0; i < examples; i++) {
        const double x0 = i % 3 - 1, x1 = i % 5 * 0.5 - 1, x2 = i % 7 / 3.0 - 1;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.17g,%.17g,%.17g,%d,%.17g\n", x0, x1, x2, i % 4,
                 1 - x0 + 2 * x1 - 3 * x2);
    }
    bp_data *data;
    bp_error error;
    ck_assert_msg(bp_data_parse(&data, &toy, "data", text, strlen(text), NULL, &error) == BP_OK, "%s", error.text);
    return data;
}

/* What the progress function sees. */
typedef struct {
    int steps, epochs;
    int stop_at; /* set the flag after so many reports */
    sig_atomic_t stop;
    double loss, valid_loss, first_loss, epoch_loss[300];
} watcher;

static void watch(const bp_progress_info *info, void *user) {
    watcher *w = user;
    ck_assert_uint_eq(info->n_values, 2);
    ck_assert_str_eq(info->name[0], "L");
    ck_assert_str_eq(info->name[1], "mae");
    w->steps++;
    w->epochs += info->complete;
    w->loss = info->train[0];
    if (info->complete) w->epoch_loss[info->epoch] = info->train[0];
    if (info->complete && w->epochs == 1) w->first_loss = info->train[0];
    if (info->valid) w->valid_loss = info->valid[0];
    if (w->stop_at && w->steps == w->stop_at) w->stop = 1;
}

/* Train from scratch, or from `resume`, with what differs from the defaults already in `o`. */
static int train(bp_train_options *o, const bp_data *data, watcher *w, double params[4], double state[1], bp_error *error) {
    ck_assert_int_eq(bp_init_params(&toy, params, 3), BP_OK);
    ck_assert_int_eq(bp_init_state(&toy, state, 3), BP_OK);
    o->data = data;
    o->params = params;
    o->state = state;
    o->progress = watch;
    o->user = w;
    o->stop = &w->stop;
    return bp_train(&toy, o, error);
}

START_TEST(defaults) {
    bp_train_options o;
    bp_train_defaults(&o, &toy);
    ck_assert(o.batch == 4 && o.seed == 7 && o.epochs == 10 && o.optimizer == NULL && isnan(o.clip_norm));
}
END_TEST

START_TEST(learns) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    watcher w = {0};
    double params[4], state[1], value[2];
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.epochs = 200;
    o.split = 0.2;
    o.schedule = "cosine(warmup=5)";
    ck_assert_msg(train(&o, data, &w, params, state, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(w.epochs, 200);
    ck_assert_int_eq(w.steps, 200 * 5); /* 18 examples: four batches of 4 and one of 2 */
    ck_assert(w.first_loss > 1 && w.loss < 0.02 && w.valid_loss < 0.02);
    ck_assert_double_eq_tol(params[0], -1, 0.05);
    ck_assert_double_eq_tol(params[1], 2, 0.05);
    ck_assert_double_eq_tol(params[2], -3, 0.05);
    ck_assert_double_eq_tol(params[3], 1, 0.05);
    ck_assert_double_eq_tol(state[0], 1.3, 1.3);
    ck_assert(state[0] != 0);
    ck_assert_int_eq(bp_evaluate(&toy, data, 5, params, state, 1, value, &error), BP_OK);
    ck_assert(value[0] < 0.02 && value[1] < 0.1 && value[0] > 0);
    double all[2];
    ck_assert_int_eq(bp_evaluate(&toy, data, 0, params, state, 1, all, &error), BP_OK);
    ck_assert_double_eq_tol(value[0], all[0], 1e-15);
    ck_assert_double_eq_tol(value[1], all[1], 1e-15);
    bp_data_free(data);
}
END_TEST

/* One epoch of sgd in one batch is one step, worked out by the definition of the gradient. */
START_TEST(one_step) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    watcher w = {0};
    double params[4], state[1], begin[4], g[4] = {0};
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.epochs = 1;
    o.batch = 1000;
    o.optimizer = "sgd(lr=0.1)";
    ck_assert_int_eq(bp_init_params(&toy, begin, 3), BP_OK);
    ck_assert_msg(train(&o, data, &w, params, state, &error) == BP_OK, "%s", error.text);
    const double *x = bp_data_find(data, "x")->values, *y = bp_data_find(data, "y")->values;
    for (int i = 0; i < EXAMPLES; i++) {
        const double r = begin[0] * x[3 * i] + begin[1] * x[3 * i + 1] + begin[2] * x[3 * i + 2] + begin[3] - y[i];
        for (int j = 0; j < 3; j++) g[j] += 2 * r * x[3 * i + j] / EXAMPLES;
        g[3] += 2 * r / EXAMPLES;
    }
    for (int j = 0; j < 4; j++) ck_assert_double_eq_tol(params[j], begin[j] - 0.1 * g[j], 0.02); /* 0.01 of noise in x */
    bp_data_free(data);
}
END_TEST

/* Stop after `stop_at` reports, go on from the checkpoint: parameters, state and losses are those of the unbroken run. */
static void check_resume(const char *optimizer, int stop_at, int64_t every) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    watcher whole = {0}, first = {.stop_at = stop_at}, second = {0};
    double p[4], s[1], q[4], t[1];
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.epochs = 6;
    o.optimizer = optimizer;
    o.schedule = "cosine(warmup=3)";
    o.split = 0.1;
    o.clip_norm = 2;
    ck_assert_int_eq(train(&o, data, &whole, p, s, &error), BP_OK);
    o.checkpoint = temporary("resume");
    o.checkpoint_every = every;
    ck_assert_int_eq(train(&o, data, &first, q, t, &error), BP_E_INTERRUPTED);
    o.resume = o.checkpoint;
    ck_assert_msg(train(&o, data, &second, q, t, &error) == BP_OK, "%s", error.text);
    ck_assert_mem_eq(p, q, sizeof p);
    ck_assert_mem_eq(s, t, sizeof s);
    ck_assert(whole.loss == second.loss && whole.valid_loss == second.valid_loss);
    for (int e = 1; e <= 6; e++) ck_assert((second.epoch_loss[e] != 0 ? second : first).epoch_loss[e] == whole.epoch_loss[e]);
    ck_assert_int_eq(first.steps + second.steps, whole.steps);
    bp_data_free(data);
}

START_TEST(resumed_is_unbroken) {
    static const char *const optimizer[] = {"sgd",     "momentum", "nesterov", "rmsprop",
                                            "adagrad", "adam",     "adamw",    "lbfgs(history=3)"};
    for (int i = 0; i < 8; i++) {
        check_resume(optimizer[i], 1, 0);  /* in the middle of the first epoch */
        check_resume(optimizer[i], 10, 1); /* between two epochs: five steps each */
        check_resume(optimizer[i], 18, 2);
    }
}
END_TEST

/* The message of an interruption, and of checkpoints that belong to another run. */
START_TEST(stopping) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    watcher w = {.stop_at = 8};
    double p[4], s[1];
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.checkpoint = temporary("stop");
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_INTERRUPTED);
    ck_assert_str_eq(error.text, "stopped in epoch 2 of 10, after 2 of 6 steps");
    o.resume = o.checkpoint;
    o.seed = 8;
    w = (watcher){0};
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_VALUE);
    ck_assert_ptr_nonnull(strstr(error.text, "is of a run with seed 7 and batch 4, not 8 and 4"));
    bp_data_free(data);
}
END_TEST

/* A nan in the data, and a step size that blows up: the parameters are finite still. */
START_TEST(not_a_number) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    watcher w = {0};
    double p[4], s[1];
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.optimizer = "sgd(lr=1e100)";
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_NAN);
    ck_assert_ptr_nonnull(strstr(error.text, "is infinite; the first tensor that is not finite is 'yhat'"));
    for (int i = 0; i < 4; i++) ck_assert(isfinite(p[i]));
    ((double *)bp_data_find(data, "x")->values)[30] = (double)NAN;
    o.optimizer = NULL;
    o.batch = EXAMPLES;
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_NAN);
    ck_assert_str_eq(error.text, "epoch 1, step 1: the loss is nan; the first tensor that is not finite is 'x'");
    bp_data_free(data);
}
END_TEST

START_TEST(wrong_options) {
    bp_data *data = make_data(3);
    bp_train_options o;
    watcher w = {0};
    double p[4], s[1];
    bp_error error;
    bp_train_defaults(&o, &toy);
    o.split = 0.1;
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_VALUE);
    ck_assert_str_eq(error.text, "split = 0.1 of 3 examples holds none out");
    o.split = 1;
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_VALUE);
    o.split = 0;
    o.optimizer = "adm";
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_NAME);
    o.optimizer = NULL;
    o.log = "/nowhere/log.csv";
    ck_assert_int_eq(train(&o, data, &w, p, s, &error), BP_E_IO);
    ck_assert_str_eq(error.text, "/nowhere/log.csv: cannot open: No such file or directory");
    ck_assert_int_eq(bp_train(&toy_blind, &o, &error), BP_E_UNSUPPORTED);
    ck_assert_str_eq(error.text, "the model toy has no loss, so there is nothing to train");
    bp_data_free(data);
}
END_TEST

START_TEST(log_and_progress) {
    bp_data *data = make_data(EXAMPLES);
    bp_train_options o;
    bp_printer printer = {.to = fopen(temporary("progress"), "w+")};
    double p[4], s[1] = {0};
    size_t size;
    bp_error error;
    bp_train_defaults(&o, &toy);
    bp_init_params(&toy, p, 1);
    o.data = o.valid = data;
    o.params = p;
    o.state = s;
    o.epochs = 3;
    o.log = temporary("log");
    o.progress = bp_progress;
    o.user = &printer;
    ck_assert_msg(bp_train(&toy, &o, &error) == BP_OK, "%s", error.text);
    char *log = (char *)get_file(o.log, &size);
    log[size] = '\0';
    static const char head[] = "epoch,L,mae,valid_L,valid_mae,rate,seconds,examples_per_second\n1,";
    ck_assert_int_eq(strncmp(log, head, sizeof head - 1), 0);
    int lines = 0;
    for (char *c = log; *c; c++) lines += *c == '\n';
    ck_assert_int_eq(lines, 4);
    free(log);
    char line[400];
    rewind(printer.to);
    for (lines = 0; fgets(line, sizeof line, printer.to); lines++)
        ck_assert_msg(strstr(line, "/3  L ") && strstr(line, " mae ") && strstr(line, "  | L ") && strstr(line, " examples/s  "),
                      "%s", line);
    ck_assert_int_eq(lines, 3);
    fclose(printer.to);
    bp_data_free(data);
}
END_TEST

/* The line on a terminal is drawn over, at most ten times a second, cut off at its width, and whole at the end. */
START_TEST(live_line) {
    static const char *const name[] = {"L\xC3\xA4"}; /* UTF-8 is not cut apart */
    static const double train[] = {0.125}, valid[] = {0.25};
    bp_printer printer = {.to = fopen(temporary("live"), "w+"), .live = true, .width = 21};
    bp_progress_info info = {.model = &toy,
                             .epoch = 9,
                             .epochs = 10,
                             .step = 1,
                             .steps = 4,
                             .n_values = 1,
                             .name = name,
                             .train = train,
                             .valid = valid,
                             .examples_per_second = 100,
                             .seconds = 60,
                             .seconds_left = 3661};
    size_t size;
    bp_progress(&info, &printer);
    info.seconds += 0.05;
    bp_progress(&info, &printer);
    info.complete = true;
    info.epoch = 10;
    bp_progress(&info, &printer);
    fclose(printer.to);
    char *text = (char *)get_file(temporary("live"), &size);
    text[size] = '\0';
    ck_assert_str_eq(text, "\repoch  9/10  25%  L\xC3\xA4\033[K"
                           "\repoch 10/10  L\xC3\xA4 0.125  | L\xC3\xA4 0.25  100 examples/s  1:00 in all\033[K\n");
    free(text);
}
END_TEST

/* The hand-written gradient holds, and one that is off by a little is found. */
static int skewed(const void *dims, const void *inputs, const void *params, const void *state, void *outputs, void *grads,
                  void *workspace) {
    const int status = toy.gradient(dims, inputs, params, state, outputs, grads, workspace);
    if (((toy_grads *)grads)->W) ((toy_grads *)grads)->W[1] *= 1.001;
    return status;
}

START_TEST(gradient_check) {
    bp_data *data = make_data(EXAMPLES);
    bp_check_row row[2];
    bp_model wrong = toy;
    double p[4], before[4], s[1] = {0};
    uint32_t n;
    bp_error error;
    bp_init_params(&toy, p, 3);
    memcpy(before, p, sizeof p);
    ck_assert_msg(bp_check_gradient(&toy, data, p, s, 0, 0, row, &n, &error) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(row[0].tensor->name, "W");
    ck_assert(row[0].checked == 3 && row[0].error < 1e-8 && row[1].error < 1e-8);
    ck_assert_mem_eq(p, before, sizeof p);
    wrong.gradient = skewed;
    ck_assert_int_eq(bp_check_gradient(&wrong, data, p, s, 0, 0, row, &n, &error), BP_OK);
    ck_assert(row[0].index == 1 && row[0].error > 5e-4 && row[1].error < 1e-8);
    ck_assert_int_eq(bp_check_gradient(&toy_blind, data, p, s, 0, 0, row, &n, &error), BP_E_UNSUPPORTED);
    bp_data_free(data);
}
END_TEST

START_TEST(describing) {
    const int64_t dims[] = {5};
    toy_params p;
    double block[4];
    ck_assert_ptr_eq(bp_find(&toy, "b"), &toy.tensors[4]);
    ck_assert_ptr_null(bp_find(&toy, "c"));
    ck_assert_int_eq(bp_find_dim(&toy, "n"), 0);
    ck_assert_int_eq(bp_find_dim(&toy, "m"), -1);
    ck_assert_int_eq(bp_element_count(&toy, dims, bp_find(&toy, "x")), 15);
    ck_assert_int_eq(bp_element_count(&toy, NULL, bp_find(&toy, "b")), 1);
    ck_assert_int_eq(bp_element_count(&toy, NULL, bp_find(&toy, "x")), -1);
    bp_bind_params(&toy, &p, block);
    ck_assert(p.W == block && p.b == block + 3);
    ck_assert_str_eq(bp_status_text(BP_OK), "success");
    ck_assert_str_eq(bp_status_text(-3), "unknown status");
    for (int i = 0; i < BP_STATUS_COUNT; i++) ck_assert_str_ne(bp_status_text(i), "unknown status");
}
END_TEST

Suite *suite_train(void) {
    Suite *suite = suite_create("train");
    TCase *tests = tcase_create("runs");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, learns);
    tcase_add_test(tests, one_step);
    tcase_add_test(tests, resumed_is_unbroken);
    tcase_add_test(tests, stopping);
    tcase_add_test(tests, not_a_number);
    tcase_add_test(tests, wrong_options);
    tcase_add_test(tests, log_and_progress);
    tcase_add_test(tests, live_line);
    tcase_add_test(tests, gradient_check);
    tcase_add_test(tests, describing);
    suite_add_tcase(suite, tests);
    return suite;
}
