/* A latch: where processes sleep until one of them has changed something in the memory that they share.
 *
 * Who changes it stores it (sequentially consistent) and then rings. Who waits for it looks, spins or yields if that has paid
 * lately, says that it sleeps, looks again, and only then sleeps: either it sees the change, or the one who made it sees that
 * somebody sleeps. Nobody believes the words of a latch: at worst somebody sleeps for a slice too long or is woken for nothing. */
#ifndef PAR_GROUP_LATCH_H
#define PAR_GROUP_LATCH_H

#include <stdatomic.h>

#include "base/limits.h"
#include "base/status.h"
#include "channel/spin.h"

typedef struct par_latch {                              /* in shared memory, zeroed */
    _Alignas(PAR_CACHE_LINE) _Atomic uint32_t bell;     /* + 1 when somebody is to be woken */
    _Alignas(PAR_CACHE_LINE) _Atomic uint32_t sleepers; /* those who sleep, or are about to */
} par_latch;

/* How one process waits at a latch: its own memory. */
typedef struct par_waiter {
    par_spin spin[2], yield[2]; /* by `inside` */
    bool inside;                /* the others are at the same thing and come soon, other than at its beginning */
    bool crowded;               /* there are more processes than cores that we may use: they are let run first */
    bool spins;                 /* it keeps nobody from running; or we may use one core only, and the others may sleep on theirs */
    unsigned cores, share;      /* that we may use; processes for each of them */
    bool wanted;                /* one of those who are awaited needs our core, as far as the caller knows */
    unsigned quiet;             /* slices slept in a row */
    int64_t ended_ns;           /* when the last wait ended, or a little before */
} par_waiter;

/* Is what is waited for there? Not 0 (which par_latch_wait returns): yes, or it cannot come. Looks with loads that are
 * sequentially consistent. */
typedef int par_latch_look(void *context);

void par_waiter_init(par_waiter *waiter, unsigned processes);
/* Wakes whoever sleeps, or one of them; what they wait for has been stored. If that one ends without doing anything about it, the
 * others find out after their slice. */
void par_latch_ring(par_latch *latch);
void par_latch_ring_one(par_latch *latch);
/* Waits for one slice (5 ms, after some of them 20) and not beyond the deadline. Returns what look returned; 0: the slice is over. */
int par_latch_wait(par_latch *latch, par_waiter *waiter, par_latch_look *look, void *context, int64_t deadline_ns);
/* Between two slices: PAR_OK, PAR_E_TIMEOUT. */
int par_latch_overdue(int64_t deadline_ns);

#endif
