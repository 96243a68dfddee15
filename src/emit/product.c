/* Matrix products in C: the call, and the static function that it calls unless the product is large enough for a BLAS.
 *
 * The function packs a panel of B, DEPTH rows of LANES columns, and keeps ROWS rows of C for it in registers: the loops
 * over lanes have constant counts, which compilers turn into vector instructions of whatever width the machine has. */
#include <string.h>

#include "emit/writer.h"

enum { BLAS_AREA = 1 << 18 }; /* k*n from which a BLAS wins (measured on k = 512, n = 512) */

static bool wants_blas(const Writer *w, const Product *p) {
    if (!w->emission->blas || p->in_turn) return false; /* its strides may be negative */
    if (p->k->kind != EXPR_CONST || p->n->kind != EXPR_CONST) return false;
    return p->k->of.integer * p->n->of.integer >= BLAS_AREA;
}

static void write_size(Writer *w, Expr *size) { write_expr(w, write_out(w, size), TYPE_INT, C_TERNARY); }

static void write_address(Writer *w, Tensor *t, Expr *const *subs, Expr *stride) {
    text_add(w->out, ", &");
    write_element(w, t, subs);
    text_add(w->out, ", ");
    write_size(w, stride);
}

void write_product(Writer *w, const Product *p) {
    bool blas = wants_blas(w, p);
    writer_indent(w);
    if (blas) text_add(w->out, "bp_gemm_%s(", w->g->f64 ? "f64" : "f32");
    else text_add(w->out, "%s_product(", w->emission->prefix);
    *(blas ? w->calls_blas : w->calls_product) = true;
    text_add(w->out, "%d, %d, ", p->a_transposed, p->b_transposed);
    write_size(w, p->m);
    text_add(w->out, ", ");
    write_size(w, p->n);
    text_add(w->out, ", ");
    write_size(w, p->k);
    if (blas) text_add(w->out, w->g->f64 ? ", 1.0" : ", 1.0f");
    write_address(w, p->a, p->a_subs, p->a_stride);
    write_address(w, p->b, p->b_subs, p->b_stride);
    if (blas) text_add(w->out, p->add ? ", 1.0%s" : ", 0.0%s", w->g->f64 ? "" : "f");
    write_address(w, p->c, p->c_subs, p->c_stride);
    if (!blas) text_add(w->out, ", %d, %d", p->add, p->in_turn);
    text_add(w->out, ");\n");
}

static const char product_text[] =
    "/* C = A*B, or C += A*B with `add`: A is m x k, B k x n, C m x n, row by row, with lda, ldb, ldc elements from one row to\n"
    "   the next. Of a transposed one that is how it is stored: k x m, n x k. Terms are added in parts of DEPTH or, with `in_turn`,\n"
    "   one after the other to what is there. */\n"
    "static void P_product(int a_transposed, int b_transposed, int64_t m, int64_t n, int64_t k, const R *a, int64_t lda,\n"
    "        const R *b, int64_t ldb, R *c, int64_t ldc, int add, int in_turn) {\n"
    "    enum { LANES = 16, ROWS = 4, DEPTH = 128 };\n"
    "    R panel[DEPTH*LANES];\n"
    "    const int64_t a_row = a_transposed ? 1 : lda, a_column = a_transposed ? lda : 1;\n"
    "    const int64_t b_row = b_transposed ? 1 : ldb, b_column = b_transposed ? ldb : 1;\n"
    "    for (int64_t column = 0; column < n; column += LANES) {\n"
    "        const int64_t width = n - column < LANES ? n - column : LANES;\n"
    "        for (int64_t first = 0; first == 0 || first < k; first += DEPTH) { /* once even where k is 0: C = 0 */\n"
    "            const int64_t depth = k - first < DEPTH ? k - first : DEPTH;\n"
    "            const int keep = add || first > 0;\n"
    "            for (int64_t p = 0; p < depth; p++)\n"
    "                for (int64_t j = 0; j < LANES; j++)\n"
    "                    panel[p*LANES + j] = j < width ? b[(first + p)*b_row + (column + j)*b_column] : 0;\n"
    "            for (int64_t row = 0; row < m; row += ROWS) {\n"
    "                const int64_t height = m - row < ROWS ? m - row : ROWS;\n"
    "                const R *a0 = a + row*a_row + first*a_column;\n"
    "                const R *a1 = a0 + (height > 1 ? a_row : 0), *a2 = a1 + (height > 2 ? a_row : 0), *a3 = a2 + (height > 3 ? a_row : 0);\n"
    "                R sum[ROWS][LANES] = {{0}};\n"
    "                for (int64_t r = 0; in_turn && keep && r < height; r++)\n"
    "                    for (int64_t j = 0; j < width; j++) sum[r][j] = c[(row + r)*ldc + column + j];\n"
    "                for (int64_t p = 0; p < depth; p++) {\n"
    "                    const R x0 = a0[p*a_column], x1 = a1[p*a_column], x2 = a2[p*a_column], x3 = a3[p*a_column];\n"
    "                    #pragma omp simd\n"
    "                    for (int64_t j = 0; j < LANES; j++) {\n"
    "                        const R y = panel[p*LANES + j];\n"
    "                        sum[0][j] += x0*y;\n"
    "                        sum[1][j] += x1*y;\n"
    "                        sum[2][j] += x2*y;\n"
    "                        sum[3][j] += x3*y;\n"
    "                    }\n"
    "                }\n"
    "                for (int64_t r = 0; r < height; r++)\n"
    "                    for (int64_t j = 0; j < width; j++) {\n"
    "                        R *to = &c[(row + r)*ldc + column + j];\n"
    "                        *to = keep && !in_turn ? *to + sum[r][j] : sum[r][j];\n"
    "                    }\n"
    "            }\n"
    "        }\n"
    "    }\n"
    "}\n\n";

/* P stands for the model's prefix, R for its real type. */
void write_product_function(const Emission *e, Text *out) {
    for (const char *c = product_text; *c; c++) {
        bool word = c > product_text && ((c[-1] >= 'A' && c[-1] <= 'Z') || (c[-1] >= 'a' && c[-1] <= 'z') || c[-1] == '_');
        bool ends = !((c[1] >= 'A' && c[1] <= 'Z') || (c[1] >= 'a' && c[1] <= 'z'));
        if (e->clones && strncmp(c, "static void P_", 14) == 0) text_add(out, "%s ", CLONES);
        if (*c == 'P' && c[1] == '_' && !word) text_add(out, "%s", e->prefix);
        else if (*c == 'R' && ends && !word) text_add(out, e->graph->f64 ? "double" : "float");
        else text_put(out, c, 1);
    }
}
