/* Numbers as text without printf's doubles; decimal.h says how they look. */
#include "base/decimal.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_PADDING = 9 };

static Decimal reduced(Decimal d) {
    if (d.digits == 0) return (Decimal){0, 0};
    for (; d.digits % 10 == 0; d.exponent++) d.digits /= 10;
    return d;
}

/* pow(10, n), or its reciprocal, is exact where it can be; 10^-n in one step is not. */
double decimal_scale(double value, int exponent) { return exponent < 0 ? value / pow(10, -exponent) : value * pow(10, exponent); }

Decimal decimal_of(double value, int digits) {
    if (value == 0 || !isfinite(value)) return (Decimal){0, 0};
    int exponent = (int)floor(log10(fabs(value))) - digits + 1;
    if (exponent < -300) exponent = -300; /* 10^-exponent stays finite */
    return reduced((Decimal){llround(decimal_scale(value, -exponent)), exponent});
}

static void plain_print(Text *out, Decimal d) {
    d = reduced(d);
    if (d.exponent >= 0) {
        text_add(out, "%lld", (long long)d.digits);
        for (int k = 0; k < d.exponent; k++) text_put(out, "0", 1);
        return;
    }
    int places = -d.exponent;
    char text[32];
    int n = snprintf(text, sizeof text, "%0*lld", places + 1, (long long)llabs(d.digits));
    text_add(out, "%s%.*s.%s", d.digits < 0 ? "-" : "", n - places, text, text + n - places);
}

static void superscript(Text *out, int number) {
    static const char *const digit[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    for (const char *at = text; *at; at++) text_add(out, "%s", *at == '-' ? "⁻" : digit[*at - '0']);
}

/* How many digits stand before the point, less one: the power of ten of the number. */
static int magnitude(Decimal d) {
    int n = -1;
    for (int64_t left = llabs(d.digits); left > 0; left /= 10) n++;
    return d.exponent + n;
}

static void power_print(Text *out, Decimal d) {
    int power = magnitude(d);
    if (d.digits != 1) plain_print(out, (Decimal){d.digits, d.exponent - power});
    if (d.digits != 1) text_add(out, "×");
    text_add(out, "10");
    superscript(out, power);
}

static void unit_print(Text *out, Decimal d, const char *unit) {
    static const char *const prefix[] = {"y", "z", "a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"};
    enum { ONE = 8, MOST = sizeof prefix / sizeof *prefix - 1 };
    int step = d.digits == 0 ? ONE : ONE + (int)floor(magnitude(d) / 3.0);
    if (step < 0) step = 0;
    if (step > MOST) step = MOST;
    Decimal rest = {d.digits, d.exponent - 3 * (step - ONE)};
    if (abs(magnitude(rest)) > MOST_PADDING) power_print(out, rest);
    else plain_print(out, rest);
    text_add(out, " %s%s", prefix[step], unit);
}

void decimal_print(Text *out, Decimal d, const char *unit) {
    d = reduced(d);
    if (unit) unit_print(out, d, unit);
    else if (d.digits == 0 || (magnitude(d) >= -3 && magnitude(d) < 6)) plain_print(out, d);
    else power_print(out, d);
}
