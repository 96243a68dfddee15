/* Decimal numbers for people: of few digits, exact, printed by whole numbers alone, so the same in every locale. */
#ifndef BPC_DECIMAL_H
#define BPC_DECIMAL_H

#include "base/base.h"

/* digits * 10^exponent. */
typedef struct {
    int64_t digits;
    int exponent;
} Decimal;

/* The nearest number of so many significant digits (at most 15); 0 for what is not finite. */
Decimal decimal_of(double, int digits);
/* 10^exponent times the value. */
double decimal_scale(double value, int exponent);
/* As people write it: 0.25, 1200, 3×10⁻⁹; with a unit and SI prefixes: 250 µs, 3.5 GB. */
void decimal_print(Text *, Decimal, const char *unit);

#endif
