/* Which thing does this name mean. A scope is a list of bindings and the scope around it; a declaration is
 * evaluated when its name is first asked for, so the order of statements does not matter. Around the file is
 * the scope of what is built in, which a file's own names win over. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

Scope *scope_new(C *c, Scope *parent) {
    Scope *s = NEW(c->arena, Scope);
    s->parent = parent;
    if (parent) s->file = parent->file;
    return s;
}

Binding *scope_here(Scope *s, Symbol name) {
    if (s->map) return map_get(s->map, name);
    for (uint32_t k = 0; k < s->names.n; k++)
        if (s->names.at[k]->name == name) return s->names.at[k];
    return NULL;
}

Binding *scope_find(Scope *s, Symbol name, Scope **where) {
    for (; s; s = s->parent) {
        Binding *b = scope_here(s, name);
        if (b) {
            *where = s;
            return b;
        }
    }
    return NULL;
}

static void scope_push(C *c, Scope *s, Binding *b) {
    vec_push(c->arena, &s->names, b);
    if (!s->map && s->names.n > 12) {
        s->map = map_new(c->arena);
        for (uint32_t k = 0; k < s->names.n; k++) map_put(s->map, s->names.at[k]->name, s->names.at[k]);
    } else if (s->map)
        map_put(s->map, b->name, b);
}

Binding *scope_add(C *c, Scope *s, Symbol name, Span span, BindKind kind) {
    Binding *old = scope_here(s, name), *b = NEW(c->arena, Binding);
    b->kind = kind, b->name = name, b->span = span, b->scope = s;
    if (old) {
        complain(c, span, "'%s' is defined twice", name);
        note(c, old->span, "the first definition is here");
        return b; /* of no consequence */
    }
    scope_push(c, s, b);
    return b;
}

Binding *scope_bind(C *c, Scope *s, Symbol name, Span span, NodeKind declared, Value *value) {
    Binding *b = NEW(c->arena, Binding);
    b->kind = BIND_VALUE, b->name = name, b->span = span, b->scope = s, b->declared = declared, b->value = value;
    if (!scope_here(s, name)) scope_push(c, s, b);
    return b;
}

/* An index may not share its name with anything else that is visible; inside a def it may shadow the file's. */
bool index_clashes(C *c, Scope *s, Node *name) {
    Scope *where;
    Binding *taken = scope_find(s, name->name, &where);
    if (!taken || where == c->builtins) return false;
    for (Scope *inner = s; inner != where; inner = inner->parent)
        if (inner->is_body && where->is_file) return false;
    complain(c, name->span, "the index '%s' has the name of something else that is visible here; rename one of them", name->name);
    note(c, taken->span, "'%s' is declared here", name->name);
    return true;
}

/* ---- statements ---------------------------------------------------------------------------------------- */
static void declare_list(C *c, Scope *s, Node *stmt) {
    for (uint32_t k = 0; k < stmt->n; k++) {
        Node *decl = stmt->kid[k];
        if (stmt->kind == NODE_INPUT && !s->is_file) {
            complain(c, decl->at, "an input can be declared at the top of a model only");
            scope_add(c, s, decl->name, decl->at, BIND_POISON);
            continue;
        }
        if ((stmt->kind == NODE_PARAM || stmt->kind == NODE_STATE || stmt->kind == NODE_USE) && !s->is_file && !s->instance) {
            complain(c, decl->at, "a def owns nothing; '%s' belongs to a layer", decl->name);
            scope_add(c, s, decl->name, decl->at, BIND_POISON);
            continue;
        }
        if (s->is_module && (stmt->kind == NODE_INPUT || stmt->kind == NODE_PARAM || stmt->kind == NODE_STATE || stmt->kind == NODE_USE)) {
            complain(c, decl->at, "a file with inputs or params of its own cannot be imported");
            scope_add(c, s, decl->name, decl->at, BIND_POISON);
            continue;
        }
        Binding *b = scope_add(c, s, decl->name, decl->at, BIND_DECL);
        b->declared = stmt->kind;
        b->node = decl;
    }
}

static void declare_callable(C *c, Scope *s, Node *node) {
    for (uint32_t k = 0; k < node->n_formals; k++)
        for (uint32_t j = 0; j < k && k < 100; j++)
            if (node->kid[j]->name == node->kid[k]->name) complain(c, node->kid[k]->at, "the argument '%s' stands twice", node->kid[k]->name);
    Binding *b = scope_add(c, s, node->name, node->at, BIND_VALUE);
    b->declared = node->kind;
    b->node = node;
    b->value = function(c, (Callee){.kind = node->kind == NODE_DEF ? CALLEE_DEF : CALLEE_LAYER, .node = node, .scope = s, .name = node->name});
}

static void declare_import(C *c, Scope *s, Node *stmt) {
    for (uint32_t k = 0; k < stmt->n; k++) {
        Node *name = stmt->kid[k];
        Scope *module = import_module(c, name->name, name->span, s->file);
        Binding *b = scope_add(c, s, name->name, name->span, module ? BIND_VALUE : BIND_POISON);
        b->declared = NODE_IMPORT;
        if (module) b->value = function(c, (Callee){.kind = CALLEE_MODULE, .scope = module, .name = name->name});
    }
}

static Node *bare(Node *node) {
    while (node->kind == NODE_PAREN) node = node->kid[0];
    return node;
}

static void mark_group(C *c, Group *g, uint32_t mark, Span span) {
    if (mark & MARK_LOSS) {
        if (c->loss && c->loss != g) {
            complain(c, span, "a model has one loss, and this is the second");
            note(c, c->loss->span, "the first is here");
            return;
        }
        c->loss = g;
    }
    if (mark && !g->marks) vec_push(c->arena, &c->marked, g);
    g->marks |= mark;
    if (mark) g->used = true;
}

/* The group that an equation with this left side belongs to. */
static Group *group_for(C *c, Scope *s, Node *left) {
    Node *name = left->kind == NODE_SUBSCRIPT ? left->kid[0] : left;
    if (name->kind != NODE_NAME) {
        if (left->kind == NODE_ERROR) return NULL;
        if (left->kind == NODE_CALL && left->kid[0]->kind == NODE_NAME)
            complain(c, left->span, s->instance ? "a layer defines 'apply' and no other function here" : "a function is defined with 'def %s(…) = …'", left->kid[0]->name);
        else
            complain(c, left->span, "the left side of an equation is a name, or a name with subscripts");
        return NULL;
    }
    Binding *b = scope_here(s, name->name);
    if (b && b->kind != BIND_GROUP) {
        complain(c, name->span, "'%s' is defined twice", name->name);
        note(c, b->span, "the first definition is here");
        return NULL;
    }
    if (!b) {
        b = scope_add(c, s, name->name, name->span, BIND_GROUP);
        b->declared = NODE_EQUATION;
        b->group = group_new(c, s, name->name, name->span);
        b->group->local = !s->is_file;
        if (b->group->local) b->group->parent = c->group;
    }
    return b->group;
}

static void declare_equation(C *c, Scope *s, Node *node, uint32_t mark) {
    Node *left = bare(node->kid[0]);
    if (node->kind == NODE_VALUE) {
        if (mark && left->kind == NODE_NAME) {
            Binding *b = scope_here(s, left->name);
            if (b && b->kind == BIND_GROUP) mark_group(c, b->group, mark, node->span);
            else if (b && b->kind != BIND_POISON) complain(c, left->span, "'%s' is not defined by an equation; results are", left->name);
            else if (!b) unknown_name(c, s, left);
        } else if (mark || s->is_file) {
            if (left->kind == NODE_ERROR) return;
            complain(c, node->span, mark ? "a result has a name: 'output y = …'" : "an expression alone defines nothing; an equation is 'name = …'");
            for (const Node *first = left; first; first = first->n ? first->kid[0] : NULL) /* what it was to define is unknown, too */
                if (first->kind == NODE_NAME) map_put(c->lost, first->name, c);
            if (left->kind == NODE_COMPARE && !mark) note(c, left->at, "an equation is written with '=', '==' compares");
        } else if (s->value) {
            complain(c, node->span, "a body has one value, and this is the second");
            note(c, s->value->span, "the first is here");
        } else
            s->value = left;
        return;
    }
    bool applies = s->instance && left->kind == NODE_CALL && left->kid[0]->kind == NODE_NAME && strcmp(left->kid[0]->name, "apply") == 0;
    if (applies || node->kind == NODE_METHOD) {
        if (!applies) complain(c, left->span, "'{' follows 'def f(…)', or 'apply(…)' in a layer");
        else if (s->instance->apply) complain(c, left->span, "a layer has one 'apply'");
        else s->instance->apply = node;
        return;
    }
    Group *g = group_for(c, s, left);
    if (!g) return;
    vec_push(c->arena, &g->pieces, (Piece){left, node->kid[1], node->span});
    mark_group(c, g, mark, node->span);
}

static uint32_t mark_of(NodeKind kind) { return kind == NODE_OUTPUT ? MARK_OUTPUT : kind == NODE_LOSS ? MARK_LOSS : MARK_METRIC; }

/* Equations and declarations first, so that `output z` finds the z that a later line defines. */
static void declare_first(C *c, Scope *s, Node *stmt) {
    switch (stmt->kind) {
    case NODE_DIM: case NODE_CONST: case NODE_INPUT: case NODE_PARAM: case NODE_STATE: case NODE_RANDOM: case NODE_USE: declare_list(c, s, stmt); break;
    case NODE_DEF: case NODE_LAYER: declare_callable(c, s, stmt); break;
    case NODE_IMPORT: declare_import(c, s, stmt); break;
    case NODE_EQUATION: case NODE_METHOD: case NODE_VALUE: declare_equation(c, s, stmt, 0); break;
    case NODE_OUTPUT: case NODE_LOSS: case NODE_METRIC:
        if (!s->is_file || s->is_module) complain(c, stmt->at, "results are marked at the top of a model");
        else if (stmt->kid[0]->kind == NODE_EQUATION) declare_equation(c, s, stmt->kid[0], mark_of(stmt->kind));
        break;
    case NODE_UPDATE: vec_push(c->arena, &s->updates, stmt->kid[0]); break;
    case NODE_DERIVATIVE: vec_push(c->arena, &s->derivatives, stmt); break;
    case NODE_REAL:
        if (strcmp(stmt->name, "f32") != 0 && strcmp(stmt->name, "f64") != 0) complain(c, stmt->at, "'real %s' is unknown; there are f32 and f64", stmt->name);
        else if (c->real_given && !s->is_module) complain(c, stmt->at, "the precision is said twice");
        else if (!s->is_module) c->real_given = true, c->f64 = strcmp(stmt->name, "f64") == 0;
        break;
    case NODE_TRAIN:
        if (c->train) complain(c, stmt->at, "there is one train { }, and this is the second");
        if (!s->is_module) c->train = stmt;
        break;
    default: break;
    }
}

void declare_block(C *c, Scope *s, Node *block) {
    for (uint32_t k = 0; k < block->n; k++) declare_first(c, s, block->kid[k]);
    for (uint32_t k = 0; k < block->n; k++) {
        Node *stmt = block->kid[k];
        if ((stmt->kind != NODE_OUTPUT && stmt->kind != NODE_LOSS && stmt->kind != NODE_METRIC) || !s->is_file || s->is_module) continue;
        if (stmt->kid[0]->kind == NODE_VALUE) declare_equation(c, s, stmt->kid[0], mark_of(stmt->kind));
        for (uint32_t j = 0; stmt->kid[0]->kind == NODE_NAME && j < stmt->n; j++) {
            Node value = {.kind = NODE_VALUE, .span = stmt->kid[j]->span, .kid = &stmt->kid[j], .n = 1};
            declare_equation(c, s, &value, MARK_OUTPUT);
        }
    }
}

/* ---- names in expressions ----------------------------------------------------------------------------------- */
enum { MOST_GUESSES = 50 }; /* a file with more mistakes than are printed needs no more */

/* What other languages call what is written differently here. */
static const char *foreign(Symbol name) {
    static const struct { const char *name, *ours; } table[] = {
        {"np", "functions have no module: sum(x)"}, {"numpy", "functions have no module: sum(x)"}, {"torch", "functions have no module: relu(x)"},
        {"tf", "functions have no module: relu(x)"}, {"jnp", "functions have no module: sum(x)"}, {"math", "functions have no module: exp(x)"},
        {"maximum", "the greater of two is written max(a, b)"}, {"minimum", "the lesser of two is written min(a, b)"},
        {"power", "a power is written a^b"}, {"square", "a square is written x^2"}, {"matmul", "a matrix product is written A @ B"},
        {"arange", "0, 1, … n-1 is iota(n)"}, {"range", "a range is written 0..n, the array of its numbers iota(n)"},
        {"len", "sizes are dims: 'dim m', 'input x[m]', and m is the number"}, {"where", "a choice is written: if condition then this else that"},
        {"std", "a standard deviation is written sqrt(var(x))"}, {"average", "a mean is written mean(x)"}, {"fabs", "an absolute value is written abs(x)"},
        {"gradient", "a derivative is written grad(L, x)"}, {"vstack", "arrays are joined by concat(a, b, axis = 0), stacked by [a, b]"},
        {"concatenate", "arrays are joined by concat(a, b, axis = 0)"}, {"stack", "arrays are stacked by [a, b]"}, {"einsum", "a contraction is written sum[k](A[i, k]*B[k, j])"},
        {"True", "truth values are 1 and 0"}, {"False", "truth values are 1 and 0"}, {"true", "truth values are 1 and 0"}, {"false", "truth values are 1 and 0"},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (strcmp(table[k].name, name) == 0) return table[k].ours;
    return NULL;
}

void unknown_name(C *c, Scope *s, Node *name) {
    if (map_get(c->lost, name->name)) return;
    const char *ours = foreign(name->name);
    if (ours) {
        complain(c, name->span, "'%s' is not defined; %s", name->name, ours);
        return;
    }
    if (c->errors >= MOST_GUESSES) {
        complain(c, name->span, "'%s' is not defined", name->name);
        return;
    }
    VEC(const char *) all = {0};
    for (Scope *at_scope = s; at_scope; at_scope = at_scope->parent)
        for (uint32_t k = 0; k < at_scope->names.n; k++) vec_push(c->arena, &all, at_scope->names.at[k]->name);
    for (const Builtin *b = reduction_builtins; b->name; b++) vec_push(c->arena, &all, b->name);
    for (const Builtin *b = array_builtins; b->name; b++) vec_push(c->arena, &all, b->name);
    for (const Builtin *b = request_builtins; b->name; b++) vec_push(c->arena, &all, b->name);
    for (uint32_t op = 0; op < op_count(c->g); op++)
        if (op_find(c->g, op_row(c->g, op)->name) == op) vec_push(c->arena, &all, op_row(c->g, op)->name);
    const char *guess = nearest_name(name->name, all.at, all.n);
    if (guess) complain(c, name->span, "'%s' is not defined; did you mean '%s'?", name->name, guess);
    else complain(c, name->span, "'%s' is not defined", name->name);
}

static const struct { const char *name, *means; } aliases[] = {{"σ", "sigmoid"}, {"Σ", "sum"}, {"Π", "prod"}, {"ln", "log"}, {"∑", "sum"}};

static Value *builtin_value(C *c, Symbol name) {
    if (strcmp(name, "inf") == 0) return scalar(c, expr_real(c->g, INFINITY));
    if (strcmp(name, "pi") == 0 || strcmp(name, "π") == 0) return scalar(c, expr_real(c->g, 3.14159265358979323846));
    if (strcmp(name, "training") == 0) {
        if (!c->training) c->training = graph_add_tensor(c->g, name, TYPE_INT, ROLE_TRAINING, COMBINE_SET, 0, NULL, (Span){0, 0, 0});
        return scalar(c, expr_read(c->g, c->training, NULL, NULL));
    }
    for (size_t k = 0; k < sizeof aliases / sizeof *aliases; k++)
        if (strcmp(name, aliases[k].name) == 0) name = name_of(c->base->names, aliases[k].means);
    const Builtin *b = builtin_find(name);
    if (b) return function(c, (Callee){.kind = CALLEE_BUILTIN, .builtin = b, .name = name});
    uint32_t op = op_find(c->g, name);
    if (op != UINT32_MAX) return function(c, (Callee){.kind = CALLEE_OP, .op = op, .name = name});
    return NULL;
}

/* A declared tensor, with the subscripts that the stacked layers around it give. */
static Value *tensor_value(C *c, Scope *from, Scope *where, Binding *b) {
    Tensor *t = b->tensor;
    Expr *subs[2 * MAX_RANK], *axis[MAX_RANK];
    uint32_t given = 0;
    for (Scope *s = from; s && s != where && where->instance; s = s->parent)
        if (s->applied == where->instance) {
            for (; given < s->n_subs && given < b->n_stack; given++) subs[given] = s->subs[given];
            break;
        }
    if (t->rank - given > MAX_RANK) return poison(c);
    for (uint32_t k = given; k < t->rank; k++) subs[k] = axis[k - given] = axis_new(c, t->extent[k]);
    return array(c, t->rank - given, t->extent + given, axis, expr_read(c->g, t, subs, NULL));
}

Value *binding_value(C *c, Scope *from, Scope *where, Binding *b, Span span) {
    b->used = true;
    if (b->kind == BIND_DECL) binding_settle(c, b);
    switch (b->kind) {
    case BIND_BUSY:
        complain(c, span, "'%s' is defined by itself", b->name);
        note(c, b->span, "its declaration is here");
        return poison(c);
    case BIND_VALUE:
        if (b->instance) { /* a layer inside a layer: with the subscripts of the outer one */
            Callee callee = *b->value->callee;
            for (Scope *s = from; s && s != where && where->instance; s = s->parent)
                if (s->applied == where->instance) {
                    callee.n_subs = s->n_subs;
                    callee.subs = s->subs;
                    break;
                }
            return function(c, callee);
        }
        return b->value;
    case BIND_TENSOR: return tensor_value(c, from, where, b);
    case BIND_GROUP: return group_value(c, b->group, span);
    default: return poison(c);
    }
}

Value *name_value(C *c, Scope *s, Node *name) {
    Scope *where;
    Binding *b = scope_find(s, name->name, &where);
    if (b) return binding_value(c, s, where, b, name->span);
    Value *v = builtin_value(c, name->name);
    if (v) return v;
    unknown_name(c, s, name);
    return poison(c);
}

Value *field_value(C *c, Scope *s, Node *field) {
    Value *v = eval(c, s, field->kid[0]);
    if (v->kind == VALUE_POISON) return v;
    if (v->kind != VALUE_FUNCTION || (v->callee->kind != CALLEE_MODULE && v->callee->kind != CALLEE_INSTANCE)) {
        complain(c, field->at, "'%s' has no members", say_node(c, field->kid[0]));
        if (strcmp(field->name, "T") == 0 || strcmp(field->name, "t") == 0) note(c, field->at, "the transpose is written %s'", say_node(c, field->kid[0]));
        else if (strcmp(field->name, "shape") == 0 || strcmp(field->name, "size") == 0) note(c, field->at, "sizes are dims: 'dim m', 'input x[m]', and m is the number");
        else if (builtin_find(field->name)) note(c, field->at, "functions stand before their arguments: %s(%s)", field->name, say_node(c, field->kid[0]));
        return poison(c);
    }
    Scope *inside = v->callee->kind == CALLEE_MODULE ? v->callee->scope : v->callee->instance->scope;
    Binding *b = scope_here(inside, field->name);
    if (!b) {
        VEC(const char *) all = {0};
        for (uint32_t k = 0; k < inside->names.n; k++) vec_push(c->arena, &all, inside->names.at[k]->name);
        const char *guess = nearest_name(field->name, all.at, all.n);
        if (guess) complain(c, field->at, "'%s' has no '%s'; did you mean '%s'?", v->callee->name, field->name, guess);
        else complain(c, field->at, "'%s' has no '%s'", v->callee->name, field->name);
        return poison(c);
    }
    Scope *from = inside;
    if (v->callee->kind == CALLEE_INSTANCE && v->callee->n_subs) {
        from = scope_new(c, inside);
        from->applied = v->callee->instance, from->n_subs = v->callee->n_subs, from->subs = v->callee->subs;
    }
    return binding_value(c, from, inside, b, field->at);
}
