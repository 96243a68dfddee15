/* The modes of differentiation of one model, in one graph, each as a planned function, and what each costs. */
#include "verbs/predict.h"

#include <math.h>

#include "diff/diff.h"
#include "plan/plan.h"
#include "plan/prepare.h"
#include "simplify/simplify.h"
#include "simplify/training.h"
#include "verbs/verbs.h"

const char *const cost_name[N_COSTS] = {"value", "jvp", "directions", "forward", "reverse", "backward", "hvp"};

/* What the planner is asked for: a function for each mode that is counted by itself. */
typedef struct {
    Prediction *p;
    Graph *g;
    Tensor **predicted;               /* the outputs with training = 0 */
    Tensor **dots, **k_dots, **bars, **hvp; /* by of, of, wrt, wrt */
} Modes;

static bool is_scalar(const Prediction *p) { return p->of.n == 1 && p->of.at[0]->rank == 0; }

/* Tangents that the caller would give, for each of wrt; `directions` > 0: so many of them, on a last axis. */
static Tensor **seeds(Modes *m, const char *suffix, int64_t directions) {
    Graph *g = m->g;
    Tensor **made = NEW_ARRAY(g->arena, Tensor *, m->p->wrt.n + 1);
    for (uint32_t k = 0; k < m->p->wrt.n; k++) {
        const Tensor *t = m->p->wrt.at[k];
        const uint32_t n = directions > 0;
        Expr **extent = NEW_ARRAY(g->arena, Expr *, t->rank + 2);
        if (n) extent[t->rank] = expr_int(g, directions);
        for (uint32_t a = 0; a < t->rank; a++) extent[a] = t->extent[a];
        made[k] = graph_add_tensor(g, name_printf(g->names, "%s_%s", t->name, suffix), TYPE_REAL, ROLE_SEED, COMBINE_SET, n + t->rank, extent, t->span);
    }
    return made;
}

static void derive_forward(Modes *m) {
    Graph *g = m->g;
    const TensorList *wrt = &m->p->wrt, *of = &m->p->of;
    Expr *extent = expr_int(g, m->p->directions);
    Symbol name = name_of(g->names, "direction");
    const Directions block = {.n = 1, .extent = &extent, .name = &name};
    m->dots = NEW_ARRAY(g->arena, Tensor *, of->n + 1);
    m->k_dots = NEW_ARRAY(g->arena, Tensor *, of->n + 1);
    diff_forward(g, wrt->at, seeds(m, "direction", 0), wrt->n, of->at, of->n, NULL, m->dots);
    diff_forward(g, wrt->at, seeds(m, "directions", m->p->directions), wrt->n, of->at, of->n, &block, m->k_dots);
}

static void derive_reverse(Modes *m) {
    Graph *g = m->g;
    const TensorList *wrt = &m->p->wrt, *of = &m->p->of;
    Tensor **weights = NEW_ARRAY(g->arena, Tensor *, of->n + 1);
    for (uint32_t k = 0; k < of->n && !is_scalar(m->p); k++)
        weights[k] = graph_add_tensor(g, name_printf(g->names, "%s_weight", of->at[k]->name), TYPE_REAL, ROLE_SEED, COMBINE_SET,
                                      of->at[k]->rank, of->at[k]->extent, of->at[k]->span);
    m->bars = NEW_ARRAY(g->arena, Tensor *, wrt->n + 1);
    diff_reverse(g, of->at, weights, of->n, wrt->at, wrt->n, NULL, m->bars);
    m->p->bars = m->bars;
}

static void derive_hvp(Modes *m) {
    Graph *g = m->g;
    const TensorList *wrt = &m->p->wrt, *of = &m->p->of;
    Tensor **bars = NEW_ARRAY(g->arena, Tensor *, wrt->n + 1), *seed = NULL;
    m->hvp = NEW_ARRAY(g->arena, Tensor *, wrt->n + 1);
    diff_reverse(g, of->at, &seed, 1, wrt->at, wrt->n, NULL, bars);
    diff_forward(g, wrt->at, seeds(m, "towards", 0), wrt->n, bars, wrt->n, NULL, m->hvp);
}

/* ---- functions ------------------------------------------------------------------------------------------------------ */
static Function *function_new(Modes *m, FunctionKind kind, Tensor *const *outputs, Tensor *const *results, const TensorList *names) {
    Graph *g = m->g;
    Function *f = NEW(g->arena, Function);
    *f = (Function){.kind = kind, .graph = g, .n_outputs = g->outputs.n, .n_results = results ? names->n : 0};
    f->outputs = NEW_ARRAY(g->arena, Goal, f->n_outputs + 1);
    f->results = NEW_ARRAY(g->arena, Goal, f->n_results + 1);
    for (uint32_t k = 0; k < f->n_outputs; k++) f->outputs[k] = (Goal){.tensor = outputs[k], .stands_for = g->outputs.at[k]};
    for (uint32_t k = 0; k < f->n_results; k++) f->results[k] = (Goal){.tensor = results[k], .stands_for = names->at[k]};
    return f;
}

/* Flops of the equations, bytes and memory of the plan. False where no loop can order the equations. */
static bool count(Modes *m, CostMode mode, FunctionKind kind, Tensor *const *outputs, Tensor *const *results, const TensorList *names, int level) {
    Prediction *p = m->p;
    Graph *g = m->g;
    Function *f = function_new(m, kind, outputs, results, names);
    Tensor **goals = NEW_ARRAY(g->arena, Tensor *, f->n_outputs + f->n_results + 1);
    for (uint32_t k = 0; k < f->n_outputs; k++) goals[k] = f->outputs[k].tensor;
    for (uint32_t k = 0; k < f->n_results; k++) goals[f->n_outputs + k] = f->results[k].tensor;
    CostRow *row = &p->row[mode];
    row->flops = work_of(p->counting, goals, f->n_outputs + f->n_results);
    if (!plan_function(f, &(PlanOptions){.level = level, .block = -1})) return false;
    row->bytes = function_bytes(p->counting, f);
    row->workspace = function_workspace(p->counting, f);
    row->memory = function_memory(p->counting, f);
    row->function = f;
    return row->known = true;
}

static bool count_all(Modes *m, int level) {
    Prediction *p = m->p;
    Tensor *const *outputs = m->g->outputs.at;
    return count(m, COST_VALUE, FUNCTION_PREDICT, m->predicted, NULL, NULL, level) &&
           count(m, COST_JVP, FUNCTION_JVP, outputs, m->dots, &p->of, level) &&
           count(m, COST_DIRECTIONS, FUNCTION_JVP, outputs, m->k_dots, &p->of, level) &&
           count(m, COST_REVERSE, FUNCTION_GRADIENT, outputs, m->bars, &p->wrt, level) &&
           (!m->hvp || count(m, COST_HVP, FUNCTION_HVP, outputs, m->hvp, &p->wrt, level));
}

/* One call after the other: the work of all, the memory of one and of what they collect. */
static CostRow repeated(Prediction *p, const CostRow *once, Amount times) {
    Amount collected = amount_mul(p->counting, p->inputs, p->outputs);
    CostRow row = {.known = true, .workspace = once->workspace};
    row.flops = amount_mul(p->counting, once->flops, times);
    row.bytes = amount_mul(p->counting, once->bytes, times);
    row.memory = amount_add(p->counting, once->memory, amount_times(p->counting, collected, p->model.graph->f64 ? 8 : 4));
    return row;
}

static int derive_and_count(Modes *m, const Options *o) {
    Prediction *p = m->p;
    const SimplifyOptions options = {.level = o->level, .without = o->without, .dump_after = o->dump_after};
    if (!simplify(m->g, STAGE_MODEL, &options)) return STATUS_FAILED;
    diff_requests(m->g);
    int status = model_report(&p->model, o);
    if (status != STATUS_DONE) return status;
    m->predicted = training_copies(m->g, m->g->outputs.at, m->g->outputs.n);
    derive_forward(m);
    derive_reverse(m);
    if (is_scalar(p)) derive_hvp(m);
    if (!simplify(m->g, STAGE_DERIVATIVE, &options)) return STATUS_FAILED;
    plan_prepare(m->g);
    if (!count_all(m, o->level)) {
        status = model_report(&p->model, o);
        return status == STATUS_DONE ? STATUS_FAILED : status;
    }
    p->row[COST_FORWARD] = repeated(p, &p->row[COST_JVP], p->inputs);
    p->row[COST_BACKWARD] = is_scalar(p) ? p->row[COST_REVERSE] : repeated(p, &p->row[COST_REVERSE], p->outputs);
    return STATUS_DONE;
}

/* ---- what is asked --------------------------------------------------------------------------------------------------- */
int model_of(Model *m, const Options *o, TensorList *out) {
    if (o->of.n > 0 || !m->graph->loss) return model_of_tangents(m, o, out);
    vec_push(m->base.arena, out, m->graph->loss);
    return STATUS_DONE;
}

static Amount elements(Counting *c, const TensorList *list) {
    Amount sum = amount_whole(c, 0);
    for (uint32_t k = 0; k < list->n; k++) sum = amount_add(c, sum, tensor_elements(c, list->at[k]));
    return sum;
}

int predict(Prediction *p, const Options *o, const int64_t *dims) {
    *p = (Prediction){.directions = o->directions > 0 ? o->directions : USUAL_DIRECTIONS};
    int status = model_open(&p->model, o);
    if (status != STATUS_DONE) return status;
    Graph *g = p->model.graph;
    p->sizes = NEW_ARRAY(g->arena, int64_t, g->dims.n + 1);
    for (uint32_t k = 0; k < g->dims.n; k++) p->sizes[k] = dims ? dims[k] : USUAL_SIZE;
    p->counting = counting_new(g, p->sizes, NULL);
    status = model_wrt(&p->model, o, &p->wrt);
    if (status == STATUS_DONE) status = model_of(&p->model, o, &p->of);
    if (status != STATUS_DONE) return status;
    p->inputs = elements(p->counting, &p->wrt);
    p->outputs = elements(p->counting, &p->of);
    Modes m = {.p = p, .g = g};
    return derive_and_count(&m, o);
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------------- */
static Function *plan_gradient(Prediction *p, PlanOptions options) {
    Modes m = {.p = p, .g = p->model.graph};
    Function *f = function_new(&m, FUNCTION_GRADIENT, m.g->outputs.at, p->bars, &p->wrt);
    return plan_function(f, &options) ? f : NULL;
}

/* `whole`: flops as they are planned when nothing is cut. */
static void add_checkpoints(Prediction *p, CheckpointRows *rows, const char *how, const Function *f, double whole) {
    Counting *c = p->counting;
    CheckpointRow row = {.how = how, .segments = 1, .steps = NAN};
    if (f->steps) row.segments = expr_amount(c, f->segments).value, row.steps = expr_amount(c, f->steps).value;
    row.flops = p->row[COST_REVERSE].flops.value + planned_flops(c, f) - whole;
    row.workspace = function_workspace(c, f).value;
    vec_push(c->g->arena, rows, row);
}

enum { MOST_CHECKPOINTS = 50000 }; /* in the table */

void predict_checkpoints(Prediction *p, const Options *o, CheckpointRows *rows) {
    counting_refill(p->counting);
    Arena *arena = p->model.base.arena;
    if (!is_scalar(p)) return;
    const Function *none = plan_gradient(p, (PlanOptions){.level = o->level, .block = o->block}),
                   *root = plan_gradient(p, (PlanOptions){.level = o->level, .block = o->block, .checkpoint = CHECKPOINT_SQRT});
    if (!none || !root || !root->steps) return;
    const double whole = planned_flops(p->counting, none);
    const double steps = expr_amount(p->counting, root->steps).value * expr_amount(p->counting, root->segments).value;
    add_checkpoints(p, rows, "none", none, whole);
    for (int64_t n = 1; (double)n < steps / 2 && n <= MOST_CHECKPOINTS; n *= steps > 300 ? 8 : 2) {
        const Function *f = plan_gradient(p, (PlanOptions){.level = o->level, .block = o->block, .checkpoint = CHECKPOINT_COUNT, .checkpoints = n});
        if (f && f->steps) add_checkpoints(p, rows, arena_printf(arena, "%lld", (long long)n), f, whole);
    }
    add_checkpoints(p, rows, "sqrt", root, whole);
    const Function *least = plan_gradient(p, (PlanOptions){.level = o->level, .block = o->block, .checkpoint = CHECKPOINT_MEMORY, .memory = 1});
    if (least && least->steps) add_checkpoints(p, rows, "least", least, whole);
    if (rows->n > 0) rows->at[0].steps = steps;
}

void predict_close(Prediction *p) {
    counting_free(p->counting);
    if (p->model.base.arena) model_close(&p->model);
    *p = (Prediction){0};
}

double crossover(const Prediction *p, CostMode forward) {
    const double directions = forward == COST_DIRECTIONS ? (double)p->directions : 1;
    return p->row[COST_REVERSE].flops.value * directions / p->row[forward].flops.value;
}
