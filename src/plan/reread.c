/* Loops whose turns read again what they wrote.
 *
 *     LOOP i { z[i,0] += a[i]; z[i,1] += b[i]; s[i] = z[i,0] + z[i,1] }
 *
 * From turn to turn the elements of z are two apart. Clang before 17 makes one access for all turns of each run of loads that
 * it finds, and puts it where the first of them stood, before stores that the later ones should follow (LLVM's issue 63602).
 * Inner loops of fixed length are unrolled before that, so they count as written out.
 *
 * Safe are: reads before all writes, reads after all writes, and a read and a write of each element in turn that no other
 * read follows. A read of what the last statement wrote is no read: compilers keep the value. */
#include "graph/affine.h"
#include "plan/fuse.h"
#include "plan/storage.h"

/* How statements in a row touch a tensor. ADDS: each element is read and then written. */
typedef enum { NOTHING, READS, WRITES, ADDS, READS_WRITES, WRITES_READS, REREADS, N_TOUCHINGS } Touching;

static const Touching then[N_TOUCHINGS][N_TOUCHINGS] = {
    /*                  NOTHING       READS         WRITES        ADDS          READS_WRITES  WRITES_READS  REREADS */
    [NOTHING]      = {NOTHING,      READS,        WRITES,       ADDS,         READS_WRITES, WRITES_READS, REREADS},
    [READS]        = {READS,        READS,        READS_WRITES, READS_WRITES, READS_WRITES, REREADS,      REREADS},
    [WRITES]       = {WRITES,       WRITES_READS, WRITES,       ADDS,         REREADS,      WRITES_READS, REREADS},
    [ADDS]         = {ADDS,         REREADS,      READS_WRITES, REREADS,      REREADS,      REREADS,      REREADS},
    [READS_WRITES] = {READS_WRITES, REREADS,      READS_WRITES, REREADS,      REREADS,      REREADS,      REREADS},
    [WRITES_READS] = {WRITES_READS, WRITES_READS, REREADS,      REREADS,      REREADS,      WRITES_READS, REREADS},
    [REREADS]      = {REREADS,      REREADS,      REREADS,      REREADS,      REREADS,      REREADS,      REREADS},
};
/* The same statements over and over, for one element after the other. */
static const Touching again[N_TOUCHINGS] = {NOTHING, READS, WRITES, ADDS, REREADS, REREADS, REREADS};

typedef struct {
    const Tensor *tensor;
    Touching how;
} Touch;
typedef VEC(Touch *) Touches; /* few: those of one loop's body */

typedef struct {
    Function *f;
    Expr *index;      /* of the loop */
    bool written_out; /* all inner loops are of fixed length */
    bool next_door;   /* a turn reads what the turn beside it has */
} Turn;

static void touch(Turn *turn, Map *found, Touches *all, const Tensor *t, Touching how) {
    Touch *it = map_get(found, t);
    if (!it) {
        it = NEW(turn->f->graph->arena, Touch);
        it->tensor = t;
        map_put(found, t, it);
        vec_push(turn->f->graph->arena, all, it);
    }
    it->how = then[it->how][how];
}

static bool fixed_length(const Range *r) { return r->n_lo == 1 && r->n_hi == 1 && r->lo[0]->kind == EXPR_CONST && r->hi[0]->kind == EXPR_CONST; }

/* Are the elements for one turn of the loop after the other neither one element nor side by side? */
static bool strides(const Turn *turn, const Tensor *t, Expr *const *subs) {
    Graph *g = turn->f->graph;
    const Buffer *b = turn->f->buffer[t->number];
    if (!b || b->place == PLACE_LOCAL) return false;
    for (uint32_t k = 0; k < t->rank; k++)
        if (expr_uses_index(g, subs[k], turn->index->of.number)) return k + 1 < t->rank || subs[k] != turn->index;
    return false;
}

static bool reads_next_door(const Turn *turn, const Expr *read) {
    Graph *g = turn->f->graph;
    for (uint32_t k = 0; k < read->n; k++)
        if (affine_equal(g, read->arg[k], expr_add(g, turn->index, expr_int(g, -1))) || affine_equal(g, read->arg[k], expr_add(g, turn->index, expr_int(g, 1))))
            return true;
    return false;
}

static bool just_written(const Tree *last, const Expr *read) {
    if (!last || last->as.set.to != read->of.tensor) return false;
    for (uint32_t k = 0; k < read->n; k++)
        if (last->as.set.subs[k] != read->arg[k]) return false;
    return true;
}

static void look_at_statement(Turn *turn, Map *found, Touches *all, const Tree *n, const Tree **last) {
    const Tensor *t = n->as.set.to;
    ExprList nodes = tree_reads(turn->f->graph, n);
    for (uint32_t k = 0; k < nodes.n; k++) {
        const Expr *x = nodes.at[k];
        if (x->kind != EXPR_READ) continue;
        turn->next_door |= reads_next_door(turn, x);
        if (strides(turn, x->of.tensor, x->arg) && !just_written(*last, x)) touch(turn, found, all, x->of.tensor, READS);
    }
    if (strides(turn, t, n->as.set.subs)) touch(turn, found, all, t, n->as.set.op == COMBINE_SET ? WRITES : ADDS);
    if (turn->f->buffer[t->number]->place != PLACE_LOCAL) *last = n;
}

static void look_at(Turn *turn, Map *found, Touches *all, const Tree *list) {
    const Tree *last = NULL; /* the last statement of this list that stored */
    for (const Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_SET) {
            look_at_statement(turn, found, all, n, &last);
            continue;
        }
        last = NULL;
        turn->written_out &= n->kind == TREE_IF || (n->kind == TREE_LOOP && fixed_length(&n->as.loop.range));
        if (!turn->written_out) return;
        Touches inner = {0};
        look_at(turn, map_new(turn->f->graph->arena), &inner, n->body);
        for (uint32_t k = 0; k < inner.n; k++) touch(turn, found, all, inner.at[k]->tensor, n->kind == TREE_LOOP ? again[inner.at[k]->how] : inner.at[k]->how);
    }
}

static void mark_list(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->body) mark_list(f, n->body);
        if (n->kind != TREE_LOOP) continue;
        Turn turn = {f, expr_index(f->graph, n->as.loop.index), true, false};
        Touches all = {0};
        look_at(&turn, map_new(f->graph->arena), &all, n->body);
        if (!turn.written_out || (turn.next_door && !n->why)) continue; /* a recurrence of lag 1 does not become vectors */
        for (uint32_t k = 0; k < all.n; k++) n->as.loop.rereads |= all.at[k]->how == REREADS;
    }
}

void mark_rereads(Function *f) { mark_list(f, f->body); }
