/* Products of matrices and vectors. BLAS is looked for when the first large product is asked for, never before and
 * never by linking; without one, and for the integer types, plain loops do it. */
#ifndef PAR_TENSOR_BLAS_H
#define PAR_TENSOR_BLAS_H

#include "tensor/product.h"

/* r = beta * r + alpha * a * b; the sizes agree and r overlaps neither. With beta 0, r is not read. PAR_E_NOMEM. */
int par_blas_product(par_type type, const par_matrix *r, double beta, double alpha, const par_matrix *a, const par_matrix *b,
                     par_error *err);
/* A function of the library, whatever par_blas_use says, or of the LAPACK that goes with it; NULL: there is none. */
void *par_blas_symbol(const char *name);
/* Path of the BLAS in use, or NULL: none was found, or none was needed so far. */
const char *par_blas_name(void);
/* Lets products use plain loops from now on (tests compare the two), or the library again; in all threads. */
void par_blas_use(bool allowed);

#endif
