/* Derivatives of tensors that a call defines (linear algebra), as equations and further calls.
 *
 *     X = solve(A, B)     B_bar = solve(A', X_bar)        A_bar = -B_bar X'               X_dot = solve(A, B_dot - A_dot X)
 *     Y = inv(A)          A_bar = -Y' Y_bar Y'                                            Y_dot = -Y A_dot Y
 *     y = det(A)          A_bar = y_bar C, C = cofactor(A)                                y_dot = sum(C A_dot)
 *     y = logdet(A)       A_bar = y_bar inv(A)'                                           y_dot = tr(inv(A) A_dot)
 *     L = cholesky(A)     A_bar = S + S' on and below the diagonal, S = L^-T Phi(L' L_bar) L^-1
 *                                                                                         L_dot = L Phi(L^-1 A_dot L^-T)
 *     C = cofactor(A)     A_bar = sum(C_bar C) Y' - Y' C_bar' C, Y = inv(A)               C_dot = tr(Y A_dot) C - C A_dot' Y'
 *
 * Cofactors are det(A) inv(A)', and exist for a singular matrix too; their derivative here is that of a regular one. Phi halves the
 * diagonal and drops what is above it. cholesky reads A on and below its diagonal alone, so that is where its derivative is.
 * Sources: Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008); Murray,
 * Differentiation of the Cholesky decomposition (2016).
 *
 * Axes are written as letters: d the directions (first in adjoints, last in tangents), b the batch, c the columns of B (any number
 * each), i, j, k the matrix.
 * Directions of a solve become columns, so that A is factorised once for all of them. */
#include <string.h>

#include "diff/internal.h"

typedef struct {
    Graph *g;
    Tensor *t, *a, *b; /* the result and the arguments */
    const Directions *dir;
    uint32_t n_dir, n_batch, n_columns;
} Linear;

enum { MOST_AXES = 64 };
typedef struct {
    Domain domain;
    Expr *direction[MOST_AXES], *batch[MOST_AXES], *column[MOST_AXES], *single[3];
} Scope;

/* ---- axes by letters ----------------------------------------------------------------------------------------- */
static uint32_t axes_of_letter(const Linear *l, char letter) { return letter == 'd' ? l->n_dir : letter == 'b' ? l->n_batch : letter == 'c' ? l->n_columns : 1; }

static Expr *extent_of(const Linear *l, char letter, uint32_t k) {
    if (letter == 'd') return l->dir->extent[k];
    if (letter == 'b') return l->a->extent[k];
    if (letter == 'c') return l->b->extent[l->n_batch + 1 + k];
    return l->a->extent[l->n_batch];
}

static Expr **place_of_letter(Scope *s, char letter) {
    return letter == 'd' ? s->direction : letter == 'b' ? s->batch : letter == 'c' ? s->column : &s->single[letter - 'i'];
}

/* The axes that the letters stand for, one after the other. */
static uint32_t spell(const Linear *l, Scope *s, const char *letters, Expr **out) {
    uint32_t n = 0;
    for (; *letters; letters++)
        for (uint32_t k = 0; k < axes_of_letter(l, *letters); k++) out[n++] = s ? place_of_letter(s, *letters)[k] : extent_of(l, *letters, k);
    return n;
}

/* Fresh indices for the letters, over whole axes. */
static Scope open_scope(const Linear *l, const char *letters) {
    Graph *g = l->g;
    Scope s = {.domain = {.range = NEW_ARRAY(g->arena, Range, MOST_AXES)}};
    for (; *letters; letters++)
        for (uint32_t k = 0; k < axes_of_letter(l, *letters); k++) {
            Symbol name = *letters == 'd' ? l->dir->name[k] : name_printf(g->names, "%c%.*u", *letters, k ? 1 : 0, k);
            uint32_t index = graph_add_index(g, name);
            place_of_letter(&s, *letters)[k] = expr_index(g, index);
            s.domain.range[s.domain.n++] = range_make(g, index, expr_int(g, 0), extent_of(l, *letters, k));
        }
    return s;
}

static Tensor *part(const Linear *l, const char *suffix, const char *letters, Combine op) {
    Expr *extent[MOST_AXES];
    uint32_t n = spell(l, NULL, letters, extent);
    return graph_add_tensor(l->g, name_printf(l->g->names, "%s_%s", l->t->name, suffix), TYPE_REAL, ROLE_PART, op, n, extent, l->t->span);
}

static Expr *at(const Linear *l, Scope *s, Tensor *t, const char *letters) {
    Expr *subs[MOST_AXES];
    spell(l, s, letters, subs);
    return expr_read(l->g, t, subs, NULL);
}

static void define(const Linear *l, Scope *s, Tensor *t, const char *letters, Expr *value) {
    Expr *subs[MOST_AXES];
    spell(l, s, letters, subs);
    graph_add_equation(l->g, t, subs, value, s->domain, NULL, l->t->span);
}

static Expr *minus(const Linear *l, Expr *e) { return expr_op1(l->g, OP_neg, e); }

static Tensor *call(const Linear *l, CallKind kind, const char *suffix, const char *letters, Tensor *a, Tensor *b) {
    Tensor *t = part(l, suffix, letters, COMBINE_SET);
    t->call = NEW(l->g->arena, Call);
    *t->call = (Call){.kind = kind, .n = b ? 2 : 1, .arg = {a, b}, .span = l->t->call->span};
    return t;
}

/* to[d b i j] += the product of two matrices, the strong one first: where it is 0 the other does not count. */
static Tensor *product(const Linear *l, const char *suffix, Tensor *strong, const char *strong_at, Tensor *other, const char *other_at) {
    Tensor *to = part(l, suffix, "dbij", COMBINE_ADD);
    Scope s = open_scope(l, "dbijk");
    define(l, &s, to, "dbij", strong_mul(l->g, at(l, &s, strong, strong_at), at(l, &s, other, other_at)));
    return to;
}

/* ---- reverse --------------------------------------------------------------------------------------------------- */
/* solve(A, columns) with A or its transpose, of what has the axes d b i c. */
static Tensor *solve_columns(const Linear *l, const char *a_at, Tensor *right) {
    Tensor *matrix = l->a, *columns = part(l, "columns", "bidc", COMBINE_SET);
    Scope s = open_scope(l, "dbic");
    define(l, &s, columns, "bidc", at(l, &s, right, "dbic"));
    if (strcmp(a_at, "bji") == 0) {
        matrix = part(l, "transposed", "bij", COMBINE_SET);
        Scope whole = open_scope(l, "bij");
        define(l, &whole, matrix, "bij", at(l, &whole, l->a, a_at));
    }
    return call(l, CALL_SOLVE, "solved", "bidc", matrix, columns);
}

static void reverse_solve(const Linear *l, Tensor *bar, Tensor *const *to) {
    Tensor *solved = solve_columns(l, "bji", bar);
    if (to[1]) {
        Scope s = open_scope(l, "dbic");
        define(l, &s, to[1], "dbic", at(l, &s, solved, "bidc"));
    }
    if (to[0]) {
        Scope s = open_scope(l, "dbijc");
        define(l, &s, to[0], "dbij", minus(l, strong_mul(l->g, at(l, &s, solved, "bidc"), at(l, &s, l->t, "bjc"))));
    }
}

static void reverse_inv(const Linear *l, Tensor *bar, Tensor *const *to) {
    Tensor *half = product(l, "half", bar, "dbik", l->t, "bjk");
    Scope s = open_scope(l, "dbijk");
    define(l, &s, to[0], "dbij", minus(l, strong_mul(l->g, at(l, &s, half, "dbkj"), at(l, &s, l->t, "bki"))));
}

/* The derivative of det or logdet by its argument, at b i j. */
static Expr *slope_of_det(const Linear *l, Scope *s) {
    if (l->t->call->kind == CALL_DET) return at(l, s, call(l, CALL_COFACTOR, "cofactor", "bij", l->a, NULL), "bij");
    return at(l, s, call(l, CALL_INV, "inverse", "bij", l->a, NULL), "bji");
}

static void reverse_det(const Linear *l, Tensor *bar, Tensor *const *to) {
    Scope s = open_scope(l, "dbij");
    Expr *slope = slope_of_det(l, &s);
    define(l, &s, to[0], "dbij", strong_mul(l->g, at(l, &s, bar, "db"), slope));
}

static void reverse_cofactor(const Linear *l, Tensor *bar, Tensor *const *to) {
    Tensor *inverse = call(l, CALL_INV, "inverse", "bij", l->a, NULL), *inner = part(l, "inner", "db", COMBINE_ADD);
    Tensor *half = product(l, "half", bar, "dbki", l->t, "bkj");
    Scope sum = open_scope(l, "dbij"), s = open_scope(l, "dbij"), t = open_scope(l, "dbijk");
    define(l, &sum, inner, "db", strong_mul(l->g, at(l, &sum, bar, "dbij"), at(l, &sum, l->t, "bij")));
    define(l, &s, to[0], "dbij", strong_mul(l->g, at(l, &s, inner, "db"), at(l, &s, inverse, "bji")));
    define(l, &t, to[0], "dbij", minus(l, strong_mul(l->g, at(l, &t, half, "dbkj"), at(l, &t, inverse, "bki"))));
}

/* Phi of a matrix: m[d b i j] where j < i, half of it where j = i. */
static Tensor *lower_half(const Linear *l, Tensor *m) {
    Graph *g = l->g;
    Tensor *phi = part(l, "phi", "dbij", COMBINE_ADD);
    Scope s = open_scope(l, "dbij"), diagonal = open_scope(l, "dbi");
    s.domain.range[s.domain.n - 1].hi[0] = s.single[0];
    define(l, &s, phi, "dbij", at(l, &s, m, "dbij"));
    define(l, &diagonal, phi, "dbii", expr_mul(g, expr_real(g, 0.5), at(l, &diagonal, m, "dbii")));
    return phi;
}

static void reverse_cholesky(const Linear *l, Tensor *bar, Tensor *const *to) {
    Tensor *inverse = call(l, CALL_INV, "inverse", "bij", l->t, NULL);
    Tensor *phi = lower_half(l, product(l, "inner", bar, "dbkj", l->t, "bki"));
    Tensor *sum = product(l, "outer", product(l, "half", phi, "dbkj", inverse, "bki"), "dbik", inverse, "bkj");
    Scope s = open_scope(l, "dbij"), diagonal = open_scope(l, "dbi");
    s.domain.range[s.domain.n - 1].hi[0] = s.single[0];
    define(l, &s, to[0], "dbij", expr_add(l->g, at(l, &s, sum, "dbij"), at(l, &s, sum, "dbji")));
    define(l, &diagonal, to[0], "dbii", at(l, &diagonal, sum, "dbii"));
}

/* ---- forward --------------------------------------------------------------------------------------------------- */
static void forward_solve(const Linear *l, Tensor *dot, Tensor *const *from) {
    Tensor *right = part(l, "right", "dbic", COMBINE_ADD);
    if (from[1]) {
        Scope s = open_scope(l, "dbic");
        define(l, &s, right, "dbic", at(l, &s, from[1], "bicd"));
    }
    if (from[0]) {
        Scope s = open_scope(l, "dbicj");
        define(l, &s, right, "dbic", minus(l, strong_mul(l->g, at(l, &s, from[0], "bijd"), at(l, &s, l->t, "bjc"))));
    }
    Tensor *solved = solve_columns(l, "bij", right);
    Scope s = open_scope(l, "dbic");
    define(l, &s, dot, "bicd", at(l, &s, solved, "bidc"));
}

static void forward_inv(const Linear *l, Tensor *dot, Tensor *const *from) {
    Tensor *half = product(l, "half", from[0], "bikd", l->t, "bkj");
    Scope s = open_scope(l, "dbijk");
    define(l, &s, dot, "bijd", minus(l, strong_mul(l->g, at(l, &s, half, "dbkj"), at(l, &s, l->t, "bik"))));
}

static void forward_det(const Linear *l, Tensor *dot, Tensor *const *from) {
    Scope s = open_scope(l, "dbij");
    Expr *slope = slope_of_det(l, &s);
    define(l, &s, dot, "bd", strong_mul(l->g, at(l, &s, from[0], "bijd"), slope));
}

static void forward_cofactor(const Linear *l, Tensor *dot, Tensor *const *from) {
    Tensor *inverse = call(l, CALL_INV, "inverse", "bij", l->a, NULL), *trace = part(l, "trace", "db", COMBINE_ADD);
    Tensor *half = product(l, "half", from[0], "bkid", inverse, "bjk");
    Scope sum = open_scope(l, "dbij"), s = open_scope(l, "dbij"), t = open_scope(l, "dbijk");
    define(l, &sum, trace, "db", strong_mul(l->g, at(l, &sum, from[0], "bijd"), at(l, &sum, inverse, "bji")));
    define(l, &s, dot, "bijd", strong_mul(l->g, at(l, &s, trace, "db"), at(l, &s, l->t, "bij")));
    define(l, &t, dot, "bijd", minus(l, strong_mul(l->g, at(l, &t, half, "dbkj"), at(l, &t, l->t, "bik"))));
}

static void forward_cholesky(const Linear *l, Tensor *dot, Tensor *const *from) {
    Tensor *inverse = call(l, CALL_INV, "inverse", "bij", l->t, NULL), *whole = part(l, "symmetric", "dbij", COMBINE_ADD);
    Scope lower = open_scope(l, "dbij"), upper = open_scope(l, "dbij"), diagonal = open_scope(l, "dbi");
    lower.domain.range[lower.domain.n - 1].hi[0] = lower.single[0];
    upper.domain.range[upper.domain.n - 1].hi[0] = upper.single[0];
    define(l, &lower, whole, "dbij", at(l, &lower, from[0], "bijd"));
    define(l, &upper, whole, "dbji", at(l, &upper, from[0], "bijd"));
    define(l, &diagonal, whole, "dbii", at(l, &diagonal, from[0], "biid"));
    Tensor *phi = lower_half(l, product(l, "outer", product(l, "half", whole, "dbkj", inverse, "bik"), "dbik", inverse, "bjk"));
    Scope s = open_scope(l, "dbijk");
    define(l, &s, dot, "bijd", strong_mul(l->g, at(l, &s, phi, "dbkj"), at(l, &s, l->t, "bik")));
}

/* ---- the table -------------------------------------------------------------------------------------------------- */
/* reverse: adds to the adjoints of the arguments (NULL: not active); forward: defines the tangent from those of the arguments. */
typedef struct {
    const char *name;
    void (*reverse)(const Linear *, Tensor *bar, Tensor *const *to);
    void (*forward)(const Linear *, Tensor *dot, Tensor *const *from);
} CallRow;
static const CallRow rows[N_CALLS] = {
    [CALL_SOLVE] = {"solve", reverse_solve, forward_solve},
    [CALL_INV] = {"inv", reverse_inv, forward_inv},
    [CALL_DET] = {"det", reverse_det, forward_det},
    [CALL_LOGDET] = {"logdet", reverse_det, forward_det},
    [CALL_CHOLESKY] = {"cholesky", reverse_cholesky, forward_cholesky},
    [CALL_COFACTOR] = {"cofactor", reverse_cofactor, forward_cofactor},
    [CALL_GRAD] = {"grad", NULL, NULL}, [CALL_JACOBIAN] = {"jacobian", NULL, NULL}, [CALL_HESSIAN] = {"hessian", NULL, NULL},
    [CALL_JVP] = {"jvp", NULL, NULL}, [CALL_VJP] = {"vjp", NULL, NULL},
};

static Linear linear_of(Graph *g, Tensor *t, const Directions *dir) {
    Linear l = {.g = g, .t = t, .a = t->call->arg[0], .b = t->call->n > 1 ? t->call->arg[1] : NULL, .dir = dir, .n_dir = dir ? dir->n : 0};
    l.n_batch = l.a->rank - 2;
    l.n_columns = l.b ? l.b->rank - l.n_batch - 1 : 0;
    return l;
}

/* A request (grad, hessian …) that is still open cannot be looked into. */
static const CallRow *row_of(Graph *g, const Tensor *t) {
    const CallRow *row = &rows[t->call->kind];
    if (row->reverse && t->call->arg[0]->rank + t->rank + 8 < MOST_AXES) return row;
    diag_error(g->diag, t->call->span, "the derivative of '%s' is not supported here", row->name);
    return NULL;
}

void call_reverse(Graph *g, Tensor *t, Tensor *const *bar, const bool *active, const Directions *dir) {
    const CallRow *row = row_of(g, t);
    if (!row) return;
    Linear l = linear_of(g, t, dir);
    Tensor *to[2] = {active[l.a->number] ? bar[l.a->number] : NULL, l.b && active[l.b->number] ? bar[l.b->number] : NULL};
    if (to[0] || to[1]) row->reverse(&l, bar[t->number], to);
}

void call_forward(Graph *g, Tensor *t, Tensor *const *dot, const bool *active, const Directions *dir) {
    const CallRow *row = row_of(g, t);
    if (!row) return;
    Linear l = linear_of(g, t, dir);
    Tensor *from[2] = {active[l.a->number] ? dot[l.a->number] : NULL, l.b && active[l.b->number] ? dot[l.b->number] : NULL};
    if (from[0] || from[1]) row->forward(&l, dot[t->number], from);
}
