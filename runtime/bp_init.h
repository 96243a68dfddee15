/* bp_init.h - the values that parameters and states begin with. */
#ifndef BP_INIT_H
#define BP_INIT_H

#include "bp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fill the parameter block (`param_count` elements of the model's real type) by the distributions of the model; the same
 * seed gives the same block on every machine up to the rounding of log and cos.  BP_E_VALUE for a fan that is not
 * positive, BP_E_MEMORY when the scratch of `orthogonal` cannot be had. */
int bp_init_params(const bp_model *model, void *block, uint64_t seed);

/* The same for the state block. */
int bp_init_state(const bp_model *model, void *block, uint64_t seed);

/* The number of elements of one parameter or state, and its values into `out` (that many reals of the model's type). */
int bp_init_tensor(const bp_model *model, const bp_tensor *tensor, void *out, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
