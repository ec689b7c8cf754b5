/* A descriptor that tells the end of a process. */
#include <sys/syscall.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

int par_os_process_watch(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)PAR_TRY(syscall(SYS_pidfd_open, pid, 0)); /* close-on-exec by itself */
#else
    (void)pid;
    return -1;
#endif
}
