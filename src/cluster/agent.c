#include "cluster/agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/agent_child.h"
#include "cluster/agent_group.h"
#include "cluster/between.h"
#include "cluster/loop.h"
#include "cluster/proof.h"
#include "cluster/seek.h"
#include "cluster/wire_zmq.h"
#include "link/protocol.h"
#include "os/os.h"

#define GREETING_NS INT64_C(30000000000)
#define TICKET_MAX_BYTES 1024
#define READS_AT_ONCE 16

/* --- what the bridge says --- */
static int on_welcome(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_welcome welcome;
    int rc = par_frame_get_welcome(&welcome, body, frame->len, err);
    if (rc != PAR_OK) return rc;
    agent->mux->window_bytes = welcome.window_bytes;
    agent->mux->beat_ns = (int64_t)welcome.beat_ms * 1000000;
    agent->mux->silence_ns = agent->orphan ? PAR_ORPHAN_NS : (int64_t)welcome.silence_ms * 1000000;
    agent->welcomed = true;
    return PAR_OK;
}

static int on_start(par_agent *agent, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_start start;
    par_betweens_free(agent->mux); /* the bridge uses a number again as soon as both have said their last word */
    if (!agent->welcomed || par_stream_of(agent->mux, frame->stream))
        return par_error_set(err, PAR_E_CORRUPT, "stream %u: a start of what runs already", frame->stream);
    int rc = par_frame_get_start(&start, body, frame->len, err);
    return rc == PAR_OK ? par_agent_child_start(agent, frame->stream, &start, err) : rc;
}

static void on_retract(par_agent_child *child, const par_frame *frame, const uint8_t *body)
{
    par_frame_reader reader = par_frame_open(body, frame->len);
    uint32_t keep = par_frame_read_u32(&reader, "keep");
    par_tasks_state state = {0};
    if (child->stream->channel)
        state = par_tasks_retract(par_channel_words(child->stream->channel), frame->aux, keep < PAR_TASKS_MAX ? keep : PAR_TASKS_MAX);
    par_frame_writer w = par_frame_begin(&child->agent->mux->out, PAR_FRAME_RETRACTED, frame->stream, frame->aux, 0);
    par_frame_u32(&w, state.claimed);
    par_frame_u32(&w, state.limit);
    par_frame_u64(&w, par_agent_child_age(child));
    par_frame_end(&w);
}

static int on_slot(par_agent_child *child, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_slot slot;
    int rc = par_frame_get_slot(&slot, body, frame->len, err);
    if (rc != PAR_OK || !child->stream->channel) return rc;
    child->is_worker = true;
    child->given[frame->aux] = slot.given[frame->aux];
    child->told[frame->aux] = UINT64_MAX;
    par_tasks_give(par_channel_words(child->stream->channel), frame->aux, (uint32_t)(slot.words[frame->aux] >> 32));
    return PAR_OK;
}

static int on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_agent *agent = context;
    par_agent_child *child = stream ? stream->user : NULL;
    if (frame->type == PAR_FRAME_WELCOME) return on_welcome(agent, frame, body, err);
    if (frame->type == PAR_FRAME_START) return on_start(agent, frame, body, err);
    if (frame->type == PAR_FRAME_GROUP) return par_agent_group_make(agent, frame, body, err);
    if (frame->type == PAR_FRAME_PEER) return par_agent_group_join(agent, frame, body, err);
    if (frame->type == PAR_FRAME_BOARD) return par_spread_on_frame(agent->spreads, agent->mux, frame, body, err);
    if (frame->type == PAR_FRAME_PEER_END && stream && stream->is_peer) par_between_heard(stream);
    if (!child) return PAR_OK; /* it has ended meanwhile */
    switch (frame->type) {
    case PAR_FRAME_SIGNAL: par_agent_child_signal(child, (int)frame->aux); break;
    case PAR_FRAME_CLOSE: par_agent_child_close(child); break;
    case PAR_FRAME_RETRACT: on_retract(child, frame, body); break;
    case PAR_FRAME_SLOT: return on_slot(child, frame, body, err);
    case PAR_FRAME_OUTPUT: par_agent_child_output_credit(child, frame->aux, (size_t)frame->kind << 10); break;
    default: break;
    }
    return PAR_OK;
}

/* A child has no right to these kinds, but for one. */
static void on_local(void *context, par_stream *stream, const par_queued *message)
{
    (void)context;
    if (stream->is_peer) return; /* of no meaning between members */
    if (message->kind == PAR_KIND_NEED && message->len > 0 && message->len <= PAR_SEEK_NAME_MAX) {
        par_frame_writer w = par_frame_begin(&stream->mux->out, PAR_FRAME_NEED, stream->id, 0, 0);
        par_frame_bytes(&w, message->bytes, message->len);
        par_frame_end(&w);
        return;
    }
    par_agent_child_channel_end(stream->user, PAR_E_CORRUPT);
}

static void on_channel_end(void *context, par_stream *stream, int code)
{
    (void)context;
    if (stream->is_peer) par_between_channel_end(stream);
    else par_agent_child_channel_end(stream->user, code);
}

static void on_delivered(void *context, par_stream *stream)
{
    (void)context;
    if (stream->is_peer) par_between_delivered(stream);
}

static int on_group(void *context, par_stream *stream, const uint8_t *bytes, size_t len, par_error *err)
{
    return par_agent_group_deliver(context, stream, bytes, len, err);
}

static void on_lost(void *context, par_mux *mux, const char *why)
{
    par_agent *agent = context;
    (void)mux;
    (void)why;
    agent->loop.stop = true;
}

/* --- the loop --- */
static void on_connection(par_source *source)
{
    par_agent *agent = source->user;
    if (agent->dialed) par_dial_look(agent->mux->wire); /* a round reads it */
    else par_mux_read(agent->mux);
}

/* The launcher says nothing more, and its end is, as a rule, that of everything: the last word of a bridge that has ended may be lost
 * with its connection, and libzmq does not tell that this is closed. */
static void on_launcher(par_source *source)
{
    par_agent *agent = source->user;
    uint8_t bytes[256];
    int n = par_os_read(source->fd, bytes, sizeof bytes);
    if (n > 0 || n == PAR_E_AGAIN) return;
    par_loop_unwatch(&agent->loop, source);
    agent->orphan = true;
    if (agent->mux->silence_ns > PAR_ORPHAN_NS) agent->mux->silence_ns = PAR_ORPHAN_NS;
}

static int64_t on_round(void *context, int64_t now_ns)
{
    par_agent *agent = context;
    for (int i = 0; i < READS_AT_ONCE && agent->dialed && !agent->mux->lost && par_dial_has(agent->mux->wire); i++)
        par_mux_read(agent->mux);
    bool more = par_mux_serve(agent->mux);
    int64_t next_ns = par_agent_children_tick(agent, now_ns), tick_ns;
    par_spreads_serve(&agent->spreads);
    par_betweens_free(agent->mux);
    par_mux_flush(agent->mux);
    if (par_spreads_have(agent->spreads)) more = true;
    more = more || par_mux_has_ready(agent->mux); /* the connection takes more again */
    tick_ns = par_mux_tick(agent->mux, now_ns);
    if (agent->dialed && !agent->mux->lost && par_dial_has(agent->mux->wire)) more = true; /* no descriptor tells of it any more */
    int64_t retry_ns = par_loop_await_room(&agent->loop, agent->mux, now_ns);
    if (retry_ns < next_ns) next_ns = retry_ns;
    return more ? 0 : tick_ns < next_ns ? tick_ns : next_ns;
}

static int say_hello(par_agent *agent)
{
    char host[256] = "";
    par_os_hostname(host, sizeof host);
    par_frame_hello hello = {.release = PARALLEL_VERSION,
                             .fingerprint = agent->options->fingerprint,
                             .host = host,
                             .cores = (uint32_t)par_os_cores(),
                             .pid = (uint32_t)par_os_pid()};
    return par_frame_put_hello(&agent->mux->out, &hello);
}

/* launcher: a descriptor that ends with it; -1: it ends with the wire. */
static int serve(const par_agent_options *options, par_wire *wire, bool dialed, int launcher, par_error *err)
{
    par_agent agent = {.options = options,
                       .dialed = dialed,
                       .connection = {.fd = -1, .on_readable = on_connection, .user = &agent},
                       .launcher = {.fd = -1, .on_readable = on_launcher, .user = &agent}};
    const par_loop_role loop_role = {&agent, on_round};
    const par_mux_role mux_role = {&agent, PAR_FROM_BRIDGE, on_frame, on_local, on_channel_end, on_group, on_delivered, on_lost};
    par_os_serve_quietly();
    int rc = par_loop_open(&agent.loop, &loop_role, err);
    if (rc != PAR_OK) {
        par_wire_close(wire);
        return rc;
    }
    rc = par_mux_open(&agent.mux, wire, agent.loop.selector, &mux_role, NULL, &agent.grown_bytes, err);
    if (rc == PAR_OK) rc = par_loop_watch(&agent.loop, &agent.connection, wire->read_fd, err);
    if (rc == PAR_OK && launcher >= 0) par_loop_watch(&agent.loop, &agent.launcher, launcher, err); /* a file tells nothing: never mind */
    if (rc == PAR_OK && say_hello(&agent) != PAR_OK) rc = par_error_set(err, PAR_E_NOMEM, "out of memory");
    if (rc == PAR_OK) rc = par_loop_run(&agent.loop, err);
    if (rc == PAR_OK && !agent.welcomed)
        rc = par_error_set(err, PAR_E_CLOSED, "the program that started this agent does not answer (%s)%s", agent.mux->why,
                           dialed ? ": does a firewall keep this host from its port?" : "");
    par_agent_children_end(&agent);
    par_agent_groups_end(&agent);
    par_mux_close(agent.mux);
    par_loop_close(&agent.loop);
    return rc;
}

int par_agent_serve_wire(const par_agent_options *options, par_wire *wire, par_error *err) { return serve(options, wire, false, -1, err); }

/* --- standard input and output --- */
static int read_all(int fd, uint8_t *bytes, size_t len, par_error *err)
{
    int64_t deadline_ns = par_os_now_ns() + GREETING_NS;
    for (size_t got = 0; got < len;) {
        par_os_part part = {bytes + got, len - got};
        int64_t n = par_os_read_parts(fd, &part, 1);
        if (n > 0) got += (size_t)n;
        else if (n != PAR_E_AGAIN) return par_error_set(err, PAR_E_CLOSED, "nobody speaks to this agent: it is started by a bridge");
        else if (par_os_wait_fd(fd, PAR_OS_READABLE, deadline_ns) == PAR_E_TIMEOUT)
            return par_error_set(err, PAR_E_TIMEOUT, "nobody spoke to this agent in time");
    }
    return PAR_OK;
}

/* Says the bridge's first bytes again, so that it knows where noise ends: from here on the pipes are the connection. */
static int answer_nonce(int out, const uint8_t nonce[PAR_NONCE_BYTES], par_error *err)
{
    return par_os_write_all(out, nonce, PAR_NONCE_BYTES) == PAR_OK ? PAR_OK : par_error_system(err, "cannot answer");
}

/* Connects to the bridge, as it says on standard input. */
static int connect_out(int in, size_t len, par_wire **out, bool *by_zmq, par_error *err)
{
    uint8_t bytes[TICKET_MAX_BYTES];
    par_ticket ticket;
    if (len > sizeof bytes) return par_error_set(err, PAR_E_CORRUPT, "what was said to this agent is nothing that a bridge says");
    int rc = read_all(in, bytes, len, err);
    if (rc == PAR_OK) rc = par_ticket_get(&ticket, bytes, len, err);
    if (rc != PAR_OK) return rc;
    *by_zmq = ticket.server_key[0] != 0;
    return *by_zmq ? par_dial(out, &ticket, err) : par_proof_dial(out, &ticket, err);
}

int par_agent_serve(const par_agent_options *options, par_error *err)
{
    uint8_t first[PAR_NONCE_BYTES + 4];
    par_wire *wire = NULL;
    bool by_zmq = false;
    int in, out;
    par_os_serve_quietly();
    int rc = par_os_take_stdio(&in, &out, err);
    if (rc == PAR_OK) rc = read_all(in, first, sizeof first, err);
    if (rc != PAR_OK) return rc;
    const uint8_t *at = first + PAR_NONCE_BYTES;
    size_t ticket_bytes = (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
    if (ticket_bytes) rc = connect_out(in, ticket_bytes, &wire, &by_zmq, err);
    else rc = answer_nonce(out, first, err);
    if (rc != PAR_OK) return rc;
    if (!ticket_bytes) wire = par_wire_open(in, out);
    if (!wire) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    return serve(options, wire, by_zmq, ticket_bytes ? in : -1, err);
}
