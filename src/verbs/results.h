/* Numbers as JSON: they read back exactly, and nan and infinities are NaN, Infinity, -Infinity. */
#ifndef BPC_VERBS_RESULTS_H
#define BPC_VERBS_RESULTS_H

#include "base/base.h"

/* Elements of one array; `single`: they are floats, and print as short as floats can. */
typedef struct {
    const char *name, *inner; /* inner: of a pair, the second; pairs of one name are together: {"y": {"x": …, "w": …}} */
    uint32_t rank;
    int64_t extent[16];
    const double *values;
    bool integer, single;
} Result;

typedef struct {
    const char *name; /* NULL: the outputs, at the top level */
    VEC(Result) results;
} ResultGroup;

void json_number(Text *, double, bool integer, bool single);
void result_print(Text *, const Result *);
/* {"L": 0.056, "yhat": […], "gradient": {"w": […]}} */
void groups_print(Text *, const ResultGroup *groups, uint32_t n);
void write_json_string(Text *, const char *);

#endif
