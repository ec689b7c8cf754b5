/* What calls_linux and calls_macos give the other files of this folder. */
#ifndef PAR_OS_SYSTEM_H
#define PAR_OS_SYSTEM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The RLIMIT_ by which par_os_limit_memory limits. */
extern const int par_os_memory_resource;
/* A process that is stopped goes on when its parent ends, where the system can say so. */
void par_os_wake_with_parent(void);
/* Has it ended, and its parent has not asked for it yet? False where nobody can tell. */
bool par_os_process_waits_to_be_reaped(pid_t pid);
/* poll, at most left_ns; less than 0: without a limit. */
int par_os_poll_ns(struct pollfd *fds, unsigned n, int64_t left_ns);
/* New descriptors, close-on-exec before another thread can start a program, where the system has that; 0 or the descriptor, or -1 and errno. */
int par_os_make_pipe(int fd[2]);
int par_os_make_socket(int family, int type);
int par_os_make_socketpair(int fd[2]);
int par_os_take_connection(int listen_fd, struct sockaddr *from, socklen_t *len);
/* ftruncate for shared memory, without the signal of a limit; 0, or -1 and errno. */
int par_os_memory_grow(int fd, size_t bytes);
/* Has the system set the room of a file aside; 0, or -1 and errno. */
int par_os_reserve(int fd, off_t bytes);

#endif
