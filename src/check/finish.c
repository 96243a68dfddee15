/* Everything found, as a Graph. Takes the groups with their drafts, copies those that stand into a new Graph: first
 * what the file names, in its order, then the parts; then the equations with their domains. Nothing of how the model
 * was written remains: indices are new in each equation, named as written or k, j, l, …, and expressions are built
 * in the order they are used, so that `W @ x[i]` and `sum[j](W[k,j]*x[i,j])` end as the same bytes. */
#include "check/internal.h"
#include "graph/restrict.h"

#include <string.h>

typedef struct {
    C *c;
    Graph *g;
    Map *tensor;  /* scratch -> final */
    Map *index_name;
    VEC(Draft *) drafts;
    VEC(Check *) checks;
    Map *seen; /* instances */
} Finish;

/* ---- expressions -------------------------------------------------------------------------------------------- */
typedef struct {
    Finish *f;
    Map *memo; /* scratch expr -> final expr */
} Copy;

static Tensor *tensor_copy(Finish *f, Tensor *t);

static bool always_inside(C *c, Expr *read) {
    for (uint32_t k = 0; k < read->n; k++) {
        Affine lo, hi, extent;
        Expr *e = read->of.tensor->extent[k];
        if (!e || !bounds_of(c, read->arg[k], &lo, &hi) || !affine_not_negative(&lo)) return false;
        if (!affine_of_atoms(c->g, e, &extent) || !affine_add(&extent, &hi, -1, &extent)) return false;
        extent.constant -= 1;
        if (!affine_not_negative(&extent)) return false;
    }
    return true;
}

static Expr *copied(Copy *copy, Expr *e) { return e ? map_get(copy->memo, e) : NULL; }

static Expr *copy_node(Copy *copy, Expr *e) {
    Graph *g = copy->f->g;
    Expr *small[64], **arg = e->n <= 64 ? small : NEW_ARRAY(g->arena, Expr *, e->n);
    for (uint32_t k = 0; k < e->n; k++) arg[k] = copied(copy, e->arg[k]);
    switch (e->kind) {
    case EXPR_CONST: return e->type == TYPE_INT ? expr_int(g, e->of.integer) : expr_real(g, e->of.real);
    case EXPR_DIM: return expr_dim(g, e->of.number);
    case EXPR_INDEX: return e; /* outside its domain: graph_verify says so */
    case EXPR_READ: return expr_read(g, tensor_copy(copy->f, e->of.tensor), arg, e->fill && always_inside(copy->f->c, e) ? NULL : copied(copy, e->fill));
    case EXPR_OP: return expr_op(g, e->of.number, arg, e->n);
    case EXPR_SELECT: return expr_select(g, arg[0], arg[1], arg[2]);
    default: return expr_arg(g, e->of.number);
    }
}

static Expr *copy_expr(Copy *copy, Expr *root) {
    if (!root) return NULL;
    Expr *done = map_get(copy->memo, root);
    if (done) return done;
    ExprList all = expr_walk(copy->f->c->g, &root, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (!map_get(copy->memo, all.at[k])) map_put(copy->memo, all.at[k], copy_node(copy, all.at[k]));
    return map_get(copy->memo, root);
}

static Copy copy_new(Finish *f) { return (Copy){f, map_new(f->g->arena)}; }

/* ---- tensors ---------------------------------------------------------------------------------------------------- */
static Expr *extent_of(C *c, Tensor *t, uint32_t k) {
    if (t->extent[k]) return t->extent[k];
    Draft *d = map_get(c->drafts_of, t);
    Expr *index = d ? d->subs[k] : t->index ? t->index[k] : NULL, *out;
    if (!index || index->kind != EXPR_INDEX) return expr_int(c->g, 1);
    IndexInfo *info = info_of(c, index);
    if (!info->hi || !widen(c, info->hi, true, NULL, 0, &out)) {
        /* a bound that is data: its declared range */
        return expr_int(c->g, 1);
    }
    return t->extent[k] = out;
}

static Symbol wanted_name(C *c, Tensor *t) {
    Symbol name = map_get(c->wanted, t);
    return name ? name : t->name;
}

static Tensor *tensor_copy(Finish *f, Tensor *t) {
    Tensor *done = map_get(f->tensor, t);
    if (done) return done;
    Expr **extent = NEW_ARRAY(f->g->arena, Expr *, t->rank);
    Copy copy = copy_new(f);
    for (uint32_t k = 0; k < t->rank; k++) extent[k] = copy_expr(&copy, extent_of(f->c, t, k));
    Tensor *n = graph_add_tensor(f->g, wanted_name(f->c, t), t->type, t->role, t->op, t->rank, extent, t->span);
    map_put(f->tensor, t, n);
    n->marks = t->marks;
    n->init = t->init;
    n->values = t->values;
    n->below = t->below, n->above = t->above, n->argument = t->argument;
    n->lo = copy_expr(&copy, t->lo), n->hi = copy_expr(&copy, t->hi);
    if (t->call) {
        n->call = NEW(f->g->arena, Call);
        *n->call = *t->call;
        for (int k = 0; k < 3; k++)
            if (t->call->arg[k]) n->call->arg[k] = tensor_copy(f, t->call->arg[k]);
    }
    if (t->of) n->of = tensor_copy(f, t->of);
    return n;
}

/* ---- names of indices --------------------------------------------------------------------------------------------- */
static const char *const letters[] = {"k", "j", "l", "n", "p", "q", "r", "s", "u", "v", "w", "a", "b", "c", "d", "e", "f", "g", "h", "i", "m", "o", "t", "x", "y", "z"};

static bool taken(Finish *f, Symbol name, Symbol const *used, uint32_t n) {
    for (uint32_t k = 0; k < n; k++)
        if (used[k] == name) return true;
    return scope_here(f->c->file, name) != NULL;
}

static Symbol choose_name(Finish *f, Expr *index, Symbol const *used, uint32_t n) {
    Symbol before = map_get(f->index_name, index);
    if (before && !taken(f, before, used, n)) return before;
    Symbol name = NULL;
    for (uint32_t k = 0; !name || taken(f, name, used, n); k++)
        name = k < sizeof letters / sizeof *letters ? name_of(f->g->names, letters[k]) : name_printf(f->g->names, "i%u", k);
    if (!before) map_put(f->index_name, index, (void *)(uintptr_t)name);
    return name;
}

static void name_indices(Finish *f, uint32_t n, Expr *const *index, Symbol *name) {
    Symbol *used = NEW_ARRAY(f->g->arena, Symbol, n);
    uint32_t n_used = 0;
    for (uint32_t k = 0; k < n; k++) {
        name[k] = info_of(f->c, index[k])->name;
        bool twice = name[k] && scope_here(f->c->file, name[k]); /* an index of a def may shadow a name of the file */
        for (uint32_t j = 0; j < n_used; j++) twice |= name[k] && used[j] == name[k];
        if (twice) name[k] = NULL;
        if (name[k]) used[n_used++] = name[k];
    }
    for (uint32_t k = 0; k < n; k++)
        if (!name[k]) {
            name[k] = choose_name(f, index[k], used, n_used);
            used[n_used++] = name[k];
        }
}

/* ---- domains ------------------------------------------------------------------------------------------------------- */
static Expr *bound_for(Finish *f, Copy *copy, Expr *bound, bool up, uint32_t n, Expr *const *before) {
    Affine a;
    bool outside = false;
    ExprList all = expr_walk(f->c->g, &bound, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        bool inside = all.at[k]->kind != EXPR_INDEX;
        for (uint32_t j = 0; j < n && !inside; j++) inside = before[j] == all.at[k];
        outside |= !inside;
    }
    Expr *wide;
    if (outside && affine_of(f->c->g, bound, &a) && widen(f->c, bound, up, before, n, &wide)) bound = wide;
    return copy_expr(copy, bound);
}

static Domain domain_make(Finish *f, Copy *copy, uint32_t n, Expr *const *index, const Symbol *name) {
    Domain d = {.n = n, .range = NEW_ARRAY(f->g->arena, Range, n)};
    for (uint32_t k = 0; k < n; k++) {
        IndexInfo *info = info_of(f->c, index[k]);
        Expr *lo = bound_for(f, copy, info->lo, false, k, index), *hi = bound_for(f, copy, info->hi, true, k, index);
        uint32_t number = graph_add_index(f->g, name[k]);
        map_put(copy->memo, index[k], expr_index(f->g, number));
        d.range[k] = range_make(f->g, number, lo, hi);
    }
    return d;
}

static void equation_make(Finish *f, Draft *d) {
    Tensor *t = tensor_copy(f, d->tensor);
    Copy copy = copy_new(f);
    Symbol *name = NEW_ARRAY(f->g->arena, Symbol, d->n);
    Expr **subs = NEW_ARRAY(f->g->arena, Expr *, t->rank);
    name_indices(f, d->n, d->index, name);
    Domain domain = domain_make(f, &copy, d->n, d->index, name);
    for (uint32_t k = 0; k < t->rank; k++) subs[k] = copy_expr(&copy, d->subs[k]);
    domain.guard = copy_expr(&copy, d->guard);
    Expr *body = copy_expr(&copy, d->body);
    Equation *e = graph_add_equation(f->g, t, subs, body, domain, NULL, d->span);
    e->label = copy_expr(&copy, d->label);
    if (!t->index && t->rank) {
        t->index = NEW_ARRAY(f->g->arena, Expr *, t->rank);
        for (uint32_t k = 0; k < t->rank; k++) t->index[k] = subs[k]->kind == EXPR_INDEX ? subs[k] : NULL;
    }
}

/* The axes of a draw are indices of its own, which its arguments use. */
static void draw_make(Finish *f, Tensor *t) {
    Tensor *n = tensor_copy(f, t);
    Copy copy = copy_new(f);
    if (t->role != ROLE_RANDOM || n->index) return;
    Symbol *name = NEW_ARRAY(f->g->arena, Symbol, t->rank);
    name_indices(f, t->rank, t->index, name);
    domain_make(f, &copy, t->rank, t->index, name);
    n->index = NEW_ARRAY(f->g->arena, Expr *, t->rank);
    for (uint32_t k = 0; k < t->rank; k++) n->index[k] = copied(&copy, t->index[k]);
    for (int k = 0; k < 2; k++) n->init.arg[k] = copy_expr(&copy, t->init.arg[k]);
    graph_define_draw(f->g, n);
}

/* ---- the walk ------------------------------------------------------------------------------------------------------ */
static void declared(Finish *f, Scope *s) {
    for (uint32_t k = 0; k < s->names.n; k++) {
        Binding *b = s->names.at[k];
        if (b->kind == BIND_TENSOR && (b->declared != NODE_CONST || b->used)) tensor_copy(f, b->tensor);
        if (b->kind == BIND_VALUE && b->declared == NODE_RANDOM && b->value->body->kind == EXPR_READ) draw_make(f, b->value->body->of.tensor);
        if (b->instance && !map_get(f->seen, b->instance)) {
            map_put(f->seen, b->instance, b->instance);
            declared(f, b->instance->scope);
        }
        if (b->kind == BIND_GROUP && !b->group->poisoned && b->group->tensor && !b->group->local) {
            b->group->tensor->marks = b->group->marks;
            tensor_copy(f, b->group->tensor);
        }
    }
}

static void items(Finish *f, Group *g) {
    if (map_get(f->seen, g)) return;
    map_put(f->seen, g, g);
    if (g->update_of && g->tensor) {
        g->tensor->marks = MARK_UPDATE;
        g->tensor->of = g->update_of;
    }
    for (uint32_t k = 0; k < g->items.n; k++) {
        Item *item = &g->items.at[k];
        if (item->group) items(f, item->group);
        if (item->draft) {
            tensor_copy(f, item->draft->tensor);
            vec_push(f->g->arena, &f->drafts, item->draft);
        }
        if (item->tensor && item->tensor->role == ROLE_RANDOM) draw_make(f, item->tensor);
        else if (item->tensor) tensor_copy(f, item->tensor);
        if (item->check) vec_push(f->g->arena, &f->checks, item->check);
    }
}

static void range_checks(Finish *f) {
    for (uint32_t k = 0; k < f->g->tensors.n; k++) {
        Tensor *t = f->g->tensors.at[k];
        if (t->role != ROLE_INPUT || !t->lo) continue;
        Expr *index[MAX_RANK];
        Domain d = domain_of_tensor(f->g, t, index);
        Expr *read = expr_read(f->g, t, index, NULL);
        Check check = {.domain = d, .status = CHECK_RANGE, .span = t->span};
        check.condition = expr_and(f->g, expr_op2(f->g, OP_ge, read, t->lo), expr_op2(f->g, OP_lt, read, t->hi));
        Text text = {NULL, 0, 0};
        expr_print(f->g, &text, t->lo);
        text_add(&text, " <= ");
        expr_print(f->g, &text, read);
        text_add(&text, " < ");
        expr_print(f->g, &text, t->hi);
        check.text = arena_strndup(f->g->arena, text.at, text.n);
        text_free(&text);
        graph_add_check(f->g, check);
    }
}

static void shape_checks(Finish *f) {
    Map *said = map_new(f->g->arena);
    for (uint32_t k = 0; k < f->checks.n; k++) {
        Check check = *f->checks.at[k];
        Copy copy = copy_new(f);
        if (check.domain.n == 0) {
            check.condition = copy_expr(&copy, check.condition);
            if (map_get(said, check.condition) || expr_is_number(check.condition, 1)) continue;
            map_put(said, check.condition, check.condition);
        }
        graph_add_check(f->g, check);
    }
}

/* ---- argmax of something -------------------------------------------------------------------------------------------- */
static bool reads_inputs(Graph *g, Expr *e) {
    ExprList all = expr_walk(g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && all.at[k]->of.tensor->role != ROLE_INPUT) return false;
    return true;
}

static bool domain_reads_inputs(Graph *g, const Domain *d) {
    for (uint32_t k = 0; k < d->n; k++)
        for (uint32_t b = 0; b < d->range[k].n_lo + d->range[k].n_hi; b++)
            if (!reads_inputs(g, b < d->range[k].n_lo ? d->range[k].lo[b] : d->range[k].hi[b - d->range[k].n_lo])) return false;
    return reads_inputs(g, d->guard);
}

static Expr *is_longer(Graph *g, const Range *r) {
    Expr *longer = NULL;
    for (uint32_t b = 0; b < r->n_lo * r->n_hi; b++) longer = expr_and(g, longer, expr_op2(g, OP_lt, r->lo[b / r->n_hi], r->hi[b % r->n_hi]));
    return longer;
}

/* The indices on the left, then those that are reduced over; returns how many the latter are. */
static uint32_t reduced_last(Graph *g, const Equation *e, Domain *d) {
    *d = (Domain){.range = NEW_ARRAY(g->arena, Range, e->domain.n + 1), .guard = e->domain.guard};
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (equation_has_left(e, e->domain.range[k].index)) d->range[d->n++] = e->domain.range[k];
    const uint32_t left = d->n;
    for (uint32_t k = 0; k < e->domain.n; k++)
        if (!equation_has_left(e, e->domain.range[k].index)) d->range[d->n++] = e->domain.range[k];
    return d->n - left;
}

/* That an argmax is of something, where inputs and sizes decide that: one range is longer than nothing, or a filter, or ranges
 * that depend on each other, leave a point. */
static void best_check(Finish *f, const Equation *e) {
    Graph *g = f->g;
    Check check = {.status = CHECK_DOMAIN, .span = e->span};
    check.some = reduced_last(g, e, &check.domain);
    Domain *d = &check.domain;
    bool sure = !d->guard;
    for (uint32_t k = d->n - check.some; k < d->n; k++) sure = sure && !condition_left(g, is_longer(g, &d->range[k]), d);
    if (sure || !domain_reads_inputs(g, d)) return;
    check.condition = d->guard ? d->guard : expr_int(g, 1);
    if (!d->guard && check.some == 1) check.condition = is_longer(g, &d->range[--d->n]), check.some = 0;
    d->guard = NULL;
    check.text = say(f->c, "%s is of something", e->target->name);
    graph_add_check(g, check);
}

static void best_checks(Finish *f) {
    for (uint32_t k = 0; k < f->g->tensors.n; k++) {
        const Tensor *t = f->g->tensors.at[k];
        for (const Equation *e = t->pieces; e && (t->op == COMBINE_ARGMAX || t->op == COMBINE_ARGMIN); e = e->next) best_check(f, e);
    }
}

void train_read(C *, Graph *, Node *);
/* Index data of a recurrence: parent[b] < b. */
static void data_checks(Finish *f) {
    for (uint32_t k = 0; k < f->c->data_checks.n; k++) {
        Check check = *f->c->data_checks.at[k];
        Tensor *t = tensor_copy(f, check.condition->of.tensor);
        Expr *index[MAX_RANK];
        check.domain = domain_of_tensor(f->g, t, index);
        Expr *read = expr_read(f->g, t, index, NULL);
        bool below = check.condition->of.tensor->below;
        t->below = below, t->above = !below;
        check.condition = expr_op2(f->g, below ? OP_lt : OP_gt, read, index[0]);
        check.text = say(f->c, "%s[i] %s i", t->name, below ? "<" : ">");
        graph_add_check(f->g, check);
    }
}

Graph *finish(C *c) {
    Finish f = {.c = c, .g = graph_new(c->base)};
    f.tensor = map_new(c->arena), f.index_name = map_new(c->arena), f.seen = map_new(c->arena);
    f.g->f64 = c->options && c->options->real_bits ? c->options->real_bits == 64 : c->f64;
    for (uint32_t k = 0; k < c->g->dims.n; k++) graph_add_dim(f.g, c->g->dims.at[k].name, c->g->dims.at[k].span);
    for (uint32_t op = N_OPS; op < op_count(c->g); op++) { /* the rows of `derivative`, under the same numbers */
        const OpRow *row = op_row(c->g, op);
        Copy copy = copy_new(&f);
        Expr *partial[3];
        for (int k = 0; k < 3; k++) partial[k] = copy_expr(&copy, row->partial[k]);
        op_add(f.g, row->name, row->arity, copy_expr(&copy, row->value), partial);
    }
    if (c->training) tensor_copy(&f, c->training);
    declared(&f, c->file);
    items(&f, c->top);
    for (uint32_t k = 0; k < c->file->names.n; k++)
        if (c->file->names.at[k]->kind == BIND_GROUP) items(&f, c->file->names.at[k]->group);
    for (uint32_t k = 0; k < f.drafts.n; k++) equation_make(&f, f.drafts.at[k]);
    for (uint32_t k = 0; k < c->marked.n; k++) {
        Tensor *t = tensor_copy(&f, c->marked.at[k]->tensor);
        vec_push(f.g->arena, &f.g->outputs, t);
        if (t->marks & MARK_LOSS) f.g->loss = t;
    }
    range_checks(&f);
    shape_checks(&f);
    data_checks(&f);
    best_checks(&f);
    train_read(c, f.g, c->train);
    return f.g;
}
