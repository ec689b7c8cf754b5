/* Peers that talk without end: every call comes back in its time, and what waits to be received is bounded by what it takes up. */
#include "channel/lend.h"
#include "channel/notices.h"
#include "channel/pool.h"
#include "channel/wait.h"
#include "peers.h"

#define INBOX ((uint64_t)1 << 20)
#define PATIENCE_NS INT64_C(30000000000) /* far more than the 200 ms that each call has */

/* --- what they say --- */
static void says_control(par_channel *channel)
{
    par_error err;
    uint8_t bytes[100] = {0};
    while (par_channel_send(channel, 200, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &err) == PAR_OK) continue;
}

static void says_data(par_channel *channel)
{
    par_error err;
    uint64_t i = 0;
    for (;; i++)
        while (par_channel_send(channel, 1, &i, sizeof i, NULL, 0, PAR_NEVER, &err) != PAR_OK)
            if (channel->gone) return;
}

static void says_payloads(par_channel *channel)
{
    par_error err;
    static uint8_t bytes[100000];
    par_payload payloads[] = {{.data = bytes, .bytes = 10}, {.data = bytes, .bytes = sizeof bytes}, {.data = bytes, .bytes = 0}};
    while (!channel->gone) par_channel_send(channel, 1, bytes, 10, payloads, 3, MILLISECONDS(100), &err);
}

/* Shows segments and takes them away again: nothing that could be received. */
static void says_nothing_much(par_channel *channel)
{
    par_error err;
    par_segment *segment;
    while (!channel->gone) {
        CHECK_INT(par_pool_take(PAR_LEND_MIN_BYTES, PAR_LEND_OWN, channel, &segment, &err), PAR_OK);
        while (par_lend_announce(channel, segment, PAR_LEND_OWN, &err) == PAR_E_AGAIN)
            if (par_channel_absorb(channel, MILLISECONDS(1), &err) == PAR_E_CLOSED) return;
        par_segment_release(segment, 1);
        par_pool_trim();
        par_channel_flush_notices(channel);
    }
}

/* One record whose end never comes. */
static void says_one_word(par_channel *channel, uint64_t word)
{
    par_writer *out = &channel->out;
    memcpy(par_writer_at(out), &word, sizeof word);
    out->head += sizeof word;
    while (!channel->gone) {
        par_writer_refresh(out, memory_order_acquire);
        out->head += par_writer_room(out) & ~(uint64_t)7;
        uint64_t need = par_writer_publish(out);
        if (need & PAR_NEED_GONE) return;
        if (par_need_due(need, out->head, &out->rung)) par_channel_bell(channel, need);
    }
}

#define WITHOUT_END (PAR_MESSAGE_MAX_BYTES < (uint64_t)1 << 40 ? PAR_MESSAGE_MAX_BYTES : (uint64_t)1 << 40)
static void says_an_endless_message(par_channel *channel) { says_one_word(channel, par_record_word(WITHOUT_END, 1, 0)); }
static void says_an_endless_result(par_channel *channel) { says_one_word(channel, par_record_word(WITHOUT_END, 200, 0)); }
static void says_an_endless_payload(par_channel *channel)
{
    says_one_word(channel, par_record_word(WITHOUT_END, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL));
}
static void says_an_endless_payload_of_a_result(par_channel *channel)
{
    says_one_word(channel, par_record_word(WITHOUT_END, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL));
}

static void (*const all[])(par_channel *) = {says_control,
                                             says_data,
                                             says_payloads,
                                             says_nothing_much,
                                             says_an_endless_message,
                                             says_an_endless_result,
                                             says_an_endless_payload,
                                             says_an_endless_payload_of_a_result};
enum { ALL = sizeof all / sizeof *all };

/* --- who has to listen --- */
static void begin(peers *p, void (*child)(par_channel *))
{
    peers_start(p, 65536, child);
    par_channel_limit_inbox(p->channel, INBOX);
    p->channel->control_limit = INBOX;
}

static void stop(peers *p)
{
    kill(p->child, SIGKILL);
    par_channel_close(p->channel);
    CHECK(waitpid(p->child, NULL, 0) == p->child);
}

static void check_inbox(const par_channel *channel)
{
    par_channel_stats stats;
    par_channel_stats_get(channel, &stats);
    CHECK(stats.inbox_bytes <= INBOX + 300000); /* one message more */
}

/* All calls that take messages in but receive none. */
static void only_wait(par_channel *channel)
{
    par_error err;
    static uint8_t bytes[1000000];
    par_payload payload = {.data = bytes, .bytes = 200000};
    int64_t end = MILLISECONDS(200);
    int rc = PAR_OK, result;
    for (unsigned n = 1; rc >= 0; n++) {
        rc = par_channel_absorb(channel, end, &err);
        if (rc >= 0 && n % 64 == 0) rc = par_channel_overdue(channel, end, &err);
    }
    CHECK(rc == PAR_E_TIMEOUT || rc == PAR_E_FULL || rc == PAR_E_NOMEM);
    par_channel_absorb(channel, 0, &err);
    par_channel_ready(channel);
    par_channel_has_data(channel);
    par_channel_pending(channel);
    end = MILLISECONDS(200);
    while (par_channel_send(channel, 1, bytes, sizeof bytes, NULL, 0, end, &err) == PAR_OK && par_os_now_ns() < end) continue;
    end = MILLISECONDS(200);
    while (par_channel_send(channel, 1, bytes, 10, &payload, 1, end, &err) == PAR_OK && par_os_now_ns() < end) continue;
    end = MILLISECONDS(200);
    while (par_channel_broadcast(&channel, 1, 1, bytes, sizeof bytes, &payload, 1, end, &result, &err) == PAR_OK && par_os_now_ns() < end)
        continue;
    check_inbox(channel);
}

static void who_waits_comes_back(void)
{
    for (int i = 0; i < ALL; i++) {
        peers p;
        begin(&p, all[i]);
        int64_t start = par_os_now_ns();
        only_wait(p.channel);
        CHECK(par_os_now_ns() - start < PATIENCE_NS);
        stop(&p);
    }
}

static void who_receives_comes_back(void)
{
    for (int i = 0; i < ALL; i++) {
        peers p;
        par_error err;
        par_message message;
        begin(&p, all[i]);
        int64_t start = par_os_now_ns(), end = MILLISECONDS(200);
        while (par_os_now_ns() < end) {
            int rc = par_channel_receive(p.channel, &message, MILLISECONDS(50), &err);
            CHECK(rc == PAR_OK || rc == PAR_NOTICE || rc == PAR_E_TIMEOUT || (rc == PAR_E_NOMEM && sizeof(void *) == 4));
            par_channel_receive(p.channel, &message, 0, &err);
        }
        CHECK(par_os_now_ns() - start < PATIENCE_NS);
        stop(&p);
    }
}

static void who_waits_for_many_comes_back(void)
{
    for (int i = 0; i < ALL; i++) {
        peers p;
        par_error err;
        par_selector *selector;
        par_message message;
        void *user;
        int fd;
        begin(&p, all[i]);
        CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
        CHECK_INT(par_selector_add(selector, p.channel, NULL, &err), PAR_OK);
        CHECK_INT(par_selector_fd(selector, &fd, &err), PAR_OK);
        CHECK_INT(par_channel_fd(p.channel, &fd, &err), PAR_OK);
        int64_t start = par_os_now_ns(), end = MILLISECONDS(200);
        while (par_os_now_ns() < end) {
            par_selector_wait(selector, &user, MILLISECONDS(50), &err);
            par_selector_wait(selector, &user, 0, &err);
            par_channel_receive(p.channel, &message, 0, &err);
        }
        CHECK(par_os_now_ns() - start < PATIENCE_NS);
        par_selector_close(selector);
        stop(&p);
    }
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void who_is_interrupted_leaves(void)
{
    for (int i = 0; i < ALL; i++) {
        peers p;
        par_error err;
        par_message message;
        static uint8_t bytes[1000000];
        int rc = PAR_OK, result;
        begin(&p, all[i]);
        p.channel->owner.interrupted = at_once;
        int64_t start = par_os_now_ns();
        do rc = par_channel_receive(p.channel, &message, PAR_NEVER, &err);
        while (rc >= 0 && all[i] != says_data && all[i] != says_payloads);
        if (rc < 0) CHECK_INT(rc, PAR_E_INTERRUPTED);
        do rc = par_channel_send(p.channel, 1, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &err);
        while (rc == PAR_OK);
        CHECK(rc == PAR_E_INTERRUPTED || rc == PAR_E_FULL || rc == PAR_E_NOMEM);
        rc = par_channel_broadcast(&p.channel, 1, 1, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &result, &err);
        CHECK(rc == PAR_E_INTERRUPTED || rc == PAR_E_FULL || rc == PAR_E_NOMEM);
        CHECK(par_os_now_ns() - start < PATIENCE_NS);
        stop(&p);
    }
}

/* A busy channel does not hide the others of a selector. */
static void a_quiet_one_is_heard_beside_it(void)
{
    peers loud;
    par_channel *a, *b;
    par_error err;
    par_message message;
    par_selector *selector;
    void *user;
    int fd;
    begin(&loud, says_data);
    CHECK_INT(par_channel_open(&a, 65536, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, a, a, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT); /* now it is cold */
    CHECK_INT(par_selector_add(selector, loud.channel, loud.channel, &err), PAR_OK);
    send_pattern(b, 1, 100, 1);
    int64_t end = SECONDS(60);
    for (user = NULL; user != a && par_os_now_ns() < end;) {
        CHECK_INT(par_selector_wait(selector, &user, end, &err), PAR_OK);
        if (user == loud.channel) par_channel_receive(loud.channel, &message, 0, &err);
    }
    CHECK(user == a);
    par_selector_close(selector);
    par_channel_close(a);
    par_channel_close(b);
    stop(&loud);
}

/* --- what the inbox holds --- */
static uint64_t inbox_of(const par_channel *channel, uint64_t *messages)
{
    par_channel_stats stats;
    par_channel_stats_get(channel, &stats);
    if (messages) *messages = stats.inbox_messages;
    return stats.inbox_bytes;
}

static void link_pair(par_channel **a, par_channel **b)
{
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(a, 65536, NULL, &fd, &err), PAR_OK);
    CHECK_INT(par_channel_attach(b, fd, NULL, SECONDS(60), &err), PAR_OK);
}

static void receive_all(par_channel *channel, int n)
{
    par_error err;
    par_message message;
    for (int i = 0; i < n; i++) {
        CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
        par_channel_release(channel, &message);
    }
}

static void small_messages_count_with_what_holds_them(void)
{
    par_channel *a, *b;
    par_error err;
    link_pair(&a, &b);
    for (int i = 0; i < 100; i++) CHECK_INT(par_channel_send(a, 1, NULL, 0, NULL, 0, SECONDS(60), &err), PAR_OK);
    for (int i = 0; i < 100; i++) CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_OK);
    CHECK(inbox_of(b, NULL) >= 100 * sizeof(par_parcel));
    receive_all(b, 100);
    CHECK_INT(inbox_of(b, NULL), 0);
    for (int i = 0; i < 100; i++) send_pattern(a, 1, 1, 1);
    for (int i = 0; i < 100; i++) CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_OK);
    CHECK(inbox_of(b, NULL) >= 100 * (sizeof(par_parcel) + 256)); /* the least that a buffer takes */
    receive_all(b, 100);
    CHECK_INT(inbox_of(b, NULL), 0);
    par_channel_close(a);
    par_channel_close(b);
}

/* The same storage, however often it was sent, takes up no more than the segment that it lies in; and some as long as one of these
 * messages waits. */
static void a_segment_counts_once(void)
{
    enum { BYTES = 9 << 20, TIMES = 20 };
    par_channel *a, *b;
    par_error err;
    par_blob *blob;
    link_pair(&a, &b);
    CHECK_INT(par_pool_blob_new(BYTES, &blob, &err), PAR_OK);
    par_payload payload = {.data = blob->data, .bytes = BYTES, .blob = blob, .shared = true};
    for (int i = 0; i < TIMES; i++) {
        CHECK_INT(par_channel_send(a, 1, NULL, 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_OK);
    }
    CHECK(inbox_of(b, NULL) >= BYTES);
    CHECK(inbox_of(b, NULL) < BYTES + BYTES / 2);
    receive_all(b, TIMES - 1);
    CHECK(inbox_of(b, NULL) >= BYTES);
    receive_all(b, 1);
    CHECK_INT(inbox_of(b, NULL), 0);
    par_blob_release(blob);
    par_channel_close(a);
    par_channel_close(b);
    par_pool_trim();
}

/* Several that lie in one segment: each counts, but all of them no more than it. */
static void storages_in_one_segment_count_together(void)
{
    enum { BYTES = 100000, N = 20 };
    par_channel *a, *b;
    par_error err;
    par_blob *blobs[N];
    link_pair(&a, &b);
    for (int i = 0; i < N; i++) {
        CHECK_INT(par_pool_blob_new(BYTES, &blobs[i], &err), PAR_OK);
        par_payload payload = {.data = blobs[i]->data, .bytes = BYTES, .blob = blobs[i], .shared = true};
        CHECK_INT(par_channel_send(a, 1, NULL, 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_OK);
        uint64_t bytes = inbox_of(b, NULL);
        if (i == 0) CHECK(bytes >= BYTES && bytes < 2 * BYTES);
        if (i == 4) CHECK(bytes >= 5 * BYTES && bytes < 6 * BYTES);
    }
    CHECK(inbox_of(b, NULL) < 3 * ((uint64_t)1 << 20)); /* two segments of 1 MB */
    receive_all(b, N);
    CHECK_INT(inbox_of(b, NULL), 0);
    for (int i = 0; i < N; i++) par_blob_release(blobs[i]);
    par_channel_close(a);
    par_channel_close(b);
    par_pool_trim();
}

static void one_put_back_counts_again(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    uint8_t bytes[1000] = {0};
    par_payload payload = {.data = bytes, .bytes = sizeof bytes};
    link_pair(&a, &b);
    CHECK_INT(par_channel_send(a, 1, bytes, 10, &payload, 1, SECONDS(60), &err), PAR_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
        CHECK_INT(inbox_of(b, NULL), 0);
        CHECK_INT(par_channel_unreceive(b, &message, &err), PAR_OK);
        CHECK(inbox_of(b, NULL) >= sizeof bytes);
    }
    par_channel_close(a);
    par_channel_close(b);
}

static void what_the_owner_keeps_counts(void)
{
    par_channel *a, *b;
    par_error err;
    link_pair(&a, &b);
    par_channel_limit_inbox(b, 1000);
    par_channel_count_kept(b, 2000);
    send_pattern(a, 1, 10, 1);
    CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_E_FULL);
    CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_E_FULL);
    par_channel_count_kept(b, -2000);
    CHECK_INT(par_channel_absorb(b, SECONDS(60), &err), PAR_OK);
    receive_pattern(b, 1, 10, 1);
    par_channel_close(a);
    par_channel_close(b);
}

/* In order, whole and once, whatever was refused in between. */
static void nothing_is_lost(void)
{
    peers p;
    par_error err;
    par_message message;
    uint64_t next = 0, waiting;
    begin(&p, says_data);
    for (int round = 0; round < 20; round++) {
        int rc;
        do rc = par_channel_absorb(p.channel, SECONDS(60), &err);
        while (rc >= 0);
        CHECK_INT(rc, PAR_E_FULL);
        CHECK(inbox_of(p.channel, &waiting) > INBOX);
        for (uint64_t i = 0; i < waiting / 2 + 100; i++) {
            uint64_t value;
            CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
            memcpy(&value, message.bytes, sizeof value);
            CHECK_INT(value, next);
            next++;
        }
    }
    stop(&p);
}

static void reads_at_last(par_channel *channel)
{
    par_error err;
    uint64_t i = 0;
    par_channel_limit_inbox(channel, 1);
    while (!atomic_load(par_channel_words(channel))) par_channel_send(channel, 1, &i, sizeof i, NULL, 0, MILLISECONDS(1), &err);
    receive_pattern(channel, 1, 300000, 1);
    receive_pattern(channel, 2, 10, 2);
}

/* A part of it is out when the inbox is full: the error says that the rest will follow. */
static void a_message_that_began_is_finished(void)
{
    peers p;
    par_error err;
    par_message message;
    static uint8_t bytes[300000];
    begin(&p, reads_at_last);
    pattern_fill(bytes, sizeof bytes, 1);
    CHECK_INT(par_channel_send(p.channel, 1, bytes, sizeof bytes, NULL, 0, SECONDS(60), &err), PAR_E_FULL);
    CHECK(strstr(err.text, "do not send it again"));
    pattern_fill(bytes, 10, 2);
    CHECK_INT(par_channel_send(p.channel, 2, bytes, 10, NULL, 0, SECONDS(60), &err), PAR_E_FULL);
    CHECK(!strstr(err.text, "do not send it again"));
    atomic_store(par_channel_words(p.channel), 1);
    int rc;
    do {
        rc = par_channel_send(p.channel, 2, bytes, 10, NULL, 0, SECONDS(60), &err);
        if (rc == PAR_E_FULL) CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_OK);
    } while (rc == PAR_E_FULL);
    CHECK_INT(rc, PAR_OK);
    do rc = par_channel_receive(p.channel, &message, SECONDS(60), &err);
    while (rc == PAR_OK);
    CHECK_INT(rc, PAR_E_CLOSED);
    peers_end(&p);
}

/* --- the end --- */
static unsigned controls;
static void count_control(void *context, const par_message *message)
{
    (void)context, (void)message;
    controls++;
}

/* Whoever still has the memory of one that has ended cannot go on in its name. */
static void the_ended_say_no_more(void)
{
    for (int heard = 0; heard < 2; heard++) {
        par_channel *a, *b;
        par_error err;
        par_message message;
        uint8_t bytes[1000] = {0};
        par_payload payload = {.data = bytes, .bytes = sizeof bytes};
        link_pair(&a, &b);
        b->owner.on_control = count_control;
        par_channel_limit_inbox(b, 1);
        controls = 0;
        send_pattern(a, 1, 10, 1);
        CHECK_INT(par_channel_send(a, 1, NULL, 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_channel_send(a, 200, NULL, 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        if (heard) par_channel_last_words(b);
        else par_channel_peer_ended(b);
        CHECK_INT(par_channel_send(a, 200, NULL, 0, NULL, 0, SECONDS(60), &err), PAR_OK);
        if (!heard) { /* the limit counts no more: there is not much left */
            CHECK_INT(par_channel_absorb(b, 0, &err), PAR_OK);
            CHECK_INT(par_channel_absorb(b, 0, &err), PAR_OK);
            CHECK_INT(par_channel_absorb(b, 0, &err), PAR_NOTICE);
            receive_all(b, 2);
        }
        CHECK_INT(controls, 1);
        CHECK_INT(inbox_of(b, NULL), 0);
        int rc;
        do rc = par_channel_receive(b, &message, SECONDS(60), &err);
        while (rc == PAR_NOTICE);
        CHECK_INT(rc, PAR_E_CLOSED);
        par_channel_close(a);
        par_channel_close(b);
    }
}

TAP_MAIN(TEST(who_waits_comes_back), TEST(who_receives_comes_back), TEST(who_waits_for_many_comes_back), TEST(who_is_interrupted_leaves),
         TEST(a_quiet_one_is_heard_beside_it), TEST(small_messages_count_with_what_holds_them), TEST(a_segment_counts_once),
         TEST(storages_in_one_segment_count_together), TEST(one_put_back_counts_again), TEST(what_the_owner_keeps_counts),
         TEST(nothing_is_lost), TEST(a_message_that_began_is_finished), TEST(the_ended_say_no_more))
