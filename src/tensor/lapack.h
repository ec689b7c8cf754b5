/* Linear systems and decompositions by LAPACK, which is found in the library of BLAS when it is first needed.
 *
 * Matrices are Float or Double and lie column by column, one behind the other; sizes are those of LAPACK's integers. What a
 * function is given is changed. All return PAR_OK, PAR_E_NOMEM, PAR_E_UNSUPPORTED (no LAPACK: the text says what to install) or
 * PAR_E_INVALID (no solution: the text is Torch's). */
#ifndef PAR_TENSOR_LAPACK_H
#define PAR_TENSOR_LAPACK_H

#include "tensor/tensor.h"

/* a: n x n, becomes its LU factors; b: n x k, becomes x of a x = b. */
int par_lapack_gesv(par_type type, int n, int k, void *a, void *b, par_error *err);
/* a: m x n, becomes its QR or LQ factors; b: max(m, n) rows, k columns, becomes the least squares of a x = b. */
int par_lapack_gels(par_type type, int m, int n, int k, void *a, void *b, par_error *err);
/* The same for a triangle of a: half 'U' or 'L', transposed 'N' or 'T', ones on its diagonal 'U' or not 'N'. */
int par_lapack_trtrs(par_type type, char half, char transposed, char ones, int n, int k, void *a, void *b, par_error *err);
/* a: n x n symmetric, of which one half is read, becomes its eigenvectors (job 'V'); values: n */
int par_lapack_syev(par_type type, char job, char half, int n, void *a, void *values, par_error *err);
/* a: n x n; real and imaginary parts of the eigenvalues, n each; vectors: n x n (job 'V') */
int par_lapack_geev(par_type type, char job, int n, void *a, void *real, void *imaginary, void *vectors, par_error *err);
/* a: m x n; values: min(m, n); u: m x m and vt: n x n (job 'A'), or min(m, n) columns of u and rows of vt (job 'S') */
int par_lapack_gesvd(par_type type, char job, int m, int n, void *a, void *values, void *u, void *vt, par_error *err);
/* a: n x n, becomes its inverse */
int par_lapack_inverse(par_type type, int n, void *a, par_error *err);
/* Cholesky: a, n x n positive definite, of which one half is read, becomes its factor in that half. */
int par_lapack_potrf(par_type type, char half, int n, void *a, par_error *err);
/* a: a factor, becomes the half of the inverse; b, n x k: becomes x of a x = b */
int par_lapack_potri(par_type type, char half, int n, void *a, par_error *err);
int par_lapack_potrs(par_type type, char half, int n, int k, void *a, void *b, par_error *err);
/* Cholesky of a semidefinite matrix, with pivots (n of them, from 1) and a tolerance (negative: LAPACK's own) */
int par_lapack_pstrf(par_type type, char half, int n, void *a, int *pivots, double tolerance, par_error *err);
/* a: m x n, becomes R and reflectors, which tau (min(m, n)) completes */
int par_lapack_geqrf(par_type type, int m, int n, void *a, void *tau, par_error *err);
/* a: m x n with k reflectors, becomes Q */
int par_lapack_orgqr(par_type type, int m, int n, int k, void *a, void *tau, par_error *err);
/* c: m x n, becomes Q c (side 'L') or c Q ('R'), Q or its transpose; a: rows x k, the reflectors */
int par_lapack_ormqr(par_type type, char side, char transposed, int m, int n, int k, void *a, void *tau, void *c, par_error *err);

#endif
