/* What can be known of another process from outside: the table of processes, and shared memory that it has open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

bool par_os_on_ask(void (*handler)(int signal_number))
{
    struct sigaction action = {0}, before;
    sigset_t ask;
    if (sigaction(PAR_OS_ASK, NULL, &before) != 0) return false;
    bool is_free = !(before.sa_flags & SA_SIGINFO) && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN);
    if (!is_free) return before.sa_handler == handler;
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(PAR_OS_ASK, &action, NULL) != 0) return false;
    sigemptyset(&ask);
    sigaddset(&ask, PAR_OS_ASK);
    pthread_sigmask(SIG_UNBLOCK, &ask, NULL);
    return true;
}

#ifdef __linux__
/* The process of one entry of /proc. false: it is none, or has gone. */
static bool read_process(const char *name, par_os_process_info *out)
{
    char path[64], text[1024];
    char *end;
    long pid = strtol(name, &end, 10);
    if (*end || pid <= 0) return false;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = 0;
    char *open = strchr(text, '('), *close = strrchr(text, ')'); /* a name may have both inside */
    if (!open || !close || close < open) return false;
    long parent, pages;
    unsigned long user, system;
    if (sscanf(close + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld", &out->state, &parent,
               &user, &system, &pages) != 5)
        return false;
    out->pid = (pid_t)pid;
    out->parent = (pid_t)parent;
    *close = 0;
    snprintf(out->command, sizeof out->command, "%s", open + 1);
    out->cpu_ns = (int64_t)(user + system) * (1000000000 / sysconf(_SC_CLK_TCK));
    out->memory_bytes = (uint64_t)(pages > 0 ? pages : 0) * par_os_page_bytes();
    return true;
}

int par_os_each_process(void (*tell)(void *context, const par_os_process_info *info), void *context, par_error *err)
{
    DIR *folder = opendir("/proc");
    if (!folder) return par_error_system(err, "cannot look at the processes of this machine in /proc");
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        par_os_process_info info;
        if (read_process(entry->d_name, &info)) tell(context, &info);
    }
    closedir(folder);
    return PAR_OK;
}

/* Is it memory of this library, of either backend, by its name? */
static bool is_memory(const char *path)
{
    char target[64] = "";
    if (readlink(path, target, sizeof target - 1) < 0) return false;
    return strncmp(target, "/memfd:parallel", 15) == 0 || strncmp(target, "/dev/shm/par", 12) == 0;
}

static bool read_memory(const char *path, uint64_t at, void *bytes, size_t len)
{
    int fd = is_memory(path) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1; /* it may have become a pipe since */
    if (fd < 0) return false;
    ssize_t n = pread(fd, bytes, len, (off_t)at);
    close(fd);
    return n == (ssize_t)len;
}

bool par_os_look_into(pid_t pid, uint64_t at, void *bytes, size_t len, bool (*take)(void *context), void *context)
{
    char path[64];
    bool taken = false;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *folder = opendir(path);
    if (!folder) return false;
    const struct dirent *entry;
    while (!taken && (entry = readdir(folder))) {
        if (strlen(entry->d_name) > 10) continue;
        snprintf(path, sizeof path, "/proc/%ld/fd/%.10s", (long)pid, entry->d_name);
        taken = read_memory(path, at, bytes, len) && take(context);
    }
    closedir(folder);
    return taken;
}

pid_t par_os_own_number(pid_t pid)
{
    char path[64], line[256];
    long own = (long)pid;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "NSpid:", 6) == 0) {
            const char *last = strrchr(line, '\t');
            if (last) own = strtol(last + 1, NULL, 10);
            break;
        }
    if (file) fclose(file);
    return (pid_t)own;
}
#else
int par_os_each_process(void (*tell)(void *context, const par_os_process_info *info), void *context, par_error *err)
{
    (void)tell;
    (void)context;
    return par_error_set(err, PAR_E_UNSUPPORTED, "this system does not tell of other processes");
}

bool par_os_look_into(pid_t pid, uint64_t at, void *bytes, size_t len, bool (*take)(void *context), void *context)
{
    (void)pid;
    (void)at;
    (void)bytes;
    (void)len;
    (void)take;
    (void)context;
    return false;
}

pid_t par_os_own_number(pid_t pid) { return pid; }
#endif
