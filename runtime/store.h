/* store.h - private: named arrays to and from files, below weights and checkpoints. */
#ifndef BP_STORE_H
#define BP_STORE_H

#include "call.h"
#include "bp_data.h"

/* An array to be written, or one found in a file (then `data` points into the file's bytes). */
typedef struct {
    char name[256];
    bp_real real;               /* the type of its values; 2 stands for F16 in files that are read */
    uint32_t rank;
    int64_t extent[BP_RANK_MAX];
    int64_t count;
    const void *data;
} bp_stored;

typedef struct { char key[32], value[128]; } bp_note;   /* metadata */

typedef struct {
    uint32_t n, n_notes;
    bp_stored *array;
    bp_note *note;
    unsigned char *bytes;       /* of a file that was read */
    void *more;                 /* arrays of an NPZ file */
} bp_store;

int bp_store_write_safetensors(const bp_store *store, const char *path, bp_error *error);
int bp_store_write_npz(const bp_store *store, const char *path, bp_error *error);
/* Either format; free with bp_store_free in any case. */
int bp_store_read(bp_store *store, const char *path, bp_error *error);
void bp_store_free(bp_store *store);

/* A growing piece of memory; `failed` once memory ran out, and then all else is ignored. */
typedef struct { unsigned char *bytes; size_t size, room; bool failed; } bp_buffer;
void bp_buffer_add(bp_buffer *buffer, const void *bytes, size_t size);
void bp_buffer_number(bp_buffer *buffer, uint64_t value, size_t width);   /* little-endian */

/* Replace the file `path` by these bytes, or leave it as it is and say why. */
int bp_write_whole(const char *path, const void *bytes, size_t size, bp_error *error);

#endif
