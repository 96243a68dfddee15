/* bpc cost as a picture: flops against the number of inputs that are differentiated by, for the outputs that the model has. The
 * lines of forward mode rise, reverse mode is level; where they cross is marked, and so is the model itself. */
#include <math.h>

#include "chart/chart.h"
#include "verbs/cost_report.h"

enum { STEPS = 48, N_SERIES = 5 };

static double flops_at(const CostReport *r, int series, double inputs) {
    const double k = (double)r->prediction.directions, each = r->inputs.value;
    switch (series) {
    case 0: return r->line[LINE_VALUE].flops.value;
    case 1: return r->line[LINE_REVERSE].flops.value * r->outputs.value;
    case 2: return r->line[LINE_JVP].flops.value * inputs;
    case 3: return r->line[LINE_DIRECTIONS].flops.value * (inputs > k ? inputs / k : 1);
    default: return r->line[LINE_VALUE].flops.value + r->path_steps.value * inputs / each; /* as many paths from each as on the average */
    }
}

void cost_print_plot(const CostReport *r, Text *out) {
    Arena *arena = r->shape.base.arena;
    const double m = r->outputs.value, here = r->inputs.value;
    const double most = 4 * fmax(fmax(here, m * crossover_block(r)), 2);
    const char *const name[N_SERIES] = {"value", "reverse", "forward, one by one",
                                        arena_printf(arena, "forward, %lld at once", (long long)r->prediction.directions), "every path by itself"};
    ChartSeries lines[N_SERIES];
    uint32_t n = 0;
    for (int s = 0; s < N_SERIES; s++) {
        if (s == 4 && (!r->path_steps.known || r->path_steps.log > 290)) continue;
        ChartPoint *at = NEW_ARRAY(arena, ChartPoint, STEPS + 1);
        for (int k = 0; k <= STEPS; k++) {
            const double inputs = pow(most, (double)k / STEPS);
            at[k] = (ChartPoint){.x = inputs, .y = flops_at(r, s, inputs)};
        }
        lines[n++] = (ChartSeries){.name = name[s], .at = at, .n = STEPS + 1, .dashed = s == 4};
    }
    const ChartMark marks[] = {{m * crossover_single(r), true, "forward = reverse"}, {here, true, "this model"}};
    const char *outputs = m == 1 ? "1 output" : arena_printf(arena, "%.0f outputs", m);
    Chart chart = {.title = arena_printf(arena, "%s: flops of a derivative of %s", r->shape.path, outputs),
                   .x = {"number of inputs that it is taken by", CHART_LOG, NULL}, .y = {"flops", CHART_LOG, NULL}, .series = lines, .n = n, .marks = marks, .n_marks = 2};
    chart_svg(&chart, 1, out);
}
