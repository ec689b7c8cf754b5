#include "channel/segment.h"

#include <stdlib.h>

#include "base/assert.h"
#include "channel/parcel.h"
#include "os/os.h"

typedef struct segment_blob {
    par_blob blob;
    par_segment *segment;
} segment_blob;

static void blob_free(par_blob *blob)
{
    par_segment *segment = ((segment_blob *)blob)->segment;
    /* Room between others that nobody will have again before they are gone. */
    if (segment->closed && segment->lent == 0 && segment->refs > 1) par_os_memory_drop(blob->data, blob->bytes);
    free(blob);
    par_segment_release(segment, 1);
}

par_blob *par_segment_blob(par_segment *segment, size_t offset, size_t bytes, par_blob_kind kind)
{
    segment_blob *view = malloc(sizeof *view);
    if (!view) return NULL;
    void *data = segment->data ? segment->data + offset : NULL; /* a descriptor has none */
    view->blob = (par_blob){.data = data, .bytes = bytes, .refs = 1, .kind = kind, .free = blob_free};
    view->blob.again = kind == PAR_BLOB_SEGMENT && !segment->own && segment->refs > 0;
    view->segment = segment;
    PAR_ASSERT(offset <= segment->bytes && bytes <= segment->bytes - offset);
    segment->refs++;
    return &view->blob;
}

static uint64_t at_most(uint64_t bytes, uint64_t most) { return bytes < most ? bytes : most; }

uint64_t par_payload_waits(const par_blob *blob, bool begins)
{
    if (blob->free != blob_free) return par_heap_bytes(sizeof *blob) + par_heap_bytes(blob->bytes);
    par_segment *segment = ((const segment_blob *)blob)->segment;
    uint64_t before = segment->waiting;
    segment->waiting += begins ? blob->bytes : 0 - (uint64_t)blob->bytes;
    uint64_t more = at_most(segment->waiting, segment->bytes), less = at_most(before, segment->bytes);
    return par_heap_bytes(sizeof(segment_blob)) + (begins ? more - less : less - more);
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

void par_segment_release(par_segment *segment, uint64_t refs)
{
    PAR_ASSERT(segment->refs >= refs);
    segment->refs -= refs;
    if (segment->refs == 0) segment->unused(segment);
}

void par_segment_destroy(par_segment *segment)
{
    if (segment->going) segment->going(segment);
    par_os_memory_unmap(segment->data, segment->bytes);
    par_os_close(segment->fd);
    free(segment);
}
