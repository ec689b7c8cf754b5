/* Records written by hand, each wrong in one way only: every check of the receiver is the one that finds it. */
#include "channel/notices.h"
#include "channel/pool.h"
#include "channel/wait.h"
#include "peers.h"

#define RING ((size_t)1 << 20)
#define SEGMENT_BYTES ((size_t)65536)

/* What the peer makes of what was written last. Without a look before: receive has to find it by itself. */
static int outcome(par_channel *channel)
{
    par_error err;
    par_message message;
    return par_channel_receive(channel, &message, 0, &err);
}

static void put(par_channel *writer, uint32_t kind, const void *record, size_t len)
{
    CHECK(par_channel_has_room(writer, len));
    par_channel_put_internal(writer, kind, record, len);
}

/* A record that is only its word. */
static void put_word(par_channel *writer, uint64_t word)
{
    memcpy(par_writer_at(&writer->out), &word, sizeof word);
    writer->out.head += PAR_RECORD_HEADER;
    par_writer_publish(&writer->out);
}

/* Announces `memory` as a segment, as an honest peer would but for what the record says. */
static void announce(par_channel *writer, int memory, par_record_segment record)
{
    CHECK_INT(par_os_socket_write(writer->socket, "S", 1, &memory, 1), 1);
    put(writer, PAR_INTERNAL_SEGMENT, &record, sizeof record);
}

static int new_memory(void)
{
    par_error err;
    int memory;
    CHECK_INT(par_os_memory_open(SEGMENT_BYTES, &memory, &err), PAR_OK);
    return memory;
}

/* A pair where b knows segment 5 of a. */
static void open_with_segment(par_channel **a, par_channel **b, uint64_t mode)
{
    int memory = new_memory();
    pair_open(a, b, RING, NULL);
    announce(*a, memory, (par_record_segment){.id = 5, .bytes = SEGMENT_BYTES, .mode = mode});
    par_os_close(memory);
    CHECK_INT(outcome(*b), PAR_E_TIMEOUT);
}

/* --- indices and words --- */
static void a_tail_between_two_words(void)
{
    const uint64_t tails[] = {9, 12, 15};
    for (int k = 0; k < 3; k++) {
        par_channel *a, *b;
        par_error err;
        static uint8_t big[16384];
        pair_open(&a, &b, 16384, NULL);
        send_pattern(a, 1, 100, 1);
        atomic_store(&b->in.words->tail, tails[k]); /* less than was published */
        CHECK_INT(par_channel_send(a, 1, big, sizeof big, NULL, 0, MILLISECONDS(100), &err), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

static void a_tail_that_goes_back(void)
{
    par_channel *a, *b;
    par_error err;
    static uint8_t big[16384];
    pair_open(&a, &b, 16384, NULL);
    for (int i = 0; i < 10; i++) {
        send_pattern(a, 1, 8000, 1);
        receive_pattern(b, 1, 8000, 1);
    }
    CHECK(a->out.tail >= 8);
    atomic_store(&b->in.words->tail, a->out.tail - 8);
    CHECK_INT(par_channel_send(a, 1, big, sizeof big, NULL, 0, MILLISECONDS(100), &err), PAR_E_CORRUPT);
    pair_close(a, b);
}

static void a_head_between_two_words(void)
{
    for (uint64_t more = 1; more < 8; more++) {
        par_channel *a, *b;
        pair_open(&a, &b, 16384, NULL);
        send_pattern(a, 1, 100, 1);
        receive_pattern(b, 1, 100, 1);
        atomic_store(&a->out.words->head, a->out.head + more);
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

static void flags_that_nobody_knows(void)
{
    for (uint32_t flags = PAR_RECORD_CONTROL; flags < 256; flags++) {
        par_channel *a, *b;
        if (flags == (PAR_RECORD_INTERNAL | PAR_RECORD_CONTROL)) continue;
        pair_open(&a, &b, 16384, NULL);
        put_word(a, par_record_word(0, PAR_INTERNAL_BYTES, flags)); /* without the flag a message, or a payload */
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

static void a_kind_that_nobody_knows(void)
{
    for (uint32_t kind = 0; kind < 256; kind++) {
        par_channel *a, *b;
        if (kind >= PAR_INTERNAL_BYTES && kind <= PAR_INTERNAL_FORGET) continue;
        pair_open(&a, &b, 16384, NULL);
        put_word(a, par_record_word(0, kind, PAR_RECORD_INTERNAL));
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

/* Records of a fixed size come in that size, and never as a long one. */
static void sizes_that_a_record_cannot_have(void)
{
    static const size_t sizes[] = {sizeof(par_record_segment), sizeof(par_record_lend), sizeof(par_record_release),
                                   sizeof(par_record_forget)};
    static const uint8_t zeros[64];
    for (uint32_t kind = PAR_INTERNAL_SEGMENT; kind <= PAR_INTERNAL_FORGET; kind++)
        for (int wrong = 0; wrong < 3; wrong++) {
            par_channel *a, *b;
            par_error err;
            par_blob *blob = NULL;
            size_t len = sizes[kind - PAR_INTERNAL_SEGMENT];
            pair_open(&a, &b, 16384, NULL);
            if (wrong == 2) put_word(a, par_record_word(13000, kind, PAR_RECORD_INTERNAL));
            else put(a, kind, zeros, wrong ? len + 8 : len - 8);
            CHECK_INT(outcome(b), PAR_E_CORRUPT);
            CHECK_INT(par_pool_blob_new(100, &blob, &err), PAR_OK); /* nothing else was harmed */
            par_blob_release(blob);
            pair_close(a, b);
        }
}

static void a_length_beyond_any_message(void)
{
    for (int payload = 0; payload < 2; payload++) {
        par_channel *a, *b;
        uint64_t len = PAR_MESSAGE_MAX_BYTES + 1;
        pair_open(&a, &b, 16384, NULL);
        put_word(a, payload ? par_record_word(len, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL) : par_record_word(len, 1, 0));
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

/* --- payloads of one message --- */
static void fill_payloads(par_channel *a, par_channel *b, const par_record_lend *lend)
{
    for (unsigned i = 0; i < PAR_PAYLOADS_MAX; i++) {
        if (lend) put(a, PAR_INTERNAL_LEND, lend, sizeof *lend);
        else put(a, PAR_INTERNAL_BYTES, "", 0);
        if (i % 1000 == 0) CHECK_INT(outcome(b), PAR_E_TIMEOUT); /* makes room */
    }
    CHECK_INT(outcome(b), PAR_E_TIMEOUT);
}

static void as_many_payloads_as_a_message_may_have(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    pair_open(&a, &b, RING, NULL);
    fill_payloads(a, b, NULL);
    send_pattern(a, 1, 10, 1);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    CHECK_INT(message.n_payloads, PAR_PAYLOADS_MAX);
    pair_close(a, b);
}

static void one_payload_too_many(void)
{
    const par_record_lend lend = {.id = 5, .bytes = 8};
    for (int k = 0; k < 3; k++) {
        par_channel *a, *b;
        open_with_segment(&a, &b, PAR_LEND_OWN);
        fill_payloads(a, b, k == 1 ? &lend : NULL);
        if (k == 0) put(a, PAR_INTERNAL_BYTES, "", 0);
        if (k == 1) put(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
        if (k == 2) put_word(a, par_record_word(RING, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL)); /* a long one */
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

static void nobody_sends_too_many_payloads(void)
{
    par_channel *a, *b;
    par_error err;
    par_payload *payloads = calloc(PAR_PAYLOADS_MAX + 1, sizeof *payloads);
    pair_open(&a, &b, RING, NULL);
    CHECK_INT(par_channel_send(a, 1, "m", 1, payloads, PAR_PAYLOADS_MAX + 1, SECONDS(60), &err), PAR_E_LIMIT);
    payloads[1].bytes = PAR_MESSAGE_MAX_BYTES + 1;
    CHECK_INT(par_channel_send(a, 1, "m", 1, payloads, 2, SECONDS(60), &err), PAR_E_LIMIT);
    CHECK_INT(outcome(b), PAR_E_TIMEOUT);
    free(payloads);
    pair_close(a, b);
}

/* --- segments and lends --- */
static void a_segment_of_another_size(void)
{
    const uint64_t sizes[] = {0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, SEGMENT_BYTES / 2};
    int memory = new_memory();
    unsigned fds = open_fds();
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        par_channel *a, *b;
        pair_open(&a, &b, 16384, NULL);
        announce(a, memory, (par_record_segment){.id = 5, .bytes = sizes[k]});
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
        CHECK_INT(open_fds(), fds);
    }
    par_os_close(memory);
}

static void a_segment_id_that_is_taken(void)
{
    const par_record_segment wrong[] = {{.id = 5, .bytes = SEGMENT_BYTES}, /* twice */
                                        {.id = 0, .bytes = SEGMENT_BYTES}, /* no id */
                                        {.id = 6, .bytes = SEGMENT_BYTES, .mode = PAR_LEND_MODE_MAX + 1}};
    int memory = new_memory();
    unsigned fds = open_fds();
    for (int k = 0; k < 3; k++) {
        par_channel *a, *b;
        open_with_segment(&a, &b, PAR_LEND_OWN);
        announce(a, memory, wrong[k]);
        CHECK_INT(outcome(b), PAR_E_CORRUPT);
        pair_close(a, b);
        CHECK_INT(open_fds(), fds);
    }
    par_os_close(memory);
}

static void as_many_segments_as_a_peer_may_have(void)
{
    par_channel *a, *b;
    int memory = new_memory();
    pair_open(&a, &b, RING, NULL);
    for (uint64_t id = 1; id <= PAR_SEGMENTS_PER_PEER_MAX + 1; id++) {
        announce(a, memory, (par_record_segment){.id = id, .bytes = SEGMENT_BYTES});
        CHECK_INT(outcome(b), id <= PAR_SEGMENTS_PER_PEER_MAX ? PAR_E_TIMEOUT : PAR_E_CORRUPT);
    }
    par_os_close(memory);
    pair_close(a, b);
}

static void a_lend_beyond_its_segment(void)
{
    const uint64_t wrong[][2] = {{SEGMENT_BYTES, 1},      {SEGMENT_BYTES + 1, 0}, {SEGMENT_BYTES - 7, 8},
                                 {UINT64_MAX, 1},         {UINT64_MAX - 7, 8},    {0, SEGMENT_BYTES + 1},
                                 {(uint64_t)1 << 63, 16}, {8, UINT64_MAX - 7},    {SEGMENT_BYTES, UINT64_MAX}};
    for (unsigned k = 0; k < sizeof wrong / sizeof *wrong; k++)
        for (uint64_t mode = 0; mode <= PAR_LEND_COMMON; mode++) {
            par_channel *a, *b;
            open_with_segment(&a, &b, mode);
            par_record_lend lend = {.id = 5, .offset = wrong[k][0], .bytes = wrong[k][1], .mode = mode};
            put(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
            CHECK_INT(outcome(b), PAR_E_CORRUPT);
            pair_close(a, b);
        }
}

static void a_lend_to_the_last_byte(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    open_with_segment(&a, &b, PAR_LEND_OWN);
    const par_record_lend lends[] = {{.id = 5, .bytes = SEGMENT_BYTES}, {.id = 5, .offset = SEGMENT_BYTES}};
    for (int i = 0; i < 2; i++) put(a, PAR_INTERNAL_LEND, &lends[i], sizeof lends[i]);
    send_pattern(a, 1, 10, 1);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    CHECK_INT(message.payloads[0]->bytes, SEGMENT_BYTES);
    CHECK_INT(message.payloads[1]->bytes, 0);
    memset(message.payloads[0]->data, 1, SEGMENT_BYTES);
    pair_close(a, b);
}

static void a_lend_in_another_mode(void)
{
    for (uint64_t mode = 0; mode <= PAR_LEND_COMMON; mode++)
        for (uint64_t other = 0; other <= PAR_LEND_MODE_MAX + 1; other++) {
            par_channel *a, *b;
            open_with_segment(&a, &b, mode);
            par_record_lend lend = {.id = 5, .bytes = 8, .mode = other};
            put(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
            CHECK_INT(outcome(b), other == mode ? PAR_E_TIMEOUT : PAR_E_CORRUPT);
            pair_close(a, b);
        }
}

/* Lends one segment twice to b; returns its id. Closing ends the lends. */
static uint64_t lend_twice(par_channel *a, const uint8_t *bytes)
{
    par_error err;
    par_blob *blob;
    CHECK_INT(par_pool_blob_new(SEGMENT_BYTES, &blob, &err), PAR_OK);
    memcpy(blob->data, bytes, SEGMENT_BYTES);
    par_payload payload = {.data = blob->data, .bytes = 1000, .blob = blob, .shared = true};
    for (int i = 0; i < 2; i++) CHECK_INT(par_channel_send(a, 1, "m", 1, &payload, 1, SECONDS(60), &err), PAR_OK);
    uint64_t id = par_segment_id(par_segment_of(blob));
    par_blob_release(blob);
    return id;
}

static void more_is_released_than_was_lent(void)
{
    static const uint8_t bytes[SEGMENT_BYTES];
    const uint64_t lends[] = {3, 0, UINT64_MAX, (uint64_t)1 << 63, 2};
    for (int k = 0; k < 5; k++) {
        par_channel *a, *b;
        uint64_t total, lent;
        pair_open(&a, &b, 65536, NULL);
        par_record_release release = {.id = lend_twice(a, bytes), .lends = lends[k]};
        put(b, PAR_INTERNAL_RELEASE, &release, sizeof release);
        CHECK_INT(outcome(a), lends[k] == 2 ? PAR_E_TIMEOUT : PAR_E_CORRUPT);
        par_pool_usage(&total, &lent);
        CHECK(lends[k] == 2 ? lent == 0 : lent > 0);
        if (lends[k] == 2) { /* and once more */
            release.lends = 1;
            put(b, PAR_INTERNAL_RELEASE, &release, sizeof release);
            CHECK_INT(outcome(a), PAR_E_CORRUPT);
        }
        pair_close(a, b);
        par_pool_usage(&total, &lent);
        CHECK_INT(lent, 0);
        par_pool_trim();
    }
}

/* FORGET while something refers to the segment, or to one that is not known: what is mapped stays mapped. */
static void a_segment_in_use_is_not_forgotten(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    const par_record_forget forget = {.id = 5}, unknown = {.id = 6};
    const par_record_lend lend = {.id = 5, .bytes = SEGMENT_BYTES};
    open_with_segment(&a, &b, PAR_LEND_OWN);
    put(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
    send_pattern(a, 1, 10, 1);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    par_blob *blob = par_blob_retain(message.payloads[0]);
    par_channel_release(b, &message);
    put(a, PAR_INTERNAL_FORGET, &forget, sizeof forget);
    CHECK_INT(outcome(b), PAR_E_CORRUPT);
    memset(blob->data, 1, SEGMENT_BYTES); /* or it would be gone under us */
    pair_close(a, b);
    par_blob_release(blob);
    open_with_segment(&a, &b, PAR_LEND_OWN);
    put(a, PAR_INTERNAL_FORGET, &forget, sizeof forget); /* nobody has it: fine */
    CHECK_INT(outcome(b), PAR_E_TIMEOUT);
    put(a, PAR_INTERNAL_FORGET, &unknown, sizeof unknown);
    CHECK_INT(outcome(b), PAR_E_CORRUPT);
    pair_close(a, b);
}

/* --- claims --- */
static void expect_text(par_channel *channel, const char *text)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, 0, &err), PAR_OK);
    CHECK_INT(message.len, strlen(text));
    CHECK(memcmp(message.bytes, text, message.len) == 0);
    par_channel_release(channel, &message);
}

/* Whatever was sent on the channel since: the claim is void, and that message arrives whole. */
static void a_claim_that_another_message_voids(void)
{
    for (int way = 0; way < 3; way++) {
        par_channel *a, *b;
        par_error err;
        size_t room;
        int result;
        pair_open(&a, &b, 16384, NULL);
        uint8_t *at = par_channel_claim(a, 100, &room);
        CHECK(at && room >= 100);
        if (way == 0) CHECK_INT(par_channel_send(a, 1, "inside", 6, NULL, 0, SECONDS(60), &err), PAR_OK);
        if (way == 1) CHECK_INT(par_channel_broadcast(&a, 1, 1, "inside", 6, NULL, 0, SECONDS(60), &result, &err), PAR_OK);
        if (way == 2) {
            uint8_t *other = par_channel_claim(a, 100, &room);
            memcpy(other, "inside", 6);
            CHECK_INT(par_channel_commit(a, 1, 6, &err), PAR_OK);
        }
        CHECK_INT(par_channel_commit(a, 1, 5, &err), PAR_E_AGAIN);
        CHECK_INT(par_channel_send(a, 1, "after", 5, NULL, 0, SECONDS(60), &err), PAR_OK);
        expect_text(b, "inside");
        expect_text(b, "after");
        CHECK_INT(outcome(b), PAR_E_TIMEOUT);
        pair_close(a, b);
    }
}

static void more_is_committed_than_there_is_room(void)
{
    par_channel *a, *b;
    par_error err;
    size_t room;
    pair_open(&a, &b, 16384, NULL);
    CHECK(par_channel_claim(a, 100, &room) != NULL);
    CHECK_INT(par_channel_commit(a, 1, room + 8, &err), PAR_E_INVALID);
    CHECK_INT(par_channel_commit(a, 1, SIZE_MAX - 15, &err), PAR_E_INVALID);
    CHECK_INT(par_channel_commit(a, PAR_KIND_MAX + 1, 8, &err), PAR_E_INVALID);
    uint8_t *at = par_channel_claim(a, 100, &room);
    memset(at, 'x', room);
    CHECK_INT(par_channel_commit(a, 1, room, &err), PAR_OK);
    CHECK(par_channel_claim(a, 0, &room) == NULL); /* it is full */
    pair_close(a, b);
}

/* What a blob's end would tell the peer waits for the end of a claim: it would stand where the message is written. */
static void notices_wait_for_the_end_of_a_claim(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    uint64_t total, lent;
    size_t room;
    static uint8_t bytes[PAR_LEND_MIN_BYTES];
    par_payload payload = {.data = bytes, .bytes = sizeof bytes};
    pair_open(&a, &b, 65536, NULL);
    CHECK_INT(par_channel_send(a, 1, "m", 1, &payload, 1, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    uint8_t *at = par_channel_claim(b, 100, &room);
    memcpy(at, "claimed", 7);
    par_channel_release(b, &message);
    CHECK_INT(par_channel_commit(b, 1, 7, &err), PAR_OK);
    expect_text(a, "claimed");
    CHECK_INT(outcome(a), PAR_E_TIMEOUT);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    pair_close(a, b);
}

/* --- the rest of a message --- */
static bool always(void *context)
{
    (void)context;
    return true;
}

/* Nobody reads yet, so a part of it is out when the sender leaves; all of it has to arrive. */
static void what_an_interrupt_leaves_is_sent_later(void)
{
    const par_channel_owner owner = {.interrupted = always};
    for (int with_payload = 0; with_payload < 2; with_payload++) {
        enum { LONG = 100000 };
        par_channel *a, *b;
        par_error err;
        par_message message;
        static uint8_t bytes[LONG];
        par_payload payload = {.data = bytes, .bytes = 60000};
        pair_open(&a, &b, 16384, &owner);
        pattern_fill(bytes, LONG, 1);
        int rc = par_channel_send(a, 1, bytes, LONG, &payload, (uint32_t)with_payload, PAR_NEVER, &err);
        CHECK_INT(rc, PAR_E_INTERRUPTED);
        memset(bytes, 0, LONG);                                                                                         /* it was copied */
        while ((rc = par_channel_receive(b, &message, 0, &err)) == PAR_E_TIMEOUT) CHECK_INT(outcome(a), PAR_E_TIMEOUT); /* writes on */
        CHECK_INT(rc, PAR_OK);
        CHECK_INT(message.len, LONG);
        CHECK(pattern_good(message.bytes, LONG, 1));
        CHECK_INT(message.n_payloads, with_payload);
        if (with_payload) CHECK(pattern_good(message.payloads[0]->data, 60000, 1));
        par_channel_release(b, &message);
        send_pattern(a, 1, 10, 2);
        receive_pattern(b, 1, 10, 2);
        pair_close(a, b);
    }
}

/* One that had not begun leaves nothing. */
static void nor_does_anything_come_of_one_that_had_not_begun(void)
{
    const par_channel_owner owner = {.interrupted = always};
    par_channel *a, *b;
    par_error err;
    par_message message;
    static uint8_t bytes[4000];
    int sent = 0, rc;
    pair_open(&a, &b, 16384, &owner);
    while ((rc = par_channel_send(a, 1, bytes, sizeof bytes, NULL, 0, PAR_NEVER, &err)) == PAR_OK) sent++;
    CHECK_INT(rc, PAR_E_INTERRUPTED);
    for (; sent > 0; sent--) {
        CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
        CHECK_INT(outcome(a), PAR_E_TIMEOUT);
    }
    CHECK_INT(outcome(b), PAR_E_TIMEOUT);
    pair_close(a, b);
}

/* A payload comes to its end while a message is half written: to say so now would put the word into the message. */
static void notices_wait_for_the_rest_of_a_message(void)
{
    enum { LONG = 100000 };
    par_channel *a, *b;
    par_error err;
    par_message message;
    static uint8_t bytes[LONG];
    uint64_t total, lent;
    int rc;
    par_payload payload = {.data = bytes, .bytes = PAR_LEND_MIN_BYTES};
    pair_open(&a, &b, 16384, NULL);
    pattern_fill(bytes, LONG, 1);
    CHECK_INT(par_channel_send(a, 1, "m", 1, &payload, 1, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    par_blob *blob = par_blob_retain(message.payloads[0]);
    par_channel_release(b, &message);
    CHECK_INT(par_channel_send(b, 1, bytes, LONG, NULL, 0, MILLISECONDS(1), &err), PAR_OK); /* the rest follows */
    CHECK_INT(outcome(a), PAR_E_TIMEOUT);                                                   /* there is room again */
    par_blob_release(blob);
    while ((rc = par_channel_receive(a, &message, 0, &err)) == PAR_E_TIMEOUT) CHECK_INT(outcome(b), PAR_E_TIMEOUT);
    CHECK_INT(rc, PAR_OK);
    CHECK_INT(message.len, LONG);
    CHECK(pattern_good(message.bytes, LONG, 1));
    par_channel_release(a, &message);
    outcome(b);
    outcome(a);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    pair_close(a, b);
}

/* --- needs and bells --- */
static void who_arms_looks_again(void)
{
    par_channel *a, *b;
    pair_open(&a, &b, 16384, NULL);
    uint64_t need = par_need_arm(b->in.read + 8);
    CHECK_INT(par_channel_arm(b, need, 0), 0);
    par_channel_disarm(b, need, 0);
    send_pattern(a, 1, 8, 1);
    CHECK(par_channel_arm(b, need, 0) > 0);
    par_channel_disarm(b, need, 0);
    need = par_need_arm(a->out.tail + 8);
    CHECK_INT(par_channel_arm(a, 0, need), 0);
    par_channel_disarm(a, 0, need);
    receive_pattern(b, 1, 8, 1);
    par_channel_give_back(b);
    CHECK(par_channel_arm(a, 0, need) > 0);
    atomic_store(&a->out.words->head, 1);
    CHECK_INT(par_channel_arm(b, par_need_arm(b->in.read + 8), 0), PAR_E_CORRUPT);
    pair_close(a, b);
}

/* One bell for one need, and none before it is reached. */
static void a_bell_rings_once(void)
{
    par_channel *a, *b;
    par_channel_stats stats;
    pair_open(&a, &b, 16384, NULL);
    CHECK_INT(par_channel_arm(b, par_need_arm(b->in.read + 64), 0), 0);
    for (int i = 0; i < 10; i++) {
        send_pattern(a, 1, 8, 1);
        par_channel_stats_get(a, &stats);
        CHECK_INT(stats.bells_rung, i >= 3);
    }
    pair_close(a, b);
}

/* --- messages in hand --- */
static void a_message_in_hand_keeps_its_place(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message, released;
    static uint8_t bytes[6000];
    pair_open(&a, &b, 16384, NULL);
    send_pattern(a, 1, 6000, 1);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    par_channel_give_back(b);
    CHECK(!par_channel_has_data(b));
    for (int i = 0; i < 3; i++) par_channel_send(a, 1, bytes, sizeof bytes, NULL, 0, MILLISECONDS(1), &err);
    CHECK(pattern_good(message.bytes, 6000, 1));
    released = message;
    par_channel_release(b, &message);
    CHECK_INT(par_channel_unreceive(b, &message, &err), PAR_E_INVALID);
    CHECK_INT(par_channel_unreceive(b, &released, &err), PAR_E_INVALID);
    pair_close(a, b);
}

TAP_MAIN(TEST(a_tail_between_two_words), TEST(a_tail_that_goes_back), TEST(a_head_between_two_words), TEST(flags_that_nobody_knows),
         TEST(a_kind_that_nobody_knows), TEST(sizes_that_a_record_cannot_have), TEST(a_length_beyond_any_message),
         TEST(as_many_payloads_as_a_message_may_have), TEST(one_payload_too_many), TEST(nobody_sends_too_many_payloads),
         TEST(a_segment_of_another_size), TEST(a_segment_id_that_is_taken), TEST(as_many_segments_as_a_peer_may_have),
         TEST(a_lend_beyond_its_segment), TEST(a_lend_to_the_last_byte), TEST(a_lend_in_another_mode), TEST(more_is_released_than_was_lent),
         TEST(a_segment_in_use_is_not_forgotten), TEST(a_claim_that_another_message_voids), TEST(more_is_committed_than_there_is_room),
         TEST(notices_wait_for_the_end_of_a_claim), TEST(what_an_interrupt_leaves_is_sent_later),
         TEST(nor_does_anything_come_of_one_that_had_not_begun), TEST(notices_wait_for_the_rest_of_a_message), TEST(who_arms_looks_again),
         TEST(a_bell_rings_once), TEST(a_message_in_hand_keeps_its_place))
