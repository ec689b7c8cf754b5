/* Starting a process: no fork, no shell. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"

#ifdef __APPLE__
#include <crt_externs.h>
char **par_os_environment(void) { return *_NSGetEnviron(); } /* a library has no `environ` there */
#else
extern char **environ;
char **par_os_environment(void) { return environ; }
#endif

/* What the host program opened without close-on-exec is no business of the child: everything from `first` on is closed. */
#ifdef PAR_CLOSEFROM
static int add_closes(posix_spawn_file_actions_t *actions, int first) { return posix_spawn_file_actions_addclosefrom_np(actions, first); }
#else
/* One by one, as they are now: what another thread opens meanwhile may still reach the child. Where the system does not show
 * which are open, all do. */
static int add_closes(posix_spawn_file_actions_t *actions, int first)
{
    DIR *open_now = opendir("/dev/fd");
    int rc = 0;
    const struct dirent *entry;
    while (open_now && rc == 0 && (entry = readdir(open_now))) {
        int fd = atoi(entry->d_name), flags = fd >= first ? fcntl(fd, F_GETFD) : -1;
        if (flags >= 0 && !(flags & FD_CLOEXEC)) rc = posix_spawn_file_actions_addclose(actions, fd);
        if (rc == EBADF) rc = 0; /* opened before the limit was lowered: it cannot be named here */
    }
    if (open_now) closedir(open_now);
    return rc;
}
#endif

/* Puts options->fds[i] at descriptor i of the child. A source below n_fds would be overwritten by an earlier dup2, so
 * such sources are first moved up (in this process, close-on-exec). */
static int add_descriptors(posix_spawn_file_actions_t *actions, const par_os_spawn_options *options, int *moved)
{
    for (int i = 0; i < options->n_fds; i++) {
        int fd = options->fds[i];
        if (fd < 0) continue;
        if (fd < options->n_fds) {
            moved[i] = PAR_TRY(fcntl(fd, F_DUPFD_CLOEXEC, options->n_fds));
            if (moved[i] < 0) return errno;
            fd = moved[i];
        }
        int rc = posix_spawn_file_actions_adddup2(actions, fd, i);
        if (rc != 0) return rc;
    }
    return add_closes(actions, options->n_fds > 3 ? options->n_fds : 3);
}

static int add_directory(posix_spawn_file_actions_t *actions, const char *cwd)
{
    return cwd ? posix_spawn_file_actions_addchdir_np(actions, cwd) : 0;
}

static sigset_t interrupt_alone(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    return set;
}

bool par_os_let_interrupt(bool let)
{
    sigset_t interrupt = interrupt_alone(), before;
    pthread_sigmask(let ? SIG_UNBLOCK : SIG_BLOCK, &interrupt, &before);
    return !sigismember(&before, SIGINT);
}

/* The child starts with no blocked signals but SIGINT, and with the default action where a host may have changed it; an
 * ignored SIGHUP (nohup) stays ignored. Nobody inherits ignored real-time signals on purpose: the C library asks about each
 * signal that is not named here. */
static int set_signals(posix_spawnattr_t *attributes, bool stops)
{
    sigset_t blocked = interrupt_alone(), defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGCHLD);
    sigaddset(&defaults, SIGTERM);
    if (stops) sigaddset(&defaults, SIGTSTP);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++) sigaddset(&defaults, i);
    int rc = posix_spawnattr_setsigmask(attributes, &blocked);
    if (rc == 0) rc = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (rc == 0) rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

int par_os_spawn(const par_os_spawn_options *options, pid_t *pid, par_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int moved[8];
    for (int i = 0; i < 8; i++) moved[i] = -1;

    int rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0) {
        rc = posix_spawnattr_init(&attributes);
        if (rc == 0) {
            rc = add_descriptors(&actions, options, moved);
            if (rc == 0) rc = add_directory(&actions, options->cwd);
            if (rc == 0) rc = set_signals(&attributes, options->stops);
            char *const *environment = options->environment ? options->environment : par_os_environment();
            if (rc == 0) rc = PAR_TRY(posix_spawnp(pid, options->program, &actions, &attributes, options->argv, environment));
            if (rc < 0) rc = errno;
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    for (int i = 0; i < 8; i++)
        if (moved[i] >= 0) close(moved[i]);
    if (rc == 0) return PAR_OK;
    errno = rc;
    if (options->cwd) return par_error_system(err, "cannot start '%s' in folder '%s'", options->program, options->cwd);
    return par_error_system(err, "cannot start '%s'", options->program);
}

int par_os_spawn_server(const par_os_spawn_options *options, int at_fd, pid_t *pid, int *socket, par_error *err)
{
    int fd[2];
    int rc = par_os_socketpair(fd, err);
    if (rc != PAR_OK) return rc;
    par_os_spawn_options served = *options;
    for (int i = 0; i < at_fd; i++) served.fds[i] = -1;
    served.fds[at_fd] = fd[1];
    served.n_fds = at_fd + 1;
    rc = par_os_spawn(&served, pid, err);
    par_os_close(fd[1]);
    *socket = rc == PAR_OK ? fd[0] : -1;
    if (rc != PAR_OK) par_os_close(fd[0]);
    return rc;
}
