/* What is lent to whom, and what was borrowed. */
#include <stdlib.h>

#include "base/limits.h"
#include "channel/internal.h"
#include "channel/segment.h"
#include "os/os.h"

static _Thread_local par_channel *exporters; /* ring of channels whose peers know segments of ours */

static void list_exporter(par_channel *channel)
{
    par_lends *lends = &channel->lends;
    if (lends->listed) return;
    lends->listed = true;
    if (!exporters) {
        exporters = lends->next = lends->before = channel;
        return;
    }
    lends->next = exporters;
    lends->before = exporters->lends.before;
    lends->before->lends.next = channel;
    exporters->lends.before = channel;
}

static void unlist_exporter(par_channel *channel)
{
    par_lends *lends = &channel->lends;
    if (!lends->listed) return;
    lends->listed = false;
    lends->before->lends.next = lends->next;
    lends->next->lends.before = lends->before;
    if (exporters == channel) exporters = lends->next == channel ? NULL : lends->next;
}

/* --- lending --- */
static par_export *find_export(const par_channel *channel, const par_segment *segment)
{
    return segment->id ? par_idmap_get(&channel->lends.exports, segment->id) : NULL;
}

bool par_lend_knows(const par_channel *channel, const par_segment *segment) { return find_export(channel, segment); }

static int add_export(par_channel *channel, par_segment *segment, par_error *err)
{
    if (channel->lends.exports.n >= PAR_SEGMENTS_PER_PEER_MAX)
        return par_error_set(err, PAR_E_LIMIT, "the peer has %u shared segments already", PAR_SEGMENTS_PER_PEER_MAX);
    par_export *export = calloc(1, sizeof *export);
    if (!export || par_idmap_put(&channel->lends.exports, par_segment_id(segment), export) != PAR_OK) {
        free(export);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory to lend a segment");
    }
    export->segment = segment;
    list_exporter(channel);
    return PAR_OK;
}

static void remove_export(par_channel *channel, par_export *export)
{
    par_idmap_remove(&channel->lends.exports, export->segment->id);
    free(export);
}

/* Descriptor and record go out together or not at all, or the peer would match them wrongly. */
static int try_announce(par_channel *channel, par_segment *segment, uint32_t mode)
{
    static const uint8_t mark = 'S';
    par_record_segment record = {.id = segment->id, .bytes = segment->bytes, .mode = mode};
    if (!par_channel_has_room(channel, sizeof record)) return PAR_E_AGAIN;
    int rc = par_os_socket_write(channel->socket, &mark, 1, &segment->fd, 1);
    if (rc == 1) par_channel_put_internal(channel, PAR_INTERNAL_SEGMENT, &record, sizeof record);
    return rc == 1 ? PAR_OK : rc;
}

int par_lend_announce(par_channel *channel, par_segment *segment, uint32_t mode, par_error *err)
{
    if (find_export(channel, segment)) return PAR_OK;
    if (segment->fd < 0) return par_error_set(err, PAR_E_UNSUPPORTED, "this shared memory cannot be handed on");
    if (add_export(channel, segment, err) != PAR_OK) return err->code;
    int rc = try_announce(channel, segment, mode);
    if (rc == PAR_OK) return rc;
    if (rc == PAR_E_SYSTEM) rc = par_error_system(err, "cannot hand shared memory to the peer");
    if (rc == PAR_E_CLOSED) par_channel_closed(err);
    remove_export(channel, find_export(channel, segment));
    return rc;
}

void par_lend_add(par_channel *channel, par_segment *segment)
{
    find_export(channel, segment)->lends++;
    channel->lends.open++;
    segment->refs++;
    if (segment->lent++ == 0) par_pool_count_lent(segment, true);
}

/* `n` lends of this export came to an end. The segment, and the export with it, may be gone afterwards. */
static void end_lends(par_channel *channel, par_export *export, uint64_t n)
{
    par_segment *segment = export->segment;
    if (n == 0) return;
    channel->lends.open -= n;
    export->lends -= n;
    segment->lent -= n;
    if (segment->lent == 0) par_pool_count_lent(segment, false);
    par_segment_release(segment, n);
}

void par_lend_undo(par_channel *channel, par_segment *segment) { end_lends(channel, find_export(channel, segment), 1); }

int par_lend_take_release(par_channel *channel, const par_record_release *record)
{
    par_export *export = par_idmap_get(&channel->lends.exports, record->id);
    if (!export || record->lends == 0 || record->lends > export->lends) return PAR_E_CORRUPT;
    end_lends(channel, export, record->lends);
    return PAR_OK;
}

void par_lend_forget_segment(par_segment *segment)
{
    par_channel *channel = segment->id ? exporters : NULL;
    while (channel) {
        par_export *export = find_export(channel, segment);
        if (export) {
            remove_export(channel, export);
            par_channel_notify(channel, PAR_INTERNAL_FORGET, segment->id, 0);
        }
        channel = channel->lends.next == exporters ? NULL : channel->lends.next;
    }
}

static bool look_for_releases(par_channel *channel, bool take)
{
    par_error ignored;
    uint64_t open = channel->lends.open;
    if (open == 0) return false;
    if (take && !channel->failed)
        par_channel_take_in(channel, &ignored);
    else
        par_channel_pending(channel); /* handles what stands before the first message */
    /* Its bell may have been heard and its ring looked at just now: whoever waits for it has to look again. */
    if (channel->watched) par_channel_touch(channel);
    return channel->lends.open < open;
}

bool par_lend_look_for_releases(bool take)
{
    bool found = false;
    par_channel *channel = exporters;
    while (channel) {
        if (look_for_releases(channel, take)) found = true;
        channel = channel->lends.next == exporters ? NULL : channel->lends.next;
    }
    return found;
}

/* --- borrowing --- */
/* The descriptor that came with the announcement. */
static int take_fd(par_channel *channel)
{
    /* It was sent before the record, but any number of bells may be before it. */
    while (channel->n_fds == 0 && par_channel_drain(channel)) continue;
    if (channel->n_fds == 0) return -1;
    int fd = channel->fds[0];
    channel->n_fds--;
    memmove(channel->fds, channel->fds + 1, (size_t)channel->n_fds * sizeof fd);
    return fd;
}

static void put_fd_back(par_channel *channel, int fd)
{
    memmove(channel->fds + 1, channel->fds, (size_t)channel->n_fds * sizeof fd);
    channel->fds[0] = fd;
    channel->n_fds++;
}

static int map_import(par_segment *segment, const par_record_segment *record)
{
    par_error err;
    size_t bytes = 0;
    void *data;
    int rc = par_os_memory_size(segment->fd, &bytes, &err);
    if (rc != PAR_OK) return rc;
    if (bytes != record->bytes) return PAR_E_CORRUPT;
    rc = record->mode == PAR_LEND_COMMON ? par_os_memory_map_private(segment->fd, bytes, &data, &err)
                                         : par_os_memory_map(segment->fd, 0, bytes, &data, &err);
    if (rc != PAR_OK) return rc;
    segment->data = data;
    segment->bytes = bytes;
    return PAR_OK;
}

static int import_new(par_channel *channel, const par_record_segment *record, int fd)
{
    par_segment *segment = calloc(1, sizeof *segment);
    if (!segment) return PAR_E_NOMEM;
    *segment = (par_segment){.fd = fd, .mode = (uint32_t)record->mode, .from = channel, .peer_id = record->id};
    int rc = map_import(segment, record);
    if (rc == PAR_OK) rc = par_idmap_put(&channel->lends.imports, record->id, segment);
    if (rc != PAR_OK) {
        par_os_memory_unmap(segment->data, segment->bytes);
        free(segment);
        return rc;
    }
    if (segment->mode != PAR_LEND_SHARED) { /* the mapping is enough, and descriptors are few */
        par_os_close(fd);
        segment->fd = -1;
    }
    return PAR_OK;
}

int par_lend_take_segment(par_channel *channel, const par_record_segment *record)
{
    par_segment *known = par_idmap_get(&channel->lends.imports, record->id);
    int fd = take_fd(channel);
    if (fd < 0) return PAR_E_CORRUPT;
    int rc = PAR_OK;
    if (record->id == 0 || known || record->mode > PAR_LEND_MODE_MAX || channel->lends.imports.n >= PAR_SEGMENTS_PER_PEER_MAX)
        rc = PAR_E_CORRUPT;
    else
        rc = import_new(channel, record, fd);
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

int par_lend_take(par_channel *channel, const par_record_lend *record, par_blob **out)
{
    par_segment *segment = par_idmap_get(&channel->lends.imports, record->id);
    if (!segment || record->bytes > segment->bytes || record->offset > segment->bytes - record->bytes) return PAR_E_CORRUPT;
    if (record->mode != segment->mode) return PAR_E_CORRUPT;
    bool shared = record->mode == PAR_LEND_SHARED;
    if (!shared) map_pages(segment, record->offset + record->bytes);
    *out = par_segment_blob(segment, record->offset, record->bytes, shared ? PAR_BLOB_SEGMENT : PAR_BLOB_FOREIGN);
    if (!*out) return PAR_E_NOMEM;
    segment->received++;
    return PAR_OK;
}

int par_lend_take_forget(par_channel *channel, const par_record_forget *record)
{
    par_segment *segment = par_idmap_get(&channel->lends.imports, record->id);
    if (!segment || segment->refs) return PAR_E_CORRUPT;
    par_idmap_remove(&channel->lends.imports, record->id);
    par_segment_destroy(segment);
    return PAR_OK;
}

/* --- the end of a channel --- */
void par_lend_close(par_channel *channel)
{
    par_lends *lends = &channel->lends;
    unlist_exporter(channel);
    par_export *export;
    while ((export = par_idmap_pop(&lends->exports))) {
        par_segment *segment = export->segment;
        if (export->lends) segment->spoiled = true; /* the peer may have it open, now and for ever */
        end_lends(channel, export, export->lends);
        free(export);
    }
    par_segment *segment;
    while ((segment = par_idmap_pop(&lends->imports))) {
        segment->from = NULL;
        if (segment->refs == 0) par_segment_destroy(segment);
    }
    par_idmap_fini(&lends->exports);
    par_idmap_fini(&lends->imports);
}
