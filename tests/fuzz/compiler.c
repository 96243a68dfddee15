/* libFuzzer: any bytes through the whole compiler, from the text to the text of the C. The size chooses the level and what
 * is wanted. Graphs are verified after every pass (this is a build with assertions). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "verbs/options.h"
#include "verbs/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const wants_of[] = {"gradient", "jvp", "jacobian", "hvp"};

static void compile(Model *m, Options *o) {
    Text c = {0}, h = {0};
    m->graph = check_model_files(&m->base, m->path, m->text, m->length, &(CheckOptions){.folders = (const char *const[]){"lib"}, .n_folders = 1}, &m->files);
    if (m->graph && diag_errors(m->base.diag) == 0) model_emit(m, o, "fuzz.h", &c, &h);
    text_free(&c);
    text_free(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Model m = {.base = base_new(), .path = "fuzz.bp", .text = malloc(size + 1), .length = size};
    if (!m.text) abort();
    memcpy(m.text, data, size);
    m.text[size] = '\0';
    Options o;
    options_init(&o, m.base.arena);
    o.model = m.path;
    o.level = (int)(size % 3);
    vec_push(o.arena, &o.want, wants_of[size / 3 % 4]);
    compile(&m, &o);
    model_report(&m, &o);
    model_close(&m);
    return 0;
}
