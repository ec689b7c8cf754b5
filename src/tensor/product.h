/* Products of matrices in plain loops, for every type. */
#ifndef PAR_TENSOR_PRODUCT_H
#define PAR_TENSOR_PRODUCT_H

#include "tensor/tensor.h"

/* A matrix in memory: strides in elements. A vector is a matrix with one column. */
typedef struct par_matrix {
    void *data;
    int64_t rows, columns, row_stride, column_stride;
} par_matrix;

/* r = beta * r + alpha * a * b; the sizes agree and r overlaps neither. With beta 0, r is not read. Each element is added up in the order
 * of a's columns. PAR_E_NOMEM. */
int par_product(par_type type, const par_matrix *r, double beta, double alpha, const par_matrix *a, const par_matrix *b, par_error *err);

#endif
