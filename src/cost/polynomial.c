/* Polynomials over integer expressions; polynomial.h says what they are. */
#include "cost/polynomial.h"

#include <stdlib.h>
#include <string.h>

#include "cost/whole.h"
#include "graph/ops.h"
#include "graph/rewrite.h"

enum { MOST_TERMS = 200, MOST_POWER = 24, DEEP = 200 };

typedef struct Block Block;
struct Block { /* of terms, whose numbers are given back together */
    Block *next;
    Monomial *term;
    uint32_t n;
};
struct Algebra {
    Graph *g;
    Block *blocks;
};

Algebra *algebra_new(Graph *g) {
    Algebra *a = NEW(g->arena, Algebra);
    a->g = g;
    return a;
}

void algebra_free(Algebra *a) {
    for (Block *b = a ? a->blocks : NULL; b; b = b->next)
        for (uint32_t k = 0; k < b->n; k++) mpq_clear(b->term[k].by);
    if (a) a->blocks = NULL;
}

/* ---- building ------------------------------------------------------------------------------------------------------ */
/* Room for so many terms, each 0. */
static Poly *poly_new(Algebra *a, uint32_t room) {
    Poly *p = NEW(a->g->arena, Poly);
    p->term = NEW_ARRAY(a->g->arena, Monomial, room + 1);
    for (uint32_t k = 0; k < room; k++) mpq_init(p->term[k].by);
    Block *b = NEW(a->g->arena, Block);
    *b = (Block){a->blocks, p->term, room};
    a->blocks = b;
    return p;
}

static uint32_t degree(const Monomial *m) {
    uint32_t sum = 0;
    for (uint32_t k = 0; k < m->n; k++) sum += m->factor[k].power;
    return sum;
}

/* Dims as they are declared, before all else. */
static uint64_t place_of(const Expr *e) { return e->kind == EXPR_DIM ? e->of.number : (UINT64_C(1) << 32) + e->id; }

/* Higher degrees first, then what was declared first. */
static int compare(const Monomial *a, const Monomial *b) {
    const uint32_t da = degree(a), db = degree(b);
    if (da != db) return da > db ? -1 : 1;
    for (uint32_t k = 0; k < a->n && k < b->n; k++) {
        if (a->factor[k].of != b->factor[k].of) return place_of(a->factor[k].of) < place_of(b->factor[k].of) ? -1 : 1;
        if (a->factor[k].power != b->factor[k].power) return a->factor[k].power > b->factor[k].power ? -1 : 1;
    }
    return a->n == b->n ? 0 : a->n < b->n ? -1 : 1;
}

/* Adds by * m to p, which has room for it. */
static void add_term(Poly *p, const Monomial *m, const mpq_t by) {
    uint32_t k = 0;
    int order = 1;
    while (k < p->n && (order = compare(&p->term[k], m)) < 0) k++;
    if (k < p->n && order == 0) {
        mpq_add(p->term[k].by, p->term[k].by, by);
        return;
    }
    Monomial spare = p->term[p->n];
    memmove(&p->term[k + 1], &p->term[k], (p->n - k) * sizeof *p->term);
    p->term[k] = spare;
    mpq_set(p->term[k].by, by);
    p->term[k].n = m->n;
    p->term[k].factor = m->factor;
    p->n++;
}

/* Without the terms that are 0; NULL where too many are left. */
static const Poly *finish(Poly *p) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < p->n; k++) {
        if (mpq_sgn(p->term[k].by) == 0) continue;
        if (n != k) {
            Monomial swap = p->term[n];
            p->term[n] = p->term[k], p->term[k] = swap;
        }
        n++;
    }
    p->n = n;
    return n <= MOST_TERMS ? p : NULL;
}

const Poly *poly_number(Algebra *a, double value) {
    Poly *p = poly_new(a, 1);
    const Monomial one = {.n = 0};
    mpq_t by;
    mpq_init(by);
    mpq_set_d(by, value);
    add_term(p, &one, by);
    mpq_clear(by);
    return finish(p);
}
const Poly *poly_whole(Algebra *a, int64_t value) {
    if (value >= -(INT64_C(1) << 53) && value <= INT64_C(1) << 53) return poly_number(a, (double)value);
    const Poly *high = poly_number(a, (double)(value / 1048576)), *low = poly_number(a, (double)(value % 1048576));
    return poly_add(a, poly_mul(a, high, poly_number(a, 1048576)), low);
}

static const Poly *atom(Algebra *a, Expr *e) {
    Poly *p = poly_new(a, 1);
    Monomial m = {.n = 1, .factor = NEW(a->g->arena, Factor)};
    m.factor[0] = (Factor){e, 1};
    mpq_t one;
    mpq_init(one);
    mpq_set_si(one, 1, 1);
    add_term(p, &m, one);
    mpq_clear(one);
    return finish(p);
}

static const Poly *combined(Algebra *a, const Poly *p, const Poly *q, int sign) {
    if (!p || !q) return NULL;
    Poly *sum = poly_new(a, p->n + q->n);
    mpq_t by;
    mpq_init(by);
    for (uint32_t k = 0; k < p->n; k++) add_term(sum, &p->term[k], p->term[k].by);
    for (uint32_t k = 0; k < q->n; k++) {
        if (sign < 0) mpq_neg(by, q->term[k].by);
        else mpq_set(by, q->term[k].by);
        add_term(sum, &q->term[k], by);
    }
    mpq_clear(by);
    return finish(sum);
}
const Poly *poly_add(Algebra *a, const Poly *p, const Poly *q) { return combined(a, p, q, 1); }
const Poly *poly_sub(Algebra *a, const Poly *p, const Poly *q) { return combined(a, p, q, -1); }

static bool product(Algebra *a, const Monomial *x, const Monomial *y, Monomial *out) {
    out->n = 0;
    out->factor = NEW_ARRAY(a->g->arena, Factor, x->n + y->n + 1);
    uint32_t i = 0, j = 0;
    while (i < x->n || j < y->n) {
        const bool left = j == y->n || (i < x->n && place_of(x->factor[i].of) <= place_of(y->factor[j].of));
        const bool right = i == x->n || (j < y->n && place_of(y->factor[j].of) <= place_of(x->factor[i].of));
        Factor f = {left ? x->factor[i].of : y->factor[j].of, (left ? x->factor[i].power : 0) + (right ? y->factor[j].power : 0)};
        i += left, j += right;
        if (f.power > MOST_POWER) return false;
        out->factor[out->n++] = f;
    }
    return true;
}

const Poly *poly_mul(Algebra *a, const Poly *p, const Poly *q) {
    if (!p || !q || (uint64_t)p->n * q->n > 16 * MOST_TERMS) return NULL;
    Poly *all = poly_new(a, p->n * q->n);
    mpq_t by;
    mpq_init(by);
    bool good = true;
    for (uint32_t i = 0; i < p->n && good; i++)
        for (uint32_t j = 0; j < q->n && good; j++) {
            Monomial m;
            good = product(a, &p->term[i], &q->term[j], &m);
            mpq_mul(by, p->term[i].by, q->term[j].by);
            if (good) add_term(all, &m, by);
        }
    mpq_clear(by);
    return good ? finish(all) : NULL;
}

/* ---- from expressions ---------------------------------------------------------------------------------------------- */
static const Poly *from(Algebra *a, Expr *e, int depth) {
    if (!e || depth > DEEP || e->type != TYPE_INT) return NULL;
    if (e->kind == EXPR_CONST) return poly_whole(a, e->of.integer);
    if (e->kind == EXPR_DIM || e->kind == EXPR_INDEX) return atom(a, e);
    if (e->kind == EXPR_OP && e->of.number <= OP_mul) {
        const Poly *x = from(a, e->arg[0], depth + 1), *y = e->n > 1 ? from(a, e->arg[1], depth + 1) : NULL;
        const Poly *made = NULL;
        if (e->of.number == OP_neg) made = poly_sub(a, poly_whole(a, 0), x);
        if (e->of.number == OP_add) made = poly_add(a, x, y);
        if (e->of.number == OP_sub) made = poly_sub(a, x, y);
        if (e->of.number == OP_mul) made = poly_mul(a, x, y);
        if (made) return made;
    }
    return is_uniform(a->g, e) ? atom(a, e) : NULL;
}
const Poly *poly_of(Algebra *a, Expr *e) { return from(a, e, 0); }

/* ---- powers of one thing ------------------------------------------------------------------------------------------- */
static uint32_t power_in(const Monomial *m, const Expr *of) {
    for (uint32_t k = 0; k < m->n; k++)
        if (m->factor[k].of == of) return m->factor[k].power;
    return 0;
}

static uint32_t highest_power(const Poly *p, const Expr *of) {
    uint32_t most = 0;
    for (uint32_t k = 0; k < p->n; k++) most = power_in(&p->term[k], of) > most ? power_in(&p->term[k], of) : most;
    return most;
}

/* What stands at of^power. */
static const Poly *coefficient(Algebra *a, const Poly *p, const Expr *of, uint32_t power) {
    Poly *all = poly_new(a, p->n);
    for (uint32_t k = 0; k < p->n; k++) {
        if (power_in(&p->term[k], of) != power) continue;
        Monomial rest = {.n = 0, .factor = NEW_ARRAY(a->g->arena, Factor, p->term[k].n + 1)};
        for (uint32_t f = 0; f < p->term[k].n; f++)
            if (p->term[k].factor[f].of != of) rest.factor[rest.n++] = p->term[k].factor[f];
        add_term(all, &rest, p->term[k].by);
    }
    return finish(all);
}

/* c[0] + c[1]*x + c[2]*x^2 + … with c of the powers of `of` in p, by Horner's rule. */
const Poly *poly_substitute(Algebra *a, const Poly *p, const Expr *of, const Poly *by) {
    if (!p || !by) return NULL;
    uint32_t most = highest_power(p, of);
    if (most == 0) return p;
    const Poly *sum = poly_whole(a, 0);
    for (uint32_t k = most + 1; k-- > 0;) sum = poly_add(a, poly_mul(a, sum, by), coefficient(a, p, of, k));
    return sum;
}

static const Poly *power_of(Algebra *a, const Poly *p, uint32_t power) {
    const Poly *result = poly_whole(a, 1);
    for (uint32_t k = 0; k < power; k++) result = poly_mul(a, result, p);
    return result;
}

const Poly *poly_scale(Algebra *a, const Poly *p, unsigned long up, unsigned long down) {
    if (!p) return NULL;
    Poly *made = poly_new(a, p->n);
    mpq_t by;
    mpq_init(by);
    for (uint32_t k = 0; k < p->n; k++) {
        mpq_set_ui(by, up, down);
        mpq_canonicalize(by);
        mpq_mul(by, by, p->term[k].by);
        add_term(made, &p->term[k], by);
    }
    mpq_clear(by);
    return finish(made);
}

/* S[p] = sum[i in 0..n](i^p), from (p + 1)*S[p] = n^(p+1) - sum[j in 0..p](binomial(p + 1, j)*S[j]). */
static void sums_of_powers(Algebra *a, const Poly *n, uint32_t most, const Poly **sum) {
    for (uint32_t p = 0; p <= most; p++) {
        const Poly *rest = power_of(a, n, p + 1);
        unsigned long binomial = 1;
        for (uint32_t j = 0; j < p; j++) {
            rest = poly_sub(a, rest, poly_scale(a, sum[j], binomial, 1));
            binomial = binomial * (p + 1 - j) / (j + 1);
        }
        sum[p] = poly_scale(a, rest, 1, p + 1);
    }
}

const Poly *poly_sum(Algebra *a, const Poly *p, Expr *of, const Poly *lo, const Poly *hi) {
    if (!p || !lo || !hi) return NULL;
    const uint32_t most = highest_power(p, of);
    if (most + 2 > MOST_POWER) return NULL;
    const Poly *low[MOST_POWER + 1], *high[MOST_POWER + 1], *sum = poly_whole(a, 0);
    sums_of_powers(a, lo, most, low);
    sums_of_powers(a, hi, most, high);
    for (uint32_t k = 0; k <= most; k++) sum = poly_add(a, sum, poly_mul(a, coefficient(a, p, of, k), poly_sub(a, high[k], low[k])));
    return sum;
}

/* An expression of constants and dims, in another graph. */
static Expr *copy_uniform(Graph *g, const Expr *e) {
    Expr *arg[3] = {NULL};
    if (e->kind == EXPR_CONST) return e->type == TYPE_INT ? expr_int(g, e->of.integer) : expr_real(g, e->of.real);
    if (e->kind == EXPR_DIM) return expr_dim(g, e->of.number);
    if (e->kind != EXPR_OP || e->of.number >= N_OPS || e->n > 3) return NULL;
    for (uint32_t k = 0; k < e->n; k++)
        if (!(arg[k] = copy_uniform(g, e->arg[k]))) return NULL;
    return expr_op(g, e->of.number, arg, e->n);
}

const Poly *poly_copy(Algebra *a, const Poly *p) {
    const Poly *sum = p ? poly_whole(a, 0) : NULL;
    for (uint32_t k = 0; p && k < p->n; k++) {
        Poly *by = poly_new(a, 1);
        const Monomial one = {.n = 0};
        add_term(by, &one, p->term[k].by);
        const Poly *term = by;
        for (uint32_t f = 0; f < p->term[k].n; f++) {
            Expr *of = copy_uniform(a->g, p->term[k].factor[f].of);
            term = of ? poly_mul(a, term, power_of(a, poly_of(a, of), p->term[k].factor[f].power)) : NULL;
        }
        sum = poly_add(a, sum, term);
    }
    return sum;
}

bool poly_equal(const Poly *p, const Poly *q) {
    if (!p || !q || p->n != q->n) return false;
    for (uint32_t k = 0; k < p->n; k++)
        if (compare(&p->term[k], &q->term[k]) != 0 || !mpq_equal(p->term[k].by, q->term[k].by)) return false;
    return true;
}
bool poly_uses(const Poly *p, const Expr *of) { return highest_power(p, of) > 0; }
bool poly_is_constant(const Poly *p) { return p && (p->n == 0 || (p->n == 1 && p->term[0].n == 0)); }

/* ---- values and text ----------------------------------------------------------------------------------------------- */
bool poly_value(Algebra *a, const Poly *p, const int64_t *sizes, mpq_t value) {
    if (!p) return false;
    Whole *w = whole_new(a->g, sizes, NULL);
    bool good = true;
    mpq_t term, factor;
    mpq_init(term);
    mpq_init(factor);
    mpq_set_ui(value, 0, 1);
    for (uint32_t k = 0; k < p->n && good; k++) {
        mpq_set(term, p->term[k].by);
        for (uint32_t f = 0; f < p->term[k].n && good; f++) {
            const double x = whole_value(w, p->term[k].factor[f].of);
            good = x == x;
            if (good) mpq_set_d(factor, x);
            for (uint32_t turn = 0; good && turn < p->term[k].factor[f].power; turn++) mpq_mul(term, term, factor);
        }
        mpq_add(value, value, term);
    }
    mpq_clear(term);
    mpq_clear(factor);
    return good;
}

static void print_monomial(Algebra *a, const Monomial *m, Text *out) {
    for (uint32_t k = 0; k < m->n; k++) {
        const bool plain = m->factor[k].of->kind != EXPR_OP;
        text_add(out, "%s%s", k ? "*" : "", plain ? "" : "(");
        expr_print(a->g, out, m->factor[k].of);
        text_add(out, "%s", plain ? "" : ")");
        if (m->factor[k].power > 1) text_add(out, "^%u", m->factor[k].power);
    }
}

static void print_terms(Algebra *a, const Poly *p, const mpz_t times, Text *out) {
    mpz_t by;
    mpz_init(by);
    for (uint32_t k = 0; k < p->n; k++) {
        mpz_divexact(by, times, mpq_denref(p->term[k].by));
        mpz_mul(by, by, mpq_numref(p->term[k].by));
        const bool minus = mpz_sgn(by) < 0, one = mpz_cmpabs_ui(by, 1) == 0 && p->term[k].n > 0;
        text_add(out, "%s", k ? (minus ? " - " : " + ") : minus ? "-" : "");
        mpz_abs(by, by);
        if (!one) {
            char *digits = mpz_get_str(NULL, 10, by);
            text_add(out, "%s%s", digits, p->term[k].n ? "*" : "");
            free(digits);
        }
        print_monomial(a, &p->term[k], out);
    }
    mpz_clear(by);
}

void poly_print(Algebra *a, const Poly *p, Text *out) {
    if (p->n == 0) {
        text_add(out, "0");
        return;
    }
    mpz_t all;
    mpz_init_set_ui(all, 1);
    for (uint32_t k = 0; k < p->n; k++) mpz_lcm(all, all, mpq_denref(p->term[k].by));
    const bool whole = mpz_cmp_ui(all, 1) == 0;
    text_add(out, "%s", !whole && p->n > 1 ? "(" : "");
    print_terms(a, p, all, out);
    if (!whole) {
        char *digits = mpz_get_str(NULL, 10, all);
        text_add(out, "%s/%s", p->n > 1 ? ")" : "", digits);
        free(digits);
    }
    mpz_clear(all);
}
