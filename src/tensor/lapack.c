#include "tensor/lapack.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/blas.h"
#include "tensor/kernels.h"

/* LAPACK is Fortran: arguments are addresses, so one type of function serves Float and Double. Behind the others come the lengths
 * of the texts. */
typedef size_t len;
typedef void gesv_fn(int *n, int *k, void *a, int *lda, int *pivots, void *b, int *ldb, int *info);
typedef void gels_fn(char *t, int *m, int *n, int *k, void *a, int *lda, void *b, int *ldb, void *work, int *lwork, int *info, len);
typedef void trtrs_fn(char *half, char *t, char *ones, int *n, int *k, void *a, int *lda, void *b, int *ldb, int *info, len, len, len);
typedef void syev_fn(char *job, char *half, int *n, void *a, int *lda, void *w, void *work, int *lwork, int *info, len, len);
typedef void geev_fn(char *left, char *right, int *n, void *a, int *lda, void *re, void *im, void *vl, int *ldvl, void *vr, int *ldvr,
                     void *work, int *lwork, int *info, len, len);
typedef void gesvd_fn(char *ju, char *jv, int *m, int *n, void *a, int *lda, void *s, void *u, int *ldu, void *vt, int *ldvt, void *work,
                      int *lwork, int *info, len, len);
typedef void getrf_fn(int *m, int *n, void *a, int *lda, int *pivots, int *info);
typedef void getri_fn(int *n, void *a, int *lda, int *pivots, void *work, int *lwork, int *info);
typedef void potrf_fn(char *half, int *n, void *a, int *lda, int *info, len); /* and potri */
typedef void potrs_fn(char *half, int *n, int *k, void *a, int *lda, void *b, int *ldb, int *info, len);
typedef void pstrf_fn(char *half, int *n, void *a, int *lda, int *pivots, int *rank, void *tolerance, void *work, int *info, len);
typedef void geqrf_fn(int *m, int *n, void *a, int *lda, void *tau, void *work, int *lwork, int *info);
typedef void orgqr_fn(int *m, int *n, int *k, void *a, int *lda, void *tau, void *work, int *lwork, int *info);
typedef void ormqr_fn(char *side, char *t, int *m, int *n, int *k, void *a, int *lda, void *tau, void *c, int *ldc, void *work, int *lwork,
                      int *info, len, len);

enum { GESV, GELS, TRTRS, SYEV, GEEV, GESVD, GETRF, GETRI, POTRF, POTRI, POTRS, PSTRF, GEQRF, ORGQR, ORMQR, ROUTINES };
static const char *const NAMES[ROUTINES] = {"gesv",  "gels",  "trtrs", "syev",  "geev",  "gesvd", "getrf", "getri",
                                            "potrf", "potri", "potrs", "pstrf", "geqrf", "orgqr", "ormqr"};

/* Of the process; filled once, read behind pthread_once. */
static pthread_once_t looked = PTHREAD_ONCE_INIT;
static void *routines[2][ROUTINES]; /* Float, Double */

static void look_for_routines(void)
{
    for (int i = 0; i < ROUTINES; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%s_", NAMES[i]);
        routines[0][i] = par_blas_symbol(name);
        name[0] = 'd';
        routines[1][i] = par_blas_symbol(name);
    }
}

static int find(par_type type, int which, void *function, par_error *err)
{
    pthread_once(&looked, look_for_routines);
    void *found = routines[type == PAR_DOUBLE][which];
    memcpy(function, &found, sizeof found);
    if (found) return PAR_OK;
    const char *chosen = getenv("PARALLEL_BLAS");
    return par_error_set(err, PAR_E_UNSUPPORTED,
                         "there is no LAPACK here that has %s: install OpenBLAS (Debian: libopenblas0) or name a "
                         "library by PARALLEL_BLAS (which is '%s')",
                         NAMES[which], chosen ? chosen : "not set");
}

static int no_memory(int which, par_error *err) { return par_error_set(err, PAR_E_NOMEM, "not enough memory for %s", NAMES[which]); }

static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }
static int leading(int rows) { return larger(rows, 1); }

/* Room for a routine that has said, in the first place of `asked`, how much it wants. */
static void *work_space(par_type type, const double *asked, int *lwork)
{
    par_value wanted = par_element_get(type, asked);
    *lwork = wanted.d >= 1 && wanted.d < INT32_MAX ? (int)wanted.d : 1;
    return malloc((size_t)*lwork * par_type_bytes(type));
}

/* Calls a routine that works in `work`, of `lwork` numbers: once to ask how many it wants, once with them. */
#define WITH_WORK(which, call)                   \
    do {                                         \
        double asked = 0;                        \
        void *work = &asked;                     \
        int lwork = -1;                          \
        call;                                    \
        work = work_space(type, &asked, &lwork); \
        if (!work) return no_memory(which, err); \
        call;                                    \
        free(work);                              \
    } while (0)

/* What the routine says: 0, an argument that is wrong, or why there is no solution, as `text` tells with the number. */
static int outcome(int which, int info, const char *text, par_error *err)
{
    if (info == 0) return PAR_OK;
    if (info < 0) return par_error_set(err, PAR_E_INVALID, "Lapack Error in %s : Illegal Argument %d", NAMES[which], -info);
    return par_error_set(err, PAR_E_INVALID, text, info, info);
}

int par_lapack_gesv(par_type type, int n, int k, void *a, void *b, par_error *err)
{
    gesv_fn *gesv;
    int info, ld = leading(n), rc = find(type, GESV, &gesv, err);
    if (rc) return rc;
    int *pivots = calloc((size_t)n, sizeof *pivots);
    if (!pivots) return no_memory(GESV, err);
    gesv(&n, &k, a, &ld, pivots, b, &ld, &info);
    free(pivots);
    return outcome(GESV, info, "Lapack Error in gesv : U(%d,%d) is zero, singular U.", err);
}

int par_lapack_gels(par_type type, int m, int n, int k, void *a, void *b, par_error *err)
{
    gels_fn *gels;
    char no = 'N';
    int info, lda = leading(m), ldb = leading(larger(m, n)), rc = find(type, GELS, &gels, err);
    if (rc) return rc;
    WITH_WORK(GELS, gels(&no, &m, &n, &k, a, &lda, b, &ldb, work, &lwork, &info, 1));
    return outcome(GELS, info, "Lapack Error in gels : The %d-th diagonal element of the triangular factor of A is zero", err);
}

int par_lapack_trtrs(par_type type, char half, char transposed, char ones, int n, int k, void *a, void *b, par_error *err)
{
    trtrs_fn *trtrs;
    int info, ld = leading(n), rc = find(type, TRTRS, &trtrs, err);
    if (rc) return rc;
    trtrs(&half, &transposed, &ones, &n, &k, a, &ld, b, &ld, &info, 1, 1, 1);
    return outcome(TRTRS, info, "Lapack Error in trtrs : A(%d,%d) is zero, singular A", err);
}

int par_lapack_syev(par_type type, char job, char half, int n, void *a, void *values, par_error *err)
{
    syev_fn *syev;
    int info, ld = leading(n), rc = find(type, SYEV, &syev, err);
    if (rc) return rc;
    WITH_WORK(SYEV, syev(&job, &half, &n, a, &ld, values, work, &lwork, &info, 1, 1));
    return outcome(SYEV, info, "Lapack Error syev : %d off-diagonal elements didn't converge to zero", err);
}

int par_lapack_geev(par_type type, char job, int n, void *a, void *real, void *imaginary, void *vectors, par_error *err)
{
    geev_fn *geev;
    char no = 'N';
    int info, ld = leading(n), one = 1, *ldv = job == 'V' ? &ld : &one, rc = find(type, GEEV, &geev, err);
    if (rc) return rc;
    WITH_WORK(GEEV, geev(&no, &job, &n, a, &ld, real, imaginary, NULL, &one, vectors, ldv, work, &lwork, &info, 1, 1));
    return outcome(GEEV, info, "Lapack Error in geev : %d off-diagonal elements of an didn't converge to zero", err);
}

int par_lapack_gesvd(par_type type, char job, int m, int n, void *a, void *values, void *u, void *vt, par_error *err)
{
    gesvd_fn *gesvd;
    int info, lda = leading(m), ldvt = leading(job == 'A' ? n : smaller(m, n)), rc = find(type, GESVD, &gesvd, err);
    if (rc) return rc;
    WITH_WORK(GESVD, gesvd(&job, &job, &m, &n, a, &lda, values, u, &lda, vt, &ldvt, work, &lwork, &info, 1, 1));
    return outcome(GESVD, info, "Lapack Error gesvd : %d superdiagonals failed to converge.", err);
}

static int invert(par_type type, int n, void *a, int *pivots, getri_fn *getri, par_error *err)
{
    int info, ld = leading(n);
    WITH_WORK(GETRI, getri(&n, a, &ld, pivots, work, &lwork, &info));
    return outcome(GETRI, info, "Lapack Error getri : U(%d,%d) is 0, U is singular", err);
}

int par_lapack_inverse(par_type type, int n, void *a, par_error *err)
{
    getrf_fn *getrf;
    getri_fn *getri;
    int info, ld = leading(n), rc = find(type, GETRF, &getrf, err);
    if (rc == PAR_OK) rc = find(type, GETRI, &getri, err);
    if (rc) return rc;
    int *pivots = calloc((size_t)n, sizeof *pivots);
    if (!pivots) return no_memory(GETRI, err);
    getrf(&n, &n, a, &ld, pivots, &info);
    rc = outcome(GETRF, info, "Lapack Error getrf : U(%d,%d) is 0, U is singular", err);
    if (rc == PAR_OK) rc = invert(type, n, a, pivots, getri, err);
    free(pivots);
    return rc;
}

int par_lapack_potrf(par_type type, char half, int n, void *a, par_error *err)
{
    potrf_fn *potrf;
    int info, ld = leading(n), rc = find(type, POTRF, &potrf, err);
    if (rc) return rc;
    potrf(&half, &n, a, &ld, &info, 1);
    return outcome(POTRF, info, "Lapack Error in potrf : the leading minor of order %d is not positive definite", err);
}

int par_lapack_potri(par_type type, char half, int n, void *a, par_error *err)
{
    potrf_fn *potri;
    int info, ld = leading(n), rc = find(type, POTRI, &potri, err);
    if (rc) return rc;
    potri(&half, &n, a, &ld, &info, 1);
    return outcome(POTRI, info, "Lapack Error potri : A(%d,%d) is 0, A cannot be factorized", err);
}

int par_lapack_potrs(par_type type, char half, int n, int k, void *a, void *b, par_error *err)
{
    potrs_fn *potrs;
    int info, ld = leading(n), rc = find(type, POTRS, &potrs, err);
    if (rc) return rc;
    potrs(&half, &n, &k, a, &ld, b, &ld, &info, 1);
    return outcome(POTRS, info, "%d", err);
}

int par_lapack_pstrf(par_type type, char half, int n, void *a, int *pivots, double tolerance, par_error *err)
{
    pstrf_fn *pstrf;
    double tolerance_of_type;
    int info, rank, ld = leading(n), rc = find(type, PSTRF, &pstrf, err);
    if (rc) return rc;
    void *work = calloc(2 * (size_t)n, par_type_bytes(type));
    if (!work) return no_memory(PSTRF, err);
    par_element_set(type, &tolerance_of_type, (par_value){.d = tolerance});
    pstrf(&half, &n, a, &ld, pivots, &rank, &tolerance_of_type, work, &info, 1);
    free(work);
    return outcome(PSTRF, info, "Lapack Error pstrf : matrix is rank deficient or not positive semidefinite", err);
}

int par_lapack_geqrf(par_type type, int m, int n, void *a, void *tau, par_error *err)
{
    geqrf_fn *geqrf;
    int info, ld = leading(m), rc = find(type, GEQRF, &geqrf, err);
    if (rc) return rc;
    WITH_WORK(GEQRF, geqrf(&m, &n, a, &ld, tau, work, &lwork, &info));
    return outcome(GEQRF, info, "%d", err);
}

int par_lapack_orgqr(par_type type, int m, int n, int k, void *a, void *tau, par_error *err)
{
    orgqr_fn *orgqr;
    int info, ld = leading(m), rc = find(type, ORGQR, &orgqr, err);
    if (rc) return rc;
    WITH_WORK(ORGQR, orgqr(&m, &n, &k, a, &ld, tau, work, &lwork, &info));
    return outcome(ORGQR, info, "%d", err);
}

int par_lapack_ormqr(par_type type, char side, char transposed, int m, int n, int k, void *a, void *tau, void *c, par_error *err)
{
    ormqr_fn *ormqr;
    int info, lda = leading(side == 'L' ? m : n), ldc = leading(m), rc = find(type, ORMQR, &ormqr, err);
    if (rc) return rc;
    WITH_WORK(ORMQR, ormqr(&side, &transposed, &m, &n, &k, a, &lda, tau, c, &ldc, work, &lwork, &info, 1, 1));
    return outcome(ORMQR, info, "%d", err);
}
