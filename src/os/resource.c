/* Limits that a process sets for itself. */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#include "os/os.h"

int par_os_set_nice(int nice, par_error *err)
{
    if (setpriority(PRIO_PROCESS, 0, nice) == 0) return PAR_OK;
    return par_error_system(err, "cannot set nice to %d", nice);
}

int par_os_set_affinity(const int *cores, int n, par_error *err)
{
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < n; i++) {
        if (cores[i] < 0 || cores[i] >= CPU_SETSIZE)
            return par_error_set(err, PAR_E_INVALID, "there is no core %d", cores[i]);
        CPU_SET(cores[i], &set);
    }
    if (sched_setaffinity(0, sizeof set, &set) == 0) return PAR_OK;
    return par_error_system(err, "cannot run on these cores only");
#else
    (void)cores;
    (void)n;
    return par_error_set(err, PAR_E_UNSUPPORTED, "this system has no affinity");
#endif
}

int par_os_limit_memory(uint64_t bytes, par_error *err)
{
#ifdef __linux__
    /* Private memory alone: shared rings and segments do not count against a child. */
    int which = RLIMIT_DATA;
#else
    int which = RLIMIT_AS;
#endif
    struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
    if (setrlimit(which, &limit) == 0) return PAR_OK;
    return par_error_system(err, "cannot limit memory to %llu bytes", (unsigned long long)bytes);
}
