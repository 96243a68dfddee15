/* The stages strung together: what every verb begins with, and what several go on with. */
#ifndef BPC_VERBS_PIPELINE_H
#define BPC_VERBS_PIPELINE_H

#include "verbs/options.h"

typedef struct {
    Base base;
    Graph *graph; /* NULL: there were errors */
    char *text;
    size_t length;
    const char *path; /* as messages name it: "<stdin>" for - */
    FileList files;   /* what was imported */
} Model;

/* Where the installed library, the runtime's headers, libbp.a and bp.pc are: beside the command, as built or as installed. */
const char *place_library(Arena *), *place_headers(Arena *), *place_archive(Arena *), *place_package(Arena *);

/* Reads the file, checks it, prints what is wrong. Returns a status; on success model->graph is there. */
int model_open(Model *, const Options *);
/* The same for a text of our own, called `path` in messages. */
int model_open_text(Model *, const Options *, const char *path, const char *text);
/* Prints messages that stages after the check added; STATUS_WRONG_MODEL where there are errors. options->quiet: 1: no
 * warnings, which were seen before; 2: nothing. */
int model_report(Model *, const Options *);
void model_close(Model *);
bool use_colour(void);
/* Can results be put there (NULL: nothing is asked)? Before long work, that is: it should not end in a folder that does not
 * exist; and a file put in place by a rename must never take the place of a device. Prints what is wrong; returns a status. */
int can_write(Arena *, const char *path);

/* The tensors that --of, --wrt name. The loss, the parameters, the real outputs where nothing is said. Each prints
 * what is wrong and returns a status. */
typedef VEC(Tensor *) TensorList;
int model_wrt(Model *, const Options *, TensorList *);
int model_of_gradient(Model *, const Options *, Tensor **);
int model_of_tangents(Model *, const Options *, TensorList *);
bool wants(const Options *, const char *what);

/* compile.c: from the checked graph to C, under the options. The C includes `header_name`. Either text may be NULL.
 * Prints what is wrong and returns a status; uses up the graph. */
int model_emit(Model *, const Options *, const char *header_name, Text *c, Text *h);

#endif
