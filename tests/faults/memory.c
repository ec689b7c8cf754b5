/* Fails the n-th allocation, for every n, on one side of a channel: there is an error or a way round it, nothing is lost or
 * said twice, and with memory again everything goes on where it stopped. */
#include <errno.h>

#include "peers.h"
#include "channel/pool.h"
#include "os/fault.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
int __real_posix_memalign(void **out, size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
int __wrap_posix_memalign(void **out, size_t align, size_t bytes);

/* The linker sends all allocations here (--wrap). They are counted from 1; 0: none fails. */
static long seen, fail_at;
static bool fail_all_after;

static bool fails(void)
{
    seen++;
    return fail_at && (fail_all_after ? seen >= fail_at : seen == fail_at);
}

void *__wrap_malloc(size_t bytes) { return fails() ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes) { return fails() ? NULL : __real_calloc(n, bytes); }
void *__wrap_realloc(void *block, size_t bytes) { return fails() ? NULL : __real_realloc(block, bytes); }
int __wrap_posix_memalign(void **out, size_t align, size_t bytes) { return fails() ? ENOMEM : __real_posix_memalign(out, align, bytes); }

static void fail_from_now(long n, bool every)
{
    seen = 0;
    fail_at = n;
    fail_all_after = every;
}

/* System calls fail instead. */
static bool system_fails;

static void begin_failing(long n, bool every)
{
    if (system_fails) par_fault_set(n, ENOMEM, every);
    else fail_from_now(n, every);
}

static long end_failing(void)
{
    long count = system_fails ? par_fault_count() : seen;
    par_fault_set(0, 0, false);
    fail_at = 0;
    return count;
}

/* --- what is sent: one message of each kind --- */
enum { RING = 1 << 20, SMALL = 5000, STREAMED = 800000, LENT = 100000, KINDS = 6 };
static uint8_t source[STREAMED];

typedef struct kind {
    size_t bytes;        /* of the message */
    size_t payload;      /* 0: none */
    bool shared, common; /* how it is lent */
} kind;

static const kind kinds[KINDS] = {{.bytes = SMALL},
                                  {.bytes = STREAMED},
                                  {.bytes = 8, .payload = 1000},
                                  {.bytes = 8, .payload = LENT},
                                  {.bytes = 8, .payload = 3000, .shared = true},
                                  {.bytes = SMALL, .payload = LENT, .common = true}};

static par_channel *a, *b, *other[2]; /* and a second pair, for what several get */
static par_blob *storage;             /* shared */

static int send_kind(int i, par_error *err)
{
    const kind *k = &kinds[i];
    par_payload payload = {.data = source, .bytes = k->payload};
    if (k->shared) payload = (par_payload){.data = storage->data, .bytes = k->payload, .blob = storage, .shared = true};
    if (!k->common) return par_channel_send(a, (uint32_t)i, source, k->bytes, &payload, k->payload != 0, SECONDS(60), err);
    par_channel *both[2] = {a, other[0]};
    int results[2], rc = par_channel_broadcast(both, 2, (uint32_t)i, source, k->bytes, &payload, 1, SECONDS(60), results, err);
    return rc == PAR_OK || results[0] != PAR_OK ? rc : PAR_OK; /* what became of the other is not asked */
}

static void check_kind(const par_message *message, int i)
{
    const kind *k = &kinds[i];
    CHECK_INT(message->kind, i);
    CHECK_INT(message->len, k->bytes);
    CHECK(memcmp(message->bytes, source, k->bytes) == 0);
    CHECK_INT(message->n_payloads, k->payload != 0);
    if (!k->payload) return;
    CHECK_INT(message->payloads[0]->bytes, k->payload);
    CHECK(memcmp(message->payloads[0]->data, source, k->payload) == 0);
}

static void open_all(void)
{
    par_error err;
    pattern_fill(source, sizeof source, 1);
    pair_open(&a, &b, RING, NULL);
    pair_open(&other[0], &other[1], RING, NULL);
    CHECK_INT(par_pool_blob_new(3000, &storage, &err), PAR_OK);
    memcpy(storage->data, source, 3000);
}

static void close_all(void)
{
    uint64_t total, lent;
    par_blob_release(storage);
    pair_close(a, b);
    pair_close(other[0], other[1]);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    par_pool_trim();
}

/* Each lend came back once. */
static void check_returned(void)
{
    par_error err;
    par_message message;
    uint64_t total, lent;
    par_channel *senders[2] = {a, other[0]};
    while (par_channel_receive(other[1], &message, 0, &err) == PAR_OK) par_channel_release(other[1], &message);
    for (int i = 0; i < 2; i++) CHECK_INT(par_channel_receive(senders[i], &message, 0, &err), PAR_E_TIMEOUT);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
}

/* --- the receiver's memory --- */
static int receive_into(par_message *message, bool keep, par_error *err)
{
    if (!keep) return par_channel_receive(b, message, 0, err);
    int rc = par_channel_absorb(b, 0, err);
    return rc == PAR_OK ? par_channel_receive(b, message, 0, err) : rc;
}

/* Sends one of each of the two kinds, and fails allocation n of their receiver. Returns whether there was one. */
static bool receive_short_of(long n, bool every, int first, int second, bool keep)
{
    par_error err;
    par_message message;
    open_all();
    CHECK_INT(send_kind(first, &err), PAR_OK);
    CHECK_INT(send_kind(second, &err), PAR_OK);
    begin_failing(n, every);
    int rc = receive_into(&message, keep, &err);
    long count = end_failing();
    if (rc != PAR_OK) {
        CHECK(rc < 0 && rc != PAR_E_CORRUPT && rc != PAR_E_TIMEOUT);
        CHECK(count >= n && err.code == rc && err.text[0]);
        rc = receive_into(&message, keep, &err);
    }
    CHECK_INT(rc, PAR_OK);
    check_kind(&message, first);
    par_channel_release(b, &message);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    check_kind(&message, second);
    par_channel_release(b, &message);
    par_channel_stats stats;
    par_channel_stats_get(b, &stats);
    CHECK_INT(stats.received_messages, 2);
    CHECK_INT(stats.received_bytes, kinds[first].bytes + kinds[second].bytes);
    CHECK_INT(stats.inbox_messages, 0);
    CHECK_INT(stats.inbox_bytes, 0);
    check_returned();
    close_all();
    return count >= n;
}

static void each_allocation_of_a_receiver(void)
{
    unsigned fds = open_fds();
    for (int mode = 0; mode < 4; mode++)
        for (int first = 0; first < KINDS; first++)
            for (int second = 0; second < KINDS; second++) {
                if (first == 1 && second == 1) continue; /* more than the ring holds */
                long n = 1;
                while (receive_short_of(n, mode & 1, first, second, mode & 2)) n++;
                CHECK_INT(open_fds(), fds);
            }
}

/* --- the sender's --- */
/* Sends one of each kind, allocation n of the first failing. */
static bool send_short_of(long n, bool every, int first)
{
    par_error err;
    par_message message;
    uint64_t total, lent;
    open_all();
    begin_failing(n, every);
    int rc = send_kind(first, &err);
    long count = end_failing();
    if (rc != PAR_OK) {
        CHECK(err.code == rc && err.text[0]);
        CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT); /* nothing of it is out */
        par_pool_usage(&total, &lent);
        if (!kinds[first].common) CHECK_INT(lent, 0);
        CHECK_INT(send_kind(first, &err), PAR_OK);
    }
    for (int i = 0; i < KINDS; i++) {
        int this = (first + i) % KINDS;
        if (i) CHECK_INT(send_kind(this, &err), PAR_OK);
        CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
        check_kind(&message, this);
        par_channel_release(b, &message);
    }
    close_all();
    return count >= n;
}

static void each_allocation_of_a_sender(void)
{
    unsigned fds = open_fds();
    for (int mode = 0; mode < 4; mode++) {
        system_fails = mode & 1;
        for (int first = 0; first < KINDS; first++) {
            long n = 1;
            while (send_short_of(n, mode & 2, first)) n++;
            CHECK_INT(open_fds(), fds);
        }
    }
}

/* A part of a message is out and what follows cannot be kept: nothing may follow it, and both ends know. */
static void the_rest_of_a_message_cannot_be_kept(void)
{
    par_error err;
    par_message message;
    pair_open(&a, &b, 16384, NULL);
    fail_from_now(1, true);
    CHECK_INT(par_channel_send(a, 1, source, sizeof source, NULL, 0, MILLISECONDS(1), &err), PAR_E_NOMEM);
    fail_from_now(0, false);
    CHECK_INT(par_channel_send(a, 1, source, 10, NULL, 0, MILLISECONDS(1), &err), PAR_E_NOMEM);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    par_channel_close(a);
    CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_E_CLOSED);
    par_channel_close(b);
}

static void put_back_and_receive(int which)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    for (long n = 1; n <= 2 && !kinds[which].payload; n++) {
        fail_from_now(n, true);
        CHECK_INT(par_channel_unreceive(b, &message, &err), PAR_E_NOMEM);
        fail_from_now(0, false);
        check_kind(&message, which);
    }
    fail_from_now(kinds[which].payload != 0, true);
    CHECK_INT(par_channel_unreceive(b, &message, &err), PAR_OK);
    fail_from_now(0, false);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_OK);
    check_kind(&message, which);
    par_channel_release(b, &message);
}

/* A put-back of what lies in the ring needs a copy; without memory for it the message stays the caller's. One with payloads is a copy already. */
static void a_message_that_cannot_be_put_back(void)
{
    par_error err;
    open_all();
    for (int which = 0; which <= 2; which += 2) {
        CHECK_INT(send_kind(which, &err), PAR_OK);
        put_back_and_receive(which);
    }
    close_all();
}

TAP_MAIN(TEST(each_allocation_of_a_receiver), TEST(each_allocation_of_a_sender), TEST(the_rest_of_a_message_cannot_be_kept),
         TEST(a_message_that_cannot_be_put_back))
