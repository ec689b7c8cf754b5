/* Copies of matrices whose rows become columns. */
#ifndef PAR_TENSOR_TRANSPOSE_H
#define PAR_TENSOR_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

/* to[j][i] = from[i][j] for matrices of elements of 1, 2, 4 or 8 bytes that lie apart, with rows of elements one behind the other, so
 * many elements from row to row. */
void par_transpose(size_t element_bytes, int64_t rows, int64_t columns, const void *from, int64_t from_row, void *to, int64_t to_row);

#endif
