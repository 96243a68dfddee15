/* What number is this: values of expressions of constants, const arrays and the parts made of them. Takes an
 * expression and, where it has indices, their values; returns false where it is not constant. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

typedef struct {
    C *c;
    uint32_t n;
    Expr *index[32];
    double at[32];
    int depth;
} Env;

static bool value(Env *env, Expr *e, double *out);

static bool place(Env *env, Expr *e, size_t *flat, bool *outside) {
    Tensor *t = e->of.tensor;
    *flat = 0, *outside = false;
    for (uint32_t k = 0; k < e->n; k++) {
        double sub;
        if (!t->extent[k] || t->extent[k]->kind != EXPR_CONST || !value(env, e->arg[k], &sub)) return false;
        double extent = (double)t->extent[k]->of.integer;
        if (sub < 0 || sub >= extent) *outside = true;
        else *flat = *flat * (size_t)extent + (size_t)sub;
    }
    return true;
}

/* One element of a part: its draft is run over what it reduces. */
typedef struct {
    Env *env;
    Draft *d;
    Combine op;
    Type type;
    double best, sum, label;
    bool any, failed;
    uint64_t points;
} Run;

static void combine(Run *r, double v, double label) {
    bool first = !r->any;
    r->any = true;
    switch (r->op) {
    case COMBINE_SET: r->sum = v; break;
    case COMBINE_ADD: r->sum = first ? v : r->sum + v; break;
    case COMBINE_MUL: r->sum = first ? v : r->sum * v; break;
    case COMBINE_OR: r->sum = (!first && r->sum != 0) || v != 0; break;
    case COMBINE_AND: r->sum = (first || r->sum != 0) && v != 0; break;
    case COMBINE_MAX: r->sum = first || v > r->sum ? v : r->sum; break;
    case COMBINE_MIN: r->sum = first || v < r->sum ? v : r->sum; break;
    case COMBINE_LOGSUMEXP: r->sum = first ? v : fmax(r->sum, v) + log1p(exp(-fabs(r->sum - v))); break;
    case COMBINE_ARGMAX: if (first || v > r->best) r->best = v, r->sum = label; break;
    case COMBINE_ARGMIN: if (first || v < r->best) r->best = v, r->sum = label; break;
    default: r->failed = true;
    }
}

static void run(Run *r, uint32_t k) {
    Env *env = r->env;
    double v = 0, label = 0, guard = 1, lo, hi;
    if (r->failed) return;
    if (k == r->d->n) {
        if (++r->points > (1u << 22)) r->failed = true;
        if (r->d->guard && !value(env, r->d->guard, &guard)) r->failed = true;
        if (r->failed || guard == 0) return;
        if (!value(env, r->d->body, &v) || (r->d->label && !value(env, r->d->label, &label))) r->failed = true;
        else combine(r, v, label);
        return;
    }
    Expr *index = r->d->index[k];
    for (uint32_t j = 0; j < env->n; j++)
        if (env->index[j] == index) { /* given by the subscripts */
            run(r, k + 1);
            return;
        }
    IndexInfo *info = info_of(env->c, index);
    if (env->n == 32 || !info->lo || !info->hi || !value(env, info->lo, &lo) || !value(env, info->hi, &hi)) {
        r->failed = true;
        return;
    }
    env->index[env->n++] = index;
    uint32_t slot = env->n - 1;
    for (double i = lo; i < hi && !r->failed; i++) {
        env->at[slot] = i;
        run(r, k + 1);
    }
    env->n = slot;
}

static const double identity_of[N_COMBINES] = {[COMBINE_MUL] = 1, [COMBINE_MAX] = -INFINITY, [COMBINE_MIN] = INFINITY, [COMBINE_LOGSUMEXP] = -INFINITY, [COMBINE_AND] = 1};

static bool part_value(Env *env, Expr *e, double *out) {
    Tensor *t = e->of.tensor;
    if (t->role != ROLE_PART && t->role != ROLE_WRITTEN) return false;
    double sub[MAX_RANK * 2];
    if (e->n > 2 * MAX_RANK) return false;
    for (uint32_t k = 0; k < e->n; k++)
        if (!value(env, e->arg[k], &sub[k])) return false;
    for (Draft *d = map_get(env->c->drafts_of, t); d; d = d->next) {
        Env inner = {.c = env->c, .depth = env->depth + 1};
        bool here = true;
        for (uint32_t k = 0; k < t->rank && here; k++) {
            double fixed;
            if (d->subs[k]->kind == EXPR_INDEX) {
                IndexInfo *info = info_of(env->c, d->subs[k]);
                double lo, hi;
                if (inner.n == 32 || !info->lo || !info->hi || !value(&inner, info->lo, &lo) || !value(&inner, info->hi, &hi)) return false;
                here = sub[k] >= lo && sub[k] < hi;
                inner.index[inner.n] = d->subs[k], inner.at[inner.n++] = sub[k];
            } else
                here = value(&inner, d->subs[k], &fixed) && fixed == sub[k];
        }
        if (!here) continue;
        Run r = {.env = &inner, .d = d, .op = t->op, .type = t->type, .sum = identity_of[t->op]};
        run(&r, 0);
        *out = r.sum;
        return !r.failed;
    }
    return false;
}

static bool value(Env *env, Expr *e, double *out) {
    double arg[4];
    size_t flat;
    bool outside;
    if (env->depth > 300) return false;
    env->depth++;
    bool known = false;
    switch (e->kind) {
    case EXPR_CONST:
        *out = e->type == TYPE_INT ? (double)e->of.integer : e->of.real;
        known = true;
        break;
    case EXPR_INDEX:
        for (uint32_t k = 0; k < env->n && !known; k++)
            if (env->index[k] == e) *out = env->at[k], known = true;
        break;
    case EXPR_OP:
        if (e->n > 4 || e->of.number >= N_OPS) break;
        known = true;
        for (uint32_t k = 0; k < e->n && known; k++) known = value(env, e->arg[k], &arg[k]);
        if (known && (e->of.number == OP_floordiv || e->of.number == OP_mod) && arg[1] == 0) known = false;
        if (known) *out = op_value(e->of.number, arg);
        break;
    case EXPR_SELECT: known = value(env, e->arg[0], &arg[0]) && value(env, e->arg[arg[0] != 0 ? 1 : 2], out); break;
    case EXPR_READ:
        if (e->of.tensor->values) {
            known = place(env, e, &flat, &outside) && (!outside || e->fill);
            if (known && outside) known = value(env, e->fill, out);
            else if (known) *out = e->of.tensor->values[flat];
        } else if (!e->fill)
            known = part_value(env, e, out);
        break;
    default: break;
    }
    env->depth--;
    return known;
}

bool number_of(C *c, Expr *e, double *out) {
    Env env = {.c = c};
    return value(&env, e, out);
}

bool number_at(C *c, Expr *e, uint32_t n, Expr *const *index, const double *where, double *out) {
    Env env = {.c = c, .n = n};
    if (n > 32) return false;
    if (n == 0) return value(&env, e, out);
    memcpy(env.index, index, n * sizeof *index);
    memcpy(env.at, where, n * sizeof *where);
    return value(&env, e, out);
}

bool size_of(C *c, Expr *const *extent, uint32_t rank, int64_t *count) {
    (void)c;
    *count = 1;
    for (uint32_t k = 0; k < rank; k++) {
        if (!extent[k] || extent[k]->kind != EXPR_CONST) return false;
        if (extent[k]->of.integer > 0 && *count > ((int64_t)1 << 62) / extent[k]->of.integer) return false;
        *count *= extent[k]->of.integer;
    }
    return true;
}

double *numbers_of(C *c, Value *v, size_t *n) {
    int64_t total;
    if (!is_array(v) || !size_of(c, v->extent, v->rank, &total) || total > (1 << 26)) return NULL;
    double *values = NEW_ARRAY(c->arena, double, (size_t)total), where[MAX_RANK] = {0};
    for (int64_t flat = 0; flat < total; flat++) {
        if (!number_at(c, v->body, v->rank, v->axis, where, &values[flat])) return NULL;
        for (uint32_t k = v->rank; k-- > 0;) {
            if (++where[k] < (double)v->extent[k]->of.integer) break;
            where[k] = 0;
        }
    }
    *n = (size_t)total;
    return values;
}

/* An array of constants as a tensor; integers know their bounds. */
Value *const_tensor(C *c, const char *name, Value *shape, double *values, Span span) {
    bool inside = c->group != c->top;
    Tensor *t = graph_add_tensor(c->g, inside ? part_name(c, name) : name_of(c->base->names, name), shape->type, ROLE_CONST, COMBINE_SET, shape->rank, shape->extent, span);
    int64_t n;
    t->values = values;
    map_put(c->wanted, t, (void *)(uintptr_t)(inside ? part_name(c, name) : name_of(c->base->names, name)));
    if (t->type == TYPE_INT && size_of(c, t->extent, t->rank, &n)) {
        double lo = INFINITY, hi = -INFINITY;
        for (int64_t k = 0; k < n; k++) lo = fmin(lo, values[k]), hi = fmax(hi, values[k]);
        t->lo = expr_int(c->g, (int64_t)lo), t->hi = expr_int(c->g, (int64_t)hi + 1);
    }
    return array(c, shape->rank, shape->extent, shape->axis, expr_read(c->g, t, shape->axis, NULL));
}
