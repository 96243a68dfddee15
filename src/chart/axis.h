/* An axis laid out: which numbers it shows, and where its ticks are. */
#ifndef BPC_CHART_AXIS_H
#define BPC_CHART_AXIS_H

#include "base/decimal.h"
#include "chart/chart.h"

typedef struct {
    double value;
    Decimal text;
    bool labelled; /* else a minor one */
} Tick;

enum { MOST_TICKS = 1024 };
typedef struct {
    ChartScale scale;
    double low, high; /* ends of what is shown, on the scale (log10 of it for both logarithmic ones) */
    uint32_t n;
    Tick tick[MOST_TICKS]; /* ascending within each of: labelled ones, minor ones */
} Axis;

/* Can the axis show the number at all? */
bool axis_shows(ChartScale, double);
/* Room for numbers from low to high (both shown by the scale); without any, low > high. At most `room` labels, or about. */
void axis_lay_out(Axis *, ChartScale, double low, double high, uint32_t room);
/* 0 at the low end, 1 at the high end. */
double axis_place(const Axis *, double);

#endif
