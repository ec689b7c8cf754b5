/* The pool's word: a worker that claims against an owner who takes back. */
#include "link/tasks.h"

#include <pthread.h>
#include <sched.h>

#include "tap.h"

enum { WORDS = 8 };

static void a_chunk_from_its_first_task_to_its_last(void)
{
    _Atomic uint64_t words[WORDS] = {0};
    for (unsigned slot = 0; slot < PAR_TASKS_SLOTS; slot++) {
        CHECK(par_tasks_none_left(words, slot));
        CHECK_INT(par_tasks_claim(words, slot, 1), 0);
        par_tasks_give(words, slot, 3);
        for (uint32_t place = 1; place <= 3; place++) {
            CHECK(!par_tasks_none_left(words, slot));
            CHECK_INT(par_tasks_claim(words, slot, 100 + place), place);
            CHECK_INT(par_tasks_look(words, slot).claimed, place);
            CHECK_INT(par_tasks_look(words, slot).limit, 3);
            CHECK_INT(par_tasks_claimed_ns(words), 100 + place);
        }
        CHECK(par_tasks_none_left(words, slot));
        CHECK_INT(par_tasks_claim(words, slot, 200), 0);
        CHECK_INT(par_tasks_look(words, slot).claimed, 3);
    }
}

static void what_was_not_claimed_can_be_taken_back(void)
{
    _Atomic uint64_t words[WORDS] = {0};
    par_tasks_give(words, 1, 10);
    par_tasks_claim(words, 1, 1);
    par_tasks_claim(words, 1, 1);
    par_tasks_state state = par_tasks_retract(words, 1, 5);
    CHECK_INT(state.claimed, 2);
    CHECK_INT(state.limit, 5);
    state = par_tasks_retract(words, 1, 8); /* never raised again */
    CHECK_INT(state.limit, 5);
    state = par_tasks_retract(words, 1, 0); /* what is claimed stays */
    CHECK_INT(state.claimed, 2);
    CHECK_INT(state.limit, 2);
    CHECK_INT(par_tasks_claim(words, 1, 1), 0);
    CHECK_INT(par_tasks_look(words, 0).limit, 0); /* the other slot is another's */
}

static void a_chunk_as_large_as_one_may_be(void)
{
    _Atomic uint64_t words[WORDS] = {0};
    par_tasks_give(words, 0, PAR_TASKS_MAX);
    CHECK_INT(par_tasks_claim(words, 0, 1), 1);
    par_tasks_state state = par_tasks_retract(words, 0, PAR_TASKS_MAX - 1);
    CHECK_INT(state.claimed, 1);
    CHECK_INT(state.limit, PAR_TASKS_MAX - 1);
}

/* Whatever stands in a word, nobody loops for ever or claims beyond the limit. */
static void words_that_the_other_side_scribbled_over(void)
{
    static const uint64_t scribbles[] = {UINT64_MAX, 0xffffffff, 0xffffffff00000000, 0x00000001ffffffff, 0x8000000080000000};
    for (unsigned i = 0; i < sizeof scribbles / sizeof *scribbles; i++) {
        _Atomic uint64_t words[WORDS] = {0};
        words[0] = scribbles[i];
        par_tasks_state before = par_tasks_look(words, 0), after = par_tasks_retract(words, 0, 7);
        CHECK(after.limit <= before.limit);
        CHECK_INT(after.claimed, before.claimed);
        uint32_t place = par_tasks_claim(words, 0, 1);
        CHECK(place == 0 || place <= after.limit);
    }
}

/* --- a worker and an owner at the same time --- */

enum { CHUNKS = 2000, TASKS = 40 };

typedef struct both {
    _Atomic uint64_t words[WORDS];
    _Atomic unsigned chunk;           /* given so far; the ring's publication in a pool */
    _Atomic unsigned done;            /* the worker has left so many */
    unsigned char run[CHUNKS][TASKS]; /* by the worker */
} both;

static void *work(void *context)
{
    both *b = context;
    for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
        while (atomic_load(&b->chunk) <= chunk) sched_yield();
        unsigned slot = chunk % PAR_TASKS_SLOTS;
        uint32_t place;
        while ((place = par_tasks_claim(b->words, slot, (int64_t)chunk + 1)) != 0) {
            CHECK(place <= TASKS);
            b->run[chunk][place - 1]++;
            if (place % 7 == 0) sched_yield();
        }
        CHECK(par_tasks_none_left(b->words, slot));
        atomic_store(&b->done, chunk + 1);
    }
    return NULL;
}

/* Every task is run by the worker or taken back, never both and never neither. */
static void each_task_is_claimed_or_taken_back(void)
{
    static both b;
    pthread_t worker;
    CHECK(pthread_create(&worker, NULL, work, &b) == 0);
    for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
        unsigned slot = chunk % PAR_TASKS_SLOTS;
        uint32_t limit = TASKS;
        par_tasks_give(b.words, slot, TASKS);
        atomic_store(&b.chunk, chunk + 1);
        for (uint32_t keep = chunk % TASKS; keep > 0; keep /= 2) {
            if (chunk % 3 == 0) sched_yield();
            par_tasks_state state = par_tasks_retract(b.words, slot, keep);
            CHECK(state.limit <= limit && state.claimed <= state.limit);
            CHECK(state.limit >= keep || state.limit == limit);
            limit = state.limit;
            CHECK(par_tasks_look(b.words, slot).claimed >= state.claimed);
        }
        while (atomic_load(&b.done) <= chunk) sched_yield();
        for (uint32_t i = 0; i < TASKS; i++) CHECK_INT(b.run[chunk][i], i < limit);
        CHECK_INT(par_tasks_claimed_ns(b.words), chunk + 1);
    }
    pthread_join(worker, NULL);
}

TAP_MAIN(TEST(a_chunk_from_its_first_task_to_its_last), TEST(what_was_not_claimed_can_be_taken_back), TEST(a_chunk_as_large_as_one_may_be),
         TEST(words_that_the_other_side_scribbled_over), TEST(each_task_is_claimed_or_taken_back))
