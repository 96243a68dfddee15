/* Reductions: sum[i, j in 0..n where c](e), sum(x), sum(x, axis=1). Takes the body as a Value, the indices or axes
 * that are reduced over and the filter; makes a part tensor with the combining operator and returns a read of it:
 *
 *     1/m * sum[i]((p[i] - y[i])^2)        L_sum += (p[i] - y[i])*(p[i] - y[i]) over i;  the value is L_sum */
#include "check/internal.h"

#include <string.h>

/* ---- parts --------------------------------------------------------------------------------------------- */
Symbol part_name(C *c, const char *suffix) { return name_printf(c->base->names, "%s_%s", c->group->stem, suffix); }

Tensor *part_tensor(C *c, Symbol name, Type type, Combine op, uint32_t rank, Expr *const *extent, Span span) {
    Tensor *t = graph_add_tensor(c->g, name, type, ROLE_PART, op, rank, extent, span);
    map_put(c->wanted, t, (void *)(uintptr_t)name);
    t->name = name;
    return t;
}

static bool among(Expr *const *list, uint32_t n, const Expr *e) {
    for (uint32_t k = 0; k < n; k++)
        if (list[k] == e) return true;
    return false;
}

typedef VEC(Expr *) Exprs;

static void add_indices(C *c, Expr *root, Expr *const *but, uint32_t n_but, Exprs *found) {
    ExprList all = expr_walk(c->g, &root, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX && !among(but, n_but, all.at[k]) && !among(found->at, found->n, all.at[k])) vec_push(c->arena, found, all.at[k]);
}

/* A bound that is not affine keeps the indices it uses: sum[k in ptr[i]..ptr[i+1]]. */
static void add_bound(C *c, Expr *bound, bool reduced, Expr *const *but, uint32_t n_but, Exprs *found) {
    Affine a;
    if (!bound) return;
    if (reduced || !affine_of(c->g, bound, &a)) add_indices(c, bound, but, n_but, found);
}

/* The indices that the roots use, in the order they were introduced. */
uint32_t free_indices(C *c, Expr *const *roots, uint32_t n, Expr *const *but, uint32_t n_but, Expr ***out) {
    Exprs found = {0};
    for (uint32_t k = 0; k < n; k++)
        if (roots[k]) add_indices(c, roots[k], but, n_but, &found);
    for (uint32_t k = 0; k < n_but; k++) {
        IndexInfo *info = info_of(c, but[k]);
        if (info->axis) continue;
        add_bound(c, info->lo, info->reduced, but, n_but, &found);
        add_bound(c, info->hi, info->reduced, but, n_but, &found);
    }
    for (uint32_t k = 0; k < found.n; k++) {
        IndexInfo *info = info_of(c, found.at[k]);
        if (info->axis) continue;
        add_bound(c, info->lo, false, but, n_but, &found);
        add_bound(c, info->hi, false, but, n_but, &found);
    }
    for (uint32_t i = 1; i < found.n; i++)
        for (uint32_t j = i; j > 0 && found.at[j]->of.number < found.at[j - 1]->of.number; j--) {
            Expr *swap = found.at[j];
            found.at[j] = found.at[j - 1], found.at[j - 1] = swap;
        }
    *out = found.at;
    return found.n;
}

Expr *part_reduce(C *c, const char *suffix, Combine op, Type type, Expr *body, Expr *label, Expr *guard, uint32_t n_red, Expr *const *red, uint32_t n_axes,
                  Expr *const *axis, Expr *const *extent, Span span) {
    Exprs but = {0};
    for (uint32_t k = 0; k < n_axes; k++) vec_push(c->arena, &but, axis[k]);
    for (uint32_t k = 0; k < n_red; k++) vec_push(c->arena, &but, red[k]), info_of(c, red[k])->reduced = true;
    Expr *roots[3] = {body, label, guard}, **free;
    uint32_t n_free = free_indices(c, roots, 3, but.at, but.n, &free), rank = n_free + n_axes;
    Expr **whole = NEW_ARRAY(c->arena, Expr *, rank), **subs = NEW_ARRAY(c->arena, Expr *, rank), **index = NEW_ARRAY(c->arena, Expr *, rank + n_red);
    for (uint32_t k = 0; k < n_free; k++) subs[k] = index[k] = free[k];
    for (uint32_t k = 0; k < n_axes; k++) whole[n_free + k] = extent[k], subs[n_free + k] = index[n_free + k] = axis[k];
    for (uint32_t k = 0; k < n_red; k++) index[rank + k] = red[k];
    Tensor *t = part_tensor(c, part_name(c, suffix), type, op, rank, whole, span);
    draft_add(c, t, subs, type == TYPE_REAL ? as_real(c, body) : body, label, guard, rank + n_red, index, span);
    return expr_read(c->g, t, subs, NULL);
}

Value *materialize(C *c, Value *v, const char *suffix, Span span, Tensor **tensor, uint32_t *n_free, Expr ***free_out) {
    Expr **free;
    v = fresh_axes(c, v);
    uint32_t n = free_indices(c, &v->body, 1, v->axis, v->rank, &free), rank = n + v->rank;
    Expr **whole = NEW_ARRAY(c->arena, Expr *, rank), **subs = NEW_ARRAY(c->arena, Expr *, rank);
    for (uint32_t k = 0; k < n; k++) subs[k] = free[k];
    for (uint32_t k = 0; k < v->rank; k++) whole[n + k] = v->extent[k], subs[n + k] = v->axis[k];
    Tensor *t = part_tensor(c, part_name(c, suffix), v->type, COMBINE_SET, rank, whole, span);
    draft_add(c, t, subs, v->type == TYPE_REAL ? as_real(c, v->body) : v->body, NULL, NULL, rank, subs, span);
    if (tensor) *tensor = t;
    if (n_free) *n_free = n;
    if (free_out) *free_out = free;
    return array(c, v->rank, v->extent, v->axis, expr_read(c->g, t, subs, NULL));
}

/* ---- what is reduced ------------------------------------------------------------------------------------- */
typedef struct {
    Value *v;       /* the body: axes are those that are left over */
    uint32_t n;
    Expr *red[MAX_RANK];
    Expr *guard;
    Span span;
    bool arrays;    /* over axes, not named indices */
    Expr *length[MAX_RANK];
} Reduction;

static Expr *reduce(C *c, const Reduction *r, const char *suffix, Combine op, Type type, Expr *body, Expr *label) {
    return part_reduce(c, suffix, op, type, body, label, r->guard, r->n, r->red, r->v->rank, r->v->axis, r->v->extent, r->span);
}

static Value *reduced(C *c, const Reduction *r, Expr *body) { return array(c, r->v->rank, r->v->extent, r->v->axis, body); }

/* How many points are reduced over: a product of lengths, or a sum of ones where that is not known. */
static Expr *count(C *c, const Reduction *r) {
    Expr *product = expr_int(c->g, 1);
    bool known = !r->guard;
    for (uint32_t k = 0; k < r->n && known; k++) {
        IndexInfo *info = info_of(c, r->red[k]);
        Affine lo, hi;
        if (!info->lo || !info->hi || !affine_of(c->g, info->lo, &lo) || !affine_of(c->g, info->hi, &hi) || !affine_add(&hi, &lo, -1, &hi)) known = false;
        else {
            for (uint32_t j = 0; j < r->n; j++) known &= affine_coefficient(&hi, r->red[j]) == 0;
            Expr *length = affine_expr(c->g, &hi);
            if (!affine_not_negative(&hi)) length = expr_op2(c->g, OP_max, expr_int(c->g, 0), length);
            product = expr_mul(c->g, product, length);
        }
    }
    if (known) return product;
    return part_reduce(c, "count", COMBINE_ADD, TYPE_INT, expr_int(c->g, 1), NULL, r->guard, r->n, r->red, 0, NULL, NULL, r->span);
}

static Expr *square(C *c, Expr *e) { return expr_mul(c->g, e, e); }

static Value *make_plain(C *c, const Reduction *r, Combine op, const char *suffix, Type type) { return reduced(c, r, reduce(c, r, suffix, op, type, r->v->body, NULL)); }
static Value *make_sum(C *c, const Reduction *r) { return make_plain(c, r, COMBINE_ADD, "sum", r->v->type); }
static Value *make_prod(C *c, const Reduction *r) { return make_plain(c, r, COMBINE_MUL, "prod", r->v->type); }
static Value *make_max(C *c, const Reduction *r) { return make_plain(c, r, COMBINE_MAX, "max", r->v->type); }
static Value *make_min(C *c, const Reduction *r) { return make_plain(c, r, COMBINE_MIN, "min", r->v->type); }
static Value *make_lse(C *c, const Reduction *r) { return make_plain(c, r, COMBINE_LOGSUMEXP, "lse", TYPE_REAL); }

static Value *make_truth(C *c, const Reduction *r, Combine op, const char *suffix) {
    Expr *body = r->v->type == TYPE_REAL ? expr_op2(c->g, OP_ne, r->v->body, expr_int(c->g, 0)) : r->v->body;
    return reduced(c, r, reduce(c, r, suffix, op, TYPE_INT, body, NULL));
}
static Value *make_any(C *c, const Reduction *r) { return make_truth(c, r, COMBINE_OR, "any"); }
static Value *make_all(C *c, const Reduction *r) { return make_truth(c, r, COMBINE_AND, "all"); }

static Value *make_mean(C *c, const Reduction *r) {
    Expr *sum = reduce(c, r, "sum", COMBINE_ADD, r->v->type, r->v->body, NULL);
    return reduced(c, r, expr_op2(c->g, OP_div, sum, count(c, r)));
}

static Value *make_norm(C *c, const Reduction *r) {
    return reduced(c, r, expr_op1(c->g, OP_length, reduce(c, r, "squares", COMBINE_ADD, r->v->type, square(c, r->v->body), NULL)));
}

/* mean((x - mean(x))^2): two passes, so that nothing cancels */
static Value *make_var(C *c, const Reduction *r) {
    Expr *n = count(c, r);
    Expr *mean = expr_op2(c->g, OP_div, reduce(c, r, "sum", COMBINE_ADD, r->v->type, r->v->body, NULL), n);
    Expr *sum = reduce(c, r, "squares", COMBINE_ADD, TYPE_REAL, square(c, expr_sub(c->g, r->v->body, mean)), NULL);
    return reduced(c, r, expr_op2(c->g, OP_div, sum, n));
}

bool leaves_something(C *c, Expr *guard, uint32_t n, Expr *const *index) {
    Expr **roots = NEW_ARRAY(c->arena, Expr *, 2 * n + 1);
    for (uint32_t k = 0; k < n; k++) roots[2 * k] = info_of(c, index[k])->lo, roots[2 * k + 1] = info_of(c, index[k])->hi;
    roots[2 * n] = guard;
    ExprList all = expr_walk(c->g, roots, 2 * n + 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && all.at[k]->of.tensor->role != ROLE_INPUT) return false;
    return true;
}

static Value *make_arg(C *c, const Reduction *r, Combine op, const char *suffix) {
    Affine lo, hi;
    for (uint32_t k = 0; k < r->n; k++) {
        IndexInfo *info = info_of(c, r->red[k]);
        if (!info->hi || !affine_of(c->g, info->lo, &lo) || !affine_of(c->g, info->hi, &hi) || !affine_add(&lo, &hi, -1, &lo) || !affine_not_negative(&lo)) continue;
        complain(c, r->span, "'%s' of nothing: the range of '%s' is empty", suffix, info->name ? info->name : "the axis");
        return poison(c);
    }
    Expr *label = NULL, *limit = NULL; /* one index: its value; several: the position in reading order */
    for (uint32_t k = 0; k < r->n; k++) {
        IndexInfo *info = info_of(c, r->red[k]);
        if (k && (!info->hi || !info_of(c, r->red[0])->hi)) {
            complain(c, r->span, "the ranges of several indices must be written for argmax and argmin");
            return poison(c);
        }
        label = label ? expr_add(c->g, expr_mul(c->g, label, info->hi), r->red[k]) : r->red[k];
        Expr *hi = info->hi, *wide = NULL;
        if (hi && widen(c, hi, true, NULL, 0, &wide)) limit = k && limit ? expr_mul(c->g, limit, wide) : wide;
        else limit = NULL;
    }
    Expr *read = reduce(c, r, suffix, op, TYPE_INT, r->v->body, label);
    if (limit) read->of.tensor->lo = expr_int(c->g, leaves_something(c, r->guard, r->n, r->red) ? 0 : -1), read->of.tensor->hi = limit;
    return reduced(c, r, read);
}
static Value *make_argmax(C *c, const Reduction *r) { return make_arg(c, r, COMBINE_ARGMAX, "argmax"); }
static Value *make_argmin(C *c, const Reduction *r) { return make_arg(c, r, COMBINE_ARGMIN, "argmin"); }

static Value *(*const makers[])(C *, const Reduction *) = {make_sum, make_mean, make_prod, make_max, make_min, make_lse, make_norm, make_var, make_argmax, make_argmin, make_any, make_all};

/* Types of what each makes, for values whose shape is not known yet. */
static Type wild_type(int maker, Type body) {
    if (maker == 1 || (maker >= 5 && maker <= 7)) return TYPE_REAL;
    return maker >= 8 ? TYPE_INT : body;
}

/* ---- sum[i, j in a..b where c](e) ---------------------------------------------------------------------------- */
static bool index_item(C *c, Scope *s, Node *item, Reduction *r) {
    if (item->kind != NODE_ITEM || item->kid[0]->kind != NODE_NAME) {
        complain(c, item->span, "a reduction runs over named indices: sum[i, j in 0..n](…)");
        return false;
    }
    Node *name = item->kid[0];
    if (index_clashes(c, s, name)) return false;
    Expr *lo = NULL, *hi = NULL;
    if (item->kid[1]) {
        Value *from = eval_scalar_int(c, s, item->kid[1]->kid[0], "a bound"), *to = eval_scalar_int(c, s, item->kid[1]->kid[1], "a bound");
        if (!is_array(from) || !is_array(to)) return false;
        lo = from->body, hi = to->body;
    }
    Expr *index = index_new(c, name->name, name->span);
    IndexInfo *info = info_of(c, index);
    info->lo = lo, info->hi = hi, info->written = hi != NULL, info->reduced = true;
    scope_bind(c, s, name->name, name->span, NODE_ITEM, scalar(c, index))->used = true;
    vec_push(c->arena, &c->group->enclosing, index);
    r->red[r->n++] = index;
    return true;
}

static Value *over_indices(C *c, Scope *outer, Node *call, const Builtin *b, Node *items, Reduction *r) {
    Scope *s = scope_new(c, outer);
    uint32_t enclosing = c->group->enclosing.n;
    bool good = items->n - 1 <= MAX_RANK;
    if (items->fill) {
        complain(c, items->fill->span, "a reduction has no '|'; an empty one has a value of its own");
        good = false;
    }
    for (uint32_t k = 1; k < items->n && good; k++) good = index_item(c, s, items->kid[k], r);
    if (good && (call->n != 2 || call->kid[1]->kind == NODE_ARGUMENT)) {
        complain(c, call->span, "'%s[…]' has one body in its parentheses", b->name);
        good = false;
    }
    Value *v = good ? require_array(c, eval(c, s, call->kid[1]), call->kid[1], "the body of a reduction") : poison(c);
    if (items->where && good) {
        Value *where = require_array(c, eval(c, s, items->where), items->where, "a filter");
        if (where->kind == VALUE_POISON) v = where;
        else if (is_array(where) && where->rank) {
            complain(c, items->where->span, "a filter is one truth value, and '%s' has shape %s", say_node(c, items->where), say_shape(c, where));
            v = poison(c);
        } else if (is_array(where))
            r->guard = where->type == TYPE_REAL ? expr_op2(c->g, OP_ne, where->body, expr_int(c->g, 0)) : where->body;
    }
    c->group->enclosing.n = enclosing;
    r->v = is_array(v) ? fresh_axes(c, v) : v;
    return r->v;
}

/* ---- sum(x), sum(x, axis=1) --------------------------------------------------------------------------------------- */
static Value *over_axes(C *c, Args *args, Reduction *r) {
    Value *v = fresh_axes(c, args_value(c, args, 0));
    bool gone[MAX_RANK] = {false};
    if (!is_array(v)) return r->v = v;
    for (uint32_t k = 0; k < v->rank; k++) gone[k] = !args->named[0];
    if (args->named[0]) {
        Node *node = args->named[0];
        uint32_t n = node->kind == NODE_STACK ? node->n : 1;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t axis;
            if (!axis_argument(c, args, node->kind == NODE_STACK ? node->kid[k] : node, v->rank, &axis)) return r->v = poison(c);
            gone[axis] = true;
        }
    }
    Expr *axis[MAX_RANK], *extent[MAX_RANK];
    uint32_t n = 0;
    for (uint32_t k = 0; k < v->rank; k++) {
        if (gone[k]) r->red[r->n++] = v->axis[k];
        else axis[n] = v->axis[k], extent[n++] = v->extent[k];
    }
    r->arrays = true;
    return r->v = array(c, n, extent, axis, v->body);
}

/* sum, mean, … of one element. */
static Value *of_one(C *c, int maker, Value *v) {
    if (makers[maker] == make_norm) return scalar(c, expr_op1(c->g, OP_abs, v->body));
    if (makers[maker] == make_var) return scalar(c, expr_real(c->g, 0));
    if (makers[maker] == make_any || makers[maker] == make_all) return scalar(c, expr_op2(c->g, OP_ne, v->body, expr_int(c->g, 0)));
    return v;
}

Value *reduction(C *c, Scope *s, Node *call, const Builtin *b, Node *items) {
    Reduction r = {.n = 0, .span = call->span};
    Args args;
    if (items) over_indices(c, s, call, b, items, &r);
    else {
        if (!args_read(c, s, call, b, &args)) return poison(c);
        if (args.n > 1) { /* max(a, b, …) is elementwise */
            if (strcmp(b->name, "max") != 0 && strcmp(b->name, "min") != 0) {
                complain(c, call->span, "'%s' reduces one array; the sum of several is written with '+'", b->name);
                return poison(c);
            }
            Value *v = args_value(c, &args, 0);
            for (uint32_t k = 1; k < args.n; k++)
                v = op2(c, call->span, b->name[1] == 'a' ? OP_max : OP_min, v, args.positional[0], args_value(c, &args, k), args.positional[k]);
            return v;
        }
        over_axes(c, &args, &r);
        if (is_array(r.v) && r.n == 0 && !args.named[0] && (b->reduces - 1 == 8 || b->reduces - 1 == 9)) {
            complain(c, call->span, "'%s' of a scalar", b->name);
            return poison(c);
        }
        if (is_array(r.v) && r.n == 0 && !args.named[0]) return of_one(c, b->reduces - 1, r.v); /* a scalar: one element */
    }
    if (r.v->kind == VALUE_POISON) return r.v;
    if (r.v->kind == VALUE_WILD) return items ? wild(c, wild_type(b->reduces - 1, r.v->type)) : scalar(c, wild_type(b->reduces - 1, r.v->type) == TYPE_REAL ? expr_real(c->g, 0) : expr_int(c->g, 0));
    return makers[b->reduces - 1](c, &r);
}

static Value *no_items(C *c, Args *args, const Builtin *b) { return reduction(c, args->scope, args->call, b, NULL); }
#define REDUCTION(name, k) {name, 1, 64, {"axis"}, no_items, k, 0}
const Builtin reduction_builtins[] = {
    REDUCTION("sum", 1), REDUCTION("mean", 2), REDUCTION("prod", 3), REDUCTION("max", 4), REDUCTION("min", 5), REDUCTION("logsumexp", 6), REDUCTION("norm", 7),
    REDUCTION("var", 8), REDUCTION("argmax", 9), REDUCTION("argmin", 10), REDUCTION("any", 11), REDUCTION("all", 12), {NULL, 0, 0, {NULL}, NULL, 0, 0},
};
