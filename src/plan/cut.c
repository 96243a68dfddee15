/* Cutting: a function of very many statements is printed as several, because C compilers take more than twice as long for twice
 * the statements of one function.
 *
 * The cuts are between outermost statements. A test of which arrays are wanted, around very many statements, becomes several:
 *
 *     IF dw { a; b; c; d }      ->      IF dw { a; b }  IF dw { c; d }
 */
#include "plan/cut.h"

#include "plan/nest.h"

enum { LONG = 2048, PART = 256 }; /* nodes of the tree */

static uint32_t list_size(const Tree *list) {
    uint32_t n = 0;
    for (; list; list = list->next) n += 1 + list_size(list->body);
    return n;
}

/* The body of a test for arrays, handed out to tests of at most PART nodes where that can be. */
static void split_test(Function *f, Tree *test) {
    uint32_t size = 0;
    for (Tree **at = &test->body; *at; at = &(*at)->next) {
        const uint32_t more = 1 + list_size((*at)->body);
        if (size > 0 && size + more > PART) {
            Tree *rest = tree_new(f->graph->arena, TREE_IF, test->why);
            rest->as = test->as;
            rest->body = *at;
            rest->next = test->next;
            test->next = rest;
            *at = NULL;
            return; /* the caller comes to the rest next */
        }
        size += more;
    }
}

void cut_function(Function *f) {
    if (f->steps || list_size(f->body) <= LONG) return;
    uint32_t size = PART, top = 0;
    VEC(Part) parts = {0};
    for (Tree *n = f->body; n; n = n->next) {
        if (n->kind == TREE_IF && !n->as.test.condition) split_test(f, n);
        const uint32_t more = 1 + list_size(n->body);
        if (size + more > PART) {
            vec_push(f->graph->arena, &parts, (Part){n, top});
            size = 0;
        }
        size += more;
        top++;
    }
    f->part = parts.at;
    f->n_parts = parts.n;
}
