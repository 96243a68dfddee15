/* bp_init.c - initial values: constants, and draws by (seed, call 0, place = 0x8000 + number of the tensor, index =
 * element), so that a parameter's values do not depend on the sizes of the others, nor on the real type but for rounding.
 *
 * Sources: xavier: Glorot and Bengio 2010; he: He, Zhang, Ren and Sun 2015; lecun: LeCun, Bottou, Orr and Muller 1998;
 * orthogonal: Saxe, McClelland and Ganguli 2013. */
#include "bp_init.h"

#include <math.h>
#include <stdlib.h>

#include "bp_random.h"

/* Where one tensor's values come from and go to. */
typedef struct {
    const bp_model *model;
    const bp_tensor *tensor;
    const bp_init *init;
    int64_t count;
    uint64_t seed;
    uint32_t place;
    void *out;
} filling;

static void put(const filling *f, int64_t i, double value) {
    if (f->model->real == BP_F32) ((float *)f->out)[i] = (float)value;
    else ((double *)f->out)[i] = value;
}

static int fill_constant(const filling *f, double value) {
    for (int64_t i = 0; i < f->count; i++) put(f, i, value);
    return BP_OK;
}

static int fill_normal(const filling *f, double mean, double std) {
    for (int64_t i = 0; i < f->count; i++) put(f, i, bp_normal(f->seed, 0, f->place, (uint64_t)i, mean, std));
    return BP_OK;
}

static int fill_uniform(const filling *f, double lo, double hi) {
    for (int64_t i = 0; i < f->count; i++) put(f, i, bp_uniform(f->seed, 0, f->place, (uint64_t)i, lo, hi));
    return BP_OK;
}

static int fill_values(const filling *f) {
    if (!f->init->values) return fill_constant(f, f->init->a);
    for (int64_t i = 0; i < f->count; i++) put(f, i, f->init->values[i]);
    return BP_OK;
}

/* 1 on the diagonal of the last two axes; a vector is all 1, as a 1 x 1 matrix is. */
static int fill_identity(const filling *f) {
    const uint32_t rank = f->tensor->rank;
    const int64_t columns = rank ? bp_extent(f->model, NULL, f->tensor, rank - 1) : 1;
    const int64_t rows = rank > 1 ? bp_extent(f->model, NULL, f->tensor, rank - 2) : 1;
    for (int64_t i = 0; i < f->count; i++) put(f, i, rank < 2 || i / columns % rows == i % columns ? 1.0 : 0.0);
    return BP_OK;
}

static double dot(const double *a, const double *b, int64_t n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Make the `n` rows of `row` (each `length` >= n long) orthonormal, by Gram and Schmidt's process done twice, which is
 * enough (Parlett, after Kahan).  Rows of normal draws are dependent with probability 0. */
static void orthonormalise(double *row, int64_t n, int64_t length) {
    for (int64_t i = 0; i < n; i++) {
        double *r = row + i * length;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t j = 0; j < i; j++) {
                const double *q = row + j * length, along = dot(q, r, length);
                for (int64_t k = 0; k < length; k++) r[k] -= along * q[k];
            }
        const double norm = sqrt(dot(r, r, length));
        for (int64_t k = 0; k < length; k++) r[k] /= norm;
    }
}

/* Orthonormal rows, or columns where there are more rows than columns; the matrix is [first axis, the other axes]. */
static int fill_orthogonal(const filling *f) {
    if (f->count == 0) return BP_OK;
    const int64_t rows = f->tensor->rank ? bp_extent(f->model, NULL, f->tensor, 0) : 1, columns = f->count / rows;
    const int64_t n = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    double *row = malloc((size_t)f->count * sizeof *row);
    if (!row) return BP_E_MEMORY;
    for (int64_t i = 0; i < f->count; i++) row[i] = bp_normal(f->seed, 0, f->place, (uint64_t)i, 0.0, 1.0);
    orthonormalise(row, n, length);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            put(f, i * columns + j, rows <= columns ? row[i * length + j] : row[j * length + i]);
    free(row);
    return BP_OK;
}

/* sqrt(scale / fan), or nan where the fan is not positive. */
static double spread(double scale, int64_t fan) { return fan > 0 ? sqrt(scale / (double)fan) : (double)NAN; }

static int fill(const filling *f) {
    const bp_init *d = f->init;
    double s;
    switch (d->kind) {
    case BP_INIT_VALUES: return fill_values(f);
    case BP_INIT_ZEROS: return fill_constant(f, 0.0);
    case BP_INIT_ONES: return fill_constant(f, 1.0);
    case BP_INIT_IDENTITY: return fill_identity(f);
    case BP_INIT_NORMAL: return fill_normal(f, d->a, d->b);
    case BP_INIT_UNIFORM: return fill_uniform(f, d->a, d->b);
    case BP_INIT_XAVIER: s = spread(6.0, d->fan_in + d->fan_out); return isnan(s) ? BP_E_VALUE : fill_uniform(f, -s, s);
    case BP_INIT_XAVIER_NORMAL: s = spread(2.0, d->fan_in + d->fan_out); return isnan(s) ? BP_E_VALUE : fill_normal(f, 0, s);
    case BP_INIT_HE: s = spread(2.0, d->fan_in); return isnan(s) ? BP_E_VALUE : fill_normal(f, 0.0, s);
    case BP_INIT_HE_UNIFORM: s = spread(6.0, d->fan_in); return isnan(s) ? BP_E_VALUE : fill_uniform(f, -s, s);
    case BP_INIT_LECUN: s = spread(1.0, d->fan_in); return isnan(s) ? BP_E_VALUE : fill_normal(f, 0.0, s);
    case BP_INIT_ORTHOGONAL: return fill_orthogonal(f);
    }
    return BP_E_VALUE;
}

int bp_init_tensor(const bp_model *model, const bp_tensor *tensor, void *out, uint64_t seed) {
    if (!model || !tensor || !out) return BP_E_NULL;
    const filling f = {.model = model,
                       .tensor = tensor,
                       .init = &tensor->init,
                       .count = bp_element_count(model, NULL, tensor),
                       .seed = seed,
                       .place = 0x8000u + (uint32_t)(tensor - model->tensors),
                       .out = out};
    return f.count < 0 ? BP_E_SHAPE : fill(&f);
}

static int init_role(const bp_model *model, bp_role role, void *block, uint64_t seed) {
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        const bp_tensor *t = &model->tensors[i];
        if (t->role != role) continue;
        const int status = bp_init_tensor(model, t, (char *)block + t->block_offset * (size_t)model->real, seed);
        if (status) return status;
    }
    return BP_OK;
}

int bp_init_params(const bp_model *model, void *block, uint64_t seed) {
    if (!model || (!block && model->param_count)) return BP_E_NULL;
    return init_role(model, BP_PARAM, block, seed);
}

int bp_init_state(const bp_model *model, void *block, uint64_t seed) {
    if (!model || (!block && model->state_count)) return BP_E_NULL;
    return init_role(model, BP_STATE, block, seed);
}
