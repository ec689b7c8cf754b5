/* A counted block of bytes: what a storage lies in and what a large payload arrives as.
 *
 * The count is of this process alone and belongs to one thread; it never stands in shared memory. Whoever makes a
 * blob embeds it as the first member of its own record and supplies `free`, which is called at the last release. */
#ifndef PAR_BASE_BLOB_H
#define PAR_BASE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum par_blob_kind {
    PAR_BLOB_HEAP,    /* private memory of this process (os/blob.h) */
    PAR_BLOB_SEGMENT, /* shared memory that can be sent by reference (src/channel/pool.h) */
    PAR_BLOB_FOREIGN  /* somebody else's memory, kept alive by `free`'s owner */
} par_blob_kind;

typedef struct par_blob par_blob;
struct par_blob {
    void *data;   /* 64-byte aligned for HEAP and SEGMENT */
    size_t bytes; /* size of data */
    uint32_t refs;
    par_blob_kind kind;
    bool again; /* one more view of memory that an older blob stands for: it takes up nothing of its own */
    void (*free)(par_blob *blob);
};

par_blob *par_blob_retain(par_blob *blob);
/* NULL is allowed. */
void par_blob_release(par_blob *blob);

/* Bytes that travel beside a message. When `blob` is a SEGMENT the receiver gets the same memory if `shared` is
 * set (share()d storages), else its own copy. */
typedef struct par_payload {
    const void *data;
    size_t bytes;
    par_blob *blob; /* holder of data, or NULL; borrowed for the duration of the call */
    bool shared;    /* both sides are to see each other's writes: only with a SEGMENT blob */
} par_payload;

#endif
