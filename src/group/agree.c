/* Those who live agree on who that is, and go on as a new group on the same board.
 *
 * Each votes: it stores the number of the next group in its seat. Then it waits for everybody else, until he has voted too or is gone.
 * A vote stays where it is when its voter ends, and who has ended without one casts none. So whether a member has voted is the same
 * for all who ask in the end, and those who have are the new group; one that died since breaks that. */
#include "group/internal.h"
#include "os/os.h"

static uint32_t next_group(const par_board *board) { return board->group + 1; }

static bool has_voted(const par_board *board, unsigned seat)
{
    /* With vote. Others may already vote for the group after the next. */
    return atomic_load_explicit(&par_board_seat(board, seat)->vote, memory_order_seq_cst) >= next_group(board);
}

static bool has_not_voted(const par_board *board, unsigned seat) { return !has_voted(board, seat); }

static void vote(par_board *board)
{
    board->voting = true;
    board->there = 0;
    atomic_store_explicit(&par_board_seat(board, board->seat)->vote, next_group(board), memory_order_seq_cst); /* with has_voted */
    par_latch_ring(&par_board_words(board)->latch);
    par_board_tell(board);
}

/* The words that the new group will use. Nobody uses them before we have voted. */
static void clear_next_words(const par_board *board)
{
    par_words *next = &board->page->words[next_group(board) % PAR_BOARD_WORDS];
    atomic_store_explicit(&next->latch.bell, 0, memory_order_relaxed); /* these are seen with the vote */
    atomic_store_explicit(&next->latch.sleepers, 0, memory_order_relaxed);
    atomic_store_explicit(&next->arrived, 0, memory_order_relaxed);
}

static int begin(par_board *board, par_error *err)
{
    par_error ignored;
    if (next_group(board) > PAR_BOARD_GROUPS_MAX)
        return par_error_set(err, PAR_E_LIMIT, "regroup: %u groups were on this board; make another one", next_group(board));
    if (!par_board_is_broken(board)) par_broken_break(board, PAR_BROKEN_REGROUP, board->seat, &ignored);
    clear_next_words(board);
    vote(board);
    return PAR_OK;
}

/* --- waiting for the others' votes --- */
/* Neither votes nor ends are taken back, so nobody is asked again who was settled once. */
static int look_at_votes(void *context)
{
    par_board *board = context;
    while (board->there < board->n && has_voted(board, board->member[board->there])) board->there++;
    return board->there == board->n;
}

static void pass_over_the_gone(par_board *board)
{
    while (!look_at_votes(board)) {
        if (par_board_is_alive(board, board->there)) return;
        if (!has_voted(board, board->member[board->there])) board->there++; /* it may have, since we looked and before it ended */
    }
}

static int wait_for_votes(par_board *board, int64_t deadline_ns, par_error *err)
{
    int64_t began_ns = par_os_now_ns();
    while (!par_latch_wait(&par_board_words(board)->latch, &board->waiter, look_at_votes, board, deadline_ns)) {
        pass_over_the_gone(board);
        if (board->there == board->n) break;
        if (par_broken_interrupted(board)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        if (par_latch_overdue(deadline_ns)) return par_broken_waited(board, par_os_now_ns() - began_ns, has_not_voted, err);
    }
    return PAR_OK;
}

/* From here on the new group is ours. Nobody has entered its phases, whose numbers are its own. */
static void adopt(par_board *board)
{
    unsigned n = 0;
    for (unsigned rank = 0; rank < board->n; rank++) {
        unsigned seat = board->member[rank];
        if (seat == board->seat) board->rank = n;
        if (has_voted(board, seat)) board->member[n++] = seat;
    }
    board->n = n;
    board->group++;
    board->phase = (uint64_t)board->group << PAR_BOARD_PHASE_BITS;
    board->target = 0;
    board->voting = false;
    board->backwards = false; /* for all alike, however far each had come */
    board->note = (par_note){0};
    par_waiter_init(&board->waiter, n);
    board->failure = (par_board_failure){.kind = PAR_FAILURE_NONE};
    for (uint64_t i = 0; i < 2; i++)
        atomic_store_explicit(&par_board_seat(board, board->seat)->slot[(board->phase - i) & 1].phase, board->phase - i,
                              memory_order_seq_cst); /* with par_board_phase_of */
    par_board_tell(board);
}

int par_board_regroup(par_board *board, int64_t deadline_ns, par_error *err)
{
    board->call = PAR_CALL_REGROUP;
    int rc = board->voting ? PAR_OK : begin(board, err);
    if (rc == PAR_OK) rc = wait_for_votes(board, deadline_ns, err); /* on failure the vote stays: the next call goes on with it */
    if (rc == PAR_OK) adopt(board);
    return rc;
}
