/* Many descriptors as one, with epoll. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"

#define EVENTS_AT_ONCE 64

struct par_os_set {
    int epoll;
    pid_t owner; /* a copy of this process, made by fork, has the very same set, and its descriptors and tokens mean nothing there */
    int flag;    /* an eventfd in the set: readable while raised; -1 until somebody asks for the descriptor */
    bool raised;
};

int par_os_set_open(par_os_set **out, par_error *err)
{
    par_os_set *set = malloc(sizeof *set);
    if (!set) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a set of descriptors");
    *set = (par_os_set){.epoll = PAR_TRY(epoll_create1(EPOLL_CLOEXEC)), .owner = getpid(), .flag = -1};
    if (set->epoll < 0) {
        par_error_system(err, "cannot make an epoll descriptor");
        free(set);
        return err->code;
    }
    *out = set;
    return PAR_OK;
}

void par_os_set_close(par_os_set *set)
{
    if (!set) return;
    close(set->epoll);
    if (set->flag >= 0) close(set->flag);
    free(set);
}

int par_os_set_add(par_os_set *set, int fd, void *token, par_error *err)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = token};
    if (set->owner != getpid())
        return par_error_set(err, PAR_E_SYSTEM, "cannot watch with what belongs to another process, of which this is a copy");
    if (PAR_TRY(epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event)) == 0) return PAR_OK;
    return par_error_system(err, "cannot watch descriptor %d", fd);
}

void par_os_set_remove(par_os_set *set, int fd)
{
    if (set->owner == getpid()) epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* epoll_wait counts milliseconds; the last part of one is waited for with poll. */
static int wait_ms(par_os_set *set, struct epoll_event *events, int max, int64_t deadline_ns)
{
    if (deadline_ns == PAR_NEVER) return PAR_TRY(epoll_wait(set->epoll, events, max, -1));
    int64_t left = deadline_ns ? deadline_ns - par_os_now_ns() : 0;
    if (left > 0 && left < 1000000) {
        int rc = par_os_wait_fd(set->epoll, PAR_OS_READABLE, deadline_ns);
        if (rc == PAR_E_INTERRUPTED) errno = EINTR;
        if (rc == PAR_E_INTERRUPTED || rc == PAR_E_SYSTEM) return -1;
        left = 0;
    }
    int64_t ms = left <= 0 ? 0 : left / 1000000;
    return PAR_TRY(epoll_wait(set->epoll, events, max, ms > 1000000 ? 1000000 : (int)ms));
}

int par_os_set_wait(par_os_set *set, void **tokens, int max, int64_t deadline_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    for (;;) {
        int found = wait_ms(set, events, max < EVENTS_AT_ONCE ? max : EVENTS_AT_ONCE, deadline_ns);
        if (found < 0) return errno == EINTR ? PAR_E_INTERRUPTED : PAR_E_SYSTEM;
        int n = 0;
        for (int i = 0; i < found; i++)
            if (events[i].data.ptr != set) tokens[n++] = events[i].data.ptr;
        if (n || found) return n;
        if (deadline_ns != PAR_NEVER && (deadline_ns == 0 || par_os_now_ns() >= deadline_ns)) return PAR_E_TIMEOUT;
    }
}

int par_os_set_fd(par_os_set *set, int *fd, par_error *err)
{
    if (set->flag < 0) {
        int flag = PAR_TRY(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (flag < 0) return par_error_system(err, "cannot make an eventfd");
        if (par_os_set_add(set, flag, set, err) != PAR_OK) {
            close(flag);
            return err->code;
        }
        set->flag = flag;
    }
    *fd = set->epoll;
    return PAR_OK;
}

void par_os_set_raise(par_os_set *set)
{
    if (set->raised || set->flag < 0) return;
    set->raised = eventfd_write(set->flag, 1) == 0;
}

void par_os_set_lower(par_os_set *set)
{
    eventfd_t ignored;
    if (set->raised) eventfd_read(set->flag, &ignored);
    set->raised = false;
}
