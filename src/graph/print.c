/* Printing a Graph as the language writes it: for --emit graph, and for the comments of generated code.
 *
 *     z[i, k] = sum[j](W[k, j]*x[i, j])                     i in 0..m, k in 0..128, j in 0..64
 *
 * A DAG is never printed as a tree: what would come out longer than a few lines gets its shared parts named. */
#include "graph/print.h"

#include <math.h>
#include <string.h>

#include "graph/ops.h"

typedef struct { const char *before, *between; int level; } Spelling; /* level: binding strength, as section 4 orders it */
enum { LEVEL_IF, LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_SUM, LEVEL_TERM, LEVEL_UNARY, LEVEL_ATOM };

static const Spelling spelling[N_OPS] = {
    [OP_neg] = {"-", NULL, LEVEL_UNARY},    [OP_add] = {"", " + ", LEVEL_SUM},       [OP_sub] = {"", " - ", LEVEL_SUM},
    [OP_mul] = {"", "*", LEVEL_TERM},       [OP_smul] = {"", "*", LEVEL_TERM},       [OP_div] = {"", "/", LEVEL_TERM},
    [OP_floordiv] = {"", "//", LEVEL_TERM}, [OP_mod] = {"", " % ", LEVEL_TERM},      [OP_lt] = {"", " < ", LEVEL_COMPARE},
    [OP_le] = {"", " <= ", LEVEL_COMPARE},  [OP_gt] = {"", " > ", LEVEL_COMPARE},    [OP_ge] = {"", " >= ", LEVEL_COMPARE},
    [OP_eq] = {"", " == ", LEVEL_COMPARE},  [OP_ne] = {"", " != ", LEVEL_COMPARE},   [OP_and] = {"", " and ", LEVEL_AND},
    [OP_or] = {"", " or ", LEVEL_OR},       [OP_not] = {"not ", NULL, LEVEL_NOT},
};

static void print(Printer *, Expr *, int level);

void number_print(Text *out, double value) {
    if (isnan(value)) text_add(out, "nan");
    else if (isinf(value)) text_add(out, value > 0 ? "inf" : "-inf");
    else {
        char buffer[40];
        for (int digits = 1; digits <= 17; digits++) { /* the shortest that reads back */
            snprintf(buffer, sizeof buffer, "%.*g", digits, value);
            double back;
            if (sscanf(buffer, "%lf", &back) == 1 && back == value) break;
        }
        text_add(out, "%s", buffer);
    }
}

static void print_list(Printer *p, Expr *const *e, uint32_t n) {
    for (uint32_t k = 0; k < n; k++) {
        if (k) text_add(p->out, ",");
        print(p, e[k], LEVEL_OR);
    }
}

static void print_read(Printer *p, const Expr *e) {
    const char *name = p->tensors ? map_get(p->tensors, e->of.tensor) : NULL;
    text_add(p->out, "%s", name ? name : e->of.tensor->name);
    if (e->n == 0 && !e->fill) return;
    text_add(p->out, "[");
    print_list(p, e->arg, e->n);
    if (e->fill) {
        text_add(p->out, " | ");
        print(p, e->fill, LEVEL_IF);
    }
    text_add(p->out, "]");
}

static bool is_negative(const Expr *e) { return e->kind == EXPR_CONST && (e->type == TYPE_INT ? e->of.integer < 0 : e->of.real < 0); }

/* A strong product, which the language does not have: smul(smul(a, b), c) is 0 where a or b is. */
static void print_strong(Printer *p, Expr *e, int level) {
    VEC(Expr *) factor = {0};
    for (; expr_is_op(e, OP_smul); e = e->arg[0]) vec_push(p->g->arena, &factor, e->arg[1]);
    vec_push(p->g->arena, &factor, e);
    text_add(p->out, "%sif ", level > LEVEL_IF ? "(" : "");
    for (uint32_t k = factor.n; k-- > 1;) {
        print(p, factor.at[k], LEVEL_SUM);
        text_add(p->out, k > 1 ? " == 0 or " : " == 0 then 0 else ");
    }
    for (uint32_t k = factor.n; k-- > 0;) {
        print(p, factor.at[k], LEVEL_TERM + 1);
        text_add(p->out, k ? "*" : "");
    }
    if (level > LEVEL_IF) text_add(p->out, ")");
}

static void print_op(Printer *p, Expr *e, int level) {
    uint32_t op = e->of.number;
    if (p->tensors && op == OP_smul) {
        print_strong(p, e, level);
        return;
    }
    const Spelling *s = op < N_OPS ? &spelling[op] : NULL;
    if (!s || !s->before) {
        if (p->tensors && op == OP_polygamma) text_add(p->out, "digamma(");
        else text_add(p->out, "%s(", p->tensors && op == OP_length ? "sqrt" : op_row(p->g, op)->name);
        print_list(p, p->tensors && op == OP_polygamma ? e->arg + 1 : e->arg, p->tensors && op == OP_polygamma ? 1 : e->n);
        text_add(p->out, ")");
        return;
    }
    bool paren = s->level < level;
    text_add(p->out, "%s%s", paren ? "(" : "", s->before);
    if (s->between && op == OP_add && is_negative(e->arg[1])) { /* x + -1 is written x - 1 */
        print(p, e->arg[0], s->level);
        text_add(p->out, " - ");
        print(p, expr_op1(p->g, OP_neg, e->arg[1]), s->level + 1);
    } else if (s->between) {
        print(p, e->arg[0], s->level + (s->level == LEVEL_COMPARE));
        text_add(p->out, "%s", s->between);
        print(p, e->arg[1], s->level + 1);
    } else {
        print(p, e->arg[0], s->level);
    }
    if (paren) text_add(p->out, ")");
}

static void print(Printer *p, Expr *e, int level) {
    Text *out = p->out;
    const char *known = p->named ? map_get(p->named, e) : NULL;
    if (known) {
        text_add(out, "%s", known);
        return;
    }
    switch (e->kind) {
    case EXPR_CONST: {
        bool paren = is_negative(e) && level > LEVEL_SUM;
        if (paren) text_add(out, "(");
        if (e->type == TYPE_INT) text_add(out, "%lld", (long long)e->of.integer);
        else number_print(out, e->of.real);
        if (paren) text_add(out, ")");
        break;
    }
    case EXPR_DIM: text_add(out, "%s", p->g->dims.at[e->of.number].name); break;
    case EXPR_INDEX: text_add(out, "%s", p->g->indices.at[e->of.number].name); break;
    case EXPR_ARG: text_add(out, "%c", "abcy"[e->of.number]); break;
    case EXPR_READ: print_read(p, e); break;
    case EXPR_OP: print_op(p, e, level); break;
    case EXPR_SELECT:
        text_add(out, "%sif ", level > LEVEL_IF ? "(" : "");
        print(p, e->arg[0], LEVEL_OR);
        text_add(out, " then ");
        print(p, e->arg[1], LEVEL_OR);
        text_add(out, " else ");
        print(p, e->arg[2], LEVEL_IF);
        if (level > LEVEL_IF) text_add(out, ")");
        break;
    }
}

/* Nodes of the expression as a tree, counted no further than what is left of `room`. */
static int tree_size(const Expr *e, int room) {
    int n = 1;
    for (uint32_t k = 0; k < e->n && n < room; k++) n += tree_size(e->arg[k], room - n);
    if (e->fill && n < room) n += tree_size(e->fill, room - n);
    return n;
}

/* Gives names (t1, t2, …) to what is used twice, once the tree would be longer than `limit` nodes. */
static void name_shared(Printer *p, Expr *root, int limit) {
    if (tree_size(root, limit + 1) <= limit) return;
    ExprList all = expr_walk(p->g, &root, 1);
    Map *uses = map_new(p->g->arena);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *e = all.at[k];
        for (uint32_t a = 0; a < e->n + (e->fill != NULL); a++) {
            Expr *child = a < e->n ? e->arg[a] : e->fill;
            map_put(uses, child, (void *)((uintptr_t)map_get(uses, child) + 1));
        }
    }
    p->named = map_new(p->g->arena);
    unsigned made = 0;
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *e = all.at[k];
        bool small = e->kind != EXPR_OP && e->kind != EXPR_SELECT;
        if (small || (uintptr_t)map_get(uses, e) < 2) continue;
        const char *name = arena_printf(p->g->arena, "t%u", ++made);
        text_add(p->out, "%s = ", name);
        print(p, e, LEVEL_IF);
        text_add(p->out, "; ");
        map_put(p->named, e, (void *)(uintptr_t)name);
    }
}

void expr_print(const Graph *g, Text *out, Expr *e) {
    Printer p = {(Graph *)(uintptr_t)g, out, NULL, NULL};
    name_shared(&p, e, 400);
    print(&p, e, LEVEL_IF);
}

void expr_print_named(const Graph *g, Text *out, Expr *e, Map *tensors) {
    Printer p = {(Graph *)(uintptr_t)g, out, NULL, tensors};
    print(&p, e, LEVEL_IF);
}

/* ---- equations ---------------------------------------------------------------------------------------- */
static const char *const reduction_name[N_COMBINES] = {"", "sum", "prod", "max", "min", "logsumexp", "argmax", "argmin", "any", "all"};

static void print_bounds(Printer *p, const char *pick, Expr *const *bound, uint32_t n) {
    if (n > 1) text_add(p->out, "%s(", pick);
    for (uint32_t k = 0; k < n; k++) {
        if (k) text_add(p->out, ", ");
        print(p, bound[k], n > 1 ? LEVEL_OR : LEVEL_SUM);
    }
    if (n > 1) text_add(p->out, ")");
}
static void print_range(Printer *p, const Range *r) {
    text_add(p->out, "%s in ", p->g->indices.at[r->index].name);
    print_bounds(p, "max", r->lo, r->n_lo);
    text_add(p->out, "..");
    print_bounds(p, "min", r->hi, r->n_hi);
}
/* A range that a reader would take for granted: 0 to the extent of the axis it stands on. */
static bool is_plain(const Equation *e, const Range *r) {
    if (r->n_lo != 1 || r->n_hi != 1 || !expr_is_int(r->lo[0], 0)) return false;
    for (uint32_t k = 0; k < e->target->rank; k++)
        if (e->subs[k]->kind == EXPR_INDEX && e->subs[k]->of.number == r->index) return e->target->extent[k] == r->hi[0];
    return false;
}
/* An index inside a subscript of the left, as in h_bar[t - 1]: each of its values writes elsewhere, so it is not summed. */
static bool is_inside_left(Graph *g, const Equation *e, uint32_t index) {
    for (uint32_t k = 0; k < e->target->rank; k++)
        if (e->subs[k]->kind != EXPR_INDEX && expr_uses_index(g, e->subs[k], index)) return true;
    return false;
}

static bool is_scatter(Graph *g, const Equation *e) {
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!equation_has_left(e, e->domain.range[k].index) && is_inside_left(g, e, e->domain.range[k].index)) return true;
    return false;
}

static void print_reduction(Printer *p, const Equation *e) {
    bool first = true;
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        if (equation_has_left(e, r->index) || is_inside_left(p->g, e, r->index)) continue;
        text_add(p->out, "%s", first ? reduction_name[e->target->op] : ",");
        if (first) text_add(p->out, "[");
        first = false;
        if (r->n_lo == 1 && r->n_hi == 1 && expr_is_int(r->lo[0], 0)) text_add(p->out, "%s", p->g->indices.at[r->index].name);
        else print_range(p, r);
    }
    const bool scatters = is_scatter(p->g, e), guard_inside = e->domain.guard && !(first && scatters);
    if (guard_inside) {
        text_add(p->out, "%s where ", first ? "sum[" : "");
        print(p, e->domain.guard, LEVEL_OR);
        first = false;
    }
    if (!first) text_add(p->out, "](");
    print(p, e->body, LEVEL_IF);
    if (!first) text_add(p->out, ")");
    for (uint32_t k = 0; k < e->domain.n; k++) {
        if (equation_has_left(e, e->domain.range[k].index) || !is_inside_left(p->g, e, e->domain.range[k].index)) continue;
        text_add(p->out, ", ");
        print_range(p, &e->domain.range[k]);
    }
    if (!e->domain.guard || guard_inside) return;
    text_add(p->out, " where ");
    print(p, e->domain.guard, LEVEL_OR);
}

/* A term among others of its tensor (and not what sets the tensor to zero before, which is in no list). */
static bool is_one_of_many(const Equation *e) {
    const Tensor *t = e->target;
    return t->op == COMBINE_ADD && t->pieces && t->pieces->next && (e->next || e == t->last_piece);
}

void equation_print(const Graph *g, Text *out, const Equation *e) {
    Printer p = {(Graph *)(uintptr_t)g, out, NULL, NULL};
    text_add(out, "%s", e->target->name);
    if (e->target->rank) {
        text_add(out, "[");
        for (uint32_t k = 0; k < e->target->rank; k++) {
            if (k) text_add(out, ",");
            const Range *r = NULL;
            for (uint32_t d = 0; d < e->domain.n; d++)
                if (e->subs[k]->kind == EXPR_INDEX && e->domain.range[d].index == e->subs[k]->of.number) r = &e->domain.range[d];
            if (r && !is_plain(e, r)) print_range(&p, r);
            else print(&p, e->subs[k], LEVEL_OR);
        }
        text_add(out, "]");
    }
    text_add(out, is_one_of_many(e) || (e->target->op == COMBINE_ADD && is_scatter(p.g, e)) ? " += " : " = ");
    name_shared(&p, e->body, 400);
    print_reduction(&p, e);
}

static const char *const role_name[] = {"const", "input", "param", "state", "random", "training", "written", "part", "adjoint", "tangent", "winner", "seed"};

void graph_print(const Graph *g, Text *out) {
    for (uint32_t k = 0; k < g->dims.n; k++) text_add(out, "dim %s\n", g->dims.at[k].name);
    Printer p = {(Graph *)(uintptr_t)g, out, NULL, NULL};
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        if (!t->pieces && !t->call && t->role == ROLE_TRAINING) continue;
        text_add(out, "%s %s %s", role_name[t->role], t->type == TYPE_INT ? "int" : "real", t->name);
        if (t->rank) {
            text_add(out, "[");
            print_list(&p, t->extent, t->rank);
            text_add(out, "]");
        }
        if (t->marks & MARK_OUTPUT) text_add(out, " output");
        if (t->marks & MARK_LOSS) text_add(out, " loss");
        if (t->marks & MARK_METRIC) text_add(out, " metric");
        text_add(out, "\n");
        for (const Equation *e = t->pieces; e; e = e->next) {
            text_add(out, "    ");
            equation_print(g, out, e);
            for (uint32_t d = 0; d < e->domain.n; d++) {
                text_add(out, d ? ", " : "    over ");
                print_range(&p, &e->domain.range[d]);
            }
            text_add(out, "\n");
        }
    }
}
