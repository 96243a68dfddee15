/* limits.c - the peak of multiply-adds, and the bandwidth of a = b + s c (McCalpin's triad) at each level of the memory.
 *
 * Sixteen independent sums of vectors hide how long a multiply-add takes; the best of many short runs is the limit. */
#include "limits.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SUMS = 16, RUNS = 40, STEPS = 20000 };
typedef float vector_f32 __attribute__((vector_size(64)));
typedef double vector_f64 __attribute__((vector_size(64)));

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9*(double)t.tv_nsec;
}

/* The compiler may not see through what `sum` holds, nor leave the loop out. */
#define PEAK(NAME, VECTOR) \
    static double NAME(void) { \
        VECTOR sum[SUMS], a = (VECTOR){0} + 1, b = (VECTOR){0}; \
        __asm__ volatile("" : "+x"(a), "+x"(b)); \
        for (int i = 0; i < SUMS; i++) sum[i] = b; \
        const double start = now(); \
        for (int k = 0; k < STEPS; k++) { \
            _Pragma("GCC unroll 16") for (int i = 0; i < SUMS; i++) sum[i] = sum[i]*a + b; \
        } \
        for (int i = 1; i < SUMS; i++) sum[0] += sum[i]; \
        const double taken = now() - start; \
        __asm__ volatile("" : : "x"(sum[0])); \
        return 2.0*SUMS*STEPS*(double)(sizeof(VECTOR)/sizeof(a[0]))/taken*1e-9; \
    }
PEAK(peak_f32, vector_f32)
PEAK(peak_f64, vector_f64)

static double triad(size_t n) {
    float *a = aligned_alloc(64, 4*n), *b = aligned_alloc(64, 4*n), *c = aligned_alloc(64, 4*n);
    if (!a || !b || !c) return 0;
    for (size_t i = 0; i < n; i++) { a[i] = 0; b[i] = 1; c[i] = 2; }
    const int rounds = (int)(1 + 4000000/n);
    double best = 0;
    for (int r = 0; r < RUNS; r++) {
        const double start = now();
        for (int k = 0; k < rounds; k++) {
            for (size_t i = 0; i < n; i++) a[i] = b[i] + 1.5f*c[i];
            __asm__ volatile("" : : "r"(a) : "memory");
        }
        const double rate = 12.0*(double)n*rounds/(now() - start)*1e-9;
        best = rate > best ? rate : best;
    }
    free(a), free(b), free(c);
    return best;
}

static const struct { const char *name; size_t n; } levels[] = {
    {"triad_24KB", 2048}, {"triad_384KB", 32768}, {"triad_6MB", 1 << 19}, {"triad_192MB", 1 << 24},
};

void limits(void) {
    double f32 = 0, f64 = 0;
    for (int r = 0; r < RUNS; r++) {
        const double p = peak_f32(), q = peak_f64();
        f32 = p > f32 ? p : f32;
        f64 = q > f64 ? q : f64;
    }
    printf("limit peak_f32 %.1f\nlimit peak_f64 %.1f\n", f32, f64);
    for (size_t i = 0; i < sizeof levels/sizeof *levels; i++) printf("limit %s %.1f\n", levels[i].name, triad(levels[i].n));
}
