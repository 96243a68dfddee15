/* bpc model.bp -o model.c: from a checked graph to C, under the options.
 *
 *   model ─ simplify ─▶ requests, derivatives ─ simplify ─▶ functions ─ plan ─▶ emit
 *
 * Prediction has training = 0: what depends on that is copied, and in the copy it is the constant. */
#include "verbs/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ast/ast.h"
#include "emit/emit.h"
#include "graph/model_text.h"
#include "plan/plan.h"
#include "plan/prepare.h"
#include "simplify/simplify.h"
#include "simplify/training.h"
#include "verbs/derive.h"
#include "verbs/native.h"
#include "verbs/wanted.h"
#include "verbs/verbs.h"

typedef struct {
    Model *m;
    Graph *g;
    const Options *o;
    SimplifyOptions simplify;
    PlanOptions plan;
    VEC(Function *) functions;
    Derived d;           /* the gradient and the tangents */
    Tensor **predicted;  /* by output: its tensor with training = 0 */
    Wanted wanted[N_WANTS];
    uint32_t n_wanted;
    bool too_small; /* --memory */
} Compilation;

/* ---- what is wanted --------------------------------------------------------------------------------------------------- */
static bool wants_gradient(const Compilation *c) {
    bool said = wants(c->o, "gradient");
    return (said || c->o->want.n == 0) && (said || c->g->loss || c->o->of.n) && c->o->mode != MODE_FORWARD;
}
static bool wants_tangents(const Compilation *c) {
    return wants(c->o, "jvp") || c->o->mode == MODE_FORWARD || c->o->mode == MODE_BOTH;
}

/* ---- derivatives --------------------------------------------------------------------------------------------------------- */
static int add_gradient(Compilation *c) {
    Tensor *of;
    int status = model_of_gradient(c->m, c->o, &of);
    if (status == STATUS_DONE && c->d.wrt.n == 0) status = model_wrt(c->m, c->o, &c->d.wrt);
    if (status == STATUS_DONE) derive_gradient(c->m, &c->d, of);
    return status;
}

static int add_tangents(Compilation *c) {
    Graph *g = c->g;
    int status = c->d.wrt.n ? STATUS_DONE : model_wrt(c->m, c->o, &c->d.wrt);
    if (status == STATUS_DONE) status = model_of_tangents(c->m, c->o, &c->d.of);
    if (status != STATUS_DONE) return status;
    Expr *n = expr_int(g, c->o->directions);
    Symbol name = name_of(g->names, "d");
    const Directions several = {.n = 1, .extent = &n, .name = &name};
    derive_tangents(c->m, &c->d, c->o->directions > 0 ? &several : NULL);
    return STATUS_DONE;
}

/* Asked for by name, and 0 whatever the data: probably a slip. */
static void warn_of_zeros(const Compilation *c) {
    for (uint32_t k = 0; c->d.bars && c->o->wrt.n > 0 && k < c->d.wrt.n; k++) {
        const Tensor *t = c->d.wrt.at[k], *bar = c->d.bars[k];
        if (!bar->pieces && !bar->call)
            diag_warning(c->g->diag, "zero-derivative", t->span, "the gradient by '%s' is 0: nothing that is differentiated depends on it", t->name);
    }
}

static int derive(Compilation *c) {
    if (!simplify(c->g, STAGE_MODEL, &c->simplify)) return STATUS_FAILED;
    diff_requests(c->g);
    int status = model_report(c->m, c->o);
    c->predicted = training_copies(c->g, c->g->outputs.at, c->g->outputs.n);
    bool gradient = wants_gradient(c), tangents = wants_tangents(c);
    if (status == STATUS_DONE && gradient) status = add_gradient(c);
    warn_of_zeros(c);
    if (status == STATUS_DONE && tangents) status = add_tangents(c);
    for (uint32_t k = 0; status == STATUS_DONE && k < c->n_wanted; k++) status = wanted_derive(c->m, &c->wanted[k], c->o);
    if (status == STATUS_DONE) status = model_report(c->m, c->o);
    if (status != STATUS_DONE) return status;
    return simplify(c->g, STAGE_DERIVATIVE, &c->simplify) ? STATUS_DONE : STATUS_FAILED;
}

/* ---- functions ------------------------------------------------------------------------------------------------------------- */
static Goal *goals(Graph *g, Tensor *const *what, Tensor *const *names, uint32_t n) {
    Goal *list = NEW_ARRAY(g->arena, Goal, n + 1);
    for (uint32_t k = 0; k < n; k++) list[k] = (Goal){.tensor = what[k], .stands_for = names[k]};
    return list;
}

static Function *function_new(Compilation *c, FunctionKind kind, Tensor *const *outputs) {
    Function *f = NEW(c->g->arena, Function);
    f->kind = kind;
    f->graph = c->g;
    f->n_outputs = outputs ? c->g->outputs.n : 0;
    f->outputs = goals(c->g, outputs, c->g->outputs.at, f->n_outputs);
    vec_push(c->g->arena, &c->functions, f);
    return f;
}

/* Members named by tensors, with the shape of their tangents, which may have an axis for several directions. */
static Tensor **shaped_like(Graph *g, Tensor *const *named, Tensor *const *shaped, uint32_t n) {
    Tensor **list = NEW_ARRAY(g->arena, Tensor *, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        list[k] = NEW(g->arena, Tensor);
        *list[k] = *named[k];
        list[k]->rank = shaped[k]->rank;
        list[k]->extent = shaped[k]->extent;
    }
    return list;
}

static void give_gradient(Compilation *c, Function *f) {
    f->results = goals(c->g, c->d.bars, c->d.wrt.at, c->d.wrt.n);
    f->n_results = c->d.wrt.n;
}

/* The states after a step, where the model updates any. */
static bool plan_update(Compilation *c) {
    TensorList next = {0}, states = {0};
    for (uint32_t k = 0; k < c->g->tensors.n; k++) {
        Tensor *t = c->g->tensors.at[k];
        if (!(t->marks & MARK_UPDATE)) continue;
        vec_push(c->g->arena, &next, t);
        vec_push(c->g->arena, &states, t->of);
    }
    if (next.n == 0) return true;
    Function *update = function_new(c, FUNCTION_UPDATE, NULL);
    update->results = goals(c->g, next.at, states.at, next.n);
    update->n_results = next.n;
    return plan_function(update, &c->plan);
}

/* A member of bp_pattern or of a struct of values, by its name alone. */
static Goal *named_goals(Graph *g, Tensor *const *tensors, const char *const *names, uint32_t n) {
    Goal *list = NEW_ARRAY(g->arena, Goal, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        Tensor *named = NEW(g->arena, Tensor);
        *named = *tensors[k];
        named->name = name_of(g->names, names[k]);
        named->number = 0;
        list[k] = (Goal){.tensor = tensors[k], .stands_for = named};
    }
    return list;
}

static Function *matrix_function(Compilation *c, FunctionKind kind, const Matrix *m, Tensor *const *outputs) {
    Function *f = function_new(c, kind, outputs);
    f->rows = m->rows;
    f->columns = m->columns;
    f->terms = m->terms;
    return f;
}

/* The values at a pattern, and the pattern. */
static bool plan_matrix(Compilation *c, const Wanted *w) {
    static const char *const place[] = {"place"}, *const values[] = {"values"}, *const places[] = {"row", "column"};
    const Matrix *m = w->matrix;
    Tensor *where[] = {m->row, m->column};
    Function *f = matrix_function(c, w->row->sparse, m, c->g->outputs.at), *pattern = matrix_function(c, w->row->pattern, m, NULL);
    f->results = named_goals(c->g, &m->values, values, 1);
    f->n_results = 1;
    f->seeds = named_goals(c->g, &m->place, place, 1);
    f->n_seeds = 1;
    pattern->results = named_goals(c->g, where, places, 2);
    pattern->n_results = 2;
    return plan_function(f, &c->plan) && plan_function(pattern, &c->plan);
}

static bool plan_wanted(Compilation *c, const Wanted *w) {
    if (w->matrix) return plan_matrix(c, w);
    Function *f = function_new(c, w->row->kind, c->g->outputs.at);
    f->results = goals(c->g, w->result, w->row->pairs ? w->result : w->first.at, w->first.n);
    f->n_results = w->first.n;
    for (uint32_t k = 0; w->note && k < w->first.n; k++) f->results[k].note = w->note[k];
    f->seeds = goals(c->g, w->seed, w->seed_of.at, w->seed_of.n);
    f->n_seeds = w->seed_of.n;
    return plan_function(f, &c->plan);
}

/* Where nothing can be cut, all that the gradient works in counts, as far as it is known. */
static bool check_whole(Compilation *c, const Function *gradient) {
    double bytes = 0;
    for (uint32_t k = 0; k < gradient->n_slots; k++) {
        double size = gradient->slot_type[k] == TYPE_INT || !c->g->f64 ? 4 : 8;
        for (Expr **n = gradient->slot_size[k]; *n; n++) {
            if ((*n)->kind != EXPR_CONST) {
                fprintf(stderr, "bpc: note: no recurrence of %s can be cut into segments: --memory %s holds only for sizes at which all fits\n", c->m->path, c->o->memory);
                return true;
            }
            size *= (double)(*n)->of.integer;
        }
        bytes += size;
    }
    if (bytes <= (double)c->plan.memory) return true;
    fprintf(stderr, "bpc: --memory %s cannot be met: no recurrence of %s can be cut into segments, and its gradient needs %.0f bytes\n", c->o->memory, c->m->path, bytes);
    c->too_small = true;
    return false;
}

/* What was asked of checkpointing and cannot be had. */
static bool check_memory(Compilation *c, const Function *gradient) {
    if (c->plan.checkpoint == CHECKPOINT_NONE) return true;
    if (!gradient->steps && c->plan.checkpoint == CHECKPOINT_MEMORY) return check_whole(c, gradient);
    if (!gradient->steps) {
        fprintf(stderr, "bpc: note: no recurrence of %s can be cut into segments: nothing is computed again, all is kept\n", c->m->path);
        return true;
    }
    const Expr *along = gradient->along;
    if (c->plan.checkpoint != CHECKPOINT_MEMORY || along->kind != EXPR_CONST || along->of.integer <= c->plan.memory) return true;
    fprintf(stderr, "bpc: --memory %s cannot be met: along its recurrence %s needs at least %lld bytes\n", c->o->memory, c->m->path, (long long)along->of.integer);
    c->too_small = true;
    return false;
}

static bool plan_forward_backward(Compilation *c) {
    Function *forward = function_new(c, FUNCTION_FORWARD, c->g->outputs.at), *backward = function_new(c, FUNCTION_BACKWARD, NULL);
    give_gradient(c, backward);
    return plan_pair(forward, backward, &c->plan);
}

static bool plan_all(Compilation *c) {
    Tensor *const *outputs = c->g->outputs.at;
    if (!plan_function(function_new(c, FUNCTION_PREDICT, c->predicted), &c->plan) || !plan_update(c)) return false;
    if (c->d.bars) {
        Function *gradient = function_new(c, FUNCTION_GRADIENT, outputs);
        give_gradient(c, gradient);
        if (!plan_function(gradient, &c->plan) || !check_memory(c, gradient)) return false;
        if (!gradient->steps && !plan_forward_backward(c)) return false; /* apart they need all that checkpointing does not keep */
    }
    if (c->d.dots) {
        Function *jvp = function_new(c, FUNCTION_JVP, outputs);
        jvp->results = goals(c->g, c->d.dots, shaped_like(c->g, c->d.of.at, c->d.dots, c->d.of.n), c->d.of.n);
        jvp->n_results = c->d.of.n;
        jvp->seeds = goals(c->g, c->d.seeds, shaped_like(c->g, c->d.wrt.at, c->d.seeds, c->d.wrt.n), c->d.wrt.n);
        jvp->n_seeds = c->d.wrt.n;
        if (!plan_function(jvp, &c->plan)) return false;
    }
    for (uint32_t k = 0; k < c->n_wanted; k++)
        if (!plan_wanted(c, &c->wanted[k])) return false;
    return true;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------ */
static const char *stem_name(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? arena_printf(arena, "%s", slash + 1) : path;
}

/* The options that shape the code, so that the comment at the top says how to make it again. */
static const char *command_line(Compilation *c) {
    static const char *const real[] = {"", " --real f32", " --real f64"}, *const mode[] = {"", " --mode reverse", " --mode forward", " --mode both"};
    const Options *o = c->o;
    Text line = {0};
    text_add(&line, "bpc %s%s%s -O%d%s%s", stem_name(c->g->arena, c->m->path), real[o->real], mode[o->mode], o->level,
             o->blas == BLAS_NONE ? " --blas none" : "", o->standalone ? " --standalone" : "");
    if (o->sparse) text_add(&line, " --sparse");
    if (o->target_clones) text_add(&line, " --target-clones");
    if (o->directions > 0) text_add(&line, " --directions %lld", (long long)o->directions);
    if (o->block >= 0) text_add(&line, " --block %lld", (long long)o->block);
    for (uint32_t k = 0; k < o->defines.n; k++) text_add(&line, " -D %s=%.17g", o->defines.at[k].name, o->defines.at[k].value);
    const StringList *lists[] = {&o->want, &o->of, &o->wrt};
    static const char *const names[] = {"want", "of", "wrt"};
    for (int l = 0; l < 3; l++)
        for (uint32_t k = 0; k < lists[l]->n; k++) {
            if (k == 0) text_add(&line, " --%s ", names[l]);
            text_add(&line, "%s%s", k ? "," : "", lists[l]->at[k]);
        }
    const char *kept = arena_printf(c->g->arena, "%s", line.at);
    text_free(&line);
    return kept;
}

static int compile_functions(Compilation *c) {
    int status = wanted_resolve(c->m, c->o, c->wanted, &c->n_wanted);
    if (status == STATUS_DONE) status = derive(c);
    if (status != STATUS_DONE) return status;
    plan_prepare(c->g);
    if (!plan_all(c)) {
        status = model_report(c->m, c->o);
        return status == STATUS_DONE && !c->too_small ? STATUS_FAILED : STATUS_WRONG_MODEL;
    }
    return STATUS_DONE;
}

static Compilation compilation_new(Model *m, const Options *o) {
    PlanOptions plan = {.level = o->level, .block = o->block, .threads = o->threads == THREADS_OPENMP};
    checkpoint_options(o, &plan);
    return (Compilation){.m = m, .g = m->graph, .o = o, .simplify = {.level = o->level, .without = o->without, .dump_after = o->dump_after}, .plan = plan};
}

static const char *with_suffix(Arena *arena, const char *path, const char *suffix) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t n = dot && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
    return arena_printf(arena, "%.*s%s", (int)n, path, suffix);
}

/* The header stands beside the source; where that goes to standard output it is named by the prefix. */
static const char *header_path(Arena *arena, const Options *o, const char *output) {
    return strcmp(output, "-") != 0 ? with_suffix(arena, output, ".h") : arena_printf(arena, "%s.h", symbol_prefix(arena, o));
}

int model_emit(Model *m, const Options *o, const char *header_name, Text *c_text, Text *h_text) {
    if (o->without && !simplify_knows(o->without)) {
        fprintf(stderr, "bpc: --without: no pass is called '%s'\n", o->without);
        return STATUS_FAILED;
    }
    Compilation c = compilation_new(m, o);
    int status = compile_functions(&c);
    if (status != STATUS_DONE) return status;
    Emission e = {.graph = c.g, .prefix = symbol_prefix(c.g->arena, o), .header_name = header_name, .source_name = stem_name(c.g->arena, m->path),
                  .command = command_line(&c), .standalone = o->standalone, .blas = o->blas == BLAS_CBLAS && !o->standalone, .clones = o->target_clones, .functions = c.functions.at, .n_functions = c.functions.n,
                  .wrt = c.d.wrt.at, .n_wrt = c.d.wrt.n, .members = map_new(c.g->arena)};
    if (c_text) emit_source(&e, c_text);
    if (h_text) emit_header(&e, h_text);
    return STATUS_DONE;
}

/* ---- the verb ---------------------------------------------------------------------------------------------------------------- */
static const OptionRow *const tables[] = {compile_options, derivative_options, code_options, model_options, NULL};
static const VerbHelp help = {NULL, "model.bp -o model.c",
                              "Turns the equations of model.bp into C: model.c and model.h, which compute its outputs and their derivatives.", tables, false};

static int print_text(Text *text) {
    fwrite(text->at ? text->at : "", 1, text->n, stdout);
    text_free(text);
    return STATUS_DONE;
}

/* --emit tokens and ast need no more than the text; they print what they can of a wrong file too. */
static int emit_source_form(const Options *o, Emit form) {
    Base base = base_new();
    size_t n;
    char *text = file_read_whole(o->model, 64 << 20, &n);
    if (!text) {
        fprintf(stderr, "bpc: cannot read '%s': %s\n", o->model, strerror(errno));
        return STATUS_FAILED;
    }
    uint16_t source = diag_add_source(base.diag, o->model, text, n);
    Text out = {0};
    if (form == EMIT_TOKENS) tokens_print(&base, source, &out);
    else ast_print(&out, ast_parse(&base, source));
    print_text(&out);
    diag_print(base.diag, stderr, use_colour());
    int status = diag_errors(base.diag) ? STATUS_WRONG_MODEL : STATUS_DONE;
    base_free(&base);
    free(text);
    return status;
}

static int write_file(const char *path, const char *bytes, size_t n) {
    int error = file_write_whole(path, bytes, n);
    if (error == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': %s\n", path, strerror(error));
    return STATUS_FAILED;
}

/* Value and derivatives as a model file, simplified no further than a reader wants. */
static int emit_equations(Compilation *c, Text *out) {
    c->simplify.level = 0;
    int status = wanted_resolve(c->m, c->o, c->wanted, &c->n_wanted);
    if (status == STATUS_DONE) status = derive(c);
    if (status != STATUS_DONE) return status;
    TensorList goals = {0};
    for (uint32_t k = 0; k < c->g->outputs.n; k++) vec_push(c->g->arena, &goals, c->g->outputs.at[k]);
    for (uint32_t k = 0; c->d.bars && k < c->d.wrt.n; k++) vec_push(c->g->arena, &goals, c->d.bars[k]);
    for (uint32_t k = 0; c->d.dots && k < c->d.of.n; k++) vec_push(c->g->arena, &goals, c->d.dots[k]);
    text_add(out, "# %s and its derivatives, as equations: made by %s\n", stem_name(c->g->arena, c->m->path), command_line(c));
    const char *reason = graph_print_model(c->g, goals.at, goals.n, out);
    if (reason) fprintf(stderr, "bpc: --emit bp: %s\n", reason);
    return reason ? STATUS_WRONG_MODEL : STATUS_DONE;
}

static int emit_graph_form(Model *m, const Options *o) {
    Compilation c = compilation_new(m, o);
    Text out = {0};
    if (o->emit == EMIT_GRAPH) graph_print(m->graph, &out);
    else if (o->emit == EMIT_JSON) graph_print_json(m->graph, &out);
    else if (o->emit == EMIT_BP) {
        int status = emit_equations(&c, &out);
        if (status == STATUS_DONE && o->output) status = write_file(o->output, out.at, out.n);
        else if (status == STATUS_DONE) return print_text(&out);
        text_free(&out);
        return status;
    } else {
        int status = compile_functions(&c);
        if (status != STATUS_DONE) return status;
        for (uint32_t k = 0; k < c.functions.n; k++) function_print(c.functions.at[k], &out);
    }
    return print_text(&out);
}


/* target: the model and what it imports, and an empty rule for each, as -MP has it. */
static int write_dependencies(Model *m, const Options *o, const char *output) {
    Arena *arena = m->base.arena;
    const char *path = o->depend_file ? o->depend_file : with_suffix(arena, output, ".d");
    Text text = {0};
    text_add(&text, "%s %s: %s", output, with_suffix(arena, output, ".h"), m->path);
    for (uint32_t k = 0; k < m->files.n; k++) text_add(&text, " %s", m->files.at[k]);
    text_add(&text, "\n");
    for (uint32_t k = 0; k < m->files.n; k++) text_add(&text, "%s:\n", m->files.at[k]);
    int status = write_file(path, text.at, text.n);
    text_free(&text);
    return status;
}

/* Both files, or neither: where the source cannot be written the header is put back as it was. */
static int write_pair(const char *output, const Text *c, const char *header, const Text *h) {
    size_t n = 0;
    char *old = file_read_whole(header, 64 << 20, &n);
    int status = write_file(header, h->at, h->n);
    if (status == STATUS_DONE) {
        status = write_file(output, c->at, c->n);
        if (status != STATUS_DONE && old) write_file(header, old, n);
        else if (status != STATUS_DONE) remove(header);
    }
    free(old);
    return status;
}

static int emit_files(Model *m, const Options *o) {
    Arena *arena = m->base.arena;
    const char *output = o->output ? o->output : with_suffix(arena, stem_name(arena, strcmp(o->model, "-") ? o->model : "model"), ".c");
    const char *header = header_path(arena, o, output);
    bool to_stdout = strcmp(output, "-") == 0;
    Text c = {0}, h = {0};
    int status = model_emit(m, o, stem_name(arena, header), &c, &h);
    if (status == STATUS_DONE) status = to_stdout ? write_file("-", c.at, c.n) : write_pair(output, &c, header, &h);
    if (status == STATUS_DONE && !to_stdout && (o->depend || o->depend_file)) status = write_dependencies(m, o, output);
    text_free(&c);
    text_free(&h);
    return status;
}

int verb_compile(int argc, char **argv) {
    Arena *arena = arena_new();
    Options o;
    options_init(&o, arena);
    OptionsOutcome outcome = options_parse(&o, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN && (o.emit == EMIT_TOKENS || o.emit == EMIT_AST)) status = emit_source_form(&o, (Emit)o.emit);
    else if (outcome == OPTIONS_RUN) {
        Model m;
        status = model_open(&m, &o);
        if (status == STATUS_DONE) status = o.emit == EMIT_C ? emit_files(&m, &o) : emit_graph_form(&m, &o);
        model_close(&m);
    }
    arena_free(arena);
    return status;
}
