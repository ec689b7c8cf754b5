/* What only Linux tells a process about itself, and lets it say. */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"
#include "os/system.h"

const int par_os_memory_resource = RLIMIT_DATA; /* private memory alone: shared rings and segments do not count against a child */

int64_t par_os_thread_id(void) { return syscall(SYS_gettid); }

size_t par_os_program_path(char *out, size_t room)
{
    ssize_t n = readlink("/proc/self/exe", out, room - 1);
    if (n <= 0 || (size_t)n >= room - 1) return 0;
    out[n] = 0;
    return (size_t)n;
}

/* A signal that is harmless, since it also comes when only the thread that made this process has ended. */
void par_os_wake_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGCONT); }

int par_os_set_affinity(const int *cores, int n, par_error *err)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < n; i++) {
        if (cores[i] < 0 || cores[i] >= CPU_SETSIZE) return par_error_set(err, PAR_E_INVALID, "there is no core %d", cores[i]);
        CPU_SET(cores[i], &set);
    }
    if (sched_setaffinity(0, sizeof set, &set) == 0) return PAR_OK;
    return par_error_system(err, "this process may use none of the cores that were named");
}
