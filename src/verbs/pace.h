/* How fast this machine runs what bpc writes, and from that how long a planned function takes.
 *
 * The peak is what no program reaches; the pace is what loops of generated code do: seconds of each operator of the table in a
 * vectorised loop and in one that is not, of reading and writing in order and scattered, of a step that waits for the one
 * before, of starting a loop, and of the matrix product. All are measured, with the flags of measured code. */
#ifndef BPC_VERBS_PACE_H
#define BPC_VERBS_PACE_H

#include "cost/cost.h"
#include "verbs/pipeline.h"

typedef struct Pace Pace;
/* In single or double precision; `peak` flops a second are what a BLAS comes near. Operators are measured when they are first asked for; the C compiler runs once (its result is
 * cached). Prints what is wrong and returns NULL. */
Pace *pace_new(Arena *, const Options *, bool f64, double peak);
/* Of one call, computing alone: what it moves beyond the first cache is not in it. */
double pace_seconds(Pace *, Counting *, const Function *);
/* Of an operation that waits for the one before. */
double pace_waiting(const Pace *);
void pace_free(Pace *);

#endif
