/* The curves of a training run: loss and metrics by epoch, on both sets, kept while it runs and drawn when it ends. */
#ifndef BPC_VERBS_CURVES_H
#define BPC_VERBS_CURVES_H

#include "bp_train.h"
#include "chart/chart.h"

typedef VEC(ChartPoint) CurvePoints;
typedef struct {
    Arena *arena;
    uint32_t n; /* of values: the loss first */
    const char *name[BP_VALUES_MAX + 1];
    CurvePoints train[BP_VALUES_MAX + 1], valid[BP_VALUES_MAX + 1];
} Curves;

/* Keeps the values of an epoch that is complete. */
void curves_add(Curves *, const bp_progress_info *);
/* An SVG with a panel for each value, solid on the training set, dashed on the held-out one. Prints what is wrong; returns
 * a status. */
int curves_write(const Curves *, const char *title, const char *path);

#endif
