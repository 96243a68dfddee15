/* From a checked Graph to the text of model.c and model.h. */
#ifndef BPC_VERBS_COMPILE_H
#define BPC_VERBS_COMPILE_H

#include "verbs/pipeline.h"

/* Differentiates, simplifies, plans and prints as the options ask. Either text may be NULL. Prints what is wrong;
 * returns a status. The command line that the head comment shows is made of the options. */
int model_emit(Model *, const Options *, Text *c, Text *h);

#endif
