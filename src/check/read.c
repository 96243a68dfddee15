/* What does this subscript read: A[i, 2*j + 1, :, 1..n | f]. Takes the value of A and the items, returns what is
 * left over: an axis for each slice and each axis without an item. Plain names fix the range of their index
 * (rule 2), everything else becomes an obligation, unless a bar says what is read outside. */
#include "check/internal.h"

#include <string.h>

typedef struct {
    Expr *sub[MAX_RANK]; /* what stands on each axis of the base */
    Span span[MAX_RANK];
    uint32_t n_axes;     /* of the result */
    Expr *axis[MAX_RANK], *extent[MAX_RANK];
} Places;

static Tensor *read_of(Value *base) { return base->body->kind == EXPR_READ ? base->body->of.tensor : NULL; }

static bool slice_item(C *c, Scope *s, Node *item, Value *base, uint32_t k, Places *p) {
    Expr *from = expr_int(c->g, 0), *to = base->extent[k];
    for (int side = 0; side < 2; side++) {
        if (!item->kid[side]) continue;
        Value *v = eval_scalar_int(c, s, item->kid[side], "a bound of a slice");
        if (!is_array(v)) return false;
        *(side ? &to : &from) = v->body;
        if (v->body->kind == EXPR_CONST && v->body->of.integer < 0) {
            complain(c, item->kid[side]->span, "negative subscripts do not wrap");
            return false;
        }
    }
    Affine a, b, length;
    if (!affine_of_atoms(c->g, to, &a) || !affine_of_atoms(c->g, from, &b) || !affine_add(&a, &b, -1, &length)) return false;
    for (uint32_t t = 0; t < length.n; t++)
        if (length.term[t].of->kind == EXPR_INDEX || length.term[t].of->kind == EXPR_READ) {
            complain(c, item->span, "the length of a slice is made of dims and constants alone");
            return false;
        }
    if (length.n == 0 && length.constant < 1) {
        complain(c, item->span, "this slice is empty");
        return false;
    }
    Expr *extent = affine_expr(c->g, &length), *axis = axis_new(c, extent);
    p->extent[p->n_axes] = extent, p->axis[p->n_axes++] = axis;
    p->sub[k] = expr_add(c->g, from, axis);
    return true;
}

static bool plain_item(C *c, Scope *s, Node *item, Node *base_node, Value *base, bool fill, uint32_t k, bool more, Places *p) {
    if (item->kid[1]) {
        complain(c, item->span, "a range belongs to a reduction or to the left side; a slice is written '%s'", say_node(c, item->kid[1]));
        return false;
    }
    Value *v = eval_scalar_int(c, s, item->kid[0], "a subscript");
    if (!is_array(v)) return false;
    p->sub[k] = v->body;
    if (v->body->kind == EXPR_CONST && v->body->of.integer < 0 && !fill) {
        complain(c, item->span, "negative subscripts do not wrap");
        Affine last;
        if (affine_of(c->g, base->extent[k], &last)) {
            last.constant += v->body->of.integer;
            note(c, item->span, "counted from the end it is '%s[%s%s%s]'", say_node(c, base_node), k ? "…, " : "", say_expr(c, affine_expr(c->g, &last)), more ? ", …" : "");
        }
        return false;
    }
    return true;
}

static bool places_read(C *c, Scope *s, Node *node, Value *base, Places *p) {
    p->n_axes = 0;
    if (node->n - 1 > base->rank) {
        complain(c, span_join(node->kid[base->rank + 1]->span, node->kid[node->n - 1]->span), "'%s' has %u ax%s, and there are %u subscripts", say_node(c, node->kid[0]),
                 base->rank, base->rank == 1 ? "is" : "es", node->n - 1);
        Tensor *t = read_of(base);
        if (t && t->span.file) note(c, t->span, "'%s' is declared %s here", t->name, say_shape(c, base));
        return false;
    }
    bool good = true;
    for (uint32_t k = 0; k + 1 < node->n; k++) {
        Node *item = node->kid[k + 1];
        p->span[k] = item->span;
        good &= item->kind == NODE_SLICE ? slice_item(c, s, item, base, k, p) : plain_item(c, s, item, node->kid[0], base, node->fill != NULL, k, k + 2 < node->n, p);
    }
    for (uint32_t k = node->n - 1; k < base->rank; k++) {
        p->sub[k] = p->axis[p->n_axes] = base->axis[k];
        p->extent[p->n_axes++] = base->extent[k];
    }
    return good;
}

static bool is_own_tensor(C *c, Tensor *t) { return t && c->group->tensor == t; }

static void require_inside(C *c, Node *node, Value *base, Places *p) {
    Tensor *t = read_of(base);
    Group *g = t ? map_get(c->group_of, t) : NULL;
    bool self = is_own_tensor(c, t);
    for (uint32_t k = 0; k + 1 < node->n; k++) {
        Expr *lo = g && g->from && g->n_prefix + base->rank == t->rank && k < g->rank ? g->from[k] : NULL;
        bool bare = p->sub[k]->kind == EXPR_INDEX && node->kid[k + 1]->kind == NODE_ITEM;
        if (bare && !info_of(c, p->sub[k])->axis) index_fix(c, p->sub[k], base->extent[k], p->span[k], self);
        if (node->fill) continue;
        if (bare && info_of(c, p->sub[k])->hi == base->extent[k] && (!lo || expr_is_int(lo, 0)) && expr_is_int(info_of(c, p->sub[k])->lo, 0)) continue;
        if (node->kid[k + 1]->kind == NODE_SLICE && !node->kid[k + 1]->kid[0] && !node->kid[k + 1]->kid[1]) continue;
        oblige(c, p->sub[k], lo, base->extent[k], t, k, p->span[k], self);
    }
}

/* The base as one read that has its placeholders as subscripts, so that a fill can be put into it. */
static Value *plain_read(C *c, Value *base, uint32_t n, Span span) {
    bool direct = base->body->kind == EXPR_READ && !base->body->fill;
    for (uint32_t k = 0; direct && k < n; k++) {
        uint32_t found = 0;
        for (uint32_t a = 0; a < base->body->n; a++) found += base->body->arg[a] == base->axis[k];
        if (found != 1) direct = false;
        for (uint32_t a = 0; direct && a < base->body->n; a++)
            if (base->body->arg[a] != base->axis[k] && expr_uses_index(c->g, base->body->arg[a], base->axis[k]->of.number)) direct = false;
        /* the read must cover the axis as a whole */
        for (uint32_t a = 0; direct && a < base->body->n; a++)
            if (base->body->arg[a] == base->axis[k] && base->body->of.tensor->extent[a] && !same_extent(c, base->body->of.tensor->extent[a], base->extent[k])) direct = false;
    }
    return direct ? base : materialize(c, base, "part", span, NULL, NULL, NULL);
}

static Value *with_fill(C *c, Scope *s, Node *node, Value *base, Places *p) {
    Value *fill = require_array(c, eval(c, s, node->fill), node->fill, "what is read outside");
    if (fill->kind == VALUE_POISON) return fill;
    if (fill->kind == VALUE_WILD) fill = scalar(c, expr_int(c->g, 0));
    if (fill->rank > p->n_axes) {
        complain(c, node->fill->span, "'%s' has shape %s, and what is read has shape %s", say_node(c, node->fill), say_shape(c, fill), say_extents(c, p->extent, p->n_axes));
        /* In a recurrence whose shapes are still being found the fill may be the first to know; the next round decides. */
        Tensor *t = read_of(base);
        Group *g = t ? map_get(c->group_of, t) : NULL;
        return g && g->state != GROUP_DONE ? fill : poison(c);
    }
    Expr *subs[MAX_RANK];
    for (uint32_t k = 0; k < fill->rank; k++) {
        uint32_t to = p->n_axes - fill->rank + k;
        if (!expr_is_int(fill->extent[k], 1) && !same_extent(c, fill->extent[k], p->extent[to])) {
            complain(c, node->fill->span, "'%s' has shape %s, and what is read has shape %s", say_node(c, node->fill), say_shape(c, fill), say_extents(c, p->extent, p->n_axes));
            return poison(c);
        }
        subs[k] = expr_is_int(fill->extent[k], 1) && !expr_is_int(p->extent[to], 1) ? expr_int(c->g, 0) : p->axis[to];
    }
    Expr *outside = at(c, fill, subs), *arg[3 * MAX_RANK];
    Value *read = plain_read(c, base, node->n - 1, node->span);
    Expr *e = read->body;
    Expr *by[MAX_RANK];
    for (uint32_t k = 0; k < base->rank; k++) by[k] = p->sub[k];
    for (uint32_t a = 0; a < e->n; a++) arg[a] = replace(c, e->arg[a], read->rank, read->axis, by);
    if (e->type == TYPE_REAL) outside = as_real(c, outside);
    Value *v = array(c, p->n_axes, p->extent, p->axis, expr_read(c->g, e->of.tensor, arg, outside));
    if (outside->type == TYPE_REAL) v->type = TYPE_REAL;
    return v;
}

/* What is read of a tensor whose shape is being found: the fill may tell. */
static Value *wild_read(C *c, Scope *s, Node *node, Value *base) {
    for (uint32_t k = 1; k < node->n; k++)
        if (node->kid[k]->kind == NODE_ITEM) eval_scalar_int(c, s, node->kid[k]->kid[0], "a subscript");
    if (!node->fill) return wild(c, base->type);
    Value *fill = eval(c, s, node->fill);
    if (fill->kind == VALUE_POISON) return fill;
    if (is_array(fill) && fill->rank) return fill;
    return wild(c, base->type == TYPE_REAL || fill->type == TYPE_REAL ? TYPE_REAL : TYPE_INT);
}

static Value *instance_subscript(C *c, Scope *s, Node *node, Value *base) {
    Callee callee = *base->callee;
    Instance *instance = callee.instance;
    uint32_t n = node->n - 1;
    if (node->fill || callee.n_subs + n > instance->n_stack) {
        complain(c, node->span, "'%s' has %u stacked ax%s, and there are %u subscripts", callee.name, instance->n_stack - callee.n_subs,
                 instance->n_stack - callee.n_subs == 1 ? "is" : "es", n);
        return poison(c);
    }
    Expr **subs = NEW_ARRAY(c->arena, Expr *, callee.n_subs + n);
    for (uint32_t k = 0; k < callee.n_subs; k++) subs[k] = callee.subs[k];
    for (uint32_t k = 0; k < n; k++) {
        Node *item = node->kid[k + 1];
        Value *v = item->kind == NODE_ITEM ? eval_scalar_int(c, s, item->kid[0], "a subscript") : poison(c);
        if (item->kind != NODE_ITEM) complain(c, item->span, "a stack of layers is subscripted by integers");
        if (!is_array(v)) return poison(c);
        Expr *extent = instance->stack[callee.n_subs + k];
        if (v->body->kind == EXPR_INDEX) index_fix(c, v->body, extent, item->span, false);
        uint32_t before = c->group->obligations.n;
        oblige(c, v->body, NULL, extent, NULL, k, item->span, false);
        if (c->group->obligations.n > before) c->group->obligations.at[before].name = callee.name;
        subs[callee.n_subs + k] = v->body;
    }
    callee.subs = subs;
    callee.n_subs += n;
    return function(c, callee);
}

Value *subscript(C *c, Scope *s, Node *node, Value *base) {
    Places p;
    if (node->where) {
        complain(c, node->where->span, "'where' filters a reduction: sum[i where …](…)");
        return poison(c);
    }
    if (base->kind == VALUE_POISON) return base;
    if (base->kind == VALUE_WILD) return wild_read(c, s, node, base);
    if (base->kind == VALUE_FUNCTION) {
        if (base->callee->kind == CALLEE_INSTANCE) return instance_subscript(c, s, node, base);
        complain(c, node->span, "'%s' is a function and has no subscripts", base->callee->name);
        if (base->callee->kind == CALLEE_BUILTIN && base->callee->builtin->reduces)
            note(c, node->span, "the body of a reduction stands in parentheses: %s[i](…)", base->callee->name);
        return poison(c);
    }
    if (!places_read(c, s, node, base, &p)) return poison(c);
    require_inside(c, node, base, &p);
    if (node->fill) return with_fill(c, s, node, base, &p);
    return array(c, p.n_axes, p.extent, p.axis, at(c, base, p.sub));
}

Value *subscript_value(C *c, Scope *s, Node *node) { return subscript(c, s, node, eval(c, s, node->kid[0])); }
