#include "tensor/product.h"

#include <stdlib.h>

#include "tensor/kernels.h"
#include "tensor/vector.h"

#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)
#define K(op) GLUE(op##_, NAME)

#define TILE_ROWS 4
#define TILE_COLUMNS 8

#define ACC uint64_t
#define FROM par_double_to_i64
#define PRODUCT(name, parameters, arguments) static void name parameters

#define NAME Byte
#define T uint8_t
#include "tensor/product_body.h"

#define NAME Char
#define T int8_t
#include "tensor/product_body.h"

#define NAME Short
#define T int16_t
#include "tensor/product_body.h"

#define NAME Int
#define T int32_t
#include "tensor/product_body.h"

#define NAME Long
#define T int64_t
#include "tensor/product_body.h"

#undef ACC
#undef FROM
#undef PRODUCT
#define ACC double
#define FROM
#define PRODUCT(name, parameters, arguments) WIDE(static, name, parameters, arguments)

#define NAME Float
#define T float
#include "tensor/product_body.h"

#define NAME Double
#define T double
#include "tensor/product_body.h"

int par_product(par_type type, const par_matrix *r, double beta, double alpha, const par_matrix *a, const par_matrix *b, par_error *err)
{
    void *sums = calloc((size_t)r->columns, 8);
    if (!sums) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a product of matrices");
    switch (type) {
    case PAR_BYTE: product_Byte(r, beta, alpha, a, b, sums); break;
    case PAR_CHAR: product_Char(r, beta, alpha, a, b, sums); break;
    case PAR_SHORT: product_Short(r, beta, alpha, a, b, sums); break;
    case PAR_INT: product_Int(r, beta, alpha, a, b, sums); break;
    case PAR_LONG: product_Long(r, beta, alpha, a, b, sums); break;
    case PAR_FLOAT: product_Float(r, beta, alpha, a, b, sums); break;
    default: product_Double(r, beta, alpha, a, b, sums); break;
    }
    free(sums);
    return PAR_OK;
}
