/* bp_blas.h - matrix products: CBLAS where libbp was built with it, else tiled loops. */
#ifndef BP_BLAS_H
#define BP_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* C <- alpha op(A) op(B) + beta C, all row-major: op(A) is m x k, op(B) k x n, C m x n; op transposes where its flag is
 * set.  lda, ldb, ldc are the lengths of the rows in memory, at least that of the matrix as stored.  With beta = 0 C is
 * not read.  The matrices do not overlap; empty ones are allowed. */
void bp_gemm_f32(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                   const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
void bp_gemm_f64(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
                   const double *b, int64_t ldb, double beta, double *c, int64_t ldc);

/* The loops that stand in where there is no CBLAS; always there, so that they can be tested. */
void bp_gemm_plain_f32(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                         const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
void bp_gemm_plain_f64(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                         int64_t lda, const double *b, int64_t ldb, double beta, double *c, int64_t ldc);

#ifdef __cplusplus
}
#endif
#endif
