#include <errno.h>
#include <poll.h>

#include "base/limits.h"
#include "os/os.h"
#include "os/system.h"

static short poll_events(int events) { return (short)((events & PAR_OS_READABLE ? POLLIN : 0) | (events & PAR_OS_WRITABLE ? POLLOUT : 0)); }

static int seen_events(short revents)
{
    return (revents & POLLIN ? PAR_OS_READABLE : 0) | (revents & POLLOUT ? PAR_OS_WRITABLE : 0) |
           (revents & (POLLHUP | POLLERR | POLLNVAL) ? PAR_OS_HANGUP : 0);
}

/* poll until an absolute time. */
int par_os_poll(struct pollfd *fds, unsigned n, int64_t deadline_ns)
{
    int64_t left = deadline_ns == PAR_NEVER ? -1 : deadline_ns - par_os_now_ns();
    if (deadline_ns != PAR_NEVER && left < 0) left = 0;
    return par_os_poll_ns(fds, n, left);
}

int par_os_wait_fd(int fd, int events, int64_t deadline_ns)
{
    par_os_wait one = {.fd = fd, .events = events};
    int rc = par_os_wait_fds(&one, 1, deadline_ns);
    return rc > 0 ? one.seen : rc;
}

int par_os_wait_fds(par_os_wait *waits, unsigned n, int64_t deadline_ns)
{
    struct pollfd fds[PAR_OS_WAITS_MAX];
    if (n > PAR_OS_WAITS_MAX) n = PAR_OS_WAITS_MAX;
    for (unsigned i = 0; i < n; i++) fds[i] = (struct pollfd){.fd = waits[i].fd, .events = poll_events(waits[i].events)};
    int ready = par_os_poll(fds, n, deadline_ns);
    if (ready < 0) return errno == EINTR ? PAR_E_INTERRUPTED : PAR_E_SYSTEM;
    if (ready == 0) return PAR_E_TIMEOUT;
    for (unsigned i = 0; i < n; i++) waits[i].seen = seen_events(fds[i].revents);
    return ready;
}
