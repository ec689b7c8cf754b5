#include <poll.h>
#include <time.h>

#include "os/fault.h"
#include "os/system.h"

int par_os_poll_ns(struct pollfd *fds, unsigned n, int64_t left_ns)
{
    struct timespec limit = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
    return PAR_TRY(ppoll(fds, n, left_ns < 0 ? NULL : &limit, NULL));
}
