/* --emit json: the Graph for other programs. Expressions are texts, as the language writes them. */
#include "graph/graph.h"

static void print_string(Text *out, const char *s) {
    text_add(out, "\"");
    for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
        if (*c == '"' || *c == '\\') text_add(out, "\\%c", *c);
        else if (*c < 32) text_add(out, "\\u%04x", *c);
        else text_add(out, "%c", *c);
    }
    text_add(out, "\"");
}

static void print_expr(const Graph *g, Text *out, Expr *e) {
    Text text = {0};
    expr_print(g, &text, e);
    print_string(out, text.at);
    text_free(&text);
}

static void print_exprs(const Graph *g, Text *out, Expr *const *e, uint32_t n) {
    text_add(out, "[");
    for (uint32_t k = 0; k < n; k++) {
        if (k) text_add(out, ", ");
        print_expr(g, out, e[k]);
    }
    text_add(out, "]");
}

static void print_equation(const Graph *g, Text *out, const Equation *e) {
    text_add(out, "{\"subscripts\": ");
    print_exprs(g, out, e->subs, e->target->rank);
    text_add(out, ", \"body\": ");
    print_expr(g, out, e->body);
    text_add(out, ", \"domain\": [");
    for (uint32_t k = 0; k < e->domain.n; k++) {
        const Range *r = &e->domain.range[k];
        text_add(out, "%s{\"index\": ", k ? ", " : "");
        print_string(out, g->indices.at[r->index].name);
        text_add(out, ", \"lo\": ");
        print_exprs(g, out, r->lo, r->n_lo);
        text_add(out, ", \"hi\": ");
        print_exprs(g, out, r->hi, r->n_hi);
        text_add(out, "}");
    }
    text_add(out, "]");
    if (e->domain.guard) {
        text_add(out, ", \"where\": ");
        print_expr(g, out, e->domain.guard);
    }
    text_add(out, "}");
}

void graph_print_json(const Graph *g, Text *out) {
    static const char *const role[] = {"const", "input", "param", "state", "random", "training", "written", "part", "adjoint", "tangent", "winner", "seed"};
    text_add(out, "{\n  \"real\": \"%s\",\n  \"dims\": [", g->f64 ? "f64" : "f32");
    for (uint32_t k = 0; k < g->dims.n; k++) {
        text_add(out, k ? ", " : "");
        print_string(out, g->dims.at[k].name);
    }
    text_add(out, "],\n  \"tensors\": [");
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        text_add(out, "%s\n    {\"name\": ", k ? "," : "");
        print_string(out, t->name);
        text_add(out, ", \"role\": \"%s\", \"type\": \"%s\", \"op\": \"%s\", \"extent\": ", role[t->role], t->type == TYPE_INT ? "int" : "real", combine_spelling[t->op]);
        print_exprs(g, out, t->extent, t->rank);
        text_add(out, ", \"output\": %s, \"loss\": %s, \"metric\": %s, \"equations\": [", t->marks & MARK_OUTPUT ? "true" : "false",
                 t->marks & MARK_LOSS ? "true" : "false", t->marks & MARK_METRIC ? "true" : "false");
        for (const Equation *e = t->pieces; e; e = e->next) {
            text_add(out, e == t->pieces ? "" : ", ");
            print_equation(g, out, e);
        }
        text_add(out, "]}");
    }
    text_add(out, "\n  ]\n}\n");
}
