#include "tensor/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/kernels.h"

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

/* CBLAS as every common library has it: 32-bit integers. */
typedef void dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
                      double beta, double *c, int ldc);
typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                      float beta, float *c, int ldc);

/* Of the whole process, as the library is. Found by whoever first has a large product; the others wait for that. */
static struct {
    pthread_once_t looked;
    _Atomic bool forbidden;
    const char *_Atomic name; /* stored and read by anybody, without an order: it is only shown */
    dgemm_fn *dgemm;          /* these three are read behind pthread_once */
    sgemm_fn *sgemm;
    void *library;
} blas = {.looked = PTHREAD_ONCE_INIT};

static const char *const LIBRARIES[] = {
#ifdef __APPLE__
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "libopenblas.dylib",
#else
    "libopenblas.so.0", "libopenblas.so", "libcblas.so.3", "libcblas.so", "libblas.so.3", "libblas.so",
#endif
};

static bool try_library(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    void *d = dlsym(library, "cblas_dgemm"), *s = dlsym(library, "cblas_sgemm");
    if (!d || !s) {
        dlclose(library);
        return false;
    }
    memcpy(&blas.dgemm, &d, sizeof d);
    memcpy(&blas.sgemm, &s, sizeof s);
    blas.library = library;
    atomic_store_explicit(&blas.name, name, memory_order_relaxed);
    return true;
}

static void look_for_library(void)
{
    const char *chosen = getenv("PARALLEL_BLAS"); /* a path, or "none" */
    if (chosen && *chosen) {
        if (strcmp(chosen, "none") != 0) try_library(chosen);
        return;
    }
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
        if (try_library(LIBRARIES[i])) break;
}

/* Where the library has no LAPACK of its own. */
static const char *const LAPACK_LIBRARIES[] = {
#ifdef __APPLE__
    "liblapack.dylib",
#else
    "liblapack.so.3",
    "liblapack.so",
#endif
};

void *par_blas_symbol(const char *name)
{
    pthread_once(&blas.looked, look_for_library);
    void *found = blas.library ? dlsym(blas.library, name) : NULL;
    for (size_t i = 0; blas.library && !found && i < sizeof LAPACK_LIBRARIES / sizeof *LAPACK_LIBRARIES; i++) {
        void *library = dlopen(LAPACK_LIBRARIES[i], RTLD_NOW | RTLD_LOCAL); /* kept: what was found is called later */
        found = library ? dlsym(library, name) : NULL;
    }
    return found;
}

static bool have_blas(void)
{
    if (atomic_load_explicit(&blas.forbidden, memory_order_relaxed)) return false;
    pthread_once(&blas.looked, look_for_library);
    return blas.dgemm != NULL;
}

const char *par_blas_name(void) { return atomic_load_explicit(&blas.name, memory_order_relaxed); }
void par_blas_use(bool allowed) { atomic_store_explicit(&blas.forbidden, !allowed, memory_order_relaxed); }

/* Can BLAS read this matrix in place? Gives its transposition and leading dimension. */
static bool blas_layout(const par_matrix *m, int *transposed, int *leading)
{
    int64_t lead;
    if (m->rows > INT32_MAX || m->columns > INT32_MAX) return false;
    if ((m->column_stride == 1 || m->columns == 1) && (m->row_stride >= m->columns || m->rows == 1)) {
        *transposed = NO_TRANSPOSE;
        lead = m->rows == 1 ? m->columns : m->row_stride;
        if (m->columns == 1 && m->rows > 1 && m->row_stride < 1) return false;
    } else if ((m->row_stride == 1 || m->rows == 1) && (m->column_stride >= m->rows || m->columns == 1)) {
        *transposed = TRANSPOSE;
        lead = m->columns == 1 ? m->rows : m->column_stride;
    } else {
        return false;
    }
    *leading = (int)lead;
    return lead >= 1 && lead <= INT32_MAX;
}

static void gemm(par_type type, int ta, int tb, const par_matrix *r, int ldr, double beta, double alpha, const par_matrix *a, int lda,
                 const par_matrix *b, int ldb)
{
    int m = (int)r->rows, n = (int)r->columns, k = (int)a->columns;
    if (type == PAR_DOUBLE) {
        blas.dgemm(ROW_MAJOR, ta, tb, m, n, k, alpha, a->data, lda, b->data, ldb, beta, r->data, ldr);
    } else {
        blas.sgemm(ROW_MAJOR, ta, tb, m, n, k, (float)alpha, a->data, lda, b->data, ldb, (float)beta, r->data, ldr);
    }
}

/* A small product is done before a library would have been found. */
#define BLAS_FROM_OPERATIONS 32768.0

/* A dense copy of a matrix that BLAS cannot read in place. */
static bool dense_copy(par_type type, const par_matrix *m, par_matrix *copy)
{
    size_t bytes = par_type_bytes(type);
    *copy = *m;
    copy->row_stride = m->columns;
    copy->column_stride = 1;
    copy->data = calloc((size_t)m->rows * (size_t)m->columns, bytes); /* no overflow: as many elements exist already */
    if (!copy->data) return false;
    for (int64_t i = 0; i < m->rows; i++) {
        char *data[2] = {(char *)copy->data + (size_t)(i * m->columns) * bytes, (char *)m->data + i * m->row_stride * (int64_t)bytes};
        int64_t step[2] = {1, m->column_stride};
        par_kernel_copy(type, type)(m->columns, data, step, NULL);
    }
    return true;
}

int par_blas_product(par_type type, const par_matrix *r, double beta, double alpha, const par_matrix *a, const par_matrix *b,
                     par_error *err)
{
    int tr = 0, ta = 0, tb = 0, ldr = 0, lda = 0, ldb = 0;
    double operations = (double)r->rows * (double)r->columns * (double)a->columns;
    bool in_range = r->rows <= INT32_MAX && r->columns <= INT32_MAX && a->columns <= INT32_MAX;
    if (!par_type_is_float(type) || operations < BLAS_FROM_OPERATIONS || !in_range || !have_blas() || !blas_layout(r, &tr, &ldr)) {
        return par_product(type, r, beta, alpha, a, b, err);
    }
    par_matrix dense_a = {0}, dense_b = {0};
    const par_matrix *use_a = a, *use_b = b;
    bool good = true;
    if (!blas_layout(a, &ta, &lda)) good = dense_copy(type, a, &dense_a) && blas_layout(use_a = &dense_a, &ta, &lda);
    if (good && !blas_layout(b, &tb, &ldb)) good = dense_copy(type, b, &dense_b) && blas_layout(use_b = &dense_b, &tb, &ldb);
    if (good && tr == NO_TRANSPOSE) {
        gemm(type, ta, tb, r, ldr, beta, alpha, use_a, lda, use_b, ldb);
    } else if (good) { /* r lies transposed: r' = b' a' */
        par_matrix turned = {r->data, r->columns, r->rows, r->column_stride, r->row_stride};
        par_matrix b_turned = {use_b->data, use_b->columns, use_b->rows, 0, 0};
        b_turned.columns = use_b->rows;
        gemm(type, tb == TRANSPOSE ? NO_TRANSPOSE : TRANSPOSE, ta == TRANSPOSE ? NO_TRANSPOSE : TRANSPOSE, &turned, ldr, beta, alpha,
             &b_turned, ldb, use_a, lda);
    }
    free(dense_a.data);
    free(dense_b.data);
    return good ? PAR_OK : par_product(type, r, beta, alpha, a, b, err);
}
