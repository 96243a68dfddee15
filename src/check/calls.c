/* What does this call become. A def is inlined: its arguments are values, its body is evaluated in a scope of its
 * own below the file it stands in, its equations become tensors named after its locals. A layer is a scope that `use`
 * makes once, with the params it owns; calling it evaluates its apply below that scope.
 *
 *     use fc1 = nn.dense(64, 128)      params fc1.W [128, 64], fc1.b [128]
 *     fc1(x[i])                        W @ x + b, with x bound to x[i] */
#include "check/internal.h"

#include <string.h>

enum { MOST_CALLS = 200 };

typedef struct {
    Node **formal;
    uint32_t n;
} Formals;

static Formals formals_of(Node *node) { return (Formals){node->kid, node->n_formals}; }

/* `: [T, d]` names the sizes of an argument: a name of the def's own, whatever the file means by it. What has a meaning in the
 * def already (an earlier size, what a layer was made with), and all that is more than a name, states them. */
static bool bind_sizes(C *c, Scope *inner, Node *formal, Value *v, Node *arg) {
    Node *shape = formal->kid[1];
    if (!shape || !is_array(v)) return true;
    if (shape->n != v->rank) {
        complain(c, arg->span, "'%s' has shape %s, and the argument '%s' has %u ax%s", say_node(c, arg), say_shape(c, v), formal->name, shape->n, shape->n == 1 ? "is" : "es");
        note(c, formal->span, "'%s' is declared here", formal->name);
        return false;
    }
    for (uint32_t k = 0; k < shape->n; k++) {
        Node *size = shape->kid[k];
        Scope *where;
        Expr *expected;
        if (size->kind == NODE_NAME && (!scope_find(inner, size->name, &where) || where == c->builtins || where->is_file || where->is_module)) {
            scope_bind(c, inner, size->name, size->span, NODE_DIM, scalar(c, v->extent[k]));
            continue;
        }
        if (!dim_value(c, inner, size, &expected)) return false;
        if (!same_extent(c, expected, v->extent[k])) {
            complain(c, arg->span, "'%s' has shape %s, and axis %u of the argument '%s' has size %s", say_node(c, arg), say_shape(c, v), k, formal->name, say_expr(c, expected));
            note(c, formal->span, "'%s' is declared here", formal->name);
            return false;
        }
    }
    return true;
}

/* Evaluates the arguments where the call stands, and binds them. */
static bool bind_arguments(C *c, Scope *outer, Scope *inner, Node *call, Formals f, Symbol name, Node *body) {
    Node **given = NEW_ARRAY(c->arena, Node *, f.n);
    uint32_t place = 0;
    bool good = true;
    for (uint32_t k = 1; k < call->n; k++) {
        Node *arg = call->kid[k];
        if (arg->kind == NODE_ARGUMENT) {
            uint32_t w = 0;
            while (w < f.n && f.formal[w]->name != arg->name) w++;
            if (w == f.n || given[w]) {
                const char **names = NEW_ARRAY(c->arena, const char *, f.n);
                for (uint32_t j = 0; j < f.n; j++) names[j] = f.formal[j]->name;
                const char *guess = w == f.n ? nearest_name(arg->name, names, f.n) : NULL;
                complain(c, arg->at, w < f.n ? "the argument '%s' is given twice" : "there is no argument '%s' here", arg->name);
                if (guess) note(c, arg->at, "did you mean '%s'?", guess);
                good = false;
            } else
                given[w] = arg->kid[0];
        } else if (place < f.n && !given[place])
            given[place++] = arg;
        else {
            complain(c, arg->span, "'%s' takes %u argument%s, and there %s %u", name, f.n, f.n == 1 ? "" : "s", call->n == 2 ? "is" : "are", call->n - 1);
            return false;
        }
    }
    for (uint32_t k = 0; k < f.n && good; k++) {
        Node *formal = f.formal[k], *arg = given[k] ? given[k] : formal->kid[0];
        if (!arg) {
            complain(c, call->span, "'%s' needs a value for '%s'", name, formal->name);
            note(c, formal->span, "'%s' is declared here", formal->name);
            return false;
        }
        Value *v = eval(c, given[k] ? outer : inner, arg);
        if (is_array(v) && body && v->type == TYPE_REAL && mentions_request_on(c, body, formal)) {
            v = materialize(c, v, formal->name, arg->span, NULL, NULL, NULL);
            if (is_array(v) && v->body->kind == EXPR_READ) v->body->of.tensor->argument = true;
        }
        scope_bind(c, inner, formal->name, formal->span, NODE_FORMAL, v)->used = true;
    }
    for (uint32_t k = 0; k < f.n && good; k++) {
        Binding *b = scope_here(inner, f.formal[k]->name);
        good = bind_sizes(c, inner, f.formal[k], b->value, given[k] ? given[k] : f.formal[k]);
    }
    return good;
}

/* The value of a body: an expression, or statements of which the last is the value. */
static Value *body_value(C *c, Scope *s, Node *body, Symbol name) {
    if (body->kind != NODE_BLOCK) return eval(c, s, body);
    declare_block(c, s, body);
    Value *v = NULL;
    if (!s->value) complain(c, body->span, "the body of '%s' has no value: its last statement is an expression", name);
    else v = eval(c, s, s->value);
    for (uint32_t k = 0; k < s->names.n; k++)
        if (s->names.at[k]->kind == BIND_GROUP) group_settle(c, s->names.at[k]->group);
    return v ? v : poison(c);
}

static bool enter(C *c, Node *node, Node *call, Symbol name) {
    uintptr_t under_way = (uintptr_t)map_get(c->def_depth, node);
    if (under_way > 4 || c->calls >= MOST_CALLS) { /* a def may be passed to itself a few times */
        complain(c, call->span, under_way ? "'%s' calls itself" : "calls are nested too deeply at '%s'", name);
        return false;
    }
    map_put(c->def_depth, node, (void *)(under_way + 1));
    c->calls++;
    return true;
}

/* What is wrong inside a body is the caller's mistake more often than not. */
static void point_at_call(C *c, uint32_t errors, Node *call, Symbol name) {
    if (c->errors > errors && c->calls <= 3) note(c, call->span, "in this call of '%s'", name);
}

static void leave(C *c, Node *node) {
    map_put(c->def_depth, node, (void *)((uintptr_t)map_get(c->def_depth, node) - 1));
    c->calls--;
}

/* ---- `derivative` ------------------------------------------------------------------------------------------------ */
typedef struct {
    bool made;
    uint32_t op;
} DerivedOp;

static Node *derivative_for(Scope *s, Symbol name) {
    for (uint32_t k = 0; k < s->derivatives.n; k++)
        if (s->derivatives.at[k]->name == name) return s->derivatives.at[k];
    return NULL;
}

static Expr *template_of(C *c, Scope *s, Node *e) {
    Value *v = require_array(c, eval(c, s, e), e, "a derivative");
    if (!is_array(v)) return NULL;
    if (v->rank == 0) return v->type == TYPE_INT ? as_real(c, v->body) : v->body;
    complain(c, e->span, "a def with a derivative of its own is elementwise, and '%s' has shape %s", say_node(c, e), say_shape(c, v));
    return NULL;
}

/* A def with a derivative of its own becomes a row of the operator table: value and partials over placeholders. */
static bool derived_op(C *c, Callee *callee, Node *rule, uint32_t *op) {
    Node *def = callee->node, *body = def->kid[def->n_formals];
    DerivedOp *known = map_get(c->derivative_of, def);
    if (known) return *op = known->op, known->made;
    known = NEW(c->arena, DerivedOp);
    map_put(c->derivative_of, def, known);
    Expr *partial[3] = {expr_int(c->g, 0), expr_int(c->g, 0), expr_int(c->g, 0)}, *value;
    if (def->n_formals > 3 || rule->n_formals != def->n_formals) {
        complain(c, rule->at, def->n_formals > 3 ? "a derivative of one's own has at most 3 arguments" : "the arguments of the derivative are those of the def");
        return false;
    }
    Scope *s = scope_new(c, callee->scope), *t = scope_new(c, callee->scope);
    for (uint32_t k = 0; k < def->n_formals; k++) {
        scope_bind(c, s, def->kid[k]->name, def->kid[k]->span, NODE_FORMAL, scalar(c, expr_arg(c->g, k)));
        scope_bind(c, t, rule->kid[k]->name, rule->kid[k]->span, NODE_FORMAL, scalar(c, expr_arg(c->g, k)));
    }
    Node *before = c->deriving;
    value = template_of(c, s, body->kind == NODE_BLOCK && body->n == 1 && body->kid[0]->kind == NODE_VALUE ? body->kid[0]->kid[0] : body);
    c->deriving = def;
    bool good = value != NULL;
    for (uint32_t k = rule->n_formals; k < rule->n; k++) {
        Node *one = rule->kid[k];
        uint32_t w = 0;
        while (w < rule->n_formals && rule->kid[w]->name != one->name) w++;
        if (w == rule->n_formals) complain(c, one->at, "'%s' is not an argument of '%s'", one->name, rule->name), good = false;
        else if (!(partial[w] = template_of(c, t, one->kid[0]))) good = false;
    }
    c->deriving = before;
    if (!good) return false;
    known->op = *op = op_add(c->g, callee->name, def->n_formals, value, partial);
    return known->made = true;
}

/* In the derivative of f(a, b), f(a, b) itself is the result y. */
static bool is_own_result(Scope *inner, Node *def) {
    for (uint32_t k = 0; k < def->n_formals; k++) {
        Value *v = scope_here(inner, def->kid[k]->name)->value;
        if (!is_array(v) || v->body->kind != EXPR_ARG || v->body->of.number != k) return false;
    }
    return true;
}

static Value *def_call(C *c, Scope *s, Callee *callee, Node *call) {
    Node *def = callee->node, *body = def->kid[def->n_formals];
    Scope *inner = scope_new(c, callee->scope);
    inner->is_body = true;
    if (!bind_arguments(c, s, inner, call, formals_of(def), callee->name, body)) return poison(c);
    Node *rule = derivative_for(callee->scope, callee->name);
    if (rule && c->deriving == def) {
        if (is_own_result(inner, def)) return scalar(c, expr_arg(c->g, 3));
    } else if (rule) {
        uint32_t op;
        Value *v[3];
        if (!derived_op(c, callee, rule, &op)) return poison(c);
        for (uint32_t k = 0; k < def->n_formals; k++) v[k] = require_array(c, scope_here(inner, def->kid[k]->name)->value, call, "an argument");
        return elementwise(c, call->span, op, v, NULL, def->n_formals);
    }
    if (!enter(c, def, call, callee->name)) return poison(c);
    uint32_t errors = c->errors;
    Value *v = body_value(c, inner, body, callee->name);
    point_at_call(c, errors, call, callee->name);
    leave(c, def);
    return v;
}

/* ---- layers ------------------------------------------------------------------------------------------------- */
Instance *instance_new(C *c, Scope *s, Binding *b, Node *decl) {
    Node *call = decl->kid[DECL_VALUE];
    if (call->kind != NODE_CALL) {
        if (call->kind != NODE_ERROR) complain(c, call->span, "'use' applies a layer: use %s = dense(64, 128)", b->name);
        return NULL;
    }
    Value *v = eval(c, s, call->kid[0]);
    if (v->kind == VALUE_POISON) return NULL;
    if (v->kind != VALUE_FUNCTION || v->callee->kind != CALLEE_LAYER) {
        complain(c, call->kid[0]->span, "'%s' is not a layer", say_node(c, call->kid[0]));
        if (v->kind == VALUE_FUNCTION && v->callee->kind == CALLEE_DEF) note(c, call->kid[0]->span, "a def is called where it is needed");
        return NULL;
    }
    Callee *layer = v->callee;
    Instance *instance = NEW(c->arena, Instance);
    instance->layer = layer->node;
    instance->span = decl->at;
    instance->prefix = s->prefix ? name_printf(c->base->names, "%s%s", s->prefix, b->name) : b->name;
    instance->scope = scope_new(c, layer->scope);
    instance->scope->instance = instance;
    instance->scope->is_body = true;
    instance->scope->prefix = name_printf(c->base->names, "%s.", instance->prefix);
    uint32_t outer = s->instance ? s->instance->n_stack : 0, own = decl->kid[DECL_SHAPE] ? decl->kid[DECL_SHAPE]->n : 0;
    if (outer + own > MAX_RANK / 2) {
        complain(c, decl->span, "layers are stacked too deeply");
        return NULL;
    }
    instance->n_stack = outer + own;
    instance->stack = NEW_ARRAY(c->arena, Expr *, outer + own);
    for (uint32_t k = 0; k < outer; k++) instance->stack[k] = s->instance->stack[k];
    for (uint32_t k = 0; k < own; k++)
        if (!dim_value(c, s, decl->kid[DECL_SHAPE]->kid[k], &instance->stack[outer + k])) return NULL;
    if (!bind_arguments(c, s, instance->scope, call, formals_of(layer->node), layer->name, NULL)) return NULL;
    if (!enter(c, layer->node, call, layer->name)) return NULL;
    declare_block(c, instance->scope, layer->node->kid[layer->node->n_formals]);
    for (uint32_t k = 0; k < instance->scope->names.n; k++) {
        Binding *member = instance->scope->names.at[k];
        if (member->kind == BIND_DECL && member->declared != NODE_RANDOM) binding_settle(c, member);
    }
    leave(c, layer->node);
    if (!instance->apply) {
        complain(c, layer->node->at, "the layer '%s' has no 'apply(…) = …'", layer->name);
        return NULL;
    }
    return instance;
}

static Value *instance_call(C *c, Scope *s, Callee *callee, Node *call) {
    Instance *instance = callee->instance;
    if (callee->n_subs < instance->n_stack) {
        complain(c, call->span, "'%s' is a stack of %s layers; one of them is '%s[i](…)'", callee->name, say_expr(c, instance->stack[callee->n_subs]), callee->name);
        return poison(c);
    }
    Node *left = instance->apply->kid[0], *body = instance->apply->kid[1];
    /* the arguments of apply are written like a call: names, or names with defaults */
    Node **formal = NEW_ARRAY(c->arena, Node *, left->n);
    for (uint32_t k = 1; k < left->n; k++) {
        Node *arg = left->kid[k];
        if (arg->kind != NODE_NAME && arg->kind != NODE_ARGUMENT) {
            complain(c, arg->span, "an argument of 'apply' is a name");
            return poison(c);
        }
        Node *f = formal[k - 1] = node_new(c->base, NODE_FORMAL, arg->span, arg->at);
        f->name = arg->name;
        node_add(c->base, f, arg->kind == NODE_ARGUMENT ? arg->kid[0] : NULL);
        node_add(c->base, f, NULL);
    }
    Scope *inner = scope_new(c, instance->scope);
    inner->applied = instance;
    inner->n_subs = callee->n_subs, inner->subs = callee->subs;
    inner->prefix = instance->scope->prefix;
    if (!bind_arguments(c, s, inner, call, (Formals){formal, left->n - 1}, callee->name, body)) return poison(c);
    if (!enter(c, instance->apply, call, callee->name)) return poison(c);
    uint32_t errors = c->errors;
    Value *v = body_value(c, inner, body, callee->name);
    point_at_call(c, errors, call, callee->name);
    leave(c, instance->apply);
    vec_push(c->arena, &c->group->items, (Item){.instance = instance});
    for (uint32_t k = 0; k < instance->scope->updates.n; k++) vec_push(c->arena, &inner->updates, instance->scope->updates.at[k]);
    run_updates(c, inner);
    return v;
}

/* ---- updates --------------------------------------------------------------------------------------------------- */
static void run_update(C *c, Scope *s, Node *equation) {
    Node *left = equation->kind == NODE_EQUATION ? equation->kid[0] : equation;
    Node *name = left->kind == NODE_SUBSCRIPT ? left->kid[0] : left;
    Scope *where;
    Binding *b = equation->kind == NODE_EQUATION && name->kind == NODE_NAME ? scope_find(s, name->name, &where) : NULL;
    if (b && b->kind == BIND_DECL) binding_settle(c, b);
    if (!b || b->declared != NODE_STATE) {
        if (name->kind == NODE_NAME && !b) unknown_name(c, s, name);
        else complain(c, left->span, "an update renews a state: 'update mu = …'");
        return;
    }
    if (b->kind != BIND_TENSOR) return;
    Group *g = group_new(c, s, name_printf(c->base->names, "%s_next", b->tensor->name), equation->span);
    g->stem = g->name;
    g->parent = c->group;
    g->local = true;
    g->used = true;
    g->update_of = b->tensor;
    g->marks = MARK_UPDATE;
    vec_push(c->arena, &g->pieces, (Piece){left->kind == NODE_SUBSCRIPT ? left : NULL, equation->kid[1], equation->span});
    group_settle(c, g);
    vec_push(c->arena, &c->group->items, (Item){.group = g});
    if (g->poisoned || group_is_open(g)) return;
    uint32_t n_stack = b->n_stack, own = b->tensor->rank - n_stack;
    bool fits = g->rank == own || g->rank == 0;
    for (uint32_t k = 0; fits && g->rank && k < own; k++) fits = same_extent(c, g->extent[k], b->tensor->extent[n_stack + k]);
    if (!fits) complain(c, equation->span, "'%s' has shape %s, and its update has shape %s", b->name, say_extents(c, b->tensor->extent + n_stack, own), say_extents(c, g->extent, g->rank));
    else if (g->n_prefix != n_stack)
        complain(c, equation->span, "the update of '%s' depends on an index: such a layer is applied to the whole batch", b->name);
}

bool run_updates(C *c, Scope *s) {
    for (uint32_t k = 0; k < s->updates.n; k++) run_update(c, s, s->updates.at[k]);
    return true;
}

/* ---- any call ------------------------------------------------------------------------------------------------------ */
static Value *op_call(C *c, Scope *s, Callee *callee, Node *call) {
    const OpRow *row = op_row(c->g, callee->op);
    Value *v[8];
    Node *node[8] = {NULL};
    uint32_t n = 0, least = row->arity;
    if (callee->op == OP_leaky_relu || callee->op == OP_elu) least = 1;
    for (uint32_t k = 1; k < call->n && n < 8; k++, n++) {
        if (call->kid[k]->kind == NODE_ARGUMENT) {
            complain(c, call->kid[k]->at, "'%s' has no argument '%s'", row->name, call->kid[k]->name);
            return poison(c);
        }
        node[n] = call->kid[k];
        v[n] = require_array(c, eval(c, s, call->kid[k]), call->kid[k], "an argument");
    }
    if (call->n - 1 < least || call->n - 1 > row->arity) {
        complain(c, call->span, "'%s' takes %u argument%s, and there %s %u", callee->name, row->arity, row->arity == 1 ? "" : "s", call->n == 2 ? "is" : "are", call->n - 1);
        return poison(c);
    }
    if (n < row->arity) v[n++] = scalar(c, expr_real(c->g, callee->op == OP_elu ? 1.0 : 0.01));
    return elementwise(c, call->span, callee->op, v, node, n);
}

static Value *not_callable(C *c, Node *call, Value *v) {
    Node *what = call->kid[0];
    if (v->kind == VALUE_POISON) return v;
    complain(c, call->span, "'%s' is not a function", say_node(c, what));
    if (call->n == 2 && call->kid[1]->kind != NODE_ARGUMENT) note(c, call->span, "a product is written %s*(%s)", say_node(c, what), say_node(c, call->kid[1]));
    return poison(c);
}

Value *call_value(C *c, Scope *s, Node *call) {
    Node *what = call->kid[0];
    if (what->kind == NODE_SUBSCRIPT && (what->kid[0]->kind == NODE_NAME || what->kid[0]->kind == NODE_FIELD)) {
        Value *f = eval(c, s, what->kid[0]);
        if (f->kind == VALUE_FUNCTION && f->callee->kind == CALLEE_BUILTIN && f->callee->builtin->reduces) return reduction(c, s, call, f->callee->builtin, what);
        if (f->kind == VALUE_POISON) return f;
    }
    Value *v = eval(c, s, what);
    if (v->kind != VALUE_FUNCTION) return not_callable(c, call, v);
    Args args;
    switch (v->callee->kind) {
    case CALLEE_DEF: return def_call(c, s, v->callee, call);
    case CALLEE_INSTANCE: return instance_call(c, s, v->callee, call);
    case CALLEE_OP: return op_call(c, s, v->callee, call);
    case CALLEE_BUILTIN: return args_read(c, s, call, v->callee->builtin, &args) ? v->callee->builtin->make(c, &args, v->callee->builtin) : poison(c);
    case CALLEE_LAYER:
        complain(c, call->span, "'%s' is a layer: 'use' makes one, and then it is called by that name", v->callee->name);
        note(c, call->span, "use %s1 = %s", v->callee->name, say_node(c, call));
        return poison(c);
    default: return not_callable(c, call, v);
    }
}
