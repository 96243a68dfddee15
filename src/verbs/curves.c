/* bpc train --plot: one panel a value, for a loss and a share of right answers have no axis in common. */
#include "verbs/curves.h"

#include <math.h>
#include <string.h>

#include "verbs/verbs.h"

enum { MARKERS_UP_TO = 30 }; /* epochs: more would hide the line */

void curves_add(Curves *c, const bp_progress_info *info) {
    c->n = info->n_values;
    for (uint32_t k = 0; k < c->n; k++) {
        c->name[k] = info->name[k];
        vec_push(c->arena, &c->train[k], (ChartPoint){.x = (double)info->epoch, .y = info->train[k]});
        if (info->valid) vec_push(c->arena, &c->valid[k], (ChartPoint){.x = (double)info->epoch, .y = info->valid[k]});
    }
}

static void widen(const CurvePoints *points, double *low, double *high) {
    for (uint32_t k = 0; k < points->n; k++) {
        *low = fmin(*low, points->at[k].y);
        *high = fmax(*high, points->at[k].y);
    }
}

/* What falls by orders of magnitude is seen on a logarithmic axis alone. */
static ChartScale scale_of(const Curves *c, uint32_t k) {
    double low = INFINITY, high = -INFINITY;
    widen(&c->train[k], &low, &high);
    widen(&c->valid[k], &low, &high);
    return low > 0 && high > 50 * low ? CHART_LOG : CHART_LINEAR;
}

static Chart panel(const Curves *c, uint32_t k, ChartSeries lines[2], const char *title) {
    const bool markers = c->train[k].n <= MARKERS_UP_TO;
    lines[0] = (ChartSeries){.name = "training", .at = c->train[k].at, .n = c->train[k].n, .markers = markers};
    lines[1] = (ChartSeries){.name = "held out", .at = c->valid[k].at, .n = c->valid[k].n, .markers = markers, .dashed = true};
    return (Chart){.title = k == 0 ? title : NULL, .x = {"epoch", CHART_LINEAR, NULL}, .y = {c->name[k], scale_of(c, k), NULL},
                   .series = lines, .n = c->valid[k].n ? 2 : 1};
}

int curves_write(const Curves *c, const char *title, const char *path) {
    Chart *charts = NEW_ARRAY(c->arena, Chart, c->n + 1);
    ChartSeries *lines = NEW_ARRAY(c->arena, ChartSeries, 2 * c->n + 1);
    for (uint32_t k = 0; k < c->n; k++) charts[k] = panel(c, k, &lines[2 * k], title);
    Text text = {0};
    chart_svg(charts, c->n, &text);
    int error = file_write_whole(path, text.at, text.n);
    text_free(&text);
    if (error == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': %s\n", path, strerror(error));
    return STATUS_FAILED;
}
