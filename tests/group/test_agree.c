/* Groups that go on without those who died: all who live agree on who that is, whenever somebody dies. */
#include "group/layout.h"
#include "group/phase.h"
#include "members.h"

typedef struct shared {
    _Atomic uint32_t stop;      /* set by the test: end when everybody has seen it */
    _Atomic uint64_t survivors; /* bits of the seats that ended well */
    _Atomic uint32_t groups;    /* the largest number of groups that a member has been in */
} shared;

static uint64_t mask_of(const par_board *board)
{
    uint64_t mask = 0;
    for (unsigned rank = 0; rank < par_board_size(board); rank++) mask |= (uint64_t)1 << (par_board_id(board, rank) - member_id(0));
    return mask;
}

/* Everybody says who it thinks is in the group, and whether it has seen the end. Returns a code, or 1: all have seen it. */
static int pass(par_board *board, const shared *s)
{
    par_error err;
    par_say say = {.call = PAR_CALL_BARRIER, .count = mask_of(board), .flags = (uint8_t)s->stop}, heard;
    int rc = par_phase_say(board, &say, SECONDS(60), &err), all = 1;
    if (rc != PAR_OK) return rc;
    for (unsigned rank = 0; rank < par_board_size(board); rank++) {
        par_phase_hear(board, rank, &heard);
        CHECK_INT(heard.count, say.count);
        if (!heard.flags) all = 0;
    }
    return all;
}

static int live_on(par_board *board, void *context)
{
    shared *s = context;
    par_error err;
    uint32_t groups = 1;
    unsigned seat = par_board_rank(board);
    int rc = 0;
    while (rc <= 0) {
        rc = pass(board, s);
        if (rc == 0) continue;
        if (rc < 0) {
            CHECK_INT(rc, PAR_E_CLOSED);
            CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
            CHECK(par_board_id(board, par_board_rank(board)) == member_id(seat));
            groups++;
        }
    }
    atomic_fetch_or(&s->survivors, (uint64_t)1 << seat);
    uint32_t most = s->groups;
    while (most < groups && !atomic_compare_exchange_weak(&s->groups, &most, groups)) {}
    par_board_leave(board);
    return 0;
}

/* Kills `kills` of n members, at random moments, and looks at who is left. */
static void kill_some(unsigned n, unsigned kills, uint64_t *state)
{
    members m;
    shared *s = shared_memory(sizeof *s);
    uint64_t killed = 0, all = n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
    members_start(&m, n, live_on, s);
    while (kills--) {
        unsigned seat = chance(state, n);
        if (killed >> seat & 1) continue;
        par_os_sleep_ns(chance(state, 4) ? chance(state, 300000) : chance(state, 8000000)); /* often in mid-vote */
        members_kill(&m, seat);
        killed |= (uint64_t)1 << seat;
    }
    par_os_sleep_ns(chance(state, 2000000));
    s->stop = 1;
    members_end(&m, killed);
    CHECK_INT(s->survivors, all & ~killed);
    munmap(s, sizeof *s);
}

static void those_who_live_go_on(void)
{
    const char *more = getenv("PAR_KILLS");
    uint64_t state = 5;
    for (int i = 0, rounds = more ? atoi(more) : 60; i < rounds; i++) {
        unsigned n = 2 + chance(&state, 7);
        kill_some(n, 1 + chance(&state, n - 1), &state);
    }
}

static void of_many_few_are_left(void)
{
    uint64_t state = 6;
    for (int i = 0; i < 5; i++) kill_some(20 + chance(&state, 20), 19, &state);
}

static void nobody_died(void) /* all ask for a new group of all */
{
    members m;
    shared *s = shared_memory(sizeof *s);
    s->stop = 1;
    members_start(&m, 4, live_on, s);
    members_end(&m, 0);
    CHECK_INT(s->groups, 1);
}

static int regroup_often(par_board *board, void *context)
{
    shared *s = context;
    par_error err;
    unsigned rank = par_board_rank(board), n = par_board_size(board);
    for (int i = 0; i < 300; i++) {
        CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
        CHECK_INT(par_board_rank(board), rank);
        CHECK_INT(par_board_size(board), n);
        for (int k = 0; k < 5; k++) CHECK_INT(pass(board, s), 0);
    }
    return 0;
}

static void again_and_again(void)
{
    shared *s = shared_memory(sizeof *s);
    for (unsigned n = 1; n <= 19; n += 6) {
        members m;
        members_start(&m, n, regroup_often, s);
        members_end(&m, 0);
    }
}

/* One comes to the vote late: the others give up, and go on with the same vote. */
static int vote_late(par_board *board, void *context)
{
    shared *s = context;
    par_error err;
    if (par_board_rank(board) == 2) {
        while (s->stop < 2) par_os_sleep_ns(1000000);
    } else {
        CHECK_INT(par_board_regroup(board, MILLISECONDS(30), &err), PAR_E_TIMEOUT);
        CHECK(strncmp(err.text, "regroup: waited ", 16) == 0);
        CHECK(strstr(err.text, " s for member") && strstr(err.text, "child 103)"));
        s->stop++;
    }
    CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_board_size(board), 3);
    CHECK_INT(pass(board, s), 1);
    return 0;
}

static void one_votes_late(void)
{
    for (int i = 0; i < 10; i++) {
        members m;
        shared *s = shared_memory(sizeof *s);
        members_start(&m, 3, vote_late, s);
        members_end(&m, 0);
    }
}

static int leave_or_regroup(par_board *board, void *context)
{
    shared *s = context;
    par_error err;
    if (par_board_rank(board) == 0) {
        par_board_leave(board);
        return 0;
    }
    int rc = par_phase_pass(board, SECONDS(60), &err);
    CHECK_INT(rc, PAR_E_CLOSED);
    CHECK(!par_board_is_alive(board, 0));
    CHECK(par_board_is_alive(board, 1) && par_board_is_alive(board, 2) && !par_board_is_alive(board, 3));
    CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_board_size(board), 2);
    CHECK_INT(pass(board, s), 0);
    return 0;
}

static void who_left_is_not_asked(void)
{
    members m;
    shared *s = shared_memory(sizeof *s);
    members_start(&m, 3, leave_or_regroup, s);
    members_end(&m, 0);
}

/* A vote that somebody wrote for a member only makes the others wait for it in vain. */
static void a_vote_that_nobody_cast(void)
{
    par_error err;
    members m;
    void *data;
    members_make(&m, 2);
    par_board *board = member_join(m.seat_fd[0], 2, 0, NULL);
    CHECK_INT(par_os_memory_map(m.board_fd, 0, par_layout_of(2).windows_at, &data, &err), PAR_OK);
    ((par_seat *)(void *)((uint8_t *)data + par_layout_of(2).seats_at))[1].vote = UINT64_MAX;
    CHECK_INT(par_board_regroup(board, SECONDS(60), &err), PAR_OK);
    CHECK_INT(par_board_size(board), 2);
    CHECK_INT(par_phase_pass(board, MILLISECONDS(30), &err), PAR_E_TIMEOUT);
    par_board_leave(board);
}

static void as_many_groups_as_a_board_takes(void)
{
    par_error err;
    members m;
    members_make(&m, 1);
    par_board *board = member_join(m.seat_fd[0], 1, 0, NULL);
    int rc = PAR_OK;
    for (unsigned i = 0; rc == PAR_OK && i <= PAR_BOARD_GROUPS_MAX; i++) {
        rc = par_board_regroup(board, SECONDS(60), &err);
        if (rc == PAR_OK && i % 100 == 0) CHECK_INT(par_phase_pass(board, SECONDS(60), &err), PAR_OK);
    }
    CHECK_INT(rc, PAR_E_LIMIT);
    CHECK(strstr(err.text, "make another one"));
    par_board_leave(board);
}

TAP_MAIN(TEST(those_who_live_go_on), TEST(of_many_few_are_left), TEST(nobody_died), TEST(again_and_again), TEST(one_votes_late),
         TEST(who_left_is_not_asked), TEST(a_vote_that_nobody_cast), TEST(as_many_groups_as_a_board_takes))
