/* A number in shared memory that several processes count with. Each operation is one step for all of them. */
#ifndef PAR_GROUP_COUNTER_H
#define PAR_GROUP_COUNTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

typedef struct par_counter { /* in shared memory */
    _Alignas(PAR_CACHE_LINE) _Atomic int64_t value;
} par_counter;

static inline int64_t par_counter_get(par_counter *counter) { return atomic_load_explicit(&counter->value, memory_order_seq_cst); }

static inline void par_counter_set(par_counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_seq_cst);
}

/* Returns what it was before; wraps. */
static inline int64_t par_counter_add(par_counter *counter, int64_t n)
{
    return atomic_fetch_add_explicit(&counter->value, n, memory_order_seq_cst);
}

/* Sets it if it is `old`. */
static inline bool par_counter_compare_and_set(par_counter *counter, int64_t old, int64_t value)
{
    return atomic_compare_exchange_strong_explicit(&counter->value, &old, value, memory_order_seq_cst, memory_order_seq_cst);
}

#endif
