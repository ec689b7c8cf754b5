#include "tensor/reduce_into.h"

#include <string.h>

#include "tensor/vector.h"

#pragma GCC diagnostic ignored "-Wtautological-compare" /* one source for integers, which are never NaN */

#define BLOCK_BYTES \
    1024 /* of each run at a time: what has come together so far stays in the nearest cache, and the others come side by side */

/* name, element, its unsigned partner for wrap-around */
#define INTEGERS(X) \
    X(Byte, uint8_t, uint32_t) X(Char, int8_t, uint32_t) X(Short, int16_t, uint32_t) X(Int, int32_t, uint32_t) X(Long, int64_t, uint64_t)
#define FLOATS(X) X(Float, float, float) X(Double, double, double)

/* r[i] = expr of x and y. r may be one of the sources. */
#define PAIR(op, name, T, expr)                                                                 \
    WIDE(static, op##_##name, (int64_t n, void *r, const void *a, const void *b), (n, r, a, b)) \
    {                                                                                           \
        T *out = r;                                                                             \
        const T *xs = a, *ys = b;                                                               \
        VECTOR for (int64_t i = 0; i < n; i++)                                                  \
        {                                                                                       \
            T x = xs[i], y = ys[i];                                                             \
            out[i] = (T)(expr);                                                                 \
        }                                                                                       \
    }
#define ANY_TYPE(name, T, U)                                \
    PAIR(sum, name, T, (U)x + (U)y)                         \
    PAIR(prod, name, T, (U)x *(U)y)                         \
    PAIR(min, name, T, x == x && (y < x || y != y) ? y : x) \
    PAIR(max, name, T, x == x && (y > x || y != y) ? y : x)
#define INTEGER(name, T, U) PAIR(and, name, T, x &y) PAIR(or, name, T, x | y)
/* In place, after the sum. */
#define FLOATING(name, T, U)                                                   \
    WIDE(static, divide_##name, (int64_t n, void *r, unsigned by), (n, r, by)) \
    {                                                                          \
        T *out = r, divisor = (T)by;                                           \
        VECTOR for (int64_t i = 0; i < n; i++) out[i] = out[i] / divisor;      \
    }
INTEGERS(ANY_TYPE)
FLOATS(ANY_TYPE)
INTEGERS(INTEGER)
FLOATS(FLOATING)

typedef void pair_function(int64_t n, void *r, const void *a, const void *b);

#define ENTRY_ANY(name, T, U) \
    [PAR_REDUCE_SUM] = sum_##name, [PAR_REDUCE_PROD] = prod_##name, [PAR_REDUCE_MIN] = min_##name, [PAR_REDUCE_MAX] = max_##name
#define ROW_INTEGER(name, T, U) {ENTRY_ANY(name, T, U), [PAR_REDUCE_AND] = and_##name, [PAR_REDUCE_OR] = or_##name},
#define ROW_FLOAT(name, T, U) {ENTRY_ANY(name, T, U), [PAR_REDUCE_MEAN] = sum_##name},
static pair_function *const pairs[PAR_TYPE_COUNT][PAR_REDUCE_OP_COUNT] = {INTEGERS(ROW_INTEGER) FLOATS(ROW_FLOAT)};

static const char *const names[PAR_REDUCE_OP_COUNT] = {"sum", "prod", "min", "max", "mean", "and", "or"};

const char *par_reduce_op_name(par_reduce_op op) { return names[op]; }

int par_reduce_op_find(const char *name)
{
    for (int op = 0; op < PAR_REDUCE_OP_COUNT; op++)
        if (strcmp(names[op], name) == 0) return op;
    return -1;
}

bool par_reduce_has(par_reduce_op op, par_type type) { return pairs[type][op] != NULL; }

/* A block of all runs. The last operation alone writes to dst, which may be one of the runs. */
static void reduce_block(pair_function *pair, size_t bytes_each, int64_t n, void *dst, const void *const *src, unsigned n_src, size_t at)
{
    _Alignas(64) uint8_t so_far[BLOCK_BYTES];
    const uint8_t *left = (const uint8_t *)src[0] + at;
    uint8_t *out = (uint8_t *)dst + at;
    if (n_src == 1 && out != left) memcpy(out, left, (size_t)n * bytes_each);
    for (unsigned k = 1; k < n_src; k++) {
        void *to = k + 1 == n_src ? out : so_far;
        pair(n, to, left, (const uint8_t *)src[k] + at);
        left = so_far;
    }
}

void par_reduce_into(par_reduce_op op, par_type type, int64_t n, void *dst, const void *const *src, unsigned n_src)
{
    size_t bytes_each = par_type_bytes(type);
    int64_t most = (int64_t)(BLOCK_BYTES / bytes_each);
    if (n_src == 2) most = n; /* nothing is put by in between */
    for (int64_t done = 0; done < n; done += most) {
        int64_t now = n - done < most ? n - done : most;
        size_t at = (size_t)done * bytes_each;
        reduce_block(pairs[type][op], bytes_each, now, dst, src, n_src, at);
        if (op != PAR_REDUCE_MEAN) continue;
        if (type == PAR_FLOAT) divide_Float(now, (uint8_t *)dst + at, n_src);
        else divide_Double(now, (uint8_t *)dst + at, n_src);
    }
}
