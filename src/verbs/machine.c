/* The peak of this machine, by two loops that the C compiler builds with the flags of measured code:
 *
 *     multiply-adds   twelve independent vectors y = y*a + b in registers: enough to hide the latency of any processor
 *     the triad       a[k] = b[k] + s*c[k] over arrays of several sizes (McCalpin's STREAM, 1995); what a cache line that
 *                     is written costs to be fetched first is not counted, as is usual
 *
 * Each is run a few times and the best is kept: others may be at work on the machine. */
#include "verbs/machine.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "verbs/native.h"
#include "verbs/verbs.h"

double clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { VECTORS = 12, TRIES = 5, LONGEST_VECTOR = 64 };
static const double sample_seconds = 2e-3;

static const char source[] =
    "#if defined(__AVX512F__)\n"
    "#define BYTES 64\n"
    "#elif defined(__AVX__)\n"
    "#define BYTES 32\n"
    "#else\n"
    "#define BYTES 16\n"
    "#endif\n"
    "typedef real vector __attribute__((vector_size(BYTES)));\n"
    "long peak_lanes(void) { return BYTES / sizeof(real); }\n"
    "void peak_multiply_add(real *x, long rounds) {\n"
    "    vector y[12], a = {0}, b = {0};\n"
    "    a = a + x[0];\n"
    "    b = b + x[1];\n"
    "    for (int k = 0; k < 12; k++) y[k] = b + (real)k;\n"
    "    for (long r = 0; r < rounds; r++) {\n"
    "#define STEP(k) y[k] = y[k]*a + b;\n"
    "        STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)\n"
    "    }\n"
    "    for (int k = 1; k < 12; k++) y[0] += y[k];\n"
    "    x[0] = y[0][0];\n"
    "}\n"
    "void peak_triad(real *restrict a, const real *restrict b, const real *restrict c, real s, long n) {\n"
    "    for (long k = 0; k < n; k++) a[k] = b[k] + s*c[k];\n"
    "}\n";

/* The source is generic in the real type; its arrays go through void pointers. */
typedef long Lanes(void);
typedef void MultiplyAdd(void *x, long rounds);
typedef void TriadFloat(void *a, const void *b, const void *c, float s, long n);
typedef void TriadDouble(void *a, const void *b, const void *c, double s, long n);

typedef struct {
    Native native;
    bool f64;
    size_t size; /* of a real */
} Loops;

static void set(const Loops *l, void *array, size_t k, double value) {
    if (l->f64) ((double *)array)[k] = value;
    else ((float *)array)[k] = (float)value;
}

/* One round of work, `n` times. */
typedef struct {
    const Loops *loops;
    void *a, *b, *c;
    long n; /* elements; multiply-adds: rounds */
} Work;
static void multiply_add(void *with, long times) {
    const Work *w = with;
    ((MultiplyAdd *)native_function(&w->loops->native, "multiply_add"))(w->a, w->n * times);
}
static void triad(void *with, long times) {
    const Work *w = with;
    NativeFunction *f = native_function(&w->loops->native, "triad");
    for (long k = 0; k < times; k++) {
        if (w->loops->f64) ((TriadDouble *)f)(w->a, w->b, w->c, 0.5, w->n);
        else ((TriadFloat *)f)(w->a, w->b, w->c, 0.5f, w->n);
    }
}

double best_time(void (*run)(void *, long), void *with, double sample) {
    long times = 1;
    double took = 0, best = INFINITY;
    for (;; times *= 2) {
        const double begin = clock_seconds();
        run(with, times);
        took = clock_seconds() - begin;
        if (took >= sample || times > 1L << 40) break;
    }
    best = took / (double)times;
    for (int k = 1; k < TRIES; k++) {
        const double begin = clock_seconds();
        run(with, times);
        took = (clock_seconds() - begin) / (double)times;
        if (took < best) best = took;
    }
    return best;
}

static double measure_flops(const Loops *l) {
    const long lanes = ((Lanes *)native_function(&l->native, "lanes"))(), rounds = 1000;
    double x[2];
    set(l, x, 0, 0.5);
    set(l, x, 1, 0.25);
    Work w = {.loops = l, .a = x, .n = rounds};
    return 2.0 * VECTORS * (double)lanes * (double)rounds / best_time(multiply_add, &w, sample_seconds);
}

/* The arrays lie in one block, a few lines apart from each other so that they do not fall on the same places of a cache. */
static bool measure_bandwidth(const Loops *l, Machine *m) {
    static const double sizes[MACHINE_SIZES] = {24e3, 192e3, 1.5e6, 12e6, 96e6};
    const size_t apart = 17 * LONGEST_VECTOR;
    for (int k = 0; k < MACHINE_SIZES; k++) {
        const size_t n = (size_t)(sizes[k] / 3 / (double)l->size), bytes = (n * l->size + 63) / 64 * 64 + apart;
        void *memory;
        if (posix_memalign(&memory, LONGEST_VECTOR, 3 * bytes) != 0) return false;
        Work w = {.loops = l, .a = memory, .b = (char *)memory + bytes, .c = (char *)memory + 2 * bytes, .n = (long)n};
        for (size_t j = 0; j < 3 * bytes / l->size; j++) set(l, memory, j, 1);
        m->working_set[k] = sizes[k];
        m->bandwidth[k] = 3.0 * (double)(n * l->size) / best_time(triad, &w, sample_seconds);
        free(memory);
    }
    return true;
}

int machine_measure(Machine *m, Arena *arena, bool f64) {
    static const char *const single[] = {"-O3", "-march=native", "-ffp-contract=fast", "-w", "-Dreal=float"},
                      *const twice[] = {"-O3", "-march=native", "-ffp-contract=fast", "-w", "-Dreal=double"};
    Loops l = {.f64 = f64, .size = f64 ? sizeof(double) : sizeof(float)};
    Text text = {0};
    text_put(&text, source, sizeof source - 1);
    int status = native_open_text(&l.native, arena, "peak", &text, f64 ? twice : single, sizeof single / sizeof *single);
    text_free(&text);
    if (status != STATUS_DONE) return status;
    m->flops = measure_flops(&l);
    if (!measure_bandwidth(&l, m)) {
        fprintf(stderr, "bpc: no memory to measure this machine with\n");
        status = STATUS_FAILED;
    }
    native_close(&l.native);
    return status;
}

double machine_bandwidth(const Machine *m, double bytes) {
    int k = 0;
    while (k < MACHINE_SIZES && m->working_set[k] < bytes) k++;
    if (k == 0) return m->bandwidth[0];
    if (k == MACHINE_SIZES) return m->bandwidth[MACHINE_SIZES - 1];
    const double part = log(bytes / m->working_set[k - 1]) / log(m->working_set[k] / m->working_set[k - 1]);
    return exp((1 - part) * log(m->bandwidth[k - 1]) + part * log(m->bandwidth[k]));
}
