/* A piece of shared memory that payloads lie in: one of our own pool, or one that a peer lent us.
 *
 * No count stands in shared memory: counts there would not survive a crash. The owner knows for each peer what is lent;
 * a peer's end ends its lends. A lend that ended that way leaves the segment spoiled (somebody may still write to it):
 * it is never used again, only forgotten, and the kernel frees it with the last mapping. */
#ifndef PAR_CHANNEL_SEGMENT_H
#define PAR_CHANNEL_SEGMENT_H

#include "base/blob.h"
#include "base/idmap.h"
#include "base/status.h"
#include "channel/channel.h"
#include "channel/layout.h"

typedef struct par_segment par_segment;
struct par_segment {
    uint64_t id;      /* by which this process announces it; 0: not yet */
    int fd;           /* -1: cannot be handed on */
    uint8_t *data;
    size_t bytes;
    uint64_t refs;    /* blobs and lends */
    uint64_t lent;    /* of these, lends to peers */
    uint32_t mode;    /* PAR_LEND_*: what it is used for */
    bool spoiled;
    bool own;
    /* of our own: the free list, most recently used first */
    par_segment *next, *before;
    /* of a peer: */
    par_channel *from;  /* NULL: that channel is closed */
    uint64_t peer_id;
    uint64_t received;  /* lends that one RELEASE will give back */
    uint64_t waiting;   /* views in messages that nobody has received yet */
    size_t mapped;      /* so many bytes have their pages mapped */
};

/* What one channel's peer knows of a segment of ours. */
typedef struct par_export {
    par_segment *segment;
    uint64_t lends;
} par_export;

/* Segments and peers: a member of every channel. */
typedef struct par_lends {
    par_idmap exports;          /* by our id: par_export */
    par_idmap imports;          /* by the peer's id: par_segment */
    uint64_t open;              /* lends that the peer has not given back */
    par_channel *next, *before; /* all channels of this thread that export something */
    bool listed;
} par_lends;

/* A view of `bytes` at offset; takes a reference to the segment. NULL: no memory. */
par_blob *par_segment_blob(par_segment *segment, size_t offset, size_t bytes, par_blob_kind kind);
/* What a payload in a message that waits to be received takes up: of several in one segment the first begins to, the last ends
 * to take up all of it. */
uint64_t par_payload_waits(const par_blob *blob, bool begins);
/* The segment behind a SEGMENT blob. */
par_segment *par_segment_of(const par_blob *blob);
void par_segment_release(par_segment *segment, uint64_t refs);
/* Unmaps, and tells every peer that knew it. */
void par_segment_destroy(par_segment *segment);
uint64_t par_segment_id(par_segment *segment);

/* --- pool.c --- */
/* An own segment with one reference for at least `bytes`, used in `mode`; one that `channel`'s peer knows if possible. */
int par_pool_take(size_t bytes, uint32_t mode, par_channel *channel, par_segment **out, par_error *err);
void par_pool_give(par_segment *segment); /* nobody uses it any more */
void par_pool_count_lent(par_segment *segment, bool lent);

/* --- lend.c --- */
/* Makes sure that the peer knows the segment; PAR_E_AGAIN: there is no room for that now. */
int par_lend_announce(par_channel *channel, par_segment *segment, uint32_t mode, par_error *err);
void par_lend_add(par_channel *channel, par_segment *segment);
void par_lend_undo(par_channel *channel, par_segment *segment);
bool par_lend_knows(const par_channel *channel, const par_segment *segment);
/* What the peer says. PAR_OK, PAR_E_CORRUPT, PAR_E_NOMEM, PAR_E_SYSTEM. */
int par_lend_take_segment(par_channel *channel, const par_record_segment *record);
int par_lend_take(par_channel *channel, const par_record_lend *record, par_blob **out);
int par_lend_take_release(par_channel *channel, const par_record_release *record);
int par_lend_take_forget(par_channel *channel, const par_record_forget *record);
/* All channels of this thread with lends look for releases; did any come? `take`: even behind messages nobody has
 * received. */
bool par_lend_look_for_releases(bool take);
/* The segment is about to go: no peer may be left that knows it. */
void par_lend_forget_segment(par_segment *segment);
void par_lend_close(par_channel *channel);

#endif
