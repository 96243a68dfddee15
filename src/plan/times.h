/* Time: which steps of an order run along a recurrence and its adjoint, so that both can be cut into segments. */
#ifndef BPC_PLAN_TIMES_H
#define BPC_PLAN_TIMES_H

#include "plan/order.h"

/* When a step of the order runs, once the recurrence is cut: before all segments; in those of the sweep forward; after them; in
 * those of the sweep backward; after those. */
typedef enum { PHASE_BEFORE, PHASE_FORWARD, PHASE_BETWEEN, PHASE_BACKWARD, PHASE_AFTER } Phase;

/* One member of the outermost order. */
typedef struct {
    const Order *order;
    Phase phase;
    Expr *time;     /* of single steps in a segment: an index of its equation, or a fixed time; NULL: it is a loop along time */
    int64_t offset; /* the step belongs to the segment that holds time + offset */
    bool join;      /* reduces over time: one sum over all segments */
    bool rests;     /* between the sweeps, or after them, and reads the segment at which the sweep before ended */
} TimedStep;

typedef struct {
    Expr *extent;     /* of the axis of time */
    uint32_t *axis;   /* by tensor number: its axis of time + 1, or 0 */
    bool *whole;      /* by tensor number: has such an axis, and is kept whole all the same */
    bool *signal;     /* by tensor number: follows from the error signal */
    int64_t *behind, *ahead; /* by tensor number: how many times before and after its segment are looked at */
    TimedStep *step;
    uint32_t n;
} Times;

/* NULL where there is no recurrence, or where it cannot be cut. `signal` is by tensor number; `goals` are the
 * tensors that the caller receives. Sums over time are told to add term by term, those of error signals from the last time to
 * the first: in that order they come, so a sum does not depend on how the recurrence is cut, to the last bit. For the same reason
 * each of several sums over time into one tensor gets a tensor of its own, in the order too. */
Times *find_times(Graph *, Order *, const bool *signal, const bool *goals);

#endif
