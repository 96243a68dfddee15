/* batch.h - private: the arguments of one call of a model's functions on some examples of a data set. */
#ifndef BP_BATCH_H
#define BP_BATCH_H

#include "bp_data.h"
#include "call.h"

/* All that a call takes.  The structs are zeroed but for their arrays, so outputs that are arrays are not stored. */
typedef struct {
    const bp_model *model;
    const bp_data *data;
    int64_t *dims;               /* those of the data, but for the batch dim */
    void *inputs, *outputs, *params, *state;   /* the model's structs */
    void **gathered;             /* [data->n] copies of the examples in a batch; NULL: passed whole */
    int32_t *axis;               /* [data->n] the batch axis of each array, or -1 */
    unsigned char *workspace;    /* 64-byte aligned */
    size_t workspace_size;
    void *workspace_block;
} bp_batch;

/* Room for calls with up to `most` examples; the blocks may be NULL where the model has none.  BP_E_UNSUPPORTED when an
 * array has the batch dim on two axes and the examples do not all fit in one batch. */
int bp_batch_open(bp_batch *batch, const bp_model *model, const bp_data *data, int64_t most, void *params, void *state,
                    bp_error *error);

/* Take the examples order[0 … n-1] (NULL: the data as they are). */
int bp_batch_take(bp_batch *batch, const int64_t *order, int64_t n, bp_error *error);

/* Set the seed and the number of the call, where the model draws. */
void bp_batch_draws(bp_batch *batch, uint64_t seed, uint64_t call);

void bp_batch_close(bp_batch *batch);

#endif
