/* Messages that are visible without a bell, and words which both ends share. */
#include "peers.h"

static void commit_quietly(par_channel *channel, uint32_t kind)
{
    par_error err;
    size_t room;
    uint8_t *span = par_channel_claim(channel, 64, &room);
    CHECK(span != NULL);
    memset(span, (int)kind, 10);
    CHECK_INT(par_channel_commit_quietly(channel, kind, 10, &err), PAR_OK);
}

static void quiet_then_dies(par_channel *channel)
{
    for (uint32_t i = 1; i <= 3; i++) commit_quietly(channel, i);
    atomic_store(par_channel_words(channel) + 5, 77);
    fflush(stdout);
    _exit(0); /* without closing: what was committed has to be there all the same */
}

static void quiet_messages_outlive_their_sender(void)
{
    peers p;
    par_error err;
    par_message message;
    peers_start(&p, 65536, quiet_then_dies);
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
        CHECK_INT(message.kind, i);
        CHECK_INT(message.len, 10);
        CHECK_INT(message.bytes[9], i);
        par_channel_release(p.channel, &message);
    }
    CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
    CHECK_INT(atomic_load(par_channel_words(p.channel) + 5), 77);
    peers_end(&p);
}

enum { ROUNDS = 20000 };

static void answers_each_by_a_ring(par_channel *channel)
{
    par_error err;
    par_message message;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
        par_channel_release(channel, &message);
        commit_quietly(channel, 1);
        commit_quietly(channel, 2);
        par_channel_ring(channel);
    }
}

static void a_ring_always_wakes(void)
{
    peers p;
    par_error err;
    par_message message;
    peers_start(&p, 65536, answers_each_by_a_ring);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(par_channel_send(p.channel, 0, "x", 1, NULL, 0, SECONDS(60), &err), PAR_OK);
        for (uint32_t kind = 1; kind <= 2; kind++) {
            CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
            CHECK_INT(message.kind, kind);
            par_channel_release(p.channel, &message);
        }
    }
    peers_end(&p);
}

static void counts_up(par_channel *channel)
{
    for (int i = 0; i < ROUNDS; i++) atomic_fetch_add(par_channel_words(channel), 1);
}

static void both_ends_share_the_words(void)
{
    peers p;
    peers_start(&p, 65536, counts_up);
    for (int i = 0; i < ROUNDS; i++) atomic_fetch_add(par_channel_words(p.channel), 1);
    int64_t deadline_ns = SECONDS(60);
    while (atomic_load(par_channel_words(p.channel)) < 2 * ROUNDS && par_os_now_ns() < deadline_ns) par_os_sleep_ns(100000);
    CHECK_INT(atomic_load(par_channel_words(p.channel)), 2 * ROUNDS);
    peers_end(&p);
}

TAP_MAIN(TEST(quiet_messages_outlive_their_sender), TEST(a_ring_always_wakes), TEST(both_ends_share_the_words))
