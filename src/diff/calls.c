/* Derivatives of tensors that a call defines (linear algebra). */
#include "diff/internal.h"

static const char *const call_name[N_CALLS] = {"solve", "inv", "det", "logdet", "cholesky", "grad", "jacobian", "hessian", "jvp", "vjp"};

static void report(Graph *g, const Tensor *t) {
    diag_error(g->diag, t->call->span, "the derivative of '%s' is not supported", call_name[t->call->kind]);
}

void call_reverse(Graph *g, Tensor *t, Tensor *const *bar, const bool *active, const Directions *dir) {
    (void)bar, (void)active, (void)dir;
    report(g, t);
}
void call_forward(Graph *g, Tensor *t, Tensor *const *dot, const bool *active, const Directions *dir) {
    (void)dot, (void)active, (void)dir;
    report(g, t);
}
