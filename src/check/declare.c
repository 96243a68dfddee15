/* What a declaration declares: sizes, constants, inputs, params, states, draws. Each is evaluated once, when its
 * name is first asked for; what it made is in its binding. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

static const Define *define_of(C *c, Binding *b) {
    if (!b->scope->is_file || b->scope->is_module || !c->options) return NULL;
    for (uint32_t k = 0; k < c->options->n_defines; k++)
        if (strcmp(c->options->defines[k].name, b->name) == 0) {
            c->define_used[k] = true;
            return &c->options->defines[k];
        }
    return NULL;
}

/* A size: an integer of dims and constants. */
bool dim_value(C *c, Scope *s, Node *node, Expr **out) {
    Value *v = eval_scalar_int(c, s, node, "a size");
    Affine a;
    if (!is_array(v)) return false;
    ExprList all = expr_walk(c->g, &v->body, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_INDEX || all.at[k]->kind == EXPR_READ) {
            double number;
            if (number_of(c, v->body, &number)) {
                v = scalar(c, expr_int(c->g, (int64_t)number));
                break;
            }
            complain(c, node->span, "a size is made of dims and constants alone");
            return false;
        }
    *out = v->body;
    if (affine_of(c->g, v->body, &a)) {
        if (a.n == 0 && a.constant < 1) {
            complain(c, node->span, "a size is at least 1, and this is %lld", (long long)a.constant);
            return false;
        }
        if (a.n == 0 && a.constant > ((int64_t)1 << 46)) {
            complain(c, node->span, "this size is too large");
            return false;
        }
        *out = affine_expr(c->g, &a);
    }
    return true;
}

static bool settle_dim(C *c, Binding *b) {
    const Define *define = define_of(c, b);
    if (define) {
        if (define->value < 1 || define->value != floor(define->value) || define->value > 1e15) {
            complain(c, b->span, "the size '%s' is at least 1 and whole, and -D gives it %g", b->name, define->value);
            return false;
        }
        b->value = scalar(c, expr_int(c->g, (int64_t)define->value));
    } else if (b->node->kid[DECL_VALUE]) {
        Expr *size;
        if (!dim_value(c, b->scope, b->node->kid[DECL_VALUE], &size)) return false;
        b->value = scalar(c, size);
    } else if (b->scope->is_module || !b->scope->is_file) {
        complain(c, b->span, "a size that is bound at run time is declared at the top of a model");
        return false;
    } else
        b->value = scalar(c, expr_dim(c->g, graph_add_dim(c->g, b->name, b->span)));
    b->kind = BIND_VALUE;
    return true;
}

static bool read_shape(C *c, Scope *s, Node *shape, uint32_t *rank, Expr **extent) {
    *rank = 0;
    if (!shape) return true;
    bool good = true;
    if (shape->n > MAX_RANK) {
        complain(c, shape->span, "a tensor has at most %d axes", MAX_RANK);
        return false;
    }
    for (uint32_t k = 0; k < shape->n; k++) good &= dim_value(c, s, shape->kid[k], &extent[k]);
    *rank = shape->n;
    double product = 1;
    for (uint32_t k = 0; good && k < shape->n; k++)
        if (extent[k]->kind == EXPR_CONST) product *= (double)extent[k]->of.integer;
    if (good && product > 4.6e18) {
        complain(c, shape->span, "this array would have more than 2^62 elements");
        return false;
    }
    return good;
}

enum { MOST_VALUES = 1 << 26 };

/* The elements of `value`, broadcast to the shape. */
static double *values_for(C *c, Node *node, Value *value, uint32_t rank, Expr *const *extent, Symbol name) {
    Expr *axis[MAX_RANK], *out[2], *joint[MAX_RANK], *joint_extent[MAX_RANK];
    uint32_t joint_rank;
    Type type;
    int64_t count;
    if (!is_array(value)) return NULL;
    for (uint32_t k = 0; k < rank; k++) axis[k] = axis_new(c, extent[k]);
    Value *shape = array(c, rank, extent, axis, expr_int(c->g, 0)), *both[2] = {shape, value};
    if (value->rank > rank) {
        complain(c, node->span, "'%s' has shape %s, and its value has shape %s", name, say_extents(c, extent, rank), say_shape(c, value));
        return NULL;
    }
    for (uint32_t k = 0; k < value->rank; k++)
        if (!expr_is_int(value->extent[k], 1) && !same_extent(c, value->extent[k], extent[rank - value->rank + k])) {
            complain(c, node->span, "'%s' has shape %s, and its value has shape %s", name, say_extents(c, extent, rank), say_shape(c, value));
            return NULL;
        }
    if (broadcast(c, node->span, "declaration and value", both, NULL, 2, &joint_rank, joint_extent, joint, out, &type) < 0) return NULL;
    if (!size_of(c, extent, rank, &count) || count > MOST_VALUES) {
        if (size_of(c, extent, rank, &count)) complain(c, node->span, "this array is too large to be written out");
        else complain(c, node->span, "'%s' has shape %s, and its size must be known at compile time", name, say_extents(c, extent, rank));
        return NULL;
    }
    double same;
    if (out[1]->kind == EXPR_CONST && number_of(c, out[1], &same)) {
        double *values = NEW_ARRAY(c->arena, double, (size_t)count);
        for (int64_t k = 0; k < count; k++) values[k] = same;
        return values;
    }
    size_t n;
    double *values = numbers_of(c, array(c, joint_rank, joint_extent, joint, out[1]), &n);
    if (!values) complain(c, node->span, "'%s' must be a constant here", say_node(c, node));
    return values;
}

static bool settle_const(C *c, Binding *b) {
    Node *decl = b->node;
    const Define *define = decl->kid[DECL_SHAPE] ? NULL : define_of(c, b);
    if (define) {
        bool whole = define->value == floor(define->value) && fabs(define->value) < 9e15;
        b->value = scalar(c, whole ? expr_int(c->g, (int64_t)define->value) : expr_real(c->g, define->value));
        return b->kind = BIND_VALUE, true;
    }
    Value *v = require_array(c, eval(c, b->scope, decl->kid[DECL_VALUE]), decl->kid[DECL_VALUE], "a constant");
    if (!is_array(v)) return false;
    uint32_t rank = v->rank;
    Expr *extent[MAX_RANK];
    if (decl->kid[DECL_SHAPE]) {
        if (!read_shape(c, b->scope, decl->kid[DECL_SHAPE], &rank, extent)) return false;
    } else
        for (uint32_t k = 0; k < rank; k++) extent[k] = v->extent[k];
    if (rank == 0) {
        double number;
        ExprList all = expr_walk(c->g, &v->body, 1);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_DIM && v->type == TYPE_INT) {
                b->value = v;
                return b->kind = BIND_VALUE, true;
            }
        if (!number_of(c, v->body, &number)) {
            complain(c, decl->kid[DECL_VALUE]->span, "'%s' must be a constant here", say_node(c, decl->kid[DECL_VALUE]));
            return false;
        }
        b->value = scalar(c, v->type == TYPE_INT ? expr_int(c->g, (int64_t)number) : expr_real(c->g, number));
        return b->kind = BIND_VALUE, true;
    }
    double *values = values_for(c, decl->kid[DECL_VALUE], v, rank, extent, b->name);
    if (!values) return false;
    Expr *axis[MAX_RANK];
    for (uint32_t k = 0; k < rank; k++) axis[k] = axis_new(c, extent[k]);
    Symbol name = b->scope->prefix ? name_printf(c->base->names, "%s%s", b->scope->prefix, b->name) : b->name;
    Value *t = const_tensor(c, name, array(c, rank, extent, axis, v->type == TYPE_INT ? expr_int(c->g, 0) : expr_real(c->g, 0)), values, b->span);
    b->tensor = t->body->of.tensor;
    b->kind = BIND_TENSOR;
    return true;
}

static bool settle_input(C *c, Binding *b) {
    uint32_t rank;
    Expr *extent[MAX_RANK];
    if (!read_shape(c, b->scope, b->node->kid[DECL_SHAPE], &rank, extent)) return false;
    Node *range = b->node->kid[DECL_RANGE];
    b->tensor = graph_add_tensor(c->g, b->name, range ? TYPE_INT : TYPE_REAL, ROLE_INPUT, COMBINE_SET, rank, extent, b->span);
    b->kind = BIND_TENSOR;
    if (!range) return true;
    Value *lo = eval_scalar_int(c, b->scope, range->kid[0], "a bound"), *hi = eval_scalar_int(c, b->scope, range->kid[1], "a bound");
    if (!is_array(lo) || !is_array(hi)) return false;
    b->tensor->lo = lo->body, b->tensor->hi = hi->body;
    Affine a, z;
    if (affine_of(c->g, lo->body, &a) && affine_of(c->g, hi->body, &z) && affine_add(&z, &a, -1, &z)) {
        AffineSign s = affine_sign(&z);
        if (s == SIGN_NEGATIVE || s == SIGN_ZERO) complain(c, range->span, "the range %s is empty", say_node(c, range));
    }
    return true;
}

/* ---- params and states ------------------------------------------------------------------------------------------- */
typedef struct { const char *name; InitKind kind; int args; bool fans; } InitRow;
static const InitRow init_rows[] = {
    {"zeros", INIT_ZEROS, 0, false}, {"ones", INIT_ONES, 0, false}, {"identity", INIT_IDENTITY, 0, false}, {"normal", INIT_NORMAL, 2, false},
    {"uniform", INIT_UNIFORM, 2, false}, {"xavier", INIT_XAVIER, 0, true}, {"xavier_normal", INIT_XAVIER_NORMAL, 0, true}, {"he", INIT_HE, 0, true},
    {"he_uniform", INIT_HE_UNIFORM, 0, true}, {"lecun", INIT_LECUN, 0, true}, {"orthogonal", INIT_ORTHOGONAL, 0, false},
};
static const InitRow draw_rows[] = {{"normal", INIT_NORMAL, 2, false}, {"uniform", INIT_UNIFORM, 2, false}, {"bernoulli", INIT_BERNOULLI, 1, false}};

static const InitRow *row_named(C *c, const InitRow *rows, size_t n, Node *call) {
    const char *names[16];
    if (!call || call->kind != NODE_CALL || !call->kid[0]) return NULL;
    for (size_t k = 0; k < n; k++) {
        names[k] = rows[k].name;
        if (strcmp(rows[k].name, call->kid[0]->name) == 0) return &rows[k];
    }
    const char *guess = nearest_name(call->kid[0]->name, names, n);
    if (guess) complain(c, call->kid[0]->span, "there is no distribution '%s'; did you mean '%s'?", call->kid[0]->name, guess);
    else complain(c, call->kid[0]->span, "there is no distribution '%s' here", call->kid[0]->name);
    return NULL;
}

static bool init_argument(C *c, Scope *s, Node *arg, double *out) {
    Value *v = require_array(c, eval(c, s, arg), arg, "this argument");
    if (!is_array(v)) return false;
    if (v->rank == 0 && number_of(c, v->body, out)) return true;
    complain(c, arg->span, "'%s' must be a constant number", say_node(c, arg));
    return false;
}

static int64_t count_of(Expr *const *extent, uint32_t from, uint32_t to) {
    int64_t n = 1;
    for (uint32_t k = from; k < to; k++) n *= extent[k]->of.integer;
    return n;
}

static bool read_init(C *c, Binding *b, const InitRow *row, Init *init, uint32_t n_stack, uint32_t rank, Expr *const *extent) {
    Node *call = b->node->kid[DECL_DISTRIBUTION];
    static const char *const keywords[2][2] = {{"mean", "std"}, {"lo", "hi"}};
    double argument[2] = {0, 1};
    int given = 0;
    bool fan_in = false, fan_out = false;
    init->kind = row->kind;
    uint32_t own = rank - n_stack;
    init->fan_out = own ? extent[n_stack]->of.integer : 1;
    init->fan_in = own > 1 ? count_of(extent, n_stack + 1, rank) : own ? extent[n_stack]->of.integer : 1;
    for (uint32_t k = 1; k < call->n; k++) {
        Node *arg = call->kid[k];
        if (arg->kind == NODE_ERROR) return false;
        double number;
        if (!init_argument(c, b->scope, arg->kind == NODE_ARGUMENT ? arg->kid[0] : arg, &number)) return false;
        int place = given;
        if (arg->kind == NODE_ARGUMENT) {
            place = -1;
            for (int w = 0; w < 2; w++)
                if (row->args == 2 && strcmp(arg->name, keywords[row->kind == INIT_UNIFORM][w]) == 0) place = w;
            if (row->fans && strcmp(arg->name, "fan_in") == 0) init->fan_in = (int64_t)number, fan_in = true;
            else if (row->fans && strcmp(arg->name, "fan_out") == 0) init->fan_out = (int64_t)number, fan_out = true;
            else if (place < 0) {
                complain(c, arg->at, "'%s' has no argument '%s'", row->name, arg->name);
                return false;
            }
            if (place < 0) continue;
        } else
            given++;
        if (place >= row->args) {
            complain(c, arg->span, "'%s' takes %d argument%s", row->name, row->args, row->args == 1 ? "" : "s");
            return false;
        }
        argument[place] = number;
    }
    init->a = argument[0], init->b = argument[1];
    if (row->kind == INIT_UNIFORM && init->a > init->b) complain(c, call->span, "'uniform' is from the lesser to the greater");
    if (row->kind == INIT_NORMAL && init->b < 0) complain(c, call->span, "a standard deviation is not negative");
    if (row->fans && own >= 3 && !(fan_in && fan_out))
        warn(c, "fan", call->span, "'%s' has %u axes: fan_in is taken to be %lld and fan_out %lld; say them", b->name, own, (long long)init->fan_in, (long long)init->fan_out);
    if ((row->kind == INIT_IDENTITY || row->kind == INIT_ORTHOGONAL) && own != 2) {
        complain(c, call->span, "'%s' needs a matrix, and '%s' has %u ax%s", row->name, b->name, own, own == 1 ? "is" : "es");
        return false;
    }
    return true;
}

static bool settle_param(C *c, Binding *b) {
    uint32_t own;
    Expr *extent[2 * MAX_RANK];
    uint32_t n_stack = b->scope->instance ? b->scope->instance->n_stack : 0;
    for (uint32_t k = 0; k < n_stack; k++) extent[k] = b->scope->instance->stack[k];
    if (!read_shape(c, b->scope, b->node->kid[DECL_SHAPE], &own, extent + n_stack)) return false;
    uint32_t rank = n_stack + own;
    for (uint32_t k = 0; k < rank; k++)
        if (extent[k]->kind != EXPR_CONST) {
            complain(c, b->span, "a %s has sizes that are known at compile time, and %s is bound at run time", b->declared == NODE_PARAM ? "param" : "state", say_expr(c, extent[k]));
            return false;
        }
    double product = 1;
    for (uint32_t k = 0; k < rank; k++) product *= (double)extent[k]->of.integer;
    if (product > 4.6e18) {
        complain(c, b->span, "this array would have more than 2^62 elements");
        return false;
    }
    Init init = {.kind = INIT_VALUE};
    if (b->node->kid[DECL_DISTRIBUTION]) {
        const InitRow *row = row_named(c, init_rows, sizeof init_rows / sizeof *init_rows, b->node->kid[DECL_DISTRIBUTION]);
        if (!row || !read_init(c, b, row, &init, n_stack, rank, extent)) return false;
    } else {
        Value *v = require_array(c, eval(c, b->scope, b->node->kid[DECL_VALUE]), b->node->kid[DECL_VALUE], "an initial value");
        double number;
        if (!is_array(v)) return false;
        if (v->rank == 0 && rank && number_of(c, v->body, &number) && (number == 0 || number == 1)) init.kind = number == 0 ? INIT_ZEROS : INIT_ONES;
        else if (!(init.values = values_for(c, b->node->kid[DECL_VALUE], v, rank, extent, b->name))) return false;
    }
    Symbol name = b->scope->prefix ? name_printf(c->base->names, "%s%s", b->scope->prefix, b->name) : b->name;
    b->tensor = graph_add_tensor(c->g, name, TYPE_REAL, b->declared == NODE_PARAM ? ROLE_PARAM : ROLE_STATE, COMBINE_SET, rank, extent, b->span);
    b->tensor->init = init;
    b->n_stack = n_stack;
    b->kind = BIND_TENSOR;
    return true;
}

/* A draw: its leading axes are the indices that it is made under. */
static bool settle_random(C *c, Binding *b) {
    Node *decl = b->node, *call = decl->kid[DECL_DISTRIBUTION];
    const InitRow *row = row_named(c, draw_rows, 3, call);
    uint32_t own = 0, n = 0;
    Expr *extent[3 * MAX_RANK], *subs[3 * MAX_RANK], *axis[MAX_RANK], *shape[MAX_RANK];
    if (!row) return false;
    if (b->scope->instance) {
        complain(c, b->span, "a draw of a layer stands in the body of its 'apply'");
        return false;
    }
    if (decl->kid[DECL_LIKE]) {
        Value *like = require_array(c, eval(c, b->scope, decl->kid[DECL_LIKE]), decl->kid[DECL_LIKE], "what follows 'like'");
        if (!is_array(like)) return false;
        own = like->rank;
        for (uint32_t k = 0; k < own; k++) shape[k] = like->extent[k];
    } else if (!read_shape(c, b->scope, decl->kid[DECL_SHAPE], &own, shape))
        return false;
    if (!b->scope->is_file)
        for (uint32_t k = 0; k < c->group->enclosing.n && n < MAX_RANK; k++) extent[n] = NULL, subs[n++] = c->group->enclosing.at[k];
    for (uint32_t k = 0; k < own; k++) extent[n + k] = shape[k], subs[n + k] = axis[k] = axis_new(c, shape[k]);
    Init init = {.kind = row->kind, .a = 0, .b = 1};
    for (uint32_t k = 1; k < call->n; k++) {
        Node *arg = call->kid[k];
        if ((int)k > row->args || arg->kind == NODE_ARGUMENT) {
            complain(c, arg->span, "'%s' takes %d argument%s, by place", row->name, row->args, row->args == 1 ? "" : "s");
            return false;
        }
        Value *v = require_array(c, eval(c, b->scope, arg), arg, "this argument");
        if (!is_array(v)) return false;
        Expr *e[MAX_RANK], *a[MAX_RANK], *out[2];
        uint32_t rank;
        Type type;
        Value *both[2] = {array(c, own, shape, axis, expr_int(c->g, 0)), v};
        if (broadcast(c, arg->span, "a draw and its argument", both, NULL, 2, &rank, e, a, out, &type) < 0) return false;
        for (uint32_t d = 0; d < own && rank == own; d++) out[1] = replace(c, out[1], 1, &a[d], &axis[d]);
        init.arg[k - 1] = out[1];
    }
    if (row->kind == INIT_BERNOULLI && !init.arg[0]) {
        complain(c, call->span, "bernoulli takes the probability of 1");
        return false;
    }
    if (!init.arg[0]) init.arg[0] = expr_real(c->g, 0);
    if (!init.arg[1] && row->kind != INIT_BERNOULLI) init.arg[1] = expr_real(c->g, 1);
    Symbol name = b->scope->prefix ? name_printf(c->base->names, "%s%s", b->scope->prefix, b->name) : b->name;
    Tensor *t = graph_add_tensor(c->g, name, TYPE_REAL, ROLE_RANDOM, COMBINE_SET, n + own, extent, b->span);
    t->init = init;
    t->index = NEW_ARRAY(c->arena, Expr *, n + own);
    for (uint32_t k = 0; k < n + own; k++) t->index[k] = subs[k];
    b->tensor = t;
    b->value = array(c, own, shape, axis, expr_read(c->g, t, subs, NULL));
    b->kind = BIND_VALUE;
    vec_push(c->arena, &c->group->items, (Item){.tensor = t});
    return true;
}

static bool settle_use(C *c, Binding *b) {
    b->instance = instance_new(c, b->scope, b, b->node);
    if (!b->instance) return false;
    b->value = function(c, (Callee){.kind = CALLEE_INSTANCE, .instance = b->instance, .name = b->name});
    b->kind = BIND_VALUE;
    return true;
}

void binding_settle(C *c, Binding *b) {
    if (b->kind != BIND_DECL) return;
    b->kind = BIND_BUSY;
    Group *saved = c->group;
    bool file_level = b->declared != NODE_RANDOM || b->scope->is_file;
    if (file_level) c->group = c->top;
    bool good = false;
    switch (b->declared) {
    case NODE_DIM: good = settle_dim(c, b); break;
    case NODE_CONST: good = settle_const(c, b); break;
    case NODE_INPUT: good = settle_input(c, b); break;
    case NODE_PARAM: case NODE_STATE: good = settle_param(c, b); break;
    case NODE_RANDOM: good = settle_random(c, b); break;
    case NODE_USE: good = settle_use(c, b); break;
    default: break;
    }
    if (file_level) ranges_settle(c, c->top, false);
    c->group = saved;
    if (!good) b->kind = BIND_POISON;
}
