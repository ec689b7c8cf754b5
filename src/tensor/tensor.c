#include "tensor/tensor.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "os/blob.h"
#include "tensor/shape.h"

static const struct {
    size_t bytes;
    const char *name;
} TYPES[PAR_TYPE_COUNT] = {{1, "Byte"}, {1, "Char"}, {2, "Short"}, {4, "Int"}, {8, "Long"}, {4, "Float"}, {8, "Double"}};

size_t par_type_bytes(par_type type) { return TYPES[type].bytes; }
const char *par_type_name(par_type type) { return TYPES[type].name; }

/* What storages hold, for whoever decides when garbage is worth collecting. Threads of one host may each have a Lua. */
_Atomic int64_t par_storage_arrived;
static _Atomic int64_t held_bytes, segment_bytes;

int64_t par_storage_held_bytes(void) { return atomic_load_explicit(&held_bytes, memory_order_relaxed); }
int64_t par_storage_segment_bytes(void) { return atomic_load_explicit(&segment_bytes, memory_order_relaxed); }

static void count_held(const par_storage *storage, int sign)
{
    int64_t bytes = storage->size * (int64_t)TYPES[storage->type].bytes;
    if (!storage->blob || storage->blob->again) return;
    atomic_fetch_add_explicit(&held_bytes, sign * bytes, memory_order_relaxed);
    if (storage->blob->kind != PAR_BLOB_FOREIGN) return;
    atomic_fetch_add_explicit(&segment_bytes, sign * bytes, memory_order_relaxed);
    if (sign > 0) atomic_fetch_add_explicit(&par_storage_arrived, bytes, memory_order_relaxed);
}

static bool storage_bytes(par_type type, int64_t size, size_t *bytes)
{
    return size >= 0 && (uint64_t)size <= (uint64_t)PTRDIFF_MAX / TYPES[type].bytes &&
           par_checked_mul_size((size_t)size, TYPES[type].bytes, bytes);
}

par_storage *par_storage_new(par_type type, int64_t size)
{
    size_t bytes;
    if (!storage_bytes(type, size, &bytes)) return NULL;
    par_storage *storage = malloc(sizeof *storage);
    if (!storage) return NULL;
    *storage = (par_storage){.refs = 1, .type = type, .size = size};
    if (size == 0) return storage;
    storage->blob = par_os_blob_new(bytes, false);
    if (!storage->blob) {
        free(storage);
        return NULL;
    }
    storage->data = storage->blob->data;
    count_held(storage, 1);
    return storage;
}

par_storage *par_storage_new_blob(par_type type, par_blob *blob, size_t data_offset, int64_t size)
{
    size_t bytes;
    if (!storage_bytes(type, size, &bytes) || data_offset > blob->bytes || bytes > blob->bytes - data_offset) return NULL;
    if (((uintptr_t)blob->data + data_offset) % TYPES[type].bytes != 0) return NULL;
    par_storage *storage = malloc(sizeof *storage);
    if (!storage) return NULL;
    *storage = (par_storage){.refs = 1, .type = type, .size = size};
    if (size == 0) {
        par_blob_release(blob);
        return storage;
    }
    storage->data = (char *)blob->data + data_offset;
    storage->blob = blob;
    count_held(storage, 1);
    return storage;
}

par_storage *par_storage_retain(par_storage *storage)
{
    storage->refs++;
    return storage;
}

void par_storage_release(par_storage *storage)
{
    if (!storage || --storage->refs > 0) return;
    count_held(storage, -1);
    par_blob_release(storage->blob);
    free(storage);
}

int par_storage_resize(par_storage *storage, int64_t size, par_error *err)
{
    if (size == storage->size) return PAR_OK;
    if (storage->shared) {
        return par_error_set(err, PAR_E_INVALID, "cannot resize a shared storage (of %lld elements, to %lld): others hold it",
                             (long long)storage->size, (long long)size);
    }
    par_storage *fresh = par_storage_new(storage->type, size);
    if (!fresh) return par_tensor_no_memory(storage->type, size, err);
    int64_t keep = size < storage->size ? size : storage->size;
    if (keep > 0) memcpy(fresh->data, storage->data, (size_t)keep * TYPES[storage->type].bytes);
    count_held(storage, -1); /* fresh's bytes are counted already */
    par_blob_release(storage->blob);
    storage->blob = fresh->blob;
    storage->data = fresh->data;
    storage->size = size;
    free(fresh);
    return PAR_OK;
}

int par_storage_share(par_storage *storage, par_segment_maker *make, par_error *err)
{
    par_blob *blob;
    if (storage->shared || storage->size == 0) return PAR_OK;
    if (storage->blob->kind == PAR_BLOB_HEAP && storage->blob->refs > 1) {
        return par_error_set(err, PAR_E_INVALID, "cannot share this storage: another storage is a view of the same memory");
    }
    size_t bytes = (size_t)storage->size * TYPES[storage->type].bytes;
    int status = make(bytes, &blob, err);
    if (status) return status;
    memcpy(blob->data, storage->data, bytes);
    count_held(storage, -1);
    par_blob_release(storage->blob);
    storage->blob = blob;
    storage->data = blob->data;
    storage->shared = true;
    count_held(storage, 1);
    return PAR_OK;
}

int par_tensor_no_memory(par_type type, int64_t elements, par_error *err)
{
    if (elements < 0) return par_error_set(err, PAR_E_INVALID, "invalid size %lld: must not be negative", (long long)elements);
    return par_error_set(err, PAR_E_NOMEM, "not enough memory for %lld elements of torch.%sTensor", (long long)elements, TYPES[type].name);
}

/* A tensor with room for four dimensions in itself: most have no more. */
typedef struct small_tensor {
    par_tensor tensor;
    int64_t dims[2 * 4];
} small_tensor;

static bool reserve_dims(par_tensor *tensor, int ndim)
{
    small_tensor *small = (small_tensor *)tensor;
    int64_t *dims = small->dims;
    if (ndim > 4) {
        dims = malloc(2 * (size_t)ndim * sizeof *dims);
        if (!dims) return false;
    }
    if (tensor->size != small->dims) free(tensor->size);
    tensor->size = dims;
    tensor->stride = dims + ndim;
    return true;
}

par_tensor *par_tensor_new_empty(par_type type)
{
    small_tensor *small = malloc(sizeof *small);
    if (!small) return NULL;
    small->tensor = (par_tensor){.refs = 1, .type = type};
    small->tensor.size = small->tensor.stride = small->dims;
    return &small->tensor;
}

par_tensor *par_tensor_retain(par_tensor *tensor)
{
    tensor->refs++;
    return tensor;
}

void par_tensor_release(par_tensor *tensor)
{
    if (!tensor || --tensor->refs > 0) return;
    par_storage_release(tensor->storage);
    if (tensor->size != ((small_tensor *)tensor)->dims) free(tensor->size);
    free(tensor);
}

int64_t par_tensor_elements(const par_tensor *tensor)
{
    if (tensor->ndim == 0) return 0;
    int64_t n = 1; /* cannot overflow: set_geometry checked it */
    for (int d = 0; d < tensor->ndim; d++) n *= tensor->size[d];
    return n;
}

/* First and last touched element; false on overflow. All sizes are at least 1. */
static bool span_of(int64_t offset, int ndim, const int64_t *size, const int64_t *stride, int64_t *first, int64_t *last)
{
    *first = *last = offset;
    for (int d = 0; d < ndim; d++) {
        int64_t reach, *edge = stride[d] < 0 ? first : last;
        if (!par_checked_mul_i64(size[d] - 1, stride[d], &reach) || !par_checked_add_i64(*edge, reach, edge)) return false;
    }
    return true;
}

bool par_tensor_span(const par_tensor *tensor, int64_t *first, int64_t *last)
{
    return tensor->ndim > 0 && span_of(tensor->offset, tensor->ndim, tensor->size, tensor->stride, first, last);
}

bool par_tensor_is_sound(const par_tensor *tensor)
{
    int64_t first, last;
    if (tensor->ndim == 0) return true;
    return par_tensor_span(tensor, &first, &last) && tensor->storage && first >= 0 && last < tensor->storage->size;
}

static int check_sizes(int ndim, const int64_t *size, par_error *err)
{
    int64_t elements = 1;
    if (ndim > PAR_TENSOR_DIMS_MAX) {
        return par_error_set(err, PAR_E_INVALID, "%d dimensions: a tensor has at most %d", ndim, PAR_TENSOR_DIMS_MAX);
    }
    for (int d = 0; d < ndim; d++) {
        if (size[d] < 0) {
            return par_error_set(err, PAR_E_INVALID, "invalid size %lld of dimension %d: must not be negative", (long long)size[d], d + 1);
        }
        if (!par_checked_mul_i64(elements, size[d], &elements)) {
            return par_error_set(err, PAR_E_INVALID, "sizes too large: the number of elements overflows at dimension %d", d + 1);
        }
    }
    return PAR_OK;
}

/* Puts a geometry that was checked into the tensor. size may be the tensor's own. */
static int put_dims(par_tensor *tensor, int ndim, const int64_t *size, const int64_t *stride, par_error *err)
{
    int64_t copy[2][PAR_TENSOR_DIMS_MAX];
    for (int d = 0; d < ndim; d++) copy[0][d] = size[d];
    for (int d = 0; d < ndim; d++) copy[1][d] = stride[d];
    if (!reserve_dims(tensor, ndim)) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a tensor");
    memcpy(tensor->size, copy[0], (size_t)ndim * sizeof *size);
    memcpy(tensor->stride, copy[1], (size_t)ndim * sizeof *size);
    tensor->ndim = ndim;
    return PAR_OK;
}

void par_tensor_contiguous_strides(int ndim, const int64_t *size, int64_t *stride)
{
    int64_t step = 1;
    for (int d = ndim; d-- > 0; step *= size[d]) stride[d] = step;
}

void par_tensor_complete_strides(int ndim, const int64_t *size, int64_t *stride)
{
    for (int d = ndim - 1; d >= 0; d--) {
        if (stride[d] >= 0) continue;
        if (d == ndim - 1) stride[d] = 1;
        else if (__builtin_mul_overflow(size[d + 1], stride[d + 1], &stride[d])) stride[d] = INT64_MAX;
    }
}

static int outside(const par_storage *storage, int64_t first, int64_t last, par_error *err)
{
    return par_error_set(err, PAR_E_INVALID, "out of range: the view would touch elements %lld to %lld of a storage of %lld elements",
                         (long long)first + 1, (long long)last + 1, (long long)(storage ? storage->size : 0));
}

int par_tensor_set_view(par_tensor *tensor, par_storage *storage, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                        par_error *err)
{
    int64_t first, last, dense[PAR_TENSOR_DIMS_MAX];
    int status = ndim < 0 ? par_error_set(err, PAR_E_INVALID, "negative number of dimensions") : check_sizes(ndim, size, err);
    if (status) return status;
    if (storage && storage->type != tensor->type) {
        return par_error_set(err, PAR_E_INVALID, "a torch.%sTensor cannot view a torch.%sStorage", par_type_name(tensor->type),
                             par_type_name(storage->type));
    }
    for (int d = 0; d < ndim; d++)
        if (size[d] == 0) ndim = 0;
    if (!stride) par_tensor_contiguous_strides(ndim, size, dense);
    if (!stride) stride = dense;
    if (offset < 0) return par_error_set(err, PAR_E_INVALID, "invalid storage offset %lld", (long long)offset + 1);
    if (ndim > 0) {
        if (!span_of(offset, ndim, size, stride, &first, &last) || last == INT64_MAX) {
            return par_error_set(err, PAR_E_INVALID, "strides too large: the view's end overflows");
        }
        if (!storage || first < 0 || last >= storage->size) return outside(storage, first, last, err);
    }
    status = put_dims(tensor, ndim, size, stride, err);
    if (status) return status;
    if (storage) par_storage_retain(storage);
    par_storage_release(tensor->storage);
    tensor->storage = storage;
    tensor->offset = offset;
    return PAR_OK;
}

int par_tensor_new_view(par_type type, par_storage *storage, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                        par_tensor **out, par_error *err)
{
    par_tensor *tensor = par_tensor_new_empty(type);
    if (!tensor) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a tensor");
    int status = par_tensor_set_view(tensor, storage, offset, ndim, size, stride, err);
    if (status) {
        par_tensor_release(tensor);
        return status;
    }
    *out = tensor;
    return PAR_OK;
}

static bool same_geometry(const par_tensor *tensor, int ndim, const int64_t *size, const int64_t *stride)
{
    if (tensor->ndim != ndim) return false;
    for (int d = 0; d < ndim; d++) {
        if (tensor->size[d] != size[d] || (stride && tensor->stride[d] != stride[d])) return false;
    }
    return true;
}

int par_tensor_resize(par_tensor *tensor, int ndim, const int64_t *size, const int64_t *stride, par_error *err)
{
    int64_t dense[PAR_TENSOR_DIMS_MAX], first = 0, last = -1;
    int status = check_sizes(ndim, size, err);
    if (status) return status;
    for (int d = 0; d < ndim; d++)
        if (size[d] == 0) ndim = d; /* as Torch: a size of 0 ends the list */
    if (same_geometry(tensor, ndim, size, stride) && par_tensor_is_sound(tensor)) return PAR_OK;
    if (!stride) par_tensor_contiguous_strides(ndim, size, dense);
    if (!stride) stride = dense;
    if (ndim > 0 && (!span_of(tensor->offset, ndim, size, stride, &first, &last) || first < 0 || last == INT64_MAX)) {
        return par_error_set(err, PAR_E_INVALID, "sizes and strides too large: the tensor's end overflows");
    }
    if (ndim > 0 && !tensor->storage) {
        tensor->storage = par_storage_new(tensor->type, last + 1);
        if (!tensor->storage) return par_tensor_no_memory(tensor->type, last + 1, err);
    } else if (ndim > 0 && last >= tensor->storage->size) {
        status = par_storage_resize(tensor->storage, last + 1, err);
        if (status) return status;
    }
    return put_dims(tensor, ndim, size, stride, err);
}

void *par_tensor_data(const par_tensor *tensor)
{
    if (!tensor->storage || !tensor->storage->data) return NULL;
    return (char *)tensor->storage->data + (size_t)tensor->offset * TYPES[tensor->type].bytes;
}

bool par_tensor_is_contiguous(const par_tensor *tensor)
{
    int64_t step = 1;
    for (int d = tensor->ndim; d-- > 0;) {
        if (tensor->size[d] == 1) continue;
        if (tensor->stride[d] != step) return false;
        step *= tensor->size[d];
    }
    return true;
}

bool par_tensor_same_size(const par_tensor *a, const par_tensor *b) { return same_geometry(a, b->ndim, b->size, NULL); }
