/* The ring with its words set by hand: wrap-around, the limits of u64, and words that cannot be true. */
#include <fcntl.h>
#include <sys/mman.h>

#include "channel/notices.h"
#include "peers.h"

static void open_both(par_channel **a, par_channel **b) { pair_open(a, b, 16384, NULL); }

/* Starts both ends of both rings at `start`, as if so many bytes had gone through already. */
static void open_at(par_channel **a, par_channel **b, uint64_t start)
{
    open_both(a, b);
    par_segment_header *header = (*a)->header;
    for (int i = 0; i < 2; i++) {
        atomic_store(&header->ring[i].head, start);
        atomic_store(&header->ring[i].tail, start);
    }
    for (int i = 0; i < 2; i++) {
        par_channel *c = i ? *b : *a;
        par_writer_init(&c->out, c->out.words, c->out.data, c->out.capacity);
        par_reader_init(&c->in, c->in.words, c->in.data, c->in.capacity);
    }
}

static void both_views_show_the_same_bytes(void)
{
    par_channel *a, *b;
    open_both(&a, &b);
    uint64_t capacity = a->out.capacity;
    CHECK_INT(capacity, 16384);
    a->out.data[5] = 77;
    CHECK_INT(a->out.data[capacity + 5], 77);
    CHECK_INT(b->in.data[5], 77);
    a->out.data[2 * capacity - 1] = 78;
    CHECK_INT(b->in.data[capacity - 1], 78);
    pair_close(a, b);
}

static void messages_cross_the_end_of_the_ring(void)
{
    par_channel *a, *b;
    for (uint64_t start = 16384 - 64; start <= 16384; start += 8) {
        open_at(&a, &b, start);
        for (unsigned i = 0; i < 50; i++) {
            send_pattern(a, 1, i * 3, i);
            receive_pattern(b, 1, i * 3, i);
        }
        pair_close(a, b);
    }
}

static void indices_run_over_the_end_of_u64(void)
{
    par_channel *a, *b;
    par_error err;
    par_message message;
    const uint64_t starts[] = {UINT64_MAX - 7, UINT64_MAX - 4095, UINT64_MAX - 16383, (UINT64_MAX >> 1) - 4095};
    for (int k = 0; k < 4; k++) {
        open_at(&a, &b, starts[k]);
        for (unsigned i = 0; i < 300; i++) {
            send_pattern(a, 1, 100 + i, i);
            CHECK(par_channel_ready(b));
            receive_pattern(b, 1, 100 + i, i);
            CHECK(!par_channel_ready(b));
            CHECK_INT(par_channel_receive(b, &message, MILLISECONDS(1), &err), PAR_E_TIMEOUT);
        }
        pair_close(a, b);
    }
}

/* The same with sleeping ends: needs are compared across the end of u64 too. */
static void echo_long(par_channel *channel)
{
    for (unsigned i = 0; i < 200; i++) {
        receive_pattern(channel, 1, 5000 + i * 16, i);
        send_pattern(channel, 2, 5000 + i * 16, i);
    }
}

static void sleeping_ends_meet_beyond_u64(void)
{
    par_channel *a, *b;
    open_at(&a, &b, UINT64_MAX - 65535);
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        b->pid = getpid();
        par_os_close(a->socket);
        echo_long(b);
        _exit(0);
    }
    par_os_close(b->socket);
    for (unsigned i = 0; i < 200; i++) {
        send_pattern(a, 1, 5000 + i * 16, i);
        receive_pattern(a, 2, 5000 + i * 16, i);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    b->socket = -1;
    pair_close(a, b);
}

static void expect_corrupt(par_channel *channel)
{
    par_error err;
    par_message message;
    CHECK(par_channel_ready(channel));
    CHECK_INT(par_channel_receive(channel, &message, SECONDS(60), &err), PAR_E_CORRUPT);
    CHECK_INT(par_channel_receive(channel, &message, 0, &err), PAR_E_CORRUPT); /* for ever */
    CHECK_INT(par_channel_absorb(channel, 0, &err), PAR_E_CORRUPT);
    CHECK_INT(par_channel_send(channel, 1, "x", 1, NULL, 0, SECONDS(60), &err), PAR_E_CORRUPT);
    CHECK(!par_channel_has_data(channel));
}

static void a_head_that_cannot_be_true(void)
{
    const uint64_t heads[] = {8 + 1, 16384 + 8, UINT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 7, 4};
    for (int k = 0; k < 6; k++) {
        par_channel *a, *b;
        open_both(&a, &b);
        atomic_store(&a->out.words->head, heads[k]);
        expect_corrupt(b);
        pair_close(a, b);
    }
}

static void a_head_that_goes_back(void)
{
    par_channel *a, *b;
    open_both(&a, &b);
    send_pattern(a, 1, 100, 1);
    send_pattern(a, 1, 100, 2);
    receive_pattern(b, 1, 100, 1);
    atomic_store(&a->out.words->head, 8);
    receive_pattern(b, 1, 100, 2); /* seen before */
    expect_corrupt(b);
    pair_close(a, b);
}

static void a_tail_that_cannot_be_true(void)
{
    const uint64_t tails[] = {8, UINT64_MAX - 7, 3, 16384};
    for (int k = 0; k < 4; k++) {
        par_channel *a, *b;
        par_error err;
        open_both(&a, &b);
        atomic_store(&b->in.words->tail, tails[k] + (k == 0 ? 16384 : 0));
        uint8_t big[20000] = {0};
        CHECK_INT(par_channel_send(a, 1, big, sizeof big, NULL, 0, SECONDS(60), &err), PAR_E_CORRUPT);
        pair_close(a, b);
    }
}

static void put_word(par_channel *writer, uint64_t word)
{
    memcpy(par_writer_at(&writer->out), &word, sizeof word);
    writer->out.head += 8;
    par_writer_publish(&writer->out);
}

static void records_that_cannot_be_true(void)
{
    const uint64_t words[] = {UINT64_MAX,                                    /* all flags */
                              par_record_word(PAR_RECORD_LENGTH_MASK, 1, 0), /* longer than any message */
                              par_record_word(PAR_RECORD_LENGTH_MASK, PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL), /* or payload */
                              par_record_word(1 << 20, PAR_INTERNAL_LEND, PAR_RECORD_INTERNAL),                 /* a long short record */
                              par_record_word(0, 99, PAR_RECORD_INTERNAL),
                              par_record_word(0, PAR_INTERNAL_LEND, PAR_RECORD_INTERNAL),
                              par_record_word(0, PAR_INTERNAL_SEGMENT, PAR_RECORD_INTERNAL),
                              par_record_word(0, 1, 2)};
    for (unsigned k = 0; k < sizeof words / sizeof *words; k++) {
        par_channel *a, *b;
        open_both(&a, &b);
        put_word(a, words[k]);
        expect_corrupt(b);
        pair_close(a, b);
    }
}

static void put_record(par_channel *writer, uint32_t kind, const void *record, size_t len)
{
    par_channel_put_internal(writer, kind, record, len);
}

static void lends_that_cannot_be_true(void)
{
    for (int k = 0; k < 5; k++) {
        par_channel *a, *b;
        open_both(&a, &b);
        par_record_lend lend = {.id = 5, .offset = 0, .bytes = 8};
        par_record_release release = {.id = 5, .lends = 1};
        par_record_forget forget = {.id = 5};
        par_record_segment segment = {.id = 5, .bytes = (uint64_t)1 << 62};
        if (k == 0) put_record(a, PAR_INTERNAL_LEND, &lend, sizeof lend);
        if (k == 1) put_record(a, PAR_INTERNAL_RELEASE, &release, sizeof release);
        if (k == 2) put_record(a, PAR_INTERNAL_FORGET, &forget, sizeof forget);
        if (k == 3) put_record(a, PAR_INTERNAL_SEGMENT, &segment, sizeof segment); /* without a descriptor */
        if (k == 4) {                                                              /* with one that is no shared memory */
            int zero = open("/dev/zero", O_RDONLY);
            CHECK_INT(par_os_socket_write(a->socket, "S", 1, &zero, 1), 1);
            par_os_close(zero);
            put_record(a, PAR_INTERNAL_SEGMENT, &segment, sizeof segment);
        }
        expect_corrupt(b);
        pair_close(a, b);
    }
}

static uint64_t resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
    fclose(file);
    return (uint64_t)resident * par_os_page_bytes();
}

/* A length is a claim: memory follows the bytes that come. */
static void a_claimed_length_takes_no_memory(void)
{
    const uint64_t lengths[] = {PAR_MESSAGE_MAX_BYTES, PAR_MESSAGE_MAX_BYTES >> 6, PAR_MESSAGE_MAX_BYTES >> 14};
    for (int k = 0; k < 6; k++) {
        par_channel *a, *b;
        par_error err;
        par_message message;
        open_both(&a, &b);
        uint64_t before = resident_bytes();
        put_word(a, k < 3 ? par_record_word(lengths[k], 1, 0) : par_record_word(lengths[k - 3], PAR_INTERNAL_BYTES, PAR_RECORD_INTERNAL));
        a->out.head += 8192;
        par_writer_publish(&a->out);
        CHECK_INT(par_channel_receive(b, &message, MILLISECONDS(20), &err), PAR_E_TIMEOUT);
        CHECK(resident_bytes() < before + ((uint64_t)8 << 20));
        par_channel_close(a); /* in the middle of the message */
        CHECK_INT(par_channel_receive(b, &message, SECONDS(60), &err), PAR_E_CLOSED);
        par_channel_close(b);
    }
}

static void attach_refuses(const uint8_t *greeting, int fd, int expected)
{
    par_error err;
    par_channel *channel;
    int pair[2];
    CHECK_INT(par_os_socketpair(pair, &err), PAR_OK);
    CHECK_INT(par_os_socket_write(pair[0], greeting, 1, &fd, fd >= 0), 1);
    CHECK_INT(par_channel_attach(&channel, pair[1], NULL, SECONDS(60), &err), expected);
    par_os_close(pair[0]);
    par_os_close(pair[1]);
}

static void attach_believes_nothing(void)
{
    par_error err;
    par_channel *channel;
    int pair[2], memory;
    void *data;
    size_t page = par_os_page_bytes(), head = (sizeof(par_segment_header) + page - 1) / page * page;
    attach_refuses((const uint8_t *)"P", -1, PAR_E_CORRUPT);
    int null = open("/dev/null", O_RDWR);
    attach_refuses((const uint8_t *)"P", null, PAR_E_CORRUPT);
    par_os_close(null);
    CHECK_INT(par_os_memory_open(head + 2 * 16384, &memory, &err), PAR_OK);
    attach_refuses((const uint8_t *)"P", memory, PAR_E_CORRUPT); /* no magic */
    CHECK_INT(par_os_memory_map(memory, 0, head, &data, &err), PAR_OK);
    par_segment_header *header = data;
    *header = (par_segment_header){
        .magic = PAR_SEGMENT_MAGIC, .version = PAR_SEGMENT_VERSION + 1, .page_bytes = (uint32_t)page, .ring_bytes = 16384};
    attach_refuses((const uint8_t *)"P", memory, PAR_E_UNSUPPORTED);
    header->version = PAR_SEGMENT_VERSION;
    const uint64_t sizes[] = {0, 8192, 32768, 24576, (uint64_t)1 << 63, UINT64_MAX};
    for (int i = 0; i < 6; i++) {
        header->ring_bytes = sizes[i];
        attach_refuses((const uint8_t *)"P", memory, PAR_E_CORRUPT);
    }
    header->ring_bytes = 16384;
    attach_refuses((const uint8_t *)"X", memory, PAR_E_CORRUPT);
    par_os_close(memory);
    CHECK_INT(par_os_socketpair(pair, &err), PAR_OK);
    CHECK_INT(par_channel_attach(&channel, pair[1], NULL, MILLISECONDS(30), &err), PAR_E_TIMEOUT);
    par_os_close(pair[0]);
    CHECK_INT(par_channel_attach(&channel, pair[1], NULL, SECONDS(60), &err), PAR_E_CLOSED);
    par_os_close(pair[1]);
}

#if defined(__linux__) && !defined(PAR_PORTABLE)
static void shared_memory_cannot_be_truncated(void)
{
    par_error err;
    int memory;
    CHECK_INT(par_os_memory_open(65536, &memory, &err), PAR_OK);
    CHECK(ftruncate(memory, 4096) != 0);
    CHECK(ftruncate(memory, 1 << 20) != 0);
    par_os_close(memory);
    int open_one = memfd_create("not sealed", 0);
    size_t bytes;
    CHECK(ftruncate(open_one, 65536) == 0);
    CHECK_INT(par_os_memory_size(open_one, &bytes, &err), PAR_E_CORRUPT);
    par_os_close(open_one);
}
#else
static void shared_memory_cannot_be_truncated(void) {}
#endif

TAP_MAIN(TEST(both_views_show_the_same_bytes), TEST(messages_cross_the_end_of_the_ring), TEST(indices_run_over_the_end_of_u64),
         TEST(sleeping_ends_meet_beyond_u64), TEST(a_head_that_cannot_be_true), TEST(a_head_that_goes_back),
         TEST(a_tail_that_cannot_be_true), TEST(records_that_cannot_be_true), TEST(lends_that_cannot_be_true),
         TEST(a_claimed_length_takes_no_memory), TEST(attach_believes_nothing), TEST(shared_memory_cannot_be_truncated))
