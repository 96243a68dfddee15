/* From what was written to what it means: text -> Ast -> Graph.
 *
 * Takes the text of a model file, reads what it imports, resolves names, inlines defs and layers, finds shapes
 * and the ranges of indices, proves that every read is of a defined element, and returns the Graph of the
 * model; or NULL where there were errors, which are in base->diag. The same text gives the same Graph.
 *
 *     z[i] = W @ x[i] + b       z_sum[i,k] += W[k,j]*x[i,j]   over i, k, j
 *                               z[i,k]      = z_sum[i,k] + b[k]   over i, k
 */
#ifndef BPC_CHECK_H
#define BPC_CHECK_H

#include "graph/graph.h"

typedef struct {
    Symbol name;
    double value;
} Define; /* -D NAME=VALUE */

typedef struct {
    const char *const *folders; /* -I, in order; then the installed library */
    uint32_t n_folders;
    const Define *defines;
    uint32_t n_defines;
    int real_bits; /* 0: as the file says; 32, 64 */
} CheckOptions;

/* `path` is how messages name the file, and imports are looked for beside it. The text must outlive the Base.
 * options may be NULL. */
Graph *check_model(Base *, const char *path, const char *text, size_t n, const CheckOptions *);

/* As check_model, and adds to `files` the paths that were read through `import`, in the order they were read (for -MD). */
typedef VEC(const char *) FileList;
Graph *check_model_files(Base *, const char *path, const char *text, size_t n, const CheckOptions *, FileList *files);

#endif
