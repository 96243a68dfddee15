/* bpc cost: what a model costs on paper. */
#include <string.h>

#include "verbs/cost_report.h"
#include "verbs/verbs.h"

static const OptionRow cost_options[] = {
    {"data", '\0', OPTION_TEXT, offsetof(Options, data), "FILE", "sizes, and the indices that gathers and filters go by (.json, .npz, .csv)", NULL, 0},
    {"json", '\0', OPTION_FLAG, offsetof(Options, json), NULL, "print JSON instead of the table", NULL, 0},
    {"plot", '\0', OPTION_TEXT, offsetof(Options, plot), "FILE.svg", "draw flops against the number of inputs", NULL, 0},
    {"columns", '\0', OPTION_TEXT, offsetof(Options, columns), "x=0:64,y=64", "which columns of a CSV are which input", NULL, 0},
    {"directions", '\0', OPTION_WHOLE, offsetof(Options, directions), "K", "directions that forward mode follows at once (8)", NULL, 1},
    {"of", '\0', OPTION_LIST, offsetof(Options, of), "NAME,...", "differentiate these (the loss, else every output)", NULL, 0},
    {"wrt", '\0', OPTION_LIST, offsetof(Options, wrt), "NAME,...", "with respect to these real tensors: parameters, inputs, intermediates (all parameters)", NULL, 0},
    {"optimize", 'O', OPTION_CHOICE, offsetof(Options, level), "0|1|2", "of the code that is planned: 0: literal; 1: simplified; 2: all (2)", "0|1|2", 0},
    OPTIONS_END};
static const OptionRow *const cost_tables[] = {cost_options, model_options, NULL};
static const VerbHelp help = {"cost", "model.bp",
                              "What the model costs on paper, without running it: the graph of its scalars and the paths through it, and flops, bytes and "
                              "memory of its value and of each way to its derivatives.",
                              cost_tables, false};

static int write_plot(const CostReport *r, const char *path) {
    Text text = {0};
    cost_print_plot(r, &text);
    const int error = file_write_whole(path, text.at, text.n);
    text_free(&text);
    if (error == 0) return STATUS_DONE;
    fprintf(stderr, "bpc: cannot write '%s': %s\n", path, strerror(error));
    return STATUS_FAILED;
}

static int print_report(const CostReport *r, const Options *o) {
    Text text = {0};
    const int status = o->plot ? write_plot(r, o->plot) : STATUS_DONE;
    if (status != STATUS_DONE) return status;
    if (o->json) cost_print_json(r, &text);
    else cost_print_table(r, &text);
    fwrite(text.at, 1, text.n, stdout);
    text_free(&text);
    return STATUS_DONE;
}

int verb_cost(int argc, char **argv) {
    Arena *arena = arena_new();
    Options o;
    options_init(&o, arena);
    OptionsOutcome outcome = options_parse(&o, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN) {
        CostReport *r = NEW(arena, CostReport);
        status = cost_report(r, &o);
        if (status == STATUS_DONE) status = print_report(r, &o);
        cost_report_close(r);
    }
    arena_free(arena);
    return status;
}
