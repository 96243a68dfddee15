/* Made by bpc from dense.bp; belongs to whoever made it.
 *
 *     bpc dense.bp -O2
 *
 * dense_predict          the outputs, with training = 0
 * dense_gradient         the outputs and the gradient, in one pass
 * dense_forward          the outputs; leaves in the workspace what backward needs
 * dense_backward         the gradient, after forward with the same workspace
 *
 * x_bar is the adjoint of x (the error signal dL/dx), x_dot its tangent. Arrays are stored row by row.
 * Long sums are added in parts (x_part), and what is lost in joining them is carried on (x_lost).
 * Sizes known when the code runs: m.
 */
/* `omp simd` lets the compiler reorder sums; without -fopenmp-simd it is inert. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wsource-uses-openmp"
#pragma clang diagnostic ignored "-Wpass-failed"
#elif defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC optimize("no-trapping-math") /* nobody looks at the exceptions of lanes that are not taken */
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512") /* for some processors gcc would use half of the vectors */
#endif

#include "dense.h"

#include <math.h>
#include <string.h>

#include "bp_math.h"

/* The greatest and the least across lanes; a nan wins and stays. */
#pragma omp declare reduction(dense_max : float : omp_out = omp_in > omp_out || omp_in != omp_in ? omp_in : omp_out) initializer(omp_priv = -INFINITY)
#pragma omp declare reduction(dense_min : float : omp_out = omp_in < omp_out || omp_in != omp_in ? omp_in : omp_out) initializer(omp_priv = INFINITY)

/* Cuts n elements off the block, and what keeps the next ones aligned. */
static inline void *dense_take(char **block, int64_t n, size_t size) {
    void *taken = *block;
    *block += ((size_t)n*size + 63)/64*64;
    return taken;
}

#if defined(__GNUC__) && !defined(__TINYC__)
/* Vectors as wide as the machine's, and tiles of C, so many rows of so many vectors, that its registers hold. */
#if defined(__AVX512F__)
enum { dense_BYTES = 64, dense_VECTORS = 4, dense_TALLEST = 12 };
#elif defined(__AVX__)
enum { dense_BYTES = 32, dense_VECTORS = 2, dense_TALLEST = 8 };
#elif defined(__aarch64__)
enum { dense_BYTES = 16, dense_VECTORS = 4, dense_TALLEST = 12 };
#else
enum { dense_BYTES = 16, dense_VECTORS = 2, dense_TALLEST = 8 };
#endif
enum { dense_EACH = dense_BYTES/(int)sizeof(float), dense_LANES = dense_EACH*dense_VECTORS, dense_ROWS = 4, dense_TALL = 6, dense_DEPTH = 96, dense_LEVELS = 12 };
typedef float dense_vector __attribute__((vector_size(dense_BYTES), aligned(sizeof(float)), may_alias));
typedef float dense_quad __attribute__((vector_size(4*sizeof(float)), aligned(sizeof(float)), may_alias));
#if defined(__clang__)
#define dense_UNROLL _Pragma("clang loop unroll(full)")
#define dense_mix(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define dense_UNROLL _Pragma("GCC unroll 16")
typedef __typeof__(__builtin_choose_expr(sizeof(float) == 4, (int32_t)0, (int64_t)0)) dense_place;
typedef dense_place dense_places __attribute__((vector_size(4*sizeof(float))));
#define dense_mix(a, b, i, j, k, l) __builtin_shuffle(a, b, (dense_places){i, j, k, l})
#endif
#if defined(__clang__) && defined(__AVX512F__)
#define dense_INNERMOST __attribute__((min_vector_width(512))) /* for some processors it would halve them */
#else
#define dense_INNERMOST
#endif

/* Rows of C and vectors of its columns, kept in registers while the terms are added. Of `rows` there may be fewer, `height`: those
   that are not there are the last one once more; what a panel holds where there are no columns is not stored. */
dense_INNERMOST static inline __attribute__((always_inline)) void dense_tile(const int rows, const int vectors, int64_t depth, const float *a,
        int64_t a_row, int64_t a_column, const float *b, int64_t b_row, float *c, int64_t ldc, int64_t height, int64_t width, int keep, int in_turn) {
    dense_vector sum[dense_TALLEST][dense_VECTORS];
    float edge[dense_TALLEST][dense_LANES];
    int64_t row[dense_TALLEST];
    dense_UNROLL
    for (int r = 0; r < rows; r++) row[r] = (r < height ? r : height - 1)*a_row;
    dense_UNROLL
    for (int r = 0; r < rows; r++)
        dense_UNROLL
        for (int v = 0; v < vectors; v++) sum[r][v] = (dense_vector){0};
    if (keep && in_turn) {
        for (int64_t r = 0; r < rows; r++)
            for (int64_t j = 0; j < dense_LANES; j++) edge[r][j] = r < height && j < width ? c[r*ldc + j] : 0;
        memcpy(sum, edge, sizeof sum);
    }
    for (int64_t p = 0; p < depth; p++) {
        dense_vector y[dense_VECTORS];
        dense_UNROLL
        for (int v = 0; v < vectors; v++) y[v] = *(const dense_vector *)(b + p*b_row + v*dense_EACH);
        dense_UNROLL
        for (int r = 0; r < rows; r++) {
            const float x = a[row[r] + p*a_column];
            dense_UNROLL
            for (int v = 0; v < vectors; v++) sum[r][v] += x*y[v];
        }
    }
    if (width == vectors*dense_EACH) {
        dense_UNROLL
        for (int r = 0; r < rows; r++)
            if (r < height)
                dense_UNROLL
                for (int v = 0; v < vectors; v++) {
                    dense_vector *to = (dense_vector *)(c + r*ldc + v*dense_EACH);
                    if (keep && !in_turn) sum[r][v] += *to;
                    *to = sum[r][v];
                }
        return;
    }
    dense_UNROLL
    for (int r = 0; r < rows; r++) memcpy(edge[r], sum[r], (size_t)vectors*dense_BYTES);
    for (int64_t r = 0; r < height; r++)
        for (int64_t j = 0; j < width; j++) c[r*ldc + j] = keep && !in_turn ? c[r*ldc + j] + edge[r][j] : edge[r][j];
}

/* The next of the terms that several loops run over: `over` says of each, outermost first, how many turns it has and how far they are
   apart in A and in B. 0 after the last. */
static inline int dense_next(int64_t levels, const int64_t (*over)[3], int64_t *turn, int64_t *at) {
    for (int64_t l = levels; l-- > 0; turn[l] = 0) {
        at[0] += over[l][1], at[1] += over[l][2];
        if (++turn[l] < over[l][0]) return 1;
        at[0] -= over[l][0]*over[l][1], at[1] -= over[l][0]*over[l][2];
    }
    return 0;
}

/* The same where rows of A and columns of B lie side by side, and A has few: each element is a sum over vectors. */
dense_INNERMOST static void dense_dots(int64_t m, int64_t n, int64_t levels, const int64_t (*over)[3], const float *a, int64_t a_row, const float *b,
        int64_t b_column, float *c, int64_t ldc, int add) {
    const int64_t k = over[levels - 1][0], whole = k/dense_EACH*dense_EACH;
    for (int64_t row = 0; row < m; row += dense_ROWS)
        for (int64_t column = 0; column < n; column += dense_ROWS) {
            dense_vector sum[dense_ROWS][dense_ROWS];
            dense_UNROLL
            for (int r = 0; r < dense_ROWS; r++)
                dense_UNROLL
                for (int s = 0; s < dense_ROWS; s++) sum[r][s] = (dense_vector){0};
            float rest[dense_ROWS][dense_ROWS] = {{0}};
            const float *x[dense_ROWS], *y[dense_ROWS]; /* rows and columns that are not there are the last one once more */
            for (int64_t r = 0; r < dense_ROWS; r++) {
                x[r] = a + (row + r < m ? row + r : m - 1)*a_row;
                y[r] = b + (column + r < n ? column + r : n - 1)*b_column;
            }
            int64_t turn[dense_LEVELS] = {0}, at[2] = {0};
            do {
                for (int64_t p = 0; p < whole; p += dense_EACH) {
                    dense_UNROLL
                    for (int r = 0; r < dense_ROWS; r++) {
                        const dense_vector z = *(const dense_vector *)(x[r] + at[0] + p);
                        dense_UNROLL
                        for (int s = 0; s < dense_ROWS; s++) sum[r][s] += z * *(const dense_vector *)(y[s] + at[1] + p);
                    }
                }
                for (int64_t p = whole; p < k; p++)
                    for (int r = 0; r < dense_ROWS; r++)
                        for (int s = 0; s < dense_ROWS; s++) rest[r][s] += x[r][at[0] + p]*y[s][at[1] + p];
            } while (dense_next(levels - 1, over, turn, at));
            float parts[dense_ROWS][dense_ROWS][dense_EACH];
            dense_UNROLL
            for (int r = 0; r < dense_ROWS; r++)
                dense_UNROLL
                for (int s = 0; s < dense_ROWS; s++) memcpy(parts[r][s], &sum[r][s], sizeof parts[r][s]);
            for (int64_t r = 0; r < dense_ROWS && row + r < m; r++)
                for (int64_t s = 0; s < dense_ROWS && column + s < n; s++) {
                    float *part = parts[r][s];
                    for (int w = dense_EACH/2; w > 0; w /= 2)
                        for (int v = 0; v < w; v++) part[v] += part[v + w];
                    const float total = part[0] + rest[r][s];
                    float *to = &c[(row + r)*ldc + column + s];
                    *to = add ? *to + total : total;
                }
        }
}

/* Four columns of B that lie along their rows, as rows of the panel. */
dense_INNERMOST static inline void dense_turn(int64_t depth, const float *const *x, float *panel, int64_t lanes) {
    int64_t p = 0;
    for (; p + 4 <= depth; p += 4) {
        const dense_quad x0 = *(const dense_quad *)(x[0] + p), x1 = *(const dense_quad *)(x[1] + p), x2 = *(const dense_quad *)(x[2] + p), x3 = *(const dense_quad *)(x[3] + p);
        const dense_quad a = dense_mix(x0, x1, 0, 4, 1, 5), b = dense_mix(x2, x3, 0, 4, 1, 5), c = dense_mix(x0, x1, 2, 6, 3, 7), d = dense_mix(x2, x3, 2, 6, 3, 7);
        *(dense_quad *)(panel + p*lanes) = dense_mix(a, b, 0, 1, 4, 5);
        *(dense_quad *)(panel + (p + 1)*lanes) = dense_mix(a, b, 2, 3, 6, 7);
        *(dense_quad *)(panel + (p + 2)*lanes) = dense_mix(c, d, 0, 1, 4, 5);
        *(dense_quad *)(panel + (p + 3)*lanes) = dense_mix(c, d, 2, 3, 6, 7);
    }
    for (; p < depth; p++)
        for (int q = 0; q < 4; q++) panel[p*lanes + q] = x[q][p];
}

/* Whole vectors of a row. */
dense_INNERMOST static inline void dense_copy(int64_t lanes, const float *from, float *to) {
    dense_UNROLL
    for (int v = 0; v < dense_VECTORS; v++)
        if (v*dense_EACH < lanes) *(dense_vector *)(to + v*dense_EACH) = *(const dense_vector *)(from + v*dense_EACH);
}

/* Rows `first` to `first + depth` of B, `width` of its columns, as a panel of rows of `lanes`. */
dense_INNERMOST static void dense_pack(int64_t depth, int64_t width, int64_t lanes, const float *b, int64_t b_row, int64_t b_column, float *panel) {
    if (b_row == 1 && lanes % 4 == 0) {
        for (int64_t j = 0; j < lanes; j += 4) {
            const float *x[4];
            for (int q = 0; q < 4; q++) x[q] = b + (j + q < width ? j + q : 0)*b_column;
            dense_turn(depth, x, panel + j, lanes);
        }
    } else if (b_column == 1 && width == lanes) {
        for (int64_t p = 0; p < depth; p++) dense_copy(lanes, b + p*b_row, panel + p*lanes);
    } else {
        for (int64_t p = 0; p < depth; p++)
            for (int64_t j = 0; j < lanes; j++) panel[p*lanes + j] = j < width ? b[p*b_row + j*b_column] : 0;
    }
}

#define dense_THIS depth, x, a_row, a_column, b, b_row, z, ldc, height, width, keep, in_turn
/* Columns of C, as many as `lanes` or fewer, tile below tile. */
dense_INNERMOST static void dense_strip(int64_t m, int64_t lanes, int64_t depth, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
        float *c, int64_t ldc, int64_t width, int keep, int in_turn) {
    const int64_t tall = lanes == dense_LANES ? dense_TALL : dense_TALLEST;
    for (int64_t row = 0, height; row < m; row += height) {
        const float *x = a + row*a_row;
        float *z = c + row*ldc;
        const int64_t left = m - row; /* 8 are 4 + 4, not 6 + 2 */
        height = left >= tall && left != tall + 1 && left != tall + 2 ? tall : left < dense_ROWS ? left : dense_ROWS;
        if (lanes == dense_LANES && height == tall) dense_tile(dense_TALL, dense_VECTORS, dense_THIS);
        else if (lanes == dense_LANES) dense_tile(dense_ROWS, dense_VECTORS, dense_THIS);
        else if (lanes == dense_EACH && height == tall) dense_tile(dense_TALLEST, 1, dense_THIS);
        else if (lanes == dense_EACH) dense_tile(dense_ROWS, 1, dense_THIS);
        else if (dense_VECTORS > 2 && height == tall) dense_tile(dense_TALLEST, 2, dense_THIS);
        else if (dense_VECTORS > 2) dense_tile(dense_ROWS, 2, dense_THIS);
    }
}

/* Of so many columns that are left, those of the next panel. */
static inline int64_t dense_width(int64_t left) { return left >= dense_LANES ? dense_LANES : left >= 2*dense_EACH ? 2*dense_EACH : left > dense_EACH ? dense_EACH : left; }

/* C = A*B, or C += A*B. B is used where it lies while its rows are few and whole, else a panel at a time is copied. */
dense_INNERMOST static void dense_product_rows(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
        int64_t b_row, int64_t b_column, float *c, int64_t ldc, int add, int in_turn) {
    float panel[dense_DEPTH*dense_LANES];
    for (int64_t column = 0, width; column < n; column += width) {
        width = dense_width(n - column);
        const int64_t lanes = width >= dense_EACH ? width : dense_EACH;
        for (int64_t first = 0; first == 0 || first < k; first += dense_DEPTH) { /* once even where k is 0: C = 0 */
            const int64_t depth = k - first < dense_DEPTH ? k - first : dense_DEPTH;
            const int packed = b_column != 1 || width < lanes || m > 4*dense_ROWS;
            const float *y = b + column*b_column + first*b_row;
            if (packed) dense_pack(depth, width, lanes, y, b_row, b_column, panel);
            dense_strip(m, lanes, depth, a + first*a_column, a_row, a_column, packed ? panel : y, packed ? lanes : b_row, c + column, ldc, width,
                    add || first > 0, in_turn);
        }
    }
}

/* C = A*B, or C += A*B with `add`: A is m x k, B k x n, C m x n, with so many elements from one row, and column, to the next;
   columns of C lie side by side. Terms are added in parts of dense_DEPTH or, with `in_turn`, one after the other to what is there. */
static void dense_product(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
        int64_t b_column, float *c, int64_t ldc, int add, int in_turn) {
    if (a_column == 1 && b_row == 1 && b_column != 1 && (m <= dense_ROWS || (m <= 8*dense_ROWS && k >= 256)) && !in_turn) {
        const int64_t over[1][3] = {{k, 1, 1}};
        dense_dots(m, n, 1, over, a, a_row, b, b_column, c, ldc, add);
    } else dense_product_rows(m, n, k, a, a_row, a_column, b, b_row, b_column, c, ldc, add, in_turn);
}
#else
/* C = A*B, or C += A*B with `add`: A is m x k, B k x n, C m x n, with so many elements from one row, and column, to the next;
   columns of C lie side by side. Terms are added in parts of dense_DEPTH or, with `in_turn`,
   one after the other to what is there. */
static void dense_product(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
        int64_t b_column, float *c, int64_t ldc, int add, int in_turn) {
    enum { DEPTH = 128 };
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float total = add ? c[i*ldc + j] : 0;
            for (int64_t first = 0; first < k; first += DEPTH) {
                float sum = in_turn ? total : 0;
                for (int64_t p = first; p < k && p < first + DEPTH; p++)
                    sum += a[i*a_row + p*a_column]*b[p*b_row + j*b_column];
                total = in_turn ? sum : total + sum;
            }
            c[i*ldc + j] = total;
        }
}
#endif

void dense_params_bind(dense_params *params, float *block) {
    params->W = block + 0;
    params->b = block + 320;
}

size_t dense_workspace_size(const dense_dims *dims) {
    const int64_t m = dims ? dims->m : 0;
    if (m < 1) return 0;
    double most = 64.0, bytes;
    bytes = 64.0; /* predict */
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* gradient */
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* forward */
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    if (bytes > most) most = bytes;
    bytes = 64.0; /* backward */
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)256*(double)10 + 64.0;
    bytes += (double)sizeof(float)*(double)m + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    bytes += (double)sizeof(float)*(double)256 + 64.0;
    if (bytes > most) most = bytes;
    bytes = most;
    return bytes < 4503599627370496.0 && bytes < (double)SIZE_MAX ? (size_t)bytes : 0; /* 2^52 */
}

/* What must hold when a function is entered. */
static int dense_check(const dense_dims *dims, const dense_inputs *in, const dense_params *params, void *workspace) {
    if (!dims) return BP_E_NULL;
    if (!in) return BP_E_NULL;
    if (!workspace) return BP_E_NULL;
    if ((uintptr_t)workspace % 64 != 0) return BP_E_ALIGN;
    const int64_t m = dims->m;
    if (m < 1) return BP_E_SHAPE;
    if (dense_workspace_size(dims) == 0) return BP_E_MEMORY;
    if (!in) return BP_E_NULL;
    if (!in->x) return BP_E_NULL;
    if ((uintptr_t)in->x % sizeof(float) != 0) return BP_E_ALIGN;
    if (!in->y) return BP_E_NULL;
    if ((uintptr_t)in->y % sizeof(int32_t) != 0) return BP_E_ALIGN;
    if (!params) return BP_E_NULL;
    if (!params->W) return BP_E_NULL;
    if ((uintptr_t)params->W % sizeof(float) != 0) return BP_E_ALIGN;
    if (!params->b) return BP_E_NULL;
    if ((uintptr_t)params->b % sizeof(float) != 0) return BP_E_ALIGN;
    /* 0 <= y[i] < 10 */
    for (int64_t i = 0; i < m; i++)
        if (!((int64_t)in->y[i] >= 0 && (int64_t)in->y[i] < 10)) return BP_E_RANGE;
    return BP_OK;
}

/* ---- predict: the outputs, with training = 0 ---- */
int dense_predict(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const s = dense_take(&block, 256*10, sizeof(float));
    float *const s_sum = dense_take(&block, 256*10, sizeof(float));
    float *const p_lse = dense_take(&block, 256, sizeof(float));
    float *const p_lse_max = dense_take(&block, 256, sizeof(float));
    float *const p_lse_shift = dense_take(&block, 256, sizeof(float));
    float *const p_lse_total = dense_take(&block, 256, sizeof(float));
    float *const p = out->p;

    /* L_sum_total = 0    dense.bp:8 */
    float L_sum_total = 0.0f;
    float L_sum_total_lost = 0.0f;
    for (int64_t i0 = 0; i0 < m; i0 += 256) {
        float L_sum_total_part = 0.0f;
        const int64_t i1 = m >= i0 + 256 ? i0 + 256 : m;
        /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
        dense_product(i1 - i0, 10, 32, &x[32*i0], 32, 1, &W[0], 1, 32, &s_sum[0], 10, 0, 0);
        /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
        for (int64_t i = i0; i < i1; i++) {
            #pragma omp simd
            for (int64_t k = 0; k < 10; k++) {
                s[10*(i - i0) + k] = s_sum[10*(i - i0) + k] + b[k];
            }
            /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
            float p_lse_max_acc = -INFINITY;
            #pragma omp simd reduction(dense_max: p_lse_max_acc)
            for (int64_t k = 0; k < 10; k++) {
                const float v = s[10*(i - i0) + k];
                if (v > p_lse_max_acc || v != v) p_lse_max_acc = v;
            }
            p_lse_max[i - i0] = p_lse_max_acc;
        }
        /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
        #pragma omp simd
        for (int64_t i = i0; i < i1; i++) {
            p_lse_shift[i - i0] = bp_selectf(p_lse_max[i - i0] == INFINITY || p_lse_max[i - i0] == -INFINITY, 0.0f, p_lse_max[i - i0]);
        }
        /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
        for (int64_t i = i0; i < i1; i++) {
            float p_lse_total_acc = 0.0f;
            #pragma omp simd reduction(+: p_lse_total_acc)
            for (int64_t k = 0; k < 10; k++) {
                p_lse_total_acc += bp_expf(s[10*(i - i0) + k] - p_lse_shift[i - i0]);
            }
            p_lse_total[i - i0] = p_lse_total_acc;
        }
        /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
        #pragma omp simd reduction(+: L_sum_total_part)
        for (int64_t i = i0; i < i1; i++) {
            p_lse[i - i0] = p_lse_shift[i - i0] + bp_logf(p_lse_total[i - i0]);
            /* L_sum_total = sum[i](s[i,y[i]] - p_lse[i])    dense.bp:8 */
            L_sum_total_part += s[10*(i - i0) + (int64_t)y[i]] - p_lse[i - i0];
        }
        if (out->p) {
            /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
            for (int64_t i = i0; i < i1; i++) {
                const float p_lse_i = p_lse[i - i0];
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    p[10*i + k] = bp_expf(s[10*(i - i0) + k] - p_lse_i);
                }
            }
        }
        const float L_sum_total_next = L_sum_total_part - L_sum_total_lost;
        const float L_sum_total_total = L_sum_total + L_sum_total_next;
        L_sum_total_lost = L_sum_total_total - L_sum_total - L_sum_total_next;
        L_sum_total = L_sum_total_total;
    }
    /* L_sum = -L_sum_total    dense.bp:8 */
    const float L_sum = -L_sum_total;
    /* L = L_sum/m    dense.bp:8 */
    const float L = L_sum/(float)m;
    out->L = L;
    return BP_OK;
}

/* ---- gradient: the outputs and the gradient, in one pass ---- */
int dense_gradient(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, dense_grads *grads, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const slot1 = dense_take(&block, m*10, sizeof(float));
    float *const p = out->p ? out->p : slot1;
    float *const s = dense_take(&block, 256*10, sizeof(float));
    float *const s_sum = dense_take(&block, 256*10, sizeof(float));
    float *const p_lse = dense_take(&block, 256, sizeof(float));
    float *const s_bar = dense_take(&block, 256*10, sizeof(float));
    float *const p_lse_max = dense_take(&block, 256, sizeof(float));
    float *const p_lse_shift = dense_take(&block, 256, sizeof(float));
    float *const p_lse_total = dense_take(&block, 256, sizeof(float));
    float *const b_bar = grads->b;
    float *const W_bar = grads->W;

    if (grads->b) {
        /* b_bar[i] = 0    dense.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 10; i++) {
            b_bar[i] = 0.0f;
        }
    }
    if (grads->W) {
        /* W_bar[i,j] = 0    dense.bp:4 */
        for (int64_t i = 0; i < 10; i++) {
            #pragma omp simd
            for (int64_t j = 0; j < 32; j++) {
                W_bar[32*i + j] = 0.0f;
            }
        }
    }
    /* L_sum_total = 0    dense.bp:8 */
    float L_sum_total = 0.0f;
    float L_sum_total_lost = 0.0f;
    for (int64_t i0 = 0; i0 < m; i0 += 256) {
        float L_sum_total_part = 0.0f;
        const int64_t i1 = m >= i0 + 256 ? i0 + 256 : m;
        /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
        dense_product(i1 - i0, 10, 32, &x[32*i0], 32, 1, &W[0], 1, 32, &s_sum[0], 10, 0, 0);
        /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
        for (int64_t i = i0; i < i1; i++) {
            #pragma omp simd
            for (int64_t k = 0; k < 10; k++) {
                s[10*(i - i0) + k] = s_sum[10*(i - i0) + k] + b[k];
            }
            /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
            float p_lse_max_acc = -INFINITY;
            #pragma omp simd reduction(dense_max: p_lse_max_acc)
            for (int64_t k = 0; k < 10; k++) {
                const float v = s[10*(i - i0) + k];
                if (v > p_lse_max_acc || v != v) p_lse_max_acc = v;
            }
            p_lse_max[i - i0] = p_lse_max_acc;
        }
        if (grads->W || grads->b) {
            /* s_bar[i,k] = 0    dense.bp:6 */
            for (int64_t i = i0; i < i1; i++) {
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    s_bar[10*(i - i0) + k] = 0.0f;
                }
            }
            /* s_bar[i,y[i]] += -(1/m)    dense.bp:8 */
            #pragma omp simd
            for (int64_t i = i0; i < i1; i++) {
                s_bar[10*(i - i0) + (int64_t)y[i]] += -(1.0f/(float)m);
            }
        }
        /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
        #pragma omp simd
        for (int64_t i = i0; i < i1; i++) {
            p_lse_shift[i - i0] = bp_selectf(p_lse_max[i - i0] == INFINITY || p_lse_max[i - i0] == -INFINITY, 0.0f, p_lse_max[i - i0]);
        }
        /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
        for (int64_t i = i0; i < i1; i++) {
            float p_lse_total_acc = 0.0f;
            #pragma omp simd reduction(+: p_lse_total_acc)
            for (int64_t k = 0; k < 10; k++) {
                p_lse_total_acc += bp_expf(s[10*(i - i0) + k] - p_lse_shift[i - i0]);
            }
            p_lse_total[i - i0] = p_lse_total_acc;
        }
        /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
        #pragma omp simd reduction(+: L_sum_total_part)
        for (int64_t i = i0; i < i1; i++) {
            p_lse[i - i0] = p_lse_shift[i - i0] + bp_logf(p_lse_total[i - i0]);
            /* L_sum_total = sum[i](s[i,y[i]] - p_lse[i])    dense.bp:8 */
            L_sum_total_part += s[10*(i - i0) + (int64_t)y[i]] - p_lse[i - i0];
        }
        if (out->p || grads->W || grads->b) {
            /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
            for (int64_t i = i0; i < i1; i++) {
                const float p_lse_i = p_lse[i - i0];
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    p[10*i + k] = bp_expf(s[10*(i - i0) + k] - p_lse_i);
                }
            }
        }
        if (grads->W || grads->b) {
            /* s_bar[i,k] += if p_lse[i] != -inf then p[i,k]/m else 0    dense.bp:7 */
            for (int64_t i = i0; i < i1; i++) {
                const float p_lse_i_2 = p_lse[i - i0];
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    s_bar[10*(i - i0) + k] += bp_selectf(p_lse_i_2 != -INFINITY, p[10*i + k]/(float)m, 0.0f);
                }
            }
        }
        if (grads->b) {
            /* b_bar[k] = sum[i](s_bar[i,k])    dense.bp:6 */
            const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i0; i < i_end; i += 4) {
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    b_bar[k] += s_bar[10*(i - i0) + k] + s_bar[10*(i - i0 + 1) + k] + s_bar[10*(i - i0 + 2) + k] + s_bar[10*(i - i0 + 3) + k];
                }
            }
            const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
            for (int64_t i = i_begin; i < i1; i++) {
                #pragma omp simd
                for (int64_t k = 0; k < 10; k++) {
                    b_bar[k] += s_bar[10*(i - i0) + k];
                }
            }
        }
        if (grads->W) {
            /* W_bar[k,j] = sum[i](s_bar[i,k]*x[i,j])    dense.bp:6 */
            dense_product(10, 32, i1 - i0, &s_bar[0], 1, 10, &x[32*i0], 32, 1, &W_bar[0], 32, 1, 0);
        }
        const float L_sum_total_next = L_sum_total_part - L_sum_total_lost;
        const float L_sum_total_total = L_sum_total + L_sum_total_next;
        L_sum_total_lost = L_sum_total_total - L_sum_total - L_sum_total_next;
        L_sum_total = L_sum_total_total;
    }
    /* L_sum = -L_sum_total    dense.bp:8 */
    const float L_sum = -L_sum_total;
    /* L = L_sum/m    dense.bp:8 */
    const float L = L_sum/(float)m;
    out->L = L;
    return BP_OK;
}

/* ---- forward: the outputs; leaves in the workspace what backward needs ---- */
int dense_forward(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_outputs *out, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!out) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    const float *const W = params->W;
    const float *const b = params->b;
    char *block = workspace;
    float *const s = dense_take(&block, 256*10, sizeof(float));
    float *const p = dense_take(&block, m*10, sizeof(float));
    float *const s_sum = dense_take(&block, 256*10, sizeof(float));
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const p_lse_max = dense_take(&block, 256, sizeof(float));
    float *const p_lse_shift = dense_take(&block, 256, sizeof(float));
    float *const p_lse_total = dense_take(&block, 256, sizeof(float));

    /* L_sum_total = 0    dense.bp:8 */
    float L_sum_total = 0.0f;
    float L_sum_total_lost = 0.0f;
    for (int64_t i0 = 0; i0 < m; i0 += 256) {
        float L_sum_total_part = 0.0f;
        const int64_t i1 = m >= i0 + 256 ? i0 + 256 : m;
        /* s_sum[i,k] = sum[j](W[k,j]*x[i,j])    dense.bp:6 */
        dense_product(i1 - i0, 10, 32, &x[32*i0], 32, 1, &W[0], 1, 32, &s_sum[0], 10, 0, 0);
        /* s[i,k] = s_sum[i,k] + b[k]    dense.bp:6 */
        for (int64_t i = i0; i < i1; i++) {
            #pragma omp simd
            for (int64_t k = 0; k < 10; k++) {
                s[10*(i - i0) + k] = s_sum[10*(i - i0) + k] + b[k];
            }
            /* p_lse_max[i] = max[k](s[i,k])    dense.bp:7 */
            float p_lse_max_acc = -INFINITY;
            #pragma omp simd reduction(dense_max: p_lse_max_acc)
            for (int64_t k = 0; k < 10; k++) {
                const float v = s[10*(i - i0) + k];
                if (v > p_lse_max_acc || v != v) p_lse_max_acc = v;
            }
            p_lse_max[i - i0] = p_lse_max_acc;
        }
        /* p_lse_shift[i] = if p_lse_max[i] == inf or p_lse_max[i] == -inf then 0 else p_lse_max[i]    dense.bp:7 */
        #pragma omp simd
        for (int64_t i = i0; i < i1; i++) {
            p_lse_shift[i - i0] = bp_selectf(p_lse_max[i - i0] == INFINITY || p_lse_max[i - i0] == -INFINITY, 0.0f, p_lse_max[i - i0]);
        }
        /* p_lse_total[i] = sum[k](exp(s[i,k] - p_lse_shift[i]))    dense.bp:7 */
        for (int64_t i = i0; i < i1; i++) {
            float p_lse_total_acc = 0.0f;
            #pragma omp simd reduction(+: p_lse_total_acc)
            for (int64_t k = 0; k < 10; k++) {
                p_lse_total_acc += bp_expf(s[10*(i - i0) + k] - p_lse_shift[i - i0]);
            }
            p_lse_total[i - i0] = p_lse_total_acc;
        }
        /* p_lse[i] = p_lse_shift[i] + log(p_lse_total[i])    dense.bp:7 */
        #pragma omp simd reduction(+: L_sum_total_part)
        for (int64_t i = i0; i < i1; i++) {
            p_lse[i] = p_lse_shift[i - i0] + bp_logf(p_lse_total[i - i0]);
            /* L_sum_total = sum[i](s[i,y[i]] - p_lse[i])    dense.bp:8 */
            L_sum_total_part += s[10*(i - i0) + (int64_t)y[i]] - p_lse[i];
        }
        /* p[i,k] = exp(s[i,k] - p_lse[i])    dense.bp:7 */
        for (int64_t i = i0; i < i1; i++) {
            const float p_lse_i = p_lse[i];
            #pragma omp simd
            for (int64_t k = 0; k < 10; k++) {
                p[10*i + k] = bp_expf(s[10*(i - i0) + k] - p_lse_i);
            }
        }
        const float L_sum_total_next = L_sum_total_part - L_sum_total_lost;
        const float L_sum_total_total = L_sum_total + L_sum_total_next;
        L_sum_total_lost = L_sum_total_total - L_sum_total - L_sum_total_next;
        L_sum_total = L_sum_total_total;
    }
    /* L_sum = -L_sum_total    dense.bp:8 */
    const float L_sum = -L_sum_total;
    /* L = L_sum/m    dense.bp:8 */
    const float L = L_sum/(float)m;
    for (int64_t i = 0; out->p && i < m*10; i++) out->p[i] = p[i];
    out->L = L;
    return BP_OK;
}

/* ---- backward: the gradient, after forward with the same workspace ---- */
int dense_backward(const dense_dims *dims, const dense_inputs *in, const dense_params *params, dense_grads *grads, void *workspace) {
    const int status = dense_check(dims, in, params, workspace);
    if (status != BP_OK) return status;
    if (!grads) return BP_E_NULL;
    const int64_t m = dims->m;
    (void)m;
    const float *const x = in->x;
    const int32_t *const y = in->y;
    char *block = workspace;
    float *const s_bar = dense_take(&block, 256*10, sizeof(float));
    float *const p = dense_take(&block, m*10, sizeof(float));
    float *const slot3 = dense_take(&block, 256*10, sizeof(float));
    (void)slot3;
    float *const p_lse = dense_take(&block, m, sizeof(float));
    float *const slot5 = dense_take(&block, 256, sizeof(float));
    (void)slot5;
    float *const slot6 = dense_take(&block, 256, sizeof(float));
    (void)slot6;
    float *const slot7 = dense_take(&block, 256, sizeof(float));
    (void)slot7;
    float *const b_bar = grads->b;
    float *const W_bar = grads->W;

    if (grads->b) {
        /* b_bar[i] = 0    dense.bp:4 */
        #pragma omp simd
        for (int64_t i = 0; i < 10; i++) {
            b_bar[i] = 0.0f;
        }
    }
    if (grads->W) {
        /* W_bar[i,j] = 0    dense.bp:4 */
        for (int64_t i = 0; i < 10; i++) {
            #pragma omp simd
            for (int64_t j = 0; j < 32; j++) {
                W_bar[32*i + j] = 0.0f;
            }
        }
    }
    if (grads->W || grads->b) {
        for (int64_t i0 = 0; i0 < m; i0 += 256) {
            const int64_t i1 = m >= i0 + 256 ? i0 + 256 : m;
            if (grads->W || grads->b) {
                /* s_bar[i,k] = 0    dense.bp:6 */
                for (int64_t i = i0; i < i1; i++) {
                    const float p_lse_i = p_lse[i];
                    #pragma omp simd
                    for (int64_t k = 0; k < 10; k++) {
                        /* s_bar[i,k] += if p_lse[i] != -inf then p[i,k]/m else 0    dense.bp:7 */
                        s_bar[10*(i - i0) + k] = bp_selectf(p_lse_i != -INFINITY, p[10*i + k]/(float)m, 0.0f);
                    }
                }
                /* s_bar[i,y[i]] += -(1/m)    dense.bp:8 */
                #pragma omp simd
                for (int64_t i = i0; i < i1; i++) {
                    s_bar[10*(i - i0) + (int64_t)y[i]] += -(1.0f/(float)m);
                }
            }
            if (grads->b) {
                /* b_bar[k] = sum[i](s_bar[i,k])    dense.bp:6 */
                const int64_t i_end = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i0; i < i_end; i += 4) {
                    #pragma omp simd
                    for (int64_t k = 0; k < 10; k++) {
                        b_bar[k] += s_bar[10*(i - i0) + k] + s_bar[10*(i - i0 + 1) + k] + s_bar[10*(i - i0 + 2) + k] + s_bar[10*(i - i0 + 3) + k];
                    }
                }
                const int64_t i_begin = i0 + 4*bp_floordiv(i1 - i0, 4);
                for (int64_t i = i_begin; i < i1; i++) {
                    #pragma omp simd
                    for (int64_t k = 0; k < 10; k++) {
                        b_bar[k] += s_bar[10*(i - i0) + k];
                    }
                }
            }
            if (grads->W) {
                /* W_bar[k,j] = sum[i](s_bar[i,k]*x[i,j])    dense.bp:6 */
                dense_product(10, 32, i1 - i0, &s_bar[0], 1, 10, &x[32*i0], 32, 1, &W_bar[0], 32, 1, 0);
            }
        }
    }
    return BP_OK;
}

/* ---- the description ---- */
static const char *const dense_dim_names[] = {"m"};
static const bp_axis dense_axes0[] = {{0, 0}, {-1, 32}};
static const bp_axis dense_axes1[] = {{0, 0}};
static const bp_axis dense_axes2[] = {{-1, 10}, {-1, 32}};
static const bp_axis dense_axes3[] = {{-1, 10}};
static const bp_axis dense_axes4[] = {{0, 0}, {-1, 10}};
static const bp_tensor dense_tensors[] = {
    {"x", BP_INPUT, false, INT64_MIN, INT64_MAX, 2, dense_axes0, offsetof(dense_inputs, x), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"y", BP_INPUT, true, 0, 10, 1, dense_axes1, offsetof(dense_inputs, y), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"W", BP_PARAM, false, INT64_MIN, INT64_MAX, 2, dense_axes2, offsetof(dense_params, W), offsetof(dense_grads, W), 0, {BP_INIT_XAVIER, 0.0, 1.0, 32, 10, NULL}},
    {"b", BP_PARAM, false, INT64_MIN, INT64_MAX, 1, dense_axes3, offsetof(dense_params, b), offsetof(dense_grads, b), 320, {BP_INIT_ZEROS, 0.0, 0.0, 0, 0, NULL}},
    {"p", BP_OUTPUT, false, INT64_MIN, INT64_MAX, 2, dense_axes4, offsetof(dense_outputs, p), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
    {"L", BP_LOSS, false, INT64_MIN, INT64_MAX, 0, NULL, offsetof(dense_outputs, L), (size_t)-1, 0, {BP_INIT_VALUES, 0.0, 0.0, 0, 0, NULL}},
};
static int dense_call_predict(const void *dims, const void *in, const void *params, const void *state, void *out, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return dense_predict(dims, in, params, out, workspace);
}
static int dense_call_gradient(const void *dims, const void *in, const void *params, const void *state, void *out, void *grads, void *workspace) {
    (void)dims;
    (void)in;
    (void)params;
    (void)state;
    (void)out;
    return dense_gradient(dims, in, params, out, grads, workspace);
}
static size_t dense_call_workspace_size(const void *dims) {
    (void)dims;
    return dense_workspace_size(dims);
}
static const bp_model dense_model = {
    .name = "dense",
    .real = BP_F32,
    .n_dims = 1,
    .dims = dense_dim_names,
    .n_tensors = 6,
    .tensors = dense_tensors,
    .param_count = 330,
    .state_count = 0,
    .inputs_size = sizeof(dense_inputs),
    .params_size = sizeof(dense_params),
    .grads_size = sizeof(dense_grads),
    .outputs_size = sizeof(dense_outputs),
    .seed_offset = (size_t)-1,
    .call_offset = (size_t)-1,
    .training = {NULL, 0, NULL, NULL, NULL, (double)NAN, (double)NAN, 0, 0, -1, 0},
    .workspace_size = dense_call_workspace_size,
    .predict = dense_call_predict,
    .gradient = dense_call_gradient,
};

const bp_model *dense_describe(void) { return &dense_model; }
