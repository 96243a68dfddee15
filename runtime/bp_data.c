/* bp_data.c - files of all formats to the arrays of a model.
 *
 * The readers (data_csv.c, data_npy.c, data_idx.c, data_json.c) make raw arrays of doubles with names and extents; here
 * they are matched with the model's tensors, the run-time dims are inferred, every size and every integer is checked,
 * and the values take the model's type. */
#include "bp_data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

/* ---- which file ------------------------------------------------------------------------------------------------ */

/* The only input, for files that hold one array without a name; NULL if there is not exactly one. */
static const char *only_input(const bp_model *model) {
    const char *name = NULL;
    for (uint32_t i = 0; i < model->n_tensors; i++)
        if (model->tensors[i].role == BP_INPUT) {
            if (name) return NULL;
            name = model->tensors[i].name;
        }
    return name;
}

/* Read bytes of whatever format; `name` is the array's where the format has no names, or NULL. */
static int read_bytes(bp_raw_file *raw, const bp_model *model, const char *name, const void *bytes, size_t size,
                      const bp_data_options *options, int32_t batch_dim, bp_error *error) {
    const unsigned char *b = bytes;
    const bool npy = size >= 6 && memcmp(b, "\x93NUMPY", 6) == 0, idx = size >= 4 && b[0] == 0 && b[1] == 0;
    if (npy || idx) {
        if (!name) name = only_input(model);
        if (!name)
            return bp_fail(error, BP_E_NAME, "%s: holds one array without a name; say which input it is: NAME=%s", raw->file,
                           raw->file);
        return npy ? bp_read_npy(raw, name, b, size, error) : bp_read_idx(raw, name, b, size, error);
    }
    if (size >= 4 && memcmp(b, "PK", 2) == 0 && (b[2] == 3 || b[2] == 5)) return bp_read_npz(raw, b, size, error);
    size_t at = 0;
    while (at < size && strchr(" \t\r\n", b[at]) && b[at]) at++;
    if (at < size && b[at] == '{') return bp_read_json(raw, bytes, size, error);
    return bp_read_csv(raw, model, bytes, size, options, batch_dim, error);
}

static int read_one(bp_raw_file *raw, const bp_model *model, const char *name, const char *path, const bp_data_options *options,
                    int32_t batch_dim, bp_error *error) {
    unsigned char *bytes;
    size_t size;
    int status = bp_read_all(path, &bytes, &size, error);
    if (status) return status;
    raw->file = path;
    status = read_bytes(raw, model, name, bytes, size, options, batch_dim, error);
    free(bytes);
    return status;
}

/* "x=a.idx,y=b.idx" where every name is one of the model's; false if the text is a path instead. */
static bool is_list(const bp_model *model, const char *text) {
    char name[256];
    const char *equals = strchr(text, '=');
    if (!equals || (size_t)(equals - text) >= sizeof name) return false;
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    return bp_find(model, name) != NULL;
}

static int read_list(bp_raw_file *raw, const bp_model *model, char *list, const bp_data_options *options, int32_t batch_dim,
                     bp_error *error) {
    int status = BP_OK;
    for (char *part = list, *next; part && !status; part = next) {
        if ((next = strchr(part, ','))) *next++ = '\0';
        char *path = strchr(part, '=');
        if (!path) return bp_fail(error, BP_E_FORMAT, "data: found '%.200s', expected NAME=FILE", part);
        *path++ = '\0';
        status = read_one(raw, model, part, path, options, batch_dim, error);
    }
    return status;
}

/* ---- raw arrays against the model ------------------------------------------------------------------------------ */

typedef struct {
    bp_data *data;
    const bp_raw_file *file;
    const bp_data_options *options;
    const char **witness; /* [n_dims] the array that told a dim's size; NULL: the options did */
    bp_error *error;
} matching;

static const bp_raw *find_raw(const bp_raw_file *file, const char *name) {
    for (uint32_t i = 0; i < file->n; i++)
        if (strcmp(file->array[i].name, name) == 0) return &file->array[i];
    return NULL;
}

static bool wanted(const matching *m, const bp_tensor *t) {
    return t->role == BP_INPUT || (m->options->overrides && (t->role == BP_PARAM || t->role == BP_STATE));
}

static int unknown_name(const matching *m, const char *name) {
    const bp_model *model = m->data->model;
    const bp_tensor *t = bp_find(model, name);
    if (t) return bp_fail(m->error, BP_E_NAME, "%s: '%.100s' is not an input of the model", m->file->file, name);
    const char *guess = bp_closest(name, &model->tensors[0].name, model->n_tensors, sizeof *model->tensors);
    if (guess)
        return bp_fail(m->error, BP_E_NAME, "%s: the model has no input '%.100s'; did you mean '%s'?", m->file->file, name,
                       guess);
    return bp_fail(m->error, BP_E_NAME, "%s: the model has no input '%.100s'", m->file->file, name);
}

static void shape_text(uint32_t rank, const int64_t *extent, char *text, size_t size) {
    snprintf(text, size, "[");
    for (uint32_t k = 0; k < rank && strlen(text) + 24 < size; k++)
        snprintf(text + strlen(text), size - strlen(text), "%s%" PRId64, k ? ", " : "", extent[k]);
    snprintf(text + strlen(text), size - strlen(text), "]");
}

/* The shape that the model declares, dims by their names: "[n, 64]". */
static void declared_text(const bp_model *model, const bp_tensor *t, char *text, size_t size) {
    snprintf(text, size, "[");
    for (uint32_t k = 0; k < t->rank && strlen(text) + 40 < size; k++) {
        char *at = text + strlen(text);
        const size_t room = size - strlen(text);
        const bp_axis *a = &t->axis[k];
        if (a->dim >= 0) snprintf(at, room, "%s%.30s", k ? ", " : "", model->dims[a->dim]);
        else if (a->dim == -1) snprintf(at, room, "%s%" PRId64, k ? ", " : "", a->size);
        else snprintf(at, room, "%s…", k ? ", " : "");
    }
    snprintf(text + strlen(text), size - strlen(text), "]");
}

static int wrong_shape(const matching *m, const bp_raw *raw, const bp_tensor *t) {
    char found[160], expected[200];
    shape_text(raw->rank, raw->extent, found, sizeof found);
    declared_text(m->data->model, t, expected, sizeof expected);
    return bp_fail(m->error, BP_E_SHAPE, "%s: '%s': found the shape %s, expected %s", m->file->file, t->name, found, expected);
}

/* Give the array the tensor's rank: trailing axes are joined (images of 28 x 28 for an axis of 784), and an array of one
 * element is a scalar. */
static bool fit_rank(bp_raw *raw, const bp_tensor *t) {
    if (raw->rank == t->rank) return true;
    if (t->rank == 0 && raw->count == 1) {
        raw->rank = 0;
        return true;
    }
    if (t->rank == 0 || raw->rank < t->rank) return false;
    for (uint32_t k = t->rank; k < raw->rank; k++) raw->extent[t->rank - 1] *= raw->extent[k];
    raw->rank = t->rank;
    return true;
}

/* Learn dims from one array, and compare what is known already. */
static int learn_dims(matching *m, const bp_tensor *t, const bp_raw *raw) {
    for (uint32_t k = 0; k < t->rank; k++) {
        const int32_t d = t->axis[k].dim;
        if (d == -1 && raw->extent[k] != t->axis[k].size) return wrong_shape(m, raw, t);
        if (d < 0) continue;
        int64_t *dim = &m->data->dims[d];
        if (*dim < 0) {
            *dim = raw->extent[k];
            m->witness[d] = t->name;
        } else if (*dim != raw->extent[k]) {
            const char *name = m->data->model->dims[d];
            return m->witness[d] ? bp_fail(m->error, BP_E_SHAPE, "%s: '%s' has %s = %" PRId64 ", but '%s' has %s = %" PRId64,
                                           m->file->file, t->name, name, raw->extent[k], m->witness[d], name, *dim)
                                 : bp_fail(m->error, BP_E_SHAPE, "%s: '%s' has %s = %" PRId64 ", expected %" PRId64,
                                           m->file->file, t->name, name, raw->extent[k], *dim);
        }
    }
    return BP_OK;
}

static int missing_input(const matching *m, const bp_tensor *t) {
    char list[300] = "";
    for (uint32_t i = 0; i < m->file->n && strlen(list) < 230; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.60s", i ? ", " : "", m->file->array[i].name);
    if (m->file->line && m->data->batch_dim >= 0 && bp_batch_axis(t, m->data->batch_dim) == -1)
        return bp_fail(m->error, BP_E_NAME, "%s: '%s' has no axis along the rows of a CSV file; give the data as NPZ or JSON",
                       m->file->file, t->name);
    return bp_fail(m->error, BP_E_NAME, "%s: the input '%s' is missing; found %s", m->file->file, t->name,
                   *list ? list : "nothing");
}

/* Dims, ranks and names of all arrays. */
static int match_shapes(matching *m) {
    const bp_model *model = m->data->model;
    for (uint32_t i = 0; i < m->file->n; i++) {
        const bp_tensor *t = bp_find(model, m->file->array[i].name);
        if (!t || !wanted(m, t)) return unknown_name(m, m->file->array[i].name);
    }
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        const bp_tensor *t = &model->tensors[i];
        bp_raw *raw = (bp_raw *)find_raw(m->file, t->name);
        if (!wanted(m, t)) continue;
        if (!raw && t->role == BP_INPUT && !m->options->partial) return missing_input(m, t);
        if (!raw) continue;
        if (!fit_rank(raw, t)) return wrong_shape(m, raw, t);
        const int status = learn_dims(m, t, raw);
        if (status) return status;
    }
    for (uint32_t d = 0; d < model->n_dims && !m->options->partial; d++)
        if (m->data->dims[d] < 0)
            return bp_fail(m->error, BP_E_SHAPE, "%s: no input tells the size of dim '%s'; state it (-D %s=…)", m->file->file,
                           model->dims[d], model->dims[d]);
    return BP_OK;
}

/* Where element i came from: "d.csv:17: column 3 ('x')" or "d.json: x[2, 0]". */
static void place_text(const matching *m, const bp_raw *raw, int64_t i, char *text, size_t size) {
    int64_t index[BP_RANK_MAX] = {0}, rest = i, column = 0;
    for (uint32_t k = raw->rank; k-- > 0;) {
        index[k] = rest % raw->extent[k];
        rest /= raw->extent[k];
    }
    if (m->file->line && raw->first_column >= 0) {
        for (uint32_t k = 0; k < raw->rank; k++)
            if ((int32_t)k != raw->row_axis) column = column * raw->extent[k] + index[k];
        snprintf(text, size, "%s:%" PRId64 ": column %" PRId64 " ('%s')", m->file->file,
                 m->file->line[raw->row_axis < 0 ? 0 : index[raw->row_axis]], raw->first_column + column + 1, raw->name);
        return;
    }
    snprintf(text, size, "%s: %s", m->file->file, raw->name);
    for (uint32_t k = 0; k < raw->rank && strlen(text) + 30 < size; k++)
        snprintf(text + strlen(text), size - strlen(text), "%s%" PRId64 "%s", k ? ", " : "[", index[k],
                 k + 1 == raw->rank ? "]" : "");
}

static int wrong_integer(const matching *m, const bp_tensor *t, const bp_raw *raw, int64_t i) {
    char place[300];
    place_text(m, raw, i, place, sizeof place);
    if (t->lo != INT64_MIN && t->hi != INT64_MAX)
        return bp_fail(m->error, BP_E_RANGE, "%s: found %.17g, expected an integer from %" PRId64 " to %" PRId64, place,
                       raw->value[i], t->lo, t->hi - 1);
    return bp_fail(m->error, BP_E_RANGE, "%s: found %.17g, expected an integer", place, raw->value[i]);
}

/* The values in the type that the model takes. */
static int convert(const matching *m, const bp_tensor *t, const bp_raw *raw, bp_array *array) {
    const size_t width = t->integer ? sizeof(int32_t) : (size_t)m->data->model->real;
    array->tensor = t;
    array->rank = raw->rank;
    array->count = raw->count;
    memcpy(array->extent, raw->extent, sizeof array->extent);
    if (!(array->values = malloc((size_t)raw->count * width + 1)))
        return bp_fail(m->error, BP_E_MEMORY, "%s: out of memory", m->file->file);
    const double lo = t->lo > INT32_MIN ? (double)t->lo : (double)INT32_MIN,
                 hi = t->hi <= INT32_MAX ? (double)t->hi : 2147483648.0;
    for (int64_t i = 0; i < raw->count; i++) {
        const double value = raw->value[i];
        if (t->integer) {
            if (!(value >= lo && value < hi && value == floor(value))) return wrong_integer(m, t, raw, i);
            ((int32_t *)array->values)[i] = (int32_t)value;
        } else if (m->data->model->real == BP_F32) {
            ((float *)array->values)[i] = (float)value;
        } else {
            ((double *)array->values)[i] = value;
        }
    }
    return BP_OK;
}

/* Axes whose extent is computed from dims can be compared only when all dims are known. */
static int check_computed(const matching *m, const bp_tensor *t, const bp_raw *raw) {
    for (uint32_t d = 0; d < m->data->model->n_dims; d++)
        if (m->data->dims[d] < 0) return BP_OK;
    for (uint32_t k = 0; k < t->rank; k++)
        if (bp_extent(m->data->model, m->data->dims, t, k) != raw->extent[k]) return wrong_shape(m, raw, t);
    return BP_OK;
}

static int match(matching *m) {
    bp_data *data = m->data;
    int status = match_shapes(m);
    data->array = calloc(m->file->n + 1, sizeof *data->array);
    if (!status && !data->array) status = bp_fail(m->error, BP_E_MEMORY, "%s: out of memory", m->file->file);
    for (uint32_t i = 0; i < data->model->n_tensors && !status; i++) {
        const bp_tensor *t = &data->model->tensors[i];
        const bp_raw *raw = find_raw(m->file, t->name);
        if (!raw) continue;
        status = check_computed(m, t, raw);
        if (!status) status = convert(m, t, raw, &data->array[data->n++]);
    }
    data->examples = data->batch_dim >= 0 ? data->dims[data->batch_dim] : 1;
    return status;
}

/* ---- the public functions -------------------------------------------------------------------------------------- */

static int begin(bp_data **out, const bp_model *model, const bp_data_options *options, bp_error *error) {
    bp_data *data = calloc(1, sizeof *data);
    *out = NULL;
    if (data) data->dims = malloc((model->n_dims + 1) * sizeof *data->dims);
    if (!data || !data->dims) {
        bp_data_free(data);
        return bp_fail(error, BP_E_MEMORY, "out of memory");
    }
    data->model = model;
    for (uint32_t d = 0; d < model->n_dims; d++) data->dims[d] = options->dims ? options->dims[d] : -1;
    data->batch_dim = options->batch_dim >= 0        ? options->batch_dim
                    : model->training.batch_dim >= 0 ? model->training.batch_dim
                    : model->n_dims                  ? 0
                                                     : -1;
    *out = data;
    return BP_OK;
}

/* Match what was read; on failure free the data and set *out to NULL. */
static int finish(bp_data **out, const bp_raw_file *raw, const bp_data_options *options, int status, bp_error *error) {
    if (!status) {
        matching m = {.data = *out, .file = raw, .options = options, .error = error};
        m.witness = calloc((*out)->model->n_dims + 1, sizeof *m.witness);
        status = m.witness ? match(&m) : bp_fail(error, BP_E_MEMORY, "out of memory");
        free(m.witness);
    }
    if (status) {
        bp_data_free(*out);
        *out = NULL;
    }
    return status;
}

static const bp_data_options no_options = {.batch_dim = -1};

int bp_data_read(bp_data **out, const bp_model *model, const char *path, const bp_data_options *options, bp_error *error) {
    if (!options) options = &no_options;
    int status = begin(out, model, options, error);
    if (status) return status;
    bp_raw_file raw = {.file = path};
    char *list = NULL;
    if (is_list(model, path)) {
        const size_t length = strlen(path) + 1;
        list = malloc(length);
        if (list) memcpy(list, path, length);
        status =
            list ? read_list(&raw, model, list, options, (*out)->batch_dim, error) : bp_fail(error, BP_E_MEMORY, "out of memory");
    } else {
        status = read_one(&raw, model, NULL, path, options, (*out)->batch_dim, error);
    }
    status = finish(out, &raw, options, status, error);
    bp_raw_free(&raw);
    free(list);
    return status;
}

int bp_data_parse(bp_data **out, const bp_model *model, const char *name, const void *bytes, size_t size,
                  const bp_data_options *options, bp_error *error) {
    if (!options) options = &no_options;
    int status = begin(out, model, options, error);
    if (status) return status;
    bp_raw_file raw = {.file = name};
    status = read_bytes(&raw, model, NULL, bytes, size, options, (*out)->batch_dim, error);
    status = finish(out, &raw, options, status, error);
    bp_raw_free(&raw);
    return status;
}

void bp_data_free(bp_data *data) {
    if (!data) return;
    for (uint32_t i = 0; i < data->n && data->array; i++) free(data->array[i].values);
    free(data->array);
    free(data->dims);
    free(data);
}

const bp_array *bp_data_find(const bp_data *data, const char *name) {
    for (uint32_t i = 0; i < data->n; i++)
        if (strcmp(data->array[i].tensor->name, name) == 0) return &data->array[i];
    return NULL;
}

void bp_data_bind(const bp_data *data, void *inputs) {
    for (uint32_t i = 0; i < data->n; i++)
        if (data->array[i].tensor->role == BP_INPUT)
            memcpy((char *)inputs + data->array[i].tensor->offset, &data->array[i].values, sizeof(void *));
}

void bp_data_override(const bp_data *data, void *params, void *state) {
    for (uint32_t i = 0; i < data->n; i++) {
        const bp_array *a = &data->array[i];
        char *block = a->tensor->role == BP_PARAM ? params : a->tensor->role == BP_STATE ? state : NULL;
        const size_t width = (size_t)data->model->real;
        if (block) memcpy(block + a->tensor->block_offset * width, a->values, (size_t)a->count * width);
    }
}

int32_t bp_batch_axis(const bp_tensor *tensor, int32_t batch_dim) {
    int32_t axis = -1;
    for (uint32_t k = 0; k < tensor->rank && batch_dim >= 0; k++)
        if (tensor->axis[k].dim == batch_dim) axis = axis == -1 ? (int32_t)k : -2;
    return axis;
}

void bp_gather(const bp_model *model, const bp_array *array, int32_t axis, const int64_t *order, int64_t n, void *out) {
    size_t inner = array->tensor->integer ? sizeof(int32_t) : (size_t)model->real;
    int64_t outer = 1;
    for (uint32_t k = 0; k < array->rank; k++) {
        if ((int32_t)k < axis) outer *= array->extent[k];
        if ((int32_t)k > axis) inner *= (size_t)array->extent[k];
    }
    const char *from = array->values;
    char *to = out;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n; i++, to += inner)
            memcpy(to, from + (size_t)(o * array->extent[axis] + order[i]) * inner, inner);
}
