/* bpc: finds the verb and runs it. What comes first is a verb's name, else the verb is compile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "verbs/verbs.h"

const Verb verbs[] = {
    {"compile", "bpc model.bp -o model.c", "compile: writes model.c and model.h", verb_compile},
    {"train", "bpc train model.bp --data d.csv", "compile, build, train: live progress, metrics, weights", verb_train},
    {"eval", "bpc eval model.bp --data d.json", "compute outputs, and with --want derivatives, as JSON", verb_eval},
    {"check", "bpc check model.bp", "does the gradient hold? reverse against forward against finite differences", verb_check},
    {"cost", "bpc cost model.bp", "what it costs on paper: nodes, edges, paths; flops, bytes and memory of each mode", verb_cost},
    {"bench", "bpc bench model.bp", "what it costs on this machine: every mode generated, compiled, run and compared", verb_bench},
    {0}};

static int print_help(void) {
    printf("bpc turns equations into C: a model, its gradient, and a program that trains it.\n\n");
    for (const Verb *v = verbs; v->run; v++) printf("  %-34s %s\n", v->call, v->summary);
    printf("\nbpc VERB --help shows the options of a verb (bpc compile --help those of compile); --version the version.\n");
    return STATUS_DONE;
}

static const Verb *find_verb(const char *name) {
    for (const Verb *v = verbs; v->run; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

/* A word that is no file and no verb is a verb misspelt. */
static int unknown_verb(const char *word) {
    const char *names[16];
    size_t n = 0;
    for (const Verb *v = verbs; v->run && n < 16; v++) names[n++] = v->name;
    const char *near = nearest_name(word, names, n);
    fprintf(stderr, "bpc: '%s' is neither a verb nor a model", word);
    if (near) fprintf(stderr, "; did you mean 'bpc %s'?", near);
    fprintf(stderr, "\n");
    return STATUS_FAILED;
}

static bool looks_like_verb(const char *word) {
    if (word[0] == '-' || strpbrk(word, "./")) return false;
    FILE *file = fopen(word, "r");
    if (file) fclose(file);
    return file == NULL;
}

static int run(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return print_help();
    if (strcmp(argv[1], "--version") == 0) return printf("bpc %s\n", BPC_VERSION), STATUS_DONE;
    const Verb *verb = find_verb(argv[1]);
    if (verb) return verb->run(argc - 1, argv + 1);
    if (looks_like_verb(argv[1])) return unknown_verb(argv[1]);
    return verb_compile(argc, argv);
}

/* Results that never reached standard output are a failure of the machine, whatever the verb says. */
int main(int argc, char **argv) {
    int status = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("bpc: standard output");
        return STATUS_FAILED;
    }
    return status;
}
