/* The elements of several runs made to one, in the order of the runs: dst[i] = ((src[0][i] op src[1][i]) op src[2][i]) ... The same
 * bits come out wherever and in however many pieces it is done. */
#ifndef PAR_TENSOR_REDUCE_INTO_H
#define PAR_TENSOR_REDUCE_INTO_H

#include "tensor/tensor.h"

typedef enum par_reduce_op {
    PAR_REDUCE_SUM, /* integers wrap, each type in its own size */
    PAR_REDUCE_PROD,
    PAR_REDUCE_MIN, /* a NaN wins, the first of them; of two zeros the first */
    PAR_REDUCE_MAX,
    PAR_REDUCE_MEAN, /* the sum, divided by the number of runs; Float and Double only */
    PAR_REDUCE_AND,  /* bit by bit; integers only */
    PAR_REDUCE_OR,
    PAR_REDUCE_OP_COUNT
} par_reduce_op;

const char *par_reduce_op_name(par_reduce_op op); /* "sum", ... */
/* The op with this name, or -1. */
int par_reduce_op_find(const char *name);
/* Is there such an operation on elements of this type? */
bool par_reduce_has(par_reduce_op op, par_type type);
/* n elements of n_src >= 1 runs. dst may be one of the runs, but must not overlap any otherwise. All are aligned for their
 * type. There must be such an operation. */
void par_reduce_into(par_reduce_op op, par_type type, int64_t n, void *dst, const void *const *src, unsigned n_src);

#endif
