/* The Ast: what was written, with its place in the source; and how it is read and written back.
 *
 * Takes the bytes of a source (UTF-8), returns a tree; every mistake is in base->diag and what could not be
 * read is a NODE_ERROR. Nothing here knows what a name means: that is src/check.
 *
 *     z[i] = W @ x[i] + b      equation
 *                                subscript            z
 *                                  item  name i
 *                                sum                  +
 *                                  term               @
 *                                    name W
 *                                    subscript        x
 *                                      item  name i
 *                                  name b
 */
#ifndef BPC_AST_H
#define BPC_AST_H

#include "base/base.h"

/* KIND(name, spelling in --emit ast). What the children are stands beside each. */
#define NODE_KINDS(KIND)                                                                     \
    /* expressions */                                                                        \
    KIND(ERROR, "error")                                                                     \
    KIND(NUMBER, "number")         /* number; whole where written without point and exponent */ \
    KIND(NAME, "name")                                                                       \
    KIND(PAREN, "paren")           /* expr */                                                \
    KIND(STACK, "stack")           /* expr… */                                               \
    KIND(CALL, "call")             /* callee, (expr | ARGUMENT)… */                          \
    KIND(ARGUMENT, "argument")     /* name = expr */                                         \
    KIND(SUBSCRIPT, "subscript")   /* base, (ITEM | SLICE)…; where, fill */                   \
    KIND(ITEM, "item")             /* expr, RANGE or NULL */                                 \
    KIND(SLICE, "slice")           /* from or NULL, to or NULL */                            \
    KIND(RANGE, "range")           /* from, to */                                            \
    KIND(TRANSPOSE, "transpose")   /* expr */                                                \
    KIND(FIELD, "field")           /* expr; name */                                          \
    KIND(POWER, "power")           /* base, exponent */                                      \
    KIND(NEGATE, "negate")         /* expr */                                                \
    KIND(PLUS, "plus")             /* expr */                                                \
    KIND(TERM, "term")             /* n operands, n-1 operators: * / // % @ */               \
    KIND(SUM, "sum")               /* + - */                                                 \
    KIND(COMPARE, "compare")       /* < <= > >= == != */                                     \
    KIND(NOT, "not")               /* expr */                                                \
    KIND(AND, "and")               /* expr… */                                               \
    KIND(OR, "or")                 /* expr… */                                               \
    KIND(IF, "if")                 /* condition, yes, no */                                  \
    /* statements */                                                                         \
    KIND(BLOCK, "block")           /* statement… */                                          \
    KIND(EQUATION, "equation")     /* left, right */                                         \
    KIND(METHOD, "method")         /* left, BLOCK: apply(x) { … } */                         \
    KIND(VALUE, "value")           /* expr alone */                                          \
    KIND(REAL, "real")             /* name */                                                \
    KIND(DIM, "dim")               /* DECL… */                                               \
    KIND(CONST, "const")           /* DECL… */                                               \
    KIND(IMPORT, "import")         /* NAME… */                                               \
    KIND(INPUT, "input")           /* DECL… */                                               \
    KIND(PARAM, "param")           /* DECL… */                                               \
    KIND(STATE, "state")           /* DECL… */                                               \
    KIND(RANDOM, "random")         /* DECL… */                                               \
    KIND(USE, "use")               /* DECL… */                                               \
    KIND(OUTPUT, "output")         /* EQUATION | VALUE | NAME, NAME… */                      \
    KIND(LOSS, "loss")             /* EQUATION | VALUE */                                    \
    KIND(METRIC, "metric")         /* EQUATION | VALUE */                                    \
    KIND(UPDATE, "update")         /* EQUATION */                                            \
    KIND(DEF, "def")               /* name; FORMAL…, then the body: expr or BLOCK */         \
    KIND(LAYER, "layer")           /* name; FORMAL…, then BLOCK */                           \
    KIND(DERIVATIVE, "derivative") /* name; NAME…, then ARGUMENT… (n_formals of the former) */ \
    KIND(TRAIN, "train")           /* SETTING… */                                            \
    KIND(FORMAL, "formal")         /* name; default or NULL, SHAPE or NULL */                \
    KIND(SHAPE, "shape")           /* expr… */                                               \
    KIND(DECL, "declaration")      /* name; see DeclKid */                                   \
    KIND(SETTING, "setting")       /* name; NUMBER | CALL | ARGUMENT */

typedef enum {
#define KIND(name, text) NODE_##name,
    NODE_KINDS(KIND)
#undef KIND
    N_NODE_KINDS
} NodeKind;

/* The children of a DECL, each NULL where it is not written. */
typedef enum { DECL_SHAPE, DECL_VALUE, DECL_DISTRIBUTION, DECL_RANGE, DECL_LIKE, N_DECL_KIDS } DeclKid;

typedef enum { AST_ADD, AST_SUB, AST_MUL, AST_DIV, AST_FLOORDIV, AST_MOD, AST_MATMUL, AST_LT, AST_LE, AST_GT, AST_GE, AST_EQ, AST_NE, N_AST_OPS } AstOp;
extern const char *const ast_op_spelling[N_AST_OPS];

typedef struct Node Node;
struct Node {
    NodeKind kind;
    bool whole;         /* NUMBER */
    uint16_t depth;     /* of nesting below, to refuse what is too deep */
    Span span;          /* all of it */
    Span at;            /* its name or operator */
    Symbol name;        /* NAME, FIELD, ARGUMENT, DEF, …; NULL elsewhere */
    double number;      /* NUMBER */
    uint32_t n_formals; /* DEF, LAYER, DERIVATIVE */
    Node *where, *fill; /* SUBSCRIPT */
    uint32_t n, room;
    Node **kid;
    uint8_t *op; /* TERM, SUM, COMPARE: op[k] stands between kid k and k+1 */
};

typedef struct {
    uint16_t file;
    Node *block; /* NODE_BLOCK: the statements */
} Ast;

enum { AST_MAX_DEPTH = 1000, AST_MAX_CHAIN = 100000 };

/* Reads the source that diag_add_source numbered. Never fails: what is wrong is in base->diag. */
Ast *ast_parse(Base *, uint16_t source);

void ast_print(Text *, const Ast *);        /* --emit ast: an indented tree */
void ast_print_source(Text *, const Ast *); /* back to bp text, one statement a line */
void node_print_source(Text *, const Node *);
void tokens_print(Base *, uint16_t source, Text *); /* --emit tokens */

/* For the parser's actions. */
Node *node_new(Base *, NodeKind, Span, Span at);
Node *node_name(Base *, NodeKind, Span, Symbol);
void node_add(Base *, Node *, Node *kid);
Node *node_chain(Base *, NodeKind, Node *left, AstOp, Span at, Node *right); /* appends where left is such a chain */

#endif
