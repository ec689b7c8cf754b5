/* The order of the ring's words, by threads that meet at every step: what is published while the other says that it waits
 * is seen by one of the two (tests/model/ring.pml says why), and bytes are there before the index that tells of them. The
 * first finds a missing fence where two cores run, the second one under ThreadSanitizer. */
#include <pthread.h>

#include "channel/state.h"
#include "peers.h"

static par_ring_words words;
static uint8_t bytes[16384];
static par_writer writer;
static par_reader reader;

static void begin(void)
{
    memset(&words, 0, sizeof words);
    par_writer_init(&writer, &words, bytes, sizeof bytes);
    par_reader_init(&reader, &words, bytes, sizeof bytes);
}

/* --- store, then look --- */
/* Runs until then: meetings are rare when two threads share a core, and the fence is only missed in a meeting. */
#define LITMUS_NS INT64_C(1500000000)
#define LITMUS_TIMES 300000

static _Atomic unsigned arrived;
static _Atomic bool over;

static void meet(unsigned round)
{
    atomic_fetch_add(&arrived, 1);
    for (int i = 0; atomic_load(&arrived) < 2 * round; i++)
        if (i > 2000) par_os_yield();
}

typedef struct litmus {
    bool (*publish)(void); /* did it see that somebody waits? */
    bool (*wait)(void);    /* did it see what was published? */
    void (*reset)(void);   /* between two rounds, by the first thread alone */
} litmus;

static bool seen_by_waiter;

static void *wait_each_round(void *context)
{
    const litmus *test = context;
    for (unsigned round = 1;; round += 2) {
        meet(round);
        if (atomic_load(&over)) return NULL;
        seen_by_waiter = test->wait();
        meet(round + 1);
    }
}

static void run(const litmus *test)
{
    pthread_t thread;
    int64_t until_ns = par_os_now_ns() + LITMUS_NS;
    unsigned round = 1;
    if (tap_emulated()) return;
    begin();
    atomic_store(&arrived, 0);
    atomic_store(&over, false);
    CHECK(pthread_create(&thread, NULL, wait_each_round, (void *)(uintptr_t)test) == 0);
    for (; round < 2 * LITMUS_TIMES && (round % 1024 != 1 || par_os_now_ns() < until_ns); round += 2) {
        test->reset();
        meet(round);
        bool seen = test->publish();
        meet(round + 1);
        CHECK(seen || seen_by_waiter); /* or both sleep for ever */
    }
    atomic_store(&over, true);
    meet(round);
    pthread_join(thread, NULL);
}

static bool publish_bytes(void)
{
    writer.head += 8;
    return par_writer_publish(&writer) != 0;
}

static bool wait_for_bytes(void)
{
    par_need_set(&words.reader_need, par_need_arm(reader.head + 8));
    uint64_t before = reader.head;
    CHECK(par_reader_refresh(&reader, memory_order_seq_cst));
    return reader.head != before;
}

/* As if all were read and nobody waited. */
static void read_all(void)
{
    par_reader_refresh(&reader, memory_order_acquire);
    reader.read = reader.head;
    par_reader_publish(&reader);
    par_writer_refresh(&writer, memory_order_acquire);
    atomic_store(&words.reader_need, 0);
    atomic_store(&words.writer_need, 0);
}

static void a_reader_that_arms_or_a_writer_that_publishes_sees_the_other(void)
{
    run(&(litmus){.publish = publish_bytes, .wait = wait_for_bytes, .reset = read_all});
}

static bool publish_room(void)
{
    reader.read += 8;
    return par_reader_publish(&reader) != 0;
}

static bool wait_for_room(void)
{
    uint64_t before = writer.tail;
    par_need_set(&words.writer_need, par_need_arm(before + 8));
    CHECK(par_writer_refresh(&writer, memory_order_seq_cst));
    return writer.tail != before;
}

static void write_one(void)
{
    atomic_store(&words.writer_need, 0);
    writer.head += 8;
    par_writer_publish(&writer);
    CHECK(par_writer_refresh(&writer, memory_order_acquire));
    CHECK(par_reader_refresh(&reader, memory_order_acquire));
}

static void nor_is_room_that_is_given_back_missed(void)
{
    run(&(litmus){.publish = publish_room, .wait = wait_for_room, .reset = write_one});
}

/* --- bytes before the index --- */
enum { STEPS = 20000 };
static bool quietly;

static void *writes(void *unused)
{
    for (uint64_t i = 0; i < STEPS; i++) {
        while (par_writer_room(&writer) < 8) {
            CHECK(par_writer_refresh(&writer, memory_order_acquire));
            par_os_yield();
        }
        memcpy(par_writer_at(&writer), &i, 8);
        writer.head += 8;
        if (quietly) par_writer_publish_quietly(&writer);
        else par_writer_publish(&writer);
    }
    return unused;
}

static void read_in_order(void)
{
    pthread_t thread;
    begin();
    CHECK(pthread_create(&thread, NULL, writes, NULL) == 0);
    for (uint64_t i = 0; i < STEPS; i++) {
        uint64_t got;
        while (par_reader_available(&reader) == 0) {
            CHECK(par_reader_refresh(&reader, memory_order_acquire));
            par_os_yield();
        }
        memcpy(&got, par_reader_at(&reader), 8);
        CHECK_INT(got, i);
        reader.read += 8;
        if (i % 16 == 0) par_reader_publish(&reader);
    }
    pthread_join(thread, NULL);
}

static void bytes_are_there_before_their_index(void)
{
    for (int i = 0; i < 2; i++) {
        quietly = i;
        read_in_order();
    }
}

TAP_MAIN(TEST(a_reader_that_arms_or_a_writer_that_publishes_sees_the_other), TEST(nor_is_room_that_is_given_back_missed),
         TEST(bytes_are_there_before_their_index))
