/* Generated code in this process: built by cc into a shared object in a cache, loaded, called through its description. */
#ifndef BPC_VERBS_NATIVE_H
#define BPC_VERBS_NATIVE_H

#include "bp.h"
#include "verbs/pipeline.h"

typedef struct {
    void *handle;
    const bp_model *model;
    const char *prefix;
} Native;

/* The folder $XDG_CACHE_HOME/bpc (or ~/.cache/bpc), made where it is missing; NULL with a message. */
const char *cache_folder(Arena *);
/* The prefix of the symbols: --prefix, else the file's stem. */
const char *symbol_prefix(Arena *, const Options *);
/* Generates with model_emit, compiles with $CC (cc) and `flags`, loads. Equal text, flags and compiler are built once.
 * Prints what is wrong; returns a status. */
int native_open(Native *, Model *, const Options *, const char *const *flags, uint32_t n_flags);
/* The same for C of our own, which describes no model. `prefix` is that of its symbols. */
int native_open_text(Native *, Arena *, const char *prefix, const Text *c, const char *const *flags, uint32_t n_flags);
/* The function PREFIX_name, or NULL. */
typedef void NativeFunction(void);
NativeFunction *native_function(const Native *, const char *name);
void native_close(Native *);

#endif
