/* batch.c - gathers the examples of a batch and keeps the structs and the workspace for calling the model. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

static size_t element_width(const bp_model *model, const bp_array *a) {
    return a->tensor->integer ? sizeof(int32_t) : (size_t)model->real;
}

static int out_of_memory(bp_error *error) { return bp_fail(error, BP_E_MEMORY, "out of memory for a batch"); }

/* Buffers for the arrays that have examples to choose from. */
static int open_gathered(bp_batch *b, int64_t most, bp_error *error) {
    const bp_data *data = b->data;
    for (uint32_t i = 0; i < data->n; i++) {
        const bp_array *a = &data->array[i];
        b->axis[i] = bp_batch_axis(a->tensor, data->batch_dim);
        if (b->axis[i] == -2 && most < data->examples)
            return bp_fail(error, BP_E_UNSUPPORTED, "'%s' has the batch dim %s on two axes; take all %lld examples as one batch",
                           a->tensor->name, b->model->dims[data->batch_dim], (long long)data->examples);
        if (b->axis[i] < 0) continue;
        const size_t example = data->examples ? (size_t)(a->count / data->examples) * element_width(b->model, a) : 0;
        if (!(b->gathered[i] = malloc(example * (size_t)most + 64))) return out_of_memory(error);
    }
    return BP_OK;
}

int bp_batch_open(bp_batch *b, const bp_model *model, const bp_data *data, int64_t most, void *params, void *state,
                  bp_error *error) {
    *b = (bp_batch){.model = model, .data = data};
    b->dims = malloc((model->n_dims + 1) * sizeof *b->dims);
    b->inputs = calloc(1, model->inputs_size + 1);
    b->outputs = calloc(1, model->outputs_size + 1);
    b->params = calloc(1, model->params_size + 1);
    b->state = calloc(1, model->state_size + 1);
    b->gathered = calloc(data->n + 1, sizeof *b->gathered);
    b->axis = calloc(data->n + 1, sizeof *b->axis);
    if (!b->dims || !b->inputs || !b->outputs || !b->params || !b->state || !b->gathered || !b->axis) return out_of_memory(error);
    memcpy(b->dims, data->dims, model->n_dims * sizeof *b->dims);
    bp_data_bind(data, b->inputs);
    if (params) bp_bind_params(model, b->params, params);
    if (state) bp_bind_state(model, b->state, state);
    return open_gathered(b, most, error);
}

/* A workspace for the dims as they are now; it only grows. */
static int grow_workspace(bp_batch *b, bp_error *error) {
    const size_t size = b->model->workspace_size ? b->model->workspace_size(b->dims) : 0;
    if (b->workspace && size <= b->workspace_size) return BP_OK;
    free(b->workspace_block);
    b->workspace = NULL;
    b->workspace_block = size > SIZE_MAX - 128 ? NULL : malloc(size + 128);
    if (!b->workspace_block) return bp_fail(error, BP_E_MEMORY, "out of memory for a workspace of %zu bytes", size);
    const uintptr_t at = (uintptr_t)b->workspace_block;
    b->workspace = (unsigned char *)b->workspace_block + (64 - at % 64) % 64;
    b->workspace_size = size;
    return BP_OK;
}

int bp_batch_take(bp_batch *b, const int64_t *order, int64_t n, bp_error *error) {
    const int32_t dim = b->data->batch_dim;
    if (order && dim >= 0) {
        b->dims[dim] = n;
        for (uint32_t i = 0; i < b->data->n; i++) {
            const bp_array *a = &b->data->array[i];
            if (b->axis[i] < 0 || a->tensor->role != BP_INPUT) continue;
            bp_gather(b->model, a, b->axis[i], order, n, b->gathered[i]);
            memcpy((char *)b->inputs + a->tensor->offset, &b->gathered[i], sizeof(void *));
        }
    }
    return grow_workspace(b, error);
}

void bp_batch_draws(bp_batch *b, uint64_t seed, uint64_t call) {
    if (b->model->seed_offset != (size_t)-1) memcpy((char *)b->inputs + b->model->seed_offset, &seed, sizeof seed);
    if (b->model->call_offset != (size_t)-1) memcpy((char *)b->inputs + b->model->call_offset, &call, sizeof call);
}

void bp_batch_close(bp_batch *b) {
    for (uint32_t i = 0; b->gathered && i < b->data->n; i++) free(b->gathered[i]);
    free(b->gathered);
    free(b->axis);
    free(b->dims);
    free(b->inputs);
    free(b->outputs);
    free(b->params);
    free(b->state);
    free(b->workspace_block);
    *b = (bp_batch){0};
}
