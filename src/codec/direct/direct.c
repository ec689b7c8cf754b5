/* Which direct walk is in use: decided once in a process, since all its states of one Lua lie in memory alike. */
#include "codec/direct/direct.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNTESTED, TESTING, IN_USE, NOT_IN_USE };

static _Atomic int state; /* released when the others are written; who acquires it reads them */
static const par_direct *walk_in_use;
static bool only_reads;
static char state_text[160];

static void decide(void)
{
    const char *wanted = getenv("PARALLEL_DIRECT"), *failure = "no layout of this Lua is known";
    if (wanted && strcmp(wanted, "0") == 0) {
        snprintf(state_text, sizeof state_text, "off: PARALLEL_DIRECT=0");
        return;
    }
    only_reads = wanted && strcmp(wanted, "read") == 0;
    for (const par_direct *const *walk = par_direct_walks; *walk; walk++) {
        failure = par_direct_test(*walk);
        if (failure) continue;
        walk_in_use = *walk;
        snprintf(state_text, sizeof state_text, "on: %s%s", (*walk)->layout, only_reads ? ", reading only" : "");
        return;
    }
    snprintf(state_text, sizeof state_text, "off: %s", failure);
}

const par_direct *par_direct_tested(void) { return atomic_load_explicit(&state, memory_order_acquire) == IN_USE ? walk_in_use : NULL; }

const par_direct *par_direct_get(void)
{
    int expected = UNTESTED;
    if (atomic_load_explicit(&state, memory_order_relaxed) == UNTESTED && atomic_compare_exchange_strong(&state, &expected, TESTING)) {
        decide();
        atomic_store_explicit(&state, walk_in_use ? IN_USE : NOT_IN_USE, memory_order_release);
    }
    return par_direct_tested(); /* while another thread tests, this one goes through the API */
}

bool par_direct_only_reads(void) { return only_reads; }

const char *par_direct_state(void)
{
    par_direct_get();
    return atomic_load_explicit(&state, memory_order_acquire) == TESTING ? "off: it is being tested" : state_text;
}
