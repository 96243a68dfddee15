/* bp_weights.c - a model's parameters and states, and checkpoints of a run, as named arrays (store.h). */
#include "bp_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool stored_role(const bp_tensor *t, const void *params, const void *state) {
    return (t->role == BP_PARAM && params) || (t->role == BP_STATE && state);
}

/* The arrays of the blocks, and room for `extra` more and for `notes`. */
static bool gather_arrays(bp_store *store, const bp_model *model, const void *params, const void *state, uint32_t extra,
                          uint32_t notes) {
    *store = (bp_store){.array = calloc(model->n_tensors + extra + 1, sizeof *store->array),
                        .note = calloc(notes + 1, sizeof *store->note)};
    if (!store->array || !store->note) return false;
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        const bp_tensor *t = &model->tensors[i];
        if (!stored_role(t, params, state)) continue;
        bp_stored *a = &store->array[store->n++];
        snprintf(a->name, sizeof a->name, "%s", t->name);
        a->real = model->real;
        a->rank = t->rank;
        for (uint32_t k = 0; k < t->rank; k++) a->extent[k] = bp_extent(model, NULL, t, k);
        a->count = bp_element_count(model, NULL, t);
        a->data = (const char *)(t->role == BP_PARAM ? params : state) + t->block_offset * (size_t)model->real;
    }
    return true;
}

static void add_note(bp_store *store, const char *key, const char *value) {
    bp_note *note = &store->note[store->n_notes++];
    snprintf(note->key, sizeof note->key, "%s", key);
    snprintf(note->value, sizeof note->value, "%s", value);
}

static void add_number(bp_store *store, const char *key, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_note(store, key, text);
}

int bp_weights_save(const bp_model *model, const void *params, const void *state, const char *path, bp_error *error) {
    bp_store store;
    const size_t length = strlen(path);
    int status = BP_E_MEMORY;
    if (!gather_arrays(&store, model, params, model->state_count ? state : NULL, 0, 2)) {
        bp_fail(error, status, "%s: out of memory", path);
    } else if (length >= 4 && strcmp(path + length - 4, ".npz") == 0) {
        status = bp_store_write_npz(&store, path, error);
    } else {
        add_note(&store, "model", model->name);
        status = bp_store_write_safetensors(&store, path, error);
    }
    bp_store_free(&store);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static const bp_stored *find_array(const bp_store *store, const char *name) {
    for (uint32_t i = 0; i < store->n; i++)
        if (strcmp(store->array[i].name, name) == 0) return &store->array[i];
    return NULL;
}

static const char *find_note(const bp_store *store, const char *key) {
    for (uint32_t i = 0; i < store->n_notes; i++)
        if (strcmp(store->note[i].key, key) == 0) return store->note[i].value;
    return NULL;
}

static double stored_value(const bp_stored *a, int64_t i) {
    float single;
    double real;
    uint16_t half;
    switch ((int)a->real) {
    case 2:
        memcpy(&half, (const char *)a->data + 2 * i, sizeof half);
        const int exponent = half >> 10 & 31, mantissa = half & 1023;
        const double size = exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                          : exponent       ? ldexp(1024 + mantissa, exponent - 25)
                                           : ldexp(mantissa, -24);
        return half >> 15 ? -size : size;
    case 4: memcpy(&single, (const char *)a->data + 4 * i, sizeof single); return (double)single;
    default: memcpy(&real, (const char *)a->data + 8 * i, sizeof real); return real;
    }
}

static void copy_values(const bp_stored *a, bp_real real, void *to) {
    if (a->real == real && a->count) memcpy(to, a->data, (size_t)a->count * (size_t)real);
    else
        for (int64_t i = 0; i < a->count; i++) {
            if (real == BP_F32) ((float *)to)[i] = (float)stored_value(a, i);
            else ((double *)to)[i] = stored_value(a, i);
        }
}

static void shape_text(uint32_t rank, const int64_t *extent, char *text, size_t size) {
    snprintf(text, size, "[");
    for (uint32_t k = 0; k < rank && strlen(text) + 24 < size; k++)
        snprintf(text + strlen(text), size - strlen(text), "%s%" PRId64, k ? ", " : "", extent[k]);
    snprintf(text + strlen(text), size - strlen(text), "]");
}

static int check_array(const bp_model *model, const bp_tensor *t, const bp_stored *a, const char *path, bp_error *error) {
    int64_t extent[BP_RANK_MAX];
    if (!a)
        return bp_fail(error, BP_E_NAME, "%s: the %s '%s' is missing", path, t->role == BP_PARAM ? "parameter" : "state",
                       t->name);
    for (uint32_t k = 0; k < t->rank; k++) extent[k] = bp_extent(model, NULL, t, k);
    if (a->rank == t->rank && memcmp(a->extent, extent, t->rank * sizeof *extent) == 0) return BP_OK;
    char found[160], expected[160];
    shape_text(a->rank, a->extent, found, sizeof found);
    shape_text(t->rank, extent, expected, sizeof expected);
    return bp_fail(error, BP_E_SHAPE, "%s: '%s': found the shape %s, expected %s", path, t->name, found, expected);
}

/* Every array of the file belongs to the model or, in a checkpoint, to the optimiser. */
static int check_names(const bp_model *model, const bp_store *store, const char *path, bp_error *error) {
    const bool checkpoint = find_note(store, "bpc.epoch") != NULL;
    for (uint32_t i = 0; i < store->n; i++) {
        const char *name = store->array[i].name;
        const bp_tensor *t = bp_find(model, name);
        if ((t && (t->role == BP_PARAM || t->role == BP_STATE)) || (checkpoint && strncmp(name, "optimizer.", 10) == 0)) continue;
        const char *guess = bp_closest(name, &model->tensors[0].name, model->n_tensors, sizeof *model->tensors);
        return bp_fail(error, BP_E_NAME, "%s: the model has no parameter '%.100s'%s%s%s", path, name,
                       guess ? "; did you mean '" : "", guess ? guess : "", guess ? "'?" : "");
    }
    return BP_OK;
}

/* Check everything, then copy, so that a failure leaves the blocks as they were. */
static int load_arrays(const bp_model *model, void *params, void *state, const bp_store *store, const char *path,
                       bp_error *error) {
    bool any_state = false;
    int status = check_names(model, store, path, error);
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_STATE && find_array(store, model->tensors[i].name)) any_state = true;
    if (!any_state) state = NULL;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < model->n_tensors && !status; i++) {
            const bp_tensor *t = &model->tensors[i];
            if (!stored_role(t, params, state)) continue;
            const bp_stored *a = find_array(store, t->name);
            if (pass == 0) status = check_array(model, t, a, path, error);
            else
                copy_values(a, model->real,
                            (char *)(t->role == BP_PARAM ? params : state) + t->block_offset * (size_t)model->real);
        }
    return status;
}

int bp_weights_load(const bp_model *model, void *params, void *state, const char *path, bp_error *error) {
    bp_store store;
    int status = bp_store_read(&store, path, error);
    if (!status) status = load_arrays(model, params, state, &store, path, error);
    bp_store_free(&store);
    return status;
}

/* ---- checkpoints ----------------------------------------------------------------------------------------------- */

int bp_checkpoint_save(const bp_model *model, const void *params, const void *state, const bp_optimizer *optimizer,
                       const bp_position *position, const char *path, bp_error *error) {
    bp_store store;
    bp_optimizer *o = (bp_optimizer *)(uintptr_t)optimizer;
    const uint32_t slots = bp_optimizer_slots(o);
    if (!gather_arrays(&store, model, params, model->state_count ? state : NULL, slots + 1, 10)) {
        bp_store_free(&store);
        return bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    }
    for (uint32_t i = 0; i < slots; i++) {
        bp_stored *a = &store.array[store.n++];
        snprintf(a->name, sizeof a->name, "optimizer.%u", i);
        a->real = model->real;
        a->rank = 1;
        a->extent[0] = a->count = (int64_t)model->param_count;
        a->data = (const char *)bp_optimizer_memory(o) + i * model->param_count * (size_t)model->real;
    }
    bp_stored *sums = &store.array[store.n++];
    *sums = (bp_stored){.name = "optimizer.sums",
                        .real = BP_F64,
                        .rank = 1,
                        .extent = {position->n_sums},
                        .count = position->n_sums,
                        .data = position->sum};
    char seed[32];
    snprintf(seed, sizeof seed, "%" PRIu64, position->seed);
    add_note(&store, "model", model->name);
    add_note(&store, "bpc.optimizer", bp_optimizer_name(o));
    add_number(&store, "bpc.count", bp_optimizer_count(o));
    add_number(&store, "bpc.epoch", position->epoch);
    add_number(&store, "bpc.step", position->step);
    add_number(&store, "bpc.step_in_epoch", position->step_in_epoch);
    add_note(&store, "bpc.seed", seed);
    add_number(&store, "bpc.batch", position->batch);
    add_number(&store, "bpc.epochs", position->epochs);
    const int status = bp_store_write_safetensors(&store, path, error);
    bp_store_free(&store);
    return status;
}

/* A whole number of the metadata; sets *status when it is missing or is none. */
static int64_t number_of(const bp_store *store, const char *key, const char *path, int *status, bp_error *error) {
    const char *text = find_note(store, key);
    char *end;
    if (*status) return 0;
    if (!text) *status = bp_fail(error, BP_E_NAME, "%s: not a checkpoint: it does not say %s", path, key);
    const int64_t value = text ? (int64_t)strtoull(text, &end, 10) : 0;
    if (text && (end == text || *end))
        *status = bp_fail(error, BP_E_FORMAT, "%s: %s is '%.40s', expected a number", path, key, text);
    return value;
}

static int load_optimizer(const bp_model *model, bp_optimizer *o, const bp_store *store, const char *path, bp_error *error) {
    const char *name = find_note(store, "bpc.optimizer");
    if (!name) return bp_fail(error, BP_E_NAME, "%s: not a checkpoint: it does not say bpc.optimizer", path);
    if (strcmp(name, bp_optimizer_name(o)) != 0)
        return bp_fail(error, BP_E_NAME, "%s: is of a run with %.40s, not %s", path, name, bp_optimizer_name(o));
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < bp_optimizer_slots(o); i++) {
            char key[32];
            snprintf(key, sizeof key, "optimizer.%u", i);
            const bp_stored *a = find_array(store, key);
            if (!a || a->count != (int64_t)model->param_count)
                return bp_fail(error, BP_E_SHAPE, "%s: '%s' is missing or of another size", path, key);
            if (pass) copy_values(a, model->real, (char *)bp_optimizer_memory(o) + i * model->param_count * (size_t)model->real);
        }
    return BP_OK;
}

static int load_position(bp_position *p, int64_t *count, const bp_store *store, const char *path, bp_error *error) {
    int status = BP_OK;
    const bp_stored *sums = find_array(store, "optimizer.sums");
    *p = (bp_position){.epoch = number_of(store, "bpc.epoch", path, &status, error)};
    p->step = number_of(store, "bpc.step", path, &status, error);
    p->step_in_epoch = number_of(store, "bpc.step_in_epoch", path, &status, error);
    p->seed = (uint64_t)number_of(store, "bpc.seed", path, &status, error);
    p->batch = number_of(store, "bpc.batch", path, &status, error);
    p->epochs = number_of(store, "bpc.epochs", path, &status, error);
    *count = number_of(store, "bpc.count", path, &status, error);
    if (status) return status;
    if (!sums || sums->count > (int64_t)(sizeof p->sum / sizeof *p->sum))
        return bp_fail(error, BP_E_FORMAT, "%s: 'optimizer.sums' is missing or too long", path);
    p->n_sums = (uint32_t)sums->count;
    copy_values(sums, BP_F64, p->sum);
    return BP_OK;
}

int bp_checkpoint_load(const bp_model *model, void *params, void *state, bp_optimizer *optimizer, bp_position *position,
                       const char *path, bp_error *error) {
    bp_store store;
    int64_t count = 0;
    int status = bp_store_read(&store, path, error);
    if (!status) status = load_position(position, &count, &store, path, error);
    if (!status) status = load_optimizer(model, optimizer, &store, path, error);
    if (!status) status = load_arrays(model, params, state, &store, path, error);
    if (!status) bp_optimizer_set_count(optimizer, count);
    bp_store_free(&store);
    return status;
}
