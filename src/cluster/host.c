/* A host: its launcher, the agent's first words, and the connection's end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/between.h"
#include "cluster/bridge.h"
#include "cluster/timeline.h"
#include "link/protocol.h"
#include "trace/trace.h"

#define NOISE_MAX_BYTES ((size_t)64 << 10) /* that login scripts may print before the agent speaks */
#define FAREWELL_NS INT64_C(2000000000)    /* a launcher whose output has ended has this long to say how */
#define READS_AT_ONCE 16

/* --- what went wrong, for people --- */
static void answer_down(par_host *host)
{
    char text[PAR_STDERR_KEEP_BYTES + 2048];
    const char *said = par_launcher_last_lines(&host->launcher);
    int n = snprintf(text, sizeof text, "host %.300s: %s\n  command: %.900s%s%s", host->name, host->why, host->launcher.command,
                     *said ? "\n  it said: " : "", said);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    while (len && text[len - 1] == '\n') len--;
    par_bridge_answer(host->bridge, PAR_ANSWER_DOWN, host->number, text, len);
}

static void close_pipes(par_host *host)
{
    par_loop_unwatch(&host->bridge->loop, &host->out_source);
    par_launcher_close_pipes(&host->launcher);
}

/* It is over, for the reason in host->why. */
static void go(par_host *host)
{
    if (host->phase == PAR_HOST_GONE) return;
    host->phase = PAR_HOST_GONE;
    close_pipes(host);
    if (host->dialed) par_hub_ignore(host->dialed); /* it may go on to speak */
    answer_down(host);
}

/* It will not come up: perhaps the launcher says why, and with what status it ends. */
static void fail(par_host *host, const char *why)
{
    if (host->phase != PAR_HOST_GREETING) return;
    snprintf(host->why, sizeof host->why, "%.380s", why);
    if (host->noise.len) par_launcher_heard(&host->launcher, host->noise.data, host->noise.len); /* some shells say there what is wrong */
    host->phase = PAR_HOST_FAILING;
    host->deadline_ns = par_os_now_ns() + FAREWELL_NS;
    close_pipes(host);
}

static void on_lost(void *context, par_mux *mux, const char *why)
{
    par_host *host = mux->user;
    (void)context;
    par_loop_unwatch(&host->bridge->loop, &host->wire_source);
    if (host->phase == PAR_HOST_GREETING) {
        fail(host, why);
        return;
    }
    snprintf(host->why, sizeof host->why, "the connection to %.100s was lost (%.200s)", host->name, why);
    go(host); /* who hears that a child is lost starts another one where hosts are up */
    for (uint32_t id = 0; id < mux->n_streams; id++) {
        par_stream *stream = mux->streams[id];
        if (stream && stream->is_peer) par_between_channel_end(stream);
        else if (stream) par_remote_lose(stream->user, host->why);
    }
    par_spreads_lose(host->bridge->spreads, mux);
    par_launcher_signal(&host->launcher, SIGKILL);
}

/* --- the first words --- */
static int on_hello(par_host *host, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_frame_hello hello;
    int rc = par_frame_get_hello(&hello, body, frame->len, err);
    if (rc != PAR_OK) return rc;
    if (host->phase != PAR_HOST_GREETING) return par_error_set(err, PAR_E_CORRUPT, "a second HELLO");
    if (strcmp(hello.release, PARALLEL_VERSION) != 0)
        return par_error_set(err, PAR_E_UNSUPPORTED, "it has release %.40s of the library, this is %s: install the same one there",
                             hello.release, PARALLEL_VERSION);
    par_frame_welcome welcome = {host->mux->window_bytes, (uint32_t)(host->mux->beat_ns / 1000000),
                                 (uint32_t)(host->mux->silence_ns / 1000000)};
    par_frame_put_welcome(&host->mux->out, &welcome);
    par_mux_beat(host->mux, par_os_now_ns());
    host->phase = PAR_HOST_RUNNING;
    par_bridge_answer(host->bridge, PAR_ANSWER_UP, host->number, body, frame->len);
    return PAR_OK;
}

static int on_trace(par_host *host, const uint8_t *body, size_t len, par_error *err)
{
    par_timeline from = {.host = host->number, .name = host->name, .offset_ns = host->mux->clock_offset_ns};
    if (!par_trace_is_on() || par_timeline_take(&from, (const char *)body, len)) return PAR_OK;
    return par_error_set(err, PAR_E_CORRUPT, "events that are none");
}

static int on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *err)
{
    /* A frame HELLO has no stream: the mux that it came on is the one that is being read. */
    if (frame->type == PAR_FRAME_HELLO) return on_hello(context, frame, body, err);
    if (frame->type == PAR_FRAME_TRACE) return on_trace(context, body, frame->len, err);
    if (frame->type == PAR_FRAME_BOARD) {
        const par_host *host = context;
        return par_spread_on_frame(host->bridge->spreads, host->mux, frame, body, err);
    }
    return par_remote_on_frame(context, stream, frame, body, err);
}

/* The connection is there: the pipes of ssh, or what the agent comes by. */
static int open_mux(par_host *host, par_wire *wire, par_error *err)
{
    host->role = par_remote_role;
    host->role.context = host;
    host->role.on_frame = on_frame;
    host->role.on_lost = on_lost;
    return par_mux_open(&host->mux, wire, host->bridge->loop.selector, &host->role, host, &host->bridge->grown_bytes, err);
}

static void on_connection(par_source *source)
{
    par_host *host = source->user;
    par_mux_read(host->mux);
}

/* The connection to the agent is there, over this wire. `rest` came over it already. */
static void connect_mux(par_host *host, par_wire *wire, const uint8_t *rest, size_t len)
{
    par_error err;
    int rc = wire ? PAR_OK : par_error_set(&err, PAR_E_NOMEM, "out of memory");
    if (rc == PAR_OK) rc = open_mux(host, wire, &err);
    if (rc == PAR_OK) rc = par_loop_watch(&host->bridge->loop, &host->wire_source, wire->read_fd, &err);
    if (rc != PAR_OK) fail(host, err.text);
    else par_mux_feed(host->mux, rest, len);
}

/* The agent speaks: from here on its pipes are the connection. */
static void greet(par_host *host, const uint8_t *rest, size_t len)
{
    par_loop_unwatch(&host->bridge->loop, &host->out_source);
    par_wire *wire = par_wire_open(host->launcher.out, host->launcher.in);
    host->launcher.in = host->launcher.out = -1;
    connect_mux(host, wire, rest, len);
}

/* The agent has connected without encryption. */
static void on_arrived(void *user, int fd)
{
    par_host *host = user;
    if (host->phase == PAR_HOST_GREETING) connect_mux(host, par_wire_open(fd, fd), NULL, 0);
    else par_os_close(fd);
}

/* Looks for the nonce in what came. */
static void look_for_nonce(par_host *host)
{
    par_buffer *noise = &host->noise;
    for (size_t i = 0; i + PAR_NONCE_BYTES <= noise->len; i++)
        if (memcmp(noise->data + i, host->nonce, PAR_NONCE_BYTES) == 0) {
            greet(host, noise->data + i + PAR_NONCE_BYTES, noise->len - i - PAR_NONCE_BYTES);
            par_buffer_fini(noise);
            return;
        }
    if (noise->len > NOISE_MAX_BYTES) fail(host, "its login scripts print without end, and no agent speaks");
}

static void on_out(par_source *source)
{
    par_host *host = source->user;
    uint8_t bytes[4096];
    int n = par_os_read(host->launcher.out, bytes, sizeof bytes);
    if (n == PAR_E_AGAIN) return;
    if (n <= 0 && host->dials && host->phase == PAR_HOST_RUNNING) { /* its connection tells whether it lives */
        close_pipes(host);
        host->mux->silence_ns = PAR_ORPHAN_NS;
        return;
    }
    if (n <= 0) {
        fail(host, "the command that starts its agent has ended");
        return;
    }
    if (host->dials) return;
    if (par_buffer_append(&host->noise, bytes, (size_t)n) != PAR_OK) fail(host, "out of memory");
    else look_for_nonce(host);
}

/* --- launch --- */
/* Its agent connects to this machine: what it has to know for that, behind the nonce. */
static int put_ticket(par_host *host, const par_launch *launch, par_buffer *out, par_error *err)
{
    par_bridge *bridge = host->bridge;
    par_door *door;
    par_ticket ticket;
    int rc = par_door_open(&door, &bridge->doors, &bridge->loop, launch->address, launch->first, launch->last, !launch->plain, err);
    host->dials = true;
    if (rc == PAR_OK && launch->plain) {
        rc = par_listener_invite(door->listener, &ticket, on_arrived, host, err);
    } else if (rc == PAR_OK) {
        rc = par_hub_invite(door->hub, &ticket, &host->dialed, err);
        if (rc == PAR_OK) rc = open_mux(host, host->dialed, err);
    }
    if (rc != PAR_OK) return rc;
    return par_ticket_put(out, &ticket) == PAR_OK ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "out of memory");
}

static int begin(par_host *host, const par_launch *launch, par_error *err)
{
    uint8_t length[4];
    par_buffer ticket = {0};
    int rc = par_os_random(host->nonce, sizeof host->nonce, err);
    if (rc == PAR_OK && *launch->address) rc = put_ticket(host, launch, &ticket, err);
    if (rc == PAR_OK) rc = par_launcher_start(&host->launcher, &host->bridge->loop, launch->words, err);
    if (rc == PAR_OK) rc = par_loop_watch(&host->bridge->loop, &host->out_source, host->launcher.out, err);
    for (int i = 0; i < 4; i++) length[i] = (uint8_t)(ticket.len >> (8 * i));
    par_os_part parts[] = {{host->nonce, sizeof host->nonce}, {length, sizeof length}, {ticket.data, ticket.len}};
    if (rc == PAR_OK) par_os_write_parts(host->launcher.in, parts, 3); /* the pipe is empty; one that is closed shows on the other side */
    par_buffer_fini(&ticket);
    return rc;
}

int par_host_launch(par_bridge *bridge, uint32_t number, const uint8_t *body, size_t len, par_error *err)
{
    par_launch launch;
    par_error why;
    int rc = par_launch_get(&launch, body, len, err);
    if (rc != PAR_OK) return rc;
    par_host *host = calloc(1, sizeof *host);
    if (!host) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    *host = (par_host){.bridge = bridge,
                       .number = number,
                       .name = strdup(launch.name),
                       .launcher = {.in = -1, .out = -1, .err = -1},
                       .out_source = {-1, on_out, host},
                       .wire_source = {-1, on_connection, host},
                       .deadline_ns = par_os_now_ns() + (int64_t)launch.timeout_ms * 1000000};
    rc = host->name ? begin(host, &launch, &why) : par_error_set(&why, PAR_E_NOMEM, "out of memory");
    if (rc != PAR_OK) {
        par_error_set(err, rc, "host %.100s: %.350s", launch.name, why.text);
        par_host_free(host);
        return rc;
    }
    bridge->hosts[number] = host;
    return PAR_OK;
}

/* --- its life and end --- */
static void forget_paths(par_host *host)
{
    free(host->path);
    free(host->cpath);
    host->path = host->cpath = NULL;
}

void par_host_set_paths(par_host *host, const uint8_t *body, size_t len)
{
    par_frame_reader reader = par_frame_open(body, len);
    const char *path = par_frame_read_text(&reader, "path"), *cpath = par_frame_read_text(&reader, "cpath");
    forget_paths(host);
    if (reader.failed) return;
    host->path = strdup(path);
    host->cpath = strdup(cpath);
    if (!host->path || !host->cpath) forget_paths(host);
}

void par_host_drop(par_host *host, const char *why)
{
    if (host->mux && !host->mux->lost) {
        par_frame_put_text(&host->mux->out, PAR_FRAME_BYE, 0, 0, why);
        par_mux_flush(host->mux);
        par_mux_fail(host->mux, "%s", why);
    } else if (host->phase == PAR_HOST_GREETING) {
        fail(host, why);
    }
    par_launcher_signal(&host->launcher, SIGTERM); /* srun cancels its job then; it is killed a little later */
}

static void look_at_launcher(par_host *host)
{
    char why[sizeof host->why];
    const par_os_exit *exit = &host->launcher.exit;
    if (!par_launcher_ended(&host->launcher) && par_os_now_ns() < host->deadline_ns) return;
    par_launcher_signal(&host->launcher, SIGKILL);
    if (exit->ended && exit->signal) snprintf(why, sizeof why, "%.300s (signal %d)", host->why, exit->signal);
    else if (exit->ended && exit->status) snprintf(why, sizeof why, "%.300s (exit status %d)", host->why, exit->status);
    else snprintf(why, sizeof why, "%.300s", host->why);
    memcpy(host->why, why, sizeof why);
    go(host);
}

int64_t par_host_tick(par_host *host, int64_t now_ns)
{
    if (host->phase == PAR_HOST_GONE) return INT64_MAX;
    if (host->phase == PAR_HOST_FAILING) {
        look_at_launcher(host);
        return now_ns + 5000000;
    }
    if (host->phase == PAR_HOST_GREETING && now_ns >= host->deadline_ns) {
        fail(host, "its agent did not answer in time (connect_timeout)");
        return now_ns;
    }
    int64_t next_ns = host->phase == PAR_HOST_GREETING ? host->deadline_ns : INT64_MAX;
    if (!host->mux) return next_ns;
    for (int i = 0; i < READS_AT_ONCE && host->dialed && !host->mux->lost && par_hub_has(host->dialed); i++) par_mux_read(host->mux);
    if (host->phase == PAR_HOST_GREETING && host->dialed) return next_ns; /* it may wait in a queue: nobody is to be heard yet */
    bool more = par_mux_serve(host->mux);
    par_betweens_free(host->mux);
    par_mux_flush(host->mux);
    more = more || par_mux_has_ready(host->mux); /* the connection takes more again */
    int64_t tick_ns = par_mux_tick(host->mux, now_ns);
    int64_t retry_ns = par_loop_await_room(&host->bridge->loop, host->mux, now_ns);
    if (retry_ns < next_ns) next_ns = retry_ns;
    return more ? 0 : tick_ns < next_ns ? tick_ns : next_ns;
}

void par_host_free(par_host *host)
{
    if (!host) return;
    par_loop *loop = &host->bridge->loop;
    if (host->mux) par_spreads_lose(host->bridge->spreads, host->mux);
    par_remotes_forget(host->bridge, host->mux);
    par_doors_forget(host->bridge->doors, host);
    par_loop_unwatch(loop, &host->wire_source);
    par_loop_unwatch(loop, &host->out_source);
    par_launcher_close(&host->launcher);
    par_mux_close(host->mux);
    par_buffer_fini(&host->noise);
    forget_paths(host);
    free(host->name);
    free(host);
}
