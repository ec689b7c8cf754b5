/* Many descriptors as one, with poll. The pollable descriptor is a pipe: a thread, started when somebody asks for it,
 * polls the set and puts a byte in. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

struct par_os_set {
    pthread_mutex_t lock; /* guards all of this once the thread runs */
    pthread_cond_t moved;
    struct pollfd *fds;
    void **tokens;
    unsigned n, room;
    bool threaded, stop;
    bool raised;            /* a byte is in the pipe */
    uint64_t changes, seen; /* the thread polls the list as of change number `seen` */
    int pipe[2];            /* [0] is what users poll */
    int wake[2];            /* [1] makes the thread look at the list again */
    pthread_t thread;
    struct pollfd *copy; /* the thread's own */
};

int par_os_set_open(par_os_set **out, par_error *err)
{
    par_os_set *set = calloc(1, sizeof *set);
    if (!set) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a set of descriptors");
    pthread_mutex_init(&set->lock, NULL);
    pthread_cond_init(&set->moved, NULL);
    *out = set;
    return PAR_OK;
}

/* The thread must not poll a descriptor that is closed and used again: waits until it has the new list. */
static void changed(par_os_set *set)
{
    set->changes++;
    if (!set->threaded) return;
    ssize_t ignored = write(set->wake[1], "", 1);
    (void)ignored; /* a full pipe wakes as well */
    while (set->seen != set->changes) pthread_cond_wait(&set->moved, &set->lock);
}

void par_os_set_close(par_os_set *set)
{
    if (!set) return;
    if (set->threaded) {
        pthread_mutex_lock(&set->lock);
        set->stop = true;
        changed(set);
        pthread_mutex_unlock(&set->lock);
        pthread_join(set->thread, NULL);
        for (int i = 0; i < 2; i++) {
            close(set->pipe[i]);
            close(set->wake[i]);
        }
    }
    pthread_mutex_destroy(&set->lock);
    pthread_cond_destroy(&set->moved);
    free(set->copy);
    free(set->fds);
    free(set->tokens);
    free(set);
}

static int make_room(par_os_set *set)
{
    if (set->n < set->room) return PAR_OK;
    unsigned room = set->room ? set->room * 2 : 16;
    struct pollfd *fds = realloc(set->fds, room * sizeof *fds);
    if (fds) set->fds = fds;
    void **tokens = realloc(set->tokens, room * sizeof *tokens);
    if (tokens) set->tokens = tokens;
    if (!fds || !tokens) return PAR_E_NOMEM;
    set->room = room;
    return PAR_OK;
}

int par_os_set_add(par_os_set *set, int fd, void *token, par_error *err)
{
    pthread_mutex_lock(&set->lock);
    int rc = make_room(set);
    if (rc == PAR_OK) {
        set->fds[set->n] = (struct pollfd){.fd = fd, .events = POLLIN};
        set->tokens[set->n++] = token;
        changed(set);
    }
    pthread_mutex_unlock(&set->lock);
    return rc == PAR_OK ? rc : par_error_set(err, rc, "not enough memory for a set of descriptors");
}

void par_os_set_remove(par_os_set *set, int fd)
{
    pthread_mutex_lock(&set->lock);
    for (unsigned i = 0; i < set->n; i++) {
        if (set->fds[i].fd != fd) continue;
        set->fds[i] = set->fds[--set->n];
        set->tokens[i] = set->tokens[set->n];
        changed(set);
        break;
    }
    pthread_mutex_unlock(&set->lock);
}

/* The thread only reads fd and events of its own copy, so `revents` here are ours alone. */
int par_os_set_wait(par_os_set *set, void **tokens, int max, int64_t deadline_ns)
{
    int ready = par_os_poll(set->fds, set->n, deadline_ns);
    if (ready < 0) return errno == EINTR ? PAR_E_INTERRUPTED : PAR_E_SYSTEM;
    int n = 0;
    for (unsigned i = 0; i < set->n && n < max; i++)
        if (set->fds[i].revents) tokens[n++] = set->tokens[i];
    return n ? n : PAR_E_TIMEOUT;
}

/* --- the thread behind the descriptor --- */
static void raise_locked(par_os_set *set)
{
    if (!set->raised) set->raised = write(set->pipe[1], "", 1) == 1;
}

/* One look at a private copy of the list. fds[0] is the wake pipe; the others only count while nothing is raised. */
static bool watch_once(par_os_set *set)
{
    pthread_mutex_lock(&set->lock);
    unsigned n = set->raised ? 0 : set->n;
    struct pollfd *fds = realloc(set->copy, (n + 1) * sizeof *fds);
    if (fds) {
        set->copy = fds;
        if (n) memcpy(fds + 1, set->fds, n * sizeof *fds);
    } else {
        n = 0; /* watch the old block's first entry only: lower() tries again */
        fds = set->copy;
    }
    fds[0] = (struct pollfd){.fd = set->wake[0], .events = POLLIN};
    set->seen = set->changes;
    pthread_cond_broadcast(&set->moved);
    bool stop = set->stop;
    pthread_mutex_unlock(&set->lock);
    if (stop) return false;
    int ready = poll(fds, n + 1, -1);
    if (ready <= 0) return true;
    char drop[64];
    if (fds[0].revents && read(set->wake[0], drop, sizeof drop) > 0) return true; /* the list or the state is new */
    pthread_mutex_lock(&set->lock);
    raise_locked(set);
    pthread_mutex_unlock(&set->lock);
    return true;
}

static void *watch(void *context)
{
    while (watch_once(context)) continue;
    return NULL;
}

static int make_pipe(int fd[2])
{
    if (par_os_make_pipe(fd) != 0) return -1;
    for (int i = 0; i < 2; i++) fcntl(fd[i], F_SETFL, O_NONBLOCK);
    return 0;
}

static int start_thread(par_os_set *set, par_error *err)
{
    if (!set->copy) set->copy = malloc(sizeof *set->copy);
    if (!set->copy) return par_error_set(err, PAR_E_NOMEM, "not enough memory to watch descriptors");
    if (make_pipe(set->pipe) != 0) return par_error_system(err, "cannot make a pipe");
    if (make_pipe(set->wake) != 0) {
        par_error_system(err, "cannot make a pipe");
        close(set->pipe[0]);
        close(set->pipe[1]);
        return err->code;
    }
    sigset_t all, old; /* signals are for the host's threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    errno = PAR_TRY(pthread_create(&set->thread, NULL, watch, set));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (errno == 0) {
        set->threaded = true;
        return PAR_OK;
    }
    par_error_system(err, "cannot start a thread");
    for (int i = 0; i < 2; i++) {
        close(set->pipe[i]);
        close(set->wake[i]);
    }
    return err->code;
}

int par_os_set_fd(par_os_set *set, int *fd, par_error *err)
{
    if (!set->threaded && start_thread(set, err) != PAR_OK) return err->code;
    *fd = set->pipe[0];
    return PAR_OK;
}

void par_os_set_raise(par_os_set *set)
{
    if (!set->threaded) return;
    pthread_mutex_lock(&set->lock);
    raise_locked(set);
    pthread_mutex_unlock(&set->lock);
}

void par_os_set_lower(par_os_set *set)
{
    if (!set->threaded) return;
    pthread_mutex_lock(&set->lock);
    if (set->raised) {
        char drop[8];
        while (read(set->pipe[0], drop, sizeof drop) > 0) continue;
        set->raised = false;
        changed(set); /* look again: what was readable may still be */
    }
    pthread_mutex_unlock(&set->lock);
}
