#include <signal.h>

#include "base/limits.h"
#include "channel/channel.h"
#include "link/apart.h"
#include "link/control.h"
#include "link/exit.h"
#include "link/need.h"

#define LAST_LINES_NS INT64_C(500000000) /* a grandchild may hold the output of an ended child open so long */
#define REST_NS INT64_C(10000000)        /* who is still busy with it is looked at so often */
#define ABSORB_AT_ONCE 64u               /* messages taken in before a wait looks at the time again */
#define ABSORB_AT_MOST (1u << 18)        /* by one that does not wait: as many as fit into a ring of ordinary size */

int par_link_lost(par_link *link, int code, par_error *err)
{
    if (link->is_parent || !link->channel) return PAR_OK;
    if (code == PAR_E_CLOSED && par_link_ended(link)) return PAR_OK; /* it said how, and may take its time to end */
    if (link->is_peer) {                                             /* how it ended is for our parent to know */
        par_channel_peer_ended(link->channel);
        link->corrupt = code == PAR_E_CORRUPT;
        link->state = PAR_LINK_QUIT;
        return PAR_OK;
    }
    if (code == PAR_E_CORRUPT) {
        link->corrupt = true;
        if (!link->apart) par_os_kill(link->pid, SIGKILL);
    }
    par_link_await_exit(link, PAR_NEVER);
    par_channel_peer_ended(link->channel);
    /* What it still said: the reason of its end may be behind data that nobody asked for. */
    int rc = code == PAR_E_CORRUPT ? code : PAR_OK;
    while (rc >= 0) rc = par_channel_absorb(link->channel, 0, err);
    if (par_link_ended(link)) return PAR_OK;
    if (rc == PAR_E_NOMEM || rc == PAR_E_LIMIT) return rc;
    bool died = link->corrupt || link->lost || link->exit.signal != 0 || link->exit.status != 0;
    link->state = died ? PAR_LINK_DIED : PAR_LINK_QUIT;
    return PAR_OK;
}

/* The n-th absorb of a wait: a child that talks without end does not keep it from its time limit. One that does not wait takes in
 * what may lie in the ring. */
static int absorb_in_time(par_link *link, unsigned n, int64_t deadline_ns, par_error *err)
{
    int open = par_link_may_take(link, err);
    if (open != PAR_OK) return open;
    if (n % (deadline_ns ? ABSORB_AT_ONCE : ABSORB_AT_MOST) == 0) {
        int rc = par_channel_overdue(link->channel, deadline_ns, err);
        if (rc != PAR_OK) return rc;
    }
    return par_channel_absorb(link->channel, deadline_ns, err);
}

/* Takes in messages until `done` says that the wait is over or the child is. */
static int absorb_until(par_link *link, bool (*done)(const par_link *), int64_t deadline_ns, par_error *err)
{
    for (unsigned n = 1; !done(link); n++) {
        int rc = absorb_in_time(link, n, deadline_ns, err);
        if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT) rc = par_link_lost(link, rc, err);
        if (rc < 0) return rc;
        par_need_serve(link);
    }
    return PAR_OK;
}

static bool not_running(const par_link *link) { return link->state != PAR_LINK_RUNNING; }

int par_link_wait(par_link *link, int64_t deadline_ns, par_error *err) { return absorb_until(link, not_running, deadline_ns, err); }

/* A child that was not told that its hello is awaited says it without a bell, and may then wait for us: so we look again and again. */
int par_link_wait_hello(par_link *link, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        int64_t slice = par_os_now_ns() + PAR_OS_SLICE_NS;
        int rc = absorb_until(link, par_link_said_hello, deadline_ns < slice ? deadline_ns : slice, err);
        if (rc != PAR_E_TIMEOUT || par_os_now_ns() >= deadline_ns) return rc;
    }
}

/* After its last message a child sends nothing more: what is waited for is the end of its socket. */
static int await_hangup(par_link *link, int64_t deadline_ns, par_error *err)
{
    for (;;) {
        if (deadline_ns && par_link_interrupted(link)) return par_error_set(err, PAR_E_INTERRUPTED, "interrupted");
        int64_t slice = par_os_now_ns() + PAR_OS_SLICE_NS;
        int events = par_os_wait_fd(par_channel_socket(link->channel), 0, deadline_ns < slice ? deadline_ns : slice);
        if (events > 0) return PAR_OK;
        if (events == PAR_E_TIMEOUT && par_os_now_ns() >= deadline_ns)
            return par_error_set(err, PAR_E_TIMEOUT, "the process is still ending");
        if (events == PAR_E_SYSTEM) return PAR_OK; /* waitpid will tell */
    }
}

/* What it has written is passed on or kept before its end is told, however slowly that is read. */
static void await_last_lines(par_link *link, int64_t deadline_ns)
{
    par_relay_finish(link->relay, par_os_now_ns() + LAST_LINES_NS);
    while (par_relay_has_rest(link->relay) && par_os_now_ns() < deadline_ns && !par_link_interrupted(link))
        par_relay_finish(link->relay, par_os_now_ns() + REST_NS);
}

int par_link_reap(par_link *link, int64_t deadline_ns, par_error *err)
{
    if (!link->channel) return PAR_OK;
    par_link_look_at_exit(link);
    if (!link->exit.ended) {
        int rc = await_hangup(link, deadline_ns, err);
        if (rc != PAR_OK) return rc;
        par_link_await_exit(link, deadline_ns);
        if (!link->exit.ended) return par_error_set(err, PAR_E_TIMEOUT, "the process is still ending");
    }
    await_last_lines(link, deadline_ns);
    par_channel_peer_ended(link->channel);
    return PAR_OK;
}

bool par_link_has_control(par_link *link, uint32_t kind)
{
    par_error ignored;
    if (par_link_has_kept(link, kind)) return true;
    par_link_wait(link, 0, &ignored); /* a parent never ends one of our waits: all that has come is taken in */
    return par_link_has_kept(link, kind);
}

int par_link_wait_control(par_link *link, uint32_t kind, int64_t deadline_ns, par_kept **out, par_error *err)
{
    for (unsigned n = 1;; n++) {
        if (link->lost_control) return par_error_set(err, PAR_E_NOMEM, "out of memory for a message of the parent");
        if ((*out = par_link_take_kept(link, kind))) return PAR_OK;
        int rc = absorb_in_time(link, n, deadline_ns, err);
        if (rc < 0) return rc;
    }
}
