/* The operator table at work: rows become expressions, and numbers.
 *
 * row_parse reads the small language that the texts of ops.def are written in: C's expressions with names
 * a, b, c, y, numbers, calls, `and or not`, and where(c, p, q). The C compiler reads the same texts below
 * (op_value) through the macros of row_value.inc. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "graph/table.h"

struct OpTable {
    VEC(OpRow) rows;
    Map *by_name;
};

/* ---- reading a row's text ------------------------------------------------------------------------- */
typedef struct {
    Graph *g;
    const char *at;
} Reader;

static Expr *read_or(Reader *);

static void skip(Reader *r) {
    while (isspace((unsigned char)*r->at)) r->at++;
}
static bool take(Reader *r, const char *token) {
    skip(r);
    size_t n = strlen(token);
    if (strncmp(r->at, token, n) != 0) return false;
    if (isalpha((unsigned char)token[0]) && (isalnum((unsigned char)r->at[n]) || r->at[n] == '_')) return false;
    r->at += n;
    return true;
}
static void expect(Reader *r, const char *token) {
    if (take(r, token)) return;
    fprintf(stderr, "bpc: ops.def: '%s' expected before '%s'\n", token, r->at);
    abort();
}

static Expr *read_call(Reader *r, Symbol name) {
    Expr *args[3];
    uint32_t n = 0;
    do args[n++] = read_or(r);
    while (n < 3 && take(r, ","));
    expect(r, ")");
    if (name == name_of(r->g->names, "where")) return expr_select(r->g, args[0], args[1], args[2]);
    const void *row = map_get(r->g->ops->by_name, name);
    if (!row) {
        fprintf(stderr, "bpc: ops.def: no operator '%s'\n", name);
        abort();
    }
    uint32_t op = (uint32_t)((uintptr_t)row - 1);
    /* Built without folding, so that `exp(a)` is seen to be exp itself. */
    return expr_op(r->g, op, args, n);
}

static Expr *read_atom(Reader *r) {
    skip(r);
    if (take(r, "(")) {
        Expr *e = read_or(r);
        expect(r, ")");
        return e;
    }
    if (isdigit((unsigned char)*r->at)) {
        char *end;
        double value = strtod(r->at, &end);
        bool whole = memchr(r->at, '.', (size_t)(end - r->at)) == NULL && memchr(r->at, 'e', (size_t)(end - r->at)) == NULL;
        r->at = end;
        return whole ? expr_int(r->g, (int64_t)value) : expr_real(r->g, value);
    }
    const char *begin = r->at;
    while (isalnum((unsigned char)*r->at) || *r->at == '_') r->at++;
    bool letter = r->at == begin + 1;
    Symbol name = name_intern(r->g->names, begin, (size_t)(r->at - begin));
    if (take(r, "(")) return read_call(r, name);
    static const char arguments[] = "abcy";
    const char *k = strchr(arguments, begin[0]);
    if (!letter || !k) {
        fprintf(stderr, "bpc: ops.def: what is '%s'?\n", name);
        abort();
    }
    return expr_arg(r->g, (uint32_t)(k - arguments));
}
static Expr *read_unary(Reader *r) {
    if (take(r, "-")) return expr_op1(r->g, OP_neg, read_unary(r));
    if (take(r, "not")) return expr_not(r->g, read_unary(r));
    return read_atom(r);
}
static Expr *read_term(Reader *r) {
    Expr *e = read_unary(r);
    for (;;) {
        if (take(r, "*")) e = expr_mul(r->g, e, read_unary(r));
        else if (take(r, "/")) e = expr_op2(r->g, OP_div, e, read_unary(r));
        else return e;
    }
}
static Expr *read_sum(Reader *r) {
    Expr *e = read_term(r);
    for (;;) {
        if (take(r, "+")) e = expr_add(r->g, e, read_term(r));
        else if (take(r, "-")) e = expr_sub(r->g, e, read_term(r));
        else return e;
    }
}
static Expr *read_compare(Reader *r) {
    static const struct { const char *spelling; Op op; } compare[] = {
        {"<=", OP_le}, {">=", OP_ge}, {"==", OP_eq}, {"!=", OP_ne}, {"<", OP_lt}, {">", OP_gt}};
    Expr *e = read_sum(r);
    for (size_t k = 0; k < sizeof compare / sizeof *compare; k++)
        if (take(r, compare[k].spelling)) return expr_op2(r->g, compare[k].op, e, read_sum(r));
    return e;
}
static Expr *read_and(Reader *r) {
    Expr *e = read_compare(r);
    while (take(r, "and")) e = expr_op2(r->g, OP_and, e, read_compare(r));
    return e;
}
static Expr *read_or(Reader *r) {
    Expr *e = read_and(r);
    while (take(r, "or")) e = expr_op2(r->g, OP_or, e, read_and(r));
    return e;
}

static Expr *row_parse(Graph *g, const char *text) {
    Reader r = {g, text};
    Expr *e = read_or(&r);
    expect(&r, "");
    return e;
}

/* ---- the rows --------------------------------------------------------------------------------------- */
static const OpRow builtin[N_OPS] = {
#define OP(name_, n, rule_, value_, da, db, dc, flops_, latex_, from_, to_, singular_) \
    [OP_##name_] = {.name = #name_, .arity = n, .rule = RULE_##rule_, .value_text = #value_, \
                    .partial_text = {#da, #db, #dc}, .flops = flops_, .latex = latex_, .from = from_, .to = to_, .singular = singular_},
#include "graph/ops.def"
#undef OP
};

OpTable *op_table_new(Graph *g) {
    OpTable *t = NEW(g->arena, OpTable);
    t->by_name = map_new(g->arena);
    g->ops = t;
    for (uint32_t op = 0; op < N_OPS; op++) {
        OpRow row = builtin[op];
        row.name = name_of(g->names, row.name);
        vec_push(g->arena, &t->rows, row);
        map_put(t->by_name, row.name, (void *)(uintptr_t)(op + 1));
    }
    for (uint32_t op = 0; op < N_OPS; op++) {
        OpRow *row = &t->rows.at[op];
        Expr *value = row_parse(g, row->value_text);
        row->primitive = expr_is_op(value, op);
        row->value = row->primitive ? NULL : value;
        for (uint32_t k = 0; k < 3; k++) row->partial[k] = row_parse(g, row->partial_text[k]);
    }
    /* sqrt's twin differs in its derivative alone. */
    t->rows.at[OP_length].value = NULL;
    t->rows.at[OP_length].primitive = true;
    return t;
}

const OpRow *op_row(Graph *g, uint32_t op) { return &g->ops->rows.at[op]; }
bool op_is_draw(Graph *g, uint32_t op) { return op_row(g, op)->rule == RULE_HIDDEN_DRAW; }
uint32_t op_count(const Graph *g) { return g->ops->rows.n; }

/* An operator that is written between or before its operands is not called by name. */
static bool has_spelling(uint32_t op) { return op <= OP_mod || (op >= OP_lt && op <= OP_not); }

uint32_t op_find(Graph *g, Symbol name) {
    const void *at = map_get(g->ops->by_name, name);
    if (!at) return UINT32_MAX;
    uint32_t op = (uint32_t)((uintptr_t)at - 1);
    return op < N_OPS && (has_spelling(op) || op_row(g, op)->rule >= RULE_HIDDEN_REAL) ? UINT32_MAX : op;
}

uint32_t op_add(Graph *g, Symbol name, uint32_t arity, Expr *value, Expr *const *partial) {
    OpRow row = {.name = name, .arity = arity, .rule = RULE_REAL, .flops = 1, .latex = name, .from = -3, .to = 3, .value = value};
    for (uint32_t k = 0; k < 3; k++) row.partial[k] = k < arity ? partial[k] : expr_int(g, 0);
    vec_push(g->arena, &g->ops->rows, row);
    return g->ops->rows.n - 1;
}

static Expr *instantiate(Graph *g, const Expr *e, Expr *template, Expr *y) {
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < e->n; k++) subst_arg(s, k, e->arg[k]);
    subst_arg(s, 3, y ? y : expr_int(g, 0));
    return subst_apply(s, template);
}
Expr *op_partial(Graph *g, const Expr *e, uint32_t k, Expr *y) {
    return instantiate(g, e, op_row(g, e->of.number)->partial[k], y);
}
bool op_passes(Graph *g, const Expr *e, uint32_t k) {
    return e->arg[k]->type == TYPE_REAL && !expr_is_number(op_row(g, e->of.number)->partial[k], 0);
}
Expr *op_expand(Graph *g, const Expr *e) {
    Expr *value = op_row(g, e->of.number)->value;
    return value ? instantiate(g, e, value, NULL) : NULL;
}
