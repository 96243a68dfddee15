/* data_json.c - {"x": [[1, 2], [3, 4]], "y": [0, 1]}: an array (or a number) for each name.
 * NaN, Infinity and -Infinity are read as well: jansson does not know them, so they are put in quotes beforehand. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

/* A copy of the text in which the bare words NaN, Infinity and -Infinity are quoted; NULL when memory is out. */
static char *quote_specials(const char *text, size_t size, size_t *length) {
    static const char *const special[] = {"NaN", "-Infinity", "Infinity"};
    char *copy = malloc(2 * size + 1), *to = copy;
    bool string = false;
    for (size_t i = 0; copy && i < size;) {
        size_t n = 0;
        for (size_t s = 0; !string && n == 0 && s < 3; s++)
            if (size - i >= strlen(special[s]) && memcmp(text + i, special[s], strlen(special[s])) == 0) n = strlen(special[s]);
        if (n) {
            *to++ = '"';
            memcpy(to, text + i, n);
            to += n;
            *to++ = '"';
            i += n;
            continue;
        }
        if (text[i] == '"') string = !string;
        if (string && text[i] == '\\' && i + 1 < size) *to++ = text[i++];
        *to++ = text[i++];
    }
    if (copy) *length = (size_t)(to - copy);
    return copy;
}

/* A number, a truth value, or one of the quoted words. */
static bool read_number(const json_t *json, double *value) {
    const char *text = json_string_value(json);
    if (json_is_number(json)) *value = json_number_value(json);
    else if (json_is_boolean(json)) *value = json_is_true(json) ? 1.0 : 0.0;
    else if (text && strcmp(text, "NaN") == 0) *value = (double)NAN;
    else if (text && strcmp(text, "Infinity") == 0) *value = (double)INFINITY;
    else if (text && strcmp(text, "-Infinity") == 0) *value = -(double)INFINITY;
    else return false;
    return true;
}

static const char *kind(const json_t *json) {
    static const char *const names[] = {"an object", "an array", "a string", "a number", "a number", "true", "false", "null"};
    return names[json_typeof(json)];
}

/* Store the elements of `json`, an array of the axes k, k+1, …, at *next; `index` is where we are, for messages. */
static int store(const bp_raw_file *file, const bp_raw *raw, const json_t *json, uint32_t k, int64_t *index, double **next,
                 bp_error *error) {
    char where[200] = "";
    for (uint32_t i = 0; i < k && strlen(where) < 170; i++)
        snprintf(where + strlen(where), sizeof where - strlen(where), "%s%lld%s", i ? ", " : "[", (long long)index[i],
                 i + 1 == k ? "]" : "");
    if (k == raw->rank) {
        if (read_number(json, (*next)++)) return BP_OK;
        return bp_fail(error, BP_E_FORMAT, "%s: %.100s%s: found %s, expected a number", file->file, raw->name, where, kind(json));
    }
    if (!json_is_array(json))
        return bp_fail(error, BP_E_SHAPE, "%s: %.100s%s: found %s, expected an array of %lld", file->file, raw->name, where,
                       kind(json), (long long)raw->extent[k]);
    if ((int64_t)json_array_size(json) != raw->extent[k])
        return bp_fail(error, BP_E_SHAPE, "%s: %.100s%s: found an array of %zu, expected %lld as in the first one", file->file,
                       raw->name, where, json_array_size(json), (long long)raw->extent[k]);
    for (int64_t i = 0; i < raw->extent[k]; i++) {
        index[k] = i;
        const int status = store(file, raw, json_array_get(json, (size_t)i), k + 1, index, next, error);
        if (status) return status;
    }
    return BP_OK;
}

static int read_member(bp_raw_file *file, const char *name, const json_t *json, bp_error *error) {
    int64_t extent[BP_RANK_MAX], index[BP_RANK_MAX];
    uint32_t rank = 0;
    for (const json_t *at = json; json_is_array(at); at = json_array_get(at, 0)) {
        if (rank == BP_RANK_MAX)
            return bp_fail(error, BP_E_FORMAT, "%s: %.100s: more than %d axes", file->file, name, BP_RANK_MAX);
        extent[rank++] = (int64_t)json_array_size(at);
        if (json_array_size(at) == 0) break;
    }
    bp_raw *raw = bp_raw_add(file, name, rank, extent, error);
    if (!raw) return BP_E_MEMORY;
    double *next = raw->value;
    return store(file, raw, json, 0, index, &next, error);
}

int bp_read_json(bp_raw_file *file, const char *text, size_t size, bp_error *error) {
    size_t length = 0;
    char *quoted = quote_specials(text, size, &length);
    if (!quoted) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", file->file);
    json_error_t why;
    json_t *root = json_loadb(quoted, length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
    free(quoted);
    if (!root) return bp_fail(error, BP_E_FORMAT, "%s:%d:%d: not JSON: %s", file->file, why.line, why.column, why.text);
    int status = BP_OK;
    if (!json_is_object(root))
        status =
            bp_fail(error, BP_E_FORMAT, "%s: found %s, expected an object with an array for each name", file->file, kind(root));
    const char *name;
    json_t *member;
    json_object_foreach(root, name, member) {
        if (!status) status = read_member(file, name, member, error);
    }
    json_decref(root);
    return status;
}
