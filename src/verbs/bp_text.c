/* Equations back to the language.
 *
 *     W_bar[k,j] += z_bar[i,k]*x[i,j]  over i, k, j      ->   W_bar[k in 0..3, j in 0..5] = sum[i in 0..m](z_bar[i,k]*x[i,j])
 *     E_bar[tok[t],k] += m_bar[k]      over t, k         ->   E_bar[a in 0..6, k in 0..3] = sum[t in 0..T where tok[t] == a](m_bar[k])
 *
 * A tensor with several += pieces becomes one tensor for each and their sum. The strong product is spelt out as a select.
 * Reads that the language could not prove to be inside (they are, under a guard) get `| 0`. Shared parts are printed as
 * often as they are used. */
#include "verbs/bp_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/ops.h"

typedef struct {
    Graph *g;
    Text *out;
    Map *names;   /* Tensor -> how it is called */
    Map *taken;   /* Symbol -> in use by a tensor or a dim */
    Map *indices; /* index -> name, in this equation */
    bool guarded; /* reads get a fill */
    const char *reason;
} Writer;

static void print(Writer *, Expr *);
static void print_whole(Writer *, Expr *);

/* ---- names ------------------------------------------------------------------------------------------------------------- */
static Symbol free_name(Writer *w, const char *wanted) {
    char *plain = arena_strndup(w->g->arena, wanted, strlen(wanted));
    for (char *at = plain; *at; at++)
        if (*at == '.') *at = '_';
    Symbol name = name_of(w->g->names, plain);
    for (unsigned k = 2; map_get(w->taken, name); k++) name = name_printf(w->g->names, "%s_%u", plain, k);
    return name;
}

static void take_name(Writer *w, Symbol name) { map_put(w->taken, name, (void *)(uintptr_t)name); }

static const char *name_of_tensor(Writer *w, const Tensor *t) {
    if (t->role == ROLE_TRAINING) return "training";
    const char *known = map_get(w->names, t);
    if (known) return known;
    Symbol name = free_name(w, t->name);
    take_name(w, name);
    map_put(w->names, t, (void *)(uintptr_t)name);
    return name;
}

static Symbol new_index(Writer *w, const char *wanted) {
    Symbol name = free_name(w, wanted);
    take_name(w, name); /* until the equation is done */
    return name;
}

static void name_indices(Writer *w, const Domain *d) {
    w->indices = map_new(w->g->arena);
    for (uint32_t k = 0; k < d->n; k++)
        map_put(w->indices, KEY(d->range[k].index), (void *)(uintptr_t)new_index(w, w->g->indices.at[d->range[k].index].name));
}

static void forget_indices(Writer *w, const Domain *d) {
    for (uint32_t k = 0; k < d->n; k++) map_put(w->taken, map_get(w->indices, KEY(d->range[k].index)), NULL);
}

/* ---- expressions ---------------------------------------------------------------------------------------------------------- */
static void cannot(Writer *w, const char *format, const char *what) {
    if (!w->reason) w->reason = arena_printf(w->g->arena, format, what);
}

/* A real has a point, so that it is one when it is read again. */
static void print_real(Writer *w, double value) {
    char digits[40];
    if (isnan(value)) {
        text_add(w->out, "(inf - inf)");
        return;
    }
    if (isinf(value)) {
        text_add(w->out, value < 0 ? "(-inf)" : "inf");
        return;
    }
    for (int n = 1; n <= 17; n++) {
        snprintf(digits, sizeof digits, "%.*g", n, value);
        if (strtod(digits, NULL) == value) break;
    }
    text_add(w->out, "%s%s%s%s", value < 0 ? "(" : "", digits, strpbrk(digits, ".e") ? "" : ".0", value < 0 ? ")" : "");
}

static const struct { uint32_t op; const char *between; } infix[] = {
    {OP_add, " + "}, {OP_sub, " - "}, {OP_mul, "*"}, {OP_div, "/"}, {OP_floordiv, "//"}, {OP_mod, " % "}, {OP_pow, "^"}, {OP_lt, " < "},
    {OP_le, " <= "}, {OP_gt, " > "}, {OP_ge, " >= "}, {OP_eq, " == "}, {OP_ne, " != "}, {OP_and, " and "}, {OP_or, " or "}};

static void print_pair(Writer *w, const Expr *e, const char *between) {
    text_add(w->out, "(");
    print(w, e->arg[0]);
    text_add(w->out, "%s", between);
    print(w, e->arg[1]);
    text_add(w->out, ")");
}

static void print_call(Writer *w, const Expr *e, const char *name) {
    text_add(w->out, "%s(", name);
    for (uint32_t k = 0; k < e->n; k++) {
        if (k) text_add(w->out, ", ");
        print(w, e->arg[k]);
    }
    text_add(w->out, ")");
}

/* 0 where the first factor is 0, whatever the other is. */
static void print_strong(Writer *w, const Expr *e) {
    text_add(w->out, "(if ");
    print(w, e->arg[0]);
    text_add(w->out, " == 0 then 0.0 else ");
    print_pair(w, e, "*");
    text_add(w->out, ")");
}

static void print_op(Writer *w, const Expr *e) {
    const uint32_t op = e->of.number;
    for (size_t k = 0; k < sizeof infix / sizeof *infix; k++)
        if (infix[k].op == op) {
            print_pair(w, e, infix[k].between);
            return;
        }
    if (op == OP_neg || op == OP_not) {
        text_add(w->out, op == OP_neg ? "(-" : "(not ");
        print(w, e->arg[0]);
        text_add(w->out, ")");
    } else if (op == OP_smul) print_strong(w, e);
    else if (op == OP_length) print_call(w, e, "sqrt");
    else if (op == OP_polygamma && expr_is_number(e->arg[0], 0)) {
        text_add(w->out, "digamma(");
        print_whole(w, e->arg[1]);
        text_add(w->out, ")");
    } else if (op_row(w->g, op)->rule == RULE_HIDDEN_REAL) cannot(w, "the operator '%s' has no spelling", op_row(w->g, op)->name);
    else print_call(w, e, op_row(w->g, op)->name);
}

static bool is_plain(const Expr *sub) { return sub->kind == EXPR_INDEX || sub->kind == EXPR_CONST; }

static void print_read(Writer *w, const Expr *e) {
    text_add(w->out, "%s", name_of_tensor(w, e->of.tensor));
    if (e->n == 0) return;
    bool plain = true;
    text_add(w->out, "[");
    for (uint32_t k = 0; k < e->n; k++) {
        if (k) text_add(w->out, ", ");
        print(w, e->arg[k]);
        plain = plain && is_plain(e->arg[k]);
    }
    if (e->fill) {
        text_add(w->out, " | ");
        print(w, e->fill);
    } else if (w->guarded && !plain) text_add(w->out, " | 0");
    text_add(w->out, "]");
}

static void print(Writer *w, Expr *e) {
    if (w->out->n > (64u << 20)) {
        cannot(w, "%s", "shared parts, printed as often as they are used, come to more than 64 MiB");
        return;
    }
    switch (e->kind) {
    case EXPR_CONST:
        if (e->type == TYPE_REAL) print_real(w, e->of.real);
        else text_add(w->out, e->of.integer < 0 ? "(%lld)" : "%lld", (long long)e->of.integer);
        break;
    case EXPR_DIM: text_add(w->out, "%s", w->g->dims.at[e->of.number].name); break;
    case EXPR_INDEX: text_add(w->out, "%s", (const char *)map_get(w->indices, KEY(e->of.number))); break;
    case EXPR_READ: print_read(w, e); break;
    case EXPR_OP: print_op(w, e); break;
    case EXPR_SELECT:
        text_add(w->out, "(if ");
        print(w, e->arg[0]);
        text_add(w->out, " then ");
        print(w, e->arg[1]);
        text_add(w->out, " else ");
        print(w, e->arg[2]);
        text_add(w->out, ")");
        break;
    case EXPR_ARG: break;
    }
}

/* Without the parentheses around all of it. */
static void print_whole(Writer *w, Expr *e) {
    const size_t start = w->out->n;
    print(w, e);
    char *text = w->out->at + start, *end = w->out->at + w->out->n - 1;
    if (w->out->n == start || *text != '(') return;
    int depth = 0;
    for (char *at = text; at < end; at++) {
        depth += (*at == '(') - (*at == ')');
        if (depth == 0) return; /* the first closes before the end */
    }
    memmove(text, text + 1, (size_t)(end - text) - 1);
    w->out->n -= 2;
    w->out->at[w->out->n] = '\0';
}

/* ---- ranges ------------------------------------------------------------------------------------------------------------------ */
static void print_bounds(Writer *w, Expr *const *bound, uint32_t n, const char *pick) {
    if (n > 1) text_add(w->out, "%s(", pick);
    for (uint32_t k = 0; k < n; k++) {
        if (k) text_add(w->out, ", ");
        print(w, bound[k]);
    }
    if (n > 1) text_add(w->out, ")");
}

static void print_range(Writer *w, const Range *r) {
    text_add(w->out, "%s in ", (const char *)map_get(w->indices, KEY(r->index)));
    print_bounds(w, r->lo, r->n_lo, "max");
    text_add(w->out, "..");
    print_bounds(w, r->hi, r->n_hi, "min");
}

static bool is_whole(const Range *r, const Expr *extent) {
    return r->n_lo == 1 && r->n_hi == 1 && expr_is_int(r->lo[0], 0) && r->hi[0] == extent;
}

static uint32_t range_place(const Domain *d, uint32_t index) {
    for (uint32_t k = 0; k < d->n; k++)
        if (d->range[k].index == index) return k;
    return UINT32_MAX;
}

static bool bounds_use(Graph *g, const Range *r, uint32_t index) {
    for (uint32_t k = 0; k < r->n_lo; k++)
        if (expr_uses_index(g, r->lo[k], index)) return true;
    for (uint32_t k = 0; k < r->n_hi; k++)
        if (expr_uses_index(g, r->hi[k], index)) return true;
    return false;
}

/* The ranges whose indices stand on the left, as places of the domain; false where a subscript is neither a constant nor
 * an index of its own, or where the range of one depends on an index that does not stand there before it. */
static bool left_ranges(Graph *g, const Equation *e, bool *on_left) {
    for (uint32_t k = 0; k < e->target->rank; k++) {
        if (e->subs[k]->kind == EXPR_CONST) continue;
        if (e->subs[k]->kind != EXPR_INDEX) return false;
        uint32_t place = range_place(&e->domain, e->subs[k]->of.number);
        if (place == UINT32_MAX || on_left[place]) return false;
        for (uint32_t j = 0; j < e->domain.n; j++)
            if (!on_left[j] && bounds_use(g, &e->domain.range[place], e->domain.range[j].index)) return false;
        on_left[place] = true;
    }
    return true;
}

static bool covers(const Equation *e) {
    for (uint32_t k = 0; k < e->target->rank; k++) {
        if (e->subs[k]->kind == EXPR_CONST && expr_is_int(e->target->extent[k], 1)) continue;
        if (e->subs[k]->kind != EXPR_INDEX) return false;
        if (!is_whole(&e->domain.range[range_place(&e->domain, e->subs[k]->of.number)], e->target->extent[k])) return false;
    }
    return true;
}

/* ---- equations --------------------------------------------------------------------------------------------------------------- */
static const char *const reduction[N_COMBINES] = {
    [COMBINE_ADD] = "sum", [COMBINE_MUL] = "prod", [COMBINE_MAX] = "max", [COMBINE_MIN] = "min", [COMBINE_LOGSUMEXP] = "logsumexp",
    [COMBINE_ARGMAX] = "argmax", [COMBINE_ARGMIN] = "argmin", [COMBINE_OR] = "any", [COMBINE_AND] = "all"};

static void print_left(Writer *w, const Equation *e, const char *name) {
    text_add(w->out, "%s", name);
    for (uint32_t k = 0; k < e->target->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        if (e->subs[k]->kind == EXPR_INDEX) print_range(w, &e->domain.range[range_place(&e->domain, e->subs[k]->of.number)]);
        else print(w, e->subs[k]);
    }
    text_add(w->out, "%s = ", e->target->rank ? "]" : "");
}

/* op[ranges that are not on the left where guard](body) */
static void print_right(Writer *w, const Equation *e, const bool *on_left, Expr *guard) {
    uint32_t reduced = 0;
    for (uint32_t k = 0; k < e->domain.n; k++) {
        if (on_left[k]) continue;
        if (reduced++) text_add(w->out, ", ");
        else text_add(w->out, "%s[", reduction[e->target->op]);
        print_range(w, &e->domain.range[k]);
    }
    if (reduced == 0 && guard) {
        if (e->target->op != COMBINE_ADD && e->target->op != COMBINE_SET) cannot(w, "'%s' has an element under a condition", e->target->name);
        text_add(w->out, "if ");
        print(w, guard);
        text_add(w->out, " then ");
    } else if (guard) {
        text_add(w->out, " where ");
        print_whole(w, guard);
    }
    if (reduced) text_add(w->out, "](");
    print_whole(w, e->body);
    text_add(w->out, reduced ? ")\n" : guard ? " else 0.0\n" : "\n");
}

static void print_direct(Writer *w, const Equation *e, const bool *on_left, const char *name) {
    print_left(w, e, name);
    print_right(w, e, on_left, e->domain.guard);
}

/* index + c, or index - c: the place of the index in the domain and c; UINT32_MAX where the subscript is something else. */
static uint32_t shifted_index(const Domain *d, const Expr *sub, int64_t *c) {
    *c = 0;
    if (sub->kind == EXPR_OP && (sub->of.number == OP_add || sub->of.number == OP_sub) && sub->arg[0]->kind == EXPR_INDEX &&
        sub->arg[1]->kind == EXPR_CONST) {
        *c = sub->of.number == OP_add ? sub->arg[1]->of.integer : -sub->arg[1]->of.integer;
        sub = sub->arg[0];
    }
    return sub->kind == EXPR_INDEX ? range_place(d, sub->of.number) : UINT32_MAX;
}

/* lo <= at < hi, but for what the axis 0..extent says already. */
static Expr *inside(Graph *g, const Range *r, Expr *at, const Expr *axis, const Expr *extent) {
    Expr *all = NULL;
    for (uint32_t k = 0; k < r->n_lo; k++)
        if (at != axis || !expr_is_int(r->lo[k], 0)) all = expr_and(g, all, expr_op2(g, OP_le, r->lo[k], at));
    for (uint32_t k = 0; k < r->n_hi; k++)
        if (at != axis || r->hi[k] != extent) all = expr_and(g, all, expr_op2(g, OP_lt, at, r->hi[k]));
    return all;
}

static Expr **apply_all(Subst *s, Graph *g, Expr *const *list, uint32_t n) {
    Expr **all = NEW_ARRAY(g->arena, Expr *, n + 1);
    for (uint32_t k = 0; k < n; k++) all[k] = subst_apply(s, list[k]);
    return all;
}

/* Any += piece as an equation of every element. Where a subscript is an index and a constant, the index is solved for; else
 * the element sums over the points whose subscripts name it:
 *     T[t-1] += f(t)   over t in 1..n    ->   T[e] = if 1 <= e+1 < n then f(e+1) else 0 */
static Equation solved(Writer *w, const Equation *e) {
    Graph *g = w->g;
    const Domain *d = &e->domain;
    const uint32_t rank = e->target->rank;
    Expr **axis = NEW_ARRAY(g->arena, Expr *, rank + 1), *guard = NULL;
    bool *gone = NEW_ARRAY(g->arena, bool, d->n + 1);
    Subst *s = subst_new(g);
    Domain all = {.range = NEW_ARRAY(g->arena, Range, rank + d->n + 1)};
    for (uint32_t k = 0; k < rank; k++) {
        int64_t c;
        const uint32_t index = graph_add_index(g, name_of(g->names, "e")), place = shifted_index(d, e->subs[k], &c);
        axis[k] = expr_index(g, index);
        all.range[all.n++] = range_make(g, index, expr_int(g, 0), e->target->extent[k]);
        if (place == UINT32_MAX || gone[place]) {
            guard = expr_and(g, guard, expr_op2(g, OP_eq, e->subs[k], axis[k]));
            continue;
        }
        Expr *at = expr_sub(g, axis[k], expr_int(g, c));
        gone[place] = true;
        subst_index(s, d->range[place].index, at);
        guard = expr_and(g, guard, inside(g, &d->range[place], at, axis[k], e->target->extent[k]));
    }
    for (uint32_t k = 0; k < d->n; k++) {
        const Range *r = &d->range[k];
        if (!gone[k]) all.range[all.n++] = (Range){r->index, r->n_lo, r->n_hi, apply_all(s, g, r->lo, r->n_lo), apply_all(s, g, r->hi, r->n_hi)};
    }
    guard = expr_and(g, guard, d->guard);
    all.guard = guard ? subst_apply(s, guard) : NULL;
    Equation made = *e;
    made.subs = axis;
    made.domain = all;
    made.body = subst_apply(s, e->body);
    return made;
}

static void print_equation(Writer *w, const Equation *e, const char *name) {
    bool *on_left = NEW_ARRAY(w->g->arena, bool, e->domain.n + 1);
    const Combine op = e->target->op;
    /* What stands under a condition in the graph may be read whole in the language: a made tensor gets all its elements. */
    const bool whole = op == COMBINE_ADD || (e->target->role > ROLE_WRITTEN && e == e->target->pieces && !e->next);
    bool direct = left_ranges(w->g, e, on_left) && (!whole || covers(e));
    Equation other;
    if (!direct && whole) {
        other = solved(w, e);
        e = &other;
        on_left = NEW_ARRAY(w->g->arena, bool, e->domain.n + 1);
        direct = left_ranges(w->g, e, on_left);
    }
    w->guarded = e->target->role > ROLE_WRITTEN || e->domain.guard;
    name_indices(w, &e->domain);
    if (direct) print_direct(w, e, on_left, name);
    else cannot(w, "the subscripts of '%s' have no spelling on the left side", e->target->name);
    if ((op == COMBINE_ARGMAX || op == COMBINE_ARGMIN) && e->label->kind != EXPR_INDEX)
        cannot(w, "'%s' is the place of a winner among several axes", e->target->name);
    forget_indices(w, &e->domain);
}

/* T = T_1 + T_2 + … over whole axes. */
static void print_sum(Writer *w, const Tensor *t, const char *name, Symbol *part, uint32_t n) {
    Expr **index = NEW_ARRAY(w->g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(w->g, t, index);
    name_indices(w, &d);
    text_add(w->out, "%s", name);
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        print_range(w, &d.range[k]);
    }
    text_add(w->out, "%s = ", t->rank ? "]" : "");
    for (uint32_t k = 0; k < n; k++) {
        text_add(w->out, "%s%s", k ? " + " : "", part[k]);
        for (uint32_t j = 0; j < t->rank; j++) text_add(w->out, "%s%s", j ? ", " : "[", (const char *)map_get(w->indices, KEY(index[j]->of.number)));
        text_add(w->out, "%s", t->rank ? "]" : "");
    }
    text_add(w->out, "\n");
    forget_indices(w, &d);
}

static void print_nothing(Writer *w, const Tensor *t, const char *name) {
    Expr **index = NEW_ARRAY(w->g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(w->g, t, index);
    name_indices(w, &d);
    text_add(w->out, "%s", name);
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        print_range(w, &d.range[k]);
    }
    text_add(w->out, "%s = %s\n", t->rank ? "]" : "", t->op == COMBINE_MUL ? "1.0" : "0.0");
    forget_indices(w, &d);
}

static void print_tensor(Writer *w, const Tensor *t) {
    const char *name = name_of_tensor(w, t);
    uint32_t n = 0;
    for (const Equation *e = t->pieces; e; e = e->next) n++;
    if (t->call) cannot(w, "'%s' is linear algebra", t->name);
    if (n == 0) print_nothing(w, t, name);
    const char *before = t->marks & MARK_LOSS ? "loss " : t->marks & MARK_METRIC ? "metric " : "";
    Symbol *part = NEW_ARRAY(w->g->arena, Symbol, n + 1);
    uint32_t k = 0;
    for (const Equation *e = t->pieces; e; e = e->next) {
        const bool split = n > 1 && t->op == COMBINE_ADD;
        if (split) take_name(w, part[k] = free_name(w, arena_printf(w->g->arena, "%s_%u", name, k + 1)));
        if (!split) text_add(w->out, "%s", before);
        print_equation(w, e, split ? part[k++] : name);
    }
    if (k > 0) {
        text_add(w->out, "%s", before);
        print_sum(w, t, name, part, k);
    }
}

/* ---- declarations ------------------------------------------------------------------------------------------------------------- */
static void print_values(Writer *w, const Tensor *t, const double *values, uint32_t axis, int64_t *at) {
    if (axis == t->rank) {
        const double value = values[(*at)++];
        if (t->type == TYPE_INT) text_add(w->out, "%.0f", value);
        else if (value < 0 && isfinite(value)) {
            text_add(w->out, "-");
            print_real(w, -value);
        } else print_real(w, value);
        return;
    }
    text_add(w->out, "[");
    for (int64_t k = 0; k < t->extent[axis]->of.integer; k++) {
        if (k) text_add(w->out, ", ");
        print_values(w, t, values, axis + 1, at);
    }
    text_add(w->out, "]");
}

static void print_initial(Writer *w, const Tensor *t) {
    const Init *init = &t->init;
    int64_t at = 0;
    if (init->kind == INIT_VALUE && init->values) {
        text_add(w->out, " = ");
        print_values(w, t, init->values, 0, &at);
        return;
    }
    text_add(w->out, " ~ %s", init_spelling[init->kind]);
    if (init->kind == INIT_NORMAL || init->kind == INIT_UNIFORM) text_add(w->out, "(%.17g, %.17g)", init->a, init->b);
    else if (init->kind >= INIT_XAVIER && init->kind <= INIT_LECUN) text_add(w->out, "(fan_in = %lld, fan_out = %lld)", (long long)init->fan_in, (long long)init->fan_out);
}

static void print_declaration(Writer *w, const Tensor *t) {
    static const char *const word[] = {[ROLE_CONST] = "const", [ROLE_INPUT] = "input", [ROLE_PARAM] = "param", [ROLE_STATE] = "state"};
    int64_t at = 0;
    if (t->role == ROLE_TRAINING) return;
    text_add(w->out, "%s %s", t->role == ROLE_SEED ? "input" : word[t->role], name_of_tensor(w, t));
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        print(w, t->extent[k]);
    }
    text_add(w->out, "%s", t->rank ? "]" : "");
    if (t->role == ROLE_INPUT && t->type == TYPE_INT && t->lo && t->hi) {
        text_add(w->out, " in ");
        print(w, t->lo);
        text_add(w->out, "..");
        print(w, t->hi);
    }
    if (t->role == ROLE_CONST) {
        text_add(w->out, " = ");
        print_values(w, t, t->values, 0, &at);
    }
    if (t->role == ROLE_PARAM || t->role == ROLE_STATE) print_initial(w, t);
    text_add(w->out, "\n");
}

/* ---- the file -------------------------------------------------------------------------------------------------------------------- */
static void need(Graph *g, const Tensor *t, bool *needed) {
    VEC(Tensor *) stack = {0};
    vec_push(g->arena, &stack, g->tensors.at[t->number]);
    while (stack.n > 0) {
        const Tensor *top = stack.at[--stack.n];
        if (needed[top->number]) continue;
        needed[top->number] = true;
        VEC(Expr *) roots = {0};
        for (const Equation *e = top->pieces; e; e = e->next) {
            vec_push(g->arena, &roots, e->body);
            vec_push(g->arena, &roots, e->domain.guard);
            for (uint32_t k = 0; k < top->rank; k++) vec_push(g->arena, &roots, e->subs[k]);
            for (uint32_t k = 0; k < e->domain.n; k++) {
                for (uint32_t j = 0; j < e->domain.range[k].n_lo; j++) vec_push(g->arena, &roots, e->domain.range[k].lo[j]);
                for (uint32_t j = 0; j < e->domain.range[k].n_hi; j++) vec_push(g->arena, &roots, e->domain.range[k].hi[j]);
            }
        }
        ExprList all = expr_walk(g, roots.at, roots.n);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_READ) vec_push(g->arena, &stack, all.at[k]->of.tensor);
    }
}

static bool is_supplied(const Tensor *t) {
    return t->role == ROLE_CONST || t->role == ROLE_INPUT || t->role == ROLE_PARAM || t->role == ROLE_STATE || t->role == ROLE_SEED ||
           t->role == ROLE_TRAINING;
}

static void print_outputs(Writer *w, Tensor *const *goals, uint32_t n) {
    const char *before = "output ";
    for (uint32_t k = 0; k < n; k++) {
        bool again = is_supplied(goals[k]) || (goals[k]->marks & (MARK_LOSS | MARK_METRIC));
        for (uint32_t j = 0; j < k; j++) again |= goals[j] == goals[k];
        if (again) continue;
        text_add(w->out, "%s%s", before, name_of_tensor(w, goals[k]));
        before = ", ";
    }
    text_add(w->out, "\n");
}

bool bp_print(Graph *g, Tensor *const *goals, uint32_t n, Text *out, const char **reason) {
    Writer w = {.g = g, .out = out, .names = map_new(g->arena), .taken = map_new(g->arena), .indices = map_new(g->arena)};
    bool *needed = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    const uint32_t n_tensors = g->tensors.n;
    for (uint32_t k = 0; k < n; k++) need(g, goals[k], needed);
    text_add(out, "real %s\n", g->f64 ? "f64" : "f32");
    for (uint32_t k = 0; k < g->dims.n; k++) {
        text_add(out, "%s%s", k ? ", " : "dim ", g->dims.at[k].name);
        take_name(&w, g->dims.at[k].name);
    }
    text_add(out, "%s", g->dims.n ? "\n" : "");
    for (uint32_t k = 0; k < n_tensors; k++)
        if (needed[k] || g->tensors.at[k]->role == ROLE_INPUT || g->tensors.at[k]->role == ROLE_PARAM) name_of_tensor(&w, g->tensors.at[k]);
    for (uint32_t k = 0; k < n_tensors; k++) {
        const Tensor *t = g->tensors.at[k];
        if ((needed[k] && is_supplied(t)) || t->role == ROLE_INPUT || t->role == ROLE_PARAM) print_declaration(&w, t);
    }
    text_add(out, "\n");
    for (uint32_t k = 0; k < n_tensors; k++)
        if (needed[k] && !is_supplied(g->tensors.at[k])) print_tensor(&w, g->tensors.at[k]);
    print_outputs(&w, goals, n);
    *reason = w.reason;
    return w.reason == NULL;
}
