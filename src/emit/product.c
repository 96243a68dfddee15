/* Matrix products in C: the call, and the static function that it calls unless the product is large enough for a BLAS.
 *
 * The function packs a panel of B, and keeps for it some rows of C in registers while it adds (as in Goto and van de Geijn, Anatomy of
 * high-performance matrix multiplication, 2008). Vectors are the language extension that gcc and clang share; other compilers get
 * plain loops. */
#include <string.h>

#include "emit/writer.h"

enum { BLAS_AREA = 1 << 22 }; /* k*n from which a BLAS that knows the machine may win; one that does not is slower everywhere */

static bool wants_blas(const Writer *w, const Product *p) {
    if (!w->emission->blas || p->in_turn || p->n_over) return false; /* in_turn: its strides may be negative */
    if (p->k->kind != EXPR_CONST || p->n->kind != EXPR_CONST) return false;
    if (!(expr_is_int(p->a_row, 1) || expr_is_int(p->a_column, 1)) || !(expr_is_int(p->b_row, 1) || expr_is_int(p->b_column, 1))) return false;
    return p->k->of.integer * p->n->of.integer >= BLAS_AREA;
}

static void write_size(Writer *w, Expr *size) { write_expr(w, write_out(w, size), TYPE_INT, C_TERNARY); }

static void write_strides(Writer *w, Expr *row, Expr *column) {
    text_add(w->out, ", ");
    write_size(w, row);
    if (!column) return;
    text_add(w->out, ", ");
    write_size(w, column);
}

/* , &W[256*l] */
static void write_address(Writer *w, Tensor *t, Expr *const *subs) {
    text_add(w->out, ", &");
    write_element(w, t, subs);
}

static void write_sizes(Writer *w, const Product *p) {
    write_size(w, p->m);
    text_add(w->out, ", ");
    write_size(w, p->n);
    text_add(w->out, ", ");
    write_size(w, p->k);
}

static void write_blas(Writer *w, const Product *p) {
    const bool a_transposed = !expr_is_int(p->a_column, 1), b_transposed = !expr_is_int(p->b_column, 1);
    const char *suffix = w->g->f64 ? "" : "f";
    text_add(w->out, "bp_gemm_%s(%d, %d, ", w->g->f64 ? "f64" : "f32", a_transposed, b_transposed);
    write_sizes(w, p);
    text_add(w->out, ", 1.0%s", suffix);
    write_address(w, p->a, p->a_subs);
    write_strides(w, a_transposed ? p->a_column : p->a_row, NULL);
    write_address(w, p->b, p->b_subs);
    write_strides(w, b_transposed ? p->b_column : p->b_row, NULL);
    text_add(w->out, ", %d.0%s", p->add, suffix);
    write_address(w, p->c, p->c_subs);
    write_strides(w, p->c_row, NULL);
    text_add(w->out, ");\n");
}

/* , 3, (const int64_t[][3]){{8, 9, 10816}, {3, 3, 832}, {3, 1, 64}} */
static void write_over(Writer *w, const Product *p) {
    text_add(w->out, ", %u, (const int64_t[][3]){", p->n_over);
    for (uint32_t k = 0; k < p->n_over; k++) {
        text_add(w->out, k ? ", {" : "{");
        write_size(w, p->over[k].extent);
        write_strides(w, p->over[k].a, p->over[k].b);
        text_add(w->out, "}");
    }
    text_add(w->out, "}");
}

/* P_product_over(m, n, over, &a[…], a_row, &b[…], b_column, &c[…], ldc, add) */
static void write_call_over(Writer *w, const Product *p) {
    *w->calls_product = *w->calls_over = true;
    text_add(w->out, "%s_product_over(", w->emission->prefix);
    write_size(w, p->m);
    text_add(w->out, ", ");
    write_size(w, p->n);
    write_over(w, p);
    write_address(w, p->a, p->a_subs);
    write_strides(w, p->a_row, NULL);
    write_address(w, p->b, p->b_subs);
    write_strides(w, p->b_column, NULL);
    write_address(w, p->c, p->c_subs);
    write_strides(w, p->c_row, NULL);
    text_add(w->out, ", %d);\n", p->add);
}

static void write_call_of_product(Writer *w, const Product *p) {
    const bool blas = wants_blas(w, p);
    writer_indent(w);
    if (p->n_over) {
        write_call_over(w, p);
        return;
    }
    *(blas ? w->calls_blas : w->calls_product) = true;
    if (blas) {
        write_blas(w, p);
        return;
    }
    const bool shared = p->on_threads && !w->on_threads;
    if (shared) *w->calls_shared = true;
    text_add(w->out, "%s_product%s(", w->emission->prefix, shared ? "_shared" : "");
    write_sizes(w, p);
    write_address(w, p->a, p->a_subs);
    write_strides(w, p->a_row, p->a_column);
    write_address(w, p->b, p->b_subs);
    write_strides(w, p->b_row, p->b_column);
    write_address(w, p->c, p->c_subs);
    write_strides(w, p->c_row, NULL);
    text_add(w->out, ", %d, %d);\n", p->add, p->in_turn);
}

/* P_finite(rows, columns, &b[…], row, column), of the factor that must be. */
static void write_test(Writer *w, const Product *p) {
    const bool b = p->strong == STRONG_A;
    writer_indent(w);
    if (p->n_over) { /* over, which of its strides, how many rows or columns */
        text_add(w->out, "if (%s_finite_over(", w->emission->prefix);
        write_size(w, b ? p->n : p->m);
        write_over(w, p);
        text_add(w->out, ", %d", b ? 2 : 1);
        write_address(w, b ? p->b : p->a, b ? p->b_subs : p->a_subs);
        write_strides(w, b ? p->b_column : p->a_row, NULL);
        text_add(w->out, ")) {\n");
        return;
    }
    text_add(w->out, "if (%s_finite(", w->emission->prefix);
    write_size(w, b ? p->k : p->m);
    text_add(w->out, ", ");
    write_size(w, b ? p->n : p->k);
    write_address(w, b ? p->b : p->a, b ? p->b_subs : p->a_subs);
    write_strides(w, b ? p->b_row : p->a_row, b ? p->b_column : p->a_column);
    text_add(w->out, ")) {\n");
}

void write_product(Writer *w, const Tree *n) {
    const Product *p = &n->as.product;
    if (p->strong == STRONG_NONE) {
        write_call_of_product(w, p);
        return;
    }
    write_test(w, p);
    w->indent++;
    write_call_of_product(w, p);
    w->indent--;
    writer_line(w, "} else { /* 0 times anything is 0 */");
    w->indent++;
    write_list(w, n->body, n);
    w->indent--;
    writer_line(w, "}");
    *(p->n_over ? w->calls_finite_over : w->calls_finite) = true;
}

static const char *const finite_text[] = {
    "/* Are all elements of the matrix finite? Those that are not stay nan when they are multiplied by 0. */",
    "static int P_finite(int64_t rows, int64_t columns, const R *a, int64_t row, int64_t column) {",
    "    R sum = 0;",
    "    const int64_t along = column == 1 ? row : column, step = column == 1 ? 1 : row; /* rows are what lies side by side */",
    "    int64_t n = column == 1 ? rows : columns, each = column == 1 ? columns : rows;",
    "    if (step == 1 && along == each) each *= n, n = 1; /* all of it does */",
    "    for (int64_t i = 0; i < n; i++) {",
    "        if (step == 1) {",
    "            #pragma omp simd reduction(+: sum)",
    "            for (int64_t j = 0; j < each; j++) sum += 0*a[i*along + j];",
    "        } else {",
    "            for (int64_t j = 0; j < each; j++) sum += 0*a[i*along + j*step];",
    "        }",
    "    }",
    "    return sum == 0;",
    "}",
};

static const char *const finite_over_text[] = {
    "/* The same, of n rows (columns) whose elements lie over several loops: how many, and with `which` how far apart. */",
    "static int P_finite_over(int64_t n, int64_t levels, const int64_t (*over)[3], int which, const R *a, int64_t step) {",
    "    if (levels == 1) return P_finite(over[0][0], n, a, over[0][which], step);",
    "    int all = 1;",
    "    for (int64_t i = 0; i < over[0][0]; i++) all &= P_finite_over(n, levels - 1, over + 1, which, a + i*over[0][which], step);",
    "    return all;",
    "}",
};

static const char *const shared_text[] = {
    "/* The product on threads: each has rows of C, or where rows are few columns. Elements are added up as by one thread. */",
    "#if defined(_OPENMP) && defined(__GNUC__) && !defined(__TINYC__)",
    "static void P_product_shared(int64_t m, int64_t n, int64_t k, const R *a, int64_t a_row, int64_t a_column, const R *b, int64_t b_row,",
    "        int64_t b_column, R *c, int64_t ldc, int add, int in_turn) {",
    "    const int threads = m*n*k < 1000000 ? 1 : P_threads(), few = m <= 8*P_ROWS*threads;",
    "    const int64_t side = few ? P_LANES : P_ROWS, each = ((few ? n : m) + threads*side - 1)/(threads*side)*side;",
    "    #pragma omp parallel for num_threads(threads) if(threads > 1)",
    "    for (int64_t first = 0; first < (few ? n : m); first += each) {",
    "        const int64_t left = (few ? n : m) - first, some = left < each ? left : each;",
    "        if (few) P_product(m, some, k, a, a_row, a_column, b + first*b_column, b_row, b_column, c + first, ldc, add, in_turn);",
    "        else P_product_rows(some, n, k, a + first*a_row, a_row, a_column, b, b_row, b_column, c + first*ldc, ldc, add, in_turn);",
    "    }",
    "}",
    "#else",
    "#define P_product_shared P_product",
    "#endif",
};

/* product.in and product_over.in, a string a line. */
static const char *const product_text[] = {
#include "product_text.inc"
};

static const char *const product_over_text[] = {
#include "product_over_text.inc"
};

/* P stands for the model's prefix, R for its real type. */
static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

static void write_line_of_product(const Emission *e, const char *line, Text *out) {
    if (e->clones && strstr(line, "static void P_") && !strstr(line, "inline")) text_add(out, "%s ", CLONES);
    for (const char *c = line; *c; c++) {
        const bool word = c > line && (is_letter(c[-1]) || c[-1] == '_');
        if (*c == 'P' && c[1] == '_' && !word) text_add(out, "%s", e->prefix);
        else if (*c == 'R' && !is_letter(c[1]) && c[1] != '_' && !word) text_add(out, e->graph->f64 ? "double" : "float");
        else text_put(out, c, 1);
    }
}

static void write_lines(const Emission *e, const char *const *line, size_t n, Text *out) {
    for (size_t k = 0; k < n; k++) {
        write_line_of_product(e, line[k], out);
        text_put(out, "\n", 1);
    }
    text_put(out, "\n", 1);
}

void write_finite_function(const Emission *e, Text *out) { write_lines(e, finite_text, sizeof finite_text / sizeof *finite_text, out); }
void write_finite_over(const Emission *e, Text *out) { write_lines(e, finite_over_text, sizeof finite_over_text / sizeof *finite_over_text, out); }
void write_shared_product(const Emission *e, Text *out) { write_lines(e, shared_text, sizeof shared_text / sizeof *shared_text, out); }
void write_product_over(const Emission *e, Text *out) { write_lines(e, product_over_text, sizeof product_over_text / sizeof *product_over_text, out); }
void write_product_function(const Emission *e, Text *out) { write_lines(e, product_text, sizeof product_text / sizeof *product_text, out); }
