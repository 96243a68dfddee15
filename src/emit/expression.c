/* Expressions as C.
 *
 * Types are kept apart: `want` says what the place asks for, so that an integer in a real place is a real constant
 * or has a cast, and the output compiles under -Wconversion and -Wdouble-promotion without a word. Integers are
 * int64_t; comparisons are C's int. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "emit/writer.h"
#include "graph/ops.h"
#include "graph/restrict.h"
#include "graph/rewrite.h"
#include "plan/storage.h"

/* How an operator stands between its operands, and how tightly those must bind to go without parentheses. Compilers
 * ask for parentheses around comparisons of comparisons and && inside ||. */
typedef struct { const char *spelling; int level, left, right; } Infix;
static const Infix infix[N_OPS] = {
    [OP_add] = {" + ", C_SUM, C_SUM, C_TERM},           [OP_sub] = {" - ", C_SUM, C_SUM, C_TERM},
    [OP_mul] = {"*", C_TERM, C_TERM, C_UNARY},          [OP_div] = {"/", C_TERM, C_TERM, C_UNARY},
    [OP_lt] = {" < ", C_RELATION, C_SUM, C_SUM},        [OP_le] = {" <= ", C_RELATION, C_SUM, C_SUM},
    [OP_gt] = {" > ", C_RELATION, C_SUM, C_SUM},        [OP_ge] = {" >= ", C_RELATION, C_SUM, C_SUM},
    [OP_eq] = {" == ", C_EQUALITY, C_SUM, C_SUM},       [OP_ne] = {" != ", C_EQUALITY, C_SUM, C_SUM},
    [OP_and] = {" && ", C_AND, C_EQUALITY, C_EQUALITY}, [OP_or] = {" || ", C_OR, C_EQUALITY, C_EQUALITY},
};

const char *real_type(const Writer *w) { return w->g->f64 ? "double" : "float"; }
const char *array_type(const Writer *w, Type type) { return type == TYPE_INT ? "int32_t" : real_type(w); }

void write_real(Writer *w, double value) {
    bool f64 = w->g->f64;
    if (isnan(value)) text_add(w->out, f64 ? "(double)NAN" : "NAN");
    else if (isinf(value)) text_add(w->out, "%s%s", value < 0 ? "-" : "", f64 ? "HUGE_VAL" : "INFINITY");
    else {
        char buffer[48];
        for (int digits = 1; digits <= 17; digits++) { /* the shortest that reads back */
            snprintf(buffer, sizeof buffer, "%.*g", digits, f64 ? value : (double)(float)value);
            double back = 0;
            if (sscanf(buffer, "%lf", &back) == 1 && (f64 ? back == value : (float)back == (float)value)) break;
        }
        text_add(w->out, "%s%s%s", buffer, strpbrk(buffer, ".en") ? "" : ".0", f64 ? "" : "f");
    }
}

static bool is_negative(const Expr *e) { return e->type == TYPE_INT ? e->of.integer < 0 : signbit(e->of.real) != 0; }

static void write_constant(Writer *w, const Expr *e, Type want, int level) {
    bool paren = is_negative(e) && level > C_SUM;
    if (paren) text_add(w->out, "(");
    if (want == TYPE_REAL || e->type == TYPE_REAL) write_real(w, e->type == TYPE_INT ? (double)e->of.integer : e->of.real);
    else text_add(w->out, "%" PRId64, e->of.integer);
    if (paren) text_add(w->out, ")");
}

/* ---- elements ------------------------------------------------------------------------------------------------------ */
/* Operators without C of their own become what their row says: relu(z) -> z < 0 ? 0 : z. */
static Expr *written_out(Graph *g, Expr *e, void *with) {
    (void)with;
    Expr *written = e->kind == EXPR_OP ? op_expand(g, e) : NULL;
    return written ? written : e;
}

/* Subscripts and extents may hold such operators too. */
/* One rewriter serves a whole function: what it remembers goes by the numbers of nodes. */
Expr *write_out(Writer *w, Expr *e) {
    if (!w->expander) w->expander = rewriter_new(w->g, written_out, NULL);
    return e->n ? rewrite(w->expander, e) : e;
}

/* a + (b + c) as a + b + c: integers may be regrouped. */
static Expr *add_flat(Graph *g, Expr *a, Expr *b) {
    if (expr_is_op(b, OP_add)) return add_flat(g, add_flat(g, a, b->arg[0]), b->arg[1]);
    return expr_add(g, a, b);
}

/* Row by row over what is kept: (i*n + j)*k + l. */
static Expr *element_offset(Writer *w, const Buffer *b, Expr *const *subs) {
    Graph *g = w->g;
    Digit *place = NEW_ARRAY(g->arena, Digit, b->tensor->rank + 1);
    const uint32_t n = storage_places(w->f, b->tensor, subs, b->kept, place);
    Expr *offset = n ? place[0].sub : expr_int(g, 0);
    for (uint32_t k = 1; k < n; k++) offset = add_flat(g, expr_mul(g, place[k].extent, offset), place[k].sub);
    return offset;
}

void write_element(Writer *w, Tensor *t, Expr *const *subs) {
    const Buffer *b = w->f->buffer[t->number];
    text_add(w->out, "%s", (const char *)map_get(w->tensors, t));
    bool scalar = b->place == PLACE_LOCAL || (b->place == PLACE_USER && t->rank == 0 && !b->goal);
    if (scalar) return;
    text_add(w->out, "[");
    write_expr(w, write_out(w, element_offset(w, b, subs)), TYPE_INT, C_TERNARY);
    text_add(w->out, "]");
}

/* What the loops around do not say already of subscripts that may fall outside. */
static void write_inside(Writer *w, const Expr *e) {
    Domain around = {.n = w->open.n, .range = w->open.at};
    Expr *inside = inside_condition(w->g, e->of.tensor, e->arg, &around);
    if (inside) write_expr(w, inside, TYPE_INT, C_AND);
    else text_add(w->out, "1");
}

/* Where the dividend cannot be negative C's own division is the floor. */
static bool divides_plainly(Writer *w, const Expr *e) {
    if (!expr_is_op(e, OP_floordiv) || e->arg[1]->kind != EXPR_CONST || e->arg[1]->of.integer < 1) return false;
    Domain around = {.n = w->open.n, .range = w->open.at};
    return condition_left(w->g, expr_op2(w->g, OP_ge, e->arg[0], expr_int(w->g, 0)), &around) == NULL;
}

static void write_cast(Writer *w, Type from, Type want, bool array_int) {
    if (from == TYPE_INT && want == TYPE_REAL) text_add(w->out, "(%s)", real_type(w));
    else if (from == TYPE_INT && array_int) text_add(w->out, "(int64_t)");
}

static void write_read(Writer *w, Expr *e, Type want, int level) {
    Tensor *t = e->of.tensor;
    if (e->fill && level > C_TERNARY) text_add(w->out, "(");
    if (e->fill) {
        write_inside(w, e);
        text_add(w->out, " ? ");
    }
    const Buffer *b = w->f->buffer[t->number];
    write_cast(w, t->type, want, b->place != PLACE_LOCAL);
    if (b->wide) text_add(w->out, "(%s)", real_type(w));
    write_element(w, t, e->arg);
    if (!e->fill) return;
    text_add(w->out, " : ");
    write_expr(w, e->fill, want, C_TERNARY);
    if (level > C_TERNARY) text_add(w->out, ")");
}

/* ---- operators -------------------------------------------------------------------------------------------------------- */
static void write_call(Writer *w, const Expr *e, Type want) {
    uint32_t op = e->of.number;
    const OpRow *row = op_row(w->g, op);
    const char *name = op == OP_length ? "sqrt" : op == OP_mod && e->type == TYPE_REAL ? "fmod" : row->name;
    bool whole = e->type == TYPE_INT;
    write_cast(w, e->type, want, false);
    Symbol function = name_printf(w->g->names, "bp_%s%s", name, whole || w->g->f64 ? "" : "f");
    map_put(w->used, function, (void *)(uintptr_t)function);
    text_add(w->out, "%s(", function);
    for (uint32_t k = 0; k < e->n; k++) {
        if (k) text_add(w->out, ", ");
        write_expr(w, e->arg[k], whole ? TYPE_INT : TYPE_REAL, C_TERNARY);
    }
    text_add(w->out, ")");
}

/* bp_normalf(in->seed, in->call, 0, (uint64_t)(20*i + j), 0.0f, 1.0f) */
static void write_draw(Writer *w, const Expr *e) {
    Symbol function = name_printf(w->g->names, "bp_%s%s", e->of.number == OP_draw_normal ? "normal" : "uniform", w->g->f64 ? "" : "f");
    map_put(w->used, function, (void *)(uintptr_t)function);
    text_add(w->out, "%s(in->seed, in->call, ", function);
    write_expr(w, e->arg[0], TYPE_INT, C_TERNARY);
    text_add(w->out, ", (uint64_t)");
    write_expr(w, e->arg[1], TYPE_INT, C_UNARY);
    text_add(w->out, w->g->f64 ? ", 0.0, 1.0)" : ", 0.0f, 1.0f)");
}

static Type operand_type(const Expr *e) {
    for (uint32_t k = 0; k < e->n; k++)
        if (e->arg[k]->type == TYPE_REAL) return TYPE_REAL;
    return TYPE_INT;
}

static void write_infix(Writer *w, const Expr *e, const Infix *how) {
    uint32_t op = e->of.number;
    bool truth = op == OP_and || op == OP_or;
    Type type = truth ? TYPE_INT : op == OP_div ? TYPE_REAL : operand_type(e);
    bool minus = op == OP_add && e->arg[1]->kind == EXPR_CONST && is_negative(e->arg[1]);
    Expr *right = minus ? expr_op1(w->g, OP_neg, e->arg[1]) : e->arg[1];
    write_expr(w, e->arg[0], truth ? e->arg[0]->type : type, how->left);
    text_add(w->out, "%s", minus ? " - " : how->spelling);
    write_expr(w, right, truth ? right->type : type, how->right);
}

static void write_op(Writer *w, Expr *e, Type want, int level) {
    uint32_t op = e->of.number;
    bool cast = want == TYPE_REAL && e->type == TYPE_INT;
    const Infix *how = op < N_OPS && infix[op].spelling ? &infix[op] : NULL;
    static const Infix division = {"/", C_TERM, C_TERM, C_UNARY};
    if (divides_plainly(w, e)) how = &division;
    bool prefix = op == OP_neg || op == OP_not;
    if (!how && !prefix) {
        if (op_is_draw(w->g, op)) write_draw(w, e);
        else write_call(w, e, want);
        return;
    }
    if (cast) text_add(w->out, "(%s)(", real_type(w));
    bool paren = !cast && (prefix ? C_UNARY : how->level) < level;
    if (paren) text_add(w->out, "(");
    if (prefix) {
        text_add(w->out, op == OP_neg ? "-" : "!");
        write_expr(w, e->arg[0], e->arg[0]->type, op == OP_neg ? C_UNARY + 1 : C_ATOM);
    } else {
        write_infix(w, e, how);
    }
    if (paren || cast) text_add(w->out, ")");
}

/* May the value be computed where it is not used? Nothing is divided, and reads are inside wherever the loops go. */
static bool is_safe(Writer *w, Expr *e) {
    ExprList all = expr_walk(w->g, &e, 1);
    Domain around = {.n = w->open.n, .range = w->open.at};
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *x = all.at[k];
        if (expr_is_op(x, OP_floordiv) || expr_is_op(x, OP_mod) || x->fill) return false;
        if (x->kind == EXPR_READ && inside_condition(w->g, x->of.tensor, x->arg, &around)) return false;
    }
    return true;
}

/* In lanes both sides are computed and one is taken by its bits: compilers turn ?: into branches, which do not become vectors. */
static bool write_select_of_both(Writer *w, const Expr *e) {
    if (!w->lanes || e->type != TYPE_REAL || !is_safe(w, e->arg[1]) || !is_safe(w, e->arg[2])) return false;
    Symbol function = name_of(w->g->names, w->g->f64 ? "bp_select" : "bp_selectf");
    map_put(w->used, function, (void *)(uintptr_t)function);
    text_add(w->out, "%s(", function);
    write_expr(w, e->arg[0], e->arg[0]->type, C_TERNARY);
    for (int k = 1; k < 3; k++) {
        text_add(w->out, ", ");
        write_expr(w, e->arg[k], TYPE_REAL, C_TERNARY);
    }
    text_add(w->out, ")");
    return true;
}

static void write_select(Writer *w, const Expr *e, Type want, int level) {
    if (write_select_of_both(w, e)) return;
    if (level > C_TERNARY) text_add(w->out, "(");
    write_expr(w, e->arg[0], e->arg[0]->type, C_OR);
    text_add(w->out, " ? ");
    write_expr(w, e->arg[1], want, C_TERNARY + 1);
    text_add(w->out, " : ");
    write_expr(w, e->arg[2], want, C_TERNARY);
    if (level > C_TERNARY) text_add(w->out, ")");
}

void write_expr(Writer *w, Expr *e, Type want, int level) {
    if (e->type == TYPE_REAL) want = TYPE_REAL;
    const char *temp = w->temps ? map_get(w->temps, e) : NULL;
    if (!temp && w->named) temp = map_get(w->named, e);
    if (temp) {
        write_cast(w, e->type, want, false);
        text_add(w->out, "%s", temp);
        return;
    }
    switch (e->kind) {
    case EXPR_CONST: write_constant(w, e, want, level); break;
    case EXPR_DIM:
        write_cast(w, TYPE_INT, want, false);
        text_add(w->out, "%s", (const char *)map_get(w->dims, KEY(e->of.number)));
        break;
    case EXPR_INDEX:
        write_cast(w, TYPE_INT, want, false);
        text_add(w->out, "%s", (const char *)map_get(w->indices, KEY(e->of.number)));
        break;
    case EXPR_READ: write_read(w, e, want, level); break;
    case EXPR_OP: write_op(w, e, want, level); break;
    case EXPR_SELECT: write_select(w, e, want, level); break;
    case EXPR_ARG: break;
    }
}

/* ---- before a statement --------------------------------------------------------------------------------------------------- */
/* Integers that may be computed whether they are used or not: nothing is read, nothing divided. */
static bool is_harmless(Writer *w, Expr *e) {
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ || expr_is_op(all.at[k], OP_floordiv) || expr_is_op(all.at[k], OP_mod)) return false;
    return true;
}

static bool worth_a_name(Writer *w, Expr *e) {
    if (e->type == TYPE_INT) return e->kind == EXPR_SELECT && is_harmless(w, e);
    return (e->kind == EXPR_OP || e->kind == EXPR_SELECT || (e->kind == EXPR_READ && e->fill));
}

/* How often each node is an operand; the root comes last. What has a name in the function is not looked into. */
static uint32_t *count_uses(Writer *w, const ExprList *all) {
    uint32_t *uses = NEW_ARRAY(w->g->lists, uint32_t, all->n);
    for (uint32_t k = all->n; k-- > 0;) {
        const Expr *e = all->at[k];
        const bool root = k + 1 == all->n;
        if ((!root && uses[k] == 0) || (w->named && map_get(w->named, e))) continue;
        for (uint32_t a = 0; a < e->n; a++) uses[expr_place(all, e->arg[a])]++;
        if (e->fill) uses[expr_place(all, e->fill)]++;
    }
    return uses;
}

Expr *prepare_value(Writer *w, Expr *e) {
    e = write_out(w, e);
    const ArenaMark mark = arena_mark(w->g->lists);
    ExprList all = expr_walk(w->g, &e, 1);
    uint32_t *uses = count_uses(w, &all);
    w->temps = NULL;
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *x = all.at[k];
        if (x == e || uses[k] < 2 || !worth_a_name(w, x) || (w->named && map_get(w->named, x))) continue;
        const char *name = writer_take_name(w, arena_printf(w->g->arena, "t%u", ++w->n_temps));
        writer_indent(w);
        text_add(w->out, "const %s %s = ", x->type == TYPE_INT ? "int64_t" : real_type(w), name);
        write_expr(w, x, x->type, C_TERNARY);
        text_add(w->out, ";\n");
        if (!w->temps) w->temps = map_new(w->g->stage);
        map_put(w->temps, x, (void *)(uintptr_t)name);
    }
    arena_release(w->g->lists, mark);
    return e;
}
