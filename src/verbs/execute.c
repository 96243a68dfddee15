/* Calls through the description: what is where in the structs is in model->tensors; members of the structs of derivatives
 * are one pointer for each tensor of --wrt (or --of), in their order. */
#include "verbs/execute.h"

#include <stdlib.h>
#include <string.h>

#include "verbs/verbs.h"

static size_t element_size(const bp_model *model, const bp_tensor *t) { return t->integer ? sizeof(int32_t) : (size_t)model->real; }

static void *member(void *structure, size_t offset) { return (char *)structure + offset; }
static void set_pointer(void *structure, size_t offset, void *value) { memcpy(member(structure, offset), &value, sizeof value); }

static void *array_new(Execution *x, const bp_tensor *t, int64_t n) {
    return arena_alloc(x->model->base.arena, array_bytes((size_t)n + 1, element_size(x->native.model, t)));
}

static void store(const bp_model *model, bool integer, void *array, int64_t k, double value) {
    if (integer) ((int32_t *)array)[k] = (int32_t)value;
    else if (model->real == BP_F32) ((float *)array)[k] = (float)value;
    else ((double *)array)[k] = value;
}

static double fetch(const bp_model *model, bool integer, const void *array, int64_t k) {
    if (integer) return ((const int32_t *)array)[k];
    return model->real == BP_F32 ? (double)((const float *)array)[k] : ((const double *)array)[k];
}

static const Tensor *graph_tensor(const Execution *x, const char *name) {
    const Graph *g = x->data->graph;
    return graph_find(g, name_of(g->names, name));
}

/* ---- structs ------------------------------------------------------------------------------------------------------------ */
static void *structure_for(Execution *x, bp_role role) {
    return role == BP_INPUT ? x->inputs : role == BP_PARAM ? x->params : role == BP_STATE ? x->state : x->outputs;
}

/* Allocates the tensor's array, fills what is given, and points the struct's member at it. */
static int fill_member(Execution *x, const bp_tensor *t) {
    const bp_model *model = x->native.model;
    void *structure = structure_for(x, t->role);
    int64_t n = bp_element_count(model, x->dims, t);
    if (n < 0) {
        fprintf(stderr, "bpc: '%s' is too large\n", t->name);
        return STATUS_WRONG_MODEL;
    }
    if (t->role >= BP_OUTPUT && t->rank == 0) return STATUS_DONE; /* a value in the struct */
    void *array = array_new(x, t, n);
    const Tensor *of = graph_tensor(x, t->name);
    const double *values = of && of->number < x->data->n ? x->data->values[of->number] : NULL;
    for (int64_t k = 0; values && k < n; k++) store(model, t->integer, array, k, values[k]);
    set_pointer(structure, t->offset, array);
    return STATUS_DONE;
}

static int allocate(Execution *x) {
    const bp_model *model = x->native.model;
    Arena *arena = x->model->base.arena;
    x->dims = NEW_ARRAY(arena, int64_t, model->n_dims + 1);
    for (uint32_t k = 0; k < model->n_dims; k++) x->dims[k] = x->data->dims[k];
    x->inputs = arena_alloc(arena, model->inputs_size + 64);
    x->params = arena_alloc(arena, model->params_size + 64);
    x->state = arena_alloc(arena, model->state_size + 64);
    x->outputs = arena_alloc(arena, model->outputs_size + 64);
    if (model->seed_offset != (size_t)-1) memcpy(member(x->inputs, model->seed_offset), &x->data->seed, sizeof x->data->seed);
    x->grads = arena_alloc(arena, array_bytes(x->request->n_wrt + 1, sizeof(void *)));
    for (uint32_t k = 0; k < model->n_tensors; k++) {
        int status = fill_member(x, &model->tensors[k]);
        if (status != STATUS_DONE) return status;
    }
    size_t bytes = model->workspace_size(x->dims);
    if (bytes == 0 || bytes > SIZE_MAX - 64 || posix_memalign(&x->workspace, 64, bytes + 64) != 0) {
        fprintf(stderr, "bpc: no memory for a workspace at these sizes\n");
        return STATUS_FAILED;
    }
    return STATUS_DONE;
}

/* The same options, with what has to be generated for the request. */
static Options with_wants(Arena *arena, const Options *o, const Request *r) {
    Options more = *o;
    more.want = (StringList){0};
    vec_push(arena, &more.want, "value");
    if (r->gradient) vec_push(arena, &more.want, "gradient");
    if (r->tangents) vec_push(arena, &more.want, "jvp");
    for (uint32_t k = 0; k < r->n_wanted; k++) vec_push(arena, &more.want, r->wanted[k].row->name);
    if (r->gradient && r->tangents && more.mode == MODE_UNSAID) more.mode = MODE_BOTH;
    /* Of tangents alone the request says of what; with a gradient too, what is said (or not) holds for both. */
    if (r->tangents && !r->gradient) more.of = (StringList){0};
    for (uint32_t k = 0; r->tangents && !r->gradient && k < r->n_of; k++) vec_push(arena, &more.of, r->of[k]->name);
    return more;
}

int execute_open(Execution *x, Model *m, const Options *o, const Case *data, const Request *request) {
    static const char *const quick[] = {"-O1", "-w"}, *const fast[] = {"-O3", "-march=native", "-fopenmp-simd", "-w"};
    *x = (Execution){.model = m, .data = data, .request = request, .sparse = o->sparse};
    Options more = with_wants(m->base.arena, o, request);
    int status = request->fast ? native_open(&x->native, m, &more, fast, sizeof fast / sizeof *fast)
                               : native_open(&x->native, m, &more, quick, sizeof quick / sizeof *quick);
    return status == STATUS_DONE ? allocate(x) : status;
}

void execute_close(Execution *x) {
    free(x->workspace);
    native_close(&x->native);
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------- */
static int call_status(const Execution *x, int status) {
    if (status == BP_OK) return STATUS_DONE;
    fprintf(stderr, "bpc: %s: %s\n", x->native.model->name, bp_status_text(status));
    return STATUS_WRONG_MODEL;
}

static Result result_new(Execution *x, const char *name, const Tensor *t, bool integer) {
    Result r = {.name = name, .rank = t->rank, .integer = integer, .single = x->native.model->real == BP_F32};
    for (uint32_t k = 0; k < t->rank; k++) r.extent[k] = whole_at(x->data->graph, x->dims, t->extent[k]);
    return r;
}

static void add_array(Execution *x, ResultGroup *group, Result r, const void *array, int64_t n) {
    Arena *arena = x->model->base.arena;
    double *values = NEW_ARRAY(arena, double, (size_t)n + 1);
    for (int64_t k = 0; k < n; k++) values[k] = fetch(x->native.model, r.integer, array, k);
    r.values = values;
    vec_push(arena, &group->results, r);
}

static void add_outputs(Execution *x, ResultGroup *group) {
    const bp_model *model = x->native.model;
    for (uint32_t k = 0; k < model->n_tensors; k++) {
        const bp_tensor *t = &model->tensors[k];
        if (t->role < BP_OUTPUT) continue;
        void *array = member(x->outputs, t->offset);
        if (t->rank > 0) memcpy(&array, member(x->outputs, t->offset), sizeof array);
        const Tensor *of = graph_tensor(x, t->name); /* whose name outlives the generated code */
        add_array(x, group, result_new(x, of->name, of, t->integer), array, bp_element_count(model, x->dims, t));
    }
}

/* With training = 1 values come with the derivative: the caller asks for that, and reads them after. */
static int run_gradient(Execution *x) {
    const bp_model *model = x->native.model;
    const Request *r = x->request;
    for (uint32_t k = 0; k < r->n_wrt; k++) {
        const int64_t n = case_count(x->data, r->wrt[k]);
        set_pointer(x->grads, k * sizeof(void *), arena_alloc(x->model->base.arena, array_bytes((size_t)n + 1, (size_t)model->real)));
    }
    return call_status(x, model->gradient(x->dims, x->inputs, x->params, x->state, x->outputs, x->grads, x->workspace));
}

int execute_values(Execution *x, ResultGroup *group) {
    int status;
    if (x->request->gradient) status = run_gradient(x);
    else status = call_status(x, x->native.model->predict(x->dims, x->inputs, x->params, x->state, x->outputs, x->workspace));
    if (status == STATUS_DONE) add_outputs(x, group);
    return status;
}

int execute_outputs(Execution *x, ResultGroup *group) {
    add_outputs(x, group);
    return STATUS_DONE;
}

int execute_gradient(Execution *x, ResultGroup *group) {
    const Request *r = x->request;
    for (uint32_t k = 0; k < r->n_wrt; k++) {
        void *array;
        memcpy(&array, member(x->grads, k * sizeof(void *)), sizeof array);
        add_array(x, group, result_new(x, r->wrt[k]->name, r->wrt[k], false), array, case_count(x->data, r->wrt[k]));
    }
    return STATUS_DONE;
}

/* ---- tangents ---------------------------------------------------------------------------------------------------------------- */
typedef int Call3(void *, void *, void *);
typedef int Call4(void *, void *, void *, void *);
typedef int Call5(void *, void *, void *, void *, void *);
typedef int Call6(void *, void *, void *, void *, void *, void *);
typedef int Call7(void *, void *, void *, void *, void *, void *, void *);
typedef int Call8(void *, void *, void *, void *, void *, void *, void *, void *);

/* All arguments of generated functions are pointers; structs that would be empty are left out. */
int bound_call(const BoundCall *call) {
    NativeFunction *f = call->function;
    void *const *a = call->argument;
    switch (call->n) {
    case 3: return ((Call3 *)f)(a[0], a[1], a[2]);
    case 4: return ((Call4 *)f)(a[0], a[1], a[2], a[3]);
    case 5: return ((Call5 *)f)(a[0], a[1], a[2], a[3], a[4]);
    case 6: return ((Call6 *)f)(a[0], a[1], a[2], a[3], a[4], a[5]);
    case 7: return ((Call7 *)f)(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    default: return ((Call8 *)f)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
    }
}

static bool has(const bp_model *model, bp_role from, bp_role to) {
    for (uint32_t k = 0; k < model->n_tensors; k++)
        if (model->tensors[k].role >= from && model->tensors[k].role <= to) return true;
    return false;
}

/* The function with its arguments: what the model has, seeds (NULL: none), results, and perhaps the outputs. */
static int bind(Execution *x, const char *name, void *seeds, bool outputs, void *results, BoundCall *call) {
    const bp_model *model = x->native.model;
    void **list = call->argument;
    int n = 0;
    call->function = native_function(&x->native, name);
    if (!call->function) {
        fprintf(stderr, "bpc: the generated code has no %s\n", name);
        return STATUS_FAILED;
    }
    if (model->n_dims > 0) list[n++] = x->dims;
    if (has(model, BP_INPUT, BP_INPUT) || model->seed_offset != (size_t)-1) list[n++] = x->inputs;
    if (has(model, BP_PARAM, BP_PARAM)) list[n++] = x->params;
    if (has(model, BP_STATE, BP_STATE)) list[n++] = x->state;
    if (seeds) list[n++] = seeds;
    if (outputs && has(model, BP_OUTPUT, BP_LOSS)) list[n++] = x->outputs;
    if (results) list[n++] = results;
    list[n++] = x->workspace;
    call->n = n;
    return STATUS_DONE;
}

int execute_bind(Execution *x, const char *name, void *seeds, void *results, BoundCall *call) { return bind(x, name, seeds, true, results, call); }

static int call_derivative(Execution *x, const char *name, void *seeds, bool outputs, void *results) {
    BoundCall call;
    int status = bind(x, name, seeds, outputs, results, &call);
    return status == STATUS_DONE ? call_status(x, bound_call(&call)) : status;
}

void execute_store(const Execution *x, void *array, int64_t element, double value) { store(x->native.model, false, array, element, value); }
double execute_fetch(const Execution *x, const void *array, int64_t element) { return fetch(x->native.model, false, array, element); }

void **execute_arrays(Execution *x, Tensor *const *tensors, uint32_t n, int64_t times, const double *const *values) {
    Arena *arena = x->model->base.arena;
    const bp_model *model = x->native.model;
    void **list = NEW_ARRAY(arena, void *, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const int64_t count = times * case_count(x->data, tensors[k]);
        list[k] = arena_alloc(arena, array_bytes((size_t)count + 1, (size_t)model->real));
        for (int64_t j = 0; values && j < count; j++) store(model, false, list[k], j, values[k][j]);
    }
    return list;
}

int execute_tangents(Execution *x, const double *const *seeds, ResultGroup *group) {
    const Request *r = x->request;
    void **tangents = execute_arrays(x, r->wrt, r->n_wrt, 1, seeds), **jvps = execute_arrays(x, r->of, r->n_of, 1, NULL);
    int status = call_derivative(x, "jvp", tangents, true, jvps);
    for (uint32_t k = 0; status == STATUS_DONE && k < r->n_of; k++)
        add_array(x, group, result_new(x, r->of[k]->name, r->of[k], false), jvps[k], case_count(x->data, r->of[k]));
    return status;
}

/* ---- other kinds ----------------------------------------------------------------------------------------------------------------- */
static int64_t result_count(const Execution *x, const Wanted *w, uint32_t k) {
    int64_t n = case_count(x->data, w->first.at[k]);
    return w->row->pairs ? n * case_count(x->data, w->second.at[k]) : n;
}

/* The pattern's sizes, the pattern, and the values that go there. */
static int execute_matrix(Execution *x, const Wanted *w, ResultGroup *group) {
    Arena *arena = x->model->base.arena;
    const bp_model *model = x->native.model;
    const char *pattern_of = arena_printf(arena, "%s_pattern", w->row->name);
    bp_pattern p = {0};
    int status = call_derivative(x, pattern_of, NULL, false, &p);
    if (status != STATUS_DONE) return status;
    pattern_allocate(arena, &p);
    status = call_derivative(x, pattern_of, NULL, false, &p);
    void *array = arena_alloc(arena, array_bytes((size_t)p.terms + 1, (size_t)model->real));
    if (status == STATUS_DONE) status = call_derivative(x, w->row->name, &p, true, &array);
    double *values = NEW_ARRAY(arena, double, (size_t)p.terms + 1);
    for (int64_t k = 0; k < p.entries; k++) values[k] = fetch(model, false, array, k);
    pattern_results(arena, group, &p, values, model->real == BP_F32);
    return status;
}

int execute_wanted(Execution *x, const Wanted *w, const double *const *seeds, ResultGroup *group) {
    Arena *arena = x->model->base.arena;
    if (x->sparse && w->row->pairs) return execute_matrix(x, w, group);
    void **results = NEW_ARRAY(arena, void *, w->first.n + 1);
    for (uint32_t k = 0; k < w->first.n; k++)
        results[k] = arena_alloc(arena, array_bytes((size_t)result_count(x, w, k) + 1, (size_t)x->native.model->real));
    void **given = w->seed_of.n ? execute_arrays(x, w->seed_of.at, w->seed_of.n, 1, seeds) : NULL;
    int status = call_derivative(x, w->row->name, given, true, results);
    for (uint32_t k = 0; status == STATUS_DONE && k < w->first.n; k++) {
        Result r = result_new(x, w->first.at[k]->name, w->first.at[k], false);
        for (uint32_t a = 0; w->row->pairs && a < w->second.at[k]->rank && r.rank < 16; a++)
            r.extent[r.rank++] = whole_at(x->data->graph, x->dims, w->second.at[k]->extent[a]);
        r.inner = w->row->pairs ? w->second.at[k]->name : NULL;
        add_array(x, group, r, results[k], result_count(x, w, k));
    }
    return status;
}
