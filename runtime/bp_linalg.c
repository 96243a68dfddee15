/* bp_linalg.c - factorisations: LAPACK for large matrices where the program is linked with one, else the loops of bp_linalg.h.
 * The symbols are weak, so that a program that links libbp.a alone gets the loops; BP_HAVE_LAPACKE says that there is a lapacke.h. LAPACK takes int; matrices beyond that go to the loops.
 *
 * Row by row, a matrix is what LAPACK, column by column, takes for its transpose: it gives P L U of A', so that
 * A = U' L' P'. Nothing is copied or allocated for the order's sake. */
#include "bp_linalg.h"

#include <limits.h>
#include <stdbool.h>
#if defined(BP_HAVE_LAPACKE) && defined(BP_HAVE_CBLAS)
#include <cblas.h>
#include <lapacke.h>
#pragma weak LAPACKE_sgetrf_work
#pragma weak LAPACKE_spotrf_work
#pragma weak LAPACKE_dgetrf_work
#pragma weak LAPACKE_dpotrf_work
#pragma weak cblas_strsm
#pragma weak cblas_sswap
#pragma weak cblas_dtrsm
#pragma weak cblas_dswap
_Static_assert(sizeof(lapack_int) == sizeof(int32_t), "pivots are int32_t");
#define HAVE_LAPACK 1
static bool is_linked(void) { return LAPACKE_sgetrf_work && cblas_strsm; }
#else
#define HAVE_LAPACK 0
static bool is_linked(void) { return false; }
#endif

enum { LARGE = 32 }; /* rows from which LAPACK wins, measured with one thread of OpenBLAS */

static bool is_large(int64_t n, int64_t m) { return is_linked() && n >= LARGE && n <= INT_MAX && m <= INT_MAX; }

#define REAL double
#define NAME(x) bp_##x##_f64
#define PLAIN(x) bp_##x
#define LAPACK(x) LAPACKE_d##x##_work
#define CBLAS(x) cblas_d##x
#include "linalg_large.inc"

#define REAL float
#define NAME(x) bp_##x##_f32
#define PLAIN(x) bp_##x##f
#define LAPACK(x) LAPACKE_s##x##_work
#define CBLAS(x) cblas_s##x
#include "linalg_large.inc"
