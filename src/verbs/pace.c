/* Measuring the steps that generated code is made of: each by a loop of its own, in the first cache, as the C compiler makes it
 * with the flags of measured code. The best of a few samples is kept, for others may be at work on the machine. */
#include "verbs/pace_steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verbs/machine.h"
#include "verbs/native.h"
#include "verbs/verbs.h"

enum { ELEMENTS = 1024, ROWS = 64, IN_A_ROW = 16, LANES = 16, HEIGHT = 4, DEPTH = 128 };
static const double sample_seconds = 50e-6;
static const char *const single[] = {"-O3", "-march=native", "-fopenmp-simd", "-w", "-Dreal=float"},
                  *const twice[] = {"-O3", "-march=native", "-fopenmp-simd", "-w", "-Dreal=double"};
enum { N_FLAGS = sizeof single / sizeof *single };

/* ---- the loops that are measured ----------------------------------------------------------------------------------------- */
/* Nine operations, a read and a write. */
#define ARITHMETIC "((a*a - (real)0.5)*a + (real)0.25)*(a - (real)0.75)*a + (real)0.125*a"
enum { ARITHMETIC_STEPS = 11 };

static const char loops_text[] =
    "#define VECTOR(name, to, value) void pace_##name(const real *restrict x, real *restrict y, const int *restrict p, long n) {\\\n"
    "    _Pragma(\"omp simd\") for (long k = 0; k < n; k++) { const long j = k; const real a = x[k]; y[to] = value; } }\n"
    "#define SCALAR(name, value) void pace_##name(const real *x, real *y, const int *p, long n) {\\\n"
    "    for (long k = 0; k < n; k++) { const long j = p[k]; const real a = x[j]; y[j] = value; } }\n"
    "#define CHAIN(name, value) void pace_##name(const real *x, real *y, const int *p, long n) {\\\n"
    "    real s = 0; for (long k = 0; k < n; k++) { const long j = p[k]; const real a = x[j] + s*(real)0; s = value; } y[0] = s; }\n"
    "VECTOR(steps_vector, k, " ARITHMETIC ")\n"
    "SCALAR(steps_scalar, " ARITHMETIC ")\n"
    "VECTOR(scattered, k, a + x[p[k]])\n"
    "void pace_waiting(const real *x, real *y, const int *p, long n) {\n"
    "    real s = 0;\n"
    "    for (long k = 0; k < n; k++) s = s*(real)0.5 + x[p[k]];\n"
    "    y[0] = s;\n"
    "}\n"
    "void pace_rows(const real *restrict x, real *restrict y, const int *p, long n) {\n"
    "    const long m = p[16];\n"
    "    for (long r = 0; r < 64; r++)\n"
    "        _Pragma(\"omp simd\") for (long k = 0; k < m; k++) y[16*r + k] = x[16*r + k]*(real)0.5;\n"
    "}\n"
    "void pace_sums(const real *restrict x, real *restrict y, const int *p, long n) {\n"
    "    const long m = p[16];\n"
    "    for (long r = 0; r < 64; r++) {\n"
    "        real s = 0;\n"
    "        _Pragma(\"omp simd reduction(+: s)\") for (long k = 0; k < m; k++) s += x[16*r + k]*x[16*r + k];\n"
    "        y[r] = s;\n"
    "    }\n"
    "}\n";

typedef void Loop(const void *x, void *y, const int32_t *place, long n);
typedef struct {
    const Pace *pace;
    Loop *loop;
} Timed;

static void run_loop(void *with, long times) {
    const Timed *t = with;
    for (long k = 0; k < times; k++) t->loop(t->pace->x, t->pace->y, t->pace->place, ELEMENTS);
}

/* Seconds of one call over all elements. */
static double time_loop(const Pace *p, const Native *n, const char *name) {
    Timed t = {p, (Loop *)native_function(n, name)};
    return t.loop ? best_time(run_loop, &t, sample_seconds) : NAN;
}

static double at_least(double value, double least) { return value > least ? value : least; }

static int measure_loops(Pace *p) {
    Native n;
    Text text = {0};
    text_put(&text, loops_text, sizeof loops_text - 1);
    int status = native_open_text(&n, p->arena, "pace", &text, p->f64 ? twice : single, N_FLAGS);
    text_free(&text);
    if (status != STATUS_DONE) return status;
    p->step_vector = time_loop(p, &n, "steps_vector") / (ELEMENTS * ARITHMETIC_STEPS);
    p->step_scalar = time_loop(p, &n, "steps_scalar") / (ELEMENTS * ARITHMETIC_STEPS);
    p->scattered = at_least(time_loop(p, &n, "scattered") / ELEMENTS - 3 * p->step_vector, p->step_vector);
    p->waiting = time_loop(p, &n, "waiting") / (2 * ELEMENTS);
    p->start = at_least(time_loop(p, &n, "rows") / ROWS - IN_A_ROW * 3 * p->step_vector, p->step_scalar);
    p->start_sum = at_least(time_loop(p, &n, "sums") / ROWS - IN_A_ROW * 3 * p->step_vector, p->step_scalar);
    native_close(&n);
    return STATUS_DONE;
}

/* ---- operators ------------------------------------------------------------------------------------------------------------ */
/* How the operator stands in C, of `a`; NULL: as an ordinary step. */
static const char *spelled(Pace *p, uint32_t op) {
    Graph *g = p->model.graph;
    static const bool plain[N_OPS] = {[OP_add] = true, [OP_sub] = true, [OP_mul] = true, [OP_neg] = true, [OP_lt] = true, [OP_le] = true, [OP_gt] = true,
                                      [OP_ge] = true, [OP_eq] = true, [OP_ne] = true, [OP_and] = true, [OP_or] = true, [OP_not] = true,
                                      [OP_floordiv] = true, [OP_stop] = true};
    if (plain[op]) return NULL;
    const char *f = p->f64 ? "" : "f";
    if (op_is_draw(g, op)) return arena_printf(p->arena, "a + bp_%s%s(1, 2, 3, (uint64_t)j, 0, 1)", op == OP_draw_normal ? "normal" : "uniform", f);
    if (op == OP_div) return "(real)1/a";
    const OpRow *row = op_row(g, op);
    const char *name = op == OP_length ? "sqrt" : op == OP_mod ? "fmod" : row->name;
    if (row->arity == 1) return arena_printf(p->arena, "bp_%s%s(a)", name, f);
    return row->arity == 2 ? arena_printf(p->arena, "bp_%s%s(a, (real)1.5)", name, f) : NULL;
}

/* Arguments all over the tested interval of the operator. */
static void fill_arguments(Pace *p, double from, double to) {
    if (!(from < to) || !isfinite(from) || !isfinite(to)) from = 0.5, to = 2;
    for (int k = 0; k < ELEMENTS; k++) {
        const double value = from + (to - from) * ((k * 389) % ELEMENTS + 0.5) / ELEMENTS;
        if (p->f64) ((double *)p->x)[k] = value;
        else ((float *)p->x)[k] = (float)value;
    }
}

static void measure_op(Pace *p, uint32_t op, const char *spelling) {
    OpPace *o = &p->op[op];
    const OpRow *row = op_row(p->model.graph, op);
    Native n;
    Text text = {0};
    text_add(&text, "#include <math.h>\n#include \"bp_math.h\"\n#include \"bp_random.h\"\n%.*s", (int)(strstr(loops_text, "VECTOR(steps") - loops_text), loops_text);
    text_add(&text, "VECTOR(vector, k, %s)\nSCALAR(scalar, %s)\nCHAIN(chain, %s)\n", spelling, spelling, spelling);
    fill_arguments(p, row->from, row->to);
    if (native_open_text(&n, p->arena, "pace", &text, p->f64 ? twice : single, N_FLAGS) == STATUS_DONE) {
        o->vector = time_loop(p, &n, "vector") / ELEMENTS;
        o->scalar = time_loop(p, &n, "scalar") / ELEMENTS;
        o->latency = at_least(time_loop(p, &n, "chain") / ELEMENTS - 2 * p->waiting, p->waiting);
        native_close(&n);
    }
    text_free(&text);
    fill_arguments(p, 0.5, 2);
}

OpPace op_pace(Pace *p, uint32_t op) {
    if (op >= N_OPS) return (OpPace){true, p->step_vector, p->step_scalar, p->waiting};
    OpPace *o = &p->op[op];
    if (o->known) return *o;
    *o = (OpPace){true, p->step_vector, p->step_scalar, p->waiting};
    const char *spelling = spelled(p, op);
    if (spelling) measure_op(p, op, spelling);
    return *o;
}

/* ---- small models ------------------------------------------------------------------------------------------------------------ */
static const char product_model[] = "dim m, k, n\ninput A[m, k], B[k, n]\noutput C[i, j] = sum[l](A[i, l]*B[l, j])\n";
static const char solve_model[] = "dim n\ninput A[n, n], b[n]\noutput x = solve(A, b)\n";

typedef struct {
    const bp_model *model;
    int64_t dims[3]; /* m, k, n; n alone */
    void *inputs[2], *outputs[1], *workspace;
} ModelCall;

static void run_model(void *with, long times) {
    ModelCall *c = with;
    for (long k = 0; k < times; k++) c->model->predict(c->dims, c->inputs, NULL, NULL, c->outputs, c->workspace);
}

/* a*x = b for three unknowns, by Cramer's rule. */
static double determinant(double m[3][3]) {
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}
static void solve(double m[3][3], const double b[3], double x[3]) {
    const double all = determinant(m);
    for (int column = 0; column < 3; column++) {
        double with[3][3];
        memcpy(with, m, sizeof with);
        for (int row = 0; row < 3; row++) with[row][column] = b[row];
        x[column] = determinant(with) / all;
    }
}

/* As in src/emit/product.c: panels of 16 columns and 128 rows of B are packed, and meet 4 rows of A at a time. */
void product_parts(double m, double n, double k, double part[3]) {
    const double panels = ceil(n / LANES), blocks = ceil(m / HEIGHT);
    part[0] = panels * k * LANES;
    part[1] = panels * blocks * k;
    part[2] = panels * blocks * ceil(k / DEPTH);
}

/* Three sizes in which one part after another counts most. */
static void time_products(Pace *p, ModelCall *c) {
    static const double sizes[3][3] = {{4, 64, 128}, {128, 64, 128}, {128, 64, 4}}; /* m, n, k */
    double parts[3][3], seconds[3];
    for (int k = 0; k < 3; k++) {
        c->dims[0] = (int64_t)sizes[k][0], c->dims[1] = (int64_t)sizes[k][2], c->dims[2] = (int64_t)sizes[k][1];
        product_parts(sizes[k][0], sizes[k][1], sizes[k][2], parts[k]);
        seconds[k] = best_time(run_model, c, sample_seconds);
    }
    solve(parts, seconds, p->product);
    for (int k = 0; k < 3; k++) p->product[k] = at_least(p->product[k], 0);
}

/* A unit matrix is as good as any: what LAPACK does depends on the order alone. */
static void fill_unit(const Pace *p, void *matrix, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        if (p->f64) ((double *)matrix)[k * n + k] = 1;
        else ((float *)matrix)[k * n + k] = 1;
    }
}

/* What a factorisation costs to be called, and by the cube of its order. */
static void time_solves(Pace *p, ModelCall *c) {
    enum { SMALL = 2, LARGE = 64 };
    c->dims[0] = LARGE;
    fill_unit(p, c->inputs[0], LARGE);
    const double large = best_time(run_model, c, sample_seconds);
    c->dims[0] = SMALL;
    fill_unit(p, c->inputs[0], SMALL);
    p->factorise_call = best_time(run_model, c, sample_seconds);
    p->factorise_cube = at_least((large - p->factorise_call) / ((double)LARGE * LARGE * LARGE), 0);
}

/* Generates and builds the model, and times it with arrays of zeros, large enough for all sizes up to 128. */
static int measure_model(Pace *p, const Options *o, const char *text, void (*time)(Pace *, ModelCall *)) {
    Model m = {0};
    Native n = {0};
    int status = model_open_text(&m, o, o->model, text);
    if (status == STATUS_DONE) status = native_open(&n, &m, o, single, N_FLAGS - 1); /* without -Dreal */
    if (status == STATUS_DONE) {
        const size_t bytes = 128 * 128 * sizeof(double);
        ModelCall c = {.model = n.model, .dims = {128, 128, 128}, .inputs = {calloc(1, bytes), calloc(1, bytes)}, .outputs = {calloc(1, bytes)}};
        const size_t room = n.model->workspace_size(c.dims) + 64;
        if (posix_memalign(&c.workspace, 64, room) == 0 && c.inputs[0] && c.inputs[1] && c.outputs[0]) time(p, &c);
        else status = STATUS_FAILED;
        free(c.inputs[0]);
        free(c.inputs[1]);
        free(c.outputs[0]);
        free(c.workspace);
    }
    native_close(&n);
    if (m.base.arena) model_close(&m);
    return status;
}

static int measure_models(Pace *p, const Options *options) {
    Options o = {.arena = p->arena, .model = "pace.bp", .level = options->level, .prefix = "pace", .quiet = 1, .blas = BLAS_NONE};
    o.real = p->f64 ? REAL_F64 : REAL_F32;
    vec_push(p->arena, &o.want, "value");
    int status = model_open_text(&p->model, &o, o.model, product_model);
    if (status == STATUS_DONE) status = measure_model(p, &o, product_model, time_products);
    return status == STATUS_DONE ? measure_model(p, &o, solve_model, time_solves) : status;
}

/* ---- opening -------------------------------------------------------------------------------------------------------------------- */
Pace *pace_new(Arena *arena, const Options *options, bool f64, double peak) {
    Pace *p = NEW(arena, Pace);
    p->arena = arena;
    p->f64 = f64;
    p->peak = peak;
    p->x = calloc(ELEMENTS, sizeof(double));
    p->y = calloc(ELEMENTS, sizeof(double));
    p->place = calloc(ELEMENTS, sizeof *p->place);
    bool good = p->x && p->y && p->place;
    for (int32_t k = 0; good && k < ELEMENTS; k++) p->place[k] = k;
    if (good) fill_arguments(p, 0.5, 2);
    good = good && measure_models(p, options) == STATUS_DONE && measure_loops(p) == STATUS_DONE;
    if (good) return p;
    pace_free(p);
    return NULL;
}

double pace_waiting(const Pace *p) { return p->waiting; }

void pace_free(Pace *p) {
    if (!p) return;
    if (p->model.base.arena) model_close(&p->model);
    free(p->x);
    free(p->y);
    free(p->place);
}
