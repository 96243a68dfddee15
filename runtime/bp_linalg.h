/* bp_linalg.h - solve, inverse, determinant, cofactors, Cholesky's factor of dense matrices, row by row, in double (bp_NAME) and float
 * (bp_NAMEf), as textbooks have them: elimination with exchanges of rows (Golub and Van Loan, Matrix Computations, 3.4 and
 * 4.2). What they work in is the caller's: `factors`, n*n numbers, and `row`, n. They return 0, or 1 where the
 * factorisation does not exist; then the result is unspecified. Determinants and cofactors are there for every matrix.
 *
 * bp_NAME_f64 and bp_NAME_f32 are the same, but call LAPACK for large matrices where libbp was built with it.
 *
 * Cut into sections as bp_math.h is, whose sections they also name. */
#ifndef BP_LINALG_H
#define BP_LINALG_H

#include "bp_math.h"

#ifdef __cplusplus
extern "C" {
#endif

/*@ prologue: */

/*@ bp_lu: */
/* Factorises the n x n matrix a in place: rows exchanged as `row` says (row[k] >= k changed places with k), then unit lower
 * times upper triangular. Returns the sign of the exchanges, or 0 where a pivot is 0 or nan. */
static inline int bp_lu(int64_t n, double *a, int32_t *row) {
    int sign = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        double most = -1.0;
        for (int64_t i = k; i < n; i++) {
            const double size = a[i*n + k] < 0.0 ? -a[i*n + k] : a[i*n + k];
            if (size > most) most = size, pivot = i;
        }
        row[k] = (int32_t)pivot;
        if (pivot != k) {
            sign = -sign;
            for (int64_t j = 0; j < n; j++) {
                const double t = a[k*n + j];
                a[k*n + j] = a[pivot*n + j];
                a[pivot*n + j] = t;
            }
        }
        const double top = a[k*n + k];
        if (!(top < 0.0 || top > 0.0)) return 0;
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = a[i*n + k]/top;
            a[i*n + k] = factor;
            for (int64_t j = k + 1; j < n; j++) a[i*n + j] -= factor*a[k*n + j];
        }
    }
    return sign;
}

/*@ bp_luf: */
static inline int bp_luf(int64_t n, float *a, int32_t *row) {
    int sign = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        float most = -1.0f;
        for (int64_t i = k; i < n; i++) {
            const float size = a[i*n + k] < 0.0f ? -a[i*n + k] : a[i*n + k];
            if (size > most) most = size, pivot = i;
        }
        row[k] = (int32_t)pivot;
        if (pivot != k) {
            sign = -sign;
            for (int64_t j = 0; j < n; j++) {
                const float t = a[k*n + j];
                a[k*n + j] = a[pivot*n + j];
                a[pivot*n + j] = t;
            }
        }
        const float top = a[k*n + k];
        if (!(top < 0.0f || top > 0.0f)) return 0;
        for (int64_t i = k + 1; i < n; i++) {
            const float factor = a[i*n + k]/top;
            a[i*n + k] = factor;
            for (int64_t j = k + 1; j < n; j++) a[i*n + j] -= factor*a[k*n + j];
        }
    }
    return sign;
}

/*@ bp_lu_solve: */
/* Solves for the m columns of x, in place, by what bp_lu left in a and row. */
static inline void bp_lu_solve(int64_t n, int64_t m, const double *a, const int32_t *row, double *x) {
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; j < m && row[k] != k; j++) {
            const double t = x[k*m + j];
            x[k*m + j] = x[row[k]*m + j];
            x[row[k]*m + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < m; j++) x[i*m + j] -= a[i*n + k]*x[k*m + j];
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < n; k++)
            for (int64_t j = 0; j < m; j++) x[i*m + j] -= a[i*n + k]*x[k*m + j];
        for (int64_t j = 0; j < m; j++) x[i*m + j] /= a[i*n + i];
    }
}

/*@ bp_lu_solvef: */
static inline void bp_lu_solvef(int64_t n, int64_t m, const float *a, const int32_t *row, float *x) {
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; j < m && row[k] != k; j++) {
            const float t = x[k*m + j];
            x[k*m + j] = x[row[k]*m + j];
            x[row[k]*m + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < m; j++) x[i*m + j] -= a[i*n + k]*x[k*m + j];
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < n; k++)
            for (int64_t j = 0; j < m; j++) x[i*m + j] -= a[i*n + k]*x[k*m + j];
        for (int64_t j = 0; j < m; j++) x[i*m + j] /= a[i*n + i];
    }
}

/*@ bp_solve: bp_lu bp_lu_solve */
/* x of a x = b, where a is n x n, b and x are n x m. */
static inline int bp_solve(int64_t n, int64_t m, const double *a, const double *b, double *x, double *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    for (int64_t k = 0; k < n*m; k++) x[k] = b[k];
    if (bp_lu(n, factors, row) == 0) return 1;
    bp_lu_solve(n, m, factors, row, x);
    return 0;
}

/*@ bp_solvef: bp_luf bp_lu_solvef */
static inline int bp_solvef(int64_t n, int64_t m, const float *a, const float *b, float *x, float *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    for (int64_t k = 0; k < n*m; k++) x[k] = b[k];
    if (bp_luf(n, factors, row) == 0) return 1;
    bp_lu_solvef(n, m, factors, row, x);
    return 0;
}

/*@ bp_inv: bp_lu bp_lu_solve */
static inline int bp_inv(int64_t n, const double *a, double *x, double *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    for (int64_t k = 0; k < n*n; k++) x[k] = 0.0;
    for (int64_t k = 0; k < n; k++) x[k*n + k] = 1.0;
    if (bp_lu(n, factors, row) == 0) return 1;
    bp_lu_solve(n, n, factors, row, x);
    return 0;
}

/*@ bp_invf: bp_luf bp_lu_solvef */
static inline int bp_invf(int64_t n, const float *a, float *x, float *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    for (int64_t k = 0; k < n*n; k++) x[k] = 0.0f;
    for (int64_t k = 0; k < n; k++) x[k*n + k] = 1.0f;
    if (bp_luf(n, factors, row) == 0) return 1;
    bp_lu_solvef(n, n, factors, row, x);
    return 0;
}

/*@ bp_det: bp_lu */
/* 0 of a singular matrix; a nan stays one. */
static inline void bp_det(int64_t n, const double *a, double *x, double *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    const int sign = bp_lu(n, factors, row);
    double product = sign < 0 ? -1.0 : 1.0;
    for (int64_t k = 0; k < n && sign != 0; k++) product *= factors[k*n + k];
    for (int64_t k = 0; k < n*n && sign == 0; k++) product *= 0.0*factors[k];
    *x = product;
}

/*@ bp_detf: bp_luf */
static inline void bp_detf(int64_t n, const float *a, float *x, float *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    const int sign = bp_luf(n, factors, row);
    float product = sign < 0 ? -1.0f : 1.0f;
    for (int64_t k = 0; k < n && sign != 0; k++) product *= factors[k*n + k];
    for (int64_t k = 0; k < n*n && sign == 0; k++) product *= 0.0f*factors[k];
    *x = product;
}

/*@ bp_cofactor: */
/* The matrix of cofactors, det(a) times the inverse's transpose: the determinant's derivative, which a singular matrix has too.
 * Rows and columns are exchanged so that the last pivot is the only one that may be 0; with U = (U1 w; 0 u) it is
 *
 *     adj(U) = det(U1) (u U1^-1   -U1^-1 w;   0   1),      adj(A) = det(P) det(Q) Q adj(U) L^-1 P      where P A Q = L U
 *
 * `row` has room for 2*n exchanges: those of rows, then those of columns. */
static inline void bp_cofactor(int64_t n, const double *a, double *x, double *factors, int32_t *row) {
    int32_t *const column = row + n;
    double product = 1.0;
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k], x[k] = 0.0;
    for (int64_t k = 0; k < n; k++) {
        int64_t top = k, left = k;
        for (int64_t i = k; i < n; i++)
            for (int64_t j = k; j < n; j++) {
                const double size = factors[i*n + j] < 0.0 ? -factors[i*n + j] : factors[i*n + j];
                const double most = factors[top*n + left] < 0.0 ? -factors[top*n + left] : factors[top*n + left];
                if (!(size <= most)) top = i, left = j;
            }
        row[k] = (int32_t)top;
        column[k] = (int32_t)left;
        if (top != k) product = -product;
        if (left != k) product = -product;
        for (int64_t j = 0; j < n; j++) {
            const double t = factors[k*n + j];
            factors[k*n + j] = factors[top*n + j];
            factors[top*n + j] = t;
        }
        for (int64_t i = 0; i < n; i++) {
            const double t = factors[i*n + k];
            factors[i*n + k] = factors[i*n + left];
            factors[i*n + left] = t;
        }
        const double pivot = factors[k*n + k];
        if (k + 1 == n) break;
        if (pivot <= 0.0 && pivot >= 0.0) return; /* two or more are 0, and so is every minor */
        product *= pivot;
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = factors[i*n + k]/pivot;
            factors[i*n + k] = factor;
            for (int64_t j = k + 1; j < n; j++) factors[i*n + j] -= factor*factors[k*n + j];
        }
    }
    for (int64_t k = 0; k < n; k++) x[k*n + k] = product;
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; j < n && row[k] != k; j++) {
            const double t = x[k*n + j];
            x[k*n + j] = x[row[k]*n + j];
            x[row[k]*n + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < n; j++) x[i*n + j] -= factors[i*n + k]*x[k*n + j];
    const double last = factors[n*n - 1];
    for (int64_t i = n - 2; i >= 0; i--)
        for (int64_t j = 0; j < n; j++) {
            double sum = last*x[i*n + j] - factors[i*n + n - 1]*x[(n - 1)*n + j];
            for (int64_t k = i + 1; k < n - 1; k++) sum -= factors[i*n + k]*x[k*n + j];
            x[i*n + j] = sum/factors[i*n + i];
        }
    for (int64_t k = n - 1; k >= 0; k--)
        for (int64_t j = 0; j < n && column[k] != k; j++) {
            const double t = x[k*n + j];
            x[k*n + j] = x[column[k]*n + j];
            x[column[k]*n + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            const double t = x[i*n + j];
            x[i*n + j] = x[j*n + i];
            x[j*n + i] = t;
        }
}

/*@ bp_cofactorf: */
static inline void bp_cofactorf(int64_t n, const float *a, float *x, float *factors, int32_t *row) {
    int32_t *const column = row + n;
    float product = 1.0f;
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k], x[k] = 0.0f;
    for (int64_t k = 0; k < n; k++) {
        int64_t top = k, left = k;
        for (int64_t i = k; i < n; i++)
            for (int64_t j = k; j < n; j++) {
                const float size = factors[i*n + j] < 0.0f ? -factors[i*n + j] : factors[i*n + j];
                const float most = factors[top*n + left] < 0.0f ? -factors[top*n + left] : factors[top*n + left];
                if (!(size <= most)) top = i, left = j;
            }
        row[k] = (int32_t)top;
        column[k] = (int32_t)left;
        if (top != k) product = -product;
        if (left != k) product = -product;
        for (int64_t j = 0; j < n; j++) {
            const float t = factors[k*n + j];
            factors[k*n + j] = factors[top*n + j];
            factors[top*n + j] = t;
        }
        for (int64_t i = 0; i < n; i++) {
            const float t = factors[i*n + k];
            factors[i*n + k] = factors[i*n + left];
            factors[i*n + left] = t;
        }
        const float pivot = factors[k*n + k];
        if (k + 1 == n) break;
        if (pivot <= 0.0f && pivot >= 0.0f) return; /* two or more are 0, and so is every minor */
        product *= pivot;
        for (int64_t i = k + 1; i < n; i++) {
            const float factor = factors[i*n + k]/pivot;
            factors[i*n + k] = factor;
            for (int64_t j = k + 1; j < n; j++) factors[i*n + j] -= factor*factors[k*n + j];
        }
    }
    for (int64_t k = 0; k < n; k++) x[k*n + k] = product;
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; j < n && row[k] != k; j++) {
            const float t = x[k*n + j];
            x[k*n + j] = x[row[k]*n + j];
            x[row[k]*n + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < n; j++) x[i*n + j] -= factors[i*n + k]*x[k*n + j];
    const float last = factors[n*n - 1];
    for (int64_t i = n - 2; i >= 0; i--)
        for (int64_t j = 0; j < n; j++) {
            float sum = last*x[i*n + j] - factors[i*n + n - 1]*x[(n - 1)*n + j];
            for (int64_t k = i + 1; k < n - 1; k++) sum -= factors[i*n + k]*x[k*n + j];
            x[i*n + j] = sum/factors[i*n + i];
        }
    for (int64_t k = n - 1; k >= 0; k--)
        for (int64_t j = 0; j < n && column[k] != k; j++) {
            const float t = x[k*n + j];
            x[k*n + j] = x[column[k]*n + j];
            x[column[k]*n + j] = t;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            const float t = x[i*n + j];
            x[i*n + j] = x[j*n + i];
            x[j*n + i] = t;
        }
}

/*@ bp_logdet: bp_lu bp_log */
/* The logarithm of the determinant's size. */
static inline int bp_logdet(int64_t n, const double *a, double *x, double *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    if (bp_lu(n, factors, row) == 0) return 1;
    double sum = 0.0;
    for (int64_t k = 0; k < n; k++) sum += bp_log(factors[k*n + k] < 0.0 ? -factors[k*n + k] : factors[k*n + k]);
    *x = sum;
    return 0;
}

/*@ bp_logdetf: bp_luf bp_logf */
static inline int bp_logdetf(int64_t n, const float *a, float *x, float *factors, int32_t *row) {
    for (int64_t k = 0; k < n*n; k++) factors[k] = a[k];
    if (bp_luf(n, factors, row) == 0) return 1;
    float sum = 0.0f;
    for (int64_t k = 0; k < n; k++) sum += bp_logf(factors[k*n + k] < 0.0f ? -factors[k*n + k] : factors[k*n + k]);
    *x = sum;
    return 0;
}

/*@ bp_cholesky: bp_sqrt */
/* The lower factor of a symmetric positive definite matrix, of which what is on and below the diagonal is read. */
static inline int bp_cholesky(int64_t n, const double *a, double *x) {
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i*n + j];
            for (int64_t k = 0; k < j; k++) sum -= x[i*n + k]*x[j*n + k];
            if (j < i) x[i*n + j] = sum/x[j*n + j];
            else if (sum > 0.0) x[i*n + i] = bp_sqrt(sum);
            else return 1;
        }
        for (int64_t j = i + 1; j < n; j++) x[i*n + j] = 0.0;
    }
    return 0;
}

/*@ bp_choleskyf: bp_sqrtf */
static inline int bp_choleskyf(int64_t n, const float *a, float *x) {
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            float sum = a[i*n + j];
            for (int64_t k = 0; k < j; k++) sum -= x[i*n + k]*x[j*n + k];
            if (j < i) x[i*n + j] = sum/x[j*n + j];
            else if (sum > 0.0f) x[i*n + i] = bp_sqrtf(sum);
            else return 1;
        }
        for (int64_t j = i + 1; j < n; j++) x[i*n + j] = 0.0f;
    }
    return 0;
}

/*@ end: */

int bp_solve_f64(int64_t n, int64_t m, const double *a, const double *b, double *x, double *factors, int32_t *row);
int bp_inv_f64(int64_t n, const double *a, double *x, double *factors, int32_t *row);
void bp_det_f64(int64_t n, const double *a, double *x, double *factors, int32_t *row);
void bp_cofactor_f64(int64_t n, const double *a, double *x, double *factors, int32_t *row);
int bp_logdet_f64(int64_t n, const double *a, double *x, double *factors, int32_t *row);
int bp_cholesky_f64(int64_t n, const double *a, double *x);
int bp_solve_f32(int64_t n, int64_t m, const float *a, const float *b, float *x, float *factors, int32_t *row);
int bp_inv_f32(int64_t n, const float *a, float *x, float *factors, int32_t *row);
void bp_det_f32(int64_t n, const float *a, float *x, float *factors, int32_t *row);
void bp_cofactor_f32(int64_t n, const float *a, float *x, float *factors, int32_t *row);
int bp_logdet_f32(int64_t n, const float *a, float *x, float *factors, int32_t *row);
int bp_cholesky_f32(int64_t n, const float *a, float *x);

#ifdef __cplusplus
}
#endif
#endif
