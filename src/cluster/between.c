#include "cluster/between.h"

#include "os/os.h"

#define ATTACH_NS INT64_C(1000000000) /* the channel's memory lies in the socket already */

void par_betweens_free(par_mux *mux)
{
    while (mux->over) {
        par_stream *stream = mux->over;
        mux->over = stream->next_over;
        par_stream_free(stream);
    }
}

int par_between_open(par_mux *mux, uint32_t id, int socket, par_error *err)
{
    par_stream *stream;
    par_channel *channel;
    par_betweens_free(mux); /* the other end may use a number again as soon as it has heard our last word */
    int rc = par_stream_of(mux, id) ? par_error_set(err, PAR_E_CORRUPT, "stream %u: there is one already", id) : PAR_OK;
    if (rc == PAR_OK) rc = par_stream_open(&stream, mux, id, NULL, err);
    if (rc != PAR_OK) {
        par_os_close(socket);
        return rc;
    }
    stream->is_peer = true;
    mux->n_open--; /* it gets nothing of what children have in common */
    par_channel_owner owner = par_stream_owner(stream);
    rc = par_channel_attach(&channel, socket, &owner, par_os_now_ns() + ATTACH_NS, err);
    if (rc != PAR_OK) par_os_close(socket);
    else rc = par_stream_bind(stream, channel, err);
    if (rc != PAR_OK) par_stream_free(stream);
    return rc;
}

/* Our end is over. */
static void tell(par_stream *stream)
{
    if (stream->peer_told) return;
    stream->peer_told = true;
    par_stream_ring(stream->mux);
    par_stream_end(stream);
    if (!stream->mux->lost) par_frame_put_empty(&stream->mux->out, PAR_FRAME_PEER_END, stream->id, 0, 0);
}

static void line_up_if_over(par_stream *stream)
{
    if (!stream->peer_told || !stream->peer_heard || stream->next_over) return;
    for (const par_stream *one = stream->mux->over; one; one = one->next_over)
        if (one == stream) return;
    stream->next_over = stream->mux->over;
    stream->mux->over = stream;
}

void par_between_channel_end(par_stream *stream)
{
    tell(stream);
    line_up_if_over(stream);
}

/* What the other member sent before its end is still to be had. */
void par_between_delivered(par_stream *stream)
{
    if (stream->peer_heard) par_between_channel_end(stream);
}

void par_between_heard(par_stream *stream)
{
    stream->peer_heard = true;
    if (!par_stream_is_behind(stream)) tell(stream);
    line_up_if_over(stream);
}
