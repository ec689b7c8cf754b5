/* The connection: frames in, frames out, beats. */
#include "cluster/mux.h"

#include <stdlib.h>
#include <string.h>

#include "os/os.h"

#define FRAME_BYTES ((size_t)PAR_FRAME_HEADER_BYTES + PAR_FRAME_MAX_BYTES) /* of the longest */
#define IN_BYTES (FRAME_BYTES + ((size_t)64 << 10))                        /* a whole one, and some */
#define DIRECT_BYTES ((size_t)16 << 10) /* the body of a frame that is longer is read to where it belongs */
#define BEHIND_BYTES ((size_t)4 << 10)  /* and no more behind it, which may be the next of these */
#define READS_AT_ONCE 16
#define UNREAD_MAX_BYTES ((size_t)16 << 20) /* of answers that the other end does not read */

int par_mux_open(par_mux **out, par_wire *wire, par_selector *selector, const par_mux_role *role, void *user, uint64_t *grown_bytes,
                 par_error *err)
{
    par_mux *mux = calloc(1, sizeof *mux);
    uint8_t *in = mux ? malloc(IN_BYTES) : NULL;
    if (!in) {
        free(mux);
        par_wire_close(wire);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a connection");
    }
    int64_t now_ns = par_os_now_ns();
    *mux = (par_mux){.wire = wire,
                     .selector = selector,
                     .role = role,
                     .user = user,
                     .in = in,
                     .grown_bytes = grown_bytes,
                     .window_bytes = PAR_WINDOW_BYTES,
                     .beat_ns = PAR_BEAT_NS,
                     .silence_ns = PAR_SILENCE_NS,
                     .sent_ns = now_ns,
                     .heard_ns = now_ns,
                     .due_ns = now_ns + PAR_BEAT_NS,
                     .clock_error_ns = INT64_MAX};
    *out = mux;
    return PAR_OK;
}

void par_mux_close(par_mux *mux)
{
    if (!mux) return;
    mux->lost = true;
    for (uint32_t id = 0; id < mux->n_streams; id++) par_stream_free(mux->streams[id]);
    free(mux->streams);
    par_wire_close(mux->wire);
    par_cache_free(mux->cache);
    par_buffer_fini(&mux->first);
    par_buffer_fini(&mux->out);
    free(mux->in);
    free(mux);
}

/* --- out --- */
bool par_mux_serve(par_mux *mux)
{
    par_stream *stream = mux->ready, *next = NULL;
    mux->ready = NULL; /* those that have more come again */
    for (; stream; stream = next) {
        next = stream->next_ready;
        stream->ready = false;
        par_stream_serve(stream);
    }
    return mux->ready != NULL && !mux->lost;
}

void par_mux_flush(par_mux *mux)
{
    if (mux->lost) return;
    par_mux_write(mux);
    while (mux->paused && !mux->lost && !par_mux_is_full(mux)) {
        par_stream *stream = mux->paused;
        mux->paused = stream->next_paused;
        stream->lined_up = false;
        par_stream_unpause(stream);
    }
}

/* --- in --- */
void par_mux_beat(par_mux *mux, int64_t now_ns)
{
    par_frame_beat mine = {.clock_ns = (uint64_t)now_ns, .echo_ns = mux->last_beat.clock_ns};
    if (mux->last_beat_ns) mine.held_ns = (uint64_t)(now_ns - mux->last_beat_ns);
    par_frame_put_beat(&mux->out, &mine);
}

static int on_beat(par_mux *mux, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_beat beat;
    int rc = par_frame_get_beat(&beat, body, frame->len, err);
    if (rc != PAR_OK) return rc;
    int64_t now_ns = par_os_now_ns();
    mux->last_beat = beat;
    mux->last_beat_ns = now_ns;
    if (!beat.echo_ns) { /* the other end has not heard ours yet */
        par_mux_beat(mux, now_ns);
        return PAR_OK;
    }
    /* Ours was sent at echo, stayed there for held, and its answer is here: half of the rest is the way. The other end may say any
     * numbers, so they are added without a sign. */
    int64_t way_ns = (int64_t)((uint64_t)now_ns - beat.echo_ns - beat.held_ns) / 2;
    if (way_ns < 0 || way_ns > mux->clock_error_ns) return PAR_OK; /* the quickest exchange tells the clocks best */
    mux->clock_error_ns = way_ns;
    mux->clock_offset_ns = (int64_t)(beat.clock_ns + (uint64_t)way_ns - (uint64_t)now_ns);
    return PAR_OK;
}

/* A message in pieces: a child's, or one that is to be kept here. */
static int on_begin(par_mux *mux, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    int rc = PAR_OK;
    if (frame->stream == 0 && !mux->cache) mux->cache = par_cache_new();
    if (frame->stream == 0 && !mux->cache) return par_error_set(err, PAR_E_NOMEM, "not enough memory for what children have in common");
    if (frame->stream == 0 && !stream) rc = par_stream_open(&stream, mux, 0, NULL, err);
    if (rc != PAR_OK || !stream) return rc;
    return par_stream_on_begin(stream, frame, body, err);
}

static int dispatch(par_mux *mux, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_stream *stream = par_stream_of(mux, frame->stream);
    switch (frame->type) {
    case PAR_FRAME_MESSAGE: return stream ? par_stream_on_message(stream, frame, body, err) : PAR_OK;
    case PAR_FRAME_BEGIN:
    case PAR_FRAME_SIZES: return on_begin(mux, stream, frame, body, err);
    case PAR_FRAME_KEPT: return stream ? par_stream_on_kept(stream, frame, err) : PAR_OK;
    case PAR_FRAME_KEPT_PART: return stream ? par_stream_on_kept_part(stream, frame, err) : PAR_OK;
    case PAR_FRAME_DROP: return par_mux_on_drop(mux, frame, err);
    case PAR_FRAME_CREDIT:
        if (stream) par_stream_on_credit(stream, frame->aux);
        return PAR_OK;
    case PAR_FRAME_BEAT: return on_beat(mux, frame, body, err);
    case PAR_FRAME_BYE: {
        par_frame_reader reader = par_frame_open(body, frame->len);
        const char *why = par_frame_read_text(&reader, "why");
        if (par_frame_close(&reader, PAR_FRAME_BYE, err) != PAR_OK) return PAR_E_CORRUPT;
        par_mux_fail(mux, "%.200s", why);
        return PAR_OK;
    }
    default: return mux->role->on_frame(mux->role->context, stream, frame, body, err);
    }
}

/* The body of a frame BYTES, of which `there` bytes are in the buffer: they go to their place, and so will the rest. */
static int take_bytes(par_mux *mux, const par_frame *frame, const uint8_t *body, size_t there, par_error *err)
{
    par_stream *stream = par_stream_of(mux, frame->stream);
    uint8_t *room = NULL;
    if (stream) {
        room = par_stream_room(stream, frame, err);
        if (!room) return err->code;
        memcpy(room, body, there);
    }
    if (there == frame->len) return stream ? par_stream_arrived(stream, frame->len, err) : PAR_OK;
    mux->direct_stream = stream;
    mux->direct = room ? room + there : NULL;
    mux->direct_len = frame->len - there;
    mux->direct_all = frame->len;
    return PAR_OK;
}

/* Deals with the whole frames in the buffer. PAR_E_AGAIN: the next one is not all there. */
static int next_frame(par_mux *mux, par_error *err)
{
    size_t there = mux->in_len - mux->in_at;
    const uint8_t *at = mux->in + mux->in_at;
    par_frame frame;
    if (mux->direct_len || there < PAR_FRAME_HEADER_BYTES) return PAR_E_AGAIN;
    int rc = par_frame_get(&frame, at, mux->role->from, err);
    if (rc != PAR_OK) return rc;
    there -= PAR_FRAME_HEADER_BYTES;
    at += PAR_FRAME_HEADER_BYTES;
    bool whole = there >= frame.len;
    if (!whole && (frame.type != PAR_FRAME_BYTES || frame.len < DIRECT_BYTES)) return PAR_E_AGAIN;
    size_t used = whole ? frame.len : there;
    mux->in_at += PAR_FRAME_HEADER_BYTES + used;
    return frame.type == PAR_FRAME_BYTES ? take_bytes(mux, &frame, at, used, err) : dispatch(mux, &frame, at, err);
}

static void parse(par_mux *mux)
{
    par_error err;
    int rc = PAR_OK;
    while (rc == PAR_OK && !mux->lost) rc = next_frame(mux, &err);
    if (rc != PAR_OK && rc != PAR_E_AGAIN) par_mux_fail(mux, "%.250s", err.text);
    if (mux->in_at == mux->in_len) mux->in_at = mux->in_len = 0;
    if (IN_BYTES - mux->in_at >= FRAME_BYTES) return; /* the next one has room, however long it is */
    memmove(mux->in, mux->in + mux->in_at, mux->in_len - mux->in_at);
    mux->in_len -= mux->in_at;
    mux->in_at = 0;
}

/* So many bytes of what was read went straight to their place. */
static void read_directly(par_mux *mux, size_t n)
{
    par_error err;
    mux->direct_len -= n;
    if (mux->direct) mux->direct += n;
    if (mux->direct_len || !mux->direct_stream) return;
    par_stream *stream = mux->direct_stream;
    mux->direct_stream = NULL;
    if (par_stream_arrived(stream, mux->direct_all, &err) != PAR_OK) par_mux_fail(mux, "%.250s", err.text);
}

/* For what is not the rest of a long body. */
static size_t room_behind(const par_mux *mux)
{
    size_t room = IN_BYTES - mux->in_len;
    return mux->direct_len >= DIRECT_BYTES && room > BEHIND_BYTES ? BEHIND_BYTES : room;
}

static int64_t read_some(par_mux *mux)
{
    par_os_part parts[2] = {{mux->direct, mux->direct_len}, {mux->in + mux->in_len, room_behind(mux)}};
    if (mux->direct_len && !mux->direct) { /* nobody wants it */
        par_os_part nowhere = {mux->in, mux->direct_len < IN_BYTES ? mux->direct_len : IN_BYTES};
        int64_t n = par_wire_read(mux->wire, &nowhere, 1); /* the buffer is empty: all of it was of this frame */
        if (n > 0) mux->direct_len -= (size_t)n;
        return n;
    }
    int first = mux->direct_len ? 0 : 1;
    int64_t n = par_wire_read(mux->wire, parts + first, 2 - first);
    if (n <= 0) return n;
    size_t straight = (size_t)n < mux->direct_len ? (size_t)n : mux->direct_len;
    mux->in_len += (size_t)n - straight;
    if (straight) read_directly(mux, straight);
    return n;
}

void par_mux_read(par_mux *mux)
{
    bool more = true; /* a short read was all that there is, as a rule: who asks once more pays for it each time */
    for (int i = 0; i < READS_AT_ONCE && more && !mux->lost; i++) {
        size_t room = mux->direct_len + room_behind(mux);
        int64_t n = read_some(mux);
        if (n == PAR_E_AGAIN) break;
        more = n >= (int64_t)room;
        if (n == PAR_E_CLOSED) par_mux_fail(mux, "end of stream");
        else if (n < 0) par_mux_fail(mux, "cannot read from the connection");
        else {
            mux->heard_ns = par_os_now_coarse_ns();
            parse(mux);
        }
    }
    if (mux->out.len > UNREAD_MAX_BYTES) par_mux_fail(mux, "it sends and does not read");
    par_stream_ring(mux);
}

void par_mux_feed(par_mux *mux, const void *bytes, size_t len)
{
    if (len > IN_BYTES) len = IN_BYTES;
    if (len) memcpy(mux->in, bytes, len);
    mux->in_len = len;
    parse(mux);
}

/* --- beats --- */
/* Who comes late was stopped himself, and what was said to him meanwhile is still to be read: that is no silence of the other end. */
static void forgive(par_mux *mux, int64_t now_ns)
{
    if (now_ns <= mux->due_ns) return;
    mux->heard_ns += now_ns - mux->due_ns;
    if (mux->heard_ns > now_ns) mux->heard_ns = now_ns;
}

int64_t par_mux_tick(par_mux *mux, int64_t now_ns)
{
    if (mux->lost) return INT64_MAX;
    forgive(mux, now_ns);
    if (now_ns - mux->heard_ns > mux->silence_ns) {
        par_mux_fail(mux, "silent for %g s", (double)mux->silence_ns * 1e-9);
        return INT64_MAX;
    }
    if (now_ns - mux->sent_ns >= mux->beat_ns) {
        if (!par_mux_wants_to_write(mux))
            par_mux_beat(mux, now_ns); /* else the other end will hear something, if anything can be heard there */
        par_mux_flush(mux);
        mux->sent_ns = now_ns;
    }
    int64_t next_ns = mux->sent_ns + mux->beat_ns, silent_ns = mux->heard_ns + mux->silence_ns + 1000000;
    mux->due_ns = next_ns < silent_ns ? next_ns : silent_ns;
    return mux->due_ns;
}
