/* Folding: what expr_op returns without making a node.
 *
 * Constants are computed as the interpreter would; identities are only those that hold for every value of
 * their operands, nan and infinities among them, but for two that derivatives live by: x + 0.0 is x, and a
 * strong product with a constant is plain. Integer sums are kept as `x + c`, so that subscripts that mean the
 * same are the same pointer. */
#include <math.h>

#include "graph/table.h"

static bool is_const(const Expr *e) { return e->kind == EXPR_CONST; }
static double number(const Expr *e) { return e->type == TYPE_INT ? (double)e->of.integer : e->of.real; }

/* Integer arithmetic on constants; false where it overflows or divides by zero. */
static bool fold_integers(uint32_t op, int64_t a, int64_t b, int64_t *out) {
    switch (op) {
    case OP_neg: return !__builtin_sub_overflow(0, a, out);
    case OP_add: return !__builtin_add_overflow(a, b, out);
    case OP_sub: return !__builtin_sub_overflow(a, b, out);
    case OP_mul: return !__builtin_mul_overflow(a, b, out);
    case OP_isqrt:
        if (a < 0 || a > INT64_C(1) << 52) return false;
        *out = (int64_t)sqrt((double)a); /* exact below 2^52 */
        return true;
    case OP_floordiv:
    case OP_mod: {
        if (b == 0 || (a == INT64_MIN && b == -1)) return false;
        int64_t q = a / b, r = a % b;
        if (r != 0 && (r < 0) != (b < 0)) q--, r += b;
        *out = op == OP_mod ? r : q;
        return true;
    }
    default: return false;
    }
}

static Expr *fold_constants(Graph *g, uint32_t op, Type type, Expr *const *args, uint32_t n) {
    double value[3];
    if (op >= N_OPS || n > 3 || op_is_draw(g, op)) return NULL;
    for (uint32_t k = 0; k < n; k++) {
        if (!is_const(args[k])) return NULL;
        value[k] = number(args[k]);
    }
    bool integers = true;
    for (uint32_t k = 0; k < n; k++) integers &= args[k]->type == TYPE_INT;
    int64_t whole;
    if (integers && type == TYPE_INT && fold_integers(op, args[0]->of.integer, n > 1 ? args[1]->of.integer : 0, &whole))
        return expr_int(g, whole);
    if (type == TYPE_INT && op <= OP_mul) return NULL; /* overflowed */
    if (op == OP_floordiv || (op == OP_mod && type == TYPE_INT)) return NULL;
    double result = op_value(op, value);
    if (type == TYPE_REAL) return expr_real(g, result);
    return fabs(result) < 9e15 ? expr_int(g, (int64_t)result) : NULL;
}

/* x + c as (x, c) for integers. */
static Expr *split_offset(Expr *e, int64_t *c) {
    if (expr_is_op(e, OP_add) && is_const(e->arg[1]) && e->type == TYPE_INT) {
        *c = e->arg[1]->of.integer;
        return e->arg[0];
    }
    *c = 0;
    return e;
}

static Expr *with_offset(Graph *g, Expr *e, int64_t c) {
    if (c == 0) return e;
    Expr *args[2] = {e, expr_int(g, c)};
    return expr_intern(g, EXPR_OP, TYPE_INT, OP_add, NULL, args, 2);
}

static Expr *fold_integer_sum(Graph *g, uint32_t op, Expr *a, Expr *b) {
    int64_t ca, cb, c;
    if (is_const(a) && op == OP_add) {
        Expr *swap = a;
        a = b, b = swap;
    }
    if (is_const(b)) {
        Expr *base = split_offset(a, &ca);
        cb = b->of.integer;
        if (op == OP_sub ? __builtin_sub_overflow(ca, cb, &c) : __builtin_add_overflow(ca, cb, &c)) return NULL;
        return is_const(base) ? NULL : with_offset(g, base, c);
    }
    Expr *x = split_offset(a, &ca), *y = split_offset(b, &cb);
    if (op == OP_sub && x == y) return expr_int(g, ca - cb);
    if (op == OP_sub && expr_is_op(x, OP_add) && (x->arg[0] == y || x->arg[1] == y)) /* (y + z) - y */
        return with_offset(g, x->arg[0] == y ? x->arg[1] : x->arg[0], ca - cb);
    if (op == OP_add && expr_is_op(x, OP_sub) && x->arg[1] == y) return with_offset(g, x->arg[0], ca + cb); /* (z - y) + y */
    if (ca == 0 && cb == 0) return NULL;
    if (op == OP_sub ? __builtin_sub_overflow(ca, cb, &c) : __builtin_add_overflow(ca, cb, &c)) return NULL;
    return with_offset(g, expr_op2(g, op, x, y), c);
}

static Expr *fold_add(Graph *g, Type type, Expr *a, Expr *b) {
    if (type == TYPE_INT) {
        if (expr_is_int(a, 0)) return b;
        return fold_integer_sum(g, OP_add, a, b);
    }
    if (expr_is_number(a, 0) && b->type == TYPE_REAL) return b;
    if (expr_is_number(b, 0) && a->type == TYPE_REAL) return a;
    return NULL;
}
static Expr *fold_sub(Graph *g, Type type, Expr *a, Expr *b) {
    if (type == TYPE_INT) {
        if (expr_is_int(a, 0)) return expr_op1(g, OP_neg, b);
        return fold_integer_sum(g, OP_sub, a, b);
    }
    if (expr_is_number(b, 0) && a->type == TYPE_REAL) return a;
    if (expr_is_number(a, 0) && b->type == TYPE_REAL) return expr_op1(g, OP_neg, b);
    return NULL;
}
static Expr *fold_mul(Graph *g, Type type, Expr *a, Expr *b) {
    for (int turn = 0; turn < 2; turn++) {
        if (expr_is_number(a, 1) && b->type == type) return b;
        if (expr_is_number(a, -1) && b->type == type) return expr_op1(g, OP_neg, b);
        if (expr_is_int(a, 0) && type == TYPE_INT) return a;
        Expr *swap = a;
        a = b, b = swap;
    }
    return NULL;
}
/* The strong product is 0 where a is 0; with a finite constant on either side a plain product says the same. */
static Expr *fold_smul(Graph *g, Type type, Expr *a, Expr *b) {
    (void)type;
    if (expr_is_number(a, 0)) return expr_real(g, 0);
    if (expr_is_number(b, 0)) return expr_real(g, 0);
    if (is_const(a) || (is_const(b) && isfinite(number(b)))) return expr_op2(g, OP_mul, a, b);
    return NULL;
}
static Expr *fold_div(Graph *g, Type type, Expr *a, Expr *b) {
    (void)g, (void)type;
    return expr_is_number(b, 1) && a->type == TYPE_REAL ? a : NULL;
}
static Expr *fold_whole(Graph *g, uint32_t op, Expr *a, Expr *b) {
    if (a->type != TYPE_INT || b->type != TYPE_INT) return NULL;
    if (expr_is_int(b, 1)) return op == OP_mod ? expr_int(g, 0) : a;
    return NULL;
}
static Expr *fold_pow(Graph *g, Type type, Expr *a, Expr *b) {
    (void)type;
    if (a->type != TYPE_REAL) return NULL;
    if (expr_is_number(b, 0)) return expr_real(g, 1);
    if (expr_is_number(b, 1)) return a;
    if (expr_is_number(b, 2)) return expr_mul(g, a, a);
    return NULL;
}
static Expr *fold_neg(Graph *g, Type type, Expr *a, Expr *b) {
    (void)type, (void)b;
    if (expr_is_op(a, OP_neg)) return a->arg[0];
    if (expr_is_op(a, OP_sub) && a->type == TYPE_INT) return expr_sub(g, a->arg[1], a->arg[0]);
    return NULL;
}
static bool is_truth(const Expr *e) {
    return e->kind == EXPR_OP && e->of.number >= OP_lt && e->of.number <= OP_not;
}
static Expr *fold_and(Graph *g, Type type, Expr *a, Expr *b) {
    (void)g, (void)type;
    for (int turn = 0; turn < 2; turn++) {
        if (is_const(a)) return expr_is_number(a, 0) ? expr_int(g, 0) : is_truth(b) ? b : NULL;
        if (a == b && is_truth(a)) return a;
        if (expr_is_op(a, OP_not) && a->arg[0] == b) return expr_int(g, 0);
        Expr *swap = a;
        a = b, b = swap;
    }
    return expr_is_op(a, OP_and) && (a->arg[0] == b || a->arg[1] == b) ? a : NULL;
}
static Expr *fold_or(Graph *g, Type type, Expr *a, Expr *b) {
    (void)g, (void)type;
    for (int turn = 0; turn < 2; turn++) {
        if (is_const(a)) return !expr_is_number(a, 0) ? expr_int(g, 1) : is_truth(b) ? b : NULL;
        if (a == b && is_truth(a)) return a;
        if (expr_is_op(a, OP_not) && a->arg[0] == b) return expr_int(g, 1);
        Expr *swap = a;
        a = b, b = swap;
    }
    /* (u and c) or (u and not c)  ->  u: the two branches of one select */
    if (expr_is_op(a, OP_and) && expr_is_op(b, OP_and) && a->arg[0] == b->arg[0] &&
        (a->arg[1] == expr_not(g, b->arg[1]) || b->arg[1] == expr_not(g, a->arg[1])))
        return a->arg[0];
    return NULL;
}
static Expr *fold_not(Graph *g, Type type, Expr *a, Expr *b) {
    (void)g, (void)type, (void)b;
    if (expr_is_op(a, OP_not) && is_truth(a->arg[0])) return a->arg[0];
    return NULL;
}
static Expr *fold_compare(Graph *g, uint32_t op, Expr *a, Expr *b) {
    if (a->type != TYPE_INT || b->type != TYPE_INT || a != b) return NULL;
    return expr_int(g, op == OP_le || op == OP_ge || op == OP_eq);
}
static Expr *fold_pick(Graph *g, Type type, Expr *a, Expr *b) {
    (void)g, (void)type;
    return a == b ? a : NULL;
}

typedef Expr *Fold(Graph *, Type, Expr *, Expr *);
static Fold *const folds[N_OPS] = {
    [OP_add] = fold_add, [OP_sub] = fold_sub, [OP_mul] = fold_mul, [OP_smul] = fold_smul, [OP_div] = fold_div,
    [OP_pow] = fold_pow, [OP_neg] = fold_neg, [OP_and] = fold_and, [OP_or] = fold_or,     [OP_not] = fold_not,
    [OP_min] = fold_pick, [OP_max] = fold_pick,
};

Expr *expr_fold(Graph *g, uint32_t op, Type type, Expr *const *args, uint32_t n) {
    Expr *known = fold_constants(g, op, type, args, n);
    if (known || op >= N_OPS) return known;
    Expr *a = args[0], *b = n > 1 ? args[1] : NULL;
    if (folds[op]) return folds[op](g, type, a, b);
    if (op == OP_floordiv || op == OP_mod) return fold_whole(g, op, a, b);
    if (op >= OP_lt && op <= OP_ne) return fold_compare(g, op, a, b);
    return NULL;
}
