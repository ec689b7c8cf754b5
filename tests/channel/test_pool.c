/* Large payloads: lent segments, their return, sharing, handing on, and the limits. */

#include "channel/pool.h"
#include "channel/segment.h"
#include "os/os.h"
#include "peers.h"

#define MB ((size_t)1 << 20)

static void link_pair(par_channel **a, par_channel **b) { pair_open(a, b, 65536, NULL); }

static int send_payload(par_channel *channel, const void *data, size_t bytes, par_blob *blob, bool shared)
{
    par_error err;
    par_payload payload = {.data = data, .bytes = bytes, .blob = blob, .shared = shared};
    return par_channel_send(channel, 1, "m", 1, &payload, 1, SECONDS(60), &err);
}

static par_blob *receive_payload(par_channel *channel)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(message.n_payloads, 1);
    par_blob *blob = par_blob_retain(message.payloads[0]);
    par_channel_release(channel, &message);
    return blob;
}

static void segments_come_back_and_are_used_again(void)
{
    par_channel *a, *b;
    uint64_t total, lent, first_total = 0;
    link_pair(&a, &b);
    uint8_t *bytes = malloc(2 * MB);
    for (int i = 0; i < 100; i++) {
        pattern_fill(bytes, 2 * MB, i);
        CHECK_INT(send_payload(a, bytes, 2 * MB, NULL, false), PAR_OK);
        par_pool_usage(&total, &lent);
        CHECK(lent >= 2 * MB);
        if (i == 0) first_total = total;
        CHECK_INT(total, first_total);
        par_blob *blob = receive_payload(b);
        CHECK_INT(blob->bytes, 2 * MB);
        CHECK(((uintptr_t)blob->data & 63) == 0);
        CHECK(pattern_good(blob->data, 2 * MB, i));
        memset(blob->data, 0x55, blob->bytes); /* it is the receiver's own */
        par_blob_release(blob);
    }
    par_channel_ready(a);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    free(bytes);
    par_channel_close(a);
    par_channel_close(b);
    par_pool_trim();
    par_pool_usage(&total, &lent);
    CHECK_INT(total, 0);
}

/* A stream uses a few segments in turn, and never more than may be in flight. */
static void sums_payloads(par_channel *channel)
{
    for (int i = 0; i < 2000; i++) {
        par_blob *blob = receive_payload(channel);
        CHECK_INT(((const uint8_t *)blob->data)[i], (uint8_t)i);
        par_blob_release(blob);
    }
}

static void a_stream_needs_few_segments(void)
{
    peers p;
    uint64_t total, lent;
    uint8_t *bytes = calloc(1, PAR_LEND_MIN_BYTES);
    peers_start(&p, 65536, sums_payloads);
    for (int i = 0; i < 2000; i++) {
        bytes[i] = (uint8_t)i;
        CHECK_INT(send_payload(p.channel, bytes, PAR_LEND_MIN_BYTES, NULL, false), PAR_OK);
        par_pool_usage(&total, &lent);
        CHECK(total <= PAR_FLIGHT_MAX_BYTES + PAR_LEND_MIN_BYTES);
    }
    peers_end(&p);
    free(bytes);
}

static int try_payload(par_channel *channel, uint8_t *bytes, size_t n, uint8_t value)
{
    par_error err;
    par_payload payload = {.data = bytes, .bytes = n};
    memset(bytes, value, n);
    return par_channel_try_send(channel, 1, "m", 1, &payload, 1, &err);
}

/* Of huge ones each may be copied as soon as the one before it was taken, before that one is released. */
static void the_next_huge_one_is_copied_while_one_is_read(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    uint64_t total, lent;
    uint8_t *bytes = malloc(PAR_FLIGHT_HUGE_BYTES);
    link_pair(&a, &b);
    CHECK_INT(try_payload(a, bytes, PAR_FLIGHT_HUGE_BYTES, 0), PAR_OK);
    for (uint8_t i = 0; i < 10; i++) {
        CHECK_INT(try_payload(a, bytes, PAR_FLIGHT_HUGE_BYTES, i + 1), PAR_E_AGAIN);
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
        CHECK_INT(try_payload(a, bytes, PAR_FLIGHT_HUGE_BYTES, i + 1), PAR_OK);
        CHECK(message.n_payloads == 1 && message.len == 1 && message.bytes[0] == 'm');
        for (size_t at = 0; at < PAR_FLIGHT_HUGE_BYTES; at += 4096) CHECK_INT(((const uint8_t *)message.payloads[0]->data)[at], i);
        par_channel_release(b, &message);
        par_pool_usage(&total, &lent);
        CHECK(total <= 2 * PAR_FLIGHT_HUGE_BYTES);
    }
    free(bytes);
    par_channel_close(a);
    par_channel_close(b);
    par_pool_trim();
}

/* Several free segments that a closing peer knows stay in the pool, once each. */
static void free_segments_survive_a_peer(void)
{
    enum { FEW = 5 };
    par_blob *blobs[FEW];
    uint64_t total, lent, before;
    unsigned fds = open_fds();
    uint8_t *bytes = calloc(1, MB);
    for (int round = 0; round < 3; round++) {
        par_channel *a, *b;
        link_pair(&a, &b);
        for (int i = 0; i < FEW; i++) {
            CHECK_INT(send_payload(a, bytes, MB, NULL, false), PAR_OK);
            blobs[i] = receive_payload(b);
        }
        for (int i = 0; i < FEW; i++) par_blob_release(blobs[i]);
        par_channel_ready(a);
        par_pool_usage(&before, &lent);
        CHECK_INT(lent, 0);
        par_channel_close(a);
        par_channel_close(b);
        par_pool_usage(&total, &lent);
        CHECK_INT(total, before);
        CHECK_INT(total, FEW * MB);
    }
    par_pool_trim();
    par_pool_usage(&total, &lent);
    CHECK_INT(total, 0);
    CHECK_INT(open_fds(), fds);
    free(bytes);
}

static void a_borrowed_block_outlives_its_channel(void)
{
    par_channel *a, *b;
    uint64_t total, lent;
    unsigned fds = open_fds();
    link_pair(&a, &b);
    uint8_t *bytes = malloc(MB);
    pattern_fill(bytes, MB, 3);
    CHECK_INT(send_payload(a, bytes, MB, NULL, false), PAR_OK);
    CHECK_INT(send_payload(a, bytes, MB, NULL, false), PAR_OK);
    par_blob *blob = receive_payload(b);
    par_channel_close(a); /* one lend was received, one is still in the ring */
    CHECK(pattern_good(blob->data, MB, 3));
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    CHECK_INT(total, 0); /* spoiled: never used again */
    par_blob *second = receive_payload(b);
    CHECK(pattern_good(second->data, MB, 3));
    par_blob_release(second);
    par_channel_close(b);
    CHECK(pattern_good(blob->data, MB, 3));
    par_blob_release(blob);
    free(bytes);
    CHECK_INT(open_fds(), fds);
}

static void shared_storages_are_the_same_memory(void)
{
    par_channel *a, *b;
    par_error err;
    par_blob *blob;
    link_pair(&a, &b);
    CHECK_INT(par_pool_blob_new(3 * MB, &blob, &err), PAR_OK);
    CHECK_INT(blob->kind, PAR_BLOB_SEGMENT);
    CHECK_INT(blob->bytes, 3 * MB);
    uint8_t *mine = blob->data;
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(send_payload(a, mine + 64, MB, blob, true), PAR_OK);
        par_blob_release(receive_payload(b));
    }
    CHECK_INT(send_payload(a, mine + 64, MB, blob, true), PAR_OK);
    par_blob *theirs = receive_payload(b);
    CHECK_INT(theirs->kind, PAR_BLOB_SEGMENT);
    CHECK_INT(theirs->bytes, MB);
    mine[64] = 17;
    CHECK_INT(((uint8_t *)theirs->data)[0], 17);
    ((uint8_t *)theirs->data)[1] = 18;
    CHECK_INT(mine[65], 18);
    /* By value it is a copy. */
    CHECK_INT(send_payload(a, mine + 64, MB, blob, false), PAR_OK);
    par_blob *copy = receive_payload(b);
    mine[64] = 99;
    CHECK_INT(((uint8_t *)copy->data)[0], 17);
    par_blob_release(copy);
    par_blob_release(blob); /* the lend keeps it */
    uint64_t total, lent;
    par_pool_usage(&total, &lent);
    CHECK(lent > 0);
    par_blob_release(theirs);
    par_channel_ready(a);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    par_channel_close(a);
    par_channel_close(b);
}

/* a -> b -> c: what c writes, a sees; and a keeps the segment as long as c has it. */
static void a_shared_storage_can_be_handed_on(void)
{
    par_channel *a, *b_to_a, *b_to_c, *c;
    par_error err;
    par_blob *blob;
    uint64_t total, lent;
    unsigned fds = open_fds();
    link_pair(&a, &b_to_a);
    link_pair(&b_to_c, &c);
    CHECK_INT(par_pool_blob_new(MB, &blob, &err), PAR_OK);
    uint8_t *mine = blob->data;
    CHECK_INT(send_payload(a, mine, MB, blob, true), PAR_OK);
    par_blob *at_b = receive_payload(b_to_a);
    CHECK_INT(send_payload(b_to_c, at_b->data, MB, at_b, true), PAR_OK);
    par_blob_release(at_b);
    par_blob *at_c = receive_payload(c);
    memset(at_c->data, 7, MB);
    CHECK_INT(mine[MB - 1], 7);
    par_blob_release(blob);
    par_channel_ready(a);
    par_pool_usage(&total, &lent);
    CHECK(lent > 0);
    par_blob_release(at_c);
    par_channel_ready(b_to_c); /* takes the release in, and passes it on */
    par_channel_ready(a);
    par_pool_usage(&total, &lent);
    CHECK_INT(lent, 0);
    par_pool_trim(); /* FORGET goes to b, and from b to c */
    CHECK(!par_channel_ready(b_to_a));
    CHECK(!par_channel_ready(c));
    par_channel_close(a);
    par_channel_close(b_to_a);
    par_channel_close(b_to_c);
    par_channel_close(c);
    CHECK_INT(open_fds(), fds);
}

static void many_shared_storages_in_one_message(void)
{
    enum { MANY = 150 };
    par_channel *a, *b;
    par_error err;
    par_blob *blobs[MANY];
    par_payload payloads[MANY];
    par_message message;
    link_pair(&a, &b);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(par_pool_blob_new(100, &blobs[i], &err), PAR_OK);
        memset(blobs[i]->data, i, 100);
        payloads[i] = (par_payload){.data = blobs[i]->data, .bytes = 100, .blob = blobs[i], .shared = true};
    }
    CHECK_INT(par_channel_send(a, 1, "m", 1, payloads, MANY, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_OK);
    CHECK_INT(message.n_payloads, MANY);
    for (int i = 0; i < MANY; i++) CHECK_INT(*(uint8_t *)message.payloads[i]->data, i);
    par_channel_release(b, &message);
    for (int i = 0; i < MANY; i++) par_blob_release(blobs[i]);
    par_channel_close(a);
    par_channel_close(b);
}

enum { READERS = 4 };

static void reads_and_scribbles(par_channel *channel)
{
    for (int i = 0; i < 20; i++) {
        par_blob *blob = receive_payload(channel);
        CHECK_INT(blob->bytes, MB);
        CHECK(pattern_good(blob->data, MB, i));
        if (i % 3 == 1) memset(blob->data, i, MB); /* nobody else may see this, and the next round not either */
        for (size_t at = (size_t)i * 64; i % 3 == 2 && at < MB; at += 70001) ((uint8_t *)blob->data)[at] ^= 0xff;
        par_blob_release(blob);
        CHECK_INT(send_payload(channel, "ok", 2, NULL, false), PAR_OK);
    }
}

static void broadcast_lends_one_segment_to_all(void)
{
    peers p[READERS];
    par_channel *channels[READERS];
    int results[READERS];
    par_error err;
    uint64_t total, lent;
    for (int i = 0; i < READERS; i++) {
        peers_start(&p[i], 65536, reads_and_scribbles);
        channels[i] = p[i].channel;
    }
    uint8_t *bytes = malloc(MB);
    for (int round = 0; round < 20; round++) {
        pattern_fill(bytes, MB, round);
        par_payload payload = {.data = bytes, .bytes = MB};
        CHECK_INT(par_channel_broadcast(channels, READERS, 1, "m", 1, &payload, 1, SECONDS(60), results, &err), PAR_OK);
        for (int i = 0; i < READERS; i++) {
            CHECK_INT(results[i], PAR_OK);
            par_blob_release(receive_payload(channels[i]));
        }
        par_pool_usage(&total, &lent);
        CHECK_INT(total, MB); /* one segment, again and again */
    }
    for (int i = 0; i < READERS; i++) peers_end(&p[i]);
    free(bytes);
}

static void never_reads(par_channel *channel)
{
    (void)channel;
    pause();
}

static void receives_all(par_channel *channel)
{
    for (int i = 0; i < 3; i++) {
        receive_pattern(channel, 9, 3 * MB, i);
        send_pattern(channel, 1, 1, i);
    }
}

static void a_slow_peer_does_not_hold_up_a_broadcast(void)
{
    peers p[3];
    par_channel *channels[3];
    int results[3];
    par_error err;
    peers_start(&p[0], 65536, receives_all);
    peers_start(&p[1], 65536, never_reads);
    peers_start(&p[2], 65536, receives_all);
    for (int i = 0; i < 3; i++) channels[i] = p[i].channel;
    uint8_t *bytes = malloc(3 * MB);
    for (int i = 0; i < 3; i++) {
        pattern_fill(bytes, 3 * MB, i);
        int rc = par_channel_broadcast(channels, 3, 9, bytes, 3 * MB, NULL, 0, MILLISECONDS(300), results, &err);
        CHECK_INT(results[0], PAR_OK);
        CHECK_INT(results[2], PAR_OK);
        /* The first one is under way and will be finished; the others have not begun. */
        CHECK_INT(results[1], i == 0 ? PAR_OK : PAR_E_TIMEOUT);
        CHECK_INT(rc, results[1]);
        receive_pattern(p[0].channel, 1, 1, i); /* it has the whole message, so there is room for the next */
        receive_pattern(p[2].channel, 1, 1, i);
    }
    kill(p[1].child, SIGKILL);
    CHECK_INT(par_channel_broadcast(channels + 1, 1, 9, bytes, MB, NULL, 0, SECONDS(60), results, &err), PAR_E_CLOSED);
    par_channel_close(p[1].channel);
    CHECK(waitpid(p[1].child, NULL, 0) > 0);
    peers_end(&p[0]);
    peers_end(&p[2]);
    free(bytes);
}

static void above_the_cap_the_ring_is_used(void)
{
    par_error err;
    uint64_t total, lent;
    par_segment *hog[64];
    int n = 0;
    while (n < 64 && par_pool_take(100 * MB, PAR_LEND_OWN, NULL, &hog[n], &err) == PAR_OK) n++;
    CHECK_INT(par_pool_take((size_t)-1, PAR_LEND_OWN, NULL, &hog[63], &err), PAR_E_LIMIT);
    CHECK(n > 0 && n < 12);
    par_pool_usage(&total, &lent);
    CHECK(total <= PAR_SEGMENT_POOL_MAX_BYTES);
    peers p;
    peers_start(&p, 65536, reads_and_scribbles);
    uint8_t *bytes = malloc(MB);
    for (int i = 0; i < 20; i++) {
        pattern_fill(bytes, MB, i);
        CHECK_INT(send_payload(p.channel, bytes, MB, NULL, false), PAR_OK);
        par_blob_release(receive_payload(p.channel));
    }
    peers_end(&p);
    for (int i = 0; i < n; i++) par_segment_release(hog[i], 1);
    free(bytes);
}

static void shared_storages_are_as_large_as_the_program_wants(void)
{
    enum { MANY = 15 };
    par_error err;
    par_blob *blobs[MANY], *none;
    uint64_t total, lent;
    if (par_os_memory_total_bytes() < (uint64_t)4096 * MB) return; /* it would not be fair */
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(par_pool_blob_new(100 * MB, &blobs[i], &err), PAR_OK);
        memset(blobs[i]->data, i, 100);
    }
    par_pool_usage(&total, &lent);
    CHECK(total > PAR_SEGMENT_POOL_MAX_BYTES);
    if (sizeof(size_t) > 4) CHECK_INT(par_pool_blob_new(SIZE_MAX >> 14, &none, &err), PAR_E_LIMIT); /* more than there is memory */
    CHECK_INT(par_pool_blob_new((size_t)-1, &none, &err), PAR_E_LIMIT);
    for (int i = 0; i < MANY; i++) CHECK_INT(*(uint8_t *)blobs[i]->data, i);
    for (int i = 0; i < MANY; i++) par_blob_release(blobs[i]);
    par_pool_usage(&total, &lent);
    CHECK(total <= PAR_SEGMENT_POOL_MAX_BYTES); /* what nobody uses is kept up to the pool's own limit */
    par_pool_trim();
}

static void thousands_of_small_shared_storages(void)
{
    enum { MANY = 20000 };
    static par_blob *blobs[MANY];
    par_error err;
    uint64_t total, lent;
    unsigned fds = open_fds();
    for (int i = 0; i < MANY; i++) {
        size_t bytes = 1 + (size_t)i % 1000;
        CHECK_INT(par_pool_blob_new(bytes, &blobs[i], &err), PAR_OK);
        CHECK_INT(blobs[i]->bytes, bytes);
        CHECK_INT((uintptr_t)blobs[i]->data % 64, 0);
        memset(blobs[i]->data, i % 251, bytes);
    }
    CHECK(open_fds() < fds + 20);
    for (int i = 0; i < MANY; i++) {
        const uint8_t *data = blobs[i]->data;
        CHECK_INT(data[0], i % 251);
        CHECK_INT(data[blobs[i]->bytes - 1], i % 251);
        par_blob_release(blobs[i]);
    }
    par_pool_usage(&total, &lent);
    uint64_t before = total;
    for (int i = 0; i < MANY; i++) { /* one at a time: always the same piece */
        CHECK_INT(par_pool_blob_new(1000, &blobs[i], &err), PAR_OK);
        par_blob_release(blobs[i]);
    }
    par_pool_usage(&total, &lent);
    CHECK_INT(total, before);
    par_pool_trim();
    CHECK_INT(open_fds(), fds);
}

static void ends_with_lends(par_channel *channel)
{
    par_blob *blob = receive_payload(channel);
    CHECK(pattern_good(blob->data, MB, 1));
    kill(getpid(), SIGKILL);
}

static void a_killed_borrower_ends_its_lends(void)
{
    uint64_t total, lent;
    unsigned fds = open_fds();
    uint8_t *bytes = malloc(MB);
    pattern_fill(bytes, MB, 1);
    for (int i = 0; i < 5; i++) {
        peers p;
        peers_start(&p, 65536, ends_with_lends);
        CHECK_INT(send_payload(p.channel, bytes, MB, NULL, false), PAR_OK);
        CHECK(waitpid(p.child, NULL, 0) > 0);
        par_channel_close(p.channel);
        par_pool_usage(&total, &lent);
        CHECK_INT(lent, 0);
        CHECK_INT(total, 0);
    }
    free(bytes);
    CHECK_INT(open_fds(), fds);
}

/* Of this process, as the system counts it. */
static uint64_t shared_memory_bytes(void)
{
    unsigned long long kib = 0;
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) sscanf(line, "RssShmem: %llu kB", &kib);
    if (status) fclose(status);
    return (uint64_t)kib << 10;
}

static void receive_nothing(par_channel *channel)
{
    par_error err;
    par_message message;
    CHECK_INT(par_channel_receive(channel, &message, 0, &err), PAR_E_TIMEOUT);
}

/* Of storages that lie side by side one may be kept for long: it does not keep the memory of the others. */
static void what_is_dropped_between_others_is_given_back(void)
{
    enum { MANY = 200 };
    static par_blob *blobs[MANY];
    par_error err;
    if (!par_os_memory_is_lazy() || tap_emulated()) return;
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(par_pool_blob_new(MB, &blobs[i], &err), PAR_OK);
        memset(blobs[i]->data, 1, MB);
    }
    uint64_t full = shared_memory_bytes();
    CHECK(full >= MANY * MB);
    for (int i = 0; i < MANY; i++) /* one of each eight stays */
        if (i % 8) par_blob_release(blobs[i]);
    CHECK(shared_memory_bytes() < full / 2);
    for (int i = 0; i < MANY; i += 8) {
        CHECK_INT(((uint8_t *)blobs[i]->data)[MB - 1], 1);
        par_blob_release(blobs[i]);
    }
}

/* Shared storages do not need a descriptor each, here or at the receiver; and it comes back when they are dropped. */
static void many_shared_storages_need_few_descriptors(void)
{
    enum { MANY = 400, KEPT = 100 };
    static par_blob *mine[MANY], *theirs[MANY];
    par_channel *a, *b;
    par_error err;
    unsigned fds = open_fds();
    pair_open(&a, &b, (size_t)1 << 20, NULL);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(par_pool_blob_new(MB / 2, &mine[i], &err), PAR_OK);
        *(int *)mine[i]->data = i;
        par_payload payload = {.data = mine[i]->data, .bytes = mine[i]->bytes, .blob = mine[i], .shared = true};
        CHECK_INT(par_channel_send(a, 1, "", 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        theirs[i] = receive_payload(b);
    }
    CHECK(open_fds() <= fds + (par_os_memory_is_lazy() ? MANY / 3 : 2 * MANY + 20));
    for (int i = 0; i < MANY; i++) CHECK_INT(*(int *)theirs[i]->data, i);
    for (int i = 1; i < KEPT / 2; i++) par_blob_release(mine[i]); /* they live on as long as the receiver has them */
    for (int i = 1; i < KEPT / 2; i++) CHECK_INT(*(int *)theirs[i]->data, i);
    for (int i = KEPT; i < MANY; i++) par_blob_release(theirs[i]);
    for (int i = KEPT; i < MANY; i++) par_blob_release(mine[i]);
    for (int i = 0; i < 2; i++) receive_nothing(a), receive_nothing(b);
    CHECK(open_fds() <= fds + (par_os_memory_is_lazy() ? KEPT / 2 : 2 * KEPT + 40));
    for (int i = 0; i < KEPT; i++) par_blob_release(theirs[i]);
    for (int i = KEPT / 2; i < KEPT; i++) par_blob_release(mine[i]);
    par_blob_release(mine[0]);
    pair_close(a, b);
    par_pool_trim();
    CHECK_INT(open_fds(), fds);
}

TAP_MAIN(TEST(segments_come_back_and_are_used_again), TEST(a_stream_needs_few_segments),
         TEST(the_next_huge_one_is_copied_while_one_is_read), TEST(free_segments_survive_a_peer),
         TEST(a_borrowed_block_outlives_its_channel), TEST(shared_storages_are_the_same_memory), TEST(a_shared_storage_can_be_handed_on),
         TEST(many_shared_storages_in_one_message), TEST(broadcast_lends_one_segment_to_all),
         TEST(a_slow_peer_does_not_hold_up_a_broadcast), TEST(above_the_cap_the_ring_is_used), TEST(a_killed_borrower_ends_its_lends),
         TEST(shared_storages_are_as_large_as_the_program_wants), TEST(thousands_of_small_shared_storages),
         TEST(many_shared_storages_need_few_descriptors), TEST(what_is_dropped_between_others_is_given_back))
