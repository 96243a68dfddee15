/* The verbs: one file each, one row each. A verb takes its own argc and argv (argv[0] is its name) and returns the exit
 * status: 0 done, 1 something is wrong in the model or the data, 2 the call is wrong or the machine failed. */
#ifndef BPC_VERBS_VERBS_H
#define BPC_VERBS_VERBS_H

#define BPC_VERSION "0.1.0"

enum { STATUS_DONE = 0, STATUS_WRONG_MODEL = 1, STATUS_FAILED = 2 };

typedef struct {
    const char *name; /* what compile is called by is its absence */
    const char *call, *summary;
    int (*run)(int argc, char **argv);
} Verb;

extern const Verb verbs[]; /* ends in a row without a function */

int verb_compile(int argc, char **argv);
int verb_train(int argc, char **argv);
int verb_eval(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_bench(int argc, char **argv);
int verb_cost(int argc, char **argv);

#endif
