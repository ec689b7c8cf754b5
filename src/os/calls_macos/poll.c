#include <poll.h>

#include "os/fault.h"
#include "os/system.h"

/* Nothing is finer than milliseconds here: rounds up to whole ones. */
int par_os_poll_ns(struct pollfd *fds, unsigned n, int64_t left_ns)
{
    int64_t ms = left_ns < 0 ? -1 : (left_ns + 999999) / 1000000;
    return PAR_TRY(poll(fds, n, ms > 1000000 ? 1000000 : (int)ms));
}
