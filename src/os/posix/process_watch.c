/* A descriptor that tells the end of a process: there is no such thing. */
#include "os/os.h"

int par_os_process_watch(pid_t pid)
{
    (void)pid;
    return -1;
}
