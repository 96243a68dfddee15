/* Numbers of integer expressions. Each expression becomes a list, arguments first, once; then a value is one pass over it. */
#include "cost/whole.h"

#include <math.h>
#include <string.h>

#include "graph/ops.h"

typedef struct {
    ExprList list;
    double *value;
    uint32_t **arg; /* by node: where its arguments stand in the list, and last its fill */
} Code;

struct Whole {
    Graph *g;
    const int64_t *sizes;
    double *const *data;
    double *index; /* by index number; NaN: not set */
    uint32_t n_index;
    Map *code;  /* Expr -> Code */
    Map *extent; /* Tensor -> its extents, as int64_t */
};

Whole *whole_new(Graph *g, const int64_t *sizes, double *const *data) {
    Whole *w = NEW(g->arena, Whole);
    *w = (Whole){.g = g, .sizes = sizes, .data = data, .code = map_new(g->arena), .extent = map_new(g->arena)};
    return w;
}

void whole_set_index(Whole *w, uint32_t index, int64_t value) {
    if (index >= w->n_index) {
        const uint32_t room = w->g->indices.n > index + 1 ? w->g->indices.n : index + 1;
        double *more = NEW_ARRAY(w->g->arena, double, room);
        for (uint32_t k = 0; k < room; k++) more[k] = k < w->n_index ? w->index[k] : NAN;
        w->index = more;
        w->n_index = room;
    }
    w->index[index] = (double)value;
}

static Code *code_of(Whole *w, Expr *e) {
    Code *c = map_get(w->code, e);
    if (c) return c;
    Arena *arena = w->g->arena;
    c = NEW(arena, Code);
    c->list = expr_walk(w->g, &e, 1);
    c->value = NEW_ARRAY(arena, double, c->list.n);
    c->arg = NEW_ARRAY(arena, uint32_t *, c->list.n);
    for (uint32_t k = 0; k < c->list.n; k++) {
        const Expr *x = c->list.at[k];
        c->arg[k] = NEW_ARRAY(arena, uint32_t, x->n + 1);
        for (uint32_t j = 0; j < x->n; j++) c->arg[k][j] = expr_place(&c->list, x->arg[j]);
        if (x->fill) c->arg[k][x->n] = expr_place(&c->list, x->fill);
    }
    map_put(w->code, e, c);
    return c;
}

static const int64_t *extents_of(Whole *w, const Tensor *t) {
    int64_t *extent = map_get(w->extent, t);
    if (extent) return extent;
    extent = NEW_ARRAY(w->g->arena, int64_t, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) extent[k] = (int64_t)whole_value(w, t->extent[k]);
    map_put(w->extent, t, extent);
    return extent;
}

/* Values of the tensor in reading order; NULL: not known. */
static const double *values_of(const Whole *w, const Tensor *t) {
    if (t->role == ROLE_CONST) return t->values;
    return w->data ? w->data[t->number] : NULL;
}

static double read_value(Whole *w, const Code *c, uint32_t k) {
    const Expr *x = c->list.at[k];
    const Tensor *t = x->of.tensor;
    const int64_t *extent = extents_of(w, t);
    const double *values = values_of(w, t);
    int64_t at = 0;
    for (uint32_t j = 0; j < x->n; j++) {
        const double sub = c->value[c->arg[k][j]];
        if (sub != sub) return NAN;
        if (sub < 0 || sub >= (double)extent[j]) return x->fill ? c->value[c->arg[k][x->n]] : NAN;
        at = at * extent[j] + (int64_t)sub;
    }
    return values ? values[at] : NAN;
}

static double op_known(const Code *c, uint32_t k) {
    const Expr *x = c->list.at[k];
    double arg[3] = {0, 0, 0};
    for (uint32_t j = 0; j < x->n && j < 3; j++) {
        arg[j] = c->value[c->arg[k][j]];
        if (arg[j] != arg[j]) return NAN;
    }
    if (x->of.number >= N_OPS || ((x->of.number == OP_floordiv || x->of.number == OP_mod) && arg[1] == 0)) return NAN;
    return op_value(x->of.number, arg);
}

static double node_value(Whole *w, const Code *c, uint32_t k) {
    const Expr *x = c->list.at[k];
    switch (x->kind) {
    case EXPR_CONST: return x->type == TYPE_INT ? (double)x->of.integer : x->of.real;
    case EXPR_DIM: return w->sizes ? (double)w->sizes[x->of.number] : NAN;
    case EXPR_INDEX: return x->of.number < w->n_index ? w->index[x->of.number] : NAN;
    case EXPR_READ: return read_value(w, c, k);
    case EXPR_OP: return op_known(c, k);
    case EXPR_SELECT: {
        const double condition = c->value[c->arg[k][0]];
        return condition != condition ? NAN : c->value[c->arg[k][condition != 0 ? 1 : 2]];
    }
    default: return NAN;
    }
}

bool whole_knows(const Whole *w, Expr *e) {
    if (!e) return true;
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind == EXPR_READ && !values_of(w, all.at[k]->of.tensor)) return false;
        if (all.at[k]->kind == EXPR_OP && op_is_draw(w->g, all.at[k]->of.number)) return false;
    }
    return true;
}

double whole_value(Whole *w, Expr *e) {
    if (e->kind == EXPR_CONST && e->type == TYPE_INT) return (double)e->of.integer;
    if (e->kind == EXPR_INDEX) return e->of.number < w->n_index ? w->index[e->of.number] : NAN;
    Code *c = code_of(w, e);
    for (uint32_t k = 0; k < c->list.n; k++) c->value[k] = node_value(w, c, k);
    return c->value[c->list.n - 1];
}

int64_t whole_element(Whole *w, const Tensor *t, Expr *const *subs) {
    const int64_t *extent = extents_of(w, t);
    int64_t at = 0;
    for (uint32_t k = 0; k < t->rank; k++) {
        const double sub = whole_value(w, subs[k]);
        if (sub != sub) return -2;
        if (sub < 0 || sub >= (double)extent[k]) return -1;
        at = at * extent[k] + (int64_t)sub;
    }
    return at;
}
