/* Matrix products in C: the call, and the static function that it calls unless the product is large enough for a BLAS.
 *
 * The function packs a panel of B, and keeps for it some rows of C in registers while it adds (as in Goto and van de Geijn, Anatomy of
 * high-performance matrix multiplication, 2008). Vectors are the language extension that gcc and clang share; other compilers get
 * plain loops. */
#include <string.h>

#include "emit/writer.h"

enum { BLAS_AREA = 1 << 22 }; /* k*n from which a BLAS that knows the machine may win; one that does not is slower everywhere */

static bool wants_blas(const Writer *w, const Product *p) {
    if (!w->emission->blas || p->in_turn) return false; /* its strides may be negative */
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

static void write_call_of_product(Writer *w, const Product *p) {
    const bool blas = wants_blas(w, p);
    writer_indent(w);
    *(blas ? w->calls_blas : w->calls_product) = true;
    if (blas) {
        write_blas(w, p);
        return;
    }
    text_add(w->out, "%s_product(", w->emission->prefix);
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
    *w->calls_finite = true;
}

static const char *const finite_text[] = {
    "/* Are all elements of the matrix finite? Those that are not stay nan when they are multiplied by 0. */\n",
    "static int P_finite(int64_t rows, int64_t columns, const R *a, int64_t row, int64_t column) {\n",
    "    R sum = 0;\n",
    "    const int64_t outer = column == 1 ? rows : columns, inner = column == 1 ? columns : rows, step = column == 1 ? row : column;\n",
    "    for (int64_t i = 0; i < outer; i++) {\n",
    "        #pragma omp simd reduction(+: sum)\n",
    "        for (int64_t j = 0; j < inner; j++) sum += 0*a[i*step + j*(column == 1 ? 1 : row)];\n",
    "    }\n",
    "    return sum == 0;\n",
    "}\n\n",
};

static const char *const product_text[] = {
    "#if defined(__GNUC__) && !defined(__TINYC__)\n",
    "/* Vectors as wide as the machine's, side by side as many as its registers hold for P_ROWS rows of C. */\n",
    "#if defined(__AVX512F__)\n",
    "enum { P_BYTES = 64, P_VECTORS = 4 };\n",
    "#elif defined(__AVX__)\n",
    "enum { P_BYTES = 32, P_VECTORS = 2 };\n",
    "#else\n",
    "enum { P_BYTES = 16, P_VECTORS = 2 };\n",
    "#endif\n",
    "enum { P_EACH = P_BYTES/(int)sizeof(R), P_LANES = P_EACH*P_VECTORS, P_ROWS = 4, P_DEPTH = 128,\n",
    "       P_ACROSS = P_EACH < 4 ? P_EACH : 4 };\n",
    "typedef R P_vector __attribute__((vector_size(P_BYTES), aligned(sizeof(R)), may_alias));\n",
    "#if defined(__clang__)\n",
    "#define P_INNERMOST\n",
    "#else\n",
    "#define P_INNERMOST __attribute__((optimize(\"schedule-insns\"))) /* loads a vector once for all rows */\n",
    "#endif\n",
    "\n",
    "/* P_ROWS rows of C, at most, and `vectors` vectors of columns, kept in registers while the terms are added. Rows that are not\n",
    "   there are the last one once more; what a panel holds where there are no columns is not stored. */\n",
    "P_INNERMOST static inline __attribute__((always_inline)) void P_tile(int vectors, int64_t depth, const R *a, int64_t a_row,\n",
    "        int64_t a_column, const R *b, int64_t b_row, R *c, int64_t ldc, int64_t height, int64_t width, int keep, int in_turn) {\n",
    "    const R *a1 = a + (height > 1 ? a_row : 0), *a2 = a1 + (height > 2 ? a_row : 0), *a3 = a2 + (height > 3 ? a_row : 0);\n",
    "    P_vector sum[P_ROWS][P_VECTORS] = {{{0}}};\n",
    "    R edge[P_ROWS][P_LANES];\n",
    "    if (keep && in_turn) {\n",
    "        for (int64_t r = 0; r < P_ROWS; r++)\n",
    "            for (int64_t j = 0; j < P_LANES; j++) edge[r][j] = r < height && j < width ? c[r*ldc + j] : 0;\n",
    "        memcpy(sum, edge, sizeof sum);\n",
    "    }\n",
    "    for (int64_t p = 0; p < depth; p++) {\n",
    "        const R x0 = a[p*a_column], x1 = a1[p*a_column], x2 = a2[p*a_column], x3 = a3[p*a_column];\n",
    "        #pragma GCC unroll 4\n",
    "        for (int v = 0; v < vectors; v++) {\n",
    "            const P_vector y = *(const P_vector *)(b + p*b_row + v*P_EACH);\n",
    "            sum[0][v] += x0*y;\n",
    "            sum[1][v] += x1*y;\n",
    "            sum[2][v] += x2*y;\n",
    "            sum[3][v] += x3*y;\n",
    "        }\n",
    "    }\n",
    "    if (height == P_ROWS && width == vectors*P_EACH) {\n",
    "        #pragma GCC unroll 4\n",
    "        for (int r = 0; r < P_ROWS; r++)\n",
    "            #pragma GCC unroll 4\n",
    "            for (int v = 0; v < vectors; v++) {\n",
    "                P_vector *to = (P_vector *)(c + r*ldc + v*P_EACH);\n",
    "                if (keep && !in_turn) sum[r][v] += *to;\n",
    "                *to = sum[r][v];\n",
    "            }\n",
    "        return;\n",
    "    }\n",
    "    memcpy(edge, sum, sizeof sum);\n",
    "    for (int64_t r = 0; r < height; r++)\n",
    "        for (int64_t j = 0; j < width; j++) c[r*ldc + j] = keep && !in_turn ? c[r*ldc + j] + edge[r][j] : edge[r][j];\n",
    "}\n",
    "\n",
    "/* The same where rows of A and columns of B lie side by side, and A has few: each element is a sum over vectors. */\n",
    "P_INNERMOST static void P_dots(int64_t m, int64_t n, int64_t k, const R *a, int64_t a_row, const R *b, int64_t b_column, R *c,\n",
    "        int64_t ldc, int add) {\n",
    "    for (int64_t row = 0; row < m; row += P_ROWS)\n",
    "        for (int64_t column = 0; column < n; column += P_ROWS) {\n",
    "            P_vector sum[P_ROWS][P_ROWS] = {{{0}}};\n",
    "            const R *x[P_ROWS], *y[P_ROWS]; /* rows and columns that are not there are the last one once more */\n",
    "            for (int64_t r = 0; r < P_ROWS; r++) {\n",
    "                x[r] = a + (row + r < m ? row + r : m - 1)*a_row;\n",
    "                y[r] = b + (column + r < n ? column + r : n - 1)*b_column;\n",
    "            }\n",
    "            const int64_t whole = k/P_EACH*P_EACH;\n",
    "            for (int64_t p = 0; p < whole; p += P_EACH) {\n",
    "                #pragma GCC unroll 4\n",
    "                for (int r = 0; r < P_ROWS; r++) {\n",
    "                    const P_vector z = *(const P_vector *)(x[r] + p);\n",
    "                    #pragma GCC unroll 4\n",
    "                    for (int s = 0; s < P_ROWS; s++) sum[r][s] += z * *(const P_vector *)(y[s] + p);\n",
    "                }\n",
    "            }\n",
    "            for (int64_t r = 0; r < P_ROWS && row + r < m; r++)\n",
    "                for (int64_t s = 0; s < P_ROWS && column + s < n; s++) {\n",
    "                    R part[P_EACH];\n",
    "                    memcpy(part, &sum[r][s], sizeof part);\n",
    "                    for (int w = P_EACH/2; w > 0; w /= 2)\n",
    "                        for (int v = 0; v < w; v++) part[v] += part[v + w];\n",
    "                    R total = part[0];\n",
    "                    for (int64_t p = whole; p < k; p++) total += x[r][p]*y[s][p];\n",
    "                    R *to = &c[(row + r)*ldc + column + s];\n",
    "                    *to = add ? *to + total : total;\n",
    "                }\n",
    "        }\n",
    "}\n",
    "\n",
    "/* C = A*B, or C += A*B with `add`: A is m x k, B k x n, C m x n, with so many elements from one row, and column, to the next;\n",
    "   columns of C lie side by side. Terms are added in parts of P_DEPTH or, with `in_turn`,\n",
    "   one after the other to what is there. B is used where it lies while its rows are few and whole, else a panel at a time is copied. */\n",
    "P_INNERMOST static void P_product(int64_t m, int64_t n, int64_t k, const R *a, int64_t a_row, int64_t a_column, const R *b,\n",
    "        int64_t b_row, int64_t b_column, R *c, int64_t ldc, int add, int in_turn) {\n",
    "    if (a_column == 1 && b_row == 1 && b_column != 1 && (m <= P_ROWS || (m <= 8*P_ROWS && k >= 2*P_DEPTH)) && !in_turn) {\n",
    "        P_dots(m, n, k, a, a_row, b, b_column, c, ldc, add);\n",
    "        return;\n",
    "    }\n",
    "    R panel[P_DEPTH*P_LANES];\n",
    "    for (int64_t column = 0, width; column < n; column += width) {\n",
    "        width = n - column >= P_LANES ? P_LANES : n - column > P_EACH ? P_EACH : n - column; /* what is left goes in single vectors */\n",
    "        const int64_t lanes = width == P_LANES ? P_LANES : P_EACH;\n",
    "        for (int64_t first = 0; first == 0 || first < k; first += P_DEPTH) { /* once even where k is 0: C = 0 */\n",
    "            const int64_t depth = k - first < P_DEPTH ? k - first : P_DEPTH;\n",
    "            const int keep = add || first > 0;\n",
    "            const int packed = b_column != 1 || width < lanes || m > 4*P_ROWS;\n",
    "            const R *from = b + column*b_column + first*b_row;\n",
    "            for (int64_t j = 0; b_column != 1 && j < lanes; j += P_ACROSS) {\n",
    "                const R *x[P_ACROSS];\n",
    "                for (int64_t q = 0; q < P_ACROSS; q++) x[q] = from + (j + q < width ? j + q : 0)*b_column;\n",
    "                for (int64_t p = 0; p < depth; p++)\n",
    "                    for (int64_t q = 0; q < P_ACROSS; q++) panel[p*lanes + j + q] = x[q][p*b_row];\n",
    "            }\n",
    "            for (int64_t p = 0; packed && b_column == 1 && p < depth; p++)\n",
    "                for (int64_t j = 0; j < lanes; j++) panel[p*lanes + j] = j < width ? from[p*b_row + j] : 0;\n",
    "            const R *y = packed ? panel : from;\n",
    "            const int64_t y_row = packed ? lanes : b_row;\n",
    "            for (int64_t row = 0; row < m; row += P_ROWS) {\n",
    "                const int64_t height = m - row < P_ROWS ? m - row : P_ROWS;\n",
    "                const R *x = a + row*a_row + first*a_column;\n",
    "                R *z = c + row*ldc + column;\n",
    "                if (lanes == P_LANES) P_tile(P_VECTORS, depth, x, a_row, a_column, y, y_row, z, ldc, height, width, keep, in_turn);\n",
    "                else P_tile(1, depth, x, a_row, a_column, y, y_row, z, ldc, height, width, keep, in_turn);\n",
    "            }\n",
    "        }\n",
    "    }\n",
    "}\n",
    "#else\n",
    "/* C = A*B, or C += A*B with `add`: A is m x k, B k x n, C m x n, with so many elements from one row, and column, to the next;\n",
    "   columns of C lie side by side. Terms are added in parts of P_DEPTH or, with `in_turn`,\n",
    "   one after the other to what is there. */\n",
    "static void P_product(int64_t m, int64_t n, int64_t k, const R *a, int64_t a_row, int64_t a_column, const R *b, int64_t b_row,\n",
    "        int64_t b_column, R *c, int64_t ldc, int add, int in_turn) {\n",
    "    enum { DEPTH = 128 };\n",
    "    for (int64_t i = 0; i < m; i++)\n",
    "        for (int64_t j = 0; j < n; j++) {\n",
    "            R total = add ? c[i*ldc + j] : 0;\n",
    "            for (int64_t first = 0; first < k; first += DEPTH) {\n",
    "                R sum = in_turn ? total : 0;\n",
    "                for (int64_t p = first; p < k && p < first + DEPTH; p++)\n",
    "                    sum += a[i*a_row + p*a_column]*b[p*b_row + j*b_column];\n",
    "                total = in_turn ? sum : total + sum;\n",
    "            }\n",
    "            c[i*ldc + j] = total;\n",
    "        }\n",
    "}\n",
    "#endif\n",
    "\n",
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

void write_finite_function(const Emission *e, Text *out) {
    for (size_t k = 0; k < sizeof finite_text / sizeof *finite_text; k++) write_line_of_product(e, finite_text[k], out);
}

void write_product_function(const Emission *e, Text *out) {
    for (size_t k = 0; k < sizeof product_text / sizeof *product_text; k++) write_line_of_product(e, product_text[k], out);
}
