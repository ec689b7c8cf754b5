/* Threads of the library's own, in which no signal handler of the host runs; and what a thread leaves to be done when it ends. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

struct watch {
    int fd;
    void (*on_hangup)(void);
};

static void *watch_main(void *argument)
{
    /* It lives as long as the thread. To free it here would have the C library set up a heap for this thread: 128 MiB of
     * address space, mapped and trimmed while the child starts. */
    const struct watch *watch = argument;
    for (;;) {
        /* Nothing but the hang-up is reported, so data in the socket does not wake this thread. It comes unasked, but on macOS. */
        struct pollfd p = {.fd = watch->fd, .events = POLLHUP};
        int n = poll(&p, 1, -1);
        if (n > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL))) break;
        if (n < 0 && errno != EINTR) break;
    }
    watch->on_hangup();
    return NULL;
}

int par_os_thread_start(void *(*run)(void *), void *argument, par_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int rc = PAR_TRY(pthread_create(&thread, &attributes, run, argument));
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) return PAR_OK;
    if (rc > 0) errno = rc;
    return par_error_system(err, "cannot start a thread");
}

int par_os_watch_hangup(int fd, void (*on_hangup)(void), par_error *err)
{
    struct watch *watch = malloc(sizeof *watch);
    if (!watch) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    *watch = (struct watch){fd, on_hangup};
    par_os_wake_with_parent(); /* stopped, it watches nothing: once it goes on, it sees the hang-up */
    int rc = par_os_thread_start(watch_main, watch, err);
    if (rc != PAR_OK) free(watch);
    return rc;
}

/* --- the end of a thread --- */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void thread_ended(void *value)
{
    void (*const *run)(void) = value;
    (*run)();
}

static void make_key(void) { pthread_key_create(&key, thread_ended); }

void par_os_at_thread_end(void (*const *run)(void))
{
    pthread_once(&once, make_key);
    pthread_setspecific(key, run);
}

void par_os_signal_thread(pthread_t thread, int signal_number) { pthread_kill(thread, signal_number); }
