/* What bounds the work and the memory of one call, whatever the peer says. Both ends are in this process, so nothing here depends on who is
 * scheduled when; test_flood.c has the same with peers that go on all the time. */
#include "channel/borrow.h"
#include "channel/inbox.h"
#include "channel/notices.h"
#include "channel/pool.h"
#include "channel/records.h"
#include "channel/segment.h"
#include "channel/tx.h"
#include "channel/wait.h"
#include "peers.h"

#define RING ((size_t)1 << 20)
#define LIMIT ((uint64_t)100000)

static void put(par_channel *writer, uint32_t kind, const void *record, size_t len)
{
    CHECK(par_channel_has_room(writer, len));
    par_channel_put_internal(writer, kind, record, len);
}

/* --- memory --- */
/* A record that is announced and whose bytes come, as many as anybody takes; what the receiver says at last. */
static int fill_up(uint64_t word)
{
    par_channel *a, *b;
    par_error err;
    int rc = PAR_OK;
    pair_open(&a, &b, 65536, NULL);
    par_channel_limit_inbox(b, LIMIT);
    b->control_limit = LIMIT;
    memcpy(par_writer_at(&a->out), &word, sizeof word);
    for (int i = 0; i < 100 && rc != PAR_E_FULL && rc != PAR_E_NOMEM; i++) {
        par_writer_refresh(&a->out, memory_order_acquire);
        a->out.head += par_writer_room(&a->out) & ~(uint64_t)7;
        par_writer_publish(&a->out);
        rc = par_channel_absorb(b, 0, &err);
    }
    pair_close(a, b);
    return rc;
}

static void what_is_being_put_together_counts(void)
{
    const uint64_t len = (uint64_t)1 << 30;
    CHECK_INT(fill_up(par_record_word(len, 1, 0)), PAR_E_FULL);
    CHECK_INT(fill_up(par_record_word(len, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL)), PAR_E_FULL);
    CHECK_INT(fill_up(par_record_word(len, 200, 0)), PAR_E_NOMEM);
    CHECK_INT(fill_up(par_record_word(len, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL)), PAR_E_NOMEM);
}

static unsigned controls;
static void count_control(void *context, const par_message *message)
{
    (void)context;
    controls += message->n_payloads;
}

/* Whoever waits has asked for it. */
static void payloads_of_a_control_message_do_not_count(void)
{
    par_channel *a, *b;
    par_error err;
    static const uint8_t bytes[1000];
    par_payload payloads[] = {{.data = bytes, .bytes = sizeof bytes}, {.data = bytes, .bytes = sizeof bytes}};
    pair_open(&a, &b, 65536, NULL);
    par_channel_limit_inbox(b, 100);
    b->owner.on_control = count_control;
    controls = 0;
    CHECK_INT(par_channel_send(a, 200, NULL, 0, payloads, 2, SECONDS(60), &err), PAR_OK);
    for (int i = 0; i < 10 && !controls; i++) CHECK_INT(par_channel_absorb(b, 0, &err), PAR_NOTICE);
    CHECK_INT(controls, 2);
    CHECK_INT(b->stats.inbox_bytes, 0);
    pair_close(a, b);
}

/* What it was to lend can be used again. */
static void a_message_that_was_not_sent_lends_nothing(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    par_blob *blob;
    uint64_t total, lent;
    pair_open(&a, &b, 16384, NULL);
    CHECK_INT(par_pool_blob_new(1000, &blob, &err), PAR_OK);
    par_payload payload = {.data = blob->data, .bytes = blob->bytes, .blob = blob, .shared = true};
    CHECK_INT(par_channel_send(a, 1, NULL, 0, &payload, 1, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    par_channel_release(b, &message);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(par_channel_receive(a, &message, 0, &err), PAR_E_TIMEOUT); /* it was given back */
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    while (par_channel_try_send(a, 1, NULL, 0, NULL, 0, &err) == PAR_OK) continue;
    CHECK_INT(par_channel_try_send(a, 1, NULL, 0, &payload, 1, &err), PAR_E_AGAIN);
    CHECK_INT(par_channel_send(a, 1, NULL, 0, &payload, 1, MILLISECONDS(1), &err), PAR_E_TIMEOUT);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    par_blob_release(blob);
    pair_close(a, b);
    par_pool_trim();
}

/* --- work --- */
/* All of a ring is there at once, and more is announced. */
static void a_long_record_comes_in_parts(void)
{
    par_channel *a, *b;
    par_item item;
    uint64_t word = par_record_word((uint64_t)1 << 30, 1, 0);
    unsigned calls = 0;
    pair_open(&a, &b, RING, NULL);
    memcpy(par_writer_at(&a->out), &word, sizeof word);
    a->out.head += par_writer_room(&a->out) & ~(uint64_t)7;
    par_writer_publish(&a->out);
    for (int rc = PAR_NOTICE; rc == PAR_NOTICE; calls++) {
        uint64_t before = b->in.read;
        rc = par_records_step(b, &item);
        CHECK(rc == PAR_NOTICE || rc == PAR_E_AGAIN);
        CHECK(b->in.read - before <= RING / 4 + 1000);
    }
    CHECK_INT(b->in.read, a->out.head);
    CHECK(calls >= 4);
    pair_close(a, b);
}

static void records_that_are_no_messages(void)
{
    enum { N = 1000 };
    par_channel *a, *b;
    par_item item;
    uint64_t byte = 0;
    unsigned calls = 0;
    pair_open(&a, &b, RING, NULL);
    for (int i = 0; i < N; i++) put(a, PAR_INTERNAL_BYTES, &byte, sizeof byte);
    for (uint32_t before = 0; before < N; before = b->rx.payloads.n, calls++) {
        int rc = par_records_next(b, &item, false);
        CHECK_INT(rc, b->rx.payloads.n < N ? PAR_NOTICE : PAR_E_AGAIN);
        CHECK(b->rx.payloads.n > before && b->rx.payloads.n <= before + 100);
    }
    CHECK(calls >= 10);
    pair_close(a, b);
}

static void messages_are_taken_in_by_a_quarter_of_a_ring(void)
{
    par_channel *a, *b;
    par_error err;
    unsigned calls = 0;
    pair_open(&a, &b, RING, NULL);
    for (int i = 0; i < 3000; i++) send_pattern(a, 1, 200, 1);
    while (b->stats.inbox_messages < 3000) {
        uint64_t before = b->in.read;
        CHECK(par_channel_take_in(b, &err) > 0);
        CHECK(b->in.read - before < RING / 4 + 1000);
        calls++;
    }
    CHECK(calls >= 2);
    pair_close(a, b);
}

static bool leave_now;
static bool leave(void *context)
{
    (void)context;
    return leave_now;
}

static void who_takes_in_a_row_is_told_the_time(void)
{
    par_channel *a, *b;
    par_error err;
    pair_open(&a, &b, 16384, &(par_channel_owner){.interrupted = leave});
    leave_now = false;
    CHECK_INT(par_channel_overdue(a, PAR_NEVER, &err), PAR_OK);
    CHECK_INT(par_channel_overdue(a, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_overdue(a, par_os_now_ns() - 1, &err), PAR_E_TIMEOUT);
    leave_now = true;
    CHECK_INT(par_channel_overdue(a, PAR_NEVER, &err), PAR_E_INTERRUPTED);
    pair_close(a, b);
}

/* A channel that has a message whenever somebody looks does not hide the others of a selector. */
static void a_quiet_one_is_heard_beside_a_busy_one(void)
{
    enum { N = 1000 };
    par_channel *from_quiet, *quiet, *from_busy, *busy;
    par_error err;
    par_message message;
    par_selector *selector;
    void *user = NULL;
    pair_open(&from_quiet, &quiet, 16384, NULL);
    pair_open(&from_busy, &busy, RING, NULL);
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, quiet, quiet, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT); /* now it is cold */
    CHECK_INT(par_selector_add(selector, busy, busy, &err), PAR_OK);
    for (int i = 0; i < N; i++) send_pattern(from_busy, 1, 100, 1);
    send_pattern(from_quiet, 1, 100, 1);
    for (int i = 0; i < N && user != quiet; i++) {
        CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
        if (user == busy) CHECK_INT(par_channel_receive(busy, &message, 0, &err), PAR_OK);
    }
    CHECK(user == quiet);
    CHECK(par_channel_has_data(busy)); /* and not only when that one had nothing left */
    par_selector_close(selector);
    pair_close(from_quiet, quiet);
    pair_close(from_busy, busy);
}

/* --- what only looks right --- */
/* All that it says is true, but there is something behind it. */
static void a_good_record_with_more_behind_it(void)
{
    for (int more = 0; more < 2; more++)
        for (int forget = 0; forget < 2; forget++) {
            struct {
                par_record_lend lend;
                uint64_t more;
            } lend = {.lend = {.id = 5, .offset = 0, .bytes = 100, .mode = PAR_LEND_SHARED}};
            struct {
                par_record_forget forget;
                uint64_t more;
            } gone = {.forget = {.id = 5}};
            par_channel *a, *b;
            par_error err;
            par_message message;
            int memory;
            size_t behind = more ? sizeof(uint64_t) : 0;
            pair_open(&a, &b, 16384, NULL);
            CHECK_INT(par_os_memory_open(65536, &memory, &err), PAR_OK);
            CHECK_INT(par_os_socket_write(a->socket, "S", 1, &memory, 1), 1);
            par_os_close(memory);
            put(a, PAR_INTERNAL_SEGMENT, &(par_record_segment){.id = 5, .bytes = 65536, .mode = PAR_LEND_SHARED},
                sizeof(par_record_segment));
            if (forget) put(a, PAR_INTERNAL_FORGET, &gone, sizeof gone.forget + behind);
            else put(a, PAR_INTERNAL_LEND, &lend, sizeof lend.lend + behind);
            CHECK_INT(par_channel_receive(b, &message, 0, &err), more ? PAR_E_CORRUPT : PAR_E_TIMEOUT);
            pair_close(a, b);
        }
}

/* Neither one that was never made, nor one after which something was tried to be sent. */
static void a_claim_that_is_no_more(void)
{
    par_channel *a, *b;
    par_error err;
    size_t room;
    static const uint8_t large[60000];
    pair_open(&a, &b, 65536, NULL);
    CHECK_INT(par_channel_commit(a, 1, 8, &err), PAR_E_AGAIN);
    uint8_t *at = par_channel_claim(a, 8, &room);
    CHECK(at != NULL);
    memset(at, 0, 8);
    a->gone = true; /* so that this one goes out as little as one that finds no room */
    CHECK_INT(par_channel_try_send(a, 1, large, sizeof large, NULL, 0, &err), PAR_E_CLOSED);
    a->gone = false;
    CHECK_INT(par_channel_commit(a, 1, 8, &err), PAR_E_AGAIN);
    pair_close(a, b);
}

TAP_MAIN(TEST(what_is_being_put_together_counts), TEST(payloads_of_a_control_message_do_not_count),
         TEST(a_message_that_was_not_sent_lends_nothing), TEST(a_long_record_comes_in_parts), TEST(records_that_are_no_messages),
         TEST(messages_are_taken_in_by_a_quarter_of_a_ring), TEST(who_takes_in_a_row_is_told_the_time),
         TEST(a_quiet_one_is_heard_beside_a_busy_one), TEST(a_good_record_with_more_behind_it), TEST(a_claim_that_is_no_more))
