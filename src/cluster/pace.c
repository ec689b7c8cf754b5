/* When a stream may send: it has credit, and the connection takes more. */
#include "cluster/mux.h"

void par_stream_make_ready(par_stream *stream)
{
    bool has_work = stream->channel && (stream->out.bytes || stream->has_held || !par_queue_is_empty(&stream->controls));
    if (stream->ready || stream->paused || !has_work) return;
    stream->ready = true;
    stream->next_ready = stream->mux->ready;
    stream->mux->ready = stream;
}

void par_stream_hold_back(par_stream *stream)
{
    if (stream->paused || !stream->channel) return;
    stream->paused = true;
    par_channel_pause(stream->channel, true);
}

void par_stream_line_up(par_stream *stream)
{
    if (stream->lined_up) return;
    stream->lined_up = true;
    stream->next_paused = stream->mux->paused;
    stream->mux->paused = stream;
}

void par_stream_unpause(par_stream *stream)
{
    par_error err;
    if (!stream->paused || !stream->channel) return;
    stream->paused = false;
    par_channel_pause(stream->channel, false);
    if (!stream->watched) stream->watched = par_selector_add(stream->mux->selector, stream->channel, stream, &err) == PAR_OK;
    par_stream_make_ready(stream);
}

void par_stream_on_credit(par_stream *stream, uint32_t bytes)
{
    stream->send_credit += bytes;
    if (stream->send_credit > 0 && !stream->lined_up) par_stream_unpause(stream);
}
