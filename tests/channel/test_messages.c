/* Messages of every length between two processes, in both directions, until the end of either. */
#include "peers.h"

static const size_t lengths[] = {0,    1,     7,     8,      9,      100,     4087,    4088,    4089,
                                 4096, 65535, 65536, 100000, 262144, 1 << 20, 2000000, 5000000, 20000000};
#define N_LENGTHS (sizeof lengths / sizeof *lengths)

static void echo(par_channel *channel)
{
    par_error err;
    par_message message;
    for (;;) {
        int rc = par_channel_receive(channel, &message, PAR_NEVER, &err);
        if (rc == PAR_E_CLOSED) return;
        CHECK_INT(rc, PAR_OK);
        CHECK_INT(par_channel_unreceive(channel, &message, &err), PAR_OK);
        CHECK_INT(par_channel_receive(channel, &message, 0, &err), PAR_OK);
        rc = par_channel_send(channel, message.kind + 1, message.bytes, message.len, NULL, 0, PAR_NEVER, &err);
        CHECK_INT(rc, PAR_OK);
        par_channel_release(channel, &message);
    }
}

static void every_length_comes_back(void)
{
    const size_t rings[] = {0, 65536, 2 << 20};
    for (int r = 0; r < 3; r++) {
        peers p;
        peers_start(&p, rings[r], echo);
        for (unsigned i = 0; i < N_LENGTHS; i++) {
            send_pattern(p.channel, i, lengths[i], i);
            receive_pattern(p.channel, i + 1, lengths[i], i);
        }
        peers_end(&p);
    }
}

static void sends_then_receives(par_channel *channel)
{
    for (unsigned i = 0; i < N_LENGTHS; i++) send_pattern(channel, 1, lengths[i], i);
    for (unsigned i = 0; i < N_LENGTHS; i++) receive_pattern(channel, 2, lengths[i], i + 50);
}

static void both_may_send_first(void)
{
    peers p;
    peers_start(&p, 65536, sends_then_receives);
    for (unsigned i = 0; i < N_LENGTHS; i++) send_pattern(p.channel, 2, lengths[i], i + 50);
    par_channel_stats stats;
    par_channel_stats_get(p.channel, &stats);
    CHECK(stats.inbox_messages > 0);
    for (unsigned i = 0; i < N_LENGTHS; i++) receive_pattern(p.channel, 1, lengths[i], i);
    par_channel_stats_get(p.channel, &stats);
    CHECK_INT(stats.inbox_messages, 0);
    CHECK_INT(stats.inbox_bytes, 0);
    peers_end(&p);
}

enum { MANY = 200000 };

static void counts(par_channel *channel)
{
    par_error err;
    for (uint64_t i = 0; i < MANY; i++) {
        size_t room;
        uint8_t *at = par_channel_claim(channel, sizeof i, &room);
        if (at) {
            CHECK(room >= sizeof i);
            memcpy(at, &i, sizeof i);
            CHECK_INT(par_channel_commit(channel, 5, sizeof i, &err), PAR_OK);
        } else {
            CHECK_INT(par_channel_send(channel, 5, &i, sizeof i, NULL, 0, PAR_NEVER, &err), PAR_OK);
        }
    }
}

static void small_messages_keep_their_order(void)
{
    peers p;
    par_error err;
    par_message message;
    peers_start(&p, 16384, counts);
    for (uint64_t i = 0; i < MANY; i++) {
        CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
        uint64_t got;
        CHECK_INT(message.len, sizeof got);
        memcpy(&got, message.bytes, sizeof got);
        CHECK_INT(got, i);
    }
    CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
    peers_end(&p);
}

/* Every third is received like any other. */
static bool take_one(par_channel *channel, uint64_t number, uint64_t *out)
{
    par_error err;
    par_message message;
    size_t len;
    const uint8_t *bytes = number % 3 ? par_channel_next_short(channel, 5, sizeof *out, &len) : NULL;
    if (bytes) {
        CHECK_INT(len, sizeof *out);
        memcpy(out, bytes, sizeof *out);
        par_channel_skip_short(channel, len);
        par_channel_end_skips(channel);
        return true;
    }
    int rc = par_channel_receive(channel, &message, SECONDS(60), &err);
    if (rc == PAR_OK) memcpy(out, message.bytes, sizeof *out);
    else CHECK_INT(rc, PAR_E_CLOSED);
    if (number % 2) par_channel_release(channel, &message);
    return rc == PAR_OK;
}

static void short_messages_are_taken_where_they_lie(void)
{
    peers p;
    uint64_t got = 0;
    peers_start(&p, 16384, counts);
    for (uint64_t i = 0; i < MANY; i++) {
        CHECK(take_one(p.channel, i, &got));
        CHECK_INT(got, i);
    }
    CHECK(!take_one(p.channel, 0, &got));
    par_channel_stats stats;
    par_channel_stats_get(p.channel, &stats);
    CHECK_INT(stats.received_messages, MANY);
    CHECK_INT(stats.received_bytes, MANY * sizeof got);
    peers_end(&p);
}

static void a_message_that_is_no_short_one_is_left(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    size_t len;
    pair_open(&a, &b, 65536, NULL);
    CHECK(!par_channel_next_short(a, 5, 100, &len));
    send_pattern(b, 6, 8, 1);
    CHECK(!par_channel_next_short(a, 5, 100, &len)); /* of another kind */
    receive_pattern(a, 6, 8, 1);
    send_pattern(b, 5, 101, 2);
    CHECK(!par_channel_next_short(a, 5, 100, &len)); /* too long */
    receive_pattern(a, 5, 101, 2);
    const par_payload payload = {.data = "12345678", .bytes = 8};
    CHECK_INT(par_channel_send(b, 5, "with", 4, &payload, 1, PAR_NEVER, &err), PAR_OK);
    CHECK(!par_channel_next_short(a, 5, 100, &len)); /* not alone */
    CHECK_INT(par_channel_receive(a, &message, 0, &err), PAR_OK);
    CHECK_INT(message.n_payloads, 1);
    send_pattern(b, 5, 8, 3);
    CHECK(!par_channel_next_short(a, 5, 100, &len)); /* one is held */
    par_channel_release(a, &message);
    CHECK(par_channel_next_short(a, 5, 100, &len) != NULL);
    receive_pattern(a, 5, 8, 3);
    par_channel_close(a);
    par_channel_close(b);
}

static void sends_payloads(par_channel *channel)
{
    par_error err;
    static uint8_t big[3000000];
    pattern_fill(big, sizeof big, 9);
    const par_payload payloads[] = {{.data = big, .bytes = 100}, {.data = NULL, .bytes = 0}, {.data = big, .bytes = sizeof big}};
    for (int i = 0; i < 3; i++) CHECK_INT(par_channel_send(channel, 3, "with", 4, payloads, 3, PAR_NEVER, &err), PAR_OK);
}

static void payloads_arrive_with_their_message(void)
{
    peers p;
    par_error err;
    par_message message;
    peers_start(&p, 65536, sends_payloads);
    par_blob *kept = NULL;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
        CHECK_INT(message.len, 4);
        CHECK_INT(message.n_payloads, 3);
        CHECK_INT(message.payloads[0]->bytes, 100);
        CHECK_INT(message.payloads[1]->bytes, 0);
        CHECK_INT(message.payloads[2]->bytes, 3000000);
        CHECK(((uintptr_t)message.payloads[2]->data & 63) == 0);
        CHECK(pattern_good(message.payloads[2]->data, 3000000, 9));
        if (i == 1) kept = par_blob_retain(message.payloads[2]);
        if (i == 2) CHECK_INT(par_channel_unreceive(p.channel, &message, &err), PAR_OK);
    }
    CHECK_INT(par_channel_receive(p.channel, &message, 0, &err), PAR_OK);
    CHECK_INT(message.n_payloads, 3);
    peers_end(&p);
    CHECK(pattern_good(kept->data, 3000000, 9)); /* outlives the channel */
    par_blob_release(kept);
}

static void sends_one_and_ends(par_channel *channel) { send_pattern(channel, 7, 1000, 1); }

static void what_was_sent_before_the_end_arrives(void)
{
    peers p;
    par_error err;
    par_message message;
    int status;
    peers_start(&p, 65536, sends_one_and_ends);
    CHECK(waitpid(p.child, &status, 0) == p.child);
    CHECK(par_channel_ready(p.channel));
    CHECK(par_channel_has_data(p.channel));
    receive_pattern(p.channel, 7, 1000, 1);
    CHECK_INT(par_channel_receive(p.channel, &message, 0, &err), PAR_E_CLOSED);
    CHECK_INT(par_channel_receive(p.channel, &message, PAR_NEVER, &err), PAR_E_CLOSED);
    CHECK_INT(par_channel_absorb(p.channel, PAR_NEVER, &err), PAR_E_CLOSED);
    CHECK_INT(par_channel_send(p.channel, 1, "x", 1, NULL, 0, PAR_NEVER, &err), PAR_E_CLOSED);
    CHECK(par_channel_ready(p.channel));
    CHECK(!par_channel_has_data(p.channel));
    par_channel_close(p.channel);
}

static void sleeps(par_channel *channel)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, PAR_NEVER, &err), PAR_E_CLOSED);
}

static void a_receive_can_time_out(void)
{
    peers p;
    par_error err;
    par_message message;
    peers_start(&p, 65536, sleeps);
    CHECK(!par_channel_ready(p.channel));
    CHECK_INT(par_channel_receive(p.channel, &message, 0, &err), PAR_E_TIMEOUT);
    int64_t start = par_os_now_ns();
    CHECK_INT(par_channel_receive(p.channel, &message, MILLISECONDS(30), &err), PAR_E_TIMEOUT);
    CHECK(par_os_now_ns() - start >= 30000000);
    start = par_os_now_ns();
    CHECK_INT(par_channel_receive(p.channel, &message, MILLISECONDS(250), &err), PAR_E_TIMEOUT);
    CHECK(par_os_now_ns() - start >= 250000000);
    peers_end(&p);
}

typedef struct seen {
    int n;
    uint32_t last;
} seen;

static void on_control(void *context, const par_message *message)
{
    seen *s = context;
    s->n++;
    s->last = message->kind;
    CHECK(pattern_good(message->bytes, message->len, message->kind));
}

static void sends_controls(par_channel *channel)
{
    send_pattern(channel, 200, 10, 200);
    send_pattern(channel, 4, 10, 4);
    send_pattern(channel, 201, 300000, 201);
    send_pattern(channel, 5, 10, 5);
}

static void control_messages_overtake(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    seen s = {0};
    int fd;
    par_channel_owner owner = {.context = &s, .on_control = on_control};
    CHECK_INT(par_channel_open(&a, 2 << 20, &owner, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    sends_controls(b);
    CHECK_INT(par_channel_absorb(a, SECONDS(60), &err), PAR_NOTICE);
    CHECK_INT(s.n, 1);
    CHECK_INT(par_channel_absorb(a, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_absorb(a, SECONDS(60), &err), PAR_NOTICE);
    CHECK_INT(s.last, 201);
    CHECK(par_channel_has_data(a));
    receive_pattern(a, 4, 10, 4);
    receive_pattern(a, 5, 10, 5);
    sends_controls(b);
    receive_pattern(a, 4, 10, 4);
    receive_pattern(a, 5, 10, 5);
    CHECK_INT(s.n, 4);
    send_pattern(b, 200, 10, 200);
    CHECK(par_channel_ready(a));
    CHECK(!par_channel_has_data(a));
    CHECK_INT(s.n, 5);
    CHECK_INT(par_channel_receive(a, &message, PAR_NEVER, &err), PAR_NOTICE);
    CHECK(!par_channel_ready(a));
    par_channel_close(a);
    par_channel_close(b);
}

TAP_MAIN(TEST(every_length_comes_back), TEST(both_may_send_first), TEST(small_messages_keep_their_order),
         TEST(short_messages_are_taken_where_they_lie), TEST(a_message_that_is_no_short_one_is_left),
         TEST(payloads_arrive_with_their_message), TEST(what_was_sent_before_the_end_arrives), TEST(a_receive_can_time_out),
         TEST(control_messages_overtake))
