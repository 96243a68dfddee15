/* Puts together what bpc cost says: the graph of scalars of the model as it is written, and the modes of the model as it is
 * compiled. */
#include "verbs/cost_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "simplify/passes.h"
#include "verbs/verbs.h"

/* ---- figures ------------------------------------------------------------------------------------------------------- */
static const char *formula_text(Counting *c, const Poly *p) {
    if (!p) return NULL;
    Text text = {0};
    poly_print(c->algebra, p, &text);
    const char *kept = arena_printf(c->g->arena, "%s", text.at);
    text_free(&text);
    return kept;
}

static Figure figure_of(Counting *c, Amount a) {
    return (Figure){.known = a.value == a.value, .at_most = a.at_most, .value = a.value, .log = log10(a.value), .formula = formula_text(c, a.formula)};
}

static Figure figure_of_paths(Counting *c, const PathCount *p) {
    const double log = p->mantissa > 0 ? log10(p->mantissa) + (double)p->exponent : -INFINITY;
    const double value = p->digits && strlen(p->digits) < 300 ? strtod(p->digits, NULL) : pow(10, log);
    return (Figure){.known = p->known, .value = value, .log = log, .digits = p->digits, .formula = formula_text(c, p->formula), .why = p->why};
}

/* log(10^a + 10^b) */
static double log_sum(double a, double b) {
    const double most = fmax(a, b), least = fmin(a, b);
    return isinf(most) ? most : most + log10(1 + pow(10, least - most));
}

/* ---- the graph of scalars -------------------------------------------------------------------------------------------- */
/* The inputs that are given, by tensor, as long as the graph is now. */
static double **known_data(CostReport *r) {
    if (!r->has_data) return NULL;
    Graph *g = r->shape.graph;
    double **data = NEW_ARRAY(g->arena, double *, g->tensors.n + 1);
    for (uint32_t k = 0; k < r->data.n; k++)
        if (g->tensors.at[k]->role == ROLE_INPUT) data[k] = r->data.values[k];
    return data;
}

static int64_t *sizes_of(CostReport *r) {
    Graph *g = r->shape.graph;
    int64_t *sizes = NEW_ARRAY(g->arena, int64_t, g->dims.n + 1);
    for (uint32_t k = 0; k < g->dims.n; k++) sizes[k] = r->has_data ? r->data.dims[k] : USUAL_SIZE;
    return sizes;
}

/* The model as it is written; but what a sum would compute anew for each of its elements, such as the activations of the layer
 * below, is a node of its own. */
static int prepare(CostReport *r, const Options *o) {
    diff_requests(r->shape.graph);
    pass_split(r->shape.graph);
    return diag_errors(r->shape.base.diag) ? model_report(&r->shape, o) : STATUS_DONE;
}

static const char *names_of(Arena *arena, const TensorList *list) {
    const char *names = "";
    for (uint32_t k = 0; k < list->n; k++) names = arena_printf(arena, "%s%s%s", names, k ? ", " : "", list->at[k]->name);
    return names;
}

static int count_structure(CostReport *r, const Options *o, PathCount *steps) {
    Model *m = &r->shape;
    TensorList wrt = {0}, of = {0};
    int status = prepare(r, o);
    if (status == STATUS_DONE) status = model_wrt(m, o, &wrt);
    if (status == STATUS_DONE) status = model_of(m, o, &of);
    if (status != STATUS_DONE) return status;
    Counting *c = r->counting = counting_new(m->graph, sizes_of(r), known_data(r));
    Structure s = structure_of(c, &(Ends){wrt.at, of.at, wrt.n, of.n});
    r->of = names_of(m->base.arena, &of);
    r->nodes = figure_of(c, s.nodes);
    r->edges = figure_of(c, s.edges);
    r->paths = figure_of_paths(c, &s.paths);
    r->path_steps = figure_of_paths(c, &s.steps);
    r->recurrent = s.recurrent;
    *steps = s.steps;
    for (uint32_t k = 0; k < s.n_sources; k++) {
        SourceLine line = {s.source[k].tensor->name, figure_of(c, s.source[k].elements), figure_of_paths(c, &s.source[k].paths)};
        vec_push(m->base.arena, &r->sources, line);
    }
    return STATUS_DONE;
}

/* ---- the modes --------------------------------------------------------------------------------------------------------- */
static Line line_of(const CostReport *r, CostMode mode, const char *key, const char *label) {
    const CostRow *row = &r->prediction.row[mode];
    Counting *c = r->prediction.counting;
    Line line = {.key = key, .label = label, .known = row->known};
    if (!row->known) return line;
    line.flops = figure_of(c, row->flops);
    line.bytes = figure_of(c, row->bytes);
    line.workspace = figure_of(c, row->workspace);
    line.memory = figure_of(c, row->memory);
    return line;
}

/* The value, whose local derivatives are taken as given, and for each path a product of as many factors as it has edges, the
 * last of them an addition: one flop for each edge of each path. */
static Line line_of_paths(const CostReport *r, const PathCount *steps) {
    Line line = {.key = "paths", .label = "every path by itself", .known = true};
    const Figure *value = &r->line[LINE_VALUE].flops;
    line.flops = (Figure){.known = r->path_steps.known, .why = r->path_steps.why};
    if (!line.flops.known) return line;
    line.flops.log = log_sum(value->log, r->path_steps.log);
    line.flops.value = value->value + r->path_steps.value;
    Algebra *a = r->prediction.counting->algebra;
    line.flops.formula = formula_text(r->prediction.counting, poly_add(a, r->prediction.row[COST_VALUE].flops.formula, poly_copy(a, steps->formula)));
    return line;
}

static const char *counted(Arena *arena, double n) { return n < 1e15 ? arena_printf(arena, "%.0f", n) : arena_printf(arena, "%.3g", n); }

static void list_lines(CostReport *r, const PathCount *steps) {
    const Prediction *p = &r->prediction;
    Arena *arena = r->shape.base.arena;
    const bool scalar = p->of.n == 1 && p->of.at[0]->rank == 0;
    Line *line = r->line;
    line[LINE_VALUE] = line_of(r, COST_VALUE, "value", "value");
    line[LINE_REVERSE] = line_of(r, COST_REVERSE, "reverse", scalar ? "reverse: value and gradient" : "reverse: one vjp");
    const char *all = arena_printf(arena, "reverse: all %s outputs, a vjp each", counted(arena, r->outputs.value));
    line[LINE_BACKWARD] = line_of(r, COST_BACKWARD, "backward", all);
    line[LINE_BACKWARD].known &= !scalar;
    line[LINE_JVP] = line_of(r, COST_JVP, "jvp", "forward: one jvp");
    line[LINE_DIRECTIONS] = line_of(r, COST_DIRECTIONS, "directions", arena_printf(arena, "forward: %lld directions at once", (long long)p->directions));
    all = r->inputs.value == 1 ? "forward: the whole derivative"
                               : arena_printf(arena, "forward: all %s %s, a jvp each", counted(arena, r->inputs.value), r->by);
    line[LINE_FORWARD] = line_of(r, COST_FORWARD, "forward", all);
    line[LINE_HVP] = line_of(r, COST_HVP, "hvp", "hvp: Hessian times a direction");
    line[LINE_PATHS] = line_of_paths(r, steps);
    for (LineKind k = 0; k < N_LINES; k++) {
        line[k].ratio = line[k].flops.value / line[LINE_VALUE].flops.value;
        line[k].log_ratio = line[k].flops.log - line[LINE_VALUE].flops.log;
    }
}

int cost_report(CostReport *r, const Options *o) {
    PathCount steps;
    *r = (CostReport){.has_data = o->data != NULL, .by = o->wrt.n ? "inputs" : "parameters"};
    int status = model_open(&r->shape, o);
    if (status == STATUS_DONE && r->has_data) status = case_read(&r->data, &r->shape, o);
    if (status == STATUS_DONE) status = count_structure(r, o, &steps);
    Options again = *o;
    again.quiet = again.quiet > 1 ? again.quiet : 1; /* its warnings were printed */
    if (status == STATUS_DONE) status = predict(&r->prediction, &again, r->counting->sizes);
    if (status != STATUS_DONE) return status;
    r->inputs = figure_of(r->prediction.counting, r->prediction.inputs);
    r->outputs = figure_of(r->prediction.counting, r->prediction.outputs);
    list_lines(r, &steps);
    if (r->recurrent) predict_checkpoints(&r->prediction, o, &r->checkpoints);
    return STATUS_DONE;
}

void cost_report_close(CostReport *r) {
    predict_close(&r->prediction);
    counting_free(r->counting);
    if (r->shape.base.arena) model_close(&r->shape);
}

double crossover_single(const CostReport *r) { return crossover(&r->prediction, COST_JVP); }
double crossover_block(const CostReport *r) { return crossover(&r->prediction, COST_DIRECTIONS); }
