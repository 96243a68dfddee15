/* model.c, top to bottom: what it is, what it includes, the workspace, the checks, the functions, the description. */
#include <string.h>

#include "emit/writer.h"
#include "plan/storage.h"

static bool any_parts(const Emission *e) {
    for (uint32_t k = 0; k < e->n_functions; k++)
        if (e->functions[k]->n_parts) return true;
    return false;
}

static void write_head(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    text_add(out, "/* Made by bpc from %s; belongs to whoever made it.\n *\n *     %s\n *\n", e->source_name, e->command);
    for (uint32_t k = 0; k < e->n_functions; k++)
        text_add(out, " * %s_%-16s %s\n", e->prefix, function_shapes[e->functions[k]->kind].name, function_shapes[e->functions[k]->kind].what);
    text_add(out, " *\n * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.\n");
    bool splits = false, widens = false;
    for (uint32_t k = 0; k < e->n_functions; k++) splits |= e->functions[k]->splits_sums, widens |= e->functions[k]->widens_sums;
    if (any_parts(e)) text_add(out, " * Long functions are cut into parts; what several of them touch is a member of the struct that they share, in the workspace.\n");
    if (splits) text_add(out, " * Long sums are added in parts (x_part), and what is lost in joining them is carried on (x_lost).\n");
    if (widens) text_add(out, splits ? " * Those over the steps of a recurrence are added in double.\n" : " * Long sums are added in double.\n");
    if (has_dims(g)) {
        text_add(out, " * Sizes known when the code runs:");
        for (uint32_t k = 0; k < g->dims.n; k++) text_add(out, "%s %s", k ? "," : "", g->dims.at[k].name);
        text_add(out, ".\n");
    }
    text_add(out, " */\n");
}

static const char pragmas[] =
    "/* `omp simd` lets the compiler reorder sums; without -fopenmp-simd it is inert. */\n"
    "#if defined(__clang__)\n"
    "#pragma clang diagnostic ignored \"-Wsource-uses-openmp\"\n"
    "#pragma clang diagnostic ignored \"-Wpass-failed\"\n"
    "#elif defined(__GNUC__)\n"
    "#pragma GCC diagnostic ignored \"-Wunknown-pragmas\"\n"
    "#pragma GCC optimize(\"no-trapping-math\") /* nobody looks at the exceptions of lanes that are not taken */\n"
    "#endif\n";

/* Not where functions have a target each. */
static const char width[] =
    "#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)\n"
    "#pragma GCC target(\"prefer-vector-width=512\") /* for some processors gcc would use half of the vectors */\n"
    "#endif\n";

/* clang before 17 makes one access of elements that are a stride apart, and reads before the stores that it should follow. */
static const char rereads[] =
    "/* A loop whose turns read again what they wrote: not for the vectoriser of clang before 17 (LLVM's issue 63602). */\n"
    "#if defined(__clang__) && __clang_major__ < 17\n"
    "#define " IN_TURN " _Pragma(\"clang loop vectorize(disable)\")\n"
    "#else\n"
    "#define " IN_TURN "\n"
    "#endif\n\n";

static const char part[] =
    "/* A part of a long function: inlined, it would be as slow to compile as the whole. */\n"
    "#if defined(__GNUC__)%s\n"
    "#define " PART " __attribute__((noinline))\n"
    "#else\n"
    "#define " PART "\n"
    "#endif\n\n";

/* The loader picks, by what is called an indirect function; musl has none. */
static const char clones[] =
    "/* Each function for AVX-512, for AVX2 and for any x86-64; which is called is decided when the program is loaded. */\n"
    "#if defined(__x86_64__) && defined(__ELF__) && defined(__gnu_linux__) && (defined(__clang__) ? __clang_major__ >= 14 : defined(__GNUC__))\n"
    "#define " CLONES " __attribute__((target_clones(\"avx512f\", \"avx2\", \"default\")))\n"
    "#else\n"
    "#define " CLONES "\n"
    "#endif\n\n";

/* Threads, where -fopenmp asks for them. */
static void write_threads_header(const Emission *e, Text *out) {
    const char *prefix = e->prefix, *most = threads_name(e);
    text_add(out, "/* With -fopenmp, long loops are shared out to threads; results do not depend on how many there are. */\n"
                  "#ifdef _OPENMP\n"
                  "#include <omp.h>\n"
                  "enum { %s = %d };\n"
                  "#define %s_threads() (omp_get_max_threads() < %s ? omp_get_max_threads() : %s)\n"
                  "#define %s_thread() omp_get_thread_num()\n"
                  "#else\n"
                  "enum { %s = 1 };\n"
                  "#define %s_threads() 1\n"
                  "#define %s_thread() 0\n"
                  "#endif\n\n", most, THREADS, prefix, most, most, prefix, most, prefix, prefix);
}

static bool finds_best(const Tree *loop) {
    bool any = false;
    for (uint32_t k = 0; k < loop->as.loop.n_sums; k++) any |= tree_combines(loop, loop->as.loop.sums[k]) != COMBINE_ADD;
    return any;
}
static bool on_threads(const Tree *loop) { return loop->as.loop.threads; }
static bool rereads_what_it_wrote(const Tree *loop) { return loop->as.loop.rereads; }

static bool list_has(const Tree *list, bool (*is)(const Tree *loop)) {
    for (const Tree *n = list; n; n = n->next)
        if ((n->kind == TREE_LOOP && is(n)) || list_has(n->body, is)) return true;
    return false;
}

/* Is there such a loop in any of the functions? */
static bool any_loop(const Emission *e, bool (*is)(const Tree *loop)) {
    for (uint32_t k = 0; k < e->n_functions; k++)
        if (list_has(e->functions[k]->body, is)) return true;
    return false;
}

const char *threads_name(const Emission *e) { return arena_printf(e->graph->arena, "%s_THREADS", upper_case(e->graph->arena, e->prefix)); }

static void write_take(const Emission *e, Text *out) {
    text_add(out, "/* Cuts n elements off the block, and what keeps the next ones aligned. */\n"
                  "static inline void *%s_take(char **block, int64_t n, size_t size) {\n"
                  "    void *taken = *block;\n"
                  "    *block += ((size_t)n*size + 63)/64*64;\n"
                  "    return taken;\n"
                  "}\n\n", e->prefix);
}

static void write_best_reductions(const Emission *e, Text *out) {
    static const struct { const char *name, *sign, *start; } best[] = {{"max", ">", "-INFINITY"}, {"min", "<", "INFINITY"}};
    text_add(out, "/* The greatest and the least across lanes; a nan wins and stays. */\n");
    for (int k = 0; k < 2; k++)
        text_add(out, "#pragma omp declare reduction(%s_%s : %s : omp_out = omp_in %s omp_out || omp_in != omp_in ? omp_in : omp_out) initializer(omp_priv = %s)\n",
                 e->prefix, best[k].name, e->graph->f64 ? "double" : "float", best[k].sign, best[k].start);
    text_add(out, "\n");
}

static void write_bind(const Emission *e, Text *out) {
    const Graph *g = e->graph;
    text_add(out, "void %s_params_bind(%s_params *params, %s *block) {\n", e->prefix, e->prefix, g->f64 ? "double" : "float");
    int64_t at = 0;
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        const Tensor *t = g->tensors.at[k];
        if (t->role != ROLE_PARAM) continue;
        text_add(out, "    params->%s = block + %lld;\n", member_name(e, t), (long long)at);
        int64_t n = 1;
        for (uint32_t a = 0; a < t->rank; a++) n *= t->extent[a]->of.integer;
        at += n;
    }
    text_add(out, "}\n\n");
}

/* What functions call of what is printed once. */
typedef struct { bool product, over, shared, blas, finite, finite_over; } Calls;

static void write_functions(const Emission *e, Text *out, Map *used, Calls *calls) {
    Graph *g = e->graph;
    for (uint32_t k = 0; k < e->n_functions; k++) {
        const ArenaMark mark = arena_mark(g->stage), lists = arena_mark(g->lists);
        Writer w = {.emission = e, .f = e->functions[k], .g = g, .out = out, .names = map_new(g->stage), .tensors = map_new(g->stage),
                    .all_of = map_new(g->stage), .indices = map_new(g->stage), .dims = map_new(g->stage), .used = used, .calls_product = &calls->product, .calls_shared = &calls->shared, .calls_blas = &calls->blas, .calls_finite = &calls->finite,
                    .calls_over = &calls->over, .calls_finite_over = &calls->finite_over};
        text_add(out, "\n/* ---- %s: %s ---- */\n", function_shapes[w.f->kind].name, function_shapes[w.f->kind].what);
        write_function(&w);
        arena_release(g->stage, mark);
        arena_release(g->lists, lists);
    }
}

static bool any_slots(const Emission *e) {
    for (uint32_t k = 0; k < e->n_functions; k++)
        if (e->functions[k]->n_slots || e->functions[k]->n_parts) return true;
    return false;
}

static bool factorises(const Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->call) return true;
    return false;
}

static bool draws(const Graph *g) {
    for (uint32_t k = 0; k < g->tensors.n; k++)
        if (g->tensors.at[k]->role == ROLE_RANDOM) return true;
    return false;
}

void emit_source(const Emission *e, Text *out) {
    Graph *g = e->graph;
    note_roles(g);
    Map *used = map_new(g->arena);
    Text body = {0};
    const bool last = any_parts(e); /* the sizes of what parts share are known behind the functions */
    if (!last) write_workspace_size(e, &body, used);
    text_add(&body, last ? "" : "\n");
    write_entry_check(e, &body, used);
    Calls calls = {0};
    write_functions(e, &body, used, &calls);
    text_add(&body, last ? "\n" : "");
    if (last) write_workspace_size(e, &body, used);
    write_head(e, out);
    text_add(out, "%s%s\n#include \"%s\"\n\n#include <math.h>\n%s", pragmas, e->clones ? "" : width, e->header_name, calls.product ? "#include <string.h>\n" : "");
    if (!e->standalone) text_add(out, "\n#include \"%s\"\n", draws(g) ? "bp_random.h" : "bp_math.h");
    if (calls.blas) text_add(out, "#include \"bp_blas.h\"\n");
    if (!e->standalone && map_get(used, name_of(g->names, "bp_pattern_sort"))) text_add(out, "#include \"bp_sparse.h\"\n");
    if (!e->standalone && factorises(g)) text_add(out, "#include \"bp_linalg.h\"\n");
    text_add(out, "\n");
    if (any_loop(e, rereads_what_it_wrote)) text_add(out, "%s", rereads);
    if (last) text_add(out, part, e->clones ? " && !defined(__clang__) /* which inlines no clones, and does not take both attributes */" : "");
    if (e->clones) text_add(out, "%s", clones);
    if (e->standalone) {
        write_runtime(e, out, used);
        text_add(out, "\n");
    }
    if (any_loop(e, finds_best)) write_best_reductions(e, out);
    if (calls.shared || any_loop(e, on_threads)) write_threads_header(e, out);
    if (any_slots(e)) write_take(e, out);
    if (calls.product) write_product_function(e, out);
    if (calls.shared) write_shared_product(e, out);
    if (calls.over) write_product_over(e, out);
    if (calls.finite || calls.finite_over) write_finite_function(e, out);
    if (calls.finite_over) write_finite_over(e, out);
    if (has_params(g)) write_bind(e, out);
    text_put(out, body.at, body.n);
    text_free(&body);
    if (e->standalone) return;
    text_add(out, "\n/* ---- the description ---- */\n");
    write_description(e, out);
}
