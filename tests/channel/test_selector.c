/* Waiting for many: selectors, and descriptors for other event loops. */
#include <poll.h>

#include "peers.h"

static void echo(par_channel *channel)
{
    par_error err;
    par_message message;
    while (par_channel_receive(channel, &message, PAR_NEVER, &err) == PAR_OK) {
        CHECK_INT(par_channel_send(channel, 1, message.bytes, message.len, NULL, 0, PAR_NEVER, &err), PAR_OK);
        par_channel_release(channel, &message);
    }
    CHECK_INT(err.code, PAR_E_CLOSED);
}

static int readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms);
}

enum { N = 20, ROUNDS = 3000 };

static void messages_of_many_are_all_found(void)
{
    static peers p[N];
    static int expected[N], left;
    par_error err;
    par_selector *selector;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    for (int i = 0; i < N; i++) {
        peers_start(&p[i], 16384, echo);
        CHECK_INT(par_selector_add(selector, p[i].channel, &p[i], &err), PAR_OK);
        CHECK_INT(par_selector_add(selector, p[i].channel, &p[i], &err), PAR_E_INVALID);
    }
    unsigned random = 1;
    for (int sent = 0; sent < ROUNDS || left;) {
        if (sent < ROUNDS) {
            random = random * 1103515245u + 12345u;
            int i = (int)(random >> 16) % N;
            CHECK_INT(par_channel_send(p[i].channel, 1, &i, sizeof i, NULL, 0, PAR_NEVER, &err), PAR_OK);
            expected[i]++;
            left++;
            sent++;
            if (random >> 28) continue;
        }
        void *user;
        par_message message;
        CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
        peers *from = user;
        CHECK_INT(par_channel_receive(from->channel, &message, 0, &err), PAR_OK);
        expected[from - p]--;
        left--;
    }
    for (int i = 0; i < N; i++) CHECK_INT(expected[i], 0);
    void *user;
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(par_selector_wait(selector, &user, MILLISECONDS(120), &err), PAR_E_TIMEOUT);
    for (int i = 0; i < N / 2; i++) par_selector_remove(selector, p[i].channel);
    for (int i = 0; i < N; i++) peers_end(&p[i]); /* those still in it remove themselves */
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_CLOSED);
    par_selector_close(selector);
}

static void ends(par_channel *channel) { (void)channel; }

static void an_end_is_found(void)
{
    peers p, quiet;
    par_error err;
    par_message message;
    par_selector *selector;
    void *user;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    peers_start(&quiet, 16384, echo);
    CHECK_INT(par_selector_add(selector, quiet.channel, &quiet, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT);
    peers_start(&p, 16384, ends);
    CHECK_INT(par_selector_add(selector, p.channel, &p, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    CHECK(user == &p);
    CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK); /* and goes on being found */
    CHECK(user == &p);
    peers_end(&p);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT);
    par_selector_close(selector);
    peers_end(&quiet);
}

static void channels_take_turns(void)
{
    enum { FEW = 4 };
    par_channel *a[FEW], *b[FEW];
    par_error err;
    par_message message;
    par_selector *selector;
    int fd, turns[FEW] = {0};
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    for (int i = 0; i < FEW; i++) {
        CHECK_INT(par_channel_open(&a[i], 16384, NULL, &fd, &err), PAR_OK);
        CHECK_INT(par_channel_attach(&b[i], fd, NULL, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_selector_add(selector, a[i], &turns[i], &err), PAR_OK);
        for (int k = 0; k < 100; k++) CHECK_INT(par_channel_send(b[i], 1, "", 0, NULL, 0, PAR_NEVER, &err), PAR_OK);
    }
    for (int k = 0; k < 100; k++) {
        void *user;
        CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_OK);
        int i = (int)((int *)user - turns);
        turns[i]++;
        CHECK_INT(par_channel_receive(a[i], &message, 0, &err), PAR_OK);
    }
    for (int i = 0; i < FEW; i++) CHECK_INT(turns[i], 25);
    par_selector_close(selector);
    for (int i = 0; i < FEW; i++) {
        par_channel_close(a[i]);
        par_channel_close(b[i]);
    }
}

static void a_message_before_the_descriptor_makes_it_readable(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    int peer, fd;
    CHECK_INT(par_channel_open(&a, 16384, NULL, &peer, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, peer, NULL, SECONDS(60), &err), PAR_OK);
    send_pattern(b, 1, 10, 1);
    send_pattern(b, 1, 10, 1);
    CHECK_INT(par_channel_fd(a, &fd, &err), PAR_OK);
    CHECK_INT(readable(fd, 5000), 1);
    receive_pattern(a, 1, 10, 1);
    CHECK_INT(readable(fd, 5000), 1); /* one more */
    CHECK_INT(par_channel_receive(a, &message, 0, &err), PAR_OK);
    CHECK_INT(par_channel_unreceive(a, &message, &err), PAR_OK);
    CHECK_INT(readable(fd, 5000), 1);
    receive_pattern(a, 1, 10, 1);
    CHECK_INT(par_channel_receive(a, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(readable(fd, 0), 0);
    send_pattern(b, 1, 10, 1);
    CHECK_INT(readable(fd, 5000), 1);
    CHECK(par_channel_ready(a));
    CHECK_INT(readable(fd, 5000), 1);
    CHECK_INT(par_channel_absorb(a, 0, &err), PAR_OK); /* into the inbox */
    CHECK_INT(readable(fd, 5000), 1);
    receive_pattern(a, 1, 10, 1);
    CHECK(!par_channel_ready(a));
    CHECK_INT(readable(fd, 0), 0);
    par_channel_close(b);
    CHECK_INT(readable(fd, 5000), 1);
    CHECK_INT(par_channel_receive(a, &message, 0, &err), PAR_E_CLOSED);
    CHECK_INT(readable(fd, 5000), 1);
    par_channel_close(a);
}

enum { STREAM = 100000 };

static void streams(par_channel *channel)
{
    par_error err;
    unsigned random = 7;
    for (int i = 0; i < STREAM; i++) {
        CHECK_INT(par_channel_send(channel, 1, &i, sizeof i, NULL, 0, PAR_NEVER, &err), PAR_OK);
        random = random * 1103515245u + 12345u;
        if ((random >> 16) % 64 == 0)
            for (unsigned k = (random >> 20) % 2000; k; k--) par_os_pause();
    }
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, PAR_NEVER, &err), PAR_E_CLOSED);
}

/* An event loop: sleeps on the descriptor, takes some or all messages, sleeps again. A lost wake-up would hang here. */
static void loop_over(par_channel *channel, int fd, int greedy)
{
    par_error err;
    par_message message;
    for (int next = 0; next < STREAM;) {
        CHECK_INT(readable(fd, 60000), 1);
        do {
            int rc = par_channel_receive(channel, &message, 0, &err);
            if (rc == PAR_E_TIMEOUT) break;
            CHECK_INT(rc, PAR_OK);
            int got;
            memcpy(&got, message.bytes, sizeof got);
            CHECK_INT(got, next);
            next++;
        } while (greedy && next < STREAM);
    }
}

static void no_wake_up_is_lost_through_the_descriptor(void)
{
    for (int greedy = 0; greedy < 2; greedy++) {
        peers p;
        par_error err;
        int fd;
        peers_start(&p, 16384, streams);
        CHECK_INT(par_channel_fd(p.channel, &fd, &err), PAR_OK);
        loop_over(p.channel, fd, greedy);
        peers_end(&p);
    }
}

/* What one of the two kinds of loops finds. */
static int found_by(par_selector *selector, bool resting, int fd, void **user)
{
    par_error err;
    bool waits = !resting || par_selector_rests(selector);
    if (waits) CHECK_INT(readable(fd, 60000), 1);
    return resting ? par_selector_look(selector, user, waits) : par_selector_wait(selector, user, 0, &err);
}

static void no_wake_up_is_lost(bool resting)
{
    enum { FEW = 3 };
    peers p[FEW];
    int next[FEW] = {0}, fd;
    par_error err;
    par_selector *selector;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(resting ? par_selector_resting_fd(selector, &fd, &err) : par_selector_fd(selector, &fd, &err), PAR_OK);
    for (int i = 0; i < FEW; i++) {
        peers_start(&p[i], 16384, streams);
        CHECK_INT(par_selector_add(selector, p[i].channel, &next[i], &err), PAR_OK);
    }
    for (int total = 0; total < FEW * STREAM;) {
        void *user;
        par_message message;
        int rc = found_by(selector, resting, fd, &user);
        if (rc == PAR_E_TIMEOUT || rc == PAR_E_AGAIN) continue;
        CHECK_INT(rc, PAR_OK);
        int i = (int)((int *)user - next);
        CHECK_INT(par_channel_receive(p[i].channel, &message, 0, &err), PAR_OK);
        int got;
        memcpy(&got, message.bytes, sizeof got);
        CHECK_INT(got, next[i]);
        next[i]++;
        total++;
    }
    for (int i = 0; i < FEW; i++) peers_end(&p[i]);
    CHECK_INT(readable(fd, 0) <= 1, 1);
    par_selector_close(selector);
}

static void no_wake_up_is_lost_through_a_selectors_descriptor(void) { no_wake_up_is_lost(false); }
static void no_wake_up_is_lost_while_a_selector_rests(void) { no_wake_up_is_lost(true); }

static void a_selector_whose_last_channel_has_gone_is_quiet(void)
{
    peers p;
    par_error err;
    int fd;
    void *user;
    par_selector *selector;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_fd(selector, &fd, &err), PAR_OK);
    peers_start(&p, 16384, ends);
    CHECK_INT(par_selector_add(selector, p.channel, &p, &err), PAR_OK);
    CHECK_INT(readable(fd, 0), 1);
    par_selector_remove(selector, p.channel);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_CLOSED);
    CHECK_INT(readable(fd, 0), 0); /* or who waits for it would never sleep */
    peers_end(&p);
    par_selector_close(selector);
}

static void says_one(par_channel *channel)
{
    par_error err;
    par_message message;
    par_os_sleep_ns(50000000); /* by then the selector rests, most likely: a bell is needed */
    CHECK_INT(par_channel_send(channel, 1, "x", 1, NULL, 0, PAR_NEVER, &err), PAR_OK);
    CHECK_INT(par_channel_receive(channel, &message, PAR_NEVER, &err), PAR_E_CLOSED);
}

static void a_resting_selector_whose_messages_are_read_is_quiet(void)
{
    enum { LOOKS_MAX = 1000 };
    peers p;
    par_error err;
    int fd, got = 0, looks = 0;
    void *user;
    par_selector *selector;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_resting_fd(selector, &fd, &err), PAR_OK);
    peers_start(&p, 16384, says_one);
    CHECK_INT(par_selector_add(selector, p.channel, &p, &err), PAR_OK);
    while (looks < LOOKS_MAX && (!got || !par_selector_rests(selector) || readable(fd, 20))) {
        looks++;
        if (found_by(selector, true, fd, &user) != PAR_OK) continue;
        par_message message;
        got += par_channel_receive(p.channel, &message, 0, &err) == PAR_OK;
    }
    CHECK_INT(got, 1);
    CHECK_INT(looks < LOOKS_MAX, 1); /* or who waits for it would never sleep */
    peers_end(&p);
    par_selector_close(selector);
}

TAP_MAIN(TEST(messages_of_many_are_all_found), TEST(an_end_is_found), TEST(channels_take_turns),
         TEST(a_message_before_the_descriptor_makes_it_readable), TEST(no_wake_up_is_lost_through_the_descriptor),
         TEST(no_wake_up_is_lost_through_a_selectors_descriptor), TEST(no_wake_up_is_lost_while_a_selector_rests),
         TEST(a_selector_whose_last_channel_has_gone_is_quiet), TEST(a_resting_selector_whose_messages_are_read_is_quiet))
