/* csv.c - RFC 4180 into cells, in place in a copy of the text. */
#include "csv.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    bp_csv *csv;
    const char *file;
    char *at, *end;
    int64_t line;
    size_t cells, cell_room, row_room;
    bp_error *error;
} reader;

static int out_of_memory(const reader *r) { return bp_fail(r->error, BP_E_MEMORY, "%s: out of memory", r->file); }

static int add_cell(reader *r, char *cell) {
    if (r->cells == r->cell_room) {
        const size_t room = r->cell_room ? 2 * r->cell_room : 256;
        char **grown = realloc(r->csv->cell, room * sizeof *grown);
        if (!grown) return out_of_memory(r);
        r->csv->cell = grown;
        r->cell_room = room;
    }
    r->csv->cell[r->cells++] = cell;
    return BP_OK;
}

static int add_row(reader *r) {
    if ((size_t)r->csv->rows == r->row_room) {
        const size_t room = r->row_room ? 2 * r->row_room : 64;
        int64_t *grown = realloc(r->csv->line, room * sizeof *grown);
        if (!grown) return out_of_memory(r);
        r->csv->line = grown;
        r->row_room = room;
    }
    r->csv->line[r->csv->rows++] = r->line;
    return BP_OK;
}

/* A cell in quotes: "" is a quote, commas and line ends belong to it. */
static int quoted_cell(reader *r) {
    const int64_t began = r->line;
    char *cell = ++r->at, *to = cell;
    for (;; r->at++) {
        if (r->at >= r->end) return bp_fail(r->error, BP_E_FORMAT, "%s:%lld: a quote is not closed", r->file, (long long)began);
        if (*r->at == '"' && r->at[1] != '"') break;
        if (*r->at == '"') r->at++;
        if (*r->at == '\n') r->line++;
        *to++ = *r->at;
    }
    r->at++;
    while (*r->at == ' ' || *r->at == '\t') r->at++;
    if (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r')
        return bp_fail(r->error, BP_E_FORMAT, "%s:%lld: found '%c' after a closing quote, expected a comma", r->file,
                       (long long)r->line, *r->at);
    *to = '\0'; /* at the closing quote or before it */
    return add_cell(r, cell);
}

static int plain_cell(reader *r, char **stop_of_cell) {
    char *cell = r->at, *stop;
    while (*cell == ' ' || *cell == '\t') cell++;
    r->at = cell;
    while (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r') r->at++;
    for (stop = r->at; stop > cell && (stop[-1] == ' ' || stop[-1] == '\t'); stop--) {}
    *stop_of_cell = stop;
    return add_cell(r, cell);
}

/* One row; on return r->at is behind its end. */
static int read_row(reader *r) {
    int status = add_row(r);
    while (!status) {
        char *stop = NULL;
        while (*r->at == ' ' || *r->at == '\t') r->at++;
        status = *r->at == '"' ? quoted_cell(r) : plain_cell(r, &stop);
        if (status) break;
        const char mark = r->at < r->end ? *r->at : '\n';
        if (stop) *stop = '\0';
        if (r->at < r->end) r->at++;
        if (mark == ',') continue;
        if (mark == '\r' && *r->at == '\n') r->at++;
        r->line++;
        break;
    }
    return status;
}

int bp_csv_parse(bp_csv *csv, const char *file, const char *text, size_t size, bp_error *error) {
    *csv = (bp_csv){0};
    reader r = {.csv = csv, .file = file, .line = 1, .error = error};
    if (!(csv->text = malloc(size + 2))) return out_of_memory(&r);
    memcpy(csv->text, text, size);
    csv->text[size] = csv->text[size + 1] = '\0';
    r.at = csv->text;
    r.end = csv->text + size;
    const char *zero = memchr(text, '\0', size);
    if (zero)
        return bp_fail(error, BP_E_FORMAT, "%s: found a zero byte at offset %zu, expected text", file, (size_t)(zero - text));
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) r.at += 3;
    while (r.at < r.end) {
        if (*r.at == '\n' || *r.at == '\r') { /* a blank line */
            if (*r.at == '\n' || r.at[1] != '\n') r.line++;
            r.at++;
            continue;
        }
        const size_t before = r.cells;
        const int status = read_row(&r);
        if (status) return status;
        const int64_t found = (int64_t)(r.cells - before);
        if (csv->rows == 1) csv->columns = found;
        if (found != csv->columns)
            return bp_fail(error, BP_E_FORMAT, "%s:%lld: found %lld columns, expected %lld as in line %lld", file,
                           (long long)csv->line[csv->rows - 1], (long long)found, (long long)csv->columns,
                           (long long)csv->line[0]);
    }
    return BP_OK;
}

void bp_csv_free(bp_csv *csv) {
    free(csv->text);
    free(csv->cell);
    free(csv->line);
    *csv = (bp_csv){0};
}

bool bp_csv_number(const char *cell, double *value) {
    char *end;
    *value = bp_strtod(cell, &end);
    return end != cell && *end == '\0';
}
