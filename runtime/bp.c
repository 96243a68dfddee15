/* bp.c - status texts and the questions one can ask of a model's description.
 *
 * Takes a bp_model as generated code fills it in; allocates nothing, and trusts the description (it is code, not data). */
#include "bp.h"

#include <string.h>

const char *bp_status_text(int status) {
    static const char *const text[BP_STATUS_COUNT] = {
        [BP_OK] = "success",
        [BP_E_RANGE] = "an integer of the data lies outside its declared range",
        [BP_E_SHAPE] = "sizes do not fit",
        [BP_E_ALIGN] = "an array or the workspace is not aligned",
        [BP_E_NULL] = "a required pointer is null",
        [BP_E_DOMAIN] = "a matrix has no such factorisation, or an argmax is of nothing",
        [BP_E_MEMORY] = "out of memory",
        [BP_E_IO] = "a file cannot be read or written",
        [BP_E_FORMAT] = "a file does not follow its format",
        [BP_E_NAN] = "a value is not finite",
        [BP_E_INTERRUPTED] = "interrupted",
        [BP_E_NAME] = "unknown name",
        [BP_E_VALUE] = "a value is out of its range",
        [BP_E_UNSUPPORTED] = "the model does not have what was asked for",
    };
    return status >= 0 && status < BP_STATUS_COUNT ? text[status] : "unknown status";
}

const bp_tensor *bp_find(const bp_model *model, const char *name) {
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (strcmp(model->tensors[i].name, name) == 0) return &model->tensors[i];
    return NULL;
}

int32_t bp_find_dim(const bp_model *model, const char *name) {
    for (uint32_t i = 0; i < model->n_dims; i++)
        if (strcmp(model->dims[i], name) == 0) return (int32_t)i;
    return -1;
}

int64_t bp_extent(const bp_model *model, const int64_t *dims, const bp_tensor *tensor, uint32_t axis) {
    if (axis >= tensor->rank) return -1;
    const bp_axis *a = &tensor->axis[axis];
    if (a->dim >= 0) return dims ? dims[a->dim] : -1;
    if (a->dim == -1) return a->size;
    return model->extent ? model->extent(dims, (uint32_t)(tensor - model->tensors), axis) : -1;
}

int64_t bp_element_count(const bp_model *model, const int64_t *dims, const bp_tensor *tensor) {
    int64_t count = 1;
    for (uint32_t k = 0; k < tensor->rank; k++) {
        const int64_t n = bp_extent(model, dims, tensor, k);
        if (n < 0 || (n > 0 && count > INT64_MAX / n)) return -1;
        count *= n;
    }
    return count;
}

/* Store `block + block_offset` into the pointer member at `offset`.  Members are float * or double *; memcpy keeps the
 * store free of aliasing questions. */
static void bind(const bp_model *model, void *target, void *block, size_t offset, const bp_tensor *t) {
    if (offset == (size_t)-1) return;
    void *p = (char *)block + t->block_offset * (size_t)model->real;
    memcpy((char *)target + offset, &p, sizeof p);
}

void bp_bind_params(const bp_model *model, void *params, void *block) {
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_PARAM) bind(model, params, block, model->tensors[i].offset, &model->tensors[i]);
}

void bp_bind_grads(const bp_model *model, void *grads, void *block) {
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_PARAM) bind(model, grads, block, model->tensors[i].grad_offset, &model->tensors[i]);
}

void bp_bind_state(const bp_model *model, void *state, void *block) {
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_STATE) bind(model, state, block, model->tensors[i].offset, &model->tensors[i]);
}

double bp_scalar_output(const bp_model *model, const void *outputs, const bp_tensor *tensor) {
    const char *at = (const char *)outputs + tensor->offset;
    if (tensor->integer) {
        int32_t v;
        memcpy(&v, at, sizeof v);
        return v;
    }
    if (model->real == BP_F32) {
        float v;
        memcpy(&v, at, sizeof v);
        return (double)v;
    }
    double v;
    memcpy(&v, at, sizeof v);
    return v;
}
