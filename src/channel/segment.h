/* A piece of shared memory that payloads lie in: one of our own pool, or one that a peer lent us.
 *
 * No count stands in shared memory: counts there would not survive a crash. The owner knows for each peer what is lent;
 * a peer's end ends its lends. A lend that ended that way leaves the segment spoiled (somebody may still write to it):
 * it is never used again, only forgotten, and the kernel frees it with the last mapping. */
#ifndef PAR_CHANNEL_SEGMENT_H
#define PAR_CHANNEL_SEGMENT_H

#include "base/blob.h"
#include "channel/channel.h"
#include "channel/layout.h"

typedef struct par_segment par_segment;
struct par_segment {
    uint64_t id; /* by which this process announces it; 0: not yet */
    int fd;      /* -1: cannot be handed on */
    uint8_t *data;
    size_t bytes;
    uint64_t refs; /* blobs and lends */
    uint64_t lent; /* of these, lends to peers */
    uint32_t mode; /* PAR_LEND_*: what it is used for */
    bool spoiled;
    bool own;
    bool closed;                          /* several storages lie in it, and no more will come before all of them are gone */
    void (*unused)(par_segment *segment); /* the last reference is gone: whoever made it takes it back */
    void (*going)(par_segment *segment);  /* NULL: no peer knows it; else tells them that it goes */
    /* of our own: the free list, most recently used first */
    par_segment *next, *before;
    /* of a peer: */
    par_channel *from; /* NULL: that channel is closed */
    uint64_t peer_id;
    uint64_t received; /* lends that one RELEASE will give back */
    uint64_t waiting;  /* bytes of views in messages that nobody has received yet, however often the same ones */
    size_t mapped;     /* so many bytes have their pages mapped */
    uint64_t faults;   /* of this process when it was lent, where pages are mapped copy-on-write; 0: not known */
};

/* A view of `bytes` at offset; takes a reference to the segment. NULL: no memory. */
par_blob *par_segment_blob(par_segment *segment, size_t offset, size_t bytes, par_blob_kind kind);
/* What a payload in a message that waits to be received takes up: several in one segment no more than the segment, however often they
 * are views of the same bytes. */
uint64_t par_payload_waits(const par_blob *blob, bool begins);
/* The segment behind a SEGMENT blob. */
par_segment *par_segment_of(const par_blob *blob);
void par_segment_release(par_segment *segment, uint64_t refs);
/* Unmaps, and tells every peer that knew it. */
void par_segment_destroy(par_segment *segment);
uint64_t par_segment_id(par_segment *segment);

#endif
