/* A bridge whose agent says what it likes: it goes on, and tells the program that it serves what is wrong with the host. */
#include "cluster/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cluster/client.h"
#include "link/apart.h"
#include "link/protocol.h"
#include "peers.h"

#define HOST 1
#define PATIENCE SECONDS(60)

static par_error err;
static rlim_t most_descriptors; /* of the bridge; 0: as many as we */
static char folder[32], to_path[64], from_path[64];

/* The program's side, and the agent's: its launcher leads what it reads and writes to us. */
static struct {
    par_client client;
    int to, from;
} here = {.to = -1, .from = -1};

static void open_here(void)
{
    int fd[2];
    signal(SIGPIPE, SIG_IGN);
    strcpy(folder, "/tmp/parallel-bridge-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    here.client.socket = fd[0];
    here.client.owner = par_os_pid();
    here.client.pid = fork();
    CHECK(here.client.pid >= 0);
    if (here.client.pid == 0) {
        par_os_close(fd[0]);
        alarm(300);
        if (most_descriptors) setrlimit(RLIMIT_NOFILE, &(struct rlimit){most_descriptors, most_descriptors});
        exit(par_bridge_serve(fd[1], &err) == PAR_OK ? 0 : 1); /* not _exit: sanitizers report at exit */
    }
    par_os_close(fd[1]);
}

/* The agent says nothing more, and hears nothing. */
static void hang_up(void)
{
    par_os_close(here.to);
    par_os_close(here.from);
    here.to = here.from = -1;
}

static void close_here(void)
{
    int status;
    hang_up();
    par_os_socket_end(here.client.socket);
    CHECK(waitpid(here.client.pid, &status, 0) == here.client.pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    rmdir(folder);
}

static void read_all(int fd, void *bytes, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = read(fd, (uint8_t *)bytes + got, len - got);
        CHECK(n > 0);
        got += (size_t)n;
    }
}

/* Has the host's agent started, which is us, and says the first bytes. */
static void launch(void)
{
    const char *const argv[] = {"sh", "-c", "cat \"$0\" & exec cat >\"$1\"", to_path, from_path, NULL};
    static unsigned n; /* an earlier launcher may still have its own pipes open */
    const par_launch how = {.name = "strange", .argv = argv, .timeout_ms = 60000, .address = ""};
    uint8_t first[PAR_NONCE_BYTES + 4];
    hang_up();
    snprintf(to_path, sizeof to_path, "%s/to%u", folder, ++n);
    snprintf(from_path, sizeof from_path, "%s/from%u", folder, n);
    CHECK(mkfifo(to_path, 0600) == 0 && mkfifo(from_path, 0600) == 0);
    CHECK_INT(par_client_launch(&here.client, HOST, &how, &err), PAR_OK);
    here.from = open(from_path, O_RDONLY | O_CLOEXEC);
    here.to = open(to_path, O_WRONLY | O_CLOEXEC);
    CHECK(here.from >= 0 && here.to >= 0);
    unlink(to_path);
    unlink(from_path);
    read_all(here.from, first, sizeof first);
    CHECK(write(here.to, first, PAR_NONCE_BYTES) == PAR_NONCE_BYTES);
    CHECK(fcntl(here.to, F_SETFL, O_NONBLOCK) == 0);
}

/* false: the host is given up. */
static bool say(const par_buffer *out)
{
    for (size_t done = 0; done < out->len;) {
        ssize_t n = write(here.to, out->data + done, out->len - done);
        if (n > 0) done += (size_t)n;
        else if (errno != EAGAIN || par_client_state(&here.client, HOST) == PAR_HOST_DOWN) return false;
        else par_os_wait_fd(here.to, PAR_OS_WRITABLE, MILLISECONDS(10));
    }
    return true;
}

static void put_hello(par_buffer *out, uint32_t cores)
{
    const par_frame_hello hello = {.release = PARALLEL_VERSION, .fingerprint = "f", .host = "strange", .cores = cores, .pid = 1};
    CHECK_INT(par_frame_put_hello(out, &hello), PAR_OK);
}

static void put_started(par_buffer *out)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_STARTED, 1, 0, 0);
    par_frame_u32(&w, 4242);
    par_frame_text(&w, "");
    par_frame_end(&w);
}

static void say_hello(void)
{
    par_buffer out = {0};
    launch();
    put_hello(&out, 4);
    CHECK(say(&out));
    par_buffer_fini(&out);
    CHECK_INT(par_client_await(&here.client, HOST, PATIENCE, &err), PAR_OK);
}

/* A child there, of which nothing is read. output: where what it prints goes; -1: nowhere. */
static par_channel *start_child_with(int output)
{
    int fd;
    const int outputs[2] = {output, output};
    par_channel *channel;
    const par_frame_start start = {.ring_bytes = 65536, .program = "", .fingerprint = "f", .cwd = ""};
    CHECK_INT(par_channel_open(&channel, 65536, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_client_start(&here.client, HOST, 1, &start, NULL, fd, outputs, &err), PAR_OK);
    par_os_close(fd);
    return channel;
}

static par_channel *start_child(void) { return start_child_with(-1); }

static void expect_loss(const char *why)
{
    int64_t until_ns = PATIENCE;
    while (par_client_state(&here.client, HOST) == PAR_HOST_UP && par_os_now_ns() < until_ns) par_os_sleep_ns(1000000);
    CHECK_INT(par_client_await(&here.client, HOST, PATIENCE, &err), PAR_E_CLOSED);
    if (!strstr(err.text, why)) printf("# it says: %s\n", err.text);
    CHECK(strstr(err.text, why) != NULL);
}

/* The same frames, again and again, to a program that does not read. */
static void flood(const par_buffer *out, const char *why)
{
    par_buffer first = {0};
    open_here();
    say_hello();
    par_channel *channel = start_child();
    put_started(&first);
    CHECK(say(&first));
    for (size_t said = 0; said < ((size_t)64 << 20) && say(out); said += out->len) {}
    expect_loss(why);
    par_channel_close(channel);
    par_buffer_fini(&first);
    close_here();
}

static void who_sends_more_than_he_may_is_cut_off(void)
{
    static const uint8_t bytes[60000];
    par_buffer out = {0};
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_MESSAGE, 1, 0, PAR_KIND_DATA);
    par_frame_bytes(&w, bytes, sizeof bytes);
    par_frame_end(&w);
    flood(&out, "more than it may");
    par_buffer_fini(&out);
}

static void and_who_does_so_in_pieces(void)
{
    static const uint8_t bytes[200000];
    par_buffer out = {0};
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_BEGIN, 1, 0, PAR_KIND_DATA);
    par_frame_u64(&w, sizeof bytes);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BYTES, 1, 0, 0);
    par_frame_bytes(&w, bytes, sizeof bytes);
    par_frame_end(&w);
    flood(&out, "more than it may");
    par_buffer_fini(&out);
}

static void answers_to_nothing_are_refused(void)
{
    par_buffer out = {0};
    par_frame_put_empty(&out, PAR_FRAME_SIGNALLED, 1, 1, 0);
    flood(&out, "SIGNALLED");
    out.len = 0;
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_RETRACTED, 1, 0, 0);
    for (int i = 0; i < 4; i++) par_frame_u32(&w, 1);
    par_frame_end(&w);
    flood(&out, "RETRACTED");
    out.len = 0;
    put_started(&out);
    flood(&out, "STARTED");
    par_buffer_fini(&out);
}

/* The next frame that the bridge says, and its body. */
static uint8_t body[PAR_FRAME_MAX_BYTES];
static par_frame next_frame(void)
{
    uint8_t head[PAR_FRAME_HEADER_BYTES];
    par_frame frame;
    CHECK(par_os_wait_fd(here.from, PAR_OS_READABLE, PATIENCE) > 0);
    read_all(here.from, head, sizeof head);
    CHECK_INT(par_frame_get(&frame, head, PAR_FROM_BRIDGE, &err), PAR_OK);
    read_all(here.from, body, frame.len);
    return frame;
}

static void await_frame(par_frame_type type)
{
    while (next_frame().type != type) {}
}

/* Returns when the bridge has dealt with all that was said. */
static void await_bridge(void)
{
    static uint64_t n;
    par_buffer out = {0};
    const par_frame_beat beat = {.clock_ns = ++n};
    par_frame_beat answer = {0};
    par_frame_put_beat(&out, &beat);
    CHECK(say(&out));
    while (answer.echo_ns != n) {
        await_frame(PAR_FRAME_BEAT);
        CHECK_INT(par_frame_get_beat(&answer, body, 3 * sizeof n, &err), PAR_OK);
    }
    par_buffer_fini(&out);
}

static void say_started(void)
{
    par_buffer out = {0};
    put_started(&out);
    CHECK(say(&out));
    par_buffer_fini(&out);
}

#ifdef F_GETPIPE_SZ
/* Nobody has read what the child prints until all of its window lies in the bridge; then all of it is read at once. */
static void the_whole_window_of_output_may_be_sent_again(void)
{
    enum { PIECE = 16 << 10, WINDOW = 256 << 10 };
    static uint8_t bytes[PIECE];
    int pipe[2], granted = WINDOW, sent = 0;
    par_buffer out = {0};
    open_here();
    say_hello();
    CHECK_INT(par_os_pipe(&pipe[0], &pipe[1], &err), PAR_OK);
    par_channel *channel = start_child_with(pipe[1]);
    await_frame(PAR_FRAME_START);
    say_started();
    int room = fcntl(pipe[0], F_GETPIPE_SZ);
    CHECK(room > 0);
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_OUTPUT, 1, 1, 0);
    par_frame_bytes(&w, bytes, sizeof bytes);
    par_frame_end(&w);
    while (sent < room + WINDOW) {
        while (granted < PIECE) {
            par_frame frame = next_frame();
            if (frame.type == PAR_FRAME_OUTPUT) granted += frame.kind << 10;
        }
        CHECK(say(&out));
        sent += PIECE;
        granted -= PIECE;
    }
    CHECK_INT(granted, 0);
    await_bridge();
    uint8_t *all = malloc((size_t)room);
    CHECK_INT(read(pipe[0], all, (size_t)room), room);
    while (granted < WINDOW) {
        par_frame frame = next_frame();
        if (frame.type != PAR_FRAME_OUTPUT) continue;
        CHECK(frame.kind > 0);
        granted += frame.kind << 10;
    }
    free(all);
    par_channel_close(channel);
    par_os_close(pipe[0]);
    par_os_close(pipe[1]);
    par_buffer_fini(&out);
    close_here();
}
#else
static void the_whole_window_of_output_may_be_sent_again(void) {}
#endif

static void say_messages(unsigned n)
{
    static const uint8_t bytes[3000];
    par_buffer out = {0};
    for (unsigned i = 0; i < n; i++) {
        par_frame_writer w = par_frame_begin(&out, PAR_FRAME_MESSAGE, 1, 0, PAR_KIND_DATA);
        par_frame_bytes(&w, bytes, sizeof bytes);
        par_frame_end(&w);
    }
    CHECK(say(&out));
    await_bridge();
    par_buffer_fini(&out);
}

/* Two times what its ring holds, and the half of it waits in the bridge. */
static void what_had_come_is_there_after_the_host_has_come_again(void)
{
    par_message message;
    int rc, n = 0;
    open_here();
    say_hello();
    par_channel *channel = start_child();
    await_frame(PAR_FRAME_START);
    say_started();
    for (int i = 0; i < 2; i++) say_messages(20);
    par_os_close(here.to);
    here.to = -1;
    expect_loss("lost (end of stream)");
    say_hello();
    while ((rc = par_channel_receive(channel, &message, PATIENCE, &err)) == PAR_OK || rc == PAR_NOTICE) n += rc == PAR_OK;
    CHECK_INT(rc, PAR_E_CLOSED);
    CHECK_INT(n, 40);
    par_channel_close(channel);
    close_here();
}

/* Hosts that cannot be reached, with long reasons, which the program does not read now: an agent is answered all the same. */
static void a_program_that_does_not_read_holds_nobody_up(void)
{
    enum { N = 200 };
    static const char *const argv[] = {"sh", "-c", "printf %04000d 1 >&2; exit 1", NULL};
    open_here();
    say_hello();
    for (uint32_t i = 1; i <= N; i++) {
        const par_launch how = {.name = "nowhere", .argv = argv, .timeout_ms = 60000, .address = ""};
        CHECK_INT(par_client_launch(&here.client, HOST + i, &how, &err), PAR_OK);
    }
    int there = 0, before = -1; /* until nothing more comes: all answers, or what the socket holds */
    for (; there == 0 || there != before; par_os_sleep_ns(500000000)) {
        before = there;
        await_bridge(); /* an agent that says nothing for so long as this may take is given up */
        CHECK(ioctl(here.client.socket, FIONREAD, &there) == 0);
    }
    await_bridge();
    for (uint32_t i = 1; i <= N; i++) CHECK_INT(par_client_await(&here.client, HOST + i, PATIENCE, &err), PAR_E_CLOSED);
    close_here();
}

/* What an agent says in a short life. */
static par_buffer session(void)
{
    par_buffer out = {0};
    const par_frame_slot slot = {{1, 2}, 3, {4, 5}};
    put_started(&out);
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_MESSAGE, 1, 0, PAR_KIND_HELLO);
    par_frame_bytes(&w, "f", 1);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 1, 2, PAR_KIND_DATA);
    par_frame_u64(&w, 3);
    par_frame_u64(&w, 0);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_SIZES, 1, 0, 0);
    par_frame_u64(&w, 5);
    par_frame_end(&w);
    for (uint32_t part = 0; part < 3; part += 2) {
        w = par_frame_begin(&out, PAR_FRAME_BYTES, 1, part, 0);
        par_frame_bytes(&w, "12345", part ? 5 : 3);
        par_frame_end(&w);
    }
    par_frame_put_empty(&out, PAR_FRAME_CREDIT, 1, 4096, 0);
    w = par_frame_begin(&out, PAR_FRAME_OUTPUT, 1, 1, 0);
    par_frame_bytes(&w, "printed", 7);
    par_frame_end(&w);
    par_frame_put_slot(&out, 1, 0, &slot);
    w = par_frame_begin(&out, PAR_FRAME_NEED, 1, 0, 0);
    par_frame_bytes(&w, "module", 6);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_ENDED, 1, 0, 0);
    par_frame_u64(&w, 0);
    par_frame_end(&w);
    return out;
}

/* An agent that was let in lives so, and ends. */
static void live(const uint8_t *bytes, size_t len)
{
    const par_buffer out = {.data = (uint8_t *)(uintptr_t)bytes, .len = len};
    say_hello();
    par_channel *channel = start_child();
    say(&out);
    par_os_close(here.to);
    here.to = -1;
    expect_loss("host strange");
    par_channel_close(channel);
}

static void every_field_changed(void)
{
    par_buffer out = session();
    uint8_t *copy = malloc(out.len);
    open_here();
    for (size_t i = 0; i < out.len; i++)
        for (int way = 0; way < 2; way++) {
            memcpy(copy, out.data, out.len);
            copy[i] = way ? (uint8_t)~copy[i] : (uint8_t)(copy[i] + 1);
            live(copy, out.len);
        }
    live(out.data, out.len);
    close_here();
    free(copy);
    par_buffer_fini(&out);
}

static void on_told(void *context, const par_message *message)
{
    const char *why = (const char *)message->bytes;
    if (message->kind != PAR_KIND_LOST) return;
    for (size_t i = 0; i + 11 <= message->len; i++) *(bool *)context = *(bool *)context || memcmp(why + i, "descriptors", 11) == 0;
}

/* More children than it has descriptors for: the last one is refused with the reason, and the host goes on. */
static void a_bridge_without_descriptors_refuses_a_child(void)
{
    enum { N = 60 };
    const par_frame_start start = {.ring_bytes = 4096, .program = "", .fingerprint = "f", .cwd = ""};
    const int outputs[2] = {2, 2};
    par_channel *channels[N];
    bool told[N] = {0};
    par_message message;
    int rc;
    most_descriptors = 40;
    open_here();
    say_hello();
    for (uint32_t i = 0; i < N; i++) {
        int fd;
        const par_channel_owner owner = {.context = &told[i], .on_control = on_told};
        CHECK_INT(par_channel_open(&channels[i], 4096, &owner, &fd, &err), PAR_OK);
        CHECK_INT(par_client_start(&here.client, HOST, i + 1, &start, NULL, fd, outputs, &err), PAR_OK);
        par_os_close(fd);
    }
    while ((rc = par_channel_receive(channels[N - 1], &message, PATIENCE, &err)) == PAR_NOTICE) {}
    CHECK_INT(rc, PAR_E_CLOSED);
    CHECK(told[N - 1]);
    await_bridge();
    CHECK_INT(par_client_state(&here.client, HOST), PAR_HOST_UP);
    CHECK_INT(par_channel_receive(channels[0], &message, 0, &err), PAR_E_TIMEOUT);
    for (int i = 0; i < N; i++) par_channel_close(channels[i]);
    close_here();
}

/* The program takes any age of a claim for one that can be. */
static void a_claim_of_any_age(void)
{
    static const uint64_t ages[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    for (unsigned i = 0; i < sizeof ages / sizeof *ages; i++)
        for (int slots = 0; slots < 2; slots++) {
            int64_t age_ns, limit_ns = par_os_now_ns();
            par_link link = {0};
            const par_told_retracted retracted = {.age_ns = ages[i]};
            const par_told_slot told = {.age_ns = ages[i]};
            const par_message message = slots ? (par_message){.kind = PAR_KIND_SLOT, .bytes = (const void *)&told, .len = sizeof told}
                                              : (par_message){
                                                    .kind = PAR_KIND_RETRACTED, .bytes = (const void *)&retracted, .len = sizeof retracted};
            CHECK(par_apart_take(&link, &message));
            par_apart_look(&link, 0, &age_ns);
            CHECK(age_ns >= 0 && (age_ns <= limit_ns || ages[i] < 2));
        }
}

TAP_MAIN(TEST(who_sends_more_than_he_may_is_cut_off), TEST(and_who_does_so_in_pieces), TEST(answers_to_nothing_are_refused),
         TEST(the_whole_window_of_output_may_be_sent_again), TEST(what_had_come_is_there_after_the_host_has_come_again),
         TEST(a_program_that_does_not_read_holds_nobody_up), TEST(a_bridge_without_descriptors_refuses_a_child), TEST(every_field_changed),
         TEST(a_claim_of_any_age))
