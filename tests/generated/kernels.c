/* The matrix products of generated code (KERNELS, a file with prefix `net`) against plain sums, over sizes, strides and transposes, with
 * arrays that end where the sanitizer looks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include KERNELS

static uint64_t state = 1;
static int64_t below(int64_t n) {
    state = state*6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)n);
}

static REAL *numbers(int64_t n) {
    REAL *a = malloc((size_t)n*sizeof *a);
    for (int64_t i = 0; i < n; i++) a[i] = (REAL)(below(17) - 8)/8;
    return a;
}

static double *widened(const REAL *a, int64_t n) {
    double *wide = malloc((size_t)n*sizeof *wide);
    for (int64_t i = 0; i < n; i++) wide[i] = (double)a[i];
    return wide;
}

/* Sums of eighths below 2^11 are exact in float: any order gives the same bits. */
static int differs(const char *what, const REAL *c, const double *want, int64_t n, const int64_t *size) {
    for (int64_t i = 0; i < n; i++)
        if ((double)c[i] != want[i]) {
            printf("%s of %lld x %lld x %lld: element %lld is %g, not %g\n", what, (long long)size[0], (long long)size[1], (long long)size[2], (long long)i, (double)c[i], want[i]);
            return 1;
        }
    return 0;
}

static int one_product(void) {
    static const int64_t sides[] = {1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 31, 33, 48, 64, 70, 70, 97, 200};
    const int64_t m = sides[below(15)], n = sides[below(18)], k = below(12) ? sides[below(18)] : 0, gap = below(3);
    const int a_turned = (int)below(2), b_turned = (int)below(2), add = (int)below(2), in_turn = (int)below(2);
    const int64_t a_row = a_turned ? 1 : k + gap, a_column = a_turned ? m + gap : 1, b_row = b_turned ? 1 : n + gap, b_column = b_turned ? k + gap : 1, ldc = n + gap;
    const int64_t a_size = k ? (m - 1)*a_row + (k - 1)*a_column + 1 : 1, b_size = k ? (k - 1)*b_row + (n - 1)*b_column + 1 : 1, c_size = (m - 1)*ldc + n;
    REAL *a = numbers(a_size), *b = numbers(b_size), *c = numbers(c_size);
    double *want = widened(c, c_size);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = add ? want[i*ldc + j] : 0;
            for (int64_t p = 0; p < k; p++) sum += (double)a[i*a_row + p*a_column]*(double)b[p*b_row + j*b_column];
            want[i*ldc + j] = sum;
        }
    net_product(m, n, k, a, a_row, a_column, b, b_row, b_column, c, ldc, add, in_turn);
    const int wrong = differs("a product", c, want, c_size, (int64_t[]){m, n, k});
    free(a), free(b), free(c), free(want);
    return wrong;
}

/* C[o, u] (+)= sum over p, q, r of W[o, p, q, r]*x[p, q, r and u], each loop with strides of its own. */
static int one_over(void) {
    const int64_t m = 1 + below(20), n = below(2) ? 1 + below(9) : 1 + below(150), p = 1 + below(6), q = 1 + below(4), r = below(2) ? 1 + below(5) : 1 + below(200);
    const int row_wise = (int)below(2), along = (int)below(2), add = (int)below(2);
    const int64_t b_column = along ? r + q + 1 : 1, b_r = along ? 1 : n + below(2), b_q = along ? 1 + below(2) : b_r + 1, b_p = b_column*n + b_r*r + b_q*q;
    const int64_t a_r = 1, a_q = row_wise ? r : r + 1, a_p = row_wise ? q*r : a_q*q + 2, a_row = a_p*p + 1, ldc = n + below(2);
    const int64_t over[3][3] = {{p, a_p, b_p}, {q, a_q, b_q}, {r, a_r, b_r}};
    const int64_t a_size = (m - 1)*a_row + (p - 1)*a_p + (q - 1)*a_q + (r - 1)*a_r + 1, b_size = (n - 1)*b_column + (p - 1)*b_p + (q - 1)*b_q + (r - 1)*b_r + 1, c_size = (m - 1)*ldc + n;
    REAL *a = numbers(a_size), *b = numbers(b_size), *c = numbers(c_size);
    double *want = widened(c, c_size);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = add ? want[i*ldc + j] : 0;
            for (int64_t u = 0; u < p; u++)
                for (int64_t v = 0; v < q; v++)
                    for (int64_t w = 0; w < r; w++) sum += (double)a[i*a_row + u*a_p + v*a_q + w*a_r]*(double)b[u*b_p + v*b_q + w*b_r + j*b_column];
            want[i*ldc + j] = sum;
        }
    net_product_over(m, n, 3, over, a, a_row, b, b_column, c, ldc, add);
    int wrong = differs("a product over three loops", c, want, c_size, (int64_t[]){m, n, p*q*r});
    wrong |= !net_finite_over(n, 3, over, 2, b, b_column);
    b[(n - 1)*b_column + (p - 1)*b_p + (q - 1)*b_q + (r - 1)*b_r] = (REAL)INFINITY;
    wrong |= net_finite_over(n, 3, over, 2, b, b_column);
    free(a), free(b), free(c), free(want);
    return wrong;
}

int main(void) {
    for (int k = 0; k < 150; k++)
        if (one_product() || one_over()) return 1;
    return 0;
}
