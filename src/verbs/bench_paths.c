/* The baseline that the notes warn of: the derivative as the sum over all paths of the products of partials along them.
 *
 * Reverse mode's equations  R_bar[s] += T_bar[o] * partial  are the edges R[s] -> T[o] of the graph of scalars: differentiated,
 * but not simplified, and enumerated at the sizes at hand with the interpreter's numbers for the partials. Where reverse mode
 * computes each error signal once and keeps it, the baseline goes to the end of every path again:
 *
 *     walk(u) = end(u) + sum over edges u -> v of partial * walk(v)
 *
 * from every element of wrt. The partials are handed to it and are not part of what is timed, so what is measured is the least
 * that summing every path can cost: a multiplication and an addition for each edge of the tree of paths. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost/cost.h"
#include "diff/diff.h"
#include "eval/eval.h"
#include "verbs/bench.h"
#include "verbs/case.h"
#include "verbs/derive.h"
#include "verbs/native.h"
#include "verbs/verbs.h"

enum { MOST_EDGES = 4000000, MOST_NODES = 8000000, MOST_DEPTH = 20000 };
static const double most_steps = 1e8; /* edges of the tree of paths */

static const char source[] =
    "#include <stdint.h>\n"
    "/* Edges of u are first[u] .. first[u + 1]. */\n"
    "static double walk(const uint32_t *first, const uint32_t *to, const double *partial, const double *end, uint32_t u) {\n"
    "    double sum = end[u];\n"
    "    for (uint32_t e = first[u]; e < first[u + 1]; e++) sum += partial[e]*walk(first, to, partial, end, to[e]);\n"
    "    return sum;\n"
    "}\n"
    "void paths_walk(const uint32_t *first, const uint32_t *to, const double *partial, const double *end, const uint32_t *from, int64_t n, double *sums) {\n"
    "    for (int64_t k = 0; k < n; k++) sums[k] = walk(first, to, partial, end, from[k]);\n"
    "}\n";
typedef void Walk(const uint32_t *first, const uint32_t *to, const double *partial, const double *end, const uint32_t *from, int64_t n, double *sums);

typedef struct {
    uint32_t from, to;
    double partial;
} Edge;

struct BenchPaths {
    Model model;
    Case data;
    Eval *eval;
    Counting *counting;
    TensorList wrt, of;
    Tensor **bar;      /* by tensor number: NULL where it is not active */
    uint32_t *node;    /* by tensor number: its first element's, where it is active */
    uint32_t n_nodes, n_edges, room;
    Edge *edge;
    double *end;       /* by node: what a path that ends here counts, 0 or 1 */
    uint32_t *first, *to; /* the edges, by node they leave */
    double *partial;
    uint32_t *from;    /* nodes of the elements of wrt */
    int64_t n_from;
    double *sums;
    Native native;
    Walk *walk;
    const char *reason;
};

static bool refuse(BenchPaths *p, const char *reason) {
    p->reason = reason;
    return false;
}

/* ---- the reverse equations ---------------------------------------------------------------------------------------- */
static void differentiate(BenchPaths *p) {
    Graph *g = p->model.graph;
    const uint32_t before = g->tensors.n;
    Tensor **seeds = NEW_ARRAY(g->arena, Tensor *, p->of.n + 1), **bars = NEW_ARRAY(g->arena, Tensor *, p->wrt.n + 1);
    for (uint32_t k = 0; k < p->of.n; k++) {
        Tensor *t = p->of.at[k];
        if (t->rank > 0 || p->of.n > 1) seeds[k] = graph_add_tensor(g, name_printf(g->names, "%s_end", t->name), TYPE_REAL, ROLE_SEED, COMBINE_SET, t->rank, t->extent, t->span);
    }
    diff_reverse(g, p->of.at, seeds, p->of.n, p->wrt.at, p->wrt.n, NULL, bars);
    p->bar = NEW_ARRAY(g->arena, Tensor *, g->tensors.n);
    for (uint32_t k = before; k < g->tensors.n; k++) {
        Tensor *t = g->tensors.at[k];
        if (t->role == ROLE_ADJOINT && t->of) p->bar[t->of->number] = t;
    }
}

/* Nodes are numbered tensor by tensor. */
static bool number_nodes(BenchPaths *p) {
    const Graph *g = p->model.graph;
    double n = 0;
    p->node = NEW_ARRAY(g->arena, uint32_t, g->tensors.n);
    for (uint32_t k = 0; k < g->tensors.n; k++) {
        if (!p->bar[k]) continue;
        if (g->tensors.at[k]->call || p->bar[k]->call) return refuse(p, "linear algebra is a call, whose paths are not enumerated");
        p->node[k] = (uint32_t)n;
        n += (double)case_count(&p->data, g->tensors.at[k]);
        if (n > MOST_NODES) return refuse(p, "too many scalars to enumerate their paths");
    }
    p->n_nodes = (uint32_t)n;
    p->end = calloc((size_t)p->n_nodes + 1, sizeof *p->end);
    return p->end ? true : refuse(p, "no memory to enumerate the paths");
}

/* ---- numbers ------------------------------------------------------------------------------------------------------- */
/* Values of everything that the equations read; adjoints and seeds are 1, so that a body is its partial. */
static bool give_values(BenchPaths *p, double **values, const Equation *e) {
    Graph *g = p->model.graph;
    Expr **roots = NEW_ARRAY(g->arena, Expr *, 2 + e->target->rank + 1);
    uint32_t n = 0;
    roots[n++] = e->body;
    roots[n++] = e->domain.guard;
    for (uint32_t k = 0; k < e->target->rank; k++) roots[n++] = e->subs[k];
    ExprList all = expr_walk(g, roots, n);
    for (uint32_t k = 0; k < all.n; k++) {
        Tensor *t = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
        if (!t || t->role == ROLE_CONST || values[t->number]) continue;
        const int64_t count = case_count(&p->data, t);
        values[t->number] = NEW_ARRAY(g->arena, double, (size_t)count + 1);
        const bool one = t->role == ROLE_SEED || (t->role == ROLE_ADJOINT && t->of && p->bar[t->of->number] == t);
        for (int64_t j = 0; one && j < count; j++) values[t->number][j] = 1;
        if (!one && eval_get(p->eval, t, values[t->number]) != 0) return refuse(p, "the interpreter cannot compute the partials");
    }
    return true;
}

/* ---- edges --------------------------------------------------------------------------------------------------------- */
typedef struct {
    BenchPaths *p;
    const Equation *e;
    const Tensor *source, *goal; /* of the edges; goal NULL: the paths end here */
    Expr *const *goal_subs;
    uint32_t budget;
} Enumeration;

static bool add_edge(BenchPaths *p, uint32_t from, uint32_t to, double partial) {
    if (p->n_edges == MOST_EDGES) return refuse(p, "too many edges to enumerate their paths");
    if (p->n_edges == p->room) {
        const uint32_t room = 2 * p->room + 1024;
        Edge *larger = realloc(p->edge, room * sizeof *larger);
        if (!larger) return refuse(p, "no memory to enumerate the paths");
        p->edge = larger;
        p->room = room;
    }
    p->edge[p->n_edges++] = (Edge){from, to, partial};
    return true;
}

static bool visit(void *with, int64_t weight) {
    const Enumeration *w = with;
    BenchPaths *p = w->p;
    Whole *whole = p->counting->whole;
    (void)weight; /* every range is walked */
    const int64_t at = whole_element(whole, w->source, w->e->subs), to = w->goal ? whole_element(whole, w->goal, w->goal_subs) : 0;
    const double partial = whole_value(whole, w->e->body);
    if (bench_stopped()) return refuse(p, "interrupted");
    if (at < 0 || to < 0 || partial != partial) return refuse(p, "a partial is not a number that the interpreter can give alone");
    const uint32_t from = p->node[w->source->number] + (uint32_t)at;
    if (w->goal) return add_edge(p, from, p->node[w->goal->number] + (uint32_t)to, partial);
    p->end[from] += partial;
    return true;
}

/* The one adjoint that the body reads, or none where the equation starts from a seed. */
static bool find_goal(Enumeration *w) {
    BenchPaths *p = w->p;
    Expr *body = w->e->body;
    ExprList all = expr_walk(p->model.graph, &body, 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < all.n; k++) {
        const Expr *x = all.at[k];
        if (x->kind != EXPR_READ || x->of.tensor->role != ROLE_ADJOINT || !x->of.tensor->of || p->bar[x->of.tensor->of->number] != x->of.tensor) continue;
        w->goal = x->of.tensor->of;
        w->goal_subs = x->arg;
        n++;
    }
    return n <= 1 ? true : refuse(p, "an equation reads several error signals");
}

static bool enumerate_equation(BenchPaths *p, const Tensor *source, const Equation *e) {
    Enumeration w = {.p = p, .e = e, .source = source};
    bool *walk = NEW_ARRAY(p->model.graph->arena, bool, e->domain.n + 1);
    for (uint32_t k = 0; k < e->domain.n; k++) walk[k] = true;
    if (!find_goal(&w)) return false;
    const VisitOutcome outcome = domain_visit(p->counting, &e->domain, walk, visit, &w);
    if (outcome == VISIT_MANY) return refuse(p, "too many edges to enumerate their paths");
    return outcome == VISIT_DONE ? true : p->reason ? false : refuse(p, "the edges depend on numbers that are not known");
}

static bool enumerate(BenchPaths *p) {
    Graph *g = p->model.graph;
    double **values = NEW_ARRAY(g->arena, double *, g->tensors.n + 1);
    for (uint32_t k = 0; k < p->data.n; k++) values[k] = p->data.values[k];
    p->counting = counting_new(g, p->data.dims, values);
    for (uint32_t k = 0; k < g->tensors.n; k++)
        for (const Equation *e = p->bar[k] ? p->bar[k]->pieces : NULL; e; e = e->next)
            if (!give_values(p, values, e) || !enumerate_equation(p, g->tensors.at[k], e)) return false;
    return true;
}

/* ---- the graph of scalars ------------------------------------------------------------------------------------------- */
static bool sort_edges(BenchPaths *p) {
    p->first = calloc((size_t)p->n_nodes + 2, sizeof *p->first);
    p->to = calloc((size_t)p->n_edges + 1, sizeof *p->to);
    p->partial = calloc((size_t)p->n_edges + 1, sizeof *p->partial);
    if (!p->first || !p->to || !p->partial) return refuse(p, "no memory to enumerate the paths");
    for (uint32_t k = 0; k < p->n_edges; k++) p->first[p->edge[k].from + 2]++;
    for (uint32_t k = 2; k < p->n_nodes + 2; k++) p->first[k] += p->first[k - 1];
    for (uint32_t k = 0; k < p->n_edges; k++) {
        const uint32_t at = p->first[p->edge[k].from + 1]++; /* afterwards first[u + 1] is where the edges of u end */
        p->to[at] = p->edge[k].to;
        p->partial[at] = p->edge[k].partial;
    }
    return true;
}

typedef struct {
    double *paths, *steps; /* from each node on; -1: not counted yet */
    uint32_t *node, *edge; /* the way down to where the count is, and the next edge there */
} Count;

/* How many paths there are and how many edges their tree has, from `root` on: depth first, each node once. */
static bool count_from(const BenchPaths *p, Count *c, uint32_t root) {
    uint32_t depth = 0;
    c->node[0] = root;
    c->edge[0] = p->first[root];
    c->paths[root] = p->end[root] != 0;
    c->steps[root] = 0;
    for (;;) {
        const uint32_t u = c->node[depth];
        if (c->edge[depth] == p->first[u + 1]) {
            if (depth-- == 0) return true;
            const uint32_t above = c->node[depth];
            c->paths[above] += c->paths[u];
            c->steps[above] += 1 + c->steps[u];
            continue;
        }
        const uint32_t v = p->to[c->edge[depth]++];
        if (c->paths[v] >= 0) {
            c->paths[u] += c->paths[v];
            c->steps[u] += 1 + c->steps[v];
            continue;
        }
        if (++depth == MOST_DEPTH) return false;
        c->node[depth] = v;
        c->edge[depth] = p->first[v];
        c->paths[v] = p->end[v] != 0;
        c->steps[v] = 0;
    }
}

static bool count_with(BenchPaths *p, Count *c, double *paths, double *steps) {
    for (uint32_t k = 0; k < p->n_nodes; k++) c->paths[k] = -1;
    for (int64_t k = 0; k < p->n_from; k++) {
        const uint32_t u = p->from[k];
        if (c->paths[u] < 0 && !count_from(p, c, u)) return refuse(p, "paths too long to walk them one by one");
        *paths += c->paths[u];
        *steps += c->steps[u];
    }
    return true;
}

static bool count_paths(BenchPaths *p, double *paths, double *steps) {
    Count c = {malloc(((size_t)p->n_nodes + 1) * sizeof *c.paths), malloc(((size_t)p->n_nodes + 1) * sizeof *c.steps),
               malloc(MOST_DEPTH * sizeof *c.node), malloc(MOST_DEPTH * sizeof *c.edge)};
    const bool counted = c.paths && c.steps && c.node && c.edge ? count_with(p, &c, paths, steps) : refuse(p, "no memory to count the paths");
    free(c.paths);
    free(c.steps);
    free(c.node);
    free(c.edge);
    return counted;
}

static bool list_sources(BenchPaths *p) {
    for (uint32_t k = 0; k < p->wrt.n; k++) p->n_from += case_count(&p->data, p->wrt.at[k]);
    p->from = malloc(((size_t)p->n_from + 1) * sizeof *p->from);
    p->sums = calloc((size_t)p->n_from + 1, sizeof *p->sums);
    if (!p->from || !p->sums) return refuse(p, "no memory to enumerate the paths");
    int64_t n = 0;
    for (uint32_t k = 0; k < p->wrt.n; k++) {
        const int64_t count = case_count(&p->data, p->wrt.at[k]);
        for (int64_t j = 0; j < count; j++) p->from[n++] = p->node[p->wrt.at[k]->number] + (uint32_t)j;
    }
    return true;
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */
static bool set_values(BenchPaths *p) {
    p->eval = eval_new(p->model.graph, p->data.dims, false);
    eval_set_training(p->eval, 1);
    return case_set(&p->data, p->eval) ? true : refuse(p, "the interpreter cannot take the values");
}

static bool load_walk(BenchPaths *p) {
    static const char *const flags[] = {"-O3", "-march=native", "-w"};
    Text text = {0};
    text_put(&text, source, sizeof source - 1);
    const int status = native_open_text(&p->native, p->model.base.arena, "paths", &text, flags, sizeof flags / sizeof *flags);
    text_free(&text);
    p->walk = status == STATUS_DONE ? (Walk *)native_function(&p->native, "walk") : NULL;
    return p->walk ? true : refuse(p, "the walk over them does not compile");
}

static const char *too_many(Arena *arena, double paths, double steps) {
    Text text = {0};
    decimal_print(&text, decimal_of(paths, 2), NULL);
    text_add(&text, " paths, ");
    decimal_print(&text, decimal_of(steps, 2), NULL);
    text_add(&text, " multiplications along them: more than the ");
    decimal_print(&text, decimal_of(most_steps, 2), NULL);
    text_add(&text, " that are tried");
    const char *kept = arena_printf(arena, "%s", text.at);
    text_free(&text);
    return kept;
}

static bool open_paths(BenchPaths *p, Arena *arena, const Options *o, const BenchCase *how, double *paths, double *steps) {
    if (model_open(&p->model, o) != STATUS_DONE || bench_tensors(&p->model, o, &p->of, &p->wrt) != STATUS_DONE || derive_requests(&p->model, o) != STATUS_DONE ||
        bench_case(&p->data, &p->model, o, how) != STATUS_DONE)
        return refuse(p, "the model cannot be opened again");
    if (!set_values(p)) return false;
    differentiate(p);
    if (!number_nodes(p) || !enumerate(p) || !sort_edges(p) || !list_sources(p) || !count_paths(p, paths, steps)) return false;
    if (*steps > most_steps) return refuse(p, too_many(arena, *paths, *steps));
    return load_walk(p);
}

BenchPaths *bench_paths_new(Arena *arena, const Options *o, const BenchCase *how, const char **reason, double *paths, double *steps) {
    BenchPaths *p = NEW(arena, BenchPaths);
    *paths = *steps = 0;
    if (open_paths(p, arena, o, how, paths, steps)) return p;
    *reason = p->reason;
    if (!p->first) *paths = NAN;
    bench_paths_free(p);
    return NULL;
}

void bench_paths_walk(const BenchPaths *p) { p->walk(p->first, p->to, p->partial, p->end, p->from, p->n_from, p->sums); }
const double *bench_paths_sums(const BenchPaths *p) { return p->sums; }

void bench_paths_free(BenchPaths *p) {
    if (!p) return;
    eval_free(p->eval);
    counting_free(p->counting);
    native_close(&p->native);
    if (p->model.base.arena) model_close(&p->model);
    free(p->edge);
    free(p->end);
    free(p->first);
    free(p->to);
    free(p->partial);
    free(p->from);
    free(p->sums);
}
