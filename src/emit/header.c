/* model.h: the structs and the prototypes. C11, and valid C++. */
#include <string.h>

#include "emit/writer.h"

void write_shape(const Graph *g, Text *out, const Tensor *t) {
    text_add(out, "%s", t->name);
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(out, k ? ", " : "[");
        expr_print(g, out, t->extent[k]);
    }
    if (t->rank) text_add(out, "]");
}

static const char *member_type(const Graph *g, const Tensor *t) { return t->type == TYPE_INT ? "int32_t" : g->f64 ? "double" : "float"; }

static void write_member(const Emission *e, Text *out, const Tensor *t, const char *note, bool constant, bool value) {
    text_add(out, "    %s%s %s%s;", constant ? "const " : "", member_type(e->graph, t), value ? "" : "*", member_name(e, t));
    Text shape = {0};
    write_shape(e->graph, &shape, t);
    text_add(out, "%*s/* %s", 4, "", shape.at);
    text_free(&shape);
    if (t->type == TYPE_INT && t->lo && t->hi && t->role == ROLE_INPUT) {
        text_add(out, " in ");
        expr_print(e->graph, out, t->lo);
        text_add(out, "..");
        expr_print(e->graph, out, t->hi);
    }
    text_add(out, note ? "; %s */\n" : " */\n", note);
}

static void write_role(const Emission *e, Text *out, Role role, bool constant) {
    for (uint32_t k = 0; k < e->graph->tensors.n; k++)
        if (e->graph->tensors.at[k]->role == role) write_member(e, out, e->graph->tensors.at[k], NULL, constant, false);
}

static void write_dims_struct(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    text_add(out, "typedef struct {\n");
    for (uint32_t k = 0; k < g->dims.n; k++) text_add(out, "    int64_t %s;\n", c_identifier(g->arena, g->dims.at[k].name));
    text_add(out, "} %s_dims;\n\n", e->prefix);
}

static void write_goals_struct(const Emission *e, Text *out, const Function *f) {
    const char *name = function_shapes[f->kind].results;
    text_add(out, "typedef struct { /* a null array is not computed */\n");
    for (uint32_t k = 0; k < f->n_results; k++) write_member(e, out, f->results[k].stands_for, f->results[k].note, false, false);
    text_add(out, "} %s_%s;\n\n", e->prefix, name);
}

static void write_seeds_struct(const Emission *e, Text *out, const Function *f) {
    text_add(out, "typedef struct {\n");
    for (uint32_t k = 0; k < f->n_seeds; k++) write_member(e, out, f->seeds[k].stands_for, NULL, true, false);
    text_add(out, "} %s_%s;\n\n", e->prefix, function_shapes[f->kind].seeds);
}

static bool earlier_has(const Emission *e, uint32_t k, bool seeds) {
    for (uint32_t j = 0; j < k; j++) {
        const char *a = seeds ? function_shapes[e->functions[j]->kind].seeds : function_shapes[e->functions[j]->kind].results;
        const char *b = seeds ? function_shapes[e->functions[k]->kind].seeds : function_shapes[e->functions[k]->kind].results;
        if (a && b && strcmp(a, b) == 0) return true;
    }
    return false;
}

void write_struct_types(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    if (has_dims(g)) write_dims_struct(e, out);
    if (has_inputs(g)) {
        text_add(out, "typedef struct {\n");
        write_role(e, out, ROLE_INPUT, true);
        for (uint32_t k = 0; k < g->tensors.n; k++)
            if (g->tensors.at[k]->role == ROLE_RANDOM) {
                text_add(out, "    uint64_t seed, call;    /* of the draws */\n");
                break;
            }
        text_add(out, "} %s_inputs;\n\n", e->prefix);
    }
    if (has_params(g)) {
        text_add(out, "typedef struct {\n");
        write_role(e, out, ROLE_PARAM, false);
        text_add(out, "} %s_params;\n\n", e->prefix);
    }
    if (has_state(g)) {
        text_add(out, "typedef struct {\n");
        write_role(e, out, ROLE_STATE, false);
        text_add(out, "} %s_state;\n\n", e->prefix);
    }
    if (has_outputs(g)) {
        text_add(out, "typedef struct { /* a null array is not stored */\n");
        for (uint32_t k = 0; k < g->outputs.n; k++) write_member(e, out, g->outputs.at[k], NULL, false, g->outputs.at[k]->rank == 0);
        text_add(out, "} %s_outputs;\n\n", e->prefix);
    }
    for (uint32_t k = 0; k < e->n_functions; k++) {
        const FunctionShape *shape = &function_shapes[e->functions[k]->kind];
        if (shape->seeds && !is_pattern(shape->seeds) && !earlier_has(e, k, true)) write_seeds_struct(e, out, e->functions[k]);
        if (shape->results && !is_pattern(shape->results) && !earlier_has(e, k, false)) write_goals_struct(e, out, e->functions[k]);
    }
}

static void write_param_block(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    int64_t count = 0;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        if (g->tensors.at[k]->role != ROLE_PARAM) continue;
        int64_t n = 1;
        for (uint32_t a = 0; a < g->tensors.at[k]->rank; a++) n *= g->tensors.at[k]->extent[a]->of.integer;
        count += n;
    }
    text_add(out, "/* All parameters as one block, in the order of the struct. */\n");
    text_add(out, "#define %s_PARAM_COUNT %lld\n", upper_case(g->arena, e->prefix), (long long)count);
    text_add(out, "void %s_params_bind(%s_params *params, %s *block);\n\n", e->prefix, e->prefix, g->f64 ? "double" : "float");
}

static const char statuses[] =
    "/* What functions return; decided at entry, before any output is touched. */\n"
    "#ifndef BP_H\n#ifndef BP_STATUS_ALONE\n#define BP_STATUS_ALONE\n"
    "enum { BP_OK, BP_E_RANGE, BP_E_SHAPE, BP_E_ALIGN, BP_E_NULL, BP_E_DOMAIN, BP_E_MEMORY };\n#endif\n#endif\n\n";

static const char pattern_type[] =
    "#ifndef BP_H\n#ifndef BP_PATTERN_ALONE\n#define BP_PATTERN_ALONE\n"
    "/* A sparse matrix without its values. The arrays are the caller's; with start = 0 only the sizes are set. */\n"
    "typedef struct {\n"
    "    int by_columns;               /* 0: compressed rows (CSR), 1: compressed columns (CSC) */\n"
    "    int64_t rows, columns, terms; /* terms: what is added up, and room for it */\n"
    "    int64_t entries;              /* at most terms */\n"
    "    int64_t *start;               /* [rows + 1], by columns [columns + 1] */\n"
    "    int32_t *index;               /* [terms]: the column of each entry, by columns its row */\n"
    "    int32_t *place;               /* [terms]: the entry that the term is added to */\n"
    "    int32_t *row, *column;        /* [terms] of each term */\n"
    "} bp_pattern;\n#endif\n#endif\n\n";

static bool has_pattern(const Emission *e) {
    for (uint32_t k = 0; k < e->n_functions; k++)
        if (is_pattern(function_shapes[e->functions[k]->kind].results)) return true;
    return false;
}

void emit_header(const Emission *e, Text *out) {
    note_roles(e->graph);
    const Graph *g = e->graph;
    const char *guard = arena_printf(g->arena, "%s_H", upper_case(g->arena, e->prefix));
    text_add(out, "/* %s: made by bpc from %s; belongs to whoever made it. */\n", e->header_name, e->source_name);
    text_add(out, "#ifndef %s\n#define %s\n\n#include <stddef.h>\n#include <stdint.h>\n", guard, guard);
    text_add(out, e->standalone ? "\n%s" : "\n#include \"bp.h\"\n\n", statuses);
    text_add(out, "%s", e->standalone && has_pattern(e) ? pattern_type : "");
    text_add(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    write_struct_types(e, out);
    if (has_params(g)) write_param_block(e, out);
    text_add(out, "/* Bytes of the one block that all work is done in, 64-byte aligned; 0 when they would overflow. */\n");
    text_add(out, "size_t %s_workspace_size(%s%s%s);\n", e->prefix, has_dims(g) ? "const " : "void", has_dims(g) ? e->prefix : "", has_dims(g) ? "_dims *dims" : "");
    for (uint32_t k = 0; k < e->n_functions; k++) {
        text_add(out, "/* %s */\n", function_shapes[e->functions[k]->kind].what);
        write_prototype(e, e->functions[k]->kind, out, ";\n");
    }
    if (!e->standalone) text_add(out, "/* names, shapes, offsets, distributions: what the runtime trains and saves by */\nconst bp_model *%s_describe(void);\n", e->prefix);
    text_add(out, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
