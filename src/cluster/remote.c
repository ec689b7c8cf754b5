/* A child on another host, as the bridge has it: one end of a channel to the user's process, and a stream to the child's agent. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/between.h"
#include "cluster/bridge.h"
#include "cluster/seek.h"
#include "link/protocol.h"

#define ATTACH_NS INT64_C(1000000000)        /* the channel's memory lies in the socket already */
#define OUTPUT_RETRY_NS INT64_C(10000000)    /* output that found no room is tried again so often */
#define OUTPUT_MAX_BYTES ((size_t)512 << 10) /* twice the window: who sends more does not keep to it */
#define OUTPUT_CREDIT_BYTES ((size_t)64 << 10)

static int deliver(par_remote *remote, uint32_t kind, const void *bytes, size_t len)
{
    return par_stream_deliver(remote->stream, kind, bytes, len, NULL, 0);
}

/* --- its end --- */
static bool output_left(const par_remote *remote) { return remote->unwritten[0].len || remote->unwritten[1].len; }

/* Everything that came has been delivered, and nothing more comes: the user's process sees the end of the channel. */
static void finish(par_remote *remote)
{
    if (!remote->over || remote->closed || output_left(remote)) return;
    if (par_stream_is_behind(remote->stream)) return;
    for (int i = 0; i < 2; i++) {
        par_os_close(remote->output[i]);
        remote->output[i] = -1;
    }
    par_stream_ring(remote->stream->mux);
    par_stream_end(remote->stream);
    remote->closed = true;
}

static void end_with(par_remote *remote, uint32_t kind, const void *bytes, size_t len)
{
    if (remote->over) return;
    remote->over = true;
    if (remote->stream->channel) deliver(remote, kind, bytes, len);
    finish(remote);
}

static void tell_end(par_remote *remote) { end_with(remote, PAR_KIND_ENDED, &remote->ended, sizeof remote->ended); }

void par_remote_lose(par_remote *remote, const char *why)
{
    if (remote->acknowledged) tell_end(remote);
    else end_with(remote, PAR_KIND_LOST, why, strlen(why));
}

/* Who hears of its end has all of its output. */
static void tell_end_if_due(par_remote *remote)
{
    if (remote->acknowledged && !output_left(remote)) tell_end(remote);
}

void par_remote_free(par_remote *remote)
{
    for (int i = 0; i < 2; i++) {
        par_os_close(remote->output[i]);
        par_buffer_fini(&remote->unwritten[i]);
    }
    par_stream_free(remote->stream);
    free(remote);
}

/* --- start --- */
uint32_t par_remote_free_stream(const par_mux *mux)
{
    for (uint32_t id = 1; id <= PAR_STREAMS_MAX; id++)
        if (!par_stream_of(mux, id)) return id;
    return 0;
}

par_remote *par_remote_of(const par_bridge *bridge, const par_host *host, uint32_t id)
{
    par_remote *one = bridge->remotes;
    while (one && (one->host != host || one->id != id || one->over || one->acknowledged)) one = one->next;
    return one;
}

int par_remote_start(par_host *host, uint32_t id, const uint8_t *body, size_t len, int *fds, int n_fds, par_error *err)
{
    par_mux *mux = host->mux;
    par_channel *channel = NULL;
    if (!mux || mux->lost || host->phase != PAR_HOST_RUNNING)
        return par_error_set(err, PAR_E_CLOSED, "%s", *host->why ? host->why : "it is not connected");
    uint32_t number = par_remote_free_stream(mux);
    par_remote *remote = number ? calloc(1, sizeof *remote) : NULL;
    if (!remote) return par_error_set(err, PAR_E_LIMIT, "out of memory, or more than %u children on one host", PAR_STREAMS_MAX);
    remote->bridge = host->bridge;
    remote->host = host;
    remote->id = id;
    remote->output[0] = remote->output[1] = -1;
    int rc = par_stream_open(&remote->stream, mux, number, remote, err);
    if (rc != PAR_OK) {
        free(remote);
        return rc;
    }
    par_channel_owner owner = par_stream_owner(remote->stream);
    rc = par_channel_attach(&channel, fds[0], &owner, par_os_now_ns() + ATTACH_NS, err);
    if (rc == PAR_OK) {
        fds[0] = -1; /* the channel's now */
        rc = par_stream_bind(remote->stream, channel, err);
    }
    if (rc == PAR_OK) {
        par_frame_writer w = par_frame_begin(&mux->out, PAR_FRAME_START, number, id, 0);
        par_frame_bytes(&w, body, len);
        rc = par_frame_end(&w);
    }
    if (rc != PAR_OK) {
        if (channel) par_remote_lose(remote, err->text);
        par_remote_free(remote);
        return rc;
    }
    for (int i = 0; i < 2 && n_fds == 3; i++) {
        remote->output[i] = fds[i + 1];
        par_os_stream_prepare(fds[i + 1], err);
    }
    remote->next = host->bridge->remotes;
    host->bridge->remotes = remote;
    return PAR_OK;
}

void par_remote_refuse(int fd, const char *why)
{
    par_error err;
    par_channel *channel;
    int64_t deadline_ns = par_os_now_ns() + ATTACH_NS;
    if (par_channel_attach(&channel, fd, NULL, deadline_ns, &err) != PAR_OK) {
        par_os_close(fd);
        return;
    }
    par_channel_send(channel, PAR_KIND_LOST, why, strlen(why), NULL, 0, deadline_ns, &err);
    par_channel_close(channel);
}

/* --- its output --- */
static void grant_output(const par_remote *remote, int i)
{
    if (!remote->over && !remote->acknowledged)
        par_frame_put_empty(&remote->stream->mux->out, PAR_FRAME_OUTPUT, remote->stream->id, (uint32_t)i + 1, OUTPUT_CREDIT_BYTES >> 10);
}

/* Writes what waits; each whole step of it that is out may be sent again. */
static void write_output(par_remote *remote, int i)
{
    par_buffer *left = &remote->unwritten[i];
    par_os_part part = {left->data, left->len};
    int64_t n = remote->output[i] < 0 ? (int64_t)left->len : par_os_write_parts(remote->output[i], &part, 1);
    if (n == PAR_E_AGAIN) return;
    if (n < 0) n = (int64_t)left->len; /* nobody reads it */
    remote->written[i] += (size_t)n;
    memmove(left->data, left->data + n, left->len - (size_t)n);
    left->len -= (size_t)n;
    for (; remote->written[i] >= OUTPUT_CREDIT_BYTES; remote->written[i] -= OUTPUT_CREDIT_BYTES) grant_output(remote, i);
}

static int on_output(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    int i = (int)frame->aux - 1;
    par_buffer *left = &remote->unwritten[i];
    if (left->len + frame->len > OUTPUT_MAX_BYTES)
        return par_error_set(err, PAR_E_CORRUPT, "stream %u: more output than it may send", frame->stream);
    if (par_buffer_append(left, body, frame->len) != PAR_OK) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    write_output(remote, i);
    return PAR_OK;
}

/* --- what its agent says --- */
/* Answers take no credit, so there are no more of them than questions. */
static int unasked(const par_frame *frame, par_error *err)
{
    return par_error_set(err, PAR_E_CORRUPT, "stream %u: a frame %s that nobody has asked for", frame->stream, par_frame_name(frame->type));
}

static int on_started(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    par_told_started started = {par_frame_read_u32(&reader, "pid")};
    const char *why = par_frame_read_text(&reader, "why");
    int rc = par_frame_close(&reader, PAR_FRAME_STARTED, err);
    if (rc == PAR_OK && remote->started) rc = unasked(frame, err);
    if (rc != PAR_OK) return rc;
    remote->started = true;
    if (started.pid) deliver(remote, PAR_KIND_STARTED, &started, sizeof started);
    else end_with(remote, PAR_KIND_LOST, why, strlen(why));
    return PAR_OK;
}

static int on_ended(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    remote->ended.status = (int32_t)par_frame_read_u32(&reader, "status");
    remote->ended.signal = (int32_t)par_frame_read_u32(&reader, "signal");
    remote->acknowledged = true;
    tell_end_if_due(remote);
    return par_frame_close(&reader, PAR_FRAME_ENDED, err);
}

static int on_retracted(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    par_told_retracted answer = {.slot = frame->aux};
    if (!remote->retracts) return unasked(frame, err);
    remote->retracts--;
    answer.claimed = par_frame_read_u32(&reader, "claimed");
    answer.limit = par_frame_read_u32(&reader, "limit");
    answer.age_ns = par_frame_read_u64(&reader, "age");
    deliver(remote, PAR_KIND_RETRACTED, &answer, sizeof answer);
    return par_frame_close(&reader, PAR_FRAME_RETRACTED, err);
}

static int on_slot(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_slot slot;
    int rc = par_frame_get_slot(&slot, body, frame->len, err);
    if (rc != PAR_OK) return rc;
    par_told_slot told = {.words = {slot.words[0], slot.words[1]}, .age_ns = slot.age_ns, .given = {slot.given[0], slot.given[1]}};
    par_queued *last = par_queue_last(&remote->stream->waiting);
    if (last && last->kind == PAR_KIND_SLOT) memcpy(last->bytes, &told, sizeof told); /* only what was said last counts */
    else deliver(remote, PAR_KIND_SLOT, &told, sizeof told);
    return PAR_OK;
}

static int on_signalled(par_remote *remote, const par_frame *frame, par_error *err)
{
    par_told_signal there = {(int32_t)frame->aux};
    if (!remote->signals) return unasked(frame, err);
    remote->signals--;
    deliver(remote, PAR_KIND_SIGNALLED, &there, sizeof there);
    return PAR_OK;
}

#define ANSWERS_MAX 8 /* a child asks for one module after the other; one that was interrupted may have asked before */

static bool has_asked_too_much(const par_stream *stream)
{
    int n = 0;
    for (const par_queued *one = stream->controls.first; one; one = one->next) n += one->kind == PAR_KIND_MODULE;
    return n >= ANSWERS_MAX;
}

/* A module that its host lacks. The answer goes the way of all messages, with their credit. */
static int on_need(par_remote *remote, const par_frame *frame, const uint8_t *body, par_error *err)
{
    char name[PAR_SEEK_NAME_MAX + 1];
    par_buffer answer = {0};
    par_stream *stream = remote->stream;
    const par_host *host = remote->host;
    if (has_asked_too_much(stream))
        return par_error_set(err, PAR_E_CORRUPT, "stream %u: it asks for modules and does not read", stream->id);
    memcpy(name, body, frame->len); /* no more than that: its rule says so */
    name[frame->len] = 0;
    int rc = par_seek_module(&answer, host->path ? host->path : "", host->cpath ? host->cpath : "", name);
    if (rc == PAR_OK && stream->channel) rc = par_queue_push(&stream->controls, PAR_KIND_MODULE, answer.data, answer.len, NULL, 0);
    par_buffer_fini(&answer);
    if (rc != PAR_OK) return par_error_set(err, rc, "not enough memory for a module");
    par_stream_make_ready(stream);
    return PAR_OK;
}

int par_remote_on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    (void)context;
    if (!stream)
        return par_error_set(err, PAR_E_CORRUPT, "a frame %s of stream %u, which is none", par_frame_name(frame->type), frame->stream);
    if (frame->type == PAR_FRAME_PEER_END && stream->is_peer) par_between_heard(stream);
    if (stream->is_peer) return PAR_OK;
    par_remote *remote = stream->user;
    switch (frame->type) {
    case PAR_FRAME_STARTED: return on_started(remote, frame, body, err);
    case PAR_FRAME_OUTPUT: return on_output(remote, frame, body, err);
    case PAR_FRAME_ENDED: return on_ended(remote, frame, body, err);
    case PAR_FRAME_RETRACTED: return on_retracted(remote, frame, body, err);
    case PAR_FRAME_SLOT: return on_slot(remote, frame, body, err);
    case PAR_FRAME_NEED: return on_need(remote, frame, body, err);
    case PAR_FRAME_SIGNALLED: return on_signalled(remote, frame, err);
    default: return PAR_OK;
    }
}

/* --- what the user's process says --- */
static void on_local(void *context, par_stream *stream, const par_queued *message)
{
    (void)context;
    if (stream->is_peer) return; /* of no meaning between members */
    par_remote *remote = stream->user;
    par_buffer *out = &stream->mux->out;
    union {
        par_told_signal signal;
        par_told_retract retract;
        par_told_slot slot;
        par_told_common common;
    } ask = {0};
    memcpy(&ask, message->bytes, message->len < sizeof ask ? message->len : sizeof ask);
    if (message->kind == PAR_KIND_SIGNAL) {
        remote->signals++;
        par_frame_put_empty(out, PAR_FRAME_SIGNAL, stream->id, (uint32_t)ask.signal.number, 0);
    } else if (message->kind == PAR_KIND_RETRACT) {
        remote->retracts++;
        par_frame_writer w = par_frame_begin(out, PAR_FRAME_RETRACT, stream->id, ask.retract.slot & 1, 0);
        par_frame_u32(&w, ask.retract.keep);
        par_frame_end(&w);
    } else if (message->kind == PAR_KIND_SLOT) {
        par_frame_slot slot = {{ask.slot.words[0], ask.slot.words[1]}, 0, {ask.slot.given[0], ask.slot.given[1]}};
        par_frame_put_slot(out, stream->id, ask.slot.slot & 1, &slot);
    } else if (message->kind == PAR_KIND_COMMON) {
        par_stream_expect_common(stream, ask.common.number);
    }
}

/* The user's process has closed its end, or is gone. */
static void on_channel_end(void *context, par_stream *stream, int code)
{
    (void)context;
    (void)code;
    if (stream->is_peer) {
        par_between_channel_end(stream);
        return;
    }
    par_remote *remote = stream->user;
    par_stream_end(stream);
    if (!remote->over && !remote->acknowledged && !stream->mux->lost)
        par_frame_put_empty(&stream->mux->out, PAR_FRAME_CLOSE, stream->id, 0, 0);
    finish(remote);
}

static void on_delivered(void *context, par_stream *stream)
{
    (void)context;
    if (stream->is_peer) par_between_delivered(stream);
    else finish(stream->user);
}

const par_mux_role par_remote_role = {
    .from = PAR_FROM_AGENT, .on_local = on_local, .on_channel_end = on_channel_end, .on_delivered = on_delivered};

int64_t par_remotes_tick(par_bridge *bridge, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    for (par_remote **at = &bridge->remotes; *at;) {
        par_remote *remote = *at;
        for (int i = 0; i < 2; i++)
            if (remote->unwritten[i].len) write_output(remote, i);
        if (output_left(remote)) next_ns = now_ns + OUTPUT_RETRY_NS;
        tell_end_if_due(remote);
        finish(remote);
        /* A stream whose agent has not said its last word keeps its number. */
        if (!remote->closed || (!remote->acknowledged && !remote->stream->mux->lost)) {
            at = &remote->next;
            continue;
        }
        *at = remote->next;
        par_remote_free(remote);
    }
    return next_ns;
}

void par_remotes_forget(par_bridge *bridge, const par_mux *mux)
{
    for (par_remote **at = &bridge->remotes; *at;) {
        par_remote *remote = *at;
        if (remote->stream->mux != mux) {
            at = &remote->next;
            continue;
        }
        *at = remote->next;
        par_remote_free(remote);
    }
}

bool par_remotes_have(const par_bridge *bridge, const par_mux *mux)
{
    const par_remote *one = bridge->remotes;
    while (one && one->stream->mux != mux) one = one->next;
    return one != NULL;
}
