/* bench.c - times one model: what bpc made of it against what an expert writes, in one process, in turn.
 *
 *     bench [m=64] [--data FILE] [--seconds S] [--repetitions N]
 *     bench limits
 *
 * It is linked with the generated code (bpc --prefix model), at most one file each of expert/ and plain/, limits.c and libbp. Inputs are drawn
 * at random, or read from the file. First both must give the same numbers; then each task is repeated for about S seconds a
 * sample, N samples, one sample of every task after another, so that what disturbs the machine disturbs all. A line a task:
 *
 *     time bpc gradient MEDIAN LOWER UPPER                 microseconds: the median and the quartiles
 *
 * Exit status 1 where the numbers disagree. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bp.h"
#include "bp_data.h"
#include "bp_init.h"
#include "bp_optimizer.h"
#include "expert.h"
#include "limits.h"

const bp_model *model_describe(void);

enum { SAMPLES_MAX = 101, ARRAYS_MAX = 8, ALIGNMENT = 64 };

typedef struct {
    const bp_model *model;
    int64_t dims[16];
    void *inputs, *params, *grads, *outputs;       /* the structs of the generated code */
    void *block, *grad_block, *workspace;
    const bp_tensor *loss;
    bp_optimizer *adam;
    expert_call call;                              /* the expert's, with a gradient block of its own */
    void *expert_block, *expert_grads, *moments;
    int64_t steps;
} Bench;

static void *room(size_t bytes) {
    void *p = aligned_alloc(ALIGNMENT, (bytes/ALIGNMENT + 2)*ALIGNMENT);
    if (!p) { fprintf(stderr, "bench: no memory\n"); exit(2); }
    memset(p, 0, (bytes/ALIGNMENT + 2)*ALIGNMENT);
    return p;
}
static void fail(const char *what) { fprintf(stderr, "bench: %s\n", what); exit(2); }

/* ---- data ---------------------------------------------------------------------------------------------------------- */

static double draw(void) {                          /* uniform in -1 … 1 (Steele, Lea and Flood 2014: splitmix64) */
    static uint64_t state = 1;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30)*0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27)*0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11)*0x1p-52 - 1;
}
static void *drawn(const Bench *b, const bp_tensor *t) {
    const int64_t n = bp_element_count(b->model, b->dims, t);
    void *values = room((size_t)n*b->model->real);
    for (int64_t i = 0; i < n; i++)
        if (t->integer) ((int32_t *)values)[i] = (int32_t)(t->lo + (int64_t)((draw() + 1)/2*(double)(t->hi - t->lo)));
        else if (b->model->real == BP_F32) ((float *)values)[i] = (float)draw();
        else ((double *)values)[i] = draw();
    return values;
}
static void member(void *structure, size_t offset, void *pointer) { memcpy((char *)structure + offset, &pointer, sizeof pointer); }

static void open_data(Bench *b, const char *path) {
    bp_error error = {""};
    bp_data *data = NULL;
    const bp_model *m = b->model;
    bp_init_params(m, b->block, 1);
    if (path && bp_data_read(&data, m, path, &(bp_data_options){NULL, NULL, -1, true, false}, &error) != BP_OK) fail(error.text);
    if (data) {
        memcpy(b->dims, data->dims, m->n_dims*sizeof *b->dims);
        bp_data_bind(data, b->inputs);
        bp_data_override(data, b->block, NULL);
    }
    uint32_t n = 0, arrays = 0;
    for (uint32_t i = 0; i < m->n_tensors; i++) {
        const bp_tensor *t = &m->tensors[i];
        if (t->role == BP_INPUT) {
            if (!data) member(b->inputs, t->offset, drawn(b, t));
            memcpy(&b->call.input[n++], (char *)b->inputs + t->offset, sizeof(void *));
        }
        if (t->role >= BP_OUTPUT && t->rank) {
            void *values = room((size_t)bp_element_count(m, b->dims, t)*m->real);
            member(b->outputs, t->offset, values);
            b->call.output[arrays++] = room((size_t)bp_element_count(m, b->dims, t)*m->real);
        }
        if (t->role == BP_LOSS) b->loss = t;
        if (n == ARRAYS_MAX || arrays == ARRAYS_MAX) fail("too many arrays");
    }
}

static void open_bench(Bench *b, const char *data) {
    const bp_model *m = b->model;
    const size_t block = m->param_count*m->real;
    b->inputs = room(m->inputs_size), b->params = room(m->params_size), b->grads = room(m->grads_size), b->outputs = room(m->outputs_size);
    b->block = room(block), b->grad_block = room(block), b->expert_block = room(block), b->expert_grads = room(block), b->moments = room(2*block);
    open_data(b, data);
    bp_bind_params(m, b->params, b->block);
    bp_bind_grads(m, b->grads, b->grad_block);
    memcpy(b->expert_block, b->block, block);
    b->workspace = room(m->workspace_size(b->dims));
    bp_error error = {""};
    if (bp_optimizer_new(&b->adam, "adam(lr=1e-9)", m->real, m->param_count, &error) != BP_OK) fail(error.text);
    b->call.model = m;
    b->call.dims = b->dims;
    b->call.params = b->expert_block;
    if (expert) b->call.scratch = room(expert_scratch(m, b->dims));
}

/* ---- tasks --------------------------------------------------------------------------------------------------------- */

static void sound(int status) { if (status != BP_OK) fail("the model's function failed"); }
static volatile double sink;

static void bpc_value(Bench *b) { sound(b->model->predict(b->dims, b->inputs, b->params, NULL, b->outputs, b->workspace)); }
static void bpc_gradient(Bench *b) {
    sound(b->model->gradient(b->dims, b->inputs, b->params, NULL, b->outputs, b->grads, b->workspace));
}
static void bpc_adam(Bench *b) {
    bpc_gradient(b);
    bp_optimizer_step(b->adam, b->block, b->grad_block, 1);
}
static void expert_value(Bench *b) {
    b->call.grads = NULL;
    sink = expert(&b->call);
}
static void expert_gradient(Bench *b) {
    b->call.grads = b->expert_grads;
    sink = expert(&b->call);
}

static void plain_value(Bench *b) { sink = plain(&b->call); }

/* Adam (Kingma and Ba 2015) in one pass, for each type. */
#define ADAM(NAME, REAL, SQRT) \
    static void NAME(size_t n, REAL *restrict w, const REAL *restrict g, REAL *restrict u, REAL *restrict v, double c1, double c2) { \
        const REAL rate = (REAL)(1e-9/c1), scale = (REAL)(1/sqrt(c2)); \
        for (size_t i = 0; i < n; i++) { \
            u[i] = (REAL)0.9*u[i] + (REAL)0.1*g[i]; \
            v[i] = (REAL)0.999*v[i] + (REAL)0.001*g[i]*g[i]; \
            w[i] -= rate*u[i]/(SQRT(v[i])*scale + (REAL)1e-8); \
        } \
    }
ADAM(adam_f32, float, sqrtf)
ADAM(adam_f64, double, sqrt)

static void expert_adam(Bench *b) {
    expert_gradient(b);
    const size_t n = b->model->param_count;
    const double t = (double)++b->steps, c1 = 1 - pow(0.9, t), c2 = 1 - pow(0.999, t);
    if (b->model->real == BP_F32) adam_f32(n, b->expert_block, b->expert_grads, b->moments, (float *)b->moments + n, c1, c2);
    else adam_f64(n, b->expert_block, b->expert_grads, b->moments, (double *)b->moments + n, c1, c2);
}

typedef struct { const char *who, *name; void (*run)(Bench *); int learns; } Task;
static const Task tasks[] = {
    {"bpc", "value", bpc_value, 0},       {"expert", "value", expert_value, 0},
    {"bpc", "gradient", bpc_gradient, 1}, {"expert", "gradient", expert_gradient, 1},
    {"bpc", "adam", bpc_adam, 1},         {"expert", "adam", expert_adam, 1},
    {"plain", "value", plain_value, 0},
};
enum { TASKS = sizeof tasks/sizeof *tasks };

/* ---- agreement ----------------------------------------------------------------------------------------------------- */

static double element(const Bench *b, const void *values, int64_t i) {
    return b->model->real == BP_F32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}
static double greatest(const Bench *b, const void *values, size_t n) {
    double top = 0;
    for (size_t i = 0; i < n; i++) top = fmax(top, fabs(element(b, values, (int64_t)i)));
    return top;
}
/* The greatest difference of n elements, in units of the greatest element, or of `floor` where all are less: a gradient that is 0
 * by its nature, such as that by what softmax does not see, is rounding in both. */
static double apart(const Bench *b, const void *ours, const void *theirs, int64_t n, double floor) {
    double worst = 0, top = fmax(floor, 1e-30);
    for (int64_t i = 0; i < n; i++) {
        const double d = fabs(element(b, ours, i) - element(b, theirs, i));
        worst = d > worst || isnan(d) ? d : worst;
        top = fmax(top, fabs(element(b, theirs, i)));
    }
    return worst/top;
}
static double limit_of(const Bench *b) { return b->model->real == BP_F32 ? 2e-4 : 1e-10; }
static int agree_plain(Bench *b) {
    bpc_value(b);
    plain_value(b);
    const double d = fabs(bp_scalar_output(b->model, b->outputs, b->loss) - sink)/fmax(fabs(sink), 1e-30);
    printf("agree plain %.2g\n", d);
    if (!(d < limit_of(b))) fprintf(stderr, "bench: bpc and the plain objective do not agree\n");
    return d < limit_of(b);
}
static int agree(Bench *b) {
    const double limit = limit_of(b);
    int good = 1;
    if (b->model->gradient) bpc_gradient(b);
    else bpc_value(b);
    expert_gradient(b);
    const double loss = b->loss ? bp_scalar_output(b->model, b->outputs, b->loss) : sink;
    const double d = fabs(loss - sink)/fmax(fabs(sink), 1e-30);
    printf("agree loss %.2g\n", d);
    good &= d < limit;
    const double floor = 1e-3*greatest(b, b->expert_grads, b->model->param_count);
    uint32_t arrays = 0;
    for (uint32_t i = 0; i < b->model->n_tensors; i++) {
        const bp_tensor *t = &b->model->tensors[i];
        const void *ours, *theirs;
        if (t->role == BP_PARAM) {
            ours = (char *)b->grad_block + t->block_offset*b->model->real;
            theirs = (char *)b->expert_grads + t->block_offset*b->model->real;
        } else if (t->role >= BP_OUTPUT && t->rank) {
            memcpy(&ours, (char *)b->outputs + t->offset, sizeof ours);
            theirs = b->call.output[arrays++];
        } else continue;
        const double off = apart(b, ours, theirs, bp_element_count(b->model, b->dims, t), floor);
        printf("agree %s %.2g\n", t->name, off);
        good &= off < limit;
    }
    if (!good) fprintf(stderr, "bench: bpc and the expert do not agree\n");
    return good;
}

/* ---- time ---------------------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9*(double)t.tv_nsec;
}
static double sample(Bench *b, const Task *task, int64_t n) {
    const double start = now();
    for (int64_t i = 0; i < n; i++) task->run(b);
    return (now() - start)/(double)n;
}
static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static int can(const Bench *b, const Task *task) {
    if (strcmp(task->who, "expert") == 0) return expert != NULL;
    if (strcmp(task->who, "plain") == 0) return plain != NULL;
    return !task->learns || b->model->gradient != NULL;
}
static void measure(Bench *b, double seconds, int samples) {
    static double taken[TASKS][SAMPLES_MAX];
    int64_t n[TASKS] = {0};
    for (int k = 0; k < TASKS; k++) {
        if (!can(b, &tasks[k])) continue;
        double once = 0;
        for (n[k] = 1; (once = sample(b, &tasks[k], n[k])*(double)n[k]) < seconds/4 && n[k] < 1 << 28; n[k] *= 2) {}
        n[k] = (int64_t)fmax(1, seconds/(once/(double)n[k]));
    }
    for (int s = 0; s < samples; s++)
        for (int k = 0; k < TASKS; k++)
            if (n[k]) taken[k][s] = 1e6*sample(b, &tasks[k], n[k]);
    for (int k = 0; k < TASKS; k++) {
        if (!n[k]) continue;
        qsort(taken[k], (size_t)samples, sizeof **taken, ascending);
        printf("time %s %s %.5g %.5g %.5g\n", tasks[k].who, tasks[k].name, taken[k][samples/2], taken[k][samples/4], taken[k][samples - 1 - samples/4]);
    }
}

int main(int n, char **word) {
    static Bench b;
    b.model = model_describe();
    const char *data = NULL;
    double seconds = 0.01;
    int samples = 9;
    for (uint32_t d = 0; d < b.model->n_dims; d++) b.dims[d] = 64;
    for (int i = 1; i < n; i++) {
        char *equals = strchr(word[i], '=');
        if (strcmp(word[i], "limits") == 0) return limits(), 0;
        else if (strcmp(word[i], "--data") == 0 && i + 1 < n) data = word[++i];
        else if (strcmp(word[i], "--seconds") == 0 && i + 1 < n) seconds = atof(word[++i]);
        else if (strcmp(word[i], "--repetitions") == 0 && i + 1 < n) samples = atoi(word[++i]);
        else if (equals) {
            *equals = 0;
            const int32_t d = bp_find_dim(b.model, word[i]);
            if (d < 0) fail("no such run-time dim");
            b.dims[d] = atoll(equals + 1);
        } else fail("usage: bench [m=64] [--data FILE] [--seconds S] [--repetitions N] | limits");
    }
    samples = samples < 0 ? 0 : samples > SAMPLES_MAX ? SAMPLES_MAX : samples;
    open_bench(&b, data);
    printf("workspace %zu\nparams %zu\n", b.model->workspace_size(b.dims), b.model->param_count);
    const int good = (!expert || agree(&b)) && (!plain || agree_plain(&b));
    if (good && samples) measure(&b, seconds, samples);
    return !good;
}
