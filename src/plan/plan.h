/* The Program: how a Graph runs. A tree of loops and statements for each function, and where each tensor lives.
 *
 *     z[i,k] = w[k]*x[i] + b[k]       LOOP i 0..m
 *                                       LOOP k 0..2
 *                                         SET z[i,k] = w[k]*x[i] + b[k]
 *
 * The planner decides everything that the printer of C prints: order, loops, kernels, places. */
#ifndef BPC_PLAN_PLAN_H
#define BPC_PLAN_PLAN_H

#include "graph/graph.h"

typedef struct Tree Tree;
typedef struct Buffer Buffer;
typedef struct Function Function;
typedef struct Program Program;

/* Examples run in blocks (block.c): forward and backward for one block, then for the next. */
typedef struct {
    int64_t size;    /* examples to a block */
    bool lanes;      /* the examples of a block lie side by side: they are the last axis of what only a block is kept of */
    uint32_t *axis;  /* by tensor number: its axis of examples + 1, or 0 */
    Expr **first;    /* by tensor number: the first example of the block, where only a block is kept of the tensor; else NULL */
    uint32_t n_tensors; /* those after came later, and have none */
    Expr *extent;       /* how many examples there are */
    Expr **phase_first; /* by phase: the index of its loop over blocks */
    uint32_t n_phases;
} Blocks;

typedef struct {
    Tensor *tensor;  /* what is stored */
    Tensor *stands_for; /* the output, parameter or wrt tensor that names its member */
    const char *note;   /* for the comment of its member, or NULL */
} Goal;

/* BLOCK: over blocks of examples; SHARE: over shares of the blocks. */
typedef enum { LOOP_SEQUENTIAL, LOOP_BLOCK, LOOP_SIMD, LOOP_SHARE } LoopKind;
/* ONE_BY_ONE: in a loop whose turns run on threads, what they do one after the other. */
typedef enum { TREE_LOOP, TREE_IF, TREE_SET, TREE_KERNEL, TREE_CALL, TREE_ONE_BY_ONE } TreeKind;

enum { THREADS = 8 }; /* at most, on which a loop runs */

/* Of a strong product one factor counts where it is 0, whatever the other is: where all of the other is finite it is a plain one,
 * and where not, the loops in the kernel's body run instead. */
typedef enum { STRONG_NONE, STRONG_A, STRONG_B } Strong;

/* C = A*B or C += A*B, row by row: A is m x k, B is k x n, C is m x n, each a tensor at fixed outer subscripts. */
typedef struct {
    Tensor *a, *b, *c;
    Expr **a_subs, **b_subs, **c_subs;          /* of the first element of each */
    Expr *m, *n, *k;
    Expr *a_row, *a_column, *b_row, *b_column, *c_row; /* elements from one row, or column, to the next; c's columns lie side by side */
    struct { Expr *extent, *a, *b; } *over;     /* where k is more than one loop: those, outermost first, and how far each goes in A and B */
    uint32_t n_over;
    bool add;
    Strong strong;
    bool on_threads; /* long enough to be shared out */
    bool in_turn; /* the terms of each element are added one after the other to what is there */
} Product;

struct Tree {
    TreeKind kind;
    Tree *next, *body;
    const Equation *why; /* printed above it, on the outermost node of its nest */
    union {
        struct {
            uint32_t index;
            Range range, within; /* within: what the index is known to stay in, where that is not the range; else n_lo is 0 */
            bool down;
            bool in_turn; /* sums across its turns are added term by term, in their order */
            bool examples; /* over the examples of a block */
            bool lanes;    /* … which stays innermost */
            int64_t step; /* BLOCK: examples to a block; SEQUENTIAL: turns taken at once (jam.c), or 0 */
            int64_t rest; /* SEQUENTIAL: of a loop that took so many turns at once, what is left over; or 0 */
            Tensor *each; /* SHARE: examples to a share */
            bool threads; /* its turns may run on several */
            int64_t worth; /* … where there are more than these */
            bool rereads; /* a turn reads again what it wrote, at a stride (reread.c) */
            LoopKind how;
            Tensor *const *sums; /* SIMD: scalars that are summed across its turns, or hold the best of them */
            uint32_t n_sums;
        } loop;
        struct {
            Expr *condition;      /* or NULL: then where one of the arrays is wanted */
            const Goal *const *wanted;
            uint32_t n_wanted;
        } test;
        struct {
            Tensor *to;
            Expr **subs;
            Combine op;
            Expr *value;
        } set;
        Product product;
        struct {
            Tensor *to;    /* which is defined by a call */
            Expr **subs;   /* which matrix of the batch: one for each leading axis */
        } call;
    } as;
};

typedef enum { PLACE_USER, PLACE_WORKSPACE, PLACE_LOCAL, PLACE_CONST } Place;
struct Buffer {
    Tensor *tensor;
    Place place;
    bool wide;          /* LOCAL: a long sum, in double where the file is in single precision */
    bool *kept;         /* by axis: false where its loop is shared by all that touch the tensor */
    const Tree *own;    /* WORKSPACE: the loop in which each thread has one of its own; or NULL */
    const Goal *goal;   /* USER: whose array it is; NULL: of the inputs, params, seeds */
    bool fallback;      /* USER, and computed even where the caller's array is null: then in the workspace */
    uint32_t slot;      /* WORKSPACE and fallback: buffers of one slot are never alive together */
    uint32_t born, dies; /* numbers of the function's outermost statements */
};

typedef enum { FUNCTION_PREDICT, FUNCTION_GRADIENT, FUNCTION_FORWARD, FUNCTION_BACKWARD, FUNCTION_JVP, FUNCTION_VJP, FUNCTION_JACOBIAN,
               FUNCTION_HVP, FUNCTION_HESSIAN, FUNCTION_UPDATE, FUNCTION_SPARSE_JACOBIAN, FUNCTION_JACOBIAN_PATTERN,
               FUNCTION_SPARSE_HESSIAN, FUNCTION_HESSIAN_PATTERN, N_FUNCTIONS } FunctionKind;

/* Of a long function: its first outermost statement, and the number of that. */
typedef struct {
    const Tree *first;
    uint32_t top;
} Part;

struct Function {
    FunctionKind kind;
    Graph *graph;
    Goal *outputs, *results;    /* what the outputs struct receives; grads, tangents, … */
    uint32_t n_outputs, n_results;
    Goal *seeds;                /* what the caller supplies beside inputs and params */
    uint32_t n_seeds;
    Expr *steps, *segments; /* checkpointing: of a segment, and how many there are; else NULL */
    Expr *along;            /* … and the bytes that it keeps along the recurrence, of dims */
    Expr *rows, *columns, *terms; /* of a sparse matrix and its pattern: the sizes, of dims */
    Tree *body;
    Blocks *blocks;             /* or NULL */
    Part *part;                 /* what is printed as a function of its own; NULL: all is one */
    uint32_t n_parts;
    Buffer **buffer;            /* by tensor number; NULL where the function does not touch it */
    uint32_t n_tensors, buffer_room;
    Expr ***slot_size;          /* elements of each slot: a list of factors, ends in NULL */
    Type *slot_type;
    bool *slot_own;             /* one for each thread */
    uint32_t n_slots;
    bool splits_sums;           /* long sums are added in parts (sums.c) */
    bool widens_sums;           /* … in double (vector.c) */
    const bool *kept;           /* FORWARD: by tensor number, what must stay whole in the workspace for backward; or NULL */
    uint32_t n_kept;            /* tensors from this number on came later, and none of them is kept */
    Function *before;           /* BACKWARD: the forward function, whose workspace it goes on with */
};

/* What of a recurrence is kept for its adjoint: all; the state at the ends of segments, as many as the square root of its steps, a
 * given number, or as many as take the least memory where all does not fit. */
typedef enum { CHECKPOINT_NONE, CHECKPOINT_SQRT, CHECKPOINT_COUNT, CHECKPOINT_MEMORY } Checkpoint;

typedef struct {
    int level; /* 0: every equation its own nest, every tensor whole; 1, 2 */
    int64_t block; /* examples to a block; 0: no blocks; -1: by what they need */
    bool threads;  /* share loops out */
    Checkpoint checkpoint;
    int64_t checkpoints; /* COUNT */
    int64_t memory;      /* MEMORY: bytes */
} PlanOptions;

/* Plans one function: everything that its goals need, in order. Returns false where an equation depends on itself
 * in a way that no loop can order (reported in graph->diag). */
bool plan_function(Function *, const PlanOptions *);
/* Plans forward and backward as one program with a cut: what backward reads stays in the workspace. */
bool plan_pair(Function *forward, Function *backward, const PlanOptions *);

/* --emit program */
void function_print(const Function *, Text *);

#endif
