/* Linear algebra in C: one call of libbp for each matrix of the batch. Everything lies in the caller's arrays or in the
 * workspace; a factorisation that does not exist ends the function.
 *
 *     if (bp_solve_f32(3, 2, &A[9*n], &B[6*n], &X[6*n], X_factors, X_rows) != 0) return BP_E_DOMAIN; */
#include "emit/writer.h"
#include "graph/ops.h"
#include "plan/call.h"

typedef struct {
    const char *name; /* in the language and, after bp_, in C */
    bool exists;      /* may fail: its value is a status */
} CallRow;
static const CallRow rows[N_CALLS] = {[CALL_SOLVE] = {"solve", true}, [CALL_INV] = {"inv", true}, [CALL_DET] = {"det", false},
                                      [CALL_LOGDET] = {"logdet", true}, [CALL_CHOLESKY] = {"cholesky", true}, [CALL_COFACTOR] = {"cofactor", false}};

/* The function of libbp, which may use LAPACK, or the inline one of bp_linalg.h that --standalone copies. */
static const char *function_name(Writer *w, const CallRow *row) {
    const char *suffix = w->emission->blas ? (w->g->f64 ? "_f64" : "_f32") : w->g->f64 ? "" : "f";
    Symbol name = name_printf(w->g->names, "bp_%s%s", row->name, suffix);
    map_put(w->used, name, (void *)(uintptr_t)name);
    return name;
}

/* The address of the matrix at the place of the batch. */
static void write_matrix(Writer *w, Tensor *t, Expr *const *batch, uint32_t n_batch) {
    Expr **subs = NEW_ARRAY(w->g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) subs[k] = k < n_batch ? batch[k] : expr_int(w->g, 0);
    text_add(w->out, ", &");
    write_element(w, t, subs);
}

static void write_columns(Writer *w, const Tensor *b, uint32_t from) {
    Expr *n = expr_int(w->g, 1);
    for (uint32_t k = from; k < b->rank; k++) n = expr_mul(w->g, n, b->extent[k]);
    text_add(w->out, ", ");
    write_expr(w, n, TYPE_INT, C_TERNARY);
}

void write_call_node(Writer *w, const Tree *n) {
    Tensor *to = n->as.call.to;
    const Call *call = to->call;
    const CallRow *row = &rows[call->kind];
    const uint32_t n_batch = call_batch(to);
    writer_indent(w);
    text_add(w->out, row->exists ? "if (%s(" : "%s(", function_name(w, row));
    write_expr(w, call->arg[0]->extent[n_batch], TYPE_INT, C_TERNARY);
    if (call->n > 1) write_columns(w, call->arg[1], n_batch + 1);
    for (uint32_t k = 0; k < call->n; k++) write_matrix(w, call->arg[k], n->as.call.subs, n_batch);
    write_matrix(w, to, n->as.call.subs, n_batch);
    for (uint32_t k = 0; k < 2; k++)
        if (call->scratch[k]) text_add(w->out, ", %s", (const char *)map_get(w->tensors, call->scratch[k]));
    text_add(w->out, row->exists ? ") != 0) return BP_E_DOMAIN;\n" : ");\n");
}

/* X[n] = solve(A[n], B[n]) */
void write_call_equation(Writer *w, Text *text, const Equation *e) {
    const Call *call = e->target->call;
    const uint32_t n_batch = call_batch(e->target);
    for (uint32_t k = 0; k <= call->n; k++) {
        text_add(text, "%s%s", k == 0 ? "" : k == 1 ? " = " : ", ", k == 1 ? rows[call->kind].name : "");
        text_add(text, "%s%s", k == 1 ? "(" : "", k == 0 ? e->target->name : call->arg[k - 1]->name);
        for (uint32_t a = 0; a < n_batch; a++) text_add(text, "%s%s%s", a ? "," : "[", w->g->indices.at[e->domain.range[a].index].name, a + 1 == n_batch ? "]" : "");
    }
    text_add(text, ")");
}
