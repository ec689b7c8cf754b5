/* What is done to elements: one kernel for each operation and type, compiled from one source (kernels_body.h). */
#ifndef PAR_TENSOR_KERNELS_H
#define PAR_TENSOR_KERNELS_H

#include "tensor/loop.h"

/* A number as elements of a type see it: i for the integer types, d for Float and Double. */
typedef union par_value {
    double d;
    int64_t i;
} par_value;

static inline bool par_type_is_float(par_type type) { return type >= PAR_FLOAT; }

/* What a kernel is given and gives back. */
typedef struct par_args {
    par_value a, b;       /* scalar operands */
    par_value sum;        /* running result of a reduction; the caller sets the start */
    int64_t count;        /* elements seen so far, for positions */
    int64_t index;        /* position of an extremum, or a limit for one */
    bool divided_by_zero; /* set by integer division; the element became 0 */
    bool stop;            /* set when an answer is final (NaN in min and max) */
    bool flag;            /* the operation's own switch */
    void *scratch;        /* line kernels that need room: n elements */
    int64_t *scratch_index;
} par_args;

/* r is the result, then the sources. */
/* clang-format off */
#define PAR_OPS_ANY(X)                                                                                              \
    X(FILL) X(ADDS) X(MULS) X(DIVS) X(FMODS) X(REMS) X(CADD) X(CMUL) X(CDIV) X(CFMOD) X(CREM) X(CMAX) X(CMIN)       \
    X(CMAXS) X(CMINS) X(ADDCMUL) X(ADDCDIV) X(NEG) X(ABS) X(SIGN) X(CLAMP) X(POWS) X(TPOW) X(CPOW)                   \
    X(LTS) X(LES) X(GTS) X(GES) X(EQS) X(NES) X(CLT) X(CLE) X(CGT) X(CGE) X(CEQ) X(CNE)                             \
    X(MASKED_FILL) X(SUM) X(SUM_FAST) X(PROD) X(MIN) X(MAX) X(DOT) X(SQUARES) X(NORM0) X(NORM1) X(NORMP)            \
    X(DISTP) X(SQUARED_DEVIATIONS) X(EQUAL) X(ANY_NAN)                                                              \
    X(SUM_LINE) X(SUM_ROWS) X(PROD_LINE) X(MIN_LINE) X(MAX_LINE) X(CUMSUM_LINE) X(CUMPROD_LINE) X(CUMMAX_LINE)     \
    X(CUMMIN_LINE) X(SORT_LINE) X(KTH_LINE) X(MODE_LINE) X(NORM_LINE) X(ALL) X(ANY) X(ALL_LINE) X(ANY_LINE)          \
    X(MIN_ABREAST) X(MAX_ABREAST)
#define PAR_OPS_FLOAT(X)                                                                                            \
    X(EXP) X(LOG) X(LOG1P) X(SQRT) X(RSQRT) X(SIN) X(COS) X(TAN) X(ASIN) X(ACOS) X(ATAN) X(SINH) X(COSH) X(TANH)    \
    X(CEIL) X(FLOOR) X(ROUND) X(TRUNC) X(FRAC) X(SIGMOID) X(CINV) X(ATAN2) X(LERP) X(MEAN_LINE) X(VAR_LINE)         \
    X(VAR_ABREAST) X(HISTC)
#define PAR_OPS_INTEGER(X) \
    X(BITAND) X(BITOR) X(BITXOR) X(LSHIFT) X(RSHIFT) X(BITANDS) X(BITORS) X(BITXORS) X(LSHIFTS) X(RSHIFTS)

typedef enum par_op {
#define X(name) PAR_OP_##name,
    PAR_OPS_ANY(X) PAR_OPS_FLOAT(X) PAR_OPS_INTEGER(X)
#undef X
    PAR_OP_COUNT
} par_op;
/* clang-format on */

/* NULL when the type has no such operation. */
par_kernel *par_kernel_find(par_op op, par_type type);
/* Converts elements: r of type `to`, source of type `from`. Out-of-range numbers wrap as two's complement does. */
par_kernel *par_kernel_copy(par_type to, par_type from);

/* One element. Integers keep all bits in .i, Float and Double use .d. */
par_value par_element_get(par_type type, const void *data);
void par_element_set(par_type type, void *data, par_value value);
/* A double as an integer, without undefined behaviour: out of range (and NaN) gives INT64_MIN. */
int64_t par_double_to_i64(double d);

/* exp of n doubles at distance 1, within one unit in the last place (vexp.c). r may be x. */
void par_vexp_double(int64_t n, double *r, const double *x);
void par_vexp_float(int64_t n, float *r, const float *x);
/* tanh likewise, within three units */
void par_vtanh_double(int64_t n, double *r, const double *x);
void par_vtanh_float(int64_t n, float *r, const float *x);

#endif
