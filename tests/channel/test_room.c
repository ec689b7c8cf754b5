/* A receiver that has no room for descriptors or mappings: it is told so, nothing is lost, and all of it comes when there is room. */
#include <sys/resource.h>

#include "channel/lend.h"
#include "channel/notices.h"
#include "channel/pool.h"
#include "channel/wait.h"
#include "peers.h"

#define BYTES ((size_t)256 << 10)

/* A shared storage in a segment of its own, which begins with a number. */
static par_blob *shared_new(uint64_t number)
{
    par_error err;
    par_segment *segment;
    CHECK_INT(par_pool_take(BYTES, PAR_LEND_SHARED, NULL, &segment, &err), PAR_OK);
    par_blob *blob = par_segment_blob(segment, 0, BYTES, PAR_BLOB_SEGMENT);
    par_segment_release(segment, 1);
    *(uint64_t *)blob->data = number;
    return blob;
}

static void send_blob(par_channel *channel, par_blob *blob)
{
    par_error err;
    par_payload payload = {.data = blob->data, .bytes = blob->bytes, .blob = blob, .shared = true};
    CHECK_INT(par_channel_send(channel, 1, "shared", 6, &payload, 1, SECONDS(60), &err), PAR_OK);
}

/* The next message has to be number `number`; its payload is the caller's. */
static par_blob *receive_blob(par_channel *channel, uint64_t number)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(message.n_payloads, 1);
    par_blob *blob = par_blob_retain(message.payloads[0]);
    CHECK_INT(*(uint64_t *)blob->data, number);
    par_channel_release(channel, &message);
    return blob;
}

static void set_limit(int what, uint64_t n)
{
    struct rlimit limit;
    CHECK(getrlimit(what, &limit) == 0);
    limit.rlim_cur = n;
    CHECK(setrlimit(what, &limit) == 0);
}

/* From now on this process gets no descriptor more. Returns what undoes it. */
static uint64_t no_more_descriptors(void)
{
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    int next = dup(0);
    close(next);
    set_limit(RLIMIT_NOFILE, (uint64_t)next);
    CHECK(dup(0) < 0);
    return before.rlim_cur;
}

static void without_room_for_a_descriptor(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    pair_open(&a, &b, 16384, NULL);
    par_blob *shared = shared_new(7);
    uint64_t before = no_more_descriptors();
    send_pattern(a, 1, 100, 1);
    send_blob(a, shared);
    send_pattern(a, 1, 100, 2);
    receive_pattern(b, 1, 100, 1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(par_channel_receive(b, &message, i == 0 ? 0 : MILLISECONDS(50), &err), PAR_E_LIMIT);
        CHECK(strstr(err.text, "ulimit -n"));
        CHECK(par_channel_pending(b) && par_channel_ready(b) && par_channel_has_data(b));
        CHECK_INT(par_channel_absorb(b, MILLISECONDS(50), &err), PAR_E_LIMIT);
    }
    send_pattern(b, 1, 100, 3); /* the other way goes on */
    receive_pattern(a, 1, 100, 3);
    set_limit(RLIMIT_NOFILE, before);
    par_blob *arrived = receive_blob(b, 7);
    receive_pattern(b, 1, 100, 2);
    *(uint64_t *)arrived->data = 8;
    CHECK_INT(*(uint64_t *)shared->data, 8);
    par_blob_release(arrived);
    par_blob_release(shared);
    pair_close(a, b);
}

/* What a selector is told, and a broadcast. */
static void others_that_wait(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    par_selector *selector;
    void *user;
    pair_open(&a, &b, 16384, NULL);
    CHECK_INT(par_selector_open(&selector, NULL, &err), PAR_OK);
    CHECK_INT(par_selector_add(selector, b, b, &err), PAR_OK);
    CHECK_INT(par_selector_wait(selector, &user, 0, &err), PAR_E_TIMEOUT);
    par_blob *shared = shared_new(7);
    uint64_t before = no_more_descriptors();
    send_blob(a, shared);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    CHECK(user == b);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_LIMIT);
    set_limit(RLIMIT_NOFILE, before);
    CHECK_INT(par_selector_wait(selector, &user, SECONDS(60), &err), PAR_OK);
    par_blob_release(receive_blob(b, 7));
    par_blob_release(shared);
    par_selector_close(selector);
    pair_close(a, b);
}

/* A descriptor that came before its record, which a peer may send at any time: there is nothing to do but wait, and not in a circle. */
static void a_descriptor_alone(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    pair_open(&a, &b, 16384, NULL);
    par_blob *shared = shared_new(7);
    int memory = par_segment_of(shared)->fd;
    uint64_t before = no_more_descriptors();
    CHECK_INT(par_os_socket_write(a->socket, "S", 1, &memory, 1), 1);
    CHECK_INT(par_channel_receive(b, &message, MILLISECONDS(100), &err), PAR_E_TIMEOUT);
    CHECK(b->stats.waits_slept > 0);
    CHECK(b->stats.waits_slept <= 100 / 10 + 2); /* of 10 ms each */
    set_limit(RLIMIT_NOFILE, before);
    const par_record_segment record = {.id = 5, .bytes = par_segment_of(shared)->bytes, .mode = PAR_LEND_SHARED};
    par_channel_put_internal(a, PAR_INTERNAL_SEGMENT, &record, sizeof record);
    CHECK_INT(par_channel_receive(b, &message, 0, &err), PAR_E_TIMEOUT);
    CHECK_INT(b->lends.imports.n, 1);
    par_blob_release(shared);
    pair_close(a, b);
}

#define MANY 300

static void shares_many(par_channel *channel)
{
    static par_blob *shared[MANY];
    for (unsigned i = 0; i < MANY; i++) send_blob(channel, shared[i] = shared_new(i));
}

/* The child has ended long before its last storage is received. */
static void more_than_there_is_room_for(void)
{
    enum { SLOTS = 40 };
    peers p;
    par_error err;
    par_message message;
    static par_blob *got[MANY];
    unsigned n = 0, refused = 0;
    peers_start(&p, (size_t)64 << 10, shares_many);
    set_limit(RLIMIT_NOFILE, open_fds() + SLOTS);
    while (n < MANY) {
        int rc = par_channel_receive(p.channel, &message, SECONDS(60), &err);
        if (rc == PAR_OK) {
            CHECK_INT(message.n_payloads, 1);
            got[n] = par_blob_retain(message.payloads[0]);
            CHECK_INT(*(uint64_t *)got[n]->data, n);
            n++;
            par_channel_release(p.channel, &message);
            continue;
        }
        CHECK_INT(rc, PAR_E_LIMIT);
        if (++refused == 3) break;
    }
    CHECK(n >= SLOTS - 8 && n < MANY);
    set_limit(RLIMIT_NOFILE, 1024);
    while (n < MANY) par_blob_release(receive_blob(p.channel, n++));
    for (unsigned i = 0; i < MANY; i++) par_blob_release(got[i]);
    CHECK_INT(par_channel_receive(p.channel, &message, SECONDS(60), &err), PAR_E_CLOSED);
    peers_end(&p);
}

/* More descriptors than are kept, whose records nobody has read yet, while one waits for something else. */
static void many_while_one_waits(void)
{
    par_channel *a, *b;
    par_error err;
    static par_blob *shared[MANY];
    pair_open(&a, &b, (size_t)64 << 10, NULL);
    while (par_channel_claim(b, 1000, &(size_t){0})) CHECK_INT(par_channel_commit(b, 1, 1000, &err), PAR_OK);
    for (unsigned i = 0; i < 100; i++) {
        shared[i] = shared_new(i);
        CHECK_INT(par_lend_announce(a, par_segment_of(shared[i]), PAR_LEND_SHARED, &err), PAR_OK);
    }
    for (int i = 0; i < 10; i++) CHECK(par_channel_wait(b, 0, par_need_arm(b->out.tail + 8), MILLISECONDS(20), &err) != PAR_E_CORRUPT);
    for (unsigned i = 0; i < 100; i++) send_blob(a, shared[i]);
    for (unsigned i = 0; i < 100; i++) par_blob_release(receive_blob(b, i));
    for (unsigned i = 0; i < 100; i++) par_blob_release(shared[i]);
    pair_close(a, b);
}

/* A mapping needs no memory; what is short is their number, or address space. */
static void without_room_for_a_mapping(void)
{
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    par_channel *a, *b;
    par_error err;
    par_message message;
    if (tap_emulated()) return;
    pair_open(&a, &b, 16384, NULL);
    par_blob *shared = shared_new(7);
    send_blob(a, shared);
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    set_limit(RLIMIT_AS, 1 << 20);
    for (int i = 0; i < 3; i++) CHECK_INT(par_channel_receive(b, &message, MILLISECONDS(10), &err), PAR_E_LIMIT);
    CHECK(strstr(err.text, "mappings"));
    set_limit(RLIMIT_AS, before.rlim_cur);
    par_blob_release(receive_blob(b, 7));
    par_blob_release(shared);
    pair_close(a, b);
#endif
}

/* A child that begins with a full table says so, instead of taking its parent for another. */
static void without_room_to_attach(void)
{
    par_channel *a, *b;
    par_error err;
    int fd;
    CHECK_INT(par_channel_open(&a, 16384, NULL, &fd, &err), PAR_OK);
    uint64_t before = no_more_descriptors();
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_E_LIMIT);
    CHECK(strstr(err.text, "ulimit -n"));
    set_limit(RLIMIT_NOFILE, before);
    CHECK_INT(par_channel_attach(&b, fd, NULL, SECONDS(60), &err), PAR_OK);
    pair_close(a, b);
}

TAP_MAIN(TEST(without_room_for_a_descriptor), TEST(others_that_wait), TEST(a_descriptor_alone), TEST(more_than_there_is_room_for),
         TEST(many_while_one_waits), TEST(without_room_for_a_mapping), TEST(without_room_to_attach))
