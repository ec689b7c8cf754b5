/* The parts of Torch7 that the bridge touches, as its last revision lays them out. Nothing of Torch is linked: a
 * program that has Torch brings them along. */
#ifndef PAR_TORCH_TH_H
#define PAR_TORCH_TH_H

#include <stddef.h>

typedef struct th_allocator {
    void *(*malloc)(void *context, ptrdiff_t bytes);
    void *(*realloc)(void *context, void *data, ptrdiff_t bytes);
    void (*free)(void *context, void *data);
} th_allocator;

enum { TH_REFCOUNTED = 1, TH_RESIZABLE = 2, TH_FREEMEM = 4, TH_VIEW = 8 };

typedef struct th_storage {
    void *data;
    ptrdiff_t size; /* elements */
    int refcount;
    char flag;
    th_allocator *allocator;
    void *allocator_context;
    struct th_storage *view;
} th_storage;

typedef struct th_tensor {
    long *size;
    long *stride;
    int ndim;
    th_storage *storage; /* NULL in an empty tensor */
    ptrdiff_t storage_offset;
    int refcount;
    char flag;
} th_tensor;

typedef struct th_timer {
    int running;
    double total[3]; /* seconds up to the last stop: real, user, system */
    double start[3]; /* clocks when it was started */
} th_timer;

/* For each of the seven types, by name: TH<Type>Storage_... and TH<Type>Tensor_... None of these raises as it is used
 * here. */
typedef struct th_functions {
    th_storage *(*storage_new)(void *data, ptrdiff_t size, th_allocator *allocator, void *context);
    void (*storage_free)(th_storage *storage);
    th_tensor *(*tensor_new)(void);
    void (*tensor_free)(th_tensor *tensor);
    void (*tensor_set)(th_tensor *tensor, th_storage *storage, ptrdiff_t offset, int ndim, long *size, long *stride);
} th_functions;

#endif
