#include "link/share.h"

#include "channel/descriptor.h"
#include "channel/pool.h"
#include "channel/segment.h"

int par_share_blob_new(size_t bytes, par_blob **out, par_error *err) { return par_pool_blob_new(bytes, out, err); }

void par_share_trim(void) { par_pool_trim(); }

par_blob *par_share_descriptor(int fd) { return par_descriptor_blob(fd); }

int par_share_take_descriptor(par_blob *blob) { return par_descriptor_take(blob); }

bool par_share_place(const par_blob *blob, int *fd, uint64_t *at)
{
    const par_segment *segment = par_segment_of(blob);
    if (!segment || segment->fd < 0 || !segment->data) return false;
    *fd = segment->fd;
    *at = (uint64_t)((const uint8_t *)blob->data - segment->data);
    return true;
}
