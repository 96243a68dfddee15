/* train { optimizer adam(lr = 1e-3); batch 64; … }: the defaults of `bpc train`. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

void train_read(C *, Graph *, Node *);

static bool number_setting(C *c, Node *s, Node *value, double *out, bool whole) {
    if (value->kind == NODE_NUMBER && (!whole || (value->number == floor(value->number) && value->number >= 0))) {
        *out = value->number;
        return true;
    }
    complain(c, value->span, "'%s' takes a %snumber", s->name, whole ? "whole " : "");
    return false;
}

typedef VEC(Setting) Settings;

static void call_setting(C *c, Graph *g, Node *s, Node *call, const char *const *known, size_t n, Symbol *name, Settings *options) {
    if (call->kind != NODE_CALL) {
        complain(c, call->span, "'%s' takes a name: '%s %s'", s->name, s->name, known[0]);
        return;
    }
    *name = call->kid[0]->name;
    bool found = false;
    for (size_t k = 0; k < n; k++) found |= strcmp(known[k], *name) == 0;
    if (!found) {
        const char *guess = nearest_name(*name, known, n);
        if (guess) complain(c, call->span, "there is no %s '%s'; did you mean '%s'?", s->name, *name, guess);
        else complain(c, call->span, "there is no %s '%s'", s->name, *name);
        return;
    }
    for (uint32_t k = 1; k < call->n; k++) {
        Node *arg = call->kid[k];
        double number;
        Value *v = arg->kind == NODE_ARGUMENT ? eval(c, c->file, arg->kid[0]) : NULL;
        if (!v || !is_array(v) || v->rank || !number_of(c, v->body, &number)) {
            if (!v || v->kind != VALUE_POISON) complain(c, arg->span, "an option is written 'name = number'");
            continue;
        }
        vec_push(g->arena, options, (Setting){arg->name, number});
    }
}

static const char *const optimizers[] = {"sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "lbfgs"};
static const char *const schedules[] = {"constant", "cosine", "step", "linear", "exponential", "warmup"};
static const char *const settings[] = {"optimizer", "batch", "epochs", "clip", "schedule", "seed"};

void train_read(C *c, Graph *g, Node *train) {
    Training *t = &g->training;
    for (uint32_t k = 0; train && k < train->n; k++) {
        Node *s = train->kid[k], *value = s->kid[0];
        double number;
        Settings list = {0};
        if (strcmp(s->name, "optimizer") == 0) {
            call_setting(c, g, s, value, optimizers, sizeof optimizers / sizeof *optimizers, &t->optimizer, &list);
            for (uint32_t j = 0; j < list.n; j++) vec_push(g->arena, &t->options, list.at[j]);
        } else if (strcmp(s->name, "schedule") == 0) {
            call_setting(c, g, s, value, schedules, sizeof schedules / sizeof *schedules, &t->schedule, &list);
            for (uint32_t j = 0; j < list.n; j++) vec_push(g->arena, &t->schedule_options, list.at[j]);
        } else if (strcmp(s->name, "batch") == 0 && value->kind == NODE_ARGUMENT) {
            for (uint32_t d = 0; d < g->dims.n; d++)
                if (g->dims.at[d].name == value->name) t->batch_dim = d;
            if (t->batch_dim == UINT32_MAX) complain(c, value->at, "'%s' is not a size that is bound at run time", value->name);
            if (number_setting(c, s, value->kid[0], &number, true)) t->batch = (int64_t)number;
        } else if (strcmp(s->name, "batch") == 0) {
            if (number_setting(c, s, value, &number, true)) t->batch = (int64_t)number;
        } else if (strcmp(s->name, "epochs") == 0) {
            if (number_setting(c, s, value, &number, true)) t->epochs = (int64_t)number;
        } else if (strcmp(s->name, "seed") == 0) {
            if (number_setting(c, s, value, &number, true)) t->seed = (int64_t)number;
        } else if (strcmp(s->name, "clip") == 0) {
            if (number_setting(c, s, value, &number, false)) t->clip = number;
        } else {
            const char *guess = nearest_name(s->name, settings, sizeof settings / sizeof *settings);
            if (guess) complain(c, s->at, "there is no setting '%s'; did you mean '%s'?", s->name, guess);
            else complain(c, s->at, "there is no setting '%s'", s->name);
        }
    }
}
