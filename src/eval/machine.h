/* What machine.inc offers once in double and once in long double. */
#ifndef BPC_EVAL_MACHINE_H
#define BPC_EVAL_MACHINE_H

#include "eval/code.h"
#include "eval/components.h"
#include "eval/eval.h"

enum { MESSAGE_ROOM = 512 };

typedef struct Machine Machine;
/* Numbers go in and out as long double, which holds every double and every int64. */
typedef struct {
    Machine *(*make)(Graph *, const int64_t *dims, char *message);
    void (*free)(Machine *);
    int64_t (*extent)(Machine *, const Tensor *, uint32_t axis);
    int64_t (*count)(Machine *, const Tensor *);
    bool (*set)(Machine *, const Tensor *); /* makes room for values that are given */
    bool (*is_set)(Machine *, const Tensor *);
    void (*put)(Machine *, const Tensor *, int64_t element, long double value);
    bool (*compute)(Machine *, const Tensor *);
    long double (*take)(Machine *, const Tensor *, int64_t element);
    bool (*check)(Machine *, const Check *, bool *holds); /* after `compute` of what it reads */
    void (*forget)(Machine *); /* what was computed no longer holds */
    void (*draws)(Machine *, uint64_t seed, uint64_t call);
} MachineApi;

extern const MachineApi machine_double, machine_long;

#endif
