/* Ticks. Takes the range of the data and a scale; returns what the axis shows and its ticks as exact decimals, so that
 * no number is ever printed through a double.
 *
 *     linear    every 1, 2 or 5 times a power of ten; minor ones between them
 *     log       powers of ten, every k-th where there are many; minor ones at 2 … 9. Less than two decades: 1, 2, 5 are
 *               labelled too; less than a factor of five: as linear
 *     log2      powers of two, every k-th where there are many */
#include "chart/axis.h"

#include <math.h>

/* ---- the range ------------------------------------------------------------------------------------------------------ */
bool axis_shows(ChartScale scale, double value) { return isfinite(value) && (scale == CHART_LINEAR || value > 0); }

static double on_scale(ChartScale scale, double value) { return scale == CHART_LINEAR ? value : log10(value); }

double axis_place(const Axis *a, double value) { return (on_scale(a->scale, value) - a->low) / (a->high - a->low); }

/* A little room at both ends; a single number stands in the middle; what grows from small to large begins at 0. */
static void set_range(Axis *a, double low, double high) {
    const bool linear = a->scale == CHART_LINEAR;
    if (low > high) low = linear ? 0 : 1, high = linear ? 1 : 10;
    a->low = on_scale(a->scale, low);
    a->high = on_scale(a->scale, high);
    double span = a->high - a->low;
    if (!(span > 1e-12 * (linear ? fabs(a->high) : 1)) || !isfinite(span)) {
        double half = linear ? (low == 0 ? 1 : fabs(low) / 2) : 0.5;
        a->low -= half;
        a->high += half;
        return;
    }
    const bool from_zero = linear && low >= 0 && low < high / 3;
    a->low = from_zero ? 0 : a->low - 0.04 * span;
    a->high += 0.04 * span;
}

static bool inside(const Axis *a, double value) {
    double place = axis_place(a, value);
    return place >= -1e-9 && place <= 1 + 1e-9;
}

static void add_tick(Axis *a, Decimal d, bool labelled) {
    double value = decimal_scale((double)d.digits, d.exponent);
    if (a->n < MOST_TICKS && axis_shows(a->scale, value) && inside(a, value)) a->tick[a->n++] = (Tick){value, d, labelled};
}

/* ---- linear ticks ------------------------------------------------------------------------------------------------------ */
static void ticks_every(Axis *a, double low, double high, int64_t step, int exponent, bool labelled, int64_t except) {
    const double size = decimal_scale((double)step, exponent);
    if (!(size > 0)) return; /* less than a double can say */
    for (double k = ceil(low / size - 1e-9); k <= floor(high / size + 1e-9); k++)
        if (!except || (int64_t)k % except != 0) add_tick(a, (Decimal){(int64_t)k * step, exponent}, labelled);
}

/* Steps of 1, 2 or 5 times a power of ten, as many as fit. */
static void linear_ticks(Axis *a, double low, double high, uint32_t room) {
    static const int64_t steps[] = {1, 2, 5, 10}, parts[] = {5, 4, 5, 5}; /* 2 has quarters of 0.5 */
    const double rough = (high - low) / room;
    if (!(rough > 0) || !isfinite(rough)) return; /* more than a double can say */
    int exponent = (int)floor(log10(rough)), k = 0;
    while (k < 3 && decimal_scale((double)steps[k], exponent) < rough * (1 - 1e-9)) k++;
    ticks_every(a, low, high, steps[k], exponent, true, 0);
    ticks_every(a, low, high, steps[k] * 10 / parts[k], exponent - 1, false, parts[k]);
}

/* ---- logarithmic ticks --------------------------------------------------------------------------------------------------- */
static void decade_ticks(Axis *a, int first, int last, uint32_t room) {
    const double decades = a->high - a->low;
    const int every = (int)ceil(decades / room);
    for (int e = first; e <= last; e++) {
        add_tick(a, (Decimal){1, e}, e % every == 0);
        for (int64_t d = 2; every == 1 && d <= 9; d++) add_tick(a, (Decimal){d, e}, decades < 2 && (d == 2 || d == 5));
    }
}

static void power_of_two_ticks(Axis *a, uint32_t room) {
    const double two = log10(2);
    int first = (int)ceil(a->low / two - 1e-9), last = (int)floor(a->high / two + 1e-9);
    if (first < 0) first = 0;
    if (last > 62) last = 62;
    const int every = (last - first) / (int)room + 1;
    for (int k = first; k <= last; k++) add_tick(a, (Decimal){INT64_C(1) << k, 0}, (k - first) % every == 0);
}

void axis_lay_out(Axis *a, ChartScale scale, double low, double high, uint32_t room) {
    a->scale = scale;
    a->n = 0;
    set_range(a, low, high);
    if (scale == CHART_LINEAR) linear_ticks(a, a->low, a->high, room);
    else if (scale == CHART_LOG2) power_of_two_ticks(a, room);
    if (a->n > 0 || scale == CHART_LINEAR) return;
    if (a->high - a->low < 0.7) linear_ticks(a, pow(10, a->low), pow(10, a->high), room);
    else decade_ticks(a, (int)floor(a->low), (int)ceil(a->high), room);
}
