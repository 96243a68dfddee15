/* Long functions: a static function for each part, which the function calls one after the other.
 *
 *     typedef struct { double *z; double x1; … } model_gradient_shared;
 *     static void model_gradient_part2(const model_params *params, …, model_gradient_shared *shared) {
 *         const double a = *params->a;
 *         double *const z = shared->z;
 *         double x1 = shared->x1;
 *         …                                    the statements, as they would stand in one function
 *         shared->x1 = x1;
 *     }
 *
 * Shared are arrays, and the locals that several parts or the lines behind the last part touch. The struct lies in the
 * workspace behind the arrays, so that the stack stays small. */
#include <string.h>

#include "emit/writer.h"
#include "plan/storage.h"

typedef struct { uint32_t first, last; } Touched; /* numbers of parts, from 1 on; 0: no part */

typedef VEC(Tensor *) Tensors;
typedef struct Parts Parts;
struct Parts {
    Touched *touched;    /* by tensor number */
    Tensors *of;      /* by part: the tensors that it touches */
};

typedef struct {
    Writer *w;
    Parts *parts;
    uint32_t part; /* number of the one that the walk is in */
} Scan;

/* ---- what is touched where ------------------------------------------------------------------------------------------- */
static void touch(Scan *s, Tensor *t) {
    Touched *x = &s->parts->touched[t->number];
    if (x->last == s->part) return;
    if (!x->first) x->first = s->part;
    x->last = s->part;
    vec_push(s->w->g->stage, &s->parts->of[s->part - 1], t);
}

static void touch_call(Scan *s, const Tensor *to) {
    const Call *c = to->call;
    for (uint32_t k = 0; k < c->n; k++) touch(s, c->arg[k]);
    for (uint32_t k = 0; k < 2; k++)
        if (c->scratch[k]) touch(s, c->scratch[k]);
}

static void scan_node(Tree *n, const Visit *v, void *with) {
    Scan *s = with;
    const Function *f = s->w->f;
    while (s->part < f->n_parts && f->part[s->part].top <= v->top) s->part++;
    const ArenaMark mark = arena_mark(s->w->g->lists);
    ExprList all = tree_reads(s->w->g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch(s, all.at[k]->of.tensor);
    arena_release(s->w->g->lists, mark);
    if (n->kind == TREE_SET) touch(s, n->as.set.to);
    if (n->kind == TREE_KERNEL) {
        touch(s, n->as.product.a);
        touch(s, n->as.product.b);
        touch(s, n->as.product.c);
    }
    if (n->kind == TREE_CALL) {
        touch(s, n->as.call.to);
        touch_call(s, n->as.call.to);
    }
}

/* What the caller receives is read behind the last part. */
static void touch_goals(Scan *s) {
    const Function *f = s->w->f;
    for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) {
        const Tensor *t = k < f->n_outputs ? f->outputs[k].tensor : f->results[k - f->n_outputs].tensor;
        if (s->parts->touched[t->number].first) s->parts->touched[t->number].last = f->n_parts + 1;
    }
}

static Parts *find_parts(Writer *w) {
    Arena *stage = w->g->stage;
    Parts *p = NEW(stage, Parts);
    p->touched = NEW_ARRAY(stage, Touched, w->f->n_tensors + 1);
    p->of = NEW_ARRAY(stage, Tensors, w->f->n_parts);
    Scan s = {w, p, 0};
    tree_visit(w->f->body, scan_node, &s);
    touch_goals(&s);
    return p;
}

/* ---- what is shared ------------------------------------------------------------------------------------------------------ */
static const char *local_name(Writer *w, const Tensor *t) { return map_get(w->tensors, t); }
static const Buffer *buffer_of(const Writer *w, const Tensor *t) { return w->f->buffer[t->number]; }

static bool is_shared_local(const Writer *w, const Tensor *t) {
    const Touched *x = &w->parts->touched[t->number];
    return buffer_of(w, t)->place == PLACE_LOCAL && x->first != x->last;
}

static void write_shared_type(Writer *w) {
    text_add(w->out, "typedef struct {\n");
    for (uint32_t k = 0; k < w->f->n_tensors; k++) {
        const Tensor *t = w->g->tensors.at[k];
        if (!w->parts->touched[k].first) continue;
        if (is_array(buffer_of(w, t))) text_add(w->out, "    %s *%s;\n", array_type(w, t->type), array_name(w, buffer_of(w, t)));
        else if (is_shared_local(w, t)) text_add(w->out, "    %s %s;\n", local_type(w, t), local_name(w, t));
    }
    text_add(w->out, "} %s_%s_shared;\n\n", w->emission->prefix, function_shapes[w->f->kind].name);
}

/* ---- one part -------------------------------------------------------------------------------------------------------------- */
static void write_local(Writer *w, const Tensor *t, uint32_t part) {
    const Touched *x = &w->parts->touched[t->number];
    const char *type = local_type(w, t), *name = local_name(w, t);
    if (x->first < part) writer_line(w, "%s%s %s = %s->%s;", is_single(w, t) ? "const " : "", type, name, w->shared, name);
    else if (is_late(w, t, NULL)) writer_line(w, "%s %s = 0;", type, name);
}

/* Most parts do not look at all of the arguments. */
static void write_unused(Writer *w) {
    Text names = {0};
    write_arguments(w->emission, w->f->kind, &names);
    for (char *at = names.at; *at;) {
        const size_t n = strcspn(at, ",");
        writer_line(w, "(void)%.*s;", (int)n, at);
        at += n + strspn(at + n, ", ");
    }
    text_free(&names);
}

/* "model_gradient_part", without its number */
static const char *part_name(const Writer *w) {
    return arena_printf(w->g->arena, "%s_%s_part", w->emission->prefix, function_shapes[w->f->kind].name);
}

static void write_stores(Writer *w, uint32_t part) {
    const Tensors *list = &w->parts->of[part - 1];
    for (uint32_t k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        const Touched *x = &w->parts->touched[t->number];
        if (!is_shared_local(w, t) || x->last == part || (x->first < part && is_single(w, t))) continue;
        writer_line(w, "%s->%s = %s;", w->shared, local_name(w, t), local_name(w, t));
    }
}

static void write_part(Writer *w, uint32_t part, const Map *seeds) {
    const Function *f = w->f;
    const Tensors *list = &w->parts->of[part - 1];
    text_add(w->out, "static %s" PART " int %s%u(", w->emission->clones ? CLONES " " : "", part_name(w), part);
    write_parameters(w->emission, f->kind, w->out);
    text_add(w->out, ", %s_%s_shared *%s) {\n", w->emission->prefix, function_shapes[f->kind].name, w->shared);
    w->indent = 1;
    write_unused(w);
    write_dims(w);
    for (uint32_t k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        const Buffer *b = buffer_of(w, t);
        write_supplied(w, b, seeds);
        write_constant_array(w, b);
        if (is_array(b)) writer_line(w, "%s *const %s = %s->%s;", array_type(w, t->type), array_name(w, b), w->shared, array_name(w, b));
        else if (b->place == PLACE_LOCAL) write_local(w, t, part);
    }
    text_add(w->out, "\n");
    write_statements(w, f->part[part - 1].first, part < f->n_parts ? f->part[part].first : NULL);
    write_stores(w, part);
    writer_line(w, "return BP_OK;");
    text_add(w->out, "}\n\n");
    w->indent = 0;
}

void write_parts(Writer *w) {
    w->parts = find_parts(w);
    w->shared = writer_take_name(w, "shared");
    write_shared_type(w);
    const Map *seeds = seed_members(w);
    for (uint32_t k = 1; k <= w->f->n_parts; k++) write_part(w, k, seeds);
}

/* ---- in the function itself ---------------------------------------------------------------------------------------------- */
void call_parts(Writer *w) {
    const char *prefix = w->emission->prefix;
    writer_line(w, "%s_%s_shared *const %s = %s_take(&block, 1, sizeof *%s);", prefix, function_shapes[w->f->kind].name, w->shared, prefix, w->shared);
    for (uint32_t k = 0; k < w->f->n_tensors; k++) {
        Tensor *t = w->g->tensors.at[k];
        if (!w->parts->touched[k].first) continue;
        if (is_array(buffer_of(w, t))) writer_line(w, "%s->%s = %s;", w->shared, array_name(w, buffer_of(w, t)), array_name(w, buffer_of(w, t)));
        else if (is_shared_local(w, t)) map_put(w->tensors, t, arena_printf(w->g->stage, "%s->%s", w->shared, local_name(w, t)));
    }
    for (uint32_t k = 1; k <= w->f->n_parts; k++) {
        writer_indent(w);
        text_add(w->out, "if (%s%u(", part_name(w), k);
        write_arguments(w->emission, w->f->kind, w->out);
        text_add(w->out, ", %s) != BP_OK) return BP_E_DOMAIN;\n", w->shared);
    }
}
