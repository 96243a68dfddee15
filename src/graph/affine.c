/* Affine forms; affine.h says what they are. Terms are sorted by the id of what they multiply, so that equal
 * forms are equal term by term. Products of dims are one term each: the product expression, factors sorted. */
#include "graph/affine.h"
#include "graph/ops.h"

#include <string.h>

static bool add_overflows(int64_t a, int64_t b, int64_t *sum)
{
    if ((b > 0 && a > INT64_MAX / 4 - b) || (b < 0 && a < -(INT64_MAX / 4) - b)) return true;
    *sum = a + b;
    return false;
}

static bool mul_overflows(int64_t a, int64_t b, int64_t *product)
{
    if (a != 0 && b != 0) {
        int64_t limit = INT64_MAX / 4;
        int64_t x = a < 0 ? -a : a, y = b < 0 ? -b : b;
        if (x < 0 || y < 0 || x > limit / y) return true;
    }
    *product = a * b;
    return false;
}

bool affine_add(const Affine *a, const Affine *b, int64_t times, Affine *sum)
{
    Affine result = {.constant = 0, .n = 0};
    int64_t scaled;
    if (mul_overflows(b->constant, times, &scaled) || add_overflows(a->constant, scaled, &result.constant)) return false;
    uint32_t i = 0, j = 0;
    while (i < a->n || j < b->n) {
        bool left = j == b->n || (i < a->n && a->term[i].of->id <= b->term[j].of->id);
        bool right = i == a->n || (j < b->n && b->term[j].of->id <= a->term[i].of->id);
        AffineTerm term = {left ? a->term[i].of : b->term[j].of, left ? a->term[i].by : 0};
        if (right && (mul_overflows(b->term[j].by, times, &scaled) || add_overflows(term.by, scaled, &term.by))) return false;
        i += left, j += right;
        if (term.by == 0) continue;
        if (result.n == AFFINE_TERMS) return false;
        result.term[result.n++] = term;
    }
    *sum = result;
    return true;
}

static Affine single(Expr *of) { return (Affine){.constant = 0, .n = 1, .term = {{of, 1}}}; }

/* A dim, or a product of dims. */
static bool is_monomial(const Expr *e)
{
    while (expr_is_op(e, OP_mul)) {
        if (e->arg[1]->kind != EXPR_DIM) return false;
        e = e->arg[0];
    }
    return e->kind == EXPR_DIM;
}

static uint32_t factors_of(Expr *e, Expr **factor, uint32_t n)
{
    for (; expr_is_op(e, OP_mul); e = e->arg[0])
        if (n < 8) factor[n++] = e->arg[1];
    if (n < 8) factor[n++] = e;
    return n;
}

static Expr *monomial_product(Graph *g, Expr *a, Expr *b)
{
    Expr *factor[16];
    uint32_t n = factors_of(a, factor, 0), m = factors_of(b, factor + n, 0);
    for (uint32_t i = 1; i < n + m; i++)
        for (uint32_t j = i; j > 0 && factor[j]->id < factor[j - 1]->id; j--) {
            Expr *swap = factor[j];
            factor[j] = factor[j - 1], factor[j - 1] = swap;
        }
    Expr *product = factor[0];
    for (uint32_t i = 1; i < n + m; i++) product = expr_op2(g, OP_mul, product, factor[i]);
    return product;
}

static bool product_of(Graph *g, const Affine *a, const Affine *b, Affine *out)
{
    Affine sum = affine_constant(0), scaled = affine_constant(0);
    if (!affine_add(&scaled, a, b->constant, &sum)) return false;
    for (uint32_t j = 0; j < b->n; j++) {
        Affine unit = single(b->term[j].of);
        int64_t by;
        if (mul_overflows(a->constant, b->term[j].by, &by) || !affine_add(&sum, &unit, by, &sum)) return false;
        for (uint32_t i = 0; i < a->n; i++) {
            if (!is_monomial(a->term[i].of) || !is_monomial(b->term[j].of)) return false;
            unit = single(monomial_product(g, a->term[i].of, b->term[j].of));
            if (mul_overflows(a->term[i].by, b->term[j].by, &by) || !affine_add(&sum, &unit, by, &sum)) return false;
        }
    }
    *out = sum;
    return true;
}

enum { DEEP = 400 };
static bool form(Graph *g, Expr *e, Affine *out, bool atoms, int depth)
{
    if (e->type != TYPE_INT) return false;
    Affine a, b;
    if (depth > DEEP) return false;
    switch (e->kind) {
    case EXPR_CONST:
        if (e->of.integer > INT64_MAX / 8 || e->of.integer < -(INT64_MAX / 8)) return false;
        *out = affine_constant(e->of.integer);
        return true;
    case EXPR_DIM:
    case EXPR_INDEX: *out = single(e); return true;
    case EXPR_OP:
        if (e->of.number == OP_neg) {
            Affine zero = affine_constant(0);
            if (form(g, e->arg[0], &a, atoms, depth + 1) && affine_add(&zero, &a, -1, out)) return true;
        } else if (e->of.number == OP_add || e->of.number == OP_sub) {
            if (form(g, e->arg[0], &a, atoms, depth + 1) && form(g, e->arg[1], &b, atoms, depth + 1) &&
                affine_add(&a, &b, e->of.number == OP_add ? 1 : -1, out))
                return true;
        } else if (e->of.number == OP_mul) {
            if (form(g, e->arg[0], &a, atoms, depth + 1) && form(g, e->arg[1], &b, atoms, depth + 1) && product_of(g, &a, &b, out)) return true;
        }
        break;
    default: break;
    }
    if (!atoms) return false;
    *out = single(e);
    return true;
}

bool affine_of(Graph *g, Expr *e, Affine *out) { return form(g, e, out, false, 0); }
bool affine_of_atoms(Graph *g, Expr *e, Affine *out) { return form(g, e, out, true, 0); }

int64_t affine_coefficient(const Affine *a, const Expr *of)
{
    for (uint32_t k = 0; k < a->n; k++)
        if (a->term[k].of == of) return a->term[k].by;
    return 0;
}

bool affine_substitute(const Affine *a, const Expr *of, const Affine *by, Affine *result)
{
    int64_t c = affine_coefficient(a, of);
    if (c == 0) {
        *result = *a;
        return true;
    }
    Affine rest = *a;
    for (uint32_t k = 0, n = 0; k < a->n; k++) {
        if (a->term[k].of != of) rest.term[n++] = a->term[k];
        rest.n = n;
    }
    return affine_add(&rest, by, c, result);
}

Expr *affine_expr(Graph *g, const Affine *a)
{
    Expr *sum = NULL;
    for (int sign = 1; sign >= -1; sign -= 2) /* what is added first, so that T - 1 does not read -1 + T */
        for (uint32_t k = 0; k < a->n; k++) {
            int64_t by = a->term[k].by;
            if ((by > 0) != (sign > 0)) continue;
            Expr *term = by == 1 || by == -1 ? a->term[k].of : expr_mul(g, expr_int(g, by < 0 ? -by : by), a->term[k].of);
            sum = !sum ? (by > 0 ? term : expr_op1(g, OP_neg, term)) : by > 0 ? expr_add(g, sum, term) : expr_sub(g, sum, term);
        }
    if (!sum) return expr_int(g, a->constant);
    if (a->constant > 0) return expr_add(g, sum, expr_int(g, a->constant));
    if (a->constant < 0) return expr_sub(g, sum, expr_int(g, -a->constant));
    return sum;
}

AffineSign affine_sign(const Affine *a)
{
    /* every term is at least 1: substitute 1 + d with d >= 0 */
    int64_t at_one = a->constant;
    bool any_up = false, any_down = false;
    for (uint32_t k = 0; k < a->n; k++) {
        if (!is_monomial(a->term[k].of)) return SIGN_UNKNOWN;
        if (add_overflows(at_one, a->term[k].by, &at_one)) return SIGN_UNKNOWN;
        any_up |= a->term[k].by > 0;
        any_down |= a->term[k].by < 0;
    }
    if (!any_up && !any_down) return at_one < 0 ? SIGN_NEGATIVE : at_one > 0 ? SIGN_POSITIVE : SIGN_ZERO;
    if (!any_down) return at_one > 0 ? SIGN_POSITIVE : at_one == 0 ? SIGN_AT_LEAST_0 : SIGN_UNKNOWN;
    if (!any_up) return at_one < 0 ? SIGN_NEGATIVE : at_one == 0 ? SIGN_AT_MOST_0 : SIGN_UNKNOWN;
    return SIGN_UNKNOWN;
}

/* Of several bounds the one that is known to be the tightest, else the first. */
static bool bound_of(Graph *g, Expr *const *bound, uint32_t n, bool greatest, Affine *out)
{
    bool found = false;
    for (uint32_t k = 0; k < n; k++) {
        Affine form_k, difference;
        if (!affine_of(g, bound[k], &form_k)) continue;
        if (found) {
            if (!affine_add(&form_k, out, -1, &difference)) continue;
            AffineSign s = affine_sign(&difference);
            if (greatest ? s != SIGN_POSITIVE && s != SIGN_AT_LEAST_0 : s != SIGN_NEGATIVE && s != SIGN_AT_MOST_0) continue;
        }
        *out = form_k;
        found = true;
    }
    return found;
}

bool affine_bounds(Graph *g, const Affine *a, const Domain *domain, Affine *lo, Affine *hi)
{
    Affine low = *a, high = *a;
    for (uint32_t k = domain->n; k-- > 0;) {
        const Range *range = &domain->range[k];
        Expr *index = expr_index(g, range->index);
        int64_t down = affine_coefficient(&low, index), up = affine_coefficient(&high, index);
        if (!down && !up) continue;
        Affine first, last;
        if (!bound_of(g, range->lo, range->n_lo, true, &first) || !bound_of(g, range->hi, range->n_hi, false, &last)) return false;
        last.constant -= 1;
        if (!affine_substitute(&low, index, down > 0 ? &first : &last, &low)) return false;
        if (!affine_substitute(&high, index, up > 0 ? &last : &first, &high)) return false;
    }
    *lo = low;
    *hi = high;
    return true;
}

bool affine_equal(Graph *g, Expr *a, Expr *b)
{
    Affine x, y;
    if (a == b) return true;
    if (!affine_of_atoms(g, a, &x) || !affine_of_atoms(g, b, &y) || !affine_add(&x, &y, -1, &x)) return false;
    return x.n == 0 && x.constant == 0;
}

/* high = x//E and low = x % E, of extent E, are x; where high is x//E % F of extent F they are x % (E*F). */
static bool join_two(Graph *g, Digit *high, const Digit *low)
{
    if (expr_is_int(low->extent, 1) && expr_is_int(low->sub, 0)) return true;
    if (expr_is_int(high->extent, 1) && expr_is_int(high->sub, 0)) {
        *high = *low;
        return true;
    }
    if (!expr_is_op(low->sub, OP_mod) || low->sub->arg[1] != low->extent) return false;
    Expr *x = low->sub->arg[0], *extent = expr_mul(g, high->extent, low->extent);
    const bool wraps = expr_is_op(high->sub, OP_mod) && high->sub->arg[1] == high->extent;
    const Expr *whole = wraps ? high->sub->arg[0] : high->sub;
    Expr *quotient = expr_op2(g, OP_floordiv, x, low->extent);
    if (expr_is_op(x, OP_floordiv) && whole != quotient) quotient = expr_op2(g, OP_floordiv, x->arg[0], expr_mul(g, x->arg[1], low->extent));
    if (whole != quotient) return false;
    *high = (Digit){wraps ? expr_op2(g, OP_mod, x, extent) : x, extent};
    return true;
}

uint32_t join_digits(Graph *g, Digit *digit, uint32_t n)
{
    for (uint32_t k = n; k-- > 1;) { /* the last digits first */
        if (!join_two(g, &digit[k - 1], &digit[k])) continue;
        for (uint32_t j = k; j + 1 < n; j++) digit[j] = digit[j + 1];
        n--;
    }
    return n;
}
