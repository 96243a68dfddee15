/* bp.h - what generated code and its users share with libbp.
 *
 * Two things: the status that every function returns, and the description of a model that the generated
 * `model_describe()` hands out, by which the runtime trains it, saves it and checks it without knowing its equations.
 * This header draws in nothing but the standard integer types, so a program that only embeds a model pays nothing.
 * What trains, reads data or keeps weights is declared in bp_train.h, bp_data.h, bp_weights.h and so on.
 *
 * Nothing here, nor anywhere in libbp, exits, prints, or keeps a global that changes. */
#ifndef BP_H
#define BP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ---------------------------------------------------------------------------------------------------- */

typedef enum {
    BP_OK = 0,
    BP_E_RANGE,       /* an integer of the data lies outside its declared range */
    BP_E_SHAPE,       /* sizes that do not fit each other or the model */
    BP_E_ALIGN,       /* a workspace that is not 64-byte aligned, or an array that is not aligned for its type */
    BP_E_NULL,        /* a pointer that must not be null */
    BP_E_DOMAIN,      /* a factorisation that does not exist (a matrix that is singular or not positive definite); an argmax of nothing */
    BP_E_MEMORY,      /* out of memory, or a size that overflows */
    BP_E_IO,          /* a file that cannot be opened, read or written; the message has the system's reason */
    BP_E_FORMAT,      /* a file whose bytes do not follow its format */
    BP_E_NAN,         /* a loss that is nan or infinite */
    BP_E_INTERRUPTED, /* the caller's stop flag was set; what was learnt so far is kept */
    BP_E_NAME,        /* a name that the model, the optimiser table or a file does not have */
    BP_E_VALUE,       /* an option whose value is out of its range or cannot be read */
    BP_E_UNSUPPORTED, /* the model lacks what was asked for (no loss to differentiate) */
    BP_STATUS_COUNT
} bp_status;

/* A sentence for a status, in English, without a full stop; never null, also for numbers that are no status. */
const char *bp_status_text(int status);

/* The message of a failure: what happened, where, what was found and what was expected, in one line without a newline.
 * Functions that take a `bp_error *` accept NULL; they write it only when they fail. */
typedef struct { char text[512]; } bp_error;

/* ---- sparse matrices ------------------------------------------------------------------------------------------------ */

/* A sparse Jacobian or Hessian without its values, as the generated `model_jacobian_pattern()` makes it: rows are the elements of
 * what was differentiated, columns those of what by, each tensor in reading order, one after another. It changes only with the
 * dims and the integer data. The arrays are the caller's; called with start = NULL it sets rows, columns and terms alone.
 *
 *     bp_pattern p = {0};
 *     model_jacobian_pattern(&dims, &in, &params, &p, workspace);    … allocate, and once more
 *     model_jacobian(&dims, &in, &params, &p, &out, &(model_jacobians){values}, workspace);
 *
 * `values` has room for `terms`; its first `entries` are the matrix. */
typedef struct {
    int by_columns;               /* 0: compressed rows (CSR), 1: compressed columns (CSC) */
    int64_t rows, columns, terms; /* terms: what is added up, some of it at the same place */
    int64_t entries;              /* at most terms */
    int64_t *start;               /* [rows + 1], by columns [columns + 1]: where each begins in index and values */
    int32_t *index;               /* [terms]: the column of each entry, by columns its row; ascending */
    int32_t *place;               /* [terms]: the entry that the term is added to; -1: none */
    int32_t *row, *column;        /* [terms] of each term */
} bp_pattern;

/* ---- the description of a model -------------------------------------------------------------------------------- */

typedef enum { BP_F32 = 4, BP_F64 = 8 } bp_real;   /* the value is the size in bytes */

typedef enum { BP_INPUT, BP_PARAM, BP_STATE, BP_OUTPUT, BP_METRIC, BP_LOSS } bp_role;

typedef enum {
    BP_INIT_VALUES, BP_INIT_ZEROS, BP_INIT_ONES, BP_INIT_IDENTITY, BP_INIT_NORMAL, BP_INIT_UNIFORM, BP_INIT_XAVIER,
    BP_INIT_XAVIER_NORMAL, BP_INIT_HE, BP_INIT_HE_UNIFORM, BP_INIT_LECUN, BP_INIT_ORTHOGONAL
} bp_init_kind;

/* The initial distribution of a parameter or state. */
typedef struct {
    bp_init_kind kind;
    double a, b;              /* normal(mean = a, std = b), uniform(lo = a, hi = b) */
    int64_t fan_in, fan_out;  /* resolved by the compiler; 0 where the kind does not use them */
    const double *values;     /* BP_INIT_VALUES: as many as the tensor has elements, or NULL for all = a */
} bp_init;

/* One axis of a tensor.  dim >= 0: its extent is that run-time dim; -1: the constant `size`; -2: computed, ask
 * `model->extent`. */
typedef struct { int32_t dim; int64_t size; } bp_axis;

typedef struct {
    const char *name;         /* as the model writes it: "fc1.W" */
    bp_role role;
    bool integer;             /* its data are int32_t, else real */
    int64_t lo, hi;           /* integer data: lo <= value < hi (INT64_MIN, INT64_MAX where that depends on dims) */
    uint32_t rank;
    const bp_axis *axis;      /* [rank] */
    size_t offset;            /* of its member in model_inputs, model_params, model_state or model_outputs; outputs of rank 0
                               are values there, everything else is a pointer */
    size_t grad_offset;       /* parameters: of its member in model_grads; (size_t)-1: it has none */
    size_t block_offset;      /* parameters and states: its first element in the parameter (state) block */
    bp_init init;             /* parameters and states */
} bp_tensor;

/* What the model's `train { }` says; NULL, 0, NAN or -1 where it says nothing. */
typedef struct {
    const char *optimizer;    /* "adam" */
    uint32_t n_options;
    const char *const *option;   /* [n_options] "lr" */
    const double *value;         /* [n_options] 1e-3 */
    const char *schedule;     /* as written: "cosine(warmup=100)" or "cosine" */
    double warmup;            /* steps; NAN: none */
    double clip;              /* the norm to clip gradients to; NAN: none */
    int64_t batch, epochs, seed; /* 0 (batch, epochs) or -1 (seed): not said */
    int32_t batch_dim;        /* the run-time dim that counts examples; -1: there is none */
} bp_training;

/* A compiled model.  `dims` is always int64_t[n_dims], in the order of `dims` below; the other structs are those of the
 * generated header, reached through the offsets of `tensors`.  The functions are the generated ones behind one signature
 * for all models: a struct that does not exist is passed as any pointer.  They return a bp_status. */
typedef struct bp_model {
    const char *name;
    bp_real real;
    uint32_t n_dims;
    const char *const *dims;
    uint32_t n_tensors;
    const bp_tensor *tensors;         /* in declaration order */
    size_t param_count, state_count;  /* elements of the parameter block and of the state block */
    size_t inputs_size, params_size, grads_size, outputs_size, state_size;   /* bytes of the structs */
    size_t seed_offset, call_offset;  /* of `uint64_t seed, call` in the inputs; (size_t)-1: the model draws nothing */
    bp_training training;
    int64_t (*extent)(const int64_t *dims, uint32_t tensor, uint32_t axis);  /* may be NULL where no axis is computed */
    size_t (*workspace_size)(const void *dims);                              /* bytes; 0 when they overflow */
    int (*predict)(const void *dims, const void *inputs, const void *params, const void *state, void *outputs,
                   void *workspace);
    int (*gradient)(const void *dims, const void *inputs, const void *params, const void *state, void *outputs,
                    void *grads, void *workspace);                           /* NULL without a loss */
    int (*update)(const void *dims, const void *inputs, const void *params, void *state, void *workspace);
                                                                             /* NULL without state */
    const char *(*first_nan)(const void *dims, const void *inputs, const void *params, const void *state,
                             void *workspace);   /* may be NULL: the first tensor, in the order of evaluation, that holds a
                                                  nan or an infinity; returns NULL if none does */
} bp_model;

/* ---- asking a model -------------------------------------------------------------------------------------------- */

/* The tensor called `name`, or NULL. */
const bp_tensor *bp_find(const bp_model *model, const char *name);

/* The run-time dim called `name`, or -1. */
int32_t bp_find_dim(const bp_model *model, const char *name);

/* The extent of one axis of a tensor of this model under these dims; -1 if `axis` is not below its rank. */
int64_t bp_extent(const bp_model *model, const int64_t *dims, const bp_tensor *tensor, uint32_t axis);

/* The number of elements of a tensor, 1 for a scalar; -1 if an extent is negative or the product overflows.
 * Parameters and states do not depend on dims, so `dims` may be NULL for them. */
int64_t bp_element_count(const bp_model *model, const int64_t *dims, const bp_tensor *tensor);

/* Make the members of a model_params (model_grads, model_state) struct point into one contiguous block of
 * `param_count` (`state_count`) elements of the model's real type. */
void bp_bind_params(const bp_model *model, void *params, void *block);
void bp_bind_grads(const bp_model *model, void *grads, void *block);
void bp_bind_state(const bp_model *model, void *state, void *block);

/* The value of a tensor of rank 0 in an outputs struct. */
double bp_scalar_output(const bp_model *model, const void *outputs, const bp_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
