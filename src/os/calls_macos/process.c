/* What macOS tells of other processes. */
#include <sys/types.h>

#include <sys/sysctl.h>

#include "os/system.h"

bool par_os_process_waits_to_be_reaped(pid_t pid)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    struct kinfo_proc info;
    size_t bytes = sizeof info;
    return sysctl(name, sizeof name / sizeof *name, &info, &bytes, NULL, 0) == 0 && bytes == sizeof info && info.kp_proc.p_stat == SZOMB;
}
