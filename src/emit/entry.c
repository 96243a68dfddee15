/* What must hold when generated code is entered: pointers, alignment, sizes, the ranges of data. One static function
 * that all others call before they touch anything. */
#include <string.h>

#include "emit/writer.h"
#include "graph/ops.h"

static void write_pointer_checks(Writer *w, const char *from, Role role) {
    Graph *g = w->g;
    bool any = false;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        if (t->role != role) continue;
        const char *member = member_name(w->emission, t);
        if (!any) writer_line(w, "if (!%s) return BP_E_NULL;", from);
        any = true;
        writer_line(w, "if (!%s->%s) return BP_E_NULL;", from, member);
        writer_line(w, "if ((uintptr_t)%s->%s %% sizeof(%s) != 0) return BP_E_ALIGN;", from, member, array_type(w, t->type));
    }
}

/* In an entry check every tensor is read where the caller left it. */
static Function *plain_function(Graph *g) {
    Function *f = NEW(g->arena, Function);
    f->graph = g;
    f->n_tensors = g->tensors.n;
    f->buffer = NEW_ARRAY(g->arena, Buffer *, g->tensors.n + 1);
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        Buffer *b = f->buffer[k] = NEW(g->arena, Buffer);
        b->tensor = t;
        b->place = t->role == ROLE_CONST ? PLACE_CONST : PLACE_USER;
        b->kept = NEW_ARRAY(g->arena, bool, t->rank + 1);
        memset(b->kept, 1, t->rank);
    }
    return f;
}

static void name_reads(Writer *w, Expr *e) {
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        if (all.at[k]->kind != EXPR_READ) continue;
        Tensor *t = all.at[k]->of.tensor;
        const char *from = t->role == ROLE_PARAM ? "params" : t->role == ROLE_STATE ? "state" : "in";
        const char *place = arena_printf(w->g->arena, t->rank ? "%s->%s" : "(*%s->%s)", from, member_name(w->emission, t));
        map_put(w->tensors, t, (void *)(uintptr_t)place);
    }
}

static bool readable(Writer *w, Expr *e) {
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && all.at[k]->of.tensor->role != ROLE_INPUT) return false;
    return true;
}

static void write_bound(Writer *w, Expr *const *bound, uint32_t n, bool lower, int level) {
    Expr *e = bound[0];
    for (uint32_t k = 1; k < n; k++) e = expr_op2(w->g, lower ? OP_max : OP_min, e, bound[k]);
    e = write_out(w, e);
    name_reads(w, e);
    write_expr(w, e, TYPE_INT, level);
}

/* The loops over the indices from one number of the domain to another; `end` is what follows the last. */
static void open_loops(Writer *w, const Domain *d, uint32_t from, uint32_t to, const char *end) {
    for (uint32_t k = from; k < to; k++) {
        const Range *r = &d->range[k];
        const char *i = writer_take_name(w, w->g->indices.at[r->index].name);
        map_put(w->indices, KEY(r->index), (void *)(uintptr_t)i);
        writer_indent(w);
        text_add(w->out, "for (int64_t %s = ", i);
        write_bound(w, r->lo, r->n_lo, true, C_TERNARY);
        text_add(w->out, "; %s < ", i);
        write_bound(w, r->hi, r->n_hi, false, C_SUM);
        text_add(w->out, "; %s++)%s\n", i, k + 1 == to ? end : "");
        w->indent++;
    }
}

static void write_if(Writer *w, const char *before, Expr *condition, const char *after) {
    name_reads(w, condition);
    writer_indent(w);
    text_add(w->out, "if (%s", before);
    write_expr(w, condition, TYPE_INT, C_TERNARY);
    text_add(w->out, "%s\n", after);
}

static bool bounds_readable(Writer *w, const Domain *d) {
    for (uint32_t k = 0; k < d->n; k++)
        for (uint32_t b = 0; b < d->range[k].n_lo + d->range[k].n_hi; b++)
            if (!readable(w, b < d->range[k].n_lo ? d->range[k].lo[b] : d->range[k].hi[b - d->range[k].n_lo])) return false;
    return true;
}

/* for (all i)                               for (all i) {
 *     if (!(condition)) return status;          int some = 0;
 *                                               for (some j)
 *                                                   if (condition) some = 1;
 *                                               if (!some) return status;
 *                                           } */
static void write_condition(Writer *w, const Check *c) {
    const Domain *d = &c->domain;
    Expr *condition = d->n ? write_out(w, c->condition) : prepare_value(w, c->condition), *guard = d->guard ? write_out(w, d->guard) : NULL;
    static const char *const statuses[] = {[CHECK_SHAPE] = "BP_E_SHAPE", [CHECK_RANGE] = "BP_E_RANGE", [CHECK_DOMAIN] = "BP_E_DOMAIN"};
    const char *status = statuses[c->status], *some = NULL;
    if (!readable(w, condition) || !bounds_readable(w, d)) return;
    if (c->text) writer_line(w, "/* %s */", c->text);
    const int indent = w->indent;
    const uint32_t all = d->n - c->some;
    open_loops(w, d, 0, all, c->some ? " {" : "");
    if (c->some && all == 0) writer_line(w, "{"), w->indent++;
    const int inner = w->indent;
    if (c->some) {
        some = writer_take_name(w, "some");
        writer_line(w, "int %s = 0;", some);
        open_loops(w, d, all, d->n, "");
    }
    if (guard) {
        write_if(w, "", guard, ")");
        w->indent++;
    }
    if (some) write_if(w, "", condition, arena_printf(w->g->arena, ") %s = 1;", some));
    else write_if(w, "!(", condition, arena_printf(w->g->arena, ")) return %s;", status));
    if (some) {
        w->indent = inner;
        writer_line(w, "if (!%s) return %s;", some, status);
        w->indent--;
        writer_line(w, "}");
        map_put(w->names, name_of(w->g->names, some), NULL);
    }
    w->indent = indent;
    for (uint32_t k = 0; k < d->n; k++) map_put(w->names, name_of(w->g->names, map_get(w->indices, KEY(d->range[k].index))), NULL);
}

void write_entry_check(const Emission *e, Text *out, Map *used) {
    Graph *g = e->graph;
    Writer w = {.emission = e, .g = g, .out = out, .names = map_new(g->arena), .dims = map_new(g->arena), .tensors = map_new(g->arena),
                .indices = map_new(g->arena), .used = used, .f = plain_function(g)};
    static const char *const arguments[] = {"dims", "in", "params", "state", "workspace"};
    for (size_t k = 0; k < sizeof arguments / sizeof *arguments; k++) writer_take_name(&w, arguments[k]);
    text_add(out, "/* What must hold when a function is entered. */\nstatic int %s_check(", e->prefix);
    write_common_arguments(e, true, out);
    text_add(out, ") {\n");
    w.indent = 1;
    if (has_dims(g)) writer_line(&w, "if (!dims) return BP_E_NULL;");
    if (has_inputs(g)) writer_line(&w, "if (!in) return BP_E_NULL;");
    writer_line(&w, "if (!workspace) return BP_E_NULL;");
    writer_line(&w, "if ((uintptr_t)workspace %% 64 != 0) return BP_E_ALIGN;");
    for (uint32_t k = 0; k < g->dims.n; k++) {
        const char *name = writer_take_name(&w, g->dims.at[k].name);
        map_put(w.dims, KEY(k), (void *)(uintptr_t)name);
        writer_line(&w, "const int64_t %s = dims->%s;", name, c_identifier(g->arena, g->dims.at[k].name));
        writer_line(&w, "if (%s < 1) return BP_E_SHAPE;", name);
    }
    if (has_dims(g)) writer_line(&w, "if (%s_workspace_size(dims) == 0) return BP_E_MEMORY;", e->prefix);
    write_pointer_checks(&w, "in", ROLE_INPUT);
    write_pointer_checks(&w, "params", ROLE_PARAM);
    write_pointer_checks(&w, "state", ROLE_STATE);
    for (uint32_t k = 0; k < g->checks.n; k++) write_condition(&w, &g->checks.at[k]);
    writer_line(&w, "return BP_OK;");
    text_add(out, "}\n");
}
