/* bp_check.c - gradients against central differences: (L(p + h) - L(p - h)) / 2h, one entry at a time.
 *
 * The loss of `gradient`, not of `predict`, is differenced, since what is told by `training` differs between the two; it
 * is called with no gradient wanted.  Draws are the same in all calls. */
#include "bp_check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "batch.h"

typedef struct {
    const bp_model *model;
    bp_batch batch;
    const bp_tensor *loss;
    void *grads, *no_grads, *grad_block, *params;
    double step;
    bp_error *error;
} checking;

static double get(const bp_model *model, const void *block, size_t i) {
    return model->real == BP_F32 ? (double)((const float *)block)[i] : ((const double *)block)[i];
}

static void set(const bp_model *model, void *block, size_t i, double value) {
    if (model->real == BP_F32) ((float *)block)[i] = (float)value;
    else ((double *)block)[i] = value;
}

static int call(checking *c, void *grads, double *loss) {
    bp_batch *b = &c->batch;
    const int status = c->model->gradient(b->dims, b->inputs, b->params, b->state, b->outputs, grads, b->workspace);
    if (status) return bp_fail(c->error, status, "%s_gradient: %s", c->model->name, bp_status_text(status));
    *loss = bp_scalar_output(c->model, b->outputs, c->loss);
    return BP_OK;
}

/* The central difference by entry i of the block; what the steps became after rounding is what is divided by. */
static int difference(checking *c, size_t i, double *result) {
    const double p = get(c->model, c->params, i), h = c->step * (fabs(p) > 1.0 ? fabs(p) : 1.0);
    double up = 0.0, down = 0.0;
    set(c->model, c->params, i, p + h);
    const double high = get(c->model, c->params, i);
    int status = call(c, c->no_grads, &up);
    set(c->model, c->params, i, p - h);
    const double low = get(c->model, c->params, i);
    if (!status) status = call(c, c->no_grads, &down);
    set(c->model, c->params, i, p);
    *result = (up - down) / (high - low);
    return status;
}

static int check_tensor(checking *c, const bp_tensor *t, int64_t most, bp_check_row *row) {
    const int64_t n = bp_element_count(c->model, NULL, t), count = most > 0 && most < n ? most : n;
    *row = (bp_check_row){.tensor = t, .checked = count, .index = -1, .error = -1.0};
    for (int64_t k = 0; k < count; k++) {
        const int64_t i = (int64_t)((double)k * (double)n / (double)count);
        const size_t at = t->block_offset + (size_t)i;
        const double gradient = get(c->model, c->grad_block, at);
        double found;
        const int status = difference(c, at, &found);
        if (status) return status;
        const double size = fmax(1.0, fmax(fabs(gradient), fabs(found))), error = fabs(gradient - found) / size;
        if (error > row->error || isnan(error)) {
            row->index = i;
            row->gradient = gradient;
            row->difference = found;
            row->error = isnan(error) ? (double)INFINITY : error;
        }
    }
    if (count == 0) row->error = 0.0;
    return BP_OK;
}

int bp_check_gradient(const bp_model *model, const bp_data *data, void *params, const void *state, double step, int64_t most,
                      bp_check_row *row, uint32_t *n_rows, bp_error *error) {
    checking c = {.model = model, .params = params, .error = error, .step = step};
    double loss;
    *n_rows = 0;
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_LOSS) c.loss = &model->tensors[i];
    if (!model->gradient || !c.loss) return bp_fail(error, BP_E_UNSUPPORTED, "the model %s has no loss", model->name);
    if (!(step > 0.0)) c.step = cbrt(model->real == BP_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    int status = bp_batch_open(&c.batch, model, data, data->examples, params, (void *)(uintptr_t)state, error);
    c.grads = calloc(1, model->grads_size + 1);
    c.no_grads = calloc(1, model->grads_size + 1);
    c.grad_block = calloc(model->param_count + 1, (size_t)model->real);
    if (!status && (!c.grads || !c.no_grads || !c.grad_block))
        status = bp_fail(error, BP_E_MEMORY, "out of memory for the gradient");
    if (!status) status = bp_batch_take(&c.batch, NULL, data->examples, error);
    if (!status) {
        bp_bind_grads(model, c.grads, c.grad_block);
        bp_batch_draws(&c.batch, 1, 1);
        status = call(&c, c.grads, &loss);
    }
    for (uint32_t i = 0; i < model->n_tensors && !status; i++)
        if (model->tensors[i].role == BP_PARAM && model->tensors[i].grad_offset != (size_t)-1)
            status = check_tensor(&c, &model->tensors[i], most, &row[(*n_rows)++]);
    bp_batch_close(&c.batch);
    free(c.grads);
    free(c.no_grads);
    free(c.grad_block);
    return status;
}
