/* Expressions: building, walking and substituting.
 *
 * Every node is interned in the Graph's table, so `i + 1` built twice is one pointer. Nodes get increasing
 * ids; arguments exist before what uses them, so sorting by id is a topological order, and walks need no
 * recursion: a body may be a chain of a hundred thousand terms. */
#include <stdlib.h>
#include <string.h>

#include "graph/table.h"

typedef VEC(Expr *) ExprVec;

struct ExprTable {
    Expr **slot;
    uint32_t n, room; /* room is a power of two */
    uint32_t walk;    /* the number of the walk under way */
    ExprVec found;    /* its nodes */
};

ExprTable *expr_table_new(Arena *arena) {
    ExprTable *t = NEW(arena, ExprTable);
    t->room = 1024;
    t->slot = NEW_ARRAY(arena, Expr *, t->room);
    return t;
}

static uint64_t expr_hash(ExprKind kind, Type type, uint64_t of, const Expr *fill, Expr *const *args, uint32_t n) {
    uint64_t h = hash_mix(of, (uint64_t)kind * 2 + (uint64_t)type);
    h = hash_mix(h, fill ? fill->id + 1u : 0u);
    for (uint32_t k = 0; k < n; k++) h = hash_mix(h, args[k]->id);
    return h;
}

static uint64_t expr_of(const Expr *e) {
    uint64_t of = 0;
    memcpy(&of, &e->of, sizeof e->of);
    return of;
}

static bool expr_same(const Expr *e, ExprKind kind, Type type, uint64_t of, const Expr *fill, Expr *const *args, uint32_t n) {
    return e->kind == kind && e->type == type && e->n == n && e->fill == fill && expr_of(e) == of &&
           (n == 0 || memcmp(e->arg, args, n * sizeof *args) == 0);
}

static void table_grow(Graph *g) {
    ExprTable *t = g->table;
    uint32_t room = t->room * 2;
    Expr **slot = NEW_ARRAY(g->arena, Expr *, room);
    for (uint32_t k = 0; k < t->room; k++) {
        Expr *e = t->slot[k];
        if (!e) continue;
        uint32_t at = (uint32_t)expr_hash(e->kind, e->type, expr_of(e), e->fill, e->arg, e->n) & (room - 1);
        while (slot[at]) at = (at + 1) & (room - 1);
        slot[at] = e;
    }
    t->slot = slot;
    t->room = room;
}

Expr *expr_intern(Graph *g, ExprKind kind, Type type, uint64_t of, Expr *fill, Expr *const *args, uint32_t n) {
    ExprTable *t = g->table;
    if (t->n * 2 >= t->room) table_grow(g);
    uint32_t at = (uint32_t)expr_hash(kind, type, of, fill, args, n) & (t->room - 1);
    for (; t->slot[at]; at = (at + 1) & (t->room - 1))
        if (expr_same(t->slot[at], kind, type, of, fill, args, n)) return t->slot[at];
    Expr *e = arena_alloc(g->arena, sizeof *e + n * sizeof *args);
    e->kind = kind;
    e->type = type;
    e->id = t->n++;
    memcpy(&e->of, &of, sizeof e->of);
    e->fill = fill;
    e->n = n;
    if (n) memcpy(e->arg, args, n * sizeof *args);
    t->slot[at] = e;
    return e;
}

/* ---- constructors ------------------------------------------------------------------------------ */
Expr *expr_real(Graph *g, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return expr_intern(g, EXPR_CONST, TYPE_REAL, bits, NULL, NULL, 0);
}
Expr *expr_int(Graph *g, int64_t value) { return expr_intern(g, EXPR_CONST, TYPE_INT, (uint64_t)value, NULL, NULL, 0); }
Expr *expr_dim(Graph *g, uint32_t dim) { return expr_intern(g, EXPR_DIM, TYPE_INT, dim, NULL, NULL, 0); }
Expr *expr_index(Graph *g, uint32_t index) { return expr_intern(g, EXPR_INDEX, TYPE_INT, index, NULL, NULL, 0); }
Expr *expr_arg(Graph *g, uint32_t number) { return expr_intern(g, EXPR_ARG, TYPE_REAL, number, NULL, NULL, 0); }

/* The element of a constant array, where all subscripts are constants inside it. */
static Expr *read_constant(Graph *g, const Tensor *t, Expr *const *subs) {
    if (t->role != ROLE_CONST || !t->values) return NULL;
    int64_t at = 0;
    for (uint32_t k = 0; k < t->rank; k++) {
        if (subs[k]->kind != EXPR_CONST || t->extent[k]->kind != EXPR_CONST) return NULL;
        int64_t s = subs[k]->of.integer, n = t->extent[k]->of.integer;
        if (s < 0 || s >= n) return NULL;
        at = at * n + s;
    }
    return t->type == TYPE_INT ? expr_int(g, (int64_t)t->values[at]) : expr_real(g, t->values[at]);
}

Expr *expr_read(Graph *g, Tensor *t, Expr *const *subs, Expr *fill) {
    Expr *known = read_constant(g, t, subs);
    if (known) return known;
    Type type = t->type == TYPE_INT && (!fill || fill->type == TYPE_INT) ? TYPE_INT : TYPE_REAL;
    return expr_intern(g, EXPR_READ, type, (uint64_t)(uintptr_t)t, fill, subs, t->rank);
}

static Type op_type(const OpRow *row, Expr *const *args, uint32_t n) {
    if (row->rule == RULE_TRUTH || row->rule == RULE_WHOLE || row->rule == RULE_HIDDEN_WHOLE) return TYPE_INT;
    if (row->rule != RULE_SAME) return TYPE_REAL;
    for (uint32_t k = 0; k < n; k++)
        if (args[k]->type == TYPE_REAL) return TYPE_REAL;
    return TYPE_INT;
}

Expr *expr_op(Graph *g, uint32_t op, Expr *const *args, uint32_t n) {
    Type type = op_type(op_row(g, op), args, n);
    Expr *known = expr_fold(g, op, type, args, n);
    return known ? known : expr_intern(g, EXPR_OP, type, op, NULL, args, n);
}
Expr *expr_op1(Graph *g, uint32_t op, Expr *a) { return expr_op(g, op, &a, 1); }
Expr *expr_op2(Graph *g, uint32_t op, Expr *a, Expr *b) {
    Expr *args[2] = {a, b};
    return expr_op(g, op, args, 2);
}
Expr *expr_add(Graph *g, Expr *a, Expr *b) { return expr_op2(g, OP_add, a, b); }
Expr *expr_sub(Graph *g, Expr *a, Expr *b) { return expr_op2(g, OP_sub, a, b); }
Expr *expr_mul(Graph *g, Expr *a, Expr *b) { return expr_op2(g, OP_mul, a, b); }
Expr *expr_and(Graph *g, Expr *a, Expr *b) { return !a ? b : !b ? a : expr_op2(g, OP_and, a, b); }
Expr *expr_or(Graph *g, Expr *a, Expr *b) { return !a || !b ? NULL : expr_op2(g, OP_or, a, b); }
Expr *expr_not(Graph *g, Expr *a) { return a ? expr_op1(g, OP_not, a) : expr_int(g, 0); }

Expr *expr_select(Graph *g, Expr *condition, Expr *yes, Expr *no) {
    if (!condition || yes == no) return yes;
    Type type = yes->type == TYPE_INT && no->type == TYPE_INT ? TYPE_INT : TYPE_REAL;
    if (condition->kind == EXPR_CONST) {
        Expr *chosen = expr_is_number(condition, 0) ? no : yes;
        if (chosen->type == type) return chosen;
        if (chosen->kind == EXPR_CONST) return expr_real(g, (double)chosen->of.integer);
    }
    if (expr_is_op(condition, OP_not)) return expr_select(g, condition->arg[0], no, yes);
    Expr *args[3] = {condition, yes, no};
    return expr_intern(g, EXPR_SELECT, type, 0, NULL, args, 3);
}

bool expr_is_int(const Expr *e, int64_t value) { return e && e->kind == EXPR_CONST && e->type == TYPE_INT && e->of.integer == value; }
bool expr_is_number(const Expr *e, double value) {
    if (!e || e->kind != EXPR_CONST) return false;
    return e->type == TYPE_INT ? (double)e->of.integer == value : e->of.real == value;
}

/* ---- walking ------------------------------------------------------------------------------------- */
static int by_id(const void *a, const void *b) {
    uint32_t x = (*(Expr *const *)a)->id, y = (*(Expr *const *)b)->id;
    return x < y ? -1 : x > y;
}

static void walk_push(Graph *g, Expr *e) {
    if (!e || e->walk == g->table->walk) return;
    e->walk = g->table->walk;
    vec_push(g->arena, &g->table->found, e);
}

static void walk_start(Graph *g) {
    g->table->walk++;
    g->table->found.n = 0;
}

/* Most lists are short. */
static void sort_by_id(Expr **at, uint32_t n) {
    if (n > 24) {
        qsort(at, n, sizeof *at, by_id);
        return;
    }
    for (uint32_t k = 1; k < n; k++) {
        Expr *e = at[k];
        uint32_t to = k;
        for (; to > 0 && at[to - 1]->id > e->id; to--) at[to] = at[to - 1];
        at[to] = e;
    }
}

/* The nodes found, in order of their ids. The table's list grows once and serves every walk; what is returned is a copy. */
static ExprList walk_end(Graph *g) {
    ExprVec *found = &g->table->found;
    sort_by_id(found->at, found->n);
    ExprList list = {NEW_ARRAY(g->lists, Expr *, found->n), found->n};
    if (found->n) memcpy(list.at, found->at, found->n * sizeof *found->at);
    return list;
}

ExprList expr_walk(Graph *g, Expr *const *roots, uint32_t n) {
    walk_start(g);
    for (uint32_t k = 0; k < n; k++) walk_push(g, roots[k]);
    for (uint32_t next = 0; next < g->table->found.n; next++) {
        Expr *e = g->table->found.at[next];
        walk_push(g, e->fill);
        for (uint32_t k = 0; k < e->n; k++) walk_push(g, e->arg[k]);
    }
    return walk_end(g);
}

/* The list is in order of id. */
uint32_t expr_place(const ExprList *list, const Expr *e) {
    uint32_t lo = 0, hi = list->n;
    while (hi - lo > 1) {
        const uint32_t middle = (lo + hi) / 2;
        if (list->at[middle]->id <= e->id) lo = middle;
        else hi = middle;
    }
    return lo;
}

bool expr_uses_index(Graph *g, Expr *e, uint32_t index) {
    const ArenaMark mark = arena_mark(g->lists);
    ExprList all = expr_walk(g, &e, 1);
    bool uses = false;
    for (uint32_t k = 0; k < all.n && !uses; k++) uses = all.at[k]->kind == EXPR_INDEX && all.at[k]->of.number == index;
    arena_release(g->lists, mark);
    return uses;
}

bool expr_reads(Graph *g, Expr *e, const Tensor *t) {
    const ArenaMark mark = arena_mark(g->lists);
    ExprList all = expr_walk(g, &e, 1);
    bool reads = false;
    for (uint32_t k = 0; k < all.n && !reads; k++) reads = all.at[k]->kind == EXPR_READ && (!t || all.at[k]->of.tensor == t);
    arena_release(g->lists, mark);
    return reads;
}

/* ---- substitution ---------------------------------------------------------------------------------- */
struct Subst {
    Graph *g;
    VEC(Expr *) given; /* what, by, what, by, … */
    Map *memo;         /* Expr -> Expr, those given among them; NULL: to be made anew, for more was given since */
    Map *tensors;      /* Tensor -> Tensor */
};

Subst *subst_new(Graph *g) {
    Subst *s = NEW(g->stage, Subst);
    s->g = g;
    return s;
}
void subst_expr(Subst *s, Expr *what, Expr *by) {
    vec_push(s->g->stage, &s->given, what);
    vec_push(s->g->stage, &s->given, by);
    s->memo = NULL;
}
void subst_index(Subst *s, uint32_t index, Expr *by) { subst_expr(s, expr_index(s->g, index), by); }
void subst_arg(Subst *s, uint32_t number, Expr *by) { subst_expr(s, expr_arg(s->g, number), by); }
void subst_tensor(Subst *s, Tensor *what, Tensor *by) {
    if (!s->tensors) s->tensors = map_new(s->g->stage);
    map_put(s->tensors, what, by);
    s->memo = NULL;
}

static void memo_start(Subst *s) {
    s->memo = map_new(s->g->stage);
    for (uint32_t k = 0; k + 1 < s->given.n; k += 2) map_put(s->memo, s->given.at[k], s->given.at[k + 1]);
}

static Expr *subst_node(Subst *s, Expr *e) {
    Graph *g = s->g;
    Expr *small[8], **args = e->n <= 8 ? small : NEW_ARRAY(g->stage, Expr *, e->n);
    bool same = true;
    for (uint32_t k = 0; k < e->n; k++) {
        args[k] = map_get(s->memo, e->arg[k]);
        same &= args[k] == e->arg[k];
    }
    Expr *fill = e->fill ? map_get(s->memo, e->fill) : NULL;
    Tensor *other = e->kind == EXPR_READ && s->tensors ? map_get(s->tensors, e->of.tensor) : NULL;
    if (same && fill == e->fill && !other) return e;
    switch (e->kind) {
    case EXPR_READ: return expr_read(g, other ? other : e->of.tensor, args, fill);
    case EXPR_OP: return expr_op(g, e->of.number, args, e->n);
    case EXPR_SELECT: return expr_select(g, args[0], args[1], args[2]);
    default: return e;
    }
}

/* Below a replaced node nothing is looked at, so the walk stops there. */
Expr *subst_apply(Subst *s, Expr *e) {
    if (!e || (s->given.n == 0 && !s->tensors)) return e;
    if (!s->memo) memo_start(s);
    Expr *done = map_get(s->memo, e);
    if (done) return done;
    Graph *g = s->g;
    const ArenaMark mark = arena_mark(g->lists);
    walk_start(g);
    walk_push(g, e);
    for (uint32_t next = 0; next < g->table->found.n; next++) {
        Expr *x = g->table->found.at[next];
        if (map_get(s->memo, x)) continue;
        walk_push(g, x->fill);
        for (uint32_t k = 0; k < x->n; k++) walk_push(g, x->arg[k]);
    }
    ExprList list = walk_end(g);
    for (uint32_t k = 0; k < list.n; k++)
        if (!map_get(s->memo, list.at[k])) map_put(s->memo, list.at[k], subst_node(s, list.at[k]));
    arena_release(g->lists, mark);
    return map_get(s->memo, e);
}
