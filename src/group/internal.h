/* What the files of this folder share and nobody else sees. */
#ifndef PAR_GROUP_INTERNAL_H
#define PAR_GROUP_INTERNAL_H

#include "group/board.h"
#include "group/layout.h"
#include "group/phase.h"

#define PAR_BOARD_LOOK_MAX 16 /* members up to this look at each other, more of them at a count */

struct par_board {
    par_board_page *page;
    par_layout layout;
    int fd;     /* our sign of life */
    int bell;   /* wakes whoever copies the board to other hosts (mirror.h); -1: all members are here */
    bool signs; /* there are signs of life; else process numbers tell who lives */
    unsigned seats, seat;
    uint32_t *ids;    /* by seat; NULL: not known */
    uint32_t *member; /* by rank: the seats of those in the group */
    unsigned n, rank;
    uint32_t group;    /* how many groups stood on this board before this one */
    uint64_t phase;    /* the last one we entered */
    uint64_t target;   /* arrivals when all have entered it */
    bool voting;       /* our vote for the next group is cast, and the others' are awaited (agree.c) */
    uint8_t call;      /* par_call that we are in, for messages */
    par_note note;     /* of what we write for the next phase */
    const void **runs; /* by rank: room for a collective */
    uint64_t *lengths; /* the same */
    unsigned there;    /* members up to this rank have entered the phase */
    unsigned looked;   /* where the last look for the dead ended */
    bool backwards;    /* where the next reduction begins (collect_reduce.c) */
    uint32_t core;     /* as in our seat */
    unsigned waits;    /* that others came late for, */
    int64_t even_ns;   /*   when we last took another core because of that, */
    int64_t pause_ns;  /*   and how long we keep it at least (cores.c) */
    par_waiter waiter;
    par_board_owner owner;
    par_board_failure failure;
};

static inline par_seat *par_board_seat(const par_board *board, unsigned seat)
{
    return (par_seat *)(void *)((uint8_t *)board->page + board->layout.seats_at) + seat;
}

static inline par_words *par_board_words(const par_board *board) { return &board->page->words[board->group % PAR_BOARD_WORDS]; }

/* The word in which a seat says that it has entered the phase that we are in. */
static inline uint64_t par_board_phase_of(const par_board *board, unsigned seat)
{
    /* seq_cst: with the store of par_phase_pass, as part of the latch's protocol. */
    return atomic_load_explicit(&par_board_seat(board, seat)->slot[board->phase & 1].phase, memory_order_seq_cst);
}

/* --- board.c --- */
/* Something has changed that the boards of other hosts need; it has been stored, sequentially consistent. */
void par_board_tell(const par_board *board);
/* May this seat's owner still be alive? */
bool par_board_lives(const par_board *board, unsigned seat);

/* --- cores.c --- */
/* Says where we run, when there are more members than cores. */
void par_cores_tell(par_board *board);
/* Does one of those who have not entered the phase need our core? */
bool par_cores_wanted(const par_board *board);
/* Now and then, before a wait: takes another core when too many members share ours. */
void par_cores_even_out(par_board *board);

/* --- broken.c --- */
/* Sets err to why the group is broken, and returns its code; PAR_OK when it is not. */
int par_broken_check(par_board *board, par_error *err);
/* Breaks it, unless somebody else did before, and wakes all. Returns as par_broken_check. */
int par_broken_break(par_board *board, par_broken why, unsigned seat, par_error *err);
/* The same, for a wait that took so long. */
int par_broken_timeout(par_board *board, int64_t waited_ns, par_error *err);
/* PAR_E_TIMEOUT in words: waited so long for those that are `late`. */
int par_broken_waited(par_board *board, int64_t waited_ns, bool (*late)(const par_board *board, unsigned seat), par_error *err);
/* Does the owner want to leave the wait? */
bool par_broken_interrupted(const par_board *board);

#endif
