/* bp_train.h - the training loop, evaluation over a data set, and a printer of progress. */
#ifndef BP_TRAIN_H
#define BP_TRAIN_H

#include <signal.h>
#include <stdio.h>

#include "bp.h"
#include "bp_data.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BP_VALUES_MAX = 31 };   /* the loss and as many metrics as are followed */

/* Where the run stands; handed to the progress function after every step, and at the end of every epoch (`complete`). */
typedef struct {
    const bp_model *model;
    int64_t epoch, epochs;               /* this one, from 1, of how many */
    int64_t step, steps;                 /* in this epoch: taken, of how many */
    bool complete;                       /* the epoch is over, validation included */
    uint32_t n_values;                   /* the loss first, then the metrics in their order */
    const char *const *name;             /* [n_values] */
    const double *train;                 /* [n_values] means over the examples of this epoch so far */
    const double *valid;                 /* [n_values] over the validation set, after the last epoch that is
                                          complete; NULL before one is, and without such a set */
    double rate, gradient_norm;          /* of the last step: its step size, the gradient's norm before clipping */
    double examples_per_second, seconds, seconds_left;
} bp_progress_info;

typedef void bp_progress_function(const bp_progress_info *info, void *user);

/* What to do.  bp_train_defaults fills it in from the model's `train { }`. */
typedef struct {
    const bp_data *data;                 /* required */
    const bp_data *valid;                /* held-out data, or NULL */
    double split;                        /* the part of `data` to hold out when `valid` is NULL, in [0, 1); by the seed */
    int64_t epochs;                      /* 10 where the model says nothing */
    int64_t batch;                       /* examples a step; 32; at most all; all if the model has no batch dim */
    uint64_t seed;                       /* of the order of examples, the split and the model's draws; 1 */
    const char *optimizer;               /* "adam(lr=1e-3)"; NULL: the model's, else sgd */
    const char *schedule;                /* "cosine(warmup=100)"; NULL: the model's, else constant */
    double clip_norm, clip_value;        /* 0 or nan: not */
    void *params, *state;                /* blocks, already initialised; changed in place; state NULL without state */
    const char *checkpoint;              /* file to save the run's position in; NULL: none */
    int64_t checkpoint_every;            /* epochs; 0: only when the run is stopped, and at its end */
    const char *resume;                  /* checkpoint to go on from; NULL: begin */
    const char *log;                     /* CSV file that gets a line an epoch; NULL: none */
    volatile sig_atomic_t *stop;         /* looked at before every step: not 0 stops the run; NULL: never */
    bp_progress_function *progress;      /* may be NULL */
    void *user;                          /* its second argument */
} bp_train_options;

void bp_train_defaults(bp_train_options *options, const bp_model *model);

/* Train.  Every epoch takes each training example once, in an order that depends on the seed and the epoch alone, in
 * steps of `batch` (the last may be smaller); one step of all of them keeps the order of the data.  The run is a pure
 * function of its options and data: from a checkpoint it goes on bit for bit as if it had never been interrupted.
 * BP_E_UNSUPPORTED: no loss; BP_E_NAN: the loss or its gradient is not finite, and the message names the first tensor
 * that is not (the parameters are those of before that step); BP_E_INTERRUPTED: *stop was set (the checkpoint, if any, is
 * written); the errors of optimiser, schedule, checkpoint and model functions. */
int bp_train(const bp_model *model, const bp_train_options *options, bp_error *error);

/* Means of loss and metrics over a data set, by predict in steps of `batch` examples (0: all at once), into
 * value[n] with n <= BP_VALUES_MAX (bp_value_count).  `seed` is for models that draw. */
int bp_evaluate(const bp_model *model, const bp_data *data, int64_t batch, const void *params, const void *state,
                  uint64_t seed, double *value, bp_error *error);

/* How many values a model has (loss, if any, then metrics), and their tensors; `tensor` may be NULL. */
uint32_t bp_value_count(const bp_model *model, const bp_tensor **tensor);

/* ---- progress -------------------------------------------------------------------------------------------------- */

/* A progress function and its `user`: on a terminal one line that is drawn over again, at most ten times a second, and
 * stays after the last epoch; elsewhere a line an epoch. */
typedef struct {
    FILE *to;
    bool live;                           /* a terminal: redraw */
    int width;                           /* columns of the terminal, where a live line is cut off; 0: it is not */
    double drawn;                        /* private: when the line was last drawn */
} bp_printer;

void bp_progress(const bp_progress_info *info, void *printer);

#ifdef __cplusplus
}
#endif
#endif
