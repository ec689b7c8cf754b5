/* Those who live agree on who that is, and go on as a new group on the same board.
 *
 * Each votes in rounds: a set of seats that it holds for gone. It waits until everybody outside its set has voted in this round,
 * or is found gone. Nobody was found and all these votes are equal: that is the outcome. Else the sets are joined, and there
 * is another round. A vote stays where it is when its voter dies; so if one member saw all votes of a round equal, whoever else is
 * in the new group sees the same. Sets only grow: there are at most as many rounds as members, and one. */
#include <stdlib.h>
#include <string.h>

#include "group/internal.h"
#include "os/os.h"

#define PHASE_MAX ((uint64_t)1 << 62)

static unsigned set_words(const par_board *board) { return (board->seats + 63) / 64; }
static bool has(const uint64_t *set, unsigned seat) { return set[seat / 64] >> seat % 64 & 1; }
static void put(uint64_t *set, unsigned seat) { set[seat / 64] |= (uint64_t)1 << seat % 64; }

static par_vote *vote_of(const par_board *board, unsigned seat)
{
    size_t at = board->layout.votes_at + (2 * (size_t)seat + (board->round & 1)) * board->layout.vote_bytes;
    return (par_vote *)(void *)((uint8_t *)board->page + at);
}

static bool has_voted(const par_board *board, unsigned seat)
{
    return atomic_load_explicit(&vote_of(board, seat)->round, memory_order_seq_cst) == board->round; /* with vote */
}

static void vote(par_board *board)
{
    board->round++;
    par_vote *own = vote_of(board, board->seat);
    own->phase = board->phase;
    memcpy(own->gone, board->gone, set_words(board) * sizeof *own->gone);
    atomic_store_explicit(&own->round, board->round, memory_order_seq_cst); /* with has_voted */
    board->there = 0;
    par_latch_ring(&par_board_words(board)->latch);
}

/* The words that the new group will use. Nobody uses them before we have voted. */
static void clear_next_words(const par_board *board)
{
    par_words *next = &board->page->words[(board->group + 1) % PAR_BOARD_WORDS];
    atomic_store_explicit(&next->latch.bell, 0, memory_order_relaxed); /* these are seen with the vote */
    atomic_store_explicit(&next->latch.sleepers, 0, memory_order_relaxed);
    atomic_store_explicit(&next->arrived, 0, memory_order_relaxed);
}

static int begin(par_board *board, par_error *err)
{
    par_error ignored;
    size_t bytes = set_words(board) * sizeof *board->gone;
    if (!board->gone) board->gone = malloc(bytes);
    if (!board->found) board->found = malloc(bytes);
    if (!board->gone || !board->found) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    if (!par_board_is_broken(board)) par_broken_break(board, PAR_BROKEN_REGROUP, board->seat, &ignored);
    memset(board->gone, 0, bytes);
    memset(board->found, 0, bytes);
    clear_next_words(board);
    vote(board);
    board->voting = true;
    return PAR_OK;
}

/* --- waiting for the votes of a round --- */
static bool is_awaited(const par_board *board, unsigned seat)
{
    return !has(board->gone, seat) && !has(board->found, seat) && !has_voted(board, seat);
}

static int look_at_votes(void *context)
{
    par_board *board = context;
    for (; board->there < board->n; board->there++)
        if (is_awaited(board, board->member[board->there])) return 0;
    return 1;
}

static void look_for_gone(par_board *board)
{
    for (unsigned rank = 0; rank < board->n; rank++) {
        unsigned seat = board->member[rank];
        if (!is_awaited(board, seat)) continue;
        /* A vote that was cast before the end counts. */
        if (!par_board_is_alive(board, rank) && !has_voted(board, seat)) put(board->found, seat);
    }
}

static int wait_for_votes(par_board *board, int64_t deadline_ns, par_error *err)
{
    int64_t began_ns = par_os_now_ns();
    while (!par_latch_wait(&par_board_words(board)->latch, &board->waiter, look_at_votes, board, deadline_ns)) {
        look_for_gone(board);
        if (look_at_votes(board)) break;
        if (par_broken_interrupted(board)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        if (par_latch_overdue(deadline_ns))
            return par_error_set(err, PAR_E_TIMEOUT, "regroup: waited %.3g s; not all who live have called it",
                                 (double)(par_os_now_ns() - began_ns) / 1e9);
    }
    return PAR_OK;
}

/* --- the outcome of a round --- */
/* Joins all votes and what we found. True: all were equal. */
static bool count_votes(par_board *board, uint64_t *last_phase)
{
    bool equal = true;
    unsigned words = set_words(board);
    uint64_t joined[PAR_GROUP_MEMBERS_MAX / 64];
    memcpy(joined, board->gone, words * sizeof *joined);
    for (unsigned w = 0; w < words; w++) {
        equal = equal && !board->found[w];
        joined[w] |= board->found[w];
    }
    *last_phase = 0;
    for (unsigned rank = 0; rank < board->n; rank++) {
        if (has(board->gone, board->member[rank]) || has(board->found, board->member[rank])) continue;
        const par_vote *theirs = vote_of(board, board->member[rank]);
        if (theirs->phase > *last_phase) *last_phase = theirs->phase;
        for (unsigned w = 0; w < words; w++) {
            uint64_t gone = theirs->gone[w];
            equal = equal && gone == board->gone[w];
            joined[w] |= gone;
        }
    }
    if (equal) return true;
    memcpy(board->gone, joined, words * sizeof *joined);
    memset(board->found, 0, words * sizeof *joined);
    return false;
}

/* From here on the new group is ours. Its first phase is one that nobody has entered. */
static void adopt(par_board *board, uint64_t last_phase)
{
    unsigned n = 0;
    for (unsigned rank = 0; rank < board->n; rank++) {
        unsigned seat = board->member[rank];
        if (seat == board->seat) board->rank = n;
        if (!has(board->gone, seat)) board->member[n++] = seat;
    }
    board->n = n;
    board->group++;
    board->phase = last_phase + 1;
    board->target = 0;
    board->voting = false;
    par_waiter_init(&board->waiter, n);
    board->failure = (par_board_failure){.kind = PAR_FAILURE_NONE};
    for (uint64_t i = 0; i < 2; i++)
        atomic_store_explicit(&par_board_seat(board, board->seat)->slot[(board->phase - i) & 1].phase, board->phase - i,
                              memory_order_seq_cst); /* with par_board_phase_of */
}

int par_board_regroup(par_board *board, int64_t deadline_ns, par_error *err)
{
    uint64_t last_phase;
    int rc = PAR_OK;
    board->call = PAR_CALL_REGROUP;
    if (!board->voting) rc = begin(board, err);
    while (rc == PAR_OK) {
        rc = wait_for_votes(board, deadline_ns, err);
        if (rc != PAR_OK) return rc; /* a vote that is cast stays: the next call goes on with it */
        if (count_votes(board, &last_phase)) break;
        if (has(board->gone, board->seat))
            return par_error_set(err, PAR_E_CORRUPT, "regroup: the other members hold this one for dead");
        vote(board);
    }
    if (rc != PAR_OK) return rc;
    if (last_phase > PHASE_MAX) return par_error_set(err, PAR_E_CORRUPT, "regroup: somebody has written over the memory of the group");
    adopt(board, last_phase);
    return PAR_OK;
}
