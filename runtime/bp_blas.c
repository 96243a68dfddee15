/* bp_blas.c - binds CBLAS where the program is linked with one, or falls back on tiled loops. The symbols are weak, so that
 * a program that links libbp.a alone gets the loops. BP_HAVE_CBLAS says that there is a cblas.h.
 * CBLAS takes int; a matrix with more than 2^31 rows or columns goes to the loops. */
#include "bp_blas.h"

#include <limits.h>
#ifdef BP_HAVE_CBLAS
#include <cblas.h>
#pragma weak cblas_sgemm
#pragma weak cblas_dgemm
#endif

enum { WIDTH = 64, DEPTH = 128 }; /* a tile of doubles is 64 KiB, within a second-level cache and a thread's stack */

#define REAL float
#define NAME(x) x##_f32
#include "gemm_plain.inc"

#define REAL double
#define NAME(x) x##_f64
#include "gemm_plain.inc"

#ifdef BP_HAVE_CBLAS
static bool fits(int64_t m, int64_t n, int64_t k, int64_t lda, int64_t ldb, int64_t ldc) {
    return m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX && m > 0 && n > 0 &&
           k > 0;
}
#endif

void bp_gemm_f32(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                 const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
#ifdef BP_HAVE_CBLAS
    if (cblas_sgemm && fits(m, n, k, lda, ldb, ldc)) {
        cblas_sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n,
                    (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
        return;
    }
#endif
    bp_gemm_plain_f32(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void bp_gemm_f64(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
                 const double *b, int64_t ldb, double beta, double *c, int64_t ldc) {
#ifdef BP_HAVE_CBLAS
    if (cblas_dgemm && fits(m, n, k, lda, ldb, ldc)) {
        cblas_dgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n,
                    (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
        return;
    }
#endif
    bp_gemm_plain_f64(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
