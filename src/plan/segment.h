/* Checkpointing: a recurrence and its adjoint cut into segments. */
#ifndef BPC_PLAN_SEGMENT_H
#define BPC_PLAN_SEGMENT_H

#include "plan/times.h"

/* The nests of an order whose recurrence is cut as the options say. */
Tree *nest_segments(Function *, const Times *, const PlanOptions *);

#endif
