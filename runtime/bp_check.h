/* bp_check.h - does a compiled model's gradient hold?  Against central differences of its own loss. */
#ifndef BP_CHECK_H
#define BP_CHECK_H

#include "bp.h"
#include "bp_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The worst entry of one parameter. */
typedef struct {
    const bp_tensor *tensor;
    int64_t checked;            /* how many of its entries were */
    int64_t index;              /* the worst one, in row-major order; -1 if none was checked */
    double gradient, difference;/* what `gradient` gave there, and the central difference */
    double error;               /* |gradient - difference| / max(1, |gradient|, |difference|) */
} bp_check_row;

/* Check the gradient of the loss by each parameter that has one, on all of `data`.  `row` has room for as many rows as the
 * model has parameters; *n_rows is how many were written.  At most `most` entries of a parameter, evenly spread, are
 * checked (0: all).  `step` is the relative step of the differences, 0 for the cube root of the type's precision; then
 * errors of about 1e-9 (f64) and 5e-4 (f32) are rounding.  The parameter block is as before when it returns.
 * BP_E_UNSUPPORTED without a loss, BP_E_MEMORY, or what the model's functions return. */
int bp_check_gradient(const bp_model *model, const bp_data *data, void *params, const void *state, double step, int64_t most,
                        bp_check_row *row, uint32_t *n_rows, bp_error *error);

#ifdef __cplusplus
}
#endif
#endif
