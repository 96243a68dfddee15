/* What this machine can do at most, measured: the yardstick of bpc bench. One thread, as generated code runs. */
#ifndef BPC_VERBS_MACHINE_H
#define BPC_VERBS_MACHINE_H

#include "base/base.h"

enum { MACHINE_SIZES = 5 };
typedef struct {
    double flops;                   /* a second: independent multiply-adds in vector registers, two flops each */
    double working_set[MACHINE_SIZES]; /* bytes of three arrays, ascending: from the first cache to memory */
    double bandwidth[MACHINE_SIZES];   /* bytes a second of a[k] = b[k] + s*c[k] on them, two read and one written */
} Machine;

/* In single or double precision; takes a few tenths of a second, and the C compiler once (its result is cached). Prints what
 * is wrong; returns a status. */
int machine_measure(Machine *, Arena *, bool f64);
/* Of a function that touches so many bytes in all: between the sizes measured, by the logarithm of the size. */
double machine_bandwidth(const Machine *, double bytes);
/* Seconds since some moment. */
double clock_seconds(void);
/* Seconds of one time: the best of several samples, each of so many times that it lasts `sample` seconds. */
double best_time(void (*run)(void *with, long times), void *with, double sample);

#endif
