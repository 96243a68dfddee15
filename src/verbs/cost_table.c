/* bpc cost as a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verbs/cost_report.h"

enum { ROOM = 64, LONGEST_COUNT = 21 };

/* ---- numbers ------------------------------------------------------------------------------------------------------- */
static void with_commas(const char *digits, char *out) {
    const size_t n = strlen(digits);
    for (size_t k = 0; k < n; k++) {
        *out++ = digits[k];
        if ((n - k) % 3 == 1 && k + 1 < n) *out++ = ',';
    }
    *out = '\0';
}

/* 4.02e22, of any size */
static void with_exponent(double log, char *out) {
    double whole = floor(log), mantissa = pow(10, log - whole);
    if (mantissa >= 9.995) mantissa = 1, whole++;
    snprintf(out, ROOM, "%.2fe%.0f", mantissa, whole);
}

static const char *count_text(const Figure *f, char *out) {
    char digits[ROOM], *at = out;
    if (!f->known) return strcpy(out, "-");
    if (f->at_most) *at++ = '<', *at++ = '=';
    if (f->digits ? strlen(f->digits) <= LONGEST_COUNT : f->value < 1e15) {
        if (!f->digits) snprintf(digits, sizeof digits, "%.0f", f->value);
        with_commas(f->digits ? f->digits : digits, at);
    } else with_exponent(f->log, at);
    return out;
}

static const char *bytes_text(const Figure *f, char *out) {
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = f->value;
    size_t k = 0;
    if (!f->known) return strcpy(out, "-");
    for (; value >= 999.5 && k < 5; k++) value /= 1000;
    if (value >= 999.5) with_exponent(log10(value), out);
    const char *more = f->at_most ? "<=" : "";
    if (k == 0) snprintf(out, ROOM, "%s%.0f B", more, value);
    else snprintf(out, ROOM, "%s%.*f %s", more, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit[k]);
    return out;
}

static const char *ratio_text(const Line *l, char *out) {
    if (!l->flops.known) return strcpy(out, "-");
    if (l->log_ratio < 3) snprintf(out, ROOM, "%.2f", l->ratio);
    else if (l->log_ratio < 7) {
        char digits[ROOM];
        snprintf(digits, sizeof digits, "%.0f", l->ratio);
        with_commas(digits, out);
    } else with_exponent(l->log_ratio, out);
    return out;
}

static const char *intensity_text(const Line *l, char *out) {
    if (!l->flops.known || !l->bytes.known || !(l->bytes.value > 0)) return strcpy(out, "-");
    snprintf(out, ROOM, "%.2f", l->flops.value / l->bytes.value);
    return out;
}

/* ---- parts --------------------------------------------------------------------------------------------------------- */
static void print_head(const CostReport *r, Text *out) {
    const Graph *g = r->shape.graph;
    text_add(out, "%s on paper: %s, of %s\n", r->shape.path, g->f64 ? "f64" : "f32", r->of);
    if (g->dims.n == 0) return;
    for (uint32_t k = 0; k < g->dims.n; k++)
        text_add(out, "%s%s = %lld", k ? ", " : "at ", g->dims.at[k].name, (long long)r->counting->sizes[k]);
    if (!r->has_data) text_add(out, " (assumed; -D %s=... or --data FILE says it)", g->dims.at[0].name);
    text_add(out, "\n");
}

static void print_figure(const char *name, const Figure *f, Text *out) {
    char text[ROOM];
    const bool symbolic = f->formula && strspn(f->formula, "-0123456789") < strlen(f->formula);
    text_add(out, "  %-28s %21s", name, count_text(f, text));
    if (symbolic) text_add(out, "   %s", f->formula);
    if (f->digits && strlen(f->digits) > LONGEST_COUNT) text_add(out, "   (%zu digits)", strlen(f->digits));
    if (!f->known && f->why) text_add(out, "   %s", f->why);
    text_add(out, "\n");
}

static void print_graph(const CostReport *r, Text *out) {
    text_add(out, "\nThe graph of scalars\n");
    print_figure(r->by, &r->inputs, out);
    print_figure("nodes", &r->nodes, out);
    print_figure("edges, visited once each", &r->edges, out);
    print_figure("paths", &r->paths, out);
    print_figure("edges, path by path", &r->path_steps, out);
}

/* How many paths lead from one element: on the average where not from each as many. */
static void print_source(const SourceLine *s, int width, Text *out) {
    char elements[ROOM], paths[ROOM], each[ROOM] = "-";
    if (s->paths.known && s->elements.value > 0) {
        const Figure one = {.known = true, .value = s->paths.value / s->elements.value, .log = s->paths.log - s->elements.log};
        const bool even = one.value >= 1e15 || floor(one.value + 0.5) * s->elements.value == s->paths.value;
        strcpy(each, even ? "" : "~");
        count_text(&one, each + strlen(each));
    }
    text_add(out, "  %-*s %21s %21s %21s\n", width, s->name, count_text(&s->elements, elements), count_text(&s->paths, paths), each);
}

static void print_sources(const CostReport *r, Text *out) {
    int width = 6;
    bool any = false;
    for (uint32_t k = 0; k < r->sources.n; k++) {
        const int n = (int)strlen(r->sources.at[k].name);
        width = n > width ? n : width;
        any |= r->sources.at[k].paths.known;
    }
    if (!any) return;
    text_add(out, "\n  %-*s %21s %21s %21s\n", width, "from", "elements", "paths", "from one");
    for (uint32_t k = 0; k < r->sources.n; k++) print_source(&r->sources.at[k], width, out);
}

static int label_width(const CostReport *r) {
    int width = 0;
    for (LineKind k = 0; k < N_LINES; k++)
        if (r->line[k].known && (int)strlen(r->line[k].label) > width) width = (int)strlen(r->line[k].label);
    return width;
}

static void print_lines(const CostReport *r, Text *out) {
    const int width = label_width(r);
    text_add(out, "\n%-*s %18s %9s %9s %10s %10s %10s\n", width + 2, "Modes", "flops", "to value", "bytes", "workspace", "memory", "flops/byte");
    for (LineKind k = 0; k < N_LINES; k++) {
        const Line *l = &r->line[k];
        char flops[ROOM], ratio[ROOM], bytes[ROOM], workspace[ROOM], memory[ROOM], intensity[ROOM];
        if (!l->known) continue;
        text_add(out, "  %-*s %18s %9s %9s %10s %10s %10s\n", width, l->label, count_text(&l->flops, flops), ratio_text(l, ratio), bytes_text(&l->bytes, bytes),
                 bytes_text(&l->workspace, workspace), bytes_text(&l->memory, memory), intensity_text(l, intensity));
    }
}

static void print_formulas(const CostReport *r, const char *what, size_t member, Text *out) {
    const int width = label_width(r);
    if (r->shape.graph->dims.n == 0) return;
    text_add(out, "\n%s in the run-time dims\n", what);
    for (LineKind k = 0; k < N_LINES; k++) {
        const Figure *f = (const Figure *)(const void *)((const char *)&r->line[k] + member);
        if (!r->line[k].known || (k == LINE_PATHS && !f->known)) continue;
        text_add(out, "  %-*s  %s\n", width, r->line[k].label, f->formula ? f->formula : "no polynomial");
    }
}

static Figure plain(double value) { return (Figure){.known = value == value, .value = value, .log = log10(value)}; }

static void print_checkpoints(const CostReport *r, Text *out) {
    const CheckpointRows *rows = &r->checkpoints;
    if (rows->n == 0) return;
    text_add(out, "\nThe gradient when parts of its recurrence are computed again\n");
    text_add(out, "  %-14s %12s %12s %18s %9s %10s\n", "--checkpoint", "segments", "steps each", "flops", "to none", "workspace");
    for (uint32_t k = 0; k < rows->n; k++) {
        const CheckpointRow *row = &rows->at[k];
        char segments[ROOM], steps[ROOM], flops[ROOM], workspace[ROOM];
        const Figure figures[] = {plain(row->segments), plain(row->steps), plain(row->flops), plain(row->workspace)};
        text_add(out, "  %-14s %12s %12s %18s %9.2f %10s\n", row->how, count_text(&figures[0], segments), count_text(&figures[1], steps),
                 count_text(&figures[2], flops), row->flops / rows->at[0].flops, bytes_text(&figures[3], workspace));
    }
}

static void print_crossover(const CostReport *r, Text *out) {
    const double single = crossover_single(r), block = crossover_block(r), here = r->inputs.value / r->outputs.value;
    if (!r->line[LINE_REVERSE].flops.known) return;
    text_add(out, "\nForward or reverse\n");
    text_add(out, "  %s in reverse mode costs %.2f times the value (the rule of thumb is 3).\n", r->line[LINE_BACKWARD].known ? "One pass" : "A gradient",
             r->line[LINE_REVERSE].ratio);
    text_add(out, "  Forward mode is cheaper below %.2f inputs for each output, %lld directions at once below %.2f.\n", single,
             (long long)r->prediction.directions, block);
    text_add(out, "  Here it is %.*f for each: %s.\n", floor(here) == here ? 0 : 2, here, here < fmax(single, block) ? "forward" : "reverse");
}

void cost_print_table(const CostReport *r, Text *out) {
    print_head(r, out);
    print_graph(r, out);
    print_sources(r, out);
    print_lines(r, out);
    print_checkpoints(r, out);
    print_formulas(r, "Flops", offsetof(Line, flops), out);
    print_formulas(r, "Bytes", offsetof(Line, bytes), out);
    print_formulas(r, "Memory", offsetof(Line, memory), out);
    print_crossover(r, out);
}
