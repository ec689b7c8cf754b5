/* Shared tables against a plain one; full ones; writers that die; readers that are never stopped; memory that is written over. */
#include <math.h>
#include <pthread.h>

#include "group/table_layout.h"
#include "members.h"

static par_error err;
static _Thread_local par_buffer string, all; /* what get and a snapshot gave out last */

typedef struct place {
    void *memory;
    size_t bytes;
    int fd;
} place;

static place make_place(size_t bytes)
{
    place p = {.bytes = bytes};
    CHECK_INT(par_os_memory_open(bytes, &p.fd, &err), PAR_OK);
    CHECK_INT(par_os_memory_map(p.fd, 0, bytes, &p.memory, &err), PAR_OK);
    CHECK_INT(par_table_format(p.memory, bytes, &err), PAR_OK);
    return p;
}

static void place_free(place *p)
{
    par_os_memory_unmap(p->memory, p->bytes);
    par_os_close(p->fd);
}

static par_table *open_table(const place *p)
{
    par_table *table;
    CHECK_INT(par_table_open(&table, p->memory, p->bytes, p->fd, 0, &err), PAR_OK);
    return table;
}

static par_table_value text(const char *bytes) { return (par_table_value){.kind = PAR_TABLE_STRING, .bytes = bytes, .len = strlen(bytes)}; }
static par_table_value integer(int64_t i) { return (par_table_value){.kind = PAR_TABLE_INTEGER, .integer = i}; }
static par_table_value number(double d) { return (par_table_value){.kind = PAR_TABLE_FLOAT, .number = d}; }
static par_table_value boolean(bool b) { return (par_table_value){.kind = PAR_TABLE_BOOLEAN, .boolean = b}; }
static const par_table_value nil = {.kind = PAR_TABLE_NIL};

static void set(par_table *t, par_table_value key, par_table_value value) { CHECK_INT(par_table_set(t, &key, &value, &err), PAR_OK); }

static par_table_value get(par_table *t, par_table_value key)
{
    par_table_value value;
    CHECK_INT(par_table_get(t, &key, &string, &value, &err), PAR_OK);
    return value;
}

static void check_same(par_table_value got, par_table_value want)
{
    CHECK_INT(got.kind, want.kind);
    if (got.kind == PAR_TABLE_STRING) CHECK(got.len == want.len && memcmp(got.bytes, want.bytes, got.len) == 0);
    else CHECK(par_entry_word(&got) == par_entry_word(&want));
}

static void all_kinds(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    const par_table_value keys[] = {text(""),           text("a"),   text("12345678"),  text("123456789"), integer(0),
                                    integer(INT64_MIN), number(0.5), number(-INFINITY), boolean(true),     boolean(false)};
    const par_table_value values[] = {text(""),     integer(-1), number(NAN), boolean(false), text("a longer string than a word"),
                                      boolean(true)};
    for (int round = 0; round < 6; round++) {
        for (int k = 0; k < 10; k++) set(t, keys[k], values[(k + round) % 6]);
        for (int k = 0; k < 10; k++) check_same(get(t, keys[k]), values[(k + round) % 6]);
    }
    check_same(get(t, text("b")), nil);
    check_same(get(t, text("1234567")), nil);
    check_same(get(t, integer(1)), nil);
    set(t, number(7.0), text("seven"));
    check_same(get(t, integer(7)), text("seven"));
    set(t, number(-0.0), text("zero"));
    check_same(get(t, integer(0)), text("zero"));
    for (int k = 0; k < 10; k++) set(t, keys[k], nil);
    for (int k = 0; k < 10; k++) check_same(get(t, keys[k]), nil);
    par_table_close(t);
    place_free(&p);
}

static void what_it_cannot_hold(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    par_table_value one = integer(1), no = nil, bad = number(NAN), sum;
    CHECK_INT(par_table_set(t, &no, &one, &err), PAR_E_INVALID);
    CHECK(strcmp(err.text, "a key cannot be nil") == 0);
    CHECK_INT(par_table_get(t, &bad, &string, &sum, &err), PAR_E_INVALID);
    char *long_text = malloc(PAR_TABLE_MIN_BYTES);
    memset(long_text, 'x', PAR_TABLE_MIN_BYTES);
    par_table_value large = {.kind = PAR_TABLE_STRING, .bytes = long_text, .len = PAR_TABLE_MIN_BYTES};
    CHECK_INT(par_table_set(t, &one, &large, &err), PAR_E_LIMIT);
    CHECK(strstr(err.text, "the table is full: 0 entries in 16384 bytes"));
    large.len = PAR_TABLE_STRING_MAX + 1;
    CHECK_INT(par_table_set(t, &one, &large, &err), PAR_E_LIMIT);
    CHECK_INT(par_table_set(t, &large, &one, &err), PAR_E_LIMIT);
    par_table_value a = text("a"), b = text("b");
    set(t, a, b);
    CHECK_INT(par_table_add(t, &a, &one, &sum, &err), PAR_E_INVALID);
    CHECK_INT(par_table_add(t, &one, &a, &sum, &err), PAR_E_INVALID);
    check_same(get(t, a), b);
    par_table_close(t);
    par_table *other;
    CHECK_INT(par_table_open(&other, p.memory, p.bytes / 2, p.fd, 0, &err), PAR_E_CORRUPT);
    CHECK_INT(par_table_open(&other, p.memory, 64, p.fd, 0, &err), PAR_E_CORRUPT);
    ((par_table_page *)p.memory)->magic++;
    CHECK_INT(par_table_open(&other, p.memory, p.bytes, p.fd, 0, &err), PAR_E_CORRUPT);
    CHECK_INT(par_table_format(p.memory, PAR_TABLE_MIN_BYTES - 1, &err), PAR_E_INVALID);
    free(long_text);
    place_free(&p);
}

static void numbers(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    par_table_value key = text("n"), sum, n = integer(5);
    CHECK_INT(par_table_add(t, &key, &n, &sum, &err), PAR_OK);
    check_same(sum, integer(5));
    CHECK_INT(par_table_add(t, &key, &n, &sum, &err), PAR_OK);
    check_same(sum, integer(10));
    n = number(0.5);
    CHECK_INT(par_table_add(t, &key, &n, &sum, &err), PAR_OK);
    check_same(get(t, key), number(10.5));
    set(t, key, integer(INT64_MAX));
    n = integer(1);
    CHECK_INT(par_table_add(t, &key, &n, &sum, &err), PAR_OK);
    check_same(sum, integer(INT64_MIN));
    par_table_close(t);
    place_free(&p);
}

static bool swap(par_table *t, par_table_value key, par_table_value old, par_table_value value)
{
    bool done;
    CHECK_INT(par_table_compare_and_set(t, &key, &old, &value, &done, &err), PAR_OK);
    return done;
}

static void compare_and_set(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    par_table_value key = text("k");
    CHECK(!swap(t, key, integer(1), integer(2)));
    CHECK(swap(t, key, nil, integer(1)));
    CHECK(!swap(t, key, nil, integer(2)));
    CHECK(swap(t, key, number(1.0), text("two")));
    CHECK(!swap(t, key, text("tw"), integer(3)) && !swap(t, key, text("twx"), integer(3)));
    CHECK(swap(t, key, text("two"), number(3.0)));
    CHECK(!swap(t, key, number(3.5), integer(4)) && !swap(t, key, boolean(true), integer(4)));
    CHECK(swap(t, key, integer(3), boolean(true)));
    CHECK(!swap(t, key, boolean(false), nil) && !swap(t, key, integer(1), nil));
    CHECK(swap(t, key, boolean(true), nil));
    check_same(get(t, key), nil);
    par_table_close(t);
    place_free(&p);
}

/* --- against a plain table --- */
enum { KEYS = 60 };

static par_table_value key_of(unsigned k, char *room)
{
    if (k % 3 == 0) return integer(k);
    if (k % 7 == 0) return number(k + 0.25);
    snprintf(room, 80, "key %u %.*s", k, (int)(k % 40), "........................................");
    return text(room);
}

static par_table_value value_of(uint64_t seed, char *room)
{
    switch (seed % 5) {
    case 0: return nil;
    case 1: return integer((int64_t)(seed * 7919));
    case 2: return number((double)seed / 3);
    case 3: return boolean(seed & 8);
    default: break;
    }
    size_t len = seed / 5 % 200;
    for (size_t i = 0; i < len; i++) room[i] = (char)('a' + (seed + i) % 26);
    return (par_table_value){.kind = PAR_TABLE_STRING, .bytes = room, .len = len};
}

static void check_all(par_table *t, const uint64_t *seeds)
{
    char key_room[80], room[200];
    uint64_t count, seen = 0, want = 0;
    for (unsigned k = 0; k < KEYS; k++) {
        par_table_value value = value_of(seeds[k], room);
        want += value.kind != PAR_TABLE_NIL;
        check_same(get(t, key_of(k, key_room)), value);
    }
    CHECK_INT(par_table_snapshot(t, &all, &count, &err), PAR_OK);
    CHECK_INT(count, want);
    size_t at = 0;
    par_table_value key, value;
    while (par_table_next(&all, &at, &key, &value)) {
        for (unsigned k = 0; k < KEYS; k++) {
            par_table_value known = key_of(k, key_room);
            if (known.kind != key.kind || known.len != key.len || par_entry_word(&known) != par_entry_word(&key)) continue;
            if (key.len && memcmp(known.bytes, key.bytes, key.len) != 0) continue;
            check_same(value, value_of(seeds[k], room));
            seen++;
        }
    }
    CHECK_INT(seen, want);
}

static void many_changes(void)
{
    place p = make_place(32 << 10);
    par_table *t = open_table(&p);
    uint64_t seeds[KEYS] = {0}, state = 99;
    char key_room[80], room[200];
    for (int i = 0; i < 60000; i++) {
        unsigned k = chance(&state, KEYS);
        seeds[k] = chance(&state, 1000000);
        set(t, key_of(k, key_room), value_of(seeds[k], room));
        if (i % 500 == 0) check_all(t, seeds);
    }
    check_all(t, seeds);
    CHECK(((par_table_page *)p.memory)->turn > 50); /* its room was used up again and again */
    uint64_t live = ((par_table_page *)p.memory)->live, entries = ((par_table_page *)p.memory)->entries;
    CHECK_INT(par_room_count(t, &err), PAR_OK);
    CHECK_INT(((par_table_page *)p.memory)->live, live);
    CHECK_INT(((par_table_page *)p.memory)->entries, entries);
    par_table_close(t);
    place_free(&p);
}

static void a_full_one(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    int n = 0, rc = PAR_OK;
    while (rc == PAR_OK) {
        par_table_value key = integer(n++), one = integer(1);
        rc = par_table_set(t, &key, &one, &err);
    }
    CHECK_INT(rc, PAR_E_LIMIT);
    CHECK(n > 150);
    set(t, integer(0), integer(2)); /* what is there can be changed */
    set(t, integer(1), nil);
    set(t, integer(-1), integer(3)); /* and makes room */
    CHECK_INT(get(t, integer(0)).integer, 2);
    for (int i = 2; i < n - 1; i++) CHECK_INT(get(t, integer(i)).integer, 1);
    par_table_close(t);
    place_free(&p);
}

static void slots_come_back(void) /* keys that come and go leave marks, which must not fill it */
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    for (int i = 0; i < 20000; i++) {
        set(t, integer(i), boolean(true));
        set(t, integer(i), nil);
    }
    par_table_close(t);
    place_free(&p);
}

/* --- several processes --- */
static void add_many(const place *p, unsigned who)
{
    par_table *t = open_table(p);
    for (int i = 0; i < 3000; i++) {
        par_table_value key = text("sum"), one = integer(1), sum, own = integer(who);
        CHECK_INT(par_table_add(t, &key, &one, &sum, &err), PAR_OK);
        set(t, own, text(i % 2 ? "odd" : "even, and longer"));
        check_same(get(t, own), text(i % 2 ? "odd" : "even, and longer"));
    }
    par_table_close(t);
}

static void *add_thread(void *context)
{
    static _Atomic unsigned who;
    add_many(context, who++);
    par_buffer_fini(&string);
    return NULL;
}

static void threads(void) /* for ThreadSanitizer */
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&thread[i], NULL, add_thread, &p) == 0);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    par_table *t = open_table(&p);
    check_same(get(t, text("sum")), integer(12000));
    par_table_close(t);
}

static void processes(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    for (unsigned i = 0; i < 6; i++) {
        if (fork() == 0) {
            add_many(&p, i);
            _exit(0);
        }
    }
    for (int status; wait(&status) > 0;) CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    par_table *t = open_table(&p);
    check_same(get(t, text("sum")), integer(18000));
    par_table_close(t);
}

/* A value says in itself whether it is whole. */
static par_table_value whole(uint32_t seed, char *room)
{
    size_t len = 8 + seed % 300;
    memset(room, (int)('a' + seed % 26), len);
    memcpy(room, &seed, sizeof seed);
    return (par_table_value){.kind = PAR_TABLE_STRING, .bytes = room, .len = len};
}

static void check_whole(par_table_value value)
{
    uint32_t seed;
    char room[320];
    if (value.kind == PAR_TABLE_NIL) return;
    CHECK(value.kind == PAR_TABLE_STRING && value.len >= 8);
    memcpy(&seed, value.bytes, sizeof seed);
    check_same(value, whole(seed, room));
}

static void change_for_ever(const place *p)
{
    par_table *t = open_table(p);
    uint64_t state = (uint64_t)par_os_now_ns();
    char room[320];
    for (;;) {
        par_table_value key = integer(chance(&state, 20));
        set(t, key, chance(&state, 10) ? whole((uint32_t)chance(&state, 1u << 30), room) : nil);
    }
}

static pid_t start_change(const place *p)
{
    pid_t pid = fork();
    if (pid == 0) change_for_ever(p);
    return pid;
}

static void writers_that_are_killed(void)
{
    const char *more = getenv("PAR_KILLS");
    place p = make_place(24 << 10);
    pid_t writer[2];
    uint64_t state = 4;
    par_table *t = open_table(&p);
    for (int i = 0; i < 2; i++) writer[i] = start_change(&p);
    for (int i = 0, rounds = more ? atoi(more) : 150; i < rounds; i++) {
        for (int64_t end_ns = par_os_now_ns() + chance(&state, 1500000); par_os_now_ns() < end_ns;)
            check_whole(get(t, integer(chance(&state, 20))));
        int victim = (int)chance(&state, 2), status;
        kill(writer[victim], SIGKILL);
        CHECK(waitpid(writer[victim], &status, 0) == writer[victim]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        set(t, integer(100), integer(i)); /* needs the lock, perhaps from the dead */
        uint64_t count;
        par_table_value key, value;
        CHECK_INT(par_table_snapshot(t, &all, &count, &err), PAR_OK);
        for (size_t at = 0; par_table_next(&all, &at, &key, &value);)
            if (key.integer < 20) check_whole(value);
        writer[victim] = start_change(&p);
    }
    for (int i = 0; i < 2; i++) {
        kill(writer[i], SIGKILL);
        waitpid(writer[i], NULL, 0);
    }
    CHECK(((par_table_page *)p.memory)->turn > 10);
    par_table_close(t);
}

/* --- memory that is written over --- */
/* Is what looks like an entry with a string of `len` bytes taken for one at this place? */
static bool is_entry(par_table *t, size_t where, size_t len)
{
    par_entry entry;
    _Atomic uint64_t *at = t->half[0] + where;
    size_t words = PAR_ENTRY_WORDS + par_table_words(len);
    par_table_store(&at[PAR_ENTRY_HEAD], words);
    par_table_store(&at[PAR_ENTRY_LENGTHS],
                    (uint64_t)len << PAR_TABLE_STRING_BITS | (uint64_t)PAR_TABLE_INTEGER << 56 | (uint64_t)PAR_TABLE_STRING << 60);
    return par_entry_read(t, 0, (uint32_t)where, &entry);
}

static void a_table_of_another_size(void)
{
    place p = make_place(2 * PAR_TABLE_MIN_BYTES);
    par_table *t;
    CHECK_INT(par_table_open(&t, p.memory, PAR_TABLE_MIN_BYTES, p.fd, 0, &err), PAR_E_CORRUPT);
    CHECK_INT(par_table_format(p.memory, PAR_TABLE_MIN_BYTES, &err), PAR_OK);
    CHECK_INT(par_table_open(&t, p.memory, 2 * PAR_TABLE_MIN_BYTES, p.fd, 0, &err), PAR_E_CORRUPT);
    CHECK_INT(par_table_open(&t, p.memory, PAR_TABLE_MIN_BYTES, p.fd, 0, &err), PAR_OK);
    par_table_close(t);
    place_free(&p);
}

/* A writer dies with the lock: what it counted may be anything. */
static void what_a_dead_writer_left(void)
{
    enum { N = 20 };
    char room[300];
    bool abandoned;
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *dead = open_table(&p);
    if (dead->lock.life_fd < 0) return; /* a system without signs of life */
    for (int i = 0; i < N; i++) set(dead, integer(i), whole((uint64_t)i, room));
    CHECK_INT(par_lock_take(&dead->lock, 0, &abandoned, &err), PAR_OK);
    par_table_store(&dead->page->used, dead->heap_at); /* as if there was nothing */
    par_table_store(&dead->page->live, 0);
    par_table_store(&dead->page->entries, 1); /* a number that is too high is looked at anyway */
    par_os_close(dead->lock.life_fd);         /* as the system does it */
    par_os_close(dead->lock.fd);
    par_table *t = open_table(&p);
    for (int i = N; i < 2 * N; i++) set(t, integer(i), whole((uint64_t)i, room));
    CHECK_INT(par_table_load(&t->page->entries), 2 * N);
    for (int i = 0; i < 2 * N; i++) check_same(get(t, integer(i)), whole((uint64_t)i, room));
    par_table_close(t);
    par_buffer_fini(&dead->string);
    free(dead);
    place_free(&p);
}

static void an_entry_lies_in_its_half(void)
{
    place p = make_place(PAR_TABLE_MIN_BYTES);
    par_table *t = open_table(&p);
    size_t last = t->half_words - PAR_ENTRY_WORDS;
    CHECK(is_entry(t, t->heap_at, 0) && is_entry(t, t->heap_at, 100) && is_entry(t, last, 0) && is_entry(t, last - 1, 8));
    CHECK(!is_entry(t, t->heap_at - 1, 0)); /* among the slots */
    CHECK(!is_entry(t, t->heap_at - PAR_ENTRY_WORDS, 0));
    CHECK(!is_entry(t, last + 1, 0)); /* it would end in the other half */
    CHECK(!is_entry(t, last, 1));
    CHECK(!is_entry(t, last, PAR_TABLE_STRING_MAX));
    par_table_close(t);
    place_free(&p);
}

static void use_it(par_table *t, uint64_t *state)
{
    char room[320];
    uint64_t count;
    par_table_value key = integer(chance(state, 30)), value = whole(chance(state, 1u << 30), room), sum, one = integer(1);
    (void)par_table_set(t, &key, &value, &err);
    (void)par_table_get(t, &key, &string, &sum, &err);
    key = text("n");
    (void)par_table_add(t, &key, &one, &sum, &err);
    if (chance(state, 8)) return;
    if (par_table_snapshot(t, &all, &count, &err) == PAR_OK)
        for (size_t at = 0; par_table_next(&all, &at, &key, &value);) {}
}

static void somebody_writes_over_it(void)
{
    uint64_t state = 8;
    for (int i = 0; i < 300; i++) {
        place p = make_place(PAR_TABLE_MIN_BYTES);
        par_table *t = open_table(&p);
        for (int k = 0; k < 40; k++) use_it(t, &state);
        size_t lock_from = offsetof(par_table_page, lock) / 8, lock_to = offsetof(par_table_page, turn) / 8;
        for (int k = 0; k < 200; k++) {
            size_t at = chance(&state, (uint32_t)(p.bytes / 8));
            if (chance(&state, 2)) at = chance(&state, 300);
            if (at >= lock_from && at < lock_to) continue; /* test_lock.c does that: here nobody else has it */
            uint64_t bits = chance(&state, 2) ? state : chance(&state, 2000);
            ((_Atomic uint64_t *)p.memory)[at] = bits;
            use_it(t, &state);
        }
        par_table_close(t);
        place_free(&p);
    }
}

TAP_MAIN(TEST(all_kinds), TEST(what_it_cannot_hold), TEST(numbers), TEST(compare_and_set), TEST(many_changes), TEST(a_full_one),
         TEST(slots_come_back), TEST(threads), TEST(processes), TEST(writers_that_are_killed), TEST(a_table_of_another_size),
         TEST(what_a_dead_writer_left), TEST(an_entry_lies_in_its_half), TEST(somebody_writes_over_it))
