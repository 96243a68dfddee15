/* The passes of a stage, one after the other, with graph_verify behind each in debug and test builds. */
#include "simplify/simplify.h"

#include <string.h>

#include "simplify/passes.h"

typedef struct {
    const char *name;
    SimplifyStage stage;
    int level;
    const char *what;
    void (*run)(Graph *);
} PassRow;

static const PassRow passes[] = {
#define PASS(name, stage, level, what) {#name, STAGE_##stage, level, what, pass_##name},
#include "simplify/passes.def"
#undef PASS
};

bool simplify_knows(const char *pass) {
    for (size_t k = 0; k < sizeof passes / sizeof *passes; k++)
        if (strcmp(passes[k].name, pass) == 0) return true;
    return false;
}

static void dump(const Graph *g, const char *pass) {
    Text text = {0};
    graph_print(g, &text);
    fprintf(stderr, "--- after %s\n%s", pass, text.at ? text.at : "");
    text_free(&text);
}

bool simplify(Graph *g, SimplifyStage stage, const SimplifyOptions *o) {
    for (size_t k = 0; k < sizeof passes / sizeof *passes; k++) {
        const PassRow *p = &passes[k];
        if (p->stage != stage || p->level > o->level || (o->without && strcmp(o->without, p->name) == 0)) continue;
        const ArenaMark mark = arena_mark(g->stage), lists = arena_mark(g->lists);
        p->run(g);
        arena_release(g->stage, mark);
        arena_release(g->lists, lists);
        if (o->dump_after && strcmp(o->dump_after, p->name) == 0) dump(g, p->name);
#ifndef NDEBUG
        if (!graph_verify(g, p->name)) return false;
#endif
    }
    return true;
}

void simplify_stable(Graph *g) { pass_stable(g); }
