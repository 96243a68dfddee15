/* In which order equations run. */
#ifndef BPC_PLAN_ORDER_H
#define BPC_PLAN_ORDER_H

#include "plan/plan.h"

/* One equation to run, or the filling of a tensor with its operator's identity. */
typedef struct {
    Equation *equation;
    bool init, call; /* call: of call_equation */
    bool resumed;    /* goes on with a sum that was started elsewhere */
    Expr *in_turn;   /* the index of its domain along which terms are added one after the other, or NULL */
    bool back;       /* from the last to the first */
    Expr *example;   /* the index of its domain along which examples run in blocks, or NULL (block.c) */
    uint32_t phase;  /* joins over all examples that come before it */
    uint64_t wanted; /* goals that need it, a bit each; the top bit: always */
} Step;

/* The order found: a step, or a loop along one axis of several tensors around an order of its own. */
typedef struct Order Order;
struct Order {
    Step *step;      /* NULL: a loop */
    Order *next;
    Order *inside;
    bool down;       /* descending */
    Map *axis;       /* Tensor -> its axis + 1, for the loop's tensors */
};

/* Orders the steps; NULL where some depend on themselves in a way no loop can order (reported). */
Order *order_steps(Graph *, Step *steps, uint32_t n);

#endif
