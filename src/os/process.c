/* Processes: reap, kill, watch. How they start: spawn.c. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os.h"
#include "os/system.h"

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

int par_os_kill(pid_t pid, int signal_number) { return kill(pid, signal_number) == 0 ? PAR_OK : PAR_E_SYSTEM; }

bool par_os_process_there(pid_t pid)
{
    if (pid <= 0) return true;
    return (kill(pid, 0) == 0 || errno != ESRCH) && !par_os_process_waits_to_be_reaped(pid);
}

pid_t par_os_pid(void) { return getpid(); }

pid_t par_os_parent_pid(void) { return getppid(); }
