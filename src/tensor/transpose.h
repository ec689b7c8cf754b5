/* Copies of matrices whose rows become columns. */
#ifndef PAR_TENSOR_TRANSPOSE_H
#define PAR_TENSOR_TRANSPOSE_H

#include <stdbool.h>

#include "tensor/tensor.h"

/* to[j][i] = from[i][j] for matrices that lie apart, with rows of elements one behind the other, so many elements from row to row.
 * false: not for this type, nothing was done. */
bool par_transpose(par_type type, int64_t rows, int64_t columns, const void *from, int64_t from_row, void *to, int64_t to_row);

#endif
