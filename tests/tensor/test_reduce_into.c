/* Several runs made to one: against a loop over the runs, bit for bit. */
#include "tensor/reduce_into.h"

#include <math.h>

#include "tap.h"
#include "tensor/kernels.h"

enum { LONGEST = 9000, RUNS_MAX = 9 };
static _Alignas(64) uint8_t runs[RUNS_MAX][LONGEST * 8], out[LONGEST * 8 + 64], wanted[LONGEST * 8];

static uint64_t random_bits(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Any bits for integers; for floating types numbers of all sizes, zeros of both signs, infinities and NaNs. */
static void fill(par_type type, int64_t n, unsigned n_runs)
{
    const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e300, -1e-300};
    for (unsigned run = 0; run < n_runs; run++)
        for (int64_t i = 0; i < n; i++) {
            par_value v = {.i = (int64_t)random_bits()};
            if (par_type_is_float(type)) {
                double number = (double)(int32_t)random_bits() * pow(2, (double)(random_bits() % 60) - 50);
                v.d = random_bits() % 8 ? number : special[random_bits() % 7];
            }
            par_element_set(type, runs[run] + (size_t)i * par_type_bytes(type), v);
        }
}

static double pick(double x, double y, bool less) { return isnan(x) ? x : isnan(y) ? y : less ? (y < x ? y : x) : y > x ? y : x; }

static par_value reduce_float(par_reduce_op op, par_type type, par_value x, par_value y)
{
    bool narrow = type == PAR_FLOAT;
    switch (op) {
    case PAR_REDUCE_PROD: return (par_value){.d = narrow ? (double)((float)x.d * (float)y.d) : x.d * y.d};
    case PAR_REDUCE_MIN: return (par_value){.d = pick(x.d, y.d, true)};
    case PAR_REDUCE_MAX: return (par_value){.d = pick(x.d, y.d, false)};
    default: return (par_value){.d = narrow ? (double)((float)x.d + (float)y.d) : x.d + y.d};
    }
}

static par_value reduce_integer(par_reduce_op op, par_value x, par_value y)
{
    switch (op) {
    case PAR_REDUCE_SUM: return (par_value){.i = (int64_t)((uint64_t)x.i + (uint64_t)y.i)};
    case PAR_REDUCE_PROD: return (par_value){.i = (int64_t)((uint64_t)x.i * (uint64_t)y.i)};
    case PAR_REDUCE_MIN: return y.i < x.i ? y : x;
    case PAR_REDUCE_MAX: return y.i > x.i ? y : x;
    case PAR_REDUCE_AND: return (par_value){.i = x.i & y.i};
    default: return (par_value){.i = x.i | y.i};
    }
}

/* The result so far is stored each time, so that it has its type's size. */
static void reduce_plainly(par_reduce_op op, par_type type, int64_t n, unsigned n_runs)
{
    size_t bytes = par_type_bytes(type);
    for (int64_t i = 0; i < n; i++) {
        uint8_t *at = wanted + (size_t)i * bytes;
        memcpy(at, runs[0] + (size_t)i * bytes, bytes);
        for (unsigned run = 1; run < n_runs; run++) {
            par_value x = par_element_get(type, at), y = par_element_get(type, runs[run] + (size_t)i * bytes);
            par_element_set(type, at, par_type_is_float(type) ? reduce_float(op, type, x, y) : reduce_integer(op, x, y));
        }
        if (op != PAR_REDUCE_MEAN) continue;
        par_value sum = par_element_get(type, at);
        sum.d = type == PAR_FLOAT ? (double)((float)sum.d / (float)n_runs) : sum.d / n_runs;
        par_element_set(type, at, sum);
    }
}

/* NaNs of sums may differ in their bits, which say nothing. */
static void check_equal(par_type type, int64_t n, const uint8_t *got)
{
    size_t bytes = par_type_bytes(type);
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *a = got + (size_t)i * bytes, *b = wanted + (size_t)i * bytes;
        if (par_type_is_float(type) && isnan(par_element_get(type, a).d) && isnan(par_element_get(type, b).d)) continue;
        CHECK(memcmp(a, b, bytes) == 0);
    }
}

static void compare(par_reduce_op op, par_type type, int64_t n, unsigned n_runs)
{
    const void *src[RUNS_MAX];
    size_t bytes = (size_t)n * par_type_bytes(type);
    for (unsigned run = 0; run < n_runs; run++) src[run] = runs[run];
    fill(type, n, n_runs);
    reduce_plainly(op, type, n, n_runs);
    memset(out, 0xa5, sizeof out);
    par_reduce_into(op, type, n, out, src, n_runs);
    check_equal(type, n, out);
    for (int i = 0; i < 64; i++) CHECK_INT(out[bytes + (size_t)i], 0xa5);
    unsigned onto = (unsigned)(random_bits() % n_runs); /* over one of them */
    par_reduce_into(op, type, n, runs[onto], src, n_runs);
    check_equal(type, n, runs[onto]);
}

static void every_operation_on_every_type(void)
{
    const int64_t sizes[] = {0, 1, 2, 7, 63, 64, 65, 511, 512, 513, 1000, 4096, 4097, LONGEST};
    for (int op = 0; op < PAR_REDUCE_OP_COUNT; op++)
        for (int type = 0; type < PAR_TYPE_COUNT; type++) {
            if (!par_reduce_has((par_reduce_op)op, (par_type)type)) continue;
            for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (unsigned n_runs = 1; n_runs <= (sizes[s] > 1000 ? 4u : RUNS_MAX); n_runs++)
                    compare((par_reduce_op)op, (par_type)type, sizes[s], n_runs);
        }
}

static void some_have_no_such_operation(void)
{
    for (int type = 0; type < PAR_TYPE_COUNT; type++) {
        CHECK(par_reduce_has(PAR_REDUCE_SUM, (par_type)type) && par_reduce_has(PAR_REDUCE_MAX, (par_type)type));
        CHECK(par_reduce_has(PAR_REDUCE_MEAN, (par_type)type) == (type >= PAR_FLOAT));
        CHECK(par_reduce_has(PAR_REDUCE_AND, (par_type)type) == (type < PAR_FLOAT));
    }
}

static void operations_have_names(void)
{
    for (int op = 0; op < PAR_REDUCE_OP_COUNT; op++) CHECK_INT(par_reduce_op_find(par_reduce_op_name((par_reduce_op)op)), op);
    CHECK_INT(par_reduce_op_find("median"), -1);
    CHECK_INT(par_reduce_op_find(""), -1);
}

static void a_nan_wins_wherever_it_stands(void)
{
    for (int where = 0; where < 3; where++) {
        double a[3] = {1, 1, 1}, r;
        a[where] = NAN;
        const void *src[3] = {&a[0], &a[1], &a[2]};
        par_reduce_into(PAR_REDUCE_MIN, PAR_DOUBLE, 1, &r, src, 3);
        CHECK(isnan(r));
        par_reduce_into(PAR_REDUCE_MAX, PAR_DOUBLE, 1, &r, src, 3);
        CHECK(isnan(r));
    }
}

TAP_MAIN(TEST(every_operation_on_every_type), TEST(some_have_no_such_operation), TEST(operations_have_names),
         TEST(a_nan_wins_wherever_it_stands))
