/* Reading a command line by tables. Takes argc, argv and the tables of a verb; fills Options, or prints what is wrong
 * with the call (and the option that was probably meant) and asks for status 2. */
#include "verbs/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(Options, member)

const OptionRow model_options[] = {
    {"define", 'D', OPTION_DEFINE, AT(defines), "NAME=VALUE", "set a dim or a constant", NULL, 0},
    {NULL, 'I', OPTION_APPEND, AT(folders), "DIR", "look for imports in DIR too", NULL, 0},
    {"real", '\0', OPTION_CHOICE, AT(real), "f32|f64", "precision (what the file says, else f32)", "f32|f64", 1},
    {NULL, 'W', OPTION_WARNING, 0, "[no-]NAME", "switch a warning on or off; -Werror makes them errors", NULL, 0},
    {"diagnostics", '\0', OPTION_CHOICE, AT(diagnostics), "text|json", "form of the messages (text)", "text|json", 0},
    {"help", 'h', OPTION_HELP, 0, NULL, "print this", NULL, 0},
    OPTIONS_END};

const OptionRow derivative_options[] = {
    {"want", '\0', OPTION_LIST, AT(want), "NAME,...", "value, gradient, jvp, vjp, jacobian, hvp, hessian (value,gradient)", NULL, 0},
    {"of", '\0', OPTION_LIST, AT(of), "NAME,...", "differentiate these (the loss; jvp, vjp, jacobian: every output)", NULL, 0},
    {"wrt", '\0', OPTION_LIST, AT(wrt), "NAME,...", "with respect to these real tensors: parameters, inputs, intermediates (all parameters)", NULL, 0},
    {"mode", '\0', OPTION_CHOICE, AT(mode), "reverse|forward|both", "which derivative functions (reverse)", "reverse|forward|both", 1},
    {"sparse", '\0', OPTION_FLAG, AT(sparse), NULL, "jacobian and hessian as sparse matrices: a pattern (CSR or CSC) and its values", NULL, 0},
    OPTIONS_END};

const OptionRow code_options[] = {
    {"prefix", '\0', OPTION_TEXT, AT(prefix), "NAME", "prefix of every symbol (the file's stem)", NULL, 0},
    {"optimize", 'O', OPTION_CHOICE, AT(level), "0|1|2", "0: literal code to read; 1: simplified; 2: all (2)", "0|1|2", 0},
    {"blas", '\0', OPTION_CHOICE, AT(blas), "cblas|none", "call CBLAS for large products, or loops only (cblas)", "cblas|none", 0},
    {"threads", '\0', OPTION_CHOICE, AT(threads), "openmp|none", "share large loops out to threads, where the C is compiled with -fopenmp (openmp)", "openmp|none", 0},
    {"block", '\0', OPTION_WHOLE, AT(block), "N", "examples that go through all equations at once, forward and backward (by what they need in the cache; 0: all of them)", NULL, 0},
    {"target-clones", '\0', OPTION_FLAG, AT(target_clones), NULL, "functions for AVX-512, for AVX2 and for any machine, of which the first call picks; for x86-64 under Linux, elsewhere one", NULL, 0},
    {"checkpoint", '\0', OPTION_TEXT, AT(checkpoint), "none|sqrt|N|auto", "what of a recurrence is kept, the rest is computed again: all, the state at sqrt(T) of its T steps, or at N of them (auto: all, unless --memory says how much)", NULL, 0},
    {"without", '\0', OPTION_TEXT, AT(without), "PASS", OPTION_HIDDEN, NULL, 0}, /* for tests: leave a simplification out */
    {"memory", '\0', OPTION_TEXT, AT(memory), "SIZE", "what the values along a recurrence may take, such as 64M; where all does not fit, the state at some steps is kept", NULL, 0},
    OPTIONS_END};

const OptionRow compile_options[] = {
    {"output", 'o', OPTION_TEXT, AT(output), "FILE", "write FILE, and the header beside it (the model's stem with .c); - is standard output", NULL, 0},
    {"emit", '\0', OPTION_CHOICE, AT(emit), "WHAT", "print c, bp, tokens, ast, graph, program or json (c)", "c|bp|tokens|ast|graph|program|json", 0},
    {"directions", '\0', OPTION_WHOLE, AT(directions), "K", "jvp along K directions at once, on a last axis of tangents and results (one, without the axis)", NULL, 1},
    {"standalone", '\0', OPTION_FLAG, AT(standalone), NULL, "one .c file that needs no runtime: cc model.c -lm", NULL, 0},
    {"depend", '\0', OPTION_FLAG, AT(depend), NULL, "write a make dependency file; also -MD", NULL, 0},
    {"depend-file", '\0', OPTION_TEXT, AT(depend_file), "FILE", "its name (the output's stem with .d); also -MF", NULL, 0},
    {"dump-after", '\0', OPTION_TEXT, AT(dump_after), "PASS", "print the graph after a pass to stderr", NULL, 0},
    OPTIONS_END};

void options_init(Options *o, Arena *arena) {
    *o = (Options){.arena = arena, .level = 2, .training = -1, .seed = -1, .samples = 64, .split = NAN, .clip = NAN, .rate = NAN,
                   .epochs = -1, .batch = -1, .n_threads = -1, .checkpoint_every = -1, .seconds = 1, .block = -1};
}

bool option_in(const StringList *list, const char *name) {
    for (uint32_t k = 0; k < list->n; k++)
        if (strcmp(list->at[k], name) == 0) return true;
    return false;
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */
/* 64M as bytes: K, M and G are 2^10, 2^20 and 2^30; 0 where it is no size. */
static int64_t bytes_of(const char *text) {
    static const char units[] = "KMG";
    char *end;
    const double number = strtod(text, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    const double bytes = ldexp(number, unit ? 10 * (int)(unit - units + 1) : 0);
    const bool whole = end != text && (!*end || (unit && !end[1]));
    return whole && bytes >= 1 && bytes < 9e15 ? (int64_t)bytes : 0;
}

/* The number in --checkpoint N; 0: it is none. */
static int64_t checkpoints_of(const char *text) {
    char *end;
    const long long n = strtoll(text, &end, 10);
    return end != text && !*end && n > 0 && n < INT32_MAX ? (int64_t)n : 0;
}

static bool checkpoint_is_known(const char *text) {
    static const char *const words[] = {"none", "sqrt", "auto"};
    for (size_t k = 0; k < 3; k++)
        if (strcmp(text, words[k]) == 0) return true;
    return checkpoints_of(text) > 0;
}

static bool check_sizes(const Options *o) {
    if (o->memory && !bytes_of(o->memory)) {
        fprintf(stderr, "bpc: --memory wants a size, such as 512K, 64M or 2G, not '%s'\n", o->memory);
        return false;
    }
    if (o->checkpoint && !checkpoint_is_known(o->checkpoint)) {
        fprintf(stderr, "bpc: --checkpoint wants none, sqrt, auto or a number of at least 1, not '%s'\n", o->checkpoint);
        return false;
    }
    return true;
}

void checkpoint_options(const Options *o, PlanOptions *plan) {
    const bool automatic = !o->checkpoint || strcmp(o->checkpoint, "auto") == 0;
    plan->checkpoint = CHECKPOINT_NONE;
    if (automatic && o->memory) {
        plan->checkpoint = CHECKPOINT_MEMORY;
        plan->memory = bytes_of(o->memory);
    } else if (!automatic && strcmp(o->checkpoint, "sqrt") == 0) {
        plan->checkpoint = CHECKPOINT_SQRT;
    } else if (!automatic && strcmp(o->checkpoint, "none") != 0) {
        plan->checkpoint = CHECKPOINT_COUNT;
        plan->checkpoints = checkpoints_of(o->checkpoint);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */
static void spell(const OptionRow *row, char *out, size_t room) {
    if (row->name) snprintf(out, room, "--%s", row->name);
    else snprintf(out, room, "-%c", row->letter);
}

static bool wrong_value(const OptionRow *row, const char *given, const char *wanted) {
    char name[64];
    spell(row, name, sizeof name);
    fprintf(stderr, "bpc: %s wants %s, not '%s'\n", name, wanted, given);
    return false;
}

static bool take_whole(const OptionRow *row, int64_t *to, const char *text) {
    char *end, wanted[64];
    errno = 0;
    long long value = strtoll(text, &end, 10);
    snprintf(wanted, sizeof wanted, "a whole number of at least %.0f", row->least);
    if (errno || end == text || *end || (double)value < row->least) return wrong_value(row, text, wanted);
    *to = value;
    return true;
}

static bool take_number(const OptionRow *row, double *to, const char *text) {
    char *end, wanted[64];
    double value = strtod(text, &end);
    snprintf(wanted, sizeof wanted, "a number of at least %g", row->least);
    if (end == text || *end || !(value >= row->least)) return wrong_value(row, text, wanted);
    *to = value;
    return true;
}

static bool take_choice(const OptionRow *row, int *to, const char *text) {
    const size_t length = strlen(text);
    int place = 0;
    for (const char *at = row->choices; at; place++) {
        const char *bar = strchr(at, '|');
        size_t n = bar ? (size_t)(bar - at) : strlen(at);
        if (n == length && strncmp(at, text, n) == 0) {
            *to = place + (int)row->least;
            return true;
        }
        at = bar ? bar + 1 : NULL;
    }
    return wrong_value(row, text, row->choices);
}

static void take_list(Arena *arena, StringList *to, const char *text) {
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ",");
        if (n > 0) vec_push(arena, to, arena_strndup(arena, at, n));
        at += n + (at[n] == ',');
    }
}

/* The name goes in as text; check_model interns it (names belong to a compilation). */
static bool take_define(Options *o, const OptionRow *row, const char *text) {
    const char *equals = strchr(text, '=');
    char *end;
    if (!equals || equals == text) return wrong_value(row, text, "NAME=VALUE");
    double value = strtod(equals + 1, &end);
    if (end == equals + 1 || *end) return wrong_value(row, text, "NAME=VALUE with a number");
    Define define = {arena_strndup(o->arena, text, (size_t)(equals - text)), value};
    vec_push(o->arena, &o->defines, define);
    return true;
}

static void take_warning(Options *o, const char *text) {
    if (strcmp(text, "error") == 0) o->werror = true;
    else vec_push(o->arena, &o->warnings, text);
}

static bool take(Options *o, const OptionRow *row, const char *text) {
    void *to = (char *)o + row->offset;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)to = true; return true;
    case OPTION_TEXT: *(const char **)to = text; return true;
    case OPTION_WHOLE: return take_whole(row, to, text);
    case OPTION_NUMBER: return take_number(row, to, text);
    case OPTION_CHOICE: return take_choice(row, to, text);
    case OPTION_LIST: take_list(o->arena, to, text); return true;
    case OPTION_APPEND: vec_push(o->arena, (StringList *)to, text); return true;
    case OPTION_DEFINE: return take_define(o, row, text);
    case OPTION_WARNING: take_warning(o, text); return true;
    case OPTION_HELP: return true;
    }
    return true;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */
enum { MOST_ROWS = 96, FIRST_LONG = 256, HELP_COLUMN = 30, HELP_WIDTH = 100 };

static bool at_end(const OptionRow *row) { return row->help == NULL; }

static bool has_row(const OptionRow *const *rows, int n, const char *name) {
    for (int k = 0; k < n; k++)
        if (name && rows[k]->name && strcmp(rows[k]->name, name) == 0) return true;
    return false;
}

/* Of options of one name, a verb's own stands before what many verbs have. */
static int all_rows(const VerbHelp *verb, const OptionRow **rows) {
    int n = 0;
    for (const OptionRow *const *table = verb->tables; *table; table++)
        for (const OptionRow *row = *table; !at_end(row) && n < MOST_ROWS; row++)
            if (!has_row(rows, n, row->name)) rows[n++] = row;
    return n;
}

static void print_help_text(const char *text, int column) {
    while (*text) {
        int room = HELP_WIDTH - column, n = (int)strlen(text);
        if (n > room)
            for (n = room; n > 0 && text[n] != ' ';) n--;
        if (n == 0) n = (int)strlen(text);
        printf("%.*s\n", n, text);
        text += n;
        while (*text == ' ') text++;
        if (*text) printf("%*s", column, "");
    }
}

static void print_row(const OptionRow *row) {
    char left[128];
    int n = row->letter ? snprintf(left, sizeof left, "  -%c", row->letter) : snprintf(left, sizeof left, "    ");
    if (row->name) n += snprintf(left + n, sizeof left - (size_t)n, "%s--%s", row->letter ? ", " : "  ", row->name);
    if (row->argument) snprintf(left + n, sizeof left - (size_t)n, "%s%s", row->name ? " " : "", row->argument);
    printf("%-*s", HELP_COLUMN - 1, left);
    if (strlen(left) >= HELP_COLUMN - 1) printf("\n%*s", HELP_COLUMN, "");
    else printf(" ");
    print_help_text(row->help, HELP_COLUMN);
}

static void print_help(const VerbHelp *verb) {
    const OptionRow *rows[MOST_ROWS];
    int n = all_rows(verb, rows);
    printf("usage: bpc %s%s[options] %s\n\n", verb->verb ? verb->verb : "", verb->verb ? " " : "", verb->usage);
    print_help_text(verb->summary, 0);
    printf("\n");
    for (int k = 0; k < n; k++)
        if (*rows[k]->help) print_row(rows[k]);
}

/* ---- getopt ------------------------------------------------------------------------------------------------------ */
static void make_getopt(const OptionRow **rows, int n, char *letters, struct option *longs) {
    int n_longs = 0;
    *letters++ = ':'; /* a missing argument is told apart */
    for (int k = 0; k < n; k++) {
        if (rows[k]->letter) {
            *letters++ = rows[k]->letter;
            if (rows[k]->argument) *letters++ = ':';
        }
        if (rows[k]->name) longs[n_longs++] = (struct option){rows[k]->name, rows[k]->argument != NULL, NULL, FIRST_LONG + k};
    }
    *letters = '\0';
    longs[n_longs] = (struct option){0};
}

static bool unknown_option(const char *given, const OptionRow **rows, int n) {
    const char *names[MOST_ROWS], *word = given;
    size_t n_names = 0;
    for (int k = 0; k < n; k++)
        if (rows[k]->name) names[n_names++] = rows[k]->name;
    while (*word == '-') word++;
    char bare[64];
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, "="), word);
    const char *near = nearest_name(bare, names, n_names);
    fprintf(stderr, "bpc: unknown option '%s'", given);
    if (near) fprintf(stderr, "; did you mean '--%s'?", near);
    fprintf(stderr, "\n");
    return false;
}

static const OptionRow *row_of(int c, const OptionRow **rows, int n) {
    if (c >= FIRST_LONG) return rows[c - FIRST_LONG];
    for (int k = 0; k < n; k++)
        if (rows[k]->letter == c) return rows[k];
    return NULL;
}

static OptionsOutcome parse_options(Options *o, const VerbHelp *verb, int argc, char **argv) {
    const OptionRow *rows[MOST_ROWS];
    struct option longs[MOST_ROWS + 1];
    char letters[2 * MOST_ROWS + 2];
    int n = all_rows(verb, rows), c;
    make_getopt(rows, n, letters, longs);
    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const char *given = argv[optind - 1];
        if (c == ':') {
            fprintf(stderr, "bpc: option '%s' needs an argument\n", given);
            return OPTIONS_WRONG;
        }
        char letter[3] = {'-', (char)optopt, '\0'};
        if (c == '?') return unknown_option(optopt > 0 && optopt < FIRST_LONG ? letter : given, rows, n), OPTIONS_WRONG;
        const OptionRow *row = row_of(c, rows, n);
        if (row->kind == OPTION_HELP) return print_help(verb), OPTIONS_DONE;
        if (!take(o, row, optarg)) return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}

/* GNU C spells two options of the compiler's with two letters behind one dash. */
static void rewrite_dependency_options(int argc, char **argv) {
    static char depend[] = "--depend", depend_file[] = "--depend-file";
    for (int k = 1; k < argc && strcmp(argv[k], "--") != 0; k++) {
        if (strcmp(argv[k], "-MD") == 0) argv[k] = depend;
        else if (strcmp(argv[k], "-MF") == 0) argv[k] = depend_file;
    }
}

OptionsOutcome options_parse(Options *o, const VerbHelp *verb, int argc, char **argv) {
    rewrite_dependency_options(argc, argv);
    OptionsOutcome outcome = parse_options(o, verb, argc, argv);
    if (outcome != OPTIONS_RUN) return outcome;
    if (optind == argc) {
        fprintf(stderr, "bpc: no model given; usage: bpc %s%s[options] %s\n", verb->verb ? verb->verb : "", verb->verb ? " " : "", verb->usage);
        return OPTIONS_WRONG;
    }
    for (int k = optind; k < argc; k++) vec_push(o->arena, &o->models, argv[k]);
    if (argc - optind > 1 && !verb->several) {
        fprintf(stderr, "bpc: one model at a time: '%s' is one too many\n", argv[optind + 1]);
        return OPTIONS_WRONG;
    }
    o->model = argv[optind];
    return check_sizes(o) ? OPTIONS_RUN : OPTIONS_WRONG;
}
