/* libbp's functions inside a --standalone source: the sections of bp_math.h, bp_random.h, bp_linalg.h and bp_sparse.h that the model uses, and
 * those that these use, in the order of the headers. The Makefile turns the headers into lines (runtime_text.inc). */
#include <string.h>

#include "emit/writer.h"

static const char *const lines[] = {
#include "runtime_text.inc"
    NULL};

/* The name of the section that begins at this line, into `name`; NULL where none does. `needs` points behind the colon. */
static const char *section_at(const char *line, char *name, size_t room, const char **needs) {
    if (strncmp(line, "/*@ ", 4) != 0) return NULL;
    size_t n = strcspn(line + 4, ":");
    if (n >= room) n = room - 1;
    memcpy(name, line + 4, n);
    name[n] = '\0';
    *needs = line + 4 + n + 1;
    return name;
}

static bool is_used(const Emission *e, Map *used, const char *name) { return map_get(used, name_of(e->graph->names, name)) != NULL; }

/* Later sections use earlier ones, so one pass from the end marks everything. */
static void mark_needs(const Emission *e, Map *used) {
    size_t n = 0;
    while (lines[n]) n++;
    char name[64], need[64];
    const char *needs;
    while (n-- > 0) {
        if (!section_at(lines[n], name, sizeof name, &needs) || !is_used(e, used, name)) continue;
        while (*needs == ' ') needs++;
        while (*needs && *needs != '*') {
            size_t length = strcspn(needs, " *");
            snprintf(need, sizeof need, "%.*s", (int)length, needs);
            Symbol symbol = name_of(e->graph->names, need);
            map_put(used, symbol, (void *)(uintptr_t)symbol);
            needs += length;
            while (*needs == ' ') needs++;
        }
    }
}

void write_runtime(const Emission *e, Text *out, Map *used) {
    mark_needs(e, used);
    char name[64];
    const char *needs;
    bool copy = false, any = false;
    for (size_t k = 0; lines[k]; k++) {
        if (section_at(lines[k], name, sizeof name, &needs)) {
            copy = strcmp(name, "end") != 0 && (is_used(e, used, name) || (strcmp(name, "prologue") == 0 && !any));
            any |= strcmp(name, "prologue") == 0;
            continue;
        }
        if (copy) text_add(out, "%s\n", lines[k]);
    }
}
