/* raw.c - whole files into memory, and the list of arrays that readers fill. */
#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* zlib's gzFile reads plain files as they are, so one way serves both. */
int bp_read_all(const char *path, unsigned char **bytes, size_t *size, bp_error *error) {
    *bytes = NULL;
    *size = 0;
    errno = 0;
    const bool standard = strcmp(path, "-") == 0;
    gzFile in = standard ? gzdopen(0, "rb") : gzopen(path, "rb");
    if (!in) return bp_fail(error, BP_E_IO, "%s: cannot open: %s", path, errno ? strerror(errno) : "out of memory");
    size_t room = 1 << 16, n = 0;
    unsigned char *buffer = malloc(room + 1);
    int got = 1;
    while (buffer && (got = gzread(in, buffer + n, (unsigned)(room - n < 1u << 30 ? room - n : 1u << 30))) > 0) {
        n += (size_t)got;
        if (n < room) continue;
        unsigned char *grown = room > SIZE_MAX / 4 ? NULL : realloc(buffer, 2 * room + 1);
        if (!grown) free(buffer);
        buffer = grown;
        room *= 2;
    }
    int status = BP_OK, code = Z_OK;
    if (!buffer) {
        status = bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    } else if (got < 0) {
        const char *why = gzerror(in, &code);
        status = bp_fail(error, code == Z_ERRNO ? BP_E_IO : BP_E_FORMAT, "%s: cannot read: %s", path,
                         code == Z_ERRNO ? strerror(errno) : why);
    }
    if (gzclose(in) == Z_BUF_ERROR && !status) status = bp_fail(error, BP_E_FORMAT, "%s: the gzip stream ends early", path);
    if (status) {
        free(buffer);
        return status;
    }
    buffer[n] = '\0';
    *bytes = buffer;
    *size = n;
    return BP_OK;
}

bp_raw *bp_raw_add(bp_raw_file *file, const char *name, uint32_t rank, const int64_t *extent, bp_error *error) {
    int64_t count = 1;
    for (uint32_t k = 0; k < rank; k++) {
        if (extent[k] < 0 || (extent[k] > 0 && count > (INT64_MAX >> 4) / extent[k])) {
            bp_fail(error, BP_E_SHAPE, "%s: '%s' is too large", file->file, name);
            return NULL;
        }
        count *= extent[k];
    }
    for (uint32_t i = 0; i < file->n; i++)
        if (strcmp(file->array[i].name, name) == 0) {
            bp_fail(error, BP_E_NAME, "%s: '%s' is there twice", file->file, name);
            return NULL;
        }
    if (file->n == file->room) {
        const uint32_t room = file->room ? 2 * file->room : 8;
        bp_raw *grown = realloc(file->array, room * sizeof *grown);
        if (!grown) goto out_of_memory;
        file->array = grown;
        file->room = room;
    }
    bp_raw *raw = &file->array[file->n];
    *raw = (bp_raw){.rank = rank, .count = count, .row_axis = -1, .first_column = -1};
    for (uint32_t k = 0; k < rank; k++) raw->extent[k] = extent[k];
    const size_t length = strlen(name) + 1;
    raw->name = malloc(length);
    raw->value = malloc((size_t)count * sizeof *raw->value + 1);
    if (!raw->name || !raw->value) {
        free(raw->name);
        free(raw->value);
        goto out_of_memory;
    }
    memcpy(raw->name, name, length);
    file->n++;
    return raw;
out_of_memory:
    bp_fail(error, BP_E_MEMORY, "%s: out of memory for '%s'", file->file, name);
    return NULL;
}

void bp_raw_free(bp_raw_file *file) {
    for (uint32_t i = 0; i < file->n; i++) {
        free(file->array[i].name);
        free(file->array[i].value);
    }
    free(file->array);
    free(file->line);
    file->array = NULL;
    file->line = NULL;
    file->n = file->room = 0;
}
