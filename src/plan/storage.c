/* Storage: a buffer keeps exactly the axes whose loops its definition and its uses do not all share.
 *
 *     LOOP i { LOOP k { SET z[i,k]; SET a[i,k] reads z[i,k] } }        z keeps no axis: a local scalar
 *     LOOP i { LOOP k { SET z[i,k] } }  LOOP i { … reads z[i,k] }      z keeps both: an array in the workspace
 *
 * Workspace arrays of equal size whose lives do not overlap share a slot. Lives are counted in the function's
 * outermost statements. */
#include "plan/storage.h"

#include <stdlib.h>
#include <string.h>

#include "graph/ops.h"
#include "plan/call.h"

/* ---- walking the tree ----------------------------------------------------------------------------------------- */
static void visit_list(Tree *list, const Visit *around, void (*visit)(Tree *, const Visit *, void *), void *with) {
    Visit here = *around;
    for (Tree *n = list; n; n = n->next) {
        visit(n, &here, with);
        if (n->body) {
            Visit inner = {around, n, here.top};
            visit_list(n->body, &inner, visit, with);
        }
        if (!around->outer && !around->node) here.top++;
    }
}

void tree_visit(Tree *list, void (*visit)(Tree *, const Visit *, void *), void *with) {
    Visit top = {NULL, NULL, 0};
    visit_list(list, &top, visit, with);
}

bool tree_sets(const Tree *list, const Tensor *t) {
    for (const Tree *n = list; n; n = n->next)
        if ((n->kind == TREE_SET && n->as.set.to == t) || (n->body && tree_sets(n->body, t))) return true;
    return false;
}

Combine tree_combines(const Tree *loop, const Tensor *t) {
    for (const Tree *n = loop->body; n; n = n->next)
        if (n->kind == TREE_SET && n->as.set.to == t && n->as.set.op != COMBINE_SET) return n->as.set.op;
    return COMBINE_SET;
}

bool tree_constant(const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    return r->n_lo == 1 && r->n_hi == 1 && r->lo[0]->kind == EXPR_CONST && r->hi[0]->kind == EXPR_CONST;
}

bool tree_plain(const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    return loop->kind == TREE_LOOP && loop->why && loop->as.loop.how == LOOP_SEQUENTIAL && !loop->as.loop.in_turn && !loop->as.loop.down && r->n_lo == 1 && r->n_hi == 1;
}

double tree_turns(const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    return r->lo[0]->kind == EXPR_CONST && r->hi[0]->kind == EXPR_CONST ? (double)(r->hi[0]->of.integer - r->lo[0]->of.integer) : USUAL_DIM;
}

ExprList tree_reads(Graph *g, const Tree *n) {
    VEC(Expr *) roots = {0};
    if (n->kind == TREE_SET) {
        vec_push(g->lists, &roots, n->as.set.value);
        for (uint32_t k = 0; k < n->as.set.to->rank; k++) vec_push(g->lists, &roots, n->as.set.subs[k]);
    } else if (n->kind == TREE_IF) {
        vec_push(g->lists, &roots, n->as.test.condition);
    } else if (n->kind == TREE_LOOP) {
        for (uint32_t k = 0; k < n->as.loop.range.n_lo; k++) vec_push(g->lists, &roots, n->as.loop.range.lo[k]);
        for (uint32_t k = 0; k < n->as.loop.range.n_hi; k++) vec_push(g->lists, &roots, n->as.loop.range.hi[k]);
    } else if (n->kind == TREE_CALL) {
        for (uint32_t k = 0; k < call_batch(n->as.call.to); k++) vec_push(g->lists, &roots, n->as.call.subs[k]);
    }
    return expr_walk(g, roots.at, roots.n);
}

/* ---- how arrays lie in memory ------------------------------------------------------------------------------------ */
/* The first example of the block, for tensors of which only a block is kept along this axis; else NULL. */
static Expr *storage_first(const Function *f, const Tensor *t, uint32_t axis) {
    const Blocks *b = f->blocks;
    return b && t->number < b->n_tensors && b->first[t->number] && b->axis[t->number] == axis + 1 ? b->first[t->number] : NULL;
}

Expr *storage_extent(const Function *f, const Tensor *t, uint32_t axis) {
    return storage_first(f, t, axis) ? expr_int(f->graph, f->blocks->size) : t->extent[axis];
}

/* The axis that stands at this place in memory, outermost first: lanes are the last. */
static uint32_t storage_axis(const Function *f, const Tensor *t, uint32_t place) {
    const Blocks *b = f->blocks;
    if (!b || !b->lanes || t->number >= b->n_tensors || !b->first[t->number]) return place;
    const uint32_t lanes = b->axis[t->number] - 1;
    return place + 1 == t->rank ? lanes : place < lanes ? place : place + 1;
}

uint32_t storage_places(const Function *f, const Tensor *t, Expr *const *subs, const bool *kept, Digit *places) {
    Graph *g = f->graph;
    uint32_t n = 0;
    for (uint32_t k = 0; k < t->rank; k++) {
        const uint32_t axis = storage_axis(f, t, k);
        if (kept && !kept[axis]) continue;
        Expr *first = storage_first(f, t, axis);
        Expr *sub = !first ? subs[axis] : subs[axis] == first ? expr_int(g, 0) : expr_sub(g, subs[axis], first);
        places[n++] = (Digit){sub, storage_extent(f, t, axis)};
    }
    return join_digits(g, places, n);
}

/* ---- what is touched where -------------------------------------------------------------------------------------- */
typedef struct {
    VEC(const Tree *) path; /* loops around every touch so far, outermost first */
    Expr **subs;            /* of the first touch */
    VEC(Expr *) odd;        /* subscripts that differ between touches, such as t and t - 1 */
    bool *kept;
    bool seen, read;
    bool shifted; /* some of these are more than indices */
    bool untested; /* written in a block of lanes, whether the caller wants it or not */
    uint32_t writes;
} Use;

typedef struct {
    Function *f;
    Graph *g;
    Use *use; /* by tensor number */
    const Goal **goal; /* by tensor number: the one goal that takes the tensor where it is computed; or NULL */
    uint32_t top;
} Scan;

static uint32_t path_of(const Visit *v, const Tree **loops, uint32_t room) {
    uint32_t n = 0;
    for (; v && v->node; v = v->outer)
        if (v->node->kind == TREE_LOOP && n < room) loops[n++] = v->node;
    for (uint32_t k = 0; k < n / 2; k++) {
        const Tree *swap = loops[k];
        loops[k] = loops[n - 1 - k];
        loops[n - 1 - k] = swap;
    }
    return n;
}

static Buffer *buffer_of(Scan *s, Tensor *t, uint32_t top) {
    Buffer *b = s->f->buffer[t->number];
    if (!b) {
        b = s->f->buffer[t->number] = NEW(s->g->arena, Buffer);
        b->tensor = t;
        b->kept = NEW_ARRAY(s->g->arena, bool, t->rank + 1);
        b->born = top;
    }
    b->dies = top;
    return b;
}

static bool over_blocks(const Tree *loop) { return loop->as.loop.how == LOOP_BLOCK || loop->as.loop.how == LOOP_SHARE; }

/* An axis may be dropped while every touch has for it the index of the same shared loop. */
static void touch(Scan *s, Tensor *t, Expr *const *subs, const Visit *v, bool write) {
    const Tree *loops[64];
    uint32_t n = path_of(v, loops, 64);
    buffer_of(s, t, v->top);
    Use *u = &s->use[t->number];
    if (write) u->writes++;
    else u->read = true;
    u->untested |= write && s->f->blocks && s->f->blocks->lanes && n > 0 && over_blocks(loops[0]);
    if (!u->seen) {
        u->seen = true;
        u->subs = (Expr **)(uintptr_t)subs;
        u->kept = NEW_ARRAY(s->g->stage, bool, t->rank + 1);
        for (uint32_t k = 0; k < n; k++) vec_push(s->g->stage, &u->path, loops[k]);
    }
    uint32_t shared = 0;
    while (shared < n && shared < u->path.n && u->path.at[shared] == loops[shared]) shared++;
    u->path.n = shared;
    for (uint32_t k = 0; k < t->rank; k++) {
        if (subs[k] == u->subs[k]) continue;
        u->kept[k] = true;
        u->shifted |= subs[k]->kind != EXPR_INDEX || u->subs[k]->kind != EXPR_INDEX;
        vec_push(s->g->stage, &u->odd, subs[k]);
        vec_push(s->g->stage, &u->odd, u->subs[k]);
    }
}

/* Loops from the outermost on whose turns share nothing through the tensor. A loop that carries values from one
 * turn to another (t and t - 1) ends them: what is inside is run anew each turn, and its axes must be kept. A loop over time or
 * its segments carries whatever is looked at from two places, for its own index may stand in the bounds of others. */
static uint32_t loops_apart(Graph *g, const Use *u) {
    for (uint32_t k = 0; k < u->path.n; k++) {
        if (u->shifted && !u->path.at[k]->why && !over_blocks(u->path.at[k])) return k;
        for (uint32_t o = 0; o < u->odd.n; o++)
            if (expr_uses_index(g, u->odd.at[o], u->path.at[k]->as.loop.index)) return k;
    }
    return u->path.n;
}

static bool is_loop_index(const Use *u, uint32_t loops, const Expr *sub) {
    for (uint32_t k = 0; k < loops; k++)
        if (sub->kind == EXPR_INDEX && u->path.at[k]->as.loop.index == sub->of.number) return true;
    return false;
}

/* A call wants whole matrices at one place of the batch. */
static void touch_matrix(Scan *s, Tensor *t, const Tree *n, uint32_t n_batch, const Visit *v, bool write) {
    Expr **subs = NEW_ARRAY(s->g->arena, Expr *, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++) subs[k] = k < n_batch ? n->as.call.subs[k] : expr_int(s->g, 0);
    touch(s, t, subs, v, write);
    for (uint32_t k = n_batch; k < t->rank; k++) s->use[t->number].kept[k] = true;
}

static void touch_call(Scan *s, const Tree *n, const Visit *v) {
    Tensor *to = n->as.call.to;
    for (uint32_t k = 0; k < to->call->n; k++) touch_matrix(s, to->call->arg[k], n, call_batch(to), v, false);
    touch_matrix(s, to, n, call_batch(to), v, true);
    for (uint32_t k = 0; k < 2; k++)
        if (to->call->scratch[k]) touch_matrix(s, to->call->scratch[k], n, 0, v, true);
}

static void scan_node(Tree *n, const Visit *v, void *with) {
    Scan *s = with;
    s->top = v->top;
    const ArenaMark mark = arena_mark(s->g->lists);
    ExprList all = tree_reads(s->g, n);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ) touch(s, all.at[k]->of.tensor, all.at[k]->arg, v, false);
    arena_release(s->g->lists, mark);
    if (n->kind == TREE_SET) touch(s, n->as.set.to, n->as.set.subs, v, true);
    if (n->kind == TREE_CALL) touch_call(s, n, v);
    if (n->kind == TREE_KERNEL) {
        touch(s, n->as.product.a, n->as.product.a_subs, v, false);
        touch(s, n->as.product.b, n->as.product.b_subs, v, false);
        touch(s, n->as.product.c, n->as.product.c_subs, v, true);
        for (int k = 0; k < 3; k++) { /* a kernel wants its arrays whole */
            Tensor *t = k == 0 ? n->as.product.a : k == 1 ? n->as.product.b : n->as.product.c;
            for (uint32_t a = 0; a < t->rank; a++) s->use[t->number].kept[a] = true;
        }
    }
    if (n->kind == TREE_IF)
        for (uint32_t k = 0; k < n->as.test.n_wanted; k++) buffer_of(s, n->as.test.wanted[k]->tensor, v->top);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */
static bool supplied(const Tensor *t) {
    return t->role == ROLE_INPUT || t->role == ROLE_PARAM || t->role == ROLE_STATE || t->role == ROLE_SEED;
}

static const Goal **only_goals(const Function *f, uint32_t n_tensors) {
    const Goal **only = NEW_ARRAY(f->graph->stage, const Goal *, n_tensors + 1);
    bool *shared = NEW_ARRAY(f->graph->stage, bool, n_tensors + 1);
    if (f->kind == FUNCTION_UPDATE) return only; /* states keep their values to the end of a step */
    for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) {
        const Goal *goal = k < f->n_outputs ? &f->outputs[k] : &f->results[k - f->n_outputs];
        const Tensor *t = goal->tensor;
        shared[t->number] |= only[t->number] || (k < f->n_outputs && t->rank == 0);
        only[t->number] = shared[t->number] ? NULL : goal;
    }
    return only;
}

static bool is_kept(const Function *f, const Tensor *t) { return f->kept && t->number < f->n_kept && f->kept[t->number]; }

static bool from_before(const Function *f, const Tensor *t) {
    return f->before && is_kept(f->before, t);
}

/* The loop on threads, if there is one, of which each turn has the array for itself. */
static const Tree *owner(const Function *f, const Tensor *t, const Buffer *b, const Use *u) {
    const bool whole = f->blocks && t->number < f->blocks->n_tensors && f->blocks->axis[t->number] && !f->blocks->first[t->number];
    for (uint32_t k = 0; k < u->path.n; k++) {
        const Tree *loop = u->path.at[k];
        if (!loop->as.loop.threads || (whole && loop->as.loop.how == LOOP_SHARE)) continue;
        bool apart = false;
        for (uint32_t a = 0; a < t->rank; a++) apart |= b->kept[a] && expr_uses_index(f->graph, u->subs[a], loop->as.loop.index);
        return apart ? NULL : loop;
    }
    return NULL;
}

static void place_tensor(Scan *s, Tensor *t, const PlanOptions *options) {
    Function *f = s->f;
    Buffer *b = f->buffer[t->number];
    Use *u = &s->use[t->number];
    uint32_t loops = u->seen ? loops_apart(s->g, u) : 0;
    for (uint32_t k = 0; k < t->rank; k++)
        b->kept[k] = options->level < 2 || !u->seen || u->kept[k] || !is_loop_index(u, loops, u->subs[k]);
    b->goal = s->goal[t->number];
    bool kept = is_kept(f, t);
    if (t->role == ROLE_CONST) b->place = PLACE_CONST;
    else if (supplied(t)) b->place = PLACE_USER;
    else if (b->goal && !kept) b->place = PLACE_USER;
    else b->place = PLACE_WORKSPACE;
    if (b->place != PLACE_WORKSPACE || kept || from_before(f, t))
        for (uint32_t k = 0; k < t->rank; k++) b->kept[k] = true;
    b->fallback = b->place == PLACE_USER && b->goal && (u->read || u->untested);
    if (b->place != PLACE_WORKSPACE || kept || from_before(f, t)) return;
    for (uint32_t k = 0; k < t->rank; k++)
        if (b->kept[k]) {
            b->own = owner(f, t, b, u);
            return;
        }
    b->place = PLACE_LOCAL;
}

/* Goals that are copied out at the end live until then. */
static void keep_goals(Scan *s) {
    Function *f = s->f;
    for (uint32_t k = 0; k < f->n_outputs + f->n_results; k++) {
        Tensor *t = k < f->n_outputs ? f->outputs[k].tensor : f->results[k - f->n_outputs].tensor;
        buffer_of(s, t, f->buffer[t->number] ? f->buffer[t->number]->born : s->top)->dies = UINT32_MAX;
        for (uint32_t a = 0; a < t->rank; a++)
            if (s->use[t->number].seen) s->use[t->number].kept[a] = true;
    }
}

/* ---- slots ------------------------------------------------------------------------------------------------------ */
static Expr **kept_extents(const Function *f, const Buffer *b) {
    Expr **size = NEW_ARRAY(f->graph->arena, Expr *, b->tensor->rank + 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < b->tensor->rank; k++)
        if (b->kept[k]) size[n++] = storage_extent(f, b->tensor, k);
    return size;
}

static bool same_size(Expr **a, Expr **b) {
    for (; *a && *a == *b; a++) b++;
    return !*a && !*b;
}

typedef struct {
    Expr **size;
    Type type;
    bool own;
    uint32_t free_from; /* the first outermost statement that may use the slot anew */
} Slot;

/* Numbers of slots, the least first by key. */
typedef struct { uint32_t key, slot; } Waiting;
typedef struct { VEC(Waiting) of; } Heap;

static bool is_before(Waiting a, Waiting b) { return a.key != b.key ? a.key < b.key : a.slot < b.slot; }

static void heap_push(Arena *arena, Heap *h, Waiting x) {
    vec_push(arena, &h->of, x);
    uint32_t k = h->of.n - 1;
    for (; k > 0 && is_before(x, h->of.at[(k - 1) / 2]); k = (k - 1) / 2) h->of.at[k] = h->of.at[(k - 1) / 2];
    h->of.at[k] = x;
}

static Waiting heap_pop(Heap *h) {
    const Waiting top = h->of.at[0], last = h->of.at[--h->of.n];
    uint32_t k = 0;
    for (uint32_t c = 1; c < h->of.n; c = 2 * k + 1) {
        if (c + 1 < h->of.n && is_before(h->of.at[c + 1], h->of.at[c])) c++;
        if (!is_before(h->of.at[c], last)) break;
        h->of.at[k] = h->of.at[c];
        k = c;
    }
    h->of.at[k] = last;
    return top;
}

/* Slots of one type and size, all for each thread or none: those in use, by the end of that, and those that are free. */
typedef struct Alike Alike;
struct Alike {
    Expr **size;
    Type type;
    bool own;
    Heap busy, free;
    Alike *next;
};

typedef struct {
    Slot *at;
    uint32_t n, room;
    Map *alike; /* hash of type and size -> Alike */
} Slots;

static Alike *alike_of(Graph *g, Slots *slots, Expr **size, Type type, bool own) {
    uint64_t hash = hash_mix(type, own);
    for (Expr **e = size; *e; e++) hash = hash_mix(hash, (*e)->id);
    const void *key = (const void *)(uintptr_t)(hash | 1);
    if (!slots->alike) slots->alike = map_new(g->stage);
    Alike *first = map_get(slots->alike, key), *a = first;
    while (a && (a->type != type || a->own != own || !same_size(a->size, size))) a = a->next;
    if (a) return a;
    a = NEW(g->stage, Alike);
    *a = (Alike){.size = size, .type = type, .own = own, .next = first};
    map_put(slots->alike, key, a);
    return a;
}

static uint32_t add_slot(Graph *g, Slots *slots, Expr **size, Type type, bool own) {
    vec_push(g->stage, slots, (Slot){size, type, own, 0});
    return slots->n - 1;
}

static void occupy(Graph *g, Alike *alike, Slots *slots, uint32_t slot, uint32_t dies) {
    slots->at[slot].free_from = dies == UINT32_MAX ? UINT32_MAX : dies + 1;
    if (dies != UINT32_MAX) heap_push(g->stage, &alike->busy, (Waiting){dies + 1, slot});
}

/* The first slot that is free when the buffer is born. Buffers come in the order of their births. */
static uint32_t take_slot(const Function *f, Slots *slots, const Buffer *b, bool share) {
    Graph *g = f->graph;
    Expr **size = kept_extents(f, b);
    const bool own = b->own != NULL;
    Alike *alike = alike_of(g, slots, size, b->tensor->type, own);
    while (share && alike->busy.of.n && alike->busy.of.at[0].key <= b->born) {
        const uint32_t slot = heap_pop(&alike->busy).slot;
        heap_push(g->stage, &alike->free, (Waiting){slot, slot});
    }
    const uint32_t slot = share && alike->free.of.n ? heap_pop(&alike->free).slot : add_slot(g, slots, size, b->tensor->type, own);
    occupy(g, alike, slots, slot, b->dies);
    return slot;
}

/* Backward goes on with the slots of forward; those that hold the tape are taken throughout. */
static void continue_slots(Function *f, Slots *slots) {
    const Function *before = f->before;
    for (uint32_t k = 0; k < before->n_slots; k++)
        add_slot(f->graph, slots, before->slot_size[k], before->slot_type[k], before->slot_own[k]);
    for (uint32_t k = 0; k < before->n_tensors; k++) {
        if (!before->buffer[k] || !is_kept(before, before->buffer[k]->tensor)) continue;
        slots->at[before->buffer[k]->slot].free_from = UINT32_MAX;
        if (f->buffer[k]) f->buffer[k]->slot = before->buffer[k]->slot;
    }
    for (uint32_t k = 0; k < before->n_slots; k++)
        if (slots->at[k].free_from == 0) heap_push(f->graph->stage, &alike_of(f->graph, slots, slots->at[k].size, slots->at[k].type, slots->at[k].own)->free, (Waiting){k, k});
}

static int by_birth(const void *a, const void *b) {
    const Buffer *x = *(Buffer *const *)a, *y = *(Buffer *const *)b;
    if (x->born != y->born) return x->born < y->born ? -1 : 1;
    return x->tensor->number < y->tensor->number ? -1 : x->tensor->number > y->tensor->number;
}

static void share_slots(Function *f, const PlanOptions *options) {
    Graph *g = f->graph;
    Slots slots = {0};
    if (f->before) continue_slots(f, &slots);
    VEC(Buffer *) list = {0};
    for (uint32_t k = 0; k < f->n_tensors; k++) {
        Buffer *b = f->buffer[k];
        if (b && (b->place == PLACE_WORKSPACE || b->fallback) && !from_before(f, b->tensor)) vec_push(g->arena, &list, b);
    }
    for (uint32_t k = 0; k < list.n; k++) {
        if (is_kept(f, list.at[k]->tensor)) list.at[k]->dies = UINT32_MAX;
        if (list.at[k]->fallback) list.at[k]->born = 0;
    }
    if (list.n > 1) qsort(list.at, list.n, sizeof *list.at, by_birth);
    for (uint32_t k = 0; k < list.n; k++) list.at[k]->slot = take_slot(f, &slots, list.at[k], options->level > 0);
    f->n_slots = slots.n;
    f->slot_size = NEW_ARRAY(g->arena, Expr **, slots.n + 1);
    f->slot_type = NEW_ARRAY(g->arena, Type, slots.n + 1);
    f->slot_own = NEW_ARRAY(g->arena, bool, slots.n + 1);
    for (uint32_t k = 0; k < slots.n; k++) {
        f->slot_size[k] = slots.at[k].size;
        f->slot_type[k] = slots.at[k].type;
        f->slot_own[k] = slots.at[k].own;
    }
}

void place_tensors(Function *f, const PlanOptions *options) {
    Graph *g = f->graph;
    f->n_tensors = f->buffer_room = g->tensors.n;
    f->buffer = NEW_ARRAY(g->arena, Buffer *, g->tensors.n + 1);
    const ArenaMark mark = arena_mark(g->stage);
    Scan s = {.f = f, .g = g, .use = NEW_ARRAY(g->stage, Use, g->tensors.n + 1), .goal = only_goals(f, g->tensors.n)};
    tree_visit(f->body, scan_node, &s);
    keep_goals(&s);
    for (uint32_t k = 0; k < f->n_tensors; k++)
        if (f->buffer[k]) place_tensor(&s, g->tensors.at[k], options);
    share_slots(f, options);
    arena_release(g->stage, mark);
}
