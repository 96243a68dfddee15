/* vjp, jacobian, hvp, hessian as equations.
 *
 *   vjp        reverse mode from cotangents that the caller gives
 *   jacobian   reverse or forward mode with one more index for the direction, whichever side has fewer elements
 *   hvp        forward over reverse: the tangent of the gradient
 *   hessian    the same along every unit direction at once */
#include "verbs/wanted.h"

#include <string.h>

#include "diff/diff.h"
#include "graph/ops.h"
#include "graph/restrict.h"
#include "verbs/verbs.h"

const WantRow want_rows[N_WANTS] = {
    {"vjp", FUNCTION_VJP, N_FUNCTIONS, N_FUNCTIONS, SEEDS_COTANGENTS, false, false},
    {"jacobian", FUNCTION_JACOBIAN, FUNCTION_SPARSE_JACOBIAN, FUNCTION_JACOBIAN_PATTERN, SEEDS_NONE, false, true},
    {"hvp", FUNCTION_HVP, N_FUNCTIONS, N_FUNCTIONS, SEEDS_TANGENTS, true, false},
    {"hessian", FUNCTION_HESSIAN, FUNCTION_SPARSE_HESSIAN, FUNCTION_HESSIAN_PATTERN, SEEDS_NONE, true, true},
};
static const char *const known[] = {"value", "gradient", "jvp", "vjp", "jacobian", "hvp", "hessian"};

bool want_is_known(const char *name) {
    size_t n = sizeof known / sizeof *known;
    for (size_t k = 0; k < n; k++)
        if (strcmp(known[k], name) == 0) return true;
    const char *near = nearest_name(name, known, n);
    fprintf(stderr, "bpc: --want knows value, gradient, jvp, vjp, jacobian, hvp and hessian, not '%s'", name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near);
    fprintf(stderr, "\n");
    return false;
}

static void add_all(Model *m, TensorList *to, const TensorList *from) {
    for (uint32_t k = 0; k < from->n; k++) vec_push(m->base.arena, to, from->at[k]);
}

static void list_results(Model *m, Wanted *w) {
    const TensorList *outer = w->row->of_scalar ? &w->wrt : &w->of;
    if (!w->row->pairs) add_all(m, &w->first, &w->wrt);
    for (uint32_t j = 0; w->row->pairs && j < outer->n; j++)
        for (uint32_t k = 0; k < w->wrt.n; k++) {
            vec_push(m->base.arena, &w->first, outer->at[j]);
            vec_push(m->base.arena, &w->second, w->wrt.at[k]);
        }
    if (w->row->seeds == SEEDS_TANGENTS) add_all(m, &w->seed_of, &w->wrt);
    if (w->row->seeds == SEEDS_COTANGENTS) add_all(m, &w->seed_of, &w->of);
}

int wanted_resolve(Model *m, const Options *o, Wanted list[N_WANTS], uint32_t *n) {
    *n = 0;
    for (uint32_t k = 0; k < o->want.n; k++)
        if (!want_is_known(o->want.at[k])) return STATUS_FAILED;
    for (size_t k = 0; k < N_WANTS; k++) {
        if (!wants(o, want_rows[k].name)) continue;
        Wanted *w = &list[(*n)++];
        *w = (Wanted){.row = &want_rows[k]};
        int status = model_wrt(m, o, &w->wrt);
        if (status == STATUS_DONE) status = w->row->of_scalar ? model_of_gradient(m, o, &w->scalar) : model_of_tangents(m, o, &w->of);
        if (status != STATUS_DONE) return status;
        list_results(m, w);
    }
    return STATUS_DONE;
}

/* ---- equations ---------------------------------------------------------------------------------------------------- */
static void make_seeds(Model *m, Wanted *w) {
    Graph *g = m->graph;
    w->seed = NEW_ARRAY(g->arena, Tensor *, w->seed_of.n + 1);
    for (uint32_t k = 0; k < w->seed_of.n; k++) {
        Tensor *t = w->seed_of.at[k];
        Symbol name = name_printf(g->names, "%s_%s", t->name, w->row->seeds == SEEDS_TANGENTS ? "direction" : "weight");
        w->seed[k] = graph_add_tensor(g, name, TYPE_REAL, ROLE_SEED, COMBINE_SET, t->rank, t->extent, t->span);
    }
}

static Directions directions_of(Graph *g, const Tensor *t) {
    Directions d = {.n = t->rank, .extent = t->extent, .name = NEW_ARRAY(g->arena, Symbol, t->rank + 1)};
    for (uint32_t k = 0; k < t->rank; k++) d.name[k] = name_printf(g->names, "d%u", k);
    return d;
}

/* OF_WRT, with the axes of both. */
static Tensor *pair_tensor(Graph *g, const Tensor *first, const Tensor *second) {
    uint32_t rank = first->rank + second->rank;
    Expr **extent = NEW_ARRAY(g->arena, Expr *, rank + 1);
    for (uint32_t k = 0; k < rank; k++) extent[k] = k < first->rank ? first->extent[k] : second->extent[k - first->rank];
    return graph_add_tensor(g, name_printf(g->names, "%s_%s", first->name, second->name), TYPE_REAL, ROLE_ADJOINT, COMBINE_SET, rank, extent, first->span);
}

static void warn_if_zero(Graph *g, const Tensor *of, const Tensor *wrt, const Tensor *derivative) {
    if (!derivative->pieces && !derivative->call)
        diag_warning(g->diag, "zero-derivative", wrt->span, "the derivative of '%s' by '%s' is 0: it does not depend on it", of->name, wrt->name);
}

static Tensor *paired(Graph *g, const Tensor *first, const Tensor *second, Tensor *from) {
    Tensor *t = pair_tensor(g, first, second);
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(g, t, index);
    graph_add_equation(g, t, index, expr_read(g, from, index, NULL), d, NULL, first->span);
    return t;
}

static void print_size(Graph *g, Text *out, const Tensor *t) {
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(out, k ? "*" : "");
        expr_print(g, out, t->extent[k]);
    }
    if (t->rank == 0) text_add(out, "1");
}

/* Which mode, and why. */
static const char *mode_note(Graph *g, const Tensor *of, const Tensor *wrt, bool forward) {
    Text rows = {0}, columns = {0};
    print_size(g, &rows, of);
    print_size(g, &columns, wrt);
    const char *note = arena_printf(g->arena, forward ? "forward mode: %s directions, reverse would follow %s" : "reverse mode: %s directions, forward would follow %s",
                                    forward ? columns.at : rows.at, forward ? rows.at : columns.at);
    text_free(&rows);
    text_free(&columns);
    return note;
}

static void derive_vjp(Model *m, Wanted *w, Mode mode) {
    (void)mode;
    diff_reverse(m->graph, w->of.at, w->seed, w->of.n, w->wrt.at, w->wrt.n, NULL, w->result);
}
static void derive_jacobian(Model *m, Wanted *w, Mode mode) {
    w->note = NEW_ARRAY(m->base.arena, const char *, w->first.n + 1);
    for (uint32_t k = 0; k < w->first.n; k++) {
        Tensor *of = w->first.at[k], *wrt = w->second.at[k];
        const bool forward = mode == MODE_FORWARD || (mode != MODE_REVERSE && forward_is_less(of, wrt));
        Tensor *made = diff_jacobian(m->graph, of, wrt, forward);
        warn_if_zero(m->graph, of, wrt, made);
        w->result[k] = paired(m->graph, of, wrt, made);
        w->note[k] = mode_note(m->graph, of, wrt, forward);
    }
}
static Tensor **gradient_of(Model *m, Wanted *w) {
    Tensor **bar = NEW_ARRAY(m->base.arena, Tensor *, w->wrt.n + 1), *seed = NULL;
    diff_reverse(m->graph, &w->scalar, &seed, 1, w->wrt.at, w->wrt.n, NULL, bar);
    return bar;
}
static void derive_hvp(Model *m, Wanted *w, Mode mode) {
    (void)mode;
    Tensor **bar = gradient_of(m, w);
    diff_forward(m->graph, w->wrt.at, w->seed, w->wrt.n, bar, w->wrt.n, NULL, w->result);
}
/* What is on one side of the diagonal, with rows and columns exchanged. */
static Tensor *mirrored(Graph *g, const Tensor *first, const Tensor *second, Tensor *from) {
    Tensor *t = pair_tensor(g, first, second);
    Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1), **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
    Domain d = domain_of_tensor(g, t, index);
    for (uint32_t k = 0; k < t->rank; k++) subs[k] = k < second->rank ? index[first->rank + k] : index[k - second->rank];
    graph_add_equation(g, t, index, expr_read(g, from, subs, NULL), d, NULL, first->span);
    return t;
}

/* Is the tensor read by any equation? Then all of it is needed. */
static bool is_read(Graph *g, const Tensor *t) {
    for (uint32_t k = 0; k < g->tensors.n; k++)
        for (const Equation *e = g->tensors.at[k]->pieces; e; e = e->next)
            if (expr_reads(g, e->body, t)) return true;
    return false;
}

/* H[a, b] = dot[a, b] where a0 >= b0, else dot[b, a]: of the tangents of the gradient only those rows are computed whose first index
 * is not before that of the direction. */
static Tensor *halved(Graph *g, const Tensor *wrt, Tensor *dot) {
    if (wrt->rank == 0 || !dot->pieces || is_read(g, dot)) return paired(g, wrt, wrt, dot);
    for (Equation *e = dot->pieces; e; e = e->next)
        e->domain = domain_restrict(g, e->domain, expr_op2(g, OP_ge, e->subs[0], e->subs[wrt->rank]));
    dot->op = COMBINE_ADD; /* 0 on the other side */
    Tensor *t = pair_tensor(g, wrt, wrt);
    for (int side = 0; side < 2; side++) {
        Expr **index = NEW_ARRAY(g->arena, Expr *, t->rank + 1), **subs = NEW_ARRAY(g->arena, Expr *, t->rank + 1);
        Domain d = domain_of_tensor(g, t, index);
        for (uint32_t k = 0; k < t->rank; k++) subs[k] = side ? index[(k + wrt->rank) % t->rank] : index[k];
        d = domain_restrict(g, d, expr_op2(g, side ? OP_lt : OP_ge, index[0], index[wrt->rank]));
        graph_add_equation(g, t, index, expr_read(g, dot, subs, NULL), d, NULL, wrt->span);
    }
    return t;
}

/* The columns of one tensor's directions, from the diagonal block on; the blocks before it are mirrored. */
static void derive_hessian(Model *m, Wanted *w, Mode mode) {
    (void)mode;
    Graph *g = m->graph;
    const uint32_t n = w->wrt.n;
    Tensor **bar = gradient_of(m, w);
    for (uint32_t k = 0; k < n; k++) {
        Directions d = directions_of(g, w->wrt.at[k]);
        Tensor **dot = NEW_ARRAY(g->arena, Tensor *, n + 1);
        diff_forward(g, &w->wrt.at[k], NULL, 1, bar + k, n - k, d.n ? &d : NULL, dot);
        w->result[k * n + k] = halved(g, w->wrt.at[k], dot[0]);
        for (uint32_t j = k + 1; j < n; j++) {
            w->result[j * n + k] = paired(g, w->wrt.at[j], w->wrt.at[k], dot[j - k]);
            w->result[k * n + j] = mirrored(g, w->wrt.at[k], w->wrt.at[j], w->result[j * n + k]);
        }
    }
}

/* One matrix of all pairs. */
static int derive_sparse(Model *m, Wanted *w) {
    TensorList of = w->of;
    Tensor **bar = w->row->of_scalar ? gradient_of(m, w) : NULL;
    for (uint32_t k = 0; bar && k < w->wrt.n; k++) vec_push(m->base.arena, &of, bar[k]);
    w->matrix = NEW(m->base.arena, Matrix);
    const char *why = matrix_derive(m->graph, &of, &w->wrt, bar != NULL, w->matrix);
    if (!why) return STATUS_DONE;
    fprintf(stderr, "bpc: --sparse: the pattern of the %s is not known because %s; without --sparse it is dense\n", w->row->name, why);
    return STATUS_WRONG_MODEL;
}

int wanted_derive(Model *m, Wanted *w, const Options *o) {
    static void (*const derive[N_WANTS])(Model *, Wanted *, Mode) = {derive_vjp, derive_jacobian, derive_hvp, derive_hessian};
    if (o->sparse && w->row->pairs) return derive_sparse(m, w);
    w->result = NEW_ARRAY(m->base.arena, Tensor *, w->first.n + 1);
    make_seeds(m, w);
    derive[w->row - want_rows](m, w, (Mode)o->mode);
    return STATUS_DONE;
}
