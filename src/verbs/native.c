/* Building and loading generated code.
 *
 * The cache is keyed by the content: a hash of the C, the header, the compiler's name, its flags and our version names a
 * folder that holds model.c, model.h and model.so. A build goes to a temporary name and is renamed, so two runs at once and
 * a killed one do no harm. */
#define _XOPEN_SOURCE 700
#include "verbs/native.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verbs/verbs.h"

extern char **environ;

/* ---- the cache -------------------------------------------------------------------------------------------------------- */
static bool make_folders(char *path) {
    for (char *at = path + 1; *at; at++) {
        if (*at != '/') continue;
        *at = '\0';
        bool good = mkdir(path, 0777) == 0 || errno == EEXIST;
        *at = '/';
        if (!good) return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

const char *cache_folder(Arena *arena) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = cache && *cache ? arena_printf(arena, "%s/bpc", cache)
                 : home && *home ? arena_printf(arena, "%s/.cache/bpc", home)
                                 : arena_printf(arena, "/tmp/bpc-%ld", (long)getuid());
    if (make_folders(path)) return path;
    fprintf(stderr, "bpc: cannot make the cache folder '%s': %s\n", path, strerror(errno));
    return NULL;
}

const char *symbol_prefix(Arena *arena, const Options *o) {
    if (o->prefix) return o->prefix;
    if (strcmp(o->model, "-") == 0) return "model";
    const char *slash = strrchr(o->model, '/'), *stem = slash ? slash + 1 : o->model, *dot = strrchr(stem, '.');
    char *name = arena_strndup(arena, stem, dot && dot > stem ? (size_t)(dot - stem) : strlen(stem));
    for (char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) || (unsigned char)*at > 127) *at = '_';
    return isdigit((unsigned char)name[0]) || !name[0] ? arena_printf(arena, "model_%s", name) : name;
}

/* ---- the compiler ------------------------------------------------------------------------------------------------------- */
/* $CC may hold several words. */
static void add_words(Arena *arena, StringList *list, const char *words) {
    for (const char *at = words; *at;) {
        size_t n = strcspn(at, " \t");
        if (n > 0) vec_push(arena, list, arena_strndup(arena, at, n));
        at += n;
        at += strspn(at, " \t");
    }
}

static StringList compiler_call(Arena *arena, const char *const *flags, uint32_t n_flags) {
    const char *cc = getenv("CC");
    StringList call = {0};
    add_words(arena, &call, cc && *cc ? cc : "cc");
    if (call.n == 0) vec_push(arena, &call, "cc");
    static const char *const usual[] = {"-std=c11", "-shared", "-fPIC"};
    for (size_t k = 0; k < 3; k++) vec_push(arena, &call, usual[k]);
    for (uint32_t k = 0; k < n_flags; k++) vec_push(arena, &call, flags[k]);
    return call;
}

/* What libbp.a itself is linked with (CBLAS, where it was built with one) is in its package file. */
static void add_private_libraries(Arena *arena, StringList *call) {
    static const char wanted[] = "Libs.private:";
    size_t n;
    char *text = file_read_whole(place_package(arena), 1 << 16, &n);
    char *line = text ? strstr(text, wanted) : NULL;
    if (line) {
        line[strcspn(line, "\n")] = '\0';
        add_words(arena, call, line + sizeof wanted - 1);
    }
    free(text);
}

/* Runs the compiler; prints what failed. */
static int run_compiler(Arena *arena, StringList call, const char *source, const char *object) {
    vec_push(arena, &call, arena_printf(arena, "-I%s", place_headers(arena)));
    vec_push(arena, &call, "-o");
    vec_push(arena, &call, object);
    vec_push(arena, &call, source);
    vec_push(arena, &call, place_archive(arena));
    vec_push(arena, &call, "-Wl,--as-needed");
    add_private_libraries(arena, &call);
    vec_push(arena, &call, "-lm");
    vec_push(arena, &call, NULL);
    pid_t child;
    int status, error = posix_spawnp(&child, call.at[0], NULL, NULL, (char *const *)(uintptr_t)call.at, environ);
    if (error != 0) {
        fprintf(stderr, "bpc: cannot run the C compiler '%s': %s (CC names another one)\n", call.at[0], strerror(error));
        return STATUS_FAILED;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return perror("bpc: waiting for the C compiler"), STATUS_FAILED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return STATUS_DONE;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) return STATUS_FAILED; /* Ctrl-C is for both of us */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        fprintf(stderr, "bpc: cannot run the C compiler '%s' (CC names another one)\n", call.at[0]);
    else fprintf(stderr, "bpc: the C compiler '%s' failed on %s\n", call.at[0], source);
    return STATUS_FAILED;
}

/* ---- building ------------------------------------------------------------------------------------------------------------- */
static uint64_t build_key(const StringList *call, const Text *c, const Text *h) {
    uint64_t key = hash_bytes(c->at, c->n, hash_bytes(BPC_VERSION, strlen(BPC_VERSION), 0));
    key = hash_bytes(h->at, h->n, key);
    char host[256] = "";
    for (uint32_t k = 0; k < call->n; k++) {
        key = hash_bytes(call->at[k], strlen(call->at[k]), key);
        /* Code for this very machine is not for another that shares the home folder. */
        if (strncmp(call->at[k], "-march", 6) == 0 && gethostname(host, sizeof host - 1) == 0) key = hash_bytes(host, strlen(host), key);
    }
    return key;
}

static int write_text(const char *path, const Text *text) {
    int error = file_write_whole(path, text->at, text->n);
    if (error == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': %s\n", path, strerror(error));
    return STATUS_FAILED;
}

static int build(Arena *arena, const StringList *call, const char *folder, const Text *c, const Text *h, const char *object) {
    const char *source = arena_printf(arena, "%s/model.c", folder);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "bpc: cannot make '%s': %s\n", folder, strerror(errno));
        return STATUS_FAILED;
    }
    int status = write_text(source, c);
    if (status == STATUS_DONE) status = write_text(arena_printf(arena, "%s/model.h", folder), h);
    if (status != STATUS_DONE) return status;
    const char *temporary = arena_printf(arena, "%s.%ld", object, (long)getpid());
    status = run_compiler(arena, *call, source, temporary);
    if (status == STATUS_DONE && rename(temporary, object) != 0) {
        fprintf(stderr, "bpc: cannot write '%s': %s\n", object, strerror(errno));
        status = STATUS_FAILED;
    }
    if (status != STATUS_DONE) unlink(temporary);
    return status;
}

NativeFunction *native_function(const Native *n, const char *name) {
    Text symbol = {0};
    text_add(&symbol, "%s_%s", n->prefix, name);
    void *address = dlsym(n->handle, symbol.at);
    NativeFunction *function;
    memcpy(&function, &address, sizeof function); /* as POSIX has it: ISO C knows no such cast */
    text_free(&symbol);
    return function;
}

static int load(Native *n, const char *object) {
    n->handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
    if (n->handle) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot load what was compiled: %s\n", dlerror());
    return STATUS_FAILED;
}

static int find_description(Native *n) {
    const bp_model *(*describe)(void) = (const bp_model *(*)(void))native_function(n, "describe");
    if (!describe) {
        fprintf(stderr, "bpc: what was compiled describes no model\n");
        return STATUS_FAILED;
    }
    n->model = describe();
    return STATUS_DONE;
}

static int build_and_load(Native *n, Arena *arena, const Text *c, const Text *h, const char *const *flags, uint32_t n_flags) {
    const char *cache = cache_folder(arena);
    if (!cache) return STATUS_FAILED;
    StringList call = compiler_call(arena, flags, n_flags);
    const char *folder = arena_printf(arena, "%s/%016llx", cache, (unsigned long long)build_key(&call, c, h));
    const char *object = arena_printf(arena, "%s/model.so", folder);
    int status = access(object, R_OK) == 0 ? STATUS_DONE : build(arena, &call, folder, c, h, object);
    return status == STATUS_DONE ? load(n, object) : status;
}

int native_open(Native *n, Model *m, const Options *o, const char *const *flags, uint32_t n_flags) {
    *n = (Native){.prefix = symbol_prefix(m->base.arena, o)};
    Text c = {0}, h = {0};
    int status = model_emit(m, o, "model.h", &c, &h);
    if (status == STATUS_DONE) status = build_and_load(n, m->base.arena, &c, &h, flags, n_flags);
    if (status == STATUS_DONE) status = find_description(n);
    text_free(&c);
    text_free(&h);
    return status;
}

int native_open_text(Native *n, Arena *arena, const char *prefix, const Text *c, const char *const *flags, uint32_t n_flags) {
    Text none = {.at = ""};
    *n = (Native){.prefix = prefix};
    return build_and_load(n, arena, c, &none, flags, n_flags);
}

void native_close(Native *n) {
    if (n->handle) dlclose(n->handle);
    *n = (Native){0};
}
