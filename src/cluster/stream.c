/* A stream: its life, and its turns. */
#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"
#include "cluster/mux.h"
#include "os/os.h"

#define MESSAGES_AT_ONCE 256 /* of one channel, then the next one is looked at */
#define BYTES_AT_ONCE ((size_t)1 << 20)

/* --- life --- */
static void on_control(void *context, const par_message *message)
{
    par_stream *stream = context;
    if (par_queue_push(&stream->controls, message->kind, message->bytes, message->len, message->payloads, message->n_payloads) != PAR_OK)
        par_mux_fail(stream->mux, "not enough memory for a message");
}

par_channel_owner par_stream_owner(par_stream *stream) { return (par_channel_owner){.context = stream, .on_control = on_control}; }

static int grow_table(par_mux *mux, uint32_t id)
{
    if (id < mux->n_streams) return PAR_OK;
    uint32_t n = mux->n_streams ? mux->n_streams * 2 : 64;
    while (n <= id) n *= 2;
    par_stream **streams = realloc(mux->streams, n * sizeof(par_stream *));
    if (!streams) return PAR_E_NOMEM;
    memset(streams + mux->n_streams, 0, (n - mux->n_streams) * sizeof(par_stream *));
    mux->streams = streams;
    mux->n_streams = n;
    return PAR_OK;
}

int par_stream_open(par_stream **out, par_mux *mux, uint32_t id, void *user, par_error *err)
{
    par_stream *stream = calloc(1, sizeof *stream);
    if (!stream || grow_table(mux, id) != PAR_OK) {
        free(stream);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a child");
    }
    stream->mux = mux;
    stream->id = id;
    stream->user = user;
    stream->send_credit = mux->window_bytes;
    stream->window_bytes = mux->window_bytes;
    if (id) mux->n_open++;
    *out = mux->streams[id] = stream;
    return PAR_OK;
}

int par_stream_bind(par_stream *stream, par_channel *channel, par_error *err)
{
    stream->channel = channel;
    int rc = par_selector_add(stream->mux->selector, channel, stream, err);
    stream->watched = rc == PAR_OK;
    return rc;
}

par_stream *par_stream_of(const par_mux *mux, uint32_t id) { return id < mux->n_streams ? mux->streams[id] : NULL; }

static void unlink_from(par_stream **at, par_stream *stream, size_t offset)
{
    while (*at && *at != stream) at = (par_stream **)(void *)((char *)*at + offset);
    if (*at) *at = *(par_stream **)(void *)((char *)stream + offset);
}

/* The connection still writes bytes that lie in the channel: the rest of them are copied. */
static void let_go_of_big(par_stream *stream)
{
    par_mux *mux = stream->mux;
    if (mux->big_stream != stream) return;
    if (par_buffer_append(&mux->first, mux->big, mux->big_len) != PAR_OK) par_mux_fail(mux, "not enough memory for a message");
    mux->big_len = 0;
    mux->big_stream = NULL;
}

void par_stream_end(par_stream *stream)
{
    let_go_of_big(stream);
    if (stream->bell && stream->channel) par_channel_ring(stream->channel);
    par_channel_close(stream->channel);
    stream->channel = NULL;
    stream->watched = stream->has_held = stream->expects_common = false;
    stream->out = (par_outgoing){0};
    par_common_leave(stream);
    par_queue_fini(&stream->controls);
    par_queue_fini(&stream->waiting);
}

void par_stream_free(par_stream *stream)
{
    if (!stream) return;
    par_mux *mux = stream->mux;
    par_stream_end(stream);
    par_common_leave_all(stream);
    if (stream->id && !stream->is_peer) mux->n_open--;
    if (mux->direct_stream == stream) {
        mux->direct_stream = NULL;
        mux->direct = NULL;
    }
    par_incoming_fini(&stream->in);
    unlink_from(&mux->paused, stream, offsetof(par_stream, next_paused));
    unlink_from(&mux->ready, stream, offsetof(par_stream, next_ready));
    unlink_from(&mux->bells, stream, offsetof(par_stream, next_bell));
    *mux->grown_bytes -= stream->window_bytes - mux->window_bytes;
    mux->streams[stream->id] = NULL;
    free(stream);
}

/* --- its turns --- */
/* A paused channel whose peer is gone is always ready: it is not asked again before it may be read. */
static void rest(par_stream *stream)
{
    if (!stream->paused || !stream->watched || !par_channel_pending(stream->channel)) return;
    par_selector_remove(stream->mux->selector, stream->channel);
    stream->watched = false;
}

void par_stream_serve(par_stream *stream)
{
    par_error err;
    int rc = PAR_OK;
    size_t before = stream->mux->out.len;
    par_stream_deliver_waiting(stream);
    if (stream->paused && stream->channel) rest(stream);
    for (int n = 0; n < MESSAGES_AT_ONCE && rc == PAR_OK && stream->channel && !stream->paused; n++) {
        rc = par_stream_forward(stream, &err);
        if (stream->mux->out.len > before + BYTES_AT_ONCE) break;
    }
    par_stream_make_ready(stream);
    if (rc < 0 && rc != PAR_E_AGAIN && stream->channel) stream->mux->role->on_channel_end(stream->mux->role->context, stream, rc);
}
