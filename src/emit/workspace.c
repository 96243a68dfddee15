/* model_workspace_size: the bytes of the largest function's arrays, each with room for alignment.
 * Counted in double, so that a size that would overflow is seen, and returned as 0. */
#include "emit/writer.h"

/* One term: 4.0*(double)m*(double)2 + 64.0 */
static void write_term(Writer *w, const Function *f, uint32_t slot) {
    writer_indent(w);
    text_add(w->out, "bytes += (double)sizeof(%s)", array_type(w, f->slot_type[slot]));
    for (Expr **size = f->slot_size[slot]; *size; size++) {
        text_add(w->out, "*(double)");
        write_expr(w, write_out(w, *size), TYPE_INT, C_UNARY);
    }
    text_add(w->out, f->slot_own[slot] ? "*(double)%s + 64.0;\n" : " + 64.0;\n", threads_name(w->emission));
}

void write_workspace_size(const Emission *e, Text *out, Map *used) {
    Graph *g = e->graph;
    Writer w = {.emission = e, .g = g, .out = out, .names = map_new(g->arena), .dims = map_new(g->arena), .used = used};
    text_add(out, "size_t %s_workspace_size(", e->prefix);
    if (has_dims(g)) text_add(out, "const %s_dims *dims) {\n", e->prefix);
    else text_add(out, "void) {\n");
    w.indent = 1;
    for (uint32_t k = 0; k < g->dims.n; k++) {
        const char *name = writer_take_name(&w, g->dims.at[k].name);
        map_put(w.dims, KEY(k), (void *)(uintptr_t)name);
        writer_line(&w, "const int64_t %s = dims ? dims->%s : 0;", name, c_identifier(g->arena, g->dims.at[k].name));
        writer_line(&w, "if (%s < 1) return 0;", name);
    }
    writer_line(&w, "double most = 64.0, bytes;");
    for (uint32_t k = 0; k < e->n_functions; k++) {
        const Function *f = e->functions[k];
        if (f->n_slots == 0 && !f->n_parts) continue;
        writer_line(&w, "bytes = 64.0; /* %s */", function_shapes[f->kind].name);
        for (uint32_t slot = 0; slot < f->n_slots; slot++) write_term(&w, f, slot);
        if (f->n_parts) writer_line(&w, "bytes += (double)sizeof(%s_%s_shared) + 64.0;", e->prefix, function_shapes[f->kind].name);
        writer_line(&w, "if (bytes > most) most = bytes;");
    }
    writer_line(&w, "bytes = most;");
    writer_line(&w, "return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */");
    text_add(out, "}\n");
}
