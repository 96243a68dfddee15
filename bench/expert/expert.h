/* expert.h - what someone who knows the model and the machine writes by hand, behind one signature for all models.
 *
 * One of the files beside this one is linked with the driver; it reads the arrays of the generated code and fills the same ones, so
 * that the driver can hold the two against each other. Without a file for a model, `expert` is null. */
#ifndef EXPERT_H
#define EXPERT_H

#include "bp.h"

typedef struct {
    const bp_model *model;
    const int64_t *dims;
    const void *input[8];          /* in the order of the model */
    const void *params;            /* one block */
    void *grads;                   /* as the parameters; null: the value alone */
    void *output[8];               /* arrays among the outputs; null: not wanted */
    void *scratch;                 /* expert_scratch bytes, aligned to 64; what is in it stays from call to call */
} expert_call;

__attribute__((weak)) size_t expert_scratch(const bp_model *model, const int64_t *dims);
__attribute__((weak)) double expert(const expert_call *call);      /* the loss */

/* The objective as anyone would write it, a loop an equation and libm: what published times are scaled to this machine by. */
__attribute__((weak)) double plain(const expert_call *call);

#endif
