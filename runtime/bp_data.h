/* bp_data.h - data for a model's inputs from CSV, NPY, NPZ, IDX and JSON files, checked against the model. */
#ifndef BP_DATA_H
#define BP_DATA_H

#include "bp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BP_RANK_MAX = 16 };

/* One array: values in row-major order, of the model's real type or int32_t, as the tensor that it belongs to. */
typedef struct {
    const bp_tensor *tensor;
    uint32_t rank;
    int64_t extent[BP_RANK_MAX];
    int64_t count;              /* elements */
    void *values;
} bp_array;

/* What a file held: one array for each input (and for parameters and states that it overrides), and the run-time dims
 * that follow from their sizes. */
typedef struct {
    const bp_model *model;
    uint32_t n;
    bp_array *array;            /* [n] in the order of the model's tensors */
    int64_t *dims;              /* [n_dims]; at least one element is allocated */
    int32_t batch_dim;          /* the dim that counts examples, or -1 */
    int64_t examples;           /* dims[batch_dim], or 1 */
} bp_data;

typedef struct {
    const char *columns;        /* CSV: "x=0:64,y=64" (first:last+1, or the name of a column); NULL: by header, else by order */
    const int64_t *dims;        /* [n_dims] sizes that are known beforehand, -1 for the others; NULL: none is */
    int32_t batch_dim;          /* -1: that of `train { batch }`, else the first run-time dim */
    bool overrides;             /* parameters and states are accepted too */
    bool partial;               /* inputs may be missing and dims unknown (-1): the caller will look */
} bp_data_options;

/* Read `path`: the format is told by its bytes, any of them may be gzipped, "-" is standard input.  Files that hold one
 * array (NPY, IDX) are for the model's only input, or are given as "x=images.idx.gz,y=labels.idx.gz".
 * `options` may be NULL.  *out is to be freed with bp_data_free; on failure it is NULL and the message says file, row,
 * column or element, what was found and what was expected.
 * BP_E_IO, BP_E_FORMAT, BP_E_NAME (an array that the model does not have, or lacks), BP_E_SHAPE, BP_E_RANGE (an integer
 * outside its range, a fraction where an integer belongs), BP_E_MEMORY. */
int bp_data_read(bp_data **out, const bp_model *model, const char *path, const bp_data_options *options, bp_error *error);

/* The same from bytes in memory; `name` stands for the file in messages. */
int bp_data_parse(bp_data **out, const bp_model *model, const char *name, const void *bytes, size_t size,
                    const bp_data_options *options, bp_error *error);

void bp_data_free(bp_data *data);   /* NULL is fine */

/* The array of the tensor called `name`, or NULL. */
const bp_array *bp_data_find(const bp_data *data, const char *name);

/* Point the members of a model_inputs struct at the arrays. */
void bp_data_bind(const bp_data *data, void *inputs);

/* Copy the parameters and states that the data override into their blocks (either may be NULL). */
void bp_data_override(const bp_data *data, void *params, void *state);

/* Which axis of a tensor is the dim `batch_dim`; -1 if none, -2 if several. */
int32_t bp_batch_axis(const bp_tensor *tensor, int32_t batch_dim);

/* Copy the examples order[0], …, order[n-1] of an array into `out`, along its axis `axis` (bp_batch_axis). */
void bp_gather(const bp_model *model, const bp_array *array, int32_t axis, const int64_t *order, int64_t n, void *out);

#ifdef __cplusplus
}
#endif
#endif
