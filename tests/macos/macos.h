/* Included before every source of src/os, where all system calls are, by check.sh: takes away what Linux has and macOS has not, and declares
 * the few things that macOS has beyond POSIX. What the sources then call is there on macOS too;
 * whether it does the same there, only a Mac can tell. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#undef MSG_NOSIGNAL
#undef MSG_CMSG_CLOEXEC
#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
#undef MREMAP_FIXED
#undef MREMAP_MAYMOVE
#undef MADV_HUGEPAGE
#undef MADV_POPULATE_READ
#undef MADV_POPULATE_WRITE
#undef CLOCK_MONOTONIC_COARSE
#undef CLOCK_BOOTTIME
#undef MAP_POPULATE
#undef __GLIBC__
#define SO_NOSIGPIPE 0x1022
int pthread_threadid_np(void *thread, uint64_t *id); /* its pthread_t is a pointer */
int pthread_cond_timedwait_relative_np(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *left);

#pragma GCC poison memfd_create ppoll mremap pipe2 accept4 posix_fallocate dup3 sched_getaffinity sched_setaffinity
#pragma GCC poison posix_spawn_file_actions_addclosefrom_np close_range epoll_create1 epoll_ctl epoll_wait eventfd prctl syscall gettid
#pragma GCC poison execvpe getrandom strchrnul pthread_setaffinity_np pthread_condattr_setclock
