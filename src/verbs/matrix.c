#include "verbs/matrix.h"

#include "diff/sparse.h"
#include "graph/ops.h"

typedef struct {
    Graph *g;
    Matrix *m;
    bool once;   /* no two terms so far meet in an entry */
    Expr *terms; /* so far */
    Expr *row_offset, *column_offset;
} Build;

static Expr *element_count(Graph *g, const Tensor *t) {
    Expr *n = expr_int(g, 1);
    for (uint32_t k = 0; k < t->rank; k++) n = expr_mul(g, n, t->extent[k]);
    return n;
}

/* The number of an element in reading order. */
static Expr *element_number(Graph *g, Expr *const *extent, Expr *const *subs, uint32_t rank) {
    Expr *n = expr_int(g, 0);
    for (uint32_t k = 0; k < rank; k++) n = expr_add(g, expr_mul(g, n, extent[k]), subs[k]);
    return n;
}

/* Vectors over the terms get their length once all terms are known. */
static Tensor *terms_vector(Graph *g, const char *name, Type type, Role role) {
    Expr *unknown = expr_int(g, 1);
    return graph_add_tensor(g, name_of(g->names, name), type, role, COMBINE_ADD, 1, &unknown, (Span){0});
}

static Expr *read_at(Graph *g, Tensor *vector, Expr *at) { return expr_read(g, vector, &at, NULL); }

/* Rows and columns are sums that start at -1, so that a term which no point of the domain reaches keeps it. */
static void add_place(Build *b, Expr *at, Expr *row, Expr *column, const SparseTerm *t) {
    graph_add_equation(b->g, b->m->row, &at, expr_add(b->g, row, expr_int(b->g, 1)), t->domain, NULL, (Span){0});
    graph_add_equation(b->g, b->m->column, &at, expr_add(b->g, column, expr_int(b->g, 1)), t->domain, NULL, (Span){0});
}

static void add_value(Build *b, Expr *at, const SparseTerm *t) {
    Expr *to = read_at(b->g, b->m->place, at);
    graph_add_equation(b->g, b->m->values, &to, t->value, t->domain, NULL, (Span){0});
}

static bool stands_bare(Expr *index, Expr *const *subs, uint32_t rank) {
    for (uint32_t k = 0; k < rank; k++)
        if (subs[k] == index) return true;
    return false;
}

/* Row and column tell the point of the domain. */
static bool is_told_apart(Graph *g, const SparseTerm *t, const Tensor *of, const Tensor *wrt) {
    for (uint32_t r = 0; r < t->domain.n; r++) {
        Expr *index = expr_index(g, t->domain.range[r].index);
        if (!stands_bare(index, t->row, of->rank) && !stands_bare(index, t->column, wrt->rank)) return false;
    }
    return true;
}

/* The terms of one block; `mirrored`: each once more with row and column exchanged. */
static void add_block(Build *b, const Tensor *of, const Tensor *wrt, const SparseTerms *terms, bool mirrored) {
    Graph *g = b->g;
    b->once &= terms->n <= 1;
    for (uint32_t k = 0; k < terms->n; k++) {
        const SparseTerm *t = &terms->at[k];
        b->once &= is_told_apart(g, t, of, wrt);
        Expr **index = NEW_ARRAY(g->arena, Expr *, t->domain.n + 1), *size = expr_int(g, 1);
        for (uint32_t r = 0; r < t->domain.n; r++) {
            index[r] = expr_index(g, t->domain.range[r].index);
            size = expr_mul(g, size, t->extent[r]);
        }
        Expr *number = element_number(g, t->extent, index, t->domain.n);
        Expr *row = expr_add(g, b->row_offset, element_number(g, of->extent, t->row, of->rank));
        Expr *column = expr_add(g, b->column_offset, element_number(g, wrt->extent, t->column, wrt->rank));
        for (int side = 0; side <= mirrored; side++) {
            Expr *at = expr_add(g, b->terms, number);
            add_place(b, at, side ? column : row, side ? row : column, t);
            add_value(b, at, t);
            b->terms = expr_add(g, b->terms, size);
        }
    }
}

static void set_length(Graph *g, Tensor *vector, Expr *n) {
    vector->extent = NEW_ARRAY(g->arena, Expr *, 1);
    vector->extent[0] = n;
}

/* -1 everywhere, before what the terms add. */
static void start_at_minus_one(Graph *g, Tensor *t) {
    Expr *index;
    Domain d = domain_of_tensor(g, t, &index);
    graph_add_equation(g, t, &index, expr_int(g, -1), d, NULL, (Span){0});
}

const char *matrix_derive(Graph *g, const TensorList *of, const TensorList *wrt, bool symmetric, Matrix *m) {
    *m = (Matrix){.place = terms_vector(g, "place", TYPE_INT, ROLE_SEED), .values = terms_vector(g, "values", TYPE_REAL, ROLE_ADJOINT),
                  .row = terms_vector(g, "row", TYPE_INT, ROLE_PART), .column = terms_vector(g, "column", TYPE_INT, ROLE_PART)};
    Build b = {.g = g, .m = m, .once = true, .terms = expr_int(g, 0), .row_offset = expr_int(g, 0)};
    for (uint32_t j = 0; j < of->n; j++) {
        b.column_offset = expr_int(g, 0);
        for (uint32_t k = 0; k < wrt->n; k++) {
            SparseTerms terms = {0};
            const bool mirrored = symmetric && k < j;
            const char *why = symmetric && k > j ? NULL : diff_sparse(g, of->at[j], wrt->at[k], &terms);
            if (why) return why;
            add_block(&b, of->at[j], wrt->at[k], &terms, mirrored);
            b.column_offset = expr_add(g, b.column_offset, element_count(g, wrt->at[k]));
        }
        b.row_offset = expr_add(g, b.row_offset, element_count(g, of->at[j]));
    }
    m->rows = b.row_offset;
    m->columns = b.column_offset;
    m->terms = b.terms;
    Tensor *all[] = {m->place, m->values, m->row, m->column};
    for (size_t k = 0; k < 4; k++) set_length(g, all[k], m->terms);
    if (b.once) m->values->op = COMBINE_SET; /* each entry is one term: nothing to add up */
    start_at_minus_one(g, m->row);
    start_at_minus_one(g, m->column);
    return NULL;
}

void pattern_allocate(Arena *arena, bp_pattern *p) {
    int32_t **arrays[] = {&p->index, &p->place, &p->row, &p->column};
    p->start = NEW_ARRAY(arena, int64_t, (size_t)(p->by_columns ? p->columns : p->rows) + 1);
    for (size_t k = 0; k < 4; k++) *arrays[k] = NEW_ARRAY(arena, int32_t, (size_t)p->terms + 1);
}

static void add_numbers(Arena *arena, ResultGroup *group, const char *name, const double *values, int64_t n, uint32_t rank) {
    Result r = {.name = name, .rank = rank, .extent = {n}, .values = values, .integer = true};
    vec_push(arena, &group->results, r);
}

void pattern_results(Arena *arena, ResultGroup *group, const bp_pattern *p, const double *values, bool single) {
    const int64_t n_start = (p->by_columns ? p->columns : p->rows) + 1;
    double *start = NEW_ARRAY(arena, double, (size_t)n_start), *index = NEW_ARRAY(arena, double, (size_t)p->entries + 1), *sizes = NEW_ARRAY(arena, double, 2);
    for (int64_t k = 0; k < n_start; k++) start[k] = (double)p->start[k];
    for (int64_t k = 0; k < p->entries; k++) index[k] = (double)p->index[k];
    sizes[0] = (double)p->rows, sizes[1] = (double)p->columns;
    add_numbers(arena, group, "rows", &sizes[0], 1, 0);
    add_numbers(arena, group, "columns", &sizes[1], 1, 0);
    add_numbers(arena, group, "start", start, n_start, 1);
    add_numbers(arena, group, "index", index, p->entries, 1);
    Result r = {.name = "values", .rank = 1, .extent = {p->entries}, .values = values, .single = single};
    vec_push(arena, &group->results, r);
}
