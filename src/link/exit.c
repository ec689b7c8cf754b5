#include "link/exit.h"

#include <signal.h>
#include <stdatomic.h>

#include "channel/channel.h"
#include "link/apart.h"

#define LINGER_NS INT64_C(2000000000) /* a process without a socket has this long to end by itself */
#define LOOK_NS INT64_C(1000000)      /* a sender looks this often whether the other end is there */

void par_link_look_at_exit(par_link *link)
{
    if (!link->exit.ended && !link->is_parent && !link->is_peer && !link->apart) par_os_reap(link->pid, &link->exit);
}

const par_os_exit *par_link_exit(par_link *link)
{
    par_link_look_at_exit(link);
    return &link->exit;
}

void par_link_await_exit(par_link *link, int64_t deadline_ns)
{
    int64_t pause_ns = 20000, patience_ns = par_os_now_ns() + LINGER_NS;
    if (link->apart) {
        par_apart_await_exit(link, deadline_ns);
        return;
    }
    for (par_link_look_at_exit(link); !link->exit.ended; par_link_look_at_exit(link)) {
        int64_t now_ns = par_os_now_ns();
        if (now_ns >= deadline_ns) return;
        if (now_ns >= patience_ns) par_os_kill(link->pid, SIGKILL);
        par_os_sleep_ns(pause_ns);
        if (pause_ns < 1000000) pause_ns *= 2;
    }
}

/* --- those that do not end in time --- */
#define STRAYS_MAX 256

static _Atomic pid_t strays[STRAYS_MAX]; /* of all threads; 0: a free place */

static void keep_stray(pid_t pid)
{
    for (int i = 0; i < STRAYS_MAX; i++) {
        pid_t nobody = 0;
        if (atomic_compare_exchange_strong(&strays[i], &nobody, pid)) return; /* with the others of this array */
    }
}

void par_exit_forget_stray(pid_t pid)
{
    for (int i = 0; i < STRAYS_MAX; i++) {
        pid_t known = pid;
        atomic_compare_exchange_strong(&strays[i], &known, 0);
    }
}

void par_exit_reap_strays(void)
{
    for (int i = 0; i < STRAYS_MAX; i++) {
        par_os_exit end = {0};
        pid_t pid = atomic_load(&strays[i]);
        if (pid) par_os_reap(pid, &end);
        if (end.ended || end.status < 0) par_exit_forget_stray(pid); /* < 0: somebody else has reaped it */
    }
}

void par_link_kill(par_link *link)
{
    par_exit_reap_strays();
    par_link_look_at_exit(link);
    if (link->exit.ended || link->is_peer || link->owner != par_os_pid()) return;
    if (link->apart) {
        par_apart_kill(link);
        return;
    }
    par_os_kill(link->pid, SIGKILL);
    par_link_await_exit(link, par_os_now_ns() + LINGER_NS);
    if (!link->exit.ended) keep_stray(link->pid);
}

/* One that is stopped while it starts has no life line yet, and would not see our end. It is given the time to make one, unless
 * it does not come to that. */
static void await_life_line(par_link *link)
{
    par_error ignored;
    int64_t patience_ns = par_os_now_ns() + LINGER_NS;
    while (link->channel && !par_link_said_hello(link) && par_os_now_ns() < patience_ns) {
        int rc = par_channel_absorb(link->channel, 0, &ignored);
        if (rc == PAR_E_TIMEOUT) par_os_sleep_ns(20000); /* nothing wakes for a hello */
        else if (rc < 0) return;
    }
}

bool par_link_signal(par_link *link, int signal_number)
{
    if (link->owner != par_os_pid()) return false;
    if (signal_number == SIGSTOP) await_life_line(link);
    if (link->apart) return par_apart_signal(link, signal_number);
    par_link_look_at_exit(link);
    return !link->exit.ended && par_os_kill(link->pid, signal_number) == PAR_OK;
}

/* --- is it there? --- */
static atomic_bool orphaned; /* the life line's thread writes it, all others read it; nothing else is read because of it */

void par_exit_orphan(void) { atomic_store_explicit(&orphaned, true, memory_order_relaxed); }

bool par_link_is_there(par_link *link)
{
    if (!link->channel || link->closed) return false;
    if (link->is_parent) return !atomic_load_explicit(&orphaned, memory_order_relaxed);
    int64_t now_ns = par_os_now_coarse_ns();
    if (now_ns - link->looked_ns < LOOK_NS) return true;
    int events = par_os_wait_fd(par_channel_socket(link->channel), 0, 0);
    bool there = events < 0 || !(events & PAR_OS_HANGUP);
    if (there) link->looked_ns = now_ns;
    return there;
}
