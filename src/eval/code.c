/* Flattening expressions, with exact laziness.
 *
 * A node stands in a *region*: the root, a branch of a select, or the fill of a read. Users are older than their
 * arguments in the order we go (descending id), so when a node is met, all regions that demand it are known:
 *   - one of them encloses the others: the node is computed there;
 *   - none does (`if c then f(x) else 0` twice): the node gets a block of its own, a new region below the nearest common
 *     one, and each demanding region has an ENSURE that runs the block unless it ran at this point.
 * So nothing is computed that the value does not need: a recurrence may read itself in a branch.
 *
 * Example: `if c then T[i] else 0` becomes   r0 = c;  BRANCH r0 -> 4;  r1 = T[i];  MOVE r2 r1;  JUMP 5;  4: MOVE r2 0;  5: */
#include "eval/code.h"

typedef struct Region Region;
typedef struct Item Item;

struct Item { /* in a region: compute this node, or ensure its block ran */
    uint32_t node;
    bool ensure;
    Item *next; /* of greater id: lists are built back to front */
};
struct Region {
    Region *parent;
    uint32_t depth;
    Item *items;
};
typedef struct Demand Demand;
struct Demand {
    Region *by;
    Demand *next;
};

typedef struct {
    Expr *e;
    Demand *demands;
    Region *inner[2]; /* SELECT: its branches; READ: [0] its fill */
    Region *block;    /* where it has a block of its own */
    uint32_t block_number;
    uint32_t reg;
} Node;

typedef struct {
    Graph *g;
    Code *code;
    const Domain *domain;
    Node *node;
    uint32_t n;
    Map *number;  /* Expr -> place in node + 1 */
    Map *tensors; /* Tensor -> place in code->tensors + 1 */
    VEC(uint32_t) blocks;  /* nodes with blocks, in the order of their numbers */
    VEC(uint32_t) ensures; /* instructions whose `to` waits for the block's place */
} Maker;

static Node *node_of(Maker *m, const Expr *e) { return &m->node[(uintptr_t)map_get(m->number, e) - 1]; }

/* ---- regions --------------------------------------------------------------------------------------------- */
static Region *region_new(Maker *m, Region *parent) {
    Region *r = NEW(m->g->arena, Region);
    r->parent = parent;
    r->depth = parent ? parent->depth + 1 : 0;
    return r;
}

static Region *common(Region *a, Region *b) {
    while (a->depth > b->depth) a = a->parent;
    while (b->depth > a->depth) b = b->parent;
    while (a != b) a = a->parent, b = b->parent;
    return a;
}

static void demand(Maker *m, Expr *e, Region *by) {
    if (!e) return;
    Node *node = node_of(m, e);
    for (Demand *d = node->demands; d; d = d->next)
        if (d->by == by) return;
    Demand *d = NEW(m->g->arena, Demand);
    *d = (Demand){by, node->demands};
    node->demands = d;
}

static void place(Maker *m, Region *region, uint32_t node, bool ensure) {
    Item *item = NEW(m->g->arena, Item);
    *item = (Item){node, ensure, region->items};
    region->items = item;
}

/* The region that the node is computed in. */
static Region *settle(Maker *m, uint32_t k) {
    Node *node = &m->node[k];
    Region *nearest = node->demands->by;
    for (Demand *d = node->demands->next; d; d = d->next) nearest = common(nearest, d->by);
    for (Demand *d = node->demands; d; d = d->next)
        if (d->by == nearest) {
            place(m, nearest, k, false);
            return nearest;
        }
    node->block = region_new(m, nearest);
    node->block_number = m->code->n_blocks++;
    vec_push(m->g->arena, &m->blocks, k);
    for (Demand *d = node->demands; d; d = d->next) place(m, d->by, k, true);
    place(m, node->block, k, false);
    return node->block;
}

static void demand_arguments(Maker *m, Node *node, Region *region) {
    Expr *e = node->e;
    if (e->kind == EXPR_SELECT) {
        demand(m, e->arg[0], region);
        for (uint32_t k = 0; k < 2; k++) demand(m, e->arg[k + 1], node->inner[k] = region_new(m, region));
        return;
    }
    for (uint32_t k = 0; k < e->n; k++) demand(m, e->arg[k], region);
    if (e->fill) demand(m, e->fill, node->inner[0] = region_new(m, region));
}

static bool is_loaded_once(const Expr *e) { return e->kind == EXPR_CONST || e->kind == EXPR_DIM; }

static void settle_all(Maker *m) {
    for (uint32_t k = m->n; k-- > 0;) {
        Node *node = &m->node[k];
        if (!node->demands || is_loaded_once(node->e)) continue;
        demand_arguments(m, node, settle(m, k));
    }
}

/* ---- instructions ------------------------------------------------------------------------------------------ */
static Operand operand(Maker *m, const Expr *e) {
    return node_of(m, e)->reg | (e->type == TYPE_INT ? OPERAND_WHOLE : 0);
}

static uint32_t emit(Maker *m, InstrKind kind, uint32_t out, uint32_t what, Expr *const *args, uint32_t n) {
    Instr instr = {.kind = kind, .out = out, .what = what, .n = n, .args = m->code->operands.n};
    for (uint32_t k = 0; k < n; k++) vec_push(m->g->arena, &m->code->operands, operand(m, args[k]));
    vec_push(m->g->arena, &m->code->instrs, instr);
    return m->code->instrs.n - 1;
}

static void here(Maker *m, uint32_t instr) { m->code->instrs.at[instr].to = m->code->instrs.n; }

static void emit_region(Maker *, Region *);

static void emit_move(Maker *m, const Node *to, Expr *from) {
    emit(m, DO_MOVE, to->reg, to->e->type == TYPE_REAL, &from, 1);
}

static void emit_select(Maker *m, Node *node) {
    Expr *e = node->e;
    uint32_t branch = emit(m, DO_BRANCH, 0, 0, e->arg, 1);
    emit_region(m, node->inner[0]);
    emit_move(m, node, e->arg[1]);
    uint32_t jump = emit(m, DO_JUMP, 0, 0, NULL, 0);
    here(m, branch);
    emit_region(m, node->inner[1]);
    emit_move(m, node, e->arg[2]);
    here(m, jump);
}

static uint32_t tensor_number(Maker *m, Tensor *t) {
    uintptr_t known = (uintptr_t)map_get(m->tensors, t);
    if (known) return (uint32_t)(known - 1);
    vec_push(m->g->arena, &m->code->tensors, t);
    map_put(m->tensors, t, (void *)(uintptr_t)m->code->tensors.n);
    return m->code->tensors.n - 1;
}

/* What a read inside gives is an integer where its tensor is; the node may be real because of its fill. */
static void emit_read(Maker *m, Node *node) {
    Expr *e = node->e;
    uint32_t read = emit(m, DO_READ, node->reg, tensor_number(m, e->of.tensor), e->arg, e->n);
    if (!e->fill) return;
    emit_region(m, node->inner[0]);
    emit_move(m, node, e->fill);
    here(m, read);
}

static uint32_t place_of_index(const Maker *m, uint32_t index) {
    for (uint32_t k = 0; m->domain && k < m->domain->n; k++)
        if (m->domain->range[k].index == index) return k;
    return UINT32_MAX;
}

static void emit_node(Maker *m, Node *node) {
    Expr *e = node->e;
    switch (e->kind) {
    case EXPR_INDEX: emit(m, DO_INDEX, node->reg, place_of_index(m, e->of.number), NULL, 0); break;
    case EXPR_OP: emit(m, op_is_draw(m->g, e->of.number) ? DO_DRAW : e->type == TYPE_REAL ? DO_REAL : DO_WHOLE, node->reg, e->of.number, e->arg, e->n); break;
    case EXPR_READ: emit_read(m, node); break;
    case EXPR_SELECT: emit_select(m, node); break;
    default: break; /* loaded once; placeholders occur in rows of the operator table alone */
    }
}

static void emit_region(Maker *m, Region *region) {
    for (Item *item = region->items; item; item = item->next) {
        Node *node = &m->node[item->node];
        if (!item->ensure) {
            emit_node(m, node);
            continue;
        }
        vec_push(m->g->arena, &m->ensures, emit(m, DO_ENSURE, 0, node->block_number, NULL, 0));
    }
}

/* Blocks follow the main line, each ended by a return; the main line ends where the first begins. */
static void emit_blocks(Maker *m) {
    emit(m, DO_RETURN, 0, 0, NULL, 0);
    uint32_t *start = NEW_ARRAY(m->g->arena, uint32_t, m->blocks.n + 1);
    for (uint32_t k = 0; k < m->blocks.n; k++) {
        start[k] = m->code->instrs.n;
        emit_region(m, m->node[m->blocks.at[k]].block);
        emit(m, DO_RETURN, 0, 0, NULL, 0);
    }
    for (uint32_t k = 0; k < m->ensures.n; k++) {
        Instr *instr = &m->code->instrs.at[m->ensures.at[k]];
        instr->to = start[instr->what];
    }
}

/* The file's own operators are replaced by what they stand for. */
static Expr *expand(Graph *g, Expr *root) {
    if (!root || op_count(g) == N_OPS) return root;
    for (;;) {
        ExprList all = expr_walk(g, &root, 1);
        Subst *s = subst_new(g);
        bool found = false;
        for (uint32_t k = 0; k < all.n; k++) {
            Expr *e = all.at[k];
            if (e->kind != EXPR_OP || e->of.number < N_OPS) continue;
            subst_expr(s, e, op_expand(g, e));
            found = true;
        }
        if (!found) return root;
        root = subst_apply(s, root);
    }
}

static void number_nodes(Maker *m, ExprList all) {
    Code *code = m->code;
    m->n = all.n;
    m->node = NEW_ARRAY(m->g->arena, Node, all.n + 1);
    m->number = map_new(m->g->arena);
    for (uint32_t k = 0; k < all.n; k++) {
        Expr *e = all.at[k];
        m->node[k] = (Node){.e = e, .reg = code->n_regs++};
        map_put(m->number, e, (void *)(uintptr_t)(k + 1));
        if (!is_loaded_once(e)) continue;
        vec_push(m->g->arena, &code->constants, (ConstantReg){m->node[k].reg, e});
    }
}

Code *code_make(Graph *g, const Domain *domain, Expr *const *roots, uint32_t n) {
    Code *code = NEW(g->arena, Code);
    Maker m = {.g = g, .code = code, .domain = domain, .tensors = map_new(g->arena)};
    Expr **root = NEW_ARRAY(g->arena, Expr *, n + 1);
    for (uint32_t k = 0; k < n; k++) root[k] = expand(g, roots[k]);
    number_nodes(&m, expr_walk(g, root, n));
    Region *top = region_new(&m, NULL);
    for (uint32_t k = 0; k < n; k++) demand(&m, root[k], top);
    settle_all(&m);
    emit_region(&m, top);
    emit_blocks(&m);
    code->root = NEW_ARRAY(g->arena, Operand, n + 1);
    code->n_roots = n;
    for (uint32_t k = 0; k < n; k++) code->root[k] = root[k] ? operand(&m, root[k]) : UINT32_MAX;
    code->is_constant = code->instrs.n == 1;
    return code;
}
