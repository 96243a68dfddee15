/* bp_optimizer.h - optimisers over one contiguous parameter block, schedules of their step size, clipping of gradients. */
#ifndef BP_OPTIMIZER_H
#define BP_OPTIMIZER_H

#include "bp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- optimisers ------------------------------------------------------------------------------------------------ */

typedef struct bp_optimizer bp_optimizer;

/* An optimiser for n parameters of type `real`, from its text, e.g. "adam(lr=1e-3, beta1=0.9)"; options that are not
 * given have the defaults of the table (bp_optimizer_help).  *out is to be freed with bp_optimizer_free.
 * BP_E_FORMAT: the text cannot be read; BP_E_NAME: no such optimiser or option; BP_E_VALUE: an option out of its range;
 * BP_E_MEMORY. */
int bp_optimizer_new(bp_optimizer **out, const char *text, bp_real real, size_t n, bp_error *error);

/* The same from a name and options that are already apart, as in bp_training. */
int bp_optimizer_from(bp_optimizer **out, const char *name, uint32_t n_options, const char *const *option,
                        const double *value, bp_real real, size_t n, bp_error *error);

void bp_optimizer_free(bp_optimizer *optimizer);   /* NULL is fine */

/* One step: changes `params` by `grads` (both n reals), with the step size lr * factor.  `grads` may be overwritten. */
void bp_optimizer_step(bp_optimizer *optimizer, void *params, void *grads, double factor);

const char *bp_optimizer_name(const bp_optimizer *optimizer);
double bp_optimizer_option(const bp_optimizer *optimizer, const char *option);   /* nan if it has no such option */

/* What it remembers, for checkpoints: `n_slots` arrays of n reals, one after the other, and the count of steps. */
uint32_t bp_optimizer_slots(const bp_optimizer *optimizer);
void *bp_optimizer_memory(bp_optimizer *optimizer);          /* [slots * n] */
int64_t bp_optimizer_count(const bp_optimizer *optimizer);
void bp_optimizer_set_count(bp_optimizer *optimizer, int64_t count);

/* Row i of the table as a line of help, "adam(lr=0.001, beta1=0.9, …)  what it is", into `text`; false past the last. */
bool bp_optimizer_help(size_t i, char *text, size_t size);

/* ---- schedules ------------------------------------------------------------------------------------------------- */

/* A factor on the step size that changes in time.  All take warmup (steps over which the factor rises linearly from
 * 1/warmup to 1; default 0):
 *   constant()                 1
 *   cosine(end=0)              from 1 down to `end` along half a cosine, over the whole run
 *   linear(end=0)              from 1 down to `end` along a line
 *   step(every=10, rate=0.1)   times `rate` every `every` epochs
 *   exponential(rate=0.95)     times `rate` every epoch, continuously */
typedef struct {
    int kind;                    /* row of the table in bp_schedule.c */
    double warmup, end, every, rate;
} bp_schedule;

/* From its text, e.g. "cosine(warmup=100)"; NULL or "" is constant.  BP_E_FORMAT, BP_E_NAME, BP_E_VALUE. */
int bp_schedule_parse(bp_schedule *schedule, const char *text, bp_error *error);

/* The factor for step number `step` (from 0) of `total`, in a run with `per_epoch` steps an epoch. */
double bp_schedule_factor(const bp_schedule *schedule, int64_t step, int64_t total, int64_t per_epoch);

/* ---- clipping -------------------------------------------------------------------------------------------------- */

/* Scale the gradient down to Euclidean norm `limit` where it is longer; returns the norm it had. */
double bp_clip_norm(bp_real real, void *grads, size_t n, double limit);

/* Move every element into [-limit, limit]; nan stays. */
void bp_clip_value(bp_real real, void *grads, size_t n, double limit);

#ifdef __cplusplus
}
#endif
#endif
