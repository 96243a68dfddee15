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
    Map *indices; /* index -> C name, while its loop is open */
    Map *dims;    /* dim -> C name */
    Map *temps;   /* Expr -> C name of the local that holds it */
    Map *homes;   /* LOCAL Tensor -> where it is declared (statement.c) */
    Map *around;  /* LOOP or IF -> the one around it */
    Map *late;    /* LOOP or IF -> Locals that are declared at the top of its list */
    const Equation *said; /* the comment that was printed last */
    uint32_t n_temps;
    Map *used;    /* Symbol of a libbp function -> used */
} Writer;

void writer_line(Writer *, const char *format, ...) PRINTF_LIKE(2, 3); /* indented, with a newline */
void writer_indent(Writer *);
/* A name like `wanted` that nothing in the function has yet. */
const char *writer_take_name(Writer *, const char *wanted);
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

/* ---- statements (statement.c) ---- */
/* The expression that is null where the caller does not want the array: "grads->w". */
const char *wanted_pointer(Writer *, const Buffer *);
void find_homes(Writer *);
void write_list(Writer *, const Node *list, const Node *home);

/* ---- parts of the source ---- */
void write_function(Writer *);                            /* function.c */
void write_prototype(Writer *, FunctionKind, bool comment);
const char *function_name(FunctionKind);
void write_workspace(const Emission *, Text *);           /* workspace.c: workspace_size */
void write_check(const Emission *, Text *, Map *used);    /* check.c: what must hold at entry */
void write_describe(const Emission *, Text *);            /* describe.c */
void write_runtime(const Emission *, Text *, Map *used);  /* runtime_text.c: libbp's functions, for --standalone */

/* What a model has: structs that would be empty do not exist. */
bool has_role(const Graph *, Role);
bool has_outputs(const Graph *);
bool has_function(const Emission *, FunctionKind);
const char *upper_case(Arena *, const char *);
/* "x[m, 64]", for comments */
void write_shape(const Graph *, Text *, const Tensor *);

#endif
