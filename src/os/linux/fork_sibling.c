/* A child of our parent: what the fork server makes. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"

#if defined(__x86_64__) || defined(__aarch64__) || defined(__i386__)
/* glibc keeps the thread's id in a word whose address the kernel knows; a raw clone has to have it renewed. musl gives the kernel the lock of
 * its list of threads there, which is to be opened at a thread's end, and never to be written to: the copy goes on with the id of its
 * maker, which no thread of its own can have while that one lives. NULL: the kernel does not say. */
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
    unsigned long flags = CLONE_PARENT | SIGCHLD;
    if (id) flags |= CLONE_CHILD_CLEARTID;
#ifdef __GLIBC__
    if (id) flags |= CLONE_CHILD_SETTID;
#endif
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
