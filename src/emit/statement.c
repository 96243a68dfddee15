/* Statements: the tree of loops as C, each nest under the equation that it computes. */
#include <string.h>

#include "emit/writer.h"
#include "graph/ops.h"
#include "plan/storage.h"

void writer_indent(Writer *w) { text_add(w->out, "%*s", w->indent * 4, ""); }

void writer_line(Writer *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char buffer[4096];
    int n = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    writer_indent(w);
    text_put(w->out, buffer, n < (int)sizeof buffer ? (size_t)n : sizeof buffer - 1);
    text_put(w->out, "\n", 1);
}

/* ---- where locals are declared ------------------------------------------------------------------------------------- */
typedef struct {
    const Tree *home;  /* the innermost loop or test around all touches; NULL: the function's own list */
    const Tree *first; /* the first statement that touches it */
    const Tree *first_home;
    uint32_t writes;
} Home;

static bool is_inside(const Tree *around, const Visit *v) {
    for (; v && v->node; v = v->outer)
        if (v->node == around) return true;
    return !around;
}

static void touch_local(Writer *w, Tensor *t, const Tree *n, const Visit *v, bool write) {
    const Buffer *b = w->f->buffer[t->number];
    if (!b || b->place != PLACE_LOCAL) return;
    Home *h = map_get(w->homes, t);
    if (!h) {
        h = NEW(w->g->stage, Home);
        *h = (Home){v->node, n, v->node, 0};
        map_put(w->homes, t, h);
    }
    h->writes += write;
    while (!is_inside(h->home, v)) h->home = map_get(w->around, h->home);
}

static void visit_locals(Tree *n, const Visit *v, void *with) {
    Writer *w = with;
    if (n->body) map_put(w->around, n, (void *)(uintptr_t)v->node);
    const ArenaMark mark = arena_mark(w->g->lists);
    ExprList all = tree_reads(w->g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch_local(w, all.at[k]->of.tensor, n, v, false);
    arena_release(w->g->lists, mark);
    if (n->kind == TREE_SET) touch_local(w, n->as.set.to, n, v, true);
    if (n->kind == TREE_CALL) touch_local(w, n->as.call.to, n, v, true);
}

/* What the caller receives is read behind the last statement. */
static void goals_at_the_end(Writer *w) {
    const Function *f = w->f;
    for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) {
        Home *h = map_get(w->homes, k < f->n_outputs ? f->outputs[k].tensor : f->results[k - f->n_outputs].tensor);
        if (h) h->home = NULL;
    }
}

/* Can the first statement that touches it not declare it? */
static bool declared_before(const Home *h, const Tensor *t) {
    return !(h->first->kind == TREE_SET && h->first->as.set.to == t && h->first->as.set.op == COMBINE_SET && h->first_home == h->home);
}

bool is_late(Writer *w, const Tensor *t, const Tree *home) {
    const Home *h = map_get(w->homes, t);
    return h->home == home && declared_before(h, t);
}

bool is_single(Writer *w, const Tensor *t) { return ((const Home *)map_get(w->homes, t))->writes == 1; }

void find_homes(Writer *w) {
    w->homes = map_new(w->g->stage);
    w->around = map_new(w->g->stage);
    tree_visit(w->f->body, visit_locals, w);
    goals_at_the_end(w);
    w->late = map_new(w->g->stage);
    for (uint32_t k = 0; k < w->f->n_tensors; k++) { /* those that their first statement cannot declare */
        Tensor *t = w->g->tensors.at[k];
        Home *h = map_get(w->homes, t);
        if (!h || !declared_before(h, t)) continue;
        Locals *list = map_get(w->late, KEY((uintptr_t)h->home));
        if (!list) map_put(w->late, KEY((uintptr_t)h->home), list = NEW(w->g->stage, Locals));
        vec_push(w->g->stage, &list->tensors, t);
    }
}

const char *local_type(Writer *w, const Tensor *t) {
    return t->type == TYPE_INT ? "int64_t" : w->f->buffer[t->number]->wide ? "double" : real_type(w);
}

static void declare_late(Writer *w, const Tree *home) {
    Locals *list = map_get(w->late, KEY((uintptr_t)home));
    for (uint32_t k = 0; list && k < list->tensors.n; k++) {
        Tensor *t = list->tensors.at[k];
        writer_line(w, "%s %s = 0;", local_type(w, t), (const char *)map_get(w->tensors, t));
    }
}

/* ---- comments --------------------------------------------------------------------------------------------------------- */
/* The equation, and where it comes from: its line, and for derivatives the tensor they derive from. */
static void write_comment(Writer *w, const Equation *e) {
    Text text = {0};
    if (e->target->call) write_call_equation(w, &text, e);
    else equation_print(w->g, &text, e);
    for (char *c = text.at; *c; c++) /* nothing that would end the comment */
        if (c[0] == '*' && c[1] == '/') c[0] = ' ';
    uint32_t line = 0, column = 0;
    if (e->span.file) diag_position(w->g->diag, e->span, &line, &column);
    writer_indent(w);
    if (text.n > 160) text_add(w->out, "/* %.157s...", text.at);
    else text_add(w->out, "/* %s", text.at);
    if (e->span.file) {
        const char *name = diag_source_name(w->g->diag, e->span.file), *slash = strrchr(name, '/');
        text_add(w->out, "    %s:%u", slash ? slash + 1 : name, line);
    }
    text_add(w->out, " */\n");
    text_free(&text);
}

/* ---- statements --------------------------------------------------------------------------------------------------------- */
static void write_bounds(Writer *w, Expr *const *bound, uint32_t n, bool lower) {
    Expr *e = bound[0];
    for (uint32_t k = 1; k < n; k++) e = expr_op2(w->g, lower ? OP_max : OP_min, e, bound[k]);
    write_expr(w, e, TYPE_INT, C_SUM);
}

/* A bound that takes more than a word is computed once, before the loop. */
static const char *bound_name(Writer *w, Expr *const *bound, uint32_t n, bool lower, const char *index) {
    Expr *e = bound[0];
    for (uint32_t k = 1; k < n; k++) e = expr_op2(w->g, lower ? OP_max : OP_min, e, bound[k]);
    ExprList all = expr_walk(w->g, &e, 1);
    bool simple = true;
    for (uint32_t k = 0; k < all.n; k++)
        simple &= (all.at[k]->kind != EXPR_READ || w->f->buffer[all.at[k]->of.tensor->number]->place == PLACE_LOCAL) && all.at[k]->kind != EXPR_SELECT &&
                  !(all.at[k]->kind == EXPR_OP && all.at[k]->of.number > OP_mul);
    if (simple) return NULL;
    const char *name = writer_take_name(w, arena_printf(w->g->arena, "%s_%s", index, lower ? "begin" : "end"));
    e = prepare_value(w, e);
    writer_indent(w);
    text_add(w->out, "const int64_t %s = ", name);
    write_expr(w, e, TYPE_INT, C_TERNARY);
    text_add(w->out, ";\n");
    return name;
}

/* How the turns are shared out. One of the shares of a loop over blocks is a turn, which waits with its sums for those before it. */
static void write_threads(Writer *w, const Tree *n, const char *lo, const char *hi) {
    const Range *r = &n->as.loop.range;
    const bool shares = n->as.loop.how == LOOP_SHARE;
    writer_indent(w);
    text_add(w->out, "#pragma omp parallel for %snum_threads(%s_threads())", shares ? "ordered schedule(static, 1) " : "", w->emission->prefix);
    if (shares || n->as.loop.worth) {
        text_add(w->out, " if(");
        if (hi) text_add(w->out, "%s", hi);
        else write_bounds(w, r->hi, r->n_hi, false);
        if (lo || !expr_is_int(r->lo[0], 0)) {
            text_add(w->out, " - ");
            if (lo) text_add(w->out, "%s", lo);
            else write_expr(w, r->lo[0], TYPE_INT, C_TERM);
        }
        if (shares) text_add(w->out, " > %s)", (const char *)map_get(w->tensors, n->as.loop.each));
        else text_add(w->out, " > %lld)", (long long)n->as.loop.worth);
    }
    text_add(w->out, "\n");
}

/* reduction(+: sum, sum2) */
static void write_reductions(Writer *w, const Tree *loop, Combine op, const char *name) {
    bool any = false;
    for (uint32_t k = 0; k < loop->as.loop.n_sums; k++) {
        if (tree_combines(loop, loop->as.loop.sums[k]) != op) continue;
        if (any) text_add(w->out, ", ");
        else text_add(w->out, " reduction(%s: ", name);
        text_add(w->out, "%s", (const char *)map_get(w->tensors, loop->as.loop.sums[k]));
        any = true;
    }
    if (any) text_add(w->out, ")");
}

static void write_pragma(Writer *w, const Tree *n) {
    if (n->as.loop.how == LOOP_SIMD) {
        writer_indent(w);
        text_add(w->out, "#pragma omp simd");
        write_reductions(w, n, COMBINE_ADD, "+");
        write_reductions(w, n, COMBINE_MAX, arena_printf(w->g->arena, "%s_max", w->emission->prefix));
        write_reductions(w, n, COMBINE_MIN, arena_printf(w->g->arena, "%s_min", w->emission->prefix));
        text_add(w->out, "\n");
    }
    if (n->as.loop.rereads) writer_line(w, "%s", IN_TURN);
}

static void write_loop(Writer *w, const Tree *n) {
    const Range *r = &n->as.loop.range;
    const char *i = writer_take_name(w, w->g->indices.at[r->index].name);
    map_put(w->indices, KEY(r->index), (void *)(uintptr_t)i);
    const char *lo = bound_name(w, r->lo, r->n_lo, true, i), *hi = bound_name(w, r->hi, r->n_hi, false, i);
    write_invariants(w, n);
    if (n->as.loop.threads) write_threads(w, n, lo, hi);
    write_pragma(w, n);
    writer_indent(w);
    bool down = n->as.loop.down;
    text_add(w->out, "for (int64_t %s = ", i);
    if (down ? hi : lo) text_add(w->out, "%s", down ? hi : lo);
    else write_bounds(w, down ? r->hi : r->lo, down ? r->n_hi : r->n_lo, !down);
    text_add(w->out, down ? " - 1; %s >= " : "; %s < ", i);
    if (down ? lo : hi) text_add(w->out, "%s", down ? lo : hi);
    else write_bounds(w, down ? r->lo : r->hi, down ? r->n_lo : r->n_hi, down);
    if (n->as.loop.each) text_add(w->out, "; %s += %s) {\n", i, (const char *)map_get(w->tensors, n->as.loop.each));
    else if (n->as.loop.step > 1) text_add(w->out, "; %s += %lld) {\n", i, (long long)n->as.loop.step);
    else text_add(w->out, down ? "; %s--) {\n" : "; %s++) {\n", i);
    w->indent++;
    vec_push(w->g->stage, &w->open, n->as.loop.within.n_lo ? n->as.loop.within : *r);
    const bool lanes = w->lanes, on_threads = w->on_threads;
    w->lanes = n->as.loop.how == LOOP_SIMD;
    w->on_threads |= n->as.loop.threads;
    if (n->as.loop.threads) write_own_arrays(w, n);
    write_list(w, n->body, n);
    w->on_threads = on_threads;
    forget_invariants(w);
    w->lanes = lanes;
    w->open.n--;
    w->indent--;
    writer_line(w, "}");
    writer_free_name(w, w->g->indices.at[r->index].name, i); /* for the next loop */
}

static void write_test(Writer *w, const Tree *n) {
    Expr *condition = n->as.test.condition ? prepare_value(w, n->as.test.condition) : NULL;
    writer_indent(w);
    text_add(w->out, "if (");
    if (condition) write_expr(w, condition, condition->type, C_TERNARY);
    for (uint32_t k = 0; k < n->as.test.n_wanted; k++) text_add(w->out, "%s%s", k ? " || " : "", goal_member(w, n->as.test.wanted[k]));
    text_add(w->out, ") {\n");
    w->indent++;
    write_list(w, n->body, n);
    w->indent--;
    writer_line(w, "}");
}

static void write_target(Writer *w, const Tree *n) { write_element(w, n->as.set.to, n->as.set.subs); }

static bool is_narrow(Writer *w, const Tensor *t) { return t->type == TYPE_INT && w->f->buffer[t->number]->place != PLACE_LOCAL; }

/* ---- integers: 64 bits in locals, 32 in arrays ---------------------------------------------------------------------------- */
enum { DEEPEST = 12 };

/* Is the integer one that 32 bits hold? Known of what arrays hold, indices, truth values, and choices among such. */
static bool fits(Writer *w, Expr *e, int depth) {
    if (depth > DEEPEST) return false;
    if (e->kind == EXPR_CONST) return e->of.integer >= INT32_MIN && e->of.integer <= INT32_MAX;
    if (e->kind == EXPR_SELECT) return fits(w, e->arg[1], depth + 1) && fits(w, e->arg[2], depth + 1);
    if (e->kind == EXPR_READ) {
        const Tensor *t = e->of.tensor;
        if (e->fill && !fits(w, e->fill, depth + 1)) return false;
        if (w->f->buffer[t->number]->place != PLACE_LOCAL) return true;
        if (!t->pieces && t->of) t = t->of; /* the local of a sum or choice */
        bool chosen = t->op != COMBINE_ADD && t->op != COMBINE_MUL && t->pieces;
        for (const Equation *q = t->pieces; q && chosen; q = q->next) chosen = fits(w, q->body, depth + 1);
        return chosen;
    }
    if (e->kind != EXPR_OP) return e->kind == EXPR_INDEX;
    switch (e->of.number) {
    case OP_lt: case OP_le: case OP_gt: case OP_ge: case OP_eq: case OP_ne: case OP_and: case OP_or: case OP_not: return true;
    case OP_max: case OP_min: return fits(w, e->arg[0], depth + 1) && fits(w, e->arg[1], depth + 1);
    case OP_mod: return fits(w, e->arg[1], depth + 1);
    default: return false;
    }
}

/* "(int32_t)(" or "bp_narrow(", before a value that goes into an array. */
static const char *narrowing(Writer *w, bool known) {
    Symbol name = name_of(w->g->names, "bp_narrow");
    if (!known) map_put(w->used, name, (void *)(uintptr_t)name);
    return known ? "(int32_t)(" : "bp_narrow(";
}

const char *narrowing_of_goal(Writer *w, const Goal *goal) {
    Expr **none = NEW_ARRAY(w->g->arena, Expr *, 1);
    return narrowing(w, fits(w, expr_read(w->g, goal->tensor, none, NULL), 0));
}

static void write_assignment(Writer *w, const Tree *n, Expr *value, const char *how) {
    Tensor *t = n->as.set.to;
    write_target(w, n);
    bool narrow = is_narrow(w, t);
    if (narrow && strcmp(how, " = ") != 0) { /* x = bp_narrow(x + v) */
        text_add(w->out, " = %s", narrowing(w, false));
        write_target(w, n);
        text_add(w->out, " %c ", how[1]);
        write_expr(w, value, TYPE_INT, C_UNARY);
        text_add(w->out, ");\n");
        return;
    }
    text_add(w->out, "%s", how);
    if (narrow) text_add(w->out, "%s", narrowing(w, fits(w, value, 0)));
    const bool wide = w->f->buffer[t->number]->wide, zero = wide && expr_is_number(value, 0);
    if (wide) text_add(w->out, zero ? "0.0" : "(double)");
    if (!zero) write_expr(w, value, t->type, wide ? C_UNARY : C_TERNARY);
    text_add(w->out, narrow ? ");\n" : ";\n");
}

/* The better of what is there and the value; ties stay, a nan wins and stays. */
static void write_best(Writer *w, const Tree *n, Expr *value) {
    Tensor *t = n->as.set.to;
    const char *v = writer_take_name(w, "v");
    writer_indent(w);
    text_add(w->out, "const %s %s = ", local_type(w, t), v);
    write_expr(w, value, t->type, C_TERNARY);
    text_add(w->out, ";\n");
    writer_indent(w);
    text_add(w->out, "if (%s %s ", v, n->as.set.op == COMBINE_MAX ? ">" : "<");
    write_target(w, n);
    text_add(w->out, t->type == TYPE_REAL ? " || %s != %s) " : ") ", v, v);
    write_target(w, n);
    if (!is_narrow(w, t)) text_add(w->out, " = %s;\n", v);
    else if (fits(w, value, 0)) text_add(w->out, " = (int32_t)%s;\n", v);
    else text_add(w->out, " = %s%s);\n", narrowing(w, false), v);
}

static void write_truth(Writer *w, const Tree *n, Expr *value) {
    bool any = n->as.set.op == COMBINE_OR;
    text_add(w->out, any ? "if (" : "if (!(");
    write_expr(w, value, value->type, C_TERNARY);
    text_add(w->out, any ? ") " : ")) ");
    write_target(w, n);
    text_add(w->out, any ? " = 1;\n" : " = 0;\n");
}

static void write_set(Writer *w, const Tree *n) {
    static const char *const how[N_COMBINES] = {[COMBINE_SET] = " = ", [COMBINE_ADD] = " += ", [COMBINE_MUL] = " *= "};
    Tensor *t = n->as.set.to;
    Expr *value = prepare_value(w, n->as.set.value);
    Combine op = n->as.set.op;
    if (op == COMBINE_MAX || op == COMBINE_MIN) {
        write_best(w, n, value);
        return;
    }
    writer_indent(w);
    Home *h = map_get(w->homes, t);
    if (op == COMBINE_OR || op == COMBINE_AND) {
        write_truth(w, n, value);
        return;
    }
    if (h && h->first == n && op == COMBINE_SET && h->home == h->first_home)
        text_add(w->out, "%s%s ", h->writes == 1 ? "const " : "", local_type(w, t));
    write_assignment(w, n, value, how[op]);
}

static void write_one_by_one(Writer *w, const Tree *n) {
    const bool silent = w->silent;
    w->silent = true;
    writer_line(w, "#pragma omp ordered");
    writer_line(w, "{ /* what the share sums, behind those before it */");
    w->indent++;
    write_list(w, n->body, n);
    w->indent--;
    writer_line(w, "}");
    w->silent = silent;
}

void write_statements(Writer *w, const Tree *from, const Tree *end) {
    for (const Tree *n = from; n != end; n = n->next) {
        if (n->why && n->why != w->said && !w->silent) write_comment(w, n->why);
        if (n->why) w->said = n->why;
        if (n->kind == TREE_LOOP) write_loop(w, n);
        else if (n->kind == TREE_IF) write_test(w, n);
        else if (n->kind == TREE_SET) write_set(w, n);
        else if (n->kind == TREE_KERNEL) write_product(w, n);
        else if (n->kind == TREE_ONE_BY_ONE) write_one_by_one(w, n);
        else write_call_node(w, n);
    }
}

void write_list(Writer *w, const Tree *list, const Tree *home) {
    declare_late(w, home);
    write_statements(w, list, NULL);
}
