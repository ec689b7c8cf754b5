/* Storages and tensors: what the codec and the Lua layer build on. Knows nothing of Lua.
 *
 * A storage is a typed run of elements in a counted blob; a tensor is a strided view of a storage. Both are counted,
 * by one thread of one process. All offsets and strides here are in elements and from 0; the Lua layer counts from 1.
 */
#ifndef PAR_TENSOR_TENSOR_H
#define PAR_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/status.h"

typedef enum par_type {
    PAR_BYTE,   /* uint8_t */
    PAR_CHAR,   /* int8_t */
    PAR_SHORT,  /* int16_t */
    PAR_INT,    /* int32_t */
    PAR_LONG,   /* int64_t */
    PAR_FLOAT,  /* float */
    PAR_DOUBLE, /* double */
    PAR_TYPE_COUNT
} par_type;

size_t par_type_bytes(par_type type);
const char *par_type_name(par_type type); /* "Double", "Byte", ... */

typedef struct par_storage {
    uint32_t refs;
    par_type type;
    int64_t size;   /* elements */
    void *data;     /* first element: blob->data plus some offset; NULL only when size is 0 */
    par_blob *blob; /* one reference is ours; NULL only when size is 0 */
    bool shared;    /* share() was called: copies sent to others are the same memory */
} par_storage;

typedef struct par_tensor {
    uint32_t refs;
    par_type type;
    int ndim;             /* 0: an empty tensor */
    int64_t *size;        /* ndim entries */
    int64_t *stride;      /* ndim entries, may be 0 (expand) */
    int64_t offset;       /* of the first element in the storage */
    par_storage *storage; /* one reference is ours; NULL in a tensor that never had elements */
} par_tensor;

/* A storage of `size` elements in fresh memory (not zeroed). NULL: no memory, or size is negative or too large. */
par_storage *par_storage_new(par_type type, int64_t size);
/* A storage on a block that exists: takes over one reference of blob. data_offset in bytes must be aligned for the
 * type and size*bytes must fit, else NULL (the reference stays the caller's). */
par_storage *par_storage_new_blob(par_type type, par_blob *blob, size_t data_offset, int64_t size);
par_storage *par_storage_retain(par_storage *storage);
void par_storage_release(par_storage *storage);

/* A view of storage (retained; may be NULL when it has no elements). PAR_E_INVALID unless every element lies inside
 * the storage and ndim <= PAR_TENSOR_DIMS_MAX: safe on sizes, strides and offsets that a peer sent. */
int par_tensor_new_view(par_type type, par_storage *storage, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                        par_tensor **out, par_error *err);
par_tensor *par_tensor_retain(par_tensor *tensor);
void par_tensor_release(par_tensor *tensor);
/* Elements, and the span [*first, *last] of storage elements that the view touches (false when it has none). */
int64_t par_tensor_elements(const par_tensor *tensor);
bool par_tensor_span(const par_tensor *tensor, int64_t *first, int64_t *last);

#endif
