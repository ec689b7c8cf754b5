#include <errno.h>
#include <sched.h>
#include <time.h>

#include "os/os.h"

int64_t par_os_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#define RECENT_TICKS 2048 /* half a microsecond to one, on any processor that there is */

int64_t par_os_now_about(par_os_recent *last)
{
#if defined(__x86_64__)
    uint64_t ticks = __builtin_ia32_rdtsc();
    if (ticks - last->ticks < RECENT_TICKS) return last->ns;
    last->ticks = ticks;
#endif
    return last->ns = par_os_now_ns();
}

int64_t par_os_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void par_os_sleep_ns(int64_t ns)
{
    if (ns <= 0) return;
    struct timespec left = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

int64_t par_os_now_coarse_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
#else
    return par_os_now_ns();
#endif
}

void par_os_yield(void) { sched_yield(); }
