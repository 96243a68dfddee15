/* How arrays meet: takes Values, returns Values. NumPy's broadcasting over what is left over of an array, with
 * two differences: only a 1 known at compile time broadcasts, and two different run-time sizes never agree.
 *
 *     [H] + [B, H]  ->  axes (n, k) of [B, H], bodies at (k) and (n, k) */
#include "check/internal.h"

#include <string.h>

Value *poison(C *c) {
    Value *v = NEW(c->arena, Value);
    v->kind = VALUE_POISON;
    return v;
}

Value *wild(C *c, Type type) {
    Value *v = NEW(c->arena, Value);
    v->kind = VALUE_WILD;
    v->type = type;
    v->body = expr_int(c->g, 0);
    return v;
}

Value *array(C *c, uint32_t rank, Expr *const *extent, Expr *const *axis, Expr *body) {
    Value *v = NEW(c->arena, Value);
    v->type = body->type;
    v->rank = rank;
    v->body = body;
    if (rank) {
        v->extent = NEW_ARRAY(c->arena, Expr *, rank);
        v->axis = NEW_ARRAY(c->arena, Expr *, rank);
        memcpy(v->extent, extent, rank * sizeof *extent);
        memcpy(v->axis, axis, rank * sizeof *axis);
    }
    return v;
}

Value *scalar(C *c, Expr *body) { return array(c, 0, NULL, NULL, body); }

Value *function(C *c, Callee callee) {
    Value *v = NEW(c->arena, Value);
    v->kind = VALUE_FUNCTION;
    v->callee = NEW(c->arena, Callee);
    *v->callee = callee;
    return v;
}

Value *require_array(C *c, Value *v, Node *node, const char *what) {
    if (v->kind != VALUE_FUNCTION) return v;
    complain(c, node->span, "'%s' is a function, and %s is a number or an array", say_node(c, node), what);
    if (v->callee->kind != CALLEE_MODULE) note(c, node->span, "a function is called with '(…)'");
    return poison(c);
}

bool same_extent(C *c, Expr *a, Expr *b) { return a == b || !a || !b || affine_equal(c->g, a, b); }

/* e with what[k] replaced by by[k]. A read whose subscripts are those placeholders is rewritten directly. */
Expr *replace(C *c, Expr *e, uint32_t n, Expr *const *what, Expr *const *by) {
    if (!e || n == 0 || e->kind == EXPR_CONST || e->kind == EXPR_DIM) return e;
    bool differs = false;
    for (uint32_t k = 0; k < n; k++) {
        if (e == what[k]) return by[k];
        differs |= what[k] != by[k];
    }
    if (!differs || e->kind == EXPR_INDEX) return e;
    if (e->kind == EXPR_READ && !e->fill && e->n <= MAX_RANK) {
        Expr *subs[MAX_RANK];
        bool direct = true;
        for (uint32_t k = 0; k < e->n; k++) {
            subs[k] = e->arg[k];
            if (subs[k]->kind == EXPR_INDEX)
                subs[k] = replace(c, subs[k], n, what, by);
            else if (subs[k]->kind != EXPR_CONST)
                direct = false;
        }
        if (direct) return expr_read(c->g, e->of.tensor, subs, NULL);
    }
    Subst *s = subst_new(c->g);
    for (uint32_t k = 0; k < n; k++) subst_expr(s, what[k], by[k]);
    return subst_apply(s, e);
}

Expr *at(C *c, Value *v, Expr *const *subs) { return replace(c, v->body, v->rank, v->axis, subs); }

Value *fresh_axes(C *c, Value *v) {
    if (!is_array(v) || v->rank == 0) return v;
    Expr *axis[MAX_RANK];
    for (uint32_t k = 0; k < v->rank; k++) axis[k] = axis_new(c, v->extent[k]);
    return array(c, v->rank, v->extent, axis, at(c, v, axis));
}

static void say_mismatch(C *c, Span span, const char *what, Value *const *v, Node *const *node, uint32_t a, uint32_t b, uint32_t axis_a, uint32_t axis_b) {
    complain(c, span, "the shapes of %s do not agree: %s and %s", what, say_shape(c, v[a]), say_shape(c, v[b]));
    if (node && node[a] && node[b]) {
        note(c, node[a]->span, "'%s' has shape %s, %s on axis %u", say_node(c, node[a]), say_shape(c, v[a]), say_expr(c, v[a]->extent[axis_a]), axis_a);
        note(c, node[b]->span, "'%s' has shape %s, %s on axis %u", say_node(c, node[b]), say_shape(c, v[b]), say_expr(c, v[b]->extent[axis_b]), axis_b);
    }
    Expr *x = v[a]->extent[axis_a], *y = v[b]->extent[axis_b];
    if (x->kind != EXPR_CONST && (v[a]->rank > v[b]->rank) && y->kind == EXPR_CONST)
        note(c, span, "functions of one example are applied under an index: f(x[i]) instead of f(x)");
}

int broadcast(C *c, Span span, const char *what, Value *const *v, Node *const *node, uint32_t n, uint32_t *rank, Expr **extent, Expr **axis, Expr **out, Type *type) {
    bool any_wild = false;
    *type = TYPE_INT;
    *rank = 0;
    uint32_t from[MAX_RANK];
    for (uint32_t k = 0; k < n; k++) {
        if (v[k]->kind == VALUE_POISON || v[k]->kind == VALUE_FUNCTION) return -1;
        any_wild |= v[k]->kind == VALUE_WILD;
        if (v[k]->type == TYPE_REAL) *type = TYPE_REAL;
        if (v[k]->rank > *rank) *rank = v[k]->rank;
    }
    for (uint32_t d = 0; d < *rank; d++) extent[d] = axis[d] = NULL, from[d] = 0;
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t d = 0; d < v[k]->rank; d++) {
            uint32_t to = *rank - v[k]->rank + d;
            Expr *e = v[k]->extent[d];
            if (!axis[to] || (expr_is_int(extent[to], 1) && !expr_is_int(e, 1)))
                extent[to] = e, axis[to] = v[k]->axis[d], from[to] = k;
            else if (!expr_is_int(e, 1) && !same_extent(c, e, extent[to])) {
                uint32_t other = from[to];
                say_mismatch(c, span, what, v, node, other, k, to - (*rank - v[other]->rank), d);
                return -1;
            }
        }
    for (uint32_t d = 0; d < *rank; d++)
        for (uint32_t e = 0; e < d; e++)
            if (axis[e] == axis[d]) axis[d] = axis_new(c, extent[d]); /* x * x' */
    for (uint32_t k = 0; k < n; k++) {
        Expr *subs[MAX_RANK];
        for (uint32_t d = 0; d < v[k]->rank; d++) {
            uint32_t to = *rank - v[k]->rank + d;
            subs[d] = expr_is_int(v[k]->extent[d], 1) && !expr_is_int(extent[to], 1) ? expr_int(c->g, 0) : axis[to];
        }
        out[k] = v[k]->kind == VALUE_WILD ? v[k]->body : at(c, v[k], subs);
    }
    return any_wild && *rank == 0 ? 0 : 1;
}

Expr *as_real(C *c, Expr *e) {
    return e->type == TYPE_INT && e->kind == EXPR_CONST ? expr_real(c->g, (double)e->of.integer) : e;
}

Value *elementwise(C *c, Span span, uint32_t op, Value *const *v, Node *const *node, uint32_t n) {
    uint32_t rank;
    Expr *extent[MAX_RANK], *axis[MAX_RANK], **out = NEW_ARRAY(c->arena, Expr *, n);
    Type type;
    const OpRow *row = op_row(c->g, op);
    int fits = broadcast(c, span, "the operands", v, node, n, &rank, extent, axis, out, &type);
    if (fits < 0) return poison(c);
    if (row->rule == RULE_REAL || row->rule == RULE_HIDDEN_REAL) type = TYPE_REAL;
    if (row->rule == RULE_TRUTH || row->rule == RULE_WHOLE) type = TYPE_INT;
    if (fits == 0) return wild(c, type);
    if (row->rule == RULE_WHOLE)
        for (uint32_t k = 0; k < n; k++)
            if (v[k]->type != TYPE_INT && v[k]->kind == VALUE_ARRAY) {
                complain(c, node && node[k] ? node[k]->span : span, "'//' divides integers, and '%s' is real", node && node[k] ? say_node(c, node[k]) : "this");
                note(c, span, "floor(a/b) does it for real numbers");
                return poison(c);
            }
    if ((op == OP_floordiv || op == OP_mod) && type == TYPE_INT && expr_is_int(out[1], 0)) {
        complain(c, span, "division by zero");
        return poison(c);
    }
    return array(c, rank, extent, axis, expr_op(c->g, op, out, n));
}

Value *op2(C *c, Span span, uint32_t op, Value *a, Node *na, Value *b, Node *nb) {
    Value *v[2] = {a, b};
    Node *node[2] = {na, nb};
    if (is_array(a) && is_array(b) && a->rank == 0 && b->rank == 0 && op != OP_floordiv && op != OP_mod)
        return scalar(c, expr_op2(c->g, op, a->body, b->body));
    return elementwise(c, span, op, v, node, 2);
}

Value *transpose_last(C *c, Value *v) {
    if (!is_array(v) || v->rank < 2) return v;
    Value *t = array(c, v->rank, v->extent, v->axis, v->body);
    uint32_t a = v->rank - 2, b = v->rank - 1;
    t->extent[a] = v->extent[b], t->extent[b] = v->extent[a];
    t->axis[a] = v->axis[b], t->axis[b] = v->axis[a];
    return t;
}

/* NumPy's matmul: the last axis of a against the last but one of b; leading axes broadcast. */
Value *matmul(C *c, Span span, Value *a, Node *na, Value *b, Node *nb) {
    if (a->kind == VALUE_POISON || b->kind == VALUE_POISON) return poison(c);
    Type type = a->type == TYPE_REAL || b->type == TYPE_REAL ? TYPE_REAL : TYPE_INT;
    for (int k = 0; k < 2; k++)
        if (is_array(k ? b : a) && (k ? b : a)->rank == 0) {
            complain(c, (k ? nb : na)->span, "'@' multiplies arrays, and '%s' is a scalar; use '*'", say_node(c, k ? nb : na));
            return poison(c);
        }
    if (a->kind == VALUE_WILD || b->kind == VALUE_WILD) return wild(c, type);
    uint32_t contracted = b->rank == 1 ? 0 : b->rank - 2;
    if (!same_extent(c, a->extent[a->rank - 1], b->extent[contracted])) {
        complain(c, span, "'@' cannot multiply %s by %s: %s is not %s", say_shape(c, a), say_shape(c, b), say_expr(c, a->extent[a->rank - 1]),
                 say_expr(c, b->extent[contracted]));
        note(c, na->span, "'%s' has shape %s, %s on axis %u", say_node(c, na), say_shape(c, a), say_expr(c, a->extent[a->rank - 1]), a->rank - 1);
        note(c, nb->span, "'%s' has shape %s, %s on axis %u", say_node(c, nb), say_shape(c, b), say_expr(c, b->extent[contracted]), contracted);
        if (b->rank >= 2 && same_extent(c, a->extent[a->rank - 1], b->extent[b->rank - 1]) && contracted != b->rank - 1)
            note(c, nb->span, "the transpose, %s', fits%s", say_node(c, nb), b->extent[0]->kind == EXPR_DIM ? "; for one example at a time, subscript it: x[i]" : "");
        return poison(c);
    }
    /* Split into the free axis of each and the batch axes, which broadcast like the operands of '*'. */
    Expr *sum = axis_new(c, a->extent[a->rank - 1]);
    uint32_t na_batch = a->rank > 2 ? a->rank - 2 : 0, nb_batch = b->rank > 2 ? b->rank - 2 : 0, n_axes = 0;
    Expr *row = a->rank > 1 ? axis_new(c, a->extent[a->rank - 2]) : NULL, *column = b->rank > 1 ? axis_new(c, b->extent[b->rank - 1]) : NULL;
    Expr *subs[MAX_RANK], *axis[MAX_RANK], *extent[MAX_RANK], *out[2];
    for (uint32_t k = 0; k < na_batch; k++) subs[k] = a->axis[k];
    if (row) subs[a->rank - 2] = row;
    subs[a->rank - 1] = sum;
    Value *left = array(c, na_batch, a->extent, a->axis, at(c, a, subs));
    for (uint32_t k = 0; k < nb_batch; k++) subs[k] = b->axis[k];
    subs[contracted] = sum;
    if (column) subs[b->rank - 1] = column;
    Value *right = array(c, nb_batch, b->extent, b->axis, at(c, b, subs));
    Value *v[2] = {left, right};
    Node *node[2] = {na, nb};
    if (broadcast(c, span, "the leading axes", v, node, 2, &n_axes, extent, axis, out, &type) < 0) return poison(c);
    for (uint32_t k = 0; k < n_axes; k++) { /* fresh: x @ x' */
        Expr *own = axis_new(c, extent[k]);
        out[0] = replace(c, out[0], 1, &axis[k], &own), out[1] = replace(c, out[1], 1, &axis[k], &own);
        axis[k] = own;
    }
    if (row) extent[n_axes] = a->extent[a->rank - 2], axis[n_axes++] = row;
    if (column) extent[n_axes] = b->extent[b->rank - 1], axis[n_axes++] = column;
    Expr *body = part_reduce(c, "sum", COMBINE_ADD, type, expr_mul(c->g, out[0], out[1]), NULL, NULL, 1, &sum, n_axes, axis, extent, span);
    return array(c, n_axes, extent, axis, body);
}
