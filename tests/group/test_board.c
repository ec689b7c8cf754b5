/* Phases of groups: nobody goes on before all have come, whoever ends is named, and what stands on the board is not believed. */
#include <sched.h>

#include "group/layout.h"
#include "group/phase.h"
#include "members.h"
#include "threads.h"

static int phases_of_a_run(unsigned n)
{
    const char *wanted = getenv("PAR_PHASES");
    if (wanted) return atoi(wanted);
    return n <= 4 ? 20000 : n <= 17 ? 1500 : 200;
}

static uint64_t value_of(int phase, unsigned rank) { return (uint64_t)phase * 1000 + rank; }

/* Everybody says a number that all others know beforehand. */
static void pass_and_listen(par_board *board, int phase, int64_t deadline_ns)
{
    par_error err;
    par_say say = {.call = PAR_CALL_BARRIER, .count = value_of(phase, par_board_rank(board))}, heard;
    CHECK_INT(par_phase_say(board, &say, deadline_ns, &err), PAR_OK);
    for (unsigned rank = 0; rank < par_board_size(board); rank++) {
        par_phase_hear(board, rank, &heard);
        CHECK_INT(heard.count, value_of(phase, rank));
    }
}

static int pass_many(par_board *board, void *context)
{
    int phases = phases_of_a_run(par_board_size(board)), pauses = *(int *)context;
    uint64_t state = par_board_rank(board) + 1;
    for (int i = 0; i < phases; i++) {
        if (pauses && chance(&state, 64) == 0) par_os_sleep_ns(chance(&state, 200000));
        pass_and_listen(board, i, SECONDS(100));
    }
    par_board_leave(board);
    return 0;
}

static void run_phases(unsigned n, int pauses)
{
    members m;
    members_start(&m, n, pass_many, &pauses);
    members_end(&m, 0);
}

static void groups_of_all_sizes(void)
{
    for (unsigned n = 1; n <= 5; n++) run_phases(n, 0);
    run_phases(16, 0);
    run_phases(17, 0);
    run_phases(64, 0);
}

static void members_that_pause(void)
{
    run_phases(2, 1);
    run_phases(3, 1);
    run_phases(17, 1);
}

static void all_on_one_core(void)
{
#ifdef __linux__
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
#endif
    run_phases(2, 0);
    run_phases(4, 1);
    run_phases(17, 0);
}

/* --- members that end --- */
typedef struct told { /* what a member was told at last */
    int code, kind;
    unsigned rank;
    uint32_t id;
    char text[500];
} told;

static int pass_until_told(par_board *board, void *context)
{
    told *out = (told *)context + par_board_rank(board);
    par_error err = {0};
    int rc = PAR_OK;
    while (rc == PAR_OK) rc = par_phase_pass(board, SECONDS(60), &err);
    par_board_failure failure = par_board_last_failure(board);
    *out = (told){.code = rc, .kind = failure.kind, .rank = failure.rank, .id = failure.id};
    snprintf(out->text, sizeof out->text, "%s", err.text);
    CHECK_INT(par_phase_pass(board, SECONDS(60), &err), rc); /* and it stays broken */
    CHECK(par_board_is_broken(board));
    return 0;
}

static void check_told(const told *by_rank, unsigned n, unsigned ended, int kind)
{
    for (unsigned rank = 0; rank < n; rank++) {
        if (rank == ended) continue;
        CHECK_INT(by_rank[rank].code, PAR_E_CLOSED); /* told, not timed out */
        CHECK_INT(by_rank[rank].kind, kind);
        CHECK_INT(by_rank[rank].rank, ended);
        CHECK_INT(by_rank[rank].id, member_id(ended));
    }
}

static void kill_one(unsigned n, unsigned victim, int64_t after_ns)
{
    members m;
    told *out = shared_memory(n * sizeof *out);
    members_start(&m, n, pass_until_told, out);
    par_os_sleep_ns(after_ns);
    members_kill(&m, victim);
    members_end(&m, (uint64_t)1 << victim);
    check_told(out, n, victim, PAR_FAILURE_DIED);
    char text[100];
    snprintf(text, sizeof text, "barrier: member %u (child %u) has died", victim + 1, member_id(victim));
    CHECK(strcmp(out[victim ? 0 : 1].text, text) == 0);
    munmap(out, n * sizeof *out);
}

static void one_is_killed(void)
{
    const char *more = getenv("PAR_KILLS");
    int rounds = more ? atoi(more) : 60;
    uint64_t state = 17;
    for (int i = 0; i < rounds; i++) {
        unsigned n = (unsigned[]){2, 3, 4, 17}[chance(&state, 4)];
        kill_one(n, chance(&state, n), chance(&state, 4000000));
    }
}

static int never_joined(par_board *board, void *context)
{
    (void)board, (void)context;
    for (;;) pause();
    return 0;
}

static void one_dies_before_it_enters_anything(void)
{
    members m;
    told *out = shared_memory(3 * sizeof *out);
    members_make(&m, 3);
    member_start(&m, 1, never_joined, NULL);
    member_start(&m, 0, pass_until_told, out);
    member_start(&m, 2, pass_until_told, out);
    par_os_sleep_ns(1000000);
    members_kill(&m, 1);
    members_end(&m, 2);
    check_told(out, 3, 1, PAR_FAILURE_DIED);
}

static void one_is_never_started(void) /* its descriptor was made and closed: it got lost on its way */
{
    members m;
    told *out = shared_memory(3 * sizeof *out);
    members_make(&m, 3);
    if (!has_signs_of_life(m.board_fd)) return;
    member_start(&m, 0, pass_until_told, out);
    member_start(&m, 2, pass_until_told, out);
    par_os_sleep_ns(20000000);
    CHECK_INT(out[0].code, 0); /* it may still come */
    par_os_close(m.seat_fd[1]);
    members_end(&m, 0);
    check_told(out, 3, 1, PAR_FAILURE_DIED);
}

static int leave_soon(par_board *board, void *context)
{
    par_error err;
    if (par_board_rank(board) != 1) return pass_until_told(board, context);
    for (int i = 0; i < 5; i++) CHECK_INT(par_phase_pass(board, SECONDS(60), &err), PAR_OK);
    par_board_leave(board);
    return 0;
}

static void one_leaves(void)
{
    for (unsigned n = 2; n <= 18; n += 8) {
        members m;
        told *out = shared_memory(n * sizeof *out);
        members_start(&m, n, leave_soon, out);
        members_end(&m, 0);
        check_told(out, n, 1, PAR_FAILURE_LEFT);
        CHECK(strcmp(out[0].text, "barrier: member 2 (child 102) has left the group") == 0);
    }
}

/* The last phase of those who leave at once is nobody else's failure. */
static int pass_and_leave(par_board *board, void *context)
{
    (void)context;
    par_error err;
    for (int i = 0; i < 3; i++) CHECK_INT(par_phase_pass(board, SECONDS(60), &err), PAR_OK);
    par_board_leave(board);
    return 0;
}

static void all_leave(void)
{
    for (int i = 0; i < 40; i++) {
        members m;
        members_start(&m, i % 2 ? 3 : 17, pass_and_leave, NULL);
        members_end(&m, 0);
    }
}

/* --- waits with an end --- */
static int two_come_late(par_board *board, void *context)
{
    unsigned rank = par_board_rank(board);
    told *first = context, *out = first + rank;
    par_error err = {0};
    while (rank % 2 && first->code == 0) par_os_sleep_ns(1000000); /* until the first has given up */
    out->code = par_phase_pass(board, rank == 0 ? MILLISECONDS(50) : SECONDS(60), &err);
    snprintf(out->text, sizeof out->text, "%s", err.text);
    return 0;
}

static void one_does_not_wait_for_ever(void)
{
    members m;
    told *out = shared_memory(4 * sizeof *out);
    members_start(&m, 4, two_come_late, out);
    members_end(&m, 0);
    for (int i = 0; i < 4; i++) CHECK_INT(out[i].code, PAR_E_TIMEOUT);
    CHECK(strncmp(out[0].text, "barrier: waited ", 16) == 0);
    CHECK(strstr(out[0].text, " s for members 2 and 4 (child 102, child 104)") ||
          strstr(out[0].text, " s for members 2, 3 and 4 (child 102, child 103, child 104)")); /* the third may be late as well */
    for (int i = 1; i < 4; i++)
        CHECK(strcmp(out[i].text, "barrier: member 1 (child 101) waited too long for the others and has given the group up") == 0);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void an_interrupt_leaves_a_wait(void)
{
    par_error err;
    int fd, seat_fd[2];
    CHECK_INT(par_board_make(2, &fd, &err), PAR_OK);
    for (unsigned i = 0; i < 2; i++) CHECK_INT(par_board_seat_fd(fd, 2, i, &seat_fd[i], &err), PAR_OK);
    par_board *a = member_join(seat_fd[0], 2, 0, &(par_board_owner){.interrupted = always});
    par_board *b = member_join(seat_fd[1], 2, 1, NULL);
    CHECK_INT(par_phase_pass(a, SECONDS(60), &err), PAR_E_INTERRUPTED);
    CHECK_INT(par_phase_pass(b, SECONDS(60), &err), PAR_E_CLOSED);
    CHECK(strstr(err.text, "member 1 (child 101) was interrupted"));
    CHECK(par_board_last_failure(b).kind == PAR_FAILURE_OTHER);
    par_board_leave(a);
    par_board_leave(b);
    par_os_close(fd);
}

/* --- what cannot be --- */
static void boards_that_are_none(void)
{
    par_error err;
    par_board *board;
    int fd, other;
    CHECK_INT(par_board_make(0, &fd, &err), PAR_E_INVALID);
    CHECK_INT(par_board_make(PAR_GROUP_MEMBERS_MAX + 1, &fd, &err), PAR_E_INVALID);
    CHECK_INT(par_board_make(3, &fd, &err), PAR_OK);
    CHECK_INT(par_board_seat_fd(fd, 3, 3, &other, &err), PAR_E_INVALID);
    CHECK_INT(par_board_join(&board, fd, 3, 3, NULL, NULL, &err), PAR_E_CORRUPT);
    CHECK_INT(par_board_join(&board, fd, 0, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    CHECK_INT(par_board_join(&board, fd, 2, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    CHECK_INT(par_board_join(&board, fd, PAR_GROUP_MEMBERS_MAX + 1, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    par_layout layout = par_layout_of(3);
    CHECK_INT(par_os_memory_open(layout.bytes, &other, &err), PAR_OK);
    CHECK_INT(par_board_join(&board, other, 3, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    void *data; /* what it says of itself is right, but it is too small */
    CHECK_INT(par_os_memory_map(other, 0, layout.windows_at, &data, &err), PAR_OK);
    par_board_page *page = data;
    page->magic = PAR_BOARD_MAGIC;
    page->version = PAR_BOARD_VERSION;
    page->seats = 4;
    CHECK_INT(par_board_join(&board, other, 4, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    page->seats = 3;
    page->magic++;
    CHECK_INT(par_board_join(&board, other, 3, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    par_os_memory_unmap(data, layout.windows_at);
    par_os_close(other);
    CHECK_INT(par_os_memory_open(par_layout_of(40000).bytes, &other, &err), PAR_OK); /* its windows would have no room */
    CHECK_INT(par_os_memory_map(other, 0, sizeof *page, &data, &err), PAR_OK);
    page = data;
    page->magic = PAR_BOARD_MAGIC;
    page->version = PAR_BOARD_VERSION;
    page->seats = 40000;
    CHECK_INT(par_board_join(&board, other, 40000, 0, NULL, NULL, &err), PAR_E_CORRUPT);
    par_os_close(other);
    CHECK_INT(par_board_join(&board, fd, 3, 0, NULL, NULL, &err), PAR_OK);
    CHECK_INT(par_board_id(board, 0), 0);
    par_board_leave(board);
}

static void boards_of_all_sizes_fit_their_limits(void)
{
    for (unsigned n = 1; n <= PAR_GROUP_MEMBERS_MAX; n = n < 8 ? n + 1 : n * 2) {
        par_layout l = par_layout_of(n);
        CHECK(l.window_bytes >= 4096 && l.window_bytes <= PAR_BOARD_WINDOW_BYTES && l.window_bytes % 4096 == 0);
        CHECK(l.bytes - l.windows_at <= PAR_BOARD_WINDOWS_BYTES);
        CHECK(l.seats_at + n * sizeof(par_seat) <= l.windows_at);
        CHECK(l.windows_at + 2 * (n + 1) * l.window_bytes <= l.bytes);
    }
    CHECK_INT(par_layout_of(64).window_bytes, PAR_BOARD_WINDOW_BYTES);
    CHECK_INT(par_layout_of(1000).window_bytes, 32 << 10);
}

/* Two members in this process and their board, to be written over. */
typedef struct desk {
    par_board *a, *b;
    par_board_page *page;
    size_t bytes;
    int fd;
} desk;

static void desk_open(desk *d, unsigned n)
{
    par_error err;
    int seat_fd[2];
    void *data;
    CHECK_INT(par_board_make(n, &d->fd, &err), PAR_OK);
    for (unsigned i = 0; i < 2; i++) CHECK_INT(par_board_seat_fd(d->fd, n, i, &seat_fd[i], &err), PAR_OK);
    d->a = member_join(seat_fd[0], n, 0, NULL);
    d->b = member_join(seat_fd[1], n, 1, NULL);
    d->bytes = par_layout_of(n).bytes;
    CHECK_INT(par_os_memory_map(d->fd, 0, d->bytes, &data, &err), PAR_OK);
    d->page = data;
}

static void desk_close(desk *d)
{
    par_board_leave(d->a);
    par_board_leave(d->b);
    par_os_memory_unmap(d->page, d->bytes);
    par_os_close(d->fd);
}

static par_seat *desk_seat(const desk *d, unsigned n, unsigned seat)
{
    return (par_seat *)(void *)((uint8_t *)d->page + par_layout_of(n).seats_at) + seat;
}

static void a_phase_that_nobody_can_be_in(void)
{
    par_error err;
    desk d;
    desk_open(&d, 2);
    for (int i = 0; i < 2; i++) desk_seat(&d, 2, 1)->slot[i].phase = 1000000;
    CHECK_INT(par_phase_pass(d.a, SECONDS(60), &err), PAR_E_CORRUPT);
    CHECK(strstr(err.text, "somebody has written over the memory of the group"));
    CHECK_INT(par_phase_pass(d.b, SECONDS(60), &err), PAR_E_CORRUPT);
    desk_close(&d);
}

static void a_count_that_cannot_be(void)
{
    enum { N = 20 };
    par_error err;
    desk d;
    desk_open(&d, N);
    d.page->words[0].arrived = 3 * N;
    CHECK_INT(par_phase_pass(d.a, SECONDS(60), &err), PAR_E_CORRUPT);
    desk_close(&d);
}

static void a_count_that_is_too_small_only_costs_time(void)
{
    enum { N = 20 };
    par_error err;
    desk d;
    desk_open(&d, N);
    for (unsigned seat = 1; seat < N; seat++) desk_seat(&d, N, seat)->slot[0].phase = 2; /* entered, but did not count itself */
    CHECK_INT(par_phase_pass(d.a, SECONDS(60), &err), PAR_OK);
    desk_close(&d);
}

static void a_reason_that_nobody_knows(void)
{
    par_error err;
    desk d;
    desk_open(&d, 2);
    d.page->broken = par_broken_word(0, PAR_BROKEN_REGROUP + 1, 1);
    CHECK(!par_board_is_broken(d.a));
    d.page->broken = par_broken_word(7, PAR_BROKEN_DIED, 1); /* of a group that is not ours */
    CHECK(!par_board_is_broken(d.a));
    d.page->broken = par_broken_word(0, PAR_BROKEN_DIED, 5000); /* a seat that is nobody's */
    CHECK_INT(par_phase_pass(d.a, SECONDS(60), &err), PAR_E_CLOSED);
    CHECK(strcmp(err.text, "barrier: a member has died") == 0);
    desk_close(&d);
}

/* One of them writes anything anywhere. The others may be told anything, but in time, and alive. */
static int pass_or_scribble(par_board *board, void *context)
{
    const members *m = context;
    par_error err;
    void *data;
    uint64_t state = (uint64_t)par_os_now_ns();
    int rc = par_phase_pass(board, SECONDS(60), &err); /* all have joined */
    if (par_board_rank(board) != 0) {
        int64_t until_ns = SECONDS(2);
        while (rc == PAR_OK) rc = par_phase_pass(board, until_ns, &err);
        if (rc != PAR_E_TIMEOUT && rc != PAR_E_CORRUPT && rc != PAR_E_CLOSED) return 3;
        (void)par_board_regroup(board, MILLISECONDS(200), &err);
        par_board_leave(board);
        return par_os_now_ns() - until_ns > 30000000000;
    }
    size_t bytes = par_layout_of(m->n).windows_at;
    if (par_os_memory_map(m->board_fd, 0, bytes, &data, &err) != PAR_OK) return 4;
    for (int64_t end_ns = MILLISECONDS(100); par_os_now_ns() < end_ns;) {
        for (int i = 0; i < 100; i++) {
            size_t at = chance(&state, (uint32_t)(bytes / 8));
            atomic_store_explicit((_Atomic uint64_t *)data + at, chance(&state, 3) ? chance(&state, 8) : state, memory_order_relaxed);
        }
        (void)par_phase_pass(board, MILLISECONDS(1), &err);
    }
    for (;;) pause();
    return 0;
}

static void one_writes_over_the_board(void)
{
    for (int i = 0; i < 12; i++) {
        members m;
        members_start(&m, i % 3 == 2 ? 20 : 4, pass_or_scribble, &m);
        for (unsigned seat = 1; seat < m.n; seat++) {
            int status;
            CHECK(waitpid(m.pid[seat], &status, 0) == m.pid[seat]);
            CHECK(WIFEXITED(status));
            CHECK_INT(WEXITSTATUS(status), 0);
            m.pid[seat] = 0;
        }
        kill(m.pid[0], SIGKILL);
        members_end(&m, 1);
    }
}

/* --- members that are threads: for ThreadSanitizer --- */
static void pass_in_a_thread(par_board *board)
{
    for (int i = 0; i < 3000; i++) pass_and_listen(board, i, SECONDS(100));
}

static void threads_as_members(void)
{
    threads_as_members_of(2, pass_in_a_thread);
    threads_as_members_of(18, pass_in_a_thread);
}

TAP_MAIN(TEST(groups_of_all_sizes), TEST(members_that_pause), TEST(all_on_one_core), TEST(one_is_killed),
         TEST(one_dies_before_it_enters_anything), TEST(one_is_never_started), TEST(one_leaves), TEST(all_leave),
         TEST(one_does_not_wait_for_ever), TEST(an_interrupt_leaves_a_wait), TEST(boards_that_are_none),
         TEST(boards_of_all_sizes_fit_their_limits), TEST(a_phase_that_nobody_can_be_in), TEST(a_count_that_cannot_be),
         TEST(a_count_that_is_too_small_only_costs_time), TEST(a_reason_that_nobody_knows), TEST(one_writes_over_the_board),
         TEST(threads_as_members))
