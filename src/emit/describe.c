/* model_describe: the model's tables, by which the runtime trains it, saves it and checks it (bp.h). */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "emit/writer.h"

typedef VEC(const Tensor *) List;

static const char *role_name(const Tensor *t) {
    switch (t->role) {
    case ROLE_INPUT: return "BP_INPUT";
    case ROLE_PARAM: return "BP_PARAM";
    case ROLE_STATE: return "BP_STATE";
    default: return t->marks & MARK_LOSS ? "BP_LOSS" : t->marks & MARK_METRIC ? "BP_METRIC" : "BP_OUTPUT";
    }
}
static const char *struct_name(const Tensor *t) {
    return t->role == ROLE_INPUT ? "inputs" : t->role == ROLE_PARAM ? "params" : t->role == ROLE_STATE ? "state" : "outputs";
}

static List described(const Graph *g) {
    List list = {0};
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        bool goal = false;
        for (uint32_t j = 0; j < g->outputs.n; j++) goal |= g->outputs.at[j] == t;
        if (t->role == ROLE_INPUT || t->role == ROLE_PARAM || t->role == ROLE_STATE) vec_push(g->arena, &list, t);
        else if (goal) vec_push(g->arena, &list, t);
    }
    return list;
}

/* Strings go out as bytes, so that they mean the same in every locale. */
static void write_string(Text *out, const char *s) {
    text_add(out, "\"");
    for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
        if (*c < 32 || *c > 126) text_add(out, "\\%03o", *c);
        else text_add(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    text_add(out, "\"");
}

static void write_axes(const Emission *e, Text *out, const List *list, bool *computed) {
    for (uint32_t k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        if (t->rank == 0) continue;
        text_add(out, "static const bp_axis %s_axes%u[] = {", e->prefix, k);
        for (uint32_t a = 0; a < t->rank; a++) {
            const Expr *x = t->extent[a];
            if (a) text_add(out, ", ");
            if (x->kind == EXPR_DIM) text_add(out, "{%u, 0}", x->of.number);
            else if (x->kind == EXPR_CONST) text_add(out, "{-1, %" PRId64 "}", x->of.integer);
            else text_add(out, "{-2, 0}"), *computed = true;
        }
        text_add(out, "};\n");
    }
}

/* Initial values that are one number all over need no table. */
static bool one_value(const Tensor *t, int64_t n) {
    for (int64_t k = 1; k < n; k++)
        if (t->init.values[k] != t->init.values[0]) return false;
    return true;
}
static int64_t elements(const Tensor *t) {
    int64_t n = 1;
    for (uint32_t k = 0; k < t->rank; k++) n *= t->extent[k]->kind == EXPR_CONST ? t->extent[k]->of.integer : 0;
    return n;
}
static bool has_table(const Tensor *t) {
    return (t->role == ROLE_PARAM || t->role == ROLE_STATE) && t->init.kind == INIT_VALUE && t->init.values && !one_value(t, elements(t));
}
static void write_number(Text *out, double v) {
    if (isnan(v)) text_add(out, "(double)NAN");
    else if (isinf(v)) text_add(out, v < 0 ? "-HUGE_VAL" : "HUGE_VAL");
    else {
        char buffer[48];
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(buffer, sizeof buffer, "%.*g", digits, v);
            double back = 0;
            if (sscanf(buffer, "%lf", &back) == 1 && back == v) break;
        }
        text_add(out, "%s%s", buffer, strpbrk(buffer, ".en") ? "" : ".0");
    }
}

static void write_tables(const Emission *e, Text *out, const List *list) {
    for (uint32_t k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        if (!has_table(t)) continue;
        text_add(out, "static const double %s_values%u[] = {", e->prefix, k);
        for (int64_t j = 0; j < elements(t); j++) {
            text_add(out, j ? ", " : "");
            write_number(out, t->init.values[j]);
        }
        text_add(out, "};\n");
    }
}

static void write_init(const Emission *e, Text *out, const Tensor *t, uint32_t k) {
    static const char *const kind[N_INITS] = {"VALUES", "ZEROS", "ONES", "IDENTITY", "NORMAL", "UNIFORM", "XAVIER", "XAVIER_NORMAL",
                                              "HE", "HE_UNIFORM", "LECUN", "ORTHOGONAL", "UNIFORM"};
    bool uniform_value = t->init.kind == INIT_VALUE && t->init.values && !has_table(t);
    text_add(out, "{BP_INIT_%s, ", kind[t->init.kind]);
    write_number(out, uniform_value ? t->init.values[0] : t->init.a);
    text_add(out, ", ");
    write_number(out, t->init.b);
    text_add(out, ", %" PRId64 ", %" PRId64 ", ", t->init.fan_in, t->init.fan_out);
    if (has_table(t)) text_add(out, "%s_values%u}", e->prefix, k);
    else text_add(out, "NULL}");
}

static void write_bound(Text *out, const Expr *b, const char *open, bool integer) {
    if (b && b->kind == EXPR_CONST && integer) text_add(out, "%" PRId64, b->of.integer);
    else text_add(out, "%s", open);
}

/* By tensor number: is there a member of grads for it? */
static bool *has_grad(const Emission *e) {
    bool *has = NEW_ARRAY(e->graph->arena, bool, e->graph->tensors.n + 1);
    for (uint32_t k = 0; k < e->n_wrt; k++) has[e->wrt[k]->number] = has_function(e, FUNCTION_GRADIENT);
    return has;
}

static void write_tensor(const Emission *e, Text *out, const Tensor *t, uint32_t k, int64_t block, bool grad) {
    text_add(out, "    {");
    write_string(out, t->name);
    text_add(out, ", %s, %s, ", role_name(t), t->type == TYPE_INT ? "true" : "false");
    write_bound(out, t->lo, "INT64_MIN", t->type == TYPE_INT);
    text_add(out, ", ");
    write_bound(out, t->hi, "INT64_MAX", t->type == TYPE_INT);
    text_add(out, ", %u, ", t->rank);
    if (t->rank) text_add(out, "%s_axes%u, ", e->prefix, k);
    else text_add(out, "NULL, ");
    const char *member = member_name(e, t);
    text_add(out, "offsetof(%s_%s, %s), ", e->prefix, struct_name(t), member);
    if (grad) text_add(out, "offsetof(%s_grads, %s), ", e->prefix, member);
    else text_add(out, "(size_t)-1, ");
    text_add(out, "%" PRId64 ", ", block);
    write_init(e, out, t, k);
    text_add(out, "},\n");
}

static void write_tensor_table(const Emission *e, Text *out, const List *list, int64_t *params, int64_t *states) {
    *params = *states = 0;
    const bool *grad = has_grad(e);
    text_add(out, "static const bp_tensor %s_tensors[] = {\n", e->prefix);
    for (uint32_t k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        int64_t *block = t->role == ROLE_PARAM ? params : t->role == ROLE_STATE ? states : NULL;
        write_tensor(e, out, t, k, block ? *block : 0, grad[t->number]);
        if (block) *block += elements(t);
    }
    text_add(out, "};\n");
}

/* The generated functions behind the one signature of bp.h. */
static void write_wrapper(const Emission *e, Text *out, FunctionKind kind, const char *signature, const char *const *unused) {
    text_add(out, "static int %s_call_%s(%s) {\n", e->prefix, function_shapes[kind].name, signature);
    for (; *unused; unused++) text_add(out, "    (void)%s;\n", *unused);
    text_add(out, "    return %s_%s(", e->prefix, function_shapes[kind].name);
    write_arguments(e, kind, out);
    text_add(out, ");\n}\n");
}

static void write_wrappers(const Emission *e, Text *out) {
    static const char *const all[] = {"dims", "in", "params", "state", "out", NULL}, *const update[] = {"dims", "in", "params", NULL};
    if (has_function(e, FUNCTION_PREDICT))
        write_wrapper(e, out, FUNCTION_PREDICT, "const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace", all);
    if (has_function(e, FUNCTION_GRADIENT))
        write_wrapper(e, out, FUNCTION_GRADIENT,
                      "const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace", all);
    if (has_function(e, FUNCTION_UPDATE))
        write_wrapper(e, out, FUNCTION_UPDATE, "const void *dims, const void *in, const void *params, void *state, void *workspace", update);
    text_add(out, "static size_t %s_call_workspace_size(const void *dims) {\n    (void)dims;\n    return %s_workspace_size(%s);\n}\n", e->prefix, e->prefix,
             has_dims(e->graph) ? "dims" : "");
}

static void write_extent(const Emission *e, Text *out, const List *list) {
    Graph *g = e->graph;
    Writer w = {.emission = e, .g = g, .out = out, .dims = map_new(g->arena), .used = map_new(g->arena)};
    for (uint32_t k = 0; k < g->dims.n; k++) map_put(w.dims, KEY(k), arena_printf(g->arena, "dims[%u]", k));
    text_add(out, "static int64_t %s_extent(const int64_t *dims, uint32_t tensor, uint32_t axis) {\n", e->prefix);
    for (uint32_t k = 0; k < list->n; k++)
        for (uint32_t a = 0; a < list->at[k]->rank; a++) {
            Expr *x = list->at[k]->extent[a];
            if (x->kind == EXPR_DIM || x->kind == EXPR_CONST) continue;
            text_add(out, "    if (tensor == %u && axis == %u) return ", k, a);
            write_expr(&w, write_out(&w, x), TYPE_INT, C_TERNARY);
            text_add(out, ";\n");
        }
    text_add(out, "    return -1;\n}\n");
}

static void write_training(const Emission *e, Text *out) {
    const Training *t = &e->graph->training;
    if (t->options.n) {
        text_add(out, "static const char *const %s_option[] = {", e->prefix);
        for (uint32_t k = 0; k < t->options.n; k++) {
            text_add(out, k ? ", " : "");
            write_string(out, t->options.at[k].name);
        }
        text_add(out, "};\nstatic const double %s_option_value[] = {", e->prefix);
        for (uint32_t k = 0; k < t->options.n; k++) {
            text_add(out, k ? ", " : "");
            write_number(out, t->options.at[k].value);
        }
        text_add(out, "};\n");
    }
}

/* cosine(warmup=100), as the runtime reads it */
static void write_schedule(Text *out, const Training *t) {
    if (!t->schedule) {
        text_add(out, "NULL, ");
        return;
    }
    Text s = {0};
    text_add(&s, "%s", t->schedule);
    for (uint32_t k = 0; k < t->schedule_options.n; k++) {
        text_add(&s, "%s%s=", k ? ", " : "(", t->schedule_options.at[k].name);
        write_number(&s, t->schedule_options.at[k].value);
    }
    if (t->schedule_options.n) text_add(&s, ")");
    write_string(out, s.at);
    text_add(out, ", ");
    text_free(&s);
}

static void write_training_member(const Emission *e, Text *out) {
    const Training *t = &e->graph->training;
    text_add(out, "    .training = {");
    if (t->optimizer) write_string(out, t->optimizer);
    else text_add(out, "NULL");
    if (t->options.n) text_add(out, ", %u, %s_option, %s_option_value, ", t->options.n, e->prefix, e->prefix);
    else text_add(out, ", 0, NULL, NULL, ");
    write_schedule(out, t);
    text_add(out, "(double)NAN, ");
    if (t->clip > 0) write_number(out, t->clip);
    else text_add(out, "(double)NAN");
    long long dim = t->batch_dim != UINT32_MAX ? (long long)t->batch_dim : e->graph->dims.n ? 0 : -1;
    text_add(out, ", %lld, %lld, %lld, %lld},\n", (long long)(t->batch > 0 ? t->batch : 0), (long long)(t->epochs > 0 ? t->epochs : 0), (long long)t->seed, dim);
}

static void write_size(const Emission *e, Text *out, const char *member, const char *structure, bool exists) {
    if (exists) text_add(out, "    .%s = sizeof(%s_%s),\n", member, e->prefix, structure);
}

static void write_model(const Emission *e, Text *out, const List *list, bool computed, int64_t params, int64_t states) {
    const Graph *g = e->graph;
    text_add(out, "static const bp_model %s_model = {\n    .name = ", e->prefix);
    write_string(out, e->prefix);
    text_add(out, ",\n    .real = %s,\n    .n_dims = %u,\n", g->f64 ? "BP_F64" : "BP_F32", g->dims.n);
    if (has_dims(g)) text_add(out, "    .dims = %s_dim_names,\n", e->prefix);
    text_add(out, "    .n_tensors = %u,\n    .tensors = %s_tensors,\n    .param_count = %" PRId64 ",\n    .state_count = %" PRId64 ",\n", list->n, e->prefix, params, states);
    write_size(e, out, "inputs_size", "inputs", has_inputs(g));
    write_size(e, out, "params_size", "params", has_params(g));
    write_size(e, out, "grads_size", "grads", has_function(e, FUNCTION_GRADIENT));
    write_size(e, out, "outputs_size", "outputs", has_outputs(g));
    write_size(e, out, "state_size", "state", has_state(g));
    bool draws = false;
    for (uint32_t k = 0; k < g->tensors.n; k++) draws |= g->tensors.at[k]->role == ROLE_RANDOM;
    for (int k = 0; k < 2; k++) {
        const char *name = k ? "call" : "seed";
        if (draws) text_add(out, "    .%s_offset = offsetof(%s_inputs, %s),\n", name, e->prefix, name);
        else text_add(out, "    .%s_offset = (size_t)-1,\n", name);
    }
    write_training_member(e, out);
    if (computed) text_add(out, "    .extent = %s_extent,\n", e->prefix);
    text_add(out, "    .workspace_size = %s_call_workspace_size,\n", e->prefix);
    static const FunctionKind kinds[] = {FUNCTION_PREDICT, FUNCTION_GRADIENT, FUNCTION_UPDATE};
    for (size_t k = 0; k < 3; k++)
        if (has_function(e, kinds[k])) text_add(out, "    .%s = %s_call_%s,\n", function_shapes[kinds[k]].name, e->prefix, function_shapes[kinds[k]].name);
    text_add(out, "};\n");
}

void write_description(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    List list = described(g);
    bool computed = false;
    int64_t params, states;
    if (has_dims(g)) {
        text_add(out, "static const char *const %s_dim_names[] = {", e->prefix);
        for (uint32_t k = 0; k < g->dims.n; k++) {
            text_add(out, k ? ", " : "");
            write_string(out, g->dims.at[k].name);
        }
        text_add(out, "};\n");
    }
    write_axes(e, out, &list, &computed);
    write_tables(e, out, &list);
    write_tensor_table(e, out, &list, &params, &states);
    if (computed) write_extent(e, out, &list);
    write_training(e, out);
    write_wrappers(e, out);
    write_model(e, out, &list, computed, params, states);
    text_add(out, "\nconst bp_model *%s_describe(void) { return &%s_model; }\n", e->prefix, e->prefix);
}
