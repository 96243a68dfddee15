/* Runs generated code in buffers of exactly the sizes that it asks for, poisoned beforehand, twice with different poison:
 * what comes out must be the same, and (under the sanitizers or valgrind) nothing outside may be touched. forward and then
 * backward must give what gradient gives, but for rounding. With SMALLEST in the environment every size is 1, where loops are empty; with SIZE=n they are n.
 *
 * Compiled beside model.c (--prefix model), linked with libbp. pair.h says which arguments forward and backward take
 * (FORWARD, BACKWARD), where the model has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bp.h"
#include "bp_init.h"
#include "bp_random.h"
#include "model.h"
#include "pair.h"

typedef struct {
    const bp_model *model;
    int64_t *dims;
    void *inputs, *params, *state, *outputs, *grads, *workspace;
    size_t workspace_bytes;
} Run;

static void *checked(void *memory) {
    if (memory) return memory;
    fprintf(stderr, "no memory\n");
    exit(2);
}

static size_t bytes_of(const Run *r, const bp_tensor *t) {
    int64_t n = bp_element_count(r->model, r->dims, t);
    return (size_t)n * (t->integer ? sizeof(int32_t) : (size_t)r->model->real);
}

/* Freed with the process. Exactly as large as the tensor, so that one element beyond is seen. */
static void *array_of(const Run *r, const bp_tensor *t, int poison) {
    size_t bytes = bytes_of(r, t);
    return memset(checked(malloc(bytes ? bytes : 1)), poison, bytes);
}

static void set(void *structure, size_t offset, void *pointer) { memcpy((char *)structure + offset, &pointer, sizeof pointer); }

static void fill_input(const Run *r, const bp_tensor *t, uint32_t place, void *array) {
    int64_t n = bp_element_count(r->model, r->dims, t);
    for (int64_t k = 0; k < n; k++) {
        double x = bp_normal(1, 1, place, (uint64_t)k, 0, 1);
        int64_t hi = t->hi == INT64_MAX ? 2 : t->hi, lo = t->lo == INT64_MIN ? 0 : t->lo;
        if (t->integer) ((int32_t *)array)[k] = (int32_t)(lo + (int64_t)bp_uniform(1, 2, place, (uint64_t)k, 0, (double)(hi - lo)));
        else if (r->model->real == BP_F32) ((float *)array)[k] = (float)x;
        else ((double *)array)[k] = x;
    }
}

static void give(Run *r, int poison) {
    const bp_model *m = r->model;
    for (uint32_t k = 0; k < m->n_tensors; k++) {
        const bp_tensor *t = &m->tensors[k];
        if (t->role == BP_INPUT) {
            void *array = array_of(r, t, 0);
            fill_input(r, t, k, array);
            set(r->inputs, t->offset, array);
        } else if (t->role == BP_PARAM) {
            void *array = array_of(r, t, 0);
            if (bp_init_tensor(m, t, array, 1) != BP_OK) exit(2);
            set(r->params, t->offset, array);
            if (t->grad_offset != (size_t)-1) set(r->grads, t->grad_offset, array_of(r, t, poison));
        } else if (t->role == BP_STATE) {
            void *array = array_of(r, t, 0);
            if (bp_init_tensor(m, t, array, 1) != BP_OK) exit(2);
            set(r->state, t->offset, array);
        } else if (t->role >= BP_OUTPUT && t->rank > 0) {
            set(r->outputs, t->offset, array_of(r, t, poison));
        }
    }
}

static Run run_new(int poison) {
    static const int64_t sizes[] = {5, 4, 7, 3, 6, 2};
    Run r = {.model = model_describe()};
    const bp_model *m = r.model;
    r.dims = checked(calloc(m->n_dims + 1, sizeof *r.dims));
    const char *size = getenv("SIZE");
    for (uint32_t k = 0; k < m->n_dims; k++) r.dims[k] = getenv("SMALLEST") ? 1 : size ? atoll(size) : sizes[k % 6];
    r.inputs = checked(calloc(1, m->inputs_size + 1));
    r.params = checked(calloc(1, m->params_size + 1));
    r.state = checked(calloc(1, m->state_size + 1));
    r.outputs = checked(calloc(1, m->outputs_size + 1));
    r.grads = checked(calloc(1, m->grads_size + 1));
    give(&r, poison);
    r.workspace_bytes = m->workspace_size(r.dims);
    if (posix_memalign(&r.workspace, 64, r.workspace_bytes)) exit(2);
    memset(r.workspace, poison, r.workspace_bytes);
    return r;
}

typedef enum { PREDICT, GRADIENT, PAIR, UPDATE, N_WAYS } Way;

/* The bytes of all outputs and gradients (after an update: states), one after the other, into `out`; returns their number. */
static size_t collect(const Run *r, Way way, char *out) {
    const bp_model *m = r->model;
    size_t n = 0;
    for (uint32_t k = 0; k < m->n_tensors; k++) {
        const bp_tensor *t = &m->tensors[k];
        const bool gradient = (way == GRADIENT || way == PAIR) && t->role == BP_PARAM && t->grad_offset != (size_t)-1;
        const bool state = way == UPDATE && t->role == BP_STATE, output = way != UPDATE && t->role >= BP_OUTPUT;
        if (!gradient && !state && !output) continue;
        const char *member = (char *)(gradient ? r->grads : state ? r->state : r->outputs) + (gradient ? t->grad_offset : t->offset), *array = member;
        if (!output || t->rank > 0) memcpy(&array, member, sizeof array);
        memcpy(out + n, array, bytes_of(r, t));
        n += bytes_of(r, t);
    }
    return n;
}

static int run(const Run *r, Way way) {
    const bp_model *m = r->model;
    if (way == PREDICT) return m->predict(r->dims, r->inputs, r->params, r->state, r->outputs, r->workspace);
    if (way == UPDATE) return m->update(r->dims, r->inputs, r->params, r->state, r->workspace);
    if (way == GRADIENT) return m->gradient(r->dims, r->inputs, r->params, r->state, r->outputs, r->grads, r->workspace);
#ifdef FORWARD
    const int status = model_forward(FORWARD);
    return status == BP_OK ? model_backward(BACKWARD) : status;
#else
    return BP_OK;
#endif
}

static size_t call(int poison, Way way, char *out) {
    Run r = run_new(poison);
    const int status = run(&r, way);
    if (getenv("SMALLEST") && (status == BP_E_SHAPE || status == BP_E_RANGE || status == BP_E_DOMAIN)) exit(0); /* the model wants more */
    if (status != BP_OK) {
        fprintf(stderr, "%s: status %d: %s\n", r.model->name, status, bp_status_text(status));
        exit(1);
    }
    return collect(&r, way, out);
}

static bool near(const void *one, const void *two, size_t n, bp_real real) {
    for (size_t k = 0; k < n / real; k++) {
        const double a = real == BP_F32 ? (double)((const float *)one)[k] : ((const double *)one)[k];
        const double b = real == BP_F32 ? (double)((const float *)two)[k] : ((const double *)two)[k];
        const double off = a > b ? a - b : b - a, size = a < 0 ? -a : a;
        if (off > (real == BP_F32 ? 2e-4 : 1e-10) * (1 + size)) return false;
    }
    return true;
}

int main(void) {
    static union { char bytes[1 << 22]; double aligned; } out[3];
    char *one = out[0].bytes, *two = out[1].bytes, *gradient = out[2].bytes;
    const bp_model *m = model_describe();
    size_t n_gradient = 0;
    for (Way way = PREDICT; way < N_WAYS; way++) {
        if ((way == UPDATE && !m->update) || ((way == GRADIENT || way == PAIR) && !m->gradient)) continue;
        const size_t n = call(0xff, way, one), n_two = call(0x3f, way, two);
        if (n != n_two || memcmp(one, two, n) != 0) {
            fprintf(stderr, "what was in the buffers beforehand changes the result\n");
            return 1;
        }
        if (way == GRADIENT) memcpy(gradient, one, n_gradient = n);
#ifdef FORWARD
        if (way == PAIR && (n != n_gradient || !near(one, gradient, n, m->real))) {
            fprintf(stderr, "forward and backward give another gradient\n");
            return 1;
        }
#endif
    }
    return 0;
}
