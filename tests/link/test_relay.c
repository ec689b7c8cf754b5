/* The output of children: whole lines with a prefix, or kept up to a limit; whoever holds it open does not hold us. */
#include "link/relay.h"

#include "os/os.h"
#include "tap.h"

#define SOON (par_os_now_ns() + INT64_C(100000000000))

static par_error err;

static void put(int fd, const char *text) { CHECK_INT(write(fd, text, strlen(text)), strlen(text)); }

static void what_is_kept_is_all_of_it_in_order(void)
{
    par_relay *relay;
    int fds[2];
    CHECK_INT(par_relay_open(&relay, PAR_RELAY_CAPTURE, "", fds, &err), PAR_OK);
    put(fds[0], "one\ntw");
    put(fds[1], "other");
    put(fds[0], "o\n");
    close(fds[0]);
    close(fds[1]);
    par_relay_finish(relay, SOON);
    const char *want[] = {"one\ntwo\n", "other"};
    for (int i = 0; i < 2; i++) {
        char *bytes;
        size_t len;
        uint64_t dropped;
        CHECK_INT(par_relay_take(relay, i, &bytes, &len, &dropped), PAR_OK);
        CHECK_INT(len, strlen(want[i]));
        CHECK(memcmp(bytes, want[i], len) == 0 && dropped == 0);
        free(bytes);
    }
    par_relay_close(relay);
    par_relay_close(NULL);
}

/* A grandchild may hold the streams open: the deadline ends the wait, the thread goes on and cleans up by itself. */
static void a_stream_held_open_does_not_hold_finish(void)
{
    par_relay *relay;
    int fds[2];
    CHECK_INT(par_relay_open(&relay, PAR_RELAY_CAPTURE, "", fds, &err), PAR_OK);
    put(fds[0], "so far");
    char *bytes = NULL;
    size_t len = 0;
    uint64_t dropped;
    for (int64_t limit_ns = SOON; len < 6 && par_os_now_ns() < limit_ns; free(bytes)) {
        par_relay_finish(relay, par_os_now_ns() + 1000000);
        CHECK_INT(par_relay_take(relay, 0, &bytes, &len, &dropped), PAR_OK);
    }
    CHECK_INT(len, 6);
    par_relay_close(relay);
    put(fds[0], "nobody reads it, and it does no harm");
    close(fds[0]);
    close(fds[1]);
}

/* Whoever asks after a child's end gets what it had written, however late the thread comes to it. */
static void what_was_written_before_is_waited_for(void)
{
    static char text[50001];
    memset(text, 'x', sizeof text - 1);
    for (int round = 0; round < 20; round++) {
        par_relay *relay;
        int fds[2];
        char *bytes;
        size_t len;
        uint64_t dropped;
        CHECK_INT(par_relay_open(&relay, PAR_RELAY_CAPTURE, "", fds, &err), PAR_OK);
        put(fds[0], text);
        par_relay_finish(relay, par_os_now_ns());
        while (par_relay_has_rest(relay)) par_relay_finish(relay, par_os_now_ns() + 1000000);
        CHECK_INT(par_relay_take(relay, 0, &bytes, &len, &dropped), PAR_OK);
        CHECK_INT(len, sizeof text - 1);
        free(bytes);
        par_relay_close(relay);
        close(fds[0]);
        close(fds[1]);
    }
}

static void lines_get_a_prefix_each(void)
{
    int out[2], kept = dup(1);
    CHECK(kept >= 0 && pipe(out) == 0 && dup2(out[1], 1) == 1);
    par_relay *relay;
    int fds[2];
    CHECK_INT(par_relay_open(&relay, PAR_RELAY_PREFIX, "[7] ", fds, &err), PAR_OK);
    put(fds[0], "a\n\nb");
    put(fds[0], "c\nlast without an end");
    close(fds[0]);
    close(fds[1]);
    par_relay_finish(relay, SOON);
    par_relay_close(relay);
    dup2(kept, 1);
    close(out[1]);
    char text[200] = "";
    size_t len = 0;
    for (ssize_t n; (n = read(out[0], text + len, sizeof text - 1 - len)) > 0;) len += (size_t)n;
    printf("# %s\n", strcmp(text, "[7] a\n[7] \n[7] bc\n[7] last without an end\n") ? text : "as it should be");
    CHECK(strcmp(text, "[7] a\n[7] \n[7] bc\n[7] last without an end\n") == 0);
}

TAP_MAIN(TEST(what_is_kept_is_all_of_it_in_order), TEST(a_stream_held_open_does_not_hold_finish),
         TEST(what_was_written_before_is_waited_for), TEST(lines_get_a_prefix_each))
