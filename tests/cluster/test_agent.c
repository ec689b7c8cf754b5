/* An agent whose bridge says what it likes: it ends, in good order, and takes nothing with it. */
#include "cluster/agent.h"

#include <sys/socket.h>

#include "base/limits.h"
#include "cluster/frame.h"
#include "link/protocol.h"
#include "peers.h"

static par_error err;

/* An agent in a process of its own; its children would be /bin/cat. Returns our end of the connection. */
static int start_agent(pid_t *pid)
{
    int fd[2];
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    *pid = fork();
    CHECK(*pid >= 0);
    if (*pid == 0) {
        const par_agent_options options = {"/bin/cat", "a", "b", "fingerprint"};
        par_os_close(fd[0]);
        alarm(60);
        par_wire *wire = par_wire_open(fd[1], fd[1]);
        par_agent_serve_wire(&options, wire, &err);
        exit(0); /* not _exit: sanitizers report at exit */
    }
    par_os_close(fd[1]);
    return fd[0];
}

static void put(int fd, const void *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        int n = par_os_socket_write(fd, (const uint8_t *)bytes + done, len - done, NULL, 0);
        if (n > 0) done += (size_t)n;
        else if (n == PAR_E_AGAIN) par_os_wait_fd(fd, PAR_OS_WRITABLE, SECONDS(60));
        else return; /* the agent has had enough */
    }
}

/* Reads what it says, until it ends. */
static void drain(int fd)
{
    uint8_t bytes[65536];
    for (;;) {
        int n_fds, n = par_os_socket_read(fd, bytes, sizeof bytes, NULL, 0, &n_fds);
        if (n == PAR_E_AGAIN && par_os_wait_fd(fd, PAR_OS_READABLE, SECONDS(60)) > 0) continue;
        if (n <= 0) return;
    }
}

static void expect_good_end(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

/* A group of child 1 and of two members elsewhere: it is made, one of them says something, the channel to him ends. */
static void put_group(par_buffer *out)
{
    static const uint32_t members[3][2] = {{1, 1}, {0, 0}, {2, 0}};
    uint8_t said[16 + 24 + 56] = {1, 0, 0, 0, 1, 0, 0, 0, 2}, bytes[16 + 5] = {2, 0, 0, 0, 1, 0, 0, 0, 8}, gone[16] = {5, 0, 0, 0, 2};
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_GROUP, 0, 7, 0);
    par_frame_u32(&w, 3);
    par_frame_u32(&w, 1);
    par_frame_u32(&w, 1);
    par_frame_u64(&w, 4096);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) par_frame_u32(&w, members[i][k]);
    par_frame_end(&w);
    for (uint32_t other = 1; other < 3; other++) {
        w = par_frame_begin(out, PAR_FRAME_PEER, 1 + other, 7, 0);
        par_frame_u32(&w, 0);
        par_frame_u32(&w, other);
        par_frame_u64(&w, 4096);
        par_frame_end(&w);
    }
    w = par_frame_begin(out, PAR_FRAME_MESSAGE, 1, 0, PAR_KIND_GROUP);
    par_frame_u32(&w, 7);
    par_frame_bytes(&w, "told", 4);
    par_frame_end(&w);
    const uint8_t *const changes[] = {bytes, said, gone};
    const size_t lens[] = {sizeof bytes, sizeof said, sizeof gone};
    for (int i = 0; i < 3; i++) {
        w = par_frame_begin(out, PAR_FRAME_BOARD, 0, 7, 0);
        par_frame_bytes(&w, changes[i], lens[i]);
        par_frame_end(&w);
    }
    par_frame_put_empty(out, PAR_FRAME_PEER_END, 2, 0, 0);
}

/* What a bridge says in a short life: a welcome, a child, messages short and long, credit, words, signals. */
static par_buffer session(void)
{
    static const char *const env[] = {"A=b", "HOME", NULL};
    par_buffer out = {0};
    par_frame_welcome welcome = {65536, 1000, 5000};
    par_frame_start start = {.ring_bytes = 65536, .flags = 0, .program = "", .fingerprint = "f", .cwd = "/"};
    par_frame_slot slot = {{(uint64_t)5 << 32, 0}, 0, {1, 0}};
    par_frame_put_welcome(&out, &welcome);
    par_frame_put_start(&out, 1, 1, &start, env);
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_MESSAGE, 1, 0, 1);
    par_frame_bytes(&w, "settings", 8);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 1, 2, 3);
    par_frame_u64(&w, 3);
    par_frame_u64(&w, 0);
    par_frame_u64(&w, 5);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BYTES, 1, 0, 0);
    par_frame_bytes(&w, "abc", 3);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BYTES, 1, 2, 0);
    par_frame_bytes(&w, "12345", 5);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 0, 1, 5); /* what is kept, for whoever gets it */
    par_frame_u64(&w, 2);
    par_frame_u64(&w, 4);
    par_frame_end(&w);
    for (uint32_t part = 0; part < 2; part++) {
        w = par_frame_begin(&out, PAR_FRAME_BYTES, 0, part, 0);
        par_frame_bytes(&w, "1234", part ? 4 : 2);
        par_frame_end(&w);
    }
    par_frame_put_empty(&out, PAR_FRAME_KEPT, 1, 5, 3);
    par_frame_put_empty(&out, PAR_FRAME_KEPT, 1, 5, 3);
    par_frame_put_empty(&out, PAR_FRAME_DROP, 0, 5, 0);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 0, 0, 6); /* a part of messages */
    par_frame_u64(&w, 4);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BYTES, 0, 0, 0);
    par_frame_bytes(&w, "1234", 4);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 1, 1, 3);
    par_frame_u64(&w, 4);
    par_frame_u64(&w, 4);
    par_frame_end(&w);
    for (int part = 0; part < 2; part++) par_frame_put_empty(&out, PAR_FRAME_KEPT_PART, 1, 6, 0);
    w = par_frame_begin(&out, PAR_FRAME_BEGIN, 0, 0, 5); /* not all of it comes */
    par_frame_u64(&w, 10);
    par_frame_end(&w);
    par_frame_put_empty(&out, PAR_FRAME_DROP, 0, 5, 0);
    par_frame_put_slot(&out, 1, 0, &slot);
    par_frame_put_empty(&out, PAR_FRAME_CREDIT, 1, 4096, 0);
    w = par_frame_begin(&out, PAR_FRAME_RETRACT, 1, 0, 0);
    par_frame_u32(&w, 2);
    par_frame_end(&w);
    par_frame_put_empty(&out, PAR_FRAME_SIGNAL, 1, 18, 0);
    par_frame_put_empty(&out, PAR_FRAME_OUTPUT, 1, 1, 4);
    put_group(&out);
    par_frame_put_empty(&out, PAR_FRAME_CLOSE, 1, 0, 0);
    par_frame_put_text(&out, PAR_FRAME_BYE, 0, 0, "done");
    return out;
}

static void run(const uint8_t *bytes, size_t len)
{
    pid_t pid;
    int fd = start_agent(&pid);
    put(fd, bytes, len);
    shutdown(fd, SHUT_WR);
    drain(fd);
    par_os_close(fd);
    expect_good_end(pid);
}

static void a_session_ends_well(void)
{
    par_buffer out = session();
    run(out.data, out.len);
    par_buffer_fini(&out);
}

static void one_who_says_nothing_and_goes(void) { run(NULL, 0); }

static void half_a_frame_and_then_nothing(void)
{
    par_buffer out = session();
    for (size_t cut = 1; cut < out.len; cut += 7) run(out.data, cut);
    par_buffer_fini(&out);
}

static void garbage(void)
{
    uint8_t bytes[4096];
    for (unsigned seed = 0; seed < 20; seed++) {
        pattern_fill(bytes, sizeof bytes, seed);
        run(bytes, sizeof bytes);
    }
}

/* Each field of each frame of the session: every byte of the headers, and those of short bodies, changed in two ways. */
static void every_field_changed(void)
{
    par_buffer out = session();
    uint8_t *copy = malloc(out.len);
    for (size_t i = 0; i < out.len; i++)
        for (int way = 0; way < 2; way++) {
            memcpy(copy, out.data, out.len);
            copy[i] = way ? (uint8_t)~copy[i] : (uint8_t)(copy[i] + 1);
            run(copy, out.len);
        }
    free(copy);
    par_buffer_fini(&out);
}

/* A message that is announced and never comes takes no memory for what was announced. */
static void announced_bytes_take_no_memory(void)
{
    par_buffer out = session();
    out.len = 0;
    par_frame_welcome welcome = {65536, 1000, 5000};
    par_frame_start start = {.ring_bytes = 65536, .program = "", .fingerprint = "f", .cwd = ""};
    par_frame_put_welcome(&out, &welcome);
    par_frame_put_start(&out, 1, 1, &start, NULL);
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_BEGIN, 1, 0, 3);
    par_frame_u64(&w, PAR_MESSAGE_MAX_BYTES);
    par_frame_end(&w);
    run(out.data, out.len);
    par_buffer_fini(&out);
}

static void read_all(int fd, uint8_t *bytes, size_t len)
{
    for (size_t got = 0; got < len;) {
        int n_fds, n = par_os_socket_read(fd, bytes + got, len - got, NULL, 0, &n_fds);
        if (n > 0) got += (size_t)n;
        else CHECK(n == PAR_E_AGAIN && par_os_wait_fd(fd, PAR_OS_READABLE, SECONDS(60)) > 0);
    }
}

/* Until the agent says this of this stream; it may not end before. */
static void await_frame(int fd, par_frame_type type, uint32_t stream)
{
    uint8_t head[PAR_FRAME_HEADER_BYTES], body[PAR_FRAME_MAX_BYTES];
    par_frame frame;
    do {
        read_all(fd, head, sizeof head);
        CHECK_INT(par_frame_get(&frame, head, PAR_FROM_AGENT, &err), PAR_OK);
        read_all(fd, body, frame.len);
    } while (frame.type != type || frame.stream != stream);
}

/* The number of a channel of a group is a child's at once, when both ends have said that they are done with it. */
static void a_number_is_used_again_at_once(void)
{
    static const uint32_t members[2][2] = {{1, 1}, {0, 0}};
    par_buffer out = {0};
    par_frame_welcome welcome = {65536, 1000, 5000};
    par_frame_start start = {.ring_bytes = 65536, .program = "", .fingerprint = "f", .cwd = ""};
    pid_t pid;
    int fd = start_agent(&pid);
    par_frame_put_welcome(&out, &welcome);
    par_frame_put_start(&out, 1, 1, &start, NULL);
    par_frame_writer w = par_frame_begin(&out, PAR_FRAME_GROUP, 0, 7, 0);
    par_frame_u32(&w, 2);
    par_frame_u32(&w, 1);
    par_frame_u32(&w, 1);
    par_frame_u64(&w, 4096);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) par_frame_u32(&w, members[i][k]);
    par_frame_end(&w);
    w = par_frame_begin(&out, PAR_FRAME_PEER, 2, 7, 0);
    par_frame_u32(&w, 0);
    par_frame_u32(&w, 1);
    par_frame_u64(&w, 4096);
    par_frame_end(&w);
    put(fd, out.data, out.len);
    await_frame(fd, PAR_FRAME_PEER_END, 2); /* the child has ended, and was not told of its group */
    out.len = 0;
    par_frame_put_empty(&out, PAR_FRAME_PEER_END, 2, 0, 0);
    par_frame_put_start(&out, 2, 2, &start, NULL);
    put(fd, out.data, out.len);
    await_frame(fd, PAR_FRAME_ENDED, 2);
    par_os_close(fd);
    expect_good_end(pid);
    par_buffer_fini(&out);
}

TAP_MAIN(TEST(a_session_ends_well), TEST(one_who_says_nothing_and_goes), TEST(half_a_frame_and_then_nothing), TEST(garbage),
         TEST(every_field_changed), TEST(announced_bytes_take_no_memory), TEST(a_number_is_used_again_at_once))
