/* The array functions, one row each in array_builtins: softmax, concat, reshape and the like. Each takes its
 * arguments and returns a Value, elementwise where it can be: transpose(x) only renames axes, eye(n) is i == j. */
#include "check/internal.h"

#include <string.h>

/* ---- arguments --------------------------------------------------------------------------------------- */
const Builtin *builtin_find(Symbol name) {
    static const Builtin *const tables[] = {reduction_builtins, array_builtins, request_builtins};
    for (size_t t = 0; t < 3; t++)
        for (const Builtin *b = tables[t]; b->name; b++)
            if (strcmp(b->name, name) == 0) return b;
    return NULL;
}

bool args_read(C *c, Scope *s, Node *call, const Builtin *b, Args *args) {
    *args = (Args){.scope = s, .call = call};
    for (uint32_t k = 1; k < call->n; k++) {
        Node *arg = call->kid[k];
        if (arg->kind != NODE_ARGUMENT) {
            if (args->n == 64) {
                complain(c, arg->span, "'%s' takes at most 64 arguments", b->name);
                return false;
            }
            args->positional[args->n++] = arg;
            continue;
        }
        uint32_t w = 0;
        while (w < 4 && (!b->keyword[w] || strcmp(b->keyword[w], arg->name) != 0)) w++;
        if (w == 4) {
            complain(c, arg->at, "'%s' has no argument '%s'", b->name, arg->name);
            if (b->keyword[0]) note(c, arg->at, "it has '%s='", b->keyword[0]);
            return false;
        }
        args->named[w] = arg->kid[0];
    }
    if (args->n >= b->min && args->n <= b->max) return true;
    if (b->min == b->max) complain(c, call->span, "'%s' takes %u argument%s, and there %s %u", b->name, b->min, b->min == 1 ? "" : "s", args->n == 1 ? "is" : "are", args->n);
    else if (args->n < b->min) complain(c, call->span, "'%s' takes at least %u argument%s", b->name, b->min, b->min == 1 ? "" : "s");
    else complain(c, call->span, "'%s' takes at most %u arguments, and there are %u", b->name, b->max, args->n);
    return false;
}

Value *args_value(C *c, Args *args, uint32_t k) {
    return require_array(c, eval(c, args->scope, args->positional[k]), args->positional[k], "an argument");
}

bool const_integer(C *c, Value *v, int64_t *out) {
    double number;
    if (!is_array(v) || v->rank || v->type != TYPE_INT || !number_of(c, v->body, &number)) return false;
    *out = (int64_t)number;
    return true;
}

bool axis_argument(C *c, Args *args, Node *node, uint32_t rank, uint32_t *axis) {
    int64_t n;
    Value *v = eval(c, args->scope, node);
    if (v->kind == VALUE_POISON) return false;
    if (!const_integer(c, v, &n)) complain(c, node->span, "an axis is a constant integer");
    else if (n < -(int64_t)rank || n >= (int64_t)rank)
        complain(c, node->span, "axis %lld does not exist: there %s %u ax%s, counted from 0", (long long)n, rank == 1 ? "is" : "are", rank, rank == 1 ? "is" : "es");
    else {
        *axis = (uint32_t)(n < 0 ? n + rank : n); /* as NumPy counts: -1 is the last */
        return true;
    }
    return false;
}

static bool last_axis(C *c, Args *args, Value *v, const char *name, uint32_t *axis) {
    if (v->rank == 0) {
        complain(c, args->call->span, "'%s' needs an array, and '%s' is a scalar", name, say_node(c, args->positional[0]));
        note(c, args->call->span, "over a named index it is %s of an array that has the index as an axis: a[i] with the rest left over", name);
        return false;
    }
    *axis = v->rank - 1;
    return !args->named[0] || axis_argument(c, args, args->named[0], v->rank, axis);
}

/* ---- softmax ------------------------------------------------------------------------------------------- */
/* softmax(s) = exp(s - logsumexp(s)), log_softmax(s) = s - logsumexp(s) */
static Value *softmax(C *c, Args *args, const Builtin *b) {
    Value *v = fresh_axes(c, args_value(c, args, 0));
    uint32_t axis;
    if (v->kind == VALUE_WILD) return wild(c, TYPE_REAL);
    if (!is_array(v) || !last_axis(c, args, v, b->name, &axis)) return poison(c);
    Expr *sum = axis_new(c, v->extent[axis]), *rest[MAX_RANK], *extent[MAX_RANK];
    uint32_t n = 0;
    for (uint32_t k = 0; k < v->rank; k++)
        if (k != axis) rest[n] = v->axis[k], extent[n++] = v->extent[k];
    Expr *body = replace(c, v->body, 1, &v->axis[axis], &sum);
    Expr *lse = part_reduce(c, "lse", COMBINE_LOGSUMEXP, TYPE_REAL, body, NULL, NULL, 1, &sum, n, rest, extent, args->call->span);
    Expr *difference = expr_sub(c->g, v->body, lse);
    return array(c, v->rank, v->extent, v->axis, b->detail ? difference : expr_op1(c->g, OP_exp, difference));
}

/* ---- made of sizes ---------------------------------------------------------------------------------------- */
static Value *filled(C *c, Args *args, const Builtin *b) {
    Expr *extent[MAX_RANK], *axis[MAX_RANK];
    uint32_t n = 0;
    for (uint32_t k = 0; k < args->n; k++, n++) {
        if (n == MAX_RANK || !dim_value(c, args->scope, args->positional[k], &extent[n])) return poison(c);
        axis[n] = axis_new(c, extent[n]);
    }
    return array(c, n, extent, axis, expr_real(c->g, b->detail));
}

static Value *eye(C *c, Args *args, const Builtin *b) {
    Expr *extent[2], *axis[2];
    (void)b;
    if (!dim_value(c, args->scope, args->positional[0], &extent[0])) return poison(c);
    extent[1] = extent[0];
    for (int k = 0; k < 2; k++) axis[k] = axis_new(c, extent[k]);
    return array(c, 2, extent, axis, expr_select(c->g, expr_op2(c->g, OP_eq, axis[0], axis[1]), expr_real(c->g, 1), expr_real(c->g, 0)));
}

static Value *iota(C *c, Args *args, const Builtin *b) {
    Expr *extent, *axis;
    (void)b;
    if (!dim_value(c, args->scope, args->positional[0], &extent)) return poison(c);
    axis = axis_new(c, extent);
    return array(c, 1, &extent, &axis, axis);
}

static Value *one_hot(C *c, Args *args, const Builtin *b) {
    (void)b;
    Value *v = fresh_axes(c, args_value(c, args, 0));
    Expr *extent[MAX_RANK + 1], *axis[MAX_RANK + 1], *n;
    if (v->kind == VALUE_WILD) return wild(c, TYPE_REAL);
    if (!is_array(v) || !dim_value(c, args->scope, args->positional[1], &n)) return poison(c);
    if (v->type != TYPE_INT) {
        complain(c, args->positional[0]->span, "'one_hot' takes integers, and '%s' is real", say_node(c, args->positional[0]));
        return poison(c);
    }
    for (uint32_t k = 0; k < v->rank; k++) extent[k] = v->extent[k], axis[k] = v->axis[k];
    extent[v->rank] = n, axis[v->rank] = axis_new(c, n);
    Expr *hit = expr_op2(c->g, OP_eq, v->body, axis[v->rank]);
    return array(c, v->rank + 1, extent, axis, expr_select(c->g, hit, expr_real(c->g, 1), expr_real(c->g, 0)));
}

/* ---- the same elements at other places ------------------------------------------------------------------------ */
bool shape_literal(C *c, Scope *s, Node *node, uint32_t *n, Expr **out) {
    *n = node->kind == NODE_STACK ? node->n : 1;
    if (*n > MAX_RANK) return false;
    for (uint32_t k = 0; k < *n; k++)
        if (!dim_value(c, s, node->kind == NODE_STACK ? node->kid[k] : node, &out[k])) return false;
    return true;
}

static Expr *product(C *c, Expr *const *extent, uint32_t from, uint32_t to) {
    Expr *p = expr_int(c->g, 1);
    for (uint32_t k = from; k < to; k++) p = expr_mul(c->g, p, extent[k]);
    Affine a;
    return affine_of(c->g, p, &a) ? affine_expr(c->g, &a) : p;
}

/* Leading axes that both shapes share stay; what follows goes by the position in reading order. */
static Value *reshape(C *c, Args *args, const Builtin *b) {
    (void)b;
    Value *v = args_value(c, args, 0);
    Expr *extent[MAX_RANK], *axis[MAX_RANK], *subs[MAX_RANK];
    uint32_t n, same = 0;
    if (!shape_literal(c, args->scope, args->positional[1], &n, extent)) return poison(c);
    if (v->kind == VALUE_WILD) {
        for (uint32_t k = 0; k < n; k++) axis[k] = axis_new(c, extent[k]);
        return array(c, n, extent, axis, v->type == TYPE_REAL ? expr_real(c->g, 0) : expr_int(c->g, 0));
    }
    if (!is_array(v)) return v;
    if (!affine_equal(c->g, product(c, extent, 0, n), product(c, v->extent, 0, v->rank))) {
        complain(c, args->call->span, "'%s' has shape %s, which cannot become %s: %s elements are not %s", say_node(c, args->positional[0]), say_shape(c, v),
                 say_extents(c, extent, n), say_expr(c, product(c, v->extent, 0, v->rank)), say_expr(c, product(c, extent, 0, n)));
        return poison(c);
    }
    while (same < n && same < v->rank && same_extent(c, extent[same], v->extent[same])) same++;
    Expr *flat = expr_int(c->g, 0), *stride = expr_int(c->g, 1);
    for (uint32_t k = 0; k < n; k++) axis[k] = axis_new(c, extent[k]);
    for (uint32_t k = n; k-- > same;) {
        flat = k == n - 1 ? axis[k] : expr_add(c->g, expr_mul(c->g, axis[k], stride), flat);
        stride = expr_mul(c->g, stride, extent[k]);
    }
    Expr *step = expr_int(c->g, 1);
    for (uint32_t k = v->rank; k-- > same;) {
        Expr *place = k + 1 == v->rank ? flat : expr_op2(c->g, OP_floordiv, flat, step);
        if (k == same) subs[k] = place; /* flat is below the product: no '%' */
        else subs[k] = expr_op2(c->g, OP_mod, place, v->extent[k]);
        if (expr_is_int(v->extent[k], 1)) subs[k] = expr_int(c->g, 0);
        step = expr_mul(c->g, step, v->extent[k]);
    }
    for (uint32_t k = 0; k < same; k++) subs[k] = axis[k];
    return array(c, n, extent, axis, at(c, v, subs));
}

static Value *transpose(C *c, Args *args, const Builtin *b) {
    (void)b;
    Value *v = args_value(c, args, 0);
    if (!is_array(v)) return v;
    if (args->n == 1) { /* all axes in the other order */
        Value *t = array(c, v->rank, v->extent, v->axis, v->body);
        for (uint32_t k = 0; k < v->rank; k++) t->extent[k] = v->extent[v->rank - 1 - k], t->axis[k] = v->axis[v->rank - 1 - k];
        return t;
    }
    Node *order = args->positional[1];
    bool seen[MAX_RANK] = {false};
    Value *t = array(c, v->rank, v->extent, v->axis, v->body);
    if (order->kind != NODE_STACK || order->n != v->rank) {
        complain(c, order->span, "the order of the axes is a list of %u, one an axis", v->rank);
        return poison(c);
    }
    for (uint32_t k = 0; k < v->rank; k++) {
        uint32_t from;
        if (!axis_argument(c, args, order->kid[k], v->rank, &from)) return poison(c);
        if (seen[from]) {
            complain(c, order->kid[k]->span, "axis %u stands twice in the order", from);
            return poison(c);
        }
        seen[from] = true;
        t->extent[k] = v->extent[from], t->axis[k] = v->axis[from];
    }
    return t;
}

static Value *concat(C *c, Args *args, const Builtin *b) {
    (void)b;
    uint32_t n = args->n, axis = 0, rank = 0;
    Value **v = NEW_ARRAY(c->arena, Value *, n);
    Type type = TYPE_INT;
    bool any_wild = false;
    for (uint32_t k = 0; k < n; k++) {
        v[k] = fresh_axes(c, args_value(c, args, k));
        if (v[k]->kind == VALUE_POISON) return v[k];
        if (v[k]->type == TYPE_REAL) type = TYPE_REAL;
        any_wild |= v[k]->kind == VALUE_WILD;
    }
    if (any_wild) return wild(c, type);
    rank = v[0]->rank;
    if (rank == 0) {
        complain(c, args->positional[0]->span, "'concat' joins arrays, and '%s' is a scalar; [a, b] stacks scalars", say_node(c, args->positional[0]));
        return poison(c);
    }
    if (args->named[0] && !axis_argument(c, args, args->named[0], rank, &axis)) return poison(c);
    Expr *total = expr_int(c->g, 0), *extent[MAX_RANK], **roots = NEW_ARRAY(c->arena, Expr *, n), **free;
    VEC(Expr *) own = {0};
    for (uint32_t k = 0; k < n; k++) {
        for (uint32_t d = 0; d < rank || d < v[k]->rank; d++)
            if (v[k]->rank != rank || (d != axis && !same_extent(c, v[k]->extent[d], v[0]->extent[d]))) {
                complain(c, args->call->span, "'concat' joins arrays that agree on all axes but %u: %s and %s do not", axis, say_shape(c, v[0]), say_shape(c, v[k]));
                note(c, args->positional[k]->span, "'%s' has shape %s", say_node(c, args->positional[k]), say_shape(c, v[k]));
                return poison(c);
            }
        total = expr_add(c->g, total, v[k]->extent[axis]);
        roots[k] = v[k]->body;
        for (uint32_t d = 0; d < rank; d++) vec_push(c->arena, &own, v[k]->axis[d]);
    }
    Affine a;
    if (affine_of(c->g, total, &a)) total = affine_expr(c->g, &a);
    uint32_t n_free = free_indices(c, roots, n, own.at, own.n, &free);
    Expr *whole[3 * MAX_RANK], *subs[3 * MAX_RANK], *index[3 * MAX_RANK], *result[MAX_RANK];
    for (uint32_t d = 0; d < rank; d++) extent[d] = d == axis ? total : v[0]->extent[d], result[d] = axis_new(c, extent[d]);
    for (uint32_t k = 0; k < n_free; k++) whole[k] = NULL, subs[k] = index[k] = free[k];
    for (uint32_t d = 0; d < rank; d++) whole[n_free + d] = extent[d];
    Tensor *t = part_tensor(c, part_name(c, "concat"), type, COMBINE_SET, n_free + rank, whole, args->call->span);
    Expr *offset = expr_int(c->g, 0);
    for (uint32_t k = 0; k < n; k++) { /* T[off..off+n] = v[i - off] */
        Expr *end = expr_add(c->g, offset, v[k]->extent[axis]), *body = v[k]->body;
        for (uint32_t d = 0; d < rank; d++) subs[n_free + d] = index[n_free + d] = v[k]->axis[d];
        if (!expr_is_int(offset, 0)) {
            Expr *along = axis_new(c, end), *shifted = expr_sub(c->g, along, offset);
            info_of(c, along)->lo = offset;
            body = replace(c, body, 1, &v[k]->axis[axis], &shifted);
            subs[n_free + axis] = index[n_free + axis] = along;
        }
        draft_add(c, t, subs, type == TYPE_REAL ? as_real(c, body) : body, NULL, NULL, n_free + rank, index, args->positional[k]->span);
        offset = affine_of(c->g, end, &a) ? affine_expr(c->g, &a) : end;
    }
    for (uint32_t d = 0; d < rank; d++) subs[n_free + d] = result[d];
    return array(c, rank, extent, result, expr_read(c->g, t, subs, NULL));
}

/* ---- small linear algebra ----------------------------------------------------------------------------------------- */
static Value *vector_argument(C *c, Args *args, uint32_t k, const char *name) {
    Value *v = fresh_axes(c, args_value(c, args, k));
    if (!is_array(v) || v->rank == 1) return v;
    complain(c, args->positional[k]->span, "'%s' takes vectors, and '%s' has shape %s", name, say_node(c, args->positional[k]), say_shape(c, v));
    return poison(c);
}

static Value *diag(C *c, Args *args, const Builtin *b) {
    Value *v = fresh_axes(c, args_value(c, args, 0));
    if (!is_array(v)) return v;
    if (v->rank == 2) { /* of a matrix: its diagonal */
        if (!same_extent(c, v->extent[0], v->extent[1])) {
            complain(c, args->positional[0]->span, "'diag' takes a square matrix, and '%s' has shape %s", say_node(c, args->positional[0]), say_shape(c, v));
            return poison(c);
        }
        Expr *both[2] = {v->axis[0], v->axis[0]};
        return array(c, 1, v->extent, v->axis, at(c, v, both));
    }
    if (v->rank != 1) return vector_argument(c, args, 0, b->name);
    Expr *extent[2] = {v->extent[0], v->extent[0]}, *axis[2] = {v->axis[0], axis_new(c, v->extent[0])};
    return array(c, 2, extent, axis, expr_select(c->g, expr_op2(c->g, OP_eq, axis[0], axis[1]), v->body, v->type == TYPE_REAL ? expr_real(c->g, 0) : expr_int(c->g, 0)));
}

static Value *outer(C *c, Args *args, const Builtin *b) {
    Value *x = vector_argument(c, args, 0, b->name), *y = vector_argument(c, args, 1, b->name);
    if (!is_array(x) || !is_array(y)) return x->kind == VALUE_POISON ? x : y->kind == VALUE_POISON ? y : wild(c, TYPE_REAL);
    Expr *extent[2] = {x->extent[0], y->extent[0]}, *axis[2] = {x->axis[0], y->axis[0]};
    return array(c, 2, extent, axis, expr_mul(c->g, x->body, y->body));
}

static Value *dot(C *c, Args *args, const Builtin *b) {
    Value *x = vector_argument(c, args, 0, b->name), *y = vector_argument(c, args, 1, b->name);
    return matmul(c, args->call->span, x, args->positional[0], y, args->positional[1]);
}

static Value *cross(C *c, Args *args, const Builtin *b) {
    Value *v[2];
    Expr *part[2][3];
    for (uint32_t k = 0; k < 2; k++) {
        v[k] = vector_argument(c, args, k, b->name);
        if (!is_array(v[k])) return v[k];
        if (!expr_is_int(v[k]->extent[0], 3)) {
            complain(c, args->positional[k]->span, "'cross' takes vectors of 3, and '%s' has shape %s", say_node(c, args->positional[k]), say_shape(c, v[k]));
            return poison(c);
        }
        for (int64_t d = 0; d < 3; d++) {
            Expr *place = expr_int(c->g, d);
            part[k][d] = at(c, v[k], &place);
        }
    }
    Expr *three = expr_int(c->g, 3), *axis = axis_new(c, three), *component[3];
    for (int d = 0; d < 3; d++) {
        int p = (d + 1) % 3, q = (d + 2) % 3;
        component[d] = expr_sub(c->g, expr_mul(c->g, part[0][p], part[1][q]), expr_mul(c->g, part[0][q], part[1][p]));
    }
    Expr *body = expr_select(c->g, expr_op2(c->g, OP_eq, axis, expr_int(c->g, 0)), component[0],
                             expr_select(c->g, expr_op2(c->g, OP_eq, axis, expr_int(c->g, 1)), component[1], component[2]));
    return array(c, 1, &three, &axis, body);
}

/* cumsum is a recurrence: C[i] = C[i-1 | 0] + x[i] */
static Value *cumsum(C *c, Args *args, const Builtin *b) {
    Value *v = fresh_axes(c, args_value(c, args, 0));
    uint32_t axis = 0;
    if (!is_array(v)) return v;
    if (v->rank == 0) return last_axis(c, args, v, b->name, &axis), poison(c);
    if (args->named[0] && !axis_argument(c, args, args->named[0], v->rank, &axis)) return poison(c);
    Expr **free;
    uint32_t n = free_indices(c, &v->body, 1, v->axis, v->rank, &free), rank = n + v->rank;
    Expr *whole[3 * MAX_RANK], *subs[3 * MAX_RANK], *before[3 * MAX_RANK];
    for (uint32_t k = 0; k < n; k++) whole[k] = NULL, subs[k] = before[k] = free[k];
    for (uint32_t k = 0; k < v->rank; k++) whole[n + k] = v->extent[k], subs[n + k] = before[n + k] = v->axis[k];
    before[n + axis] = expr_sub(c->g, v->axis[axis], expr_int(c->g, 1));
    Tensor *t = part_tensor(c, part_name(c, "cumsum"), v->type, COMBINE_SET, rank, whole, args->call->span);
    Expr *last = expr_read(c->g, t, before, v->type == TYPE_REAL ? expr_real(c->g, 0) : expr_int(c->g, 0));
    draft_add(c, t, subs, expr_add(c->g, last, v->body), NULL, NULL, rank, subs, args->call->span);
    return array(c, v->rank, v->extent, v->axis, expr_read(c->g, t, subs, NULL));
}

const Builtin array_builtins[] = {
    {"softmax", 1, 1, {"axis"}, softmax, 0, 0},     {"log_softmax", 1, 1, {"axis"}, softmax, 0, 1},
    {"zeros", 1, 16, {NULL}, filled, 0, 0},         {"ones", 1, 16, {NULL}, filled, 0, 1},
    {"eye", 1, 1, {NULL}, eye, 0, 0},               {"iota", 1, 1, {NULL}, iota, 0, 0},
    {"one_hot", 2, 2, {NULL}, one_hot, 0, 0},       {"reshape", 2, 2, {NULL}, reshape, 0, 0},
    {"transpose", 1, 2, {NULL}, transpose, 0, 0},   {"concat", 1, 64, {"axis"}, concat, 0, 0},
    {"diag", 1, 1, {NULL}, diag, 0, 0},             {"outer", 2, 2, {NULL}, outer, 0, 0},
    {"dot", 2, 2, {NULL}, dot, 0, 0},               {"cross", 2, 2, {NULL}, cross, 0, 0},
    {"cumsum", 1, 1, {"axis"}, cumsum, 0, 0},       {NULL, 0, 0, {NULL}, NULL, 0, 0},
};
