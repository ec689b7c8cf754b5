/* A lock in shared memory, with a condition to wait for: for processes that have the memory and its descriptor. A holder that
 * dies loses it: the next one is told, since what the lock protects may be half changed.
 *
 * Each handle has a number of its own on the lock, and a sign of life under this number; nothing is believed but that. At worst, when
 * somebody writes over the words, two hold the lock at once, or a wait lasts until its deadline.
 * A handle belongs to one thread. */
#ifndef PAR_GROUP_LOCK_H
#define PAR_GROUP_LOCK_H

#include "group/latch.h"

typedef struct par_lock_words {                     /* in shared memory, zeroed when it is made */
    par_latch latch;                                /* those who wait for the lock */
    par_latch changed;                              /* those who wait for a notify */
    _Alignas(PAR_CACHE_LINE) _Atomic uint32_t word; /* 0: free, or the number of the holder's handle */
    _Atomic uint32_t signals;                       /* + 1 for each notify */
    _Atomic uint32_t last;                          /* number that was given to a handle last */
} par_lock_words;

typedef struct par_lock {
    par_lock_words *words;
    int fd, life_fd;  /* -1: the system has no signs of life */
    uint64_t life_at; /* of this lock's signs of life */
    uint32_t number;
    par_waiter waiter;
    bool (*interrupted)(void *context); /* may be NULL; asked between two slices of a wait */
    void *context;
} par_lock;

/* fd: of the memory that the words lie in, `at` bytes from its beginning; it is copied. PAR_E_LIMIT, PAR_E_SYSTEM. */
int par_lock_attach(par_lock *lock, par_lock_words *words, int fd, uint64_t at, par_error *err);
/* One that is held is given back. */
void par_lock_detach(par_lock *lock);

/* *abandoned: its last holder died with it. PAR_E_INVALID: we hold it already; PAR_E_TIMEOUT, PAR_E_INTERRUPTED: and we do not
 * hold it. A deadline that has passed: tries once. */
int par_lock_take(par_lock *lock, int64_t deadline_ns, bool *abandoned, par_error *err);
/* PAR_E_INVALID: we do not hold it. */
int par_lock_give(par_lock *lock, par_error *err);
bool par_lock_is_ours(const par_lock *lock);

/* Gives the lock back, sleeps until a notify, and takes it again, however long that takes. There may have been no notify for us: look at
 * what you wait for, and wait again. PAR_E_TIMEOUT: we hold it; PAR_E_INTERRUPTED: we may not; PAR_E_INVALID. */
int par_lock_wait(par_lock *lock, int64_t deadline_ns, bool *abandoned, par_error *err);
/* For one of those who wait, or for all. Best while one holds the lock. */
void par_lock_notify(par_lock *lock, bool all);

#endif
