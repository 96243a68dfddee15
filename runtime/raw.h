/* raw.h - private: what the readers of file formats make, before it is compared with a model. */
#ifndef BP_RAW_H
#define BP_RAW_H

#include "bp_data.h"
#include "call.h"

/* An array as a file has it.  All numbers are doubles here; integers beyond 2^53 are rounded, and out of int32's range
 * anyway. */
typedef struct {
    char *name;
    uint32_t rank;
    int64_t extent[BP_RANK_MAX];
    int64_t count;
    double *value;
    int32_t row_axis;         /* CSV: the axis that runs along the rows of the file; -1: not from CSV */
    int64_t first_column;     /* CSV: of its elements, where they follow one another; -1 where they do not */
} bp_raw;

typedef struct {
    const char *file;         /* for messages */
    uint32_t n, room;
    bp_raw *array;
    int64_t *line;            /* CSV: the line that each row begins on; else NULL */
    int64_t lines;
} bp_raw_file;

/* Everything in a file, gunzipped where need be; "-" is standard input.  *bytes has a 0 behind its end; free it. */
int bp_read_all(const char *path, unsigned char **bytes, size_t *size, bp_error *error);

/* A new array with room for the product of `extent`; NULL with a message if that overflows or memory is out. */
bp_raw *bp_raw_add(bp_raw_file *file, const char *name, uint32_t rank, const int64_t *extent, bp_error *error);
void bp_raw_free(bp_raw_file *file);

/* The readers.  Each adds arrays to `file`, and fails with a message that begins with the file's name. */
int bp_read_csv(bp_raw_file *file, const bp_model *model, const char *text, size_t size, const bp_data_options *options,
                  int32_t batch_dim, bp_error *error);
int bp_read_npy(bp_raw_file *file, const char *name, const unsigned char *bytes, size_t size, bp_error *error);
int bp_read_npz(bp_raw_file *file, const unsigned char *bytes, size_t size, bp_error *error);
int bp_read_idx(bp_raw_file *file, const char *name, const unsigned char *bytes, size_t size, bp_error *error);
int bp_read_json(bp_raw_file *file, const char *text, size_t size, bp_error *error);

#endif
