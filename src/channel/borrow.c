/* What peers lent us. */
#include "channel/borrow.h"

#include <stdlib.h>

#include "base/limits.h"
#include "channel/notices.h"
#include "channel/segment.h"
#include "channel/wait.h"
#include "os/os.h"

/* The descriptor that came with the announcement: PAR_OK, PAR_E_CORRUPT, PAR_E_LIMIT. */
static int take_fd(par_channel *channel, int *fd)
{
    /* It was sent before the record, but any number of bells may be before it. */
    while (channel->n_fds == 0 && par_channel_drain(channel)) continue;
    if (channel->n_fds == 0) return channel->starved ? PAR_E_LIMIT : PAR_E_CORRUPT;
    *fd = channel->fds[0];
    channel->n_fds--;
    memmove(channel->fds, channel->fds + 1, (size_t)channel->n_fds * sizeof *fd);
    return PAR_OK;
}

static void put_fd_back(par_channel *channel, int fd)
{
    memmove(channel->fds + 1, channel->fds, (size_t)channel->n_fds * sizeof fd);
    channel->fds[0] = fd;
    channel->n_fds++;
}

/* What is written to a copy-on-write mapping is a page fault. Without one since it was lent its pages need not be looked through, which takes
 * a sixth of the time of a copy. */
static bool is_as_lent(const par_segment *segment) { return segment->faults && segment->faults == par_os_memory_faults(); }

/* The last blob of a segment that a peer lent us is gone. */
static void return_to_peer(par_segment *segment)
{
    if (!segment->from) {
        par_segment_destroy(segment);
        return;
    }
    if (segment->mode == PAR_LEND_COMMON && !is_as_lent(segment) && !par_os_memory_reset(segment->data, segment->bytes))
        segment->mapped = 0;
    uint64_t lends = segment->received;
    segment->received = 0;
    if (lends) par_channel_notify(segment->from, PAR_INTERNAL_RELEASE, segment->peer_id, lends);
}

/* What is lent by value was copied there first, and takes up half of its segment at least (pool.c). Whoever only says that it is large
 * would have us take up the memory, by reading what nobody has written. */
static bool is_paid_for(int fd, const par_record_segment *record)
{
    if (record->mode == PAR_LEND_SHARED || record->bytes <= PAR_CLAIM_TRUSTED_BYTES) return true;
    return par_os_memory_taken_up(fd) >= record->bytes / 2;
}

static int map_import(par_segment *segment, const par_record_segment *record)
{
    par_error err;
    size_t bytes = 0;
    void *data;
    if (record->mode == PAR_LEND_DESCRIPTOR) return record->bytes == 0 ? PAR_OK : PAR_E_CORRUPT;
    int rc = par_os_memory_size(segment->fd, &bytes, &err);
    if (rc != PAR_OK) return rc;
    if (bytes != record->bytes) return PAR_E_CORRUPT;
    if (!is_paid_for(segment->fd, record)) return PAR_E_CORRUPT;
    rc = record->mode == PAR_LEND_COMMON ? par_os_memory_map_private(segment->fd, bytes, &data, &err)
                                         : par_os_memory_map(segment->fd, 0, bytes, &data, &err);
    if (rc != PAR_OK) return PAR_E_LIMIT; /* a mapping takes no memory, but a process may have only so many */
    segment->data = data;
    segment->bytes = bytes;
    return PAR_OK;
}

static int import_new(par_channel *channel, const par_record_segment *record, int fd)
{
    par_segment *segment = calloc(1, sizeof *segment);
    if (!segment) return PAR_E_NOMEM;
    *segment = (par_segment){.fd = fd, .mode = (uint32_t)record->mode, .from = channel, .peer_id = record->id, .unused = return_to_peer};
    int rc = map_import(segment, record);
    if (rc == PAR_OK) rc = par_idmap_put(&channel->lends.imports, record->id, segment);
    if (rc != PAR_OK) {
        par_os_memory_unmap(segment->data, segment->bytes);
        free(segment);
        return rc;
    }
    if (segment->data && segment->mode != PAR_LEND_SHARED) { /* the mapping is enough, and descriptors are few */
        par_os_close(fd);
        segment->fd = -1;
    }
    return PAR_OK;
}

int par_borrow_segment(par_channel *channel, const par_record_segment *record)
{
    par_segment *known = par_idmap_get(&channel->lends.imports, record->id);
    int fd, rc = take_fd(channel, &fd);
    if (rc != PAR_OK) return rc;
    if (record->id == 0 || known || record->mode > PAR_LEND_MODE_MAX || channel->lends.imports.n >= PAR_SEGMENTS_PER_PEER_MAX)
        rc = PAR_E_CORRUPT;
    else rc = import_new(channel, record, fd);
    if (rc == PAR_E_CORRUPT) par_os_close(fd);
    if (rc != PAR_OK && rc != PAR_E_CORRUPT) put_fd_back(channel, fd); /* it is tried again */
    return rc;
}

/* One call instead of many page faults; but once only, for it costs as much as half a copy even when all are mapped. */
static void map_pages(par_segment *segment, size_t end)
{
    if (end <= segment->mapped) return;
    par_os_memory_prefault(segment->data + segment->mapped, end - segment->mapped, false);
    segment->mapped = end;
}

int par_borrow_take(par_channel *channel, const par_record_lend *record, par_blob **out)
{
    par_segment *segment = par_idmap_get(&channel->lends.imports, record->id);
    if (!segment || record->bytes > segment->bytes || record->offset > segment->bytes - record->bytes) return PAR_E_CORRUPT;
    if (record->mode != segment->mode) return PAR_E_CORRUPT;
    bool shared = record->mode == PAR_LEND_SHARED || record->mode == PAR_LEND_DESCRIPTOR;
    if (!shared) map_pages(segment, record->offset + record->bytes);
    if (record->mode == PAR_LEND_COMMON && segment->refs == 0) segment->faults = par_os_memory_faults();
    *out = par_segment_blob(segment, record->offset, record->bytes, shared ? PAR_BLOB_SEGMENT : PAR_BLOB_FOREIGN);
    if (!*out) return PAR_E_NOMEM;
    segment->received++;
    return PAR_OK;
}

int par_borrow_forget(par_channel *channel, const par_record_forget *record)
{
    par_segment *segment = par_idmap_get(&channel->lends.imports, record->id);
    if (!segment || segment->refs) return PAR_E_CORRUPT;
    par_idmap_remove(&channel->lends.imports, record->id);
    par_segment_destroy(segment);
    return PAR_OK;
}

void par_borrow_close(par_channel *channel)
{
    par_idmap *imports = &channel->lends.imports;
    par_segment *segment;
    while ((segment = par_idmap_pop(imports))) {
        segment->from = NULL;
        if (segment->refs == 0) par_segment_destroy(segment);
    }
    par_idmap_fini(imports);
}
