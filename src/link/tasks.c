#include "link/tasks.h"

#include "base/assert.h"
#include "channel/channel.h"
#include "os/stress.h"

static uint64_t word_of(uint64_t limit, uint64_t claimed) { return limit << 32 | claimed; }

static par_tasks_state state_of(uint64_t word) { return (par_tasks_state){.claimed = (uint32_t)word, .limit = (uint32_t)(word >> 32)}; }

void par_tasks_give(_Atomic uint64_t *words, unsigned slot, uint32_t count)
{
    PAR_ASSERT(slot < PAR_TASKS_SLOTS); /* the count may be one that came over a connection */
    /* The worker looks at the slot when the chunk's message has come, which the ring publishes after this. */
    atomic_store_explicit(&words[slot], word_of(count, 0), memory_order_seq_cst);
}

par_tasks_state par_tasks_retract(_Atomic uint64_t *words, unsigned slot, uint32_t keep)
{
    uint64_t word = atomic_load_explicit(&words[slot], memory_order_seq_cst), lowered;
    PAR_STRESS_POINT();
    do { /* against par_tasks_claim: a task is either claimed or taken back */
        par_tasks_state state = state_of(word);
        uint32_t limit = keep > state.claimed ? keep : state.claimed;
        if (limit > state.limit) limit = state.limit;
        lowered = word_of(limit, state.claimed);
    } while (!atomic_compare_exchange_weak_explicit(&words[slot], &word, lowered, memory_order_seq_cst, memory_order_seq_cst));
    return state_of(lowered);
}

par_tasks_state par_tasks_look(_Atomic uint64_t *words, unsigned slot)
{
    return state_of(atomic_load_explicit(&words[slot], memory_order_seq_cst)); /* what par_tasks_claim has stored */
}

int64_t par_tasks_claimed_ns(_Atomic uint64_t *words)
{
    return (int64_t)atomic_load_explicit(&words[PAR_TASKS_CLAIMED_AT], memory_order_seq_cst); /* as par_tasks_look */
}

uint32_t par_tasks_claim(_Atomic uint64_t *words, unsigned slot, int64_t now_ns)
{
    uint64_t word = atomic_load_explicit(&words[slot], memory_order_acquire);
    /* Before the claim: an owner who sees the claim sees its moment (par_tasks_claimed_ns), or a later one. */
    atomic_store_explicit(&words[PAR_TASKS_CLAIMED_AT], (uint64_t)now_ns, memory_order_release);
    PAR_STRESS_POINT();
    do { /* against par_tasks_retract */
        par_tasks_state state = state_of(word);
        if (state.claimed >= state.limit) return 0;
    } while (!atomic_compare_exchange_weak_explicit(&words[slot], &word, word + 1, memory_order_seq_cst, memory_order_seq_cst));
    return state_of(word).claimed + 1;
}

bool par_tasks_none_left(_Atomic uint64_t *words, unsigned slot)
{
    par_tasks_state state = state_of(atomic_load_explicit(&words[slot], memory_order_acquire)); /* with par_tasks_retract */
    return state.claimed >= state.limit;
}

_Atomic uint64_t *par_link_tasks(par_link *link) { return link->channel && !link->closed ? par_channel_words(link->channel) : NULL; }
