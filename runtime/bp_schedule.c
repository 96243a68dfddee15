/* bp_schedule.c - how the step size changes over a run: one row a schedule. */
#include <math.h>
#include <string.h>

#include "bp_optimizer.h"
#include "call.h"

/* `part` is how much of the run after the warmup has passed, in [0, 1); `epochs` counts epochs, with their fraction. */
typedef double schedule_function(const bp_schedule *s, double part, double epochs);

static double constant(const bp_schedule *s, double part, double epochs) {
    (void)s, (void)part, (void)epochs;
    return 1.0;
}

static double cosine(const bp_schedule *s, double part, double epochs) { /* Loshchilov and Hutter 2017 */
    (void)epochs;
    return s->end + (1.0 - s->end) * 0.5 * (1.0 + cos(3.14159265358979323846 * part));
}

static double linear(const bp_schedule *s, double part, double epochs) {
    (void)epochs;
    return 1.0 + (s->end - 1.0) * part;
}

static double step(const bp_schedule *s, double part, double epochs) {
    (void)part;
    return pow(s->rate, floor(epochs / s->every));
}

static double exponential(const bp_schedule *s, double part, double epochs) {
    (void)part;
    return pow(s->rate, epochs);
}

static const struct {
    const char *name;
    schedule_function *function;
    double rate;         /* the default of `rate` */
    const char *options; /* those it takes besides warmup, a blank after each */
} table[] = {
    {"constant", constant, 1.0, ""},
    {"cosine", cosine, 1.0, "end "},
    {"linear", linear, 1.0, "end "},
    {"step", step, 0.1, "every rate "},
    {"exponential", exponential, 0.95, "rate "},
};
enum { ROWS = sizeof table / sizeof *table };

static int set_option(bp_schedule *s, const char *key, double value, bp_error *error) {
    const char *name = table[s->kind].name, *at = strstr(table[s->kind].options, key);
    const bool taken = at && at[strlen(key)] == ' ' && (at == table[s->kind].options || at[-1] == ' ');
    if (strcmp(key, "warmup") != 0 && !taken)
        return bp_fail(error, BP_E_NAME, "schedule %s has no option '%s'; it has %swarmup", name, key, table[s->kind].options);
    if (!(value >= 0.0 && value < 1e15) || (strcmp(key, "every") == 0 && value == 0.0))
        return bp_fail(error, BP_E_VALUE, "schedule %s: %s = %g must be %s", name, key, value,
                       strcmp(key, "every") == 0 ? "positive" : "finite and not negative");
    *(strcmp(key, "warmup") == 0  ? &s->warmup
      : strcmp(key, "end") == 0   ? &s->end
      : strcmp(key, "every") == 0 ? &s->every
                                  : &s->rate) = value;
    return BP_OK;
}

int bp_schedule_parse(bp_schedule *s, const char *text, bp_error *error) {
    bp_call call;
    *s = (bp_schedule){.kind = 0, .every = 10.0, .rate = 1.0};
    if (!text || !*text) return BP_OK;
    int status = bp_call_parse(&call, text, error);
    if (status) return status;
    int kind = 0;
    while (kind < ROWS && strcmp(table[kind].name, call.name) != 0) kind++;
    if (kind == ROWS) {
        const char *guess = bp_closest(call.name, &table[0].name, ROWS, sizeof *table);
        return guess ? bp_fail(error, BP_E_NAME, "unknown schedule '%s'; did you mean '%s'?", call.name, guess)
                     : bp_fail(error, BP_E_NAME, "unknown schedule '%s'; there are constant, cosine, linear, step, exponential",
                               call.name);
    }
    s->kind = kind;
    s->rate = table[kind].rate;
    for (uint32_t i = 0; i < call.n && !status; i++) status = set_option(s, call.key[i], call.value[i], error);
    return status;
}

double bp_schedule_factor(const bp_schedule *s, int64_t at, int64_t total, int64_t per_epoch) {
    const double t = (double)at;
    if (t < s->warmup) return (t + 1.0) / s->warmup;
    const double rest = (double)total - s->warmup;
    const double part = rest > 0.0 ? (t - s->warmup) / rest : 0.0;
    return table[s->kind].function(s, part > 1.0 ? 1.0 : part, per_epoch > 0 ? t / (double)per_epoch : 0.0);
}
