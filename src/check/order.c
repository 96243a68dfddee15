/* In which order the equations of the file are evaluated: what an equation mentions before the equation itself, so
 * that a chain of a hundred thousand equations needs no deep recursion, whichever way round it is written. Takes the
 * file's scope, settles every group of it. Defs that are mentioned count with what they mention. */
#include "check/internal.h"

typedef struct {
    Binding *binding;
    uint32_t next;
    struct Mentions *mentions;
} Visit;

typedef struct Mentions {
    VEC(Binding *) at;
} Mentions;

static void scan(C *c, const Node *node, Mentions *found) {
    if (!node) return;
    if (node->kind == NODE_NAME) {
        Binding *b = scope_here(c->file, node->name);
        if (b && (b->kind == BIND_GROUP || b->declared == NODE_DEF)) vec_push(c->arena, &found->at, b);
    }
    for (uint32_t k = 0; k < node->n; k++) scan(c, node->kid[k], found);
    scan(c, node->where, found);
    scan(c, node->fill, found);
}

static Mentions *mentions_of(C *c, Binding *b) {
    Mentions *m = NEW(c->arena, Mentions);
    if (b->kind == BIND_GROUP)
        for (uint32_t k = 0; k < b->group->pieces.n; k++) {
            scan(c, b->group->pieces.at[k].right, m);
            scan(c, b->group->pieces.at[k].left, m);
        }
    else
        scan(c, b->node, m);
    return m;
}

void settle_in_order(C *c, Scope *file) {
    Map *seen = map_new(c->arena);
    VEC(Visit) stack = {0};
    for (uint32_t k = 0; k < file->names.n; k++) {
        if (file->names.at[k]->kind != BIND_GROUP || map_get(seen, file->names.at[k])) continue;
        map_put(seen, file->names.at[k], file->names.at[k]);
        vec_push(c->arena, &stack, (Visit){file->names.at[k], 0, mentions_of(c, file->names.at[k])});
        while (stack.n) {
            Visit *v = &stack.at[stack.n - 1];
            if (v->next < v->mentions->at.n) {
                Binding *b = v->mentions->at.at[v->next++];
                if (map_get(seen, b)) continue;
                map_put(seen, b, b);
                vec_push(c->arena, &stack, (Visit){b, 0, mentions_of(c, b)});
                continue;
            }
            Binding *done = v->binding;
            stack.n--;
            if (done->kind == BIND_GROUP) group_settle(c, done->group);
        }
    }
}
