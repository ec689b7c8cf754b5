#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "tensor/shape.h"

int par_view_new(const par_tensor *tensor, par_tensor **out, par_error *err)
{
    return par_tensor_new_view(tensor->type, tensor->storage, tensor->offset, tensor->ndim, tensor->size, tensor->stride, out, err);
}

static int check_dim(const par_tensor *tensor, int dim, par_error *err)
{
    if (dim >= 0 && dim < tensor->ndim) return PAR_OK;
    return par_error_set(err, PAR_E_INVALID, "out of range: dimension %d of a tensor of %d dimensions", dim + 1, tensor->ndim);
}

static void drop_dim(par_tensor *tensor, int dim)
{
    size_t tail = (size_t)(tensor->ndim - dim - 1) * sizeof(int64_t);
    memmove(tensor->size + dim, tensor->size + dim + 1, tail);
    memmove(tensor->stride + dim, tensor->stride + dim + 1, tail);
    tensor->ndim--;
}

int par_view_narrow(par_tensor *tensor, int dim, int64_t first, int64_t size, par_error *err)
{
    int status = check_dim(tensor, dim, err);
    if (status) return status;
    if (first < 0 || first >= tensor->size[dim] || size <= 0 || size > tensor->size[dim] - first) {
        return par_error_set(err, PAR_E_INVALID, "out of range: %lld elements from %lld on of dimension %d, which has %lld",
                             (long long)size, (long long)first + 1, dim + 1, (long long)tensor->size[dim]);
    }
    tensor->offset += first * tensor->stride[dim];
    tensor->size[dim] = size;
    return PAR_OK;
}

int par_view_select(par_tensor *tensor, int dim, int64_t index, par_error *err)
{
    int status = check_dim(tensor, dim, err);
    if (status) return status;
    if (index < 0 || index >= tensor->size[dim]) {
        return par_error_set(err, PAR_E_INVALID, "out of range: index %lld of dimension %d, which has %lld", (long long)index + 1, dim + 1,
                             (long long)tensor->size[dim]);
    }
    tensor->offset += index * tensor->stride[dim];
    drop_dim(tensor, dim);
    return PAR_OK;
}

int par_view_transpose(par_tensor *tensor, int dim1, int dim2, par_error *err)
{
    int status = check_dim(tensor, dim1, err);
    if (!status) status = check_dim(tensor, dim2, err);
    if (status) return status;
    int64_t size = tensor->size[dim1], stride = tensor->stride[dim1];
    tensor->size[dim1] = tensor->size[dim2];
    tensor->stride[dim1] = tensor->stride[dim2];
    tensor->size[dim2] = size;
    tensor->stride[dim2] = stride;
    return PAR_OK;
}

int par_view_unfold(par_tensor *tensor, int dim, int64_t size, int64_t step, par_error *err)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX + 1], strides[PAR_TENSOR_DIMS_MAX + 1];
    int status = check_dim(tensor, dim, err);
    if (status) return status;
    if (size <= 0 || size > tensor->size[dim]) {
        return par_error_set(err, PAR_E_INVALID, "out of range: windows of %lld in dimension %d, which has %lld", (long long)size, dim + 1,
                             (long long)tensor->size[dim]);
    }
    if (step <= 0) return par_error_set(err, PAR_E_INVALID, "invalid step %lld: must be positive", (long long)step);
    memcpy(sizes, tensor->size, (size_t)tensor->ndim * sizeof *sizes);
    memcpy(strides, tensor->stride, (size_t)tensor->ndim * sizeof *sizes);
    sizes[tensor->ndim] = size;
    strides[tensor->ndim] = tensor->stride[dim];
    sizes[dim] = (tensor->size[dim] - size) / step + 1;
    /* With one window the stride is never used, and step times stride may overflow. */
    strides[dim] = sizes[dim] > 1 ? step * tensor->stride[dim] : tensor->stride[dim];
    return par_tensor_set_view(tensor, tensor->storage, tensor->offset, tensor->ndim + 1, sizes, strides, err);
}

void par_view_squeeze(par_tensor *tensor)
{
    int keep = 0;
    for (int d = 0; d < tensor->ndim; d++) {
        if (tensor->size[d] == 1) continue;
        tensor->size[keep] = tensor->size[d];
        tensor->stride[keep++] = tensor->stride[d];
    }
    if (keep == 0 && tensor->ndim > 0) { /* one element stays a tensor of one dimension */
        tensor->size[0] = tensor->stride[0] = 1;
        keep = 1;
    }
    tensor->ndim = keep;
}

int par_view_squeeze_dim(par_tensor *tensor, int dim, par_error *err)
{
    int status = check_dim(tensor, dim, err);
    if (!status && tensor->size[dim] == 1 && tensor->ndim > 1) drop_dim(tensor, dim);
    return status;
}

int par_view_expand(par_tensor *tensor, int ndim, const int64_t *size, par_error *err)
{
    int64_t sizes[PAR_TENSOR_DIMS_MAX], strides[PAR_TENSOR_DIMS_MAX];
    int added = ndim - tensor->ndim;
    if (added < 0 || ndim > PAR_TENSOR_DIMS_MAX || tensor->ndim == 0) {
        return par_error_set(err, PAR_E_INVALID,
                             "the number of sizes provided (%d) must be greater or equal to the number of "
                             "dimensions in the tensor (%d)",
                             ndim, tensor->ndim);
    }
    for (int d = 0; d < ndim; d++) {
        int64_t old = d < added ? 1 : tensor->size[d - added];
        if (old != size[d] && old != 1) {
            return par_error_set(err, PAR_E_INVALID,
                                 "incorrect size: only supporting singleton expansion (size=1), not from "
                                 "%lld to %lld in dimension %d",
                                 (long long)old, (long long)size[d], d + 1);
        }
        sizes[d] = size[d];
        strides[d] = old == 1 && size[d] != 1 ? 0 : d < added ? 0 : tensor->stride[d - added];
    }
    return par_tensor_set_view(tensor, tensor->storage, tensor->offset, ndim, sizes, strides, err);
}
