#include "group/phase.h"

#include <string.h>

#include "group/internal.h"
#include "os/os.h"

#define LIVES_ASKED_MAX 64 /* after one slice: each is a system call */

/* --- is everybody there? --- */
/* Nobody goes back, so those that were there are not looked at again. */
static int look_at_all(void *context)
{
    par_board *board = context;
    for (; board->there < board->n; board->there++) {
        uint64_t phase = par_board_phase_of(board, board->member[board->there]) & ~PAR_PHASE_LEFT;
        if (phase != board->phase) return phase > board->phase ? PAR_E_CORRUPT : 0; /* nobody is ahead in our slot */
    }
    return 1;
}

/* Many members would make many looks. The count is only quicker: what the seats say is true (after_slice). */
static int look_at_count(void *context)
{
    par_board *board = context;
    uint64_t arrived = atomic_load_explicit(&par_board_words(board)->arrived, memory_order_seq_cst); /* with enter */
    if ((int64_t)(arrived - board->target) < 0) return 0;
    return arrived - board->target < board->n ? 1 : PAR_E_CORRUPT; /* the others may be one phase ahead */
}

/* Those who are on other hosts do not count. */
static par_latch_look *look_of(const par_board *board)
{
    return board->n <= PAR_BOARD_LOOK_MAX || board->bell >= 0 ? look_at_all : look_at_count;
}

static void leave_note(par_board *board, uint64_t phase)
{
    par_board_seat(board, board->seat)->note[phase & 1] = board->note;
    board->note = (par_note){0};
}

/* Says that we have entered the next phase. Of those who enter, the last one in the order of these stores sees them all. */
static void enter(par_board *board)
{
    uint64_t phase = ++board->phase;
    _Atomic uint64_t *word = &par_board_seat(board, board->seat)->slot[phase & 1].phase;
    board->there = 0;
    board->target += board->n;
    if (board->bell >= 0) leave_note(board, phase);
    if (board->waiter.crowded) par_cores_tell(board);
    atomic_store_explicit(word, phase, memory_order_seq_cst); /* with par_board_phase_of */
    if (board->n > PAR_BOARD_LOOK_MAX)
        atomic_fetch_add_explicit(&par_board_words(board)->arrived, 1, memory_order_seq_cst); /* with look_at_count */
    par_board_tell(board);
}

/* --- why do they not come? --- */
/* A member that has not entered the phase and never will. */
static int look_at_late(par_board *board, unsigned seat, unsigned *asked, par_error *err)
{
    if (par_board_phase_of(board, seat) & PAR_PHASE_LEFT) return par_broken_break(board, PAR_BROKEN_LEFT, seat, err);
    if (*asked == LIVES_ASKED_MAX) return PAR_OK;
    ++*asked;
    if (par_board_lives(board, seat)) return PAR_OK;
    /* It may have entered since we looked, before it died. Now it cannot any more. */
    if ((par_board_phase_of(board, seat) & ~PAR_PHASE_LEFT) == board->phase) return PAR_OK;
    return par_broken_break(board, PAR_BROKEN_DIED, seat, err);
}

/* 1: all have entered; 0: not yet; or why they never will. */
static int look_for_late(par_board *board, par_error *err)
{
    unsigned late = 0, asked = 0;
    for (unsigned i = 0; i < board->n; i++) {
        unsigned seat = board->member[(board->looked + i) % board->n];
        if ((par_board_phase_of(board, seat) & ~PAR_PHASE_LEFT) == board->phase) continue;
        late++;
        int rc = look_at_late(board, seat, &asked, err);
        if (rc != PAR_OK) return rc;
    }
    board->looked = (board->looked + LIVES_ASKED_MAX) % board->n;
    return late == 0;
}

static int after_slice(par_board *board, int64_t began_ns, int64_t deadline_ns, par_error *err)
{
    int rc = par_broken_check(board, err);
    /* Who has broken it may have come through this phase first: then all have entered, and what comes next tells us. */
    if (rc != PAR_OK && look_at_all(board) == 1) return 1;
    if (rc == PAR_OK) rc = look_for_late(board, err);
    if (rc != 0) return rc;
    if (par_broken_interrupted(board)) return par_broken_break(board, PAR_BROKEN_INTERRUPTED, board->seat, err);
    if (par_latch_overdue(deadline_ns)) return par_broken_timeout(board, par_os_now_ns() - began_ns, err);
    return 0;
}

static int wait_for_all(par_board *board, int64_t deadline_ns, par_error *err)
{
    int64_t began_ns = par_os_now_coarse_ns();
    int rc = 0;
    if (board->waiter.crowded) par_cores_even_out(board);
    while (rc == 0) {
        board->waiter.wanted = par_cores_wanted(board);
        rc = par_latch_wait(&par_board_words(board)->latch, &board->waiter, look_of(board), board, deadline_ns);
        if (rc == 0) rc = after_slice(board, began_ns, deadline_ns, err);
        else if (rc < 0) rc = par_broken_break(board, PAR_BROKEN_CORRUPT, board->seat, err);
    }
    return rc < 0 ? rc : PAR_OK;
}

/* inside: this call had a phase before. */
static int pass(par_board *board, bool inside, int64_t deadline_ns, par_error *err)
{
    int rc = par_broken_check(board, err);
    if (rc != PAR_OK) return rc;
    enter(board);
    board->waiter.inside = inside;
    if (look_of(board)(board) != 1) return wait_for_all(board, deadline_ns, err);
    par_latch_ring(&par_board_words(board)->latch); /* perhaps we are the last, for whom the others wait */
    return PAR_OK;
}

int par_phase_pass(par_board *board, int64_t deadline_ns, par_error *err) { return pass(board, true, deadline_ns, err); }

int par_phase_say(par_board *board, const par_say *say, int64_t deadline_ns, par_error *err)
{
    board->call = say->call;
    par_board_seat(board, board->seat)->slot[(board->phase + 1) & 1].say = *say;
    return pass(board, false, deadline_ns, err);
}

void par_phase_hear(const par_board *board, unsigned rank, par_say *out)
{
    memcpy(out, &par_board_seat(board, board->member[rank])->slot[board->phase & 1].say, sizeof *out);
}

uint64_t par_phase_number(const par_board *board) { return board->phase; }

/* --- windows --- */
void par_phase_wrote(par_board *board, size_t bytes, size_t hole_at, size_t hole_bytes)
{
    board->note.own = (uint32_t)bytes;
    board->note.hole_at = (uint32_t)hole_at;
    board->note.hole_bytes = (uint32_t)hole_bytes;
}

void par_phase_wrote_result(par_board *board, size_t at, size_t bytes)
{
    board->note.result_at = (uint32_t)at;
    board->note.result_bytes = (uint32_t)bytes;
}

void par_phase_wrote_each(par_board *board, size_t bytes)
{
    if (bytes > board->note.each) board->note.each = (uint32_t)bytes;
}

static uint8_t *window(const par_board *board, unsigned seat, uint64_t phase)
{
    return (uint8_t *)board->page + board->layout.windows_at + (2 * (size_t)seat + (phase & 1)) * board->layout.window_bytes;
}

size_t par_phase_window_bytes(const par_board *board) { return board->layout.window_bytes; }

uint8_t *par_phase_next_window(const par_board *board, unsigned rank) { return window(board, board->member[rank], board->phase + 1); }

const uint8_t *par_phase_window(const par_board *board, unsigned rank) { return window(board, board->member[rank], board->phase); }

uint8_t *par_phase_next_result(const par_board *board) { return window(board, board->seats, board->phase + 1); }

const uint8_t *par_phase_result(const par_board *board) { return window(board, board->seats, board->phase); }
