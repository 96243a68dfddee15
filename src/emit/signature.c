/* The functions of a model: their names, arguments and prototypes, from one table. */
#include <string.h>

#include "emit/writer.h"

const FunctionShape function_shapes[N_FUNCTIONS] = {
    {FUNCTION_PREDICT, "predict", NULL, NULL, true, "the outputs, with training = 0"},
    {FUNCTION_GRADIENT, "gradient", "grads", NULL, true, "the outputs and the gradient, in one pass"},
    {FUNCTION_FORWARD, "forward", NULL, NULL, true, "the outputs; leaves in the workspace what backward needs"},
    {FUNCTION_BACKWARD, "backward", "grads", NULL, false, "the gradient, after forward with the same workspace"},
    {FUNCTION_JVP, "jvp", "jvps", "tangents", true, "the outputs and their derivative along a direction"},
    {FUNCTION_VJP, "vjp", "grads", "cotangents", true, "the outputs and the gradient of their sum weighted by cotangents"},
    {FUNCTION_JACOBIAN, "jacobian", "jacobians", NULL, true, "the outputs and their Jacobians"},
    {FUNCTION_HVP, "hvp", "hvps", "tangents", true, "the outputs and the Hessian times a direction"},
    {FUNCTION_HESSIAN, "hessian", "hessians", NULL, true, "the outputs and the Hessian"},
    {FUNCTION_UPDATE, "update", NULL, NULL, false, "the states after a training step"},
    {FUNCTION_SPARSE_JACOBIAN, "jacobian", "jacobians", "pattern", true, "the outputs and the entries of their Jacobian, by the pattern"},
    {FUNCTION_JACOBIAN_PATTERN, "jacobian_pattern", "pattern", NULL, false, "where the Jacobian has entries; without arrays, only how many"},
    {FUNCTION_SPARSE_HESSIAN, "hessian", "hessians", "pattern", true, "the outputs and the entries of the Hessian, by the pattern"},
    {FUNCTION_HESSIAN_PATTERN, "hessian_pattern", "pattern", NULL, false, "where the Hessian has entries; without arrays, only how many"},
};

/* Which roles the graph's tensors have, a bit each: asked for at every call of a part of a function. */
void note_roles(Graph *g) {
    g->roles = 0;
    for (uint32_t k = 0; k < g->tensors.n; k++) g->roles |= UINT32_C(1) << g->tensors.at[k]->role;
}

static bool has_tensor(const Graph *g, Role role) { return g->roles >> role & 1; }
bool has_dims(const Graph *g) { return g->dims.n > 0; }
bool has_inputs(const Graph *g) { return has_tensor(g, ROLE_INPUT) || has_tensor(g, ROLE_RANDOM); }
bool has_params(const Graph *g) { return has_tensor(g, ROLE_PARAM); }
bool has_state(const Graph *g) { return has_tensor(g, ROLE_STATE); }
bool has_outputs(const Graph *g) { return g->outputs.n > 0; }

bool has_function(const Emission *e, FunctionKind kind) {
    for (uint32_t k = 0; k < e->n_functions; k++)
        if (e->functions[k]->kind == kind) return true;
    return false;
}

/* Names each tensor's member: where earlier ones came out the same, with how many they are. The map holds members by tensor,
 * and by identifier how many have it. */
static void name_members(const Emission *e) {
    Graph *g = e->graph;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        Symbol name = name_of(g->names, c_identifier(g->arena, t->name));
        const uintptr_t before = (uintptr_t)map_get(e->members, name);
        map_put(e->members, t, before ? arena_printf(g->arena, "%s_%u", name, (unsigned)before + 1) : (char *)(uintptr_t)name);
        if (t->role <= ROLE_WRITTEN) map_put(e->members, name, (void *)(before + 1));
    }
}

const char *member_name(const Emission *e, const Tensor *t) {
    Graph *g = e->graph;
    if (map_count(e->members) == 0) name_members(e);
    const Tensor *declared = g->tensors.at[t->number]; /* others stand for it, or have names of their own */
    return declared->name == t->name ? map_get(e->members, declared) : c_identifier(g->arena, t->name);
}

bool is_pattern(const char *name) { return name && strcmp(name, "pattern") == 0; }

typedef struct {
    Text *out;
    const Emission *e;
    bool types, first;
} Arguments;

static void argument(Arguments *a, const char *type, const char *name, bool constant) {
    text_add(a->out, a->first ? "" : ", ");
    a->first = false;
    if (a->types && type && is_pattern(type)) text_add(a->out, "%sbp_pattern *", constant ? "const " : "");
    else if (a->types && type) text_add(a->out, "%s%s_%s *", constant ? "const " : "", a->e->prefix, type);
    else if (a->types) text_add(a->out, "void *");
    text_add(a->out, "%s", name);
}

static void common_arguments(Arguments *a, bool state_changes) {
    const Graph *g = a->e->graph;
    if (has_dims(g)) argument(a, "dims", "dims", true);
    if (has_inputs(g)) argument(a, "inputs", "in", true);
    if (has_params(g)) argument(a, "params", "params", true);
    if (has_state(g)) argument(a, "state", "state", !state_changes);
}

static void arguments(Arguments *a, FunctionKind kind) {
    const Graph *g = a->e->graph;
    const FunctionShape *shape = &function_shapes[kind];
    common_arguments(a, kind == FUNCTION_UPDATE);
    if (shape->seeds) argument(a, shape->seeds, shape->seeds, true);
    if (shape->outputs && has_outputs(g)) argument(a, "outputs", "out", false);
    if (shape->results) argument(a, shape->results, shape->results, false);
    argument(a, NULL, "workspace", false);
}

void write_parameters(const Emission *e, FunctionKind kind, Text *out) {
    Arguments a = {out, e, true, true};
    arguments(&a, kind);
}

void write_prototype(const Emission *e, FunctionKind kind, Text *out, const char *end) {
    text_add(out, "int %s_%s(", e->prefix, function_shapes[kind].name);
    write_parameters(e, kind, out);
    text_add(out, ")%s", end);
}

void write_arguments(const Emission *e, FunctionKind kind, Text *out) {
    Arguments a = {out, e, false, true};
    arguments(&a, kind);
}

void write_common_arguments(const Emission *e, bool types, Text *out) {
    Arguments a = {out, e, types, true};
    common_arguments(&a, false);
    argument(&a, NULL, "workspace", false);
}
