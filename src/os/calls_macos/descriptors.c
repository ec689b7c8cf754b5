/* Descriptors that are close-on-exec. There is no call that makes them so: a program that another thread starts in between gets them. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/system.h"

static int closed_on_exec(int fd)
{
    if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static int both_closed_on_exec(int made, const int fd[2])
{
    for (int i = 0; i < 2 && made == 0; i++) closed_on_exec(fd[i]);
    return made;
}

int par_os_make_pipe(int fd[2]) { return both_closed_on_exec(PAR_TRY(pipe(fd)), fd); }

int par_os_make_socket(int family, int type) { return closed_on_exec(PAR_TRY(socket(family, type, 0))); }

int par_os_make_socketpair(int fd[2]) { return both_closed_on_exec(PAR_TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, fd)), fd); }

int par_os_take_connection(int listen_fd, struct sockaddr *from, socklen_t *len)
{
    return closed_on_exec(PAR_TRY(accept(listen_fd, from, len)));
}
