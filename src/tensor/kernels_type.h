/* One type's kernels and their table. Included by kernels.c alone, once for each type; undefines what it was given. */
#if FLOATING
#define FROM_DOUBLE(d) ((T)(d))
#else
#define FROM_DOUBLE(d) ((T)par_double_to_i64(d))
#endif
#include "tensor/kernels_body.h"
#include "tensor/kernels_reduce.h"
#include "tensor/kernels_order.h"

/* clang-format off */
#define X(op) [PAR_OP_##op] = K(op),
static par_kernel *const K(table)[PAR_OP_COUNT] = {
    PAR_OPS_ANY(X)
#if FLOATING
    PAR_OPS_FLOAT(X)
#else
    PAR_OPS_INTEGER(X)
#endif
};
#undef X
/* clang-format on */

/* Copies from each of the seven types. */
#if FLOATING
#define CONVERT(x) ((T)(x))
#else
#define CONVERT(x) ((T) _Generic((x), float : par_double_to_i64((double)(x)), double : par_double_to_i64((double)(x)), default : (x)))
#endif
#define X(from)                                                                                   \
    static void GLUE(K(copy), from)(int64_t n, char *const *data, const int64_t *step, void *arg) \
    {                                                                                             \
        (void)arg;                                                                                \
        T *r = (T *)data[0];                                                                      \
        const element_##from *x = (const element_##from *)data[1];                                \
        int64_t rs = step[0], xs = step[1];                                                       \
        if (rs == 1 && xs == 1) VECTOR for (int64_t i = 0; i < n; i++) r[i] = CONVERT(x[i]);      \
        else                                                                                      \
            for (int64_t i = 0; i < n; i++) r[i * rs] = CONVERT(x[i * xs]);                       \
    }
ALL_TYPES(X)
#undef X
#define X(from) [GLUE(CODE_, from)] = GLUE(K(copy), from),
static par_kernel *const K(copies)[PAR_TYPE_COUNT] = {ALL_TYPES(X)};
#undef X

#undef CONVERT
#undef FROM_DOUBLE
#undef VALUE
#undef PICK
#undef PLUS
#undef TIMES
#undef KERNEL
#undef WIDE_KERNEL
#undef WIDE1
#undef WIDE2
#undef WIDE3
#undef PARTS
#undef ABREAST
#undef EXTREME_ABREAST
#undef USE_ARGS
#undef LOOP1
#undef LOOP2
#undef LOOP3
#undef LOOP4
#undef MAP1
#undef MAP2
#undef MAP3
#undef TEST1
#undef TEST2
#undef SOURCE
#undef REDUCE
#undef ACC_PLUS
#undef ACC_TIMES
#undef EXTREME
#undef MEASURE
#undef RESULT
#undef EXTREME_LINE
#undef CUMULATE
#undef CUMULATE_EXTREME
#undef NAME
#undef T
#undef U
#undef ACC
#undef FLOATING
#undef CTYPE
