/* Kernels: a nest that sums a product of two reads is a matrix product, in whatever layout.
 *
 *     LOOP i { LOOP k { SET z[i,k] = 0; LOOP j { SET z[i,k] += W[k,j]*x[i,j] } } }      ->      z = x*W'
 *
 * Every loop has a stride in each of the three arrays (0 where they do not have its index). Neighbouring loops whose
 * strides fit are one loop: all steps and all examples of x[t,n,j] are rows of one matrix. Then a loop found in A and
 * C is m, in B and C is n, in A and B is k. Several loops may be k: a convolution sums over channels and the places of its filter,
 * without leaving the registers. What is in all three stays outside, and so do further loops of m and n, and sums over time.
 * Small products stay loops. */
#include "graph/affine.h"
#include "graph/ops.h"
#include "graph/restrict.h"
#include "plan/kernel.h"
#include "plan/nest.h"
#include "plan/storage.h"

enum { LEAST_SIDE = 3, LEAST_AREA = 256, LEAST_OVER = 16 }; /* when it pays: k and n at least 3, k*n at least 256; n over several loops */

enum { A, B, C, N_ARRAYS, MOST_LOOPS = 12 };

typedef struct {
    uint32_t index;
    Expr *extent, *first; /* first: the index at the first turn */
    bool down, in_turn;
    Expr *stride[N_ARRAYS]; /* NULL: the array does not have the index */
    uint32_t n_merged; /* indices that this loop stands for, and where each starts */
    struct { uint32_t index; Expr *first; } merged[MOST_LOOPS];
} Loop;

typedef struct {
    Function *f;
    Graph *g;
    Loop loop[MOST_LOOPS];
    uint32_t n;
    Tree *set;   /* the accumulating statement */
    bool whole;     /* of blocks that have all their examples; then: */
    Expr *examples; /* how many those are */
    uint32_t index; /* and the index of their loop */
    bool starts; /* a statement before sets the element to 0 */
    const Tree *start;
    Strong strong; /* of a strong product: the factor that counts where it is 0 */
    Tensor *tensor[N_ARRAYS];
    Expr *const *subs[N_ARRAYS];
} Nest;

/* ---- the nest ------------------------------------------------------------------------------------------------------ */
static bool add_loop(Nest *n, const Tree *t) {
    const Range *r = &t->as.loop.range;
    Graph *g = n->g;
    if (n->n == MOST_LOOPS || r->n_lo != 1 || r->n_hi != 1) return false;
    for (uint32_t k = 0; k < n->n; k++)
        if (range_uses_index(g, r, n->loop[k].index)) return false;
    Expr *extent = expr_sub(g, r->hi[0], r->lo[0]);
    if (n->whole && t->as.loop.examples) {
        n->examples = extent;
        n->index = r->index;
        extent = expr_int(g, n->f->blocks->size);
    }
    Expr *first = t->as.loop.down ? expr_sub(g, r->hi[0], expr_int(g, 1)) : r->lo[0];
    n->loop[n->n++] = (Loop){.index = r->index, .extent = extent, .first = first, .down = t->as.loop.down, .in_turn = t->as.loop.in_turn,
                              .merged = {{r->index, first}}, .n_merged = 1};
    return true;
}

static bool is_zero_set(const Tree *t) { return t->kind == TREE_SET && t->as.set.op == COMBINE_SET && expr_is_number(t->as.set.value, 0); }

/* Loops down to one statement that adds; on the way perhaps the statement that starts it. */
static bool read_nest(Nest *n, Tree *t) {
    for (;;) {
        if (t->kind == TREE_SET) {
            n->set = t;
            return !t->next && t->as.set.op == COMBINE_ADD && t->as.set.to->type == TYPE_REAL;
        }
        if (is_zero_set(t) || t->kind != TREE_LOOP || !add_loop(n, t) || !t->body) return false;
        if (t->body->next) {
            if (n->starts || !is_zero_set(t->body) || t->body->next->next) return false;
            n->starts = true;
            n->start = t->body;
            t = t->body->next;
        } else {
            t = t->body;
        }
    }
}

static bool is_product(const Expr *e) { return expr_is_op(e, OP_mul) || expr_is_op(e, OP_smul); }

static bool read_arrays(Nest *n) {
    Expr *value = n->set->as.set.value;
    if (!is_product(value)) return false;
    n->strong = expr_is_op(value, OP_smul) ? STRONG_A : STRONG_NONE;
    for (int k = 0; k < 2; k++) {
        Expr *x = value->arg[k];
        if (x->kind != EXPR_READ || x->fill || x->type != TYPE_REAL || x->of.tensor->type != TYPE_REAL) return false;
        n->tensor[k] = x->of.tensor;
        n->subs[k] = x->arg;
    }
    n->tensor[C] = n->set->as.set.to;
    n->subs[C] = n->set->as.set.subs;
    return n->tensor[A] != n->tensor[C] && n->tensor[B] != n->tensor[C];
}

/* ---- strides --------------------------------------------------------------------------------------------------------- */
/* How far the subscript goes in a turn of the index; 0 where it does not have it. False where that changes from turn to turn. */
static bool step_of(Graph *g, Expr *sub, Expr *index, int64_t *step) {
    Affine form;
    *step = sub == index;
    if (sub == index || !expr_uses_index(g, sub, index->of.number)) return true;
    if (!affine_of_atoms(g, sub, &form)) return false;
    for (uint32_t k = 0; k < form.n; k++) {
        if (form.term[k].of == index) *step = form.term[k].by;
        else if (expr_uses_index(g, form.term[k].of, index->of.number)) return false;
    }
    return *step != 0;
}

/* Elements from one turn of the loop to the next; one subscript has the index. */
static bool find_stride(Nest *n, int array, Loop *l) {
    Graph *g = n->g;
    Digit *place = NEW_ARRAY(g->lists, Digit, n->tensor[array]->rank + 1);
    Expr *index = expr_index(g, l->index), *stride = expr_int(g, l->down ? -1 : 1);
    for (uint32_t k = storage_places(n->f, n->tensor[array], n->subs[array], NULL, place); k-- > 0;) {
        int64_t step;
        if (!step_of(g, place[k].sub, index, &step) || (step && l->stride[array])) return false;
        if (step) l->stride[array] = step == 1 ? stride : expr_mul(g, expr_int(g, step), stride);
        stride = expr_mul(g, place[k].extent, stride);
    }
    return true;
}

static bool find_strides(Nest *n) {
    for (uint32_t k = 0; k < n->n; k++)
        for (int array = 0; array < N_ARRAYS; array++)
            if (!find_stride(n, array, &n->loop[k])) return false;
    return true;
}

/* May `inner` run inside `outer` as one loop of both? */
static bool fits(Graph *g, const Loop *outer, const Loop *inner) {
    if (outer->down || inner->down || outer->in_turn != inner->in_turn) return false;
    for (int array = 0; array < N_ARRAYS; array++) {
        Expr *o = outer->stride[array], *i = inner->stride[array];
        if (!o && !i) continue;
        if (!o || !i || o != expr_mul(g, inner->extent, i)) return false;
    }
    return true;
}

static void merge_loops(Nest *n) {
    for (bool any = true; any;) {
        any = false;
        for (uint32_t o = 0; o < n->n && !any; o++)
            for (uint32_t i = 0; i < n->n && !any; i++) {
                Loop *outer = &n->loop[o], *inner = &n->loop[i];
                if (o == i || !fits(n->g, outer, inner) || inner->n_merged + outer->n_merged > MOST_LOOPS) continue;
                inner->extent = expr_mul(n->g, outer->extent, inner->extent);
                for (uint32_t k = 0; k < outer->n_merged; k++) inner->merged[inner->n_merged++] = outer->merged[k];
                for (uint32_t k = o; k + 1 < n->n; k++) n->loop[k] = n->loop[k + 1];
                n->n--;
                any = true;
            }
    }
}

/* ---- the product -------------------------------------------------------------------------------------------------------- */
static bool is_one(const Expr *stride) { return stride && expr_is_int(stride, 1); }

enum { M, N, K, N_ROLES };
/* over: all that are k, in the order of the nest; adds: what is summed over in loops around the product is added one product after
 * the other */
typedef struct {
    const Loop *of[N_ROLES], *over[MOST_LOOPS];
    uint32_t n_over;
    bool adds;
} Roles;

/* Do the terms lie side by side in both factors? */
static bool is_along(const Loop *k) { return is_one(k->stride[A]) && is_one(k->stride[B]); }

/* Of two loops for one role: whose elements lie side by side in C, else the longer one. Sums over time stay outside: what other
 * indices sum at one time is added as a whole. */
static bool is_better(int role, const Loop *x, const Loop *y) {
    if (role == K && x->in_turn != y->in_turn) return y->in_turn;
    const bool x_near = role != K ? is_one(x->stride[C]) : is_along(x);
    const bool y_near = role != K ? is_one(y->stride[C]) : is_along(y);
    return x_near != y_near ? x_near : usual_length(x->extent) >= usual_length(y->extent);
}

/* Rows and columns that share a subscript of C (p_bar[t + l]) would meet in its elements. */
static bool rows_meet(const Nest *n, const Loop *m, const Loop *col) {
    for (uint32_t s = 0; s < n->tensor[C]->rank; s++)
        for (uint32_t i = 0; i < m->n_merged; i++)
            for (uint32_t j = 0; j < col->n_merged; j++)
                if (expr_uses_index(n->g, n->subs[C][s], m->merged[i].index) && expr_uses_index(n->g, n->subs[C][s], col->merged[j].index)) return true;
    return false;
}

static bool find_roles(Nest *n, Roles *r) {
    *r = (Roles){0};
    for (uint32_t l = 0; l < n->n; l++) {
        const Loop *x = &n->loop[l];
        const bool a = x->stride[A], b = x->stride[B], c = x->stride[C];
        if (!c && !(a && b)) return false; /* reduced, and not shared by both factors */
        if (a && b && c) continue;         /* stays outside */
        const int role = !c ? K : b ? N : M;
        if (c && !a && !b) return false;
        if (role == K && x->in_turn) r->adds = true;
        if (role == K) r->over[r->n_over++] = x;
        if (!r->of[role] || is_better(role, x, r->of[role])) r->of[role] = x;
    }
    const Loop *m = r->of[M], *col = r->of[N];
    r->adds &= r->n_over > 1;
    if (r->n_over <= 1 || r->adds) r->n_over = 0;
    else if (!is_along(r->of[K])) r->of[K] = r->over[r->n_over - 1]; /* as the nest has them: so they lie in filters */
    return m && col && r->of[K] && !m->down && !col->down && !m->in_turn && !col->in_turn && !rows_meet(n, m, col);
}

static void swap_factors(Nest *n) {
    Tensor *t = n->tensor[A];
    Expr *const *s = n->subs[A];
    n->tensor[A] = n->tensor[B], n->subs[A] = n->subs[B];
    n->tensor[B] = t, n->subs[B] = s;
    if (n->strong != STRONG_NONE) n->strong = n->strong == STRONG_A ? STRONG_B : STRONG_A;
    for (uint32_t l = 0; l < n->n; l++) {
        Expr *stride = n->loop[l].stride[A];
        n->loop[l].stride[A] = n->loop[l].stride[B];
        n->loop[l].stride[B] = stride;
    }
}

static bool pays(const Roles *r) {
    double k = usual_length(r->of[K]->extent);
    for (uint32_t l = 0; l < r->n_over; l++) k *= r->over[l] == r->of[K] ? 1 : usual_length(r->over[l]->extent);
    const double n = usual_length(r->of[N]->extent), m = usual_length(r->of[M]->extent);
    const bool along = is_along(r->of[K]) && !is_one(r->of[N]->stride[B]); /* vectors of terms, not of columns */
    if (r->n_over && !along && n < LEAST_OVER) return false;
    return k >= LEAST_SIDE && n >= LEAST_SIDE && m >= 2 && k * n >= LEAST_AREA;
}

/* Where one product over all loops does not pay: the longest loop's, added one after the other. */
static void add_one_by_one(Roles *r) {
    for (uint32_t k = 0; k < r->n_over; k++)
        if (usual_length(r->over[k]->extent) > usual_length(r->of[K]->extent)) r->of[K] = r->over[k];
    r->n_over = 0;
    r->adds = true;
}

static void start_loop(Subst *s, const Loop *l) {
    for (uint32_t k = 0; k < l->n_merged; k++) subst_index(s, l->merged[k].index, l->merged[k].first);
}

static Expr **first_element(Nest *n, int array, const Roles *r) {
    Graph *g = n->g;
    Subst *s = subst_new(g);
    for (int l = 0; l < N_ROLES; l++) start_loop(s, r->of[l]);
    for (uint32_t k = 0; k < r->n_over; k++) start_loop(s, r->over[k]);
    Expr **subs = NEW_ARRAY(g->arena, Expr *, n->tensor[array]->rank + 1);
    for (uint32_t k = 0; k < n->tensor[array]->rank; k++) subs[k] = subst_apply(s, n->subs[array][k]);
    return subs;
}

/* The loops of k, the nearest last. */
static void fill_over(Nest *n, const Roles *r, Product *p) {
    Graph *g = n->g;
    p->over = arena_alloc(g->arena, r->n_over * sizeof *p->over);
    for (uint32_t k = 0; k <= r->n_over; k++) {
        const Loop *l = k < r->n_over ? r->over[k] : r->of[K];
        if (k < r->n_over && l == r->of[K]) continue;
        p->over[p->n_over].extent = l->extent, p->over[p->n_over].a = l->stride[A], p->over[p->n_over].b = l->stride[B];
        p->n_over++;
        if (l != r->of[K]) p->k = expr_mul(g, p->k, l->extent);
    }
}

static bool fill_product(Nest *n, const Roles *r, Product *p) {
    const Loop *m = r->of[M], *col = r->of[N], *k = r->of[K];
    if (!is_one(col->stride[C])) return false;
    p->a_row = m->stride[A], p->a_column = k->stride[A];
    p->b_row = k->stride[B], p->b_column = col->stride[B];
    p->c_row = m->stride[C];
    p->m = m->extent, p->n = col->extent, p->k = k->extent;
    p->a = n->tensor[A], p->b = n->tensor[B], p->c = n->tensor[C];
    p->a_subs = first_element(n, A, r), p->b_subs = first_element(n, B, r), p->c_subs = first_element(n, C, r);
    p->add = !n->starts || r->adds;
    p->in_turn = k->in_turn;
    p->strong = n->strong;
    if (r->n_over) fill_over(n, r, p);
    return true;
}

static bool stands_for(const Loop *l, uint32_t index) {
    for (uint32_t k = 0; k < l->n_merged; k++)
        if (l->merged[k].index == index) return true;
    return false;
}

static bool in_product(const Roles *r, uint32_t index) {
    bool any = false;
    for (int l = 0; l < N_ROLES; l++) any |= stands_for(r->of[l], index);
    for (uint32_t k = 0; k < r->n_over; k++) any |= stands_for(r->over[k], index);
    return any;
}

/* The nest in loops that the product runs over (`inside`), or in the others. */
static Tree *loops_of(Nest *n, Tree *nest, const Roles *r, bool inside, Tree *innermost) {
    Graph *g = n->g;
    Tree *root = NULL, **at = &root;
    for (Tree *t = nest; t != n->set; t = t->body->next ? t->body->next : t->body) {
        if (in_product(r, t->as.loop.index) == inside) {
            *at = tree_new(g->arena, TREE_LOOP, t->why);
            (*at)->as = t->as;
            at = &(*at)->body;
        }
        if (!inside || !t->body->next || r->adds) continue;
        *at = tree_new(g->arena, TREE_SET, t->body->why);
        (*at)->as = t->body->as;
        at = &(*at)->next;
    }
    *at = innermost;
    return root;
}

/* The loops that stay outside, around the product. */
static Tree *build(Nest *n, Tree *nest, const Roles *r, const Product *p) {
    Tree *kernel = tree_new(n->g->arena, TREE_KERNEL, n->set->why);
    kernel->as.product = *p;
    if (p->strong != STRONG_NONE) {
        Tree *set = tree_new(n->g->arena, TREE_SET, n->set->why);
        set->as = n->set->as;
        kernel->body = loops_of(n, nest, r, true, set);
    }
    return loops_of(n, nest, r, false, kernel);
}

/* C = 0, in loops of the nest that it has. */
static Tree *cleared(Nest *n, const Tree *nest) {
    Graph *g = n->g;
    Tree *root = NULL, **at = &root;
    for (const Tree *t = nest; t != n->set; t = t->body->next ? t->body->next : t->body) {
        bool has = false;
        for (uint32_t k = 0; k < n->tensor[C]->rank; k++) has |= expr_uses_index(g, n->subs[C][k], t->as.loop.index);
        if (!has) continue;
        *at = tree_new(g->arena, TREE_LOOP, t->why);
        (*at)->as = t->as;
        at = &(*at)->body;
    }
    *at = tree_new(g->arena, TREE_SET, n->set->why);
    (*at)->as = n->start->as;
    (*at)->as.set.subs = NEW_ARRAY(g->arena, Expr *, n->tensor[C]->rank + 1); /* its own: indices are renamed in place */
    for (uint32_t k = 0; k < n->tensor[C]->rank; k++) (*at)->as.set.subs[k] = n->set->as.set.subs[k];
    return root;
}

/* Is the loop over examples one with another? */
static bool merges_examples(const Nest *n) {
    for (uint32_t l = 0; l < n->n; l++)
        for (uint32_t k = 0; k < n->loop[l].n_merged && n->loop[l].n_merged > 1; k++)
            if (n->examples && n->loop[l].merged[k].index == n->index) return true;
    return false;
}

/* n: what was found out about the nest. */
static Tree *product_of(Nest *n, Tree *nest) {
    Roles r;
    Product p = {0};
    if (nest->kind != TREE_LOOP || !read_nest(n, nest) || !read_arrays(n) || !find_strides(n)) return NULL;
    merge_loops(n);
    if (!find_roles(n, &r) || !fill_product(n, &r, &p)) { /* C' = B'*A' */
        swap_factors(n);
        if (!find_roles(n, &r) || !fill_product(n, &r, &p)) return NULL;
    }
    if (r.n_over && !pays(&r)) {
        add_one_by_one(&r);
        p = (Product){0};
        fill_product(n, &r, &p);
    }
    if (!pays(&r)) return NULL;
    if (!r.adds || !n->starts) return build(n, nest, &r, &p);
    Tree *first = cleared(n, nest);
    first->next = build(n, nest, &r, &p);
    return first;
}

static Tree *with_value(Graph *g, const Tree *nest, Expr *value, bool goes_on);

/* Lanes and the axis before them are one row where the block has all its examples. */
static Tree *as_product(Function *f, Tree *nest) {
    Graph *g = f->graph;
    Nest n = {.f = f, .g = g};
    if (f->blocks && f->blocks->lanes) {
        Nest whole = {.f = f, .g = g, .whole = true};
        Tree *all = product_of(&whole, nest);
        if (all && merges_examples(&whole)) {
            Tree *rest = product_of(&n, nest);
            if (!rest) rest = with_value(g, nest, whole.set->as.set.value, false);
            Expr *full = expr_op2(g, OP_eq, whole.examples, expr_int(g, f->blocks->size));
            Tree *test = tree_test(g->arena, full, all);
            test->next = tree_test(g->arena, expr_not(g, full), rest);
            return test;
        }
    }
    return product_of(&n, nest);
}

/* ---- sums of products --------------------------------------------------------------------------------------------------- */
/* The nest with another value to add; without its start where `goes_on`. */
static Tree *with_value(Graph *g, const Tree *nest, Expr *value, bool goes_on) {
    Tree *copy = NEW(g->arena, Tree);
    *copy = *nest;
    copy->next = NULL;
    if (nest->kind == TREE_SET) {
        copy->as.set.value = value;
        return copy;
    }
    const Tree *inside = nest->body, *sum = inside->next ? inside->next : inside;
    copy->body = with_value(g, sum, value, goes_on);
    if (inside->next && !goes_on) {
        Tree *start = NEW(g->arena, Tree);
        *start = *inside;
        start->next = copy->body;
        copy->body = start;
    }
    return copy;
}

static bool adds_in_turn(const Tree *nest) {
    for (const Tree *n = nest; n && n->kind == TREE_LOOP; n = n->body->next ? n->body->next : n->body)
        if (n->as.loop.in_turn) return true;
    return false;
}

/* sum[j](A*B + C*D)      ->      C = A*B;  C += C*D      where both are products that pay. */
static Tree *as_products(Function *f, Tree *nest) {
    Graph *g = f->graph;
    Nest n = {.f = f, .g = g};
    if (nest->kind != TREE_LOOP || !read_nest(&n, nest)) return NULL;
    Expr *value = n.set->as.set.value;
    if (!expr_is_op(value, OP_add)) return as_product(f, nest);
    if (adds_in_turn(nest) || !is_product(value->arg[1])) return NULL;
    Tree *first = as_products(f, with_value(g, nest, value->arg[0], false));
    Tree *second = first ? as_products(f, with_value(g, nest, value->arg[1], true)) : NULL;
    if (!second) return NULL;
    Tree *last = first;
    while (last->next) last = last->next;
    last->next = second;
    return first;
}

/* ---- factors with a fill ---------------------------------------------------------------------------------------------------- */
/* The loops around a nest, so that it is known what their indices stay in. */
typedef struct {
    Function *f;
    VEC(Range) open;
} Around;

static void open_loop(Around *p, const Tree *loop) {
    vec_push(p->f->graph->arena, &p->open, loop->as.loop.within.n_lo ? loop->as.loop.within : loop->as.loop.range);
}

/* Puts the condition around each kernel of the nests; false where it needs an index that the kernel runs over. */
static bool guard_kernels(Graph *g, Tree **at, Expr *condition, const Around *around) {
    for (; *at; at = &(*at)->next) {
        if ((*at)->kind == TREE_SET) continue;
        if ((*at)->kind == TREE_LOOP) {
            Around inside = *around;
            open_loop(&inside, *at);
            if (!guard_kernels(g, &(*at)->body, condition, &inside)) return false;
            continue;
        }
        ExprList all = expr_walk(g, &condition, 1);
        for (uint32_t k = 0; k < all.n; k++) {
            bool open = all.at[k]->kind != EXPR_INDEX;
            for (uint32_t r = 0; r < around->open.n && !open; r++) open = around->open.at[r].index == all.at[k]->of.number;
            if (!open) return false;
        }
        Tree *rest = (*at)->next;
        (*at)->next = NULL;
        *at = tree_test(g->arena, condition, *at);
        (*at)->next = rest;
    }
    return true;
}

/* Of a product with nothing: C = 0. */
static void empty_products(Graph *g, Tree *list) {
    for (Tree *n = list; n; n = n->next) {
        if (n->kind == TREE_KERNEL) n->as.product.k = expr_int(g, 0), n->as.product.n_over = 0, n->as.product.strong = STRONG_NONE, n->body = NULL;
        if (n->body) empty_products(g, n->body);
    }
}

static const Expr *filled_factor(const Expr *value) {
    for (int k = 0; k < 2 && is_product(value); k++)
        if (value->arg[k]->kind == EXPR_READ && value->arg[k]->fill && !value->arg[1 - k]->fill) return value->arg[k];
    return NULL;
}

static Expr *with_factor(Graph *g, const Expr *product, const Expr *factor, Expr *by) {
    const bool first = product->arg[0] == factor;
    return expr_op2(g, product->of.number, first ? by : product->arg[0], first ? product->arg[1] : by);
}

/* sum[p](W[j,p]*a[l-1,i,p | x[i,p]])      ->      IF l >= 1 { C = W*a[l-1] }  IF not { C = W*x }
 * where a kernel's own loops do not decide whether the read is inside. */
static Tree *as_products_of_fill(Around *place, Tree *nest) {
    Function *f = place->f;
    Graph *g = f->graph;
    Nest n = {.f = f, .g = g};
    if (nest->kind != TREE_LOOP || !read_nest(&n, nest)) return NULL;
    Expr *value = n.set->as.set.value;
    const Expr *read = filled_factor(value);
    const bool zero = read && expr_is_number(read->fill, 0);
    if (!read || (!zero && read->fill->kind != EXPR_READ)) return NULL;
    Expr *bare = expr_read(g, read->of.tensor, read->arg, NULL);
    Tree *inside = as_product(f, with_value(g, nest, with_factor(g, value, read, bare), false));
    Tree *outside = as_product(f, with_value(g, nest, with_factor(g, value, read, zero ? bare : read->fill), false));
    if (!inside || !outside) return NULL;
    if (zero) empty_products(g, outside);
    Around around = {f, {0}};
    for (uint32_t k = 0; k < place->open.n; k++) vec_push(g->arena, &around.open, place->open.at[k]);
    for (Tree *t = nest; t && t->kind == TREE_LOOP; t = t->body->next ? t->body->next : t->body) open_loop(&around, t);
    Domain domain = {.n = around.open.n, .range = around.open.at};
    Expr *condition = inside_condition(g, read->of.tensor, read->arg, &domain);
    if (!condition) return inside;
    if (!guard_kernels(g, &inside, condition, place) || !guard_kernels(g, &outside, expr_not(g, condition), place)) return NULL;
    if (inside->next) outside = outside->next; /* cleared once, before the sum over time */
    if (zero && (!n.starts || inside->next)) return inside; /* nothing is added */
    Tree *last = inside;
    while (last->next) last = last->next;
    last->next = outside;
    return inside;
}

/* ---- the whole function --------------------------------------------------------------------------------------------------------- */
static Tree *products_of(Around *place, Tree *nest) {
    Tree *product = as_products(place->f, nest);
    return product ? product : as_products_of_fill(place, nest);
}

static void find_in_list(Around *place, Tree **at) {
    for (; *at; at = &(*at)->next) {
        Tree *product = products_of(place, *at);
        if (product) {
            Tree *rest = (*at)->next;
            *at = product;
            while ((*at)->next) at = &(*at)->next;
            (*at)->next = rest;
        } else if ((*at)->body) {
            const bool loop = (*at)->kind == TREE_LOOP;
            if (loop) open_loop(place, *at);
            find_in_list(place, &(*at)->body);
            place->open.n -= loop;
        }
    }
}

void find_kernels(Function *f) {
    Around place = {.f = f};
    find_in_list(&place, &f->body);
}

/* ---- how much of the work they are ------------------------------------------------------------------------------------------ */
static double work_of(const Tree *list) {
    double sum = 0;
    for (const Tree *n = list; n; n = n->next) sum += n->kind == TREE_LOOP ? tree_turns(n) * work_of(n->body) : n->body ? work_of(n->body) : 1;
    return sum;
}

static void count_in(Around *place, Tree *nests, double turns, double *products, double *others) {
    for (Tree *n = nests; n; n = n->next) {
        const bool loop = n->kind == TREE_LOOP;
        const double inside = loop ? turns * tree_turns(n) : turns;
        if (loop && products_of(place, n)) {
            *products += inside * work_of(n->body);
        } else if (n->body) {
            if (loop) open_loop(place, n);
            count_in(place, n->body, inside, products, others);
            place->open.n -= loop;
        } else {
            *others += turns;
        }
    }
}

void count_products(Function *f, Tree *nests, double *products, double *others) {
    Around place = {.f = f};
    count_in(&place, nests, 1, products, others);
}
