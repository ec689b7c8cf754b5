/* Storages, tensors, kernels, products and random numbers, without Lua. */
#include <limits.h>
#include <math.h>

#include "base/limits.h"
#include "os/blob.h"
#include "tap.h"
#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/random.h"
#include "tensor/shape.h"

static par_error err;

static void storages_check_their_size(void)
{
    CHECK(!par_storage_new(PAR_DOUBLE, -1));
    CHECK(!par_storage_new(PAR_DOUBLE, INT64_MAX));
    CHECK(!par_storage_new(PAR_LONG, INT64_MAX / 8 + 1));
    par_storage *empty = par_storage_new(PAR_BYTE, 0);
    CHECK(empty && !empty->data && !empty->blob);
    par_storage_release(empty);
    par_storage_release(NULL);
}

static void a_storage_on_a_block_stays_inside_it(void)
{
    par_blob *blob = par_os_blob_new(64, true);
    CHECK(!par_storage_new_blob(PAR_DOUBLE, blob, 0, 9));
    CHECK(!par_storage_new_blob(PAR_DOUBLE, blob, 4, 1)); /* not aligned */
    CHECK(!par_storage_new_blob(PAR_DOUBLE, blob, 72, 0));
    CHECK(!par_storage_new_blob(PAR_BYTE, blob, SIZE_MAX, 1));
    CHECK_INT(blob->refs, 1);
    par_storage *storage = par_storage_new_blob(PAR_DOUBLE, blob, 56, 1);
    CHECK(storage && (char *)storage->data == (char *)blob->data + 56);
    par_storage_release(storage);
}

static int view(par_storage *storage, int64_t offset, int ndim, const int64_t *size, const int64_t *stride)
{
    par_tensor *tensor = NULL;
    int status = par_tensor_new_view(storage ? storage->type : PAR_DOUBLE, storage, offset, ndim, size, stride, &tensor, &err);
    if (status == PAR_OK) CHECK(par_tensor_is_sound(tensor));
    if (status == PAR_OK) par_tensor_release(tensor);
    return status;
}

static void views_are_checked(void)
{
    par_storage *storage = par_storage_new(PAR_FLOAT, 12);
    int64_t big[PAR_TENSOR_DIMS_MAX + 1];
    for (int i = 0; i <= PAR_TENSOR_DIMS_MAX; i++) big[i] = 1;
    CHECK_INT(view(storage, 0, 2, (int64_t[]){3, 4}, (int64_t[]){4, 1}), PAR_OK);
    CHECK_INT(view(storage, 0, 2, (int64_t[]){3, 4}, (int64_t[]){4, 2}), PAR_E_INVALID);
    CHECK_INT(view(storage, 1, 1, (int64_t[]){12}, (int64_t[]){1}), PAR_E_INVALID);
    CHECK_INT(view(storage, 11, 1, (int64_t[]){12}, (int64_t[]){-1}), PAR_OK);
    CHECK_INT(view(storage, 10, 1, (int64_t[]){12}, (int64_t[]){-1}), PAR_E_INVALID);
    CHECK_INT(view(storage, 11, 1, (int64_t[]){INT64_MAX}, (int64_t[]){0}), PAR_OK); /* one element, seen often */
    CHECK_INT(view(storage, 0, 2, (int64_t[]){INT64_MAX, 2}, (int64_t[]){0, 0}), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, 2, (int64_t[]){2, 2}, (int64_t[]){INT64_MAX, INT64_MAX}), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, 1, (int64_t[]){2}, (int64_t[]){INT64_MIN}), PAR_E_INVALID);
    CHECK_INT(view(storage, INT64_MAX, 1, (int64_t[]){2}, (int64_t[]){INT64_MAX}), PAR_E_INVALID);
    CHECK_INT(view(storage, -1, 0, NULL, NULL), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, -1, NULL, NULL), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, 1, (int64_t[]){-1}, (int64_t[]){1}), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, PAR_TENSOR_DIMS_MAX, big, big), PAR_OK);
    CHECK_INT(view(storage, 0, PAR_TENSOR_DIMS_MAX + 1, big, big), PAR_E_INVALID);
    CHECK_INT(view(NULL, 0, 0, NULL, NULL), PAR_OK);
    CHECK_INT(view(NULL, 0, 1, (int64_t[]){1}, (int64_t[]){1}), PAR_E_INVALID);
    CHECK_INT(view(storage, 0, 2, (int64_t[]){3, 0}, (int64_t[]){1, 1}), PAR_OK); /* no elements */
    CHECK_INT(storage->refs, 1);
    par_storage_release(storage);
}

static void spans_know_the_elements_touched(void)
{
    int64_t first, last;
    par_tensor *tensor;
    par_storage *storage = par_storage_new(PAR_BYTE, 100);
    CHECK_INT(par_tensor_new_view(PAR_BYTE, storage, 50, 2, (int64_t[]){3, 4}, (int64_t[]){-10, 2}, &tensor, &err), PAR_OK);
    CHECK(par_tensor_span(tensor, &first, &last));
    CHECK_INT(first, 30);
    CHECK_INT(last, 56);
    CHECK_INT(par_tensor_elements(tensor), 12);
    CHECK_INT(par_storage_resize(storage, 40, &err), PAR_OK);
    CHECK(!par_tensor_is_sound(tensor));
    par_tensor_release(tensor);
    par_storage_release(storage);
}

static void shared_storages_keep_their_size(void)
{
    par_storage *storage = par_storage_new(PAR_INT, 4);
    storage->shared = true;
    CHECK_INT(par_storage_resize(storage, 8, &err), PAR_E_INVALID);
    CHECK_INT(par_storage_resize(storage, 4, &err), PAR_OK);
    par_storage_release(storage);
}

static void released_storages_are_not_counted(void)
{
    int64_t before = par_storage_held_bytes();
    par_storage *storage = par_storage_new(PAR_DOUBLE, 1000);
    CHECK_INT(par_storage_held_bytes() - before, 8000);
    CHECK_INT(par_storage_resize(storage, 10, &err), PAR_OK);
    CHECK_INT(par_storage_held_bytes() - before, 80);
    par_storage_release(storage);
    CHECK_INT(par_storage_held_bytes(), before);
}

/* Every kernel for every type, over all steps, on values that overflow: the sanitizers watch. */
static void kernels_have_no_undefined_behaviour(void)
{
    static const par_op elementwise[] = {PAR_OP_ADDS, PAR_OP_MULS,  PAR_OP_DIVS, PAR_OP_FMODS,   PAR_OP_REMS,    PAR_OP_CADD,   PAR_OP_CMUL,
                                         PAR_OP_CDIV, PAR_OP_CFMOD, PAR_OP_CREM, PAR_OP_ADDCMUL, PAR_OP_ADDCDIV, PAR_OP_NEG,    PAR_OP_ABS,
                                         PAR_OP_SIGN, PAR_OP_POWS,  PAR_OP_TPOW, PAR_OP_CPOW,    PAR_OP_LSHIFT,  PAR_OP_RSHIFT, PAR_OP_EXP,
                                         PAR_OP_LOG,  PAR_OP_FRAC,  PAR_OP_SUM,  PAR_OP_PROD,    PAR_OP_DOT};
    static const int64_t extremes[] = {0, 1, -1, 127, -128, 32767, -32768, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    const int n = sizeof extremes / sizeof *extremes;
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        double room[4][3 * 11];
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < 3 * n; i++) {
                int64_t x = extremes[(i * (k + 1) + k) % n];
                par_value v = par_type_is_float((par_type)type) ? (par_value){.d = (double)x} : (par_value){.i = x};
                par_element_set((par_type)type, (char *)room[k] + (size_t)i * par_type_bytes((par_type)type), v);
            }
        }
        for (size_t o = 0; o < sizeof elementwise / sizeof *elementwise; o++) {
            par_kernel *kernel = par_kernel_find(elementwise[o], (par_type)type);
            for (int i = 0; kernel && i < n; i++) {
                par_args args = {0};
                args.a = par_type_is_float((par_type)type) ? (par_value){.d = (double)extremes[i]} : (par_value){.i = extremes[i]};
                char *data[4] = {(char *)room[0], (char *)room[1], (char *)room[2], (char *)room[3]};
                kernel(n, data, (int64_t[]){1, 1, 1, 1}, &args);
                kernel(n, data, (int64_t[]){3, 2, 1, 0}, &args);
            }
        }
    }
}

static void exp_is_within_one_ulp(void)
{
    enum { N = 4096 };
    double x[N], r[N];
    uint64_t state = 1;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < N; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[i] = ((double)(state >> 11) * 0x1p-52 - 1.0) * (round < 30 ? 2 : 708);
        }
        par_vexp_double(N, r, x);
        for (int i = 0; i < N; i++) {
            long double exact = expl((long double)x[i]);
            double unit = nextafter((double)exact, INFINITY) - (double)exact;
            CHECK(fabsl((long double)r[i] - exact) <= unit);
        }
    }
    double special[] = {NAN, INFINITY, -INFINITY, 1000, -1000, 709.5, -745, 0};
    par_vexp_double(8, special, special);
    CHECK(isnan(special[0]) && isinf(special[1]) && special[2] == 0 && isinf(special[3]) && special[4] == 0);
    CHECK(special[5] == exp(709.5) && special[6] == exp(-745) && special[7] == 1);
}

static par_matrix matrix(double *data, int64_t rows, int64_t columns, bool transposed)
{
    return (par_matrix){data, rows, columns, transposed ? 1 : columns, transposed ? rows : 1};
}

/* Every combination of layouts, also ones that BLAS cannot read in place, against the plain loops. */
static void blas_agrees_with_plain_loops(void)
{
    enum { M = 37, N = 41, K = 53 };
    static double a[M * K * 2], b[K * N * 2], r[2][M * N];
    for (int i = 0; i < M * K * 2; i++) a[i] = (i * 7919 % 101) - 50;
    for (int i = 0; i < K * N * 2; i++) b[i] = (i * 104729 % 97) - 48;
    for (int layout = 0; layout < 18; layout++) {
        par_matrix x = matrix(a, M, K, layout & 1), y = matrix(b, K, N, layout >> 1 & 1);
        if (layout >= 8) x.row_stride *= 2, x.column_stride *= 2; /* no unit stride at all */
        if (layout >= 16) y = (par_matrix){b, K, N, 0, 1};        /* one row, repeated */
        for (int with = 0; with < 2; with++) {
            for (int i = 0; i < M * N; i++) r[with][i] = i % 13;
            par_matrix z = matrix(r[with], M, N, layout >> 2 & 1);
            par_blas_use(with);
            CHECK_INT(par_blas_product(PAR_DOUBLE, &z, 2, 3, &x, &y, &err), PAR_OK);
        }
        for (int i = 0; i < M * N; i++) CHECK(r[0][i] == r[1][i]); /* whole numbers: exact either way */
    }
}

static void the_twister_gives_its_known_numbers(void)
{
    par_random random;
    par_random_seed(&random, 5489); /* the generator's reference seed */
    CHECK_INT(par_random_next(&random), 3499211612u);
    for (int i = 2; i < 10000; i++) par_random_next(&random);
    CHECK_INT(par_random_next(&random), 4123659995u); /* the 10,000th, as the C++ standard has it */
}

TAP_MAIN(TEST(storages_check_their_size), TEST(a_storage_on_a_block_stays_inside_it), TEST(views_are_checked),
         TEST(spans_know_the_elements_touched), TEST(shared_storages_keep_their_size), TEST(released_storages_are_not_counted),
         TEST(kernels_have_no_undefined_behaviour), TEST(exp_is_within_one_ulp), TEST(blas_agrees_with_plain_loops),
         TEST(the_twister_gives_its_known_numbers))
