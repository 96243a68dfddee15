/* Tensors that a call defines: linear algebra (solve, inv, …) and derivatives (grad, jacobian, …). Both take whole
 * tensors, so an argument that is an expression becomes a part first. Indices that the arguments use become
 * leading axes: batch axes of linear algebra, and shared axes of a derivative:
 *
 *     g[n] = grad(u[n], x[n])      call grad(u, x), 1 shared axis; the value is the result at [n] */
#include "check/internal.h"

#include <string.h>

/* v as a tensor with axes prefix ++ its own. */
static Tensor *whole_tensor(C *c, Value *v, uint32_t n, Expr *const *prefix, const char *suffix, Span span) {
    Expr *body = v->body;
    if (body->kind == EXPR_READ && !body->fill && body->n == n + v->rank) {
        bool direct = true;
        for (uint32_t k = 0; k < n && direct; k++) direct = body->arg[k] == prefix[k];
        for (uint32_t k = 0; k < v->rank && direct; k++)
            direct = body->arg[n + k] == v->axis[k] && (!body->of.tensor->extent[n + k] || same_extent(c, body->of.tensor->extent[n + k], v->extent[k]));
        if (direct) return body->of.tensor;
    }
    v = fresh_axes(c, v);
    uint32_t rank = n + v->rank;
    Expr **whole = NEW_ARRAY(c->arena, Expr *, rank), **subs = NEW_ARRAY(c->arena, Expr *, rank);
    for (uint32_t k = 0; k < n; k++) subs[k] = prefix[k];
    for (uint32_t k = 0; k < v->rank; k++) whole[n + k] = v->extent[k], subs[n + k] = v->axis[k];
    Tensor *t = part_tensor(c, part_name(c, suffix), v->type, COMBINE_SET, rank, whole, span);
    draft_add(c, t, subs, v->type == TYPE_REAL ? as_real(c, v->body) : v->body, NULL, NULL, rank, subs, span);
    return t;
}

/* The tensor that the call defines, read at the prefix and at axes of its own. */
static Value *called(C *c, const char *suffix, Call call, uint32_t n, Expr *const *prefix, uint32_t rank, Expr *const *extent) {
    Expr **whole = NEW_ARRAY(c->arena, Expr *, n + rank), **subs = NEW_ARRAY(c->arena, Expr *, n + rank), *axis[MAX_RANK];
    if (rank > MAX_RANK) {
        complain(c, call.span, "an array has at most %d axes", MAX_RANK);
        return poison(c);
    }
    for (uint32_t k = 0; k < n; k++) subs[k] = prefix[k];
    for (uint32_t k = 0; k < rank; k++) whole[n + k] = extent[k], subs[n + k] = axis[k] = axis_new(c, extent[k]);
    Tensor *t = part_tensor(c, part_name(c, suffix), TYPE_REAL, COMBINE_SET, n + rank, whole, call.span);
    t->call = NEW(c->arena, Call);
    *t->call = call;
    t->index = subs;
    vec_push(c->arena, &c->group->items, (Item){.tensor = t});
    return array(c, rank, extent, axis, expr_read(c->g, t, subs, NULL));
}

/* ---- linear algebra ------------------------------------------------------------------------------------------ */
typedef enum { SHAPE_FIRST, SHAPE_SECOND, SHAPE_BATCH } ResultShape;
static const ResultShape result_shape[N_CALLS] = {[CALL_SOLVE] = SHAPE_SECOND, [CALL_INV] = SHAPE_FIRST, [CALL_DET] = SHAPE_BATCH, [CALL_LOGDET] = SHAPE_BATCH, [CALL_CHOLESKY] = SHAPE_FIRST, [CALL_COFACTOR] = SHAPE_FIRST};

static bool fits_linear(C *c, Args *args, Value *const *v, const Builtin *b) {
    if (v[0]->rank < 2 || !same_extent(c, v[0]->extent[v[0]->rank - 1], v[0]->extent[v[0]->rank - 2])) {
        complain(c, args->positional[0]->span, "'%s' takes a square matrix, and '%s' has shape %s", b->name, say_node(c, args->positional[0]), say_shape(c, v[0]));
        return false;
    }
    if (args->n < 2) return true;
    uint32_t batch = v[0]->rank - 2;
    bool good = v[1]->rank == batch + 1 || v[1]->rank == batch + 2;
    for (uint32_t k = 0; good && k <= batch; k++) good = same_extent(c, v[1]->extent[k], v[0]->extent[k]);
    if (!good)
        complain(c, args->positional[1]->span, "'%s' has shape %s, which does not fit the matrix of shape %s", say_node(c, args->positional[1]), say_shape(c, v[1]), say_shape(c, v[0]));
    return good;
}

static Value *linear(C *c, Args *args, const Builtin *b) {
    Value *v[2] = {NULL, NULL};
    Expr *roots[2] = {NULL, NULL}, **free;
    VEC(Expr *) own = {0};
    for (uint32_t k = 0; k < args->n; k++) {
        v[k] = fresh_axes(c, args_value(c, args, k));
        if (v[k]->kind == VALUE_POISON) return v[k];
    }
    for (uint32_t k = 0; k < args->n; k++) {
        if (v[k]->kind == VALUE_WILD) return wild(c, TYPE_REAL);
        if (v[k]->type == TYPE_INT) v[k] = array(c, v[k]->rank, v[k]->extent, v[k]->axis, expr_mul(c->g, expr_real(c->g, 1), v[k]->body));
        roots[k] = v[k]->body;
        for (uint32_t d = 0; d < v[k]->rank; d++) vec_push(c->arena, &own, v[k]->axis[d]);
    }
    if (!fits_linear(c, args, v, b)) return poison(c);
    uint32_t n = free_indices(c, roots, args->n, own.at, own.n, &free);
    Call call = {.kind = (CallKind)b->detail, .n = args->n, .span = args->call->span};
    for (uint32_t k = 0; k < args->n; k++) call.arg[k] = whole_tensor(c, v[k], n, free, k ? "right" : "matrix", args->positional[k]->span);
    Value *shape = v[result_shape[b->detail] == SHAPE_SECOND ? 1 : 0];
    return called(c, b->name, call, n, free, result_shape[b->detail] == SHAPE_BATCH ? shape->rank - 2 : shape->rank, shape->extent);
}

/* ---- derivatives -------------------------------------------------------------------------------------------------- */
typedef struct {
    Value *y, *x;
    Tensor *by;          /* x's tensor */
    Expr *const *place;  /* where x stands in it */
    uint32_t shared, n;  /* of prefix: the indices that y and x share, then the others that y uses */
    Expr *prefix[2 * MAX_RANK];
} Request;

static bool holds(Expr *const *list, uint32_t n, const Expr *e) {
    for (uint32_t k = 0; k < n; k++)
        if (list[k] == e) return true;
    return false;
}

static bool request_read(C *c, Args *args, const Builtin *b, Request *r) {
    r->x = args_value(c, args, 1);
    r->y = fresh_axes(c, args_value(c, args, 0));
    if (!is_array(r->x) || !is_array(r->y)) return false;
    Expr *x = r->x->body;
    Tensor *t = x->kind == EXPR_READ && !x->fill ? x->of.tensor : NULL;
    if (!t || t->type != TYPE_REAL || t->role == ROLE_CONST) {
        complain(c, args->positional[1]->span, "'%s' is with respect to a named real tensor, and '%s' is %s", b->name, say_node(c, args->positional[1]),
                 t && t->type == TYPE_INT ? "of integers" : t ? "constant" : "an expression");
        if (!t) note(c, args->positional[1]->span, "give it a name by an equation of its own, or make it the argument of a def");
        return false;
    }
    r->by = t;
    r->place = x->arg;
    Expr **free;
    uint32_t n = free_indices(c, &r->y->body, 1, r->y->axis, r->y->rank, &free);
    while (r->shared < x->n && x->arg[r->shared]->kind == EXPR_INDEX && holds(free, n, x->arg[r->shared]) && !holds(r->prefix, r->shared, x->arg[r->shared])) {
        r->prefix[r->shared] = x->arg[r->shared];
        r->shared++;
    }
    r->n = r->shared;
    for (uint32_t k = 0; k < n && r->n < 2 * MAX_RANK; k++)
        if (!holds(r->prefix, r->n, free[k])) r->prefix[r->n++] = free[k];
    return true;
}

/* The result has the axes of x's tensor where x may have subscripts: it is read where x stands. `first` axes (of y) come before. */
static Value *result_at(C *c, Request *r, const char *suffix, Call call, uint32_t n_prefix, uint32_t first, Expr *const *first_extent, uint32_t times) {
    uint32_t rest = r->by->rank - r->shared, rank = first + times * rest;
    Expr *extent[MAX_RANK], *subs[MAX_RANK], *axis[MAX_RANK], *left[MAX_RANK];
    if (rank > MAX_RANK) {
        complain(c, call.span, "an array has at most %d axes", MAX_RANK);
        return poison(c);
    }
    for (uint32_t k = 0; k < first; k++) extent[k] = first_extent[k];
    for (uint32_t k = 0; k < times * rest; k++) {
        extent[first + k] = r->by->extent[r->shared + k % rest];
        if (!extent[first + k] && r->place[r->shared + k % rest]->kind == EXPR_INDEX) extent[first + k] = info_of(c, r->place[r->shared + k % rest])->hi;
    }
    Value *v = called(c, suffix, call, n_prefix, r->prefix, rank, extent);
    if (!is_array(v)) return v;
    uint32_t n = 0;
    for (uint32_t k = 0; k < first; k++) subs[k] = axis[n] = v->axis[k], left[n++] = extent[k];
    for (uint32_t k = 0; k < times * rest; k++) {
        Expr *place = r->place[r->shared + k % rest];
        bool open = false;
        for (uint32_t d = 0; d < r->x->rank; d++)
            if (place == r->x->axis[d]) open = true, left[n] = r->x->extent[d];
        if (open) subs[first + k] = axis[n] = axis_new(c, left[n]), n++;
        else subs[first + k] = place;
    }
    return array(c, n, left, axis, at(c, v, subs));
}

static bool require_scalar(C *c, Args *args, Value *y, const Builtin *b) {
    if (y->rank == 0) return true;
    complain(c, args->positional[0]->span, "'%s' is of a scalar, and '%s' has shape %s", b->name, say_node(c, args->positional[0]), say_shape(c, y));
    note(c, args->positional[0]->span, "'jacobian' is of an array");
    return false;
}

static Value *derivative(C *c, Args *args, const Builtin *b) {
    Request r = {.shared = 0};
    if (!request_read(c, args, b, &r)) return r.x->kind == VALUE_WILD || r.y->kind == VALUE_WILD ? wild(c, TYPE_REAL) : poison(c);
    bool jacobian = b->detail == CALL_JACOBIAN;
    if (!jacobian && !require_scalar(c, args, r.y, b)) return poison(c);
    Call call = {.kind = (CallKind)b->detail, .n = 2, .shared = r.shared, .span = args->call->span};
    call.arg[0] = whole_tensor(c, r.y, r.n, r.prefix, "of", args->positional[0]->span);
    call.arg[1] = r.by;
    if (r.n > r.shared && b->detail == CALL_GRAD) call.kind = CALL_JACOBIAN; /* y uses indices that x does not have: rows */
    uint32_t times = b->detail == CALL_HESSIAN ? 2 : 1;
    return result_at(c, &r, b->name, call, r.n, r.y->rank, r.y->extent, times);
}

/* jvp(y, x, v): shape of y;  vjp(y, x, u): shape of x. The direction has the shape of the other. */
static Value *product(C *c, Args *args, const Builtin *b) {
    Request r = {.shared = 0};
    bool forward = b->detail == CALL_JVP;
    Value *direction = fresh_axes(c, args_value(c, args, 2));
    if (!request_read(c, args, b, &r)) return r.x->kind == VALUE_WILD || r.y->kind == VALUE_WILD ? wild(c, TYPE_REAL) : poison(c);
    if (!is_array(direction)) return direction;
    Value *like = forward ? r.x : r.y;
    bool fits = direction->rank == like->rank && r.n == r.shared && r.x->rank == r.by->rank - r.shared;
    for (uint32_t k = 0; fits && k < like->rank; k++) fits = same_extent(c, direction->extent[k], like->extent[k]);
    if (!fits) {
        complain(c, args->positional[2]->span, "the direction '%s' has shape %s, and '%s' has shape %s", say_node(c, args->positional[2]), say_shape(c, direction),
                 say_node(c, args->positional[forward ? 1 : 0]), say_shape(c, like));
        return poison(c);
    }
    if (direction->type == TYPE_INT) direction = array(c, direction->rank, direction->extent, direction->axis, expr_mul(c->g, expr_real(c->g, 1), direction->body));
    Call call = {.kind = (CallKind)b->detail, .n = 3, .shared = r.shared, .span = args->call->span};
    call.arg[0] = whole_tensor(c, r.y, r.n, r.prefix, "of", args->positional[0]->span);
    call.arg[1] = r.by;
    call.arg[2] = whole_tensor(c, direction, r.shared, r.prefix, "along", args->positional[2]->span);
    if (forward) return called(c, b->name, call, r.shared, r.prefix, r.y->rank, r.y->extent);
    return result_at(c, &r, b->name, call, r.shared, 0, NULL, 1);
}

const Builtin request_builtins[] = {
    {"solve", 2, 2, {NULL}, linear, 0, CALL_SOLVE},       {"inv", 1, 1, {NULL}, linear, 0, CALL_INV},
    {"det", 1, 1, {NULL}, linear, 0, CALL_DET},           {"logdet", 1, 1, {NULL}, linear, 0, CALL_LOGDET},
    {"cholesky", 1, 1, {NULL}, linear, 0, CALL_CHOLESKY}, {"cofactor", 1, 1, {NULL}, linear, 0, CALL_COFACTOR},
    {"grad", 2, 2, {NULL}, derivative, 0, CALL_GRAD},
    {"jacobian", 2, 2, {NULL}, derivative, 0, CALL_JACOBIAN}, {"hessian", 2, 2, {NULL}, derivative, 0, CALL_HESSIAN},
    {"jvp", 3, 3, {NULL}, product, 0, CALL_JVP},          {"vjp", 3, 3, {NULL}, product, 0, CALL_VJP},
    {NULL, 0, 0, {NULL}, NULL, 0, 0},
};

/* ---- def arguments ------------------------------------------------------------------------------------------------- */
static const char *const derivatives[] = {"grad", "jacobian", "hessian", "jvp", "vjp"};

static bool scan(const Node *node, Symbol name) {
    if (!node) return false;
    if (node->kind == NODE_CALL && node->n >= 3 && node->kid[0] && node->kid[0]->kind == NODE_NAME)
        for (size_t k = 0; k < sizeof derivatives / sizeof *derivatives; k++) {
            const Node *x = node->kid[2];
            while (x && (x->kind == NODE_SUBSCRIPT || x->kind == NODE_PAREN)) x = x->kid[0];
            if (x && x->kind == NODE_NAME && x->name == name && strcmp(derivatives[k], node->kid[0]->name) == 0) return true;
        }
    for (uint32_t k = 0; k < node->n; k++)
        if (scan(node->kid[k], name)) return true;
    return scan(node->where, name) || scan(node->fill, name);
}

/* Does the body differentiate with respect to this argument? */
bool mentions_request_on(C *c, Node *body, Node *formal) {
    uintptr_t known = (uintptr_t)map_get(c->requested, formal);
    if (!known) {
        known = scan(body, formal->name) ? 2 : 1;
        map_put(c->requested, formal, (void *)known);
    }
    return known == 2;
}
