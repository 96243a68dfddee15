/* bpc cost as JSON. Counts of any length are strings of digits; what has no number or no formula is null. */
#include <math.h>
#include <string.h>

#include <jansson.h>
#include <stdlib.h>

#include "verbs/cost_report.h"

static json_t *number(double value) {
    if (!isfinite(value)) return json_null();
    return floor(value) == value && fabs(value) < 9007199254740992.0 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *text_or_null(const char *text) { return text ? json_string(text) : json_null(); }

/* {"value": 3329, "formula": "52*m + 1"}, and "at_most": true where it is a bound. */
static json_t *figure(const Figure *f) {
    if (!f->known) return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "value", number(f->value));
    json_object_set_new(o, "formula", text_or_null(f->formula));
    if (f->at_most) json_object_set_new(o, "at_most", json_true());
    return o;
}

/* {"exact": "10000000000", "log10": 10, "formula": …}; exact is null where the number is too long to be worked out. */
static json_t *paths(const Figure *f) {
    json_t *o = json_object();
    if (!f->known) {
        json_object_set_new(o, "why", text_or_null(f->why ? f->why : "there was too much to count"));
        return o;
    }
    json_object_set_new(o, "exact", text_or_null(f->digits));
    json_object_set_new(o, "log10", number(f->log));
    json_object_set_new(o, "formula", text_or_null(f->formula));
    return o;
}

static json_t *line(const Line *l) {
    json_t *o = json_object();
    json_object_set_new(o, "label", json_string(l->label));
    json_object_set_new(o, "flops", figure(&l->flops));
    json_object_set_new(o, "ratio", l->flops.known ? number(l->ratio) : json_null());
    json_object_set_new(o, "bytes", figure(&l->bytes));
    json_object_set_new(o, "workspace", figure(&l->workspace));
    json_object_set_new(o, "memory", figure(&l->memory));
    json_object_set_new(o, "intensity", l->bytes.known && l->bytes.value > 0 ? number(l->flops.value / l->bytes.value) : json_null());
    return o;
}

static json_t *sizes(const CostReport *r) {
    json_t *o = json_object();
    for (uint32_t k = 0; k < r->shape.graph->dims.n; k++)
        json_object_set_new(o, r->shape.graph->dims.at[k].name, json_integer(r->counting->sizes[k]));
    return o;
}

static json_t *graph(const CostReport *r) {
    json_t *o = json_object(), *sources = json_object();
    json_object_set_new(o, "parameters", figure(&r->inputs));
    json_object_set_new(o, "outputs", figure(&r->outputs));
    json_object_set_new(o, "nodes", figure(&r->nodes));
    json_object_set_new(o, "edges", figure(&r->edges));
    json_object_set_new(o, "paths", paths(&r->paths));
    json_object_set_new(o, "path_edges", paths(&r->path_steps));
    for (uint32_t k = 0; k < r->sources.n; k++) {
        json_t *source = json_object();
        json_object_set_new(source, "elements", figure(&r->sources.at[k].elements));
        json_object_set_new(source, "paths", paths(&r->sources.at[k].paths));
        json_object_set_new(sources, r->sources.at[k].name, source);
    }
    json_object_set_new(o, "from", sources);
    return o;
}

static json_t *checkpoints(const CostReport *r) {
    json_t *list = json_array();
    for (uint32_t k = 0; k < r->checkpoints.n; k++) {
        const CheckpointRow *row = &r->checkpoints.at[k];
        json_t *o = json_object();
        json_object_set_new(o, "checkpoint", json_string(row->how));
        json_object_set_new(o, "segments", number(row->segments));
        json_object_set_new(o, "steps", number(row->steps));
        json_object_set_new(o, "flops", number(row->flops));
        json_object_set_new(o, "workspace", number(row->workspace));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *crossing(const CostReport *r) {
    json_t *o = json_object();
    json_object_set_new(o, "inputs_per_output", number(crossover_single(r)));
    json_object_set_new(o, "directions", json_integer(r->prediction.directions));
    json_object_set_new(o, "inputs_per_output_in_blocks", number(crossover_block(r)));
    json_object_set_new(o, "here", number(r->inputs.value / r->outputs.value));
    return o;
}

void cost_print_json(const CostReport *r, Text *out) {
    json_t *o = json_object(), *modes = json_object();
    json_object_set_new(o, "model", json_string(r->shape.path));
    json_object_set_new(o, "of", json_string(r->of));
    json_object_set_new(o, "real", json_string(r->shape.graph->f64 ? "f64" : "f32"));
    json_object_set_new(o, "sizes", sizes(r));
    json_object_set_new(o, "assumed", json_boolean(!r->has_data && r->shape.graph->dims.n > 0));
    json_object_set_new(o, "graph", graph(r));
    for (LineKind k = 0; k < N_LINES; k++)
        if (r->line[k].known) json_object_set_new(modes, r->line[k].key, line(&r->line[k]));
    json_object_set_new(o, "modes", modes);
    json_object_set_new(o, "checkpoints", checkpoints(r));
    json_object_set_new(o, "crossover", crossing(r));
    char *text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    text_add(out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(o);
}
