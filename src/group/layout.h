/* What stands on a board, byte for byte. All members map it; none believes what it finds there: sizes and places are computed
 * from the number of seats, which a member is told by whoever made the board, and never read back.
 *
 *   words       identity, the words of the groups that stand on this board one after the other
 *   seats       one for each member: what it says in each phase, its votes, and what it wrote, where others keep a copy of the board
 *   windows     two for each member, then two for results: whole pages
 *
 * A member numbers the phases it enters. What it writes before it enters phase p lies in slot, window and result p & 1; the
 * others read it when they have all entered p, and before they enter p + 1. So it may be written over before phase p + 2. */
#ifndef PAR_GROUP_LAYOUT_H
#define PAR_GROUP_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "group/latch.h"

#define PAR_BOARD_MAGIC 0x6472616f62726170u /* "parboard" */
#define PAR_BOARD_VERSION 3u
#define PAR_SAY_BYTES 40 /* a value up to this needs no window */

typedef struct par_say { /* what a member says when it enters a phase */
    uint8_t call;        /* par_call: which collective */
    uint8_t type;        /* of its elements */
    uint8_t op;          /* what is done to them */
    uint8_t flags;       /* the call's own */
    uint32_t root;
    uint64_t count; /* elements, or bytes of a value */
    uint8_t bytes[PAR_SAY_BYTES];
} par_say;

/* One member writes it, the others read it: one cache line moves for each phase. */
typedef struct par_slot {
    _Alignas(64) _Atomic uint64_t phase; /* the last one entered with this slot; stored after `say` */
    par_say say;
} par_slot;

#define PAR_BOARD_PHASE_BITS 46 /* the phases of a group have numbers of their own: behind its number on this board */
#define PAR_BOARD_GROUPS_MAX (((uint32_t)1 << (63 - PAR_BOARD_PHASE_BITS)) - 1)
#define PAR_PHASE_LEFT ((uint64_t)1 << 63) /* flag of a phase: the member has left, and enters no more */

/* What a member has written into the windows of a phase, in bytes: for those who copy it to the boards of other hosts (mirror.h). */
typedef struct par_note {
    uint32_t own;                     /* so many at the beginning of its own window, */
    uint32_t hole_at, hole_bytes;     /*   but for these, which nobody else reads */
    uint32_t result_at, result_bytes; /* of the window of results */
    uint32_t each;                    /* so many at the beginning of everybody else's window */
} par_note;

typedef struct par_seat {
    _Alignas(PAR_CACHE_LINE) par_slot slot[2];
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t vote; /* the last group that it wants to be in (agree.c) */
    _Atomic uint32_t pid;                           /* where the system has no signs of life; 0: has not joined */
    _Atomic uint32_t rung;                          /* 1: whoever copies the board has been woken, and has not looked since */
    _Atomic uint32_t core;                          /* 1 + the one that it ran on when it entered a phase last; 0: not known */
    par_note note[2];                               /* by phase, as the slots */
} par_seat;

/* What a group has of its own. The groups on a board use three in turn: while a slow member still sleeps in the one that has come
 * to its end, the others may already be about to end the next. */
#define PAR_BOARD_WORDS 3
typedef struct par_words {
    par_latch latch;
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t arrived; /* in all phases, for groups in which not everyone looks at everyone */
} par_words;

typedef struct par_board_page {
    uint64_t magic;
    uint32_t version, seats;
    uint32_t signs;                                   /* 1: the descriptors of the members are signs of life */
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t broken; /* par_broken_word, or of an older group than one's own: not broken */
    par_words words[PAR_BOARD_WORDS];
} par_board_page;

_Static_assert(sizeof(par_slot) == 64, "one line");
_Static_assert(offsetof(par_board_page, broken) == 128, "identity has the first line");
_Static_assert(sizeof(par_board_page) <= 4096, "fits the smallest page");

/* Where things lie on a board of so many seats. */
typedef struct par_layout {
    size_t seats_at, windows_at, window_bytes, bytes;
} par_layout;

par_layout par_layout_of(unsigned seats);

/* Why a group is broken, for all its members: a word with the number of the group on this board, why, and whose doing. */
typedef enum par_broken {
    PAR_BROKEN_NOT,
    PAR_BROKEN_DIED,        /* seat: who has */
    PAR_BROKEN_LEFT,        /* seat: who has */
    PAR_BROKEN_TIMEOUT,     /* seat: who did not wait any longer */
    PAR_BROKEN_INTERRUPTED, /* seat: who was */
    PAR_BROKEN_CORRUPT,     /* seat: who found out */
    PAR_BROKEN_REGROUP      /* seat: who wants another group */
} par_broken;

static inline uint64_t par_broken_word(uint32_t group, par_broken why, uint32_t seat)
{
    return (uint64_t)group << 32 | (uint64_t)why << 24 | seat;
}

#endif
