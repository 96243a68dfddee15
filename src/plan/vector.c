/* Local sums, and loops for vector lanes.
 *
 *     LOOP k { s[i] += v[k]*a[i,k] }      ->      s_i = 0;  LOOP k { s_i += v[k]*a[i,k] };  s[i] = s_i
 *
 * An innermost loop whose turns write different elements may run in vector lanes; sums into local scalars are
 * named in its pragma, which is what allows the compiler to reorder them. */
#include "graph/ops.h"
#include "plan/fuse.h"
#include "plan/nest.h"
#include "plan/storage.h"

Tensor *plan_local(Function *f, const Tensor *like, const char *suffix) {
    Graph *g = f->graph;
    Tensor *t = graph_add_tensor(g, name_printf(g->names, "%s_%s", like->name, suffix), like->type, ROLE_PART, like->op, 0, NULL, like->span);
    t->name = name_printf(g->names, "%s_%s", like->name, suffix); /* other functions have theirs */
    Buffer **more = NEW_ARRAY(g->arena, Buffer *, g->tensors.n + 1);
    for (uint32_t k = 0; k < f->n_tensors; k++) more[k] = f->buffer[k];
    f->buffer = more;
    f->n_tensors = g->tensors.n;
    Buffer *b = f->buffer[t->number] = NEW(g->arena, Buffer);
    b->tensor = t;
    b->place = PLACE_LOCAL;
    b->kept = NEW_ARRAY(g->arena, bool, 1);
    return t;
}

/* The one statement at the bottom of a chain of loops and tests, each with a single child; NULL otherwise. */
static Tree *bottom(Tree *n) {
    while (n && (n->kind == TREE_LOOP || n->kind == TREE_IF)) {
        if (!n->body || n->body->next) return NULL;
        n = n->body;
    }
    return n && n->kind == TREE_SET ? n : NULL;
}

static bool same_subs(const Tree *a, const Tree *b) {
    for (uint32_t k = 0; k < a->as.set.to->rank; k++)
        if (a->as.set.subs[k] != b->as.set.subs[k]) return false;
    return true;
}

/* SET T[s] = identity; LOOP … SET T[s] op= v */
static void use_local_sum(Function *f, Tree *start) {
    Tree *loop = start->next, *last = loop && loop->kind == TREE_LOOP ? bottom(loop) : NULL;
    if (start->kind != TREE_SET || !last || last->as.set.to != start->as.set.to || last->as.set.op == COMBINE_SET) return;
    if (f->buffer[start->as.set.to->number]->place == PLACE_LOCAL || !same_subs(start, last)) return;
    Graph *g = f->graph;
    Tensor *local = plan_local(f, start->as.set.to, "acc");
    Tree *store = tree_new(g->arena, TREE_SET, start->why);
    store->as = start->as;
    store->as.set.value = expr_read(g, local, NULL, NULL);
    start->as.set.to = last->as.set.to = local;
    start->as.set.subs = last->as.set.subs = NULL;
    store->next = loop->next;
    loop->next = store;
}

static bool writes_apart(Graph *g, const Tree *set, Expr *index) {
    for (uint32_t k = 0; k < set->as.set.to->rank; k++)
        if (set->as.set.subs[k] == index) return true;
    (void)g;
    return false;
}

/* Is the tensor read anywhere in the list? A sum that is looked at inside its loop cannot wait for the end. */
static bool read_in(Graph *g, const Tree *list, const Tensor *t) {
    for (const Tree *n = list; n; n = n->next) {
        ExprList all = tree_reads(g, n);
        for (uint32_t k = 0; k < all.n; k++)
            if (all.at[k]->kind == EXPR_READ && all.at[k]->of.tensor == t) return true;
    }
    return false;
}

static void mark_loop(Function *f, Tree *loop) {
    Graph *g = f->graph;
    Expr *index = expr_index(g, loop->as.loop.index);
    VEC(Tensor *) sums = {0};
    if (!loop->why && loop->as.loop.down) return;
    for (const Tree *n = loop->body; n; n = n->next) {
        if (n->kind != TREE_SET) return;
        Tensor *t = n->as.set.to;
        bool local = f->buffer[t->number]->place == PLACE_LOCAL;
        if (writes_apart(g, n, index)) continue;
        if (local && n->as.set.op == COMBINE_SET) continue;
        if (!local || n->as.set.op != COMBINE_ADD || t->type != TYPE_REAL || read_in(g, loop->body, t)) return;
        bool known = false;
        for (uint32_t k = 0; k < sums.n; k++) known |= sums.at[k] == t;
        if (!known) vec_push(g->arena, &sums, t);
    }
    loop->as.loop.how = LOOP_SIMD;
    loop->as.loop.sums = sums.at;
    loop->as.loop.n_sums = sums.n;
}

static void use_sums_in(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        use_local_sum(f, n);
        if (n->body) use_sums_in(f, n->body);
    }
}

static void mark_list(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP && n->why) mark_loop(f, n);
        if (n->body) mark_list(f, n->body);
    }
}

void use_local_sums(Function *f) { use_sums_in(f, f->body); }
void mark_loops(Function *f) { mark_list(f, f->body); }
