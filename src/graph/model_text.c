/* --emit bp: equations as the language writes them.
 *
 *     output w_bar[k] = sum[i](z_bar[i, k]*x[i])
 *
 * The language knows neither += nor writing at computed places. A term of a sum whose left side is bare indices is
 * itself; one at a shifted index is solved for it (`h_bar[t-1] += f(t)` is `f(t+1)`, where t+1 is inside); any other
 * is a filtered sum: `E_bar[v] += …` at tok[i] is `sum[i where tok[i] == v](…)`, which the simplifier reads back. */
#include "graph/model_text.h"

#include <math.h>
#include <string.h>

#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/print.h"
#include "graph/restrict.h"

typedef struct {
    Graph *g;
    Text *out;
    Map *taken;  /* Symbol -> in use: names of tensors and dims */
    Map *names;  /* Tensor -> name */
    bool *needed;
} Writer;

static const char *const reserved[] = {"if", "then", "else", "and", "or", "not", "in", "where", "inf", "pi"};

/* Names with a dot (fc1.W) cannot be declared; nor may two be the same. */
static Symbol free_symbol(Writer *w, const char *wanted) {
    char *name = arena_strndup(w->g->arena, wanted, strlen(wanted));
    for (char *c = name; *c; c++)
        if (*c == '.') *c = '_';
    Symbol symbol = name_of(w->g->names, name);
    bool bad = false;
    for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++) bad |= strcmp(name, reserved[k]) == 0;
    for (unsigned n = 2; bad || map_get(w->taken, symbol); n++, bad = false) symbol = name_printf(w->g->names, "%s_%u", name, n);
    map_put(w->taken, symbol, (void *)(uintptr_t)symbol);
    return symbol;
}

/* ---- what is needed --------------------------------------------------------------------------------------------- */
static void need(Writer *w, Tensor *start) {
    VEC(Tensor *) work = {0};
    Graph *g = w->g;
    vec_push(g->arena, &work, start);
    while (work.n) {
        Tensor *t = work.at[--work.n];
        if (w->needed[t->number]) continue;
        w->needed[t->number] = true;
        for (uint32_t k = 0; t->call && k < t->call->n; k++) vec_push(g->arena, &work, t->call->arg[k]);
        for (Equation *e = t->pieces; e; e = e->next) {
            VEC(Expr *) roots = {0};
            vec_push(g->arena, &roots, e->body);
            vec_push(g->arena, &roots, e->domain.guard);
            for (uint32_t k = 0; k < t->rank; k++) vec_push(g->arena, &roots, e->subs[k]);
            for (uint32_t k = 0; k < e->domain.n; k++) {
                for (uint32_t b = 0; b < e->domain.range[k].n_lo; b++) vec_push(g->arena, &roots, e->domain.range[k].lo[b]);
                for (uint32_t b = 0; b < e->domain.range[k].n_hi; b++) vec_push(g->arena, &roots, e->domain.range[k].hi[b]);
            }
            ExprList all = expr_walk(g, roots.at, roots.n);
            for (uint32_t k = 0; k < all.n; k++)
                if (all.at[k]->kind == EXPR_READ) vec_push(g->arena, &work, all.at[k]->of.tensor);
        }
    }
}

/* ---- declarations -------------------------------------------------------------------------------------------------- */
static void print_expr(Writer *w, Expr *e) { expr_print_named(w->g, w->out, e, w->names); }

static void print_shape(Writer *w, const Tensor *t) {
    text_add(w->out, "%s", (const char *)map_get(w->names, t));
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        print_expr(w, t->extent[k]);
    }
    if (t->rank) text_add(w->out, "]");
}

static const double *print_values(Writer *w, const Tensor *t, uint32_t axis, const double *at) {
    if (axis == t->rank) {
        number_print(w->out, *at);
        return at + 1;
    }
    text_add(w->out, "[");
    for (int64_t k = 0; k < t->extent[axis]->of.integer; k++) {
        text_add(w->out, k ? ", " : "");
        at = print_values(w, t, axis + 1, at);
    }
    text_add(w->out, "]");
    return at;
}

static void print_distribution(Writer *w, const Tensor *t) {
    const Init *init = &t->init;
    if (init->kind == INIT_VALUE) {
        int64_t n = 1;
        bool same = true;
        for (uint32_t k = 0; k < t->rank; k++) n *= t->extent[k]->of.integer;
        for (int64_t k = 1; init->values && k < n; k++) same &= init->values[k] == init->values[0];
        text_add(w->out, " = ");
        if (!init->values) number_print(w->out, init->a);
        else if (same) number_print(w->out, init->values[0]);
        else print_values(w, t, 0, init->values);
        return;
    }
    text_add(w->out, " ~ %s", init_spelling[init->kind]);
    if (init->kind == INIT_NORMAL || init->kind == INIT_UNIFORM || init->kind == INIT_BERNOULLI) {
        text_add(w->out, "(");
        for (int k = 0; k < (init->kind == INIT_BERNOULLI ? 1 : 2); k++) {
            text_add(w->out, k ? ", " : "");
            if (init->arg[k]) print_expr(w, init->arg[k]);
            else number_print(w->out, k ? init->b : init->a);
        }
        text_add(w->out, ")");
    } else if (init->kind >= INIT_XAVIER && init->kind <= INIT_LECUN && init->fan_in > 0) {
        text_add(w->out, "(fan_in = %lld, fan_out = %lld)", (long long)init->fan_in, (long long)init->fan_out);
    }
}

static bool print_declaration(Writer *w, const Tensor *t) {
    static const struct { Role role; const char *word; } words[] = {
        {ROLE_INPUT, "input"}, {ROLE_SEED, "input"}, {ROLE_PARAM, "param"}, {ROLE_STATE, "state"}, {ROLE_RANDOM, "random"}, {ROLE_CONST, "const"}};
    const char *word = NULL;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (words[k].role == t->role) word = words[k].word;
    if (!word) return t->role == ROLE_TRAINING;
    text_add(w->out, "%s ", word);
    print_shape(w, t);
    if (t->role == ROLE_CONST) {
        text_add(w->out, " = ");
        print_values(w, t, 0, t->values);
    } else if (t->role == ROLE_PARAM || t->role == ROLE_STATE || t->role == ROLE_RANDOM) {
        print_distribution(w, t);
    } else if (t->type == TYPE_INT && t->lo) {
        text_add(w->out, " in ");
        print_expr(w, t->lo);
        text_add(w->out, "..");
        print_expr(w, t->hi);
    }
    text_add(w->out, "\n");
    return true;
}

/* ---- equations --------------------------------------------------------------------------------------------------------- */
typedef struct {
    const Equation *e;
    Expr **left;      /* the indices of the left side; of a piece of `=`, its subscripts */
    Subst *subst;
    Domain reduced;   /* what is summed over */
    Expr *filter;     /* of the sum */
    Expr *inside;     /* the term counts only here; NULL: everywhere */
} Term;

static const Range *range_of(const Domain *d, const Expr *index) {
    for (uint32_t k = 0; k < d->n; k++)
        if (index->kind == EXPR_INDEX && d->range[k].index == index->of.number) return &d->range[k];
    return NULL;
}

/* An index of the domain that the subscript is solved for: coefficient 1 or -1, and not solved yet. */
static const Range *solvable(Graph *g, const Equation *e, Expr *sub, const Map *solved, Affine *rest, int64_t *by) {
    Affine form, self;
    if (!affine_of(g, sub, &form)) return NULL;
    for (uint32_t k = e->domain.n; k-- > 0;) {
        Expr *index = expr_index(g, e->domain.range[k].index);
        *by = affine_coefficient(&form, index);
        if ((*by != 1 && *by != -1) || map_get(solved, index)) continue;
        if (affine_of(g, index, &self) && affine_add(&form, &self, -*by, rest)) return &e->domain.range[k];
    }
    return NULL;
}

/* Reads whose subscripts a solved index may carry outside get a fill: outside, the term does not count. */
static Expr *fill_reads(Graph *g, Expr *e, const Domain *d) {
    ExprList all = expr_walk(g, &e, 1);
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *x = all.at[k];
        if (x->kind != EXPR_READ || x->fill || !inside_condition(g, x->of.tensor, x->arg, d)) continue;
        Expr *zero = x->type == TYPE_INT ? (x->of.tensor->lo ? x->of.tensor->lo : expr_int(g, 0)) : expr_real(g, 0);
        subst_expr(s, x, expr_read(g, x->of.tensor, x->arg, zero));
    }
    return subst_apply(s, e);
}

static Term term_of(Graph *g, const Equation *e, Expr *const *left, Domain left_domain) {
    Term t = {.e = e, .left = (Expr **)(uintptr_t)left, .subst = subst_new(g)};
    Map *solved = map_new(g->arena);
    for (uint32_t k = 0; k < e->target->rank; k++) {
        Affine rest;
        int64_t by;
        const Range *r = solvable(g, e, e->subs[k], solved, &rest, &by);
        bool plain = r && rest.n == 0;
        if (!plain) {
            t.filter = expr_and(g, t.filter, expr_op2(g, OP_eq, e->subs[k], left[k]));
            continue;
        }
        Expr *index = expr_index(g, r->index), *offset = affine_expr(g, &rest);
        Expr *value = by == 1 ? expr_sub(g, left[k], offset) : expr_sub(g, offset, left[k]);
        map_put(solved, index, value);
        subst_expr(t.subst, index, value);
        for (uint32_t b = 0; b < r->n_lo; b++) t.inside = expr_and(g, t.inside, expr_op2(g, OP_ge, value, r->lo[b]));
        for (uint32_t b = 0; b < r->n_hi; b++) t.inside = expr_and(g, t.inside, expr_op2(g, OP_lt, value, r->hi[b]));
    }
    t.inside = subst_apply(t.subst, t.inside);
    Domain copy = domain_copy(g->arena, e->domain);
    t.reduced.range = copy.range;
    for (uint32_t k = 0; k < copy.n; k++) {
        Range r = copy.range[k];
        if (map_get(solved, expr_index(g, r.index))) continue;
        for (uint32_t b = 0; b < r.n_lo; b++) r.lo[b] = subst_apply(t.subst, r.lo[b]);
        for (uint32_t b = 0; b < r.n_hi; b++) r.hi[b] = subst_apply(t.subst, r.hi[b]);
        t.reduced.range[t.reduced.n++] = r;
    }
    t.filter = subst_apply(t.subst, expr_and(g, t.filter, e->domain.guard));
    t.inside = condition_left(g, t.inside, &left_domain);
    for (uint32_t k = 0; t.inside && k < t.reduced.n; k++)
        if (expr_uses_index(g, t.inside, t.reduced.range[k].index)) { /* not known before the sum */
            t.filter = expr_and(g, t.inside, t.filter);
            t.inside = NULL;
        }
    return t;
}

static void print_bounds(Writer *w, Expr *const *bound, uint32_t n, bool lower) {
    Expr *e = bound[0];
    for (uint32_t k = 1; k < n; k++) e = expr_op2(w->g, lower ? OP_max : OP_min, e, bound[k]);
    print_expr(w, e);
}
static void print_range(Writer *w, const Range *r) {
    text_add(w->out, "%s in ", w->g->indices.at[r->index].name);
    print_bounds(w, r->lo, r->n_lo, true);
    text_add(w->out, "..");
    print_bounds(w, r->hi, r->n_hi, false);
}

/* Is the range what the language infers: some read below subscripts a whole axis by the bare index? */
static bool is_inferred(Graph *g, Expr *body, const Range *r, const Tensor *self) {
    if (r->n_lo != 1 || r->n_hi != 1 || !expr_is_int(r->lo[0], 0)) return false;
    bool found = false;
    ExprList all = expr_walk(g, &body, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *x = all.at[k];
        for (uint32_t a = 0; x->kind == EXPR_READ && a < x->n; a++) {
            if (x->arg[a]->kind != EXPR_INDEX || x->arg[a]->of.number != r->index) continue;
            if (!affine_equal(g, x->of.tensor->extent[a], r->hi[0])) return false;
            found |= x->of.tensor != self && x->of.tensor->role != ROLE_ADJOINT;
        }
    }
    return found;
}

/* The body, and the filter, of a term whose left index was solved for. */
static Expr *term_body(Writer *w, Term *t, const Domain *left) {
    Graph *g = w->g;
    Domain all = {.n = left->n + t->reduced.n, .range = NEW_ARRAY(g->arena, Range, left->n + t->reduced.n + 1)};
    if (left->n) memcpy(all.range, left->range, left->n * sizeof *left->range);
    if (t->reduced.n) memcpy(all.range + left->n, t->reduced.range, t->reduced.n * sizeof *left->range);
    Expr *body = subst_apply(t->subst, t->e->body);
    if (t->filter) t->filter = fill_reads(g, t->filter, &all);
    return t->inside || t->filter ? fill_reads(g, body, &all) : body;
}

static void print_reduced(Writer *w, const Term *t, Expr *body) {
    static const char *const reduction[N_COMBINES] = {"sum", "sum", "prod", "max", "min", "logsumexp", "argmax", "argmin", "any", "all"};
    Graph *g = w->g;
    const Tensor *target = t->e->target;
    Expr *filter = expr_and(g, t->inside, t->filter);
    if (t->reduced.n == 0 && !filter) {
        print_expr(w, body);
        return;
    }
    if (t->reduced.n == 0) { /* a filter without a sum over anything */
        print_expr(w, expr_select(g, filter, body, expr_real(g, 0)));
        return;
    }
    text_add(w->out, "%s[", reduction[target->op]);
    for (uint32_t k = 0; k < t->reduced.n; k++) {
        text_add(w->out, k ? ", " : "");
        if (is_inferred(g, body, &t->reduced.range[k], target)) text_add(w->out, "%s", g->indices.at[t->reduced.range[k].index].name);
        else print_range(w, &t->reduced.range[k]);
    }
    if (filter) {
        text_add(w->out, " where ");
        print_expr(w, filter);
    }
    text_add(w->out, "](");
    print_expr(w, body);
    text_add(w->out, ")");
}

static void print_mark(Writer *w, const Tensor *t, bool goal) {
    static const struct { uint32_t mark; const char *word; } marks[] = {{MARK_LOSS, "loss "}, {MARK_METRIC, "metric "}, {MARK_OUTPUT, "output "}};
    for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
        if (t->marks & marks[k].mark) {
            text_add(w->out, "%s", marks[k].word);
            return;
        }
    if (goal) text_add(w->out, "output ");
    (void)w;
}

/* Indices of one equation go by names that nothing else has. */
static void rename_indices(Writer *w, const Domain *d, Subst *s, Map *local) {
    Graph *g = w->g;
    for (uint32_t k = 0; k < d->n; k++) {
        Symbol name = g->indices.at[d->range[k].index].name;
        for (unsigned n = 2; map_get(w->taken, name) || map_get(local, name); n++)
            name = name_printf(g->names, "%s%u", g->indices.at[d->range[k].index].name, n);
        map_put(local, name, (void *)(uintptr_t)name);
        uint32_t fresh = graph_add_index(g, name);
        subst_index(s, d->range[k].index, expr_index(g, fresh));
    }
}

static Equation *renamed(Writer *w, const Equation *e, Map *local) {
    Graph *g = w->g;
    Subst *s = subst_new(g);
    rename_indices(w, &e->domain, s, local);
    Equation *copy = NEW(g->arena, Equation);
    *copy = *e;
    copy->subs = NEW_ARRAY(g->arena, Expr *, e->target->rank + 1);
    for (uint32_t k = 0; k < e->target->rank; k++) copy->subs[k] = subst_apply(s, e->subs[k]);
    copy->body = subst_apply(s, e->body);
    copy->domain = domain_copy(g->arena, e->domain);
    copy->domain.guard = subst_apply(s, e->domain.guard);
    for (uint32_t k = 0; k < e->domain.n; k++) {
        Range *r = &copy->domain.range[k];
        r->index = subst_apply(s, expr_index(g, r->index))->of.number;
        for (uint32_t b = 0; b < r->n_lo; b++) r->lo[b] = subst_apply(s, r->lo[b]);
        for (uint32_t b = 0; b < r->n_hi; b++) r->hi[b] = subst_apply(s, r->hi[b]);
    }
    return copy;
}

static void print_left(Writer *w, const Tensor *t, Expr *const *left, const Domain *d, Expr *body) {
    text_add(w->out, "%s", (const char *)map_get(w->names, t));
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(w->out, k ? ", " : "[");
        const Range *r = range_of(d, left[k]);
        if (r && !(body && is_inferred(w->g, body, r, t))) print_range(w, r);
        else print_expr(w, left[k]);
    }
    text_add(w->out, t->rank ? "] = " : " = ");
}

/* A piece of `=`, or of another operator whose pieces are disjoint: its own left side. */
static void print_piece(Writer *w, const Tensor *t, const Equation *e, bool goal) {
    Equation *q = renamed(w, e, map_new(w->g->arena));
    Term term = {.e = q, .left = q->subs, .subst = subst_new(w->g), .filter = q->domain.guard};
    term.reduced.range = NEW_ARRAY(w->g->arena, Range, q->domain.n + 1);
    for (uint32_t k = 0; k < q->domain.n; k++) {
        if (!equation_has_left(q, q->domain.range[k].index)) term.reduced.range[term.reduced.n++] = q->domain.range[k];
    }
    print_mark(w, t, goal);
    print_left(w, t, q->subs, &q->domain, NULL);
    print_reduced(w, &term, q->body);
    text_add(w->out, "\n");
}

static bool left_is_bare(const Equation *e) {
    for (uint32_t k = 0; k < e->target->rank; k++) {
        if (e->subs[k]->kind != EXPR_INDEX) return false;
        for (uint32_t j = 0; j < k; j++)
            if (e->subs[j] == e->subs[k]) return false;
    }
    return true;
}

/* All terms of a sum under one left side. */
static void print_sum(Writer *w, const Tensor *t, bool goal) {
    Graph *g = w->g;
    Map *local = map_new(g->arena);
    Expr **left = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain plain = domain_of_tensor(g, t, left);
    Subst *s = subst_new(g);
    rename_indices(w, &plain, s, local);
    for (uint32_t k = 0; k < t->rank; k++) {
        left[k] = subst_apply(s, left[k]);
        plain.range[k].index = left[k]->of.number;
    }
    print_mark(w, t, goal);
    print_left(w, t, left, &plain, NULL);
    if (!t->pieces) text_add(w->out, "0.0");
    for (const Equation *e = t->pieces; e; e = e->next) {
        Map *names = map_new(g->arena);
        for (uint32_t k = 0; k < t->rank; k++) map_put(names, g->indices.at[left[k]->of.number].name, left[k]);
        Term term = term_of(g, renamed(w, e, names), left, plain);
        if (e != t->pieces) text_add(w->out, " + ");
        bool paren = t->pieces->next != NULL;
        text_add(w->out, paren ? "(" : "");
        print_reduced(w, &term, term_body(w, &term, &plain));
        text_add(w->out, paren ? ")" : "");
    }
    text_add(w->out, "\n");
}

/* Do the ranges of the left indices stand without the reduced ones? */
static bool left_stands_alone(Graph *g, const Equation *e) {
    for (uint32_t k = 0; k < e->target->rank; k++) {
        const Range *r = range_of(&e->domain, e->subs[k]);
        for (uint32_t d = 0; r && d < e->domain.n; d++) {
            uint32_t index = e->domain.range[d].index;
            for (uint32_t b = 0; b < r->n_lo + r->n_hi && !equation_has_left(e, index); b++)
                if (expr_uses_index(g, b < r->n_lo ? r->lo[b] : r->hi[b - r->n_lo], index)) return false;
        }
    }
    return true;
}

static bool is_plain_piece(Graph *g, const Tensor *t) {
    return t->pieces && (t->op != COMBINE_ADD || (!t->pieces->next && left_is_bare(t->pieces) && left_stands_alone(g, t->pieces)));
}

static void print_call(Writer *w, const Tensor *t, bool goal) {
    static const char *const name[N_CALLS] = {"solve", "inv", "det", "logdet", "cholesky", "cofactor", "grad", "jacobian", "hessian", "jvp", "vjp"};
    print_mark(w, t, goal);
    text_add(w->out, "%s = %s(", (const char *)map_get(w->names, t), name[t->call->kind]);
    for (uint32_t k = 0; k < t->call->n; k++) text_add(w->out, "%s%s", k ? ", " : "", (const char *)map_get(w->names, t->call->arg[k]));
    text_add(w->out, ")\n");
}

/* One piece over a triangle: what it leaves out is 0 in the Graph, and is written down, for neighbours look at it. */
static void print_rest(Writer *w, const Tensor *t) {
    Graph *g = w->g;
    const Equation *e = t->pieces;
    if (!e || e->next || !left_is_bare(e)) return;
    for (uint32_t k = 0; k < t->rank; k++) {
        const Range *r = range_of(&e->domain, e->subs[k]);
        if (!r) continue;
        Expr *lo = r->lo[0], *hi = r->hi[0];
        for (uint32_t b = 1; b < r->n_lo; b++) lo = expr_op2(g, OP_max, lo, r->lo[b]);
        for (uint32_t b = 1; b < r->n_hi; b++) hi = expr_op2(g, OP_min, hi, r->hi[b]);
        Expr *from[2] = {expr_int(g, 0), hi}, *to[2] = {lo, t->extent[k]};
        for (int side = 0; side < 2; side++) {
            if (affine_equal(g, from[side], to[side])) continue;
            Equation rest = *e;
            rest.body = t->type == TYPE_INT ? expr_int(g, 0) : expr_real(g, 0);
            rest.domain = domain_copy(g->arena, e->domain);
            rest.domain.guard = NULL;
            uint32_t kept = 0;
            for (uint32_t d = 0; d < rest.domain.n; d++) { /* the left indices alone */
                if (equation_has_left(e, rest.domain.range[d].index)) rest.domain.range[kept++] = rest.domain.range[d].index == r->index ? range_make(g, r->index, from[side], to[side]) : rest.domain.range[d];
            }
            rest.domain.n = kept;
            print_piece(w, t, &rest, false);
        }
    }
}

static void print_tensor(Writer *w, const Tensor *t, bool goal) {
    if (print_declaration(w, t)) return;
    if (t->call) print_call(w, t, goal);
    else if (!is_plain_piece(w->g, t)) print_sum(w, t, goal);
    else {
        for (const Equation *e = t->pieces; e; e = e->next) print_piece(w, t, e, goal && e == t->pieces);
        if (t->op == COMBINE_SET || t->op == COMBINE_ADD) print_rest(w, t);
    }
}

/* What the language has no way to write: derivatives of digamma; a draw whose arguments vary along its axes. */
static const char *unwritable(Writer *w, const Tensor *t) {
    for (int k = 0; k < 2 && t->role == ROLE_RANDOM; k++)
        for (uint32_t a = 0; t->init.arg[k] && t->index && a < t->rank; a++)
            if (expr_uses_index(w->g, t->init.arg[k], t->index[a]->of.number))
                return arena_printf(w->g->arena, "a draw whose arguments vary, '%s', has no spelling in the language", t->name);
    for (Equation *e = t->pieces; e; e = e->next) {
        ExprList all = expr_walk(w->g, &e->body, 1);
        for (uint32_t k = 0; k < all.n; k++)
            if (expr_is_op(all.at[k], OP_polygamma) && !expr_is_number(all.at[k]->arg[0], 0))
                return arena_printf(w->g->arena, "polygamma, in '%s', has no spelling in the language", t->name);
    }
    return NULL;
}

static void name_as(Writer *w, const Tensor *t, const char *name) {
    if (!map_get(w->names, t)) map_put(w->names, t, (void *)(uintptr_t)free_symbol(w, name));
}

/* The model's own tensors keep their names; then a wanted derivative is <of>_bar or <of>_dot, whatever else is called so. */
static void name_tensors(Writer *w, Tensor *const *goals, uint32_t n) {
    for (uint32_t k = 0; k < w->g->tensors.n; k++)
        if (w->needed[k] && w->g->tensors.at[k]->role <= ROLE_WRITTEN) name_as(w, w->g->tensors.at[k], w->g->tensors.at[k]->name);
    for (uint32_t k = 0; k < n; k++) {
        const Tensor *t = goals[k];
        if (!t->of || t->role == ROLE_WINNER) continue;
        name_as(w, t, name_printf(w->g->names, "%s_%s", t->of->name, t->role == ROLE_TANGENT ? "dot" : "bar"));
    }
    for (uint32_t k = 0; k < w->g->tensors.n; k++)
        if (w->needed[k]) name_as(w, w->g->tensors.at[k], w->g->tensors.at[k]->name);
}

const char *graph_print_model(const Graph *graph, Tensor *const *goals, uint32_t n, Text *out) {
    Graph *g = (Graph *)(uintptr_t)graph;
    Writer w = {g, out, map_new(g->arena), map_new(g->arena), NEW_ARRAY(g->arena, bool, g->tensors.n + 1)};
    bool *goal = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    for (uint32_t k = 0; k < n; k++) {
        need(&w, goals[k]);
        goal[goals[k]->number] = true;
    }
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const char *reason = w.needed[k] ? unwritable(&w, g->tensors.at[k]) : NULL;
        if (reason) return reason;
    }
    text_add(out, "real %s\n", g->f64 ? "f64" : "f32");
    for (uint32_t k = 0; k < g->dims.n; k++) {
        map_put(w.taken, g->dims.at[k].name, g);
        text_add(out, "dim %s\n", g->dims.at[k].name);
    }
    for (uint32_t k = 0; k < g->tensors.n; k++) { /* what is declared stays: inputs bind the dims, and initial values go by place */
        Role role = g->tensors.at[k]->role;
        if (role == ROLE_INPUT || role == ROLE_PARAM || role == ROLE_STATE) w.needed[k] = true;
    }
    name_tensors(&w, goals, n);
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (w.needed[k]) print_tensor(&w, g->tensors.at[k], goal[k]);
    return NULL;
}
