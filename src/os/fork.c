/* Copies of this process, and what a copy changes in itself. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "os/os.h"

#if defined(__linux__) && !defined(PAR_PORTABLE) && (defined(__x86_64__) || defined(__aarch64__) || defined(__i386__))
/* The C library keeps the thread's id in a word whose address the kernel knows; a raw clone has to have it renewed. NULL: the
 * kernel does not say. */
static void *thread_id_word(void)
{
    uint64_t address = 0; /* a 64-bit kernel writes 64 bits, for 32-bit programs too */
#ifdef PR_GET_TID_ADDRESS
    if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0) return NULL;
#endif
    return (void *)(uintptr_t)address;
}

int64_t par_os_fork_sibling(void)
{
    void *id = thread_id_word();
    unsigned long flags = CLONE_PARENT | SIGCHLD | (id ? CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID : 0);
#ifdef __x86_64__
    long pid = syscall(SYS_clone, flags, NULL, NULL, id, 0L);
#else
    long pid = syscall(SYS_clone, flags, NULL, NULL, 0L, id);
#endif
    return pid < 0 ? -errno : pid;
}

bool par_os_fork_sibling_usable(void) { return true; }
#else
int64_t par_os_fork_sibling(void) { return -ENOSYS; }
bool par_os_fork_sibling_usable(void) { return false; }
#endif

int par_os_move_fd(int fd, int target, par_error *err)
{
    if (fd == target) return PAR_OK;
    if (dup2(fd, target) < 0) return par_error_system(err, "cannot take descriptor %d over", target);
    close(fd);
    return PAR_OK;
}

int par_os_set_variable(const char *name, const char *value, par_error *err)
{
    if ((value ? setenv(name, value, 1) : unsetenv(name)) == 0) return PAR_OK;
    return par_error_system(err, "cannot set the variable '%s'", name);
}

int par_os_set_directory(const char *path, par_error *err)
{
    if (chdir(path) == 0) return PAR_OK;
    return par_error_system(err, "cannot go to folder '%s'", path);
}
