/* What is lent to whom. */
#include "channel/lend.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/limits.h"
#include "channel/notices.h"
#include "os/os.h"

static _Thread_local par_channel *exporters; /* ring of channels whose peers know segments of ours */
static _Thread_local uint64_t lent_bytes;    /* of our own segments */

/* What one channel's peer knows of a segment of ours. */
typedef struct par_export {
    par_segment *segment;
    uint64_t lends;
} par_export;

/* --- the channels --- */
par_channel *par_lend_first(void) { return exporters; }

par_channel *par_lend_next(const par_channel *channel) { return channel->lends.next == exporters ? NULL : channel->lends.next; }

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

/* --- what a peer knows --- */
static par_export *find_export(const par_channel *channel, const par_segment *segment)
{
    return segment->id ? par_idmap_get(&channel->lends.exports, segment->id) : NULL;
}

bool par_lend_knows(const par_channel *channel, const par_segment *segment) { return find_export(channel, segment); }

static void remove_export(par_channel *channel, par_export *export)
{
    par_idmap_remove(&channel->lends.exports, export->segment->id);
    free(export);
}

/* It is about to go: no peer may be left that knows it. */
static void forget_segment(par_segment *segment)
{
    for (par_channel *channel = exporters; channel; channel = par_lend_next(channel)) {
        par_export *export = find_export(channel, segment);
        if (!export) continue;
        remove_export(channel, export);
        par_channel_notify(channel, PAR_INTERNAL_FORGET, segment->id, 0);
    }
}

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
    segment->going = forget_segment;
    list_exporter(channel);
    return PAR_OK;
}

/* Descriptor and record go out together or not at all, or the peer would match them wrongly. */
static int try_announce(par_channel *channel, par_segment *segment, uint32_t mode)
{
    static const uint8_t mark = PAR_SOCKET_DESCRIPTOR;
    par_record_segment record = {.id = segment->id, .bytes = segment->bytes, .mode = mode};
    if (!par_channel_has_room(channel, sizeof record)) return PAR_E_AGAIN;
    int rc = par_os_socket_write(channel->socket, &mark, 1, &segment->fd, 1);
    if (rc != 1) return rc;
    par_channel_put_internal(channel, PAR_INTERNAL_SEGMENT, &record, sizeof record);
    if (mode == PAR_LEND_DESCRIPTOR) { /* it is the peer's now */
        par_os_close(segment->fd);
        segment->fd = -1;
    }
    return PAR_OK;
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

/* --- lends --- */
uint64_t par_lend_bytes(void) { return lent_bytes; }

static void count_lent(const par_segment *segment, bool lent)
{
    if (segment->own) lent_bytes += lent ? segment->bytes : 0 - (uint64_t)segment->bytes;
}

void par_lend_add(par_channel *channel, par_segment *segment)
{
    find_export(channel, segment)->lends++;
    channel->lends.open++;
    segment->refs++;
    if (segment->lent++ == 0) count_lent(segment, true);
}

/* `n` lends of this export came to an end. The segment, and the export with it, may be gone afterwards. */
static void end_lends(par_channel *channel, par_export *export, uint64_t n)
{
    par_segment *segment = export->segment;
    if (n == 0) return;
    PAR_ASSERT(export->lends >= n && segment->lent >= n && channel->lends.open >= n && segment->refs >= n);
    channel->lends.open -= n;
    export->lends -= n;
    segment->lent -= n;
    if (segment->lent == 0) count_lent(segment, false);
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
    par_idmap_fini(&lends->exports);
}
