/* What several children get, as the sending end of a connection says it: what is kept goes out once, also when whoever sent it ends in the
 * middle; and it is let go. What comes again goes out twice. The receiving end is test_agent's, and the specs'. */
#include "base/siphash.h"
#include "mux_end.h"

#define CHILDREN 3
#define BYTES ((size_t)1 << 20)
#define RING_BYTES ((size_t)8 << 20) /* for all that is said: nobody reads while it is sent */

static par_error err;

typedef struct world {
    mux_end end;
    par_stream *streams[CHILDREN];
    par_channel *users[CHILDREN];
    /* what came out */
    par_buffer in;
    unsigned kept[CHILDREN + 1], n_kept, n_parts, n_drops, n_begins;
    size_t kept_bytes, own_bytes; /* on stream 0, on others */
} world;

static void on_local(void *context, par_stream *stream, const par_queued *message)
{
    par_told_common told;
    (void)context;
    CHECK_INT(message->kind, PAR_KIND_COMMON);
    memcpy(&told, message->bytes, sizeof told);
    par_stream_expect_common(stream, told.number);
}
static void on_lost(void *context, par_mux *mux, const char *why)
{
    (void)context, (void)mux;
    fprintf(stderr, "lost: %s\n", why);
    CHECK(0);
}

static const par_mux_role role = {NULL, PAR_FROM_AGENT, ignore_frame, on_local, ignore_channel_end, NULL, ignore_delivered, on_lost};

static void world_open(world *w)
{
    *w = (world){0};
    mux_end_open(&w->end, &role);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        par_channel *ours;
        CHECK_INT(par_stream_open(&w->streams[i], w->end.mux, i + 1, NULL, &err), PAR_OK);
        par_channel_owner owner = par_stream_owner(w->streams[i]);
        pair_open(&ours, &w->users[i], RING_BYTES, &owner);
        CHECK_INT(par_stream_bind(w->streams[i], ours, &err), PAR_OK);
    }
}

static void world_close(world *w)
{
    mux_end_close(&w->end);
    for (int i = 0; i < CHILDREN; i++) par_channel_close(w->users[i]);
    par_buffer_fini(&w->in);
}

/* The user's process sends the pattern of this seed to a child; short enough for the ring. */
static void say(world *w, int child, uint64_t number, uint64_t seed)
{
    par_told_common told = {number};
    CHECK_INT(par_channel_send(w->users[child], PAR_KIND_COMMON, &told, sizeof told, NULL, 0, SECONDS(60), &err), PAR_OK);
    send_pattern(w->users[child], PAR_KIND_DATA, BYTES, seed);
}

static void count(world *w, const par_frame *frame)
{
    if (frame->type == PAR_FRAME_BEGIN && frame->stream == 0) w->n_begins++;
    if (frame->type == PAR_FRAME_DROP) w->n_drops++;
    if (frame->type == PAR_FRAME_KEPT_PART) w->n_parts++;
    if (frame->type == PAR_FRAME_BYTES) *(frame->stream ? &w->own_bytes : &w->kept_bytes) += frame->len;
    if (frame->type != PAR_FRAME_KEPT) return;
    w->kept[frame->stream]++;
    w->n_kept++;
}

/* Lets the mux go on, and takes at most so many bytes of what it writes: less than `most` is all that there was. */
static size_t go_on(world *w, size_t most)
{
    uint8_t bytes[65536];
    size_t taken = 0;
    void *user;
    for (int idle = 0; idle < 3 && taken < most;) {
        while (par_selector_wait(w->end.selector, &user, 0, &err) == PAR_OK) par_stream_serve(user);
        par_mux_serve(w->end.mux);
        par_mux_flush(w->end.mux);
        int n_fds,
            n = par_os_socket_read(w->end.other_end, bytes, most - taken < sizeof bytes ? most - taken : sizeof bytes, NULL, 0, &n_fds);
        idle = n > 0 ? 0 : idle + 1;
        if (n <= 0) continue;
        taken += (size_t)n;
        CHECK_INT(par_buffer_append(&w->in, bytes, (size_t)n), PAR_OK);
    }
    size_t at = 0;
    par_frame frame;
    while (w->in.len - at >= PAR_FRAME_HEADER_BYTES) {
        CHECK_INT(par_frame_get(&frame, w->in.data + at, PAR_FROM_BRIDGE, &err), PAR_OK);
        if (w->in.len - at - PAR_FRAME_HEADER_BYTES < frame.len) break;
        count(w, &frame);
        at += PAR_FRAME_HEADER_BYTES + frame.len;
    }
    memmove(w->in.data, w->in.data + at, w->in.len - at);
    w->in.len -= at;
    return taken;
}

static void one_goes_out_for_all(void)
{
    world w;
    world_open(&w);
    for (int i = 0; i < CHILDREN; i++) say(&w, i, 0, 1);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.kept_bytes, BYTES);
    CHECK_INT(w.own_bytes, 0);
    CHECK(w.kept[1] == 1 && w.kept[2] == 1 && w.kept[3] == 1);
    CHECK_INT(w.n_drops, 0);
    world_close(&w);
}

/* One whose key takes several turns, and others that differ from it in their last byte or in how long they are. */
static void long_ones_are_told_apart(void)
{
    world w;
    par_told_common told = {0};
    size_t len = 5 * BYTES;
    uint8_t *bytes = malloc(len);
    pattern_fill(bytes, len, 1);
    world_open(&w);
    for (int i = 0; i < 6; i++) {
        if (i % 3 == 2) bytes[len - 1] ^= 1;
        if (i == 4) len--;
        par_stream_on_credit(w.streams[i % 3], (uint32_t)(8 * BYTES));
        CHECK_INT(par_channel_send(w.users[i % 3], PAR_KIND_COMMON, &told, sizeof told, NULL, 0, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_channel_send(w.users[i % 3], PAR_KIND_DATA, bytes, len, NULL, 0, SECONDS(60), &err), PAR_OK);
        go_on(&w, SIZE_MAX);
    }
    CHECK_INT(w.n_kept, 6);
    CHECK_INT(w.n_begins, 4); /* the second is the first, the fourth the third */
    CHECK_INT(w.own_bytes, 0);
    world_close(&w);
    free(bytes);
}

static void what_differs_goes_out_each(void)
{
    world w;
    world_open(&w);
    for (int i = 0; i < CHILDREN; i++) say(&w, i, 0, (uint64_t)i);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.kept_bytes, CHILDREN * BYTES);
    CHECK_INT(w.n_begins, CHILDREN);
    CHECK_INT(w.n_kept, CHILDREN);
    world_close(&w);
}

static void a_broadcast_is_let_go_when_all_have_it(void)
{
    world w;
    world_open(&w);
    for (uint64_t number = 1; number <= 20; number++) {
        for (int i = 0; i < CHILDREN; i++) par_stream_on_credit(w.streams[i], (uint32_t)BYTES);
        for (int i = 0; i < CHILDREN; i++) say(&w, i, number, number);
        go_on(&w, SIZE_MAX);
        CHECK_INT(w.kept_bytes, number * BYTES);
        CHECK_INT(w.n_drops, number);
    }
    CHECK_INT(w.end.mux->cache->bytes, 0);
    world_close(&w);
}

/* Of broadcasts to some the last few are kept. */
static void a_broadcast_to_some_does_not_stay(void)
{
    world w;
    world_open(&w);
    for (uint64_t number = 1; number <= 20; number++) {
        for (int i = 0; i < 2; i++) par_stream_on_credit(w.streams[i], (uint32_t)BYTES);
        for (int i = 0; i < 2; i++) say(&w, i, number, number);
        go_on(&w, SIZE_MAX);
        CHECK_INT(w.kept_bytes, number * BYTES);
    }
    CHECK_INT(w.end.mux->cache->bytes, PAR_CACHE_PASSING_MAX * BYTES);
    par_stream_free(w.streams[0]);
    CHECK_INT(w.end.mux->cache->bytes, PAR_CACHE_PASSING_MAX * BYTES);
    par_stream_free(w.streams[1]);
    CHECK_INT(w.end.mux->cache->bytes, 0);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_drops, 20);
    world_close(&w);
}

static void it_stays_until_the_last_one_ends(void)
{
    world w;
    world_open(&w);
    for (int i = 0; i < 2; i++) say(&w, i, 0, 1);
    go_on(&w, SIZE_MAX);
    par_stream_free(w.streams[0]);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_drops, 0);
    say(&w, 2, 0, 1);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.kept_bytes, BYTES);
    par_stream_free(w.streams[1]);
    par_stream_free(w.streams[2]);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_drops, 1);
    CHECK_INT(w.end.mux->cache->bytes, 0);
    world_close(&w);
}

/* Whoever fills the place ends when so many bytes are out: another one fills it anew, and all that are left get it. */
static void its_sender_ends(void)
{
    for (size_t cut = 100; cut < BYTES; cut += BYTES / 5) {
        world w;
        world_open(&w);
        for (int i = 0; i < CHILDREN; i++) say(&w, i, 7, 7);
        go_on(&w, cut);
        par_stream *sender = w.end.mux->filler;
        if (sender) {
            CHECK_INT(w.n_kept, 0);
            par_stream_end(sender);
        }
        go_on(&w, SIZE_MAX);
        CHECK_INT(w.n_kept, sender ? CHILDREN - 1 : CHILDREN);
        CHECK_INT(w.n_begins, sender ? 2 : 1);
        CHECK(w.kept_bytes >= BYTES && w.own_bytes == 0);
        CHECK(w.end.mux->filler == NULL && w.end.mux->cache->coming == -1);
        world_close(&w);
    }
}

/* One who has no credit left gets it later, and it comes from where it is kept. */
static void a_slow_one_holds_up_nobody(void)
{
    world w;
    world_open(&w);
    w.streams[0]->send_credit = 1;
    for (int i = 0; i < CHILDREN; i++) say(&w, i, 9, 9);
    send_pattern(w.users[0], PAR_KIND_DATA, BYTES / 2, 1);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_kept, CHILDREN - 1);
    CHECK_INT(w.kept_bytes, BYTES);
    CHECK_INT(w.own_bytes, 0);
    par_stream_on_credit(w.streams[0], (uint32_t)(2 * BYTES));
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_kept, CHILDREN);
    CHECK_INT(w.kept_bytes, BYTES);
    CHECK_INT(w.own_bytes, BYTES / 2);
    world_close(&w);
}

static void short_ones_and_new_ones_go_as_ever(void)
{
    world w;
    par_told_common told = {0};
    world_open(&w);
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_INT(par_channel_send(w.users[i], PAR_KIND_COMMON, &told, sizeof told, NULL, 0, SECONDS(60), &err), PAR_OK);
        send_pattern(w.users[i], PAR_KIND_DATA, 1000, 1);
        send_pattern(w.users[i], PAR_KIND_DATA, BYTES, (uint64_t)i + 1);
    }
    for (int i = 0; i < CHILDREN; i++) par_stream_on_credit(w.streams[i], (uint32_t)(2 * BYTES));
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.n_kept + w.n_parts, 0);
    CHECK_INT(w.own_bytes, CHILDREN * BYTES);
    world_close(&w);
}

/* --- what comes again, of which nobody has said so --- */
/* Sends these bytes to a child, with a text of its own in front if they are to be a payload, and lets all of it go out. */
static void say_again(world *w, int child, const uint8_t *bytes, bool as_payload, unsigned n)
{
    char text[32];
    par_payload payload = {.data = bytes, .bytes = BYTES};
    int len = snprintf(text, sizeof text, "number %u", n);
    par_stream_on_credit(w->streams[child], (uint32_t)(2 * BYTES));
    int rc = as_payload ? par_channel_send(w->users[child], PAR_KIND_DATA, text, (size_t)len, &payload, 1, SECONDS(60), &err)
                        : par_channel_send(w->users[child], PAR_KIND_DATA, bytes, BYTES, NULL, 0, SECONDS(60), &err);
    CHECK_INT(rc, PAR_OK);
    go_on(w, SIZE_MAX);
}

static void what_comes_again_goes_out_twice(void)
{
    uint8_t *bytes = malloc(BYTES);
    pattern_fill(bytes, BYTES, 1);
    for (int as_payload = 0; as_payload < 2; as_payload++) {
        world w;
        world_open(&w);
        for (unsigned i = 0; i < 4 * CHILDREN; i++) say_again(&w, (int)i % CHILDREN, bytes, as_payload, i);
        CHECK_INT(w.kept_bytes, BYTES);
        CHECK(w.own_bytes >= BYTES && w.own_bytes < BYTES + 1000);
        CHECK_INT(w.n_begins, 1);
        CHECK_INT(w.n_parts, 4 * CHILDREN - 1);
        for (int i = 0; i < CHILDREN; i++) par_stream_free(w.streams[i]);
        go_on(&w, SIZE_MAX);
        CHECK_INT(w.n_drops, 1);
        CHECK_INT(w.end.mux->cache->bytes, 0);
        world_close(&w);
    }
    free(bytes);
}

/* One that changes where nobody looks is not taken for the one before, and soon nobody asks any more. */
static void what_only_looks_the_same_goes_out_each_time(void)
{
    enum { TIMES = 200 };
    world w;
    uint8_t *bytes = malloc(BYTES);
    pattern_fill(bytes, BYTES, 1);
    world_open(&w);
    for (unsigned i = 0; i < TIMES; i++) {
        bytes[BYTES / 2 + 1000]++;
        if (i % 2) bytes[BYTES / 2 + 2000]++;
        say_again(&w, (int)i % CHILDREN, bytes, true, i);
    }
    CHECK(w.own_bytes + w.kept_bytes >= TIMES * BYTES);
    CHECK_INT(w.n_parts, w.n_begins);
    CHECK(w.n_begins >= 1 && w.n_begins < 10);
    world_close(&w);
    free(bytes);
}

static void of_what_comes_again_the_last_few_stay(void)
{
    world w;
    uint8_t *bytes = malloc(BYTES);
    world_open(&w);
    for (unsigned n = 1; n <= 3 * PAR_CACHE_PARTS_MAX; n++) {
        pattern_fill(bytes, BYTES, n);
        for (unsigned i = 0; i < 3; i++) say_again(&w, (int)i % CHILDREN, bytes, true, i);
    }
    CHECK_INT(w.kept_bytes, 3 * PAR_CACHE_PARTS_MAX * BYTES);
    CHECK_INT(w.end.mux->cache->bytes, PAR_CACHE_PARTS_MAX * BYTES);
    CHECK_INT(w.n_drops, 2 * PAR_CACHE_PARTS_MAX);
    say(&w, 0, 0, 100); /* others have places of their own */
    par_stream_on_credit(w.streams[0], (uint32_t)BYTES);
    go_on(&w, SIZE_MAX);
    CHECK_INT(w.end.mux->cache->bytes, (PAR_CACHE_PARTS_MAX + 1) * BYTES);
    world_close(&w);
    free(bytes);
}

/* The child for whom a part is sent to be kept ends when so many bytes are out: the next one sends it anew. */
static void its_child_ends_in_the_middle(void)
{
    uint8_t *bytes = malloc(BYTES);
    pattern_fill(bytes, BYTES, 1);
    for (size_t cut = 100; cut < BYTES; cut += BYTES / 5) {
        world w;
        world_open(&w);
        say_again(&w, 0, bytes, true, 0);
        for (int i = 0; i < CHILDREN; i++) {
            par_payload payload = {.data = bytes, .bytes = BYTES};
            par_stream_on_credit(w.streams[i], (uint32_t)BYTES);
            CHECK_INT(par_channel_send(w.users[i], PAR_KIND_DATA, "", 0, &payload, 1, SECONDS(60), &err), PAR_OK);
        }
        go_on(&w, cut);
        par_stream *sender = w.end.mux->filler;
        if (sender) par_stream_end(sender);
        go_on(&w, SIZE_MAX);
        CHECK_INT(w.n_parts, sender ? CHILDREN - 1 : CHILDREN);
        CHECK_INT(w.n_begins, sender ? 2 : 1);
        CHECK(w.kept_bytes >= BYTES);
        CHECK_INT(w.own_bytes, BYTES + strlen("number 0"));
        CHECK(w.end.mux->filler == NULL && w.end.mux->cache->coming == -1);
        world_close(&w);
    }
    free(bytes);
}

/* The example of SipHash's authors, and one byte more. */
static void the_hash_is_siphash(void)
{
    static const uint8_t wanted[2][16] = {{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93},
                                          {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45}};
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint64_t out[2];
    for (size_t len = 0; len < 2; len++) {
        par_siphash(out, key, "\0", len);
        for (int i = 0; i < 16; i++) CHECK_INT((uint8_t)(out[i / 8] >> (i % 8 * 8)), wanted[len][i]);
    }
}

static void four_hashes_at_once_are_those_of_each(void)
{
    const uint64_t key[2] = {7, 8};
    uint8_t bytes[4 * 4096];
    pattern_fill(bytes, sizeof bytes, 3);
    for (size_t len = 0; len <= 4096; len += len < 64 ? 8 : 1344) {
        uint64_t out[4][2], one[2];
        par_siphash_four(out, key, bytes, len);
        for (size_t k = 0; k < 4; k++) {
            par_siphash(one, key, bytes + k * len, len);
            CHECK(memcmp(one, out[k], sizeof one) == 0);
        }
    }
}

TAP_MAIN(TEST(one_goes_out_for_all), TEST(long_ones_are_told_apart), TEST(what_differs_goes_out_each),
         TEST(a_broadcast_is_let_go_when_all_have_it), TEST(a_broadcast_to_some_does_not_stay), TEST(it_stays_until_the_last_one_ends),
         TEST(its_sender_ends), TEST(a_slow_one_holds_up_nobody), TEST(short_ones_and_new_ones_go_as_ever),
         TEST(what_comes_again_goes_out_twice), TEST(what_only_looks_the_same_goes_out_each_time),
         TEST(of_what_comes_again_the_last_few_stay), TEST(its_child_ends_in_the_middle), TEST(the_hash_is_siphash),
         TEST(four_hashes_at_once_are_those_of_each))
