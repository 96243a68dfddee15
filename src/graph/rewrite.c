/* Rewriting expressions from the leaves up, each distinct node once. */
#include "graph/rewrite.h"

#include "graph/ops.h"

#include <string.h>

#include "graph/affine.h"

struct Rewriter {
    Graph *g;
    Rule *rule;
    void *with;
    Expr **memo; /* by id */
    uint32_t room;
};

Rewriter *rewriter_new(Graph *g, Rule *rule, void *with) {
    Rewriter *r = NEW(g->stage, Rewriter);
    *r = (Rewriter){g, rule, with, NULL, 0};
    return r;
}

static Expr *known(const Rewriter *r, const Expr *e) { return e->id < r->room ? r->memo[e->id] : NULL; }

static void remember(Rewriter *r, const Expr *e, Expr *made) {
    if (e->id >= r->room) {
        uint32_t room = e->id + e->id / 2 + 256;
        Expr **memo = NEW_ARRAY(r->g->stage, Expr *, room);
        if (r->room) memcpy(memo, r->memo, r->room * sizeof *memo);
        r->memo = memo;
        r->room = room;
    }
    r->memo[e->id] = made;
}

static Expr *rebuild(Rewriter *r, Expr *e) {
    Graph *g = r->g;
    Expr *small[8], **args = e->n <= 8 ? small : NEW_ARRAY(g->arena, Expr *, e->n);
    Expr *fill = e->fill ? known(r, e->fill) : NULL;
    bool same = fill == e->fill;
    for (uint32_t k = 0; k < e->n; k++) {
        args[k] = known(r, e->arg[k]);
        same &= args[k] == e->arg[k];
    }
    if (same) return e;
    switch (e->kind) {
    case EXPR_READ: return expr_read(g, e->of.tensor, args, fill);
    case EXPR_OP: return expr_op(g, e->of.number, args, e->n);
    case EXPR_SELECT: return expr_select(g, args[0], args[1], args[2]);
    default: return e;
    }
}

Expr *rewrite(Rewriter *r, Expr *e) {
    if (!e) return NULL;
    if (known(r, e)) return known(r, e);
    const ArenaMark mark = arena_mark(r->g->lists);
    ExprList all = expr_walk(r->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++) {
        if (known(r, all.at[k])) continue;
        Expr *x = rebuild(r, all.at[k]);
        for (int turn = 0; turn < 16; turn++) { /* until nothing applies; the bound is a net, rules do terminate */
            Expr *next = r->rule(r->g, x, r->with);
            if (next == x) break;
            x = next;
        }
        remember(r, all.at[k], x);
    }
    arena_release(r->g->lists, mark);
    return known(r, e);
}

void rewrite_graph(Rewriter *r) {
    for (uint32_t k = 0; k < r->g->tensors.n; k++)
        for (Equation *e = r->g->tensors.at[k]->pieces; e; e = e->next) {
            e->body = rewrite(r, e->body);
            e->domain.guard = rewrite(r, e->domain.guard);
            e->label = rewrite(r, e->label);
        }
}

/* The last operand first: in a long chain that is the small one, and one look tells. */
static bool uniform_below(const Expr *e, int depth) {
    if (e->kind == EXPR_CONST || e->kind == EXPR_DIM) return true;
    if (e->kind != EXPR_OP || depth == 0) return false;
    for (uint32_t k = e->n; k-- > 0;)
        if (!uniform_below(e->arg[k], depth - 1)) return false;
    return true;
}

bool is_uniform(Graph *g, Expr *e) {
    (void)g;
    return uniform_below(e, 32);
}

bool covers_tensor(Graph *g, const Equation *e) {
    const Tensor *t = e->target;
    if (e->domain.guard || e->domain.n != t->rank) return false;
    for (uint32_t k = 0; k < t->rank; k++) {
        const Range *r = NULL;
        for (uint32_t d = 0; d < e->domain.n; d++)
            if (e->subs[k]->kind == EXPR_INDEX && e->subs[k]->of.number == e->domain.range[d].index) r = &e->domain.range[d];
        if (!r || r->n_lo != 1 || r->n_hi != 1 || !expr_is_int(r->lo[0], 0) || !affine_equal(g, r->hi[0], t->extent[k])) return false;
        for (uint32_t j = 0; j < k; j++)
            if (e->subs[j] == e->subs[k]) return false;
    }
    return true;
}

Equation *plain_definition(Graph *g, const Tensor *t) {
    return t->pieces && !t->pieces->next && covers_tensor(g, t->pieces) ? t->pieces : NULL;
}
