/* Geometry: growing, re-viewing and comparing tensors. Nothing here looks at elements. */
#ifndef PAR_TENSOR_SHAPE_H
#define PAR_TENSOR_SHAPE_H

#include <stdatomic.h>

#include "tensor/tensor.h"

/* Fresh memory with the old elements; every tensor on this storage sees it. Refused for share()d storages. */
int par_storage_resize(par_storage *storage, int64_t size, par_error *err);

/* Bytes that all storages of this process hold. */
int64_t par_storage_held_bytes(void);
/* What of it peers have lent and wait to get back. */
int64_t par_storage_segment_bytes(void);
/* All that peers ever lent. */
extern _Atomic int64_t par_storage_arrived;
static inline int64_t par_storage_arrived_bytes(void) { return atomic_load_explicit(&par_storage_arrived, memory_order_relaxed); }
/* Moves the storage into shared memory, which `make` gives (channel/pool.h has one). Its tensors move along. */
typedef int par_segment_maker(size_t bytes, par_blob **out, par_error *err);
int par_storage_share(par_storage *storage, par_segment_maker *make, par_error *err);

/* A tensor without dimensions and without a storage; NULL: no memory. */
par_tensor *par_tensor_new_empty(par_type type);
/* Makes tensor a view of storage (retained); stride NULL: dense. Checked as par_tensor_new_view. */
int par_tensor_set_view(par_tensor *tensor, par_storage *storage, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                        par_error *err);
/* Torch's resize: nothing happens when the sizes fit, else dense strides (unless given) and a storage that grows, never
 * shrinks. Elements keep their places in the storage. */
int par_tensor_resize(par_tensor *tensor, int ndim, const int64_t *size, const int64_t *stride, par_error *err);

/* Does every element lie in the storage? A storage that was made smaller leaves views behind for which it does not. */
bool par_tensor_is_sound(const par_tensor *tensor);
bool par_tensor_is_contiguous(const par_tensor *tensor);
bool par_tensor_same_size(const par_tensor *a, const par_tensor *b);
void par_tensor_contiguous_strides(int ndim, const int64_t *size, int64_t *stride);
/* Negative strides, which are Torch's sign for "as if dense", become what they stand for. */
void par_tensor_complete_strides(int ndim, const int64_t *size, int64_t *stride);
/* First element, or NULL when there is none. */
void *par_tensor_data(const par_tensor *tensor);

/* The error of an allocation of so many elements that failed. */
int par_tensor_no_memory(par_type type, int64_t elements, par_error *err);

/* Views of one dimension (view.c). All change `tensor` in place; dimensions and positions count from 0. */
int par_view_narrow(par_tensor *tensor, int dim, int64_t first, int64_t size, par_error *err);
int par_view_select(par_tensor *tensor, int dim, int64_t index, par_error *err);
int par_view_transpose(par_tensor *tensor, int dim1, int dim2, par_error *err);
int par_view_unfold(par_tensor *tensor, int dim, int64_t size, int64_t step, par_error *err);
void par_view_squeeze(par_tensor *tensor);
int par_view_squeeze_dim(par_tensor *tensor, int dim, par_error *err);
int par_view_expand(par_tensor *tensor, int ndim, const int64_t *size, par_error *err);
/* A new tensor on the same elements. */
int par_view_new(const par_tensor *tensor, par_tensor **out, par_error *err);

#endif
