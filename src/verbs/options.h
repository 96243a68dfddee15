/* Options of all verbs: one struct that holds them, one table of rows a verb, from which getopt_long, the help and
 * the messages come. A new option is a row and a member. */
#ifndef BPC_VERBS_OPTIONS_H
#define BPC_VERBS_OPTIONS_H

#include "check/check.h"
#include "plan/plan.h"

typedef VEC(const char *) StringList;

typedef enum { REAL_UNSAID, REAL_F32, REAL_F64 } RealChoice;
typedef enum { MODE_UNSAID, MODE_REVERSE, MODE_FORWARD, MODE_BOTH } Mode;
typedef enum { EMIT_C, EMIT_BP, EMIT_TOKENS, EMIT_AST, EMIT_GRAPH, EMIT_PROGRAM, EMIT_JSON, EMIT_TEST } Emit;
typedef enum { BLAS_CBLAS, BLAS_NONE } Blas;
typedef enum { THREADS_OPENMP, THREADS_NONE } Threads;
typedef enum { DIAGNOSTICS_TEXT, DIAGNOSTICS_JSON } DiagnosticsForm;

typedef struct {
    Arena *arena;
    const char *model; /* the one argument that is no option */
    StringList models; /* where the verb takes several: all of them */
    /* the model */
    StringList folders;   /* -I */
    VEC(Define) defines;  /* -D */
    int real;             /* RealChoice */
    StringList warnings;  /* NAME or no-NAME of -W */
    bool werror;
    int diagnostics; /* DiagnosticsForm */
    /* derivatives */
    StringList want, of, wrt;
    int mode; /* Mode */
    int64_t directions; /* forward mode follows so many at once; 0: not said */
    bool sparse;
    /* compile */
    const char *output, *prefix, *checkpoint, *memory, *depend_file, *dump_after, *without;
    int emit, blas, threads, level; /* Emit, Blas, Threads, 0..2 */
    int64_t block; /* examples to a block; 0: no blocks; -1: not said */
    bool standalone, depend, target_clones;
    /* eval, check */
    const char *data, *seed_data;
    bool interpret;
    int training; /* -1: not said */
    int64_t seed;  /* -1: not said */
    int64_t samples;        /* check: entries of a large tensor that are looked at */
    double tolerance;       /* check: 0: by the precision */
    /* bench */
    StringList modes;
    const char *sweep;
    bool json; /* also cost */
    double seconds;      /* measured, for each set of sizes */
    int64_t repetitions; /* samples of each mode; 0: as many as fit */
    /* train */
    const char *columns, *valid, *optimizer, *schedule, *init, *log, *plot, *resume, *checkpoint_file;
    double split, clip, rate; /* NaN: not said */
    int64_t epochs, batch, n_threads, checkpoint_every, quiet;
} Options;

typedef enum {
    OPTION_FLAG,    /* bool: true */
    OPTION_TEXT,    /* const char * */
    OPTION_WHOLE,   /* int64_t of at least `least` */
    OPTION_NUMBER,  /* double of at least `least` */
    OPTION_CHOICE,  /* int: the place in `choices` plus `least` */
    OPTION_LIST,    /* StringList: NAME,NAME,… */
    OPTION_APPEND,  /* StringList: one at a time */
    OPTION_DEFINE,  /* NAME=VALUE */
    OPTION_WARNING, /* -WNAME, -Wno-NAME, -Werror */
    OPTION_HELP
} OptionKind;

typedef struct {
    const char *name; /* long; NULL: short only */
    char letter;      /* or '\0' */
    OptionKind kind;
    size_t offset; /* of the member of Options */
    const char *argument, *help;
    const char *choices; /* CHOICE: "reverse|forward|both" */
    double least;
} OptionRow;

/* Tables that several verbs share; each ends in a row without kind and help (OPTIONS_END). */
extern const OptionRow model_options[], derivative_options[], code_options[], compile_options[];
#define OPTIONS_END {.help = NULL}
#define OPTION_HIDDEN "" /* the help of a row that --help leaves out */

typedef struct {
    const char *verb;    /* NULL: compile, which needs no word */
    const char *usage;   /* "model.bp --data FILE" */
    const char *summary; /* a sentence or more */
    const OptionRow *const *tables; /* ends in NULL */
    bool several;          /* takes any number of models */
} VerbHelp;

typedef enum { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG } OptionsOutcome;

/* Sets what the struct holds where nothing is said. */
void options_init(Options *, Arena *);
/* argv[0] is the verb's name. RUN: go on; DONE: help was printed; WRONG: a message was printed, exit with 2. */
OptionsOutcome options_parse(Options *, const VerbHelp *, int argc, char **argv);
bool option_in(const StringList *, const char *name);
/* --checkpoint and --memory, as options_parse left them. */
void checkpoint_options(const Options *, PlanOptions *);

#endif
