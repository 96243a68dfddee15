/* Code: expressions flattened for the interpreter. Takes the roots of an expression DAG; returns a straight list of
 * instructions over registers in which shared nodes are computed once and what stands in a branch or a fill is computed
 * only where it is needed. Independent of the precision it runs in. */
#ifndef BPC_EVAL_CODE_H
#define BPC_EVAL_CODE_H

#include "graph/graph.h"
#include "graph/ops.h"

typedef enum {
    DO_INDEX,  /* out = the value of the domain's index number `what` */
    DO_REAL,   /* out = operator `what` of args, real */
    DO_WHOLE,  /* the same, integer, in int64 arithmetic */
    DO_DRAW,   /* out = the random number `what` at place args[0], element args[1] */
    DO_READ,   /* out = tensors[what][args]; outside: fails where `to` is 0, else goes on; inside: goes to `to` */
    DO_MOVE,   /* out = args[0], as a real where `what` is 1 */
    DO_BRANCH, /* to `to` where args[0] is 0 */
    DO_JUMP,   /* to `to` */
    DO_ENSURE, /* calls the block at `to` unless block number `what` ran at this point already */
    DO_RETURN  /* from a block */
} InstrKind;

/* An operand: a register; the flag says that it holds an integer. */
#define OPERAND_WHOLE (UINT32_C(1) << 31)
typedef uint32_t Operand;

typedef struct {
    InstrKind kind;
    uint32_t out, what, to;
    uint32_t n, args; /* operands code->operand[args .. args + n) */
} Instr;

typedef struct {
    uint32_t reg;
    Expr *value;
} ConstantReg;

typedef struct {
    VEC(Instr) instrs;
    VEC(Operand) operands;
    VEC(ConstantReg) constants; /* CONST and DIM: loaded once */
    VEC(Tensor *) tensors;
    Operand *root; /* where each root is found afterwards */
    uint32_t n_roots, n_regs, n_blocks;
    bool is_constant; /* no instruction: the roots never change */
} Code;

/* NULL roots give operand UINT32_MAX. Indices are numbered by their place in `domain`. */
Code *code_make(Graph *, const Domain *domain, Expr *const *roots, uint32_t n);

#endif
