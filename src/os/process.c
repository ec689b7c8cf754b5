/* Processes: reap, kill, watch. How they start: spawn.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "os/fault.h"
#include "os/os.h"

void par_os_reap(pid_t pid, par_os_exit *out)
{
    int status = 0;
    pid_t got;
    *out = (par_os_exit){0};
    do got = waitpid(pid, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0) return;
    out->ended = true;
    if (got < 0) {
        /* ECHILD: the host ignores SIGCHLD, or reaped our child with a waitpid(-1) of its own. While the process is
         * still there, it has not ended. */
        out->ended = kill(pid, 0) != 0;
        out->status = -1;
    } else if (WIFSIGNALED(status)) {
        out->signal = WTERMSIG(status);
    } else {
        out->status = WEXITSTATUS(status);
    }
}

int par_os_kill(pid_t pid, int signal_number)
{
    return kill(pid, signal_number) == 0 ? PAR_OK : PAR_E_SYSTEM;
}

pid_t par_os_pid(void) { return getpid(); }

pid_t par_os_parent_pid(void) { return getppid(); }

int par_os_process_watch(pid_t pid)
{
#if defined(SYS_pidfd_open) && !defined(PAR_PORTABLE)
    return (int)PAR_TRY(syscall(SYS_pidfd_open, pid, 0)); /* close-on-exec by itself */
#else
    (void)pid;
    return -1;
#endif
}

size_t par_os_program_path(char *out, size_t room)
{
#ifdef __APPLE__
    uint32_t size = (uint32_t)room;
    return _NSGetExecutablePath(out, &size) == 0 ? strlen(out) : 0;
#else
    ssize_t n = readlink("/proc/self/exe", out, room - 1);
    if (n <= 0 || (size_t)n >= room - 1) return 0;
    out[n] = 0;
    return (size_t)n;
#endif
}
