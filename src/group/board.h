/* A board: one piece of shared memory on which the members of a group meet, each a process (or a thread) of its own.
 *
 * Whoever makes the group makes the board and a descriptor for each member; a member joins with that. From then on members do
 * everything by themselves: they meet in phases (phase.h), and on top of those in collectives (collect.h). A member that dies, also
 * before it has joined, breaks the group: every member's call fails soon after and names it. Those who live can then
 * go on as a new, smaller group on the same board (par_board_regroup).
 *
 * A handle belongs to one thread. Ranks and seats count from 0; a member's rank is its place among those who are in the group
 * now, its seat the place that it was given. */
#ifndef PAR_GROUP_BOARD_H
#define PAR_GROUP_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct par_board par_board;

/* Asked between two slices of a wait: true leaves it with PAR_E_INTERRUPTED (and breaks the group). May be NULL. */
typedef struct par_board_owner {
    void *context;
    bool (*interrupted)(void *context);
} par_board_owner;

/* What the last call failed with, for those who want to know more than its code: who it was. */
typedef struct par_board_failure {
    enum { PAR_FAILURE_NONE, PAR_FAILURE_DIED, PAR_FAILURE_LEFT, PAR_FAILURE_OTHER } kind;
    unsigned rank; /* of DIED and LEFT */
    uint32_t id;
} par_board_failure;

/* --- whoever makes the group --- */
/* A board for 1 to PAR_GROUP_MEMBERS_MAX members, as a descriptor. PAR_E_INVALID, PAR_E_NOMEM, PAR_E_LIMIT, PAR_E_SYSTEM. */
int par_board_make(unsigned seats, int *fd, par_error *err);
/* What the member with this seat is to be given. It is its sign of life: make all of them before the first is given away, and close
 * each once it is sent, for whoever has a copy of it keeps the member alive in the eyes of the others. */
int par_board_seat_fd(int fd, unsigned seats, unsigned seat, int *seat_fd, par_error *err);
/* The process that will have it, where the system has no signs of life: then one that ends before it joins is missed as well. Does
 * nothing elsewhere. */
int par_board_seat_pid(int fd, unsigned seats, unsigned seat, int64_t pid, par_error *err);

/* --- members --- */
/* ids: of all members by seat, for messages; copied; may be NULL. owner may be NULL. The descriptor is taken over if and only if
 * this succeeds. PAR_E_CORRUPT: that is no board for so many. */
int par_board_join(par_board **out, int seat_fd, unsigned seats, unsigned seat, const uint32_t *ids, const par_board_owner *owner,
                   par_error *err);
/* Where some members are on other hosts: one end of a socket, taken over. It is written to when there is something for whoever
 * copies the board (mirror.h), who sees its end when this member leaves or ends. */
void par_board_set_bell(par_board *board, int fd);
/* The others are told; a call that waits for this member fails, one that does not is not disturbed. NULL is allowed. */
void par_board_leave(par_board *board);
/* Agrees with all members that live on who that is, and makes them a new group on this board, in the old order: ranks
 * change. All have to call it; on a group that is not broken it breaks it. PAR_E_TIMEOUT, PAR_E_INTERRUPTED: call it
 * again to go on; PAR_E_LIMIT: too many groups on one board. */
int par_board_regroup(par_board *board, int64_t deadline_ns, par_error *err);

unsigned par_board_rank(const par_board *board);
unsigned par_board_size(const par_board *board);
uint32_t par_board_id(const par_board *board, unsigned rank);    /* 0: not known */
unsigned par_board_place(const par_board *board, unsigned rank); /* its seat */
typedef enum par_board_fate { PAR_FATE_ALIVE, PAR_FATE_LEFT, PAR_FATE_DIED } par_board_fate;
/* As far as can be told now. */
par_board_fate par_board_fate_of(const par_board *board, unsigned rank);
static inline bool par_board_is_alive(const par_board *board, unsigned rank) { return par_board_fate_of(board, rank) == PAR_FATE_ALIVE; }
/* Has somebody or something broken the group? */
bool par_board_is_broken(const par_board *board);
par_board_failure par_board_last_failure(const par_board *board);

#endif
