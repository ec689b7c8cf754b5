/* Sends that never wait, and the wake-up when there is room. */
#include "channel/pool.h"
#include "peers.h"

#define RING ((size_t)64 << 10)

static par_error err;
static par_channel *a, *b;

static int offer(size_t n, uint64_t seed)
{
    uint8_t *bytes = malloc(n + 1);
    pattern_fill(bytes, n, seed);
    int rc = par_channel_try_send(a, 5, bytes, n, NULL, 0, &err);
    free(bytes);
    return rc;
}

static unsigned fill(size_t n)
{
    unsigned sent = 0;
    while (offer(n, sent) == PAR_OK) sent++;
    return sent;
}

static void what_has_no_room_is_refused_whole(void)
{
    pair_open(&a, &b, RING, NULL);
    unsigned sent = fill(1000);
    CHECK(sent > 40);
    CHECK_INT(offer(1000, 99), PAR_E_AGAIN);
    CHECK(!par_channel_want_room(a, 1000));
    for (unsigned i = 0; i < sent; i++) receive_pattern(b, 5, 1000, i);
    par_message message;
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK(par_channel_want_room(a, 1000));
    CHECK_INT(offer(1000, 7), PAR_OK);
    receive_pattern(b, 5, 1000, 7);
    pair_close(a, b);
}

/* Part of a long message is out: the rest follows with later calls, and nothing gets between. */
static void a_long_one_is_kept_and_follows(void)
{
    size_t n = 5 * RING;
    pair_open(&a, &b, RING, NULL);
    CHECK_INT(offer(n, 3), PAR_OK);
    CHECK_INT(offer(10, 4), PAR_E_AGAIN);
    par_message message;
    while (!par_channel_want_room(a, 0)) CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(offer(10, 4), PAR_OK);
    receive_pattern(b, 5, n, 3);
    receive_pattern(b, 5, 10, 4);
    pair_close(a, b);
}

static void nothing_is_taken_in_meanwhile(void)
{
    par_channel_stats stats;
    pair_open(&a, &b, RING, NULL);
    for (int i = 0; i < 20; i++) send_pattern(b, 1, 1000, 1);
    fill(1000);
    CHECK_INT(offer(1000, 0), PAR_E_AGAIN);
    par_channel_stats_get(a, &stats);
    CHECK_INT(stats.inbox_messages, 0);
    CHECK_INT(stats.received_messages, 0);
    pair_close(a, b);
}

static void payloads_travel(void)
{
    size_t n = (size_t)4 << 20;
    uint8_t *bytes = malloc(n);
    pattern_fill(bytes, n, 1);
    par_payload payload = {.data = bytes, .bytes = n};
    par_message message;
    pair_open(&a, &b, RING, NULL);
    int sent = 0;
    while (par_channel_try_send(a, 9, "x", 1, &payload, 1, &err) == PAR_OK) sent++;
    CHECK(sent >= 1 && sent < 100); /* so much may be lent and not yet taken */
    for (int i = 0; i < sent; i++) {
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
        CHECK_INT(message.n_payloads, 1);
        CHECK(pattern_good(message.payloads[0]->data, n, 1));
        par_channel_release(b, &message);
    }
    CHECK(par_channel_want_room(a, 100));
    CHECK_INT(par_channel_try_send(a, 9, "x", 1, &payload, 1, &err), PAR_OK);
    free(bytes);
    pair_close(a, b);
}

static uint64_t pool_bytes(void)
{
    uint64_t total, lent;
    par_pool_usage(&total, &lent);
    return total;
}

static int offer_blob(par_blob *blob)
{
    par_payload payload = {.data = blob->data, .bytes = blob->bytes, .blob = blob};
    return par_channel_try_send(a, 9, "x", 1, &payload, 1, &err);
}

/* The peer gets the memory that was written to: no second piece is made, and it comes back. */
static void a_payload_written_in_place_is_not_copied(void)
{
    size_t n = (size_t)1 << 20;
    par_message message;
    pair_open(&a, &b, RING, NULL);
    uint64_t before = pool_bytes(), first = 0;
    CHECK(!par_channel_payload_new(a, 100)); /* not worth a segment */
    for (uint64_t i = 0; i < 5; i++) {
        par_blob *blob = par_channel_payload_new(a, n);
        CHECK(blob && blob->bytes == n);
        pattern_fill(blob->data, n, i);
        CHECK_INT(offer_blob(blob), PAR_OK);
        par_blob_release(blob);
        if (i == 0) first = pool_bytes() - before;
        CHECK_INT(pool_bytes() - before, first);
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
        CHECK(message.n_payloads == 1 && pattern_good(message.payloads[0]->data, n, i));
        par_channel_release(b, &message);
    }
    CHECK(first >= n && first < 2 * n);
    pair_close(a, b);
}

/* What is sent a second time is the peer's already, who may write to it: there it is copied. */
static void a_payload_written_in_place_is_lent_once(void)
{
    size_t n = (size_t)1 << 20;
    par_message message;
    pair_open(&a, &b, RING, NULL);
    par_blob *blob = par_channel_payload_new(a, n);
    pattern_fill(blob->data, n, 3);
    uint64_t one = pool_bytes();
    for (int i = 0; i < 2; i++) CHECK_INT(offer_blob(blob), PAR_OK);
    CHECK(pool_bytes() > one);
    par_blob_release(blob);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
        CHECK(pattern_good(message.payloads[0]->data, n, 3));
        par_channel_release(b, &message);
    }
    par_blob_release(par_channel_payload_new(a, n)); /* one that was not sent is free again */
    pair_close(a, b);
}

static void one_who_is_gone_is_told(void)
{
    pair_open(&a, &b, RING, NULL);
    fill(1000);
    par_channel_close(b);
    CHECK(par_channel_want_room(a, 1000) || offer(10, 1) == PAR_E_CLOSED || par_channel_ready(a));
    CHECK_INT(offer(10, 1), PAR_E_CLOSED);
    par_channel_close(a);
}

/* The reader waits a moment, then makes room: the selector of the sender has to wake by itself, many times. */
static void read_slowly(par_channel *channel)
{
    for (unsigned i = 0; i < 2000; i++) {
        receive_pattern(channel, 5, 3000, i);
        if (i % 50 == 0) par_os_sleep_ns(2000000);
    }
    int rc = par_channel_send(channel, 1, "e", 1, NULL, 0, SECONDS(60), &err);
    CHECK(rc == PAR_OK || rc == PAR_E_CLOSED); /* who has got it may be gone before we look */
}

static void a_selector_wakes_when_there_is_room(void)
{
    peers p;
    par_selector *selector;
    void *user;
    peers_start(&p, RING, read_slowly);
    a = p.channel;
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, a, a, &err), PAR_OK);
    unsigned refused = 0;
    for (unsigned i = 0; i < 2000;) {
        if (offer(3000, i) == PAR_OK) {
            i++;
            continue;
        }
        refused++;
        CHECK_INT(par_selector_wait(selector, &user, PAR_NEVER, &err), PAR_OK);
        CHECK(user == a);
    }
    CHECK(refused > 0);
    par_message message;
    CHECK_INT(par_channel_receive(a, &message, SECONDS(60), &err), PAR_OK);
    par_channel_release(a, &message);
    par_selector_close(selector);
    peers_end(&p);
}

static void a_paused_one_is_ready_for_room_and_ends_only(void)
{
    par_selector *selector;
    void *user;
    pair_open(&a, &b, RING, NULL);
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, a, a, &err), PAR_OK);
    par_channel_pause(a, true);
    send_pattern(b, 1, 100, 1);
    CHECK_INT(par_selector_wait(selector, &user, MILLISECONDS(20), &err), PAR_E_TIMEOUT);
    unsigned sent = fill(1000);
    CHECK_INT(par_selector_wait(selector, &user, MILLISECONDS(20), &err), PAR_E_TIMEOUT);
    for (unsigned i = 0; i < sent; i++) receive_pattern(b, 5, 1000, i);
    par_message message;
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    CHECK(par_channel_want_room(a, 1000));
    CHECK_INT(par_selector_wait(selector, &user, MILLISECONDS(20), &err), PAR_E_TIMEOUT);
    par_channel_pause(a, false);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    receive_pattern(a, 1, 100, 1);
    par_channel_pause(a, true);
    par_channel_close(b);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    par_selector_close(selector);
    par_channel_close(a);
}

TAP_MAIN(TEST(a_paused_one_is_ready_for_room_and_ends_only), TEST(what_has_no_room_is_refused_whole), TEST(a_long_one_is_kept_and_follows),
         TEST(nothing_is_taken_in_meanwhile), TEST(payloads_travel), TEST(a_payload_written_in_place_is_not_copied),
         TEST(a_payload_written_in_place_is_lent_once), TEST(one_who_is_gone_is_told), TEST(a_selector_wakes_when_there_is_room))
