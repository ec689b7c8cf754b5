/* The pool's word: tasks of a chunk that lies in a worker's queue are claimed one by one, and may be taken back by the pool's
 * owner as long as they were not. Each result is visible to the owner before the next task is claimed; so at a worker's death
 * the owner knows which tasks had ended, which one was running and which had not begun.
 *
 * The words lie in memory that both processes write (par_channel_words): a slot's word holds in bits 32-63 how many tasks of
 * the chunk may be claimed, in bits 0-31 how many were. Both sides change it by compare-and-swap: give and retract (owner)
 * against claim (worker). What the other side wrote may be anything; the caller bounds it by what it gave. */
#ifndef PAR_LINK_TASKS_H
#define PAR_LINK_TASKS_H

#include <stdatomic.h>

#include "link/link.h"

#define PAR_TASKS_SLOTS 2u        /* chunks in a worker's queue */
#define PAR_TASKS_CLAIMED_AT 2    /* index of the word with the moment of the last claim, in ns */
#define PAR_TASKS_MAX 0x7fffffffu /* in one chunk */

typedef struct par_tasks_state {
    uint32_t claimed; /* tasks the worker has begun */
    uint32_t limit;   /* and how many it may begin in all */
} par_tasks_state;

/* --- the owner of the pool --- */
/* A slot gets a chunk of `count` tasks, before the message with their arguments is sent. */
void par_tasks_give(_Atomic uint64_t *words, unsigned slot, uint32_t count);
/* Takes back the tasks behind the first `keep` that were not claimed. Returns what stands from now on. */
par_tasks_state par_tasks_retract(_Atomic uint64_t *words, unsigned slot, uint32_t keep);
par_tasks_state par_tasks_look(_Atomic uint64_t *words, unsigned slot);
/* When the worker last claimed a task, or tried to (its clock is ours: par_os_now_ns). */
int64_t par_tasks_claimed_ns(_Atomic uint64_t *words);

/* --- the worker --- */
/* The place in the chunk, from 1 on, of a task that is the worker's own from now on; 0: none is left. */
uint32_t par_tasks_claim(_Atomic uint64_t *words, unsigned slot, int64_t now_ns);
/* Is no task left to be claimed? None can come, since the owner only lowers the limit of a chunk that it gave. */
bool par_tasks_none_left(_Atomic uint64_t *words, unsigned slot);

/* The words that a link shares with its other end, NULL once it has ended. */
_Atomic uint64_t *par_link_tasks(par_link *link);

#endif
