/* Charts of measured and predicted numbers, as SVG: lines with markers over linear or logarithmic axes.
 *
 *     ChartPoint seen[] = {{8, 1e-6, 0.9e-6, 1.2e-6}, {16, 4e-6, 3.9e-6, 4.3e-6}};
 *     ChartSeries lines[] = {{.name = "reverse", .at = seen, .n = 2, .markers = true, .spread = true}};
 *     Chart chart = {.title = "Time", .x = {"H", CHART_LOG2, NULL}, .y = {"time of a call", CHART_LOG, "s"}, .series = lines, .n = 1};
 *     chart_svg(&chart, 1, &text);
 *
 * The text is one self-contained SVG document that is readable on light and on dark pages (it follows
 * prefers-color-scheme), in colours that the colour-blind can tell apart, with a marker of its own shape for each colour.
 * Equal charts give equal bytes, whatever the locale. */
#ifndef BPC_CHART_H
#define BPC_CHART_H

#include "base/base.h"

typedef enum {
    CHART_LINEAR,
    CHART_LOG, /* ticks at powers of ten, minor ones at their multiples */
    CHART_LOG2 /* ticks at powers of two: for sizes */
} ChartScale;

typedef struct {
    const char *label; /* or NULL */
    ChartScale scale;
    const char *unit; /* of the numbers at the ticks, which then take SI prefixes ("s": 10 µs, 1 ms); NULL: bare numbers */
} ChartAxis;

/* A point with a nan or an infinity is left out and interrupts its line; so is one that is not positive on a log axis. */
typedef struct {
    double x, y;
    double low, high; /* of y, where the series has spread */
} ChartPoint;

typedef struct {
    const char *name; /* in the legend; NULL: none, as for the dashed companion of a named line */
    const ChartPoint *at;
    uint32_t n;
    bool markers, spread; /* marks at the points; bars from low to high */
    bool dashed;
    bool no_line;         /* points only */
    bool as_before;       /* the colour and the marker of the series before it */
} ChartSeries;

/* A line across the plot, such as where two series cross. */
typedef struct {
    double at;
    bool vertical; /* at an x, else at a y */
    const char *label;
} ChartMark;

typedef struct {
    const char *title, *subtitle; /* or NULL */
    ChartAxis x, y;
    const ChartSeries *series;
    uint32_t n;
    const ChartMark *marks;
    uint32_t n_marks;
} Chart;

/* Adds one document with the charts below each other. Names may hold any bytes: they are escaped. */
void chart_svg(const Chart *charts, uint32_t n, Text *out);

#endif
