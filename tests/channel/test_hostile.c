/* Peers that misbehave: they scribble, stop reading, end in the middle. The other side gets an error or a timeout. */
#include <sys/resource.h>

#include "channel/state.h"
#include "peers.h"

#ifndef RUSAGE_THREAD /* a sanitizer has threads of its own */
#define RUSAGE_THREAD RUSAGE_SELF
#endif

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Values that are more interesting than noise. */
static uint64_t nasty(uint64_t *state)
{
    static const uint64_t some[] = {0, 8, 16, 64, 16384, UINT64_MAX, (uint64_t)1 << 63, (uint64_t)1 << 46, UINT64_MAX - 7};
    uint64_t r = next_random(state);
    if (r % 4 == 0) return r;
    if (r % 4 == 1) return par_record_word(r >> 50, r >> 20 & 0xff, r >> 30 & 1);
    return some[(r >> 8) % (sizeof some / sizeof *some)];
}

static void scribble(par_channel *channel)
{
    uint64_t state = (uint64_t)getpid() * 0x9e3779b97f4a7c15u | 1;
    int64_t end = MILLISECONDS(300);
    uint64_t *parts[] = {channel->header, (uint64_t *)(void *)channel->out.data, (uint64_t *)(uintptr_t)(const void *)channel->in.data};
    const size_t words[] = {sizeof(par_segment_header) / 8, channel->out.capacity / 8, channel->in.capacity / 8};
    while (par_os_now_ns() < end) {
        for (int i = 0; i < 200; i++) {
            unsigned part = next_random(&state) % 3;
            __atomic_store_n(&parts[part][next_random(&state) % words[part]], nasty(&state), __ATOMIC_RELAXED);
        }
        /* Now and then something that passes, to get further in. */
        atomic_store(&channel->out.words->head, atomic_load(&channel->in.words->tail) & ~(uint64_t)7);
        par_os_socket_write(channel->socket, "???", 3, NULL, 0);
    }
    _exit(0);
}

/* Any outcome will do, but there has to be one. */
static void talk_to(par_channel *channel)
{
    par_error err;
    par_message message;
    static uint8_t bytes[40000];
    for (int i = 0; i < 400; i++) {
        int rc = par_channel_receive(channel, &message, MILLISECONDS(2), &err);
        if (rc == PAR_OK) {
            volatile uint8_t sum = 0;
            for (size_t k = 0; k < message.len; k++) sum = (uint8_t)(sum + message.bytes[k]);
            par_channel_release(channel, &message);
        }
        size_t len;
        const uint8_t *next = par_channel_next_short(channel, (uint32_t)i & 3, 64, &len);
        if (next) {
            CHECK(len <= 64);
            par_channel_skip_short(channel, len);
        }
        par_channel_ready(channel);
        par_channel_has_data(channel);
        rc = par_channel_send(channel, 1, bytes, i % 2 ? 100 : sizeof bytes, NULL, 0, MILLISECONDS(2), &err);
        if (rc == PAR_E_CORRUPT || rc == PAR_E_CLOSED) return;
    }
}

static void a_peer_that_scribbles_all_over(void)
{
    for (int i = 0; i < 40; i++) {
        peers p;
        peers_start(&p, 16384, scribble);
        talk_to(p.channel);
        par_channel_close(p.channel);
        CHECK(kill(p.child, SIGKILL) == 0);
        CHECK(waitpid(p.child, NULL, 0) == p.child);
    }
}

static void reads_nothing(par_channel *channel)
{
    (void)channel;
    pause();
}

static void stop(peers *p)
{
    CHECK(kill(p->child, SIGKILL) == 0);
    CHECK(waitpid(p->child, NULL, 0) == p->child);
    par_channel_close(p->channel);
}

static void a_peer_that_never_reads(void)
{
    peers p;
    par_error err;
    size_t room;
    uint8_t bytes[1000] = {0};
    peers_start(&p, 16384, reads_nothing);
    int sent = 0, rc;
    while ((rc = par_channel_send(p.channel, 1, bytes, sizeof bytes, NULL, 0, MILLISECONDS(30), &err)) == PAR_OK) sent++;
    CHECK_INT(rc, PAR_E_TIMEOUT);
    CHECK(sent >= 14 && sent <= 16);
    CHECK(par_channel_claim(p.channel, sizeof bytes, &room) == NULL);
    par_payload payload = {.data = bytes, .bytes = sizeof bytes};
    rc = par_channel_send(p.channel, 1, bytes, sizeof bytes, &payload, 1, MILLISECONDS(30), &err);
    CHECK_INT(rc, PAR_E_TIMEOUT);
    stop(&p);
}

static void reads_later(par_channel *channel)
{
    while (!atomic_load(par_channel_words(channel))) par_os_sleep_ns(1000000);
    receive_pattern(channel, 1, 3000000, 1);
    receive_pattern(channel, 2, 50, 2);
    receive_pattern(channel, 3, 3000000, 3);
}

static void a_message_that_began_in_time_is_finished_later(void)
{
    peers p;
    par_error err;
    par_message message;
    uint8_t *bytes = malloc(3000000);
    peers_start(&p, 16384, reads_later);
    pattern_fill(bytes, 3000000, 1);
    /* A part is out when the time is over: the rest has to follow. */
    CHECK_INT(par_channel_send(p.channel, 1, bytes, 3000000, NULL, 0, MILLISECONDS(20), &err), PAR_OK);
    memset(bytes, 0, 3000000); /* it was copied */
    pattern_fill(bytes, 50, 2);
    CHECK_INT(par_channel_send(p.channel, 2, bytes, 50, NULL, 0, MILLISECONDS(20), &err), PAR_E_TIMEOUT);
    atomic_store(par_channel_words(p.channel), 1); /* now it may read */
    CHECK_INT(par_channel_send(p.channel, 2, bytes, 50, NULL, 0, SECONDS(60), &err), PAR_OK);
    pattern_fill(bytes, 3000000, 3);
    CHECK_INT(par_channel_send(p.channel, 3, bytes, 3000000, NULL, 0, MILLISECONDS(0), &err), PAR_OK);
    free(bytes);
    /* Waiting for an answer sends the rest too. */
    CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
    peers_end(&p);
}

static void dies_in_the_middle(par_channel *channel)
{
    static uint8_t bytes[64 << 20]; /* more than goes through in the time it has */
    par_error err;
    send_pattern(channel, 1, 1000, 1);
    par_channel_send(channel, 2, bytes, sizeof bytes, NULL, 0, MILLISECONDS(1), &err);
    kill(getpid(), SIGKILL);
}

static void a_half_message_is_dropped(void)
{
    for (int i = 0; i < 10; i++) {
        peers p;
        par_error err;
        par_message message;
        peers_start(&p, 16384, dies_in_the_middle);
        if (i % 2) CHECK(waitpid(p.child, NULL, 0) == p.child);
        receive_pattern(p.channel, 1, 1000, 1);
        CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
        if (i % 2 == 0) CHECK(waitpid(p.child, NULL, 0) == p.child);
        par_channel_close(p.channel);
    }
}

static void floods(par_channel *channel)
{
    par_error err;
    uint8_t bytes[4000] = {0};
    while (par_channel_send(channel, 1, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &err) == PAR_OK) continue;
}

/* Two that both send for ever: the inbox has a limit. */
static void the_inbox_has_a_limit(void)
{
    peers p;
    par_error err;
    static uint8_t bytes[100000];
    peers_start(&p, 16384, floods);
    p.channel->inbox_limit = 1 << 20;
    int rc;
    do rc = par_channel_send(p.channel, 1, bytes, sizeof bytes, NULL, 0, SECONDS(60), &err);
    while (rc == PAR_OK);
    CHECK_INT(rc, PAR_E_FULL);
    par_channel_stats stats;
    par_channel_stats_get(p.channel, &stats);
    CHECK(stats.inbox_bytes > 1 << 20);
    CHECK(stats.inbox_bytes < 2 << 20);
    /* What was taken in is not lost. */
    par_message message;
    for (uint64_t i = 0; i < stats.inbox_messages; i++) CHECK_INT(par_channel_receive(p.channel, &message, 0, &err), PAR_OK);
    stop(&p);
}

static volatile sig_atomic_t signals;
static void on_signal(int number)
{
    (void)number;
    signals++;
}
static bool leave_after_three(void *context)
{
    (void)context;
    return signals >= 3;
}

static void waits_can_be_interrupted(void)
{
    par_channel_owner owner = {.interrupted = leave_after_three};
    struct sigaction action = {.sa_handler = on_signal};
    par_channel *a, *b;
    par_error err;
    par_message message;
    int fd;
    CHECK_INT(par_channel_open(&a, 16384, &owner, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        for (;;) {
            par_os_sleep_ns(30000000);
            if (kill(parent, SIGUSR1) != 0) _exit(0);
        }
    }
    CHECK_INT(par_channel_receive(a, &message, PAR_NEVER, &err), PAR_E_INTERRUPTED);
    CHECK(signals >= 3);
    uint8_t bytes[17000] = {0};
    signals = 0;
    CHECK_INT(par_channel_send(a, 1, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &err), PAR_E_INTERRUPTED);
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    par_channel_close(a);
    par_channel_close(b);
}

/* The signal comes before the wait gets to its sleep, so that no system call tells of it. */
static void an_interrupt_before_the_sleep_is_not_lost(void)
{
    par_channel_owner owner = {.interrupted = leave_after_three};
    par_channel *a, *b;
    par_selector *selector;
    par_error err;
    par_message message;
    void *user;
    int fd, result;
    CHECK_INT(par_channel_open(&a, 16384, &owner, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    signals = 3;
    int64_t start = par_os_now_ns();
    CHECK_INT(par_channel_receive(a, &message, SECONDS(60), &err), PAR_E_INTERRUPTED);
    uint8_t bytes[17000] = {0};
    CHECK_INT(par_channel_send(a, 1, bytes, sizeof bytes, NULL, 0, SECONDS(60), &err), PAR_E_INTERRUPTED);
    CHECK_INT(par_channel_broadcast(&a, 1, 1, bytes, sizeof bytes, NULL, 0, SECONDS(60), &result, &err), PAR_E_INTERRUPTED);
    CHECK_INT(par_selector_open(&selector, &owner, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, a, a, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_E_INTERRUPTED);
    CHECK(par_os_now_ns() - start < 30000000000);
    par_selector_close(selector);
    par_channel_close(a);
    par_channel_close(b);
}

static bool is_gone(void *context) { return waitpid(*(pid_t *)context, NULL, WNOHANG) != 0; }

static bool never_gone(void *context)
{
    (void)context;
    return false;
}

static int watch(void *context) { return par_os_process_watch(*(pid_t *)context); }

/* A third process holds a copy of the dead peer's socket: no end of file ever comes. */
static void notice_death_after(int64_t ns, int (*process_of)(void *))
{
    static pid_t peer;
    par_channel_owner owner = {.context = &peer, .peer_gone = is_gone, .peer_process = process_of};
    par_channel *a;
    par_error err;
    par_message message;
    int fd;
    CHECK_INT(par_channel_open(&a, 16384, &owner, &fd, &err), PAR_OK);
    peer = fork();
    if (peer == 0) {
        par_os_sleep_ns(ns);
        kill(getpid(), SIGKILL);
    }
    CHECK_INT(par_channel_receive(a, &message, SECONDS(60), &err), PAR_E_CLOSED);
    par_channel_close(a);
    par_os_close(fd); /* ours was the leaked one */
}

static void a_leaked_descriptor_does_not_hide_a_death(void) { notice_death_after(50000000, NULL); }

/* In a wait so long that nobody looks any more. */
static void nor_in_a_long_wait(void)
{
    notice_death_after(1500000000, watch);
    notice_death_after(1500000000, NULL);
}

/* How often this thread gives its core away while it waits in vain. */
static long sleeps_until(par_channel *channel, int64_t deadline_ns)
{
    par_error err;
    par_message message;
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    CHECK_INT(par_channel_receive(channel, &message, deadline_ns, &err), PAR_E_TIMEOUT);
    getrusage(RUSAGE_THREAD, &after);
    return after.ru_nvcsw - before.ru_nvcsw;
}

static void a_long_wait_takes_no_time(void)
{
    pid_t self = getpid();
    par_channel_owner owner = {.context = &self, .peer_gone = never_gone, .peer_process = watch};
    par_channel *a;
    par_error err;
    int fd;
    int process = watch(&self);
    if (process < 0) return; /* nothing to sleep on here: it looks twice a second */
    par_os_close(process);
    CHECK_INT(par_channel_open(&a, 16384, &owner, &fd, &err), PAR_OK);
    sleeps_until(a, SECONDS(1) + 200000000); /* the wait gets long */
    bool slept_on = false;
    for (int i = 0; i < 20 && !slept_on; i++) slept_on = sleeps_until(a, SECONDS(3)) <= 2; /* to be stopped is a sleep, too */
    CHECK(slept_on);
    par_channel_close(a);
    par_os_close(fd);
}

TAP_MAIN(TEST(a_peer_that_scribbles_all_over), TEST(a_peer_that_never_reads), TEST(a_message_that_began_in_time_is_finished_later),
         TEST(a_half_message_is_dropped), TEST(the_inbox_has_a_limit), TEST(waits_can_be_interrupted),
         TEST(an_interrupt_before_the_sleep_is_not_lost), TEST(a_leaked_descriptor_does_not_hide_a_death), TEST(nor_in_a_long_wait),
         TEST(a_long_wait_takes_no_time))
