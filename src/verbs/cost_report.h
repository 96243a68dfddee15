/* bpc cost: what is counted, as numbers and text; the table, the JSON and the picture only print it. */
#ifndef BPC_VERBS_COST_REPORT_H
#define BPC_VERBS_COST_REPORT_H

#include "verbs/case.h"
#include "verbs/predict.h"

/* A number of any size. */
typedef struct {
    bool known, at_most; /* at_most: the data decide, and this is the most */
    double value;        /* may be infinite */
    double log;          /* to base 10; of 0: -inf */
    const char *digits;  /* exactly, where it is a count of any length; or NULL */
    const char *formula; /* in the run-time dims; NULL: none */
    const char *why;     /* why it is not known, or NULL */
} Figure;

typedef enum { LINE_VALUE, LINE_REVERSE, LINE_BACKWARD, LINE_JVP, LINE_DIRECTIONS, LINE_FORWARD, LINE_HVP, LINE_PATHS, N_LINES } LineKind;
typedef struct {
    const char *key, *label; /* "reverse", "reverse: value and gradient" */
    bool known;              /* the model has it */
    Figure flops, bytes, workspace, memory;
    double ratio, log_ratio; /* of its flops to the value's; the ratio may be infinite, its logarithm (to base 10) is not */
} Line;

typedef struct {
    Symbol name;
    Figure elements, paths;
} SourceLine;

typedef struct {
    Model shape;          /* the model once more, as it was written: its graph of scalars */
    Counting *counting;   /* of it */
    Prediction prediction;
    Case data;            /* where --data is given */
    const char *of;       /* names of what is differentiated */
    const char *by;       /* "parameters", or "inputs" where --wrt says what they are */
    bool has_data, recurrent;
    Figure inputs, outputs, nodes, edges, paths, path_steps;
    VEC(SourceLine) sources;
    Line line[N_LINES];
    CheckpointRows checkpoints; /* none: there is no recurrence that can be cut */
} CostReport;

/* Counts everything; prints what is wrong, returns a status. Close it in any case. */
int cost_report(CostReport *, const Options *);
void cost_report_close(CostReport *);
/* Inputs for each output below which forward mode is cheaper: one direction at a time; `directions` at once. */
double crossover_single(const CostReport *), crossover_block(const CostReport *);

void cost_print_table(const CostReport *, Text *);
void cost_print_json(const CostReport *, Text *);
void cost_print_plot(const CostReport *, Text *);

#endif
