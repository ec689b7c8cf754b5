/* Limits that a process sets for itself. */
#include <sys/resource.h>

#include "os/os.h"
#include "os/system.h"

int par_os_set_nice(int nice, par_error *err)
{
    if (setpriority(PRIO_PROCESS, 0, nice) == 0) return PAR_OK;
    return par_error_system(err, "cannot set nice to %d", nice);
}

int par_os_limit_memory(uint64_t bytes, par_error *err)
{
    struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
    if (setrlimit(par_os_memory_resource, &limit) == 0) return PAR_OK;
    return par_error_system(err, "cannot limit memory to %llu bytes", (unsigned long long)bytes);
}
