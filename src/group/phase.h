/* Phases: the one way in which members meet. All enter phase p; nobody leaves it before all have entered.
 *
 * What a member writes between two phases, into its say and its windows of the next one, the others read after that phase and
 * before the following one (layout.h). A phase is also a barrier. */
#ifndef PAR_GROUP_PHASE_H
#define PAR_GROUP_PHASE_H

#include "group/board.h"
#include "group/layout.h"

typedef enum par_call {
    PAR_CALL_BARRIER,
    PAR_CALL_BROADCAST,
    PAR_CALL_SCATTER,
    PAR_CALL_GATHER,
    PAR_CALL_ALLGATHER,
    PAR_CALL_REDUCE,
    PAR_CALL_ALLREDUCE,
    PAR_CALL_REDUCE_SCATTER,
    PAR_CALL_REGROUP,
    PAR_CALL_COUNT
} par_call;
const char *par_call_name(unsigned call); /* "allreduce", ... */

/* Enters the next phase and waits until all have. On failure the group is broken: PAR_E_CLOSED (a member died or left, see
 * par_board_last_failure), PAR_E_TIMEOUT, PAR_E_INTERRUPTED, PAR_E_CORRUPT. */
int par_phase_pass(par_board *board, int64_t deadline_ns, par_error *err);
/* The same, saying something: first in a collective. */
int par_phase_say(par_board *board, const par_say *say, int64_t deadline_ns, par_error *err);
/* What a member said when it entered the phase that was passed last: a copy, of bytes that may be anything. */
void par_phase_hear(const par_board *board, unsigned rank, par_say *out);

/* Of the phase that was passed last: the same for all members, and no other phase of this board has it. */
uint64_t par_phase_number(const par_board *board);

/* Windows of the next phase, to be written, and of the last one, to be read. Nothing keeps the others from writing there. */
size_t par_phase_window_bytes(const par_board *board);
uint8_t *par_phase_next_window(const par_board *board, unsigned rank);
const uint8_t *par_phase_window(const par_board *board, unsigned rank);
uint8_t *par_phase_next_result(const par_board *board);
const uint8_t *par_phase_result(const par_board *board);
/* To be said of what was written there, before the phase is entered, since members on other hosts have windows of their own: so many
 * bytes at the beginning of our own window, but for a hole that nobody else reads; a part of the result's; so many at the
 * beginning of other members' windows. */
void par_phase_wrote(par_board *board, size_t bytes, size_t hole_at, size_t hole_bytes);
void par_phase_wrote_result(par_board *board, size_t at, size_t bytes);
void par_phase_wrote_each(par_board *board, size_t bytes);

#endif
