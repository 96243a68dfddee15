/* Which tensor do these equations define: takes the pieces of one name, returns its shape and its drafts.
 *
 * Groups are evaluated when they are first asked for. One that is asked for while it is being evaluated is a
 * recurrence: it answers with what is known of its shape (at first nothing: a wild value), and its whole component
 * is evaluated again, in rounds, until no shape changes; the drafts of the last round stand. Example: in
 *
 *     h[t] = tanh(W @ x[t] + U @ h[t-1 | 0])
 *
 * round 1 reads h as wild and finds [H] from W @ x[t], round 2 confirms it. */
#include "check/internal.h"

#include <string.h>

Group *group_new(C *c, Scope *scope, Symbol name, Span span) {
    Group *g = NEW(c->arena, Group);
    g->name = g->stem = name;
    g->scope = scope;
    g->span = span;
    return g;
}

bool group_is_open(const Group *g) { return g->state == GROUP_ACTIVE || g->state == GROUP_PROVISIONAL; }

void draft_add(C *c, Tensor *t, Expr *const *subs, Expr *body, Expr *label, Expr *guard, uint32_t n, Expr *const *index, Span span) {
    Draft *d = NEW(c->arena, Draft);
    *d = (Draft){.tensor = t, .body = body, .label = label, .guard = guard, .n = n, .span = span};
    d->subs = NEW_ARRAY(c->arena, Expr *, t->rank);
    d->index = NEW_ARRAY(c->arena, Expr *, n);
    for (uint32_t k = 0; k < t->rank; k++) d->subs[k] = subs[k];
    for (uint32_t k = 0; k < n; k++) d->index[k] = index[k];
    d->next = map_get(c->drafts_of, t);
    map_put(c->drafts_of, t, d);
    vec_push(c->arena, &c->group->items, (Item){.draft = d});
}

/* ---- the left side ----------------------------------------------------------------------------------- */
typedef struct {
    Scope *scope;
    uint32_t n;
    Expr *sub[MAX_RANK];
    Expr *own[MAX_RANK]; /* the indices among them */
    uint32_t n_own;
    bool bad;
} Left;

/* A name on the left that already means a constant is that constant. */
static bool left_is_constant(C *c, Scope *scope, Node *name) {
    Scope *where;
    Binding *b = scope_find(scope, name->name, &where);
    if (!b || where == c->builtins) return false;
    if (b->declared == NODE_DIM || b->declared == NODE_CONST) return true;
    if (b->kind == BIND_VALUE && b->value->kind == VALUE_ARRAY && b->value->rank == 0 && b->value->body->type == TYPE_INT &&
        (b->value->body->kind == EXPR_CONST || b->value->body->kind == EXPR_DIM))
        return true;
    return false;
}

static void left_index(C *c, Left *left, Node *item) {
    Node *name = item->kid[0];
    Scope *where;
    Binding *taken = scope_find(left->scope, name->name, &where);
    bool twice = taken && taken->declared == NODE_ITEM && where == left->scope;
    if (twice) complain(c, name->span, "the index '%s' stands twice on the left side", name->name);
    if (twice || index_clashes(c, left->scope, name)) {
        left->bad = true;
        return;
    }
    Expr *index = index_new(c, name->name, name->span);
    if (item->kid[1]) {
        Value *lo = eval_scalar_int(c, left->scope, item->kid[1]->kid[0], "a bound"), *hi = eval_scalar_int(c, left->scope, item->kid[1]->kid[1], "a bound");
        if (!is_array(lo) || !is_array(hi)) left->bad = true;
        else {
            IndexInfo *info = info_of(c, index);
            info->lo = lo->body, info->hi = hi->body, info->written = true;
        }
    }
    scope_bind(c, left->scope, name->name, name->span, NODE_ITEM, scalar(c, index))->used = true;
    left->sub[left->n++] = left->own[left->n_own++] = index;
    vec_push(c->arena, &c->group->enclosing, index);
}

static bool names_unknown(C *c, Scope *scope, const Node *node) {
    Scope *where;
    if (!node) return false;
    if (node->kind == NODE_NAME) return !scope_find(scope, node->name, &where) && !builtin_find(node->name) && op_find(c->g, node->name) == UINT32_MAX;
    for (uint32_t k = 0; k < node->n; k++)
        if (names_unknown(c, scope, node->kid[k])) return true;
    return false;
}

static void left_item(C *c, Left *left, Node *item) {
    if (left->n == MAX_RANK) {
        complain(c, item->span, "a tensor has at most %d axes", MAX_RANK);
        left->bad = true;
    } else if (item->kind == NODE_SLICE) {
        complain(c, item->span, "a slice cannot stand on the left side; name its index: 'k in %s'", say_node(c, item));
        left->bad = true;
    } else if (item->kid[0]->kind == NODE_NAME && (item->kid[1] || !left_is_constant(c, left->scope, item->kid[0])))
        left_index(c, left, item);
    else {
        if (names_unknown(c, left->scope, item->kid[0])) {
            complain(c, item->span, "a subscript on the left side is the name of an index or a constant");
            left->bad = true;
            return;
        }
        Value *v = eval_scalar_int(c, left->scope, item->kid[0], "a subscript on the left side");
        Affine a;
        if (!is_array(v)) left->bad = true;
        else if (!affine_of(c->g, v->body, &a)) {
            complain(c, item->span, "a subscript on the left side is the name of an index or a constant");
            left->bad = true;
        } else {
            for (uint32_t k = 0; k < a.n; k++)
                if (a.term[k].of->kind == EXPR_INDEX && !left->bad) {
                    complain(c, item->span, "a subscript on the left side is the name of an index or a constant");
                    note(c, item->span, "give the index its own name and range, and compute with it on the right side");
                    left->bad = true;
                }
            if (affine_sign(&a) == SIGN_NEGATIVE) {
                complain(c, item->span, "negative subscripts do not wrap");
                left->bad = true;
            }
            left->sub[left->n++] = v->body;
        }
    }
}

static Left left_read(C *c, Group *g, Node *node) {
    Left left = {.scope = scope_new(c, g->scope)};
    if (!node || node->kind != NODE_SUBSCRIPT) return left;
    if (node->fill || node->where) {
        complain(c, (node->fill ? node->fill : node->where)->span, "'%s' cannot stand on the left side", node->fill ? "|" : "where");
        left.bad = true;
    }
    for (uint32_t k = 1; k < node->n && !left.bad; k++) left_item(c, &left, node->kid[k]);
    return left;
}

/* ---- one piece ------------------------------------------------------------------------------------------ */
typedef struct {
    Left left;
    Value *value;
    Draft *merged; /* the right side is this reduction as a whole */
} Found;

static bool holds(Expr *const *list, uint32_t n, const Expr *e) {
    for (uint32_t k = 0; k < n; k++)
        if (list[k] == e) return true;
    return false;
}

/* L = sum[i](…): the read of a part that was made for this equation and has just the axes of the left side. */
static Draft *whole_reduction(Group *g, const Found *f, uint32_t n_free, Expr *const *free) {
    Expr *body = f->value->body;
    if (body->kind != EXPR_READ || body->fill || body->of.tensor->role != ROLE_PART || body->of.tensor->op == COMBINE_SET) return NULL;
    uint32_t axes = n_free + f->left.n_own + f->value->rank;
    if (body->n != axes || f->left.n_own != f->left.n) return NULL;
    for (uint32_t k = g->items.n; k-- > 0;) {
        Draft *d = g->items.at[k].draft;
        if (!d || d->tensor != body->of.tensor) continue;
        for (uint32_t a = 0; a < body->n; a++) {
            if (body->arg[a] != d->subs[a]) return NULL;
            if (!holds(free, n_free, d->subs[a]) && !holds(f->left.own, f->left.n_own, d->subs[a]) && !holds(f->value->axis, f->value->rank, d->subs[a]))
                return NULL;
        }
        g->items.at[k].draft = NULL;
        return d;
    }
    return NULL;
}

static Found piece_find(C *c, Group *g, Piece *p) {
    Found f = {.left = left_read(c, g, p->left), .value = NULL};
    Value *v = f.left.bad ? poison(c) : require_array(c, eval(c, f.left.scope, p->right), p->right, "the right side of an equation");
    f.value = v->kind == VALUE_ARRAY ? fresh_axes(c, v) : v;
    if (v->kind == VALUE_ARRAY && v->body->kind == EXPR_READ) f.value = v; /* keeps the placeholders of a whole reduction */
    if (f.value->kind == VALUE_ARRAY && f.value->rank + f.left.n > MAX_RANK) {
        complain(c, p->span, "a tensor has at most %d axes", MAX_RANK);
        f.value = poison(c);
    }
    return f;
}

/* ---- shapes of all pieces together ------------------------------------------------------------------------ */
static bool grows(const Affine *a) {
    for (uint32_t t = 0; t < a->n; t++)
        if (a->term[t].by < 0) return false;
    return a->n;
}

/* The greater of two extents; of 1 and n-1 it is n-1: that n is at least 2 is then checked at entry (coverage.c). */
static Expr *greater(C *c, Expr *a, Expr *b) {
    Affine x, y, back;
    if (!a || !b) return a ? a : b;
    if (a == b || !affine_of_atoms(c->g, a, &x) || !affine_of_atoms(c->g, b, &y) || !affine_add(&y, &x, -1, &back) || !affine_add(&x, &y, -1, &x)) return a;
    AffineSign s = affine_sign(&x);
    if (s == SIGN_NEGATIVE || s == SIGN_AT_MOST_0) return b;
    if (s != SIGN_UNKNOWN || grows(&x)) return a;
    return grows(&back) ? b : expr_op2(c->g, OP_max, a, b);
}

static Expr *lesser(C *c, Expr *a, Expr *b) {
    Expr *g = greater(c, a, b);
    return g == a ? b : g == b ? a : expr_op2(c->g, OP_min, a, b);
}

static bool extent_of_sub(C *c, Expr *sub, Expr **lo, Expr **hi) {
    if (sub->kind == EXPR_INDEX) {
        IndexInfo *info = info_of(c, sub);
        if (!info->lo || !info->hi) return false;
        if (!widen(c, info->lo, false, NULL, 0, lo) || !widen(c, info->hi, true, NULL, 0, hi)) {
            complain(c, info->span, "the range of '%s' on the left side must be known from sizes alone", info->name ? info->name : "this index");
            return false;
        }
        return true;
    }
    *lo = sub;
    *hi = expr_add(c->g, sub, expr_int(c->g, 1));
    Affine a;
    if (affine_of(c->g, *hi, &a)) *hi = affine_expr(c->g, &a);
    return true;
}

typedef struct {
    bool poisoned, shaped;
    uint32_t rank;
    Expr *extent[MAX_RANK], *from[MAX_RANK];
    Type type;
} Shape;

static void shape_join(C *c, Group *g, Shape *s, const Found *f, Piece *p) {
    if (f->value->kind == VALUE_POISON) s->poisoned = true;
    if (f->value->type == TYPE_REAL) s->type = TYPE_REAL;
    uint32_t rank = f->left.n + f->value->rank;
    if (s->shaped && f->value->kind == VALUE_ARRAY && rank != s->rank && !s->poisoned) {
        if (rank < s->rank && f->left.n <= s->rank) rank = s->rank; /* a scalar piece broadcasts */
        else if (rank > s->rank) {
            for (uint32_t k = s->rank; k < rank; k++) s->extent[k] = s->from[k] = NULL;
            s->rank = rank;
        }
    }
    if (!s->shaped || s->rank < rank) {
        for (uint32_t k = s->shaped ? s->rank : 0; k < rank; k++) s->extent[k] = s->from[k] = NULL;
        s->rank = rank;
    }
    s->shaped = true;
    for (uint32_t k = 0; k < rank && !s->poisoned; k++) {
        Expr *lo = expr_int(c->g, 0), *hi = NULL;
        if (k < f->left.n) {
            if (!extent_of_sub(c, f->left.sub[k], &lo, &hi)) lo = NULL;
        } else if (f->value->kind == VALUE_ARRAY && k - f->left.n < f->value->rank) {
            hi = f->value->extent[k - f->left.n];
            if (s->extent[k] && hi && !same_extent(c, hi, s->extent[k])) {
                complain(c, p->span, "the equations of '%s' differ in shape: %s and %s on axis %u", g->name, say_expr(c, s->extent[k]), say_expr(c, hi), k);
                s->poisoned = true;
            }
        }
        s->from[k] = !s->from[k] ? lo : lo ? lesser(c, s->from[k], lo) : s->from[k];
        s->extent[k] = greater(c, s->extent[k], hi);
    }
}

static bool shape_changes(C *c, Group *g, const Shape *s, uint32_t n_prefix, Expr *const *prefix) {
    if (s->poisoned) return !g->was_poisoned;
    bool changed = !g->shaped || g->rank != s->rank || g->type != s->type || g->n_prefix != n_prefix;
    for (uint32_t k = 0; !changed && k < s->rank; k++) changed = g->extent[k] != s->extent[k] && !(g->extent[k] && s->extent[k] && same_extent(c, g->extent[k], s->extent[k]));
    for (uint32_t k = 0; !changed && k < n_prefix; k++) changed = g->prefix[k] != prefix[k];
    return changed;
}

static void shape_keep(C *c, Group *g, const Shape *s, uint32_t n_prefix, Expr *const *prefix) {
    g->poisoned = s->poisoned;
    if (s->poisoned) return; /* what was known of the shape stays */
    g->shaped = true;
    g->rank = s->rank, g->type = s->type;
    g->extent = NEW_ARRAY(c->arena, Expr *, s->rank);
    g->from = NEW_ARRAY(c->arena, Expr *, s->rank);
    for (uint32_t k = 0; k < s->rank; k++) g->extent[k] = s->extent[k], g->from[k] = s->from[k];
    g->n_prefix = n_prefix;
    g->prefix = NEW_ARRAY(c->arena, Expr *, n_prefix);
    for (uint32_t k = 0; k < n_prefix; k++) g->prefix[k] = prefix[k];
}

/* The tensor that reads refer to; its extents are filled in when the shape is settled. */
static Tensor *tensor_for(C *c, Group *g) {
    uint32_t rank = g->n_prefix + g->rank;
    Expr *extent[2 * MAX_RANK] = {NULL};
    Tensor *t = graph_add_tensor(c->g, g->name, g->type, g->local ? ROLE_PART : ROLE_WRITTEN, COMBINE_SET, rank, extent, g->span);
    map_put(c->group_of, t, g);
    map_put(c->wanted, t, (void *)(uintptr_t)g->stem);
    t->name = g->stem; /* for messages; the final Graph sees to it that names differ */
    return t;
}

static void piece_draft(C *c, Group *g, Found *f, Piece *p) {
    Expr *subs[2 * MAX_RANK], *index[4 * MAX_RANK];
    uint32_t n = 0, n_index = 0;
    for (uint32_t k = 0; k < g->n_prefix; k++) subs[n++] = index[n_index++] = g->prefix[k];
    for (uint32_t k = 0; k < f->left.n; k++) subs[n++] = f->left.sub[k];
    for (uint32_t k = 0; k < f->left.n_own; k++) index[n_index++] = f->left.own[k];
    uint32_t missing = g->rank - f->left.n - f->value->rank;
    for (uint32_t k = 0; k < missing; k++) subs[n] = index[n_index++] = axis_new(c, g->extent[f->left.n + k]), n++;
    for (uint32_t k = 0; k < f->value->rank; k++) subs[n++] = index[n_index++] = f->value->axis[k];
    Expr *body = f->value->body;
    if (g->type == TYPE_REAL) body = as_real(c, body);
    if (!f->merged) {
        draft_add(c, g->tensor, subs, body, NULL, NULL, n_index, index, p->span);
        return;
    }
    Draft *d = f->merged;
    for (uint32_t k = 0; k < d->n && n_index < 4 * MAX_RANK; k++)
        if (!holds(index, n_index, d->index[k])) index[n_index++] = d->index[k];
    g->tensor->op = d->tensor->op;
    draft_add(c, g->tensor, subs, d->body, d->label, d->guard, n_index, index, p->span);
}

static void group_reset(Group *g) {
    g->items.n = g->complaints.n = g->obligations.n = 0;
    g->enclosing.n = g->indices.n = 0;
}

/* The equation of the file that a local of a def is inlined into: it lends its name. */
static Group *outermost(C *c, Group *g) {
    while (g->local && g->parent && g->parent != c->top && !g->update_of) g = g->parent;
    return g;
}

static void group_round(C *c, Group *g, uint32_t *changes) {
    group_reset(g);
    g->was_poisoned = g->poisoned;
    g->poisoned = false;
    for (uint32_t k = 0; g->parent && k < g->parent->enclosing.n; k++) vec_push(c->arena, &g->enclosing, g->parent->enclosing.at[k]);
    if (g->local && !g->update_of && g->parent && g->stem == g->name) g->stem = name_printf(c->base->names, "%s_%s", outermost(c, g)->name, g->name);
    g->tensor = tensor_for(c, g);
    Found *found = NEW_ARRAY(c->arena, Found, g->pieces.n);
    Shape shape = {.type = g->state == GROUP_ACTIVE && g->shaped ? g->type : TYPE_INT};
    for (uint32_t k = 0; k < g->pieces.n; k++) found[k] = piece_find(c, g, &g->pieces.at[k]);
    bool poisoned = false;
    for (uint32_t k = 0; k < g->pieces.n; k++) poisoned |= found[k].value->kind == VALUE_POISON;
    ranges_settle(c, g, poisoned);
    for (uint32_t k = 0; k < g->pieces.n; k++) shape_join(c, g, &shape, &found[k], &g->pieces.at[k]);
    if (g->marks & MARK_LOSS) shape.type = TYPE_REAL;
    /* Indices of the caller that a local of a def depends on become its leading axes. */
    Expr **roots = NEW_ARRAY(c->arena, Expr *, g->pieces.n), **prefix;
    VEC(Expr *) own = {0};
    for (uint32_t k = 0; k < g->pieces.n; k++) {
        roots[k] = found[k].value->kind == VALUE_ARRAY ? found[k].value->body : NULL;
        for (uint32_t a = 0; a < found[k].left.n_own; a++) vec_push(c->arena, &own, found[k].left.own[a]);
        for (uint32_t a = 0; a < found[k].value->rank; a++) vec_push(c->arena, &own, found[k].value->axis[a]);
    }
    uint32_t n_prefix = free_indices(c, roots, g->pieces.n, own.at, own.n, &prefix);
    /* a local of a def is new in each round of the recurrence around it: only its own later rounds count */
    if (shape_changes(c, g, &shape, n_prefix, prefix) && (!g->local || g->rounds)) ++*changes;
    g->rounds++;
    shape_keep(c, g, &shape, n_prefix, prefix);
    if (g->poisoned) return;
    g->tensor->rank = g->n_prefix + g->rank; /* this round's reads have the shape of the last round; the last two agree */
    g->tensor->type = g->type;
    g->tensor->extent = NEW_ARRAY(c->arena, Expr *, g->tensor->rank);
    for (uint32_t k = 0; k < g->rank; k++) g->tensor->extent[n_prefix + k] = g->extent[k];
    for (uint32_t k = 0; k < g->pieces.n; k++) {
        if (found[k].value->kind != VALUE_ARRAY) found[k].value = scalar(c, expr_int(c->g, 0));
        if (g->pieces.n == 1) found[k].merged = whole_reduction(g, &found[k], n_prefix, prefix);
        piece_draft(c, g, &found[k], &g->pieces.at[k]);
    }
}

/* ---- components ------------------------------------------------------------------------------------------- */
static void reached(Group *from, uint32_t low) {
    if (from && from->low > low) from->low = low;
}

static void close_component(C *c, Group *root) {
    while (c->stack.n > root->depth) {
        Group *g = c->stack.at[--c->stack.n];
        g->state = GROUP_DONE;
        Group *parent = g->local ? g->parent : NULL;
        for (uint32_t k = 0; k < g->rank && !g->poisoned; k++)
            if (!g->extent[k]) {
                bool said = false;
                for (uint32_t m = 0; m < g->complaints.n; m++) said |= !g->complaints.at[m].warning;
                Group *saved = c->group;
                c->group = g;
                if (!said) complain(c, g->span, "the shape of '%s' cannot be found: nothing but the recurrence itself gives the range of axis %u", g->name, k);
                c->group = saved;
                g->poisoned = true;
            }
        for (uint32_t k = 0; parent && k < g->complaints.n; k++) vec_push(c->arena, &parent->complaints, g->complaints.at[k]);
        if (parent) g->complaints.n = 0; /* in the order they were found, so that notes follow their message */
    }
}

void group_settle(C *c, Group *g) {
    Group *caller = c->group;
    if (g->state == GROUP_DONE) return;
    if (g->state == GROUP_ACTIVE || (g->state == GROUP_PROVISIONAL && g->round == c->round)) {
        reached(caller, g->low);
        return;
    }
    bool again = g->state == GROUP_PROVISIONAL; /* it is on the stack already */
    if (!again) {
        g->depth = c->stack.n;
        vec_push(c->arena, &c->stack, g);
    }
    if (!g->parent) g->parent = c->top;
    uint32_t own = g->depth;
    g->state = GROUP_ACTIVE;
    c->group = g;
    for (int round = 0;; round++) {
        uint32_t changes = 0, before = c->changes;
        g->low = own;
        g->hit = false;
        group_round(c, g, &changes);
        c->changes += changes;
        if (g->low < own) { /* part of an outer component */
            g->state = GROUP_PROVISIONAL;
            g->round = c->round;
            reached(caller, g->low);
            break;
        }
        if (!g->hit || (round > 0 && c->changes == before)) {
            close_component(c, g);
            break;
        }
        if (round == 8) {
            complain(c, g->span, "the shape of '%s' cannot be found: it grows with each step of the recurrence", g->name);
            g->poisoned = true;
            close_component(c, g);
            break;
        }
        c->round++;
    }
    c->group = caller;
    if (g->local && !again && caller) vec_push(c->arena, &caller->items, (Item){.group = g});
}

Value *group_value(C *c, Group *g, Span span) {
    (void)span;
    g->used = true;
    if (g->state == GROUP_ACTIVE) g->hit = true;
    group_settle(c, g);
    if (g->poisoned) return poison(c);
    if (!g->shaped) return wild(c, TYPE_INT);
    Expr *subs[2 * MAX_RANK], *axis[MAX_RANK], *extent[MAX_RANK];
    for (uint32_t k = 0; k < g->n_prefix; k++) subs[k] = g->prefix[k];
    for (uint32_t k = 0; k < g->rank; k++) {
        extent[k] = g->extent[k];
        if (!extent[k]) return wild(c, g->type); /* not known in this round */
        subs[g->n_prefix + k] = axis[k] = axis_new(c, extent[k]);
    }
    g->tensor->rank = g->n_prefix + g->rank;
    g->tensor->type = g->type;
    return array(c, g->rank, extent, axis, expr_read(c->g, g->tensor, subs, NULL));
}
