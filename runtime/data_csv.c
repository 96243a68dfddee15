/* data_csv.c - columns of a CSV file to the inputs of a model: by a map, by the header's names, or by order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "raw.h"

/* An input and the columns that its elements of one example come from. */
typedef struct {
    const bp_tensor *tensor;
    int32_t row_axis; /* runs along the rows; -1: one row holds all of it */
    int64_t size;     /* elements an example; -1: not known before the columns are */
    int64_t *column;  /* [size], -1 where none was found yet */
} wanted;

typedef struct {
    bp_raw_file *file;
    const bp_model *model;
    const bp_data_options *options;
    bp_csv csv;
    bool header;
    uint32_t n;
    wanted *want; /* the inputs that columns can fill */
    bp_error *error;
} mapping;

static int64_t known_extent(const mapping *m, const bp_tensor *t, uint32_t k) {
    if (t->axis[k].dim == -1) return t->axis[k].size;
    if (t->axis[k].dim >= 0) return m->options->dims ? m->options->dims[t->axis[k].dim] : -1;
    for (uint32_t d = 0; d < m->model->n_dims; d++)
        if (!m->options->dims || m->options->dims[d] < 0) return -1;
    return bp_extent(m->model, m->options->dims, t, k);
}

static int resize(const mapping *m, wanted *w, int64_t size) {
    int64_t *column = size > INT32_MAX ? NULL : malloc(((size_t)size + 1) * sizeof *column);
    if (!column) return bp_fail(m->error, BP_E_MEMORY, "%s: out of memory for '%s'", m->file->file, w->tensor->name);
    for (int64_t i = 0; i < size; i++) column[i] = -1;
    free(w->column);
    w->column = column;
    w->size = size;
    return BP_OK;
}

/* The inputs that have an axis along the rows, or fit into the only row. */
static int list_wanted(mapping *m, int32_t batch_dim, int64_t rows) {
    m->want = calloc(m->model->n_tensors + 1, sizeof *m->want);
    if (!m->want) return bp_fail(m->error, BP_E_MEMORY, "%s: out of memory", m->file->file);
    for (uint32_t i = 0; i < m->model->n_tensors; i++) {
        const bp_tensor *t = &m->model->tensors[i];
        if (t->role != BP_INPUT) continue;
        wanted w = {.tensor = t,
                    .row_axis = batch_dim >= 0      ? bp_batch_axis(t, batch_dim)
                              : rows > 1 && t->rank ? 0
                                                    : -1,
                    .size = 1};
        if (w.row_axis == -2)
            return bp_fail(m->error, BP_E_UNSUPPORTED, "%s: '%s' has the batch dim on two axes; give it as NPZ or JSON",
                           m->file->file, t->name);
        if (w.row_axis == -1 && rows != 1) continue;
        for (uint32_t k = 0; k < t->rank; k++) {
            const int64_t n = (int32_t)k == w.row_axis ? 1 : known_extent(m, t, k);
            w.size = n < 0 || w.size < 0 || (n > 0 && w.size > INT32_MAX / n) ? -1 : w.size * n;
        }
        m->want[m->n] = w;
        if (w.size >= 0) {
            const int status = resize(m, &m->want[m->n], w.size);
            if (status) return status;
        }
        m->n++;
    }
    return BP_OK;
}

/* Whether `title` names an element of the input: "y", "x[3]", "x[1, 2]"; its number, -1 where that is out of range. */
static bool names_element(const mapping *m, const wanted *w, const char *title, int64_t *element) {
    const size_t length = strlen(w->tensor->name);
    if (strncmp(title, w->tensor->name, length) != 0) return false;
    const char *at = title + length;
    *element = 0;
    if (*at == '\0') return w->size == 1 || w->size == -1;
    if (*at++ != '[') return false;
    int64_t index[BP_RANK_MAX];
    uint32_t n = 0;
    while (n < BP_RANK_MAX) {
        char *end;
        index[n++] = strtoll(at, &end, 10);
        if (end == at) return false;
        at = end;
        while (*at == ' ') at++;
        if (*at == ']') break;
        if (*at++ != ',') return false;
    }
    if (strcmp(at, "]") != 0) return false;
    *element = index[0];
    for (uint32_t k = 0, i = 0; n > 1 && k < w->tensor->rank; k++) {
        if ((int32_t)k == w->row_axis) continue;
        if (i == n) return false;
        *element = i == 0 ? index[0] : *element * known_extent(m, w->tensor, k) + index[i];
        i++;
    }
    if (*element < 0 || (w->size >= 0 && *element >= w->size)) *element = -1;
    return true;
}

/* Give the columns to the inputs whose elements the header names; *found counts them. */
static int map_by_header(mapping *m, int64_t *found) {
    *found = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        wanted *w = &m->want[i];
        int64_t element, most = -1;
        for (int64_t c = 0; c < m->csv.columns; c++)
            if (names_element(m, w, m->csv.cell[c], &element) && element > most) most = element;
        if (w->size < 0 && most >= 0 && most < m->csv.columns) {
            const int status = resize(m, w, most + 1);
            if (status) return status;
        }
        for (int64_t c = 0; c < m->csv.columns; c++) {
            if (!names_element(m, w, m->csv.cell[c], &element)) continue;
            if (element < 0 || element >= w->size)
                return bp_fail(m->error, BP_E_SHAPE, "%s:%lld: column %lld: found '%.80s', but '%s' has %lld elements an example",
                               m->file->file, (long long)m->csv.line[0], (long long)c + 1, m->csv.cell[c], w->tensor->name,
                               (long long)w->size);
            if (w->column[element] >= 0)
                return bp_fail(m->error, BP_E_NAME, "%s:%lld: column %lld: '%.80s' is there twice", m->file->file,
                               (long long)m->csv.line[0], (long long)c + 1, m->csv.cell[c]);
            w->column[element] = c;
            ++*found;
        }
    }
    return BP_OK;
}

/* In the order of declaration, each input takes as many columns as it has elements an example. */
static int map_by_order(mapping *m) {
    int64_t next = 0;
    char list[300] = "";
    for (uint32_t i = 0; i < m->n; i++) {
        wanted *w = &m->want[i];
        if (w->size < 0)
            return bp_fail(m->error, BP_E_SHAPE,
                           "%s: how many columns '%s' takes depends on a run-time dim; state it (-D), or name "
                           "the columns in a header line",
                           m->file->file, w->tensor->name);
        for (int64_t k = 0; k < w->size; k++) w->column[k] = next++;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%.60s takes %lld", i ? ", " : "", w->tensor->name, (long long)w->size);
    }
    if (next != m->csv.columns)
        return bp_fail(m->error, BP_E_SHAPE, "%s: found %lld columns, expected %lld: %s", m->file->file,
                       (long long)m->csv.columns, (long long)next, list);
    return BP_OK;
}

/* A column by number or, where there is a header, by name; -1 if there is none. */
static int64_t find_column(const mapping *m, const char *text) {
    char *end;
    const int64_t number = strtoll(text, &end, 10);
    if (end != text && *end == '\0') return number >= 0 && number < m->csv.columns ? number : -1;
    for (int64_t c = 0; m->header && c < m->csv.columns; c++)
        if (strcmp(m->csv.cell[c], text) == 0) return c;
    return -1;
}

/* One part of the map, "x=0:64" or "y=64" or "y=species". */
static int map_part(mapping *m, char *part) {
    char *columns = strchr(part, '='), *colon;
    if (!columns) return bp_fail(m->error, BP_E_FORMAT, "columns: found '%.80s', expected NAME=FIRST:END or NAME=COLUMN", part);
    *columns++ = '\0';
    wanted *w = NULL;
    for (uint32_t i = 0; i < m->n; i++)
        if (strcmp(m->want[i].tensor->name, part) == 0) w = &m->want[i];
    if (!w) return bp_fail(m->error, BP_E_NAME, "columns: '%.80s' is no input with an axis along the rows", part);
    int64_t first, end;
    if ((colon = strchr(columns, ':'))) {
        char *stop, *stop2;
        first = strtoll(columns, &stop, 10);
        end = strtoll(colon + 1, &stop2, 10);
        if (stop != colon || stop == columns || *stop2 || stop2 == colon + 1)
            return bp_fail(m->error, BP_E_FORMAT, "columns: '%.80s=%.80s': expected two numbers around the colon", part, columns);
    } else {
        first = find_column(m, columns);
        end = first < 0 ? first : first + 1;
    }
    if (first < 0 || end < first || end > m->csv.columns)
        return bp_fail(m->error, BP_E_SHAPE, "columns: '%.80s=%.80s': %s has %lld columns, counted from 0", part, columns,
                       m->file->file, (long long)m->csv.columns);
    if (w->size < 0) {
        const int status = resize(m, w, end - first);
        if (status) return status;
    }
    if (end - first != w->size)
        return bp_fail(m->error, BP_E_SHAPE, "columns: '%.80s=%.80s' are %lld columns, but '%s' has %lld elements an example",
                       part, columns, (long long)(end - first), w->tensor->name, (long long)w->size);
    for (int64_t k = 0; k < w->size; k++) w->column[k] = first + k;
    return BP_OK;
}

static int map_by_text(mapping *m, const char *text) {
    char copy[1024];
    if (strlen(text) >= sizeof copy)
        return bp_fail(m->error, BP_E_FORMAT, "columns: longer than %zu characters", sizeof copy - 1);
    strcpy(copy, text);
    int status = BP_OK;
    for (char *part = copy, *next; part && !status; part = next) {
        if ((next = strchr(part, ','))) *next++ = '\0';
        status = map_part(m, part);
    }
    return status;
}

/* Every element has its column, or none of the input's has (then it is simply missing). */
static int check_complete(const mapping *m, const wanted *w, bool *given) {
    *given = false;
    for (int64_t k = 0; k < w->size; k++) *given = *given || w->column[k] >= 0;
    for (int64_t k = 0; k < w->size && *given; k++)
        if (w->column[k] < 0)
            return bp_fail(m->error, BP_E_NAME, "%s:%lld: there is no column '%s[%lld]'", m->file->file,
                           (long long)m->csv.line[0], w->tensor->name, (long long)k);
    return BP_OK;
}

/* The extents of the array: rows along row_axis; an extent that is not known takes what the columns leave. */
static void array_extents(const mapping *m, const wanted *w, int64_t rows, int64_t extent[BP_RANK_MAX]) {
    int64_t known = 1;
    int32_t open = -1;
    for (uint32_t k = 0; k < w->tensor->rank; k++) {
        extent[k] = (int32_t)k == w->row_axis ? rows : known_extent(m, w->tensor, k);
        if (extent[k] < 0) open = (int32_t)k, extent[k] = 1;
        if ((int32_t)k != w->row_axis) known *= extent[k];
    }
    if (open >= 0 && known > 0) extent[open] = w->size / known;
}

static int fill(const mapping *m, const wanted *w, int64_t rows, const bp_raw *raw) {
    int64_t inner = 1;
    for (uint32_t k = 0; k < raw->rank; k++)
        if ((int32_t)k > w->row_axis && w->row_axis >= 0) inner *= raw->extent[k];
    if (w->row_axis < 0) inner = w->size ? w->size : 1;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < w->size; k++) {
            const int64_t row = r + m->header, column = w->column[k];
            const char *cell = m->csv.cell[row * m->csv.columns + column];
            double *to = &raw->value[((k / inner) * rows + r) * inner + k % inner];
            if (bp_csv_number(cell, to)) continue;
            return bp_fail(m->error, BP_E_FORMAT, "%s:%lld: column %lld ('%s'): found %s%.100s%s, expected a number",
                           m->file->file, (long long)m->csv.line[row], (long long)column + 1, w->tensor->name,
                           *cell ? "'" : "nothing", cell, *cell ? "'" : "");
        }
    return BP_OK;
}

static int make_arrays(mapping *m, int64_t rows) {
    for (uint32_t i = 0; i < m->n; i++) {
        wanted *w = &m->want[i];
        int64_t extent[BP_RANK_MAX];
        bool given;
        int status = check_complete(m, w, &given);
        if (status) return status;
        if (!given) continue;
        array_extents(m, w, rows, extent);
        bp_raw *raw = bp_raw_add(m->file, w->tensor->name, w->tensor->rank, extent, m->error);
        if (!raw) return BP_E_MEMORY;
        if (raw->count != rows * w->size)
            return bp_fail(m->error, BP_E_SHAPE, "%s: found %lld rows of %lld columns for '%s', which has %lld elements",
                           m->file->file, (long long)rows, (long long)w->size, w->tensor->name, (long long)raw->count);
        raw->row_axis = w->row_axis;
        raw->first_column = w->size ? w->column[0] : -1;
        for (int64_t k = 0; k < w->size; k++)
            if (w->column[k] != w->column[0] + k) raw->first_column = -1;
        status = fill(m, w, rows, raw);
        if (status) return status;
    }
    return BP_OK;
}

/* A first line in which some cell is neither empty nor a number is a header. */
static bool has_header(const bp_csv *csv) {
    double ignored;
    for (int64_t c = 0; c < csv->columns && csv->rows; c++)
        if (*csv->cell[c] && !bp_csv_number(csv->cell[c], &ignored)) return true;
    return false;
}

static int map_columns(mapping *m) {
    int64_t found = 0;
    if (m->options->columns) return map_by_text(m, m->options->columns);
    const int status = m->header ? map_by_header(m, &found) : BP_OK;
    return status || found ? status : map_by_order(m);
}

int bp_read_csv(bp_raw_file *file, const bp_model *model, const char *text, size_t size, const bp_data_options *options,
                int32_t batch_dim, bp_error *error) {
    mapping m = {.file = file, .model = model, .options = options, .error = error};
    int status = bp_csv_parse(&m.csv, file->file, text, size, error);
    if (!status) {
        m.header = has_header(&m.csv);
        const int64_t rows = m.csv.rows - m.header;
        if (rows <= 0) status = bp_fail(error, BP_E_FORMAT, "%s: there are no rows of numbers in it", file->file);
        if (!status) status = list_wanted(&m, batch_dim, rows);
        if (!status) status = map_columns(&m);
        if (!status) status = make_arrays(&m, rows);
        if (!status && (file->line = malloc((size_t)rows * sizeof *file->line))) {
            memcpy(file->line, m.csv.line + m.header, (size_t)rows * sizeof *file->line);
            file->lines = rows;
        }
    }
    for (uint32_t i = 0; i < m.n; i++) free(m.want[i].column);
    free(m.want);
    bp_csv_free(&m.csv);
    return status;
}
