/* bpc bench: what the modes of differentiation cost on this machine.
 *
 *     bpc bench model.bp --sweep H=8..512 --plot bench.svg
 *
 * Results go to standard output as they come, progress to standard error. Ctrl-C ends the measurement: what there is by then
 * is printed and drawn, and the status is 130, as of a program that is interrupted. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ast/ast.h"
#include "verbs/bench.h"
#include "verbs/verbs.h"

enum { STATUS_INTERRUPTED = 130, MOST_POINTS = 200, LONGEST_MODEL = 64 << 20 };

#define AT(member) offsetof(Options, member)
static const OptionRow bench_options[] = {
    {"data", '\0', OPTION_TEXT, AT(data), "FILE", "values by name (.json, .npz, .csv); drawn at random where there is none", NULL, 0},
    {"columns", '\0', OPTION_TEXT, AT(columns), "x=0:64,y=64", "which columns of a CSV are which input", NULL, 0},
    {"seed", '\0', OPTION_WHOLE, AT(seed), "N", "seed of what is drawn (1)", NULL, 0},
    {"of", '\0', OPTION_LIST, AT(of), "NAME,...", "differentiate these (the loss, else every real output)", NULL, 0},
    {"wrt", '\0', OPTION_LIST, AT(wrt), "NAME,...", "with respect to these real tensors: parameters, inputs, intermediates (all parameters)", NULL, 0},
    {"modes", '\0', OPTION_LIST, AT(modes), "NAME,...", "value, reverse, backward, hvp, jvp, forward, k-forward, paths (all that the model has)", NULL, 0},
    {"directions", '\0', OPTION_WHOLE, AT(directions), "K", "directions that k-forward follows at once (8)", NULL, 1},
    {"sweep", '\0', OPTION_TEXT, AT(sweep), "H=8,16,32", "measure at each of these values of a dim or const; H=8..512 doubles", NULL, 0},
    {"seconds", '\0', OPTION_NUMBER, AT(seconds), "S", "measure about so long, at each set of sizes (1)", NULL, 0.001},
    {"repetitions", '\0', OPTION_WHOLE, AT(repetitions), "N", "take so many samples of each mode, however long that takes", NULL, 1},
    {"json", '\0', OPTION_FLAG, AT(json), NULL, "print JSON instead of tables", NULL, 0},
    {"plot", '\0', OPTION_TEXT, AT(plot), "FILE", "draw the sweep as SVG: time of every mode, measured and predicted", NULL, 0},
    OPTIONS_END};
static const OptionRow *const bench_tables[] = {bench_options, model_options, code_options, NULL};
static const VerbHelp help = {"bench", "model.bp",
                              "Measures what the value and each way to its derivatives cost on this machine, beside what they cost on paper. Run-time sizes "
                              "are 64 where neither --data nor -D nor --sweep says them.",
                              bench_tables, false};

const char *const bench_name[N_BENCHES] = {"value", "reverse", "backward", "hvp", "jvp", "forward", "k-forward", "paths"};

/* ---- Ctrl-C and progress --------------------------------------------------------------------------------------------- */
static volatile sig_atomic_t stop;
static void on_interrupt(int signal_number) {
    (void)signal_number;
    stop = 1;
}
bool bench_stopped(void) { return stop != 0; }

/* The second one ends the program at once. */
static void catch_interrupts(void) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool is_live(void) { return isatty(STDERR_FILENO) != 0; }

/* One line that is drawn over, at most ten times a second. */
void bench_progress(const Bench *b, const char *format, ...) {
    static double drawn;
    if (!is_live() || clock_seconds() - drawn < 0.1) return;
    drawn = clock_seconds();
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "\r\033[K%s", b->options->model);
    if (b->values.n > 1) fprintf(stderr, "  %u of %u", b->points.n + 1, b->values.n);
    fprintf(stderr, "  %.60s", text);
    fflush(stderr);
}

static void end_line(void) {
    if (is_live()) fprintf(stderr, "\r\033[K");
}

/* Elsewhere a line for each point. */
static void report_point(const Bench *b, const BenchPoint *p) {
    if (is_live() || b->values.n < 2) return;
    fprintf(stderr, "bpc: %s = %.15g measured (%u of %u)\n", b->sweep, p->at, b->points.n, b->values.n);
}

/* ---- the sweep -------------------------------------------------------------------------------------------------------- */
static int wrong_sweep(const char *text, const char *what) {
    fprintf(stderr, "bpc: --sweep wants NAME=VALUE,VALUE,… or NAME=FROM..TO, not '%s': %s\n", text, what);
    return STATUS_FAILED;
}

/* 8..512: doubling. */
static const char *add_doubled(Bench *b, double from, double to) {
    if (!(from > 0)) return "what is doubled begins above 0";
    if (!(to >= from)) return "the range is empty";
    for (double x = from; x <= to && b->values.n <= MOST_POINTS; x *= 2) vec_push(b->arena, &b->values, x);
    return NULL;
}

static const char *add_values(Bench *b, const char *at) {
    while (*at) {
        char *end;
        double x = strtod(at, &end);
        /* 8..512 reads as the number 8. */
        const char *dots = strstr(at, "..");
        if (dots && (end == dots || end == dots + 1)) {
            char *last;
            const double to = strtod(dots + 2, &last);
            const char *wrong = last == dots + 2 || (*last && *last != ',') ? "a number stands after '..'" : add_doubled(b, x, to);
            if (wrong) return wrong;
            end = last;
        } else if (end == at || (*end && *end != ',') || !isfinite(x)) return "values are numbers";
        else vec_push(b->arena, &b->values, x);
        at = end + (*end == ',');
    }
    if (b->values.n > MOST_POINTS) return "more than 200 values";
    return b->values.n ? NULL : "no values";
}

/* The dims and consts that the file declares. */
typedef struct {
    const char *name;
    bool is_dim;
} Declared;
typedef VEC(Declared) DeclaredList;

static int read_declared(Bench *b, DeclaredList *list) {
    size_t n;
    char *text = file_read_whole(b->options->model, LONGEST_MODEL, &n);
    if (!text) {
        fprintf(stderr, "bpc: cannot read '%s': %s\n", b->options->model, strerror(errno));
        return STATUS_FAILED;
    }
    Base base = base_new();
    const Ast *ast = ast_parse(&base, diag_add_source(base.diag, b->options->model, text, n));
    for (uint32_t k = 0; k < ast->block->n; k++) {
        const Node *s = ast->block->kid[k];
        for (uint32_t j = 0; s && (s->kind == NODE_DIM || s->kind == NODE_CONST) && j < s->n; j++)
            if (s->kid[j] && s->kid[j]->name)
                vec_push(b->arena, list, (Declared){arena_printf(b->arena, "%s", s->kid[j]->name), s->kind == NODE_DIM});
    }
    base_free(&base);
    free(text);
    return STATUS_DONE;
}

static int find_swept(Bench *b) {
    DeclaredList list = {0};
    int status = read_declared(b, &list);
    if (status != STATUS_DONE) return status;
    const char **names = NEW_ARRAY(b->arena, const char *, list.n + 1);
    for (uint32_t k = 0; k < list.n; k++) {
        names[k] = list.at[k].name;
        b->sweep_is_dim |= list.at[k].is_dim && strcmp(names[k], b->sweep) == 0;
    }
    for (uint32_t k = 0; k < list.n; k++)
        if (strcmp(names[k], b->sweep) == 0) return STATUS_DONE;
    const char *near = nearest_name(b->sweep, names, list.n);
    fprintf(stderr, "bpc: --sweep: %s has no dim or const '%s'", b->options->model, b->sweep);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fprintf(stderr, "\n");
    return STATUS_FAILED;
}

static int read_sweep(Bench *b) {
    const char *text = b->options->sweep, *equals = text ? strchr(text, '=') : NULL;
    if (!text) {
        vec_push(b->arena, &b->values, NAN);
        return STATUS_DONE;
    }
    if (!equals || equals == text) return wrong_sweep(text, "no name");
    b->sweep = arena_strndup(b->arena, text, (size_t)(equals - text));
    const char *wrong = add_values(b, equals + 1);
    if (wrong) return wrong_sweep(text, wrong);
    int status = find_swept(b);
    for (uint32_t k = 0; status == STATUS_DONE && k < b->options->defines.n; k++) {
        if (strcmp(b->options->defines.at[k].name, b->sweep) != 0) continue;
        fprintf(stderr, "bpc: '%s' is both swept over and given by -D; say one of them\n", b->sweep);
        status = STATUS_FAILED;
    }
    for (uint32_t k = 0; status == STATUS_DONE && b->sweep_is_dim && k < b->values.n; k++)
        if (b->values.at[k] < 1 || b->values.at[k] != floor(b->values.at[k])) return wrong_sweep(text, "sizes are whole numbers of at least 1");
    return status;
}

/* Is the swept dim bound when the code runs? Then one build serves the whole sweep. */
static bool is_run_time(const Bench *b) {
    Model m;
    Options o = *b->options;
    o.quiet = 2; /* a dim that -D alone can say is missing here */
    const bool opened = model_open(&m, &o) == STATUS_DONE;
    bool found = false;
    for (uint32_t k = 0; opened && k < m.graph->dims.n; k++) found |= strcmp(m.graph->dims.at[k].name, b->sweep) == 0;
    model_close(&m);
    return found;
}

/* The options of one point. */
static Options options_at(const Bench *b, uint32_t k, bool run_time) {
    Options o = *b->options;
    if (!b->sweep || run_time) return o;
    o.defines.at = NULL;
    o.defines.n = o.defines.room = 0;
    for (uint32_t d = 0; d < b->options->defines.n; d++) vec_push(b->arena, &o.defines, b->options->defines.at[d]);
    vec_push(b->arena, &o.defines, (Define){b->sweep, b->values.at[k]});
    return o;
}

/* ---- the verb ------------------------------------------------------------------------------------------------------------ */
static int measure_points(Bench *b, bool run_time) {
    for (uint32_t k = 0; k < b->values.n && !bench_stopped(); k++) {
        const Options o = options_at(b, k, run_time);
        BenchPoint point;
        int status = bench_run(b, &o, b->values.at[k], &point);
        end_line();
        if (bench_stopped() && status != STATUS_DONE) return STATUS_DONE; /* the interrupt is why */
        if (status != STATUS_DONE) return status;
        if (point.result[BENCH_VALUE].samples == 0) return STATUS_DONE;
        vec_push(b->arena, &b->points, point);
        if (!b->options->json) {
            if (k == 0) bench_print_head(b);
            bench_print_point(b, &point);
            fflush(stdout);
        }
        report_point(b, &point);
    }
    return STATUS_DONE;
}

static int finish(Bench *b, int status) {
    b->interrupted = bench_stopped();
    if (b->options->json) bench_print_json(b);
    else if (b->points.n > 0) bench_print_crossing(b);
    int drawn = b->options->plot && b->points.n > 0 ? bench_plot(b, b->options->plot) : STATUS_DONE;
    if (b->interrupted) {
        fprintf(stderr, "bpc: interrupted; %s\n", b->points.n ? "this is what there is" : "nothing was measured yet");
        return STATUS_INTERRUPTED;
    }
    return status == STATUS_DONE ? drawn : status;
}

static bool knows_modes(const Options *o) {
    for (uint32_t k = 0; k < o->modes.n; k++) {
        bool known = false;
        for (BenchMode mode = 0; mode < N_BENCHES; mode++) known |= strcmp(bench_name[mode], o->modes.at[k]) == 0;
        if (known) continue;
        const char *near = nearest_name(o->modes.at[k], bench_name, N_BENCHES);
        fprintf(stderr, "bpc: --modes knows value, reverse, backward, hvp, jvp, forward, k-forward and paths, not '%s'", o->modes.at[k]);
        if (near) fprintf(stderr, "; did you mean '%s'?", near);
        fprintf(stderr, "\n");
        return false;
    }
    return true;
}

static int bench(Bench *b) {
    const Options *o = b->options;
    if (!knows_modes(o)) return STATUS_FAILED;
    if (strcmp(o->model, "-") == 0) {
        fprintf(stderr, "bpc: bench reads its model several times; give it a file, not standard input\n");
        return STATUS_FAILED;
    }
    if (o->plot && !o->sweep) {
        fprintf(stderr, "bpc: --plot draws a sweep; add one, such as --sweep H=8..512\n");
        return STATUS_FAILED;
    }
    int status = read_sweep(b);
    if (status == STATUS_DONE && o->plot) status = can_write(b->arena, o->plot);
    if (status != STATUS_DONE) return status;
    b->directions = o->directions > 0 ? o->directions : USUAL_DIRECTIONS;
    catch_interrupts();
    return finish(b, measure_points(b, b->sweep && is_run_time(b)));
}

int verb_bench(int argc, char **argv) {
    Arena *arena = arena_new();
    Options options;
    options_init(&options, arena);
    OptionsOutcome outcome = options_parse(&options, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN) {
        Bench *b = NEW(arena, Bench);
        b->arena = arena;
        b->options = &options;
        status = bench(b);
        pace_free(b->pace);
    }
    arena_free(arena);
    return status;
}
