/* From the connection into a stream's channel: whole messages, those that come in pieces, and those that wait for room. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/mux.h"
#include "os/blob.h"
#include "os/os.h"

/* --- into the channel --- */
/* Bytes that were taken over: the other end may send as many again; and more, while its reader keeps up. */
static void settle(par_stream *stream, uint64_t bytes)
{
    par_mux *mux = stream->mux;
    if (stream->id == 0) return; /* whoever it is for is charged for it */
    stream->owed_bytes += bytes;
    if (par_stream_is_behind(stream) || stream->owed_bytes < stream->window_bytes / 4 || mux->lost) return;
    uint64_t more = stream->window_bytes;
    if (2 * more <= PAR_WINDOW_MAX_BYTES && *mux->grown_bytes + more <= PAR_WINDOWS_MAX_BYTES) {
        *mux->grown_bytes += more;
        stream->window_bytes += more;
        stream->owed_bytes += more;
    }
    uint32_t granted = stream->owed_bytes < UINT32_MAX ? (uint32_t)stream->owed_bytes : UINT32_MAX;
    if (par_frame_put_empty(&mux->out, PAR_FRAME_CREDIT, stream->id, granted, 0) == PAR_OK) stream->owed_bytes -= granted;
}

/* A short message where it belongs, without a bell: PAR_OK or PAR_E_AGAIN. */
static int put_in_place(par_stream *stream, uint32_t kind, const void *bytes, size_t len)
{
    par_error err;
    size_t room;
    uint8_t *span = par_channel_claim(stream->channel, len, &room);
    if (!span) return PAR_E_AGAIN;
    if (len) memcpy(span, bytes, len);
    if (par_channel_commit_quietly(stream->channel, kind, len, &err) == PAR_E_AGAIN) return PAR_E_AGAIN;
    if (!stream->bell) {
        stream->bell = true;
        stream->next_bell = stream->mux->bells;
        stream->mux->bells = stream;
    }
    return PAR_OK;
}

static int put_with_payloads(par_stream *stream, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads,
                             uint32_t n_payloads)
{
    par_error err;
    par_payload some[8] = {{0}}, *list = n_payloads > 8 ? malloc(n_payloads * sizeof *list) : some;
    if (!list) return PAR_E_AGAIN;
    for (uint32_t i = 0; i < n_payloads; i++)
        list[i] = (par_payload){
            .data = payloads[i]->data, .bytes = payloads[i]->bytes, .blob = payloads[i], .shared = kind == PAR_KIND_GROUP};
    int rc = par_channel_try_send(stream->channel, kind, bytes, len, list, n_payloads, &err);
    if (list != some) free(list);
    stream->kept = rc == PAR_OK && !par_channel_want_room(stream->channel, 0);
    return rc;
}

/* PAR_OK, also when nobody is there who would read it; PAR_E_AGAIN: not now, for want of room, of memory or of what the system gives. */
static int put(par_stream *stream, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads)
{
    if (!stream->channel) return PAR_OK;
    int rc = n_payloads ? PAR_E_AGAIN : put_in_place(stream, kind, bytes, len);
    if (rc == PAR_E_AGAIN) rc = put_with_payloads(stream, kind, bytes, len, payloads, n_payloads);
    return rc == PAR_OK || rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT ? PAR_OK : PAR_E_AGAIN;
}

int par_stream_deliver(par_stream *stream, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads)
{
    stream->messages++;
    if (!par_stream_is_behind(stream) && put(stream, kind, bytes, len, payloads, n_payloads) == PAR_OK) return PAR_OK;
    return par_queue_push(&stream->waiting, kind, bytes, len, payloads, n_payloads);
}

void par_stream_ring(par_mux *mux)
{
    while (mux->bells) {
        par_stream *stream = mux->bells;
        mux->bells = stream->next_bell;
        stream->bell = false;
        if (stream->channel) par_channel_ring(stream->channel);
    }
}

bool par_stream_is_behind(const par_stream *stream) { return stream->channel && (stream->kept || !par_queue_is_empty(&stream->waiting)); }

void par_stream_deliver_waiting(par_stream *stream)
{
    if (!par_stream_is_behind(stream)) return;
    if (stream->kept) stream->kept = !par_channel_want_room(stream->channel, 0);
    while (!stream->kept && !par_queue_is_empty(&stream->waiting)) {
        const par_queued *first = stream->waiting.first;
        if (put(stream, first->kind, first->bytes, first->len, first->payloads, first->n_payloads) != PAR_OK) break;
        par_queue_pop(&stream->waiting);
    }
    par_stream_ring(stream->mux);
    settle(stream, 0);
    if (!par_stream_is_behind(stream)) stream->mux->role->on_delivered(stream->mux->role->context, stream);
}

/* --- off the connection --- */
void par_incoming_fini(par_incoming *in)
{
    par_growing_fini(&in->growing);
    if (in->blobs)
        for (uint32_t i = 0; i <= in->n_payloads; i++) par_blob_release(in->blobs[i]);
    free(in->blobs);
    free(in->sizes);
    *in = (par_incoming){0};
}

static int wrong(par_error *err, const par_stream *stream, const char *what)
{
    return par_error_set(err, PAR_E_CORRUPT, "stream %u: %s", stream->id, what);
}

static int check_kind(const par_stream *stream, uint32_t kind, par_error *err)
{
    return kind < PAR_KIND_APART ? PAR_OK : wrong(err, stream, "a message of a kind that is not for children");
}

/* So many bytes have come. The agent's end may send one step more than it has credit for, so nobody there fills our memory. */
static int charge(par_stream *stream, uint64_t bytes, par_error *err)
{
    settle(stream, bytes);
    bool beyond = stream->owed_bytes > stream->window_bytes + PAR_MESSAGE_COST_BYTES + PAR_FRAME_MAX_BYTES;
    if (!beyond || stream->mux->role->from != PAR_FROM_AGENT) return PAR_OK; /* a bridge is charged for what it refers to after that */
    return wrong(err, stream, "it sends more than it may");
}

/* A whole message has come. */
static int hand_over(par_stream *stream, uint32_t kind, const void *bytes, size_t len, par_blob *const *payloads, uint32_t n_payloads,
                     par_error *err)
{
    const par_mux_role *role = stream->mux->role;
    if (kind == PAR_KIND_GROUP && role->on_group && !stream->is_peer) return role->on_group(role->context, stream, bytes, len, err);
    if (par_stream_deliver(stream, kind, bytes, len, payloads, n_payloads) == PAR_OK) return PAR_OK;
    return par_error_set(err, PAR_E_NOMEM, "not enough memory for a message");
}

int par_stream_on_message(par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    if (check_kind(stream, frame->kind, err) != PAR_OK) return err->code;
    if (stream->in.begun) return wrong(err, stream, "a message within another");
    int rc = hand_over(stream, frame->kind, body, frame->len, NULL, 0, err);
    if (rc != PAR_OK) return rc;
    return charge(stream, frame->len + PAR_MESSAGE_COST_BYTES, err);
}

static int take_sizes(par_stream *stream, par_frame_reader *reader, const par_frame *frame, par_error *err)
{
    par_incoming *in = &stream->in;
    size_t n = (size_t)(reader->end - reader->at) / 8;
    if (n > in->n_payloads - in->n_sizes) return wrong(err, stream, "more sizes than payloads");
    for (size_t i = 0; i < n; i++) {
        uint64_t size = par_frame_read_u64(reader, "size");
        if (size > PAR_MESSAGE_MAX_BYTES) return wrong(err, stream, "a size that cannot be");
        in->sizes[in->n_sizes++] = size;
    }
    return par_frame_close(reader, frame->type, err);
}

static int begin(par_stream *stream, const par_frame *frame, par_frame_reader *reader, par_error *err)
{
    par_incoming *in = &stream->in;
    if (check_kind(stream, frame->kind, err) != PAR_OK) return err->code;
    if (stream->id == 0 && frame->kind >= PAR_CACHE_PLACES) return wrong(err, stream, "no such place");
    if (in->begun) return wrong(err, stream, "a message within another");
    uint64_t len = par_frame_read_u64(reader, "len");
    if (len > PAR_MESSAGE_MAX_BYTES || frame->aux > PAR_PAYLOADS_MAX) return wrong(err, stream, "a message of a size that cannot be");
    *in = (par_incoming){.begun = true, .kind = frame->kind, .len = len, .n_payloads = frame->aux};
    in->sizes = malloc((frame->aux + 1) * sizeof *in->sizes);
    in->blobs = calloc(frame->aux + 1, sizeof *in->blobs);
    if (!in->sizes || !in->blobs) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a message");
    return charge(stream, PAR_MESSAGE_COST_BYTES, err);
}

static uint64_t part_size(const par_incoming *in) { return in->part == 0 ? in->len : in->sizes[in->part - 1]; }

/* Memory for the part under way. A payload comes to where its reader gets it from, unless others get it as well, or share it. */
static int begin_growing(par_stream *stream, size_t size)
{
    par_incoming *in = &stream->in;
    bool is_alone = in->part > 0 && stream->id && stream->channel && in->kind != PAR_KIND_GROUP;
    par_blob *blob = is_alone ? par_channel_payload_new(stream->channel, size) : NULL;
    if (!blob) return par_growing_begin(&in->growing, size);
    par_growing_begin_in(&in->growing, blob, size);
    return PAR_OK;
}

/* Begins the part at in->part, and those behind it that are empty. PAR_OK: there is more to come; PAR_NOTICE: it was the last. */
static int begin_part(par_stream *stream)
{
    par_incoming *in = &stream->in;
    for (; in->part <= in->n_payloads; in->part++) {
        uint64_t size = part_size(in);
        if ((uint64_t)(size_t)size != size) return PAR_E_NOMEM; /* more than there are addresses */
        if (size) return begin_growing(stream, (size_t)size);
        in->blobs[in->part] = par_os_blob_new(0, false);
        if (!in->blobs[in->part]) return PAR_E_NOMEM;
    }
    return PAR_NOTICE;
}

static int complete(par_stream *stream, par_error *err)
{
    par_incoming *in = &stream->in;
    int rc = PAR_OK;
    if (stream->id) {
        rc = hand_over(stream, in->kind, in->blobs[0]->data, in->len, in->blobs + 1, in->n_payloads, err);
    } else {
        par_cache_put(stream->mux->cache, in->kind, in->blobs, in->n_payloads, in->len);
        in->blobs = NULL;
    }
    par_incoming_fini(in);
    return rc;
}

static int next_part(par_stream *stream, par_error *err)
{
    int rc = begin_part(stream);
    if (rc == PAR_NOTICE) return complete(stream, err);
    return rc == PAR_OK ? rc : par_error_set(err, rc, "not enough memory for a message");
}

/* The part under way is there, and with it so many bytes that were not settled yet. */
static int part_arrived(par_stream *stream, par_blob *part, uint64_t len, par_error *err)
{
    stream->in.blobs[stream->in.part++] = part;
    int rc = next_part(stream, err);
    return rc == PAR_OK ? charge(stream, len, err) : rc;
}

int par_stream_on_begin(par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    int rc = PAR_OK;
    if (frame->type == PAR_FRAME_BEGIN) rc = begin(stream, frame, &reader, err);
    else if (!stream->in.begun || stream->in.n_sizes == stream->in.n_payloads) rc = wrong(err, stream, "sizes of no message");
    if (rc == PAR_OK) rc = take_sizes(stream, &reader, frame, err);
    if (rc != PAR_OK || stream->in.n_sizes < stream->in.n_payloads) return rc;
    return next_part(stream, err);
}

/* --- what is kept for several children --- */
static const par_cache_kept *kept_at(const par_stream *stream, uint32_t place, par_error *err)
{
    const par_cache *cache = stream->mux->cache;
    if (cache && place < PAR_CACHE_PLACES && cache->kept[place].blobs) return &cache->kept[place];
    wrong(err, stream, "a message that is not kept here");
    return NULL;
}

int par_stream_on_kept(par_stream *stream, const par_frame *frame, par_error *err)
{
    if (check_kind(stream, frame->kind, err) != PAR_OK) return err->code;
    if (stream->in.begun) return wrong(err, stream, "a message within another");
    const par_cache_kept *kept = kept_at(stream, frame->aux, err);
    if (!kept) return err->code;
    uint64_t bytes = kept->bytes;
    if (par_stream_deliver(stream, frame->kind, kept->blobs[0]->data, kept->len, kept->blobs + 1, kept->n_payloads) != PAR_OK)
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a message");
    return charge(stream, bytes + PAR_MESSAGE_COST_BYTES, err);
}

int par_mux_on_drop(par_mux *mux, const par_frame *frame, par_error *err)
{
    if (frame->aux >= PAR_CACHE_PLACES) return par_error_set(err, PAR_E_CORRUPT, "a frame DROP of no place");
    par_stream *filling = mux->n_streams ? mux->streams[0] : NULL;
    if (mux->cache) par_cache_drop(mux->cache, frame->aux);
    if (filling && filling->in.begun && filling->in.kind == frame->aux) par_incoming_fini(&filling->in);
    return PAR_OK;
}

int par_stream_on_kept_part(par_stream *stream, const par_frame *frame, par_error *err)
{
    par_incoming *in = &stream->in;
    const par_cache_kept *kept = kept_at(stream, frame->aux, err);
    if (!kept) return err->code;
    if (!in->begun || !in->growing.blob || in->growing.len || kept->n_payloads || kept->len != part_size(in))
        return wrong(err, stream, "a part that belongs nowhere");
    uint64_t len = kept->len;
    par_growing_fini(&in->growing);
    return part_arrived(stream, par_blob_retain(kept->blobs[0]), len, err);
}

uint8_t *par_stream_room(par_stream *stream, const par_frame *frame, par_error *err)
{
    par_incoming *in = &stream->in;
    if (!in->begun || !in->growing.blob || frame->aux != in->part || frame->len > part_size(in) - in->growing.len) {
        wrong(err, stream, "bytes that belong nowhere");
        return NULL;
    }
    uint8_t *room = par_growing_room(&in->growing, frame->len);
    if (!room) par_error_set(err, PAR_E_NOMEM, "not enough memory for a message of %llu bytes", (unsigned long long)part_size(in));
    return room;
}

int par_stream_arrived(par_stream *stream, size_t len, par_error *err)
{
    par_incoming *in = &stream->in;
    in->growing.len += len;
    if (in->growing.len == part_size(in)) return part_arrived(stream, par_growing_take(&in->growing), len, err);
    return charge(stream, len, err);
}
