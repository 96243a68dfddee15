/* One function: its arguments by their names in the model, the workspace cut into arrays, the tree of loops, and
 * what the caller gets. */
#include <string.h>

#include "emit/writer.h"
#include "graph/ops.h"

static bool is_result(const Writer *w, const Goal *goal) {
    return w->f->n_results > 0 && goal >= w->f->results && goal < w->f->results + w->f->n_results;
}

const char *goal_member(Writer *w, const Goal *goal) {
    const char *results = function_shapes[w->f->kind].results, *from = !is_result(w, goal) ? "out" : results ? results : "state";
    return arena_printf(w->g->arena, "%s->%s", from, member_name(w->emission, goal->stands_for));
}

/* ---- names ----------------------------------------------------------------------------------------------------------- */
static void name_everything(Writer *w) {
    static const char *const arguments[] = {"dims", "in", "params", "state", "out", "grads", "jvps", "tangents", "cotangents",
                                            "jacobians", "hvps", "hessians", "pattern", "workspace", "block", "status"};
    for (size_t k = 0; k < sizeof arguments / sizeof *arguments; k++) writer_take_name(w, arguments[k]);
    for (uint32_t k = 0; k < w->g->dims.n; k++)
        map_put(w->dims, KEY(k), (void *)(uintptr_t)writer_take_name(w, w->g->dims.at[k].name));
    for (uint32_t k = 0; k < w->f->n_tensors; k++) {
        Tensor *t = w->g->tensors.at[k];
        if (!w->f->buffer[k]) continue;
        map_put(w->tensors, t, (void *)(uintptr_t)writer_take_name(w, t->name));
        if (w->f->buffer[k]->own) map_put(w->all_of, t, (void *)(uintptr_t)writer_take_name(w, arena_printf(w->g->arena, "%s_all", t->name)));
    }
}

static const char *local_name(Writer *w, const Tensor *t) { return map_get(w->tensors, t); }

/* ---- what the caller gives --------------------------------------------------------------------------------------------- */
typedef struct { Role role; const char *from; } Supply;

static const char *supplier(const Writer *w, const Tensor *t) {
    static const Supply supplies[] = {{ROLE_INPUT, "in"}, {ROLE_PARAM, "params"}, {ROLE_STATE, "state"}};
    for (size_t k = 0; k < sizeof supplies / sizeof *supplies; k++)
        if (supplies[k].role == t->role) return supplies[k].from;
    return function_shapes[w->f->kind].seeds;
}

void write_dims(Writer *w) {
    for (uint32_t k = 0; k < w->g->dims.n; k++) {
        const char *name = map_get(w->dims, KEY(k));
        writer_line(w, "const int64_t %s = dims->%s;", name, c_identifier(w->g->arena, w->g->dims.at[k].name));
        writer_line(w, "(void)%s;", name);
    }
}

Map *seed_members(const Writer *w) {
    Map *member = map_new(w->g->arena);
    for (uint32_t k = 0; k < w->f->n_seeds; k++)
        if (!map_get(member, w->f->seeds[k].tensor)) map_put(member, w->f->seeds[k].tensor, w->f->seeds[k].stands_for);
    return member;
}

void write_supplied(Writer *w, const Buffer *b, const Map *seeds) {
    if (!b || b->place != PLACE_USER || b->goal) return;
    const Tensor *t = b->tensor, *seed = map_get(seeds, t);
    const char *type = array_type(w, t->type), *name = local_name(w, t), *from = supplier(w, t), *member = member_name(w->emission, seed ? seed : t);
    if (t->rank == 0 && t->type == TYPE_INT) writer_line(w, "const int64_t %s = *%s->%s;", name, from, member);
    else if (t->rank == 0) writer_line(w, "const %s %s = *%s->%s;", type, name, from, member);
    else writer_line(w, "const %s *const %s = %s->%s;", type, name, from, member);
}

static void write_values(Writer *w, const Tensor *t, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        text_add(w->out, k ? ", " : "");
        if (t->type == TYPE_INT) text_add(w->out, "%lld", (long long)t->values[k]);
        else write_real(w, t->values[k]);
    }
}

void write_constant_array(Writer *w, const Buffer *b) {
    if (!b || b->place != PLACE_CONST) return;
    int64_t n = 1;
    for (uint32_t a = 0; a < b->tensor->rank; a++) n *= b->tensor->extent[a]->of.integer;
    writer_indent(w);
    text_add(w->out, "static const %s %s[%lld] = {", array_type(w, b->tensor->type), local_name(w, b->tensor), (long long)n);
    write_values(w, b->tensor, n);
    text_add(w->out, "};\n");
}

/* ---- the workspace ---------------------------------------------------------------------------------------------------------- */
static void write_size(Writer *w, Expr *const *size) {
    if (!*size) text_add(w->out, "1");
    for (uint32_t k = 0; size[k]; k++) {
        text_add(w->out, k ? "*" : "");
        write_expr(w, write_out(w, size[k]), TYPE_INT, C_UNARY);
    }
}

bool in_workspace(const Buffer *b) { return b && (b->place == PLACE_WORKSPACE || b->fallback); }

bool is_array(const Buffer *b) { return in_workspace(b) || (b && b->place == PLACE_USER && b->goal); }

/* The name that an array has where a function begins: of those that each thread has, the name of all together. */
const char *array_name(Writer *w, const Buffer *b) {
    return b->own ? map_get(w->all_of, b->tensor) : local_name(w, b->tensor);
}

void write_own_arrays(Writer *w, const Tree *loop) {
    const Function *f = w->f;
    const char *thread = NULL;
    for (uint32_t k = 0; k < f->n_tensors; k++) {
        const Buffer *b = f->buffer[k];
        if (!b || b->own != loop) continue;
        if (!thread) {
            thread = writer_take_name(w, "thread");
            writer_line(w, "const int64_t %s = %s_thread();", thread, w->emission->prefix);
        }
        writer_indent(w);
        text_add(w->out, "%s *const %s = %s + %s*", array_type(w, b->tensor->type), local_name(w, b->tensor), array_name(w, b), thread);
        write_size(w, f->slot_size[b->slot]);
        text_add(w->out, ";\n");
    }
    if (thread) writer_free_name(w, "thread", thread);
}

static void write_array(Writer *w, const Buffer *b, const char *slot) {
    const char *type = array_type(w, b->tensor->type), *name = array_name(w, b);
    if (b->fallback) {
        const char *member = goal_member(w, b->goal);
        writer_line(w, "%s *const %s = %s ? %s : %s;", type, name, member, member, slot);
    } else {
        writer_line(w, "%s *const %s = %s;", type, name, slot);
    }
}

typedef VEC(const Buffer *) Buffers;

/* A slot of one array is that array; others get a name of their own, which their arrays take. */
static void write_slot(Writer *w, uint32_t slot, const Buffers *in_it) {
    const Function *f = w->f;
    const char *type = array_type(w, f->slot_type[slot]);
    bool alone = in_it->n == 1 && !in_it->at[0]->fallback;
    const char *name = alone ? array_name(w, in_it->at[0]) : writer_take_name(w, arena_printf(w->g->arena, "slot%u", slot + 1));
    writer_indent(w);
    text_add(w->out, "%s *const %s = %s_take(&block, ", type, name, w->emission->prefix);
    if (f->slot_own[slot]) text_add(w->out, "%s*", threads_name(w->emission));
    write_size(w, f->slot_size[slot]);
    text_add(w->out, ", sizeof(%s));\n", type);
    if (in_it->n == 0) writer_line(w, "(void)%s;", name);
    for (uint32_t k = 0; k < in_it->n && !alone; k++) write_array(w, in_it->at[k], name);
}

static void write_arrays(Writer *w) {
    const Function *f = w->f;
    Buffers *by_slot = NEW_ARRAY(w->g->stage, Buffers, f->n_slots + 1);
    for (uint32_t k = 0; k < f->n_tensors; k++)
        if (in_workspace(f->buffer[k])) vec_push(w->g->stage, &by_slot[f->buffer[k]->slot], f->buffer[k]);
    if (f->n_slots || w->parts) writer_line(w, "char *block = workspace;");
    for (uint32_t k = 0; k < f->n_slots; k++) write_slot(w, k, &by_slot[k]);
    for (uint32_t k = 0; k < f->n_tensors; k++) {
        const Buffer *b = f->buffer[k];
        if (b && b->place == PLACE_USER && b->goal && !b->fallback)
            writer_line(w, "%s *const %s = %s;", array_type(w, b->tensor->type), local_name(w, b->tensor), goal_member(w, b->goal));
    }
}

/* ---- what the caller gets ------------------------------------------------------------------------------------------------------ */
static void copy_array(Writer *w, const Goal *goal) {
    const char *member = goal_member(w, goal), *i = writer_take_name(w, "i");
    writer_indent(w);
    text_add(w->out, "for (int64_t %s = 0; %s && %s < ", i, member, i);
    Expr **size = NEW_ARRAY(w->g->arena, Expr *, goal->tensor->rank + 1);
    for (uint32_t k = 0; k < goal->tensor->rank; k++) size[k] = goal->tensor->extent[k];
    write_size(w, size);
    text_add(w->out, "; %s++) %s[%s] = %s[%s];\n", i, member, i, local_name(w, goal->tensor), i);
    writer_free_name(w, "i", i);
}

static void write_goal(Writer *w, const Goal *goal, bool value) {
    const Buffer *b = w->f->buffer[goal->tensor->number];
    if (b->goal == goal && b->place == PLACE_USER) return;
    if (goal->tensor->rank > 0) {
        copy_array(w, goal);
        return;
    }
    bool pointer = b->place == PLACE_WORKSPACE || (b->place == PLACE_USER && b->goal);
    bool narrow = goal->tensor->type == TYPE_INT && !pointer;
    const char *cast = narrow ? narrowing_of_goal(w, goal) : b->wide ? "(float)" : "";
    const char *member = goal_member(w, goal);
    writer_line(w, "%s%s%s = %s%s%s%s;", value ? "" : arena_printf(w->g->arena, "if (%s) *", member), member, "", cast,
                local_name(w, goal->tensor), pointer ? "[0]" : "", narrow ? ")" : "");
}

static void write_goals(Writer *w) {
    const Function *f = w->f;
    for (uint32_t k = 0; k < f->n_outputs; k++) write_goal(w, &f->outputs[k], true);
    for (uint32_t k = 0; k < f->n_results; k++) write_goal(w, &f->results[k], false);
}

/* Structs that only some functions have; the others are looked at by <prefix>_check. */
static void write_null_checks(Writer *w) {
    const FunctionShape *shape = &function_shapes[w->f->kind];
    if (shape->outputs && has_outputs(w->g)) writer_line(w, "if (!out) return BP_E_NULL;");
    if (shape->results) writer_line(w, "if (!%s) return BP_E_NULL;", shape->results);
    if (shape->seeds) writer_line(w, "if (!%s) return BP_E_NULL;", shape->seeds);
    for (uint32_t k = 0; k < w->f->n_seeds; k++)
        writer_line(w, "if (!%s->%s) return BP_E_NULL;", shape->seeds, member_name(w->emission, w->f->seeds[k].stands_for));
}

/* pattern->NAME what size; */
static void write_matrix_size(Writer *w, const char *before, const char *name, Expr *size, const char *after) {
    writer_indent(w);
    text_add(w->out, "%spattern->%s %s ", before, name, *before ? "!=" : "=");
    write_expr(w, size, TYPE_INT, C_TERNARY);
    text_add(w->out, "%s;\n", after);
}

/* A pattern's sizes, set or, where values go by it, compared. */
static void write_matrix_sizes(Writer *w) {
    const Function *f = w->f;
    if (!f->terms) return;
    if (!is_pattern(function_shapes[f->kind].results)) {
        write_matrix_size(w, "if (", "terms", f->terms, ") return BP_E_SHAPE");
        return;
    }
    write_matrix_size(w, "", "rows", f->rows, "");
    write_matrix_size(w, "", "columns", f->columns, "");
    write_matrix_size(w, "", "terms", f->terms, "");
    writer_line(w, "if (pattern->rows > INT32_MAX || pattern->columns > INT32_MAX || pattern->terms > INT32_MAX) return BP_E_MEMORY;");
    writer_line(w, "if (!pattern->start) return BP_OK;");
    writer_line(w, "if (!pattern->index || !pattern->place || !pattern->row || !pattern->column) return BP_E_NULL;");
}

static void write_named(Writer *w, Expr *e, const char *wanted) {
    if (!e || e->kind == EXPR_CONST || e->kind == EXPR_DIM) return;
    const char *name = writer_take_name(w, wanted);
    writer_indent(w);
    text_add(w->out, "const int64_t %s = ", name);
    write_expr(w, write_out(w, e), TYPE_INT, C_TERNARY);
    text_add(w->out, ";\n");
    if (!w->named) w->named = map_new(w->g->stage);
    map_put(w->named, e, (void *)(uintptr_t)name);
    map_put(w->named, write_out(w, e), (void *)(uintptr_t)name); /* as statements have it */
}

/* Of a recurrence that is cut into segments. */
static void write_segment_sizes(Writer *w) {
    write_named(w, w->f->steps, "steps");
    write_named(w, w->f->segments, "segments");
}

static void write_return(Writer *w) {
    bool sorts = is_pattern(function_shapes[w->f->kind].results);
    if (sorts) map_put(w->used, name_of(w->g->names, "bp_pattern_sort"), w);
    writer_line(w, sorts ? "return bp_pattern_sort(pattern);" : "return BP_OK;");
}

/* By tensor number: does the caller get it? */
static bool *goals_of(const Writer *w) {
    const Function *f = w->f;
    bool *is_goal = NEW_ARRAY(w->g->stage, bool, f->n_tensors + 1);
    for (uint32_t k = 0; k < f->n_outputs; k++) is_goal[f->outputs[k].tensor->number] = true;
    for (uint32_t k = 0; k < f->n_results; k++) is_goal[f->results[k].tensor->number] = true;
    return is_goal;
}

void write_function(Writer *w) {
    name_everything(w);
    find_homes(w);
    if (w->f->n_parts) write_parts(w);
    if (w->emission->clones) text_add(w->out, "%s ", CLONES);
    write_prototype(w->emission, w->f->kind, w->out, " {\n");
    w->indent = 1;
    writer_indent(w);
    text_add(w->out, "const int status = %s_check(", w->emission->prefix);
    write_common_arguments(w->emission, false, w->out);
    text_add(w->out, ");\n");
    writer_line(w, "if (status != BP_OK) return status;");
    write_null_checks(w);
    write_dims(w);
    write_matrix_sizes(w);
    write_segment_sizes(w);
    const Map *seeds = seed_members(w);
    const bool *here = w->parts ? goals_of(w) : NULL; /* parts have those that they touch */
    for (uint32_t k = 0; k < w->f->n_tensors; k++)
        if (!here || here[k]) write_supplied(w, w->f->buffer[k], seeds);
    for (uint32_t k = 0; k < w->f->n_tensors; k++)
        if (!here || here[k]) write_constant_array(w, w->f->buffer[k]);
    write_arrays(w);
    text_add(w->out, "\n");
    if (w->parts) call_parts(w);
    else write_list(w, w->f->body, NULL);
    write_goals(w);
    write_return(w);
    text_add(w->out, "}\n");
}
