/* bp_weights.h - parameters and states in files: safetensors and NPZ; and checkpoints, from which a run goes on.
 *
 * Files are written whole or not at all: into a temporary file beside the target, flushed to the disk, then renamed. */
#ifndef BP_WEIGHTS_H
#define BP_WEIGHTS_H

#include "bp.h"
#include "bp_optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Write the parameter block and, where the model has one, the state block (NULL: leave it out) under the tensors' names.
 * A path that ends in .npz makes an NPZ file, any other a safetensors file.  BP_E_IO, BP_E_MEMORY. */
int bp_weights_save(const bp_model *model, const void *params, const void *state, const char *path, bp_error *error);

/* Read them back: every parameter must be there with its shape; states must when `state` is not NULL and the file has
 * any.  F16, F32 and F64 files are converted to the model's type.  The blocks are untouched on failure.
 * BP_E_IO, BP_E_FORMAT, BP_E_NAME (missing, or unknown to the model), BP_E_SHAPE, BP_E_MEMORY. */
int bp_weights_load(const bp_model *model, void *params, void *state, const char *path, bp_error *error);

/* Where a run stands, beside its parameters, states and optimiser. */
typedef struct {
    int64_t epoch;              /* epochs that are complete */
    int64_t step;               /* steps taken in all */
    int64_t step_in_epoch;      /* steps taken in the epoch that is not complete */
    uint64_t seed;
    int64_t batch, epochs;      /* of the run; the schedule depends on them */
    uint32_t n_sums;            /* sums over the examples of the incomplete epoch: loss and metrics, then the count */
    double sum[32];
} bp_position;

/* A safetensors file with the parameters, the states, `optimizer.0` … (its memory) and the position as metadata. */
int bp_checkpoint_save(const bp_model *model, const void *params, const void *state, const bp_optimizer *optimizer,
                         const bp_position *position, const char *path, bp_error *error);

/* Read a checkpoint into the blocks, an optimiser made with the same text, and *position.  BP_E_NAME when the file is of
 * another optimiser or is no checkpoint, else as bp_weights_load. */
int bp_checkpoint_load(const bp_model *model, void *params, void *state, bp_optimizer *optimizer, bp_position *position,
                         const char *path, bp_error *error);

#ifdef __cplusplus
}
#endif
#endif
