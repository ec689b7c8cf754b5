#include "channel/segment.h"

#include <stdlib.h>

#include "channel/internal.h"
#include "os/os.h"

typedef struct segment_blob {
    par_blob blob;
    par_segment *segment;
} segment_blob;

static void blob_free(par_blob *blob)
{
    par_segment *segment = ((segment_blob *)blob)->segment;
    free(blob);
    par_segment_release(segment, 1);
}

par_blob *par_segment_blob(par_segment *segment, size_t offset, size_t bytes, par_blob_kind kind)
{
    segment_blob *view = malloc(sizeof *view);
    if (!view) return NULL;
    view->blob = (par_blob){.data = segment->data + offset, .bytes = bytes, .refs = 1, .kind = kind, .free = blob_free};
    view->blob.again = kind == PAR_BLOB_SEGMENT && !segment->own && segment->refs > 0;
    view->segment = segment;
    segment->refs++;
    return &view->blob;
}

uint64_t par_payload_waits(const par_blob *blob, bool begins)
{
    if (blob->free != blob_free) return par_heap_bytes(sizeof *blob) + par_heap_bytes(blob->bytes);
    par_segment *segment = ((const segment_blob *)blob)->segment;
    uint64_t views = begins ? segment->waiting++ : --segment->waiting;
    return par_heap_bytes(sizeof(segment_blob)) + (views == 0 ? segment->bytes : 0);
}

par_segment *par_segment_of(const par_blob *blob)
{
    if (!blob || blob->kind != PAR_BLOB_SEGMENT || blob->free != blob_free) return NULL;
    return ((const segment_blob *)blob)->segment;
}

uint64_t par_segment_id(par_segment *segment)
{
    static _Thread_local uint64_t last; /* ids only mean something on the channels of one thread */
    if (!segment->id) segment->id = ++last;
    return segment->id;
}

/* The last blob of a segment that a peer lent us is gone. */
static void return_to_peer(par_segment *segment)
{
    if (!segment->from) {
        par_segment_destroy(segment);
        return;
    }
    if (segment->mode == PAR_LEND_COMMON && !par_os_memory_reset(segment->data, segment->bytes)) segment->mapped = 0;
    uint64_t lends = segment->received;
    segment->received = 0;
    if (lends) par_channel_notify(segment->from, PAR_INTERNAL_RELEASE, segment->peer_id, lends);
}

void par_segment_release(par_segment *segment, uint64_t refs)
{
    segment->refs -= refs;
    if (segment->refs) return;
    if (!segment->own)
        return_to_peer(segment);
    else
        par_pool_give(segment);
}

void par_segment_destroy(par_segment *segment)
{
    par_lend_forget_segment(segment);
    par_os_memory_unmap(segment->data, segment->bytes);
    par_os_close(segment->fd);
    free(segment);
}
