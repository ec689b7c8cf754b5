#include "os/stress.h"

#ifdef PAR_STRESS
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "os/os.h"

#define OFTEN_DEFAULT 128
#define SLEEP_MAX_NS 50000

static _Thread_local uint64_t state; /* 0: this thread has no chance of its own yet */
static _Atomic int often = -1;       /* of 1024; -1: not asked yet, and whoever asks finds the same */

static uint64_t draw(void)
{
    if (!state) state = (((uint64_t)par_os_now_ns() * 0x9E3779B97F4A7C15u) ^ ((uint64_t)par_os_thread_id() << 32)) | 1;
    state ^= state << 13; /* xorshift */
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1Du >> 32;
}

static int how_often(void)
{
    int n = atomic_load_explicit(&often, memory_order_relaxed);
    if (n >= 0) return n;
    const char *wanted = getenv("PARALLEL_STRESS");
    n = wanted ? atoi(wanted) & 0x7ff : OFTEN_DEFAULT;
    atomic_store_explicit(&often, n, memory_order_relaxed);
    return n;
}

void par_os_stress(void)
{
    int kept = errno;
    uint64_t chance = draw();
    if ((int)(chance & 1023) < how_often()) {
        uint64_t kind = chance >> 10 & 63, amount = chance >> 16;
        if (kind == 0) par_os_sleep_ns((int64_t)(amount % SLEEP_MAX_NS));
        else if (kind < 16) par_os_yield();
        else
            for (uint64_t i = amount % 256; i > 0; i--) par_os_pause();
    }
    errno = kept;
}
#else
typedef int par_stress_unused; /* a translation unit has to declare something */
#endif
