/* Segments of shared memory that this thread owns, kept mapped and used again: where large payloads travel and where
 * share()d storages live. Each thread has a pool of its own. */
#ifndef PAR_CHANNEL_POOL_H
#define PAR_CHANNEL_POOL_H

#include "base/blob.h"
#include "channel/segment.h"

/* A SEGMENT blob of at least `bytes` (blob->bytes is what was asked for), one reference, content undefined.
 * Small ones lie in one segment. PAR_E_LIMIT, PAR_E_NOMEM, PAR_E_SYSTEM. */
int par_pool_blob_new(size_t bytes, par_blob **out, par_error *err);
/* A segment with one reference for at least `bytes`, used in `mode`; one that `channel`'s peer knows if possible. */
int par_pool_take(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err);
/* The same for bytes that are still to come, if they do: a new one takes up memory as it is written to. */
int par_pool_take_empty(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err);
/* Bytes in segments of this pool: all, and those lent to peers. */
void par_pool_usage(uint64_t *total_bytes, uint64_t *lent_bytes);
/* Forgets unused segments. */
void par_pool_trim(void);

#endif
