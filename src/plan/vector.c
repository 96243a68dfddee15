/* Local sums, and loops for vector lanes.
 *
 *     s[i] = 0;  LOOP k { s[i] += v[k]*a[i,k] }      ->      s_acc = 0;  LOOP k { s_acc += v[k]*a[i,k] };  s[i] = s_acc
 *                LOOP k { s[i] += v[k]*a[i,k] }      ->      s_acc = 0;  LOOP k { s_acc += v[k]*a[i,k] };  s[i] += s_acc
 *
 * Literal code in single precision does so for long sums alone, into a double: one by one, floats would stop at 2^24 terms.
 *
 * An innermost loop whose turns write different elements may run in vector lanes; sums into local scalars are
 * named in its pragma, which is what allows the compiler to reorder them. */
#include "graph/affine.h"
#include "graph/ops.h"
#include "plan/fuse.h"
#include "plan/nest.h"
#include "plan/storage.h"

Tensor *plan_local(Function *f, const Tensor *like, const char *suffix) {
    Graph *g = f->graph;
    Tensor *t = graph_add_tensor(g, name_printf(g->names, "%s_%s", like->name, suffix), like->type, ROLE_PART, like->op, 0, NULL, like->span);
    t->name = name_printf(g->names, "%s_%s", like->name, suffix); /* other functions have theirs */
    t->of = g->tensors.at[like->number];
    while (f->buffer_room < g->tensors.n) f->buffer = vec_grow(g->arena, f->buffer, &f->buffer_room, sizeof *f->buffer);
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

/* ---- sums that loops leave in one place ------------------------------------------------------------------------------ */
enum { LONG = 2048 }; /* terms from which single precision shows */

/* Do the loops down to the statement add at least so many terms? Those of run-time length may. */
static bool is_long(Graph *g, const Tree *loop, const Tree *set) {
    int64_t terms = 1;
    for (const Tree *n = loop; n != set; n = n->body) {
        if (n->kind != TREE_LOOP) continue;
        const Range *r = &n->as.loop.range;
        Expr *length = r->n_lo == 1 && r->n_hi == 1 ? expr_sub(g, r->hi[0], r->lo[0]) : NULL;
        if (!length || length->kind != EXPR_CONST || length->of.integer >= LONG) return true;
        terms *= length->of.integer;
        if (terms >= LONG) return true;
    }
    return false;
}

/* Do all turns of the loop, and of those inside it, add to one element, whose value nothing inside looks at? */
static bool one_place(Graph *g, const Tree *loop, const Tree *set) {
    for (const Tree *n = loop; n != set; n = n->body)
        for (uint32_t k = 0; k < set->as.set.to->rank && n->kind == TREE_LOOP; k++)
            if (expr_uses_index(g, set->as.set.subs[k], n->as.loop.index)) return false;
    return !expr_reads(g, set->as.set.value, set->as.set.to);
}

static bool same_subs(const Tree *a, const Tree *b) {
    for (uint32_t k = 0; k < a->as.set.to->rank; k++)
        if (a->as.set.subs[k] != b->as.set.subs[k]) return false;
    return true;
}

/* The statement at the bottom of the loop sums into a local instead; `store` after the loop takes it from there. */
static void sum_in_local(Function *f, Tree *loop, Tree *last, Tensor *local, Tree *store) {
    store->as = last->as;
    store->as.set.value = expr_read(f->graph, local, NULL, NULL);
    last->as.set.to = local;
    last->as.set.subs = NULL;
    store->next = loop->next;
    loop->next = store;
}

static Tensor *sum_local(Function *f, const Tensor *like, bool wide) {
    Tensor *local = plan_local(f, like, "acc");
    f->buffer[local->number]->wide = wide;
    return local;
}

/* SET T[s] = identity; LOOP … SET T[s] op= v */
static void use_started_sum(Function *f, Tree *start, Tree *loop, Tree *last, bool wide) {
    Tensor *local = sum_local(f, last->as.set.to, wide);
    Tree *store = tree_new(f->graph->arena, TREE_SET, start->why);
    sum_in_local(f, loop, last, local, store);
    store->as.set.op = COMBINE_SET;
    start->as.set.to = local;
    start->as.set.subs = NULL;
}

/* A sum along time adds term after term to what is there: where a recurrence is cut must not show. */
static bool adds_in_turn(const Tree *loop, const Tree *set) {
    for (const Tree *n = loop; n != set; n = n->body)
        if (n->kind == TREE_LOOP && n->as.loop.in_turn) return true;
    return false;
}

/* LOOP … SET T[s] += v, where T was started before */
static void use_lone_sum(Function *f, Tree **at, Tree *last, bool wide) {
    Tree *loop = *at, *start = tree_new(f->graph->arena, TREE_SET, loop->why), *store = tree_new(f->graph->arena, TREE_SET, loop->why);
    Tensor *local = sum_local(f, last->as.set.to, wide);
    const bool in_turn = adds_in_turn(loop, last);
    start->as.set.to = local;
    start->as.set.value = in_turn ? expr_read(f->graph, last->as.set.to, last->as.set.subs, NULL) : expr_real(f->graph, 0);
    sum_in_local(f, loop, last, local, store);
    if (in_turn) store->as.set.op = COMBINE_SET;
    start->next = loop;
    *at = start;
}

/* Which sums get a local: all; or, into a double, the long ones alone. */
static void use_sum_at(Function *f, Tree **at, bool wide) {
    Tree *start = (*at)->kind == TREE_SET ? *at : NULL, *loop = start ? start->next : *at;
    Tree *last = loop && loop->kind == TREE_LOOP ? bottom(loop) : NULL;
    if (!last || last->as.set.op == COMBINE_SET) return;
    const Tensor *t = last->as.set.to;
    Buffer *b = f->buffer[t->number];
    const bool sum = last->as.set.op == COMBINE_ADD && t->type == TYPE_REAL;
    if (wide && !(sum && is_long(f->graph, loop, last) && !adds_in_turn(loop, last))) return;
    f->widens_sums |= wide;
    if (b->place == PLACE_LOCAL) b->wide |= wide;
    else if (start && start->as.set.to == t && same_subs(start, last) && start->as.set.value->kind == EXPR_CONST) use_started_sum(f, start, loop, last, wide);
    else if (!start && sum && one_place(f->graph, loop, last)) use_lone_sum(f, at, last, wide);
}

/* T[s] = 0; T[s] += v     ->     T[s] = v */
static void use_lone_term(Graph *g, Tree **at) {
    const Tree *start = *at;
    Tree *term = start->next;
    if (start->kind != TREE_SET || !term || term->kind != TREE_SET || term->as.set.to != start->as.set.to || !same_subs(start, term)) return;
    if (start->as.set.op != COMBINE_SET || term->as.set.op != COMBINE_ADD || !expr_is_number(start->as.set.value, 0) || expr_reads(g, term->as.set.value, term->as.set.to)) return;
    term->as.set.op = COMBINE_SET;
    *at = term;
}

/* The reads of a loop's body, by tensor. */
typedef struct { VEC(const Expr *) at; } Reads;

static Map *reads_in(Graph *g, const Tree *list) {
    Map *reads = map_new(g->arena);
    for (const Tree *n = list; n; n = n->next) {
        ExprList all = tree_reads(g, n);
        for (uint32_t k = 0; k < all.n; k++) {
            if (all.at[k]->kind != EXPR_READ) continue;
            Reads *r = map_get(reads, all.at[k]->of.tensor);
            if (!r) map_put(reads, all.at[k]->of.tensor, r = NEW(g->arena, Reads));
            if (r->at.n == 0 || r->at.at[r->at.n - 1] != all.at[k]) vec_push(g->arena, &r->at, all.at[k]);
        }
    }
    return reads;
}

/* Does the statement add to one element in all turns of its loop? */
static bool adds_to_one(Function *f, const Tree *loop, const Tree *set) {
    const Tensor *t = set->as.set.to;
    if (set->as.set.op != COMBINE_ADD || t->type != TYPE_REAL || f->buffer[t->number]->place == PLACE_LOCAL) return false;
    for (uint32_t k = 0; k < t->rank; k++)
        if (expr_uses_index(f->graph, set->as.set.subs[k], loop->as.loop.index)) return false;
    return true;
}

/* LOOP { T[s] += v; U[r] += w; … }: each sum in a local of its own, where nobody looks at it meanwhile. */
static void use_sums_of_turns(Function *f, Tree **at) {
    Tree *loop = *at;
    if (loop->kind != TREE_LOOP || loop->as.loop.in_turn || !loop->body || !loop->body->next) return;
    Map *looked_at = reads_in(f->graph, loop->body);
    for (const Tree *n = loop->body; n; n = n->next) {
        if (n->kind != TREE_SET) return;
        if (n->as.set.op != COMBINE_ADD) map_put(looked_at, n->as.set.to, loop);
    }
    for (Tree *n = loop->body; n; n = n->next) {
        if (map_get(looked_at, n->as.set.to) || !adds_to_one(f, loop, n)) continue;
        Tree *start = tree_new(f->graph->arena, TREE_SET, loop->why), *store = tree_new(f->graph->arena, TREE_SET, n->why);
        Tensor *local = sum_local(f, n->as.set.to, false);
        start->as.set.to = local;
        start->as.set.value = expr_real(f->graph, 0);
        start->next = loop;
        sum_in_local(f, loop, n, local, store);
        *at = start;
        at = &start->next;
    }
}

static bool writes_apart(Graph *g, const Tree *set, Expr *index) {
    for (uint32_t k = 0; k < set->as.set.to->rank; k++)
        if (set->as.set.subs[k] == index) return true;
    (void)g;
    return false;
}

/* Can no turn read what any turn writes, because an axis that does not change with the loop says so? hidden[t-1,k] and hidden[t,k] */
static bool lie_apart(Graph *g, const Expr *read, const Tree *set, uint32_t index) {
    for (uint32_t a = 0; a < read->n; a++) {
        Affine x, y;
        if (expr_uses_index(g, read->arg[a], index) || expr_uses_index(g, set->as.set.subs[a], index)) continue;
        if (affine_of(g, read->arg[a], &x) && affine_of(g, set->as.set.subs[a], &y) && affine_add(&x, &y, -1, &x) && x.n == 0 && x.constant != 0) return true;
    }
    return false;
}

/* Does a turn read what another turn writes? Then turns wait for each other: a recurrence that was fused with its neighbours. */
static bool reads_other_turns(Graph *g, const Map *reads, const Tree *loop) {
    for (const Tree *set = loop->body; set; set = set->next) {
        const Reads *r = set->kind == TREE_SET ? map_get(reads, set->as.set.to) : NULL;
        for (uint32_t k = 0; r && k < r->at.n; k++)
            for (uint32_t a = 0; a < r->at.at[k]->n && !lie_apart(g, r->at.at[k], set, loop->as.loop.index); a++)
                if (r->at.at[k]->arg[a] != set->as.set.subs[a]) return true;
    }
    return false;
}

static void mark_loop(Function *f, Tree *loop) {
    Graph *g = f->graph;
    Expr *index = expr_index(g, loop->as.loop.index);
    VEC(Tensor *) sums = {0};
    if (!loop->why && loop->as.loop.down) return;
    const Map *reads = reads_in(g, loop->body);
    Map *known = map_new(g->arena);
    if (reads_other_turns(g, reads, loop)) return;
    for (const Tree *n = loop->body; n; n = n->next) {
        if (n->kind != TREE_SET) return;
        Tensor *t = n->as.set.to;
        bool local = f->buffer[t->number]->place == PLACE_LOCAL;
        if (writes_apart(g, n, index)) continue;
        if (local && n->as.set.op == COMBINE_SET) continue;
        const bool best = n->as.set.op == COMBINE_MAX || n->as.set.op == COMBINE_MIN;
        if (!local || !(n->as.set.op == COMBINE_ADD || best) || t->type != TYPE_REAL || map_get(reads, t)) return; /* looked at inside, a sum cannot wait for the end */
        if (!map_get(known, t)) vec_push(g->arena, &sums, t);
        map_put(known, t, t);
    }
    if (loop->as.loop.in_turn && sums.n > 0) return;
    loop->as.loop.how = LOOP_SIMD;
    loop->as.loop.sums = sums.at;
    loop->as.loop.n_sums = sums.n;
}

static void use_sums_in(Function *f, Tree **list, bool wide) {
    for (Tree **at = list; *at; at = &(*at)->next) {
        use_sum_at(f, at, wide);
        if (!wide) use_sums_of_turns(f, at);
        if ((*at)->body) use_sums_in(f, &(*at)->body, wide);
    }
}

static void mark_list(Function *f, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_LOOP && n->why) mark_loop(f, n);
        if (n->body) mark_list(f, n->body);
    }
}

static void use_lone_terms_in(Graph *g, Tree **list) {
    for (Tree **at = list; *at; at = &(*at)->next) {
        use_lone_term(g, at);
        if ((*at)->body) use_lone_terms_in(g, &(*at)->body);
    }
}

void use_lone_terms(Function *f) { use_lone_terms_in(f->graph, &f->body); }
void use_local_sums(Function *f) { use_sums_in(f, &f->body, false); }
void use_wide_sums(Function *f) { use_sums_in(f, &f->body, true); }
void mark_loops(Function *f) { mark_list(f, f->body); }
