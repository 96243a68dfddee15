/* What the files of src/check share. One of them asks one question:
 *
 *   names.c    which thing does this name mean      declare.c  what does this declaration declare
 *   calls.c    what does this call become: defs, layers, use
 *   eval.c     what is the value of this expression
 *   values.c   how do two arrays meet: broadcasting, elementwise operators
 *   read.c     what does this subscript read
 *   reduce.c   reductions      arrays.c   array functions      requests.c   linear algebra, derivatives
 *   ranges.c   where does this index run, and is every read inside
 *   group.c    which tensor do these equations define, recurrences among them
 *   order.c    in which order are they looked at
 *   coverage.c is each element defined, and once
 *   cycles.c   is there an order in which a recurrence can be computed
 *   numbers.c  what number is this constant
 *   finish.c   everything found, as a Graph      train.c    train { }
 *
 * An expression is lowered to a Value: its shape, one placeholder index an axis, and the scalar expression at
 * those placeholders. `W @ x[i] + b` has one axis k of 128, and the body `W_sum[i,k] + b[k]`. All this happens in a
 * Graph of its own; finish.c copies what was kept into the Graph that is returned, in an order that depends on
 * what was meant and not on how it was written. */
#ifndef BPC_CHECK_INTERNAL_H
#define BPC_CHECK_INTERNAL_H

#include "ast/ast.h"
#include "check/check.h"
#include "graph/affine.h"
#include "graph/ops.h"

typedef struct Check_ C;
typedef struct Scope Scope;
typedef struct Binding Binding;
typedef struct Value Value;
typedef struct Group Group;
typedef struct Callee Callee;
typedef struct Builtin Builtin;
typedef struct Instance Instance;

/* ---- values -------------------------------------------------------------------------------------- */
typedef enum {
    VALUE_ARRAY,
    VALUE_WILD,     /* of a tensor whose shape is being found: fits whatever it meets */
    VALUE_POISON,   /* of what is wrong, and was said: everything made of it is silent */
    VALUE_FUNCTION, /* something that can be called */
} ValueKind;
struct Value {
    ValueKind kind;
    Type type;
    uint32_t rank;
    Expr **extent; /* per axis */
    Expr **axis;   /* the placeholder INDEX of each axis */
    Expr *body;
    Callee *callee;
};
enum { MAX_RANK = 16 };

struct Callee {
    enum { CALLEE_DEF, CALLEE_LAYER, CALLEE_INSTANCE, CALLEE_BUILTIN, CALLEE_OP, CALLEE_MODULE } kind;
    Node *node;   /* DEF, LAYER */
    Scope *scope; /* where its body sees names; MODULE: its names */
    const Builtin *builtin;
    Instance *instance;
    uint32_t op;
    uint32_t n_subs; /* INSTANCE: subscripts of the stacked axes so far */
    Expr **subs;
    Symbol name;
};

/* A layer that `use` made. */
struct Instance {
    Symbol prefix; /* "fc1" */
    Node *layer;
    Scope *scope;
    uint32_t n_stack; /* leading axes of all that it owns */
    Expr **stack;
    Node *apply;
    uint32_t applied;
    Span span;
};

/* ---- names ---------------------------------------------------------------------------------------- */
typedef enum {
    BIND_DECL,    /* not evaluated yet: `node` in `stmt` */
    BIND_BUSY,    /* being evaluated */
    BIND_VALUE,   /* dims, consts, arguments, indices, modules, defs */
    BIND_TENSOR,  /* declared: const array, input, param, state, random */
    BIND_GROUP,   /* defined by equations */
    BIND_POISON
} BindKind;
struct Binding {
    BindKind kind;
    NodeKind declared; /* the kind of statement: NODE_DIM, NODE_PARAM, …; NODE_ITEM: an index, NODE_FORMAL */
    Symbol name;
    Span span;
    Node *node;
    Scope *scope;
    bool used;
    Value *value;
    Tensor *tensor;
    uint32_t n_stack; /* TENSOR: leading axes that come from stacked layers */
    Group *group;
    Instance *instance;
};
struct Scope {
    Scope *parent;
    VEC(Binding *) names;
    Map *map;           /* when there are many */
    Instance *instance; /* the scope of an instance's own names */
    Instance *applied;  /* the scope of a call of it: its subscripts */
    uint32_t n_subs;
    Expr **subs;
    Symbol prefix;      /* of the names of what is declared here ("fc1."), or NULL */
    uint16_t file;
    bool is_body; /* of a def or layer: its names may shadow the file's */
    bool is_file, is_module, closed; /* closed: a module that was read to its end */
    VEC(Node *) derivatives;
    VEC(Node *) updates; /* LAYER bodies and the file: NODE_UPDATE */
    Node *value;         /* the bare expression of a body */
};

Scope *scope_new(C *, Scope *parent);
Binding *scope_here(Scope *, Symbol);
Binding *scope_find(Scope *, Symbol, Scope **where);
Binding *scope_add(C *, Scope *, Symbol, Span, BindKind); /* says so where the name is taken */
Binding *scope_bind(C *, Scope *, Symbol, Span, NodeKind declared, Value *);
bool index_clashes(C *, Scope *, Node *name); /* says so */
void declare_block(C *, Scope *, Node *block);       /* all statements; order does not matter */
Value *name_value(C *, Scope *, Node *name);         /* NODE_NAME */
Value *binding_value(C *, Scope *from, Scope *where, Binding *, Span);
void binding_settle(C *, Binding *);
Value *field_value(C *, Scope *, Node *field);
Scope *import_module(C *, Symbol name, Span, uint16_t from);
void unknown_name(C *, Scope *, Node *name);
bool dim_value(C *, Scope *, Node *, Expr **out);    /* a size: dims and constants, at least 1 */

/* ---- groups, drafts, ranges -------------------------------------------------------------------------- */
typedef struct {
    Symbol name;       /* as written, or NULL: named at the end */
    Expr *lo, *hi;     /* NULL while not known */
    bool written;      /* (1) the user gave the range */
    bool axis;         /* a placeholder: 0..extent from the start */
    bool reduced;
    Span span;         /* where it is introduced */
    Span fixed;        /* the plain subscript that fixed it */
    Group *group;
} IndexInfo;

/* A read that must be proved: 0 <= sub < extent. */
typedef struct {
    Expr *sub, *lo, *extent;
    Tensor *tensor;
    Symbol name; /* of what is read where it is no tensor: a stack of layers */
    uint32_t axis;
    Span span;
    bool self;  /* of the tensor being defined: fixes no range */
    bool quiet; /* something was said about it already */
} Obligation;

/* An equation, as found; its domain is made in finish.c when all ranges are known. */
typedef struct Draft {
    Tensor *tensor;
    Expr **subs, *body, *label, *guard;
    uint32_t n;     /* indices of the domain, in order */
    Expr **index;
    Span span;
    struct Draft *next; /* the tensor's draft before this one */
} Draft;

typedef struct {
    bool warning, note;
    const char *flag;
    Span span;
    const char *text;
} Complaint;

typedef struct {
    Draft *draft;
    Tensor *tensor; /* made, without a draft of its own (a call, a const) */
    Group *group;
    Check *check;
    Instance *instance;
} Item;

typedef struct {
    Node *left, *right; /* right: the expression; left NULL: the value of a body */
    Span span;
} Piece;

struct Group {
    Symbol name, stem; /* stem: what parts are named after */
    Scope *scope;
    VEC(Piece) pieces;
    uint32_t marks;
    Span span;
    Group *parent;
    enum { GROUP_FRESH, GROUP_ACTIVE, GROUP_PROVISIONAL, GROUP_DONE } state;
    uint32_t depth, low, round, rounds;
    /* what is known of its shape */
    bool shaped, poisoned, was_poisoned;
    uint32_t rank, n_prefix; /* n_prefix: leading axes for indices of the caller (locals of defs) */
    Expr **prefix;           /* those indices */
    Expr **extent;           /* NULL where not known yet */
    Expr **from;             /* lowest defined element per axis, where not 0 */
    Type type;
    bool untyped;
    Tensor *tensor;
    Tensor *update_of;
    bool local, used;
    bool hit; /* asked for while it was being evaluated */
    /* what its evaluation made; thrown away when it is evaluated again */
    VEC(Item) items;
    VEC(Complaint) complaints;
    VEC(Obligation) obligations;
    VEC(Expr *) indices;   /* introduced here: left sides and reductions */
    VEC(Expr *) enclosing; /* the indices it is called under, and its own, in order */
};

struct Check_ {
    Base *base;
    Arena *arena;
    Graph *g; /* the scratch graph */
    const CheckOptions *options;
    FileList *files;
    VEC(IndexInfo) info; /* by number of the index */
    Group *group;        /* being evaluated */
    Group *top;          /* of the file: holds what no equation does */
    VEC(Group *) stack;  /* components being found */
    uint32_t changes, round; /* of shapes; of evaluations of a component */
    Scope *file, *builtins;
    Map *modules;     /* path -> Scope */
    Map *def_depth;   /* Node -> count of calls under way */
    uint32_t calls;   /* depth of calls */
    uint32_t errors;  /* said so far */
    uint64_t work;    /* nodes evaluated, to bound what inlining can do */
    uint32_t eval_depth;
    bool exhausted, too_deep;
    bool real_given, f64;
    VEC(Group *) marked; /* outputs, metrics, loss in order */
    Group *loss;
    Node *train;
    bool *define_used;
    uint32_t n_makers;
    Tensor *training;
    Map *triangles; /* Tensor -> its one Draft, where its ranges use each other */
    Map *drafts_of; /* Tensor -> its last Draft */
    Map *lost;      /* names in statements that could not be read: nothing is said about them */
    Map *bounded;   /* integer Tensor -> what is known of its values (ranges.c) */
    Map *requested; /* formals that a derivative is by */
    Map *derivative_of; /* DEF -> DerivedOp */
    Node *deriving; /* the def whose `derivative` is being read */
    VEC(Check *) data_checks;
    Map *wanted;    /* Tensor -> the name it should have: that of the scratch graph is made unique */
    Map *group_of;  /* Tensor -> the Group it stands for */
};

void complain(C *, Span, const char *format, ...) PRINTF_LIKE(3, 4);
void warn(C *, const char *flag, Span, const char *format, ...) PRINTF_LIKE(4, 5);
void note(C *, Span, const char *format, ...) PRINTF_LIKE(3, 4);
const char *say(C *, const char *format, ...) PRINTF_LIKE(2, 3);
const char *say_shape(C *, const Value *);       /* "[m, 64]" */
const char *say_expr(C *, Expr *);
const char *say_node(C *, const Node *);         /* as written, shortened */
const char *say_extents(C *, Expr *const *, uint32_t n);

Expr *index_new(C *, Symbol name, Span);         /* a named index, range unknown */
Expr *axis_new(C *, Expr *extent);               /* a placeholder */
IndexInfo *info_of(C *, const Expr *index);
void index_fix(C *, Expr *index, Expr *extent, Span, bool self); /* rule (2) */
void oblige(C *, Expr *sub, Expr *lo, Expr *extent, Tensor *, uint32_t axis, Span, bool self);
void ranges_settle(C *, Group *, bool poisoned);     /* rule (3), then the proofs */
bool bounds_of(C *, Expr *, Affine *lo, Affine *hi); /* inclusive, over all indices that have ranges */
Domain domain_for(C *, Graph *, uint32_t n, Expr *const *index, Expr *guard);
bool widen(C *, Expr *bound, bool up, Expr *const *keep, uint32_t n_keep, Expr **out);

/* Do ranges and filter read sizes and inputs alone, so that it is seen at the latest when code is entered whether they leave
 * something for an argmax? Else it may be -1. */
bool leaves_something(C *, Expr *guard, uint32_t n, Expr *const *index);

Value *group_value(C *, Group *, Span);          /* evaluated where it was not yet */
void group_settle(C *, Group *);
Group *group_new(C *, Scope *, Symbol name, Span);
bool group_is_open(const Group *);               /* its shape is being found */
void settle_in_order(C *, Scope *file);
void cycles_check(C *);
void coverage_check(C *);

/* ---- expressions ------------------------------------------------------------------------------------- */
Value *eval(C *, Scope *, Node *);
Value *eval_scalar_int(C *, Scope *, Node *, const char *what); /* a subscript or bound; poison where it is not */
Value *poison(C *);
Value *wild(C *, Type);
Value *scalar(C *, Expr *);
Value *array(C *, uint32_t rank, Expr *const *extent, Expr *const *axis, Expr *body);
Value *function(C *, Callee);
static inline bool is_array(const Value *v) { return v->kind == VALUE_ARRAY; }
Value *require_array(C *, Value *, Node *, const char *what); /* poison for a function, said */
Expr *at(C *, Value *, Expr *const *subs);       /* the body at these places */
Expr *replace(C *, Expr *, uint32_t n, Expr *const *what, Expr *const *by);
bool same_extent(C *, Expr *, Expr *);
Value *fresh_axes(C *, Value *);                 /* the same with placeholders of its own */

/* Brings values to one shape. Returns 1 array, 0 wild, -1 poison (said). out[k] is the body of v[k] at `axis`. */
int broadcast(C *, Span, const char *what, Value *const *v, Node *const *node, uint32_t n, uint32_t *rank, Expr **extent, Expr **axis, Expr **out, Type *type);
Value *elementwise(C *, Span, uint32_t op, Value *const *v, Node *const *node, uint32_t n);
Value *op2(C *, Span, uint32_t op, Value *a, Node *na, Value *b, Node *nb);
Expr *as_real(C *, Expr *);
Expr *to_length(C *, Value *, const Node *);

/* Tensors that are made on the way. */
Symbol part_name(C *, const char *suffix);
Tensor *part_tensor(C *, Symbol name, Type, Combine, uint32_t rank, Expr *const *extent, Span);
/* The reduction of body over red[], free in axes[] and whatever else it uses. Returns the read of it. */
Expr *part_reduce(C *, const char *suffix, Combine, Type, Expr *body, Expr *label, Expr *guard, uint32_t n_red, Expr *const *red,
                  uint32_t n_axes, Expr *const *axis, Expr *const *extent, Span);
uint32_t free_indices(C *, Expr *const *roots, uint32_t n, Expr *const *but, uint32_t n_but, Expr ***out);
void draft_add(C *, Tensor *, Expr *const *subs, Expr *body, Expr *label, Expr *guard, uint32_t n, Expr *const *index, Span);
Value *materialize(C *, Value *, const char *suffix, Span, Tensor **tensor, uint32_t *n_free, Expr ***free); /* as a tensor of its own */
Value *const_tensor(C *, const char *suffix, Value *shape, double *values, Span);

Value *subscript_value(C *, Scope *, Node *);
Value *subscript(C *, Scope *, Node *, Value *base);
Value *reduction(C *, Scope *, Node *call, const Builtin *, Node *items);
Value *call_value(C *, Scope *, Node *);
Value *matmul(C *, Span, Value *a, Node *na, Value *b, Node *nb);
Value *transpose_last(C *, Value *);
Instance *instance_new(C *, Scope *, Binding *, Node *decl);
Value *instance_apply(C *, Scope *, Callee *, Node *call);
bool run_updates(C *, Scope *);
bool mentions_request_on(C *, Node *body, Node *formal);

/* Arguments of a builtin, by name or place. */
typedef struct {
    Node *positional[64];
    uint32_t n;
    Node *named[4]; /* by place in Builtin.keyword */
    Scope *scope;
    Node *call;
} Args;
struct Builtin {
    const char *name;
    uint32_t min, max; /* positional arguments */
    const char *keyword[4];
    Value *(*make)(C *, Args *, const Builtin *);
    int reduces; /* index of the reduction table + 1, or 0 */
    int detail;
};
extern const Builtin array_builtins[], reduction_builtins[], request_builtins[];
const Builtin *builtin_find(Symbol name);
bool args_read(C *, Scope *, Node *call, const Builtin *, Args *);
Value *args_value(C *, Args *, uint32_t k);
bool const_integer(C *, Value *, int64_t *out);
bool axis_argument(C *, Args *, Node *node, uint32_t rank, uint32_t *axis);
bool shape_literal(C *, Scope *, Node *, uint32_t *n, Expr **out);

/* ---- numbers ------------------------------------------------------------------------------------------- */
bool number_of(C *, Expr *, double *out);        /* a constant expression, const arrays and parts among what it may read */
bool number_at(C *, Expr *, uint32_t n, Expr *const *index, const double *at, double *out);
double *numbers_of(C *, Value *, size_t *count); /* all elements in reading order; NULL where it is not constant */
bool size_of(C *, Expr *const *extent, uint32_t rank, int64_t *count); /* the product, where it is constant */

Graph *finish(C *);

#endif
