/* From a path to a checked Graph, and from the names of --of and --wrt to its tensors. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "verbs/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs/verbs.h"

enum { LONGEST_MODEL = 64 << 20 };

/* ---- places -------------------------------------------------------------------------------------------------------- */
/* The folder that the running command is in. */
static const char *command_folder(Arena *arena) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return ".";
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
}

/* The first of two places beside the command that holds `probe`: as built, as installed. */
static const char *find_place(Arena *arena, const char *built, const char *installed, const char *probe) {
    const char *folder = command_folder(arena);
    const char *place = arena_printf(arena, "%s/%s", folder, built);
    if (access(arena_printf(arena, "%s/%s", place, probe), R_OK) == 0) return place;
    return arena_printf(arena, "%s/%s", folder, installed);
}

const char *place_library(Arena *arena) { return find_place(arena, "../lib", "../share/bpc/lib", "nn.bp"); }
const char *place_headers(Arena *arena) { return find_place(arena, "../runtime", "../include", "bp.h"); }
const char *place_package(Arena *arena) { return arena_printf(arena, "%s/bp.pc", find_place(arena, ".", "../lib/pkgconfig", "bp.pc")); }
const char *place_archive(Arena *arena) { return arena_printf(arena, "%s/libbp.a", find_place(arena, ".", "../lib", "libbp.a")); }

/* ---- models ---------------------------------------------------------------------------------------------------------- */
bool use_colour(void) {
    const char *no_colour = getenv("NO_COLOR");
    return isatty(STDERR_FILENO) && (!no_colour || !*no_colour);
}

int model_report(Model *m, const Options *o) {
    const bool errors = diag_errors(m->base.diag) > 0;
    if (o->quiet > errors) return errors ? STATUS_WRONG_MODEL : STATUS_DONE;
    if (o->diagnostics == DIAGNOSTICS_JSON) diag_print_json(m->base.diag, stderr);
    else diag_print(m->base.diag, stderr, use_colour());
    return errors ? STATUS_WRONG_MODEL : STATUS_DONE;
}

static void set_warnings(Model *m, const Options *o) {
    diag_set_warnings(m->base.diag, o->werror);
    for (uint32_t k = 0; k < o->warnings.n; k++)
        if (strncmp(o->warnings.at[k], "no-", 3) == 0) diag_disable(m->base.diag, o->warnings.at[k] + 3);
}

static CheckOptions check_options(Model *m, const Options *o) {
    StringList folders = {0};
    VEC(Define) defines = {0};
    for (uint32_t k = 0; k < o->folders.n; k++) vec_push(m->base.arena, &folders, o->folders.at[k]);
    vec_push(m->base.arena, &folders, place_library(m->base.arena));
    for (uint32_t k = 0; k < o->defines.n; k++) {
        Define define = {name_of(m->base.names, o->defines.at[k].name), o->defines.at[k].value};
        vec_push(m->base.arena, &defines, define);
    }
    static const int bits[] = {0, 32, 64};
    return (CheckOptions){.folders = folders.at, .n_folders = folders.n, .defines = defines.at, .n_defines = defines.n, .real_bits = bits[o->real]};
}

static int check_text(Model *m, const Options *o) {
    set_warnings(m, o);
    CheckOptions options = check_options(m, o);
    m->graph = check_model_files(&m->base, m->path, m->text, m->length, &options, &m->files);
    int status = model_report(m, o);
    return status == STATUS_DONE && !m->graph ? STATUS_WRONG_MODEL : status;
}

/* The text of a file. Standard input is there once, but several verbs open their model more than once: they get it again. */
static char *read_model(const char *path, size_t *length) {
    static char *piped;
    static size_t piped_length;
    if (strcmp(path, "-") != 0) return file_read_whole(path, LONGEST_MODEL, length);
    if (!piped) piped = file_read_whole(path, LONGEST_MODEL, &piped_length);
    char *copy = piped ? malloc(piped_length + 1) : NULL;
    if (copy) memcpy(copy, piped, piped_length + 1);
    *length = piped_length;
    return copy;
}

int model_open(Model *m, const Options *o) {
    *m = (Model){.base = base_new(), .path = strcmp(o->model, "-") == 0 ? "<stdin>" : o->model};
    m->text = read_model(o->model, &m->length);
    if (!m->text) {
        fprintf(stderr, "bpc: cannot read '%s': %s\n", o->model, strerror(errno));
        return STATUS_FAILED;
    }
    return check_text(m, o);
}

int model_open_text(Model *m, const Options *o, const char *path, const char *text) {
    *m = (Model){.base = base_new(), .path = path, .text = strdup(text), .length = strlen(text)};
    if (m->text) return check_text(m, o);
    fprintf(stderr, "bpc: out of memory\n");
    return STATUS_FAILED;
}

void model_close(Model *m) {
    base_free(&m->base);
    free(m->text);
    *m = (Model){0};
}

/* ---- files ----------------------------------------------------------------------------------------------------------- */
int can_write(Arena *arena, const char *path) {
    struct stat there;
    if (!path) return STATUS_DONE;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        fprintf(stderr, "bpc: cannot write '%s': not an ordinary file\n", path);
        return STATUS_FAILED;
    }
    const char *slash = strrchr(path, '/');
    const char *folder = !slash ? "." : slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
    if (access(folder, W_OK) == 0 || access(path, W_OK) == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': ", path);
    perror(folder);
    return STATUS_FAILED;
}

/* ---- tensors by name --------------------------------------------------------------------------------------------------- */
bool wants(const Options *o, const char *what) { return option_in(&o->want, what); }

/* A name that the file does not have, with what was perhaps meant. */
static int unknown_tensor(Model *m, const char *option, const char *name) {
    const Graph *g = m->graph;
    const char **names = NEW_ARRAY(m->base.arena, const char *, g->tensors.n + 1);
    size_t n = 0;
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->role <= ROLE_WRITTEN) names[n++] = g->tensors.at[k]->name;
    const char *near = nearest_name(name, names, n);
    fprintf(stderr, "bpc: %s: the model has no tensor '%s'", option, name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fprintf(stderr, "\n");
    return STATUS_FAILED;
}

static int real_tensor(Model *m, const char *option, const char *name, Tensor **out) {
    Tensor *t = graph_find(m->graph, name_of(m->base.names, name));
    if (!t || t->role > ROLE_WRITTEN) return unknown_tensor(m, option, name);
    if (t->type == TYPE_INT) {
        fprintf(stderr, "bpc: %s: '%s' is integer, and only real tensors have derivatives\n", option, name);
        return STATUS_FAILED;
    }
    *out = t;
    return STATUS_DONE;
}

static int named(Model *m, const char *option, const StringList *list, TensorList *out) {
    for (uint32_t k = 0; k < list->n; k++) {
        Tensor *t;
        int status = real_tensor(m, option, list->at[k], &t);
        if (status != STATUS_DONE) return status;
        vec_push(m->base.arena, out, t);
    }
    return STATUS_DONE;
}

int model_wrt(Model *m, const Options *o, TensorList *out) {
    if (o->wrt.n > 0) return named(m, "--wrt", &o->wrt, out);
    for (uint32_t k = 0; k < m->graph->tensors.n; k++) {
        Tensor *t = m->graph->tensors.at[k];
        if (t->role == ROLE_PARAM) vec_push(m->base.arena, out, t);
    }
    if (out->n > 0) return STATUS_DONE;
    fprintf(stderr, "bpc: %s has no parameters; say with --wrt what to differentiate by\n", m->path);
    return STATUS_WRONG_MODEL;
}

int model_of_gradient(Model *m, const Options *o, Tensor **out) {
    TensorList list = {0};
    *out = m->graph->loss;
    int status = named(m, "--of", &o->of, &list);
    if (status != STATUS_DONE) return status;
    if (list.n > 0) *out = list.at[0];
    if (list.n > 1 || (*out && (*out)->rank > 0)) {
        const char *what = list.n > 1 ? "several are named" : (*out)->name;
        fprintf(stderr, "bpc: --of: gradient, hvp and hessian are of one scalar, and %s%s; of arrays there are --want jacobian, jvp and vjp\n", what,
                list.n > 1 ? "" : " is an array");
        return STATUS_FAILED;
    }
    if (*out) return STATUS_DONE;
    fprintf(stderr, "bpc: %s has no loss to differentiate; declare one, or say with --of which scalar is meant\n", m->path);
    return STATUS_WRONG_MODEL;
}

int model_of_tangents(Model *m, const Options *o, TensorList *out) {
    if (o->of.n > 0) return named(m, "--of", &o->of, out);
    for (uint32_t k = 0; k < m->graph->outputs.n; k++)
        if (m->graph->outputs.at[k]->type == TYPE_REAL) vec_push(m->base.arena, out, m->graph->outputs.at[k]);
    if (out->n > 0) return STATUS_DONE;
    fprintf(stderr, "bpc: %s has no real output to differentiate\n", m->path);
    return STATUS_WRONG_MODEL;
}
