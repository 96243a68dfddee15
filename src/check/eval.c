/* What is the value of this expression: a table from kinds of nodes to functions. Chains of operators are
 * walked in a loop, so that a sum of a hundred thousand terms needs no stack. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

static Value *eval_error(C *c, Scope *s, Node *node) {
    (void)s, (void)node;
    return poison(c);
}

static Value *eval_misplaced(C *c, Scope *s, Node *node) {
    (void)s;
    complain(c, node->span, "this cannot stand here");
    return poison(c);
}

/* A whole number too long for a double to hold exactly is taken as a real. */
static Value *eval_number(C *c, Scope *s, Node *node) {
    (void)s;
    return scalar(c, node->whole && fabs(node->number) <= 0x1p53 ? expr_int(c->g, (int64_t)node->number) : expr_real(c->g, node->number));
}

static Value *eval_paren(C *c, Scope *s, Node *node) { return eval(c, s, node->kid[0]); }

static Value *operand(C *c, Scope *s, Node *node) { return require_array(c, eval(c, s, node), node, "an operand"); }

/* The elements of a stack of constants, or NULL. */
static double *stacked_numbers(C *c, uint32_t n, Value *const *v, uint32_t rank, Expr *const *extent, Expr *const *axis, Expr *const *out) {
    int64_t each;
    if (!size_of(c, extent + 1, rank, &each) || each > (1 << 24) / (int64_t)n) return NULL;
    double *all = NULL;
    for (uint32_t k = 0; k < n; k++) {
        size_t count;
        double *part = v[k]->kind == VALUE_ARRAY ? numbers_of(c, array(c, rank, extent + 1, axis + 1, out[k]), &count) : NULL;
        if (!part) return NULL;
        if (!all) all = NEW_ARRAY(c->arena, double, (size_t)each * n);
        memcpy(all + (size_t)each * k, part, (size_t)each * sizeof *part);
    }
    return all;
}

/* [a, b, c]: equal shapes on a new leading axis. */
static Value *eval_stack(C *c, Scope *s, Node *node) {
    uint32_t n = node->n, rank;
    Value **v = NEW_ARRAY(c->arena, Value *, n);
    Expr **out = NEW_ARRAY(c->arena, Expr *, n), *extent[MAX_RANK + 1], *axis[MAX_RANK + 1];
    Type type;
    for (uint32_t k = 0; k < n; k++) v[k] = operand(c, s, node->kid[k]);
    int fits = broadcast(c, node->span, "what is stacked", v, node->kid, n, &rank, extent + 1, axis + 1, out, &type);
    if (fits < 0) return poison(c);
    if (fits == 0) return wild(c, type);
    extent[0] = expr_int(c->g, n), axis[0] = axis_new(c, extent[0]);
    if (rank + 1 > MAX_RANK) {
        complain(c, node->span, "an array has at most %d axes", MAX_RANK);
        return poison(c);
    }
    double *values = stacked_numbers(c, n, v, rank, extent, axis, out);
    if (values) return const_tensor(c, "list", array(c, rank + 1, extent, axis, type == TYPE_REAL ? expr_real(c->g, 0) : expr_int(c->g, 0)), values, node->span);
    if (n == 1) return array(c, rank + 1, extent, axis, out[0]);
    Expr **free;
    for (uint32_t k = 0; k < n; k++)
        if (type == TYPE_REAL) out[k] = as_real(c, out[k]);
    uint32_t n_free = free_indices(c, out, n, axis + 1, rank, &free), total = n_free + rank + 1;
    Expr *whole[3 * MAX_RANK], *sub[3 * MAX_RANK], *index[3 * MAX_RANK];
    for (uint32_t k = 0; k < n_free; k++) whole[k] = NULL, sub[k] = index[k] = free[k];
    for (uint32_t k = 0; k <= rank; k++) whole[n_free + k] = extent[k];
    Tensor *t = part_tensor(c, part_name(c, "stack"), type, COMBINE_SET, total, whole, node->span);
    for (uint32_t k = 0; k < n; k++) {
        sub[n_free] = expr_int(c->g, k);
        for (uint32_t d = 0; d < rank; d++) sub[n_free + 1 + d] = index[n_free + d] = axis[d + 1];
        draft_add(c, t, sub, out[k], NULL, NULL, n_free + rank, index, node->kid[k]->span);
    }
    for (uint32_t k = 0; k <= rank; k++) sub[n_free + k] = axis[k];
    return array(c, rank + 1, extent, axis, expr_read(c->g, t, sub, NULL));
}

static Value *eval_transpose(C *c, Scope *s, Node *node) { return transpose_last(c, operand(c, s, node->kid[0])); }

static Value *unary(C *c, Scope *s, Node *node, uint32_t op) {
    Value *v = operand(c, s, node->kid[0]);
    return elementwise(c, node->span, op, &v, node->kid, 1);
}
static Value *eval_negate(C *c, Scope *s, Node *node) { return unary(c, s, node, OP_neg); }
static Value *eval_plus(C *c, Scope *s, Node *node) { return operand(c, s, node->kid[0]); }
static Value *eval_not(C *c, Scope *s, Node *node) { return unary(c, s, node, OP_not); }

static const uint32_t op_of[N_AST_OPS] = {OP_add, OP_sub, OP_mul, OP_div, OP_floordiv, OP_mod, 0, OP_lt, OP_le, OP_gt, OP_ge, OP_eq, OP_ne};

static Value *eval_chain(C *c, Scope *s, Node *node) {
    Value *v = operand(c, s, node->kid[0]);
    for (uint32_t k = 1; k < node->n; k++) {
        Value *w = operand(c, s, node->kid[k]);
        Node left = *node; /* what stands left of this operator, for messages */
        left.n = k, left.span = span_join(node->kid[0]->span, node->kid[k - 1]->span);
        Node *nl = k == 1 ? node->kid[0] : &left;
        Span span = span_join(node->kid[0]->span, node->kid[k]->span);
        if (node->op[k - 1] == AST_MATMUL) v = matmul(c, span, v, nl, w, node->kid[k]);
        else v = op2(c, span, op_of[node->op[k - 1]], v, nl, w, node->kid[k]);
    }
    return v;
}

/* a < b < c is both. */
static Value *eval_compare(C *c, Scope *s, Node *node) {
    Value *all = NULL, *left = operand(c, s, node->kid[0]);
    for (uint32_t k = 1; k < node->n; k++) {
        Value *right = operand(c, s, node->kid[k]);
        Span span = span_join(node->kid[k - 1]->span, node->kid[k]->span);
        Value *one = op2(c, span, op_of[node->op[k - 1]], left, node->kid[k - 1], right, node->kid[k]);
        all = all ? op2(c, span, OP_and, all, NULL, one, NULL) : one;
        left = right;
    }
    return all;
}

static Value *logic(C *c, Scope *s, Node *node, uint32_t op) {
    Value *v = operand(c, s, node->kid[0]);
    for (uint32_t k = 1; k < node->n; k++) v = op2(c, node->span, op, v, node->kid[0], operand(c, s, node->kid[k]), node->kid[k]);
    return v;
}
static Value *eval_and(C *c, Scope *s, Node *node) { return logic(c, s, node, OP_and); }
static Value *eval_or(C *c, Scope *s, Node *node) { return logic(c, s, node, OP_or); }

static Value *eval_if(C *c, Scope *s, Node *node) {
    Value *v[3];
    Expr *extent[MAX_RANK], *axis[MAX_RANK], *out[3];
    uint32_t rank;
    Type type;
    for (int k = 0; k < 3; k++) v[k] = operand(c, s, node->kid[k]);
    int fits = broadcast(c, node->span, "condition and branches", v, node->kid, 3, &rank, extent, axis, out, &type);
    if (fits < 0) return poison(c);
    type = v[1]->type == TYPE_REAL || v[2]->type == TYPE_REAL ? TYPE_REAL : TYPE_INT;
    if (fits == 0) return wild(c, type);
    if (v[0]->type == TYPE_REAL) out[0] = expr_op2(c->g, OP_ne, out[0], expr_int(c->g, 0));
    if (type == TYPE_REAL) out[1] = as_real(c, out[1]), out[2] = as_real(c, out[2]);
    return array(c, rank, extent, axis, expr_select(c->g, out[0], out[1], out[2]));
}

/* ---- powers ------------------------------------------------------------------------------------------------ */
static bool unknown(Scope *s, Node *node, const char *name) {
    Scope *where;
    return node->kind == NODE_NAME && strcmp(node->name, name) == 0 && !scope_find(s, node->name, &where);
}

/* x^2 -> x*x, x^3 -> x*x*x, x^4 -> (x*x)*(x*x), x^0.5 -> sqrt(x), x^-n -> 1/x^n */
static Expr *small_power(C *c, Expr *x, double n) {
    Graph *g = c->g;
    if (n < 0) {
        Expr *y = small_power(c, x, -n);
        return y ? expr_op2(g, OP_div, expr_real(g, 1), y) : NULL;
    }
    if (n == 0.5) return expr_op1(g, OP_sqrt, x);
    if (n == 1) return x;
    if (n == 2) return expr_mul(g, x, x);
    if (n == 3) return expr_mul(g, expr_mul(g, x, x), x);
    if (n == 4) {
        Expr *square = expr_mul(g, x, x);
        return expr_mul(g, square, square);
    }
    return NULL;
}

static Value *eval_power(C *c, Scope *s, Node *node) {
    if (unknown(s, node->kid[1], "T")) {
        complain(c, node->kid[1]->span, "'T' is not defined; the transpose is written %s'", say_node(c, node->kid[0]));
        return poison(c);
    }
    if (unknown(s, node->kid[0], "e")) {
        complain(c, node->kid[0]->span, "'e' is not defined; the exponential is written exp(%s)", say_node(c, node->kid[1]));
        return poison(c);
    }
    Value *a = operand(c, s, node->kid[0]), *b = operand(c, s, node->kid[1]);
    if (is_array(a) && is_array(b) && b->rank == 0 && b->body->kind == EXPR_CONST) {
        double n = b->body->type == TYPE_INT ? (double)b->body->of.integer : b->body->of.real;
        Expr *e = a->type == TYPE_INT && a->body->kind == EXPR_CONST && n != 2 ? NULL : small_power(c, a->body, n);
        if (e) return array(c, a->rank, a->extent, a->axis, e);
        if (n < 0 && a->type == TYPE_INT) a = array(c, a->rank, a->extent, a->axis, a->body->kind == EXPR_CONST ? as_real(c, a->body) : expr_mul(c->g, expr_real(c->g, 1), a->body));
    }
    return op2(c, node->span, OP_pow, a, node->kid[0], b, node->kid[1]);
}

/* ---- the table ------------------------------------------------------------------------------------------------ */
static Value *eval_slice(C *c, Scope *s, Node *node) { return eval_misplaced(c, s, node); }

static Value *(*const evaluator[N_NODE_KINDS])(C *, Scope *, Node *) = {
    [NODE_ERROR] = eval_error, [NODE_NUMBER] = eval_number, [NODE_NAME] = name_value, [NODE_PAREN] = eval_paren,
    [NODE_STACK] = eval_stack, [NODE_CALL] = call_value, [NODE_SUBSCRIPT] = subscript_value, [NODE_FIELD] = field_value,
    [NODE_TRANSPOSE] = eval_transpose, [NODE_POWER] = eval_power, [NODE_NEGATE] = eval_negate, [NODE_PLUS] = eval_plus,
    [NODE_TERM] = eval_chain, [NODE_SUM] = eval_chain, [NODE_COMPARE] = eval_compare, [NODE_NOT] = eval_not,
    [NODE_AND] = eval_and, [NODE_OR] = eval_or, [NODE_IF] = eval_if, [NODE_SLICE] = eval_slice,
};

enum { MOST_WORK = 5000000, MOST_DEPTH = 3000 }; /* of what defs expand to; of evaluations within evaluations, for the stack */

Value *eval(C *c, Scope *s, Node *node) {
    if (++c->work > MOST_WORK) {
        if (!c->exhausted) complain(c, node->span, "the model is too large: its defs expand to more than %d expressions", MOST_WORK);
        c->exhausted = true;
        return poison(c);
    }
    if (c->eval_depth >= MOST_DEPTH) {
        if (!c->too_deep) complain(c, node->span, "definitions are nested too deeply here");
        c->too_deep = true;
        return poison(c);
    }
    c->eval_depth++;
    Value *v = evaluator[node->kind] ? evaluator[node->kind](c, s, node) : eval_misplaced(c, s, node);
    c->eval_depth--;
    return v;
}

Value *eval_scalar_int(C *c, Scope *s, Node *node, const char *what) {
    Value *v = require_array(c, eval(c, s, node), node, what);
    if (v->kind == VALUE_POISON) return v;
    if (v->kind == VALUE_WILD) return scalar(c, expr_int(c->g, 0)); /* its shape comes in a later round */
    if (v->rank != 0) {
        complain(c, node->span, "%s is one integer, and '%s' has shape %s", what, say_node(c, node), say_shape(c, v));
        if (node->kind == NODE_NAME) note(c, node->span, "one at a time, under an index: %s[i]", node->name);
        return poison(c);
    }
    if (v->type != TYPE_INT) {
        complain(c, node->span, "%s is an integer, and '%s' is real", what, say_node(c, node));
        if (node->kind == NODE_TERM) note(c, node->span, "'//' divides integers, '/' gives a real number");
        return poison(c);
    }
    return v;
}
