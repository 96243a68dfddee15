/* --emit program: the tree of loops, a line a node. */
#include "graph/ops.h"
#include "plan/storage.h"

static const char *const function_name[N_FUNCTIONS] = {"predict", "gradient", "forward", "backward", "jvp", "vjp", "jacobian", "hvp", "hessian", "update"};

static void print_bound(const Function *f, Text *out, Expr *const *bound, uint32_t n, const char *pick) {
    if (n > 1) text_add(out, "%s(", pick);
    for (uint32_t k = 0; k < n; k++) {
        if (k) text_add(out, ", ");
        expr_print(f->graph, out, bound[k]);
    }
    if (n > 1) text_add(out, ")");
}

static void print_subs(const Function *f, Text *out, const Tensor *t, Expr *const *subs) {
    text_add(out, "%s", t->name);
    for (uint32_t k = 0; k < t->rank; k++) {
        text_add(out, k ? "," : "[");
        expr_print(f->graph, out, subs[k]);
    }
    if (t->rank) text_add(out, "]");
}

static void print_node(const Function *f, Text *out, const Tree *n) {
    switch (n->kind) {
    case TREE_LOOP:
        text_add(out, "loop %s in ", f->graph->indices.at[n->as.loop.range.index].name);
        print_bound(f, out, n->as.loop.range.lo, n->as.loop.range.n_lo, "max");
        text_add(out, "..");
        print_bound(f, out, n->as.loop.range.hi, n->as.loop.range.n_hi, "min");
        text_add(out, "%s%s", n->as.loop.down ? " down" : "", n->as.loop.how == LOOP_SIMD ? " simd" : "");
        if (n->as.loop.step > 1) text_add(out, " by %lld", (long long)n->as.loop.step);
        if (n->as.loop.how == LOOP_SHARE) text_add(out, " by %s", n->as.loop.each->name);
        if (n->as.loop.threads) text_add(out, " on threads");
        break;
    case TREE_IF:
        text_add(out, "if ");
        if (n->as.test.condition) expr_print(f->graph, out, n->as.test.condition);
        for (uint32_t k = 0; k < n->as.test.n_wanted; k++) text_add(out, "%s%s is wanted", k ? " or " : "", n->as.test.wanted[k]->tensor->name);
        break;
    case TREE_SET:
        print_subs(f, out, n->as.set.to, n->as.set.subs);
        text_add(out, " %s ", combine_spelling[n->as.set.op]);
        expr_print(f->graph, out, n->as.set.value);
        break;
    case TREE_KERNEL:
        print_subs(f, out, n->as.product.c, n->as.product.c_subs);
        text_add(out, " %s product of ", n->as.product.add ? "+=" : "=");
        print_subs(f, out, n->as.product.a, n->as.product.a_subs);
        text_add(out, "%s and ", !expr_is_int(n->as.product.a_column, 1) ? "'" : "");
        print_subs(f, out, n->as.product.b, n->as.product.b_subs);
        text_add(out, "%s", !expr_is_int(n->as.product.b_column, 1) ? "'" : "");
        if (n->as.product.n_over) text_add(out, " over %u loops", n->as.product.n_over);
        break;
    case TREE_CALL: text_add(out, "call for %s", n->as.call.to->name); break;
    case TREE_ONE_BY_ONE: text_add(out, "one by one"); break;
    }
}

static void print_list(const Function *f, Text *out, const Tree *list, int depth) {
    for (const Tree *n = list; n; n = n->next) {
        text_add(out, "%*s", depth * 2, "");
        print_node(f, out, n);
        text_add(out, "\n");
        print_list(f, out, n->body, depth + 1);
    }
}

void function_print(const Function *f, Text *out) {
    static const char *const place[] = {"user", "workspace", "local", "const"};
    text_add(out, "function %s\n", function_name[f->kind]);
    for (uint32_t k = 0; k < f->n_tensors; k++) {
        const Buffer *b = f->buffer[k];
        if (!b) continue;
        text_add(out, "  %s in %s", b->tensor->name, place[b->place]);
        if (b->place == PLACE_WORKSPACE) text_add(out, " %u", b->slot);
        for (uint32_t a = 0; a < b->tensor->rank; a++)
            if (b->kept[a]) {
                text_add(out, " [");
                expr_print(f->graph, out, storage_extent(f, b->tensor, a));
                text_add(out, "]");
            }
        text_add(out, "%s\n", b->own ? " of each thread" : "");
    }
    print_list(f, out, f->body, 1);
}
