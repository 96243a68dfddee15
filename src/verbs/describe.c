/* The Graph as the runtime sees a model: what bp_data and bp_init need of it, before any C exists.
 *
 * Tensors are inputs, parameters, states and outputs in declaration order, as the generated description has them, so that
 * the place of a parameter, and with it its initial value, is the same. */
#include <string.h>

#include "verbs/case.h"

int64_t whole_at(Graph *g, const int64_t *dims, Expr *e) {
    Subst *s = subst_new(g);
    for (uint32_t k = 0; k < g->dims.n; k++) subst_expr(s, expr_dim(g, k), expr_int(g, dims[k]));
    Expr *value = subst_apply(s, e);
    return value && value->kind == EXPR_CONST && value->type == TYPE_INT ? value->of.integer : -1;
}

/* bp_model.extent has no room for a context; the command describes one graph. */
static Graph *described_graph;
static Tensor **described_tensor;
static int64_t computed_extent(const int64_t *dims, uint32_t tensor, uint32_t axis) {
    return whole_at(described_graph, dims, described_tensor[tensor]->extent[axis]);
}

static bp_axis axis_of(const Expr *extent) {
    if (extent->kind == EXPR_DIM) return (bp_axis){.dim = (int32_t)extent->of.number, .size = 0};
    if (extent->kind == EXPR_CONST) return (bp_axis){.dim = -1, .size = extent->of.integer};
    return (bp_axis){.dim = -2, .size = 0};
}

static const bp_init_kind init_kind[N_INITS] = {
    [INIT_VALUE] = BP_INIT_VALUES,   [INIT_ZEROS] = BP_INIT_ZEROS,   [INIT_ONES] = BP_INIT_ONES,
    [INIT_IDENTITY] = BP_INIT_IDENTITY, [INIT_NORMAL] = BP_INIT_NORMAL, [INIT_UNIFORM] = BP_INIT_UNIFORM,
    [INIT_XAVIER] = BP_INIT_XAVIER,  [INIT_XAVIER_NORMAL] = BP_INIT_XAVIER_NORMAL, [INIT_HE] = BP_INIT_HE,
    [INIT_HE_UNIFORM] = BP_INIT_HE_UNIFORM, [INIT_LECUN] = BP_INIT_LECUN, [INIT_ORTHOGONAL] = BP_INIT_ORTHOGONAL};

static bp_role role_of(const Tensor *t) {
    if (t->role == ROLE_INPUT) return BP_INPUT;
    if (t->role == ROLE_PARAM) return BP_PARAM;
    if (t->role == ROLE_STATE) return BP_STATE;
    return t->marks & MARK_LOSS ? BP_LOSS : t->marks & MARK_METRIC ? BP_METRIC : BP_OUTPUT;
}

static int64_t bound(const Expr *e, int64_t open) { return e && e->kind == EXPR_CONST ? e->of.integer : open; }

static bp_tensor describe_tensor(Arena *arena, const Tensor *t, bp_role role) {
    bp_axis *axis = NEW_ARRAY(arena, bp_axis, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) axis[k] = axis_of(t->extent[k]);
    const Init *init = &t->init;
    return (bp_tensor){.name = t->name, .role = role, .integer = t->type == TYPE_INT, .lo = bound(t->lo, INT64_MIN), .hi = bound(t->hi, INT64_MAX),
                       .rank = t->rank, .axis = axis, .grad_offset = (size_t)-1,
                       .init = {init_kind[init->kind], init->a, init->b, init->fan_in, init->fan_out, init->kind == INIT_VALUE ? init->values : NULL}};
}

static bool is_described(const Tensor *t) {
    return t->role == ROLE_INPUT || t->role == ROLE_PARAM || t->role == ROLE_STATE || (t->marks & (MARK_OUTPUT | MARK_LOSS | MARK_METRIC));
}

/* Members of a struct are pointers one after the other; blocks are filled in order. */
static void place(bp_model *model, bp_tensor *t) {
    size_t *size = t->role == BP_INPUT ? &model->inputs_size : t->role == BP_PARAM ? &model->params_size
                   : t->role == BP_STATE ? &model->state_size : &model->outputs_size;
    t->offset = *size;
    *size += sizeof(void *);
    size_t *block = t->role == BP_PARAM ? &model->param_count : t->role == BP_STATE ? &model->state_count : NULL;
    if (!block) return;
    t->block_offset = *block;
    int64_t n = bp_element_count(model, NULL, t);
    *block += n > 0 ? (size_t)n : 0;
}

static const bp_model *describe(Model *m, const char *name, Tensor *const *tensors, uint32_t n, bool as_inputs) {
    Graph *g = m->graph;
    Arena *arena = m->base.arena;
    bp_model *model = NEW(arena, bp_model);
    const char **dims = NEW_ARRAY(arena, const char *, g->dims.n + 1);
    bp_tensor *list = NEW_ARRAY(arena, bp_tensor, n + 1);
    for (uint32_t k = 0; k < g->dims.n; k++) dims[k] = g->dims.at[k].name;
    described_graph = g;
    described_tensor = NEW_ARRAY(arena, Tensor *, n + 1);
    *model = (bp_model){.name = name, .real = g->f64 ? BP_F64 : BP_F32, .n_dims = g->dims.n, .dims = dims, .n_tensors = n, .tensors = list,
                        .seed_offset = (size_t)-1, .call_offset = (size_t)-1, .training = {.batch_dim = -1, .seed = -1}, .extent = computed_extent};
    for (uint32_t k = 0; k < n; k++) {
        described_tensor[k] = tensors[k];
        list[k] = describe_tensor(arena, tensors[k], as_inputs ? BP_INPUT : role_of(tensors[k]));
        place(model, &list[k]);
    }
    return model;
}

const bp_model *describe_graph(Model *m, const char *name) {
    TensorList list = {0};
    for (uint32_t k = 0; k < m->graph->tensors.n; k++)
        if (is_described(m->graph->tensors.at[k])) vec_push(m->base.arena, &list, m->graph->tensors.at[k]);
    return describe(m, name, list.at, list.n, false);
}

const bp_model *describe_as_inputs(Model *m, Tensor *const *tensors, uint32_t n) { return describe(m, "tangents", tensors, n, true); }
