/* The receiving end of a connection: what is put into a stream's channel, and what the other end says of its clock. */
#include "channel/segment.h"
#include "link/share.h"
#include "mux_end.h"

#define NO_DESCRIPTOR 1000000 /* the system refuses to hand it on */

static par_error err;

static const par_mux_role role = {NULL, PAR_FROM_AGENT,   ignore_frame, ignore_local, ignore_channel_end,
                                  NULL, ignore_delivered, ignore_lost};

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
    mux_end end;
    par_stream *stream;
    par_channel *ours, *childs;
    par_message message;
    unsigned groups = 0;
    int fd, fds[2];
    const par_channel_owner child = {.context = &groups, .on_control = on_group};
    mux_end_open(&end, &role);
    CHECK_INT(par_stream_open(&stream, end.mux, 1, NULL, &err), PAR_OK);
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
    mux_end_close(&end);
    par_channel_close(childs);
}

static void hear(mux_end *end, par_frame_beat beat)
{
    par_buffer out = {0};
    CHECK_INT(par_frame_put_beat(&out, &beat), PAR_OK);
    CHECK_INT(par_os_socket_write(end->other_end, out.data, out.len, NULL, 0), out.len);
    par_mux_read(end->mux);
    CHECK(!end->mux->lost);
    par_buffer_fini(&out);
}

/* Any numbers: the connection goes on, and the next true word counts. */
static void a_clock_may_say_anything(void)
{
    static const uint64_t numbers[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    enum { N = sizeof numbers / sizeof *numbers };
    mux_end end;
    mux_end_open(&end, &role);
    for (int i = 0; i < N * N * N; i++) {
        hear(&end, (par_frame_beat){.clock_ns = numbers[i % N], .echo_ns = numbers[i / N % N], .held_ns = numbers[i / N / N]});
        CHECK(end.mux->clock_error_ns >= 0);
    }
    end.mux->clock_error_ns = INT64_MAX;
    uint64_t now_ns = (uint64_t)par_os_now_ns();
    hear(&end, (par_frame_beat){.clock_ns = now_ns + 1000, .echo_ns = now_ns, .held_ns = 0});
    CHECK(end.mux->clock_offset_ns <= 1000 && end.mux->clock_offset_ns >= 1000 - end.mux->clock_error_ns - 1);
    mux_end_close(&end);
}

/* Frames as long as they may be, one behind the other, wherever in what was read they begin. */
static void long_frames_have_room(void)
{
    static const size_t sizes[] = {140000, PAR_FRAME_MAX_BYTES, 155000, 170000, 100, 100000, PAR_FRAME_MAX_BYTES, PAR_FRAME_MAX_BYTES};
    static const uint8_t bytes[PAR_FRAME_MAX_BYTES];
    mux_end end;
    par_buffer out = {0};
    mux_end_open(&end, &role);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        par_frame_writer w = par_frame_begin(&out, PAR_FRAME_TRACE, 0, 0, 0);
        par_frame_bytes(&w, bytes, sizes[i]);
        CHECK_INT(par_frame_end(&w), PAR_OK);
    }
    for (size_t done = 0; done < out.len;) {
        int n = par_os_socket_write(end.other_end, out.data + done, out.len - done, NULL, 0);
        if (n > 0) done += (size_t)n;
        par_mux_read(end.mux);
        if (end.mux->lost) printf("# %s\n", end.mux->why);
        CHECK(!end.mux->lost);
    }
    CHECK_INT(end.mux->in_len, end.mux->in_at); /* all of them were dealt with */
    par_buffer_fini(&out);
    mux_end_close(&end);
}

TAP_MAIN(TEST(what_the_system_refuses_is_delivered_later), TEST(a_clock_may_say_anything), TEST(long_frames_have_room))
