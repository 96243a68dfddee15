/* store.c - safetensors and NPZ files.
 *
 * safetensors: eight bytes (little-endian) say how long the JSON header is, {"name": {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [begin, end]}, "__metadata__": {"key": "value"}}; then the values, little-endian, row-major, without
 * gaps (https://github.com/huggingface/safetensors).  NPZ: a zip file of stored NPY arrays, as numpy.savez writes it.
 * Values are written as they lie in memory, so the machine must be little-endian, which is checked. */
#include "store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "raw.h"

static bool little_endian_machine(void) {
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static int finish(bp_buffer *buffer, int status, const char *path, bp_error *error) {
    if (!status && buffer->failed) status = bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    if (!status && !little_endian_machine())
        status = bp_fail(error, BP_E_UNSUPPORTED, "%s: weights are written on little-endian machines only", path);
    if (!status) status = bp_write_whole(path, buffer->bytes, buffer->size, error);
    free(buffer->bytes);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static json_t *header_of(const bp_store *store) {
    json_t *root = json_object(), *notes = json_object();
    uint64_t at = 0;
    for (uint32_t i = 0; i < store->n_notes; i++)
        json_object_set_new(notes, store->note[i].key, json_string(store->note[i].value));
    if (store->n_notes) json_object_set(root, "__metadata__", notes);
    json_decref(notes);
    for (uint32_t i = 0; i < store->n; i++) {
        const bp_stored *a = &store->array[i];
        json_t *shape = json_array();
        for (uint32_t k = 0; k < a->rank; k++) json_array_append_new(shape, json_integer(a->extent[k]));
        const uint64_t end = at + (uint64_t)a->count * (uint64_t)a->real;
        json_object_set_new(root, a->name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", a->real == BP_F32 ? "F32" : "F64", "shape", shape,
                                      "data_offsets", (json_int_t)at, (json_int_t)end));
        at = end;
    }
    return root;
}

int bp_store_write_safetensors(const bp_store *store, const char *path, bp_error *error) {
    bp_buffer buffer = {0};
    json_t *root = header_of(store);
    char *header = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!header) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    const size_t length = strlen(header), padding = (8 - length % 8) % 8; /* blanks: the values begin aligned */
    bp_buffer_number(&buffer, length + padding, 8);
    bp_buffer_add(&buffer, header, length);
    bp_buffer_add(&buffer, "        ", padding);
    free(header);
    for (uint32_t i = 0; i < store->n; i++)
        bp_buffer_add(&buffer, store->array[i].data, (size_t)store->array[i].count * (size_t)store->array[i].real);
    return finish(&buffer, BP_OK, path, error);
}

/* The NPY header, padded so that the values begin at a multiple of 64 bytes. */
static void add_npy_header(bp_buffer *buffer, const bp_stored *a) {
    char text[512];
    snprintf(text, sizeof text, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", (int)a->real);
    for (uint32_t k = 0; k < a->rank; k++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld,%s", (long long)a->extent[k], k + 1 < a->rank ? " " : "");
    snprintf(text + strlen(text), sizeof text - strlen(text), "), }");
    const size_t length = strlen(text), padded = (10 + length + 1 + 63) / 64 * 64 - 10;
    bp_buffer_add(buffer, "\x93NUMPY\x01\x00", 8);
    bp_buffer_number(buffer, padded, 2);
    bp_buffer_add(buffer, text, length);
    for (size_t i = length; i < padded - 1; i++) bp_buffer_add(buffer, " ", 1);
    bp_buffer_add(buffer, "\n", 1);
}

/* The fields that a member's local header and its directory record share: version, flags, method, time, date, checksum,
 * sizes, length of the name.  The date is 1980-01-01, so that equal weights make equal files. */
static void add_zip_fields(bp_buffer *buffer, uint32_t crc, size_t size, size_t name) {
    bp_buffer_number(buffer, 20, 2);
    bp_buffer_number(buffer, 0, 2);
    bp_buffer_number(buffer, 0, 2);
    bp_buffer_number(buffer, 0, 2);
    bp_buffer_number(buffer, 33, 2);
    bp_buffer_number(buffer, crc, 4);
    bp_buffer_number(buffer, size, 4);
    bp_buffer_number(buffer, size, 4);
    bp_buffer_number(buffer, name, 2);
    bp_buffer_number(buffer, 0, 2);
}

static int add_zip_member(bp_buffer *zip, bp_buffer *directory, const bp_stored *a, const char *path, bp_error *error) {
    bp_buffer npy = {0};
    const size_t at = zip->size, name = strlen(a->name) + 4;
    add_npy_header(&npy, a);
    bp_buffer_add(&npy, a->data, (size_t)a->count * (size_t)a->real);
    int status = BP_OK;
    if (npy.failed) status = bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    else if (at + npy.size > UINT32_MAX - 1000)
        status = bp_fail(error, BP_E_UNSUPPORTED, "%s: more than 4 GB do not fit into an NPZ file; use safetensors", path);
    if (!status) {
        const uint32_t crc = (uint32_t)crc32(0, npy.bytes, (uInt)npy.size);
        bp_buffer_add(zip, "PK\3\4", 4);
        add_zip_fields(zip, crc, npy.size, name);
        bp_buffer_add(zip, a->name, name - 4);
        bp_buffer_add(zip, ".npy", 4);
        bp_buffer_add(zip, npy.bytes, npy.size);
        bp_buffer_add(directory, "PK\1\2", 4);
        bp_buffer_number(directory, 20, 2);
        add_zip_fields(directory, crc, npy.size, name);
        bp_buffer_number(directory, 0, 6); /* no comment, disk 0, no internal attributes */
        bp_buffer_number(directory, 0, 4);
        bp_buffer_number(directory, at, 4);
        bp_buffer_add(directory, a->name, name - 4);
        bp_buffer_add(directory, ".npy", 4);
    }
    free(npy.bytes);
    return status;
}

int bp_store_write_npz(const bp_store *store, const char *path, bp_error *error) {
    bp_buffer zip = {0}, directory = {0};
    int status = BP_OK;
    for (uint32_t i = 0; i < store->n && !status; i++) status = add_zip_member(&zip, &directory, &store->array[i], path, error);
    const size_t at = zip.size;
    bp_buffer_add(&zip, directory.bytes, directory.size);
    bp_buffer_add(&zip, "PK\5\6", 4);
    bp_buffer_number(&zip, 0, 4);
    bp_buffer_number(&zip, store->n, 2);
    bp_buffer_number(&zip, store->n, 2);
    bp_buffer_number(&zip, directory.size, 4);
    bp_buffer_number(&zip, at, 4);
    bp_buffer_number(&zip, 0, 2);
    zip.failed = zip.failed || directory.failed;
    free(directory.bytes);
    return finish(&zip, status, path, error);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static int bad_entry(const char *path, const char *name, const char *what, bp_error *error) {
    return bp_fail(error, BP_E_FORMAT, "%s: '%.100s': %s", path, name, what);
}

static int read_entry(bp_stored *a, const char *path, const char *name, const json_t *entry, const unsigned char *values,
                      size_t size, bp_error *error) {
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    const json_t *shape = json_object_get(entry, "shape"), *offsets = json_object_get(entry, "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(offsets, 0)), end = json_integer_value(json_array_get(offsets, 1));
    if (strlen(name) >= sizeof a->name) return bad_entry(path, name, "the name is too long", error);
    if (!dtype || !json_is_array(shape) || json_array_size(offsets) != 2)
        return bad_entry(path, name, "expected dtype, shape and data_offsets", error);
    const int width = strcmp(dtype, "F64") == 0 ? 8 : strcmp(dtype, "F32") == 0 ? 4 : strcmp(dtype, "F16") == 0 ? 2 : 0;
    if (!width)
        return bp_fail(error, BP_E_FORMAT, "%s: '%.100s': found the type %.20s, expected F16, F32 or F64", path, name, dtype);
    if (json_array_size(shape) > BP_RANK_MAX) return bad_entry(path, name, "too many axes", error);
    strcpy(a->name, name);
    a->real = (bp_real)width;
    a->rank = (uint32_t)json_array_size(shape);
    a->count = 1;
    for (uint32_t k = 0; k < a->rank; k++) {
        a->extent[k] = json_integer_value(json_array_get(shape, k));
        if (a->extent[k] < 0 || (a->extent[k] > 0 && a->count > INT64_MAX / 16 / a->extent[k]))
            return bad_entry(path, name, "a size that cannot be", error);
        a->count *= a->extent[k];
    }
    if (begin < 0 || end < begin || (uint64_t)end > size || end - begin != a->count * width)
        return bad_entry(path, name, "its data_offsets do not fit its shape or the file", error);
    a->data = values + begin;
    return BP_OK;
}

static void read_notes(bp_store *store, const json_t *notes) {
    const char *key;
    json_t *value;
    store->note = calloc(json_object_size(notes) + 1, sizeof *store->note);
    json_object_foreach((json_t *)(uintptr_t)notes, key, value) {
        if (!store->note || !json_is_string(value)) continue;
        bp_note *note = &store->note[store->n_notes++];
        snprintf(note->key, sizeof note->key, "%s", key);
        snprintf(note->value, sizeof note->value, "%s", json_string_value(value));
    }
}

static int read_safetensors(bp_store *store, const char *path, size_t size, bp_error *error) {
    uint64_t length = 0;
    for (size_t i = 8; i-- > 0 && size >= 8;) length = length << 8 | store->bytes[i];
    if (size < 8 || length > size - 8)
        return bp_fail(error, BP_E_FORMAT, "%s: not a safetensors file: %zu bytes, which is too short for its header", path,
                       size);
    json_error_t why;
    json_t *root = json_loadb((const char *)store->bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &why), *entry;
    if (!root || !json_is_object(root)) {
        json_decref(root);
        return bp_fail(error, BP_E_FORMAT, "%s: not a safetensors file: its header is not JSON%s%s", path, root ? "" : ": ",
                       root ? "" : why.text);
    }
    const char *name;
    int status = BP_OK;
    store->array = calloc(json_object_size(root) + 1, sizeof *store->array);
    if (!store->array) status = bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    json_object_foreach(root, name, entry) {
        if (status) break;
        if (strcmp(name, "__metadata__") == 0) read_notes(store, entry);
        else
            status = read_entry(&store->array[store->n++], path, name, entry, store->bytes + 8 + length,
                                size - 8 - (size_t)length, error);
    }
    json_decref(root);
    return status;
}

/* An NPZ file through the reader for data, whose arrays are doubles. */
static int read_npz(bp_store *store, const char *path, size_t size, bp_error *error) {
    bp_raw_file *raw = calloc(1, sizeof *raw);
    if (!(store->more = raw)) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    raw->file = path;
    const int status = bp_read_npz(raw, store->bytes, size, error);
    store->array = calloc(raw->n + 1, sizeof *store->array);
    if (!store->array) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    for (uint32_t i = 0; i < raw->n && !status; i++) {
        bp_stored *a = &store->array[store->n++];
        snprintf(a->name, sizeof a->name, "%s", raw->array[i].name);
        a->real = BP_F64;
        a->rank = raw->array[i].rank;
        memcpy(a->extent, raw->array[i].extent, sizeof a->extent);
        a->count = raw->array[i].count;
        a->data = raw->array[i].value;
    }
    return status;
}

int bp_store_read(bp_store *store, const char *path, bp_error *error) {
    size_t size;
    *store = (bp_store){0};
    const int status = bp_read_all(path, &store->bytes, &size, error);
    if (status) return status;
    return size >= 4 && memcmp(store->bytes, "PK", 2) == 0 && store->bytes[2] < 8 && store->bytes[3] < 8
             ? read_npz(store, path, size, error)
             : read_safetensors(store, path, size, error);
}

void bp_store_free(bp_store *store) {
    if (store->more) bp_raw_free(store->more);
    free(store->more);
    free(store->array);
    free(store->note);
    free(store->bytes);
    *store = (bp_store){0};
}
