/* Why a group is broken, for all its members and in words. */
#include <stdio.h>
#include <string.h>

#include "group/internal.h"
#include "os/os.h"

#define NAMED_MAX 8 /* members that a message lists */

static par_broken why_of(const par_board *board, unsigned *seat)
{
    uint64_t word = atomic_load_explicit(&board->page->broken, memory_order_seq_cst); /* with par_broken_break */
    *seat = (unsigned)(word & 0xffffff);
    if ((uint32_t)(word >> 32) != board->group || (word >> 24 & 0xff) > PAR_BROKEN_REGROUP) return PAR_BROKEN_NOT;
    return (par_broken)(word >> 24 & 0xff);
}

bool par_board_is_broken(const par_board *board)
{
    unsigned seat;
    return why_of(board, &seat) != PAR_BROKEN_NOT;
}

bool par_broken_interrupted(const par_board *board) { return board->owner.interrupted && board->owner.interrupted(board->owner.context); }

/* --- in words --- */
const char *par_call_name(unsigned call)
{
    static const char *const names[PAR_CALL_COUNT] = {"barrier", "broadcast", "scatter",        "gather", "allgather",
                                                      "reduce",  "allreduce", "reduce_scatter", "regroup"};
    return call < PAR_CALL_COUNT ? names[call] : "a call of another kind";
}

static unsigned rank_of(const par_board *board, unsigned seat)
{
    unsigned rank = 0;
    while (rank < board->n && board->member[rank] != seat) rank++;
    return rank;
}

/* "member 3 (child 7)" */
static const char *name_of(const par_board *board, unsigned rank, char *out, size_t room)
{
    if (rank >= board->n) snprintf(out, room, "a member");
    else if (!board->ids) snprintf(out, room, "member %u", rank + 1);
    else snprintf(out, room, "member %u (child %u)", rank + 1, par_board_id(board, rank));
    return out;
}

static int say_broken(par_board *board, par_broken why, unsigned seat, par_error *err)
{
    char name[64];
    const char *call = par_call_name(board->call);
    unsigned rank = rank_of(board, seat);
    bool own = seat == board->seat;
    board->failure = (par_board_failure){.kind = PAR_FAILURE_OTHER, .rank = rank, .id = par_board_id(board, rank)};
    name_of(board, rank, name, sizeof name);
    switch (why) {
    case PAR_BROKEN_DIED: board->failure.kind = PAR_FAILURE_DIED; return par_error_set(err, PAR_E_CLOSED, "%s: %s has died", call, name);
    case PAR_BROKEN_LEFT:
        board->failure.kind = PAR_FAILURE_LEFT;
        return par_error_set(err, PAR_E_CLOSED, "%s: %s has left the group", call, name);
    case PAR_BROKEN_TIMEOUT:
        return par_error_set(err, PAR_E_TIMEOUT, "%s: %s waited too long for the others and has given the group up", call,
                             own ? "this member" : name);
    case PAR_BROKEN_INTERRUPTED:
        if (own) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        return par_error_set(err, PAR_E_CLOSED, "%s: %s was interrupted while it waited, which breaks the group", call, name);
    case PAR_BROKEN_REGROUP: return par_error_set(err, PAR_E_CLOSED, "%s: %s has called regroup, which ends this group", call, name);
    default: return par_error_set(err, PAR_E_CORRUPT, "%s: somebody has written over the memory of the group", call);
    }
}

int par_broken_check(par_board *board, par_error *err)
{
    unsigned seat;
    par_broken why = why_of(board, &seat);
    return why == PAR_BROKEN_NOT ? PAR_OK : say_broken(board, why, seat, err);
}

/* --- breaking it --- */
/* True: it was us. */
static bool break_first(par_board *board, par_broken why, unsigned seat)
{
    uint64_t word = atomic_load_explicit(&board->page->broken, memory_order_seq_cst);
    unsigned by;
    do {
        if (why_of(board, &by) != PAR_BROKEN_NOT) return false;
    } while (!atomic_compare_exchange_weak_explicit(&board->page->broken, &word, par_broken_word(board->group, why, seat),
                                                    memory_order_seq_cst, memory_order_seq_cst)); /* with why_of */
    par_latch_ring(&par_board_words(board)->latch);
    par_board_tell(board);
    return true;
}

int par_broken_break(par_board *board, par_broken why, unsigned seat, par_error *err)
{
    if (break_first(board, why, seat)) return say_broken(board, why, seat, err);
    int rc = par_broken_check(board, err);
    return rc != PAR_OK ? rc : say_broken(board, why, seat, err);
}

/* Appends; what has no room is cut off. */
static void add(char *out, size_t room, const char *format, unsigned number)
{
    size_t used = strlen(out);
    snprintf(out + used, room - used, format, number);
}

/* "members 2 and 4 (child 6, child 9)" */
static void name_late(const par_board *board, bool (*is_late)(const par_board *board, unsigned seat), char *out, size_t room)
{
    unsigned late[NAMED_MAX], n = 0;
    for (unsigned rank = 0; rank < board->n; rank++) {
        if (!is_late(board, board->member[rank])) continue;
        if (n < NAMED_MAX) late[n] = rank;
        n++;
    }
    unsigned named = n < NAMED_MAX ? n : NAMED_MAX;
    snprintf(out, room, n == 1 ? "member" : "members");
    for (unsigned i = 0; i < named; i++) add(out, room, i == 0 ? " %u" : i + 1 == n ? " and %u" : ", %u", late[i] + 1);
    if (n > named) add(out, room, " and %u more", n - named);
    for (unsigned i = 0; i < named && board->ids; i++) add(out, room, i == 0 ? " (child %u" : ", child %u", par_board_id(board, late[i]));
    if (named && board->ids) add(out, room, n > named ? ", ...)" : ")", 0);
}

int par_broken_waited(par_board *board, int64_t waited_ns, bool (*late)(const par_board *board, unsigned seat), par_error *err)
{
    char names[300];
    name_late(board, late, names, sizeof names);
    return par_error_set(err, PAR_E_TIMEOUT, "%s: waited %.3g s for %s", par_call_name(board->call), (double)waited_ns / 1e9, names);
}

static bool has_not_entered(const par_board *board, unsigned seat)
{
    return (par_board_phase_of(board, seat) & ~PAR_PHASE_LEFT) != board->phase;
}

int par_broken_timeout(par_board *board, int64_t waited_ns, par_error *err)
{
    par_error waited;
    par_broken_waited(board, waited_ns, has_not_entered, &waited); /* before the others know: one of them may come yet */
    int rc = par_broken_break(board, PAR_BROKEN_TIMEOUT, board->seat, err);
    if (rc == PAR_E_TIMEOUT && board->failure.rank == board->rank) *err = waited;
    return rc;
}
