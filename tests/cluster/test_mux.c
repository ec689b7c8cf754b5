/* The receiving end of a connection: what is put into a stream's channel, and what the other end says of its clock. */
#include "channel/segment.h"
#include "cluster/mux.h"
#include "link/share.h"
#include "peers.h"

#define NO_DESCRIPTOR 1000000 /* the system refuses to hand it on */

static par_error err;

static int on_frame(void *context, par_stream *stream, const par_frame *frame, const uint8_t *body, par_error *why)
{
    (void)context, (void)stream, (void)frame, (void)body, (void)why;
    return PAR_OK;
}
static void on_local(void *context, par_stream *stream, const par_queued *message) { (void)context, (void)stream, (void)message; }
static void on_channel_end(void *context, par_stream *stream, int code) { (void)context, (void)stream, (void)code; }
static void on_delivered(void *context, par_stream *stream) { (void)context, (void)stream; }
static void on_lost(void *context, par_mux *mux, const char *why) { (void)context, (void)mux, (void)why; }

static const par_mux_role role = {NULL, PAR_FROM_AGENT, on_frame, on_local, on_channel_end, NULL, on_delivered, on_lost};

typedef struct world {
    par_mux *mux;
    par_selector *selector;
    uint64_t grown;
    int fd; /* the other end of the connection */
} world;

static void world_open(world *w)
{
    int fds[2];
    *w = (world){0};
    CHECK_INT(par_os_socketpair(fds, &err), PAR_OK);
    w->fd = fds[1];
    CHECK_INT(par_os_stream_prepare(fds[0], &err), PAR_OK);
    CHECK_INT(par_selector_open(&w->selector, NULL, &err), PAR_OK);
    CHECK_INT(par_mux_open(&w->mux, par_wire_open(fds[0], fds[0]), w->selector, &role, NULL, &w->grown, &err), PAR_OK);
}

static void world_close(world *w)
{
    par_mux_close(w->mux);
    par_selector_close(w->selector);
    par_os_close(w->fd);
}

static void on_group(void *context, const par_message *message)
{
    CHECK_INT(message->kind, PAR_KIND_GROUP);
    CHECK_INT(message->n_payloads, 1);
    CHECK_INT(message->len, 5);
    ++*(unsigned *)context;
}

/* A group whose memory cannot be handed on now: it waits, what comes after it waits behind it, and nothing is lost. */
static void what_the_system_refuses_is_delivered_later(void)
{
    world w;
    par_stream *stream;
    par_channel *ours, *childs;
    par_message message;
    unsigned groups = 0;
    int fd, fds[2];
    const par_channel_owner child = {.context = &groups, .on_control = on_group};
    world_open(&w);
    CHECK_INT(par_stream_open(&stream, w.mux, 1, NULL, &err), PAR_OK);
    par_channel_owner owner = par_stream_owner(stream);
    CHECK_INT(par_channel_open(&ours, 65536, &owner, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&childs, fd, &child, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_stream_bind(stream, ours, &err), PAR_OK);
    CHECK_INT(par_os_pipe(&fds[0], &fds[1], &err), PAR_OK);
    par_blob *blob = par_share_descriptor(fds[0]);
    CHECK(blob != NULL);
    par_segment_of(blob)->fd = NO_DESCRIPTOR;
    CHECK_INT(par_stream_deliver(stream, PAR_KIND_GROUP, "group", 5, &blob, 1), PAR_OK);
    CHECK_INT(par_stream_deliver(stream, PAR_KIND_DATA, "behind", 6, NULL, 0), PAR_OK);
    CHECK(par_stream_is_behind(stream));
    par_segment_of(blob)->fd = fds[0];
    par_stream_deliver_waiting(stream);
    CHECK(!par_stream_is_behind(stream));
    CHECK_INT(par_channel_receive(childs, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(groups, 1); /* it came first */
    CHECK_INT(message.kind, PAR_KIND_DATA);
    CHECK(message.len == 6 && memcmp(message.bytes, "behind", 6) == 0);
    par_channel_release(childs, &message);
    par_blob_release(blob);
    par_os_close(fds[1]);
    world_close(&w);
    par_channel_close(childs);
}

static void hear(world *w, par_frame_beat beat)
{
    par_buffer out = {0};
    CHECK_INT(par_frame_put_beat(&out, &beat), PAR_OK);
    CHECK_INT(par_os_socket_write(w->fd, out.data, out.len, NULL, 0), out.len);
    par_mux_read(w->mux);
    CHECK(!w->mux->lost);
    par_buffer_fini(&out);
}

/* Any numbers: the connection goes on, and the next true word counts. */
static void a_clock_may_say_anything(void)
{
    static const uint64_t numbers[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    enum { N = sizeof numbers / sizeof *numbers };
    world w;
    world_open(&w);
    for (int i = 0; i < N * N * N; i++) {
        hear(&w, (par_frame_beat){.clock_ns = numbers[i % N], .echo_ns = numbers[i / N % N], .held_ns = numbers[i / N / N]});
        CHECK(w.mux->clock_error_ns >= 0);
    }
    w.mux->clock_error_ns = INT64_MAX;
    uint64_t now_ns = (uint64_t)par_os_now_ns();
    hear(&w, (par_frame_beat){.clock_ns = now_ns + 1000, .echo_ns = now_ns, .held_ns = 0});
    CHECK(w.mux->clock_offset_ns <= 1000 && w.mux->clock_offset_ns >= 1000 - w.mux->clock_error_ns - 1);
    world_close(&w);
}

TAP_MAIN(TEST(what_the_system_refuses_is_delivered_later), TEST(a_clock_may_say_anything))
