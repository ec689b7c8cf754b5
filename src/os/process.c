/* Processes: start, reap, kill, watch. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "os/fault.h"
#include "os/os.h"

extern char **environ;

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM 1
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
#ifdef HAVE_CLOSEFROM
    /* What the host program opened without close-on-exec is no business of the child. */
    return posix_spawn_file_actions_addclosefrom_np(actions, options->n_fds > 3 ? options->n_fds : 3);
#else
    return 0;
#endif
}

static int add_directory(posix_spawn_file_actions_t *actions, const char *cwd)
{
    if (!cwd) return 0;
#if defined(__GLIBC__) || defined(__APPLE__)
    return posix_spawn_file_actions_addchdir_np(actions, cwd);
#else
    return ENOSYS;
#endif
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
 * ignored SIGHUP (nohup) stays ignored. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t blocked = interrupt_alone(), defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGCHLD);
    sigaddset(&defaults, SIGTERM);
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
            if (rc == 0) rc = set_signals(&attributes);
            char *const *environment = options->environment ? options->environment : environ;
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

void par_os_reap(pid_t pid, par_os_exit *out)
{
    int status = 0;
    pid_t got;
    *out = (par_os_exit){0};
    do got = waitpid(pid, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0) return;
    out->ended = true;
    if (got < 0) {
        /* ECHILD: the host ignores SIGCHLD, or reaped our child with a waitpid(-1) of its own. While the process is
         * still there, it has not ended. */
        out->ended = kill(pid, 0) != 0;
        out->status = -1;
    } else if (WIFSIGNALED(status)) {
        out->signal = WTERMSIG(status);
    } else {
        out->status = WEXITSTATUS(status);
    }
}

int par_os_kill(pid_t pid, int signal_number)
{
    return kill(pid, signal_number) == 0 ? PAR_OK : PAR_E_SYSTEM;
}

pid_t par_os_pid(void) { return getpid(); }

int64_t par_os_thread_id(void)
{
#ifdef __linux__
    return syscall(SYS_gettid);
#else
    uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    return (int64_t)id;
#endif
}

pid_t par_os_parent_pid(void) { return getppid(); }

int par_os_process_watch(pid_t pid)
{
#if defined(SYS_pidfd_open) && !defined(PAR_PORTABLE)
    return (int)PAR_TRY(syscall(SYS_pidfd_open, pid, 0)); /* close-on-exec by itself */
#else
    (void)pid;
    return -1;
#endif
}

size_t par_os_program_path(char *out, size_t room)
{
#ifdef __APPLE__
    uint32_t size = (uint32_t)room;
    return _NSGetExecutablePath(out, &size) == 0 ? strlen(out) : 0;
#else
    ssize_t n = readlink("/proc/self/exe", out, room - 1);
    if (n <= 0 || (size_t)n >= room - 1) return 0;
    out[n] = 0;
    return (size_t)n;
#endif
}

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
        /* No events asked for: only the hang-up is reported, so data in the socket does not wake this thread. */
        struct pollfd p = {.fd = watch->fd, .events = 0};
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
#ifdef __linux__
    /* A stopped process watches nothing: the end of its parent sets it going again, and then it sees the hang-up. A signal that
     * is harmless, since it also comes when only the thread that made this process has ended. */
    prctl(PR_SET_PDEATHSIG, SIGCONT);
#endif
    int rc = par_os_thread_start(watch_main, watch, err);
    if (rc != PAR_OK) free(watch);
    return rc;
}
