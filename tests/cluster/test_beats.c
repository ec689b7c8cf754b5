/* Who says nothing is taken to be gone, but not by one who was stopped himself: what was said to him meanwhile is still to be read. */
#include "cluster/mux.h"
#include "peers.h"

static par_error err;
static unsigned n_lost;

static int on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *why)
{
    (void)context, (void)stream, (void)frame, (void)body, (void)why;
    return PAR_OK;
}
static void on_local(void *context, par_stream *stream, const par_queued *message) { (void)context, (void)stream, (void)message; }
static void on_channel_end(void *context, par_stream *stream, int code) { (void)context, (void)stream, (void)code; }
static void on_delivered(void *context, par_stream *stream) { (void)context, (void)stream; }
static void on_lost(void *context, par_mux *mux, const char *why)
{
    (void)context, (void)mux;
    CHECK(strstr(why, "silent for") != NULL);
    n_lost++;
}

static const par_mux_role role = {NULL, PAR_FROM_AGENT, on_frame, on_local, on_channel_end, NULL, on_delivered, on_lost};

typedef struct connection {
    par_mux *mux;
    par_selector *selector;
    uint64_t grown;
    int other_end;
} connection;

static void open_connection(connection *c)
{
    int fds[2];
    *c = (connection){0};
    n_lost = 0;
    CHECK_INT(par_os_socketpair(fds, &err), PAR_OK);
    c->other_end = fds[1];
    CHECK_INT(par_os_stream_prepare(fds[0], &err), PAR_OK);
    CHECK_INT(par_selector_open(&c->selector, NULL, &err), PAR_OK);
    CHECK_INT(par_mux_open(&c->mux, par_wire_open(fds[0], fds[0]), c->selector, &role, NULL, &c->grown, &err), PAR_OK);
}

static void close_connection(connection *c)
{
    par_mux_close(c->mux);
    par_selector_close(c->selector);
    par_os_close(c->other_end);
}

/* Ticks when they are due, from now_ns on, until the other end is taken to be gone. Returns after how many nanoseconds that was. */
static int64_t silence(connection *c, int64_t now_ns)
{
    int64_t from_ns = now_ns, due_ns = par_mux_tick(c->mux, now_ns);
    while (!c->mux->lost) {
        now_ns = due_ns;
        due_ns = par_mux_tick(c->mux, now_ns);
    }
    CHECK_INT(n_lost, 1);
    return now_ns - from_ns;
}

static void the_silent_are_lost(void)
{
    connection c;
    open_connection(&c);
    int64_t ns = silence(&c, c.mux->heard_ns);
    CHECK(ns > PAR_SILENCE_NS && ns < PAR_SILENCE_NS + PAR_BEAT_NS);
    close_connection(&c);
}

static void nobody_is_lost_while_we_were_stopped(void)
{
    connection c;
    open_connection(&c);
    int64_t due_ns = par_mux_tick(c.mux, c.mux->heard_ns), back_ns = due_ns + SECONDS(60);
    due_ns = par_mux_tick(c.mux, back_ns);
    CHECK_INT(n_lost, 0);
    CHECK(due_ns <= back_ns + PAR_BEAT_NS);
    int64_t ns = silence(&c, due_ns);
    CHECK(ns < PAR_SILENCE_NS + PAR_BEAT_NS);
    close_connection(&c);
}

TAP_MAIN(TEST(the_silent_are_lost), TEST(nobody_is_lost_while_we_were_stopped))
