/* A descriptor travels as a segment without memory: announced with its descriptor, lent, returned, forgotten. */
#include "channel/descriptor.h"

#include <stdlib.h>

#include "channel/segment.h"

par_blob *par_descriptor_blob(int fd)
{
    par_segment *segment = calloc(1, sizeof *segment);
    if (!segment) return NULL;
    *segment = (par_segment){.fd = fd, .mode = PAR_LEND_DESCRIPTOR, .own = true, .unused = par_segment_destroy};
    par_blob *blob = par_segment_blob(segment, 0, 0, PAR_BLOB_SEGMENT);
    if (!blob) free(segment);
    return blob;
}

int par_descriptor_take(par_blob *blob)
{
    par_segment *segment = par_segment_of(blob);
    if (!segment || segment->mode != PAR_LEND_DESCRIPTOR) return -1;
    int fd = segment->fd;
    segment->fd = -1;
    return fd;
}
