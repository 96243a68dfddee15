/* What the files of emit/ share: the state of printing one function. */
#ifndef BPC_EMIT_WRITER_H
#define BPC_EMIT_WRITER_H

#include "emit/emit.h"

typedef struct { VEC(Tensor *) tensors; } Locals;

typedef struct {
    const Emission *emission;
    const Function *f; /* NULL outside functions */
    Graph *g;
    Text *out;
    int indent;
    Map *names;   /* Symbol of the C name -> taken */
    Map *tensors; /* Tensor -> C name */
    Map *all_of;  /* Tensor that each thread has for itself -> C name of all of them together */
    Map *indices; /* index -> C name, while its loop is open */
    Map *dims;    /* dim -> C name */
    VEC(Range) open; /* the loops around the statement */
    Map *temps;   /* Expr -> C name of the local that holds it */
    Map *named;   /* Expr -> C name of the constant at the top of the function that holds it; or NULL */
    VEC(Expr *) hoisted; /* of these, what the vector loop reads at one place in all of its turns */
    Map *homes;   /* LOCAL Tensor -> where it is declared (statement.c) */
    Map *around;  /* LOOP or IF -> the one around it */
    Map *late;    /* LOOP or IF -> Locals that are declared at the top of its list */
    const Equation *said; /* the comment that was printed last */
    uint32_t n_temps;
    bool silent; /* statements that explain themselves get no comments */
    bool lanes; /* inside a loop that runs in vector lanes */
    Map *used;    /* Symbol of a libbp function -> used */
    struct Rewriter *expander; /* writes out operators that C does not have */
    bool on_threads; /* inside a loop whose turns run on several */
    bool *calls_product, *calls_over, *calls_shared, *calls_blas, *calls_finite, *calls_finite_over; /* set where the function calls them */
    struct Parts *parts; /* of a function that is cut; else NULL */
    const char *shared;  /* … and what its parts share */
} Writer;

void writer_line(Writer *, const char *format, ...) PRINTF_LIKE(2, 3); /* indented, with a newline */
void writer_indent(Writer *);
/* A name like `wanted` that nothing in the function has yet. */
const char *writer_take_name(Writer *, const char *wanted);
void writer_free_name(Writer *, const char *wanted, const char *name); /* its scope ends */
const char *real_type(const Writer *); /* "float" or "double" */
const char *array_type(const Writer *, Type); /* of array elements: int32_t for integers */

/* ---- expressions (expression.c) ---- */
enum { C_TERNARY, C_OR, C_AND, C_EQUALITY, C_RELATION, C_SUM, C_TERM, C_UNARY, C_ATOM }; /* binding strength */
void write_expr(Writer *, Expr *, Type want, int level);
void write_element(Writer *, Tensor *, Expr *const *subs); /* z[2*i + k], or the local z */
void write_real(Writer *, double);
/* The expression with operators that have no C of their own written out, and its shared parts declared as locals
 * before the statement that follows. */
Expr *prepare_value(Writer *, Expr *);
Expr *write_out(Writer *, Expr *); /* operators without C of their own, as what their row says */

/* ---- statements (statement.c) ---- */
/* The caller's place for a goal: "grads->w", "out->L". */
const char *goal_member(Writer *, const Goal *);
#define IN_TURN "BP_IN_TURN" /* the macro before a loop of which clang before 17 must not make vectors (source.c) */
const char *narrowing_of_goal(Writer *, const Goal *); /* what stands before a local integer that the caller gets: "bp_narrow(" */
void find_homes(Writer *);
void write_list(Writer *, const Tree *list, const Tree *home);
void write_statements(Writer *, const Tree *from, const Tree *end); /* of the function's own list */
const char *local_type(Writer *, const Tensor *);
bool is_late(Writer *, const Tensor *, const Tree *home); /* declared at the top of that list, not by its first statement */
bool is_single(Writer *, const Tensor *); /* written once */

/* ---- before vector loops (invariant.c) ---- */
void write_invariants(Writer *, const Tree *loop); /* what all turns read, as constants; until they are forgotten */
void forget_invariants(Writer *);

/* ---- matrix products (product.c) ---- */
void write_product(Writer *, const Tree *);               /* the call */
void write_finite_function(const Emission *, Text *);     /* what strong ones ask first */
void write_finite_over(const Emission *, Text *);
void write_product_over(const Emission *, Text *);
void write_product_function(const Emission *, Text *);    /* the static function that small and middling ones call */
void write_shared_product(const Emission *, Text *);      /* … and the one that shares it out to threads */

/* ---- linear algebra (call.c) ---- */
void write_call_node(Writer *, const Tree *);
void write_call_equation(Writer *, Text *, const Equation *); /* for comments */

/* ---- long functions (parts.c) ---- */
bool in_workspace(const Buffer *);
bool is_array(const Buffer *);            /* lies in the workspace or is an array that the caller gets */
#define CLONES "BP_CLONES" /* the macro before a function that is compiled for several instruction sets */
#define PART "BP_PART" /* the macro before a part, of which compilers shall not make one function again (source.c) */
void write_parts(Writer *);               /* what they share, and a function for each; sets w->parts */
void call_parts(Writer *);                /* in the function that they are cut from */
const char *array_name(Writer *, const Buffer *);
void write_own_arrays(Writer *, const Tree *loop); /* those that a thread has for itself, where the turn of a loop begins */
void write_supplied(Writer *, const Buffer *, const Map *seeds);
void write_constant_array(Writer *, const Buffer *);
void write_dims(Writer *);
Map *seed_members(const Writer *);

/* ---- parts of the source ---- */
void write_function(Writer *);                                   /* function.c */
void write_struct_types(const Emission *, Text *);               /* header.c */
void write_prototype(const Emission *, FunctionKind, Text *, const char *end); /* signature.c */
void write_parameters(const Emission *, FunctionKind, Text *);   /* const model_dims *dims, … */
void write_arguments(const Emission *, FunctionKind, Text *);    /* dims, in, params, … as a caller passes them on */
void write_common_arguments(const Emission *, bool types, Text *); /* those that all functions have */
void write_workspace_size(const Emission *, Text *, Map *used);  /* workspace.c */
void write_entry_check(const Emission *, Text *, Map *used);      /* entry.c: what must hold when code is entered */
void write_description(const Emission *, Text *);                /* describe.c */
void write_runtime(const Emission *, Text *, Map *used);         /* runtime_text.c: libbp's functions, for --standalone */

typedef struct {
    FunctionKind kind;
    const char *name;     /* "gradient" */
    const char *results;  /* struct that receives what is wanted, and its variable: "grads"; NULL: outputs alone */
    const char *seeds;    /* struct of further input, and its variable: "tangents"; or NULL */
    bool outputs;         /* fills the outputs struct too */
    const char *what;     /* one line for the table of contents */
} FunctionShape;
extern const FunctionShape function_shapes[N_FUNCTIONS];
bool is_pattern(const char *name); /* the struct is libbp's bp_pattern, not one of the model */

/* What a model has: structs that would be empty do not exist. */
void note_roles(Graph *); /* before the next four */
bool has_dims(const Graph *), has_inputs(const Graph *), has_params(const Graph *), has_state(const Graph *), has_outputs(const Graph *);
bool has_function(const Emission *, FunctionKind);
const char *threads_name(const Emission *); /* the constant that says how many threads there may be */
const char *upper_case(Arena *, const char *);
/* A member's name, the same wherever the tensor is a member: unique among all of the model's. */
const char *member_name(const Emission *, const Tensor *);
/* "x[m, 64]", for comments */
void write_shape(const Graph *, Text *, const Tensor *);

#endif
