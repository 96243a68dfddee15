/* What bench prints: a table for each set of sizes, JSON, and the sweep as a chart. */
#include <math.h>
#include <string.h>

#include "chart/chart.h"
#include "verbs/bench.h"
#include "verbs/results.h"
#include "verbs/verbs.h"

/* ---- cells ------------------------------------------------------------------------------------------------------------ */
enum { MODE_WIDTH = 36 };

/* By characters: µ and × are two bytes. */
static int width_of(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void print_left(const char *text, int width) { printf("%s%*s", text, width > width_of(text) ? width - width_of(text) : 0, ""); }
static void print_right(const char *text, int width) { printf("%*s%s", width > width_of(text) ? width - width_of(text) : 0, "", text); }

static const char *number(const Bench *b, double value, int digits, const char *unit) {
    if (!isfinite(value)) return "-";
    Text text = {0};
    decimal_print(&text, decimal_of(value, digits), unit);
    const char *kept = arena_printf(b->arena, "%s", text.at);
    text_free(&text);
    return kept;
}

/* Two or three digits, as a ratio is read: 0.83, 2.6, 120. */
static const char *ratio(const Bench *b, double value) {
    return !isfinite(value) ? "-" : arena_printf(b->arena, value < 0.1 ? "%.3f" : value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
}

static const char *rate(const Bench *b, double rate_now, double peak, const char *unit) {
    if (!isfinite(rate_now)) return "-";
    return arena_printf(b->arena, "%s (%.*f %%)", number(b, rate_now, 3, unit), rate_now < 0.1 * peak ? 1 : 0, 100 * rate_now / peak);
}

static const char *mode_title(const Bench *b, const BenchPoint *p, BenchMode mode) {
    const char *inputs = number(b, p->inputs, 6, NULL), *outputs = number(b, p->outputs, 6, NULL);
    switch (mode) {
    case BENCH_REVERSE: return p->scalar ? "reverse: gradient" : "reverse: one vjp";
    case BENCH_BACKWARD: return arena_printf(b->arena, "reverse: %s output%s, one by one", outputs, p->outputs == 1 ? "" : "s");
    case BENCH_HVP: return "hvp: Hessian times a direction";
    case BENCH_JVP: return "forward: one jvp";
    case BENCH_FORWARD: return arena_printf(b->arena, "forward: %s direction%s, one by one", inputs, p->inputs == 1 ? "" : "s");
    case BENCH_K_FORWARD: return arena_printf(b->arena, "forward: %s direction%s, %lld at once", inputs, p->inputs == 1 ? "" : "s", (long long)b->directions);
    case BENCH_PATHS: return isfinite(p->paths) ? arena_printf(b->arena, "every path summed (%s)", number(b, p->paths, 3, NULL)) : "every path summed";
    default: return bench_name[mode];
    }
}

/* The reverse mode that gives the whole derivative. */
static BenchMode whole_reverse(const BenchPoint *p) { return p->scalar ? BENCH_REVERSE : BENCH_BACKWARD; }

/* ---- tables ------------------------------------------------------------------------------------------------------------ */
void bench_print_head(const Bench *b) {
    const Machine *m = &b->machine;
    printf("%s: %s by %s, %s\n", b->options->model, b->of, b->wrt, b->f64 ? "f64" : "f32");
    printf("this machine, one thread: %s at most, %s in a cache, %s in memory\n", number(b, m->flops, 3, "FLOP/s"), number(b, m->bandwidth[0], 3, "B/s"),
           number(b, m->bandwidth[MACHINE_SIZES - 1], 3, "B/s"));
}

static void print_columns(void) {
    static const struct { const char *text; int width; } column[] = {{"time", 9}, {"quartiles", 21}, {"ratio", 8}, {"predicted", 11}, {"m/p", 6}, {"computing", 21}, {"moving", 19}};
    print_left("mode", MODE_WIDTH);
    for (size_t k = 0; k < sizeof column / sizeof *column; k++) print_right(column[k].text, column[k].width);
    printf("\n");
}

static void print_result(const Bench *b, const BenchPoint *p, BenchMode mode) {
    const BenchResult *r = &p->result[mode], *value = &p->result[BENCH_VALUE];
    print_left(mode_title(b, p, mode), MODE_WIDTH);
    print_right(number(b, r->median, 3, "s"), 9);
    print_right(arena_printf(b->arena, "%s – %s", number(b, r->low, 3, "s"), number(b, r->high, 3, "s")), 21);
    print_right(ratio(b, r->median / value->median), 8);
    print_right(number(b, r->predicted, 3, "s"), 11);
    print_right(ratio(b, r->median / r->predicted), 6);
    print_right(rate(b, r->flops / r->median, b->machine.flops, "FLOP/s"), 21);
    print_right(rate(b, r->bytes / r->median, machine_bandwidth(&b->machine, r->memory), "B/s"), 19);
    printf("\n");
}

static void print_notes(const Bench *b, const BenchPoint *p) {
    for (BenchMode mode = 0; mode < N_BENCHES; mode++) {
        const BenchResult *r = &p->result[mode];
        if (r->note) printf("%s: not measured: %s\n", mode_title(b, p, mode), r->note);
        else if (r->samples > 0 && r->timed < r->calls)
            printf("%s: a sample holds %s of them, the time of all is in proportion\n", mode_title(b, p, mode), number(b, r->timed, 6, NULL));
        else if (r->wanted && r->samples == 0) printf("%s: not measured\n", mode_title(b, p, mode));
    }
    const double usual = b->f64 ? 1e-8 : 1e-3;
    if (p->disagreement > usual) printf("WARNING: the modes, or the value and the interpreter, disagree by %s of its size\n", number(b, p->disagreement, 2, NULL));
}

/* From how many directions on reverse mode is the quicker. */
static void print_balance(const Bench *b, const BenchPoint *p) {
    const BenchResult *jvp = &p->result[BENCH_JVP], *reverse = &p->result[whole_reverse(p)];
    if (jvp->samples == 0 || reverse->samples == 0) return;
    const double balance = reverse->median / jvp->median;
    printf("reverse mode takes as long as %s jvps: forward mode is the quicker %s\n", ratio(b, balance),
           p->inputs < balance ? "here" : balance < 1 ? "for no number of directions" : arena_printf(b->arena, "up to %.0f direction%s, here there are %s", floor(balance), floor(balance) > 1 ? "s" : "", number(b, p->inputs, 6, NULL)));
}

void bench_print_point(const Bench *b, const BenchPoint *p) {
    Text at = {0};
    text_add(&at, "%s", "");
    if (b->sweep) decimal_print(&at, decimal_of(p->at, 15), NULL);
    const bool named = b->sweep && strncmp(p->sizes, b->sweep, strlen(b->sweep)) == 0 && p->sizes[strlen(b->sweep)] == ' '; /* said by the sizes */
    printf("\n%s%s%s%s", b->sweep && !named ? b->sweep : "", b->sweep && !named ? " = " : "", named ? "" : at.at, b->sweep && !named ? ", " : "");
    printf("%s%s to differentiate by, %s\n", p->sizes, number(b, p->inputs, 9, NULL), p->scalar ? "one output" : arena_printf(b->arena, "%s outputs", number(b, p->outputs, 9, NULL)));
    print_columns();
    for (BenchMode mode = 0; mode < N_BENCHES; mode++)
        if (p->result[mode].samples > 0) print_result(b, p, mode);
    print_notes(b, p);
    print_balance(b, p);
    text_free(&at);
}

/* ---- crossings ---------------------------------------------------------------------------------------------------------- */
/* log of how much longer `a` takes than `b` at a point; NaN where one was not measured. */
static double longer(const BenchPoint *p, BenchMode a, BenchMode b) {
    return p->result[a].samples > 0 && p->result[b].samples > 0 ? log(p->result[a].median / p->result[b].median) : NAN;
}

double bench_crossing(const Bench *b, BenchMode one, BenchMode other) {
    for (uint32_t k = 1; k < b->points.n; k++) {
        const BenchPoint *p = &b->points.at[k - 1], *q = &b->points.at[k];
        const double before = longer(p, one, other), after = longer(q, one, other);
        if (!(before * after <= 0) || before == after || !(p->at > 0) || !(q->at > 0)) continue;
        return exp(log(p->at) + before / (before - after) * (log(q->at) - log(p->at)));
    }
    return NAN;
}

/* Which forward mode crosses which reverse mode. */
static const struct { BenchMode mode; const char *name; } crossers[] = {{BENCH_FORWARD, "forward mode"}, {BENCH_K_FORWARD, "forward mode, several directions at once,"}};
enum { CROSSERS = sizeof crossers / sizeof *crossers };

void bench_print_crossing(const Bench *b) {
    if (b->points.n < 2) return;
    const BenchPoint *last = &b->points.at[b->points.n - 1];
    const BenchMode reverse = whole_reverse(last);
    for (int k = CROSSERS - 1; k >= 0; k--) { /* the plain one is the last line */
        const double at = bench_crossing(b, crossers[k].mode, reverse), over = longer(last, crossers[k].mode, reverse);
        if (isnan(over)) continue;
        if (isfinite(at)) printf("\n%s and reverse mode take equally long at %s = %s\n", crossers[k].name, b->sweep, number(b, at, 3, NULL));
        else printf("\n%s takes %s than reverse mode at every %s of the sweep\n", crossers[k].name, over > 0 ? "longer" : "less time", b->sweep);
    }
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */
static void add_number(Text *out, const char *name, double value) {
    text_add(out, "\"%s\": ", name);
    if (isfinite(value)) json_number(out, value, false, false);
    else text_add(out, "null");
}

static void add_result(const Bench *b, Text *out, const BenchPoint *p, BenchMode mode) {
    const BenchResult *r = &p->result[mode];
    const bool measured = r->samples > 0;
    text_add(out, "     {\"mode\": \"%s\", \"samples\": %u, ", bench_name[mode], r->samples);
    add_number(out, "seconds", measured ? r->median : NAN);
    add_number((text_add(out, ", "), out), "low", measured ? r->low : NAN);
    add_number((text_add(out, ", "), out), "high", measured ? r->high : NAN);
    add_number((text_add(out, ", "), out), "ratio", measured ? r->median / p->result[BENCH_VALUE].median : NAN);
    add_number((text_add(out, ", "), out), "predicted", r->predicted);
    add_number((text_add(out, ", "), out), "calls", r->calls);
    add_number((text_add(out, ", "), out), "calls_in_a_sample", measured ? r->timed : NAN);
    add_number((text_add(out, ", "), out), "flops", r->flops);
    add_number((text_add(out, ", "), out), "bytes", r->bytes);
    add_number((text_add(out, ", "), out), "memory", r->memory);
    add_number((text_add(out, ", "), out), "flops_per_second", measured ? r->flops / r->median : NAN);
    add_number((text_add(out, ", "), out), "bytes_per_second", measured ? r->bytes / r->median : NAN);
    add_number((text_add(out, ", "), out), "bandwidth", machine_bandwidth(&b->machine, r->memory));
    if (r->note) write_json_string((text_add(out, ", \"note\": "), out), r->note);
    text_add(out, "}");
}

static void add_point(const Bench *b, Text *out, const BenchPoint *p) {
    text_add(out, "    {");
    if (b->sweep) add_number(out, b->sweep, p->at);
    add_number((text_add(out, "%s", b->sweep ? ", " : ""), out), "inputs", p->inputs);
    add_number((text_add(out, ", "), out), "outputs", p->outputs);
    add_number((text_add(out, ", "), out), "paths", p->paths);
    add_number((text_add(out, ", "), out), "disagreement", p->disagreement);
    text_add(out, ", \"modes\": [\n");
    bool any = false;
    for (BenchMode mode = 0; mode < N_BENCHES; mode++) {
        if (!p->result[mode].wanted) continue;
        text_add(out, "%s", any ? ",\n" : "");
        add_result(b, out, p, mode);
        any = true;
    }
    text_add(out, "]}");
}

void bench_print_json(const Bench *b) {
    Text out = {0};
    write_json_string((text_add(&out, "{\"model\": "), &out), b->options->model);
    if (b->of) write_json_string((text_add(&out, ", \"of\": "), &out), b->of);
    if (b->wrt) write_json_string((text_add(&out, ", \"wrt\": "), &out), b->wrt);
    text_add(&out, ", \"real\": \"%s\", \"complete\": %s,\n \"sweep\": ", b->f64 ? "f64" : "f32", b->points.n == b->values.n ? "true" : "false");
    if (b->sweep) write_json_string(&out, b->sweep);
    else text_add(&out, "null");
    add_number((text_add(&out, ",\n \"machine\": {"), &out), "flops_per_second", b->machine.flops);
    text_add(&out, ", \"bandwidth\": [");
    for (int k = 0; k < MACHINE_SIZES; k++) {
        add_number((text_add(&out, "%s{", k ? ", " : ""), &out), "bytes", b->machine.working_set[k]);
        add_number((text_add(&out, ", "), &out), "bytes_per_second", b->machine.bandwidth[k]);
        text_add(&out, "}");
    }
    text_add(&out, "]},\n \"points\": [\n");
    for (uint32_t k = 0; k < b->points.n; k++) {
        if (k) text_add(&out, ",\n");
        add_point(b, &out, &b->points.at[k]);
    }
    text_add(&out, "]}\n");
    fwrite(out.at, 1, out.n, stdout);
    text_free(&out);
}

/* ---- the plot --------------------------------------------------------------------------------------------------------------- */
static ChartScale sweep_scale(const Bench *b) {
    bool twos = true;
    double low = INFINITY, high = -INFINITY;
    for (uint32_t k = 0; k < b->points.n; k++) {
        const double x = b->points.at[k].at;
        int exponent;
        twos &= x >= 1 && frexp(x, &exponent) == 0.5;
        low = fmin(low, x);
        high = fmax(high, x);
    }
    return twos ? CHART_LOG2 : low > 0 && high >= 8 * low ? CHART_LOG : CHART_LINEAR;
}

static const char *line_name(const Bench *b, const BenchPoint *p, BenchMode mode) {
    switch (mode) {
    case BENCH_REVERSE: return p->scalar ? "reverse" : "one vjp";
    case BENCH_BACKWARD: return "reverse, all outputs";
    case BENCH_JVP: return "one jvp";
    case BENCH_FORWARD: return "forward, one by one";
    case BENCH_K_FORWARD: return arena_printf(b->arena, "forward, %lld at once", (long long)b->directions);
    case BENCH_PATHS: return "every path summed";
    default: return bench_name[mode];
    }
}

/* A solid line of what was measured and a dashed one of what was predicted, where there is any. */
static uint32_t add_lines(const Bench *b, BenchMode mode, ChartSeries *lines) {
    const uint32_t n = b->points.n;
    ChartPoint *measured = NEW_ARRAY(b->arena, ChartPoint, n), *predicted = NEW_ARRAY(b->arena, ChartPoint, n);
    bool any = false, any_predicted = false;
    for (uint32_t k = 0; k < n; k++) {
        const BenchPoint *p = &b->points.at[k];
        const BenchResult *r = &p->result[mode];
        const bool there = r->samples > 0;
        measured[k] = (ChartPoint){p->at, there ? r->median : NAN, r->low, r->high};
        predicted[k] = (ChartPoint){.x = p->at, .y = there ? r->predicted : NAN};
        any |= there;
        any_predicted |= there && isfinite(r->predicted);
    }
    if (!any) return 0;
    lines[0] = (ChartSeries){.name = line_name(b, &b->points.at[0], mode), .at = measured, .n = n, .markers = true, .spread = true};
    lines[1] = (ChartSeries){.at = predicted, .n = n, .dashed = true, .as_before = true};
    return any_predicted ? 2 : 1;
}

int bench_plot(const Bench *b, const char *path) {
    ChartSeries lines[2 * N_BENCHES];
    uint32_t n = 0;
    for (BenchMode mode = 0; mode < N_BENCHES; mode++) n += add_lines(b, mode, lines + n);
    ChartMark marks[CROSSERS];
    uint32_t n_marks = 0;
    for (int k = 0; k < CROSSERS; k++) {
        const double at = bench_crossing(b, crossers[k].mode, whole_reverse(&b->points.at[0]));
        const char *label = arena_printf(b->arena, "%s = reverse at %s = %s", k == 0 ? "forward" : arena_printf(b->arena, "%lld at once", (long long)b->directions), b->sweep, number(b, at, 2, NULL));
        if (isfinite(at)) marks[n_marks++] = (ChartMark){.at = at, .vertical = true, .label = label};
    }
    const Chart chart = {.title = arena_printf(b->arena, "%s: %s by %s", b->options->model, b->of, b->wrt),
                         .subtitle = "Solid: measured, median and quartiles. Dashed: predicted.",
                         .x = {b->sweep, sweep_scale(b), NULL},
                         .y = {"time", CHART_LOG, "s"},
                         .series = lines, .n = n, .marks = marks, .n_marks = n_marks};
    Text text = {0};
    chart_svg(&chart, 1, &text);
    const int error = file_write_whole(path, text.at, text.n);
    text_free(&text);
    if (error == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': %s\n", path, strerror(error));
    return STATUS_FAILED;
}
