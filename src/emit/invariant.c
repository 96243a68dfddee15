/* What a vector loop reads of arrays at one and the same place in all of its turns is read once, before it. Compilers may not do that
 * themselves: for all they know, the loop writes there.
 *
 *     const float v_k = v[k];
 *     for (i…) a[i] += v_k*x[i];
 */
#include "emit/writer.h"
#include "graph/restrict.h"
#include "plan/storage.h"

static bool stores(const Writer *w, const Tree *list) { /* to an array */
    for (const Tree *n = list; n; n = n->next)
        if (n->kind == TREE_SET && w->f->buffer[n->as.set.to->number]->place != PLACE_LOCAL) return true;
    return false;
}

static bool is_array_element(const Writer *w, const Expr *e) {
    if (e->kind != EXPR_READ || e->type != TYPE_REAL || e->fill) return false;
    const Tensor *t = e->of.tensor;
    const Buffer *b = w->f->buffer[t->number];
    return b->place != PLACE_LOCAL && !(b->place == PLACE_USER && t->rank == 0 && !b->goal);
}

/* Is there one turn at least? A block has examples. */
static bool has_turns(const Tree *loop) {
    const Range *r = &loop->as.loop.range;
    return tree_constant(loop) ? r->lo[0]->of.integer < r->hi[0]->of.integer : loop->as.loop.lanes && loop->as.loop.examples;
}

/* Is all of the value computed in every turn? Then whatever it reads is there. */
static bool has_no_choice(const ExprList *all) {
    for (uint32_t k = 0; k < all->n; k++)
        if (all->at[k]->kind == EXPR_SELECT || (all->at[k]->kind == EXPR_READ && all->at[k]->fill)) return false;
    return true;
}

/* The same in every turn, and an element of the array: wherever the loops around are, or because there are turns, and each reads it. */
static bool is_invariant(Writer *w, const Tree *loop, Expr *e, bool read_anyway) {
    if (tree_sets(loop->body, e->of.tensor) || expr_uses_index(w->g, e, loop->as.loop.index)) return false;
    ExprList all = expr_walk(w->g, &e, 1);
    for (uint32_t k = 0; k < all.n; k++)
        if (all.at[k]->kind == EXPR_READ && all.at[k] != e) return false;
    if (read_anyway) return true;
    Domain around = {.n = w->open.n, .range = w->open.at};
    return inside_condition(w->g, e->of.tensor, e->arg, &around) == NULL;
}

/* v[k] is v_k, v[0] is v_0, what else there is v_here. */
static const char *name_of_element(Writer *w, const Expr *e) {
    const char *of = map_get(w->tensors, e->of.tensor), *at = e->n ? "" : "here";
    for (uint32_t k = 0; k < e->n; k++) {
        const Expr *sub = e->arg[k];
        if (sub->kind == EXPR_INDEX) at = arena_printf(w->g->arena, "%s%s", at, (const char *)map_get(w->indices, KEY(sub->of.number)));
        else if (sub->kind == EXPR_CONST && sub->of.integer >= 0) at = arena_printf(w->g->arena, "%s%lld", at, (long long)sub->of.integer);
        else return writer_take_name(w, arena_printf(w->g->arena, "%s_here", of));
    }
    return writer_take_name(w, arena_printf(w->g->arena, "%s_%s", of, at));
}

void write_invariants(Writer *w, const Tree *loop) {
    if (loop->as.loop.how != LOOP_SIMD || !stores(w, loop->body)) return;
    for (const Tree *n = loop->body; n; n = n->next) {
        if (n->kind != TREE_SET) continue;
        Expr *value = write_out(w, n->as.set.value);
        const ArenaMark mark = arena_mark(w->g->lists);
        ExprList all = expr_walk(w->g, &value, 1);
        const bool read_anyway = has_turns(loop) && has_no_choice(&all);
        for (uint32_t k = 0; k < all.n; k++) {
            Expr *e = all.at[k];
            if (!is_array_element(w, e) || (w->named && map_get(w->named, e)) || !is_invariant(w, loop, e, read_anyway)) continue;
            const char *name = name_of_element(w, e);
            writer_indent(w);
            text_add(w->out, "const %s %s = ", real_type(w), name);
            write_element(w, e->of.tensor, e->arg);
            text_add(w->out, ";\n");
            if (!w->named) w->named = map_new(w->g->stage);
            map_put(w->named, e, (void *)(uintptr_t)name);
            vec_push(w->g->stage, &w->hoisted, e);
        }
        arena_release(w->g->lists, mark);
    }
}

void forget_invariants(Writer *w) {
    for (uint32_t k = 0; k < w->hoisted.n; k++) map_put(w->named, w->hoisted.at[k], NULL); /* the names stay taken: they are declared */
    w->hoisted.n = 0;
}
