/* The Graph: what a model means. Tensors, each with one combining operator and a list of equations
 *
 *     out[subscripts]  op=  body      over a domain
 *
 * Maps, reductions, matrix products, convolutions, gathers, scatters and recurrences are all this, and so
 * are derivatives. Pieces of `+=` may overlap, those of the other operators are disjoint; an element that no
 * piece reaches holds the operator's identity. An index of the domain that is not on the left is reduced over.
 *
 * Expressions are immutable and hash-consed in one Graph: equal expressions are one pointer, arguments are
 * older than what uses them (smaller id), every walk keeps a memo by id.
 *
 * Example: `L = 1/(2*m) * sum[i]((yhat[i] - y[i])^2)` is
 *
 *     L_sum    +=  (yhat[i] - y[i])^2     over i in 0..m
 *     L         =  1/(2*m) * L_sum        over nothing
 */
#ifndef BPC_GRAPH_H
#define BPC_GRAPH_H

#include "base/base.h"

typedef struct Graph Graph;
typedef struct Expr Expr;
typedef struct Tensor Tensor;
typedef struct Equation Equation;
typedef struct Call Call;

/* ---- expressions ---------------------------------------------------------------------------- */
typedef enum { TYPE_REAL, TYPE_INT } Type; /* truth values are integers 0 and 1 */

typedef enum {
    EXPR_CONST,  /* of.real or of.integer, by type */
    EXPR_DIM,    /* a run-time size; of.number: its place in graph->dims. Integer, at least 1 */
    EXPR_INDEX,  /* of.number: its place in graph->indices. Integer */
    EXPR_READ,   /* of.tensor at arg[0..n) (n = rank); `fill` where they fall outside it */
    EXPR_OP,     /* of.number: row of the operator table (ops.h) applied to arg[0..n) */
    EXPR_SELECT, /* if arg[0] then arg[1] else arg[2]; the branch not taken counts for nothing */
    EXPR_ARG     /* placeholder in a row of the operator table: 0, 1, 2 = a, b, c; 3 = the result y */
} ExprKind;

struct Expr {
    ExprKind kind;
    Type type;
    uint32_t id; /* arguments are older: the key of every memo table */
    uint32_t walk; /* of expr_walk alone: the number of the last walk that met the node */
    union {
        double real;
        int64_t integer;
        uint32_t number; /* dim, index, operator, placeholder */
        Tensor *tensor;
    } of;
    Expr *fill; /* READ: the value outside; NULL: proved inside */
    uint32_t n;
    Expr *arg[];
};

/* Constructors. Operators fold constants and the plain identities of integer arithmetic; the same call
 * always gives the same pointer. Integer operands of a real operator are promoted by the operator itself. */
Expr *expr_real(Graph *, double);
Expr *expr_int(Graph *, int64_t);
Expr *expr_dim(Graph *, uint32_t dim);
Expr *expr_index(Graph *, uint32_t index);
Expr *expr_read(Graph *, Tensor *, Expr *const *subs, Expr *fill);
Expr *expr_op(Graph *, uint32_t op, Expr *const *args, uint32_t n);
Expr *expr_op1(Graph *, uint32_t op, Expr *);
Expr *expr_op2(Graph *, uint32_t op, Expr *, Expr *);
Expr *expr_select(Graph *, Expr *condition, Expr *yes, Expr *no);
Expr *expr_arg(Graph *, uint32_t number);
/* Shorthands, all through expr_op2/1. */
Expr *expr_add(Graph *, Expr *, Expr *);
Expr *expr_sub(Graph *, Expr *, Expr *);
Expr *expr_mul(Graph *, Expr *, Expr *);
Expr *expr_and(Graph *, Expr *, Expr *); /* NULL counts as true; the same for the next two */
Expr *expr_or(Graph *, Expr *, Expr *);
Expr *expr_not(Graph *, Expr *);

bool expr_is_int(const Expr *, int64_t value);    /* the constant `value`, of integer type */
bool expr_is_number(const Expr *, double value);  /* the constant `value`, of either type */
static inline bool expr_is_op(const Expr *e, uint32_t op) { return e->kind == EXPR_OP && e->of.number == op; }

/* What a substitution replaces; the memo is kept inside. Start one with subst_new, apply it to any number
 * of expressions. It lives in g->stage. A NULL expression stays NULL. */
typedef struct Subst Subst;
Subst *subst_new(Graph *);
void subst_index(Subst *, uint32_t index, Expr *by);
void subst_arg(Subst *, uint32_t number, Expr *by);
void subst_expr(Subst *, Expr *what, Expr *by);
void subst_tensor(Subst *, Tensor *what, Tensor *by); /* same rank */
Expr *subst_apply(Subst *, Expr *);

/* Every distinct node below the roots, arguments first. NULL roots are skipped. The list is in g->lists. */
typedef struct {
    Expr **at;
    uint32_t n;
} ExprList;
ExprList expr_walk(Graph *, Expr *const *roots, uint32_t n);
uint32_t expr_place(const ExprList *, const Expr *); /* where the node stands in such a list; it must be there */
bool expr_uses_index(Graph *, Expr *, uint32_t index);
bool expr_reads(Graph *, Expr *, const Tensor *); /* any tensor when NULL */

/* ---- domains and equations --------------------------------------------------------------------- */
typedef struct {
    uint32_t index;
    uint32_t n_lo, n_hi;
    Expr **lo, **hi; /* max(lo) .. min(hi), half open; each at least one; affine in dims and earlier indices, or reads of integer data */
} Range;
typedef struct {
    uint32_t n;
    Range *range; /* range k may use dims and the indices of ranges before k */
    Expr *guard;  /* further condition, or NULL */
} Domain;

typedef enum {
    COMBINE_SET, COMBINE_ADD, COMBINE_MUL, COMBINE_MAX, COMBINE_MIN, COMBINE_LOGSUMEXP,
    COMBINE_ARGMAX, COMBINE_ARGMIN, COMBINE_OR, COMBINE_AND, N_COMBINES
} Combine;
extern const char *const combine_spelling[N_COMBINES]; /* "=", "+=", … */

struct Equation {
    Tensor *target;
    Expr **subs; /* target->rank of them */
    Expr *body;
    Expr *label; /* ARGMAX, ARGMIN: the integer that is kept for the first best body in reading order of the domain */
    Domain domain;
    Equation *origin; /* what it derives from (itself where written); same origin and domain: one nest */
    Equation *next;
    Span span;
};

/* ---- tensors ------------------------------------------------------------------------------------- */
typedef enum {
    ROLE_CONST,    /* an array of constants: `values` */
    ROLE_INPUT, ROLE_PARAM, ROLE_STATE, ROLE_RANDOM,
    ROLE_TRAINING, /* rank 0, integer: 1 in training functions, 0 in prediction functions */
    ROLE_WRITTEN,  /* named by an equation of the file */
    ROLE_PART,     /* a sub-expression that was given a name */
    ROLE_ADJOINT, ROLE_TANGENT, ROLE_WINNER,
    ROLE_SEED      /* supplied by the caller of a derivative: tangents of wrt (jvp, hvp), cotangents of outputs (vjp) */
} Role;
enum { MARK_OUTPUT = 1, MARK_LOSS = 2, MARK_METRIC = 4, MARK_UPDATE = 8 };

typedef enum { INIT_VALUE, INIT_ZEROS, INIT_ONES, INIT_IDENTITY, INIT_NORMAL, INIT_UNIFORM, INIT_XAVIER, INIT_XAVIER_NORMAL,
               INIT_HE, INIT_HE_UNIFORM, INIT_LECUN, INIT_ORTHOGONAL, INIT_BERNOULLI, N_INITS } InitKind;
extern const char *const init_spelling[N_INITS];
typedef struct {
    InitKind kind;           /* of a param or state; of a draw: NORMAL, UNIFORM, BERNOULLI */
    double a, b;             /* normal: mean, std; uniform: lo, hi */
    int64_t fan_in, fan_out; /* resolved */
    double *values;          /* VALUE: one per element, in reading order */
    Expr *arg[2];            /* of a draw: its arguments, which may be expressions over its axes */
} Init;

struct Tensor {
    Symbol name; /* as the user wrote it ("fc1.W", "θ"), or made: unique in the Graph */
    Type type;
    Role role;
    uint32_t marks;
    Combine op;
    uint32_t rank;
    uint32_t number; /* its place in graph->tensors */
    Expr **extent;   /* integer expressions of dims and constants; at least 1 where the dims are */
    Expr *lo, *hi;   /* integer input: declared range lo .. hi, half open (NULL: not declared); integer tensors: known bounds */
    Expr **index;    /* INDEX expressions that name its axes, for printing; or NULL */
    Equation *pieces, *last_piece;
    Call *call;    /* or NULL: what defines it instead of equations */
    Tensor *of;    /* adjoint, tangent or winner of; update: the state it renews */
    Init init;
    double *values; /* ROLE_CONST: elements in reading order (integers exact up to 2^53) */
    bool below;     /* index data proved or checked to be less than their (first) index: `T[parent[b]]` ascends. */
    bool above;     /* … greater than their index */
    bool argument;  /* of a def that differentiates by it: such derivatives go through the def, not through what is bound to it */
    Span span;
};

/* A tensor defined by a call: linear algebra, derivative requests. One row a kind (calls table). */
typedef enum { CALL_SOLVE, CALL_INV, CALL_DET, CALL_LOGDET, CALL_CHOLESKY, CALL_COFACTOR,
               CALL_GRAD, CALL_JACOBIAN, CALL_HESSIAN, CALL_JVP, CALL_VJP, N_CALLS } CallKind;
struct Call {
    CallKind kind;
    uint32_t n;
    Tensor *arg[3];  /* linear algebra: whole arrays, leading axes are batch; requests: y, x, direction */
    Tensor *scratch[2]; /* linear algebra, once planned: what the call works in, or NULL */
    uint32_t shared; /* requests on elements (`grad(u[n], x[n])`): the first `shared` axes of result, arg[0] and arg[1] are common */
    Span span;
};

/* What must hold when generated code is entered: `condition` at every point of `domain`, else `status`. Of the last `some` of its
 * indices one point is enough, for each point of those before. */
typedef enum { CHECK_SHAPE, CHECK_RANGE, CHECK_DOMAIN } CheckStatus;
typedef struct {
    Domain domain;
    uint32_t some;
    Expr *condition;
    CheckStatus status;
    const char *text; /* for comments and messages: "0 <= y[i] < 10" */
    Span span;
} Check;

/* ---- the graph ------------------------------------------------------------------------------------- */
typedef struct { Symbol name; Span span; } Dim;
typedef struct { Symbol name; } Index;
typedef struct { Symbol name; double value; } Setting; /* lr = 1e-3 */
typedef struct {
    Symbol optimizer;              /* NULL: not said */
    VEC(Setting) options;          /* of the optimizer */
    Symbol schedule;               /* NULL: not said */
    VEC(Setting) schedule_options;
    double clip;                   /* 0: none */
    int64_t batch, epochs, seed;   /* -1: not said */
    uint32_t batch_dim;            /* UINT32_MAX: not said, then the first run-time dim */
} Training;

struct Graph {
    Arena *arena, *stage, *lists; /* as Base has them */
    Names *names;
    Diag *diag;
    bool f64;                  /* precision of the file */
    VEC(Dim) dims;             /* run-time sizes only: fixed ones are constants */
    VEC(Index) indices;
    VEC(Tensor *) tensors;     /* in order of declaration; derived ones after */
    VEC(Check) checks;
    VEC(Tensor *) outputs;     /* output, loss, metric: in order of declaration */
    Tensor *loss;              /* or NULL */
    Training training;
    struct ExprTable *table;   /* hash-consing */
    struct OpTable *ops;       /* operator rows, the file's own (`derivative`) among them */
    uint32_t roles;                /* of its tensors, a bit each (emit) */
    Map *tensor_by_name;       /* Symbol -> Tensor */
};

Graph *graph_new(Base *);
uint32_t graph_add_dim(Graph *, Symbol, Span);
uint32_t graph_add_index(Graph *, Symbol); /* always a new one */
/* Adds a tensor; where the name is taken a number is appended (z_sum, z_sum2, …). */
Tensor *graph_add_tensor(Graph *, Symbol name, Type, Role, Combine, uint32_t rank, Expr *const *extent, Span);
Tensor *graph_find(const Graph *, Symbol);
/* Adds a piece. subs and ranges are copied; origin NULL means itself. */
Equation *graph_add_equation(Graph *, Tensor *, Expr *const *subs, Expr *body, Domain, Equation *origin, Span);
/* Does the index stand on the left, bare? The others of the domain are reduced over. */
bool equation_has_left(const Equation *, uint32_t index);
void graph_add_check(Graph *, Check);
Domain domain_copy(Arena *, Domain);
/* lo .. hi with one bound each. */
Range range_make(Graph *, uint32_t index, Expr *lo, Expr *hi);
bool range_uses_index(Graph *, const Range *, uint32_t index); /* in its bounds */
/* Convenience: a domain of plain indices 0..extent[k] with fresh indices named by the tensor's own, or i, j, k…;
 * `index` receives the INDEX expressions. */
Domain domain_of_tensor(Graph *, const Tensor *, Expr **index);

/* What a run-time size counts as where a choice depends on it and nobody has said it. */
enum { USUAL_DIM = 64 };
static inline double usual_length(const Expr *e) { return e->kind == EXPR_CONST ? (double)e->of.integer : USUAL_DIM; }

/* Gives a draw (ROLE_RANDOM, with its init) the equation that computes it, at the place of the model that follows those of
 * the draws before it:     eps[i,j] = mean + std*draw_normal(place, i*n + j). */
void graph_define_draw(Graph *, Tensor *);

/* True when every invariant holds (types, ranks, scopes, disjointness of what is constant); else prints what is
 * wrong and where to stderr. Called after each pass in debug and test builds. */
bool graph_verify(const Graph *, const char *after);

/* ---- printing, as the language writes it -------------------------------------------------------------- */
void expr_print(const Graph *, Text *, Expr *);
void equation_print(const Graph *, Text *, const Equation *); /* z[i,k] = sum[j](W[k,j]*x[i,j]) + b[k], with ranges that are not plain */
void graph_print(const Graph *, Text *);                      /* --emit graph */
void graph_print_json(const Graph *, Text *);

#endif
