/* Locks, their condition, and counters, used by several processes at once; holders that die. */
#include <pthread.h>

#include "group/counter.h"
#include "group/lock.h"
#include "members.h"

typedef struct shared {
    par_lock_words lock;
    par_counter counter;
    uint64_t a, b;  /* equal whenever the lock is free and nobody died with it */
    uint32_t items; /* of a queue */
    uint32_t done;
    _Atomic uint32_t abandoned, taken;
} shared;

typedef struct place {
    int fd;
    shared *s;
} place;

static par_error err;

static place make_place(void)
{
    place p;
    void *data;
    size_t bytes = (sizeof(shared) + par_os_page_bytes() - 1) / par_os_page_bytes() * par_os_page_bytes();
    CHECK_INT(par_os_memory_open(bytes, &p.fd, &err), PAR_OK);
    CHECK_INT(par_os_memory_map(p.fd, 0, bytes, &data, &err), PAR_OK);
    p.s = data;
    return p;
}

static void attach(par_lock *lock, const place *p) { CHECK_INT(par_lock_attach(lock, &p->s->lock, p->fd, 0, &err), PAR_OK); }

static pid_t start(void (*code)(const place *p, int number), const place *p, int number)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(TAP_SECONDS);
        code(p, number);
        fflush(stdout);
        _exit(0);
    }
    return pid;
}

static void end_all(int n)
{
    int status;
    while (n--) {
        CHECK(wait(&status) > 0);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 0);
    }
}

static void one_process(void)
{
    place p = make_place();
    par_lock lock, other;
    bool abandoned = true;
    attach(&lock, &p);
    attach(&other, &p);
    CHECK_INT(par_lock_give(&lock, &err), PAR_E_INVALID);
    CHECK_INT(par_lock_wait(&lock, PAR_NEVER, &abandoned, &err), PAR_E_INVALID);
    CHECK_INT(par_lock_take(&lock, SECONDS(60), &abandoned, &err), PAR_OK);
    CHECK(!abandoned && par_lock_is_ours(&lock) && !par_lock_is_ours(&other));
    CHECK_INT(par_lock_take(&lock, SECONDS(60), &abandoned, &err), PAR_E_INVALID);
    CHECK(strcmp(err.text, "lock: this process has locked it already") == 0);
    CHECK_INT(par_lock_take(&other, 0, &abandoned, &err), PAR_E_TIMEOUT);
    CHECK_INT(par_lock_take(&other, MILLISECONDS(20), &abandoned, &err), PAR_E_TIMEOUT);
    CHECK_INT(par_lock_give(&other, &err), PAR_E_INVALID);
    CHECK(strcmp(err.text, "unlock: this process has not locked it") == 0);
    CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
    CHECK_INT(par_lock_take(&other, 0, &abandoned, &err), PAR_OK);
    par_lock_detach(&other); /* gives it back */
    CHECK_INT(par_lock_take(&lock, 0, &abandoned, &err), PAR_OK);
    CHECK(!abandoned);
    par_lock_detach(&lock);
    par_os_close(p.fd);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void an_interrupt(void)
{
    place p = make_place();
    par_lock lock, other;
    bool abandoned;
    attach(&lock, &p);
    attach(&other, &p);
    other.interrupted = always;
    CHECK_INT(par_lock_take(&lock, PAR_NEVER, &abandoned, &err), PAR_OK);
    CHECK_INT(par_lock_take(&other, PAR_NEVER, &abandoned, &err), PAR_E_INTERRUPTED);
    CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
    CHECK_INT(par_lock_take(&other, PAR_NEVER, &abandoned, &err), PAR_OK); /* it did not have to wait */
    CHECK_INT(par_lock_wait(&other, PAR_NEVER, &abandoned, &err), PAR_E_INTERRUPTED);
    CHECK(!par_lock_is_ours(&other));
    par_lock_detach(&lock);
    par_lock_detach(&other);
}

/* --- many --- */
enum { WORKERS = 8, ROUNDS = 5000 };

static void work(const place *p, int number)
{
    (void)number;
    par_lock lock;
    bool abandoned;
    attach(&lock, p);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(par_lock_take(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
        CHECK(!abandoned && p->s->a == p->s->b);
        p->s->a++;
        p->s->b++;
        CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
    }
    par_lock_detach(&lock);
}

static void many_processes(void)
{
    place p = make_place();
    for (int i = 0; i < WORKERS; i++) start(work, &p, i);
    end_all(WORKERS);
    CHECK_INT(p.s->a, WORKERS * ROUNDS);
    CHECK_INT(p.s->b, WORKERS * ROUNDS);
}

static void *work_thread(void *context)
{
    work(context, 0);
    return NULL;
}

static void many_threads(void) /* for ThreadSanitizer */
{
    place p = make_place();
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&thread[i], NULL, work_thread, &p) == 0);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    CHECK_INT(p.s->a, 4 * ROUNDS);
}

static void work_for_ever(const place *p, int number)
{
    (void)number;
    par_lock lock;
    bool abandoned;
    attach(&lock, p);
    for (;;) {
        CHECK_INT(par_lock_take(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
        if (abandoned) {
            p->s->abandoned++;
            p->s->b = p->s->a; /* put right what the dead one left */
        }
        CHECK(p->s->a == p->s->b);
        p->s->a++;
        for (int i = 0; i < 200; i++) par_os_pause();
        p->s->b++;
        p->s->taken++;
        CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
    }
}

static void holders_that_are_killed(void)
{
    const char *more = getenv("PAR_KILLS");
    place p = make_place();
    pid_t worker[3];
    uint64_t state = 11;
    for (int i = 0; i < 3; i++) worker[i] = start(work_for_ever, &p, i);
    for (int i = 0, rounds = more ? atoi(more) : 100; i < rounds; i++) {
        int victim = (int)chance(&state, 3), status;
        par_os_sleep_ns(chance(&state, 3000000));
        kill(worker[victim], SIGKILL);
        uint32_t before = p.s->taken; /* the others go on, whoever had the lock */
        CHECK(waitpid(worker[victim], &status, 0) == worker[victim]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        while (p.s->taken < before + 3) par_os_sleep_ns(100000);
        worker[victim] = start(work_for_ever, &p, victim);
    }
    for (int i = 0; i < 3; i++) {
        kill(worker[i], SIGKILL);
        CHECK(waitpid(worker[i], NULL, 0) == worker[i]);
    }
    par_lock lock;
    bool abandoned;
    attach(&lock, &p);
    CHECK_INT(par_lock_take(&lock, SECONDS(60), &abandoned, &err), PAR_OK);
    printf("# %u times a dead one had it\n", p.s->abandoned);
    par_lock_detach(&lock);
}

/* --- the condition --- */
enum { ITEMS = 4000, CONSUMERS = 3 };

static void produce(const place *p, int number)
{
    (void)number;
    par_lock lock;
    bool abandoned;
    attach(&lock, p);
    for (int i = 0; i < ITEMS; i++) {
        CHECK_INT(par_lock_take(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
        p->s->items++;
        par_lock_notify(&lock, false);
        CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
        if (i % 16 == 0) par_os_sleep_ns(50000); /* so that they fall asleep now and then */
    }
    CHECK_INT(par_lock_take(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
    p->s->done = 1;
    par_lock_notify(&lock, true);
    par_lock_detach(&lock);
}

static void consume(const place *p, int number)
{
    (void)number;
    par_lock lock;
    bool abandoned;
    attach(&lock, p);
    CHECK_INT(par_lock_take(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
    for (;;) {
        while (p->s->items == 0 && !p->s->done) CHECK_INT(par_lock_wait(&lock, SECONDS(100), &abandoned, &err), PAR_OK);
        if (p->s->items == 0) break;
        p->s->items--;
        p->s->a++;
    }
    par_lock_detach(&lock);
}

static void producers_and_consumers(void)
{
    place p = make_place();
    for (int i = 0; i < CONSUMERS; i++) start(consume, &p, i);
    start(produce, &p, 0);
    end_all(CONSUMERS + 1);
    CHECK_INT(p.s->items, 0);
    CHECK_INT(p.s->a, ITEMS);
}

static void a_wait_with_an_end(void)
{
    place p = make_place();
    par_lock lock;
    bool abandoned;
    attach(&lock, &p);
    CHECK_INT(par_lock_take(&lock, PAR_NEVER, &abandoned, &err), PAR_OK);
    CHECK_INT(par_lock_wait(&lock, MILLISECONDS(20), &abandoned, &err), PAR_E_TIMEOUT);
    CHECK(par_lock_is_ours(&lock));
    par_lock_detach(&lock);
}

/* --- what cannot be --- */
static void words_written_over(void)
{
    place p = make_place();
    par_lock lock, other;
    bool abandoned;
    attach(&lock, &p);
    p.s->lock.word = 0x155555; /* nobody's number: that one is dead */
    CHECK_INT(par_lock_take(&lock, SECONDS(60), &abandoned, &err), PAR_OK);
    CHECK(abandoned);
    p.s->lock.latch.sleepers = UINT32_MAX;
    p.s->lock.latch.bell = UINT32_MAX;
    CHECK_INT(par_lock_give(&lock, &err), PAR_OK);
    p.s->lock.last = 0; /* the next number is taken already */
    attach(&other, &p);
    CHECK(other.number != lock.number);
    p.s->lock.last = UINT32_MAX; /* and nobody gets 0 */
    par_lock_detach(&other);
    attach(&other, &p);
    CHECK(other.number != 0 && other.number != lock.number);
    par_lock_detach(&other);
    par_lock_detach(&lock);
}

static void two_locks_in_one_memory(void)
{
    place p = make_place();
    par_lock lock, other;
    bool abandoned;
    memset(&p.s->a, 0, sizeof p.s->a);
    attach(&lock, &p);
    CHECK_INT(par_lock_attach(&other, (par_lock_words *)(void *)&p.s->counter, p.fd, offsetof(shared, counter), &err), PAR_OK);
    CHECK_INT(par_lock_take(&lock, 0, &abandoned, &err), PAR_OK);
    CHECK_INT(par_lock_take(&other, 0, &abandoned, &err), PAR_OK); /* both have number 1 */
    par_lock_detach(&lock);
    CHECK(par_lock_is_ours(&other));
    par_lock_detach(&other);
}

/* One who holds a lock and dies is not taken for living because somebody uses another lock in the same memory under the same number. */
static void nor_do_their_signs_of_life_meet(void)
{
    place p = make_place();
    par_lock dead, other, next;
    bool abandoned;
    attach(&dead, &p);
    if (dead.life_fd < 0) return; /* a system without them */
    CHECK_INT(par_lock_take(&dead, 0, &abandoned, &err), PAR_OK);
    par_os_close(dead.life_fd); /* as the system does it */
    par_os_close(dead.fd);
    CHECK_INT(par_lock_attach(&other, (par_lock_words *)(void *)&p.s->counter, p.fd, offsetof(shared, counter), &err), PAR_OK);
    attach(&next, &p);
    CHECK_INT(par_lock_take(&next, SECONDS(60), &abandoned, &err), PAR_OK);
    CHECK(abandoned);
    par_lock_detach(&next);
    par_lock_detach(&other);
}

/* --- counters --- */
static void count(const place *p, int number)
{
    for (int i = 0; i < 100000; i++) par_counter_add(&p->s->counter, number % 2 ? 1 : 2);
    for (int i = 0; i < 1000; i++) {
        int64_t old = par_counter_get(&p->s->counter);
        while (!par_counter_compare_and_set(&p->s->counter, old, old + 10)) old = par_counter_get(&p->s->counter);
    }
}

static void counters(void)
{
    place p = make_place();
    for (int i = 0; i < WORKERS; i++) start(count, &p, i);
    end_all(WORKERS);
    CHECK_INT(par_counter_get(&p.s->counter), WORKERS / 2 * 300000 + WORKERS * 10000);
    par_counter_set(&p.s->counter, INT64_MAX);
    CHECK_INT(par_counter_add(&p.s->counter, 1), INT64_MAX);
    CHECK_INT(par_counter_get(&p.s->counter), INT64_MIN);
    CHECK(!par_counter_compare_and_set(&p.s->counter, 0, 1));
}

TAP_MAIN(TEST(one_process), TEST(an_interrupt), TEST(many_processes), TEST(many_threads), TEST(holders_that_are_killed),
         TEST(producers_and_consumers), TEST(a_wait_with_an_end), TEST(words_written_over), TEST(two_locks_in_one_memory),
         TEST(nor_do_their_signs_of_life_meet), TEST(counters))
