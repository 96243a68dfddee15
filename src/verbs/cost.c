/* bpc cost: what a model costs on paper. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verbs/predict.h"
#include "verbs/verbs.h"

static const OptionRow cost_options[] = {
    {"directions", '\0', OPTION_WHOLE, offsetof(Options, directions), "K", "directions that forward mode follows at once (8)", NULL, 1},
    {"of", '\0', OPTION_LIST, offsetof(Options, of), "NAME,...", "differentiate these (the loss, else every output)", NULL, 0},
    {"wrt", '\0', OPTION_LIST, offsetof(Options, wrt), "NAME,...", "with respect to these real tensors: parameters, inputs, intermediates (all parameters)", NULL, 0},
    {"optimize", 'O', OPTION_CHOICE, offsetof(Options, level), "0|1|2", "of the code that is planned: 0: literal; 1: simplified; 2: all (2)", "0|1|2", 0},
    OPTIONS_END};
static const OptionRow *const cost_tables[] = {cost_options, model_options, NULL};
static const VerbHelp help = {"cost", "model.bp",
                              "What the model costs on paper, without running it: the graph of its scalars and the paths through it, and flops, bytes and "
                              "memory of its value and of each way to its derivatives.",
                              cost_tables};

static void print_row(const Prediction *p, CostMode mode) {
    const CostRow *row = &p->row[mode];
    if (!row->known) return;
    printf("%-12s %14.0f %8.2f %14.0f %14.0f %8.2f", cost_name[mode], row->flops.value, row->flops.value / p->row[COST_VALUE].flops.value, row->bytes.value,
           row->memory.value, row->flops.value / row->bytes.value);
    Text text = {0};
    if (row->flops.formula) poly_print(p->counting->algebra, row->flops.formula, &text);
    printf(" %s\n", text.at ? text.at : "");
    text_free(&text);
}

int verb_cost(int argc, char **argv) {
    Arena *arena = arena_new();
    Options o;
    options_init(&o, arena);
    OptionsOutcome outcome = options_parse(&o, &help, argc, argv);
    int status = outcome == OPTIONS_WRONG ? STATUS_FAILED : STATUS_DONE;
    if (outcome == OPTIONS_RUN) {
        Prediction p;
        status = predict(&p, &o, NULL);
        for (CostMode mode = 0; status == STATUS_DONE && mode < N_COSTS; mode++) print_row(&p, mode);
        predict_close(&p);
    }
    arena_free(arena);
    return status;
}
