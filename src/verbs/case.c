/* Making cases: from a data file, or at random. */
#include "verbs/case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bp_data.h"
#include "bp_init.h"
#include "bp_random.h"
#include "verbs/verbs.h"

/* ---- numbers of the runtime's arrays ------------------------------------------------------------------------------- */
static double element(const bp_model *model, const bp_tensor *t, const void *values, int64_t k) {
    if (t->integer) return ((const int32_t *)values)[k];
    return model->real == BP_F32 ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

static double *doubles(Arena *arena, const bp_model *model, const bp_tensor *t, const void *values, int64_t n) {
    double *list = NEW_ARRAY(arena, double, (size_t)n + 1);
    for (int64_t k = 0; k < n; k++) list[k] = element(model, t, values, k);
    return list;
}

int64_t case_count(const Case *c, const Tensor *t) {
    int64_t n = 1;
    for (uint32_t k = 0; k < t->rank; k++) n *= whole_at(c->graph, c->dims, t->extent[k]);
    return n;
}

static void case_make(Case *c, Model *m) {
    Graph *g = m->graph;
    *c = (Case){.graph = g, .described = describe_graph(m, "model"), .n = g->tensors.n};
    c->dims = NEW_ARRAY(g->arena, int64_t, g->dims.n + 1);
    c->values = NEW_ARRAY(g->arena, double *, g->tensors.n + 1);
}

static Tensor *tensor_called(const Graph *g, const char *name) { return graph_find(g, name_of(g->names, name)); }

/* Initial values of parameters and states that nothing else gave. */
static int fill_initial(Case *c, uint64_t seed) {
    const bp_model *model = c->described;
    for (uint32_t k = 0; k < model->n_tensors; k++) {
        const bp_tensor *t = &model->tensors[k];
        double **values = &c->values[tensor_called(c->graph, t->name)->number];
        if ((t->role != BP_PARAM && t->role != BP_STATE) || *values) continue;
        int64_t n = bp_element_count(model, NULL, t);
        void *block = n < 0 ? NULL : malloc((size_t)n * (size_t)model->real + 1);
        int status = block ? bp_init_tensor(model, t, block, seed) : BP_E_MEMORY;
        if (status == BP_OK) *values = doubles(c->graph->arena, model, t, block, n);
        free(block);
        if (status == BP_OK) continue;
        fprintf(stderr, "bpc: initial value of '%s': %s\n", t->name, bp_status_text(status));
        return status == BP_E_MEMORY ? STATUS_FAILED : STATUS_WRONG_MODEL;
    }
    return STATUS_DONE;
}

/* ---- from a file ------------------------------------------------------------------------------------------------------ */
static int data_status(const bp_error *error, int status) {
    fprintf(stderr, "bpc: %s\n", error->text);
    return status == BP_E_IO || status == BP_E_MEMORY ? STATUS_FAILED : STATUS_WRONG_MODEL;
}

static bool has_inputs(const Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->role == ROLE_INPUT) return true;
    return false;
}

static int take_data(Case *c, const Options *o) {
    bp_error error = {""};
    bp_data *data;
    bp_data_options options = {.columns = o->columns, .batch_dim = -1, .overrides = true};
    int status = bp_data_read(&data, c->described, o->data, &options, &error);
    if (status != BP_OK) return data_status(&error, status);
    for (uint32_t k = 0; k < data->n; k++) {
        const bp_array *a = &data->array[k];
        if (a->values) c->values[tensor_called(c->graph, a->tensor->name)->number] = doubles(c->graph->arena, c->described, a->tensor, a->values, a->count);
    }
    if (c->graph->dims.n) memcpy(c->dims, data->dims, c->graph->dims.n * sizeof *c->dims);
    bp_data_free(data);
    return STATUS_DONE;
}

int case_read(Case *c, Model *m, const Options *o) {
    case_make(c, m);
    if (!o->data && has_inputs(m->graph)) {
        fprintf(stderr, "bpc: %s has inputs; --data FILE says what they are\n", m->path);
        return STATUS_FAILED;
    }
    int status = o->data ? take_data(c, o) : STATUS_DONE;
    c->seed = (uint64_t)(o->seed < 0 ? 1 : o->seed);
    return status == STATUS_DONE ? fill_initial(c, c->seed) : status;
}

/* The graph may have grown since the case was made, but seeds are read by the names of what they are tangents of. */
int read_seeds(Model *m, const Case *c, const char *path, Tensor *const *of, uint32_t n, double **values) {
    const bp_model *model = describe_as_inputs(m, of, n);
    for (uint32_t k = 0; k < n; k++) values[k] = NEW_ARRAY(m->base.arena, double, (size_t)case_count(c, of[k]) + 1);
    if (!path) return STATUS_DONE;
    bp_error error = {""};
    bp_data *data;
    bp_data_options options = {.dims = c->dims, .batch_dim = -1, .overrides = true, .partial = true};
    int status = bp_data_read(&data, model, path, &options, &error);
    if (status != BP_OK) return data_status(&error, status);
    for (uint32_t k = 0; k < n; k++) {
        const bp_array *a = bp_data_find(data, of[k]->name);
        for (int64_t j = 0; a && a->values && j < a->count; j++) values[k][j] = element(model, a->tensor, a->values, j);
    }
    bp_data_free(data);
    return STATUS_DONE;
}

/* ---- at random ------------------------------------------------------------------------------------------------------------ */
/* What f32 code is called with must be what the interpreter computes with. */
static double rounded(const Graph *g, double x) { return g->f64 ? x : (double)(float)x; }

static double draw(const Case *c, const Tensor *t, uint64_t seed, int64_t k, bool positive) {
    if (positive) return rounded(c->graph, bp_uniform(seed, 1, t->number, (uint64_t)k, 0.5, 1.5));
    return rounded(c->graph, bp_normal(seed, 1, t->number, (uint64_t)k, 0, 1));
}

static double draw_whole(const Case *c, const Tensor *t, uint64_t seed, int64_t k) {
    int64_t lo = t->lo ? whole_at(c->graph, c->dims, t->lo) : 0, hi = t->hi ? whole_at(c->graph, c->dims, t->hi) : lo + 2;
    double value = floor(bp_uniform(seed, 1, t->number, (uint64_t)k, (double)lo, (double)hi));
    return value >= (double)hi ? (double)hi - 1 : value;
}

static void draw_input(Case *c, const Tensor *t, uint64_t seed, bool positive) {
    int64_t n = case_count(c, t);
    double *values = NEW_ARRAY(c->graph->arena, double, (size_t)n + 1);
    for (int64_t k = 0; k < n; k++) values[k] = t->type == TYPE_INT ? draw_whole(c, t, seed, k) : draw(c, t, seed, k, positive);
    c->values[t->number] = values;
}

/* Away from initial values such as 0, where mistakes hide. */
static void shake(Case *c, const Tensor *t, uint64_t seed) {
    double *values = c->values[t->number];
    int64_t n = case_count(c, t);
    for (int64_t k = 0; k < n; k++) values[k] = rounded(c->graph, values[k] + 0.1 * bp_normal(seed, 2, t->number, (uint64_t)k, 0, 1));
}

int case_random_at(Case *c, Model *m, const Options *o, const int64_t *dims, bool positive) {
    const uint64_t seed = (uint64_t)(o->seed < 0 ? 1 : o->seed);
    Graph *g = m->graph;
    case_make(c, m);
    c->seed = seed;
    for (uint32_t k = 0; k < g->dims.n; k++) c->dims[k] = dims[k];
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->role == ROLE_INPUT) draw_input(c, g->tensors.at[k], seed, positive);
    int status = fill_initial(c, seed);
    for (uint32_t k = 0; status == STATUS_DONE && k < g->tensors.n; k++)
        if (g->tensors.at[k]->role == ROLE_PARAM) shake(c, g->tensors.at[k], seed);
    return status;
}

int case_random(Case *c, Model *m, const Options *o, bool positive) {
    static const int64_t sizes[] = {5, 4, 7, 3, 6, 2};
    int64_t *dims = NEW_ARRAY(m->base.arena, int64_t, m->graph->dims.n + 1);
    for (uint32_t k = 0; k < m->graph->dims.n; k++) dims[k] = sizes[k % (sizeof sizes / sizeof *sizes)];
    return case_random_at(c, m, o, dims, positive);
}

bool case_set(const Case *c, Eval *e) {
    eval_set_draws(e, c->seed, 0);
    for (uint32_t k = 0; k < c->n; k++)
        if (c->values[k] && eval_set(e, c->graph->tensors.at[k], c->values[k]) != 0) return false;
    return true;
}
