/* bp_optimizer.c - the table of optimisers: one row and one update function each (optimizer_updates.inc). */
#include "bp_optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bp_math.h"
#include "call.h"
#include "optimizer.h"

#define REAL float
#define NAME(x) x##_f32
#define SQRT bp_sqrtf
#include "optimizer_updates.inc"

#define REAL double
#define NAME(x) x##_f64
#define SQRT bp_sqrt
#include "optimizer_updates.inc"

typedef struct {
    const char *name;
    double otherwise; /* the default */
    double lo, hi;    /* lo <= value < hi, but hi may be infinite */
} option_row;

typedef struct {
    const char *name, *what;
    uint32_t slots; /* arrays of n that it remembers; lbfgs: those besides its history */
    bp_update_f32 *update_f32;
    bp_update_f64 *update_f64;
    option_row option[BP_OPTION_MAX]; /* the first is lr; ends with a null name */
} optimizer_row;

#define ROW(name, what, slots, ...) {#name, what, slots, name##_f32, name##_f64, {__VA_ARGS__}}
#define LR(x) {"lr", x, 0, HUGE_VAL}
#define DECAY(x) {"weight_decay", x, 0, HUGE_VAL}
#define EPS(x) {"eps", x, 0, HUGE_VAL}

static const optimizer_row table[] = {
    ROW(sgd, "gradient descent", 0, LR(0.01), DECAY(0)),
    ROW(momentum, "gradient descent with momentum", 1, LR(0.01), {"momentum", 0.9, 0, 1}, DECAY(0)),
    ROW(nesterov, "gradient descent with Nesterov's momentum", 1, LR(0.01), {"momentum", 0.9, 0, 1}, DECAY(0)),
    ROW(rmsprop, "steps divided by a moving average of the gradient's size", 1, LR(0.001), {"rho", 0.99, 0, 1}, EPS(1e-8),
        DECAY(0)),
    ROW(adagrad, "steps divided by the gradient's size so far", 1, LR(0.01), EPS(1e-10), DECAY(0)),
    ROW(adam, "moving averages of the gradient and of its square", 2, LR(0.001), {"beta1", 0.9, 0, 1}, {"beta2", 0.999, 0, 1},
        EPS(1e-8), DECAY(0)),
    ROW(adamw, "adam with weight decay beside the gradient", 2, LR(0.001), {"beta1", 0.9, 0, 1}, {"beta2", 0.999, 0, 1},
        EPS(1e-8), DECAY(0.01)),
    ROW(lbfgs, "limited-memory BFGS, for full batches", 2, LR(1), {"history", 10, 1, BP_LBFGS_MAX + 1}),
};
enum { ROWS = sizeof table / sizeof *table };

struct bp_optimizer {
    const optimizer_row *row;
    bp_real real;
    bp_step step;
    void *memory;
};

static const optimizer_row *find_row(const char *name) {
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

static uint32_t option_count(const optimizer_row *row) {
    uint32_t n = 0;
    while (n < BP_OPTION_MAX && row->option[n].name) n++;
    return n;
}

static int unknown_optimizer(const char *name, bp_error *error) {
    const char *guess = bp_closest(name, &table[0].name, ROWS, sizeof *table);
    if (guess) return bp_fail(error, BP_E_NAME, "unknown optimizer '%s'; did you mean '%s'?", name, guess);
    return bp_fail(error, BP_E_NAME,
                   "unknown optimizer '%s'; there are sgd, momentum, nesterov, rmsprop, adagrad, adam, "
                   "adamw, lbfgs",
                   name);
}

static int unknown_option(const optimizer_row *row, const char *option, bp_error *error) {
    const uint32_t n = option_count(row);
    const char *guess = bp_closest(option, &row->option[0].name, n, sizeof *row->option);
    if (guess) return bp_fail(error, BP_E_NAME, "%s has no option '%s'; did you mean '%s'?", row->name, option, guess);
    char list[200] = "";
    for (uint32_t i = 0; i < n; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", row->option[i].name);
    return bp_fail(error, BP_E_NAME, "%s has no option '%s'; it has %s", row->name, option, list);
}

static int set_option(bp_optimizer *o, const char *option, double value, bp_error *error) {
    const uint32_t n = option_count(o->row);
    for (uint32_t i = 0; i < n; i++) {
        const option_row *r = &o->row->option[i];
        if (strcmp(r->name, option) != 0) continue;
        if (!(value >= r->lo && value < r->hi))
            return isinf(r->hi) ? bp_fail(error, BP_E_VALUE, "%s: %s = %g must be finite and not below %g", o->row->name, option,
                                          value, r->lo)
                                : bp_fail(error, BP_E_VALUE, "%s: %s = %g must be at least %g and below %g", o->row->name, option,
                                          value, r->lo, r->hi);
        o->step.option[i] = value;
        return BP_OK;
    }
    return unknown_option(o->row, option, error);
}

/* The memory, zeroed; lbfgs has two more slots for each pair of its history. */
static int allocate(bp_optimizer *o, bp_error *error) {
    o->step.slots = o->row->slots;
    if (strcmp(o->row->name, "lbfgs") == 0) o->step.slots += 2 * (uint32_t)o->step.option[1];
    const size_t n = o->step.n, slots = o->step.slots;
    if (n && slots > SIZE_MAX / n / 8) return bp_fail(error, BP_E_MEMORY, "%s: too many parameters", o->row->name);
    o->memory = calloc(n * slots + 1, (size_t)o->real);
    return o->memory ? BP_OK : bp_fail(error, BP_E_MEMORY, "%s: out of memory for %zu parameters", o->row->name, n);
}

int bp_optimizer_from(bp_optimizer **out, const char *name, uint32_t n_options, const char *const *option, const double *value,
                      bp_real real, size_t n, bp_error *error) {
    *out = NULL;
    const optimizer_row *row = find_row(name);
    if (!row) return unknown_optimizer(name, error);
    bp_optimizer *o = calloc(1, sizeof *o);
    if (!o) return bp_fail(error, BP_E_MEMORY, "out of memory");
    o->row = row;
    o->real = real;
    o->step.n = n;
    for (uint32_t i = 0; i < option_count(row); i++) o->step.option[i] = row->option[i].otherwise;
    int status = BP_OK;
    for (uint32_t i = 0; i < n_options && !status; i++) status = set_option(o, option[i], value[i], error);
    if (!status) status = allocate(o, error);
    if (status) bp_optimizer_free(o);
    else *out = o;
    return status;
}

int bp_optimizer_new(bp_optimizer **out, const char *text, bp_real real, size_t n, bp_error *error) {
    bp_call call;
    const char *option[BP_CALL_MAX];
    *out = NULL;
    const int status = bp_call_parse(&call, text, error);
    if (status) return status;
    for (uint32_t i = 0; i < call.n; i++) option[i] = call.key[i];
    return bp_optimizer_from(out, call.name, call.n, option, call.value, real, n, error);
}

void bp_optimizer_free(bp_optimizer *o) {
    if (!o) return;
    free(o->memory);
    free(o);
}

void bp_optimizer_step(bp_optimizer *o, void *params, void *grads, double factor) {
    o->step.count++;
    o->step.rate = o->step.option[0] * factor;
    if (o->real == BP_F32) o->row->update_f32(&o->step, params, grads, o->memory);
    else o->row->update_f64(&o->step, params, grads, o->memory);
}

const char *bp_optimizer_name(const bp_optimizer *o) { return o->row->name; }

double bp_optimizer_option(const bp_optimizer *o, const char *option) {
    for (uint32_t i = 0; i < option_count(o->row); i++)
        if (strcmp(o->row->option[i].name, option) == 0) return o->step.option[i];
    return (double)NAN;
}

uint32_t bp_optimizer_slots(const bp_optimizer *o) { return o->step.slots; }
void *bp_optimizer_memory(bp_optimizer *o) { return o->memory; }
int64_t bp_optimizer_count(const bp_optimizer *o) { return o->step.count; }
void bp_optimizer_set_count(bp_optimizer *o, int64_t count) { o->step.count = count; }

bool bp_optimizer_help(size_t i, char *text, size_t size) {
    if (i >= ROWS) return false;
    snprintf(text, size, "%s(", table[i].name);
    for (uint32_t k = 0; k < option_count(&table[i]); k++)
        snprintf(text + strlen(text), size - strlen(text), "%s%s=%g", k ? ", " : "", table[i].option[k].name,
                 table[i].option[k].otherwise);
    snprintf(text + strlen(text), size - strlen(text), ")  %s", table[i].what);
    return true;
}

double bp_clip_norm(bp_real real, void *grads, size_t n, double limit) {
    const double norm = real == BP_F32 ? norm_f32(grads, n) : norm_f64(grads, n);
    if (norm > limit) {
        if (real == BP_F32) multiply_f32(grads, n, limit / norm);
        else multiply_f64(grads, n, limit / norm);
    }
    return norm;
}

void bp_clip_value(bp_real real, void *grads, size_t n, double limit) {
    if (real == BP_F32) limit_f32(grads, n, (float)limit);
    else limit_f64(grads, n, limit);
}
