/* From a stream's channel to the connection: control messages and others in their order, long ones in pieces. */
#include <string.h>

#include "base/limits.h"
#include "cluster/mux.h"

#define SHORT_BYTES ((size_t)64 << 10)  /* messages up to here are one frame */
#define COPIED_BYTES ((size_t)32 << 10) /* and up to here go through the buffer */
#define PIECE_BYTES ((size_t)PAR_FRAME_MAX_BYTES)
#define HASHED_BYTES ((size_t)2 << 20) /* in one turn */

/* The message that goes out is out. */
static void outgoing_done(par_stream *stream)
{
    bool queued = stream->out.queued;
    stream->out = (par_outgoing){0};
    if (queued) par_queue_pop(&stream->controls);
    else par_channel_release(stream->channel, &stream->held);
}

static size_t out_part_size(const par_outgoing *out) { return out->part == 0 ? out->len : out->payloads[out->part - 1]->bytes; }

static const uint8_t *out_part(const par_outgoing *out)
{
    return out->part == 0 ? out->bytes : (const uint8_t *)out->payloads[out->part - 1]->data;
}

/* Moves to the next part that has bytes left. false: there is none. */
static bool to_next_piece(par_outgoing *out)
{
    while (out->part <= out->n_payloads && out->done == out_part_size(out)) {
        out->part++;
        out->done = 0;
    }
    return out->part <= out->n_payloads;
}

/* The part under way goes, or went, as any other does: on the stream itself. */
static void forget_key(par_outgoing *out)
{
    out->common = out->keyed = false;
    out->key = (par_cache_key){0};
}

/* The other end has the part that has come again. */
static void part_done(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    forget_key(out);
    out->done = out_part_size(out);
    if (!to_next_piece(out)) outgoing_done(stream);
}

/* The connection has taken what was pointed to. */
static void piece_done(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    bool part = out->key.is_part, fills = stream->mux->filler == stream;
    if (!out->bytes || (part ? out->done < out_part_size(out) : to_next_piece(out))) return;
    if (fills) par_common_filled(stream);
    if (part) part_done(stream);
    else outgoing_done(stream);
}

/* id: of the stream on which it goes. */
static int put_begin(par_stream *stream, uint32_t id, uint32_t kind)
{
    par_outgoing *out = &stream->out;
    par_buffer *to = &stream->mux->out;
    par_frame_writer w = par_frame_begin(to, PAR_FRAME_BEGIN, id, out->n_payloads, kind);
    par_frame_u64(&w, out->len);
    for (uint32_t i = 0; i < out->n_payloads; i++) {
        if (i && i % PAR_FRAME_SIZES_MAX == 0) {
            if (par_frame_end(&w) != PAR_OK) return PAR_E_NOMEM;
            w = par_frame_begin(to, PAR_FRAME_SIZES, id, 0, 0);
        }
        par_frame_u64(&w, out->payloads[i]->bytes);
    }
    return par_frame_end(&w);
}

/* The part under way as a message of its own, to be kept in this place. */
static int put_begin_part(par_stream *stream, int place)
{
    par_frame_writer w = par_frame_begin(&stream->mux->out, PAR_FRAME_BEGIN, 0, 0, (unsigned)place);
    par_frame_u64(&w, out_part_size(&stream->out));
    return par_frame_end(&w);
}

/* One piece of the message that goes out. */
static int put_piece(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    size_t left = out_part_size(out) - out->done, n = left < PIECE_BYTES ? left : PIECE_BYTES;
    const uint8_t *from = out_part(out) + out->done;
    par_frame header = {.len = (uint32_t)n, .type = PAR_FRAME_BYTES, .stream = out->common ? 0 : stream->id};
    if (!out->key.is_part) header.aux = out->part;
    if (!out->common) stream->send_credit -= (int64_t)n;
    out->done += n;
    return par_mux_put_big(stream->mux, stream, &header, from, piece_done);
}

static int put_short(par_stream *stream, uint32_t kind)
{
    par_outgoing *out = &stream->out;
    par_mux *mux = stream->mux;
    if (out->len > COPIED_BYTES) {
        par_frame header = {.len = (uint32_t)out->len, .type = PAR_FRAME_MESSAGE, .kind = (uint8_t)kind, .stream = stream->id};
        out->done = out->len;
        return par_mux_put_big(mux, stream, &header, out->bytes, piece_done);
    }
    par_frame_writer w = par_frame_begin(&mux->out, PAR_FRAME_MESSAGE, stream->id, 0, kind);
    par_frame_bytes(&w, out->bytes, out->len);
    int rc = par_frame_end(&w);
    outgoing_done(stream);
    return rc;
}

/* On the stream itself. */
static int put_out(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    if (out->n_payloads == 0 && out->len <= SHORT_BYTES) {
        stream->send_credit -= (int64_t)out->len;
        return put_short(stream, out->kind);
    }
    int rc = put_begin(stream, stream->id, out->kind);
    if (rc == PAR_OK && !to_next_piece(out)) outgoing_done(stream);
    return rc;
}

/* One step of making the key of what is told by its content: no more than some milliseconds, since many streams may be at it. */
static bool make_key(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    size_t left = out_part_size(out) - out->done, n = left < HASHED_BYTES ? left : HASHED_BYTES;
    par_cache_hash(stream->mux->cache, &out->key, out->part, out_part(out) + out->done, n);
    out->done += n;
    if (out->key.is_part ? out->done < out_part_size(out) : to_next_piece(out)) return false;
    if (!out->key.is_part) out->part = 0;
    out->done = 0;
    return out->keyed = true;
}

/* What others get as well, or what was sent before: once to where it is kept, and a word for each of them. PAR_E_AGAIN: others are
 * first. */
static int put_common(par_stream *stream)
{
    par_cache_state state;
    par_outgoing *out = &stream->out;
    bool part = out->key.is_part;
    if (stream->mux->filler == stream) return put_piece(stream);
    if (!out->keyed && !make_key(stream)) return PAR_E_AGAIN; /* it is ready for its next step */
    int place = par_common_place(stream, &state);
    if (state == PAR_CACHE_COMING) {
        par_stream_hold_back(stream);
        return PAR_E_AGAIN;
    }
    if (state == PAR_CACHE_FREE && place >= 0) {
        if (part) return put_begin_part(stream, place);
        to_next_piece(out);
        return put_begin(stream, 0, (uint32_t)place);
    }
    if (place >= 0) {
        par_common_refer(stream, place);
        if (part) part_done(stream);
        else outgoing_done(stream);
        return PAR_OK;
    }
    forget_key(out);
    return part ? put_piece(stream) : put_out(stream);
}

/* The next step of the message that goes out. */
static int put_next(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    if (out->common) return put_common(stream);
    if (out->done == 0 && par_common_is_again(stream, out_part(out), out_part_size(out))) return PAR_OK; /* the next steps */
    return put_piece(stream);
}

/* Begins to send what stream->out holds. */
static void send_out(par_stream *stream, uint32_t kind)
{
    stream->messages++;
    stream->sent++;
    stream->send_credit -= PAR_MESSAGE_COST_BYTES;
    stream->out.kind = kind;
    if (par_common_is_wanted(stream)) return; /* the next steps */
    if (put_out(stream) != PAR_OK) par_mux_fail(stream->mux, "not enough memory for a message");
}

static void send_control(par_stream *stream)
{
    const par_queued *first = stream->controls.first;
    if (first->kind >= PAR_KIND_APART) {
        stream->mux->role->on_local(stream->mux->role->context, stream, first);
        if (stream->channel) par_queue_pop(&stream->controls);
        return;
    }
    stream->out = (par_outgoing){
        .bytes = first->bytes, .len = first->len, .payloads = first->payloads, .n_payloads = first->n_payloads, .queued = true};
    send_out(stream, first->kind);
}

static void send_held(par_stream *stream)
{
    const par_message *held = &stream->held;
    stream->has_held = false;
    if (held->kind >= PAR_KIND_APART) return;
    stream->out = (par_outgoing){.bytes = held->bytes, .len = held->len, .payloads = held->payloads, .n_payloads = held->n_payloads};
    send_out(stream, held->kind);
}

/* One step: a piece, a control message, or the next message off the channel. PAR_OK; PAR_E_AGAIN: nothing is there, or it may not
 * be sent now; PAR_E_CLOSED, PAR_E_CORRUPT. */
int par_stream_forward(par_stream *stream, par_error *err)
{
    if (par_mux_is_full(stream->mux)) par_mux_write(stream->mux);
    if (stream->mux->lost || !stream->channel) return PAR_E_AGAIN;
    if (par_mux_is_full(stream->mux)) {
        par_stream_hold_back(stream);
        par_stream_line_up(stream);
        return PAR_E_AGAIN;
    }
    if (stream->send_credit <= 0) { /* who sends what others wait for has some: it is charged for that at the end */
        par_stream_hold_back(stream);
        return PAR_E_AGAIN;
    }
    if (stream->out.bytes) {
        int rc = put_next(stream);
        return rc == PAR_OK || rc == PAR_E_AGAIN ? rc : PAR_E_NOMEM;
    }
    if (!par_queue_is_empty(&stream->controls)) send_control(stream);
    else if (stream->has_held) send_held(stream);
    else {
        int rc = par_channel_receive(stream->channel, &stream->held, 0, err);
        stream->has_held = rc == PAR_OK;
        if (rc == PAR_E_TIMEOUT) return par_queue_is_empty(&stream->controls) ? PAR_E_AGAIN : PAR_OK;
        return rc == PAR_OK || rc == PAR_NOTICE || !par_queue_is_empty(&stream->controls) ? PAR_OK : rc;
    }
    return PAR_OK;
}
