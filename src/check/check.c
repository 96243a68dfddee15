/* The whole of checking as a page of calls, its messages, and imports. */
#include "check/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages: kept with the group that is being evaluated, since a recurrence is evaluated more than once ---- */
static void keep(C *c, Complaint complaint, const char *format, va_list args) {
    Text text = {NULL, 0, 0};
    va_list copy;
    va_copy(copy, args);
    int n = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char *buffer = arena_alloc(c->arena, (size_t)(n < 0 ? 0 : n) + 1);
    vsnprintf(buffer, (size_t)(n < 0 ? 0 : n) + 1, format, args);
    complaint.text = buffer;
    text_free(&text);
    vec_push(c->arena, &c->group->complaints, complaint);
}

void complain(C *c, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    keep(c, (Complaint){.span = span}, format, args);
    c->errors++;
    va_end(args);
}

void warn(C *c, const char *flag, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    keep(c, (Complaint){.warning = true, .flag = flag, .span = span}, format, args);
    va_end(args);
}

void note(C *c, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    keep(c, (Complaint){.note = true, .span = span}, format, args);
    va_end(args);
}

const char *say(C *c, const char *format, ...) {
    va_list args, copy;
    va_start(args, format);
    va_copy(copy, args);
    int n = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char *buffer = arena_alloc(c->arena, (size_t)(n < 0 ? 0 : n) + 1);
    vsnprintf(buffer, (size_t)(n < 0 ? 0 : n) + 1, format, args);
    va_end(args);
    return buffer;
}

static const char *taken_over(C *c, Text *text) {
    const char *kept = arena_strndup(c->arena, text->n ? text->at : "", text->n);
    text_free(text);
    return kept;
}

static const char *shortened(C *c, const char *text) {
    size_t n = strlen(text), cut = 57;
    if (n <= 60) return text;
    while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80) cut--;
    return say(c, "%.*s…", (int)cut, text);
}

const char *say_expr(C *c, Expr *e) {
    Text text = {NULL, 0, 0};
    if (!e) return "?";
    expr_print(c->g, &text, e);
    return shortened(c, taken_over(c, &text));
}

const char *say_extents(C *c, Expr *const *extent, uint32_t n) {
    Text text = {NULL, 0, 0};
    if (n == 0) return "of a scalar";
    text_add(&text, "[");
    for (uint32_t k = 0; k < n; k++) text_add(&text, "%s%s", k ? ", " : "", say_expr(c, extent[k]));
    text_add(&text, "]");
    return taken_over(c, &text);
}

const char *say_shape(C *c, const Value *v) { return say_extents(c, v->extent, v->rank); }

const char *say_node(C *c, const Node *node) {
    size_t n;
    const char *text = diag_source_text(c->base->diag, node->span.file, &n);
    if (!text || node->span.end > n || node->span.begin >= node->span.end) return "?";
    const char *written = arena_strndup(c->arena, text + node->span.begin, node->span.end - node->span.begin);
    const char *line = strchr(written, '\n');
    if (line) written = say(c, "%.*s…", (int)(line - written), written);
    return shortened(c, written);
}

/* All messages of what stands, groups in the order of the file. */
static void flush(C *c, Group *g, Map *seen) {
    if (map_get(seen, g)) return;
    map_put(seen, g, g);
    for (uint32_t k = 0; k < g->complaints.n; k++) {
        Complaint *m = &g->complaints.at[k];
        if (m->note) diag_note(c->base->diag, m->span, "%s", m->text);
        else if (m->warning) diag_warning(c->base->diag, m->flag, m->span, "%s", m->text);
        else diag_error(c->base->diag, m->span, "%s", m->text);
    }
    for (uint32_t k = 0; k < g->items.n; k++)
        if (g->items.at[k].group) flush(c, g->items.at[k].group, seen);
}

/* ---- imports ------------------------------------------------------------------------------------------------- */
static char *read_module(C *c, Symbol name, uint16_t from, size_t *n, const char **path) {
    const char *file = diag_source_name(c->base->diag, from), *slash = strrchr(file, '/');
    uint32_t folders = c->options ? c->options->n_folders : 0;
    for (uint32_t k = 0; k <= folders; k++) {
        if (k == 0) *path = say(c, "%.*s%s.bp", slash ? (int)(slash - file + 1) : 0, file, name);
        else *path = say(c, "%s/%s.bp", c->options->folders[k - 1], name);
        char *text = file_read_whole(*path, 64u << 20, n);
        if (text) return text;
        if (errno != ENOENT && errno != ENOTDIR) return NULL;
    }
    errno = ENOENT;
    return NULL;
}

Scope *import_module(C *c, Symbol name, Span span, uint16_t from) {
    size_t n;
    const char *path;
    char *text = read_module(c, name, from, &n, &path);
    if (!text) {
        complain(c, span, errno == ENOENT ? "there is no file '%s.bp' beside this one, in the -I folders or in the library" : "'%s.bp' cannot be read", name);
        return NULL;
    }
    Symbol key = name_of(c->base->names, path);
    Scope *old = map_get(c->modules, key);
    if (old) {
        free(text);
        if (!old->closed) complain(c, span, "'%s' imports itself, by way of other files", name);
        return old->closed ? old : NULL;
    }
    const char *kept = arena_strndup(c->arena, text, n);
    free(text);
    if (c->files) vec_push(c->arena, c->files, path);
    uint16_t file = diag_add_source(c->base->diag, path, kept, n);
    Ast *ast = ast_parse(c->base, file);
    Scope *s = scope_new(c, c->builtins);
    s->file = file;
    s->is_file = s->is_module = true;
    s->prefix = say(c, "%s.", name);
    map_put(c->modules, key, s);
    declare_block(c, s, ast->block);
    for (uint32_t k = 0; k < s->names.n; k++) {
        Binding *b = s->names.at[k];
        if (b->kind != BIND_GROUP) continue;
        complain(c, b->span, "a file that is imported has defs, layers and constants; '%s' is an equation", b->name);
        b->kind = BIND_POISON;
    }
    s->closed = true;
    return s;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */
static void loss_check(C *c) {
    Group *g = c->loss;
    if (!g || g->poisoned || g->state != GROUP_DONE) return;
    if (g->rank == 0) return;
    complain(c, g->span, "a loss is one number, and '%s' has shape %s", g->name, say_extents(c, g->extent, g->rank));
    note(c, g->span, "the mean or the sum over what is left over is a number");
}

static void metric_check(C *c) {
    for (uint32_t k = 0; k < c->marked.n; k++) {
        Group *g = c->marked.at[k];
        if ((g->marks & MARK_METRIC) && !g->poisoned && g->rank) complain(c, g->span, "a metric is one number, and '%s' has shape %s", g->name, say_extents(c, g->extent, g->rank));
    }
}

/* Every free size must be learnt from the shape of some input. */
static void dims_check(C *c) {
    bool *bound = NEW_ARRAY(c->arena, bool, c->g->dims.n);
    for (uint32_t k = 0; k < c->g->tensors.n; k++) {
        Tensor *t = c->g->tensors.at[k];
        for (uint32_t a = 0; t->role == ROLE_INPUT && a < t->rank; a++)
            if (t->extent[a]->kind == EXPR_DIM) bound[t->extent[a]->of.number] = true;
    }
    for (uint32_t k = 0; k < c->g->dims.n; k++) {
        Binding *b = scope_here(c->file, c->g->dims.at[k].name);
        if (bound[k] || !b || b->kind != BIND_VALUE || map_get(c->lost, c->g->dims.at[k].name)) continue;
        complain(c, c->g->dims.at[k].span, "nothing says what '%s' is: no input has it bare in its shape", c->g->dims.at[k].name);
        note(c, c->g->dims.at[k].span, "give it a value here, '%s = 10', or with -D %s=10", c->g->dims.at[k].name, c->g->dims.at[k].name);
    }
}

static bool has_poison(const Scope *s) {
    for (uint32_t k = 0; k < s->names.n; k++)
        if (s->names.at[k]->kind == BIND_POISON) return true;
    return false;
}

static void unused_check(C *c) {
    for (uint32_t k = 0; k < c->file->names.n; k++) {
        Binding *b = c->file->names.at[k];
        bool wanted = b->kind == BIND_GROUP ? !b->group->used : !b->used && (b->declared == NODE_INPUT || b->declared == NODE_PARAM || b->declared == NODE_CONST || b->declared == NODE_DIM || b->declared == NODE_USE);
        if (wanted && b->kind != BIND_POISON && c->marked.n) warn(c, "unused", b->span, "'%s' is never used", b->name);
    }
}

static void evaluate(C *c) {
    for (uint32_t k = 0; k < c->file->names.n; k++) binding_settle(c, c->file->names.at[k]);
    settle_in_order(c, c->file);
    c->group = c->top;
    run_updates(c, c->file);
}

/* The names on the lines where something could not be read. What such a line defines is not known, so that no more is said about
 * its names. */
enum { MOST_LOST = 200 };
static void lost_names(C *c, uint16_t file) {
    size_t n;
    const char *text = diag_source_text(c->base->diag, file, &n);
    Span span;
    for (uint32_t k = 0; k < MOST_LOST && diag_error_span(c->base->diag, k, &span); k++) {
        if (span.file != file) continue;
        size_t begin = span.begin < n ? span.begin : n, end = begin;
        while (begin > 0 && text[begin - 1] != '\n') begin--;
        while (end < n && text[end] != '\n') end++;
        while (begin < end) {
            size_t at = begin;
            while (at < end && ((text[at] >= '0' && text[at] <= '9') || ((text[at] | 32) >= 'a' && (text[at] | 32) <= 'z') || text[at] == '_' || text[at] & 0x80)) at++;
            if (at > begin) map_put(c->lost, (const void *)name_of(c->base->names, arena_strndup(c->arena, text + begin, at - begin)), c);
            begin = at > begin ? at : at + 1;
        }
    }
}

Graph *check_model_files(Base *base, const char *path, const char *text, size_t n, const CheckOptions *options, FileList *files) {
    C *c = NEW(base->arena, C);
    c->base = base, c->arena = base->arena, c->options = options, c->files = files;
    c->g = graph_new(base);
    c->modules = map_new(c->arena), c->def_depth = map_new(c->arena), c->drafts_of = map_new(c->arena), c->bounded = map_new(c->arena), c->lost = map_new(c->arena);
    c->group_of = map_new(c->arena), c->wanted = map_new(c->arena), c->requested = map_new(c->arena), c->derivative_of = map_new(c->arena);
    c->define_used = NEW_ARRAY(c->arena, bool, options ? options->n_defines : 1);
    c->builtins = scope_new(c, NULL);
    uint16_t file = diag_add_source(base->diag, path, text, n);
    c->top = c->group = group_new(c, NULL, name_of(base->names, "file"), (Span){0, 0, file});
    c->top->state = GROUP_DONE;
    c->top->stem = name_of(base->names, "const");
    Ast *ast = ast_parse(base, file);
    lost_names(c, file);
    c->file = scope_new(c, c->builtins);
    c->file->file = file;
    c->file->is_file = true;
    declare_block(c, c->file, ast->block);
    evaluate(c);
    loss_check(c);
    metric_check(c);
    for (uint32_t k = 0; options && k < options->n_defines; k++)
        if (!c->define_used[k]) complain(c, (Span){0, 0, file}, "-D %s: the file has no dim or const of this name", options->defines[k].name);
    if (!has_poison(c->file)) dims_check(c);
    Map *seen = map_new(c->arena);
    flush(c, c->top, seen);
    for (uint32_t k = 0; k < c->file->names.n; k++)
        if (c->file->names.at[k]->kind == BIND_GROUP) flush(c, c->file->names.at[k]->group, seen);
    if (diag_errors(base->diag)) return NULL;
    c->top->complaints.n = 0;
    coverage_check(c);
    if (c->top->complaints.n == 0) cycles_check(c);
    unused_check(c);
    Graph *g = finish(c);
    flush(c, c->top, map_new(c->arena));
    return diag_errors(base->diag) ? NULL : g;
}

Graph *check_model(Base *base, const char *path, const char *text, size_t n, const CheckOptions *options) {
    return check_model_files(base, path, text, n, options, NULL);
}
