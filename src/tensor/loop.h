/* Walking over tensors: a kernel is called for runs of elements which lie at fixed steps in every tensor. */
#ifndef PAR_TENSOR_LOOP_H
#define PAR_TENSOR_LOOP_H

#include "base/limits.h"
#include "tensor/tensor.h"

#define PAR_LOOP_MAX 4 /* tensors in one loop */

/* n elements; the i-th of tensor k lies at data[k] + i * step[k] elements. */
typedef void par_kernel(int64_t n, char *const *data, const int64_t *step, void *arg);

/* A walk over one tensor in its own order, dimensions that join to one run merged. */
typedef struct par_walk {
    char *at;     /* where the current run goes on */
    int64_t left; /* elements left in the current run */
    int64_t step; /* between its elements, in elements */
    int64_t run;  /* length of a run */
    size_t bytes; /* of an element */
    int ndim;     /* outer dimensions */
    int64_t size[PAR_TENSOR_DIMS_MAX], stride[PAR_TENSOR_DIMS_MAX], index[PAR_TENSOR_DIMS_MAX];
} par_walk;

/* The tensor must have elements and be sound. */
void par_walk_init(par_walk *walk, const par_tensor *tensor);
/* n <= left elements on; goes to the next run at the end of one. */
void par_walk_advance(par_walk *walk, int64_t n);

/* All tensors have the same number of elements, each is walked in its own order (Torch's rule). */
void par_loop(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors);
/* One tensor whose elements may come in any order: in that of memory. */
void par_loop_any_order(par_kernel *kernel, void *arg, const par_tensor *tensor);
/* The same for kernels on lines: one call for each line along `dim` of the tensors, whose other sizes agree. The
 * kernel's n is the length of the first tensor's line; len[k] of the others is known to the caller. */
void par_loop_lines(par_kernel *kernel, void *arg, int count, const par_tensor *const *tensors, int dim);

#endif
