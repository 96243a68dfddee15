/* Sparse derivatives by structure: reverse mode in which every adjoint keeps to the entries that are not zero.
 *
 * For each tensor T between `of` and `wrt` there are families of entries of d of/d T: value(u) at row row(u) and column col(u),
 * over a domain of u. It starts with ones on the diagonal of `of` itself. An equation of T carries a family to what it reads:
 *
 *     T[o] += body(R[s])  over D        V[u] at (row(u), col(u)) of T    ->    V[u]*d body/d R  at (row(u), s)  of R,   o = col(u)
 *
 * The left side is solved for what the column says, so that gathers, shifts and shared indices cost nothing; indices of D that
 * neither row nor column needs are summed. Families of equal rows and columns are one tensor; so are those that differ on a short
 * axis alone, which then is there whole: the three coordinates of a point, not each one for itself.
 *
 * Similar: A. Griewank and A. Walther, Evaluating Derivatives (2008), chapter 7, there for single entries. */
#include "diff/sparse.h"

#include "diff/internal.h"
#include "graph/affine.h"

enum { MOST_FAMILIES = 64, MOST_INDICES = 16, SMALL = 16 }; /* SMALL: an axis that is followed whole where entries differ on it */

typedef struct {
    Graph *g;
    Tensor *of, *wrt;
    bool *active;
    Weights *weights;
    SparseTerms *reached; /* by tensor: what has come to it, each over the indices of the equation it came through */
    Expr *canonical[MOST_INDICES];
    const char *failed;
} Sparse;

static const char *fail(Sparse *s, const char *why) {
    if (!s->failed) s->failed = why;
    return s->failed;
}

static Expr *tidy(Graph *g, Expr *e) {
    Affine form;
    return affine_of_atoms(g, e, &form) ? affine_expr(g, &form) : e;
}

/* ---- joining a family with an equation --------------------------------------------------------------------------------- */
typedef struct {
    Sparse *s;
    const SparseTerm *family;
    const Equation *e;
    Subst *in_equation, *in_family;
    bool *solved, *given; /* by range: of the equation, of the family */
    Expr *condition;
} Join;

static int32_t range_number(const Domain *d, const Expr *e) {
    for (uint32_t k = 0; e->kind == EXPR_INDEX && k < d->n; k++)
        if (d->range[k].index == e->of.number) return (int32_t)k;
    return -1;
}

static bool uses_any(Graph *g, Expr *e, const Domain *d, const bool *except) {
    for (uint32_t k = 0; k < d->n; k++)
        if (!except[k] && expr_uses_index(g, e, d->range[k].index)) return true;
    return false;
}

static void require(Join *j, Expr *condition) { j->condition = expr_and(j->s->g, j->condition, condition); }

static void require_range(Join *j, const Range *r, Subst *s, Expr *value) {
    Graph *g = j->s->g;
    for (uint32_t b = 0; b < r->n_lo; b++) require(j, expr_op2(g, OP_ge, value, subst_apply(s, r->lo[b])));
    for (uint32_t b = 0; b < r->n_hi; b++) require(j, expr_op2(g, OP_lt, value, subst_apply(s, r->hi[b])));
}

/* The left side names the index once and with coefficient 1 or -1: index = by*(column - rest). */
static bool solve_index(Join *j, Expr *sub, Expr *column) {
    Graph *g = j->s->g;
    const Domain *d = &j->e->domain;
    Affine form, self, rest, other;
    if (!affine_of_atoms(g, sub, &form) || !affine_of_atoms(g, column, &other)) return false;
    for (uint32_t k = 0; k < d->n; k++) {
        Expr *index = expr_index(g, d->range[k].index);
        int64_t by = affine_coefficient(&form, index);
        if (j->solved[k] || (by != 1 && by != -1)) continue;
        affine_of(g, index, &self);
        if (!affine_add(&form, &self, -by, &rest)) return false;
        if (uses_any(g, affine_expr(g, &rest), d, j->solved)) continue;
        Expr *offset = subst_apply(j->in_equation, affine_expr(g, &rest));
        subst_index(j->in_equation, d->range[k].index, tidy(g, by == 1 ? expr_sub(g, column, offset) : expr_sub(g, offset, column)));
        return j->solved[k] = true;
    }
    return false;
}

/* The column is an index of the family that stands nowhere else in its columns: that takes what the left side says. */
static bool give_index(Join *j, uint32_t axis) {
    Graph *g = j->s->g;
    const SparseTerm *f = j->family;
    int32_t k = range_number(&f->domain, f->column[axis]);
    if (k < 0 || j->given[k]) return false;
    for (uint32_t a = 0; a < j->e->target->rank; a++)
        if (a != axis && expr_uses_index(g, f->column[a], f->domain.range[k].index)) return false;
    subst_index(j->in_family, f->domain.range[k].index, subst_apply(j->in_equation, j->e->subs[axis]));
    return j->given[k] = true;
}

/* First what can be solved for, since all else is said in terms of that. */
static bool join_columns(Join *j) {
    Graph *g = j->s->g;
    const uint32_t rank = j->e->target->rank;
    bool *done = NEW_ARRAY(g->arena, bool, rank + 1);
    for (uint32_t k = 0; k < rank; k++) done[k] = solve_index(j, j->e->subs[k], j->family->column[k]);
    for (uint32_t k = 0; k < rank; k++) {
        Expr *sub = j->e->subs[k], *column = j->family->column[k];
        if (done[k] || give_index(j, k)) continue;
        if (uses_any(g, sub, &j->e->domain, j->solved)) return false;
        require(j, expr_op2(g, OP_eq, column, subst_apply(j->in_equation, sub)));
    }
    return true;
}

/* What is known of the indices that were solved for or given; only now is every substitution known. */
static void require_ranges(Join *j) {
    Graph *g = j->s->g;
    const Domain *e = &j->e->domain, *f = &j->family->domain;
    for (uint32_t k = 0; k < e->n; k++)
        if (j->solved[k]) require_range(j, &e->range[k], j->in_equation, subst_apply(j->in_equation, expr_index(g, e->range[k].index)));
    for (uint32_t k = 0; k < f->n; k++)
        if (j->given[k]) require_range(j, &f->range[k], j->in_family, subst_apply(j->in_family, expr_index(g, f->range[k].index)));
    require(j, subst_apply(j->in_family, f->guard));
    require(j, subst_apply(j->in_equation, e->guard));
    j->condition = subst_apply(j->in_family, j->condition);
}

static void add_ranges(Join *j, Domain *to, const Domain *from, const bool *gone, Subst *s) {
    Graph *g = j->s->g;
    Domain copy = domain_copy(g->arena, *from);
    for (uint32_t k = 0; k < copy.n; k++) {
        if (gone[k]) continue;
        Range *r = &copy.range[k];
        for (uint32_t b = 0; b < r->n_lo; b++) r->lo[b] = subst_apply(s, r->lo[b]);
        for (uint32_t b = 0; b < r->n_hi; b++) r->hi[b] = subst_apply(s, r->hi[b]);
        to->range[to->n++] = *r;
    }
}

/* A range stands behind those whose indices its bounds use. False where that is a circle. */
static bool sort_ranges(Graph *g, Domain *d) {
    for (uint32_t k = 0; k < d->n; k++) {
        uint32_t next = k;
        for (; next < d->n; next++) {
            bool ready = true;
            for (uint32_t j = k; j < d->n; j++) ready &= j == next || !range_uses_index(g, &d->range[next], d->range[j].index);
            if (ready) break;
        }
        if (next == d->n) return false;
        Range found = d->range[next];
        for (uint32_t j = next; j > k; j--) d->range[j] = d->range[j - 1];
        d->range[k] = found;
    }
    return true;
}

static Expr **subst_list(Graph *g, Subst *s, Expr *const *list, uint32_t n) {
    Expr **out = NEW_ARRAY(g->arena, Expr *, n + 1);
    for (uint32_t k = 0; k < n; k++) out[k] = tidy(g, subst_apply(s, list[k]));
    return out;
}

/* ---- one equation --------------------------------------------------------------------------------------------------------- */
static bool joined_domain(Join *j, Domain *out) {
    Graph *g = j->s->g;
    const Domain *e = &j->e->domain, *f = &j->family->domain;
    *out = (Domain){.range = NEW_ARRAY(g->arena, Range, e->n + f->n + 1)};
    add_ranges(j, out, f, j->given, j->in_family);
    add_ranges(j, out, e, j->solved, j->in_equation);
    if (!sort_ranges(g, out)) return false;
    *out = domain_restrict(g, *out, j->condition);
    return true;
}

static void carry_on(Join *j, const Domain *d) {
    Sparse *s = j->s;
    Graph *g = s->g;
    const Equation *e = j->e;
    const Weight w = weight_of(s->weights, e);
    Equation joined = *e;
    joined.subs = subst_list(g, j->in_equation, e->subs, e->target->rank);
    joined.body = subst_apply(j->in_equation, e->body);
    joined.domain = *d;
    Expr *seed = strong_mul(g, subst_apply(j->in_family, j->family->value), subst_apply(j->in_equation, w.factor));
    Contributions all = body_adjoints(g, &joined, seed, s->active);
    Expr **row = subst_list(g, j->in_family, j->family->row, s->of->rank);
    for (uint32_t k = 0; k < all.n; k++) {
        const Contribution *c = &all.at[k];
        if (expr_is_number(c->value, 0)) continue;
        Tensor *to = c->read->of.tensor;
        SparseTerm term = {.row = row, .column = NEW_ARRAY(g->arena, Expr *, to->rank + 1), .value = c->value};
        term.domain = domain_restrict(g, *d, expr_and(g, subst_apply(j->in_equation, w.condition), c->condition));
        for (uint32_t a = 0; a < to->rank; a++) term.column[a] = tidy(g, c->read->arg[a]);
        vec_push(g->arena, &s->reached[to->number], term);
    }
}

static void through_equation(Sparse *s, const SparseTerm *family, const Equation *e) {
    Graph *g = s->g;
    Join j = {.s = s, .family = family, .e = e, .in_equation = subst_new(g), .in_family = subst_new(g),
              .solved = NEW_ARRAY(g->arena, bool, e->domain.n + 1), .given = NEW_ARRAY(g->arena, bool, family->domain.n + 1)};
    Domain d;
    if (!join_columns(&j)) {
        fail(s, "subscripts on the way cannot be turned around");
        return;
    }
    require_ranges(&j);
    if (!joined_domain(&j, &d)) fail(s, "ranges on the way depend on each other");
    else carry_on(&j, &d);
}

/* ---- families ---------------------------------------------------------------------------------------------------------------- */
typedef struct {
    Expr *index[MOST_INDICES]; /* of the term, in the order in which its row and column name them */
    uint32_t n;
    Expr **row, **column;      /* over the canonical indices */
} Key;

static bool collect(Key *key, Expr *e) {
    if (e->kind == EXPR_INDEX) {
        for (uint32_t k = 0; k < key->n; k++)
            if (key->index[k] == e) return true;
        if (key->n == MOST_INDICES) return false;
        key->index[key->n++] = e;
        return true;
    }
    for (uint32_t k = 0; k < e->n; k++)
        if (!collect(key, e->arg[k])) return false;
    return true;
}

/* `dense`: axes of the column that the family has whole, and whose subscripts do not count. */
static bool key_of(Sparse *s, const SparseTerm *t, uint32_t rank, const bool *dense, Key *key) {
    Graph *g = s->g;
    *key = (Key){0};
    for (uint32_t k = 0; k < s->of->rank; k++)
        if (!collect(key, t->row[k])) return false;
    for (uint32_t k = 0; k < rank; k++)
        if (!dense[k] && !collect(key, t->column[k])) return false;
    Subst *canonical = subst_new(g);
    for (uint32_t k = 0; k < key->n; k++) subst_index(canonical, key->index[k]->of.number, s->canonical[k]);
    key->row = subst_list(g, canonical, t->row, s->of->rank);
    key->column = subst_list(g, canonical, t->column, rank);
    for (uint32_t k = 0; k < rank; k++)
        if (dense[k]) key->column[k] = NULL;
    return true;
}

static bool same_list(Expr *const *a, Expr *const *b, uint32_t n) {
    for (uint32_t k = 0; k < n; k++)
        if (a[k] != b[k]) return false;
    return true;
}

static bool same_key(const Sparse *s, const Key *a, const Key *b, uint32_t rank) {
    return same_list(a->row, b->row, s->of->rank) && same_list(a->column, b->column, rank);
}

static Expr *extent_for(Sparse *s, const SparseTerm *t, const Tensor *at, Expr *index) {
    for (uint32_t k = 0; k < s->of->rank; k++)
        if (t->row[k] == index) return s->of->extent[k];
    for (uint32_t k = 0; k < at->rank; k++)
        if (t->column[k] == index) return at->extent[k];
    return index_extent(s->g, &t->domain, index->of.number);
}

/* A term whose indices are all in its row and column, and to which no other is added, keeps its own domain. */
static bool stands_alone(const SparseTerm *t, const Key *key, bool shared) {
    return !shared && key->n == t->domain.n;
}

static Domain renamed_domain(Graph *g, const SparseTerm *t, const Key *key, Subst *fresh, Expr **index) {
    Domain d = domain_copy(g->arena, t->domain);
    for (uint32_t k = 0; k < key->n; k++) {
        index[k] = expr_index(g, graph_add_index(g, g->indices.at[key->index[k]->of.number].name));
        subst_index(fresh, key->index[k]->of.number, index[k]);
    }
    for (uint32_t k = 0; k < d.n; k++) {
        Range *r = &d.range[k];
        r->index = subst_apply(fresh, expr_index(g, r->index))->of.number;
        for (uint32_t b = 0; b < r->n_lo; b++) r->lo[b] = subst_apply(fresh, r->lo[b]);
        for (uint32_t b = 0; b < r->n_hi; b++) r->hi[b] = subst_apply(fresh, r->hi[b]);
    }
    d.guard = subst_apply(fresh, d.guard);
    return d;
}

/* The whole box of the indices, as far as row and column stay inside. */
static Domain box_domain(Sparse *s, const Tensor *at, SparseTerm *family, Expr *const *extent, Expr *const *index, uint32_t n) {
    Graph *g = s->g;
    Domain d = {.n = n, .range = NEW_ARRAY(g->arena, Range, n + 1)};
    for (uint32_t k = 0; k < n; k++) d.range[k] = range_make(g, index[k]->of.number, expr_int(g, 0), extent[k]);
    Expr *inside = expr_and(g, inside_condition(g, s->of, family->row, &d), inside_condition(g, at, family->column, &d));
    return domain_restrict(g, d, inside);
}

/* The extents of the axes that a domain's ranges stand for, in the order of the domain. */
static Expr **domain_extents(Graph *g, const Domain *d, Expr *const *index, Expr *const *extent, uint32_t n) {
    Expr **out = NEW_ARRAY(g->arena, Expr *, d->n + 1);
    for (uint32_t k = 0; k < d->n; k++)
        for (uint32_t j = 0; j < n; j++)
            if (index[j]->of.number == d->range[k].index) out[k] = extent[j];
    return out;
}

/* Terms that become one family. */
typedef struct {
    Tensor *at;
    VEC(const SparseTerm *) term;
    Key *key;    /* of each */
    bool *dense; /* axes of the column that the family has whole */
} Group;

static bool keys_agree(Sparse *s, Group *group) {
    const uint32_t rank = group->at->rank;
    bool same = true;
    for (uint32_t k = 0; k < group->term.n; k++) {
        key_of(s, group->term.at[k], rank, group->dense, &group->key[k]);
        same &= same_key(s, &group->key[0], &group->key[k], rank);
    }
    return same;
}

/* Makes whole the short axes on which the terms differ; all short ones where that is not enough. */
static void choose_dense(Sparse *s, Group *group, const bool *small) {
    const uint32_t rank = group->at->rank;
    group->key = NEW_ARRAY(s->g->arena, Key, group->term.n);
    group->dense = NEW_ARRAY(s->g->arena, bool, rank + 1);
    if (keys_agree(s, group)) return;
    for (uint32_t a = 0; a < rank; a++)
        for (uint32_t k = 1; k < group->term.n; k++) group->dense[a] |= small[a] && group->key[k].column[a] != group->key[0].column[a];
    if (keys_agree(s, group)) return;
    for (uint32_t a = 0; a < rank; a++) group->dense[a] = small[a];
    keys_agree(s, group);
}

/* The axes of the family's tensor: the indices of its key, then the dense axes. */
static uint32_t family_axes(Sparse *s, const Group *group, Expr **extent) {
    const Key *key = &group->key[0];
    uint32_t n = key->n;
    for (uint32_t k = 0; k < key->n; k++)
        if (!(extent[k] = extent_for(s, group->term.at[0], group->at, key->index[k]))) return fail(s, "an index on the way has no fixed extent"), 0;
    for (uint32_t a = 0; a < group->at->rank; a++)
        if (group->dense[a]) extent[n++] = group->at->extent[a];
    return n;
}

static void define_family(Sparse *s, const Group *group, Tensor *v) {
    Graph *g = s->g;
    for (uint32_t k = 0; k < group->term.n; k++) {
        const SparseTerm *t = group->term.at[k];
        Expr **subs = NEW_ARRAY(g->arena, Expr *, v->rank + 1);
        uint32_t n = group->key[k].n;
        for (uint32_t i = 0; i < n; i++) subs[i] = group->key[k].index[i];
        for (uint32_t a = 0; a < group->at->rank; a++)
            if (group->dense[a]) subs[n++] = t->column[a];
        graph_add_equation(g, v, subs, t->value, t->domain, NULL, group->at->span);
    }
}

/* Gives the group a tensor, and adds the family to `out`. */
static bool make_family(Sparse *s, const Group *group, SparseTerms *out) {
    Graph *g = s->g;
    Tensor *at = group->at;
    const SparseTerm *t = group->term.at[0];
    const Key *key = &group->key[0];
    Expr *extent[2 * MOST_INDICES], *index[2 * MOST_INDICES];
    const uint32_t n = at->rank > MOST_INDICES ? 0 : family_axes(s, group, extent);
    if (s->failed) return false;
    const bool alone = stands_alone(t, key, group->term.n > 1);
    Tensor *v = graph_add_tensor(g, name_printf(g->names, "%s_%s", s->of->name, at->name), TYPE_REAL, ROLE_ADJOINT, alone ? COMBINE_SET : COMBINE_ADD, n, extent, at->span);
    v->of = at;
    define_family(s, group, v);
    Subst *fresh = subst_new(g);
    SparseTerm family = {0};
    Domain own = renamed_domain(g, t, key, fresh, index);
    family.row = subst_list(g, fresh, t->row, s->of->rank);
    family.column = subst_list(g, fresh, t->column, at->rank);
    uint32_t next = key->n;
    for (uint32_t a = 0; a < at->rank; a++)
        if (group->dense[a]) family.column[a] = index[next++] = expr_index(g, graph_add_index(g, name_printf(g->names, "c%u", a)));
    family.value = expr_read(g, v, index, NULL);
    family.domain = alone ? own : box_domain(s, at, &family, extent, index, n);
    family.extent = domain_extents(g, &family.domain, index, extent, n);
    vec_push(g->arena, out, family);
    return true;
}

static bool *small_axes(Sparse *s, const Tensor *at) {
    bool *small = NEW_ARRAY(s->g->arena, bool, at->rank + 1);
    for (uint32_t a = 0; a < at->rank; a++) small[a] = at->extent[a]->kind == EXPR_CONST && at->extent[a]->of.integer <= SMALL;
    return small;
}

static SparseTerms families_of(Sparse *s, Tensor *at) {
    Graph *g = s->g;
    const SparseTerms *terms = &s->reached[at->number];
    SparseTerms out = {0};
    const bool *small = small_axes(s, at);
    Key *keys = NEW_ARRAY(g->arena, Key, terms->n + 1);
    bool *taken = NEW_ARRAY(g->arena, bool, terms->n + 1);
    for (uint32_t k = 0; k < terms->n; k++)
        if (!key_of(s, &terms->at[k], at->rank, small, &keys[k])) return fail(s, "too many indices meet"), out;
    for (uint32_t k = 0; k < terms->n; k++) {
        if (taken[k]) continue;
        Group group = {.at = at};
        for (uint32_t j = k; j < terms->n; j++) {
            if (taken[j] || !same_key(s, &keys[j], &keys[k], at->rank)) continue;
            taken[j] = true;
            vec_push(g->arena, &group.term, &terms->at[j]);
        }
        choose_dense(s, &group, small);
        if (!make_family(s, &group, &out)) return out;
    }
    if (out.n > MOST_FAMILIES) fail(s, "too many different entries meet");
    return out;
}

/* ---- all tensors, the result first ---------------------------------------------------------------------------------------------- */
typedef VEC(Tensor *) Tensors;

static Tensors active_reads(Sparse *s, const Tensor *t) {
    Graph *g = s->g;
    Tensors list = {0};
    bool *seen = NEW_ARRAY(g->arena, bool, g->tensors.n + 1);
    for (const Equation *e = t->pieces; e; e = e->next) {
        Expr *body = e->body;
        ExprList all = expr_walk(g, &body, 1);
        for (uint32_t k = 0; k < all.n; k++) {
            Tensor *r = all.at[k]->kind == EXPR_READ ? all.at[k]->of.tensor : NULL;
            if (!r || !s->active[r->number] || seen[r->number]) continue;
            seen[r->number] = true;
            vec_push(g->arena, &list, r);
        }
    }
    return list;
}

/* The entry of `of` by itself: ones on its diagonal. */
static SparseTerm diagonal(Sparse *s) {
    Graph *g = s->g;
    SparseTerm t = {.value = expr_real(g, 1), .row = NEW_ARRAY(g->arena, Expr *, s->of->rank + 1)};
    t.domain = domain_of_tensor(g, s->of, t.row);
    t.column = t.row;
    t.extent = s->of->extent;
    return t;
}

static void through_tensor(Sparse *s, Tensor *t) {
    if (t->call) {
        fail(s, "linear algebra is on the way");
        return;
    }
    SparseTerms families = {0};
    if (t == s->of) vec_push(s->g->arena, &families, diagonal(s));
    else families = families_of(s, t);
    for (uint32_t k = 0; k < families.n && !s->failed; k++)
        for (const Equation *e = t->pieces; e && !s->failed; e = e->next) through_equation(s, &families.at[k], e);
}

/* Consumers before what they consume (Kahn 1962). */
static void in_order(Sparse *s, uint32_t n) {
    Graph *g = s->g;
    uint32_t *uses = NEW_ARRAY(g->arena, uint32_t, n + 1), left = 0;
    Tensors *reads = NEW_ARRAY(g->arena, Tensors, n + 1), work = {0};
    for (uint32_t k = 0; k < n; k++) {
        if (!s->active[k] || g->tensors.at[k] == s->wrt) continue;
        reads[k] = active_reads(s, g->tensors.at[k]);
        left++;
        for (uint32_t r = 0; r < reads[k].n; r++) uses[reads[k].at[r]->number]++;
    }
    if (uses[s->of->number] == 0) vec_push(g->arena, &work, s->of);
    while (work.n && !s->failed) {
        Tensor *t = work.at[--work.n];
        left--;
        through_tensor(s, t);
        for (uint32_t r = 0; r < reads[t->number].n; r++) {
            Tensor *next = reads[t->number].at[r];
            if (--uses[next->number] == 0 && next != s->wrt) vec_push(g->arena, &work, next);
        }
    }
    if (left > 0) fail(s, "a recurrence is on the way");
}

const char *diff_sparse(Graph *g, Tensor *of, Tensor *wrt, SparseTerms *out) {
    Sparse s = {.g = g, .of = of, .wrt = wrt};
    s.active = active_tensors(g, &wrt, 1, &of, 1);
    uint32_t before = g->tensors.n;
    split_products(g, s.active);
    if (g->tensors.n != before) s.active = active_tensors(g, &wrt, 1, &of, 1);
    uint32_t n = g->tensors.n;
    s.weights = weights_new(g);
    s.reached = NEW_ARRAY(g->arena, SparseTerms, n + 1);
    for (uint32_t k = 0; k < MOST_INDICES; k++) s.canonical[k] = expr_index(g, graph_add_index(g, name_printf(g->names, "u%u", k)));
    if (of == wrt) {
        vec_push(g->arena, out, diagonal(&s));
        return NULL;
    }
    if (!s.active[of->number]) return NULL; /* nothing depends: no entries */
    in_order(&s, n);
    if (s.failed) return s.failed;
    SparseTerms last = families_of(&s, wrt);
    for (uint32_t k = 0; k < last.n; k++) vec_push(g->arena, out, last.at[k]);
    return s.failed;
}
